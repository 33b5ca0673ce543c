// Byte-pair encoding on the reader's own text: tokens in boxes, counts of pairs, and the pair that merges next.

import { Bpe, characters, merged } from "./core/bpe_steps.js";
import { clock } from "./kit/clock.js";
import { presets, slider, toggle } from "./kit/controls.js";
import { h, uniqueId } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { bet, declined, isMade } from "./parts/bet.js";

const LONGEST = 600; // characters, as in bpe_steps.py
const MOST = 60; // merges
const ROWS = 8; // pairs in the table
const RULES = 10; // of the last merges
const CHOICES = 3; // pairs to bet on
const PER_FRAME = 0.05; // three merges a second

const t = strings({
  en: {
    name: "Byte-pair encoding, step by step",
    text: "Text", textHelp: "Type your own, up to {most} characters, in any language. ␣ is a space, ↵ a new line.",
    rhyme: "A rhyme", english: "Prose", chinese: "中文", code: "Code",
    split: "Split by GPT-2’s pattern first", merges: "Merges", mergesSpoken: "merges done: {n}",
    ask: "Which pair of neighbours merges first?", askHow: "The one that stands side by side most often. Count by eye; then step.",
    skip: "Just show me",
    tokens: "The text as tokens", pairs: "Counts of pairs", pair: "pair", count: "count", next: "merges next", ids: "ids",
    rules: "Merges so far", rule: "{a} + {b} → {c}, {n} ×", id: "id", token: "token",
    hidden: "The counts are shown once you have bet.",
    tokensRead: "Tokens", perCharacter: "Tokens a character", bytes: "Bytes", vocabulary: "Vocabulary",
    key: "Square: a byte. Round: merged. Bold: merged last. Dashed: merges next.",
    sayEmpty: "No text, no tokens: type some.",
    sayBytes: "No merge yet: {tokens} bytes make {characters} characters, and each byte is a token.",
    sayWide: "No merge yet: {tokens} bytes make {characters} characters, {ratio} a character. Letters outside ASCII take two to four bytes.",
    saySteps: "Merge {n}: {a} and {b}, counted {count} ×, became {c}. {tokens} tokens are left of {bytes} bytes.",
    sayEnd: "After {n} merges no pair is left: every piece is one token. That is learnt by heart, not a vocabulary.",
    sayOnce: " Every pair left occurs once: such merges would be of use to this text alone.",
    won: " You bet right: {a} {b} merges first.", lost: " You bet on {c} {d}, {m} times; {a} {b} comes {n} times and merges first.",
    tie: " You bet on {c} {d}, as frequent as {a} {b}; of equals the smaller ids merge first.",
  },
  zh: {
    name: "逐步字节对编码",
    text: "文本", textHelp: "输入你自己的文字，任何语言，最多 {most} 个字符。␣ 表示空格，↵ 表示换行。",
    rhyme: "韵句", english: "散文", chinese: "中文", code: "代码",
    split: "先用 GPT-2 的模式切分", merges: "合并次数", mergesSpoken: "已合并 {n} 次",
    ask: "哪一对相邻符号最先合并？", askHow: "相邻出现次数最多的那一对。先用眼睛数，再单步。",
    skip: "直接看",
    tokens: "文本的词元", pairs: "各对的次数", pair: "对", count: "次数", next: "下一个合并", ids: "编号",
    rules: "已做的合并", rule: "{a} + {b} → {c}，{n} 次", id: "编号", token: "词元",
    hidden: "下注之后才显示次数。",
    tokensRead: "词元数", perCharacter: "每字符词元数", bytes: "字节数", vocabulary: "词表大小",
    key: "方框：一个字节。圆角：合并而成。粗框：刚刚合并。虚线：下一个合并。",
    sayEmpty: "没有文字就没有词元：请输入一些。",
    sayBytes: "尚未合并：{tokens} 个字节组成 {characters} 个字符，每个字节是一个词元。",
    sayWide: "尚未合并：{tokens} 个字节组成 {characters} 个字符，每字符 {ratio} 个。ASCII 之外的文字每个占二到四个字节。",
    saySteps: "第 {n} 次合并：{a} 与 {b}（计数 {count}）合成 {c}。{bytes} 个字节还剩 {tokens} 个词元。",
    sayEnd: "{n} 次合并后已没有可合并的对：每一块就是一个词元。这是死记硬背，不是词表。",
    sayOnce: "剩下的对都只出现一次：这样的合并只对这段文字有用。",
    won: "你猜对了：{a} {b} 最先合并。", lost: "你猜的是 {c} {d}，{m} 次；{a} {b} 有 {n} 次，最先合并。",
    tie: "你猜的是 {c} {d}，与 {a} {b} 一样多；次数相同时编号小的先合并。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/bpe_steps.js").Pair} Pair */
/** @typedef {{bpe: Bpe, start: Pair[], pairs: Pair[], text: string, bet: string}} State  start: pairs before any merge */

const PRESETS = {
  rhyme: "the cat sat on the mat. the rat sat on the hat. that is that.", // as in bpe_steps.py
  english: "A language model reads a text from left to right and says, at every place, what might come next. It says so in numbers: "
    + "one for each token that it knows. What it does not know it spells, as a child would, from smaller pieces.",
  chinese: "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？",
  code: "for i in range(10):\n    for j in range(10):\n        print(i, j, i + j, i * j)\n",
};

/** A token as it is written: a space as ␣; bytes that are no character in hexadecimal. @param {number[]} bytes */
export function written(bytes) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
    return text.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥");
  } catch {
    return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("·");
  }
}

