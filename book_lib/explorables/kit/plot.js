// Axes, curves, points and draggable places in one SVG that is drawn in real pixels, so that text keeps its size.

import { h, s, setAttributes, throttle, uniqueId } from "./dom.js";
import { significant, ticks } from "./format.js";
import { seriesTables } from "./table.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {ArrayLike<ArrayLike<number>>} Points  [[x, y], …]; a NaN breaks the line */
/** @typedef {"simulation" | "theory" | "mean_field" | "reader" | "muted" | "cold" | "hot"} Kind */
/** @typedef {{label: string, min: number, max: number, ticks?: number[], format?: (v: number) => string}} Axis */
/** @typedef {{kind?: Kind, label?: string, r?: number, closed?: boolean, labelAt?: number, dash?: boolean,
 *     faint?: boolean}} MarkOptions */
/** @typedef {{type: string, data: any, options: MarkOptions, node: SVGElement, label?: SVGTextElement}} Mark */

const MARGIN = { top: 12, right: 16, bottom: 46, left: 56 };
const NARROW = 440; // px: below this, direct labels give way to a legend row
const SWATCH = { line: "M0 6H22", points: "M11 6h.01", area: "M0 2H22V10H0Z", marker: "M15 6a4 4 0 1 1-8 0a4 4 0 1 1 8 0" };

/**
 * @typedef {object} Plot
 * @property {SVGSVGElement} svg
 * @property {HTMLElement} node
 * @property {Frame} f
 * @property {{x: (v: number) => number, y: (v: number) => number, invX: (px: number) => number, invY: (px: number) => number}} scale
 * @property {(name: string, points: Points, options?: MarkOptions) => void} line
 * @property {(name: string, points: Points, options?: MarkOptions) => void} points
 * @property {(name: string, points: ArrayLike<ArrayLike<number>>, options?: MarkOptions) => void} errorbars  [[x, y, error], …]
 * @property {(name: string, point: ArrayLike<number>, options?: MarkOptions) => void} marker  one point that matters now
 * @property {(name: string, x: number, options?: MarkOptions) => void} vline
 * @property {(name: string, y: number, options?: MarkOptions) => void} hline
 * @property {(name: string, points: Points, options?: MarkOptions) => void} area  a closed polygon
 * @property {(name: string, options?: {clip?: boolean, keep?: boolean}) => SVGGElement} layer  a group of your own,
 *     emptied at each layout unless it is to be kept
 * @property {(name?: string) => void} clear
 * @property {(change: {x?: Partial<Axis>, y?: Partial<Axis>}) => void} axes
 * @property {(fn: () => void) => void} onLayout  after a change of size or limits: redraw your layers
 * @property {(fn: (x: number, y: number, phase: "start" | "move" | "end", event: PointerEvent) => void) =>
 *     {enable: (on: boolean) => void}} onDrag  x and y in the plot's units, also beyond its limits
 * @property {Axis} x
 * @property {Axis} y
 * @property {(text: string) => void} describe
 */

/**
 * @param {Frame} f
 * @param {{x: Axis, y: Axis, height?: number, title: string, desc?: string, into?: HTMLElement, table?: boolean,
 *     legend?: boolean}} options  legend: always a row under the plot, no labels beside the curves
 * @returns {Plot}
 */
export function plot(f, { x, y, height = 260, title, desc = "", into = f.stage, table = true, legend = false }) {
  const p = new PlotView(f, { x, y, height, title, desc, legend });
  into.append(p.node);
  p.watchSize();
  if (table) f.addTable(() => seriesTables(title, p.x.label, p.y.label, p.tableSeries()));
  return p;
}

/**
 * The empty SVG with its groups.
 * @param {string} title
 * @param {string} text
 */
