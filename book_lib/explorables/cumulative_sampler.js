// How a computer draws from a list of probabilities: a stair, a uniform number, and a search, comparison by comparison.

import { clock } from "./kit/clock.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h, s, setDisabled } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { CHI2_95 } from "./core/cumulative.js";
import { share } from "./parts/chance.js";
import { handle } from "./parts/handle.js";
import { Search } from "./parts/search.js";

const [FEWEST, LARGEST] = [3, 6];

const t = strings({
  en: {
    name: "Drawing from a list of probabilities",
    u: "Uniform number", uWords: "u = {v}", rule: "Search for the first", upper: "s > (upper bound)", lower: "s ≥ (lower bound)",
    bits: "u comes with", fine: "32 bits", coarse: "4 bits", more: "+ outcome", fewer: "− outcome", draw: "+{n}",
    standard: "0.2, 0.5, 0.3", weights: "Not normalised", zero: "Impossible first", slip: "The slip",
    uHandle: "Uniform number u", weight: "Probability of outcome {k}",
    stairTitle: "Cumulative sum", stairX: "outcome i", stairY: "cumulative sum s",
    barsTitle: "Draws against probabilities", barsX: "outcome i", barsY: "probability, share",
    search: "Search", asks: "s{k} = {s} {sign} {place}?", yes: "yes", no: "no",
    outcome: "outcome", p: "p", s: "s", count: "draws", share: "share",
    readOutcome: "Outcome", readDraws: "Draws", readChi: "χ²", nobody: "none",
    sayStart: "u = {u} is stretched to {u} · {top} = {place}. Now the search goes up the stair.",
    saySearch: "s{sub} = {s} is not {than} {place}: one step further.",
    sayFound: "s{sub} = {s} is the first {than} {place}: outcome {k}. Its step catches {p} % of all u.",
    sayEnd: "u = 1 stretches to the very top, and no step is above it: the search falls off the stair. So u comes from [0, 1), without its right end.",
    sayWrong: "The search with ≥ stops at outcome {k}, whose probability is zero. With > it would have gone on.",
    sayEarly: "Draws so far: {n}. χ² means little before each outcome may be expected five times.",
    sayFair: "After {n} draws χ² = {chi}; a fair sampler stays below {limit} in 95 of 100 cases.",
    sayUnfair: "After {n} draws χ² = {chi}, above {limit}: a fair sampler gets there in 5 of 100 cases.",
    sayBroken: "Of {n} draws {bad} gave an outcome without probability: no fair sampler does that.",
    than: "larger than", atLeast: "at least", picture: "{n} steps. {sentence}",
  },
  zh: {
    name: "按概率表抽取",
    u: "均匀随机数", uWords: "u = {v}", rule: "寻找第一个", upper: "s >（上界）", lower: "s ≥（下界）",
    bits: "u 的精度", fine: "32 位", coarse: "4 位", more: "+ 结果", fewer: "− 结果", draw: "+{n}",
    standard: "0.2, 0.5, 0.3", weights: "未归一化", zero: "首项不可能", slip: "那个错误",
    uHandle: "均匀随机数 u", weight: "结果 {k} 的概率",
    stairTitle: "累积和", stairX: "结果 i", stairY: "累积和 s",
    barsTitle: "抽取次数与概率", barsX: "结果 i", barsY: "概率、比例",
    search: "搜索", asks: "s{k} = {s} {sign} {place}?", yes: "是", no: "否",
    outcome: "结果", p: "p", s: "s", count: "次数", share: "比例",
    readOutcome: "结果", readDraws: "抽取次数", readChi: "χ²", nobody: "无",
    sayStart: "u = {u} 被放大为 {u} · {top} = {place}。现在沿台阶向上搜索。",
    saySearch: "s{sub} = {s} 不{than} {place}：再上一级。",
    sayFound: "s{sub} = {s} 是第一个{than} {place} 的：结果 {k}。它的台阶接住所有 u 的 {p}%。",
    sayEnd: "u = 1 被放大到最顶端，没有台阶高于它：搜索跌出台阶。因此 u 取自 [0, 1)，不含右端。",
    sayWrong: "用 ≥ 的搜索停在概率为零的结果 {k}。若用 > 就会继续。",
    sayEarly: "已抽取 {n} 次。每个结果的期望次数不到五次之前，χ² 意义不大。",
    sayFair: "{n} 次抽取后 χ² = {chi}；公平的抽样器有 95% 的情形低于 {limit}。",
    sayUnfair: "{n} 次抽取后 χ² = {chi}，高于 {limit}：公平的抽样器只有 5% 的情形如此。",
    sayBroken: "{n} 次抽取中有 {bad} 次得到概率为零的结果：公平的抽样器绝不会这样。",
    than: "大于", atLeast: "至少为", picture: "{n} 级台阶。{sentence}",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */

const PRESETS = {
  standard: { p: [0.2, 0.5, 0.3], rule: "upper", bits: "32", u: 0.45 },
  weights: { p: [0.1, 0.4, 0.2, 0.1], rule: "upper", bits: "32", u: 0.5 },
  zero: { p: [0, 0.5, 0.25, 0.25], rule: "upper", bits: "4", u: 0 },
  slip: { p: [0, 0.5, 0.25, 0.25], rule: "lower", bits: "4", u: 0 },
};
const SUB = "₀₁₂₃₄₅";
/** @param {number} v */
const three = (v) => significant(v, 4);

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "cumulative_sampler", label: t("name") });
  controls(f);
  const settings = () => ({ p: model.get("p"), rule: model.get("rule"), bits: model.get("bits"), seed: model.get("seed") });
  let search = new Search(settings(), model.get("u"));
  const draw = picture(f, () => search);
  let own = false; // the search itself sets u
  const tell = () => {
    own = true;
    f.assign({ u: search.u });
    own = false;
  };
  const restart = () => {
    search = new Search(settings(), model.get("u"));
    draw();
  };
  const time = clock(f, {
    step(n) {
      for (let k = 0; k < n; k++) search.step();
      tell();
    },
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 1 : 1 / 20), // three comparisons a second can be followed
    onReset: restart,
  });
  for (const n of [100, 10_000]) {
    button(f, { label: t("draw", { n: n.toLocaleString("en").replace(",", "\u202f") }), where: "toolbar", onClick() {
      time.pause();
      search.draw(n);
      tell();
      draw();
      f.publish();
    } });
  }
  ["p", "rule", "bits", "seed"].forEach((name) => f.watch(name, restart));
  f.watch("u", (u) => {
    if (own) return;
    search.look(u);
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const doors = h("div", { class: "xp-doors" });
  f.root.insertBefore(doors, f.stage);
  presets(f, Object.entries(PRESETS).map(([label, set]) => ({ label: t(label), set })), { into: doors });
  slider(f, { trait: "u", label: t("u"), symbol: "u", min: 0, max: 1, step: 0.001, exact: false, words: (v) => t("uWords", { v: fixed(v, 3) }) });
  choice(f, { trait: "rule", label: t("rule"), options: ["upper", "lower"].map((value) => ({ value, label: t(value) })) });
  choice(f, { trait: "bits", label: t("bits"), options: [{ value: "32", label: t("fine") }, { value: "4", label: t("coarse") }] });
  const row = h("div", { class: "xp-field xp-presets" });
  f.controls.append(row);
  const p = () => /** @type {number[]} */ (f.model.get("p"));
  const more = button(f, { label: t("more"), into: row, onClick: () => f.assign({ p: [...p(), 0.2] }) });
  const fewer = button(f, { label: t("fewer"), into: row, onClick() {
    const rest = p().slice(0, -1);
    f.assign({ p: rest.some((v) => v > 0) ? rest : rest.map(() => 0.2) });
  } });
  const show = () => {
    setDisabled(more, p().length >= LARGEST);
    setDisabled(fewer, p().length <= FEWEST);
  };
  f.watch("p", show);
  show();
  seedBox(f);
  f.share("p", (v) => v.length >= FEWEST && v.length <= LARGEST && v.every((/** @type {number} */ w) => w >= 0 && w <= 1) && v.some((/** @type {number} */ w) => w > 0));
}

/** @param {Frame} f @param {() => Search} search */
function picture(f, search) {
  f.stage.classList.add("xp-sampler");
  const drawStair = stairPlot(f, search);
  const drawBars = barsPlot(f, search);
  const list = h("ol", { class: "xp-cs-search", "aria-label": t("search") });
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(list, caption);
  const show = readouts(f, search);
  return () => {
    const now = search();
    const text = sentence(now);
    drawStair(text);
    drawBars(text);
    list.replaceChildren(...now.made.map(({ i, level, place, passes }) => h("li", { class: passes ? "xp-passes" : "" },
      t("asks", { k: SUB[i], s: three(level), sign: now.upper ? ">" : "≥", place: three(place) }),
      h("strong", {}, t(passes ? "yes" : "no")))));
    if (caption.textContent !== text) caption.textContent = text;
    show(now);
  };
}

/** The stair, and u on its way to an outcome. @param {Frame} f @param {() => Search} search */
function stairPlot(f, search) {
  const p = plot(f, { title: t("stairTitle"), height: 280, x: { label: t("stairX"), min: -0.5, max: 2.5, ticks: [0, 1, 2] }, y: { label: t("stairY"), min: 0, max: 1 } });
  p.svg.setAttribute("role", "group"); // it holds sliders, which an image must not
  const layer = p.layer("u", { clip: false, keep: true });
  const top = () => search().levels[search().levels.length - 1];
  const go = (/** @type {number} */ u) => f.assign({ u: Math.min(1, Math.max(0, Math.round(1000 * u) / 1000)) });
  const grip = handle(f, p.svg, layer, {
    label: t("uHandle"), shape: "xp-cs-u",
    onMove: (_x, y) => go(p.scale.invY(y) / top()),
    onKey: (right, up) => go(search().u + 0.01 * (right + up)),
    onEnd: (end) => go(end > 0 ? 1 : 0),
  });
  const paint = () => {
    const { levels, made, done, outcome, u } = search();
    const boxes = p.layer("boxes");
    boxes.parentNode?.prepend(boxes);
    boxes.replaceChildren(...Array.from(levels, (level, i) => {
      const [x, y] = [p.scale.x(i - 0.5), p.scale.y(level)];
      const state = done && i === outcome ? "xp-found" : made.some((one) => one.i === i) ? "xp-passed" : "";
      return s("rect", { class: `xp-cs-box ${state}`, x: x.toFixed(1), y: y.toFixed(1), width: (p.scale.x(i + 0.5) - x).toFixed(1),
        height: Math.max(0, p.scale.y(levels[i - 1] ?? 0) - y).toFixed(1) });
    }));
    grip.place(p.scale.x(p.x.min), p.scale.y(u * top()));
    grip.say(u, t("uWords", { v: fixed(u, 3) }), [0, 1]);
  };
  p.onLayout(paint);
  return (/** @type {string} */ text) => {
    const { levels, made, done, outcome, u } = search();
    const most = levels.length - 0.5;
    if (p.x.max !== most || Math.abs(p.y.max - top()) > 1e-9) p.axes({ x: { max: most, ticks: [...levels.keys()] }, y: { max: top() } });
    p.line("stair", [[-0.5, 0], ...Array.from(levels).flatMap((level, i) => /** @type {[number, number][]} */ ([[i - 0.5, level], [i + 0.5, level]]))], { kind: "theory" });
    const reach = made.length ? made[made.length - 1].i + (done && outcome >= 0 ? 0 : 0.5) : -0.4;
    const way = [[-0.5, u * top()], [reach, u * top()]];
    if (done && outcome >= 0) way.push([reach, 0]);
    p.line("u", way, { kind: "mean_field", label: "" });
    paint();
    p.describe(t("picture", { n: levels.length, sentence: text }));
  };
}

/** Probabilities as outlines to drag, shares of the draws as bars within. @param {Frame} f @param {() => Search} search */
function barsPlot(f, search) {
  const p = plot(f, { title: t("barsTitle"), height: 280, x: { label: t("barsX"), min: -0.5, max: 2.5 }, y: { label: t("barsY"), min: 0, max: 1 } });
  p.svg.setAttribute("role", "group");
  const layer = p.layer("tops", { clip: false, keep: true });
  const set = (/** @type {number} */ i, /** @type {number} */ v) => {
    const weights = /** @type {number[]} */ (f.model.get("p"));
    const sum = weights.reduce((a, b) => a + b, 0);
    const next = share(search().p, i, Math.min(1, Math.max(0, Math.round(100 * v) / 100)));
    // subtle: rounded, or three drags leave 0.30000000000000004 in the address; at most 1 each, as Python has it
    f.assign({ p: next.map((q) => Math.min(1, Number((q * sum).toPrecision(6)))) });
  };
  const tops = Array.from({ length: LARGEST }, (_, i) => handle(f, p.svg, h("div"), {
    label: t("weight", { k: i }),
    onMove: (_x, y) => set(i, p.scale.invY(y)),
    onKey: (right, up) => set(i, search().p[i] + 0.02 * (right + up)),
    onEnd: (end) => set(i, end > 0 ? 1 : 0),
  }));
  const paint = () => {
    const { p: probabilities, counts, draws } = search();
    const bars = p.layer("bars");
    bars.parentNode?.prepend(bars);
    const rect = (/** @type {number} */ i, /** @type {number} */ half, /** @type {number} */ v, /** @type {string} */ name) => {
      const [x, y] = [p.scale.x(i - half), p.scale.y(v)];
      return s("rect", { class: name, x: x.toFixed(1), y: y.toFixed(1), width: (p.scale.x(i + half) - x).toFixed(1), height: Math.max(0, p.scale.y(0) - y).toFixed(1) });
    };
    bars.replaceChildren(...probabilities.map((v, i) => rect(i, 0.35, v, "xp-fl-mass")), ...counts.map((n, i) => rect(i, 0.16, draws ? n / draws : 0, "xp-fl-seen")));
    if (layer.childElementCount !== probabilities.length) layer.replaceChildren(...tops.slice(0, probabilities.length).map((one) => one.node));
    probabilities.forEach((v, i) => {
      tops[i].place(p.scale.x(i), p.scale.y(v));
      tops[i].say(v, `${fixed(100 * v, 0)} %`, [0, 1]);
    });
  };
  p.onLayout(paint);
  f.addTable(() => {
    const { p: probabilities, levels, counts, draws } = search();
    return { caption: t("barsTitle"), columns: ["outcome", "p", "s", "count", "share"].map((key) => t(key)),
      rows: probabilities.map((v, i) => [i, v, levels[i], counts[i], draws ? counts[i] / draws : null]) };
  });
  return (/** @type {string} */ text) => {
    const { p: probabilities } = search();
    const most = probabilities.length - 0.5;
    if (p.x.max !== most) p.axes({ x: { max: most, ticks: [...probabilities.keys()] } });
    paint();
    p.describe(text);
  };
}

/** @param {Frame} f @param {() => Search} search */
function readouts(f, search) {
  const outcome = readout(f, { name: "outcome", label: t("readOutcome"), width: 4, format: (v) => (v < 0 ? t("nobody") : v === "" ? "…" : String(v)) });
  const draws = readout(f, { name: "draws", label: t("readDraws"), width: 7, format: String });
  const chi = readout(f, { name: "chi_square", label: t("readChi"), width: 7, format: (v) => (v === Infinity ? "∞" : fixed(v, 2)) });
  return (/** @type {Search} */ now) => {
    outcome(now.done ? now.outcome : "");
    draws(now.draws);
    chi(now.fit.chi2);
    f.setReadout("comparisons", now.shown);
    f.setReadout("place", now.u * now.levels[now.levels.length - 1]);
    f.setReadout("freedom", now.fit.freedom);
    f.setReadout("counts", now.counts.join(" "));
  };
}

/** Where the search stands, and what the draws say. @param {Search} now */
function sentence(now) {
  const { u, levels, made, done, outcome, upper, p } = now;
  const last = made[made.length - 1];
  const words = { u: three(u), top: three(levels[levels.length - 1]), place: three(u * levels[levels.length - 1]), k: last?.i ?? 0, sub: SUB[last?.i ?? 0], s: three(last?.level ?? 0),
    than: t(upper ? "than" : "atLeast"), p: three(100 * (p[last?.i] ?? 0)) };
  const wrong = done && outcome >= 0 && p[outcome] === 0;
  const first = !last ? "sayStart" : !done ? "saySearch" : outcome < 0 ? "sayEnd" : wrong ? "sayWrong" : "sayFound";
  return [t(first, words), ...tally(now)].join(" ");
}

/** @param {Search} now */
function tally({ draws: n, counts, p, fit }) {
  if (!n) return [];
  const bad = counts.reduce((sum, v, i) => (p[i] === 0 ? sum + v : sum), 0);
  if (bad) return [t("sayBroken", { n, bad })];
  if (n * Math.min(...p.filter((v) => v > 0)) < 5) return [t("sayEarly", { n })];
  const limit = CHI2_95[fit.freedom - 1];
  return fit.freedom < 1 ? [] : [t(fit.chi2 <= limit ? "sayFair" : "sayUnfair", { n, chi: fixed(fit.chi2, 2), limit: fixed(limit, 2) })];
}

export default { render };
