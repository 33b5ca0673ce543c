// The question before a backward step: which bar will it be? Wrong answers that have a reason are told it.

import { button } from "../kit/controls.js";
import { h, uniqueId } from "../kit/dom.js";
import { parseNumber } from "../kit/quiz.js";
import { wrapped } from "./graph_words.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */
/** @typedef {{key: string, soFar: number, bar: number, slope: number, words: Record<string, string>}} Question */

/** Whether an answer means this number: to one part in a hundred, or to half a unit of the second decimal. @param {number} answer @param {number} value */
export const near = (answer, value) => Math.abs(answer - value) <= Math.max(0.01 * Math.abs(value), Math.min(0.005, 0.1 * Math.abs(value)));

/** What is behind an answer: the key of the reply. @param {number} answer @param {Question} question */
export function diagnose(answer, { soFar, bar, slope }) {
  const brings = bar * slope;
  if (near(answer, soFar + brings)) return "replyRight";
  if (soFar !== 0 && near(answer, brings)) return "replyOne";
  if (near(-answer, soFar + brings)) return "replySign";
  if (near(answer, slope)) return "replyLocal";
  if (near(answer, bar)) return "replyBar";
  return slope !== 0 && near(answer, bar / slope) ? "replyDivide" : "replyWrong";
}

/**
 * @param {Frame} f @param {(key: string, values?: Record<string, unknown>) => string} t
 * @param {() => void} onRight  take the step
 * @param {() => void} onLeave  the box is about to hide what has the focus
 */
export function askBox(f, t, onRight, onLeave) {
  const id = uniqueId("bar");
  const text = h("p", { class: "xp-cg-question" });
  const label = h("label", { for: id, class: "xp-label" });
  const input = h("input", { id, type: "text", class: "xp-number", inputmode: "text", autocomplete: "off" });
  const reply = h("p", { class: "xp-cg-reply", role: "status" });
  const score = h("p", { class: "xp-cg-score" });
  const row = h("div", { class: "xp-pair" }, input);
  const field = h("div", { class: "xp-field" }, label, row);
  const node = h("div", { class: "xp-cg-ask" }, text, field, reply, score);
  let question = /** @type {Question | null} */ (null);
  let [asked, right, missed] = [0, 0, false];
  const say = (/** @type {string} */ key, answer = "") => {
    const { so_far: soFar = "", bar = "", slope = "", sum = "" } = question?.words ?? {};
    const way = `${question?.soFar ? `${soFar} + ${wrapped(bar)}` : bar} × ${wrapped(slope)} = ${sum}`;
    reply.textContent = t(key, { ...question?.words, answer, way });
    node.setAttribute("data-state", key === "replyRight" ? "right" : "wrong");
  };
  const check = () => {
    if (!question) return;
    const answer = parseNumber(input.value);
    if (!Number.isFinite(answer)) return say("replyNumber");
    const key = diagnose(answer, question);
    say(key, input.value.trim());
    if (key !== "replyRight") return void (missed = true);
    [asked, right] = [asked + 1, right + (missed ? 0 : 1)];
    score.textContent = t("score", { asked, right });
    onRight();
  };
  button(f, { label: t("quizCheck"), into: row, onClick: check });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // subtle: the key would press the button that has the focus after the last answer
    check();
  }, { signal: f.signal });
  return {
    node,
    focus: () => input.focus(),
    /**
     * @param {Question | null} next  null: there is nothing to ask now
     * @param {boolean} [done]  the walk is over: the last reply and the score stay
     */
    ask(next, done = false) {
      if (!next) {
        if (node.contains(document.activeElement)) onLeave();
        question = null;
        text.textContent = "";
        field.hidden = true;
        if (node.getAttribute("data-state") !== "right") reply.textContent = "";
        if (!done || !asked) node.remove();
        return;
      }
      field.hidden = false;
      if (!node.isConnected) f.stage.append(node);
      if (question?.key === next.key) return;
      if (!question || node.getAttribute("data-state") !== "right") reply.textContent = "";
      question = next;
      missed = false;
      input.value = "";
      node.removeAttribute("data-state");
      text.textContent = t("question", next.words);
      label.textContent = t("questionAnswer", next.words);
    },
  };
}
