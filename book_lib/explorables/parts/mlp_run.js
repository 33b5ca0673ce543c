// A training as the page follows it: what was measured on the way, and what there is to say about it. No DOM in here.

import { Training, accuracy, answers, bestTemperature, crossEntropy, sharpness } from "../core/mlp.js";
import { fixed, significant } from "../kit/format.js";

/** @typedef {import("../core/mlp.js").Settings} Settings */
/** @typedef {import("../core/mlp.js").Answers} Answers */
/** @typedef {(key: string, values?: Record<string, unknown>) => string} Words */

export const LONGEST = 20_000; // steps
export const FORETOLD = 400; // the step of the prediction
const CLOSELY = 300; // steps that are all measured; later every tenth is
const SEEN = 10;

export class Run {
  /** @param {Settings} settings */
  constructor(settings) {
    this.training = new Training(settings);
    /** Step, training loss, held-out loss, at T = 1. @type {[number, number, number][]} */
    this.curve = [];
    this.lost = NaN; // the loss at which it diverged
    this.late = false; // whether the reader foretold when there was nothing left to foretell
    this.foretold = NaN; // the share of training points that were right at the step of the prediction
    this.least = { loss: Infinity, step: 0 }; // on held-out points
    const { network } = this.training;
    this.train = answers(network, this.sets.train);
    this.test = answers(network, this.sets.test);
    /** @type {Answers | null} */
    this.judged = null;
    this.kept = NaN;
    this.limit = this.edge(); // 2/L at the start
    this.startLimit = this.limit;
    this.limitAt = 0;
    this.measure();
  }

  get steps() {
    return this.training.steps;
  }

  get sets() {
    return this.training.sets;
  }

  get done() {
    return this.training.diverged !== "" || this.steps >= LONGEST || !this.sets.train.n;
  }

  /** Other knobs for the same network. @param {Settings} settings */
  turn(settings) {
    this.training.turn(settings);
    this.limit = this.edge();
  }

  /** Other points for the same network. @param {Settings} settings @param {import("../core/mlp.js").Sets} sets */
  move(settings, sets) {
    this.training.sets = sets;
    this.training.order = new Uint32Array(0);
    this.least = { loss: Infinity, step: this.steps };
    this.turn(settings);
    this.curve.pop(); // of other points
    this.measure();
  }

  /** 2/L, where the network is now. */
  edge() {
    const { network, settings, sets } = this.training;
    if (!sets.train.n) return NaN;
    const most = sharpness(network, sets.train, settings, network.theta.length < 60 ? 100 : 30);
    return most > 0 ? 2 / most : Infinity; // nowhere curved upwards: no step is too long
  }

  /** Measure 2/L again, where it was not yet. */
  look() {
    if (this.limitAt === this.steps) return;
    this.limit = this.training.diverged ? NaN : this.edge();
    this.limitAt = this.steps;
  }

  measure() {
    const { network } = this.training;
    this.train = answers(network, this.sets.train);
    this.test = answers(network, this.sets.test);
    const [a, b] = [crossEntropy(this.train), crossEntropy(this.test)];
    if (!this.training.diverged) this.curve.push([this.steps, a, b]);
    if (b < this.least.loss) this.least = { loss: b, step: this.steps };
    if (this.steps <= FORETOLD) this.foretold = accuracy(this.train);
  }

  /** @param {number} n */
  step(n) {
    for (let k = 0; k < n && !this.done; k++) {
      const loss = this.training.step();
      if (this.training.diverged) this.lost = loss;
      else if (this.steps <= CLOSELY || this.steps % SEEN === 0 || this.steps === FORETOLD) this.measure();
    }
    if (this.curve[this.curve.length - 1]?.[0] !== this.steps) this.measure();
  }

  /** The T that the held-out points ask for; asked several times a frame, computed once. */
  get best() {
    if (this.judged !== this.test) [this.judged, this.kept] = [this.test, bestTemperature(this.test)];
    return this.kept;
  }

  /** @param {number} temperature */
  losses(temperature) {
    return [crossEntropy(this.train, temperature), crossEntropy(this.test, temperature)];
  }

  /** ReLU units that give 0 for every training point: no slope reaches their weights. */
  get silent() {
    const { network, settings } = this.training;
    const { x, n } = this.sets.train;
    if (settings.activation !== "relu" || !n) return 0;
    network.forward(x, n);
    const layers = network.sizes.slice(1, -1);
    const quiet = (/** @type {number} */ l, /** @type {number} */ u) => Array.from({ length: n }, (_, i) => network.h[l][i * network.sizes[l] + u]).every((h) => h === 0);
    return layers.reduce((sum, size, l) => sum + Array.from({ length: size }, (_, u) => Number(quiet(l + 1, u))).reduce((a, b) => a + b, 0), 0);
  }

