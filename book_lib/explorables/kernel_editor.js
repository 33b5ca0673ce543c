// A kernel edited by hand on photographs: the picture before and after, and the nine products of one pixel.

import { KERNELS, VIEWS, crossCorrelate, entryText, isCut, shade, turned, windowAt } from "./core/kernels.js";
import { choice, numberBox, presets } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { parseNumber } from "./kit/quiz.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { whenLoaded } from "./kit/waiting.js";
import { handle } from "./parts/handle.js";

const SIDE = 128;
const UNIT = 4; // of the drawing over a picture, for a pixel
const MOST = 10; // of an entry
const NAMES = ["brick", "cat", "coins", "moon"];
const TRAITS = ["photograph", "kernel", "row", "column", "flip", "view"];

const t = strings({
  en: {
    name: "Kernel editor", photograph: "Photograph", brick: "Brick", cat: "Cat", coins: "Coins", moon: "Moon",
    before: "Photograph", after: "After the kernel", grip: "The pixel that is computed", gripWords: "row {row}, column {column}",
    help: "Drag the frame, or move it by arrow keys; click anywhere in a picture. The outermost pixels have no full window, and so no sum.",
    kernel: "Kernel (also fractions: 1/9)", entry: "Kernel, row {i}, column {j}", kernels: "Ready-made kernels",
    identity: "Identity", "vertical edges": "Vertical edges", "horizontal edges": "Horizontal edges", blur: "Blur", gaussian: "Gaussian",
    sharpen: "Sharpen", emboss: "Emboss", laplace: "Laplace",
    flip: "Kernel is laid on", straight: "As it is", turned: "Turned by 180°",
    view: "Show sums", clipped: "Clipped", absolute: "Size only", signed: "0 is grey",
    table: "Pixel times weight, nine times", loading: "Loading the photographs …", failed: "The photographs could not be loaded: {reason}",
    say: "Row {row}, column {column}: the nine products add up to {sum}, shown as the grey {grey} of 255.",
    sayCut: "{cut} of the {all} sums are beyond the greys of this view and shown as plain black or white.",
    sayNone: "All entries are 0, and so is every sum.",
    sayFlat: "The kernel's entries sum to 0: where the photograph is even the sum is 0; only where something changes can it be another.",
    sayKeep: "The kernel's entries sum to 1: where the photograph is even it stays as it is.",
    sayScale: "The kernel's entries sum to {total}: where the photograph is even the sum is {total} times its grey.",
    sayAcross: "Cross-correlation, which networks call convolution.", sayTurned: "Turned first: the convolution of mathematics.",
    saySame: "This kernel looks the same turned by 180°: both are one.",
    readPixel: "Pixel", readSum: "Sum of products", readShown: "Shown as", readRange: "Sums from … to", colPixel: "pixel", colWeight: "weight", colProduct: "product",
  },
  zh: {
    name: "卷积核编辑器", photograph: "照片", brick: "砖墙", cat: "猫", coins: "硬币", moon: "月面",
    before: "照片", after: "经过卷积核", grip: "正在计算的像素", gripWords: "第 {row} 行，第 {column} 列",
    help: "拖动方框，或用方向键移动；也可点击图中任意处。最外一圈像素没有完整的窗口，因此没有和。",
    kernel: "卷积核（也可写分数：1/9）", entry: "卷积核第 {i} 行第 {j} 列", kernels: "现成的卷积核",
    identity: "恒等", "vertical edges": "竖直边缘", "horizontal edges": "水平边缘", blur: "模糊", gaussian: "高斯",
    sharpen: "锐化", emboss: "浮雕", laplace: "拉普拉斯",
    flip: "卷积核放置方式", straight: "原样", turned: "转 180°",
    view: "显示方式", clipped: "截断", absolute: "只看大小", signed: "0 为灰色",
    table: "像素乘以权重，共九次", loading: "正在加载照片……", failed: "无法加载照片：{reason}",
    say: "第 {row} 行，第 {column} 列：九个乘积之和为 {sum}，显示为灰度 {grey}（最大 255）。",
    sayCut: "{all} 个和中有 {cut} 个超出这种显示方式的灰度范围，显示为纯黑或纯白。", sayNone: "各项都是 0，所有的和也都是 0。",
    sayFlat: "卷积核各项之和为 0：照片均匀处的和为 0，只有变化处才可能不是 0。", sayKeep: "卷积核各项之和为 1：照片均匀处保持原样。",
    sayScale: "卷积核各项之和为 {total}：照片均匀处的和是其灰度的 {total} 倍。",
    sayAcross: "互相关，神经网络中称为卷积。", sayTurned: "先翻转：数学意义上的卷积。", saySame: "这个卷积核转 180° 后不变：二者相同。",
    readPixel: "像素", readSum: "乘积之和", readShown: "显示为", readRange: "和的范围", colPixel: "像素", colWeight: "权重", colProduct: "乘积",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {{photograph: string, kernel: number[], row: number, column: number, flip: boolean, view: string}} Settings */
/** @typedef {Settings & {image: Uint8Array, used: number[], sums: Float64Array, pixels: number[], sum: number, grey: number, cut: number}} State */

/** @typedef {Record<string, import("./kit/assets.js").Values>} Photographs */

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "kernel_editor", label: t("name") });
  const words = { loading: t("loading"), failed: (/** @type {string} */ reason) => t("failed", { reason }) };
  return whenLoaded(f, words, (/** @type {Photographs} */ photographs) => start(f, photographs));
}

