/**
 * One token on its way through a GPT: every tensor from the embedding to the probabilities, and the arithmetic behind
 * each single number. Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/gpt.json.
 */

import { headScores, layerNorm, linear, moments, softmaxInto } from "./gpt.js";

/** @typedef {import("./gpt.js").GPTState} GPTState */
/** @typedef {import("./gpt.js").Linear} Linear */
/** @typedef {import("./gpt.js").Norm} Norm */
/**
 * How a number was made. `value` is made anew from the parts, so that it can be held against the tensor's.
 * @typedef {object} Made
 * @property {"lookup" | "sum" | "norm" | "dot" | "softmax" | "gelu"} kind
 * @property {number} value
 * @property {[string, number][]} [parts]  named numbers: the summands of a sum; mean, deviation and so on of a norm
 * @property {ArrayLike<number>} [a]  of a dot product, the left factors
 * @property {ArrayLike<number>} [b]  of a dot product, the right ones
 * @property {string} [left]  what the left factors are
 * @property {string} [right]
 * @property {number} [scale]  of a dot product
 * @property {number} [bias]
 */
/**
 * @typedef {object} Tensor
 * @property {string} name  a key: "tokens", "norm1", "q" …
 * @property {number} layer  from 0; -1 before the first, `layers` after the last
 * @property {number[]} shape
 * @property {Float64Array} data
 * @property {(i: number) => Made} explain
 */

/**
 * All tensors of the token at a position of a text that the model has read.
 * @param {GPTState} state @param {number} position
 * @returns {Tensor[]}
 */
export function trace(state, position) {
  const { model } = state;
  const { width: d, layers } = model.config;
  const id = state.ids[position];
  /** @type {Tensor[]} */
  const all = [];
  const keep = (/** @type {string} */ name, /** @type {number} */ layer, /** @type {Float64Array} */ data, /** @type {(i: number) => Made} */ explain, /** @type {number[]} */ shape = [data.length]) => {
    all.push({ name, layer, shape, data, explain });
    return data;
  };
  const tokens = keep("tokens", -1, Float64Array.from(model.tokens.subarray(id * d, (id + 1) * d)), (i) => lookup(tokens, i));
  const positions = keep("positions", -1, Float64Array.from(model.positions.subarray(position * d, (position + 1) * d)), (i) => lookup(positions, i));
  let x = keep("x", -1, tokens.map((v, i) => v + positions[i]), (i) => sum([["tokens", tokens[i]], ["positions", positions[i]]]));
  for (let layer = 0; layer < layers; layer++) x = traceBlock(state, layer, position, x, keep);
  const normed = keep("final", layers, normOf(model.norm, x), explainNorm(model.norm, x));
  const logits = keep("logits", layers, times(model.unembedding, normed), explainLinear(model.unembedding, normed, "final"));
  keep("p", layers, softmaxOf(logits), explainSoftmax(logits));
  return all;
}

/**
 * @param {GPTState} state @param {number} layer @param {number} position @param {Float64Array} x
 * @param {(name: string, layer: number, data: Float64Array, explain: (i: number) => Made, shape?: number[]) => Float64Array} keep
 */
function traceBlock(state, layer, position, x, keep) {
  const block = state.model.blocks[layer];
  const { width: d, heads } = state.model.config;
  const normed = keep("norm1", layer, normOf(block.norm1, x), explainNorm(block.norm1, x));
  const qkv = times(block.qkv, normed);
  const [q] = ["q", "k", "v"].map((name, part) =>
    keep(name, layer, qkv.slice(part * d, (part + 1) * d), (i) => explainLinear(block.qkv, normed, "norm1")(part * d + i), [heads, d / heads]));
  const mixed = traceHeads(state, layer, position, q, keep);
  const attended = keep("attended", layer, times(block.out, mixed), explainLinear(block.out, mixed, "mixed"));
  const middle = keep("middle", layer, x.map((v, i) => v + attended[i]), (i) => sum([["x", x[i]], ["attended", attended[i]]]));
  const again = keep("norm2", layer, normOf(block.norm2, middle), explainNorm(block.norm2, middle));
  const up = keep("up", layer, times(block.up, again), explainLinear(block.up, again, "norm2"));
  const { activate } = state.model;
  const inner = keep("gelu", layer, up.map(activate), (i) => ({ kind: "gelu", value: activate(up[i]), parts: [["up", up[i]], ["share", up[i] === 0 ? 0.5 : activate(up[i]) / up[i]]] }));
  const down = keep("down", layer, times(block.down, inner), explainLinear(block.down, inner, "gelu"));
  return keep("x", layer, middle.map((v, i) => v + down[i]), (i) => sum([["middle", middle[i]], ["down", down[i]]]));
}

