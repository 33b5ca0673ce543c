// A detector with a threshold: two bells, four counts, and what the base rate does to them; ROC, precision, calibration.

import { auc, confusion, counts, drawScores, logOdds, precision, rates, reliability, rocOf } from "./core/detector.js";
import { bell } from "./core/normal.js";
import { sigmoid } from "./core/thresholds.js";
import { choice, presets, seedBox, slider } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { handle, smallTable } from "./parts/handle.js";

const [LOWEST, HIGHEST] = [-4, 9]; // scores in the picture
const MILLION = 1e6;
const XS = Array.from({ length: 261 }, (_, i) => LOWEST + ((HIGHEST - LOWEST) * i) / 260);
const TRAITS = ["threshold", "base_rate", "separation", "temperature", "curve", "people", "seed"];
const DRAWN = 600; // corners of the sample's curve

const t = strings({
  en: {
    name: "A threshold between two bells",
    threshold: "Threshold", thresholdWords: "threshold at score {v}", rate: "Base rate", rateWords: "{v} of all are positive",
    separation: "Distance of the bells", separationWords: "distance {v}", temperature: "Temperature of the report", temperatureWords: "log-odds divided by {v}",
    people: "Examples drawn", curve: "Curve", roc: "ROC", precision: "Precision", calibration: "Calibration",
    even: "Even", screening: "Screening", faces: "A face among a million",
    bells: "Scores of negatives and positives", axisScore: "score s", axisDensity: "density", negatives: "negatives", positives: "positives",
    falseAlarms: "false alarms", hits: "right alarms", grip: "Threshold in the picture", gripWords: "score {v}",
    rocTitle: "Recall against the false-alarm rate", axisAlarms: "false-alarm rate", axisRecall: "recall",
    precisionTitle: "Precision against recall", axisPrecision: "precision",
    calibrationTitle: "Share of positives against the reported probability", axisReported: "reported probability", axisShare: "share of positives",
    theory: "theory", sample: "sample", spread: "± 2 standard deviations of chance", chance: "chance", honest: "honest", now: "threshold",
    table: "Four counts", truth: "truth", yes: "says yes", no: "says no", rowPositive: "positive, of a million", rowNegative: "negative, of a million",
    samplePositive: "positive, of the {n} drawn", sampleNegative: "negative, of the {n} drawn",
    readRecall: "Recall", readAlarms: "False-alarm rate", readPrecision: "Precision", readAccuracy: "Accuracy", readAuc: "Area under ROC",
    sayMany: "Of a million, {tp} alarms are right and {fp} are wrong: an alarm is right {precision} of the time. {missed} positives are missed.",
    sayRare: "Of a million there are {fp} false alarms, and {tp} right ones: only one alarm in {odds} is right, though {recall} of the positives are found and just {alarms} of the negatives disturbed.",
    sayLazy: "To say no always would be right in {lazy} of the cases, and this detector is in {accuracy}: accuracy tells little where one class is rare.",
    sayHot: "Reported through T = {T}, probabilities creep towards one half; the ROC curve stays, for the order of the scores is the same.",
    sayCold: "Reported through T = {T}, probabilities are overconfident; the ROC curve stays, for the order of the scores is the same.",
  },
  zh: {
    name: "两个钟形之间的阈值",
    threshold: "阈值", thresholdWords: "阈值在得分 {v}", rate: "基率", rateWords: "全体中 {v} 为正例",
    separation: "钟形的距离", separationWords: "距离 {v}", temperature: "报告的温度", temperatureWords: "对数几率除以 {v}",
    people: "抽取的样本数", curve: "曲线", roc: "ROC", precision: "精确率", calibration: "校准",
    even: "各半", screening: "筛查", faces: "百万人中一张脸",
    bells: "负例与正例的得分", axisScore: "得分 s", axisDensity: "密度", negatives: "负例", positives: "正例",
    falseAlarms: "误报", hits: "正确警报", grip: "图中的阈值", gripWords: "得分 {v}",
    rocTitle: "召回率随误报率的变化", axisAlarms: "误报率", axisRecall: "召回率",
    precisionTitle: "精确率随召回率的变化", axisPrecision: "精确率",
    calibrationTitle: "正例比例随报告概率的变化", axisReported: "报告的概率", axisShare: "正例比例",
    theory: "理论", sample: "样本", spread: "± 2 个随机标准差", chance: "随机", honest: "如实", now: "阈值",
    table: "四个计数", truth: "真值", yes: "答是", no: "答否", rowPositive: "正例，每百万", rowNegative: "负例，每百万",
    samplePositive: "正例，抽取的 {n} 个中", sampleNegative: "负例，抽取的 {n} 个中",
    readRecall: "召回率", readAlarms: "误报率", readPrecision: "精确率", readAccuracy: "准确率", readAuc: "ROC 下面积",
    sayMany: "每百万中有 {tp} 次正确警报、{fp} 次误报：警报正确的比例为 {precision}。漏掉 {missed} 个正例。",
    sayRare: "每百万中有 {fp} 次误报，而正确警报只有 {tp} 次：{odds} 次警报中只有一次正确，尽管找到了 {recall} 的正例，只打扰了 {alarms} 的负例。",
    sayLazy: "永远答否的正确率为 {lazy}；此检测器为 {accuracy}。一类稀少时，准确率说明不了什么。",
    sayHot: "以 T = {T} 报告，概率向一半靠拢；ROC 曲线不变，因为得分的次序不变。",
    sayCold: "以 T = {T} 报告，概率过于自信；ROC 曲线不变，因为得分的次序不变。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */
/** @typedef {{threshold: number, base_rate: number, separation: number, temperature: number, curve: string, people: number, seed: number}} Settings */
/** @typedef {Settings & {sample: import("./core/detector.js").Sample, cells: ReturnType<typeof counts>}} State */

const FACES = { base_rate: 1e-6, separation: 4.818, threshold: 2.409 };
const PRESETS = {
  even: { base_rate: 0.5, separation: 2, threshold: 1 },
  screening: { base_rate: 0.01, separation: 3, threshold: 1.5 },
  faces: FACES,
};

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "threshold", label: t("name") });
  controls(f);
  let drawn = "";
  /** @type {import("./core/detector.js").Sample} */
  let sample;
  /** @returns {State} */
  const state = () => {
    const settings = /** @type {Settings} */ (/** @type {unknown} */ (Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]))));
    const key = [settings.base_rate, settings.separation, settings.people, settings.seed].join();
    if (key !== drawn) sample = drawScores(settings, settings.people, settings.seed);
    drawn = key;
    return { ...settings, sample, cells: counts(sample, settings.threshold) };
  };
  const view = picture(f);
  const update = () => view(state());
  for (const name of TRAITS) f.watch(name, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const words = (/** @type {string} */ key) => (/** @type {number} */ v) => t(key, { v: significant(v, 3) });
  slider(f, { trait: "threshold", label: t("threshold"), symbol: "θ", min: LOWEST, max: HIGHEST, step: 0.05, exact: false, words: words("thresholdWords") });
  slider(f, { trait: "base_rate", label: t("rate"), symbol: "π", min: 1e-6, max: 0.5, scale: "log", words: words("rateWords") });
  slider(f, { trait: "separation", label: t("separation"), symbol: "d", min: 0, max: 6, step: 0.05, exact: false, words: words("separationWords") });
  slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: 0.2, max: 5, scale: "log", temperature: { neutral: 1 },
    words: words("temperatureWords") });
  presets(f, Object.entries(PRESETS).map(([key, set]) => ({ label: t(key), set })));
  choice(f, { trait: "curve", label: t("curve"), options: ["roc", "precision", "calibration"].map((value) => ({ value, label: t(value) })) });
  slider(f, { trait: "people", label: t("people"), symbol: "n", min: 100, max: 10_000, step: 100 });
  seedBox(f);
  f.stage.after(f.readouts);
}

