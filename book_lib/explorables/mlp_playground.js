// A multilayer perceptron that trains live: its weights, what each unit sees, the surface, the losses, the temperature.

import { EDGE, crossEntropy, sets, sigmoid } from "./core/mlp.js";
import { clock } from "./kit/clock.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed, significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { onTheme, reducedMotion } from "./kit/theme.js";
import { heat } from "./parts/heat.js";
import { diagram, formula, largest } from "./parts/mlp_diagram.js";
import { NODES, plane } from "./parts/mlp_plane.js";
import { FORETOLD, LONGEST, Run, percent, sentence } from "./parts/mlp_run.js";
import { mlpWords } from "./parts/mlp_words.js";

const t = strings(mlpWords);
const WIDEST = 8;
const DEEPEST = 3;
const MOST = 80; // points of the reader's own
const NEAR = 0.5; // how far from a point a press may be that takes it away
const TAKEN = 24; // points of a data set that go along when the reader draws the first
const LOOK = 8; // frames from one measurement of 2/L to the next while it runs
const FRAME_WORK = 9; // ms of steps a frame at most
const CALM = 15; // with reduced motion 4 frames a second stand for 60
const PENALTIES = [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
const BATCHES = [1, 2, 5, 10, 20, 50, 100];
const STEPS = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, LONGEST];
/** The height of a plot that holds a loss. @param {number} loss */
const heightFor = (loss) => HEIGHTS.find((v) => v >= loss) ?? 10 ** Math.min(300, Math.ceil(Math.log10(loss)));
/** Losses beside an axis, where there is room for six characters. @param {number} v */
const lossText = (v) => {
  if (v < 1e5) return significant(v, 4);
  const power = Math.floor(Math.log10(v) + 1e-9);
  const part = significant(v / 10 ** power, 2);
  return `${part === "1" ? "" : `${part}·`}10${superscript(power)}`;
};
const HEIGHTS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 100, 1000, 1e4, 1e6, 1e9, 1e15];
const DRAWN = 400; // points of a loss curve
const TEMPERATURES = Array.from({ length: 41 }, (_, i) => 10 ** (i / 20 - 1));
const RESTART = ["data", "inputs", "hidden", "activation", "noise", "seed"];
const GO_ON = ["method", "learning_rate", "penalty", "regularization", "batch_size"];

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/mlp.js").Settings} Settings */
/** @typedef {import("./parts/mlp_diagram.js").Unit} Unit */
/** @typedef {{brush: string, unit: Unit | null, peek: Unit | null}} Hand  what the reader holds; peek: the unit under the mouse */

/** @param {Frame} f @returns {Settings} */
function settingsOf(f) {
  const names = [...RESTART, ...GO_ON, "points"];
  return /** @type {any} */ (Object.fromEntries(names.map((name) => [name, f.model.get(name)])));
}

/** Widths of the hidden layers; [0] stands for none. @param {Frame} f @returns {number[]} */
const layersOf = (f) => f.model.get("hidden").filter((/** @type {number} */ width) => width > 0);

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "mlp_playground", label: t("name") });
  /** @type {Hand} */
  const hand = { brush: "look", unit: null, peek: null };
  /** @type {() => void} */
  let draw = () => {};
  controls(f, hand, () => draw());
  let run = new Run(settingsOf(f));
  let cost = 0; // ms a step, a running mean
  draw = picture(f, hand, () => run);
  const time = clock(f, {
    step: (n) => {
      const began = performance.now();
      run.step(n);
      const each = (performance.now() - began) / n;
      cost += (each - cost) * (cost ? 0.1 : 1);
    },
    onFrame: () => draw(),
    // slow at first, so that each step can be seen, then ever faster, as far as the machine allows
    perFrame: () => {
      const pace = reducedMotion() ? CALM : 1;
      return Math.min(pace * Math.min(40, Math.max(0.5, run.steps / 40)), Math.max(1, (pace * FRAME_WORK) / (cost || 1)));
    },
    done: () => run.done,
    onReset: () => void (run = new Run(settingsOf(f))),
  });
  f.stage.querySelector(".xp-mlp-ask")?.after(f.toolbar); // on a phone the picture stays in sight of Play
  button(f, { label: t("epochs", { n: 100 }), where: "toolbar", onClick: () => time.stepOnce(100) });
  const afresh = () => {
    if (run.steps && model.get("predict")) f.assign({ predict: "" }); // it was about another network
    time.reset();
  };
  for (const name of RESTART) f.watch(name, afresh);
  for (const name of GO_ON) {
    f.watch(name, () => {
      if (run.training.diverged) return time.reset();
      run.turn(settingsOf(f));
      draw();
    });
  }
  f.watch("points", () => {
    const now = settingsOf(f);
    if (now.data !== "own" || run.training.diverged || !run.sets.train.n) return time.reset();
    run.move(now, sets(now)); // the network goes on, among other points
    draw();
  });
  f.watch("temperature", () => draw());
  f.watch("predict", () => {
    run.late = run.steps >= FORETOLD;
    draw();
  });
  f.toolbar.addEventListener("click", () => time.running || draw(), { signal: f.signal }); // after Pause 2/L is that of now
  onTheme(f, () => draw());
  draw();
  f.publish();
  return f.destroy;
}

