// A walk through the architecture: the whole, a block, its attention, one head; each box with its shape and parameters.

import { LEVELS, levelOf } from "./core/architecture.js";
import { PRESETS, headWidth, parameters } from "./core/transformer_costs.js";
import { choice } from "./kit/controls.js";
import { h, s, setAttributes, throttle, uniqueId } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { tourWords } from "./parts/tour_words.js";
import { bet } from "./parts/bet.js";
import { grouped, transformerWords } from "./parts/transformer_words.js";

const WIDTH = 360; // of the drawing, in its own units
const [LEFT, RIGHT] = [12, 318]; // of the boxes; residual lines run to the right of them
const [HIGH, GAP] = [48, 24];
const SIDE = 340; // where the residual lines run
const PAIRS = /** @type {const} */ ([["third", "betThird"], ["half", "betHalf"], ["most", "betMost"]]);

const t = strings({ en: { ...transformerWords.en, ...tourWords.en }, zh: { ...transformerWords.zh, ...tourWords.zh } });

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/architecture.js").Box} Box */
/** @typedef {import("./core/architecture.js").Level} Level */
/** @typedef {ReturnType<typeof tour>} State */

/** @param {(name: string) => any} get */
export function tour(get) {
  const preset = /** @type {import("./core/transformer_costs.js").Preset} */ (get("preset"));
  const config = PRESETS[preset];
  const [level, norm] = [/** @type {Level} */ (get("level")), /** @type {import("./core/architecture.js").Norm} */ (get("norm"))];
  const { rows, skips } = levelOf(config, level, norm);
  const boxes = rows.flat();
  return { preset, config, level, norm, rows, skips, boxes, chosen: boxes.find((one) => one.id === get("chosen")), total: parameters(config, { finalNorm: norm === "pre" }).total };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "architecture_tour", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  const now = () => tour(get);
  const hide = controls(f);
  const card = bet(f, { ask: t("ask"), how: t("askHow"), also: () => ({ level: "block", chosen: "" }), answers: [...PAIRS.map(([value, key]) => /** @type {[string, string]} */ ([value, t(key)])), ["skipped", t("skip")]] });
  const draw = picture(f, now);
  const update = () => {
    const state = now();
    card.show();
    hide(state);
    draw(state, get("prediction"));
  };
  for (const trait of ["preset", "level", "norm", "chosen", "prediction"]) f.watch(trait, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const doors = h("div", { class: "xp-doors" });
  f.root.insertBefore(doors, f.stage);
  const fresh = (/** @type {any} */ _, /** @type {{user: boolean}} */ { user }) => void (user && f.model.get("chosen") && f.assign({ chosen: "" }));
  choice(f, { trait: "level", label: t("level"), options: LEVELS.map((value) => ({ value, label: t(value) })), onInput: fresh, into: doors });
  choice(f, { trait: "preset", label: t("preset"), options: Object.keys(PRESETS).map((value) => ({ value, label: t(value) })) });
  const norm = choice(f, { trait: "norm", label: t("norm"), options: ["pre", "post"].map((value) => ({ value, label: t(value) })) });
  f.share("chosen", (v) => /^\w{0,12}$/.test(v));
  return (/** @type {State} */ { level }) => void (norm.node.hidden = level === "attention" || level === "head");
}

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {() => State} now */
function picture(f, now) {
  f.stage.classList.add("xp-pairs", "xp-tour");
  const [left, right] = [h("div"), h("div", { class: "xp-tour-told" })];
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(left, right, caption);
  const diagram = drawing(f, left, now);
  const tell = panel(right);
  const show = readouts(f);
  f.addTable(() => {
    const { level, boxes } = now();
    return { caption: t(level), columns: [t("colBox"), t("colShape"), t("colParameters")], rows: boxes.map((box) => [t(box.id), times(box.shape), box.parameters]) };
  });
  return (/** @type {State} */ state, /** @type {string} */ prediction) => {
    const text = sentence(state, prediction);
    diagram(state);
    tell(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(state.chosen ? details(state).join(" ") : text);
    show(state);
    f.tableChanged();
  };
}

/** @param {number[]} shape */
export const times = (shape) => shape.map((n) => (Number.isInteger(n) ? grouped(n) : fixed(n, 1))).join(" × ");

/** The boxes from top to bottom, one of which can be reached by Tab and the others by arrow keys. @param {Frame} f @param {HTMLElement} into @param {() => State} now */
function drawing(f, into, now) {
  const [title, desc] = [s("title", { id: uniqueId("title") }, t("diagram")), s("desc", { id: uniqueId("desc") })];
  const [ways, boxes] = [s("g", { class: "xp-tour-ways", "aria-hidden": "true" }), s("g")];
  const svg = s("svg", { class: "xp-plot-svg xp-tour-svg", role: "group", "aria-labelledby": title.id, "aria-describedby": desc.id }, title, desc, ways, boxes);
  into.append(svg, h("p", { class: "xp-help" }, t("help")));
  let told = "";
  const say = throttle(() => void (desc.textContent = told), 1000, f.signal);
  const moves = travel(f, now, svg);
  let drawn = "";
  return (/** @type {State} */ state) => {
    const key = `${state.preset} ${state.level} ${state.norm}`;
    const another = drawn && !drawn.includes(` ${state.level} `);
    if (key !== drawn) {
      const held = svg.contains(document.activeElement);
      const high = 8 + state.rows.length * (HIGH + GAP) - GAP + 8;
      setAttributes(svg, { viewBox: `0 0 ${WIDTH} ${high}`, width: WIDTH, height: high });
      ways.replaceChildren(...arrows(state));
      boxes.replaceChildren(...state.rows.flatMap((row, r) => row.map((box, c) => drawBox(f, box, r, c, row.length, moves))));
      told = state.rows.map((row) => row.map((box) => `${t(box.id)}: ${times(box.shape)}`).join(", ")).join("; ");
      say();
      drawn = key;
      mark(state);
      if (held) /** @type {SVGElement | null} */ (boxes.querySelector("[tabindex='0']"))?.focus(); // not lost with what was zoomed
    } else mark(state);
    if (another && !reducedMotion()) boxes.animate([{ opacity: 0, transform: "scale(0.94)" }, { opacity: 1, transform: "none" }], 220);
  };

  /** @param {State} state */
  function mark({ chosen, boxes: all }) {
    [...boxes.children].forEach((node, i) => {
      node.setAttribute("tabindex", all[i] === chosen || (!chosen && i === 0) ? "0" : "-1");
      node.setAttribute("aria-pressed", String(all[i] === chosen));
      node.classList.toggle("xp-chosen", all[i] === chosen);
    });
  }
}

/** What a press and a key do. @param {Frame} f @param {() => State} now @param {SVGSVGElement} svg */
function travel(f, now, svg) {
  const enter = (/** @type {Box} */ { id, into }) => f.assign(into ? { level: into, chosen: "" } : { chosen: id });
  const leave = () => {
    const { level } = now();
    const [from, to] = [level, LEVELS[LEVELS.indexOf(level) - 1]];
    const inside = { block: "block", attention: "attention", head: "heads" };
    if (to) f.assign({ level: to, chosen: inside[/** @type {keyof typeof inside} */ (from)] });
    return Boolean(to);
  };
  const within = (/** @type {number} */ i, /** @type {unknown[]} */ all) => Math.min(all.length - 1, Math.max(0, i));
  const go = (/** @type {Box} */ box, /** @type {number} */ down, right = 0) => {
    const { rows, chosen } = now();
    const at = rows.findIndex((row) => row.some(({ id }) => id === box.id));
    const row = rows[chosen ? within(at + down, rows) : at];
    const { id } = row[within(rows[at].findIndex((one) => one.id === box.id) + right, row)];
    f.assign({ chosen: id });
    /** @type {SVGElement | null} */ (svg.querySelector(`[data-box="${id}"]`))?.focus();
  };
  /** @type {Record<string, (box: Box) => void | boolean>} */
  const keys = {
    ArrowDown: (box) => go(box, 1), ArrowRight: (box) => go(box, 0, 1), ArrowUp: (box) => go(box, -1), ArrowLeft: (box) => go(box, 0, -1),
    Enter: enter, " ": enter, Escape: leave, Backspace: leave,
  };
  return { enter, key(/** @type {KeyboardEvent} */ event, /** @type {Box} */ box) {
    const act = keys[event.key];
    if (act && act(box) !== false) event.preventDefault();
  } };
}

/** @param {Frame} f @param {Box} box @param {number} row @param {number} column @param {number} of  boxes in the row @param {ReturnType<typeof travel>} moves */
function drawBox(f, box, row, column, of, moves) {
  const [width, y] = [(RIGHT - LEFT - 12 * (of - 1)) / of, 8 + row * (HIGH + GAP)];
  const x = LEFT + column * (width + 12);
  const name = box.times ? `${t(box.id)} × ${box.times}` : t(box.id);
  const small = of > 1;
  const rect = (/** @type {number} */ by) => s("rect", { x: x + by, y: y - by, width, height: HIGH, rx: 4 });
  const node = s("g", { class: `xp-tour-box${box.into ? " xp-tour-door" : ""}${box.parameters ? "" : " xp-tour-plain"}`, role: "button", tabindex: -1, "data-box": box.id,
    "aria-label": [name, times(box.shape), box.parameters ? t("count", { n: grouped(box.parameters) }) : "", box.into ? t("opens") : ""].filter(Boolean).join(", ") },
    ...(box.into ? [rect(4)] : []), rect(0),
    s("text", { class: "xp-tour-name", x: x + 10, y: y + 20 }, name), " ", // spaces, so that the words are those of the label
    s("text", { x: x + 10, y: y + 39 }, times(box.shape)), " ",
    ...(small ? [] : [s("text", { x: x + width - 10, y: y + 39, "text-anchor": "end" }, box.parameters ? grouped(box.parameters) : "")]),
    ...(box.into ? [s("path", { class: "xp-tour-lens", d: `M${x + width - 22} ${y + 15}h10m-5-5v10` })] : []));
  node.addEventListener("click", () => {
    moves.enter(box);
    if (!box.into) node.focus();
  }, { signal: f.signal });
  node.addEventListener("keydown", (event) => moves.key(event, box), { signal: f.signal });
  return node;
}

/** Lines from row to row, and the residual lines beside them. @param {State} state */
function arrows({ rows, skips }) {
  const middle = (/** @type {number} */ row, /** @type {number} */ column) => {
    const of = rows[row].length;
    const width = (RIGHT - LEFT - 12 * (of - 1)) / of;
    return LEFT + column * (width + 12) + width / 2;
  };
  const tip = (/** @type {number} */ x, /** @type {number} */ y) => `M${x - 4} ${y - 7}l4 7 4-7`;
  const straight = rows.slice(1).flatMap((row, r) => {
    const [top, bottom] = [8 + r * (HIGH + GAP) + HIGH, 8 + (r + 1) * (HIGH + GAP)];
    const many = Math.max(row.length, rows[r].length);
    return Array.from({ length: many }, (_, c) => {
      const x = middle(row.length === many ? r + 1 : r, c);
      return s("path", { d: `M${x} ${top}V${bottom}${tip(x, bottom)}` });
    });
  });
  const around = skips.map(({ from, to }) => {
    const [top, target] = [8 + from * (HIGH + GAP) + HIGH + GAP / 2, 8 + to * (HIGH + GAP) + HIGH / 2];
    return s("path", { class: "xp-tour-skip", d: `M${(LEFT + RIGHT) / 2} ${top}H${SIDE}V${target}H${RIGHT}M${RIGHT + 7} ${target - 4}l-7 4 7 4` });
  });
  return [...straight, ...around];
}

// ---------------------------------------------------------------------------------------------------------- words

/** @param {HTMLElement} into */
function panel(into) {
  const [head, list] = [h("p", { class: "xp-question" }), h("div")];
  into.append(head, list);
  return (/** @type {State} */ state) => {
    head.textContent = t(state.chosen?.id ?? state.level);
    const texts = state.chosen ? details(state).slice(1) : [t("choose")];
    list.replaceChildren(...texts.map((text) => h("p", { class: "xp-tour-line" }, text)));
  };
}

/** What there is to say of the chosen box. @param {State} state */
export function details({ chosen, config }) {
  if (!chosen) return [];
  const { id, shape, formula, parameters: n } = chosen;
  const size = headWidth(config);
  const values = { V: grouped(config.vocabulary), T: grouped(config.context), d: grouped(config.width), h: config.heads, k: Number.isInteger(size) ? size : fixed(size, 1), L: config.layers, root: fixed(Math.sqrt(size), 2) };
  const counted = n ? t("counted", { formula, n: grouped(n) }) : id === "unembedding" ? t("countTied") : t("countNone");
  return [t(id), t(`about_${id}`, values), t("leaves", { shape: times(shape) }), counted, ...(chosen.into ? [t("howIn")] : [])];
}

/** @param {State} state @param {string} prediction */
export function sentence({ preset, config, level, norm, boxes, total }, prediction) {
  const own = boxes.reduce((sum, box) => sum + box.parameters, 0);
  const values = { model: t(preset), total: grouped(total), own: grouped(own), L: config.layers, h: config.heads, k: grouped(headWidth(config)), T: grouped(config.context), d: grouped(config.width) };
  const parts = [t(level === "block" ? (norm === "pre" ? "sayPre" : "sayPost") : `say_${level}`, values)];
  if (level === "whole" && norm === "post") parts.push(t("sayNoFinal"));
  if (level === "block" && prediction) {
    const mix = boxes.find((box) => box.id === "attention")?.parameters ?? 0;
    parts.push(t("share", { share: fixed((100 * mix) / own, 1) }));
    const key = PAIRS.find(([value]) => value === prediction)?.[1];
    if (key) parts.push(t(prediction === "third" ? "foretoldRight" : "foretoldWrong", { what: t(key) }));
  }
  return parts.join(" ");
}

/** @param {Frame} f */
function readouts(f) {
  const total = readout(f, { name: "total", label: t("readTotal"), format: grouped, width: 15 });
  const here = readout(f, { name: "here", label: t("readHere"), format: grouped, width: 15 });
  return (/** @type {State} */ { boxes, total: all, level, chosen }) => {
    total(all);
    here(boxes.reduce((sum, box) => sum + box.parameters, 0));
    f.setReadout("level", level);
    f.setReadout("chosen", chosen?.id ?? "");
    f.setReadout("boxes", boxes.map(({ id, shape, parameters: n }) => `${id} ${shape.join("x")} ${n}`).join("; "));
  };
}

export default { render };
