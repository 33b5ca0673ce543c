// A restricted Boltzmann machine that has seen handwritten digits: two layers answer one another, and it dreams.

import { Dream, Rbm } from "./core/rbm.js";
import { CounterRNG } from "./core/rng.js";
import { clock } from "./kit/clock.js";
import { button, choice, seedBox, slider } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { onTheme, reducedMotion } from "./kit/theme.js";
import { whenLoaded } from "./kit/waiting.js";
import { bet, isMade } from "./parts/bet.js";
import { heat } from "./parts/heat.js";
import { SIDE, hexOf, inHalf, pixelPad, pixelPane, pixelsOf } from "./parts/pixels.js";

const PIXELS = SIDE * SIDE;
const [COLDEST, HOTTEST] = [0.05, 5];
const NOISE = 1; // stream of the noise to start from, as in rbm_dreams.py
const LONGEST = 100_000; // steps of a run
const ENOUGH = 50; // steps after which the noise has been forgotten, or never will be
const WINDOW = 30; // the latest steps; with a changed pixel a step in them, or fewer, a picture stays
const FAR = 4; // standard deviations from the digits' free energy
const HALVES = ["none", "top", "bottom", "left", "right"];
const SEEN = 200; // the latest steps whose free energy is drawn
const RESTART = ["start", "digit", "drawing", "seed"];

