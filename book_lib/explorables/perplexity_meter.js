// Perplexity against a source whose entropy is known: the running exp of the mean surprise, its limit and its floor.

import { sampleCategorical } from "./core/cumulative.js";
import { logPlaces, normalised, running, theory } from "./core/perplexity.js";
import { CounterRNG } from "./core/rng.js";
import { clock } from "./kit/clock.js";
import { button, numberBox, presets, seedBox } from "./kit/controls.js";
import { h, uniqueId } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { bet, declined, isMade } from "./parts/bet.js";
import { share } from "./parts/chance.js";

const SYMBOLS = "ABCD";
const MOST = 10_000; // draws, as in perplexity_meter.py
const SAME = 1e-9; // nats
const SEEN = 24; // of the last draws
const SURE = 0.93; // what the overconfident model gives the likeliest symbol: more than any source here

const t = strings({
  en: {
    name: "A perplexity meter",
    ask: "The source says A half of the time; the model thinks that D comes so often. Where does its running perplexity go?",
    askAny: "Symbols come by p, the model expects q. Where does its running perplexity go?",
    askHow: "Perplexity is exp of the mean surprise −ln q of what came. A fair choice among four would have 4.",
    floor: "To that of the source", above: "To one above it", below: "Below it", skip: "Just show me",
    halves: "½ ¼ ⅛ ⅛", fair: "Fair", three: "Three symbols", sources: "Source",
    uniform: "Model: all alike", copy: "Model: as the source", sharp: "Model: too sure", models: "Model",
    rows: "Source and model", symbol: "symbol", source: "source p", model: "model q", surprise: "−ln q",
    modelOf: "Model’s probability of {s}", spoken: "q({s}) = {v}",
    last: "Drawn last", none: "nothing yet",
    title: "Running perplexity", axisN: "draws n", axisP: "perplexity",
    line: "running perplexity", cross: "exp H(p, q) = {v}", own: "exp H(p) = {v}, the floor", source0: "exp H(p) = {v}, of the source itself", both: "exp H(p) = exp H(p, q) = {v}",
    draws: "Draws", now: "Running perplexity", limit: "exp H(p, q)", least: "exp H(p)", gap: "KL, nats",
    sayStart: "Nothing is drawn yet. The source has the entropy {nats} nats = {bits} bits: as uncertain as a fair choice among {floor} symbols.",
    sayHidden: "{n} draws have a perplexity of {now}. What it tends to is shown once you have bet.",
    sayRun: "After {n} draws: {now}. It tends to {limit}, that is the floor {floor} times exp KL = {factor}.",
    saySame: "After {n} draws: {now}. The model is the source: the gap is 0, and it tends to the floor {floor} itself.",
    sayNever: "The model forbids {s}, and the source says it: one such draw, and the perplexity is infinite for good.",
    right: " You bet right.", wrong: " You bet otherwise.",
    lucky: " That it lies below the floor just now is luck of the draws, and passes.",
  },
  zh: {
    name: "困惑度计",
    ask: "信源有一半时间说 A；模型却以为 D 这么常见。它的累计困惑度会趋向哪里？",
    askAny: "符号按 p 出现，模型以为是 q。它的累计困惑度会趋向哪里？",
    askHow: "困惑度是所见符号的平均惊讶 −ln q 的指数。在四个中公平选择时它是 4。",
    floor: "信源自身的困惑度", above: "比它高", below: "比它低", skip: "直接看",
    halves: "½ ¼ ⅛ ⅛", fair: "均匀", three: "三个符号", sources: "信源",
    uniform: "模型：一视同仁", copy: "模型：与信源相同", sharp: "模型：过于自信", models: "模型",
    rows: "信源与模型", symbol: "符号", source: "信源 p", model: "模型 q", surprise: "−ln q",
    modelOf: "模型给 {s} 的概率", spoken: "q({s}) = {v}",
    last: "最近抽到", none: "尚无",
    title: "累计困惑度", axisN: "抽取次数 n", axisP: "困惑度",
    line: "累计困惑度", cross: "exp H(p, q) = {v}", own: "exp H(p) = {v}，下限", source0: "exp H(p) = {v}，信源自身", both: "exp H(p) = exp H(p, q) = {v}",
    draws: "抽取次数", now: "累计困惑度", limit: "exp H(p, q)", least: "exp H(p)", gap: "KL（奈特）",
    sayStart: "还没有抽取。信源的熵是 {nats} 奈特 = {bits} 比特：相当于在 {floor} 个符号中公平选择。",
    sayHidden: "{n} 次抽取的困惑度为 {now}。先下注，再显示它趋向何处。",
    sayRun: "抽取 {n} 次后：{now}。它趋向 {limit}，即下限 {floor} 乘以 exp KL = {factor}。",
    saySame: "抽取 {n} 次后：{now}。模型就是信源：差距为 0，它趋向下限 {floor} 本身。",
    sayNever: "模型认为 {s} 不可能，而信源会说它：只要出现一次，困惑度就永远是无穷大。",
    right: "你猜对了。", wrong: "你猜的不是这样。",
    lucky: "此刻低于下限只是抽取的运气，不会长久。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/perplexity.js").Theory} Theory */
/** @typedef {{p: number[], q: number[], theory: Theory, path: Float64Array, draws: Int32Array, bet: string}} State */

const SOURCES = {
  halves: { source: [0.5, 0.25, 0.125, 0.125], model: [0.125, 0.125, 0.25, 0.5] }, // as in perplexity_meter.py
  fair: { source: [0.25, 0.25, 0.25, 0.25], model: [0.4, 0.3, 0.2, 0.1] },
  three: { source: [0.7, 0.2, 0.1], model: [0.2, 0.2, 0.6] },
};

/** What the settings and so many draws amount to. @param {(trait: string) => any} get @param {number} n @returns {State} */
export function stateOf(get, n) {
  const p = normalised(get("source"));
  const model = get("model");
  const q = model.length === p.length ? normalised(model) : p.map(() => 1 / p.length); // one follows the other
  const draws = sampleCategorical(p, n, new CounterRNG(get("seed")));
  return { p, q, theory: theory(p, q), draws, path: running(draws, q), bet: get("prediction") };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "perplexity_meter", label: t("name") });
  let n = 0;
  const laws = () => [...model.get("source"), ...model.get("model")].join();
  const asked = laws(); // who changes them before betting declines to, so that every bet is on these
  const known = asked === [...SOURCES.halves.source, ...SOURCES.halves.model].join();
  const state = () => {
    const found = stateOf((trait) => model.get(trait), n);
    return found.bet !== "" && laws() !== asked ? { ...found, bet: "skipped" } : found;
  };
  f.share("source", (v) => proper(v));
  f.share("model", (v) => proper(v) && v.length === model.get("source").length);
  const card = bet(f, { ask: t(known ? "ask" : "askAny"), how: t("askHow"),
    answers: [["floor", t("floor")], ["above", t("above")], ["below", t("below")], ["skipped", t("skip")]] });
  const show = picture(f);
  const draw = () => {
    card.show();
    show(state());
  };
  const time = clock(f, {
    step(k) {
      n = Math.min(MOST, n + k);
      if (!isMade(f)) f.assign(declined(f)); // the draws tell the answer
    },
    onFrame: draw,
    onReset: () => void (n = 0),
    done: () => n >= MOST,
    perFrame: () => Math.max(1, Math.ceil(n / 60)) * (reducedMotion() ? 5 : 1), // as even on a logarithmic axis as may be
  });
  controls(f);
  for (const trait of ["source", "model", "prediction"]) f.watch(trait, draw);
  f.watch("seed", () => time.reset());
  draw();
  f.publish();
  return f.destroy;
}

