// Melt a sentence: each token is argmax(z/T + g) with noise g that stays, beside a magnet at the same temperature.

import { tokenizerOf } from "./core/bpe.js";
import { GPT } from "./core/gpt.js";
import { CRITICAL_TEMPERATURE, onsagerEntropy, onsagerSpecificHeat } from "./core/onsager.js";
import { noiseAt, surprise, thermalOf } from "./core/sampler.js";
import { gumbelArgmax } from "./core/softmax.js";
import { clock } from "./kit/clock.js";
import { seedBox, slider } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { bet, isMade } from "./parts/bet.js";
import { onRequest } from "./parts/load_model.js";
import { passage } from "./parts/passage.js";
import { promptBox } from "./parts/prompt_box.js";

const HOTTEST = 4;
const STEP = 0.02; // by which a step heats
const NUDGE = 1.05; // what the bet turns T = 1 to, as in melt_sentence.py
const COLDEST = 0.1; // where the curves begin
const POINTS = 40; // of a curve
const LEAST = 4; // tokens of a sentence, as in melt_sentence.py
const TALL = 3; // of the plot of heat capacities: Onsager's has no top

const t = strings({
  en: {
    name: "Melt a sentence",
    ask: "Before you heat: each token is argmax(z/T + g), and the noise g stays. From T = 1 to T = 1.05, what becomes of the sentence?",
    askHow: "Its noise has been drawn once, a number for each token of the vocabulary at each place.",
    betNone: "Nothing changes", betSome: "It stays up to some word", betAll: "All of it changes", skip: "Just show me",
    text: "The sentence", key: "Underlined: −ln p at T = 1, from blue and thin (expected) to orange and thick (6 nats). Bold: other than at the temperature before.",
    temperature: "Temperature", zero: "T = 0, the likeliest always", words: "T = {v}", nearCritical: "T = {v}, near the magnet's critical temperature",
    titleS: "Entropy against temperature, as a share of its largest", titleC: "Heat capacity against temperature", axisT: "temperature T", axisS: "S / S at T = ∞", axisC: "Var E / T²",
    token: "a token of this text", spin: "a spin of the magnet",
    readS: "S of a token", readC: "Var E/T² of a token", readSpinS: "S of a spin", readSpinC: "Var E/T² of a spin", readEnergy: "Mean −ln p", readChanged: "Changed tokens",
    colPlace: "place", colToken: "token", colEnergy: "−ln p", colS: "S", colC: "Var E/T²", tableText: "The sentence",
    sayCold: "T = 0: at each place the likeliest token, whatever the noise.",
    sayChanged: "T = {T}: {changed} of {n} tokens are others than at T = {before}; the first at place {first}. What follows a token that has flipped is read after another text.",
    sayStill: "T = {T}: no token has changed its mind since T = {before}, since in each race z/T + g the same one still leads.", sayStart: "T = {T}. Turn it: the noise stays.",
    sayThermal: "A token has S = {S} nats and Var E/T² = {C} on average.",
    verdictNone: "From T = 1 to 1.05 no token changed.", verdictSome: "From T = 1 to 1.05, {changed} of {n} tokens changed, the first at place {first}: up to there the sentence stayed.", verdictAll: "From T = 1 to 1.05 the very first token changed.",
    right: "You bet right.", wrong: "You bet otherwise.",
    tooLong: "This prompt has {n} tokens, and the model sees {context} at once, the sentence among them. Nothing has been cut off: shorten it. Below is the sentence of the prompt before.",
    empty: "Type a prompt first. Below is the sentence of the prompt before.",
  },
  zh: {
    name: "融化一个句子",
    ask: "加热之前：每个词元是 argmax(z/T + g)，噪声 g 保持不变。从 T = 1 到 T = 1.05，句子会怎样？",
    askHow: "噪声只抽取一次：每个位置上，词表的每个词元各一个数。",
    betNone: "什么都不变", betSome: "到某个词为止不变", betAll: "全都改变", skip: "直接看",
    text: "句子", key: "下划线：T = 1 时的 −ln p，从蓝而细（意料之中）到橙而粗（6 奈特）。粗体：与前一个温度时不同。",
    temperature: "温度", zero: "T = 0，总取最可能的", words: "T = {v}", nearCritical: "T = {v}，接近磁体的临界温度",
    titleS: "熵随温度的变化（占最大值的比例）", titleC: "热容随温度的变化", axisT: "温度 T", axisS: "S / T = ∞ 时的 S", axisC: "Var E / T²",
    token: "这段文本的一个词元", spin: "磁体的一个自旋",
    readS: "词元的 S", readC: "词元的 Var E/T²", readSpinS: "自旋的 S", readSpinC: "自旋的 Var E/T²", readEnergy: "平均 −ln p", readChanged: "改变的词元",
    colPlace: "位置", colToken: "词元", colEnergy: "−ln p", colS: "S", colC: "Var E/T²", tableText: "句子",
    sayCold: "T = 0：每个位置都取最可能的词元，不管噪声如何。",
    sayChanged: "T = {T}：{n} 个词元中有 {changed} 个与 T = {before} 时不同；第一个在位置 {first}。翻转之后的词元读到的是另一段文本。",
    sayStill: "T = {T}：自 T = {before} 以来没有词元改变，因为每场 z/T + g 的竞赛中领先者未变。", sayStart: "T = {T}。转动它：噪声不变。",
    sayThermal: "每个词元平均 S = {S} 奈特，Var E/T² = {C}。",
    verdictNone: "从 T = 1 到 1.05 没有词元改变。", verdictSome: "从 T = 1 到 1.05，{n} 个词元中有 {changed} 个改变，第一个在位置 {first}：在那之前句子不变。", verdictAll: "从 T = 1 到 1.05 第一个词元就变了。",
    right: "你猜对了。", wrong: "你猜的不是这样。",
    tooLong: "这个提示有 {n} 个词元，而模型一次只看 {context} 个，其中还包括句子。没有截掉任何内容：请把它缩短。下面是前一个提示的句子。",
    empty: "请先输入提示。下面是前一个提示的句子。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./parts/load_model.js").Arrays} Arrays */

/** The sentence at a temperature; of the text before the first token that changes nothing is computed again. */
export class Run {
  /** @param {(name: string) => any} get  of a trait @param {Arrays} arrays */
  constructor(get, arrays) {
    this.get = get;
    this.model = GPT.fromArrays(arrays);
    this.tokenizer = tokenizerOf(arrays);
    this.state = this.model.start();
    /** The prompt that is read. @type {number[]} */
    this.prompt = [];
    /** What keeps another one from being read. @type {"" | "empty" | "tooLong"} */
    this.problem = "";
    this.asked = 0; // tokens of the prompt as typed
    this.given = 0; // tokens of the prompt
    this.length = 0; // tokens of the sentence
    /** Logits before each token. @type {Float64Array[]} */
    this.rows = [];
    /** @type {Float64Array[]} */
    this.noise = [];
    /** @type {number[]} */
    this.ids = [];
    this.T = 0;
    /** The temperature before. @type {number | null} */
    this.before = null;
    /** Places whose token is another than at the temperature before. @type {number[]} */
    this.changed = [];
    this.begin();
  }

  /** Read the prompt, draw the noise, write the sentence. */
  begin() {
    const prompt = this.tokenizer.encode(this.get("prompt"));
    if (!prompt.length) prompt.push(...Object.values(this.tokenizer.specials).slice(0, 1));
    const { context } = this.model.config;
    this.asked = prompt.length;
    this.problem = !prompt.length ? "empty" : prompt.length + LEAST > context ? "tooLong" : "";
    if (this.problem && !this.prompt.length) throw new RangeError(t(this.problem, { n: prompt.length, context }));
    if (!this.problem) this.prompt = prompt;
    this.given = this.prompt.length;
    this.length = Math.min(this.get("length"), context - this.given);
    this.state = this.model.start();
    this.rows = [this.state.append(this.prompt)];
    this.noise = Array.from({ length: this.length }, (_, place) => noiseAt(this.get("seed"), place, this.model.config.vocabSize));
    this.ids = [];
    this.T = this.get("temperature");
    this.before = null;
    this.changed = [];
    this.write(this.T);
  }

  /** @param {number} T */
  write(T) {
    const old = this.ids;
    const { state, rows, noise, given, length } = this;
    const ids = [];
    for (let place = 0; place < length; place++) {
      const id = gumbelArgmax(rows[place], T, noise[place]);
      ids.push(id);
      if (place + 1 === length || (id === old[place] && rows.length > place + 1)) continue;
      state.truncate(given + place); // from the first flip on the model reads another text
      rows.length = place + 1;
      rows.push(state.append([id]));
    }
    this.ids = ids;
    return old.length ? ids.flatMap((id, place) => (id === old[place] ? [] : [place])) : [];
  }

  /** Follow the temperature. */
  turn() {
    const T = this.get("temperature");
    if (T === this.T) return;
    this.before = this.T;
    this.T = T;
    this.changed = this.write(T);
  }

  /** What changes from T = 1 to NUDGE: how many tokens, and the first place, from 0 (−1: none). */
  nudge() {
    this.write(1);
    const changed = this.write(NUDGE);
    this.write(this.T);
    return { count: changed.length, first: changed[0] ?? -1 };
  }

  /** Entropy and heat capacity of each token's law. */
  thermal() {
    return this.rows.slice(0, this.length).map((z) => thermalOf(z, this.T));
  }

  /** The same for the contexts of the present sentence at other temperatures, means over its tokens. @param {number[]} temperatures */
  curves(temperatures) {
    const rows = this.rows.slice(0, this.length);
    return temperatures.map((T) => {
      let [S, C] = [0, 0];
      for (const z of rows) {
        const { entropy, heat } = thermalOf(z, T);
        S += entropy;
        C += heat;
      }
      return { T, S: S / rows.length, C: C / rows.length };
    });
  }

  now() {
    const { ids, T, before, changed, length, rows } = this;
    const energies = ids.map((id, place) => surprise(rows[place], id));
    const all = this.thermal();
    const mean = (/** @type {number[]} */ x) => x.reduce((a, b) => a + b, 0) / x.length;
    return { ids, T, before, changed, length, energies, all, S: mean(all.map((one) => one.entropy)), C: mean(all.map((one) => one.heat)), energy: mean(energies),
      spinS: T > 0 ? onsagerEntropy(T) : 0, spinC: T > 0 ? onsagerSpecificHeat(T) : 0 };
  }
}

/** @typedef {ReturnType<Run["now"]>} Now */
/** @typedef {ReturnType<Run["nudge"]>} Nudge */

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "melt_sentence", label: t("name") });
  return onRequest(f, (arrays) => start(f, new Run((name) => model.get(name), arrays)));
}