function build(title, text) {
  const [titleId, descId, clipId] = ["title", "desc", "clip"].map(uniqueId);
  const desc = s("desc", { id: descId }, text);
  const clip = s("rect");
  const grid = s("g", { class: "xp-axes" });
  const content = s("g", { "clip-path": `url(#${clipId})` });
  const labels = s("g", { class: "xp-direct" });
  const svg = s("svg", { class: "xp-plot-svg", role: "img", "aria-labelledby": titleId, "aria-describedby": descId },
    s("title", { id: titleId }, title), desc, s("clipPath", { id: clipId }, clip), grid, content, labels);
  const legend = h("div", { class: "xp-legend", hidden: true });
  return { desc, clip, grid, content, labels, svg, legend, node: h("div", { class: "xp-plot" }, svg, legend) };
}

/** @implements {Plot} */
class PlotView {
  /** @param {Frame} f @param {{x: Axis, y: Axis, height: number, title: string, desc: string, legend?: boolean}} options */
  constructor(f, { x, y, height, title, desc, legend = false }) {
    this.legendOnly = legend;
    this.f = f;
    this.x = { ...x };
    this.y = { ...y };
    this.width = 600;
    this.height = height;
    this.right = MARGIN.right;
    /** @type {Map<string, Mark>} */
    this.marks = new Map();
    /** @type {Map<string, SVGGElement>} */
    this.layers = new Map();
    /** @type {(() => void)[]} */
    this.layoutCallbacks = [];
    this.pending = desc;
    this.legendKey = "";
    const parts = build(title, desc);
    this.node = parts.node;
    this.svg = parts.svg;
    this.clip = parts.clip;
    this.grid = parts.grid;
    this.content = parts.content;
    this.labels = parts.labels;
    this.legend = parts.legend;
    this.say = throttle(() => void (parts.desc.textContent = this.pending), 1000, f.signal);
    this.scale = {
      x: (/** @type {number} */ v) => MARGIN.left + ((v - this.x.min) / (this.x.max - this.x.min)) * this.innerWidth,
      y: (/** @type {number} */ v) => MARGIN.top + ((this.y.max - v) / (this.y.max - this.y.min)) * this.innerHeight,
      invX: (/** @type {number} */ px) => this.x.min + ((px - MARGIN.left) / this.innerWidth) * (this.x.max - this.x.min),
      invY: (/** @type {number} */ px) => this.y.max - ((px - MARGIN.top) / this.innerHeight) * (this.y.max - this.y.min),
    };
    this.layout();
  }

  get innerWidth() {
    return Math.max(40, this.width - MARGIN.left - this.right);
  }

  get innerHeight() {
    return this.height - MARGIN.top - MARGIN.bottom;
  }

