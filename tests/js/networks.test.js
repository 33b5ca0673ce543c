import assert from "node:assert/strict";
import { test } from "node:test";

import { zeroLine } from "../../book_lib/explorables/core/contour.js";
import { SECOND, SHARES, active, hidden, prices } from "../../book_lib/explorables/core/hinge.js";
import { HOUSES } from "../../book_lib/explorables/core/houses.js";
import { Network, Training, accuracy, answers, bestTemperature, crossEntropy, sample, sharpness } from "../../book_lib/explorables/core/mlp.js";
import { ACTIVATIONS, SLOPES, biasesFor, border, halfPlane, preActivation, right, rowsOf } from "../../book_lib/explorables/core/neuron.js";
import { OWN, Perceptron, mistakeBound, table, widest } from "../../book_lib/explorables/core/perceptron.js";
import { bound, largestError, network, units } from "../../book_lib/explorables/core/width.js";
import { strings } from "../../book_lib/explorables/kit/strings.js";
import { LONGEST, Run, percent, sentence, verdict } from "../../book_lib/explorables/parts/mlp_run.js";
import { mlpWords } from "../../book_lib/explorables/parts/mlp_words.js";
import { close, golden } from "./golden.js";

const SETTINGS = { data: "circles", points: [], inputs: "plain", hidden: [4], activation: "tanh", method: "descent", learning_rate: 0.3, penalty: "l2", regularization: 0, batch_size: 10, noise: 0.2, seed: 0 };

// -- the playground

const playground = golden("mlp");

test("the points of the data sets are Python's", () => {
  for (const { data, points, labels } of playground.samples) {
    const { x, t } = sample(data, playground.noise, playground.seed);
    points.forEach((row, i) => row.forEach((v, k) => close(x[2 * i + k], v, `${data} ${i}`)));
    assert.deepEqual([...t.slice(0, labels.length)], labels);
  }
});

for (const run of playground.runs) {
  const name = `${run.settings.data} with ${run.settings.hidden} ${run.settings.activation}, ${run.settings.method}`;

  test(`training is the library's: ${name}`, () => {
    const training = new Training(run.settings);
    for (let n = 0; n <= 60; n++) {
      const k = run.steps.indexOf(n);
      if (run.theta && k >= 0) training.network.theta.forEach((w, i) => close(w, run.theta[k][i], `weight ${i} at step ${n}`, 1e-8, 1e-9));
      if (n === 60) break;
      const loss = training.step();
      if (n < run.losses.length) close(loss, run.losses[n], `loss ${n}`, 1e-7, 1e-9);
    }
    assert.equal(training.diverged, run.why);
    if (run.diverged !== null) return assert.equal(training.steps, run.diverged);
    const [train, held] = [training.sets.train, training.sets.test].map((part) => answers(training.network, part));
    [train, held].forEach((part, i) => {
      close(crossEntropy(part, run.settings.temperature), run.loss[i], "loss", 1e-8, 1e-9);
      close(accuracy(part), run.accuracy[i], "accuracy");
    });
    if (run.best_temperature !== null) close(bestTemperature(held), run.best_temperature, "T", 1e-6);
    close(sharpness(training.network, training.sets.train, run.settings, 3000), run.sharpness, "L", 2e-3);
  });

  test(`the gradient is the slope of the loss: ${name}`, () => {
    const { network: net, sets } = new Training({ ...run.settings, regularization: 0.02 });
    net.theta.forEach((_, i) => (net.theta[i] += 0.1 * Math.sin(3 * i + 1)));
    const slope = new Float64Array(net.theta.length);
    const spare = new Float64Array(net.theta.length);
    const at = (i, by) => {
      net.theta[i] += by;
      const loss = net.gradient(sets.train, null, { regularization: 0.02, penalty: "l2" }, spare);
      net.theta[i] -= by;
      return loss;
    };
    net.gradient(sets.train, null, { regularization: 0.02, penalty: "l2" }, slope);
    for (let i = 0; i < slope.length; i += 3) close(slope[i], (at(i, 1e-5) - at(i, -1e-5)) / 2e-5, `slope ${i}`, 1e-4, 2e-5);
  });
}

