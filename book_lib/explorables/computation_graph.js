// A formula as a computation graph: type it, change its inputs, step forward node by node and backward edge by edge.

import { barsAfter, carried, differences, evaluate, inputOf, plan } from "./core/backprop.js";
import { FormulaError, parse } from "./core/formula.js";
import { clock } from "./kit/clock.js";
import { button, numberBox, presets, toggle } from "./kit/controls.js";
import { h, setDisabled, uniqueId } from "./kit/dom.js";
import { frame } from "./kit/frame.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { askBox } from "./parts/graph_ask.js";
import { graphPicture } from "./parts/graph_picture.js";
import { graphStrings } from "./parts/graph_strings.js";
import { PRESETS, expression, labels, number, wrapped } from "./parts/graph_words.js";

const LARGEST = 1000; // of an input
const PATIENCE = 700; // ms without a key before a formula in the making is called wrong
/** @type {Record<string, string>} */
const FAULTS = { log: "faultLog", divide: "faultDivide", power: "faultPower", large: "faultLarge" };

const t = strings(graphStrings);

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/formula.js").Formula} Formula */
/** @typedef {import("./core/backprop.js").Run} Run */
/** @typedef {import("./core/backprop.js").Edge} Edge */

/** A formula at its inputs, and how far through it we have come. */
export class Sweep {
  /** @param {string} text @param {Record<string, number>} inputs @param {number} position */
  constructor(text, inputs, position) {
    this.formula = parse(text);
    this.names = labels(this.formula);
    this.plan = plan(this.formula);
    this.inputs = inputs;
    this.run = evaluate(this.formula, inputs);
    if (!this.run.fault && !this.finite) this.run.fault = { node: this.output, code: "large" }; // a product of slopes is
    const { fault } = this.run;
    this.turn = this.plan.forward.length; // steps forward
    this.limit = fault ? this.plan.forward.indexOf(fault.node) : this.turn + 1 + this.plan.edges.length;
    this.position = Math.min(position, this.limit);
  }

  get output() {
    return this.formula.output;
  }

  /** Edges gone back. */
  get back() {
    return Math.max(0, this.position - this.turn - 1);
  }

  get done() {
    return this.position >= this.limit;
  }

  /** Whether the next step goes back along an edge. */
  get asking() {
    return !this.run.fault && this.position > this.turn && !this.done;
  }

  get inputNodes() {
    return this.formula.nodes.filter((node) => node.kind === "input");
  }

  /** @returns {(number | null)[]} null: not computed yet */
  get values() {
    const ready = new Set(this.plan.forward.slice(0, this.position));
    return this.formula.nodes.map(({ id, kind }) => (kind === "operation" && !ready.has(id) ? null : this.run.values[id]));
  }

  get state() {
    return barsAfter(this.formula, this.run, Math.max(0, this.position - this.turn));
  }

  /** The edge of backward step k, from 0. @param {number} k @returns {Edge | undefined} */
  edge(k) {
    return this.plan.edges[k];
  }

  /** Whether all bars are. */
  get finite() {
    return barsAfter(this.formula, this.run, Infinity).bars.every((bar) => bar === null || Number.isFinite(bar));
  }

  /** The largest gap between a bar and a finite difference, relative to the larger of 1 and the bar; NaN if there is none. */
  get gap() {
    const { bars } = barsAfter(this.formula, this.run, Infinity);
    const slopes = differences(this.formula, this.inputs);
    return this.inputNodes.reduce((most, { id, name }) => {
      const bar = bars[id] ?? 0;
      return Math.max(most, Math.abs(bar - slopes[name]) / Math.max(1, Math.abs(bar)));
    }, 0);
  }