/** At most so many characters, none of them cut in half. @param {string} text */
const cropped = (text) => (text.length > LONGEST ? [...text].slice(0, LONGEST).join("") : text);

/** @param {(trait: string) => any} get @returns {State} */
export function stateOf(get) {
  const text = cropped(get("text"));
  const bpe = merged(text, get("split"), get("merges"));
  return { bpe, start: new Bpe(text, get("split")).pairs(), pairs: bpe.pairs(), text, bet: get("prediction") };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "bpe_steps", label: t("name") });
  const get = (/** @type {string} */ trait) => model.get(trait);
  const area = editor(f);
  let state = stateOf(get);
  let card = question(f, state.start);
  let [asked, staked] = [state, state]; // what the question is about, and the bet
  const show = picture(f);
  const draw = () => {
    area.show();
    state = stateOf(get);
    if (!isMade(f) && !sameStart(asked, state)) { // another text, another question
      card.close();
      [card, asked] = [question(f, state.start), state];
    }
    if (get("merges") === 0 || isMade(f)) card.show(); // merges that were shipped tell the answer
    if (state.bet !== staked.bet) staked = state;
    const other = state.bet !== "" && !sameStart(staked, state); // a bet on one text says nothing of another
    show(other ? { ...state, bet: "skipped" } : state);
  };
  clock(f, {
    step: (n) => f.assign({ merges: Math.min(MOST, get("merges") + n), ...declined(f) }),
    onFrame: () => {},
    onReset: () => f.assign({ merges: 0 }),
    done: () => get("merges") >= MOST || stateOf(get).pairs.length === 0,
    perFrame: () => (reducedMotion() ? 10 : 1) * PER_FRAME, // of fewer frames
  });
  slider(f, { trait: "merges", label: t("merges"), min: 0, max: MOST, step: 1, words: (n) => t("mergesSpoken", { n: Math.min(n, merged(state.text, get("split"), n).merges.length) }),
    onInput: (_, { user }) => user && f.assign(declined(f)) });
  toggle(f, { trait: "split", label: t("split") });
  f.root.insertBefore(f.controls, f.stage); // the slider beside what it changes, above tables of changing length
  for (const trait of ["text", "split", "merges", "prediction"]) f.watch(trait, draw);
  draw();
  f.publish();
  return f.destroy;
}

/** Whether two states have the same pairs to begin with. @param {State} a @param {State} b */
const sameStart = (a, b) => a.text === b.text && JSON.stringify(a.start) === JSON.stringify(b.start);

/**
 * The bet: a few of the most frequent pairs, in the order of their ids, which tells nothing.
 * @param {Frame} f @param {Pair[]} start
 */
function question(f, start) {
  const best = start.slice(0, CHOICES).sort((x, y) => x.a - y.a || x.b - y.b);
  /** @type {[string, string][]} */
  const answers = best.map(({ a, b }) => [`${a},${b}`, `${written([a])} ${written([b])}`]);
  const card = bet(f, { ask: t("ask"), how: t("askHow"), answers: [...answers, ["skipped", t("skip")]] });
  return answers.length > 1 ? card : { show() {}, close() {} };
}

