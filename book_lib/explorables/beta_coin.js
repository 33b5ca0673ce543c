// A coin of unknown bias: a prior, flips, a posterior, and what it predicts for the flips to come.

import { clock } from "./kit/clock.js";
import { button, presets, seedBox, slider, toggle } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant, ticks } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { betaBinomial, binomial, interval, logDensity, predictiveVariance, summary } from "./core/beta.js";
import { CounterRNG } from "./core/rng.js";
import { smallTable } from "./parts/handle.js";

const MOST = 9999; // heads or tails, as in beta_coin.py
const HIDDEN = 1;
const NEXT = 10; // flips to come
const AFTER = [1, 10, 100, 1000];

const t = strings({
  en: {
    name: "A coin of unknown bias",
    a: "Prior a", b: "Prior b", aWords: "a = {v}, as if {n} heads had been seen", bWords: "b = {v}, as if {n} tails had been seen",
    aLess: "a = {v}, less than knowing nothing: a coin that hardly ever falls heads is likely", bLess: "b = {v}, less than knowing nothing: a coin that hardly ever falls tails is likely",
    head: "+ heads", tail: "+ tails", reveal: "Reveal the coin", after: "After {n} flips", afterLabel: "After",
    flat: "Know nothing", fair: "Trust in fairness", stubborn: "Stubborn", extreme: "All or nothing",
    plotTitle: "What the bias may be", plotX: "bias μ: probability of heads", plotY: "density",
    prior: "prior", likelihood: "likelihood, scaled", posterior: "posterior", hidden: "the coin",
    nextTitle: "Heads in the next {n} flips", nextX: "heads", nextY: "probability", predictive: "predictive", plugin: "plug-in, h/N",
    table: "Next flip and next ten", colNext: "next flip heads", colSpread: "heads in {n}: mean ± sd",
    readSeen: "Heads, tails", readMean: "Posterior mean", readSd: "± sd", readMode: "Most probable (MAP)", readInterval: "95 % interval",
    sayPrior: "No flip yet: the belief is the prior, {prior}.",
    sayCertain: "Only {side} so far: the plug-in answer, {plug}, is certain of the next flip; the predictive one, {next}, is not.",
    sayFew: "After {n} flips the prior still counts: it draws the mean from {plug}, the share of heads, to {mean}.",
    sayMany: "After {n} flips the data speak: mean {mean}, share of heads {plug}. The posterior is {narrow} times narrower than the prior.",
    sayCaught: "The coin's bias, {bias}, lies {where} the 95 % interval.", inside: "inside", outside: "outside",
    heads: "heads", tails: "tails",
  },
  zh: {
    name: "偏差未知的硬币",
    a: "先验 a", b: "先验 b", aWords: "a = {v}，如同已见 {n} 次正面", bWords: "b = {v}，如同已见 {n} 次反面",
    aLess: "a = {v}，比一无所知还少：几乎不出正面的硬币很可能", bLess: "b = {v}，比一无所知还少：几乎不出反面的硬币很可能",
    head: "+ 正面", tail: "+ 反面", reveal: "揭示硬币", after: "抛 {n} 次后", afterLabel: "抛掷",
    flat: "一无所知", fair: "相信公平", stubborn: "固执", extreme: "非此即彼",
    plotTitle: "偏差的可能取值", plotX: "偏差 μ：正面的概率", plotY: "密度",
    prior: "先验", likelihood: "似然（已缩放）", posterior: "后验", hidden: "硬币",
    nextTitle: "接下来 {n} 次中的正面数", nextX: "正面数", nextY: "概率", predictive: "预测分布", plugin: "代入 h/N",
    table: "下一次与接下来十次", colNext: "下一次正面", colSpread: "{n} 次中正面：均值 ± 标准差",
    readSeen: "正面、反面", readMean: "后验均值", readSd: "± 标准差", readMode: "最可能值（MAP）", readInterval: "95% 区间",
    sayPrior: "还没有抛：信念就是先验 {prior}。",
    sayCertain: "目前只有{side}：代入估计 {plug} 对下一次十分肯定；预测分布给出 {next}，并不肯定。",
    sayFew: "抛了 {n} 次，先验仍有影响：它把均值从正面比例 {plug} 拉到 {mean}。",
    sayMany: "抛了 {n} 次，数据说了算：均值 {mean}，正面比例 {plug}。后验比先验窄 {narrow} 倍。",
    sayCaught: "硬币的偏差 {bias} 落在 95% 区间{where}。", inside: "之内", outside: "之外",
    heads: "正面", tails: "反面",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {[number, number][]} Points */
/** @typedef {{a: number, b: number, heads: number, tails: number, bias: number, reveal: boolean}} State */

const PRESETS = { flat: { a: 1, b: 1 }, fair: { a: 10, b: 10 }, stubborn: { a: 30, b: 5 }, extreme: { a: 0.5, b: 0.5 } };
const GRID = Array.from({ length: 401 }, (_, i) => i / 400);

/** A hidden coin, bent by the seed. */
class Coin {
  /** @param {number} seed */
  constructor(seed) {
    this.rng = new CounterRNG(seed);
    this.bias = 0.1 + 0.8 * new CounterRNG(seed, HIDDEN).random();
  }

  /** @param {number} n @returns {number} heads among n flips */
  flip(n) {
    let heads = 0;
    for (let k = 0; k < n; k++) if (this.rng.random() < this.bias) heads++;
    return heads;
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "beta_coin", label: t("name") });
  let coin = new Coin(model.get("seed"));
  const start = { heads: model.get("heads"), tails: model.get("tails") };
  const add = (/** @type {number} */ heads, /** @type {number} */ tails) =>
    f.assign({ heads: Math.min(MOST, model.get("heads") + heads), tails: Math.min(MOST, model.get("tails") + tails) });
  const flip = (/** @type {number} */ n) => {
    const heads = coin.flip(n);
    add(heads, n - heads);
  };
  controls(f, add);
  const state = () => /** @type {State} */ ({
    ...Object.fromEntries(["a", "b", "heads", "tails", "reveal"].map((name) => [name, model.get(name)])), bias: coin.bias });
  const draw = picture(f, state);
  const time = clock(f, {
    step: flip,
    onFrame: draw,
    perFrame: () => Math.max(reducedMotion() ? 1 : 0.08, (model.get("heads") + model.get("tails")) / 120), // one by one, then faster
    done: () => Math.max(model.get("heads"), model.get("tails")) >= MOST,
    onReset() {
      coin = new Coin(model.get("seed"));
      f.assign(start);
    },
  });
  after(f, (n) => {
    time.pause();
    coin = new Coin(model.get("seed"));
    f.assign({ heads: 0, tails: 0 });
    flip(n);
    f.publish();
  });
  ["a", "b", "heads", "tails", "reveal"].forEach((name) => f.watch(name, draw));
  f.watch("seed", () => {
    coin = new Coin(model.get("seed"));
    const n = model.get("heads") + model.get("tails");
    f.assign({ heads: 0, tails: 0 });
    flip(n); // as many flips of another coin
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {(heads: number, tails: number) => void} add */
function controls(f, add) {
  const doors = h("div", { class: "xp-doors" });
  f.root.insertBefore(doors, f.stage);
  presets(f, Object.entries(PRESETS).map(([label, set]) => ({ label: t(label), set })), { into: doors });
  for (const name of ["a", "b"]) {
    slider(f, { trait: name, label: t(name), min: 0.5, max: 30, step: 0.5, exact: false,
      words: (v) => t(`${name}${v < 1 ? "Less" : "Words"}`, { v: significant(v, 3), n: significant(v - 1, 3) }) });
  }
  const hands = h("div", { class: "xp-field xp-presets" });
  f.controls.append(hands);
  button(f, { label: t("head"), into: hands, onClick: () => add(1, 0) });
  button(f, { label: t("tail"), into: hands, onClick: () => add(0, 1) });
  toggle(f, { trait: "reveal", label: t("reveal") });
  seedBox(f);
  for (const name of ["heads", "tails"]) f.share(name, (v) => Number.isInteger(v) && v >= 0 && v <= MOST);
}

/** Begin again, and flip so often. @param {Frame} f @param {(n: number) => void} go */
function after(f, go) {
  const row = h("div", { class: "xp-presets xp-bc-after", role: "group", "aria-label": t("afterLabel") },
    h("span", { class: "xp-label" }, t("afterLabel")));
  for (const n of AFTER) button(f, { label: String(n), into: row, onClick: () => go(n) }).setAttribute("aria-label", t("after", { n }));
  f.toolbar.insertBefore(row, f.toolbar.querySelector(".xp-gap"));
}

/** @param {Frame} f @param {() => State} state */
function picture(f, state) {
  const p = plot(f, { title: t("plotTitle"), height: 270, x: { label: t("plotX"), min: 0, max: 1 }, y: { label: t("plotY"), min: 0, max: 2 }, legend: true });
  const caption = h("p", { class: "xp-caption" });
  const next = nextFlips(f, state);
  f.stage.append(caption, next.node);
  const show = readouts(f);
  return () => {
    const now = state();
    densities(p, now);
    next.draw(now);
    show(now);
    const text = sentence(now);
    if (caption.textContent !== text) caption.textContent = text;
    p.describe(text);
  };
}

/** A density on the grid, finer where it is narrow. @param {number} a @param {number} b @returns {Points} */
function density(a, b) {
  const { mean, variance } = summary(a, b);
  const near = Array.from({ length: 161 }, (_, i) => mean + ((i - 80) / 16) * Math.sqrt(variance));
  const xs = [...GRID, ...near].filter((x) => x >= 0 && x <= 1).sort((u, v) => u - v);
  return xs.map((x) => [x, Math.min(1e6, Math.exp(logDensity(a, b, x)))]);
}

/** @param {import("./kit/plot.js").Plot} p @param {State} state */
function densities(p, { a, b, heads, tails, bias, reveal }) {
  const [prior, likelihood, posterior] = [density(a, b), density(1 + heads, 1 + tails), density(a + heads, b + tails)];
  const flips = heads + tails > 0;
  const [low, high] = interval(a + heads, b + tails);
  const middle = (/** @type {Points} */ points) => Math.max(...points.filter(([x]) => x > 0.01 && x < 0.99).map(([, y]) => y));
  const top = 1.15 * Math.max(middle(posterior), middle(prior), flips ? middle(likelihood) : 0, 1.4);
  const round = ticks(0, top, 4);
  const most = Math.max(top, round[round.length - 1]);
  if (Math.abs(p.y.max - most) > 1e-9) p.axes({ y: { max: most, ticks: round } });
  p.area("interval", [[low, 0], ...posterior.filter(([x]) => x >= low && x <= high), [high, 0]], { kind: "simulation", label: t("readInterval") });
  p.line("prior", prior, { kind: "muted", label: t("prior") });
  if (flips) p.line("likelihood", likelihood, { kind: "mean_field", label: t("likelihood") });
  else p.clear("likelihood");
  p.line("posterior", posterior, { kind: "simulation", label: t("posterior") });
  if (reveal) p.vline("coin", bias, { kind: "theory", label: t("hidden") });
  else p.clear("coin");
}

/** What the next ten flips may bring: the bias averaged over, or plugged in. @param {Frame} f @param {() => State} state */
function nextFlips(f, state) {
  const p = plot(f, { title: t("nextTitle", { n: NEXT }), height: 190, legend: true, into: h("div"),
    x: { label: t("nextX"), min: -0.6, max: NEXT + 0.6, ticks: [0, 2, 4, 6, 8, 10] }, y: { label: t("nextY"), min: 0, max: 0.4 } });
  const table = smallTable(t("table"), ["", t("colNext"), t("colSpread", { n: NEXT })], [t("predictive"), t("plugin")]);
  const ks = Array.from({ length: NEXT + 1 }, (_, k) => k);
  const bars = () => {
    const { a, b, heads, tails } = state();
    const layer = p.layer("bars");
    layer.parentNode?.prepend(layer);
    layer.replaceChildren(...ks.map((k) => {
      const y = p.scale.y(betaBinomial(a + heads, b + tails, NEXT, k));
      const left = p.scale.x(k - 0.3);
      return s("rect", { class: "xp-fl-seen", x: left.toFixed(1), y: y.toFixed(1), width: (p.scale.x(k + 0.3) - left).toFixed(1), height: (p.scale.y(0) - y).toFixed(1) });
    }));
  };
  p.onLayout(bars);
  const node = h("div", { class: "xp-bc-next" }, h("p", { class: "xp-ds-title" }, t("nextTitle", { n: NEXT })), p.node, table.node);
  return { node, draw(/** @type {State} */ { a, b, heads, tails }) {
    const predicted = ks.map((k) => betaBinomial(a + heads, b + tails, NEXT, k));
    const flips = heads + tails;
    const plug = heads / flips;
    const plugged = flips ? ks.map((k) => binomial(plug, NEXT, k)) : [];
    const top = [0.2, 0.4, 0.7, 1].find((v) => v >= Math.max(...predicted, ...plugged)) ?? 1;
    if (p.y.max !== top) p.axes({ y: { max: top } });
    p.points("plug-in", plugged.map((y, k) => [k, y]), { kind: "theory", label: flips ? t("plugin") : "", r: 4 });
    p.points("predictive", predicted.map((y, k) => [k, y]), { kind: "simulation", label: t("predictive"), r: 2.5 });
    bars();
    const mean = (a + heads) / (a + b + flips);
    const spread = Math.sqrt(predictiveVariance(a + heads, b + tails, NEXT));
    const pluggedSpread = Math.sqrt(NEXT * plug * (1 - plug));
    table.fill([[fixed(mean, 3), `${fixed(NEXT * mean, 1)} ± ${fixed(spread, 2)}`],
      flips ? [fixed(plug, 3), `${fixed(NEXT * plug, 1)} ± ${fixed(pluggedSpread, 2)}`] : ["–", "–"]]);
    f.setReadout("predictive", mean);
    f.setReadout("plug_in", plug);
    f.setReadout("predictive_sd", spread);
    f.setReadout("plug_in_sd", pluggedSpread);
  } };
}

/** @param {Frame} f */
function readouts(f) {
  const three = (/** @type {number} */ v) => fixed(v, 3);
  const seen = readout(f, { name: "seen", label: t("readSeen"), width: 10 });
  const mean = readout(f, { name: "mean", label: t("readMean"), format: three });
  const sd = readout(f, { name: "standard_deviation", label: t("readSd"), format: three });
  const mode = readout(f, { name: "map", label: t("readMode"), format: three });
  const range = readout(f, { name: "interval", label: t("readInterval"), width: 15 });
  return (/** @type {State} */ { a, b, heads, tails, bias, reveal }) => {
    const [pa, pb] = [a + heads, b + tails];
    const law = summary(pa, pb);
    const [low, high] = interval(pa, pb);
    seen(`${heads}, ${tails}`);
    mean(law.mean);
    sd(Math.sqrt(law.variance));
    mode(law.mode);
    range(`${three(low)} … ${three(high)}`);
    const hiddenFrom = { posterior_a: pa, posterior_b: pb, variance: law.variance, interval_low: low, interval_high: high };
    for (const [name, value] of Object.entries(hiddenFrom)) f.setReadout(name, value);
    f.setReadout("bias", reveal ? bias : NaN);
    f.setReadout("area", area(pa, pb));
  };
}

/** The area under the posterior, by the midpoint rule: a check that it is one. @param {number} a @param {number} b */
function area(a, b) {
  const n = 2000;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.exp(logDensity(a, b, (i + 0.5) / n)) / n;
  return sum;
}

/** What the flips have taught. @param {State} state */
function sentence({ a, b, heads, tails, bias, reveal }) {
  const n = heads + tails;
  const before = summary(a, b);
  const now = summary(a + heads, b + tails);
  const words = { n, prior: `Beta(${a}, ${b})`, plug: fixed(heads / n, 3), mean: fixed(now.mean, 3), next: fixed(now.mean, 3),
    narrow: fixed(Math.sqrt(before.variance / now.variance), 1), side: t(heads ? "heads" : "tails") };
  const many = n > 5 * (a + b);
  const first = t(!n ? "sayPrior" : !heads || !tails ? "sayCertain" : many ? "sayMany" : "sayFew", words);
  if (!reveal) return first;
  const [low, high] = interval(a + heads, b + tails);
  return `${first} ${t("sayCaught", { bias: fixed(bias, 3), where: t(bias >= low && bias <= high ? "inside" : "outside") })}`;
}

export default { render };
