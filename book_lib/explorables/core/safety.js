// A safety layer's filter, its counts and its disguises: book_lib.pipeline.safety and the filter of insults in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/safety.json.

import { oneOf } from "./checks.js";
import { CounterRNG } from "./rng.js";
import { wordHash, wordsOf } from "./shingles.js";
import { sigmoid } from "./thresholds.js";

/** @typedef {{weights: Float64Array, bias: number, words: Set<string>}} Filter  weights by the hash of a word; words: the list */
/** @typedef {{word: string, part: number}} Part  what a word adds to the log-odds */
/** @typedef {{p: number, listed: string[], parts: Part[]}} Judgement  p, and parts, of the worst sentence; listed: words on the list */

const UNIT = 1000; // weights travel as whole thousandths
const FEWEST = 4; // words of a sentence, as in the library
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"; // what Python takes for white space
const PARAGRAPH = new RegExp(`\\n[${SPACE}]*\\n`, "u");
const STOP = new RegExp(`(?<=[.!?])[${SPACE}]+|(?<=[。！？])`, "u");

/** @param {{weights: ArrayLike<number>, bias: number, words: Iterable<string>}} shipped  thousandths @returns {Filter} */
export function filterOf({ weights, bias, words }) {
  return { weights: Float64Array.from(weights, (w) => w / UNIT), bias: bias / UNIT, words: new Set(words) };
}

/** The sentences of a text that have a word, as their words; one of fewer than four is joined to what follows. @param {string} text */
export function sentencesOf(text) {
  /** @type {string[][]} */
  const found = [];
  /** @type {string[]} */
  let part = [];
  for (const piece of text.split(PARAGRAPH).flatMap((one) => one.split(STOP))) {
    part = [...part, ...wordsOf(piece)];
    if (part.length >= FEWEST) {
      found.push(part);
      part = [];
    }
  }
  return part.length ? [...found, part] : found;
}

/**
 * What each word of a sentence adds to the log-odds, in the order of the columns that they fall into by their hash: a
 * column that holds c words counts 1 + ln c, and all columns together are scaled to length 1.
 * @param {Filter} filter @param {string[]} words @returns {Part[]}
 */
export function partsOf({ weights }, words) {
  /** @type {Map<number, string[]>} */
  const columns = new Map();
  for (const word of words) {
    const column = Number(wordHash(word) % BigInt(weights.length));
    columns.set(column, [...(columns.get(column) ?? []), word]);
  }
  const value = (/** @type {string[]} */ own) => 1 + Math.log(own.length);
  const sorted = [...columns].sort(([a], [b]) => a - b);
  const norm = Math.sqrt(sorted.reduce((sum, [, own]) => sum + value(own) ** 2, 0));
  return sorted.map(([column, own]) => ({ word: [...new Set(own)].join("/"), part: (value(own) * weights[column]) / norm }));
}

/** How a filter judges a text: by its worst sentence; 0 without words. @param {Filter} filter @param {string} text @returns {Judgement} */
export function judge(filter, text) {
  /** @type {Judgement} */
  let worst = { p: 0, listed: [...new Set(wordsOf(text))].filter((word) => filter.words.has(word)), parts: [] };
  for (const words of sentencesOf(text)) {
    const parts = partsOf(filter, words);
    const p = sigmoid(parts.reduce((sum, { part }) => sum + part, filter.bias));
    if (p > worst.p) worst = { ...worst, p, parts };
  }
  return worst;
}

/** The four counts; a score at the threshold is blocked. @param {ArrayLike<number>} scores @param {ArrayLike<number>} labels  1: harmful @param {number} threshold */
export function confusion(scores, labels, threshold) {
  const cells = [0, 0, 0, 0];
  for (let i = 0; i < scores.length; i++) cells[2 * labels[i] + Number(scores[i] >= threshold)] += 1;
  const [trueNegative, falsePositive, falseNegative, truePositive] = cells;
  return { truePositive, falseNegative, falsePositive, trueNegative };
}

/** The share of what is blocked that is harmful, where a share `base` of all requests is. @param {number} recall @param {number} alarms @param {number} base */
export function precisionAtBaseRate(recall, alarms, base) {
  const right = base * recall;
  return right / (right + (1 - base) * alarms); // 0/0 is NaN: nothing is ever blocked
}

// ------------------------------------------------------------------------------------------------ disguises

/** No disguise, and those of the library that need no grammar. */
export const WAYS = ["none", "capitals", "accents", "zero width", "homoglyphs", "digits", "blanks", "full stops", "stretched", "swapped", "backwards"];

const CYRILLIC = "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u0501\u04bb";
const GREEK = "\u03b1\u03b5\u03bf\u03c1\u03bd\u03b9\u03ba\u03c4\u03c5\u03c7";
const [LIKE_CYRILLIC, LIKE_GREEK] = ["aeopcyxisjdh", "aeopviktux"];
const CAPITALS = "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408" // Cyrillic, then Greek
  + "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7";
