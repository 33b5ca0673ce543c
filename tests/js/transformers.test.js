import assert from "node:assert/strict";
import { test } from "node:test";

import { levelOf } from "../../book_lib/explorables/core/architecture.js";
import { attend, jacobianSize, spread, drawnVectors, scoresOf } from "../../book_lib/explorables/core/attention.js";
import { LENGTH, curveGap, encoding, moves, outputs, rotated, scoreCurve, sinusoid, wavelength } from "../../book_lib/explorables/core/positions.js";
import { PRESETS, activationsPerToken, blockParameters, flops, memory, parameters } from "../../book_lib/explorables/core/transformer_costs.js";
import { sentence as tourWords, details, tour } from "../../book_lib/explorables/architecture_tour.js";
import { calculate as attentionOf, hull, sentence as attentionWords } from "../../book_lib/explorables/attention_calculator.js";
import { calculate as costsOf, sentence as costWords } from "../../book_lib/explorables/parameter_calculator.js";
import { sized } from "../../book_lib/explorables/parts/sized.js";
import { calculate as positionsOf, sentence as positionWords } from "../../book_lib/explorables/positional_encodings.js";
import { close, golden } from "./golden.js";

/** Compare nested lists of numbers. */
function all(actual, expected, label, relative = 1e-12, absolute = 1e-12) {
  assert.equal(actual.length, expected.length, label);
  expected.forEach((one, i) => (Array.isArray(one) ? all(actual[i], one, `${label} ${i}`, relative, absolute) : close(actual[i], one, `${label} ${i}`, relative, absolute)));
}

const getter = (traits) => (name) => traits[name];

// -- attention

const attention = golden("attention");

attention.cases.forEach((one, k) => {
  test(`weights, outputs, entropies and Jacobians are the library's: ${k} ${one.traits.source}`, () => {
    const shown = attentionOf(getter(one.traits));
    all(shown.scores, one.table, "score", 1e-10, 1e-10);
    all(shown.weights, one.weights, "weight", 1e-10, 1e-12);
    all(shown.outputs, one.outputs, "output", 1e-10, 1e-10);
    all(shown.entropies, one.entropies, "entropy", 1e-9, 1e-10);
    all(shown.jacobians, one.jacobians, "Jacobian", 1e-6, 1e-7); // a difference of almost equal numbers
    shown.sums.forEach((sum) => close(sum, 1));
  });
});

test("the slide's scores give the syllabus's numbers, scaled and not", () => {
  const plain = attend([[4.1, -1, 0.1]], [[0], [0], [0]]);
  const scaled = attend([[4.1, -1, 0.1]], [[0], [0], [0]], { scale: 1 / Math.sqrt(512) });
  assert.deepEqual(plain.weights[0].map((p) => p.toFixed(4)), ["0.9762", "0.0060", "0.0179"]);
  assert.deepEqual(scaled.weights[0].map((p) => p.toFixed(4)), ["0.3793", "0.3028", "0.3179"]);
  assert.ok(scaled.jacobians[0] > 10 * plain.jacobians[0]);
});

test("the Jacobian is nought for one-hot weights and √(1/n − 1/n²) for even ones", () => {
  assert.equal(jacobianSize([0, 1, 0]), 0);
  close(jacobianSize([0.25, 0.25, 0.25, 0.25]), Math.sqrt(1 / 4 - 1 / 16));
});

test("random vectors of d numbers have scores that spread as √d", () => {
  const squares = Array.from({ length: 60 }, (_, seed) => {
    const { queries, keys } = drawnVectors(5, 512, seed);
    return spread(scoresOf(queries, keys)) ** 2;
  });
  close(Math.sqrt(squares.reduce((a, b) => a + b, 0) / 60), Math.sqrt(512), "spread", 0.1);
});

test("a causal mask hides what comes later, and outputs lie in the hull of what is seen", () => {
  const values = [[1, 0], [0, 1], [-1, -1]];
  const done = attend([[0, 9, 9], [1, 1, 9], [0, 0, 0]], values, { causal: true });
  assert.deepEqual(done.weights[0], [1, 0, 0]);
  assert.equal(done.weights[1][2], 0);
  assert.deepEqual(done.outputs[0], [1, 0]);
  assert.equal(hull([...values, [0, 0]]).length, 3);
});