const t = strings({
  en: {
    name: "Dreams of a restricted Boltzmann machine",
    ask: "Before you press Play: the picture is pure noise, and T = 1. Hidden units answer the pixels, pixels answer the hidden units, a hundred times. What will be there?",
    askHow: "The machine was trained on handwritten digits, and has kept only its weights.",
    betNoise: "Noise, as before", betDigits: "Something like digits, ever changing", betOne: "One picture that stays", skip: "Just show me",
    loading: "Loading the machine …", failed: "The machine could not be loaded: {reason}",
    visible: "Pixels v", chance: "p(v = 1 | h)", filter: "Weights of unit {j}", padLabel: "Pixels. Arrow keys move, Space turns a pixel over.", pixel: "Row {row}, column {column}: {state}", on: "on", off: "off",
    pixelsWords: "{ink} of 64 pixels are on.", chanceWords: "Chances of the pixels, given the hidden units: {ink} expected to be on.",
    freeTitle: "Free energy of the picture against step", axisStep: "step", axisFree: "F(v) at T = 1", dreamt: "this dream", band: "the digits: mean and two deviations",
    hidden: "Hidden units and their weights: framed where on", unit: "Hidden unit {j}, {state}",
    unitSay: "Hidden unit {j}: its pixels and its bias make the field {field}, so that it comes on with probability {p}.", key: "{hidden}. Weights: {plus} above 0, {minus} below.", plus: "green", minus: "purple",
    temperature: "Temperature", temperatureWords: "T = {v}", temperatureCold: "T = {v}, colder than in training", temperatureHot: "T = {v}, hotter than in training",
    start: "Begin with", noise: "Noise", digit: "A digit", drawing: "My drawing", which: "Digit", clamp: "Hold a half", none: "None", top: "Top", bottom: "Bottom", left: "Left", right: "Right",
    empty: "Empty the picture", help: "Draw in the pixels by pointer, or by arrow keys and Space: the dream begins anew from your drawing.",
    readSteps: "Step", readFree: "F(v)", readDigits: "F of digits", readOn: "Hidden units on", readChanged: "Pixels changed",
    colUnit: "unit", colField: "field", colP: "p(h = 1 | v)", colState: "on",
    sayStart: "{begin} F(v) = {F}; the digits that it was trained on have {mean} ± {spread}.", beginNoise: "Noise.", beginDigit: "The digit {digit}.", beginDrawing: "Your drawing.",
    sayStep: "Step {k} at T = {T}: {changed} pixels changed. F(v) = {F}.",
    sayDigit: "To the machine this is as good as a digit: those have {mean} ± {spread}.", sayNoise: "Far from a digit: those have {mean} ± {spread}.", sayFrozen: "In the last {window} steps pixels changed {few} times in all: at this T it stays near one picture.",
    sayHeld: "The {half} half is held; the other half follows from it.", sayUnbet: "What the machine thinks of it is said once you have bet.",
    sayRight: "You bet right.", sayWrong: "You bet otherwise.",
  },
  zh: {
    name: "受限玻尔兹曼机的梦",
    ask: "按“运行”之前：图像是纯噪声，T = 1。隐单元回应像素，像素回应隐单元，往复一百次。会出现什么？",
    askHow: "这台机器用手写数字训练过，只留下了权重。",
    betNoise: "仍是噪声", betDigits: "像数字的东西，不断变化", betOne: "一幅不再变的图", skip: "直接看",
    loading: "正在加载机器……", failed: "无法加载机器：{reason}",
    visible: "像素 v", chance: "p(v = 1 | h)", filter: "单元 {j} 的权重", padLabel: "像素。方向键移动，空格键翻转像素。", pixel: "第 {row} 行第 {column} 列：{state}", on: "开", off: "关",
    pixelsWords: "64 个像素中有 {ink} 个是开的。", chanceWords: "给定隐单元时像素的概率：预计 {ink} 个是开的。",
    freeTitle: "图像的自由能随步数的变化", axisStep: "步数", axisFree: "T = 1 时的 F(v)", dreamt: "这个梦", band: "数字：平均与两倍标准差",
    hidden: "隐单元及其权重：开着的有框", unit: "隐单元 {j}，{state}",
    unitSay: "隐单元 {j}：像素与偏置给出场 {field}，因此以概率 {p} 打开。", key: "{hidden}。权重：{plus}大于 0，{minus}小于 0。", plus: "绿色", minus: "紫色",
    temperature: "温度", temperatureWords: "T = {v}", temperatureCold: "T = {v}，比训练时冷", temperatureHot: "T = {v}，比训练时热",
    start: "从什么开始", noise: "噪声", digit: "一个数字", drawing: "我的画", which: "数字", clamp: "固定一半", none: "不固定", top: "上", bottom: "下", left: "左", right: "右",
    empty: "清空图像", help: "用指针，或用方向键和空格键画像素：梦从你的画重新开始。",
    readSteps: "步数", readFree: "F(v)", readDigits: "数字的 F", readOn: "开着的隐单元", readChanged: "改变的像素",
    colUnit: "单元", colField: "场", colP: "p(h = 1 | v)", colState: "开",
    sayStart: "{begin}F(v) = {F}；训练所用的数字为 {mean} ± {spread}。", beginNoise: "噪声。", beginDigit: "数字 {digit}。", beginDrawing: "你的画。",
    sayStep: "第 {k} 步，T = {T}：{changed} 个像素改变。F(v) = {F}。",
    sayDigit: "在机器看来这与数字一样好：数字为 {mean} ± {spread}。", sayNoise: "离数字很远：数字为 {mean} ± {spread}。", sayFrozen: "最近 {window} 步中像素总共只改变了 {few} 次：在这个 T 下它停在一幅图附近。",
    sayHeld: "{half}半固定；另一半由它而来。", sayUnbet: "你猜过之后才说明机器怎么看它。",
    sayRight: "你猜对了。", sayWrong: "你猜的不是这样。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {Record<string, import("./kit/assets.js").Values>} Shipped */
/** @typedef {ReturnType<Run["now"]>} Now */
/** @typedef {{unit: number}} Hand */

/** The dream under the settings. */
export class Run {
  /** @param {(name: string) => any} get  of a trait @param {Shipped} shipped */
  constructor(get, shipped) {
    this.get = get;
    this.digits = shipped.digits.data;
    this.mean = shipped.free_energy.data[0]; // of the digits' free energies at T = 1
    this.spread = shipped.free_energy.data[1];
    this.rbm = new Rbm(shipped.weights.data, shipped.visible_bias.data, shipped.hidden_bias.data);
    this.dream = this.fresh();
    /** @type {number[]} */
    this.changes = []; // pixels that changed in each of the latest steps
    this.path = [this.point()]; // the latest free energies
  }

  /** @returns {[number, number]}  [step, F(v)] */
  point() {
    return [this.dream.steps, this.rbm.freeEnergy(this.dream.v, 1)];
  }

  fresh() {
    const [start, seed, digit] = [this.get("start"), this.get("seed"), this.get("digit")];
    const noise = new CounterRNG(seed, NOISE);
    const pixels = start === "noise" ? Uint8Array.from({ length: PIXELS }, () => noise.integers(2))
      : start === "digit" ? Uint8Array.from(this.digits.subarray(PIXELS * digit, PIXELS * (digit + 1))) : pixelsOf(this.get("drawing"));
    return new Dream(this.rbm, pixels, new CounterRNG(seed));
  }

  restart() {
    this.dream = this.fresh();
    this.changes = [];
    this.path = [this.point()];
  }

  get done() {
    return this.dream.steps >= LONGEST;
  }

  /** @param {number} n */
  step(n) {
    const [T, half] = [this.get("temperature"), this.get("clamp")];
    const { dream } = this;
    for (let k = 0; k < n && !this.done; k++) {
      const before = dream.v;
      dream.step(T, (i) => inHalf(i, half));
      this.changes = [...this.changes, dream.v.reduce((sum, v, i) => sum + Number(v !== before[i]), 0)].slice(-WINDOW);
      this.path.push(this.point());
    }
    this.path = this.path.slice(-SEEN - 1);
  }

  /** What there is to see. */
  now() {
    const { dream, rbm, mean, spread, changes, path } = this;
    const T = this.get("temperature");
    const fields = rbm.hiddenFields(dream.v);
    return { T, k: dream.steps, v: dream.v, p: dream.p, h: dream.h, mean, spread, changed: changes[changes.length - 1] ?? 0, few: changes.length < WINDOW ? NaN : count(changes), fields, chances: rbm.hiddenGiven(dream.v, T),
      F: path[path.length - 1][1], path, start: this.get("start"), digit: this.get("digit"), clamp: this.get("clamp") };
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "rbm_dreams", label: t("name") });
  const words = { loading: t("loading"), failed: (/** @type {string} */ reason) => t("failed", { reason }) };
  return whenLoaded(f, words, (/** @type {Shipped} */ shipped) => start(f, shipped));
}

/** @param {Frame} f @param {Shipped} shipped */
function start(f, shipped) {
  const { model } = f;
  controls(f);
  const run = new Run((name) => model.get(name), shipped);
  const draw = picture(f, run);
  const time = clock(f, {
    step: (n) => run.step(n),
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 1 : 0.1), // six a second: faces of a dream, not flicker
    maxFps: 60,
    done: () => run.done,
    onReset: () => run.restart(),
  });
  button(f, { label: "+100", where: "toolbar", onClick: () => time.stepOnce(100) });
  for (const name of RESTART) f.watch(name, () => time.reset());
  for (const name of ["temperature", "clamp", "prediction"]) f.watch(name, draw);
  onTheme(f, draw);
  draw();
  f.publish();
}

/** @param {Frame} f */
function controls(f) {
  const { model } = f;
  slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: COLDEST, max: HOTTEST, scale: "log", temperature: { neutral: 1 },
    words: (v) => t(v < 1 ? "temperatureCold" : v > 1 ? "temperatureHot" : "temperatureWords", { v: significant(v, 3) }) });
  choice(f, { trait: "start", label: t("start"), options: ["noise", "digit", "drawing"].map((value) => ({ value, label: t(value) })) });
  choice(f, { trait: "digit", label: t("which"), options: Array.from({ length: 10 }, (_, value) => ({ value, label: String(value) })),
    onInput: (_, { user }) => void (user && model.get("start") !== "digit" && f.assign({ start: "digit" })) });
  choice(f, { trait: "clamp", label: t("clamp"), options: HALVES.map((value) => ({ value, label: t(value) })) });
  f.share("drawing", (v) => /^[0-9a-f]{16}$/.test(v));
  seedBox(f);
}

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {Run} run */
function picture(f, run) {
  f.stage.classList.add("xp-rd");
  /** @type {Hand} */
  const hand = { unit: 0 };
  const caption = h("p", { class: "xp-caption" });
  const card = question(f);
  const paint = heat(f, 1); // nothing lies on the filters: all of the colour
  const pad = pixelPad(f, { title: t("visible"), label: t("padLabel"), words: (row, column, on) => t("pixel", { row, column, state: t(on ? "on" : "off") }),
    onPaint: (ink) => f.assign({ start: "drawing", drawing: hexOf(ink) }) });
  const chance = pixelPane(t("chance"));
  const lens = filterPane();
  const panes = h("div", { class: "xp-rd-panes" }, pad.node, chance.node, lens.node);
  const row = h("div", { class: "xp-rd-row" }, h("p", { class: "xp-help" }, t("help")));
  button(f, { label: t("empty"), into: row, onClick: () => f.assign({ start: "drawing", drawing: hexOf(new Uint8Array(PIXELS)) }) });
  f.stage.append(panes, row);
  const trace = freePlot(f);
  f.stage.append(caption);
  const units = hiddenUnits(f, run, hand, paint, () => draw());
  const show = readouts(f);
  const draw = () => {
    const now = run.now();
    const text = sentence(now, f.model.get("prediction"));
    card.show();
    pad.draw(now.v, t("pixelsWords", { ink: count(now.v) }), now.clamp);
    chance.draw(now.p, t("chanceWords", { ink: fixed(now.p.reduce((a, b) => a + b, 0), 1) }));
    units(now);
    lens.draw(paint, run.rbm, hand.unit);
    trace(now, text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now, isMade(f));
  };
  return draw;
}

