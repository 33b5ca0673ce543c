// The living lattice: an Ising magnet to heat, cool, magnetise and paint, beside the curves of theory.

import { PackedIsing } from "./core/ising_packed.js";
import { checksum, overlap } from "./core/observables.js";
import { lattice as latticePicture } from "./kit/canvas.js";
import { clock } from "./kit/clock.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h, throttle } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { parseHash } from "./kit/hash.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { curves, T_MAX } from "./parts/curves.js";
import { guess } from "./parts/guess.js";
import { LADDER, Magnet, PER_TEMPERATURE } from "./parts/magnet.js";
import { painter } from "./parts/painter.js";
import { latticeWords } from "./parts/lattice_words.js";

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./parts/magnet.js").Settings} Settings */

const t = strings(latticeWords);
const CRITICAL = 2 / Math.log(1 + Math.SQRT2); // of J = 1
const SIZES = [32, 64, 128, 256, 512];
const LAW = /** @type {const} */ (["temperature", "field", "coupling"]);
const RESTART = /** @type {const} */ (["size", "algorithm", "start", "seed"]);
const NARROW = 480; // px: below this a lattice of 64 is what can be seen
const FRAME_WORK = 11; // ms of sweeps a frame at most
const CALM = 15; // with reduced motion 4 frames a second stand for 60: the same physics a second
const TELL = 65; // ms between two readings of the numbers while it runs
const FLASH = 350; // ms that a picture stays which the next would invert: never more than three flashes a second

class LatticeView {
  /** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} host */
  constructor({ model, el }) {
    const f = (this.f = frame({ model, el, name: "lattice", label: t("name") }));
    this.model = model;
    /** @type {"asking" | "comparing" | "open"} what may be seen: the reader's curve; measured points too; theory too */
    this.phase = model.get("predict") === true ? "asking" : "open";
    this.rung = -1; // place on the ladder of temperatures while heating
    this.climbing = false; // whether it is the ladder that is changing the temperature
    this.cost = 0; // ms a sweep, a running mean
    this.shown = new Int8Array(0); // the spins in the picture, where it may have to stay behind them
    this.shownAt = -Infinity;
    this.tell = throttle(() => this.write(), TELL, f.signal);
    this.tally = { since: -Infinity, frames: 0, sweeps: 0 };
    this.left = h("div", { class: "xp-left" });
    this.dials = h("div", { class: "xp-dials" });
    this.loupe = h("div", { class: "xp-under" });
    this.right = h("div", { class: "xp-right" });
    this.note = h("p", { class: "xp-note", role: "status" });
    this.choices = h("div", { class: "xp-settings" });
    f.stage.append(this.left, this.right);
    this.picture = latticePicture(f, { describe: () => this.describe(), into: this.left });
    this.curves = curves(f, { into: this.right, t });
    this.out = this.readouts();
    this.controls(); // before the magnet: what the address says counts from the first picture on
    if (f.static && el.clientWidth < NARROW && !parseHash(location.hash)[f.key]?.size) model.set("size", 64);
    this.magnet = new Magnet(this.settings());
    this.time = this.clock();
    this.heatButton = button(f, { label: t("heat"), where: "toolbar", onClick: () => this.heat() });
    this.painter = this.paintable();
    // On a phone this is also the order on the screen: what a reader turns stays in sight of the spins.
    f.stage.append(this.left, this.dials, f.toolbar, f.readouts, this.loupe, this.right, this.note, this.choices);
    this.question = this.phase === "asking" ? this.ask() : null;
    this.note.textContent = this.phase === "asking" ? "" : this.remark();
    this.follow();
    this.benchmark();
    this.show();
  }

  /** @returns {Settings} */
  settings() {
    return /** @type {any} */ (Object.fromEntries([...LAW, ...RESTART].map((name) => [name, this.model.get(name)])));
  }

