// A tour through cities that the reader may move: Metropolis's rule at a temperature that is held, falls, or is drawn.

import { Annealer, BRUTE, COOLING, SIDE, cities, distances, geometric, meanLength, race, scheduled, tourCount, tourLength, tourLengths } from "./core/tours.js";
import { CounterRNG } from "./core/rng.js";
import { clock } from "./kit/clock.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h, s, setDisabled } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { sketchLayer } from "./kit/sketch.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { bet, isMade } from "./parts/bet.js";
import { handle, smallTable, takeNearest } from "./parts/handle.js";

const [FEWEST, MOST] = [5, 30];
const HOTTEST = 60;
const NEUTRAL = 10; // temperature in the middle of the colour scale
const PLACES = 31; // of a drawn schedule
const SWEEPS = [20, 50, 100, 200, 500, 1000, 2000];
const LONGEST = 20_000; // sweeps of a run whose temperature is held
const RUNS = 20; // of a race
const SETTLED = 200; // sweeps at one temperature after which their mean is compared with the law's
const UNIT = 4; // of the drawing, for a unit of the map
const DRAWN = 400; // points of a trace
const RESTART = ["map", "count", "seed", "schedule", "sweeps", "drawn"];

const t = strings({
  en: {
    name: "Annealed tour: cities, a temperature, and the way round",
    ask: "Before you press Play: from the same start and with as many tries, who finds the shorter tour?",
    askHow: "Cooling begins hot, where it takes detours, and ends cold. Going only downhill takes a change only if it shortens the tour.",
    betCooling: "Cooling", betDownhill: "Only downhill", betEven: "Both alike", skip: "Just show me",
    map: "The cities and the tour", city: "City {i}", cityWords: "x = {x}, y = {y}",
    help: "Drag a city, or move it by arrow keys. Click the map to add one; Delete takes the chosen one away.",
    add: "Add a city", remove: "Remove the chosen city", another: "Another map", circle: "On a circle",
    schedule: "Temperature over time", hold: "Held", geometric: "Cooling, T to T/100", drawn: "Drawn, T(t)",
    temperature: "Temperature", temperatureWords: "T = {v}: a detour of {v} is taken with probability 0.37", temperatureZero: "T = 0: only downhill",
    sweeps: "Sweeps of a run", sweepsWords: "{v} sweeps", count: "Cities", countWords: "{v} cities",
    traceTitle: "Length against sweep", axisSweep: "sweep", axisLength: "length", now: "this tour", best: "best so far", downhill: "only downhill", exact: "shortest of all", law: "mean by e^(−L/T)",
    heatTitle: "Temperature against sweep", axisT: "temperature T", drawHint: "Draw T(t) here", yours: "your T(t)",
    ready: "Ready-made schedules", slow: "Slow cooling", quench: "Quench", reheat: "Cool twice", clear: "Draw anew",
    race: "{n} runs of each", raceTitle: "Best lengths of {n} runs", colMean: "mean", colBest: "best", colHits: "runs that found the best", rowCooling: "with this schedule", rowDownhill: "only downhill",
    raceAsk: "Bet first: then the race is shown.",
    readSweep: "Sweep", readT: "T", readLength: "Length", readBest: "Best", readDownhill: "Only downhill", readExact: "Shortest of all",
    colCity: "city", colStop: "stop",
    sayStart: "{n} cities have {all} closed tours. This one has the length {length}.",
    sayDraw: "Draw T(t) over the whole width, or take a ready-made schedule; until then T = {T} is held.",
    sayRun: "Sweep {k}: T = {T}, length {length}; the best so far has {best}.",
    sayTaken: "{taken} of {n} tries were taken in the last sweep.",
    sayStuck: "No piece turned round would shorten this tour: a local minimum.",
    sayFound: "The best is the shortest of all {all}.", sayGap: "The shortest of all {all} is {gap} % below the best.",
    sayMean: "Since T was set, the mean length is {met}; all {all} tours, weighed by e^(−L/T), have {law}.",
    sayDone: "Done after {k} sweeps: the best tour has {best}, only downhill {downhill}.",
    sayRight: "You bet right, this time.", sayWrong: "You bet otherwise. One run proves little: race {n} of each.",
    sayUnbet: "What only downhill comes to is shown once you have bet.",
    sayRaceCooling: "Over {n} runs of each, this schedule is shorter on average by {gap} %.", sayRaceDownhill: "Over {n} runs of each, only downhill is shorter on average by {gap} %.",
    sayRaceEven: "Over {n} runs of each, both are alike on average.",
  },
  zh: {
    name: "退火求路线：城市、温度与环路",
    ask: "按“运行”之前：从同一起点出发、尝试次数相同，谁找到的路线更短？",
    askHow: "降温从热开始，允许绕远，最后变冷。只下坡则只接受缩短路线的改动。",
    betCooling: "降温", betDownhill: "只下坡", betEven: "两者相同", skip: "直接看",
    map: "城市与路线", city: "城市 {i}", cityWords: "x = {x}，y = {y}",
    help: "拖动城市，或用方向键移动。点击地图添加一个；按 Delete 删去选中的城市。",
    add: "添加城市", remove: "删去选中的城市", another: "换一张地图", circle: "排成圆圈",
    schedule: "温度随时间", hold: "保持", geometric: "降温，T 到 T/100", drawn: "手绘 T(t)",
    temperature: "温度", temperatureWords: "T = {v}：绕远 {v} 的改动以概率 0.37 被接受", temperatureZero: "T = 0：只下坡",
    sweeps: "一次运行的扫描数", sweepsWords: "{v} 次扫描", count: "城市数", countWords: "{v} 个城市",
    traceTitle: "长度随扫描的变化", axisSweep: "扫描", axisLength: "长度", now: "当前路线", best: "迄今最短", downhill: "只下坡", exact: "全部中最短", law: "按 e^(−L/T) 的平均",
    heatTitle: "温度随扫描的变化", axisT: "温度 T", drawHint: "在这里画出 T(t)", yours: "你的 T(t)",
    ready: "现成的方案", slow: "缓慢冷却", quench: "淬火", reheat: "冷却两次", clear: "重画",
    race: "各运行 {n} 次", raceTitle: "{n} 次运行的最短长度", colMean: "平均", colBest: "最短", colHits: "找到最短者的次数", rowCooling: "按此方案", rowDownhill: "只下坡",
    raceAsk: "请先猜一猜，然后显示比赛结果。",
    readSweep: "扫描", readT: "T", readLength: "长度", readBest: "最短", readDownhill: "只下坡", readExact: "全部中最短",
    colCity: "城市", colStop: "次序",
    sayStart: "{n} 个城市有 {all} 条闭合路线。这一条长 {length}。",
    sayDraw: "请在整个宽度上画出 T(t)，或选一个现成方案；在此之前保持 T = {T}。",
    sayRun: "第 {k} 次扫描：T = {T}，长度 {length}；迄今最短 {best}。",
    sayTaken: "上次扫描的 {n} 次尝试中接受了 {taken} 次。",
    sayStuck: "把任何一段反转都不会更短：这是一个局部极小。",
    sayFound: "它就是全部 {all} 条中最短的。", sayGap: "全部 {all} 条中最短的比它短 {gap}%。",
    sayMean: "自设定 T 以来平均长度为 {met}；全部 {all} 条路线按 e^(−L/T) 加权平均为 {law}。",
    sayDone: "{k} 次扫描后结束：最短路线 {best}，只下坡 {downhill}。",
    sayRight: "这一次你猜对了。", sayWrong: "你猜的不是这样。一次运行说明不了什么：各比 {n} 次吧。",
    sayUnbet: "你猜过之后才显示只下坡的结果。",
    sayRaceCooling: "各运行 {n} 次，按此方案平均短 {gap}%。", sayRaceDownhill: "各运行 {n} 次，只下坡平均短 {gap}%。",
    sayRaceEven: "各运行 {n} 次，两者平均相同。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/tours.js").Place} Place */
/** @typedef {{chosen: number}} Hand */
/** @typedef {ReturnType<Run["now"]>} Now */

/** Straight lines through (part of the run, T). @param {[number, number][]} corners */
const through = (corners) => Array.from({ length: PLACES }, (_, i) => {
  const at = i / (PLACES - 1);
  const k = Math.max(0, corners.findLastIndex(([x]) => x <= at));
  const [[x0, y0], [x1, y1]] = [corners[k], corners[Math.min(k + 1, corners.length - 1)]];
  return Number((x1 > x0 ? y0 + ((y1 - y0) * (at - x0)) / (x1 - x0) : y0).toPrecision(3));
});
const SCHEDULES = {
  slow: through([[0, 30], [0.4, 10], [0.8, 2], [1, 0]]),
  quench: through([[0, 40], [0.1, 0], [1, 0]]),
  reheat: through([[0, 30], [0.4, 2], [0.5, 15], [1, 0]]),
};

/** A tour at some temperature and one that goes only downhill, from the same start. */
class Pair {
  /** @param {Place[]} places @param {number} seed @param {ArrayLike<number>} [tour]  to begin with; 0, 1, 2, … if not given */
  constructor(places, seed, tour = places.map((_, i) => i)) {
    this.places = places;
    this.n = places.length;
    this.d = distances(places);
    this.hot = new Annealer(this.d, new CounterRNG(seed), tour);
    this.down = new Annealer(this.d, new CounterRNG(seed, 1), tour);
    this.traces = [this.hot, this.hot, this.down].map(({ length }) => [length]); // this tour, best so far, only downhill
    this.lengths = this.n <= BRUTE ? tourLengths(this.d, this.n) : null; // of all tours
    this.exact = this.lengths?.reduce((a, b) => Math.min(a, b)) ?? NaN;
    this.since = 0; // sweeps when the temperature was last set
    this.law = { key: "", points: /** @type {[number, number][]} */ ([]) };
    /** @type {ReturnType<typeof race> | null} */
    this.scores = null;
  }
}

/** Both under the settings. */
export class Run {
  /** @param {(name: string) => any} get  of a trait */
  constructor(get) {
    this.get = get;
    this.pair = new Pair(this.places, get("seed"));
  }

  /** @returns {Place[]} */
  get places() {
    const flat = this.get("cities");
    if (!flat.length) return cities(this.get("count"), this.get("map"));
    return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
  }

  /** Begin anew. @param {ArrayLike<number>} [tour] */
  restart(tour) {
    this.pair = new Pair(this.places, this.get("seed"), tour);
  }

  /** The cities lie elsewhere; the tour stays, if it still has all of them. */
  move() {
    this.restart(this.places.length === this.pair.n ? this.pair.hot.tour : undefined);
  }

  get sweeps() {
    return this.pair.traces[0].length - 1;
  }

  /** Whether the temperature follows a schedule. */
  get cooling() {
    return this.get("schedule") === "geometric" || (this.get("schedule") === "drawn" && this.get("drawn").length === PLACES);
  }

  get done() {
    return this.sweeps >= (this.cooling ? this.get("sweeps") : LONGEST);
  }

  /** T of a sweep. @param {number} sweep */
  temperature(sweep) {
    const [T, all] = [this.get("temperature"), this.get("sweeps")];
    if (!this.cooling) return T;
    const k = Math.min(sweep, all - 1);
    return this.get("schedule") === "geometric" ? geometric(k, T, T / COOLING, all) : scheduled(this.get("drawn"), k, all);
  }

  /** Another temperature, for the tour as it is. */
  turn() {
    this.pair.scores = null;
    this.pair.since = this.sweeps;
  }

  /** The mean length of tours in equilibrium at the temperature of each sweep up to `width`; none for too many cities. @param {number} width */
  equilibrium(width) {
    const { lengths, law } = this.pair;
    if (!lengths) return [];
    const key = [width, ...["schedule", "temperature", "sweeps", "drawn"].map(this.get)].join(" ");
    if (law.key !== key) {
      const sweeps = this.cooling ? Array.from({ length: 31 }, (_, k) => (k * width) / 30) : [0, width];
      this.pair.law = { key, points: sweeps.map((k) => [k, meanLength(lengths, this.temperature(Math.round(k)))]) };
    }
    return this.pair.law.points;
  }

  /** @param {number} n */
  step(n) {
    for (let k = 0; k < n && !this.done; k++) {
      const { hot, down, traces } = this.pair;
      hot.sweep(this.temperature(this.sweeps));
      down.sweep(0);
      [hot.length, hot.bestLength, down.length].forEach((length, i) => traces[i].push(length));
    }
  }

  /** Many runs of each kind. */
  race() {
    const { pair } = this;
    pair.scores = race(pair.d, pair.n, (sweep) => this.temperature(sweep), this.get("sweeps"), RUNS, this.get("seed"));
  }

  /** What there is to see. */
  now() {
    const { sweeps, cooling, pair: { hot, down, n, exact, scores, lengths, since, traces } } = this;
    const T = this.temperature(Math.max(0, sweeps - 1));
    return { n, sweeps, T, held: cooling ? 0 : sweeps - since, met: mean(traces[0].slice(since + 1)), law: lengths ? meanLength(lengths, T) : NaN, length: hot.length, best: hot.bestLength, downhill: down.bestLength, exact, scores,
      all: tourCount(n), taken: hot.accepted, stuck: sweeps > 0 && hot.isLocalMinimum, done: this.done, cooling };
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "annealed_tour", label: t("name") });
  /** @type {Hand} */
  const hand = { chosen: 0 };
  const knobs = controls(f);
  const run = new Run((name) => model.get(name));
  const draw = picture(f, run, hand);
  const time = clock(f, {
    step: (n) => run.step(n),
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 15 : 1) * (run.cooling ? Math.max(0.2, model.get("sweeps") / 400) : 0.5),
    done: () => run.done,
    onReset: () => run.restart(),
  });
  button(f, { label: t("race", { n: RUNS }), where: "toolbar", onClick() {
    time.pause();
    run.race();
    draw();
  } });
  for (const name of RESTART) f.watch(name, () => time.reset());
  f.watch("cities", () => {
    run.move();
    draw();
  });
  f.watch("temperature", () => {
    run.turn();
    if (run.cooling) time.reset();
    else draw();
  });
  f.watch("schedule", knobs.show);
  f.watch("drawn", knobs.show);
  f.watch("prediction", draw);
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const { model } = f;
  const top = h("div", { class: "xp-at-top" });
  f.root.insertBefore(top, f.stage);
  choice(f, { trait: "schedule", label: t("schedule"), into: top, options: ["hold", "geometric", "drawn"].map((value) => ({ value, label: t(value) })) });
  const heat = slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: 0, max: HOTTEST, step: 0.5, exact: false, temperature: { neutral: NEUTRAL },
    words: (v) => t(v > 0 ? "temperatureWords" : "temperatureZero", { v: significant(v, 3) }) });
  slider(f, { trait: "sweeps", label: t("sweeps"), min: 20, max: 2000, stops: SWEEPS, words: (v) => t("sweepsWords", { v }) });
  f.share("sweeps", (v) => Number.isInteger(v) && v >= 20 && v <= 2000);
  slider(f, { trait: "count", label: t("count"), min: FEWEST, max: MOST, step: 1, words: (v) => t("countWords", { v }),
    onInput: (_, { user }) => void (user && model.get("cities").length && f.assign({ cities: [] })) });
  f.share("map", (v) => Number.isInteger(v) && v >= 0 && v <= 999);
  f.share("cities", (v) => v.length % 2 === 0 && v.length >= 2 * FEWEST && v.length <= 2 * MOST && v.every((/** @type {number} */ one) => one >= 0 && one <= SIDE));
  f.share("drawn", (v) => v.length === PLACES && v.every((/** @type {number} */ one) => one >= 0 && one <= HOTTEST));
  seedBox(f);
  const show = () => void (heat.node.hidden = model.get("schedule") === "drawn" && model.get("drawn").length > 0);
  show();
  return { show };
}

