// Rosenblatt's perceptron, one look at a time, and its mistake bound: book_lib.neural.perceptron in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/perceptron.json.

export const LOW = -1; // the plane
export const HIGH = 2;
const CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]];
/** @type {Record<string, number[]>} */
const TRUTHS = { and: [0, 0, 0, 1], or: [0, 1, 1, 1], xor: [0, 1, 1, 0] };

/** @typedef {[number, number, number]} Labelled  x₁, x₂, class 0 or 1 */
/** @typedef {[number, number, number]} Line  w₁, w₂, c */

/** Own points, before the reader moves any. @type {Labelled[]} */
export const OWN = [[-0.5, 0.25, 0], [0.75, 1.5, 1], [1.25, -0.5, 0], [1.5, 1, 1], [0.5, 0.5, 1]];

/** The four corners with the classes of a table of truth. @param {string} data @returns {Labelled[]} */
export const table = (data) => CORNERS.map(([x, y], i) => [x, y, TRUTHS[data][i]]);

/** @param {Line} line @param {ArrayLike<number>} point */
export const height = ([u, v, c], point) => u * point[0] + v * point[1] + c;

/** t = ±1 of a class. @param {Labelled} point */
export const sign = (point) => (point[2] ? 1 : -1);

/** The rule on some points, in turn from the first, from weights 0. */
export class Perceptron {
  /** @param {Labelled[]} points */
  constructor(points) {
    this.points = points;
    /** @type {Line} */
    this.line = [0, 0, 0];
    this.looks = 0;
    this.calm = 0; // looks since the last mistake
    /** The line at the start and after each mistake. @type {Line[]} */
    this.path = [[0, 0, 0]];
    /** Which example each mistake was. @type {number[]} */
    this.examples = [];
    /** Mistakes before each look. @type {number[]} */
    this.counts = [0];
  }

  get mistakes() {
    return this.examples.length;
  }

  /** A whole round without a mistake has passed. */
  get converged() {
    return this.calm >= this.points.length;
  }

  /** The example that the next look is at. */
  get next() {
    return this.looks % this.points.length;
  }

  /** Look at one example; where t(w·x + c) ≤ 0 add t·(x, 1). @returns {boolean} whether it was a mistake */
  look() {
    if (this.converged) return false;
    const i = this.next;
    const point = this.points[i];
    const t = sign(point);
    const wrong = t * height(this.line, point) <= 0;
    this.looks++;
    this.calm++;
    if (wrong) {
      const [u, v, c] = this.line;
      this.line = [u + t * point[0], v + t * point[1], c + t];
      this.path.push(this.line);
      this.examples.push(i);
      this.calm = 0;
    }
    this.counts.push(this.mistakes);
    return wrong;
  }
}

/**
 * The separating line of the widest margin γ among the rows t(x, 1), of length γ: the point of their convex hull that is
 * nearest to the origin. null where no line separates.
 * @param {Labelled[]} points @returns {Line | null}
 */
export function widest(points) {
  const rows = points.map((p) => /** @type {Line} */ ([sign(p) * p[0], sign(p) * p[1], sign(p)]));
  /** @type {Line | null} */
  let best = null;
  let least = Infinity;
  for (const chosen of subsets(rows.length)) {
    const near = nearest(chosen.map((i) => rows[i]));
    if (near && dot(near, near) < least) [best, least] = [near, dot(near, near)];
  }
  if (!best || least < 1e-12) return null;
  const found = best;
  return rows.every((row) => dot(row, found) >= least * (1 - 1e-6)) ? found : null;
}

/** @param {number[]} a @param {number[]} b */
const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);

/** One, two or three of n things. @param {number} n @returns {number[][]} */
function subsets(n) {
  const all = [];
  for (let i = 0; i < n; i++) {
    all.push([i]);
    for (let j = i + 1; j < n; j++) {
      all.push([i, j]);
      for (let k = j + 1; k < n; k++) all.push([i, j, k]);
    }
  }
  return all;
}

/** The projection of the origin onto the affine hull of some rows, if it lies in their convex hull. @param {Line[]} rows @returns {Line | null} */
function nearest(rows) {
  const [a, ...others] = rows;
  const edges = others.map((row) => row.map((v, i) => v - a[i]));
  // minimise |a + Σ s e|²: G s = −(e·a), G of one or two edges
  const g = edges.map((e) => edges.map((f) => dot(e, f)));
  const r = edges.map((e) => -dot(e, a));
  /** @type {number[]} */
  let s = [];
  if (edges.length === 1) {
    if (g[0][0] < 1e-12) return null;
    s = [r[0] / g[0][0]];
  } else if (edges.length === 2) {
    const det = g[0][0] * g[1][1] - g[0][1] * g[1][0];
    if (Math.abs(det) <= 1e-12 * g[0][0] * g[1][1]) return null; // on one line: two of them will do
    s = [(r[0] * g[1][1] - g[0][1] * r[1]) / det, (g[0][0] * r[1] - r[0] * g[1][0]) / det];
  }
  if (s.some((v) => v < -1e-12) || s.reduce((sum, v) => sum + v, 0) > 1 + 1e-12) return null;
  return /** @type {Line} */ (a.map((v, i) => v + s.reduce((sum, share, k) => sum + share * edges[k][i], 0)));
}

/** (R/γ)² for a separating line, R and γ among the rows with a 1 behind; ∞ where it is null. @param {Labelled[]} points @param {Line | null} line */
export function mistakeBound(points, line) {
  if (!line) return Infinity;
  const radius = Math.max(...points.map(([x, y]) => x * x + y * y + 1));
  const margin = Math.min(...points.map((p) => sign(p) * height(line, p)));
  return (radius * dot(line, line)) / margin ** 2;
}
