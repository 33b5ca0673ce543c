// Numbers beside the picture, in tabular figures and a fixed width, so that nothing jumps while they change.

import { h } from "./dom.js";
import { fixed } from "./format.js";
import { t } from "./strings.js";

/** @typedef {import("./frame.js").Frame} Frame */

/** @type {WeakMap<Frame, [string, () => number | string][]>} */
const tables = new WeakMap();

/**
 * One labelled value. What it shows also goes to the model's `readouts`, unformatted.
 * @param {Frame} f
 * @param {{name: string, label: string, format?: (value: any) => string, width?: number}} options  width in characters
 * @returns {(value: number | string) => void}
 */
export function readout(f, { name, label, format = (v) => (typeof v === "number" ? fixed(v, 3) : String(v)), width = 6 }) {
  const output = h("dd", { class: "xp-value", "data-readout": name }, "–");
  output.style.minInlineSize = `${width}ch`;
  f.readouts.append(h("div", { class: "xp-readout" }, h("dt", {}, label), output));
  /** @type {number | string} */
  let current = "–";
  let rows = tables.get(f);
  if (!rows) {
    const own = (rows = /** @type {[string, () => number | string][]} */ ([]));
    tables.set(f, own);
    f.addTable(() => ({ caption: t("readouts"), columns: [t("quantity"), t("value")], rows: own.map(([l, v]) => [l, v()]) }));
  }
  rows.push([label, () => current]);
  return (value) => {
    current = value;
    const text = format(value);
    if (output.textContent !== text) output.textContent = text;
    f.setReadout(name, value);
  };
}
