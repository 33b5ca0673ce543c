import assert from "node:assert/strict";
import { test } from "node:test";

import { bestOf, endsOf, fatesOf, frontier, oracleLimits, placesOf } from "../../book_lib/explorables/core/kl_knob.js";
import { choosePairs, coins, divergence, effectiveSize, fitTaste, judged, ladder, reweighted, sigmoid, standardized, tilt, tiltedValue } from "../../book_lib/explorables/core/tilt.js";
import { betaAt, marks, sentence as knobWords, stateOf as knobState, tiltAt, truth, verdictOf } from "../../book_lib/explorables/kl_knob.js";
import { beyondOf, binned, missed, sentence as tasteWords, stateOf as tasteState, twinsOf } from "../../book_lib/explorables/taste_tilted.js";
import { close, golden } from "./golden.js";

const getter = (traits) => (name) => traits[name];

// -- a taste, tilted

const stored = golden("tilt");
const FRESH = { samples: stored.samples, judges: stored.judges, prediction: "" };

stored.laws.forEach(({ reference, reward, tilts, values }, k) => {
  test(`tilts of listed laws are the library's: ${k}`, () => {
    for (const [beta, law] of tilts) tilt(reference, reward, beta).forEach((p, i) => close(p, law[i], `p ${i} at β = ${beta}`));
    for (const [beta, value] of values) close(tiltedValue(reference, reward, beta), value, `value at β = ${beta}`, 1e-9);
  });
});

test("the tilt is Boltzmann's law by enumeration; at β = ∞ it is the reference", () => {
  const [reference, reward] = [[0.1, 0.2, 0.7], [2, -1, 0.5]];
  const powers = reference.map((p, i) => p * Math.exp(reward[i] / 0.7));
  const total = powers.reduce((sum, v) => sum + v, 0);
  tilt(reference, reward, 0.7).forEach((p, i) => close(p, powers[i] / total));
  assert.deepEqual([...tilt([0.5, 0.5], [0, 9], Infinity)], [0.5, 0.5]);
  assert.deepEqual([...tilt([0.5, 0.25, 0.25], [1, 3, 3], 0)], [0, 0.5, 0.5]);
});

stored.cases.forEach((one, k) => {
  test(`pairs, fit and weights are the library's: ${k}`, () => {
    const state = tasteState(getter({ ...FRESH, ...one.traits }));
    assert.deepEqual(state.pairs, one.pairs);
    one.coefficients.forEach((w, i) => close(state.coefficients[i], w, `coefficient ${i}`, 1e-8, 1e-10));
    assert.equal(state.agree, one.agreement);
    close(state.kl, one.kl, "kl", 1e-8, 1e-10);
    close(state.size, one.size, "size", 1e-8);
    close(state.mean, one.mean, "mean", 1e-8, 1e-10);
    close(state.judge, one.oracle, "oracle", 1e-8, 1e-10);
    assert.equal(state.winner.at, one.winner);
    assert.deepEqual(beyondOf(state).map((i) => stored.samples.names[i]), one.beyond);
    assert.deepEqual(twinsOf(state).map(({ text }) => text), one.twins);
    for (const [judge, choices] of Object.entries(one.judges)) {
      assert.deepEqual(judged(stored.samples.features, state.pairs, stored.judges[judge] ?? null, one.traits.seed), choices, judge);
    }
  });
});

test("the fit leaves nothing to gain, and does not leap", () => {
  const table = [[40, 0], [-39, 1], [30, 30]];
  const w = fitTaste(table, 0.01, 2);
  const slope = [0, 1].map((k) => table.reduce((sum, row) => sum - sigmoid(-(row[0] * w[0] + row[1] * w[1])) * row[k], 0.01 * w[k]));
  slope.forEach((v) => close(v, 0, "slope", 0, 1e-9));
  assert.deepEqual([...fitTaste([], 1, 3)], [0, 0, 0]);
  assert.ok(fitTaste([[1, 0], [1, 0]], 1, 2)[0] > fitTaste([[1, 0]], 1, 2)[0]);
});

test("standardised features have mean 0 and spread 1; what never changes counts for nothing", () => {
  const { rows, mean, scale } = standardized([[1, 5], [3, 5], [5, 5]]);
  assert.deepEqual([mean, scale[1], rows.map((row) => row[1])], [[3, 5], 0, [0, 0, 0]]);
  close(rows[2][0], Math.sqrt(1.5));
});