/** @param {Frame} f @param {Run} run @param {Hand} hand */
function picture(f, run, hand) {
  f.stage.classList.add("xp-at");
  const [left, right] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  const card = question(f);
  f.stage.append(left, right, caption);
  const map = mapOf(f, left, run, hand);
  const trace = tracePlot(f, right, run);
  const heat = heatPlot(f, right, run);
  const table = smallTable(t("raceTitle", { n: RUNS }), ["", t("colMean"), t("colBest"), t("colHits")], [t("rowCooling"), t("rowDownhill")]);
  const show = readouts(f, run);
  return () => {
    const now = run.now();
    const text = sentence(now, f.model.get("prediction"), f.model.get("schedule") === "drawn");
    card.show();
    map(text);
    trace(now, text);
    heat(now);
    if (now.scores && isMade(f)) {
      table.fill(scoreRows(now.scores));
      if (!table.node.isConnected) f.readouts.after(table.node);
    } else table.node.remove();
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now);
  };
}

/** @param {NonNullable<Now["scores"]>} scores */
function scoreRows({ cooled, downhill }) {
  const best = Math.min(...cooled, ...downhill);
  return [cooled, downhill].map((all) => [fixed(mean(all), 1), fixed(Math.min(...all), 1), String(all.filter((v) => v < best + 1e-6).length)]);
}

