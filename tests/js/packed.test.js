// The packed lattice: spin by spin as a slow reference has it, and on average what theory and the plain lattice say.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Ising, energy, energyChange, onsagerMagnetization } from "../../book_lib/explorables/core/ising.js";
import { PackedIsing, isingFor, suited } from "../../book_lib/explorables/core/ising_packed.js";
import { Blocking } from "../../book_lib/explorables/core/measure.js";
import { checksum, staggeredMagnetization } from "../../book_lib/explorables/core/observables.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { Magnet } from "../../book_lib/explorables/parts/magnet.js";
import { close, golden } from "./golden.js";

const vectors = golden("packed");
const RULES = ["metropolis", "heat_bath"];

for (const { states, ...options } of vectors.runs) {
  const { algorithm, size, temperature, coupling } = options;
  test(`packed ${algorithm} L=${size} T=${temperature} J=${coupling} makes the reference's flips`, () => {
    const model = new PackedIsing(options);
    for (const state of states) {
      model.sweep(state.sweeps);
      close(model.energyPerSpin(), state.energy_per_spin, "energy");
      close(model.magnetization(), state.magnetization, "magnetization");
      assert.equal(checksum(model.spins), state.checksum);
    }
  });
}

/** Mean and error of what `read` says after each of n sweeps. */
function run(model, n, read, burnIn = 500) {
  model.sweep(burnIn);
  const series = new Blocking();
  for (let i = 0; i < n; i++) series.add(read(model.sweep()));
  return series;
}

/** Assert that two means with errors agree. */
function agree(mean, error, expected, label) {
  const z = (mean - expected) / error;
  assert.ok(error > 0 && Math.abs(z) < 4, `${label}: ${mean} ± ${error}, expected ${expected}, z = ${z}`);
}

for (const algorithm of RULES) {
  for (const { temperature, energy_per_spin: exact, specific_heat: heat } of vectors.exact) {
    for (const coupling of [1, -1]) {
      test(`packed ${algorithm} T=${temperature} J=${coupling}: energy and its spread are Kaufman's`, () => {
        const model = new PackedIsing({ size: 64, temperature, coupling, algorithm, seed: 11, start: "up" });
        if (coupling < 0) checkerboard(model.spins);
        const squares = new Blocking();
        const energies = run(model, 6000, (m) => {
          const e = m.energyPerSpin();
          squares.add((e - exact) ** 2);
          return e;
        });
        agree(energies.mean, energies.error, exact, "energy");
        const scale = 64 ** 2 / temperature ** 2;
        agree(scale * squares.mean, scale * squares.error, heat, "specific heat");
      });
    }
  }
}

/** The ground state of J < 0. */
function checkerboard(spins, size = 64) {
  for (let i = 0; i < spins.length; i++) spins[i] = (Math.floor(i / size) + (i % size)) % 2 ? -1 : 1;
}

for (const algorithm of RULES) {
  test(`packed ${algorithm}: below the critical temperature |m| is Onsager's, whatever the sign of J`, () => {
    for (const temperature of [1.4, 1.8, 2.0]) {
      const model = new PackedIsing({ size: 128, temperature, algorithm, seed: 3, start: "up" });
      const order = run(model, 1500, (m) => Math.abs(m.magnetization()), 200);
      agree(order.mean, order.error, onsagerMagnetization(temperature), `T = ${temperature}`);
      const other = new PackedIsing({ size: 128, temperature, coupling: -1, algorithm, seed: 4, start: "up" });
      checkerboard(other.spins, 128);
      const staggered = run(other, 1500, (m) => Math.abs(m.staggeredMagnetization()), 200);
      agree(staggered.mean, staggered.error, onsagerMagnetization(temperature), `J < 0, T = ${temperature}`);
    }
  });

  test(`packed ${algorithm}: the plain lattice has the same means`, () => {
    const [one, other] = [PackedIsing, Ising].map((Kind) => {
      const model = new Kind({ size: 64, temperature: 2.6, algorithm, seed: 5 });
      return run(model, 6000, (m) => Math.abs(m.magnetization()));
    });
    agree(one.mean - other.mean, Math.hypot(one.error, other.error), 0, "|m|");
  });

  test(`packed ${algorithm}: each kind of neighbourhood has its own chance`, () => {
    const temperature = 2.5;
    const counts = {};
    for (let seed = 0; seed < 30; seed++) {
      const model = new PackedIsing({ size: 128, temperature, algorithm, seed });
      const before = Int8Array.from(model.spins);
      const after = model.sweep().spins;
      for (let i = 0; i < before.length; i++) {
        if ((Math.floor(i / 128) + i) % 2) continue; // black spins move first, while all white ones are as before
        const key = energyChange(before, 128, i, 1, 0);
        const count = (counts[key] ??= { trials: 0, flips: 0 });
        count.trials++;
        if (after[i] !== before[i]) count.flips++;
      }
    }
    assert.deepEqual(Object.keys(counts).map(Number).sort((a, b) => a - b), [-8, -4, 0, 4, 8]);
    for (const [change, { trials, flips }] of Object.entries(counts)) {
      const odds = Math.exp(-change / temperature);
      const p = algorithm === "metropolis" ? Math.min(1, odds) : odds / (1 + odds);
      if (p === 1) assert.equal(flips, trials);
      else agree(flips / trials, Math.sqrt((p * (1 - p)) / trials), p, `ΔE = ${change}`);
    }
  });
}

