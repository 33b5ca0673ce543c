import assert from "node:assert/strict";
import { test } from "node:test";

import { SwendsenWang } from "../../book_lib/explorables/core/cluster.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { golden, pattern } from "./golden.js";

for (const { size, temperature, coupling, seed, states } of golden("cluster").runs) {
  test(`Swendsen–Wang L=${size} T=${temperature} J=${coupling} turns Python's clusters`, () => {
    const model = new SwendsenWang({ size, temperature, coupling, rng: new CounterRNG(seed) });
    for (const spins of states) assert.equal(pattern(model.sweep().spins), spins);
  });
}

test("cold clusters are whole, hot ones single spins", () => {
  const cold = new SwendsenWang({ size: 8, temperature: 0.01, rng: new CounterRNG(1) }).sweep(5);
  assert.equal(new Set(cold.spins).size, 1);
  const hot = new SwendsenWang({ size: 64, temperature: 1e9, rng: new CounterRNG(1) }).sweep();
  const mean = hot.spins.reduce((sum, spin) => sum + spin, 0) / 4096;
  assert.ok(Math.abs(mean) < 4 / 64);
});

test("bad input is named", () => {
  const rng = new CounterRNG(1);
  assert.throws(() => new SwendsenWang({ size: 2, temperature: 1, rng }), /size must be a whole number of at least 3/);
  assert.throws(() => new SwendsenWang({ size: 8, temperature: 0, rng }), /temperature must be positive and finite/);
});
