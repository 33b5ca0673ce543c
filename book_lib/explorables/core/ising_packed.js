/**
 * The Ising model without a field, 32 spins to a word: the model of `ising.js`, more than ten times as fast.
 *
 *   new PackedIsing({ size, temperature, field = 0, coupling = 1, algorithm = "metropolis", seed = 0, rng, start })
 *     size a multiple of 64; algorithm "metropolis" or "heat_bath"; field 0. Everything else as `Ising`; the
 *     flips are others, with the same probabilities
 *   PackedIsing.holds({ size, field, algorithm })   whether it can
 *   isingFor(options)       the packed model where it can and pays, from size 256 on; the plain one else
 *   suited(model, law)      the same spins under { temperature, field, coupling }: the model itself, or the other
 *                           kind with its spins and its generator where a field comes or goes
 *
 * Where a spin is: with H = size/32, bit b of word (r, j) is in row b·H + r of the lattice. Site (row, 2j + row mod 2)
 * is in the black array, site (row, 2j + 1 − row mod 2) in the white one. H is even, so that all bits of a word have
 * their neighbours in the same four words of the other colour: beside it (two), above and below. Only across the seam
 * do the words above and below come from another bit: one rotation.
 *
 * How a word decides: a spin turns if a uniform number u of 32 binary digits lies below ⌊p·2^32⌋, as in `ising.js`.
 * Digits are drawn from the first on, a random word giving one digit to each of 32 spins. A spin is decided at the
 * first digit in which u and its threshold differ; a word when all its spins are, after some six digits. So the
 * probabilities are those of `ising.js` up to 2^−32, and no digit is cut off.
 *
 * Random words: start "random" draws from the CounterRNG, as `ising.js` does; three more of its words start an sfc32
 * (Chris Doty-Humphrey, PractRand), which is several times as fast. Black words are decided row by row, then white
 * ones; each takes at least four random words.
 */

import { finite, integer, oneOf, positive } from "./checks.js";
import { Ising, energyChange } from "./ising.js";
import { CounterRNG } from "./rng.js";
import { ALWAYS, heatBathThresholds, metropolisThresholds } from "./thresholds.js";
import { startSpins } from "./village.js";

const BITS = 32; // of a word
const PACKED_FROM = 256; // smaller lattices are fast enough, and their flips are those of Python
const PACKED_ALGORITHMS = ["metropolis", "heat_bath"];

export class PackedIsing {
  /** @param {ConstructorParameters<typeof Ising>[0]} options */
  constructor({
    size, temperature, field = 0, coupling = 1, algorithm = "metropolis", seed = 0, rng, start = "random",
  }) {
    if (integer("size", size, 64) % 64) throw new RangeError(`size must be a multiple of 64, got ${size}`);
    this.size = size;
    this._temperature = positive("temperature", temperature);
    this._coupling = finite("coupling", coupling);
    this._algorithm = oneOf("algorithm", algorithm, PACKED_ALGORITHMS);
    this.field = field; // refuses all but 0
    this.rng = rng ?? new CounterRNG(seed);
    this._half = size / 2; // words in a row of one colour
    this._rows = size / BITS;
    /** Black and white words, with a row to spare above and below. */
    this._planes = [0, 1].map(() => new Int32Array((this._rows + 2) * this._half));
    this._open = new Int32Array(this._half); // of the row at hand: which spins ask a random number
    this._single = new Int32Array(this._half); // and which of the two thresholds is theirs
    this._spins = startSpins(start, size * size, this.rng);
    this._noise = seeded(this.rng);
    this._lent = true; // the spins have been handed out, and may have been changed: the words must be made anew
    this._stale = false; // the words have gone on without the spins
  }

  /** @param {{ size: number, field?: number, algorithm?: string }} options @returns {boolean} */
  static holds({ size, field = 0, algorithm = "metropolis" }) {
    return size >= 64 && size % 64 === 0 && field === 0 && PACKED_ALGORITHMS.includes(algorithm);
  }

  get temperature() {
    return this._temperature;
  }

  set temperature(value) {
    this._temperature = positive("temperature", value);
  }

  get field() {
    return 0;
  }

  set field(value) {
    if (finite("field", value) !== 0) throw new RangeError(`field must be 0 for packed spins, got ${value}`);
  }

