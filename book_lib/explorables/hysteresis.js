// Hysteresis: the field goes up and comes down, and the magnet remembers where it has been.

import { onsagerMagnetization } from "./core/ising.js";
import { lattice } from "./kit/canvas.js";
import { clock } from "./kit/clock.js";
import { seedBox, slider } from "./kit/controls.js";
import { h, s, setAttributes } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { Run, collect } from "./parts/loop.js";

const CRITICAL = 2 / Math.log(1 + Math.SQRT2);
const RATES = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000];
const REPEATS = [1, 2, 5, 10, 20];
const MEASURED = ["size", "temperature", "sweeps_per_step", "repeats", "amplitude", "steps", "seed"];
const IN_FRAME = 12; // ms of measuring between two pictures

const t = strings({
  en: {
    name: "Hysteresis: a magnet in a field that is swept up and down",
    temperature: "Temperature",
    rate: "Sweeps at each field",
    repeats: "Repeats to average",
    plotTitle: "Mean spin against field",
    field: "field h",
    spin: "mean spin m",
    rising: "field rising",
    falling: "field falling",
    exact: "infinite magnet at rest, h = 0 (Onsager)",
    area: "Area of the loop",
    areaSoFar: "Area so far",
    meanArea: "Mean area",
    loops: "Loops",
    cold: "T = {T}, below the critical 2.27",
    near: "T = {T}, near the critical 2.27",
    hot: "T = {T}, above the critical 2.27",
    rateFast: "{n} sweeps at each field, fast",
    rateSlow: "{n} sweeps at each field, slow",
    repeatsWords: "{n} magnets in the same field",
    collected: "Loops you have collected",
    empty: "Finish a loop and its area is noted here.",
    colTemperature: "T",
    colRate: "sweeps per field",
    colLoops: "loops",
    colArea: "area",
    colError: "standard error",
    begin: "The field begins far down, and every spin with it.",
    withField: "Field {h}: m = {m}, along with the field.",
    against: "Field {h}, but m = {m}: still pointing the way it was. A magnet remembers.",
    turning: "Field {h}: m = {m}, turning over.",
    closed: "The loop is closed: it encloses {area}, the work each spin has turned into heat.",
    thin: "The loop is closed and encloses next to nothing ({area}): this magnet does not remember.",
    picture: "{size} by {size} spins, {up} per cent up. {sentence}",
  },
  zh: {
    name: "磁滞：磁体处在先升后降的磁场中",
    temperature: "温度",
    rate: "每个磁场值的扫描次数",
    repeats: "平均的重复次数",
    plotTitle: "平均自旋随磁场的变化",
    field: "磁场 h",
    spin: "平均自旋 m",
    rising: "磁场上升",
    falling: "磁场下降",
    exact: "静止的无限大磁体，h = 0（Onsager）",
    area: "回线面积",
    areaSoFar: "目前的面积",
    meanArea: "平均面积",
    loops: "回线数",
    cold: "T = {T}，低于临界值 2.27",
    near: "T = {T}，接近临界值 2.27",
    hot: "T = {T}，高于临界值 2.27",
    rateFast: "每个磁场值扫描 {n} 次，快",
    rateSlow: "每个磁场值扫描 {n} 次，慢",
    repeatsWords: "同一磁场中的 {n} 个磁体",
    collected: "你收集的回线",
    empty: "完成一条回线后，它的面积会记在这里。",
    colTemperature: "T",
    colRate: "每个磁场值的扫描次数",
    colLoops: "回线数",
    colArea: "面积",
    colError: "标准误差",
    begin: "磁场从最低处开始，所有自旋都随之向下。",
    withField: "磁场 {h}：m = {m}，与磁场一致。",
    against: "磁场 {h}，但 m = {m}：仍保持原来的方向。磁体有记忆。",
    turning: "磁场 {h}：m = {m}，正在翻转。",
    closed: "回线闭合，所围面积为 {area}：这是每个自旋变成热的功。",
    thin: "回线闭合，所围面积几乎为零（{area}）：这个磁体没有记忆。",
    picture: "{size} × {size} 个自旋，{up}% 向上。{sentence}",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./parts/loop.js").Settings} Settings */
/** @typedef {import("./parts/loop.js").Row} Row */

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "hysteresis", label: t("name") });
  const settings = () => /** @type {Settings} */ (Object.fromEntries(MEASURED.map((name) => [name, model.get(name)])));
  controls(f); // first: the address may hold other settings than the page was built with
  const run = new Run(settings());
  const view = picture(f, run);
  const again = catchUp(f, run, view);

  const step = (/** @type {number} */ n) => {
    if (f.running && again.busy) return; // the curve is still on its way to where the reader was
    again.finish();
    for (let k = 0; k < n; k++) {
      if (!run.step()) continue;
      f.assign({ collected: collect(model.get("collected"), /** @type {Row} */ (run.row())) });
      if (f.running) return time.pause();
    }
  };
  const time = clock(f, { step, onFrame: view, perFrame: () => pace(run), onReset() {
    again.stop();
    run.restart(settings());
    f.assign({ collected: [] });
  } });
  MEASURED.forEach((name) => f.watch(name, () => {
    const { taken } = run;
    run.restart(settings());
    again.start(taken);
  }));
  again.start(Math.min(model.get("start_at"), 2 * model.get("steps")));
  again.finish();
  view();
  f.publish();
  return f.destroy;
}

