/**
 * A GPT, as `book_lib/transformer.py` has it, in plain JavaScript with a cache of keys and values.
 * Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/gpt.json.
 *
 *   GPT.fromArrays(arrays)        from `book_lib.quantization.page_arrays`: int8 rows become float32 once
 *   model.start()                 → GPTState, empty
 *   state.append(ids)             → logits of the last of these tokens, Float64Array of shape (vocabulary,)
 *   state.truncate(length)        forget what came after
 *   state.attention(layer, head)  → who attends to whom, (length, length), row by row
 *
 * Weights are kept as float32 and sums are made in double precision, so that a token gets the same numbers, to the
 * last few bits, whether it comes alone or in a block.
 */

import { erf } from "./laws.js";

/** @typedef {Float32Array | Float64Array} Reals */
/** @typedef {{data: ArrayLike<number>, shape: number[]}} Values */
/** @typedef {{w: Float32Array, b: Float32Array | null, rows: number, cols: number}} Linear  w: (rows, cols) */
/** @typedef {{gain: Float32Array, shift: Float32Array | null}} Norm */
/** @typedef {{norm1: Norm, qkv: Linear, out: Linear, norm2: Norm, up: Linear, down: Linear}} Block */
/** @typedef {{vocabSize: number, context: number, width: number, layers: number, heads: number, hidden: number,
 *     activation: "gelu" | "gelu_tanh", bias: boolean, tied: boolean}} Config */

export const FORMAT = 1; // of the page's arrays, as in book_lib/quantization.py
const SCALE = ":scale"; // a matrix `w` of int8 has its rows' scales in `w:scale`
const EPSILON = 1e-5; // of the layer norm
const CHUNK = 32; // tokens that go through a layer together

// ------------------------------------------------------------------------------------------------------- functions

const STEPS = 64; // nodes a unit in the table of Φ
const FAR = 6.5; // Φ(−6.5) is 4e-11
/** Φ and its slope, by turns, from −FAR to FAR. @type {Float64Array | null} */
let table = null;

function normalTable() {
  const count = 2 * FAR * STEPS + 1;
  const made = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const x = i / STEPS - FAR;
    made[2 * i] = (1 + erf(x / Math.SQRT2)) / 2;
    made[2 * i + 1] = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI) / STEPS;
  }
  return made;
}

/**
 * Φ(x), the chance that a standard normal number is below x, to 1e-9: cubic between the nodes of a table, because a
 * model asks for it two thousand times a token.
 * @param {number} x
 */
export function normalBelow(x) {
  if (x <= -FAR) return 0;
  if (x >= FAR) return 1;
  table ??= normalTable();
  const place = (x + FAR) * STEPS;
  const i = Math.floor(place);
  const u = place - i;
  const [a, slopeA, b, slopeB] = [table[2 * i], table[2 * i + 1], table[2 * i + 2], table[2 * i + 3]];
  const rise = b - a;
  return a + u * (slopeA + u * (3 * rise - 2 * slopeA - slopeB + u * (slopeA + slopeB - 2 * rise)));
}

/** x Φ(x), the exact GELU. @param {number} x */
export const gelu = (x) => x * normalBelow(x);

/** The approximation that GPT-2 was trained with. @param {number} x */
export const geluTanh = (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

/**
 * y = W x + b for `count` vectors x one after the other; four at a time share each read of W.
 * @param {Linear} layer @param {Float64Array} x @param {Float64Array} y @param {number} count
 */
export function linear({ w, b, rows, cols }, x, y, count) {
  let t = 0;
  for (; t + 4 <= count; t += 4) {
    const [x0, x1, x2, x3] = [t * cols, (t + 1) * cols, (t + 2) * cols, (t + 3) * cols];
    for (let r = 0, at = 0; r < rows; r++) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let k = 0; k < cols; k++, at++) {
        const v = w[at];
        s0 += v * x[x0 + k];
        s1 += v * x[x1 + k];
        s2 += v * x[x2 + k];
        s3 += v * x[x3 + k];
      }
      const bias = b ? b[r] : 0;
      y[t * rows + r] = s0 + bias;
      y[(t + 1) * rows + r] = s1 + bias;
      y[(t + 2) * rows + r] = s2 + bias;
      y[(t + 3) * rows + r] = s3 + bias;
    }
  }
  for (; t < count; t++) one(w, b, rows, cols, x, t * cols, y, t * rows);
}

