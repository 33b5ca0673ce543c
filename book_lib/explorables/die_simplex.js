// A die with three faces: all its laws form a triangle, and the rolls choose a point of it.

import { clock } from "./kit/clock.js";
import { button, numberBox, presets, seedBox, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { CORNERS, contour, descent, map, mle, nearest, nll, place, pulls, total } from "./core/simplex.js";
import { MOST, Rolls } from "./parts/die.js";
import { drag, handle } from "./parts/handle.js";

const LEVELS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]; // standard deviations: the loss is k²/2 above its least
const SIDE = 300; // of the triangle, in the units of the drawing
const LEFT = 30;
const BASE = 290;
const SHOWN = 60; // rolls in view

const t = strings({
  en: {
    name: "All laws of a three-faced die",
    count: "Count of face {k}", add: "+ face {k}", shuffle: "Shuffle the rolls", best: "Go to the best",
    pseudo: "Pretended rolls of each face", pseudoWords: "{v} pretended rolls of each face",
    ten: "Ten rolls", never: "Face 3 never came", hundred: "A hundred rolls", none: "No rolls",
    rolls: "Rolls, in order", noRolls: "no rolls yet", earlier: "… and {n} earlier: ",
    pulls: "Pull of each face, s/p", lambda: "λ = Σs = {n}",
    guess: "Guess p", guessWords: "p = ({p})", corner: "p{k} = 1", faceName: "face {k}",
    keyGuess: "guess p", keyBest: "best, s/N", keyMap: "with prior (MAP)", keyDown: "downhill",
    readGuess: "−Σ s ln p at the guess", readBest: "at the best", readRolls: "roll by roll", readExcess: "difference",
    picture: "The triangle of laws. {sentence}",
    face: "face", s: "count s", p: "guess p", pull: "pull s/p", bestP: "best s/N", mapP: "MAP",
    sayNone: "No rolls yet: every law is as good as any other, and the loss is zero everywhere.",
    sayBest: "The best law. All three pulls s/p stand level at λ = {n}: to shift probability from one face to another gains nothing.",
    sayEdge: "The best law. The pulls s/p of the faces that came stand level at λ = {n}; a face that never came pulls with 0, and gets nothing.",
    sayPull: "Face {k} pulls hardest, {pull} against λ = {n}: give it more. This guess costs {excess} nats more than the best law.",
    sayImpossible: "The guess calls face {k} impossible, but it came {s} times: the loss is infinite.",
    sayZero: "Face {k} never came, so the best law calls it impossible.",
    sayMap: "Pretend {v} more of each face, and the best law moves to ({map}).",
    sayShuffled: "Shuffled: the order is another one, the counts and all that follows from them are the same.",
  },
  zh: {
    name: "三面骰子的所有分布",
    count: "第 {k} 面的次数", add: "+ 第 {k} 面", shuffle: "打乱顺序", best: "到最优处",
    pseudo: "每面的虚拟次数", pseudoWords: "每面虚拟 {v} 次",
    ten: "十次", never: "第 3 面从未出现", hundred: "一百次", none: "没有数据",
    rolls: "按顺序的结果", noRolls: "还没有掷", earlier: "…… 更早 {n} 次：",
    pulls: "各面的拉力 s/p", lambda: "λ = Σs = {n}",
    guess: "猜测 p", guessWords: "p = ({p})", corner: "p{k} = 1", faceName: "第 {k} 面",
    keyGuess: "猜测 p", keyBest: "最优 s/N", keyMap: "含先验（MAP）", keyDown: "下坡方向",
    readGuess: "猜测处的 −Σ s ln p", readBest: "最优处", readRolls: "逐次相加", readExcess: "差",
    picture: "分布的三角形。{sentence}",
    face: "面", s: "次数 s", p: "猜测 p", pull: "拉力 s/p", bestP: "最优 s/N", mapP: "MAP",
    sayNone: "还没有数据：任何分布都一样好，损失处处为零。",
    sayBest: "最优分布。三个拉力 s/p 都等于 λ = {n}：在各面之间转移概率毫无益处。",
    sayEdge: "最优分布。出现过的各面拉力 s/p 都等于 λ = {n}；从未出现的面拉力为 0，得不到概率。",
    sayPull: "第 {k} 面拉力最大，为 {pull}，而 λ = {n}：给它更多概率。此猜测比最优分布多付出 {excess} 奈特。",
    sayImpossible: "此猜测认为第 {k} 面不可能，但它出现了 {s} 次：损失为无穷大。",
    sayZero: "第 {k} 面从未出现，最优分布便认为它不可能。",
    sayMap: "若假装每面另有 {v} 次，最优分布移到 ({map})。",
    sayShuffled: "已打乱：顺序变了，次数以及由次数得出的一切都没有变。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {{counts: number[], p: number[], pseudo: number, rolls: Rolls, shuffled: boolean}} State */

const PRESETS = {
  ten: { counts: [2, 5, 3], pseudo: 0 },
  hundred: { counts: [20, 50, 30], pseudo: 0 },
  never: { counts: [3, 4, 0], pseudo: 1 },
  none: { counts: [0, 0, 0], pseudo: 0 },
};

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "die_simplex", label: t("name") });
  const start = { counts: model.get("counts"), p: model.get("p") };
  let rolls = new Rolls(start.counts, model.get("seed"));
  let shuffled = false;
  controls(f);
  const state = () => ({ counts: model.get("counts"), p: model.get("p"), pseudo: model.get("pseudo"), rolls, shuffled });
  const draw = picture(f, state);
  const time = clock(f, {
    step(n) {
      rolls.roll(n);
      f.assign({ counts: rolls.counts });
    },
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 1 : 0.15),
    done: () => Math.max(...model.get("counts")) >= MOST,
    onReset() {
      rolls = new Rolls(start.counts, model.get("seed"));
      f.assign(start);
    },
  });
  button(f, { label: t("best"), where: "toolbar", onClick: () => {
    const best = mle(model.get("counts"));
    if (best) f.assign({ p: best });
  } });
  button(f, { label: t("shuffle"), where: "toolbar", onClick() {
    rolls.shuffle();
    shuffled = rolls.order.length > 1;
    draw();
  } });
  const redraw = () => {
    shuffled = false;
    rolls.follow(model.get("counts"));
    draw();
  };
  ["counts", "p", "pseudo"].forEach((name) => f.watch(name, redraw));
  f.watch("seed", () => time.reset());
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const doors = h("div", { class: "xp-doors" });
  f.root.insertBefore(doors, f.stage);
  presets(f, Object.entries(PRESETS).map(([label, set]) => ({ label: t(label), set })), { into: doors });
  const faces = h("div", { class: "xp-ds-counts" });
  f.controls.append(faces);
  const change = (/** @type {number} */ i, /** @type {number} */ value) =>
    f.assign({ counts: f.model.get("counts").map((/** @type {number} */ v, /** @type {number} */ k) => (k === i ? value : v)) });
  const boxes = [0, 1, 2].map((i) => {
    const label = t("count", { k: i + 1 });
    const box = numberBox(f, { label, min: 0, max: MOST, step: 1, exact: true }, label, (v) => change(i, v));
    const node = h("div", { class: "xp-field xp-pair" }, box.input, box.error);
    faces.append(h("div", { class: "xp-ds-count" }, node));
    button(f, { label: t("add", { k: i + 1 }), into: node, onClick: () => change(i, Math.min(MOST, f.model.get("counts")[i] + 1)) });
    return box;
  });
  const show = () => boxes.forEach((box, i) => {
    box.input.value = String(f.model.get("counts")[i]);
    box.clear();
  });
  f.watch("counts", show);
  show();
  slider(f, { trait: "pseudo", label: t("pseudo"), min: 0, max: 20, step: 0.5, exact: false, words: (v) => t("pseudoWords", { v }) });
  seedBox(f);
  f.share("counts", (v) => v.length === 3 && v.every((/** @type {number} */ n) => Number.isInteger(n) && n >= 0 && n <= MOST));
  f.share("p", (v) => v.length === 3 && v.every((/** @type {number} */ n) => n >= 0) && Math.abs(total(v) - 1) < 1e-6);
}

