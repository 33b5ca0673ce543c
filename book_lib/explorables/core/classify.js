// Logistic and softmax regression in the plane, by gradient descent: book_lib/explorables/boundaries.py in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/classify.json.

import { backward, cholesky, dot, forward } from "./regression.js";
import { CounterRNG } from "./rng.js";
import { logSoftmax, softmax } from "./softmax.js";

export const POINTS = 12;
export const EDGE = 3; // the plane reaches from −3 to 3
const FAR = 2.9;
const SPREAD = 0.7;
/** @type {Record<string, [number, number][]>} */
const CENTERS = { two: [[-0.9, -0.4], [0.9, 0.4]], three: [[0, 1], [-0.87, -0.5], [0.87, -0.5]] };

/** @typedef {[number, number, number]} Labelled  x₁, x₂, class */
/** @typedef {number[][]} Weights  a row (bias, w₁, w₂) for each class */
/** @typedef {[number, number]} Place */

/** How many classes a view has. @param {string} view */
export const classesOf = (view) => CENTERS[view].length;

/**
 * Twelve points, the classes in turn, normal about their centres and kept within the plane.
 * @param {string} view @param {number} separation @param {number} seed
 * @returns {Labelled[]}
 */
export function cloud(view, separation, seed) {
  const centers = CENTERS[view];
  const rng = new CounterRNG(seed);
  const keep = (/** @type {number} */ v) => Math.min(FAR, Math.max(-FAR, v));
  return Array.from({ length: POINTS }, (_, i) => {
    const k = i % centers.length;
    const [x, y] = centers[k].map((c) => keep(separation * c + SPREAD * rng.standardNormal()));
    return [x, y, k];
  });
}

/** Weights that say nothing. @param {number} classes @returns {Weights} */
export const zeros = (classes) => Array.from({ length: classes }, () => [0, 0, 0]);

/** Scores of all classes at a place. @param {Weights} weights @param {number} x @param {number} y */
export const logits = (weights, x, y) => weights.map(([b, u, v]) => b + u * x + v * y);

/** p(class | x). @param {Weights} weights @param {number} x @param {number} y */
export const probabilities = (weights, x, y) => softmax(logits(weights, x, y));

/** The class with the largest score. @param {Weights} weights @param {number} x @param {number} y */
export function decide(weights, x, y) {
  const z = logits(weights, x, y);
  return z.indexOf(Math.max(...z));
}

/** (1/N) (Σ −ln p(label | x) + λ/2 Σ w²), biases apart. @param {Weights} weights @param {Labelled[]} points @param {number} penalty */
export function loss(weights, points, penalty) {
  const squares = weights.reduce((sum, [, u, v]) => sum + u * u + v * v, 0);
  const misses = points.reduce((sum, [x, y, k]) => sum - logSoftmax(logits(weights, x, y))[k], 0);
  return (misses + (penalty / 2) * squares) / points.length;
}

/**
 * Gradient of the loss: the mean of (p − t) x, plus λ/N w. With two classes those of class 0 stay 0: logistic regression.
 * @param {Weights} weights @param {Labelled[]} points @param {number} penalty
 * @returns {Weights}
 */
export function gradient(weights, points, penalty) {
  const slope = weights.map(([, u, v]) => [0, u, v].map((w) => (penalty / points.length) * w));
  for (const [x, y, label] of points) {
    const p = probabilities(weights, x, y);
    slope.forEach((row, k) => {
      const miss = (p[k] - Number(k === label)) / points.length;
      row[0] += miss;
      row[1] += miss * x;
      row[2] += miss * y;
    });
  }
  if (weights.length === 2) slope[0] = [0, 0, 0];
  return slope;
}

/** One step downhill. @param {Weights} weights @param {Labelled[]} points @param {number} penalty @param {number} rate @returns {Weights} */
export function step(weights, points, penalty, rate) {
  const slope = gradient(weights, points, penalty);
  return weights.map((row, k) => row.map((w, j) => w - rate * slope[k][j]));
}

/**
 * 2/L: below this learning rate no step raises the loss. L = c λ_max(XᵀX/N) + λ/N bounds the curvature, c = ¼ or ½.
 * @param {Labelled[]} points @param {number} classes @param {number} penalty
 */
export function largestStep(points, classes, penalty) {
  const rows = points.map(([x, y]) => [1, x, y]);
  let v = [1, 0.5, 0.25];
  let most = 0;
  for (let k = 0; k < 2000; k++) { // the power method, on three numbers
    const next = [0, 0, 0];
    for (const row of rows) row.forEach((one, i) => (next[i] += (one * dot(row, v)) / rows.length));
    const size = Math.hypot(...next);
    v = next.map((one) => one / size);
    if (Math.abs(size - most) < 1e-15 * size) break;
    most = size;
  }
  return 2 / (most / (classes === 2 ? 4 : 2) + penalty / points.length);
}

/**
 * The least loss, by Newton's method with halved steps; towards 0 where the classes can be separated and λ = 0.
 * @param {Labelled[]} points @param {number} classes @param {number} penalty
 * @returns {Weights}
 */
