// What is said aloud: of several sentences those that have changed, so that who listens need not hear all of it again.

/**
 * @param {import("../kit/frame.js").Frame} f
 * @returns {(sentences: string[]) => void} tell: to be called at each drawing, always with as many sentences
 */
export function news(f) {
  /** @type {string[]} */
  let before = [];
  return (sentences) => {
    const fresh = sentences.filter((one, i) => one !== before[i] && one !== "");
    before = sentences;
    if (fresh.length) f.announce(fresh.map((one) => one.trim()).join(" "));
  };
}