/** @param {Frame} f @param {Photographs} photographs */
function start(f, photographs) {
  const { model } = f;
  const draw = picture(f);
  controls(f);
  const show = readouts(f);
  const update = () => {
    const settings = /** @type {Settings} */ (/** @type {unknown} */ (Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]))));
    const state = compute(settings, /** @type {Uint8Array} */ (photographs[settings.photograph].data));
    draw(state);
    show(state);
  };
  for (const trait of TRAITS) f.watch(trait, update);
  update();
  f.publish();
}

/** @param {Settings} settings @param {Uint8Array} image @returns {State} */
export function compute(settings, image) {
  const used = settings.flip ? turned(settings.kernel) : settings.kernel;
  const pixels = windowAt(image, SIDE, settings.row, settings.column);
  const sum = pixels.reduce((total, pixel, i) => total + pixel * used[i], 0);
  const sums = crossCorrelate(image, SIDE, used);
  const cut = sums.reduce((count, one) => count + Number(isCut(settings.view, one)), 0);
  return { ...settings, image, used, pixels, sum, grey: shade(settings.view, sum), sums, cut };
}

/** @param {Frame} f */
function controls(f) {
  choice(f, { trait: "photograph", label: t("photograph"), options: NAMES.map((value) => ({ value, label: t(value) })) });
  kernelBoxes(f);
  presets(f, Object.entries(KERNELS).map(([name, kernel]) => ({ label: t(name), set: { kernel } })), { label: t("kernels") });
  choice(f, { trait: "flip", label: t("flip"), options: [{ value: false, label: t("straight") }, { value: true, label: t("turned") }] });
  choice(f, { trait: "view", label: t("view"), options: VIEWS.map((value) => ({ value, label: t(value) })) });
  f.share("kernel", (all) => all.length === 9 && all.every((/** @type {number} */ v) => Math.abs(v) <= MOST));
  for (const trait of ["row", "column"]) f.share(trait, (v) => Number.isInteger(v) && v >= 1 && v <= SIDE - 2);
  f.stage.after(f.readouts);
}

