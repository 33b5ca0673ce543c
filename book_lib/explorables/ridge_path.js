// A penalty on long weight vectors: the curve, its errors on training and validation points, and the choice between them.

import { legendre, noisyWave, series } from "./core/legendre.js";
import { dot, ridge } from "./core/regression.js";
import { CounterRNG } from "./core/rng.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";

const [WEAKEST, STRONGEST] = [-6, 3]; // powers of ten of the penalty
const PER_DECADE = 6;
const [VALIDATION, UNSEEN] = [30, 1000]; // points of the streams 1 and 2 of the seed
const XS = Array.from({ length: 241 }, (_, i) => i / 120 - 1);
const FLOORS = [-3, -6, -9, -12, -18, -36]; // of the errors on the plot, as powers of ten: the first that lets all be seen
const CEILINGS = [0, 2, 4, 6, 9, 12, 18];
const DATA = ["seed", "points", "noise", "degree"];
const LENGTHS = [1, 2, 5, 10, 20, 50, 100, 1000, 1e4, 1e6, 1e9]; // limits of the plot of weights

/** The penalties of the curves. */
export const GRID = Array.from({ length: PER_DECADE * (STRONGEST - WEAKEST) + 1 }, (_, i) => 10 ** (WEAKEST + i / PER_DECADE));