/** @param {number[]} all */
const mean = (all) => all.reduce((sum, v) => sum + v, 0) / all.length;

/** The bet, until it is made. @param {Frame} f */
function question(f) {
  return bet(f, { ask: t("ask"), how: t("askHow"), answers: [["cooling", t("betCooling")], ["downhill", t("betDownhill")], ["even", t("betEven")], ["skipped", t("skip")]],
    // Whoever bets on cooling wants to see it; a temperature that the reader has set stays.
    also: () => (f.model.get("schedule") === "hold" ? { schedule: "geometric" } : {}) });
}

// ------------------------------------------------------------------------------------------------------------ map

/** @param {Frame} f @param {HTMLElement} into @param {Run} run @param {Hand} hand */
function mapOf(f, into, run, hand) {
  const size = UNIT * SIDE;
  const [best, tour] = ["xp-at-best", "xp-at-tour"].map((name) => s("path", { class: name }));
  const sheet = s("rect", { class: "xp-at-sheet", width: size, height: size });
  const layer = s("g");
  const svg = s("svg", { class: "xp-at-map", viewBox: `0 0 ${size} ${size}`, role: "group", "aria-label": t("map") }, sheet, best, tour, layer);
  const row = h("div", { class: "xp-bet-row" });
  into.append(svg, h("p", { class: "xp-help" }, t("help")), row);
  const change = (/** @type {Place[]} */ places) => f.assign({ cities: places.flat(), count: places.length });
  const edit = editing(run, hand, change);
  const grips = handles(f, svg, layer, hand, run, edit);
  sheet.addEventListener("click", (event) => {
    const box = sheet.getBoundingClientRect();
    edit.add(((event.clientX - box.left) / box.width) * SIDE, (1 - (event.clientY - box.top) / box.height) * SIDE);
    grips.focus();
  }, { signal: f.signal });
  const [add, remove] = [["add", () => edit.add(...emptiest(run.places))], ["remove", () => edit.remove()]].map(([key, onClick]) =>
    button(f, { label: t(/** @type {string} */ (key)), into: row, onClick: /** @type {() => void} */ (onClick) }));
  button(f, { label: t("another"), into: row, onClick: () => f.assign({ map: (f.model.get("map") + 1) % 1000, cities: [] }) });
  button(f, { label: t("circle"), into: row, onClick: () => change(circle(run.pair.n)) });
  f.addTable(() => ({ caption: t("map"), columns: [t("colCity"), "x", "y", t("colStop")],
    rows: run.places.map(([x, y], i) => [i + 1, x, y, run.pair.hot.tour.indexOf(i) + 1]) }));
  return (/** @type {string} */ text) => {
    const { places, hot } = run.pair;
    hand.chosen = Math.min(hand.chosen, places.length - 1);
    tour.setAttribute("d", way(places, hot.tour));
    best.setAttribute("d", hot.length > hot.bestLength + 1e-9 ? way(places, hot.best) : "");
    svg.setAttribute("aria-label", `${t("map")}. ${text}`);
    grips.place(places);
    setDisabled(add, places.length >= MOST);
    setDisabled(remove, places.length <= FEWEST);
    f.tableChanged();
  };
}

