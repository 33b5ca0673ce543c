// Softmax at every temperature from 0 to ∞, and beside it the same law for two energy levels.

import { sampleCategorical } from "./core/cumulative.js";
import { CounterRNG } from "./core/rng.js";
import { energiesOf, thermal } from "./core/thermal.js";
import { button, choice, numberBox, presets, seedBox } from "./kit/controls.js";
import { h, s, setDisabled } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { strings } from "./kit/strings.js";
import { smallTable } from "./parts/handle.js";
import { STEPS, TICKS, positionOf, temperatureAt, thermostat } from "./parts/thermostat.js";

const LEVELS = [0, 1]; // energies of the twin, as in softmax_temperature.py
const MOST = 50; // the largest score
const SHIFT = 5;
const DRAWN = 12;
const PARTICLES = 40;
const NOISE = 1; // stream of the particles; the words draw from stream 0

const t = strings({
  en: {
    name: "Softmax with a temperature",
    words: "Words", levels: "Two levels", energies: "energies 0 and 1",
    preFour: "Four words", preTie: "A tie", prePairs: "Two pairs", preLone: "One ahead",
    add: "Add 5 to every score", take: "Take 5 from every score",
    units: "Entropy in", nats: "nats", bits: "bits",
    score: "Score of {word}", word: "word {i}", scoreColumn: "score z", drawn: "First {n} draws",
    plotWords: "Entropy and heat capacity of the words", plotLevels: "Entropy and heat capacity of the two levels",
    axisT: "temperature T", axisNats: "S (nats), C", axisBits: "S (bits), C",
    S: "entropy S", C: "heat capacity C", largest: "{log} {k}",
    colS: "entropy S", colE: "mean energy ⟨E⟩", colC: "heat capacity C",
    rowWords: "words", rowLevels: "levels", tableCaption: "Words and levels",
    colWord: "word", colP: "probability", colLevel: "energy E",
    particles: "{up} of {n} particles on the upper level, whose probability is {p}",
    bars: "Probabilities of the words",
    sayZero: "T = 0 is argmax: {word} takes everything, however small its lead. Every particle lies on the ground, too.",
    sayTie: "T = 0 is argmax: {words} tie for the largest score and share everything. Every particle lies on the ground.",
    sayInfinite: "T = ∞: scores no longer matter. Each of {k} words has probability 1/{k}, and entropy is as large as it can be. "
      + "Half of the particles are up, no more.",
    sayFlat: "All scores tie, so that the words are alike at every temperature. Only the levels notice T.",
    sayCold: "Cold: one point of score is a factor e^(1/T) = {factor}. {word} has {p} %, and upper levels are frozen out.",
    sayBump: "The bump: here two levels take up heat most readily, C = {heat}. {word} has {p} %; one point of score is a factor {factor}.",
    sayOne: "T = 1: the plain softmax. One point of score is a factor e = 2.72; {word} has {p} %, {rare} {q} %.",
    sayWarm: "One point of score is a factor e^(1/T) = {factor}: {word} has {p} %, {rare} {q} %.",
    sayHot: "Hot: one point of score is a factor of no more than {factor}, so {word} has {p} % and {rare} {q} %. Their order stays.",
    sayShift: "Every score is {shift} {way}, and nothing else has changed: only differences count.",
    higher: "higher", lower: "lower", and: " and ",
  },
  zh: {
    name: "带温度的 softmax",
    words: "词", levels: "两个能级", energies: "能量为 0 和 1",
    preFour: "四个词", preTie: "并列", prePairs: "两对", preLone: "一马当先",
    add: "所有得分加 5", take: "所有得分减 5",
    units: "熵的单位", nats: "奈特", bits: "比特",
    score: "{word} 的得分", word: "词 {i}", scoreColumn: "得分 z", drawn: "前 {n} 次抽取",
    plotWords: "词的熵与热容", plotLevels: "两个能级的熵与热容",
    axisT: "温度 T", axisNats: "S（奈特）、C", axisBits: "S（比特）、C",
    S: "熵 S", C: "热容 C", largest: "{log} {k}",
    colS: "熵 S", colE: "平均能量 ⟨E⟩", colC: "热容 C",
    rowWords: "词", rowLevels: "能级", tableCaption: "词与能级",
    colWord: "词", colP: "概率", colLevel: "能量 E",
    particles: "{n} 个粒子中有 {up} 个在上能级，其概率为 {p}",
    bars: "各词的概率",
    sayZero: "T = 0 就是取最大者：{word} 独占一切，哪怕只领先一点点。所有粒子也都在基态。",
    sayTie: "T = 0 就是取最大者：{words} 并列最高，平分一切。所有粒子都在基态。",
    sayInfinite: "T = ∞：得分不再起作用。{k} 个词的概率各为 1/{k}，熵达到最大。只有一半粒子在上能级，不会更多。",
    sayFlat: "所有得分相同，因此在任何温度下各词都一样。只有能级感受到 T。",
    sayCold: "冷：得分差一分，概率就差 e^(1/T) = {factor} 倍。{word} 占 {p}%，上能级被冻结。",
    sayBump: "峰：两个能级在这里最容易吸热，C = {heat}。{word} 占 {p}%；得分差一分相当于 {factor} 倍。",
    sayOne: "T = 1：普通的 softmax。得分差一分相当于 e = 2.72 倍；{word} 占 {p}%，{rare} 占 {q}%。",
    sayWarm: "得分差一分相当于 e^(1/T) = {factor} 倍：{word} 占 {p}%，{rare} 占 {q}%。",
    sayHot: "热：得分差一分只相当于 {factor} 倍，于是 {word} 占 {p}%，{rare} 占 {q}%。次序不变。",
    sayShift: "每个得分都{way}了 {shift}，其他一切不变：只有差值起作用。",
    higher: "提高", lower: "降低", and: "与",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/thermal.js").Thermal} Thermal */
/** @typedef {{T: number, z: number[], words: string[], bits: boolean, seed: number, now: Thermal, twin: Thermal}} State */

const PRESETS = {
  preFour: { logits: [4, 3, 2, 0], temperature: 1 }, // as at first
  preTie: { logits: [4, 4, 2, 0] },
  prePairs: { logits: [1, 1, 0, 0] },
  preLone: { logits: [4, 0, 0, 0] },
};

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "softmax_temperature", label: t("name") });
  const knob = controls(f);
  /** @returns {State} */
  const state = () => {
    const [T, z] = [knob.value(), /** @type {number[]} */ (model.get("logits"))];
    const words = z.map((_, i) => model.get("words")[i] ?? t("word", { i: i + 1 }));
    return { T, z, words, bits: model.get("units") === "bits", seed: model.get("seed"),
      now: thermal(energiesOf(z), T), twin: thermal(LEVELS, T) };
  };
  const draw = picture(f, knob);
  let before = state();
  const change = () => {
    const next = state();
    draw(next, shifted(before, next));
    before = next;
  };
  for (const trait of ["temperature", "logits", "words", "units", "seed"]) f.watch(trait, change);
  draw(before, 0);
  f.publish();
  return f.destroy;
}