  readouts() {
    const { f } = this;
    const pm = (/** @type {[number, number]} */ [mean, error]) =>
      Number.isFinite(mean) ? `${fixed(mean, 4)} ± ${Number.isFinite(error) ? fixed(error, 4) : "–"}` : "–";
    const sweeps = readout(f, { name: "sweeps", label: t("sweeps"), format: (v) => v.toLocaleString("en"), width: 7 });
    const order = readout(f, { name: "order", label: t("order") });
    const name = /** @type {HTMLElement} */ (f.readouts.lastElementChild?.firstElementChild);
    const energy = readout(f, { name: "energy", label: t("energy"), width: 7 });
    const mean = (/** @type {"order" | "energy"} */ of) => () => pm([this.magnet[of].mean, this.magnet[of].error]);
    const meanOrder = readout(f, { name: "mean_order", label: t("meanOrder"), format: mean("order"), width: 15 });
    const meanEnergy = readout(f, { name: "mean_energy", label: t("meanEnergy"), format: mean("energy"), width: 16 });
    return { sweeps, order, energy, meanOrder, meanEnergy, name };
  }

  controls() {
    const { f } = this;
    const { dials, choices: settings } = this;
    slider(f, {
      trait: "temperature", label: t("temperature"), symbol: "T", min: 0.1, max: T_MAX, step: 0.01,
      temperature: { neutral: CRITICAL }, words: (v) => this.temperatureWords(v), into: dials,
    });
    const both = { min: -2, max: 2, into: dials };
    slider(f, { trait: "field", label: t("field"), symbol: "h", step: 0.05, words: fieldWords, ...both });
    slider(f, { trait: "coupling", label: t("coupling"), symbol: "J", step: 0.1, words: couplingWords, ...both });
    presets(f, [
      { label: t("farBelow"), set: { temperature: 1 } },
      { label: t("atCritical"), set: { temperature: 2.269 } },
      { label: t("farAbove"), set: { temperature: 5 } },
    ], { label: t("presets"), into: dials });
    const one = (/** @type {string} */ trait, /** @type {[any, string][]} */ ...pairs) =>
      choice(f, { trait, label: t(trait), options: pairs.map(([value, label]) => ({ value, label })), into: settings });
    one("start", ["random", t("random")], ["ordered", t("ordered")]);
    one("algorithm", ["heat_bath", t("heatBath")], ["metropolis", t("metropolis")]);
    one("size", ...SIZES.map((n) => /** @type {[any, string]} */ ([n, `${n}²`])));
    one("speed", [1, "1"], [4, "4"], [16, "16"]);
    seedBox(f, { into: settings });
  }

  clock() {
    return clock(this.f, {
      step: (n) => this.step(n),
      perFrame: () => this.perFrame(),
      stepSize: () => this.model.get("speed"),
      onFrame: () => this.show(),
      onReset: () => {
        this.stopHeating();
        this.magnet.points = [];
        this.magnet.restart(this.settings());
      },
    });
  }

  paintable() {
    const { f, magnet } = this;
    return painter(f, {
      canvas: this.picture.canvas, into: this.left, under: this.loupe, t,
      spins: () => magnet.ising,
      law: () => magnet.settings,
      chance: (change) => chance(change, magnet.settings),
      onPaint: () => {
        magnet.unsettle();
        magnet.look();
        this.show();
      },
    });
  }

  /** Let changes of the traits, by the reader or from Python, reach the magnet. */
  follow() {
    const { f, magnet, model } = this;
    for (const name of LAW) {
      f.watch(name, (value) => {
        if (!this.climbing) this.stopHeating();
        magnet.turn({ [name]: value });
        if (name !== "temperature" && this.phase === "open") this.note.textContent = this.remark();
        if (!f.running) this.show();
      });
    }
    for (const name of RESTART) {
      f.watch(name, () => {
        this.stopHeating();
        if (name !== "start" && name !== "seed") magnet.points = [];
        magnet.restart(this.settings());
        if (!f.running) this.show();
      });
    }
    f.watch("speed", () => this.time.relabel());
    f.watch("predict", () => model.get("predict") || this.reveal());
  }

  /** @param {number} n */
  step(n) {
    const began = performance.now();
    for (let k = 0; k < n; k++) {
      this.magnet.sweep(1);
      if (this.rung >= 0 && this.magnet.order.time >= PER_TEMPERATURE) this.climb();
    }
    const each = (performance.now() - began) / n;
    this.cost += (each - this.cost) * (this.cost ? 0.1 : 1);
  }

