// Bands and rows of MinHash: the S-curve, measured on pairs of documents, and two texts to edit.

import { HASHES, Pairs, agreement, errorsOf, estimated, familyOf, fullBands, measured, sCurve, signatureOf, steepest } from "./core/minhash.js";
import { shinglesOf, wordsOf } from "./core/shingles.js";
import { clock } from "./kit/clock.js";
import { presets, seedBox, slider } from "./kit/controls.js";
import { h, s, setAttributes, uniqueId } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { bet, isMade } from "./parts/bet.js";
import { smallTable } from "./parts/handle.js";
import { news } from "./parts/news.js";

const LONGEST = 400; // characters, as in minhash_curve.py
const [MOST_BANDS, MOST_ROWS] = [32, 16];
const SHOWN = 60; // pairs at first
const MOST = 400;
const BET = { bands: 16, rows: 8, at: 0.5 };
const CURVE = Array.from({ length: 201 }, (_, i) => i / 200);
const CELL = 10; // units of the picture of the bands
const STEP = 20; // pairs of one press of Step
const REST = "It was late, and the street was quiet. Nobody came by before the morning.";
const CAT = `The cat sat on the mat and looked at the moon. ${REST}`;
const PRESETS = {
  word: [CAT, `The cat sat on the mat and looked at the stars. ${REST}`],
  signs: [CAT, `THE CAT sat on the mat – and looked at the moon! ${REST.replaceAll(", ", "  ")}`],
  order: [CAT, "Nobody came by before the morning. It was late, and the street was quiet. The cat sat on the mat and looked at the moon."],
  meaning: [CAT, "A tomcat rested upon the rug while gazing at the sky. Hours had passed; no sound rose from outside. Till dawn there was no visitor."],
  chinese: ["学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？", "学而时习之，不亦悦乎！有朋自远方来，不亦乐乎！人不知而不愠，不亦君子乎！"],
};

