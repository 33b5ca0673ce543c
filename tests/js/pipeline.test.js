import assert from "node:assert/strict";
import { test } from "node:test";

import { RULES, USUAL, funnel, judge, marked, measure, measureOf, score } from "../../book_lib/explorables/core/filters.js";
import { PRIME, Pairs, agreement, errorsOf, estimated, familyOf, fullBands, isCandidate, measured, sCurve, signatureOf, steepest, stirred } from "../../book_lib/explorables/core/minhash.js";
import { blake2b64, jaccard, shingleCount, shinglesOf, wordsOf } from "../../book_lib/explorables/core/shingles.js";
import { kindOf, passagesOf, placeOf, sentence as funnelWords, seriesOf, stateOf as funnelState, told, unitOf, whyOf } from "../../book_lib/explorables/data_funnel.js";
import { compare, sentence as curveWords, stateOf as curveState } from "../../book_lib/explorables/minhash_curve.js";
import { news } from "../../book_lib/explorables/parts/news.js";
import { close, golden } from "./golden.js";

/** Settings as an explorable's model gives them. */
const getter = (settings) => (trait) => settings[trait];

/** A number of the golden file, which has none for NaN. */
const number = (value) => value ?? NaN;

// -- rules

const rules = golden("filters");
const UNSCORED = rules.texts.map(() => 1); // as English as can be: the golden file leaves language out

test("the rules and their usual bounds are the library's", () => {
  assert.deepEqual(RULES, Object.keys(rules.usual));
  assert.deepEqual(USUAL, rules.usual);
});

rules.texts.forEach((text, i) => {
  test(`what the rules measure is the library's: ${JSON.stringify(text.slice(0, 24))}`, () => {
    const { language, ...found } = measure(text, 0.25);
    assert.deepEqual(found, rules.measures[i]);
    assert.equal(language, 0.25);
  });
});

rules.cases.forEach((one, k) => {
  test(`whom they reject, and what that is worth: configuration ${k}`, () => {
    const measures = rules.texts.map((text, i) => measure(text, UNSCORED[i]));
    const reasons = measures.map((found) => judge(found, one.bounds));
    assert.deepEqual(reasons.map((found) => found.map(({ rule, value, bound }) => [rule, value, bound])), one.reasons);
    assert.deepEqual(funnel(reasons), one.stages);
    const settings = { ...one.bounds, texts: rules.texts, labels: rules.labels, sources: rules.texts.map((_, i) => `text ${i}`), languages: UNSCORED,
      rule: "min_words", show: "rejected", passage: 0, prediction: "skipped" };
    const passages = passagesOf(getter(settings));
    const found = score(reasons, passages.junk);
    for (const name of ["precision", "recall", "lost"]) assert.equal(found[name], number(one.scores[name]), name);
    for (const [show, listed] of Object.entries(one.listed)) assert.deepEqual(funnelState(passages, getter({ ...settings, show })).listed, listed);
    const state = funnelState(passages, getter(settings));
    for (const [label, [all, gone]] of Object.entries(one.kinds)) {
      const kind = kindOf(state, label);
      assert.deepEqual([kind.all, kind.gone], [all, gone], label);
    }
  });
});

test("what is counted is marked, and nothing is lost", () => {
  for (const text of rules.texts) {
    for (const rule of RULES) assert.equal(marked(text, rule).map(([piece]) => piece).join(""), text, rule);
  }
  const chosen = (text, rule) => marked(text, rule).filter(([, mark]) => mark).map(([piece]) => piece);
  assert.deepEqual(chosen("a == b", "max_symbols"), ["=="]);
  assert.deepEqual(chosen("The other, THE best: bethel with", "min_stop_words"), ["The", "THE", "with"]);
  assert.deepEqual(chosen("x\n y\nx \ny", "max_repeated_lines"), ["x \n", "y"]);
  assert.deepEqual(chosen("a1 b2", "min_letters"), ["1", "2"]);
  assert.deepEqual(chosen("anything", "min_words"), []);
  assert.equal(measureOf("max_repeated_lines"), "repeated_lines");
});