/** Nine boxes. @param {Frame} f */
function kernelBoxes(f) {
  const boxes = Array.from({ length: 9 }, (_, k) => {
    const label = t("entry", { i: Math.floor(k / 3) + 1, j: (k % 3) + 1 });
    const box = numberBox(f, { label, min: -MOST, max: MOST, parse: parseNumber }, label, (v) => {
      const kernel = /** @type {number[]} */ (f.model.get("kernel"));
      if (box.input.value === entryText(kernel[k])) return; // subtle: what is shown may be rounded; leave it alone
      f.assign({ kernel: kernel.map((old, i) => (i === k ? v : old)) });
    });
    return { ...box, node: h("span", { class: "xp-field xp-ke-cell" }, box.input, box.error) };
  });
  const show = () => boxes.forEach(({ input, clear }, k) => {
    const text = entryText(f.model.get("kernel")[k]);
    if (input.value !== text) input.value = text;
    clear();
  });
  f.watch("kernel", show);
  show();
  f.controls.append(h("fieldset", { class: "xp-field xp-ke-kernel" }, h("legend", { class: "xp-label" }, t("kernel")),
    h("div", { class: "xp-ke-grid" }, ...boxes.map(({ node }) => node))));
}

/** @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-pairs");
  const before = pane(f, t("before"));
  const after = pane(f, t("after"));
  const mark = windowFrame();
  const go = (/** @type {number} */ column, /** @type {number} */ row) => {
    const keep = (/** @type {number} */ v) => Math.min(SIDE - 2, Math.max(1, Math.round(v)));
    f.assign({ row: keep(row), column: keep(column) });
  };
  for (const { over } of [before, after]) sheet(f, over, go);
  after.over.append(mark);
  const grip = handle(f, before.over, before.over, {
    label: t("grip"), shape: "xp-ke-grip",
    onMove: (x, y) => go(x / UNIT - 0.5, y / UNIT - 0.5),
    onKey: (right, up) => go(f.model.get("column") + right, f.model.get("row") - up),
  });
  grip.node.append(windowFrame());
  const products = productTable(f);
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(before.node, after.node, h("p", { class: "xp-help xp-wide" }, t("help")), products.node, caption);
  return (/** @type {State} */ state) => {
    const { row, column, image, sums, view } = state;
    const text = sentence(state);
    before.paint((k) => image[k], `${t("before")}: ${t(state.photograph)}`);
    const inner = SIDE - 2;
    after.paint((k) => {
      const [r, c] = [Math.floor(k / SIDE) - 1, (k % SIDE) - 1];
      return r < 0 || c < 0 || r >= inner || c >= inner ? null : shade(view, sums[r * inner + c]);
    }, `${t("after")}. ${text}`);
    grip.place((column + 0.5) * UNIT, (row + 0.5) * UNIT);
    grip.say(row * SIDE + column, t("gripWords", { row, column }), [SIDE + 1, (SIDE - 2) * (SIDE + 1)]);
    mark.setAttribute("transform", `translate(${(column + 0.5) * UNIT} ${(row + 0.5) * UNIT})`);
    products.draw(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
  };
}

/** Around nine pixels, dark on light or light on dark, so that it is seen on every grey. */
const windowFrame = () => s("g", {}, ...["xp-ke-halo", "xp-ke-mark"].map((name) =>
  s("rect", { class: name, x: -2.5 * UNIT, y: -2.5 * UNIT, width: 5 * UNIT, height: 5 * UNIT })));

/** What is pressed where no frame is. @param {Frame} f @param {SVGSVGElement} over @param {(column: number, row: number) => void} go */
function sheet(f, over, go) {
  const node = s("rect", { width: UNIT * SIDE, height: UNIT * SIDE, class: "xp-ke-sheet" });
  node.addEventListener("click", (event) => {
    const box = node.getBoundingClientRect();
    go(((event.clientX - box.left) / box.width) * SIDE - 0.5, ((event.clientY - box.top) / box.height) * SIDE - 0.5);
  }, { signal: f.signal });
  over.append(node);
}

