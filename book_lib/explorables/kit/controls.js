// Native controls bound to model traits: what a reader changes goes to the model, what Python changes comes back.

import { h, uniqueId } from "./dom.js";
import { decimals, fixed, significant } from "./format.js";
import { t } from "./strings.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {(value: any, how: {user: boolean}) => void} OnInput  user: the reader did it, not Python or another control */

/**
 * @typedef {object} Bound
 * @property {any} value
 * @property {(value: any) => void} set  as if the reader had chosen it
 */

/**
 * One value, kept in a trait when there is one and in a variable otherwise.
 * @param {Frame} f
 * @param {{trait?: string, value?: any, accept?: (v: any) => boolean, show: (v: any) => void, onInput?: OnInput}} options
 * @returns {Bound}
 */
function bind(f, { trait, value, accept, show, onInput }) {
  let current = value;
  let user = false;
  const follow = (/** @type {any} */ next) => {
    current = next;
    show(next);
    onInput?.(next, { user });
  };
  if (trait) {
    f.share(trait, accept);
    current = f.model.get(trait);
    f.watch(trait, follow);
  }
  show(current);
  return {
    get value() {
      return current;
    },
    set(next) {
      if (Object.is(next, current)) return show(next); // a typed "2.270" still tidies up to 2.27
      user = true;
      try {
        if (trait) f.assign({ [trait]: next });
        else follow(next);
      } finally {
        user = false;
      }
    },
  };
}

/**
 * @param {Frame} f
 * @param {HTMLElement} node
 * @param {HTMLElement | undefined} into
 */
function place(f, node, into) {
  (into ?? f.controls).append(node);
}

/**
 * How a slider's position and its value hang together.
 * @param {{min: number, max: number, step?: number, scale?: "linear" | "log", stops?: number[]}} options
 */
export function slide({ min, max, step = (max - min) / 100, scale = "linear", stops }) {
  const POSITIONS = 200;
  if (stops) {
    const nearest = (/** @type {number} */ v) =>
      stops.reduce((best, stop, i) => (Math.abs(stop - v) < Math.abs(stops[best] - v) ? i : best), 0);
    return { min: 0, max: stops.length - 1, step: 1, to: nearest, from: (/** @type {number} */ p) => stops[p] };
  }
  if (scale === "log") {
    const width = Math.log(max / min);
    const from = (/** @type {number} */ p) =>
      p <= 0 ? min : p >= POSITIONS ? max : Number((min * Math.exp((width * p) / POSITIONS)).toPrecision(3));
    return { min: 0, max: POSITIONS, step: 1, to: (/** @type {number} */ v) => (POSITIONS * Math.log(v / min)) / width, from };
  }
  return { min, max, step, to: (/** @type {number} */ v) => v, from: (/** @type {number} */ p) => p };
}

/**
 * What is wrong with a typed number, in words; "" when nothing is.
 * @param {string} text  what the reader typed
 * @param {{label: string, min: number, max: number, step?: number, exact?: boolean, stops?: number[],
 *     refuse?: (v: number) => string, parse?: (text: string) => number}} options  refuse: own words for a number out of
 *     range; parse: reads what no number input takes, such as 1/9, in a text box
 * @returns {string}
 */
export function numberError(text, { label, min, max, step = 1, exact = false, stops, refuse, parse = Number }) {
  const value = parse(text);
  const values = { label, min: significant(min, 6), max: significant(max, 6), step: significant(step, 6) };
  const bad = text.trim() === "" || !Number.isFinite(value);
  if (stops) return !bad && stops.includes(value) ? "" : t("errorStops", { label, values: stops.map((v) => significant(v, 6)).join(", ") });
  const off = exact && !bad && Math.abs((value - min) / step - Math.round((value - min) / step)) > 1e-9;
  if (!bad && value >= min && value <= max && !off) return "";
  if (refuse && !bad && !off) return refuse(value);
  return t(!exact ? "errorRange" : step === 1 ? "errorWhole" : "errorStep", values);
}

