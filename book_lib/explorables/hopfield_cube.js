// Three units and their eight states on a cube: energies as fractions, every update an arrow, and a sign to get wrong.

import { Cube, STATES, Walk, fraction, place, same, signs } from "./core/cube.js";
import { clock } from "./kit/clock.js";
import { button, choice, presets, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";

const LONGEST = 60; // updates
const MOST = 2; // of θ
const SCALE = 100; // of the drawing, a unit of `place`
const RADIUS = 28;
const ORDERS = ["123", "132", "213", "231", "312", "321"];
const THETAS = ["theta1", "theta2", "theta3"];
const RULES = ["pattern", ...THETAS, "sign", "tie", "order", "start"];
const DIGITS = ["₁", "₂", "₃"];

const t = strings({
  en: {
    name: "Three units, eight states", cube: "The cube of states", energy: "E, update by update", axisUpdate: "updates", axisEnergy: "E", line: "E",
    predict: "First foretell: where will it come to rest?", atPattern: "ξ", atNegative: "−ξ", atOther: "elsewhere",
    sign: "θ enters the update as", plus: "+θ", minus: "−θ (the slip)", tie: "Where h = 0 a unit", keep: "stays", up: "becomes +1", down: "becomes −1", order: "Order", theta: "Field θ{i}", thetaWords: "θ{i} = {v}",
    start: "The first state", turn: "Turn s{i}", pattern: "The stored pattern", turnPattern: "Turn ξ{i}",
    sceneBook: "The worked example", sceneTie: "A tie that becomes −1", sceneSlip: "The slip with θ",
    keyDown: "lowers E", keyTie: "keeps E", keyUp: "raises E", help: "Press a corner to begin there. A double border: at rest under this rule. Arrows are the updates made; all others join them once it has come to rest.",
    readState: "State", readEnergy: "E", readUpdates: "Updates", readRises: "Updates that raise E", table: "The eight states", colState: "state", colRest: "at rest", yes: "yes", no: "no",
    sayStart: "Stored: ξ = ({xi}). At ({s}) E = {energy}. First in turn is s{i}. Foretell where it will come to rest, then take a step.",
    rulePlus: "sᵢ ← sign(Σⱼ wᵢⱼ sⱼ + θᵢ)", ruleMinus: "sᵢ ← sign(Σⱼ wᵢⱼ sⱼ − θᵢ), which does not lower E = −½ sᵀWs − θ·s",
    sayStep: "h{i} = {sum} = {h}: s{i} {does}. E = {energy}.", doesStay: "stays {s}", doesTurn: "turns to {s}", doesTieStay: "has no say and stays {s}", doesTieTurn: "has no say and becomes {s} by the rule for ties",
    sayRest: "Three updates in a row changed nothing: at rest at ({s}), E = {energy}.", isPattern: "That is ξ.", isNegative: "That is −ξ.", isTwin: "That is −ξ, as deep as ξ.", isOther: "That is neither ξ nor −ξ.",
    sayNone: "No update raises E: of the {count} that change a state, none goes uphill.", sayRises: "{rises} of the {count} updates that change a state raise E.",
    saySlip: "With −θ no update goes uphill on E′ = −½ sᵀWs + θ·s, which is another energy.",
    foretold: "You foretold: {what}.", foretoldRight: "You foretold: {what}. Right.", foretoldWrong: "You foretold: {what}. It was otherwise.", foretoldLate: "You say so when it is known. Reset, or begin elsewhere, and foretell first.",
  },
  zh: {
    name: "三个单元，八个状态", cube: "状态的立方体", energy: "逐次更新的 E", axisUpdate: "更新次数", axisEnergy: "E", line: "E",
    predict: "先预测：它会静止在哪里？", atPattern: "ξ", atNegative: "−ξ", atOther: "别处",
    sign: "θ 在更新中的符号", plus: "+θ", minus: "−θ（笔误）", tie: "h = 0 时单元", keep: "保持不变", up: "变为 +1", down: "变为 −1", order: "次序", theta: "场 θ{i}", thetaWords: "θ{i} = {v}",
    start: "初始状态", turn: "翻转 s{i}", pattern: "存储的模式", turnPattern: "翻转 ξ{i}",
    sceneBook: "书中的例子", sceneTie: "平局变为 −1", sceneSlip: "θ 的笔误",
    keyDown: "降低 E", keyTie: "E 不变", keyUp: "升高 E", help: "按下一个顶点即从那里开始。双线边框：在此规则下静止。箭头是已作的更新；静止之后，其余更新也会画出。",
    readState: "状态", readEnergy: "E", readUpdates: "更新次数", readRises: "升高 E 的更新", table: "八个状态", colState: "状态", colRest: "静止", yes: "是", no: "否",
    sayStart: "存储：ξ = ({xi})。在 ({s}) 处 E = {energy}。首先轮到 s{i}。先预测它会静止在哪里，再走一步。",
    rulePlus: "sᵢ ← sign(Σⱼ wᵢⱼ sⱼ + θᵢ)", ruleMinus: "sᵢ ← sign(Σⱼ wᵢⱼ sⱼ − θᵢ)，它不降低 E = −½ sᵀWs − θ·s",
    sayStep: "h{i} = {sum} = {h}：s{i} {does}。E = {energy}。", doesStay: "保持 {s}", doesTurn: "变为 {s}", doesTieStay: "没有倾向，保持 {s}", doesTieTurn: "没有倾向，按平局规则变为 {s}",
    sayRest: "连续三次更新都没有变化：静止在 ({s})，E = {energy}。", isPattern: "它就是 ξ。", isNegative: "它是 −ξ。", isTwin: "它是 −ξ，与 ξ 一样低。", isOther: "它既不是 ξ 也不是 −ξ。",
    sayNone: "没有更新升高 E：{count} 个改变状态的更新中，没有一个上坡。", sayRises: "{count} 个改变状态的更新中有 {rises} 个升高 E。",
    saySlip: "用 −θ 时没有更新在 E′ = −½ sᵀWs + θ·s 上走上坡，但那是另一个能量。",
    foretold: "你的预测：{what}。", foretoldRight: "你的预测：{what}。正确。", foretoldWrong: "你的预测：{what}。结果并非如此。", foretoldLate: "结果已知之后才预测不算。请重置或换一个起点，然后先预测。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/cube.js").Spins} Spins */
/** @typedef {{cube: Cube, walk: Walk, pattern: number[], late: boolean}} Lab */

const ENDS = /** @type {Record<string, string>} */ ({ pattern: "atPattern", negative: "atNegative", other: "atOther" });

/** @param {(name: string) => any} get @param {number} steps @returns {Lab} */
export function labOf(get, steps) {
  const pattern = get("pattern");
  const cube = new Cube({ pattern, theta: THETAS.map(get), sign: get("sign"), tie: get("tie"), order: get("order") });
  const walk = new Walk(cube, get("start"));
  walk.step(steps);
  return { cube, walk, pattern, late: false };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "hopfield_cube", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  controls(f, () => lab.walk.state);
  let lab = labOf(get, model.get("steps"));
  const draw = picture(f, () => lab);
  const time = clock(f, {
    step: (n) => lab.walk.step(Math.min(n, LONGEST)),
    onFrame: draw,
    perFrame: () => (reducedMotion() ? 0.25 : 1 / 60), // an update a second
    done: () => lab.walk.done,
    onReset: () => void (lab = labOf(get, 0)),
  });
  for (const name of RULES) {
    f.watch(name, () => {
      if (lab.walk.updates && model.get("predict")) f.assign({ predict: "" }); // it was about another way
      time.reset();
    });
  }
  f.watch("steps", (steps) => {
    time.pause();
    lab = labOf(get, steps);
    draw();
    f.publish();
  });
  f.watch("predict", () => {
    lab.late = lab.walk.done;
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {() => Spins} state */
function controls(f, state) {
  const options = (/** @type {[string, string][]} */ ...pairs) => pairs.map(([value, key]) => ({ value, label: t(key) }));
  choice(f, { trait: "predict", label: t("predict"), options: options(...Object.entries(ENDS)) });
  const plain = { pattern: [1, -1, 1], theta1: 0, theta2: 0, theta3: 0, sign: "plus", tie: "keep", order: "123", start: [1, 1, 1] };
  presets(f, [
    { label: t("sceneBook"), set: plain },
    { label: t("sceneTie"), set: { ...plain, tie: "minus" } },
    { label: t("sceneSlip"), set: { ...plain, sign: "minus", theta1: 1 } },
  ]);
  turns(f, t("start"), "turn", (i) => f.assign({ start: state().map((one, k) => (k === i ? -one : one)) }));
  turns(f, t("pattern"), "turnPattern", (i) => f.assign({ pattern: f.model.get("pattern").map((/** @type {number} */ one, /** @type {number} */ k) => (k === i ? -one : one)) }));
  choice(f, { trait: "tie", label: t("tie"), options: options(["keep", "keep"], ["plus", "up"], ["minus", "down"]) });
  choice(f, { trait: "order", label: t("order"), options: ORDERS.map((value) => ({ value, label: [...value].join(" ") })) });
  choice(f, { trait: "sign", label: t("sign"), options: options(["plus", "plus"], ["minus", "minus"]) });
  THETAS.forEach((trait, k) => slider(f, { trait, label: t("theta", { i: DIGITS[k] }), min: -MOST, max: MOST, step: 0.1, exact: false,
    words: (v) => t("thetaWords", { i: DIGITS[k], v: fraction(v) }) }));
  const spins = (/** @type {number[]} */ all) => all.length === 3 && all.every((one) => Math.abs(one) === 1);
  f.share("pattern", spins);
  f.share("start", spins);
}

/** Three buttons that each turn one unit. @param {Frame} f @param {string} label @param {string} key @param {(i: number) => void} onTurn */
function turns(f, label, key, onTurn) {
  const row = h("div", { class: "xp-field xp-presets", role: "group", "aria-label": label });
  DIGITS.forEach((i, k) => button(f, { label: t(key, { i }), into: row, onClick: () => onTurn(k) }));
  f.controls.append(row);
}

// -------------------------------------------------------------------------------------------------------- picture

/** @param {Frame} f @param {() => Lab} lab */
function picture(f, lab) {
  f.stage.classList.add("xp-pairs", "xp-hc");
  const [left, right] = [h("div"), h("div")];
  const caption = h("p", { class: "xp-caption" });
  const drawCube = cubePicture(f, left);
  const rule = h("p", { class: "xp-hc-rule" });
  left.append(rule, key());
  const drawCurve = energyCurve(f, right);
  f.stage.append(left, right, h("p", { class: "xp-help xp-wide" }, t("help")), caption);
  const show = readouts(f);
  f.addTable(() => stateTable(lab().cube));
  return () => {
    const now = lab();
    const text = sentence(now, f.model.get("predict"));
    drawCube(now, text);
    drawCurve(now, text);
    rule.textContent = t(now.cube.way > 0 ? "rulePlus" : "ruleMinus");
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(now);
  };
}

/** What the arrows mean. */
function key() {
  const kinds = [["keyDown", "down"], ["keyTie", "tie"], ["keyUp", "up"]];
  return h("div", { class: "xp-legend" }, ...kinds.map(([text, kind]) =>
    h("span", {}, s("svg", { width: 30, height: 12, viewBox: "0 0 30 12", "aria-hidden": "true" },
      s("path", { d: "M1 6H22", class: `xp-hc-arrow xp-hc-${kind}` }), s("path", { d: "M29 6l-9 4.5v-9z", class: `xp-hc-head xp-hc-${kind}` })), t(text))));
}

/** @param {ArrayLike<number>} state @returns {[number, number]} */
function spot(state) {
  const [x, y] = place(state);
  return [SCALE * x, -SCALE * y];
}

/** The corners; a press on one begins there. @param {Frame} f @param {HTMLElement} into */
function cubePicture(f, into) {
  let open = false; // whether all arrows are shown: first the reader foretells
  const frameLines = s("path", { class: "xp-hc-edge", d: STATES.flatMap((a) => [0, 1, 2].filter((i) => a[i] < 0).map((i) => {
    const b = a.map((one, k) => (k === i ? -one : one));
    return `M${spot(a).join(" ")}L${spot(b).join(" ")}`;
  })).join("") });
  const arrows = s("g");
  const way = s("path", { class: "xp-hc-way" });
  const corners = STATES.map((state) => corner(f, state));
  const svg = s("svg", { class: "xp-hc-cube", role: "img", viewBox: "-172 -156 344 312" }, tripod(), frameLines, way, arrows, ...corners.map(({ node }) => node));
  into.append(svg);
  return (/** @type {Lab} */ { cube, walk }, /** @type {string} */ text) => {
    open ||= walk.done;
    const shown = open ? cube.arrows() : cube.arrows().filter((one) => walk.made(one));
    arrows.replaceChildren(...shown.map(({ from, to, change }) => arrow(from, to, change)));
    way.setAttribute("d", walk.path.length > 1 ? `M${walk.path.map((state) => spot(state).join(" ")).join("L")}` : "");
    const rest = cube.atRest();
    corners.forEach(({ show }, k) => show(cube.energy(STATES[k]), same(STATES[k], walk.state), rest.some((one) => same(one, STATES[k]))));
    svg.setAttribute("aria-label", `${t("cube")}. ${STATES.map((state) => `${signs(state)}: ${fraction(cube.energy(state))}`).join(", ")}. ${text}`);
  };
}

/** Which unit leads where, in the corner that the cube leaves free. */
function tripod() {
  const foot = [118, 132];
  const ends = [0, 1, 2].map((i) => place([0, 1, 2].map((k) => (k === i ? 1 : 0)))).map(([x, y]) => [foot[0] + 34 * x, foot[1] - 34 * y]);
  return s("g", { class: "xp-hc-tripod", "aria-hidden": "true" }, ...ends.map(([x, y]) => s("path", { d: `M${foot.join(" ")}L${x.toFixed(1)} ${y.toFixed(1)}` })),
    ...ends.map(([x, y], i) => s("text", { x: (x + [3, -6, 2][i]).toFixed(1), y: (y + [5, -3, 0][i]).toFixed(1) }, `s${DIGITS[i]}`)));
}

/** @param {Frame} f @param {Spins} state */
function corner(f, state) {
  const [x, y] = spot(state);
  const energy = s("text", { y: 15, "text-anchor": "middle", class: "xp-hc-energy" });
  const inner = s("circle", { r: RADIUS - 4, class: "xp-hc-inner" });
  const node = s("g", { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, class: "xp-hc-corner" },
    s("circle", { r: RADIUS }), inner, s("text", { y: -1, "text-anchor": "middle", class: "xp-hc-signs" }, signs(state)), energy);
  node.addEventListener("click", () => f.assign({ start: [...state] }), { signal: f.signal });
  return { node, show(/** @type {number} */ value, /** @type {boolean} */ here, /** @type {boolean} */ rest) {
    const text = fraction(value);
    energy.textContent = text;
    energy.style.fontSize = `${Math.min(14, 80 / text.length).toFixed(1)}px`; // −119/30 must fit the circle
    node.classList.toggle("xp-hc-here", here);
    inner.style.display = rest ? "" : "none";
  } };
}

/** From one corner to the next, a little to the right of the edge, so that both ways are seen. @param {Spins} from @param {Spins} to @param {number} change */
function arrow(from, to, change) {
  const kind = Math.abs(change) < 1e-9 ? "tie" : change < 0 ? "down" : "up";
  const [[a, b], [c, d]] = [spot(from), spot(to)];
  const length = Math.hypot(c - a, d - b);
  const [u, v] = [(c - a) / length, (d - b) / length];
  const at = (/** @type {number} */ along, /** @type {number} */ aside) => `${(a + along * u - aside * v).toFixed(1)} ${(b + along * v + aside * u).toFixed(1)}`;
  const [tail, tip] = [RADIUS + 3, length - RADIUS - 4];
  return s("g", {}, s("path", { class: `xp-hc-arrow xp-hc-${kind}`, d: `M${at(tail, 5)}L${at(tip - 8, 5)}` }),
    s("path", { class: `xp-hc-head xp-hc-${kind}`, d: `M${at(tip, 5)}L${at(tip - 11, 0)}L${at(tip - 11, 10)}Z` }));
}

/** @param {Frame} f @param {HTMLElement} into */
function energyCurve(f, into) {
  const p = plot(f, { into, title: t("energy"), height: 290, x: { label: t("axisUpdate"), min: 0, max: 6 }, y: { label: t("axisEnergy"), min: -1.5, max: 1, format: fraction } });
  return (/** @type {Lab} */ { cube, walk }, /** @type {string} */ text) => {
    const all = STATES.map((state) => cube.energy(state));
    const [low, high] = [Math.floor(Math.min(...all)) - 0.5, Math.ceil(Math.max(...all)) + 0.5];
    const width = 6 * Math.max(1, Math.ceil(walk.updates / 6));
    if (p.x.max !== width || p.y.min !== low || p.y.max !== high) {
      const each = high - low > 7 ? 2 : 1;
      const whole = Array.from({ length: Math.ceil((high - low) / each) }, (_, k) => low + 0.5 + each * k);
      p.axes({ x: { max: width, ticks: Array.from({ length: 7 }, (_, k) => (k * width) / 6) }, y: { min: low, max: high, ticks: whole } });
    }
    const points = walk.path.map((state, k) => [k, cube.energy(state)]);
    p.line("E", points);
    p.points("updates", points, { r: 4 });
    p.describe(text);
  };
}

/** @param {Cube} cube */
function stateTable(cube) {
  const rest = cube.atRest();
  const rows = STATES.map((state) => [signs(state), fraction(cube.energy(state)), ...[0, 1, 2].map((i) => fraction(cube.field(state, i))), t(rest.some((one) => same(one, state)) ? "yes" : "no")]);
  return { caption: t("table"), columns: [t("colState"), "E", ...DIGITS.map((i) => `h${i}`), t("colRest")], rows };
}

// ---------------------------------------------------------------------------------------------------------- words

/** @param {number} one */
const spin = (one) => (one > 0 ? "+1" : "−1");

/** The arithmetic of the last update, or how it stands. @param {Lab} lab @param {string} predict */
export function sentence({ cube, walk, pattern, late }, predict) {
  const { state, updates } = walk;
  const values = { xi: signs(pattern), s: signs(state), energy: fraction(cube.energy(state)), i: DIGITS[walk.unit] };
  const parts = [updates ? stepWords(cube, walk) : t("sayStart", values)];
  const negative = pattern.map((one) => -one);
  if (walk.done) {
    parts.push(t("sayRest", values), t(same(state, pattern) ? "isPattern" : !same(state, negative) ? "isOther" : cube.theta.some(Boolean) ? "isNegative" : "isTwin"));
    const [rises, count] = [cube.rises(), cube.arrows().length];
    parts.push(t(rises ? "sayRises" : "sayNone", { rises, count }));
  }
  if (cube.way < 0 && cube.theta.some(Boolean)) parts.push(t("saySlip"));
  if (predict) {
    const truth = same(state, pattern) ? "pattern" : same(state, negative) ? "negative" : "other";
    const key = late ? "foretoldLate" : !walk.done ? "foretold" : truth === predict ? "foretoldRight" : "foretoldWrong";
    parts.push(t(key, { what: t(ENDS[predict]) }));
  }
  return parts.join(" ");
}

/** @param {Cube} cube @param {Walk} walk */
function stepWords(cube, { path, updates }) {
  const [before, after] = [path[updates - 1], path[updates]];
  const unit = cube.order[(updates - 1) % 3];
  const turned = after[unit] !== before[unit];
  const tie = cube.tied(before, unit);
  const others = [0, 1, 2].filter((j) => j !== unit).map((j) => {
    const w = fraction(cube.weights[3 * unit + j]);
    return `${w.startsWith("−") ? `(${w})` : w}·(${spin(before[j])})`;
  });
  const theta = cube.theta[unit] * cube.way;
  const sum = others.join(" + ") + (theta ? ` ${theta < 0 ? "−" : "+"} ${fraction(Math.abs(theta))}` : "");
  const does = t(tie ? (turned ? "doesTieTurn" : "doesTieStay") : turned ? "doesTurn" : "doesStay", { s: spin(after[unit]) });
  return t("sayStep", { i: DIGITS[unit], sum, h: tie ? "0" : fraction(cube.field(before, unit)), does, energy: fraction(cube.energy(after)) });
}

/** @param {Frame} f */
function readouts(f) {
  const state = readout(f, { name: "state", label: t("readState"), format: String, width: 3 });
  const energy = readout(f, { name: "energy", label: t("readEnergy"), format: (v) => (fraction(v).includes("/") ? `${fraction(v)} = ${fixed(v, 3)}` : fraction(v)), width: 14 });
  const updates = readout(f, { name: "updates", label: t("readUpdates"), format: String, width: 2 });
  const rises = readout(f, { name: "rises", label: t("readRises"), format: String, width: 2 });
  return (/** @type {Lab} */ { cube, walk }) => {
    state(signs(walk.state));
    energy(cube.energy(walk.state));
    updates(walk.updates);
    rises(cube.rises());
    f.setReadout("arrows", cube.arrows().length);
    f.setReadout("at_rest", cube.atRest().map(signs).join(" "));
    f.setReadout("done", walk.done ? 1 : 0);
  };
}

export default { render };
