// Zoom out: three lattices, one of them critical. Majority rule after majority rule, only that one stays what it was.

import { checksum } from "./core/observables.js";
import { lattice as latticePicture } from "./kit/canvas.js";
import { button, choice, seedBox, slider } from "./kit/controls.js";
import { h, setDisabled } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { arrangement, AT, crop, grow, levels, TEMPERATURES } from "./parts/samples.js";
import { zoomWords } from "./parts/zoom_words.js";

/** @typedef {import("./parts/samples.js").Level} Level */

const t = strings(zoomWords);
const LETTERS = ["A", "B", "C"];
const NAMES = ["below", "at", "above"];
const KINDS = /** @type {const} */ (["cold", "theory", "hot"]);
const LAST = 4;
const WINDOW = 54;
const SLICE = 12; // ms of growing at a time, so that the page stays alive

class ZoomView {
  /** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} host */
  constructor({ model, el }) {
    const f = (this.f = frame({ model, el, name: "zoom", label: t("name") }));
    this.model = model;
    /** @type {Level[][]} by letter, then zoom; empty while growing */
    this.levels = [];
    this.places = [0, 1, 2]; // which of the three temperatures stands at A, B and C
    /** @type {Generator<number, Int8Array[], void> | null} */
    this.growing = null;
    /** @type {IntersectionObserver | undefined} */
    this.watcher = undefined;
    /** @type {import("./kit/plot.js").Plot | undefined} */
    this.plot = undefined;
    this.pictures = this.panels();
    this.guessRow = h("div", { class: "xp-guess" });
    this.verdict = h("p", { class: "xp-verdict", role: "status" }, t("start"));
    this.after = h("div", { class: "xp-after", hidden: true });
    const trio = h("div", { class: "xp-trio" }, ...this.pictures.map(({ panel }) => panel));
    f.stage.append(h("p", { class: "xp-question" }, t("question")), trio, this.guessRow, this.verdict, f.toolbar);
    f.readouts.after(this.after);
    this.side = readout(f, { name: "side", label: t("side"), format: String, width: 4 });
    this.block = readout(f, { name: "block", label: t("block"), format: (block) => t("blockValue", { block }), width: 8 });
    f.addTable(() => (model.get("revealed") ? this.table() : []));
    this.controls();
    this.buttons = this.toolbar();
    this.follow();
    f.onCleanup(() => this.watcher?.disconnect());
    this.start();
  }

  get level() {
    return this.model.get("level");
  }

  panels() {
    const { f } = this;
    return LETTERS.map((letter, k) => {
      const caption = h("p", { class: "xp-panel-caption" });
      const panel = h("div", { class: "xp-panel" });
      const draw = latticePicture(f, { into: panel, label: letter, describe: () => this.describe(k) });
      panel.append(caption);
      panel.addEventListener("click", () => f.assign({ guess: letter }), { signal: f.signal });
      return { panel, caption, draw };
    });
  }

  controls() {
    const { f } = this;
    const letters = LETTERS.map((letter) => ({ value: letter, label: letter }));
    choice(f, { trait: "guess", label: t("guess"), options: letters, into: this.guessRow });
    slider(f, { trait: "level", label: t("level"), min: 0, max: LAST, step: 1, words: (level) => t("levelWords", { level, ...this.sizes(level) }) });
    choice(f, { trait: "view", label: t("view"), options: [{ value: "whole", label: t("whole") }, { value: "window", label: t("window") }] });
    seedBox(f, { onInput: (_, { user }) => user && f.assign({ level: 0, guess: "", revealed: false }) });
  }

  toolbar() {
    const { f } = this;
    const to = (/** @type {number} */ level) => f.assign({ level: Math.min(LAST, Math.max(0, level)) });
    const out = button(f, { label: t("zoomOut"), primary: true, where: "toolbar", onClick: () => to(this.level + 1) });
    const back = button(f, { label: t("zoomIn"), where: "toolbar", onClick: () => to(this.level - 1) });
    const reveal = button(f, { label: t("reveal"), where: "toolbar", onClick: () => f.assign({ revealed: true }) });
    f.root.addEventListener("xp:step", (event) => {
      this.finish();
      to(this.level + (/** @type {CustomEvent} */ (event).detail?.n ?? 1));
      f.publish();
    }, { signal: f.signal });
    return { out, back, reveal };
  }

  follow() {
    const { f } = this;
    f.watch("level", () => this.show());
    f.watch("view", () => this.show());
    f.watch("guess", () => this.show());
    f.watch("revealed", () => this.show());
    f.watch("seed", () => {
      if (!f.static) f.assign({ level: 0, guess: "", revealed: false }); // on the site the address may have set all four
      this.start();
    });
  }

  /** @param {number} level */
  sizes(level) {
    return { size: this.model.get("size") / 3 ** level, block: 3 ** level };
  }

  /** Grow the lattices once somebody can see them, a slice at a time. */
  start() {
    const { f } = this;
    const seed = this.model.get("seed");
    this.levels = [];
    this.growing = grow(seed, this.model.get("size"));
    this.places = arrangement(seed);
    this.show();
    this.watcher?.disconnect();
    this.watcher = new IntersectionObserver((entries) => {
      if (!entries[entries.length - 1].isIntersecting) return;
      this.watcher?.disconnect();
      this.slice(this.growing);
    }, { rootMargin: "300px" });
    this.watcher.observe(f.root);
  }

