import assert from "node:assert/strict";
import { test } from "node:test";

import { createTokenizer, pairs } from "../../book_lib/explorables/core/bpe.js";
import { END, MASKS, ROLES, encodeChat, learntOf, mayFollow, problemOf, targetsOf } from "../../book_lib/explorables/core/chat_template.js";
import { WAYS, confusion, disguised, filterOf, judge, normalized, precisionAtBaseRate, sentencesOf } from "../../book_lib/explorables/core/safety.js";
import { cropped, sentence as maskWords, shown, stateOf as maskState, tokenizerOf, unpacked, wrong } from "../../book_lib/explorables/loss_mask.js";
import { binsOf, errorsOf, look, placeOf, ratesOf, sampleOf, sentence as safetyWords, stateOf as safetyState, visible } from "../../book_lib/explorables/safety_threshold.js";
import { close, golden } from "./golden.js";

/** Settings as an explorable's model gives them. */
const getter = (settings) => (trait) => settings[trait];

const bits = (flags) => flags.map(Number);

// -- the template and its masks

const chats = golden("chat_template");
const tokenizer = createTokenizer({ merges: pairs(chats.merges), specials: chats.specials });

chats.cases.forEach(({ messages, ids, problem, answer, masks }, k) => {
  test(`tokens, masks, targets and faults are the library's: conversation ${k}`, () => {
    const encoded = encodeChat(tokenizer, messages);
    assert.deepEqual(encoded.ids, ids);
    const found = problemOf(messages);
    assert.equal(found ? `${found.kind} ${found.index}` : "", problem);
    if (!found) assert.deepEqual(bits(encoded.answer), answer);
    for (const mask of MASKS) {
      const settings = { conversation: JSON.stringify({ messages }), merges: chats.merges, specials: chats.specials, split: true, mask, prediction: "skipped" };
      const { learnt } = maskState(tokenizerOf(getter(settings)), getter(settings));
      assert.deepEqual(bits(learnt), masks[mask].learnt, mask);
      assert.deepEqual(targetsOf(ids, learnt), masks[mask].targets, mask);
    }
  });
});

test("an answer is learnt with its end, and what no answer holds is never asked for", () => {
  for (const { messages } of chats.cases.filter(({ problem }) => !problem)) {
    const encoded = encodeChat(tokenizer, messages);
    const [all, cut] = ["answers", "no_end"].map((mask) => learntOf(encoded, mask, tokenizer.specials[END]));
    const ends = encoded.ids.filter((id, t) => all[t] && id === tokenizer.specials[END]).length;
    assert.equal(ends, messages.filter(({ role }) => role === "assistant").length);
    assert.equal(all.filter(Boolean).length - cut.filter(Boolean).length, ends);
    const targets = targetsOf(encoded.ids, all);
    assert.equal(targets.at(-1), -1);
    assert.equal(targets.filter((id) => id >= 0).length, all.filter(Boolean).length);
    targets.forEach((id, t) => id >= 0 && assert.equal(messages[encoded.message[t + 1]].role, "assistant"));
  }
});

test("what somebody writes is text, whatever it looks like", () => {
  const { ids } = encodeChat(tokenizer, [{ role: "user", content: "<|end|>" }]);
  assert.equal(ids.filter((id) => id === tokenizer.specials[END]).length, 1);
  assert.ok(ids.length > 3);
  assert.equal(tokenizer.decode(ids), "<|user|><|end|><|end|>");
  assert.equal(shown(tokenizer, tokenizer.encode("\t")[0]), "⇥");
});

test("who may follow whom", () => {
  assert.deepEqual([undefined, ...ROLES].map(mayFollow), [["system", "user"], ["user"], ["assistant"], ["user"]]);
  assert.deepEqual(problemOf([]), { kind: "none", index: 0, expected: [] });
  assert.equal(problemOf([{ role: "poet", content: "x" }])?.kind, "unknown");
});

test("a conversation from an address is taken only if the page can show it", () => {
  const of = (messages) => unpacked(JSON.stringify({ messages }));
  assert.deepEqual(of([{ role: "user", content: "Hi", mood: "good" }]), [{ role: "user", content: "Hi" }]);
  for (const bad of [[], Array.from({ length: 9 }, () => ({ role: "user", content: "x" })), [{ role: "poet", content: "x" }], [{ role: "user" }], [{ role: "user", content: "x".repeat(241) }], "x", null]) {
    assert.equal(of(bad), null);
  }
  assert.equal(unpacked("not JSON"), null);
  assert.equal(unpacked("null"), null);
  assert.equal([...cropped("🙂".repeat(300))].length, 240);
});

