import assert from "node:assert/strict";
import { test } from "node:test";

import { METHODS, Racer, finish, levelLines, newtonDirection } from "../../book_lib/explorables/core/descent.js";
import { LANDSCAPES, eigen, largestCurvature } from "../../book_lib/explorables/core/landscapes.js";
import { Race, sentence } from "../../book_lib/explorables/descent_race.js";
import { close, golden } from "./golden.js";

const vectors = golden("descent");

for (const [name, { minimum, points }] of Object.entries(vectors.landscapes)) {
  test(`${name} is Python's`, () => {
    const landscape = LANDSCAPES[name];
    minimum.forEach((v, i) => close(landscape.minimum[i], v, "minimum"));
    for (const { w, value, gradient, hessian, largest } of points) {
      close(landscape.value(w), value, "value");
      landscape.gradient(w).forEach((v, i) => close(v, gradient[i], "gradient"));
      const [xx, xy, yy] = landscape.hessian(w);
      [xx, xy, xy, yy].forEach((v, i) => close(v, hessian[i], "hessian"));
      close(largestCurvature(landscape, w), largest, "L", 1e-11, 1e-11);
    }
  });
}

for (const { landscape, start, racers, critical, ...course } of vectors.races) {
  test(`the race on ${landscape} at ${course.rate}, seed ${course.seed}, is Python's`, () => {
    close(2 / largestCurvature(LANDSCAPES[landscape]), critical, "2/L", 1e-11);
    for (const [method, { diverged, seen }] of Object.entries(racers)) {
      const racer = new Racer(method, { landscape: LANDSCAPES[landscape], start, ...course });
      for (let k = 0; k < 100; k++) racer.step();
      assert.equal(racer.fate === "diverged" ? racer.steps : null, diverged, method);
      for (const [k, x, y, loss] of seen) {
        // A race that swings or grows also lets the last digits grow; Newton divides by small curvatures.
        const loose = method === "newton" ? 1e-9 : 1e-11;
        close(racer.path[k][0], x, `${method} x at ${k}`, loose, loose);
        close(racer.path[k][1], y, `${method} y at ${k}`, loose, loose);
        close(racer.losses[k], loss, `${method} loss at ${k}`, 10 * loose, loose);
      }
    }
  });
}

const run = (method, rate, options = {}, steps = 300) => {
  const racer = new Racer(method, { landscape: LANDSCAPES.quadratic, start: [-2.5, 1.5], rate, ...options });
  for (let k = 0; k < steps; k++) racer.step();
  return racer;
};

test("gradient descent on a bowl holds on below 2/L = 0.5, swings for ever at it, and blows up above", () => {
  assert.ok(run("gradient_descent", 0.49, {}, 2000).fate === "rest");
  const edge = run("gradient_descent", 0.5);
  assert.equal(edge.fate, "racing");
  assert.equal(Math.abs(edge.w[1]), 1.5);
  assert.equal(run("gradient_descent", 0.51, {}, 400).fate, "diverged");
});

test("momentum holds on up to 2(1 + β)/L, and no further", () => {
  assert.notEqual(run("momentum", 0.94, { momentum: 0.9 }, 5000).fate, "diverged");
  assert.equal(run("momentum", 0.96, { momentum: 0.9 }, 5000).fate, "diverged");
});

test("Newton reaches the bottom of a bowl in one step, and finish counts it", () => {
  const racer = run("newton", 0.1, {}, 5);
  assert.ok(Math.hypot(...racer.path[1]) < 1e-14);
  assert.equal(finish(racer, 1e-6), 1);
  assert.equal(finish(run("gradient_descent", 0.51, {}, 400), 1e-6), null);
  assert.equal(finish(run("gradient_descent", 0.1, {}, 20), 1e-6), null); // on its way, not there
});

test("Newton's direction points downhill on a saddle", () => {
  const w = /** @type {[number, number]} */ ([0.2, 0.1]);
  const g = LANDSCAPES.saddle.gradient(w);
  const way = newtonDirection(LANDSCAPES.saddle.hessian(w), g);
  assert.ok(way[0] * g[0] + way[1] * g[1] < 0);
  assert.deepEqual(newtonDirection([0, 0, 0], [1, -2]), [-1, 2]);
});

test("eigen gives curvatures and an axis of one matrix", () => {
  const { large, small, axis } = eigen([802, -400, 200]);
  close(large + small, 1002, "trace");
  close(large * small, 802 * 200 - 160_000, "determinant", 1e-9);
  close(802 * axis[0] - 400 * axis[1], large * axis[0], "axis", 1e-12);
});

test("level lines lie on their level", () => {
  const view = { x: /** @type {[number, number]} */ ([-3, 3]), y: /** @type {[number, number]} */ ([-2, 2]), cells: 60 };
  const lines = levelLines(LANDSCAPES.quadratic, 2, view);
  assert.ok(lines.length > 60);
  for (const [a, b, c, d] of lines) {
    for (const w of [[a, b], [c, d]]) close(LANDSCAPES.quadratic.value(/** @type {[number, number]} */ (w)), 2, "level", 0.01);
  }
});

