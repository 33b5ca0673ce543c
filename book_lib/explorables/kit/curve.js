// Mathematics of a sketched curve: no DOM.

/** @typedef {[number, number]} Point */
/** @typedef {ArrayLike<ArrayLike<number>>} Points */

/**
 * The value at x on the line through points sorted by x; NaN outside.
 * @param {Points} points
 * @param {number} x
 * @returns {number}
 */
export function interpolate(points, x) {
  const last = points.length - 1;
  if (last < 0 || x < points[0][0] || x > points[last][0]) return Number.NaN;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle][0] <= x) low = middle;
    else high = middle;
  }
  const [a, b] = [points[low], points[high]];
  if (b[0] === a[0]) return b[1];
  const part = (x - a[0]) / (b[0] - a[0]);
  return part === 1 ? b[1] : a[1] + part * (b[1] - a[1]);
}

/**
 * How far a sketch lies from a reference, over the sketch's points that the reference covers.
 * @param {Points} sketch
 * @param {Points} reference  sorted by x
 * @returns {{mean: number, max: number, at: number}} mean and largest absolute deviation, and where it is
 */
export function deviation(sketch, reference) {
  let [sum, count, max, at] = [0, 0, 0, Number.NaN];
  for (const [x, y] of Array.from(sketch, (p) => [p[0], p[1]])) {
    const gap = Math.abs(y - interpolate(reference, x));
    if (!Number.isFinite(gap)) continue;
    sum += gap;
    count += 1;
    if (gap > max || count === 1) [max, at] = [gap, x];
  }
  return { mean: count ? sum / count : Number.NaN, max: count ? max : Number.NaN, at };
}

/**
 * Write a straight stroke into sampled values: every abscissa between its ends gets the height there.
 * @param {Float64Array} values
 * @param {number[]} xs
 * @param {Point} from
 * @param {Point} to
 */
export function stroke(values, xs, from, to) {
  const [a, b] = from[0] <= to[0] ? [from, to] : [to, from];
  const reach = (xs[1] - xs[0]) / 2; // a dot counts for the nearest abscissa
  for (let i = 0; i < xs.length; i++) {
    if (xs[i] < a[0] - reach || xs[i] > b[0] + reach) continue;
    const part = b[0] === a[0] ? 1 : Math.min(1, Math.max(0, (xs[i] - a[0]) / (b[0] - a[0])));
    values[i] = a[1] + part * (b[1] - a[1]);
  }
}

/**
 * Carry the first and the last drawn value to ends that the pen just missed.
 * @param {Float64Array} values
 * @param {number} most  how many missing points an end may have
 */
export function extendEnds(values, most) {
  const first = values.findIndex(Number.isFinite);
  if (first < 0) return;
  const last = values.findLastIndex(Number.isFinite);
  if (first <= most) values.fill(values[first], 0, first);
  if (values.length - 1 - last <= most) values.fill(values[last], last + 1);
}

/**
 * Set one handle and draw straight lines to the handles on both sides, where those are set.
 * @param {Float64Array} values
 * @param {number} every  a handle sits at each multiple of this
 * @param {number} handle
 * @param {number} value
 */
export function moveHandle(values, every, handle, value) {
  const at = handle * every;
  values[at] = value;
  for (const side of [-every, every]) {
    const other = at + side;
    if (other < 0 || other >= values.length || !Number.isFinite(values[other])) continue;
    const [low, high] = side < 0 ? [other, at] : [at, other];
    for (let i = low + 1; i < high; i++) {
      values[i] = values[low] + ((i - low) / every) * (values[high] - values[low]);
    }
  }
}
