// The laws of a three-faced die as points of a triangle, and the likelihood over them.
// Twin of `categorical_log_likelihood`, `categorical_mle` and `categorical_map` of `book_lib.probability`.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/laws.json.

/** @typedef {[number, number]} Point */
/** @typedef {ArrayLike<number>} Vector */

/** Where the triangle has its corners, face by face, in units of its side. @type {Point[]} */
export const CORNERS = [[0.5, Math.sqrt(3) / 2], [0, 0], [1, 0]];

/** @param {Vector} v */
export const total = (v) => Array.from(v).reduce((a, b) => a + b, 0);

/** −Σ s ln p; 0 ln 0 = 0, and Infinity where a face came that p forbids. @param {Vector} counts @param {Vector} p */
export function nll(counts, p) {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i] > 0) sum -= counts[i] * Math.log(p[i]);
  return sum;
}

/** s/Σs; null without rolls. @param {Vector} counts @returns {number[] | null} */
export function mle(counts) {
  const n = total(counts);
  return n ? Array.from(counts, (s) => s / n) : null;
}

/**
 * The most probable law when each face is thought to have come `pseudo` times before: concentration 1 + pseudo.
 * @param {Vector} counts @param {number} pseudo @returns {number[] | null}
 */
export function map(counts, pseudo) {
  return mle(Array.from(counts, (s) => s + pseudo));
}

/** s_i/p_i, how strongly each face pulls its probability up; all equal Σs at the best law. @param {Vector} counts @param {Vector} p */
export function pulls(counts, p) {
  return Array.from(counts, (s, i) => (s === 0 ? 0 : s / p[i]));
}

/**
 * Steepest way down within the triangle: the pulls less their plain mean, among the faces that can move. On an edge a
 * face without probability can give none, so one that pulls less than the mean stays; null where a pull is infinite.
 * @param {Vector} counts @param {Vector} p @returns {number[] | null}
 */
export function descent(counts, p) {
  const pull = pulls(counts, p);
  if (!pull.every(Number.isFinite)) return null;
  let moving = pull.map((_v, i) => i);
  for (;;) {
    const mean = moving.reduce((sum, i) => sum + pull[i], 0) / moving.length;
    const able = moving.filter((i) => p[i] > 0 || pull[i] > mean);
    if (able.length === moving.length) return pull.map((v, i) => (moving.includes(i) ? v - mean : 0));
    moving = able;
  }
}

/** Where a law (or any sum of faces) lies in the plane. @param {Vector} p @returns {Point} */
export function place(p) {
  const along = (/** @type {0 | 1} */ k) => CORNERS.reduce((sum, corner, i) => sum + p[i] * corner[k], 0);
  return [along(0), along(1)];
}

/** The weights of the corners that make a point, which sum to 1; negative outside. @param {number} x @param {number} y */
export function weights(x, y) {
  const top = y / CORNERS[0][1];
  const right = x - top / 2;
  return [top, 1 - top - right, right];
}

/**
 * The law of the triangle that lies nearest to a point: Euclid's projection onto the simplex.
 * @param {Vector} w  sums to 1, perhaps with negative entries @returns {number[]}
 */
export function project(w) {
  const sorted = Array.from(w).sort((a, b) => b - a);
  let [sum, shift] = [0, 0];
  sorted.forEach((v, i) => {
    sum += v;
    if (v - (sum - 1) / (i + 1) > 0) shift = (sum - 1) / (i + 1);
  });
  return Array.from(w, (v) => Math.max(0, v - shift));
}

/** The same in the picture, where all three corners are equally far apart. @param {number} x @param {number} y */
export const nearest = (x, y) => project(weights(x, y));

/**
 * The laws whose negative log-likelihood is at most `excess` above the least: a convex set, and each ray from the
 * best law ends where it leaves the set, or the triangle.
 * @param {Vector} counts @param {number} excess @param {number} [rays]
 * @returns {number[][]} laws around the set; none without rolls
 */
export function contour(counts, excess, rays = 240) {
  const best = mle(counts);
  if (!best) return [];
  const level = nll(counts, best) + excess;
  const origin = weights(0, 0);
  return Array.from({ length: rays }, (_, k) => {
    const angle = (2 * Math.PI * k) / rays;
    const way = weights(Math.cos(angle), Math.sin(angle)).map((v, i) => v - origin[i]);
    return alongRay(counts, level, best, way);
  });
}

/** @param {Vector} counts @param {number} level @param {number[]} best @param {number[]} way  sums to 0 */
function alongRay(counts, level, best, way) {
  const ends = way.map((w, i) => (w < -1e-12 ? -best[i] / w : Infinity));
  const reach = Math.min(...ends);
  // subtle: rounding may leave 1e-17 for the 0 at the edge, where the loss should be infinite
  const at = (/** @type {number} */ r) => best.map((v, i) => (r === ends[i] ? 0 : Math.max(0, v + r * way[i])));
  if (nll(counts, at(reach)) <= level) return at(reach);
  let [low, high] = [0, reach];
  for (let n = 0; n < 40; n++) {
    const middle = (low + high) / 2;
    if (nll(counts, at(middle)) > level) high = middle;
    else low = middle;
  }
  return at(low);
}
