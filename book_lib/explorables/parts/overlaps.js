// Overlaps as bars to both sides of nought: right of the middle is like a pattern, left of it like its negative.

import { h } from "../kit/dom.js";
import { fixed } from "../kit/format.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */

/**
 * @param {Frame} f @param {{into: HTMLElement, title: string, column: string}} options
 * @returns {(rows: {label: string, value: number, marked: boolean}[]) => void}
 */
export function overlapBars(f, { into, title, column }) {
  const list = h("ul", { class: "xp-bars xp-ov", "aria-label": title });
  into.append(h("p", { class: "xp-label" }, title), list);
  /** @type {{label: string, value: number}[]} */
  let current = [];
  f.addTable(() => ({ caption: title, columns: [column, "m"], rows: current.map(({ label, value }) => [label, value]) }));
  return (rows) => {
    current = rows;
    while (list.children.length > rows.length) list.lastElementChild?.remove();
    while (list.children.length < rows.length) {
      list.append(h("li", {}, h("span", { class: "xp-bar-label" }),
        h("span", { class: "xp-bar-track", "aria-hidden": "true" }, h("span", { class: "xp-bar-fill" })), h("span", { class: "xp-bar-value" })));
    }
    rows.forEach(({ label, value, marked }, i) => {
      const [name, track, number] = /** @type {HTMLElement[]} */ ([...list.children[i].children]);
      const fill = /** @type {HTMLElement} */ (track.firstElementChild);
      name.textContent = label;
      name.classList.toggle("xp-ov-marked", marked);
      number.textContent = fixed(value, 2);
      fill.style.inlineSize = `${50 * Math.abs(value)}%`;
      fill.style.marginInlineStart = `${50 * Math.min(1, 1 + value)}%`;
      fill.classList.toggle("xp-ov-below", value < 0);
    });
    f.tableChanged();
  };
}
