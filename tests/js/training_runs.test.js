import assert from "node:assert/strict";
import { test } from "node:test";

import { doublingOf, floorOf, lastOf, monthsBetween, placeNames, ratioOf, yearOf } from "../../book_lib/explorables/core/timeline.js";
import { alarmLevels, endOf, findSpikes, known, outcome, runAt, spikeScores, stopsOf } from "../../book_lib/explorables/core/training_runs.js";
import { devicesToHold, flops, memory, parameters, PRESETS, stateBytes, trainingCost, trainingFlops, trainingSeconds } from "../../book_lib/explorables/core/transformer_costs.js";
import { lossLimits, sentence as runWords, spoken as runSpoken, stateOf as runState } from "../../book_lib/explorables/learning_rate_runs.js";
import { sentence as lineWords, stateOf as lineState, worded } from "../../book_lib/explorables/timeline.js";
import { calculate, evened, lasting, priced, sentence as costWords, spoken as costSpoken } from "../../book_lib/explorables/training_calculator.js";
import { close, golden } from "./golden.js";

const getter = (traits) => (name) => traits[name];

// -- stored runs

const stored = golden("training_runs");

test("ends, divergence and the best run are the library's", () => {
  const { ends, diverged, best } = outcome(stored.runs);
  stored.ends.forEach((end, i) => (end === null ? assert.ok(Number.isNaN(ends[i])) : close(ends[i], end, `end ${i}`)));
  assert.deepEqual(diverged, stored.diverged);
  assert.deepEqual([stored.runs.learning_rate[best], stored.runs.warmup[best]], stored.best);
  assert.deepEqual(outcome({ ...stored.runs, level: stored.level }).fates, stored.fates);
  assert.deepEqual([...new Set(stored.fates)].sort(), ["counts", "diverged", "learns"]);
});

stored.cases.forEach((one, k) => {
  test(`the detector finds the library's spikes in a run: ${k}`, () => {
    const state = runState(getter({ runs: stored.runs, prediction: "", ...one.traits }));
    assert.equal(state.run, one.run);
    assert.deepEqual(state.spikes.map((i) => stored.runs.steps[i]), one.spikes);
    const scores = spikeScores(one.traits.watch === "norm" ? state.norm : state.loss, one.traits.window);
    assert.equal(scores.length, one.scores.length);
    one.scores.forEach((score, i) => close(scores[i], score, `score ${i}`, 1e-9, 1e-9));
  });
});

stored.series.forEach(({ values, window, scores, found }, k) => {
  test(`scores of a series are the library's: ${k}`, () => {
    const own = spikeScores(values, window);
    scores.forEach((score, i) => close(own[i], score, `score ${i}`, 1e-9, 1e-9));
    assert.deepEqual(findSpikes(values, window, 3), found);
  });
});

test("the detector knows the past only, and medians are not moved by a spike in the window", () => {
  const quiet = Array.from({ length: 60 }, (_, i) => Math.sin(i));
  const spiked = quiet.map((v, i) => (i === 30 ? 50 : v));
  assert.deepEqual(findSpikes(spiked, 20, 8), [30]);
  const before = spikeScores(spiked.slice(0, 31), 20);
  spikeScores(spiked, 20).slice(0, 31).forEach((score, i) => assert.equal(score, before[i]));
  assert.deepEqual(findSpikes(quiet.slice(0, 20), 20, 2), []);
});

test("what lies above the alarm's level is a spike, and nothing else", () => {
  const values = Array.from({ length: 80 }, (_, i) => Math.sin(7 * i) + (i % 23 === 0 ? 6 : 0));
  const levels = alarmLevels(values, 12, 3);
  assert.deepEqual(findSpikes(values, 12, 3), values.flatMap((v, i) => (v > levels[i] ? [i] : [])));
  assert.ok(Number.isNaN(levels[11]) && levels[12] > -1);
});

test("a run that broke off has no end; a run at between values is the nearest", () => {
  assert.ok(Number.isNaN(endOf([3, 2, null])));
  assert.equal(endOf([9, 9, 9, 9, 9, 9, 9, 9, 9, 1]), 1);
  assert.deepEqual(known([1, null]), [1]);
  assert.deepEqual(stopsOf([3, 1, 3]), [1, 3]);
  assert.equal(runAt(stored.runs, 0.02, 3), stored.runs.learning_rate.findIndex((v, i) => v === 0.03 && stored.runs.warmup[i] === 0));
});

