// The tensors of one token as strips, and the arithmetic behind one of their numbers: chosen by pointer or by keys.

import { h } from "../kit/dom.js";
import { fixed, significant } from "../kit/format.js";
import { strings } from "../kit/strings.js";
import { colors, onTheme, parseColor } from "../kit/theme.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */
/** @typedef {import("../core/gpt_trace.js").Tensor} Tensor */
/** @typedef {import("../core/gpt_trace.js").Made} Made */
/** @typedef {{tensors: Tensor[], label: (tensor: Tensor, i: number) => string}} Shown  label: what entry i stands for, "" for no more than its number */

const ACROSS = 128; // cells of a row of a strip
const LISTED = 5; // products that a dot product shows one by one

const t = strings({
  en: {
    help: "Up and down arrows go from tensor to tensor, left and right ones from number to number; Page keys jump.",
    area: "Tensors of this token", layer: "layer {layer}: ",
    tokens: "token embedding", positions: "position embedding", x: "stream x", norm1: "x, normalised", q: "queries q", k: "keys k", v: "values v",
    scores: "scores q·k/√d", weights: "attention weights", mixed: "averages of the values", attended: "output of attention", middle: "x + attention",
    norm2: "normalised again", up: "up", gelu: "gelu(up)", down: "down", final: "x, normalised at the end", logits: "logits z", p: "probabilities p", w: "weight",
    entry: "{name}, number {i} of {n}{also}: {value}", headEntry: ", head {head}", also: ", {also}",
    lookup: "Read from a table: no arithmetic yet.", sum: "{a} + {b} = {value}",
    norm: "(x − mean)/deviation · gain + shift = ({entry} − {mean})/{deviation} · {gain} + {shift} = {value}",
    softmax: "e^z / Σ e^z, each z less the largest ({top}): e^{gap} / {total} = {value}", gelu_: "{up} · {share} = {value}: the share Φ({up}) of it gets through.",
    dot: "A dot product of {n} numbers: {left} times {right}.", caption: "The {k} largest of {n} products", place: "number", product: "product", others: "the other {n}", total: "sum of all", scaled: "× {scale} (1/√d)", biased: "+ bias", value: "value",
  },
  zh: {
    help: "上下方向键换张量，左右方向键换数；翻页键跳得更远。",
    area: "这个词元的张量", layer: "第 {layer} 层：",
    tokens: "词元嵌入", positions: "位置嵌入", x: "主干 x", norm1: "归一化后的 x", q: "查询 q", k: "键 k", v: "值 v",
    scores: "得分 q·k/√d", weights: "注意力权重", mixed: "值的平均", attended: "注意力的输出", middle: "x + 注意力",
    norm2: "再次归一化", up: "升维", gelu: "gelu(升维)", down: "降维", final: "最后归一化的 x", logits: "logits z", p: "概率 p", w: "权重",
    entry: "{name}，第 {i} 个数（共 {n} 个）{also}：{value}", headEntry: "，第 {head} 个头", also: "，{also}",
    lookup: "从表中读出：还没有运算。", sum: "{a} + {b} = {value}",
    norm: "(x − 均值)/标准差 · 增益 + 平移 = ({entry} − {mean})/{deviation} · {gain} + {shift} = {value}",
    softmax: "e^z / Σ e^z，每个 z 先减去最大者（{top}）：e^{gap} / {total} = {value}", gelu_: "{up} · {share} = {value}：通过的份额是 Φ({up})。",
    dot: "{n} 个数的点积：{left} 乘 {right}。", caption: "{n} 个乘积中最大的 {k} 个", place: "序号", product: "乘积", others: "其余 {n} 个", total: "总和", scaled: "× {scale}（1/√d）", biased: "+ 偏置", value: "值",
  },
});

/** A tensor's name. @param {Tensor} tensor @param {number} layers */
export function nameOf({ name, layer }, layers) {
  return (layer >= 0 && layer < layers ? t("layer", { layer: layer + 1 }) : "") + t(name);
}

/**
 * @param {Frame} f
 * @param {{into: HTMLElement, layers: number, onChoose: () => void}} options
 */