  get coupling() {
    return this._coupling;
  }

  set coupling(value) {
    this._coupling = finite("coupling", value);
  }

  get algorithm() {
    return this._algorithm;
  }

  set algorithm(value) {
    this._algorithm = oneOf("algorithm", value, PACKED_ALGORITHMS);
  }

  /** ±1, row by row; writable in place. */
  get spins() {
    if (this._stale) unpack(this._planes, this.size, this._spins);
    this._stale = false;
    this._lent = true;
    return this._spins;
  }

  /** @param {string | ArrayLike<number>} start @returns {this} */
  fill(start) {
    this._spins.set(startSpins(start, this._spins.length, this.rng));
    this._lent = true;
    this._stale = false;
    return this;
  }

  /** The words as they are now, after what may have been painted. */
  _current() {
    if (this._lent) pack(this._spins, this.size, this._planes);
    this._lent = false;
    return this._planes;
  }

  /** @param {number} [n] @returns {this} */
  sweep(n = 1) {
    if (integer("n", n, 0) === 0) return this;
    this._current();
    this._stale = true;
    const metropolis = this._algorithm === "metropolis";
    const [one, none] = metropolis ? this._flips() : this._rebels();
    const look = metropolis ? metropolisRow : heatBathRow;
    const flips = { opposite: bits(this._coupling < 0), one: bits(one === ALWAYS), none: bits(none === ALWAYS) };
    for (let step = 0; step < 2 * n; step++) { // even steps are black
      const [own, other] = [this._planes[step & 1], this._planes[1 - (step & 1)]];
      seam(other, this._rows, this._half);
      for (let r = 0; r < this._rows; r++) {
        look(own, other, r, (r + step) & 1, flips, this._open, this._single);
        const start = (r + 1) * this._half;
        decideRow(own, start, this._open, this._single, one | 0, none | 0, bits(metropolis), this._noise);
      }
    }
    return this;
  }

  /** Metropolis: thresholds of a flip where one bond is unsatisfied, and where none is. */
  _flips() {
    const table = metropolisThresholds(this._temperature, 0, Math.abs(this._coupling));
    return [table[3], table[4]];
  }

  /** Heat bath: thresholds of going against neighbours of whom three agree, and all four. */
  _rebels() {
    const table = heatBathThresholds(this._temperature, 0, Math.abs(this._coupling));
    return [table[1], table[0]];
  }

  /** @returns {number} */
  energyPerSpin() {
    const [black, white] = this._current();
    seam(white, this._rows, this._half);
    let unequal = 0; // every bond has one black end
    for (let r = 0; r < this._rows; r++) unequal += unequalBonds(black, white, r, this._half);
    const sites = this.size ** 2;
    return (-this._coupling * (2 * sites - 2 * unequal)) / sites;
  }

  /** @returns {number} */
  magnetization() {
    const [black, white] = this._ups();
    return (2 * (black + white)) / this.size ** 2 - 1;
  }

  /** @returns {number} mean of (−1)^{row + column} s */
  staggeredMagnetization() {
    const [black, white] = this._ups();
    return (2 * (black - white)) / this.size ** 2;
  }

  /** How many spins are up, of black and of white. */
  _ups() {
    return this._current().map((plane) => {
      let sum = 0;
      for (let i = this._half; i < (this._rows + 1) * this._half; i++) sum += ones(plane[i]);
      return sum;
    });
  }

  /** @param {number} site row · size + column @returns {number} ΔE = 2sJ Σ neighbours */
  energyChange(site) {
    return energyChange(this.spins, this.size, site, this._coupling, 0);
  }
}

/**
 * Fill the spare rows with the neighbours across the seam.
 *
 * @param {Int32Array} plane @param {number} rows @param {number} half
 */
function seam(plane, rows, half) {
  const last = rows * half;
  const end = last + half;
  for (let j = 0; j < half; j++) {
    const bottom = plane[last + j];
    const top = plane[half + j];
    plane[j] = (bottom << 1) | (bottom >>> 31); // row b·H − 1 is the last row's bit b − 1
    plane[end + j] = (top >>> 1) | (top << 31);
  }
}

