import assert from "node:assert/strict";
import { test } from "node:test";

import { Machine, Sampler, divergence, fairDivergence, matrix, pairIndex, sigmoid } from "../../book_lib/explorables/core/boltzmann.js";
import { Dream, Rbm } from "../../book_lib/explorables/core/rbm.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { Annealer, change, cities, distances, geometric, meanLength, scheduled, tourCount, tourLength, tourLengths } from "../../book_lib/explorables/core/tours.js";
import { Run as TourRun, circle, emptiest, sentence as tourSentence } from "../../book_lib/explorables/annealed_tour.js";
import { Run as DreamRun, sentence as dreamSentence } from "../../book_lib/explorables/rbm_dreams.js";
import { Run as UnitsRun, sentence as unitsSentence } from "../../book_lib/explorables/stochastic_units.js";
import { hexOf, inHalf, pixelsOf } from "../../book_lib/explorables/parts/pixels.js";
import { close, golden } from "./golden.js";

/** @param {Record<string, any>} settings */
const of = (settings) => (/** @type {string} */ name) => settings[name];

// -- tours

const tours = golden("tours");

test("maps are Python's, whole numbers and all", () => {
  for (const { count, map, places } of tours.maps) assert.deepEqual(cities(count, map), places);
});

for (const one of tours.runs) {
  const { settings } = one;
  const name = `${settings.count} cities, ${settings.schedule}, seed ${settings.seed}`;

  test(`annealing is anneal_tour's: ${name}`, () => {
    const run = new TourRun(of(settings));
    close(run.pair.hot.length, one.start, "start");
    one.temperatures.forEach((T, k) => close(run.temperature(k), T, `T of sweep ${k}`));
    one.lengths.forEach((length, k) => {
      run.step(1);
      close(run.pair.hot.length, length, `length ${k}`, 1e-12, 1e-9);
      close(run.pair.down.length, one.downhill[k], `downhill ${k}`, 1e-12, 1e-9);
    });
    assert.deepEqual([...run.pair.hot.tour], one.tour);
    assert.deepEqual([...run.pair.hot.best], one.best);
    close(tourLength(run.pair.d, run.pair.hot.best), one.best_length, "best");
    close(tourLength(run.pair.d, run.pair.down.best), one.downhill_best, "best downhill");
    if (one.shortest === null) assert.ok(Number.isNaN(run.pair.exact));
    else close(run.pair.exact, one.shortest, "shortest");
    one.means?.forEach((mean, k) => close(meanLength(run.pair.lengths, [0, 1, 20, 60][k]), mean, `mean length ${k}`));
  });

  test(`a race is Python's: ${name}`, () => {
    const run = new TourRun(of(settings));
    run.race();
    const { cooled, downhill } = run.pair.scores;
    assert.equal(cooled.length, 20);
    one.race.cooled.forEach((v, r) => close(cooled[r], v, `cooled ${r}`));
    one.race.downhill.forEach((v, r) => close(downhill[r], v, `downhill ${r}`));
  });
}

test("a change is the difference of two lengths, and the running length stays true", () => {
  const places = cities(11, 5);
  const d = distances(places);
  const one = new Annealer(d, new CounterRNG(1), places.map((_, i) => i));
  for (let k = 0; k < 200; k++) one.sweep(20);
  close(one.length, tourLength(d, one.tour), "length", 1e-10);
  assert.deepEqual([...one.tour].sort((a, b) => a - b), places.map((_, i) => i));
  for (const [i, j] of [[0, 3], [2, 10], [4, 5], [0, 9]]) {
    const turned = Int32Array.from(one.tour);
    turned.subarray(i, j + 1).reverse();
    close(change(d, one.tour, i, j), tourLength(d, turned) - one.length, `${i} … ${j}`, 1e-9, 1e-9);
  }
});

test("downhill never rises and ends in a local minimum; heat leaves it", () => {
  const places = cities(20, 2);
  const one = new Annealer(distances(places), new CounterRNG(3), places.map((_, i) => i));
  for (let k = 0; k < 400; k++) {
    const before = one.length;
    one.sweep(0);
    assert.ok(one.length <= before + 1e-9);
  }
  assert.ok(one.isLocalMinimum);
  for (let k = 0; k < 5; k++) one.sweep(60);
  assert.ok(!one.isLocalMinimum);
});