/** A picture in greys with room to draw over it. @param {Frame} f @param {string} title */
function pane(f, title) {
  const canvas = h("canvas", { class: "xp-ke-picture", role: "img", width: SIDE, height: SIDE, "aria-label": title });
  const over = s("svg", { class: "xp-ke-over", viewBox: `0 0 ${UNIT * SIDE} ${UNIT * SIDE}` });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const data = context.createImageData(SIDE, SIDE);
  return {
    over,
    node: h("figure", { class: "xp-ke-pane" }, h("div", { class: "xp-ke-stack" }, canvas, over), h("figcaption", { class: "xp-label" }, title)),
    /** @param {(k: number) => number | null} grey  null: no pixel there @param {string} text */
    paint(grey, text) {
      for (let k = 0; k < SIDE * SIDE; k++) {
        const v = grey(k);
        data.data.set(v === null ? [0, 0, 0, 0] : [v, v, v, 255], 4 * k);
      }
      context.putImageData(data, 0, 0);
      canvas.setAttribute("aria-label", text);
    },
  };
}

/** Nine cells: pixel times weight is product, on the grey of the pixel. @param {Frame} f */
function productTable(f) {
  const cells = Array.from({ length: 9 }, () => h("td", { class: "xp-ke-product" }, h("span"), h("b")));
  const node = h("table", { class: "xp-ke-products xp-wide", "aria-label": t("table") },
    h("tbody", {}, ...[0, 3, 6].map((i) => h("tr", {}, ...cells.slice(i, i + 3)))));
  let rows = /** @type {number[][]} */ ([]);
  f.addTable(() => ({ caption: t("table"), columns: ["", t("colPixel"), t("colWeight"), t("colProduct")],
    rows: rows.map((row, k) => [`${Math.floor(k / 3) + 1}, ${(k % 3) + 1}`, ...row]) }));
  return { node, draw(/** @type {State} */ { pixels, used }) {
    rows = pixels.map((pixel, k) => [pixel, used[k], pixel * used[k]]);
    cells.forEach((cell, k) => {
      const [pixel, weight, product] = rows[k];
      cell.style.backgroundColor = `rgb(${pixel} ${pixel} ${pixel})`;
      cell.style.color = pixel > 118 ? "#000" : "#fff"; // at least 4.5 : 1 on every grey
      cell.children[0].textContent = `${pixel} × ${bracket(entryText(weight).replace("-", "−"))}`;
      cell.children[1].textContent = `= ${number(product)}`;
    });
    f.tableChanged();
  } };
}

/** @param {string} text */
const bracket = (text) => (/[−/]/.test(text) ? `(${text})` : text);

/** Whole numbers in full, whatever their size; large ones with two decimals. @param {number} v */
const number = (v) => (Math.abs(v) < 100 ? significant(v, 4) : significant(Number(v.toFixed(2)), 9));

/** What the kernel does here and in general. @param {State} state */
export function sentence({ row, column, sum, grey, kernel, flip, cut, sums }) {
  const total = kernel.reduce((a, b) => a + b, 0);
  const same = turned(kernel).every((v, i) => Math.abs(v - kernel[i]) < 1e-9);
  const kind = Math.abs(total) < 1e-9 ? (kernel.some(Boolean) ? "sayFlat" : "sayNone") : Math.abs(total - 1) < 1e-9 ? "sayKeep" : "sayScale";
  return [t("say", { row, column, sum: number(sum), grey }), cut && t("sayCut", { cut, all: sums.length }), t(kind, { total: number(total) }),
    t(same ? "saySame" : flip ? "sayTurned" : "sayAcross")].filter(Boolean).join(" ");
}

/** @param {Frame} f */
function readouts(f) {
  const pixel = readout(f, { name: "pixel", label: t("readPixel"), format: String, width: 3 });
  const sum = readout(f, { name: "sum", label: t("readSum"), format: number, width: 7 });
  const shown = readout(f, { name: "shown", label: t("readShown"), format: String, width: 3 });
  const range = readout(f, { name: "range", label: t("readRange"), format: String, width: 12 });
  return (/** @type {State} */ state) => {
    pixel(state.pixels[4]);
    sum(state.sum);
    shown(state.grey);
    const [low, high] = state.sums.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    range(`${number(low)} … ${number(high)}`);
    f.setReadout("cut", state.cut);
    f.setReadout("least", low);
    f.setReadout("most", high);
    f.setReadout("total", state.sums.reduce((a, v) => a + v, 0));
  };
}

export default { render };
