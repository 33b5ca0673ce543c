import assert from "node:assert/strict";
import { test } from "node:test";

import { Walkers, curvatures, distance, energy, fairDistance, law, scheduledRate, slope, stationaryTemperature } from "../../book_lib/explorables/core/wells.js";
import { Run, sentence } from "../../book_lib/explorables/learning_rate_temperature.js";
import { close, golden } from "./golden.js";

const vectors = golden("wells");

for (const { depth, width, w, ...expected } of vectors.shapes) {
  const shape = { depth, width };
  test(`wells of depth ${depth} and width ${width} are Python's`, () => {
    w.forEach((at, i) => {
      close(energy(at, shape), expected.energy[i], `E(${at})`);
      close(slope(at, shape), expected.slope[i], `E'(${at})`);
    });
    curvatures(shape).forEach((a, i) => close(a, expected.curvatures[i], "curvature"));
    for (const [T, share] of expected.shares) close(law(shape, T).share, share, `share at ${T}`, 1e-11);
    for (const [T, time] of expected.relaxations) close(law(shape, T).relaxation, time, `relaxation at ${T}`, 1e-10);
  });
  test(`slopes of depth ${depth} and width ${width} are differences of energies`, () => {
    for (const at of [-4, -2, -0.01, 0.01, 0.5, 2.9, 3.5]) {
      close(slope(at, shape), (energy(at + 1e-6, shape) - energy(at - 1e-6, shape)) / 2e-6, `E'(${at})`, 1e-6, 1e-6);
    }
  });
}

test("the temperature is the library's, and there is none from 2/a on", () => {
  for (const [rate, curvature, variance, T] of vectors.temperatures) {
    close(stationaryTemperature(rate, Math.sqrt(variance), curvature), T, "T");
  }
  assert.equal(stationaryTemperature(1, 1, 2), Infinity);
  assert.throws(() => stationaryTemperature(0, 1), /rate must be greater than 0/);
});

for (const { depth, width, rate, noise, walkers: count, seed, states } of vectors.walks) {
  test(`walkers at ${rate}, seed ${seed}, are noisy_descent's`, () => {
    const walkers = new Walkers({ shape: { depth, width }, count, seed });
    for (const { steps, w } of states) {
      while (walkers.steps < steps) walkers.step(rate, noise);
      w.forEach((at, i) => close(walkers.w[9 * i], at, `walker ${9 * i} at ${steps}`));
    }
  });
}

test("walkers under a drawn schedule are noisy_descent's", () => {
  const { schedule, rates, walkers: count, seed, states } = vectors.annealed;
  for (const [step, rate] of rates) close(scheduledRate(schedule, step), rate, `rate ${step}`);
  const walkers = new Walkers({ shape: { depth: 0.6, width: 1 }, count, seed });
  for (const { steps, w } of states) {
    while (walkers.steps < steps) walkers.step(scheduledRate(schedule, walkers.steps), 8);
    w.forEach((at, i) => close(walkers.w[9 * i], at, `walker ${9 * i} at ${steps}`));
  }
});

test("at the bottom of a well the variance is T/a, at large steps too", () => {
  const shape = { depth: 0, width: 3 };
  const [a, noise] = [curvatures(shape)[0], 0.05];
  for (const rate of [0.2, 1.5]) { // ηa = 0.18 and 1.33
    const walkers = new Walkers({ shape, count: 1000, seed: 2 });
    walkers.w.fill(-3);
    for (let k = 0; k < 200; k++) walkers.step(rate, noise);
    const spread = walkers.w.reduce((sum, w) => sum + (w + 3) ** 2, 0) / 1000;
    close(spread * a, stationaryTemperature(rate, noise, a), `T at ${rate}`, 0.15);
  }
});

test("the histogram of a long walk is as near to the law as fair draws are", () => {
  const [shape, rate, noise, cell] = [{ depth: 0.6, width: 1 }, 0.01, 12, 0.25];
  const walkers = new Walkers({ shape, count: 1000, seed: 1 });
  for (let k = 0; k < 3000; k++) walkers.step(rate, noise);
  const exact = law(shape, stationaryTemperature(rate, noise));
  const wanted = Array.from({ length: 38 }, (_, i) => exact.between(-6 + cell * i, -6 + cell * (i + 1)));
  const gap = distance(walkers.histogram(-6, cell, 38), wanted);
  assert.ok(gap < 1.5 * fairDistance(wanted, 1000), `${gap} against ${fairDistance(wanted, 1000)}`);
  assert.ok(distance(walkers.histogram(-6, cell, 38), wanted.toReversed()) > 0.3, "another law is far");
});

test("walkers that all begin in the wide well cross over in the time of relaxation", () => {
  const [shape, rate, noise] = [{ depth: 0.6, width: 1 }, 0.015, 8];
  const { share, relaxation } = law(shape, stationaryTemperature(rate, noise));
  const walkers = new Walkers({ shape, count: 1000, seed: 4 });
  walkers.w.fill(-3);
  const steps = Math.round(relaxation / rate);
  for (let k = 0; k < steps; k++) walkers.step(rate, noise);
  close(walkers.deep, share * (1 - Math.exp(-1)), "after one time", 0.12); // a barrier of 2 T is not very high
  assert.equal(law(shape, 0.002).relaxation, Infinity);
});

