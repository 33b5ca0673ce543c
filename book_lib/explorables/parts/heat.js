// Small maps of the plane on canvases, from one class's colour through the paper to the other's.

import { colors, onTheme, parseColor } from "../kit/theme.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */

const TONES = 129; // −1 … 1
const MOST = 0.5; // how much of the colour at ±1, unless another is asked for: points must stay visible on it

/**
 * A painter of square maps that follows the theme.
 * @param {Frame} f @param {number} [most]  how much of the colour at ±1
 * @returns {(canvas: HTMLCanvasElement, size: number, value: (i: number) => number) => void}  value of each pixel, −1 … 1, row by row
 */
export function heat(f, most = MOST) {
  const tones = new Uint32Array(TONES);
  /** One picture a size, for all canvases: dozens of maps a frame are no work for the garbage collector. @type {Map<number, ImageData>} */
  const images = new Map();
  const recolor = () => {
    const { paper, sim, mf } = colors(f);
    const [ground, plus, minus] = [paper, sim, mf].map(parseColor);
    for (let k = 0; k < TONES; k++) {
      const v = (2 * k) / (TONES - 1) - 1;
      const [r, g, b] = ground.map((c, i) => Math.round(c + most * Math.abs(v) * ((v > 0 ? plus : minus)[i] - c)));
      tones[k] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
    }
  };
  recolor();
  onTheme(f, recolor); // registered before the explorable's own redrawing, so that this comes first
  return (canvas, size, value) => {
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    if (!context) return;
    const image = images.get(size) ?? new ImageData(size, size);
    images.set(size, image);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < pixels.length; i++) {
      const v = value(i);
      pixels[i] = tones[Math.round(((Math.min(1, Math.max(-1, v)) || 0) + 1) * ((TONES - 1) / 2))];
    }
    context.putImageData(image, 0, 0);
  };
}

/**
 * Keep a map of nodes under the picture of a plot: the outermost nodes lie on its edges, each in the middle of its pixel.
 * @param {import("../kit/plot.js").Plot} p @param {HTMLCanvasElement} canvas  in a box with the plot, whose corner is the plot's
 * @param {number} size  nodes along a side
 */
export function underlay(p, canvas, size) {
  canvas.classList.add("xp-heat-map");
  canvas.style.clipPath = `inset(${(50 / size).toFixed(3)}%)`;
  const place = () => {
    const { x, y, scale } = p;
    const [left, right, top, bottom] = [scale.x(x.min), scale.x(x.max), scale.y(y.max), scale.y(y.min)];
    const [dx, dy] = [(right - left) / (size - 1) / 2, (bottom - top) / (size - 1) / 2];
    Object.assign(canvas.style, { left: `${left - dx}px`, top: `${top - dy}px`, width: `${right - left + 2 * dx}px`, height: `${bottom - top + 2 * dy}px` });
  };
  p.onLayout(place);
  place();
}

/** Shapes beside colours: a square for class 0, a circle for class 1. @type {((x: number, y: number, r: number) => string)[]} */
export const CLASS_SHAPES = [
  (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`,
  (x, y, r) => `M${x + r} ${y}a${r} ${r} 0 1 1 ${-2 * r} 0a${r} ${r} 0 1 1 ${2 * r} 0Z`,
];
export const CLASS_KINDS = /** @type {const} */ (["mean_field", "simulation"]);
