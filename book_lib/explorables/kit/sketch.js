// A curve the reader draws on a plot: by pointer, by arrow keys on handles, or as numbers. Then something answers it.

import { numberBox } from "./controls.js";
import { extendEnds, moveHandle, stroke } from "./curve.js";
import { h, s } from "./dom.js";
import { decimals, fixed, significant } from "./format.js";
import { reducedMotion } from "./theme.js";
import { t } from "./strings.js";

/** @typedef {import("./plot.js").Plot} Plot */
/** @typedef {[number, number]} Point */

/**
 * @typedef {object} SketchLayer
 * @property {Point[] | null} points  what is drawn so far; null when nothing is
 * @property {boolean} complete  whether the whole width is drawn
 * @property {number} missing  handles that are not drawn yet
 * @property {number} handles
 * @property {(values: ArrayLike<number | null>) => void} set  one value for each of the n points
 * @property {number[]} values  n numbers, NaN where nothing is drawn
 * @property {() => void} clear
 * @property {() => void} lock  the sketch stays, and can no longer be changed
 * @property {() => void} unlock
 * @property {boolean} locked
 * @property {(on: boolean) => void} show
 * @property {() => HTMLElement} numbers  a table of number boxes, one for each handle
 */

const EVERY = 5; // points between two handles: 61 points make 13 handles

/**
 * @param {Plot} plot
 * @param {object} [options]
 * @param {number} [options.n]  how many points, 1 + a multiple of 5
 * @param {string} [options.label]  beside the line
 * @param {string} [options.hint]  in the empty plot
 * @param {ArrayLike<number | null>} [options.start]
 * @param {(points: Point[] | null) => void} [options.onChange]
 * @returns {SketchLayer}
 */
export function sketchLayer(plot, { n = 61, label = t("sketchDrawn"), hint = t("sketchHint"), start, onChange } = {}) {
  if ((n - 1) % EVERY) throw new RangeError(`sketchLayer: n must be 1 + a multiple of ${EVERY}, not ${n}`);
  return new Layer(plot, { n, label, hint, onChange }, start);
}

/** @implements {SketchLayer} */
class Layer {
  /**
   * @param {Plot} plot
   * @param {{n: number, label: string, hint: string, onChange?: (points: Point[] | null) => void}} options
   * @param {ArrayLike<number | null>} [start]
   */
  constructor(plot, { n, label, hint, onChange }, start) {
    this.plot = plot;
    this.label = label;
    this.onChange = onChange;
    this.locked = false;
    this.visible = true;
    this.data = new Float64Array(n).fill(Number.NaN);
    this.handles = 1 + (n - 1) / EVERY;
    this.current = 0; // the handle that Tab comes to
    this.hint = s("text", { class: "xp-hint", "text-anchor": "middle", "aria-hidden": "true" }, hint);
    /** @type {HTMLInputElement[]} */
    this.boxes = [];
    /** @type {SVGGElement[]} */
    this.nodes = Array.from({ length: this.handles }, (_, i) => this.handle(i));
    this.drag = this.listen();
    plot.svg.setAttribute("role", "group");
    plot.onLayout(() => this.place());
    if (start) this.set(start);
    this.place();
  }

  get xs() {
    const { min, max } = this.plot.x;
    return Array.from(this.data, (_, i) => min + ((max - min) * i) / (this.data.length - 1));
  }

  get values() {
    return [...this.data];
  }

  get points() {
    const { xs, data } = this;
    const drawn = xs.map((x, i) => /** @type {Point} */ ([x, data[i]])).filter((p) => Number.isFinite(p[1]));
    return drawn.length ? drawn : null;
  }

  get missing() {
    return this.nodes.filter((_, i) => !Number.isFinite(this.data[i * EVERY])).length;
  }

  get complete() {
    return this.data.every(Number.isFinite);
  }