/**
 * @param {GPTState} state @param {number} layer @param {number} position @param {Float64Array} q
 * @param {(name: string, layer: number, data: Float64Array, explain: (i: number) => Made, shape?: number[]) => Float64Array} keep
 */
function traceHeads(state, layer, position, q, keep) {
  const { width: d, heads } = state.model.config;
  const [size, seen] = [d / heads, position + 1];
  const [keys, values] = [state.keys[layer], state.values[layer]];
  const scores = new Float64Array(heads * seen);
  for (let head = 0; head < heads; head++) headScores(q, head * size, keys, seen, head * size, size, d, scores.subarray(head * seen));
  keep("scores", layer, scores, (i) => {
    const [head, s] = [Math.floor(i / seen), i % seen];
    const part = (/** @type {Float64Array} */ from, /** @type {number} */ row) => from.subarray(row * d + head * size, row * d + (head + 1) * size);
    return dot(part(q, 0), part(keys, s), { left: "q", right: "k", scale: 1 / Math.sqrt(size) });
  }, [heads, seen]);
  const weights = scores.slice();
  for (let head = 0; head < heads; head++) softmaxInto(weights.subarray(head * seen, (head + 1) * seen), seen);
  keep("weights", layer, weights, (i) => explainSoftmax(scores.subarray(i - (i % seen), i - (i % seen) + seen))(i % seen), [heads, seen]);
  const column = (/** @type {number} */ i) => Float64Array.from({ length: seen }, (_, s) => values[s * d + i]);
  const row = (/** @type {number} */ i) => weights.subarray(Math.floor(i / size) * seen, (Math.floor(i / size) + 1) * seen);
  const mixed = Float64Array.from({ length: d }, (_, i) => dot(row(i), column(i), {}).value);
  return keep("mixed", layer, mixed, (i) => dot(row(i), column(i), { left: "weights", right: "v" }), [heads, size]);
}

// ---------------------------------------------------------------------------------------------------- small pieces

/** @param {Linear} layer @param {Float64Array} x */
function times(layer, x) {
  const y = new Float64Array(layer.rows);
  linear(layer, x, y, 1);
  return y;
}

/** @param {Norm} norm @param {Float64Array} x */
function normOf(norm, x) {
  const y = new Float64Array(x.length);
  layerNorm(norm, x, y, 1);
  return y;
}

/** @param {Float64Array} x */
function softmaxOf(x) {
  const p = x.slice();
  softmaxInto(p, p.length);
  return p;
}

/** @param {Float64Array} row @param {number} i @returns {Made} */
const lookup = (row, i) => ({ kind: "lookup", value: row[i] });

/** @param {[string, number][]} parts @returns {Made} */
const sum = (parts) => ({ kind: "sum", value: parts.reduce((total, [, v]) => total + v, 0), parts });

/**
 * @param {ArrayLike<number>} a @param {ArrayLike<number>} b
 * @param {{left?: string, right?: string, scale?: number, bias?: number}} how
 * @returns {Made}
 */
function dot(a, b, { left, right, scale = 1, bias = 0 }) {
  let value = 0;
  for (let j = 0; j < a.length; j++) value += a[j] * b[j];
  return { kind: "dot", value: value * scale + bias, a, b, left, right, scale, bias };
}

/** @param {Linear} layer @param {Float64Array} x @param {string} right @returns {(i: number) => Made} */
const explainLinear = ({ w, b, cols }, x, right) => (i) => dot(w.subarray(i * cols, (i + 1) * cols), x, { left: "w", right, bias: b ? b[i] : 0 });

/** @param {Norm} norm @param {Float64Array} x @returns {(i: number) => Made} */
const explainNorm = ({ gain, shift }, x) => (i) => {
  const { mean, deviation } = moments(x, 0, x.length);
  const add = shift ? shift[i] : 0;
  return { kind: "norm", value: ((x[i] - mean) / deviation) * gain[i] + add, parts: [["entry", x[i]], ["mean", mean], ["deviation", deviation], ["gain", gain[i]], ["shift", add]] };
};

/** @param {Float64Array} x @returns {(i: number) => Made} */
const explainSoftmax = (x) => (i) => {
  const top = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = x.reduce((all, v) => all + Math.exp(v - top), 0);
  return { kind: "softmax", value: Math.exp(x[i] - top) / total, parts: [["score", x[i]], ["top", top], ["total", total]] };
};
