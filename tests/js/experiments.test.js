// What runs behind hysteresis, the village and the magnet with words, without a page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { HysteresisSweep } from "../../book_lib/explorables/core/ising.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { Run, collect } from "../../book_lib/explorables/parts/loop.js";
import { HOUSES, Votes, friendLines, pairs, places } from "../../book_lib/explorables/parts/village.js";
import { COUPLING, Magnet, Words, spinEntropy } from "../../book_lib/explorables/parts/words.js";
import { close } from "./golden.js";

const SWEEP = { size: 10, temperature: 1.5, sweeps_per_step: 5, repeats: 1, amplitude: 2.5, steps: 21, seed: 3 };
const VILLAGE = { friends: "grid", rewiring: 0, temperature: 2, coupling: 1, field: 0, seed: 1 };

/** @param {Run} run @param {number} n */
const take = (run, n) => {
  for (let k = 0; k < n; k++) run.step();
};

test("a run of several magnets is the mean of single ones, each with a stream of its own", () => {
  const run = new Run({ ...SWEEP, repeats: 3 });
  take(run, 42);
  const single = [0, 1, 2].map((stream) => {
    const sweep = new HysteresisSweep({ ...SWEEP, sweepsPerStep: 5, rng: new CounterRNG(3, stream) });
    while (!sweep.done) sweep.step();
    return sweep;
  });
  run.mean().up.forEach((m, i) => close(m, single.reduce((sum, s) => sum + s.up[i], 0) / 3, `up ${i}`));
  run.areas.forEach((area, i) => close(area, single[i].area(), `area ${i}`));
  close(run.area, run.areas.reduce((a, b) => a + b, 0) / 3, "area of the mean");
  assert.equal(run.row().loops, 3);
});

test("the area closes as the field falls, and a second loop differs from the first", () => {
  const run = new Run(SWEEP);
  take(run, 21);
  assert.equal(run.area, 0);
  let before = 0;
  for (let k = 0; k < 15; k++) {
    take(run, 1);
    assert.ok(run.area >= before - 1e-12);
    before = run.area;
  }
  take(run, 6 + 42);
  assert.equal(run.areas.length, 2);
  assert.notEqual(run.areas[0], run.areas[1]);
  run.restart(SWEEP);
  assert.equal(run.taken, 0);
  assert.equal(run.magnetization, -1);
  assert.equal(run.row(), null);
});

test("the reader's table keeps one line for each temperature and rate, in order", () => {
  const line = (temperature, rate, area) => ({ temperature, sweeps_per_step: rate, loops: 1, area, error: null });
  const rows = [line(2, 10, 1), line(1, 100, 2), line(1, 10, 3), line(2, 10, 4)].reduce(collect, []);
  assert.deepEqual(rows.map((r) => [r.temperature, r.sweeps_per_step, r.area]), [[1, 10, 3], [1, 100, 2], [2, 10, 4]]);
});

test("turning a knob of the village keeps opinions and forgets averages", () => {
  const votes = new Votes(VILLAGE);
  votes.live(40);
  const opinions = [...votes.opinions];
  for (const change of [{ field: 1 }, { coupling: -1 }, { temperature: 3 }, { rewiring: 0.3 }, { friends: "ring" }]) {
    votes.live(0);
    votes.turn(change);
    assert.deepEqual([...votes.opinions], opinions);
    assert.equal(votes.average.n, 0);
  }
  assert.equal(votes.checkerboard(), null); // a ring has no streets
  votes.restart(VILLAGE);
  assert.equal(votes.days, 0);
});

test("a house's reasons are its friends' votes", () => {
  const votes = new Votes({ ...VILLAGE, coupling: 0.5, field: -0.3 });
  const why = votes.reasons(17);
  const sum = votes.neighbors[17].reduce((total, j) => total + votes.opinions[j], 0);
  close(why.pull, 0.5 * sum - 0.3, "pull");
  close(why.probability, 1 / (1 + Math.exp(-2 * why.pull / 2)), "probability");
  assert.equal(why.friends, 4);
});

for (const friends of ["grid", "ring"]) {
  test(`every friendship of the ${friends} is drawn once, inside the picture or over its rim`, () => {
    const votes = new Votes({ ...VILLAGE, friends, rewiring: 0.2 });
    const lines = friendLines(votes.neighbors, friends);
    assert.equal(lines.length, 200);
    assert.equal(pairs(votes.neighbors).length, 200);
    assert.ok(lines.every(({ d }) => /^M[-\d. MLQ]+$/.test(d)), lines.find(({ d }) => !/^M[-\d. MLQ]+$/.test(d))?.d);
    assert.ok(places(friends).flat().every((v) => v > 0 && v < 1));
    assert.equal(places(friends).length, HOUSES);
  });
}

test("words: at T = 1 the energy is the surprise, and at every T p ∝ exp(−E/T)", () => {
  const words = new Words({ words: ["a", "b", "c"], logits: [2, 0.5, -1], seed: 0 });
  words.probabilities(1).forEach((p, i) => close(words.energies[i], -Math.log(p), "energy"));
  const [p, T] = [words.probabilities(2.5), 2.5];
  close(p[0] / p[2], Math.exp(-(words.energies[0] - words.energies[2]) / T), "ratio");
  close(words.energy(T), p.reduce((sum, v, i) => sum + v * words.energies[i], 0), "mean energy");
});

test("words: the noise of a place stays, so that cooling can only turn a word towards a likelier one", () => {
  const words = new Words({ words: ["a", "b", "c", "d"], logits: [1, 0.5, -1, -3], seed: 4 });
  const temperatures = [5, 2, 1, 0.5, 0.2, 0.001];
  for (let place = 0; place < 200; place++) {
    const drawn = temperatures.map((T) => words.sample(place, T));
    drawn.forEach((word, i) => i && assert.ok(words.energies[word] <= words.energies[drawn[i - 1]] + 1e-12));
    assert.equal(drawn.at(-1), 0);
    assert.equal(words.sample(place, 5), drawn[0]);
  }
});

test("the magnet of the landing page melts at T = 1, and its entropy goes from 0 to 1 bit", () => {
  close(2 / Math.log(1 + Math.SQRT2) * COUPLING, 1, "critical temperature");
  assert.ok(spinEntropy(0.2) < 1e-6);
  assert.ok(spinEntropy(5) > 0.98 && spinEntropy(5) < 1);
  const cold = new Magnet({ size: 16, temperature: 0.4, seed: 0 });
  const hot = new Magnet({ size: 16, temperature: 5, seed: 0 });
  assert.ok(Math.abs(cold.ising.magnetization()) > 0.99);
  assert.ok(Math.abs(hot.ising.magnetization()) < 0.3);
});