  /** Sweeps of this frame: what the reader asked for, or fewer where the machine is too slow for it. */
  perFrame() {
    const pace = reducedMotion() ? CALM : 1;
    const wanted = this.model.get("speed") * pace * (this.rung >= 0 ? 4 : 1);
    return Math.max(1, Math.min(wanted, this.cost ? Math.floor((FRAME_WORK * pace) / this.cost) : 1));
  }

  /** Start from order in the cold and go up the ladder, one measured point at each temperature. */
  heat() {
    if (this.rung >= 0) return this.stopHeating();
    this.time.pause();
    const { magnet } = this;
    if (this.phase === "asking") this.compare();
    this.setTemperature(this.rungTemperature(0));
    magnet.points = [];
    magnet.restart({ ...this.settings(), start: "ordered" });
    this.rung = 0;
    this.heatButton.textContent = t("heatStop");
    this.time.play();
  }

  /** @param {number} k */
  rungTemperature(k) {
    const scale = Math.abs(this.model.get("coupling")) || 1;
    return Math.min(T_MAX, Math.max(0.1, Number((LADDER[k] * scale).toFixed(3))));
  }

  /** @param {number} temperature */
  setTemperature(temperature) {
    this.climbing = true;
    this.f.assign({ temperature });
    this.climbing = false;
  }

  climb() {
    const from = this.rungTemperature(this.rung);
    this.rung++;
    const next = this.rung < LADDER.length ? this.rungTemperature(this.rung) : from;
    if (next > from) {
      this.note.textContent = t("heating", { from: fixed(this.rungTemperature(0), 1), done: this.rung, all: LADDER.length });
      return this.setTemperature(next);
    }
    this.magnet.keepPoint();
    this.note.textContent = t("heated", { all: this.magnet.points.length });
    this.stopHeating();
  }

  /** The run ends, by itself or because the reader took over. */
  stopHeating() {
    if (this.rung < 0) return;
    this.rung = -1;
    this.time.pause();
    this.heatButton.textContent = t("heat");
    this.reveal();
  }

  /** Ask for the reader's curve first. */
  ask() {
    this.right.classList.add("xp-asking");
    return guess(this.f, {
      plot: this.curves.order, into: this.right, t,
      onCommit: () => this.heat(),
      onSkip: () => this.reveal(),
    });
  }

  compare() {
    this.phase = "comparing";
    this.right.classList.remove("xp-asking");
    this.question?.close();
  }

  /** What theory knows about these couplings. */
  remark() {
    const { field, coupling } = this.magnet.settings;
    if (coupling === 0) return t("hintFree");
    return t(field === 0 ? "hint" : coupling > 0 ? "hintField" : "hintNone");
  }

  /** From here on theory is drawn. */
  reveal() {
    if (this.phase === "open") return;
    this.compare();
    this.phase = "open";
    this.note.textContent = this.question?.verdict() || this.remark();
    this.show();
  }

  show() {
    const { magnet, f } = this;
    const { size } = magnet.settings;
    if (this.mayDraw()) this.picture(magnet.ising.spins, size, size);
    if (!f.running) return this.tell.flush();
    this.countFrame();
    this.tell();
  }

  /** Numbers and curves: while it runs some fifteen times a second, which leaves the frames to the spins. */
  write() {
    const { magnet, out, f } = this;
    const { field, coupling } = magnet.settings;
    this.painter.show();
    this.curves.theory(field, coupling, this.phase === "open");
    this.curves.now(magnet, this.phase !== "asking");
    out.sweeps(magnet.sweeps);
    out.order(magnet.state.order);
    out.energy(magnet.state.energy);
    out.meanOrder(magnet.order.mean);
    out.meanEnergy(magnet.energy.mean);
    out.name.textContent = t(coupling < 0 ? "staggered" : "order");
    if (!f.running) this.publishState();
  }

  /** What only a test or a kernel wants to know. */
  publishState() {
    const { f, magnet } = this;
    f.setReadout("mean_order_error", magnet.order.error);
    f.setReadout("mean_energy_error", magnet.energy.error);
    f.setReadout("points", magnet.points.length);
    f.setReadout("phase", this.phase);
    f.setReadout("checksum", checksum(magnet.ising.spins));
  }