/** Presets and the text itself, which waits until an input method has composed. @param {Frame} f */
function editor(f) {
  const [id, helpId] = ["text", "help"].map(uniqueId);
  const area = h("textarea", { id, class: "xp-bpe-text", rows: 3, maxlength: 2 * LONGEST, spellcheck: "false", autocapitalize: "off",
    autocomplete: "off", "aria-describedby": helpId });
  const top = h("div", { class: "xp-bpe-top" });
  presets(f, Object.entries(PRESETS).map(([key, text]) => ({ label: t(key), set: { text, merges: 0 } })), { into: top });
  top.append(h("div", { class: "xp-field" }, h("label", { for: id, class: "xp-label" }, t("text")), area),
    h("p", { class: "xp-help", id: helpId }, t("textHelp", { most: LONGEST })));
  f.root.insertBefore(top, f.stage);
  f.share("text", (v) => typeof v === "string" && cropped(v) === v);
  const read = () => void (area.value !== f.model.get("text") && f.assign({ text: cropped(area.value) }));
  area.addEventListener("input", (event) => void (/** @type {InputEvent} */ (event).isComposing || read()), { signal: f.signal });
  area.addEventListener("compositionend", read, { signal: f.signal });
  return { show() {
    if (area.value !== f.model.get("text")) area.value = f.model.get("text");
  } };
}

/** Everything one sees; returns the function that draws it. @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-bpe");
  const caption = h("p", { class: "xp-caption" });
  const boxes = h("p", { class: "xp-bpe-tokens", role: "img" });
  const left = h("div", { class: "xp-bpe-panel" }, h("p", { class: "xp-bpe-title" }, t("pairs")));
  const right = h("div", { class: "xp-bpe-panel" }, h("p", { class: "xp-bpe-title" }, t("rules")));
  const hidden = h("p", { class: "xp-help" }, t("hidden"));
  f.stage.append(caption, boxes, h("p", { class: "xp-help" }, t("key")), hidden, left, right);
  const [pairs, rules, numbers] = [pairTable(f, left), ruleList(f, right), readouts(f)];
  return (/** @type {State} */ state) => {
    const text = sentence(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    boxes.replaceChildren(...tokenBoxes(state));
    boxes.setAttribute("aria-label", `${t("tokens")}: ${state.bpe.chunks.flat().map((id) => written(state.bpe.bytes[id])).join(" | ")}`);
    hidden.hidden = told(state);
    left.hidden = right.hidden = !told(state);
    pairs(state);
    rules(state);
    numbers(state);
  };
}

/** Whether the counts may be seen. @param {State} state */
const told = ({ bpe, start, bet: made }) => made !== "" || bpe.merges.length > 0 || start.length < 2;

/** A box for each token; pieces stand a little apart. @param {State} state */
function tokenBoxes(state) {
  const { bpe, pairs } = state;
  const newest = bpe.merges.at(-1)?.id;
  const best = told(state) ? pairs[0] : undefined;
  return bpe.chunks.map((ids) => {
    const marked = ids.map((id) => h("span", { class: id < 256 ? "xp-bpe-token" : id === newest ? "xp-bpe-token xp-merged xp-newest" : "xp-bpe-token xp-merged" },
      written(bpe.bytes[id])));
    for (let k = 1; best && k < ids.length; k++) {
      if (ids[k - 1] !== best.a || ids[k] !== best.b || marked[k - 1].classList.contains("xp-second")) continue;
      marked[k - 1].classList.add("xp-next", "xp-first");
      marked[k].classList.add("xp-next", "xp-second");
    }
    return h("span", { class: "xp-bpe-chunk" }, ...marked);
  });
}

