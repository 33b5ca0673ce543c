// Where a function on a square grid is 0. Pure mathematics: no DOM, no clock, no Math.random.

/**
 * Pieces of the line on which values on a grid, taken as straight between neighbours, are 0 (marching squares).
 * @param {ArrayLike<number>} values  row by row, the first row at `to`, the last at `from`
 * @param {number} size  values in a row and in a column
 * @param {number} from @param {number} to  limits of both axes
 * @returns {number[][]}  ends of pieces, with a place of NaN after each pair
 */
export function zeroLine(values, size, from, to) {
  const side = (to - from) / (size - 1);
  const place = (/** @type {number} */ i, /** @type {number} */ j) => [from + side * j, to - side * i];
  /** @type {number[][]} */
  const pieces = [];
  for (let i = 0; i + 1 < size; i++) {
    for (let j = 0; j + 1 < size; j++) {
      const k = i * size + j;
      const corners = [values[k], values[k + 1], values[k + size + 1], values[k + size]];
      const above = corners.map((v) => v > 0);
      if (above.every((v) => v === above[0])) continue; // most cells
      const spots = [place(i, j), place(i, j + 1), place(i + 1, j + 1), place(i + 1, j)];
      const ends = corners.flatMap((a, n) => {
        const b = corners[(n + 1) % 4];
        if (a > 0 === b > 0) return [];
        const part = a / (a - b);
        const [p, q] = [spots[n], spots[(n + 1) % 4]];
        return [[p[0] + part * (q[0] - p[0]), p[1] + part * (q[1] - p[1])]];
      });
      for (let n = 0; n + 1 < ends.length; n += 2) pieces.push(ends[n], ends[n + 1], [NaN, NaN]);
    }
  }
  return pieces;
}
