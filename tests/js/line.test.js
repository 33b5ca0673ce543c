import assert from "node:assert/strict";
import { test } from "node:test";

import { LONGEST, bestLine, contour, descend, gradient, lineData, lineLoss } from "../../book_lib/explorables/core/line.js";
import { close, golden } from "./golden.js";

const vectors = golden("line");

for (const { seed, x, t, best, start, loss, way } of vectors.runs) {
  test(`points, least squares and descent of seed ${seed} are Python's`, () => {
    const points = lineData(seed);
    points.x.forEach((v, i) => close(v, x[i], `x[${i}]`));
    points.t.forEach((v, i) => close(v, t[i], `t[${i}]`));
    bestLine(points).forEach((v, i) => close(v, best[i], `best ${i}`, 1e-11));
    close(lineLoss(points, start), loss, "loss");
    let line = start;
    for (let step = 0; step <= 50; step++) {
      const k = vectors.steps.indexOf(step);
      if (k >= 0) line.forEach((v, i) => close(v, way[k][i], `step ${step}`, 1e-11));
      line = descend(points, line);
    }
  });
}

test("the race ends at the least-squares line, from anywhere, for any seed", () => {
  for (let seed = 0; seed < 60; seed++) {
    const points = lineData(seed);
    let line = seed % 2 ? [-3, 6] : [3, -4];
    let loss = lineLoss(points, line);
    for (let step = 0; step < LONGEST; step++) {
      line = descend(points, line);
      const next = lineLoss(points, line);
      assert.ok(next <= loss + 1e-12, `seed ${seed}: the loss rose at step ${step}`);
      loss = next;
    }
    bestLine(points).forEach((v, i) => close(line[i], v, `seed ${seed}`, 0, 1e-9));
  }
});

test("the gradient is the slope of the loss", () => {
  const points = lineData(4);
  const [a, b, h] = [0.7, -0.3, 1e-5];
  const rise = [
    (lineLoss(points, [a + h, b]) - lineLoss(points, [a - h, b])) / (2 * h),
    (lineLoss(points, [a, b + h]) - lineLoss(points, [a, b - h])) / (2 * h),
  ];
  gradient(points, [a, b]).forEach((g, i) => close(g, rise[i], "gradient", 1e-8, 1e-8));
});

test("a contour is where the loss is that much above its least", () => {
  const points = lineData(9);
  const least = lineLoss(points, bestLine(points));
  for (const line of contour(points, 0.7)) close(lineLoss(points, line) - least, 0.7, "contour", 1e-10);
});