/** In the units of the drawing. @param {Place} place @returns {Place} */
const onMap = ([x, y]) => [UNIT * x, UNIT * (SIDE - y)];

/** @param {Place[]} places @param {ArrayLike<number>} tour */
const way = (places, tour) => `M${Array.from(tour, (i) => onMap(places[i]).map((v) => v.toFixed(1)).join(" ")).join("L")}Z`;

/** @param {number} v */
const kept = (v) => Number(Math.min(SIDE, Math.max(0, v)).toFixed(1));

/** Changes of the cities. @param {Run} run @param {Hand} hand @param {(places: Place[]) => void} change */
function editing(run, hand, change) {
  return {
    /** @param {number} i @param {number} x @param {number} y */
    put: (i, x, y) => change(run.places.map((place, k) => (k === i ? [kept(x), kept(y)] : place))),
    /** @param {number} x @param {number} y */
    add(x, y) {
      if (run.places.length >= MOST) return;
      hand.chosen = run.places.length;
      change([...run.places, [kept(x), kept(y)]]);
    },
    remove() {
      if (run.places.length > FEWEST) change(run.places.filter((_, k) => k !== hand.chosen));
    },
  };
}

/** A place for each city there may be; those without one are not there. @param {Frame} f @param {SVGSVGElement} svg @param {SVGGElement} layer
 *  @param {Hand} hand @param {Run} run @param {ReturnType<typeof editing>} edit */