/**
 * Field steps a frame: slowly enough to follow with the eye, slower still when the field is swept slowly.
 * @param {Run} run
 */
function pace(run) {
  if (reducedMotion()) return 8; // at four frames a second
  return run.settings.sweeps_per_step > 50 ? 0.4 : 0.7;
}

/**
 * Measure anew up to the field where the reader was: at once if that is quick, else a part in each frame.
 * @param {Frame} f @param {Run} run @param {() => void} view
 */
function catchUp(f, run, view) {
  let target = 0;
  let request = 0;
  const work = (budget = Infinity) => {
    for (const start = performance.now(); run.taken < target && performance.now() - start < budget;) run.step();
  };
  const frame = () => {
    request = 0;
    work(IN_FRAME);
    view();
    if (run.taken < target) request = requestAnimationFrame(frame);
    else f.publish();
  };
  const stop = () => {
    cancelAnimationFrame(request);
    request = 0;
    target = 0;
  };
  f.onCleanup(stop);
  return {
    get busy() { return request !== 0; },
    stop,
    start(/** @type {number} */ taken) {
      target = Math.max(taken, request ? target : 0); // a slider still moving has not arrived where it started from
      cancelAnimationFrame(request);
      frame();
    },
    finish() {
      work();
      stop();
    },
  };
}

/** @param {Frame} f */
function controls(f) {
  const words = (/** @type {number} */ T) =>
    t(Math.abs(T - CRITICAL) < 0.15 ? "near" : T < CRITICAL ? "cold" : "hot", { T: fixed(T) });
  slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: 0.5, max: 6, step: 0.05,
    temperature: { neutral: CRITICAL }, words });
  slider(f, { trait: "sweeps_per_step", label: t("rate"), min: 1, max: 1000, stops: RATES,
    words: (n) => t(n < 30 ? "rateFast" : "rateSlow", { n }) });
  slider(f, { trait: "repeats", label: t("repeats"), min: 1, max: 20, stops: REPEATS,
    words: (n) => t("repeatsWords", { n }) });
  seedBox(f);
}

/**
 * Everything one sees; returns the function that draws it.
 * @param {Frame} f @param {Run} run
 */
function picture(f, run) {
  f.stage.classList.add("xp-hysteresis");
  const left = h("div", { class: "xp-hy-plot" });
  const magnet = h("div", { class: "xp-hy-magnet" });
  const book = h("div", { class: "xp-hy-book" });
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(left, magnet, caption);
  f.root.append(book); // last: it grows, and nothing may move under the reader's finger
  const drawLoops = loops(f, run, left);
  const drawArrow = arrow(magnet);
  const drawSpins = lattice(f, { into: magnet, describe: () => {
    const up = Math.round(50 * (1 + mean(run.spins)));
    return t("picture", { size: run.settings.size, up, sentence: sentence(run) });
  } });
  const drawBook = notebook(f, book);
  const show = readouts(f, run);
  f.watch("collected", drawBook);
  drawBook();
  return () => {
    drawLoops();
    drawArrow(run.field / run.settings.amplitude);
    drawSpins(run.spins, run.settings.size, run.settings.size);
    caption.textContent = sentence(run);
    show();
  };
}

/** @param {ArrayLike<number>} spins */
const mean = (spins) => Array.from(spins).reduce((sum, spin) => sum + spin, 0) / spins.length;

/** What is happening, in one sentence. @param {Run} run */
export function sentence(run) {
  if (!run.taken) return t("begin");
  const [field, m] = [run.field, run.magnetization];
  const values = { h: fixed(field, 1), m: fixed(m, 2) };
  if (run.done) return t(run.area < 0.3 ? "thin" : "closed", { area: fixed(run.area, 2) });
  if (field * m < 0 && Math.abs(m) > 0.5) return t("against", values);
  return t(Math.abs(m) < 0.5 && run.settings.temperature < CRITICAL ? "turning" : "withField", values);
}

/**
 * The plot: single magnets faint, their mean, and where an infinite magnet at rest would be.
 * @param {Frame} f @param {Run} run @param {HTMLElement} into
 */