test("what is said of the funnel, before the bet and after it", () => {
  const [junk, good] = ["xx ".repeat(30), `${rules.texts[0]} `.repeat(2)];
  const settings = { ...USUAL, texts: [good, junk, "too short"], labels: ["good", "letters", "good"], sources: ["a", "b", "c"], languages: [0.3, 0.001, 0.3],
    rule: "min_language", show: "rejected", passage: 5, prediction: "" };
  const passages = passagesOf(getter(settings));
  const say = (change) => funnelWords(funnelState(passages, getter({ ...settings, ...change })));
  assert.match(say({}), /^1 of 3 passages stay, 2 are rejected.*after your bet/);
  assert.match(say({ prediction: "skipped" }), /1 of 1 pieces of junk, a recall of 100 %; of 2 rejects 1 are no junk, a precision of 50 %\.$/);
  assert.match(say({ prediction: "all" }), /You bet right: 100 %/);
  const half = { ...settings, prediction: "skipped", texts: [good, junk, good], labels: ["good", "letters", "letters"] };
  assert.doesNotMatch(funnelWords(funnelState(passagesOf(getter(half)), getter(half))), /Hardly/); // one of two is no less than half
  assert.equal(kindOf(funnelState(passagesOf(getter(half)), getter(half)), "letters").rule, "min_language");
  assert.equal(kindOf(funnelState(passagesOf(getter(half)), getter(half)), "good").rule, "");
  assert.match(say({ prediction: "few" }), /You bet “About a quarter”; .* 100 %/);
  assert.match(say({ prediction: "skipped", min_language: 0, min_word_length: 0, min_stop_words: 0 }), /Hardly found: random letters/);
  assert.match(say({ prediction: "skipped", min_language: 0, min_word_length: 0, min_stop_words: 0, min_words: 0 }), /Every passage stays/);
  assert.doesNotMatch(say({ prediction: "skipped", min_language: 0, min_word_length: 0, min_stop_words: 0 }), /what a sentence says/); // another rule would find them
  const insults = passagesOf(getter({ ...settings, labels: ["toxic", "letters", "good"] }));
  assert.match(funnelWords(funnelState(insults, getter({ ...settings, prediction: "skipped" }))), /Hardly found: insults. No rule here reads what a sentence says\.$/);
  const state = funnelState(passages, getter(settings));
  assert.deepEqual([state.listed, state.at], [[1, 2], 1]);
  assert.deepEqual(placeOf(state), ["2 of 2: good text, from c.", "Words, at least: 2, and the bound is 25. Also: no frequent words."]);
  assert.match(placeOf({ ...state, at: 0 })[0], /^1 of 2: planted, random letters\.$/);
  assert.deepEqual(placeOf({ ...state, listed: [], at: -1 }), ["There is none.", ""]);
  assert.match(whyOf(state.reasons[1]), /^How English, at least: 0.001, and the bound is 0.04. Also: /);
  assert.equal(whyOf([]), "No rule rejects it.");
});

test("a number is told in as many digits as put it on its side of the bound", () => {
  assert.deepEqual([[0.1234567, 0.3], [0.30000001, 0.3], [0.0399996, 0.04], [1234, 100], [0.75, 0.6]].map(([value, bound]) => told(value, bound)),
    ["0.123", "0.30000001", "0.0399996", "1234", "0.75"]);
});

test("a picture whose last bar holds all that is larger says so", () => {
  const settings = { ...USUAL, labels: ["good", "letters"], sources: ["a", "b"], languages: [0.3, 0.3], show: "rejected", passage: 0, prediction: "" };
  const unit = (rule, words) => {
    const all = { ...settings, texts: ["word ".repeat(words), "few words"], rule };
    return unitOf(funnelState(passagesOf(getter(all)), getter(all)));
  };
  assert.deepEqual([unit("min_words", 125), unit("max_words", 126), unit("min_letters", 126)], ["words", "words; last bar: 120 or more", "share of letters"]);
});

test("of several sentences those that are new are said", () => {
  const said = [];
  const tell = news({ announce: (text) => said.push(text) });
  for (const sentences of [["One.", " Two.", ""], ["One.", " Two.", ""], ["One.", " Three.", " Four."], ["One.", "", " Four."], ["Five.", "", " Four."]]) tell(sentences);
  assert.deepEqual(said, ["One. Two.", "Three. Four.", "Five."]);
});

