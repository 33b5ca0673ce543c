import assert from "node:assert/strict";
import { test } from "node:test";

import * as exact from "../../book_lib/explorables/core/onsager.js";
import { close, golden } from "./golden.js";

const vectors = golden("exact");

test("Onsager's curves are Python's", () => {
  close(exact.CRITICAL_TEMPERATURE, vectors.critical_temperature, "T_c", 1e-15, 0);
  for (const { temperature: t, coupling: j, ...curves } of vectors.curves) {
    const label = `T=${t} J=${j}`;
    // At T_c itself m is the eighth root of the rounding of T: of 1e-16, that is 0.01.
    const critical = Math.abs(t - vectors.critical_temperature) < 1e-9;
    close(exact.onsagerMagnetization(t, j), curves.onsager_magnetization, label, 1e-12, critical ? 0.03 : 1e-12);
    close(exact.onsagerEnergy(t, j), curves.onsager_energy, label);
    close(exact.onsagerFreeEnergy(t, j), curves.onsager_free_energy, label);
    close(exact.onsagerEntropy(t, j), curves.onsager_entropy, label);
    if (!critical) close(exact.onsagerSpecificHeat(t, j), curves.onsager_specific_heat, label, 1e-9);
  }
});

test("mean field is Python's", () => {
  for (const { temperature: t, field: h, coupling: j, start, magnetization, free_energy: free } of vectors.mean_field) {
    close(exact.meanFieldMagnetization(t, h, j, 4, start), magnetization, `T=${t} h=${h} J=${j} from ${start}`);
    [-1, -0.3, 0, 0.9, 1].forEach((m, i) => close(exact.meanFieldFreeEnergy(m, t, h, j), free[i], `F(${m})`));
  }
});

test("without coupling nothing is ordered", () => {
  assert.equal(exact.onsagerEnergy(2, 0), 0);
  assert.equal(exact.onsagerSpecificHeat(2, 0), 0);
  assert.equal(exact.onsagerMagnetization(2, 0), 0);
  close(exact.onsagerEntropy(2, 0), Math.log(2), "ln 2");
});

test("bad input is named", () => {
  assert.throws(() => exact.onsagerEnergy(0), /temperature must be greater than 0/);
  assert.throws(() => exact.onsagerMagnetization(1, NaN), /coupling must be a finite number/);
  assert.throws(() => exact.meanFieldMagnetization(1, 0, 1, 4, 2), /start must lie between -1 and 1, got 2/);
  assert.throws(() => exact.meanFieldFreeEnergy(1.1, 1), /m must lie between -1 and 1/);
});
