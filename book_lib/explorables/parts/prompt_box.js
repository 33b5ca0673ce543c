// Where the reader types a prompt for the model in the page, with a few to begin with.

import { presets } from "../kit/controls.js";
import { h, uniqueId } from "../kit/dom.js";
import { strings } from "../kit/strings.js";

export const LONGEST = 2000; // letters of a prompt, as in page_model.py
const PROMPTS = ["Return the", "If the argument is", "class Stack:"]; // subtle: no space at the end, for tokens bring their own before a word

const t = strings({
  en: { prompt: "Your prompt (Enter to read it)", prompts: "Prompts to begin with" },
  zh: { prompt: "你的提示（回车读入）", prompts: "现成的提示" },
});

/**
 * A box for the trait `prompt`.
 * @param {import("../kit/frame.js").Frame} f
 * @returns {(text: string) => void}  shows an error under it; "" takes it away
 */
export function promptBox(f) {
  const id = uniqueId("prompt");
  const input = h("textarea", { id, class: "xp-gpt-prompt", rows: 2, maxlength: LONGEST, autocomplete: "off", spellcheck: "false" });
  const errorId = uniqueId("error");
  const error = h("p", { class: "xp-error", role: "alert", id: errorId });
  const node = h("div", { class: "xp-field xp-gpt-field", "data-trait": "prompt" }, h("label", { for: id, class: "xp-label" }, t("prompt")), input, error);
  const row = h("div", { class: "xp-gpt-row" });
  f.stage.append(node, row);
  f.share("prompt", (v) => v.length <= LONGEST); // before the presets, which would take only their own
  presets(f, PROMPTS.map((prompt) => ({ label: prompt, set: { prompt } })), { label: t("prompts"), into: row });
  const show = () => {
    if (input.value !== f.model.get("prompt")) input.value = f.model.get("prompt");
  };
  const commit = () => {
    const typed = input.value.replace(/\p{Surrogate}/gu, ""); // half a letter, where a long text was cut: no address can carry it
    if (typed !== f.model.get("prompt")) f.assign({ prompt: typed });
  };
  input.addEventListener("change", commit, { signal: f.signal });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    commit();
  }, { signal: f.signal });
  f.watch("prompt", show);
  show();
  return (text) => {
    if (error.textContent !== text) error.textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    if (text) input.setAttribute("aria-describedby", errorId);
    else input.removeAttribute("aria-describedby");
  };
}
