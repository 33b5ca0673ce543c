// The network as a picture: inputs, a small map for each unit, and lines as thick as the weights.

import { INPUTS } from "../core/mlp.js";
import { h, s, setAttributes } from "../kit/dom.js";
import { fixed, significant } from "../kit/format.js";
import { GRID } from "./mlp_plane.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */
/** @typedef {import("../core/mlp.js").Network} Network */
/** @typedef {{layer: number, unit: number}} Unit  layer from 1 */

const EVERY = 3; // nodes of the large map to one of a small one
const SMALL = (GRID - 1) / EVERY + 1;
const PITCH = 50; // px from unit to unit
const HEAD = 22; // px for the names of the layers

/**
 * @param {Frame} f
 * @param {{into: HTMLElement, t: (key: string, values?: Record<string, unknown>) => string, paint: ReturnType<typeof import("./heat.js").heat>,
 *     onPick: (unit: Unit) => void, onPeek: (unit: Unit | null) => void}} options  onPeek: the mouse comes, and goes
 */
export function diagram(f, { into, t, paint, onPick, onPeek }) {
  const edges = s("svg", { class: "xp-mlp-edges", preserveAspectRatio: "none", "aria-hidden": "true" });
  const nodes = h("div", {});
  const node = h("div", { class: "xp-mlp-net", role: "group", "aria-label": t("net") }, edges, nodes);
  into.append(node);
  /** Buttons are kept for a layer that comes back. @type {Map<string, HTMLButtonElement>} */
  const pool = new Map();
  const output = h("span", { class: "xp-mlp-unit xp-mlp-output", title: t("output") }, h("canvas", { "aria-hidden": "true" }), h("b", {}, "z"));
  let built = "";
  /** @type {SVGLineElement[][]} */
  let lines = [];
  /** What the lines look like now: most do not change from frame to frame. @type {number[][]} */
  let looks = [];

  const unitButton = (/** @type {number} */ layer, /** @type {number} */ unit) => {
    const key = `${layer},${unit}`;
    const known = pool.get(key);
    if (known) return known;
    const made = h("button", { type: "button", class: "xp-mlp-unit", "aria-pressed": "false", "aria-label": t("unit", { l: layer, u: unit + 1 }) }, h("canvas", { "aria-hidden": "true" }));
    made.addEventListener("click", () => onPick({ layer, unit }), { signal: f.signal });
    made.addEventListener("pointerenter", ({ pointerType }) => void (pointerType === "mouse" && onPeek({ layer, unit })), { signal: f.signal });
    made.addEventListener("pointerleave", ({ pointerType }) => void (pointerType === "mouse" && onPeek(null)), { signal: f.signal });
    pool.set(key, made);
    return made;
  };

  const build = (/** @type {number[]} */ sizes) => {
    const rows = Math.max(...sizes);
    const height = HEAD + PITCH * rows;
    const at = (/** @type {number} */ l, /** @type {number} */ u) => ({ x: (100 * (l + 0.5)) / sizes.length, y: HEAD + (PITCH * rows * (u + 0.5)) / sizes[l] });
    const put = (/** @type {HTMLElement} */ one, /** @type {number} */ l, /** @type {number} */ u) => {
      const { x, y } = at(l, u);
      Object.assign(one.style, { left: `${x}%`, top: `${y}px` });
      return one;
    };
    node.style.blockSize = `${height}px`;
    setAttributes(edges, { viewBox: `0 0 100 ${height}` });
    const last = sizes.length - 1;
    const heads = sizes.map((_, l) => h("span", { class: "xp-mlp-head", "aria-hidden": "true" }, l === 0 ? t("inputColumn") : l === last ? t("logit") : t("layer", { l })));
    heads.forEach((head, l) => void (head.style.left = `${at(l, 0).x}%`));
    nodes.replaceChildren(...heads, ...sizes.flatMap((size, l) => Array.from({ length: size }, (_, u) =>
      put(l === 0 ? h("span", { class: "xp-mlp-unit xp-mlp-input" }, INPUTS[u].replace("/3", "")) : l === last ? output : unitButton(l, u), l, u))));
    lines = sizes.slice(1).map((size, l) => Array.from({ length: size * sizes[l] }, (_, k) => {
      const [a, b] = [at(l, k % sizes[l]), at(l + 1, Math.floor(k / sizes[l]))];
      return s("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, "vector-effect": "non-scaling-stroke" });
    }));
    looks = lines.map((row) => row.map(() => NaN));
    edges.replaceChildren(...lines.flat());
  };

  return {
    /**
     * After a forward pass over the nodes of the map.
     * @param {Network} network @param {Unit | null} chosen @param {(layer: number, h: number, most: number) => number} tone  of an activation, −1 … 1
     * @param {(z: number) => number} toneOfLogit
     */
    show(network, chosen, tone, toneOfLogit) {
      const { sizes } = network;
      if (built !== sizes.join()) build(sizes);
      built = sizes.join();
      network.weights.forEach((weights, l) => weights.forEach((w, k) => {
        const wide = Number.isFinite(w) ? Math.round(10 * Math.min(7, 0.4 + 1.6 * Math.abs(w))) / 10 : 0;
        const look = w < 0 ? -wide : wide;
        if (looks[l][k] === look) return;
        looks[l][k] = look;
        const line = lines[l][k];
        line.setAttribute("class", `xp-mlp-edge xp-${w < 0 ? "mean_field" : "simulation"}`);
        line.style.strokeWidth = `${wide}px`;
      }));
      for (let l = 1; l < sizes.length; l++) {
        const last = l === sizes.length - 1;
        for (let u = 0; u < sizes[l]; u++) {
          const one = last ? output : unitButton(l, u);
          const canvas = /** @type {HTMLCanvasElement} */ (one.firstElementChild);
          const most = last ? 1 : largest(network.h[l], u, sizes[l]);
          paint(canvas, SMALL, (i) => {
            const at = (EVERY * Math.floor(i / SMALL) * GRID + EVERY * (i % SMALL)) * sizes[l] + u;
            return last ? toneOfLogit(network.h[l][at]) : tone(l, network.h[l][at], most);
          });
          if (!last) one.setAttribute("aria-pressed", String(chosen?.layer === l && chosen.unit === u));
        }
      }
    },
  };
}

/** The largest |h| of a unit over the map. @param {Float64Array} values @param {number} unit @param {number} size */
export function largest(values, unit, size) {
  let most = 1e-9;
  for (let i = unit; i < GRID * GRID * size; i += size) if (Math.abs(values[i]) > most) most = Math.abs(values[i]);
  return most;
}

/**
 * A unit as a formula: "h = tanh(0.83 x₁ − 1.20 x₂ + 0.10)".
 * @param {Network} network @param {Unit} unit @param {string} activation
 */
export function formula(network, { layer, unit }, activation) {
  const D = network.sizes[layer - 1];
  const short = (/** @type {number} */ v) => (Math.abs(v) < 1000 ? fixed(Math.abs(v), 2) : significant(Math.abs(v), 3));
  const sub = (/** @type {number} */ k) => [...String(k + 1)].map((c) => "₀₁₂₃₄₅₆₇₈₉"[Number(c)]).join("");
  const parts = Array.from({ length: D }, (_, k) => {
    const w = network.weights[layer - 1][unit * D + k];
    return `${w < 0 ? "− " : k ? "+ " : ""}${short(w)} ${layer === 1 ? INPUTS[k] : `h${sub(k)}`}`;
  });
  const c = network.biases[layer - 1][unit];
  const inner = `${parts.join(" ")} ${c < 0 ? "−" : "+"} ${short(c)}`;
  if (layer === network.sizes.length - 1) return `z = ${inner}`;
  const name = { tanh: "tanh", relu: "ReLU", sigmoid: "σ", identity: "" }[activation];
  return name ? `h = ${name}(${inner})` : `h = ${inner}`;
}