test("metropolis leaves e^(−L/T): four cities have three tours", () => {
  const d = distances([[0, 0], [10, 0], [10, 6], [0, 6]]);
  const kinds = [[0, 1, 2, 3], [0, 1, 3, 2], [0, 2, 1, 3]].map((tour) => tourLength(d, tour));
  const one = new Annealer(d, new CounterRNG(5), [0, 1, 2, 3]);
  const met = [0, 0, 0];
  const T = 8;
  for (let k = 0; k < 40_000; k++) {
    one.sweep(T);
    met[kinds.findIndex((length) => Math.abs(length - one.length) < 1e-6)]++;
  }
  const weights = kinds.map((length) => Math.exp(-length / T));
  const sum = weights.reduce((a, b) => a + b, 0);
  met.forEach((count, i) => close(count / 40_000, weights[i] / sum, `tour ${i}`, 0.04));
});

test("all tours: a circle is its own, whatever the order", () => {
  for (const n of [5, 7, 9]) {
    const places = circle(n);
    assert.equal(new Set(places.map(String)).size, n);
    const lengths = tourLengths(distances(places), n);
    assert.equal(lengths.length, tourCount(n));
    close(Math.min(...lengths), n * 80 * Math.sin(Math.PI / n), "polygon", 0.005);
  }
  assert.equal(new Set(circle(28).map(String)).size, 28);
  assert.throws(() => tourLengths(new Float64Array(100), 10), /n must be at most 9/);
});

test("the mean length goes from the shortest, cold, to that of all tours, hot", () => {
  const places = cities(8, 2);
  const d = distances(places);
  const lengths = tourLengths(d, 8);
  const all = d.reduce((a, b) => a + b, 0);
  close(meanLength(lengths, 1e9), all / 7, "each pair of cities is beside each other in 2 of 7 tours", 1e-6);
  close(meanLength(lengths, 0), Math.min(...lengths), "T = 0");
  close(meanLength(lengths, 1e-9), Math.min(...lengths), "T near 0");
});

test("a long run at one temperature has the mean length of the law", () => {
  const run = new TourRun(of({ ...TOUR, count: 7, schedule: "hold", temperature: 15 }));
  run.step(50);
  run.turn();
  run.step(15_000);
  const { met, law, held } = run.now();
  assert.equal(held, 15_000);
  close(met, law, "mean length", 0.01);
  assert.deepEqual(run.equilibrium(200), [[0, law], [200, law]]);
  assert.match(tourSentence(run.now(), "even", false), /Since T was set, the mean length is/);
  assert.doesNotMatch(tourSentence(run.now(), "", false), /Since T was set/);
});

test("equilibrium follows the schedule down to the shortest of all", () => {
  const run = new TourRun(of(TOUR));
  const line = run.equilibrium(100);
  close(line[0][1], meanLength(run.pair.lengths, 20), "hot");
  close(line[30][1], meanLength(run.pair.lengths, 0.2), "cold");
  assert.ok(line.every(([, mean], k) => !k || mean <= line[k - 1][1]));
  assert.deepEqual(new TourRun(of({ ...TOUR, count: 10 })).equilibrium(100), []);
});

test("schedules and counts", () => {
  assert.deepEqual([0, 1, 2].map((k) => geometric(k, 4, 1, 3)), [4, 2, 1]);
  assert.equal(geometric(1, 0, 0, 3), 0);
  assert.deepEqual([0, 15, 29].map((k) => scheduled([30, 0, 0, 30], k, 30).toFixed(1)), ["30.0", "0.0", "27.0"]);
  assert.deepEqual([3, 4, 5, 9].map(tourCount), [1, 3, 12, 20160]);
  assert.throws(() => new Annealer(distances(cities(5, 0)), new CounterRNG(0), [0, 1, 2, 3, 4]).sweep(-1), /temperature must be at least 0/);
});

test("a new city comes where there is room", () => {
  assert.deepEqual(emptiest([[0, 0], [100, 0], [0, 100]]), [95, 95]);
});