/** From a law to the drawing. @param {ArrayLike<number>} p @returns {[number, number]} */
function spot(p) {
  const [x, y] = place(p);
  return onPaper(x, y);
}

/** @param {number} x @param {number} y @returns {[number, number]} */
const onPaper = (x, y) => [LEFT + SIDE * x, BASE - SIDE * y];
const px = (/** @type {number} */ v) => v.toFixed(1);

/** @param {Frame} f @param {() => State} state */
function picture(f, state) {
  f.stage.classList.add("xp-simplex");
  const map = triangle(f, state);
  const bars = pullBars();
  const strip = h("p", { class: "xp-ds-strip" });
  const caption = h("p", { class: "xp-caption" });
  const right = h("div", { class: "xp-ds-right" }, h("p", { class: "xp-ds-title" }, t("pulls")), bars.node,
    h("p", { class: "xp-ds-title" }, t("rolls")), strip);
  f.stage.append(h("div", {}, map.node, key()), right, caption);
  const show = readouts(f, state);
  return () => {
    const now = state();
    const text = sentence(now);
    map.draw(now, text);
    bars.draw(now);
    const order = now.rolls.order.map((face) => face + 1);
    const early = Math.max(0, order.length - SHOWN);
    strip.textContent = order.length ? (early ? t("earlier", { n: early }) : "") + order.slice(early).join(" ") : t("noRolls");
    if (caption.textContent !== text) caption.textContent = text;
    show(now);
  };
}

