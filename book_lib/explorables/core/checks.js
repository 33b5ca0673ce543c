/**
 * Guards of the pure modules: each error names the argument, what came and what was expected.
 * The wording follows `book_lib/_checks.py`.
 *
 *   finite(name, value)   positive(name, value)   integer(name, value, minimum?, maximum?)
 *   oneOf(name, value, options)   spinArray(name, spins, count)      each returns the checked value
 */

/** @param {string} name @param {number} value @returns {number} */
export function finite(name, value) {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new RangeError(`${name} must be a finite number, got ${value}`);
  }
  return value;
}

/** @param {string} name @param {number} value @returns {number} */
export function positive(name, value) {
  if (finite(name, value) <= 0) throw new RangeError(`${name} must be greater than 0, got ${value}`);
  return value;
}

/**
 * @param {string} name @param {number} value
 * @param {number} [minimum] @param {number} [maximum]
 * @returns {number}
 */
export function integer(name, value, minimum = -Infinity, maximum = Infinity) {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} must be a whole number, got ${value}`);
  if (value < minimum) throw new RangeError(`${name} must be at least ${minimum}, got ${value}`);
  if (value > maximum) throw new RangeError(`${name} must be at most ${maximum}, got ${value}`);
  return value;
}

/** @param {string} name @param {string} value @param {readonly string[]} options @returns {string} */
export function oneOf(name, value, options) {
  if (!options.includes(value)) {
    throw new RangeError(`${name} must be one of ${options.join(", ")}, got ${value}`);
  }
  return value;
}

/**
 * @param {string} name @param {ArrayLike<number>} spins @param {number} count
 * @returns {Int8Array} a copy
 */
export function spinArray(name, spins, count) {
  if (spins.length !== count) throw new RangeError(`${name} must hold ${count} spins, got ${spins.length}`);
  const copy = Int8Array.from(spins);
  if (!copy.every((spin, i) => (spin === 1 || spin === -1) && spin === spins[i])) {
    throw new RangeError(`${name} must hold only -1 and +1`);
  }
  return copy;
}
