// Flip and paint spins, by pointer or by keys, and see what each flip costs before it is made.

import { stroke } from "../core/brush.js";
import { h, s } from "../kit/dom.js";
import { fixed } from "../kit/format.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */
/** @typedef {{row: number, column: number}} Cell */
/** @typedef {{size: number, spins: Int8Array, energyChange: (i: number) => number}} Spins */

const BRUSH = 6; // CSS px: the radius of the brush, whatever the size of a spin
const ARROWS = /** @type {Record<string, [number, number]>} */ ({
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
});
const NEAR = /** @type {[number, number][]} */ ([[0, 0], [-1, 0], [0, -1], [0, 1], [1, 0]]);

/**
 * @param {Frame} f
 * @param {object} options
 * @param {HTMLCanvasElement} options.canvas
 * @param {HTMLElement} options.into  where the picture goes
 * @param {HTMLElement} options.under  where the arithmetic of a flip goes
 * @param {() => Spins} options.spins
 * @param {() => {field: number, coupling: number}} options.law
 * @param {(change: number) => number} options.chance  of a flip that changes the energy by so much
 * @param {() => void} options.onPaint  spins were changed: measure and draw again
 * @param {(key: string, values?: Record<string, unknown>) => string} options.t
 * @returns {{show: () => void}} show: after the spins have changed
 */
export function painter(f, options) {
  const { canvas, into, under, spins, onPaint, t } = options;
  const { surface, ring } = surfaceOf(canvas, t);
  const loupe = loupeOf(f, options);
  into.append(surface);
  under.append(loupe.node);
  /** @type {Cell} */
  const cursor = { row: 0, column: 0 };
  /** @type {{up: boolean, last: Cell, flips: number, change: number} | null} */
  let strokeNow = null;

  const flip = (/** @type {number} */ i) => {
    const change = spins().energyChange(i);
    spins().spins[i] = -spins().spins[i];
    if (strokeNow) {
      strokeNow.flips++;
      strokeNow.change += change;
    }
  };
  const show = () => {
    const { size } = spins();
    const cell = Math.max(100 / size, 100 * (7 / Math.max(1, canvas.clientWidth)));
    ring.style.setProperty("inline-size", `${cell}%`);
    ring.style.setProperty("inset-inline-start", `${(100 * (cursor.column + 0.5)) / size - cell / 2}%`);
    ring.style.setProperty("inset-block-start", `${(100 * (cursor.row + 0.5)) / size - cell / 2}%`);
    loupe.show(cursor);
  };
  const move = (/** @type {Cell} */ to) => {
    const { size } = spins();
    cursor.row = ((to.row % size) + size) % size;
    cursor.column = ((to.column % size) + size) % size;
    show();
  };
  const changed = () => {
    if (strokeNow) loupe.total(strokeNow.flips, strokeNow.change);
    onPaint();
    show();
  };
  const begin = (/** @type {Cell} */ at) => {
    const { size, spins: all } = spins();
    const i = at.row * size + at.column;
    strokeNow = { up: all[i] < 0, last: at, flips: 0, change: 0 };
    flip(i);
    move(at);
    changed();
  };
  const drag = (/** @type {Cell} */ to) => {
    if (!strokeNow || (to.row === strokeNow.last.row && to.column === strokeNow.last.column)) return;
    const { size, spins: all } = spins();
    const { up, last } = strokeNow;
    const radius = Math.floor((BRUSH * size) / Math.max(1, canvas.clientWidth));
    stroke(size, last, to, radius, (i) => void (all[i] > 0 !== up && flip(i)));
    strokeNow.last = to;
    move(to);
    changed();
  };
  const end = () => {
    strokeNow = null;
  };

  pointer(f, canvas, () => spins().size, { begin, drag, end, hover: move });
  surface.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    const { size } = spins();
    const far = event.shiftKey ? Math.max(2, size / 8) : 1;
    if (arrow) move({ row: cursor.row + far * arrow[0], column: cursor.column + far * arrow[1] });
    else if (event.key === " " || event.key === "Enter") {
      begin({ ...cursor });
      end();
    } else return;
    event.preventDefault();
    f.announce(loupe.text());
  }, { signal: f.signal });
  move({ row: spins().size / 2, column: spins().size / 2 });
  return {
    show() {
      const { size } = spins();
      if (cursor.row >= size || cursor.column >= size) move({ row: size / 2, column: size / 2 });
      else show();
    },
  };
}

