// The plane of the playground: a map, the points of two classes, the line between them, and a cross that asks and draws.

import { EDGE } from "../core/mlp.js";
import { zeroLine } from "../core/contour.js";
import { h, s } from "../kit/dom.js";
import { fixed } from "../kit/format.js";
import { plot } from "../kit/plot.js";
import { handle } from "./handle.js";
import { CLASS_KINDS, CLASS_SHAPES, underlay } from "./heat.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */
/** @typedef {import("../core/mlp.js").Sets} Sets */
/** @typedef {(key: string, values?: Record<string, unknown>) => string} Words */

export const GRID = 61; // nodes along a side of the map, at the edges too
const GAP = 0.3; // between two points of one stroke

/** The nodes of the map, row by row from the top, as examples. */
export const NODES = {
  n: GRID * GRID,
  t: new Uint8Array(GRID * GRID),
  x: Float64Array.from({ length: 2 * GRID * GRID }, (_, k) => {
    const [i, j] = [Math.floor(k / 2 / GRID), Math.floor(k / 2) % GRID];
    return k % 2 ? EDGE - (2 * EDGE * i) / (GRID - 1) : -EDGE + (2 * EDGE * j) / (GRID - 1);
  }),
};

/**
 * @param {Frame} f
 * @param {object} options
 * @param {HTMLElement} options.into
 * @param {Words} options.t
 * @param {ReturnType<typeof import("./heat.js").heat>} options.paint
 * @param {(x: number, y: number) => void} options.onPut  a press or a key sets a point, or takes one away
 * @param {(x: number, y: number) => void} options.onErase
 * @param {(x: number, y: number) => string} options.words  what the cross says of its place
 * @param {() => void} options.onProbe
 */
export function plane(f, { into, t, paint, onPut, onErase, words, onProbe }) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const box = h("div", { class: "xp-heat" }, canvas);
  into.append(box);
  const axis = { min: -EDGE, max: EDGE, ticks: [-3, -2, -1, 0, 1, 2, 3] };
  const p = plot(f, { into: box, title: t("plane"), height: 340, table: false, legend: true, x: { label: "x₁", ...axis }, y: { label: "x₂", ...axis } });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  const layer = p.layer("points", { keep: true });
  const marks = [0, 1, 2, 3].map((i) => s("path", { class: `xp-mlp-points xp-${CLASS_KINDS[i % 2]}${i < 2 ? "" : " xp-hollow"}` }));
  layer.append(...marks);
  const probe = { x: 1, y: 1 };
  const keep = (/** @type {number} */ v) => Number(Math.min(EDGE, Math.max(-EDGE, v)).toFixed(2));
  const go = (/** @type {number} */ x, /** @type {number} */ y) => {
    [probe.x, probe.y] = [keep(x), keep(y)];
    onProbe();
  };
  const grip = handle(f, p.svg, p.layer("probe", { clip: false, keep: true }), {
    label: t("cross"), shape: "xp-mlp-cross",
    onMove: (x, y) => go(p.scale.invX(x), p.scale.invY(y)),
    onKey: (right, up) => go(probe.x + 0.1 * right, probe.y + 0.1 * up),
  });
  grip.node.append(s("path", { d: "M-9 0H9M0-9V9", class: "xp-mlp-hair" }));
  grip.node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") onPut(probe.x, probe.y);
    else if (event.key === "Delete" || event.key === "Backspace") onErase(probe.x, probe.y);
    else return;
    event.preventDefault();
  }, { signal: f.signal });
  const pen = stroke(p, (x, y) => onPut(keep(x), keep(y)));

  /** @type {Sets | null} */
  let shown = null;
  const place = () => {
    grip.place(p.scale.x(probe.x), p.scale.y(probe.y));
    if (shown) points(shown);
  };
  const points = (/** @type {Sets} */ sets) => {
    shown = sets;
    const paths = ["", "", "", ""];
    [sets.train, sets.test].forEach(({ x, t: labels, n }, part) => {
      for (let i = 0; i < n; i++) {
        const [px, py] = [p.scale.x(x[2 * i]), p.scale.y(x[2 * i + 1])].map((v) => Math.round(10 * v) / 10);
        paths[2 * part + labels[i]] += CLASS_SHAPES[labels[i]](px, py, part ? 2.6 : 3.2);
      }
    });
    marks.forEach((mark, i) => mark.setAttribute("d", paths[i]));
  };
  underlay(p, canvas, GRID);
  p.onLayout(place);
  place();
  return {
    probe, points,
    /** Whether a press in the plane draws, or a finger scrolls the page. @param {boolean} on */
    draw: (on) => pen.enable(on),
    /**
     * @param {(i: number) => number} value  of each node, −1 … 1 @param {Float64Array} level  0 on the line
     * @param {string} line  what the line is @param {string} text
     */
    show(value, level, line, text) {
      paint(canvas, GRID, value);
      p.line("border", zeroLine(level, GRID, -EDGE, EDGE), { kind: "theory", label: line });
      grip.place(p.scale.x(probe.x), p.scale.y(probe.y));
      grip.say(probe.x, `${fixed(probe.x, 2)}, ${fixed(probe.y, 2)}: ${words(probe.x, probe.y)}`, [-EDGE, EDGE]);
      p.describe(text);
    },
  };
}

/** Points along a stroke of the pen, some way apart. @param {import("../kit/plot.js").Plot} p @param {(x: number, y: number) => void} put */
function stroke(p, put) {
  let last = [NaN, NaN];
  const pen = p.onDrag((x, y, phase) => {
    if (phase === "end" || Math.max(Math.abs(x), Math.abs(y)) > EDGE) return;
    if (phase === "move" && !(Math.hypot(x - last[0], y - last[1]) > GAP)) return;
    last = [x, y];
    put(x, y);
  });
  pen.enable(false);
  return pen;
}
