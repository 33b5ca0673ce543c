// A model beside the page, loaded when the reader asks: a button that says how large it is, then how far it has come.

import { loadAsset } from "../kit/assets.js";
import { button } from "../kit/controls.js";
import { h } from "../kit/dom.js";
import { fixed } from "../kit/format.js";
import { strings } from "../kit/strings.js";
import { passage } from "./passage.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */
/** @typedef {Record<string, import("../kit/assets.js").Values>} Arrays */

const MEGABYTE = 1e6;

const t = strings({
  en: {
    load: "Load the model ({size} MB)", loading: "Loading: {loaded} of {size} MB", again: "Try again ({size} MB)",
    failed: "The model could not be loaded: {reason}", ready: "The model is here.",
    still: "Written earlier, when the book was built. Load the model, and it writes in your browser; nothing you type leaves it.",
    example: "An example",
  },
  zh: {
    load: "加载模型（{size} MB）", loading: "正在加载：{loaded} / {size} MB", again: "重试（{size} MB）",
    failed: "无法加载模型：{reason}", ready: "模型已加载。",
    still: "这是生成本书时写下的。加载模型后，它就在你的浏览器里写作；你输入的内容不会离开浏览器。",
    example: "一个例子",
  },
});

/**
 * Show the trait `example` and a button; once it is pressed, load what the trait `asset` names, of about `transfer` bytes.
 * @param {Frame} f
 * @param {(arrays: Arrays) => void} start  called when the model has come; what it throws is shown as a failure
 * @returns {() => void} the cleanup that `render` returns
 */
export function onRequest(f, start) {
  const { model } = f;
  const size = (/** @type {number} */ bytes) => fixed(bytes / MEGABYTE, 2);
  const total = /** @type {number} */ (model.get("transfer"));
  const status = h("p", { class: "xp-help", role: "status" });
  const bar = h("progress", { class: "xp-gpt-progress", max: 1, value: 0, "aria-label": t("loading", { loaded: size(0), size: size(total) }), hidden: true });
  const box = h("div", { class: "xp-gpt-ask" });
  const draw = passage(f, { label: t("example"), into: box });
  draw(/** @type {[string, number | null][]} */ (model.get("example")).map(([text, energy]) => ({ text, energy })));
  const row = h("div", { class: "xp-gpt-row" });
  box.append(h("p", { class: "xp-help" }, t("still")), row, status);
  const ask = button(f, { label: t("load", { size: size(total) }), into: row, primary: true, onClick: () => void load() });
  row.append(bar);
  f.stage.append(box);
  const fail = (/** @type {unknown} */ error) => {
    if (f.signal.aborted) return;
    status.textContent = t("failed", { reason: error instanceof Error ? error.message : String(error) });
    ask.textContent = t("again", { size: size(total) });
    ask.removeAttribute("aria-disabled");
    bar.hidden = true;
  };
  const load = async () => {
    if (ask.getAttribute("aria-disabled") === "true") return;
    ask.setAttribute("aria-disabled", "true"); // subtle: disabled for real, it would lose the focus
    bar.hidden = false;
    const onProgress = (/** @type {import("../kit/assets.js").Progress} */ p) => {
      bar.value = p.total ? p.loaded / p.total : 0;
      status.textContent = t("loading", { loaded: size(bar.value * total), size: size(total) }); // as sent: in letters, four for three bytes
    };
    onProgress({ loaded: 0, total });
    try {
      const arrays = await loadAsset(model.get("asset"), { model, signal: f.signal, onProgress });
      const held = f.root.contains(document.activeElement);
      box.remove();
      start(arrays);
      // subtle: not the box for the prompt, whose keyboard would cover half of a telephone
      if (held && document.activeElement === document.body) /** @type {HTMLElement | null} */ (f.root.querySelector("button"))?.focus();
      f.announce(t("ready"));
    } catch (error) {
      if (!box.isConnected) f.stage.prepend(box);
      fail(error);
    }
  };
  return f.destroy;
}
