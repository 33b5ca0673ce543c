// Spins (or any small set of values) as crisp squares on a canvas.

import { h } from "./dom.js";
import { colors, onTheme, pixel } from "./theme.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {(cells: ArrayLike<number>, width: number, height: number) => void} Draw */

/**
 * A picture of a lattice: +1 light, −1 dark (`--spin-up`, `--spin-down`), one canvas pixel a site, scaled by CSS.
 * @param {Frame} f
 * @param {{describe: () => string, into?: HTMLElement, label?: string}} options  describe: what a listener should know
 * @returns {Draw & {canvas: HTMLCanvasElement, cell(event: PointerEvent): [number, number] | null}} cell: (row, column)
 */
export function lattice(f, { describe, into = f.stage, label }) {
  const canvas = h("canvas", { class: "xp-lattice", role: "img", "aria-label": label ?? "" });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  into.append(canvas);
  let up = 0;
  let down = 0;
  /** @type {ImageData | null} */
  let image = null;
  let pixels = new Uint32Array(0);
  /** @type {ArrayLike<number>} */
  let cells = [];
  let spoken = -Infinity;

  const recolor = () => {
    const c = colors(f);
    [up, down] = [pixel(c.spinUp), pixel(c.spinDown)];
  };
  const fit = (/** @type {number} */ width, /** @type {number} */ height) => {
    canvas.width = width;
    canvas.height = height;
    canvas.style.aspectRatio = `${width} / ${height}`;
    image = context.createImageData(width, height);
    pixels = new Uint32Array(image.data.buffer);
  };
  const paint = () => {
    if (!image) return;
    for (let i = 0; i < pixels.length; i++) pixels[i] = cells[i] > 0 ? up : down;
    context.putImageData(image, 0, 0);
  };
  const tell = () => {
    const now = performance.now();
    if (now - spoken < 1000 && f.running) return;
    spoken = now;
    const text = describe();
    canvas.setAttribute("aria-label", text);
    f.announce(text);
  };

  /** @type {Draw} */
  const draw = (next, width, height) => {
    if (canvas.width !== width || canvas.height !== height || !image) fit(width, height);
    cells = next;
    paint();
    tell();
  };
  const cell = (/** @type {PointerEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
    const row = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
    const inside = row >= 0 && column >= 0 && row < canvas.height && column < canvas.width;
    return inside ? /** @type {[number, number]} */ ([row, column]) : null;
  };
  recolor();
  onTheme(f, () => {
    recolor();
    paint();
  });
  return Object.assign(draw, { canvas, cell });
}
