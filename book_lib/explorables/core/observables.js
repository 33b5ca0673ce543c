// What is measured on a lattice of spins. Pure mathematics: no DOM, no clock, no Math.random.

/**
 * Mean of s s′ over the nearest neighbours of a periodic square lattice.
 * @param {Int8Array} spins  row by row
 * @param {number} size
 */
export function neighborCorrelation(spins, size) {
  let sum = 0;
  for (let r = 0; r < size; r++) {
    const row = r * size;
    const below = r + 1 < size ? row + size : 0;
    for (let c = 0; c < size; c++) {
      sum += spins[row + c] * (spins[row + (c + 1 < size ? c + 1 : 0)] + spins[below + c]);
    }
  }
  return sum / (2 * size * size);
}

/**
 * Mean of (−1)^{row + column} s: the order parameter where neighbours prefer to differ.
 * @param {Int8Array} spins
 * @param {number} size
 */
export function staggeredMagnetization(spins, size) {
  let sum = 0;
  for (let r = 0; r < size; r++) {
    const row = r * size;
    let line = 0;
    for (let c = 0; c < size; c++) line += c & 1 ? -spins[row + c] : spins[row + c];
    sum += r & 1 ? -line : line;
  }
  return sum / (size * size);
}

/**
 * Mean of a product spin by spin: 1 for equal pictures, −1 for a picture and its negative.
 * @param {Int8Array} a
 * @param {Int8Array} b
 */
export function overlap(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum / a.length;
}

/**
 * A number by which two pictures can be told apart: Σ over the up spins of i · 2654435761, modulo 2³².
 * @param {Int8Array} spins
 */
export function checksum(spins) {
  let sum = 0;
  for (let i = 0; i < spins.length; i++) if (spins[i] > 0) sum = (sum + Math.imul(i, 2654435761)) >>> 0;
  return sum;
}
