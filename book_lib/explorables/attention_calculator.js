// Attention as a calculator: scores to edit, a scale, a mask and a temperature; softmax rows, and the values they blend.

import { attend, drawnVectors, rowsOf, scoresOf, spread } from "./core/attention.js";
import { button, choice, numberBox, presets, seedBox, slider, toggle } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { attentionWords } from "./parts/attention_words.js";
import { bet } from "./parts/bet.js";
import { handle, takeNearest } from "./parts/handle.js";
import { strings } from "./kit/strings.js";

export const MOST = 5; // tokens
const LEAST = 3;
const EDGE = 2; // the plane of values
const HIGHEST = 50; // score
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]; // of d
const SLIP = [4.1, -1, 0.1, 0, 0, 0, 0, 2.2, 0, 0, 0, 1.2, -4.1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]; // 5 × 5; its dots are 0
const PRINTED = [".9, .1, .2", "., ., .8", "., .9, .3"]; // what a slide gave as the softmax of these rows
const QUERIES = [2, 0, 0, 2, -1.5, 1, 1, 1, 0.5, -1.5]; // 5 × 2
const KEYS = [1.5, 0.5, 0, 2, -2, 0.5, 0.5, -1, 1, 1];
const LISTS = { scores: [MOST * MOST, HIGHEST], query_vectors: [2 * MOST, 10], key_vectors: [2 * MOST, 10], values: [2 * MOST, EDGE] };
const SUBSCRIPTS = "₁₂₃₄₅";

const t = strings(attentionWords);

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */
/** @typedef {ReturnType<typeof calculate>} State */

const FROM_SLIDE = { source: "scores", size: 3, scores: SLIP, causal: false, temperature: 1, row: 0 };
const PRESETS = {
  preSlip: { ...FROM_SLIDE, scaled: false },
  preScaled: { ...FROM_SLIDE, scaled: true, d: 512 },
  preVectors: { source: "vectors", size: 4, query_vectors: QUERIES, key_vectors: KEYS, scaled: true, causal: true, temperature: 1, row: 3 },
  preRandom: { source: "random", size: 4, d: 512, scaled: false, causal: false, temperature: 1, row: 0 },
};