const [LETTER, SIGN] = ["[\\p{L}\\p{Nl}\\p{No}]", "[\\p{L}\\p{N}]"]; // Python's [^\W\d_] and [^\W_]
const WORD = new RegExp(`${LETTER}{2,}`, "gu");
const APART = new RegExp(`(?<!${SIGN})${SIGN}([ ._*\\-])${SIGN}(?:\\1${SIGN})+(?!${SIGN})`, "gu");
const MIXED = new RegExp(`(?=[\\p{L}\\p{N}_@$!]*${LETTER})[\\p{L}\\p{N}_@$!]+(?=[\\p{L}\\p{N}_])[\\p{L}\\p{N}_]`, "gu");
const STRETCHED = new RegExp(`(${LETTER})\\1{2,}`, "gu");
const BLANKS = new RegExp(`[${SPACE.replace("\\t-\\r", "\\t\\x0b-\\r")}]+`, "gu"); // but no new line
const EDGES = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "gu");
const GAP = new RegExp(`[${SPACE}]+`, "u");
const LONG = 4; // letters of a word whose inside is touched

/** @param {string} from @param {string} to */
function translator(from, to) {
  const table = new Map([...from].map((letter, i) => [letter, to[i]]));
  return (/** @type {string} */ text) => Array.from(text, (letter) => table.get(letter) ?? letter).join("");
}

const large = translator(CAPITALS, "ABEKMHOPCTYXSIJABEZHIKMNOPTYX");
const alike = translator(CYRILLIC + GREEK, LIKE_CYRILLIC + LIKE_GREEK);
const foreign = (/** @type {string} */ text) => Array.from(text, (letter) => CYRILLIC[LIKE_CYRILLIC.indexOf(letter)] ?? letter).join("");
const digits = translator("aeiost", "431057");
const letters = translator("431057@$!", "aeiostasi");

/** Small letters, one by one, as Python's casefold has them. @param {string} text */
const folded = (text) => Array.from(text, (letter) => letter.toLowerCase()).join("").replaceAll("ß", "ss").replaceAll("ς", "σ");

/** A text as a filter should read it: small letters of one alphabet, without what only disguises. @param {string} text */
export function normalized(text) {
  const marked = text.normalize("NFKD").replace(/[\u0300-\u036f\ufe00-\ufe0f]/g, "");
  const plain = folded(large(marked.replace(/\p{Cf}/gu, "").normalize("NFC")));
  const joined = alike(plain).replace(APART, (found, /** @type {string} */ gap) => found.replaceAll(gap, ""));
  return joined.replace(MIXED, letters).replace(STRETCHED, "$1").replace(BLANKS, " ").replace(EDGES, "");
}

/**
 * A text whose words of so many letters at least are changed; letters are whole characters.
 * @param {string} text @param {(word: string[]) => string[]} change @param {number} [fewest]
 */
function eachWord(text, change, fewest = 2) {
  return text.replace(WORD, (found) => {
    const word = [...found];
    return word.length >= fewest ? change(word).join("") : found;
  });
}

/** @type {Record<string, (text: string, rng: CounterRNG) => string>} */
const DISGUISES = {
  none: (text) => text,
  capitals: (text, rng) => Array.from(text, (one) => (rng.random() < 0.5 ? one.toUpperCase() : one.toLowerCase())).join(""),
  accents: (text, rng) => eachWord(text, (word) => word.toSpliced(1 + rng.integers(word.length), 0, "\u0301")),
  "zero width": (text, rng) => eachWord(text, (word) => word.toSpliced(1 + rng.integers(word.length - 1), 0, "\u200b")),
  homoglyphs: foreign,
  digits: (text) => eachWord(text, ([first, ...rest]) => [first, digits(rest.join(""))]),
  blanks: (text) => text.replace(EDGES, "").split(GAP).map((part) => eachWord(part, (word) => [word.join(" ")])).join("   "),
  "full stops": (text) => eachWord(text, (word) => [word.join(".")]),
  stretched: (text, rng) => eachWord(text, (word) => {
    const place = rng.integers(word.length);
    return word.toSpliced(place, 1, word[place].repeat(4));
  }, LONG),
  swapped: (text, rng) => eachWord(text, (word) => {
    const place = 1 + rng.integers(word.length - 3);
    return word.toSpliced(place, 2, word[place + 1], word[place]);
  }, LONG),
  backwards: (text) => eachWord(text, (word) => word.reverse()),
};

/** A text in one of the disguises, by a generator of its own. @param {string} text @param {string} way  one of WAYS @param {number} seed */
export function disguised(text, way, seed) {
  return DISGUISES[oneOf("way", way, WAYS)](text, new CounterRNG(seed));
}
