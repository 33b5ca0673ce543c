// Small pictures of 8 × 8 pixels: to look at, or to draw in by pointer and by keys.

import { h, s } from "../kit/dom.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */

export const SIDE = 8;
const CELL = 10; // units of the drawing
const ARROWS = /** @type {Record<string, [number, number]>} */ ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] });

/**
 * @param {string} title
 * @returns {{node: HTMLElement, svg: SVGSVGElement, draw: (ink: ArrayLike<number>, text: string) => void}}  ink: 0 … 1 of each pixel, row by row
 */
export function pixelPane(title) {
  const cells = Array.from({ length: SIDE * SIDE }, (_, i) =>
    s("rect", { class: "xp-px-ink", x: CELL * (i % SIDE), y: CELL * Math.floor(i / SIDE), width: CELL, height: CELL }));
  const svg = s("svg", { class: "xp-px", viewBox: `0 0 ${CELL * SIDE} ${CELL * SIDE}`, role: "img", "aria-label": title },
    s("rect", { class: "xp-px-paper", width: CELL * SIDE, height: CELL * SIDE }), ...cells);
  return {
    node: h("figure", { class: "xp-px-pane" }, svg, h("figcaption", { class: "xp-label" }, title)), svg,
    draw(ink, text) {
      cells.forEach((cell, i) => cell.setAttribute("fill-opacity", String(Math.round(100 * ink[i]) / 100)));
      svg.setAttribute("aria-label", text);
    },
  };
}

/**
 * A pane in which the reader draws: a press turns a pixel over, a drag paints what the press has begun.
 * @param {Frame} f
 * @param {{title: string, label: string, words: (row: number, column: number, on: boolean) => string, onPaint: (ink: Uint8Array) => void}} options
 */
export function pixelPad(f, { title, label, words, onPaint }) {
  const pane = pixelPane(title);
  const { svg } = pane;
  const ring = s("rect", { class: "xp-px-ring", width: CELL, height: CELL });
  const hold = s("path", { class: "xp-px-hold" });
  svg.append(hold, ring);
  svg.classList.add("xp-px-pad");
  svg.setAttribute("tabindex", "0");
  svg.setAttribute("role", "application");
  let ink = new Uint8Array(SIDE * SIDE);
  let [row, column, brush, active] = [3, 3, 0, -1];
  const go = (/** @type {number} */ r, /** @type {number} */ c) => {
    [row, column] = [r, c].map((v) => Math.min(SIDE - 1, Math.max(0, v)));
    ring.setAttribute("x", String(CELL * column));
    ring.setAttribute("y", String(CELL * row));
  };
  const paint = (/** @type {number} */ value) => {
    if (ink[SIDE * row + column] === value) return;
    onPaint(ink.map((v, i) => (i === SIDE * row + column ? value : v)));
  };
  const aim = (/** @type {PointerEvent} */ event) => {
    const box = svg.getBoundingClientRect();
    go(Math.floor(((event.clientY - box.top) / box.height) * SIDE), Math.floor(((event.clientX - box.left) / box.width) * SIDE));
  };
  const options = { signal: f.signal };
  svg.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) go(row + arrow[0], column + arrow[1]);
    else if (event.key === " " || event.key === "Enter") paint(1 - ink[SIDE * row + column]);
    else return;
    event.preventDefault();
    f.announce(words(row + 1, column + 1, ink[SIDE * row + column] > 0));
  }, options);
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || active !== -1) return;
    active = event.pointerId;
    svg.setPointerCapture(active);
    aim(event);
    brush = 1 - ink[SIDE * row + column];
    paint(brush);
  }, options);
  svg.addEventListener("pointermove", (event) => {
    if (event.pointerId !== active) return;
    aim(event);
    paint(brush);
  }, options);
  for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
    svg.addEventListener(type, (event) => void (event.pointerId === active && (active = -1)), options);
  }
  go(row, column);
  return {
    node: pane.node,
    /** @param {Uint8Array} next @param {string} text @param {string} half  that is held: "top" …, or "none" */
    draw(next, text, half) {
      ink = Uint8Array.from(next);
      pane.draw(next, `${label} ${text}`);
      hold.setAttribute("d", HALVES[half] ?? "");
    },
  };
}

const [FULL, MIDDLE] = [CELL * SIDE, (CELL * SIDE) / 2];
const HALVES = /** @type {Record<string, string>} */ ({
  top: `M1 1H${FULL - 1}V${MIDDLE}H1Z`, bottom: `M1 ${MIDDLE}H${FULL - 1}V${FULL - 1}H1Z`,
  left: `M1 1H${MIDDLE}V${FULL - 1}H1Z`, right: `M${MIDDLE} 1H${FULL - 1}V${FULL - 1}H${MIDDLE}Z`,
});

/** Sixteen hexadecimal digits, the first pixel in the highest bit. @param {ArrayLike<number>} ink */
export function hexOf(ink) {
  return Array.from({ length: (SIDE * SIDE) / 4 }, (_, k) =>
    (8 * ink[4 * k] + 4 * ink[4 * k + 1] + 2 * ink[4 * k + 2] + ink[4 * k + 3]).toString(16)).join("");
}

/** @param {string} hex */
export function pixelsOf(hex) {
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (Number.parseInt(hex[i >> 2], 16) >> (3 - (i & 3))) & 1);
}

/** Whether a pixel lies in a half. @param {number} i @param {string} half */
export function inHalf(i, half) {
  const [row, column] = [Math.floor(i / SIDE), i % SIDE];
  if (half === "top") return row < SIDE / 2;
  if (half === "bottom") return row >= SIDE / 2;
  return half === "left" ? column < SIDE / 2 : half === "right" && column >= SIDE / 2;
}
