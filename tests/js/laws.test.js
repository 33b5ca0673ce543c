// The explorables of chance: their mathematics against the library, their limits, and what must never happen.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as beta from "../../book_lib/explorables/core/beta.js";
import { CHI2_95, chiSquare, comparisons, lowerBound, sampleCategorical, stair, upperBound } from "../../book_lib/explorables/core/cumulative.js";
import * as gaussian from "../../book_lib/explorables/core/gaussian.js";
import { bernoulli, categorical, erf, normal, uniform } from "../../book_lib/explorables/core/laws.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import * as simplex from "../../book_lib/explorables/core/simplex.js";
import { Sample, share } from "../../book_lib/explorables/parts/chance.js";
import { Rolls } from "../../book_lib/explorables/parts/die.js";
import { Grips, spreadOf } from "../../book_lib/explorables/parts/ellipse.js";
import { Search } from "../../book_lib/explorables/parts/search.js";
import { close, golden } from "./golden.js";

const vectors = golden("laws");
const MAKE = { normal, uniform, bernoulli };
const all = (values, expected, label, ...tolerance) => {
  assert.equal(values.length, expected.length, label);
  expected.forEach((v, i) => (v === null ? assert.equal(values[i], -Infinity, label) : close(values[i], v, `${label} ${i}`, ...tolerance)));
};

for (const [name, make] of Object.entries(MAKE)) {
  test(`${name}: moments, ln p, entropy and draws are Python's`, () => {
    for (const known of vectors[name]) {
      const law = make(...known.arguments);
      for (const key of ["mean", "variance", "entropy"]) close(law[key], known[key], key);
      all(known.at.map(law.logProb), known.log_prob, "ln p");
      const rng = new CounterRNG(known.seed);
      all(known.sample.map(() => law.sample(rng)), known.sample, "sample");
    }
  });
}

test("categorical: entropy, ln p and draws are Python's", () => {
  for (const { p, entropy, log_prob: logs, seed, sample } of vectors.categorical) {
    const law = categorical(p);
    close(law.entropy, entropy, "entropy");
    all(law.values.map(law.logProb), logs, "ln p");
    assert.deepEqual([...sampleCategorical(p, sample.length, new CounterRNG(seed))], sample);
    const rng = new CounterRNG(seed);
    assert.deepEqual(sample.map(() => law.sample(rng)), sample);
  }
});

test("areas are one and agree with the closed forms", () => {
  for (const law of [normal(0.3, 0.2), normal(-1, 2.5), uniform(-0.5, 0.1)]) {
    const sd = Math.sqrt(law.variance);
    let area = 0;
    const [a, b, n] = [law.mean - 9 * sd, law.mean + 9 * sd, 20000];
    for (let i = 0; i < n; i++) area += (law.prob(a + ((i + 0.5) * (b - a)) / n) * (b - a)) / n;
    close(area, 1, "area", 1e-3);
    close(law.between(a, b), 1, "between");
  }
  close(normal(0, 1).between(-1, 1), 0.6826894921370859, "one sigma");
  close(erf(0.5), 0.5204998778130465, "erf");
  assert.equal(erf(-7), -1);
  assert.throws(() => normal(0, 0), /standard_deviation must be greater than 0, got 0/);
  assert.throws(() => bernoulli(1.5), /p must be probabilities/);
});

test("a shared change keeps the sum", () => {
  close(share([0.2, 0.5, 0.3], 1, 0.9).reduce((a, b) => a + b), 1, "sum");
  assert.deepEqual(share([0, 1, 0], 1, 0.5), [0.25, 0.5, 0.25]); // nothing to keep in proportion
});

test("a sample: moments of what was drawn, a histogram of area one", () => {
  const sample = new Sample(normal(1, 0.5), 3);
  sample.draw(700);
  sample.draw(300);
  const drawn = [...sample.values.subarray(0, 1000)];
  const mean = drawn.reduce((a, b) => a + b) / 1000;
  close(sample.mean, mean, "mean");
  close(sample.variance, drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 1000, "variance", 1e-10);
  close(sample.histogram().reduce((sum, [, width, height]) => sum + width * height, 0), 1, "area");
  assert.equal(sample.between(-Infinity, Infinity), 1);
  const box = new Sample(uniform(0, 0.5), 1);
  box.draw(5000);
  assert.ok(box.histogram().every(([x, width]) => x > -1e-9 && x + width < 0.5 + 1e-9), "a bin sticks out of the box");
  close(box.entropy, -Math.LN2, "each draw is as surprising as any other", 1e-9);
});

