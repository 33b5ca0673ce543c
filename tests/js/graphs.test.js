import assert from "node:assert/strict";
import { test } from "node:test";

import { backward, barsAfter, carried, differences, evaluate, plan } from "../../book_lib/explorables/core/backprop.js";
import { FUNCTIONS, FormulaError, LONGEST, MOST_NODES, apply, fault, parse } from "../../book_lib/explorables/core/formula.js";
import { arrange, layers } from "../../book_lib/explorables/core/layered.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { Sweep, complaint, sentence } from "../../book_lib/explorables/computation_graph.js";
import { diagnose, near } from "../../book_lib/explorables/parts/graph_ask.js";
import { PRESETS, expression, labels, symbol } from "../../book_lib/explorables/parts/graph_words.js";
import { close, golden } from "./golden.js";

const vectors = golden("graphs");

test("the ready-made formulas are Python's", () => assert.deepEqual(PRESETS, vectors.presets));

for (const { formula: text, inputs, ...expected } of vectors.cases) {
  test(`${JSON.stringify(text)} is read, evaluated and gone back through as in Python`, () => {
    const formula = parse(text);
    assert.equal(formula.output, expected.output);
    assert.equal(formula.nodes.length, expected.nodes.length);
    const run = evaluate(formula, inputs);
    const bars = backward(formula, run);
    assert.equal(run.fault, null);
    formula.nodes.forEach((node, i) => {
      const { constant, symbol: sign, ...plain } = expected.nodes[i];
      for (const [key, value] of Object.entries(plain)) assert.deepEqual(node[key], value, `${key} of node ${i}`);
      if (constant === null) assert.equal(node.constant, null);
      else close(node.constant, constant, "constant");
      if (node.op) assert.equal(symbol(node), sign);
      close(run.values[i], expected.values[i], `value ${i}`);
      expected.slopes[i].forEach((slope, k) => close(run.slopes[i][k], slope, `slope ${k} of node ${i}`));
      close(bars[i], expected.bars[i], `bar ${i}`, 1e-11);
    });
    const { places, routes } = arrange(formula);
    places.forEach(([layer, row], i) => {
      assert.equal(layer, expected.places[i][0]);
      close(row, expected.places[i][1], `row ${i}`, 1e-9, 1e-9);
    });
    assert.equal(routes.length, expected.routes.length);
    routes.forEach(({ corners }, k) => assert.deepEqual(corners.map(([layer]) => layer), expected.routes[k].map(([layer]) => layer)));
  });
}

for (const { formula, code, message, line, column } of vectors.wrong) {
  test(`${JSON.stringify(formula.slice(0, 40))} is refused as in Python: ${code}`, () => {
    assert.throws(() => parse(formula), (error) => {
      assert.ok(error instanceof FormulaError);
      assert.deepEqual([error.message, error.code, error.line, error.column], [message, code, line, column]);
      assert.ok(complaint(error).length > 20);
      return true;
    });
  });
}

for (const { formula, inputs, fault: [node, code] } of vectors.faults) {
  test(`${formula} at ${JSON.stringify(inputs)} ends at node ${node}: ${code}`, () => {
    assert.deepEqual(evaluate(parse(formula), inputs).fault, { node, code });
    const sweep = new Sweep(formula, inputs, 1000);
    assert.ok(sweep.done && !sweep.asking);
    assert.match(sentence(sweep), /has no value: .*Change an input/);
  });
}

// --- random formulas

/** @param {CounterRNG} rng @param {number} depth @returns {string} */
function formulaOf(rng, depth) {
  const pick = rng.uint32() % (depth ? 9 : 3);
  const inside = () => formulaOf(rng, depth - 1);
  if (pick === 0) return String(1 + (rng.uint32() % 30) / 10);
  if (pick < 3) return "xyz"[rng.uint32() % 3];
  if (pick === 3) return `(${inside()} + ${inside()} - ${inside()})`;
  if (pick === 4) return `${inside()} * (${inside()})`;
  if (pick === 5) return `(${inside()}) / (2 + sin(${inside()}))`;
  if (pick === 6) return `(${inside()})^${2 + (rng.uint32() % 2)}`;
  if (pick === 7) return `-(${inside()})`;
  return `${["tanh", "sigmoid", "sin", "cos"][rng.uint32() % 4]}(${inside()})`;
}