function handles(f, svg, layer, hand, run, edit) {
  const mark = () => all.forEach(({ node }, k) => node.classList.toggle("xp-chosen", k === hand.chosen));
  const all = Array.from({ length: MOST }, (_, i) => {
    const grip = handle(f, svg, layer, { label: t("city", { i: i + 1 }), shape: "xp-at-city",
      onMove: (x, y) => edit.put(i, x / UNIT, SIDE - y / UNIT),
      onKey: (right, up) => edit.put(i, run.places[i][0] + 2 * right, run.places[i][1] + 2 * up) });
    const choose = () => {
      hand.chosen = i;
      mark();
    };
    for (const type of ["focus", "pointerdown"]) grip.node.addEventListener(type, choose, { signal: f.signal });
    grip.node.addEventListener("keydown", (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      edit.remove();
      all[Math.min(hand.chosen, run.places.length - 1)].node.focus();
    }, { signal: f.signal });
    return grip;
  });
  takeNearest(f, svg, layer, all);
  return {
    focus: () => all[hand.chosen]?.node.focus({ preventScroll: true }),
    place(/** @type {Place[]} */ places) {
      all.forEach((grip, i) => {
        const place = places[i];
        grip.node.style.display = place ? "" : "none";
        grip.node.setAttribute("tabindex", place ? "0" : "-1");
        if (!place) return;
        grip.place(...onMap(place));
        grip.say(place[0], t("cityWords", { x: fixed(place[0], 0), y: fixed(place[1], 0) }), [0, SIDE]);
      });
      mark();
    },
  };
}