// ------------------------------------------------------------------------------------------------------ controls

/** @param {Frame} f @param {Hand} hand @param {() => void} draw */
function controls(f, hand, draw) {
  const pick = (/** @type {string} */ trait, /** @type {string[]} */ values, /** @type {HTMLElement | undefined} */ into = undefined) =>
    choice(f, { trait, label: t(trait), options: values.map((value) => ({ value, label: t(value) })), into });
  const ask = h("div", { class: "xp-mlp-ask" }); // right above Play: first foretell, then press
  f.stage.append(ask);
  pick("predict", ["fails", "partly", "solves"], ask);
  pick("data", ["circles", "xor", "bells", "spiral", "own"]);
  choice(f, { label: t("pen"), options: ["look", "draw1", "draw0", "erase"].map((value) => ({ value, label: t(value) })),
    onInput: (value) => {
      hand.brush = value;
      draw();
    } });
  button(f, { label: t("empty"), onClick: () => f.assign({ data: "own", points: [] }) });
  pick("inputs", ["plain", "products"]);
  layerControls(f);
  pick("activation", ["tanh", "relu", "sigmoid", "identity"]);
  pick("method", ["descent", "adam"]);
  slider(f, { trait: "learning_rate", label: t("rate"), symbol: "η", min: 0.001, max: 30, scale: "log", words: (v) => t("rateWords", { v: significant(v, 3) }) });
  slider(f, { trait: "batch_size", label: t("batch"), min: 1, max: 100, stops: BATCHES, words: (v) => t(v === 100 ? "batchAll" : "batchWords", { v }) });
  f.share("batch_size", (v) => Number.isInteger(v) && v >= 1 && v <= 100);
  slider(f, { trait: "regularization", label: t("regularization"), symbol: "λ", min: 0, max: 1, stops: PENALTIES,
    words: (v) => t(v ? "regularizationWords" : "regularizationNone", { v: significant(v, 3) }) });
  penaltyChoice(f);
  slider(f, { trait: "noise", label: t("noise"), min: 0, max: 1, step: 0.05, exact: false, words: (v) => t("noiseWords", { v: fixed(v, 2) }) });
  slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: 0.1, max: 10, scale: "log", temperature: { neutral: 1 },
    words: (v) => t(v < 1 ? "temperatureCold" : v > 1 ? "temperatureHot" : "temperatureWords", { v: significant(v, 3) }) });
  recipes(f);
  seedBox(f);
  f.share("points", (all) => all.length % 3 === 0 && all.length <= 3 * MOST && all.every((/** @type {number} */ v, /** @type {number} */ i) =>
    (i % 3 < 2 ? Math.abs(v) <= EDGE : v === 0 || v === 1)));
}

/** How deep, and how wide each layer is; a layer that is not there has no slider. @param {Frame} f */
function layerControls(f) {
  const good = (/** @type {number} */ width) => Number.isInteger(width) && width >= 1 && width <= WIDEST;
  f.share("hidden", (v) => (v.length <= DEEPEST && v.every(good)) || (v.length === 1 && v[0] === 0));
  const holder = h("div", { class: "xp-mlp-layers" });
  const setLayers = (/** @type {number[]} */ widths) => f.assign({ hidden: widths.length ? widths : [0] });
  const depth = slider(f, { label: t("depth"), min: 0, max: DEEPEST, step: 1, value: layersOf(f).length, into: holder,
    words: (v) => t(v === 0 ? "depthNone" : v === 1 ? "depthOne" : "depthWords", { v }),
    onInput: (v) => {
      const now = layersOf(f);
      if (v !== now.length) setLayers(Array.from({ length: v }, (_, l) => now[l] ?? 4));
    } });
  const widths = Array.from({ length: DEEPEST }, (_, l) => slider(f, { label: t("width", { l: l + 1 }), min: 1, max: WIDEST, step: 1, value: 4, into: holder,
    words: (v) => t(v === 1 ? "widthOne" : "widthWords", { v, l: l + 1 }),
    onInput: (v) => {
      const now = layersOf(f);
      if (l < now.length && v !== now[l]) setLayers(now.map((width, k) => (k === l ? v : width)));
    } }));
  const show = () => {
    const now = layersOf(f);
    if (depth.value !== now.length) depth.set(now.length);
    widths.forEach((one, l) => {
      if (l >= now.length) return one.node.remove();
      if (one.node.parentNode !== holder) holder.append(one.node);
      if (one.value !== now[l]) one.set(now[l]);
    });
  };
  f.controls.append(holder);
  f.watch("hidden", show);
  show();
}