test("bars of random formulas agree with finite differences", () => {
  const rng = new CounterRNG(7);
  let [tried, inputs] = [0, 0];
  while (tried < 300) {
    const text = formulaOf(rng, 4);
    if (text.length > LONGEST) continue;
    const at = { x: rng.random() * 2 - 1, y: rng.random() + 0.5, z: -rng.random() };
    const formula = parse(text);
    const run = evaluate(formula, at);
    assert.equal(run.fault, null, text);
    const bars = backward(formula, run);
    const slopes = differences(formula, at);
    const scale = 1 + Math.max(...bars.map(Math.abs), Math.abs(run.values[formula.output]));
    formula.nodes.forEach(({ kind, name }, i) => {
      if (kind !== "input") return;
      inputs++;
      assert.ok(Math.abs(bars[i] - slopes[name]) < 1e-5 * scale, `${text}: ${name} ${bars[i]} ${slopes[name]}`);
    });
    tried++;
  }
  assert.ok(inputs > 300);
});

test("every rule has the slopes of finite differences", () => {
  const texts = [...FUNCTIONS.map((name) => `${name}(x)`), "x*y", "x/y", "x^y", "x^2.5", "2.5^x", "3/x", "x - y + 2", "-x", "2 - x"];
  for (const text of texts) {
    const formula = parse(text);
    const at = { x: 0.8, y: 1.7 };
    const bars = backward(formula, evaluate(formula, at));
    for (const [name, slope] of Object.entries(differences(formula, at))) {
      close(bars[formula.nodes.findIndex((n) => n.name === name)], slope, `${text} in ${name}`, 1e-8, 1e-8);
    }
  }
});

// --- the way back

test("a bar is passed on only when all of it has come, and contributions add up to it", () => {
  for (const { formula: text, inputs } of vectors.cases) {
    const formula = parse(text);
    const run = evaluate(formula, inputs);
    const { edges } = plan(formula);
    edges.forEach((edge, k) => {
      const { bars, waiting } = barsAfter(formula, run, k + 1);
      assert.equal(waiting[edge.child], 0, text);
      const next = barsAfter(formula, run, k + 2).bars;
      close(next[edge.parent], (bars[edge.parent] ?? 0) + carried(run, bars, edge), text);
    });
  }
});

test("nothing has a bar before the way back, and only the output after its first step", () => {
  const formula = parse(PRESETS.logistic.formula);
  const run = evaluate(formula, PRESETS.logistic.inputs);
  assert.ok(barsAfter(formula, run, 0).bars.every((bar) => bar === null));
  assert.deepEqual(barsAfter(formula, run, 1).bars.filter((bar) => bar !== null), [1]);
});

test("what the output does not depend on gets no edge and the bar 0", () => {
  const formula = parse("dead = x*y; x + 1");
  const run = evaluate(formula, { x: 1, y: 2 });
  assert.equal(plan(formula).edges.length, 1);
  assert.deepEqual(backward(formula, run), [1, 0, 0, 1]);
});

test("softmax with cross-entropy sends y − t to the logits", () => {
  const formula = parse(PRESETS.softmax.formula);
  const run = evaluate(formula, PRESETS.softmax.inputs);
  const bars = backward(formula, run);
  const at = (name) => formula.nodes.findIndex((node) => node.name === name);
  [1, 2, 3].forEach((k) => close(bars[at(`z${k}`)], run.values[at(`y${k}`)] - (k === 2 ? 1 : 0), `z${k}`));
});

// --- layout

test("edges run to the right, and no two nodes of a layer overlap", () => {
  for (const { formula: text } of vectors.cases) {
    const formula = parse(text);
    const depth = layers(formula);
    for (const { id, args } of formula.nodes) for (const k of args) assert.ok(depth[k] < depth[id], text);
    const { places } = arrange(formula);
    places.forEach(([layer, row], i) => places.forEach(([other, there], k) =>
      assert.ok(i === k || layer !== other || Math.abs(row - there) > 1 - 1e-9, `${text}: ${i} and ${k}`)));
    assert.ok(Math.min(...places.map(([, row]) => row)) > -1e-9);
  }
});

// --- words

