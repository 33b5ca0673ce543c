// One neuron, h = g(w₁x₁ + w₂x₂ + c), and the rows it should fire for: book_lib/explorables/neuron.py in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/neuron.json.

import { HOUSES } from "./houses.js";
import { sigmoid } from "./mlp.js";

export const LOW = -0.5; // the plane
export const HIGH = 1.5;
const [AREA, DISTANCE] = [200, 25]; // m² and km: units of the two inputs of a house
const CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]];
/** @type {Record<string, number[]>} */
const TRUTHS = { and: [0, 0, 0, 1], or: [0, 1, 1, 1], xor: [0, 1, 1, 0] };

/** @typedef {{x: number[], t: number}[]} Rows */
/** @typedef {{w1: number, w2: number, bias: number, activation: string}} Unit */

/** @type {Record<string, (z: number) => number>} */
export const ACTIVATIONS = { step: (z) => Number(z > 0), sigmoid, tanh: Math.tanh, relu: (z) => Math.max(z, 0), identity: (z) => z };

/** Slopes g′(z); of the jump of a step, and at the bend of ReLU, the left one. @type {Record<string, (z: number) => number>} */
export const SLOPES = { step: () => 0, sigmoid: (z) => sigmoid(z) * (1 - sigmoid(z)), tanh: (z) => 1 - Math.tanh(z) ** 2, relu: (z) => Number(z > 0), identity: () => 1 };

/** A table of truth, or five houses: area in units of 200 m², nearness 1 − distance/25 km, large and near or not. @param {string} data @returns {Rows} */
export function rowsOf(data) {
  if (data !== "house") return CORNERS.map((x, i) => ({ x, t: TRUTHS[data][i] }));
  return HOUSES.map(({ area, distance }) => ({ x: [area / AREA, 1 - distance / DISTANCE], t: Number(area >= 150 && distance <= 5) }));
}

/** @param {Unit} unit @param {number[]} x */
export const preActivation = ({ w1, w2, bias }, [a, b]) => w1 * a + w2 * b + bias;

/** How many rows are answered as they should be: yes where z > 0. @param {Unit} unit @param {Rows} rows */
export const right = (unit, rows) => rows.filter(({ x, t }) => Number(preActivation(unit, x) > 0) === t).length;

/**
 * Between which biases these weights make AND or OR: above `low`, and at most `high`; none where low is not below high.
 * @param {string} data  "and" or "or" @param {number} w1 @param {number} w2
 */
export function biasesFor(data, w1, w2) {
  const high = data === "and" ? Math.min(0, -w1, -w2) : 0; // silent for (0, 0), and for AND with one input alone
  const low = data === "and" ? -(w1 + w2) : -Math.min(w1, w2); // fires for both, and for OR for each alone
  return { low: low + 0, high: high + 0 }; // no −0
}

/** Where w₁x₁ + w₂x₂ + c > 0 within a box: its corners in turn. @param {number[]} line  w₁, w₂, c @param {number[]} box  x from, to, y from, to */
export function halfPlane([u, v, c], [x0, x1, y0, y1]) {
  const corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  const height = (/** @type {number[]} */ p) => u * p[0] + v * p[1] + c;
  return corners.flatMap((a, i) => {
    const b = corners[(i + 1) % 4];
    const [from, to] = [height(a), height(b)];
    const kept = from > 0 ? [a] : [];
    if (from > 0 !== to > 0) kept.push([0, 1].map((k) => a[k] + (from / (from - to)) * (b[k] - a[k])));
    return kept;
  });
}

/** The two ends of the line w₁x₁ + w₂x₂ + c = 0 within a box; none where it does not cross. @param {number[]} line @param {number[]} box */
export function border(line, [x0, x1, y0, y1]) {
  const corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  const height = (/** @type {number[]} */ p) => line[0] * p[0] + line[1] * p[1] + line[2];
  return corners.flatMap((a, i) => {
    const b = corners[(i + 1) % 4];
    const [from, to] = [height(a), height(b)];
    if (from > 0 === to > 0) return [];
    return [[0, 1].map((k) => a[k] + (from / (from - to)) * (b[k] - a[k]))];
  });
}