/**
 * A number box with its error line; `commit` gets only good values.
 * @param {Frame} f
 * @param {Parameters<typeof numberError>[1]} options
 * @param {string} name  its accessible name
 * @param {(value: number) => void} commit
 */
export function numberBox(f, options, name, commit) {
  const errorId = uniqueId("error");
  const input = h("input", {
    class: "xp-number", "aria-label": name, autocomplete: "off",
    ...(options.parse ? { type: "text", inputmode: "text" } : { type: "number", inputmode: "decimal",
      min: options.min, max: options.max, step: options.exact ? options.step ?? 1 : "any" }),
  });
  const error = h("p", { class: "xp-error", role: "alert", id: errorId });
  const fail = (/** @type {string} */ text) => {
    error.textContent = text;
    input.toggleAttribute("aria-invalid", false);
    if (text) input.setAttribute("aria-invalid", "true");
    if (text) input.setAttribute("aria-describedby", errorId);
    else input.removeAttribute("aria-describedby");
  };
  const check = () => {
    // subtle: a number input reports "" for text it cannot read, which is an error here all the same
    const problem = numberError(input.value, options);
    fail(problem);
    if (!problem) commit((options.parse ?? Number)(input.value));
  };
  input.addEventListener("change", check, { signal: f.signal });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) check(); // no host may swallow it
  }, { signal: f.signal });
  return { input, error, clear: () => fail("") };
}

/**
 * @typedef {object} SliderOptions
 * @property {string} [trait]
 * @property {string} label
 * @property {string} [symbol]  e.g. "T", set in italics after the label
 * @property {number} min
 * @property {number} max
 * @property {number} [step]
 * @property {"linear" | "log"} [scale]
 * @property {number[]} [stops]  the only values there are
 * @property {boolean} [exact]  typed numbers must fall on a step (default: when min and step are whole)
 * @property {(v: number) => string} [words]  the whole text a screen reader says: "T = 2.27, near critical"
 * @property {(v: number) => string} [format]
 * @property {(v: number) => string} [refuse]  own words for a typed number out of range
 * @property {boolean | {neutral: number}} [temperature]  the temperature scale as track; neutral: the value at its middle
 * @property {number} [value]  start, when there is no trait
 * @property {OnInput} [onInput]
 * @property {HTMLElement} [into]
 */

/**
 * A range and a number box that always agree.
 * @param {Frame} f
 * @param {SliderOptions} options
 * @returns {{input: HTMLInputElement, number: HTMLInputElement, node: HTMLElement, value: number, set: (v: number) => void}}
 */
export function slider(f, options) {
  const { trait, label, symbol, min, max, step = (max - min) / 100, words, temperature, value = min, onInput, into } = options;
  const exact = options.exact ?? (!options.stops && options.scale !== "log" && Number.isInteger(min) && Number.isInteger(step));
  const way = slide(options);
  const format = options.format ?? ((v) => (options.scale === "log" || options.stops ? significant(v, 3) : fixed(v, decimals(step))));
  const id = uniqueId("range");
  const input = h("input", { type: "range", id, class: "xp-range", min: way.min, max: way.max, step: way.step });
  const box = numberBox(f, { ...options, step, exact }, t("typed", { label }), (v) => bound.set(v));
  const show = (/** @type {number} */ v) => {
    // subtle: write the range only when it differs, or a drag fights with its own rounding
    if (way.from(Number(input.value)) !== v) input.value = String(way.to(v));
    if (document.activeElement !== box.input || box.input.value === "" || Number(box.input.value) !== v) box.input.value = String(Number(v.toPrecision(6)));
    input.setAttribute("aria-valuetext", words ? words(v) : `${symbol ?? label} = ${format(v)}`);
    box.clear();
  };
  const node = h("div", { class: "xp-field xp-slider", "data-trait": trait },
    h("label", { for: id, class: "xp-label" }, label, symbol && h("i", { class: "xp-symbol" }, symbol)),
    h("span", { class: "xp-pair" }, input, box.input), box.error);
  const accept = (/** @type {any} */ v) => numberError(String(v), { ...options, step, exact }) === "";
  input.value = String(way.to(value));
  const bound = bind(f, { trait, value, accept, show, onInput });
  input.addEventListener("input", () => bound.set(way.from(Number(input.value))), { signal: f.signal });
  if (temperature) heat(input, options, way);
  place(f, node, into);
  return { input, number: box.input, node, get value() { return bound.value; }, set: bound.set };
}

