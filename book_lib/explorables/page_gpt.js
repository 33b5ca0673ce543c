// A small GPT in the page: it writes, shows whom each head attends to, and what becomes of one token on the way.

import { tokenizerOf } from "./core/bpe.js";
import { GPT } from "./core/gpt.js";
import { trace } from "./core/gpt_trace.js";
import { CounterRNG } from "./core/rng.js";
import { choose, nextDistribution, order, surprise } from "./core/sampler.js";
import { entropy } from "./core/softmax.js";
import { bars } from "./kit/bars.js";
import { clock } from "./kit/clock.js";
import { button, choice, seedBox, slider } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { onTheme, reducedMotion } from "./kit/theme.js";
import { heat } from "./parts/heat.js";
import { onRequest } from "./parts/load_model.js";
import { passage, spoken } from "./parts/passage.js";
import { promptBox } from "./parts/prompt_box.js";
import { nameOf, tensorStrips } from "./parts/tensors.js";

const HOTTEST = 3;
const BARS = 10;
const COUNTS = [1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 40, 60, 100, 200, 300, 500, 1000];

const t = strings({
  en: {
    name: "A GPT in the page", text: "The text, token by token: arrow keys choose one",
    key: "Underlined: −ln p of what it wrote, from blue and thin (expected) to orange and thick (6 nats). Shaded: whom the chosen token attends to.",
    temperature: "Temperature", zero: "T = 0, the likeliest always", words: "T = {v}", topK: "Top-k", topP: "Top-p", topKWords: "the {v} likeliest tokens", topPWords: "the likeliest tokens, to {v} of the mass",
    layer: "Layer", head: "Head", bars: "Next token: p after temperature, top-k and top-p", colToken: "token", colP: "p", after: "The next token",
    map: "Attention of this head, token by token: rows attend to columns", mapWords: "Layer {layer}, head {head}: {n} tokens attend to those before them and to themselves.",
    follow: "Follow one token down to a single number", followHow: "The chosen token, from its embedding to the next one's probabilities: every tensor of the chosen layer, and of each other layer the stream that it leaves.", vocabulary: "token {token}", seen: "to token {n}, {token}",
    readTokens: "Tokens", readWritten: "Written", readEntropy: "Entropy", readLeft: "Tokens left", readEnergy: "Mean −ln p",
    colN: "number", colText: "token", colEnergy: "−ln p", colWeight: "attention from the chosen token", tableText: "The text", tableTensor: "Tensor: {name}", colEntry: "number", colValue: "value",
    sayReady: "{n} tokens read. The next one: {best}, with p = {p}; {left} of {all} tokens are possible.",
    sayTrailing: "The prompt ends with a space, and tokens bring their own before a word: without it, it goes on better.",
    sayWrote: "It drew {token}, with −ln p = {energy} at T = 1. Next: {best}, with p = {p}; {left} of {all} tokens are possible.",
    sayFull: "The context of {context} tokens is full, and the model stops: more it cannot see at once.", sayEnded: "It has ended the document.",
    sayAttend: "Layer {layer}, head {head}: token {n}, {token}, attends to {list}.", attended: "{token} {weight}", itself: "itself {weight}", latest: "It is the latest; choose one to hold it.", held: "It is held; choose it again to follow the latest.",
    tooLong: "This prompt has {n} tokens, and the model sees {context} at once. Nothing has been cut off: shorten it.", empty: "Type a prompt first.",
  },
  zh: {
    name: "网页里的 GPT", text: "文本，逐个词元：用方向键选择",
    key: "下划线：它所写词元的 −ln p，从蓝而细（意料之中）到橙而粗（6 奈特）。底色：所选词元注意谁。",
    temperature: "温度", zero: "T = 0，总取最可能的", words: "T = {v}", topK: "Top-k", topP: "Top-p", topKWords: "最可能的 {v} 个词元", topPWords: "最可能的词元，直到占 {v} 的概率",
    layer: "层", head: "头", bars: "下一个词元：经过温度、top-k 和 top-p 之后的 p", colToken: "词元", colP: "p", after: "下一个词元",
    map: "这个头的注意力，逐个词元：行注意列", mapWords: "第 {layer} 层第 {head} 个头：{n} 个词元注意自己和之前的词元。",
    follow: "跟踪一个词元，直到单个的数", followHow: "所选词元从嵌入到下一个词元的概率：所选层的每个张量，以及其他各层留下的主干。", vocabulary: "词元 {token}", seen: "对第 {n} 个词元 {token}",
    readTokens: "词元数", readWritten: "已写", readEntropy: "熵", readLeft: "剩余词元", readEnergy: "平均 −ln p",
    colN: "序号", colText: "词元", colEnergy: "−ln p", colWeight: "所选词元对它的注意", tableText: "文本", tableTensor: "张量：{name}", colEntry: "序号", colValue: "值",
    sayReady: "已读 {n} 个词元。下一个：{best}，p = {p}；{all} 个词元中有 {left} 个可能。",
    sayTrailing: "提示以空格结尾，而词元自带词前的空格：去掉它会续写得更好。",
    sayWrote: "抽到 {token}，T = 1 时 −ln p = {energy}。下一个：{best}，p = {p}；{all} 个词元中有 {left} 个可能。",
    sayFull: "{context} 个词元的上下文已满，模型停下：它一次看不了更多。", sayEnded: "它结束了这篇文档。",
    sayAttend: "第 {layer} 层第 {head} 个头：第 {n} 个词元 {token} 注意 {list}。", attended: "{token} {weight}", itself: "自己 {weight}", latest: "这是最新的词元；选一个即可固定它。", held: "它已固定；再选一次即跟随最新的词元。",
    tooLong: "这个提示有 {n} 个词元，而模型一次只看 {context} 个。没有截掉任何内容：请把它缩短。", empty: "请先输入提示。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./parts/load_model.js").Arrays} Arrays */

/** A prompt and what the model writes after it. */
export class Run {
  /** @param {(name: string) => any} get  of a trait @param {Arrays} arrays */
  constructor(get, arrays) {
    this.get = get;
    this.model = GPT.fromArrays(arrays);
    this.tokenizer = tokenizerOf(arrays);
    if (this.tokenizer.size > this.model.config.vocabSize) throw new Error(`the tokenizer has ${this.tokenizer.size} tokens, the model ${this.model.config.vocabSize}`);
    this.ends = new Set(Object.values(this.tokenizer.specials));
    /** Seconds that the tokens so far took, and how many they were: for `tokens_per_second`. */
    this.spent = { seconds: 0, tokens: 0 };
    this.state = this.model.start();
    this.rng = new CounterRNG();
    this.given = 0; // tokens of the prompt that were read
    this.count = 0; // tokens of the prompt
    /** Energies −ln p of the written tokens. @type {number[]} */
    this.energies = [];
    /** What keeps the prompt from being read. @type {"" | "empty" | "tooLong"} */
    this.problem = "";
    /** @type {Float64Array | null} */
    this.logits = null;
    this.restart();
  }

  restart() {
    const ids = this.tokenizer.encode(this.get("prompt"));
    if (!ids.length) ids.push(...[...this.ends].slice(0, 1)); // a document begins where the one before has ended
    this.state = this.model.start();
    this.rng = new CounterRNG(this.get("seed"));
    this.energies = [];
    this.problem = !ids.length ? "empty" : ids.length > this.model.config.context ? "tooLong" : "";
    this.logits = this.problem ? null : this.state.append(ids);
    this.count = ids.length;
    this.given = this.state.length;
  }

  /** The next token's law under the settings. @returns {Float64Array} */
  law() {
    return nextDistribution(this.logits ?? [], { temperature: this.get("temperature"), topK: this.get("top_k"), topP: this.get("top_p") });
  }

  get ended() {
    return this.energies.length > 0 && this.ends.has(this.state.ids[this.state.length - 1]);
  }

  get done() {
    return this.problem !== "" || this.state.room === 0 || this.ended;
  }

  /** @param {number} n */
  step(n) {
    for (let k = 0; k < n && !this.done; k++) {
      const logits = /** @type {Float64Array} */ (this.logits);
      const begin = performance.now();
      const id = choose(this.law(), this.rng.random());
      this.energies.push(surprise(logits, id));
      this.logits = this.state.append([id]);
      this.spent.seconds += (performance.now() - begin) / 1000;
      this.spent.tokens++;
    }
  }

  /** What there is to see. */
  now() {
    const { state, given, energies, problem, model, logits } = this;
    const p = logits ? this.law() : new Float64Array(0);
    const places = logits ? order(logits) : new Uint32Array(0);
    return { ids: state.ids, given, energies, problem, p, places, logits, count: this.count, context: model.config.context, left: p.reduce((sum, v) => sum + Number(v > 0), 0),
      entropy: p.length ? entropy(p) : NaN, full: state.room === 0, ended: this.ended };
  }
}

/** @typedef {ReturnType<Run["now"]>} Now */

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "page_gpt", label: t("name") });
  return onRequest(f, (arrays) => start(f, new Run((name) => model.get(name), arrays)));
}

