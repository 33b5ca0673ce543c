// Results of a function over a grid, stored with the page; in Jupyter the kernel computes what is asked for.

import { choice, slider } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { isDark, onTheme } from "./kit/theme.js";
import { t } from "./kit/strings.js";

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/frame.js").Model} Model */
/** @typedef {{name: string, label: string, values: any[], numeric: boolean, whole: boolean}} Axis */
/** @typedef {{name: string, kind: import("./kit/plot.js").Kind, x: number[], y: number[], error?: number[]}} Series */
/** @typedef {{alt: string, series?: Series[], svg?: string, dark?: string, exchange?: Record<string, string>}} Result */

/** @param {{model: Model, el: HTMLElement}} host */
async function render({ model, el }) {
  const f = frame({ model, el, name: "explore", label: model.get("title") || t("exploreTitle") });
  /** @type {Axis[]} */
  const axes = model.get("axes");
  const note = h("p", { class: "xp-help xp-busy", role: "status" });
  const error = h("p", { class: "xp-error", role: "alert" });
  const show = view(f);
  f.stage.append(note, error);
  axes.forEach((axis) => control(f, axis));

  const shown = (/** @type {Result} */ result) => {
    note.textContent = "";
    error.textContent = "";
    show(result);
    f.setReadout("shown", axes.map((axis) => `${axis.name}=${model.get(axis.name)}`).join(", "));
  };
  const failed = (/** @type {string} */ reason) => {
    note.textContent = "";
    error.textContent = t(f.static ? "exploreUnread" : "exploreFailed", { reason });
  };
  const busy = () => void (note.textContent = t("exploreBusy"));
  const source = await (model.get("frames")?.byteLength ? stored(f, axes, shown, failed) : live(f, axes, shown, failed, busy));
  axes.forEach((axis) => f.watch(axis.name, source));
  source();
  return f.destroy;
}

/** @param {Frame} f @param {Axis} axis */
function control(f, axis) {
  const { name: trait, label, values, numeric, whole } = axis;
  if (!numeric) return choice(f, { trait, label, options: values.map((value) => ({ value, label: String(value) })) });
  const [min, max] = [values[0], values[values.length - 1]];
  const words = (/** @type {number} */ v) => `${label}: ${significant(v, 4)}`;
  const temperature = trait === "temperature";
  // On the site there is what was stored; a kernel computes whatever lies between.
  if (f.model.get("frames")?.byteLength) return slider(f, { trait, label, min, max, stops: values, words, temperature });
  const step = whole ? 1 : Number(((max - min) / 100).toPrecision(1));
  return slider(f, { trait, label, min, max, step, exact: whole, words, temperature });
}

/**
 * @param {Frame} f
 * @param {Axis[]} axes
 * @param {(result: Result) => void} shown
 * @param {(reason: string) => void} failed
 */
async function stored(f, axes, shown, failed) {
  /** @type {Result[]} */
  let results = [];
  try {
    const stream = new Blob([f.model.get("frames")]).stream().pipeThrough(new DecompressionStream("gzip"));
    results = JSON.parse(await new Response(stream).text());
  } catch (reason) {
    failed(String(reason));
  }
  return () => {
    const at = axes.map((axis) => axis.values.indexOf(f.model.get(axis.name)));
    const index = at.reduce((sum, i, k) => sum * axes[k].values.length + i, 0);
    if (at.every((i) => i >= 0) && results[index]) shown(results[index]);
  };
}

/**
 * Ask the kernel; while it works, remember only the newest wish.
 * @param {Frame} f
 * @param {Axis[]} axes
 * @param {(result: Result) => void} shown
 * @param {(reason: string) => void} failed
 * @param {() => void} busy
 */