/**
 * Look at the neighbours of a row of words: note which spins are open, to be decided by chance, and which of these
 * go by the threshold `one` rather than `none`.
 *
 * @callback PackedRow
 * @param {Int32Array} own @param {Int32Array} other
 * @param {number} r
 * @param {number} backwards 1 where the second neighbour beside word j is word j + 1, else 0
 * @param {{ opposite: number, one: number, none: number }} flips all bits, or none: J < 0; a threshold is 2^32
 * @param {Int32Array} open @param {Int32Array} single
 * @returns {void}
 */

/**
 * Metropolis: two unsatisfied bonds of four flip a spin, as does a sure threshold; one or none must ask.
 *
 * @type {PackedRow}
 */
function metropolisRow(own, other, r, backwards, flips, open, single) {
  const half = open.length;
  const start = (r + 1) * half;
  const { opposite, one, none } = flips;
  let beside = other[backwards ? start : start + half - 1];
  for (let k = 0; k < half; k++) {
    const j = backwards ? half - 1 - k : k;
    const i = start + j;
    const spin = own[i] ^ opposite;
    const a = spin ^ other[i];
    const b = spin ^ beside;
    const c = spin ^ other[i - half];
    const d = spin ^ other[i + half];
    beside = other[i];
    const some = a | b | c | d;
    single[j] = some;
    open[j] = ~((a & b) | (c & d) | ((a | b) & (c | d)) | (some & one) | (~some & none));
  }
}

/**
 * Heat bath: a spin joins the majority of its neighbours unless chance says no; in a tie it is not open.
 *
 * @type {PackedRow}
 */
function heatBathRow(own, other, r, backwards, flips, open, single) {
  const half = open.length;
  const start = (r + 1) * half;
  const { opposite } = flips;
  let beside = other[backwards ? start : start + half - 1];
  for (let k = 0; k < half; k++) {
    const j = backwards ? half - 1 - k : k;
    const i = start + j;
    const [a, b, c, d] = [other[i], beside, other[i - half], other[i + half]];
    beside = a;
    const most = (a & b & (c | d)) | (c & d & (a | b)); // three up, or four
    const few = ~(a | b) & ~(c & d) | ~(c | d) & ~(a & b); // one up, or none
    single[j] = (a ^ b) | (c ^ d) | (a ^ c); // not all alike
    open[j] = most | few;
    own[i] = most ^ opposite;
  }
}

/**
 * Decide a row of words: turn each open spin whose uniform number lies below its threshold. The others turn if
 * `sure` is −1, and by a fair digit if it is 0.
 *
 * The first four digits are written out, which nearly halves the time: hardly ever is a word decided before them.
 *
 * @param {Int32Array} own @param {number} start where the row begins
 * @param {Int32Array} opens @param {Int32Array} singles
 * @param {number} one @param {number} none thresholds, as 32-bit integers
 * @param {number} sure
 * @param {Int32Array} noise state of the generator
 */
function decideRow(own, start, opens, singles, one, none, sure, noise) {
  let [a, b, c, n] = noise;
  const both = one ^ none;
  for (let j = 0; j < opens.length; j++) {
    let open = opens[j];
    const single = singles[j];
    let w = (a + b + n) | 0; n = (n + 1) | 0; a = b ^ (b >>> 9); b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + w) | 0;
    let turn = ~open & (w | sure);
    let digit = (none >> 31) ^ ((both >> 31) & single);
    w ^= digit; turn |= open & w & digit; open &= ~w;
    w = (a + b + n) | 0; n = (n + 1) | 0; a = b ^ (b >>> 9); b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + w) | 0; digit = ((none << 1) >> 31) ^ (((both << 1) >> 31) & single);
    w ^= digit; turn |= open & w & digit; open &= ~w;
    w = (a + b + n) | 0; n = (n + 1) | 0; a = b ^ (b >>> 9); b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + w) | 0; digit = ((none << 2) >> 31) ^ (((both << 2) >> 31) & single);
    w ^= digit; turn |= open & w & digit; open &= ~w;
    w = (a + b + n) | 0; n = (n + 1) | 0; a = b ^ (b >>> 9); b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + w) | 0; digit = ((none << 3) >> 31) ^ (((both << 3) >> 31) & single);
    w ^= digit; turn |= open & w & digit; open &= ~w;
    for (let k = 4; open !== 0 && k < BITS; k++) {
      w = (a + b + n) | 0; n = (n + 1) | 0; a = b ^ (b >>> 9); b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + w) | 0; digit = ((none << k) >> 31) ^ (((both << k) >> 31) & single);
      w ^= digit; turn |= open & w & digit; open &= ~w;
    }
    own[start + j] ^= turn;
  }
  noise[0] = a; noise[1] = b; noise[2] = c; noise[3] = n;
}

