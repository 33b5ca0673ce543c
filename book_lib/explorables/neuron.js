// One neuron: two weights, a bias and an activation; its map of the plane, its rows, and where they fall on g.

import { ACTIVATIONS, HIGH, LOW, SLOPES, biasesFor, border, preActivation, right, rowsOf } from "./core/neuron.js";
import { choice, presets, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { onTheme } from "./kit/theme.js";
import { handle, smallTable } from "./parts/handle.js";
import { CLASS_KINDS, CLASS_SHAPES, heat, underlay } from "./parts/heat.js";

const GRID = 61;
const TRAITS = ["w1", "w2", "bias", "activation", "data", "guess"];
const REACHES = [4, 8, 15, 25, 40];
const ARROW = 0.08; // of the plane, for a weight of 1
const MIDDLE = (LOW + HIGH) / 2;
const SOUGHT = { and: [1, 1, -1.5], or: [1, 1, -0.5], house: [4, 4, -6.5] };

const t = strings({
  en: {
    name: "One neuron", plane: "What the neuron makes of the plane", curve: "The activation, and where the rows fall on it",
    w1: "Weight of x₁", w2: "Weight of x₂", bias: "Bias", w1Words: "weight of x₁: {v}", w2Words: "weight of x₂: {v}", biasWords: "bias {v}",
    activation: "Activation", step: "Step", sigmoid: "Sigmoid", tanh: "tanh", relu: "ReLU", identity: "None",
    data: "It should fire for", and: "AND", or: "OR", xor: "XOR", house: "Large AND near",
    guess: "Foretell: of XOR's four rows, one neuron gets right at most", guessed: "You foretold {guess} of XOR's four rows.",
    guessRight: "That is the most there is: (0, 0) and (1, 1) lie on one side of any line together with (0, 1) or (1, 0).", guessWrong: "The most is 3: turn the knobs on XOR and see. Two neurons and a third on top of them manage all four.",
    solve: "Weights that do it", solve_and: "Solve AND", solve_or: "Solve OR", solve_house: "Solve large AND near", pull: "Arrow of the weights", pullWords: "weights {a}, {b}",
    border: "z = 0", g: "g(z)", slope: "g′(z)", no: "should be silent", yes: "should fire", axisZ: "pre-activation z", axisH: "h",
    rows: "Rows", colX: "x", colZ: "z", colH: "h", colT: "wanted", colRight: "right",
    readRight: "Right", readWidth: "Soft step, 1/|w|", rowName: "({a}, {b})", houseName: "house {i}",
    said: "z = {z}; {right} of {all} rows are right.", saidAll: "z = {z}: all {all} rows are right.",
    saidXor: "No line has (0, 1) and (1, 0) on one side and (0, 0) and (1, 1) on the other.",
    saidTry: "Turn the weights and the bias until all four are right.",
    saidXorAsk: "How many can it get right at most? Foretell, then turn the knobs.",
    saidAnd: "AND asks to be silent for one input alone and to fire for both: with these weights the bias must be above −(w₁ + w₂) = {low}, and at most {high}, the least of 0, −w₁ and −w₂.",
    saidOr: "OR asks to be silent for none and to fire for one: with these weights the bias must be above {low}, which is minus the smaller weight, and at most 0.",
    saidNoBias: "With these weights no bias will do: both must be positive.",
    saidHouse: "x₁ is the area in units of 200 m², x₂ the nearness, 1 − distance/25 km. Only house 5 is both large and near.",
    saidNone: "Both weights are 0: the inputs do not matter.", saidLoud: "The side of the line is decided by z alone; g says how loudly.",
  },
  zh: {
    name: "一个神经元", plane: "神经元对平面的划分", curve: "激活函数，以及各行落在其上的位置",
    w1: "x₁ 的权重", w2: "x₂ 的权重", bias: "偏置", w1Words: "x₁ 的权重：{v}", w2Words: "x₂ 的权重：{v}", biasWords: "偏置 {v}",
    activation: "激活函数", step: "阶跃", sigmoid: "Sigmoid", tanh: "tanh", relu: "ReLU", identity: "无",
    data: "应当在何时激活", and: "与", or: "或", xor: "异或", house: "大且近",
    guess: "先预测：异或的四行中，一个神经元最多答对", guessed: "你预测异或的四行中答对 {guess} 行。",
    guessRight: "这就是最多的：任何一条直线都会把 (0, 0)、(1, 1) 与 (0, 1) 或 (1, 0) 留在同侧。", guessWrong: "最多为 3：在异或上转动旋钮试试。两个神经元再加上面的第三个就能全部答对。",
    solve: "可行的权重", solve_and: "解“与”", solve_or: "解“或”", solve_house: "解“大且近”", pull: "权重的箭头", pullWords: "权重 {a}, {b}",
    border: "z = 0", g: "g(z)", slope: "g′(z)", no: "应当沉默", yes: "应当激活", axisZ: "激活前的值 z", axisH: "h",
    rows: "各行", colX: "x", colZ: "z", colH: "h", colT: "目标", colRight: "正确",
    readRight: "正确", readWidth: "软阶跃宽度 1/|w|", rowName: "({a}, {b})", houseName: "房子 {i}",
    said: "z = {z}；{all} 行中 {right} 行正确。", saidAll: "z = {z}：{all} 行全部正确。",
    saidXor: "没有一条直线能把 (0, 1)、(1, 0) 与 (0, 0)、(1, 1) 分在两侧。",
    saidTry: "转动权重与偏置，直到四行全部正确。",
    saidXorAsk: "最多能答对几行？先预测，再转动旋钮。",
    saidAnd: "“与”要求单独一个输入时沉默、两个输入时激活：在这些权重下，偏置必须大于 −(w₁ + w₂) = {low}，且不超过 {high}，即 0、−w₁、−w₂ 中最小的。",
    saidOr: "“或”要求没有输入时沉默、有一个输入就激活：在这些权重下，偏置必须大于 {low}，即较小权重的相反数，且不超过 0。",
    saidNoBias: "在这些权重下没有偏置可行：两个权重都必须为正。",
    saidHouse: "x₁ 为面积（以 200 m² 为单位），x₂ 为接近程度，1 − 距离/25 km。只有 5 号房既大又近。",
    saidNone: "两个权重都为 0：输入不起作用。", saidLoud: "在直线的哪一侧只由 z 决定；g 决定声音有多大。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {{w1: number, w2: number, bias: number, activation: string, data: string, guess: number}} State */

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "neuron", label: t("name") });
  controls(f);
  const state = () => /** @type {State} */ (/** @type {any} */ (Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]))));
  f.stage.classList.add("xp-pairs");
  const [left, beside] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(left, beside, caption);
  const [drawPlane, drawCurve] = [planePlot(f, left), curvePlot(f, beside)];
  const drawRows = rowTable(f);
  const show = readout(f, { name: "right", label: t("readRight"), format: String, width: 3 });
  const showWidth = readout(f, { name: "width", label: t("readWidth"), format: (v) => (v === Infinity ? "∞" : significant(v, 3)), width: 6 });
  let tried = ""; // for which data the knobs were turned: before, the page does not tell what the reader is asked
  const draw = () => {
    const now = state();
    const rows = rowsOf(now.data);
    const text = sentence(now, tried === now.data);
    drawPlane(now, rows, text);
    drawCurve(now, rows, text);
    drawRows(now, rows);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(right(now, rows));
    showWidth(1 / Math.hypot(now.w1, now.w2));
    rows.forEach(({ x }, i) => {
      f.setReadout(`z${i + 1}`, preActivation(now, x));
      f.setReadout(`h${i + 1}`, ACTIVATIONS[now.activation](preActivation(now, x)));
    });
  };
  for (const name of ["w1", "w2", "bias"]) f.watch(name, () => (tried = model.get("data")));
  for (const name of TRAITS) f.watch(name, draw);
  onTheme(f, draw);
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const options = (/** @type {string[]} */ values) => values.map((value) => ({ value, label: t(value) }));
  choice(f, { trait: "guess", label: t("guess"), options: [2, 3, 4].map((value) => ({ value, label: String(value) })) });
  choice(f, { trait: "data", label: t("data"), options: options(["and", "or", "xor", "house"]) });
  for (const [trait, symbol] of [["w1", "w₁"], ["w2", "w₂"], ["bias", "c"]]) {
    const most = trait === "bias" ? 20 : 10;
    slider(f, { trait, label: t(trait), symbol, min: -most, max: most, step: 0.1, exact: false, words: (v) => t(`${trait}Words`, { v: fixed(v, 1) }) });
  }
  choice(f, { trait: "activation", label: t("activation"), options: options(["step", "sigmoid", "tanh", "relu", "identity"]) });
  presets(f, Object.entries(SOUGHT).map(([data, [w1, w2, bias]]) => ({ label: t(`solve_${data}`), set: { data, w1, w2, bias } })), { label: t("solve") });
}