/** @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-pairs");
  const [left, right] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  const bells = bellPlot(f, left);
  const curve = curvePlot(f, right);
  const table = countTable();
  f.stage.append(left, right, table.node, caption);
  const show = readouts(f);
  return (/** @type {State} */ state) => {
    const text = sentence(state);
    bells(state, text);
    curve(state, text);
    table.draw(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(state);
  };
}

/** @param {number} v */
const inRange = (v) => Number(Math.min(HIGHEST, Math.max(LOWEST, v)).toFixed(2));

/** The bells, what lies above the threshold, and a grip on it. @param {Frame} f @param {HTMLElement} into */
function bellPlot(f, into) {
  const p = plot(f, { into, title: t("bells"), height: 300, legend: true, x: { label: t("axisScore"), min: LOWEST, max: HIGHEST, ticks: [-4, -2, 0, 2, 4, 6, 8] },
    y: { label: t("axisDensity"), min: 0, max: 0.45, ticks: [0, 0.2, 0.4] } });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  const go = (/** @type {number} */ s) => f.assign({ threshold: inRange(s) });
  const grip = handle(f, p.svg, p.layer("grip", { clip: false, keep: true }), {
    label: t("grip"),
    onMove: (x) => go(p.scale.invX(x)),
    onKey: (right, up) => go(f.model.get("threshold") + 0.1 * (right || up)),
    onEnd: (end) => go(end > 0 ? HIGHEST : LOWEST),
  });
  p.onDrag((s) => go(s));
  const put = () => grip.place(p.scale.x(f.model.get("threshold")), p.scale.y(0.42));
  p.onLayout(put);
  return (/** @type {State} */ { threshold, separation }, /** @type {string} */ text) => {
    const part = (/** @type {number} */ mean) => {
      const xs = [threshold, ...XS.filter((s) => s > threshold)];
      return [[threshold, 0], ...xs.map((s) => [s, bell(s - mean)]), [HIGHEST, 0]];
    };
    p.area("false alarms", part(0), { kind: "theory", label: t("falseAlarms") });
    p.area("hits", part(separation), { label: t("hits") });
    p.line("negatives", XS.map((s) => [s, bell(s)]), { kind: "theory", dash: true, label: t("negatives") });
    p.line("positives", XS.map((s) => [s, bell(s - separation)]), { label: t("positives") });
    p.vline("threshold", threshold);
    put();
    grip.say(threshold, t("gripWords", { v: fixed(threshold, 2) }), [LOWEST, HIGHEST]);
    p.describe(text);
  };
}