/** The state of an sfc32 that three words of a generator start. @param {CounterRNG} rng @returns {Int32Array} */
function seeded(rng) {
  let [a, b, c] = Int32Array.from({ length: 3 }, () => rng.uint32());
  let n = 1;
  for (let i = 0; i < 12; i++) {
    const w = (a + b + n) | 0;
    n++;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + w) | 0;
  }
  return Int32Array.of(a, b, c, n);
}

/**
 * Bonds of a row of black words whose ends differ.
 *
 * @param {Int32Array} black @param {Int32Array} white @param {number} r @param {number} half
 */
function unequalBonds(black, white, r, half) {
  const start = (r + 1) * half;
  const [edge, step] = r & 1 ? [half - 1, 1] : [0, -1]; // the second neighbour beside, and where it lies across the seam
  let sum = 0;
  for (let j = 0; j < half; j++) {
    const i = start + j;
    const spin = black[i];
    const beside = white[j === edge ? i - step * (half - 1) : i + step];
    sum += ones(spin ^ white[i]) + ones(spin ^ beside);
    sum += ones(spin ^ white[i - half]) + ones(spin ^ white[i + half]);
  }
  return sum;
}

/** @param {boolean} all @returns {number} all 32 bits, or none */
function bits(all) {
  return all ? -1 : 0;
}

/** @param {number} word @returns {number} how many of its 32 bits are 1 */
function ones(word) {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  x = (x + (x >>> 4)) & 0x0f0f0f0f;
  return Math.imul(x, 0x01010101) >>> 24;
}

/** @param {Int8Array} spins @param {number} size @param {Int32Array[]} planes black and white */
function pack(spins, size, planes) {
  const half = size / 2;
  const rows = size / BITS;
  for (const plane of planes) plane.fill(0);
  for (let row = 0, i = 0; row < size; row++) {
    const bit = Math.floor(row / rows);
    const at = ((row % rows) + 1) * half;
    const first = planes[row & 1];
    const second = planes[1 - (row & 1)];
    for (let j = at; j < at + half; j++, i += 2) {
      first[j] |= ((spins[i] + 1) >> 1) << bit;
      second[j] |= ((spins[i + 1] + 1) >> 1) << bit;
    }
  }
}

/** Undo `pack`. @param {Int32Array[]} planes @param {number} size @param {Int8Array} spins */
function unpack(planes, size, spins) {
  const half = size / 2;
  const rows = size / BITS;
  for (let row = 0, i = 0; row < size; row++) {
    const bit = Math.floor(row / rows);
    const at = ((row % rows) + 1) * half;
    const first = planes[row & 1];
    const second = planes[1 - (row & 1)];
    for (let j = at; j < at + half; j++, i += 2) {
      spins[i] = (((first[j] >>> bit) & 1) << 1) - 1;
      spins[i + 1] = (((second[j] >>> bit) & 1) << 1) - 1;
    }
  }
}

/** @param {{ size: number, field?: number, algorithm?: string }} options whether packing pays */
function pays(options) {
  return options.size >= PACKED_FROM && PackedIsing.holds(options);
}

/** @param {ConstructorParameters<typeof Ising>[0]} options @returns {Ising | PackedIsing} */
export function isingFor(options) {
  return pays(options) ? new PackedIsing(options) : new Ising(options);
}

/**
 * @param {Ising | PackedIsing} model
 * @param {{ temperature: number, field: number, coupling: number }} law
 * @returns {Ising | PackedIsing} the model under this law, of the kind that suits it
 */
export function suited(model, law) {
  const { size, algorithm, rng } = model;
  const packed = pays({ size, algorithm, field: law.field });
  if (packed === model instanceof PackedIsing) return Object.assign(model, law);
  return isingFor({ ...law, size, algorithm, rng, start: model.spins });
}