/** @param {Frame} f @param {Run} run */
function start(f, run) {
  f.stage.classList.add("xp-gpt");
  const error = promptBox(f);
  controls(f, run);
  run.restart(); // a link may have brought another prompt or seed
  const draw = picture(f, run, error);
  const time = clock(f, {
    step: (n) => run.step(n),
    onFrame: () => draw("text"),
    perFrame: () => (reducedMotion() ? 1 : 0.25), // fifteen tokens a second can still be read
    done: () => run.done,
    onReset: () => run.restart(),
  });
  button(f, { label: "+20", where: "toolbar", onClick: () => time.stepOnce(20) });
  for (const name of ["prompt", "seed"]) f.watch(name, () => time.reset());
  for (const name of ["temperature", "top_k", "top_p"]) f.watch(name, () => draw("law"));
  for (const name of ["layer", "head"]) f.watch(name, () => draw("look"));
  onTheme(f, () => draw("look"));
  draw("text");
  f.publish();
}

/** @param {Frame} f @param {Run} run */
function controls(f, run) {
  const { vocabSize } = run.model.config;
  slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: 0, max: HOTTEST, step: 0.05, exact: false, temperature: { neutral: 1 },
    words: (v) => (v === 0 ? t("zero") : t("words", { v: significant(v, 3) })) });
  slider(f, { trait: "top_k", label: t("topK"), symbol: "k", min: 1, max: vocabSize, stops: [...COUNTS.filter((k) => k < vocabSize), vocabSize], format: String, words: (v) => t("topKWords", { v }) });
  slider(f, { trait: "top_p", label: t("topP"), symbol: "p", min: 0.05, max: 1, step: 0.05, words: (v) => t("topPWords", { v: significant(v, 3) }) });
  seedBox(f);
}

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {Run} run @param {(text: string) => void} error  under the prompt */
function picture(f, run, error) {
  /** Which token the reader holds; −1 follows the latest. */
  let chosen = -1;
  const caption = h("p", { class: "xp-caption" });
  const attends = h("p", { class: "xp-caption xp-gpt-attends" });
  const pick = (/** @type {number} */ i) => {
    chosen = i === chosen ? -1 : i;
    draw("look");
    f.announce(attends.textContent ?? "");
  };
  const write = passage(f, { label: t("text"), into: f.stage, onPick: pick });
  f.stage.append(h("p", { class: "xp-help" }, t("key")), caption);
  const panes = h("div", { class: "xp-gpt-panes" });
  f.root.append(panes); // below the controls: Play stays beside the text, and the sampler beside the bars
  const showBars = nextBars(f, run, panes);
  const showMap = attentionMap(f, run, panes, pick);
  f.root.append(attends);
  const follow = tensorPane(f, run, () => position());
  const read = readouts(f);
  tables(f, run, () => position());
  const position = () => (chosen >= 0 && chosen < run.state.length ? chosen : run.state.length - 1);
  /** @param {"text" | "law" | "look"} what  has changed: the text; the sampler; the layer, the head or the chosen token */
  const draw = (what) => {
    if (what === "text" && run.energies.length === 0) chosen = -1;
    const now = run.now();
    const at = position();
    const [layer, head] = [looked(f, "layer", run.model.config.layers), looked(f, "head", run.model.config.heads)];
    const text = sentence(now, run);
    if (caption.textContent !== text) caption.textContent = text;
    error(now.problem ? text : "");
    if (what !== "look") {
      showBars(now);
      read(now, run);
    }
    if (what !== "law") {
      const weights = at >= 0 ? run.state.attentionRow(layer, head, at) : new Float64Array(0);
      write(now.ids.map((id, i) => ({ text: run.tokenizer.show(id), energy: now.energies[i - now.given] ?? null, shade: weights[i] ?? 0 })), at);
      attends.textContent = at < 0 ? "" : `${attention(run, layer, head, at, weights)} ${t(chosen < 0 ? "latest" : "held")}`;
      showMap(layer, head, at);
      follow(layer);
      f.setReadout("token", at + 1);
    }
    if (what !== "look") f.announce(text);
    f.tableChanged();
  };
  return draw;
}

