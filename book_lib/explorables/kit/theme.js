// Colours come from CSS custom properties, so that a theme change needs no code; a canvas reads them here.

/** @typedef {import("./frame.js").Frame} Frame */

const PROPERTIES = {
  ink: "--xp-ink",
  muted: "--xp-muted",
  rule: "--xp-rule",
  paper: "--xp-paper",
  sim: "--xp-sim",
  theory: "--xp-theory",
  mf: "--xp-mf",
  reader: "--xp-reader",
  accent: "--xp-accent",
  spinUp: "--spin-up",
  spinDown: "--spin-down",
  cold: "--t-cold",
  mid: "--t-mid",
  hot: "--t-hot",
};

/** @typedef {Record<keyof typeof PROPERTIES, string>} Colors */
/** @typedef {[number, number, number]} Rgb */

/**
 * The present theme's colours, as CSS text.
 * @param {Frame} f
 * @returns {Colors}
 */
export function colors(f) {
  const style = getComputedStyle(f.root.isConnected ? f.root : document.documentElement);
  const entries = Object.entries(PROPERTIES).map(([name, p]) => [name, style.getPropertyValue(p).trim() || "#808080"]);
  return /** @type {Colors} */ (Object.fromEntries(entries));
}

/**
 * CSS colour text (#rgb, #rrggbb, rgb(…)) as numbers from 0 to 255.
 * @param {string} text
 * @returns {Rgb}
 */
export function parseColor(text) {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim())?.[1];
  if (hex) {
    const six = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
    const packed = Number.parseInt(six, 16);
    return [packed >> 16, (packed >> 8) & 255, packed & 255];
  }
  const numbers = text.match(/[\d.]+/g)?.map(Number) ?? [];
  return numbers.length >= 3 ? [numbers[0], numbers[1], numbers[2]] : [128, 128, 128];
}

/**
 * A colour as one little-endian pixel for a Uint32Array over ImageData.
 * @param {string} text
 * @returns {number}
 */
export function pixel(text) {
  const [r, g, b] = parseColor(text);
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/**
 * The book's temperature scale: 0 is cold (blue), one half is neutral, 1 is hot (orange).
 * @param {number} t01
 * @param {Pick<Colors, "cold" | "mid" | "hot">} scale  from `colors(f)`
 * @returns {string} CSS text
 */
export function temperatureColor(t01, scale) {
  const t = Math.min(1, Math.max(0, t01));
  const [from, to] = t < 0.5 ? [scale.cold, scale.mid] : [scale.mid, scale.hot];
  const part = t < 0.5 ? 2 * t : 2 * t - 1;
  const [a, b] = [parseColor(from), parseColor(to)];
  return `rgb(${a.map((v, i) => Math.round(v + (b[i] - v) * part)).join(" ")})`;
}

/**
 * Call `fn` whenever the page turns light or dark (site, JupyterLab or system).
 * @param {Frame} f
 * @param {() => void} fn
 */
export function onTheme(f, fn) {
  const observer = new MutationObserver(fn);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme", "theme", "class"] });
  observer.observe(document.body, { attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind", "class"] });
  f.onCleanup(() => observer.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fn, { signal: f.signal });
}

/** @returns {boolean} whether the reader asked for less motion */
export function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * @param {Frame} f
 * @returns {boolean} whether the page is dark just now, judged by its paper
 */
export function isDark(f) {
  const [r, g, b] = parseColor(colors(f).paper);
  return r + g + b < 3 * 128;
}