test("every example is dealt once a round", () => {
  const training = new Training({ ...SETTINGS, batch_size: 30 });
  const seen = [];
  for (let k = 0; k < 4; k++) seen.push(...training.deal());
  assert.deepEqual([...seen].sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i));
});

test("rounds are those that were made, whatever the batches are now, and own points may be fewer than a batch", () => {
  const training = new Training({ ...SETTINGS, batch_size: 30 });
  const take = (n) => Array.from({ length: n }, () => training.step());
  take(4);
  assert.equal(training.rounds, 1); // 30 + 30 + 30 + 10
  training.turn({ ...training.settings, batch_size: 100 });
  take(2);
  assert.equal(training.rounds, 3);
  training.turn({ ...training.settings, batch_size: 10 });
  take(9);
  assert.equal(training.rounds, 3);
  take(1);
  assert.equal(training.rounds, 4);
  const few = new Training({ ...SETTINGS, data: "own", points: [0, 0, 1, 1, 1, 0], batch_size: 100 });
  few.step();
  assert.equal(few.rounds, 1);
});

test("Adam chosen on the way begins afresh: its first step is η in every weight", () => {
  const training = new Training({ ...SETTINGS, batch_size: 100 });
  for (let k = 0; k < 200; k++) training.step();
  for (const method of ["adam", "descent", "adam"]) {
    training.turn({ ...training.settings, method, learning_rate: 0.01 });
    const before = training.network.theta.slice();
    training.step();
    if (method === "adam") training.network.theta.forEach((w, i) => close(Math.abs(w - before[i]), 0.01, `weight ${i}`, 1e-3));
    for (let k = 0; k < 20; k++) training.step();
  }
  training.turn({ ...training.settings, learning_rate: 0.02 });
  assert.equal(training.moments, 21); // another rate keeps the means
});

test("XOR is beyond one layer and within two", () => {
  const share = (hiddenWidths) => {
    const training = new Training({ ...SETTINGS, data: "xor", hidden: hiddenWidths, noise: 0 });
    for (let k = 0; k < 1500; k++) training.step();
    return accuracy(answers(training.network, training.sets.train));
  };
  assert.ok(share([0]) <= 0.8);
  assert.ok(share([4]) >= 0.97);
});

test("with products made by hand, one unit is enough for XOR", () => {
  const training = new Training({ ...SETTINGS, data: "xor", inputs: "products", hidden: [0], noise: 0 });
  for (let k = 0; k < 1500; k++) training.step();
  assert.ok(accuracy(answers(training.network, training.sets.train)) >= 0.97);
});

test("NaN is caught, and the step is kept", () => {
  const training = new Training(SETTINGS);
  training.network.theta[0] = NaN;
  training.step();
  assert.equal(training.diverged, "loss");
  assert.equal(training.steps, 0);
  const relu = new Training({ ...SETTINGS, activation: "relu" });
  relu.network.theta[0] = NaN;
  relu.step();
  assert.equal(relu.diverged, "loss");
});

test("with nobody to learn from nothing happens", () => {
  const training = new Training({ ...SETTINGS, data: "own" });
  assert.ok(Number.isNaN(training.step()));
  assert.equal(training.steps, 0);
  assert.ok(Number.isNaN(bestTemperature(answers(training.network, training.sets.test))));
});

test("the best temperature is where the loss is flat, and its ends are named", () => {
  const logits = Float64Array.of(3, 3, 3, 3);
  const T = bestTemperature({ logits, t: Uint8Array.of(1, 1, 1, 0), n: 4 });
  close(T, 3 / Math.log(3), "three quarters at logit 3", 1e-9);
  assert.equal(bestTemperature({ logits, t: Uint8Array.of(1, 1, 1, 1), n: 4 }), 0);
  assert.equal(bestTemperature({ logits, t: Uint8Array.of(1, 0, 0, 1), n: 4 }), Infinity);
});

