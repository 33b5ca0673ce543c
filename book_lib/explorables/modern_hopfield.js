// The modern Hopfield network in the plane: patterns and a state to drag, softmax weights as bars, and β = 1/T.

import { zeroLine } from "./core/contour.js";
import { Descent, energy, update, verdict, weights } from "./core/modern.js";
import { bars } from "./kit/bars.js";
import { clock } from "./kit/clock.js";
import { button, choice, presets, slider } from "./kit/controls.js";
import { h, s, setDisabled } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { onTheme, reducedMotion } from "./kit/theme.js";
import { handle, takeNearest } from "./parts/handle.js";
import { heat, underlay } from "./parts/heat.js";

const EDGE = 1.5; // the plane reaches from −1.5 to 1.5
const MOST = 8; // patterns
const LONGEST = 500; // updates
const [HOTTEST, COLDEST] = [0.1, 100]; // β
const NODES = 33; // along a side of the map
const LEVELS = 7; // lines of equal energy
const BETAS = Array.from({ length: 46 }, (_, k) => 10 ** (k / 15 - 1)); // of the curve
const ENOUGH = 1e-4; // a step so short is none, for the curve

const t = strings({
  en: {
    name: "The modern Hopfield network, which is attention", plane: "Patterns, the state, and the energy landscape", curve: "Largest weight at rest, by β", axisBeta: "β = 1/T", axisWeight: "largest weight", axisX: "x₁", axisY: "x₂",
    predict: "First foretell: where will the state end?", one: "at a pattern", mean: "near the mean", between: "in between",
    beta: "Inverse temperature β = 1/T", betaWords: "β = {v}, that is T = {T}", chosen: "Patterns", more: "Add a pattern", fewer: "Take one away",
    sceneCorners: "Four apart", scenePair: "Two close, one far", sceneLong: "One that is longer",
    point: "Pattern {i}", at: "at {x}, {y}", state: "The state ξ", weights: "Attention weights, softmax(βXξ)", patterns: "patterns", way: "way of ξ", next: "the next ξ", even: "equal shares", largest: "largest weight at rest", now: "now", levels: "equal energy",
    help: "Drag the round state or a square pattern, or move it by arrow keys. The more colour, the lower. The diamond marks where the next update leads. How it ends at every other β is drawn once it has come to rest.",
    readBeta: "β", readT: "T", readUpdates: "Updates", readEnergy: "E", readLargest: "Largest weight", readX: "ξ₁", readY: "ξ₂", table: "The way of the state", colUpdate: "update",
    sayStart: "ξ = ({x}, {y}) asks, and the patterns answer with the weights {shares}: an update moves it to their average with these weights, ({u}, {v}).",
    sayStep: "Update {n}: ξ = ({x}, {y}), E = {energy}, the largest weight is {largest}.",
    sayRest: "At rest at ({x}, {y}) with update {n}: E fell from {first} to {energy}.",
    isOne: "Cold: pattern {k} has the weight {largest}, and the state is all but this pattern. It is recalled.", isMean: "Hot: all weights are near 1/{count}, and the state is near the mean of all patterns. Nothing is recalled.", isBetween: "In between: the state rests at a mixture in which pattern {k} has the weight {largest}.",
    sayCreeps: "Still not at rest: between recall and mean the landscape is all but flat, and the state creeps.",
    sayAttention: "An update is attention: the query ξ, the patterns as keys and as values, β in place of 1/√d.",
    foretold: "You foretold: {what}.", foretoldRight: "You foretold: {what}. Right.", foretoldWrong: "You foretold: {what}. It was otherwise.", foretoldLate: "You say so when it is known. Reset, or move the state, and foretell first.",
  },
  zh: {
    name: "现代 Hopfield 网络就是注意力", plane: "模式、状态与能量地形", curve: "静止时的最大权重随 β 的变化", axisBeta: "β = 1/T", axisWeight: "最大权重", axisX: "x₁", axisY: "x₂",
    predict: "先预测：状态会停在哪里？", one: "停在一个模式", mean: "在平均值附近", between: "介于其间",
    beta: "逆温度 β = 1/T", betaWords: "β = {v}，即 T = {T}", chosen: "模式", more: "增加一个模式", fewer: "去掉一个",
    sceneCorners: "四个分开", scenePair: "两近一远", sceneLong: "一个更长",
    point: "模式 {i}", at: "位于 {x}, {y}", state: "状态 ξ", weights: "注意力权重 softmax(βXξ)", patterns: "模式", way: "ξ 的路径", next: "下一个 ξ", even: "平均分配", largest: "静止时的最大权重", now: "现在", levels: "等能量线",
    help: "拖动圆形的状态或方形的模式，或用方向键移动。颜色越浓能量越低。菱形标出下一次更新的去处。静止之后会画出其他 β 时的结局。",
    readBeta: "β", readT: "T", readUpdates: "更新次数", readEnergy: "E", readLargest: "最大权重", readX: "ξ₁", readY: "ξ₂", table: "状态的路径", colUpdate: "更新",
    sayStart: "ξ = ({x}, {y}) 提问，各模式以权重 {shares} 回答：一次更新把它移到以此加权的平均 ({u}, {v})。",
    sayStep: "第 {n} 次更新：ξ = ({x}, {y})，E = {energy}，最大权重为 {largest}。",
    sayRest: "第 {n} 次更新后静止在 ({x}, {y})：E 从 {first} 降到 {energy}。",
    isOne: "冷：模式 {k} 的权重为 {largest}，状态几乎就是这个模式。它被回忆出来了。", isMean: "热：所有权重都接近 1/{count}，状态接近所有模式的平均值。什么也没有回忆出来。", isBetween: "介于其间：状态静止在一个混合处，其中模式 {k} 的权重为 {largest}。",
    sayCreeps: "仍未静止：在回忆与平均之间地形几乎是平的，状态只能爬行。",
    sayAttention: "一次更新就是注意力：查询为 ξ，模式既作键又作值，β 取代 1/√d。",
    foretold: "你的预测：{what}。", foretoldRight: "你的预测：{what}。正确。", foretoldWrong: "你的预测：{what}。结果并非如此。", foretoldLate: "结果已知之后才预测不算。请重置或移动状态，然后先预测。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */
/** @typedef {{patterns: number[][], beta: number, descent: Descent, late: boolean}} Lab */

const SCENES = {
  sceneCorners: { patterns: [1, 0.4, -0.2, 1.1, -1, -0.5, 0.5, -1], state: [0.5, 0.6], beta: 4 },
  scenePair: { patterns: [1, 0.5, 0.7, 0.9, -1, -0.6], state: [0.6, 0.3], beta: 4 },
  sceneLong: { patterns: [1.4, 0.2, 0.4, 0.6, -0.7, -0.7], state: [0.4, 0.5], beta: 10 },
};

/** @param {ArrayLike<number>} flat @returns {number[][]} */
const pairs = (flat) => Array.from({ length: flat.length / 2 }, (_, k) => [flat[2 * k], flat[2 * k + 1]]);

/** @param {(name: string) => any} get @param {number} steps @returns {Lab} */
export function labOf(get, steps) {
  const [patterns, beta] = [pairs(get("patterns")), get("beta")];
  const descent = new Descent(patterns, get("state"), beta);
  descent.step(steps, LONGEST);
  return { patterns, beta, descent, late: false };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "modern_hopfield", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  const count = controls(f);
  let lab = labOf(get, model.get("steps"));
  const draw = picture(f, () => lab, count);
  const time = clock(f, {
    step: (n) => lab.descent.step(n, LONGEST),
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 1 : 1 / 15), // four updates a second
    done: () => lab.descent.rest || lab.descent.updates >= LONGEST,
    onReset: () => void (lab = labOf(get, 0)),
  });
  for (const name of ["patterns", "state", "beta"]) {
    f.watch(name, () => {
      if (lab.descent.updates && model.get("predict")) f.assign({ predict: "" }); // it was about another way
      time.reset();
    });
  }
  f.watch("steps", (steps) => {
    time.pause();
    lab = labOf(get, steps);
    draw();
    f.publish();
  });
  f.watch("predict", () => {
    lab.late = lab.descent.rest;
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  choice(f, { trait: "predict", label: t("predict"), options: ["one", "mean", "between"].map((value) => ({ value, label: t(value) })) });
  const knob = slider(f, { trait: "beta", label: t("beta"), min: HOTTEST, max: COLDEST, scale: "log", temperature: { neutral: 1 },
    words: (v) => t("betaWords", { v: significant(v, 3), T: significant(1 / v, 3) }) });
  knob.input.classList.add("xp-mh-beta"); // cold is where β is large: to the right
  presets(f, Object.entries(SCENES).map(([key, set]) => ({ label: t(key), set })));
  const inside = (/** @type {number} */ v) => Math.abs(v) <= EDGE;
  f.share("patterns", (all) => all.length % 2 === 0 && all.length >= 4 && all.length <= 2 * MOST && all.every(inside));
  f.share("state", (all) => all.length === 2 && all.every(inside));
  const row = h("div", { class: "xp-field xp-presets", role: "group", "aria-label": t("chosen") });
  const flat = () => /** @type {number[]} */ (f.model.get("patterns"));
  const more = button(f, { label: t("more"), into: row, onClick: () => f.assign({ patterns: [...flat(), ...elsewhere(pairs(flat()))] }) });
  const fewer = button(f, { label: t("fewer"), into: row, onClick: () => f.assign({ patterns: flat().slice(0, -2) }) });
  f.controls.append(row);
  return (/** @type {number} */ n) => {
    setDisabled(more, n >= MOST);
    setDisabled(fewer, n <= 2);
  };
}

/** A place for a new pattern, at some distance from those there are. @param {number[][]} patterns */
function elsewhere(patterns) {
  const places = Array.from({ length: 40 }, (_, k) => [1.1 * Math.cos(2.4 * k + 0.8), 1.1 * Math.sin(2.4 * k + 0.8)].map((v) => Number(v.toFixed(2))));
  return places.find(([x, y]) => patterns.every((one) => Math.hypot(one[0] - x, one[1] - y) > 0.4)) ?? places[0];
}

/** @param {number} v */
const keep = (v) => Number(Math.min(EDGE, Math.max(-EDGE, v)).toFixed(2));

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {() => Lab} lab @param {(n: number) => void} count */
function picture(f, lab, count) {
  f.stage.classList.add("xp-pairs", "xp-mh");
  const [left, right] = [h("div", { class: "xp-heat" }), h("div")];
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(left, right, h("p", { class: "xp-help xp-wide" }, t("help")), caption);
  const drawPlane = plane(f, left);
  right.append(h("p", { class: "xp-label" }, t("weights")));
  const drawBars = bars(f, { title: t("weights"), into: right, columns: [t("chosen"), "p"], format: (v) => fixed(v, 3) });
  const drawCurve = weightCurve(f, right);
  const show = readouts(f);
  f.addTable(() => ({ caption: t("table"), columns: [t("colUpdate"), "ξ₁", "ξ₂", "E"],
    rows: lab().descent.path.map((one, k) => [k, ...one, energy(lab().patterns, one, lab().beta)]) }));
  const draw = () => {
    const now = lab();
    const text = sentence(now, f.model.get("predict"));
    drawPlane(now, text);
    drawBars(Array.from(weights(now.patterns, now.descent.state, now.beta), (value, k) => ({ label: t("point", { i: k + 1 }), value })));
    drawCurve(now, text);
    count(now.patterns.length);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now);
  };
  onTheme(f, draw);
  return draw;
}

/** The landscape, the patterns, the state and its way. @param {Frame} f @param {HTMLElement} into */
function plane(f, into) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  into.append(canvas);
  const ticks = [-1.5, -1, -0.5, 0, 0.5, 1, 1.5];
  const p = plot(f, { into, title: t("plane"), height: 330, legend: true, table: false, x: { label: t("axisX"), min: -EDGE, max: EDGE, ticks }, y: { label: t("axisY"), min: -EDGE, max: EDGE, ticks } });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  underlay(p, canvas, NODES);
  const landscape = map(f, p, canvas);
  const next = s("path", { d: "M0-7L7 0L0 7L-7 0Z", class: "xp-mh-next" });
  p.layer("next", { keep: true }).append(next);
  const place = grips(f, p);
  /** @type {Lab | null} */
  let shown = null;
  const put = () => {
    if (!shown) return;
    const [x, y] = update(shown.patterns, shown.descent.state, shown.beta);
    next.setAttribute("transform", `translate(${p.scale.x(x).toFixed(1)} ${p.scale.y(y).toFixed(1)})`);
    place(shown);
  };
  p.onLayout(put);
  return (/** @type {Lab} */ lab, /** @type {string} */ text) => {
    shown = lab;
    landscape(lab);
    p.line("way", lab.descent.path, { kind: "simulation", label: t("way") });
    put();
    p.describe(text);
  };
}

/** Energy as shades and lines, worked out where it has changed. @param {Frame} f @param {Plot} p @param {HTMLCanvasElement} canvas */
function map(f, p, canvas) {
  const paint = heat(f);
  let drawn = "";
  let values = new Float64Array(NODES * NODES);
  return (/** @type {Lab} */ { patterns, beta }) => {
    const key = `${patterns} ${beta}`;
    const changed = key !== drawn;
    drawn = key;
    if (changed) {
      values = Float64Array.from(values, (_, k) => {
        const [i, j] = [Math.floor(k / NODES), k % NODES];
        return energy(patterns, [-EDGE + (2 * EDGE * j) / (NODES - 1), EDGE - (2 * EDGE * i) / (NODES - 1)], beta);
      });
    }
    const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    paint(canvas, NODES, (i) => (1 - (values[i] - low) / (high - low)) ** 3);
    if (!changed) return;
    const lines = Array.from({ length: LEVELS }, (_, k) => zeroLine(values.map((v) => v - low - (high - low) * ((k + 1) / (LEVELS + 0.5)) ** 2), NODES, -EDGE, EDGE));
    p.line("levels", lines.flat(), { kind: "theory", faint: true, label: t("levels") });
  };
}

/** Squares for patterns, a circle for the state. @param {Frame} f @param {Plot} p */
function grips(f, p) {
  const layer = p.layer("grips", { clip: false, keep: true });
  const flat = () => /** @type {number[]} */ (f.model.get("patterns"));
  const move = (/** @type {number} */ i, /** @type {number} */ x, /** @type {number} */ y) => {
    const all = [...flat()];
    [all[2 * i], all[2 * i + 1]] = [keep(x), keep(y)];
    f.assign({ patterns: all });
  };
  const patterns = Array.from({ length: MOST }, (_, i) => {
    const grip = handle(f, p.svg, layer, {
      label: t("point", { i: i + 1 }), shape: "xp-bd-point",
      onMove: (x, y) => move(i, p.scale.invX(x), p.scale.invY(y)),
      onKey: (across, up) => move(i, flat()[2 * i] + 0.05 * across, flat()[2 * i + 1] + 0.05 * up),
    });
    grip.node.append(s("path", { class: "xp-bd-mark xp-mean_field", d: "M-6-6h12v12h-12z" }), s("text", { class: "xp-mh-number", x: 9, y: -8, "aria-hidden": "true" }, String(i + 1)));
    return grip;
  });
  let at = [0, 0];
  const set = (/** @type {number} */ x, /** @type {number} */ y) => f.assign({ state: [keep(x), keep(y)] });
  const state = handle(f, p.svg, layer, {
    label: t("state"), shape: "xp-mh-state",
    onMove: (x, y) => set(p.scale.invX(x), p.scale.invY(y)),
    onKey: (across, up) => set(at[0] + 0.05 * across, at[1] + 0.05 * up),
  });
  takeNearest(f, p.svg, layer, [...patterns, state]);
  return (/** @type {Lab} */ lab) => {
    at = lab.descent.state;
    patterns.forEach((grip, i) => {
      const one = lab.patterns[i];
      grip.node.style.display = one ? "" : "none";
      grip.node.setAttribute("tabindex", one ? "0" : "-1");
      if (!one) return;
      grip.place(p.scale.x(one[0]), p.scale.y(one[1]));
      grip.say(one[0], t("at", { x: fixed(one[0], 2), y: fixed(one[1], 2) }), [-EDGE, EDGE]);
    });
    state.place(p.scale.x(at[0]), p.scale.y(at[1]));
    state.say(at[0], t("at", { x: fixed(at[0], 2), y: fixed(at[1], 2) }), [-EDGE, EDGE]);
  };
}

/** How much of one pattern is recalled from this start, at every β; after the first end, as the reader foretells first. @param {Frame} f @param {HTMLElement} into */
function weightCurve(f, into) {
  const p = plot(f, { into, title: t("curve"), height: 190, legend: true, x: { label: t("axisBeta"), min: -1, max: 2, ticks: [-1, 0, 1, 2], format: (v) => significant(10 ** v, 1) }, y: { label: t("axisWeight"), min: 0, max: 1, ticks: [0, 0.5, 1] } });
  let drawn = ""; // for which start, and whether with its curve
  let open = "";
  return (/** @type {Lab} */ { patterns, beta, descent }, /** @type {string} */ text) => {
    const start = `${patterns} ${descent.path[0]}`;
    if (descent.rest || descent.updates >= LONGEST) open = start;
    const key = `${start} ${open === start}`;
    if (key !== drawn) {
      drawn = key;
      p.line("largest", open === start ? BETAS.map((b) => [Math.log10(b), largestAtRest(patterns, descent.path[0], b)]) : [], { kind: "theory", label: t("largest") });
      p.line("even", [[-1, 1 / patterns.length], [2, 1 / patterns.length]], { kind: "muted", label: t("even") });
    }
    p.marker("now", [Math.log10(beta), Math.max(...weights(patterns, descent.state, beta))], { kind: "reader", label: t("now") });
    p.describe(text);
  };
}

/** The largest weight where the state all but rests. @param {number[][]} patterns @param {number[]} start @param {number} beta */
function largestAtRest(patterns, start, beta) {
  let state = start;
  for (let k = 0; k < 150; k++) {
    const next = update(patterns, state, beta);
    const way = Math.hypot(next[0] - state[0], next[1] - state[1]);
    state = next;
    if (way < ENOUGH) break;
  }
  return Math.max(...weights(patterns, state, beta));
}

// ---------------------------------------------------------------------------------------------------------- words

/** @param {Lab} lab @param {string} predict */
export function sentence({ patterns, beta, descent, late }, predict) {
  const [x, y] = descent.state.map((v) => fixed(v, 2));
  const p = Array.from(weights(patterns, descent.state, beta));
  const largest = Math.max(...p);
  const at = (/** @type {number[]} */ state) => fixed(energy(patterns, state, beta), 3);
  const values = { x, y, n: descent.updates, energy: at(descent.state), first: at(descent.path[0]), largest: fixed(largest, 3), k: p.indexOf(largest) + 1, count: patterns.length };
  const parts = [];
  if (!descent.updates) {
    const [u, v] = update(patterns, descent.state, beta).map((one) => fixed(one, 2));
    parts.push(t("sayStart", { ...values, shares: p.map((one) => fixed(one, 2)).join(", "), u, v }), t("sayAttention"));
  } else if (!descent.rest) parts.push(t("sayStep", values), descent.updates >= LONGEST ? t("sayCreeps") : "");
  else parts.push(t("sayRest", values), t({ one: "isOne", mean: "isMean", between: "isBetween" }[verdict(p)] ?? "", values));
  if (predict) {
    const key = late ? "foretoldLate" : !descent.rest ? "foretold" : verdict(p) === predict ? "foretoldRight" : "foretoldWrong";
    parts.push(t(key, { what: t(predict) }));
  }
  return parts.filter(Boolean).join(" ");
}

/** @param {Frame} f */
function readouts(f) {
  const make = (/** @type {string} */ name, /** @type {string} */ label, /** @type {(v: number) => string} */ format, width = 6) => readout(f, { name, label: t(label), format, width });
  const beta = make("beta", "readBeta", (v) => significant(v, 3), 5);
  const T = make("temperature", "readT", (v) => significant(v, 3), 5);
  const updates = make("updates", "readUpdates", String, 3);
  const e = make("energy", "readEnergy", (v) => fixed(v, 3), 7);
  const largest = make("largest", "readLargest", (v) => fixed(v, 3), 5);
  const [x, y] = [make("x", "readX", (v) => fixed(v, 3)), make("y", "readY", (v) => fixed(v, 3))];
  return (/** @type {Lab} */ lab) => {
    const { patterns, descent } = lab;
    const p = Array.from(weights(patterns, descent.state, lab.beta));
    beta(lab.beta);
    T(1 / lab.beta);
    updates(descent.updates);
    e(energy(patterns, descent.state, lab.beta));
    largest(Math.max(...p));
    x(descent.state[0]);
    y(descent.state[1]);
    for (let k = 0; k < MOST; k++) f.setReadout(`p${k + 1}`, p[k] ?? "");
    f.setReadout("rest", descent.rest ? 1 : 0);
    f.setReadout("outcome", descent.rest ? verdict(p) : "");
  };
}

export default { render };