export function tensorStrips(f, { into, layers, onChoose }) {
  const area = h("div", { class: "xp-strips", tabindex: "0", role: "application", "aria-label": `${t("area")}. ${t("help")}` });
  const made = h("div", { class: "xp-made" });
  into.append(h("p", { class: "xp-help" }, t("help")), area, made);
  const paint = painter(f);
  /** @type {{node: HTMLElement, canvas: HTMLCanvasElement, name: HTMLElement, shape: HTMLElement, ring: HTMLElement}[]} */
  const rows = [];
  /** @type {Shown} */
  let shown = { tensors: [], label: () => "" };
  let [row, entry] = [0, 0];
  const choose = (/** @type {number} */ r, /** @type {number} */ i) => {
    row = clamp(r, shown.tensors.length);
    entry = clamp(i, shown.tensors[row]?.data.length ?? 0);
    onChoose();
    f.announce(sentence());
  };
  const sentence = () => (shown.tensors[row] ? entryWords(shown, row, entry, layers) : "");
  area.addEventListener("keydown", (event) => {
    const by = /** @type {Record<string, [number, number]>} */ ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [0, -16], PageDown: [0, 16], Home: [0, -1e9], End: [0, 1e9] })[event.key];
    if (!by) return;
    event.preventDefault();
    choose(row + by[0], entry + by[1]);
  }, { signal: f.signal });
  area.addEventListener("pointerdown", (event) => {
    const r = rows.findIndex(({ canvas }) => canvas.parentElement === event.target || canvas === event.target);
    if (r < 0 || !shown.tensors[r]) return;
    const { canvas } = rows[r];
    const box = canvas.getBoundingClientRect();
    const [column, line] = [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
    choose(r, clamp(Math.floor(line), canvas.height) * canvas.width + clamp(Math.floor(column), canvas.width));
  }, { signal: f.signal });
  const draw = (/** @type {Shown} */ next) => {
    shown = next;
    while (rows.length < next.tensors.length) rows.push(strip(area));
    row = clamp(row, next.tensors.length);
    entry = clamp(entry, next.tensors[row]?.data.length ?? 0);
    rows.forEach((one, r) => {
      one.node.hidden = r >= next.tensors.length;
      if (one.node.hidden) return;
      const { data, shape } = next.tensors[r];
      one.node.classList.toggle("xp-chosen", r === row);
      const name = nameOf(next.tensors[r], layers);
      if (one.name.textContent !== name) one.name.textContent = name;
      const size = shape.join(" × ");
      if (one.shape.textContent !== size) one.shape.textContent = size;
      paint(one.canvas, data, shape);
      one.canvas.setAttribute("aria-label", `${name}, ${size}`);
      place(one, r === row ? entry : -1);
    });
    if (next.tensors[row]) made.replaceChildren(h("p", { class: "xp-strip-said" }, sentence()), ...arithmetic(next.tensors[row].explain(entry)));
  };
  onTheme(f, () => draw(shown));
  return {
    draw,
    /** The chosen number. @returns {{tensor: Tensor, i: number}} */
    chosen: () => ({ tensor: shown.tensors[row], i: entry }),
    choose,
  };
}

/** @param {number} value @param {number} count */
const clamp = (value, count) => Math.max(0, Math.min(count - 1, value));

/** @param {HTMLElement} area */
function strip(area) {
  const name = h("span", { class: "xp-strip-name" });
  const shape = h("span", { class: "xp-strip-shape" });
  const canvas = h("canvas", { class: "xp-strip", role: "img", width: 1, height: 1 });
  const ring = h("span", { class: "xp-strip-ring", "aria-hidden": "true" });
  const node = h("div", { class: "xp-strip-row" }, name, shape, h("span", { class: "xp-strip-box" }, canvas, ring));
  area.append(node);
  return { node, canvas, name, shape, ring };
}

/** @param {{canvas: HTMLCanvasElement, ring: HTMLElement}} one @param {number} i  −1: none */
function place({ canvas, ring }, i) {
  ring.hidden = i < 0;
  if (i < 0) return;
  const { width, height } = canvas;
  ring.style.insetInlineStart = `${(100 * (i % width)) / width}%`;
  ring.style.insetBlockStart = `${(100 * Math.floor(i / width)) / height}%`;
  ring.style.inlineSize = `${100 / width}%`;
  ring.style.blockSize = `${100 / height}%`;
}