/** ROC, precision over recall, or calibration: theory, and the sample. @param {Frame} f @param {HTMLElement} into */
function curvePlot(f, into) {
  const unit = { min: 0, max: 1, ticks: [0, 0.5, 1] };
  const p = plot(f, { into, title: t("curve"), height: 300, legend: true, x: { label: t("axisAlarms"), ...unit }, y: { label: t("axisRecall"), ...unit } });
  const axes = { roc: ["axisAlarms", "axisRecall"], precision: ["axisRecall", "axisPrecision"], calibration: ["axisReported", "axisShare"] };
  let kind = "";
  return (/** @type {State} */ state, /** @type {string} */ text) => {
    const name = /** @type {keyof typeof axes} */ (state.curve);
    if (name !== kind) {
      kind = name;
      p.clear();
      p.axes({ x: { label: t(axes[name][0]) }, y: { label: t(axes[name][1]) } });
      const title = p.svg.querySelector("title");
      if (title) title.textContent = t(`${name}Title`);
    }
    ({ roc: drawRoc, precision: drawPrecision, calibration: drawCalibration })[name](p, state);
    p.describe(text);
  };
}

/** Fewer corners of a long curve, the ends kept. @param {[number, number][]} points */
const thinned = (points) => points.filter((_, i) => i === points.length - 1 || i % Math.ceil(points.length / DRAWN) === 0);

/** @param {Plot} p @param {State} state */
function drawRoc(p, state) {
  p.line("chance", [[0, 0], [1, 1]], { kind: "muted", label: t("chance") });
  p.line("theory", XS.map((threshold) => rates({ ...state, threshold })).map(({ recall, alarms }) => [alarms, recall]), { kind: "theory", label: t("theory") });
  p.line("sample", thinned(rocOf(state.sample)), { label: t("sample") });
  const { recall, alarms } = rates(state);
  p.marker("now", [alarms, recall], { kind: "reader", label: t("now") });
}

/** @param {Plot} p @param {State} state */
function drawPrecision(p, state) {
  const at = (/** @type {number} */ threshold) => [rates({ ...state, threshold }).recall, precision({ ...state, threshold })];
  p.line("chance", [[0, state.base_rate], [1, state.base_rate]], { kind: "muted", label: t("chance") });
  p.line("theory", XS.map(at), { kind: "theory", label: t("theory") });
  const roc = rocOf(state.sample);
  const positives = state.sample.labels.reduce((sum, y) => sum + y, 0);
  const negatives = state.people - positives;
  const points = roc.slice(1).map(([alarms, recall]) => /** @type {[number, number]} */ ([recall, (recall * positives) / (recall * positives + alarms * negatives)]));
  p.line("sample", thinned(points), { label: t("sample") });
  p.marker("now", at(state.threshold), { kind: "reader", label: t("now") });
}

