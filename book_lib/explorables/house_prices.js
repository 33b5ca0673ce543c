// House prices from area and distance: three knobs with units, a bar for each miss, least squares, and a fifth house.

import { bestKnobs, mse, priceOf, shown, HOUSES } from "./core/houses.js";
import { button, presets, slider, toggle } from "./kit/controls.js";
import { h, s, setDisabled } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { smallTable } from "./parts/handle.js";

const TRAITS = ["price_per_m2", "penalty_per_km", "base"];
const LIMITS = [[0, 20], [-120, 30], [0, 1500]];
const TOPS = [1400, 2500, 4500, 7000]; // heights of the plot
const WIDTH = 0.22; // half of the stroke at a predicted price
const BOTTOMS = [0, -500, -1500, -3500];

const t = strings({
  en: {
    name: "House prices by three knobs",
    perMetre: "A square metre, 10⁴ yuan/m²", perKilometre: "A kilometre from the centre, 10⁴ yuan/km", base: "To begin with, 10⁴ yuan",
    perMetreWords: "{v} times ten thousand yuan a square metre", perKilometreWords: "{v} times ten thousand yuan a kilometre",
    baseWords: "{v} times ten thousand yuan to begin with",
    fifth: "Add the fifth house", fit: "Fit for me", hand: "Knobs by hand", nothing: "Area alone",
    house0: "Xicheng", house1: "Haidian", house2: "Shunyi", house3: "Changping", house4: "Xicheng, 200 m²",
    plotTitle: "Prices, and what the knobs make of them", axisHouse: "house", axisPrice: "price in 10⁴ yuan",
    price: "price", mine: "your knobs",
    table: "Houses; prices in 10⁴ yuan", area: "m²", distance: "km", colPrice: "price", colMine: "yours", colMiss: "price − yours", unit: "per m²",
    readMse: "Mean squared error, (10⁴ yuan)²", readRms: "Its root, 10⁴ yuan", readBest: "Least possible",
    sayHand: "A typical miss is {rms}, the largest {miss} ({house}). Turn the knobs: how small can the mean square become?",
    sayKnown: "A typical miss is {rms}, the largest {miss} ({house}). On these {n} rows a mean square of {best} can be reached.",
    sayFit4: "Least squares: a typical miss is {rms}, the largest {miss} ({house}). Four houses, three knobs: a plane does well on them.",
    sayFit5: "Least squares on five rows: a typical miss is {rms}, and {house} is off by {miss}. No plane goes through all five: look at the price per m².",
    sayBelow: "{house} would cost {price}: less than nothing.",
  },
  zh: {
    name: "用三个旋钮估房价",
    perMetre: "每平方米，万元/m²", perKilometre: "离中心每公里，万元/km", base: "基础价，万元",
    perMetreWords: "每平方米 {v} 万元", perKilometreWords: "每公里 {v} 万元", baseWords: "基础价 {v} 万元",
    fifth: "加入第五套房", fit: "替我拟合", hand: "手选旋钮", nothing: "只看面积",
    house0: "西城", house1: "海淀", house2: "顺义", house3: "昌平", house4: "西城 200 m²",
    plotTitle: "价格与旋钮给出的价格", axisHouse: "房屋", axisPrice: "价格（万元）",
    price: "价格", mine: "你的旋钮",
    table: "房屋（价格单位：万元）", area: "m²", distance: "km", colPrice: "价格", colMine: "你的", colMiss: "价格 − 你的", unit: "每 m²",
    readMse: "均方误差（万元²）", readRms: "其平方根（万元）", readBest: "最小可能",
    sayHand: "典型偏差为 {rms}，最大为 {miss}（{house}）。调旋钮：均方误差能降到多小？",
    sayKnown: "典型偏差为 {rms}，最大为 {miss}（{house}）。这 {n} 行上均方误差可降到 {best}。",
    sayFit4: "最小二乘：典型偏差为 {rms}，最大为 {miss}（{house}）。四套房、三个旋钮：平面足以描述。",
    sayFit5: "五行的最小二乘：典型偏差为 {rms}，{house} 差了 {miss}。没有平面能穿过全部五点：看每 m² 的价格。",
    sayBelow: "{house} 的价格会是 {price}：比零还低。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/houses.js").Knobs} Knobs */
/** @typedef {import("./core/houses.js").House} House */
/** @typedef {{knobs: Knobs, houses: House[], best: Knobs, known: boolean}} State  known: the least was reached once */

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "house_prices", label: t("name") });
  const reached = new Set(); // counts of rows: what is least is for the reader to find, and is told only then
  /** @returns {State} */
  const state = () => {
    const houses = shown(model.get("fifth"));
    const now = { knobs: /** @type {Knobs} */ (TRAITS.map((name) => model.get(name))), houses, best: bestKnobs(houses), known: false };
    if (isBest(now)) reached.add(houses.length);
    return { ...now, known: reached.has(houses.length) };
  };
  const fit = controls(f, state);
  const view = picture(f);
  const update = () => {
    const now = state();
    setDisabled(fit, isBest(now));
    view(now);
  };
  for (const name of [...TRAITS, "fifth"]) f.watch(name, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Knobs} knobs */
