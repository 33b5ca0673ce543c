// Rosenblatt's perceptron, one look at a time: which example, what it says, whether it is wrong, and where the line goes.

import { border, halfPlane } from "./core/neuron.js";
import { HIGH, LOW, OWN, Perceptron, height, mistakeBound, sign, table, widest } from "./core/perceptron.js";
import { clock } from "./kit/clock.js";
import { button, choice } from "./kit/controls.js";
import { h, s, setDisabled } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { handle, takeNearest } from "./parts/handle.js";
import { CLASS_KINDS, CLASS_SHAPES } from "./parts/heat.js";

const MOST = 12; // points
const LONGEST = 2000; // looks
const FEW = 10; // mistakes
const SURE = 50; // looks after which it is told that a run will never end
const SLACK = 4; // px that a press may move and be no drag
const BOX = [LOW, HIGH, LOW, HIGH];
const WIDTHS = [20, 50, 100, 200, 500, 1000, 2000];
const HEIGHTS = [10, 20, 30, 60, 100, 200, 500, 1000, 2000, 5000];

const t = strings({
  en: {
    name: "The perceptron, step by step", plane: "Points, and the perceptron's line", curve: "Mistakes by look", axisLook: "looks", axisMistakes: "mistakes",
    data: "Data", and: "AND", or: "OR", xor: "XOR", own: "My own", predict: "First foretell: how many mistakes until it ends?", few: "fewer than 10", some: "10 or more", never: "it never ends",
    toMistake: "Next mistake", chosen: "The chosen point", more: "Add a point", fewer: "Take it away", change: "Change the class",
    point: "Point {i}", pointWords: "class {k}, at {x}, {y}", side: "says +1", line: "w·x + c = 0", best: "widest margin", mistakes: "mistakes", bound: "(R/γ)²",
    help: "Drag a point, or move it by arrow keys; Enter changes its class, Delete takes it away. Circles: t = +1. Squares: t = −1. The ring marks the example looked at last.",
    readLooks: "Looks", readMistakes: "Mistakes", readBound: "(R/γ)²", readW1: "w₁", readW2: "w₂", readC: "c", never0: "no bound",
    table: "The line after each mistake", colMistake: "mistake", colPoint: "point",
    sayStart: "w = (0, 0), c = 0: the perceptron says nothing yet, and that counts as wrong. Foretell, then take a step.",
    sayWrong: "Look {n}, point {i} at ({x}, {y}), t = {t}: w·x + c was {z}, which is wrong. It adds {t}·(x, 1): now w = ({u}, {v}), c = {c}.",
    sayRight: "Look {n}, point {i} at ({x}, {y}), t = {t}: w·x + c = {z} is on the right side. Nothing changes.",
    sayDone: "A whole round without a mistake: it ends after {m} mistakes in {n} looks, at w = ({u}, {v}), c = {c}. The bound (R/γ)² allowed {bound}.",
    sayNever: "No line separates these classes, so there is no bound: {m} mistakes so far, and it will never end.",
    sayBound: "A line with margin γ = {gamma} exists; R = {radius}, so at most (R/γ)² = {bound} mistakes.",
    sayEnd: "{n} looks are taken, and here it stops: Reset begins anew.",
    foretoldLate: "You say so when it is known. Reset, or move a point, and foretell first.",
    foretold: "You foretold: {what}.", foretoldRight: "You foretold: {what}. Right.", foretoldWrong: "You foretold: {what}. It was otherwise.",
  },
  zh: {
    name: "逐步的感知机", plane: "数据点与感知机的直线", curve: "错误数随查看次数的变化", axisLook: "查看次数", axisMistakes: "错误数",
    data: "数据", and: "与", or: "或", xor: "异或", own: "自己的", predict: "先预测：到结束为止会犯多少错误？", few: "少于 10", some: "10 或更多", never: "永不结束",
    toMistake: "下一个错误", chosen: "选中的点", more: "增加一点", fewer: "删除此点", change: "改变类别",
    point: "第 {i} 点", pointWords: "类 {k}，位于 {x}, {y}", side: "答 +1", line: "w·x + c = 0", best: "最宽间隔", mistakes: "错误数", bound: "(R/γ)²",
    help: "拖动点，或用方向键移动；回车键改变它的类别，Delete 键删除它。圆：t = +1。方：t = −1。圆环标出最近查看的样本。",
    readLooks: "查看次数", readMistakes: "错误数", readBound: "(R/γ)²", readW1: "w₁", readW2: "w₂", readC: "c", never0: "无上界",
    table: "每次错误之后的直线", colMistake: "错误", colPoint: "点",
    sayStart: "w = (0, 0)，c = 0：感知机还什么都没说，这也算错。先预测，再走一步。",
    sayWrong: "第 {n} 次查看，第 {i} 点 ({x}, {y})，t = {t}：w·x + c 为 {z}，错了。加上 {t}·(x, 1)：现在 w = ({u}, {v})，c = {c}。",
    sayRight: "第 {n} 次查看，第 {i} 点 ({x}, {y})，t = {t}：w·x + c = {z}，在正确的一侧。什么都不变。",
    sayDone: "整整一轮没有错误：共 {m} 次错误、{n} 次查看之后结束，w = ({u}, {v})，c = {c}。上界 (R/γ)² 允许 {bound} 次。",
    sayNever: "没有直线能分开这两类，因此没有上界：至今 {m} 次错误，永不结束。",
    sayBound: "存在间隔为 γ = {gamma} 的直线；R = {radius}，因此至多 (R/γ)² = {bound} 次错误。",
    sayEnd: "已查看 {n} 次，到此为止：按“重置”重新开始。",
    foretoldLate: "结果已知之后才说不算。按“重置”或移动一个点，先预测再运行。",
    foretold: "你的预测：{what}。", foretoldRight: "你的预测：{what}。正确。", foretoldWrong: "你的预测：{what}。结果并非如此。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/perceptron.js").Labelled} Labelled */
/** @typedef {import("./core/perceptron.js").Line} Line */
/** @typedef {{chosen: number, told: boolean}} Hand  the reader's point; whether the bound may be told: after the first look, or the prediction */

/** A perceptron at work, and what it saw last. */
class Walk {
  /** @param {Labelled[]} points @param {number} looks */
  constructor(points, looks) {
    this.perceptron = new Perceptron(points);
    this.best = widest(points);
    this.bound = mistakeBound(points, this.best);
    /** @type {{i: number, z: number, wrong: boolean} | null} */
    this.last = null;
    this.late = false; // whether the reader foretold what was known
    this.step(looks);
  }

  /** Whether it is seen how it ends. */
  get known() {
    return this.best ? this.perceptron.converged : this.perceptron.looks >= SURE;
  }

  get done() {
    return this.perceptron.converged || this.perceptron.looks >= LONGEST;
  }

  /** @param {number} n */
  step(n) {
    for (let k = 0; k < n && !this.done; k++) {
      const { perceptron } = this;
      const i = perceptron.next;
      const z = height(perceptron.line, perceptron.points[i]);
      this.last = { i, z, wrong: perceptron.look() };
    }
  }

  /** On to the next mistake, or to the end. */
  toMistake() {
    const before = this.perceptron.mistakes;
    while (!this.done && this.perceptron.mistakes === before) this.step(1);
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "perceptron_steps", label: t("name") });
  /** @type {Hand} */
  const hand = { chosen: 0, told: false };
  controls(f);
  let walk = new Walk(pointsOf(f), model.get("steps"));
  const draw = picture(f, hand, () => walk);
  const time = clock(f, {
    step: (n) => walk.step(n),
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 1 : Math.min(4, Math.max(0.03, walk.perceptron.looks / 600))), // two looks a second at first
    done: () => walk.done,
    onReset: () => void (walk = new Walk(pointsOf(f), 0)),
  });
  button(f, { label: t("toMistake"), where: "toolbar", onClick: () => {
    time.pause();
    walk.toMistake();
    draw();
    f.publish();
  } });
  for (const name of ["data", "points"]) {
    f.watch(name, () => {
      if (walk.perceptron.looks && model.get("predict")) f.assign({ predict: "" }); // it was about other points
      time.reset();
    });
  }
  f.watch("steps", (steps) => {
    time.pause();
    walk = new Walk(pointsOf(f), steps);
    draw();
  });
  f.watch("predict", () => {
    walk.late = walk.best ? walk.known : walk.perceptron.looks > 0; // without a line the first look tells
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @returns {Labelled[]} */
function pointsOf(f) {
  const flat = f.model.get("points");
  const data = f.model.get("data");
  if (data !== "own") return table(data);
  if (!flat.length) return OWN;
  return Array.from({ length: flat.length / 3 }, (_, i) => [flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]]);
}

/** @param {Frame} f @param {Labelled[]} points */
const keepPoints = (f, points) => f.assign({ data: "own", points: points.flat() });

/** @param {Frame} f @param {number} i @param {(point: Labelled) => Labelled} change */
function edit(f, i, change) {
  const keep = (/** @type {number} */ v) => Number(Math.min(HIGH, Math.max(LOW, v)).toFixed(2));
  keepPoints(f, pointsOf(f).map((point, k) => {
    if (k !== i) return point;
    const [x, y, label] = change(point);
    return [keep(x), keep(y), label];
  }));
}

/** @param {Frame} f @param {number} i */
const turn = (f, i) => edit(f, i, ([x, y, k]) => [x, y, 1 - k]);

/** @param {Frame} f */
function controls(f) {
  const options = (/** @type {string[]} */ values) => values.map((value) => ({ value, label: t(value) }));
  choice(f, { trait: "predict", label: t("predict"), options: options(["few", "some", "never"]) });
  choice(f, { trait: "data", label: t("data"), options: options(["and", "or", "xor", "own"]) });
  f.share("points", (all) => all.length % 3 === 0 && all.length >= 6 && all.length <= 3 * MOST && all.every((/** @type {number} */ v, /** @type {number} */ i) =>
    (i % 3 < 2 ? v >= LOW && v <= HIGH : v === 0 || v === 1)));
}

/** A new point, at some distance from those there are. @param {Labelled[]} points @returns {Labelled} */
function elsewhere(points) {
  const spread = (/** @type {number} */ v) => Number((v % 2.4 - 0.7).toFixed(2));
  const places = Array.from({ length: 40 }, (_, k) => [spread(0.37 * (points.length + k)), spread(0.53 * (points.length + k))]);
  const free = places.find(([x, y]) => points.every((point) => Math.hypot(point[0] - x, point[1] - y) > 0.2)) ?? places[0];
  return [free[0], free[1], points.length % 2];
}

/** A point goes, unless two are left. @param {Frame} f @param {number} i */
const remove = (f, i) => pointsOf(f).length > 2 && keepPoints(f, pointsOf(f).filter((_, k) => k !== i));

/** @param {Frame} f @param {Hand} hand @returns {(count: number) => void} */
function pointButtons(f, hand) {
  const row = h("div", { class: "xp-field xp-presets", role: "group", "aria-label": t("chosen") });
  button(f, { label: t("change"), into: row, onClick: () => turn(f, hand.chosen) });
  const more = button(f, { label: t("more"), into: row, onClick: () => {
    const points = pointsOf(f);
    hand.chosen = points.length;
    keepPoints(f, [...points, elsewhere(points)]);
  } });
  const fewer = button(f, { label: t("fewer"), into: row, onClick: () => remove(f, hand.chosen) });
  f.controls.append(row);
  return (count) => {
    setDisabled(more, count >= MOST);
    setDisabled(fewer, count <= 2);
  };
}

/** @param {Frame} f @param {Hand} hand @param {() => Walk} walk */
function picture(f, hand, walk) {
  f.stage.classList.add("xp-pairs");
  const [left, right] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(left, right, h("p", { class: "xp-help xp-wide" }, t("help")), caption);
  const [drawPlane, drawCurve, show, count] = [planePlot(f, left, hand), mistakePlot(f, right), readouts(f), pointButtons(f, hand)];
  f.addTable(() => ({ caption: t("table"), columns: [t("colMistake"), t("colPoint"), t("readW1"), t("readW2"), t("readC")],
    rows: walk().perceptron.path.map((line, k) => [k, k ? walk().perceptron.examples[k - 1] + 1 : "–", ...line]) }));
  return () => {
    const now = walk();
    hand.told ||= now.perceptron.looks > 0 || f.model.get("predict") !== "";
    const text = sentence(now, f.model.get("predict"), hand.told);
    drawPlane(now, text);
    drawCurve(now, text, hand.told);
    count(now.perceptron.points.length);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now, hand.told);
  };
}

