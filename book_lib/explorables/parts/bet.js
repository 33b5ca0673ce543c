// A question that comes before the first step: what the reader expects. Once answered, or skipped, it is gone.

import { button } from "../kit/controls.js";
import { h } from "../kit/dom.js";

/**
 * The card with a bet, above the stage until the trait `prediction`, which links carry, has a value.
 *
 * @param {import("../kit/frame.js").Frame} f
 * @param {object} options
 * @param {string} options.ask  the question
 * @param {string} options.how  what will happen, in a line
 * @param {[value: string, label: string][]} options.answers  values of `prediction`; the last one skips
 * @param {() => object} [options.also]  other traits that a bet sets
 * @returns {{show: () => void, close: () => void}} show: to be called at each drawing; close: when another question takes its place
 */
export function bet(f, { ask, how, answers, also = () => ({}) }) {
  f.share("prediction", (v) => answers.some(([answer]) => answer === v));
  const row = h("div", { class: "xp-bet-row" });
  const node = h("div", { class: "xp-bet" }, h("p", { class: "xp-question" }, ask), h("p", { class: "xp-help" }, how), row);
  for (const [prediction, label] of answers) {
    button(f, { label, into: row, onClick: () => {
      f.assign({ prediction, ...also() });
      f.toolbar.querySelector("button")?.focus(); // not lost with the question
    } });
  }
  return { show() {
    if (isMade(f)) node.remove();
    else if (!node.isConnected) f.root.insertBefore(node, f.stage);
  }, close: () => node.remove() };
}

/** For those who look before they bet: they have declined to. Nothing where the bet is made. @param {import("../kit/frame.js").Frame} f */
export const declined = (f) => (isMade(f) ? {} : { prediction: "skipped" });

/** Whether the reader has bet, or declined to. @param {import("../kit/frame.js").Frame} f */
export const isMade = (f) => f.model.get("prediction") !== "";
