// Judging answers: no DOM.

/**
 * @typedef {object} ChoiceQuestion
 * @property {"choice"} kind
 * @property {string} text
 * @property {{text: string, reply: string, right: boolean, misconception?: string}[]} options
 * @property {{text: string, href: string}} [see]
 */

/**
 * @typedef {object} NumericQuestion
 * @property {"numeric"} kind
 * @property {string} text
 * @property {number} answer
 * @property {number} tolerance  absolute
 * @property {string} unit
 * @property {string} reply
 * @property {{value: number, tolerance: number, reply: string}[]} slips
 * @property {string} other  the reply to any other wrong number
 * @property {{text: string, href: string}} [see]
 */

/** @typedef {ChoiceQuestion | NumericQuestion} Question */
/** @typedef {{right: boolean, reply: string, misconception?: string}} Verdict */

/**
 * A number as people write it: "-0.5", "2,27", "1/3", "1e-3", with a typographic minus too.
 * @param {string} text
 * @returns {number} NaN when it is none
 */
export function parseNumber(text) {
  const plain = text.trim().replace(/[−–]/g, "-").replace(/^([+-]?\d*),(\d+)$/, "$1.$2");
  const fraction = /^(.+)\/(.+)$/.exec(plain);
  if (fraction) return parseNumber(fraction[1]) / parseNumber(fraction[2]);
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : Number.NaN;
}

/**
 * @param {Question} question
 * @param {number | string} answer  the option's index, or what was typed
 * @returns {Verdict | null} null when there is nothing to judge
 */
export function judge(question, answer) {
  if (question.kind === "choice") {
    const option = question.options[Number(answer)];
    return option ? { right: option.right, reply: option.reply, misconception: option.misconception } : null;
  }
  const value = parseNumber(String(answer));
  if (!Number.isFinite(value)) return null;
  // subtle: a tolerance of 0.01 must take 2.26 for 2.27, whose difference in binary is a hair more
  const near = (/** @type {number} */ to, /** @type {number} */ by) => Math.abs(value - to) <= by * (1 + 1e-9) + 1e-12;
  if (near(question.answer, question.tolerance)) return { right: true, reply: question.reply };
  const known = question.slips.find((e) => near(e.value, e.tolerance));
  return { right: false, reply: known?.reply ?? question.other };
}

// `code`; x_c, x_{max}; e^2, e^{−E/T}, e^(−E/T). A longer word before the underscore is a name: learning_rate.
const MARKS = /`([^`]+)`|(?<![\p{L}\d])(\p{L})_(?:\{([^}]*)\}|([\p{L}\d]+))|\^(?:\{([^}]*)\}|\(([^)]*)\)|([\p{L}\d]+))/gu;

/**
 * Plain text with code, subscripts and superscripts, in pieces.
 * @param {string} text
 * @returns {{tag: "" | "code" | "sub" | "sup", text: string}[]}
 */
export function pieces(text) {
  /** @type {ReturnType<typeof pieces>} */
  const found = [];
  let last = 0;
  for (const match of text.matchAll(MARKS)) {
    const [whole, code, base, subBraces, subToken, ...powers] = match;
    const before = text.slice(last, match.index) + (base ?? "");
    if (before) found.push({ tag: "", text: before });
    if (code !== undefined) found.push({ tag: "code", text: code });
    else if (base) found.push({ tag: "sub", text: subBraces ?? subToken });
    else found.push({ tag: "sup", text: powers.find((p) => p !== undefined) ?? "" });
    last = match.index + whole.length;
  }
  if (last < text.length) found.push({ tag: "", text: text.slice(last) });
  return found;
}
