// Stored training runs: how each ends, which diverged, which is best; and a detector of spikes that knows the past only.
// Twin: book_lib/explorables/learning_rate_runs.py and book_lib/pipeline/_monitoring.py.
// Pure mathematics: no DOM. Golden vectors: tests/golden/training_runs.json.

/**
 * @typedef {object} Runs  a whole grid of runs, a row each
 * @property {number[]} learning_rate
 * @property {number[]} warmup
 * @property {number[]} steps  of the values that are kept
 * @property {(number | null)[][]} loss  nats a token; null from where a run broke off
 * @property {(number | null)[][]} norm  of the gradient
 * @property {number | null} level  the loss of a model that knows how often each token occurs and nothing else
 * @property {number | null} clip  the norm to which gradients were shortened
 */

const NORMAL = 1.4826; // σ of a normal law over its median distance from the median
const ROUNDING = 1e-9; // of the median: a series that stands still has no spread, and its last digit is no spike
const TINY = 2.2250738585072014e-308;
const RISE = 1.1; // times its first loss: a run that loses more has diverged
const LAST = 10; // the mean of the last tenth is called the end

/** The middle of sorted numbers, or the mean of the two middle ones. @param {Float64Array} sorted */
const middle = (sorted) => {
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/**
 * What a detector knows before each value: the median of the `window` values before it and their robust spread,
 * 1.4826 · the median distance from that; NaN for the first ones.
 * @param {ArrayLike<number>} values @param {number} window
 */
export function pasts(values, window) {
  const [middles, spreads] = [new Float64Array(values.length).fill(NaN), new Float64Array(values.length).fill(NaN)];
  const past = new Float64Array(window);
  for (let t = window; t < values.length; t++) {
    for (let k = 0; k < window; k++) past[k] = values[t - window + k];
    const m = middle(past.sort());
    for (let k = 0; k < window; k++) past[k] = Math.abs(past[k] - m);
    middles[t] = m;
    spreads[t] = Math.max(NORMAL * middle(past.sort()), ROUNDING * Math.abs(m), TINY);
  }
  return { middles, spreads };
}

/**
 * How far each value lies above the `window` values before it, in robust standard deviations; 0 for the first ones.
 * @param {ArrayLike<number>} values @param {number} window
 */
export function spikeScores(values, window) {
  const { middles, spreads } = pasts(values, window);
  return middles.map((m, t) => (t < window ? 0 : Math.min((values[t] - m) / spreads[t], Number.MAX_VALUE)));
}

/** Places at which a series jumps up. @param {ArrayLike<number>} values @param {number} window @param {number} threshold */
export function findSpikes(values, window, threshold) {
  const scores = spikeScores(values, window);
  return Array.from(scores.keys()).filter((t) => scores[t] > threshold);
}

/** The height above which a value is called a spike; NaN for the first ones. @param {ArrayLike<number>} values @param {number} window @param {number} threshold */
export function alarmLevels(values, window, threshold) {
  const { middles, spreads } = pasts(values, window);
  return middles.map((m, t) => m + threshold * spreads[t]);
}

/** A row as far as it goes. @param {(number | null)[]} row @returns {number[]} */
export const known = (row) => /** @type {number[]} */ (row.filter((v) => v !== null));

/** The mean over the last tenth of the kept steps; NaN for a run that broke off. @param {(number | null)[]} row */
export function endOf(row) {
  const last = Math.max(1, Math.floor(row.length / LAST));
  const tail = row.slice(-last);
  if (tail.some((v) => v === null)) return NaN;
  return known(tail).reduce((sum, v) => sum + v, 0) / last;
}

/** @typedef {"learns" | "counts" | "diverged"} Fate */

/**
 * What became of a run: it diverged (broke off, or lost a tenth more than at first), ends no lower than counts, or learns.
 * @param {(number | null)[]} row @param {number | null} level @returns {Fate}
 */
export function fateOf(row, level) {
  if (row.some((v) => v === null || v > RISE * Number(row[0]))) return "diverged";
  return level !== null && endOf(row) >= level ? "counts" : "learns";
}

/**
 * How every run ends, what became of it, and which ends lowest (−1 if all diverged).
 * @param {Runs} runs
 */
export function outcome({ loss, level }) {
  const ends = loss.map(endOf);
  const fates = loss.map((row) => fateOf(row, level));
  const diverged = fates.map((fate) => fate === "diverged");
  const best = ends.reduce((found, end, i) => (!diverged[i] && (found < 0 || end < ends[found]) ? i : found), -1);
  return { ends, fates, diverged, best };
}

/** The different values of a column, ascending. @param {number[]} column */
export const stopsOf = (column) => [...new Set(column)].sort((a, b) => a - b);

/** The place of a run in the grid; the nearest one for values between. @param {Runs} runs @param {number} rate @param {number} warmup */
export function runAt({ learning_rate, warmup: warmups }, rate, warmup) {
  const near = (/** @type {number[]} */ stops, /** @type {number} */ v) => stops.reduce((a, b) => (Math.abs(b - v) < Math.abs(a - v) ? b : a));
  const [r, w] = [near(stopsOf(learning_rate), rate), near(stopsOf(warmups), warmup)];
  return learning_rate.findIndex((value, i) => value === r && warmups[i] === w);
}