test("the runs are told, and the bet is answered", () => {
  const [best, warmup] = stored.best;
  const traits = { runs: stored.runs, learning_rate: best, warmup, watch: "loss", threshold: 8, window: 15, prediction: "" };
  const say = (changes) => runWords(runState(getter({ ...traits, ...changes })));
  assert.match(say({}), /the loss goes from \d\.\d\d to 2\.\d\d nats a token, a perplexity of \d+/);
  assert.doesNotMatch(say({}), /lowest|bet/);
  assert.match(say({ prediction: String(best) }), /You bet on .*Right: .*Crosses: 2 of 8 runs diverged/);
  const own = stored.ends.filter((_, i) => stored.runs.learning_rate[i] === 0.0001).map((end) => end.toFixed(2)).sort();
  assert.notEqual(own[0], own[1]);
  assert.ok(say({ prediction: "0.0001" }).includes(`You bet on 0.0001, which ends at ${own[0]} at best`));
  assert.match(say({ prediction: "0.03" }), /at which every run diverged/);
  assert.match(say({ prediction: "skipped" }), /Lowest of all is/);
  assert.match(say({ learning_rate: 0.03, warmup: 0 }), /diverged\. After step 125 the loss or the gradient was no number/);
  assert.match(say({ learning_rate: 0.03, warmup: 20 }), /diverged\. The loss rose to \d+(\.\d+)?, above the 6\.\d\d with which it began/);
  assert.match(say({ runs: { ...stored.runs, level: 2.1 } }), /and nothing else, does no worse: 2\.10/);
  assert.doesNotMatch(say({ runs: { ...stored.runs, level: 3.2 } }), /no worse/);
  assert.match(say({ threshold: 20 }), /From step 80 on the detector finds no spike/); // the 16th of the kept ones
  assert.match(say({ learning_rate: 0.001, warmup: 20 }), /calls one of 45 places a spike, at step 205/);
  assert.match(say({ window: 60 }), /needs 60 values/);
  const rising = { ...stored.runs, loss: stored.runs.loss.map((row) => row.map((v, i) => (i === 9 ? 99 : v))) };
  assert.match(runWords(runState(getter({ ...traits, runs: rising, prediction: "0.03" }))), /Every run diverged/);
});

test("the ear hears the verdict once, and then the run and its spikes", () => {
  const [best, warmup] = stored.best;
  const state = runState(getter({ runs: { ...stored.runs, level: 2.1 }, learning_rate: best, warmup, watch: "loss", threshold: 20, window: 15, prediction: "0.03" }));
  assert.match(runSpoken(state, true), /^You bet on 0\.03, at which every run diverged/);
  assert.match(runSpoken(state, false), /^Learning rate .* a perplexity of [\d.]+\. From step 80 on the detector finds no spike\.$/);
  assert.equal(runSpoken({ ...state, bet: "" }, true), runSpoken(state, false));
});

test("what converges stays in the picture", () => {
  const { min, max } = lossLimits(stored.runs);
  const { diverged } = outcome(stored.runs);
  stored.runs.loss.forEach((row, i) => diverged[i] || row.forEach((v) => assert.ok(v >= min && v <= max)));
  const wild = stored.runs.loss.map((row, i) => (diverged[i] ? row.map((v, k) => (v !== null && k > 0 ? 40 : v)) : row));
  assert.equal(lossLimits({ ...stored.runs, loss: wild }).max, max);
});

// -- what a training costs

const trainings = golden("training_costs");

trainings.cases.forEach((one, k) => {
  test(`operations, bytes, time and money are the library's: ${k}`, () => {
    const state = calculate(getter(one.traits));
    for (const name of ["compute", "ratio", "seconds", "cost", "least"]) close(state[name], one[name], name);
    for (const [name, bytes] of Object.entries(one.bytes)) close(state.bytes[name], bytes, name);
  });
});

test("times in words are the library's", () => {
  for (const [seconds, words] of trainings.times) assert.equal(lasting(seconds), words);
});

