// A Boltzmann machine of a few units: each is turned on by chance, given the others, and the histogram meets e^(−E/T)/Z.

import { Machine, Sampler, divergence, fairDivergence, matrix, pairIndex } from "./core/boltzmann.js";
import { clock } from "./kit/clock.js";
import { button, choice, numberBox, presets, seedBox, slider } from "./kit/controls.js";
import { h, s, setDisabled } from "./kit/dom.js";
import { fixed, significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { parseNumber } from "./kit/quiz.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { bet, isMade } from "./parts/bet.js";

const [FEWEST, MOST] = [3, 5];
const STRONGEST = 4;
const HOTTEST = 5;
const NEUTRAL = 1; // temperature in the middle of the colour scale, as in stochastic_units.py
const LONGEST = 100_000; // sweeps of a run
const CHAINS = [1, 10, 100];
const RADIUS = 36; // of the ring of units, in percent of the picture
const STACK = { top: 4, height: 21, wide: 8 }; // px under the axis: a state is drawn as a stack of its units
const INDEX = "₁₂₃₄₅";
const EVEN = 1.2; // states are alike when no two differ by more than this factor
const SURE = 0.95;
const NEAR = 0.01; // nats from the law at which the histogram has met it

const t = strings({
  en: {
    name: "Stochastic units: a Boltzmann machine and its law",
    ask: "Before you press Play: the units flip by chance, one after the other. After many sweeps, what will the histogram of states look like?",
    askHow: "At a temperature above 0, wherever the units began.",
    betLowest: "All in the lowest states", betLaw: "As e^(−E/T)", betEven: "All states alike", skip: "Just show me",
    net: "Units and couplings", unit: "Unit {i}: {value}; chance of {on} is {p}", netHelp: "Press a unit to flip it. The number in it is the chance that its next turn makes it {on}. Solid lines: w > 0, dashed: w < 0.",
    histTitle: "How often each state was met", axisState: "state, unit 1 on top", axisShare: "share", law: "e^(−E/T)/Z", met: "histogram",
    klTitle: "Divergence from the law", axisSweep: "sweeps × chains", axisKl: "KL in nats", kl: "histogram", fair: "independent draws, on average",
    size: "Units", sizeWords: "{v} units", values: "Values", spin: "−1, +1", binary: "0, 1", temperature: "Temperature",
    temperatureWords: "T = {v}", temperatureZero: "T = 0: each unit follows its field", chains: "Machines beside each other",
    editor: "Weights w, and biases b on the diagonal", weight: "Weight between units {i} and {j}", bias: "Bias of unit {i}",
    preMemory: "Stores + − +", preTriangle: "Frustrated triangle", preMagnet: "Magnet", prePushed: "One unit pushed", convert: "Other values, same law",
    readSweep: "Sweep", readKl: "KL", readFair: "KL, independent", readEnergy: "Mean E, met", readLaw: "by law", readZ: "ln Z",
    colState: "state", colE: "energy E", colLaw: "law", colMet: "met",
    sayStart: "{n} units, {states} states, T = {T}. In each sweep every unit has its turn, and comes up with the chance that stands in it.",
    sayUnbet: "Sweep {k}: the state is {state}, E = {E}. The law is shown once you have bet.",
    sayZero: "T = 0: each unit follows the sign of its field, as in Hopfield's network. The state {state} has E = {E}.",
    sayRest: "No unit will move any more.", sayLocal: "The lowest has {low}, but nothing leads there.", sayGround: "No state lies lower.",
    sayRun: "{k} sweeps: the histogram is {kl} nats from e^(−E/T)/Z. As many independent draws would be {fair} away on average.",
    saySlow: "States in a row are alike: by this measure they tell no more than about {draws} independent draws.",
    sayMet: "After {k} sweeps the histogram has met e^(−E/T)/Z: it is {kl} nats away. As many independent draws would be {fair} away on average.",
    sayRight: "You bet right.", sayWrong: "You bet otherwise: the lowest states have {share} % at this T.",
  },
  zh: {
    name: "随机单元：玻尔兹曼机与它的分布",
    ask: "按“运行”之前：单元一个接一个随机翻转。许多次扫描之后，状态的直方图会是什么样？",
    askHow: "温度高于 0，无论从哪里开始。",
    betLowest: "全在最低的状态", betLaw: "如 e^(−E/T)", betEven: "所有状态一样多", skip: "直接看",
    net: "单元与耦合", unit: "单元 {i}：{value}；取 {on} 的概率为 {p}", netHelp: "按一下单元使它翻转。其中的数是下一次轮到它时取 {on} 的概率。实线：w > 0，虚线：w < 0。",
    histTitle: "各状态出现的频率", axisState: "状态，单元 1 在上", axisShare: "比例", law: "e^(−E/T)/Z", met: "直方图",
    klTitle: "与分布的散度", axisSweep: "扫描数 × 链数", axisKl: "KL（奈特）", kl: "直方图", fair: "独立抽样的平均",
    size: "单元数", sizeWords: "{v} 个单元", values: "取值", spin: "−1、+1", binary: "0、1", temperature: "温度",
    temperatureWords: "T = {v}", temperatureZero: "T = 0：每个单元跟随它的场", chains: "并行的机器数",
    editor: "权重 w，对角线上是偏置 b", weight: "单元 {i} 与 {j} 之间的权重", bias: "单元 {i} 的偏置",
    preMemory: "存储 + − +", preTriangle: "受挫三角形", preMagnet: "磁体", prePushed: "推一个单元", convert: "换取值，分布不变",
    readSweep: "扫描", readKl: "KL", readFair: "KL（独立抽样）", readEnergy: "平均 E", readLaw: "按分布", readZ: "ln Z",
    colState: "状态", colE: "能量 E", colLaw: "分布", colMet: "出现",
    sayStart: "{n} 个单元，{states} 个状态，T = {T}。每次扫描中每个单元轮到一次，以其中所写的概率取上值。",
    sayUnbet: "第 {k} 次扫描：状态 {state}，E = {E}。你猜过之后才显示分布。",
    sayZero: "T = 0：每个单元跟随场的符号，如同 Hopfield 网络。状态 {state} 的能量 E = {E}。",
    sayRest: "不再有单元会动。", sayLocal: "最低的能量是 {low}，但没有路通向那里。", sayGround: "没有更低的状态。",
    sayRun: "{k} 次扫描：直方图与 e^(−E/T)/Z 相差 {kl} 奈特。同样多的独立抽样平均相差 {fair}。",
    saySlow: "相继的状态彼此相似：按此衡量，至今只抵得上约 {draws} 次独立抽样。",
    sayMet: "{k} 次扫描之后直方图与 e^(−E/T)/Z 相合：相差 {kl} 奈特。同样多的独立抽样平均相差 {fair}。",
    sayRight: "你猜对了。", sayWrong: "你猜的不是这样：在这个 T 下最低的状态占 {share}%。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/boltzmann.js").Units} Units */
/** @typedef {ReturnType<Run["now"]>} Now */

const none = Array(MOST).fill(0);
const PRESETS = {
  preMemory: { size: 3, units: "spin", couplings: [-1, 1, -1, 0, 0, 0, 0, 0, 0, 0], biases: none },
  preTriangle: { size: 3, units: "spin", couplings: [-1, -1, -1, 0, 0, 0, 0, 0, 0, 0], biases: none },
  preMagnet: { size: 5, units: "spin", couplings: Array(10).fill(0.5), biases: none },
  prePushed: { size: 4, units: "binary", couplings: [2, 0, 2, 0, 0, 2, 0, 0, 0, 0], biases: [1, -1, -1, -1, 0] },
};

/** The machine, its chains, and how their histogram came nearer to the law. */
export class Run {
  /** @param {(name: string) => any} get  of a trait */
  constructor(get) {
    this.get = get;
    this.machine = this.made();
    this.sampler = new Sampler(this.machine, get("chains"), get("seed"));
    /** @type {[number, number][]} */
    this.path = []; // of the divergence: [states met, KL]
    this.law = this.machine.distribution();
    this.fairLine = this.fair();
  }

  /** KL of independent draws, on average: [draws, KL] up to 10⁷ of them. @returns {[number, number][]} */
  fair() {
    return Array.from({ length: 57 }, (_, k) => Math.round(10 ** (k / 8))).map((draws) => [draws, fairDivergence(this.law, draws)]);
  }

  made() {
    const n = this.get("size");
    return new Machine(matrix(this.get("couplings"), n), this.get("biases").slice(0, n), this.get("units"), this.get("temperature"));
  }

  restart() {
    this.turn();
    this.sampler = new Sampler(this.machine, this.get("chains"), this.get("seed"));
  }

  /** Another law, for the states as they are. */
  turn() {
    this.machine = this.made();
    this.law = this.machine.distribution();
    this.fairLine = this.fair();
    this.path = [];
    if (!this.strange) this.sampler.turn(this.machine);
  }

  /** Whether the chains are of other units than the settings: a preset changes several at once. */
  get strange() {
    const { n, low } = this.sampler.machine;
    return n !== this.get("size") || (low === -1) !== (this.get("units") === "spin");
  }

  get done() {
    return this.sampler.sweeps >= LONGEST;
  }

  /** @param {number} n */
  step(n) {
    const { sampler, path } = this;
    for (let k = 0; k < n && !this.done; k++) {
      sampler.sweep();
      const states = sampler.sweeps * sampler.chains;
      if (!path.length || states >= 1.08 * path[path.length - 1][0]) path.push([states, divergence(sampler.shares, this.law)]);
    }
  }

  /** The reader turns a unit of the machine that is seen. @param {number} i */
  flip(i) {
    const x = this.sampler.chain(0);
    x[i] = x[i] > 0 ? this.machine.low : 1;
  }

  /** What there is to see. */
  now() {
    const { machine, sampler, law, path } = this;
    const { T, n, low, energies } = machine;
    const x = sampler.chain(0);
    const fields = Array.from(x, (_, i) => machine.field(x, i));
    const lowest = energies.reduce((a, b) => Math.min(a, b));
    const shares = sampler.shares;
    const possible = law.filter((p) => p > 0);
    return { T, n, low, x, shares, law, energies, lowest, path, sweeps: sampler.sweeps, chains: sampler.chains, E: machine.energy(x), chances: fields.map((field) => machine.chance(field)),
      resting: fields.every((field, i) => field === 0 || field > 0 === x[i] > 0), share: law.reduce((sum, p, k) => sum + (energies[k] - lowest < 1e-9 ? p : 0), 0),
      even: possible.reduce((a, b) => Math.max(a, b)) / possible.reduce((a, b) => Math.min(a, b)), kl: sampler.sweeps ? divergence(shares, law) : NaN,
      fair: sampler.sweeps ? fairDivergence(law, sampler.sweeps * sampler.chains) : NaN, fairLine: this.fairLine, mean: dot(shares, energies), meanLaw: dot(law, energies), logZ: T > 0 ? machine.logPartition : NaN };
  }
}

/** @param {Float64Array} a @param {Float64Array} b */
const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);

/** A unit's value in one character. @param {number} value @param {number} low */
const sign = (value, low) => (low ? (value > 0 ? "+" : "−") : value > 0 ? "1" : "0");

/** A state as text. @param {ArrayLike<number>} x @param {number} low */
const textOf = (x, low) => Array.from(x, (value) => sign(value, low)).join("");

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "stochastic_units", label: t("name") });
  const boxes = controls(f);
  const run = new Run((name) => model.get(name));
  const draw = picture(f, run, boxes);
  const time = clock(f, {
    step: (n) => run.step(n),
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 15 : 1) * Math.min(200, 0.2 + run.sampler.sweeps / 60), // slow at first, so that each flip is seen
    done: () => run.done,
    onReset: () => run.restart(),
  });
  button(f, { label: "+100", where: "toolbar", onClick: () => time.stepOnce(100) });
  for (const name of ["temperature", "couplings", "biases"]) {
    f.watch(name, () => {
      if (run.done || run.strange) return time.reset();
      run.turn();
      draw();
    });
  }
  for (const name of ["size", "units", "chains", "seed"]) f.watch(name, () => time.reset());
  f.watch("prediction", draw);
  draw();
  f.publish();
  return f.destroy;
}