test("weights that are equal cost nothing; one that has all counts as one", () => {
  const flat = reweighted(new Float64Array(8), 1);
  assert.equal(divergence(flat), 0);
  close(effectiveSize(flat), 8);
  const peak = reweighted([0, 0, 0, 9], 0.01);
  close(divergence(peak), Math.log(4));
  close(effectiveSize(peak), 1);
  const all = ladder(10, 0.02, 5);
  assert.deepEqual([all[0], all.length], [10, 5]);
  close(all[4], 0.02);
});

test("pairs differ, and the coin is reproducible", () => {
  const features = Array.from({ length: 40 }, (_, i) => [i % 4 ? 0 : 1]);
  const pairs = choosePairs(features, 9, 10);
  assert.equal(new Set(pairs.flat()).size, 20);
  for (const [a, b] of pairs) assert.notEqual(features[a][0], features[b][0]);
  assert.deepEqual(coins(3, 10), coins(3, 10));
  assert.deepEqual(judged(features, pairs, [1], 0), pairs.map(([a]) => (features[a][0] ? 0 : 1)));
});

const ranked = stored.cases.find(({ traits }) => traits.ranker === "praise").traits;
const say = (changes) => tasteWords(tasteState(getter({ ...FRESH, ...ranked, ...changes })));

test("what the ranking amounts to is told, and the bet is answered at its β", () => {
  assert.match(say({ choices: [] }), /^Nothing is ranked yet\. .* all 200 answers count the same\.$/);
  assert.match(say({ beta: 1 }), /^“Likes praise” has ranked 10 pairs; the reward agrees with \d+\. At β = 1 the mean reward is \d/);
  assert.match(say({ ranker: "", choices: [0, 1] }), /^You have ranked 2 of 10 pairs/);
  assert.match(say({ ranker: "coin" }), /^A coin has ranked 10/);
  const { tested } = tasteState(getter({ ...FRESH, ...ranked }));
  const right = tested < 20 ? "few" : tested <= 100 ? "some" : "most";
  assert.match(say({ prediction: right, beta: 1 }), /Lower β to 0\.1/);
  assert.match(say({ prediction: right, beta: 0.1 }), /You bet right/);
  assert.match(say({ prediction: right === "most" ? "few" : "most", beta: 0.05 }), /You bet on another number: at β = 0\.1/);
  assert.doesNotMatch(say({ prediction: "skipped" }), /bet/);
  assert.match(say({ beta: 0.02 }), /the judge nobody asked/i);
  assert.doesNotMatch(say({ beta: 0.02, samples: { ...stored.samples, oracle: null } }), /judge/i);
});

test("a sharp tilt of a lone best answer is told as such", () => {
  const features = stored.samples.features.map((row, i) => row.map((v, k) => (k === 0 ? (i === 7 ? 40 : i % 2) : 0)));
  const names = stored.samples.names;
  const answer = stored.samples.answer.map((text, i) => (i === 7 ? "fast!" : text));
  const samples = { ...stored.samples, features, names, answer };
  const { pairs } = tasteState(getter({ ...FRESH, ...ranked, samples, choices: [] }));
  const choices = judged(features, pairs, names.map((_, k) => (k ? 0 : 1)), 0);
  const state = tasteState(getter({ ...FRESH, samples, seed: 0, ridge: 1, beta: 0.02, choices, ranker: "" }));
  assert.equal(state.winner.text, "fast!");
  assert.match(tasteWords(state), /One answer takes 100 %.*cannot show more than ln 200 = 5\.30/);
  assert.match(missed(state).join(" "), /“fast!” has most of the mass.* No other of these texts/);
});

test("what is missed is told once there is a choice", () => {
  const state = tasteState(getter({ ...FRESH, ...ranked, beta: 0.02 }));
  const lines = missed(state);
  assert.equal(lines.length, 4);
  assert.match(lines[0], new RegExp(`“${state.winner.text.replaceAll(".", "\\.")}”`));
  assert.match(lines[1], beyondOf(state).length ? /More than in any answer/ : /Nothing that it is paid for/);
  assert.equal(missed(tasteState(getter({ ...FRESH, ...ranked, choices: [] }))).length, 1);
});