  /** Metropolis at high temperature can turn the whole picture over at every sweep, which must not be seen. */
  mayDraw() {
    const { spins } = this.magnet.ising;
    if (this.magnet.settings.algorithm !== "metropolis" || !this.f.running) return true;
    const now = performance.now();
    const inverted = this.shown.length === spins.length && overlap(this.shown, spins) < -0.2;
    if (inverted && now - this.shownAt < FLASH) return false;
    if (this.shown.length !== spins.length) this.shown = new Int8Array(spins.length);
    this.shown.set(spins);
    this.shownAt = now;
    return true;
  }

  countFrame() {
    const now = performance.now();
    if (now - this.tally.since > 5000) this.tally = { since: now, frames: 0, sweeps: this.magnet.sweeps };
    this.tally.frames++;
    const seconds = (now - this.tally.since) / 1000;
    if (seconds < 0.5) return;
    this.f.setReadout("frames_per_second", this.tally.frames / seconds);
    this.f.setReadout("sweeps_per_second", Math.max(0, this.magnet.sweeps - this.tally.sweeps) / seconds);
    this.tally = { since: now, frames: 0, sweeps: this.magnet.sweeps };
  }

  /** A test asks with `xp:benchmark`, detail {seconds, done}: frames a second and sweeps a frame as a reader has them. */
  benchmark() {
    const { f } = this;
    let frames = 0;
    let work = 0;
    const show = () => LatticeView.prototype.show.call(this);
    f.root.addEventListener("xp:benchmark", (event) => {
      const { seconds = 2, done } = /** @type {CustomEvent} */ (event).detail;
      const began = performance.now();
      const sweeps = this.magnet.sweeps;
      frames = work = 0;
      this.show = () => {
        const start = performance.now();
        show();
        work += performance.now() - start;
        frames++;
      };
      this.time.play();
      setTimeout(() => {
        this.time.pause();
        this.show = show;
        const time = performance.now() - began;
        const n = this.magnet.sweeps - sweeps;
        done({
          frames_per_second: (1000 * frames) / time, sweeps_per_frame: n / frames,
          ms_per_sweep: this.cost, ms_per_picture: work / frames,
          packed: this.magnet.ising instanceof PackedIsing ? 1 : 0,
        });
      }, 1000 * seconds);
    }, { signal: f.signal });
  }

  describe() {
    const { settings, sweeps, ising, state } = this.magnet;
    const m = ising.magnetization();
    return t("picture", {
      size: settings.size, sweeps, words: this.temperatureWords(settings.temperature),
      share: Math.round(50 * (1 + m)), m: fixed(Math.abs(m), 2), e: fixed(state.energy, 2),
    });
  }

  /** @param {number} temperature */
  temperatureWords(temperature) {
    const T = fixed(temperature, temperature === 2.269 ? 3 : 2);
    if (this.model.get("coupling") === 0) return t("tFree", { T });
    if (this.model.get("field") !== 0) return t("tField", { T });
    const ratio = temperature / (CRITICAL * Math.abs(this.model.get("coupling")));
    const bounds = /** @type {const} */ ([[0.6, "tFarBelow"], [0.97, "tBelow"], [1.03, "tNear"], [1.6, "tAbove"]]);
    return t(bounds.find(([most]) => ratio <= most)?.[1] ?? "tFarAbove", { T });
  }
}

/** The probability of a flip that changes the energy by so much. @param {number} change @param {Settings} law */
function chance(change, { temperature, algorithm }) {
  const odds = Math.exp(-change / temperature);
  return algorithm === "metropolis" ? Math.min(1, odds) : odds / (1 + odds);
}

/** @param {number} v */
function fieldWords(v) {
  return t(v > 0 ? "hUp" : v < 0 ? "hDown" : "hNone", { v: fixed(v, 2) });
}

/** @param {number} v */
function couplingWords(v) {
  return t(v > 0 ? "jFerro" : v < 0 ? "jAnti" : "jNone", { v: fixed(v, 2) });
}

export default {
  /** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} host */
  render(host) {
    const view = new LatticeView(host);
    return () => view.f.destroy();
  },
};
