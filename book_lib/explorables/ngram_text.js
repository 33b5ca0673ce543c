// An n-gram model of letters: it writes, and it meets text that it has not counted.

import { sampleCategorical } from "./core/cumulative.js";
import { NGram, Survey, countLevels } from "./core/ngram.js";
import { CounterRNG } from "./core/rng.js";
import { bars } from "./kit/bars.js";
import { clock } from "./kit/clock.js";
import { choice, seedBox, slider } from "./kit/controls.js";
import { h, uniqueId } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { bet, isMade } from "./parts/bet.js";

const HIGHEST = 5; // as in ngram_text.py
const SHOWN = 80; // characters written at first
const MOST = 600;
const BARS = 6;
const START = 40; // characters that a start may have

const t = strings({
  en: {
    name: "An n-gram model writes",
    ask: "The more letters the model looks back at, the better? At which order is it least surprised by text that it has not counted?",
    askHow: "Order n looks at the n − 1 letters before. Its perplexity on what it has counted is drawn; the other one waits for your bet.",
    skip: "Just show me",
    order: "Order", orderSpoken: "order {n}: {k} letters of context", smoothing: "Smoothing", amount: "Added to each count",
    add: "add k", wittenBell: "Witten–Bell", none: "none", start: "Begin with",
    written: "What it writes", next: "The next letter", blind: "The next letter: this context was never counted, all are alike", letter: "letter", probability: "probability",
    plot: "Perplexity and order", axisN: "order n", axisP: "perplexity", counted: "counted", held: "held out", bet: "your bet",
    train: "Perplexity, counted", heldOut: "Perplexity, held out", contexts: "Contexts seen", characters: "Characters written",
    unknown: "Left out, as no text here has them: {letters}",
    stopped: " … and here it stops: this context was never continued, and without smoothing it has no law.",
    sayOne: "Order 1 knows how frequent letters are, and nothing of their order. ",
    sayFew: "Order {n}: the last {k} decide. Of {possible} possible contexts {seen} occur in {size} counted characters. ",
    sayHidden: "On what it has counted its perplexity is {train}; on other text, see after your bet.",
    sayHeld: "Perplexity {train} where it has counted, {held} where not; least is {least}, at order {best}.",
    sayHeart: "It knows its text by heart: {train} where it has counted, {held} where not. Least is {least}, at order {best}.",
    sayNever: "Without smoothing {unseen} of {other} held-out letters are impossible after their context: perplexity ∞.",
    right: " You bet right.", wrong: " You bet on order {bet}: there it is {value}.",
  },
  zh: {
    name: "n 元模型写作",
    ask: "模型往回看的字母越多就越好吗？在哪一阶，它对没数过的文本最不惊讶？",
    askHow: "n 阶模型看前面的 n − 1 个字母。已画出它在数过的文本上的困惑度；另一条等你下注。",
    skip: "直接看",
    order: "阶数", orderSpoken: "{n} 阶：{k} 个字母的上文", smoothing: "平滑", amount: "每个计数加上",
    add: "加 k", wittenBell: "Witten–Bell", none: "无", start: "开头",
    written: "它写出的文字", next: "下一个字母", blind: "下一个字母：这个上文从未数过，一视同仁", letter: "字母", probability: "概率",
    plot: "困惑度与阶数", axisN: "阶数 n", axisP: "困惑度", counted: "数过的", held: "留出的", bet: "你的下注",
    train: "困惑度（数过的）", heldOut: "困惑度（留出的）", contexts: "见过的上文", characters: "已写字符",
    unknown: "文本中没有、因而略去：{letters}",
    stopped: " ……写到这里停住：这个上文从未有过后续，不平滑就没有分布。",
    sayOne: "一阶只知道各字母有多常见，不知道它们的次序。",
    sayFew: "{n} 阶：由前 {k} 个决定。{possible} 种可能的上文中，{size} 个数过的字符里出现了 {seen} 种。",
    sayHidden: "在数过的文本上困惑度为 {train}；别的文本，下注后再看。",
    sayHeld: "数过的文本上困惑度 {train}，没数过的 {held}；最小为 {least}，在 {best} 阶。",
    sayHeart: "它把文本背了下来：数过的 {train}，没数过的 {held}。最小为 {least}，在 {best} 阶。",
    sayNever: "不平滑时，留出的 {other} 个字母中有 {unseen} 个在其上文之后是不可能的：困惑度为 ∞。",
    right: "你猜对了。", wrong: "你猜的是 {bet} 阶：那里是 {value}。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/ngram.js").Smoothing} Smoothing */
/** @typedef {{n: number, model: NGram, train: number[], held: number[], unseen: number, letters: string[], sizes: number[], bet: string}} State */

/** Texts as numbers, counted once. */
export class Corpus {
  /** @param {string} train @param {string} heldOut */
  constructor(train, heldOut) {
    this.letters = [...new Set(train + heldOut)].sort();
    this.number = new Map(this.letters.map((letter, i) => [letter, i]));
    const texts = [train, heldOut].map((text) => this.ids(text));
    this.sizes = texts.map((ids) => ids.length);
    this.levels = countLevels(texts[0], HIGHEST, this.letters.length);
    this.surveys = texts.map((ids) => new Survey(this.levels, ids, this.letters.length));
  }

  /** @param {string} text @returns {number[]} characters that are unknown left out */
  ids(text) {
    return [...text].flatMap((letter) => this.number.get(letter) ?? []);
  }

  /** @param {number} order @param {Smoothing} smoothing @param {number} amount */
  model(order, smoothing, amount) {
    return new NGram({ order, vocabSize: this.letters.length, smoothing, amount, levels: this.levels });
  }

  /** Perplexities of both texts at every order. @param {Smoothing} smoothing @param {number} amount @returns {number[][]} */
  perplexities(smoothing, amount) {
    return this.surveys.map((survey) => Array.from({ length: HIGHEST }, (_, i) => Math.exp(smoothing === "witten-bell"
      ? survey.wittenBell[i] : survey.added(i + 1, smoothing === "add" ? amount : 0))));
  }
}

/** A text that goes on; the same luck with another model gives another text. */
export class Writer {
  /** @param {NGram} model @param {number[]} start @param {number} seed */
  constructor(model, start, seed) {
    this.model = model;
    this.rng = new CounterRNG(seed);
    this.first = start.length;
    this.ids = [...start];
  }

  /** @param {number} count  of characters after the start, in all */
  reach(count) {
    while (this.ids.length < this.first + count && !this.stuck) this.ids.push(sampleCategorical(this.model.probabilities(this.ids), 1, this.rng)[0]);
    return this;
  }

  get stuck() {
    return !this.model.hasLaw(this.ids);
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "ngram_text", label: t("name") });
  const get = (/** @type {string} */ trait) => model.get(trait);
  let corpus = new Corpus(get("train_text"), get("held_out_text"));
  let count = SHOWN;
  /** @type {Writer} */
  let writer;
  const rewrite = () => void (writer = new Writer(corpus.model(get("order"), get("smoothing"), get("amount")),
    corpus.ids(beginning(get)), get("seed")));
  const card = bet(f, { ask: t("ask"), how: t("askHow"),
    answers: [...Array.from({ length: HIGHEST }, (_, i) => /** @type {[string, string]} */ ([String(i + 1), String(i + 1)])), ["skipped", t("skip")]] });
  const show = picture(f);
  const draw = () => {
    card.show();
    unknown([...beginning(get)].filter((letter) => !corpus.number.has(letter)));
    show(stateOf(corpus, get), writer.reach(count));
  };
  const again = () => {
    rewrite();
    draw();
  };
  clock(f, {
    step: (k) => void (count = Math.min(MOST, count + k)),
    onFrame: draw,
    onReset() {
      count = SHOWN;
      rewrite();
    },
    done: () => count >= MOST || writer.stuck,
    perFrame: () => (reducedMotion() ? 5 : 0.5),
  });
  const unknown = controls(f);
  for (const trait of ["order", "smoothing", "amount", "start", "seed"]) f.watch(trait, again);
  for (const trait of ["train_text", "held_out_text"]) f.watch(trait, () => {
    corpus = new Corpus(get("train_text"), get("held_out_text"));
    again();
  });
  f.watch("prediction", draw);
  again();
  f.publish();
  return f.destroy;
}

