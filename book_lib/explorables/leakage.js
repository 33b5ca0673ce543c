// A leak: features chosen with the labels of validation and test set in sight. Everything here is a toss of coins.

import { meanError, trial } from "./core/leakage.js";
import { clock } from "./kit/clock.js";
import { choice, presets, seedBox, slider } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";

const FIRST_SIGHT = 50; // data sets scored before the first picture, as in leakage.py
const MOST = 400;
const SETTINGS = ["leak", "features", "kept", "train", "validation", "test"];
const SETS = /** @type {const} */ (["train", "validation", "test"]);
const FEATURES = [10, 20, 50, 100, 200, 500, 1000, 2000];
const SMALL = 0.57; // a leak that lifts the score to less than this is hard to see

const t = strings({
  en: {
    name: "A leak from the validation set",
    leak: "Features are chosen on",
    honest: "Training set only",
    leaky: "All samples (a leak)",
    features: "Features to choose from",
    kept: "Features kept",
    train: "Training",
    validation: "Validation",
    test: "Test",
    size: "{label} samples",
    sizeWords: "{v} samples",
    bands: "Three disjoint sets: {train} samples to train, {validation} to validate, {test} to test. {choose}",
    chooses: "choose features",
    learns: "learn class means",
    scores: "take the score",
    chooseTrain: "Features are chosen on the training set.",
    chooseAll: "Features are chosen on all three sets.",
    presetHonest: "Honest",
    presetLeak: "Leak",
    presetFew: "Leak, few features",
    presetMany: "Leak, more samples",
    title: "Accuracy on data whose labels are coin tosses",
    axisX: "scored on",
    axisY: "accuracy in %",
    new: "New samples",
    each: "one data set",
    mean: "mean over all",
    chance: "chance",
    readValidation: "Validation",
    readTest: "Test",
    readNew: "New samples",
    readRepeats: "Data sets",
    part: "part",
    error: "standard error",
    sayHonest: "Only the training set has a say in which {k} of {D} features are kept. Validation: {v} %. New samples: {f} %. "
      + "Labels are coin tosses, and the score says so.",
    sayLeak: "The labels of all three sets have helped to choose {k} of {D} features. Validation promises {v} %, and the test "
      + "set, in on it too, {w} %. New samples: {f} %. Nothing was learned.",
    saySmall: "The leak is open, yet little runs through it: {why}. Validation: {v} %. New samples: {f} %.",
    whyFew: "of {D} features, {k} tell little about the labels by luck",
    whyMany: "with {n} samples luck has less room",
  },
  zh: {
    name: "来自验证集的泄漏",
    leak: "特征的选择依据",
    honest: "仅训练集",
    leaky: "全部样本（泄漏）",
    features: "可选特征数",
    kept: "保留特征数",
    train: "训练",
    validation: "验证",
    test: "测试",
    size: "{label}样本",
    sizeWords: "{v} 个样本",
    bands: "三个互不相交的集合：{train} 个训练样本，{validation} 个验证样本，{test} 个测试样本。{choose}",
    chooses: "选择特征",
    learns: "学习类均值",
    scores: "计算得分",
    chooseTrain: "特征在训练集上选择。",
    chooseAll: "特征在全部三个集合上选择。",
    presetHonest: "诚实",
    presetLeak: "泄漏",
    presetFew: "泄漏，特征少",
    presetMany: "泄漏，样本多",
    title: "标签由抛硬币决定时的准确率",
    axisX: "计分所用数据",
    axisY: "准确率（%）",
    new: "新样本",
    each: "一个数据集",
    mean: "总平均",
    chance: "随机水平",
    readValidation: "验证",
    readTest: "测试",
    readNew: "新样本",
    readRepeats: "数据集",
    part: "部分",
    error: "标准误差",
    sayHonest: "{D} 个特征中保留哪 {k} 个只由训练集决定。验证：{v}%。新样本：{f}%。标签是抛硬币的结果，得分如实反映。",
    sayLeak: "三个集合的标签都参与了从 {D} 个特征中选出 {k} 个。验证许诺 {v}%，同样被泄漏的测试集给出 {w}%。新样本：{f}%。什么也没有学到。",
    saySmall: "泄漏存在，但影响不大：{why}。验证：{v}%。新样本：{f}%。",
    whyFew: "{D} 个特征中的 {k} 个碰巧与标签相关的不多",
    whyMany: "有 {n} 个样本时，运气的余地更小",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/leakage.js").Settings} Settings */

/** Scores of data sets, one after another. */
class Trials {
  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    /** @type {[number, number, number][]} */
    this.scores = [];
  }

  /** The same data sets, as many as before, under other settings. @param {Settings} settings @param {number} [count] */
  restart(settings, count = this.scores.length) {
    this.settings = settings;
    this.scores = [];
    this.add(count);
  }

  /** @param {number} n */
  add(n) {
    for (let k = 0; k < n && this.scores.length < MOST; k++) {
      this.scores.push(trial(this.settings, this.scores.length).scores);
    }
  }

  /** Mean and error on validation set, test set and new samples. */
  means() {
    return [0, 1, 2].map((k) => meanError(this.scores.map((row) => row[k])));
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "leakage", label: t("name") });
  const settings = () => {
    const all = /** @type {Settings} */ (Object.fromEntries([...SETTINGS, "seed"].map((name) => [name, model.get(name)])));
    return { ...all, kept: Math.min(all.kept, all.features) };
  };
  controls(f);
  const trials = new Trials(settings());
  trials.add(FIRST_SIGHT);
  const draw = picture(f, trials);
  clock(f, {
    step: (n) => trials.add(n),
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 10 : 1),
    stepSize: 10,
    done: () => trials.scores.length >= MOST,
    onReset: () => trials.restart(settings(), FIRST_SIGHT),
  });
  for (const name of [...SETTINGS, "seed"]) {
    f.watch(name, () => {
      trials.restart(settings());
      draw();
    });
  }
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const top = h("div", { class: "xp-le-top" });
  f.root.insertBefore(top, f.stage);
  const usual = { features: 1000, kept: 10, train: 40, validation: 20, test: 20 };
  presets(f, [
    { label: t("presetHonest"), set: { ...usual, leak: false } },
    { label: t("presetLeak"), set: { ...usual, leak: true } },
    { label: t("presetFew"), set: { ...usual, leak: true, features: 10, kept: 5 } },
    { label: t("presetMany"), set: { ...usual, leak: true, train: 120, validation: 120, test: 120 } },
  ], { into: top });
  choice(f, { trait: "leak", label: t("leak"), into: top,
    options: [{ value: false, label: t("honest") }, { value: true, label: t("leaky") }] });
  slider(f, { trait: "features", label: t("features"), symbol: "D", min: 10, max: 2000, stops: FEATURES });
  slider(f, { trait: "kept", label: t("kept"), symbol: "k", min: 1, max: 20, step: 1 });
  const symbols = { train: "n", validation: "m", test: "L" };
  for (const set of SETS) {
    slider(f, { trait: set, label: t("size", { label: t(set) }), symbol: symbols[set], min: 10, max: 120, step: 1,
      words: (v) => t("sizeWords", { v }) });
  }
  seedBox(f);
}