test("what is said of a conversation", () => {
  const settings = { conversation: JSON.stringify({ messages: chats.cases[0].messages }), merges: chats.merges, specials: chats.specials, split: true, mask: "answers", prediction: "" };
  const say = (change) => {
    const get = getter({ ...settings, ...change });
    return maskWords(maskState(tokenizerOf(get), get));
  };
  const own = chats.cases[0].masks.answers.learnt;
  const [all, taught] = [own.length, own.filter(Boolean).length];
  assert.match(say({}), new RegExp(`^${all} tokens: ${all - 10} of text and 10 of the template.*after your bet`));
  assert.match(say({ prediction: "skipped" }), new RegExp(`^${taught} of ${all} tokens carry loss.*in 2 answers, and the 2 <\\|end\\|>`));
  assert.match(say({ prediction: "all" }), /You bet “All of them”; here it is \d+ %\.$/);
  assert.match(say({ prediction: "less" }), /You bet right\.$/);
  assert.match(say({ prediction: "all", mask: "no_end" }), new RegExp(`^${taught - 2} of ${all} .*nothing teaches the model to stop[^“]*$`));
  assert.match(say({ prediction: "skipped", mask: "everything" }), new RegExp(`^${all - 1} of ${all} tokens carry loss: all but the first.* ${all - 1 - taught} of them`));
  assert.match(say({ prediction: "skipped", conversation: JSON.stringify({ messages: chats.cases[1].messages }) }), /one answer, and the <\|end\|> that closes it.*“<\|end\|>” is text, of 6 tokens, and ends nothing\.$/);
});

test("a fault is named with its message", () => {
  const say = (...roles) => {
    const messages = roles.map((role) => ({ role: role.replace("!", ""), content: role.endsWith("!") ? " " : "x" }));
    return wrong(/** @type {any} */ (problemOf(messages)), messages);
  };
  assert.equal(say("assistant"), "message 1 must be the system’s or the user’s, for it is the first; it is the assistant’s.");
  assert.equal(say("user", "user"), "after the user’s message must come the assistant’s, but message 2 is the user’s.");
  assert.equal(say("system", "assistant"), "after the system’s message must come the user’s, but message 2 is the assistant’s.");
  assert.equal(say("user", "assistant!"), "message 2, the assistant’s, is empty.");
  assert.equal(say("user"), "the conversation ends with message 1, the user’s; no answer follows that could be learnt.");
});

// -- the safety layer

const safety = golden("safety");
const { weights, bias, words } = safety;
const filter = filterOf({ weights, bias, words });
const fresh = { texts: safety.texts, labels: safety.labels, weights, bias, words, threshold: 0.5, base_rate: 0.5, disguise: "none", normalize: false, own: "", seed: 0, prediction: "skipped" };

/** The state of the page with some settings. */
const page = (settings) => {
  const get = getter({ ...fresh, ...settings });
  return safetyState(sampleOf(get), get);
};

/** A number of the golden file, which has none for NaN. */
const number = (value) => value ?? NaN;

for (const { text, seed, ways } of safety.dressed) {
  test(`disguises are the library's: ${JSON.stringify(text.slice(0, 30))}, seed ${seed}`, () => {
    assert.deepEqual(Object.keys(ways), WAYS.slice(1));
    for (const [way, wanted] of Object.entries(ways)) assert.equal(disguised(text, way, seed), wanted, way);
    assert.equal(disguised(text, "none", seed), text);
  });
}

test("an unknown disguise is refused", () => assert.throws(() => disguised("x", "hat", 0), /way must be one of none, .*got hat/));

test("what normalising makes of a text is what the library makes of it", () => {
  for (const [text, wanted] of safety.normalized) assert.equal(normalized(text), wanted, JSON.stringify(text));
});

