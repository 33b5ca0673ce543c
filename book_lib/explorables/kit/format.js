// How numbers are written in the interface: a true minus sign, fixed decimals, never exponents a reader must decode.

const MINUS = "\u2212";

/**
 * A number with a fixed count of decimals and a true minus sign.
 * @param {number} value
 * @param {number} [digits]
 * @returns {string}
 */
export function fixed(value, digits = 2) {
  if (!Number.isFinite(value)) return "–";
  const text = value.toFixed(digits);
  // subtle: (-0.001).toFixed(2) is "-0.00", and a readout that flickers between 0.00 and −0.00 looks broken.
  const plain = Number(text) === 0 ? (0).toFixed(digits) : text;
  return plain.replace("-", MINUS);
}

/**
 * A number with a count of significant digits, trailing zeros dropped.
 * @param {number} value
 * @param {number} [digits]
 * @returns {string}
 */
export function significant(value, digits = 3) {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size === 0 || (size >= 1e-4 && size < 1e7)) return String(rounded).replace("-", MINUS);
  const [mantissa, exponent] = rounded.toExponential().split("e");
  return `${mantissa} × 10${superscript(Number(exponent))}`.replace("-", MINUS);
}

/**
 * An integer in superscript characters.
 * @param {number} n
 * @returns {string}
 */
export function superscript(n) {
  return [...String(n)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("");
}

/**
 * How many decimals a step of this size needs: 0.05 → 2.
 * @param {number} step
 * @returns {number}
 */
export function decimals(step) {
  const text = step.toString();
  if (text.includes("e-")) return Number(text.split("e-")[1]);
  return text.includes(".") ? text.split(".")[1].length : 0;
}

/**
 * Round numbers between two limits, 1, 2 or 5 times a power of ten apart: about `count` of them, at least three.
 * @param {number} min
 * @param {number} max
 * @param {number} [count]
 * @returns {number[]}
 */
export function ticks(min, max, count = 6) {
  if (!(max > min)) return [min];
  const power = 10 ** Math.floor(Math.log10((max - min) / count));
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10].map((m) => Number((m * power).toPrecision(1)));
  const rows = steps.map((step) => {
    const [first, last] = [Math.ceil(min / step - 1e-9), Math.floor(max / step + 1e-9)];
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toFixed(decimals(step))));
  });
  const fits = rows.filter((row) => row.length >= Math.min(3, count));
  return fits.find((row) => row.length <= count + 1) ?? fits[fits.length - 1] ?? rows[0];
}

/**
 * Replace {name} in a template by values.
 * @param {string} template
 * @param {Record<string, unknown>} [values]
 * @returns {string}
 */
export function fill(template, values = {}) {
  return template.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}
