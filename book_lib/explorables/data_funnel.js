// Rules that filter text: a funnel whose stages are sliders, and the truth about what they reject.

import { RULES, USUAL, funnel, judge, marked, measure, measureOf, score } from "./core/filters.js";
import { button, choice, presets, slider } from "./kit/controls.js";
import { h, setDisabled, uniqueId } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { bet, isMade } from "./parts/bet.js";
import { smallTable } from "./parts/handle.js";
import { news } from "./parts/news.js";

const LABELS = ["good", "exact", "near", "boilerplate", "letters", "language", "repeats", "toxic", "mention"]; // as in the library
const JUNK = ["boilerplate", "letters", "language", "repeats", "toxic"];
const MEANT = ["boilerplate", "toxic"]; // sentences like any other: only their meaning makes them junk
const ANYTHING = 100_000; // words: no bound
const BETS = { all: 0.95, part: 0.6, few: 0.25 };
const BINS = 25;
/** Where the axis of a picture ends; what is larger goes into its last bar. */
const WIDEST = { words: 125, language: 0.5, letters: 1, word_length: 12.5, repeated_lines: 1, symbols: 0.5, stop_words: 8 };
/** @type {Record<string, {min: number, max: number, step?: number, stops?: number[]}>} as in data_funnel.py */
const RANGES = {
  min_words: { min: 0, max: 60, step: 1 },
  max_words: { min: 60, max: ANYTHING, stops: [60, 70, 80, 100, 150, 200, 300, 500, 1000, ANYTHING] },
  min_language: { min: 0, max: 0.3, step: 0.005 },
  min_letters: { min: 0, max: 1, step: 0.01 },
  min_word_length: { min: 0, max: 5, step: 0.1 },
  max_word_length: { min: 5, max: 20, step: 0.1 },
  max_repeated_lines: { min: 0, max: 1, step: 0.01 },
  max_symbols: { min: 0, max: 1, step: 0.01 },
  min_stop_words: { min: 0, max: 8, step: 1 },
};
const STRICT = { min_words: 35, max_words: 80, min_language: 0.1, min_letters: 0.8, min_word_length: 3.5, max_word_length: 7,
  max_repeated_lines: 0, max_symbols: 0.05, min_stop_words: 3 };
const OFF = { min_words: 0, max_words: ANYTHING, min_language: 0, min_letters: 0, min_word_length: 0, max_word_length: 20,
  max_repeated_lines: 1, max_symbols: 1, min_stop_words: 0 };
const SHOWN = ["texts", "labels", "languages", ...RULES, "rule", "show", "passage", "prediction"];