/** What the writing begins with. @param {(trait: string) => any} get */
const beginning = (get) => [...get("start")].slice(0, START).join("");

/** @param {Corpus} corpus @param {(trait: string) => any} get @returns {State} */
export function stateOf(corpus, get) {
  const [n, smoothing, amount] = [get("order"), get("smoothing"), get("amount")];
  const [train, held] = corpus.perplexities(smoothing, amount);
  return { n, train, held, model: corpus.model(n, smoothing, amount), unseen: corpus.surveys[1].unseen(n), letters: corpus.letters,
    sizes: corpus.sizes, bet: get("prediction") };
}

/** @param {Frame} f */
function controls(f) {
  slider(f, { trait: "order", label: t("order"), symbol: "n", min: 1, max: HIGHEST, step: 1, words: (n) => t("orderSpoken", { n, k: n - 1 }) });
  const amount = slider(f, { trait: "amount", label: t("amount"), symbol: "k", min: 0.01, max: 10, scale: "log" });
  choice(f, { trait: "smoothing", label: t("smoothing"), options: [
    { value: "add", label: t("add") }, { value: "witten-bell", label: t("wittenBell") }, { value: "none", label: t("none") }],
    onInput: (value) => void (amount.node.hidden = value !== "add") });
  amount.node.hidden = f.model.get("smoothing") !== "add";
  const unknown = startBox(f);
  seedBox(f);
  return unknown;
}

