// One bar in pieces, with its pieces named under it: where a sum sits.

import { h } from "../kit/dom.js";

/** @typedef {{label: string, value: number, text: string}} Piece */

const TONES = 6; // shades that stay apart in greyscale, with a line between pieces

/**
 * @param {HTMLElement} into @param {string} title
 * @returns {(pieces: Piece[], total: string) => void}  pieces of value 0 are left out; `total` is said beside the title
 */
export function stacked(into, title) {
  const sum = h("b");
  const bar = h("div", { class: "xp-sb-bar", "aria-hidden": "true" });
  const list = h("ul", { class: "xp-sb-list", "aria-label": title });
  into.append(h("div", { class: "xp-sb" }, h("p", { class: "xp-label xp-sb-title" }, title, sum), bar, list));
  return (pieces, total) => {
    const all = pieces.reduce((a, { value }) => a + value, 0);
    const shown = pieces.map((piece, i) => ({ ...piece, tone: String(i % TONES) })).filter(({ value }) => value > 0);
    sum.textContent = total;
    bar.replaceChildren(...shown.map(({ value, tone }) => {
      const node = h("span", { "data-tone": tone });
      node.style.flexGrow = String(value / all);
      return node;
    }));
    list.replaceChildren(...shown.map(({ label, value, text, tone }) => h("li", {}, h("span", { class: "xp-sb-key", "data-tone": tone, "aria-hidden": "true" }),
      h("span", {}, label), h("span", { class: "xp-sb-value" }, text), h("span", { class: "xp-sb-value" }, `${percent(value / all)} %`))));
  };
}

/** A share as 12.3, and never as a 0 that is none. @param {number} share */
export const percent = (share) => (share > 0 && share < 0.0005 ? "< 0.1" : (100 * share).toFixed(1));
