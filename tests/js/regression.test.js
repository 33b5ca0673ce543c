import assert from "node:assert/strict";
import { test } from "node:test";

import { HOUSES, bestKnobs, mse, priceOf, shown } from "../../book_lib/explorables/core/houses.js";
import { legendre, meanSquaredError, noisyWave } from "../../book_lib/explorables/core/legendre.js";
import { drawWeights, leastSquares, logEvidence, posterior, predict, ridge } from "../../book_lib/explorables/core/regression.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { GRID, pose } from "../../book_lib/explorables/ridge_path.js";
import { close, golden } from "./golden.js";

const vectors = golden("regression");

for (const { seed, points, degree, noise, least_squares: best, penalties, ridge: weights, bayes } of vectors.cases) {
  const data = noisyWave(points, new CounterRNG(seed), noise);
  const rows = Array.from(data.x, (x) => legendre(x, degree));

  test(`least squares and ridge of degree ${degree} are Python's`, () => {
    leastSquares(rows, data.t).forEach((w, k) => close(w, best[k], `w${k}`, 1e-9, 1e-9));
    penalties.forEach((penalty, i) => ridge(rows, data.t, penalty).forEach((w, k) =>
      close(w, weights[i][k], `λ = ${penalty}, w${k}`, 1e-9, 1e-9)));
    ridge(rows, data.t, 0).forEach((w, k) => close(w, best[k], "no penalty", 1e-9, 1e-9));
  });

  test(`the Bayesian law of degree ${degree} is Python's`, () => {
    for (const expected of bayes) {
      const alpha = expected.prior ** -2;
      const law = posterior(rows, data.t, degree + 1, alpha, expected.noise ** -2);
      law.mean.forEach((w, k) => close(w, expected.weights[k], `w${k}`, 1e-8, 1e-8));
      close(logEvidence(rows, data.t, law, alpha), expected.log_evidence, "evidence", 1e-8);
      expected.at.forEach((x, i) => {
        const here = predict(law, legendre(x, degree));
        close(here.mean, expected.mean[i], `mean at ${x}`, 1e-8, 1e-8);
        close(here.variance, expected.variance[i], `variance at ${x}`, 1e-8);
        close(here.variance - here.own, expected.noise ** 2, "noise", 1e-9);
      });
    }
  });
}

test("without points the law is the prior", () => {
  const law = posterior([], [], 3, 0.25, 4);
  assert.deepEqual([...law.mean], [0, 0, 0]);
  close(predict(law, [1, 2, -1]).variance, 0.25 + 4 * 6, "variance");
  assert.equal(logEvidence([], [], law, 0.25), 0);
});

test("drawn weights have the covariance of the posterior", () => {
  const { bayes, seed, points, degree, noise } = vectors.cases[1];
  const data = noisyWave(points, new CounterRNG(seed), noise);
  const law = posterior(Array.from(data.x, (x) => legendre(x, degree)), data.t, degree + 1, bayes[0].prior ** -2, bayes[0].noise ** -2);
  // the weights are mean + B z: B Bᵀ must be the covariance
  const B = Array.from({ length: degree + 1 }, (_, j) => {
    const z = new Float64Array(degree + 1);
    z[j] = 1;
    return drawWeights(law, z).map((w, k) => w - law.mean[k]);
  });
  for (let a = 0; a <= degree; a++) {
    for (let b = 0; b <= degree; b++) {
      close(B.reduce((sum, column) => sum + column[a] * column[b], 0), bayes[0].covariance[a][b], `${a} ${b}`, 1e-8, 1e-10);
    }
  }
});

test("a column that already points the right way is reflected without loss", () => {
  leastSquares([[1, 1], [1e-9, 0]], [1, 3e-9]).forEach((w, k) => close(w, [3, -2][k], `w${k}`, 1e-6));
});

test("bad arguments are refused by name", () => {
  assert.throws(() => leastSquares([[1, 2]], [1]), /X must have 2 rows/);
  assert.throws(() => leastSquares([[1], [2]], [1]), /X and t must have as many rows/);
  assert.throws(() => ridge([[1, 2]], [1], -1), /penalty must be at least 0/);
});

test("the houses, their prices and their best knobs are Python's", () => {
  const { rows, cases } = golden("houses");
  assert.deepEqual(HOUSES.map(({ area, distance, price }) => [area, distance, price]), rows);
  for (const { knobs, fifth, predictions, mse: error, best, best_mse: least } of cases) {
    const houses = shown(fifth);
    houses.forEach((house, i) => close(priceOf(knobs, house), predictions[i], `prediction ${i}`));
    close(mse(knobs, houses), error, "mse");
    bestKnobs(houses).forEach((v, i) => close(v, best[i], `knob ${i}`, 1e-10));
    close(mse(bestKnobs(houses), houses), least, "least mse", 1e-10);
  }
});

test("the three errors of the path are means over three different sets of points", () => {
  const { sets, fit } = pose({ seed: 4, points: 20, noise: 0.5, degree: 5 });
  assert.deepEqual(sets.map(({ x }) => x.length), [20, 30, 1000]);
  assert.equal(new Set(sets.flatMap(({ x }) => [...x])).size, 1050);
  const one = fit(0.1);
  [one.train, one.validation, one.test].forEach((error, i) => close(error, meanSquaredError(sets[i], one.weights), `set ${i}`, 1e-12));
});

test("along the path the training error rises, the weights shrink, and validation chooses its least", () => {
  for (const seed of [0, 1, 2, 9]) {
    const { path, chosen } = pose({ seed, points: 15, noise: 0.3, degree: 12 });
    assert.equal(path.length, GRID.length);
    path.slice(1).forEach((one, i) => {
      assert.ok(one.train >= path[i].train - 1e-12, `seed ${seed}: training at ${one.penalty}`);
      assert.ok(Math.hypot(...one.weights.slice(1)) <= Math.hypot(...path[i].weights.slice(1)) * (1 + 1e-9), `seed ${seed}: length`);
    });
    assert.ok(path.every((one) => one.validation >= chosen.validation));
    assert.notEqual(chosen, path[0]);
  }
});