/** @param {Frame} f @param {Run} run */
function start(f, run) {
  const { model } = f;
  f.stage.classList.add("xp-melt");
  const showError = promptBox(f);
  const first = model.get("temperature");
  slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: 0, max: HOTTEST, step: 0.01, exact: false, temperature: { neutral: 1 }, words: heatWords });
  seedBox(f);
  run.begin(); // a link may have brought another prompt, seed or temperature
  const draw = picture(f, run, showError);
  const heat = (/** @type {number} */ n) => {
    f.model.set("temperature", Math.min(HOTTEST, Number((model.get("temperature") + n * STEP).toFixed(4))));
    f.model.save_changes();
  };
  const time = clock(f, {
    step: heat,
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 1 : 0.15), // nine a second: words flip, nothing flickers
    maxFps: 60,
    done: () => model.get("temperature") >= HOTTEST,
    onReset: () => {
      model.set("temperature", first);
      model.save_changes();
      run.begin();
    },
  });
  f.watch("temperature", () => {
    run.turn();
    draw();
  });
  for (const name of ["prompt", "seed"]) f.watch(name, () => {
    time.pause();
    run.begin();
    draw();
  });
  f.watch("prediction", draw);
  draw();
  f.publish();
}

/** @param {number} T */
function heatWords(T) {
  if (T === 0) return t("zero");
  return t(Math.abs(T - CRITICAL_TEMPERATURE) < 0.06 ? "nearCritical" : "words", { v: significant(T, 3) });
}

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {Run} run @param {(text: string) => void} showError  under the prompt */
function picture(f, run, showError) {
  const card = bet(f, { ask: t("ask"), how: t("askHow"), answers: [["none", t("betNone")], ["some", t("betSome")], ["all", t("betAll")], ["skipped", t("skip")]] });
  const write = passage(f, { label: t("text"), into: f.stage, scrolls: true });
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(h("p", { class: "xp-help" }, t("key")), caption);
  const show = thermalPlots(f, run);
  const read = readouts(f, run);
  /** @type {{noise: Float64Array[], nudge: Nudge} | null} */
  let nudged = null;
  f.addTable(() => {
    const now = run.now();
    return { caption: t("tableText"), columns: [t("colPlace"), t("colToken"), t("colEnergy"), t("colS"), t("colC")],
      rows: now.ids.map((id, i) => [i + 1, run.tokenizer.show(id).replaceAll("\n", "↵").replaceAll(" ", "·"), now.energies[i], now.all[i].entropy, now.all[i].heat]) };
  });
  return () => {
    card.show();
    if (isMade(f) && nudged?.noise !== run.noise) nudged = { noise: run.noise, nudge: run.nudge() };
    const now = run.now();
    const given = run.state.ids.slice(0, run.given).map((id) => ({ text: run.tokenizer.show(id) }));
    const fresh = new Set(now.changed);
    write([...given, ...now.ids.map((id, i) => ({ text: run.tokenizer.show(id), energy: now.energies[i], fresh: fresh.has(i) }))]);
    const problem = run.problem && t(run.problem, { n: run.asked, context: run.model.config.context });
    showError(problem);
    const text = problem || sentence(now, isMade(f) ? f.model.get("prediction") : "", nudged?.nudge);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now, text);
    read(now, nudged && isMade(f) ? nudged.nudge : null);
    f.tableChanged();
  };
}