test("a sweep tells each step in numbers", () => {
  const { formula, inputs } = PRESETS["fan-out"];
  const told = (position, ask = false) => sentence(new Sweep(formula, inputs, position), ask);
  assert.match(told(0), /inputs are given/);
  assert.match(told(0, true), /you will be asked/);
  assert.match(told(1), /^x = cos\(t\) = cos\(1\) = 0\.5403\. Local derivatives: ∂x\/∂t = −0\.8415\.$/);
  assert.match(told(5), /f = y \+ v5 = 1 \+ 1\.717 = 2\.717\. .*That is the output/);
  assert.match(told(6), /own bar is ∂f\/∂f = 1/);
  assert.match(told(7), /From f to y: .* = 1 × 1 = 1\. So far the bar of y is 1; 1 more edge/);
  assert.match(told(99), /Summed over its 2 edges, the bar of t is 2\.41.* Done\. A finite difference agrees/);
  assert.equal(new Sweep(formula, inputs, 99).position, 13);
  assert.match(sentence(new Sweep("x*x + x", { x: 3 }, 5)), /So far the bar of x is 1; 2 more edges are to come/);
  assert.match(sentence(new Sweep("2*3", {}, 9)), /no way back/);
});

test("expressions and labels are written as a reader would", () => {
  const read = (text) => {
    const formula = parse(text);
    return expression(formula.nodes[formula.output], formula.nodes[formula.output].args.map((id) => labels(formula)[id]));
  };
  assert.equal(read("x - y + 2"), "x − y + 2");
  assert.equal(read("2 - x"), "2 − x");
  assert.equal(read("-3 - x"), "−3 − x");
  assert.equal(read("x*(-2)"), "x × (−2)");
  assert.equal(read("2^x"), "2^x");
  assert.equal(read("sin(x)"), "sin(x)");
  assert.equal(read("x^0.00001"), "x^(1 × 10⁻⁵)");
  assert.deepEqual(labels(parse("v1*x")), ["v1", "x", "n3"]);
  assert.deepEqual(labels(parse("v1*n3")), ["v1", "n3", "u3"]);
});

test("the end compares with finite differences, where there are any", () => {
  const told = (text, inputs) => sentence(new Sweep(text, inputs, 99));
  assert.match(told("x^2", { x: 3 }), /A finite difference agrees to \d/);
  assert.match(told("x*y", { x: 3, y: 900 }), /slope of v3 in all 2 inputs\. .* agree to/);
  assert.match(told("relu(x)", { x: 0 }), /off by 0\.5: the formula has a kink/);
  assert.match(told("x^0.5", { x: 1e-9 }), /cannot be taken here/);
  assert.match(told("x^5", { x: 1000 }), /agrees to/); // the gap is relative: the bar is 5 × 10¹²
  assert.match(told("x^5 + y", { x: 1000, y: 1 }), /off by 1: .* rounding/);
});

test("a bar that no float can hold ends the walk in words", () => {
  const sweep = new Sweep("1e200*(1e200*x)", { x: 0 }, 99);
  assert.deepEqual(sweep.run.fault, { node: 2, code: "large" });
  assert.match(sentence(sweep), /a slope is too large/);
});

test("wrong predictions are told apart", () => {
  const question = { key: "", soFar: 1, bar: 3, slope: 0.5, words: {} };
  const said = (answer) => diagnose(answer, question);
  assert.deepEqual([2.5, 2.49, 1.5, -2.5, 0.5, 3, 6, 7].map(said),
    ["replyRight", "replyRight", "replyOne", "replySign", "replyLocal", "replyBar", "replyDivide", "replyWrong"]);
  assert.ok(near(0, 0) && !near(0.004, 0) && !near(0, 0.004));
});

test("a name of JavaScript's own is an input like any other, 1 without a number", () => {
  for (const name of ["constructor", "toString", "valueOf"]) {
    const formula = parse(`2*${name}`);
    assert.equal(evaluate(formula, {}).values[formula.output], 2);
    assert.equal(differences(formula, {})[name].toFixed(6), "2.000000");
  }
});

test("limits are kept and named", () => {
  assert.throws(() => parse("x".repeat(LONGEST + 1)), /at most 600 letters/);
  const tall = Array.from({ length: MOST_NODES }, (_, k) => `sin(x)*${k + 2}`).join("+");
  assert.throws(() => parse(tall), /at most 60 nodes/);
  assert.throws(() => apply({ op: "sinh", constant: null, first: false, signs: [] }, [1]), /op must be one of/);
  assert.throws(() => evaluate(parse("x"), { x: NaN }), /x must be a finite number/);
  assert.equal(fault({ op: "log", constant: null, first: false, signs: [] }, [1]), "");
});
