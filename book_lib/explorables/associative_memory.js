// A memory of pictures: store, spoil or draw, and watch a Hopfield network go downhill to what it remembers.

import { CRITICAL_LOAD, retrievalOverlap } from "./core/capacity.js";
import { overlap } from "./core/hopfield.js";
import { LONGEST, decode, encode, kept, nameState, networkOf, recallOf, trials } from "./core/recall.js";
import { clock } from "./kit/clock.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h, setDisabled, uniqueId } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { bitmap, thumbnail } from "./parts/bitmap.js";
import { memoryWords } from "./parts/memory_words.js";
import { overlapBars } from "./parts/overlaps.js";

const t = strings(memoryWords);
const MOST = 12; // pictures
const EXTRA = 40; // random patterns
const TRIALS = 20;
const PICTURE = /^([0-9a-f]{16}|[0-9a-f]{25})$/;
const LAW = ["patterns", "own", "stored", "extra", "rule", "seed"]; // what the memory is made of
const SHOWN = ["chosen", "corruption", "share", "cue", "asynchronous"]; // what it is shown, and how it moves
const SETS = ["letters", "digits", "own"];
const ENDS = /** @type {Record<string, string>} */ ({ pattern: "atPattern", other: "atOther", cycle: "atCycle" });
const WIDTHS = [2, 3, 5, 10, 20, 50, 100, 200];

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/recall.js").Settings} Settings */
/** @typedef {import("./core/recall.js").Named} Named */

/** The pictures of a set by name. @param {(name: string) => any} get @returns {[string, string][]} */
export function picturesOf(get) {
  const own = get("own");
  if (get("patterns") === "own" && own) return own.split(".").map((/** @type {string} */ text, /** @type {number} */ k) => [String(k + 1), text]);
  return Object.entries(get("bank")[get("patterns")]);
}

/** A memory, and a recall on its way. */
export class Memory {
  /** @param {(name: string) => any} get  of a trait */
  constructor(get) {
    const all = picturesOf(get);
    this.names = all.map(([name]) => name);
    const fits = (/** @type {number} */ k) => k < all.length;
    const stored = get("stored").filter(fits);
    /** @type {Settings} */
    this.settings = {
      pictures: all.map(([, text]) => text), stored: stored.length ? stored : [0], extra: get("extra"), rule: get("rule"), chosen: fits(get("chosen")) ? get("chosen") : 0,
      corruption: get("corruption"), share: get("share"), cue: get("cue"), asynchronous: get("asynchronous"), seed: get("seed"),
    };
    this.patterns = kept(this.settings);
    this.network = networkOf(this.settings, this.patterns);
    this.target = decode(this.settings.pictures[this.settings.chosen]);
    this.recall = recallOf(this.settings, this.network);
    this.drawn = false;
    /** What the end is called. @type {Named | null} */
    this.named = null;
    this.late = false; // whether the reader foretold what was known
    this.again();
  }

  /** From the start. */
  again() {
    this.target = decode(this.settings.pictures[this.settings.chosen]);
    this.recall = recallOf(this.settings, this.network);
    this.drawn = this.settings.cue.length === this.settings.pictures[0].length;
    this.named = null;
    this.late = false;
  }

  /** The same memory, shown something else. @param {(name: string) => any} get */
  show(get) {
    const chosen = get("chosen");
    Object.assign(this.settings, { chosen: chosen < this.names.length ? chosen : 0, corruption: get("corruption"), share: get("share"), cue: get("cue"), asynchronous: get("asynchronous") });
    this.again();
  }

  get n() {
    return this.network.n;
  }

  get load() {
    return this.patterns.length / this.n;
  }

  get done() {
    return this.recall.done || this.recall.sweeps >= LONGEST;
  }

  get m() {
    return overlap(this.recall.state, this.target);
  }

  get wrong() {
    return this.recall.state.reduce((count, s, i) => count + Number(s !== this.target[i]), 0);
  }

  /** What is stored is called so, random patterns last. @param {number} k */
  label(k) {
    const { stored } = this.settings;
    return k < stored.length ? this.names[stored[k]] : t("randomName", { i: k - stored.length + 1 });
  }