const TOUR = { cities: [], count: 8, map: 1, temperature: 20, schedule: "geometric", sweeps: 100, drawn: [], seed: 0 };

test("a moved city keeps the tour, another number of them begins anew", () => {
  const settings = { ...TOUR, cities: cities(8, 1).flat() };
  const run = new TourRun(of(settings));
  run.step(20);
  const tour = [...run.pair.hot.tour];
  settings.cities = settings.cities.map((v, i) => (i ? v : v + 1));
  run.move();
  assert.deepEqual([...run.pair.hot.tour], tour);
  assert.equal(run.sweeps, 0);
  settings.cities = settings.cities.slice(2);
  run.move();
  assert.deepEqual([...run.pair.hot.tour], [0, 1, 2, 3, 4, 5, 6]);
});

test("the tour's words: start, heat, minimum, the shortest of all, the bet", () => {
  const told = (settings, sweeps, bet = "cooling") => {
    const run = new TourRun(of({ ...TOUR, ...settings }));
    run.step(sweeps);
    return tourSentence(run.now(), bet, settings.schedule === "drawn");
  };
  assert.match(told({}, 0), /8 cities have 2520 closed tours/);
  assert.match(told({ schedule: "hold" }, 5), /Sweep 5: T = 20.* of 8 tries were taken/);
  assert.match(told({ schedule: "hold", temperature: 0 }, 300), /a local minimum/);
  assert.match(told({}, 200), /Done after 100 sweeps.*shortest of all 2520/);
  assert.match(told({}, 200, ""), /Sweep 100.*once you have bet/);
  assert.doesNotMatch(told({}, 200, ""), /shortest of all/);
  assert.match(told({ schedule: "drawn" }, 0), /Draw T\(t\)/);
  const run = new TourRun(of({ ...TOUR, count: 25 }));
  run.race();
  assert.match(tourSentence(run.now(), "cooling", false), /Over 20 runs of each, .* shorter on average by/);
  assert.match(tourSentence(run.now(), "", false), /Bet first/);
});

// -- units

const vectors = golden("boltzmann");

for (const one of vectors.machines) {
  const { settings } = one;
  const name = `${settings.size} ${settings.units} units at ${settings.temperature}`;

  test(`energies, law and samples are the library's: ${name}`, () => {
    const weights = matrix(settings.couplings, settings.size);
    assert.deepEqual([...weights], one.weights);
    const machine = new Machine(weights, settings.biases.slice(0, settings.size), settings.units, settings.temperature);
    machine.energies.forEach((E, k) => close(E, one.energies[k], `E ${k}`));
    machine.distribution().forEach((p, k) => close(p, one.law[k], `p ${k}`));
    if (one.log_z !== null) close(machine.logPartition, one.log_z, "ln Z");
    const sampler = new Sampler(machine, settings.chains, settings.seed);
    for (const { sweeps, x } of one.states) {
      while (sampler.sweeps < sweeps) sampler.sweep();
      assert.deepEqual([...sampler.x], x.flat());
    }
    one.chances?.forEach((row, c) => row.forEach((p, i) => close(machine.chance(machine.field(sampler.chain(c), i)), p, `chance ${i}`)));
    sampler.shares.forEach((share, k) => close(share, one.shares[k], `share ${k}`));
    one.fair.forEach((mean, k) => close(fairDivergence(one.law, [1, 2, 10, 300, 20_000][k]), mean, `independent draws ${k}`, 1e-5));
    const gap = divergence(sampler.shares, machine.distribution());
    if (one.divergence === null) assert.equal(gap, Infinity);
    else close(gap, one.divergence, "KL", 1e-10);
  });
}

test("independent draws: by hand for one and for two draws, (K - 1)/2N for many", () => {
  const law = [0.5, 0.3, 0.2];
  const entropy = -law.reduce((sum, p) => sum + p * Math.log(p), 0);
  const twice = law.reduce((sum, p) => sum + p * p, 0); // both draws alike: the histogram is one bar
  close(fairDivergence(law, 1), entropy, "one draw");
  close(fairDivergence(law, 2), entropy - (1 - twice) * Math.log(2), "two draws");
  close(fairDivergence(law, 1e6), 1e-6, "many", 1e-4);
  close(fairDivergence(law, 2501), fairDivergence(law, 2500), "where the expansion takes over", 1e-3);
  assert.equal(fairDivergence([1, 0], 7), 0);
  assert.throws(() => fairDivergence(law, 0), /draws must be at least 1/);
});