/** @param {(name: string) => any} get */
export function calculate(get) {
  const [source, size, row] = [get("source"), get("size"), Math.min(get("row"), get("size") - 1)];
  const d = source === "vectors" ? 2 : get("d");
  const { queries, keys } = source === "random" ? drawnVectors(size, d, get("seed"))
    : { queries: rowsOf(get("query_vectors"), 2).slice(0, size), keys: rowsOf(get("key_vectors"), 2).slice(0, size) };
  const scores = source === "scores" ? rowsOf(get("scores"), MOST).slice(0, size).map((one) => one.slice(0, size)) : scoresOf(queries, keys);
  const [scaled, causal, temperature] = [get("scaled"), get("causal"), get("temperature")];
  const scale = scaled ? 1 / Math.sqrt(d) : 1;
  const values = rowsOf(get("values"), 2).slice(0, size);
  return { source, size, row, d, queries, keys, scores, values, scaled, causal, temperature, scale, heat: temperature / scale,
    ...attend(scores, values, { scale, temperature, causal }) };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "attention_calculator", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  const arrange = controls(f);
  const card = bet(f, { ask: t("ask"), how: t("askHow"), answers: [["same", t("betSame")], ["even", t("betEven")], ["other", t("betOther")], ["skipped", t("skip")]] });
  const draw = picture(f, () => calculate(get));
  const update = () => {
    const state = calculate(get);
    card.show();
    arrange(state);
    draw(state, sentence(state, get("prediction")));
  };
  for (const trait of ["source", "size", "d", "scaled", "causal", "temperature", "row", "seed", "prediction", ...Object.keys(LISTS)]) f.watch(trait, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  for (const [trait, [length, most]] of Object.entries(LISTS)) {
    f.share(trait, (all) => all.length === length && all.every((/** @type {number} */ v) => Math.abs(v) <= most));
  }
  f.share("row", (v) => Number.isInteger(v) && v >= -1 && v < MOST);
  const doors = h("div", { class: "xp-doors" });
  f.root.insertBefore(doors, f.stage);
  presets(f, Object.entries(PRESETS).map(([key, set]) => ({ label: t(key), set })), { into: doors });
  choice(f, { trait: "source", label: t("source"), options: ["scores", "vectors", "random"].map((value) => ({ value, label: t(value) })) });
  choice(f, { trait: "size", label: t("size"), options: [3, 4, 5].map((value) => ({ value, label: String(value) })) });
  toggle(f, { trait: "scaled", label: t("scaled") });
  toggle(f, { trait: "causal", label: t("causal") });
  const size = slider(f, { trait: "d", label: t("d"), symbol: "d", min: 1, max: 512, stops: SIZES, words: (v) => t("dWords", { d: v, root: significant(Math.sqrt(v), 3) }) });
  const seed = h("div", { class: "xp-ac-seed" });
  seedBox(f, { into: seed });
  f.controls.append(seed);
  slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: 0.1, max: 100, scale: "log", temperature: { neutral: 1 } });
  return (/** @type {State} */ { source, scaled }) => {
    size.node.hidden = !(source === "random" || (source === "scores" && scaled)); // two numbers a vector have d = 2
    seed.hidden = source !== "random";
  };
}

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {() => State} now */
function picture(f, now) {
  f.stage.classList.add("xp-pairs", "xp-ac");
  const caption = h("p", { class: "xp-caption" });
  const [left, right, under] = [h("div", { class: "xp-ac-tables" }), h("div"), h("div", { class: "xp-ac-weights xp-wide" })];
  f.stage.append(left, right, under, caption);
  const vectors = vectorTable(f, left);
  const scores = scoreTable(f, left);
  const weights = weightTable(f, under);
  const plane = valuePlane(f, right);
  const show = readouts(f);
  f.addTable(() => tables(now()));
  return (/** @type {State} */ state, /** @type {string} */ text) => {
    vectors(state);
    scores(state);
    weights(state);
    plane(state, text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(state);
    f.tableChanged();
  };
}

/** @param {number} i */
const sub = (i) => SUBSCRIPTS[i];

/**
 * One cell: a number box while it can be edited, text while not.
 * @param {Frame} f @param {{label: string, most: number, trait: string, at: number}} options
 */
function cell(f, { label, most, trait, at }) {
  const box = numberBox(f, { label, min: -most, max: most }, label, (v) => {
    const all = [...f.model.get(trait)];
    all[at] = v;
    f.assign({ [trait]: all });
  });
  const field = h("div", { class: "xp-field" }, box.input, box.error);
  const node = h("td", {}, field);
  return { node, show(/** @type {number} */ value, /** @type {string} */ text = "") {
    if (text) {
      if (node.textContent !== text || node.firstChild === field) node.replaceChildren(text);
      return;
    }
    if (node.firstChild !== field) node.replaceChildren(field);
    if (Number(box.input.value) !== value || box.input.value === "") box.input.value = String(Number(value.toPrecision(6)));
    box.clear();
  } };
}

/** A table of cells whose size follows. @param {string} caption @param {string[]} heads */
function grid(caption, heads) {
  const head = h("tr", {}, h("td"), ...heads.map((text) => h("th", { scope: "col" }, text)));
  const body = h("tbody");
  const node = h("div", { class: "xp-ac-scroll", role: "group", "aria-label": caption }, h("p", { class: "xp-label" }, caption), h("table", { class: "xp-ac-table" }, h("thead", {}, head), body));
  return { node, body, head };
}

/** Put these children there unless they are. @param {Element} node @param {Element[]} wanted */
function keepChildren(node, wanted) {
  if (wanted.length !== node.children.length || wanted.some((one, i) => node.children[i] !== one)) node.replaceChildren(...wanted);
}

/** Queries and keys of two numbers. @param {Frame} f @param {HTMLElement} into */
function vectorTable(f, into) {
  const { node, body } = grid(t("vectorTable"), ["q", "", "k", ""]);
  into.append(node);
  const rows = Array.from({ length: MOST }, (_, i) => {
    const cells = ["query_vectors", "key_vectors"].flatMap((trait) => [0, 1].map((c) => cell(f, { label: t(trait, { i: i + 1, c: c + 1 }), most: LISTS.key_vectors[1], trait, at: 2 * i + c })));
    return { tr: h("tr", {}, h("th", { scope: "row" }, String(i + 1)), ...cells.map((one) => one.node)), cells };
  });
  return (/** @type {State} */ { source, size, queries, keys }) => {
    keepChildren(into, source === "vectors" ? [node, ...[...into.children].filter((one) => one !== node)] : [...into.children].filter((one) => one !== node));
    if (source !== "vectors") return;
    keepChildren(body, rows.slice(0, size).map(({ tr }) => tr));
    rows.slice(0, size).forEach(({ cells }, i) => cells.forEach((one, c) => one.show([...queries[i], ...keys[i]][c])));
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function scoreTable(f, into) {
  const { node, body, head } = grid(t("scoreTable"), []);
  into.append(node);
  const columns = Array.from({ length: MOST }, (_, j) => h("th", { scope: "col" }, `k${sub(j)}`));
  const rows = Array.from({ length: MOST }, (_, i) => {
    const cells = Array.from({ length: MOST }, (_, j) => cell(f, { label: t("score", { i: i + 1, j: j + 1 }), most: HIGHEST, trait: "scores", at: i * MOST + j }));
    return { tr: h("tr", {}), th: h("th", { scope: "row" }, `q${sub(i)}`), cells };
  });
  return (/** @type {State} */ { source, size, scores, causal }) => {
    keepChildren(head, [head.children[0], ...columns.slice(0, size)]);
    keepChildren(body, rows.slice(0, size).map(({ tr }) => tr));
    rows.slice(0, size).forEach(({ tr, th, cells }, i) => {
      keepChildren(tr, [th, ...cells.slice(0, size).map((one) => one.node)]);
      cells.slice(0, size).forEach((one, j) => one.show(scores[i][j], causal && j > i ? "−∞" : source === "scores" ? "" : fixed(scores[i][j], 2)));
    });
  };
}

/** Softmax rows with sums, entropies and Jacobians; the button of a row shows its blend. @param {Frame} f @param {HTMLElement} into */
function weightTable(f, into) {
  const { node, body, head } = grid(t("weightTable"), []);
  into.append(node);
  const columns = Array.from({ length: MOST }, (_, j) => h("th", { scope: "col" }, `v${sub(j)}`));
  const ends = ["sum", "entropy", "jacobian"].map((key) => h("th", { scope: "col" }, t(key)));
  const rows = Array.from({ length: MOST }, (_, i) => {
    const th = h("th", { scope: "row" });
    const pick = button(f, { label: `q${sub(i)}`, into: th, onClick: () => f.assign({ row: f.model.get("row") === i ? -1 : i }) });
    return { tr: h("tr"), th, pick, cells: Array.from({ length: MOST + 3 }, () => h("td")) };
  });
  return (/** @type {State} */ { size, row, weights, sums, entropies, jacobians }) => {
    keepChildren(head, [head.children[0], ...columns.slice(0, size), ...ends]);
    keepChildren(body, rows.slice(0, size).map(({ tr }) => tr));
    rows.slice(0, size).forEach(({ tr, th, pick, cells }, i) => {
      const shown = [...cells.slice(0, size), ...cells.slice(MOST)];
      keepChildren(tr, [th, ...shown]);
      pick.setAttribute("aria-pressed", String(i === row));
      const texts = [...weights[i].map((p) => fixed(p, 4)), fixed(sums[i], 3), fixed(entropies[i], 3), fixed(jacobians[i], 4)];
      shown.forEach((td, j) => {
        td.textContent = texts[j];
        if (j < size) td.style.setProperty("--share", `${(100 * weights[i][j]).toFixed(1)}%`);
        td.classList.toggle("xp-ac-weight", j < size);
      });
    });
  };
}

/** The values as squares to drag, their hull, and what each query takes from them. @param {Frame} f @param {HTMLElement} into */
function valuePlane(f, into) {
  const axis = { min: -EDGE, max: EDGE, ticks: [-2, -1, 0, 1, 2] };
  const p = plot(f, { into, title: t("plane"), height: 280, legend: true, x: { label: t("axisX"), ...axis }, y: { label: t("axisY"), ...axis }, table: false });
  p.svg.setAttribute("role", "group"); // it holds places to drag
  const lines = p.layer("lines", { keep: true });
  const layer = p.layer("grips", { clip: false, keep: true });
  const flat = () => /** @type {number[]} */ (f.model.get("values"));
  const move = (/** @type {number} */ i, /** @type {number} */ x, /** @type {number} */ y) => {
    const all = [...flat()];
    [all[2 * i], all[2 * i + 1]] = [x, y].map((v) => Number(Math.min(EDGE, Math.max(-EDGE, v)).toFixed(2)));
    f.assign({ values: all });
  };
  const grips = Array.from({ length: MOST }, (_, i) => {
    const grip = handle(f, p.svg, layer, { label: t("value", { i: i + 1 }), shape: "xp-bd-point",
      onMove: (x, y) => move(i, p.scale.invX(x), p.scale.invY(y)), onKey: (right, up) => move(i, flat()[2 * i] + 0.1 * right, flat()[2 * i + 1] + 0.1 * up) });
    grip.node.append(s("path", { class: "xp-bd-mark xp-mean_field", d: "M-6-6h12v12h-12z" }), s("text", { class: "xp-ac-name", x: 9, y: -8, "aria-hidden": "true" }, `v${sub(i)}`));
    return grip;
  });
  takeNearest(f, p.svg, layer, grips);
  /** @type {State} */
  let shown;
  const draw = () => {
    const { values, outputs, weights, row, size } = shown;
    grips.slice(size).forEach(({ node }) => node.remove());
    grips.slice(0, size).forEach((grip, i) => {
      if (grip.node.parentNode !== layer) layer.append(grip.node);
      const [x, y] = values[i];
      grip.place(p.scale.x(x), p.scale.y(y));
      grip.say(x, t("at", { x: fixed(x, 2), y: fixed(y, 2) }), [-EDGE, EDGE]);
    });
    const place = (/** @type {number[]} */ [x, y]) => `${p.scale.x(x).toFixed(1)} ${p.scale.y(y).toFixed(1)}`;
    const chosen = row < 0 ? [] : weights[row].map((w, j) => s("path", { class: "xp-ac-pull", d: `M${place(values[j])}L${place(outputs[row])}`, "stroke-width": (9 * w).toFixed(2) }));
    const dots = outputs.map((o, i) => s("g", { class: i === row ? "xp-ac-output xp-chosen" : "xp-ac-output", transform: `translate(${place(o)})` },
      s("circle", { r: i === row ? 7 : 5 }), ...(row < 0 || i === row ? [s("text", { class: "xp-ac-name", x: 9, y: 14 }, `o${sub(i)}`)] : [])));
    lines.replaceChildren(...chosen, ...dots);
  };
  p.onLayout(() => shown && draw());
  return (/** @type {State} */ state, /** @type {string} */ text) => {
    shown = state;
    p.area("hull", hull(state.values), { kind: "mean_field", label: t("hull") });
    p.describe(text);
    draw();
  };
}

/** Corners of the smallest convex polygon that holds the points. @param {number[][]} points @returns {number[][]} */
export function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turn = (/** @type {number[]} */ a, /** @type {number[]} */ b, /** @type {number[]} */ c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  const half = (/** @type {number[][]} */ all) => {
    /** @type {number[][]} */
    const chain = [];
    for (const point of all) {
      while (chain.length > 1 && turn(chain[chain.length - 2], chain[chain.length - 1], point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

// ---------------------------------------------------------------------------------------------------------- words

/** @param {number[]} all @param {number} digits */
const list = (all, digits) => all.map((v) => (v === -Infinity ? "−∞" : fixed(v, digits))).join(", ");

/** Whether a row is one that a slide printed a softmax of. @param {State} state @param {number} row */
const onSlide = ({ source, scores, size, causal, temperature }, row) => source === "scores" && size === LEAST && !causal && temperature === 1
  && row >= 0 && scores[row].every((v, j) => v === SLIP[row * MOST + j]);

/** @param {State} state @param {string} prediction */
export function sentence(state, prediction) {
  const { source, size, row, d, scaled, causal, heat, scores, logits, weights, outputs, jacobians } = state;
  const parts = [];
  if (source === "random") parts.push(t("sayRandom", { d, spread: significant(spread(scores), 3), root: significant(Math.sqrt(d), 3) }));
  if (row < 0) parts.push(t("sayAll", { size }));
  else {
    const values = { i: row + 1, logits: list(logits[row], 2), weights: list(weights[row], 4), x: fixed(outputs[row][0], 2), y: fixed(outputs[row][1], 2) };
    parts.push(t("sayRow", values));
    if (causal && row < size - 1) parts.push(row ? t("sayMask", { seen: row + 1 }) : t("sayFirst"));
    const top = Math.max(...weights[row]);
    const jacobian = fixed(jacobians[row], 4);
    if (top > 0.95 && !(causal && row === 0)) parts.push(t("sayPeaked", { jacobian }));
    else if (top < 1.25 / size) parts.push(t("sayEven", { jacobian }));
  }
  if (scaled) parts.push(t("sayScaled", { d, heat: significant(heat, 3) }));
  if (onSlide(state, row) && !scaled) parts.push(t(`saySlide${row + 1}`, { printed: PRINTED[row] }));
  parts.push(verdict(state, prediction));
  return parts.filter(Boolean).join(" ");
}

/** @param {State} state @param {string} prediction */
function verdict(state, prediction) {
  if (!prediction || prediction === "skipped") return "";
  const what = t({ same: "betSame", even: "betEven", other: "betOther" }[prediction] ?? "");
  if (!(state.scaled && state.d === 512 && onSlide(state, 0))) return t("foretold", { what });
  return t(prediction === "even" ? "foretoldRight" : "foretoldWrong", { what, weights: list(state.weights[0], 4) });
}

/** @param {State} state */
function tables({ size, scores, weights, sums, entropies, jacobians, outputs, values }) {
  const names = Array.from({ length: size }, (_, j) => `v${sub(j)}`);
  const rows = (/** @type {number[][]} */ all) => all.map((row, i) => [`q${sub(i)}`, ...row]);
  return [
    { caption: t("scoreTable"), columns: ["", ...names.map((_, j) => `k${sub(j)}`)], rows: rows(scores) },
    { caption: t("weightTable"), columns: ["", ...names, t("sum"), t("entropy"), t("jacobian")], rows: rows(weights.map((p, i) => [...p, sums[i], entropies[i], jacobians[i]])) },
    { caption: t("plane"), columns: ["", t("axisX"), t("axisY")], rows: [...values.map((v, j) => [`v${sub(j)}`, ...v]), ...outputs.map((o, i) => [`o${sub(i)}`, ...o])] },
  ];
}

/** @param {Frame} f */
function readouts(f) {
  const entropyOf = readout(f, { name: "entropy", label: t("readEntropy"), format: (v) => (v === "" ? "–" : fixed(v, 3)) });
  const jacobianOf = readout(f, { name: "jacobian", label: t("readJacobian"), format: (v) => (v === "" ? "–" : fixed(v, 4)) });
  const heatOf = readout(f, { name: "heat", label: t("readHeat"), format: (v) => significant(v, 3), width: 5 });
  const spreadOf = readout(f, { name: "spread", label: t("readSpread"), format: (v) => significant(v, 3), width: 5 });
  return (/** @type {State} */ { row, size, weights, outputs, entropies, jacobians, heat, scores, scale }) => {
    entropyOf(row < 0 ? "" : entropies[row]);
    jacobianOf(row < 0 ? "" : jacobians[row]);
    heatOf(heat);
    spreadOf(spread(scores) * scale);
    for (let j = 0; j < MOST; j++) f.setReadout(`p${j + 1}`, row < 0 || j >= size ? "" : weights[row][j]);
    f.setReadout("x", row < 0 ? "" : outputs[row][0]);
    f.setReadout("y", row < 0 ? "" : outputs[row][1]);
    f.setReadout("sums", weights.map((p) => fixed(p.reduce((a, b) => a + b, 0), 9)).join(" "));
  };
}

export default { render };
