// Words and signs for computation graphs: how a node is called, written and drawn; the ready-made formulas.

import { significant } from "../kit/format.js";

/** @typedef {import("../core/formula.js").Node} Node */
/** @typedef {import("../core/formula.js").Formula} Formula */

/** The same as PRESETS of `computation_graph.py`. @type {Record<string, {formula: string, inputs: Record<string, number>}>} */
export const PRESETS = {
  logistic: { formula: "z = w*x + c\ny = sigmoid(z)\nL = (y - t)^2 / 2", inputs: { w: 1, x: 2, c: -1, t: 0 } },
  "fan-out": { formula: "x = cos(t)\ny = t^2\nf = y + exp(x*y)", inputs: { t: 1 } },
  softmax: {
    formula: "e1 = exp(z1)\ne2 = exp(z2)\ne3 = exp(z3)\nS = e1 + e2 + e3\ny1 = e1/S\ny2 = e2/S\ny3 = e3/S\nL = -log(y2)",
    inputs: { z1: 2, z2: 1, z3: 0 },
  },
  network: {
    formula: "h1 = sigmoid(w11*x1 + w12*x2 + c1)\nh2 = sigmoid(w21*x1 + w22*x2 + c2)\ny = v1*h1 + v2*h2 + d\nL = (y - t)^2 / 2",
    inputs: { w11: 1, x1: 2, w12: -2, x2: 1, c1: 0, w21: -1, w22: 2, c2: 0, v1: 2, v2: -1, d: 0, t: 1.5 },
  },
};

/** A number as it stands in the picture and in sentences. @param {number} v */
export const number = (v) => significant(v, 4);

/** What each node is called: its name, or v and its place in the order. @param {Formula} formula @returns {string[]} */
export function labels({ nodes }) {
  const taken = (/** @type {string} */ letter) => nodes.some(({ name }) => new RegExp(`^${letter}\\d+$`).test(name));
  const letter = ["v", "n", "u", "k"].find((one) => !taken(one)) ?? "node";
  return nodes.map(({ id, name }) => name || `${letter}${id + 1}`);
}

/** @type {Record<string, string>} */
const SIGNS = { sigmoid: "σ", negate: "−", product: "×", quotient: "÷", power: "^" };

/** How an operation is written in its node. @param {Node} node */
export function symbol(node) {
  if (node.op === "sum") return sumSymbol(node);
  const sign = SIGNS[node.op] ?? node.op;
  if (node.constant === null) return sign;
  const constant = significant(node.constant, 3);
  return node.first && node.op !== "product" ? constant + sign : sign + constant;
}

/** @param {Node} node */
function sumSymbol({ signs, constant, args }) {
  const sign = signs.every((s) => s > 0) ? "+" : args.length === 2 && signs[0] > 0 ? "−" : "±";
  if (constant === null) return sign;
  const size = significant(Math.abs(constant), 3);
  const minus = constant < 0 ? "−" : "";
  if (args.length > 1) return `${sign} ${minus || "+"}${size}`;
  return signs[0] < 0 ? `${minus}${size}−` : `${minus || "+"}${size}`;
}

/**
 * An operation with its arguments written out.
 * @param {Node} node @param {string[]} args  what stands for them
 */
export function expression(node, args) {
  const { op, constant, first, signs } = node;
  if (op === "sum") {
    const terms = args.map((text, i) => ({ text, minus: signs[i] < 0 }));
    if (constant !== null) terms.splice(signs[0] < 0 ? 0 : terms.length, 0, { text: number(Math.abs(constant)), minus: constant < 0 });
    return terms.map(({ text, minus }, i) => (i ? (minus ? " − " : " + ") : minus ? "−" : "") + wrapped(text)).join("");
  }
  const all = constant === null ? args : first ? [number(constant), ...args] : [...args, number(constant)];
  const [a, b] = all.map(wrapped);
  if (op === "negate") return `−${a}`;
  if (op === "product") return `${a} × ${b}`;
  if (op === "quotient") return `${a} / ${b}`;
  if (op === "power") return `${a}^${b}`;
  return `${op}(${all[0]})`;
}

/** A negative number, or one with a power of ten, in parentheses. @param {string} text */
export const wrapped = (text) => (/^−|×/.test(text) ? `(${text})` : text);
