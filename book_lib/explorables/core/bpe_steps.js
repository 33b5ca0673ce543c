// Byte-pair encoding, merge by merge, on a short text: the rescanning trainer of book_lib.tokenizer in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/bpe_steps.json.

import { chunks } from "./bpe.js";

/** @typedef {{a: number, b: number, count: number}} Pair  ids of neighbours, and how often they stand side by side */
/** @typedef {{id: number, a: number, b: number, count: number}} Merge  what was joined into `id`, and its count then */

const RADIX = 2 ** 20; // above every id: a pair of ids as one number

/**
 * The pieces across which no pair is counted or merged.
 * @param {string} text @param {boolean} split  whether GPT-2's pattern cuts it; else it is one piece
 * @returns {string[]}
 */
export function chunksOf(text, split) {
  if (text === "") return [];
  return split ? chunks(text) : [text];
}

/**
 * Every occurrence of a pair, from the left, replaced by a new id.
 * @param {number[]} ids @param {number} a @param {number} b @param {number} id
 */
export function mergeAll(ids, a, b, id) {
  const out = [];
  for (let k = 0; k < ids.length; k++) {
    if (ids[k] === a && ids[k + 1] === b) {
      out.push(id);
      k += 1;
    } else out.push(ids[k]);
  }
  return out;
}

/** A text that is being merged. */
export class Bpe {
  /** @param {string} text @param {boolean} split */
  constructor(text, split) {
    const encoder = new TextEncoder();
    /** Ids of each piece; those below 256 are bytes. @type {number[][]} */
    this.chunks = chunksOf(text, split).map((chunk) => [...encoder.encode(chunk)]);
    /** @type {Merge[]} */
    this.merges = [];
    /** The bytes of each id. @type {number[][]} */
    this.bytes = Array.from({ length: 256 }, (_, byte) => [byte]);
  }

  /** Pairs of neighbours, the one that merges next first: highest count, then smallest ids. @returns {Pair[]} */
  pairs() {
    /** @type {Map<number, number>} */
    const counts = new Map();
    for (const ids of this.chunks) {
      for (let k = 1; k < ids.length; k++) {
        const key = ids[k - 1] * RADIX + ids[k];
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    return [...counts].sort(([a, m], [b, n]) => n - m || a - b)
      .map(([key, count]) => ({ a: Math.floor(key / RADIX), b: key % RADIX, count }));
  }

  /** Join the winning pair everywhere. @returns {boolean} false when no pair is left */
  step() {
    const [best] = this.pairs();
    if (!best) return false;
    const id = this.bytes.length;
    this.chunks = this.chunks.map((ids) => mergeAll(ids, best.a, best.b, id));
    this.merges.push({ id, ...best });
    this.bytes.push([...this.bytes[best.a], ...this.bytes[best.b]]);
    return true;
  }

  /** How many tokens the text has. */
  get length() {
    return this.chunks.reduce((sum, ids) => sum + ids.length, 0);
  }
}

/** A text after so many merges, or after all that there are. @param {string} text @param {boolean} split @param {number} merges */
export function merged(text, split, merges) {
  const bpe = new Bpe(text, split);
  for (let k = 0; k < merges && bpe.step(); k++);
  return bpe;
}

/** How many characters (code points) a text has. @param {string} text */
export const characters = (text) => [...text].length;
