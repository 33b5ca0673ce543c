// Bayesian linear regression by hand: points to drag, the mean curve, and two bands, of the curve and of the next point.

import { legendre } from "./core/legendre.js";
import { drawWeights, dot, logEvidence, posterior, predict } from "./core/regression.js";
import { CounterRNG } from "./core/rng.js";
import { button, presets, seedBox, slider } from "./kit/controls.js";
import { h, setDisabled } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { handle, takeNearest } from "./parts/handle.js";

const MOST = 12; // points
const HEIGHT = 2.5;
const START = [-0.8, -0.6, -0.55, -1, -0.3, -0.75, 0.1, 0.35, 0.25, 0.7];
const GAP = [-0.9, -0.3, -0.75, -0.7, -0.6, -1, 0.6, 0.9, 0.75, 0.75, 0.9, 0.2];
const XS = Array.from({ length: 121 }, (_, i) => i / 60 - 1);
const TRAITS = ["points", "noise", "prior", "degree", "at", "curves", "seed"];

const t = strings({
  en: {
    name: "A curve that knows how sure it is",
    noise: "Noise", prior: "Prior width of each weight", degree: "Degree", at: "Look at x", curves: "Curves drawn",
    noiseWords: "noise {v}", priorWords: "prior width {v}", atWords: "x = {v}", curvesWords: "{v} curves from the posterior",
    add: "Add a point at x", remove: "Remove the point", start: "Five points", none: "No points", gap: "A gap",
    plotTitle: "Points, mean curve and bands of two standard deviations", axisX: "x", axisT: "t",
    wide: "next point, 95 %", narrow: "curve, 95 %", mean: "mean", drawn: "possible curves", points: "data",
    point: "Point {i}", pointWords: "x = {x}, t = {t}",
    help: "Drag a point, or move it by arrow keys; Delete removes it.",
    readMean: "Mean at x", readSd: "Sd of the next point", readOwn: "Sd of the curve", readEvidence: "Log evidence",
    sayNone: "No points: the prior alone. At x = {x} the curve is 0 ± {own} (one standard deviation): nobody has looked yet.",
    sayNoise: "At x = {x} the next point is predicted as {mean} ± {sd} (one standard deviation). The larger part is noise, ±{noise}: the curve itself is known to ±{own}.",
    sayCurve: "At x = {x} the next point is predicted as {mean} ± {sd} (one standard deviation). The noise is ±{noise}; the larger part is not knowing the curve, ±{own}. A point here would tell.",
    x: "x", t: "t",
  },
  zh: {
    name: "知道自己有多大把握的曲线",
    noise: "噪声", prior: "每个权重的先验宽度", degree: "次数", at: "查看 x", curves: "抽取曲线数",
    noiseWords: "噪声 {v}", priorWords: "先验宽度 {v}", atWords: "x = {v}", curvesWords: "从后验抽取 {v} 条曲线",
    add: "在 x 处加一点", remove: "删除此点", start: "五个点", none: "没有点", gap: "留空隙",
    plotTitle: "数据点、平均曲线与两倍标准差的带", axisX: "x", axisT: "t",
    wide: "下一点，95%", narrow: "曲线，95%", mean: "平均", drawn: "可能的曲线", points: "数据",
    point: "第 {i} 点", pointWords: "x = {x}，t = {t}",
    help: "拖动点，或用方向键移动；Delete 键删除。",
    readMean: "x 处的平均", readSd: "下一点的标准差", readOwn: "曲线的标准差", readEvidence: "对数证据",
    sayNone: "没有点：只有先验。在 x = {x} 处曲线为 0 ± {own}（一个标准差）：还没有人看过。",
    sayNoise: "在 x = {x} 处预测下一点为 {mean} ± {sd}（一个标准差）。较大的部分是噪声 ±{noise}：曲线本身的不确定度为 ±{own}。",
    sayCurve: "在 x = {x} 处预测下一点为 {mean} ± {sd}（一个标准差）。噪声为 ±{noise}；较大的部分来自不知道曲线，±{own}。在这里加一点会有用。",
    x: "x", t: "t",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/regression.js").Posterior} Posterior */
/** @typedef {[number, number][]} Pairs */
/** @typedef {{chosen: number, home: HTMLElement | null}} Hand  home: where the keyboard goes when no point is left */
/** @typedef {{pairs: Pairs, rows: Float64Array[], law: Posterior, degree: number, noise: number, prior: number, at: number}} State */

/** Points as pairs. @param {number[]} flat @returns {Pairs} */
const pairsOf = (flat) => Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "predictive_band", label: t("name") });
  /** @returns {State} */
  const state = () => {
    const [pairs, degree, noise, prior] = [pairsOf(model.get("points")), model.get("degree"), model.get("noise"), model.get("prior")];
    const rows = pairs.map(([x]) => legendre(x, degree));
    const law = posterior(rows, pairs.map((pair) => pair[1]), degree + 1, prior ** -2, noise ** -2);
    return { pairs, rows, law, degree, noise, prior, at: model.get("at") };
  };
  /** @type {Hand} */
  const hand = { chosen: 0, home: null };
  const buttons = controls(f, hand, state);
  hand.home = buttons.add;
  const view = picture(f, hand);
  const update = () => {
    const now = state();
    hand.chosen = Math.max(0, Math.min(now.pairs.length - 1, hand.chosen));
    view(now);
    setDisabled(buttons.add, now.pairs.length >= MOST);
    setDisabled(buttons.remove, now.pairs.length === 0);
  };
  for (const name of TRAITS) f.watch(name, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {Hand} hand @param {() => State} state */
function controls(f, hand, state) {
  const words = (/** @type {string} */ key, digits = 2) => (/** @type {number} */ v) => t(key, { v: fixed(v, digits) });
  slider(f, { trait: "at", label: t("at"), min: -1, max: 1, step: 0.02, exact: false, words: words("atWords") });
  slider(f, { trait: "noise", label: t("noise"), symbol: "σ", min: 0.05, max: 1, step: 0.05, exact: false, words: words("noiseWords") });
  slider(f, { trait: "prior", label: t("prior"), symbol: "τ", min: 0.1, max: 10, scale: "log", words: words("priorWords") });
  slider(f, { trait: "degree", label: t("degree"), min: 1, max: 8, step: 1 });
  slider(f, { trait: "curves", label: t("curves"), min: 1, max: 20, step: 1, words: words("curvesWords", 0) });
  presets(f, [
    { label: t("start"), set: { points: START } },
    { label: t("gap"), set: { points: GAP } },
    { label: t("none"), set: { points: [] } },
  ]);
  f.share("points", (all) => all.length % 2 === 0 && all.length <= 2 * MOST && all.every((/** @type {number} */ v, /** @type {number} */ i) => Math.abs(v) <= (i % 2 ? HEIGHT : 1)));
  seedBox(f);
  f.stage.after(f.toolbar, f.readouts);
  const add = button(f, { label: t("add"), primary: true, where: "toolbar", onClick() {
    const { pairs, law, at, degree } = state();
    hand.chosen = pairs.length;
    put(f, [...pairs, [at, predict(law, legendre(at, degree)).mean]]);
  } });
  const remove = button(f, { label: t("remove"), where: "toolbar", onClick: () => take(f, state().pairs, hand.chosen) });
  return { add, remove };
}

/** New points, kept within the plot and rounded. @param {Frame} f @param {Pairs} pairs */
function put(f, pairs) {
  const keep = (/** @type {number} */ v, /** @type {number} */ most) => Number(Math.min(most, Math.max(-most, v)).toFixed(3));
  f.assign({ points: pairs.flatMap(([x, y]) => [keep(x, 1), keep(y, HEIGHT)]) });
}

/** @param {Frame} f @param {Pairs} pairs @param {number} i */
const take = (f, pairs, i) => put(f, pairs.filter((_, k) => k !== i));

/** @param {Frame} f @param {Hand} hand */
function picture(f, hand) {
  const p = plot(f, { title: t("plotTitle"), height: 330, legend: true, x: { label: t("axisX"), min: -1, max: 1, ticks: [-1, -0.5, 0, 0.5, 1] },
    y: { label: t("axisT"), min: -HEIGHT, max: HEIGHT, ticks: [-2, -1, 0, 1, 2] } });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(h("p", { class: "xp-help" }, t("help")), caption);
  const drawPoints = pointHandles(f, p, hand);
  p.onDrag((x) => f.assign({ at: Number(Math.min(1, Math.max(-1, x)).toFixed(2)) }));
  /** @type {State | null} */
  let now = null;
  p.onLayout(() => now && drawPoints(now));
  f.addTable(() => ({ caption: t("points"), columns: [t("x"), t("t")], rows: now?.pairs ?? [] }));
  const show = readouts(f);
  return (/** @type {State} */ state) => {
    now = state;
    bands(f, p, state);
    p.vline("at", state.at);
    drawPoints(state);
    const text = sentence(state);
    if (caption.textContent !== text) caption.textContent = text;
    p.describe(text);
    f.announce(text);
    show(state);
  };
}

/** @param {Frame} f @param {import("./kit/plot.js").Plot} p @param {State} state */
function bands(f, p, { law, degree }) {
  const basis = XS.map((x) => legendre(x, degree));
  const all = basis.map((phi) => predict(law, phi));
  const edge = (/** @type {number} */ side, /** @type {number[]} */ variances) =>
    all.map((one, i) => [XS[i], one.mean + 2 * side * Math.sqrt(variances[i])]);
  const [next, own] = [all.map((one) => one.variance), all.map((one) => one.own)];
  // the wide band is drawn where the narrow one is not: two colours on top of each other make a third, which no legend names
  p.area("wide", [1, -1].flatMap((side) => [...edge(side, next), ...edge(side, own).reverse(), [NaN, NaN]]), { label: t("wide") });
  p.area("narrow", [...edge(1, own), ...edge(-1, own).reverse()], { kind: "mean_field", label: t("narrow") });
  const count = f.model.get("curves");
  const lines = Array.from({ length: count }, (_, k) => {
    const rng = new CounterRNG(f.model.get("seed"), k);
    const weights = drawWeights(law, Array.from(law.mean, () => rng.standardNormal()));
    return [...basis.map((phi, i) => [XS[i], dot(phi, weights)]), [NaN, NaN]];
  });
  p.line("drawn", lines.flat(), { kind: "theory", faint: true, label: t("drawn") });
  p.line("mean", all.map((one, i) => [XS[i], one.mean]), { label: t("mean") });
  f.setReadout("first_curve", lines[0][XS.length - 1][1]);
}

/** As many places as there can be points; those without one are not there. @param {Frame} f @param {import("./kit/plot.js").Plot} p @param {Hand} hand */
function pointHandles(f, p, hand) {
  const layer = p.layer("points", { clip: false, keep: true });
  const pairs = () => pairsOf(f.model.get("points"));
  const move = (/** @type {number} */ i, /** @type {number} */ x, /** @type {number} */ y) =>
    put(f, pairs().map((pair, k) => (k === i ? [x, y] : pair)));
  const all = Array.from({ length: MOST }, (_, i) => {
    const grip = handle(f, p.svg, layer, {
      label: t("point", { i: i + 1 }), shape: "xp-pb-point",
      onMove: (x, y) => move(i, p.scale.invX(x), p.scale.invY(y)),
      onKey: (right, up) => move(i, pairs()[i][0] + 0.05 * right, pairs()[i][1] + 0.1 * up),
    });
    const choose = () => {
      hand.chosen = i;
      all.forEach((one, k) => one.node.classList.toggle("xp-chosen", k === i));
    };
    grip.node.addEventListener("focus", choose, { signal: f.signal });
    grip.node.addEventListener("pointerdown", choose, { signal: f.signal });
    grip.node.addEventListener("keydown", (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      take(f, pairs(), i);
      (all[Math.min(i, pairs().length - 1)]?.node ?? hand.home)?.focus(); // the last place is gone: the keyboard goes to its neighbour
    }, { signal: f.signal });
    return grip;
  });
  takeNearest(f, p.svg, layer, all);
  return (/** @type {State} */ state) => all.forEach((grip, i) => {
    const pair = state.pairs[i];
    grip.node.style.display = pair ? "" : "none";
    grip.node.setAttribute("tabindex", pair ? "0" : "-1");
    grip.node.classList.toggle("xp-chosen", i === hand.chosen);
    if (!pair) return;
    grip.place(p.scale.x(pair[0]), p.scale.y(pair[1]));
    grip.say(pair[1], t("pointWords", { x: fixed(pair[0], 2), t: fixed(pair[1], 2) }), [-HEIGHT, HEIGHT]);
  });
}

/** What is known at x. @param {State} state */
export function sentence({ pairs, law, degree, noise, at }) {
  const { mean, own, variance } = predict(law, legendre(at, degree));
  const values = { x: fixed(at, 2), mean: fixed(mean, 2), sd: fixed(Math.sqrt(variance), 2), own: fixed(Math.sqrt(own), 2), noise: fixed(noise, 2) };
  return t(!pairs.length ? "sayNone" : own < noise ** 2 ? "sayNoise" : "sayCurve", values);
}

/** @param {Frame} f */
function readouts(f) {
  const two = (/** @type {number} */ v) => fixed(v, 3);
  const mean = readout(f, { name: "mean", label: t("readMean"), format: two, width: 6 });
  const sd = readout(f, { name: "sd", label: t("readSd"), format: two, width: 6 });
  const own = readout(f, { name: "own", label: t("readOwn"), format: two, width: 6 });
  const evidence = readout(f, { name: "log_evidence", label: t("readEvidence"), format: (v) => fixed(v, 2), width: 8 });
  return (/** @type {State} */ { pairs, rows, law, degree, prior, at }) => {
    const here = predict(law, legendre(at, degree));
    mean(here.mean);
    sd(Math.sqrt(here.variance));
    own(Math.sqrt(here.own));
    evidence(logEvidence(rows, pairs.map((pair) => pair[1]), law, prior ** -2));
    law.mean.forEach((w, k) => f.setReadout(`w${k}`, w));
    f.setReadout("points", pairs.length);
  };
}

export default { render };