/** Entropy and heat capacity against T: of the text that stands there, and of the magnet. @param {Frame} f @param {Run} run */
function thermalPlots(f, run) {
  const panes = h("div", { class: "xp-melt-panes" });
  f.root.append(panes); // below the controls: the temperature stays beside the sentence, on a telephone too
  const x = { label: t("axisT"), min: 0, max: HOTTEST };
  const entropy = plot(f, { title: t("titleS"), height: 220, legend: true, into: panes, x, y: { label: t("axisS"), min: 0, max: 1 } });
  const heat = plot(f, { title: t("titleC"), height: 220, legend: true, into: panes, x, y: { label: t("axisC"), min: 0, max: TALL } });
  const temperatures = Array.from({ length: POINTS }, (_, i) => COLDEST + ((HOTTEST - COLDEST) * i) / (POINTS - 1));
  const close = Array.from({ length: 161 }, (_, i) => 0.1 + (i * (HOTTEST - 0.1)) / 160);
  const magnet = { S: close.map((T) => [T, onsagerEntropy(T) / Math.LN2]), C: close.map((T) => [T, onsagerSpecificHeat(T)]) };
  const most = Math.log(run.model.config.vocabSize);
  return (/** @type {Now} */ now, /** @type {string} */ text) => {
    const curves = run.curves(temperatures);
    entropy.line("spin", magnet.S, { kind: "mean_field", label: t("spin") });
    entropy.line("token", curves.map(({ T, S }) => [T, S / most]), { kind: "simulation", label: t("token") });
    entropy.marker("at spin", [now.T, now.spinS / Math.LN2], { kind: "mean_field" });
    entropy.marker("at", [now.T, now.S / most], { kind: "simulation" });
    const high = Math.max(TALL, Math.ceil(Math.max(...curves.map(({ C }) => C), now.C)));
    if (heat.y.max !== high) heat.axes({ y: { max: high } });
    heat.line("spin", magnet.C, { kind: "mean_field", label: t("spin") });
    heat.line("token", curves.map(({ T, C }) => [T, C]), { kind: "simulation", label: t("token") });
    heat.marker("at spin", [now.T, Math.min(high, now.spinC)], { kind: "mean_field" });
    heat.marker("at", [now.T, now.C], { kind: "simulation" });
    entropy.describe(text);
    heat.describe(text);
  };
}