test("a network without hidden layers is a line: its sharpness is that of logistic regression", () => {
  const net = new Network([2, 1], "tanh", 0);
  net.theta.fill(0);
  const examples = { x: Float64Array.of(1, 0, -1, 0), t: Uint8Array.of(1, 0), n: 2 };
  close(sharpness(net, examples, SETTINGS), 0.25, "¼ of the mean square", 1e-5);
});

// -- the zero line

test("the zero line is where the values change sign", () => {
  const size = 41;
  const values = Float64Array.from({ length: size * size }, (_, k) => {
    const [x, y] = [-2 + (4 * (k % size)) / (size - 1), 2 - (4 * Math.floor(k / size)) / (size - 1)];
    return x * x + y * y - 1;
  });
  const places = zeroLine(values, size, -2, 2).filter(([x]) => Number.isFinite(x));
  assert.ok(places.length > 60);
  for (const [x, y] of places) close(Math.hypot(x, y), 1, "radius", 0, 0.01);
  assert.deepEqual(zeroLine(values.map(() => NaN), size, -2, 2), []);
});

// -- one neuron

const neuron = golden("neuron");

test("activations and their slopes", () => {
  for (const [name, values] of Object.entries(neuron.activations)) {
    neuron.z.forEach((z, i) => {
      close(ACTIVATIONS[name](z), values[i], `${name}(${z})`);
      if (name !== "step" && z !== 0) close(SLOPES[name](z), (ACTIVATIONS[name](z + 1e-6) - ACTIVATIONS[name](z - 1e-6)) / 2e-6, `${name}′(${z})`, 1e-5, 1e-8);
    });
  }
});

for (const one of neuron.cases) {
  test(`a ${one.activation} neuron on ${one.data} is Python's`, () => {
    const rows = rowsOf(one.data);
    assert.deepEqual(rows.map(({ t }) => t), one.targets);
    rows.forEach(({ x }, i) => {
      x.forEach((v, k) => close(v, one.inputs[i][k], "input"));
      const z = preActivation(one, x);
      close(z, one.z[i], "z");
      close(ACTIVATIONS[one.activation](z), one.h[i], "h");
    });
    assert.equal(right(one, rows), one.right);
  });
}

test("no neuron answers all of XOR, some answer three", () => {
  let most = 0;
  for (let w1 = -4; w1 <= 4; w1++) for (let w2 = -4; w2 <= 4; w2++) for (let bias = -6; bias <= 6; bias += 0.5) most = Math.max(most, right({ w1, w2, bias, activation: "step" }, rowsOf("xor")));
  assert.equal(most, 3);
});

test("the biases that make AND and OR are all there are", () => {
  for (const data of ["and", "or"]) {
    for (let w1 = -2; w1 <= 3; w1++) for (let w2 = -2; w2 <= 3; w2++) for (let bias = -7.25; bias <= 7; bias += 0.25) {
      const { low, high } = biasesFor(data, w1, w2);
      const all = right({ w1, w2, bias, activation: "step" }, rowsOf(data)) === 4;
      assert.equal(all, bias > low && bias <= high, `${data} ${w1} ${w2} ${bias}`);
    }
  }
});

test("a half-plane and its border within a box", () => {
  const box = [0, 2, 0, 1];
  const area = (corners) => Math.abs(corners.reduce((sum, [x, y], i) => sum + (x * corners[(i + 1) % corners.length][1] - y * corners[(i + 1) % corners.length][0]) / 2, 0));
  close(area(halfPlane([1, 0, -0.5], box)), 1.5, "area");
  assert.deepEqual(halfPlane([0, 0, -1], box), []);
  for (const [x, y] of border([1, -1, 0.25], box)) close(x - y + 0.25, 0, "on the line");
  assert.equal(border([1, -1, 0.25], box).length, 2);
});

