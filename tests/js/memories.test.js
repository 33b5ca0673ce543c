import assert from "node:assert/strict";
import { test } from "node:test";

import { CRITICAL_LOAD, retrievalOverlap } from "../../book_lib/explorables/core/capacity.js";
import { Cube, STATES, Walk, fraction, place, same, signs } from "../../book_lib/explorables/core/cube.js";
import { Network, Recall, hebb, mixture, overlap, pseudoInverse } from "../../book_lib/explorables/core/hopfield.js";
import { Descent, energy as modernEnergy, update, verdict, weights } from "../../book_lib/explorables/core/modern.js";
import { LONGEST, corrupt, cover, decode, encode, kept, nameState, networkOf, recallOf, roundEven, startOf, trials } from "../../book_lib/explorables/core/recall.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { Memory, picturesOf, sentence as memoryWords } from "../../book_lib/explorables/associative_memory.js";
import { labOf as cubeLab, sentence as cubeWords } from "../../book_lib/explorables/hopfield_cube.js";
import { labOf as modernLab, sentence as modernWords } from "../../book_lib/explorables/modern_hopfield.js";
import { close, golden } from "./golden.js";

// -- the network

const network = golden("hopfield");

for (const one of network.cases) {
  const name = `${one.patterns.length} patterns of ${one.state.length}`;

  for (const [rule, make] of [["hebb", hebb], ["pseudo-inverse", pseudoInverse]]) {
    test(`weights, energy, fields and wishes are the library's: ${name}, ${rule}`, () => {
      const net = new Network(make(one.patterns));
      one[rule].weights.forEach((w, k) => close(net.weights[k], w, `w ${k}`));
      close(net.energy(one.state), one[rule].energy, "E");
      one[rule].field.forEach((h, i) => close(net.feel(one.state, i), h, `h ${i}`));
      assert.deepEqual([...net.wishes(one.state)], one[rule].wishes);
    });
  }

  test(`overlaps and mixtures are the library's: ${name}`, () => {
    one.patterns.forEach((pattern, k) => close(overlap(pattern, one.state), one.overlaps[k]));
    const odd = one.patterns.slice(0, one.patterns.length - ((one.patterns.length + 1) % 2));
    assert.deepEqual([...mixture(odd)], one.mixture);
  });
}

test("an even number of patterns has no majority", () => {
  assert.throws(() => mixture([[1, 1], [-1, 1]]), /odd in number/);
});

test("the theory of the load is the library's", () => {
  close(CRITICAL_LOAD, network.critical_load, "α_c", 1e-9);
  network.loads.forEach((load, k) => close(retrievalOverlap(load), network.retrieval_overlap[k], `m(${load})`, 1e-7, 1e-9));
  assert.throws(() => retrievalOverlap(0), /greater than 0/);
});

test("one at a time E never rises; all at once two states may alternate", () => {
  const rng = new CounterRNG(5);
  for (let turn = 0; turn < 20; turn++) {
    const patterns = Array.from({ length: 4 }, () => Int8Array.from({ length: 20 }, () => (rng.random() < 0.5 ? -1 : 1)));
    const start = Int8Array.from({ length: 20 }, () => (rng.random() < 0.5 ? -1 : 1));
    const recall = new Recall(new Network(hebb(patterns)), start, new CounterRNG(turn));
    recall.finish(LONGEST);
    assert.equal(recall.period, 1);
    recall.energies.forEach((e, k) => assert.ok(k === 0 || e <= recall.energies[k - 1] + 1e-9));
    recall.field.forEach((h, i) => close(h, recall.network.feel(recall.state, i), "h", 1e-9, 1e-9));
  }
  const two = new Recall(new Network(Float64Array.of(0, 1, 1, 0)), [1, -1], null);
  two.finish(LONGEST);
  assert.deepEqual([two.period, two.updates, [...two.state]], [2, 2, [1, -1]]);
});

// -- pictures

const memory = golden("memory");

/** Settings of a run as the front-end has them. */
function settingsOf({ settings }) {
  const get = (name) => (name === "bank" ? memory.bank : settings[name]);
  return { ...settings, pictures: picturesOf(get).map(([, text]) => text) };
}

