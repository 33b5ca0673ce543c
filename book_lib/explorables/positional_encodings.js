// Four ways to say where a word stands: none, a learned table, sinusoids, rotations; as a map, and as scores by distance.

import { LENGTH, curveGap, encoding, moves, outputs, scoreCurve, wavelength } from "./core/positions.js";
import { choice, seedBox, slider, toggle } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { colors, onTheme, parseColor } from "./kit/theme.js";
import { bet, isMade } from "./parts/bet.js";
import { smallTable } from "./parts/handle.js";

const KINDS = /** @type {const} */ (["none", "learned", "sinusoidal", "rotary"]);
const BASES = [10, 100, 1000, 10_000, 100_000];
const FULL = 1.5; // the number that gets the full colour
const REST = 1e-9; // what is smaller is rounding
const WORDS = ["dog", "bites", "man"];

const t = strings({
  en: {
    name: "Four ways to say where a word stands", kind: "Positions", none: "None", learned: "Learned", sinusoidal: "Sinusoidal", rotary: "Rotary",
    ask: "No positions at all, and “dog bites man” becomes “man bites dog”. What becomes of the vector that self-attention gives for “dog”?", askHow: "Say so first: a table will answer, for all four kinds.",
    betSame: "it stays the same", betMan: "it becomes the one of “man”", betOther: "it becomes another one", skip: "Just show me",
    position: "Position", pair: "Pair of numbers", pairWords: "pair {i}, wavelength {length}", base: "Base", content: "Words with content",
    map: "Position by position", mapHelp: "Columns: positions 0 to {last}. Rows: the {width} numbers of a vector, the first at the top. Green is above 0, violet below; the frames mark the position and the pair.",
    mapText: "Map of {width} numbers at {length} positions, {kind}.", plot: "Score by distance", axisX: "distance, in positions", axisY: "q·k", from: "from position {p}", zero: "from position 0",
    table: "What attention gives for each word, the first two numbers", word: "word", before: "dog bites man", after: "man bites dog", moved: "moved by", dog: "dog", bites: "bites", man: "man", colNumber: "number {c}", colPosition: "position",
    readLength: "Wavelength", readGap: "Curves differ by", readMove: "Largest move", readScore: "Score at distance 0", never: "–",
    sayKind: "One of four kinds: {kind}.",
    sayNone: "Every position looks like every other, and so does every distance: the score is {score} throughout.",
    sayLearned: "A table with a row for each of {length} positions, which training fills in; here before training, at random, so that distance means nothing yet. A text that is longer has no row left.",
    sayWaves: "Pair {i} is a wave of {length} positions, the shortest has 6.28, the longest {longest}.", sayBeyond: "Within {count} positions this pair hardly turns.",
    saySinusoidal: "Added to a word. Alone, positions give a score that depends on the distance only: both curves agree.",
    saySinusoidalWords: "With content, word meets position, too: the score depends on where both stand, and the curves differ by up to {gap}.",
    sayRotary: "Queries and keys are turned, pair by pair, in proportion to the position. Whatever the words say, the score depends on the distance only: both curves agree.",
    sayOther: "Two starts, two curves: they differ by up to {gap}.",
    sayStill: "Turn the words round: each output stays with its word and does not move. Attention without positions is equivariant.", sayMoves: "Turn the words round: the outputs move, by {moves}. The order counts.",
    foretold: "You foretold: {what}. Choose none to see.", foretoldRight: "You foretold: {what}. Right.", foretoldWrong: "You foretold: {what}. It was otherwise.",
  },
  zh: {
    name: "表示词所在位置的四种方法", kind: "位置", none: "无", learned: "学习", sinusoidal: "正弦", rotary: "旋转",
    ask: "完全没有位置信息，“狗咬人”变成“人咬狗”。自注意力给“狗”的向量会怎样？", askHow: "请先说出来：一张表会对四种方法作答。",
    betSame: "保持不变", betMan: "变成“人”的那个", betOther: "变成另一个", skip: "直接展示",
    position: "位置", pair: "数对", pairWords: "第 {i} 对，波长 {length}", base: "底数", content: "词带有内容",
    map: "逐个位置", mapHelp: "列：位置 0 到 {last}。行：向量的 {width} 个数，第一个在最上面。绿色为正，紫色为负；框标出所选的位置与数对。",
    mapText: "{length} 个位置上 {width} 个数的图，{kind}。", plot: "得分随距离的变化", axisX: "距离（位置数）", axisY: "q·k", from: "从位置 {p}", zero: "从位置 0",
    table: "注意力给每个词的结果，前两个数", word: "词", before: "狗咬人", after: "人咬狗", moved: "移动", dog: "狗", bites: "咬", man: "人", colNumber: "第 {c} 个数", colPosition: "位置",
    readLength: "波长", readGap: "两曲线之差", readMove: "最大移动", readScore: "距离 0 处的得分", never: "–",
    sayKind: "四种方法之一：{kind}。",
    sayNone: "每个位置都一样，每个距离也一样：得分处处为 {score}。",
    sayLearned: "一张表，{length} 个位置各占一行，由训练填写；这里是训练之前的随机数，所以距离还没有意义。更长的文本就没有行可用了。",
    sayWaves: "第 {i} 对是波长为 {length} 个位置的波，最短 6.28，最长 {longest}。", sayBeyond: "在 {count} 个位置之内，这一对几乎不转。",
    saySinusoidal: "加到词上。单看位置，得分只取决于距离：两条曲线一致。",
    saySinusoidalWords: "带有内容时，词也会与位置相乘：得分取决于两者各在何处，两条曲线最多相差 {gap}。",
    sayRotary: "查询与键逐对旋转，角度与位置成正比。无论词的内容如何，得分只取决于距离：两条曲线一致。",
    sayOther: "两个起点，两条曲线：最多相差 {gap}。",
    sayStill: "把词序倒过来：每个输出都跟着它的词，毫不移动。没有位置的注意力是等变的。", sayMoves: "把词序倒过来：输出移动了 {moves}。次序起作用。",
    foretold: "你的预测：{what}。选择“无”便可看到。", foretoldRight: "你的预测：{what}。正确。", foretoldWrong: "你的预测：{what}。结果并非如此。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {ReturnType<typeof calculate>} State */

/** @param {(name: string) => any} get */
export function calculate(get) {
  const settings = { kind: /** @type {import("./core/positions.js").Kind} */ (get("kind")), width: get("width"), base: get("base"), seed: get("seed") };
  const pair = Math.min(get("pair"), settings.width / 2 - 1);
  const [position, content] = [get("position"), get("content")];
  const [curve, zero] = [position, 0].map((from) => scoreCurve(settings, from, content));
  return { settings, pair, position, content, curve, zero, gap: curveGap(curve, zero), turns: settings.kind === "sinusoidal" || settings.kind === "rotary",
    length: wavelength(pair, settings.width, settings.base), moves: moves(settings), asked: get("prediction") !== "" };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "positional_encodings", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  const arrange = controls(f);
  const card = bet(f, { ask: t("ask"), how: t("askHow"), also: () => ({ kind: "none" }),
    answers: [["same", t("betSame")], ["man", t("betMan")], ["other", t("betOther")], ["skipped", t("skip")]] });
  const draw = picture(f, () => calculate(get));
  const update = () => {
    const state = calculate(get);
    card.show();
    arrange(state);
    draw(state, sentence(state, get("prediction")));
  };
  for (const trait of ["kind", "width", "position", "pair", "base", "content", "seed", "prediction"]) f.watch(trait, update);
  update();
  onTheme(f, update);
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const doors = h("div", { class: "xp-doors" });
  f.root.insertBefore(doors, f.stage);
  choice(f, { trait: "kind", label: t("kind"), options: KINDS.map((value) => ({ value, label: t(value) })), into: doors });
  toggle(f, { trait: "content", label: t("content") });
  slider(f, { trait: "position", label: t("position"), symbol: "p", min: 0, max: LENGTH - 1, step: 1 });
  const say = (/** @type {number} */ v) => t("pairWords", { i: v, length: significant(wavelength(v, f.model.get("width"), f.model.get("base")), 3) });
  const pair = slider(f, { trait: "pair", label: t("pair"), symbol: "i", min: 0, max: f.model.get("width") / 2 - 1, step: 1, words: say });
  const base = slider(f, { trait: "base", label: t("base"), min: BASES[0], max: BASES[BASES.length - 1], stops: BASES });
  const seed = h("div");
  seedBox(f, { into: seed });
  f.controls.append(seed);
  return (/** @type {State} */ { turns, settings, content }) => {
    pair.node.hidden = base.node.hidden = !turns; // the others have no waves
    seed.hidden = !(settings.kind === "learned" || content || isMade(f));
  };
}

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {() => State} now */
function picture(f, now) {
  f.stage.classList.add("xp-pairs", "xp-pe");
  const [left, right] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  const rows = /** @type {const} */ (["dog", "bites", "man"]);
  const table = smallTable(t("table"), [t("word"), t("before"), t("after"), t("moved")], rows.map((word) => t(word)));
  const answer = h("div", { class: "xp-wide xp-pe-answer", hidden: true }, h("p", { class: "xp-label" }, t("table")), table.node);
  f.stage.append(left, right, answer, caption);
  const map = heatMap(f, left);
  const curves = scorePlot(f, right);
  const show = readouts(f);
  f.addTable(() => mapTable(now()));
  return (/** @type {State} */ state, /** @type {string} */ text) => {
    map(state);
    curves(state, text);
    answer.hidden = !state.asked;
    if (state.asked) table.fill(answers(state));
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(state);
    f.tableChanged();
  };
}

/** The first two numbers of each output in both orders, and how far it moved. @param {State} state */
function answers({ settings, moves: by }) {
  const [before, after] = [outputs(settings, [0, 1, 2]), outputs(settings, [2, 1, 0])];
  const start = (/** @type {number[]} */ o) => `${fixed(o[0], 2)}, ${fixed(o[1], 2)}`;
  return WORDS.map((_, word) => [start(before[word]), start(after[word]), fixed(by[word], 3)]);
}

/** @param {Frame} f @param {HTMLElement} into */
function heatMap(f, into) {
  const canvas = h("canvas", { class: "xp-pe-map", role: "img" });
  const [column, rows] = [h("div", { class: "xp-pe-mark", "aria-hidden": "true" }), h("div", { class: "xp-pe-mark", "aria-hidden": "true" })];
  const help = h("p", { class: "xp-help" });
  into.append(h("p", { class: "xp-label" }, t("map")), h("div", { class: "xp-pe-box" }, canvas, column, rows), help);
  return (/** @type {State} */ { settings, position, pair, turns }) => {
    const { width } = settings;
    [canvas.width, canvas.height] = [LENGTH, width];
    const context = canvas.getContext("2d");
    if (context) context.putImageData(shades(f, encoding(settings), width), 0, 0);
    Object.assign(column.style, { left: `${(100 * position) / LENGTH}%`, width: `${100 / LENGTH}%`, top: 0, bottom: 0 });
    Object.assign(rows.style, { top: `${(200 * pair) / width}%`, height: `${200 / width}%`, left: 0, right: 0 });
    rows.hidden = !turns;
    help.textContent = t("mapHelp", { last: LENGTH - 1, width });
    canvas.setAttribute("aria-label", t("mapText", { width, length: LENGTH, kind: t(settings.kind) }));
  };
}

/** @param {Frame} f @param {number[][]} all  position by position @param {number} width */
function shades(f, all, width) {
  const { paper, sim, mf } = colors(f);
  const [ground, plus, minus] = [paper, sim, mf].map(parseColor);
  const image = new ImageData(all.length, width);
  all.forEach((row, p) => row.forEach((v, c) => {
    const much = Math.min(1, Math.abs(v) / FULL);
    const at = 4 * (c * all.length + p);
    ground.forEach((tone, k) => void (image.data[at + k] = Math.round(tone + much * ((v > 0 ? plus : minus)[k] - tone))));
    image.data[at + 3] = 255;
  }));
  return image;
}

/** @param {Frame} f @param {HTMLElement} into */
function scorePlot(f, into) {
  const p = plot(f, { into, title: t("plot"), height: 270, legend: true, x: { label: t("axisX"), min: 1 - LENGTH, max: LENGTH - 1, ticks: [-60, -30, 0, 30, 60] }, y: { label: t("axisY"), min: 0, max: 1 } });
  return (/** @type {State} */ { curve, zero, position }, /** @type {string} */ text) => {
    const all = [...curve, ...zero].map(([, v]) => v);
    const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
    const room = 0.08 * (high - low) || 1;
    const [min, max] = [low - (low < 0 ? room : 0), high + room];
    if (min !== p.y.min || max !== p.y.max) p.axes({ y: { min, max } });
    p.line("zero", zero, { kind: "theory", label: t("zero") });
    p.line("from", curve, { kind: "mean_field", label: t("from", { p: position }) });
    p.describe(text);
  };
}

/** @param {State} state */
function mapTable({ settings, turns, pair }) {
  const columns = turns ? [2 * pair, 2 * pair + 1] : [0, 1];
  return { caption: t("map"), columns: [t("colPosition"), ...columns.map((c) => t("colNumber", { c }))], rows: encoding(settings).map((row, p) => [p, ...columns.map((c) => row[c])]) };
}

// ---------------------------------------------------------------------------------------------------------- words

/** @param {State} state @param {string} prediction */
export function sentence(state, prediction) {
  const { settings, pair, length, curve, position, gap, content, turns, moves: by, asked } = state;
  const { kind, width, base } = settings;
  const parts = [t("sayKind", { kind: t(kind) })];
  if (turns) {
    parts.push(t("sayWaves", { i: pair, length: significant(length, 3), longest: significant(wavelength(width / 2 - 1, width, base), 3) }));
    if (length > 10 * LENGTH) parts.push(t("sayBeyond", { count: LENGTH }));
  }
  const values = { gap: fixed(gap, 2), length: LENGTH, score: fixed(curve[position][1], 2) };
  if (kind === "none") parts.push(t("sayNone", values));
  if (kind === "learned") parts.push(t("sayLearned", values), gap > REST ? t("sayOther", values) : "");
  if (kind === "sinusoidal") parts.push(content && position ? t("saySinusoidalWords", values) : content ? "" : t("saySinusoidal"));
  if (kind === "rotary") parts.push(t("sayRotary"));
  if (asked) parts.push(Math.max(...by) < REST ? t("sayStill") : t("sayMoves", { moves: by.map((v) => fixed(v, 2)).join(", ") }), verdict(kind, prediction));
  return parts.filter(Boolean).join(" ");
}

/** @param {string} kind @param {string} prediction */
function verdict(kind, prediction) {
  if (prediction === "skipped") return "";
  const what = t({ same: "betSame", man: "betMan", other: "betOther" }[prediction] ?? "");
  return t(kind !== "none" ? "foretold" : prediction === "same" ? "foretoldRight" : "foretoldWrong", { what });
}

/** @param {Frame} f */
function readouts(f) {
  const text = (/** @type {number | string} */ v) => (v === "" ? t("never") : significant(Number(v), 4));
  const length = readout(f, { name: "wavelength", label: t("readLength"), format: text });
  const score = readout(f, { name: "score", label: t("readScore"), format: (v) => fixed(v, 2) });
  const gapOf = readout(f, { name: "gap", label: t("readGap"), format: (v) => fixed(v, 3) });
  const move = readout(f, { name: "move", label: t("readMove"), format: (v) => (v === "" ? t("never") : fixed(v, 3)) });
  return (/** @type {State} */ { turns, length: wave, gap, curve, position, moves: by, asked }) => {
    length(turns ? wave : "");
    score(curve[position][1]);
    gapOf(gap);
    move(asked ? Math.max(...by) : "");
    f.setReadout("far", curve[LENGTH - 1][1]);
  };
}

export default { render };
