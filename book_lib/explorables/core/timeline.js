// Models by date: dates as numbers, ratios of sizes, and how fast they doubled.
// Twin: book_lib/explorables/timeline.py. Pure mathematics: no DOM. Golden vectors: tests/golden/timeline.json.

/**
 * @typedef {object} Listed
 * @property {string} name
 * @property {string} date  2020-05-28 or 2020-05
 * @property {number | null} parameters
 * @property {string} source
 * @property {"open" | "on request" | "closed"} weights
 * @property {string} maker
 * @property {number | null} active
 * @property {boolean} checked
 * @property {string} remark
 */

const DAY = 86_400_000; // ms

/** A date as a year and its part that has passed; of a month, its middle. @param {string} text */
export function yearOf(text) {
  const [year, month, day = 15] = text.split("-").map(Number);
  const [first, next] = [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
  return year + (Date.UTC(year, month - 1, day) - first) / DAY / ((next - first) / DAY);
}

/** The models by what counts: all their parameters, or those that are active for a token. @param {Listed[]} models @param {string} count */
export const counted = (models, count) => (count === "active" ? models.map((one) => ({ ...one, parameters: one.active ?? one.parameters })) : models);

/** How many times as many parameters; null if a size is not known. @param {Listed} one @param {Listed} base */
export const ratioOf = (one, base) => (one.parameters && base.parameters ? one.parameters / base.parameters : null);

/** Months from the one's date to the other's. @param {Listed} base @param {Listed} one */
export const monthsBetween = (base, one) => 12 * (yearOf(one.date) - yearOf(base.date));

/** Months in which sizes would have doubled, again and again; null where they did not grow. @param {Listed} one @param {Listed} base */
export function doublingOf(one, base) {
  const [ratio, months] = [ratioOf(one, base), monthsBetween(base, one)];
  return ratio !== null && ratio > 1 && months > 0 ? (months * Math.log(2)) / Math.log(ratio) : null;
}

/** The power of ten at or below half of the smallest known size. @param {Listed[]} models */
export function floorOf(models) {
  const sizes = models.flatMap(({ parameters }) => (parameters ? [parameters] : []));
  return Math.floor(Math.log10(Math.min(...(sizes.length ? sizes : [1e9])) / 2));
}

/** Where the axis of dates ends: a sixth of their span after the last one, so that its name has room. @param {number[]} years */
export const lastOf = (years) => Math.max(...years) + Math.max(0.3, (Math.max(...years) - Math.min(...years)) / 6);

/**
 * Where names go so that none hides another: right of its point, left, above or below; null where there is no room.
 * The first ones are served first.
 * @param {{x: number, y: number, width: number, gap?: number}[]} points  in px; the width of the name, its distance
 * @param {{left: number, right: number, top: number, bottom: number}} box
 * @param {{height?: number, gap?: number}} [options]  gap: unless a point has its own
 * @returns {({x: number, y: number} | null)[]}  the left end of each name, and its middle line
 */
export function placeNames(points, box, { height = 15, gap: usual = 9 } = {}) {
  /** @type {{x: number, y: number, width: number}[]} */
  const taken = [];
  const free = (/** @type {{x: number, y: number, width: number}} */ a) => a.x >= box.left && a.x + a.width <= box.right && a.y - height / 2 >= box.top && a.y + height / 2 <= box.bottom
    && taken.every((b) => a.x + a.width + 3 < b.x || b.x + b.width + 3 < a.x || Math.abs(a.y - b.y) >= height)
    && points.every((p) => p.x < a.x - usual + 3 || p.x > a.x + a.width + usual - 3 || Math.abs(p.y - a.y) > height / 2 + 6);
  return points.map(({ x, y, width, gap = usual }) => {
    const tries = [[x + gap, y], [x - gap - width, y], [x - width / 2, y - gap - height / 2], [x - width / 2, y + gap + height / 2]].map(([a, b]) => ({ x: a, y: b, width }));
    const found = tries.find(free);
    if (found) taken.push(found);
    return found ? { x: found.x, y: found.y } : null;
  });
}
