/**
 * The arithmetic of layers; the twin of `output_size`, `receptive_field` and `Architecture` of `book_lib.vision`.
 *
 *   outputSize(n, kernel, stride, padding)   places of a kernel along a side
 *   receptiveField(pairs)                    pixels that a unit sees, for (kernel, stride) layer by layer
 *   cone(pairs, unit)                        first and last unit that it sees in each layer, from the input up
 *   walk(layers, shape)                      shape, parameters, units and multiplications of each layer
 *   ALEXNET, SHAPE                           its layers and its input
 *
 * @typedef {{kind: "conv" | "pool" | "dense", width: number, kernel: number, stride: number, padding: number, groups: number}} Layer
 *     width: channels or units
 * @typedef {{shape: number[], parameters: number, units: number, multiplications: number}} Row
 * @typedef {[number, number]} Pair  kernel, stride
 */

import { integer } from "./checks.js";

/** What does not fit, as a code and its numbers. */
export class Misfit extends Error {
  /** @param {"padding" | "kernel" | "groups" | "flat"} code @param {Record<string, number>} values */
  constructor(code, values) {
    super(`${code}: ${JSON.stringify(values)}`);
    this.code = code;
    this.values = values;
  }
}

/** ⌊(n + 2·padding − kernel)/stride⌋ + 1. @param {number} n @param {number} kernel @param {number} [stride] @param {number} [padding] */
export function outputSize(n, kernel, stride = 1, padding = 0) {
  integer("n", n, 1);
  integer("kernel", kernel, 1);
  integer("stride", stride, 1);
  integer("padding", padding, 0);
  if (padding >= kernel) throw new Misfit("padding", { padding, kernel });
  if (kernel > n + 2 * padding) throw new Misfit("kernel", { kernel, n, padding });
  return Math.floor((n + 2 * padding - kernel) / stride) + 1;
}

/** r = 1 + Σ_l (k_l − 1) Π_{m<l} s_m. @param {Pair[]} pairs */
export function receptiveField(pairs) {
  let [field, jump] = [1, 1];
  for (const [kernel, stride] of pairs) {
    field += (integer("kernel", kernel, 1) - 1) * jump;
    jump *= integer("stride", stride, 1);
  }
  return field;
}

/** Pixels between the places of two neighbouring units. @param {Pair[]} pairs */
export const jumpOf = (pairs) => pairs.reduce((jump, [, stride]) => jump * stride, 1);

/** @param {Pair[]} pairs @param {number} unit @returns {Pair[]} */
export function cone(pairs, unit) {
  /** @type {Pair[]} */
  const seen = [[unit, unit]];
  for (const [kernel, stride] of [...pairs].reverse()) {
    const [first, last] = seen[0];
    seen.unshift([first * stride, last * stride + kernel - 1]);
  }
  return seen;
}

/**
 * @param {Layer[]} layers @param {number[]} shape  (channels, height, width)
 * @returns {{rows: Row[], misfit: {layer: number, error: Misfit} | null}} rows up to the first layer that does not fit
 */
export function walk(layers, shape) {
  /** @type {Row[]} */
  const rows = [];
  for (const [i, layer] of layers.entries()) {
    try {
      rows.push(rowOf(layer, rows[i - 1]?.shape ?? shape));
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      return { rows, misfit: { layer: i, error } };
    }
  }
  return { rows, misfit: null };
}

/** @param {Layer} layer @param {number[]} shape @returns {Row} */
function rowOf({ kind, width, kernel, stride, padding, groups }, shape) {
  if (kind === "dense") {
    const weights = width * shape.reduce((a, b) => a * b, 1);
    return { shape: [width], parameters: weights + width, units: width, multiplications: weights };
  }
  if (shape.length !== 3) throw new Misfit("flat", {});
  const [channels, ...sides] = shape;
  const [rows, columns] = sides.map((side) => outputSize(side, kernel, stride, padding));
  if (kind === "pool") return { shape: [channels, rows, columns], parameters: 0, units: 0, multiplications: 0 };
  for (const count of [channels, width]) if (count % groups) throw new Misfit("groups", { groups, channels: count });
  const weights = width * (channels / groups) * kernel ** 2;
  const places = rows * columns;
  return { shape: [width, rows, columns], parameters: weights + width, units: width * places, multiplications: weights * places };
}

/** @param {Row[]} rows */
export const totals = (rows) => ({
  parameters: rows.reduce((sum, row) => sum + row.parameters, 0),
  units: rows.reduce((sum, row) => sum + row.units, 0),
  multiplications: rows.reduce((sum, row) => sum + row.multiplications, 0),
});

/** @param {number} width @param {number} kernel @returns {Layer} */
export const conv = (width, kernel, { stride = 1, padding = 0, groups = 1 } = {}) => ({ kind: "conv", width, kernel, stride, padding, groups });
/** @param {number} kernel @param {number} stride @returns {Layer} */
export const pool = (kernel, stride) => ({ kind: "pool", width: 0, kernel, stride, padding: 0, groups: 1 });
/** @param {number} width @returns {Layer} */
export const dense = (width) => ({ kind: "dense", width, kernel: 0, stride: 1, padding: 0, groups: 1 });

export const SHAPE = [3, 224, 224];
export const ALEXNET = [
  conv(96, 11, { stride: 4, padding: 2 }), pool(3, 2), conv(256, 5, { padding: 2, groups: 2 }), pool(3, 2),
  conv(384, 3, { padding: 1 }), conv(384, 3, { padding: 1, groups: 2 }), conv(256, 3, { padding: 1, groups: 2 }), pool(3, 2),
  dense(4096), dense(4096), dense(1000),
];