/** By how much every score has moved, when nothing else has. @param {State} a @param {State} b */
function shifted(a, b) {
  const gap = b.z[0] - a.z[0];
  const all = a.T === b.T && a.z.length === b.z.length && b.z.every((z, i) => Math.abs(z - a.z[i] - gap) < 1e-9);
  return all ? gap : 0;
}

/** @param {Frame} f */
function controls(f) {
  f.share("logits", (v) => v.length === f.model.get("words").length && v.every((/** @type {number} */ z) => Math.abs(z) <= MOST));
  const doors = h("div", { class: "xp-doors" });
  const knob = thermostat(f);
  presets(f, Object.entries(PRESETS).map(([key, set]) => ({ label: t(key), set })), { into: doors });
  f.root.insertBefore(doors, f.stage);
  f.root.insertBefore(knob.node, f.stage);
  const shifts = [SHIFT, -SHIFT].map((by) => button(f, { label: t(by > 0 ? "add" : "take"),
    onClick: () => f.assign({ logits: f.model.get("logits").map((/** @type {number} */ z) => z + by) }) }));
  const limit = () => shifts.forEach((node, i) =>
    setDisabled(node, f.model.get("logits").some((/** @type {number} */ z) => Math.abs(z + (i ? -SHIFT : SHIFT)) > MOST)));
  f.watch("logits", limit);
  limit();
  choice(f, { trait: "units", label: t("units"), options: ["nats", "bits"].map((value) => ({ value, label: t(value) })) });
  seedBox(f);
  return knob;
}

