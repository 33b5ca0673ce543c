// What a reader answered, remembered in this browser and nowhere else. Storage can be switched off: then nothing is kept.

/**
 * @param {string} key
 * @returns {any} undefined when there is nothing, or nothing readable
 */
export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(`xp.${key}`) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} key
 * @param {unknown} value  null forgets
 */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(`xp.${key}`);
    else localStorage.setItem(`xp.${key}`, JSON.stringify(value));
  } catch {
    // Private windows and full storage: the page works all the same.
  }
}