/**
 * Give a range the temperature scale as its track.
 * @param {HTMLInputElement} input
 * @param {SliderOptions} options
 * @param {ReturnType<typeof slide>} way
 */
function heat(input, { temperature }, way) {
  input.classList.add("xp-temperature");
  if (typeof temperature !== "object") return;
  const part = (way.to(temperature.neutral) - way.min) / (way.max - way.min);
  input.style.setProperty("--neutral", `${(100 * Math.min(1, Math.max(0, part))).toFixed(1)}%`);
}

/**
 * One of several: segmented radio buttons, or a menu when there are more than five.
 * @param {Frame} f
 * @param {{trait?: string, label: string, options: {value: any, label: string}[], value?: any, onInput?: OnInput,
 *     menu?: boolean, into?: HTMLElement}} options
 * @returns {{node: HTMLElement, value: any, set: (v: any) => void}}
 */
export function choice(f, { trait, label, options, value = options[0].value, onInput, menu = options.length > 5, into }) {
  const parts = menu ? menuParts(f, label, options) : segmentParts(f, label, options);
  const bound = bind(f, { trait, value, accept: (v) => options.some((o) => o.value === v), show: parts.show, onInput });
  parts.onPick((i) => bound.set(options[i].value));
  if (trait) parts.node.setAttribute("data-trait", trait);
  place(f, parts.node, into);
  return { node: parts.node, get value() { return bound.value; }, set: bound.set };
}

/** @param {Frame} f @param {string} label @param {{value: any, label: string}[]} options */
function menuParts(f, label, options) {
  const id = uniqueId("menu");
  const select = h("select", { id, class: "xp-select" }, ...options.map((o, i) => h("option", { value: i }, o.label)));
  return {
    node: h("div", { class: "xp-field" }, h("label", { for: id, class: "xp-label" }, label), select),
    show: (/** @type {any} */ v) => void (select.selectedIndex = options.findIndex((o) => o.value === v)),
    /** @param {(i: number) => void} pick */
    onPick: (pick) => select.addEventListener("change", () => pick(select.selectedIndex), { signal: f.signal }),
  };
}

/** @param {Frame} f @param {string} label @param {{value: any, label: string}[]} options */
function segmentParts(f, label, options) {
  const name = uniqueId("choice");
  const radios = options.map((_, i) => h("input", { type: "radio", name, value: i, id: `${name}-${i}` }));
  // subtle: the id is there to be found: another bundle on this page counts from 1 too, and radios of one name are one group
  const node = h("fieldset", { class: "xp-field xp-choice", id: name }, h("legend", { class: "xp-label" }, label),
    h("span", { class: "xp-segments" },
      ...options.map((o, i) => h("span", { class: "xp-segment" }, radios[i], h("label", { for: `${name}-${i}` }, o.label)))));
  return {
    node,
    show: (/** @type {any} */ v) => radios.forEach((radio, i) => void (radio.checked = options[i].value === v)),
    /** @param {(i: number) => void} pick */
    onPick: (pick) => node.addEventListener("change", () => pick(radios.findIndex((r) => r.checked)), { signal: f.signal }),
  };
}

/**
 * On or off.
 * @param {Frame} f
 * @param {{trait?: string, label: string, value?: boolean, onInput?: OnInput, into?: HTMLElement}} options
 * @returns {{input: HTMLInputElement, value: boolean, set: (v: boolean) => void}}
 */
