// A safety layer's threshold: scores of harmless and harmful requests, four counts, what a base rate makes of them, and disguises.

import { WAYS, confusion, disguised, filterOf, judge, normalized, precisionAtBaseRate } from "./core/safety.js";
import { button, choice, presets, slider, toggle } from "./kit/controls.js";
import { h, uniqueId } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { bet, declined, isMade } from "./parts/bet.js";
import { smallTable } from "./parts/handle.js";

const LONGEST = 200; // characters of the reader's own request, as in safety_threshold.py
const STOPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999];
const [USUAL, RARE] = [0.5, 0.001]; // what the bet is about
const BETS = { half: 0.5, few: 0.05 };
const TEN_THOUSAND = 10_000;
const EDGE = 10; // log-odds at both ends of the picture
const TICKS = [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999];
const ERRORS = 4; // errors of each kind that can be read
const [PARTS, LEAST] = [6, 0.05]; // words with what each adds, and the least that is told
const THREE = 3; // of n harmless ones none is blocked: then the rate lies below 3/n, with 95 %

const t = strings({
  en: {
    name: "The threshold of a safety layer",
    ask: "In this sample {share} % of the requests are harmful, and {precision} % of what is blocked at p ≥ 0.5 is harmful. At work one request in a thousand is. What part of the blocked is harmful then?",
    askHow: "The layer and its threshold stay the same; only the requests that come are others. Say first; then the slider for the base rate is set there.",
    betSame: "Still {precision} %", betHalf: "About half", betFew: "Less than one in ten", skip: "Just show me",
    threshold: "Block from", thresholdWords: "blocked from p = {v}", base: "Base rate", baseWords: "{v} of all requests are harmful",
    disguise: "All harmful requests are disguised", normalize: "Score each text normalised, too", reset: "Reset",
    plain: "not at all", capitals: "cApiTals", accents: "accents", "zero width": "signs without width", homoglyphs: "look-alikes of another alphabet", digits: "d1g1t5", blanks: "b l a n k s",
    "full stops": "f.u.l.l s.t.o.p.s", stretched: "strrrretched", swapped: "sawpped letters", backwards: "sdrawkcab",
    scores: "Scores of the requests", axisScore: "score p of the filter", axisCount: "requests", harmless: "harmless", harmful: "harmful", at: "threshold", yours: "yours",
    table: "Four counts", blocked: "blocked", passes: "let pass", rowHarmful: "harmful, here", rowHarmless: "harmless, here", manyHarmful: "harmful, of 10 000", manyHarmless: "harmless, of 10 000",
    alarms: "Harmless, but blocked", misses: "Harmful, but let pass", none: "none", more: "and {n} more",
    own: "Your own request", ownHelp: "At most {n} characters. It is disguised like the harmful ones, and never leaves this page.", examples: "Examples",
    exampleHarmless: "A question", exampleInsult: "An insult", exampleMention: "A mention", exampleUnlisted: "Not on the list", exampleChinese: "中文",
    read: "What the filter reads", ownScore: "p = {p}: {what}.", isBlocked: "blocked", isPassed: "let pass", listed: "On the list: {words}.", unlisted: "No word of it is on the list.",
    parts: "What the words of its worst sentence add to the log-odds", part: "log-odds", word: "word", bias: "to begin with", empty: "Nothing to read.",
    noWidth: "· is a sign of no width.",
    recall: "Recall", falseAlarms: "False-alarm rate", precisionHere: "Precision here", precisionAt: "Precision at the base rate", ownLabel: "Your request", percent: "{v} %", atLeast: "≥ {v} %",
    say: "{blocked} of {n} requests are blocked: {tp} of {pos} harmful ones, a recall of {recall} %, and {fp} of {neg} harmless ones. Here {precision} % of what is blocked is harmful.",
    sayNothing: "No request is blocked, and all {pos} harmful ones pass.",
    sayBase: " Where {base} of all requests are harmful, it is {at} %: of 10 000, {right} are blocked rightly and {wrong} wrongly.",
    sayFew: " Where {base} of all requests are harmful, it is {at} % at least: none of {neg} harmless ones was blocked, so that up to {bound} % of them cannot be ruled out.",
    sayDisguised: " The harmful ones are disguised: {way}.", sayNormal: " Each text is scored as it is and normalised; the higher score counts.",
    rightBet: " You bet right: {at} %.", wrongBet: " You bet “{bet}”; it is {at} %.",
  },
  zh: {
    name: "安全层的阈值",
    ask: "这组样本中有害请求占 {share}%，在 p ≥ 0.5 处被拦下的有 {precision}% 确实有害。实际使用中每一千个请求只有一个有害。那时被拦下的有多少真有害？",
    askHow: "安全层和阈值不变，变的只是到来的请求。请先猜；然后基率滑块会移到那里。",
    betSame: "仍是 {precision}%", betHalf: "约一半", betFew: "不到十分之一", skip: "直接看",
    threshold: "拦截起点", thresholdWords: "从 p = {v} 起拦截", base: "基率", baseWords: "全部请求中 {v} 有害",
    disguise: "有害请求全部伪装", normalize: "规范化后再评一次分", reset: "重置",
    plain: "不伪装", capitals: "大小写 cApiTals", accents: "重音", "zero width": "零宽字符", homoglyphs: "另一种字母的形近字", digits: "数字 d1g1t5", blanks: "空格 b l a n k s",
    "full stops": "句点 f.u.l.l", stretched: "拉长 strrrretched", swapped: "换位 sawpped", backwards: "倒写 sdrawkcab",
    scores: "各请求的得分", axisScore: "过滤器的得分 p", axisCount: "请求数", harmless: "无害", harmful: "有害", at: "阈值", yours: "你的",
    table: "四个计数", blocked: "拦下", passes: "放行", rowHarmful: "有害，此处", rowHarmless: "无害，此处", manyHarmful: "有害，每一万", manyHarmless: "无害，每一万",
    alarms: "无害却被拦下", misses: "有害却放行", none: "没有", more: "还有 {n} 条",
    own: "你自己的请求", ownHelp: "最多 {n} 个字符。它会像有害请求一样被伪装，且不会离开本页。", examples: "例子",
    exampleHarmless: "一个问题", exampleInsult: "一句辱骂", exampleMention: "只是提及", exampleUnlisted: "不在词表上", exampleChinese: "中文",
    read: "过滤器读到的", ownScore: "p = {p}：{what}。", isBlocked: "拦下", isPassed: "放行", listed: "在词表上：{words}。", unlisted: "没有词在词表上。",
    parts: "最坏一句中各词对对数几率的贡献", part: "对数几率", word: "词", bias: "起点", empty: "没有可读的文字。",
    noWidth: "· 表示零宽字符。",
    recall: "召回率", falseAlarms: "误报率", precisionHere: "此处精确率", precisionAt: "该基率下的精确率", ownLabel: "你的请求", percent: "{v}%", atLeast: "≥ {v}%",
    say: "{n} 个请求中拦下 {blocked} 个：{pos} 个有害的拦下 {tp} 个，召回率 {recall}%；{neg} 个无害的拦下 {fp} 个。此处被拦下的有 {precision}% 有害。",
    sayNothing: "没有请求被拦下，{pos} 个有害的全部放行。",
    sayBase: "若全部请求中 {base} 有害，则为 {at}%：每一万个中正确拦下 {right} 个，错误拦下 {wrong} 个。",
    sayFew: "若全部请求中 {base} 有害，则至少为 {at}%：{neg} 个无害的一个也没拦下，因此不能排除误报率高达 {bound}%。",
    sayDisguised: "有害请求的伪装：{way}。", sayNormal: "每段文字按原样和规范化后各评一次，取较高分。",
    rightBet: "你猜对了：{at}%。", wrongBet: "你猜的是“{bet}”；实际是 {at}%。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/safety.js").Judgement} Judgement */
/** @typedef {{texts: string[], labels: number[], filter: import("./core/safety.js").Filter, usual: Counts, known?: {key: string, judged: Seen[]}}} Sample  usual: at p ≥ 0.5, undisguised */
/** @typedef {{truePositive: number, falseNegative: number, falsePositive: number, trueNegative: number}} Counts */
/** @typedef {Judgement & {read: string}} Seen  read: the text that the filter reads */
/** @typedef {{sample: Sample, threshold: number, base: number, way: string, normalize: boolean, judged: Seen[], counts: Counts, own: Seen, bet: string}} State */

const EXAMPLES = { exampleHarmless: "How do I sort a list of names?", exampleInsult: "Shut up, you miserable flumpwit!", exampleMention: "What does the odd word flumpwit mean?",
  exampleUnlisted: "Listen, you hopeless droopsock and worthless machine!", exampleChinese: "你这个没用的东西，闭嘴！" };

/** At most so many characters, none of them cut in half. @param {string} text */
export const cropped = (text) => (text.length > LONGEST ? [...text].slice(0, LONGEST).join("") : text);

/** @param {(trait: string) => any} get @returns {Sample} */
export function sampleOf(get) {
  const [texts, labels] = [get("texts"), get("labels")];
  const filter = filterOf({ weights: get("weights"), bias: get("bias"), words: get("words") });
  const scores = texts.map((/** @type {string} */ text) => judge(filter, text).p);
  return { texts, labels, filter, usual: confusion(scores, labels, USUAL) };
}

/** @param {Sample} sample @param {(trait: string) => any} get @returns {State} */
export function stateOf(sample, get) {
  const [way, normalize, threshold, seed] = [get("disguise"), get("normalize"), get("threshold"), get("seed")];
  const seen = (/** @type {string} */ text, /** @type {boolean} */ hides) => look(sample.filter, hides ? disguised(text, way, seed) : text, normalize);
  const key = `${way} ${normalize} ${seed}`; // while a slider moves, texts need not be read again
  if (sample.known?.key !== key) sample.known = { key, judged: sample.texts.map((text, i) => seen(text, sample.labels[i] === 1)) };
  const { judged } = sample.known;
  return { sample, threshold, base: get("base_rate"), way, normalize, judged, counts: confusion(judged.map(({ p }) => p), sample.labels, threshold),
    own: seen(cropped(get("own")), true), bet: get("prediction") };
}

/**
 * How the layer sees a text: as it stands and, if that is on, normalised, of which the higher score counts.
 * @param {import("./core/safety.js").Filter} filter @param {string} text @param {boolean} normalize @returns {Seen}
 */
export function look(filter, text, normalize) {
  const plain = judge(filter, text);
  if (!normalize) return { ...plain, read: text };
  const read = normalized(text);
  const undressed = judge(filter, read);
  return { ...(undressed.p >= plain.p ? undressed : plain), listed: undressed.listed, read };
}

/** Recall, false-alarm rate, precision in the sample; and at a base rate, with a bound where no false alarm was seen. @param {Counts} counts @param {number} base */
export function ratesOf({ truePositive, falseNegative, falsePositive, trueNegative }, base) {
  const [pos, neg, blocked] = [truePositive + falseNegative, falsePositive + trueNegative, truePositive + falsePositive];
  const [recall, alarms] = [truePositive / pos, falsePositive / neg];
  const few = blocked > 0 && falsePositive === 0;
  const bound = few ? Math.min(1, THREE / neg) : alarms;
  return { pos, neg, blocked, recall, alarms, few, bound, precision: truePositive / blocked, at: precisionAtBaseRate(recall, bound, base) };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "safety_threshold", label: t("name") });
  const get = (/** @type {string} */ trait) => model.get(trait);
  const shipped = Object.fromEntries(["threshold", "base_rate", "disguise", "normalize", "own"].map((trait) => [trait, get(trait)]));
  let sample = sampleOf(get);
  const card = question(f, sample);
  controls(f);
  const show = picture(f);
  const area = ownRequest(f);
  const draw = () => {
    card.show();
    const state = stateOf(sample, get);
    show(state);
    area(state);
    f.tableChanged();
  };
  const back = () => f.assign(shipped);
  button(f, { label: t("reset"), where: "toolbar", onClick: back });
  f.root.addEventListener("xp:reset", back, { signal: f.signal });
  for (const trait of ["threshold", "base_rate", "disguise", "normalize", "own", "seed", "prediction"]) f.watch(trait, draw);
  for (const trait of ["texts", "labels", "weights", "bias", "words"]) f.watch(trait, () => {
    sample = sampleOf(get);
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** Two digits of what is small; one more where it is nearly all. @param {number} v */
const percent = (v) => (v < 0.0995 ? significant(100 * v, 2) : fixed(100 * v, v > 0.9945 && v < 1 ? 1 : 0));

/** A base rate, with three digits. @param {number} v */
const oneIn = (v) => t("percent", { v: significant(100 * v, 3) });

/** @param {Frame} f @param {Sample} sample */
function question(f, { labels, usual }) {
  const { precision } = ratesOf(usual, RARE);
  const share = percent(labels.filter((label) => label === 1).length / labels.length);
  const values = { share, precision: percent(precision) };
  return bet(f, { ask: t("ask", values), how: t("askHow"), also: () => ({ threshold: USUAL, base_rate: RARE, disguise: WAYS[0], normalize: false }),
    answers: [["same", t("betSame", values)], ["half", t("betHalf")], ["few", t("betFew")], ["skipped", t("skip")]] });
}

/** @param {Frame} f */
function controls(f) {
  slider(f, { trait: "threshold", label: t("threshold"), symbol: "p", min: STOPS[0], max: STOPS[STOPS.length - 1], stops: STOPS, words: (v) => t("thresholdWords", { v: significant(v, 3) }) });
  slider(f, { trait: "base_rate", label: t("base"), symbol: "π", min: 1e-5, max: 0.5, scale: "log", words: (v) => t("baseWords", { v: oneIn(v) }),
    onInput: (_, { user }) => user && f.assign(declined(f)) });
  choice(f, { trait: "disguise", label: t("disguise"), menu: true, options: WAYS.map((value) => ({ value, label: wayName(value) })) });
  toggle(f, { trait: "normalize", label: t("normalize") });
  f.root.insertBefore(f.controls, f.stage);
}

/** @param {string} way */
const wayName = (way) => t(way === WAYS[0] ? "plain" : way);

// ------------------------------------------------------------------------------------------------ the picture

/** Everything one sees of the sample; returns the function that draws it. @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-safety");
  const caption = h("p", { class: "xp-caption" });
  const [left, right, below] = [h("div"), h("div"), h("div", { class: "xp-sf-errors" })];
  f.stage.append(caption, left, right, below);
  const drawings = [histogram(f, left), countTable(f, right), errorLists(f, below), readouts(f)];
  return (/** @type {State} */ state) => {
    const text = sentence(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    for (const drawing of drawings) drawing(state);
  };
}

/** Log-odds of a probability, kept within the picture. @param {number} p */
export const placeOf = (p) => Math.min(EDGE, Math.max(-EDGE, Math.log(p / (1 - p))));

/** How many requests of each kind fall into each unit of log-odds. @param {State} state @returns {{harmless: number[], harmful: number[]}} */
export function binsOf({ judged, sample }) {
  const count = (/** @type {number} */ label) => {
    const bins = Array.from({ length: 2 * EDGE }, () => 0);
    judged.forEach(({ p }, i) => void (sample.labels[i] === label && (bins[Math.min(2 * EDGE - 1, Math.floor(placeOf(p) + EDGE))] += 1)));
    return bins;
  };
  return { harmless: count(0), harmful: count(1) };
}

/** The outline of bars that begin at 0. @param {number[]} counts */
const stairs = (counts) => [[-EDGE, 0], ...counts.flatMap((n, k) => [[k - EDGE, n], [k + 1 - EDGE, n]]), [EDGE, 0]];

/** @param {number} v */
const roundUp = (v) => [5, 10, 20, 30, 40, 50, 75, 100, 150, 200].find((top) => top >= v) ?? v;

/** Scores of harmless and harmful requests, the threshold, and the reader's own. @param {Frame} f @param {HTMLElement} into */
function histogram(f, into) {
  const places = TICKS.map((p) => Math.log(p / (1 - p)));
  const p = plot(f, { title: t("scores"), height: 260, legend: true, into, table: false, y: { label: t("axisCount"), min: 0, max: 50 },
    x: { label: t("axisScore"), min: -EDGE, max: EDGE, ticks: places, format: (z) => significant(1 / (1 + Math.exp(-z)), 3) } });
  /** @type {ReturnType<typeof binsOf>} */
  let bins = { harmless: [], harmful: [] };
  f.addTable(() => ({ caption: t("scores"), columns: [`≥ ${t("axisScore")}`, t("harmless"), t("harmful")],
    rows: bins.harmless.map((n, k) => [Number((1 / (1 + Math.exp(EDGE - k))).toPrecision(3)), n, bins.harmful[k]]) }));
  return (/** @type {State} */ state) => {
    bins = binsOf(state);
    const top = roundUp(Math.max(...bins.harmless, ...bins.harmful));
    if (p.y.max !== top) p.axes({ y: { max: top } });
    for (const [key, kind] of /** @type {const} */ ([["harmless", "simulation"], ["harmful", "mean_field"]])) {
      p.area(key, stairs(bins[key]), { label: t(key), kind });
      p.line(`${key}, edge`, stairs(bins[key]), { kind }); // dashed for the harmful: told apart without colour
    }
    p.vline("at", placeOf(state.threshold), { label: t("at"), kind: "reader" });
    p.marker("yours", [placeOf(state.own.p), 0.12 * top], { label: t("yours"), kind: "theory" });
    p.describe(sentence(state));
  };
}

/** The four counts, and what of ten thousand goes where. @param {Frame} f @param {HTMLElement} into */
function countTable(f, into) {
  const rows = ["rowHarmful", "rowHarmless", "manyHarmful", "manyHarmless"];
  const columns = ["", t("blocked"), t("passes")];
  const table = smallTable(t("table"), columns, rows.map((key) => t(key)));
  into.append(h("p", { class: "xp-sf-title" }, t("table")), table.node);
  /** @type {string[][]} */
  let cells = [];
  f.addTable(() => ({ caption: t("table"), columns: [" ", ...columns.slice(1)], rows: cells.map((row, k) => [t(rows[k]), ...row]) }));
  return (/** @type {State} */ { counts, base, bet: made }) => {
    const { recall, alarms } = ratesOf(counts, base);
    const many = (/** @type {number} */ share, /** @type {number} */ part) => (made ? significant(TEN_THOUSAND * share * part, 3) : "–");
    cells = [[counts.truePositive, counts.falseNegative].map(String), [counts.falsePositive, counts.trueNegative].map(String),
      [many(base, recall), many(base, 1 - recall)], [many(1 - base, alarms), many(1 - base, 1 - alarms)]];
    table.fill(cells);
  };
}

/** Requests that are treated wrongly, as the filter reads them. @param {Frame} f @param {HTMLElement} into */
function errorLists(f, into) {
  const lists = ["alarms", "misses"].map((key) => {
    const list = h("ul", { class: "xp-sf-list" });
    into.append(h("div", {}, h("p", { class: "xp-sf-title" }, t(key)), list));
    return list;
  });
  /** @type {string[][][]} */
  let found = [[], []];
  for (const [k, key] of ["alarms", "misses"].entries()) {
    f.addTable(() => ({ caption: t(key), columns: [t("read"), "p"], rows: found[k] }));
  }
  return (/** @type {State} */ state) => {
    found = errorsOf(state).map((all) => all.map((i) => [visible(state.judged[i].read), significant(state.judged[i].p, 2)]));
    lists.forEach((list, k) => {
      const rest = found[k].length - ERRORS;
      const rows = found[k].slice(0, ERRORS).map(([text, p]) => h("li", {}, `${text} (p = ${p})`));
      list.replaceChildren(...(rows.length ? rows : [h("li", {}, t("none"))]), ...(rest > 0 ? [h("li", {}, t("more", { n: rest }))] : []));
    });
  };
}

/** Harmless requests that are blocked, the worst first; harmful ones that pass, the mildest first. @param {State} state */
export function errorsOf({ judged, sample, threshold }) {
  const places = [...judged.keys()];
  const alarms = places.filter((i) => sample.labels[i] === 0 && judged[i].p >= threshold).sort((a, b) => judged[b].p - judged[a].p || a - b);
  const misses = places.filter((i) => sample.labels[i] === 1 && judged[i].p < threshold).sort((a, b) => judged[a].p - judged[b].p || a - b);
  return [alarms, misses];
}

/** A text whose signs of no width can be seen. @param {string} text */
export const visible = (text) => text.replace(/[\u200b-\u200f\u2060\ufeff\u00ad]/g, "·");

// ------------------------------------------------------------------------------------------------ the reader's own

/** A request of the reader's own, and why it is scored so; returns the function that draws it. @param {Frame} f */
function ownRequest(f) {
  const [id, helpId] = ["own", "help"].map(uniqueId);
  const area = h("textarea", { id, class: "xp-sf-text", rows: 2, maxlength: 2 * LONGEST, spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-describedby": helpId });
  const box = h("div", { class: "xp-sf-own" });
  presets(f, Object.entries(EXAMPLES).map(([key, own]) => ({ label: t(key), set: { own } })), { label: t("examples"), into: box });
  box.append(h("div", { class: "xp-field" }, h("label", { for: id, class: "xp-label" }, t("own")), area), h("p", { class: "xp-help", id: helpId }, t("ownHelp", { n: LONGEST })));
  const [read, said, list] = [h("p", { class: "xp-sf-read", role: "group", "aria-label": t("read") }), h("p", { class: "xp-sf-said" }), h("ul", { class: "xp-sf-parts", "aria-label": t("parts") })];
  const title = h("p", { class: "xp-sf-title" }, t("parts"));
  box.append(read, said, title, list);
  f.stage.after(box);
  f.share("own", (v) => typeof v === "string" && cropped(v) === v);
  const put = () => {
    const own = cropped(area.value);
    if (area.value !== own) area.value = own;
    f.assign({ own });
  };
  area.addEventListener("input", (event) => void (/** @type {InputEvent} */ (event).isComposing || put()), { signal: f.signal });
  area.addEventListener("compositionend", put, { signal: f.signal });
  /** @type {Judgement["parts"]} */
  let parts = [];
  f.addTable(() => ({ caption: t("parts"), columns: [t("word"), t("part")], rows: parts.map(({ word, part }) => [word, part]) }));
  return (/** @type {State} */ { own, threshold, sample }) => {
    const text = f.model.get("own");
    if (area.value !== text) area.value = text;
    read.textContent = own.read ? visible(own.read) : t("empty");
    const listed = own.listed.length ? t("listed", { words: own.listed.join(", ") }) : t("unlisted");
    said.textContent = `${t("ownScore", { p: significant(own.p, 3), what: t(own.p >= threshold ? "isBlocked" : "isPassed") })} ${listed}${visible(own.read) === own.read ? "" : ` ${t("noWidth")}`}`;
    parts = own.parts.length ? [{ word: t("bias"), part: sample.filter.bias }, ...own.parts] : [];
    const strongest = own.parts.filter(({ part }) => Math.abs(part) >= LEAST).sort((a, b) => Math.abs(b.part) - Math.abs(a.part)).slice(0, PARTS);
    title.hidden = !parts.length;
    list.replaceChildren(...[...parts.slice(0, 1), ...strongest].map(({ word, part }) => h("li", { class: part > 0 ? "xp-sf-more" : "" }, `${visible(word)} ${part > 0 ? "+" : ""}${fixed(part, 1)}`)));
  };
}

// ------------------------------------------------------------------------------------------------ words and numbers

/** What there is to see, in a few sentences. @param {State} state */
export function sentence(state) {
  const { sample, counts, base, way, normalize, bet: made } = state;
  const { pos, neg, blocked, recall, precision, few, bound, at, alarms } = ratesOf(counts, base);
  const values = { n: sample.texts.length, blocked, tp: counts.truePositive, fp: counts.falsePositive, pos, neg, recall: percent(recall), precision: percent(precision),
    base: oneIn(base), at: percent(at), bound: percent(bound), right: significant(TEN_THOUSAND * base * recall, 3), wrong: significant(TEN_THOUSAND * (1 - base) * alarms, 3) };
  const hides = (way === WAYS[0] ? "" : t("sayDisguised", { way: wayName(way) })) + (normalize ? t("sayNormal") : "");
  if (!blocked) return t("sayNothing", values) + hides;
  return t("say", values) + (made ? t(few ? "sayFew" : "sayBase", values) : "") + hides + verdict(state);
}

/** What became of the bet, while what it was about is shown. @param {State} state */
function verdict({ sample, threshold, base, way, normalize, bet: made }) {
  if (made === "" || made === "skipped" || threshold !== USUAL || Math.abs(base - RARE) > 1e-9 || way !== WAYS[0] || normalize) return "";
  const { precision, at } = ratesOf(sample.usual, RARE);
  /** @type {Record<string, number>} */
  const answers = { same: precision, ...BETS };
  const nearest = Object.keys(answers).reduce((best, one) => (Math.abs(answers[one] - at) < Math.abs(answers[best] - at) ? one : best));
  const label = t({ same: "betSame", half: "betHalf", few: "betFew" }[made] ?? "skip", { precision: percent(precision) });
  return made === nearest ? t("rightBet", { at: percent(at) }) : t("wrongBet", { bet: label, at: percent(at) });
}

/** @param {Frame} f */
function readouts(f) {
  const share = (/** @type {number} */ v) => (Number.isFinite(v) ? t("percent", { v: percent(v) }) : "–");
  let least = false;
  const recall = readout(f, { name: "recall", label: t("recall"), format: share, width: 6 });
  const alarms = readout(f, { name: "false_alarm", label: t("falseAlarms"), format: share, width: 6 });
  const precision = readout(f, { name: "precision", label: t("precisionHere"), format: share, width: 6 });
  const at = readout(f, { name: "precision_at", label: t("precisionAt"), format: (v) => (Number.isFinite(v) ? t(least ? "atLeast" : "percent", { v: percent(v) }) : "–"), width: 8 });
  const own = readout(f, { name: "own_score", label: t("ownLabel"), format: (v) => significant(v, 3), width: 8 });
  return (/** @type {State} */ state) => {
    const rates = ratesOf(state.counts, state.base);
    least = rates.few;
    recall(rates.recall);
    alarms(rates.alarms);
    precision(rates.precision);
    at(state.bet ? rates.at : NaN);
    own(state.own.p);
    for (const [name, count] of Object.entries(state.counts)) f.setReadout(name, count);
    f.setReadout("scores", state.judged.map(({ p }) => p).join(" "));
    f.setReadout("own_text", state.own.read);
    f.setReadout("own_listed", state.own.listed.join(" "));
  };
}

export default { render };