test("the calculator tells the slip, the scale and the bet", () => {
  const traits = { ...attention.cases[0].traits };
  const say = (changes, prediction = "") => attentionWords(attentionOf(getter({ ...traits, ...changes })), prediction);
  assert.match(say({}), /weights 0\.9762, 0\.0060, 0\.0179, which sum to 1.*once printed \.9, \.1, \.2 here: these sum to 1\.2/);
  assert.match(say({ row: 2 }), /a ratio of 3; scores that differ by 5\.3 have a ratio of 200/);
  assert.match(say({ scaled: true }, "even"), /0\.3793, 0\.3028, 0\.3179.*temperature: 22\.6.*Right/);
  assert.match(say({ scaled: true }, "same"), /otherwise/);
  assert.match(say({}, "same"), /You foretold: still more than 90 %\.$/);
  assert.match(say({ causal: true }), /sees only itself/);
  assert.match(say({ row: -1 }), /All 3 outputs/);
  assert.match(say({ source: "random", d: 512 }), /theory says √d = 22\.6/);
});

// -- positions

const positions = golden("positions");

test("waves and rotations are the library's", () => {
  positions.waves.forEach((row, k) => all(sinusoid(7 * k, 16), row, `wave ${7 * k}`, 1e-9, 1e-12));
  positions.turned.forEach((row, k) => all(rotated(positions.x, 7 * k), row, `turn ${7 * k}`, 1e-9, 1e-12));
});

for (const one of positions.cases) {
  test(`map, scores, gap and outputs are the library's: ${one.settings.kind}${one.content ? " with content" : ""}`, () => {
    const map = encoding(one.settings);
    [0, 1, 40, 63].forEach((p, k) => all(map[p], one.encoding[k], `row ${p}`, 1e-9, 1e-10));
    const curve = scoreCurve(one.settings, one.position, one.content);
    assert.equal(curve.length, LENGTH);
    one.scores.forEach((v, k) => close(curve[9 * k][1], v, `score ${9 * k}`, 1e-9, 1e-9));
    close(curveGap(curve, scoreCurve(one.settings, 0, one.content)), one.gap, "gap", 1e-9, 1e-9);
    close(wavelength(3, 16, 1000), one.wavelength);
    all(outputs(one.settings, [0, 1, 2]), one.outputs, "output", 1e-9, 1e-10);
    all(moves(one.settings), one.moves, "move", 1e-9, 1e-9);
  });
}

test("rotations look at the distance only, whatever the words; added waves do so alone; nothing moves without positions", () => {
  const gap = (kind, content) => positions.cases.find((one) => one.settings.kind === kind && one.content === content).gap;
  for (const content of [false, true]) assert.ok(gap("rotary", content) < 1e-9);
  assert.ok(gap("sinusoidal", false) < 1e-9 && gap("sinusoidal", true) > 0.5 && gap("learned", false) > 0.5);
  assert.ok(Math.max(...positions.cases[0].moves) < 1e-12);
  for (const { settings, moves: by } of positions.cases) assert.ok(settings.kind === "none" || Math.max(...by) > 0.05, settings.kind);
});

test("the four kinds are told apart, and the bet is answered where it can be seen", () => {
  const base = { kind: "none", width: 32, base: 10_000, seed: 0, pair: 4, position: 20, content: false, prediction: "same" };
  const say = (changes) => positionWords(positionsOf(getter({ ...base, ...changes })), changes.prediction ?? base.prediction);
  assert.match(say({}), /One of four kinds: None.*does not move.*Right\.$/);
  assert.match(say({ prediction: "other" }), /otherwise/);
  assert.match(say({ kind: "sinusoidal" }), /62\.8 positions.*both curves agree.*The order counts.*Choose none/);
  assert.match(say({ kind: "sinusoidal", content: true }), /differ by up to/);
  assert.match(say({ kind: "rotary", pair: 15 }), /hardly turns.*turned, pair by pair/);
  assert.match(say({ kind: "learned", prediction: "" }), /before training.*no row left/);
});

// -- costs