/** @param {Frame} f @param {{set: (T: number) => void}} knob */
function picture(f, knob) {
  f.stage.classList.add("xp-softmax");
  const caption = h("p", { class: "xp-caption" });
  f.root.insertBefore(caption, f.stage);
  const [left, right] = [panel(t("words"), "z/T"), panel(t("levels"), "−E/T", t("energies"))];
  f.stage.append(left, right);
  const words = wordRows(f, left);
  const levels = levelRows(f, right);
  const curves = [0, 1].map((i) => curve(f, t(i ? "plotLevels" : "plotWords"), knob));
  const table = smallTable(t("tableCaption"), ["", t("colS"), t("colE"), t("colC")], [t("rowWords"), t("rowLevels")]);
  f.stage.append(table.node);
  tables(f, () => current);
  /** @type {State} */
  let current;
  return (/** @type {State} */ state, /** @type {number} */ shift) => {
    current = state;
    const text = sentence(state, shift);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    words(state);
    levels(state);
    const top = heights(state);
    curves[0](state, energiesOf(state.z), state.now, top, text);
    curves[1](state, LEVELS, state.twin, top, text);
    table.fill([state.now, state.twin].map((one) => [inUnits(one.entropy, state), one.energy, one.heat].map((v) => fixed(v, 3))));
    readouts(f, state);
  };
}

/** @param {number} nats @param {State} state */
const inUnits = (nats, { bits }) => (bits ? nats / Math.LN2 : nats);

/** @param {string} title @param {string} power @param {string} [more] */
function panel(title, power, more = "") {
  const law = h("span", { class: "xp-mw-law" }, "p ∝ e", h("sup", {}, power));
  return h("div", { class: "xp-st-panel" }, h("p", { class: "xp-mw-title" }, h("span", {}, h("strong", {}, title), more && `, ${more}`), law));
}

/**
 * A row for each word: its score to edit, its bar; below, the first draws.
 * @param {Frame} f @param {HTMLElement} into
 */
function wordRows(f, into) {
  const list = h("ul", { class: "xp-st-rows", "aria-label": t("bars") });
  const line = h("p", { class: "xp-st-drawn" });
  into.append(list, h("p", { class: "xp-mw-energy" }, t("drawn", { n: DRAWN })), line);
  let built = "";
  /** @type {((z: number, p: number, heat: number) => void)[]} */
  let rows = [];
  return (/** @type {State} */ state) => {
    const { words, z, now, seed } = state;
    if (built !== words.join("|")) {
      built = words.join("|");
      const made = words.map((word, i) => wordRow(f, word, i));
      list.replaceChildren(...made.map((row) => row.node));
      rows = made.map((row) => row.show);
    }
    const heat = heats(energiesOf(z));
    rows.forEach((show, i) => show(z[i], now.p[i], heat[i]));
    const drawn = [...sampleCategorical(now.p, DRAWN, new CounterRNG(seed))];
    line.replaceChildren(...drawn.flatMap((i) => [token(words[i], heat[i]), " "]));
    f.setReadout("drawn", drawn.map((i) => words[i]).join(" "));
  };
}

/** @param {Frame} f @param {string} word @param {number} i */
function wordRow(f, word, i) {
  const set = (/** @type {number} */ z) => f.assign({ logits: f.model.get("logits").map((/** @type {number} */ v, /** @type {number} */ k) => (k === i ? z : v)) });
  const box = numberBox(f, { label: word, min: -MOST, max: MOST }, t("score", { word }), set);
  const fill = h("span", { class: "xp-bar-fill xp-heat" });
  const value = h("span", { class: "xp-bar-value" });
  const node = h("li", {}, h("span", { class: "xp-bar-label" }, word), h("span", { class: "xp-field" }, box.input, box.error),
    h("span", { class: "xp-bar-track", "aria-hidden": "true" }, fill), value);
  return { node, show(/** @type {number} */ z, /** @type {number} */ p, /** @type {number} */ heat) {
    if (box.input.value === "" || Number(box.input.value) !== z) box.input.value = String(Number(z.toPrecision(6)));
    box.clear();
    paint(fill, p, heat);
    value.textContent = fixed(p, 3);
  } };
}

