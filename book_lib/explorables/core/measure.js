// Averages of a running simulation, with error bars that know about memory, in constant space.
// Pure mathematics: no DOM, no clock, no Math.random.

const LEVELS = 40;
const FEWEST = 32; // blocks that a level needs before its error counts

/** Mean and blocked error of a stream: at level k the data are means of 2^k neighbours in time [FlyvbjergPetersen1989]. */
export class Blocking {
  constructor() {
    this.count = new Float64Array(LEVELS);
    this.means = new Float64Array(LEVELS);
    this.squares = new Float64Array(LEVELS);
    this.waiting = new Float64Array(LEVELS);
    this.isWaiting = new Uint8Array(LEVELS);
  }

  /** @param {number} x */
  add(x) {
    for (let k = 0; k < LEVELS; k++) {
      const n = ++this.count[k];
      const off = x - this.means[k];
      this.means[k] += off / n;
      this.squares[k] += off * (x - this.means[k]);
      this.isWaiting[k] ^= 1;
      if (this.isWaiting[k]) {
        this.waiting[k] = x;
        return;
      }
      x = (this.waiting[k] + x) / 2;
    }
  }

  get n() {
    return this.count[0];
  }

  get mean() {
    return this.count[0] ? this.means[0] : NaN;
  }

  /** The largest error over the levels that have enough blocks; NaN while there are none. */
  get error() {
    let largest = NaN;
    for (let k = 0; k < LEVELS && this.count[k] >= FEWEST; k++) {
      const n = this.count[k];
      const error = Math.sqrt(this.squares[k] / (n * (n - 1)));
      if (!(error <= largest)) largest = error;
    }
    return largest;
  }

  clear() {
    for (const field of [this.count, this.means, this.squares, this.waiting, this.isWaiting]) field.fill(0);
  }
}

/**
 * The average of what has been seen since the last change, its first quarter to half always left out: what a lattice
 * still remembers of its start is not equilibrium. At time n the average runs from p/2, p the largest power of two ≤ n.
 */
export class Settled {
  constructor() {
    this.time = 0;
    this.next = 2;
    this.current = new Blocking(); // since p/2
    this.following = new Blocking(); // since p
  }

  reset() {
    this.time = 0;
    this.next = 2;
    this.current.clear();
    this.following.clear();
  }

  /** @param {number} x */
  add(x) {
    this.time++;
    this.current.add(x);
    this.following.add(x);
    if (this.time < this.next) return;
    this.next *= 2;
    [this.current, this.following] = [this.following, this.current];
    this.following.clear(); // the two objects take turns: nothing is allocated while a simulation runs
  }

  get n() {
    return this.current.n;
  }

  get mean() {
    return this.current.mean;
  }

  get error() {
    return this.current.error;
  }
}
