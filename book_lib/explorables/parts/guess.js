// Predict first: the reader draws |m|(T) before theory or simulation is shown, and is told by how much they were off.

import { onsagerMagnetization } from "../core/ising.js";
import { button } from "../kit/controls.js";
import { h } from "../kit/dom.js";
import { fixed } from "../kit/format.js";
import { sketchLayer } from "../kit/sketch.js";
import { T_MAX } from "./curves.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */

export const PLACES = 51; // temperatures 0, 0.1, … 5; every fifth has a handle for the keys

/**
 * How far a drawn curve is from the exact one, and where each passes one half.
 * @param {[number, number][]} all  [T, |m|]
 * @returns {{mean: number, yours: number | null, exact: number}}
 */
export function judge(all) {
  const exact = (/** @type {number} */ T) => (T > 0 ? onsagerMagnetization(T, 1) : 1);
  const mean = all.reduce((sum, [T, m]) => sum + Math.abs(m - exact(T)), 0) / all.length;
  const half = all.findIndex(([, m], i) => i > 0 && all[i - 1][1] >= 0.5 !== m >= 0.5);
  if (half < 0) return { mean, yours: null, exact: halfWay() };
  const [[a, ma], [b, mb]] = [all[half - 1], all[half]];
  return { mean, yours: a + ((b - a) * (0.5 - ma)) / (mb - ma), exact: halfWay() };
}

/** Where Onsager's m is one half: sinh⁻⁴(2/T) = 1 − 2⁻⁸. */
function halfWay() {
  return 2 / Math.asinh((1 - 2 ** -8) ** -0.25);
}

/**
 * The question in place of the energy plot, and the sketch in the magnetisation plot.
 * @param {Frame} f
 * @param {{plot: import("../kit/plot.js").Plot, into: HTMLElement, t: (key: string, values?: Record<string, unknown>) => string,
 *     onCommit: () => void, onSkip: () => void}} options
 */
export function guess(f, { plot, into, t, onCommit, onSkip }) {
  const layer = sketchLayer(plot, {
    n: PLACES, label: t("guess"), start: f.model.get("sketch"),
    onChange() {
      if (layer.complete) f.assign({ sketch: layer.values });
      note.textContent = "";
    },
  });
  const note = h("p", { class: "xp-note", role: "status" });
  const row = h("div", { class: "xp-row" });
  const card = h("div", { class: "xp-ask" }, h("p", { class: "xp-question" }, t("ask")), h("p", {}, t("askHow")), row, note);
  button(f, {
    label: t("commit"), primary: true, into: row,
    onClick: () => {
      if (!layer.complete) {
        note.textContent = t("sketchMissing", { count: layer.missing, all: layer.handles });
        return;
      }
      onCommit();
    },
  });
  button(f, { label: t("skip"), into: row, onClick: onSkip });
  into.append(card);
  return {
    card,
    /** The question is over: a whole sketch stays, a piece of one goes. */
    close() {
      const held = card.contains(document.activeElement);
      card.remove();
      if (held) f.toolbar.querySelector("button")?.focus(); // not lost with the card
      layer.lock();
      layer.show(layer.complete);
    },
    /** What to tell the reader once all is shown; "" without a sketch. */
    verdict() {
      if (!layer.complete || !layer.points) return "";
      const { mean, yours, exact } = judge(layer.points);
      const values = { mean: fixed(mean, 2), exact: fixed(exact, 2), yours: yours === null ? "" : fixed(yours, 2) };
      return t(yours === null ? "gapNever" : "gap", values);
    },
  };
}