/**
 * One vector: four sums run side by side, since a single one waits for each addition.
 * @param {Float32Array} w @param {Float32Array | null} b @param {number} rows @param {number} cols
 * @param {Float64Array} x @param {number} from @param {Float64Array} y @param {number} to
 */
function one(w, b, rows, cols, x, from, y, to) {
  const whole = cols - (cols % 4);
  for (let r = 0; r < rows; r++) {
    const at = r * cols;
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let k = 0; k < whole; k += 4) {
      s0 += w[at + k] * x[from + k];
      s1 += w[at + k + 1] * x[from + k + 1];
      s2 += w[at + k + 2] * x[from + k + 2];
      s3 += w[at + k + 3] * x[from + k + 3];
    }
    for (let k = whole; k < cols; k++) s0 += w[at + k] * x[from + k];
    y[to + r] = s0 + s1 + (s2 + s3) + (b ? b[r] : 0);
  }
}

/**
 * Mean and standard deviation of one vector, as the layer norm takes them.
 * @param {Float64Array} x @param {number} from @param {number} width
 */
export function moments(x, from, width) {
  let mean = 0;
  for (let i = 0; i < width; i++) mean += x[from + i];
  mean /= width;
  let square = 0;
  for (let i = 0; i < width; i++) square += (x[from + i] - mean) ** 2;
  return { mean, deviation: Math.sqrt(square / width + EPSILON) };
}

/**
 * Layer norm of `count` vectors.
 * @param {Norm} norm @param {Float64Array} x @param {Float64Array} y @param {number} count
 */
export function layerNorm({ gain, shift }, x, y, count) {
  const width = gain.length;
  for (let t = 0, at = 0; t < count; t++) {
    const { mean, deviation } = moments(x, at, width);
    for (let i = 0; i < width; i++, at++) y[at] = ((x[at] - mean) / deviation) * gain[i] + (shift ? shift[i] : 0);
  }
}

/**
 * Scores q·k/√d of one query of a head against the first `count` keys.
 * @param {Float64Array} q @param {number} from  of the query's first number
 * @param {Float64Array} keys  (context, width) @param {number} count @param {number} first  of the head
 * @param {number} size  of the head @param {number} width @param {Float64Array} scores  to write
 */
export function headScores(q, from, keys, count, first, size, width, scores) {
  const scale = 1 / Math.sqrt(size);
  for (let s = 0, at = first; s < count; s++, at += width) {
    let dot = 0;
    for (let j = 0; j < size; j++) dot += q[from + j] * keys[at + j];
    scores[s] = dot * scale;
  }
}

/** Softmax of the first `count` numbers, in place. @param {Float64Array} x @param {number} count */
export function softmaxInto(x, count) {
  let top = -Infinity;
  for (let i = 0; i < count; i++) if (x[i] > top) top = x[i];
  let sum = 0;
  for (let i = 0; i < count; i++) sum += x[i] = Math.exp(x[i] - top);
  for (let i = 0; i < count; i++) x[i] /= sum;
}

// ----------------------------------------------------------------------------------------------------------- model

/** A trained model: its sizes and its weights, which nothing changes. */
export class GPT {
  /** @param {Config} config @param {(name: string) => {data: Float32Array, shape: number[]} | null} weights */
  constructor(config, weights) {
    this.config = checked(config);
    const { vocabSize: V, context: T, width: d, hidden, layers, tied } = config;
    const need = (/** @type {string} */ name, /** @type {number[]} */ shape) => {
      const found = weights(name);
      if (!found) throw new Error(`the model has no array "${name}"`);
      if (found.shape.join() !== shape.join()) throw new Error(`array "${name}" must have shape (${shape.join(", ")}), not (${found.shape.join(", ")})`);
      return found.data;
    };
    const maybe = (/** @type {string} */ name, /** @type {number[]} */ shape) => (weights(name) ? need(name, shape) : null);
    const matrix = (/** @type {string} */ name, /** @type {number} */ rows, /** @type {number} */ cols) =>
      ({ w: need(`${name}.weight`, [rows, cols]), b: maybe(`${name}.bias`, [rows]), rows, cols });
    const norm = (/** @type {string} */ name) => ({ gain: need(`${name}.weight`, [d]), shift: maybe(`${name}.bias`, [d]) });
    this.tokens = need("token_embedding.weight", [V, d]);
    this.positions = need("position_embedding.weight", [T, d]);
    /** @type {Block[]} */
    this.blocks = Array.from({ length: layers }, (_, i) => ({
      norm1: norm(`blocks.${i}.norm1`), qkv: matrix(`blocks.${i}.attention.qkv`, 3 * d, d), out: matrix(`blocks.${i}.attention.out`, d, d),
      norm2: norm(`blocks.${i}.norm2`), up: matrix(`blocks.${i}.mlp.up`, hidden, d), down: matrix(`blocks.${i}.mlp.down`, d, hidden),
    }));
    this.norm = norm("final_norm");
    /** @type {Linear} */
    this.unembedding = tied ? { w: this.tokens, b: null, rows: V, cols: d } : matrix("unembedding", V, d);
    this.activate = config.activation === "gelu" ? gelu : geluTanh;
  }

