/**
 * Kernels of 3 × 3 on grey pictures; the twin of `cross_correlate` and `convolve` of `book_lib.vision`.
 *
 *   KERNELS                          the library's, by name, row after row
 *   crossCorrelate(image, size, kernel)   sums over every window; convolve turns the kernel first
 *   turned(kernel)                   by 180°
 *   windowAt(image, size, row, column)    the nine pixels around one
 *   shade(view, sum)                 a sum as a whole grey from 0 to 255
 *   isCut(view, sum)                 whether the sum lies outside what the view can show
 *   entryText(v)                     an entry as people write it: 0.25, -2, 1/9
 */

import { integer } from "./checks.js";

export const WHITE = 255;
export const VIEWS = ["clipped", "absolute", "signed"];

const scaled = (/** @type {number[]} */ numbers, by = 1) => numbers.map((v) => v / by);

/** @type {Record<string, number[]>} */
export const KERNELS = {
  identity: [0, 0, 0, 0, 1, 0, 0, 0, 0],
  "vertical edges": [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  "horizontal edges": [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  blur: scaled([1, 1, 1, 1, 1, 1, 1, 1, 1], 9),
  gaussian: scaled([1, 2, 1, 2, 4, 2, 1, 2, 1], 16),
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
  emboss: [-2, -1, 0, -1, 1, 1, 0, 1, 2],
  laplace: [0, 1, 0, 1, -4, 1, 0, 1, 0],
};

/** @param {number[]} kernel @returns {number[]} */
export const turned = (kernel) => [...kernel].reverse();

/**
 * @param {ArrayLike<number>} image  row after row @param {number} width @param {number} row @param {number} column
 * @returns {number[]} row after row
 */
export function windowAt(image, width, row, column) {
  const height = image.length / width;
  integer("row", row, 1, height - 2);
  integer("column", column, 1, width - 2);
  return [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j) => image[(row + i) * width + column + j]));
}

/**
 * y_rc = Σ_ij x_{r+i, c+j} k_ij
 * @param {ArrayLike<number>} image @param {number} width @param {number[]} kernel  nine numbers
 * @returns {Float64Array} (height − 2) × (width − 2)
 */
export function crossCorrelate(image, width, kernel) {
  if (kernel.length !== 9) throw new RangeError(`kernel must hold 9 numbers, got ${kernel.length}`);
  const [rows, columns] = [image.length / width - 2, width - 2];
  const sums = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let i = 0; i < 3; i++) {
        const at = (r + i) * width + c;
        sum += image[at] * kernel[3 * i] + image[at + 1] * kernel[3 * i + 1] + image[at + 2] * kernel[3 * i + 2];
      }
      sums[r * columns + c] = sum;
    }
  }
  return sums;
}

/** @param {ArrayLike<number>} image @param {number} width @param {number[]} kernel */
export const convolve = (image, width, kernel) => crossCorrelate(image, width, turned(kernel));

/** A sum as light, before any is cut off. @param {string} view @param {number} sum */
const light = (view, sum) => (view === "absolute" ? Math.abs(sum) : view === "signed" ? (WHITE + sum) / 2 : sum);

/** @param {string} view @param {number} sum @returns {number} */
export const shade = (view, sum) => Math.round(Math.min(WHITE, Math.max(0, light(view, sum))));

/** @param {string} view @param {number} sum @returns {boolean} */
export const isCut = (view, sum) => Math.abs(light(view, sum) - WHITE / 2) > WHITE / 2 + 1e-6; // rounding is no cut

/** At most four decimals, or a fraction, or six digits: nothing that would read back as another kernel. @param {number} v */
export function entryText(v) {
  const near = (/** @type {number} */ w) => Math.abs(v - w) < 1e-9;
  const short = Number(v.toFixed(4));
  if (near(short)) return String(short);
  for (let under = 3; under < 100; under++) {
    const over = Math.round(v * under);
    if (near(over / under)) return `${over}/${under}`;
  }
  return String(Number(v.toPrecision(6)));
}