/** @param {Frame} f @param {Trials} trials */
function picture(f, trials) {
  const showBands = bands(f);
  const showScores = strip(f);
  const caption = h("p", { class: "xp-caption xp-le-caption" });
  f.stage.append(caption);
  const show = readouts(f);
  return () => {
    const text = sentence(trials);
    showBands(trials.settings);
    showScores(trials, text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(trials);
  };
}

/** What the scores mean, in words. @param {Trials} trials */
export function sentence(trials) {
  const { leak, features, kept, train, validation, test } = trials.settings;
  const percent = trials.means().map(({ mean }) => Math.round(100 * mean));
  const values = { k: kept, D: features, v: percent[0], w: percent[1], f: percent[2], n: train + validation + test };
  if (!leak) return t("sayHonest", values);
  if (trials.means()[0].mean >= SMALL) return t("sayLeak", values);
  return t("saySmall", { ...values, why: t(features <= 50 ? "whyFew" : "whyMany", values) });
}

/**
 * The three sets as bands as wide as they are large; under them, what each is used for.
 * @param {Frame} f
 */
function bands(f) {
  const sets = SETS.map((set) => {
    const size = h("b", {});
    return { set, size, node: h("div", { class: `xp-le-band xp-le-${set}` }, h("span", {}, t(set)), size) };
  });
  /** @param {string} label @param {string} name */
  const use = (label, name) => {
    const bars = SETS.map((set) => h("span", { class: `xp-le-bar xp-le-${name}-${set}` }));
    const node = h("div", { class: "xp-le-use" }, h("span", { class: "xp-le-word" }, label),
      h("span", { class: "xp-le-bars" }, ...bars));
    return { bars, node };
  };
  const uses = { choose: use(t("chooses"), "choose"), learn: use(t("learns"), "learn"), score: use(t("scores"), "score") };
  const box = h("div", { class: "xp-le-bands", role: "img" }, h("div", { class: "xp-le-row" }, ...sets.map(({ node }) => node)),
    uses.choose.node, uses.learn.node, uses.score.node);
  f.stage.append(box);
  return (/** @type {Settings} */ settings) => {
    const total = SETS.reduce((sum, set) => sum + settings[set], 0);
    sets.forEach(({ set, size, node }, i) => {
      const width = `${(100 * settings[set]) / total}%`;
      node.style.inlineSize = width;
      size.textContent = String(settings[set]);
      for (const { bars } of Object.values(uses)) bars[i].style.inlineSize = width;
      uses.choose.bars[i].classList.toggle("xp-le-on", i === 0 || settings.leak);
      uses.choose.bars[i].classList.toggle("xp-le-leaking", i > 0 && settings.leak);
      uses.learn.bars[i].classList.toggle("xp-le-on", i === 0);
      uses.score.bars[i].classList.toggle("xp-le-on", i > 0);
    });
    const { train, validation, test } = settings;
    const choose = t(settings.leak ? "chooseAll" : "chooseTrain");
    box.setAttribute("aria-label", t("bands", { train, validation, test, choose }));
  };
}

/** Accuracies of every data set and their means, in three columns. @param {Frame} f */
function strip(f) {
  const names = [t("validation"), t("test"), t("new")];
  const p = plot(f, { title: t("title"), height: 250, legend: true, table: false,
    x: { label: t("axisX"), min: -0.6, max: 2.6, ticks: [0, 1, 2], format: (v) => names[v] },
    y: { label: t("axisY"), min: 0, max: 1, ticks: [0, 0.25, 0.5, 0.75, 1], format: (v) => String(100 * v) } });
  /** @type {Trials | null} */
  let now = null;
  f.addTable(() => (now ? { caption: t("title"), columns: [t("part"), t("axisY"), t("error")],
    rows: now.means().map(({ mean, error }, k) => [names[k], 100 * mean, 100 * error]) } : []));
  p.hline("chance", 0.5, { label: t("chance") });
  return (/** @type {Trials} */ trials, /** @type {string} */ text) => {
    now = trials;
    const means = trials.means();
    // Spread by the golden ratio: neighbours in time are far apart, and a dot never moves.
    const aside = (/** @type {number} */ r) => 0.6 * (((r * 0.618034) % 1) - 0.5);
    const dots = trials.scores.flatMap((row, r) => row.map((v, k) => [k + aside(r), v]));
    p.points("each", dots, { kind: "muted", r: 1.8, label: t("each") });
    p.errorbars("error", means.map(({ mean, error }, k) => [k, mean, error || 0]));
    p.points("mean", means.map(({ mean }, k) => [k, mean]), { r: 6.5, label: t("mean") });
    p.describe(text);
    f.tableChanged();
  };
}

/** @param {Frame} f */
function readouts(f) {
  const names = /** @type {const} */ ([["validation", "readValidation"], ["test", "readTest"], ["new", "readNew"]]);
  /** @type {number[]} */
  let errors = [];
  const show = names.map(([name, label], k) => readout(f, { name: `${name}_accuracy`, label: t(label), width: 12,
    format: (v) => `${fixed(100 * v, 1)} ± ${fixed(100 * errors[k], 1)} %` }));
  const repeats = readout(f, { name: "repeats", label: t("readRepeats"), width: 4, format: String });
  return (/** @type {Trials} */ trials) => {
    const means = trials.means();
    errors = means.map(({ error }) => error);
    means.forEach(({ mean, error }, k) => {
      show[k](mean);
      f.setReadout(`${names[k][0]}_error`, error);
    });
    repeats(trials.scores.length);
  };
}

export default { render };