  watchSize() {
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.round(entry.contentRect.width);
      if (!width || width === this.width) return;
      this.width = width;
      this.layout();
    });
    observer.observe(this.node);
    this.f.onCleanup(() => observer.disconnect());
  }

  layout() {
    const narrow = this.legendOnly || this.width < NARROW;
    const longest = Math.max(0, ...[...this.marks.values()].map((m) => (m.type === "line" ? (m.options.label ?? "").length : 0)));
    this.right = narrow || !longest ? MARGIN.right : Math.min(this.width * 0.3, 14 + longest * 6.8);
    setAttributes(this.svg, { viewBox: `0 0 ${this.width} ${this.height}`, width: this.width, height: this.height });
    setAttributes(this.clip, { x: MARGIN.left - 7, y: MARGIN.top - 7, width: this.innerWidth + 14, height: this.innerHeight + 14 });
    this.drawAxes();
    for (const mark of this.marks.values()) this.drawMark(mark);
    this.drawLabels();
    for (const layer of this.layers.values()) if (!layer.classList.contains("xp-kept")) layer.replaceChildren();
    for (const fn of this.layoutCallbacks) fn();
  }

  drawAxes() {
    const { x, y, scale, innerWidth: w, innerHeight: hh } = this;
    const bottom = MARGIN.top + hh;
    const xs = x.ticks ?? ticks(x.min, x.max, Math.max(2, Math.floor(w / 70)));
    const ys = y.ticks ?? ticks(y.min, y.max, Math.max(2, Math.floor(hh / 45)));
    const xText = x.format ?? ((v) => significant(v, 4));
    const yText = y.format ?? ((v) => significant(v, 4));
    const middle = MARGIN.top + hh / 2;
    this.grid.replaceChildren(
      ...ys.map((v) => s("path", { class: "xp-gridline", d: `M${MARGIN.left} ${scale.y(v)}h${w}` })),
      s("path", { class: "xp-axis", d: `M${MARGIN.left} ${bottom}h${w}` }),
      ...xs.map((v) => s("path", { class: "xp-axis", d: `M${scale.x(v)} ${bottom}v5` })),
      ...xs.map((v) => s("text", { x: scale.x(v), y: bottom + 19, "text-anchor": "middle" }, xText(v))),
      ...ys.map((v) => s("text", { x: MARGIN.left - 8, y: scale.y(v) + 4, "text-anchor": "end" }, yText(v))),
      s("text", { class: "xp-axis-label", x: MARGIN.left + w / 2, y: this.height - 6, "text-anchor": "middle" }, x.label),
      s("text", { class: "xp-axis-label", transform: `translate(12 ${middle}) rotate(-90)`, "text-anchor": "middle" }, y.label),
    );
  }

  /** @param {string} name @param {string} type @param {any} data @param {MarkOptions} options */
  mark(name, type, data, options) {
    const old = this.marks.get(name);
    if (old && old.type === type) {
      const changed = options.label !== undefined && options.label !== old.options.label;
      old.data = data;
      old.options = { ...old.options, ...options };
      this.drawMark(old);
      if (changed) this.layout();
      else if (old.options.label) this.drawLabels();
    } else {
      old?.node.remove();
      const node = s(type === "line" || type === "area" || type === "errorbars" || type === "points" ? "path" : "g");
      this.content.append(node);
      const mark = { type, data, options, node };
      this.marks.set(name, mark);
      this.drawMark(mark);
      if (options.label) this.layout();
    }
    this.f.tableChanged();
  }

  /** @param {Mark} mark */
  drawMark({ type, data, options, node }) {
    const { scale } = this;
    node.setAttribute("class", markClass(type, options));
    if (type === "line") node.setAttribute("d", linePath(data, scale, options.closed));
    else if (type === "area") node.setAttribute("d", linePath(data, scale, true));
    else if (type === "points") {
      node.setAttribute("d", dots(data, scale));
      node.style.strokeWidth = `${2 * (options.r ?? 3.5)}px`;
    } else if (type === "errorbars") node.setAttribute("d", bars(data, scale));
    else if (type === "marker") node.replaceChildren(s("circle", { cx: scale.x(data[0]), cy: scale.y(data[1]), r: options.r ?? 6 }));
    else this.drawRule(type, data, options, node);
  }

  /** @param {string} type @param {number} at @param {MarkOptions} options @param {SVGElement} node */
  drawRule(type, at, options, node) {
    const { scale, innerWidth: w, innerHeight: hh } = this;
    const vertical = type === "vline";
    const d = vertical ? `M${scale.x(at)} ${MARGIN.top}v${hh}` : `M${MARGIN.left} ${scale.y(at)}h${w}`;
    const long = 5 + 6.8 * (options.label ?? "").length; // to the left of its line where it would leave the plot
    const beside = scale.x(at) + long > MARGIN.left + w ? { x: scale.x(at) - 5, "text-anchor": "end" } : { x: scale.x(at) + 5 };
    const place = vertical ? { ...beside, y: MARGIN.top + 11 } : { x: MARGIN.left + 5, y: scale.y(at) - 5 };
    node.replaceChildren(s("path", { d }), ...(options.label ? [s("text", place, options.label)] : []));
  }

  drawLabels() {
    const lines = [...this.marks.values()].filter((m) => m.options.label && !["vline", "hline"].includes(m.type));
    const narrow = this.legendOnly || this.width < NARROW;
    const direct = narrow ? [] : lines.filter((m) => m.type === "line" && m.data.length);
    this.labels.replaceChildren(...this.direct(direct));
    const rest = lines.filter((m) => !direct.includes(m) && (m.data.length ?? 1));
    this.showLegend(rest);
  }

  /** @param {Mark[]} marks */
  direct(marks) {
    const places = marks.map((m) => {
      const ends = Array.from(/** @type {Points} */ (m.data)).filter((p) => Number.isFinite(p[1]));
      const end = ends.reduce((best, p) => (p[0] >= best[0] ? p : best), ends[0] ?? [this.x.min, this.y.min]);
      return { mark: m, x: this.scale.x(end[0]) + 7, y: this.scale.y(end[1]) + 4 };
    });
    places.sort((a, b) => a.y - b.y);
    places.forEach((place, i) => {
      if (i) place.y = Math.max(place.y, places[i - 1].y + 15);
    });
    const bottom = MARGIN.top + this.innerHeight;
    for (let i = places.length - 1, limit = bottom; i >= 0; i--, limit -= 15) places[i].y = Math.min(places[i].y, limit);
    return places.map(({ mark, x, y }) =>
      s("text", { class: `xp-direct-label xp-${mark.options.kind ?? "simulation"}`, x, y }, mark.options.label));
  }

  /** @param {Mark[]} marks */
  showLegend(marks) {
    const key = marks.map((m) => `${m.type} ${m.options.kind} ${m.options.label}`).join("|");
    if (this.legendKey === key) return;
    this.legendKey = key;
    this.legend.hidden = marks.length === 0;
    this.legend.replaceChildren(...marks.map((m) => {
      const d = SWATCH[/** @type {keyof typeof SWATCH} */ (m.type)] ?? SWATCH.line;
      const swatch = s("svg", { width: 22, height: 12, viewBox: "0 0 22 12", "aria-hidden": "true" },
        s("path", { d, class: markClass(m.type, m.options) }));
      return h("span", {}, swatch, m.options.label);
    }));
  }

  /** @returns {{label: string, points: Points}[]} */
  tableSeries() {
    return [...this.marks.entries()]
      .filter(([, m]) => ["line", "points", "marker", "errorbars"].includes(m.type))
      .map(([name, m]) => ({ label: m.options.label ?? name, points: m.type === "marker" ? [m.data] : m.data }));
  }

  /** @type {Plot["line"]} */
  line(name, points, options = {}) { this.mark(name, "line", points, options); }
  /** @type {Plot["points"]} */
  points(name, points, options = {}) { this.mark(name, "points", points, options); }
  /** @type {Plot["errorbars"]} */
  errorbars(name, points, options = {}) { this.mark(name, "errorbars", points, options); }
  /** @type {Plot["marker"]} */
  marker(name, point, options = {}) { this.mark(name, "marker", point, options); }
  /** @type {Plot["vline"]} */
  vline(name, x, options = {}) { this.mark(name, "vline", x, { kind: "muted", ...options }); }
  /** @type {Plot["hline"]} */
  hline(name, y, options = {}) { this.mark(name, "hline", y, { kind: "muted", ...options }); }
  /** @type {Plot["area"]} */
  area(name, points, options = {}) { this.mark(name, "area", points, options); }

  /** @type {Plot["layer"]} */
  layer(name, { clip = true, keep = false } = {}) {
    let layer = this.layers.get(name);
    if (!layer) {
      layer = s("g", { class: `xp-layer xp-layer-${name}${keep ? " xp-kept" : ""}` });
      this.layers.set(name, layer);
      (clip ? this.content : this.svg).append(layer);
    }
    return layer;
  }

  /** @type {Plot["clear"]} */
  clear(name) {
    for (const [key, mark] of [...this.marks]) {
      if (name !== undefined && key !== name) continue;
      mark.node.remove();
      this.marks.delete(key);
    }
    this.drawLabels();
    this.f.tableChanged();
  }

  /** @type {Plot["axes"]} */
  axes({ x, y }) {
    Object.assign(this.x, x);
    Object.assign(this.y, y);
    this.layout();
  }

  /** @type {Plot["onLayout"]} */
  onLayout(fn) {
    this.layoutCallbacks.push(fn);
  }

  /** @type {Plot["describe"]} */
  describe(text) {
    this.pending = text;
    this.say();
  }

  /** @type {Plot["onDrag"]} */
  onDrag(fn) {
    const { svg, f } = this;
    let active = -1;
    let enabled = true;
    const enable = (/** @type {boolean} */ on) => {
      enabled = on;
      svg.classList.toggle("xp-draggable", on); // a finger scrolls the page again when there is nothing to drag
    };
    enable(true);
    const at = (/** @type {PointerEvent} */ event, /** @type {"start" | "move" | "end"} */ phase) => {
      const box = svg.getBoundingClientRect();
      const zoom = this.width / box.width;
      fn(this.scale.invX((event.clientX - box.left) * zoom), this.scale.invY((event.clientY - box.top) * zoom), phase, event);
    };
    const options = { signal: f.signal };
    svg.addEventListener("pointerdown", (event) => {
      if (!enabled || event.button !== 0 || active !== -1) return;
      active = event.pointerId;
      svg.setPointerCapture(active);
      event.preventDefault();
      at(event, "start");
    }, options);
    svg.addEventListener("pointermove", (event) => {
      if (event.pointerId !== active) return;
      const all = event.getCoalescedEvents?.() ?? [];
      for (const one of all.length ? all : [event]) at(one, "move");
    }, options);
    for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
      svg.addEventListener(type, (event) => {
        if (event.pointerId !== active) return;
        active = -1;
        at(event, "end");
      }, options);
    }
    return { enable };
  }
}

