// "Show as table": whatever an explorable draws or reads out, as real tables that can be read, heard and copied.

import { h, quietButton, throttle, uniqueId } from "./dom.js";
import { fixed, significant } from "./format.js";
import { t } from "./strings.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {number | string | null} Cell */
/** @typedef {{caption: string, columns: string[], rows: Cell[][]}} TableData */

const MOST_ROWS = 60;

/**
 * Rows spread evenly over the whole, first and last kept.
 * @template T
 * @param {T[]} rows
 * @param {number} [most]
 * @returns {T[]}
 */
export function thin(rows, most = MOST_ROWS) {
  if (rows.length <= most) return rows;
  return Array.from({ length: most }, (_, i) => rows[Math.round((i * (rows.length - 1)) / (most - 1))]);
}

/**
 * @param {TableData[]} tables
 * @returns {string} comma-separated, one block a table, as RFC 4180 quotes
 */
export function toCsv(tables) {
  /** @param {Cell} cell */
  const quote = (cell) => {
    const text = cell === null ? "" : String(cell);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return tables
    .map((table) => [table.columns, ...table.rows].map((row) => row.map(quote).join(",")).join("\n"))
    .join("\n\n");
}

/**
 * Series that share their x become one table; others get one each.
 * @param {string} caption
 * @param {string} xLabel
 * @param {string} yLabel
 * @param {{label: string, points: ArrayLike<ArrayLike<number>>}[]} series
 * @returns {TableData[]}
 */
export function seriesTables(caption, xLabel, yLabel, series) {
  /** @type {Map<string, {x: number[], columns: string[], ys: number[][]}>} */
  const groups = new Map();
  for (const { label, points } of series) {
    const all = Array.from(points);
    const x = all.map((p) => p[0]);
    const key = x.join();
    const group = groups.get(key) ?? { x, columns: [], ys: [] };
    group.columns.push(label);
    group.ys.push(all.map((p) => p[1]));
    groups.set(key, group);
  }
  return [...groups.values()].map(({ x, columns, ys }) => ({
    caption: `${caption}: ${columns.join(", ")}`,
    columns: [xLabel, ...columns.map((c) => (columns.length > 1 || c !== yLabel ? c : yLabel))],
    rows: x.map((value, i) => [value, ...ys.map((y) => y[i])]),
  }));
}

/**
 * @param {TableData} table
 * @returns {HTMLElement}
 */
function tableElement(table) {
  /** @param {Cell} cell */
  const text = (cell) => (typeof cell !== "number" ? (cell ?? "") : Number.isSafeInteger(cell) ? fixed(cell, 0) : significant(cell, 5));
  const shown = thin(table.rows);
  const head = h("tr", {}, ...table.columns.map((c) => h("th", { scope: "col" }, c)));
  const body = shown.map((row) =>
    h("tr", {}, ...row.map((cell, i) => h(i ? "td" : "th", i ? {} : { scope: "row" }, text(cell)))));
  const note = shown.length < table.rows.length
    ? ` (${t("thinned", { shown: shown.length, all: table.rows.length })})` : "";
  return h("table", {}, h("caption", {}, table.caption + note), h("thead", {}, head), h("tbody", {}, ...body));
}

/** @param {() => TableData[]} collect @param {Frame} f */
function copyButton(collect, f) {
  const { node: button, say } = quietButton("copy", t("copy"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(toCsv(collect()));
      say(t("copied"));
      setTimeout(() => say(t("copy")), 1600);
      f.announce(t("copied"));
    } catch {
      f.announce(t("copyFailed"));
    }
  }, { signal: f.signal });
  return button;
}

/**
 * The toolbar's button and the place it opens.
 * @param {Frame} f
 * @returns {Pick<Frame, "addTable" | "tableChanged">}
 */
export function tableButton(f) {
  /** @type {(() => TableData | TableData[])[]} */
  const sources = [];
  const id = uniqueId("table");
  const list = h("div");
  const box = h("div", { class: "xp-table", id, role: "region", "aria-label": `${t("data")}: ${f.root.ariaLabel ?? f.key}`, tabindex: "0", hidden: true });
  const { node: button, say } = quietButton("table", t("table"), { "aria-expanded": "false", "aria-controls": id });
  const collect = () => sources.flatMap((source) => source()).filter((table) => table.rows.length > 0);
  const fill = () => {
    if (box.hidden) return;
    list.replaceChildren(...collect().map(tableElement));
  };
  box.append(list, ...(navigator.clipboard ? [copyButton(collect, f)] : []));
  const refresh = throttle(fill, 1000, f.signal);

  button.addEventListener("click", () => {
    box.hidden = !box.hidden;
    button.setAttribute("aria-expanded", String(!box.hidden));
    say(t(box.hidden ? "table" : "tableHide"));
    refresh.flush();
  }, { signal: f.signal });
  return {
    addTable(source) {
      if (sources.push(source) > 1) return;
      f.toolbar.querySelector(".xp-gap")?.after(button);
      f.root.append(box);
    },
    tableChanged: () => void (box.hidden || refresh()),
  };
}
