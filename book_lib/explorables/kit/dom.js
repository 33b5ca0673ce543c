// Making elements: attributes, properties and children in one call, for HTML and SVG.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Record<string, string | number | boolean | null | undefined>} Attributes */
/** @typedef {Node | string | null | undefined | false} Child */

/**
 * @param {Element} node
 * @param {Attributes} attributes  null, undefined and false leave an attribute out; true writes it empty
 */
export function setAttributes(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) node.removeAttribute(key);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
}

/**
 * An HTML element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  setAttributes(node, attributes);
  node.append(.../** @type {(Node | string)[]} */ (children.filter((c) => c !== null && c !== undefined && c !== false)));
  return node;
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function s(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  setAttributes(node, attributes);
  node.append(.../** @type {(Node | string)[]} */ (children.filter((c) => c !== null && c !== undefined && c !== false)));
  return node;
}

/**
 * Switch a button off or on. A button that is switched off under the keyboard hands the focus to one beside it.
 * @param {HTMLElement} button
 * @param {boolean} off
 */
export function setDisabled(button, off) {
  const held = off && document.activeElement === button;
  button.toggleAttribute("disabled", off);
  if (held) /** @type {HTMLElement | null} */ (button.parentElement?.querySelector("button:not([disabled])"))?.focus();
}

const ICONS = {
  table: "M2 3h12v10H2zM2 7h12M7 3v10",
  enter: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  leave: "M6 2v4H2M14 6h-4V2M10 14v-4h4M2 10h4v4",
  copy: "M5 5V2h9v9h-3M2 5h9v9H2z",
};

/**
 * A quiet button: an icon and words, of which a narrow explorable shows the icon only.
 * @param {keyof typeof ICONS} icon
 * @param {string} label
 * @param {Attributes} [attributes]
 * @returns {{node: HTMLButtonElement, say: (label: string, icon?: keyof typeof ICONS) => void}}
 */
export function quietButton(icon, label, attributes = {}) {
  const path = s("path", { d: ICONS[icon] });
  const words = h("span", { class: "xp-words" }, label);
  const drawing = s("svg", { viewBox: "0 0 16 16", width: 16, height: 16, class: "xp-icon", "aria-hidden": "true" }, path);
  const node = h("button", { type: "button", class: "xp-button xp-quiet", title: label, ...attributes }, drawing, words);
  return {
    node,
    say(text, next = icon) {
      words.textContent = text;
      node.title = text;
      path.setAttribute("d", ICONS[next]);
    },
  };
}

let count = 0;

/**
 * An id that no other bundle of the kit on this page has given out.
 * @param {string} stem
 * @returns {string}
 */
export function uniqueId(stem) {
  let id;
  do id = `xp-${stem}-${++count}`;
  while (document.getElementById(id));
  return id;
}

/**
 * `fn`, at most once every `ms`; the last call always gets through.
 * @param {() => void} fn
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {{(): void, flush(): void}}
 */
export function throttle(fn, ms, signal) {
  let timer = 0;
  let last = -Infinity;
  const run = () => {
    timer = 0;
    last = performance.now();
    fn();
  };
  const call = () => {
    if (timer || signal.aborted) return;
    const wait = last + ms - performance.now();
    if (wait <= 0) run();
    else timer = Number(setTimeout(run, wait));
  };
  call.flush = () => {
    clearTimeout(timer);
    if (!signal.aborted) run();
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  return call;
}