/** @param {Plot} p @param {State} state */
function drawCalibration(p, state) {
  const { temperature: T } = state;
  const ps = Array.from({ length: 101 }, (_, i) => Math.min(1 - 1e-9, Math.max(1e-9, i / 100)));
  /** The share of positives among those reported with r. */
  const truth = (/** @type {number} */ r) => sigmoid(T * Math.log(r / (1 - r)));
  p.line("honest", [[0, 0], [1, 1]], { kind: "muted", label: t("honest") });
  p.line("theory", ps.map((r) => [r, truth(r)]), { kind: "theory", label: t("theory") });
  const bins = reliability(state.sample, (s) => sigmoid(logOdds(state, s) / T));
  // a bin of few examples strays: the bar says how far, by the binomial law
  p.errorbars("spread", bins.map(({ mean, share, count }) => [mean, share, 2 * Math.sqrt((truth(mean) * (1 - truth(mean))) / count)]), { label: t("spread") });
  p.points("sample", bins.map(({ mean, share }) => [mean, share]), { r: 4, label: t("sample") });
  const here = sigmoid(logOdds(state, state.threshold) / T);
  p.marker("now", [here, truth(here)], { kind: "reader", label: t("now") });
}

/** What of a million, and of the sample, goes where. */
function countTable() {
  const columns = ["", t("yes"), t("no")];
  const table = smallTable(t("table"), columns, ["rowPositive", "rowNegative", "samplePositive", "sampleNegative"].map((key) => t(key, { n: "" })));
  table.node.classList.add("xp-th-counts", "xp-wide");
  return { node: table.node, draw(/** @type {State} */ state) {
    const share = confusion(state);
    const of = (/** @type {number} */ v) => many(MILLION * v);
    table.fill([
      [of(share.truePositive), of(share.falseNegative)], [of(share.falsePositive), of(share.trueNegative)],
      [state.cells.truePositive, state.cells.falseNegative].map(String), [state.cells.falsePositive, state.cells.trueNegative].map(String),
    ]);
    ["samplePositive", "sampleNegative"].forEach((key, i) => {
      const head = table.node.tBodies[0].rows[2 + i].cells[0];
      const text = t(key, { n: state.people });
      if (head.textContent !== text) head.textContent = text;
    });
  } };
}

/** A count, with decimals only where it is below ten. @param {number} v */
const many = (v) => (v < 10 ? significant(v, 2) : fixed(v, 0));

/** Three digits; near 100 % as many as tell it from there. @param {number} v */
export function percent(v) {
  const rest = 100 * (1 - v);
  if (rest > 1 || rest < 1e-8) return `${significant(100 * v, 3)} %`;
  return `${fixed(100 * v, Math.ceil(-Math.log10(rest) - 1e-6))} %`;
}

/** What the threshold does. @param {State} state */
export function sentence(state) {
  const share = confusion(state);
  const { recall, alarms } = rates(state);
  const right = precision(state);
  const accuracy = share.truePositive + share.trueNegative;
  const values = { tp: many(MILLION * share.truePositive), fp: many(MILLION * share.falsePositive), missed: many(MILLION * share.falseNegative),
    precision: percent(right), odds: significant(1 / right, 3), recall: percent(recall), alarms: percent(alarms),
    lazy: percent(1 - state.base_rate), accuracy: percent(accuracy), T: significant(state.temperature, 2) };
  const parts = [t(right < 0.1 ? "sayRare" : "sayMany", values)];
  if (accuracy < 1 - state.base_rate) parts.push(t("sayLazy", values));
  if (state.temperature !== 1) parts.push(t(state.temperature > 1 ? "sayHot" : "sayCold", values));
  return parts.join(" ");
}

/** @param {Frame} f */
function readouts(f) {
  const three = (/** @type {number} */ v) => fixed(v, 3);
  const recall = readout(f, { name: "recall", label: t("readRecall"), format: three, width: 5 });
  const alarms = readout(f, { name: "false_alarms", label: t("readAlarms"), format: (v) => significant(v, 3), width: 8 });
  const right = readout(f, { name: "precision", label: t("readPrecision"), format: (v) => significant(v, 3), width: 8 });
  const accuracy = readout(f, { name: "accuracy", label: t("readAccuracy"), format: three, width: 5 });
  const area = readout(f, { name: "auc", label: t("readAuc"), format: (v) => fixed(v, 4), width: 6 });
  return (/** @type {State} */ state) => {
    const share = confusion(state);
    const now = rates(state);
    recall(now.recall);
    alarms(now.alarms);
    right(precision(state));
    accuracy(share.truePositive + share.trueNegative);
    area(auc(state.separation));
    for (const [name, value] of Object.entries(share)) f.setReadout(name, value);
    for (const [name, value] of Object.entries(state.cells)) f.setReadout(`sample_${name}`, value);
    f.setReadout("reported", sigmoid(logOdds(state, state.threshold) / state.temperature));
  };
}

export default { render };