/** @param {number[]} v */
const proper = (v) => [3, 4].includes(v.length) && v.every((x) => x >= 0) && v.some((x) => x > 0) && Number.isFinite(v.reduce((sum, x) => sum + x, 0));

/** @param {Frame} f */
function controls(f) {
  presets(f, Object.entries(SOURCES).map(([key, set]) => ({ label: t(key), set })), { label: t("sources"), onPick: () => f.assign(declined(f)) });
  const row = h("div", { class: "xp-field xp-presets", role: "group", "aria-label": t("models") });
  const p = () => normalised(f.model.get("source"));
  /** @type {[string, () => number[]][]} */
  const models = [["uniform", () => p().map(() => 1)], ["copy", p], ["sharp", () => share(p(), p().indexOf(Math.max(...p())), SURE)]];
  for (const [key, make] of models) button(f, { label: t(key), into: row, onClick: () => f.assign({ model: normalised(make()), ...declined(f) }) });
  f.controls.append(row);
  seedBox(f);
}

/** Everything one sees; returns the function that draws it. @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-perplexity");
  const caption = h("p", { class: "xp-caption" });
  const last = h("p", { class: "xp-pm-last" });
  f.stage.append(caption);
  const rows = symbolRows(f);
  f.stage.append(last);
  const curve = runPlot(f);
  const numbers = readouts(f);
  return (/** @type {State} */ state) => {
    const text = sentence(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    rows(state);
    const seen = [...state.draws.slice(-SEEN)].map((x) => SYMBOLS[x]).join(" ");
    last.textContent = `${t("last")}: ${seen || t("none")}`;
    curve(state, text);
    numbers(state);
  };
}

