// The pure parts of the kit: numbers in words, the address, tables, curves, answers, and words in both languages.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { numberError, slide } from "../../book_lib/explorables/kit/controls.js";
import { deviation, extendEnds, interpolate, moveHandle, stroke } from "../../book_lib/explorables/kit/curve.js";
import { decimals, fill, fixed, significant, ticks } from "../../book_lib/explorables/kit/format.js";
import { formatHash, formatValue, parseHash, parseValue } from "../../book_lib/explorables/kit/hash.js";
import { linePath } from "../../book_lib/explorables/kit/plot.js";
import { judge, parseNumber, pieces } from "../../book_lib/explorables/kit/quiz.js";
import { allTables, kitStrings, language, strings, t } from "../../book_lib/explorables/kit/strings.js";
import { seriesTables, thin, toCsv } from "../../book_lib/explorables/kit/table.js";
import { parseColor, pixel, temperatureColor } from "../../book_lib/explorables/kit/theme.js";

const EXPLORABLES = new URL("../../book_lib/explorables/", import.meta.url);

/** Run with a page of this language. */
function inLanguage(lang, run) {
  globalThis.document = { documentElement: { lang } };
  try {
    return run();
  } finally {
    delete globalThis.document;
  }
}

test("numbers have a true minus, fixed decimals and no minus zero", () => {
  assert.equal(fixed(-1.5, 2), "−1.50");
  assert.equal(fixed(-0.001, 2), "0.00");
  assert.equal(fixed(Number.NaN), "–");
  assert.equal(significant(0.000012345), "1.23 × 10⁻⁵");
  assert.equal(significant(-1234567, 3), "−1230000");
  assert.equal(significant(2.0, 3), "2");
  assert.deepEqual([1, 0.5, 0.01, 1e-7].map(decimals), [0, 1, 2, 7]);
});