// ------------------------------------------------------------------------------------------------------- controls

/** @param {Frame} f */
function controls(f) {
  const { model } = f;
  slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: 0, max: HOTTEST, step: 0.05, exact: false, temperature: { neutral: NEUTRAL },
    words: (v) => t(v > 0 ? "temperatureWords" : "temperatureZero", { v: significant(v, 3) }) });
  slider(f, { trait: "size", label: t("size"), min: FEWEST, max: MOST, step: 1, words: (v) => t("sizeWords", { v }) });
  choice(f, { trait: "units", label: t("values"), options: ["spin", "binary"].map((value) => ({ value, label: t(value) })) });
  choice(f, { trait: "chains", label: t("chains"), options: CHAINS.map((value) => ({ value, label: String(value) })) });
  f.share("chains", (v) => Number.isInteger(v) && v >= 1 && v <= 100);
  const other = button(f, { label: t("convert"), onClick: () => f.assign(converted(model) ?? {}) });
  const limit = () => setDisabled(other, converted(model) === null);
  for (const name of ["couplings", "biases", "units", "size"]) f.watch(name, limit);
  limit();
  const good = (/** @type {number} */ length) => (/** @type {number[]} */ v) => v.length === length && v.every((one) => Math.abs(one) <= STRONGEST);
  f.share("couplings", good((MOST * (MOST - 1)) / 2));
  f.share("biases", good(MOST));
  seedBox(f);
  presets(f, Object.entries(PRESETS).map(([key, set]) => ({ label: t(key), set })));
  return editor(f);
}