  /** @param {number} i */
  handle(i) {
    const node = s("g", { class: "xp-handle", role: "slider", "aria-orientation": "vertical", tabindex: i ? -1 : 0 },
      s("circle", { r: 22, class: "xp-handle-target" }), s("circle", { r: 6, class: "xp-handle-dot" }));
    const { signal } = this.plot.f;
    node.addEventListener("keydown", (event) => this.key(i, event), { signal });
    node.addEventListener("focus", () => this.rove(i), { signal });
    return node;
  }

  listen() {
    /** @type {Point | null} */
    let last = null;
    const { x, y } = this.plot;
    return this.plot.onDrag((px, py, phase) => {
      // Beyond the axes the pen slides along them: the picture ends there and so does the sketch.
      const point = /** @type {Point} */ ([Math.min(x.max, Math.max(x.min, px)), Math.min(y.max, Math.max(y.min, py))]);
      if (phase !== "end") stroke(this.data, this.xs, last ?? point, point);
      last = phase === "end" ? null : point;
      if (phase === "end") extendEnds(this.data, EVERY);
      this.changed();
    });
  }

  /** @param {number} i @param {KeyboardEvent} event */
  key(i, event) {
    const { min, max } = this.plot.y;
    const moves = { ArrowUp: 1 / 40, ArrowDown: -1 / 40, PageUp: 1 / 8, PageDown: -1 / 8 };
    const sides = { ArrowLeft: -1, ArrowRight: 1 };
    const { key } = event;
    if (key in sides) this.focus(i + sides[/** @type {keyof typeof sides} */ (key)]);
    else if (this.locked) return;
    else if (key in moves) this.move(i, this.near(i) + moves[/** @type {keyof typeof moves} */ (key)] * (max - min));
    else if (key === "Home" || key === "End") this.move(i, key === "Home" ? min : max);
    else return;
    event.preventDefault();
  }

  /** The value at a handle or, where nothing is drawn, at the nearest one that is. @param {number} i */
  near(i) {
    const { min, max } = this.plot.y;
    const known = this.nodes.map((_, k) => k).filter((k) => Number.isFinite(this.data[k * EVERY]));
    if (!known.length) return (min + max) / 2;
    return this.data[EVERY * known.reduce((best, k) => (Math.abs(k - i) < Math.abs(best - i) ? k : best))];
  }

  /** @param {number} i @param {number} value */
  move(i, value) {
    const { min, max } = this.plot.y;
    moveHandle(this.data, EVERY, i, Math.min(max, Math.max(min, value)));
    this.changed();
  }

  /** @param {number} i */
  focus(i) {
    this.nodes[Math.min(this.handles - 1, Math.max(0, i))].focus();
  }

  /** @param {number} i */
  rove(i) {
    this.nodes[this.current].setAttribute("tabindex", "-1");
    this.nodes[i].setAttribute("tabindex", "0");
    this.current = i;
  }

  changed() {
    this.place();
    this.onChange?.(this.points);
  }

  place() {
    const { plot, data, xs } = this;
    const layer = plot.layer("sketch", { clip: false, keep: true }); // kept: a handle must not lose the focus
    if (this.nodes[0].parentNode !== layer) layer.replaceChildren(this.hint, ...this.nodes);
    const { points } = this;
    if (points && this.visible) {
      const line = xs.map((x, i) => /** @type {Point} */ ([x, data[i]]));
      plot.line("sketch", line, { kind: "reader", label: this.label });
    } else plot.clear("sketch");
    this.placeHint(points === null);
    this.nodes.forEach((node, i) => this.placeHandle(node, i, xs[i * EVERY], data[i * EVERY]));
  }

  /** @param {boolean} empty */
  placeHint(empty) {
    const { plot } = this;
    const { x, y } = plot;
    this.hint.setAttribute("x", String(plot.scale.x((x.min + x.max) / 2)));
    this.hint.setAttribute("y", String(plot.scale.y((y.min + 2 * y.max) / 3)));
    this.hint.style.display = empty && !this.locked && this.visible ? "" : "none";
  }

