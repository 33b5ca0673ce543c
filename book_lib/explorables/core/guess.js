// Rules through two pairs of numbers, and what a question tells about them: book_lib.explorables.guess_rule in
// JavaScript. Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/guess.json.

import { oneOf } from "./checks.js";
import { CounterRNG } from "./rng.js";

export const KINDS = [
  "quadratic", "line", "cubic", "absolute", "wave", "remainder", "capped", "exponential", "floored", "step", "parity",
  "by_heart",
];
export const PRINTED = { p: 2, y: 4, s: 5 }; // the pairs 2 → 4 and 3 → 9
export const REACH = 3; // questions go this far to both sides of the first pair, in halves
const ENOUGH = 1e-9; // two answers closer than this are one

/** @typedef {{p: number, y: number, s: number, hidden: number}} Round  pairs p → y and p + 1 → y + s; hidden: in KINDS */

/**
 * The round of a seed: the hidden rule from its stream 0, fresh pairs from its stream 1.
 * @param {number} seed @param {boolean} fresh
 * @returns {Round}
 */
export function drawRound(seed, fresh) {
  const hidden = new CounterRNG(seed).integers(KINDS.length);
  if (!fresh) return { ...PRINTED, hidden };
  const rng = new CounterRNG(seed, 1);
  const y = 2 + rng.integers(4);
  const steepest = Math.min(5, y + Math.floor(y / 2)); // an exponential through steeper pairs would leave the plot
  return { p: PRINTED.p, y, s: 2 + rng.integers(steepest - 1), hidden };
}

/** The two pairs that are given. @param {Round} round @returns {[number, number][]} */
export const pairs = ({ p, y, s }) => [[p, y], [p + 1, y + s]];

/**
 * What a rule answers at x.
 * @param {Round} round @param {string} kind @param {number} x
 */
export function value({ p, y, s }, kind, x) {
  const [q, z] = [p + 1, y + s];
  const line = y + s * (x - p);
  const nought = (x - p) * (x - q);
  const curve = line + nought;
  switch (oneOf("kind", kind, KINDS)) {
    case "quadratic": return curve;
    case "line": return line;
    case "cubic": return curve + x * nought;
    case "absolute": return Math.abs(line);
    case "wave": return curve + 3 * Math.sin(Math.PI * x);
    case "exponential": return y * (z / y) ** (x - p);
    case "remainder": return line - (z + 1) * Math.floor(line / (z + 1));
    case "capped": return x <= q ? curve : z;
    case "floored": return x >= p - 1 ? curve : y - s + 2; // the curve's value at p − 1
    case "step": return x <= p ? y : z;
    case "parity": return (Math.floor(x) - p) % 2 ? z : y;
    default: return x === p ? y : x === q ? z : 0;
  }
}

/**
 * The quadratic rule plus c (x − p)(x − p − 1), which is nought at both pairs.
 * @param {Round} round @param {number} x @param {number} c
 */
export const bent = (round, x, c) => value(round, "quadratic", x) + c * (x - round.p) * (x - round.p - 1);

/** What the hidden rule answers. @param {Round} round @param {number} x */
export const answer = (round, x) => value(round, KINDS[round.hidden], x);

/** @param {Round} round @param {string} kind @param {number} x @param {number} y */
export const fits = (round, kind, x, y) => Math.abs(value(round, kind, x) - y) < ENOUGH;

/**
 * Kinds of the rules that agree with the hidden one wherever it was asked.
 * @param {Round} round @param {number[]} asked
 */
export const left = (round, asked) => KINDS.filter((kind) => asked.every((x) => fits(round, kind, x, answer(round, x))));

/**
 * The different answers of these rules at x, ascending, each with how many rules give it.
 * @param {Round} round @param {string[]} kinds @param {number} x
 * @returns {[number, number][]}
 */
export function answers(round, kinds, x) {
  /** @type {[number, number][]} */
  const groups = [];
  for (const y of kinds.map((kind) => value(round, kind, x)).sort((a, b) => a - b)) {
    const last = groups.at(-1);
    if (last && y - last[0] < ENOUGH) last[1]++;
    else groups.push([y, 1]);
  }
  return groups;
}

/**
 * How many of these rules will be left on average after asking at x, each as likely as any.
 * @param {Round} round @param {string[]} kinds @param {number} x
 */
export const expectedLeft = (round, kinds, x) =>
  answers(round, kinds, x).reduce((sum, [, n]) => sum + n * n, 0) / kinds.length;

/** Where one may ask. @param {Round} round */
export const questions = ({ p }) => Array.from({ length: 4 * REACH + 1 }, (_, k) => p - REACH + k / 2);

/** Multiples of five that hold every answer to every question. @param {Round} round @returns {[number, number]} */
export function limits(round) {
  const all = KINDS.flatMap((kind) => questions(round).map((x) => value(round, kind, x)));
  return [5 * Math.floor(Math.min(...all) / 5), 5 * Math.ceil(Math.max(...all) / 5)];
}