/** Settings in the other values with the same law; null where they would be out of range. @param {import("./kit/frame.js").Model} model */
function converted(model) {
  const [n, old, bias, units] = ["size", "couplings", "biases", "units"].map((name) => model.get(name));
  const [w, spin] = [matrix(old, n), units === "spin"];
  const row = (/** @type {number} */ i) => w.subarray(i * n, (i + 1) * n).reduce((a, b) => a + b, 0);
  const couplings = old.map((/** @type {number} */ v) => (spin ? 4 * v : v / 4));
  const biases = bias.map((/** @type {number} */ b, /** @type {number} */ i) => (i >= n ? b : spin ? 2 * b - 2 * row(i) : b / 2 + row(i) / 4));
  const used = couplings.slice(0, (n * (n - 1)) / 2).concat(biases);
  if (used.some((/** @type {number} */ v) => Math.abs(v) > STRONGEST)) return null;
  const kept = couplings.map((/** @type {number} */ v, /** @type {number} */ k) => (k < (n * (n - 1)) / 2 ? v : 0));
  return { units: spin ? "binary" : "spin", couplings: kept, biases };
}

/** A square of boxes: weights above the diagonal, biases on it; below it stands the same again. @param {Frame} f */
function editor(f) {
  const { model } = f;
  const grid = h("div", { class: "xp-su-grid" });
  const cells = Array.from({ length: MOST * MOST }, (_, k) => cell(f, Math.floor(k / MOST), k % MOST));
  let size = 0;
  const show = () => {
    const n = model.get("size");
    if (n !== size) {
      size = n;
      grid.style.setProperty("--units", String(n));
      grid.replaceChildren(...cells.filter(({ i, j }) => i < n && j < n).map(({ node }) => node));
    }
    cells.forEach((one) => one.show());
  };
  for (const name of ["size", "couplings", "biases"]) f.watch(name, show);
  show();
  return h("fieldset", { class: "xp-field xp-su-editor" }, h("legend", { class: "xp-label" }, t("editor")), grid);
}

