// loadAsset without a browser: what it does with scripts that arrive late, fail, or come from a kernel.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { gzipSync } from "node:zlib";
import { loadAsset, unpack } from "../../book_lib/explorables/kit/assets.js";

const base64 = (bytes) => Buffer.from(bytes).toString("base64");

/** A page whose scripts register what `files` holds; `requests` lists what it asked for. */
function page(files) {
  const requests = [];
  globalThis.bookAssets = undefined;
  globalThis.document = {
    baseURI: "https://book.example/chapters/ising.html",
    documentElement: { dataset: { content_root: "../" } },
    createElement: () => ({ remove() {} }),
    head: {
      append(script) {
        const { pathname } = new URL(script.src);
        const key = pathname.replace("/_static/assets/", "").replace(/\.js$/, "");
        requests.push(key);
        setImmediate(() => {
          if (!(key in files)) return script.onerror();
          (globalThis.bookAssets ??= {})[key] = files[key];
          script.onload();
        });
      },
    },
  };
  return requests;
}

const floats = new Float32Array([1.5, -2, 3, 4]);
const zipped = gzipSync(Buffer.from(floats.buffer));
const half = zipped.length >> 1;
const header = {
  kind: "array",
  arrays: [{ name: "", dtype: "float32", shape: [2, 2], offset: 0 }],
  zipped: true,
  parts: ["w.1.0", "w.1.1"],
  sizes: [half, zipped.length - half],
};
const files = { w: header, "w.1.0": base64(zipped.subarray(0, half)), "w.1.1": base64(zipped.subarray(half)) };
let requests;

beforeEach(() => {
  requests = page(files);
});

test("parts are put together, and progress ends at the total", async () => {
  const seen = [];
  const { data, shape } = await loadAsset("w", { onProgress: (p) => seen.push({ ...p }) });
  assert.deepEqual([data, shape], [floats, [2, 2]]);
  assert.deepEqual(seen[0], { loaded: 0, total: zipped.length });
  assert.deepEqual(seen.at(-1), { loaded: zipped.length, total: zipped.length });
  assert.ok(seen.every((p, i) => i === 0 || p.loaded >= seen[i - 1].loaded));
});

test("an asset is requested once, however often it is asked for", async () => {
  const first = loadAsset("w");
  const second = loadAsset("w");
  assert.deepEqual((await first).data, (await second).data);
  await loadAsset("w");
  assert.deepEqual(requests, ["w", "w.1.0", "w.1.1"]);
  assert.deepEqual(Object.keys(globalThis.bookAssets), ["w:loading"]); // the text of the parts is gone
});

test("a failure names the file, and can be tried again", async () => {
  const part = files["w.1.1"];
  delete files["w.1.1"];
  await assert.rejects(loadAsset("w"), /asset "w": w\.1\.1\.js could not be loaded/);
  files["w.1.1"] = part;
  assert.deepEqual((await loadAsset("w")).data, floats);
  await assert.rejects(loadAsset("none"), /asset "none"/);
});

test("who is gone waits no longer, who is still there gets the data", async () => {
  const abort = new AbortController();
  const gone = loadAsset("w", { signal: abort.signal });
  const here = loadAsset("w");
  abort.abort();
  await assert.rejects(gone, { name: "AbortError" });
  assert.deepEqual((await here).data, floats);
  await assert.rejects(loadAsset("w", { signal: abort.signal }), { name: "AbortError" });
});

/** A model whose kernel answers with `reply`. */
function model(reply) {
  const listeners = new Set();
  return {
    listeners,
    on: (event, f) => event === "msg:custom" && listeners.add(f),
    off: (event, f) => listeners.delete(f),
    send: (content) => setImmediate(() => [...listeners].forEach((f) => {
      f({ other: 1 }, []);
      f(...reply(content));
    })),
  };
}

test("in Jupyter the kernel is asked", async () => {
  const message = new Uint8Array([9, ...new Uint8Array(floats.buffer), 9]); // not aligned, as messages are
  const view = new DataView(message.buffer, 1, 16);
  const kernel = model(({ asset }) => [{ asset, header }, [view]]);
  const seen = [];
  const { data } = await loadAsset("w", { model: kernel, onProgress: (p) => seen.push(p) });
  assert.deepEqual(data, floats);
  assert.deepEqual(seen, [{ loaded: 16, total: 16 }]);
  assert.equal(kernel.listeners.size, 0);
  assert.deepEqual(requests, []);
  const broken = model(({ asset }) => [{ asset, error: "no such thing" }]);
  await assert.rejects(loadAsset("w", { model: broken }), /asset "w": no such thing/);
});

test("other kinds of data", () => {
  const bytes = new TextEncoder().encode('{"温度":1}').buffer;
  assert.deepEqual(unpack({ kind: "json" }, bytes), { 温度: 1 });
  assert.equal(unpack({ kind: "bytes" }, bytes).length, 12);
  const arrays = [
    { name: "a", dtype: "uint8", shape: [3], offset: 0 },
    { name: "b", dtype: "int32", shape: [], offset: 8 },
  ];
  const body = new Uint8Array([1, 2, 3, 0, 0, 0, 0, 0, 5, 0, 0, 0]).buffer;
  const { a, b } = unpack({ kind: "arrays", arrays }, body);
  assert.deepEqual([[...a.data], [...b.data], b.shape], [[1, 2, 3], [5], []]);
});