const t = strings({
  en: {
    name: "MinHash: bands and rows",
    ask: "Two documents share half of their shingles, so half of the entries of their signatures agree. Cut into 16 bands of 8 rows: how likely is it that at least one whole band agrees?",
    askHow: "Only then are the two compared. The curve, and pairs measured on it, come after your bet.",
    betFew: "6 %", betHalf: "50 %", betSure: "99 %", skip: "Just show me",
    bands: "Bands", rows: "Rows in a band", threshold: "Threshold", bandsSpoken: "{v} bands", bandsSpokenOne: "1 band", rowsSpoken: "{v} rows in each band", rowsSpokenOne: "1 row in each band", thresholdSpoken: "duplicates from similarity {v}",
    plot: "How likely a pair is found", axisS: "Jaccard similarity s", axisP: "share of pairs found", theory: "1 − (1 − sʳ)ᵇ", measured: "measured pairs",
    missedArea: "missed", idleArea: "compared in vain", yours: "your two texts", line: "threshold",
    errors: "What becomes of the pairs", found: "found", notFound: "not found", above: "s ≥ {t}", below: "s < {t}", falseNegative: "{n} missed", falsePositive: "{n} in vain", right: "{n}",
    hidden: "The curve is shown once you have bet.",
    grid: "Where the two signatures agree", gridSpoken: "b = {bands}, r = {rows}: {equal} of {k} entries agree; whole bands: {full}.", gridKey: "A column is a band, a square an entry that agrees. A framed band agrees as a whole.",
    textA: "One text", textB: "Another text", textHelp: "Edit both, up to {most} characters each, in any language.",
    words: "Words in a shingle", wordsSpoken: "{v} words in a shingle", wordsSpokenOne: "1 word in a shingle", presets: "Pairs of texts",
    word: "One word changed", signs: "Signs and capitals", order: "Sentences moved", meaning: "Same meaning", chinese: "中文",
    onlyA: "Only in the first", both: "In both", onlyB: "Only in the second", group: "{name}: {n}",
    jaccard: "J", estimate: "Estimate", full: "Whole bands", hashes: "Entries b · r", steep: "Steepest near s =", at: "P(s = t)", missed: "Missed", idle: "In vain", pairs: "Pairs", percent: "{v} %",
    shingle: "shingle", where: "where",
    say: "The texts share {both} of {all} shingles: J = {j}. Their signatures agree in {equal} of {k} entries, which estimates J as {estimate} ± {error}.",
    sayOne: " One band agrees as a whole: they are compared.", saySome: " {full} of {b} bands agree as a whole: they are compared.", sayNo: " No band agrees as a whole: they are never compared.",
    sayEmpty: "A text without words has no shingles: type some.",
    sayCurve: " With b = {b} and r = {r} a pair of s = {t} is found with P = {p}. Of pairs spread evenly over s, {missed} % of those at or above {t} are missed, and {idle} % of those below are compared in vain.",
    betRight: " You bet right: 1 − (1 − 0.5⁸)¹⁶ = {p} %.", betWrong: " You bet {bet}; it is 1 − (1 − 0.5⁸)¹⁶ = {p} %.",
  },
  zh: {
    name: "MinHash：条带与行",
    ask: "两篇文档共有一半的 shingle，所以签名约有一半的元素相同。切成 16 条、每条 8 行：至少有一条完全相同的可能性有多大？",
    askHow: "只有这样两者才会被比较。曲线和实测的文档对在下注后出现。",
    betFew: "6%", betHalf: "50%", betSure: "99%", skip: "直接看",
    bands: "条带数", rows: "每条的行数", threshold: "阈值", bandsSpoken: "{v} 条", bandsSpokenOne: "1 条", rowsSpoken: "每条 {v} 行", rowsSpokenOne: "每条 1 行", thresholdSpoken: "相似度从 {v} 起算重复",
    plot: "一对文档被找到的可能性", axisS: "Jaccard 相似度 s", axisP: "被找到的比例", theory: "1 − (1 − sʳ)ᵇ", measured: "实测的文档对",
    missedArea: "漏掉", idleArea: "白比较", yours: "你的两段文本", line: "阈值",
    errors: "文档对的去向", found: "找到", notFound: "未找到", above: "s ≥ {t}", below: "s < {t}", falseNegative: "漏掉 {n}", falsePositive: "白比较 {n}", right: "{n}",
    hidden: "下注后显示曲线。",
    grid: "两个签名相同之处", gridSpoken: "{bands} 条，每条 {rows} 行：{k} 个元素中 {equal} 个相同，{full} 条完全相同。", gridKey: "一列是一条，方格是相同的元素。加框的条完全相同。",
    textA: "一段文本", textB: "另一段文本", textHelp: "两段都可编辑，各至多 {most} 个字符，语言不限。",
    words: "每个 shingle 的词数", wordsSpoken: "每个 shingle {v} 个词", wordsSpokenOne: "每个 shingle 1 个词", presets: "成对的文本",
    word: "改一个词", signs: "标点与大写", order: "句子换位", meaning: "意思相同", chinese: "中文",
    onlyA: "只在第一段", both: "两段都有", onlyB: "只在第二段", group: "{name}：{n}",
    jaccard: "J", estimate: "估计", full: "完全相同的条", hashes: "元素数 b · r", steep: "最陡处 s ≈", at: "P(s = t)", missed: "漏掉", idle: "白比较", pairs: "文档对", percent: "{v}%",
    shingle: "shingle", where: "位置",
    say: "两段文本共有 {all} 个 shingle，其中 {both} 个相同：J = {j}。签名的 {k} 个元素中 {equal} 个相同，由此估计 J 为 {estimate} ± {error}。",
    sayOne: "有一条完全相同：两者会被比较。", saySome: "{b} 条中有 {full} 条完全相同：两者会被比较。", sayNo: "没有一条完全相同：两者永远不会被比较。",
    sayEmpty: "没有词的文本没有 shingle：请输入一些。",
    sayCurve: "b = {b}、r = {r} 时，s = {t} 的一对被找到的概率 P = {p}。若文档对在 s 上均匀分布，则不低于 {t} 的漏掉 {missed}%，低于它的有 {idle}% 白白比较。",
    betRight: "你猜对了：1 − (1 − 0.5⁸)¹⁶ = {p}%。", betWrong: "你猜的是 {bet}；其实 1 − (1 − 0.5⁸)¹⁶ = {p}%。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {{onlyA: string[], both: string[], onlyB: string[]}} Groups */
/** @typedef {{a: string, b: string, words: number, seed: number}} Asked */
/** @typedef {{groups: Groups, similarity: number, agree: Uint8Array, empty: boolean}} Texts */
/** @typedef {{bands: number, rows: number, threshold: number, bet: string, texts: Texts, full: boolean[], estimate: number, pairs: Pairs, seen: ReturnType<typeof measured>, errors: {missed: number, idle: number}}} State */

/** The shingles of two texts, their similarity, and where their signatures agree. @param {Asked} asked @returns {Texts} */
export function compare({ a, b, words, seed }) {
  const [first, second] = [a, b].map((text) => {
    const list = wordsOf(text);
    return new Map(shinglesOf(list, words).map((hash, i) => [hash, list.slice(i, i + words).join(" ")]));
  });
  /** @type {(from: Map<bigint, string>, wanted: (hash: bigint) => boolean) => string[]} */
  const those = (from, wanted) => [...from].filter(([hash]) => wanted(hash)).map(([, text]) => text);
  const groups = { onlyA: those(first, (x) => !second.has(x)), both: those(first, (x) => second.has(x)), onlyB: those(second, (x) => !first.has(x)) };
  const all = groups.onlyA.length + groups.both.length + groups.onlyB.length;
  const family = familyOf(seed, HASHES);
  return { groups, similarity: all ? groups.both.length / all : 1, empty: !first.size || !second.size,
    agree: agreement(signatureOf(first.keys(), family), signatureOf(second.keys(), family)) };
}

/** @param {(trait: string) => any} get @param {Pairs} pairs @param {Texts} texts @returns {State} */
export function stateOf(get, pairs, texts) {
  const [bands, rows, threshold] = [get("bands"), get("rows"), get("threshold")];
  return { bands, rows, threshold, bet: get("prediction"), texts, pairs, full: fullBands(texts.agree, bands, rows), estimate: estimated(texts.agree, bands * rows),
    seen: measured(pairs.all, bands, rows, threshold), errors: errorsOf(bands, rows, threshold) };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "minhash_curve", label: t("name") });
  const get = (/** @type {string} */ trait) => model.get(trait);
  let count = SHOWN;
  const fresh = () => new Pairs(get("passages").map((/** @type {string} */ text) => text.split(" ")), get("seed"));
  const read = () => compare({ a: get("text_a"), b: get("text_b"), words: get("words"), seed: get("seed") });
  let [pairs, texts] = [fresh(), read()];
  const card = bet(f, { ask: t("ask"), how: t("askHow"), also: () => ({ bands: BET.bands, rows: BET.rows }),
    answers: [["few", t("betFew")], ["half", t("betHalf")], ["sure", t("betSure")], ["skipped", t("skip")]] });
  topControls(f);
  const show = picture(f);
  const draw = () => {
    card.show();
    show(stateOf(get, pairs.reach(isMade(f) ? count : 0), texts)); // nothing is measured that nobody sees
  };
  clock(f, {
    step(n) {
      if (!isMade(f)) f.assign({ prediction: "skipped" }); // who measures before betting has declined to bet
      count = Math.min(MOST, count + n);
    },
    onFrame: draw,
    onReset() {
      count = SHOWN;
      pairs = fresh();
    },
    done: () => count >= MOST,
    perFrame: () => (reducedMotion() ? 10 : 1),
    stepSize: STEP,
  });
  seedBox(f);
  for (const trait of ["bands", "rows", "threshold", "prediction"]) f.watch(trait, draw);
  for (const trait of ["text_a", "text_b", "words", "seed", "passages"]) f.watch(trait, () => {
    texts = read();
    if (trait === "seed" || trait === "passages") pairs = fresh();
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** What the curve depends on stands above it. @param {Frame} f */
function topControls(f) {
  const top = h("div", { class: "xp-mc-top" });
  f.root.insertBefore(top, f.stage);
  slider(f, { trait: "bands", label: t("bands"), symbol: "b", min: 1, max: MOST_BANDS, step: 1, words: counted("bandsSpoken"), into: top });
  slider(f, { trait: "rows", label: t("rows"), symbol: "r", min: 1, max: MOST_ROWS, step: 1, words: counted("rowsSpoken"), into: top });
  slider(f, { trait: "threshold", label: t("threshold"), symbol: "t", min: 0.05, max: 0.95, step: 0.01, exact: false, words: (v) => t("thresholdSpoken", { v: significant(v, 3) }), into: top });
}

/** A number of things in words. @param {string} key */
const counted = (key) => (/** @type {number} */ v) => t(v === 1 ? `${key}One` : key, { v });

/** Everything one sees; returns the function that draws it. @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-minhash");
  const caption = h("p", { class: "xp-caption" });
  const [left, right, below] = [h("div"), h("div"), h("div", { class: "xp-mc-texts" })];
  f.stage.append(caption, left, right);
  f.root.insertBefore(below, f.controls); // Play comes right under the picture
  const drawings = [curvePlot(f, left), errorTable(f, left), bandGrid(right), editors(f, below), groupLists(f, below), readouts(f)];
  const tell = news(f);
  return (/** @type {State} */ state) => {
    const said = sentences(state);
    const text = said.join("");
    if (caption.textContent !== text) caption.textContent = text;
    tell(said);
    for (const drawing of drawings) drawing(state, text);
    f.tableChanged();
  };
}

/** The curve, the pairs measured on it, and both kinds of error as areas. @param {Frame} f @param {HTMLElement} into */
function curvePlot(f, into) {
  const unit = { min: 0, max: 1, ticks: [0, 0.25, 0.5, 0.75, 1] };
  const p = plot(f, { title: t("plot"), x: { label: t("axisS"), ...unit }, y: { label: t("axisP"), ...unit }, height: 280, legend: true, into });
  const hidden = h("p", { class: "xp-help" }, t("hidden"));
  into.append(hidden);
  return (/** @type {State} */ state, /** @type {string} */ text) => {
    const { bands, rows, threshold, texts, seen } = state;
    const told = state.bet !== "";
    hidden.hidden = told;
    p.vline("threshold", threshold, { label: t("line") });
    p.describe(text);
    if (!told) return ["idle", "missed", "theory", "measured", "yours"].forEach((name) => p.clear(name));
    const curve = (/** @type {number[]} */ xs) => xs.map((x) => [x, sCurve(x, bands, rows)]);
    p.area("idle", [[0, 0], ...curve([...CURVE.filter((x) => x < threshold), threshold]), [threshold, 0]], { kind: "mean_field", label: t("idleArea") });
    p.area("missed", [[threshold, 1], ...curve([threshold, ...CURVE.filter((x) => x > threshold)]), [1, 1]], { kind: "simulation", label: t("missedArea") });
    p.line("theory", curve(CURVE), { kind: "theory", label: t("theory") });
    p.points("measured", seen.bins.map(({ mean, share }) => [mean, share]), { r: 4, label: t("measured") });
    if (texts.empty) p.clear("yours");
    else p.marker("yours", [texts.similarity, sCurve(texts.similarity, bands, rows)], { kind: "reader", label: t("yours") });
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function errorTable(f, into) {
  const table = smallTable(t("errors"), ["", t("found"), t("notFound")], ["above", "below"].map((key) => t(key, { t: "" })));
  into.append(table.node);
  return (/** @type {State} */ { threshold, seen: { counts }, bet: made }) => {
    table.node.hidden = made === "";
    table.fill([[t("right", { n: counts.found }), t("falseNegative", { n: counts.missed })], [t("falsePositive", { n: counts.idle }), t("right", { n: counts.spared })]]);
    ["above", "below"].forEach((key, i) => void (table.node.tBodies[0].rows[i].cells[0].textContent = t(key, { t: fixed(threshold, 2) })));
  };
}

/** Entries that agree, band by band. @param {HTMLElement} into */
function bandGrid(into) {
  const [cells, frames] = [s("path", { class: "xp-mc-cells" }), s("path", { class: "xp-mc-full" })];
  const title = s("title");
  const svg = s("svg", { class: "xp-mc-grid", role: "img" }, title, s("rect", { class: "xp-mc-ground", width: "100%", height: "100%" }), cells, frames);
  into.append(h("p", { class: "xp-mc-title" }, t("grid")), svg, h("p", { class: "xp-help" }, t("gridKey")));
  return (/** @type {State} */ { bands, rows, texts, full }) => {
    const equal = [...texts.agree.subarray(0, bands * rows).keys()].filter((k) => texts.agree[k]);
    setAttributes(svg, { viewBox: `-1 -1 ${CELL * bands + 2} ${CELL * rows + 2}` });
    cells.setAttribute("d", equal.map((k) => `M${CELL * Math.floor(k / rows) + 1} ${CELL * (k % rows) + 1}h${CELL - 2}v${CELL - 2}h${2 - CELL}z`).join(""));
    frames.setAttribute("d", full.flatMap((whole, k) => (whole ? [`M${CELL * k} 0h${CELL}v${CELL * rows}h${-CELL}z`] : [])).join(""));
    const said = t("gridSpoken", { bands, rows, equal: equal.length, k: bands * rows, full: full.filter(Boolean).length });
    if (title.textContent !== said) title.textContent = said;
  };
}

/** As much of a text as there may be, in characters as Python counts them. @param {string} text */
const shortened = (text) => [...text].slice(0, LONGEST).join("");

/** Two texts, which wait until an input method has composed. @param {Frame} f @param {HTMLElement} into */
function editors(f, into) {
  presets(f, Object.entries(PRESETS).map(([key, [text_a, text_b]]) => ({ label: t(key), set: { text_a, text_b } })), { into, label: t("presets") });
  const help = uniqueId("help");
  const both = [["text_a", "textA"], ["text_b", "textB"]].map(([trait, key]) => editor(f, into, trait, t(key), help));
  into.append(h("p", { class: "xp-help", id: help }, t("textHelp", { most: LONGEST })));
  slider(f, { trait: "words", label: t("words"), min: 1, max: 5, step: 1, words: counted("wordsSpoken"), into }); // above the heaps, whose height it changes
  return () => both.forEach((show) => show());
}

/** @param {Frame} f @param {HTMLElement} into @param {string} trait @param {string} label @param {string} help */
function editor(f, into, trait, label, help) {
  const id = uniqueId("text");
  const area = h("textarea", { id, class: "xp-mc-text", rows: 4, maxlength: LONGEST, spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-describedby": help });
  into.append(h("div", { class: "xp-field" }, h("label", { for: id, class: "xp-label" }, label), area));
  f.share(trait, (v) => typeof v === "string" && shortened(v) === v);
  const read = () => void (area.value !== f.model.get(trait) && f.assign({ [trait]: shortened(area.value) }));
  area.addEventListener("input", (event) => void (/** @type {InputEvent} */ (event).isComposing || read()), { signal: f.signal });
  area.addEventListener("compositionend", read, { signal: f.signal });
  return () => void (area.value !== f.model.get(trait) && (area.value = f.model.get(trait)));
}

/** The shingles in three heaps. @param {Frame} f @param {HTMLElement} into */
function groupLists(f, into) {
  const names = /** @type {const} */ (["onlyA", "both", "onlyB"]);
  const boxes = names.map((name) => {
    const [title, list] = [h("p", { class: "xp-mc-title" }), h("ul", { class: `xp-mc-shingles xp-mc-${name}`, "aria-label": t(name) })];
    into.append(h("div", { class: "xp-mc-group" }, title, list));
    return { name, title, list };
  });
  /** @type {Groups | null} */
  let current = null;
  f.addTable(() => ({ caption: t("shingle"), columns: [t("shingle"), t("where")], rows: current ? names.flatMap((name) => (current?.[name] ?? []).map((text) => [text, t(name)])) : [] }));
  return (/** @type {State} */ { texts: { groups } }) => {
    if (groups === current) return;
    current = groups;
    for (const { name, title, list } of boxes) {
      title.textContent = t("group", { name: t(name), n: groups[name].length });
      list.replaceChildren(...groups[name].map((text) => h("li", {}, text)));
    }
  };
}

/** What there is to see. @param {State} state */
export const sentence = (state) => sentences(state).join("");

/** The same in three parts: the two texts, the curve, and what became of the bet. @param {State} state */
export function sentences({ bands: b, rows: r, threshold, texts, full, estimate, errors, bet: made }) {
  const { groups, similarity } = texts;
  const k = b * r;
  const percent = (/** @type {number} */ v) => fixed(100 * v, 1);
  const whole = full.filter(Boolean).length;
  const values = { b, r, k, both: groups.both.length, all: groups.both.length + groups.onlyA.length + groups.onlyB.length, j: fixed(similarity, 3), full: whole,
    equal: Math.round(estimate * k), estimate: fixed(estimate, 3), error: fixed(Math.sqrt((similarity * (1 - similarity)) / k), 3),
    missed: percent(errors.missed), idle: percent(errors.idle), t: fixed(threshold, 2), p: fixed(sCurve(threshold, b, r), 3) };
  const begin = texts.empty ? t("sayEmpty") : t("say", values) + t(whole > 1 ? "saySome" : whole ? "sayOne" : "sayNo", values);
  if (!made) return [begin, "", ""];
  const key = { few: "betFew", half: "betHalf", sure: "betSure" }[made];
  const verdict = key ? t(made === "few" ? "betRight" : "betWrong", { p: percent(sCurve(BET.at, BET.bands, BET.rows)), bet: t(key) }) : "";
  return [begin, t("sayCurve", values), verdict];
}

/** @param {Frame} f */
function readouts(f) {
  const make = (/** @type {string} */ name, /** @type {string} */ label, /** @type {(v: any) => string} */ format, width = 6) => readout(f, { name, label: t(label), format, width });
  const three = (/** @type {number} */ v) => fixed(v, 3);
  const percent = (/** @type {number} */ v) => (Number.isFinite(v) ? t("percent", { v: fixed(100 * v, 2) }) : "–");
  const show = {
    jaccard: make("jaccard", "jaccard", three), estimate: make("estimate", "estimate", three), full: make("full_bands", "full", String, 3), hashes: make("hashes", "hashes", String, 4),
    steepest: make("steepest", "steep", three), at: make("at_threshold", "at", (v) => fixed(v, 4)), missed: make("missed", "missed", percent, 8), idle: make("idle", "idle", percent, 8), pairs: make("pairs", "pairs", String, 4),
  };
  return (/** @type {State} */ { bands, rows, threshold, texts, full, estimate, errors, pairs, seen, bet: made }) => {
    show.jaccard(texts.similarity);
    show.estimate(estimate);
    show.full(full.filter(Boolean).length);
    show.hashes(bands * rows);
    show.steepest(steepest(bands, rows));
    show.at(made ? sCurve(threshold, bands, rows) : NaN);
    show.missed(made ? errors.missed : NaN);
    show.idle(made ? errors.idle : NaN);
    show.pairs(pairs.all.length);
    f.setReadout("counts", Object.values(seen.counts).join(" "));
    f.setReadout("shares", seen.bins.map(({ share }) => share).join(" "));
    f.setReadout("agree", texts.agree.join(""));
    f.setReadout("shingles", [texts.groups.onlyA, texts.groups.both, texts.groups.onlyB].map((one) => one.length).join(" "));
  };
}

export default { render };