test("ticks are round, inside the limits, at least three and not too many", () => {
  assert.deepEqual(ticks(0, 5, 5), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(ticks(-1, 1, 4), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(ticks(-0.999, 0.999, 3), [-0.5, 0, 0.5]);
  assert.deepEqual(ticks(0, 0.3, 3), [0, 0.1, 0.2, 0.3]);
  for (const [min, max, count] of [[0, 1, 6], [-4, -0.8, 4], [1e-5, 3e-5, 5], [0, 512, 3], [2.2, 2.4, 2]]) {
    const marks = ticks(min, max, count);
    assert.ok(marks.length >= Math.min(3, count) && marks.length <= 2 * count + 2, `${min} ${max}: ${marks}`);
    assert.ok(marks.every((v) => v >= min - 1e-9 && v <= max + 1e-9));
  }
});

test("templates keep what they do not know", () => {
  assert.equal(fill("{a} and {b}", { a: 1 }), "1 and {b}");
});

test("numbers by name go to the address and come back", () => {
  const numbers = { w: 1, "x₁": -2.5, t: 0 };
  assert.equal(formatValue(numbers), "w:1,x₁:-2.5,t:0");
  assert.deepEqual(parseValue(formatValue(numbers), { other: 3 }), numbers);
  assert.deepEqual(parseValue("", { w: 1 }), {});
  for (const bad of ["w", "w:", "w:a", ":1", "w:1,x:Infinity", "__proto__:1"]) assert.equal(parseValue(bad, {}), undefined, bad);
  assert.deepEqual([[1, 2], 0.5, true, "a", null].map(formatValue), ["1,2", "0.5", "true", "a", "null"]);
});

test("the address holds what was put there, and survives nonsense", () => {
  const state = { lattice: { temperature: "2.269", start: "up & down" }, zoom2: { step: "1" } };
  assert.deepEqual(parseHash(formatHash(state)), state);
  assert.equal(formatHash({}), "");
  assert.deepEqual(parseHash("#sec-ising-energy"), {});
  assert.deepEqual(parseHash("#xp:lattice.temperature=%E0%A4%A&lattice.seed=3&=&x"), { lattice: { seed: "3" } });
  assert.deepEqual(parseHash(formatHash({ e: { "η": "0.1" } })), { e: { "η": "0.1" } });
  const odd = parseHash("#xp:__proto__.size=3&lattice.__proto__=x&constructor.name=y");
  assert.deepEqual(Object.keys(odd), ["__proto__", "lattice", "constructor"]);
  assert.equal(/** @type {any} */ ({}).size, undefined);
  assert.equal(parseValue("2.5", 1), 2.5);
  for (const bad of ["", " ", "x", "NaN", "Infinity"]) assert.equal(parseValue(bad, 1), undefined);
  assert.equal(parseValue("true", false), true);
  assert.equal(parseValue("1", false), undefined);
  assert.equal(parseValue("up", "down"), "up");
  assert.equal(parseValue("1", null), undefined);
  assert.deepEqual(parseValue("0.2,0.5,0.3", [1, 0]), [0.2, 0.5, 0.3]);
  assert.deepEqual(parseValue("", [1]), []); // no points at all is a list, too
  for (const bad of [" ", ",", "1,,2", "1,x", "1,Infinity"]) assert.equal(parseValue(bad, [1]), undefined);
});

test("typed numbers: an error names the field and both limits", () => {
  const field = { label: "Temperature", min: 0.1, max: 5 };
  assert.equal(numberError("2.27", field), "");
  for (const bad of ["", "0", "-1", "5.01", "abc", "NaN", "Infinity"]) {
    const message = numberError(bad, field);
    assert.match(message, /Temperature/);
    assert.match(message, /0\.1/);
    assert.match(message, /5/);
  }
  const size = { label: "Size", min: 4, max: 64, step: 2, exact: true };
  assert.equal(numberError("8", size), "");
  assert.match(numberError("7", size), /steps of 2/);
  assert.match(numberError("3.5", { ...size, step: 1 }), /whole/);
  assert.match(numberError("3", { label: "Size", min: 4, max: 16, stops: [4, 8, 16] }), /4, 8, 16/);
  const own = { label: "ρ", min: -0.99, max: 0.99, refuse: (v) => `${v} is too much` };
  assert.deepEqual(["1.2", "0.5"].map((text) => numberError(text, own)), ["1.2 is too much", ""]);
  assert.match(numberError("x", own), /from −0.99 to 0.99/); // no number at all: nothing to say about it
});

test("a slider's position and its value are inverse, at both ends exactly", () => {
  for (const way of [slide({ min: 0.1, max: 5, step: 0.01 }), slide({ min: 0.001, max: 10, scale: "log" })]) {
    assert.ok(Math.abs(way.to(way.from(way.max)) - way.max) < 1e-9);
    assert.ok(Math.abs(way.to(way.from(way.min)) - way.min) < 1e-9);
  }
  const log = slide({ min: 0.001, max: 10, scale: "log" });
  assert.equal(log.from(log.min), 0.001);
  assert.equal(log.from(log.max), 10);
  const stops = slide({ min: 8, max: 512, stops: [8, 64, 512] });
  assert.equal(stops.from(1), 64);
  assert.equal(stops.to(500), 2);
});

test("tables: shared x merges, thinning keeps both ends, CSV quotes", () => {
  const tables = seriesTables("M(T)", "T", "|m|", [
    { label: "simulation", points: [[1, 0.9], [2, 0.8]] },
    { label: "theory", points: [[1, 0.95], [2, 0.85]] },
    { label: "now", points: [[1.5, 0.9]] },
  ]);
  assert.equal(tables.length, 2);
  assert.deepEqual(tables[0].columns, ["T", "simulation", "theory"]);
  assert.deepEqual(tables[0].rows, [[1, 0.9, 0.95], [2, 0.8, 0.85]]);
  const rows = thin(Array.from({ length: 1000 }, (_, i) => i), 60);
  assert.deepEqual([rows.length, rows[0], rows[59]], [60, 0, 999]);
  assert.equal(new Set(rows).size, 60);
  assert.equal(toCsv([{ caption: "", columns: ["a,b", 'c"d'], rows: [[1, null]] }]), '"a,b","c""d"\n1,');
});

test("lines break at missing values", () => {
  const scale = { x: (v) => v, y: (v) => v };
  assert.equal(linePath([[0, 0], [1, Number.NaN], [2, 2], [3, 3]], scale), "M0 0M2 2L3 3");
  assert.equal(linePath([], scale, true), "");
});

test("a sketch's gap: mean and largest deviation, and where", () => {
  const line = [[0, 0], [1, 1]];
  assert.equal(interpolate(line, 0.25), 0.25);
  assert.equal(interpolate(line, 1), 1);
  assert.ok(Number.isNaN(interpolate(line, 1.1)));
  assert.equal(interpolate([[0, 1], [1, 1], [1, 0], [2, 0]], 1), 0); // a jump
  const gap = deviation([[0, 0], [0.5, 1], [1, 1], [2, 9]], line);
  assert.deepEqual(gap, { mean: 0.5 / 3, max: 0.5, at: 0.5 });
  assert.ok(Number.isNaN(deviation([], line).mean));
});

test("strokes fill what they pass over, in both directions, and ends just missed", () => {
  const xs = [0, 1, 2, 3, 4, 5];
  for (const [from, to] of [[[1, 10], [4, 40]], [[4, 40], [1, 10]]]) {
    const values = new Float64Array(6).fill(Number.NaN);
    stroke(values, xs, from, to);
    assert.deepEqual([...values], [Number.NaN, 10, 20, 30, 40, Number.NaN]);
    extendEnds(values, 1);
    assert.deepEqual([...values], [10, 10, 20, 30, 40, 40]);
  }
  const dot = new Float64Array(6).fill(Number.NaN);
  stroke(dot, xs, [2.4, 7], [2.4, 7]);
  assert.deepEqual([...dot].map(Number.isFinite), [false, false, true, false, false, false]);
});

test("a handle moves its point and the straight lines beside it", () => {
  const values = new Float64Array(7).fill(Number.NaN);
  moveHandle(values, 3, 0, 0);
  moveHandle(values, 3, 1, 3);
  assert.deepEqual([...values.slice(0, 4)], [0, 1, 2, 3]);
  assert.ok(Number.isNaN(values[4]));
  moveHandle(values, 3, 2, 0);
  assert.deepEqual([...values], [0, 1, 2, 3, 2, 1, 0]);
});

test("numbers are read as people write them", () => {
  const cases = [["2.27", 2.27], ["2,27", 2.27], ["−0.5", -0.5], ["1/3", 1 / 3], [" 1e-3 ", 1e-3], [".5", 0.5], ["-1/-2", 0.5]];
  for (const [text, value] of cases) assert.equal(parseNumber(text), value, text);
  for (const bad of ["", "two", "1.2.3", "1,000,000", "--1", "1/"]) assert.ok(Number.isNaN(parseNumber(bad)), bad);
});

test("answers get their own reply", () => {
  const numeric = {
    kind: "numeric", text: "T_c?", answer: 2.27, tolerance: 0.01, unit: "", reply: "Onsager.", other: "No.",
    slips: [{ value: 4, tolerance: 0.01, reply: "Mean field." }],
  };
  assert.deepEqual(judge(numeric, "2,26"), { right: true, reply: "Onsager." });
  assert.equal(judge(numeric, "4").reply, "Mean field.");
  assert.equal(judge(numeric, "3").reply, "No.");
  assert.equal(judge(numeric, "three"), null);
  const choice = { kind: "choice", text: "?", options: [{ text: "a", reply: "r", right: false, misconception: "m" }] };
  assert.deepEqual(judge(choice, 0), { right: false, reply: "r", misconception: "m" });
  assert.equal(judge(choice, 5), null);
});

test("quiz text: code, subscripts and superscripts, and names left alone", () => {
  const html = (text) => pieces(text).map(({ tag, text: t }) => (tag ? `<${tag}>${t}</${tag}>` : t)).join("");
  assert.equal(html("T_c/J and `T_c`"), "T<sub>c</sub>/J and <code>T_c</code>");
  assert.equal(html("e^(−2/T) ≈ x^2"), "e<sup>−2/T</sup> ≈ x<sup>2</sup>");
  assert.equal(html("χ_{max} at learning_rate"), "χ<sub>max</sub> at learning_rate");
  assert.equal(html("plain"), "plain");
});

test("every text of the kit is used", () => {
  const own = Object.keys(kitStrings.en);
  const sources = readdirSync(EXPLORABLES, { recursive: true })
    .filter((name) => name.endsWith(".js") && !name.startsWith("dist") && !name.endsWith("strings.js"))
    .map((name) => readFileSync(new URL(name, EXPLORABLES), "utf8")).join("\n");
  assert.deepEqual(own.filter((key) => !sources.includes(`"${key}"`)), []);
});

test("colours: the temperature scale runs from cold by way of neutral to hot", () => {
  const scale = { cold: "#0000ff", mid: "#808080", hot: "rgb(255 128 0)" };
  assert.equal(temperatureColor(0, scale), "rgb(0 0 255)");
  assert.equal(temperatureColor(0.5, scale), "rgb(128 128 128)");
  assert.equal(temperatureColor(1, scale), "rgb(255 128 0)");
  assert.equal(temperatureColor(7, scale), "rgb(255 128 0)");
  assert.deepEqual(parseColor("#fff"), [255, 255, 255]);
  assert.equal(pixel("#010203"), 0xff030201);
});

test("the language is the page's", () => {
  assert.equal(language(), "en");
  assert.equal(inLanguage("zh-Hans", () => t("play")), "运行");
  assert.equal(inLanguage("de", () => t("play")), "Play");
  assert.throws(() => t("nothing of the sort"), /no text/);
});

test("every text exists in both languages, with the same places, in the kit and in each explorable", async () => {
  const modules = readdirSync(EXPLORABLES).filter((name) => name.endsWith(".js") && name !== "host.js");
  for (const name of modules) await import(new URL(name, EXPLORABLES).href);
  const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
  for (const { en, zh } of allTables) {
    assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
    for (const key of Object.keys(en)) {
      assert.ok(zh[key].trim() && en[key].trim(), key);
      assert.equal(places(zh[key]), places(en[key]), key);
    }
  }
});

test("an explorable's own words come before the kit's", () => {
  const own = strings({ en: { play: "Go {n}" }, zh: { play: "走 {n}" } });
  assert.equal(own("play", { n: 3 }), "Go 3");
  assert.equal(own("pause"), "Pause");
  allTables.pop();
});
