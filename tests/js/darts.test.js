import assert from "node:assert/strict";
import { test } from "node:test";

import { AREA, Board, inside } from "../../book_lib/explorables/core/darts.js";
import { close, golden } from "./golden.js";

const { boards, area, middle } = golden("darts");

for (const { shape, seed, first, hits, estimates } of boards) {
  test(`${shape}, seed ${seed}: the same darts as Python's, hit by hit`, () => {
    const seen = [];
    new Board(shape, seed).throw(200, (x, y, hit) => seen.push([x, y, hit]));
    assert.deepEqual(seen.slice(0, 3).map(([x, y]) => [x, y]), first);
    assert.equal(seen.map(([, , hit]) => Number(hit)).join(""), hits);
  });
  test(`${shape}, seed ${seed}: monte_carlo_integral's estimates`, () => {
    const board = new Board(shape, seed);
    for (const { n, mean, error } of estimates) {
      board.throw(n - board.n);
      close(board.mean, mean, `mean of ${n}`);
      close(board.error, error, `error of ${n}`, 1e-9);
    }
  });
}

test("areas are those of the closed forms, and a grid finds them again", () => {
  for (const [shape, value] of Object.entries(area)) {
    close(AREA[shape], value, shape);
    let count = 0;
    for (let i = 0; i < 1000; i++) for (let k = 0; k < 1000; k++) count += Number(inside(shape, (i + 0.5) / 1000, (k + 0.5) / 1000));
    close(count / 1e6, value, `${shape} on a grid`, 0, 2e-4);
  }
});

test("the corners of the cases: the rim belongs to the circle, the middle to the flower", () => {
  assert.ok(inside("quarter", 1, 0) && inside("quarter", 0.6, 0.8) && !inside("quarter", 1, 1));
  assert.equal(inside("flower", 0.5, 0.5), middle);
  assert.ok(inside("flower", 0.5 + 0.36 * 1.29, 0.5) && !inside("flower", 0.5 - 0.36, 0.5)); // a petal right, a valley left
});

test("throwing in pieces is throwing at once, and streams differ", () => {
  const [one, many, other] = [new Board("quarter", 5), new Board("quarter", 5), new Board("quarter", 5, 1)];
  one.throw(10_001);
  [1, 2, 4097, 5901].forEach((n) => many.throw(n));
  other.throw(10_001);
  assert.equal(many.n, one.n);
  assert.equal(many.hits, one.hits);
  assert.notEqual(other.hits, one.hits);
});

test("nothing is known before the first dart, and no error before the second", () => {
  const board = new Board("quarter", 0);
  assert.ok(Number.isNaN(board.mean) && Number.isNaN(board.error));
  assert.ok(Number.isNaN(board.throw(1).error));
  assert.throws(() => new Board("square", 0), /shape must be one of quarter, flower/);
});
