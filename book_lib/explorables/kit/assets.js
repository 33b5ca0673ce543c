// Data beside a page, loaded when it is asked for: from the site's scripts (a server or file://), or from the kernel.

/** @typedef {Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array} Numbers */
/** @typedef {{data: Numbers, shape: number[]}} Values */
/** @typedef {{name: string, dtype: string, shape: number[], offset: number}} Entry */
/**
 * What the bytes of an asset are.
 * @typedef {object} Header
 * @property {"bytes" | "json" | "array" | "arrays"} kind
 * @property {Entry[]} [arrays]
 * @property {boolean} [zipped]
 * @property {string[]} [parts]  names of the scripts that hold the data
 * @property {number[]} [sizes]  their bytes
 */
/** @typedef {{loaded: number, total: number}} Progress  bytes */
/** @typedef {{onProgress?: (p: Progress) => void, signal?: AbortSignal, model?: import("./frame.js").Model}} Options */

const WAIT = 60_000; // ms that a kernel may take to answer: it answers between cells

const TYPES = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/**
 * Load what Python shipped with `asset(name, data)`. Loading it again costs nothing.
 *
 * @param {string} name
 * @param {Options} [options]  onProgress: called as parts arrive; signal: stop waiting;
 *   model: of the explorable, which in Jupyter asks its kernel
 * @returns {Promise<any>} bytes → Uint8Array; an array → {data, shape}; a dict of arrays → an object of those; JSON → its value
 * @throws {Error} naming the asset, when it cannot be loaded
 */
export async function loadAsset(name, { onProgress = () => {}, signal, model } = {}) {
  signal?.throwIfAborted();
  const live = model && !model.isStatic;
  const [header, bytes] = await until(live ? fromKernel(name, model, onProgress) : fromPage(name, onProgress), signal);
  return unpack(header, bytes);
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>} rejected as soon as the signal says stop
 */
function until(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

// --- On the site ---------------------------------------------------------------------------------------------------

/** @returns {Record<string, any>} where the scripts leave what they bring, and we the bytes that were put together */
const registry = () => (/** @type {any} */ (globalThis).bookAssets ??= {});

/**
 * @param {string} name
 * @param {(p: Progress) => void} onProgress
 * @returns {Promise<[Header, ArrayBuffer]>}
 */
function fromPage(name, onProgress) {
  const key = `${name}:loading`; // subtle: not in this module, of which every bundle on the page has a copy
  const loading = (registry()[key] ??= { listeners: new Set(), progress: null });
  loading.listeners.add(onProgress);
  if (loading.progress) onProgress(loading.progress);
  loading.promise ??= fetchParts(name, (progress) => {
    loading.progress = progress;
    for (const listener of loading.listeners) listener(progress);
  });
  loading.promise.then(() => loading.listeners.clear(), () => delete registry()[key]); // a failure may be tried again
  return loading.promise;
}

/**
 * @param {string} name
 * @param {(p: Progress) => void} onProgress
 * @returns {Promise<[Header, ArrayBuffer]>}
 */
async function fetchParts(name, onProgress) {
  /** @type {Header} */
  const header = await registered(name, name);
  const sizes = header.sizes ?? [];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let loaded = 0;
  onProgress({ loaded, total });
  const parts = await Promise.all((header.parts ?? []).map(async (part, i) => {
    const bytes = decode(await registered(part, name));
    onProgress({ loaded: (loaded += sizes[i]), total });
    return bytes;
  }));
  const blob = new Blob(parts);
  if (!header.zipped) return [header, await blob.arrayBuffer()];
  return [header, await new Response(blob.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer()];
}

/**
 * What a script of the site registers, taken out of the registry so that its text can be forgotten.
 * @param {string} key  also the name of the script
 * @param {string} name  of the asset, for the message
 * @returns {Promise<any>}
 */
function registered(key, name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const root = document.documentElement.dataset.content_root ?? "./";
    script.src = new URL(`${root}_static/assets/${key}.js`, document.baseURI).href;
    script.onload = () => {
      const value = registry()[key];
      delete registry()[key];
      script.remove();
      resolve(value);
    };
    script.onerror = () => {
      script.remove();
      reject(new Error(`asset "${name}": ${key}.js could not be loaded`));
    };
    document.head.append(script);
  });
}

/**
 * @param {string} text  base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function decode(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// --- In Jupyter ----------------------------------------------------------------------------------------------------

/**
 * @param {string} name
 * @param {import("./frame.js").Model} model
 * @param {(p: Progress) => void} onProgress
 * @returns {Promise<[Header, ArrayBuffer]>}
 */
function fromKernel(name, model, onProgress) {
  return new Promise((resolve, reject) => {
    /** @param {any} content @param {DataView[]} [buffers] */
    const receive = (content, buffers = []) => {
      if (content?.asset !== name) return;
      finish();
      if (content.error) return reject(new Error(`asset "${name}": ${content.error}`));
      // subtle: the view is a window on a longer message; typed arrays need an aligned beginning
      const bytes = /** @type {ArrayBuffer} */ (buffers[0].buffer.slice(
        buffers[0].byteOffset,
        buffers[0].byteOffset + buffers[0].byteLength,
      ));
      onProgress({ loaded: bytes.byteLength, total: bytes.byteLength });
      resolve([content.header, bytes]);
    };
    const timer = setTimeout(() => {
      finish();
      reject(new Error(`asset "${name}": the kernel did not answer`));
    }, WAIT);
    const finish = () => {
      clearTimeout(timer);
      model.off("msg:custom", receive);
    };
    model.on("msg:custom", receive);
    model.send({ asset: name });
  });
}

// --- Both ----------------------------------------------------------------------------------------------------------

/**
 * @param {Header} header
 * @param {ArrayBuffer} bytes
 * @returns {any}
 */
export function unpack(header, bytes) {
  if (header.kind === "bytes") return new Uint8Array(bytes);
  if (header.kind === "json") return JSON.parse(new TextDecoder().decode(bytes));
  const values = (header.arrays ?? []).map((entry) => /** @type {const} */ ([entry.name, view(entry, bytes)]));
  return header.kind === "array" ? values[0][1] : Object.fromEntries(values);
}

/**
 * @param {Entry} entry
 * @param {ArrayBuffer} bytes
 * @returns {Values}
 */
function view({ dtype, shape, offset }, bytes) {
  const Type = TYPES[/** @type {keyof typeof TYPES} */ (dtype)];
  const length = shape.reduce((product, n) => product * n, 1);
  return { data: new Type(bytes, offset, length), shape };
}
