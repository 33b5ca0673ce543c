// A conversation that the reader edits, as tokens of a chat template; which of them carry loss, and what a wrong mask leaves out.

import { createTokenizer, pairs } from "./core/bpe.js";
import { END, MASKS, ROLES, encodeChat, learntOf, mayFollow, problemOf, targetsOf } from "./core/chat_template.js";
import { button, choice, presets } from "./kit/controls.js";
import { h, setDisabled, uniqueId } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { bet, declined, isMade } from "./parts/bet.js";

const [MOST, LONGEST] = [8, 240]; // messages, and characters of each, as in loss_mask.py
const BETS = { all: 1, most: 0.7, less: 0.4 };

const t = strings({
  en: {
    name: "Which tokens of a conversation carry loss",
    ask: "The model is to learn to answer. How many of these {all} tokens add their −ln p to the loss?",
    askHow: "The row of tokens below is what the model reads: the conversation with the template’s special tokens. Say first; then they are marked.",
    betAll: "All of them", betMost: "Seven in ten", betLess: "Four in ten", skip: "Just show me",
    presets: "Conversations", english: "English", chinese: "中文", short: "Long question, short answer", literal: "A text that says <|end|>", disorder: "Roles out of order",
    role: "Role of message {n}", text: "Text of message {n}", remove: "Remove", removeName: "Remove message {n}", add: "Add a message", most: "At most {n} messages.",
    reset: "Reset",
    mask: "Carries loss", answers: "Answers and their <|end|>", no_end: "Answers without <|end|>", everything: "Everything",
    tokens: "The conversation as tokens", key: "Shaded and underlined: carries loss. Rounded: special token. ␣: a space, ↵: a new line, two digits in brackets: a byte of a character.",
    keyMissing: "Struck out and dashed: left out by the fault.",
    message: "message", place: "place", token: "token", id: "id", target: "to be predicted there", loss: "carries loss", yes: "yes", no: "no", nothing: "nothing",
    tokensRead: "Tokens", taught: "Carry loss", share: "Share", ends: "End tokens that teach", percent: "{v} %", ofAll: "{v} of {all}",
    sayHidden: "{tokens} tokens: {text} of text and {special} of the template. Which of them carry loss, you see after your bet.",
    sayAnswers: "{taught} of {tokens} tokens carry loss, {share} %: {own} in {answers}, and {ends}. All others are read, and nothing is learnt from them.",
    sayNoEnd: "{taught} of {tokens} tokens carry loss, {share} %: {own} in {answers}, and no <|end|>. No number looks wrong in training. But nothing teaches the model to stop, and it will talk on.",
    sayEverything: "{taught} of {tokens} tokens carry loss: all but the first, before which nothing stands. {other} of them are no answer: the model learns as hard to ask the user’s questions.",
    oneAnswer: "one answer", severalAnswers: "{n} answers", oneEnd: "the <|end|> that closes it", severalEnds: "the {n} <|end|> that close them",
    literalNote: " In a message “{name}” is text, of {n} tokens, and ends nothing.",
    right: " You bet right.", wrong: " You bet “{bet}”; here it is {share} %.",
    problem: "Nothing can be learnt from this: {what}",
    unknown: "message {n} has a role that is none.", roleFirst: "message {n} must be the system’s or the user’s, for it is the first; it is the {role}’s.",
    roleNext: "after the {before}’s message must come the {expected}’s, but message {n} is the {role}’s.",
    empty: "message {n}, the {role}’s, is empty.", unanswered: "the conversation ends with message {n}, the {role}’s; no answer follows that could be learnt.", none: "there is no message.",
    system: "system", user: "user", assistant: "assistant",
  },
  zh: {
    name: "对话中哪些词元计入损失",
    ask: "模型要学会回答。这 {all} 个词元中，有多少的 −ln p 被加进损失？",
    askHow: "下面一行就是模型读到的：对话加上模板的特殊词元。请先猜，然后才会标出。",
    betAll: "全部", betMost: "七成", betLess: "四成", skip: "直接看",
    presets: "对话", english: "English", chinese: "中文", short: "长问短答", literal: "文字里写着 <|end|>", disorder: "角色顺序错误",
    role: "第 {n} 条消息的角色", text: "第 {n} 条消息的文字", remove: "删除", removeName: "删除第 {n} 条消息", add: "添加一条消息", most: "最多 {n} 条消息。",
    reset: "重置",
    mask: "计入损失的是", answers: "回答及其 <|end|>", no_end: "回答，不含 <|end|>", everything: "全部",
    tokens: "对话的词元", key: "有底色和下划线：计入损失。圆角：特殊词元。␣：空格，↵：换行，尖括号内两位数：字符的一个字节。",
    keyMissing: "删除线加虚框：被这个错误漏掉。",
    message: "消息", place: "位置", token: "词元", id: "编号", target: "此处要预测", loss: "计入损失", yes: "是", no: "否", nothing: "无",
    tokensRead: "词元数", taught: "计入损失", share: "占比", ends: "教停止的结束词元", percent: "{v}%", ofAll: "{v}/{all}",
    sayHidden: "{tokens} 个词元：{text} 个是文字，{special} 个是模板。哪些计入损失，下注后可见。",
    sayAnswers: "{tokens} 个词元中有 {taught} 个计入损失，占 {share}%：{answers}的 {own} 个，以及{ends}。其余只供阅读，不从中学习。",
    sayNoEnd: "{tokens} 个词元中有 {taught} 个计入损失，占 {share}%：{answers}的 {own} 个，没有 <|end|>。训练时没有任何数字显得不对；但没有什么教模型停下，它会一直说下去。",
    sayEverything: "{tokens} 个词元中有 {taught} 个计入损失：除了前面什么也没有的第一个。其中 {other} 个不是回答：模型同样用力地学着提用户的问题。",
    oneAnswer: "一个回答", severalAnswers: "{n} 个回答", oneEnd: "结束它的 <|end|>", severalEnds: "结束它们的 {n} 个 <|end|>",
    literalNote: "消息里的“{name}”只是文字，占 {n} 个词元，什么也不结束。",
    right: "你猜对了。", wrong: "你猜的是“{bet}”；这里是 {share}%。",
    problem: "无法从中学习：{what}",
    unknown: "第 {n} 条消息的角色不存在。", roleFirst: "第 {n} 条是第一条，必须是系统或用户的消息，现在是{role}的。",
    roleNext: "{before}的消息之后必须是{expected}的，但第 {n} 条是{role}的。",
    empty: "第 {n} 条消息（{role}）是空的。", unanswered: "对话结束于第 {n} 条消息（{role}），后面没有可学的回答。", none: "没有消息。",
    system: "系统", user: "用户", assistant: "助手",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./core/chat_template.js").Message} Message */
/** @typedef {ReturnType<typeof createTokenizer>} Tokenizer */
/**
 * @typedef {object} State
 * @property {Tokenizer} tokenizer
 * @property {Message[]} messages
 * @property {import("./core/chat_template.js").Problem | null} problem
 * @property {import("./core/chat_template.js").Encoded} encoded
 * @property {boolean[]} learnt  which tokens carry loss; none while there is a problem
 * @property {string} mask
 * @property {string} bet
 */

/** @param {...[string, string]} rows */
const line = (...rows) => JSON.stringify({ messages: rows.map(([role, content]) => ({ role, content })) });
const EXAMPLES = {
  english: line(["system", "You talk about Python. Be brief."], ["user", "Tell me about the list."], ["assistant", "The list is fast and clear."],
    ["user", "And the string?"], ["assistant", "A string is slow. It is also simple."]), // as in loss_mask.py
  chinese: line(["system", "你谈论 Python，回答简短。"], ["user", "列表是什么？"], ["assistant", "一串有次序的值。"], ["user", "集合呢？"], ["assistant", "没有次序，也没有重复。"]),
  short: line(["user", "What do you think of the module? I have read about it, and do not know what to make of it."], ["assistant", "The module is neat and hard."]),
  literal: line(["user", "Say <|end|> and stop."], ["assistant", "<|end|>"]),
  disorder: line(["system", "Be brief."], ["assistant", "The list is fast and clear."], ["user", "Tell me about the list."]),
};

/**
 * The messages of a line of JSON; null if it holds none that the page can show.
 * @param {string} text @returns {Message[] | null}
 */
export function unpacked(text) {
  try {
    const { messages } = JSON.parse(text);
    const good = Array.isArray(messages) && messages.length > 0 && messages.length <= MOST
      && messages.every(({ role, content }) => ROLES.includes(role) && typeof content === "string" && cropped(content) === content);
    return good ? messages.map(({ role, content }) => ({ role, content })) : null;
  } catch {
    return null;
  }
}

/** @param {Message[]} messages */
const packed = (messages) => JSON.stringify({ messages: messages.map(({ role, content }) => ({ role, content })) });

/** At most so many characters, none of them cut in half. @param {string} text */
export const cropped = (text) => (text.length > LONGEST ? [...text].slice(0, LONGEST).join("") : text);

/** @param {(trait: string) => any} get */
export const tokenizerOf = (get) => createTokenizer({ merges: pairs(get("merges")), specials: get("specials"), split: get("split") });

/** @param {Tokenizer} tokenizer @param {(trait: string) => any} get @returns {State} */
export function stateOf(tokenizer, get) {
  const messages = unpacked(get("conversation")) ?? [];
  const [problem, encoded] = [problemOf(messages), encodeChat(tokenizer, messages)];
  const learnt = problem ? encoded.ids.map(() => false) : learntOf(encoded, get("mask"), tokenizer.specials[END]);
  return { tokenizer, messages, problem, encoded, learnt, mask: get("mask"), bet: get("prediction") };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "loss_mask", label: t("name") });
  const get = (/** @type {string} */ trait) => model.get(trait);
  const shipped = get("conversation");
  let tokenizer = tokenizerOf(get);
  let state = stateOf(tokenizer, get);
  const rows = editor(f);
  let card = question(f, state);
  let [asked, staked, made] = [get("conversation"), get("conversation"), get("prediction")]; // what the question is about, and the bet
  const show = picture(f);
  const draw = () => {
    state = stateOf(tokenizer, get);
    const text = get("conversation");
    rows(state.messages);
    if (!isMade(f) && (text !== asked || state.problem)) { // another conversation, another question
      card.close();
      [card, asked] = [question(f, state), text];
    }
    if (!state.problem) card.show();
    if (state.bet !== made) [made, staked] = [state.bet, text];
    show(made && text !== staked ? { ...state, bet: "skipped" } : state); // a bet on one conversation says nothing of another
  };
  choice(f, { trait: "mask", label: t("mask"), options: MASKS.map((value) => ({ value, label: t(value) })), onInput: (_, { user }) => user && f.assign(declined(f)) });
  f.root.insertBefore(f.controls, f.stage);
  const back = () => f.assign({ conversation: shipped, mask: "answers" });
  button(f, { label: t("reset"), where: "toolbar", onClick: back });
  f.root.addEventListener("xp:reset", back, { signal: f.signal });
  for (const trait of ["conversation", "mask", "prediction"]) f.watch(trait, draw);
  for (const trait of ["merges", "specials", "split"]) f.watch(trait, () => {
    tokenizer = tokenizerOf(get);
    draw();
  });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {State} state */
function question(f, { encoded }) {
  return bet(f, { ask: t("ask", { all: encoded.ids.length }), how: t("askHow"), also: () => ({ mask: "answers" }),
    answers: [["all", t("betAll")], ["most", t("betMost")], ["less", t("betLess")], ["skipped", t("skip")]] });
}

// ------------------------------------------------------------------------------------------------ the editor

/** A row for each message: its role, its text, a button that removes it; returns the function that follows the model. @param {Frame} f */
function editor(f) {
  const get = () => unpacked(f.model.get("conversation")) ?? [];
  const put = (/** @type {Message[]} */ messages) => f.assign({ conversation: packed(messages) });
  const edit = (/** @type {number} */ k, /** @type {Partial<Message>} */ change) => put(get().map((one, i) => (i === k ? { ...one, ...change } : one)));
  const list = h("div", { class: "xp-lm-rows" });
  const top = h("div", { class: "xp-lm-top" });
  presets(f, Object.entries(EXAMPLES).map(([key, conversation]) => ({ label: t(key), set: { conversation } })), { label: t("presets"), into: top });
  top.append(list);
  f.root.insertBefore(top, f.stage);
  f.share("conversation", (v) => typeof v === "string" && unpacked(v) !== null);
  /** @type {ReturnType<typeof messageRow>[]} */
  const rows = [];
  const remove = (/** @type {number} */ k) => {
    put(get().filter((_, i) => i !== k));
    rows[Math.min(k, rows.length - 1)].focus(); // the keyboard stays where it was
  };
  const add = button(f, { label: t("add"), into: top, onClick: () => {
    const messages = get();
    put([...messages, { role: mayFollow(messages.at(-1)?.role).at(-1) ?? "user", content: "" }]);
    rows[rows.length - 1].focus(true);
  } });
  return (/** @type {Message[]} */ messages) => {
    while (rows.length > messages.length) rows.pop()?.node.remove();
    while (rows.length < messages.length) {
      const row = messageRow(f, rows.length, edit, remove);
      rows.push(row);
      list.append(row.node);
    }
    messages.forEach((message, k) => rows[k].show(message, messages.length === 1));
    setDisabled(add, messages.length >= MOST);
    add.title = messages.length >= MOST ? t("most", { n: MOST }) : "";
  };
}

/**
 * @param {Frame} f @param {number} k
 * @param {(k: number, change: Partial<Message>) => void} edit @param {(k: number) => void} remove
 */
function messageRow(f, k, edit, remove) {
  const id = uniqueId("role");
  const n = k + 1;
  const select = h("select", { id, class: "xp-select" }, ...ROLES.map((role) => h("option", { value: role }, t(role))));
  const area = h("textarea", { class: "xp-lm-text", rows: 1, maxlength: 2 * LONGEST, spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-label": t("text", { n }) });
  const field = h("div", { class: "xp-field" }, h("label", { for: id, class: "xp-hidden" }, t("role", { n })), select);
  const text = h("div", { class: "xp-field xp-lm-field" }, area);
  const node = h("div", { class: "xp-lm-row", role: "group", "aria-label": `${t("message")} ${n}` }, field, text);
  const off = button(f, { label: t("remove"), into: node, onClick: () => remove(k) });
  off.setAttribute("aria-label", t("removeName", { n }));
  select.addEventListener("change", () => edit(k, { role: select.value }), { signal: f.signal });
  const read = () => {
    const content = cropped(area.value);
    if (area.value !== content) area.value = content;
    edit(k, { content });
  };
  area.addEventListener("input", (event) => void (/** @type {InputEvent} */ (event).isComposing || read()), { signal: f.signal });
  area.addEventListener("compositionend", read, { signal: f.signal });
  return {
    node,
    /** @param {boolean} [typing]  into the text rather than on the button */
    focus: (typing = false) => (typing || off.disabled ? area : off).focus(),
    /** @param {Message} message @param {boolean} only */
    show({ role, content }, only) {
      if (select.value !== role) select.value = role;
      if (area.value !== content) area.value = content;
      area.rows = Math.min(4, Math.max(1, Math.ceil(content.length / 60), content.split("\n").length));
      off.toggleAttribute("disabled", only);
    },
  };
}

// ------------------------------------------------------------------------------------------------ the picture

/** Everything one sees; returns the function that draws it. @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-loss-mask");
  const caption = h("p", { class: "xp-caption" });
  const boxes = h("div", { class: "xp-lm-tokens", role: "img" });
  const missing = h("span", {}, ` ${t("keyMissing")}`);
  f.stage.append(caption, boxes, h("p", { class: "xp-help" }, t("key"), missing));
  const numbers = readouts(f);
  /** @type {State | null} */
  let current = null;
  f.addTable(() => ({ caption: t("tokens"), columns: ["place", "message", "token", "id", "loss", "target"].map((key) => t(key)), rows: current ? tableRows(current) : [] }));
  return (/** @type {State} */ state) => {
    current = state;
    const text = sentence(state);
    if (caption.textContent !== text) caption.textContent = text;
    caption.classList.toggle("xp-lm-wrong", state.problem !== null);
    f.announce(text);
    boxes.replaceChildren(...tokenLines(state));
    boxes.setAttribute("aria-label", heard(state));
    missing.hidden = !faulty(state);
    numbers(state);
    f.tableChanged();
  };
}

/** Whether the marks may be seen. @param {State} state */
const told = ({ problem, bet: made }) => made !== "" && problem === null;

/** Whether it shows what the silent fault leaves out. @param {State} state */
const faulty = (state) => told(state) && state.mask === "no_end";

/** A token for the eye. @param {Tokenizer} tokenizer @param {number} id */
export const shown = (tokenizer, id) => tokenizer.show(id).replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥");

/** @param {Tokenizer} tokenizer @param {number} id */
const isSpecial = (tokenizer, id) => Object.values(tokenizer.specials).includes(id);

/** A line of boxes for each message. @param {State} state */
function tokenLines(state) {
  const { tokenizer, messages, encoded: { ids, answer, message }, learnt } = state;
  const lines = messages.map(() => h("p", { class: "xp-lm-line" }));
  ids.forEach((id, i) => {
    const kinds = ["xp-lm-token", isSpecial(tokenizer, id) && "xp-lm-special", told(state) && learnt[i] && "xp-lm-learnt",
      faulty(state) && answer[i] && !learnt[i] && "xp-lm-missing"];
    lines[message[i]].append(h("span", { class: kinds.filter(Boolean).join(" ") }, shown(tokenizer, id)));
  });
  return lines;
}

/** What a listener hears of the tokens: each message, its pieces, and whether it is learnt from. @param {State} state */
function heard(state) {
  const { tokenizer, messages, encoded: { ids, message }, learnt } = state;
  const lines = messages.map((_, k) => {
    const own = ids.flatMap((id, i) => (message[i] === k ? [shown(tokenizer, id)] : [])).join(" | ");
    const count = learnt.filter((one, i) => one && message[i] === k).length;
    return told(state) ? `${own} (${t("taught")}: ${count})` : own;
  });
  return `${t("tokens")}: ${lines.join(". ")}`;
}

/** @param {State} state @returns {(string | number)[][]} */
function tableRows(state) {
  const { tokenizer, encoded: { ids, message }, learnt } = state;
  const targets = targetsOf(ids, learnt);
  return ids.map((id, i) => [i + 1, message[i] + 1, shown(tokenizer, id), id, told(state) ? t(learnt[i] ? "yes" : "no") : "–",
    told(state) ? (targets[i] < 0 ? t("nothing") : shown(tokenizer, targets[i])) : "–"]);
}

/** What there is to see, in a few sentences. @param {State} state */
export function sentence(state) {
  const { tokenizer, messages, problem, encoded: { ids, answer }, learnt, mask, bet: made } = state;
  if (problem) return t("problem", { what: wrong(problem, messages) });
  const [answers, taught] = [messages.filter(({ role }) => role === "assistant").length, learnt.filter(Boolean).length];
  const special = 2 * messages.length;
  const share = fixed((100 * taught) / ids.length, 0);
  const own = answer.filter(Boolean).length;
  const values = { tokens: ids.length, special, text: ids.length - special, taught, share, own: own - answers, other: taught - own,
    answers: t(answers === 1 ? "oneAnswer" : "severalAnswers", { n: answers }), ends: t(answers === 1 ? "oneEnd" : "severalEnds", { n: answers }) };
  const literal = Object.keys(tokenizer.specials).find((name) => messages.some(({ content }) => content.includes(name)));
  const note = literal ? t("literalNote", { name: literal, n: tokenizer.encode(literal).length }) : "";
  if (!made) return t("sayHidden", values) + note;
  const begin = t({ answers: "sayAnswers", no_end: "sayNoEnd" }[mask] ?? "sayEverything", values);
  return begin + note + (mask === "answers" ? verdict(made, taught / ids.length) : "");
}

/** @param {import("./core/chat_template.js").Problem} problem @param {Message[]} messages */
export function wrong({ kind, index, expected }, messages) {
  const name = (/** @type {string | undefined} */ role) => (role && ROLES.includes(role) ? t(role) : "");
  const values = { n: index + 1, role: name(messages[index]?.role), before: name(messages[index - 1]?.role), expected: name(expected[0]) };
  return t(kind === "role" ? (index ? "roleNext" : "roleFirst") : kind, values);
}

/** @param {string} made @param {number} share */
function verdict(made, share) {
  const value = BETS[/** @type {keyof typeof BETS} */ (made)];
  if (value === undefined) return "";
  const nearest = Object.values(BETS).reduce((best, one) => (Math.abs(one - share) < Math.abs(best - share) ? one : best));
  return value === nearest ? t("right") : t("wrong", { bet: t({ all: "betAll", most: "betMost", less: "betLess" }[made] ?? "skip"), share: fixed(100 * share, 0) });
}

/** @param {Frame} f */
function readouts(f) {
  const whole = (/** @type {number} */ v) => (Number.isFinite(v) ? String(v) : "–");
  const tokens = readout(f, { name: "tokens", label: t("tokensRead"), format: whole, width: 4 });
  const taught = readout(f, { name: "taught", label: t("taught"), format: whole, width: 4 });
  const share = readout(f, { name: "share", label: t("share"), format: (v) => (Number.isFinite(v) ? t("percent", { v: fixed(100 * v, 1) }) : "–"), width: 7 });
  const ends = readout(f, { name: "ends", label: t("ends"), format: whole, width: 2 });
  return (/** @type {State} */ state) => {
    const { tokenizer, problem, encoded: { ids }, learnt } = state;
    const open = told(state);
    const count = learnt.filter(Boolean).length;
    tokens(ids.length);
    taught(open ? count : NaN);
    share(open ? count / ids.length : NaN);
    ends(open ? ids.filter((id, i) => learnt[i] && id === tokenizer.specials[END]).length : NaN);
    f.setReadout("ids", ids.join(" "));
    f.setReadout("targets", open ? targetsOf(ids, learnt).join(" ") : "");
    f.setReadout("problem", problem ? `${problem.kind} ${problem.index}` : "");
  };
}

export default { render };