  /**
   * @param {Record<string, Values>} arrays  from `page_arrays`
   * @throws {Error} naming what is missing or has another shape
   */
  static fromArrays(arrays) {
    const numbers = Array.from(arrays.config?.data ?? []);
    if (numbers[0] !== FORMAT || numbers.length !== 10) throw new Error(`the model's format must be ${FORMAT}, not ${numbers[0] ?? "unknown"}`);
    const [, vocabSize, context, width, layers, heads, hidden, tanh, bias, tied] = numbers;
    const config = { vocabSize, context, width, layers, heads, hidden, activation: /** @type {"gelu"} */ (tanh ? "gelu_tanh" : "gelu"), bias: bias > 0, tied: tied > 0 };
    return new GPT(config, (name) => (arrays[name] ? { data: dequantized(arrays, name), shape: arrays[name].shape } : null));
  }

  /** @returns {GPTState} */
  start() {
    return new GPTState(this);
  }
}

/** @param {Config} config */
function checked(config) {
  for (const name of /** @type {const} */ (["vocabSize", "context", "width", "layers", "heads", "hidden"])) {
    if (!(Number.isInteger(config[name]) && config[name] > 0)) throw new RangeError(`${name} must be a whole number above 0, not ${config[name]}`);
  }
  if (config.width % config.heads) throw new RangeError(`heads must divide the width ${config.width}, got ${config.heads}`);
  return config;
}

/**
 * One array as float32: int8 numbers times the scale of their row.
 * @param {Record<string, Values>} arrays @param {string} name
 */
export function dequantized(arrays, name) {
  const { data, shape } = arrays[name];
  const scales = arrays[name + SCALE]?.data;
  if (!scales) return data instanceof Float32Array ? data : Float32Array.from(data);
  if (scales.length !== shape[0]) throw new Error(`array "${name}${SCALE}" must hold ${shape[0]} numbers, not ${scales.length}`);
  const cols = data.length / shape[0];
  const made = new Float32Array(data.length);
  for (let r = 0, at = 0; r < shape[0]; r++) for (let k = 0; k < cols; k++, at++) made[at] = data[at] * scales[r];
  return made;
}

// ----------------------------------------------------------------------------------------------------------- state

/** A text on its way through the model: queries, keys and values of every token so far, layer by layer. */
export class GPTState {
  /** @param {GPT} model */
  constructor(model) {
    this.model = model;
    const { context, width, hidden, layers, vocabSize } = model.config;
    const made = () => Array.from({ length: layers }, () => new Float64Array(context * width));
    /** @type {number[]} */
    this.ids = [];
    this.queries = made(); // (context, width) of each layer, for `attention`
    this.keys = made();
    this.values = made();
    const room = Math.min(CHUNK, context);
    this.x = new Float64Array(room * width);
    this.normed = new Float64Array(room * width);
    this.mixed = new Float64Array(room * width);
    this.qkv = new Float64Array(room * 3 * width);
    this.inner = new Float64Array(room * hidden);
    this.scores = new Float64Array(context);
    this.logits = new Float64Array(vocabSize);
  }

  get length() {
    return this.ids.length;
  }

  /** How many more tokens fit. */
  get room() {
    return this.model.config.context - this.ids.length;
  }

