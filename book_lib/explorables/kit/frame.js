// The box every explorable lives in: a stage, controls in a row under it, readouts, a toolbar, and what they share.

import { h, throttle } from "./dom.js";
import { fullScreenButton } from "./fullscreen.js";
import { hashState } from "./hash.js";
import { tableButton } from "./table.js";

/**
 * The model both hosts give: anywidget's in Jupyter, host.js's on the site.
 * @typedef {object} Model
 * @property {(key: string) => any} get
 * @property {(key: string | Record<string, unknown>, value?: unknown) => void} set
 * @property {(event: string, callback: (...args: any[]) => void) => void} on
 * @property {(event?: string | null, callback?: ((...args: any[]) => void) | null) => void} off
 * @property {() => void} save_changes
 * @property {(content: any, callbacks?: any, buffers?: ArrayBuffer[]) => void} send
 * @property {boolean} [isStatic]  true on the site, where no kernel answers
 */

/** @typedef {import("./table.js").TableData} TableData */

/**
 * @typedef {object} Frame
 * @property {Model} model
 * @property {string} name  the explorable's name, as in the address
 * @property {string} key  the same, with a number when the page holds several
 * @property {HTMLElement} root
 * @property {HTMLElement} stage  pictures
 * @property {HTMLElement} controls  one row under them
 * @property {HTMLElement} readouts
 * @property {HTMLElement} toolbar  Play, Step, Reset …, then Table and Full screen
 * @property {AbortSignal} signal  aborted at clean-up: pass it to every addEventListener
 * @property {boolean} static  true on the site
 * @property {boolean} running  set by the clock; slows down what is published
 * @property {(fn: () => void) => void} onCleanup
 * @property {() => void} destroy  what `render` returns
 * @property {(trait: string, fn: (value: any) => void) => void} watch  follow a trait, released at clean-up
 * @property {(values: Record<string, unknown>) => void} assign  a reader's change: sets traits, saves, keeps the address
 * @property {(trait: string, accept?: (value: any) => boolean) => void} share  keep a trait in the address
 * @property {(text: string) => void} announce  say it politely, at most once a second
 * @property {(source: () => TableData | TableData[]) => void} addTable  feed "show as table"
 * @property {() => void} tableChanged
 * @property {(name: string, value: number | string) => void} setReadout
 * @property {() => void} publish  write readouts to the model now
 */

const SAY_EVERY = 1000; // ms, for people who listen
const PUBLISH_EVERY = 500; // ms while running: a kernel has better things to do than follow every frame

/**
 * @param {{model: Model, el: HTMLElement, name: string, label: string, fullScreen?: boolean}} options
 *     label: what a screen reader calls the group
 * @returns {Frame}
 */
export function frame({ model, el, name, label, fullScreen = true }) {
  const abort = new AbortController();
  const { signal } = abort;
  const twins = document.querySelectorAll(`[data-explorable="${name}"]`).length;
  const parts = boxes(name, label);
  el.append(parts.root);
  if (!model.isStatic) keepKeys(parts.root, signal);
  const f = /** @type {Frame} */ (/** @type {unknown} */ ({
    ...parts, model, name, signal,
    key: twins ? `${name}${twins + 1}` : name,
    static: model.isStatic === true,
    running: false,
    onCleanup: (/** @type {() => void} */ fn) => signal.addEventListener("abort", fn, { once: true }),
    destroy() {
      abort.abort();
      parts.root.remove();
    },
    watch(/** @type {string} */ trait, /** @type {(value: any) => void} */ fn) {
      const handler = () => fn(model.get(trait));
      model.on(`change:${trait}`, handler);
      f.onCleanup(() => model.off(`change:${trait}`, handler));
    },
  }));
  Object.assign(f, speech(parts.live, signal), publishing(f), state(f), tableButton(f));
  if (fullScreen) fullScreenButton(f);
  return f;
}

/**
 * @param {string} name
 * @param {string} label
 */
function boxes(name, label) {
  const stage = h("div", { class: "xp-stage" });
  const controls = h("div", { class: "xp-controls" });
  const readouts = h("dl", { class: "xp-readouts" });
  const toolbar = h("div", { class: "xp-toolbar" }, h("span", { class: "xp-gap" }));
  const live = h("p", { class: "xp-hidden", role: "status", "aria-live": "polite" });
  const root = h("div", { class: "xp", "data-explorable": name, role: "group", "aria-label": label },
    stage, controls, readouts, toolbar, live);
  return { root, stage, controls, readouts, toolbar, live };
}

/**
 * JupyterLab takes arrow keys to walk through its cells, from a slider too, unless the focused element itself objects.
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
function keepKeys(root, signal) {
  root.addEventListener("focusin", ({ target }) => {
    if (target instanceof Element) target.setAttribute("data-lm-suppress-shortcuts", "true");
  }, { signal });
}

/**
 * @param {HTMLElement} live
 * @param {AbortSignal} signal
 */
function speech(live, signal) {
  let next = "";
  const speak = throttle(() => {
    if (live.textContent !== next) live.textContent = next;
  }, SAY_EVERY, signal);
  return {
    /** @param {string} text */
    announce(text) {
      next = text;
      speak();
    },
  };
}

/** @param {Frame} f */
function publishing(f) {
  /** @type {Record<string, number | string>} */
  let values = {};
  const write = () => {
    f.model.set("readouts", { ...values });
    f.model.save_changes();
  };
  const slowly = throttle(write, PUBLISH_EVERY, f.signal);
  let queued = false;
  return {
    /** @param {string} name @param {number | string} value */
    setReadout(name, value) {
      if (values[name] === value) return;
      values = { ...values, [name]: value };
      f.tableChanged();
      if (f.running && !f.static) return slowly();
      if (queued) return;
      queued = true;
      queueMicrotask(() => {
        queued = false;
        if (!f.signal.aborted) write();
      });
    },
    publish: write,
  };
}

/** @param {Frame} f */
function state(f) {
  const hash = f.static ? hashState(f) : null;
  return {
    /** @param {Record<string, unknown>} values */
    assign(values) {
      f.model.set(values);
      f.model.save_changes();
      hash?.changed();
    },
    /** @param {string} trait @param {(value: any) => boolean} [accept] */
    share(trait, accept) {
      hash?.share(trait, accept);
    },
  };
}