/** A layer or a head from 0, kept within what the model has. @param {Frame} f @param {string} trait @param {number} most */
const looked = (f, trait, most) => Math.min(most, Math.max(1, f.model.get(trait))) - 1;

/** @param {Frame} f @param {Run} run @param {HTMLElement} into */
function nextBars(f, run, into) {
  const box = h("figure", { class: "xp-gpt-pane" }, h("figcaption", { class: "xp-label" }, t("bars")));
  into.append(box);
  const show = bars(f, { title: t("bars"), into: box, columns: [t("colToken"), t("colP")], format: (v) => fixed(v, 3) });
  return (/** @type {Now} */ { p, places }) => show(Array.from(places.subarray(0, BARS), (id) => ({ label: visible(run.tokenizer.show(id)), value: p[id] })));
}

/** A token in a row of its own: spaces and ends of lines can be seen. @param {string} text */
const visible = (text) => text.replaceAll(" ", "·").replaceAll("\n", "↵");

/**
 * Layer and head, and all rows of this head as a picture; the chosen token's row is framed, and a press chooses another.
 * @param {Frame} f @param {Run} run @param {HTMLElement} into @param {(i: number) => void} pick
 */
function attentionMap(f, run, into, pick) {
  const { layers, heads } = run.model.config;
  const paint = heat(f, 1);
  const canvas = h("canvas", { class: "xp-gpt-map", role: "img", width: 1, height: 1 });
  const ring = h("span", { class: "xp-strip-ring", "aria-hidden": "true" });
  const choices = h("div", { class: "xp-gpt-row" });
  into.append(h("figure", { class: "xp-gpt-pane" }, choices, h("figcaption", { class: "xp-label" }, t("map")), h("div", { class: "xp-gpt-map-box" }, canvas, ring)));
  const upTo = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => ({ value: i + 1, label: String(i + 1) }));
  if (layers > 1) choice(f, { trait: "layer", label: t("layer"), options: upTo(layers), into: choices });
  if (heads > 1) choice(f, { trait: "head", label: t("head"), options: upTo(heads), into: choices });
  canvas.addEventListener("click", (event) => {
    const { top, height } = canvas.getBoundingClientRect();
    const i = Math.floor(((event.clientY - top) / height) * run.state.length);
    if (i >= 0 && i < run.state.length) pick(i);
  }, { signal: f.signal });
  return (/** @type {number} */ layer, /** @type {number} */ head, /** @type {number} */ at) => {
    const n = run.state.length;
    const all = run.state.attention(layer, head);
    paint(canvas, Math.max(1, n), (i) => Math.sqrt(all[i] ?? 0)); // roots: small weights can be seen
    canvas.setAttribute("aria-label", t("mapWords", { layer: layer + 1, head: head + 1, n }));
    ring.hidden = at < 0;
    Object.assign(ring.style, { insetInline: "0", insetBlockStart: `${(100 * at) / Math.max(1, n)}%`, blockSize: `${100 / Math.max(1, n)}%` });
  };
}