/** @param {Frame} f @param {HTMLElement} into @param {Hand} hand */
function planePlot(f, into, hand) {
  const axis = { min: LOW, max: HIGH, ticks: [-1, 0, 1, 2] };
  const p = plot(f, { into, title: t("plane"), height: 320, legend: true, table: false, x: { label: "x₁", ...axis }, y: { label: "x₂", ...axis } });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  const ring = s("circle", { r: 13, class: "xp-ps-ring" });
  p.layer("ring", { keep: true }).append(ring);
  const place = handles(f, p, hand);
  /** @type {Walk | null} */
  let shown = null;
  const put = () => {
    if (!shown) return;
    const { last, perceptron } = shown;
    place(perceptron.points);
    ring.style.display = last ? "" : "none";
    const at = perceptron.points[last?.i ?? 0];
    ring.setAttribute("cx", String(p.scale.x(at[0])));
    ring.setAttribute("cy", String(p.scale.y(at[1])));
    ring.classList.toggle("xp-ps-wrong", last?.wrong === true);
  };
  p.onLayout(put);
  return (/** @type {Walk} */ walk, /** @type {string} */ text) => {
    shown = walk;
    const { line } = walk.perceptron;
    p.area("side", halfPlane(line, BOX), { label: t("side") });
    p.line("line", border(line, BOX), { kind: "theory", label: t("line") });
    p.line("best", walk.best && hand.told ? border(walk.best, BOX) : [], { kind: "muted", label: t("best") });
    put();
    p.describe(text);
  };
}

