// A computation graph drawn in layers: boxes with sign, name, value and bar; edges with their local derivatives.

import { arrange } from "../core/layered.js";
import { h, s, setAttributes } from "../kit/dom.js";
import { significant } from "../kit/format.js";
import { number, symbol } from "./graph_words.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */
/** @typedef {import("../core/formula.js").Formula} Formula */
/** @typedef {import("../core/layered.js").Spot} Spot */
/** @typedef {{child: number, index: number}} Arrow  an edge */
/**
 * What is to be seen now.
 * @typedef {object} Look
 * @property {(number | null)[]} values  null: not computed yet
 * @property {(number | null)[]} bars
 * @property {number[][]} slopes  of each node, by argument
 * @property {number[]} waiting  edges that each bar still waits for
 * @property {Arrow[]} gone  edges gone back
 * @property {number} node  that this step is about; −1: none
 * @property {Arrow | null} edge
 * @property {number} fault  the node that has no value; −1: none
 */

const [HEIGHT, PITCH_Y] = [54, 68]; // of a box, and from one to the next
const WIDE = { box: 66, pitch: 118 };
const NARROW = { box: 60, pitch: 97 }; // of more layers than DEEP: the network of the chapter fits its column
const DEEP = 7;
const PAD = 6;
const LINE = 13; // between two numbers

/**
 * @param {Frame} f
 * @param {{label: string, onLeaf: (name: string) => void}} options  onLeaf: an input was clicked
 */
export function graphPicture(f, { label, onLeaf }) {
  const svg = s("svg", { class: "xp-cg-svg", role: "img", "aria-label": label });
  const box = h("div", { class: "xp-cg-scroll" }, svg);
  f.stage.append(box);
  scrolls(f, box, label);
  let drawn = /** @type {ReturnType<typeof build> | null} */ (null);
  return {
    /** @param {{formula: Formula, names: string[]}} what */
    rebuild({ formula, names }) {
      drawn = build(f, svg, formula, names, onLeaf);
      box.scrollLeft = 0;
    },
    /** @param {Look} look @param {string} text  for people who do not see it */
    draw(look, text) {
      svg.setAttribute("aria-label", `${label}. ${text}`);
      drawn?.draw(look);
      if (drawn && look.node >= 0) {
        const { places, size } = drawn;
        follow(box, svg, places[look.node][0], places[look.edge?.child ?? look.node][0], size);
      }
    },
  };
}