  get right() {
    return [accuracy(this.train), accuracy(this.test)];
  }
}

/** @param {number} share */
export const percent = (share) => (Number.isFinite(share) ? `${Math.round(100 * share)} %` : "–");

/** @param {number} share @returns {"fails" | "partly" | "solves"} */
export const verdict = (share) => (share < 0.75 ? "fails" : share <= 0.95 ? "partly" : "solves");

/** How the training stands, in a few sentences. @param {Run} run @param {string} predict @param {Words} t */
export function sentence(run, predict, t) {
  const { settings, network } = run.training;
  const { train } = run.sets;
  if (!train.n) return t("sayNone");
  const values = { n: run.steps, e: run.training.rounds, rate: significant(settings.learning_rate, 3), seed: settings.seed,
    parameters: network.theta.length, limit: significant(run.limit, 2), train: significant(run.curve[0]?.[1] ?? NaN, 3) };
  const parts = run.training.diverged ? fate(run, values, t) : course(run, values, t);
  if (train.t.every((label) => label === train.t[0])) parts.push(t("sayOne"));
  if (predict) parts.push(prophecy(run, predict, t));
  return parts.join(" ");
}

/** Where and why it diverged. @param {Run} run @param {Record<string, unknown>} values @param {Words} t */
function fate(run, values, t) {
  const { diverged, settings } = run.training;
  const value = Number.isNaN(run.lost) ? t("nan") : Number.isFinite(run.lost) ? significant(run.lost, 2) : t("infinite");
  const key = { loss: "sayLoss", gradient: "sayGradient", growth: "sayGrowth" }[/** @type {"loss"} */ (diverged)];
  const times = settings.learning_rate / run.startLimit;
  const why = settings.method === "adam" ? "sayWhyAdam" : times > 1 ? "sayWhy" : "sayWhyOther";
  return [t(key, { ...values, value }), t(why, { ...values, limit: significant(run.startLimit, 2), times: significant(times, 2) })];
}

/** How it goes. @param {Run} run @param {Record<string, unknown>} values @param {Words} t */
function course(run, values, t) {
  if (!run.steps) return [t("sayStart", values)];
  const [right, testRight] = run.right.map(percent);
  const { settings, network } = run.training;
  const parts = [t(run.sets.test.n ? "sayRun" : "sayRunOwn", { ...values, right, testRight })];
  const [, now, held] = run.curve[run.curve.length - 1];
  const [, first] = run.curve[0];
  const straight = settings.activation === "identity" || network.sizes.length === 2;
  const flat = straight && settings.inputs === "plain"; // products bend the border, however few layers there are
  const steep = settings.method === "descent" && settings.learning_rate > run.startLimit;
  if (now > 1.02 * first) parts.push(t(steep ? "sayRise" : "sayWild", { ...values, limit: significant(run.startLimit, 2) }));
  else if (flat && run.steps >= 100 && run.right[0] < 0.9) parts.push(t("sayFlat"));
  else if (held > 1.2 * run.least.loss && run.steps > run.least.step + 100) parts.push(t("sayOver", { at: run.least.step }));
  const { silent, best } = run;
  if (silent) parts.push(t("saySilent", { k: silent, all: network.sizes.slice(1, -1).reduce((a, b) => a + b, 0) }));
  if (run.steps >= 100 && best === 0) parts.push(t("saySure"));
  else if (run.steps >= 100 && Number.isFinite(best) && Math.abs(Math.log(best)) > 0.2) parts.push(t(best > 1 ? "sayCold" : "sayHot", { best: fixed(best, 2) }));
  if (run.steps >= LONGEST) parts.push(t("sayEnd", { n: LONGEST }));
  return parts;
}

/** What became of the prediction. @param {Run} run @param {string} predict @param {Words} t */
function prophecy(run, predict, t) {
  const what = t(predict);
  if (run.late) return t("foretoldLate", { what });
  if (run.steps < FORETOLD) return t(run.training.diverged ? "foretoldBlown" : "foretold", { what });
  return t(verdict(run.foretold) === predict ? "foretoldRight" : "foretoldWrong", { what, share: percent(run.foretold) });
}
