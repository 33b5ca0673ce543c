// Four laws of chance: masses against densities, an interval whose probability is an area, and a sample that grows.

import { clock } from "./kit/clock.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { MOST, Sample, lawOf, share } from "./parts/chance.js";
import { handle, smallTable } from "./parts/handle.js";

const TURNING = ["law", "mean", "standard_deviation", "heads", "faces", "low", "width"];
/** @type {Record<string, [number, number]>} */
const MASS_AXIS = { bernoulli: [-1, 2], categorical: [0, 7] };
const REACH = 5;

const t = strings({
  en: {
    name: "Four laws of chance",
    law: "Law", normal: "Gaussian", bernoulli: "Bernoulli", categorical: "Die", uniform: "Uniform",
    mean: "Mean", deviation: "Standard deviation", heads: "Probability of 1", low: "Begins at", width: "Width",
    face: "Probability of face {k}", faceHelp: "Drag the tops of the bars, or move them with the arrow keys.",
    left: "Left end of the interval", right: "Right end of the interval",
    preStandard: "Standard bell", preNarrow: "Narrow bell", preCoin: "Fair coin", preDie: "Fair die",
    preLoaded: "Loaded die", preBox: "Small box",
    draw: "+{n}",
    plotTitle: "The law and its sample", plotX: "x", plotDensity: "density", plotMass: "probability",
    one: "height 1",
    tableCaption: "Law and sample",
    colMean: "mean", colVariance: "variance", colEntropy: "entropy", colInside: "P(inside)",
    rowLaw: "law", rowSample: "sample",
    histogram: "Histogram", binFrom: "from", binTo: "to", binHeight: "height",
    meanWords: "mean {v}", deviationWords: "standard deviation {v}", headsWords: "1 comes with probability {v}",
    lowWords: "begins at {v}", widthWords: "width {v}",
    sayBell: "A density: the bell is {peak} high at its middle, and its area is one.",
    sayTall: "The curve reaches {peak}, above one, and its area is still one: a density is no probability, its areas are.",
    sayBox: "A density: the box is {width} wide and {peak} high, and its area is one.",
    sayCoin: "Masses: each bar is a probability by itself, and the two heights sum to one. The variance μ(1 − μ) is {variance}.",
    sayDie: "Masses: each bar is a probability by itself, and the six heights sum to one.",
    sayNegative: "Its entropy is below zero, which no entropy of masses can be.",
    sayArea: "The shaded area, {p}, is the probability of a draw between {a} and {b}.",
    sayBars: "The shaded bars ({inside}) sum to {p}.",
    sayDraws: "Of {n} draws a share of {share} fell there.",
    sayOneDraw: "The first draw is {x}.",
  },
  zh: {
    name: "四种概率律",
    law: "分布", normal: "高斯", bernoulli: "伯努利", categorical: "骰子", uniform: "均匀",
    mean: "均值", deviation: "标准差", heads: "取 1 的概率", low: "起点", width: "宽度",
    face: "第 {k} 面的概率", faceHelp: "拖动柱顶，或用方向键移动。",
    left: "区间左端", right: "区间右端",
    preStandard: "标准钟形", preNarrow: "窄钟形", preCoin: "公平硬币", preDie: "公平骰子",
    preLoaded: "灌铅骰子", preBox: "小方盒",
    draw: "+{n}",
    plotTitle: "分布与样本", plotX: "x", plotDensity: "密度", plotMass: "概率",
    one: "高度 1",
    tableCaption: "分布与样本",
    colMean: "均值", colVariance: "方差", colEntropy: "熵", colInside: "P(区间)",
    rowLaw: "分布", rowSample: "样本",
    histogram: "直方图", binFrom: "从", binTo: "到", binHeight: "高度",
    meanWords: "均值 {v}", deviationWords: "标准差 {v}", headsWords: "以概率 {v} 取 1",
    lowWords: "起点 {v}", widthWords: "宽度 {v}",
    sayBell: "密度：钟形中央高 {peak}，面积为一。",
    sayTall: "曲线高达 {peak}，超过一，面积仍为一：密度不是概率，面积才是。",
    sayBox: "密度：方盒宽 {width}、高 {peak}，面积为一。",
    sayCoin: "质量：每根柱子本身就是概率，两根高度之和为一。方差 μ(1 − μ) 为 {variance}。",
    sayDie: "质量：每根柱子本身就是概率，六根高度之和为一。",
    sayNegative: "它的熵小于零，而质量的熵绝不会如此。",
    sayArea: "阴影面积 {p} 就是抽到 {a} 与 {b} 之间的概率。",
    sayBars: "阴影中的柱子（{inside}）之和为 {p}。",
    sayDraws: "{n} 次抽取中落在其中的比例为 {share}。",
    sayOneDraw: "第一次抽到 {x}。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */

const BELL = { law: "normal", mean: 0 };
const PRESETS = {
  preStandard: { ...BELL, standard_deviation: 1, left: -1, right: 1 },
  preNarrow: { ...BELL, standard_deviation: 0.2, left: -0.2, right: 0.2 },
  preBox: { law: "uniform", low: 0, width: 0.5, left: -1, right: 0.25 },
  preCoin: { law: "bernoulli", heads: 0.5, left: 0.5, right: 1.5 },
  preDie: { law: "categorical", faces: Array(6).fill(1 / 6), left: 4.5, right: 6.5 },
  preLoaded: { law: "categorical", faces: [0.1, 0.1, 0.1, 0.1, 0.1, 0.5], left: 4.5, right: 6.5 },
};
/** @type {Record<string, [number, number]>} */
const INTERVAL = { normal: [-1, 1], uniform: [-1, 0], bernoulli: [0.5, 1.5], categorical: [4.5, 6.5] };

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "four_laws", label: t("name") });
  controls(f);
  const settings = () => Object.fromEntries([...TURNING, "seed"].map((name) => [name, model.get(name)]));
  const fresh = () => new Sample(lawOf(settings()), model.get("seed"));
  let sample = fresh();
  const draw = picture(f, () => sample);
  const restart = () => {
    sample = fresh();
    draw();
  };
  const time = clock(f, {
    step: (n) => sample.draw(n),
    onFrame: draw,
    onReset: restart,
    done: () => sample.n >= MOST,
    perFrame: () => Math.min(1000, Math.max(reducedMotion() ? 1 : 0.15, sample.n / 40)), // one by one at first, then ever faster
  });
  for (const n of [100, 10_000]) {
    button(f, { label: t("draw", { n: n.toLocaleString("en").replace(",", "\u202f") }), where: "toolbar", onClick: () => time.stepOnce(n) });
  }
  [...TURNING, "seed"].forEach((name) => f.watch(name, restart));
  ["left", "right"].forEach((name) => f.watch(name, draw));
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const doors = h("div", { class: "xp-doors" });
  f.root.insertBefore(doors, f.stage);
  presets(f, Object.entries(PRESETS).map(([label, set]) => ({ label: t(label), set })), { into: doors });
  choice(f, { trait: "law", label: t("law"), options: Object.keys(INTERVAL).map((value) => ({ value, label: t(value) })),
    onInput: (law, { user }) => {
      const [left, right] = INTERVAL[law];
      if (user) f.assign({ left, right });
    } });
  const knobs = h("div", { class: "xp-fl-knobs" });
  f.controls.append(knobs);
  const groups = knobsOf(f);
  const show = () => knobs.replaceChildren(...groups[f.model.get("law")]);
  f.watch("law", show);
  show();
  seedBox(f);
  for (const name of ["faces", "left", "right"]) f.share(name, (v) => acceptable(name, v));
}