// ---------------------------------------------------------------------------------------------------------- words

/** How the sentence stands. @param {Now} now @param {string} prediction @param {Nudge} [nudge] */
export function sentence(now, prediction, nudge) {
  const { T, before, changed, length: n, S, C } = now;
  const number = (/** @type {number} */ v) => significant(v, 3);
  const values = { T: number(T), before: before === null ? "" : number(before), changed: changed.length, n, first: (changed[0] ?? 0) + 1 };
  const said = [before === null ? t("sayStart", values) : t(changed.length ? "sayChanged" : "sayStill", values)];
  if (T === 0) said.push(t("sayCold"));
  said.push(t("sayThermal", { S: fixed(S, 2), C: fixed(C, 2) }));
  if (!prediction || prediction === "skipped" || !nudge) return said.join(" ");
  const came = nudge.first < 0 ? "none" : nudge.first === 0 ? "all" : "some";
  const verdict = t({ none: "verdictNone", some: "verdictSome", all: "verdictAll" }[came], { changed: nudge.count, n, first: nudge.first + 1 });
  return [...said, verdict, t(came === prediction ? "right" : "wrong")].join(" ");
}

/** @param {Frame} f @param {Run} run */
function readouts(f, run) {
  const make = (/** @type {string} */ name, /** @type {string} */ label, digits = 2) => readout(f, { name, label: t(label), format: (v) => fixed(v, digits), width: 5 });
  const [S, C, energy] = [make("entropy", "readS"), make("heat", "readC"), make("energy", "readEnergy")];
  const [spinS, spinC, changed] = [make("spin_entropy", "readSpinS"), make("spin_heat", "readSpinC"), make("changed", "readChanged", 0)];
  return (/** @type {Now} */ now, /** @type {Nudge | null} */ nudge) => {
    S(now.S);
    C(now.C);
    energy(now.energy);
    spinS(now.spinS);
    spinC(now.spinC);
    changed(now.changed.length);
    f.setReadout("ids", now.ids.join(" "));
    f.setReadout("text", run.tokenizer.decode(now.ids));
    f.setReadout("nudged", nudge ? nudge.count : -1);
  };
}

export default { render };