/** A row for each symbol: what the source does, and what the model believes, to be set. @param {Frame} f */
function symbolRows(f) {
  const head = [h("td"), ...["source", "model", "surprise"].map((key) => h("th", { scope: "col" }, t(key)))]; // an empty header is none
  const all = Array.from(SYMBOLS, (_, i) => symbolRow(f, i));
  const body = h("tbody", {}, ...all.map((row) => row.node));
  f.stage.append(h("table", { class: "xp-pm-table", "aria-label": t("rows") }, h("thead", {}, h("tr", {}, ...head)), body));
  /** @type {State | null} */
  let current = null;
  f.addTable(() => {
    const rows = current?.p.map((p, i) => [SYMBOLS[i], p, current?.q[i] ?? 0, -Math.log(current?.q[i] ?? 0)]) ?? [];
    return { caption: t("rows"), columns: ["symbol", "source", "model", "surprise"].map((key) => t(key)), rows };
  });
  return (/** @type {State} */ state) => {
    current = state;
    all.forEach((row, i) => row.show(state.p[i], state.q[i]));
  };
}

/** @param {Frame} f @param {number} i */
function symbolRow(f, i) {
  const name = t("modelOf", { s: SYMBOLS[i] });
  const set = (/** @type {number} */ v) => f.assign({ model: share(normalised(f.model.get("model")), i, v), ...declined(f) });
  const input = h("input", { type: "range", class: "xp-range", id: uniqueId("range"), min: 0, max: 1, step: 0.01, "aria-label": name });
  input.addEventListener("input", () => set(Number(input.value)), { signal: f.signal });
  const box = numberBox(f, { label: name, min: 0, max: 1 }, t("typed", { label: name }), set);
  const fill = h("span", { class: "xp-bar-fill" });
  const [p, surprise] = [h("span", { class: "xp-bar-value" }), h("td", { class: "xp-pm-number" })];
  const field = h("div", { class: "xp-field" }, h("span", { class: "xp-pair" }, input, box.input), box.error);
  const bar = h("div", { class: "xp-pm-source" }, p, h("span", { class: "xp-bar-track", "aria-hidden": "true" }, fill));
  const node = h("tr", {}, h("th", { scope: "row" }, SYMBOLS[i]), h("td", {}, bar), h("td", {}, field), surprise);
  return { node, show(/** @type {number | undefined} */ pi, /** @type {number} */ qi) {
    node.hidden = pi === undefined;
    if (pi === undefined) return;
    p.textContent = fixed(pi, 3);
    fill.style.inlineSize = `${100 * pi}%`;
    if (Math.abs(Number(input.value) - qi) > 0.005) input.value = String(qi);
    input.setAttribute("aria-valuetext", t("spoken", { s: SYMBOLS[i], v: fixed(qi, 2) }));
    if (box.input.value === "" || Math.abs(Number(box.input.value) - qi) > 5e-4) box.input.value = String(Number(qi.toFixed(3)));
    box.clear();
    surprise.textContent = qi > 0 ? fixed(-Math.log(qi), 2) : "∞";
  } };
}

