// Explorables that cannot begin before their data are there.

import { loadAsset } from "./assets.js";
import { h } from "./dom.js";

const PATIENCE = 2000; // ms for which the rest of the page waits for the data

/**
 * Load what the trait `asset` names, then start; meanwhile, and if it fails, say so.
 *
 * @param {import("./frame.js").Frame} f
 * @param {{loading: string, failed: (reason: string) => string}} words
 * @param {(data: any) => void} start  called with what `loadAsset` gives
 * @returns {Promise<() => void>} the cleanup that `render` returns
 */
export async function whenLoaded(f, words, start) {
  const { model } = f;
  const waiting = h("p", { class: "xp-help", role: "status" }, words.loading);
  f.stage.append(waiting);
  let late = false;
  const loaded = loadAsset(model.get("asset"), { model, signal: f.signal }).then((data) => {
    waiting.remove();
    start(data);
  }, (error) => {
    waiting.textContent = words.failed(error instanceof Error ? error.message : String(error));
    if (!f.static || late) return;
    f.destroy();
    throw error; // the host shows the picture in our place
  });
  // The page mounts its explorables one after the other: a slow connection must not hold up those below.
  await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  late = true;
  return f.destroy;
}
