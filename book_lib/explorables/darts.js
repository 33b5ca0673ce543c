// An area by darts: the board, the estimate with its error, and the error against the number of darts.

import { AREA, Board, PETAL, WAVE } from "./core/darts.js";
import { erf } from "./core/laws.js";
import { clock } from "./kit/clock.js";
import { button, choice, seedBox } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed, significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { colors, onTheme, reducedMotion } from "./kit/theme.js";

const MOST = 100_000; // darts of one board, as in darts.py
const REPEATS = 20; // other boards, whose typical error is a steadier guide than that of one
const MARKS = Array.from({ length: 33 }, (_, i) => Math.round(10 ** (1 + i / 8))); // 10 … 100 000
const ENOUGH = 30; // darts before their mean may be taken for normal
const MANY = 2000; // darts that are drawn as discs and crosses; later ones are specks

const t = strings({
  en: {
    name: "An area by darts",
    shape: "Shape", quarter: "Quarter circle", flower: "Flower", add: "+{n}",
    board: "The board", plotTitle: "Error of the area against the number of darts", axisN: "darts N", axisError: "error of the area",
    law: "standard error", own: "this board", typical: "typical of {n} boards",
    readDarts: "Darts", readHits: "Hits", readArea: "Area", readPi: "4 × area", readExact: "Exact area",
    colDarts: "darts", colHits: "hits", colEstimate: "estimate", colError: "standard error", colOff: "off by",
    hit: "hit", miss: "miss",
    sayNone: "No darts yet. Each lands anywhere on the board with equal chance; the share of hits will be the area.",
    sayFew: "{hits} of {n} darts hit: the area is {mean} ± {error}.",
    sayOne: "One dart says next to nothing: the estimate is {mean}, and there is no error bar before the second.",
    sayAgree: "The true area {exact} is {sigma} standard errors away, as it should be.",
    sayFar: "The true area {exact} is {sigma} standard errors away: that happens to one board in {rare}.",
    sayHalve: "Four times as many darts would halve the error bar.",
    sayDone: "One decimal more would take a hundred times as many darts.",
    sayNever: "All darts agree so far: too few to say how wrong the estimate is.",
    aQuarter: "a quarter circle", aFlower: "a flower with five petals",
    picture: "A square board with {shape}, {n} darts. {sentence}",
  },
  zh: {
    name: "用飞镖求面积",
    shape: "形状", quarter: "四分之一圆", flower: "花", add: "+{n}",
    board: "靶板", plotTitle: "面积误差随飞镖数的变化", axisN: "飞镖数 N", axisError: "面积误差",
    law: "标准误差", own: "这块靶板", typical: "{n} 块靶板的典型值",
    readDarts: "飞镖", readHits: "命中", readArea: "面积", readPi: "4 × 面积", readExact: "精确面积",
    colDarts: "飞镖", colHits: "命中", colEstimate: "估计", colError: "标准误差", colOff: "偏差",
    hit: "命中", miss: "脱靶",
    sayNone: "还没有飞镖。每支等可能地落在靶板上任何地方；命中的比例就是面积。",
    sayFew: "{n} 支飞镖中 {hits} 支命中：面积为 {mean} ± {error}。",
    sayOne: "一支飞镖几乎说明不了什么：估计为 {mean}，要到第二支才有误差。",
    sayAgree: "真实面积 {exact} 相差 {sigma} 个标准误差，正该如此。",
    sayFar: "真实面积 {exact} 相差 {sigma} 个标准误差：每 {rare} 块靶板才会有一块这样。",
    sayHalve: "飞镖再多到四倍，误差才会减半。",
    sayDone: "再多一位小数，要一百倍的飞镖。",
    sayNever: "目前所有飞镖结果相同：还太少，无法说出误差。",
    aQuarter: "四分之一圆", aFlower: "五瓣花",
    picture: "方形靶板上有{shape}，{n} 支飞镖。{sentence}",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/darts.js").Shape} Shape */
/** @typedef {{n: number, off: number}} Mark */

/** All darts so far, and as many on each of the other boards. */
class Game {
  /** @param {Shape} shape @param {number} seed */
  constructor(shape, seed) {
    this.exact = AREA[shape];
    this.board = new Board(shape, seed);
    this.others = Array.from({ length: REPEATS }, (_, k) => new Board(shape, seed, k + 1));
    this.places = new Float32Array(2 * MOST);
    this.hit = new Uint8Array(MOST);
    /** @type {{n: number, hits: number, mean: number, error: number, typical: number}[]} */
    this.history = [];
  }

  /** @param {number} count */
  throw(count) {
    let left = Math.min(count, MOST - this.board.n);
    while (left > 0) {
      const next = MARKS.find((n) => n > this.board.n) ?? MOST;
      const part = Math.min(left, next - this.board.n);
      this.some(part);
      left -= part;
      if (this.board.n === next) this.keep();
    }
  }

  /** @param {number} count */
  some(count) {
    let at = this.board.n;
    this.board.throw(count, (x, y, hit) => {
      this.places[2 * at] = x;
      this.places[2 * at + 1] = y;
      this.hit[at++] = Number(hit);
    });
    for (const other of this.others) other.throw(count);
  }

  keep() {
    const { n, hits, mean, error } = this.board;
    const typical = Math.sqrt(this.others.reduce((sum, other) => sum + (other.mean - this.exact) ** 2, 0) / REPEATS);
    this.history.push({ n, hits, mean, error, typical });
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "darts", label: t("name") });
  choice(f, { trait: "shape", label: t("shape"), options: ["quarter", "flower"].map((value) => ({ value, label: t(value) })) });
  const fresh = () => {
    const game = new Game(model.get("shape"), model.get("seed"));
    game.throw(model.get("darts"));
    return game;
  };
  let game = fresh();
  const draw = picture(f, () => game);
  const time = clock(f, {
    step: (n) => game.throw(n),
    onFrame: draw,
    onReset: () => void (game = fresh()),
    // one by one at first, then ever faster; as fast for those whose pictures are few
    perFrame: () => (reducedMotion() ? 15 : 1) * Math.min(2000, Math.max(0.2, game.board.n / 60)),
    done: () => game.board.n >= MOST,
  });
  for (const n of [100, 10_000]) {
    button(f, { label: t("add", { n: n.toLocaleString("en").replace(",", "\u202f") }), where: "toolbar", onClick: () => time.stepOnce(n) });
  }
  seedBox(f);
  for (const name of ["shape", "seed", "darts"]) f.watch(name, () => time.reset());
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {() => Game} game */
function picture(f, game) {
  f.stage.classList.add("xp-darts");
  const canvas = board(f, game);
  const right = h("div", { class: "xp-da-plot" });
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(canvas.node, right, caption);
  const errors = errorPlot(f, right, game);
  const numbers = readouts(f, game);
  f.addTable(() => ({ caption: t("plotTitle"), columns: ["colDarts", "colHits", "colEstimate", "colError", "colOff"].map((key) => t(key)).concat(t("typical", { n: REPEATS })),
    rows: game().history.map(({ n, hits, mean, error, typical }) => [n, hits, mean, error, mean - game().exact, typical]) }));
  return () => {
    const text = sentence(game());
    canvas.draw(t("picture", { shape: t(f.model.get("shape") === "quarter" ? "aQuarter" : "aFlower"), n: game().board.n, sentence: text }));
    errors(text);
    numbers();
    if (caption.textContent !== text) caption.textContent = text;
  };
}

/**
 * The board: discs where a dart hits, crosses where it misses.
 * @param {Frame} f @param {() => Game} game
 */
function board(f, game) {
  const canvas = h("canvas", { class: "xp-da-board", role: "img", "aria-label": "" });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const key = h("p", { class: "xp-legend" }, h("span", {}, h("b", { class: "xp-da-hit" }, "●"), t("hit")), h("span", {}, h("b", { class: "xp-da-miss" }, "×"), t("miss")));
  /** @type {Game | null} */
  let known = null;
  let drawn = 0;
  let side = 0;
  const clear = () => {
    const c = colors(f);
    drawn = 0;
    pen.setTransform(side, 0, 0, -side, 0, side);
    pen.fillStyle = c.paper;
    pen.fillRect(0, 0, 1, 1);
  };
  const paint = () => {
    const { board: { n }, places, hit } = game();
    const c = colors(f);
    const grain = Math.max(1.2, Math.min(3, side / 170)) / side;
    for (; drawn < n; drawn++) mark(pen, places[2 * drawn], places[2 * drawn + 1], hit[drawn] > 0, drawn < MANY ? grain : grain / 3, hit[drawn] ? c.sim : c.mf);
    rim(pen, f.model.get("shape"), c.theory, 2 / side);
  };
  const redraw = () => {
    if (!side) return;
    clear();
    paint();
  };
  const observer = new ResizeObserver(([entry]) => {
    const next = Math.round(entry.contentRect.width * Math.min(2, devicePixelRatio));
    if (!next || next === side) return;
    side = canvas.width = canvas.height = next;
    redraw();
  });
  observer.observe(canvas);
  f.onCleanup(() => observer.disconnect());
  onTheme(f, redraw);
  let spoken = -Infinity;
  return { node: h("div", {}, canvas, key), draw(/** @type {string} */ text) {
    if (known !== game() && side) clear();
    known = game();
    if (side) paint();
    if (performance.now() - spoken < 1000 && f.running) return;
    spoken = performance.now();
    canvas.setAttribute("aria-label", text);
    f.announce(text);
  } };
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {boolean} hit @param {number} r @param {string} color */
function mark(pen, x, y, hit, r, color) {
  pen.fillStyle = pen.strokeStyle = color;
  pen.beginPath();
  if (hit) {
    pen.arc(x, y, r, 0, 2 * Math.PI);
    pen.fill();
    return;
  }
  pen.lineWidth = r * 0.7;
  pen.moveTo(x - r, y - r);
  pen.lineTo(x + r, y + r);
  pen.moveTo(x - r, y + r);
  pen.lineTo(x + r, y - r);
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {Shape} shape @param {string} color @param {number} width */
function rim(pen, shape, color, width) {
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.beginPath();
  if (shape === "quarter") pen.arc(0, 0, 1, 0, Math.PI / 2);
  else {
    for (let k = 0; k <= 360; k++) {
      const angle = (k * Math.PI) / 180;
      const r = PETAL * (1 + WAVE * Math.cos(5 * angle));
      pen.lineTo(0.5 + r * Math.cos(angle), 0.5 + r * Math.sin(angle));
    }
  }
  pen.stroke();
}

/** Errors in log–log, where 1/√N is a straight line. @param {Frame} f @param {HTMLElement} into @param {() => Game} game */
function errorPlot(f, into, game) {
  const power = (/** @type {number} */ v) => `10${superscript(v)}`;
  const p = plot(f, { into, title: t("plotTitle"), height: 300, legend: true, table: false,
    x: { label: t("axisN"), min: 1, max: 5, ticks: [1, 2, 3, 4, 5], format: power },
    y: { label: t("axisError"), min: -5, max: 0, ticks: [-5, -4, -3, -2, -1, 0], format: power } });
  return (/** @type {string} */ text) => {
    const { exact, history } = game();
    const sigma = Math.sqrt(exact * (1 - exact));
    p.line("law", [1, 5].map((x) => [x, Math.log10(sigma) - x / 2]), { kind: "theory", label: t("law") });
    p.points("typical", history.map(({ n, typical }) => [Math.log10(n), Math.log10(typical)]), { kind: "mean_field", r: 2.5, label: t("typical", { n: REPEATS }) });
    p.points("own", history.map(({ n, mean }) => [Math.log10(n), Math.max(-4.95, Math.log10(Math.abs(mean - exact)))]), { label: t("own") });
    p.describe(text);
  };
}

/** @param {Frame} f @param {() => Game} game */
function readouts(f, game) {
  const whole = (/** @type {number} */ v) => String(v);
  const four = (/** @type {number} */ v) => fixed(v, 4);
  const darts = readout(f, { name: "darts", label: t("readDarts"), format: whole, width: 6 });
  const hits = readout(f, { name: "hits", label: t("readHits"), format: whole, width: 6 });
  const bar = (/** @type {number} */ v, /** @type {number} */ scale) =>
    fixed(v, 4) + (game().board.n > 1 && Number.isFinite(v) ? ` ± ${fixed(scale * game().board.error, 4)}` : "");
  const area = readout(f, { name: "estimate", label: t("readArea"), format: (v) => bar(v, 1), width: 15 });
  const pi = readout(f, { name: "four_times", label: t("readPi"), format: (v) => bar(v, 4), width: 15 });
  const exact = readout(f, { name: "exact", label: t("readExact"), format: four, width: 6 });
  return () => {
    const { board, history } = game();
    darts(board.n);
    hits(board.hits);
    area(board.mean);
    pi(f.model.get("shape") === "quarter" ? 4 * board.mean : NaN); // four flowers are nothing in particular
    exact(game().exact);
    f.setReadout("error", board.error);
    f.setReadout("typical", history.at(-1)?.typical ?? NaN);
  };
}

/** What the darts say. @param {Game} game */
function sentence({ board, exact }) {
  const { n, hits, mean, error } = board;
  if (!n) return t("sayNone");
  if (n === 1) return t("sayOne", { mean: fixed(mean, 0) });
  const sigma = Math.abs(mean - exact) / error;
  const values = { n, hits, mean: fixed(mean, 4), error: fixed(error, 4), exact: fixed(exact, 4), sigma: fixed(sigma, 1),
    rare: significant(1 / (1 - erf(sigma / Math.SQRT2)), 1) };
  if (error === 0) return `${t("sayFew", values)} ${t("sayNever")}`;
  const distance = sigma < 2 ? t("sayAgree", values) : n >= ENOUGH ? t("sayFar", values) : "";
  return [t("sayFew", values), distance, t(n < MOST ? "sayHalve" : "sayDone")].filter(Boolean).join(" ");
}

export default { render };