// -- the hinge

const hinges = golden("hinge");

test("the hinge model is Python's", () => {
  SECOND.forEach((v, i) => close(v, hinges.second[i], "second"));
  for (const { knobs, prices: wanted, active: chosen, hidden: rows } of hinges.cases) {
    prices(knobs).forEach((v, i) => close(v, wanted[i], "price"));
    hidden(knobs).forEach((row, i) => row.forEach((v, k) => close(v, rows[i][k], "hidden")));
    assert.deepEqual(active(knobs), chosen);
  }
});

test("row 3 is a positive mixture of rows 1 and 2", () => {
  const [one, two, three] = HOUSES;
  for (const key of ["area", "distance"]) close(SHARES[0] * one[key] + SHARES[1] * two[key], three[key], key);
  assert.ok(SHARES.every((share) => share > 0));
});

// -- width

const widths = golden("width");

test("built networks, their errors and bounds are Python's", () => {
  for (const one of widths.cases) {
    const made = units(one.function, one.width, one.activation);
    widths.x.forEach((x, i) => close(network(made, one.activation, x), one.values[i], `${one.function} ${one.width} at ${x}`, 1e-11, 1e-11));
    const { error } = largestError(one.function, one.width, one.activation);
    close(error, one.error, "error", 1e-9, 1e-12);
    close(bound(one.function, one.width, one.activation), one.bound, "bound");
    assert.ok(error <= one.bound * (1 + 1e-9) + 1e-12, `${one.function} ${one.activation} ${one.width}`);
  }
});

// -- the perceptron

for (const one of golden("perceptron").cases) {
  test(`the perceptron on ${one.data} is the library's`, () => {
    const points = one.data !== "own" ? table(one.data) : !one.points.length ? OWN : Array.from({ length: one.points.length / 3 }, (_, i) => one.points.slice(3 * i, 3 * i + 3));
    const walk = new Perceptron(points);
    for (let k = 0; k < 50 * points.length && !walk.converged; k++) walk.look();
    assert.equal(walk.mistakes, one.mistakes);
    walk.path.forEach((line, k) => line.forEach((v, i) => close(v, one.path[k][i], `mistake ${k}`)));
    assert.deepEqual(walk.examples, one.examples);
    assert.equal(walk.converged, one.converged);
    if (one.converged) assert.equal(walk.looks - walk.counts.indexOf(walk.mistakes), points.length, "a whole round without a mistake");
    const best = widest(points);
    if (one.separator === null) return assert.equal(best, null);
    best.forEach((v, i) => close(v, one.separator[i], "separator", 1e-9, 1e-9));
    close(mistakeBound(points, best), one.bound, "bound", 1e-9);
    assert.ok(walk.mistakes <= one.bound);
  });
}

test("a margin is found among points that nearly coincide, and none where classes do", () => {
  const close4 = [[0.5, 0.5, 1], [0.5001, 0.5, 1], [0.5, 0.5001, 1], [0.5001, 0.5003, 0]];
  const best = widest(close4);
  assert.ok(close4.every((p) => (p[2] ? 1 : -1) * (best[0] * p[0] + best[1] * p[1] + best[2]) > 0));
  assert.equal(widest([[0.5, 0.5, 1], [0.5, 0.5, 0]]), null);
  assert.deepEqual(widest([[0.5, 0.5, 1], [0.5, 0.5, 1]]), [0.5, 0.5, 1]);
});

// -- what the page says

const say = (settings, steps, predict = "") => {
  const run = new Run({ ...SETTINGS, ...settings });
  run.step(steps);
  return sentence(run, predict, strings(mlpWords));
};

