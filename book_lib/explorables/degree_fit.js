// How many knobs are enough: a sum of Legendre polynomials, mixed by hand or fitted, judged on points it has not seen.

import { fitLegendre, legendre, meanSquaredError, noisyWave, series } from "./core/legendre.js";
import { CounterRNG } from "./core/rng.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h, setDisabled } from "./kit/dom.js";
import { fixed, significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";

const HIGHEST = 10;
const DEGREES = Array.from({ length: HIGHEST + 1 }, (_, k) => k);
const UNSEEN = 200; // test points, from stream 1 of the seed
const WIDEST = 4; // the reader's weights go from −4 to 4
const LIMITS = [2, 5, 10, 20, 50, 100, 1000, 1e4, 1e5, 1e6, 1e9]; // of the weights on their plot
const XS = Array.from({ length: 241 }, (_, i) => i / 120 - 1);
const [FLOOR, CEILING] = [-3, 2]; // the errors on the plot, as powers of ten; what lies beyond is drawn at its edge
const DATA = ["seed", "points", "noise"];

const t = strings({
  en: {
    name: "A fit by degree, judged on new points",
    degree: "Degree",
    degreeWords: "degree {v}, {n} weights",
    points: "Training points",
    noise: "Noise",
    guess: "Your guess of the best degree",
    guessWords: "you guess degree {v}",
    which: "Weight to turn",
    weight: "Weight",
    weightWords: "weight of P{k} = {v}",
    fit: "Fit",
    zero: "Weights to 0",
    visitAll: "All degrees",
    stiff: "Too stiff",
    right: "About right",
    supple: "Too supple",
    more: "More points",
    curveTitle: "Training points, truth and your curve",
    axisX: "x",
    axisT: "t",
    truth: "truth, sin πx",
    yours: "your curve",
    data: "training points",
    weightsTitle: "Weights by degree",
    axisK: "order k of the polynomial",
    axisW: "weight",
    errorsTitle: "Mean squared error of the fits by degree",
    axisError: "mean squared error",
    train: "training",
    test: "test",
    floor: "noise²",
    guessed: "your guess",
    now: "your curve, test",
    readTrain: "Training error",
    readTest: "Test error",
    readFit: "Least training error at this degree",
    readBest: "Best degree tried",
    sayHand: "Mixed by hand: it misses the training points by a mean square of {train}; with degree {d} the least "
      + "possible is {fit}.",
    sayStiff: "Degree {d} is too stiff: it misses the points it was fitted to ({train}) and new ones ({test}) alike.",
    sayRight: "Degree {d} does well on new points: {test}, where the noise alone makes {floor}.",
    saySupple: "Degree {d} bends after the noise: {train} on the points it was fitted to, {test} on new ones.",
    sayAll: "Of all eleven, degree {best} is best on new points; you guessed {guess}.",
  },
  zh: {
    name: "按次数拟合，用新点检验",
    degree: "次数",
    degreeWords: "{v} 次，{n} 个权重",
    points: "训练点数",
    noise: "噪声",
    guess: "你猜的最佳次数",
    guessWords: "你猜 {v} 次",
    which: "要调的权重",
    weight: "权重",
    weightWords: "P{k} 的权重 = {v}",
    fit: "拟合",
    zero: "权重归零",
    visitAll: "所有次数",
    stiff: "太硬",
    right: "正合适",
    supple: "太软",
    more: "更多点",
    curveTitle: "训练点、真实函数与你的曲线",
    axisX: "x",
    axisT: "t",
    truth: "真实函数 sin πx",
    yours: "你的曲线",
    data: "训练点",
    weightsTitle: "各次权重",
    axisK: "多项式的次数 k",
    axisW: "权重",
    errorsTitle: "各次拟合的均方误差",
    axisError: "均方误差",
    train: "训练",
    test: "测试",
    floor: "噪声²",
    guessed: "你的猜测",
    now: "你的曲线（测试）",
    readTrain: "训练误差",
    readTest: "测试误差",
    readFit: "此次数的最小训练误差",
    readBest: "试过的最佳次数",
    sayHand: "手动混合：与训练点的均方偏差为 {train}；{d} 次时最小可能为 {fit}。",
    sayStiff: "{d} 次太硬：拟合过的点（{train}）和新点（{test}）都偏离。",
    sayRight: "{d} 次在新点上表现良好：{test}，仅噪声就有 {floor}。",
    saySupple: "{d} 次跟着噪声弯曲：拟合过的点上 {train}，新点上 {test}。",
    sayAll: "十一种次数中，{best} 次在新点上最好；你猜的是 {guess}。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {{x: Float64Array, t: Float64Array}} Points */
/** @typedef {{degree: number, weights: Float64Array, train: number, test: number}} Fit */
/** @typedef {{data: Points, unseen: Points, fits: Fit[]}} Sample  one fit for each degree */
/**
 * @typedef {{sample: Sample, degree: number, weights: number[], train: number, test: number, fitted: boolean,
 *     visited: number[]}} State
 */
/** @typedef {(k: number, value: number) => void} Turn  a weight by hand */

/**
 * Points, and the fits of every degree.
 * @param {number} seed @param {number} points @param {number} noise
 * @returns {Sample}
 */
export function draw(seed, points, noise) {
  const data = noisyWave(points, new CounterRNG(seed), noise);
  const unseen = noisyWave(UNSEEN, new CounterRNG(seed, 1), noise);
  const fits = DEGREES.map((degree) => {
    const weights = fitLegendre(data.x, data.t, degree);
    return { degree, weights, train: meanSquaredError(data, weights), test: meanSquaredError(unseen, weights) };
  });
  return { data, unseen, fits };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "degree_fit", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  let sample = draw(get("seed"), get("points"), get("noise"));
  /** @returns {State} */
  const state = () => {
    const [degree, fitted] = [get("degree"), get("fitted")];
    const weights = fitted ? Array.from(sample.fits[degree].weights) : get("weights").slice(0, degree + 1);
    return { sample, degree, weights, fitted, visited: get("visited"),
      train: meanSquaredError(sample.data, weights), test: meanSquaredError(sample.unseen, weights) };
  };
  const knobs = controls(f, state);
  sample = draw(get("seed"), get("points"), get("noise")); // the address may hold other settings than the page
  const view = picture(f, state, knobs.turn);
  const update = () => {
    visit(f, get("degree"));
    const now = state();
    knobs.show(now);
    view(now);
  };
  for (const name of DATA) {
    f.watch(name, () => {
      sample = draw(get("seed"), get("points"), get("noise"));
      update();
    });
  }
  for (const name of ["degree", "fitted", "weights", "order", "guess", "visited"]) f.watch(name, update);
  f.root.addEventListener("xp:reset", () => reset(f), { signal: f.signal });
  update();
  f.publish();
  return f.destroy;
}

/** Keep in mind that the reader has been at a degree. @param {Frame} f @param {number} degree */
function visit(f, degree) {
  const visited = f.model.get("visited");
  if (visited.includes(degree)) return;
  f.model.set("visited", [...visited, degree]);
  f.model.save_changes();
}

/** @param {Frame} f */
const reset = (f) => f.assign({ fitted: true, weights: DEGREES.map(() => 0), visited: [f.model.get("degree")] });

/** @param {Frame} f @param {() => State} state */
function controls(f, state) {
  const top = h("div", { class: "xp-df-top" });
  f.root.insertBefore(top, f.stage);
  slider(f, { trait: "degree", label: t("degree"), min: 0, max: HIGHEST, step: 1, into: top,
    words: (v) => t("degreeWords", { v, n: v + 1 }) });
  slider(f, { trait: "guess", label: t("guess"), min: 0, max: HIGHEST, step: 1, into: top,
    words: (v) => t("guessWords", { v }) });
  const mix = mixer(f, turning(f, state));
  const usual = { fitted: true, points: 15, noise: 0.3 };
  presets(f, [
    { label: t("stiff"), set: { ...usual, degree: 1 } },
    { label: t("right"), set: { ...usual, degree: 3 } },
    { label: t("supple"), set: { ...usual, degree: 9 } },
    { label: t("more"), set: { ...usual, degree: 9, points: 100 } },
  ]);
  slider(f, { trait: "points", label: t("points"), symbol: "N", min: 12, max: 100, step: 1 });
  slider(f, { trait: "noise", label: t("noise"), symbol: "σ", min: 0, max: 1, step: 0.05, exact: false });
  seedBox(f);
  f.share("fitted", (v) => typeof v === "boolean");
  f.share("weights", (all) => all.length === HIGHEST + 1);
  button(f, { label: t("visitAll"), where: "toolbar", onClick: () => f.assign({ visited: DEGREES }) });
  button(f, { label: t("reset"), where: "toolbar", onClick: () => reset(f) });
  f.stage.after(mix.node, f.toolbar, f.readouts);
  return mix;
}

/** One weight at a time, and the fit of all. @param {Frame} f @param {Turn} turn */
function mixer(f, turn) {
  const node = h("div", { class: "xp-df-mix" });
  choice(f, { trait: "order", label: t("which"), into: node,
    options: DEGREES.map((k) => ({ value: k, label: `P${subscript(k)}` })) });
  let showing = false;
  const weight = slider(f, { label: t("weight"), symbol: "w", min: -WIDEST, max: WIDEST, step: 0.05, exact: false,
    value: 0, into: node, words: (v) => t("weightWords", { k: f.model.get("order"), v: fixed(v, 2) }),
    onInput: (v) => void (showing || turn(f.model.get("order"), v)) });
  const buttons = h("div", { class: "xp-df-all" });
  node.append(buttons);
  const fit = button(f, { label: t("fit"), primary: true, into: buttons, onClick: () => f.assign({ fitted: true }) });
  button(f, { label: t("zero"), into: buttons,
    onClick: () => f.assign({ fitted: false, weights: DEGREES.map(() => 0) }) });
  return { node, turn, show(/** @type {State} */ { weights, fitted }) {
    showing = true;
    weight.set(Number((weights[f.model.get("order")] ?? 0).toFixed(3)));
    showing = false;
    setDisabled(fit, fitted);
  } };
}

/**
 * Turn one weight by hand; the others stay as they are. A weight beyond the degree raises the degree.
 * @param {Frame} f @param {() => State} state
 */
function turning(f, state) {
  return (/** @type {number} */ k, /** @type {number} */ value) => {
    const { weights, degree, fitted } = state();
    const kept = fitted ? weights : f.model.get("weights");
    const all = DEGREES.map((n) => (n === k ? value : n <= degree ? kept[n] : 0));
    f.assign({ weights: all, fitted: false, degree: Math.max(degree, k), order: k });
  };
}

/** @param {number} n */
const subscript = (n) => [...String(n)].map((c) => "₀₁₂₃₄₅₆₇₈₉"[Number(c)]).join("");

/** @param {number} v */
const short = (v) => significant(v, v < 0.1 ? 2 : 3);

/** What the state means, in words. @param {State} state @param {number} noise @param {number} guess */
export function sentence({ sample, degree, train, test, fitted, visited }, noise, guess) {
  const { fits } = sample;
  const best = bestOf(fits);
  const values = { d: degree, train: short(train), test: short(test), fit: short(fits[degree].train),
    floor: short(noise ** 2), best: best.degree, guess };
  if (!fitted) return t("sayHand", values);
  const good = test <= 1.25 * best.test;
  const now = t(good ? "sayRight" : degree < best.degree ? "sayStiff" : "saySupple", values);
  return visited.length > HIGHEST ? `${now} ${t("sayAll", values)}` : now;
}

/** The fit with the least test error. @param {Fit[]} fits */
const bestOf = (fits) => fits.reduce((best, fit) => (fit.test < best.test ? fit : best));

/** @param {Frame} f @param {() => State} state @param {Turn} turn */
function picture(f, state, turn) {
  f.stage.classList.add("xp-degree-fit");
  const wide = h("div", { class: "xp-df-curve" });
  const caption = h("p", { class: "xp-caption xp-df-caption" });
  const [left, right] = [h("div", {}), h("div", {})];
  f.stage.append(wide, caption, left, right);
  const drawCurve = curvePlot(f, wide);
  const drawErrors = errorPlot(f, left);
  const drawWeights = weightPlot(f, right, turn);
  const show = readouts(f);
  return (/** @type {State} */ now) => {
    const text = sentence(now, f.model.get("noise"), f.model.get("guess"));
    drawCurve(now, text);
    drawErrors(now);
    drawWeights(now);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now);
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function curvePlot(f, into) {
  const p = plot(f, { into, title: t("curveTitle"), height: 270, legend: true,
    x: { label: t("axisX"), min: -1, max: 1, ticks: [-1, -0.5, 0, 0.5, 1] },
    y: { label: t("axisT"), min: -2.2, max: 2.2, ticks: [-2, -1, 0, 1, 2] } });
  return (/** @type {State} */ { sample, weights }, /** @type {string} */ text) => {
    const order = f.model.get("order");
    p.line("mode", XS.map((x) => [x, legendre(x, order)[order]]), { kind: "muted", label: `P${subscript(order)}` });
    p.line("truth", XS.map((x) => [x, Math.sin(Math.PI * x)]), { kind: "theory", dash: true, label: t("truth") });
    p.line("yours", XS.map((x) => [x, series(x, weights)]), { label: t("yours") });
    const dots = Array.from(sample.data.x, (x, i) => [x, sample.data.t[i]]);
    p.points("data", dots, { kind: "theory", r: 3.5, label: t("data") });
    p.describe(text);
  };
}

/** A power of ten as a tick; the last says that it stands for all beyond. @param {number} v */
const power = (v) => {
  if (v === FLOOR || v === CEILING) return `${v < 0 ? "≤" : "≥"} 10${superscript(v)}`;
  return String(Number((10 ** v).toPrecision(1)));
};

/** Errors of the degrees that the reader has been at. @param {Frame} f @param {HTMLElement} into */
function errorPlot(f, into) {
  const p = plot(f, { into, title: t("errorsTitle"), height: 250, legend: true, table: false,
    x: { label: t("degree"), min: -0.5, max: 10.5, ticks: [0, 2, 4, 6, 8, 10] },
    y: { label: t("axisError"), min: FLOOR, max: CEILING, ticks: [-3, -2, -1, 0, 1, 2], format: power } });
  /** @type {State | null} */
  let now = null;
  p.onDrag((x) => f.assign({ degree: Math.min(HIGHEST, Math.max(0, Math.round(x))) }));
  f.addTable(() => (now ? { caption: t("errorsTitle"), columns: [t("degree"), t("train"), t("test")],
    rows: seen(now).map(({ degree, train, test }) => [degree, train, test]) } : []));
  const log = (/** @type {number} */ v) => Math.min(CEILING, Math.max(FLOOR, Math.log10(v)));
  return (/** @type {State} */ state) => {
    now = state;
    const noise = f.model.get("noise");
    const of = (/** @type {"train" | "test"} */ which) =>
      state.sample.fits.map((fit) => [fit.degree, state.visited.includes(fit.degree) ? log(fit[which]) : NaN]);
    p.vline("guess", f.model.get("guess"), { kind: "reader", label: t("guessed") });
    if (log(noise ** 2) > FLOOR) p.hline("floor", log(noise ** 2), { label: t("floor") });
    else p.clear("floor");
    p.line("train", of("train"), { label: t("train") });
    p.points("train dots", of("train"), { r: 3 });
    p.line("test", of("test"), { kind: "mean_field", label: t("test") });
    p.points("test dots", of("test"), { kind: "mean_field", r: 3 });
    p.marker("now", [state.degree, log(state.test)], { kind: "theory", label: t("now") });
    f.tableChanged();
  };
}

/** The fits at the degrees tried, in order. @param {State} state */
const seen = ({ sample, visited }) => sample.fits.filter(({ degree }) => visited.includes(degree));

/**
 * The weights as stems that can be pulled.
 * @param {Frame} f @param {HTMLElement} into @param {Turn} turn
 */
function weightPlot(f, into, turn) {
  const p = plot(f, { into, title: t("weightsTitle"), height: 250, legend: true,
    x: { label: t("axisK"), min: -0.5, max: 10.5, ticks: [0, 2, 4, 6, 8, 10] }, y: { label: t("axisW"), min: -2, max: 2 } });
  let held = 0;
  p.onDrag((x, y, phase) => {
    if (phase === "start") held = Math.min(HIGHEST, Math.max(0, Math.round(x)));
    turn(held, Math.min(WIDEST, Math.max(-WIDEST, Math.round(20 * y) / 20)));
  });
  let drawn = 2;
  p.hline("zero", 0);
  return (/** @type {State} */ { weights, fitted }) => {
    const order = f.model.get("order");
    const most = Math.max(...weights.map(Math.abs));
    const limit = fitted ? LIMITS.find((v) => most <= v) ?? 1e12 : Math.max(drawn, WIDEST); // still under a hand
    if (limit !== drawn) p.axes({ y: { min: -limit, max: limit } });
    drawn = limit;
    p.line("stems", weights.flatMap((w, k) => [[k, 0], [k, w], [k, NaN]]));
    p.points("weights", weights.map((w, k) => [k, w]), { r: 3.5 });
    p.marker("turned", [order, weights[order] ?? 0], { kind: "reader", label: `P${subscript(order)}` });
  };
}

/** @param {Frame} f */
function readouts(f) {
  const train = readout(f, { name: "train_error", label: t("readTrain"), format: short, width: 6 });
  const test = readout(f, { name: "test_error", label: t("readTest"), format: short, width: 6 });
  const least = readout(f, { name: "fit_error", label: t("readFit"), format: short, width: 6 });
  const best = readout(f, { name: "best_degree", label: t("readBest"), format: String, width: 2 });
  return (/** @type {State} */ state) => {
    train(state.train);
    test(state.test);
    least(state.sample.fits[state.degree].train);
    best(bestOf(seen(state)).degree);
    state.weights.forEach((w, k) => f.setReadout(`w${k}`, w));
  };
}

export default { render };
