// The Kullback–Leibler divergence both ways: two laws whose bars can be pulled, and one bell for two humps.

import { HUMP, crossEntropy, descend, forward, humpEntropy, klDivergence, klTerms, logBell, logHumps, moments, reverse, slope } from "./core/divergence.js";
import { entropy } from "./core/softmax.js";
import { button, choice, presets, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { share } from "./parts/chance.js";
import { handle, smallTable } from "./parts/handle.js";

const MEAN = 4; // limits of the bell, as in kl_both_ways.py
const WIDTH = [0.2, 4];
const FAR = 3;
const REACH = 6; // of the axis of the densities
const COARSE = 400; // steps of the integrals behind a curve; a number gets more
const MOVE = 0.8; // seconds of a descent
const CLOSE = 1e-3;
const FLAT = 2e-3; // a slope that counts as none

const t = strings({
  en: {
    name: "The divergence both ways",
    view: "View", bars: "Bars", fit: "Two humps", units: "In", nats: "nats", bits: "bits",
    preFirst: "Three faces", preSame: "The same", preForbidden: "q forbids", preHot: "One-hot", preHumps: "Two humps", preNear: "Close humps",
    help: "Pull the tops of the bars, or move them with the arrow keys; the others share the rest.",
    lawsTitle: "Two laws", outcome: "outcome", probability: "probability",
    partsTitle: "What each outcome adds", part: "part, in {units}", sum: "sum",
    face: "{law} of outcome {i}", densities: "Two humps and a bell", x: "x", density: "density",
    valleys: "Divergences against the mean of q, at its present width", meanAxis: "mean of q", divergence: "KL, in {units}",
    mean: "Mean of q", width: "Width of q", distance: "Distance of the humps from 0",
    meanWords: "mean of q {v}", widthWords: "width of q {v}", distanceWords: "humps at −{v} and {v}",
    gripMean: "Top of q", gripWidth: "Flank of q",
    seek: "Minimise {way}",
    tableCaption: "Entropies and divergences", world: "true law", own: "H({a})", extra: "+ KL({a}‖{b})", all: "= H({a}, {b})",
    columns1: "the world's own entropy", columns2: "extra, KL", columns3: "cross-entropy",
    infinite: "∞",
    sayEqual: "p and q are the same law: no outcome costs anything extra, and both divergences are 0.",
    sayBars: "Who believes q while p is true pays {pq} {units} an outcome on top of the {hp} that nobody can avoid. "
      + "The other way round it is {qp}. Outcome {i} costs most{j}.",
    sayTwin: " one way, outcome {j} the other",
    sayForbid: "q gives outcome {i} no chance, but p does: the first time it comes, the surprise is infinite, and so is KL(p‖q). ",
    sayForbidBack: "p gives outcome {i} no chance, but q does: KL(q‖p) is infinite. ",
    sayFinite: "The other way round it is only {v} {units}: there that outcome never comes.",
    sayMoments: "The best q for KL(p‖q): it has the mean and the variance of p, so that no x of p surprises it much. "
      + "Its top stands where p has almost nothing.",
    sayMomentsNear: "The best q for KL(p‖q): it has the mean and the variance of p.",
    sayMode: "A valley of KL(q‖p): q sits on one hump and forgets the other. That costs only {qp} {units}; ln 2 = {ln2} if the humps are far apart.",
    sayMiddle: "A valley of KL(q‖p), too: from the middle no small step helps. Yet q on one hump alone would cost less.",
    sayMiddleNear: "The best q for KL(q‖p): the humps are so close that it covers both.",
    sayFit: "KL(p‖q) = {pq} {units} punishes q where p is and q is not; KL(q‖p) = {qp} punishes it where q is and p is not.",
    picture: "{what} {sentence}",
    whatBars: "p = ({p}), q = ({q}).", whatFit: "Humps at ±{d}; q has mean {m} and width {w}.",
  },
  zh: {
    name: "双向的散度",
    view: "视图", bars: "柱形", fit: "双峰", units: "单位", nats: "奈特", bits: "比特",
    preFirst: "三种结果", preSame: "相同", preForbidden: "q 禁止", preHot: "独热", preHumps: "双峰", preNear: "双峰靠近",
    help: "拖动柱顶，或用方向键移动；其余各柱分享剩下的部分。",
    lawsTitle: "两个分布", outcome: "结果", probability: "概率",
    partsTitle: "每个结果的贡献", part: "贡献（{units}）", sum: "总和",
    face: "{law} 在结果 {i} 处", densities: "双峰与钟形", x: "x", density: "密度",
    valleys: "在当前宽度下，散度随 q 的均值的变化", meanAxis: "q 的均值", divergence: "KL（{units}）",
    mean: "q 的均值", width: "q 的宽度", distance: "峰到 0 的距离",
    meanWords: "q 的均值 {v}", widthWords: "q 的宽度 {v}", distanceWords: "峰位于 −{v} 和 {v}",
    gripMean: "q 的峰顶", gripWidth: "q 的侧腰",
    seek: "最小化 {way}",
    tableCaption: "熵与散度", world: "真实分布", own: "H({a})", extra: "+ KL({a}‖{b})", all: "= H({a}, {b})",
    columns1: "真实分布自身的熵", columns2: "额外代价 KL", columns3: "交叉熵",
    infinite: "∞",
    sayEqual: "p 与 q 是同一个分布：没有额外代价，两个散度都是 0。",
    sayBars: "真实分布是 p 而相信 q 的人，在谁都免不了的 {hp} 之外，每个结果平均多付 {pq} {units}。反过来是 {qp}。代价最大的是结果 {i}{j}。",
    sayTwin: "（反过来是结果 {j}）",
    sayForbid: "q 认为结果 {i} 不可能，p 却允许：它第一次出现时惊奇为无穷大，KL(p‖q) 也就无穷大。",
    sayForbidBack: "p 认为结果 {i} 不可能，q 却允许：KL(q‖p) 无穷大。",
    sayFinite: "反过来只有 {v} {units}：那里这个结果从不出现。",
    sayMoments: "对 KL(p‖q) 最好的 q：它取 p 的均值与方差，使 p 的任何 x 都不太意外。而它的峰顶却立在 p 几乎为零的地方。",
    sayMomentsNear: "对 KL(p‖q) 最好的 q：它取 p 的均值与方差。",
    sayMode: "KL(q‖p) 的一个谷：q 坐在一个峰上，忘了另一个。代价只有 {qp} {units}；若两峰相距很远则为 ln 2 = {ln2}。",
    sayMiddle: "这也是 KL(q‖p) 的一个谷：从中间出发，小步走都没有好处。但只坐在一个峰上代价更小。",
    sayMiddleNear: "对 KL(q‖p) 最好的 q：两峰靠得很近，它把两者都盖住。",
    sayFit: "KL(p‖q) = {pq} {units}，惩罚有 p 而无 q 之处；KL(q‖p) = {qp}，惩罚有 q 而无 p 之处。",
    picture: "{what}{sentence}",
    whatBars: "p = ({p})，q = ({q})。", whatFit: "两峰在 ±{d}；q 的均值为 {m}，宽度为 {w}。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */
/** @typedef {{pq: number, qp: number, hp: number, hq: number, crossPq: number, crossQp: number, unit: number}} Numbers  in nats; unit: nats in one unit */

const FITTING = { view: "fit", mean: 1, width: 1 };
const PRESETS = {
  preFirst: { view: "bars", p: [0.7, 0.2, 0.1], q: [0.3, 0.3, 0.4] },
  preSame: { view: "bars", p: [0.5, 0.3, 0.2], q: [0.5, 0.3, 0.2] },
  preForbidden: { view: "bars", p: [0.5, 0.3, 0.2], q: [0.6, 0.4, 0] },
  preHot: { view: "bars", p: [1, 0, 0, 0], q: [0.91, 0.03, 0.03, 0.03], units: "bits" },
  preHumps: { ...FITTING, distance: 2 },
  preNear: { ...FITTING, distance: 0.8 },
};
const TRAITS = ["view", "p", "q", "mean", "width", "distance", "units"];

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "kl_both_ways", label: t("name") });
  controls(f);
  const caption = h("p", { class: "xp-caption" });
  const stage = h("div", { class: "xp-kl" });
  const table = summary(f);
  f.stage.append(stage, table.node, caption);
  const views = { bars: barsView(f), fit: fitView(f) };
  let shown = "";
  const draw = () => {
    if (model.get("p").length !== model.get("q").length) return; // Python sets one after the other
    const name = /** @type {"bars" | "fit"} */ (model.get("view"));
    const view = views[name];
    if (shown !== name) {
      shown = name;
      stage.replaceChildren(...view.nodes);
      f.controls.prepend(...view.knobs);
      views[name === "bars" ? "fit" : "bars"].knobs.forEach((node) => node.remove());
    }
    const now = numbers(f);
    const text = sentence(f, now);
    view.draw(now, t("picture", { what: picture(f), sentence: text }));
    table.fill(now);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
  };
  TRAITS.forEach((name) => f.watch(name, draw));
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const law = (/** @type {number[]} */ v) => v.length >= 2 && v.length <= 6 && v.every((x) => x >= 0) && Math.abs(v.reduce((a, b) => a + b) - 1) < 1e-6;
  f.share("p", law);
  f.share("q", (v) => law(v) && v.length === f.model.get("p").length);
  f.share("mean", (v) => Math.abs(v) <= MEAN);
  f.share("width", (v) => v >= WIDTH[0] && v <= WIDTH[1]);
  f.share("distance", (v) => v >= 0 && v <= FAR);
  const doors = h("div", { class: "xp-doors" });
  f.root.insertBefore(doors, f.stage);
  presets(f, Object.entries(PRESETS).map(([key, set]) => ({ label: t(key), set })), { into: doors });
  choice(f, { trait: "view", label: t("view"), options: ["bars", "fit"].map((value) => ({ value, label: t(value) })) });
  choice(f, { trait: "units", label: t("units"), options: ["nats", "bits"].map((value) => ({ value, label: t(value) })) });
}

/** @param {Frame} f @returns {import("./core/divergence.js").Bell} */
const bellOf = (f) => ({ mean: f.model.get("mean"), width: f.model.get("width") });

/** Everything in numbers. @param {Frame} f @returns {Numbers} */
function numbers(f) {
  const unit = f.model.get("units") === "bits" ? Math.LN2 : 1;
  if (f.model.get("view") === "bars") {
    const [p, q] = [f.model.get("p"), f.model.get("q")];
    return { pq: klDivergence(p, q), qp: klDivergence(q, p), hp: entropy(p), hq: entropy(q),
      crossPq: crossEntropy(p, q), crossQp: crossEntropy(q, p), unit };
  }
  const [bell, d] = [bellOf(f), f.model.get("distance")];
  const hp = humpEntropy(d);
  const hq = Math.log(bell.width * Math.sqrt(2 * Math.PI * Math.E));
  const [pq, qp] = [forward(bell, d, hp), reverse(bell, d)];
  return { pq, qp, hp, hq, crossPq: hp + pq, crossQp: hq + qp, unit };
}

/** @param {number} v @param {number} [digits] */
const shown = (v, digits = 3) => (v === Infinity ? t("infinite") : fixed(v, digits));

/** H + KL = cross-entropy, one row for each world. @param {Frame} f */
function summary(f) {
  const columns = [t("world"), "H", "+ KL", "= H(·, ·)"];
  const { node, fill } = smallTable(t("tableCaption"), columns, ["p", "q"]);
  node.classList.add("xp-kl-table");
  /** @type {(string | number)[][]} */
  let rows = [];
  f.addTable(() => ({ caption: t("tableCaption"), columns: [t("world"), t("columns1"), t("columns2"), t("columns3")], rows }));
  return { node, fill(/** @type {Numbers} */ { pq, qp, hp, hq, crossPq, crossQp, unit }) {
    const values = [[hp, pq, crossPq], [hq, qp, crossQp]].map((row) => row.map((v) => v / unit));
    const names = [["p", "q"], ["q", "p"]].map(([a, b]) => ["own", "extra", "all"].map((key) => t(key, { a, b })));
    fill(values.map((row, i) => row.map((v, k) => `${names[i][k]} = ${shown(v)}`.replace("= H", "H"))));
    rows = values.map((row, i) => [i ? "q" : "p", ...row.map((v) => (v === Infinity ? t("infinite") : v))]);
    const [p, q] = values;
    for (const [name, v] of Object.entries({ entropy_p: p[0], kl_pq: p[1], cross_pq: p[2], entropy_q: q[0], kl_qp: q[1], cross_qp: q[2] })) f.setReadout(name, v);
  } };
}

/** @param {Frame} f */
const unitsOf = (f) => t(f.model.get("units"));

// --- Bars -----------------------------------------------------------------------------------------------------------

/** Bars of both laws with tops to pull, and what each outcome adds. @param {Frame} f */
function barsView(f) {
  const nowhere = h("div");
  const left = plot(f, { into: nowhere, title: t("lawsTitle"), height: 230, table: false, legend: true,
    x: { label: t("outcome"), min: 0.4, max: 3.6, ticks: [1, 2, 3] }, y: { label: t("probability"), min: 0, max: 1, ticks: [0, 0.5, 1] } });
  const right = plot(f, { into: nowhere, title: t("partsTitle"), height: 230, table: false, legend: true,
    x: { label: t("outcome"), min: 0.4, max: 4.6, ticks: [1, 2, 3, 4] }, y: { label: "", min: -0.5, max: 1 } });
  const tops = handles(f, left);
  const key = [left, right].map((p, i) => legend(p, i ? ["p ln(p/q)", "q ln(q/p)"] : ["p", "q"]));
  const redraw = [left, right].map((p) => columnsOn(p));
  /** @type {(string | number)[][]} */
  let rows = [];
  f.addTable(() => ({ caption: t("partsTitle"), columns: [t("outcome"), "p", "q", ...key[1]()], rows: f.model.get("view") === "bars" ? rows : [] }));
  left.onLayout(() => tops());
  return { nodes: [left.node, right.node], knobs: [h("p", { class: "xp-help xp-kl-help" }, t("help"))],
    draw(/** @type {Numbers} */ now, /** @type {string} */ text) {
      const [p, q] = [f.model.get("p"), f.model.get("q")];
      const [forth, back] = [klTerms(p, q), klTerms(q, p)].map((terms) => terms.map((v) => v / now.unit));
      rows = p.map((/** @type {number} */ v, /** @type {number} */ i) => [i + 1, v, q[i], ...[forth[i], back[i]].map((x) => (x === Infinity ? "∞" : x))]);
      frameParts(f, left, right, [...forth, ...back, now.pq / now.unit, now.qp / now.unit], p.length);
      redraw[0](p.map((/** @type {number} */ v, /** @type {number} */ i) => [v, q[i]]));
      redraw[1]([...forth.map((v, i) => /** @type {[number, number]} */ ([v, back[i]])), [now.pq / now.unit, now.qp / now.unit]], p.length);
      tops();
      [left, right].forEach((one) => one.describe(text));
    } };
}

/** A row of swatches under a plot. @param {Plot} p @param {string[]} names */
function legend(p, names) {
  const swatch = (/** @type {string} */ name) => s("svg", { width: 16, height: 12, viewBox: "0 0 16 12", "aria-hidden": "true" },
    s("rect", { class: name, x: 1, y: 1, width: 14, height: 10 }));
  p.node.append(h("div", { class: "xp-legend" }, ...names.map((text, i) => h("span", {}, swatch(i ? "xp-kl-q" : "xp-kl-p"), text))));
  return () => names;
}

/** Axes that hold all parts; an infinite one reaches the top. @param {Frame} f @param {Plot} left @param {Plot} right @param {number[]} values @param {number} k */
function frameParts(f, left, right, values, k) {
  const finite = values.filter(Number.isFinite);
  const round = (/** @type {number} */ v) => [0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12].find((top) => top >= v) ?? 1.1 * v;
  const [max, min] = [Math.max(0.5, round(1.1 * Math.max(0, ...finite))), -round(1.05 * Math.max(0.2, -Math.min(0, ...finite)))];
  const ticks = Array.from({ length: k }, (_, i) => i + 1);
  if (left.x.max !== k + 0.6) left.axes({ x: { max: k + 0.6, ticks } });
  const label = t("part", { units: unitsOf(f) });
  if (right.x.max === k + 1.6 && right.y.max === max && right.y.min === min && right.y.label === label) return;
  right.axes({ x: { max: k + 1.6, ticks: [...ticks, k + 1], format: (v) => (v > k ? t("sum") : String(v)) }, y: { min, max, label } });
}

/**
 * Pairs of columns: solid for p, striped for q; an arrowhead and ∞ where one has no end.
 * @param {Plot} p
 */
function columnsOn(p) {
  /** @type {[number, number][]} */
  let pairs = [];
  let sumAt = Infinity;
  const draw = () => {
    const layer = p.layer("columns");
    const all = pairs.flatMap((pair, i) => pair.flatMap((v, side) => {
      const x = p.scale.x(i + 1 + (side ? 0.03 : -0.35));
      const width = p.scale.x(0.32) - p.scale.x(0);
      const end = p.scale.y(v === Infinity ? p.y.max : v);
      const zero = p.scale.y(0);
      const box = s("rect", { class: `${side ? "xp-kl-q" : "xp-kl-p"}${i >= sumAt ? " xp-kl-sum" : ""}`, x: x.toFixed(1), width: Math.max(1, width).toFixed(1),
        y: Math.min(end, zero).toFixed(1), height: Math.max(0.75, Math.abs(end - zero)).toFixed(1) });
      return v === Infinity ? [box, s("text", { class: "xp-kl-endless", x: x + width / 2, y: end + 18, "text-anchor": "middle" }, "∞")] : [box];
    }));
    const line = s("path", { class: "xp-axis", d: `M${p.scale.x(p.x.min)} ${p.scale.y(0)}H${p.scale.x(p.x.max)}` });
    const wall = sumAt < pairs.length ? s("path", { class: "xp-gridline", d: `M${p.scale.x(sumAt + 0.5)} ${p.scale.y(p.y.min)}V${p.scale.y(p.y.max)}` }) : null;
    layer.replaceChildren(...all, line, ...(wall ? [wall] : []));
  };
  p.onLayout(draw);
  return (/** @type {[number, number][]} */ next, sum = Infinity) => {
    [pairs, sumAt] = [next, sum];
    draw();
  };
}

/** The tops of the bars, to be pulled. @param {Frame} f @param {Plot} p */
function handles(f, p) {
  const layer = p.layer("tops", { clip: false, keep: true });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  const set = (/** @type {string} */ law, /** @type {number} */ i, /** @type {number} */ v) => {
    const value = Math.min(1, Math.max(0, Math.round(100 * v) / 100));
    f.assign({ [law]: share(f.model.get(law), i, value) });
  };
  /** @type {{law: string, i: number, grip: import("./parts/handle.js").Handle}[]} */
  const tops = [];
  const make = (/** @type {number} */ k) => { // those that stay keep the reader's focus
    while (tops.length > 2 * k) tops.pop()?.grip.node.remove();
    for (let n = tops.length; n < 2 * k; n++) {
      const [i, law] = [n >> 1, n % 2 ? "q" : "p"];
      const grip = handle(f, p.svg, layer, { label: t("face", { law, i: i + 1 }), shape: `xp-kl-${law}-top`,
        onMove: (_x, y) => set(law, i, p.scale.invY(y)),
        onKey: (right, up) => set(law, i, f.model.get(law)[i] + 0.01 * (right + up)),
        onEnd: (end) => set(law, i, end > 0 ? 1 : 0) });
      tops.push({ law, i, grip });
    }
  };
  return () => {
    const k = f.model.get("p").length;
    if (tops.length !== 2 * k) make(k);
    for (const { law, i, grip } of tops) {
      const v = f.model.get(law)[i] ?? 0;
      grip.place(p.scale.x(i + 1 + (law === "q" ? 0.19 : -0.19)), p.scale.y(v));
      grip.say(v, `${law} ${fixed(v, 2)}`, [0, 1]);
    }
  };
}

// --- Two humps ------------------------------------------------------------------------------------------------------

/** Humps and bell with grips, and both divergences as valleys over the mean. @param {Frame} f */
function fitView(f) {
  const nowhere = h("div");
  const top = plot(f, { into: nowhere, title: t("densities"), height: 230, legend: true, table: false,
    x: { label: t("x"), min: -REACH, max: REACH, ticks: [-6, -4, -2, 0, 2, 4, 6] }, y: { label: t("density"), min: 0, max: 0.5 } });
  const below = plot(f, { into: nowhere, title: t("valleys"), height: 230, legend: true, table: false,
    x: { label: t("meanAxis"), min: -MEAN, max: MEAN, ticks: [-4, -2, 0, 2, 4] }, y: { label: "", min: 0, max: 6 } });
  below.onDrag((x) => f.assign({ mean: within(Math.round(20 * x) / 20, -MEAN, MEAN) }));
  fitTables(f);
  const grips = bellGrips(f, top);
  top.onLayout(grips);
  let law = "";
  return { nodes: [top.node, below.node], knobs: fitKnobs(f),
    draw(/** @type {Numbers} */ now, /** @type {string} */ text) {
      const [bell, d] = [bellOf(f), f.model.get("distance")];
      const peak = Math.exp(logBell(bell.mean, bell));
      const high = [0.5, 0.8, 1.2, 2].find((v) => v >= 1.1 * Math.max(peak, Math.exp(logHumps(d, d)))) ?? 2.2;
      if (top.y.max !== high) top.axes({ y: { max: high } });
      const xs = Array.from({ length: 241 }, (_, i) => ((i - 120) * REACH) / 120);
      top.line("p", xs.map((x) => [x, Math.exp(logHumps(x, d))]), { kind: "theory", label: "p" });
      const fine = [...xs, ...Array.from({ length: 81 }, (_, i) => bell.mean + ((i - 40) / 10) * bell.width)].sort((a, b) => a - b);
      top.line("q", fine.map((x) => [x, Math.exp(logBell(x, bell))]), { kind: "simulation", label: "q", dash: true });
      const key = `${bell.width} ${d} ${now.unit}`;
      if (law !== key) valleys(f, below, bell.width, d, now);
      law = key;
      below.marker("pq", [bell.mean, now.pq / now.unit], { kind: "theory" });
      below.marker("qp", [bell.mean, now.qp / now.unit], { kind: "simulation", r: 5 });
      grips();
      [top, below].forEach((one) => one.describe(text));
    } };
}

/** Both pictures as tables, while they are seen. @param {Frame} f */
function fitTables(f) {
  const fitting = (/** @type {() => number[][]} */ rows) => (f.model.get("view") === "fit" ? rows() : []);
  const unit = () => (f.model.get("units") === "bits" ? Math.LN2 : 1);
  f.addTable(() => [
    { caption: t("densities"), columns: ["x", "p", "q"], rows: fitting(() => Array.from({ length: 25 }, (_, i) => (i - 12) / 2).map((x) =>
      [x, Math.exp(logHumps(x, f.model.get("distance"))), Math.exp(logBell(x, bellOf(f)))])) },
    { caption: t("valleys"), columns: [t("meanAxis"), "KL(p‖q)", "KL(q‖p)"], rows: fitting(() => Array.from({ length: 17 }, (_, i) => (i - 8) / 2).map((mean) =>
      [mean, ...[forward, reverse].map((way) => way({ ...bellOf(f), mean }, f.model.get("distance")) / unit())])) },
  ]);
}

/** @param {number} v @param {number} low @param {number} high */
const within = (v, low, high) => Math.min(high, Math.max(low, v));

/** @param {Frame} f @param {Plot} p @param {number} width @param {number} d @param {Numbers} now */
function valleys(f, p, width, d, { hp, unit }) {
  const means = Array.from({ length: 81 }, (_, i) => (i - 40) / 10);
  const [pq, qp] = [means.map((mean) => forward({ mean, width }, d, hp) / unit), means.map((mean) => reverse({ mean, width }, d, COARSE) / unit)];
  const least = Math.max(Math.min(...pq), Math.min(...qp));
  const max = [2, 4, 8, 16, 32, 64].find((v) => v >= 1.8 * least) ?? 160;
  p.axes({ y: { max, label: t("divergence", { units: unitsOf(f) }) } });
  p.line("forward", means.map((x, i) => [x, pq[i]]), { kind: "theory", label: "KL(p‖q)" });
  p.line("reverse", means.map((x, i) => [x, qp[i]]), { kind: "simulation", label: "KL(q‖p)", dash: true });
}

/** @param {Frame} f */
function fitKnobs(f) {
  const into = h("div");
  const knob = (/** @type {string} */ trait, /** @type {string} */ symbol, /** @type {number} */ min, /** @type {number} */ max) =>
    slider(f, { trait, label: t(trait), symbol, min, max, step: 0.05, exact: false, into, words: (v) => t(`${trait}Words`, { v: fixed(v, 2) }) }).node;
  const slides = [knob("mean", "μ", -MEAN, MEAN), knob("width", "σ", WIDTH[0], WIDTH[1]), knob("distance", "d", 0, FAR)];
  const run = glide(f);
  const ways = [["KL(p‖q)", () => straight(bellOf(f), moments(f.model.get("distance")))],
    ["KL(q‖p)", () => descend(bellOf(f), f.model.get("distance"))]];
  const buttons = ways.map(([way, path]) => button(f, { label: t("seek", { way }), into, primary: true,
    onClick: () => run(/** @type {() => import("./core/divergence.js").Bell[]} */ (path)()) }));
  return [...slides, h("div", { class: "xp-kl-seek" }, ...buttons)];
}

/** From a bell straight to another. @param {import("./core/divergence.js").Bell} a @param {import("./core/divergence.js").Bell} b */
function straight(a, b) {
  return Array.from({ length: 21 }, (_, i) => ({ mean: a.mean + ((b.mean - a.mean) * i) / 20, width: a.width * (b.width / a.width) ** (i / 20) }));
}

/** Lead the bell along a way; at once to its end for readers who asked for less motion. @param {Frame} f */
function glide(f) {
  let request = 0;
  f.onCleanup(() => cancelAnimationFrame(request));
  return (/** @type {import("./core/divergence.js").Bell[]} */ way) => {
    cancelAnimationFrame(request);
    let begun = -1;
    const four = (/** @type {number} */ v) => Math.round(1e4 * v) / 1e4 + 0; // as many digits as a box shows; no −0
    const to = (/** @type {number} */ i) =>
      f.assign({ mean: within(four(way[i].mean), -MEAN, MEAN), width: within(four(way[i].width), WIDTH[0], WIDTH[1]) });
    const tick = (/** @type {number} */ now) => {
      if (begun < 0) begun = now;
      const part = Math.min(1, (now - begun) / (1000 * MOVE));
      to(Math.round(part * (way.length - 1)));
      if (part < 1) request = requestAnimationFrame(tick);
    };
    if (reducedMotion()) to(way.length - 1);
    else request = requestAnimationFrame(tick);
  };
}

/** Top and flank of the bell, to be pulled. @param {Frame} f @param {Plot} p */
function bellGrips(f, p) {
  const layer = p.layer("grips", { clip: false, keep: true });
  p.svg.setAttribute("role", "group");
  const mean = (/** @type {number} */ v) => f.assign({ mean: within(Math.round(20 * v) / 20, -MEAN, MEAN) });
  const width = (/** @type {number} */ v) => f.assign({ width: within(Math.round(20 * v) / 20, WIDTH[0], WIDTH[1]) });
  const top = handle(f, p.svg, layer, { label: t("gripMean"), shape: "xp-kl-q-top", onMove: (x) => mean(p.scale.invX(x)),
    onKey: (right, up) => mean(f.model.get("mean") + 0.05 * (right + up)), onEnd: (end) => mean(end * MEAN) });
  const flank = handle(f, p.svg, layer, { label: t("gripWidth"), shape: "xp-kl-q-top", onMove: (x) => width(Math.abs(p.scale.invX(x) - f.model.get("mean"))),
    onKey: (right, up) => width(f.model.get("width") + 0.05 * (right + up)), onEnd: (end) => width(end > 0 ? WIDTH[1] : WIDTH[0]) });
  return () => {
    const bell = bellOf(f);
    const side = bell.mean + bell.width > REACH ? -1 : 1; // stay inside the picture
    top.place(p.scale.x(bell.mean), p.scale.y(Math.exp(logBell(bell.mean, bell))));
    top.say(bell.mean, t("meanWords", { v: fixed(bell.mean, 2) }), [-MEAN, MEAN]);
    flank.place(p.scale.x(bell.mean + side * bell.width), p.scale.y(Math.exp(logBell(bell.mean + bell.width, bell))));
    flank.say(bell.width, t("widthWords", { v: fixed(bell.width, 2) }), [WIDTH[0], WIDTH[1]]);
  };
}

// --- Words ----------------------------------------------------------------------------------------------------------

/** @param {Frame} f */
function picture(f) {
  const list = (/** @type {number[]} */ law) => law.map((v) => significant(v, 2)).join(", ");
  if (f.model.get("view") === "bars") return t("whatBars", { p: list(f.model.get("p")), q: list(f.model.get("q")) });
  return t("whatFit", { d: fixed(f.model.get("distance"), 2), m: fixed(f.model.get("mean"), 2), w: fixed(f.model.get("width"), 2) });
}

/** What there is to see. @param {Frame} f @param {Numbers} now */
function sentence(f, { pq, qp, hp, unit }) {
  const values = { units: unitsOf(f), pq: shown(pq / unit), qp: shown(qp / unit), hp: shown(hp / unit), ln2: shown(Math.LN2 / unit) };
  return f.model.get("view") === "bars" ? sayBars(f, pq, qp, values) : sayFit(bellOf(f), f.model.get("distance"), values);
}

/** @param {Frame} f @param {number} pq @param {number} qp @param {Record<string, string>} values */
function sayBars(f, pq, qp, values) {
  const [p, q] = [f.model.get("p"), f.model.get("q")];
  if (pq + qp < 1e-12) return t("sayEqual");
  const [forth, back] = [klTerms(p, q), klTerms(q, p)];
  const [lost, odd] = [forth.indexOf(Infinity) + 1, back.indexOf(Infinity) + 1];
  if (lost || odd) {
    const first = lost ? t("sayForbid", { i: lost }) : "";
    const second = odd ? t("sayForbidBack", { i: odd }) : "";
    const other = lost && odd ? "" : t("sayFinite", { v: lost ? values.qp : values.pq, units: values.units });
    return (first + second + other).trim();
  }
  const [i, j] = [forth, back].map((terms) => terms.indexOf(Math.max(...terms)) + 1);
  return t("sayBars", { ...values, i, j: i === j ? "" : t("sayTwin", { j }) });
}

/** @param {import("./core/divergence.js").Bell} bell @param {number} d @param {Record<string, string>} values */
function sayFit(bell, d, values) {
  const near = (/** @type {import("./core/divergence.js").Bell} */ other) => Math.hypot(bell.mean - other.mean, bell.width - other.width) < CLOSE;
  if (near(moments(d))) return t(d > 1.2 ? "sayMoments" : "sayMomentsNear", values);
  if (Math.hypot(...slope(bell, d)) < FLAT) {
    if (Math.abs(bell.mean) > 0.1) return t("sayMode", values);
    return t(reverse({ mean: d, width: HUMP }, d) < reverse(bell, d) ? "sayMiddle" : "sayMiddleNear", values);
  }
  return t("sayFit", values);
}

export default { render };