test("pairs of fewer units come first; a state has its number", () => {
  assert.deepEqual([[0, 1], [0, 2], [1, 2], [0, 3], [3, 4]].map(([i, j]) => pairIndex(i, j)), [0, 1, 2, 3, 9]);
  const machine = new Machine(new Float64Array(16), [0, 0, 0, 0], "spin", 1);
  for (let k = 0; k < 16; k++) assert.equal(machine.index(machine.state(k)), k);
  close(sigmoid(1.4), 0.8022, "E-60", 1e-4);
});

test("the histogram of many chains meets the law", () => {
  const machine = new Machine(matrix([-1, 1, -1], 3), [0.2, 0, 0], "spin", 1.5);
  const sampler = new Sampler(machine, 100, 3);
  for (let k = 0; k < 500; k++) sampler.sweep();
  const gap = divergence(sampler.shares, machine.distribution());
  assert.ok(gap < 10 * (7 / (2 * 50_000)), String(gap));
});

test("bad machines are named", () => {
  assert.throws(() => new Machine([0, 1, 1, 0], [0, 0], "trinary", 1), /units must be one of/);
  assert.throws(() => new Machine([0, 1, 1], [0, 0], "spin", 1), /weights must hold 4 numbers/);
  assert.throws(() => new Machine([0, 1, 1, 0], [0, 0], "spin", -1), /temperature must be at least 0/);
});

const UNITS = { size: 3, couplings: [-1, 1, -1, 0, 0, 0, 0, 0, 0, 0], biases: [0, 0, 0, 0, 0], units: "spin", temperature: 1.5, chains: 10, seed: 0 };