  /** "pattern", "other" or "cycle", once it is known. */
  get outcome() {
    if (!this.done) return "";
    if (this.recall.period === 2) return "cycle";
    return this.m === 1 ? "pattern" : "other";
  }

  /** @param {number} count */
  step(count) {
    this.recall.step(count);
    if (this.done && !this.named) this.named = nameState(this.recall.state, this.patterns);
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "associative_memory", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  f.stage.classList.add("xp-am");
  const panel = controls(f, () => memory);
  let memory = new Memory(get);
  /** Ends of recalls since the rule or the pictures changed. @type {[number, number][]} */
  const ends = [];
  const draw = picture(f, () => memory, ends, panel);
  const note = () => {
    if (memory.done && !memory.drawn && memory.recall.updates) ends.push([memory.load, memory.m]);
    if (ends.length > 400) ends.splice(0, 100);
  };
  const time = clock(f, {
    step: (n) => {
      const before = memory.done;
      memory.step(n);
      if (!before) note();
    },
    onFrame: draw,
    perFrame: () => (!memory.settings.asynchronous ? (reducedMotion() ? 1 : 1 / 40) : reducedMotion() ? memory.n / 4 : memory.n / 50),
    done: () => memory.done,
    onReset: () => {
      ends.length = 0;
      panel.tried = [];
      memory.again();
    },
  });
  panel.onTrials = () => {
    ends.push(...trials(memory.settings, TRIALS).map((m) => /** @type {[number, number]} */ ([memory.load, m])));
    panel.tried = ends.slice(-TRIALS).map(([, m]) => m);
    draw();
  };
  for (const name of LAW) {
    f.watch(name, () => {
      if (name === "rule" || name === "patterns") ends.length = 0;
      anew(() => void (memory = new Memory(get)));
    });
  }
  for (const name of SHOWN) f.watch(name, () => anew(() => memory.show(get)));
  const anew = (/** @type {() => void} */ change) => {
    time.pause();
    if (memory.recall.updates && model.get("predict")) f.assign({ predict: "" }); // it was about another start
    panel.tried = [];
    change();
    draw();
    f.publish();
  };
  f.watch("predict", () => {
    memory.late = memory.done;
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

// ------------------------------------------------------------------------------------------------------- controls

/** @param {Frame} f @param {() => Memory} memory */
function controls(f, memory) {
  const options = (/** @type {string[]} */ values) => values.map((value) => ({ value, label: t(value) }));
  choice(f, { trait: "predict", label: t("predict"), options: Object.entries(ENDS).map(([value, key]) => ({ value, label: t(key) })) });
  scenes(f);
  const edit = drawing(f, memory);
  setChoice(f);
  const pick = chosenMenu(f);
  choice(f, { trait: "corruption", label: t("corruption"), options: options(["noise", "cover"]) });
  slider(f, { trait: "share", label: t("share"), min: 0, max: 1, step: 0.01, exact: false,
    words: (v) => t(f.model.get("corruption") === "noise" ? "shareNoise" : "shareCover", { v: fixed(v, 2) }) });
  choice(f, { trait: "rule", label: t("rule"), options: options(["hebb", "pseudo-inverse"]) });
  choice(f, { trait: "asynchronous", label: t("update"), options: [{ value: true, label: t("async") }, { value: false, label: t("sync") }] });
  slider(f, { trait: "extra", label: t("extra"), min: 0, max: EXTRA, step: 1, words: (v) => t(v === 1 ? "extraOne" : "extraWords", { v }) });
  seedBox(f);
  f.share("own", (text) => text === "" || (text.split(".").length <= MOST && new Set(text.split(".").map((/** @type {string} */ one) => one.length)).size === 1
    && text.split(".").every((/** @type {string} */ one) => PICTURE.test(one))));
  f.share("stored", (all) => all.length > 0 && new Set(all).size === all.length && all.every((/** @type {number} */ k) => Number.isInteger(k) && k >= 0 && k < countOf(f)));
  f.share("chosen", (k) => Number.isInteger(k) && k >= 0 && k < countOf(f));
  f.share("cue", (text) => text === "" || (PICTURE.test(text) && text.length === picturesOf((name) => f.model.get(name))[0][1].length));
  const panel = { onTrials: () => {}, tried: /** @type {number[]} */ ([]), pick, edit };
  button(f, { label: t("trials", { count: TRIALS }), onClick: () => panel.onTrials() });
  return panel;
}

/** Which set: the places of another one are not those of this. @param {Frame} f */
function setChoice(f) {
  choice(f, { trait: "patterns", label: t("patterns"), options: SETS.map((value) => ({ value, label: t(value) })), onInput: (_, { user }) => {
    if (user) f.assign({ stored: [0, 1, 2].slice(0, countOf(f)), chosen: 0, cue: "" });
  } });
}

/** How many pictures there are. @param {Frame} f */
const countOf = (f) => picturesOf((name) => f.model.get(name)).length;

/** The picture to recall, by name. @param {Frame} f */
function chosenMenu(f) {
  const id = uniqueId("picture");
  const select = h("select", { id, class: "xp-select" });
  select.addEventListener("change", () => f.assign({ chosen: select.selectedIndex, cue: "" }), { signal: f.signal });
  f.controls.append(h("div", { class: "xp-field" }, h("label", { for: id, class: "xp-label" }, t("chosen")), select));
  let built = "";
  return (/** @type {Memory} */ { names, settings: { chosen } }) => {
    if (built !== names.join()) {
      built = names.join();
      select.replaceChildren(...names.map((name, k) => h("option", { value: k }, name)));
    }
    select.selectedIndex = chosen;
  };
}

/** @param {Frame} f */
function scenes(f) {
  const plain = { patterns: "letters", own: "", extra: 0, rule: "hebb", corruption: "noise", share: 0.2, cue: "", asynchronous: true, seed: 0, chosen: 0 };
  const eight = [0, 1, 2, 3, 4, 5, 6, 7];
  presets(f, [
    { label: t("preNoise"), set: { ...plain, stored: [0, 1, 2] } },
    { label: t("preHalf"), set: { ...plain, stored: [0, 2, 5, 6], corruption: "cover", share: 0.5, chosen: 2 } },
    { label: t("preMixture"), set: { ...plain, stored: [0, 1, 2], share: 0.3, seed: 7 } },
    { label: t("preMany"), set: { ...plain, stored: eight, chosen: 5 } },
    { label: t("preCorrelated"), set: { ...plain, stored: eight, chosen: 5, rule: "pseudo-inverse" } },
    { label: t("preFull"), set: { ...plain, stored: [0], extra: 9, share: 0 } },
    { label: t("preCycle"), set: { ...plain, stored: [0, 1], share: 0.5, seed: 5, asynchronous: false } },
  ]);
}

/** What is done with a drawing. @param {Frame} f @param {() => Memory} memory */
function drawing(f, memory) {
  const row = h("div", { class: "xp-field xp-presets", role: "group", "aria-label": t("edit") });
  const spoil = button(f, { label: t("spoil"), into: row, onClick: () => f.assign(f.model.get("cue") ? { cue: "" } : { seed: (f.model.get("seed") + 1) % 2 ** 32 }) });
  const blank = button(f, { label: t("blank"), into: row, onClick: () => f.assign({ cue: "0".repeat(memory().n / 4) }) });
  const store = button(f, { label: t("store"), into: row, onClick: () => keep(f, memory()) });
  const drop = button(f, { label: t("drop"), into: row, onClick: () => remove(f, memory()) });
  f.controls.append(row);
  return () => {
    const { settings, recall } = memory();
    const own = f.model.get("patterns") === "own";
    const count = own ? settings.pictures.length : settings.stored.length;
    setDisabled(spoil, settings.corruption === "cover" && !f.model.get("cue"));
    setDisabled(blank, recall.start.every((s) => s < 0));
    setDisabled(store, count >= MOST || settings.pictures.includes(encode(recall.state)));
    setDisabled(drop, !own || count === 1);
  };
}

/** The state becomes a picture of the reader's own, beside those that are stored. @param {Frame} f @param {Memory} memory */
function keep(f, { settings, recall }) {
  const own = f.model.get("patterns") === "own";
  const before = own ? settings.pictures : settings.stored.map((k) => settings.pictures[k]);
  const stored = own ? settings.stored : before.map((_, k) => k);
  const text = encode(recall.state);
  f.assign({ patterns: "own", own: [...before, text].join("."), stored: [...stored, before.length], chosen: before.length, cue: "" });
}

/** The chosen picture goes, and is forgotten; was it the only one stored, the others are. @param {Frame} f @param {Memory} memory */
function remove(f, { settings }) {
  const { pictures, stored, chosen } = settings;
  const rest = pictures.filter((_, k) => k !== chosen);
  const left = stored.filter((k) => k !== chosen).map((k) => (k > chosen ? k - 1 : k));
  f.assign({ own: rest.join("."), stored: left.length ? left : rest.map((_, k) => k), chosen: 0, cue: "" });
}

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {() => Memory} memory @param {[number, number][]} ends @param {ReturnType<typeof controls>} panel */
function picture(f, memory, ends, panel) {
  const [left, right, under] = [h("div"), h("div"), h("div", { class: "xp-am-under" })];
  const caption = h("p", { class: "xp-caption xp-wide" });
  const board = bitmap(f, { into: left, label: t("board"), state: () => memory().recall.state,
    onPaint: (cells, up) => paint(f, memory(), cells, up), words: (cell) => cellWords(memory(), cell) });
  left.append(h("p", { class: "xp-help" }, t("help")));
  const strip = thumbs(f, left);
  const energyPlot = energyCurve(f, right);
  const bars = overlapBars(f, { into: right, title: t("overlaps"), column: t("pattern") });
  f.stage.append(left, right, caption);
  const loadPlot = loadCurve(f, under);
  const show = readouts(f);
  return () => {
    const now = memory();
    const text = sentence(now, f.model.get("predict"), panel.tried);
    if (!under.isConnected) f.controls.after(under);
    board.draw(now.recall.state, now.target, now.recall.last?.unit ?? -1, text);
    strip(now);
    panel.pick(now);
    panel.edit();
    energyPlot(now, text);
    bars(overlapRows(now));
    loadPlot(now, ends, text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now, panel.tried);
  };
}

/** The drawing is the new start. @param {Frame} f @param {Memory} memory @param {number[]} cells @param {boolean} up */
function paint(f, { recall }, cells, up) {
  const state = Int8Array.from(recall.state);
  for (const i of cells) state[i] = up ? 1 : -1;
  const cue = encode(state);
  if (cue !== f.model.get("cue")) f.assign({ cue });
}

/** @param {Memory} memory @param {{row: number, column: number}} cell */
function cellWords({ recall, n }, { row, column }) {
  return t("cell", { row: row + 1, column: column + 1, tone: tone(recall.state[row * Math.sqrt(n) + column]) });
}

/** @param {number} s */
const tone = (s) => t(s > 0 ? "bwInk" : "bwPaper");

/** A button for each picture: pressed in, it is stored. @param {Frame} f @param {HTMLElement} into */
function thumbs(f, into) {
  const row = h("div", { class: "xp-am-thumbs", role: "group", "aria-label": t("thumbs") });
  into.append(row);
  let built = "";
  /** @type {HTMLButtonElement[]} */
  let buttons = [];
  const turn = (/** @type {number} */ k) => {
    const stored = f.model.get("stored");
    const left = stored.filter((/** @type {number} */ one) => one !== k);
    const others = buttons.map((_, one) => one).filter((one) => one !== k);
    f.assign({ stored: !stored.includes(k) ? [...stored, k].sort((a, b) => a - b) : left.length ? left : others }); // a memory holds something
  };
  return (/** @type {Memory} */ { names, settings: { pictures, stored, chosen } }) => {
    if (built !== pictures.join()) {
      built = pictures.join();
      row.replaceChildren();
      buttons = names.map((name, k) => {
        const one = button(f, { label: name, into: row, onClick: () => turn(k) });
        one.setAttribute("aria-label", t("thumb", { name }));
        one.classList.add("xp-am-thumb");
        one.prepend(thumbnail(decode(pictures[k])));
        return one;
      });
    }
    buttons.forEach((one, k) => {
      one.setAttribute("aria-pressed", String(stored.includes(k)));
      one.classList.toggle("xp-chosen", k === chosen);
      setDisabled(one, names.length === 1);
    });
  };
}

/** @param {Memory} memory */
function overlapRows(memory) {
  const { patterns, recall, settings: { stored, chosen } } = memory;
  const rows = patterns.map((pattern, k) => ({ label: memory.label(k), value: overlap(pattern, recall.state), marked: stored[k] === chosen }));
  const random = rows.splice(stored.length);
  if (random.length) rows.push({ ...random.reduce((top, row) => (Math.abs(row.value) > Math.abs(top.value) ? row : top)), label: t("random") });
  return rows;
}

/** @param {Frame} f @param {HTMLElement} into */
function energyCurve(f, into) {
  const p = plot(f, { into, title: t("energy"), height: 210, legend: true, x: { label: t("axisSweep"), min: 0, max: WIDTHS[0] }, y: { label: t("axisEnergy"), min: -60, max: 0 } });
  return (/** @type {Memory} */ memory, /** @type {string} */ text) => {
    const { recall, network, target, settings } = memory;
    const each = settings.asynchronous ? network.n : 1;
    const deep = network.energy(target);
    const [low, high] = recall.energies.reduce(([a, b], e) => [Math.min(a, e), Math.max(b, e)], [deep, 0]);
    const [bottom, top] = [-10 * Math.ceil(-low / 10 + 0.2), high > 0 ? 10 * Math.ceil(high / 10) : 0];
    const width = WIDTHS.find((v) => v >= recall.sweeps) ?? LONGEST;
    if (p.x.max !== width || p.y.min !== bottom || p.y.max !== top) p.axes({ x: { max: width }, y: { min: bottom, max: top } });
    p.line("energy", recall.energies.map((e, k) => [k / each, e]), { label: t("line") });
    p.line("picture", [[0, deep], [width, deep]], { kind: "theory", dash: true, label: t("picture") });
    p.describe(text);
  };
}

/** Load against where recalls ended. @param {Frame} f @param {HTMLElement} into */
function loadCurve(f, into) {
  const p = plot(f, { into, title: t("loadTitle"), height: 230, legend: true, x: { label: t("axisLoad"), min: 0, max: 0.6 }, y: { label: t("axisM"), min: -1, max: 1, ticks: [-1, -0.5, 0, 0.5, 1] } });
  const below = Array.from({ length: 40 }, (_, k) => (CRITICAL_LOAD * (k + 1)) / 40);
  const curve = [...below.map((load) => [load, retrievalOverlap(load)]), [CRITICAL_LOAD, 0]];
  return (/** @type {Memory} */ { load, m, settings }, /** @type {[number, number][]} */ ends, /** @type {string} */ text) => {
    const width = load > 0.6 ? 1 : load > 0.3 ? 0.6 : 0.3;
    if (p.x.max !== width) p.axes({ x: { max: width } });
    const hebb = settings.rule === "hebb";
    p.line("theory", hebb ? [...curve, [width, 0]] : [], { kind: "theory", label: t("theory", { v: fixed(CRITICAL_LOAD, 3) }) });
    p.points("ends", ends, { label: t("ended") });
    p.marker("now", [load, m], { kind: "reader", label: t("now") });
    p.describe(text);
  };
}

// ---------------------------------------------------------------------------------------------------------- words

/** What was shown, what happened last, or where it ended. @param {Memory} memory @param {string} predict @param {number[]} tried */
export function sentence(memory, predict, tried) {
  const { recall, settings, names, n, patterns } = memory;
  const name = names[settings.chosen];
  const values = { n, p: patterns.length, load: significant(memory.load, 3), name, wrong: memory.wrong, k: recall.updates, energy: fixed(recall.energy, 2), first: fixed(recall.energies[0], 2) };
  const parts = [];
  if (!recall.updates) {
    parts.push(t(memory.drawn ? "sayDrawn" : "sayShown", values));
    if (tried.length) parts.push(trialWords(memory, tried));
    else if (!memory.done) parts.push(t("sayBegin", { ...values, unrest: memory.network.unrest(recall.state), how: t(settings.asynchronous ? "howAsync" : "howSync") }));
    else parts.push(t("sayStill"), endWords(memory));
    if (settings.rule === "hebb" && memory.load > CRITICAL_LOAD && !tried.length) parts.push(t("sayHebb", { critical: fixed(CRITICAL_LOAD, 3) }));
  } else if (memory.done) {
    parts.push(recall.period === 2 ? t("sayCycle", { turned: recall.last?.turned }) : t("sayEnd", values));
    if (recall.period === 1) parts.push(endWords(memory));
  } else parts.push(lastWords(memory, values));
  if (tried.length && recall.updates) parts.push(trialWords(memory, tried));
  if (predict) {
    const what = t(ENDS[predict]);
    parts.push(t(memory.late ? "foretoldLate" : !memory.done ? "foretold" : memory.outcome === predict ? "foretoldRight" : "foretoldWrong", { what }));
  }
  return parts.join(" ");
}

/** Where twenty recalls ended; beside the theory where it speaks of them: random patterns, recalled from themselves. @param {Memory} memory @param {number[]} tried */
function trialWords({ load, settings: { rule, stored, chosen, extra, corruption, share, cue } }, tried) {
  const told = t("sayTrials", { count: tried.length, mean: fixed(tried.reduce((a, b) => a + b, 0) / tried.length, 2), right: tried.filter((m) => m === 1).length });
  const random = rule === "hebb" && extra && stored.length === 1 && stored[0] === chosen; // the picture is one among random patterns
  const itself = corruption === "noise" && share === 0 && !cue;
  if (!random || !itself) return told;
  return `${told} ${load > CRITICAL_LOAD ? t("sayNoValley") : t("sayTheory", { m: fixed(retrievalOverlap(load), 2) })}`;
}

/** @param {Memory} memory @param {Record<string, unknown>} values */
function lastWords({ recall, n }, values) {
  const { last } = recall;
  if (!last) return "";
  if (last.unit < 0) return t("sayAll", { ...values, turned: last.turned });
  const side = Math.sqrt(n);
  return t(last.turned ? "sayTurns" : "sayStays", { ...values, row: Math.floor(last.unit / side) + 1, column: (last.unit % side) + 1, h: significant(last.field, 3), tone: tone(recall.state[last.unit]) });
}

/** What the end is called. @param {Memory} memory */
function endWords(memory) {
  const { kind, of, signs, overlap: m } = memory.named ?? nameState(memory.recall.state, memory.patterns);
  const labels = of.map((k, i) => (kind === "mixture" && signs[i] < 0 ? t("not", { what: memory.label(k) }) : memory.label(k)));
  const what = labels.length > 1 ? labels.slice(0, -1).join(t("comma")) + t("and") + labels[labels.length - 1] : labels[0];
  const key = { pattern: "isPattern", negative: "isNegative", near: signs[0] > 0 ? "isNear" : "isNegativeNear", mixture: "isMixture", unknown: "isUnknown" }[kind];
  return t(key, { what, m: fixed(m, 2), slips: Math.round(((1 - Math.abs(m)) * memory.n) / 2) });
}

/** @param {Frame} f */
function readouts(f) {
  const energy = readout(f, { name: "energy", label: t("readEnergy"), format: (v) => fixed(v, 2), width: 7 });
  const updates = readout(f, { name: "updates", label: t("readUpdates"), format: String, width: 5 });
  const turned = readout(f, { name: "turned", label: t("readTurned"), format: String, width: 4 });
  const m = readout(f, { name: "overlap", label: t("readOverlap"), format: (v) => fixed(v, 2), width: 5 });
  const wrong = readout(f, { name: "wrong", label: t("readWrong"), format: String, width: 3 });
  const load = readout(f, { name: "load", label: t("readLoad"), format: (v) => significant(v, 3), width: 5 });
  return (/** @type {Memory} */ memory, /** @type {number[]} */ tried) => {
    const { recall, named } = memory;
    energy(recall.energy);
    updates(recall.updates);
    turned(recall.turned);
    m(memory.m);
    wrong(memory.wrong);
    load(memory.load);
    f.setReadout("state", encode(recall.state));
    f.setReadout("start", encode(recall.start));
    f.setReadout("period", recall.period);
    f.setReadout("end", memory.done ? (named ?? nameState(recall.state, memory.patterns)).kind : "");
    f.setReadout("of", memory.done ? (named ?? nameState(recall.state, memory.patterns)).of.map((k) => memory.label(k)).join(" ") : "");
    f.setReadout("tried", tried.length ? tried.reduce((a, b) => a + b, 0) / tried.length : "");
  };
}

export default { render };
