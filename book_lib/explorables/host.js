// Hosts anywidgets on a static page: no kernel, no server, no request. It reads the widget state that myst-nb embeds,
// makes a model of each widget, and renders each view in its place. Bundled as a classic script (works from file://).

const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
const REFERENCE = "IPY_MODEL_";

/** @typedef {{path: (string | number)[], encoding: string, data: string}} Buffer */
/** @typedef {{model_name: string, state: Record<string, any>, buffers?: Buffer[]}} Saved */
/** @typedef {(...args: any[]) => void} Callback */
/** @typedef {{initialize?: (o: object) => any, render?: (o: object) => any}} Widget */

/** The part of anywidget's model that needs no kernel. */
class Model {
  isStatic = true;
  /** @type {Map<string, Set<Callback>>} */
  #callbacks = new Map();
  #state;

  /** @param {Record<string, any>} state */
  constructor(state) {
    this.#state = state;
  }

  /** @param {string} key */
  get(key) {
    return this.#state[key];
  }

  /** @param {string | Record<string, any>} key @param {any} [value] */
  set(key, value) {
    const changes = typeof key === "string" ? { [key]: value } : key;
    const changed = Object.keys(changes).filter((k) => !Object.is(this.#state[k], changes[k]));
    // subtle: all values first, then the events, so that a listener never sees half of a preset
    for (const k of changed) this.#state[k] = changes[k];
    for (const k of changed) this.#emit(`change:${k}`, this.#state[k]);
    if (changed.length) this.#emit("change");
  }

  /** @param {string} event @param {any} [value] */
  #emit(event, value) {
    for (const callback of [...(this.#callbacks.get(event) ?? [])]) callback(this, value);
  }

  /** @param {string} event @param {Callback} callback */
  on(event, callback) {
    if (!this.#callbacks.has(event)) this.#callbacks.set(event, new Set());
    this.#callbacks.get(event)?.add(callback);
  }

  /** @param {string | null} [event] @param {Callback | null} [callback] */
  off(event, callback) {
    const events = event ? [event] : [...this.#callbacks.keys()];
    for (const name of events) {
      if (callback) this.#callbacks.get(name)?.delete(callback);
      else this.#callbacks.delete(name);
    }
  }

  save_changes() {}

  send() {}
}

/**
 * @param {Buffer} buffer
 * @returns {DataView}
 */
function decode({ encoding, data }) {
  const bytes = encoding === "hex"
    ? Uint8Array.from(data.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    : Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Put binary traits back where they were taken out of the state.
 * @param {Saved} saved
 */
function restore({ state, buffers = [] }) {
  for (const buffer of buffers) {
    /** @type {any} */
    let place = state;
    for (const key of buffer.path.slice(0, -1)) place = place[key] ??= {};
    place[buffer.path[buffer.path.length - 1]] = decode(buffer);
  }
  return state;
}

/**
 * ipywidgets' jslink and jsdlink, from the link models in the state.
 * @param {Record<string, Saved>} saved
 * @param {Map<string, Model>} models
 */
function link(saved, models) {
  const find = (/** @type {string} */ reference) => models.get(reference.replace(REFERENCE, ""));
  for (const { model_name: name, state } of Object.values(saved)) {
    if (name !== "LinkModel" && name !== "DirectionalLinkModel") continue;
    const [source, from] = [find(state.source[0]), state.source[1]];
    const [target, to] = [find(state.target[0]), state.target[1]];
    if (!source || !target) continue;
    const forward = () => target.set(to, source.get(from));
    forward();
    source.on(`change:${from}`, forward);
    if (name === "LinkModel") target.on(`change:${to}`, () => source.set(from, target.get(to)));
  }
}

/** @type {Map<string, Promise<Widget>>} */
const modules = new Map();

/**
 * A module's text as a module: "#name" is one that the page's scripts have registered, anything else is the text.
 * @param {string} esm
 * @returns {Promise<Widget>}
 */
function load(esm) {
  let loaded = modules.get(esm);
  if (!loaded) modules.set(esm, (loaded = importText(esm)));
  return loaded;
}

/** @param {string} esm */
async function importText(esm) {
  const registered = /** @type {any} */ (globalThis).bookModules ?? {};
  const text = esm.startsWith("#") ? registered[esm.slice(1)] : esm;
  if (text === undefined) throw new Error(`host: no script has registered the module "${esm.slice(1)}"`);
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    const exported = (await import(url)).default;
    return typeof exported === "function" ? await exported() : exported;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** @type {Set<string>} */
const adopted = new Set();

/**
 * Styles without a <style> element, which the page's policy forbids.
 * @param {string | undefined} css
 */
function adopt(css) {
  if (!css || adopted.has(css)) return;
  adopted.add(css);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
}

/** @param {Model} model @param {Widget} widget @param {Map<Model, Promise<any>>} ready */
function initialize(model, widget, ready) {
  let started = ready.get(model);
  if (!started) ready.set(model, (started = Promise.resolve(widget.initialize?.({ model }))));
  return started;
}

/**
 * The live place of a view: the one the page holds for it, or a new one after its script.
 * @param {Element} script
 */
function livePlace(script) {
  const held = script.closest(".explorable")?.querySelector(".explorable-live");
  if (held instanceof HTMLElement) return held;
  const made = document.createElement("div");
  made.className = "explorable-live";
  script.after(made);
  return made;
}

/** @param {HTMLElement} el @param {unknown} error */
function apologize(el, error) {
  const zh = document.documentElement.lang.toLowerCase().startsWith("zh");
  const note = document.createElement("p");
  note.className = "xp-failed";
  note.setAttribute("role", "status");
  note.textContent = zh
    ? "这个交互演示未能启动，此处只显示图片。页面其余部分不受影响。"
    : "This explorable did not start, so you see its picture. The rest of the page is not affected.";
  el.replaceChildren(note);
  console.error("explorable:", error);
}

/** @param {Element} script @param {Map<string, Model>} models @param {Map<Model, Promise<any>>} ready */
async function mount(script, models, ready) {
  const model = models.get(JSON.parse(script.textContent ?? "{}").model_id);
  if (!model?.get("_esm")) return;
  const el = livePlace(script);
  Object.assign(el, { model });
  try {
    const widget = await load(model.get("_esm"));
    adopt(model.get("_css"));
    await initialize(model, widget, ready);
    // subtle: shown before it renders, so that it can measure itself; taken back if it fails
    el.closest(".explorable")?.classList.add("is-live");
    await widget.render?.({ model, el });
  } catch (error) {
    el.closest(".explorable")?.classList.remove("is-live");
    el.closest(".explorable")?.classList.add("is-failed");
    apologize(el, error);
  }
}

async function start() {
  const root = document.documentElement;
  if (root.dataset.explorables) return; // a page that holds this script twice registers once
  root.dataset.explorables = "loading";
  const script = document.querySelector(STATE);
  /** @type {Record<string, Saved>} */
  const saved = script ? JSON.parse(script.textContent ?? "{}").state : {};
  const models = new Map(Object.entries(saved).map(([id, one]) => [id, new Model(restore(one))]));
  link(saved, models);
  const ready = new Map();
  // One after the other: explorables of one name number themselves in the order of the page.
  for (const view of document.querySelectorAll(VIEW)) await mount(view, models, ready);
  root.dataset.explorables = "ready";
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => start());
else start();