/** Whether a value from the address makes sense. @param {string} name @param {any} value */
function acceptable(name, value) {
  if (name !== "faces") return Math.abs(value) <= REACH + 2;
  return value.length === 6 && value.every((/** @type {number} */ v) => v >= 0) && Math.abs(value.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b) - 1) < 1e-6;
}

/** The controls of each law. @param {Frame} f @returns {Record<string, HTMLElement[]>} */
function knobsOf(f) {
  const nowhere = h("div");
  const make = (/** @type {string} */ trait, /** @type {string} */ label, /** @type {string} */ symbol, /** @type {number} */ min, /** @type {number} */ max, /** @type {string} */ words) =>
    slider(f, { trait, label: t(label), symbol, min, max, step: 0.05, exact: false, into: nowhere, words: (v) => t(words, { v: fixed(v, 2) }) }).node;
  return {
    normal: [make("mean", "mean", "μ", -3, 3, "meanWords"), make("standard_deviation", "deviation", "σ", 0.1, 2.5, "deviationWords")],
    uniform: [make("low", "low", "a", -4, 1, "lowWords"), make("width", "width", "b − a", 0.1, 4, "widthWords")],
    bernoulli: [make("heads", "heads", "μ", 0, 1, "headsWords")],
    categorical: [h("p", { class: "xp-help" }, t("faceHelp"))],
  };
}

