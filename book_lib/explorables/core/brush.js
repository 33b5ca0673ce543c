// Which spins a brush touches. Pure mathematics: no DOM.

/**
 * Visit every cell of a periodic lattice within `radius` of the straight stroke from one cell to another; a cell may
 * come up more than once.
 * @param {number} size
 * @param {{row: number, column: number}} from
 * @param {{row: number, column: number}} to  not wrapped: a stroke may leave the lattice and come back on the other side
 * @param {number} radius  0 touches single cells
 * @param {(index: number) => void} visit
 */
export function stroke(size, from, to, radius, visit) {
  const steps = Math.max(1, Math.abs(to.row - from.row), Math.abs(to.column - from.column));
  const wrap = (/** @type {number} */ k) => ((k % size) + size) % size;
  for (let s = 0; s <= steps; s++) {
    const row = Math.round(from.row + ((to.row - from.row) * s) / steps);
    const column = Math.round(from.column + ((to.column - from.column) * s) / steps);
    for (let dr = -radius; dr <= radius; dr++) {
      for (let dc = -radius; dc <= radius; dc++) {
        if (dr * dr + dc * dc <= radius * radius + radius / 2) visit(wrap(row + dr) * size + wrap(column + dc));
      }
    }
  }
}
