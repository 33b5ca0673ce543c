// What a training costs: operations, memory, time and money, on hardware of the reader's own numbers.

import { devicesToHold, stateBytes, trainingCost, trainingFlops, trainingSeconds } from "./core/transformer_costs.js";
import { button, choice, presets, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { bet } from "./parts/bet.js";
import { handle } from "./parts/handle.js";
import { sized } from "./parts/sized.js";
import { stacked } from "./parts/stacked.js";
import { grouped } from "./parts/transformer_words.js";

const GPT3 = { parameters: 1.75e11, tokens: 3e11 }; // as in training_calculator.py
const ASKED = { ...GPT3, peak: 1e14, utilization: 0.4, devices: 1 }; // what the bet is about
const ENOUGH = 20; // tokens a parameter
const DEVICES = Array.from({ length: 21 }, (_, k) => 2 ** k);
const LIMITS = { parameters: [1e4, 1e13], tokens: [1e4, 1e14] };
/** @type {[string, number][]} */
const SPANS = [["years", 365.25 * 86_400], ["days", 86_400], ["hours", 3600], ["minutes", 60], ["seconds", 1]];
const TRAITS = ["parameters", "tokens", "peak", "utilization", "devices", "price", "precision", "device_memory", "prediction"];

const t = strings({
  en: {
    name: "What a training costs",
    ask: "GPT-3 has 175 billion parameters and read 300 billion tokens. How long would one device take that does 40 % of 10¹⁴ operations a second?", askHow: "Say so first. The sliders then stand at this case.",
    betMonths: "three months", betDecades: "25 years", betCenturies: "250 years", skip: "Just show me",
    starts: "Trainings", gpt3: "GPT-3", own: "As the page begins", enough: "20 tokens for each parameter", even: "20 tokens each, same 6ND",
    parameters: "Parameters", tokens: "Tokens read", peak: "Operations a second, of a device", utilization: "Share that is used", devices: "Devices", price: "Price of a device-hour", precision: "Numbers", float32: "32 bits", bfloat16: "16 bits, mixed", memory: "Memory of a device, GB",
    utilizationSpoken: "{share} % of what the device could do",
    plane: "Parameters and tokens", axisN: "parameters N", axisD: "tokens D", point: "This training: parameters and tokens", pointSpoken: "{n} parameters, {d} tokens: {c} operations",
    here: "6ND as here", thick: "20 tokens a parameter", thisOne: "this training", isoline: "6ND = 10{power}",
    keeps: "Weights, gradients, Adam: ", weights: "weights", gradients: "gradients", adam: "Adam", adamCopy: "Adam and 32-bit weights",
    say: "6ND = 6 · {n} · {d} = {c} operations, with {ratio} tokens for each parameter.",
    sayTime: "{devices} devices at {share} % of {peak} operations a second take {time}; {hours} device-hours at {price} cost {cost}.", sayTimeOne: "One device at {share} % of {peak} operations a second takes {time}; {hours} device-hours at {price} cost {cost}.",
    sayMemory: "Before any activation there are {bytes} to hold, 16 bytes for each parameter: {least} devices at least.", sayMemoryOne: "Before any activation there are {bytes} to hold, 16 bytes for each parameter: one device could.", sayShort: "There are too few here.",
    spoken: "{c} operations, {time}, at a cost of {cost}; {bytes} to hold, {ratio} tokens for each parameter.",
    sayThin: "For this compute a smaller model that reads more would probably reach a lower loss.", sayFat: "It reads more than the compute would ask of it, in return for a smaller model, which is cheaper to use.", sayEven: "That is about the mixture that makes the most of a given compute.",
    right: "You bet on {bet}. Right: GPT-3 on one such device takes 250 years.", wrong: "You bet on {bet}; GPT-3 on one such device takes 250 years.",
    years: "{v} years", days: "{v} days", hours: "{v} hours", minutes: "{v} minutes", seconds: "{v} seconds",
    year: "{v} year", day: "{v} day", hour: "{v} hour", minute: "{v} minute", second: "{v} second",
    readCompute: "6ND", readRatio: "Tokens/parameter", readTime: "Time", readHours: "Device-hours", readCost: "Cost", readMemory: "Memory", readLeast: "Devices to hold it",
    quantity: "quantity", value: "value",
  },
  zh: {
    name: "一次训练的代价",
    ask: "GPT-3 有 1750 亿个参数，读了 3000 亿个词元。若一台设备每秒实际完成 10¹⁴ 次运算的 40 %，要多久？", askHow: "请先说出来；随后滑块停在这个情形。",
    betMonths: "三个月", betDecades: "25 年", betCenturies: "250 年", skip: "直接展示",
    starts: "训练", gpt3: "GPT-3", own: "本页起始值", enough: "每个参数 20 个词元", even: "6ND 不变，每个参数 20 个词元",
    parameters: "参数", tokens: "读入的词元", peak: "每台设备每秒运算次数", utilization: "实际利用的比例", devices: "设备数", price: "每台每小时价格", precision: "数的位数", float32: "32 位", bfloat16: "16 位混合", memory: "每台设备内存（GB）",
    utilizationSpoken: "设备能力的 {share} %",
    plane: "参数与词元", axisN: "参数 N", axisD: "词元 D", point: "这次训练：参数与词元", pointSpoken: "{n} 个参数，{d} 个词元：{c} 次运算",
    here: "与此相同的 6ND", thick: "每个参数 20 个词元", thisOne: "这次训练", isoline: "6ND = 10{power}",
    keeps: "权重、梯度、Adam：", weights: "权重", gradients: "梯度", adam: "Adam", adamCopy: "Adam 与 32 位权重",
    say: "6ND = 6 · {n} · {d} = {c} 次运算，每个参数 {ratio} 个词元。",
    sayTime: "{devices} 台设备，利用每秒 {peak} 次运算的 {share} %，需要 {time}；{hours} 台时，单价 {price}，共 {cost}。", sayTimeOne: "一台设备，利用每秒 {peak} 次运算的 {share} %，需要 {time}；{hours} 台时，单价 {price}，共 {cost}。",
    sayMemory: "不算激活就要存放 {bytes}，每个参数 16 字节：至少需要 {least} 台设备。", sayMemoryOne: "不算激活就要存放 {bytes}，每个参数 16 字节：一台设备就够。", sayShort: "现有设备存放不下。",
    spoken: "{c} 次运算，{time}，费用 {cost}；存放 {bytes}，每个参数 {ratio} 个词元。",
    sayThin: "同样的计算量，较小的模型读更多文本，损失大概会更低。", sayFat: "它读得比这一计算量所要求的更多，换来的是较小、用起来更便宜的模型。", sayEven: "这大致是最能利用给定计算量的配比。",
    right: "你选了{bet}。正确：GPT-3 在一台这样的设备上需要 250 年。", wrong: "你选了{bet}；GPT-3 在一台这样的设备上需要 250 年。",
    years: "{v} 年", days: "{v} 天", hours: "{v} 小时", minutes: "{v} 分钟", seconds: "{v} 秒",
    year: "{v} 年", day: "{v} 天", hour: "{v} 小时", minute: "{v} 分钟", second: "{v} 秒",
    readCompute: "6ND", readRatio: "词元/参数", readTime: "时间", readHours: "台时", readCost: "费用", readMemory: "内存", readLeast: "至少设备数",
    quantity: "量", value: "值",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {ReturnType<typeof calculate>} State */

/** @param {(name: string) => any} get */
export function calculate(get) {
  const [n, tokens, devices, share] = ["parameters", "tokens", "devices", "utilization"].map(get);
  const bytes = stateBytes(n, get("precision"));
  const compute = trainingFlops(n, tokens);
  const seconds = trainingSeconds(compute, get("peak"), share, devices);
  const memory = bytes.weights + bytes.gradients + bytes.adam;
  return { n, tokens, devices, share, peak: get("peak"), price: get("price"), precision: get("precision"), bytes, compute, seconds, memory,
    ratio: tokens / n, cost: trainingCost(seconds, devices, get("price")), least: devicesToHold(memory, 1e9 * get("device_memory")), prediction: get("prediction") };
}

/** Two significant digits, or whole numbers where these tell more. @param {number} v */
const shortened = (v) => (v >= 10 && v < 1e7 ? v.toFixed(0) : significant(v, 2));

/** A time in the unit that fits it. @param {number} seconds */
export function lasting(seconds) {
  const [unit, length] = SPANS.find((span) => seconds >= span[1]) ?? SPANS[SPANS.length - 1];
  const v = shortened(seconds / length);
  return t(v === "1" ? unit.slice(0, -1) : unit, { v });
}

/** Money: grouped and rounded to three digits; cents where there is little of it. @param {number} v */
export const priced = (v) => (v >= 1e15 ? significant(v, 3) : v >= 100 ? grouped(Math.round(Number(v.toPrecision(3)))) : v >= 0.005 ? fixed(v, 2) : significant(v, 2));

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "training_calculator", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  controls(f, Object.fromEntries(TRAITS.filter((trait) => trait !== "prediction").map((trait) => [trait, get(trait)])));
  const card = bet(f, { ask: t("ask"), how: t("askHow"), also: () => ASKED,
    answers: [["months", t("betMonths")], ["decades", t("betDecades")], ["centuries", t("betCenturies")], ["skipped", t("skip")]] });
  const draw = picture(f, () => calculate(get));
  const update = () => {
    card.show();
    draw(calculate(get));
  };
  for (const trait of TRAITS) f.watch(trait, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {Record<string, any>} start  settings, as the page gives them */
function controls(f, start) {
  const doors = h("div", { class: "xp-doors xp-tc-doors" });
  f.root.insertBefore(doors, f.stage);
  presets(f, [{ label: t("gpt3"), set: GPT3 }, { label: t("own"), set: start }], { into: doors, label: t("starts") });
  button(f, { label: t("enough"), into: doors, onClick: () => f.assign({ tokens: clamp("tokens", ENOUGH * f.model.get("parameters")) }) });
  button(f, { label: t("even"), into: doors, onClick: () => f.assign(evened(f.model.get("parameters"), f.model.get("tokens"))) });
  const [least, most] = [0, 1].map((i) => (/** @type {keyof typeof LIMITS} */ name) => LIMITS[name][i]);
  slider(f, { trait: "parameters", label: t("parameters"), symbol: "N", min: least("parameters"), max: most("parameters"), scale: "log" });
  slider(f, { trait: "tokens", label: t("tokens"), symbol: "D", min: least("tokens"), max: most("tokens"), scale: "log" });
  slider(f, { trait: "peak", label: t("peak"), min: 1e8, max: 1e17, scale: "log" });
  slider(f, { trait: "utilization", label: t("utilization"), min: 0.01, max: 1, step: 0.01, words: (v) => t("utilizationSpoken", { share: fixed(100 * v, 0) }) });
  slider(f, { trait: "devices", label: t("devices"), min: 1, max: DEVICES[DEVICES.length - 1], stops: DEVICES });
  slider(f, { trait: "price", label: t("price"), min: 0.01, max: 1000, scale: "log" });
  slider(f, { trait: "device_memory", label: t("memory"), min: 1, max: 1000, scale: "log" });
  choice(f, { trait: "precision", label: t("precision"), options: [{ value: "float32", label: t("float32") }, { value: "bfloat16", label: t("bfloat16") }] });
}

/** Within the slider's limits, to three digits or more. @param {keyof typeof LIMITS} name @param {number} v @param {number} [digits] */
const clamp = (name, v, digits = 3) => Math.min(LIMITS[name][1], Math.max(LIMITS[name][0], Number(v.toPrecision(digits))));

/** The same 6ND with 20 tokens a parameter, or as near to that as the sliders go. @param {number} n @param {number} tokens */
export function evened(n, tokens) {
  const least = (n * tokens) / LIMITS.tokens[1]; // parameters, for no more tokens than there are
  const parameters = clamp("parameters", Math.max(least, Math.sqrt((n * tokens) / ENOUGH)));
  return { parameters, tokens: clamp("tokens", (n * tokens) / parameters, 6) };
}

/** @param {Frame} f @param {() => State} now */
function picture(f, now) {
  const get = (/** @type {string} */ name) => f.model.get(name);
  f.stage.classList.add("xp-tc");
  const map = plane(f);
  const bars = h("div", { class: "xp-tc-bars" });
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(bars, caption);
  const memory = stacked(bars, t("keeps"));
  const numbers = readouts(f);
  let answered = "";
  f.addTable(() => tables(now()));
  return (/** @type {State} */ state) => {
    map(state);
    const { bytes, precision } = state;
    const piece = (/** @type {keyof typeof bytes} */ key, name = String(key)) => ({ label: t(name), value: bytes[key], text: sized(bytes[key]) });
    memory([piece("weights"), piece("gradients"), piece("adam", precision === "float32" ? "adam" : "adamCopy")], sized(state.memory));
    const text = sentence(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(spoken(state, state.prediction !== answered));
    queueMicrotask(() => void (answered = get("prediction"))); // a bet sets several traits, one after another
    numbers(state);
    f.tableChanged();
  };
}

/** Parameters against tokens: lines of equal compute fall, and the training is a place that can be dragged. @param {Frame} f */
function plane(f) {
  const power = (/** @type {number} */ k) => `10${superscript(k)}`;
  const [xs, ys] = [LIMITS.parameters, LIMITS.tokens].map((pair) => pair.map(Math.log10));
  const p = plot(f, { x: { label: t("axisN"), min: xs[0], max: xs[1], ticks: [4, 6, 8, 10, 12], format: power },
    y: { label: t("axisD"), min: ys[0], max: ys[1], ticks: [4, 6, 8, 10, 12, 14], format: power }, height: 320, title: t("plane"), table: false, legend: true });
  p.svg.setAttribute("role", "group"); // a picture may hold nothing that can be moved
  const falling = (/** @type {number} */ log) => xs.map((x) => [x, log - Math.log10(6) - x]);
  for (let k = 12; k <= 27; k += 3) p.line(`iso ${k}`, falling(k), { kind: "muted", faint: true });
  const names = () => p.layer("names").replaceChildren(...[12, 15, 18, 21, 24].map((k) => {
    const x = Math.min(xs[1] - 2.9, Math.max(xs[0] + 0.15, k - Math.log10(6) - ys[1] + 0.5));
    return s("text", { class: "xp-tc-iso", x: p.scale.x(x) + 6, y: p.scale.y(k - Math.log10(6) - x) }, t("isoline", { power: superscript(k) }));
  }));
  p.onLayout(names);
  names();
  p.line("enough", xs.map((x) => [x, x + Math.log10(ENOUGH)]), { kind: "mean_field", label: t("thick") });
  p.points("gpt3", [[Math.log10(GPT3.parameters), Math.log10(GPT3.tokens)]], { kind: "theory", r: 4, label: t("gpt3") });
  const grip = grasp(f, p);
  return (/** @type {State} */ { n, tokens, compute }) => {
    p.line("same", falling(Math.log10(compute)), { kind: "theory", label: t("here") });
    grip.place(p.scale.x(Math.log10(n)), p.scale.y(Math.log10(tokens)));
    const text = t("pointSpoken", { n: significant(n, 3), d: significant(tokens, 3), c: significant(compute, 3) });
    grip.say(Math.log10(compute), text, [xs[0] + ys[0] + Math.log10(6), xs[1] + ys[1] + Math.log10(6)]);
    p.marker("here", [Math.log10(n), Math.log10(tokens)], { kind: "simulation", r: 8, label: t("thisOne") });
    p.describe(text);
  };
}

/** The training's place in the plane: dragged, or moved by arrow keys. @param {Frame} f @param {import("./kit/plot.js").Plot} p */
function grasp(f, p) {
  const get = (/** @type {string} */ name) => f.model.get(name);
  const set = (/** @type {number} */ x, /** @type {number} */ y) => f.assign({ parameters: clamp("parameters", 10 ** x), tokens: clamp("tokens", 10 ** y) });
  const grip = handle(f, p.svg, p.layer("grip", { clip: false, keep: true }), {
    label: t("point"), shape: "xp-tc-place",
    onMove: (x, y) => set(p.scale.invX(x), p.scale.invY(y)),
    onKey: (right, up) => set(Math.log10(get("parameters")) + 0.1 * right, Math.log10(get("tokens")) + 0.1 * up),
  });
  p.onLayout(() => grip.place(p.scale.x(Math.log10(get("parameters"))), p.scale.y(Math.log10(get("tokens")))));
  return grip;
}

/** What there is to see, in a few sentences. @param {State} state */
export function sentence({ n, tokens, ratio, compute, devices, share, peak, seconds, price, cost, memory, least, prediction }) {
  const percent = fixed(100 * share, 0);
  const hours = priced((seconds / 3600) * devices);
  const parts = [
    t("say", { n: significant(n, 3), d: significant(tokens, 3), c: significant(compute, 3), ratio: significant(ratio, 3) }),
    t(ratio < ENOUGH / 2 ? "sayThin" : ratio > 2 * ENOUGH ? "sayFat" : "sayEven"),
    t(devices === 1 ? "sayTimeOne" : "sayTime", { devices: grouped(devices), share: percent, peak: significant(peak, 3), time: lasting(seconds), hours, price: priced(price), cost: priced(cost) }),
    t(least === 1 ? "sayMemoryOne" : "sayMemory", { bytes: sized(memory), least: grouped(least) }),
  ];
  if (devices < least) parts.push(t("sayShort"));
  return [...parts, verdict(prediction)].filter(Boolean).join(" ");
}

/** The answer to the bet; "" without one. @param {string} prediction */
function verdict(prediction) {
  const key = { months: "betMonths", decades: "betDecades", centuries: "betCenturies" }[prediction];
  return key ? t(prediction === "centuries" ? "right" : "wrong", { bet: t(key) }) : "";
}

/** The most important of it for the ear, and the verdict but once. @param {State} state @param {boolean} news  the bet was made just now */
export function spoken({ compute, seconds, cost, memory, ratio, prediction }, news) {
  const facts = { c: significant(compute, 3), time: lasting(seconds), cost: priced(cost), bytes: sized(memory), ratio: significant(ratio, 3) };
  return (news && verdict(prediction)) || t("spoken", facts);
}

/** @param {State} state */
function tables({ n, tokens, ratio, compute, seconds, devices, cost, bytes, least }) {
  const rows = [[t("parameters"), n], [t("tokens"), tokens], [t("readRatio"), ratio], [t("readCompute"), compute], [t("seconds", { v: "" }).trim(), seconds],
    [t("readHours"), (seconds / 3600) * devices], [t("readCost"), cost], [t("weights"), bytes.weights], [t("gradients"), bytes.gradients], [t("adam"), bytes.adam], [t("readLeast"), least]];
  return [{ caption: t("name"), columns: [t("quantity"), t("value")], rows: /** @type {(string | number)[][]} */ (rows) }];
}

/** @param {Frame} f */
function readouts(f) {
  const make = (/** @type {string} */ name, /** @type {string} */ label, /** @type {(v: number) => string} */ format, width = 8) => readout(f, { name, label: t(label), format, width });
  const three = (/** @type {number} */ v) => significant(v, 3);
  const all = {
    compute: make("compute", "readCompute", three, 11),
    ratio: make("ratio", "readRatio", three, 9),
    seconds: make("seconds", "readTime", lasting, 12),
    cost: make("cost", "readCost", priced, 12),
    memory: make("memory", "readMemory", sized),
    least: make("least", "readLeast", grouped, 8),
  };
  return (/** @type {State} */ state) => {
    for (const [name, show] of Object.entries(all)) show(state[/** @type {keyof typeof all} */ (name)]);
    f.setReadout("device_hours", (state.seconds / 3600) * state.devices);
    for (const [key, v] of Object.entries(state.bytes)) f.setReadout(`bytes_${key}`, v);
  };
}

export default { render };