/** @param {number} v */
const inRange = (v) => Number(Math.min(10, Math.max(-10, v)).toFixed(1));

/** @param {Frame} f @param {HTMLElement} into */
function planePlot(f, into) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const box = h("div", { class: "xp-heat" }, canvas);
  into.append(box);
  const axis = { min: LOW, max: HIGH, ticks: [0, 0.5, 1] };
  const p = plot(f, { into: box, title: t("plane"), height: 320, table: false, legend: true, x: { label: "x₁", ...axis }, y: { label: "x₂", ...axis } });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  underlay(p, canvas, GRID);
  const paint = heat(f);
  const layer = p.layer("rows", { keep: true });
  const marks = CLASS_KINDS.map((kind) => s("path", { class: `xp-mlp-points xp-${kind}` }));
  const shaft = s("path", { class: "xp-nn-arrow" });
  layer.append(...marks, shaft);
  const at = (/** @type {number} */ w) => MIDDLE + ARROW * w;
  const go = (/** @type {number} */ w1, /** @type {number} */ w2) => f.assign({ w1: inRange(w1), w2: inRange(w2) });
  const grip = handle(f, p.svg, p.layer("pull", { clip: false, keep: true }), {
    label: t("pull"),
    onMove: (x, y) => go((p.scale.invX(x) - MIDDLE) / ARROW, (p.scale.invY(y) - MIDDLE) / ARROW),
    onKey: (across, up) => go(f.model.get("w1") + 0.1 * across, f.model.get("w2") + 0.1 * up),
  });
  /** @type {[State, import("./core/neuron.js").Rows] | null} */
  let shown = null;
  const put = () => {
    if (!shown) return;
    const [{ w1, w2 }, rows] = shown;
    const paths = ["", ""];
    for (const { x, t: label } of rows) paths[label] += CLASS_SHAPES[label](p.scale.x(x[0]), p.scale.y(x[1]), 6);
    marks.forEach((mark, k) => mark.setAttribute("d", paths[k]));
    shaft.setAttribute("d", `M${p.scale.x(MIDDLE)} ${p.scale.y(MIDDLE)}L${p.scale.x(at(w1))} ${p.scale.y(at(w2))}`);
    grip.place(p.scale.x(at(w1)), p.scale.y(at(w2)));
    grip.say(w1, t("pullWords", { a: fixed(w1, 1), b: fixed(w2, 1) }), [-10, 10]);
  };
  p.onLayout(put);
  return (/** @type {State} */ now, /** @type {import("./core/neuron.js").Rows} */ rows, /** @type {string} */ text) => {
    shown = [now, rows];
    const g = ACTIVATIONS[now.activation];
    const place = (/** @type {number} */ i) => [LOW + ((HIGH - LOW) * (i % GRID)) / (GRID - 1), HIGH - ((HIGH - LOW) * Math.floor(i / GRID)) / (GRID - 1)];
    const most = Math.max(1e-9, ...[[LOW, LOW], [LOW, HIGH], [HIGH, LOW], [HIGH, HIGH]].map((x) => Math.abs(g(preActivation(now, x)))));
    paint(canvas, GRID, (i) => {
      const value = g(preActivation(now, place(i)));
      return now.activation === "tanh" ? value : now.activation === "step" || now.activation === "sigmoid" ? 2 * value - 1 : value / most;
    });
    p.line("border", border([now.w1, now.w2, now.bias], [LOW, HIGH, LOW, HIGH]), { kind: "theory", label: t("border") });
    put();
    p.describe(text);
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function curvePlot(f, into) {
  const p = plot(f, { into, title: t("curve"), height: 320, legend: true, x: { label: t("axisZ"), min: -4, max: 4 }, y: { label: t("axisH"), min: -0.1, max: 1.1 } });
  return (/** @type {State} */ now, /** @type {import("./core/neuron.js").Rows} */ rows, /** @type {string} */ text) => {
    const zs = rows.map(({ x }) => preActivation(now, x));
    const reach = REACHES.find((v) => v >= Math.max(...zs.map(Math.abs))) ?? 60;
    const [low, high] = { step: [-0.1, 1.1], sigmoid: [-0.1, 1.1], tanh: [-1.1, 1.1], relu: [-0.1 * reach, reach], identity: [-reach, reach] }[now.activation] ?? [0, 1];
    if (p.x.max !== reach || p.y.max !== high || p.y.min !== low) p.axes({ x: { min: -reach, max: reach }, y: { min: low, max: high } });
    const grid = Array.from({ length: 241 }, (_, i) => -reach + (reach * i) / 120);
    p.line("g", grid.map((z) => [z, ACTIVATIONS[now.activation](z)]), { kind: "theory", label: t("g") });
    p.line("slope", grid.map((z) => [z, SLOPES[now.activation](z)]), { kind: "muted", label: t("slope") });
    ["no", "yes"].forEach((key, k) => p.points(key, rows.map(({ t: label }, i) => (label === k ? [zs[i], ACTIVATIONS[now.activation](zs[i])] : [NaN, NaN])), { kind: CLASS_KINDS[k], r: 5, label: t(key) }));
    p.describe(text);
  };
}

/** The rows as a table that is always seen; the houses have one more. @param {Frame} f */
function rowTable(f) {
  const columns = [t("colX"), t("colZ"), t("colH"), t("colT"), t("colRight")];
  /** @type {Map<string, ReturnType<typeof smallTable>>} */
  const tables = new Map();
  const holder = h("div", { class: "xp-wide" });
  f.stage.append(holder);
  return (/** @type {State} */ now, /** @type {import("./core/neuron.js").Rows} */ rows) => {
    const key = now.data === "house" ? "house" : "corners";
    const names = rows.map(({ x }, i) => (key === "house" ? t("houseName", { i: i + 1 }) : t("rowName", { a: x[0], b: x[1] })));
    const table = tables.get(key) ?? smallTable(t("rows"), columns, names);
    tables.set(key, table);
    if (holder.firstChild !== table.node) holder.replaceChildren(table.node);
    table.fill(rows.map(({ x, t: label }) => {
      const z = preActivation(now, x);
      return [fixed(z, 2), fixed(ACTIVATIONS[now.activation](z), 3), String(label), Number(z > 0) === label ? "✓" : "✗"];
    }));
  };
}

/** Which biases would do. @param {State} now */
function biasWords({ data, w1, w2 }) {
  const { low, high } = biasesFor(data, w1, w2);
  if (low >= high) return t("saidNoBias");
  return t(data === "and" ? "saidAnd" : "saidOr", { low: significant(low, 3), high: significant(high, 3) });
}

/** @param {State} now @param {boolean} tried  whether the knobs were turned for these rows */
function sentence(now, tried) {
  const rows = rowsOf(now.data);
  const n = right(now, rows);
  const plus = (/** @type {number} */ v, /** @type {string} */ name) => `${v < 0 ? "−" : "+"} ${significant(Math.abs(v), 3)}${name}`;
  const values = { z: `${significant(now.w1, 3)} x₁ ${plus(now.w2, " x₂")} ${plus(now.bias, "")}`, right: n, all: rows.length, guess: now.guess };
  const parts = [t(n === rows.length ? "saidAll" : "said", values)];
  if (now.w1 === 0 && now.w2 === 0) parts.push(t("saidNone"));
  else if (now.data === "house") parts.push(t("saidHouse"));
  else if (now.data === "xor") parts.push(t(tried || now.guess ? "saidXor" : "saidXorAsk"));
  else if (n === rows.length) parts.push(t("saidLoud"));
  else parts.push(tried ? biasWords(now) : t("saidTry"));
  if (now.guess > 0) parts.push(t("guessed", values), t(now.guess === 3 ? "guessRight" : "guessWrong"));
  return parts.join(" ");
}

export default { render };