/** A box that does not fit can be scrolled by keys, and fades out where it goes on. @param {Frame} f @param {HTMLElement} box @param {string} label */
function scrolls(f, box, label) {
  const update = () => {
    const wide = box.scrollWidth > box.clientWidth + 1;
    setAttributes(box, wide ? { tabindex: 0, role: "group", "aria-label": label } : { tabindex: null, role: null, "aria-label": null });
    box.classList.toggle("xp-cg-before", wide && box.scrollLeft > 2);
    box.classList.toggle("xp-cg-after", wide && box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
  };
  box.addEventListener("scroll", update, { signal: f.signal, passive: true });
  const observer = new ResizeObserver(update);
  observer.observe(box);
  if (box.firstElementChild) observer.observe(box.firstElementChild);
  f.onCleanup(() => observer.disconnect());
}

/**
 * Keep what happens in sight: the layer of a node, and of the one it hears from if both have room.
 * @param {HTMLElement} box @param {SVGElement} svg @param {number} layer @param {number} sender @param {typeof WIDE} size
 */
function follow(box, svg, layer, sender, { box: wide, pitch }) {
  if (box.scrollWidth <= box.clientWidth) return;
  const scale = svg.getBoundingClientRect().width / Number(svg.getAttribute("width"));
  const reach = (sender - layer) * pitch + wide + 2 * PAD < box.clientWidth / scale ? sender : layer;
  const spare = Math.min(0.4 * pitch, Math.max(PAD, (box.clientWidth / scale - (reach - layer) * pitch - wide) / 2));
  const [left, right] = [(PAD + layer * pitch - spare) * scale, (PAD + reach * pitch + wide + spare) * scale];
  if (left < box.scrollLeft) box.scrollLeft = left;
  else if (right > box.scrollLeft + box.clientWidth) box.scrollLeft = right - box.clientWidth;
}

/** @param {Frame} f @param {SVGSVGElement} svg @param {Formula} formula @param {string[]} names @param {(name: string) => void} onLeaf */
function build(f, svg, formula, names, onLeaf) {
  const { places, routes, depth, height } = arrange(formula);
  const size = depth > DEEP ? NARROW : WIDE;
  const [width, tall] = [(depth - 1) * size.pitch + size.box + 2 * PAD, height * PITCH_Y - (PITCH_Y - HEIGHT) + 2 * PAD];
  setAttributes(svg, { viewBox: `0 0 ${width} ${tall}`, width, height: tall });
  svg.style.setProperty("--wide", `${width}px`);
  svg.classList.toggle("xp-cg-deep", size === NARROW);
  const entries = entrances(formula, routes);
  const edges = routes.map((route, k) => ({ ...route, ...edgeParts(route.corners, entries[k], size) }));
  keepApart(edges.map((e) => e.text));
  const boxes = formula.nodes.map((node) => boxParts(f, node, names[node.id], places[node.id], size, onLeaf));
  svg.replaceChildren(...edges.map((e) => e.path), ...boxes.map((b) => b.group), ...edges.map((e) => e.text));
  return {
    places, size,
    /** @param {Look} look */
    draw(look) {
      boxes.forEach((box, id) => box.draw(look, id));
      const gone = new Set(look.gone.map(({ child, index }) => `${child} ${index}`));
      for (const { child, index, path, text } of edges) {
        const slope = look.values[child] === null ? undefined : look.slopes[child][index];
        const active = look.edge?.child === child && look.edge.index === index;
        const forward = !look.edge && look.node === child;
        const classes = `xp-cg-edge${active ? " xp-cg-active" : ""}${forward ? " xp-cg-now" : ""}${gone.has(`${child} ${index}`) ? " xp-cg-gone" : ""}`;
        if (path.getAttribute("class") !== classes) path.setAttribute("class", classes);
        write(text, slope === undefined ? "" : significant(slope, 3));
        text.setAttribute("class", `xp-cg-slope${active || forward ? " xp-cg-strong" : ""}`);
      }
    },
  };
}

/** Numbers in one gap between two layers stand below each other. @param {SVGTextElement[]} texts */
function keepApart(texts) {
  for (const x of new Set(texts.map((text) => text.getAttribute("x")))) {
    const column = texts.filter((text) => text.getAttribute("x") === x);
    const wished = column.map((text) => ({ text, y: Number(text.getAttribute("y")) })).sort((a, b) => a.y - b.y);
    const given = wished.map(({ y }) => y);
    given.forEach((y, i) => void (i && (given[i] = Math.max(y, given[i - 1] + LINE))));
    // Pushed down only so far; half of it goes back up, where there is room.
    for (let i = given.length - 1; i >= 0; i--) {
      const room = i ? given[i] - given[i - 1] - LINE : Infinity;
      given[i] -= Math.min(room, (given[i] - wished[i].y) / 2);
    }
    wished.forEach(({ text }, i) => text.setAttribute("y", String(given[i])));
  }
}

/** @param {SVGTextElement} node @param {string} text */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Where each edge enters its box, from the middle: those from above enter above.
 * @param {Formula} formula @param {{child: number, corners: Spot[]}[]} routes
 */
function entrances({ nodes }, routes) {
  const offsets = routes.map(() => 0);
  for (const { id } of nodes) {
    const mine = routes.flatMap((route, k) => (route.child === id ? [k] : []));
    const from = (/** @type {number} */ k) => routes[k].corners[routes[k].corners.length - 2][1];
    mine.sort((a, b) => from(a) - from(b) || a - b);
    mine.forEach((k, i) => void (offsets[k] = (i - (mine.length - 1) / 2) * 14));
  }
  return offsets;
}

/** @param {Spot[]} corners @param {number} entry @param {typeof WIDE} size */
function edgeParts(corners, entry, { box, pitch }) {
  const at = (/** @type {Spot} */ [layer, row]) => /** @type {[number, number]} */ ([PAD + layer * pitch, PAD + row * PITCH_Y + HEIGHT / 2]);
  let [x, y] = at(corners[0]);
  x += box;
  let d = `M${x} ${y}`;
  let middle = [x, y];
  corners.slice(1).forEach((corner, k) => {
    const last = k === corners.length - 2;
    const [left, row] = at(corner);
    const to = last ? row + entry : row;
    const half = (x + left) / 2;
    d += `C${half} ${y} ${half} ${to} ${left} ${to}`;
    if (!last) d += `h${box}`;
    middle = [half, (y + to) / 2];
    [x, y] = [left + box, to];
  });
  const flat = Math.abs(middle[1] - y) < 12; // then the number stands above its edge, or below it where another is above
  const text = s("text", { class: "xp-cg-slope", x: middle[0], y: middle[1] + (!flat ? 4 : entry > 0 ? 15 : -6), "text-anchor": "middle" });
  return { path: s("path", { class: "xp-cg-edge", d }), text };
}

/**
 * @param {Frame} f @param {import("../core/formula.js").Node} node @param {string} name @param {Spot} spot
 * @param {typeof WIDE} size @param {(name: string) => void} onLeaf
 */
function boxParts(f, node, name, [layer, row], { box: wide, pitch }, onLeaf) {
  const leaf = node.kind !== "operation";
  const line = (/** @type {string} */ kind, /** @type {number} */ y, x = wide / 2, anchor = "middle") =>
    s("text", { class: kind, x, y, "text-anchor": anchor });
  const sign = line("xp-cg-sign", 14, 5, "start");
  const title = leaf ? line("xp-cg-title", 14) : line("xp-cg-title", 14, wide - 5, "end");
  const [value, bar] = [line("xp-cg-value", 31), line("xp-cg-bar", 48)];
  const group = s("g", { class: "xp-cg-box", transform: `translate(${PAD + layer * pitch} ${(PAD + row * PITCH_Y).toFixed(1)})` },
    s("rect", { class: "xp-cg-frame", width: wide, height: HEIGHT, rx: leaf ? 12 : 2 }),
    s("path", { class: "xp-cg-tint", d: `M1 36H${wide - 1}V${HEIGHT - 1}H1Z` }), sign, title, value, bar);
  if (!leaf) sign.textContent = symbol(node);
  title.textContent = name.length > (leaf ? 8 : 4) ? `${name.slice(0, leaf ? 7 : 3)}…` : name;
  if (!leaf && !node.name) title.classList.add("xp-cg-nameless");
  if (node.kind === "input") group.addEventListener("click", () => onLeaf(node.name), { signal: f.signal });
  const base = `xp-cg-box${leaf ? " xp-cg-leaf" : ""}`;
  return {
    group,
    /** @param {Look} look @param {number} id */
    draw(look, id) {
      const [v, b] = [look.values[id], look.bars[id]];
      write(value, look.fault === id ? "?" : v === null ? "" : number(v));
      write(bar, b === null ? "" : look.waiting[id] ? `${significant(b, 3)} +…` : number(b));
      const now = look.node === id && !look.edge;
      const classes = `${base}${now ? " xp-cg-now" : ""}${look.edge && look.node === id ? " xp-cg-active" : ""}`
        + `${look.edge?.child === id ? " xp-cg-sender" : ""}${b !== null ? " xp-cg-told" : ""}${look.fault === id ? " xp-cg-fault" : ""}`;
      if (group.getAttribute("class") !== classes) group.setAttribute("class", classes);
    },
  };
}