/** Every tensor of the chosen token, in a box that opens. @param {Frame} f @param {Run} run @param {() => number} position */
function tensorPane(f, run, position) {
  const box = h("details", { class: "xp-gpt-follow" }, h("summary", {}, t("follow")), h("p", { class: "xp-help" }, t("followHow")));
  f.root.append(box);
  let layer = 0;
  const { layers } = run.model.config;
  const strips = tensorStrips(f, { into: box, layers, onChoose: () => draw() });
  const label = (/** @type {import("./core/gpt_trace.js").Tensor} */ { name, shape }, /** @type {number} */ i) => {
    if (name === "logits" || name === "p") return t("vocabulary", { token: spoken(run.tokenizer.show(i)) });
    if (name !== "scores" && name !== "weights") return "";
    const s = i % shape[1];
    return t("seen", { n: s + 1, token: spoken(run.tokenizer.show(run.state.ids[s])) });
  };
  const draw = () => {
    const at = position();
    if (!box.open || at < 0) return;
    const tensors = trace(run.state, at).filter((one) => one.layer === layer || one.layer < 0 || one.layer >= layers || one.name === "x"); // of the other layers, what they leave
    strips.draw({ tensors, label });
    const { tensor, i } = strips.chosen();
    f.setReadout("tensor", tensor.name);
    f.setReadout("number", i + 1);
    f.setReadout("entry", tensor.data[i]);
    f.setReadout("made", tensor.explain(i).value);
  };
  box.addEventListener("toggle", draw, { signal: f.signal });
  f.addTable(() => {
    const { tensor } = strips.chosen();
    if (!box.open || !tensor) return [];
    return { caption: t("tableTensor", { name: nameOf(tensor, layers) }), columns: [t("colEntry"), t("colValue")], rows: Array.from(tensor.data, (v, i) => [i + 1, v]) };
  });
  return (/** @type {number} */ next) => {
    layer = next;
    draw();
  };
}

