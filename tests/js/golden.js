// Reads the golden vectors and compares with them: states exactly, floats to the last few bits.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** The vectors of tests/golden/<name>.json, written by the Python library. */
export function golden(name) {
  return JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), "utf8"));
}

/** Spins as the golden files write them: 1 for up, 0 for down. */
export function pattern(spins) {
  return Array.from(spins, (spin) => (spin > 0 ? "1" : "0")).join("");
}

/** The spins that a pattern stands for. */
export function spinsOf(text) {
  return Int8Array.from(text, (letter) => (letter === "1" ? 1 : -1));
}

/** Assert |actual − expected| ≤ absolute + relative·|expected|. */
export function close(actual, expected, label = "", relative = 1e-12, absolute = 1e-12) {
  const gap = Math.abs(actual - expected);
  assert.ok(gap <= absolute + relative * Math.abs(expected), `${label}: ${actual}, expected ${expected}`);
}
