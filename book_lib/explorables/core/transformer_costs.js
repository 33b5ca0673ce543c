// What a decoder-only transformer costs: parameters, memory and arithmetic, and the time and money of its training.
// The one home of such sums in the browser.
// Twin: book_lib.transformer.count_parameters and book_lib/_transformer_costs.py.
// Pure mathematics: no DOM. Golden vectors: tests/golden/costs.json, training_costs.json.

/**
 * @typedef {object} Config
 * @property {number} layers
 * @property {number} width  d
 * @property {number} heads  they share d
 * @property {number} vocabulary  V
 * @property {number} context  T
 * @property {number} [hidden]  of the feed-forward part, 4d unless given
 * @property {boolean} [tied]  the unembedding is the embedding's transpose (yes unless given)
 */

/** @typedef {keyof typeof PRESETS} Preset */

export const PRESETS = {
  toy: { layers: 2, width: 16, heads: 2, vocabulary: 27, context: 8 },
  page: { layers: 4, width: 128, heads: 4, vocabulary: 512, context: 128 },
  small: { layers: 12, width: 768, heads: 12, vocabulary: 50_257, context: 1024 },
  xl: { layers: 48, width: 1600, heads: 25, vocabulary: 50_257, context: 1024 },
  gpt3: { layers: 96, width: 12_288, heads: 96, vocabulary: 50_257, context: 2048 },
};

/** Bytes of a number. */
export const BYTES = { float32: 4, bfloat16: 2, int8: 1 };

/** @param {Config} config */
export const hiddenOf = ({ width, hidden }) => hidden ?? 4 * width;

/**
 * Parameters of one block, part by part; weights and biases.
 * @param {Config} config
 */
export function blockParameters(config) {
  const { width: d } = config;
  const m = hiddenOf(config);
  return { norm1: 2 * d, qkv: 3 * d * d + 3 * d, out: d * d + d, norm2: 2 * d, up: m * d + m, down: d * m + d };
}

/**
 * Parameters of the whole model by where they sit.
 * @param {Config} config
 * @param {{finalNorm?: boolean}} [options]  post-norm models have no final normalisation
 */
export function parameters(config, { finalNorm = true } = {}) {
  const { layers, width: d, vocabulary, context, tied = true } = config;
  const block = blockParameters(config);
  const parts = {
    tokens: vocabulary * d,
    positions: context * d,
    attention: layers * (block.qkv + block.out),
    feedForward: layers * (block.up + block.down),
    norms: layers * (block.norm1 + block.norm2) + (finalNorm ? 2 * d : 0),
    unembedding: tied ? 0 : vocabulary * d,
  };
  return { ...parts, total: Object.values(parts).reduce((a, b) => a + b, 0) };
}

/**
 * Numbers kept for the backward pass, for each token: inputs of the two normalisations, of the four matrices and of
 * the activation, queries, keys and values; and, where attention's weights are stored, a row of T for each head.
 * @param {Config} config @param {{stored?: boolean}} [options]
 */
export function activationsPerToken(config, { stored = false } = {}) {
  const { layers, width: d, heads, vocabulary, context } = config;
  return layers * (8 * d + 2 * hiddenOf(config) + (stored ? heads * context : 0)) + 2 * d + vocabulary;
}

/**
 * Bytes that training keeps for the parameters alone: 16 for each, in either precision.
 * @param {number} n  parameters @param {"float32" | "bfloat16"} [precision]
 */
export function stateBytes(n, precision = "float32") {
  const bytes = BYTES[precision];
  return { weights: bytes * n, gradients: bytes * n, adam: (precision === "float32" ? 8 : 12) * n };
}

/** @typedef {{precision?: "float32" | "bfloat16", cache?: keyof typeof BYTES, batch?: number, stored?: boolean}} Use */

/**
 * Bytes. Training keeps weights, gradients and Adam's two moments (float32, and with bfloat16 a float32 copy of the
 * weights), and activations of `batch` texts of full length; generation keeps weights and the cache of keys and values.
 * @param {Config} config @param {Use} [use]
 */
export function memory(config, { precision = "float32", cache = precision, batch = 1, stored = false } = {}) {
  const n = parameters(config).total;
  const bytes = BYTES[precision];
  const { layers, width, context } = config;
  return {
    ...stateBytes(n, precision),
    activations: bytes * batch * context * activationsPerToken(config, { stored }),
    cache: 2 * layers * width * context * batch * BYTES[cache],
  };
}

/**
 * Floating-point operations: 2N forward and 6N in training for each token; attention over a full context comes on top.
 * @param {Config} config @param {number} tokens  that training sees
 */
export function flops(config, tokens) {
  const n = parameters(config).total;
  const { layers, width, context } = config;
  const attention = 4 * layers * width * context;
  return { training: trainingFlops(n, tokens), token: 2 * n, attention, share: attention / (2 * n) };
}

/** The size of one head; no whole number where the heads do not divide the width. @param {Config} config */
export const headWidth = ({ width, heads }) => width / heads;

/** C = 6 N D operations, whatever the architecture. @param {number} n  parameters @param {number} tokens */
export const trainingFlops = (n, tokens) => 6 * n * tokens;

/**
 * Seconds: C / (devices · peak · utilization).
 * @param {number} operations  C @param {number} peak  a device's, a second
 * @param {number} [utilization]  the share of the peak that is used @param {number} [devices]
 */
export const trainingSeconds = (operations, peak, utilization = 1, devices = 1) => operations / (devices * peak * utilization);

/** What the devices cost for so long. @param {number} seconds @param {number} devices @param {number} price  of a device for an hour */
export const trainingCost = (seconds, devices, price) => (seconds / 3600) * devices * price;

/** How many devices hold so many bytes between them. @param {number} bytes @param {number} memory  of one, in bytes */
export const devicesToHold = (bytes, memory) => Math.ceil(bytes / memory);
