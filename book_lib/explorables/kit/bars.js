// A labelled histogram: probabilities of states or of words, coloured by the temperature scale where that means something.

import { h } from "./dom.js";
import { fixed } from "./format.js";
import { t } from "./strings.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {{label: string, value: number, heat?: number}} Bar  heat: 0 (cold) to 1 (hot) on the temperature scale */

/**
 * @param {Frame} f
 * @param {{title: string, max?: number, format?: (v: number) => string, into?: HTMLElement, columns?: [string, string]}} options
 *     max: the value of a full bar (1 unless given)
 * @returns {(bars: Bar[]) => void}
 */
export function bars(f, { title, max = 1, format = (v) => fixed(v, 2), into = f.stage, columns }) {
  const list = h("ul", { class: "xp-bars", "aria-label": title });
  into.append(list);
  /** @type {Bar[]} */
  let current = [];
  f.addTable(() => ({ caption: title, columns: columns ?? [t("quantity"), t("value")], rows: current.map((b) => [b.label, b.value]) }));
  return (next) => {
    current = next;
    while (list.children.length > next.length) list.lastElementChild?.remove();
    while (list.children.length < next.length) {
      list.append(h("li", {}, h("span", { class: "xp-bar-label" }),
        h("span", { class: "xp-bar-track", "aria-hidden": "true" }, h("span", { class: "xp-bar-fill" })),
        h("span", { class: "xp-bar-value" })));
    }
    next.forEach((bar, i) => {
      const [label, track, value] = /** @type {HTMLElement[]} */ ([...list.children[i].children]);
      const fill = /** @type {HTMLElement} */ (track.firstElementChild);
      label.textContent = bar.label;
      value.textContent = format(bar.value);
      fill.style.inlineSize = `${(100 * Math.min(max, Math.max(0, bar.value))) / max}%`;
      if (bar.heat !== undefined) fill.style.setProperty("--heat", String(Math.min(1, Math.max(0, bar.heat))));
      fill.classList.toggle("xp-heat", bar.heat !== undefined);
    });
    f.tableChanged();
  };
}