/** Which penalty, as long as there is one. @param {Frame} f */
function penaltyChoice(f) {
  const holder = h("div");
  choice(f, { trait: "penalty", label: t("penalty"), options: ["l2", "l1"].map((value) => ({ value, label: t(value) })), into: holder });
  const place = h("div", { class: "xp-mlp-slot" });
  const show = () => void (f.model.get("regularization") > 0 ? place.append(holder) : holder.remove());
  f.controls.append(place);
  f.watch("regularization", show);
  show();
}

/** @param {Frame} f */
function recipes(f) {
  presets(f, [
    { label: t("recipeLine"), set: { data: "xor", inputs: "plain", hidden: [0], method: "descent", learning_rate: 0.3, regularization: 0 } },
    { label: t("recipeSpiral"), set: { data: "spiral", inputs: "plain", hidden: [8, 8], activation: "tanh", method: "adam", learning_rate: 0.02, noise: 0.05, regularization: 0 } },
    { label: t("recipeNoise"), set: { data: "circles", inputs: "plain", hidden: [8, 8], activation: "tanh", method: "adam", learning_rate: 0.03, noise: 0.6, regularization: 0 } },
    { label: t("recipeBlow"), set: { data: "circles", inputs: "plain", hidden: [8, 8], activation: "relu", method: "descent", learning_rate: 30, regularization: 0 } },
  ], { label: t("recipes") });
}

// ------------------------------------------------------------------------------------------------- own points

/** The points to draw upon: the reader's own, or some of the data set's. @param {Frame} f @returns {number[]} */
function canvasPoints(f) {
  if (f.model.get("data") === "own") return [...f.model.get("points")];
  const { train } = sets(settingsOf(f));
  return Array.from({ length: TAKEN }, (_, i) => [train.x[2 * i], train.x[2 * i + 1]].map((v) => Number(v.toFixed(2))).concat(train.t[i])).flat();
}

/** @param {Frame} f @param {Hand} hand @param {number} x @param {number} y */
function put(f, hand, x, y) {
  if (hand.brush === "erase") return erase(f, x, y);
  if (hand.brush === "look") return;
  const points = canvasPoints(f);
  if (points.length >= 3 * MOST) points.splice(0, 3); // the oldest makes room
  f.assign({ data: "own", points: [...points, x, y, hand.brush === "draw1" ? 1 : 0] });
}