/** The place farthest from all cities, on a coarse grid. @param {Place[]} places @returns {Place} */
export function emptiest(places) {
  const gap = (/** @type {number} */ x, /** @type {number} */ y) => Math.min(...places.map(([a, b]) => Math.hypot(a - x, b - y)));
  const grid = Array.from({ length: 19 * 19 }, (_, k) => /** @type {Place} */ ([5 + 5 * (k % 19), 5 + 5 * Math.floor(k / 19)]));
  return grid.reduce((best, one) => (gap(...one) > gap(...best) ? one : best));
}

/** Cities whose shortest tour everybody sees, in an order that hides it. @param {number} n @returns {Place[]} */
export function circle(n) {
  const turn = n % 7 ? 7 : 5; // has no factor in common with n
  return Array.from({ length: n }, (_, i) => {
    const angle = (2 * Math.PI * ((turn * i) % n)) / n;
    return [kept(50 + 40 * Math.sin(angle)), kept(50 + 40 * Math.cos(angle))];
  });
}

// ---------------------------------------------------------------------------------------------------------- plots

/** @param {Frame} f @param {HTMLElement} into @param {Run} run */
function tracePlot(f, into, run) {
  const p = plot(f, { into, title: t("traceTitle"), height: 230, legend: true, x: { label: t("axisSweep"), min: 0, max: 200 }, y: { label: t("axisLength"), min: 0, max: 600 } });
  return (/** @type {Now} */ now, /** @type {string} */ text) => {
    const [width, height] = [longest(run), 200 * Math.ceil(Math.max(...run.pair.traces.map((trace) => trace.reduce((a, b) => Math.max(a, b)))) / 190)];
    if (p.x.max !== width || p.y.max !== height) p.axes({ x: { max: width }, y: { max: height } });
    const points = run.pair.traces.map((trace) => {
      const every = Math.max(1, Math.ceil(trace.length / DRAWN));
      return trace.map((v, k) => [k, v]).filter(([k]) => k % every === 0 || k === trace.length - 1);
    });
    p.line("downhill", isMade(f) ? points[2] : [], { kind: "mean_field", label: t("downhill") });
    p.line("now", points[0], { label: t("now") });
    p.line("best", points[1], { kind: "reader", label: t("best") });
    p.line("exact", isMade(f) && now.exact > 0 ? [[0, now.exact], [width, now.exact]] : [], { kind: "muted", label: t("exact") });
    p.line("law", isMade(f) ? run.equilibrium(width) : [], { kind: "theory", label: t("law") });
    p.describe(text);
  };
}

