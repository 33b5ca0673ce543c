import assert from "node:assert/strict";
import { test } from "node:test";

import { softmax } from "../../book_lib/explorables/core/softmax.js";
import { boltzmann, energiesOf, thermal } from "../../book_lib/explorables/core/thermal.js";
import { close, golden } from "./golden.js";

const number = (value) => (value === "inf" ? Infinity : value);

test("levels at a temperature are Python's, from T = 0 to infinity", () => {
  for (const { energies, temperature, ...expected } of golden("thermal").cases) {
    const [levels, T] = [energies.map(number), number(temperature)];
    const label = `E = ${levels}, T = ${T}`;
    const seen = thermal(levels, T);
    expected.p.forEach((p, i) => close(seen.p[i], p, `${label}: p[${i}]`));
    for (const name of ["entropy", "energy", "heat"]) close(seen[name], expected[name], `${label}: ${name}`);
  }
});

test("1e308, which stands for infinity on the way from Python, gives the same law as infinity", () => {
  assert.deepEqual([...softmax([50, -50, 3], 1e308)], [...softmax([50, -50, 3], Infinity)]);
});

test("a constant added to all scores changes nothing, not even in the last bit", () => {
  assert.deepEqual([...energiesOf([4, 3, 2, 0])], [0, 1, 2, 4]);
  assert.deepEqual([...energiesOf([9, 8, 7, 5])], [0, 1, 2, 4]);
});

test("dS/dT = Var E/T³, and C = d⟨E⟩/dT: the lemma by finite differences", () => {
  const energies = [0, 1, 2, 4];
  for (const T of [0.3, 1, 4]) {
    const h = 1e-5;
    const [low, high, now] = [T - h, T + h, T].map((at) => thermal(energies, at));
    close((high.energy - low.energy) / (2 * h), now.heat, "dE/dT", 1e-6);
    close((high.entropy - low.entropy) / (2 * h), now.heat / T, "dS/dT", 1e-6);
  }
});

test("two pairs of levels have the heat capacity of two levels, and ln 2 more entropy", () => {
  for (const T of [0.1, 0.4168, 1, 20]) {
    const [two, pairs] = [thermal([0, 1], T), thermal([0, 0, 1, 1], T)];
    close(pairs.heat, two.heat);
    close(pairs.entropy, two.entropy + Math.LN2);
  }
});

test("bad input is named", () => {
  assert.throws(() => boltzmann([Infinity, Infinity], 1), /at least one outcome/);
  assert.throws(() => thermal([0, 1], -1), /temperature must be at least 0, got -1/);
});
