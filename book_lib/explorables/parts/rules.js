// Rules as one writes them: x² + 2x − 3. No DOM in here: a test can run it under Node.

/** @typedef {import("../core/guess.js").Round} Round */
/** @typedef {(key: string, values?: Record<string, unknown>) => string} Words */

/**
 * A polynomial with whole coefficients.
 * @param {number[]} c  of 1, x, x², x³
 */
export function polynomial(c) {
  const powers = ["", "x", "x²", "x³"];
  const terms = c.map((v, k) => ({ v, k })).filter(({ v }) => v).reverse();
  const text = terms.map(({ v, k }, i) => {
    const size = k && Math.abs(v) === 1 ? "" : String(Math.abs(v));
    return `${i ? (v < 0 ? " − " : " + ") : v < 0 ? "−" : ""}${size}${powers[k]}`;
  });
  return text.join("") || "0";
}

/** Of 1, x, x². @param {Round} round */
const curveOf = ({ p, y, s }) => [y - s * p + p * (p + 1), s - 2 * p - 1, 1];

/**
 * @param {Round} round @param {string} kind @param {Words} t
 * @returns {string}
 */
export function ruleText(round, kind, t) {
  const { p, y, s } = round;
  const [q, z] = [p + 1, y + s];
  const curve = curveOf(round);
  const line = polynomial([y - s * p, s]);
  const square = polynomial(curve);
  switch (kind) {
    case "quadratic": return square;
    case "line": return line;
    case "cubic": return polynomial([curve[0], curve[1] + p * q, curve[2] - p - q, 1]);
    case "absolute": return `|${line}|`;
    case "wave": return `${square} + 3 sin πx`;
    case "remainder": return `(${line}) mod ${z + 1}`;
    case "capped": return t("ruleUpTo", { f: square, a: q, b: z });
    case "exponential": return `${y} · (${z}/${y})^(x − ${p})`;
    case "floored": return t("ruleUpTo", { f: y - s + 2, a: p - 1, b: square });
    case "step": return t("ruleUpTo", { f: y, a: p, b: z });
    case "parity": return t("ruleParity", { a: p % 2 ? z : y, b: p % 2 ? y : z });
    default: return t("ruleHeart", { a: `${p} → ${y}`, b: `${q} → ${z}` });
  }
}

/** The family that bends about both pairs. @param {Round} round */
export const familyText = (round) => `${polynomial(curveOf(round))} + c(x − ${round.p})(x − ${round.p + 1})`;
