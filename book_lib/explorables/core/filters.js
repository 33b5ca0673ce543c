// Rules that look at one passage: book_lib.pipeline.data.measure, judge and funnel in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/filters.json.

import { wordsOf } from "./shingles.js";

/** @typedef {{words: number, language: number, letters: number, word_length: number, repeated_lines: number, symbols: number, stop_words: number}} Measures */
/** @typedef {Record<string, number>} Bounds  by the name of the rule */
/** @typedef {{rule: string, value: number, bound: number}} Rejection */
/** @typedef {{precision: number, recall: number, lost: number, rejected: number, caught: number, junk: number, good: number}} Score */

/** In the order in which a passage meets them. */
export const RULES = ["min_words", "max_words", "min_language", "min_letters", "min_word_length", "max_word_length",
  "max_repeated_lines", "max_symbols", "min_stop_words"];
/** The library's own bounds. @type {Bounds} */
export const USUAL = { min_words: 25, max_words: 100_000, min_language: 0.04, min_letters: 0.6, min_word_length: 2.5, max_word_length: 10,
  max_repeated_lines: 0.3, max_symbols: 0.2, min_stop_words: 2 };
export const STOP_WORDS = new Set(["the", "be", "to", "of", "and", "that", "have", "with"]);

const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"; // what Python takes for white space
const EDGES = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "gu");
const VISIBLE = new RegExp(`[^${SPACE}]`, "gu");
const LETTER = /\p{L}/gu;
const SYMBOL = /[#*/\\_@&%[\]{}]|\p{S}/gu;
const OTHER = new RegExp(`[^\\p{L}${SPACE}]`, "gu");
const NEITHER = /(?!)/g;

/** What a rule looks at: "min_words" → "words". @param {string} rule @returns {keyof Measures} */
export const measureOf = (rule) => /** @type {keyof Measures} */ (rule.slice(4));

/** @param {string} text @param {RegExp} kind */
const count = (text, kind) => text.match(kind)?.length ?? 0;

/** How many characters, white space aside, stand in lines that were there before. @param {string} text */
const repeated = (text) => repeats(text).reduce((sum, [line, again]) => sum + (again ? count(line, VISIBLE) : 0), 0);

/** @param {string} text @param {number} language  the library's score: its model of letters is too large for a page @returns {Measures} */
export function measure(text, language) {
  const words = wordsOf(text);
  const visible = count(text, VISIBLE);
  return {
    words: words.length,
    language,
    letters: visible ? count(text, LETTER) / visible : 0,
    word_length: words.length ? words.reduce((sum, word) => sum + [...word].length, 0) / words.length : 0,
    repeated_lines: visible ? repeated(text) / visible : 0,
    symbols: visible ? count(text, SYMBOL) / visible : 0,
    stop_words: new Set(words.filter((word) => STOP_WORDS.has(word))).size,
  };
}

/** Every reason to reject a passage, in the order of the rules. @param {Measures} measures @param {Bounds} bounds @returns {Rejection[]} */
export function judge(measures, bounds) {
  return RULES.flatMap((rule) => {
    const [value, bound] = [measures[measureOf(rule)], bounds[rule]];
    return (rule.startsWith("min_") ? value < bound : value > bound) ? [{ rule, value, bound }] : [];
  });
}

/**
 * How many are left after each rule, the raw ones first; each goes at the first that rejects it.
 * @param {Rejection[][]} reasons @param {(i: number) => boolean} [counts]  which passages count
 */
export function funnel(reasons, counts = () => true) {
  const lost = RULES.map((rule) => reasons.filter((found, i) => counts(i) && found[0]?.rule === rule).length);
  let left = reasons.filter((_, i) => counts(i)).length;
  return [left, ...lost.map((n) => (left -= n))];
}

/** What rejecting is worth, junk being what is to be found. @param {Rejection[][]} reasons @param {boolean[]} junk @returns {Score} */
export function score(reasons, junk) {
  const rejected = reasons.filter((found) => found.length).length;
  const caught = reasons.filter((found, i) => found.length && junk[i]).length;
  const all = junk.filter(Boolean).length;
  const good = junk.length - all;
  return { precision: caught / rejected, recall: caught / all, lost: (rejected - caught) / good, rejected, caught, junk: all, good };
}

/**
 * A text in pieces, those marked that a rule has counted; rules of whole texts mark nothing.
 * @param {string} text @param {string} rule
 * @returns {[piece: string, marked: boolean][]}
 */
export function marked(text, rule) {
  if (rule === "max_repeated_lines") return repeats(text);
  const kind = { max_symbols: SYMBOL, min_letters: OTHER, min_stop_words: new RegExp(`(?<![\\p{L}\\p{N}_])(?:${[...STOP_WORDS].join("|")})(?![\\p{L}\\p{N}_])`, "giu") }[rule] ?? NEITHER;
  /** @type {[string, boolean][]} */
  const pieces = [];
  let at = 0;
  for (const { 0: found, index = 0 } of text.matchAll(kind)) {
    if (index > at || !pieces.length) pieces.push([text.slice(at, index), false]);
    if (index === at && pieces.at(-1)?.[1]) pieces[pieces.length - 1][0] += found; // neighbours under one mark
    else pieces.push([found, true]);
    at = index + found.length;
  }
  return [...pieces, /** @type {[string, boolean]} */ ([text.slice(at), false])].filter(([piece]) => piece !== "");
}

/** @param {string} text @returns {[string, boolean][]} */
function repeats(text) {
  const seen = new Set();
  const lines = text.split("\n");
  return lines.map((line, i) => {
    const own = line.replace(EDGES, "");
    const again = own !== "" && seen.has(own);
    seen.add(own);
    return /** @type {[string, boolean]} */ ([line + (i < lines.length - 1 ? "\n" : ""), again]);
  }).filter(([piece]) => piece !== "");
}
