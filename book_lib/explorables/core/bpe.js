/**
 * Byte-level byte-pair encoding: `book_lib.tokenizer.BPETokenizer` in JavaScript.
 * Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/bpe.json.
 *
 *   createTokenizer({merges, specials = {}, split = true})
 *     .encode(text)       → ids; specials are not looked for in the text
 *     .encodeBytes(bytes) → ids of one chunk
 *     .decode(ids)        → text, broken UTF-8 shown as U+FFFD
 *     .decodeBytes(ids)   → Uint8Array
 *     .bytes(id)          → Uint8Array of one token
 *     .show(id)           → one token as text for a reader; bytes that are no whole letter as <E6>
 *     .size               tokens in all: 256 bytes, the merges, the specials
 *   chunks(text)          → the pieces that GPT-2's pattern splits a text into: no merge crosses their borders
 */

/** @typedef {ReturnType<typeof createTokenizer>} Tokenizer */

const BYTES = 256;

// subtle: Python's \s is Unicode's White_Space; JavaScript's \s has U+FEFF too and lacks U+0085
const SPACE = "\\p{White_Space}";
const GPT2 = new RegExp(`'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^${SPACE}\\p{L}\\p{N}]+|${SPACE}+(?!\\P{White_Space})|${SPACE}+`, "gu");

/** @param {string} text @returns {string[]} */
export const chunks = (text) => text.match(GPT2) ?? [];

/**
 * @param {{merges: ArrayLike<ArrayLike<number>>, specials?: Record<string, number>, split?: boolean}} options
 *     merges: pairs of ids in the order in which they were learned; split: chunk the text first, as GPT-2 does
 * @throws {Error} when a merge names a token that is not there yet
 */
export function createTokenizer({ merges, specials = {}, split = true }) {
  /** @type {Uint8Array[]} */
  const table = Array.from({ length: BYTES }, (_, b) => Uint8Array.of(b));
  /** Rank of a pair of ids; the key is one number. @type {Map<number, number>} */
  const ranks = new Map();
  const size = BYTES + merges.length + Object.keys(specials).length;
  for (let rank = 0; rank < merges.length; rank++) {
    const [a, b] = [merges[rank][0], merges[rank][1]];
    if (!(table[a] && table[b])) throw new Error(`merges: merge ${rank} joins ${a} and ${b}, of which one is no token yet`);
    ranks.set(a * size + b, rank);
    table.push(Uint8Array.from([...table[a], ...table[b]]));
  }
  const names = new Map(Object.entries(specials).map(([name, id]) => [id, name]));
  /** @type {Map<string, number[]>} */
  const known = new Map(); // chunks that were encoded before: most come again

  /** @param {ArrayLike<number>} bytes @returns {number[]} */
  const encodeBytes = (bytes) => {
    const ids = Array.from(bytes);
    for (;;) {
      let [best, at] = [Infinity, -1];
      for (let i = 0; i + 1 < ids.length; i++) {
        const rank = ranks.get(ids[i] * size + ids[i + 1]);
        if (rank !== undefined && rank < best) [best, at] = [rank, i];
      }
      if (at < 0) return ids;
      const [a, b] = [ids[at], ids[at + 1]];
      let to = at;
      for (let i = at; i < ids.length; to++) { // all places of this pair, from the left
        const joined = ids[i] === a && ids[i + 1] === b;
        ids[to] = joined ? BYTES + best : ids[i];
        i += joined ? 2 : 1;
      }
      ids.length = to;
    }
  };
  /** @param {string} chunk */
  const encodeChunk = (chunk) => {
    let ids = known.get(chunk);
    if (!ids) known.set(chunk, (ids = encodeBytes(new TextEncoder().encode(chunk))));
    return ids;
  };
  /** @param {number} id */
  const bytes = (id) => {
    const name = names.get(id);
    if (name !== undefined) return new TextEncoder().encode(name);
    const found = table[id];
    if (!found) throw new RangeError(`id must be a whole number from 0 to ${size - 1}, got ${id}`);
    return found;
  };
  /** @param {ArrayLike<number>} ids */
  const decodeBytes = (ids) => Uint8Array.from(Array.from(ids).flatMap((id) => [...bytes(id)]));
  return {
    size, specials, bytes, decodeBytes, encodeBytes,
    /** @param {string} text @returns {number[]} */
    encode: (text) => (split ? chunks(text) : text ? [text] : []).flatMap(encodeChunk),
    /** @param {ArrayLike<number>} ids */
    decode: (ids) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(decodeBytes(ids)),
    /** @param {number} id */
    show: (id) => shown(bytes(id)),
  };
}

/** Bytes as text where they are whole letters, the others by their number in hexadecimal. @param {Uint8Array} bytes */
function shown(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (b) => (b < 128 ? String.fromCharCode(b) : `<${b.toString(16).toUpperCase()}>`)).join("");
  }
}

/** Pairs from a flat list, as the page's arrays have them. @param {ArrayLike<number>} flat @returns {[number, number][]} */
export function pairs(flat) {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
}

/**
 * The tokenizer beside a model in the page's arrays.
 * @param {Record<string, {data: ArrayLike<number>, shape: number[]}>} arrays
 */
export function tokenizerOf(arrays) {
  if (!arrays.merges || !arrays.tokenizer) throw new Error('the model has no array "merges" or "tokenizer"');
  const { specials, split } = JSON.parse(new TextDecoder().decode(Uint8Array.from(arrays.tokenizer.data)));
  return createTokenizer({ merges: pairs(arrays.merges.data), specials, split });
}
