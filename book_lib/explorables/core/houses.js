// Houses whose price is to follow from area and distance: book_lib/explorables/house_prices.py in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/houses.json.

import { leastSquares } from "./regression.js";

/** @typedef {{area: number, distance: number, price: number}} House  m², km, 10⁴ yuan */
/** @typedef {[number, number, number]} Knobs  10⁴ yuan a square metre, a kilometre, and to begin with */

/** The rows of book_lib.datasets.houses(5). @type {House[]} */
export const HOUSES = [
  { area: 60, distance: 2, price: 900 },
  { area: 70, distance: 8, price: 700 },
  { area: 220, distance: 25, price: 1100 },
  { area: 80, distance: 20, price: 400 },
  { area: 200, distance: 2, price: 4000 },
];

/** @param {boolean} fifth @returns {House[]} */
export const shown = (fifth) => HOUSES.slice(0, fifth ? 5 : 4);

/** @param {Knobs} knobs @param {House} house */
export const priceOf = ([perMetre, perKilometre, base], { area, distance }) => perMetre * area + perKilometre * distance + base;

/** Mean squared error. @param {Knobs} knobs @param {House[]} houses */
export function mse(knobs, houses) {
  return houses.reduce((sum, house) => sum + (house.price - priceOf(knobs, house)) ** 2, 0) / houses.length;
}

/** The knobs with the least mean squared error. @param {House[]} houses @returns {Knobs} */
export function bestKnobs(houses) {
  const [a, b, c] = leastSquares(houses.map(({ area, distance }) => [area, distance, 1]), houses.map(({ price }) => price));
  return [a, b, c];
}
