/**
 * Where the nodes of a computation graph stand: layers from left to right; the mirror of `book_lib/explorables/layered.py`.
 *
 *   layers(formula)    operations one layer beyond the last of their arguments, leaves right before their first use
 *   arrange(formula)   {places: (layer, row) of each node, routes: the corners of each edge}; rows from 0
 *
 * @typedef {import("./formula.js").Formula} Formula
 * @typedef {[number, number]} Spot  layer, row
 * @typedef {{child: number, index: number, parent: number, corners: Spot[]}} Route  from the argument to its user
 * @typedef {{id: number, layer: number, half: number, joined: number[], row: number}} Place
 */

const SWEEPS = 60;
const HALF = 0.5; // of the height of a node
const SLIM = 0.2; // of that of an edge that passes by

/** @param {Formula} formula @returns {number[]} */
export function layers({ nodes }) {
  const depth = nodes.map(() => 0);
  for (const { id, args } of nodes) if (args.length) depth[id] = 1 + Math.max(...args.map((k) => depth[k]));
  for (const { id, args } of nodes) {
    const users = nodes.filter((other) => other.args.includes(id)).map((other) => depth[other.id]);
    if (!args.length && users.length) depth[id] = Math.min(...users) - 1;
  }
  return depth;
}

/** @param {Formula} formula @returns {{places: Spot[], routes: Route[], depth: number, height: number}} */
export function arrange(formula) {
  const { all, chains } = network(formula);
  const columns = Array.from({ length: 1 + Math.max(...all.map((p) => p.layer)) }, (_, layer) => all.filter((p) => p.layer === layer));
  for (const column of columns) column.forEach((place, k) => void (place.row = k - (column.length - 1) / 2));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of columns) settle(column, all);
    for (const column of [...columns].reverse()) settle(column, all);
  }
  const top = Math.min(...all.map((p) => p.row));
  const spot = (/** @type {number} */ id) => /** @type {Spot} */ ([all[id].layer, all[id].row - top]);
  return {
    places: formula.nodes.map((node) => spot(node.id)),
    routes: chains.map(({ way, ...edge }) => ({ ...edge, corners: way.map(spot) })),
    depth: columns.length,
    height: Math.max(...all.map((p) => p.row)) - top + 1,
  };
}

/** The nodes, and a slim place in every layer that an edge passes. @param {Formula} formula */
function network({ nodes, output }) {
  const depth = layers({ nodes, output });
  /** @type {Place[]} */
  const all = nodes.map(({ id }) => ({ id, layer: depth[id], half: HALF, joined: [], row: 0 }));
  /** @type {{child: number, index: number, parent: number, way: number[]}[]} */
  const chains = [];
  for (const { id: child, args } of nodes) {
    args.forEach((parent, index) => {
      const way = [parent];
      for (let layer = depth[parent] + 1; layer < depth[child]; layer++) {
        way.push(all.length);
        all.push({ id: all.length, layer, half: SLIM, joined: [], row: 0 });
      }
      way.push(child);
      way.slice(1).forEach((b, k) => {
        all[way[k]].joined.push(b);
        all[b].joined.push(way[k]);
      });
      chains.push({ child, index, parent, way });
    });
  }
  return { all, chains };
}

/**
 * Move each place of a column to the mean row of those it is joined to, as far as they keep their distances: blocks
 * that would overlap share a mean.
 * @param {Place[]} column @param {Place[]} all
 */
function settle(column, all) {
  const wish = new Map(column.map((p) => [p.id, p.joined.length ? p.joined.reduce((sum, k) => sum + all[k].row, 0) / p.joined.length : p.row]));
  const wished = (/** @type {Place} */ p) => wish.get(p.id) ?? 0;
  column.sort((a, b) => wished(a) - wished(b) || a.id - b.id);
  /** @type {{total: number, members: Place[], offsets: number[]}[]} */
  const blocks = [];
  for (const place of column) {
    blocks.push({ total: wished(place), members: [place], offsets: [0] });
    while (blocks.length > 1 && overlap(blocks[blocks.length - 2], blocks[blocks.length - 1])) {
      const last = /** @type {typeof blocks[0]} */ (blocks.pop());
      merge(blocks[blocks.length - 1], last);
    }
  }
  for (const block of blocks) block.members.forEach((place, k) => void (place.row = start(block) + block.offsets[k]));
}

/** @typedef {{total: number, members: Place[], offsets: number[]}} Block  total: of wish − offset */
/** @param {Block} block */
const start = ({ total, members }) => total / members.length;
/** @param {Block} a @param {Block} b */
const gap = (a, b) => a.offsets[a.offsets.length - 1] + a.members[a.members.length - 1].half + b.members[0].half;
/** @param {Block} a @param {Block} b */
const overlap = (a, b) => start(a) + gap(a, b) > start(b) + 1e-9;

/** @param {Block} a @param {Block} b */
function merge(a, b) {
  const shift = gap(a, b);
  a.total += b.total - shift * b.members.length;
  a.offsets.push(...b.offsets.map((offset) => offset + shift));
  a.members.push(...b.members);
}
