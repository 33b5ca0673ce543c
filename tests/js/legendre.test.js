import assert from "node:assert/strict";
import { test } from "node:test";

import { fitLegendre, legendre, meanSquaredError, noisyWave, series } from "../../book_lib/explorables/core/legendre.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { close, golden } from "./golden.js";

const vectors = golden("legendre");

test("polynomials are Python's", () => {
  vectors.x.forEach((x, i) => {
    assert.deepEqual([...legendre(x, 10)], vectors.values[i]);
    assert.deepEqual([...legendre(x, 0)], [1]);
  });
});

for (const { seed, points, noise, x, t, weights, errors } of vectors.fits) {
  test(`${points} points of seed ${seed} and their fits of degree 0 to 10 are Python's`, () => {
    const data = noisyWave(points, new CounterRNG(seed), noise);
    assert.deepEqual([...data.x], x);
    data.t.forEach((v, i) => close(v, t[i], `t[${i}]`));
    weights.forEach((expected, degree) => {
      const fitted = fitLegendre(data.x, data.t, degree);
      const size = Math.max(...expected.map(Math.abs));
      expected.forEach((w, n) => close(fitted[n], w, `w${n} of ${degree}`, 0, 1e-9 * Math.max(1, size)));
      close(meanSquaredError(data, fitted), errors[degree], `error of ${degree}`, 1e-9, 1e-12);
    });
  });
}

test("a fit of a polynomial finds it, and more knobs never fit the training points worse", () => {
  const x = Float64Array.from({ length: 12 }, (_, i) => -0.95 + (1.9 * i) / 11);
  const weights = [0.5, -1, 2, 0.25];
  const t = x.map((v) => series(v, weights));
  fitLegendre(x, t, 5).forEach((w, n) => close(w, weights[n] ?? 0, `w${n}`, 0, 1e-12));
  const data = noisyWave(14, new CounterRNG(3), 0.4);
  const errors = Array.from({ length: 11 }, (_, degree) => meanSquaredError(data, fitLegendre(data.x, data.t, degree)));
  errors.forEach((error, i) => assert.ok(i === 0 || error <= errors[i - 1] + 1e-12));
});

test("bad input is named", () => {
  assert.throws(() => legendre(0.5, -1), /degree must be at least 0, got -1/);
  assert.throws(() => legendre(NaN, 2), /x must be a finite number/);
  assert.throws(() => fitLegendre([1, 2], [1], 0), /same length, got 2 and 1/);
  assert.throws(() => fitLegendre([1, 1, 2], [1, 2, 3], 2), /degree must be at most 1, got 2/);
});
