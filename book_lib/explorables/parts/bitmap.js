// A square picture of ±1 that is drawn in by pointer or by keys; and its small copies on buttons.

import { stroke } from "../core/brush.js";
import { h, s } from "../kit/dom.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */
/** @typedef {{row: number, column: number}} Cell */

const ARROWS = /** @type {Record<string, [number, number]>} */ ({
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
});

/** Ink as one path of unit squares. @param {ArrayLike<number>} state @param {number} side */
export function inkPath(state, side) {
  let d = "";
  for (let i = 0; i < state.length; i++) if (state[i] > 0) d += `M${i % side} ${Math.floor(i / side)}h1v1h-1z`;
  return d;
}

/** A small copy of a picture, its text apart. @param {ArrayLike<number>} state */
export function thumbnail(state) {
  const side = Math.sqrt(state.length);
  return s("svg", { viewBox: `0 0 ${side} ${side}`, class: "xp-bm-thumb", "aria-hidden": "true" },
    s("rect", { width: side, height: side, class: "xp-bm-paper" }), s("path", { d: inkPath(state, side), class: "xp-bm-ink" }));
}

/**
 * @param {Frame} f
 * @param {{into: HTMLElement, label: string, state: () => ArrayLike<number>, onPaint: (cells: number[], up: boolean) => void,
 *     words: (cell: Cell) => string}} options  onPaint: these units become +1, or −1; words: what a listener hears of a place
 */
export function bitmap(f, { into, label, state, onPaint, words }) {
  const paper = s("rect", { class: "xp-bm-paper" });
  const ink = s("path", { class: "xp-bm-ink" });
  const wrong = s("path", { class: "xp-bm-wrong" });
  const unit = s("rect", { class: "xp-bm-unit", width: 1, height: 1 });
  const ring = s("rect", { class: "xp-bm-cursor", width: 1, height: 1 });
  const svg = s("svg", { class: "xp-bm-picture", role: "img" }, paper, ink, wrong, unit, ring);
  const surface = h("div", { class: "xp-bm-surface", role: "application", tabindex: "0", "aria-label": label }, svg);
  into.append(surface);
  const cursor = { row: 0, column: 0 };
  const side = () => Math.sqrt(state().length);
  const move = (/** @type {Cell} */ { row, column }) => {
    [cursor.row, cursor.column] = [(row + side()) % side(), (column + side()) % side()];
    ring.setAttribute("x", String(cursor.column));
    ring.setAttribute("y", String(cursor.row));
  };
  pen(f, svg, { side, isUp: ({ row, column }) => state()[row * side() + column] > 0, move, onPaint });
  surface.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    const at = cursor.row * side() + cursor.column;
    if (arrow) move({ row: cursor.row + arrow[0], column: cursor.column + arrow[1] });
    else if (event.key === " " || event.key === "Enter") onPaint([at], state()[at] < 0);
    else return;
    event.preventDefault();
    f.announce(words(cursor));
  }, { signal: f.signal });
  return {
    surface,
    /** @param {ArrayLike<number>} now @param {ArrayLike<number>} target  dots where they differ @param {number} at  unit to frame, −1: none @param {string} text */
    draw(now, target, at, text) {
      const n = Math.sqrt(now.length);
      svg.setAttribute("viewBox", `-0.06 -0.06 ${n + 0.12} ${n + 0.12}`);
      paper.setAttribute("width", String(n));
      paper.setAttribute("height", String(n));
      ink.setAttribute("d", inkPath(now, n));
      let dots = "";
      for (let i = 0; i < now.length; i++) if (now[i] !== target[i]) dots += `M${(i % n) + 0.5} ${Math.floor(i / n) + 0.5}h.01`;
      wrong.setAttribute("d", dots);
      unit.style.display = at < 0 ? "none" : "";
      unit.setAttribute("x", String(Math.max(0, at % n)));
      unit.setAttribute("y", String(Math.max(0, Math.floor(at / n))));
      if (cursor.row >= n || cursor.column >= n) move({ row: 0, column: 0 });
      svg.setAttribute("aria-label", text);
    },
  };
}

/**
 * Strokes of one tone: the first cell turns, and gives its new tone to all that follow.
 * @param {Frame} f @param {SVGSVGElement} svg
 * @param {{side: () => number, isUp: (cell: Cell) => boolean, move: (cell: Cell) => void, onPaint: (cells: number[], up: boolean) => void}} on
 */
function pen(f, svg, { side, isUp, move, onPaint }) {
  const options = { signal: f.signal };
  let active = -1;
  let up = true;
  /** @type {Cell} */
  let last = { row: 0, column: 0 };
  const cell = (/** @type {PointerEvent} */ event) => {
    const box = svg.getBoundingClientRect();
    const place = (/** @type {number} */ part) => Math.min(side() - 1, Math.max(0, Math.floor(part * side())));
    return { row: place((event.clientY - box.top) / box.height), column: place((event.clientX - box.left) / box.width) };
  };
  const paint = (/** @type {Cell} */ to) => {
    /** @type {number[]} */
    const cells = [];
    stroke(side(), last, to, 0, (i) => void cells.push(i));
    last = to;
    move(to);
    onPaint(cells, up);
  };
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || active !== -1) return;
    active = event.pointerId;
    svg.setPointerCapture(active);
    last = cell(event);
    up = !isUp(last);
    paint(last);
  }, options);
  svg.addEventListener("pointermove", (event) => {
    if (event.pointerId !== active) return;
    const to = cell(event);
    if (to.row !== last.row || to.column !== last.column) paint(to);
  }, options);
  for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
    svg.addEventListener(type, (event) => void (event.pointerId === active && (active = -1)), options);
  }
}
