// What the lattice and zoom out measure: averages with error bars, order parameters, brushes, verdicts.

import assert from "node:assert/strict";
import { test } from "node:test";

import { stroke } from "../../book_lib/explorables/core/brush.js";
import { energy, onsagerMagnetization } from "../../book_lib/explorables/core/ising.js";
import { Blocking, Settled } from "../../book_lib/explorables/core/measure.js";
import { checksum, neighborCorrelation, overlap, staggeredMagnetization } from "../../book_lib/explorables/core/observables.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { judge } from "../../book_lib/explorables/parts/guess.js";
import { checkerboard, LADDER, Magnet, PER_TEMPERATURE, theory } from "../../book_lib/explorables/parts/magnet.js";
import { arrangement, crop, grow, levels } from "../../book_lib/explorables/parts/samples.js";

const near = (a, b, eps = 1e-12) => assert.ok(Math.abs(a - b) <= eps * Math.max(1, Math.abs(b)), `${a} is not ${b}`);

/** ±1 for each of n sites. */
function spins(n, seed = 1) {
  return Int8Array.from(new CounterRNG(seed).fill(new Uint32Array(n)), (word) => (word < 2 ** 31 ? 1 : -1));
}

/** A series with memory: x' = a x + noise, whose mean has the error of 1 + 2a/(1 − a) times fewer numbers. */
function remembering(n, a, seed = 2) {
  const rng = new CounterRNG(seed);
  let x = 0;
  return Float64Array.from({ length: n }, () => (x = a * x + rng.standardNormal()));
}

test("blocking: the mean, and for independent numbers the usual error", () => {
  const data = remembering(4096, 0);
  const blocking = new Blocking();
  data.forEach((x) => blocking.add(x));
  const mean = data.reduce((s, x) => s + x, 0) / data.length;
  const variance = data.reduce((s, x) => s + (x - mean) ** 2, 0) / (data.length - 1);
  near(blocking.mean, mean);
  const plain = Math.sqrt(variance / data.length);
  assert.ok(blocking.error >= plain * (1 - 1e-9) && blocking.error < 1.6 * plain, `${blocking.error} against ${plain}`);
});

test("blocking: memory makes the error larger by as much as theory says", () => {
  const a = 0.95;
  const blocking = new Blocking();
  remembering(2 ** 16, a).forEach((x) => blocking.add(x));
  const exact = 1 / (1 - a) / 2 ** 8; // σ_noise / (1 − a) / √n
  assert.ok(Math.abs(blocking.error / exact - 1) < 0.35, `${blocking.error} against ${exact}`);
});

test("settled: the first quarter to half is always left out", () => {
  const settled = new Settled();
  for (let n = 1; n <= 1000; n++) {
    settled.add(n);
    const first = n < 2 ? 1 : 2 ** (Math.floor(Math.log2(n)) - 1) + 1; // one more than half the largest power of two
    if (n < 4) continue;
    assert.equal(settled.n, n - first + 1, `kept at ${n}`);
    near(settled.mean, (first + n) / 2);
    assert.ok((first - 1) / n >= 0.25 && (first - 1) / n <= 0.5);
  }
  settled.reset();
  settled.add(7);
  assert.deepEqual([settled.n, settled.mean], [1, 7]);
});

test("neighbours and energy tell the same story", () => {
  for (const size of [3, 8, 18]) {
    const s = spins(size * size, size);
    near(neighborCorrelation(s, size), -energy(s, size) / (2 * size * size));
  }
});

test("the staggered order of a chessboard is one, of a uniform lattice zero", () => {
  const board = new Int8Array(64);
  checkerboard(board, 8);
  near(staggeredMagnetization(board, 8), 1);
  near(neighborCorrelation(board, 8), -1);
  near(staggeredMagnetization(new Int8Array(64).fill(1), 8), 0);
});

test("overlap and checksum", () => {
  const s = spins(100);
  near(overlap(s, s), 1);
  near(overlap(s, s.map((x) => -x)), -1);
  assert.equal(checksum(Int8Array.of(-1, 1, -1, 1)), (4 * 2654435761) % 2 ** 32);
});

test("a brush touches what lies within its radius, across the edge too", () => {
  const touched = (...args) => {
    const found = new Set();
    stroke(8, ...args, (i) => found.add(i));
    return [...found].sort((a, b) => a - b);
  };
  const at = (row, column) => ({ row, column });
  assert.deepEqual(touched(at(2, 3), at(2, 3), 0), [19]);
  assert.deepEqual(touched(at(1, 1), at(1, 4), 0), [9, 10, 11, 12]);
  assert.deepEqual(touched(at(0, 0), at(0, 0), 1), [0, 1, 7, 8, 56]);
});

test("theory: Onsager without field, tanh for free spins, nothing exact in a field", () => {
  near(theory(2, 0, 1).exact[0], onsagerMagnetization(2));
  near(theory(2, 0, -1).exact[0], onsagerMagnetization(2));
  assert.equal(theory(2, 0.1, 1).exact, null);
  assert.equal(theory(2, 0.1, -1).meanField, null);
  near(theory(0.5, 0.5, 0).exact[0], Math.tanh(1));
  assert.equal(theory(4.5, 0, 1).meanField[0] < 1e-6, true);
});

test("a guess is judged against the exact curve", () => {
  const T = Array.from({ length: 51 }, (_, i) => i / 10);
  const exact = judge(T.map((t) => [t, t ? onsagerMagnetization(t) : 1]));
  near(exact.mean, 0);
  near(onsagerMagnetization(exact.exact), 0.5, 1e-9);
  const line = judge(T.map((t) => [t, 1 - t / 5]));
  near(line.yours, 2.5, 1e-9);
  assert.equal(judge(T.map((t) => [t, 0.9])).yours, null);
});

test("points are kept one for each temperature, in order, and dropped with the law", () => {
  const magnet = new Magnet({ temperature: 3, field: 0, coupling: 1, size: 32, algorithm: "heat_bath", start: "random", seed: 4 });
  magnet.sweep(PER_TEMPERATURE);
  magnet.turn({ temperature: 2 });
  magnet.sweep(10);
  magnet.turn({ temperature: 5 }); // too few sweeps at 2: no point
  magnet.sweep(PER_TEMPERATURE);
  magnet.turn({ temperature: 4 });
  assert.deepEqual(magnet.points.map((p) => p.temperature), [3, 5]);
  assert.ok(magnet.points[0].order > magnet.points[1].order);
  magnet.turn({ field: 0.5 });
  assert.equal(magnet.points.length, 0);
  assert.ok(LADDER.every((T, i) => !i || T > LADDER[i - 1]));
});

test("zoom out: three levels of a small lattice, cropped to a window", () => {
  const run = grow(5, 54);
  let step = run.next();
  let last = 0;
  for (; !step.done; step = run.next()) {
    assert.ok(step.value > last);
    last = step.value;
  }
  assert.equal(last, 1);
  for (const lattice of step.value) {
    const all = levels(lattice, 54);
    assert.deepEqual(all.map((one) => one.size), [54, 18, 6]);
    const part = crop(all[0], 18);
    assert.equal(part.spins[0], lattice[18 * 54 + 18]);
    assert.deepEqual(crop(all[2], 18).spins, all[2].spins);
  }
  assert.deepEqual(arrangement(5).sort(), [0, 1, 2]);
});
