/**
 * Forward and backward through a computation graph, step by step; the twin of `Value.backward` of `book_lib.autograd`.
 *
 *   evaluate(formula, inputs)   values and local derivatives, up to the first node that has none
 *   plan(formula)               the steps: each node forward, the output's own bar, each edge backward
 *   barsAfter(formula, run, n)  bars after n of the backward steps, and how many edges each still waits for
 *   backward(formula, run)      the bars at the end
 *   differences(formula, inputs)   slopes of the output in each input, by central differences
 *
 * @typedef {import("./formula.js").Formula} Formula
 * @typedef {Record<string, number>} Inputs
 * @typedef {{values: number[], slopes: number[][], fault: {node: number, code: string} | null}} Run
 * @typedef {{child: number, parent: number, index: number}} Edge  index: which argument of the child
 * @typedef {{forward: number[], edges: Edge[]}} Plan
 */

import { finite } from "./checks.js";
import { apply, fault } from "./formula.js";

/** The number of an input, 1 where none is given; `constructor` is a name like any other. @param {Inputs} inputs @param {string} name */
export const inputOf = (inputs, name) => (Object.hasOwn(inputs, name) ? inputs[name] : 1);

/** @param {Formula} formula @param {Inputs} inputs  an input without a number is 1 @returns {Run} */
export function evaluate({ nodes }, inputs) {
  /** @type {Run} */
  const run = { values: nodes.map(() => NaN), slopes: nodes.map(() => []), fault: null };
  for (const node of nodes) {
    if (node.kind !== "operation") {
      run.values[node.id] = node.kind === "given" ? Number(node.constant) : finite(node.name, inputOf(inputs, node.name));
      continue;
    }
    const xs = node.args.map((id) => run.values[id]);
    if (!xs.every(Number.isFinite)) continue;
    const code = fault(node, xs);
    if (code) {
      run.fault ??= { node: node.id, code };
      continue;
    }
    const { value, slopes } = apply(node, xs);
    run.values[node.id] = value;
    run.slopes[node.id] = slopes;
  }
  return run;
}

/**
 * The nodes in the order of the forward pass, and the edges in that of the backward pass: a node sends its bar on when
 * all who use it have sent theirs, which the reverse of a topological order grants. What the output does not depend on
 * has no part in it.
 * @param {Formula} formula @returns {Plan}
 */
export function plan({ nodes, output }) {
  const reached = new Set([output]);
  /** @type {Edge[]} */
  const edges = [];
  for (const node of [...nodes].reverse()) {
    if (!reached.has(node.id)) continue;
    node.args.forEach((parent, index) => {
      reached.add(parent);
      edges.push({ child: node.id, parent, index });
    });
  }
  return { forward: nodes.filter((node) => node.kind === "operation").map((node) => node.id), edges };
}

/**
 * Bars after so many backward steps, the first of which gives the output its own bar, 1.
 * @param {Formula} formula @param {Run} run @param {number} steps  0 … edges + 1
 * @returns {{bars: (number | null)[], waiting: number[]}}  null: nothing has come yet
 */
export function barsAfter(formula, run, steps) {
  const { edges } = plan(formula);
  /** @type {(number | null)[]} */
  const bars = formula.nodes.map(() => null);
  const waiting = formula.nodes.map(() => 0);
  edges.forEach(({ parent }) => waiting[parent]++);
  if (steps > 0) bars[formula.output] = 1;
  for (const edge of edges.slice(0, Math.max(0, steps - 1))) {
    bars[edge.parent] = (bars[edge.parent] ?? 0) + carried(run, bars, edge);
    waiting[edge.parent]--;
  }
  return { bars, waiting };
}

/** What an edge brings: the bar of the child times the local derivative. @param {Run} run @param {(number | null)[]} bars @param {Edge} edge */
export const carried = (run, bars, { child, index }) => (bars[child] ?? 0) * run.slopes[child][index];

/** @param {Formula} formula @param {Run} run @returns {number[]} 0 where the output does not depend on a node */
export function backward(formula, run) {
  return barsAfter(formula, run, Infinity).bars.map((bar) => bar ?? 0);
}

/**
 * @param {Formula} formula @param {Inputs} inputs @param {number} [step]  relative to the larger of 1 and |input|
 * @returns {Record<string, number>} NaN where the formula has no value on one side
 */
export function differences(formula, inputs, step = 1e-6) {
  const names = formula.nodes.filter((node) => node.kind === "input").map((node) => node.name);
  return Object.fromEntries(names.map((name) => {
    const x = inputOf(inputs, name);
    const h = step * Math.max(1, Math.abs(x));
    const at = (/** @type {number} */ value) => evaluate(formula, { ...inputs, [name]: value }).values[formula.output];
    return [name, (at(x + h) - at(x - h)) / (2 * h)];
  }));
}