  /** @returns {import("./parts/graph_picture.js").Look} */
  look() {
    const { bars, waiting } = this.state;
    const edge = this.back ? this.plan.edges[this.back - 1] : null;
    const ahead = this.position <= this.turn;
    const fault = this.run.fault && this.done ? this.run.fault.node : -1;
    const node = edge ? edge.parent : this.position === this.turn + 1 ? this.output : ahead && this.position ? this.plan.forward[this.position - 1] : -1;
    return { values: this.values, bars, waiting, slopes: this.run.slopes, gone: this.plan.edges.slice(0, this.back), edge, node: fault >= 0 ? fault : node, fault };
  }
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "computation_graph", label: t("name") });
  const now = () => new Sweep(model.get("formula"), model.get("inputs"), model.get("position"));
  const editor = formulaEditor(f);
  const picture = graphPicture(f, { label: t("picture"), onLeaf: (name) => boxes.focus(name) });
  f.stage.append(legend());
  const caption = h("p", { class: "xp-caption xp-cg-caption" });
  f.stage.append(caption);
  share(f);
  let sweep = now();
  const boxes = inputBoxes(f);
  toggle(f, { trait: "ask", label: t("ask") });
  const question = askBox(f, t, () => move(sweep.position + 1), () => jump.focus());
  const move = (/** @type {number} */ position) => f.assign({ position: Math.min(sweep.limit, Math.max(0, position)) });
  const time = clock(f, {
    step(n) {
      if (time.running && model.get("ask") && sweep.asking) { // Play waits for the reader's answer
        time.pause();
        question.focus();
      } else move(sweep.position + n);
    },
    onFrame: () => {},
    perFrame: () => (reducedMotion() ? 0.5 : 1 / 50),
    onReset: () => move(0),
    done: () => sweep.done,
  });
  const jump = jumps(f, () => sweep, (position) => {
    time.pause();
    move(position);
  });
  tables(f, () => sweep); // before the readouts' own: it says all that the picture shows
  const show = readouts(f);
  const follow = () => {
    sweep = now();
    boxes.show(sweep);
    const text = sentence(sweep, model.get("ask"));
    picture.draw(sweep.look(), text);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    question.ask(model.get("ask") && sweep.asking ? questionOf(sweep) : null, model.get("ask") && sweep.done);
    jump.show();
    show(sweep);
    f.tableChanged();
  };
  const rebuild = () => {
    picture.rebuild(now());
    editor.show();
    follow();
  };
  f.watch("formula", rebuild);
  for (const trait of ["inputs", "position", "ask"]) f.watch(trait, follow);
  rebuild();
  f.publish();
  return f.destroy;
}

/** What the address keeps. @param {Frame} f */
function share(f) {
  f.share("formula", (text) => {
    try {
      return parse(text).nodes.length > 0;
    } catch {
      return false;
    }
  });
  f.share("inputs", (all) => Object.values(all).every((v) => Math.abs(v) <= LARGEST));
  f.share("position", (v) => Number.isInteger(v) && v >= 0);
}

/** What is wrong, in the words of the page. @param {unknown} error */
export function complaint(error) {
  if (!(error instanceof FormulaError)) throw error;
  const found = error.values.found === "the end of the line" ? t("theEnd") : error.values.found;
  const text = t(error.code === "name" ? "nameLong" : error.code, { ...error.values, found });
  return error.line ? t("at", { line: error.line, column: error.column, text }) : `${text}.`;
}

