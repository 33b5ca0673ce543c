import assert from "node:assert/strict";
import { test } from "node:test";

import { gridGraph, rewire, ringGraph, smallWorld } from "../../book_lib/explorables/core/graph.js";
import { Village } from "../../book_lib/explorables/core/village.js";
import { close, golden, pattern } from "./golden.js";

const vectors = golden("village");

test("graphs are Python's", () => {
  assert.deepEqual(gridGraph(4), vectors.grid);
  assert.deepEqual(ringGraph(7, 4), vectors.ring);
  for (const { n, k, p, seed, neighbors } of vectors.rewired) assert.deepEqual(smallWorld(n, k, p, seed), neighbors);
  assert.deepEqual(rewire(gridGraph(5), 0.3, 8), vectors.torus);
});

test("a larger p with the same seed only adds short cuts", () => {
  const ring = ringGraph(200, 4);
  const kept = (p) => rewire(ring, p, 5).flatMap((near, u) => near.filter((v) => ring[u].includes(v)).map((v) => `${u}-${v}`));
  const few = new Set(kept(0.05));
  const more = kept(0.2).filter((edge) => !few.has(edge));
  assert.ok(more.length <= 4, `${more.length} old friendships came back`); // by a chance new friend only
});

for (const { states, ...options } of vectors.runs) {
  test(`votes at T=${options.temperature} J=${options.coupling} h=${options.field} are Python's`, () => {
    const village = new Village({ neighbors: vectors.torus, ...options });
    for (const state of states) {
      village.sweep(state.sweeps);
      assert.equal(pattern(village.opinions), state.opinions);
      close(village.magnetization(), state.magnetization, "m");
      close(village.agreement(), state.agreement, "agreement");
      close(village.energy(), state.energy, "energy");
    }
  });
}

test("moving to another graph keeps opinions and generator", () => {
  const village = new Village({ neighbors: gridGraph(5), temperature: 1, seed: 1 });
  village.sweep(2);
  const before = [pattern(village.opinions), village.rng.counter];
  village.neighbors = rewire(gridGraph(5), 0.5, 2);
  assert.deepEqual([pattern(village.opinions), village.rng.counter], before);
  village.sweep(1);
  assert.throws(() => (village.neighbors = gridGraph(4)), /neighbors must list 25 people, got 16/);
});

test("a village without friendships still votes", () => {
  const village = new Village({ neighbors: [[], [], []], temperature: 1, field: 0.5, seed: 1 });
  assert.ok(Number.isNaN(village.sweep(3).agreement()));
});

test("bad input is named", () => {
  assert.throws(() => gridGraph(2), /side must be at least 3/);
  assert.throws(() => ringGraph(5, 3), /k must be even/);
  assert.throws(() => ringGraph(4, 4), /n must be at least 5/);
  assert.throws(() => rewire(gridGraph(3), 1.5, 1), /p must lie between 0 and 1, got 1.5/);
  const village = (neighbors) => new Village({ neighbors, temperature: 1 });
  assert.throws(() => village([]), /at least one person/);
  assert.throws(() => village([[0]]), /friend of themselves/);
  assert.throws(() => village([[1], []]), /mutual: 0 lists 1, 1 not 0/);
  assert.throws(() => village([[1, 1], [0]]), /friend of 0 twice/);
  assert.throws(() => village([[5]]), /friend must be at most 0, got 5/);
  assert.throws(() => new Village({ neighbors: [[]], temperature: 0 }), /temperature must be greater than 0/);
  assert.throws(() => village(gridGraph(3)).sweep(-1), /n must be a whole number, at least 0/);
});