test("racers of one seed are pushed alike, and others not", () => {
  const pushed = (method, seed) => run(method, 0.1, { noise: 1, seed }, 0).slope;
  for (const method of METHODS) assert.deepEqual(pushed(method, 4), pushed("adam", 4));
  assert.notDeepEqual(pushed("adam", 4), pushed("adam", 5));
});

test("bad input is named", () => {
  assert.throws(() => run("sgd", 0.1), /method must be one of/);
  assert.throws(() => run("adam", 0), /rate must be greater than 0, got 0/);
  assert.throws(() => run("adam", 0.1, { noise: NaN }), /noise must be a finite number/);
});

const told = (settings, steps = 400) => {
  const all = { landscape: "quadratic", learning_rate: 0.1, momentum: 0.9, batch_noise: 0, start: [-2.5, 1.5], optimizers: METHODS, seed: 0, ...settings };
  const race = new Race((name) => all[name]);
  race.step(steps);
  return sentence(race);
};

test("the words name 2/L, the factor and the step at which it blew up", () => {
  assert.match(told({}), /η = 0.1 is below 2\/L = 0.5: .* leaves 1 − ηL = 0.600/);
  assert.match(told({ learning_rate: 0.3 }), /each swing is 0.200 of the last/);
  assert.match(told({ learning_rate: 0.5 }), /for ever/);
  assert.match(told({ learning_rate: 0.51 }), /above 2\/L = 0.5: .*−1.040, so gradient descent diverges. It blew up at step 301/);
  assert.doesNotMatch(told({ learning_rate: 0.51 }, 20), /blew up/);
  assert.match(told({ landscape: "double_well", start: [1.7, 1.2] }), /higher well for good: gradient descent, Adam, Newton/);
  assert.match(told({ landscape: "saddle", start: [-1.8, 0] }), /Waiting at the saddle/);
  assert.match(told({ batch_noise: 1 }), /noise lets nobody come to rest/);
  assert.match(told({ batch_noise: 1, learning_rate: 0.96 }), /Momentum diverged at step \d+. The noise/);
  assert.match(told({}, 0), /not begun/);
});

test("the first to arrive is first within a millionth, by the closed form", () => {
  const loss = (k) => 0.5 * (2.5 ** 2 * 0.9 ** (2 * k) + 4 * 1.5 ** 2 * 0.6 ** (2 * k)); // 1 − η and 1 − 4η to the k
  let k = 0;
  while (loss(k) > 1e-6) k++;
  assert.match(told({ optimizers: ["gradient_descent"] }), new RegExp(`First within 10⁻⁶ of the minimum: gradient descent, after ${k} steps`));
});

test("where the start is steeper than the minimum, the words say so", () => {
  const text = told({ landscape: "rosenbrock", start: [-2, 2], learning_rate: 0.0019, optimizers: ["gradient_descent"] });
  assert.match(text, /below 2\/L = 0.001997 at the minimum.*blew up at step \d+ all the same: at the start the curvature is \d+/);
});

test("where noise throws it to a steeper place, the words name that place and not the start", () => {
  const text = told({ landscape: "double_well", start: [0.5, 0], learning_rate: 0.5, batch_noise: 5, optimizers: ["gradient_descent"] });
  const [, at, steep, bound] = text.match(/after step (\d+) it stood where the curvature is ([\d.]+), and 2\/\2 = (\d\.\d+)/).map(Number);
  assert.ok(at > 0);
  close(bound, 2 / steep, "2/curvature", 0.01);
  assert.ok(bound < 0.5);
});

test("at 2/L a bowl is swung in for ever; elsewhere more than L decides", () => {
  const edge = { learning_rate: 1, start: [-1.8, 0.5] }; // 2/L = 1 on the saddle
  assert.match(told({ landscape: "saddle", ...edge }), /η = 1 is 2\/L at the minima: .*bends of higher order decide/);
  assert.doesNotMatch(told({ landscape: "ravine", learning_rate: 0.02 }), /bends/);
});

test("a start with nothing in the steepest direction does not diverge, and the words say why", () => {
  const flat = { landscape: "ravine", learning_rate: 0.021, start: [-2.5, 0], optimizers: ["gradient_descent"] };
  assert.match(told(flat), /above 2\/L = 0.02: .*−1.100. This start has nothing in that direction/);
  assert.doesNotMatch(told(flat), /blew up/);
  assert.match(told({ ...flat, batch_noise: 0.1 }), /so gradient descent diverges. It blew up/);
  assert.match(told({ ...flat, start: [-2.5, 1e-3] }), /so gradient descent diverges. It blew up/);
});
