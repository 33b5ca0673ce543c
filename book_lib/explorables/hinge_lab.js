// The hinge model of house prices: a printed table to find fault with, a half-plane that selects, and two repairs.

import { PRINTED, SHARES, active, hidden, prices } from "./core/hinge.js";
import { HOUSES } from "./core/houses.js";
import { border, halfPlane } from "./core/neuron.js";
import { choice, presets, slider, toggle } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { smallTable } from "./parts/handle.js";

const TRAITS = ["a", "b", "bias", "second", "suspect"];
const BOX = [0, 250, 0, 30]; // m², km
const HEIGHTS = [4500, 10_000, 30_000];

const t = strings({
  en: {
    name: "The hinge model of house prices", plane: "Five houses, and where the hinge is positive", bars: "Prices, and what the model makes of them",
    area: "area x₁ in m²", distance: "distance x₂ in km", house: "house", price: "price in 10⁴ yuan",
    a: "Weight of the area", b: "Weight of the distance", bias: "Bias", aWords: "{v} for each square metre", bWords: "{v} for each kilometre", biasWords: "bias {v}",
    second: "Second hinge, (53/3) ReLU(x₁ − 10x₂ − 60)", suspect: "Which printed row does not follow from the model?", row: "Row {i}",
    asPrinted: "As printed", repaired: "Repaired by a bias", both: "Both hinges", presets: "Models",
    border: "hinge = 0", selected: "selected by the hinge", houses: "houses", model: "model", printed: "printed", truth: "price",
    table: "The model, house by house", colH1: "h₁", colH2: "h₂", colY: "y", colT: "price", colP2: "h₂, print", colPy: "y, print",
    readMiss: "Largest miss, houses 1–4", readFive: "Miss of house 5", readActive: "Selected",
    sayAsk: "A slide once printed h₂ and y for the model y = 5x₁ + ReLU(12x₁ − 62x₂). Not all of its rows follow from it. Compute, then choose a row: the live numbers come after.",
    say1: "Row 1 is right: 12·60 − 62·2 = 596, and 300 + 596 = 896. Look further.", say2: "Row 2 is right: 12·70 − 62·8 = 344, and 350 + 344 = 694. Look further.",
    say3: "Yes, row 3: 12·220 − 62·25 = 1090 is positive, so h₂ is 1090 and not 0, and y = 1100 + 1090 = 2190 for a house that costs 1100. It is one of two wrong rows.",
    say4: "Yes, row 4: h₂ = 0 is right, but then y = 400 + 0 = 400, the exact price; the 680 is left over from the linear model. It is one of two wrong rows.",
    sayCone: "Without a bias this cannot be mended: row 3 is {alpha} times row 1 plus {beta} times row 2, so a hinge that is positive on rows 1 and 2 is positive on row 3.",
    sayMixed: "The hinge selects {active}. The first four houses are missed by at most {miss}.", sayNobody: "The hinge selects nobody: what is left is y = 5x₁.", saySecondOnly: "The first hinge selects nobody: what is left is y = 5x₁ and the second hinge.",
    sayFour: "With a bias the border need not pass through the origin: the hinge selects {active} and the first four houses are exact. House 5 is missed by {five}.",
    sayFive: "The second hinge is positive for house 5 alone and adds what is missing there: all five houses are exact. Five hinges for five points would learn any table by heart.",
    and: "and", nobody: "nobody", hidden: "?",
  },
  zh: {
    name: "房价的折线模型", plane: "五座房子，以及折线为正的区域", bars: "价格，以及模型给出的值",
    area: "面积 x₁（m²）", distance: "距离 x₂（km）", house: "房子", price: "价格（万元）",
    a: "面积的权重", b: "距离的权重", bias: "偏置", aWords: "每平方米 {v}", bWords: "每公里 {v}", biasWords: "偏置 {v}",
    second: "第二条折线 (53/3) ReLU(x₁ − 10x₂ − 60)", suspect: "印出的哪一行与模型不符？", row: "第 {i} 行",
    asPrinted: "如所印", repaired: "用偏置修正", both: "两条折线", presets: "模型",
    border: "折线 = 0", selected: "被折线选中", houses: "房子", model: "模型", printed: "所印", truth: "价格",
    table: "逐座房子的模型值", colH1: "h₁", colH2: "h₂", colY: "y", colT: "价格", colP2: "h₂ 所印", colPy: "y 所印",
    readMiss: "前四座的最大误差", readFive: "5 号房的误差", readActive: "被选中",
    sayAsk: "一张幻灯片曾印出模型 y = 5x₁ + ReLU(12x₁ − 62x₂) 的 h₂ 与 y，其中并非每一行都与模型相符。先计算，再选择一行：之后才显示实时数值。",
    say1: "第 1 行正确：12·60 − 62·2 = 596，300 + 596 = 896。再找找。", say2: "第 2 行正确：12·70 − 62·8 = 344，350 + 344 = 694。再找找。",
    say3: "对，第 3 行：12·220 − 62·25 = 1090 为正，所以 h₂ 是 1090 而不是 0，y = 1100 + 1090 = 2190，而这座房子值 1100。错的共有两行，这是其中之一。",
    say4: "对，第 4 行：h₂ = 0 正确，但 y = 400 + 0 = 400，正是价格；680 是线性模型留下的。错的共有两行，这是其中之一。",
    sayCone: "没有偏置就无法修正：第 3 行是第 1 行的 {alpha} 倍加第 2 行的 {beta} 倍，因此在第 1、2 行为正的折线在第 3 行也为正。",
    sayMixed: "折线选中 {active}。前四座房子的误差至多为 {miss}。", sayNobody: "折线没有选中任何房子：只剩下 y = 5x₁。", saySecondOnly: "第一条折线没有选中任何房子：只剩下 y = 5x₁ 和第二条折线。",
    sayFour: "有了偏置，边界不必经过原点：折线选中 {active}，前四座房子完全准确。5 号房的误差为 {five}。",
    sayFive: "第二条折线只对 5 号房为正，补上所缺的部分：五座房子全部准确。五个点用五条折线，可以背下任何表格。",
    and: "和", nobody: "无", hidden: "?",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/hinge.js").Knobs & {suspect: number}} State */

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "hinge_lab", label: t("name") });
  controls(f);
  f.stage.classList.add("xp-pairs");
  const [left, right] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(left, right, caption);
  const [drawPlane, drawPrices, fillTable, show] = [planePlot(f, left), pricePlot(f, right), houseTable(f), readouts(f)];
  const draw = () => {
    const now = /** @type {State} */ (/** @type {any} */ (Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]))));
    const text = sentence(now);
    drawPlane(now, text);
    drawPrices(now, text);
    fillTable(now);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now);
  };
  for (const name of TRAITS) f.watch(name, draw);
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  choice(f, { trait: "suspect", label: t("suspect"), options: [1, 2, 3, 4].map((value) => ({ value, label: t("row", { i: value }) })) });
  slider(f, { trait: "a", label: t("a"), symbol: "a", min: -20, max: 20, step: 0.5, exact: false, words: (v) => t("aWords", { v: fixed(v, 1) }) });
  slider(f, { trait: "b", label: t("b"), symbol: "b", min: -120, max: 40, step: 1, exact: false, words: (v) => t("bWords", { v: fixed(v, 0) }) });
  slider(f, { trait: "bias", label: t("bias"), symbol: "c", min: -1000, max: 1000, step: 10, exact: false, words: (v) => t("biasWords", { v: fixed(v, 0) }) });
  toggle(f, { trait: "second", label: t("second") });
  presets(f, [
    { label: t("asPrinted"), set: { a: 12, b: -62, bias: 0, second: false } },
    { label: t("repaired"), set: { a: 2, b: -45, bias: 570, second: false } },
    { label: t("both"), set: { a: 2, b: -45, bias: 570, second: true } },
  ], { label: t("presets") });
}

