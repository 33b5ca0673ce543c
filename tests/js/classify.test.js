import assert from "node:assert/strict";
import { test } from "node:test";

import { EDGE, cloud, decide, gradient, largestStep, level, logits, loss, minimum, probabilities, region, step, zeros } from "../../book_lib/explorables/core/classify.js";
import { auc, confusion, counts, drawScores, logOdds, precision, rates, reliability, rocOf } from "../../book_lib/explorables/core/detector.js";
import { erfc, upperTail } from "../../book_lib/explorables/core/normal.js";
import { close, golden } from "./golden.js";

const { runs } = golden("classify");

for (const { view, separation, seed, penalty, rate, points, steps, weights, losses, ...expected } of runs) {
  const classes = weights[0].length;

  test(`gradient descent on ${view} classes with penalty ${penalty} is Python's`, () => {
    const here = cloud(view, separation, seed);
    here.forEach((row, i) => row.forEach((v, j) => close(v, points[i][j], `point ${i}`)));
    let now = zeros(classes);
    for (let n = 0; n <= 40; n++) {
      const k = steps.indexOf(n);
      if (k >= 0) {
        now.forEach((row, c) => row.forEach((w, j) => close(w, weights[k][c][j], `step ${n}`, 1e-9, 1e-10)));
        close(loss(now, here, penalty), losses[k], `loss at ${n}`, 1e-9);
      }
      if (n === 2) {
        gradient(now, here, penalty).forEach((row, c) => row.forEach((g, j) => close(g, expected.gradient[c][j], "gradient", 1e-10, 1e-12)));
        here.forEach(([x, y], i) => probabilities(now, x, y).forEach((p, c) => close(p, expected.probabilities[i][c], "p", 1e-11)));
      }
      now = step(now, here, penalty, rate);
    }
    close(largestStep(here, classes, penalty), expected.largest_step, "2/L", 1e-9);
  });

  test(`the gradient is the slope of the loss: ${view}, ${penalty}`, () => {
    const here = cloud(view, separation, seed);
    const at = weights.at(-1);
    const slope = gradient(at, here, penalty);
    const h = 1e-5;
    for (let c = classes === 2 ? 1 : 0; c < classes; c++) {
      for (let j = 0; j < 3; j++) {
        const moved = (by) => at.map((row, k) => row.map((w, l) => w + (k === c && l === j ? by : 0)));
        close(slope[c][j], (loss(moved(h), here, penalty) - loss(moved(-h), here, penalty)) / (2 * h), "slope", 1e-6, 1e-8);
      }
    }
  });

  test(`below 2/L no step raises the loss: ${view}, ${penalty}`, () => {
    const here = cloud(view, separation, seed);
    const eta = 0.99 * largestStep(here, classes, penalty);
    let now = zeros(classes);
    for (let n = 0; n < 300; n++) {
      const next = step(now, here, penalty, eta);
      assert.ok(loss(next, here, penalty) <= loss(now, here, penalty) + 1e-14, `step ${n}`);
      now = next;
    }
  });
}

test("Newton's minimum has no slope and is below what descent reaches", () => {
  for (const view of ["two", "three"]) {
    const points = cloud(view, 0.5, 3);
    const classes = view === "two" ? 2 : 3;
    const best = minimum(points, classes, 0.6);
    assert.ok(Math.hypot(...gradient(best, points, 0.6).flat()) < 1e-7);
    let now = zeros(classes);
    for (let n = 0; n < 3000; n++) now = step(now, points, 0.6, 0.5);
    close(loss(now, points, 0.6), loss(best, points, 0.6), "loss", 1e-9);
  }
});

test("separable classes without a penalty have no least loss: Newton goes towards 0", () => {
  const points = [[-1, 0, 0], [-2, 1, 0], [1, 0, 1], [2, -1, 1]];
  assert.ok(loss(minimum(points, 2, 0), points, 0) < 1e-4);
});

test("regions are where their class wins, and share the plane among them", () => {
  const weights = runs[2].weights.at(-1);
  const areas = weights.map((_, k) => {
    const corners = region(weights, k);
    return Math.abs(corners.reduce((sum, [x, y], i) => {
      const [u, v] = corners[(i + 1) % corners.length];
      return sum + (x * v - u * y) / 2;
    }, 0));
  });
  close(areas.reduce((a, b) => a + b, 0), (2 * EDGE) ** 2, "areas", 1e-9);
  const tally = [0, 0, 0];
  for (let i = 0; i < 300; i++) for (let j = 0; j < 300; j++) tally[decide(weights, (i + 0.5) / 50 - 3, (j + 0.5) / 50 - 3)]++;
  tally.forEach((n, k) => close(n / 2500, areas[k], `area ${k}`, 0, 0.08));
  assert.deepEqual(region(zeros(3), 0), []);
});

test("a level line is where the function is 0", () => {
  const weights = runs[2].weights.at(-1);
  const height = (x, y) => logits(weights, x, y)[0] - logits(weights, x, y)[1];
  const places = level(height).filter(([x]) => Number.isFinite(x));
  assert.ok(places.length > 20);
  for (const [x, y] of places) close(height(x, y), 0, "height", 0, 1e-9);
  assert.deepEqual(level(() => 1), []);
});

