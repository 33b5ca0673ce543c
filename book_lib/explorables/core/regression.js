// Least squares, ridge and Bayesian linear regression: book_lib.regression in JavaScript, for small tables.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/regression.json.

/** @typedef {ArrayLike<number>} Vector */
/** @typedef {{mean: Float64Array, root: Float64Array[], noise: number}} Posterior  root: L with L Lᵀ = α I + β XᵀX */

/** Σ a_i b_i. @param {Vector} a @param {Vector} b */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * The weights with the least squared error, by Householder reflections of X (as many rows as columns at least).
 * @param {ArrayLike<Vector>} X @param {Vector} t
 * @returns {Float64Array}
 */
export function leastSquares(X, t) {
  if (X.length !== t.length) throw new RangeError(`X and t must have as many rows, got ${X.length} and ${t.length}`);
  const rows = Array.from(X, (row) => Float64Array.from(row));
  const rest = Float64Array.from(t);
  const columns = rows[0].length;
  if (rows.length < columns) throw new RangeError(`X must have ${columns} rows at least, got ${rows.length}`);
  for (let k = 0; k < columns; k++) reflect(rows, rest, k);
  const weights = new Float64Array(columns);
  for (let k = columns - 1; k >= 0; k--) {
    let sum = rest[k];
    for (let j = k + 1; j < columns; j++) sum -= rows[k][j] * weights[j];
    weights[k] = sum / rows[k][k];
  }
  return weights;
}

/**
 * Turn column k into a multiple of its k-th unit vector from row k on, and everything to its right along with it.
 * @param {Float64Array[]} rows @param {Float64Array} rest @param {number} k
 */
function reflect(rows, rest, k) {
  let norm = 0;
  for (let i = k; i < rows.length; i++) norm = Math.hypot(norm, rows[i][k]);
  if (norm === 0) return;
  const v = Float64Array.from(rows, (row, i) => (i < k ? 0 : row[k]));
  v[k] += v[k] < 0 ? -norm : norm; // away from zero: no digits cancel
  const size = dot(v, v);
  for (let j = k; j < rows[k].length; j++) {
    let sum = 0;
    for (let i = k; i < rows.length; i++) sum += v[i] * rows[i][j];
    for (let i = k; i < rows.length; i++) rows[i][j] -= (2 * sum * v[i]) / size;
  }
  const sum = dot(v, rest);
  for (let i = k; i < rows.length; i++) rest[i] -= (2 * sum * v[i]) / size;
}

/**
 * The weights that minimise |t − Xw|² + λ Σ_{k≥1} w_k²; the first column of X is the bias and goes free.
 * subtle: least squares with a row √λ e_k and a target 0 for each penalised weight is the same minimum, without the
 * squared condition number of XᵀX.
 * @param {ArrayLike<Vector>} X @param {Vector} t @param {number} penalty
 * @returns {Float64Array}
 */
export function ridge(X, t, penalty) {
  if (!(penalty >= 0)) throw new RangeError(`penalty must be at least 0, got ${penalty}`);
  const more = penalty > 0 ? X[0].length - 1 : 0;
  const extra = Array.from({ length: more }, (_, k) => {
    const row = new Float64Array(more + 1);
    row[k + 1] = Math.sqrt(penalty);
    return row;
  });
  return leastSquares([...Array.from(X), ...extra], [...Array.from(t), ...new Array(more).fill(0)]);
}

/**
 * L with L Lᵀ = A. @param {ArrayLike<Vector>} A  symmetric, positive definite
 * @returns {Float64Array[]}
 */
export function cholesky(A) {
  const L = Array.from(A, (row) => new Float64Array(row.length));
  for (let i = 0; i < L.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = A[i][j];
      for (let k = 0; k < j; k++) sum -= L[i][k] * L[j][k];
      if (i === j && !(sum > 0)) throw new RangeError("A must be positive definite");
      L[i][j] = i === j ? Math.sqrt(sum) : sum / L[j][j];
    }
  }
  return L;
}

/** y with L y = b. @param {Float64Array[]} L @param {Vector} b */
export function forward(L, b) {
  const y = Float64Array.from(b);
  for (let i = 0; i < y.length; i++) {
    for (let k = 0; k < i; k++) y[i] -= L[i][k] * y[k];
    y[i] /= L[i][i];
  }
  return y;
}

/** x with Lᵀ x = y. @param {Float64Array[]} L @param {Vector} y */
export function backward(L, y) {
  const x = Float64Array.from(y);
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < x.length; k++) x[i] -= L[k][i] * x[k];
    x[i] /= L[i][i];
  }
  return x;
}

/**
 * Posterior of the weights under the prior N(0, I/α) and noise of variance 1/β.
 * @param {ArrayLike<Vector>} X  may have no row @param {Vector} t @param {number} columns
 * @param {number} prior  its precision α @param {number} noise  its precision β
 * @returns {Posterior}
 */
export function posterior(X, t, columns, prior, noise) {
  const A = Array.from({ length: columns }, (_, i) => {
    const row = new Float64Array(columns);
    row[i] = prior;
    return row;
  });
  const b = new Float64Array(columns);
  for (let n = 0; n < X.length; n++) {
    for (let i = 0; i < columns; i++) {
      b[i] += noise * X[n][i] * t[n];
      for (let j = 0; j < columns; j++) A[i][j] += noise * X[n][i] * X[n][j];
    }
  }
  const root = cholesky(A);
  return { mean: backward(root, forward(root, b)), root, noise };
}

/**
 * ln p(t | X), the weights integrated out: how well prior, noise and columns foretold the targets.
 * @param {ArrayLike<Vector>} X @param {Vector} t @param {Posterior} law  of these X and t @param {number} prior  its precision α
 */
export function logEvidence(X, t, { mean, root, noise }, prior) {
  let misses = 0;
  for (let n = 0; n < X.length; n++) misses += (t[n] - dot(X[n], mean)) ** 2;
  const logDet = root.reduce((sum, row, i) => sum + 2 * Math.log(row[i]), 0);
  return (X.length * Math.log(noise / (2 * Math.PI)) + mean.length * Math.log(prior) - logDet
    - noise * misses - prior * dot(mean, mean)) / 2;
}

/**
 * Mean of the prediction at features φ, its variance, and the curve's own part of it, φᵀ S φ.
 * @param {Posterior} law @param {Vector} phi
 */
export function predict({ mean, root, noise }, phi) {
  const half = forward(root, phi); // φᵀ (L Lᵀ)⁻¹ φ = |L⁻¹ φ|²
  const own = dot(half, half);
  return { mean: dot(mean, phi), own, variance: own + 1 / noise };
}

/**
 * Weights drawn from the posterior: mean + L⁻ᵀ z, whose covariance is (L Lᵀ)⁻¹.
 * @param {Posterior} law @param {Vector} z  standard normal, one for each weight
 */
export function drawWeights({ mean, root }, z) {
  return backward(root, z).map((v, i) => v + mean[i]);
}