test("the units' words: start, law, rest at T = 0, the bet", () => {
  const told = (settings, sweeps, bet = "law") => {
    const run = new UnitsRun(of({ ...UNITS, ...settings }));
    run.step(sweeps);
    return unitsSentence(run.now(), bet);
  };
  assert.match(told({}, 0), /3 units, 8 states, T = 1.5/);
  assert.match(told({}, 3), /3 sweeps: the histogram is .* nats from/);
  assert.match(told({}, 3, ""), /Sweep 3: the state is [+−]{3}.*once you have bet/);
  assert.match(told({ temperature: 2 }, 4000), /has met .*You bet right/);
  assert.match(told({ temperature: 0.8, chains: 1 }, 3000), /no more than about \d+ independent draws/);
  assert.match(told({ temperature: 2 }, 4000, "lowest"), /You bet otherwise: the lowest states have \d+ %/);
  assert.match(told({ temperature: 0 }, 4), /as in Hopfield's network.*No unit will move any more. No state lies lower/);
});

test("another temperature begins the histogram anew and keeps the states", () => {
  const settings = { ...UNITS };
  const run = new UnitsRun(of(settings));
  run.step(10);
  const x = [...run.sampler.x];
  settings.temperature = 0.5;
  run.turn();
  assert.equal(run.sampler.sweeps, 0);
  assert.deepEqual([...run.sampler.x], x);
  run.flip(1);
  assert.equal(run.sampler.x[1], -x[1]);
  settings.size = 4;
  assert.ok(run.strange);
  run.restart();
  assert.equal(run.sampler.x.length, 40);
});

// -- dreams

const dreams = golden("rbm");
const small = () => new Rbm(dreams.weights, dreams.visible_bias, dreams.hidden_bias);
const arrays = (/** @type {Record<string, number[]>} */ all) => Object.fromEntries(Object.entries(all).map(([name, data]) => [name, { data: Float64Array.from(data), shape: [data.length] }]));

test("conditionals and free energies are the library's", () => {
  const rbm = small();
  for (const { temperature: T, hidden, visible, free_energy: free } of dreams.laws) {
    dreams.v.forEach((v, k) => {
      rbm.hiddenGiven(v, T).forEach((p, j) => close(p, hidden[k][j], `h ${j}`));
      close(rbm.freeEnergy(v, T), free[k], "F");
    });
    dreams.h.forEach((h, k) => rbm.visibleGiven(h, T).forEach((p, i) => close(p, visible[k][i], `v ${i}`)));
  }
  assert.throws(() => rbm.freeEnergy(dreams.v[0], 0), /temperature must be greater than 0/);
  assert.throws(() => new Rbm([1, 2], [0], [0]), /weights must hold 1 × 1 numbers, got 2/);
});

for (const { settings, states, free_energy: free } of dreams.dreams) {
  test(`dreams are RBM.gibbs's: from ${settings.start} at ${settings.temperature}, held: ${settings.clamp}`, () => {
    const shipped = arrays({ weights: dreams.weights, visible_bias: dreams.visible_bias, hidden_bias: dreams.hidden_bias, digits: [], free_energy: [0, 1] });
    if (settings.start === "digit") shipped.digits = { data: Uint8Array.from({ length: 640 }, (_, i) => Number(states[0].v[i % 64])), shape: [10, 64] };
    const run = new DreamRun(of(settings), shipped);
    for (const { steps, v } of states) {
      while (run.dream.steps < steps) run.step(1);
      assert.equal(run.dream.v.join(""), v);
    }
    close(run.now().F, free, "F", 1e-10);
  });
}

test("the free energy is a sum over the hidden units' states", () => {
  const rbm = small();
  const [v, T] = [dreams.v[0], 1.3];
  const fields = rbm.hiddenFields(v);
  let z = 0;
  for (let k = 0; k < 2 ** rbm.hidden; k++) {
    const E = -v.reduce((sum, x, i) => sum + x * rbm.a[i], 0) - fields.reduce((sum, field, j) => sum + ((k >> j) & 1) * field, 0);
    z += Math.exp(-E / T);
  }
  close(rbm.freeEnergy(v, T), -T * Math.log(z), "F", 1e-10);
});

test("a held half stays, the rest moves", () => {
  const start = Uint8Array.from({ length: 64 }, (_, i) => i % 3 === 0);
  const dream = new Dream(small(), start, new CounterRNG(1));
  for (let k = 0; k < 30; k++) dream.step(2, (i) => inHalf(i, "left"));
  assert.ok(start.every((v, i) => i % 8 >= 4 || dream.v[i] === v));
  assert.ok(start.some((v, i) => i % 8 >= 4 && dream.v[i] !== v));
  assert.deepEqual(["top", "bottom", "left", "right", "none"].map((half) => Array.from({ length: 64 }, (_, i) => i).filter((i) => inHalf(i, half)).length), [32, 32, 32, 32, 0]);
});

test("a drawing goes to text and back", () => {
  const ink = Uint8Array.from({ length: 64 }, (_, i) => Number((i * i) % 5 === 1));
  assert.deepEqual(pixelsOf(hexOf(ink)), ink);
  assert.equal(hexOf(Uint8Array.from({ length: 64 }, (_, i) => Number(i === 0))), "8000000000000000");
});

test("the dream's words: start, digits, noise, frozen, the bet", () => {
  const now = { T: 1, k: 60, F: -50, mean: -48, spread: 4, changed: 3, few: 200, start: "noise", digit: 3, clamp: "none" };
  const told = (change, bet = "digits") => dreamSentence({ ...now, ...change }, bet);
  assert.match(told({ k: 0 }), /Noise\. F\(v\) = −50\.0; the digits .* −48 ± 4/);
  assert.match(told({}), /Step 60 at T = 1: 3 pixels changed.*as good as a digit.*You bet right/);
  assert.match(told({}, "noise"), /You bet otherwise/);
  assert.doesNotMatch(told({ T: 3 }), /You bet/);
  assert.match(told({ F: 10 }, "noise"), /Far from a digit.*You bet right/);
  assert.match(told({ few: 4, T: 0.1 }), /In the last 30 steps pixels changed 4 times in all/);
  assert.match(told({ few: NaN, k: 9 }), /as good as a digit/); // too early to say that nothing moves
  assert.match(told({ clamp: "top" }), /The top half is held/);
  assert.match(told({}, ""), /once you have bet/);
});
