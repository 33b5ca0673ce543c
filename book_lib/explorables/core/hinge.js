// House prices by a line and a hinge, y = 5x₁ + ReLU(ax₁ + bx₂ + c): book_lib/explorables/hinge_lab.py in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/hinge.json.

import { HOUSES } from "./houses.js";

export const SLOPE = 5; // h₁ = 5x₁
export const SECOND = [53 / 3, 1, -10, -60]; // weight, then a, b, c of the second hinge
/** What a slide once showed for the first four houses. */
export const PRINTED = { h2: [596, 344, 0, 0], y: [896, 694, 1100, 680] };
/** Row 3 is this much of row 1 and of row 2: x₃ = αx₁ + βx₂ with positive shares. */
export const SHARES = shares();

/** @typedef {{a: number, b: number, bias: number, second: boolean}} Knobs */

/** α and β with (220, 25) = α(60, 2) + β(70, 8), by Cramer's rule. */
function shares() {
  const [one, two, three] = HOUSES;
  const det = one.area * two.distance - two.area * one.distance;
  return [(three.area * two.distance - two.area * three.distance) / det, (one.area * three.distance - three.area * one.distance) / det];
}

/** ReLU(ax₁ + bx₂ + c). @param {number} area @param {number} distance @param {number} a @param {number} b @param {number} bias */
export const hinge = (area, distance, a, b, bias) => Math.max(a * area + b * distance + bias, 0);

/** h₁, h₂ and what the second hinge adds, for each house. @param {Knobs} knobs @returns {number[][]} */
export function hidden({ a, b, bias, second }) {
  const [weight, u, v, c] = SECOND;
  return HOUSES.map(({ area, distance }) => [SLOPE * area, hinge(area, distance, a, b, bias), second ? weight * hinge(area, distance, u, v, c) : 0]);
}

/** y of each house. @param {Knobs} knobs */
export const prices = (knobs) => hidden(knobs).map((row) => row[0] + row[1] + row[2]);

/** The houses, counted from 1, where the hinge is positive. @param {Knobs} knobs */
export const active = (knobs) => hidden(knobs).flatMap((row, i) => (row[1] > 0 ? [i + 1] : []));
