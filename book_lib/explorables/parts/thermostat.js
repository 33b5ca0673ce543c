// A slider for all temperatures, from 0 to ∞ with both ends, and the same scale as the axis of a plot.

import { button, numberBox } from "../kit/controls.js";
import { h, uniqueId } from "../kit/dom.js";
import { significant } from "../kit/format.js";
import { strings } from "../kit/strings.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */

export const STEPS = 200; // positions 0 (T = 0) … 200 (T = ∞); 1 … 199 are logarithmic, and T = 1 is in the middle
const COLDEST = 0.02;
const SPAN = 2500; // the hottest finite position is so many times hotter
export const HOTTEST = 1e308; // stands for ∞ in the trait, as in softmax_temperature.py: JSON has no infinity
const TYPED = 1000; // the largest number that can be typed

const t = strings({
  en: {
    temperature: "Temperature", typed: "Temperature, as a number",
    zero: "0, argmax", one: "1", infinite: "∞, uniform",
    zeroName: "T = 0, argmax", oneName: "T = 1", infiniteName: "T = ∞, uniform",
    tooHot: "Temperature: above {max} press ∞.", tooCold: "Temperature: there is none below 0.",
    say0: "T = 0: the largest scores take all", sayCold: "T = {v}, cold", say1: "T = 1, the scores as they are",
    sayMild: "T = {v}", sayHot: "T = {v}, hot", sayInfinite: "T = ∞: all alike",
  },
  zh: {
    temperature: "温度", typed: "温度（数值）",
    zero: "0，取最大", one: "1", infinite: "∞，均匀",
    zeroName: "T = 0，取最大者", oneName: "T = 1", infiniteName: "T = ∞，均匀",
    tooHot: "温度：超过 {max} 请按 ∞。", tooCold: "温度不能低于 0。",
    say0: "T = 0：得分最高者独占", sayCold: "T = {v}，冷", say1: "T = 1，得分保持原样",
    sayMild: "T = {v}", sayHot: "T = {v}，热", sayInfinite: "T = ∞：一视同仁",
  },
});

/** The temperature at a position, rounded to three digits. @param {number} place */
export function temperatureAt(place) {
  const at = Math.min(STEPS, Math.max(0, place));
  if (at < 0.5) return 0;
  if (at > STEPS - 0.5) return Infinity;
  return Number((COLDEST * SPAN ** ((Math.min(STEPS - 1, Math.max(1, at)) - 1) / (STEPS - 2))).toPrecision(3));
}

/** The position of a temperature, not rounded. @param {number} T */
export function positionOf(T) {
  if (T === 0) return 0;
  if (T === Infinity) return STEPS;
  return Math.min(STEPS - 1, Math.max(1, 1 + ((STEPS - 2) * Math.log(T / COLDEST)) / Math.log(SPAN)));
}

/** Places and names of the ticks of an axis. */
export const TICKS = [0, 0.1, 1, 10, Infinity].map((T) => ({ at: positionOf(T), text: T === Infinity ? "∞" : String(T) }));

/** The trait's value as a temperature. @param {number | null} value  null: how some kernels write ∞ */
export const finiteOr = (value) => (value === null || value >= HOTTEST ? Infinity : value);

/** In words, for a listener. @param {number} T */
export function temperatureWords(T) {
  const v = significant(T, 3);
  if (T === 0 || T === Infinity) return t(T ? "sayInfinite" : "say0");
  return t(T === 1 ? "say1" : T < 0.4 ? "sayCold" : T > 4 ? "sayHot" : "sayMild", { v });
}

/**
 * Slider, number box and the two ends as buttons, bound to a trait.
 * @param {Frame} f
 * @param {{trait?: string}} [options]
 * @returns {{node: HTMLElement, value: () => number, set: (T: number) => void}}
 */
export function thermostat(f, { trait = "temperature" } = {}) {
  const id = uniqueId("range");
  const value = () => finiteOr(f.model.get(trait));
  const set = (/** @type {number} */ T) => f.assign({ [trait]: Math.min(T, HOTTEST) });
  const input = h("input", { type: "range", id, class: "xp-range xp-temperature", min: 0, max: STEPS, step: 1 });
  const refuse = (/** @type {number} */ v) => t(v < 0 ? "tooCold" : "tooHot", { max: TYPED });
  const box = numberBox(f, { label: t("temperature"), min: 0, max: TYPED, refuse }, t("typed"), set);
  box.input.placeholder = "∞";
  const ends = h("div", { class: "xp-th-ends", role: "group", "aria-label": t("temperature") });
  const stops = /** @type {const} */ ([[0, "zero"], [1, "one"], [Infinity, "infinite"]]);
  const buttons = stops.map(([T, key]) => {
    const node = button(f, { label: t(key), into: ends, onClick: () => set(T) });
    node.setAttribute("aria-label", t(`${key}Name`));
    return node;
  });
  const show = () => {
    const T = value();
    if (temperatureAt(Number(input.value)) !== T) input.value = String(Math.round(positionOf(T)));
    input.setAttribute("aria-valuetext", temperatureWords(T));
    const text = T === Infinity ? "" : String(Number(T.toPrecision(6)));
    if (box.input.value === "" || Number(box.input.value) !== T) box.input.value = text; // subtle: Number("") is 0
    box.clear();
    buttons.forEach((node, i) => node.setAttribute("aria-pressed", String(stops[i][0] === T)));
  };
  input.addEventListener("input", () => set(temperatureAt(Number(input.value))), { signal: f.signal });
  f.share(trait, (v) => v >= 0);
  f.watch(trait, show);
  show();
  const node = h("div", { class: "xp-field xp-thermostat", "data-trait": trait },
    h("label", { for: id, class: "xp-label" }, t("temperature"), h("i", { class: "xp-symbol" }, "T")),
    h("div", { class: "xp-th-row" }, h("div", { class: "xp-th-way" }, input, ends), box.input), box.error);
  return { node, value, set };
}