/** @param {ArrayLike<number>} ink */
const count = (ink) => Array.from(ink).reduce((a, b) => a + b, 0);

/** The bet, until it is made. @param {Frame} f */
function question(f) {
  return bet(f, { ask: t("ask"), how: t("askHow"), answers: [["noise", t("betNoise")], ["digits", t("betDigits")], ["one", t("betOne")], ["skipped", t("skip")]] });
}

/** F(v) of the latest steps; once the reader has bet, where that of the digits lies. @param {Frame} f */
function freePlot(f) {
  const p = plot(f, { title: t("freeTitle"), height: 170, legend: true, x: { label: t("axisStep"), min: 0, max: SEEN }, y: { label: t("axisFree"), min: -80, max: 20 } });
  return (/** @type {Now} */ { path, mean, spread }, /** @type {string} */ text) => {
    const from = Math.max(0, path[path.length - 1][0] - SEEN);
    const [low, high] = [mean - 4 * spread, Math.max(mean + 8 * spread, ...path.map(([, F]) => F))].map((v, i) => 20 * (i ? Math.ceil(v / 20) : Math.floor(v / 20)));
    if (p.x.min !== from || p.y.min > low || p.y.max !== high) p.axes({ x: { min: from, max: from + SEEN }, y: { min: low, max: high } });
    const [bottom, top] = [mean - 2 * spread, mean + 2 * spread];
    p.area("band", isMade(f) ? [[from, bottom], [from + SEEN, bottom], [from + SEEN, top], [from, top]] : [], { kind: "theory", label: t("band") });
    p.line("dream", path, { label: t("dreamt") });
    p.describe(text);
  };
}