test("every walker in view is in a column, and its deep ones are counted", () => {
  const walkers = new Walkers({ shape: { depth: 0.6, width: 1 }, count: 4, seed: 0 });
  walkers.w.set([-2, -1.01, 0.5, 7]);
  assert.deepEqual([...walkers.histogram(-2, 1, 4)], [0.5, 0, 0.25, 0]);
  assert.equal(walkers.deep, 0.5);
});

test("the law sums to 1 and its share is what lies on the right", () => {
  const exact = law({ depth: 0.6, width: 1 }, 0.5);
  close(exact.between(-24, 24), 1, "all", 1e-12, 1e-9);
  close(exact.between(0, 24), exact.share, "right", 1e-9);
});

test("above 2/a of the narrow well nobody comes to rest at its bottom", () => {
  const shape = { depth: 0.6, width: 1 };
  const farthest = (rate) => {
    const walkers = new Walkers({ shape, count: 200, seed: 3 });
    walkers.w.fill(1.01);
    for (let k = 0; k < 500; k++) walkers.step(rate, 0.01);
    return Math.max(...walkers.w.map((w) => Math.abs(w - 1)));
  };
  assert.ok(farthest(0.15) < 0.03); // 2/12.8 = 0.156
  assert.ok(farthest(0.18) > 0.1);
});

test("bad input is named", () => {
  assert.throws(() => new Walkers({ shape: { depth: 0.6, width: 0 }, count: 5, seed: 0 }), /width must be greater than 0/);
  assert.throws(() => new Walkers({ shape: { depth: 0.6, width: 1 }, count: 0, seed: 0 }), /count must be at least 1/);
  assert.throws(() => law({ depth: 0.6, width: 1 }, 0), /temperature must be greater than 0/);
});

/** @param {Record<string, any>} settings @param {number} steps */
const told = (settings, steps) => {
  const all = { learning_rate: 0.02, batch_size: 4, depth: 0.6, width: 1, walkers: 500, mode: "constant", schedule: [], prediction: "deep", seed: 0, ...settings };
  const run = new Run((name) => all[/** @type {keyof typeof all} */ (name)]);
  run.step(steps);
  return sentence(run.now(), run, all.prediction);
};

test("the words say what wins, who is stuck, and when one temperature is not enough", () => {
  assert.match(told({}, 0), /make the temperature 0.64/);
  assert.match(told({}, 3000), /has met e\^\(−E\/T\).*The wide well wins.*bet on the other one/);
  assert.match(told({ prediction: "wide" }, 3000), /You bet right/);
  assert.match(told({ learning_rate: 0.004, walkers: 100 }, 6000), /stuck at \d+ %, .* 8 T high/);
  assert.doesNotMatch(told({ learning_rate: 0.004, walkers: 100 }, 500), /stuck/); // still settling in their wells
  assert.doesNotMatch(told({ learning_rate: 0.004, walkers: 100, depth: 0, width: 3 }, 6000), /stuck/); // even from the start
  assert.match(told({ learning_rate: 0.06 }, 10), /is 1.97 in the wide well and 3.12 in the narrow one. No single T tells all/);
  assert.match(told({ learning_rate: 0.17 }, 10), /above 2\/a = 0.156/);
  assert.match(told({ mode: "schedule" }, 0), /Draw η\(t\) over the whole width/);
});

test("the law is not said to be met before the start is forgotten", () => {
  const slow = /Step \d+: \d+ % in the deep well; .* at T = 0.32 says 62 %. .* about 11000 steps to forget the start/;
  assert.match(told({ learning_rate: 0.01, walkers: 100 }, 20_000), slow);
  assert.match(told({ learning_rate: 0.01, walkers: 100, seed: 1 }, 45_000), /has met .* The deep well wins/);
});

test("right shares alone are not the law", () => {
  const all = { learning_rate: 0.02, batch_size: 4, depth: 0.6, width: 1, walkers: 500, mode: "constant", schedule: [], seed: 0 };
  const run = new Run((name) => all[name]);
  run.walkers.steps = 5000;
  run.walkers.w = run.walkers.w.map((_, i) => (i < 198 ? 1 : -3)); // as many as the law says, all at the bottoms
  assert.match(sentence(run.now(), run, "wide"), /Step 5000: 40 % in the deep well; .* says 40 %.$/);
});

test("a change of the law is a new start", () => {
  const all = { learning_rate: 0.02, batch_size: 4, depth: 0.6, width: 1, walkers: 500, mode: "constant", schedule: [], seed: 0 };
  const run = new Run((name) => all[name]);
  run.step(3000);
  assert.match(sentence(run.now(), run, "wide"), /has met/);
  run.since = 3000;
  assert.match(sentence(run.now(), run, "wide"), /about 800 steps to forget/);
  run.restart();
  assert.equal(run.since, 0);
});

test("a schedule ends with the temperature at which the walkers froze, if they ever followed", () => {
  const ramp = (from, to, part) => Array.from({ length: 31 }, (_, i) => to + (from - to) * Math.max(0, 1 - i / (30 * part)));
  const done = (schedule) => told({ mode: "schedule", schedule, walkers: 100 }, 50_000);
  assert.match(done(ramp(0.03, 0.001, 0.3)), /Done: .* kept the shares of T ≈ 0\.\d+: from there on they were frozen/);
  assert.match(done(ramp(0.001, 0.001, 1)), /never got over the barrier/);
  assert.match(done(ramp(0.03, 0.03, 1)), /could follow to the end/);
});