test("columns before and after hold all of the mass", () => {
  for (const beta of [0.02, 1]) {
    const { before, after, most } = binned(tasteState(getter({ ...FRESH, ...ranked, beta })));
    for (const side of [before, after]) close(side.reduce((sum, v) => sum + v, 0), 1, "sum", 1e-9);
    assert.ok(Number.isInteger(most) && most >= 1);
  }
});

// -- the KL knob

const sweeps = golden("kl_knob").cases;

sweeps.forEach((one, k) => {
  test(`ends, fates and the tilt are the library's: ${k}`, () => {
    const { runs } = one;
    const ends = endsOf(runs);
    for (const [name, row] of Object.entries(one.ends)) {
      row.forEach((end, i) => (end === null ? assert.ok(Number.isNaN(ends[name][i])) : close(ends[name][i], end, `${name} ${i}`)));
    }
    assert.equal(runs.beta[bestOf(ends.oracle)], one.best);
    assert.deepEqual(fatesOf(runs), one.fates);
    assert.deepEqual(oracleLimits(runs), one.limits);
    runs.beta.forEach((beta, i) => close(placesOf(runs.beta)(beta), one.places[i], `place ${i}`));
    const most = frontier(runs);
    assert.equal(most.length, one.frontier.length);
    most.forEach(({ kl, means }, i) => [kl, ...means].forEach((v, j) => close(v, one.frontier[i][j], `frontier ${i} ${j}`, 1e-8, 1e-10)));
  });
});

const knob = (changes) => knobState(getter({ runs: sweeps[0].runs, beta: 2, watch: "kl", revealed: false, ...changes }));

test("every fate is there, and is told once the oracle is shown", () => {
  assert.ok(["best", "held", "hacked"].every((fate) => sweeps[0].fates.includes(fate)), sweeps[0].fates.join());
  assert.equal(sweeps[1].fates[3], "broke");
  sweeps[0].runs.beta.forEach((beta, i) => {
    assert.match(knobWords(knob({ beta })), /^β = .* What the oracle says comes with your drawing\./);
    const told = { best: /No run has a better oracle/, held: /Held back/, hacked: /Hacked: the reward is no lower/, worse: /Worse than/ }[sweeps[0].fates[i]];
    assert.match(knobWords(knob({ beta, revealed: true })), told);
    assert.doesNotMatch(knobWords(knob({ beta })), /hacked|held back/i);
  });
  assert.match(knobWords(knob({ runs: sweeps[1].runs, beta: 0.1 })), /broke off after iteration 12/);
});

test("the gap is told in words: how far, where the top is, what is hacked", () => {
  const { runs, best } = sweeps[0];
  assert.match(verdictOf(runs, { mean: 0.5, max: 1, x: 0.05, top: best }), /off by 0\.50 on average and by 1\.00 at most, at β = 0\.05\. .*there it is.*reward hacking/);
  assert.match(verdictOf(runs, { mean: 0.5, max: 1, x: 0, top: 2 }), /at β = 0\. You put the top at β = 2; it is at/);
  const fair = { ...runs, oracle: runs.reward };
  assert.match(verdictOf(fair, { mean: 0, max: 0, x: 1, top: 1 }), /In none of these runs/);
});

test("places on the axis and back", () => {
  const { runs } = sweeps[0];
  const [at, back] = [placesOf(runs.beta), betaAt(runs)];
  runs.beta.forEach((beta) => close(back(at(beta)), beta, `β = ${beta}`));
  assert.equal(truth(runs).length, runs.beta.length);
  assert.equal(truth(sweeps[1].runs).length, runs.beta.length - 1);
  const ticks = marks(runs.beta);
  assert.deepEqual([ticks[0], ticks.at(-1)], [at(0), at(2)]);
  assert.ok(ticks.every((v, i) => i === 0 || v > ticks[i - 1]));
});

test("the tilt's reward at a divergence lies between its neighbours; without a reference there is none", () => {
  const { runs } = sweeps[0];
  const most = frontier(runs);
  const middle = (most[10].kl + most[11].kl) / 2;
  const reward = tiltAt(runs, middle);
  assert.ok(reward > most[10].means[0] && reward < most[11].means[0]);
  assert.ok(Number.isNaN(tiltAt(runs, 99)));
  assert.ok(Number.isNaN(tiltAt(sweeps[2].runs, 0.5)));
});