test("the histogram counts each passage once, apart only after the bet", () => {
  const settings = { ...USUAL, texts: rules.texts, labels: rules.labels, sources: rules.texts, languages: UNSCORED, show: "rejected", passage: 0 };
  const passages = passagesOf(getter(settings));
  for (const rule of RULES) {
    for (const [prediction, sets] of [["", 1], ["skipped", 2]]) {
      const { series } = seriesOf(funnelState(passages, getter({ ...settings, rule, prediction })));
      assert.equal(series.length, sets);
      assert.equal(series.flatMap(({ counts }) => counts).reduce((a, b) => a + b), rules.texts.length);
    }
  }
});

// -- shingles and signatures

const minhash = golden("minhash");

for (const one of minhash.signatures) {
  test(`words, shingles and signatures are the library's: ${JSON.stringify(one.text.slice(0, 24))}, ${one.words}, ${one.seed}`, () => {
    const words = wordsOf(one.text);
    assert.deepEqual(words, one.split);
    const shingles = shinglesOf(words, one.words);
    assert.deepEqual(shingles.map(String), one.shingles);
    assert.equal(shingles.length, shingleCount(words.length, one.words));
    assert.deepEqual([...signatureOf(shingles, familyOf(one.seed, 12))], one.signature);
  });
}

test("BLAKE2b of nothing, of a word, of one whole block and of one byte more", () => {
  // int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
  assert.equal(blake2b64(new Uint8Array()), 0xb4b2797457a0a6e4n);
  assert.equal(blake2b64(new TextEncoder().encode("abc")), 0x5995d533d814bbd8n);
  assert.equal(blake2b64(new Uint8Array(128)), 0x45956af9f9d3a52cn);
  assert.equal(blake2b64(new Uint8Array(129)), 0xf4d3860d8871c573n);
});

test("similarity by hand", () => {
  assert.equal(jaccard(new Set([1n, 2n, 3n]), new Set([2n, 3n, 4n])), 0.5);
  assert.equal(jaccard(new Set(), new Set()), 1);
  assert.equal(jaccard(new Set([1n]), new Set()), 0);
});

test("pairs have the library's similarity and agreement", () => {
  const pairs = new Pairs(minhash.passages.map((text) => text.split(" ")), 3).reach(12);
  assert.deepEqual(pairs.all.map(({ similarity, agree }) => [similarity, agree.join("")]), minhash.pairs);
  assert.equal(pairs.reach(5).all.length, 12);
});

for (const one of minhash.curves) {
  test(`curve, errors and counts are the library's: ${one.bands} bands of ${one.rows} rows`, () => {
    for (const [s, p] of one.curve) close(sCurve(s, one.bands, one.rows), p, `s = ${s}`, 1e-11, 1e-300);
    const errors = errorsOf(one.bands, one.rows, one.threshold);
    for (const name of ["missed", "idle"]) close(errors[name], one.errors[name], name, 1e-11, 1e-14);
    const pairs = minhash.pairs.map(([similarity, agree]) => ({ similarity, agree: Uint8Array.from(agree, Number) }));
    const { bins, counts } = measured(pairs, one.bands, one.rows, one.threshold);
    assert.deepEqual(counts, one.counts);
    assert.equal(bins.length, one.points.length);
    bins.forEach(({ mean, share, count }, k) => [mean, share, count].forEach((v, i) => close(v, one.points[k][i], `bin ${k}`)));
    for (const { agree } of pairs) assert.equal(isCandidate(agree, one.bands, one.rows), fullBands(agree, one.bands, one.rows).includes(true));
  });
}

test("the curve rises from 0 to 1, and is halfway up near (1/b)^(1/r)", () => {
  for (const [b, r] of [[16, 8], [20, 5], [1, 1]]) {
    assert.equal(sCurve(0, b, r), 0);
    assert.equal(sCurve(1, b, r), 1);
    close(sCurve(steepest(b, r), b, r), 1 - (1 - 1 / b) ** b, `${b}, ${r}`); // near 1 − 1/e, and 1 for a single entry
  }
  assert.throws(() => sCurve(1.1, 2, 2), /s must lie in 0/);
  assert.throws(() => sCurve(0.5, 0, 2), /bands must be at least 1/);
  assert.throws(() => fullBands(new Uint8Array(4), 3, 2), /bands · rows must be at most 4/);
});

