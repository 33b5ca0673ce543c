// Quick questions. Each wrong option has its own reply; answers stay in this browser.

import { button } from "./kit/controls.js";
import { h, uniqueId } from "./kit/dom.js";
import { frame } from "./kit/frame.js";
import { recall, remember } from "./kit/memory.js";
import { judge, pieces } from "./kit/quiz.js";
import { t } from "./kit/strings.js";

/** @typedef {import("./kit/frame.js").Model} Model */
/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/quiz.js").Question} Question */
/** @typedef {number | string | null} Answer  an option's index, a typed number, or nothing */

/**
 * Text with its `code`, subscripts and superscripts.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function rich(text) {
  return pieces(text).map((piece) => (piece.tag ? h(piece.tag, {}, piece.text) : piece.text));
}

/** @param {{model: Model, el: HTMLElement}} host */
function render({ model, el }) {
  const f = frame({ model, el, name: "quiz", label: t("quizTitle"), fullScreen: false });
  /** @type {Question[]} */
  const questions = model.get("questions");
  const key = `quiz.${model.get("name")}`;
  const kept = recall(key);
  const given = model.get("answers").length ? model.get("answers") : Array.isArray(kept) ? kept : [];
  /** @type {Answer[]} */
  const answers = questions.map((_, i) => given[i] ?? null);

  const items = questions.map((question, i) => item(f, question, i, questions.length, (answer) => {
    answers[i] = answer;
    remember(key, answers.every((a) => a === null) ? null : answers);
    publish();
  }));
  const publish = () => {
    const right = questions.filter((q, i) => answers[i] !== null && judge(q, answers[i] ?? "")?.right).length;
    f.setReadout("answered", answers.filter((a) => a !== null).length);
    f.setReadout("right", right);
    f.model.set("answers", [...answers]);
    f.model.save_changes();
  };
  f.stage.append(...items.map((one) => one.node));
  items.forEach((one, i) => one.restore(answers[i]));
  f.watch("answers", (next) => items.forEach((one, i) => {
    if ((next[i] ?? null) === answers[i]) return;
    answers[i] = next[i] ?? null;
    one.restore(answers[i]);
    publish();
  }));
  publish();
  return f.destroy;
}

/**
 * One question with its Check button and its reply.
 * @param {Frame} f
 * @param {Question} question
 * @param {number} i
 * @param {number} all
 * @param {(answer: Answer) => void} commit
 */
function item(f, question, i, all, commit) {
  const form = question.kind === "choice" ? options(f, question) : numberLine(f, question);
  const reply = h("p", { class: "xp-reply", role: "status" });
  const node = h("fieldset", { class: "xp-quiz-item" },
    h("legend", {}, h("span", { class: "xp-count" }, t("quizQuestion", { n: i + 1, all })), ...rich(question.text)),
    form.node);
  /** @param {string} state @param {...(Node | string)} words */
  const say = (state, ...words) => {
    node.dataset.state = state;
    reply.replaceChildren(...words);
  };
  const show = (/** @type {Answer} */ answer) => {
    const verdict = answer === null ? null : judge(question, answer);
    if (!verdict) return say("");
    const no = question.kind === "numeric" ? t("quizNot", { answer }) : t("quizWrong");
    const mark = h("strong", {}, verdict.right ? t("quizRight") : no);
    const see = question.see && h("a", { href: question.see.href }, question.see.text);
    const belief = verdict.misconception ? [h("em", {}, ...rich(verdict.misconception)), ". "] : [];
    say(verdict.right ? "right" : "wrong", mark, " ", ...belief, ...rich(verdict.reply), ...(see ? [" ", see] : []));
  };
  const check = () => {
    const answer = form.read();
    if (answer === null || !judge(question, answer)) return say("missing", t(question.kind === "choice" ? "quizPick" : "quizNumber"));
    show(answer);
    commit(answer);
  };
  form.onChange(() => say(""));
  form.onEnter(check);
  const row = h("div", { class: "xp-quiz-row" });
  button(f, { label: t("quizCheck"), into: row, onClick: check });
  row.append(reply);
  node.append(row);
  return {
    node,
    restore(/** @type {Answer} */ answer) {
      form.write(answer);
      show(answer);
    },
  };
}

/** @param {Frame} f @param {import("./kit/quiz.js").ChoiceQuestion} question */
function options(f, question) {
  const name = uniqueId("quiz");
  const radios = question.options.map((_, k) => h("input", { type: "radio", name, value: k }));
  const node = h("div", { class: "xp-options" },
    ...question.options.map((option, k) => h("label", { class: "xp-option" }, radios[k], h("span", {}, ...rich(option.text)))));
  return {
    node,
    read: () => (radios.some((r) => r.checked) ? radios.findIndex((r) => r.checked) : null),
    write: (/** @type {Answer} */ answer) => radios.forEach((radio, k) => void (radio.checked = k === answer)),
    onChange: (/** @type {() => void} */ fn) => node.addEventListener("change", fn, { signal: f.signal }),
    onEnter: (/** @type {() => void} */ fn) => onEnter(f, node, fn),
  };
}

/** @param {Frame} f @param {import("./kit/quiz.js").NumericQuestion} question */
function numberLine(f, question) {
  const id = uniqueId("quiz");
  const input = h("input", { id, type: "text", inputmode: "decimal", class: "xp-number", autocomplete: "off", spellcheck: "false" });
  const label = t("quizAnswer") + (question.unit ? ` (${t("quizUnit", { unit: question.unit })})` : "");
  const node = h("div", { class: "xp-options xp-answer" }, h("label", { for: id, class: "xp-label" }, label), input);
  return {
    node,
    read: () => (input.value.trim() === "" ? null : input.value.trim()),
    write: (/** @type {Answer} */ answer) => void (input.value = answer === null ? "" : String(answer)),
    onChange: (/** @type {() => void} */ fn) => input.addEventListener("input", fn, { signal: f.signal }),
    onEnter: (/** @type {() => void} */ fn) => onEnter(f, input, fn),
  };
}

/** @param {Frame} f @param {HTMLElement} node @param {() => void} fn */
function onEnter(f, node, fn) {
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return; // an input method ends a word by Enter
    event.preventDefault();
    fn();
  }, { signal: f.signal });
}

export default { render };