/** Presets and the text of the formula. @param {Frame} f */
function formulaEditor(f) {
  const [id, errorId, helpId] = ["formula", "error", "help"].map(uniqueId);
  const area = h("textarea", { id, class: "xp-cg-formula", spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-describedby": helpId });
  const error = h("p", { class: "xp-error", role: "alert", id: errorId });
  const field = h("div", { class: "xp-field" }, h("label", { for: id, class: "xp-label" }, t("formula")), area, error);
  const top = h("div", { class: "xp-cg-top" });
  presets(f, Object.entries(PRESETS).map(([key, { formula }]) => ({ label: t(key), set: { formula } })), {
    into: top, onPick: (i) => f.assign({ inputs: { ...Object.values(PRESETS)[i].inputs }, position: 0 }),
  });
  top.append(field, h("p", { class: "xp-help", id: helpId }, t("formulaHelp")));
  f.stage.append(top);
  let timer = 0;
  const fail = (/** @type {string} */ text, /** @type {unknown} */ problem = null) => {
    error.replaceChildren(text, ...where(area.value, problem));
    area.setAttribute("aria-describedby", text ? `${errorId} ${helpId}` : helpId);
    if (text) area.setAttribute("aria-invalid", "true");
    else area.removeAttribute("aria-invalid");
  };
  const read = () => {
    clearTimeout(timer);
    try {
      parse(area.value);
      fail("");
      if (area.value !== f.model.get("formula")) f.assign({ formula: area.value, position: 0 });
    } catch (problem) {
      const text = complaint(problem);
      timer = Number(setTimeout(() => fail(text, problem), PATIENCE));
    }
  };
  area.addEventListener("input", (event) => void (/** @type {InputEvent} */ (event).isComposing || read()), { signal: f.signal });
  area.addEventListener("compositionend", read, { signal: f.signal });
  f.onCleanup(() => clearTimeout(timer));
  return {
    show() {
      const text = f.model.get("formula");
      const lines = text.split(/[;\n]\s*/);
      if (area.value !== text && area.value !== lines.join("\n")) area.value = lines.join("\n");
      area.rows = Math.min(9, Math.max(2, lines.length));
      clearTimeout(timer);
      fail("");
    },
  };
}

/** The line at fault, with a mark where it is: for the eye, as the message tells the place. @param {string} formula @param {unknown} problem */
function where(formula, problem) {
  if (!(problem instanceof FormulaError) || !problem.line) return [];
  const letters = [...(formula.split("\n")[problem.line - 1] ?? "")];
  const at = problem.column - 1;
  const from = Math.max(0, at - 14); // a long line is cut to what fits
  return [h("code", { class: "xp-cg-where", "aria-hidden": "true" }, (from ? "…" : "") + letters.slice(from, at).join(""), h("mark", {}, letters[at] ?? " "),
    letters.slice(at + 1, at + 12).join("") + (letters.length > at + 12 ? "…" : ""))];
}

/** A number box for each input; a box is used again for the input of another formula. @param {Frame} f */
function inputBoxes(f) {
  const row = h("fieldset", { class: "xp-field xp-cg-inputs" }, h("legend", { class: "xp-label" }, t("inputs")));
  f.controls.append(row);
  /** @type {ReturnType<typeof one>[]} */
  const pool = [];
  const one = () => {
    const options = { label: "", min: -LARGEST, max: LARGEST };
    const box = numberBox(f, options, "", (v) => f.assign({ inputs: { ...f.model.get("inputs"), [options.label]: v } }));
    const label = h("label", { class: "xp-cg-name" });
    box.input.id = uniqueId("input");
    box.input.removeAttribute("aria-label");
    box.input.step = "0.1";
    label.htmlFor = box.input.id;
    const node = h("div", { class: "xp-field xp-cg-input" }, label, box.input, box.error);
    return { node, input: box.input, set(/** @type {string} */ name, /** @type {number} */ value) {
      options.label = name;
      label.textContent = name;
      if (Number(box.input.value) !== value || box.input.value === "") box.input.value = String(Number(value.toPrecision(6)));
      box.clear();
    } };
  };
  let names = /** @type {string[]} */ ([]);
  return {
    /** @param {Sweep} sweep */
    show({ inputNodes, inputs }) {
      names = inputNodes.map((node) => node.name);
      while (pool.length < names.length) pool.push(one());
      names.forEach((name, i) => pool[i].set(name, inputOf(inputs, name)));
      pool.forEach(({ node }, i) => {
        if (i >= names.length) node.remove();
        else if (!node.isConnected) row.append(node);
      });
      row.hidden = !names.length;
    },
    /** @param {string} name */
    focus: (name) => pool[names.indexOf(name)]?.input.focus(),
  };
}

function legend() {
  const item = (/** @type {string} */ kind) => h("span", {}, h("span", { class: `xp-cg-swatch xp-cg-swatch-${kind}`, "aria-hidden": "true" }, "0.5"), t(`legend${kind}`));
  return h("div", { class: "xp-legend xp-cg-legend" }, item("Value"), item("Bar"), item("Slope"));
}

/**
 * Back, and to the end of either way.
 * @param {Frame} f @param {() => Sweep} sweep @param {(position: number) => void} go
 */
function jumps(f, sweep, go) {
  const back = button(f, { label: t("back"), where: "toolbar", onClick: () => go(sweep().position - 1) });
  const forward = button(f, { label: t("allForward"), where: "toolbar", onClick: () => go(sweep().turn) });
  const backward = button(f, { label: t("allBackward"), where: "toolbar", onClick: () => go(sweep().limit) });
  return {
    focus: () => back.focus(),
    show() {
      const { position, turn, limit } = sweep();
      setDisabled(back, position === 0);
      setDisabled(forward, position === Math.min(turn, limit));
      setDisabled(backward, position === limit);
    },
  };
}

/** @param {Sweep} sweep @returns {import("./parts/graph_ask.js").Question} */
function questionOf(sweep) {
  const edge = /** @type {Edge} */ (sweep.edge(sweep.back));
  const { bars } = sweep.state;
  const [soFar, bar, slope] = [bars[edge.parent], bars[edge.child] ?? 0, sweep.run.slopes[edge.child][edge.index]];
  const [child, parent] = [sweep.names[edge.child], sweep.names[edge.parent]];
  const words = { child, parent, bar: number(bar), slope: number(slope), so_far: soFar === null ? t("noneYet") : number(soFar), sum: number((soFar ?? 0) + bar * slope) };
  return { key: [sweep.back, ...Object.values(words)].join(), soFar: soFar ?? 0, bar, slope, words };
}

/** What this step has done, in numbers. @param {Sweep} sweep @param {boolean} [ask] */
export function sentence(sweep, ask = false) {
  const { position, turn, run, names, formula } = sweep;
  if (run.fault && sweep.done) {
    const { node, code } = run.fault;
    return t("sayFault", { label: names[node], expression: expression(formula.nodes[node], formula.nodes[node].args.map((id) => number(run.values[id]))), reason: t(FAULTS[code]) });
  }
  const asked = ask && position <= turn ? ` ${t("sayAsk")}` : "";
  if (position === 0 && turn) return t("sayStart") + asked;
  if (position <= turn && turn) return forwardWords(sweep) + asked;
  if (position <= turn + 1) return sweep.plan.edges.length ? t("saySeed", { out: names[sweep.output] }) : t("sayAlone");
  return backwardWords(sweep);
}

/** @param {Sweep} sweep */
function forwardWords({ position, turn, run, names, formula, plan: { forward } }) {
  const node = formula.nodes[forward[position - 1]];
  const label = names[node.id];
  const values = { label, expression: expression(node, node.args.map((id) => names[id])), numbers: expression(node, node.args.map((id) => number(run.values[id]))), value: number(run.values[node.id]) };
  const slopes = node.args.map((id, i) => `∂${label}/∂${names[id]} = ${number(run.slopes[node.id][i])}`).join(", ");
  const parts = [t(values.numbers === values.value ? "sayPlain" : "sayForward", values), t("saySlopes", { slopes })];
  if (position === turn) parts.push(t("sayTurn"));
  return parts.join(" ");
}

/** @param {Sweep} sweep */
function backwardWords(sweep) {
  const { back, run, names, plan: { edges } } = sweep;
  const edge = edges[back - 1];
  const { bars, waiting } = sweep.state;
  const all = edges.filter(({ parent }) => parent === edge.parent).length;
  const left = waiting[edge.parent];
  const values = { child: names[edge.child], parent: names[edge.parent], bar: number(bars[edge.child] ?? 0), slope: wrapped(number(run.slopes[edge.child][edge.index])),
    carried: number(carried(run, bars, edge)), sum: number(bars[edge.parent] ?? 0), n: left || all };
  const parts = [t("sayEdge", values), t(left > 1 ? "sayMoreMany" : left ? "sayMore" : all > 1 ? "saySum" : "sayOne", values)];
  if (sweep.done && sweep.inputNodes.length) parts.push(check(sweep));
  return parts.join(" ");
}

/** The bars of the inputs against finite differences. @param {Sweep} sweep */
function check({ gap, inputNodes: { length: n }, names, output }) {
  if (Number.isNaN(gap)) return t("sayEdgeOfDomain");
  const key = gap > 1e-4 ? "sayKink" : n > 1 ? "sayDone" : "sayDoneOne";
  return t(key, { n, out: names[output], gap: number(Number(gap.toPrecision(1))) });
}

/** The same as the picture, in words: nodes and edges as far as they are known. @param {Frame} f @param {() => Sweep} now */
function tables(f, now) {
  f.addTable(() => {
    const sweep = now();
    const { values, names, formula: { nodes } } = sweep;
    const { bars } = sweep.state;
    const is = (/** @type {import("./core/formula.js").Node} */ node) => (node.kind === "operation" ? expression(node, node.args.map((id) => names[id])) : t(node.kind));
    return { caption: t("tableNodes"), columns: [t("colNode"), t("colIs"), t("colValue"), t("colBar")],
      rows: nodes.map((node) => [names[node.id], is(node), values[node.id], bars[node.id]]) };
  });
  f.addTable(() => {
    const sweep = now();
    const { names, run, values, back, plan: { edges } } = sweep;
    const { bars } = sweep.state;
    return { caption: t("tableEdges"), columns: [t("colEdge"), t("colSlope"), t("colBrings")],
      rows: edges.map((edge, k) => [`${names[edge.child]} → ${names[edge.parent]}`, values[edge.child] === null ? null : run.slopes[edge.child][edge.index],
        k < back ? carried(run, bars, edge) : null]) };
  });
}

/** @param {Frame} f */
function readouts(f) {
  const output = readout(f, { name: "output", label: t("readOutput"), format: (v) => (typeof v === "number" ? number(v) : v), width: 8 });
  const step = readout(f, { name: "step", label: t("readStep"), format: String, width: 3 });
  const forward = readout(f, { name: "forward", label: t("readForward"), format: String, width: 6 });
  const edges = readout(f, { name: "backward", label: t("readBackward"), format: String, width: 6 });
  /** @type {Set<string>} */
  let known = new Set();
  return (/** @type {Sweep} */ sweep) => {
    const { values, position, turn, back, plan: p } = sweep;
    output(values[sweep.output] ?? "–");
    step(position);
    forward(`${Math.min(position, turn)} / ${turn}`);
    edges(`${back} / ${p.edges.length}`);
    const { bars } = sweep.state;
    const fresh = new Set(sweep.names);
    for (const name of known) if (!fresh.has(name)) [`value_${name}`, `bar_${name}`].forEach((key) => f.setReadout(key, "–"));
    sweep.names.forEach((name, id) => {
      f.setReadout(`value_${name}`, values[id] ?? "–");
      f.setReadout(`bar_${name}`, bars[id] ?? "–");
    });
    const gap = sweep.done && !sweep.run.fault ? sweep.gap : NaN;
    f.setReadout("gap", Number.isNaN(gap) ? "–" : gap);
    known = fresh;
  };
}

export default { render };