test("twenty tokens a parameter within the same 6ND, as far as the sliders go", () => {
  for (const [n, tokens] of [[1.75e11, 3e11], [4e5, 4e5], [1e4, 1e14], [1e13, 1e4]]) {
    const even = evened(n, tokens);
    close((even.parameters * even.tokens) / (n * tokens), 1, `${n} ${tokens}`, 1e-5);
    close(even.tokens / even.parameters, 20, `${n} ${tokens}`, 0.01);
  }
  assert.deepEqual(evened(1e13, 1e14), { parameters: 1e13, tokens: 1e14 });
  assert.deepEqual(evened(2e4, 1e4), { parameters: 1e4, tokens: 2e4 });
});

test("GPT-3 takes 3.15e23 operations, and the shared sums are one", () => {
  assert.equal(trainingFlops(175e9, 300e9).toPrecision(3), "3.15e+23");
  const n = parameters(PRESETS.gpt3).total;
  assert.equal(flops(PRESETS.gpt3, 3e11).training, trainingFlops(n, 3e11));
  for (const precision of ["float32", "bfloat16"]) {
    const { weights, gradients, adam } = memory(PRESETS.small, { precision });
    assert.deepEqual(stateBytes(parameters(PRESETS.small).total, precision), { weights, gradients, adam });
  }
  assert.equal(trainingCost(trainingSeconds(7.2e15, 1e12, 0.5, 4), 4, 3), 12);
  assert.equal(devicesToHold(2.8e12, 80e9), 35);
});

test("the calculator tells thin and fat trainings, too few devices, and the bet", () => {
  const traits = trainings.cases[0].traits;
  const say = (changes) => costWords(calculate(getter({ ...traits, ...changes })));
  assert.match(say({}), /6 · 1\.75 × 10¹¹ · 3 × 10¹¹ = 3\.15 × 10²³ operations, with 1\.71 tokens.*smaller model.*89 days.*cost 4,380,000.*2\.8 TB.*35 devices at least\.$/);
  for (const ratio of [10.1, 20, 39.9]) assert.match(say({ tokens: ratio * 1.75e11 }), /makes the most of a given compute/);
  assert.match(say({ tokens: 9.9 * 1.75e11 }), /smaller model that reads more would probably reach a lower loss/);
  assert.match(say({ tokens: 40.1 * 1.75e11 }), /cheaper to use/);
  assert.match(say({ device_memory: 40 }), /70 devices at least/);
  assert.match(say({ tokens: 1e14 }), /cheaper to use/);
  assert.match(say({ devices: 1 }), /One device .*250 years.*35 devices at least\. There are too few here\.$/);
  assert.match(say({ devices: 1, parameters: 1e9 }), /16 GB to hold, 16 bytes for each parameter: one device could\.$/);
  assert.match(say({ parameters: 1e10, device_memory: 80 }), /: 2 devices at least\.$/);
  assert.equal(costSpoken(calculate(getter({ ...traits, prediction: "months" })), false),
    "3.15 × 10²³ operations, 89 days, at a cost of 4,380,000; 2.8 TB to hold, 1.71 tokens for each parameter.");
  assert.match(costSpoken(calculate(getter({ ...traits, prediction: "months" })), true), /^You bet on three months; GPT-3/);
  assert.match(costSpoken(calculate(getter({ ...traits, prediction: "skipped" })), true), /^3\.15/);
  assert.match(say({ prediction: "centuries" }), /You bet on 250 years\. Right/);
  assert.match(say({ prediction: "months" }), /You bet on three months; /);
  assert.deepEqual([0.001, 0.1, 0.5, 99, 4_374_999, 2e16].map(priced), ["0.001", "0.10", "0.50", "99.00", "4,370,000", "2 × 10¹⁶"]);
});

// -- models by date

const line = golden("timeline");