/** The weights between one hidden unit and all pixels, large. */
function filterPane() {
  const canvas = h("canvas", { class: "xp-rd-lens", role: "img", width: SIDE, height: SIDE });
  const title = h("figcaption", { class: "xp-label" });
  return {
    node: h("figure", { class: "xp-px-pane" }, canvas, title),
    /** @param {ReturnType<typeof heat>} paint @param {Rbm} rbm @param {number} j */
    draw(paint, rbm, j) {
      paint(canvas, SIDE, filterOf(rbm, j));
      const text = t("filter", { j: j + 1 });
      if (title.textContent !== text) title.textContent = text;
      canvas.setAttribute("aria-label", text);
    },
  };
}

/** Weights of a hidden unit as parts of its largest. @param {Rbm} rbm @param {number} j @returns {(i: number) => number} */
function filterOf(rbm, j) {
  const own = Float64Array.from({ length: rbm.visible }, (_, i) => rbm.weights[i * rbm.hidden + j]);
  const most = own.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-12);
  return (i) => own[i] / most;
}

/**
 * The filters of all hidden units, those that are on in a frame; arrow keys or a press choose one.
 * @param {Frame} f @param {Run} run @param {Hand} hand @param {ReturnType<typeof heat>} paint @param {() => void} redraw
 */
