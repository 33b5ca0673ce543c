// A Gaussian in the plane: an ellipse to pull, the matrix it is made of, its marginals and a slice through it.

import { clock } from "./kit/clock.js";
import { presets, seedBox, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { strings } from "./kit/strings.js";
import { cloud, conditional, covariance, eigen, sampleCovariance } from "./core/gaussian.js";
import { CounterRNG } from "./core/rng.js";
import { Grips, allowed, spreadOf } from "./parts/ellipse.js";
import { handle } from "./parts/handle.js";

const MOST = 2000; // points, as in covariance_ellipse.py
const REACH = 4.5;
const SPREAD = ["sigma1", "sigma2", "rho"];
const LEFT = 36; // of the square, in the units of the drawing, which is 360 wide
const TOP = 58;
const SIDE = 260;

const t = strings({
  en: {
    name: "A Gaussian in the plane",
    sigma1: "Spread of x₁", sigma2: "Spread of x₂", rho: "Correlation", slice: "Slice at x₁ =",
    sigmaWords: "standard deviation {v}", rhoWords: "correlation {v}", sliceWords: "slice at x₁ = {v}",
    refuse: "ρ = {v} is no correlation: the determinant σ₁²σ₂²(1 − ρ²) would be {det}, so the matrix would not be "
      + "positive definite. Keep |ρ| below 1.",
    singular: "At ρ = {v} the determinant σ₁²σ₂²(1 − ρ²) is 0: all points lie on one line, and there is no density. "
      + "Keep |ρ| below 1.",
    narrow: "ρ = {v} is a correlation, but too close to a line to be drawn: this picture stops at ±0.99.",
    round: "Independent", tilted: "Tilted", against: "Against each other", thin: "Almost a line",
    axisA: "First axis of the ellipse", axisB: "Second axis of the ellipse", sliceHandle: "Slice",
    axisSays: "length {r} at {angle} degrees",
    points: "{n} points",
    law: "law", sample: "sample", covariance: "Covariance matrix", sampleName: "Covariance of the sample",
    entry: "entry", eigenvalues: "eigenvalues λ", axes: "half axes √λ", slope: "angle", given: "x₂ given x₁ = {c}", mean: "mean", variance: "variance", before: "variance of x₂ before",
    inside: "inside", quantity: "Quantity",
    sayRound: "No correlation: the axes of the ellipse lie along x₁ and x₂, and to know x₁ says nothing about x₂.",
    sayCircle: "No correlation and equal spreads: the ellipse is a circle, and any direction is an axis.",
    sayTilted: "Where x₁ is {c}, x₂ is {mean} on average, and its variance shrinks from {before} to {after}: "
      + "to know x₁ explains {explained} % of it.",
    sayInside: "Inside the inner ellipse lie {one} % of the points (the law says 39 %), inside the outer {two} % (86 %).",
    sayNone: "The law puts 39 % of all points inside the inner ellipse and 86 % inside the outer.",
    pictureWords: "{n} points, an ellipse with half axes {a} and {b}. {sentence}",
  },
  zh: {
    name: "平面上的高斯分布",
    sigma1: "x₁ 的标准差", sigma2: "x₂ 的标准差", rho: "相关系数", slice: "切片 x₁ =",
    sigmaWords: "标准差 {v}", rhoWords: "相关系数 {v}", sliceWords: "切片位于 x₁ = {v}",
    singular: "当 ρ = {v} 时行列式 σ₁²σ₂²(1 − ρ²) 为 0：所有点都在一条直线上，没有密度。请保持 |ρ| 小于 1。",
    narrow: "ρ = {v} 是相关系数，但太接近直线，无法画出：此图止于 ±0.99。",
    refuse: "ρ = {v} 不是相关系数：行列式 σ₁²σ₂²(1 − ρ²) 将为 {det}，矩阵不再正定。请保持 |ρ| 小于 1。",
    round: "独立", tilted: "倾斜", against: "此消彼长", thin: "近乎直线",
    axisA: "椭圆的第一轴", axisB: "椭圆的第二轴", sliceHandle: "切片",
    axisSays: "长 {r}，角度 {angle} 度",
    points: "{n} 个点",
    law: "分布", sample: "样本", covariance: "协方差矩阵", sampleName: "样本协方差",
    entry: "元素", eigenvalues: "特征值 λ", axes: "半轴 √λ", slope: "角度", given: "给定 x₁ = {c} 时的 x₂", mean: "均值", variance: "方差", before: "原来 x₂ 的方差",
    inside: "之内", quantity: "量",
    sayRound: "没有相关：椭圆的轴沿着 x₁ 与 x₂，知道 x₁ 对 x₂ 毫无帮助。",
    sayCircle: "没有相关且标准差相等：椭圆是圆，任何方向都是轴。",
    sayTilted: "当 x₁ 为 {c} 时，x₂ 平均为 {mean}，方差从 {before} 缩小到 {after}：知道 x₁ 解释了其中的 {explained}%。",
    sayInside: "内椭圆里有 {one}% 的点（理论 39%），外椭圆里有 {two}%（86%）。",
    sayNone: "理论上内椭圆含 39% 的点，外椭圆含 86%。",
    pictureWords: "{n} 个点，椭圆半轴为 {a} 与 {b}。{sentence}",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/gaussian.js").Matrix} Matrix */
/** @typedef {{m: Matrix, points: [number, number][], c: number, grips: Grips}} View */

const PRESETS = {
  round: { sigma1: 1.5, sigma2: 0.8, rho: 0 },
  tilted: { sigma1: 1.5, sigma2: 1, rho: 0.6 },
  against: { sigma1: 1.2, sigma2: 1.2, rho: -0.8 },
  thin: { sigma1: 1.5, sigma2: 1, rho: 0.98 },
};

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "covariance_ellipse", label: t("name") });
  controls(f);
  const noise = (/** @type {number} */ seed) => {
    const rng = new CounterRNG(seed);
    return Float64Array.from({ length: 2 * MOST }, () => rng.standardNormal());
  };
  let dice = noise(model.get("seed"));
  let shown = model.get("samples");
  const grips = new Grips();
  const view = () => {
    const m = covariance(model.get("sigma1"), model.get("sigma2"), model.get("rho"));
    grips.follow(m);
    return { m, points: cloud(m, dice.subarray(0, 2 * shown)), c: model.get("slice"), grips };
  };
  const draw = picture(f, view);
  const time = clock(f, {
    step: (n) => void (shown = Math.min(MOST, shown + n)),
    onFrame: draw,
    onReset: () => void (shown = model.get("samples")),
    stepSize: 50,
    perFrame: 4,
    done: () => shown >= MOST,
  });
  [...SPREAD, "slice"].forEach((name) => f.watch(name, draw));
  f.watch("samples", () => time.reset());
  f.watch("seed", (seed) => {
    dice = noise(seed);
    time.reset();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const doors = h("div", { class: "xp-doors" });
  f.root.insertBefore(doors, f.stage);
  presets(f, Object.entries(PRESETS).map(([label, set]) => ({ label: t(label), set })), { into: doors });
  const two = (/** @type {number} */ v) => fixed(v, 2);
  slider(f, { trait: "sigma1", label: t("sigma1"), symbol: "σ₁", min: 0.3, max: 2, step: 0.01, words: (v) => t("sigmaWords", { v: two(v) }) });
  slider(f, { trait: "sigma2", label: t("sigma2"), symbol: "σ₂", min: 0.3, max: 2, step: 0.01, words: (v) => t("sigmaWords", { v: two(v) }) });
  slider(f, { trait: "rho", label: t("rho"), symbol: "ρ", min: -0.99, max: 0.99, step: 0.01, words: (v) => t("rhoWords", { v: two(v) }),
    refuse: (v) => t(Math.abs(v) > 1 ? "refuse" : Math.abs(v) === 1 ? "singular" : "narrow", { v, det: two((f.model.get("sigma1") * f.model.get("sigma2")) ** 2 * (1 - v * v)) }) });
  slider(f, { trait: "slice", label: t("slice"), symbol: "c", min: -4, max: 4, step: 0.1, exact: false, words: (v) => t("sliceWords", { v: two(v) }) });
  seedBox(f);
}

/** From the plane to the drawing. */
const X = (/** @type {number} */ x) => LEFT + ((x + REACH) / (2 * REACH)) * SIDE;
const Y = (/** @type {number} */ y) => TOP + ((REACH - y) / (2 * REACH)) * SIDE;
const unX = (/** @type {number} */ px) => ((px - LEFT) / SIDE) * 2 * REACH - REACH;
const unY = (/** @type {number} */ py) => REACH - ((py - TOP) / SIDE) * 2 * REACH;
const px = (/** @type {number} */ v) => v.toFixed(1);

/** @param {Frame} f @param {() => View} view */
function picture(f, view) {
  f.stage.classList.add("xp-ellipse");
  const caption = h("p", { class: "xp-caption" });
  const drawing = plane(f, view);
  const numbers = matrices(f);
  f.stage.append(drawing.node, numbers.node, caption);
  return () => {
    const now = view();
    const text = sentence(now);
    drawing.draw(now, text);
    numbers.draw(now);
    if (caption.textContent !== text) caption.textContent = text;
  };
}

/** Square, marginals and handles. @param {Frame} f @param {() => View} view */
function plane(f, view) {
  const clip = `${f.key}-square`;
  const part = (/** @type {string} */ name) => s("path", { class: name });
  const marks = { dots: part("xp-ce-dots"), regression: part("xp-ce-regression"), outer: part("xp-ce-outer"),
    inner: part("xp-ce-inner"), axes: part("xp-ce-axes"), slice: part("xp-ce-slice"), bar: part("xp-ce-bar") };
  const strips = { below: part("xp-ce-marginal"), beside: part("xp-ce-marginal"), cut: part("xp-ce-cut") };
  const labels = [s("text", { class: "xp-ce-sigma" }, "1σ"), s("text", { class: "xp-ce-sigma" }, "2σ")];
  const svg = s("svg", { class: "xp-ce-svg", viewBox: "0 0 360 360", role: "group", "aria-label": t("name") },
    s("clipPath", { id: clip }, s("rect", { x: LEFT, y: TOP, width: SIDE, height: SIDE })), ...scaffold(),
    s("g", { "clip-path": `url(#${clip})` }, ...Object.values(marks)), ...Object.values(strips), ...labels);
  const image = s("g", { role: "img", "aria-label": "" }); // speaks for the whole picture
  svg.prepend(image);
  const grips = handles(f, svg, view);
  return { node: svg, draw(/** @type {View} */ now, /** @type {string} */ text) {
    const { m, points, c } = now;
    marks.dots.setAttribute("d", points.map(([x, y]) => `M${px(X(x))} ${px(Y(y))}h.01`).join(""));
    marks.inner.setAttribute("d", ring(m, 1));
    marks.outer.setAttribute("d", ring(m, 2));
    const [tipA, tipB] = [now.grips.tip(0), now.grips.tip(1)];
    marks.axes.setAttribute("d", [tipA, tipB].map(([x, y]) => `M${X(0)} ${Y(0)}L${px(X(x))} ${px(Y(y))}`).join(""));
    const given = conditional(m, c);
    const slope = m.s12 / m.s11;
    marks.regression.setAttribute("d", `M${X(-REACH)} ${px(Y(-REACH * slope))}L${X(REACH)} ${px(Y(REACH * slope))}`);
    marks.slice.setAttribute("d", `M${px(X(c))} ${TOP}V${TOP + SIDE}`);
    const sd = Math.sqrt(given.variance);
    marks.bar.setAttribute("d", `M${px(X(c))} ${px(Y(given.mean - sd))}V${px(Y(given.mean + sd))}M${px(X(c))} ${px(Y(given.mean))}h.01`);
    marginals(strips, m, given);
    const { long, angle } = eigen(m);
    labels.forEach((label, i) => {
      const r = (i + 1) * Math.sqrt(long);
      label.setAttribute("x", px(Math.min(X(REACH) - 16, Math.max(LEFT + 2, X(-r * Math.cos(angle)) - 16))));
      label.setAttribute("y", px(Math.min(TOP + SIDE - 4, Math.max(TOP + 12, Y(-r * Math.sin(angle)) + 14))));
    });
    grips(now);
    describe(f, image, now, text);
  } };
}

/** @param {Frame} f @param {SVGElement} image @param {View} view @param {string} sentence */
function describe(f, image, { m, points }, sentence) {
  const { long, short } = eigen(m);
  const text = t("pictureWords", { n: points.length, a: fixed(Math.sqrt(long), 2), b: fixed(Math.sqrt(short), 2), sentence });
  if (image.getAttribute("aria-label") === text) return;
  image.setAttribute("aria-label", text);
  f.announce(text);
}

/** Axes and ticks, which never change. */
function scaffold() {
  const ticks = [-4, -2, 0, 2, 4];
  return [
    s("path", { class: "xp-gridline", d: ticks.map((v) => `M${px(X(v))} ${TOP}v${SIDE}M${LEFT} ${px(Y(v))}h${SIDE}`).join("") }),
    s("rect", { class: "xp-ce-frame", x: LEFT, y: TOP, width: SIDE, height: SIDE }),
    ...ticks.map((v) => s("text", { x: px(X(v)), y: TOP + SIDE + 17, "text-anchor": "middle" }, fixed(v, 0))),
    ...ticks.map((v) => s("text", { x: LEFT - 6, y: px(Y(v) + 4), "text-anchor": "end" }, fixed(v, 0))),
    s("text", { class: "xp-axis-label", x: LEFT + SIDE / 2, y: TOP + SIDE + 36, "text-anchor": "middle" }, "x₁"),
    s("text", { class: "xp-axis-label", x: 10, y: TOP + SIDE / 2 - 22, "text-anchor": "middle" }, "x₂"),
  ];
}

/** The points at r standard deviations. @param {Matrix} m @param {number} r */
function ring(m, r) {
  const { long, short, angle } = eigen(m);
  const [a, b] = [r * Math.sqrt(long), r * Math.sqrt(short)];
  const [c, n] = [Math.cos(angle), Math.sin(angle)];
  const points = Array.from({ length: 96 }, (_, k) => {
    const [u, v] = [a * Math.cos((k * Math.PI) / 48), b * Math.sin((k * Math.PI) / 48)];
    return `${px(X(u * c - v * n))} ${px(Y(u * n + v * c))}`;
  });
  return `M${points.join("L")}Z`;
}

/**
 * The law of x₁ above, that of x₂ on the right, and there that of x₂ in the slice; areas to one scale on each side.
 * @param {Record<"below" | "beside" | "cut", SVGPathElement>} strips @param {Matrix} m @param {{mean: number, variance: number}} given
 */
function marginals(strips, m, given) {
  const grid = Array.from({ length: 181 }, (_, i) => -REACH + i / 20);
  const bell = (/** @type {number} */ x, /** @type {number} */ mean, /** @type {number} */ v) => Math.exp(-((x - mean) ** 2) / (2 * v)) / Math.sqrt(v);
  const high = Math.max(1 / Math.sqrt(m.s22), 1 / Math.sqrt(given.variance));
  const right = LEFT + SIDE + 4;
  const beside = (/** @type {number} */ mean, /** @type {number} */ v) => {
    const near = Array.from({ length: 41 }, (_, i) => mean + ((i - 20) / 5) * Math.sqrt(v));
    const ys = [...grid, ...near].filter((y) => Math.abs(y) <= REACH).sort((a, b) => a - b);
    return `M${right} ${px(Y(-REACH))}${ys.map((y) => `L${px(right + (50 * bell(y, mean, v)) / high)} ${px(Y(y))}`).join("")}L${right} ${TOP}Z`;
  };
  strips.below.setAttribute("d", `M${LEFT} ${TOP - 4}${grid.map((x) => `L${px(X(x))} ${px(TOP - 4 - 46 * bell(x, 0, m.s11) * Math.sqrt(m.s11))}`).join("")}L${LEFT + SIDE} ${TOP - 4}Z`);
  strips.beside.setAttribute("d", beside(0, m.s22));
  strips.cut.setAttribute("d", beside(given.mean, given.variance));
}

/** Two tips to pull, and the foot of the slice. @param {Frame} f @param {SVGSVGElement} svg @param {() => View} view */
function handles(f, svg, view) {
  const assign = (/** @type {Matrix} */ m) => {
    const spread = spreadOf(m);
    if (allowed(spread)) f.assign({ ...spread });
  };
  const tips = [0, 1].map((i) => handle(f, svg, svg, {
    label: t(i ? "axisB" : "axisA"), shape: "xp-ce-tip",
    onMove: (x, y) => assign(view().grips.pull(i, unX(x), unY(y))),
    onKey(right, up) {
      const [x, y] = view().grips.tip(i);
      const [r, angle] = [Math.hypot(x, y) + 0.05 * up, Math.atan2(y, x) - (right * Math.PI) / 36];
      assign(view().grips.pull(i, r * Math.cos(angle), r * Math.sin(angle)));
    },
  }));
  const limit = (/** @type {number} */ v) => Math.min(4, Math.max(-4, Math.round(10 * v) / 10));
  const foot = handle(f, svg, svg, {
    label: t("sliceHandle"), shape: "xp-ce-foot",
    onMove: (x) => f.assign({ slice: limit(unX(x)) }),
    onKey: (right, up) => f.assign({ slice: limit(f.model.get("slice") + 0.1 * (right + up)) }),
    onEnd: (end) => f.assign({ slice: 4 * end }),
  });
  return (/** @type {View} */ { grips, c }) => {
    tips.forEach((tip, i) => {
      const [x, y] = grips.tip(i);
      const [r, angle] = [Math.hypot(x, y), Math.round((180 / Math.PI) * Math.atan2(y, x))];
      tip.place(X(x), Y(y));
      tip.say(r, t("axisSays", { r: fixed(r, 2), angle: fixed(angle, 0) }), [0.04, 2.83]);
    });
    foot.place(X(c), TOP + SIDE);
    foot.say(c, t("sliceWords", { v: fixed(c, 1) }), [-4, 4]);
  };
}

/** The matrix of the law, that of the sample, and what follows from the first. @param {Frame} f */
function matrices(f) {
  const [law, sample] = [matrix(t("law"), t("covariance")), matrix(t("sample"), t("sampleName"))];
  const lines = ["eigenvalues", "axes", "slope"].map(() => h("dd"));
  const facts = h("dl", { class: "xp-ce-facts" },
    ...["eigenvalues", "axes", "slope"].flatMap((key, i) => [h("dt", {}, t(key)), lines[i]]));
  const given = h("dt", { class: "xp-ce-given" });
  const cut = h("dd");
  facts.append(given, cut);
  /** @type {[string, number][]} */
  let rows = [];
  f.addTable(() => ({ caption: t("name"), columns: [t("quantity"), t("law")], rows }));
  const node = h("div", { class: "xp-ce-numbers" }, h("div", { class: "xp-ce-pair" }, law.node, sample.node), facts);
  return { node, draw(/** @type {View} */ { m, points, c }) {
    const { long, short, angle } = eigen(m);
    const { mean, variance } = conditional(m, c);
    const seen = sampleCovariance(points);
    law.fill(m);
    sample.fill(seen);
    lines[0].textContent = `${fixed(long, 2)}, ${fixed(short, 2)}`;
    lines[1].textContent = `${fixed(Math.sqrt(long), 2)}, ${fixed(Math.sqrt(short), 2)}`;
    lines[2].textContent = `${fixed((180 / Math.PI) * angle, 0)}°`;
    given.textContent = t("given", { c: fixed(c, 1) });
    cut.textContent = `${fixed(mean, 2)} ± ${fixed(Math.sqrt(variance), 2)}`;
    const values = { ...m, eigenvalue1: long, eigenvalue2: short, angle, conditional_mean: mean, conditional_variance: variance,
      sample_s11: seen.s11, sample_s12: seen.s12, sample_s22: seen.s22, points: points.length };
    rows = Object.entries(values);
    for (const [name, value] of rows) f.setReadout(name, value);
  } };
}

/** A 2 × 2 matrix between brackets. @param {string} label @param {string} name */
function matrix(label, name) {
  const cells = Array.from({ length: 4 }, () => h("span"));
  const node = h("div", { class: "xp-ce-matrix", role: "img", "aria-label": name }, h("span", { class: "xp-ce-label" }, label),
    h("span", { class: "xp-ce-brackets" }, ...cells));
  return { node, fill(/** @type {Matrix} */ { s11, s12, s22 }) {
    const texts = [s11, s12, s12, s22].map((v) => fixed(v, 2));
    cells.forEach((cell, i) => void (cell.textContent = texts[i]));
    node.setAttribute("aria-label", `${name}: ${texts.slice(0, 2).join(", ")}; ${texts.slice(2).join(", ")}`);
  } };
}

/** What there is to see. @param {View} view */
function sentence({ m, points, c }) {
  const { mean, variance } = conditional(m, c);
  const rho2 = 1 - variance / m.s22;
  const words = { c: fixed(c, 1), mean: fixed(mean, 2), before: fixed(m.s22, 2), after: fixed(variance, 2), explained: fixed(100 * rho2, 0) };
  const flat = Math.abs(m.s12) < 1e-9;
  const first = t(!flat ? "sayTilted" : Math.abs(m.s11 - m.s22) < 1e-9 ? "sayCircle" : "sayRound", words);
  return `${first} ${points.length ? t("sayInside", shares(m, points)) : t("sayNone")}`;
}

/** Per cent of the points inside one and two standard deviations. @param {Matrix} m @param {[number, number][]} points */
function shares({ s11, s12, s22 }, points) {
  const det = s11 * s22 - s12 * s12;
  const inside = (/** @type {number} */ r) =>
    points.filter(([x, y]) => (s22 * x * x - 2 * s12 * x * y + s11 * y * y) / det <= r * r).length;
  const percent = (/** @type {number} */ r) => fixed((100 * inside(r)) / points.length, 0);
  return { one: percent(1), two: percent(2) };
}

export default { render };
