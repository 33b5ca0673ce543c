/**
 * Random numbers that Python and JavaScript draw alike: the mirror of `book_lib/rng.py`.
 *
 * Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, 2011): draw number n is word n mod 2 of
 * the scrambled block number ⌊n/2⌋ under the key (seed, stream). No state but a position.
 *
 * API
 *   threefry2x32(c0, c1, k0, k1)            → [x0, x1], unsigned
 *   new CounterRNG(seed = 0, stream = 0)
 *     .counter                              position in 32-bit words; settable, 0 … 2^53 − 1
 *     .uint32()                             one word, 0 … 2^32 − 1
 *     .fill(Uint32Array, count?)            the next words, as fast as they come
 *     .random()                             uint32 / 2^32, in [0, 1)
 *     .integers(n)                          ⌊uint32 · n / 2^32⌋, 0 … n − 1
 *     .standardNormal()                     Box–Muller, two words each
 *     .permutation(n)                       Uint32Array: the order that sorts n words
 *   checkSeed(value, name = "seed")         → the number, or a RangeError that names what was expected
 */

const PARITY = 0x1bd11bda;
const WORD = 2 ** 32;
const AHEAD = 32; // a multiple of 4

/**
 * Scramble blocks `first`, `first + 1`, … into pairs of words of `out`.
 *
 * The twenty rounds are written out, for two blocks at a time: V8 then keeps all words in registers, and
 * the processor works on one block while it waits for the other.
 *
 * @param {Uint32Array} out words to fill
 * @param {number} length how many of them, a multiple of 4
 * @param {number} first block number, even and below 2^52
 * @param {number} k0 key @param {number} k1 key
 */
function scramble(out, length, first, k0, k1) {
  const k2 = k0 ^ k1 ^ PARITY;
  let low = first % WORD | 0;
  let high = Math.floor(first / WORD) | 0;
  for (let at = 0; at < length; at += 4) {
    let a = (low + k0) | 0;
    let c = (low + 1 + k0) | 0; // no carry: low is even
    let b = (high + k1) | 0;
    let d = b;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a; d = ((d << 13) | (d >>> 19)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 15) | (b >>> 17)) ^ a; d = ((d << 15) | (d >>> 17)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 26) | (b >>> 6)) ^ a; d = ((d << 26) | (d >>> 6)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a; d = ((d << 6) | (d >>> 26)) ^ c;
    a = (a + k1) | 0; b = (b + k2 + 1) | 0;
    c = (c + k1) | 0; d = (d + k2 + 1) | 0;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 17) | (b >>> 15)) ^ a; d = ((d << 17) | (d >>> 15)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 29) | (b >>> 3)) ^ a; d = ((d << 29) | (d >>> 3)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 16) | (b >>> 16)) ^ a; d = ((d << 16) | (d >>> 16)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 24) | (b >>> 8)) ^ a; d = ((d << 24) | (d >>> 8)) ^ c;
    a = (a + k2) | 0; b = (b + k0 + 2) | 0;
    c = (c + k2) | 0; d = (d + k0 + 2) | 0;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a; d = ((d << 13) | (d >>> 19)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 15) | (b >>> 17)) ^ a; d = ((d << 15) | (d >>> 17)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 26) | (b >>> 6)) ^ a; d = ((d << 26) | (d >>> 6)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a; d = ((d << 6) | (d >>> 26)) ^ c;
    a = (a + k0) | 0; b = (b + k1 + 3) | 0;
    c = (c + k0) | 0; d = (d + k1 + 3) | 0;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 17) | (b >>> 15)) ^ a; d = ((d << 17) | (d >>> 15)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 29) | (b >>> 3)) ^ a; d = ((d << 29) | (d >>> 3)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 16) | (b >>> 16)) ^ a; d = ((d << 16) | (d >>> 16)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 24) | (b >>> 8)) ^ a; d = ((d << 24) | (d >>> 8)) ^ c;
    a = (a + k1) | 0; b = (b + k2 + 4) | 0;
    c = (c + k1) | 0; d = (d + k2 + 4) | 0;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a; d = ((d << 13) | (d >>> 19)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 15) | (b >>> 17)) ^ a; d = ((d << 15) | (d >>> 17)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 26) | (b >>> 6)) ^ a; d = ((d << 26) | (d >>> 6)) ^ c;
    a = (a + b) | 0; c = (c + d) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a; d = ((d << 6) | (d >>> 26)) ^ c;
    out[at] = a + k2;
    out[at + 1] = b + k0 + 5;
    out[at + 2] = c + k2;
    out[at + 3] = d + k0 + 5;
    low = (low + 2) | 0;
    if (low === 0) high = (high + 1) | 0;
  }
}

