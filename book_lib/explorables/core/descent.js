// Ways to step downhill: `GradientDescent`, `Momentum`, `Adam` and `Newton` of book_lib.optimization, in two dimensions.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/descent.json.

import { finite, oneOf, positive } from "./checks.js";
import { eigen } from "./landscapes.js";
import { CounterRNG } from "./rng.js";

/** @typedef {import("./landscapes.js").Landscape} Landscape */
/** @typedef {import("./landscapes.js").Point} Point */
/** @typedef {{landscape: Landscape, start: Point, rate: number, momentum?: number, noise?: number, seed?: number}} Course */

export const METHODS = ["gradient_descent", "momentum", "adam", "newton"];
const BLOW_UP = 1e10; // a loss that has grown by this factor will not come back
const REST = 1e-9; // slopes and momentum below this are none
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** One descent: where it is, what it remembers, and how it ended. */
export class Racer {
  /** @param {string} method  one of METHODS @param {Course} course */
  constructor(method, { landscape, start, rate, momentum = 0.9, noise = 0, seed = 0 }) {
    this.method = oneOf("method", method, METHODS);
    this.landscape = landscape;
    this.rate = positive("rate", rate);
    this.momentum = finite("momentum", momentum);
    this.noise = finite("noise", noise);
    this.rng = new CounterRNG(seed); // of its own, so that all racers of one seed are pushed alike
    /** @type {Point} */
    this.w = [start[0], start[1]];
    /** @type {Point} */
    this.velocity = [0, 0];
    /** @type {Point} */
    this.square = [0, 0];
    this.steps = 0;
    /** @type {"racing" | "rest" | "diverged"} */
    this.fate = "racing";
    /** @type {Point[]} the way so far, the start included */
    this.path = [];
    /** @type {number[]} */
    this.losses = [];
    this.limit = BLOW_UP * Math.max(1, Math.abs(landscape.value(this.w)));
    /** @type {Point} the slope at w, noise included */
    this.slope = [0, 0];
    this.arrive();
  }

  get loss() {
    return this.losses[this.losses.length - 1];
  }

  /** Look around at a new place: its loss, its slope, and whether it ends here. */
  arrive() {
    const { w, landscape, noise, rng } = this;
    const loss = landscape.value(w);
    const [gx, gy] = landscape.gradient(w);
    this.slope = [gx + noise * rng.standardNormal(), gy + noise * rng.standardNormal()];
    if (!(loss <= this.limit) || !this.slope.every(Number.isFinite)) {
      this.fate = "diverged";
      return;
    }
    this.path.push(w);
    this.losses.push(loss);
    const moving = Math.max(...[...this.slope, ...this.velocity].map(Math.abs));
    if (moving <= REST) this.fate = "rest";
  }

  step() {
    if (this.fate !== "racing") return;
    const { w, slope: g, rate } = this;
    if (this.method === "gradient_descent") this.w = [w[0] - rate * g[0], w[1] - rate * g[1]];
    else if (this.method === "momentum") this.roll(g);
    else if (this.method === "adam") this.adapt(g);
    else this.jump(g);
    this.steps++;
    this.arrive();
  }

  /** v ← βv + g, w ← w − ηv. @param {Point} g */
  roll(g) {
    const { w, velocity: v, momentum, rate } = this;
    this.velocity = [momentum * v[0] + g[0], momentum * v[1] + g[1]];
    this.w = [w[0] - rate * this.velocity[0], w[1] - rate * this.velocity[1]];
  }

  /** w ← w − η m̂/(√v̂ + ε). @param {Point} g */
  adapt(g) {
    const [c1, c2] = [1 - BETA1 ** (this.steps + 1), 1 - BETA2 ** (this.steps + 1)];
    const mix = (/** @type {Point} */ old, /** @type {number} */ beta, /** @type {Point} */ now) =>
      /** @type {Point} */ (old.map((v, i) => beta * v + (1 - beta) * now[i]));
    this.velocity = mix(this.velocity, BETA1, g);
    this.square = mix(this.square, BETA2, [g[0] * g[0], g[1] * g[1]]);
    this.w = /** @type {Point} */ (this.w.map((v, i) =>
      v - (this.rate * (this.velocity[i] / c1)) / (Math.sqrt(this.square[i] / c2) + EPSILON)));
  }