/** @param {Frame} f @param {() => Sample} sample */
function picture(f, sample) {
  const p = plot(f, { title: t("plotTitle"), height: 290, x: { label: t("plotX"), min: -REACH, max: REACH },
    y: { label: t("plotDensity"), min: 0, max: 1 } });
  const columns = ["", "colMean", "colVariance", "colEntropy", "colInside"].map((key) => key && t(key));
  const table = smallTable(t("tableCaption"), columns, [t("rowLaw"), t("rowSample")]);
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(table.node, caption);
  /** @type {string[][]} */
  let rows = [];
  f.addTable(() => [
    { caption: t("tableCaption"), columns, rows: rows.map((row, i) => [t(i ? "rowSample" : "rowLaw"), ...row]) },
    { caption: t("histogram"), columns: ["binFrom", "binTo", "binHeight"].map((key) => t(key)),
      rows: sample().histogram().map(([x, width, height]) => [x, x + width, height]) },
  ]);
  p.svg.setAttribute("role", "group"); // it holds sliders, which an image must not
  const ends = endHandles(f, p);
  const tops = faceHandles(f, p);
  const bars = shapes(p, sample);
  const place = () => {
    bars();
    ends();
    tops();
  };
  p.onLayout(place);
  return () => {
    axes(f, p, sample());
    curve(f, p, sample());
    place();
    const values = numbers(f, sample());
    rows = [["mean", "variance", "entropy", "probability"], ["sample_mean", "sample_variance", "sample_entropy", "sample_probability"]]
      .map((row) => row.map((name) => fixed(values[name], 3)));
    table.fill(rows);
    for (const [name, value] of Object.entries(values)) f.setReadout(name, value);
    const text = sentence(f, sample(), values);
    if (caption.textContent !== text) caption.textContent = text;
    p.describe(text);
  };
}

/** @param {Frame} f @returns {[number, number]} the interval, left end first */
function interval(f) {
  const [a, b] = [f.model.get("left"), f.model.get("right")];
  return a < b ? [a, b] : [b, a];
}

/** @param {Frame} f @param {Sample} sample @returns {Record<string, number>} */
function numbers(f, sample) {
  const { law } = sample;
  const [a, b] = interval(f);
  return {
    mean: law.mean, variance: law.variance, entropy: law.entropy, probability: law.between(a, b), peak: peakOf(law),
    draws: sample.n, sample_mean: sample.mean, sample_variance: sample.variance, sample_entropy: sample.entropy,
    sample_probability: sample.between(a, b),
  };
}

/** @param {import("./core/laws.js").Law} law */
const peakOf = (law) => (law.discrete ? Math.max(...law.values.map(law.prob)) : law.prob(law.mean));

/** @param {Frame} f @param {Plot} p @param {Sample} sample */
function axes(f, p, { law }) {
  const name = f.model.get("law");
  const [min, max] = MASS_AXIS[name] ?? [-REACH, REACH];
  const peak = peakOf(law);
  const top = law.discrete ? 1.05 : [0.6, 1.2, 2.4, 4.8].find((v) => v >= 1.1 * peak) ?? 12;
  const label = t(law.discrete ? "plotMass" : "plotDensity");
  if (p.x.min === min && p.x.max === max && p.y.max === top && p.y.label === label) return;
  p.axes({ x: { min, max, ticks: law.discrete ? law.values : undefined }, y: { max: top, label } });
  if (law.discrete || top <= 1) p.clear("one");
  else p.hline("one", 1, { label: t("one") });
}

/** The density, and the part of its area in the interval. @param {Frame} f @param {Plot} p @param {Sample} sample */
function curve(f, p, { law }) {
  if (law.discrete) return ["density", "inside"].forEach((name) => p.clear(name));
  const [a, b] = interval(f);
  const box = f.model.get("law") === "uniform" ? [law.mean - f.model.get("width") / 2, law.mean + f.model.get("width") / 2] : [];
  const fine = Array.from({ length: 121 }, (_, i) => law.mean + ((i - 60) / 12) * Math.sqrt(law.variance));
  const grid = Array.from({ length: 241 }, (_, i) => ((i - 120) * REACH) / 120);
  const xs = [...fine, ...grid, a, b, ...box].filter((x) => Math.abs(x) <= REACH).sort((u, v) => u - v);
  /** @type {[number, number][]} */
  const points = xs.map((x) => [x, law.prob(x)]);
  if (box.length) points.push([box[0], 0], [box[1], 0]);
  points.sort(([u, y], [v, z]) => u - v || (u > law.mean ? z - y : y - z)); // the walls of a box stand upright
  p.area("inside", [[a, 0], ...points.filter(([x]) => x >= a && x <= b), [b, 0]], { kind: "reader" });
  p.line("density", points, { kind: "theory" });
}