/** Sweeps on the axes. @param {Run} run */
function longest(run) {
  const least = run.get("sweeps");
  return run.cooling ? least : [least, ...SWEEPS, 5000, 10_000, LONGEST].find((v) => v >= Math.max(least, run.sweeps)) ?? LONGEST;
}

/** T against the sweep: as the settings make it, or to be drawn. @param {Frame} f @param {HTMLElement} into @param {Run} run */
function heatPlot(f, into, run) {
  const place = h("div");
  into.append(place);
  const [given, own] = [lawPlot(f), drawnPlot(f)];
  return (/** @type {Now} */ now) => {
    const { p, node } = f.model.get("schedule") === "drawn" ? own : given;
    if (node.parentNode !== place) place.replaceChildren(node);
    const width = longest(run);
    if (p.x.max !== width) p.axes({ x: { max: width } });
    const law = Array.from({ length: 61 }, (_, k) => [(k * width) / 60, run.temperature(Math.round((k * width) / 60))]);
    given.p.line("T", p === given.p ? law : [], { kind: "theory" });
    p.vline("now", now.sweeps);
    p.describe(law.filter((_, k) => k % 12 === 0).map(([k, T]) => `${fixed(k, 0)}: T = ${significant(T, 2)}`).join(", "));
  };
}

/** @param {HTMLElement} into @param {Frame} f */
const axes = (into, f) => plot(f, { into, title: t("heatTitle"), height: 180, legend: true, x: { label: t("axisSweep"), min: 0, max: 200 }, y: { label: t("axisT"), min: 0, max: HOTTEST, ticks: [0, 20, 40, 60] } });

/** @param {Frame} f */
function lawPlot(f) {
  const node = h("div");
  return { node, p: axes(node, f) };
}

/** A plot to draw in, and ready-made schedules. @param {Frame} f */
function drawnPlot(f) {
  const { model } = f;
  const doors = h("div", { class: "xp-bet-row" });
  const node = h("div", {}, doors);
  const p = axes(node, f);
  const layer = sketchLayer(p, { n: PLACES, label: t("yours"), hint: t("drawHint"), start: model.get("drawn"), onChange() {
    if (layer.complete) f.assign({ drawn: layer.values.map(tidy) });
  } });
  presets(f, Object.entries(SCHEDULES).map(([key, drawn]) => ({ label: t(key), set: { drawn } })), { into: doors, label: t("ready") });
  button(f, { label: t("clear"), into: doors, onClick() {
    f.assign({ drawn: [] });
    layer.clear();
  } });
  f.watch("drawn", (/** @type {number[]} */ values) => {
    if (!values.every((v, i) => v === tidy(layer.values[i])) || (!values.length && layer.complete)) layer.set(values);
  });
  return { node, p };
}