/** @param {Frame} f @param {HTMLElement} into */
function pairTable(f, into) {
  const body = h("tbody");
  const head = ["pair", "count"].map((key) => h("th", { scope: "col" }, t(key)));
  const table = h("table", { class: "xp-small-table xp-bpe-pairs", "aria-label": t("pairs") }, h("thead", {}, h("tr", {}, ...head, h("td"))), body);
  into.append(table);
  /** @type {State | null} */
  let current = null;
  const name = (/** @type {State} */ { bpe }, /** @type {Pair} */ { a, b }) => `${written(bpe.bytes[a])} + ${written(bpe.bytes[b])}`;
  f.addTable(() => ({ caption: t("pairs"), columns: [t("pair"), t("ids"), t("count")],
    rows: current && told(current) ? current.pairs.map((pair) => [name(/** @type {State} */ (current), pair), `${pair.a}, ${pair.b}`, pair.count]) : [] }));
  return (/** @type {State} */ state) => {
    current = state;
    const shown = told(state);
    body.replaceChildren(...state.pairs.slice(0, shown ? ROWS : 0).map((pair, i) =>
      h("tr", { class: i ? "" : "xp-wins" }, h("th", { scope: "row" }, name(state, pair)), h("td", {}, String(pair.count)), h("td", {}, i ? "" : `← ${t("next")}`))));
    f.tableChanged();
  };
}

/** The last merges, the newest first. @param {Frame} f @param {HTMLElement} into */
function ruleList(f, into) {
  const list = h("ol", { class: "xp-bpe-rules", reversed: true });
  into.append(list);
  /** @type {Bpe | null} */
  let current = null;
  f.addTable(() => ({ caption: t("rules"), columns: [t("id"), t("token"), t("pair"), t("count")],
    rows: current?.merges.map(({ id, a, b, count }) => [id, written(/** @type {Bpe} */ (current).bytes[id]), `${a}, ${b}`, count]) ?? [] }));
  return (/** @type {State} */ { bpe }) => {
    current = bpe;
    const last = bpe.merges.slice(-RULES).reverse();
    list.start = bpe.merges.length;
    list.replaceChildren(...last.map(({ id, a, b, count }) =>
      h("li", {}, t("rule", { a: written(bpe.bytes[a]), b: written(bpe.bytes[b]), c: written(bpe.bytes[id]), n: count }))));
  };
}

/** What there is to see, in a sentence or two. @param {State} state */
export function sentence(state) {
  const { bpe, pairs, text } = state;
  const [n, last, bytes] = [bpe.merges.length, bpe.merges.at(-1), bpe.chunks.flat().reduce((sum, id) => sum + bpe.bytes[id].length, 0)];
  const name = (/** @type {number} */ id) => written(bpe.bytes[id]);
  const values = { n, tokens: bpe.length, bytes, characters: characters(text), ratio: fixed(bpe.length / Math.max(1, characters(text)), 2) };
  if (!text) return t("sayEmpty");
  if (!pairs.length) return t("sayEnd", values) + verdict(state);
  if (!last) return t(bytes > characters(text) ? "sayWide" : "sayBytes", values) + verdict(state);
  const step = t("saySteps", { ...values, a: name(last.a), b: name(last.b), c: name(last.id), count: last.count });
  return step + (pairs[0].count === 1 ? t("sayOnce") : "") + verdict(state);
}

/** What became of the bet, as far as this text has such a pair. @param {State} state */
function verdict({ start, bet: made }) {
  const [c, d] = made.split(",").map(Number);
  const [best, own] = [start[0], start.find((pair) => pair.a === c && pair.b === d)];
  if (!best || !own) return "";
  const values = { a: written([best.a]), b: written([best.b]), c: written([c]), d: written([d]), m: own.count, n: best.count };
  return t(own === best ? "won" : own.count === best.count ? "tie" : "lost", values);
}

/** @param {Frame} f */
function readouts(f) {
  const whole = (/** @type {number} */ v) => String(v);
  const tokens = readout(f, { name: "tokens", label: t("tokensRead"), format: whole, width: 4 });
  const ratio = readout(f, { name: "tokens_per_character", label: t("perCharacter"), format: (v) => fixed(v, 2), width: 4 });
  const bytes = readout(f, { name: "bytes", label: t("bytes"), format: whole, width: 4 });
  const vocabulary = readout(f, { name: "vocabulary", label: t("vocabulary"), format: whole, width: 4 });
  return (/** @type {State} */ { bpe, pairs, text }) => {
    tokens(bpe.length);
    ratio(bpe.length / characters(text));
    bytes(bpe.chunks.flat().reduce((sum, id) => sum + bpe.bytes[id].length, 0));
    vocabulary(256 + bpe.merges.length);
    f.setReadout("merges_done", bpe.merges.length);
    f.setReadout("ids", bpe.chunks.flat().join(" "));
    f.setReadout("next_pair", pairs[0] ? `${pairs[0].a} ${pairs[0].b} ${pairs[0].count}` : "");
  };
}

export default { render };
