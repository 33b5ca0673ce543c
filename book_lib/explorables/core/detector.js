// A detector whose scores are two bells, N(0, 1) for negatives and N(d, 1) for positives: threshold.py in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/detector.json.

import { upperTail } from "./normal.js";
import { CounterRNG } from "./rng.js";

const UPPER_EDGES = Array.from({ length: 10 }, (_, k) => (k + 1) / 10); // of the bins of a reliability diagram

/** @typedef {{threshold: number, base_rate: number, separation: number}} Detector */
/** @typedef {{scores: Float64Array, labels: Uint8Array}} Sample */

/** Share of the positives, and of the negatives, with a score above θ. @param {Detector} d */
export function rates({ threshold, separation }) {
  return { recall: upperTail(threshold - separation), alarms: upperTail(threshold) };
}

/** Expected shares of all examples. @param {Detector} d */
export function confusion(d) {
  const { recall, alarms } = rates(d);
  const [yes, no] = [d.base_rate, 1 - d.base_rate];
  return { truePositive: yes * recall, falseNegative: yes * upperTail(d.separation - d.threshold),
    falsePositive: no * alarms, trueNegative: no * upperTail(-d.threshold) };
}

/** Share of the alarms that are right. @param {Detector} d */
export function precision(d) {
  const { truePositive, falsePositive } = confusion(d);
  return truePositive / (truePositive + falsePositive); // 0/0 is NaN: no alarm is ever given
}

/** Area under the ROC curve, Φ(d/√2). @param {number} separation */
export const auc = (separation) => upperTail(-separation / Math.SQRT2);

/** ln p/(1 − p) of a positive at score s, by Bayes' rule. @param {Detector} d @param {number} s */
export function logOdds({ base_rate, separation }, s) {
  return separation * (s - separation / 2) + Math.log(base_rate) - Math.log1p(-base_rate);
}

/**
 * Examples: first all labels are drawn, then all scores, as book_lib.datasets.scores does.
 * @param {Detector} d @param {number} n @param {number} seed
 * @returns {Sample}
 */
export function drawScores({ base_rate, separation }, n, seed) {
  const rng = new CounterRNG(seed);
  const labels = Uint8Array.from({ length: n }, () => Number(rng.random() < base_rate));
  const scores = Float64Array.from({ length: n }, (_, i) => rng.standardNormal() + separation * labels[i]);
  return { scores, labels };
}

/** How many examples fall into each cell; a score at θ says yes. @param {Sample} sample @param {number} threshold */
export function counts({ scores, labels }, threshold) {
  const cells = [0, 0, 0, 0];
  scores.forEach((s, i) => cells[2 * labels[i] + Number(s >= threshold)]++);
  const [trueNegative, falsePositive, falseNegative, truePositive] = cells;
  return { truePositive, falseNegative, falsePositive, trueNegative };
}

/**
 * The ROC curve of a sample, [false-alarm rate, recall] as the threshold falls; empty when one class is missing.
 * @param {Sample} sample
 * @returns {[number, number][]}
 */
export function rocOf({ scores, labels }) {
  const positives = labels.reduce((sum, y) => sum + y, 0);
  const negatives = labels.length - positives;
  if (!positives || !negatives) return [];
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
  let [hits, alarms] = [0, 0];
  /** @type {[number, number][]} */
  const points = [[0, 0]];
  order.forEach((i, n) => {
    if (labels[i]) hits++;
    else alarms++;
    // equal scores fall under the threshold together
    if (n + 1 === order.length || scores[order[n + 1]] !== scores[i]) points.push([alarms / negatives, hits / positives]);
  });
  return points;
}

/**
 * Mean reported probability and share of positives, in ten bins of equal width; those without examples are left out.
 * A bin holds its upper edge, as in Python.
 * @param {Sample} sample @param {(s: number) => number} report
 * @returns {{mean: number, share: number, count: number}[]}
 */
export function reliability({ scores, labels }, report) {
  const bins = UPPER_EDGES.map(() => ({ mean: 0, share: 0, count: 0 }));
  scores.forEach((s, i) => {
    const p = report(s);
    const bin = bins[UPPER_EDGES.findIndex((edge) => p <= edge)];
    bin.mean += p;
    bin.share += labels[i];
    bin.count++;
  });
  return bins.filter((bin) => bin.count).map(({ mean, share, count }) => ({ mean: mean / count, share: share / count, count }));
}
