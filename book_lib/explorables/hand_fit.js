// Fit a line by hand; then gradient descent races from where the reader began. Left the line, right the map of the loss.

import { HIGH, LONGEST, LOW, bestLine, contour, descend, lineData, lineLoss } from "./core/line.js";
import { clock } from "./kit/clock.js";
import { choice, presets, seedBox, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { handle } from "./parts/handle.js";

const LIMITS = { slope: [-3, 3], intercept: [-4, 6] };
const GRIPS = [LOW, HIGH]; // abscissae of the two handles on the reader's line
const LEVELS = [0.1, 0.4, 1.2, 3, 7, 15, 30]; // of the contours, above the least loss
const CLOSE = 1e-9; // the race is over when so little is left to gain
const LONG_TRAIL = 400;

const t = strings({
  en: {
    name: "A line by hand against gradient descent",
    slope: "Slope",
    intercept: "Intercept",
    slopeWords: "slope {v}",
    interceptWords: "intercept {v}",
    residuals: "Misses as",
    squares: "Squares",
    bars: "Bars",
    map: "Map of the loss",
    hidden: "Hidden",
    shown: "Shown",
    flat: "Flat",
    steep: "Too steep",
    upside: "Upside down",
    lineTitle: "Points and lines",
    axisX: "x",
    axisT: "t",
    mapTitle: "Mean squared error over slope and intercept",
    yourLine: "your line",
    theirs: "gradient descent",
    least: "least squares",
    points: "data",
    equal: "equal loss",
    trail: "your way",
    gripLeft: "Left end of your line",
    gripRight: "Right end of your line",
    grip: "height {v}",
    place: "Your line on the map",
    placeWords: "slope {a}, intercept {b}",
    readYours: "Your loss",
    readTheirs: "Gradient descent",
    readBest: "Least possible",
    readSteps: "Steps",
    sayStart: "Your line misses the points by a mean square of {mine}; {best} is the least a line can do. Turn both knobs; "
      + "then press Play.",
    sayClose: "{mine}, and the least is {best}: within a few per cent, by eye and hand. Press Play to see what the "
      + "gradient does.",
    sayRace: "Step {n}: gradient descent set out from your line of then and is down to {theirs}. You: {mine}. Least: {best}.",
    sayWon: "After {n} steps gradient descent stands on the least-squares line, {best}. You are {gap} above it.",
    sayTie: "After {n} steps gradient descent stands on the least-squares line, {best}; and so, to the eye, do you.",
  },
  zh: {
    name: "手动拟合直线与梯度下降",
    slope: "斜率",
    intercept: "截距",
    slopeWords: "斜率 {v}",
    interceptWords: "截距 {v}",
    residuals: "偏差画成",
    squares: "正方形",
    bars: "线段",
    map: "损失的地图",
    hidden: "隐藏",
    shown: "显示",
    flat: "水平",
    steep: "太陡",
    upside: "反向",
    lineTitle: "数据点与直线",
    axisX: "x",
    axisT: "t",
    mapTitle: "均方误差随斜率和截距的变化",
    yourLine: "你的直线",
    theirs: "梯度下降",
    least: "最小二乘",
    points: "数据",
    equal: "等损失线",
    trail: "你的路径",
    gripLeft: "你的直线的左端",
    gripRight: "你的直线的右端",
    grip: "高度 {v}",
    place: "你的直线在地图上的位置",
    placeWords: "斜率 {a}，截距 {b}",
    readYours: "你的损失",
    readTheirs: "梯度下降",
    readBest: "最小可能",
    readSteps: "步数",
    sayStart: "你的直线与数据点的均方偏差为 {mine}；直线所能达到的最小值是 {best}。先调两个旋钮，再按“运行”。",
    sayClose: "{mine}，而最小值是 {best}：凭眼和手已相差无几。按“运行”看看梯度怎么做。",
    sayRace: "第 {n} 步：梯度下降从你当时的直线出发，已降到 {theirs}。你：{mine}。最小：{best}。",
    sayWon: "{n} 步之后，梯度下降到达最小二乘直线，{best}。你比它高 {gap}。",
    sayTie: "{n} 步之后，梯度下降到达最小二乘直线，{best}；看上去你也到了。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/line.js").Line} Line */

/** The reader's line, where it has been, and the race. */
class Race {
  /** @param {number} seed @param {Line} line */
  constructor(seed, line) {
    this.points = lineData(seed);
    this.line = line;
    this.trail = [line];
    /** @type {Line[]} where gradient descent has been; empty before the race */
    this.way = [];
  }

  /** Other points. @param {number} seed */
  deal(seed) {
    this.points = lineData(seed);
    this.rest();
  }

  /** No race; the reader's way begins anew. */
  rest() {
    this.trail = [this.line];
    this.way = [];
  }

  get best() {
    return bestLine(this.points);
  }

  get least() {
    return this.loss(this.best);
  }

  /** @param {Line} line */
  move(line) {
    this.line = line;
    this.trail.push(line);
    if (this.trail.length > LONG_TRAIL) this.trail.shift();
  }

  /** @param {number} n */
  step(n) {
    if (!this.way.length) this.way.push(this.line);
    for (let k = 0; k < n && !this.done; k++) this.way.push(descend(this.points, this.theirs));
  }

  get theirs() {
    return this.way.at(-1) ?? this.line;
  }

  get steps() {
    return Math.max(0, this.way.length - 1);
  }

  get done() {
    return this.steps >= LONGEST || (this.steps > 0 && this.loss(this.theirs) - this.least < CLOSE);
  }

  /** @param {Line} line */
  loss(line) {
    return lineLoss(this.points, line);
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "hand_fit", label: t("name") });
  controls(f);
  const line = () => /** @type {Line} */ ([model.get("slope"), model.get("intercept")]);
  const race = new Race(model.get("seed"), line());
  const draw = picture(f, race);
  const time = clock(f, {
    step(n) {
      race.step(n);
      if (model.get("map") !== "shown") f.assign({ map: "shown" });
    },
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 4 : 0.3),
    done: () => race.done,
    onReset: () => race.rest(),
  });
  for (const name of ["slope", "intercept"]) {
    f.watch(name, () => {
      const [a, b] = line();
      if (a === race.line[0] && b === race.line[1]) return; // both were set at once
      race.move([a, b]);
      draw();
    });
  }
  for (const name of ["residuals", "map"]) f.watch(name, draw);
  f.watch("seed", (seed) => {
    race.deal(seed);
    time.reset();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const top = h("div", { class: "xp-hf-top" });
  f.root.insertBefore(top, f.stage);
  const words = (/** @type {string} */ key) => (/** @type {number} */ v) => t(key, { v: fixed(v, 2) });
  slider(f, { trait: "slope", label: t("slope"), min: -3, max: 3, step: 0.02, exact: false, into: top,
    words: words("slopeWords") });
  slider(f, { trait: "intercept", label: t("intercept"), min: -4, max: 6, step: 0.02, exact: false, into: top,
    words: words("interceptWords") });
  presets(f, [
    { label: t("flat"), set: { slope: 0, intercept: 0 } },
    { label: t("steep"), set: { slope: 3, intercept: -2 } },
    { label: t("upside"), set: { slope: -2, intercept: 5 } },
  ]);
  choice(f, { trait: "residuals", label: t("residuals"),
    options: [{ value: "squares", label: t("squares") }, { value: "bars", label: t("bars") }] });
  choice(f, { trait: "map", label: t("map"),
    options: [{ value: "hidden", label: t("hidden") }, { value: "shown", label: t("shown") }] });
  seedBox(f);
}

/** A reader's line, kept within the knobs' limits. @param {Frame} f @param {number} slope @param {number} intercept */
function turn(f, slope, intercept) {
  const keep = (/** @type {number} */ v, /** @type {number[]} */ [low, high]) =>
    Math.min(high, Math.max(low, Math.round(1000 * v) / 1000));
  f.assign({ slope: keep(slope, LIMITS.slope), intercept: keep(intercept, LIMITS.intercept) });
}

/** @param {Frame} f @param {Race} race */
function picture(f, race) {
  f.stage.classList.add("xp-hand-fit");
  const left = h("div", { class: "xp-hf-line" });
  const right = h("div", { class: "xp-hf-map" });
  const caption = h("p", { class: "xp-caption xp-hf-caption" });
  f.stage.append(left, right, caption);
  const drawLine = linePlot(f, race, left);
  const drawMap = mapPlot(f, race, right);
  const show = readouts(f, race);
  return () => {
    const text = sentence(race);
    drawLine(text);
    drawMap();
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show();
  };
}

/** How the two of them stand. @param {Race} race */
export function sentence(race) {
  const [mine, theirs, least] = [race.loss(race.line), race.loss(race.theirs), race.least];
  const values = { mine: fixed(mine, 3), theirs: fixed(theirs, 3), best: fixed(least, 3), gap: fixed(mine - least, 3),
    n: race.steps };
  const close = mine < 1.03 * least;
  if (!race.steps) return t(close ? "sayClose" : "sayStart", values);
  if (!race.done && theirs - least > 5e-4) return t("sayRace", values);
  return t(mine - least < 1e-3 ? "sayTie" : "sayWon", values);
}

/**
 * The points, the reader's line with a handle at each end, and gradient descent's line.
 * @param {Frame} f @param {Race} race @param {HTMLElement} into
 */
function linePlot(f, race, into) {
  const p = plot(f, { into, title: t("lineTitle"), height: 300, legend: true,
    x: { label: t("axisX"), min: -1.6, max: 3.6, ticks: [-1, 0, 1, 2, 3] }, y: { label: t("axisT"), min: -5, max: 7.5 } });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  const misses = p.layer("misses");
  const grips = lineGrips(f, race, p);
  const drawMisses = () => misses.replaceChildren(...missShapes(race, p, f.model.get("residuals") === "squares"));
  p.onLayout(() => {
    drawMisses();
    grips();
  });
  return (/** @type {string} */ text) => {
    const ends = (/** @type {Line} */ [a, b]) => [-1.6, 3.6].map((x) => [x, a * x + b]);
    p.line("yours", ends(race.line), { kind: "reader", label: t("yourLine") });
    p.line("theirs", race.way.length ? ends(race.theirs) : [], { label: t("theirs") });
    const dots = Array.from(race.points.x, (x, i) => [x, race.points.t[i]]);
    p.points("points", dots, { kind: "theory", r: 4, label: t("points") });
    drawMisses();
    grips();
    p.describe(text);
  };
}

/** What each point is missed by. @param {Race} race @param {import("./kit/plot.js").Plot} p @param {boolean} squares */
function missShapes({ points, line: [a, b] }, p, squares) {
  return Array.from(points.x, (x, i) => {
    const [px, top, bottom] = [p.scale.x(x), p.scale.y(points.t[i]), p.scale.y(a * x + b)];
    const side = Math.abs(top - bottom);
    if (!squares) return s("path", { class: "xp-hf-miss", d: `M${px} ${top}V${bottom}` });
    const from = a > 0 === points.t[i] > a * x + b ? px - side : px; // away from the line
    return s("rect", { class: "xp-hf-square", x: from, y: Math.min(top, bottom), width: side, height: side });
  });
}

/** Two handles on the reader's line. @param {Frame} f @param {Race} race @param {import("./kit/plot.js").Plot} p */
function lineGrips(f, race, p) {
  const layer = p.layer("grips", { clip: false, keep: true });
  const height = (/** @type {number} */ k) => race.line[0] * GRIPS[k] + race.line[1];
  const pull = (/** @type {number} */ k, /** @type {number} */ y) => {
    const ends = GRIPS.map((_, i) => (i === k ? y : height(i)));
    const slope = (ends[1] - ends[0]) / (HIGH - LOW);
    turn(f, slope, ends[0] - slope * LOW);
  };
  const all = GRIPS.map((_, k) => handle(f, p.svg, layer, {
    label: t(k ? "gripRight" : "gripLeft"),
    onMove: (_x, y) => pull(k, p.scale.invY(y)),
    onKey: (right, up) => pull(k, height(k) + 0.1 * (up || right)),
  }));
  return () => all.forEach((grip, k) => {
    const y = Math.min(p.y.max, Math.max(p.y.min, height(k)));
    grip.place(p.scale.x(GRIPS[k]), p.scale.y(y));
    grip.say(height(k), t("grip", { v: fixed(height(k), 2) }), [-13, 15]);
  });
}

/**
 * The loss over both knobs: contours, when shown; the reader's way; gradient descent's way.
 * @param {Frame} f @param {Race} race @param {HTMLElement} into
 */
function mapPlot(f, race, into) {
  const p = plot(f, { into, title: t("mapTitle"), height: 300, legend: true, x: { label: t("slope"), min: -3, max: 3 },
    y: { label: t("intercept"), min: -4, max: 6 } });
  p.svg.setAttribute("role", "group");
  const grip = handle(f, p.svg, p.layer("grip", { clip: false, keep: true }), {
    label: t("place"),
    onMove: (x, y) => turn(f, p.scale.invX(x), p.scale.invY(y)),
    onKey: (right, up) => turn(f, race.line[0] + 0.1 * right, race.line[1] + 0.1 * up),
  });
  p.onDrag((slope, intercept) => turn(f, slope, intercept));
  const put = () => grip.place(p.scale.x(race.line[0]), p.scale.y(race.line[1]));
  p.onLayout(put);
  return () => {
    const shown = f.model.get("map") === "shown";
    LEVELS.forEach((level, k) => p.line(`loss + ${level}`, shown ? contour(race.points, level) : [],
      { kind: "muted", faint: true, closed: true, ...(k ? {} : { label: t("equal") }) }));
    p.points("best", shown ? [race.best] : [], { kind: "theory", r: 4.5, label: t("least") });
    p.line("trail", race.trail, { kind: "reader", label: t("trail") });
    p.line("way", race.way, { label: t("theirs") });
    p.points("steps", race.way, { r: 2.5 });
    put();
    const [a, b] = race.line;
    grip.say(a, t("placeWords", { a: fixed(a, 2), b: fixed(b, 2) }), [-3, 3]);
  };
}

/** @param {Frame} f @param {Race} race */
function readouts(f, race) {
  const three = (/** @type {number} */ v) => fixed(v, 3);
  const yours = readout(f, { name: "reader_loss", label: t("readYours"), format: three, width: 7 });
  const theirs = readout(f, { name: "optimiser_loss", label: t("readTheirs"), format: three, width: 7 });
  const best = readout(f, { name: "best_loss", label: t("readBest"), format: three, width: 6 });
  const steps = readout(f, { name: "steps", label: t("readSteps"), format: String, width: 3 });
  return () => {
    yours(race.loss(race.line));
    theirs(race.way.length ? race.loss(race.theirs) : NaN);
    best(race.least);
    steps(race.steps);
    f.setReadout("optimiser_slope", race.theirs[0]);
    f.setReadout("optimiser_intercept", race.theirs[1]);
  };
}

export default { render };