const asTraits = (knobs) => Object.fromEntries(TRAITS.map((name, i) => [name, knobs[i]]));

/** @param {State} state */
const isBest = ({ knobs, houses, best }) => mse(knobs, houses) < mse(best, houses) * (1 + 1e-9) + 1e-9;

/** @param {Frame} f @param {() => State} state @returns {HTMLButtonElement} the one that fits */
function controls(f, state) {
  const keys = ["perMetre", "perKilometre", "base"];
  const steps = [0.1, 1, 10];
  TRAITS.forEach((trait, i) => slider(f, { trait, label: t(keys[i]), symbol: ["w₁", "w₂", "c"][i], min: LIMITS[i][0],
    max: LIMITS[i][1], step: steps[i], exact: false, words: (v) => t(`${keys[i]}Words`, { v: fixed(v, 1) }) }));
  toggle(f, { trait: "fifth", label: t("fifth") });
  presets(f, [
    { label: t("hand"), set: asTraits([3.5, -15, 700]) },
    { label: t("nothing"), set: asTraits([9, 0, 0]) },
  ]);
  f.stage.after(f.toolbar, f.readouts);
  return button(f, { label: t("fit"), primary: true, where: "toolbar", onClick: () => f.assign(asTraits(state().best)) });
}

/** @param {Frame} f */
function picture(f) {
  const p = plot(f, { title: t("plotTitle"), height: 280, legend: true, table: false,
    x: { label: t("axisHouse"), min: -0.5, max: 3.5 }, y: { label: t("axisPrice"), min: BOTTOMS[0], max: TOPS[0] } });
  const caption = h("p", { class: "xp-caption" });
  const names = HOUSES.map((_, i) => `${i + 1} ${t(`house${i}`)}`);
  const columns = ["", "area", "distance", "colPrice", "colMine", "colMiss", "unit"].map((key) => key && t(key));
  const table = smallTable(t("table"), columns, names);
  table.node.classList.add("xp-hp-table");
  f.stage.append(caption, table.node);
  const bars = p.layer("misses");
  const show = readouts(f);
  /** @type {State | null} */
  let now = null;
  const drawBars = () => void (now && bars.replaceChildren(...misses(now, p)));
  p.onLayout(drawBars);
  f.addTable(() => (now ? { caption: t("table"), columns: [t("axisHouse"), ...columns.slice(1)], rows: now.houses.map((house, i) =>
    [names[i], ...numbers(house, /** @type {State} */ (now).knobs)]) } : []));
  return (/** @type {State} */ state) => {
    now = state;
    limits(p, state);
    p.points("price", state.houses.map((house, i) => [i, house.price]), { kind: "theory", r: 4.5, label: t("price") });
    p.line("mine", state.houses.flatMap((house, i) => [-WIDTH, WIDTH, NaN].map((side) => [i + side, priceOf(state.knobs, house)])), { label: t("mine") });
    drawBars();
    table.fill(HOUSES.map((house) => numbers(house, state.knobs).map((v, i) => fixed(v, i < 5 ? 0 : 1))));
    table.node.tBodies[0].rows[4].hidden = state.houses.length < 5;
    const text = sentence(state, names);
    if (caption.textContent !== text) caption.textContent = text;
    p.describe(text);
    f.announce(text);
    show(state);
  };
}