  /** @param {SVGGElement} node @param {number} i @param {number} x @param {number} value */
  placeHandle(node, i, x, value) {
    const { plot } = this;
    const { min, max } = plot.y;
    const drawn = Number.isFinite(value);
    const height = drawn ? value : this.near(i);
    const where = `${plot.x.label} ${significant(x, 3)}`;
    node.setAttribute("transform", `translate(${plot.scale.x(x)} ${plot.scale.y(height)})`);
    node.classList.toggle("xp-undrawn", !drawn);
    node.style.display = this.visible ? "" : "none";
    node.setAttribute("aria-label", t("sketchPoint", { x: where }));
    node.setAttribute("aria-valuemin", String(min));
    node.setAttribute("aria-valuemax", String(max));
    node.setAttribute("aria-valuenow", String(Number(height.toPrecision(4))));
    node.setAttribute("aria-valuetext", drawn ? `${plot.y.label} ${this.text(value)}` : t("sketchUnset"));
    if (this.locked) node.setAttribute("aria-disabled", "true");
    else node.removeAttribute("aria-disabled");
    const box = this.boxes[i];
    if (box && document.activeElement !== box) box.value = drawn ? String(Number(value.toPrecision(4))) : "";
  }

  /** @param {number} value */
  text(value) {
    const { min, max } = this.plot.y;
    return fixed(value, decimals(Number(((max - min) / 100).toPrecision(1))));
  }

  /** @type {SketchLayer["set"]} */
  set(values) {
    const { min, max } = this.plot.y;
    for (let i = 0; i < this.data.length; i++) {
      const value = values[i];
      const good = typeof value === "number" && value >= min && value <= max;
      this.data[i] = good ? value : Number.NaN;
    }
    this.place();
  }

  clear() {
    this.data.fill(Number.NaN);
    this.changed();
  }

  lock() {
    this.locked = true;
    this.drag.enable(false);
    this.boxes.forEach((box) => void (box.disabled = true));
    this.place();
  }

  unlock() {
    this.locked = false;
    this.drag.enable(true);
    this.boxes.forEach((box) => void (box.disabled = false));
    this.place();
  }

  /** @param {boolean} on */
  show(on) {
    this.visible = on;
    this.place();
  }

  numbers() {
    const { plot, xs } = this;
    const { label, min, max } = plot.y;
    const places = this.nodes.map((_, i) => significant(xs[i * EVERY], 3));
    const boxes = places.map((x, i) =>
      numberBox(plot.f, { label, min, max }, t("sketchPoint", { x: `${plot.x.label} ${x}` }), (value) => this.move(i, value)));
    this.boxes = boxes.map((box) => box.input);
    this.boxes.forEach((box) => void (box.disabled = this.locked));
    const rows = boxes.map((box, i) =>
      h("tr", {}, h("th", { scope: "row" }, places[i]), h("td", {}, h("div", { class: "xp-field" }, box.input, box.error))));
    this.place();
    return h("div", { class: "xp-sketch-numbers" }, h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, plot.x.label), h("th", { scope: "col" }, label))),
      h("tbody", {}, ...rows)));
  }
}

/**
 * Show points one after another, or all at once to readers who asked for less motion.
 * @param {Plot} plot
 * @param {string} name
 * @param {Point[]} points
 * @param {import("./plot.js").MarkOptions & {seconds?: number}} [options]
 * @returns {Promise<void>} when all have arrived
 */
export function arrive(plot, name, points, { seconds = 1.2, ...options } = {}) {
  const { signal } = plot.f;
  if (reducedMotion() || points.length === 0) {
    plot.points(name, points, options);
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    let request = 0;
    let begun = -1;
    const tick = (/** @type {number} */ now) => {
      if (begun < 0) begun = now;
      const shown = Math.min(points.length, Math.ceil((points.length * (now - begun + 1)) / (1000 * seconds)));
      plot.points(name, points.slice(0, shown), options);
      if (shown === points.length) resolve();
      else request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
    signal.addEventListener("abort", () => {
      cancelAnimationFrame(request);
      resolve();
    }, { once: true });
  });
}
