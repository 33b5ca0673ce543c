// Bytes in words, for the calculators.

import { significant } from "../kit/format.js";

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** 1.4 GB: thousands, as makers of memory count. @param {number} n */
export function sized(n) {
  const power = n < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(Number(n.toPrecision(3))) / 3));
  return `${significant(n / 1000 ** power, 3)} ${UNITS[power]}`;
}