/** The text to begin with, which waits until an input method has composed; returns what says which letters are unknown. @param {Frame} f */
function startBox(f) {
  const [id, noteId] = ["start", "note"].map(uniqueId);
  const input = h("input", { id, type: "text", class: "xp-number xp-ng-start", maxlength: START, spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-describedby": noteId });
  const note = h("p", { class: "xp-help", id: noteId, role: "status" });
  f.controls.append(h("div", { class: "xp-field" }, h("label", { for: id, class: "xp-label" }, t("start")), input, note));
  f.share("start", (v) => typeof v === "string" && v.length <= START);
  const read = () => void (input.value !== f.model.get("start") && f.assign({ start: input.value }));
  const show = () => void (input.value !== f.model.get("start") && (input.value = f.model.get("start")));
  input.addEventListener("input", (event) => void (/** @type {InputEvent} */ (event).isComposing || read()), { signal: f.signal });
  input.addEventListener("compositionend", read, { signal: f.signal });
  f.watch("start", show);
  show();
  return (/** @type {string[]} */ letters) => {
    const told = letters.length ? t("unknown", { letters: [...new Set(letters)].map(visible).join(" ") }) : "";
    if (note.textContent !== told) note.textContent = told;
  };
}

/** Everything one sees; returns the function that draws it. @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-ngram");
  const caption = h("p", { class: "xp-caption" });
  const text = h("p", { class: "xp-ng-text" });
  const title = h("p", { class: "xp-ng-title" });
  const left = h("div", { class: "xp-ng-panel" }, h("p", { class: "xp-ng-title" }, t("written")), text, title);
  const right = h("div", { class: "xp-ng-panel" });
  f.stage.append(caption, left, right);
  const next = bars(f, { title: t("next"), into: left, format: (v) => fixed(v, 3), columns: [t("letter"), t("probability")] });
  const [curves, numbers] = [curvesOf(f, right), readouts(f)];
  return (/** @type {State} */ state, /** @type {Writer} */ writer) => {
    const told = sentence(state);
    if (caption.textContent !== told) caption.textContent = told;
    f.announce(told);
    showText(text, state, writer);
    title.textContent = t(state.model.smoothing === "add" && !state.model.seen(writer.ids) ? "blind" : "next");
    next(writer.stuck ? [] : likeliest(state, writer));
    curves(state, told);
    numbers(state, writer);
  };
}

/** A letter that can be seen. @param {string} letter */
const visible = (letter) => (letter === " " ? "␣" : letter === "\n" ? "↵" : letter);

/** @param {HTMLElement} node @param {State} state @param {Writer} writer */
function showText(node, { n, letters }, { ids, first, stuck }) {
  const write = (/** @type {number[]} */ part) => part.map((i) => letters[i]).join("");
  const from = Math.max(0, ids.length - (n - 1));
  const middle = Math.min(Math.max(first, 0), from);
  node.replaceChildren(h("span", { class: "xp-ng-begun" }, write(ids.slice(0, middle))), write(ids.slice(middle, from)),
    h("mark", { class: "xp-ng-context" }, write(ids.slice(from))), stuck ? t("stopped") : "");
}

