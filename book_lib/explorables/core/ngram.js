// n-gram language models by counting: book_lib.ngram.NGram in JavaScript, for small vocabularies.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/ngram.json.

import { integer, oneOf, positive } from "./checks.js";

/** @typedef {{total: number, tokens: Map<number, number>}} Seen  what followed a context, and how often */
/** @typedef {Map<number, Seen>} Level  by context, the ids of which are the digits of the key */
/** @typedef {"witten-bell" | "add" | "none"} Smoothing */
/** @typedef {{count: number, total: number, times: number}} Group  tokens whose counts c(hw) and c(h) are the same */

const PAIRED = 2 ** 26; // above every count: two counts as one number

export const SMOOTHINGS = ["witten-bell", "add", "none"];

/**
 * The last `length` ids before `end` as one number.
 * @param {ArrayLike<number>} ids @param {number} end @param {number} length @param {number} vocabSize
 */
function keyOf(ids, end, length, vocabSize) {
  let key = 0;
  for (let k = end - length; k < end; k++) key = key * vocabSize + ids[k];
  return key;
}

/**
 * What was seen after contexts of 0 … order − 1 tokens of one sequence.
 * @param {ArrayLike<number>} ids @param {number} order @param {number} vocabSize
 * @returns {Level[]}
 */
export function countLevels(ids, order, vocabSize) {
  if (vocabSize ** order > Number.MAX_SAFE_INTEGER) throw new RangeError(`order must leave V^order below 2^53, got ${order} for V = ${vocabSize}`);
  return Array.from({ length: order }, (_, length) => {
    /** @type {Level} */
    const level = new Map();
    for (let i = length; i < ids.length; i++) {
      const key = keyOf(ids, i, length, vocabSize);
      let seen = level.get(key);
      if (!seen) level.set(key, (seen = { total: 0, tokens: new Map() }));
      seen.total += 1;
      seen.tokens.set(ids[i], (seen.tokens.get(ids[i]) ?? 0) + 1);
    }
    return level;
  });
}

/** p(w | h) from counts, as the library's NGram has it. */
export class NGram {
  /** @param {{order: number, vocabSize: number, smoothing?: Smoothing, amount?: number, levels?: Level[]}} options  levels: counted before */
  constructor({ order, vocabSize, smoothing = "witten-bell", amount = 1, levels = [] }) {
    this.order = integer("order", order, 1, 100);
    this.vocabSize = integer("vocabSize", vocabSize, 1);
    this.smoothing = oneOf("smoothing", smoothing, SMOOTHINGS);
    this.amount = positive("amount", amount);
    this.levels = levels.slice(0, order);
  }

  /** @param {ArrayLike<number>} ids  one sequence */
  fit(ids) {
    this.levels = countLevels(ids, this.order, this.vocabSize);
    return this;
  }

  /** How many different contexts of n − 1 tokens were continued. */
  get numContexts() {
    return this.levels[this.order - 1].size;
  }

  /** What followed the last n − 1 tokens, or as many as there are. @param {ArrayLike<number>} context @returns {Seen | undefined} */
  seen(context) {
    const length = Math.min(this.order - 1, context.length);
    return this.levels[length].get(keyOf(context, context.length, length, this.vocabSize));
  }

  /** Whether there is a law after a context: without smoothing, only where it was continued. @param {ArrayLike<number>} context */
  hasLaw(context) {
    return this.smoothing !== "none" || this.seen(context) !== undefined;
  }

  /** @param {ArrayLike<number>} context @returns {Float64Array} p of every token after it */
  probabilities(context) {
    if (this.smoothing === "witten-bell") return this.interpolated(context);
    const seen = this.seen(context);
    if (!seen) {
      if (this.smoothing === "none") throw new RangeError("context was never continued: without smoothing it has no law");
      return new Float64Array(this.vocabSize).fill(1 / this.vocabSize);
    }
    const k = this.smoothing === "add" ? this.amount : 0;
    const below = seen.total + k * this.vocabSize;
    const p = new Float64Array(this.vocabSize).fill(k / below);
    for (const [token, count] of seen.tokens) p[token] = (count + k) / below;
    return p;
  }

  /** @param {ArrayLike<number>} context */
  interpolated(context) {
    const p = new Float64Array(this.vocabSize).fill(1 / this.vocabSize);
    for (let length = 0; length < this.order && length <= context.length; length++) {
      const seen = this.levels[length].get(keyOf(context, context.length, length, this.vocabSize));
      if (!seen) break; // nor will a longer one have been continued
      const kinds = seen.tokens.size;
      for (let w = 0; w < p.length; w++) p[w] = (p[w] * kinds + (seen.tokens.get(w) ?? 0)) / (seen.total + kinds);
    }
    return p;
  }

  /** Mean of −ln p over a text, in nats a token. @param {ArrayLike<number>} ids */
  surprise(ids) {
    const survey = new Survey(this.levels, ids, this.vocabSize);
    return this.smoothing === "witten-bell" ? survey.wittenBell[this.order - 1]
      : survey.added(this.order, this.smoothing === "add" ? this.amount : 0);
  }

  /** exp of the mean surprise. @param {ArrayLike<number>} ids */
  perplexity(ids) {
    return Math.exp(this.surprise(ids));
  }
}

/** One walk over a text, after which the perplexity of every order and every amount costs next to nothing. */
export class Survey {
  /** @param {Level[]} levels @param {ArrayLike<number>} ids @param {number} vocabSize */
  constructor(levels, ids, vocabSize) {
    this.length = ids.length;
    this.vocabSize = vocabSize;
    /** Mean surprise by Witten and Bell, for each order. */
    this.wittenBell = levels.map(() => 0);
    /** @type {Map<number, Group>[]} */
    this.groups = levels.map(() => new Map());
    for (let i = 0; i < ids.length; i++) this.visit(levels, ids, i);
    this.wittenBell = this.wittenBell.map((sum) => sum / ids.length);
  }

  /** @param {Level[]} levels @param {ArrayLike<number>} ids @param {number} i */
  visit(levels, ids, i) {
    let p = 1 / this.vocabSize;
    let [count, total] = [0, 0];
    for (let length = 0; length < levels.length; length++) {
      if (length <= i) { // nearer the beginning, the context is all there is
        const seen = levels[length].get(keyOf(ids, i, length, this.vocabSize));
        count = seen?.tokens.get(ids[i]) ?? 0;
        total = seen?.total ?? 0;
        if (seen) p = (count + seen.tokens.size * p) / (total + seen.tokens.size);
      }
      this.wittenBell[length] -= Math.log(p);
      this.note(this.groups[length], count, total);
    }
  }

  /** @param {Map<number, Group>} groups @param {number} count @param {number} total */
  note(groups, count, total) {
    const key = total * PAIRED + count;
    const group = groups.get(key);
    if (group) group.times += 1;
    else groups.set(key, { count, total, times: 1 });
  }

  /** Mean surprise of an order with (c(hw) + k)/(c(h) + kV); Infinity for k = 0 where something is new. @param {number} order @param {number} k */
  added(order, k) {
    let sum = 0;
    for (const { count, total, times } of this.groups[order - 1].values()) {
      const p = total ? (count + k) / (total + k * this.vocabSize) : k > 0 ? 1 / this.vocabSize : 0;
      sum -= times * Math.log(p);
    }
    return sum / this.length;
  }

  /** How many tokens an order has never seen after their context. @param {number} order */
  unseen(order) {
    return [...this.groups[order - 1].values()].reduce((sum, { count, times }) => (count ? sum : sum + times), 0);
  }
}