/** Numbers as colours: from one through the paper to the other, each tensor by its own largest. @param {Frame} f */
function painter(f) {
  return (/** @type {HTMLCanvasElement} */ canvas, /** @type {Float64Array} */ data, /** @type {number[]} */ shape) => {
    const width = Math.min(ACROSS, shape[shape.length - 1]); // a head, or 128 numbers, a line
    const height = Math.ceil(data.length / width);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    canvas.style.blockSize = `${Math.max(14, 7 * height)}px`;
    const context = canvas.getContext("2d");
    if (!context) return;
    const scale = colors(f);
    const [paper, plus, minus] = [scale.paper, scale.sim, scale.mf].map(parseColor);
    const most = data.reduce((a, v) => Math.max(a, Math.abs(v)), 1e-12);
    const image = context.createImageData(width, height);
    data.forEach((v, i) => {
      const [share, to] = [Math.abs(v) / most, v > 0 ? plus : minus];
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = Math.round(paper[c] + share * (to[c] - paper[c]));
      image.data[4 * i + 3] = 255;
    });
    context.putImageData(image, 0, 0);
  };
}

/** @param {Shown} shown @param {number} row @param {number} i @param {number} layers */
function entryWords(shown, row, i, layers) {
  const tensor = shown.tensors[row];
  const also = shown.label(tensor, i);
  const head = tensor.shape.length > 1 ? t("headEntry", { head: Math.floor(i / tensor.shape[1]) + 1 }) : "";
  return t("entry", { name: nameOf(tensor, layers), i: i + 1, n: tensor.data.length, also: head + (also ? t("also", { also }) : ""), value: number(tensor.data[i]) });
}

/** @param {number} v */
const number = (v) => (Math.abs(v) >= 0.001 || v === 0 ? fixed(v, 4) : significant(v, 3));

/** The arithmetic of one number, for reading. @param {Made} made @returns {HTMLElement[]} */
function arithmetic(made) {
  if (made.kind === "dot") return dotProduct(made);
  const parts = Object.fromEntries((made.parts ?? []).map(([name, v]) => [name, number(v)]));
  const values = { ...parts, value: number(made.value) };
  if (made.kind === "sum") {
    const [[a, x], [b, y]] = /** @type {[string, number][]} */ (made.parts);
    return [line(t("sum", { a: `${t(a)} ${number(x)}`, b: `${t(b)} ${number(y)}`, value: values.value }))];
  }
  if (made.kind === "softmax") {
    const [[, z], [, top]] = /** @type {[string, number][]} */ (made.parts);
    return [line(t("softmax", { ...values, gap: number(z - top) }))];
  }
  return [line(t(made.kind === "gelu" ? "gelu_" : made.kind, values))];
}

/** @param {string} text */
const line = (text) => h("p", { class: "xp-made-line" }, text);

/** @param {Made} made */
function dotProduct({ a = [], b = [], left = "", right = "", scale = 1, bias = 0, value }) {
  const products = Array.from({ length: a.length }, (_, j) => ({ j, product: a[j] * b[j] }));
  products.sort((x, y) => Math.abs(y.product) - Math.abs(x.product) || x.j - y.j);
  const [top, rest] = [products.slice(0, LISTED), products.slice(LISTED)];
  const sum = (/** @type {{product: number}[]} */ all) => all.reduce((total, { product }) => total + product, 0);
  const cells = (/** @type {string[]} */ ...texts) => h("tr", {}, ...texts.map((text, i) => h(i ? "td" : "th", i ? {} : { scope: "row" }, text)));
  const rows = top.map(({ j, product }) => cells(String(j + 1), number(a[j]), number(b[j]), number(product)));
  if (rest.length) rows.push(cells(t("others", { n: rest.length }), "", "", number(sum(rest))));
  rows.push(cells(t("total"), "", "", number(sum(products))));
  if (scale !== 1) rows.push(cells(t("scaled", { scale: fixed(scale, 4) }), "", "", number(sum(products) * scale)));
  if (bias) rows.push(cells(t("biased"), "", "", number(bias)));
  if (bias || scale !== 1) rows.push(cells(t("value"), "", "", number(value)));
  const head = h("tr", {}, ...[t("place"), t(left), t(right), t("product")].map((text) => h("th", { scope: "col" }, text)));
  return [
    line(t("dot", { n: a.length, left: t(left), right: t(right) })),
    h("table", { class: "xp-made-table" }, h("caption", {}, t("caption", { k: top.length, n: a.length })), h("thead", {}, head), h("tbody", {}, ...rows)),
  ];
}