export function toggle(f, { trait, label, value = false, onInput, into }) {
  const input = h("input", { type: "checkbox" });
  const node = h("label", { class: "xp-field xp-toggle", "data-trait": trait }, input, h("span", {}, label));
  const bound = bind(f, {
    trait, value, onInput, accept: (v) => typeof v === "boolean", show: (v) => void (input.checked = v),
  });
  input.addEventListener("change", () => bound.set(input.checked), { signal: f.signal });
  place(f, node, into);
  return { input, get value() { return bound.value; }, set: bound.set };
}

/**
 * @param {Frame} f
 * @param {{label: string, onClick: (event: MouseEvent) => void, primary?: boolean, where?: "toolbar" | "controls", into?: HTMLElement}} options
 * @returns {HTMLButtonElement}
 */
export function button(f, { label, onClick, primary = false, where = "controls", into }) {
  const node = h("button", { type: "button", class: primary ? "xp-button xp-primary" : "xp-button" }, label);
  node.addEventListener("click", onClick, { signal: f.signal });
  if (into) into.append(node);
  else if (where === "controls") f.controls.append(node);
  else f.toolbar.insertBefore(node, f.toolbar.querySelector(".xp-gap"));
  return node;
}

/**
 * The seed of the random numbers, and a button for the next one.
 * @param {Frame} f
 * @param {{trait?: string, onInput?: OnInput, into?: HTMLElement}} [options]
 * @returns {{input: HTMLInputElement, value: number, set: (v: number) => void}}
 */
export function seedBox(f, { trait = "seed", onInput, into } = {}) {
  const label = t("seed");
  const limits = { label, min: 0, max: 2 ** 32 - 1, step: 1, exact: true };
  const box = numberBox(f, limits, label, (v) => bound.set(v));
  const caption = h("label", { class: "xp-label" }, label);
  box.input.id = uniqueId("seed");
  box.input.removeAttribute("aria-label");
  caption.htmlFor = box.input.id;
  const pair = h("span", { class: "xp-pair" }, box.input);
  const node = h("div", { class: "xp-field xp-seed", "data-trait": trait }, caption, pair, box.error);
  const show = (/** @type {number} */ v) => {
    box.input.value = String(v);
    box.clear();
  };
  const bound = bind(f, { trait, accept: (v) => numberError(String(v), limits) === "", show, onInput });
  button(f, { label: t("seedNext"), into: pair, onClick: () => bound.set((bound.value + 1) % 2 ** 32) });
  place(f, node, into);
  return { input: box.input, get value() { return bound.value; }, set: bound.set };
}

/**
 * Ready-made settings; the one that holds at present is marked as pressed.
 * @param {Frame} f
 * @param {{label: string, set: Record<string, any>}[]} all
 * @param {{label?: string, onPick?: (i: number) => void, into?: HTMLElement}} [options]
 */
export function presets(f, all, { label = t("presets"), onPick, into } = {}) {
  const row = h("div", { class: "xp-field xp-presets", role: "group", "aria-label": label });
  const buttons = all.map(({ label: text, set }, i) => button(f, {
    label: text, into: row,
    onClick: () => {
      f.assign(set);
      onPick?.(i);
    },
  }));
  /** @type {(a: any, b: any) => boolean} */
  const holds = (a, b) => (typeof a === "number" ? Math.abs(a - b) < 1e-9
    : Array.isArray(a) ? a.length === b?.length && a.every((v, i) => holds(v, b[i])) : a === b);
  const mark = () => buttons.forEach((node, i) =>
    node.setAttribute("aria-pressed", String(Object.entries(all[i].set).every(([k, v]) => holds(v, f.model.get(k))))));
  new Set(all.flatMap(({ set }) => Object.keys(set))).forEach((trait) => {
    f.share(trait, (v) => all.some(({ set }) => trait in set && holds(set[trait], v)));
    f.watch(trait, mark);
  });
  mark();
  place(f, row, into);
  return buttons;
}