memory.runs.forEach((run, index) => {
  const name = `${index}: ${run.settings.patterns} ${run.settings.stored} ${run.settings.rule}`;

  test(`a recall is the library's, sweep by sweep: ${name}`, () => {
    const settings = settingsOf(run);
    assert.equal(encode(startOf(settings)), run.start);
    const patterns = kept(settings);
    assert.equal(encode(patterns[patterns.length - 1]), run.last);
    const recall = recallOf(settings, networkOf(settings, patterns));
    const sweep = settings.asynchronous ? recall.network.n : 1;
    run.path.slice(1).forEach((text, k) => {
      recall.step(sweep);
      assert.equal(encode(recall.state), text, `sweep ${k + 1}`);
      close(recall.energy, run.energies[k + 1], "E", 1e-9, 1e-9);
    });
    recall.finish(LONGEST);
    assert.deepEqual([encode(recall.state), recall.period], [run.end, run.period]);
    const named = nameState(recall.state, patterns);
    assert.deepEqual([named.kind, named.of, named.signs], [run.named.kind, run.named.of, run.named.signs]);
    close(named.overlap, run.named.overlap, "m");
    trials(settings, 3).forEach((m, k) => close(m, run.trials[k], `trial ${k}`));
  });
});

test("states are called what Python calls them", () => {
  for (const { state, named } of memory.names) {
    const ours = nameState(state, memory.patterns);
    assert.deepEqual([ours.kind, ours.of, ours.signs], [named.kind, named.of, named.signs]);
    close(ours.overlap, named.overlap);
  }
});

test("of mixtures that fit equally well the one of fewest patterns is named", () => {
  const ours = nameState(memory.names[2].state, memory.twice);
  assert.deepEqual([ours.kind, ours.of], ["mixture", [0, 1, 2]]);
  assert.deepEqual([ours.of, ours.signs, ours.overlap], [memory.twice_named.of, memory.twice_named.signs, memory.twice_named.overlap]);
});

test("pictures go to the address and come back; shares are rounded as Python rounds", () => {
  for (const set of Object.values(memory.bank)) for (const text of Object.values(set)) assert.equal(encode(decode(text)), text);
  assert.deepEqual([0.5, 1.5, 2.5, 3.2, 3.7, 15.000000000000002].map(roundEven), [0, 2, 2, 3, 4, 15]);
  const picture = decode(memory.bank.letters.A);
  const spoilt = corrupt(picture, 0.15, new CounterRNG(1));
  assert.equal(spoilt.filter((s, i) => s !== picture[i]).length, 15);
  assert.deepEqual([...cover(picture, 0.3)].slice(70), new Array(30).fill(-1));
});