/** @typedef {Plot["scale"]} Scale */

/** @param {number} v */
const px = (v) => Math.round(v * 10) / 10;

/** @param {string} type @param {MarkOptions} options */
function markClass(type, { kind = "simulation", dash, faint }) {
  return `xp-mark xp-${type} xp-${kind}${dash ? " xp-dashed" : ""}${faint ? " xp-faint" : ""}`;
}

/** @param {Points} points @param {Scale} scale @param {boolean} [closed] */
export function linePath(points, scale, closed = false) {
  let d = "";
  let pen = "M";
  for (let i = 0; i < points.length; i++) {
    const p = points[i];
    if (!Number.isFinite(p[1]) || !Number.isFinite(p[0])) {
      pen = "M";
      continue;
    }
    d += `${pen}${px(scale.x(p[0]))} ${px(scale.y(p[1]))}`;
    pen = "L";
  }
  return closed && d ? `${d}Z` : d;
}

// A round line cap on a line of no length is a dot: one path for a thousand points.
/** @param {Points} points @param {Scale} scale */
function dots(points, scale) {
  let d = "";
  for (let i = 0; i < points.length; i++) {
    const p = points[i];
    if (Number.isFinite(p[1])) d += `M${px(scale.x(p[0]))} ${px(scale.y(p[1]))}h.01`;
  }
  return d;
}

/** @param {Points} points  [x, y, error] @param {Scale} scale */
function bars(points, scale) {
  let d = "";
  for (const p of Array.from(points)) {
    const [x, low, high] = [px(scale.x(p[0])), px(scale.y(p[1] - p[2])), px(scale.y(p[1] + p[2]))];
    d += `M${x} ${low}V${high}M${x - 3} ${low}h6M${x - 3} ${high}h6`;
  }
  return d;
}