/** @param {Frame} f @param {Run} run @param {() => number} position */
function tables(f, run, position) {
  f.addTable(() => {
    const at = position();
    const weights = at >= 0 ? run.state.attentionRow(looked(f, "layer", run.model.config.layers), looked(f, "head", run.model.config.heads), at) : [];
    return { caption: t("tableText"), columns: [t("colN"), t("colText"), t("colEnergy"), t("colWeight")],
      rows: run.state.ids.map((id, i) => [i + 1, visible(run.tokenizer.show(id)), run.energies[i - run.given] ?? null, weights[i] ?? null]) };
  });
}

// ---------------------------------------------------------------------------------------------------------- words

/** Where the text stands. @param {Now} now @param {Run} run */
export function sentence(now, run) {
  const { problem, places, p, ids, energies, left, context } = now;
  if (problem) return t(problem, { n: now.count, context });
  const show = (/** @type {number} */ id) => spoken(run.tokenizer.show(id));
  const values = { n: ids.length, best: show(places[0]), p: fixed(p[places[0]], 2), left, all: p.length, context };
  const last = energies.length ? t("sayWrote", { ...values, token: show(ids[ids.length - 1]), energy: fixed(energies[energies.length - 1], 2) }) : t("sayReady", values) + (run.get("prompt").endsWith(" ") ? ` ${t("sayTrailing")}` : "");
  if (now.ended) return t("sayEnded");
  return now.full ? t("sayFull", values) : last;
}

/** Whom a token attends to. @param {Run} run @param {number} layer @param {number} head @param {number} at @param {Float64Array} weights */
function attention(run, layer, head, at, weights) {
  const show = (/** @type {number} */ i) => spoken(run.tokenizer.show(run.state.ids[i]));
  const best = Array.from(weights, (_, i) => i).sort((a, b) => weights[b] - weights[a] || b - a).slice(0, 3);
  const list = best.map((i) => t(i === at ? "itself" : "attended", { token: show(i), weight: fixed(weights[i], 2) })).join(", ");
  return t("sayAttend", { layer: layer + 1, head: head + 1, n: at + 1, token: show(at), list });
}

/** @param {Frame} f */
function readouts(f) {
  const make = (/** @type {string} */ name, /** @type {string} */ label, /** @type {(v: any) => string} */ format, width = 5) => readout(f, { name, label: t(label), format, width });
  const tokens = make("tokens", "readTokens", String, 4);
  const written = make("written", "readWritten", String, 4);
  const energy = make("energy", "readEnergy", (v) => fixed(v, 2));
  const left = make("left", "readLeft", String, 4);
  const spread = make("entropy", "readEntropy", (v) => fixed(v, 2));
  return (/** @type {Now} */ now, /** @type {Run} */ run) => {
    tokens(now.ids.length);
    written(now.energies.length);
    energy(now.energies.length ? now.energies.reduce((a, b) => a + b, 0) / now.energies.length : NaN);
    left(now.left);
    spread(now.entropy);
    f.setReadout("text", run.tokenizer.decode(now.ids.slice(now.given)));
    f.setReadout("ids", now.ids.join(" "));
    f.setReadout("logits", now.logits ? Array.from(now.logits, (v) => Number(v.toPrecision(9))).join(" ") : "");
    f.setReadout("tokens_per_second", run.spent.tokens ? run.spent.tokens / run.spent.seconds : 0);
  };
}

export default { render };