for (const one of golden("costs").cases) {
  test(`parameters, bytes and operations are the library's: ${one.preset}, ${one.use.precision}`, () => {
    const config = { ...PRESETS[one.preset], tied: one.tied };
    const { total, ...parts } = parameters(config);
    assert.deepEqual(parts, one.parts);
    assert.equal(total, one.total);
    assert.equal(activationsPerToken(config, one.use), one.per_token);
    assert.deepEqual(memory(config, one.use), one.bytes);
    const work = flops(config, 1e9);
    for (const [key, value] of Object.entries(one.flops)) close(work[key], value, key);
  });
}

test("the totals are those of the papers", () => {
  const totals = Object.values(PRESETS).map((config) => parameters(config).total);
  assert.deepEqual(totals.slice(1), [875_264, 124_439_808, 1_557_611_200, 174_604_259_328]);
  const d = 12_288;
  assert.equal(Object.values(blockParameters(PRESETS.gpt3)).reduce((a, b) => a + b), 12 * d * d + 13 * d);
});

test("the calculator says where parameters sit, and that heads add none", () => {
  const base = { ...PRESETS.small, tied: true, precision: "float32", cache: "bfloat16", batch: 1, stored: false, tokens: 3e11 };
  const say = (changes, prediction = "") => costWords(costsOf(getter({ ...base, ...changes })), prediction);
  assert.match(say({}), /^124,439,808 parameters, of which blocks hold 68\.3 %, each 7,087,872\. 12 heads of 64.*takes 16 B .*writing 4 B.*2\.24 × 10²⁰/);
  assert.match(say({ precision: "bfloat16" }), /takes 16 B .*writing 2 B/);
  assert.match(say({ heads: 7 }), /7 heads do not divide/);
  assert.match(say({}, "same"), /With 24 heads instead of 12 it has 124,439,808.*Right/);
  assert.match(say({}, "double"), /otherwise/);
  assert.deepEqual([0, 999, 999.6, 1000, 3.49e11].map(sized), ["0 B", "999 B", "1 kB", "1 kB", "349 GB"]);
});

// -- the tour

for (const one of golden("architecture").cases) {
  test(`boxes are the library's: ${one.preset}, ${one.level}, ${one.norm}`, () => {
    const { rows, skips } = levelOf(PRESETS[one.preset], one.level, one.norm);
    assert.deepEqual(rows.map((row) => row.map(({ id, shape, parameters: n }) => [id, shape, n])), one.rows);
    for (const { from, to } of skips) assert.equal(rows[to][0].id.slice(0, 3), "add", `${from}`);
    assert.equal(tour(getter({ ...one, chosen: "" })).total, one.total);
  });
}

test("a level's boxes hold what the box that opens it says", () => {
  const sum = (level) => levelOf(PRESETS.xl, level, "pre").rows.flat().reduce((total, box) => total + box.parameters, 0);
  const held = (level, id) => levelOf(PRESETS.xl, level, "pre").rows.flat().find((box) => box.id === id).parameters;
  assert.equal(sum("whole"), 1_557_611_200);
  assert.equal(48 * sum("block"), held("whole", "block"));
  assert.equal(sum("attention"), held("block", "attention"));
  assert.equal(25 * sum("head"), held("attention", "qkv"));
});

test("every box is explained, in every model", () => {
  for (const preset of Object.keys(PRESETS)) {
    for (const level of ["whole", "block", "attention", "head"]) {
      const first = tour(getter({ preset, level, norm: "pre", chosen: "" }));
      for (const { id } of first.boxes) {
        const lines = details(tour(getter({ preset, level, norm: "pre", chosen: id })));
        assert.ok(lines.length >= 4 && lines.every((line) => line && !/[{}]|NaN|undefined/.test(line)), `${id}: ${lines}`);
      }
      assert.doesNotMatch(tourWords(first, ""), /[{}]|NaN|undefined/);
    }
  }
  const block = tour(getter({ preset: "gpt3", level: "block", norm: "post", chosen: "" }));
  assert.match(tourWords(block, "third"), /1,812,099,072 parameters\. Post-norm.*33\.3 %.*Right/);
  assert.match(tourWords(tour(getter({ preset: "gpt3", level: "whole", norm: "post", chosen: "" })), ""), /no last normalisation/);
});
