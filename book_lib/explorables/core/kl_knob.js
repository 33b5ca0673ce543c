// Stored runs of PPO over the penalty β: how each ends, at which β the oracle is highest, and what the tilt would reach.
// Twin: book_lib/explorables/kl_knob.py. Pure mathematics: no DOM. Golden vectors: tests/golden/kl_knob.json.

import { along, ladder } from "./tilt.js";
import { endOf } from "./training_runs.js";

/**
 * @typedef {object} Sweep  runs that differ in β only, a row each
 * @property {number[]} beta  ascending, ≥ 0
 * @property {number[]} iterations  of the values that are kept
 * @property {(number | null)[][]} reward  that is learnt from; null from where a run broke off
 * @property {(number | null)[][]} oracle  the true worth
 * @property {(number | null)[][]} kl  to the reference, nats an answer
 * @property {(number | null)[][]} entropy  nats a token
 * @property {(number | null)[][]} clip_fraction
 * @property {{prompt: string, answer: string, reward: number, oracle: number}[][]} samples  of each run's last policy
 * @property {{reward: number[], oracle: number[]} | null} reference  of answers of the policy that all runs began with
 */

export const CURVES = /** @type {const} */ (["reward", "oracle", "kl", "entropy", "clip_fraction"]);
const HALF = 0.5; // of a power of ten: where β = 0 stands before the smallest of the others
const SAME = 0.05; // of the oracle's range: a smaller difference says nothing
const FEWEST = 10; // draws that must count for the tilt to be drawn
const LADDER = 80;

/** @typedef {"best" | "hacked" | "held" | "worse" | "broke"} Fate */

/** Where a β stands on an axis of powers of ten; 0 stands before the others. @param {number[]} betas @returns {(beta: number) => number} */
export function placesOf(betas) {
  const lowest = Math.log10(Math.min(...betas.filter((v) => v > 0)));
  return (beta) => (beta > 0 ? Math.log10(beta) : lowest - HALF);
}

/** How every run ends (the mean of the last tenth), curve by curve; NaN for one that broke off. @param {Sweep} sweep */
export function endsOf(sweep) {
  return /** @type {Record<typeof CURVES[number], number[]>} */ (Object.fromEntries(CURVES.map((name) => [name, sweep[name].map(endOf)])));
}

/** The run whose oracle ends highest; −1 if all broke off. @param {number[]} oracle */
export const bestOf = (oracle) => oracle.reduce((found, end, i) => (!Number.isNaN(end) && (found < 0 || end > oracle[found]) ? i : found), -1);

/**
 * What became of each run beside the best: "hacked" if its reward is no lower, but its oracle is; "held" if it was held
 * back by a larger β; "worse" for anything else.
 * @param {Sweep} sweep @returns {Fate[]}
 */
export function fatesOf(sweep) {
  const { reward, oracle } = endsOf(sweep);
  const best = bestOf(oracle);
  const [low, high] = oracleLimits(sweep);
  return oracle.map((end, i) => {
    if (Number.isNaN(end)) return "broke";
    if (end >= oracle[best] - SAME * (high - low)) return "best";
    if (sweep.beta[i] > sweep.beta[best]) return "held";
    return reward[i] >= reward[best] ? "hacked" : "worse";
  });
}

/** Whole numbers between which all that the oracle says lies. @param {Sweep} sweep @returns {[number, number]} */
export function oracleLimits({ oracle, reference }) {
  const all = [...oracle.flat().filter((v) => v !== null), ...(reference?.oracle ?? [])].map(Number);
  const [low, high] = [Math.floor(Math.min(...all)), Math.ceil(Math.max(...all))];
  return high > low ? [low, high] : [low - 1, high + 1];
}

/**
 * The most reward at each divergence: the tilt of the reference's answers, as far as enough of them count.
 * @param {Sweep} sweep
 */
export function frontier({ reference }) {
  if (!reference) return [];
  const rewards = reference.reward;
  const mean = rewards.reduce((sum, v) => sum + v, 0) / rewards.length;
  const spread = Math.sqrt(rewards.reduce((sum, v) => sum + (v - mean) ** 2, 0) / rewards.length) || 1;
  return along(rewards, [rewards, reference.oracle], ladder(100 * spread, 0.01 * spread, LADDER)).filter(({ size }) => size >= FEWEST);
}
