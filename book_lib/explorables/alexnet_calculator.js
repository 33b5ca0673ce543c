// The integers of a network: shapes, parameters, units and multiplications, layer by layer, each layer editable.

import { ALEXNET, SHAPE, conv, dense, pool, totals, walk } from "./core/convnet.js";
import { button, numberBox, presets } from "./kit/controls.js";
import { h, setDisabled, uniqueId } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";

const KINDS = /** @type {const} */ (["conv", "pool", "dense"]);
const MOST = 16; // layers
const WIDEST = 10_000;
const LARGEST = 512; // of the input
const LIMITS = { width: [1, WIDEST], kernel: [1, 31], stride: [1, 16], padding: [0, 15], groups: [1, 16] };
const FIELDS = /** @type {const} */ (["width", "kernel", "stride", "padding", "groups"]);
const OF_KIND = { conv: FIELDS, pool: /** @type {const} */ (["kernel", "stride"]), dense: /** @type {const} */ (["width"]) };
const LENET = [conv(6, 5, { padding: 2 }), pool(2, 2), conv(16, 5), pool(2, 2), dense(120), dense(84), dense(10)];

const t = strings({
  en: {
    name: "A network's integers", table: "Layers", colLayer: "layer", colOutput: "output", colParameters: "parameters", colUnits: "units",
    colMultiplications: "multiplications", input: "input", all: "in all", conv: "conv", pool: "pool", dense: "dense",
    edit: "Layer to edit", kind: "Kind", option: "{k}: {kind}", width: "Channels", units: "Units", kernel: "Kernel", stride: "Stride", padding: "Padding", groups: "Groups",
    double: "Repeat this layer", remove: "Remove this layer", inputChannels: "Input channels", inputSide: "Input height and width",
    alexnet: "AlexNet", together: "AlexNet without groups", lenet: "For 28 × 28 digits",
    say: "{parameters} parameters: {conv} in convolutions ({convShare} %) and {dense} in fully connected layers ({denseShare} %). {units} units; {millions} million multiplications an image.",
    sayLayer: "Layer {k}, {kind}: {detail}", detailConv: "{width} kernels of {kernel} × {kernel} × {depth} = {each} weights each, and a bias: {parameters}.",
    detailPool: "it takes the largest of {kernel} × {kernel}, and has nothing to learn.", detailDense: "{width} units, each with {inputs} weights and a bias: {parameters}.",
    misfit: "Layer {k}, {kind}, does not fit its input of {shape}: {reason}.", misfitPadding: "a padding of {padding} is not less than the kernel of {kernel}",
    misfitKernel: "the kernel of {kernel} is larger than {n} + 2·{padding} pixels", misfitGroups: "{groups} groups do not divide {channels} channels",
    misfitFlat: "after a fully connected layer there is no image left",
    readParameters: "Parameters", readUnits: "Units", readMultiplications: "Multiplications",
  },
  zh: {
    name: "网络中的整数", table: "各层", colLayer: "层", colOutput: "输出", colParameters: "参数", colUnits: "单元",
    colMultiplications: "乘法次数", input: "输入", all: "合计", conv: "卷积", pool: "池化", dense: "全连接",
    edit: "要编辑的层", kind: "类型", option: "{k}：{kind}", width: "通道数", units: "单元数", kernel: "核", stride: "步幅", padding: "填充", groups: "组数",
    double: "重复这一层", remove: "去掉这一层", inputChannels: "输入通道数", inputSide: "输入的高和宽",
    alexnet: "AlexNet", together: "不分组的 AlexNet", lenet: "用于 28 × 28 数字",
    say: "{parameters} 个参数：卷积层 {conv} 个（{convShare} %），全连接层 {dense} 个（{denseShare} %）。{units} 个单元；每张图 {millions} 百万次乘法。",
    sayLayer: "第 {k} 层，{kind}：{detail}", detailConv: "{width} 个 {kernel} × {kernel} × {depth} 的核，每个 {each} 个权重，外加一个偏置：{parameters}。",
    detailPool: "取 {kernel} × {kernel} 中的最大值，没有要学的参数。", detailDense: "{width} 个单元，每个 {inputs} 个权重和一个偏置：{parameters}。",
    misfit: "第 {k} 层（{kind}）与输入 {shape} 不合：{reason}。", misfitPadding: "填充 {padding} 不小于核 {kernel}",
    misfitKernel: "核 {kernel} 大于 {n} + 2·{padding} 个像素", misfitGroups: "{groups} 组不能整除 {channels} 个通道",
    misfitFlat: "全连接层之后不再有图像",
    readParameters: "参数", readUnits: "单元", readMultiplications: "乘法次数",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/convnet.js").Layer} Layer */
/** @typedef {ReturnType<typeof calculate>} State */

/** @param {Layer[]} layers @returns {number[]} six numbers a layer */
export const pack = (layers) => layers.flatMap(({ kind, width, kernel, stride, padding, groups }) => [KINDS.indexOf(kind), width, kernel, stride, padding, groups]);

/** @param {number[]} flat @returns {Layer[]} */
export const unpack = (flat) => Array.from({ length: flat.length / 6 }, (_, i) => {
  const [kind, width, kernel, stride, padding, groups] = flat.slice(6 * i, 6 * i + 6);
  return { kind: KINDS[kind], width, kernel, stride, padding, groups };
});

/** @param {number[]} flat @param {number[]} shape @param {number} chosen */
export function calculate(flat, shape, chosen) {
  const layers = unpack(flat);
  const { rows, misfit } = walk(layers, shape);
  const of = (/** @type {string} */ kind) => rows.reduce((sum, row, i) => sum + (layers[i].kind === kind ? row.parameters : 0), 0);
  return { layers, shape, rows, misfit, chosen: Math.min(chosen, layers.length - 1), total: totals(rows), conv: of("conv"), dense: of("dense") };
}

/** 60,965,224; beyond what a double counts exactly, a rounded number that says so. @param {number} n */
export const grouped = (n) => (n > Number.MAX_SAFE_INTEGER ? `≈ ${significant(n, 4)}` : String(n).replace(/\B(?=(\d{3})+$)/g, ","));
/** @param {number[]} shape */
const times = (shape) => shape.join(" × ");

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "alexnet_calculator", label: t("name") });
  const now = () => calculate(model.get("layers"), model.get("shape"), model.get("chosen"));
  const table = layerTable(f, now);
  const caption = h("p", { class: "xp-caption xp-an-caption" });
  f.stage.append(table.node, caption);
  const edit = editor(f, now);
  const show = readouts(f);
  const update = () => {
    const state = now();
    const text = sentence(state);
    table.draw(state);
    edit(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(state);
    f.tableChanged();
  };
  for (const trait of ["layers", "shape", "chosen"]) f.watch(trait, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {() => State} now */
function layerTable(f, now) {
  const columns = ["colLayer", "colOutput", "colParameters", "colUnits", "colMultiplications"].map((key) => t(key));
  const body = h("tbody");
  const node = h("div", { class: "xp-an-scroll", tabindex: 0, role: "group", "aria-label": t("table") },
    h("table", { class: "xp-an-table" }, h("thead", {}, h("tr", {}, ...columns.map((c) => h("th", { scope: "col" }, c)))), body));
  f.addTable(() => ({ caption: t("table"), columns, rows: cells(now()) }));
  return { node, draw(/** @type {State} */ state) {
    const most = Math.max(1, ...state.rows.map((row) => row.parameters));
    body.replaceChildren(...cells(state).map((row, i) => {
      const layer = i - 1;
      const [head, ...rest] = row.map((cell) => (typeof cell === "number" ? grouped(cell) : cell ?? "–"));
      const tr = h("tr", { class: layer === state.chosen ? "xp-an-chosen" : null }, h("th", { scope: "row" }, head), ...rest.map((text) => h("td", {}, text)));
      if (state.rows[layer]?.parameters) /** @type {HTMLElement} */ (tr.children[2]).style.setProperty("--share", `${(100 * state.rows[layer].parameters) / most}%`);
      return tr;
    }));
  } };
}

/** Rows of the table: input, layers, sums. @param {State} state @returns {(string | number | null)[][]} */
function cells({ layers, shape, rows, misfit, total }) {
  return [
    [t("input"), times(shape), null, null, null],
    ...layers.map(({ kind }, i) => {
      const row = rows[i];
      const name = t("option", { k: i + 1, kind: t(kind) });
      return row ? [name, times(row.shape), row.parameters, row.units, row.multiplications] : [name, null, null, null, null];
    }),
    [t("all"), null, ...(misfit ? [null, null, null] : [total.parameters, total.units, total.multiplications])],
  ];
}

/** @param {Frame} f @param {() => State} now */
function editor(f, now) {
  const id = uniqueId("menu");
  const menu = h("select", { id, class: "xp-select" });
  menu.addEventListener("change", () => f.assign({ chosen: menu.selectedIndex }), { signal: f.signal });
  f.controls.append(h("div", { class: "xp-field" }, h("label", { for: id, class: "xp-label" }, t("edit")), menu));
  const set = (/** @type {Layer[]} */ layers, chosen = now().chosen) => f.assign({ layers: pack(layers), chosen: Math.min(chosen, layers.length - 1) });
  const kinds = kindMenu(f, (kind) => {
    const { layers, chosen } = now();
    set(layers.map((layer, i) => (i === chosen ? turnedInto(layer, kind) : layer)));
  });
  const row = h("div", { class: "xp-an-fields" });
  f.controls.append(row);
  const boxes = FIELDS.map((field) => {
    const [min, max] = LIMITS[field];
    return { field, ...labelled(f, { label: t(field), min, max }, (v) => {
      const { layers, chosen } = now();
      set(layers.map((layer, i) => (i === chosen ? { ...layer, [field]: v } : layer)));
    }) };
  });
  const buttons = h("div", { class: "xp-an-buttons" });
  const double = button(f, { label: t("double"), into: buttons, onClick: () => {
    const { layers, chosen } = now();
    set(layers.toSpliced(chosen, 0, layers[chosen]), chosen + 1);
  } });
  const remove = button(f, { label: t("remove"), into: buttons, onClick: () => set(now().layers.toSpliced(now().chosen, 1)) });
  f.controls.append(buttons);
  const input = inputBoxes(f);
  const together = ALEXNET.map((layer) => ({ ...layer, groups: 1 }));
  presets(f, [
    { label: t("together"), set: { layers: pack(together), shape: SHAPE } },
    { label: t("lenet"), set: { layers: pack(LENET), shape: [1, 28, 28] } },
    { label: t("alexnet"), set: { layers: pack(ALEXNET), shape: SHAPE } },
  ], { onPick: () => f.assign({ chosen: 0 }) });
  keep(f);
  return (/** @type {State} */ { layers, chosen, shape }) => {
    const names = layers.map(({ kind }, i) => t("option", { k: i + 1, kind: t(kind) }));
    if (names.join() !== [...menu.options].map((o) => o.text).join()) menu.replaceChildren(...names.map((name) => h("option", {}, name)));
    menu.selectedIndex = chosen;
    const layer = layers[chosen];
    kinds.selectedIndex = KINDS.indexOf(layer.kind);
    const fields = /** @type {readonly string[]} */ (OF_KIND[layer.kind]);
    for (const { field, show } of boxes) show(layer[field], t(field === "width" && layer.kind === "dense" ? "units" : field));
    const wanted = boxes.filter(({ field }) => fields.includes(field)).map(({ node }) => node);
    if (wanted.length !== row.children.length || wanted.some((node, i) => row.children[i] !== node)) row.replaceChildren(...wanted);
    setDisabled(double, layers.length === MOST);
    setDisabled(remove, layers.length === 1);
    input(shape);
  };
}

/** The same layer as another kind; what it lacks gets a usual value. @param {Layer} layer @param {Layer["kind"]} kind @returns {Layer} */
export function turnedInto({ width, kernel }, kind) {
  if (kind === "dense") return dense(width || 1000);
  return kind === "pool" ? pool(kernel || 2, 2) : conv(width || 64, kernel || 3);
}

/** @param {Frame} f @param {(kind: Layer["kind"]) => void} onPick */
function kindMenu(f, onPick) {
  const id = uniqueId("kind");
  const menu = h("select", { id, class: "xp-select" }, ...KINDS.map((kind) => h("option", {}, t(kind))));
  menu.addEventListener("change", () => onPick(KINDS[menu.selectedIndex]), { signal: f.signal });
  f.controls.append(h("div", { class: "xp-field" }, h("label", { for: id, class: "xp-label" }, t("kind")), menu));
  return menu;
}

/** A number box with a label that may change. @param {Frame} f @param {{label: string, min: number, max: number}} options @param {(v: number) => void} commit */
function labelled(f, options, commit) {
  const limits = { ...options, exact: true };
  const box = numberBox(f, limits, options.label, commit);
  const label = h("label", { class: "xp-label" }, options.label);
  box.input.id = uniqueId("box");
  box.input.removeAttribute("aria-label");
  label.htmlFor = box.input.id;
  const node = h("div", { class: "xp-field" }, label, box.input, box.error);
  return { node, show(/** @type {number} */ value, text = limits.label) {
    limits.label = text;
    if (label.textContent !== text) label.textContent = text;
    if (Number(box.input.value) !== value || box.input.value === "") box.input.value = String(value);
    box.clear();
  } };
}

/** @param {Frame} f */
function inputBoxes(f) {
  const channels = labelled(f, { label: t("inputChannels"), min: 1, max: LARGEST }, (v) => f.assign({ shape: [v, ...f.model.get("shape").slice(1)] }));
  const side = labelled(f, { label: t("inputSide"), min: 1, max: LARGEST }, (v) => f.assign({ shape: [f.model.get("shape")[0], v, v] }));
  f.controls.append(channels.node, side.node);
  return (/** @type {number[]} */ shape) => {
    channels.show(shape[0]);
    side.show(shape[1]);
  };
}

/** What the address keeps. @param {Frame} f */
function keep(f) {
  const whole = (/** @type {number} */ v, /** @type {number} */ low, /** @type {number} */ high) => Number.isInteger(v) && v >= low && v <= high;
  const ranges = [[0, 2], [0, WIDEST], [0, 31], [1, 16], [0, 15], [1, 16]];
  f.share("layers", (all) => all.length >= 6 && all.length % 6 === 0 && all.length <= 6 * MOST && all.every((/** @type {number} */ v, /** @type {number} */ i) => whole(v, ranges[i % 6][0], ranges[i % 6][1]))
    && unpack(all).every(({ kind, width, kernel }) => (kind === "pool" || width > 0) && (kind === "dense" || kernel > 0)));
  f.share("shape", (all) => all.length === 3 && all[1] === all[2] && all.every((/** @type {number} */ v) => whole(v, 1, LARGEST)));
  f.share("chosen", (v) => whole(v, 0, MOST - 1));
}

/** @param {State} state */
export function sentence(state) {
  const { layers, shape, rows, misfit, chosen, total } = state;
  if (misfit) {
    const { layer, error } = misfit;
    const key = `misfit${error.code[0].toUpperCase()}${error.code.slice(1)}`;
    return t("misfit", { k: layer + 1, kind: t(layers[layer].kind), shape: times(rows[layer - 1]?.shape ?? shape), reason: t(key, error.values) });
  }
  const share = (/** @type {number} */ n) => fixed((100 * n) / Math.max(1, total.parameters), 1);
  const all = t("say", { parameters: grouped(total.parameters), units: grouped(total.units), conv: grouped(state.conv), dense: grouped(state.dense),
    convShare: share(state.conv), denseShare: share(state.dense), millions: significant(total.multiplications / 1e6, 3) });
  const { kind, width, kernel, groups } = layers[chosen];
  const before = rows[chosen - 1]?.shape ?? shape;
  const depth = before[0] / groups;
  const values = { width: grouped(width), kernel, depth, each: grouped(kernel ** 2 * depth), inputs: grouped(before.reduce((a, b) => a * b, 1)), parameters: grouped(rows[chosen].parameters) };
  const detail = t({ conv: "detailConv", pool: "detailPool", dense: "detailDense" }[kind], values);
  return `${all} ${t("sayLayer", { k: chosen + 1, kind: t(kind), detail })}`;
}

/** @param {Frame} f */
function readouts(f) {
  const number = (/** @type {number | string} */ v) => (typeof v === "number" ? grouped(v) : v);
  const parameters = readout(f, { name: "parameters", label: t("readParameters"), format: number, width: 11 });
  const units = readout(f, { name: "units", label: t("readUnits"), format: number, width: 9 });
  const multiplications = readout(f, { name: "multiplications", label: t("readMultiplications"), format: number, width: 13 });
  f.stage.after(f.readouts);
  return (/** @type {State} */ { total, misfit, conv: inConv, dense: inDense, rows }) => {
    parameters(misfit ? "–" : total.parameters);
    units(misfit ? "–" : total.units);
    multiplications(misfit ? "–" : total.multiplications);
    f.setReadout("conv", misfit ? "–" : inConv);
    f.setReadout("dense", misfit ? "–" : inDense);
    f.setReadout("rows", rows.length);
  };
}

export default { render };