/** The bars: masses as outlined columns, the sample inside them; or the histogram under a density. @param {Plot} p @param {() => Sample} sample */
function shapes(p, sample) {
  return () => {
    const { law } = sample();
    const layer = p.layer("bars");
    layer.parentNode?.prepend(layer);
    const rect = (/** @type {number} */ x, /** @type {number} */ width, /** @type {number} */ height, /** @type {string} */ name) => {
      const [left, right] = [p.scale.x(x), p.scale.x(x + width)];
      const top = p.scale.y(height);
      return s("rect", { class: name, x: left.toFixed(1), width: Math.max(0.5, right - left).toFixed(1), y: top.toFixed(1), height: Math.max(0, p.scale.y(0) - top).toFixed(1) });
    };
    const [a, b] = interval(p.f);
    const masses = law.values.map((x) => rect(x - 0.35, 0.7, law.prob(x), `xp-fl-mass${x >= a && x <= b ? " xp-inside" : ""}`));
    const seen = sample().histogram().map(([x, width, height]) =>
      law.discrete ? rect(x + 0.35, 0.3, height, "xp-fl-seen") : rect(x, width, height, "xp-fl-bin"));
    layer.replaceChildren(...masses, ...seen);
  };
}

/** The two ends of the interval, on the axis. @param {Frame} f @param {Plot} p */
function endHandles(f, p) {
  const layer = p.layer("ends", { clip: false, keep: true });
  const limit = (/** @type {number} */ v) => Math.min(p.x.max, Math.max(p.x.min, Math.round(v * 20) / 20));
  const ends = ["left", "right"].map((name) => handle(f, p.svg, layer, {
    label: t(name),
    onMove: (x) => f.assign({ [name]: limit(p.scale.invX(x)) }),
    onKey: (right, up) => f.assign({ [name]: limit(f.model.get(name) + 0.1 * (right + up)) }),
    onEnd: (end) => f.assign({ [name]: end > 0 ? p.x.max : p.x.min }),
  }));
  return () => ends.forEach((end, i) => {
    const value = f.model.get(i ? "right" : "left");
    end.place(p.scale.x(Math.min(p.x.max, Math.max(p.x.min, value))), p.scale.y(0));
    end.say(value, `x = ${fixed(value, 2)}`, [p.x.min, p.x.max]);
  });
}

/** The tops of the die's bars. @param {Frame} f @param {Plot} p */
function faceHandles(f, p) {
  const layer = p.layer("faces", { clip: false, keep: true });
  const set = (/** @type {number} */ i, /** @type {number} */ v) =>
    f.assign({ faces: share(f.model.get("faces"), i, Math.min(1, Math.max(0, Math.round(v * 100) / 100))) });
  const tops = Array.from({ length: 6 }, (_, i) => handle(f, p.svg, h("div"), {
    label: t("face", { k: i + 1 }),
    onMove: (_x, y) => set(i, p.scale.invY(y)),
    onKey: (right, up) => set(i, f.model.get("faces")[i] + 0.02 * (right + up)),
    onEnd: (end) => set(i, end > 0 ? 1 : 0),
  }));
  return () => {
    if (f.model.get("law") !== "categorical") return layer.replaceChildren();
    if (!layer.childElementCount) layer.append(...tops.map((top) => top.node));
    tops.forEach((top, i) => {
      const v = f.model.get("faces")[i];
      top.place(p.scale.x(i + 1), p.scale.y(v));
      top.say(v, `${fixed(100 * v, 0)} %`, [0, 1]);
    });
  };
}

/** What the picture shows. @param {Frame} f @param {Sample} sample @param {Record<string, number>} values */
function sentence(f, sample, values) {
  const { law, n } = sample;
  const [a, b] = interval(f).map((v) => significant(v, 3));
  const words = { peak: fixed(values.peak, 2), width: fixed(f.model.get("width"), 2), variance: fixed(law.variance, 3), a, b,
    inside: law.values.filter((x) => x >= interval(f)[0] && x <= interval(f)[1]).join(", ") || "–",
    p: fixed(values.probability, 3), n, share: fixed(values.sample_probability, 3), x: significant(sample.values[0], 3) };
  const name = f.model.get("law");
  const first = name === "bernoulli" ? "sayCoin" : name === "categorical" ? "sayDie" : values.peak > 1.05 ? "sayTall" : name === "normal" ? "sayBell" : "sayBox";
  const parts = [t(first, words), t(law.discrete ? "sayBars" : "sayArea", words)];
  if (law.entropy < -1e-12) parts.splice(1, 0, t("sayNegative"));
  if (n) parts.push(t(n === 1 ? "sayOneDraw" : "sayDraws", words));
  return parts.join(" ");
}

export default { render };