/**
 * One block of Threefry-2x32 with 20 rounds.
 *
 * @param {number} c0 counter @param {number} c1 counter
 * @param {number} k0 key @param {number} k1 key
 * @returns {[number, number]} two words, unsigned
 */
export function threefry2x32(c0, c1, k0, k1) {
  const out = new Uint32Array(2);
  scrambleOne(out, c0 | 0, c1 | 0, k0 | 0, k1 | 0);
  return [out[0], out[1]];
}

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];

/**
 * The same scramble as a plain loop, for any counter: what `scramble` unrolls.
 *
 * @param {Uint32Array} out @param {number} c0 @param {number} c1 @param {number} k0 @param {number} k1
 */
function scrambleOne(out, c0, c1, k0, k1) {
  const key = [k0, k1, k0 ^ k1 ^ PARITY];
  let a = (c0 + k0) | 0;
  let b = (c1 + k1) | 0;
  for (let turn = 0; turn < 20; turn++) {
    const rotation = ROTATIONS[turn % 8];
    a = (a + b) | 0;
    b = ((b << rotation) | (b >>> (32 - rotation))) ^ a;
    if (turn % 4 === 3) {
      const group = (turn + 1) / 4;
      a = (a + key[group % 3]) | 0;
      b = (b + key[(group + 1) % 3] + group) | 0;
    }
  }
  out[0] = a;
  out[1] = b;
}

/**
 * Refuse what is not a whole number 0 … 2^32 − 1.
 *
 * @param {number} value
 * @param {string} [name]
 * @returns {number}
 */
export function checkSeed(value, name = "seed") {
  if (!Number.isInteger(value) || value < 0 || value >= WORD) {
    throw new RangeError(`${name} must be a whole number from 0 to ${WORD - 1}, got ${value}`);
  }
  return value;
}

/** A generator whose draw number n depends on the seed, the stream and n alone. */
export class CounterRNG {
  /** @param {number} [seed] @param {number} [stream] both 0 … 2^32 − 1 */
  constructor(seed = 0, stream = 0) {
    this.seed = checkSeed(seed);
    this.stream = checkSeed(stream, "stream");
    this._counter = 0;
    this._ahead = new Uint32Array(AHEAD); // words base … base + AHEAD − 1, for those drawn one by one
    this._base = -AHEAD;
  }

  /** How many words have been drawn. */
  get counter() {
    return this._counter;
  }

  set counter(value) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`counter must be a whole number from 0 to 2^53 - 1, got ${value}`);
    }
    this._counter = value;
  }

  /** @returns {number} the next word, 0 … 2^32 − 1 */
  uint32() {
    let at = this._counter - this._base;
    if (at < 0 || at >= AHEAD) {
      this._base = this._counter - (this._counter % AHEAD);
      scramble(this._ahead, AHEAD, this._base / 2, this.seed | 0, this.stream | 0);
      at = this._counter - this._base;
    }
    this._counter++;
    return this._ahead[at];
  }

  /**
   * Fill an array with the next words.
   *
   * @param {Uint32Array} array
   * @param {number} [count] how many words, from the start of the array
   * @returns {Uint32Array} the array
   */
  fill(array, count = array.length) {
    let at = 0;
    while (at < count && this._counter % 4) array[at++] = this.uint32();
    const whole = count - at - ((count - at) % 4);
    if (whole > 0) {
      const rest = at === 0 ? array : array.subarray(at);
      scramble(rest, whole, this._counter / 2, this.seed | 0, this.stream | 0);
      this._counter += whole;
      at += whole;
    }
    while (at < count) array[at++] = this.uint32();
    return array;
  }

  /** @returns {number} uniform in [0, 1), one word */
  random() {
    return this.uint32() / WORD;
  }

  /** @param {number} n 1 … 2^32 @returns {number} ⌊uint32 · n / 2^32⌋, one word */
  integers(n) {
    return scaled(this.uint32(), n);
  }

  /** @returns {number} a standard normal number, two words */
  standardNormal() {
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / WORD));
    return radius * Math.cos(2 * Math.PI * (this.uint32() / WORD));
  }

  /** @param {number} n @returns {Uint32Array} 0 … n − 1 in random order: the order that sorts n words */
  permutation(n) {
    const words = this.fill(new Uint32Array(n));
    return Uint32Array.from({ length: n }, (_, i) => i).sort((i, j) => words[i] - words[j] || i - j);
  }
}

/**
 * ⌊word · n / 2^32⌋ without rounding: a product of two 32-bit numbers may not fit into a double.
 *
 * @param {number} word @param {number} n
 * @returns {number}
 */
export function scaled(word, n) {
  const low = Math.floor(((word & 0xffff) * n) / 65536);
  return Math.floor(((word >>> 16) * n + low) / 65536);
}