/** A place for each point there may be; those without one are not there. @param {Frame} f @param {import("./kit/plot.js").Plot} p @param {Hand} hand */
function handles(f, p, hand) {
  const layer = p.layer("points", { clip: false, keep: true });
  /** Where a press took hold, as seen from the point; null once it is a drag. @type {{x: number, y: number} | null} */
  let press = null;
  let off = { x: 0, y: 0 };
  const all = Array.from({ length: MOST }, (_, i) => {
    const grip = handle(f, p.svg, layer, {
      label: t("point", { i: i + 1 }), shape: "xp-bd-point",
      onMove: (x, y) => {
        if (press && Number.isNaN(press.x)) [press, off] = [{ x, y }, { x: x - grip.where()[0], y: y - grip.where()[1] }];
        if (press && Math.hypot(x - press.x, y - press.y) < SLACK) return; // a press chooses; it moves nothing
        press = null;
        edit(f, i, ([, , k]) => [p.scale.invX(x - off.x), p.scale.invY(y - off.y), k]);
      },
      onKey: (across, up) => edit(f, i, ([x, y, k]) => [x + 0.1 * across, y + 0.1 * up, k]),
    });
    const mark = s("path", { class: "xp-bd-mark" });
    grip.node.append(mark);
    const choose = () => {
      hand.chosen = i;
      all.forEach((one, k) => one.grip.node.classList.toggle("xp-chosen", k === i));
    };
    grip.node.addEventListener("focus", choose, { signal: f.signal });
    grip.node.addEventListener("pointerdown", () => {
      press = { x: NaN, y: NaN };
      choose();
    }, { capture: true, signal: f.signal }); // before the grip's own
    grip.node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") turn(f, i);
      else if (event.key === "Delete" || event.key === "Backspace") {
        remove(f, i);
        all[Math.min(i, pointsOf(f).length - 1)].grip.node.focus(); // the last place may have gone
      } else return;
      event.preventDefault();
    }, { signal: f.signal });
    return { grip, mark };
  });
  takeNearest(f, p.svg, layer, all.map(({ grip }) => grip)); // points may lie close together
  return (/** @type {Labelled[]} */ points) => {
    hand.chosen = Math.min(points.length - 1, hand.chosen);
    all.forEach(({ grip, mark }, i) => {
      const point = points[i];
      grip.node.style.display = point ? "" : "none";
      grip.node.setAttribute("tabindex", point ? "0" : "-1");
      grip.node.classList.toggle("xp-chosen", i === hand.chosen);
      if (!point) return;
      const [x, y, k] = point;
      mark.setAttribute("d", CLASS_SHAPES[k](0, 0, 6));
      mark.setAttribute("class", `xp-bd-mark xp-${CLASS_KINDS[k]}`);
      grip.place(p.scale.x(x), p.scale.y(y));
      grip.say(x, t("pointWords", { k, x: fixed(x, 2), y: fixed(y, 2) }), [LOW, HIGH]);
    });
  };
}