async function live(f, axes, shown, failed, busy) {
  const { model } = f;
  const own = crypto.getRandomValues(new Uint32Array(2)).join("-"); // two views of one model hear each other's answers
  let asked = 0;
  let waiting = false;
  let again = false;
  const ask = () => {
    if (waiting) {
      again = true;
      return;
    }
    waiting = true;
    again = false;
    busy();
    model.send({ id: `${own}-${++asked}`, ask: Object.fromEntries(axes.map((axis) => [axis.name, model.get(axis.name)])) });
  };
  const hear = (/** @type {any} */ message) => {
    if (message?.answer !== `${own}-${asked}`) return;
    waiting = false;
    if (again) ask();
    else if (message.error) failed(message.error);
    else shown(message.frame);
  };
  model.on("msg:custom", hear);
  f.onCleanup(() => model.off("msg:custom", hear));
  return ask;
}

/**
 * A plot for curves, an image for pictures; made when the first result says which it is.
 * @param {Frame} f
 * @returns {(result: Result) => void}
 */
function view(f) {
  const place = f.stage.appendChild(h("div", { class: "xp-explore" }));
  /** @type {((result: Result) => void) | null} */
  let draw = null;
  return (result) => {
    draw ??= result.series ? curves(f, place) : picture(f, place);
    draw(result);
    f.announce(result.alt);
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function curves(f, into) {
  const { model } = f;
  const limits = model.get("limits");
  const [x, y] = [limits.x ?? [Infinity, -Infinity], limits.y ?? [Infinity, -Infinity]];
  const pad = (/** @type {number[]} */ [low, high]) => ({ min: low - 0.03 * (high - low || 1), max: high + 0.03 * (high - low || 1) });
  const round = (/** @type {number[]} */ [low, high]) => {
    const step = 10 ** Math.floor(Math.log10((high - low || 1) / 10)); // −0.999 to 0.999 becomes −1 to 1
    return { min: Math.floor(low / step + 1e-9) * step, max: Math.ceil(high / step - 1e-9) * step };
  };
  /** @type {import("./kit/plot.js").Plot | null} */
  let p = null;
  return (/** @type {Result} */ { series = [], alt }) => {
    // Without stored limits the axes grow with what has been shown, and never shrink under the reader's eyes.
    for (const one of series) {
      [x[0], x[1]] = [Math.min(x[0], ...one.x), Math.max(x[1], ...one.x)];
      [y[0], y[1]] = [Math.min(y[0], ...one.y), Math.max(y[1], ...one.y)];
    }
    const axes = { x: { label: model.get("xlabel"), ...round(x) }, y: { label: model.get("ylabel"), ...pad(y) } };
    p ??= plot(f, { ...axes, title: model.get("title") || model.get("ylabel"), into });
    p.axes(axes);
    p.clear();
    series.forEach((one, i) => drawSeries(/** @type {import("./kit/plot.js").Plot} */ (p), one, one.name || `${i}`));
    p.describe(alt);
  };
}

/** @param {import("./kit/plot.js").Plot} p @param {Series} series @param {string} key */
function drawSeries(p, { name, kind, x, y, error }, key) {
  const points = x.map((v, i) => [v, y[i]]);
  const options = { kind, label: name || undefined };
  if (kind !== "simulation") return p.line(key, points, options);
  p.points(key, points, options);
  if (error) p.errorbars(`${key} ±`, points.map(([a, b], i) => [a, b, error[i]]), { kind });
}

/** @param {Frame} f @param {HTMLElement} into */
function picture(f, into) {
  const image = into.appendChild(h("img", { class: "xp-picture" }));
  let url = "";
  /** @type {Result | null} */
  let current = null;
  const forget = () => URL.revokeObjectURL(url);
  const paint = () => {
    if (!current?.svg) return;
    // As an image and not as markup: matplotlib's SVG carries a style element, which the page's policy forbids.
    const exchange = current.exchange ?? {};
    const text = !isDark(f) ? current.svg : current.dark ?? current.svg.replace(/#[0-9a-f]{6}\b/g, (c) => exchange[c] ?? c);
    forget();
    url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    image.src = url;
    image.alt = current.alt;
  };
  onTheme(f, paint);
  f.onCleanup(forget);
  return (/** @type {Result} */ result) => {
    current = result;
    paint();
  };
}

export default { render };