  /** @param {ZoomView["growing"]} mine  another seed may have been chosen in between */
  slice(mine) {
    if (!mine || this.growing !== mine || this.f.signal.aborted) return;
    const until = performance.now() + SLICE;
    let next = mine.next();
    while (!next.done && performance.now() < until) next = mine.next();
    if (next.done) return this.ready(next.value);
    this.verdict.textContent = t("growing", { percent: Math.round(100 * next.value) });
    setTimeout(() => this.slice(mine));
  }

  /** Grow what is left at once: a test has no time to watch. */
  finish() {
    if (!this.growing) return;
    let next = this.growing.next();
    while (!next.done) next = this.growing.next();
    this.ready(next.value);
  }

  /** @param {Int8Array[]} lattices  below, at, above */
  ready(lattices) {
    this.growing = null;
    this.levels = this.places.map((k) => levels(lattices[k], this.model.get("size")));
    this.show();
  }

  show() {
    const { level, f } = this;
    const { size, block } = this.sizes(level);
    this.side(size);
    this.block(block);
    f.root.classList.toggle("xp-growing", !this.levels.length);
    setDisabled(this.buttons.out, level === LAST);
    setDisabled(this.buttons.back, level === 0);
    if (this.levels.length) this.levels.forEach((own, k) => this.showPanel(own[level], k));
    this.showVerdict();
    f.setReadout("ready", this.levels.length ? 1 : 0);
    if (this.levels.length) f.announce(this.spoken());
  }

  /** @param {Level} now @param {number} k */
  showPanel(now, k) {
    const letter = LETTERS[k];
    const { draw, caption, panel } = this.pictures[k];
    const windowed = this.model.get("view") === "window" && now.size > WINDOW;
    const part = windowed ? crop(now, WINDOW) : now;
    draw(part.spins, part.size, part.size);
    panel.classList.toggle("xp-chosen", this.model.get("guess") === letter);
    caption.textContent = this.model.get("revealed")
      ? t("panelTold", { words: this.words(this.places[k]), m: fixed(Math.abs(now.magnetization), 2) })
      : t(windowed ? "panelWindow" : "panel", { letter, size: now.size, window: WINDOW });
    this.f.setReadout(`m_${letter}`, now.magnetization);
    this.f.setReadout(`c_${letter}`, now.correlation);
    this.f.setReadout(`checksum_${letter}`, checksum(now.spins));
  }

  /** @param {number} place  0 below, 1 at, 2 above */
  words(place) {
    return t(NAMES[place], { T: fixed(TEMPERATURES[place], place === AT ? 3 : 2) });
  }

  showVerdict() {
    const revealed = this.model.get("revealed") && this.levels.length > 0;
    this.after.hidden = !revealed;
    setDisabled(this.buttons.reveal, !!this.model.get("revealed"));
    if (!revealed) {
      this.verdict.textContent = this.growing ? t("growing", { percent: 0 }) : t("start");
      this.f.setReadout("critical", "");
      return;
    }
    const letterOf = (/** @type {number} */ place) => LETTERS[this.places.indexOf(place)];
    const guess = this.model.get("guess");
    const letter = letterOf(AT);
    const T = guess ? fixed(TEMPERATURES[this.places[LETTERS.indexOf(guess)]], 2) : "";
    const said = t(guess === letter ? "right" : guess ? "wrong" : "none", { letter, guess, T });
    this.verdict.textContent = `${said} ${t("why", { letter, below: letterOf(0), above: letterOf(2) })}`;
    this.f.setReadout("critical", letter);
    this.showPlot();
  }

  showPlot() {
    const { f, after } = this;
    const p = (this.plot ??= plot(f, {
      x: { label: t("plotX"), min: 0, max: LAST, ticks: [0, 1, 2, 3, 4], format: (v) => `${this.sizes(v).size}²` },
      y: { label: t("plotY"), min: -0.2, max: 1, ticks: [0, 0.5, 1] },
      height: 220, title: t("plotTitle"), into: after, table: false,
    }));
    if (after.childElementCount === 1) after.append(h("p", { class: "xp-note" }, t("approximate")));
    p.vline("now", this.level, { label: t("now") });
    this.places.forEach((place, k) => {
      const points = this.levels[k].map((one, z) => [z, one.correlation]);
      p.line(NAMES[place], points, { kind: KINDS[place], label: `${LETTERS[k]}: ${this.words(place)}` });
      p.points(`${NAMES[place]} ·`, points, { kind: KINDS[place] });
    });
  }

  /** @returns {import("./kit/table.js").TableData} */
  table() {
    const names = this.places.map((place, k) => `${LETTERS[k]}, ${this.words(place)}`);
    const rows = (this.levels[0] ?? []).map(({ size }, z) =>
      [size, ...this.levels.flatMap((own) => [Math.abs(own[z].magnetization), own[z].correlation])]);
    return {
      caption: t("tableTitle"), rows,
      columns: [t("tableSize"), ...names.flatMap((name) => [t("tableM", { name }), t("tableC", { name })])],
    };
  }

  /** @param {number} k */
  describe(k) {
    const now = this.levels[k]?.[this.level];
    if (!now) return LETTERS[k];
    const values = { letter: LETTERS[k], size: now.size, up: Math.round(50 + 50 * now.magnetization), same: Math.round(50 + 50 * now.correlation) };
    return t("picture", values);
  }

  spoken() {
    const share = (/** @type {number} */ k) => Math.round(50 + 50 * this.levels[k][this.level].correlation);
    return t("said", { size: this.sizes(this.level).size, A: share(0), B: share(1), C: share(2) });
  }
}

export default {
  /** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} host */
  render(host) {
    const view = new ZoomView(host);
    return () => view.f.destroy();
  },
};