const t = strings({
  en: {
    name: "Rules that filter text",
    ask: "Of {all} passages {junk} are junk, of five kinds. How much of it do nine rules find at their usual bounds?",
    askHow: "Each rule counts something: words, letters, lines. Say first; then you see what is junk in truth.",
    betAll: "Nearly all", betPart: "About 60 %", betFew: "About a quarter", skip: "Just show me",
    presets: "Bounds", usual: "Usual", strict: "Strict", off: "All off",
    min_words: "Words, at least", max_words: "Words, at most", min_language: "How English, at least", min_letters: "Share of letters, at least",
    min_word_length: "Letters in a word, at least", max_word_length: "Letters in a word, at most", max_repeated_lines: "Repeated lines, at most",
    max_symbols: "Share of symbols, at most", min_stop_words: "Frequent words, at least",
    spoken: "{rule} {v}", unbounded: "{rule}: no bound", usually: "usual: {v}", never: "no bound",
    fault_min_words: "too short", fault_max_words: "too long", fault_min_language: "not English", fault_min_letters: "few letters", fault_min_word_length: "short words",
    fault_max_word_length: "long words", fault_max_repeated_lines: "repeated lines", fault_max_symbols: "many symbols", fault_min_stop_words: "no frequent words",
    raw: "{n} passages. ", left: "{n} left, {lost} go here", leftJunk: "{n} left, {lost} go here; junk left: {junk}",
    key: "Bars: what is left after each rule. Hatched: junk.", keyHidden: "Bars: what is left after each rule.",
    rule: "Rule in the picture", axisCount: "passages", histogram: "What the rule counts",
    words: "words", language: "how English, letter by letter", letters: "share of letters", word_length: "letters in a word, on average",
    repeated_lines: "share of text in repeated lines", symbols: "share of symbols", stop_words: "different frequent words, of eight",
    more: "{unit}; last bar: {v} or more", everything: "all passages", fair: "good text", junk: "junk", bound: "bound",
    kinds: "What becomes of each kind", kind: "kind", there: "there are", gone: "rejected", mostly: "mostly as",
    good: "good text", exact: "exact copies", near: "near copies", boilerplate: "selling", kind_letters: "random letters", kind_language: "another language",
    repeats: "repeats", toxic: "insults", mention: "mentions an insult", nobody: "–",
    show: "Read", showRejected: "All rejects", showLost: "Good text rejected", showMissed: "Junk that stays",
    previous: "Previous", next: "Next", place: "{i} of {n}: {truth}, from {source}.", placePlanted: "{i} of {n}: planted, {truth}.", none: "There is none.",
    because: "{rule}: {value}, and the bound is {limit}.", stays: "No rule rejects it.", also: "Also: {rules}.", comma: ", ", text: "The passage",
    precision: "Precision", recall: "Recall", lost: "Good text lost", leftRead: "Left", percent: "{v} %",
    sayHidden: "{left} of {all} passages stay, {rejected} are rejected. Which of them are junk, you see after your bet.",
    sayNone: "Every passage stays, and with them all {junk} pieces of junk.",
    say: "{left} of {all} passages stay. The rules find {caught} of {junk} pieces of junk, a recall of {recall} %; of {rejected} rejects {wrong} are no junk, a precision of {precision} %.",
    sayBlind: " Hardly found: {kinds}.", sayMeaning: " No rule here reads what a sentence says.",
    right: " You bet right: {p} % at the usual bounds.", wrong: " You bet “{bet}”; at the usual bounds it is {p} %.",
  },
  zh: {
    name: "过滤文本的规则",
    ask: "{all} 段文字中有 {junk} 段是垃圾，分五类。九条规则按通常的界限能找出多少？",
    askHow: "每条规则只数一样东西：词、字母、行。请先猜；然后显示哪些真是垃圾。",
    betAll: "几乎全部", betPart: "约 60%", betFew: "约四分之一", skip: "直接看",
    presets: "界限", usual: "通常", strict: "严格", off: "全部关闭",
    min_words: "词数至少", max_words: "词数至多", min_language: "像英语的程度至少", min_letters: "字母占比至少",
    min_word_length: "平均词长至少", max_word_length: "平均词长至多", max_repeated_lines: "重复行占比至多",
    max_symbols: "符号占比至多", min_stop_words: "常用词至少",
    spoken: "{rule} {v}", unbounded: "{rule}：无界限", usually: "通常：{v}", never: "无界限",
    fault_min_words: "太短", fault_max_words: "太长", fault_min_language: "不是英语", fault_min_letters: "字母少", fault_min_word_length: "词太短",
    fault_max_word_length: "词太长", fault_max_repeated_lines: "重复行", fault_max_symbols: "符号多", fault_min_stop_words: "缺常用词",
    raw: "{n} 段文字。", left: "剩 {n}，此处去掉 {lost}", leftJunk: "剩 {n}，此处去掉 {lost}；剩余垃圾 {junk}",
    key: "横条：每条规则之后剩下的。斜线：垃圾。", keyHidden: "横条：每条规则之后剩下的。",
    rule: "图中的规则", axisCount: "段数", histogram: "规则所数的量",
    words: "词数", language: "逐字母看有多像英语", letters: "字母占比", word_length: "平均词长",
    repeated_lines: "重复行中文字的占比", symbols: "符号占比", stop_words: "八个常用词中出现几个",
    more: "{unit}；末条：{v} 或更多", everything: "全部文字", fair: "好文本", junk: "垃圾", bound: "界限",
    kinds: "各类的去向", kind: "类别", there: "共有", gone: "被拒", mostly: "多因",
    good: "好文本", exact: "完全相同的副本", near: "近似副本", boilerplate: "推销", kind_letters: "随机字母", kind_language: "其他语言",
    repeats: "重复", toxic: "辱骂", mention: "提及辱骂词", nobody: "–",
    show: "阅读", showRejected: "所有被拒的", showLost: "被拒的好文本", showMissed: "留下的垃圾",
    previous: "上一段", next: "下一段", place: "第 {i} 段，共 {n} 段：{truth}，出自 {source}。", placePlanted: "第 {i} 段，共 {n} 段：植入的，{truth}。", none: "没有。",
    because: "{rule}：{value}，界限为 {limit}。", stays: "没有规则拒绝它。", also: "另有：{rules}。", comma: "、", text: "这段文字",
    precision: "精确率", recall: "召回率", lost: "损失的好文本", leftRead: "剩下", percent: "{v}%",
    sayHidden: "{all} 段中留下 {left} 段，拒绝 {rejected} 段。其中哪些是垃圾，下注后可见。",
    sayNone: "所有段落都留下，{junk} 段垃圾也全在其中。",
    say: "{all} 段中留下 {left} 段。规则在 {junk} 段垃圾中找出 {caught} 段，召回率 {recall}%；被拒的 {rejected} 段中有 {wrong} 段不是垃圾，精确率 {precision}%。",
    sayBlind: "几乎找不出：{kinds}。", sayMeaning: "这里没有规则读得懂句子的意思。",
    right: "你猜对了：按通常的界限是 {p}%。", wrong: "你猜的是“{bet}”；按通常的界限是 {p}%。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/filters.js").Measures} Measures */
/** @typedef {import("./core/filters.js").Rejection} Rejection */
/** @typedef {{texts: string[], labels: string[], sources: string[], junk: boolean[], measures: Measures[], usual: number}} Passages  usual: recall at the usual bounds */
/** @typedef {{passages: Passages, bounds: Record<string, number>, reasons: Rejection[][], rule: string, show: string, listed: number[], at: number, bet: string, score: import("./core/filters.js").Score}} State */

/** The passages with everything that the rules count. @param {(trait: string) => any} get @returns {Passages} */
export function passagesOf(get) {
  /** @type {{texts: string[], labels: string[], sources: string[], languages: number[]}} */
  const { texts, labels, sources, languages } = { texts: get("texts"), labels: get("labels"), sources: get("sources"), languages: get("languages") };
  const junk = labels.map((label) => JUNK.includes(label));
  const measures = texts.map((text, i) => measure(text, languages[i]));
  return { texts, labels, sources, junk, measures, usual: score(measures.map((one) => judge(one, USUAL)), junk).recall };
}

/** @param {Passages} passages @param {(trait: string) => any} get @returns {State} */
export function stateOf(passages, get) {
  const bounds = Object.fromEntries(RULES.map((rule) => [rule, get(rule)]));
  const reasons = passages.measures.map((one) => judge(one, bounds));
  const show = get("show");
  const listed = [...reasons.keys()].filter((i) => (show === "missed" ? passages.junk[i] && !reasons[i].length
    : reasons[i].length && (show === "rejected" || !passages.junk[i])));
  return { passages, bounds, reasons, rule: get("rule"), show, listed, at: listed.length ? get("passage") % listed.length : -1, bet: get("prediction"),
    score: score(reasons, passages.junk) };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "data_funnel", label: t("name") });
  const get = (/** @type {string} */ trait) => model.get(trait);
  let passages = passagesOf(get);
  const card = question(f, passages);
  const show = picture(f, passages);
  const draw = () => {
    card.show();
    show(stateOf(passages, get));
  };
  for (const trait of SHOWN) f.watch(trait, () => {
    if (["texts", "labels", "languages"].includes(trait)) passages = passagesOf(get);
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {Passages} passages */
function question(f, { junk }) {
  return bet(f, { ask: t("ask", { all: junk.length, junk: junk.filter(Boolean).length }), how: t("askHow"), also: () => ({ ...USUAL }),
    answers: [["all", t("betAll")], ["part", t("betPart")], ["few", t("betFew")], ["skipped", t("skip")]] });
}

/** Everything one sees; returns the function that draws it. @param {Frame} f @param {Passages} passages */
function picture(f, passages) {
  f.stage.classList.add("xp-funnel");
  const caption = h("p", { class: "xp-caption" });
  const [stages, left, right, below] = [h("div", { class: "xp-df-stages" }), h("div"), h("div"), h("div", { class: "xp-df-reader" })];
  f.stage.append(caption, stages, left, right, below);
  const rows = funnelRows(f, stages);
  const tell = news(f);
  const heard = listener();
  const drawings = [histogram(f, left), kindTable(f, right, passages), reader(f, below), readouts(f)];
  return (/** @type {State} */ state) => {
    const said = sentences(state);
    const text = said.join("");
    if (caption.textContent !== text) caption.textContent = text;
    tell(heard(said, state));
    right.hidden = below.hidden = !isMade(f);
    rows(state);
    for (const drawing of drawings) drawing(state);
    f.tableChanged();
  };
}

/** A slider for each rule, and beside it what is left. @param {Frame} f @param {HTMLElement} into */
function funnelRows(f, into) {
  presets(f, Object.entries({ off: OFF, usual: USUAL, strict: STRICT }).map(([key, set]) => ({ label: t(key), set })), { label: t("presets"), into });
  const key = h("p", { class: "xp-help" });
  into.append(key);
  const rows = RULES.map((rule) => funnelRow(f, rule, into));
  /** @type {(string | number)[][]} */
  let cells = [];
  f.addTable(() => ({ caption: t("name"), columns: [t("rule"), t("bound"), t("leftRead"), t("junk")], rows: cells }));
  return (/** @type {State} */ { passages, reasons, bounds, bet: made }) => {
    const [all, junk] = [funnel(reasons), funnel(reasons, (i) => passages.junk[i])];
    key.textContent = t("raw", { n: all[0] }) + t(made ? "key" : "keyHidden");
    cells = RULES.map((rule, k) => [t(rule), bounds[rule], all[k + 1], made ? junk[k + 1] : "–"]);
    rows.forEach((row, k) => row({ all: all[0], before: all[k], left: all[k + 1], junk: made ? junk[k + 1] : null }));
  };
}

/** @param {Frame} f @param {string} rule @param {HTMLElement} into */
function funnelRow(f, rule, into) {
  const node = h("div", { class: "xp-df-stage" });
  const words = (/** @type {number} */ v) => (v === ANYTHING ? t("unbounded", { rule: t(rule) }) : t("spoken", { rule: t(rule), v: significant(v, 3) }));
  const { input, node: field } = slider(f, { trait: rule, label: t(rule), ...RANGES[rule], words, into: node, onInput: (_, { user }) => user && f.assign({ rule, passage: 0 }) });
  const usual = h("span", { class: "xp-df-usual", id: uniqueId("usual") }, t("usually", { v: USUAL[rule] === ANYTHING ? t("never") : significant(USUAL[rule], 3) }));
  field.append(usual);
  input.setAttribute("aria-describedby", usual.id);
  const fills = ["xp-df-good", "xp-df-junk"].map((kind) => h("span", { class: `xp-bar-fill ${kind}` }));
  const text = h("span", { class: "xp-df-count" });
  node.append(h("div", { class: "xp-df-bar" }, h("span", { class: "xp-bar-track", "aria-hidden": "true" }, ...fills), text));
  into.append(node);
  return (/** @type {{all: number, before: number, left: number, junk: number | null}} */ { all, before, left, junk }) => {
    [left - (junk ?? 0), junk ?? 0].forEach((n, i) => void (fills[i].style.inlineSize = `${(100 * n) / all}%`));
    const said = t(junk === null ? "left" : "leftJunk", { n: left, lost: before - left, junk });
    if (text.textContent !== said) text.textContent = said;
  };
}

/** The numbers that one rule looks at, and its bounds. @param {Frame} f @param {HTMLElement} into */
function histogram(f, into) {
  choice(f, { trait: "rule", label: t("rule"), menu: true, into, options: RULES.map((value) => ({ value, label: t(value) })) });
  const p = plot(f, { title: t("histogram"), x: { label: t("words"), min: 0, max: 1 }, y: { label: t("axisCount"), min: 0, max: 50 }, height: 240, legend: true, into, table: false });
  let last = "";
  /** @type {{label: string, counts: number[]}[]} */
  let series = [];
  let [width, unit] = [1, ""];
  f.addTable(() => ({ caption: `${t("histogram")}: ${unit}`, columns: [unit, ...series.map(({ label }) => label)],
    rows: Array.from({ length: series[0]?.counts.length ?? 0 }, (_, k) => [Number((k * width).toPrecision(6)), ...series.map(({ counts }) => counts[k])]) }));
  return (/** @type {State} */ state) => {
    const what = measureOf(state.rule);
    ({ series, width } = seriesOf(state));
    unit = unitOf(state);
    if (`${what} ${series.length}` !== last) {
      last = `${what} ${series.length}`;
      p.clear();
      p.axes({ x: { label: unit, min: 0, max: WIDEST[what] + (what === "stop_words" ? 1 : 0) }, y: { max: roundUp(Math.max(...series.flatMap(({ counts }) => counts))) } });
    }
    series.forEach(({ label, counts }, k) => {
      const kind = k ? "mean_field" : "simulation";
      p.area(label, stairs(counts, width), { label, kind });
      p.line(`${label}, edge`, stairs(counts, width), { kind }); // dashed for junk: told apart without colour
    });
    for (const rule of [`min_${what}`, `max_${what}`]) {
      const bound = state.bounds[rule];
      if (bound !== undefined && bound <= p.x.max) p.vline(rule, bound, { label: t("bound"), kind: "reader" });
      else p.clear(rule);
    }
    p.describe(`${unit}: ${sentence(state)}`);
  };
}

/** What the picture counts; where numbers lie beyond its end, its last bar has them too. @param {State} state */
export function unitOf({ passages, rule }) {
  const what = measureOf(rule);
  const end = WIDEST[what];
  const beyond = what !== "stop_words" && passages.measures.some((one) => one[what] > end);
  return beyond ? t("more", { unit: t(what), v: significant(end - end / BINS, 4) }) : t(what);
}

/** @param {number} v */
const roundUp = (v) => [5, 10, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400].find((top) => top >= v) ?? v;

/** The outline of bars that begin at 0. @param {number[]} counts @param {number} width */
const stairs = (counts, width) => [[0, 0], ...counts.flatMap((n, k) => [[k * width, n], [(k + 1) * width, n]]), [counts.length * width, 0]];

/** How many passages have what the rule counts; good text and junk apart once the bet is made. @param {State} state */
export function seriesOf({ passages, rule, bet: made }) {
  const what = measureOf(rule);
  const bins = what === "stop_words" ? WIDEST.stop_words + 1 : BINS;
  const width = what === "stop_words" ? 1 : WIDEST[what] / BINS;
  const tally = (/** @type {(i: number) => boolean} */ wanted) => {
    const counts = Array.from({ length: bins }, () => 0);
    passages.measures.forEach((one, i) => void (wanted(i) && (counts[Math.min(bins - 1, Math.floor(one[what] / width))] += 1)));
    return counts;
  };
  if (!made) return { width, series: [{ label: t("everything"), counts: tally(() => true) }] };
  return { width, series: [{ label: t("fair"), counts: tally((i) => !passages.junk[i]) }, { label: t("junk"), counts: tally((i) => passages.junk[i]) }] };
}

/** @param {string} label */
const kindName = (label) => t(label === "letters" || label === "language" ? `kind_${label}` : label);

/** What is rejected of each kind, and by which rule. @param {Frame} f @param {HTMLElement} into @param {Passages} first */
function kindTable(f, into, first) {
  const kinds = LABELS.filter((label) => first.labels.includes(label));
  const columns = ["kind", "there", "gone", "mostly"].map((key) => t(key));
  const table = smallTable(t("kinds"), columns, kinds.map(kindName));
  into.append(h("p", { class: "xp-df-title" }, t("kinds")), table.node);
  /** @type {State | null} */
  let current = null;
  const cells = (/** @type {State} */ state) => kinds.map((label) => {
    const { all, gone, rule } = kindOf(state, label);
    return [String(all), String(gone), rule ? t(`fault_${rule}`) : t("nobody")];
  });
  f.addTable(() => ({ caption: t("kinds"), columns, rows: current?.bet ? cells(current).map((row, i) => [kindName(kinds[i]), ...row]) : [] }));
  return (/** @type {State} */ state) => {
    current = state;
    table.fill(cells(state));
  };
}

/** @param {State} state @param {string} label */
export function kindOf({ passages, reasons }, label) {
  const own = reasons.filter((_, i) => passages.labels[i] === label);
  const first = own.filter((found) => found.length).map((found) => found[0].rule);
  const times = (/** @type {string} */ rule) => first.filter((one) => one === rule).length;
  const rule = RULES.reduce((best, one) => (times(one) > times(best) ? one : best), RULES[0]);
  return { all: own.length, gone: first.length, rule: first.length ? rule : "" };
}

/** Where a passage stands among those that are listed, what it is, and what speaks against it. @param {State} state */
export function placeOf({ passages, listed, at, reasons }) {
  if (at < 0) return [t("none"), ""];
  const i = listed[at];
  const key = passages.labels[i] === "good" ? "place" : "placePlanted";
  return [t(key, { i: at + 1, n: listed.length, source: passages.sources[i], truth: kindName(passages.labels[i]) }), whyOf(reasons[i])];
}

/** One passage after the other, with what speaks against it. @param {Frame} f @param {HTMLElement} into */
function reader(f, into) {
  const top = h("div", { class: "xp-df-top" });
  into.append(top);
  choice(f, { trait: "show", label: t("show"), into: top, onInput: (_, { user }) => user && f.assign({ passage: 0 }),
    options: [["rejected", "showRejected"], ["lost", "showLost"], ["missed", "showMissed"]].map(([value, key]) => ({ value, label: t(key) })) });
  f.share("passage", (v) => Number.isSafeInteger(v) && v >= 0);
  /** @type {State} */
  let current;
  const row = h("div", { class: "xp-field xp-presets" });
  top.append(row);
  const buttons = [-1, 1].map((by) => button(f, { label: t(by < 0 ? "previous" : "next"), into: row,
    onClick: () => f.assign({ passage: (current.at + by + current.listed.length) % current.listed.length }) }));
  const [place, why, text] = [h("p"), h("p", { class: "xp-df-why" }), h("p", { class: "xp-df-text", "aria-label": t("text"), role: "group" })];
  into.append(place, why, text);
  return (/** @type {State} */ state) => {
    current = state;
    const { passages, listed, at, reasons } = state;
    buttons.forEach((node) => setDisabled(node, listed.length < 2));
    [place.textContent, why.textContent] = placeOf(state);
    const i = listed[at] ?? -1;
    const pieces = i < 0 ? [] : marked(passages.texts[i], reasons[i][0]?.rule ?? "");
    text.replaceChildren(...pieces.map(([piece, mark]) => (mark ? h("mark", {}, piece) : piece)));
  };
}

/** The first rule that rejects a passage with its number, and the names of the others. @param {Rejection[]} reasons */
export function whyOf(reasons) {
  if (!reasons.length) return t("stays");
  const [{ rule, value, bound }, ...rest] = reasons;
  const first = t("because", { rule: t(rule), value: told(value, bound), limit: significant(bound, 6) });
  return rest.length ? `${first} ${t("also", { rules: rest.map((one) => t(`fault_${one.rule}`)).join(t("comma")) })}` : first;
}

/** In three digits, or in as many more as a number needs to stand on its side of the bound. @param {number} value @param {number} bound */
export function told(value, bound) {
  if (Number.isInteger(value)) return String(value);
  const clear = (/** @type {number} */ digits) => Math.sign(Number(value.toPrecision(digits)) - bound) === Math.sign(value - bound);
  return significant(value, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16].find(clear) ?? 17);
}

/** What there is to see. @param {State} state */
export const sentence = (state) => sentences(state).join("");

/** The same in three parts: what the rules do, what they hardly find, and what became of the bet. @param {State} state */
export function sentences(state) {
  const { passages, score: found, bet: made } = state;
  const all = passages.texts.length;
  const percent = (/** @type {number} */ v) => fixed(100 * v, 0);
  const values = { all, left: all - found.rejected, rejected: found.rejected, junk: found.junk, caught: found.caught, wrong: found.rejected - found.caught,
    recall: percent(found.recall), precision: percent(found.precision) };
  if (!made) return [t("sayHidden", values), "", ""];
  const verdict = verdictOf(passages.usual, made);
  if (!found.rejected) return [t("sayNone", values), "", verdict];
  const missed = JUNK.filter((label) => passages.labels.includes(label)).filter((label) => {
    const { all: there, gone } = kindOf(state, label);
    return 2 * gone < there;
  });
  const blind = missed.length ? t("sayBlind", { kinds: missed.map(kindName).join(t("comma")) }) : "";
  return [t("say", values), blind && missed.every((label) => MEANT.includes(label)) ? blind + t("sayMeaning") : blind, verdict];
}

/** What is said aloud; where the bounds stay and another passage comes up, that too. */
function listener() {
  let [bounds, known] = ["", ""];
  return (/** @type {string[]} */ said, /** @type {State} */ state) => {
    const now = JSON.stringify(state.bounds);
    const place = state.bet ? placeOf(state).join(" ").trim() : "";
    const fresh = now === bounds && known !== "" && place !== known ? place : "";
    [bounds, known] = [now, place];
    return [...said, fresh];
  };
}

/** @param {number} recall  at the usual bounds @param {string} made */
function verdictOf(recall, made) {
  const value = BETS[/** @type {keyof typeof BETS} */ (made)];
  if (value === undefined) return "";
  const nearest = Object.values(BETS).reduce((best, one) => (Math.abs(one - recall) < Math.abs(best - recall) ? one : best));
  const label = t({ all: "betAll", part: "betPart", few: "betFew" }[made] ?? "skip");
  return t(value === nearest ? "right" : "wrong", { p: fixed(100 * recall, 0), bet: label });
}

/** @param {Frame} f */
function readouts(f) {
  const percent = (/** @type {number} */ v) => (Number.isFinite(v) ? t("percent", { v: fixed(100 * v, 1) }) : "–");
  const left = readout(f, { name: "left", label: t("leftRead"), format: (v) => String(v), width: 4 });
  const [recall, precision, lost] = ["recall", "precision", "lost"].map((name) => readout(f, { name, label: t(name), format: percent, width: 7 }));
  return (/** @type {State} */ { passages, reasons, listed, at, score: found, bet: made }) => {
    left(passages.texts.length - found.rejected);
    recall(made ? found.recall : NaN);
    precision(made ? found.precision : NaN);
    lost(made ? found.lost : NaN);
    f.setReadout("stages", funnel(reasons).join(" "));
    f.setReadout("listed", made ? listed.join(" ") : "");
    f.setReadout("shown", made ? listed[at] ?? -1 : -1);
    f.setReadout("first_rules", reasons.map((one) => one[0]?.rule ?? "-").join(" "));
  };
}

export default { render };