test("a divergence is told with its step, its loss and its reason", () => {
  const text = say({ hidden: [8, 8], activation: "relu", learning_rate: 30 }, 400, "solves");
  assert.match(text, /^Diverged at step \d+: the loss on its batch is .* Why: at the start 2\/L = [\d.]+, and η = 30 is \d+ times that.* it diverged before 400 steps\.$/);
});

test("a loss that is NaN is called so", () => {
  const run = new Run(SETTINGS);
  run.training.network.theta.fill(NaN);
  run.step(1);
  assert.match(sentence(run, "", strings(mlpWords)), /Diverged at step 0: the loss on its batch is NaN, no number any more/);
});

test("what is said of a course: a line, chance learned by heart, nobody, one class", () => {
  assert.match(say({ data: "xor", hidden: [0] }, 500), /only draw a straight line/);
  assert.doesNotMatch(say({ data: "xor", hidden: [0], inputs: "products" }, 500), /straight line/);
  assert.match(say({ hidden: [8, 8], method: "adam", learning_rate: 0.03, noise: 0.6 }, 2000), /least at step \d+.*surer than it is right/);
  assert.match(say({ data: "own" }, 3), /nothing to learn/);
  assert.match(say({ data: "own", points: [0, 0, 1, 1, 1, 1] }, 3), /of one class/);
});

test("a prediction is judged by step 400, whatever comes after", () => {
  const run = new Run(SETTINGS);
  run.step(400);
  const share = percent(run.foretold);
  run.step(500);
  assert.match(sentence(run, "fails", strings(mlpWords)), new RegExp(`under 75 %, and after 400 steps it was ${share}`));
  assert.deepEqual([0.5, 0.75, 0.95, 0.96].map(verdict), ["fails", "partly", "partly", "solves"]);
});

test("a prediction made after step 400 is not judged", () => {
  const run = new Run(SETTINGS);
  run.step(400);
  run.late = true;
  assert.match(sentence(run, "solves", strings(mlpWords)), /that is easy/);
});

test("silent ReLU units are counted and told, and the end is, too", () => {
  const run = new Run({ ...SETTINGS, activation: "relu", hidden: [4, 3] });
  run.step(10);
  const { biases } = run.training.network;
  biases.forEach((row) => row.fill(100)); // awake, all of them
  run.training.network.weights[1].fill(0);
  assert.equal(run.silent, 0);
  biases[0][2] = -100;
  assert.equal(run.silent, 1);
  biases[1].fill(-1);
  assert.equal(run.silent, 4);
  assert.match(sentence(run, "", strings(mlpWords)), /\d of 7 ReLU units: silent/);
  assert.equal(new Run(SETTINGS).silent, 0);
  run.training.steps = LONGEST;
  assert.match(sentence(run, "", strings(mlpWords)), /20000 steps are made/);
});

test("2/L of a ReLU network is a curvature, not a bend within reach of a difference", () => {
  const network = new Network([2, 1, 1], "relu", 0);
  network.theta.set([1, 0, -0.5, 1, 0]);
  const at = (x) => sharpness(network, { x: Float64Array.of(x, 0, 2, 0), t: Uint8Array.of(0, 1), n: 2 }, SETTINGS, 3000);
  close(at(0.50002), at(0.501), "just awake", 0.02);
});

test("the largest curvature is found at a saddle, where a negative one is as large", () => {
  const network = new Network([2, 1, 1], "identity", 0);
  network.theta.fill(0); // z = v w·x: curvatures ±2 of v and w, ¼ of the bias
  const examples = { x: Float64Array.of(4, 0, -4, 0), t: Uint8Array.of(1, 0), n: 2 };
  close(sharpness(network, examples, SETTINGS), 2, "mean of |p − t| |x|", 1e-4);
  const run = new Run({ ...SETTINGS, data: "bells", hidden: [0] });
  close(run.limit * sharpness(run.training.network, run.sets.train, SETTINGS, 3000), 2, "2/L", 1e-3);
});