/** @param {HTMLCanvasElement} canvas @param {(key: string) => string} t */
function surfaceOf(canvas, t) {
  const ring = h("div", { class: "xp-ring", "aria-hidden": "true" });
  const surface = h("div", { class: "xp-paint", role: "application", tabindex: "0", "aria-label": t("paintLabel") }, canvas, ring);
  return { surface, ring };
}

/**
 * Pointer events in cells. A touch that turns out to be a scroll paints nothing.
 * @param {Frame} f
 * @param {HTMLCanvasElement} canvas
 * @param {() => number} size
 * @param {{begin: (at: Cell) => void, drag: (to: Cell) => void, end: () => void, hover: (at: Cell) => void}} on
 */
function pointer(f, canvas, size, { begin, drag, end, hover }) {
  const options = { signal: f.signal };
  let active = -1;
  /** @type {Cell | null} */
  let touched = null; // a touch that has not moved yet
  const cell = (/** @type {PointerEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    const place = (/** @type {number} */ part) => Math.min(size() - 1, Math.max(0, Math.floor(part * size())));
    return { row: place((event.clientY - box.top) / box.height), column: place((event.clientX - box.left) / box.width) };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || active !== -1) return;
    active = event.pointerId;
    canvas.setPointerCapture(active);
    if (event.pointerType === "touch") touched = cell(event);
    else begin(cell(event));
  }, options);
  canvas.addEventListener("pointermove", (event) => {
    if (active === -1 && event.pointerType === "mouse") hover(cell(event));
    if (event.pointerId !== active) return;
    if (touched) begin(touched);
    touched = null;
    drag(cell(event));
  }, options);
  canvas.addEventListener("pointerup", (event) => {
    if (event.pointerId !== active) return;
    if (touched) begin(touched);
    touched = null;
    active = -1;
    end();
  }, options);
  canvas.addEventListener("pointercancel", () => {
    touched = null;
    active = -1;
    end();
  }, options);
}

/**
 * The spin under the cursor and its four neighbours, large, with the arithmetic of a flip.
 * @param {Frame} f
 * @param {Parameters<typeof painter>[1]} options
 */
function loupeOf(f, { spins, law, chance, t }) {
  const squares = NEAR.map(([r, c]) => s("rect", { x: 17 + 16 * c, y: 17 + 16 * r, width: 15, height: 15 }));
  const signs = NEAR.map(([r, c]) => s("text", { x: 24.5 + 16 * c, y: 29 + 16 * r, "text-anchor": "middle" }));
  const picture = s("svg", { viewBox: "0 0 49 49", width: 49, height: 49, "aria-hidden": "true" }, ...squares, ...signs);
  const rule = h("p", {}, t("flipRule"));
  const sum = h("p", { class: "xp-sum" });
  const odds = h("p", { class: "xp-odds" });
  const total = h("p", { class: "xp-total" }, t("paintHelp"));
  const node = h("div", { class: "xp-loupe" }, picture, h("div", {}, rule, sum, odds), total);
  const signed = (/** @type {number} */ v, digits = 0) => (v > 0 ? "+" : "") + fixed(v, digits);
  let spoken = "";

  return {
    node,
    text: () => spoken,
    /** @param {Cell} cursor */
    show({ row, column }) {
      const now = spins();
      const { size, spins: all } = now;
      const i = row * size + column;
      const near = NEAR.map(([r, c]) => all[((row + r + size) % size) * size + ((column + c + size) % size)]);
      squares.forEach((square, k) => square.setAttribute("class", near[k] > 0 ? "xp-up" : "xp-down"));
      signs.forEach((sign, k) => {
        sign.textContent = near[k] > 0 ? "+" : "−";
        sign.setAttribute("class", near[k] > 0 ? "xp-up" : "xp-down");
      });
      const { field, coupling } = law();
      const change = now.energyChange(i);
      const values = {
        row: row + 1, column: column + 1, s: signed(all[i]), sum: signed(near[1] + near[2] + near[3] + near[4]),
        J: fixed(coupling, Number.isInteger(coupling) ? 0 : 2), h: fixed(field, Number.isInteger(field) ? 0 : 2),
        change: signed(change, Number.isInteger(change) ? 0 : 2), chance: fixed(chance(change), 3),
      };
      sum.textContent = t("flipSum", values);
      odds.textContent = t("flipOdds", values);
      spoken = t("flipSpoken", values);
      f.setReadout("flip_energy", change);
    },
    /** @param {number} flips @param {number} change */
    total(flips, change) {
      total.textContent = t(flips === 1 ? "painted1" : "painted", { flips, change: signed(change, Number.isInteger(change) ? 0 : 2) });
      f.setReadout("painted_flips", flips);
      f.setReadout("painted_energy", change);
    },
  };
}