function loops(f, run, into) {
  const { amplitude } = run.settings;
  const p = plot(f, { into, height: 300, legend: true, title: t("plotTitle"),
    x: { label: t("field"), min: -amplitude, max: amplitude },
    y: { label: t("spin"), min: -1.05, max: 1.05, ticks: [-1, -0.5, 0, 0.5, 1] } });
  p.vline("zero", 0);
  p.hline("none", 0);
  const rising = (/** @type {number[]} */ up) => up.map((m, i) => [run.fields[i], m]);
  const falling = (/** @type {number[]} */ down) => down.map((m, i) => [run.fields[run.fields.length - 1 - i], m]);
  return () => {
    const { amplitude: most } = run.settings;
    if (p.x.max !== most) p.axes({ x: { min: -most, max: most } });
    const { up, down } = run.mean();
    const [upward, downward] = [rising(up), falling(down)];
    p.area("area", [...upward.slice(upward.length - downward.length), ...downward]);
    const several = run.magnets.length > 1 ? run.magnets : [];
    const gap = [NaN, NaN];
    p.line("each", several.flatMap((m) => [...rising(m.up), gap, ...falling(m.down), gap]), { faint: true });
    p.line("up", upward, { label: t("rising") });
    // A point that is not there keeps the line in the legend, so that nothing moves when the field turns.
    p.line("down", downward.length ? downward : [[NaN, NaN]], { label: t("falling"), dash: true });
    const m0 = onsagerMagnetization(run.settings.temperature, 1);
    p.points("exact", m0 > 0 ? [[0, m0], [0, -m0]] : [[0, 0]], { kind: "theory", label: t("exact"), r: 5 });
    p.marker("now", [run.field, run.magnetization]);
    p.describe(sentence(run));
  };
}

/** The field as an arrow beside the magnet. @param {HTMLElement} into */
function arrow(into) {
  const path = s("path", { class: "xp-hy-arrow" });
  const label = s("text", { class: "xp-hy-h", x: 16, "text-anchor": "middle" }, "h");
  into.append(s("svg", { class: "xp-hy-field", viewBox: "0 0 32 200", "aria-hidden": "true" },
    s("path", { class: "xp-axis", d: "M8 100H24" }), path, label));
  return (/** @type {number} */ part) => {
    const tip = 100 - 84 * part;
    const wing = Math.min(9, Math.abs(84 * part)) * Math.sign(part);
    setAttributes(path, { d: `M16 100V${tip}M${16 - 7} ${tip + wing}L16 ${tip}L${16 + 7} ${tip + wing}` });
    setAttributes(label, { y: part < 0 ? 90 : 118 });
  };
}

/**
 * The table of finished loops, a bar beside each area.
 * @param {Frame} f @param {HTMLElement} into
 */
function notebook(f, into) {
  const body = h("tbody");
  const columns = [t("colTemperature"), t("colRate"), t("colLoops"), t("colArea")];
  const caption = h("caption", {}, t("collected"));
  const table = h("table", { class: "xp-hy-table" }, caption,
    h("thead", {}, h("tr", {}, ...columns.map((c, i) => h("th", { scope: "col", colspan: i === 3 ? 2 : null }, c)))), body);
  const empty = h("p", { class: "xp-hy-empty" }, t("empty"));
  into.append(table, empty);
  const collected = () => /** @type {Row[]} */ (f.model.get("collected"));
  f.addTable(() => ({ caption: t("collected"), columns: [...columns, t("colError")],
    rows: collected().map((r) => [r.temperature, r.sweeps_per_step, r.loops, r.area, r.error]) }));
  return () => {
    const rows = collected();
    const most = Math.max(0.01, ...rows.map((r) => r.area));
    table.hidden = rows.length === 0;
    empty.hidden = rows.length > 0;
    body.replaceChildren(...rows.map((row) => line(row, most)));
    f.tableChanged();
  };
}

/** @param {Row} row @param {number} most */
function line(row, most) {
  const bar = h("span", { class: "xp-hy-bar", "aria-hidden": "true" });
  bar.style.inlineSize = `${(100 * Math.max(0, row.area)) / most}%`;
  const area = fixed(row.area, 2) + (row.error === null ? "" : ` ± ${fixed(row.error, 2)}`);
  return h("tr", {}, h("th", { scope: "row" }, significant(row.temperature)), h("td", {}, String(row.sweeps_per_step)),
    h("td", {}, String(row.loops)), h("td", {}, area), h("td", { class: "xp-hy-bars" }, bar));
}

/** @param {Frame} f @param {Run} run */
function readouts(f, run) {
  const field = readout(f, { name: "field", label: t("field"), format: (v) => fixed(v, 2), width: 5 });
  const spin = readout(f, { name: "magnetization", label: t("spin"), format: (v) => fixed(v, 2), width: 5 });
  const area = readout(f, { name: "area", label: t("areaSoFar"), format: (v) => fixed(v, 2), width: 5 });
  const average = readout(f, { name: "mean_area", label: t("meanArea"), format: (v) => fixed(v, 2), width: 5 });
  const count = readout(f, { name: "loops", label: t("loops"), format: String, width: 2 });
  return () => {
    field(run.field);
    spin(run.magnetization);
    area(run.area);
    average(run.row()?.area ?? NaN);
    count(run.areas.length);
  };
}

export default { render };
