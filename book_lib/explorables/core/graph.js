/**
 * Graphs of friendships as sorted neighbour lists; the mirror of the head of `book_lib/_ising_village.py`.
 *
 *   gridGraph(side)                      side × side torus, row by row; side ≥ 3
 *   ringGraph(n, k = 4)                  a ring whose members know k/2 neighbours on either side
 *   rewire(neighbors, p, seed)           each friendship's far end moves to anyone with probability p
 *   smallWorld(n, k = 4, p = 0.1, seed)  rewire(ringGraph(n, k), p, seed)
 *   checkNeighbors(neighbors)            the lists, or a RangeError that says what is wrong with them
 *
 * `seed` is a number or a CounterRNG. `rewire` draws two words for each friendship whatever p is, so that
 * a larger p with the same seed only adds short cuts.
 *
 * @typedef {ReadonlyArray<ReadonlyArray<number>>} Neighbors
 */

import { finite, integer } from "./checks.js";
import { CounterRNG, scaled } from "./rng.js";
import { threshold } from "./thresholds.js";

const ascending = (/** @type {number} */ a, /** @type {number} */ b) => a - b;

/** @param {number} side @returns {number[][]} */
export function gridGraph(side) {
  integer("side", side, 3);
  return Array.from({ length: side * side }, (_, site) => {
    const row = Math.floor(site / side);
    const column = site % side;
    const at = (/** @type {number} */ r, /** @type {number} */ c) => ((r + side) % side) * side + ((c + side) % side);
    return [at(row, column - 1), at(row, column + 1), at(row - 1, column), at(row + 1, column)].sort(ascending);
  });
}

/** @param {number} n @param {number} [k] @returns {number[][]} */
export function ringGraph(n, k = 4) {
  integer("k", k, 2);
  if (k % 2) throw new RangeError(`k must be even, as many friends on one side as on the other, got ${k}`);
  integer("n", n, k + 1);
  return Array.from({ length: n }, (_, i) => {
    const near = [];
    for (let d = 1; d <= k / 2; d++) near.push((i + d) % n, (i - d + n) % n);
    return near.sort(ascending);
  });
}

/** @param {Neighbors} neighbors @param {number} p @param {number | CounterRNG} seed @returns {number[][]} */
export function rewire(neighbors, p, seed) {
  if (!(finite("p", p) >= 0 && p <= 1)) throw new RangeError(`p must lie between 0 and 1, got ${p}`);
  const rng = seed instanceof CounterRNG ? seed : new CounterRNG(seed);
  const graph = checkNeighbors(neighbors).map((near) => new Set(near));
  const n = graph.length;
  const limit = threshold(p);
  const edges = graph.flatMap((near, u) => [...near].filter((v) => u < v).sort(ascending).map((v) => [u, v]));
  for (const [u, v] of edges) {
    const accept = rng.uint32();
    const target = rng.uint32();
    if (accept >= limit || graph[u].size === n - 1) continue;
    let w = scaled(target, n);
    while (w === u || graph[u].has(w)) w = (w + 1) % n;
    graph[u].delete(v);
    graph[v].delete(u);
    graph[u].add(w);
    graph[w].add(u);
  }
  return graph.map((near) => [...near].sort(ascending));
}

/** @param {number} n @param {number} [k] @param {number} [p] @param {number | CounterRNG} [seed] */
export function smallWorld(n, k = 4, p = 0.1, seed = 0) {
  return rewire(ringGraph(n, k), p, seed);
}

/** @param {Neighbors} neighbors @returns {Neighbors} */
export function checkNeighbors(neighbors) {
  const n = neighbors.length;
  if (!n) throw new RangeError("graph must have at least one person, got none");
  const known = neighbors.map((near) => new Set(near));
  neighbors.forEach((near, person) => {
    if (known[person].size !== near.length) throw new RangeError(`graph names a friend of ${person} twice`);
    for (const other of near) {
      integer("friend", other, 0, n - 1);
      if (other === person) throw new RangeError(`graph must not make ${person} a friend of themselves`);
      if (!known[other].has(person)) {
        throw new RangeError(`graph must be mutual: ${person} lists ${other}, ${other} not ${person}`);
      }
    }
  });
  return neighbors;
}