test("the half-open interval: 0, .2, .69999, .7 give 0, 1, 1, 2", () => {
  const levels = stair([0.2, 0.5, 0.3]);
  assert.deepEqual([0, 0.2, 0.69999, 0.7].map((u) => upperBound(levels, u)), [0, 1, 1, 2]);
  assert.deepEqual([0.2, 0.7].map((u) => lowerBound(levels, u)), [0, 1]);
  assert.equal(upperBound(levels, 1), -1);
  assert.equal(upperBound(stair([0, 1, 0]), 0), 1);
  assert.equal(lowerBound(stair([0, 1, 0]), 0), 0); // the slip
  assert.deepEqual(comparisons(levels, 0.45, true).map(({ passes }) => passes), [false, true]);
  assert.throws(() => stair([0, 0]), /at least one number above 0/);
  assert.throws(() => stair([1, -1]), /p\[1\] = -1/);
});

test("searching step by step tallies what drawing at once tallies", () => {
  const settings = { p: [0.1, 0.4, 0.2, 0.1], rule: "upper", bits: "32", seed: 4 };
  const [slow, fast] = [new Search(settings, 0.5), new Search(settings, 0.5)];
  while (slow.draws < 60) slow.step();
  fast.draw(60);
  assert.deepEqual(slow.counts, fast.counts);
  assert.deepEqual(slow.counts.reduce((a, b) => a + b), 60);
  const half = new Search(settings, 0.5);
  half.step();
  half.draw(59); // the search under way counts
  assert.deepEqual(half.counts, fast.counts);
});

test("only the slip draws what has no probability", () => {
  const settings = { p: [0, 0.5, 0.25, 0.25], bits: "4", seed: 1 };
  const [good, bad] = ["upper", "lower"].map((rule) => new Search({ ...settings, rule }, 0));
  for (const one of [good, bad]) one.draw(4000);
  assert.equal(good.counts[0], 0);
  assert.ok(bad.counts[0] > 150 && bad.fit.chi2 === Infinity);
  assert.ok(good.fit.chi2 < 3 * CHI2_95[2]);
  assert.deepEqual(chiSquare([5, 5], [0.5, 0.5]), { chi2: 0, freedom: 1 });
});

test("the Gaussian in the plane is Python's", () => {
  for (const known of vectors.gaussian) {
    const m = gaussian.covariance(known.sigma1, known.sigma2, known.rho);
    all([m.s11, m.s12, m.s12, m.s22], known.covariance.flat(), "covariance");
    const { long, short, angle } = gaussian.eigen(m);
    all([long, short], known.eigenvalues, "eigenvalues", 1e-10);
    all(Object.values(gaussian.fromAxes(Math.sqrt(long), Math.sqrt(short), angle)), [m.s11, m.s12, m.s22], "from its axes", 1e-10);
    all(known.at.map(([x, y]) => gaussian.logDensity(m, x, y)), known.log_prob, "ln p", 1e-10);
    const rng = new CounterRNG(known.seed);
    const noise = Array.from({ length: 12 }, () => rng.standardNormal());
    all(gaussian.cloud(m, noise).flat(), known.sample.flat(), "points", 1e-10);
  }
});

test("a slice: what the joint density says along the line", () => {
  const m = gaussian.covariance(1.5, 0.7, -0.6);
  const { mean, variance } = gaussian.conditional(m, 0.8);
  let [mass, first, second] = [0, 0, 0];
  for (let i = -4000; i <= 4000; i++) {
    const weight = Math.exp(gaussian.logDensity(m, 0.8, i / 500));
    [mass, first, second] = [mass + weight, first + (weight * i) / 500, second + weight * (i / 500) ** 2];
  }
  close(mean, first / mass, "mean", 1e-9);
  close(variance, second / mass - (first / mass) ** 2, "variance", 1e-9);
});

test("a matrix that is not positive definite is refused", () => {
  for (const rho of [1, -1, 1.2, NaN]) assert.throws(() => gaussian.covariance(1, 1, rho), /positive definite: \|rho\| < 1/);
  assert.throws(() => gaussian.covariance(0, 1, 0), /greater than 0/);
});

test("grips keep who they are while the ellipse turns", () => {
  const grips = new Grips();
  let spread = { sigma1: 1.5, sigma2: 0.8, rho: 0 };
  grips.follow(gaussian.covariance(spread.sigma1, spread.sigma2, spread.rho));
  for (let degrees = 0; degrees <= 720; degrees += 5) {
    const angle = (degrees * Math.PI) / 180;
    spread = spreadOf(grips.pull(0, 1.5 * Math.cos(angle), 1.5 * Math.sin(angle)));
    grips.follow(gaussian.covariance(spread.sigma1, spread.sigma2, spread.rho));
    const [x, y] = grips.tip(0);
    assert.ok(Math.hypot(x - 1.5 * Math.cos(angle), y - 1.5 * Math.sin(angle)) < 0.06, `lost at ${degrees}°: ${x}, ${y}`);
  }
});