/** What the marks are. */
function key() {
  const mark = (/** @type {string} */ name, /** @type {string} */ d, /** @type {string} */ text) =>
    h("span", {}, s("svg", { width: 20, height: 16, viewBox: "-10 -8 20 16", "aria-hidden": "true" }, s("path", { class: name, d })), t(text));
  return h("p", { class: "xp-legend xp-ds-key" }, mark("xp-ds-guess", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0", "keyGuess"),
    mark("xp-ds-best", CROSS, "keyBest"), mark("xp-ds-map", DIAMOND, "keyMap"), mark("xp-ds-down", "M-9 0H6M2 -4L6 0L2 4", "keyDown"));
}

const CROSS = "M-6 -6L6 6M-6 6L6 -6";
const DIAMOND = "M0 -7L7 0L0 7L-7 0Z";

/** @param {Frame} f @param {() => State} state */
function triangle(f, state) {
  const [top, left, right] = CORNERS.map(([x, y]) => onPaper(x, y));
  const board = s("path", { class: "xp-ds-board", d: `M${top}L${left}L${right}Z` });
  const hills = LEVELS.map(() => s("path", { class: "xp-ds-level" }));
  const [best, prior, down] = [["xp-ds-best", CROSS], ["xp-ds-map", DIAMOND], ["xp-ds-down", ""]]
    .map(([name, d]) => s("path", { class: name, d }));
  const image = s("g", { role: "img", "aria-label": "" });
  const corners = [[top[0], top[1] - 10], [left[0], left[1] + 20], [right[0], right[1] + 20]].map(([x, y], i) =>
    s("text", { x, y, "text-anchor": "middle" }, t("corner", { k: "₁₂₃"[i] })));
  const svg = s("svg", { class: "xp-ds-svg", viewBox: "0 0 360 320", role: "group", "aria-label": t("name") }, image, board, ...hills, ...corners, prior, best, down);
  const point = guess(f, svg, board, state);
  /** @type {number[] | null} */
  let drawn = null;
  return { node: svg, draw(/** @type {State} */ now, /** @type {string} */ text) {
    const { counts, p, pseudo } = now;
    if (drawn !== counts) hills.forEach((hill, i) => hill.setAttribute("d", outline(contour(counts, LEVELS[i] ** 2 / 2))));
    drawn = counts; // a guess that is dragged leaves the hills alone
    const optimum = mle(counts);
    put(best, optimum);
    put(prior, pseudo > 0 ? map(counts, pseudo) : null);
    down.setAttribute("d", arrow(p, descent(counts, p), total(counts)));
    point(p);
    const words = t("picture", { sentence: text });
    if (image.getAttribute("aria-label") === words) return;
    image.setAttribute("aria-label", words);
    f.announce(words);
  } };
}

/** @param {SVGElement} mark @param {number[] | null} p */
function put(mark, p) {
  mark.style.display = p ? "" : "none";
  if (p) mark.setAttribute("transform", `translate(${spot(p).map(px).join(" ")})`);
}

/** @param {number[][]} laws */
const outline = (laws) => (laws.length ? `M${laws.map((p) => spot(p).map(px).join(" ")).join("L")}Z` : "");

/** Steepest way down within the triangle. @param {number[]} p @param {number[] | null} way @param {number} n */
function arrow(p, way, n) {
  if (!way || !n) return "";
  const [dx, dy] = place(way);
  const steep = Math.hypot(dx, dy) / n;
  if (steep < 0.02) return "";
  const [x, y] = spot(p);
  const long = 14 + 46 * Math.tanh(steep);
  const [u, v] = [dx / (steep * n), -dy / (steep * n)];
  const [a, b] = [x + long * u, y + long * v];
  const wing = (/** @type {number} */ side) => `${px(a - 8 * u - side * 5 * v)} ${px(b - 8 * v + side * 5 * u)}`;
  return `M${px(x + 8 * u)} ${px(y + 8 * v)}L${px(a)} ${px(b)}M${wing(1)}L${px(a)} ${px(b)}L${wing(-1)}`;
}

/** The reader's law: dragged, clicked or moved by arrow keys. @param {Frame} f @param {SVGSVGElement} svg @param {SVGElement} board @param {() => State} state */
function guess(f, svg, board, state) {
  const go = (/** @type {number} */ x, /** @type {number} */ y) => {
    const [a, b] = nearest(x, y).map((v) => Math.round(1000 * v) / 1000);
    f.assign({ p: [a, b, Math.max(0, Number((1 - a - b).toFixed(3)))] });
  };
  const fromPaper = (/** @type {number} */ x, /** @type {number} */ y) => go((x - LEFT) / SIDE, (BASE - y) / SIDE);
  drag(f, svg, board, fromPaper);
  const point = handle(f, svg, svg, {
    label: t("guess"), shape: "xp-ds-point", onMove: fromPaper,
    onKey(right, up) {
      const [x, y] = place(state().p);
      go(x + 0.02 * right, y + 0.02 * up);
    },
  });
  return (/** @type {number[]} */ p) => {
    point.place(...spot(p));
    point.say(p[0], t("guessWords", { p: p.map((v) => fixed(v, 2)).join(", ") }), [0, 1]);
  };
}

/** Three bars s/p and the level λ at which they balance. */
function pullBars() {
  const bars = [0, 1, 2].map((i) => s("rect", { class: "xp-ds-bar", x: 24 + 72 * i, width: 48 }));
  const values = [0, 1, 2].map((i) => s("text", { class: "xp-axis-label", x: 48 + 72 * i, y: 168, "text-anchor": "middle" }));
  const names = [0, 1, 2].map((i) => s("text", { x: 48 + 72 * i, y: 149, "text-anchor": "middle" }, t("faceName", { k: i + 1 })));
  const level = s("path", { class: "xp-ds-lambda", d: "M8 80H236" });
  const label = s("text", { class: "xp-ds-lambda-text", x: 236, y: 74, "text-anchor": "end" });
  const node = s("svg", { class: "xp-ds-svg xp-ds-pulls", viewBox: "0 0 244 176", role: "img", "aria-label": t("pulls") },
    ...bars, s("path", { class: "xp-axis", d: "M8 132H236" }), level, ...values, ...names, label);
  return { node, draw(/** @type {State} */ { counts, p }) {
    const n = total(counts);
    const all = pulls(counts, p);
    bars.forEach((bar, i) => {
      const height = n ? Math.min(118, (52 * all[i]) / n) : 0; // λ stands at 52
      bar.setAttribute("y", px(132 - height));
      bar.setAttribute("height", px(height));
      values[i].textContent = n ? (Number.isFinite(all[i]) ? fixed(all[i], 1) : "∞") : "";
    });
    level.style.display = n ? "" : "none";
    label.textContent = n ? t("lambda", { n }) : "";
    node.setAttribute("aria-label", `${t("pulls")}: ${all.map((v) => fixed(v, 1)).join(", ")}. ${label.textContent}`);
  } };
}

/** @param {Frame} f @param {() => State} state */
function readouts(f, state) {
  const three = (/** @type {number} */ v) => (v === Infinity ? "∞" : fixed(v, 3));
  const names = { nll: "readGuess", nll_rolls: "readRolls", nll_best: "readBest", excess: "readExcess" };
  const all = Object.entries(names).map(([name, label]) => readout(f, { name, label: t(label), format: three, width: 7 }));
  f.addTable(() => {
    const { counts, p, pseudo } = state();
    const [best, prior] = [mle(counts), map(counts, pseudo)];
    return { caption: t("name"), columns: ["face", "s", "p", "pull", "bestP", "mapP"].map((name) => t(name)),
      rows: [0, 1, 2].map((i) => [i + 1, counts[i], p[i], pulls(counts, p)[i], best?.[i] ?? null, prior?.[i] ?? null]) };
  });
  return (/** @type {State} */ { counts, p, pseudo, rolls }) => {
    const best = mle(counts);
    const [here, least] = [nll(counts, p), best ? nll(counts, best) : 0];
    [here, rolls.nll(p), least, here - least].forEach((value, i) => all[i](value));
    f.setReadout("lambda", total(counts));
    [1, 2, 3].forEach((k) => {
      f.setReadout(`best${k}`, best?.[k - 1] ?? NaN);
      f.setReadout(`map${k}`, map(counts, pseudo)?.[k - 1] ?? NaN);
      f.setReadout(`pull${k}`, pulls(counts, p)[k - 1]);
    });
    f.setReadout("rolls", rolls.order.map((face) => face + 1).join(""));
  };
}

/** What the guess is worth. @param {State} state */
function sentence({ counts, p, pseudo, shuffled }) {
  const n = total(counts);
  if (!n) return t("sayNone") + (pseudo ? ` ${t("sayMap", { v: pseudo, map: "0.33, 0.33, 0.33" })}` : "");
  const pull = pulls(counts, p);
  const [k, best] = [pull.indexOf(Math.max(...pull)), mle(counts) ?? p];
  const excess = nll(counts, p) - nll(counts, best);
  const words = { n, k: k + 1, s: counts[k], pull: fixed(pull[k], 1), excess: fixed(excess, 2) };
  const parts = [t(!Number.isFinite(pull[k]) ? "sayImpossible" : excess >= 1e-4 * n ? "sayPull" : counts.includes(0) ? "sayEdge" : "sayBest", words)];
  const never = counts.indexOf(0);
  if (never >= 0) parts.push(t("sayZero", { k: never + 1 }));
  if (pseudo > 0) parts.push(t("sayMap", { v: pseudo, map: (map(counts, pseudo) ?? []).map((v) => fixed(v, 2)).join(", ") }));
  if (shuffled) parts.unshift(t("sayShuffled"));
  return parts.join(" ");
}

export default { render };
