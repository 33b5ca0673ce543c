// Guess my rule: two pairs of numbers, a shelf of rules through both, and questions that tell the rules apart.

import {
  KINDS, REACH, answer, answers, bent, drawRound, expectedLeft, fits, left, limits, pairs, questions, value,
} from "./core/guess.js";
import { button, choice, seedBox, slider } from "./kit/controls.js";
import { h, setDisabled } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { familyText, ruleText } from "./parts/rules.js";

const FINE = 40; // samples of a curve between two whole numbers
const JUMPING = new Set(["remainder", "step", "parity", "by_heart"]); // drawn as pieces

const t = strings({
  en: {
    name: "Guess my rule",
    pairs: "Given",
    fresh: "Fresh pairs",
    ask: "Ask",
    askWords: "x = {x}",
    where: "Next question",
    best: "Find a good question",
    bend: "Bend",
    bendWords: "c = {c}: the family {f} goes through both pairs",
    shelf: "Which rule is it? Twelve on the shelf go through both pairs.",
    out: "ruled out",
    isIt: "the hidden rule",
    reveal: "Reveal",
    hide: "Hide again",
    title: "Rules through two pairs",
    axisX: "x",
    axisY: "answer",
    known: "known answers",
    possible: "answers of the rules left",
    hidden: "hidden rule",
    readLeft: "Rules left",
    ofAll: "{n} of {all}",
    readAnswers: "Different answers at x",
    readExpected: "Left after asking there, on average",
    readBend: "Values of c that fit",
    anyBend: "all",
    noBend: "none",
    tableRules: "Rules at the points asked",
    rule: "rule",
    fitting: "fits",
    yes: "yes",
    no: "no",
    sayAll: "All {n} rules fit what is known.",
    sayLeft: "{n} of {all} rules fit all that is known.",
    sayOne: "One rule of this shelf is left, {rule}. Yet endlessly many curves go through {m} points: the shelf decided, "
      + "not the data alone.",
    askKnown: "The answer at x = {x} is known: nothing to learn there.",
    askSame: "At x = {x} all of them answer {y}: asking there would teach nothing.",
    askGood: "At x = {x} they give {k} different answers, so that asking leaves {e} of them on average.",
    showRight: "The hidden rule is {rule}, the one you chose.",
    showLucky: "The hidden rule is {rule}, the one you chose; but {n} rules still fit, so that it was a guess.",
    showOther: "The hidden rule is {rule}. Yours fits all {m} points and is another rule all the same.",
    showWrong: "The hidden rule is {rule}. The one you chose misses a known answer.",
    ruleUpTo: "{f} up to {a}, then {b}",
    ruleParity: "{a} at even ⌊x⌋, {b} at odd",
    ruleHeart: "by heart: {a}, {b}, else 0",
  },
  zh: {
    name: "猜规则",
    pairs: "已知",
    fresh: "新的数对",
    ask: "提问",
    askWords: "x = {x}",
    where: "下一个问题",
    best: "找一个好问题",
    bend: "弯曲",
    bendWords: "c = {c}：函数族 {f} 通过两个数对",
    shelf: "是哪条规则？架上的十二条都通过两个数对。",
    out: "已排除",
    isIt: "隐藏的规则",
    reveal: "揭晓",
    hide: "重新隐藏",
    title: "通过两个数对的规则",
    axisX: "x",
    axisY: "回答",
    known: "已知的回答",
    possible: "剩余规则的回答",
    hidden: "隐藏的规则",
    readLeft: "剩余规则",
    ofAll: "{n} / {all}",
    readAnswers: "x 处不同的回答",
    readExpected: "提问后平均剩余",
    readBend: "仍符合的 c",
    anyBend: "全部",
    noBend: "没有",
    tableRules: "各规则在提问处的值",
    rule: "规则",
    fitting: "符合",
    yes: "是",
    no: "否",
    sayAll: "{n} 条规则全部符合已知的回答。",
    sayLeft: "{all} 条规则中有 {n} 条符合全部已知回答。",
    sayOne: "架上只剩一条规则：{rule}。但通过 {m} 个点的曲线有无穷多条：是架子决定的，不只是数据。",
    askKnown: "x = {x} 处的回答已知：那里学不到什么。",
    askSame: "在 x = {x} 处它们都回答 {y}：在那里提问学不到什么。",
    askGood: "在 x = {x} 处它们给出 {k} 种不同的回答，因此提问后平均剩下 {e} 条。",
    showRight: "隐藏的规则是 {rule}，正是你选的。",
    showLucky: "隐藏的规则是 {rule}，正是你选的；但仍有 {n} 条规则符合，所以这只是猜中。",
    showOther: "隐藏的规则是 {rule}。你的规则符合全部 {m} 个点，却是另一条规则。",
    showWrong: "隐藏的规则是 {rule}。你选的规则与一个已知回答不符。",
    ruleUpTo: "到 {a} 为止是 {f}，之后是 {b}",
    ruleParity: "⌊x⌋ 为偶数时 {a}，奇数时 {b}",
    ruleHeart: "死记硬背：{a}，{b}，其余为 0",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/guess.js").Round} Round */
/**
 * @typedef {{round: Round, asked: number[], left: string[], x: number, kind: string, bend: number,
 *     revealed: boolean}} Game
 */

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "guess_rule", label: t("name") });
  /** @returns {Game} */
  const game = () => {
    const round = drawRound(model.get("seed"), model.get("fresh"));
    const asked = model.get("asked");
    return { round, asked, left: left(round, asked), x: model.get("x"), kind: KINDS[model.get("rule")],
      bend: model.get("bend"), revealed: model.get("revealed") };
  };
  const parts = controls(f, game);
  const view = picture(f);
  const draw = () => {
    const now = game();
    view(now);
    parts.update(now);
  };
  f.watch("seed", () => f.assign({ asked: [], revealed: false }));
  f.watch("fresh", () => f.assign({ asked: [], revealed: false }));
  for (const name of ["seed", "fresh", "asked", "x", "rule", "bend", "revealed"]) f.watch(name, draw);
  f.root.addEventListener("xp:reset", () => startAgain(f), { signal: f.signal });
  f.root.addEventListener("xp:step", (event) => {
    const n = Math.min(KINDS.length, /** @type {CustomEvent} */ (event).detail?.n ?? 1);
    for (let k = 0; k < n; k++) ask(f, bestQuestion(game()));
  }, { signal: f.signal });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
const startAgain = (f) => f.assign({ asked: [], revealed: false });

/** @param {Game} game @param {number} x */
const isKnown = ({ round, asked }, x) => asked.includes(x) || pairs(round).some(([known]) => known === x);

/** @param {Frame} f @param {number} x */
function ask(f, x) {
  const asked = f.model.get("asked");
  if (!asked.includes(x)) f.assign({ asked: [...asked, x] });
}

/** The question that leaves the fewest rules on average; of equals the first. @param {Game} game */
function bestQuestion({ round, left: kinds }) {
  const all = questions(round);
  const after = all.map((x) => expectedLeft(round, kinds, x));
  return all[after.indexOf(Math.min(...after))];
}

/** @param {Frame} f @param {() => Game} game */
function controls(f, game) {
  const row = h("div", { class: "xp-gr-ask" });
  f.stage.after(row);
  const { p } = game().round;
  slider(f, { trait: "x", label: t("where"), symbol: "x", min: p - REACH, max: p + REACH, step: 0.5, exact: true,
    into: row, words: (x) => t("askWords", { x: significant(x) }) });
  const asking = button(f, { label: t("ask"), primary: true, into: row, onClick: () => ask(f, f.model.get("x")) });
  button(f, { label: t("best"), into: row, onClick: () => f.assign({ x: bestQuestion(game()) }) });
  const books = shelf(f, game);
  row.after(books.node);
  choice(f, { trait: "fresh", label: t("pairs"),
    options: [{ value: false, label: "2 → 4, 3 → 9" }, { value: true, label: t("fresh") }] });
  slider(f, { trait: "bend", label: t("bend"), symbol: "c", min: -8, max: 8, step: 0.1, // −8 is what an answer of 0 at 4 needs
    words: (c) => t("bendWords", { c: fixed(c, 1), f: familyText(game().round) }) });
  seedBox(f);
  f.share("revealed"); // after seed and pairs, whose change begins a new round
  f.share("asked", (all) => all.every((/** @type {number} */ x) => questions(game().round).includes(x)));
  const reveal = button(f, { label: t("reveal"), where: "toolbar",
    onClick: () => f.assign({ revealed: !f.model.get("revealed") }) });
  button(f, { label: t("reset"), where: "toolbar", onClick: () => startAgain(f) });
  return { update: (/** @type {Game} */ now) => {
    setDisabled(asking, isKnown(now, now.x));
    reveal.textContent = t(now.revealed ? "hide" : "reveal");
    books.update(now);
  } };
}

/** The twelve rules to choose from, those that are out struck through. @param {Frame} f @param {() => Game} game */
function shelf(f, game) {
  const { node } = choice(f, { trait: "rule", label: t("shelf"), menu: false,
    options: KINDS.map((kind, i) => ({ value: i, label: ruleText(game().round, kind, t) })) });
  node.classList.add("xp-gr-shelf");
  const books = [...node.querySelectorAll(".xp-segment")].map((segment) => {
    const text = h("span", {});
    const fate = h("span", { class: "xp-hidden" });
    segment.querySelector("label")?.replaceChildren(text, fate);
    return { segment, text, fate };
  });
  return { node, update: (/** @type {Game} */ now) => books.forEach(({ segment, text, fate }, i) => {
    const out = !now.left.includes(KINDS[i]);
    const it = now.revealed && now.round.hidden === i;
    text.textContent = ruleText(now.round, KINDS[i], t);
    segment.classList.toggle("xp-gr-out", out);
    segment.classList.toggle("xp-gr-it", it);
    fate.textContent = out ? `, ${t("out")}` : it ? `, ${t("isIt")}` : "";
  }) };
}

/** What the state means, in a sentence or two. @param {Game} game */
export function sentence({ round, asked, left: kinds, x, kind, revealed }) {
  const m = 2 + asked.length;
  const words = { n: kinds.length, all: KINDS.length, m, x: significant(x) };
  if (revealed) {
    const hidden = KINDS[round.hidden];
    const right = kinds.length > 1 ? "showLucky" : "showRight";
    const wrong = kinds.includes(kind) ? "showOther" : "showWrong";
    return t(kind === hidden ? right : wrong, { ...words, rule: ruleText(round, hidden, t) });
  }
  if (kinds.length === 1) return t("sayOne", { ...words, rule: ruleText(round, kinds[0], t) });
  const groups = answers(round, kinds, x);
  const known = isKnown({ round, asked, left: kinds, x, kind, bend: 0, revealed }, x);
  const question = t(known ? "askKnown" : groups.length === 1 ? "askSame" : "askGood",
    { ...words, k: groups.length, y: significant(groups[0][0], 4), e: fixed(expectedLeft(round, kinds, x), 1) });
  return `${t(kinds.length === KINDS.length ? "sayAll" : "sayLeft", words)} ${question}`;
}

/**
 * The values of c for which the bent family still fits: all, one, or none.
 * @param {Round} round @param {number[]} asked
 * @returns {number | null | undefined} undefined for all, null for none
 */
export function fittingBend(round, asked) {
  const missing = (/** @type {number} */ x) => answer(round, x) - value(round, "quadratic", x);
  const values = asked.map((x) => missing(x) / ((x - round.p) * (x - round.p - 1)));
  if (!values.length) return undefined;
  return values.every((c) => Math.abs(c - values[0]) < 1e-9) ? values[0] : null;
}

/** @param {Frame} f */
function picture(f) {
  const caption = h("p", { class: "xp-caption xp-gr-caption" });
  const view = curves(f);
  f.stage.append(caption);
  const show = readouts(f);
  return (/** @type {Game} */ game) => {
    const text = sentence(game);
    view(game, text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(game);
  };
}

/**
 * A rule as a line, broken where it jumps.
 * @param {(x: number) => number} rule @param {Round} round @param {boolean} jumps
 */
function curve(rule, { p }, jumps) {
  const points = Array.from({ length: 2 * REACH * FINE + 1 }, (_, i) => p - REACH + i / FINE).map((x) => [x, rule(x)]);
  if (!jumps) return points;
  const jump = (/** @type {number} */ i) => i > 0 && Math.abs(points[i][1] - points[i - 1][1]) > 0.5;
  return points.flatMap((point, i) => (jump(i) ? [[point[0], NaN], point] : [point]));
}

/** The plot of all rules that are left. @param {Frame} f */
function curves(f) {
  const p = plot(f, { title: t("title"), height: 330, legend: true, table: false,
    x: { label: t("axisX"), min: -1.2, max: 5.2, ticks: [-1, 0, 1, 2, 3, 4, 5] },
    y: { label: t("axisY"), min: -20, max: 60 } });
  /** @type {Game | null} */
  let now = null;
  p.onDrag((x) => f.assign({ x: Math.min(5, Math.max(-1, Math.round(2 * x) / 2)) }));
  f.addTable(() => (now ? rulesTable(now) : []));
  let drawn = "";
  return (/** @type {Game} */ game, /** @type {string} */ text) => {
    now = game;
    const { round, asked, x, kind, bend, revealed } = game;
    const [low, high] = limits(round);
    if (drawn !== `${low} ${high}`) p.axes({ y: { min: low, max: high } });
    drawn = `${low} ${high}`;
    const line = (/** @type {string} */ k) => curve((v) => value(round, k, v), round, JUMPING.has(k));
    for (const k of KINDS) p.line(`left ${k}`, game.left.includes(k) ? line(k) : [], { faint: game.left.length > 3 });
    p.line("bent", curve((v) => bent(round, v, bend), round, false), { kind: "reader", label: familyText(round) });
    const name = ruleText(round, kind, t);
    p.line("chosen", line(kind), game.left.includes(kind) ? { label: name }
      : { kind: "muted", dash: true, label: `${name}, ${t("out")}` });
    p.line("hidden", revealed ? line(KINDS[round.hidden]) : [], { kind: "theory", dash: true, label: t("hidden") });
    p.vline("x", x);
    const possible = answers(round, game.left, x).map(([y]) => [x, y]);
    p.points("possible", possible, { kind: "mean_field", r: 4, label: t("possible") });
    const known = [...pairs(round), ...asked.map((v) => [v, answer(round, v)])];
    p.points("known", known, { kind: "theory", r: 5.5, label: t("known") });
    p.describe(text);
    f.tableChanged();
  };
}

/** Each rule at the points that were asked. @param {Game} game */
function rulesTable({ round, asked }) {
  const at = [...pairs(round).map(([x]) => x), ...asked];
  const rows = KINDS.map((kind) => {
    const good = asked.every((x) => fits(round, kind, x, answer(round, x)));
    return [ruleText(round, kind, t), t(good ? "yes" : "no"), ...at.map((x) => value(round, kind, x))];
  });
  const columns = [t("rule"), t("fitting"), ...at.map((x) => `x = ${significant(x)}`)];
  return { caption: t("tableRules"), columns, rows };
}

/** @param {Frame} f */
function readouts(f) {
  const count = readout(f, { name: "left", label: t("readLeft"), width: 7,
    format: (n) => t("ofAll", { n, all: KINDS.length }) });
  const different = readout(f, { name: "answers", label: t("readAnswers"), width: 3, format: String });
  const expected = readout(f, { name: "expected_left", label: t("readExpected"), width: 4, format: (v) => fixed(v, 1) });
  const bends = readout(f, { name: "fitting_bend", label: t("readBend"), width: 5,
    format: (v) => (typeof v === "number" ? fixed(v, 2) : v) });
  return (/** @type {Game} */ { round, asked, left: kinds, x }) => {
    count(kinds.length);
    different(answers(round, kinds, x).length);
    expected(expectedLeft(round, kinds, x));
    const c = fittingBend(round, asked);
    bends(c === undefined ? t("anyBend") : c === null ? t("noBend") : c);
  };
}

export default { render };