/** The nearest point goes, if it is near. @param {Frame} f @param {number} x @param {number} y */
function erase(f, x, y) {
  const points = canvasPoints(f);
  if (!points.length) return;
  let nearest = 0;
  const gap = (/** @type {number} */ i) => Math.hypot(points[3 * i] - x, points[3 * i + 1] - y);
  for (let i = 1; i < points.length / 3; i++) if (gap(i) < gap(nearest)) nearest = i;
  if (gap(nearest) > NEAR) return;
  points.splice(3 * nearest, 3);
  f.assign({ data: "own", points });
}

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {Hand} hand @param {() => Run} run */
function picture(f, hand, run) {
  f.stage.classList.add("xp-mlp");
  const [left, right, under, beside] = [h("div"), h("div"), h("div"), h("div")];
  const [help, unit, caption] = [h("p", { class: "xp-help" }), h("p", { class: "xp-mlp-formula" }), h("p", { class: "xp-caption xp-mlp-caption" })];
  f.stage.append(left, right, under, beside);
  const paint = heat(f);
  const pane = plane(f, {
    into: right, t, paint, onPut: (x, y) => put(f, hand, x, y), onErase: (x, y) => erase(f, x, y),
    words: (x, y) => probeWords(f, run(), hand, x, y), onProbe: () => draw(),
  });
  right.append(help);
  const net = diagram(f, { into: left, t, paint, onPick: (picked) => {
    hand.unit = hand.unit?.layer === picked.layer && hand.unit.unit === picked.unit ? null : picked;
    hand.peek = null; // a second press shows the output again, with the mouse still there
    draw();
    f.announce(unitWords(run(), hand.unit));
  }, onPeek: (unit) => {
    hand.peek = unit;
    draw();
  } });
  left.append(unit);
  f.stage.insertBefore(/** @type {Node} */ (f.stage.querySelector(".xp-mlp-ask")), under);
  f.stage.insertBefore(caption, under);
  const [lossPlot, heatPlot] = [lossCurve(f, under), heatCurve(f, beside)];
  const show = readouts(f);
  weightTable(f, run);
  /** @type {import("./core/mlp.js").Sets | null} */
  let drawn = null;
  let frames = 0;
  const draw = () => {
    const now = run();
    const text = sentence(now, f.model.get("predict"), t);
    if (!f.running || frames++ % LOOK === 0) now.look();
    maps(f, now, hand, net, pane, text);
    if (drawn !== now.sets) pane.points((drawn = now.sets));
    pane.draw(hand.brush !== "look");
    write(help, t("legend") + t(hand.brush === "look" ? "helpLook" : hand.brush === "erase" ? "helpErase" : "helpDraw", { k: hand.brush === "draw1" ? 1 : 0 }) + (hand.brush === "look" ? ` ${t("key")}` : ""));
    write(unit, unitWords(now, hand.peek ?? hand.unit));
    write(caption, text);
    lossPlot(now, text);
    heatPlot(now, text, f.model.get("temperature"));
    f.announce(text);
    show(now, probe(now, pane.probe.x, pane.probe.y));
  };
  return draw;
}

/** @param {HTMLElement} node @param {string} text */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The maps of the plane and of each unit, from one pass of the network over all nodes. @param {Frame} f @param {Run} run @param {Hand} hand
 *  @param {ReturnType<typeof diagram>} net @param {ReturnType<typeof plane>} pane @param {string} text */
function maps(f, run, hand, net, pane, text) {
  const { network, settings } = run.training;
  const { sizes } = network;
  const gone = (/** @type {Unit | null} */ one) => one && !(one.layer < sizes.length - 1 && one.unit < sizes[one.layer]);
  if (gone(hand.unit)) hand.unit = null; // its layer has gone
  if (gone(hand.peek)) hand.peek = null;
  const T = f.model.get("temperature");
  const logits = network.forward(NODES.x, NODES.n);
  const tone = (/** @type {number} */ _, /** @type {number} */ value, /** @type {number} */ most) =>
    (settings.activation === "tanh" ? value : settings.activation === "sigmoid" ? 2 * value - 1 : value / most);
  net.show(network, hand.unit, tone, (z) => 2 * sigmoid(z / T) - 1);
  const shown = hand.peek ?? hand.unit;
  if (!shown) return pane.show((i) => 2 * sigmoid(logits[i] / T) - 1, logits, t("border"), text);
  const { layer, unit } = shown;
  const [values, size] = [network.h[layer], sizes[layer]];
  const most = largest(values, unit, size);
  const middle = settings.activation === "sigmoid" ? 0.5 : settings.activation === "relu" ? 1e-6 * most : 0;
  const level = Float64Array.from({ length: NODES.n }, (_, i) => values[i * size + unit] - middle);
  pane.show((i) => tone(layer, values[i * size + unit], most), level, t("unitBorder"), text);
}

/** The network at one place. @param {Run} run @param {number} x @param {number} y */
function probe(run, x, y) {
  const { network } = run.training;
  return network.forward(Float64Array.of(x, y), 1)[0];
}

/** @param {Frame} f @param {Run} run @param {Hand} hand @param {number} x @param {number} y */
function probeWords(f, run, hand, x, y) {
  const z = probe(run, x, y);
  const values = { z: fixed(z, 2), p: fixed(sigmoid(z / f.model.get("temperature")), 3) };
  if (!hand.unit) return t("crossWords", values);
  const { layer, unit } = hand.unit;
  return t("crossOwn", { ...values, h: fixed(run.training.network.h[layer][unit], 2) });
}

/** @param {Run} run @param {Unit | null} unit */
function unitWords(run, unit) {
  const { network, settings } = run.training;
  if (unit) return t("showsUnit", { l: unit.layer, u: unit.unit + 1, formula: formula(network, unit, settings.activation) });
  return t("showsOutput", { formula: formula(network, { layer: network.sizes.length - 1, unit: 0 }, settings.activation) });
}

