// A text as its tokens: underlined by energy −ln p on the temperature scale, shaded by attention, chosen by keys or pointer.

import { h } from "../kit/dom.js";
import { fixed } from "../kit/format.js";
import { strings } from "../kit/strings.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */
/**
 * @typedef {object} Piece
 * @property {string} text
 * @property {number | null} [energy]  in nats, −ln p; none for what the reader has typed
 * @property {number} [shade]  0 … 1
 * @property {boolean} [fresh]  marked as having changed
 */

export const HOT = 6; // nats: as surprising as a draw from some 400 tokens alike
const [THIN, THICK] = [2, 6]; // px: the underline says the same without colour

const t = strings({
  en: { token: "Token {n}, {text}", energy: ", −ln p = {energy}", shade: ", weight {shade}", newline: "new line", space: "space" },
  zh: { token: "第 {n} 个词元，{text}", energy: "，−ln p = {energy}", shade: "，权重 {shade}", newline: "换行", space: "空格" },
});

/** A token for reading aloud, or within a sentence. @param {string} text */
export function spoken(text) {
  if (text === " ") return t("space");
  return text === "\n" ? t("newline") : `“${text.replaceAll("\n", "↵")}”`;
}

/**
 * @param {Frame} f
 * @param {{label: string, into: HTMLElement, onPick?: (i: number) => void, scrolls?: boolean}} options
 *     onPick: makes its tokens choosable; scrolls: it may be higher than its box, which keys must reach then
 * @returns {(pieces: Piece[], chosen?: number) => void}
 */
export function passage(f, { label, into, onPick, scrolls = false }) {
  const list = h("div", onPick ? { class: "xp-passage", role: "listbox", tabindex: "0", "aria-label": label } : { class: "xp-passage", role: "group", "aria-label": label });
  into.append(list);
  /** @type {HTMLElement[]} */
  const spans = [];
  let at = 0;
  let count = 0;
  if (onPick) {
    list.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: count - 1 }[event.key];
      if (to === undefined || !count) return;
      event.preventDefault();
      if (at > 0 || to > 0) onPick(Math.min(count - 1, Math.max(0, to))); // at the first token there is none before it
    }, { signal: f.signal });
    let pressed = -1; // where the finger is
    for (const type of /** @type {const} */ (["pointerdown", "pointermove"])) {
      list.addEventListener(type, (event) => {
        if (!(event.buttons & 1)) return;
        const i = nearest(spans.slice(0, count), event.clientX, event.clientY);
        if (i < 0 || (type === "pointermove" && i === pressed)) return;
        onPick((pressed = i));
      }, { signal: f.signal });
    }
  }
  return (pieces, chosen = -1) => {
    while (spans.length < pieces.length) spans.push(h("span", onPick ? { class: "xp-token", role: "option", id: `${f.key}-token-${spans.length}` } : { class: "xp-token" }));
    if (count !== pieces.length) list.replaceChildren(...spans.slice(0, pieces.length));
    const moved = at !== chosen || count !== pieces.length;
    [at, count] = [chosen, pieces.length];
    pieces.forEach((piece, i) => paint(spans[i], piece, i, onPick ? i === chosen : null));
    if (onPick && chosen >= 0 && chosen < count) list.setAttribute("aria-activedescendant", spans[chosen].id);
    else list.removeAttribute("aria-activedescendant");
    if (scrolls && list.scrollHeight > list.clientHeight) list.setAttribute("tabindex", "0");
    else if (scrolls) list.removeAttribute("tabindex");
    if (moved && chosen >= 0 && chosen < count) reveal(list, spans[chosen]);
  };
}

/** Scroll a text, and nothing around it, until a token can be seen. @param {HTMLElement} list @param {HTMLElement} span */
function reveal(list, span) {
  if (list.scrollHeight <= list.clientHeight) return;
  const [box, one] = [list.getBoundingClientRect(), span.getBoundingClientRect()];
  const margin = one.height / 2;
  if (one.bottom + margin > box.bottom) list.scrollTop += one.bottom + margin - box.bottom;
  else if (one.top - margin < box.top) list.scrollTop -= box.top + margin - one.top;
}

/** The token nearest to a place on the screen; lines count more than letters. @param {HTMLElement[]} spans @param {number} x @param {number} y */
function nearest(spans, x, y) {
  let [best, at] = [Infinity, -1];
  spans.forEach((span, i) => {
    for (const box of span.getClientRects()) {
      const off = Math.max(box.left - x, 0, x - box.right) + 100 * Math.max(box.top - y, 0, y - box.bottom);
      if (off < best) [best, at] = [off, i];
    }
  });
  return at;
}

/** @param {HTMLElement} span @param {Piece} piece @param {number} i @param {boolean | null} chosen  null: there is no choice */
function paint(span, { text, energy = null, shade = 0, fresh = false }, i, chosen) {
  const shown = text.replaceAll("\n", "↵\n");
  if (span.textContent !== shown) span.textContent = shown;
  const heat = energy === null ? 0 : Math.min(1, Math.max(0, energy / HOT));
  span.classList.toggle("xp-warm", energy !== null);
  span.classList.toggle("xp-fresh", fresh);
  span.style.setProperty("--heat", heat.toFixed(3));
  span.style.setProperty("--line", `${(THIN + heat * (THICK - THIN)).toFixed(1)}px`);
  span.style.setProperty("--shade", `${Math.round(40 * Math.min(1, shade))}%`);
  if (chosen === null) return;
  const words = t("token", { n: i + 1, text: spoken(text) }) + (energy === null ? "" : t("energy", { energy: fixed(energy, 2) })) + (shade ? t("shade", { shade: fixed(shade, 2) }) : "");
  span.setAttribute("aria-label", words);
  span.setAttribute("aria-selected", String(chosen));
}
