// Logistic and softmax regression in the plane: points to drag, regions that gradient descent moves, and its loss.

import { EDGE, classesOf, cloud, decide, gradient, largestStep, level, logits, loss, minimum, region, step, zeros } from "./core/classify.js";
import { clock } from "./kit/clock.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { handle, takeNearest } from "./parts/handle.js";

const KINDS = /** @type {const} */ (["simulation", "mean_field", "theory"]);
const SHAPES = ["M6 0A6 6 0 1 1-6 0A6 6 0 1 1 6 0Z", "M-5.5-5.5H5.5V5.5H-5.5Z", "M0-7.5L7 5H-7Z"];
const MOST = 24; // points
const LONGEST = 20_000; // steps
const CLOSE = 1e-7; // the run is over when the gradient is so small
const FAR = 1e6; // or the weights are so large
const SURE = Math.log(9); // log-odds of a probability of 0.9
const PENALTIES = [0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const DRAWN = 400; // points of the loss curve
const STEPS = [20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];
const HEIGHT = 298; // of both plots: side by side in the text, and on a phone, the plane is then as high as it is wide
const HEIGHTS = [0.8, 1.2, 2, 5, 10, 30, 100, 1000, 1e4, 1e6, 1e9, 1e15];

const t = strings({
  en: {
    name: "Boundaries between classes, by gradient descent",
    view: "Classes", two: "Two", three: "Three", rate: "Learning rate", rateWords: "learning rate {v}",
    penalty: "Penalty", penaltyWords: "penalty {v}", separation: "Separation", separationWords: "separation {v}",
    apart: "Far apart", mixed: "Mixed",
    change: "Change class", help: "Drag a point, or move it by arrow keys; Enter changes its class.",
    plane: "Points and where each class has the largest probability", axisX: "x₁", axisY: "x₂",
    boundary: "boundary", sure: "probability 0.9", class0: "class 0, circles", class1: "class 1, squares", class2: "class 2, triangles",
    curve: "Loss by step", axisStep: "step", axisLoss: "loss", loss: "loss", least: "least possible",
    point: "Point {i}", pointWords: "class {k}, at {x}, {y}", colPoint: "point", colClass: "class",
    readSteps: "Steps", readLoss: "Loss", readRight: "On their side", readNorm: "Length of w", readLimit: "2/L",
    sayStart: "All weights are 0: every class is as likely as the next, and the loss is ln {k} = {loss}. Press Play.",
    sayRun: "Step {n}: loss {loss}, {right} of {all} points on their own side. The least possible is {least}.",
    sayApart: "Step {n}: loss {loss}, {right} of {all} points on their own side. Straight lines can part the classes, so no loss is the least: it can come as near to 0 as you like.",
    sayRise: "Step {n}: the loss has gone up. The learning rate, {rate}, is above 2/L = {limit}, where descent is no longer certain.",
    sayGrow: "Every point is on its own side and there is no penalty: longer weights are always better. Now they are {norm} long, the loss is {loss}, and it ends nowhere.",
    sayDone: "After {n} steps the gradient is gone: the loss is at its least, {loss}, with {right} of {all} points on their own side.",
    sayLong: "{n} steps are the most that this run takes: loss {loss}, {right} of {all} points on their own side. The least possible is {least}.",
    sayFar: "Diverged after {n} steps: the penalty's curvature alone, λ/N, is {own}, and the learning rate {rate} times that is {product}, above 2. Take a smaller learning rate, then press Reset.",
  },
  zh: {
    name: "梯度下降移动的类别边界",
    view: "类别数", two: "两类", three: "三类", rate: "学习率", rateWords: "学习率 {v}",
    penalty: "惩罚", penaltyWords: "惩罚 {v}", separation: "间距", separationWords: "间距 {v}",
    apart: "相距很远", mixed: "混在一起",
    change: "改变类别", help: "拖动点，或用方向键移动；回车键改变它的类别。",
    plane: "数据点与各类概率最大的区域", axisX: "x₁", axisY: "x₂",
    boundary: "边界", sure: "概率 0.9", class0: "类 0，圆", class1: "类 1，方", class2: "类 2，三角",
    curve: "损失随步数的变化", axisStep: "步", axisLoss: "损失", loss: "损失", least: "最小可能",
    point: "第 {i} 点", pointWords: "类 {k}，位于 {x}, {y}", colPoint: "点", colClass: "类",
    readSteps: "步数", readLoss: "损失", readRight: "在自己一侧", readNorm: "w 的长度", readLimit: "2/L",
    sayStart: "所有权重为 0：各类同样可能，损失为 ln {k} = {loss}。按“运行”。",
    sayRun: "第 {n} 步：损失 {loss}，{all} 个点中有 {right} 个在自己一侧。最小可能为 {least}。",
    sayApart: "第 {n} 步：损失 {loss}，{all} 个点中有 {right} 个在自己一侧。直线可以把各类分开，所以没有最小损失：可以任意接近 0。",
    sayRise: "第 {n} 步：损失上升了。学习率 {rate} 大于 2/L = {limit}，下降不再有保证。",
    sayGrow: "每个点都在自己一侧，又没有惩罚：权重越长越好。现在长 {norm}，损失 {loss}，没有终点。",
    sayDone: "{n} 步之后梯度消失：损失达到最小 {loss}，{all} 个点中有 {right} 个在自己一侧。",
    sayLong: "本次运行最多 {n} 步：损失 {loss}，{all} 个点中有 {right} 个在自己一侧。最小可能为 {least}。",
    sayFar: "{n} 步后发散：仅惩罚的曲率 λ/N 就有 {own}，乘以学习率 {rate} 得 {product}，大于 2。请减小学习率，再按“重置”。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */
/** @typedef {import("./core/classify.js").Labelled} Labelled */

/** Gradient descent on the points as they lie. */
class Run {
  /** @param {Labelled[]} points @param {number} classes @param {number} penalty */
  constructor(points, classes, penalty) {
    this.penalty = penalty;
    this.points = points;
    this.weights = zeros(classes);
    this.losses = [this.loss];
    this.rose = 0; // the last step that went up
    this.rate = 0; // of the last step: the reader may have turned it since
    this.least = 0;
    this.limit = 0; // 2/L
    this.restart();
  }

  /** The points lie elsewhere; the weights stay. @param {Labelled[]} points */
  move(points) {
    this.points = points;
    this.restart(this.weights);
  }

  /** @param {number} penalty */
  press(penalty) {
    this.penalty = penalty;
    this.restart(this.weights);
  }

  /** Count steps anew. @param {number[][]} [weights] */
  restart(weights = zeros(this.weights.length)) {
    this.weights = this.far ? zeros(weights.length) : weights; // what has diverged is no place to go on from
    this.losses = [this.loss];
    this.rose = 0;
    const classes = weights.length;
    const best = minimum(this.points, classes, this.penalty);
    const least = loss(best, this.points, this.penalty);
    this.least = least < 1e-4 ? 0 : least; // of separable classes without a penalty: never reached
    this.limit = largestStep(this.points, classes, this.penalty);
  }

  get loss() {
    return loss(this.weights, this.points, this.penalty);
  }

  get steps() {
    return this.losses.length - 1;
  }

  /** How many points lie where their class has the largest probability; a tie counts for nobody. */
  get right() {
    return this.norm ? this.points.filter(([x, y, k]) => decide(this.weights, x, y) === k).length : 0;
  }

  get norm() {
    return Math.hypot(...this.weights.flatMap((row) => row.slice(1)));
  }

  get slope() {
    return Math.hypot(...gradient(this.weights, this.points, this.penalty).flat());
  }

  get far() {
    return !(this.norm < FAR);
  }

  get done() {
    return this.far || this.steps >= LONGEST || this.slope < CLOSE;
  }

  /** @param {number} n @param {number} rate */
  step(n, rate) {
    if (!this.done) this.rate = rate;
    for (let k = 0; k < n && !this.done; k++) {
      this.weights = step(this.weights, this.points, this.penalty, rate);
      this.losses.push(this.loss);
      if (this.losses[this.steps] > this.losses[this.steps - 1] + 1e-12) this.rose = this.steps;
    }
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "boundaries", label: t("name") });
  const hand = { chosen: 0 };
  controls(f);
  const fresh = () => new Run(pointsOf(f), classesOf(model.get("view")), model.get("penalty"));
  let run = fresh();
  const draw = picture(f, hand, () => run);
  const time = clock(f, {
    step: (n) => run.step(n, model.get("learning_rate")),
    onFrame: draw,
    perFrame: () => Math.min(40, Math.max(reducedMotion() ? 1 : 0.2, run.steps / 60)), // slow at first, then ever faster
    done: () => run.done,
    onReset: () => run.restart(),
  });
  button(f, { label: "+100", where: "toolbar", onClick: () => time.stepOnce(100) });
  for (const name of ["view", "separation", "seed"]) {
    f.watch(name, () => {
      run = fresh();
      time.reset();
    });
  }
  f.watch("points", () => {
    if (run.weights.length !== classesOf(model.get("view"))) return; // the view is about to be followed
    run.move(pointsOf(f));
    draw();
  });
  f.watch("penalty", (penalty) => {
    run.press(penalty);
    draw();
  });
  f.watch("learning_rate", draw);
  draw();
  f.publish();
  return f.destroy;
}

/** The points of the trait, if there are any and this view has their classes, or else of the seed. @param {Frame} f @returns {Labelled[]} */
function pointsOf(f) {
  const flat = f.model.get("points");
  const view = f.model.get("view");
  const good = flat.every((/** @type {number} */ v, /** @type {number} */ i) => i % 3 < 2 || v < classesOf(view));
  if (!flat.length || !good) return cloud(view, f.model.get("separation"), f.model.get("seed"));
  return Array.from({ length: flat.length / 3 }, (_, i) => [flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]]);
}

/** @param {Frame} f @param {number} i @param {(point: Labelled) => Labelled} change */
function edit(f, i, change) {
  const keep = (/** @type {number} */ v) => Number(Math.min(EDGE, Math.max(-EDGE, v)).toFixed(3));
  const all = pointsOf(f).map((point, k) => (k === i ? change(point) : point));
  f.assign({ points: all.flatMap(([x, y, k]) => [keep(x), keep(y), k]) });
}

/** The next class for a point. @param {Frame} f @param {number} i */
const turn = (f, i) => edit(f, i, ([x, y, k]) => [x, y, (k + 1) % classesOf(f.model.get("view"))]);

/** @param {Frame} f */
function controls(f) {
  /** A reader who asks for other points wants no more of those moved by hand. @type {import("./kit/controls.js").OnInput} */
  const onInput = (_, { user }) => void (user && f.model.get("points").length && f.assign({ points: [] }));
  choice(f, { trait: "view", label: t("view"), options: ["two", "three"].map((value) => ({ value, label: t(value) })), onInput });
  slider(f, { trait: "learning_rate", label: t("rate"), symbol: "η", min: 0.01, max: 100, scale: "log",
    words: (v) => t("rateWords", { v: significant(v, 3) }) });
  slider(f, { trait: "penalty", label: t("penalty"), symbol: "λ", min: 0, max: 10, stops: PENALTIES,
    words: (v) => t("penaltyWords", { v: significant(v, 3) }) });
  slider(f, { trait: "separation", label: t("separation"), min: 0, max: 2, step: 0.05, exact: false, onInput,
    words: (v) => t("separationWords", { v: fixed(v, 2) }) });
  presets(f, [
    { label: t("apart"), set: { separation: 2, points: [] } },
    { label: t("mixed"), set: { separation: 0.5, points: [] } },
  ]);
  seedBox(f, { onInput });
  f.share("points", (all) => all.length % 3 === 0 && all.length <= 3 * MOST && all.every((/** @type {number} */ v, /** @type {number} */ i) =>
    (i % 3 < 2 ? Math.abs(v) <= EDGE : Number.isInteger(v) && v >= 0 && v < classesOf(f.model.get("view")))));
}

/** @param {Frame} f @param {{chosen: number}} hand @param {() => Run} run */
function picture(f, hand, run) {
  f.stage.classList.add("xp-pairs");
  const [left, right] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  const help = h("div", { class: "xp-bd-help xp-wide" }, h("p", { class: "xp-help" }, t("help")));
  button(f, { label: t("change"), into: help, onClick: () => turn(f, hand.chosen) });
  f.stage.append(left, right, help, caption);
  const drawPlane = planePlot(f, left, hand, run);
  const drawLoss = lossPlot(f, right);
  const show = readouts(f);
  return () => {
    const now = run();
    const text = sentence(now);
    drawPlane(now, text);
    drawLoss(now, text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now);
  };
}

/** @param {Frame} f @param {HTMLElement} into @param {{chosen: number}} hand @param {() => Run} run */
function planePlot(f, into, hand, run) {
  const axis = { min: -EDGE, max: EDGE, ticks: [-2, 0, 2] };
  const p = plot(f, { into, title: t("plane"), height: HEIGHT, legend: true, table: false, x: { label: t("axisX"), ...axis }, y: { label: t("axisY"), ...axis } });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  const place = handles(f, p, hand);
  const put = () => place(run().points);
  p.onLayout(put);
  f.addTable(() => ({ caption: t("plane"), columns: [t("colPoint"), t("axisX"), t("axisY"), t("colClass")],
    rows: run().points.map(([x, y, k], i) => [i + 1, x, y, k]) }));
  let classes = 0;
  return (/** @type {Run} */ { weights, points }, /** @type {string} */ text) => {
    if (weights.length !== classes) p.clear(); // else a new region would lie over the boundaries, and come last in the legend
    classes = weights.length;
    /** @type {number[][]} */
    const edges = [[NaN, NaN]]; // subtle: never empty, or the legend would come and go
    KINDS.slice(0, classes).forEach((kind, k) => {
      const corners = region(weights, k);
      p.area(`region ${k}`, corners.length ? corners : [[NaN, NaN]], { kind, label: t(`class${k}`) });
      corners.forEach((a, i) => {
        const b = corners[(i + 1) % corners.length];
        if (![0, 1].some((c) => a[c] === b[c] && Math.abs(a[c]) === EDGE)) edges.push(a, b, [NaN, NaN]);
      });
    });
    p.line("boundary", edges, { kind: "theory", label: t("boundary") });
    p.line("sure", [[NaN, NaN]].concat(weights.flatMap((_, k) => level((x, y) => lead(logits(weights, x, y), k) - SURE))), { kind: "muted", label: t("sure") });
    place(points);
    p.describe(text);
  };
}

/** Log-odds of one class against all others. @param {number[]} z @param {number} k */
function lead(z, k) {
  const rest = z.filter((_, l) => l !== k);
  const top = Math.max(...rest);
  return z[k] - top - Math.log(rest.reduce((sum, v) => sum + Math.exp(v - top), 0));
}

/** A place for each point there may be; those without one are not there. @param {Frame} f @param {Plot} p @param {{chosen: number}} hand */
function handles(f, p, hand) {
  const layer = p.layer("points", { clip: false, keep: true });
  const all = Array.from({ length: MOST }, (_, i) => {
    const grip = handle(f, p.svg, layer, {
      label: t("point", { i: i + 1 }), shape: "xp-bd-point",
      onMove: (x, y) => edit(f, i, ([, , k]) => [p.scale.invX(x), p.scale.invY(y), k]),
      onKey: (right, up) => edit(f, i, ([x, y, k]) => [x + 0.1 * right, y + 0.1 * up, k]),
    });
    const mark = s("path", { class: "xp-bd-mark" });
    grip.node.append(mark);
    const choose = () => {
      hand.chosen = i;
      all.forEach((one, k) => one.grip.node.classList.toggle("xp-chosen", k === i));
    };
    grip.node.addEventListener("focus", choose, { signal: f.signal });
    grip.node.addEventListener("pointerdown", choose, { signal: f.signal });
    grip.node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      turn(f, i);
    }, { signal: f.signal });
    return { grip, mark };
  });
  takeNearest(f, p.svg, layer, all.map(({ grip }) => grip));
  return (/** @type {Labelled[]} */ points) => {
    hand.chosen = Math.min(points.length - 1, hand.chosen);
    all.forEach(({ grip, mark }, i) => {
      const point = points[i];
      grip.node.style.display = point ? "" : "none";
      grip.node.setAttribute("tabindex", point ? "0" : "-1");
      grip.node.classList.toggle("xp-chosen", i === hand.chosen);
      if (!point) return;
      const [x, y, k] = point;
      mark.setAttribute("d", SHAPES[k]);
      mark.setAttribute("class", `xp-bd-mark xp-${KINDS[k]}`);
      grip.place(p.scale.x(x), p.scale.y(y));
      grip.say(x, t("pointWords", { k, x: fixed(x, 2), y: fixed(y, 2) }), [-EDGE, EDGE]);
    });
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function lossPlot(f, into) {
  const p = plot(f, { into, title: t("curve"), height: HEIGHT, legend: true, x: { label: t("axisStep"), min: 0, max: STEPS[0] },
    y: { label: t("axisLoss"), min: 0, max: HEIGHTS[0] } });
  return (/** @type {Run} */ { losses, least }, /** @type {string} */ text) => {
    const [width, height] = [STEPS.find((v) => v >= losses.length - 1) ?? LONGEST, HEIGHTS.find((v) => v >= Math.max(losses[0], largest(losses))) ?? 1e18];
    const big = height >= 1000; // long numbers would run into the name of the axis
    if (p.x.max !== width || p.y.max !== height) p.axes({ x: { max: width }, y: { max: height, ticks: big ? [0, height] : undefined, format: big ? power : undefined } });
    const every = Math.max(1, Math.ceil(losses.length / DRAWN));
    p.line("loss", losses.map((v, i) => [i, v]).filter((_, i) => i % every === 0 || i === losses.length - 1), { label: t("loss") });
    p.line("least", [[0, least], [width, least]], { kind: "theory", dash: true, label: t("least") });
    p.describe(text);
  };
}

/** 0 or a power of ten. @param {number} v */
const power = (v) => (v ? `10${superscript(Math.round(Math.log10(v)))}` : "0");

/** The largest finite number. @param {number[]} values */
const largest = (values) => values.reduce((most, v) => (Number.isFinite(v) && v > most ? v : most), 0);

/** How the run stands. @param {Run} run */
export function sentence(run) {
  const [all, rate, own] = [run.points.length, run.rate, run.penalty / run.points.length];
  const values = { k: run.weights.length, n: run.steps, loss: significant(run.loss, 3), least: significant(run.least, 3), right: run.right,
    all, rate: significant(rate, 3), limit: significant(run.limit, 3), norm: significant(run.norm, 3), own: significant(own, 3), product: significant(own * rate, 3) };
  if (run.far) return t("sayFar", values);
  if (!run.steps && !run.norm) return t("sayStart", values);
  if (run.rose && run.steps - run.rose < 3 && rate > run.limit) return t("sayRise", values);
  if (run.right === all && run.penalty === 0) return t("sayGrow", values);
  if (run.done) return t(run.slope < CLOSE ? "sayDone" : "sayLong", values);
  return t(run.least ? "sayRun" : "sayApart", values);
}

/** @param {Frame} f */
function readouts(f) {
  const steps = readout(f, { name: "steps", label: t("readSteps"), format: String, width: 5 });
  const value = readout(f, { name: "loss", label: t("readLoss"), format: (v) => significant(v, 4), width: 8 });
  const right = readout(f, { name: "right", label: t("readRight"), format: String, width: 3 });
  const norm = readout(f, { name: "norm", label: t("readNorm"), format: (v) => significant(v, 3), width: 6 });
  const limit = readout(f, { name: "largest_step", label: t("readLimit"), format: (v) => significant(v, 3), width: 5 });
  return (/** @type {Run} */ run) => {
    steps(run.steps);
    value(run.loss);
    right(run.right);
    norm(run.norm);
    limit(run.limit);
    f.setReadout("least_loss", run.least);
    run.weights.forEach((row, k) => row.forEach((w, j) => f.setReadout(`w${k}${j}`, w)));
  };
}

export default { render };