/** Whether the model is the printed one. @param {State} now */
const asPrinted = ({ a, b, bias, second }) => a === 12 && b === -62 && bias === 0 && !second;

/** The live numbers stay away until the reader has looked at the printed ones, or has turned a knob. @param {State} now */
const revealed = (now) => now.suspect > 0 || !asPrinted(now);

/** @param {Frame} f @param {HTMLElement} into */
function planePlot(f, into) {
  const p = plot(f, { into, title: t("plane"), height: 300, legend: true, table: false, x: { label: t("area"), min: 0, max: 250 }, y: { label: t("distance"), min: 0, max: 30 } });
  const layer = p.layer("names", { keep: true });
  const names = HOUSES.map((_, i) => s("text", { class: "xp-hl-name" }, String(i + 1)));
  layer.append(...names);
  const put = () => HOUSES.forEach(({ area, distance }, i) => {
    names[i].setAttribute("x", String(p.scale.x(area) + 7));
    names[i].setAttribute("y", String(p.scale.y(distance) - 6));
  });
  p.onLayout(put);
  put();
  return (/** @type {State} */ now, /** @type {string} */ text) => {
    const { a, b, bias } = now;
    const seen = revealed(now); // which houses it selects is half of the answer
    p.area("selected", seen ? halfPlane([a, b, bias], BOX) : [], { label: t("selected") });
    p.line("border", seen ? border([a, b, bias], BOX) : [], { kind: "theory", label: t("border") });
    p.points("houses", HOUSES.map(({ area, distance }) => [area, distance]), { kind: "theory", r: 4.5, label: t("houses") });
    p.describe(text);
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function pricePlot(f, into) {
  const p = plot(f, { into, title: t("bars"), height: 300, legend: true, x: { label: t("house"), min: 0.5, max: 5.5, ticks: [1, 2, 3, 4, 5] }, y: { label: t("price"), min: 0, max: HEIGHTS[0] } });
  return (/** @type {State} */ now, /** @type {string} */ text) => {
    const ys = prices(now);
    const seen = revealed(now);
    const height = seen ? HEIGHTS.find((v) => v >= Math.max(...ys)) ?? 100_000 : HEIGHTS[0];
    if (p.y.max !== height) p.axes({ y: { max: height } });
    p.line("misses", seen ? HOUSES.flatMap(({ price }, i) => [[i + 1.12, price], [i + 1.12, ys[i]], [NaN, NaN]]) : [], { kind: "muted" });
    p.points("prices", HOUSES.map(({ price }, i) => [i + 1, price]), { kind: "theory", r: 5, label: t("truth") });
    p.points("printed", asPrinted(now) ? PRINTED.y.map((y, i) => [i + 0.88, y]) : [], { kind: "mean_field", r: 4, label: t("printed") });
    p.points("model", seen ? ys.map((y, i) => [i + 1.12, y]) : [], { r: 4, label: t("model") });
    p.describe(text);
  };
}

/** @param {Frame} f */
function houseTable(f) {
  const columns = [t("house"), t("colH1"), t("colH2"), t("colY"), t("colT"), t("colP2"), t("colPy")];
  const table = smallTable(t("table"), columns, HOUSES.map((_, i) => String(i + 1)));
  table.node.classList.add("xp-wide", "xp-hl-table");
  f.stage.append(table.node);
  return (/** @type {State} */ now) => {
    const seen = revealed(now);
    const round = (/** @type {number} */ v) => significant(Number(v.toFixed(1)), 5);
    table.fill(hidden(now).map(([h1, h2, extra], i) => [
      round(h1), seen ? round(h2) + (extra ? ` + ${round(extra)}` : "") : t("hidden"), seen ? round(h1 + h2 + extra) : t("hidden"),
      String(HOUSES[i].price), ...(asPrinted(now) && i < 4 ? [String(PRINTED.h2[i]), String(PRINTED.y[i])] : ["–", "–"]),
    ]));
  };
}

/** @param {number[]} rows */
function listed(rows) {
  if (!rows.length) return t("nobody");
  return rows.length === 1 ? String(rows[0]) : `${rows.slice(0, -1).join(", ")} ${t("and")} ${rows[rows.length - 1]}`;
}

/** @param {State} now */
export function sentence(now) {
  if (!revealed(now)) return t("sayAsk");
  const gaps = prices(now).map((y, i) => HOUSES[i].price - y);
  const chosen = active(now);
  const most = Math.max(...gaps.slice(0, 4).map(Math.abs));
  const values = { active: listed(chosen), miss: significant(most, 4), five: significant(Math.abs(gaps[4]), 4), alpha: fixed(SHARES[0], 4), beta: fixed(SHARES[1], 4) };
  const parts = asPrinted(now) ? [t(`say${now.suspect}`)] : [];
  if (most < 1e-6 && Math.abs(gaps[4]) < 1e-6) parts.push(t("sayFive"));
  else if (most < 1e-6) parts.push(t("sayFour", values));
  else if (!chosen.length) parts.push(t(now.second ? "saySecondOnly" : "sayNobody"));
  else if (!asPrinted(now)) parts.push(t("sayMixed", values));
  if (now.bias === 0 && chosen.includes(1) && chosen.includes(2)) parts.push(t("sayCone", values));
  return parts.join(" ");
}

/** @param {Frame} f */
function readouts(f) {
  const miss = readout(f, { name: "largest_miss", label: t("readMiss"), format: (v) => (v === "" ? "?" : significant(v, 5)), width: 6 });
  const five = readout(f, { name: "miss_5", label: t("readFive"), format: (v) => (v === "" ? "?" : significant(v, 5)), width: 6 });
  const chosen = readout(f, { name: "active", label: t("readActive"), format: String, width: 10 });
  return (/** @type {State} */ now) => {
    const ys = prices(now);
    const gaps = ys.map((y, i) => HOUSES[i].price - y);
    const seen = revealed(now);
    miss(seen ? Math.max(...gaps.slice(0, 4).map(Math.abs)) : "");
    five(seen ? gaps[4] : "");
    chosen(seen ? listed(active(now)) : t("hidden"));
    ys.forEach((y, i) => f.setReadout(`y${i + 1}`, seen ? y : ""));
  };
}

export default { render };