/** @param {Frame} f @param {() => Run} run */
function weightTable(f, run) {
  f.addTable(() => {
    const { network, settings } = run().training;
    const rows = network.sizes.slice(1).flatMap((size, l) => Array.from({ length: size }, (_, u) =>
      [t("unitName", { l: l + 1, u: u + 1 }), formula(network, { layer: l + 1, unit: u }, settings.activation)]));
    return { caption: t("weights"), columns: [t("colUnit"), t("colFormula")], rows };
  });
}

/** @param {Frame} f @param {HTMLElement} into */
function lossCurve(f, into) {
  const p = plot(f, { into, title: t("curve"), height: 240, legend: true, x: { label: t("axisStep"), min: 0, max: STEPS[0] }, y: { label: t("axisLoss"), min: 0, max: 1, format: lossText } });
  p.hline("coin", Math.LN2, { label: t("coin") });
  return (/** @type {Run} */ { curve, steps }, /** @type {string} */ text) => {
    const most = curve.reduce((top, [, a, b]) => Math.max(top, Number.isFinite(a) ? a : 0, Number.isFinite(b) ? b : 0), 0);
    const [width, height] = [STEPS.find((v) => v >= steps) ?? LONGEST, heightFor(1.02 * most)];
    if (p.x.max !== width || p.y.max !== height) p.axes({ x: { max: width }, y: { max: height } });
    const every = Math.max(1, Math.ceil(curve.length / DRAWN));
    const some = curve.filter((_, i) => i % every === 0 || i === curve.length - 1);
    p.line("train", some.map(([n, a]) => [n, a]), { label: t("trainLine") });
    p.line("test", some.filter(([, , b]) => Number.isFinite(b)).map(([n, , b]) => [n, b]), { kind: "theory", dash: true, label: t("testLine") });
    p.describe(text);
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function heatCurve(f, into) {
  const p = plot(f, { into, title: t("heatCurve"), height: 240, legend: true, y: { label: t("axisLoss"), min: 0, max: 1, format: lossText },
    x: { label: t("axisT"), min: -1, max: 1, ticks: [-1, Math.log10(0.3), 0, Math.log10(3), 1], format: (v) => significant(10 ** v, 1) } });
  return (/** @type {Run} */ run, /** @type {string} */ text, /** @type {number} */ T) => {
    const { test, best } = run;
    const line = test.n ? TEMPERATURES.map((temperature) => [Math.log10(temperature), crossEntropy(test, temperature)]) : [];
    const here = crossEntropy(test, T);
    const height = Number.isFinite(here) ? heightFor(Math.max(1.02 * here, line[line.length - 1][1])) : 1; // the hot end is near ln 2
    if (p.y.max !== height) p.axes({ y: { max: height } });
    p.line("loss", line, { kind: "theory", dash: true, label: t("heatLine") });
    if (Number.isFinite(here)) p.marker("now", [Math.log10(T), here], { kind: "reader", label: t("now") });
    else p.clear("now");
    if (best >= 0.1 && best <= 10) p.vline("best", Math.log10(best), { label: t("best") });
    else p.clear("best");
    p.describe(text);
  };
}

/** @param {Frame} f */
function readouts(f) {
  const four = (/** @type {number} */ v) => significant(v, 4);
  const make = (/** @type {string} */ name, /** @type {string} */ label, /** @type {(v: number) => string} */ format, width = 6) => readout(f, { name, label: t(label), format, width });
  const steps = make("steps", "readSteps", String);
  const epochs = make("rounds", "readEpochs", String, 4);
  const loss = make("loss", "readTrain", four, 8);
  const held = make("held_out_loss", "readTest", four, 8);
  const right = make("right", "readRight", percent, 5);
  const heldRight = make("held_out_right", "readTestRight", percent, 5);
  const best = make("best_temperature", "readBest", (v) => (v === Infinity ? "∞" : significant(v, 3)), 5);
  const limit = make("largest_step", "readLimit", (v) => significant(v, 2), 7);
  const parameters = make("parameters", "readParameters", String, 4);
  return (/** @type {Run} */ run, /** @type {number} */ logit) => {
    const losses = run.losses(f.model.get("temperature"));
    steps(run.steps);
    epochs(run.training.rounds);
    loss(losses[0]);
    held(losses[1]);
    right(run.right[0]);
    heldRight(run.right[1]);
    best(run.best);
    limit(run.training.settings.method === "descent" ? run.limit : NaN); // Adam has steps of its own
    parameters(run.training.network.theta.length);
    f.setReadout("logit", logit);
    f.setReadout("probability", sigmoid(logit / f.model.get("temperature")));
    f.setReadout("norm", run.training.network.norm);
    f.setReadout("diverged", run.training.diverged);
  };
}

export default { render };