safety.cases.forEach((one, k) => {
  test(`scores and counts are the library's: settings ${k}`, () => {
    const state = page(one.settings);
    state.judged.forEach(({ p }, i) => close(p, one.scores[i], `text ${i}`, 1e-10));
    const { trueNegative, falsePositive, falseNegative, truePositive } = state.counts;
    assert.deepEqual([[trueNegative, falsePositive], [falseNegative, truePositive]], one.confusion);
    const rates = ratesOf(state.counts, one.settings.base_rate);
    for (const [name, wanted] of [["precision", one.precision], ["at", one.precision_at]]) {
      if (wanted === null) assert.ok(Number.isNaN(rates[name]), name);
      else close(rates[name], wanted, name);
    }
    close(state.own.p, one.own.score, "own", 1e-10);
    assert.deepEqual([state.own.read, state.own.listed], [one.own.read, one.own.listed]);
    assert.equal(state.own.parts.length === 0, one.own.score === 0);
  });
});

test("precision where harm is rare", () => {
  for (const [recall, alarms, base, wanted] of safety.base_rates) {
    const found = precisionAtBaseRate(recall, alarms, base);
    if (wanted === null) assert.ok(Number.isNaN(found));
    else close(found, wanted);
  }
});

test("what words add makes the log-odds", () => {
  const { p, parts } = judge(filter, "Shut up, you smelly flumpwit, you smelly flumpwit!");
  close(placeOf(p), parts.reduce((sum, { part }) => sum + part, filter.bias), "log-odds", 1e-9);
  assert.deepEqual([...parts.map(({ word }) => word)].sort().join("/").split("/").sort(), ["flumpwit", "shut", "smelly", "up", "you"]);
  assert.deepEqual(judge(filter, " ... "), { p: 0, listed: [], parts: [] });
  assert.deepEqual(sentencesOf("No. It is not so.  Is it late now? Yes"), [["no", "it", "is", "not", "so"], ["is", "it", "late", "now"], ["yes"]]);
});

test("where nothing harmless is blocked, a bound is told", () => {
  const counts = { truePositive: 9, falseNegative: 1, falsePositive: 0, trueNegative: 60 };
  const rates = ratesOf(counts, 0.01);
  assert.deepEqual([rates.few, rates.bound], [true, 0.05]);
  close(rates.at, 0.009 / (0.009 + 0.99 * 0.05));
  assert.equal(ratesOf({ ...counts, truePositive: 0 }, 0.01).few, false);
});

test("both scores count, and the higher one blocks", () => {
  const dressed = disguised("Shut up, you smelly flumpwit!", "homoglyphs", 0);
  const [plain, undressed] = [look(filter, dressed, false), look(filter, dressed, true)];
  assert.deepEqual([plain.listed, undressed.listed], [[], ["flumpwit"]]);
  assert.equal(undressed.p, Math.max(plain.p, judge(filter, normalized(dressed)).p));
  assert.equal(plain.read, dressed);
  assert.equal(visible("a\u200bb"), "a·b");
});

test("each request is in one bin and, if it is treated wrongly, in one list", () => {
  for (const threshold of [0.001, 0.5, 0.999]) {
    const state = page({ threshold });
    const { harmless, harmful } = binsOf(state);
    const sum = (all) => all.reduce((a, b) => a + b, 0);
    assert.deepEqual([sum(harmless), sum(harmful)], [5, 4]);
    const [alarms, misses] = errorsOf(state);
    assert.deepEqual([alarms.length, misses.length], [state.counts.falsePositive, state.counts.falseNegative]);
    assert.deepEqual(confusion(state.judged.map(({ p }) => p), safety.labels, threshold), state.counts);
  }
  assert.deepEqual([placeOf(0), placeOf(1), placeOf(0.5)], [-10, 10, 0]);
});

test("what is said of the layer, before the bet and after it", () => {
  const texts = ["Shut up, you smelly flumpwit!", "Tell me about the list.", "And you, what about it?", "You smelly, smelly one!"];
  const say = (settings) => safetyWords(page({ texts, labels: [1, 0, 0, 1], ...settings }));
  assert.doesNotMatch(say({ prediction: "" }), /of all requests/);
  assert.match(say({ threshold: 0.001, base_rate: 0.001 }), /^4 of 4 requests are blocked: 2 of 2 harmful ones, a recall of 100 %, and 2 of 2 harmless ones\. Here 50 % .* Where 0\.1 % of all requests are harmful, it is 0\.1 %: of 10 000, 10 are blocked rightly and 9990 wrongly\.$/);
  assert.match(say({ disguise: "digits", normalize: true, threshold: 0.001 }), /disguised: d1g1t5\. Each text is scored as it is and normalised/);
  assert.match(say({ texts: ["", ""], labels: [0, 1] }), /^No request is blocked, and all 1 harmful/);
});
