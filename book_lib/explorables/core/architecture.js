// The architecture, level by level: what boxes there are, what shape leaves each, how many parameters it holds.
// Twin: book_lib/explorables/architecture_tour.py. Pure: no DOM. Golden vectors: tests/golden/architecture.json.

import { blockParameters, headWidth, hiddenOf, parameters } from "./transformer_costs.js";

/** @typedef {import("./transformer_costs.js").Config} Config */
/** @typedef {"whole" | "block" | "attention" | "head"} Level */
/** @typedef {"pre" | "post"} Norm */

/**
 * @typedef {object} Box
 * @property {string} id
 * @property {number[]} shape  of what leaves it
 * @property {number} parameters
 * @property {string} formula  of the parameters, "" where there are none
 * @property {Level} [into]  the level that opens here
 * @property {number} [times]  so many of them
 */

/** @typedef {{from: number, to: number}} Skip  a residual line, from what leaves row `from` to row `to` */

export const LEVELS = /** @type {const} */ (["whole", "block", "attention", "head"]);

/** @param {Config} config @param {Level} level @param {Norm} norm @returns {{rows: Box[][], skips: Skip[]}} */
export function levelOf(config, level, norm) {
  return { whole, block, attention, head }[level](config, norm);
}

/** @param {string} id @param {number[]} shape @param {number} [count] @param {string} [formula] @param {Partial<Box>} [more] @returns {Box} */
const box = (id, shape, count = 0, formula = "", more = {}) => ({ id, shape, parameters: count, formula, ...more });

/** @param {Config} config @param {Norm} norm */
function whole(config, norm) {
  const { layers, width: d, vocabulary: V, context: T } = config;
  const all = parameters(config);
  const block = Object.values(blockParameters(config)).reduce((a, b) => a + b, 0);
  const rows = [
    box("ids", [T]),
    box("embedding", [T, d], all.tokens, "V·d"),
    box("positions", [T, d], all.positions, "T·d"),
    box("block", [T, d], layers * block, "L·(12d² + 13d)", { into: "block", times: layers }),
    ...(norm === "pre" ? [box("final", [T, d], 2 * d, "2d")] : []),
    box("unembedding", [T, V], all.unembedding, all.unembedding ? "V·d" : ""),
    box("softmax", [T, V]),
  ];
  return { rows: rows.map((one) => [one]), skips: [] };
}

/** @param {Config} config @param {Norm} norm */
function block(config, norm) {
  const { width: d, context: T } = config;
  const p = blockParameters(config);
  const [norm1, norm2] = [box("norm1", [T, d], p.norm1, "2d"), box("norm2", [T, d], p.norm2, "2d")];
  const mix = box("attention", [T, d], p.qkv + p.out, "4d² + 4d", { into: "attention" });
  const mlp = box("mlp", [T, d], p.up + p.down, hiddenOf(config) === 4 * d ? "8d² + 5d" : "2dm + d + m");
  const [add1, add2] = [box("add1", [T, d]), box("add2", [T, d])];
  const start = box("stream", [T, d]);
  const rows = norm === "pre" ? [start, norm1, mix, add1, norm2, mlp, add2] : [start, mix, add1, norm1, mlp, add2, norm2];
  const at = (/** @type {string} */ id) => rows.findIndex((one) => one.id === id);
  const second = norm === "pre" ? at("add1") : at("norm1");
  return { rows: rows.map((one) => [one]), skips: [{ from: 0, to: at("add1") }, { from: second, to: at("add2") }] };
}

/** @param {Config} config */
function attention(config) {
  const { width: d, context: T, heads } = config;
  const p = blockParameters(config);
  const rows = [
    box("stream", [T, d]),
    box("qkv", [T, 3 * d], p.qkv, "3d² + 3d"),
    box("heads", [heads, T, headWidth(config)], 0, "", { into: "head", times: heads }),
    box("concat", [T, d]),
    box("out", [T, d], p.out, "d² + d"),
  ];
  return { rows: rows.map((one) => [one]), skips: [] };
}

/** @param {Config} config */
function head(config) {
  const { width: d, context: T } = config;
  const k = headWidth(config);
  const share = d * k + k; // of the matrix that makes Q, K and V for all heads
  return {
    rows: [
      [box("stream", [T, d])],
      ["Q", "K", "V"].map((id) => box(id, [T, k], share, "d·dₕ + dₕ")),
      [box("scores", [T, T])],
      [box("mask", [T, T])],
      [box("weights", [T, T])],
      [box("blend", [T, k])],
    ],
    skips: [],
  };
}