test("the memory says in words what its end is, and whether it was foretold", () => {
  const say = (changes, predict = "") => {
    const traits = { ...memory.runs[0].settings, bank: memory.bank, ...changes };
    const one = new Memory((name) => traits[name]);
    const first = memoryWords(one, predict, []);
    one.step(100_000);
    return [first, memoryWords(one, predict, [])];
  };
  const [first, last] = say({}, "pattern");
  assert.match(first, /α = 0\.03.*20 of 100 pixels wrong.*E = −17\.22.*Foretell.*You foretold: at the picture\.$/);
  assert.match(last, /At rest with update \d+, E from −17\.22 to −49\.86\. It is the stored picture A.*Right\.$/);
  assert.match(say({ share: 0.3, seed: 7 }, "pattern")[1], /the mixture of A, not C and H, their majority in each pixel \(overlap 1\.00\).*otherwise/);
  assert.match(say({ share: 1 })[0], /already at rest\. It is the negative of A/);
  assert.match(say({ stored: [0, 1], share: 0.5, seed: 5, asynchronous: false }, "cycle")[1], /alternate for ever: \d+ pixels.*Right/);
  assert.match(say({ extra: 20 })[0], /above the capacity of Hebb's rule, 0\.138/);
  assert.doesNotMatch(say({ extra: 20, rule: "pseudo-inverse" })[0], /capacity/);
  assert.doesNotMatch(say({ extra: 9 })[0], /capacity/);
  assert.match(say({ stored: [0, 1, 2, 3, 4, 5, 6, 7], chosen: 5 })[1], /nearest is T, overlap 0\.94/);
});

test("twenty seeds are told beside the theory only where the theory speaks of them", () => {
  const say = (changes, tried = [1, 1, 0.5, 0.5]) => {
    const traits = { ...memory.runs[0].settings, bank: memory.bank, stored: [0], share: 0, extra: 9, ...changes };
    return memoryWords(new Memory((name) => traits[name]), "", tried);
  };
  assert.match(say({}), /Of 4 seeds the mean overlap is 0\.75; 2 came back to the picture\. Theory, for very many units: 1\.00\.$/);
  assert.match(say({ extra: 12 }), /many units: 0\.99\.$/);
  assert.match(say({ extra: 13 }), /no valley near the picture is left/);
  for (const other of [{ share: 0.1 }, { chosen: 1 }, { stored: [0, 1] }, { rule: "pseudo-inverse" }, { corruption: "cover" }, { extra: 0 }, { cue: "0".repeat(25) }]) {
    assert.match(say(other), /came back to the picture\.$/, JSON.stringify(other));
  }
});

// -- the cube

const cubes = golden("cube");

test("corners are drawn where Python draws them", () => {
  STATES.forEach((state, k) => place(state).forEach((v, i) => close(v, cubes.places[k][i])));
});

for (const one of cubes.cases) {
  test(`the cube is Python's: ${JSON.stringify(one.rules)}`, () => {
    const cube = new Cube(one.rules);
    assert.deepEqual(STATES, cubes.states);
    STATES.forEach((state, k) => {
      close(cube.energy(state), one.energies[k], signs(state));
      assert.equal(fraction(cube.energy(state)), one.written[k]);
      one.fields[k].forEach((h, i) => close(cube.field(state, i), h, `h ${i}`));
    });
    assert.deepEqual(cube.arrows().map(({ from, to, unit }) => [from, to, unit]), one.arrows);
    assert.deepEqual([cube.rises(), cube.atRest()], [one.rises, one.at_rest]);
    const walk = new Walk(cube, one.rules.start);
    walk.step(60);
    assert.deepEqual(walk.path, one.path);
    const made = cube.arrows().filter((arrow) => walk.made(arrow)).map(({ from, to }) => [from, to]);
    const turns = walk.path.slice(1).map((to, k) => [walk.path[k], to]).filter(([from, to]) => !same(from, to));
    assert.equal(made.length, new Set(turns.map(String)).size);
    for (const turn of turns) assert.ok(made.some((one) => String(one) === String(turn)), String(turn));
    assert.ok(walk.done);
  });
}

test("with +θ no update raises E; with −θ each lowers the energy of −θ", () => {
  const rng = new CounterRNG(3);
  for (let turn = 0; turn < 50; turn++) {
    const theta = [0, 1, 2].map(() => 4 * rng.random() - 2);
    const pattern = [0, 1, 2].map(() => (rng.random() < 0.5 ? -1 : 1));
    for (const sign of ["plus", "minus"]) {
      const cube = new Cube({ pattern, theta, sign, tie: "keep", order: "123" });
      if (sign === "plus") assert.equal(cube.rises(), 0);
      for (const { from, to } of cube.arrows()) assert.ok(cube.landscape(to, cube.way) < cube.landscape(from, cube.way) + 1e-9);
    }
  }
});

test("energies are fractions where they are", () => {
  assert.deepEqual([1 / 3, -1, 0, -7 / 30, 0.123456, -0.5].map(fraction), ["1/3", "−1", "0", "−7/30", "0.123", "−1/2"]);
});

test("the worked example in words: a tie that keeps, a turn, and rest", () => {
  const traits = { pattern: [1, -1, 1], theta1: 0, theta2: 0, theta3: 0, sign: "plus", tie: "keep", order: "123", start: [1, 1, 1] };
  const say = (steps, changes = {}, predict = "") => cubeWords(cubeLab((name) => ({ ...traits, ...changes })[name], steps), predict);
  assert.match(say(0), /At \(\+\+\+\) E = 1\/3\. First in turn is s₁\. Foretell/);
  assert.match(say(1), /h₁ = \(−1\/3\)·\(\+1\) \+ 1\/3·\(\+1\) = 0: s₁ has no say and stays \+1\. E = 1\/3/);
  assert.match(say(2), /h₂ = .* = −2\/3: s₂ turns to −1\. E = −1\./);
  assert.match(say(3), /h₃ = .* = 2\/3: s₃ stays \+1/);
  assert.match(say(60, {}, "pattern"), /at rest at \(\+−\+\), E = −1\. That is ξ\. No update raises E: of the 6 .*Right\.$/);
  assert.match(say(60, { tie: "minus" }, "pattern"), /at \(−\+−\), E = −1\. That is −ξ, as deep as ξ\..*otherwise/);
  assert.match(say(60, { theta2: 1, start: [-1, 1, -1] }), /That is −ξ\. No/);
  assert.match(say(1, { theta1: 1, sign: "minus" }), /1\/3·\(\+1\) − 1 = −1: s₁ turns to −1\. E = 4\/3.*another energy/);
  assert.match(say(60, { theta1: 1, sign: "minus" }), /4 of the 8 updates that change a state raise E/);
  assert.ok(same([1, -1], [1, -1]) && !same([1, -1], [1, 1]));
});

// -- the modern network

const modern = golden("modern");

for (const one of modern.cases) {
  test(`updates and energies are the library's: β = ${one.beta}, ${one.patterns.length} patterns`, () => {
    const { patterns, state, beta } = one;
    [...weights(patterns, state, beta)].forEach((p, k) => close(p, one.weights[k], `p ${k}`));
    close(modernEnergy(patterns, state, beta), one.energy, "E");
    const descent = new Descent(patterns, state, beta);
    descent.step(500);
    one.path.forEach((row, k) => row.forEach((v, i) => close(descent.path[k][i], v, `update ${k}`, 1e-9, 1e-12)));
    descent.state.forEach((v, i) => close(v, one.rest[i], "rest", 1e-8, 1e-8));
    assert.ok(Math.abs(descent.updates - one.updates) <= 1); // the last step is as short as 1e-9
    assert.equal(verdict(weights(patterns, descent.state, beta)), one.outcome);
    const energies = descent.path.map((at) => modernEnergy(patterns, at, beta));
    energies.forEach((e, k) => assert.ok(k === 0 || e <= energies[k - 1] + 1e-12, `E rises at ${k}`));
  });
}

test("cold recalls the nearest in direction, hot takes the mean", () => {
  const patterns = [[1, 0], [0, 1], [-1, 0]];
  assert.deepEqual(update(patterns, [0.4, 0.6], 1e5).map((v) => Math.round(1e6 * v) / 1e6), [0, 1]);
  update(patterns, [0.4, 0.6], 1e-6).forEach((v, i) => close(v, [0, 1 / 3][i], "mean", 1e-5, 1e-5));
  assert.deepEqual([[1, 0, 0], [0.3, 0.33, 0.37], [0.5, 0.5, 0]].map(verdict), ["one", "mean", "between"]);
});

test("the modern network says when it recalls and when it averages", () => {
  const traits = { patterns: [1, 0.4, -0.2, 1.1, -1, -0.5, 0.5, -1], state: [0.5, 0.6], beta: 50 };
  const say = (steps, changes = {}, predict = "") => modernWords(modernLab((name) => ({ ...traits, ...changes })[name], steps), predict);
  assert.match(say(0), /ξ = \(0\.50, 0\.60\) asks.*query ξ/);
  assert.match(say(1, {}, "one"), /^Update 1: .*You foretold: at a pattern\.$/);
  assert.match(say(500, {}, "one"), /Cold: pattern 1 has the weight 1\.000.*Right\.$/);
  assert.match(say(500, { beta: 0.1 }, "one"), /Hot: all weights are near 1\/4.*otherwise/);
  const edge = { patterns: [1, 0, 0, 1], state: [0.6, 0.4], beta: 2 }; // u = tanh u: the way in never ends
  assert.match(say(500, edge), /^Update 500: .*Still not at rest.*creeps\.$/);
  assert.match(say(499, edge), /^Update 499: .*is 0\.\d+\.$/);
});
