// Where a word stands, as numbers: sinusoids, a table, rotations; and attention without them.
// Twin: book_lib.transformer.sinusoidal_positions and rotate, and book_lib/explorables/positional_encodings.py.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/positions.json.

import { attend, dot, scoresOf } from "./attention.js";
import { CounterRNG } from "./rng.js";

export const BASE = 10_000;
export const LENGTH = 64; // positions of the table
const TABLE = 1; // streams of the seed: the learned table, the words
const WORDS = 2;
const PAIR = 3;

/** @typedef {"none" | "learned" | "sinusoidal" | "rotary"} Kind */
/** @typedef {number[]} Vector */
/** @typedef {{kind: Kind, width: number, base: number, seed: number}} Settings */

/** ω_i = base^(−2i/d), radians a position, of pair i. @param {number} width @param {number} base */
export const frequencies = (width, base) => Array.from({ length: width / 2 }, (_, i) => base ** ((-2 * i) / width));

/** λ_i = 2π/ω_i, in positions. @param {number} i @param {number} width @param {number} base */
export const wavelength = (i, width, base) => 2 * Math.PI * base ** ((2 * i) / width);

/** (sin ω₀p, cos ω₀p, sin ω₁p, …). @param {number} position @param {number} width @param {number} [base] @returns {Vector} */
export const sinusoid = (position, width, base = BASE) => frequencies(width, base).flatMap((w) => [Math.sin(position * w), Math.cos(position * w)]);

/** Each pair (x_2i, x_2i+1) turned by ω_i·p. @param {ArrayLike<number>} x @param {number} position @param {number} [base] @returns {Vector} */
export function rotated(x, position, base = BASE) {
  return frequencies(x.length, base).flatMap((w, i) => {
    const [c, s] = [Math.cos(position * w), Math.sin(position * w)];
    return [x[2 * i] * c - x[2 * i + 1] * s, x[2 * i] * s + x[2 * i + 1] * c];
  });
}

/** @param {number} count @param {number} width @param {number} seed @param {number} stream @param {number} [size] @returns {Vector[]} */
function normals(count, width, seed, stream, size = 1) {
  const rng = new CounterRNG(seed, stream);
  return Array.from({ length: count }, () => Array.from({ length: width }, () => size * rng.standardNormal()));
}

/** A table before training: normal numbers of mean square ½, as sinusoids have. @param {number} width @param {number} seed */
export const learnedTable = (width, seed) => normals(LENGTH, width, seed, TABLE, Math.SQRT1_2);

/** Three words as vectors, the same for every kind; short enough that each does not see itself alone. @param {number} width @param {number} seed */
export const wordVectors = (width, seed) => normals(3, width, seed, WORDS, 0.5);

/** A query and a key that carry content; without it both are 1, 0, 1, 0 … for rotations, and nothing for what is added. @param {Settings} settings @param {boolean} content */
export function probes({ kind, width, seed }, content) {
  if (content) return normals(2, width, seed, PAIR);
  const plain = Array.from({ length: width }, (_, c) => (kind === "rotary" && c % 2 === 0 ? 1 : 0));
  return [plain, plain];
}

/** What enters the dot product: x with its position. @param {Settings} settings @param {ArrayLike<number>} x @param {number} position @param {Vector[]} table @returns {Vector} */
export function placed({ kind, base }, x, position, table) {
  if (kind === "none") return Array.from(x);
  if (kind === "rotary") return rotated(x, position, base);
  const added = kind === "learned" ? table[position] : sinusoid(position, x.length, base);
  return Array.from(x, (v, c) => v + added[c]);
}

/** The rows of the map: position by position, what each kind makes of a word without content. @param {Settings} settings @returns {Vector[]} */
export function encoding(settings) {
  const table = settings.kind === "learned" ? learnedTable(settings.width, settings.seed) : [];
  const [plain] = probes(settings, false);
  return Array.from({ length: LENGTH }, (_, p) => placed(settings, plain, p, table));
}

/** Score of a query at `from` with a key at each position: [distance, q·k]. @param {Settings} settings @param {number} from @param {boolean} content @returns {[number, number][]} */
export function scoreCurve(settings, from, content) {
  const table = settings.kind === "learned" ? learnedTable(settings.width, settings.seed) : [];
  const [q, k] = probes(settings, content);
  const query = placed(settings, q, from, table);
  return Array.from({ length: LENGTH }, (_, p) => [p - from, dot(query, placed(settings, k, p, table))]);
}

/** By how much two curves differ where both have the distance, at most. @param {[number, number][]} a @param {[number, number][]} b */
export function curveGap(a, b) {
  const other = new Map(b);
  return Math.max(...a.filter(([d]) => other.has(d)).map(([d, v]) => Math.abs(v - Number(other.get(d)))));
}

/**
 * Self-attention (queries, keys and values are the words) on words in this order; outputs in the order of the words.
 * @param {Settings} settings @param {number[]} order  order[p]: which word stands at position p
 * @returns {Vector[]}
 */
export function outputs(settings, order) {
  const { kind, width, seed } = settings;
  const words = wordVectors(width, seed);
  const table = kind === "learned" ? learnedTable(width, seed) : [];
  const standing = order.map((word, p) => placed(settings, words[word], p, table));
  const values = kind === "rotary" ? order.map((word) => words[word]) : standing; // rotations touch scores alone
  const done = attend(scoresOf(standing, standing), values, { scale: 1 / Math.sqrt(width) }).outputs;
  return words.map((_, word) => done[order.indexOf(word)]);
}

/** How far each word's output moves when the order is turned round. @param {Settings} settings */
export function moves(settings) {
  const [before, after] = [outputs(settings, [0, 1, 2]), outputs(settings, [2, 1, 0])];
  return before.map((o, word) => Math.hypot(...o.map((v, c) => v - after[word][c])));
}