/** @param {number} v */
const tidy = (v) => Number(v.toPrecision(3));

// ---------------------------------------------------------------------------------------------------------- words

/** How the run stands, in a few sentences. @param {Now} now @param {string} bet @param {boolean} drawing */
export function sentence(now, bet, drawing) {
  const { n, sweeps, T, length, best, downhill, exact, all, taken, scores, held, met, law } = now;
  const values = { n, k: sweeps, T: significant(T, 2), length: fixed(length, 1), best: fixed(best, 1), downhill: fixed(downhill, 1), all: all < 1e7 ? String(all) : significant(all, 3), taken, met: fixed(met, 1), law: fixed(law, 1) };
  const said = [];
  if (drawing && !now.cooling && !sweeps) said.push(t("sayDraw", values));
  if (now.done && bet) said.push(t("sayDone", values), verdict(now, bet));
  else said.push(t(sweeps ? "sayRun" : "sayStart", values));
  if (now.stuck && T < 1) said.push(t("sayStuck"));
  else if (sweeps && !now.done) said.push(t("sayTaken", values));
  if (bet && held >= SETTLED && law > 0) said.push(t("sayMean", values));
  if (sweeps && exact > 0 && bet) {
    const gap = 100 * (1 - exact / best);
    said.push(gap < 1e-6 ? t("sayFound", values) : t("sayGap", { ...values, gap: significant(gap, 2) }));
  }
  if (scores) said.push(bet ? raced(scores) : t("raceAsk"));
  else if (sweeps && !bet) said.push(t("sayUnbet"));
  return said.filter(Boolean).join(" ");
}

/** @param {Now} now @param {string} bet */
function verdict({ best, downhill }, bet) {
  if (bet === "skipped") return "";
  const winner = Math.abs(best - downhill) < 1e-6 ? "even" : best < downhill ? "cooling" : "downhill";
  return t(bet === winner ? "sayRight" : "sayWrong", { n: RUNS });
}

/** @param {NonNullable<Now["scores"]>} scores */
function raced({ cooled, downhill }) {
  const [a, b] = [mean(cooled), mean(downhill)];
  const values = { n: cooled.length, gap: significant(100 * Math.abs(1 - Math.min(a, b) / Math.max(a, b)), 2) };
  return t(Math.abs(a - b) < 1e-6 ? "sayRaceEven" : a < b ? "sayRaceCooling" : "sayRaceDownhill", values);
}

/** @param {Frame} f @param {Run} run */
function readouts(f, run) {
  const one = (/** @type {number} */ v) => fixed(v, 1);
  const make = (/** @type {string} */ name, /** @type {string} */ label, /** @type {(v: number) => string} */ format, width = 6) => readout(f, { name, label: t(label), format, width });
  const sweep = make("sweep", "readSweep", String, 5);
  const heat = make("temperature", "readT", (v) => significant(v, 3), 5);
  const length = make("length", "readLength", one);
  const best = make("best", "readBest", one);
  const downhill = make("downhill", "readDownhill", one);
  const exact = make("exact", "readExact", one);
  return (/** @type {Now} */ now) => {
    sweep(now.sweeps);
    heat(now.T);
    length(now.length);
    best(now.best);
    downhill(isMade(f) ? now.downhill : NaN);
    exact(isMade(f) ? now.exact : NaN);
    f.setReadout("cities", now.n);
    f.setReadout("mean", now.met);
    f.setReadout("mean_law", isMade(f) ? now.law : NaN);
    f.setReadout("taken", now.taken);
    f.setReadout("tour", run.pair.hot.tour.join(" "));
    f.setReadout("best_tour", run.pair.hot.best.join(" "));
    f.setReadout("best_length", tourLength(run.pair.d, run.pair.hot.best));
    f.setReadout("race_cooled", now.scores && isMade(f) ? mean(now.scores.cooled) : NaN);
    f.setReadout("race_downhill", now.scores && isMade(f) ? mean(now.scores.downhill) : NaN);
  };
}

export default { render };