/** The letters that may come next, likeliest first. @param {State} state @param {Writer} writer */
function likeliest({ model, letters }, { ids }) {
  const p = model.probabilities(ids);
  return Array.from(p, (value, i) => ({ label: visible(letters[i]), value })).sort((a, b) => b.value - a.value).slice(0, BARS);
}

/** @param {Frame} f @param {HTMLElement} into */
function curvesOf(f, into) {
  const x = { label: t("axisN"), min: 0.8, max: HIGHEST + 0.2, ticks: [1, 2, 3, 4, 5] };
  const p = plot(f, { title: t("plot"), x, y: { label: t("axisP"), min: 0, max: 20 }, height: 260, legend: true, into, table: false });
  /** @type {(number | string)[][]} */
  let rows = [];
  f.addTable(() => ({ caption: t("plot"), columns: [t("axisN"), t("counted"), t("held")], rows }));
  return (/** @type {State} */ { n, train, held, bet: made }, /** @type {string} */ text) => {
    const told = made !== "";
    rows = train.map((value, i) => [i + 1, value, !told ? "" : Number.isFinite(held[i]) ? held[i] : "∞"]);
    const most = Math.max(...train, ...held.filter(Number.isFinite));
    const top = [5, 10, 15, 20, 25, 30, 40, 60].find((v) => v >= most) ?? Math.ceil(most);
    if (p.y.max !== top) p.axes({ y: { max: top } });
    p.line("train", train.map((v, i) => [i + 1, v]), { label: t("counted") });
    p.marker("now", [n, train[n - 1]], {});
    if (!told) for (const name of ["held", "heldNow", "bet"]) p.clear(name);
    else {
      p.line("held", held.map((v, i) => [i + 1, Number.isFinite(v) ? v : NaN]), { kind: "mean_field", label: t("held") });
      if (Number.isFinite(held[n - 1])) p.marker("heldNow", [n, held[n - 1]], { kind: "mean_field" });
      else p.clear("heldNow");
      if (Number(made)) p.vline("bet", Number(made), { kind: "reader", label: t("bet") });
      else p.clear("bet");
    }
    p.describe(text);
  };
}

/** What there is to see, in a sentence or two. @param {State} state */
export function sentence({ n, model, train, held, unseen, sizes, letters, bet: made }) {
  const best = held.indexOf(Math.min(...held));
  const values = {
    n, k: n - 1, possible: significant(letters.length ** (n - 1), 6), seen: model.numContexts, size: sizes[0], other: sizes[1], unseen,
    train: fixed(train[n - 1], 2), held: fixed(held[n - 1], 2), least: fixed(held[best], 2), best: best + 1, bet: made,
    value: Number.isFinite(held[Number(made) - 1]) ? fixed(held[Number(made) - 1], 2) : "∞",
  };
  const begin = t(n === 1 ? "sayOne" : "sayFew", values);
  if (made === "") return begin + t("sayHidden", values);
  const verdict = made === "skipped" || held[best] === Infinity ? "" : t(Number(made) === best + 1 ? "right" : "wrong", values);
  if (held[n - 1] === Infinity) return begin + t("sayNever", values) + verdict;
  return begin + t(held[n - 1] > 2.5 * train[n - 1] ? "sayHeart" : "sayHeld", values) + verdict;
}

/** @param {Frame} f */
function readouts(f) {
  const format = (/** @type {number} */ v) => (v === Infinity ? "∞" : fixed(v, 2));
  const train = readout(f, { name: "train_perplexity", label: t("train"), format });
  const held = readout(f, { name: "held_out_perplexity", label: t("heldOut"), format });
  const contexts = readout(f, { name: "contexts", label: t("contexts"), format: (v) => String(v), width: 5 });
  const characters = readout(f, { name: "characters", label: t("characters"), format: (v) => String(v), width: 4 });
  return (/** @type {State} */ state, /** @type {Writer} */ writer) => {
    const { n, letters } = state;
    train(state.train[n - 1]);
    held(isMade(f) ? state.held[n - 1] : NaN);
    contexts(state.model.numContexts);
    characters(writer.ids.length - writer.first);
    f.setReadout("train", state.train.join(" "));
    f.setReadout("held_out", state.held.join(" "));
    f.setReadout("written", writer.ids.slice(writer.first).map((i) => letters[i]).join(""));
  };
}

export default { render };
