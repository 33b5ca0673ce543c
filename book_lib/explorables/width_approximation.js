// How many units a curve takes: a network built to meet a function, and its largest error against the width.

import { END, FUNCTIONS, bound, largestError, network, units } from "./core/width.js";
import { choice, slider, toggle } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed, significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";

const TRAITS = ["function", "width", "activation", "outside", "guess"];
const WIDTHS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
const FLOOR = 1e-5; // of the plot of errors
const FACTORS = /** @type {Record<string, number>} */ ({ same: 1, root: Math.SQRT2, half: 2, quarter: 4 });

const t = strings({
  en: {
    name: "Width and approximation", curve: "A function, and a network built to meet it", errors: "The largest error against the width",
    function: "Function", sin: "sin x", corner: "Corner", root: "Root", width: "Hidden units", widthWords: "{v} hidden units", widthOne: "1 hidden unit",
    activation: "Units", relu: "ReLU", sigmoid: "Steep sigmoid", outside: "Look beyond the domain",
    guess: "Foretell: twice as many units divide the largest error by", guess_same: "1: no gain", guess_root: "√2", guess_half: "2", guess_quarter: "4",
    f: "function", net: "network", places: "units stand here", axisX: "x", axisY: "f(x)", axisN: "hidden units", axisE: "largest error", worst: "largest error",
    theory: "theory allows", measured: "measured", now: "now", domain: "domain",
    askFirst: "{n} units miss by {error} at most. What would twice as many do? Foretell it below: then comes the plot of all widths.", hidden: "?",
    readError: "Largest error", readBound: "Theory allows", readDouble: "With twice as many", readFactor: "Factor",
    saySmooth: "{n} straight pieces miss sin x by {error} at most; theory, h²/8 · max|f″|, allows {bound}. Twice as many short pieces, a quarter of the error.",
    sayCornerMet: "A point lies right on the corner: two straight pieces are exact, and so is any even number of them.", sayCornerMissed: "No point lies on the corner, where there is no f″: the piece across it misses by {error}. An odd number of pieces goes on missing.",
    sayRoot: "At its foot the root is vertical: the first piece misses by {error}, 1/(4√n). Four times as many units, half of the error.",
    saySteps: "A staircase of {n} steps misses by {error} at most; theory, h/2 times the slope, allows {bound}. Twice as many steps, half of the error.", sayStepsRoot: "A staircase of {n} steps misses by {error}; where the root is vertical theory allows 1/√(2n) = {bound}.",
    sayOutside: "Beyond 0 … 2π nothing is promised: ReLU units go on straight, sigmoids stand still, and the function goes its own way.",
    guessRight: "From {n} to {m} units: {error} to {next}, divided by {factor}. You foretold {guess}: right.", guessWrong: "From {n} to {m} units: {error} to {next}, divided by {factor}. You foretold {guess}: no.",
    guessNear: "From {n} to {m} units: {error} to {next}, divided by {factor}. You foretold {guess}, which comes nearest here; for short pieces it is {limit}.", guessLater: "From {n} to {m} units: {error} to {next}, divided by {factor}. You foretold {guess}: not yet, but so it is for short pieces.",
    guessNone: "From {n} to {m} units: {error} to {next}. You foretold division by {guess}; here no factor says it.",
    exact: "0 (exact)",
  },
  zh: {
    name: "宽度与逼近", curve: "一个函数，以及为它搭建的网络", errors: "最大误差随宽度的变化",
    function: "函数", sin: "sin x", corner: "折角", root: "平方根", width: "隐藏单元数", widthWords: "{v} 个隐藏单元", widthOne: "1 个隐藏单元",
    activation: "单元", relu: "ReLU", sigmoid: "陡峭的 Sigmoid", outside: "看定义域之外",
    guess: "先预测：单元数加倍后，最大误差除以", guess_same: "1：没有改善", guess_root: "√2", guess_half: "2", guess_quarter: "4",
    f: "函数", net: "网络", places: "单元所在处", axisX: "x", axisY: "f(x)", axisN: "隐藏单元数", axisE: "最大误差", worst: "最大误差",
    theory: "理论允许", measured: "实测", now: "当前", domain: "定义域",
    askFirst: "{n} 个单元至多相差 {error}。加倍之后呢？先在下面预测，然后显示各种宽度的图。", hidden: "?",
    readError: "最大误差", readBound: "理论允许", readDouble: "加倍之后", readFactor: "倍数",
    saySmooth: "{n} 段直线与 sin x 至多相差 {error}；理论 h²/8 · max|f″| 允许 {bound}。段很短时，段数加倍，误差变为四分之一。",
    sayCornerMet: "有一个点正好落在折角上：两段直线就完全准确，任何偶数段也是如此。", sayCornerMissed: "没有点落在折角上，那里 f″ 不存在：跨过它的一段相差 {error}。奇数段总是如此。",
    sayRoot: "平方根在起点处是竖直的：第一段相差 {error}，即 1/(4√n)。单元数变为四倍，误差才减半。",
    saySteps: "{n} 级台阶至多相差 {error}；理论 h/2 乘以斜率，允许 {bound}。台阶数加倍，误差减半。", sayStepsRoot: "{n} 级台阶相差 {error}；平方根竖直处理论允许 1/√(2n) = {bound}。",
    sayOutside: "在 0 … 2π 之外没有任何保证：ReLU 单元继续直行，Sigmoid 停住不动，而函数走自己的路。",
    guessRight: "从 {n} 到 {m} 个单元：误差从 {error} 变为 {next}，除以 {factor}。你预测 {guess}：正确。", guessWrong: "从 {n} 到 {m} 个单元：误差从 {error} 变为 {next}，除以 {factor}。你预测 {guess}：不对。",
    guessNear: "从 {n} 到 {m} 个单元：误差从 {error} 变为 {next}，除以 {factor}。你预测 {guess}，在此最为接近；段很短时是 {limit}。", guessLater: "从 {n} 到 {m} 个单元：误差从 {error} 变为 {next}，除以 {factor}。你预测 {guess}：现在还不是，段很短时才是。",
    guessNone: "从 {n} 到 {m} 个单元：误差从 {error} 变为 {next}。你预测除以 {guess}；这里没有哪个倍数能说明。",
    exact: "0（准确）",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {{function: string, width: number, activation: string, outside: boolean, guess: string}} State */

/** Errors that were computed already. @type {Map<string, {error: number, at: number}>} */
const known = new Map();

/** @param {string} name @param {number} n @param {string} activation */
function errorOf(name, n, activation) {
  const key = `${name} ${n} ${activation}`;
  let found = known.get(key);
  if (!found) known.set(key, (found = largestError(name, n, activation)));
  return found.error < 1e-12 ? { ...found, error: 0 } : found;
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "width_approximation", label: t("name") });
  controls(f);
  f.stage.classList.add("xp-pairs");
  const [left, right] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(left, right, caption);
  const [drawCurve, drawErrors, show] = [curvePlot(f, left), errorPlot(f, right), readouts(f)];
  const draw = () => {
    const now = /** @type {State} */ (/** @type {any} */ (Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]))));
    const text = sentence(now);
    drawCurve(now, text);
    drawErrors(now, text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now);
  };
  for (const name of TRAITS) f.watch(name, draw);
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  choice(f, { trait: "guess", label: t("guess"), options: Object.keys(FACTORS).map((value) => ({ value, label: t(`guess_${value}`) })) });
  const again = (/** @type {string} */ _, /** @type {{user: boolean}} */ { user }) => user && f.assign({ guess: "" }); // another question
  const pick = (/** @type {string} */ trait, /** @type {string[]} */ values) => choice(f, { trait, label: t(trait), options: values.map((value) => ({ value, label: t(value) })), onInput: again });
  pick("function", ["sin", "corner", "root"]);
  pick("activation", ["relu", "sigmoid"]);
  slider(f, { trait: "width", label: t("width"), symbol: "n", min: 1, max: 64, step: 1, words: (v) => t(v === 1 ? "widthOne" : "widthWords", { v }) });
  toggle(f, { trait: "outside", label: t("outside") });
}

