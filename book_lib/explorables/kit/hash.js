// The state of a page's explorables in its address: #xp:lattice.temperature=2.27&lattice.field=0
// Each bundle has its own copy of this module, so the address itself is the only thing they share.

const PREFIX = "#xp:";

/** @typedef {Record<string, Record<string, string>>} HashState  explorable → trait → text */

/**
 * @param {string} hash  as in location.hash
 * @returns {HashState} empty when the hash is a plain anchor or malformed
 */
export function parseHash(hash) {
  /** @type {HashState} */
  const state = {};
  if (!hash.startsWith(PREFIX)) return state;
  for (const part of hash.slice(PREFIX.length).split("&")) {
    const match = /^([\w-]+)\.([^=]+)=(.*)$/.exec(part);
    if (!match) continue;
    const [, name, trait, raw] = match;
    try {
      const [key, text] = [decodeURIComponent(trait), decodeURIComponent(raw)];
      own(state, name, {});
      own(state[name], key, text);
    } catch {
      // A broken escape is somebody's typing error: leave that one value out.
    }
  }
  return state;
}

/**
 * Give an object a property of its own, unless it has it: a name such as `__proto__` is only a name.
 * @param {Record<string, any>} object @param {string} key @param {any} value
 */
function own(object, key, value) {
  if (Object.hasOwn(object, key)) return;
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * @param {HashState} state
 * @returns {string} "" when there is nothing to say
 */
export function formatHash(state) {
  const parts = Object.entries(state).flatMap(([name, traits]) =>
    Object.entries(traits).map(([trait, value]) => `${name}.${encodeURIComponent(trait)}=${encodeURIComponent(value)}`),
  );
  return parts.length ? PREFIX + parts.join("&") : "";
}

/**
 * Text from the address as a value of the same type as the one it replaces.
 * @param {string} text
 * @param {unknown} like
 * @returns {unknown} undefined when the text is no such value
 */
export function parseValue(text, like) {
  if (typeof like === "number") {
    const value = Number(text);
    return text.trim() !== "" && Number.isFinite(value) ? value : undefined;
  }
  if (typeof like === "boolean") return text === "true" ? true : text === "false" ? false : undefined;
  if (Array.isArray(like)) {
    const values = text === "" ? [] : text.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
    return values.every(Number.isFinite) ? values : undefined; // a list of numbers: 0.2,0.5,0.3, or none
  }
  if (typeof like === "object" && like !== null) return parseNumbers(text);
  return typeof like === "string" ? text : undefined;
}

/**
 * Numbers by name: w:1,x:-2.5
 * @param {string} text
 * @returns {Record<string, number> | undefined}
 */
function parseNumbers(text) {
  const pairs = text.split(",").filter((part) => part !== "").map((part) => {
    const [name, value = ""] = part.split(":");
    return /** @type {const} */ ([name, value.trim() === "" ? NaN : Number(value)]);
  });
  return pairs.every(([name, value]) => name && name !== "__proto__" && Number.isFinite(value)) ? Object.fromEntries(pairs) : undefined;
}

/**
 * A value as the address writes it.
 * @param {unknown} value
 * @returns {string}
 */
export function formatValue(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return String(value);
  return Object.entries(value).map(([name, number]) => `${name}:${number}`).join(",");
}

/**
 * Keep some traits of one explorable in the address (on the site only).
 * @param {{model: import("./frame.js").Model, key: string, signal: AbortSignal, root: HTMLElement}} f
 * @returns {{share(trait: string, accept?: (value: any) => boolean): void, changed(): void}}
 */
export function hashState(f) {
  /** @type {Map<string, {shipped: unknown, accept: (value: any) => boolean}>} */
  const shared = new Map();
  let timer = 0;

  /** @param {string} trait */
  const read = (trait) => {
    const entry = shared.get(trait);
    const text = parseHash(location.hash)[f.key]?.[trait];
    if (!entry || typeof text !== "string") return;
    const value = parseValue(text, entry.shipped);
    if (value !== undefined && entry.accept(value)) f.model.set(trait, value);
  };
  const put = () => {
    const state = parseHash(location.hash);
    /** @type {Record<string, string>} */
    const mine = {};
    for (const [trait, { shipped }] of shared) {
      const value = f.model.get(trait);
      if (formatValue(value) !== formatValue(shipped)) mine[trait] = formatValue(value); // compared by what they hold
    }
    if (Object.keys(mine).length) state[f.key] = mine;
    else delete state[f.key];
    const hash = formatHash(state);
    if (!hash && !location.hash.startsWith(PREFIX)) return; // leave a plain anchor alone
    history.replaceState(history.state, "", hash || location.pathname + location.search);
  };

  // A link within the page has replaced the address: everybody writes their state into it again.
  const write = () => {
    if (location.hash.startsWith(PREFIX)) put();
    else document.dispatchEvent(new CustomEvent("xp:address"));
  };

  document.addEventListener("xp:address", put, { signal: f.signal });
  addEventListener("hashchange", () => [...shared.keys()].forEach(read), { signal: f.signal });
  f.signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    share(trait, accept = () => true) {
      const known = shared.get(trait);
      if (known) {
        const before = known.accept; // a slider takes values between those of the presets
        known.accept = (value) => before(value) || accept(value);
      } else shared.set(trait, { shipped: f.model.get(trait), accept });
      read(trait);
    },
    changed() {
      clearTimeout(timer); // Safari allows 100 writes in 30 seconds, and a drag makes 60 in one
      timer = Number(setTimeout(write, 300));
    },
  };
}