/** @param {HTMLElement} fill @param {number} p @param {number} heat */
function paint(fill, p, heat) {
  fill.style.inlineSize = `${100 * p}%`;
  fill.style.setProperty("--heat", String(heat));
}

/** Energies on the temperature scale: the lowest is cold, the highest hot. @param {ArrayLike<number>} energies */
function heats(energies) {
  const top = Math.max(...Array.from(energies));
  return Array.from(energies, (e) => (top > 0 ? e / top : 0));
}

/** @param {string} word @param {number} heat */
function token(word, heat) {
  const node = h("span", { class: "xp-mw-token" }, word);
  node.style.setProperty("--heat", String(heat));
  return node;
}

/**
 * The two levels, the upper one above, with particles that keep their luck: each hops up at a temperature of its own.
 * @param {Frame} f @param {HTMLElement} into
 */
function levelRows(f, into) {
  const rows = [1, 0].map((i) => {
    const dots = s("path", { class: "xp-st-dots" });
    const fill = h("span", { class: "xp-bar-fill xp-heat" });
    const value = h("span", { class: "xp-bar-value" });
    const svg = s("svg", { class: "xp-st-gas", viewBox: `0 0 ${6 * PARTICLES} 12`, "aria-hidden": "true" }, dots);
    const node = h("li", {}, h("span", { class: "xp-bar-label" }, `E = ${LEVELS[i]}`),
      h("span", { class: "xp-st-level" }, svg, h("span", { class: "xp-bar-track", "aria-hidden": "true" }, fill)), value);
    return { i, dots, fill, value, node };
  });
  const list = h("ul", { class: "xp-st-rows xp-st-levels", "aria-label": t("levels") }, ...rows.map((row) => row.node));
  const words = h("p", { class: "xp-mw-energy xp-st-count" });
  into.append(list, words);
  return (/** @type {State} */ { twin, seed }) => {
    const where = sampleCategorical(twin.p, PARTICLES, new CounterRNG(seed, NOISE));
    for (const { i, dots, fill, value } of rows) {
      dots.setAttribute("d", [...where].map((level, k) => (level === i ? `M${6 * k + 3} 7h.01` : "")).join(""));
      dots.style.setProperty("--heat", String(i));
      paint(fill, twin.p[i], i);
      value.textContent = fixed(twin.p[i], 3);
    }
    const up = where.reduce((sum, level) => sum + level, 0);
    words.textContent = t("particles", { up, n: PARTICLES, p: fixed(twin.p[1], 3) });
    f.setReadout("particles_up", up);
  };
}

/**
 * S and C of one system against temperature, with the present point.
 * @param {Frame} f @param {string} title @param {{set: (T: number) => void}} knob
 */
function curve(f, title, knob) {
  const x = { label: t("axisT"), min: 0, max: STEPS, ticks: TICKS.map((tick) => tick.at),
    format: (/** @type {number} */ v) => TICKS.find((tick) => tick.at === v)?.text ?? "" };
  const p = plot(f, { title, x, y: { label: t("axisNats"), min: 0, max: 1.5 }, height: 220, legend: true, table: false });
  p.onDrag((at) => knob.set(temperatureAt(Math.round(at))));
  let law = "";
  return (/** @type {State} */ state, /** @type {ArrayLike<number>} */ energies, /** @type {Thermal} */ now,
    /** @type {number} */ top, /** @type {string} */ text) => {
    const { T, bits } = state;
    const key = `${Array.from(energies)} ${bits} ${top}`;
    if (law !== key) {
      law = key;
      p.axes({ y: { max: top, label: t(bits ? "axisBits" : "axisNats") } });
      const all = Array.from({ length: STEPS + 1 }, (_, at) => ({ at, ...thermal(energies, temperatureAt(at)) }));
      p.hline("largest", inUnits(Math.log(energies.length), state), { label: t("largest", { log: bits ? "log₂" : "ln", k: energies.length }) });
      p.line("S", all.map((one) => [one.at, inUnits(one.entropy, state)]), { kind: "theory", label: t("S") });
      p.line("C", all.map((one) => [one.at, one.heat]), { kind: "mean_field", label: t("C") });
    }
    const at = positionOf(T);
    p.vline("now", at);
    p.marker("heat", [at, now.heat], { kind: "mean_field", r: 5 });
    p.marker("entropy", [at, inUnits(now.entropy, state)], { kind: "theory" });
    p.describe(text);
  };
}

