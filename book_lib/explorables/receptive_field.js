// What one unit of a stack of layers sees: its cone down to the pixels, layer by layer.

import { cone, jumpOf, outputSize, receptiveField } from "./core/convnet.js";
import { button, numberBox, presets } from "./kit/controls.js";
import { h, setDisabled } from "./kit/dom.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { handle } from "./parts/handle.js";

const PIXELS = [64, 128]; // of the line of input: the second where the layers ask for more than the first
const MOST = 5; // layers
const LIMITS = { kernel: [1, 5], stride: [1, 2] };
const STACKS = { one: [5, 1], two: [3, 1, 3, 1], three: [3, 1, 3, 1, 3, 1], strided: [3, 2, 3, 1], pooled: [3, 1, 2, 2, 3, 1] };

const t = strings({
  en: {
    name: "Receptive field", picture: "Units by layer, and what one of them sees", axis: "pixel", pixels: "pixels", layer: "layer {k}",
    units: "units", seen: "seen", cone: "what it sees", grip: "Unit of the last layer", gripWords: "unit {unit}, pixels {first} to {last}",
    help: "Drag the unit at the top, or move it by arrow keys.", layers: "Layers", kernel: "kernel", stride: "stride", box: "{what} of layer {k}",
    add: "Add a layer", remove: "Remove the last", two: "3, then 3", one: "One of 5", three: "Three of 3", strided: "Stride 2 first", pooled: "3, 2 with stride 2, 3",
    say: "R = 1 + {sum} = {field}: unit {unit} of the last layer sees pixels {first} to {last}, in a picture a square of {field} × {field}.",
    sayWeights: "As kernels, the layers have {stack} = {weights} weights for a pair of channels; one kernel of {field} × {field} would have {single}. (A pooling has none.)",
    sayOne: "As a kernel, the layer has {weights} weights for a pair of channels.", sayJump: "Neighbouring units look at places {jump} pixels apart.",
    readField: "Receptive field", readJump: "Step between units", readUnits: "Units in the last layer", readWeights: "Weights",
    table: "Layers from the input up", colLayer: "layer", colUnits: "units", colFirst: "first seen", colLast: "last seen",
  },
  zh: {
    name: "感受野", picture: "各层单元，以及其中一个看到的范围", axis: "像素", pixels: "像素", layer: "第 {k} 层",
    units: "单元", seen: "看到的", cone: "所见范围", grip: "最后一层的单元", gripWords: "单元 {unit}，像素 {first} 到 {last}",
    help: "拖动最上面的单元，或用方向键移动。", layers: "各层", kernel: "核", stride: "步幅", box: "第 {k} 层的{what}",
    add: "增加一层", remove: "去掉最后一层", two: "3，再 3", one: "一个 5", three: "三个 3", strided: "先步幅 2", pooled: "3，步幅 2 的 2，3",
    say: "R = 1 + {sum} = {field}：最后一层的单元 {unit} 看到像素 {first} 到 {last}，在图像中是 {field} × {field} 的方块。",
    sayWeights: "若各层都是卷积核，每对通道有 {stack} = {weights} 个权重；一个 {field} × {field} 的核要 {single} 个。（池化没有权重。）",
    sayOne: "若这一层是卷积核，每对通道有 {weights} 个权重。", sayJump: "相邻单元所看的位置相距 {jump} 个像素。",
    readField: "感受野", readJump: "单元间距", readUnits: "最后一层单元数", readWeights: "权重数",
    table: "从输入向上的各层", colLayer: "层", colUnits: "单元数", colFirst: "最先看到", colLast: "最后看到",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/convnet.js").Pair} Pair */
/** @typedef {{pairs: Pair[], sizes: number[], unit: number, seen: Pair[], field: number, jump: number}} State */

/** @param {number[]} layers  kernel, stride, kernel, stride … @param {number} unit @returns {State} */
export function stack(layers, unit) {
  const pairs = Array.from({ length: layers.length / 2 }, (_, i) => /** @type {Pair} */ ([layers[2 * i], layers[2 * i + 1]]));
  const sizes = [PIXELS[receptiveField(pairs) > PIXELS[0] ? 1 : 0]];
  for (const [kernel, stride] of pairs) sizes.push(outputSize(sizes[sizes.length - 1], kernel, stride));
  const kept = Math.min(unit, sizes[sizes.length - 1] - 1);
  return { pairs, sizes, unit: kept, seen: cone(pairs, kept), field: receptiveField(pairs), jump: jumpOf(pairs) };
}

/** Where the units of each layer stand, in pixels: the first, and the distance to the next. @param {Pair[]} pairs */
function grids(pairs) {
  const all = [{ first: 0, step: 1 }];
  for (const [kernel, stride] of pairs) {
    const { first, step } = all[all.length - 1];
    all.push({ first: first + ((kernel - 1) / 2) * step, step: step * stride });
  }
  return all;
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "receptive_field", label: t("name") });
  const now = () => stack(model.get("layers"), model.get("unit"));
  const draw = picture(f, now);
  const boxes = controls(f);
  const show = readouts(f);
  f.addTable(() => {
    const { sizes, seen } = now();
    return { caption: t("table"), columns: [t("colLayer"), t("colUnits"), t("colFirst"), t("colLast")], rows: sizes.map((size, k) => [level(k), size, ...seen[k]]) };
  });
  const update = () => {
    const state = now();
    draw(state);
    boxes(state);
    show(state);
    f.tableChanged();
  };
  for (const trait of ["layers", "unit"]) f.watch(trait, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {number} k */
const level = (k) => (k ? t("layer", { k }) : t("pixels"));

/** @param {Frame} f */
function controls(f) {
  const set = (/** @type {number[]} */ layers) => f.assign({ layers, unit: stack(layers, f.model.get("unit")).unit });
  const field = h("fieldset", { class: "xp-field xp-rf-layers" }, h("legend", { class: "xp-label" }, t("layers")));
  const rows = Array.from({ length: MOST }, (_, k) => {
    const one = (/** @type {"kernel" | "stride"} */ what, /** @type {number} */ at) => {
      const [min, max] = LIMITS[what];
      const label = t("box", { what: t(what), k: k + 1 });
      const box = numberBox(f, { label, min, max, exact: true }, label, (v) => set(f.model.get("layers").map((/** @type {number} */ old, /** @type {number} */ i) => (i === at ? v : old))));
      return { ...box, at, node: h("span", { class: "xp-field xp-rf-cell" }, h("span", { class: "xp-label", "aria-hidden": "true" }, t(what)), box.input, box.error) };
    };
    const boxes = [one("kernel", 2 * k), one("stride", 2 * k + 1)];
    return { boxes, node: h("div", { class: "xp-rf-row" }, h("span", { class: "xp-rf-name" }, level(k + 1)), ...boxes.map((box) => box.node)) };
  });
  f.controls.append(field);
  const row = h("div", { class: "xp-rf-buttons" });
  const add = button(f, { label: t("add"), into: row, onClick: () => set([...f.model.get("layers"), 3, 1]) });
  const remove = button(f, { label: t("remove"), into: row, onClick: () => set(f.model.get("layers").slice(0, -2)) });
  f.controls.append(row);
  presets(f, Object.entries(STACKS).map(([key, layers]) => ({ label: t(key), set: { layers } })), { onPick: (i) => set(Object.values(STACKS)[i]) });
  f.share("layers", (all) => all.length % 2 === 0 && all.length >= 2 && all.length <= 2 * MOST && all.every((/** @type {number} */ v, /** @type {number} */ i) =>
    Number.isInteger(v) && v >= 1 && v <= (i % 2 ? LIMITS.stride[1] : LIMITS.kernel[1])));
  f.share("unit", (v) => Number.isInteger(v) && v >= 0 && v < PIXELS[1]);
  f.stage.after(f.readouts);
  return (/** @type {State} */ { pairs }) => {
    rows.forEach(({ node, boxes }, k) => {
      if (k >= pairs.length) node.remove();
      else if (!node.isConnected) field.append(node);
      boxes.forEach(({ input, clear, at }) => {
        const text = String(pairs[k]?.[at % 2] ?? "");
        if (input.value !== text) input.value = text;
        clear();
      });
    });
    setDisabled(add, pairs.length === MOST);
    setDisabled(remove, pairs.length === 1);
  };
}

/** @param {Frame} f @param {() => State} now */
function picture(f, now) {
  const p = plot(f, { title: t("picture"), height: 300, legend: true, table: false, x: { label: t("axis"), min: -1, max: PIXELS[0] },
    y: { label: "", min: -0.5, max: 2.5, ticks: [0, 1, 2], format: level } });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(h("p", { class: "xp-help" }, t("help")), caption);
  const go = (/** @type {number} */ unit) => {
    const { sizes } = now();
    f.assign({ unit: Math.min(sizes[sizes.length - 1] - 1, Math.max(0, Math.round(unit))) });
  };
  const top = () => {
    const all = grids(now().pairs);
    return all[all.length - 1];
  };
  const grip = handle(f, p.svg, p.layer("grip", { clip: false, keep: true }), {
    label: t("grip"),
    onMove: (x) => go((p.scale.invX(x) - top().first) / top().step),
    onKey: (right, up) => go(now().unit + (right || up)),
    onEnd: (end) => go(end > 0 ? PIXELS[1] : 0),
  });
  const put = () => {
    const { pairs, unit } = now();
    grip.place(p.scale.x(top().first + unit * top().step), p.scale.y(pairs.length));
  };
  p.onLayout(put);
  return (/** @type {State} */ state) => {
    const { pairs, sizes, seen, unit } = state;
    if (p.y.max !== pairs.length + 0.5 || p.x.max !== sizes[0]) p.axes({ x: { max: sizes[0] }, y: { max: pairs.length + 0.5, ticks: sizes.map((_, k) => k) } });
    const all = grids(pairs);
    const at = (/** @type {number} */ k, /** @type {number} */ i) => /** @type {[number, number]} */ ([all[k].first + i * all[k].step, k]);
    p.area("cone", [...seen.map(([first], k) => at(k, first)), ...seen.map(([, last], k) => at(k, last)).reverse()], { label: t("cone") });
    p.points("units", sizes.flatMap((size, k) => Array.from({ length: size }, (_, i) => at(k, i))), { kind: "muted", r: 1.5, label: t("units") });
    p.points("seen", seen.flatMap(([first, last], k) => Array.from({ length: last - first + 1 }, (_, i) => at(k, first + i))), { r: 3, label: t("seen") });
    put();
    const [first, last] = seen[0];
    grip.say(unit, t("gripWords", { unit, first, last }), [0, sizes[sizes.length - 1] - 1]);
    const text = sentence(state);
    p.describe(text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
  };
}

/** The formula in numbers. @param {State} state */
export function sentence({ pairs, seen, unit, field, jump }) {
  let stride = 1;
  const terms = pairs.map(([kernel, step]) => {
    const term = `(${kernel} − 1)·${stride}`;
    stride *= step;
    return term;
  });
  const weights = pairs.reduce((sum, [kernel]) => sum + kernel ** 2, 0);
  const values = { sum: terms.join(" + "), field, unit, first: seen[0][0], last: seen[0][1], weights, single: field ** 2, jump, stack: pairs.map(([kernel]) => kernel ** 2).join(" + ") };
  return [t("say", values), t(pairs.length > 1 ? "sayWeights" : "sayOne", values), ...(jump > 1 ? [t("sayJump", values)] : [])].join(" ");
}

/** @param {Frame} f */
function readouts(f) {
  const field = readout(f, { name: "field", label: t("readField"), format: String, width: 3 });
  const jump = readout(f, { name: "jump", label: t("readJump"), format: String, width: 3 });
  const units = readout(f, { name: "units", label: t("readUnits"), format: String, width: 3 });
  const weights = readout(f, { name: "weights", label: t("readWeights"), format: String, width: 3 });
  return (/** @type {State} */ state) => {
    field(state.field);
    jump(state.jump);
    units(state.sizes[state.sizes.length - 1]);
    weights(state.pairs.reduce((sum, [kernel]) => sum + kernel ** 2, 0));
    f.setReadout("first", state.seen[0][0]);
    f.setReadout("last", state.seen[0][1]);
  };
}

export default { render };