test("a level line is one line, from edge to edge, and a ring is closed", () => {
  const straight = level((x, y) => x + 0.3 * y - 0.2);
  assert.equal(straight.filter(([x]) => Number.isNaN(x)).length, 1);
  const places = straight.slice(0, -1);
  for (const [, y] of [places[0], places.at(-1)]) close(Math.abs(y), EDGE, "edge", 0, 1e-9);
  const length = places.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - places[i][0], y - places[i][1]), 0);
  close(length, 2 * EDGE * Math.hypot(1, 0.3), "length", 1e-9); // no place is visited twice
  const ring = level((x, y) => Math.hypot(x, y) - 1.03).slice(0, -1);
  ring[0].forEach((v, j) => close(v, ring.at(-1)[j], "closed", 0, 1e-9));
  const round = ring.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - ring[i][0], y - ring[i][1]), 0);
  close(round, 2.06 * Math.PI, "round", 0, 0.01);
});

const detector = golden("detector");

test("tails of the normal law keep their digits far out", () => {
  detector.z.forEach((z, i) => {
    close(erfc(z), detector.erfc[i], `erfc ${z}`, 1e-13, 0);
    close(upperTail(z), detector.tails[i], `tail ${z}`, 1e-13, 0);
  });
});

for (const one of detector.cases) {
  test(`a detector at ${one.threshold} with base rate ${one.base_rate} is Python's`, () => {
    const { recall, alarms } = rates(one);
    close(recall, one.rates[0], "recall");
    close(alarms, one.rates[1], "alarms");
    const share = confusion(one);
    const [[tn, fp], [fn, tp]] = one.confusion;
    close(share.trueNegative, tn, "TN");
    close(share.falsePositive, fp, "FP");
    close(share.falseNegative, fn, "FN", 1e-12, 1e-12);
    close(share.truePositive, tp, "TP");
    close(precision(one), one.precision, "precision");
    close(auc(one.separation), one.auc, "area");
    [-1, 0.5, 6].forEach((s, i) => close(logOdds(one, s), one.log_odds[i], "log-odds"));
    const sample = drawScores(one, 200, one.seed);
    assert.deepEqual([...sample.labels], one.labels);
    one.scores.forEach((s, i) => close(sample.scores[i], s, `score ${i}`));
    const cells = counts(sample, one.threshold);
    assert.deepEqual([[cells.trueNegative, cells.falsePositive], [cells.falseNegative, cells.truePositive]], one.counts);
  });
}

test("a sample's ROC curve goes from corner to corner, and its area is the share of pairs in order", () => {
  const sample = drawScores({ threshold: 0, base_rate: 0.3, separation: 1.5 }, 300, 5);
  const curve = rocOf(sample);
  assert.deepEqual([curve[0], curve.at(-1)], [[0, 0], [1, 1]]);
  const area = curve.slice(1).reduce((sum, [x, y], i) => sum + ((y + curve[i][1]) / 2) * (x - curve[i][0]), 0);
  let [ordered, pairs] = [0, 0];
  sample.scores.forEach((s, i) => sample.scores.forEach((r, j) => {
    if (!sample.labels[i] || sample.labels[j]) return;
    pairs++;
    ordered += s > r ? 1 : s === r ? 0.5 : 0;
  }));
  close(area, ordered / pairs, "area", 1e-12);
  assert.deepEqual(rocOf({ scores: Float64Array.of(1, 2), labels: Uint8Array.of(0, 0) }), []);
});

test("equal scores fall together", () => {
  const curve = rocOf({ scores: Float64Array.of(1, 1, 0), labels: Uint8Array.of(1, 0, 0) });
  assert.deepEqual(curve, [[0, 0], [0.5, 1], [1, 1]]);
});

test("bins of reports are tenths", () => {
  const d = { threshold: 0, base_rate: 0.5, separation: 1 };
  const sample = drawScores(d, 2000, 1);
  const bins = reliability(sample, (s) => 1 / (1 + Math.exp(-s)));
  assert.deepEqual(bins.map(({ mean }) => Math.floor(10 * mean)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(bins.reduce((sum, { count }) => sum + count, 0), 2000);
  assert.equal(Math.round(bins.reduce((sum, { share, count }) => sum + share * count, 0)), sample.labels.reduce((a, b) => a + b, 0));
  assert.equal(reliability(sample, () => 1).length, 1); // a report of 1 is in the last
  const pair = { scores: Float64Array.of(0.25, 0.3), labels: Uint8Array.of(0, 1) };
  assert.equal(reliability(pair, (s) => s).length, 1); // 0.3 is in the bin that it ends, as in the library
});

test("honest reports lie on the diagonal, within chance", () => {
  const d = { threshold: 0, base_rate: 0.3, separation: 2 };
  const sample = drawScores(d, 10_000, 2);
  for (const { mean, share, count } of reliability(sample, (s) => 1 / (1 + Math.exp(-logOdds(d, s))))) {
    assert.ok(Math.abs(mean - share) < 4 * Math.sqrt((mean * (1 - mean)) / count) + 1e-9, `${mean} ${share}`);
  }
});