/** The same height for both plots: a round number above all curves. @param {State} state */
function heights(state) {
  const peaks = [energiesOf(state.z), LEVELS].flatMap((energies) =>
    Array.from({ length: STEPS / 4 }, (_, k) => thermal(energies, temperatureAt(4 * k + 2)).heat));
  const most = Math.max(inUnits(Math.log(state.z.length), state), ...peaks);
  return [1, 1.5, 2, 2.5, 3, 4, 5].find((v) => v >= 1.06 * most) ?? 1.1 * most;
}

/** What there is to see, in a sentence or two. @param {State} state @param {number} shift */
export function sentence({ T, z, words, now, twin }, shift) {
  const [top, low] = [Math.max(...z), Math.min(...z)];
  const best = words.filter((_, i) => z[i] === top);
  const values = {
    word: best[0], words: best.join(t("and")), k: z.length, rare: words[z.lastIndexOf(low)], heat: fixed(twin.heat, 3),
    p: percent(now.p[z.indexOf(top)]), q: percent(now.p[z.lastIndexOf(low)]), factor: significant(Math.exp(1 / T), 3),
  };
  if (shift) return t("sayShift", { shift: significant(Math.abs(shift), 3), way: t(shift > 0 ? "higher" : "lower") });
  if (top === low) return t("sayFlat");
  if (T === 0) return t(best.length > 1 ? "sayTie" : "sayZero", values);
  if (T === Infinity) return t("sayInfinite", values);
  if (T >= 0.37 && T <= 0.47) return t("sayBump", values);
  return t(T < 0.37 ? "sayCold" : T === 1 ? "sayOne" : T < 4 ? "sayWarm" : "sayHot", values);
}

/** @param {number} p */
const percent = (p) => fixed(100 * p, p > 0.095 ? 0 : p > 0.0095 ? 1 : 2);

/** @param {Frame} f @param {State} state */
function readouts(f, state) {
  const { words, now, twin } = state;
  f.setReadout("entropy", inUnits(now.entropy, state));
  f.setReadout("mean_energy", now.energy);
  f.setReadout("heat_capacity", now.heat);
  f.setReadout("level_entropy", inUnits(twin.entropy, state));
  f.setReadout("level_energy", twin.energy);
  f.setReadout("level_heat_capacity", twin.heat);
  words.forEach((word, i) => f.setReadout(`p_${word}`, now.p[i]));
  twin.p.forEach((p, i) => f.setReadout(`level_${i}`, p));
}

/** @param {Frame} f @param {() => State} state */
function tables(f, state) {
  f.addTable(() => {
    const { words, z, now, twin } = state();
    const at = [0, 0.1, 0.2, 0.4168, 0.5, 1, 2, 5, 10, 50, Infinity];
    const rows = at.map((T) => [T === Infinity ? "∞" : T, ...[energiesOf(z), LEVELS].flatMap((e) => {
      const one = thermal(e, T);
      return [inUnits(one.entropy, state()), one.heat];
    })]);
    const [S, C] = [t("colS"), t("colC")];
    return [
      { caption: t("words"), columns: [t("colWord"), t("scoreColumn"), t("colP")], rows: words.map((word, i) => [word, z[i], now.p[i]]) },
      { caption: t("levels"), columns: [t("colLevel"), t("colP")], rows: LEVELS.map((e, i) => [e, twin.p[i]]) },
      { caption: `${t("plotWords")}; ${t("plotLevels")}`, rows,
        columns: ["T", ...["rowWords", "rowLevels"].flatMap((row) => [`${S}, ${t(row)}`, `${C}, ${t(row)}`])] },
    ];
  });
}

export default { render };
