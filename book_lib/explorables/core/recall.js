// Pictures of ±1 and what to call them: spoil one, write one in an address, name what a memory ended at.
// The twin of associative_memory.py. Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/memory.json.

import { hebb, mixture, Network, overlap, pseudoInverse, Recall } from "./hopfield.js";
import { CounterRNG } from "./rng.js";

export const LONGEST = 200; // sweeps
const [NOISE, RANDOM, ORDER] = [0, 1, 2]; // streams of the seed
const NEAR = 0.95; // overlap from which a state counts as a pattern with slips
const LIKE = 0.9; // overlap from which it counts as a mixture
const PARTS = 7; // patterns that a mixture is looked for among

/** @typedef {import("./hopfield.js").State} State */
/**
 * @typedef {object} Named
 * @property {"pattern" | "negative" | "near" | "mixture" | "unknown"} kind
 * @property {number[]} of  which patterns, in order; the nearest one where it is unknown
 * @property {number[]} signs  +1, or −1 for a pattern that takes part as its negative
 * @property {number} overlap
 */
/**
 * @typedef {object} Settings
 * @property {string[]} pictures  in hexadecimal
 * @property {number[]} stored  places of pictures
 * @property {number} extra  random patterns
 * @property {string} rule  "hebb" or "pseudo-inverse"
 * @property {number} chosen
 * @property {string} corruption  "noise" or "cover"
 * @property {number} share
 * @property {string} cue  in hexadecimal, or ""
 * @property {boolean} asynchronous
 * @property {number} seed
 */

/** Four pixels a digit, row by row. @param {State} state */
export function encode(state) {
  let text = "";
  for (let k = 0; k < state.length; k += 4) {
    let digit = 0;
    for (let i = k; i < k + 4; i++) digit = 2 * digit + Number(state[i] > 0);
    text += digit.toString(16);
  }
  return text;
}

/** @param {string} text @returns {Int8Array} */
export const decode = (text) =>
  Int8Array.from([...text].flatMap((digit) => [8, 4, 2, 1].map((bit) => (Number.parseInt(digit, 16) & bit ? 1 : -1))));

/** The nearest whole number, of two the even one, as Python rounds. @param {number} v */
export function roundEven(v) {
  const low = Math.floor(v);
  return v - low === 0.5 ? low + (low % 2) : Math.round(v);
}

/** A copy with a share of the units turned, chosen at random. @param {State} pattern @param {number} share @param {CounterRNG} rng @returns {Int8Array} */
export function corrupt(pattern, share, rng) {
  const state = Int8Array.from(pattern);
  for (const i of rng.permutation(state.length).slice(0, roundEven(share * state.length))) state[i] = -state[i];
  return state;
}

/** A copy whose lowest rows are blank. @param {State} picture @param {number} share @returns {Int8Array} */
export function cover(picture, share) {
  const side = Math.sqrt(picture.length);
  return Int8Array.from(picture).fill(-1, (side - roundEven(share * side)) * side);
}

/** What is stored: the pictures, then the random patterns. @param {Settings} settings @returns {Int8Array[]} */
export function kept({ pictures, stored, extra, seed }) {
  const own = stored.map((k) => decode(pictures[k]));
  const words = new CounterRNG(seed, RANDOM).fill(new Uint32Array(extra * own[0].length));
  const random = Array.from({ length: extra }, (_, k) => Int8Array.from(own[0], (_, i) => (words[k * own[0].length + i] < 2 ** 31 ? 1 : -1)));
  return [...own, ...random];
}

/** What the network is shown. @param {Settings} settings @returns {Int8Array} */
export function startOf({ pictures, chosen, cue, corruption, share, seed }) {
  const target = decode(pictures[chosen]);
  if (cue.length === pictures[chosen].length) return decode(cue);
  return corruption === "noise" ? corrupt(target, share, new CounterRNG(seed, NOISE)) : cover(target, share);
}

/** The network of these settings. @param {Settings} settings @param {Int8Array[]} patterns */
export const networkOf = ({ rule }, patterns) => new Network(rule === "hebb" ? hebb(patterns) : pseudoInverse(patterns));

/** A recall from the start. @param {Settings} settings @param {Network} network */
export const recallOf = (settings, network) =>
  new Recall(network, startOf(settings), settings.asynchronous ? new CounterRNG(settings.seed, ORDER) : null);

/** The overlap with the picture at which recalls with this seed and the next ones end. @param {Settings} settings @param {number} count */
export function trials(settings, count) {
  const target = decode(settings.pictures[settings.chosen]);
  return Array.from({ length: count }, (_, k) => {
    const one = { ...settings, seed: (settings.seed + k) % 2 ** 32 };
    const recall = recallOf(one, networkOf(one, kept(one)));
    recall.finish(LONGEST);
    return overlap(recall.state, target);
  });
}

/** What to call a state among patterns: see `name_state` in associative_memory.py. @param {State} state @param {State[]} patterns @returns {Named} */
export function nameState(state, patterns) {
  const m = patterns.map((pattern) => overlap(pattern, state));
  const best = m.reduce((top, v, k) => (Math.abs(v) > Math.abs(m[top]) ? k : top), 0);
  const sign = m[best] < 0 ? -1 : 1;
  const one = (/** @type {Named["kind"]} */ kind) => ({ kind, of: [best], signs: [sign], overlap: m[best] });
  if (Math.abs(m[best]) === 1) return one(sign > 0 ? "pattern" : "negative");
  if (Math.abs(m[best]) >= NEAR) return one("near");
  const blend = mixtureOf(state, patterns, m);
  return blend && blend.overlap >= LIKE && blend.overlap > Math.abs(m[best]) ? blend : one("unknown");
}

/** The mixture that overlaps most with a state; of equal ones that of fewest patterns. @param {State} state @param {State[]} patterns @param {number[]} m @returns {Named | null} */
function mixtureOf(state, patterns, m) {
  const among = m.map((_, k) => k).sort((a, b) => Math.abs(m[b]) - Math.abs(m[a]) || a - b).slice(0, PARTS);
  /** @type {Named | null} */
  let found = null;
  for (let size = 3; size <= among.length; size += 2) {
    for (const chosen of combinations(among, size)) {
      const of = [...chosen].sort((a, b) => a - b);
      const signs = of.map((k) => (m[k] < 0 ? -1 : 1));
      const q = overlap(mixture(of.map((k, i) => Array.from(patterns[k], (s) => signs[i] * s))), state);
      if (!found || q > found.overlap + 1e-9) found = { kind: "mixture", of, signs, overlap: q };
    }
  }
  return found;
}

/** All choices of some out of a list, in its order. @param {number[]} list @param {number} size @returns {number[][]} */
function combinations(list, size) {
  if (size === 0) return [[]];
  return list.flatMap((one, k) => combinations(list.slice(k + 1), size - 1).map((rest) => [one, ...rest]));
}