const t = strings({
  en: {
    name: "Ridge: a penalty chosen on validation points",
    penalty: "Penalty", penaltyWords: "penalty {v}", degree: "Degree", points: "Training points", noise: "Noise",
    choose: "Choose by validation", test: "Test error", hidden: "Hidden", shown: "Shown",
    loose: "Hardly any", firm: "One", stiff: "A thousand",
    curveTitle: "Training points, truth and curve", axisX: "x", axisT: "t", truth: "truth, sin πx", curve: "your curve",
    data: "training points",
    errorTitle: "Mean squared error against the penalty", axisPenalty: "penalty λ", axisError: "mean squared error",
    train: "training", validation: "validation", unseen: "test", chosen: "least validation", now: "your λ",
    weightTitle: "Weights against the penalty", axisWeight: "weight",
    readTrain: "Training error", readValidation: "Validation error", readLength: "Length of w", readPrior: "As a prior: τ, where τ² = σ²/λ",
    readTest: "Test error",
    sayLoose: "λ = {l}: the weights are {norm} long, and the curve swings to reach each point. Training {train}, validation {validation}.",
    sayStiff: "λ = {l}: the penalty has pressed the weights down to {norm}, and the curve misses its own points. Training {train}, validation {validation}.",
    sayGood: "λ = {l} has nearly the least validation error, {validation}; the training error, {train}, would have chosen no penalty at all.",
    sayTest: "On {n} points that chose nothing the error is {test}.",
  },
  zh: {
    name: "岭回归：用验证点选惩罚",
    penalty: "惩罚", penaltyWords: "惩罚 {v}", degree: "次数", points: "训练点数", noise: "噪声",
    choose: "按验证误差选择", test: "测试误差", hidden: "隐藏", shown: "显示",
    loose: "几乎没有", firm: "一", stiff: "一千",
    curveTitle: "训练点、真实函数与曲线", axisX: "x", axisT: "t", truth: "真实函数 sin πx", curve: "你的曲线",
    data: "训练点",
    errorTitle: "均方误差随惩罚的变化", axisPenalty: "惩罚 λ", axisError: "均方误差",
    train: "训练", validation: "验证", unseen: "测试", chosen: "验证误差最小处", now: "你的 λ",
    weightTitle: "权重随惩罚的变化", axisWeight: "权重",
    readTrain: "训练误差", readValidation: "验证误差", readLength: "w 的长度", readPrior: "相当于先验宽度 τ（τ² = σ²/λ）",
    readTest: "测试误差",
    sayLoose: "λ = {l}：权重长 {norm}，曲线追着每个点弯。训练 {train}，验证 {validation}。",
    sayStiff: "λ = {l}：惩罚把权重压到 {norm}，曲线连自己的点也错过。训练 {train}，验证 {validation}。",
    sayGood: "λ = {l} 几乎有最小的验证误差 {validation}；若看训练误差 {train}，则会选择毫无惩罚。",
    sayTest: "在没有参与选择的 {n} 个点上误差为 {test}。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {{x: Float64Array, t: Float64Array}} Points */
/** @typedef {{penalty: number, weights: Float64Array, train: number, validation: number, test: number}} Fit */
/** @typedef {{sets: Points[], fit: (penalty: number) => Fit, path: Fit[], chosen: Fit}} Problem */

/**
 * Points, the fits along the grid, and the one that the validation points choose.
 * @param {{seed: number, points: number, noise: number, degree: number}} settings
 * @returns {Problem}
 */
export function pose({ seed, points, noise, degree }) {
  const sets = [points, VALIDATION, UNSEEN].map((n, stream) => noisyWave(n, new CounterRNG(seed, stream), noise));
  const rows = Array.from(sets[0].x, (x) => legendre(x, degree));
  const tables = sets.map(({ x }) => Array.from(x, (v) => legendre(v, degree)));
  const fit = (/** @type {number} */ penalty) => {
    const weights = ridge(rows, sets[0].t, penalty);
    const [train, validation, test] = sets.map(({ t: targets }, i) => meanSquare(targets, tables[i], weights));
    return { penalty, weights, train, validation, test };
  };
  const path = GRID.map(fit);
  return { sets, fit, path, chosen: path.reduce((best, one) => (one.validation < best.validation ? one : best)) };
}

/** @param {ArrayLike<number>} targets @param {Float64Array[]} rows @param {Float64Array} weights */
function meanSquare(targets, rows, weights) {
  let sum = 0;
  for (let n = 0; n < rows.length; n++) sum += (targets[n] - dot(rows[n], weights)) ** 2;
  return sum / rows.length;
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "ridge_path", label: t("name") });
  const settings = () => /** @type {any} */ (Object.fromEntries(DATA.map((name) => [name, model.get(name)])));
  let problem = pose(settings());
  controls(f, () => problem);
  problem = pose(settings()); // the address may hold other settings than the page
  const view = picture(f);
  const update = () => view(problem, problem.fit(model.get("penalty")));
  let waiting = false;
  for (const name of DATA) {
    f.watch(name, () => {
      if (waiting) return; // a preset changes several at once
      waiting = true;
      queueMicrotask(() => {
        waiting = false;
        if (f.signal.aborted) return;
        problem = pose(settings());
        update();
      });
    });
  }
  for (const name of ["penalty", "test"]) f.watch(name, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {() => Problem} problem */
function controls(f, problem) {
  slider(f, { trait: "penalty", label: t("penalty"), symbol: "λ", min: 1e-6, max: 1e3, scale: "log",
    words: (v) => t("penaltyWords", { v: significant(v, 2) }) });
  presets(f, [
    { label: t("loose"), set: { penalty: 1e-6 } },
    { label: t("firm"), set: { penalty: 1 } },
    { label: t("stiff"), set: { penalty: 1e3 } },
  ]);
  slider(f, { trait: "degree", label: t("degree"), min: 1, max: 12, step: 1 });
  slider(f, { trait: "points", label: t("points"), symbol: "N", min: 14, max: 60, step: 1 });
  slider(f, { trait: "noise", label: t("noise"), symbol: "σ", min: 0, max: 1, step: 0.05, exact: false });
  choice(f, { trait: "test", label: t("test"),
    options: [{ value: "hidden", label: t("hidden") }, { value: "shown", label: t("shown") }] });
  seedBox(f);
  f.stage.after(f.toolbar, f.readouts);
  button(f, { label: t("choose"), primary: true, where: "toolbar",
    onClick: () => f.assign({ penalty: Number(problem().chosen.penalty.toPrecision(12)) }) });
}

/** @param {number} v */
const short = (v) => significant(v, v < 0.1 ? 2 : 3);
const norm = (/** @type {Float64Array} */ w) => Math.hypot(...w.slice(1));

/** What the penalty does. @param {Problem} problem @param {Fit} now @param {boolean} tested */
export function sentence({ chosen }, now, tested) {
  const values = { l: significant(now.penalty, 2), norm: significant(norm(now.weights), 3), train: short(now.train),
    validation: short(now.validation) };
  const good = now.validation <= 1.1 * chosen.validation;
  const text = t(good ? "sayGood" : now.penalty < chosen.penalty ? "sayLoose" : "sayStiff", values);
  return tested ? `${text} ${t("sayTest", { n: UNSEEN, test: short(now.test) })}` : text;
}

/** @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-pairs");
  const wide = h("div", { class: "xp-wide" });
  const caption = h("p", { class: "xp-caption" });
  const [left, right] = [h("div"), h("div")];
  f.stage.append(wide, caption, left, right);
  const draws = [curvePlot(f, wide), errorPlot(f, left), weightPlot(f, right)];
  const show = readouts(f);
  return (/** @type {Problem} */ problem, /** @type {Fit} */ now) => {
    const text = sentence(problem, now, f.model.get("test") === "shown");
    for (const draw of draws) draw(problem, now, text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(problem, now);
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function curvePlot(f, into) {
  const p = plot(f, { into, title: t("curveTitle"), height: 260, legend: true,
    x: { label: t("axisX"), min: -1, max: 1, ticks: [-1, -0.5, 0, 0.5, 1] },
    y: { label: t("axisT"), min: -2.2, max: 2.2, ticks: [-2, -1, 0, 1, 2] } });
  p.line("truth", XS.map((x) => [x, Math.sin(Math.PI * x)]), { kind: "theory", dash: true, label: t("truth") });
  return (/** @type {Problem} */ { sets }, /** @type {Fit} */ { weights }, /** @type {string} */ text) => {
    p.line("curve", XS.map((x) => [x, series(x, weights)]), { label: t("curve") });
    p.points("data", Array.from(sets[0].x, (x, i) => [x, sets[0].t[i]]), { kind: "theory", r: 3.5, label: t("data") });
    p.describe(text);
  };
}

/** Powers of ten as ticks. @param {number} v */
const power = (v) => `10${superscript(v)}`;
const X_AXIS = () => ({ label: t("axisPenalty"), min: WEAKEST, max: STRONGEST, ticks: [-6, -3, 0, 3], format: power });

/** A press in the plot sets the penalty. @param {Frame} f @param {import("./kit/plot.js").Plot} p */
const follow = (f, p) => p.onDrag((x) =>
  f.assign({ penalty: Number((10 ** Math.min(STRONGEST, Math.max(WEAKEST, x))).toPrecision(3)) }));

/** @param {Frame} f @param {HTMLElement} into */
function errorPlot(f, into) {
  const p = plot(f, { into, title: t("errorTitle"), height: 250, legend: true, table: false, x: X_AXIS(),
    y: { label: t("axisError"), min: FLOORS[0], max: CEILINGS[0], ticks: [], format: power } });
  follow(f, p);
  /** @type {Fit[]} */
  let rows = [];
  f.addTable(() => ({ caption: t("errorTitle"), columns: [t("axisPenalty"), t("train"), t("validation"), t("readLength")],
    rows: rows.map((one) => [one.penalty, one.train, one.validation, norm(one.weights)]) }));
  const log = (/** @type {number} */ v) => Math.max(FLOORS[FLOORS.length - 1], Math.log10(v)); // an error may be 0
  return (/** @type {Problem} */ { path, chosen }, /** @type {Fit} */ now, /** @type {string} */ text) => {
    rows = path;
    p.describe(text);
    errorLimits(p, [...path, now].flatMap((one) => [one.train, one.validation, one.test]).map(log));
    const line = (/** @type {"train" | "validation" | "test"} */ which) => path.map((one) => [Math.log10(one.penalty), log(one[which])]);
    p.vline("chosen", Math.log10(chosen.penalty), { label: t("chosen") });
    p.line("train", line("train"), { label: t("train") });
    p.line("validation", line("validation"), { kind: "mean_field", label: t("validation") });
    if (f.model.get("test") === "shown") p.line("test", line("test"), { kind: "theory", dash: true, label: t("unseen") });
    else p.clear("test");
    p.marker("now", [Math.log10(now.penalty), log(now.validation)], { kind: "theory", r: 5, label: t("now") });
    f.tableChanged();
  };
}

/** All errors in sight; the limits change in few leaps. @param {import("./kit/plot.js").Plot} p @param {number[]} logs */
function errorLimits(p, logs) {
  const min = FLOORS.find((v) => v <= Math.min(...logs)) ?? FLOORS[FLOORS.length - 1];
  const max = CEILINGS.find((v) => v >= Math.max(...logs)) ?? CEILINGS[CEILINGS.length - 1];
  if (p.y.min === min && p.y.max === max && p.y.ticks?.length) return;
  const apart = Math.ceil((max - min) / 6);
  const ticks = Array.from({ length: Math.floor((max - min) / apart) + 1 }, (_, i) => min + i * apart);
  p.axes({ y: { min, max, ticks } });
}

/** Every weight but the constant against the penalty. @param {Frame} f @param {HTMLElement} into */
function weightPlot(f, into) {
  const p = plot(f, { into, title: t("weightTitle"), height: 250, legend: true, table: false, x: X_AXIS(),
    y: { label: t("axisWeight"), min: -2, max: 2 } });
  follow(f, p);
  p.hline("zero", 0);
  /** @type {Fit[] | null} */
  let drawn = null;
  return (/** @type {Problem} */ { path }, /** @type {Fit} */ now, /** @type {string} */ text) => {
    p.describe(text);
    p.vline("now", Math.log10(now.penalty), { label: t("now") });
    if (drawn === path) return;
    drawn = path;
    const most = Math.max(...path[0].weights.slice(1).map(Math.abs));
    const limit = LENGTHS.find((v) => most <= v) ?? 1e12;
    if (limit !== p.y.max) p.axes({ y: { min: -limit, max: limit } });
    p.line("weights", path[0].weights.slice(1).reduce((all, _, k) => {
      all.push(...path.map((one) => [Math.log10(one.penalty), one.weights[k + 1]]), [NaN, NaN]);
      return all;
    }, /** @type {number[][]} */ ([])));
  };
}

/** @param {Frame} f */
function readouts(f) {
  const train = readout(f, { name: "train_error", label: t("readTrain"), format: short, width: 6 });
  const validation = readout(f, { name: "validation_error", label: t("readValidation"), format: short, width: 6 });
  const test = readout(f, { name: "test_error", label: t("readTest"), format: short, width: 6 });
  const length = readout(f, { name: "length", label: t("readLength"), format: (v) => significant(v, 3), width: 5 });
  const prior = readout(f, { name: "prior", label: t("readPrior"), format: (v) => significant(v, 3), width: 6 });
  return (/** @type {Problem} */ { chosen }, /** @type {Fit} */ now) => {
    train(now.train);
    validation(now.validation);
    test(f.model.get("test") === "shown" ? now.test : NaN);
    length(norm(now.weights));
    prior(f.model.get("noise") / Math.sqrt(now.penalty));
    f.setReadout("chosen_penalty", chosen.penalty);
    f.setReadout("chosen_error", chosen.validation);
    now.weights.forEach((w, k) => f.setReadout(`w${k}`, w));
  };
}

export default { render };
