// The KL knob: stored runs of PPO over β. First the reader draws what the oracle will say of them; then it says so.

import { bestOf, endsOf, fatesOf, frontier, oracleLimits, placesOf } from "./core/kl_knob.js";
import { known } from "./core/training_runs.js";
import { button, choice, slider } from "./kit/controls.js";
import { deviation } from "./kit/curve.js";
import { h, setDisabled } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { recall, remember } from "./kit/memory.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { arrive, sketchLayer } from "./kit/sketch.js";
import { strings } from "./kit/strings.js";

const EVERY = 5; // points of the sketch between two handles, as in kit/sketch.js
const WATCHED = ["kl", "entropy", "clip_fraction"];
const ROUND = [0, 0.25, 1, 2, 4, 9, 16, 25, 36, 49, 64, 81, 100, 144, 196, 256, 400, 625, 900]; // nats whose roots are easy to place
const FACTOR = 1.3; // between two marks on that axis, at least

const t = strings({
  en: {
    name: "The KL knob: stored runs of PPO",
    ask: "{n} runs learned from one reward model, each at another β, the price of a nat of KL. How good are their answers in truth? Draw the oracle's score at the end against β.",
    how: "Left: little to pay, far from the reference. Right: a short leash. Draw in the picture, or move the points with the arrow keys; β is on a logarithmic scale.",
    howZero: "Left: nothing or little to pay, far from the reference. Right: a short leash. Draw in the picture, or move the points with the arrow keys; β is on a logarithmic scale, and β = 0 stands at its left end.",
    ends: "Oracle at the end, by β", axisBeta: "β, logarithmic", axisOracle: "oracle", axisOracleEnd: "oracle at the end", theOracle: "Oracle of the runs", place: "β = {beta}",
    beta: "Price of KL", betaSpoken: "β = {beta}", betaTold: "β = {beta}: {fate}", best: "highest oracle", held: "held back", hacked: "hacked", worse: "worse", broke: "broke off",
    watch: "Curve below", kl: "KL", entropy: "entropy", clip_fraction: "clip fraction", axisKl: "KL, nats an answer", axisEntropy: "entropy, nats a token", axisClip: "clip fraction", iteration: "iteration",
    scores: "Reward and oracle", axisScore: "mean score", reward: "reward that is learnt from", oracle: "oracle", reference: "oracle of the reference",
    against: "Reward against KL", axisRoot: "KL, nats (root scale)", tilt: "the most there is, estimated: e^(r/β)", rewardEnd: "reward, each run", oracleEnd: "oracle, each run", way: "way of this run", thisRun: "this run",
    samples: "What the policy at β = {beta} says", prompt: "prompt", answer: "answer", hidden: "?",
    gap: "Your sketch is off by {mean} on average and by {max} at most, at β = {x}.", peak: "You put the top at β = {own}; it is at β = {best}, where the oracle ends at {top}.", peakRight: "You put the top at β = {own}, and there it is: the oracle ends at {top}.",
    gapHacked: "At β = {list} the reward is as high or higher (up to {paid}, against {fair}), but the oracle falls, down to {worst}: reward hacking.", gapFair: "In none of these runs is the reward hacked.",
    say: "β = {beta}: in {n} iterations the reward goes from {r0} to {r1}, at a KL of {kl} nats. What the oracle says comes with your drawing.",
    sayAll: "β = {beta}: the reward goes from {r0} to {r1}, the oracle from {o0} to {o1}, at a KL of {kl} nats.", sayBroke: "β = {beta}: the run broke off after iteration {step}.",
    sayBest: "No run has a better oracle, but for a hair.", sayHeld: "Held back: a nat is so dear that the policy stays near the reference; at β = {best} the oracle reaches {top}.",
    sayHacked: "Hacked: the reward is no lower than at β = {best} ({fair}), the oracle is {o1} instead of {top}.", sayWorse: "Worse than β = {best} in both: the oracle reaches {top} there.",
    sayTilt: "The tilt, estimated from {count} answers, has a reward of {most} at this KL.",
    readReward: "Reward", readOracle: "Oracle", readKl: "KL", readEntropy: "Entropy", readClip: "Clip fraction", percent: "{v} %",
    picture: "Mean reward by iteration at β = {beta}.", pictureAll: "Mean reward and oracle by iteration at β = {beta}.", pictureBelow: "{what} by iteration at β = {beta}.", pictureAgainst: "Reward at the end of each run against its KL; this run has KL {kl} and reward {r}.",
    measured: "end of each run",
  },
  zh: {
    name: "KL 旋钮：预先存储的 PPO 训练",
    ask: "{n} 次训练使用同一个奖励模型，只有 β（每奈特 KL 的代价）不同。它们的回答真正有多好？请画出结束时神谕评分随 β 的变化。",
    how: "左边：代价小，离参考模型远。右边：绳子短。在图中画线，或用方向键移动各点；β 用对数坐标。",
    howZero: "左边：没有代价或代价小，离参考模型远。右边：绳子短。在图中画线，或用方向键移动各点；β 用对数坐标，β = 0 位于最左端。",
    ends: "结束时的神谕评分与 β", axisBeta: "β（对数）", axisOracle: "神谕", axisOracleEnd: "结束时的神谕评分", theOracle: "各次训练的神谕评分", place: "β = {beta}",
    beta: "KL 的代价", betaSpoken: "β = {beta}", betaTold: "β = {beta}：{fate}", best: "神谕评分最高", held: "受限", hacked: "钻了空子", worse: "更差", broke: "中断",
    watch: "下方曲线", kl: "KL", entropy: "熵", clip_fraction: "截断比例", axisKl: "KL（奈特/回答）", axisEntropy: "熵（奈特/词元）", axisClip: "截断比例", iteration: "迭代",
    scores: "奖励与神谕", axisScore: "平均分", reward: "用来学习的奖励", oracle: "神谕", reference: "参考模型的神谕评分",
    against: "奖励与 KL", axisRoot: "KL（奈特，平方根坐标）", tilt: "可能的最大值（估计）：e^(r/β)", rewardEnd: "各次训练的奖励", oracleEnd: "各次训练的神谕", way: "这次训练的路径", thisRun: "这次训练",
    samples: "β = {beta} 的策略说了什么", prompt: "提示", answer: "回答", hidden: "？",
    gap: "你画的曲线平均偏差 {mean}，最大偏差 {max}，出现在 β = {x}。", peak: "你把最高点画在 β = {own}；实际在 β = {best}，神谕评分为 {top}。", peakRight: "你把最高点画在 β = {own}，正是那里：神谕评分为 {top}。",
    gapHacked: "在 β = {list}，奖励同样高或更高（最高 {paid}，而那里是 {fair}），神谕评分却下降，最低到 {worst}：这就是奖励被钻空子。", gapFair: "这些训练都没有钻奖励的空子。",
    say: "β = {beta}：经过 {n} 次迭代，奖励从 {r0} 变为 {r1}，KL 为 {kl} 奈特。神谕怎么说，等你画完再揭晓。",
    sayAll: "β = {beta}：奖励从 {r0} 变为 {r1}，神谕评分从 {o0} 变为 {o1}，KL 为 {kl} 奈特。", sayBroke: "β = {beta}：训练在第 {step} 次迭代后中断。",
    sayBest: "没有哪次训练的神谕评分明显更高。", sayHeld: "受限：每奈特太贵，策略停在参考模型附近；β = {best} 时神谕评分达到 {top}。",
    sayHacked: "钻了空子：奖励不低于 β = {best} 时的 {fair}，神谕评分却是 {o1}，而不是 {top}。", sayWorse: "两者都不如 β = {best}：那里神谕评分达到 {top}。",
    sayTilt: "由 {count} 个回答估计，在此 KL 下倾斜后的奖励为 {most}。",
    readReward: "奖励", readOracle: "神谕", readKl: "KL", readEntropy: "熵", readClip: "截断比例", percent: "{v}%",
    picture: "β = {beta} 时逐次迭代的平均奖励。", pictureAll: "β = {beta} 时逐次迭代的平均奖励与神谕评分。", pictureBelow: "β = {beta} 时逐次迭代的{what}。", pictureAgainst: "各次训练结束时的奖励与 KL；这次训练的 KL 为 {kl}，奖励为 {r}。",
    measured: "各次训练的结果",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */
/** @typedef {import("./core/kl_knob.js").Sweep} Sweep */
/** @typedef {import("./kit/sketch.js").SketchLayer} SketchLayer */
/** @typedef {ReturnType<typeof stateOf>} State */

/** What the settings amount to. @param {(name: string) => any} get */
export function stateOf(get) {
  /** @type {Sweep} */
  const runs = get("runs");
  const near = runs.beta.reduce((a, b) => (Math.abs(b - get("beta")) < Math.abs(a - get("beta")) ? b : a));
  const run = runs.beta.indexOf(near);
  const ends = endsOf(runs);
  return { runs, run, beta: near, ends, best: bestOf(ends.oracle), fates: fatesOf(runs), watch: /** @type {"kl" | "entropy" | "clip_fraction"} */ (get("watch")), revealed: get("revealed") === true };
}

/** @param {number} beta */
const written = (beta) => significant(beta, 3);

/** The β at a place on the axis; 0 at the place before the others. @param {Sweep} runs @returns {(x: number) => number} */
export function betaAt({ beta }) {
  const lowest = Math.log10(Math.min(...beta.filter((v) => v > 0)));
  // subtle: between 0 and the smallest of the others there is nothing on a logarithmic scale; half-way is the border.
  return (x) => (x < lowest - 0.25 ? 0 : 10 ** Math.max(x, lowest));
}

/** The oracle's ends as points of the sketch's plot. @param {Sweep} runs @returns {[number, number][]} */
export function truth(runs) {
  const at = placesOf(runs.beta);
  const { oracle } = endsOf(runs);
  return /** @type {[number, number][]} */ (runs.beta.map((beta, i) => [at(beta), oracle[i]])).filter(([, y]) => Number.isFinite(y));
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "kl_knob", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  const shipped = { beta: get("beta"), watch: get("watch") };
  f.stage.classList.add("xp-kk");
  const sketch = sketching(f);
  const knobs = h("div", { class: "xp-kk-knobs" }); // above what they turn
  f.stage.append(knobs);
  controls(f, knobs);
  const show = picture(f);
  const draw = () => show(stateOf(get));
  const reset = () => {
    f.assign({ ...shipped, sketch: [], revealed: false });
    sketch.clear();
  };
  button(f, { label: t("reset"), where: "toolbar", onClick: reset });
  f.root.addEventListener("xp:reset", reset, { signal: f.signal });
  for (const trait of ["runs", "beta", "watch", "revealed"]) f.watch(trait, draw);
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {HTMLElement} into */
function controls(f, into) {
  const get = (/** @type {string} */ name) => f.model.get(name);
  const { beta } = /** @type {Sweep} */ (get("runs"));
  const knob = slider(f, { trait: "beta", label: t("beta"), symbol: "β", min: beta[0], max: beta[beta.length - 1], stops: beta, temperature: true, into,
    words: (v) => {
      const { fates, run, revealed } = stateOf((name) => (name === "beta" ? v : get(name)));
      return t(revealed ? "betaTold" : "betaSpoken", { beta: written(v), fate: t(fates[run]) });
    } });
  f.watch("revealed", () => knob.set(knob.value)); // its words name what became of the run
  choice(f, { trait: "watch", label: t("watch"), into, options: WATCHED.map((value) => ({ value, label: t(value) })) });
}

// -- the drawing

/** The plot that the reader draws in, and its answer. @param {Frame} f */
function sketching(f) {
  const { model } = f;
  /** @type {Sweep} */
  const runs = model.get("runs");
  const back = betaAt(runs);
  const at = placesOf(runs.beta);
  const [low, high] = oracleLimits(runs);
  const box = h("div", { class: "xp-kk-draw" });
  const help = h("p", { class: "xp-help" }, t(runs.beta[0] === 0 ? "howZero" : "how"));
  const verdict = h("p", { class: "xp-verdict", role: "status" });
  const error = h("p", { class: "xp-error", role: "alert" });
  box.append(h("p", { class: "xp-question" }, t("ask", { n: runs.beta.length })));
  f.stage.append(box);
  const x = { label: t("axisBeta"), min: at(runs.beta[0]), max: at(runs.beta[runs.beta.length - 1]), ticks: marks(runs.beta), format: (/** @type {number} */ v) => written(back(v)) };
  const p = plot(f, { x, y: { label: t("axisOracleEnd"), min: low, max: high }, height: 260, title: t("ends"), desc: t("how"), into: box, table: false, legend: true });
  const keep = () => remember(f.key, layer.points ? { sketch: model.get("sketch"), revealed: model.get("revealed") } : null);
  const layer = sketchLayer(p, { start: model.get("sketch"), onChange: () => {
    f.assign({ sketch: layer.values.map((v) => (Number.isFinite(v) ? v : null)) });
    name();
    keep();
  } });
  /** The kit reads out the axis' own numbers, which are logarithms here. */
  const name = () => layerHandles(p).forEach((node, i) => node.setAttribute("aria-label", t("sketchPoint", { x: t("place", { beta: written(back(layerPlace(x, i, layer.handles))) }) })));
  p.onLayout(name);
  name();
  const row = h("div", { class: "xp-presets" });
  box.append(help, row, error, verdict);
  const commit = () => {
    error.textContent = layer.complete ? "" : t("sketchMissing", { count: layer.missing || 1, all: layer.handles });
    if (layer.complete) f.assign({ revealed: true });
  };
  const reveal = button(f, { label: t("sketchReveal"), primary: true, into: row, onClick: commit });
  numbers(f, layer, (i) => written(back(layerPlace(x, i, layer.handles))), row);
  const follow = async () => {
    const on = model.get("revealed");
    setDisabled(reveal, on);
    help.hidden = on;
    [error.textContent, verdict.textContent] = ["", ""];
    keep();
    if (on) layer.lock();
    else layer.unlock();
    name();
    if (!on) return hide(f, p);
    const told = measure(f, layer, runs);
    await arrive(p, "oracle", truth(runs), { kind: "simulation", label: t("theOracle") });
    if (!model.get("revealed") || f.signal.aborted) return;
    verdict.textContent = told;
    p.describe(told);
  };
  f.watch("revealed", follow);
  f.watch("sketch", (/** @type {(number | null)[]} */ values) => {
    if (same(values, layer.values)) return;
    layer.set(values);
    name();
  });
  f.addTable(() => (layer.points ? { caption: t("sketchDrawn"), columns: ["β", t("axisOracle")], rows: layer.points.filter((_, i) => i % EVERY === 0).map(([v, y]) => [written(back(v)), y]) } : []));
  restore(f, layer, name);
  if (model.get("revealed")) follow();
  return { clear: () => layer.clear() };
}

/** The points that keys move. @param {Plot} p */
const layerHandles = (p) => [...p.svg.querySelectorAll(".xp-handle")];

/** Where a handle stands. @param {{min: number, max: number}} axis @param {number} i @param {number} count */
const layerPlace = ({ min, max }, i, count) => min + ((max - min) * i) / (count - 1);

/** Marks of the β axis: the ends, the first after 0, and as many others as there is room for on a phone. @param {number[]} betas */
export function marks(betas) {
  const at = placesOf(betas);
  const all = betas.map(at);
  const gap = (all[all.length - 1] - all[0]) / 7;
  return [all[0], ...all.slice(-1), ...all.slice(1)].reduce((/** @type {number[]} */ kept, v) => (kept.every((k) => Math.abs(k - v) >= gap) ? [...kept, v] : kept), []).sort((a, b) => a - b);
}

/** @param {(number | null)[]} values @param {number[]} drawn */
const same = (values, drawn) => values.length === drawn.length && values.every((v, i) => (v === null ? Number.isNaN(drawn[i]) : v === drawn[i]));

/** A sketch of an earlier visit, unless Python gave one. @param {Frame} f @param {SketchLayer} layer @param {() => void} name */
function restore(f, layer, name) {
  const kept = recall(f.key);
  if (layer.points || !Array.isArray(kept?.sketch) || kept.sketch.length !== layer.values.length) return;
  layer.set(kept.sketch);
  if (!layer.points) return;
  f.model.set({ sketch: layer.values.map((v) => (Number.isFinite(v) ? v : null)), revealed: kept.revealed === true && layer.complete });
  f.model.save_changes();
  name();
  f.announce(t("sketchKept"));
}

/** @param {Frame} f @param {Plot} p */
function hide(f, p) {
  p.clear("oracle");
  for (const name of ["mean_gap", "max_gap", "gap_at", "own_top"]) f.setReadout(name, "");
}

/** The gap in numbers (readouts) and in words. @param {Frame} f @param {SketchLayer} layer @param {Sweep} runs */
function measure(f, layer, runs) {
  const [back, place] = [betaAt(runs), placesOf(runs.beta)];
  const [low, high] = [place(runs.beta[0]), place(runs.beta[runs.beta.length - 1])];
  // subtle: the sketch's last place may lie a rounding beyond the last run, where there is nothing to compare it with.
  const points = (layer.points ?? []).map(([v, y]) => /** @type {[number, number]} */ ([Math.min(Math.max(v, low), high), y]));
  const { mean, max, at } = deviation(points, truth(runs));
  const top = back(points.reduce((a, b) => (b[1] > a[1] ? b : a), points[0] ?? [0, 0])[0]);
  f.setReadout("mean_gap", mean);
  f.setReadout("max_gap", max);
  f.setReadout("gap_at", back(at));
  f.setReadout("own_top", top);
  return verdictOf(runs, { mean, max, x: back(at), top });
}

/** One sentence on the gap, one on the top, one on what is hacked. @param {Sweep} runs @param {{mean: number, max: number, x: number, top: number}} gap */
export function verdictOf(runs, { mean, max, x, top }) {
  const { oracle, reward } = endsOf(runs);
  const best = bestOf(oracle);
  const parts = [t("gap", { mean: fixed(mean, 2), max: fixed(max, 2), x: written(Number(x.toPrecision(2))) })];
  if (best < 0) return parts[0];
  const at = placesOf(runs.beta);
  const nearest = runs.beta.reduce((a, b) => (Math.abs(at(b) - at(top)) < Math.abs(at(a) - at(top)) ? b : a));
  const values = { own: written(Number(top.toPrecision(2))), best: written(runs.beta[best]), top: fixed(oracle[best], 2) };
  parts.push(t(nearest === runs.beta[best] ? "peakRight" : "peak", values));
  const hacked = fatesOf(runs).flatMap((fate, i) => (fate === "hacked" ? [i] : []));
  parts.push(hacked.length ? t("gapHacked", { list: hacked.map((i) => written(runs.beta[i])).join(", "), paid: fixed(Math.max(...hacked.map((i) => reward[i])), 2), fair: fixed(reward[best], 2),
    worst: fixed(Math.min(...hacked.map((i) => oracle[i])), 2) }) : t("gapFair"));
  return parts.join(" ");
}

/** The sketch as numbers to type. @param {Frame} f @param {SketchLayer} layer @param {(i: number) => string} beta  of a handle @param {HTMLElement} into */
function numbers(f, layer, beta, into) {
  /** @type {HTMLElement | null} */
  let table = null;
  const node = button(f, { label: t("sketchTable"), into, onClick: () => {
    if (table) table.hidden = !table.hidden;
    else {
      into.after((table = layer.numbers()));
      table.querySelector("thead th")?.replaceChildren("β");
      table.querySelectorAll("tbody tr").forEach((row, i) => {
        row.querySelector("th")?.replaceChildren(beta(i));
        row.querySelector("input")?.setAttribute("aria-label", t("sketchPoint", { x: t("place", { beta: beta(i) }) }));
      });
    }
    node.setAttribute("aria-expanded", String(!table.hidden));
  } });
  node.classList.add("xp-quiet");
  node.setAttribute("aria-expanded", "false");
}

// -- the run that is shown

/** Curves, reward against KL, the sentence and the answers; returns the function that draws them. @param {Frame} f */
function picture(f) {
  const [left, right] = [h("div", { class: "xp-kk-curves" }), h("div")];
  const caption = h("p", { class: "xp-caption" });
  const said = h("div", { class: "xp-kk-said" });
  f.stage.append(caption, left, right, said);
  /** @type {Sweep} */
  const runs = f.model.get("runs");
  const parts = [scorePlot(f, left, runs), lowerPlot(f, left, runs), againstPlot(f, right, runs), answers(said)];
  /** @type {State | null} */
  let current = null;
  f.addTable(() => (current ? tables(current) : []));
  const read = readouts(f);
  return (/** @type {State} */ state) => {
    current = state;
    for (const part of parts) part(state);
    const text = sentence(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    read(state);
    f.tableChanged();
  };
}

/** Limits around all values of some curves, with a little room. @param {number[]} values */
function around(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.05 * (high - low || 1);
  return { min: low - room, max: high + room };
}

/** @param {number[]} steps @param {(number | null)[]} row */
const points = (steps, row) => known(row).map((v, i) => [steps[i], v]);

/** @param {number[]} steps */
const stepAxis = (steps) => ({ label: t("iteration"), min: Math.min(0, steps[0]), max: steps[steps.length - 1] });

/** @param {Frame} f @param {HTMLElement} into @param {Sweep} runs */
function scorePlot(f, into, runs) {
  const { iterations, reward, oracle, reference } = runs;
  const p = plot(f, { x: stepAxis(iterations), y: { label: t("axisScore"), ...around([...reward.flatMap(known), ...oracle.flatMap(known)]) }, height: 230, title: t("scores"), into, table: false, legend: true });
  return (/** @type {State} */ { run, beta, revealed }) => {
    p.line("reward", points(iterations, reward[run]), { kind: "mean_field", label: t("reward") });
    p.line("oracle", revealed ? points(iterations, oracle[run]) : [], { kind: "simulation", label: t("oracle") });
    const start = reference ? reference.oracle.reduce((sum, v) => sum + v, 0) / reference.oracle.length : NaN;
    p.line("reference", revealed && reference ? [[iterations[0], start], [iterations[iterations.length - 1], start]] : [], { kind: "muted", label: t("reference") });
    p.describe(t(revealed ? "pictureAll" : "picture", { beta: written(beta) }));
  };
}

/** KL, entropy or clip fraction. @param {Frame} f @param {HTMLElement} into @param {Sweep} runs */
function lowerPlot(f, into, runs) {
  const labels = { kl: "axisKl", entropy: "axisEntropy", clip_fraction: "axisClip" };
  const p = plot(f, { x: stepAxis(runs.iterations), y: { label: t("axisKl"), min: 0, max: 1 }, height: 160, title: t("watch"), into, table: false, legend: true });
  return (/** @type {State} */ { run, beta, watch }) => {
    const others = runs[watch].flatMap((row, i) => (i === run ? [] : [...points(runs.iterations, row), [0, NaN]])); // NaN lifts the pen
    const { max } = around([0, ...runs[watch].flatMap(known)]);
    p.line("others", others, { kind: "muted", faint: true });
    p.line("shown", points(runs.iterations, runs[watch][run]), { kind: "simulation" });
    p.axes({ y: { label: t(labels[watch]), min: Math.min(0, ...runs[watch].flatMap(known)), max } });
    p.describe(t("pictureBelow", { what: t(watch), beta: written(beta) }));
  };
}

/** What a nat buys: ends of the runs, the way of one, and the most that there is. @param {Frame} f @param {HTMLElement} into @param {Sweep} runs */
function againstPlot(f, into, runs) {
  const root = (/** @type {number} */ kl) => Math.sqrt(Math.max(0, kl));
  const best = frontier(runs);
  const furthest = Math.max(1, ...runs.kl.flatMap(known), ...best.map(({ kl }) => kl));
  const ticks = ROUND.filter((v) => v <= furthest).reduce((/** @type {number[]} */ kept, v) => (root(v) - (kept.at(-1) ?? -1) >= root(furthest) / 7 ? [...kept, root(v)] : kept), []);
  const y = around([...runs.reward.flatMap(known), ...runs.oracle.flatMap(known), ...best.map(({ means }) => means[0])]);
  const p = plot(f, { x: { label: t("axisRoot"), min: 0, max: root(furthest) * 1.03, ticks, format: (v) => significant(Number((v * v).toPrecision(3)), 3) }, y: { label: t("axisScore"), ...y },
    height: 400, title: t("against"), into, table: false, legend: true });
  if (best.length) p.line("tilt", best.map(({ kl, means }) => [root(kl), means[0]]), { kind: "theory", label: t("tilt") });
  return (/** @type {State} */ { run, ends, revealed }) => {
    const at = (/** @type {"reward" | "oracle"} */ name) => ends.kl.map((kl, i) => [root(kl), ends[name][i]]).filter(([x]) => Number.isFinite(x));
    p.line("way", known(runs.reward[run]).map((r, i) => [root(known(runs.kl[run])[i]), r]), { kind: "muted", label: t("way") });
    p.points("reward", at("reward"), { kind: "mean_field", label: t("rewardEnd") });
    p.points("oracle", revealed ? at("oracle") : [], { kind: "simulation", label: t("oracleEnd") });
    if (Number.isFinite(ends.kl[run])) p.marker("now", [root(ends.kl[run]), ends.reward[run]], { kind: "mean_field", r: 7, label: t("thisRun") });
    else p.clear("now");
    p.describe(t("pictureAgainst", { kl: fixed(ends.kl[run], 2), r: fixed(ends.reward[run], 2) }));
  };
}

/** Answers of the run's last policy. @param {HTMLElement} into */
function answers(into) {
  const title = h("p", { class: "xp-help" });
  const body = h("tbody");
  const head = ["prompt", "answer", "readReward", "readOracle"].map((key) => h("th", { scope: "col" }, t(key)));
  const table = h("table", { class: "xp-kk-answers" }, h("thead", {}, h("tr", {}, ...head)), body);
  into.append(title, table);
  return (/** @type {State} */ { runs, run, beta, revealed }) => {
    title.textContent = t("samples", { beta: written(beta) });
    table.setAttribute("aria-label", title.textContent);
    into.hidden = !runs.samples.some((all) => all.length);
    body.replaceChildren(...runs.samples[run].map(({ prompt, answer, reward, oracle }) => h("tr", {}, h("td", {}, prompt), h("th", { scope: "row" }, answer),
      h("td", {}, fixed(reward, 2)), h("td", {}, revealed ? significant(oracle, 3) : t("hidden")))));
  };
}

/** What became of the run, in a few sentences. @param {State} state */
export function sentence({ runs, run, beta, ends, best, fates, revealed }) {
  const [reward, oracle] = [known(runs.reward[run]), known(runs.oracle[run])];
  const at = (/** @type {number} */ v) => fixed(v, 2);
  const top = best < 0 ? {} : { best: written(runs.beta[best]), top: at(ends.oracle[best]), fair: at(ends.reward[best]) };
  const values = { beta: written(beta), n: runs.iterations[runs.iterations.length - 1], r0: at(reward[0]), r1: at(ends.reward[run]), o0: at(oracle[0]), o1: at(ends.oracle[run]), kl: at(ends.kl[run]), ...top,
    step: runs.iterations[reward.length - 1] };
  if (fates[run] === "broke") return t("sayBroke", values);
  const most = tiltAt(runs, ends.kl[run]);
  const limit = Number.isFinite(most) ? [t("sayTilt", { most: at(most), count: runs.reference?.reward.length })] : [];
  if (!revealed) return [t("say", values), ...limit].join(" ");
  const fate = { best: "sayBest", held: "sayHeld", hacked: "sayHacked", worse: "sayWorse", broke: "sayBroke" }[fates[run]];
  return [t("sayAll", values), t(fate, values), ...limit].join(" ");
}

/** The reward of the tilt at a divergence, on straight lines between stored ones; NaN where there is none. @param {Sweep} runs @param {number} kl */
export function tiltAt(runs, kl) {
  const best = frontier(runs);
  const i = best.findIndex((one) => one.kl >= kl);
  if (i < 1) return NaN;
  const [a, b] = [best[i - 1], best[i]];
  return a.means[0] + ((b.means[0] - a.means[0]) * (kl - a.kl)) / (b.kl - a.kl || 1);
}

/** @param {State} state */
function tables({ runs, run, ends, fates, revealed }) {
  const { iterations } = runs;
  const names = /** @type {const} */ (["reward", ...(revealed ? ["oracle"] : []), "kl", "entropy", "clip_fraction"]);
  const label = { reward: t("readReward"), oracle: t("readOracle"), kl: t("axisKl"), entropy: t("axisEntropy"), clip_fraction: t("axisClip") };
  const columns = names.map((name) => label[/** @type {keyof typeof label} */ (name)]);
  const cell = (/** @type {number} */ v) => (Number.isNaN(v) ? null : v);
  const rows = known(runs.reward[run]).map((_, i) => [iterations[i], ...names.map((name) => runs[/** @type {"kl"} */ (name)][run][i])]);
  const end = runs.beta.map((beta, i) => [beta, ...names.map((name) => cell(ends[/** @type {"kl"} */ (name)][i])), ...(revealed ? [t(fates[i])] : [])]);
  return [{ caption: t("measured"), columns: ["β", ...columns, ...(revealed ? [t("thisRun")] : [])], rows: end }, { caption: t("thisRun"), columns: [t("iteration"), ...columns], rows }];
}

/** @param {Frame} f */
function readouts(f) {
  const number = (/** @type {number | string} */ v) => (typeof v === "number" ? fixed(v, 2) : v);
  const reward = readout(f, { name: "reward", label: t("readReward"), format: number, width: 5 });
  const oracle = readout(f, { name: "oracle", label: t("readOracle"), format: number, width: 5 });
  const kl = readout(f, { name: "kl", label: t("readKl"), format: number, width: 5 });
  const entropy = readout(f, { name: "entropy", label: t("readEntropy"), format: number, width: 5 });
  const clip = readout(f, { name: "clip_fraction", label: t("readClip"), format: (v) => (typeof v === "number" ? t("percent", { v: fixed(100 * v, 1) }) : v), width: 6 });
  const cell = (/** @type {number} */ v) => (Number.isNaN(v) ? "–" : v);
  return (/** @type {State} */ { runs, run, ends, best, fates, revealed }) => {
    reward(cell(ends.reward[run]));
    oracle(revealed ? cell(ends.oracle[run]) : t("hidden"));
    kl(cell(ends.kl[run]));
    entropy(cell(ends.entropy[run]));
    clip(cell(ends.clip_fraction[run]));
    f.setReadout("best", best < 0 ? "" : runs.beta[best]);
    f.setReadout("fates", fates.join(" "));
  };
}

export default { render };