/** @param {Frame} f @param {HTMLElement} into */
function mistakePlot(f, into) {
  const p = plot(f, { into, title: t("curve"), height: 320, legend: true, x: { label: t("axisLook"), min: 0, max: WIDTHS[0] }, y: { label: t("axisMistakes"), min: 0, max: HEIGHTS[0] } });
  return (/** @type {Walk} */ walk, /** @type {string} */ text, /** @type {boolean} */ told) => {
    const bound = told ? walk.bound : Infinity;
    const { looks, mistakes, counts } = walk.perceptron;
    const most = Number.isFinite(bound) && bound < 5 * Math.max(20, mistakes) ? Math.max(1.05 * bound, mistakes) : mistakes;
    const [width, high] = [WIDTHS.find((v) => v >= looks) ?? LONGEST, HEIGHTS.find((v) => v >= most) ?? 10_000];
    if (p.x.max !== width || p.y.max !== high) p.axes({ x: { max: width }, y: { max: high } });
    p.line("mistakes", counts.flatMap((v, k) => (k ? [[k, counts[k - 1]], [k, v]] : [[0, 0]])), { label: t("mistakes") });
    p.line("bound", Number.isFinite(bound) ? [[0, bound], [width, bound]] : [], { kind: "theory", dash: true, label: t("bound") });
    p.describe(text);
  };
}