test("dates, ratios and doublings are the library's", () => {
  for (const [day, year] of line.years) close(yearOf(day), year, day);
  const find = (name) => line.models.find((one) => one.name === name);
  for (const [base, chosen, ratio, months, doubling] of line.pairs) {
    const state = lineState(getter({ models: line.models, chosen, base, count: "all", weights: "all", prediction: "" }));
    for (const [own, wanted] of [[state.ratio, ratio], [state.months, months], [state.doubling, doubling]]) {
      if (wanted === null) assert.equal(own, null, `${base} ${chosen}`);
      else close(own, wanted, `${base} ${chosen}`, 1e-10, 1e-9);
    }
    assert.equal(ratioOf(find(chosen), find(base)), ratio);
    close(monthsBetween(find(base), find(chosen)), -monthsBetween(find(chosen), find(base)));
  }
  assert.equal(floorOf(line.models), 8);
  assert.equal(floorOf([]), 8);
  assert.equal(lastOf([2019, 2025]), 2026); // room for the last name
  close(lastOf([2025, 2025.6, 2025.2]), 2025.9);
});

test("the slides' ratios: GPT-3 to GPT-2, and how fast they doubled", () => {
  const [two, three] = [["GPT-2", "2019-02-14", 1.5e9], ["GPT-3", "2020-05-28", 175e9]].map(([name, date, n]) => ({ name, date, parameters: n }));
  assert.equal(ratioOf(three, two).toFixed(1), "116.7");
  close(doublingOf(three, two), (monthsBetween(two, three) * Math.log(2)) / Math.log(175 / 1.5));
  assert.equal(doublingOf(two, three), null);
});

test("names hide neither points nor each other", () => {
  const [left, right, top, bottom] = line.names.box;
  const box = { left, right, top, bottom };
  const points = line.names.points.map(([x, y, width]) => ({ x, y, width }));
  const places = placeNames(points, box);
  assert.deepEqual(places.map((place) => place && [place.x, place.y]), line.names.places);
  const set = places.flatMap((place, i) => (place ? [{ ...place, width: points[i].width }] : []));
  assert.ok(set.length >= 3 && set.length < 12);
  for (const a of set) {
    assert.ok(a.x >= 0 && a.x + a.width <= 300);
    for (const b of set) if (a !== b) assert.ok(Math.abs(a.y - b.y) >= 15 || a.x + a.width < b.x || b.x + b.width < a.x);
    for (const p of points) assert.ok(Math.abs(p.y - a.y) > 7 || p.x <= a.x || p.x >= a.x + a.width);
  }
  assert.deepEqual(placeNames([{ x: 150, y: 100, width: 40 }], box), [{ x: 159, y: 100 }]);
  assert.deepEqual(placeNames([{ x: 295, y: 100, width: 40 }], box), [{ x: 246, y: 100 }]);
  // no name stands nearer to a stranger than to its own point: right is full, left would lie 13 px above one
  const [near] = placeNames([{ x: 295, y: 100, width: 40 }, { x: 266, y: 113, width: 40 }], box);
  assert.notDeepEqual(near, { x: 246, y: 100 });
});

test("models, ratios and the bet are told; nothing of the ratio before it", () => {
  const traits = { models: line.models, chosen: "Big", base: "First", count: "all", weights: "all", prediction: "" };
  const asked = { one: line.models.find((one) => one.name === "Big"), base: line.models.find((one) => one.name === "First"), ratio: 175 / 1.5 };
  const say = (changes, open = true) => lineWords(lineState(getter({ ...traits, ...changes })), asked, open);
  assert.match(say({}, false), /^Big of Ours, 2020-05-28: 175 billion parameters, closed weights\. Source: A paper\.$/);
  assert.match(say({ prediction: "many" }), /Big has 116\.7 times the parameters of First, 15\.4 months later\. .*doubled every 2\.2 months.*bet right/);
  assert.match(say({ prediction: "few" }), /You bet on about 4\.9 times; Big has 116\.7/);
  assert.match(say({ chosen: "Silent" }), /does not tell its size; weights on request.*No ratio/);
  assert.match(say({ chosen: "First" }), /from memory.*Others are compared/);
  assert.match(say({ chosen: "Sparse", base: "Big" }), /671 billion.*37 billion of them.*Remark: many experts\..*3\.83 times/);
  assert.match(say({ chosen: "Sparse", base: "Big", count: "active" }), /671 billion.*Counting what is active for a token: Sparse has 0\.211 times/);
  assert.match(say({ chosen: "First", base: "Big" }), /0\.00857 times the parameters of Big, and came 15\.4 months earlier/);
  assert.deepEqual([1.04e12, 1.5e9, 3e8, 4e5].map(worded), ["1.04 trillion", "1.5 billion", "300 million", "0.4 million"]);
});