test("bits of one word, and of neighbouring words, are independent", () => {
  const model = new PackedIsing({ size: 128, temperature: 1, coupling: 0, algorithm: "heat_bath", seed: 9 });
  const { spins } = model;
  const products = new Map([[4 * 128, 0], [8 * 128, 0], [64 * 128, 0], [2, 0], [1, 0], [128, 0]]);
  const sweeps = 40;
  for (let k = 0; k < sweeps; k++) {
    model.sweep().spins;
    for (const shift of products.keys()) {
      for (let i = 0; i < spins.length; i++) {
        products.set(shift, products.get(shift) + spins[i] * spins[(i + shift) % spins.length]);
      }
    }
  }
  const count = sweeps * spins.length;
  for (const [shift, sum] of products) agree(sum / count, 1 / Math.sqrt(count), 0, `shift ${shift}`);
});

test("energy, magnetisation and staggered magnetisation are those of the spins", () => {
  for (const size of [64, 192]) {
    const model = new PackedIsing({ size, temperature: 2.3, coupling: -0.6, seed: size }).sweep(3);
    const read = [model.energyPerSpin(), model.magnetization(), model.staggeredMagnetization()];
    const { spins } = model;
    close(read[0], energy(spins, size, -0.6) / size ** 2, "energy");
    close(read[1], spins.reduce((s, x) => s + x, 0) / size ** 2, "magnetization");
    close(read[2], staggeredMagnetization(spins, size), "staggered");
    for (const site of [0, size - 1, 5 * size + 7, size ** 2 - size, size ** 2 - 1]) {
      close(model.energyChange(site), energyChange(spins, size, site, -0.6, 0), `site ${site}`);
    }
  }
});

test("what is painted counts, and so does a new start", () => {
  const model = new PackedIsing({ size: 64, temperature: 0.05, start: "up", seed: 1 });
  model.sweep(2).spins[200] = -1;
  close(model.magnetization(), 1 - 2 / 4096, "painted");
  close(model.energyPerSpin(), -2 + 8 / 4096, "painted");
  assert.equal(model.sweep().spins[200], 1); // so cold that four neighbours decide
  assert.ok(model.fill("down").sweep(2).spins.every((spin) => spin === -1));
  assert.equal(model.sweep(0), model);
});

test("the start is the plain lattice's", () => {
  const options = { size: 64, temperature: 2, seed: 6 };
  assert.deepEqual(new PackedIsing(options).spins, new Ising(options).spins);
});

test("a field unpacks, its end packs again, and the spins stay", () => {
  const packed = isingFor({ size: 256, temperature: 2, algorithm: "heat_bath", seed: 2 }).sweep(5);
  assert.ok(packed instanceof PackedIsing);
  const before = Int8Array.from(packed.spins);
  assert.equal(suited(packed, { temperature: 2.5, field: 0, coupling: -1 }), packed);
  assert.deepEqual([packed.temperature, packed.coupling], [2.5, -1]);
  const plain = suited(packed, { temperature: 2, field: 0.3, coupling: 1 });
  assert.ok(plain instanceof Ising);
  assert.deepEqual(plain.spins, before);
  assert.deepEqual([plain.temperature, plain.field, plain.algorithm], [2, 0.3, "heat_bath"]);
  assert.equal(plain.rng, packed.rng);
  const there = Int8Array.from(plain.sweep(2).spins);
  const again = suited(plain, { temperature: 2, field: 0, coupling: 1 });
  assert.ok(again instanceof PackedIsing);
  assert.deepEqual(again.spins, there);
});

test("only large lattices without a field are packed", () => {
  const kinds = [[128, 0], [256, 0], [512, 0], [256, 0.1], [320, 0], [258, 0]];
  const packed = kinds.map(([size, field]) => isingFor({ size, field, temperature: 2 }) instanceof PackedIsing);
  assert.deepEqual(packed, [false, true, true, false, true, false]);
  assert.equal(isingFor({ size: 256, temperature: 2, algorithm: "glauber" }) instanceof PackedIsing, false);
});

test("a magnet of the explorable turns its field on and off", () => {
  const settings = { temperature: 1.5, field: 0, coupling: -1, size: 256, algorithm: "heat_bath", start: "ordered", seed: 3 };
  const magnet = new Magnet(settings);
  assert.ok(magnet.ising instanceof PackedIsing);
  assert.equal(magnet.state.order, 1); // the chessboard, which was painted before the first sweep
  magnet.sweep(3);
  const order = magnet.state.order;
  magnet.turn({ field: 0.5 });
  assert.ok(magnet.ising instanceof Ising);
  close(magnet.state.order, order, "order");
  magnet.sweep(2);
  magnet.turn({ field: 0 });
  assert.ok(magnet.ising instanceof PackedIsing && magnet.sweeps === 5);
});

test("bad input is named", () => {
  const good = { size: 64, temperature: 2 };
  const cases = [
    [{ size: 96 }, /size must be a multiple of 64, got 96/],
    [{ size: 32 }, /size must be at least 64, got 32/],
    [{ temperature: 0 }, /temperature must be greater than 0, got 0/],
    [{ field: 0.1 }, /field must be 0 for packed spins, got 0.1/],
    [{ field: NaN }, /field must be a finite number, got NaN/],
    [{ coupling: "1" }, /coupling must be a finite number/],
    [{ algorithm: "glauber" }, /algorithm must be one of metropolis, heat_bath, got glauber/],
    [{ start: [1, -1] }, /start must hold 4096 spins, got 2/],
    [{ seed: -3 }, /seed must be/],
  ];
  for (const [bad, message] of cases) assert.throws(() => new PackedIsing({ ...good, ...bad }), message);
  const model = new PackedIsing({ ...good, rng: new CounterRNG(1) });
  assert.throws(() => model.sweep(-1), /n must be at least 0/);
  assert.throws(() => (model.temperature = -1), /temperature must be greater than 0/);
  assert.throws(() => (model.field = 1), /field must be 0/);
  assert.equal(model.temperature, 2);
});
