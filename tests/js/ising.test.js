import assert from "node:assert/strict";
import { test } from "node:test";

import { HysteresisSweep, Ising, energy, majorityRule } from "../../book_lib/explorables/core/ising.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { heatBathThresholds, metropolisThresholds } from "../../book_lib/explorables/core/thresholds.js";
import { close, golden, pattern, spinsOf } from "./golden.js";

const vectors = golden("ising");

for (const { states, ...options } of vectors.runs) {
  const { algorithm, size, temperature, field, coupling } = options;
  test(`${algorithm} L=${size} T=${temperature} h=${field} J=${coupling} makes Python's flips`, () => {
    const model = new Ising(options);
    for (const state of states) {
      model.sweep(state.sweeps);
      assert.equal(pattern(model.spins), state.spins);
      close(model.energyPerSpin(), state.energy_per_spin, "energy");
      close(model.magnetization(), state.magnetization, "magnetization");
    }
  });
}

test("knobs turned on the way act as in Python", () => {
  const { size, temperature, seed, changes } = vectors.knobs;
  const model = new Ising({ size, temperature, seed });
  for (const { name, value, spins } of changes) {
    model[name] = value;
    assert.equal(pattern(model.sweep(3).spins), spins, `${name} = ${value}`);
  }
});

test("thresholds are Python's", () => {
  for (const { temperature, field, coupling, metropolis, heat_bath } of vectors.thresholds) {
    // One more or less is allowed for: the last bit of exp is the platform's own.
    metropolisThresholds(temperature, field, coupling).forEach((limit, i) => {
      close(limit, metropolis.flat()[i], `metropolis ${i}`, 0, 1);
    });
    heatBathThresholds(temperature, field, coupling).forEach((limit, i) => close(limit, heat_bath[i], `${i}`, 0, 1));
  }
});

test("energy, its changes and majority blocks", () => {
  const { size, spins, blocks, energy: total, energy_changes: changes } = vectors.majority;
  assert.equal(pattern(majorityRule(spinsOf(spins), size)), blocks);
  close(energy(spinsOf(spins), size, 0.7, -0.2), total, "energy");
  const model = new Ising({
    size, temperature: 1, coupling: 0.7, field: -0.2, algorithm: "glauber", start: spinsOf(spins),
  });
  [0, 8, 40, 72, 80].forEach((site, i) => close(model.energyChange(site), changes[i], `change ${i}`));
});

test("a flip changes the energy by energyChange", () => {
  const model = new Ising({ size: 5, temperature: 1, coupling: -1.3, field: 0.4, algorithm: "glauber", seed: 2 });
  for (let site = 0; site < 25; site++) {
    const before = model.energyPerSpin() * 25;
    const change = model.energyChange(site);
    model.spins[site] *= -1;
    close(model.energyPerSpin() * 25 - before, change, `site ${site}`);
  }
});

test("hysteresis is Python's loop, step by step", () => {
  const { size, temperature, amplitude, steps, sweeps_per_step: sweepsPerStep, seed, ...loop } = vectors.hysteresis;
  const sweep = new HysteresisSweep({ size, temperature, amplitude, steps, sweepsPerStep, seed });
  assert.equal(sweep.area(), 0);
  const points = [];
  while (!sweep.done) points.push(sweep.step());
  assert.equal(sweep.step(), null);
  assert.deepEqual([...sweep.fields], loop.field);
  assert.deepEqual(sweep.up, loop.up);
  assert.deepEqual(sweep.down, loop.down.toReversed());
  assert.deepEqual(points.map((point) => point.field), [...loop.field, ...loop.field.toReversed()]);
  close(sweep.area(), loop.area, "area");
  sweep.restart();
  assert.equal(sweep.index, 0);
  assert.ok(sweep.spins.every((spin) => spin === -1));
  assert.equal(sweep.step().field, -amplitude);
});

test("start again, with a shared generator", () => {
  const rng = new CounterRNG(4);
  const model = new Ising({ size: 6, temperature: 2, rng });
  assert.equal(rng.counter, 36);
  assert.ok(model.fill("up").spins.every((spin) => spin === 1));
  model.fill("random");
  assert.equal(rng.counter, 72);
});

test("bad input is named", () => {
  const good = { size: 8, temperature: 2 };
  const cases = [
    [{ size: 7 }, /size must be even for algorithm metropolis, got 7/],
    [{ size: 2 }, /size must be at least 3, got 2/],
    [{ size: 8.5 }, /size must be a whole number/],
    [{ temperature: 0 }, /temperature must be greater than 0, got 0/],
    [{ temperature: Infinity }, /temperature must be a finite number/],
    [{ field: NaN }, /field must be a finite number, got NaN/],
    [{ coupling: "1" }, /coupling must be a finite number/],
    [{ algorithm: "annealing" }, /algorithm must be one of metropolis, heat_bath, glauber, got annealing/],
    [{ start: "sideways" }, /start must be one of random, up, down/],
    [{ start: [1, -1] }, /start must hold 64 spins, got 2/],
    [{ start: new Array(64).fill(0) }, /start must hold only -1 and \+1/],
    [{ seed: -3 }, /seed must be/],
  ];
  for (const [bad, message] of cases) assert.throws(() => new Ising({ ...good, ...bad }), message);
  const model = new Ising({ size: 7, temperature: 2, algorithm: "glauber" });
  assert.throws(() => model.sweep(-1), /n must be at least 0/);
  assert.throws(() => (model.algorithm = "heat_bath"), /size must be even/);
  assert.equal(model.algorithm, "glauber");
  assert.throws(() => (model.temperature = -1), /temperature must be greater than 0/);
  assert.equal(model.temperature, 2);
  assert.throws(() => majorityRule(new Int8Array(64), 8, 3), /block must divide/);
  assert.throws(() => majorityRule(new Int8Array(64), 8, 4), /block must be odd/);
  const sweep = { size: 8, temperature: 2, amplitude: 1, steps: 5, sweepsPerStep: 1 };
  assert.throws(() => new HysteresisSweep({ ...sweep, steps: 1 }), /steps must be at least 2/);
  assert.throws(() => new HysteresisSweep({ ...sweep, amplitude: 0 }), /amplitude must be greater than 0/);
  assert.throws(() => new HysteresisSweep({ ...sweep, sweepsPerStep: 0 }), /sweepsPerStep must be at least 1/);
});