/** @param {Frame} f @param {HTMLElement} into */
function curvePlot(f, into) {
  const p = plot(f, { into, title: t("curve"), height: 300, legend: true, x: { label: t("axisX"), min: 0, max: END }, y: { label: t("axisY"), min: -1.5, max: 1.5 } });
  return (/** @type {State} */ { function: name, width, activation, outside }, /** @type {string} */ text) => {
    const [from, to] = outside ? [-3, END + 3] : [0, END];
    const [low, high] = name === "sin" ? (outside ? [-4, 4] : [-1.5, 1.5]) : outside ? [-1, 2.5] : [-0.2, 1.4];
    const ticks = outside ? [-3, 0, 3, 6, 9] : [0, 2, 4, 6];
    if (p.x.min !== from || p.y.max !== high || p.y.min !== low) p.axes({ x: { min: from, max: to, ticks }, y: { min: low, max: high } });
    const made = units(name, width, activation);
    const grid = Array.from({ length: 601 }, (_, i) => from + ((to - from) * i) / 600);
    const xs = activation === "relu" ? [...new Set([...grid, ...made.places])].sort((a, b) => a - b) : grid; // corners where they are
    p.line("function", grid.map((x) => [x, FUNCTIONS[name](x)]), { kind: "theory", label: t("f") });
    p.line("network", xs.map((x) => [x, network(made, activation, x)]), { dash: true, label: t("net") });
    p.points("places", Array.from(made.places, (x) => [x, low]), { kind: "muted", r: 3, label: t("places") });
    const { error, at } = errorOf(name, width, activation);
    p.line("worst", error ? [[at, FUNCTIONS[name](at)], [at, network(made, activation, at)]] : [], { kind: "mean_field", label: t("worst") });
    p.describe(text);
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function errorPlot(f, into) {
  const power = (/** @type {number} */ v) => (v === 0 ? "1" : `10${superscript(v)}`);
  const p = plot(f, { into, title: t("errors"), height: 300, legend: true, table: false, // its own numbers are logarithms
    x: { label: t("axisN"), min: 0, max: 6, ticks: [0, 1, 2, 3, 4, 5, 6], format: (v) => String(Math.round(2 ** v)) },
    y: { label: t("axisE"), min: Math.log10(FLOOR), max: 1, ticks: [-4, -3, -2, -1, 0], format: power } });
  const spot = (/** @type {number} */ n, /** @type {number} */ error) => [Math.log2(n), Math.log10(Math.max(error, FLOOR))];
  let now = /** @type {State | null} */ (null);
  f.addTable(() => {
    const { function: name, activation } = now ?? { function: "sin", activation: "relu" };
    return { caption: t("errors"), columns: [t("axisN"), t("axisE"), t("theory")],
      rows: now?.guess ? WIDTHS.map((n) => [n, errorOf(name, n, activation).error, bound(name, n, activation)]) : [] };
  });
  return (/** @type {State} */ state, /** @type {string} */ text) => {
    const { function: name, width, activation, guess } = (now = state);
    const seen = guess ? WIDTHS : []; // all widths answer the question
    p.line("theory", seen.map((n) => spot(n, bound(name, n, activation))), { kind: "theory", label: t("theory") });
    p.points("measured", seen.map((n) => spot(n, errorOf(name, n, activation).error)), { r: 4, label: t("measured") });
    p.marker("now", spot(width, errorOf(name, width, activation).error), { kind: "reader", label: t("now") });
    p.describe(text);
  };
}

/** @param {number} v */
const small = (v) => (v === 0 ? t("exact") : significant(v, 3));

/** @param {State} now */
export function sentence({ function: name, width, activation, outside, guess }) {
  const [error, next] = [errorOf(name, width, activation).error, errorOf(name, 2 * width, activation).error];
  const values = { n: width, m: 2 * width, error: small(error), next: small(next), bound: significant(bound(name, width, activation), 3) };
  const key = activation === "sigmoid" ? (name === "root" ? "sayStepsRoot" : "saySteps")
    : { sin: "saySmooth", corner: error ? "sayCornerMissed" : "sayCornerMet", root: "sayRoot" }[name] ?? "saySmooth";
  const parts = [t(guess ? key : "askFirst", values)];
  if (outside) parts.push(t("sayOutside"));
  if (guess) parts.push(verdict(guess, error, next, bound(name, width, activation) / bound(name, 2 * width, activation), values));
  return parts.join(" ");
}

/** What became of the reader's guess. @param {string} guess @param {number} error @param {number} next @param {number} limit  for many units @param {Record<string, unknown>} values */
function verdict(guess, error, next, limit, values) {
  const factor = next ? error / next : error ? Infinity : 1;
  const off = (/** @type {string} */ one) => Math.abs(Math.log(FACTORS[one] / factor));
  const words = { ...values, guess: t(`guess_${guess}`).split(/[:：]/)[0], factor: significant(factor, 3), limit: significant(limit, 3) };
  if (!Number.isFinite(factor)) return t("guessNone", words); // a corner that is missed by n and met by 2n
  if (Object.keys(FACTORS).some((one) => off(one) < off(guess))) return t(Math.abs(FACTORS[guess] - limit) < 0.01 && error ? "guessLater" : "guessWrong", words);
  return t(off(guess) < 0.08 ? "guessRight" : "guessNear", words);
}

/** @param {Frame} f */
function readouts(f) {
  const error = readout(f, { name: "error", label: t("readError"), format: small, width: 9 });
  const promised = readout(f, { name: "bound", label: t("readBound"), format: (v) => significant(v, 3), width: 7 });
  const asked = (/** @type {(v: number) => string} */ format) => (/** @type {number | string} */ v) => (typeof v === "number" ? format(v) : v);
  const double = readout(f, { name: "error_doubled", label: t("readDouble"), format: asked(small), width: 9 });
  const factor = readout(f, { name: "factor", label: t("readFactor"), format: asked((v) => fixed(v, 2)), width: 5 });
  return (/** @type {State} */ { function: name, width, activation, guess }) => {
    const [now, next] = [errorOf(name, width, activation).error, errorOf(name, 2 * width, activation).error];
    error(now);
    promised(bound(name, width, activation));
    double(guess ? next : t("hidden"));
    factor(guess ? (next ? now / next : NaN) : t("hidden"));
  };
}

export default { render };