/** What the last look was like, and how it stands. @param {Walk} walk @param {string} predict @param {boolean} told  the bound, too */
function sentence(walk, predict, told) {
  const { perceptron, last, best, bound } = walk;
  const { line, looks, mistakes } = perceptron;
  const [u, v, c] = line.map((w) => significant(w, 4));
  const finite = Number.isFinite(bound);
  const values = { n: looks, m: mistakes, u, v, c, bound: significant(bound, 4) };
  const parts = [perceptron.converged && finite ? t("sayDone", values) : last ? lookWords(walk, values) : t("sayStart")];
  if (!told) return parts.join(" ");
  if (best && !perceptron.converged) {
    const radius = Math.sqrt(Math.max(...perceptron.points.map(([x, y]) => x * x + y * y + 1)));
    parts.push(t("sayBound", { bound: values.bound, radius: significant(radius, 3), gamma: significant(Math.hypot(...best), 3) }));
  } else if (!best) parts.push(t("sayNever", values));
  if (walk.done && !perceptron.converged) parts.push(t("sayEnd", values));
  if (predict) {
    const truth = !best ? "never" : mistakes < FEW ? "few" : "some";
    parts.push(t(walk.late ? "foretoldLate" : !walk.known ? "foretold" : truth === predict ? "foretoldRight" : "foretoldWrong", { what: t(predict) }));
  }
  return parts.join(" ");
}

/** @param {Walk} walk @param {Record<string, unknown>} values */
function lookWords({ perceptron, last }, values) {
  if (!last) return "";
  const point = perceptron.points[last.i];
  const told = { ...values, i: last.i + 1, x: significant(point[0], 3), y: significant(point[1], 3), t: sign(point) > 0 ? "+1" : "−1", z: significant(last.z, 3) };
  return t(last.wrong ? "sayWrong" : "sayRight", told);
}

/** @param {Frame} f */
function readouts(f) {
  const four = (/** @type {number} */ v) => significant(v, 4);
  const looks = readout(f, { name: "looks", label: t("readLooks"), format: String, width: 5 });
  const mistakes = readout(f, { name: "mistakes", label: t("readMistakes"), format: String, width: 5 });
  const bound = readout(f, { name: "bound", label: t("readBound"), format: (v) => (typeof v === "number" ? four(v) : v || t("never0")), width: 8 });
  const parts = [["w1", "readW1"], ["w2", "readW2"], ["c", "readC"]].map(([name, label]) => readout(f, { name, label: t(label), format: four, width: 6 }));
  return (/** @type {Walk} */ walk, /** @type {boolean} */ told) => {
    looks(walk.perceptron.looks);
    mistakes(walk.perceptron.mistakes);
    bound(!told ? "–" : Number.isFinite(walk.bound) ? walk.bound : "");
    parts.forEach((set, k) => set(walk.perceptron.line[k]));
    f.setReadout("converged", walk.perceptron.converged ? 1 : 0);
  };
}

export default { render };
