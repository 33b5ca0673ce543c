// The Kullback–Leibler divergence of two laws of a few outcomes, and of a bell from two humps, both ways.
// Mirrors book_lib.probability and book_lib/explorables/kl_both_ways.py. Pure mathematics: no DOM, no clock, no
// Math.random. Golden vectors: tests/golden/divergence.json.

export const HUMP = 0.6; // standard deviation of each hump of p
const HALF_GRID = 9; // the integrals run over so many widths on either side …
const CELLS = 2000; // … in so many steps; curves make do with fewer
const NUDGE = 0.01; // from the exact middle, where neither hump pulls
const ROOT = Math.sqrt(2 * Math.PI);

/** @typedef {{mean: number, width: number}} Bell */

/** p ln p/q, with 0 ln 0 = 0; Infinity where q forbids what p allows. @param {number} p @param {number} q */
const term = (p, q) => (p === 0 ? 0 : q === 0 ? Infinity : p * Math.log(p) - p * Math.log(q));

/**
 * What each outcome adds to KL(p‖q).
 * @param {ArrayLike<number>} p @param {ArrayLike<number>} q
 * @returns {number[]}
 */
export function klTerms(p, q) {
  for (const [name, law] of /** @type {const} */ ([["p", p], ["q", q]])) {
    const sum = Array.from(law).reduce((a, b) => a + b, 0);
    if (!Array.from(law).every((v) => v >= 0) || Math.abs(sum - 1) > 1e-6) {
      throw new RangeError(`${name} must be probabilities that sum to 1, got ${Array.from(law).join(", ")}`);
    }
  }
  if (p.length !== q.length) throw new RangeError(`q must have ${p.length} entries, got ${q.length}`);
  return Array.from(p, (v, i) => term(v, q[i]));
}

/** KL(p‖q) = Σ p ln(p/q) in nats. @param {ArrayLike<number>} p @param {ArrayLike<number>} q */
export function klDivergence(p, q) {
  return Math.max(0, klTerms(p, q).reduce((a, b) => a + b, 0)); // only rounding can fall below 0
}

/** H(p, q) = −Σ p ln q in nats. @param {ArrayLike<number>} p @param {ArrayLike<number>} q */
export function crossEntropy(p, q) {
  klTerms(p, q);
  return Array.from(p).reduce((sum, v, i) => (v > 0 ? sum - v * Math.log(q[i]) : sum), 0);
}

/** ln of the bell's density. @param {number} x @param {Bell} bell */
export const logBell = (x, { mean, width }) => -(((x - mean) / width) ** 2) / 2 - Math.log(width * ROOT);

/** ln of ½ 𝒩(−d, 0.6²) + ½ 𝒩(d, 0.6²). @param {number} x @param {number} distance */
export function logHumps(x, distance) {
  const near = logBell(Math.abs(x), { mean: distance, width: HUMP });
  const far = logBell(Math.abs(x), { mean: -distance, width: HUMP });
  return near + Math.log1p(Math.exp(far - near)) - Math.LN2;
}

/**
 * −∫ p ln p of the humps, by the trapezoid rule.
 * @param {number} distance @param {number} [cells]
 */
export function humpEntropy(distance, cells = CELLS) {
  const spread = distance + HALF_GRID * HUMP;
  const step = (2 * spread) / cells;
  let sum = 0;
  for (let i = 0; i <= cells; i++) {
    const log = logHumps(i * step - spread, distance);
    sum -= Math.exp(log) * log;
  }
  return sum * step;
}

/**
 * KL(p‖q) = −H(p) − ⟨ln q⟩_p; a bell's ln q needs the mean and the variance of p alone.
 * @param {Bell} bell @param {number} distance @param {number} [entropy]  of the humps, where it is known
 */
export function forward({ mean, width }, distance, entropy = humpEntropy(distance)) {
  const square = HUMP ** 2 + distance ** 2 + mean ** 2;
  return Math.log(width * ROOT) + square / (2 * width * width) - entropy;
}

/**
 * KL(q‖p) of the bell from the humps, by the trapezoid rule.
 * @param {Bell} bell @param {number} distance @param {number} [cells]
 */
export function reverse({ mean, width }, distance, cells = CELLS) {
  const step = (2 * HALF_GRID) / cells;
  const log = -Math.log(width * ROOT);
  let sum = 0;
  for (let i = 0; i <= cells; i++) {
    const e = i * step - HALF_GRID;
    sum += Math.exp((-e * e) / 2) * (log - (e * e) / 2 - logHumps(mean + width * e, distance));
  }
  return (sum * step) / ROOT;
}

/**
 * The slopes of KL(q‖p) by the mean and by ln width: ⟨g⟩ and ⟨width·ε·g⟩ − 1 with g = −(ln p)′.
 * @param {Bell} bell @param {number} distance @param {number} [cells]
 * @returns {[number, number]}
 */
export function slope({ mean, width }, distance, cells = CELLS) {
  const step = (2 * HALF_GRID) / cells;
  let [a, b] = [0, 0];
  for (let i = 0; i <= cells; i++) {
    const e = i * step - HALF_GRID;
    const x = mean + width * e;
    const g = (Math.exp((-e * e) / 2) * (x - distance * Math.tanh((distance * x) / HUMP ** 2))) / HUMP ** 2;
    a += g;
    b += width * e * g;
  }
  return [(a * step) / ROOT, (b * step) / ROOT - 1];
}

/** The bell with the mean and the variance of the humps, where KL(p‖q) is least. @param {number} distance @returns {Bell} */
export const moments = (distance) => ({ mean: 0, width: Math.hypot(distance, HUMP) });

/**
 * The way of gradient descent on KL(q‖p) to the next minimum, with Barzilai and Borwein's steps in (mean, ln width).
 * @param {Bell} start @param {number} distance
 * @returns {Bell[]}
 */
export function descend(start, distance) {
  let here = { mean: Math.abs(start.mean) > NUDGE ? start.mean : NUDGE, width: start.width };
  let value = reverse(here, distance);
  let down = slope(here, distance);
  let step = 0.1;
  const way = [here];
  while (way.length <= 200 && down[0] ** 2 + down[1] ** 2 > 1e-16) {
    step = Math.min(step, 0.7 / Math.hypot(...down)); // subtle: a longer one could jump over into the other hump
    let next = moved(here, down, step);
    while (reverse(next, distance) > value + 1e-13 && step > 1e-9) next = moved(here, down, (step /= 2));
    const after = slope(next, distance);
    const turn = step * Math.abs(down[0] * (down[0] - after[0]) + down[1] * (down[1] - after[1]));
    const square = step * step * (down[0] ** 2 + down[1] ** 2);
    [here, down, value] = [next, after, reverse(next, distance)];
    step = Math.min(2, Math.max(0.01, square / Math.max(turn, 1e-300)));
    way.push(here);
  }
  return way;
}

/** @param {Bell} bell @param {[number, number]} down @param {number} step @returns {Bell} */
function moved({ mean, width }, down, step) {
  return { mean: mean - step * down[0], width: width * Math.exp(-step * down[1]) };
}
