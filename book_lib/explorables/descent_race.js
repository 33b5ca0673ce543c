// A race downhill over a map of level lines; which optimisers diverge is shown, and said in words.

import { METHODS, Racer, finish, levelLines } from "./core/descent.js";
import { LANDSCAPES, largestCurvature } from "./core/landscapes.js";
import { clock } from "./kit/clock.js";
import { button, choice, seedBox, slider, toggle } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { linePath, plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { handle, smallTable } from "./parts/handle.js";

const LONGEST = 500; // steps of a race, as in descent_race.py
const CLOSE = 1e-6; // loss above the minimum that counts as arrived
const FLOOR = -10; // of the plot of losses: ten decimals
const LEVELS = 9; // level lines, each a third of the next
const RACE = ["landscape", "learning_rate", "momentum", "batch_noise", "start", "optimizers", "seed"];

const t = strings({
  en: {
    name: "A race downhill: gradient descent, momentum, Adam and Newton",
    landscape: "Landscape", quadratic: "Bowl", ravine: "Ravine", rosenbrock: "Rosenbrock", double_well: "Double well", saddle: "Saddle",
    rate: "Learning rate", momentumKnob: "Momentum", noise: "Batch noise", racers: "Who races",
    gradient_descent: "gradient descent", momentum: "momentum", adam: "Adam", newton: "Newton",
    short_gradient_descent: "G", short_momentum: "M", short_adam: "A", short_newton: "N",
    rateBelow: "η = {v}, below 2/L = {limit}", rateAt: "η = {v}, equal to 2/L", rateAbove: "η = {v}, above 2/L = {limit}",
    momentumWords: "β = {v}; momentum can come to rest below 2(1 + β)/L = {limit}", noiseWords: "noise {v} added to each slope", noNoise: "exact slopes",
    justBelow: "η = 0.98 · 2/L", justAbove: "η = 1.02 · 2/L", half: "η = 1/L",
    mapTitle: "The map: level lines of the loss, and the ways down", axisX: "x", axisY: "y",
    lossTitle: "Loss above the minimum, step by step", axisStep: "step", axisLoss: "loss above the minimum",
    startGrip: "Start of the race", startWords: "start at x = {x}, y = {y}", minimum: "minimum",
    table: "How they stand", colLoss: "above minimum", colFinish: "steps to 10⁻⁶", colFate: "fate",
    fateRacing: "racing", fateRest: "at rest", fateDiverged: "diverged at {n}",
    readStep: "Step", readLimit: "2/L", readFactor: "1 − ηL",
    where_rosenbrock: " at the minimum", where_double_well: " at the deeper well", where_saddle: " at the minima",
    sayCreep: "η = {eta} is below 2/L = {limit}{where}: each step of gradient descent leaves 1 − ηL = {factor} of the way to go in the steepest direction.",
    saySwing: "η = {eta} is below 2/L = {limit}{where}: gradient descent overshoots in the steepest direction and swings, but each swing is {size} of the last.",
    sayEdge: "η = {eta} is 2/L{where}: gradient descent swings from side to side for ever, since 1 − ηL = −1.",
    sayEdgeCurved: "η = {eta} is 2/L{where}: 1 − ηL = −1 there, and bends of higher order decide whether gradient descent comes to rest.",
    sayDiverge: "η = {eta} is above 2/L = {limit}: each step multiplies the steepest direction by 1 − ηL = {factor}, so gradient descent diverges.",
    sayFlat: "η = {eta} is above 2/L = {limit}: each step multiplies the steepest direction by 1 − ηL = {factor}. This start has nothing in that direction to multiply, so gradient descent goes on.",
    sayOver: "η = {eta} is above 2/L = {limit}{where}: gradient descent cannot come to rest there, for 1 − ηL = {factor}.",
    sayGone: "It blew up at step {n}.",
    sayGoneStart: "Gradient descent blew up at step {n} all the same: at the start the curvature is {steep}, and 2/{steep} = {bound}.",
    sayGoneWay: "Gradient descent blew up at step {n} all the same: after step {at} it stood where the curvature is {steep}, and 2/{steep} = {bound}.",
    sayFirst: "First within 10⁻⁶ of the minimum: {who}, after {n} steps.", sayFirstOne: "First within 10⁻⁶ of the minimum: {who}, after 1 step.",
    sayHigher: "In the higher well for good: {who}. Downhill is not always towards the lowest point.", sayWaits: "Waiting at the saddle, where the slope is almost nothing: {who}.",
    sayNoise: "The noise lets nobody come to rest.", sayAlso: "{who} diverged at step {n}.",
    sayNone: "The race has not begun: press Play, or drag the start.",
  },
  zh: {
    name: "下山比赛：梯度下降、动量、Adam 与牛顿法",
    landscape: "地形", quadratic: "碗", ravine: "峡谷", rosenbrock: "Rosenbrock", double_well: "双阱", saddle: "鞍点",
    rate: "学习率", momentumKnob: "动量", noise: "批量噪声", racers: "参赛者",
    gradient_descent: "梯度下降", momentum: "动量法", adam: "Adam", newton: "牛顿法",
    short_gradient_descent: "G", short_momentum: "M", short_adam: "A", short_newton: "N",
    rateBelow: "η = {v}，低于 2/L = {limit}", rateAt: "η = {v}，等于 2/L", rateAbove: "η = {v}，高于 2/L = {limit}",
    momentumWords: "β = {v}；低于 2(1 + β)/L = {limit} 时动量法才能静止", noiseWords: "每个斜率加上大小为 {v} 的噪声", noNoise: "精确的斜率",
    justBelow: "η = 0.98 · 2/L", justAbove: "η = 1.02 · 2/L", half: "η = 1/L",
    mapTitle: "地图：损失的等高线与下山的路", axisX: "x", axisY: "y",
    lossTitle: "逐步的损失（高出最小值的部分）", axisStep: "步数", axisLoss: "高出最小值",
    startGrip: "比赛的起点", startWords: "起点 x = {x}，y = {y}", minimum: "最小值",
    table: "目前的名次", colLoss: "高出最小值", colFinish: "到 10⁻⁶ 的步数", colFate: "状况",
    fateRacing: "比赛中", fateRest: "已静止", fateDiverged: "第 {n} 步发散",
    readStep: "步数", readLimit: "2/L", readFactor: "1 − ηL",
    where_rosenbrock: "（最小值处）", where_double_well: "（较深的阱处）", where_saddle: "（两个最小值处）",
    sayCreep: "η = {eta} 低于 2/L = {limit}{where}：梯度下降每走一步，最陡方向上剩余的路变为原来的 1 − ηL = {factor}。",
    saySwing: "η = {eta} 低于 2/L = {limit}{where}：梯度下降在最陡方向上越过谷底来回摆动，但每次只有上次的 {size}。",
    sayEdge: "η = {eta} 恰为 2/L{where}：1 − ηL = −1，梯度下降永远来回摆动。",
    sayEdgeCurved: "η = {eta} 恰为 2/L{where}：那里 1 − ηL = −1，梯度下降能否静止取决于更高阶的弯曲。",
    sayDiverge: "η = {eta} 高于 2/L = {limit}：每一步使最陡方向乘以 1 − ηL = {factor}，梯度下降因此发散。",
    sayFlat: "η = {eta} 高于 2/L = {limit}：每一步使最陡方向乘以 1 − ηL = {factor}。这个起点在该方向上的分量恰为零，梯度下降照常前进。",
    sayOver: "η = {eta} 高于 2/L = {limit}{where}：1 − ηL = {factor}，梯度下降无法停在那里。",
    sayGone: "它在第 {n} 步失控。",
    sayGoneStart: "梯度下降仍在第 {n} 步失控：起点处的曲率为 {steep}，而 2/{steep} = {bound}。",
    sayGoneWay: "梯度下降仍在第 {n} 步失控：第 {at} 步之后它所在处的曲率为 {steep}，而 2/{steep} = {bound}。",
    sayFirst: "最先到达最小值 10⁻⁶ 以内：{who}，用了 {n} 步。", sayFirstOne: "最先到达最小值 10⁻⁶ 以内：{who}，用了 1 步。",
    sayHigher: "停在较高的阱里：{who}。下山不一定通向最低点。", sayWaits: "停在鞍点附近，那里几乎没有斜率：{who}。",
    sayNoise: "噪声使它们都无法静止。", sayAlso: "{who}在第 {n} 步发散。",
    sayNone: "比赛还没有开始：按“运行”，或拖动起点。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */
/** @typedef {import("./kit/plot.js").MarkOptions} MarkOptions */
/** @typedef {import("./core/landscapes.js").Point} Point */

/** Limits of the map, the start and the learning rate that suit a landscape, as in descent_race.py. */
/** @type {Record<string, {x: [number, number], y: [number, number], start: number[], rate: number}>} */
const SCENES = {
  quadratic: { x: [-3, 3], y: [-2, 2], start: [-2.5, 1.5], rate: 0.1 },
  ravine: { x: [-3, 3], y: [-1, 1], start: [-2.5, 0.7], rate: 0.015 },
  rosenbrock: { x: [-2, 2], y: [-1, 3], start: [-1.2, 1], rate: 0.001 },
  double_well: { x: [-2, 2], y: [-1.5, 1.5], start: [1.7, 1.2], rate: 0.1 },
  saddle: { x: [-2, 2], y: [-2, 2], start: [-1.8, 0.01], rate: 0.1 },
};

/** Colour, and dashes beside it. @type {Record<string, MarkOptions>} */
const LOOKS = {
  gradient_descent: { kind: "simulation" },
  momentum: { kind: "mean_field" },
  adam: { kind: "theory", dash: true },
  newton: { kind: "reader" },
};

/** All racers of one course, each at the same step. */
export class Race {
  /** @param {(name: string) => any} get  of a trait */
  constructor(get) {
    this.get = get;
    this.steps = 0;
    this.racers = this.line();
  }

  get landscape() {
    return LANDSCAPES[this.get("landscape")];
  }

  get limit() {
    return 2 / largestCurvature(this.landscape);
  }

  get factor() {
    return 1 - this.get("learning_rate") * largestCurvature(this.landscape);
  }

  /** The racers at the start. */
  line() {
    const { get, landscape } = this;
    const course = { landscape, start: get("start"), rate: get("learning_rate"), momentum: get("momentum"), noise: get("batch_noise"), seed: get("seed") };
    return METHODS.filter((name) => get("optimizers").includes(name)).map((name) => new Racer(name, course));
  }

  /** From the start, as far as it was, under the settings of now. @param {number} steps */
  again(steps) {
    this.racers = this.line();
    this.steps = 0;
    this.step(steps);
  }

  /** @param {number} n */
  step(n) {
    const count = Math.min(n, LONGEST - this.steps);
    for (const racer of this.racers) for (let k = 0; k < count; k++) racer.step();
    this.steps += count;
  }

  get done() {
    return this.steps >= LONGEST || this.racers.every((one) => one.fate !== "racing");
  }

  /** @param {Racer} racer */
  gap(racer) {
    return Math.max(0, racer.loss - this.landscape.value(this.landscape.minimum));
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "descent_race", label: t("name") });
  const race = new Race((name) => model.get(name));
  controls(f, race);
  race.again(model.get("steps"));
  const draw = picture(f, race);
  const time = clock(f, {
    step: (n) => race.step(n),
    onFrame: draw,
    // ten steps a second at first, so that each can be followed, then ever faster
    perFrame: () => (reducedMotion() ? 10 : Math.min(3, Math.max(0.16, race.steps / 60))),
    done: () => race.done,
    onReset: () => race.again(0),
  });
  for (const name of RACE) {
    f.watch(name, () => {
      race.again(race.steps);
      draw();
    });
  }
  f.watch("steps", (steps) => {
    time.pause();
    race.again(steps);
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {Race} race */
function controls(f, race) {
  choice(f, { trait: "landscape", label: t("landscape"), options: Object.keys(SCENES).map((value) => ({ value, label: t(value) })),
    onInput: (value, { user }) => user && f.assign({ start: SCENES[value].start, learning_rate: SCENES[value].rate }) });
  const rate = slider(f, { trait: "learning_rate", label: t("rate"), symbol: "η", min: 0.0001, max: 2, scale: "log", words: (v) => {
    const near = Math.abs(v / race.limit - 1) < 1e-9;
    return t(near ? "rateAt" : v < race.limit ? "rateBelow" : "rateAbove", { v: significant(v, 3), limit: significant(race.limit, 3) });
  } });
  const row = h("div", { class: "xp-field xp-presets", role: "group", "aria-label": `${t("rate")}, 2/L` });
  for (const [label, part] of /** @type {[string, number][]} */ ([["half", 0.5], ["justBelow", 0.98], ["justAbove", 1.02]])) {
    button(f, { label: t(label), into: row, onClick: () => f.assign({ learning_rate: Number((part * race.limit).toPrecision(4)) }) });
  }
  f.controls.append(row);
  const weight = slider(f, { trait: "momentum", label: t("momentumKnob"), symbol: "β", min: 0, max: 0.99, step: 0.01, exact: false,
    words: (v) => t("momentumWords", { v: fixed(v, 2), limit: significant((1 + v) * race.limit, 3) }) });
  f.watch("landscape", () => [rate, weight].forEach((one) => one.set(one.value))); // their words name 2/L
  slider(f, { trait: "batch_noise", label: t("noise"), symbol: "σ", min: 0, max: 5, step: 0.05, exact: false,
    words: (v) => (v ? t("noiseWords", { v: fixed(v, 2) }) : t("noNoise")) });
  f.share("start", (v) => v.length === 2 && v.every((/** @type {number} */ one) => Math.abs(one) <= 3));
  who(f);
  seed(f);
}

/** The seed, as long as there is noise for it to change. @param {Frame} f */
function seed(f) {
  const holder = h("div");
  seedBox(f, { into: holder });
  const show = () => {
    if (f.model.get("batch_noise") > 0) f.controls.append(holder);
    else holder.remove();
  };
  f.watch("batch_noise", show);
  show();
}

/** A box for each racer; the last one stays. @param {Frame} f */
function who(f) {
  const set = h("fieldset", { class: "xp-field xp-dr-who" }, h("legend", { class: "xp-label" }, t("racers")));
  const boxes = METHODS.map((name) => toggle(f, { label: `${t(`short_${name}`)} ${t(name)}`, into: set, value: f.model.get("optimizers").includes(name),
    onInput(on, { user }) {
      const now = /** @type {string[]} */ (f.model.get("optimizers"));
      const next = METHODS.filter((one) => (one === name ? on : now.includes(one)));
      if (user) f.assign({ optimizers: next.length ? next : now });
      if (user && !next.length) show();
    } }));
  const show = () => METHODS.forEach((name, i) => boxes[i].set(f.model.get("optimizers").includes(name)));
  f.watch("optimizers", () => METHODS.forEach((name, i) => {
    const on = f.model.get("optimizers").includes(name);
    if (boxes[i].value !== on) boxes[i].set(on);
  }));
  f.controls.append(set);
}

/** @param {Frame} f @param {Race} race */
function picture(f, race) {
  f.stage.classList.add("xp-descent");
  const [left, right] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(left, right, caption);
  const drawMap = mapPlot(f, race, left);
  const drawLoss = lossPlot(f, race, right);
  const table = smallTable(t("table"), ["", t("colLoss"), t("colFinish"), t("colFate")], METHODS.map((name) => t(name)));
  f.stage.append(table.node);
  const show = readouts(f, race);
  return () => {
    const text = sentence(race);
    drawMap(text);
    drawLoss(text);
    table.fill(METHODS.map((name) => standing(race, name)));
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show();
  };
}

/** A row of the table. @param {Race} race @param {string} name */
function standing(race, name) {
  const one = race.racers.find((racer) => racer.method === name);
  if (!one) return ["–", "–", "–"];
  const steps = finish(one, CLOSE);
  const fates = { racing: "fateRacing", rest: "fateRest", diverged: "fateDiverged" };
  return [one.fate === "diverged" ? "∞" : significant(race.gap(one), 2), steps === null ? "–" : String(steps), t(fates[one.fate], { n: one.steps })];
}

/** What is happening, in a few sentences. @param {Race} race */
export function sentence(race) {
  if (!race.steps) return t("sayNone");
  return [law(race), ...events(race)].join(" ");
}

/** What the learning rate means against 2/L, and whether gradient descent has borne it out. @param {Race} race */
function law(race) {
  const { limit, factor, landscape } = race;
  const place = race.get("landscape");
  const rate = race.get("learning_rate");
  const exact = place === "quadratic" || place === "ravine"; // L is the same everywhere
  const values = { eta: significant(rate, 4), limit: significant(limit, 4), factor: fixed(factor, 3), size: fixed(-factor, 3), where: exact ? "" : t(`where_${place}`) };
  const flat = exact && !race.get("start")[1] && !race.get("batch_noise"); // y is the steepest direction of both
  const over = exact ? (flat ? "sayFlat" : "sayDiverge") : "sayOver";
  const edge = exact ? "sayEdge" : "sayEdgeCurved";
  const text = t(Math.abs(factor + 1) < 1e-9 ? edge : factor < -1 ? over : factor < 0 ? "saySwing" : "sayCreep", values);
  const runner = race.racers.find((one) => one.method === "gradient_descent");
  return runner?.fate === "diverged" ? `${text} ${end(runner, factor, landscape)}` : text;
}

/** How gradient descent blew up and, where 2/L is not to blame, what is. @param {Racer} runner @param {number} factor @param {import("./core/landscapes.js").Landscape} landscape */
function end({ path, rate, steps: n }, factor, landscape) {
  const at = path.findIndex((w) => rate * largestCurvature(landscape, w) > 2);
  if (factor < -1 || at < 0) return t("sayGone", { n });
  const steep = largestCurvature(landscape, path[at]);
  return t(at ? "sayGoneWay" : "sayGoneStart", { n, at, steep: significant(steep, 3), bound: significant(2 / steep, 2) });
}

/** What else there is to say of the racers. @param {Race} race @returns {string[]} */
function events(race) {
  const gone = race.racers.filter((one) => one.fate === "diverged" && one.method !== "gradient_descent");
  const said = gone.map((one) => t("sayAlso", { who: capital(t(one.method)), n: one.steps }));
  if (race.get("batch_noise") > 0) return [...said, t("sayNoise")];
  const lost = race.racers.filter((one) => one.fate !== "diverged");
  if (race.get("landscape") === "double_well") {
    const high = lost.filter((one) => one.w[0] > 0.6 && race.gap(one) > 0.1 && Math.hypot(...race.landscape.gradient(one.w)) < 1e-3);
    if (high.length) said.push(t("sayHigher", { who: names(high) }));
  }
  if (race.get("landscape") === "saddle") {
    const waiting = lost.filter((one) => Math.hypot(...one.w) < 0.25 && race.steps > 10);
    if (waiting.length) said.push(t("sayWaits", { who: names(waiting) }));
  }
  const order = race.racers.map((one) => ({ who: names([one]), n: finish(one, CLOSE) })).filter(({ n }) => n !== null);
  const best = Math.min(...order.map(({ n }) => Number(n)));
  if (order.length) {
    const first = order.filter(({ n }) => n === best).map(({ who }) => who).join(", ");
    said.push(t(best === 1 ? "sayFirstOne" : "sayFirst", { who: first, n: best }));
  }
  return said;
}

/** @param {Racer[]} racers */
const names = (racers) => racers.map((one) => t(one.method)).join(", ");

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * Level lines, the ways so far, each racer as a letter, and the start to be dragged.
 * @param {Frame} f @param {Race} race @param {HTMLElement} into
 */
function mapPlot(f, race, into) {
  const scene = () => SCENES[race.get("landscape")];
  const axis = (/** @type {[number, number]} */ [min, max]) => ({ min, max });
  const p = plot(f, { into, title: t("mapTitle"), height: 330, legend: true, table: false, x: { label: t("axisX"), ...axis(scene().x) }, y: { label: t("axisY"), ...axis(scene().y) } });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  const levels = p.layer("levels");
  const flags = p.layer("flags", { clip: false }); // above the ways
  const grip = startGrip(f, race, p);
  let drawn = "";
  const redraw = () => {
    levels.replaceChildren(...levelPaths(race, p));
    places();
  };
  const places = () => {
    flags.replaceChildren(...race.racers.map((one) => flag(one, p, scene())));
    const [x, y] = race.get("start");
    grip.place(p.scale.x(x), p.scale.y(y));
  };
  p.onLayout(redraw);
  return (/** @type {string} */ text) => {
    if (drawn !== race.get("landscape")) {
      drawn = race.get("landscape");
      p.axes({ x: axis(scene().x), y: axis(scene().y) });
    }
    ways(race, p, scene());
    places();
    const [x, y] = race.get("start");
    grip.say(x, t("startWords", { x: fixed(x, 2), y: fixed(y, 2) }), scene().x);
    p.describe(text);
  };
}

/** The start of the race: dragged, moved by keys, or put where the map is pressed. @param {Frame} f @param {Race} race @param {Plot} p */
function startGrip(f, race, p) {
  const scene = () => SCENES[race.get("landscape")];
  const round = (/** @type {number} */ v, /** @type {number[]} */ [low, high]) => Number(Math.min(high, Math.max(low, v)).toFixed(3));
  const move = (/** @type {number} */ x, /** @type {number} */ y) => f.assign({ start: [round(x, scene().x), round(y, scene().y)] });
  const grip = handle(f, p.svg, p.layer("grip", { clip: false, keep: true }), {
    label: t("startGrip"),
    onMove: (x, y) => move(p.scale.invX(x), p.scale.invY(y)),
    onKey: (right, up) => {
      const [x, y] = race.get("start");
      move(hop(x, right, scene().x), hop(y, up, scene().y));
    },
  });
  p.onDrag(move);
  return grip;
}

/**
 * A fortieth of the map further, and on a multiple of that, so that 0 can be reached.
 * @param {number} v @param {number} hops @param {[number, number]} limits
 */
function hop(v, hops, [low, high]) {
  const size = (high - low) / 40;
  return hops ? size * (Math.round(v / size) + hops) : v;
}

/** @param {Race} race @param {Plot} p @param {{x: [number, number], y: [number, number]}} scene */
function ways(race, p, scene) {
  // No screen reaches further.
  const near = (/** @type {number} */ v, /** @type {number[]} */ [low, high]) => Math.min(high + 9 * (high - low), Math.max(low - 9 * (high - low), v));
  for (const name of METHODS) {
    const one = race.racers.find((racer) => racer.method === name);
    const seen = (one ? onMap(one, scene) : []).map(([x, y]) => [near(x, scene.x), near(y, scene.y)]);
    p.line(name, seen, { ...LOOKS[name], label: `${t(`short_${name}`)} ${t(name)}` });
    if (name !== "adam") p.points(`${name} steps`, seen.slice(0, 61), { ...LOOKS[name], r: 1.8 }); // Adam's would fill its dashes
  }
  p.points("minimum", [race.landscape.minimum], { kind: "theory", r: 3.5, label: t("minimum") });
}

/** @param {Race} race @param {Plot} p */
function levelPaths(race, p) {
  const { landscape } = race;
  const { x, y } = SCENES[race.get("landscape")];
  const lowest = landscape.value(landscape.minimum);
  const corners = x.flatMap((u) => y.map((v) => landscape.value([u, v]) - lowest));
  const top = Math.max(...corners);
  return Array.from({ length: LEVELS }, (_, k) => {
    const lines = levelLines(landscape, lowest + top / 3 ** k, { x, y, cells: 64 });
    const d = lines.map(([a, b, c, e]) => linePath([[a, b], [c, e]], p.scale)).join("");
    return s("path", { class: "xp-dr-level", d });
  });
}

/**
 * The way of a racer or, of one that has left the map by far, the way until then: the rest would paint the map over.
 * @param {Racer} one @param {{x: [number, number], y: [number, number]}} scene
 */
function onMap({ path }, { x, y }) {
  const beyond = (/** @type {number} */ v, /** @type {number[]} */ [low, high]) => Math.max(low - v, v - high) / (high - low);
  return path.slice(0, path.findLastIndex(([u, v]) => Math.max(beyond(u, x), beyond(v, y)) <= 0.5) + 2);
}

/** The letter of a racer where it is, or at the rim where it left the map. @param {Racer} one @param {Plot} p @param {{x: [number, number], y: [number, number]}} scene */
function flag(one, p, scene) {
  const [x, y] = onMap(one, scene).slice(-1)[0];
  const inside = (/** @type {number} */ v, /** @type {number[]} */ [low, high]) => Math.min(high, Math.max(low, v));
  const place = `translate(${p.scale.x(inside(x, scene.x)).toFixed(1)} ${p.scale.y(inside(y, scene.y)).toFixed(1)})`;
  return s("g", { class: `xp-dr-flag xp-${LOOKS[one.method].kind} xp-dr-${one.fate}`, transform: place },
    s("circle", { r: 8.5 }), s("text", { y: 4.5, "text-anchor": "middle" }, one.fate === "diverged" ? "∞" : t(`short_${one.method}`)));
}

/** @param {Frame} f @param {Race} race @param {HTMLElement} into */
function lossPlot(f, race, into) {
  const p = plot(f, { into, title: t("lossTitle"), height: 330, legend: true, x: { label: t("axisStep"), min: 0, max: 50 },
    y: { label: t("axisLoss"), min: FLOOR, max: 4, ticks: [-10, -8, -6, -4, -2, 0, 2, 4], format: (v) => (v ? `10${superscript(v)}` : "1") } });
  return (/** @type {string} */ text) => {
    const max = [25, 50, 100, 200, LONGEST].find((v) => v >= race.steps) ?? LONGEST;
    if (p.x.max !== max) p.axes({ x: { max } });
    const lowest = race.landscape.value(race.landscape.minimum);
    for (const name of METHODS) {
      const one = race.racers.find((racer) => racer.method === name);
      const points = one ? one.losses.map((loss, k) => [k, Math.max(FLOOR, Math.log10(Math.max(loss - lowest, 1e-300)))]) : [];
      p.line(name, points, { ...LOOKS[name], label: t(name) });
    }
    p.hline("arrived", Math.log10(CLOSE));
    p.describe(text);
  };
}

/** @param {Frame} f @param {Race} race */
function readouts(f, race) {
  const three = (/** @type {number} */ v) => significant(v, 4);
  const step = readout(f, { name: "step", label: t("readStep"), format: String, width: 4 });
  const limit = readout(f, { name: "critical_rate", label: t("readLimit"), format: three, width: 8 });
  const factor = readout(f, { name: "factor", label: t("readFactor"), format: (v) => fixed(v, 3), width: 7 });
  return () => {
    step(race.steps);
    limit(race.limit);
    factor(race.factor);
    for (const name of METHODS) {
      const one = race.racers.find((racer) => racer.method === name);
      const last = one?.path[one.path.length - 1];
      f.setReadout(`${name}_x`, last ? last[0] : NaN);
      f.setReadout(`${name}_y`, last ? last[1] : NaN);
      f.setReadout(`${name}_loss`, one ? one.loss : NaN);
      f.setReadout(`${name}_fate`, one ? one.fate : "");
      f.setReadout(`${name}_steps`, one ? one.steps : NaN);
      f.setReadout(`${name}_finish`, one ? (finish(one, CLOSE) ?? "") : "");
    }
  };
}

export default { render };
