// Learning rate is a temperature: walkers under noisy gradient descent, and the law that they come to.

import { LENGTH, NOISE, WIDE, Walkers, curvatures, distance, energy, fairDistance, law, scheduledRate, stationaryTemperature } from "./core/wells.js";
import { clock } from "./kit/clock.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { sketchLayer } from "./kit/sketch.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { bet, isMade } from "./parts/bet.js";

const PLACES = 31; // of a drawn schedule
const [LOWEST, HIGHEST] = [0.0005, 0.03];
const BATCHES = [1, 2, 4, 8, 16, 32, 64];
const NEUTRAL = 0.45; // temperature in the middle of the colour scale, as in learning_rate_temperature.py
const LEFT = -6;
const CELL = 0.25; // width of a column of the histogram
const FORGOTTEN = 3; // relaxation times after which no more than 5 % of the start is left
const LONG = 100_000; // steps to forget the start for which nobody waits

const t = strings({
  en: {
    name: "Learning rate is a temperature: noisy gradient descent in two wells",
    ask: "Before you press Play: which well will hold more walkers in the end?",
    askHow: "At this learning rate, noise pushes them over the barrier both ways, for as long as you wait.",
    betWide: "The wide, shallow one", betDeep: "The narrow, deep one", skip: "Just show me",
    mode: "Learning rate over time", constant: "Fixed", drawn: "Drawn, η(t)",
    rate: "Learning rate", batch: "Batch size", depth: "Extra depth of the narrow well", width: "Half-width of the narrow well",
    rateWords: "η = {v}, temperature {T}", batchWords: "batches of {v}, noise {s}", depthWords: "{v} deeper than the wide well",
    widthWords: "half-width {v}, against 3 for the wide well",
    wellsTitle: "Energy, and the walkers on it", axisW: "parameter w", axisE: "energy E(w)", walkers: "{n} walkers",
    histTitle: "Where the walkers are", axisDensity: "density", law: "law e^(−E/T)",
    scheduleTitle: "Learning rate against step", axisStep: "step", axisRate: "learning rate η",
    drawHint: "Draw η(t) here", yourSchedule: "your η(t)",
    quench: "Quench", slow: "Slow cooling", keepHot: "Stay hot", keepCold: "Cold from the start", clear: "Draw anew", ready: "Ready-made schedules",
    readStep: "Step", readRate: "η", readT: "T", readDeep: "In the deep well", readFair: "e^(−E/T) says", readGap: "Gap to the law",
    colFrom: "from", colTo: "to", colWalkers: "walkers", colLaw: "law",
    collected: "Schedules you have run", colFirst: "η at first", colLast: "η at last", colT: "T at last", colDeep: "in the deep well", colFair: "law at last",
    empty: "Run a schedule to its end and its score is noted here.",
    sayStart: "{n} walkers, evenly spread. The wide well has depth 1, the narrow one {depth}. Each step adds noise.",
    sayReady: "{n} walkers, evenly spread. Press Play: the learning rate {eta} and batches of {batch} make the temperature {T}.",
    sayRunning: "Step {step}: {deep} % in the deep well; e^(−E/T) at T = {T} says {fair} %.",
    sayCrossing: "Step {step}: {deep} % in the deep well; e^(−E/T) at T = {T} says {fair} %. At this T it takes about {tau} steps to forget the start.",
    sayUnbet: "Step {step}: {deep} % in the deep well. What e^(−E/T) says is shown once you have bet.",
    sayMet: "The histogram has met e^(−E/T): {deep} % in the deep well, the law says {fair} %.",
    sayRoom: "The wide well wins: at T = {T} room counts for more than depth.",
    sayDepth: "The deep well wins: at T = {T} depth counts for more than room.",
    sayEven: "Neither wins: at T = {T} depth and room just balance.",
    sayRight: "You bet right.", sayWrong: "You bet on the other one.",
    sayStuck: "Step {step}: stuck at {deep} %, where the law says {fair} %. The barrier is {high} T high: hardly a walker crosses it.",
    sayCoarse: "η = {eta} is above 2/a = {limit} of the narrow well: no walker can rest there, however deep it is.",
    sayHot: "Steps are large: T = ησ²/(2 − ηa) is {wide} in the wide well and {narrow} in the narrow one. No single T tells all.",
    sayDraw: "Draw η(t) over the whole width, or take a ready-made schedule, then press Play. Get as many walkers as you can into the deep well.",
    sayAnneal: "Step {step} of {all}: η = {eta}, so T = {T}. {deep} % in the deep well; the law at this T says {fair} %.",
    sayFrozen: "Done: {deep} % in the deep well, where the law at the last T = {T} says {fair} %. They have kept the shares of T ≈ {fictive}: from there on they were frozen.",
    sayFollowed: "Done: {deep} % in the deep well; the law at the last T = {T} says {fair} %. The walkers could follow to the end.",
    sayLeft: "Done: {deep} % in the deep well, fewer than any temperature on the way would have: they never got over the barrier in numbers. The law at the last T = {T} says {fair} %.",
    picture: "{sentence} Lowest and highest column of the histogram: {low} and {high}.",
  },
  zh: {
    name: "学习率就是温度：双阱中的带噪梯度下降",
    ask: "按“运行”之前：最后哪个阱里的行走者更多？",
    askHow: "在这个学习率下，噪声会不断把它们推过势垒，两个方向都有。",
    betWide: "宽而浅的阱", betDeep: "窄而深的阱", skip: "直接看",
    mode: "学习率随时间", constant: "固定", drawn: "手绘 η(t)",
    rate: "学习率", batch: "批量大小", depth: "窄阱多出的深度", width: "窄阱的半宽",
    rateWords: "η = {v}，温度 {T}", batchWords: "批量 {v}，噪声 {s}", depthWords: "比宽阱深 {v}", widthWords: "半宽 {v}，宽阱为 3",
    wellsTitle: "能量与其上的行走者", axisW: "参数 w", axisE: "能量 E(w)", walkers: "{n} 个行走者",
    histTitle: "行走者在哪里", axisDensity: "密度", law: "分布 e^(−E/T)",
    scheduleTitle: "学习率随步数的变化", axisStep: "步数", axisRate: "学习率 η", drawHint: "在这里画出 η(t)", yourSchedule: "你的 η(t)",
    quench: "淬火", slow: "缓慢冷却", keepHot: "一直热", keepCold: "一开始就冷", clear: "重画", ready: "现成的方案",
    readStep: "步数", readRate: "η", readT: "T", readDeep: "在深阱中", readFair: "e^(−E/T) 给出", readGap: "与分布的差距",
    colFrom: "从", colTo: "到", colWalkers: "行走者", colLaw: "分布",
    collected: "你运行过的方案", colFirst: "起始 η", colLast: "末尾 η", colT: "末尾 T", colDeep: "在深阱中", colFair: "末尾的分布",
    empty: "把一个方案运行到底，成绩会记在这里。",
    sayStart: "{n} 个行走者，均匀铺开。宽阱深 1，窄阱深 {depth}。每一步都带噪声。",
    sayReady: "{n} 个行走者，均匀铺开。按“运行”：学习率 {eta} 与批量 {batch} 给出温度 {T}。",
    sayRunning: "第 {step} 步：{deep}% 在深阱中；T = {T} 时 e^(−E/T) 给出 {fair}%。",
    sayCrossing: "第 {step} 步：{deep}% 在深阱中；T = {T} 时 e^(−E/T) 给出 {fair}%。在此 T 下，忘掉起点大约要 {tau} 步。",
    sayUnbet: "第 {step} 步：{deep}% 在深阱中。你猜过之后才显示 e^(−E/T) 给出的值。",
    sayMet: "直方图与 e^(−E/T) 相合：{deep}% 在深阱中，分布给出 {fair}%。",
    sayRoom: "宽阱胜出：在 T = {T} 时，空间比深度更重要。", sayDepth: "深阱胜出：在 T = {T} 时，深度比空间更重要。",
    sayEven: "不分胜负：在 T = {T} 时，深度与空间恰好抵消。", sayRight: "你猜对了。", sayWrong: "你猜的是另一个。",
    sayStuck: "第 {step} 步：停在 {deep}%，而分布给出 {fair}%。势垒高达 {high} T，几乎没有行走者越过。",
    sayCoarse: "η = {eta} 超过了窄阱的 2/a = {limit}：无论多深，行走者都无法停在那里。",
    sayHot: "步子很大：T = ησ²/(2 − ηa) 在宽阱中为 {wide}，在窄阱中为 {narrow}。一个 T 已说不清全部。",
    sayDraw: "在整个宽度上画出 η(t)，或选一个现成方案，然后按“运行”。让尽可能多的行走者进入深阱。",
    sayAnneal: "第 {step} 步，共 {all} 步：η = {eta}，即 T = {T}。{deep}% 在深阱中；此 T 下的分布给出 {fair}%。",
    sayFrozen: "结束：{deep}% 在深阱中，而末尾 T = {T} 的分布给出 {fair}%。它们保留了 T ≈ {fictive} 时的比例：从那里起就冻结了。",
    sayFollowed: "结束：{deep}% 在深阱中；末尾 T = {T} 的分布给出 {fair}%。行走者一路跟了下来。",
    sayLeft: "结束：{deep}% 在深阱中，比途中任何温度下的比例都低：它们没能成批越过势垒。末尾 T = {T} 的分布给出 {fair}%。",
    picture: "{sentence}直方图最低与最高的一列：{low} 与 {high}。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */
/** @typedef {{learning_rate: number, batch_size: number, depth: number, width: number, mode: string, schedule: number[], prediction: string}} Settings */
/** @typedef {ReturnType<Run["now"]>} Now */

/** Straight from a value to another over the first `part` of the run, then level. @param {number} from @param {number} to @param {number} part */
const ramp = (from, to, part) => Array.from({ length: PLACES }, (_, i) =>
  Number((to + (from - to) * Math.max(0, 1 - i / (part * (PLACES - 1)))).toPrecision(3)));
const SCHEDULES = {
  slow: ramp(0.02, 0.005, 1),
  quench: ramp(0.02, 0.002, 0.04),
  keepHot: ramp(0.02, 0.02, 1),
  keepCold: ramp(0.002, 0.002, 1),
};

/** The walkers and the settings they live under. */
export class Run {
  /** @param {(name: string) => any} get  of a trait */
  constructor(get) {
    this.get = get;
    this.walkers = this.fresh();
    this.since = 0; // the step at which the law last changed
    this.known = { key: "", law: law(this.shape, 1) };
  }

  /** e^(−E/T) of the wells as they are now. @param {number} T */
  fairly(T) {
    const { depth, width } = this.shape;
    const key = `${depth} ${width} ${T}`;
    if (key !== this.known.key) this.known = { key, law: law(this.shape, T) };
    return this.known.law;
  }

  get shape() {
    return { depth: this.get("depth"), width: this.get("width") };
  }

  fresh() {
    return new Walkers({ shape: this.shape, count: this.get("walkers"), seed: this.get("seed") });
  }

  restart() {
    this.walkers = this.fresh();
    this.since = 0;
  }

  /** Whether a drawn schedule rules. */
  get annealing() {
    return this.get("mode") === "schedule" && this.get("schedule").length === PLACES;
  }

  get done() {
    return this.annealing && this.walkers.steps >= LENGTH;
  }

  /** The learning rate of a step. @param {number} step */
  rate(step) {
    return this.annealing ? scheduledRate(this.get("schedule"), Math.min(step, LENGTH - 1)) : this.get("learning_rate");
  }

  get noise() {
    return NOISE / Math.sqrt(this.get("batch_size"));
  }

  /** @param {number} n */
  step(n) {
    this.walkers.shape = this.shape; // wells that the reader bends take their walkers along
    const { noise } = this;
    for (let k = 0; k < n && !this.done; k++) this.walkers.step(this.rate(this.walkers.steps), noise);
  }

  /** What there is to see. */
  now() {
    const { walkers, shape, noise } = this;
    const rate = this.rate(walkers.steps);
    const T = stationaryTemperature(rate, noise);
    const right = shape.width + 2.5;
    const count = Math.round((right - LEFT) / CELL);
    const columns = walkers.histogram(LEFT, CELL, count);
    const fairly = this.fairly(T);
    const wanted = Float64Array.from(columns, (_, i) => fairly.between(LEFT + i * CELL, LEFT + (i + 1) * CELL));
    return { rate, T, noise, shape, right, columns, wanted, fairly, curvatures: curvatures(shape), deep: walkers.deep, fair: fairly.share,
      tau: fairly.relaxation / rate, since: walkers.steps - this.since, gap: distance(columns, wanted), fairGap: fairDistance(wanted, walkers.w.length), steps: walkers.steps };
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "learning_rate_temperature", label: t("name") });
  const knobs = controls(f);
  const run = new Run((name) => model.get(name));
  const draw = picture(f, run);
  const time = clock(f, {
    step(n) {
      const before = run.done;
      run.step(n);
      if (run.done && !before) collect(f, run);
    },
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 1000 : 80),
    stepSize: 100,
    done: () => run.done,
    onReset: () => run.restart(),
  });
  for (const name of ["learning_rate", "batch_size", "depth", "width"]) {
    f.watch(name, () => {
      run.since = run.walkers.steps;
      if (run.done) time.reset();
      else draw();
    });
  }
  f.watch("prediction", draw);
  for (const name of ["seed", "walkers", "schedule"]) f.watch(name, () => time.reset());
  f.watch("mode", () => {
    knobs.show();
    time.reset();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** Note a finished schedule; the latest five are kept. @param {Frame} f @param {Run} run */
function collect(f, run) {
  const drawn = f.model.get("schedule");
  const now = run.now();
  const row = { first: drawn[0], last: drawn[PLACES - 1], temperature: now.T, deep: now.deep, fair: now.fair };
  f.assign({ collected: [...f.model.get("collected"), row].slice(-5) });
}

/** @param {Frame} f */
function controls(f) {
  const { model } = f;
  const top = h("div", { class: "xp-lrt-top" }); // above: what it opens may not move it from under the finger
  f.root.insertBefore(top, f.stage);
  choice(f, { trait: "mode", label: t("mode"), into: top, options: [{ value: "constant", label: t("constant") }, { value: "schedule", label: t("drawn") }] });
  const sigma = () => NOISE / Math.sqrt(model.get("batch_size"));
  const rate = slider(f, { trait: "learning_rate", label: t("rate"), symbol: "η", min: 0.001, max: 0.2, scale: "log",
    words: (v) => t("rateWords", { v: significant(v, 3), T: significant(stationaryTemperature(v, sigma()), 2) }) });
  f.watch("batch_size", () => rate.set(rate.value)); // its words name the temperature
  slider(f, { trait: "batch_size", label: t("batch"), symbol: "B", min: 1, max: 64, stops: BATCHES,
    words: (v) => t("batchWords", { v, s: fixed(NOISE / Math.sqrt(v), 1) }) });
  slider(f, { trait: "depth", label: t("depth"), min: 0, max: 1.5, step: 0.05, exact: false, words: (v) => t("depthWords", { v: fixed(v, 2) }) });
  slider(f, { trait: "width", label: t("width"), min: 0.6, max: 3, step: 0.05, exact: false, words: (v) => t("widthWords", { v: fixed(v, 2) }) });
  seedBox(f);
  const show = () => void (rate.node.hidden = model.get("mode") === "schedule" && model.get("schedule").length > 0);
  f.watch("schedule", show);
  show();
  return { show };
}

/** @param {Frame} f @param {Run} run */
function picture(f, run) {
  f.stage.classList.add("xp-lrt");
  const [left, right] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  const card = question(f);
  f.stage.append(left, right, caption);
  const wells = wellsPlot(f, left);
  const columns = histogramPlot(f, right);
  const drawn = schedulePanel(f);
  const show = readouts(f, run);
  return () => {
    const now = run.now();
    const text = sentence(now, run, f.model.get("prediction"));
    card.show();
    wells(now, run.walkers.w, text);
    columns(now, text);
    drawn.draw(now);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now);
  };
}

/** The bet, until it is made. @param {Frame} f */
function question(f) {
  return bet(f, { ask: t("ask"), how: t("askHow"), answers: [["wide", t("betWide")], ["deep", t("betDeep")], ["skipped", t("skip")]] });
}

/** The energy with the walkers on it. @param {Frame} f @param {HTMLElement} into */
function wellsPlot(f, into) {
  const p = plot(f, { into, title: t("wellsTitle"), height: 250, table: false, legend: true,
    x: { label: t("axisW"), min: LEFT, max: 3.5 }, y: { label: t("axisE"), min: -2.5, max: 3, ticks: [-2, -1, 0, 1, 2, 3] } });
  let known = "";
  return (/** @type {Now} */ { shape, right }, /** @type {Float64Array} */ w, /** @type {string} */ text) => {
    const key = `${shape.depth} ${shape.width}`;
    if (key !== known) {
      known = key;
      p.axes({ x: { max: right } });
      p.line("energy", curve(right).map((x) => [x, energy(x, shape)]), { kind: "theory" });
    }
    // Each stands a little above the line, at a height of its own, so that a crowd looks like one.
    const dots = Array.from(w, (x, i) => [x, energy(x, shape) + 0.7 * ((i * 0.618034) % 1)]);
    p.points("walkers", dots.filter(([x, e]) => x > LEFT && x < right && e < 3.1), { r: 1.7, label: t("walkers", { n: w.length }) });
    p.describe(text);
  };
}

/** Abscissae of a smooth curve. @param {number} right */
const curve = (right) => Array.from({ length: 241 }, (_, i) => LEFT + ((right - LEFT) * i) / 240);

/** The histogram, in the colour of its temperature, and the law over it. @param {Frame} f @param {HTMLElement} into */
function histogramPlot(f, into) {
  const p = plot(f, { into, title: t("histTitle"), height: 250, table: false, legend: true,
    x: { label: t("axisW"), min: LEFT, max: 3.5 }, y: { label: t("axisDensity"), min: 0, max: 0.4 } });
  const layer = p.layer("columns");
  const bars = /** @type {SVGRectElement[]} */ ([]);
  /** @type {Now | null} */
  let current = null;
  const columns = () => {
    if (!current) return;
    const { columns: parts, T } = current;
    while (bars.length < parts.length) bars.push(s("rect", { class: "xp-lrt-column" }));
    layer.replaceChildren(...bars.slice(0, parts.length));
    layer.style.setProperty("--heat", String(T / (T + NEUTRAL)));
    const width = Math.max(1, p.scale.x(CELL) - p.scale.x(0) - 0.6);
    parts.forEach((part, i) => {
      const top = p.scale.y(Math.min(p.y.max, part / CELL));
      bars[i].setAttribute("x", p.scale.x(LEFT + i * CELL).toFixed(1));
      bars[i].setAttribute("y", top.toFixed(1));
      bars[i].setAttribute("width", width.toFixed(1));
      bars[i].setAttribute("height", (p.scale.y(0) - top).toFixed(1));
    });
  };
  p.onLayout(columns);
  f.addTable(() => ({ caption: t("histTitle"), columns: [t("colFrom"), t("colTo"), t("colWalkers"), t("colLaw")],
    rows: current ? Array.from(current.columns, (v, i) => [LEFT + i * CELL, LEFT + (i + 1) * CELL, v, isMade(f) ? /** @type {Now} */ (current).wanted[i] : null]) : [] }));
  return (/** @type {Now} */ now, /** @type {string} */ text) => {
    current = now;
    const most = Math.max(...now.columns, ...(isMade(f) ? now.wanted : [])) / CELL;
    const top = [0.4, 0.6, 0.8, 1.2, 1.6, 2.4, 4].find((v) => v >= 1.05 * most) ?? 4;
    // The scale grows at once and shrinks late, so that it does not flicker.
    if (top > p.y.max || most < 0.45 * p.y.max || p.x.max !== now.right) p.axes({ x: { max: now.right }, y: { max: top } });
    columns();
    // The law as columns too: a bell narrower than a column would tower over the walkers that obey it.
    p.line("law", isMade(f) ? [...now.wanted].flatMap((v, i) => [i, i + 1].map((k) => [LEFT + k * CELL, v / CELL])) : [], { kind: "theory", label: t("law") });
    p.describe(t("picture", { sentence: text, low: fixed(Math.min(...now.columns), 3), high: fixed(Math.max(...now.columns), 3) }));
  };
}

/** η(t) to be drawn, ready-made schedules, and what earlier ones came to. @param {Frame} f */
function schedulePanel(f) {
  const { model } = f;
  const doors = h("div", { class: "xp-bet-row" });
  const score = h("div", { class: "xp-lrt-book" });
  const panel = h("div", { class: "xp-lrt-schedule" });
  panel.append(doors);
  const p = plot(f, { into: panel, title: t("scheduleTitle"), height: 220, legend: true,
    x: { label: t("axisStep"), min: 0, max: LENGTH, ticks: [0, 10_000, 20_000, 30_000] }, y: { label: t("axisRate"), min: LOWEST, max: HIGHEST, ticks: [0.01, 0.02, 0.03] } });
  panel.append(score);
  const layer = sketchLayer(p, { n: PLACES, label: t("yourSchedule"), hint: t("drawHint"), start: model.get("schedule"), onChange() {
    if (layer.complete) f.assign({ schedule: layer.values.map(tidy) });
  } });
  f.share("schedule", (v) => v.length === PLACES && v.every((/** @type {number} */ one) => one >= LOWEST && one <= HIGHEST));
  presets(f, Object.entries(SCHEDULES).map(([key, schedule]) => ({ label: t(key), set: { schedule } })), { into: doors, label: t("ready") });
  button(f, { label: t("clear"), into: doors, onClick() {
    f.assign({ schedule: [] });
    layer.clear();
  } });
  f.watch("schedule", (/** @type {number[]} */ values) => {
    if (!values.every((v, i) => v === tidy(layer.values[i])) || (!values.length && layer.complete)) layer.set(values);
  });
  const book = () => score.replaceChildren(...scores(model.get("collected")));
  f.watch("collected", book);
  book();
  return { draw(/** @type {Now} */ now) {
    if (model.get("mode") !== "schedule") panel.remove();
    else if (!panel.isConnected) f.readouts.after(panel);
    p.vline("now", Math.min(LENGTH, now.steps));
    p.describe(layer.points ? `${t("yourSchedule")}: ${layer.points.filter((_, i) => i % 5 === 0).map(([, v]) => significant(v, 2)).join(", ")}` : t("drawHint"));
  } };
}

/** @param {number} v */
const tidy = (v) => Number(v.toPrecision(3));

/** The table of finished schedules. @param {{first: number, last: number, temperature: number, deep: number, fair: number}[]} rows */
function scores(rows) {
  if (!rows.length) return [h("p", { class: "xp-help" }, t("empty"))];
  const percent = (/** @type {number} */ v) => `${Math.round(100 * v)} %`;
  const body = rows.map((row) => h("tr", {}, h("th", { scope: "row" }, significant(row.first, 3)),
    ...[significant(row.last, 3), fixed(row.temperature, 2), percent(row.deep), percent(row.fair)].map((text) => h("td", {}, text))));
  return [h("table", { class: "xp-small-table" }, h("caption", {}, t("collected")),
    h("thead", {}, h("tr", {}, ...["colFirst", "colLast", "colT", "colDeep", "colFair"].map((key) => h("th", { scope: "col" }, t(key))))), h("tbody", {}, ...body))];
}

/** What is happening, in a sentence or two. @param {Now} now @param {Run} run @param {string} bet */
export function sentence(now, run, bet) {
  const { T, steps, rate, deep, fair } = now;
  const hundred = (/** @type {number} */ v) => Math.round(100 * v);
  const values = { n: run.walkers.w.length, step: steps, all: LENGTH, T: fixed(T, 2), eta: significant(rate, 3), deep: hundred(deep), fair: hundred(fair),
    depth: fixed(1 + now.shape.depth, 2), batch: run.get("batch_size") };
  const drawing = run.get("mode") === "schedule";
  if (drawing && !run.annealing && !steps) return t("sayDraw");
  if (!bet && (steps || drawing)) return t("sayUnbet", values);
  if (drawing) return annealed(now, run, values);
  if (!steps) return t(bet ? "sayReady" : "sayStart", values);
  const [wide, narrow] = now.curvatures;
  if (rate * narrow >= 2) return t("sayCoarse", { ...values, limit: fixed(2 / narrow, 3) });
  if (rate * narrow > 0.6) {
    return t("sayHot", { wide: fixed(stationaryTemperature(rate, now.noise, wide), 2), narrow: fixed(stationaryTemperature(rate, now.noise, narrow), 2) });
  }
  // A start is forgotten when walkers have crossed the barrier, and settled in their well.
  const settling = FORGOTTEN / (rate * wide);
  const settled = now.since > FORGOTTEN * now.tau + settling;
  const same = alike(now, run);
  if (settled && same && now.gap < 1.5 * now.fairGap) return `${t("sayMet", values)} ${verdict(now, values, bet)}`;
  if (now.tau > LONG && !same && now.since > settling) return t("sayStuck", { ...values, high: fixed(1 / T, 0) });
  return t(settled || now.tau > LONG ? "sayRunning" : "sayCrossing", { ...values, tau: significant(now.tau, 2) });
}

/** Whether as many are in the deep well as the law says, give or take three standard errors. @param {Now} now @param {Run} run */
function alike({ deep, fair }, run) {
  return Math.abs(deep - fair) < 3 * Math.sqrt((fair * (1 - fair)) / run.walkers.w.length) + 0.01;
}

/** Which well has won, and whether that was the bet. @param {Now} now @param {Record<string, unknown>} values @param {string} bet */
function verdict({ fair }, values, bet) {
  if (Math.abs(fair - 0.5) < 0.03) return t("sayEven", values);
  const winner = fair > 0.5 ? "deep" : "wide";
  const words = t(winner === "deep" ? "sayDepth" : "sayRoom", values);
  return bet === "wide" || bet === "deep" ? `${words} ${t(bet === winner ? "sayRight" : "sayWrong")}` : words;
}

/** The same under a drawn schedule. @param {Now} now @param {Run} run @param {Record<string, unknown>} values */
function annealed(now, run, values) {
  if (!run.done) return t(run.annealing ? "sayAnneal" : "sayRunning", values);
  if (alike(now, run)) return t("sayFollowed", values);
  const fictive = fictiveTemperature(now);
  const hottest = stationaryTemperature(Math.max(...run.get("schedule")), now.noise);
  // Shares of a temperature that was never reached are those of the start. A half more: walkers are few.
  if (fictive === null || fictive > 1.5 * hottest) return t("sayLeft", values);
  return t("sayFrozen", { ...values, fictive: fixed(fictive, 2) });
}

/** The temperature whose law has the walkers' shares; null if none between 0.05 and 10 has. @param {Now} now */
function fictiveTemperature({ shape, deep }) {
  let [low, high] = [0.05, 10]; // the deep well's share falls with T where the narrow well is the deeper one
  if (shape.depth === 0 || deep > law(shape, low).share || deep < law(shape, high).share) return null;
  for (let k = 0; k < 20; k++) {
    const middle = Math.sqrt(low * high);
    if (law(shape, middle).share > deep) low = middle;
    else high = middle;
  }
  return low;
}

/** @param {Frame} f @param {Run} run */
function readouts(f, run) {
  const percent = (/** @type {number} */ v) => (Number.isFinite(v) ? `${fixed(100 * v, 0)} %` : "–");
  const step = readout(f, { name: "step", label: t("readStep"), format: String, width: 6 });
  const rate = readout(f, { name: "rate", label: t("readRate"), format: (v) => fixed(v, 4), width: 6 });
  const heat = readout(f, { name: "temperature", label: t("readT"), format: (v) => fixed(v, 3), width: 6 });
  const deep = readout(f, { name: "deep", label: t("readDeep"), format: percent, width: 5 });
  const fair = readout(f, { name: "fair", label: t("readFair"), format: percent, width: 5 });
  const gap = readout(f, { name: "gap", label: t("readGap"), format: (v) => fixed(v, 2), width: 5 });
  return (/** @type {Now} */ now) => {
    step(now.steps);
    rate(now.rate);
    heat(now.T);
    deep(now.deep);
    fair(isMade(f) ? now.fair : NaN);
    gap(isMade(f) ? now.gap : NaN);
    const { w } = run.walkers;
    f.setReadout("fair_gap", now.fairGap);
    f.setReadout("mean", w.reduce((sum, v) => sum + v, 0) / w.length);
    f.setReadout("mean_square", w.reduce((sum, v) => sum + v * v, 0) / w.length);
    f.setReadout("first_walker", w[0]);
    f.setReadout("last_walker", w[w.length - 1]);
    f.setReadout("temperature_wide", stationaryTemperature(now.rate, now.noise, now.curvatures[0]));
    f.setReadout("temperature_narrow", stationaryTemperature(now.rate, now.noise, now.curvatures[1]));
  };
}

export default { render };