/** Area, distance, price, prediction, error t − y and unit price. @param {House} house @param {Knobs} knobs */
function numbers(house, knobs) {
  const y = priceOf(knobs, house);
  return [house.area, house.distance, house.price, y, house.price - y, house.price / house.area];
}

/** @param {State} state @param {import("./kit/plot.js").Plot} p */
function misses({ knobs, houses }, p) {
  return houses.map((house, i) => s("path", { class: "xp-hf-miss", d:
    `M${p.scale.x(i).toFixed(1)} ${p.scale.y(house.price).toFixed(1)}V${p.scale.y(priceOf(knobs, house)).toFixed(1)}` }));
}

/** Axes on which everything is in sight; they change in few leaps. @param {import("./kit/plot.js").Plot} p @param {State} state */
function limits(p, { knobs, houses }) {
  const all = houses.flatMap((house) => [house.price, priceOf(knobs, house)]);
  const max = TOPS.find((v) => v >= 1.02 * Math.max(...all)) ?? TOPS[TOPS.length - 1];
  const min = BOTTOMS.find((v) => v <= Math.min(...all)) ?? BOTTOMS[BOTTOMS.length - 1];
  const last = houses.length - 0.5;
  if (p.y.max === max && p.y.min === min && p.x.max === last && p.x.ticks) return;
  p.axes({ x: { max: last, ticks: houses.map((_, i) => i), format: (i) => String(i + 1) }, y: { min, max } });
}

/** How well the knobs do. @param {State} state @param {string[]} names */
export function sentence(state, names) {
  const { knobs, houses, best } = state;
  const all = houses.map((house) => priceOf(knobs, house) - house.price);
  const worst = all.reduce((most, v, i) => (Math.abs(v) > Math.abs(all[most]) ? i : most), 0);
  const values = { rms: significant(Math.sqrt(mse(knobs, houses)), 3), miss: significant(Math.abs(all[worst]), 3), house: names[worst],
    best: significant(mse(best, houses), 6), n: houses.length };
  const parts = [t(!isBest(state) ? (state.known ? "sayKnown" : "sayHand") : houses.length === 4 ? "sayFit4" : "sayFit5", values)];
  const below = houses.findIndex((house) => priceOf(knobs, house) < 0);
  if (below >= 0) parts.push(t("sayBelow", { house: names[below], price: fixed(priceOf(knobs, houses[below]), 0) }));
  return parts.join(" ");
}

/** @param {Frame} f */
function readouts(f) {
  const size = (/** @type {number} */ v) => fixed(v, v < 10_000 ? 2 : 1);
  const error = readout(f, { name: "mse", label: t("readMse"), format: size, width: 11 });
  const root = readout(f, { name: "rms", label: t("readRms"), format: (v) => fixed(v, 1), width: 7 });
  const least = readout(f, { name: "best_mse", label: t("readBest"), format: size, width: 9 });
  return (/** @type {State} */ { knobs, houses, best, known }) => {
    error(mse(knobs, houses));
    root(Math.sqrt(mse(knobs, houses)));
    least(known ? mse(best, houses) : NaN);
    HOUSES.forEach((house, i) => {
      f.setReadout(`price${i + 1}`, i < houses.length ? priceOf(knobs, house) : NaN);
      f.setReadout(`unit${i + 1}`, house.price / house.area);
    });
  };
}

export default { render };
