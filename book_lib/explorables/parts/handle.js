// A place in a picture that can be dragged, or moved by arrow keys: a slider in the picture itself.

import { h, s } from "../kit/dom.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */

/**
 * @typedef {object} HandleOptions
 * @property {string} label  its accessible name
 * @property {(x: number, y: number) => void} onMove  a drag, in the units of the SVG
 * @property {(right: number, up: number) => void} onKey  arrow keys: ±1, Page keys ±5 up
 * @property {(end: 1 | -1) => void} [onEnd]  Home (−1) and End (1)
 * @property {string} [shape]  class of the dot
 */

/**
 * @typedef {object} Handle
 * @property {SVGGElement} node
 * @property {(x: number, y: number) => void} place  in the units of the SVG
 * @property {() => [number, number]} where  it was placed
 * @property {(value: number, text: string, limits?: [number, number]) => void} say  what a listener hears
 */

/** @type {Record<string, [number, number]>} */
const KEYS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], PageUp: [0, 5], PageDown: [0, -5],
};

/**
 * @param {Frame} f @param {SVGSVGElement} svg  whose units count @param {Element} into @param {HandleOptions} options
 * @returns {Handle}
 */
export function handle(f, svg, into, { label, onMove, onKey, onEnd, shape = "" }) {
  const node = s("g", { class: `xp-handle xp-pull ${shape}`, role: "slider", tabindex: 0, "aria-label": label, "aria-valuenow": 0 },
    s("circle", { r: 22, class: "xp-handle-target" }), s("circle", { r: 7, class: "xp-handle-dot" }));
  into.append(node);
  node.addEventListener("keydown", (event) => {
    const way = KEYS[event.key];
    if (way) onKey(...way);
    else if (onEnd && (event.key === "Home" || event.key === "End")) onEnd(event.key === "End" ? 1 : -1);
    else return;
    event.preventDefault();
  }, { signal: f.signal });
  drag(f, svg, node, onMove);
  /** @type {[number, number]} */
  let at = [0, 0];
  return {
    node,
    where: () => at,
    place(x, y) {
      at = [x, y];
      node.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    },
    say(value, text, limits) {
      node.setAttribute("aria-valuenow", String(Number(value.toPrecision(4))));
      node.setAttribute("aria-valuetext", text);
      if (limits) ["min", "max"].forEach((name, i) => node.setAttribute(`aria-value${name}`, String(limits[i])));
    },
  };
}

/**
 * Where targets overlap, a press takes the nearest place, not the one that happens to lie on top.
 * @param {Frame} f @param {SVGSVGElement} svg @param {Element} layer  that holds them @param {Handle[]} grips
 */
export function takeNearest(f, svg, layer, grips) {
  layer.addEventListener("pointerdown", (event) => {
    const press = /** @type {PointerEvent} */ (event);
    const matrix = svg.getScreenCTM();
    if (!matrix) return;
    const { x, y } = new DOMPoint(press.clientX, press.clientY).matrixTransform(matrix.inverse());
    const far = (/** @type {Handle} */ { where }) => Math.hypot(where()[0] - x, where()[1] - y);
    const shown = grips.filter(({ node }) => node.style.display !== "none");
    const best = shown.reduce((near, grip) => (far(grip) < far(near) ? grip : near), shown[0]);
    if (!best || best.node.contains(/** @type {Node} */ (press.target))) return;
    press.stopPropagation();
    press.preventDefault();
    best.node.dispatchEvent(new PointerEvent("pointerdown", press));
  }, { capture: true, signal: f.signal });
}

/**
 * Follow one pointer from where it takes hold of `grip`.
 * @param {Frame} f @param {SVGSVGElement} svg @param {SVGElement} grip @param {(x: number, y: number) => void} onMove
 */
export function drag(f, svg, grip, onMove) {
  let active = -1;
  const at = (/** @type {PointerEvent} */ event) => {
    const matrix = svg.getScreenCTM();
    if (!matrix) return;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    onMove(point.x, point.y);
  };
  const options = { signal: f.signal };
  grip.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || active !== -1) return;
    active = event.pointerId;
    grip.setPointerCapture(active);
    event.preventDefault();
    event.stopPropagation();
    if (grip.tabIndex >= 0) grip.focus({ preventScroll: true });
    at(event);
  }, options);
  grip.addEventListener("pointermove", (event) => event.pointerId === active && at(event), options);
  for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
    grip.addEventListener(type, (event) => void (event.pointerId === active && (active = -1)), options);
  }
}

/**
 * A small table in the stage that is always seen, its numbers fixed in width.
 * @param {string} caption @param {string[]} columns  the first names the rows @param {string[]} rows
 * @returns {{node: HTMLTableElement, fill: (cells: string[][]) => void}}  cells: row by row, without the first column
 */
export function smallTable(caption, columns, rows) {
  const body = rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row), ...columns.slice(1).map(() => h("td", {}, "–"))));
  const head = columns.map((column) => (column ? h("th", { scope: "col" }, column) : h("td"))); // an empty header is none
  const node = h("table", { class: "xp-small-table", "aria-label": caption }, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...body));
  return {
    node,
    fill(cells) {
      cells.forEach((row, i) => row.forEach((text, k) => {
        const cell = body[i].children[k + 1];
        if (cell.textContent !== text) cell.textContent = text;
      }));
      head.forEach((cell, i) => void (i && cell.textContent !== columns[i] && (cell.textContent = columns[i])));
    },
  };
}