  /**
   * Read tokens; a long prompt goes through the layers in blocks.
   * @param {ArrayLike<number>} ids
   * @returns {Float64Array} logits of the token after the last one
   * @throws {RangeError} when there are none, too many, or one that the vocabulary does not hold; nothing is read then
   */
  append(ids) {
    const { context, vocabSize } = this.model.config;
    const list = Array.from(ids);
    if (!list.length) throw new RangeError("ids must hold at least one token");
    if (list.length > this.room) throw new RangeError(`ids must fit into the context of ${context} tokens: ${this.length} are there, ${list.length} more came`);
    const bad = list.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
    if (bad !== undefined) throw new RangeError(`ids must be whole numbers from 0 to ${vocabSize - 1}, got ${bad}`);
    let count = 0;
    for (let from = 0; from < list.length; from += count) {
      count = Math.min(CHUNK, list.length - from);
      this.forward(list.slice(from, from + count));
    }
    return this.unembed(count - 1);
  }

  /** Forget all but the first tokens. @param {number} length */
  truncate(length) {
    if (!(Number.isInteger(length) && length >= 0 && length <= this.length)) throw new RangeError(`length must be a whole number from 0 to ${this.length}, got ${length}`);
    this.ids.length = length;
  }

  /** @param {number[]} ids  at most CHUNK */
  forward(ids) {
    const { model, x, normed } = this;
    const [begin, count, d] = [this.length, ids.length, model.config.width];
    ids.forEach((id, t) => {
      for (let i = 0; i < d; i++) x[t * d + i] = model.tokens[id * d + i] + model.positions[(begin + t) * d + i];
    });
    model.blocks.forEach((block, layer) => {
      layerNorm(block.norm1, x, normed, count);
      this.attend(block, layer, begin, count);
      layerNorm(block.norm2, x, normed, count);
      linear(block.up, normed, this.inner, count);
      for (let i = 0; i < count * block.up.rows; i++) this.inner[i] = model.activate(this.inner[i]);
      linear(block.down, this.inner, this.mixed, count);
      for (let i = 0; i < count * d; i++) x[i] += this.mixed[i];
    });
    this.ids.push(...ids);
  }

  /** Attention of a block of tokens, added to x. @param {Block} block @param {number} layer @param {number} begin @param {number} count */
  attend(block, layer, begin, count) {
    const { x, normed, mixed, qkv, scores } = this;
    const { width: d, heads } = this.model.config;
    const size = d / heads;
    const [queries, keys, values] = [this.queries[layer], this.keys[layer], this.values[layer]];
    linear(block.qkv, normed, qkv, count);
    for (let t = 0; t < count; t++) {
      const [from, to] = [3 * d * t, d * (begin + t)];
      queries.set(qkv.subarray(from, from + d), to);
      keys.set(qkv.subarray(from + d, from + 2 * d), to);
      values.set(qkv.subarray(from + 2 * d, from + 3 * d), to);
    }
    mixed.fill(0, 0, count * d);
    for (let t = 0; t < count; t++) {
      const seen = begin + t + 1; // the causal mask: later keys are not looked at
      for (let first = 0; first < d; first += size) {
        headScores(queries, d * (begin + t) + first, keys, seen, first, size, d, scores);
        softmaxInto(scores, seen);
        for (let s = 0; s < seen; s++) {
          const weight = scores[s];
          for (let j = first; j < first + size; j++) mixed[d * t + j] += weight * values[d * s + j];
        }
      }
    }
    linear(block.out, mixed, normed, count);
    for (let i = 0; i < count * d; i++) x[i] += normed[i];
  }

  /** Logits after one token of the latest block. @param {number} t */
  unembed(t) {
    const { model, x } = this;
    const d = model.config.width;
    const last = x.slice(t * d, (t + 1) * d);
    layerNorm(model.norm, last, last, 1);
    linear(model.unembedding, last, this.logits, 1);
    return this.logits.slice();
  }

  /**
   * Attention weights of one head for one token: whom it attends to.
   * @param {number} layer @param {number} head  both from 0 @param {number} position
   * @returns {Float64Array} shape (position + 1,), with sum 1
   */
  attentionRow(layer, head, position) {
    const { width, heads } = this.model.config;
    const size = width / heads;
    const row = new Float64Array(position + 1);
    headScores(this.queries[layer], position * width + head * size, this.keys[layer], position + 1, head * size, size, width, row);
    softmaxInto(row, row.length);
    return row;
  }

  /** Attention weights of one head for all tokens, (length, length), 0 above the diagonal. @param {number} layer @param {number} head */
  attention(layer, head) {
    const n = this.length;
    const all = new Float64Array(n * n);
    for (let t = 0; t < n; t++) all.set(this.attentionRow(layer, head, t), t * n);
    return all;
  }
}