for (const one of minhash.texts) {
  test(`two texts are compared as the library compares them: ${JSON.stringify(one.a.slice(0, 20))}`, () => {
    const texts = compare({ a: one.a, b: one.b, words: 2, seed: 5 });
    assert.deepEqual([texts.groups.onlyA.length, texts.groups.both.length, texts.groups.onlyB.length], one.sizes);
    assert.equal(texts.similarity, one.similarity);
    assert.equal(estimated(texts.agree, 16), one.estimate);
    assert.deepEqual(fullBands(texts.agree, 8, 2), one.full);
  });
}

test("a pair as similar as the threshold is one to be found", () => {
  const pairs = [[0.5, 1], [0.5, 0], [0.499, 1], [0.499, 0]].map(([similarity, bit]) => ({ similarity, agree: Uint8Array.of(bit) }));
  assert.deepEqual(measured(pairs, 1, 1, 0.5).counts, { found: 1, missed: 1, idle: 1, spared: 1 });
});

test("measured shares lie about the curve", () => {
  const passages = minhash.passages.map((text) => text.split(" "));
  const pairs = new Pairs(passages, 1).reach(300);
  for (const [b, r] of [[16, 8], [32, 4], [4, 2]]) {
    for (const { mean, share, count } of measured(pairs.all, b, r, 0.8).bins) {
      const p = sCurve(mean, b, r);
      assert.ok(Math.abs(share - p) < 5 * Math.sqrt((p * (1 - p)) / count) + 0.15, `${b}, ${r}, s = ${mean}: ${share}, ${p}`);
    }
  }
});

test("what is said of two texts and of the curve", () => {
  const say = (texts, change = {}) => curveWords(curveState(getter({ bands: 16, rows: 8, threshold: 0.8, prediction: "", ...change }), new Pairs([], 0),
    compare({ a: "one two three four", b: "One, two, three, four!", words: 2, seed: 0, ...texts })));
  assert.match(say({}), /share 3 of 3 shingles: J = 1.000.*agree in 128 of 128 entries.*16 of 16 bands agree as a whole: they/);
  assert.match(say({ b: "one two three five" }), /share 2 of 4 shingles: J = 0\.500\. .* ± 0\.044\. /); // √(0.25/128)
  assert.match(say({ b: "five six seven" }), /share 0 of 5.*No band agrees as a whole/);
  assert.match(say({ b: "" }), /A text without words/);
  assert.doesNotMatch(say({}), /spread evenly/);
  assert.match(say({}, { prediction: "skipped" }), /spread evenly over s, 0\.6 % of those at or above 0\.80 are missed, and 17\.\d % of those below/);
  assert.match(say({}, { prediction: "skipped" }), /With b = 16 and r = 8 a pair of s = 0\.80 is found with P = 0\.947\. /);
  assert.match(say({}, { prediction: "skipped", bands: 1, rows: 1, threshold: 0.25 }), /agree in 1 of 1 entries.* One band agrees as a whole.* a pair of s = 0\.25 is found with P = 0\.250\. /);
  assert.match(say({}, { prediction: "few", bands: 2 }), /You bet right: .* = 6\.1 %/);
  assert.match(say({}, { prediction: "half" }), /You bet 50 %; it is .* = 6\.1 %/);
});

test("signatures agree where the smallest shingle is shared, and empty ones everywhere", () => {
  const family = familyOf(4, 64);
  const [a, b] = [[1n, 2n, 3n], []].map((set) => signatureOf(set, family));
  assert.deepEqual([...agreement(a, a)], Array(64).fill(1));
  assert.deepEqual([...b], Array(64).fill(2 ** 31 - 1));
  const x = Number(stirred(7n) % BigInt(PRIME));
  assert.deepEqual([...signatureOf([7n], { a: Float64Array.of(1, 1), b: Float64Array.of(PRIME - x, PRIME - x - 1) })], [0, PRIME - 1]);
  assert.equal(estimated(agreement(a, b), 64), 0);
});