export function minimum(points, classes, penalty) {
  let weights = zeros(classes);
  let value = loss(weights, points, penalty);
  for (let k = 0; k < 60; k++) {
    const way = newton(weights, points, penalty);
    let next = weights;
    let lower = value;
    for (let size = 1; size > 1e-6 && lower >= value; size /= 2) {
      next = weights.map((row, c) => row.map((w, j) => w - size * way[c][j]));
      lower = loss(next, points, penalty);
    }
    if (!(lower < value)) break;
    [weights, value] = [next, lower];
  }
  return weights;
}

/** H⁻¹ g, over the classes whose weights are free. @param {Weights} weights @param {Labelled[]} points @param {number} penalty */
function newton(weights, points, penalty) {
  const classes = weights.length;
  const free = classes === 2 ? [1] : weights.map((_, k) => k);
  const size = 3 * free.length;
  const H = Array.from({ length: size }, (_, i) => {
    const row = new Float64Array(size);
    row[i] = 1e-9 + (i % 3 ? penalty / points.length : 0); // subtle: a constant added to all scores changes nothing, so H has a kernel
    return row;
  });
  for (const [x, y] of points) {
    const p = probabilities(weights, x, y);
    const row = [1, x, y];
    for (let a = 0; a < size; a++) {
      for (let b = 0; b < size; b++) {
        const [k, l] = [free[Math.floor(a / 3)], free[Math.floor(b / 3)]];
        H[a][b] += (p[k] * (Number(k === l) - p[l]) * row[a % 3] * row[b % 3]) / points.length;
      }
    }
  }
  const root = cholesky(H);
  const slope = gradient(weights, points, penalty);
  const way = backward(root, forward(root, free.flatMap((k) => slope[k])));
  return weights.map((_, k) => (free.includes(k) ? [0, 1, 2].map((j) => way[3 * free.indexOf(k) + j]) : [0, 0, 0]));
}

/**
 * The part of the plane where class k has the largest score: the square, cut by one straight line for each rival.
 * @param {Weights} weights @param {number} k
 * @returns {Place[]}  corners, none where the class never wins
 */
export function region(weights, k) {
  /** @type {Place[]} */
  let corners = [[-EDGE, -EDGE], [EDGE, -EDGE], [EDGE, EDGE], [-EDGE, EDGE]];
  weights.forEach((rival, l) => {
    if (l === k) return;
    const [b, u, v] = weights[k].map((w, j) => w - rival[j]);
    if (b === 0 && u === 0 && v === 0) corners = []; // a tie everywhere belongs to nobody
    else corners = cut(corners, (x, y) => b + u * x + v * y);
  });
  return corners;
}

/** What of a polygon lies where `height` is positive. @param {Place[]} corners @param {(x: number, y: number) => number} height */
function cut(corners, height) {
  return corners.flatMap((a, i) => {
    const b = corners[(i + 1) % corners.length];
    const [from, to] = [height(...a), height(...b)];
    /** @type {Place[]} */
    const kept = from >= 0 ? [a] : [];
    if (from >= 0 !== to >= 0) {
      const part = from / (from - to);
      kept.push([a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])]);
    }
    return kept;
  });
}

/**
 * The lines on which a function of the plane is 0, by marching through a grid of cells.
 * @param {(x: number, y: number) => number} height @param {number} [cells]  along a side
 * @returns {Place[]}  places along each line, with a place of NaN after its last
 */
export function level(height, cells = 60) {
  const side = (2 * EDGE) / cells;
  const at = (/** @type {number} */ i) => -EDGE + side * i;
  const grid = Array.from({ length: cells + 1 }, (_, i) => Float64Array.from({ length: cells + 1 }, (_, j) => height(at(i), at(j))));
  /** @type {[Place, Place][]} */
  const pieces = [];
  for (let i = 0; i < cells; i++) {
    for (let j = 0; j < cells; j++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const ends = corners.flatMap(([a, b], n) => {
        const [c, d] = corners[(n + 1) % 4];
        const [from, to] = [grid[a][b], grid[c][d]];
        if (from >= 0 === to >= 0) return [];
        const part = from / (from - to);
        return [/** @type {Place} */ ([at(a + part * (c - a)), at(b + part * (d - b))])];
      });
      for (let n = 0; n + 1 < ends.length; n += 2) pieces.push([ends[n], ends[n + 1]]);
    }
  }
  return chained(pieces);
}

/**
 * Pieces that share an end as one line: a dashed line of many pieces would begin its dashes anew at each.
 * @param {[Place, Place][]} pieces
 * @returns {Place[]}
 */
function chained(pieces) {
  const name = (/** @type {Place} */ [x, y]) => `${x.toFixed(9)} ${y.toFixed(9)}`;
  /** @type {Map<string, Set<[Place, Place]>>} */
  const at = new Map();
  for (const piece of pieces) for (const end of piece) at.set(name(end), (at.get(name(end)) ?? new Set()).add(piece));
  const left = new Set(pieces);
  const grow = (/** @type {Place[]} */ line) => {
    for (let found = true; found; ) {
      const end = name(line[line.length - 1]);
      const piece = [...(at.get(end) ?? [])].find((one) => left.has(one));
      found = piece !== undefined && left.delete(piece);
      if (piece) line.push(name(piece[0]) === end ? piece[1] : piece[0]);
    }
    return line;
  };
  /** @type {Place[]} */
  const all = [];
  for (const piece of pieces) if (left.delete(piece)) all.push(...grow(grow([...piece]).reverse()), [NaN, NaN]);
  return all;
}