function hiddenUnits(f, run, hand, paint, redraw) {
  const { rbm } = run;
  const said = h("p", { class: "xp-help xp-rd-said" });
  const list = h("div", { class: "xp-rd-units", role: "listbox", tabindex: "0", "aria-label": t("hidden") });
  const key = h("p", { class: "xp-help" }, t("key", { hidden: t("hidden"), plus: t("plus"), minus: t("minus") }));
  f.controls.before(key, list, said);
  const units = Array.from({ length: rbm.hidden }, (_, j) => {
    const canvas = h("canvas", { width: SIDE, height: SIDE });
    const node = h("div", { class: "xp-rd-unit", role: "option", id: `${f.key}-unit-${j}` }, canvas);
    list.append(node);
    return { canvas, node };
  });
  const choose = (/** @type {number} */ j) => {
    hand.unit = Math.min(rbm.hidden - 1, Math.max(0, j));
    redraw();
    f.announce(said.textContent ?? "");
  };
  const across = () => Math.max(1, Math.round(list.clientWidth / (units[0].node.offsetWidth || 44)));
  list.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across(), ArrowDown: across(), Home: -hand.unit, End: rbm.hidden }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    choose(hand.unit + by);
  }, { signal: f.signal });
  for (const type of ["pointerdown", "pointermove"]) {
    list.addEventListener(type, (event) => {
      if (!(/** @type {PointerEvent} */ (event).buttons & 1)) return;
      const j = units.findIndex(({ node }) => node.contains(/** @type {Node} */ (event.target)));
      if (j >= 0 && j !== hand.unit) choose(j);
    }, { signal: f.signal });
  }
  const filters = () => units.forEach(({ canvas }, j) => paint(canvas, SIDE, filterOf(rbm, j)));
  filters();
  onTheme(f, filters);
  f.addTable(() => {
    const { fields, chances, h: on } = run.now();
    return { caption: t("hidden"), columns: [t("colUnit"), t("colField"), t("colP"), t("colState")], rows: Array.from(fields, (field, j) => [j + 1, field, chances[j], on[j]]) };
  });
  return (/** @type {Now} */ { h: on, fields, chances }) => {
    units.forEach(({ node }, j) => {
      node.classList.toggle("xp-on", on[j] > 0);
      node.setAttribute("aria-selected", String(j === hand.unit));
      node.setAttribute("aria-label", t("unit", { j: j + 1, state: t(on[j] ? "on" : "off") }));
    });
    list.setAttribute("aria-activedescendant", units[hand.unit].node.id);
    const text = t("unitSay", { j: hand.unit + 1, field: fixed(fields[hand.unit], 2), p: fixed(chances[hand.unit], 2) });
    if (said.textContent !== text) said.textContent = text;
  };
}

// ---------------------------------------------------------------------------------------------------------- words

/** How the dream stands. @param {Now} now @param {string} bet */
export function sentence(now, bet) {
  const { T, k, F, mean, spread, changed, few, start, digit, clamp } = now;
  const values = { k, T: significant(T, 3), F: fixed(F, 1), mean: fixed(mean, 0), spread: fixed(spread, 0), changed, few, window: WINDOW, digit, half: t(clamp).toLowerCase() };
  if (!k) return t("sayStart", { ...values, begin: t({ noise: "beginNoise", digit: "beginDigit", drawing: "beginDrawing" }[/** @type {"noise"} */ (start)], values) });
  const said = [t("sayStep", values)];
  if (clamp !== "none") said.push(t("sayHeld", values));
  if (!bet) return [...said, t("sayUnbet")].join(" ");
  const seen = stateOf(now);
  if (seen) said.push(t({ noise: "sayNoise", one: "sayFrozen", digits: "sayDigit" }[seen], values));
  // The bet was about noise at T = 1, and nothing held.
  if (seen && bet !== "skipped" && start === "noise" && clamp === "none" && T > 0.9 && T < 1.1 && k >= ENOUGH) said.push(t(seen === bet ? "sayRight" : "sayWrong"));
  return said.join(" ");
}

/** What the picture is, by its free energy and by what moves. @param {Now} now @returns {"noise" | "one" | "digits" | ""} */
function stateOf({ F, mean, spread, few }) {
  if (few <= WINDOW) return "one";
  if (F > mean + FAR * spread) return "noise";
  return F <= mean + 2 * spread ? "digits" : "";
}

/** @param {Frame} f */
function readouts(f) {
  const make = (/** @type {string} */ name, /** @type {string} */ label, /** @type {(v: any) => string} */ format, width = 6) => readout(f, { name, label: t(label), format, width });
  const steps = make("step", "readSteps", String, 5);
  const free = make("free_energy", "readFree", (v) => fixed(v, 1));
  const digits = make("digits", "readDigits", String, 9);
  const on = make("hidden_on", "readOn", String, 3);
  const changed = make("changed", "readChanged", String, 3);
  return (/** @type {Now} */ now, /** @type {boolean} */ bet) => {
    steps(now.k);
    free(now.F);
    digits(bet || !now.k ? `${fixed(now.mean, 1)} ± ${fixed(now.spread, 1)}` : "–");
    on(count(now.h));
    changed(now.changed);
    f.setReadout("pixels", hexOf(now.v));
    f.setReadout("hidden", Array.from(now.h).join(""));
    f.setReadout("expected", now.p.reduce((a, b) => a + b, 0));
  };
}

export default { render };