/** @param {Frame} f @param {number} i @param {number} j */
function cell(f, i, j) {
  const { model } = f;
  const [trait, place] = i === j ? ["biases", i] : ["couplings", pairIndex(Math.min(i, j), Math.max(i, j))];
  const value = () => model.get(trait)[place];
  if (i > j) {
    const node = h("span", { class: "xp-su-mirror", "aria-hidden": "true" });
    return { i, j, node, show: () => void (node.textContent = significant(value(), 3)) };
  }
  const label = i === j ? t("bias", { i: i + 1 }) : t("weight", { i: i + 1, j: j + 1 });
  const text = () => String(Number(value().toPrecision(4)));
  const box = numberBox(f, { label, min: -STRONGEST, max: STRONGEST, parse: parseNumber }, label, (v) => {
    if (box.input.value === text()) return; // subtle: what is shown may be rounded; leave it alone
    f.assign({ [trait]: model.get(trait).map((/** @type {number} */ old, /** @type {number} */ k) => (k === place ? v : old)) });
  });
  const node = h("span", { class: `xp-field xp-su-cell${i === j ? " xp-su-bias" : ""}` }, box.input, box.error);
  return { i, j, node, show() {
    if (box.input.value !== text()) box.input.value = text();
    box.clear();
  } };
}

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {Run} run @param {HTMLElement} boxes  for weights and biases */
function picture(f, run, boxes) {
  f.stage.classList.add("xp-su");
  const [left, right, under] = [h("div"), h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  const card = question(f);
  f.stage.append(left, right, caption);
  const net = netOf(f, left, run, () => draw());
  const columns = histogram(f, right);
  const trace = klPlot(f, under);
  keepPlaces(f, () => {
    const wide = left.offsetTop === right.offsetTop;
    if (wide) left.append(boxes);
    else f.controls.querySelector(".xp-presets")?.before(boxes);
    if (wide) right.append(under);
    else f.controls.after(under);
  });
  const show = readouts(f);
  const draw = () => {
    const now = run.now();
    const text = sentence(now, f.model.get("prediction"));
    card.show();
    net(now);
    columns(now, text);
    trace(now, text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now, isMade(f));
  };
  return draw;
}

/** Call a function now and whenever the width of the explorable has changed. @param {Frame} f @param {() => void} arrange */
function keepPlaces(f, arrange) {
  let width = -1;
  const observer = new ResizeObserver(() => {
    if (f.root.clientWidth !== width) arrange();
    width = f.root.clientWidth;
  });
  observer.observe(f.root);
  f.onCleanup(() => observer.disconnect());
  arrange();
}

/** The bet, until it is made. @param {Frame} f */
function question(f) {
  return bet(f, { ask: t("ask"), how: t("askHow"), answers: [["lowest", t("betLowest")], ["law", t("betLaw")], ["even", t("betEven")], ["skipped", t("skip")]] });
}

/** Units in a ring, to be pressed; couplings as lines. @param {Frame} f @param {HTMLElement} into @param {Run} run @param {() => void} draw */
function netOf(f, into, run, draw) {
  const lines = s("svg", { class: "xp-su-lines", viewBox: "0 0 100 100", "aria-hidden": "true" });
  const box = h("div", { class: "xp-su-net", role: "group", "aria-label": t("net") }, lines);
  const help = h("p", { class: "xp-help" });
  into.append(box, help);
  const units = Array.from({ length: MOST }, (_, i) => {
    const [value, chance] = [h("b"), h("span")];
    const node = button(f, { label: "", into: box, onClick: () => {
      run.flip(i);
      draw();
    } });
    node.className = "xp-su-unit";
    node.append(value, chance);
    return { node, value, chance };
  });
  return (/** @type {Now} */ { n, x, low, chances }) => {
    const at = (/** @type {number} */ i) => [50 + RADIUS * Math.sin((2 * Math.PI * i) / n), 50 - RADIUS * Math.cos((2 * Math.PI * i) / n)];
    const on = low ? "+1" : "1";
    const w = run.machine.weights;
    lines.replaceChildren(...Array.from({ length: n * n }, (_, k) => [Math.floor(k / n), k % n]).filter(([i, j]) => i < j && w[i * n + j]).map(([i, j]) => {
      const [[x0, y0], [x1, y1], v] = [at(i), at(j), w[i * n + j]];
      const line = s("path", { class: `xp-su-line xp-${v > 0 ? "simulation" : "mean_field"}`, d: `M${x0.toFixed(1)} ${y0.toFixed(1)}L${x1.toFixed(1)} ${y1.toFixed(1)}` });
      line.style.strokeWidth = `${(0.4 + 0.7 * Math.abs(v)).toFixed(2)}px`;
      return line;
    }));
    units.forEach(({ node, value, chance }, i) => {
      if (i >= n) return node.remove();
      if (!node.isConnected) box.append(node);
      const [left, top] = at(i);
      Object.assign(node.style, { left: `${left}%`, top: `${top}%` });
      node.dataset.name = (low ? "s" : "x") + INDEX[i];
      const p = Number.isNaN(chances[i]) ? "–" : fixed(chances[i], 2);
      value.textContent = sign(x[i], low);
      chance.textContent = p;
      node.setAttribute("aria-pressed", String(x[i] > 0));
      node.setAttribute("aria-label", t("unit", { i: i + 1, value: sign(x[i], low), p, on }));
    });
    help.textContent = t("netHelp", { on });
  };
}

/** The histogram in the colour of its temperature, and the law over it. @param {Frame} f @param {HTMLElement} into */
function histogram(f, into) {
  const p = plot(f, { into, title: t("histTitle"), height: 270, table: false, legend: true, x: { label: t("axisState"), min: -0.5, max: 7.5, ticks: [] }, y: { label: t("axisShare"), min: 0, max: 0.5 } });
  const layer = p.layer("columns");
  const stacks = p.layer("stacks", { clip: false, keep: true });
  const bars = /** @type {SVGRectElement[]} */ ([]);
  /** @type {Now | null} */
  let current = null;
  const columns = () => {
    if (!current) return;
    const { shares, T } = current;
    while (bars.length < shares.length) bars.push(s("rect", { class: "xp-su-column" }));
    layer.replaceChildren(...bars.slice(0, shares.length));
    layer.style.setProperty("--heat", String(T / (T + NEUTRAL)));
    shares.forEach((share, k) => {
      const top = p.scale.y(Math.min(p.y.max, share || 0));
      bars[k].setAttribute("x", p.scale.x(k - 0.4).toFixed(1));
      bars[k].setAttribute("width", Math.max(1, p.scale.x(0.8) - p.scale.x(0)).toFixed(1));
      bars[k].setAttribute("y", top.toFixed(1));
      bars[k].setAttribute("height", (p.scale.y(0) - top).toFixed(1));
    });
  };
  const drawStacks = () => void (current && stacks.replaceChildren(...Array.from(current.law, (_, k) => stackOf(p, k, /** @type {Now} */ (current).n))));
  p.onLayout(() => {
    columns();
    drawStacks();
  });
  const name = (/** @type {number} */ k, /** @type {Now} */ { n, low }) => textOf(Array.from({ length: n }, (_, i) => ((k >> (n - 1 - i)) & 1 ? 1 : low)), low);
  f.addTable(() => ({ caption: t("histTitle"), columns: [t("colState"), t("colE"), t("colLaw"), t("colMet")],
    rows: current ? Array.from(current.energies, (E, k) => [name(k, /** @type {Now} */ (current)), E, isMade(f) ? /** @type {Now} */ (current).law[k] : null, /** @type {Now} */ (current).shares[k]]) : [] }));
  let kind = "";
  return (/** @type {Now} */ now, /** @type {string} */ text) => {
    current = now;
    const states = now.law.length;
    const most = Math.max(...(now.sweeps ? now.shares : []), ...(isMade(f) ? now.law : [0.2]));
    const top = [0.25, 0.5, 0.75, 1].find((v) => v >= most - 1e-9) ?? 1;
    if (`${states} ${now.low}` !== kind || top > p.y.max || most < 0.45 * p.y.max) { // the scale grows at once and shrinks late
      kind = `${states} ${now.low}`;
      p.axes({ x: { max: states - 0.5 }, y: { max: top } });
    }
    columns();
    p.line("law", isMade(f) ? [...now.law].flatMap((v, k) => [[k - 0.5, v], [k + 0.5, v]]) : [], { kind: "theory", label: t("law") });
    p.describe(text);
    f.tableChanged();
  };
}

/** A state as a stack of its units, dark where on, under its column. @param {import("./kit/plot.js").Plot} p @param {number} k @param {number} n */
function stackOf(p, k, n) {
  const wide = Math.min(STACK.wide, 0.75 * (p.scale.x(1) - p.scale.x(0)));
  const box = { x: (p.scale.x(k) - wide / 2).toFixed(1), width: wide.toFixed(1) };
  const [top, high] = [p.scale.y(p.y.min) + STACK.top, STACK.height / n];
  const cells = Array.from({ length: n }, (_, i) => s("rect", { ...box, class: (k >> (n - 1 - i)) & 1 ? "xp-su-up" : "xp-su-down", y: (top + i * high).toFixed(1), height: high.toFixed(1) }));
  return s("g", {}, ...cells, s("rect", { ...box, class: "xp-su-frame", y: top.toFixed(1), height: STACK.height }));
}

/** KL against the number of states met, both in powers of ten. @param {Frame} f @param {HTMLElement} into */
function klPlot(f, into) {
  const power = (/** @type {number} */ v) => `10${superscript(v)}`;
  const p = plot(f, { into, title: t("klTitle"), height: 220, legend: true, x: { label: t("axisSweep"), min: 0, max: 3, ticks: [0, 1, 2, 3], format: power },
    y: { label: t("axisKl"), min: -4, max: 1, ticks: [-4, -2, 0], format: power } });
  return (/** @type {Now} */ now, /** @type {string} */ text) => {
    const all = now.sweeps * now.chains;
    const width = Math.max(3, Math.ceil(Math.log10(all || 1)));
    if (p.x.max !== width) p.axes({ x: { max: width, ticks: Array.from({ length: width + 1 }, (_, k) => k) }, y: { min: -width - 1, ticks: Array.from({ length: width + 2 }, (_, k) => k - width - 1).filter((v) => v % 2 === 0) } });
    const log = (/** @type {[number, number][]} */ points) => points.filter(([, v]) => v > 0 && v < Infinity).map(([x, y]) => [Math.log10(x), Math.log10(y)]);
    p.line("fair", isMade(f) ? log(now.fairLine.filter(([draws]) => draws <= 10 ** width)) : [], { kind: "theory", dash: true, label: t("fair") });
    p.line("kl", isMade(f) ? log(now.path) : [], { label: t("kl") });
    p.describe(text);
  };
}

// ---------------------------------------------------------------------------------------------------------- words

/** What is happening, in a sentence or two. @param {Now} now @param {string} bet */
export function sentence(now, bet) {
  const { T, n, low, x, sweeps, chains, E, lowest, kl, fair, share } = now;
  const values = { n, T: significant(T, 3), k: sweeps, states: 2 ** n, state: textOf(x, low), E: fixed(E, 2), low: fixed(lowest, 2), kl: significant(kl, 2), fair: significant(fair, 2), share: fixed(100 * share, 0) };
  if (!sweeps) return t("sayStart", values);
  if (T === 0) {
    const end = now.resting ? `${t("sayRest")} ${t(E - lowest > 1e-9 ? "sayLocal" : "sayGround", values)}` : "";
    return `${t("sayZero", values)} ${end}`.trim();
  }
  if (!bet) return t("sayUnbet", values);
  const slow = sweeps > 500 && kl > 4 * fair ? t("saySlow", { draws: significant(Math.max(1, (sweeps * chains * fair) / kl), 1) }) : "";
  if (sweeps < 50 || kl > NEAR) return `${t("sayRun", values)} ${slow}`.trim();
  const right = bet === "law" || (bet === "lowest" && share > SURE) || (bet === "even" && now.even < EVEN);
  return [t("sayMet", values), slow, bet !== "skipped" && t(right ? "sayRight" : "sayWrong", values)].filter(Boolean).join(" ");
}

/** @param {Frame} f */
function readouts(f) {
  const make = (/** @type {string} */ name, /** @type {string} */ label, /** @type {(v: number) => string} */ format, width = 6) => readout(f, { name, label: t(label), format, width });
  const three = (/** @type {number} */ v) => fixed(v, 3);
  const sweep = make("sweep", "readSweep", String, 6);
  const gap = make("kl", "readKl", (v) => (v === Infinity ? "∞" : significant(v, 2)), 7);
  const fair = make("fair_kl", "readFair", (v) => significant(v, 2), 7);
  const mean = make("mean_energy", "readEnergy", three, 6);
  const law = make("mean_energy_law", "readLaw", three, 6);
  const z = make("log_z", "readZ", three, 6);
  return (/** @type {Now} */ now, /** @type {boolean} */ bet) => {
    sweep(now.sweeps);
    gap(bet ? now.kl : NaN);
    fair(bet && now.sweeps ? now.fair : NaN);
    mean(now.mean);
    law(bet ? now.meanLaw : NaN);
    z(bet ? now.logZ : NaN);
    f.setReadout("state", textOf(now.x, now.low));
    f.setReadout("energy", now.E);
    f.setReadout("chances", now.chances.join(" "));
    f.setReadout("shares", now.shares.join(" "));
    f.setReadout("law", now.law.join(" "));
  };
}

export default { render };