test("the Beta law is Python's", () => {
  for (const { a, b, ...known } of vectors.beta) {
    const law = beta.summary(a, b);
    close(law.mean, known.mean, "mean");
    close(law.mean, known.predictive, "predictive");
    close(law.variance, known.variance, "variance");
    all(known.at.map((x) => beta.logDensity(a, b, x)), known.log_prob, "ln p", 1e-10, 1e-10);
    all(known.at.map((x) => beta.cdf(a, b, x)), known.cdf, "cdf", 1e-9);
    all(beta.interval(a, b), known.interval, "interval", 1e-9);
    const next = Array.from({ length: 11 }, (_, k) => beta.betaBinomial(a, b, 10, k));
    close(next.reduce((x, y) => x + y), 1, "the next ten flips", 1e-9);
    const [mean, square] = [0, 1].map((power) => next.reduce((sum, p, k) => sum + p * k ** (power + 1), 0));
    close(mean, 10 * law.mean, "their mean", 1e-9);
    close(square - mean ** 2, beta.predictiveVariance(a, b, 10), "their variance", 1e-8);
    assert.ok(beta.predictiveVariance(a, b, 10) >= 10 * law.mean * (1 - law.mean)); // wider than with the bias known
  }
});

test("the top of a Beta law, and where there is none", () => {
  const top = (a, b) => beta.summary(a, b).mode;
  assert.deepEqual([top(3, 2), top(1, 2), top(2, 1), top(0.5, 3), top(3, 0.5)], [2 / 3, 0, 1, 0, 1]);
  assert.ok(Number.isNaN(top(1, 1)) && Number.isNaN(top(0.5, 0.5)));
});

test("the die: likelihood, best law and prior are Python's", () => {
  for (const { counts, p, pseudo, ...known } of vectors.die) {
    close(simplex.nll(counts, p), -known.log_likelihood, "nll");
    all(simplex.mle(counts), known.mle, "best");
    all(simplex.map(counts, pseudo), known.map, "MAP");
  }
  assert.equal(simplex.nll([1, 0, 0], [0, 0.5, 0.5]), Infinity);
  assert.equal(simplex.mle([0, 0, 0]), null);
});

test("no law beats s/N, where the pulls balance at λ = N; downhill is downhill", () => {
  const rng = new CounterRNG(8);
  for (const counts of [[2, 5, 3], [1, 1, 40], [3, 4, 0]]) {
    const best = simplex.mle(counts);
    for (let k = 0; k < 500; k++) {
      const raw = [0, 1, 2].map(() => -Math.log(1 - rng.random()));
      const p = raw.map((v) => v / simplex.total(raw));
      assert.ok(simplex.nll(counts, p) >= simplex.nll(counts, best) - 1e-12);
      const way = simplex.descent(counts, p);
      close(simplex.total(way), 0, "within the triangle", 0, 1e-9 * Math.max(...way.map(Math.abs)));
      const step = 1e-7 / Math.max(...way.map(Math.abs));
      assert.ok(simplex.nll(counts, p.map((v, i) => v + step * way[i])) <= simplex.nll(counts, p));
    }
  }
  simplex.pulls([2, 5, 3], [0.2, 0.5, 0.3]).forEach((v) => close(v, 10, "λ"));
});

test("contours lie at their level, or on the edge of the triangle below it", () => {
  for (const counts of [[3, 6, 1], [3, 4, 0], [200, 500, 300], [0, 0, 2]]) {
    const least = simplex.nll(counts, simplex.mle(counts));
    for (const p of simplex.contour(counts, 2)) {
      close(simplex.total(p), 1, "sum", 1e-9);
      const loss = simplex.nll(counts, p) - least;
      if (p.every((v) => v > 1e-9)) close(loss, 2, "level", 1e-6);
      else assert.ok(loss <= 2 + 1e-6);
    }
  }
  assert.deepEqual(simplex.contour([0, 0, 0], 1), []);
});

test("places and laws are two names of one thing", () => {
  const p = [0.2, 0.5, 0.3];
  simplex.weights(...simplex.place(p)).forEach((v, i) => close(v, p[i], "weight"));
  const edge = simplex.nearest(-0.5, 0.2); // outside, left
  assert.ok(edge.every((v) => v >= 0) && edge[2] === 0);
  close(simplex.total(edge), 1, "sum");
});

test("the order of the rolls changes nothing", () => {
  const rolls = new Rolls([2, 5, 3], 1);
  const [before, loss] = [rolls.order.join(""), rolls.nll([0.5, 0.3, 0.2])];
  rolls.shuffle();
  assert.notEqual(rolls.order.join(""), before);
  assert.deepEqual(rolls.counts, [2, 5, 3]);
  close(rolls.nll([0.5, 0.3, 0.2]), loss, "loss");
  close(loss, simplex.nll([2, 5, 3], [0.5, 0.3, 0.2]), "and it is −Σ s ln p");
  rolls.follow([2, 4, 4]);
  assert.deepEqual(rolls.counts, [2, 4, 4]);
  assert.equal(rolls.order.at(-1), 2);
});