  /** w ← w − α|H|⁻¹g, where α is halved until the loss falls enough. @param {Point} g */
  jump(g) {
    const { w, landscape, loss } = this;
    const way = newtonDirection(landscape.hessian(w), g);
    const slope = g[0] * way[0] + g[1] * way[1];
    // subtle: near the minimum the loss falls by less than its last digit; a step that keeps it counts as enough.
    const slack = 4 * Number.EPSILON * Math.abs(loss);
    const at = (/** @type {number} */ alpha) => /** @type {Point} */ ([w[0] + alpha * way[0], w[1] + alpha * way[1]]);
    for (let alpha = 1; alpha >= 1e-20; alpha /= 2) {
      if (landscape.value(at(alpha)) <= loss + 1e-4 * alpha * slope + slack) {
        this.w = at(alpha);
        return;
      }
    }
  }
}

/**
 * −|H|⁻¹g: curvatures count by their size, and at least 1e-8 of the largest, so that it points downhill.
 * @param {import("./landscapes.js").Hessian} hessian @param {Point} g @returns {Point}
 */
export function newtonDirection(hessian, [gx, gy]) {
  const { large, small, axis: [c, s] } = eigen(hessian);
  const sizes = [Math.abs(large), Math.abs(small)];
  const most = Math.max(...sizes);
  if (!most) return [-gx, -gy];
  const [along, across] = [(c * gx + s * gy) / Math.max(sizes[0], 1e-8 * most), (c * gy - s * gx) / Math.max(sizes[1], 1e-8 * most)];
  return [-(c * along - s * across), -(s * along + c * across)];
}

/**
 * How many steps until the loss is within `close` of the lowest and stays there; null if it is not.
 * @param {Racer} racer @param {number} close
 */
export function finish(racer, close) {
  const lowest = racer.landscape.value(racer.landscape.minimum);
  const last = racer.losses.findLastIndex((loss) => loss - lowest > close);
  return last === racer.losses.length - 1 || racer.fate === "diverged" ? null : last + 1;
}

/**
 * Level lines of a landscape by marching squares, as pieces [x1, y1, x2, y2].
 * @param {Landscape} landscape @param {number} level
 * @param {{x: [number, number], y: [number, number], cells: number}} view
 * @returns {number[][]}
 */
export function levelLines({ value }, level, { x: [x0, x1], y: [y0, y1], cells }) {
  const [dx, dy] = [(x1 - x0) / cells, (y1 - y0) / cells];
  const grid = Array.from({ length: cells + 1 }, (_, j) =>
    Float64Array.from({ length: cells + 1 }, (_, i) => value([x0 + i * dx, y0 + j * dy]) - level));
  const lines = [];
  for (let j = 0; j < cells; j++) {
    for (let i = 0; i < cells; i++) lines.push(...pieces([grid[j][i], grid[j][i + 1], grid[j + 1][i + 1], grid[j + 1][i]])
      .map((ends) => ends.map((v, k) => (k % 2 ? y0 + (j + v) * dy : x0 + (i + v) * dx))));
  }
  return lines;
}

/** The level line within one cell, whose corners are given anticlockwise; in units of the cell. @param {number[]} corners */
function pieces([a, b, c, d]) {
  const cut = (/** @type {number} */ u, /** @type {number} */ v) => u / (u - v);
  const ends = [];
  if (a > 0 !== b > 0) ends.push([cut(a, b), 0]);
  if (b > 0 !== c > 0) ends.push([1, cut(b, c)]);
  if (d > 0 !== c > 0) ends.push([cut(d, c), 1]);
  if (a > 0 !== d > 0) ends.push([0, cut(a, d)]);
  if (ends.length === 2) return [[...ends[0], ...ends[1]]];
  return ends.length === 4 ? [[...ends[0], ...ends[1]], [...ends[2], ...ends[3]]] : [];
}
