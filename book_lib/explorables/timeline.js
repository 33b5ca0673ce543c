// Language models by date and by parameters on a logarithmic scale; any two of them can be compared.

import { counted, doublingOf, floorOf, lastOf, monthsBetween, placeNames, ratioOf, yearOf } from "./core/timeline.js";
import { choice } from "./kit/controls.js";
import { h, s, setAttributes, uniqueId } from "./kit/dom.js";
import { significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { bet, isMade } from "./parts/bet.js";

const LETTER = 6.7; // px, about the width of one
const RING = 14; // px from a point with a ring to its name
const TRAITS = ["models", "chosen", "base", "count", "weights", "prediction"];
const WEIGHTS = /** @type {const} */ (["open", "on request", "closed"]);
/** Shapes of r = 5: a circle, a diamond, a square. */
const SHAPES = { open: "M5 0a5 5 0 1 1 -10 0a5 5 0 1 1 10 0Z", "on request": "M0 -6.5L6.5 0L0 6.5L-6.5 0Z", closed: "M-4.8 -4.8h9.6v9.6h-9.6Z" };

const t = strings({
  en: {
    name: "Language models by date and size",
    ask: "How many times as many parameters has {one} as {base}?", askHow: "Read it off the picture first: each line across is ten times the one below.",
    times: "about {v} times", skip: "Just show me",
    chosen: "Model", base: "Compared with", count: "Parameters", allSize: "all", activeSize: "active for a token", weights: "Stand out", all: "all", notClosed: "not closed", open: "open weights", closed: "closed weights", "on request": "weights on request",
    plane: "Models", axisDate: "date of the source", axisSize: "parameters", untold: "size not told", models: "Models: left and right go by date, up and down by size, Enter compares others with the one that is chosen",
    help: "Press a point, or use the arrow keys: left and right by date, up and down by size. Press it again, or Enter, to compare others with it.",
    say: "{name}{maker}, {date}: {size} parameters, {weights}. Source: {source}.", sayUntold: "{name}{maker}, {date}: its source does not tell its size; {weights}. Source: {source}.",
    by: " of {maker}", sayActive: "{active} of them are active for a token.", sayActiveOnly: "Counting what is active for a token:", sayMemory: "This row is from memory and has not been compared with the source.", remark: "Remark: {remark}.",
    ratio: "{one} has {ratio} times the parameters of {base}, {months} months later.", ratioEarlier: "{one} has {ratio} times the parameters of {base}, and came {months} months earlier.", ratioSame: "{one} has {ratio} times the parameters of {base}, of the same day.",
    doubling: "From the one to the other sizes doubled every {months} months.", noRatio: "No ratio to {base}: a size was not told.", itself: "Others are compared with it now.",
    right: "You bet right: {one} has {ratio} times the parameters of {base}.", wrong: "You bet on about {bet} times; {one} has {ratio} times the parameters of {base}.",
    trillion: "{v} trillion", billion: "{v} billion", million: "{v} million", trillionUnit: "1e12", billionUnit: "1e9", millionUnit: "1e6",
    readRatio: "Ratio", readMonths: "Months between", readDoubling: "Doubling, months", readSize: "Parameters",
    colName: "model", colMaker: "maker", colDate: "date", colSize: "parameters", colActive: "active for a token", colWeights: "weights", colSource: "source", colChecked: "looked up", yes: "yes", no: "from memory",
  },
  zh: {
    name: "语言模型的日期与规模",
    ask: "{one} 的参数是 {base} 的多少倍？", askHow: "先从图上读出：每条横线是下面一条的十倍。",
    times: "约 {v} 倍", skip: "直接展示",
    chosen: "模型", base: "比较对象", count: "参数", allSize: "全部", activeSize: "每词元所用", weights: "突出显示", all: "全部", notClosed: "非封闭", open: "开放权重", closed: "封闭权重", "on request": "权重需申请",
    plane: "模型", axisDate: "来源日期", axisSize: "参数个数", untold: "规模未公布", models: "模型：左右键按日期移动，上下键按规模移动，回车键设为比较对象",
    help: "点按一个点，或使用方向键：左右按日期，上下按规模。再按一次或按回车键，其他模型就与它比较。",
    say: "{name}{maker}，{date}：{size}个参数，{weights}。来源：{source}。", sayUntold: "{name}{maker}，{date}：来源没有公布规模；{weights}。来源：{source}。",
    by: "（{maker}）", sayActive: "其中 {active}个用于处理一个词元。", sayActiveOnly: "只计每词元所用的参数：", sayMemory: "这一行凭记忆写成，尚未与来源核对。", remark: "备注：{remark}。",
    ratio: "{one} 的参数是 {base} 的 {ratio} 倍，晚 {months} 个月。", ratioEarlier: "{one} 的参数是 {base} 的 {ratio} 倍，早 {months} 个月。", ratioSame: "{one} 的参数是 {base} 的 {ratio} 倍，日期相同。",
    doubling: "从一个到另一个，规模每 {months} 个月翻一番。", noRatio: "无法与 {base} 相比：有一方的规模没有公布。", itself: "现在其他模型与它比较。",
    right: "你猜对了：{one} 的参数是 {base} 的 {ratio} 倍。", wrong: "你猜的是约 {bet} 倍；{one} 的参数是 {base} 的 {ratio} 倍。",
    trillion: "{v} 万亿", billion: "{v} 亿", million: "{v} 万", trillionUnit: "1e12", billionUnit: "1e8", millionUnit: "1e4",
    readRatio: "倍数", readMonths: "相隔月数", readDoubling: "翻番月数", readSize: "参数",
    colName: "模型", colMaker: "开发者", colDate: "日期", colSize: "参数", colActive: "每词元所用", colWeights: "权重", colSource: "来源", colChecked: "是否核对", yes: "已核对", no: "凭记忆",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */
/** @typedef {import("./core/timeline.js").Listed} Listed */
/** @typedef {ReturnType<typeof stateOf>} State */
/** @typedef {{one: Listed, base: Listed, ratio: number}} Pair */

/** @param {(name: string) => any} get */
export function stateOf(get) {
  /** @type {Listed[]} */
  const all = get("models");
  const models = counted(all, get("count"));
  const find = (/** @type {string} */ name) => models.find((one) => one.name === name) ?? models[0];
  const [one, base] = [find(get("chosen")), find(get("base"))];
  return { models, whole: all[models.indexOf(one)], one, base, ratio: ratioOf(one, base), months: monthsBetween(base, one), doubling: doublingOf(one, base), shown: get("weights"), count: get("count"), bet: get("prediction") };
}

/** 175 billion. @param {number} n */
export function worded(n) {
  const unit = ["trillion", "billion", "million"].find((name) => n >= Number(t(`${name}Unit`))) ?? "million";
  return t(unit, { v: significant(n / Number(t(`${unit}Unit`)), 4) });
}

/** @param {number} ratio */
const timesOf = (ratio) => significant(ratio, ratio >= 100 ? 4 : 3);

/** What the three answers say: the ratio, and two steps on the way to it. @param {number} ratio */
const answersOf = (ratio) => ({ few: ratio ** (1 / 3), some: ratio ** (2 / 3), many: ratio });

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "timeline", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  const first = stateOf((name) => (name === "count" ? "all" : get(name)));
  /** What is asked about stays the pair that the page began with. @type {Pair | null} */
  const asked = first.ratio !== null && first.ratio > 1 ? { one: first.one, base: first.base, ratio: first.ratio } : null;
  const card = asked && question(f, asked);
  controls(f, first.models);
  const draw = picture(f);
  const update = () => {
    card?.show();
    draw(stateOf(get), asked, !asked || isMade(f));
  };
  for (const trait of TRAITS) f.watch(trait, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {Pair} asked */
function question(f, { one, base, ratio }) {
  const answers = Object.entries(answersOf(ratio)).map(([key, v]) => /** @type {[string, string]} */ ([key, t("times", { v: significant(v, 2) })]));
  return bet(f, { ask: t("ask", { one: one.name, base: base.name }), how: t("askHow"), answers: [...answers, ["skipped", t("skip")]] });
}

/** @param {Frame} f @param {Listed[]} models */
function controls(f, models) {
  const options = models.map(({ name }) => ({ value: name, label: name }));
  choice(f, { trait: "chosen", label: t("chosen"), options, menu: true });
  choice(f, { trait: "base", label: t("base"), options, menu: true });
  if (models.some(({ active }) => active)) choice(f, { trait: "count", label: t("count"), options: ["all", "active"].map((value) => ({ value, label: t(`${value}Size`) })) });
  const asked = models.some(({ weights }) => weights === "on request"); // these stand out with the open ones
  const kinds = ["all", "open", "closed"].map((value) => ({ value, label: t(value === "open" && asked ? "notClosed" : value) }));
  choice(f, { trait: "weights", label: t("weights"), options: kinds });
}

/** @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-tl");
  /** @type {Listed[]} */
  const models = f.model.get("models");
  const map = plane(f, models);
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(legend(models), h("p", { class: "xp-help" }, t("help")), caption);
  f.addTable(() => table(models));
  const numbers = readouts(f);
  return (/** @type {State} */ state, /** @type {Pair | null} */ asked, /** @type {boolean} */ open) => {
    map(state);
    const text = sentence(state, asked, open);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    numbers(state, open);
  };
}

/** The shapes that there are, with their meaning. @param {Listed[]} models */
function legend(models) {
  const kinds = WEIGHTS.filter((kind) => models.some(({ weights }) => weights === kind));
  return h("div", { class: "xp-legend" }, ...kinds.map((kind) => h("span", {},
    s("svg", { width: 16, height: 16, viewBox: "-8 -8 16 16", "aria-hidden": "true" }, s("path", { class: "xp-tl-mark", d: SHAPES[kind], "data-weights": kind })), t(kind))));
}

/** Dates across, sizes up, and a strip below for sizes that nobody told; returns what draws it. @param {Frame} f @param {Listed[]} models */
function plane(f, models) {
  const floor = floorOf(counted(models, "active")); // both ways of counting fit
  const top = Math.log10(Math.max(10 ** (floor + 1), ...models.map(({ parameters }) => parameters ?? 0)));
  const years = models.map(({ date }) => yearOf(date));
  const x = { label: t("axisDate"), min: Math.floor(Math.min(...years)), max: lastOf(years), format: String };
  const y = { label: t("axisSize"), min: floor - 0.9, max: top + 0.35, ticks: Array.from({ length: Math.floor(top + 0.35) - floor + 1 }, (_, i) => floor + i), format: (/** @type {number} */ k) => `10${superscript(k)}` };
  const ticks = Array.from({ length: Math.floor(x.max) - x.min + 1 }, (_, i) => x.min + i);
  const p = plot(f, { x: { ...x, ticks: ticks.filter((_, i) => i % Math.ceil(ticks.length / 12) === 0) }, y, height: 380, title: t("plane"), table: false, legend: true });
  p.svg.setAttribute("role", "group"); // it holds places that can be chosen, which an image must not
  p.hline("floor", floor, { kind: "muted" });
  const at = (/** @type {Listed} */ one) => [yearOf(one.date), one.parameters ? Math.log10(one.parameters) : floor - 0.45];
  /** @type {State | null} */
  let current = null;
  const all = dots(f, p, models, (i) => at((current?.models ?? models)[i]));
  const names = () => {
    if (current) label(p, current, all.where, floor);
  };
  p.onLayout(() => {
    all.place();
    names();
  });
  return (/** @type {State} */ state) => {
    current = state;
    const { one, base, ratio } = state;
    p.line("pair", ratio === null || one === base ? [] : [at(base), at(one)], { kind: "theory", dash: true });
    all.show(state);
    all.place();
    names();
    p.describe(`${one.name}, ${base.name}`);
  };
}

/** Names beside their points, the two that are compared first; and what the strip below holds. @param {Plot} p @param {State} state @param {(i: number) => number[]} where @param {number} floor */
function label(p, { models, one, base, shown }, where, floor) {
  const order = [...new Set([one, base, ...models.filter((m) => stands(m, shown))])];
  const points = order.map((m) => ({ x: where(models.indexOf(m))[0], y: where(models.indexOf(m))[1], width: LETTER * m.name.length, gap: m === one || m === base ? RING : undefined }));
  const box = { left: p.scale.x(p.x.min), right: p.scale.x(p.x.max) + 12, top: p.scale.y(p.y.max) - 6, bottom: p.scale.y(p.y.min) };
  const untold = models.some(({ parameters }) => !parameters);
  const strip = untold ? [s("text", { class: "xp-tl-strip", x: box.left + 4, y: p.scale.y(floor) + 13 }, t("untold"))] : [];
  const texts = placeNames(points, box).flatMap((place, i) => (place ? [s("text", { class: i < 2 ? "xp-tl-name xp-tl-pair" : "xp-tl-name", x: place.x, y: place.y + 4 }, order[i].name)] : []));
  p.layer("names", { clip: false }).replaceChildren(...strip, ...texts);
}

/** @param {Listed} one @param {string} shown */
const stands = ({ weights }, shown) => shown === "all" || (shown === "closed") === (weights === "closed");

/** The points: one list with one stop for Tab, which arrow keys walk through. @param {Frame} f @param {Plot} p @param {Listed[]} models @param {(i: number) => number[]} at */
function dots(f, p, models, at) {
  const list = s("g", { class: "xp-tl-list", role: "listbox", tabindex: 0, "aria-label": t("models") });
  p.layer("models", { clip: false, keep: true }).append(list);
  const nodes = models.map((one) => s("g", { class: "xp-tl-point", role: "option", id: uniqueId("model"), "aria-label": spoken(one) },
    s("circle", { class: "xp-handle-target", r: 14 }), s("path", { class: "xp-tl-ring", d: "M10 0a10 10 0 1 1 -20 0a10 10 0 1 1 20 0Z" }),
    s("path", { class: "xp-tl-mark", d: SHAPES[one.weights], "data-weights": one.weights })));
  list.append(...nodes);
  const where = (/** @type {number} */ i) => [p.scale.x(at(i)[0]), p.scale.y(at(i)[1])];
  list.addEventListener("keydown", (event) => key(f, models, event), { signal: f.signal });
  press(f, p, models, where);
  return {
    where,
    place: () => nodes.forEach((node, i) => node.setAttribute("transform", `translate(${where(i).map((v) => v.toFixed(1)).join(" ")})`)),
    show: (/** @type {State} */ { models: now, one, base, shown }) => nodes.forEach((node, i) => {
      const chosen = now[i] === one;
      if (chosen) list.setAttribute("aria-activedescendant", node.id);
      setAttributes(node, { "aria-selected": String(chosen), "data-base": now[i] === base });
      node.classList.toggle("xp-tl-off", !stands(models[i], shown));
    }),
  };
}

/** The place of the next model by size, or the last one in that way. @param {Listed[]} models @param {number} i @param {1 | -1} way */
function bySize(models, i, way) {
  const order = models.map((_, k) => k).sort((a, b) => (models[a].parameters ?? 0) - (models[b].parameters ?? 0) || a - b);
  return order[Math.min(order.length - 1, Math.max(0, order.indexOf(i) + way))];
}

/** Left and right by date, up and down by size. @param {Frame} f @param {Listed[]} models @param {KeyboardEvent} event */
function key(f, models, event) {
  const [i, last] = [models.findIndex(({ name }) => name === f.model.get("chosen")), models.length - 1];
  const to = { ArrowRight: Math.min(last, i + 1), ArrowLeft: Math.max(0, i - 1), ArrowUp: bySize(models, i, 1), ArrowDown: bySize(models, i, -1), Home: 0, End: last }[event.key];
  if (to !== undefined) f.assign({ chosen: models[to].name });
  else if (event.key === "Enter" || event.key === " ") f.assign({ base: models[i].name });
  else return;
  event.preventDefault();
}

/** A press takes the nearest point; pressed again, it becomes what others are compared with. @param {Frame} f @param {Plot} p @param {Listed[]} models @param {(i: number) => number[]} where */
function press(f, p, models, where) {
  p.svg.addEventListener("click", (event) => {
    const matrix = p.svg.getScreenCTM();
    if (!matrix) return;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const far = models.map((_, i) => Math.hypot(where(i)[0] - x, where(i)[1] - y));
    const { name } = models[far.indexOf(Math.min(...far))];
    f.assign(name === f.model.get("chosen") ? { base: name } : { chosen: name });
  }, { signal: f.signal });
}

/** @param {Listed} one */
const spoken = (one) => [one.name, one.date, one.parameters ? worded(one.parameters) : t("untold"), t(one.weights)].join(", ");

/** What there is to see, in a few sentences. @param {State} state @param {Pair | null} asked @param {boolean} open  whether ratios may be told */
export function sentence({ whole, one, base, ratio, months, doubling, count, bet: guess }, asked, open) {
  const facts = { name: one.name, maker: one.maker ? t("by", { maker: one.maker }) : "", date: one.date, weights: t(one.weights), source: one.source, size: whole.parameters ? worded(whole.parameters) : "" };
  const parts = [t(one.parameters ? "say" : "sayUntold", facts)];
  if (one.active) parts.push(t("sayActive", { active: worded(one.active) }));
  if (!one.checked) parts.push(t("sayMemory"));
  if (one.remark) parts.push(t("remark", { remark: one.remark }));
  if (!open) return parts.join(" ");
  if (count === "active") parts.push(t("sayActiveOnly"));
  const values = { one: one.name, base: base.name, ratio: ratio === null ? "" : timesOf(ratio), months: significant(Math.abs(months), 3) };
  if (one === base) parts.push(t("itself"));
  else if (ratio === null) parts.push(t("noRatio", values));
  else parts.push(t(months > 0 ? "ratio" : months < 0 ? "ratioEarlier" : "ratioSame", values));
  if (doubling !== null) parts.push(t("doubling", { months: significant(doubling, 2) }));
  return [...parts, ...verdict(asked, guess)].join(" ");
}

/** @param {Pair | null} asked @param {string} guess */
function verdict(asked, guess) {
  if (!asked || guess === "" || guess === "skipped") return [];
  const said = answersOf(asked.ratio)[/** @type {"few" | "some" | "many"} */ (guess)];
  const values = { one: asked.one.name, base: asked.base.name, ratio: timesOf(asked.ratio), bet: significant(said, 2) };
  return [guess === "many" ? t("right", { one: values.one, base: values.base, ratio: values.ratio }) : t("wrong", values)];
}

/** @param {Listed[]} models */
function table(models) {
  const rows = models.map((one) => [one.name, one.maker, one.date, one.parameters ?? t("untold"), one.active, t(one.weights), one.source, t(one.checked ? "yes" : "no")]);
  const columns = ["colName", "colMaker", "colDate", "colSize", "colActive", "colWeights", "colSource", "colChecked"].map((name) => t(name));
  return { caption: t("plane"), columns, rows };
}

/** @param {Frame} f */
function readouts(f) {
  const make = (/** @type {string} */ name, /** @type {string} */ key, /** @type {(v: any) => string} */ format, width = 6) => readout(f, { name, label: t(key), format, width });
  const some = (/** @type {(v: number) => string} */ format) => (/** @type {any} */ v) => (typeof v === "number" ? format(v) : v);
  const size = make("parameters", "readSize", some(worded), 12);
  const ratio = make("ratio", "readRatio", some(timesOf));
  const months = make("months", "readMonths", some((v) => significant(v, 3)));
  const doubling = make("doubling", "readDoubling", some((v) => significant(v, 2)));
  return (/** @type {State} */ state, /** @type {boolean} */ open) => {
    size(state.one.parameters ?? "–");
    ratio(open ? state.ratio ?? "–" : "?");
    months(state.months);
    doubling(open ? state.doubling ?? "–" : "?");
    f.setReadout("chosen", state.one.name);
    f.setReadout("base", state.base.name);
  };
}

export default { render };