/** @param {Frame} f */
function runPlot(f) {
  const last = Math.log10(MOST);
  const x = { label: t("axisN"), min: 0, max: last, ticks: [0, 1, 2, 3, 4], format: (/** @type {number} */ v) => String(10 ** v) };
  const p = plot(f, { title: t("title"), x, y: { label: t("axisP"), min: 1, max: 6 }, height: 240, table: false, legend: true });
  /** @type {number[][]} */
  let points = [];
  f.addTable(() => ({ caption: t("title"), columns: [t("axisN"), t("axisP")], rows: points }));
  return (/** @type {State} */ state, /** @type {string} */ text) => {
    const { path, theory: law } = state;
    points = logPlaces(path.length).filter((n) => n <= path.length).map((n) => [n, path[n - 1]]);
    const top = height(state);
    if (p.y.max !== top) p.axes({ y: { max: top } });
    const same = law.gap < SAME;
    const told = isMade(f);
    const across = (/** @type {number} */ v) => [[0, v], [last, v]]; // lines with a place in the legend: a label on them meets the curve
    p.line("floor", across(law.floor), { kind: "muted", label: t(!told ? "source0" : same ? "both" : "own", { v: fixed(law.floor, 2) }) });
    if (told && !same && Number.isFinite(law.limit)) p.line("limit", across(law.limit), { kind: "mean_field", label: t("cross", { v: fixed(law.limit, 2) }) });
    else p.clear("limit");
    p.line("running", points.map(([n, v]) => [Math.log10(n), Number.isFinite(v) ? v : NaN]), { label: t("line") });
    p.describe(text);
  };
}

/** A round number above what is to be seen. @param {State} state */
function height({ p, theory: law }) {
  const most = Math.max(p.length, Number.isFinite(law.limit) ? law.limit : 0) * 1.3;
  return [4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500].find((v) => v >= most) ?? 1000;
}

/** What there is to see, in a sentence or two. @param {State} state */
export function sentence({ p, q, theory: law, path, bet: made }) {
  const n = path.length;
  const now = path[n - 1];
  const values = {
    n, now: fixed(now, 2), floor: fixed(law.floor, 2), limit: fixed(law.limit, 2), factor: fixed(Math.exp(law.gap), 3),
    nats: fixed(law.entropy, 3), bits: fixed(law.entropy / Math.LN2, 3), s: SYMBOLS[p.findIndex((v, i) => v > 0 && q[i] === 0)],
  };
  if (!n) return t("sayStart", values);
  if (now === Infinity) return t("sayNever", values);
  if (made === "") return t("sayHidden", values);
  if (law.limit === Infinity) return t("sayNever", values);
  const same = law.gap < SAME;
  const told = t(same ? "saySame" : "sayRun", values) + (now < law.floor ? t("lucky") : "");
  if (made === "skipped") return told;
  return told + t((made === "floor") === same && made !== "below" ? "right" : "wrong");
}

/** @param {Frame} f */
function readouts(f) {
  const format = (/** @type {number} */ v) => (v === Infinity ? "∞" : fixed(v, 3));
  const draws = readout(f, { name: "draws", label: t("draws"), format: (v) => significant(v, 5), width: 5 });
  const now = readout(f, { name: "perplexity", label: t("now"), format });
  const limit = readout(f, { name: "limit", label: t("limit"), format });
  const floor = readout(f, { name: "floor", label: t("least"), format });
  const gap = readout(f, { name: "kl", label: t("gap"), format });
  return (/** @type {State} */ { path, theory: law }) => {
    draws(path.length);
    now(path.length ? path[path.length - 1] : NaN);
    limit(isMade(f) ? law.limit : NaN);
    floor(law.floor);
    gap(isMade(f) ? law.gap : NaN);
    f.setReadout("entropy", law.entropy);
  };
}

export default { render };
