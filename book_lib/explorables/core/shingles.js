// Words, shingles and their similarity: book_lib.pipeline.data.shingles and jaccard in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/minhash.json.

import { integer } from "./checks.js";

// A Chinese character is a word; elsewhere, letters and digits in a row are one.
const WORD = /(?:(?![\u3400-\u9fff])[\p{L}\p{N}_])+|[\u3400-\u9fff]/gu;
const GOLDEN = 0x9e3779b97f4a7c15n;
const encoder = new TextEncoder();

/** The words of a text in lower case. @param {string} text @returns {string[]} */
export const wordsOf = (text) => text.toLowerCase().match(WORD) ?? [];

/** How many words go into a run of `size`. @param {number} count @param {number} size */
export const shingleCount = (count, size) => (count === 0 ? 0 : Math.max(count - size + 1, 1));

/**
 * The shingles of words as numbers of 64 bits, in order; one that comes again is there again.
 * @param {string[]} words @param {number} size  fewer words make one shingle
 * @returns {bigint[]}
 */
export function shinglesOf(words, size) {
  integer("size", size, 1, 100);
  const hashes = words.map(wordHash);
  return Array.from({ length: shingleCount(words.length, size) }, (_, i) => hashes.slice(i, i + size)
    .reduce((total, hash) => BigInt.asUintN(64, total * GOLDEN + hash)));
}

/** |A ∩ B|/|A ∪ B|, 1 for two empty sets. @param {Set<bigint>} a @param {Set<bigint>} b */
export function jaccard(a, b) {
  let common = 0;
  for (const one of a) if (b.has(one)) common += 1;
  return a.size || b.size ? common / (a.size + b.size - common) : 1;
}

/** @type {Map<string, bigint>} */
const known = new Map();
const MOST_KNOWN = 20_000; // words: who types all day must not fill the memory

/** BLAKE2b with eight bytes of a word, as a number. @param {string} word @returns {bigint} */
export function wordHash(word) {
  let hash = known.get(word);
  if (hash === undefined) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(word, (hash = blake2b64(encoder.encode(word))));
  }
  return hash;
}

// ------------------------------------------------------------------------- BLAKE2b (RFC 7693), eight bytes out

const BLOCK = 128; // bytes
const IV = Uint32Array.of( // low and high halves
  0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a,
  0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
);
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4], [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13], [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11], [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5], [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const QUARTERS = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];
const ROUNDS = 12;

/** @param {Uint8Array} bytes @returns {bigint} */
export function blake2b64(bytes) {
  const state = IV.slice();
  state[0] ^= 0x01010000 ^ 8; // no key, eight bytes of digest
  for (let at = 0; at === 0 || at < bytes.length; at += BLOCK) {
    const block = new Uint8Array(BLOCK);
    block.set(bytes.subarray(at, at + BLOCK));
    compress(state, block, Math.min(at + BLOCK, bytes.length), at + BLOCK >= bytes.length);
  }
  return (BigInt(state[1]) << 32n) | BigInt(state[0]);
}

/** @param {Uint32Array} state @param {Uint8Array} block @param {number} length  of the text so far @param {boolean} last */
function compress(state, block, length, last) {
  const view = new DataView(block.buffer);
  const m = Uint32Array.from({ length: 32 }, (_, i) => view.getUint32(4 * i, true));
  const v = new Uint32Array(32);
  v.set(state);
  v.set(IV, 16);
  v[24] ^= length;
  if (last) {
    v[28] = ~v[28];
    v[29] = ~v[29];
  }
  for (let round = 0; round < ROUNDS; round++) {
    const order = SIGMA[round % SIGMA.length];
    QUARTERS.forEach(([a, b, c, d], i) => mix(v, [2 * a, 2 * b, 2 * c, 2 * d], m, 2 * order[2 * i], 2 * order[2 * i + 1]));
  }
  for (let i = 0; i < 16; i++) state[i] ^= v[i] ^ v[i + 16];
}

/** @param {Uint32Array} v @param {number[]} places @param {Uint32Array} m @param {number} x @param {number} y */
function mix(v, [a, b, c, d], m, x, y) {
  add(v, a, v[b], v[b + 1]);
  add(v, a, m[x], m[x + 1]);
  turn(v, d, a, 0);
  add(v, c, v[d], v[d + 1]);
  turn(v, b, c, 24);
  add(v, a, v[b], v[b + 1]);
  add(v, a, m[y], m[y + 1]);
  turn(v, d, a, 16);
  add(v, c, v[d], v[d + 1]);
  turn(v, b, c, 31);
}

/** v[a] + (low, high), modulo 2^64. @param {Uint32Array} v @param {number} a @param {number} low @param {number} high */
function add(v, a, low, high) {
  const sum = v[a] + low;
  v[a] = sum;
  v[a + 1] = v[a + 1] + high + (sum >= 2 ** 32 ? 1 : 0);
}

/**
 * v[d] ^= v[a], turned to the right by 24 or 16 bits; 0 stands for 32, and 31 for 63.
 * @param {Uint32Array} v @param {number} d @param {number} a @param {0 | 16 | 24 | 31} by
 */
function turn(v, d, a, by) {
  let [low, high] = [v[d] ^ v[a], v[d + 1] ^ v[a + 1]];
  if (by === 0 || by === 31) [low, high] = [high, low];
  v[d] = by ? (low >>> by) | (high << (32 - by)) : low;
  v[d + 1] = by ? (high >>> by) | (low << (32 - by)) : high;
}
