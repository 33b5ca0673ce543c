// A conversation as one row of tokens, and which of them are learnt: book_lib.pipeline.chat.ChatTemplate in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/chat_template.json.

/** @typedef {{role: string, content: string}} Message */
/** @typedef {{ids: number[], answer: boolean[], message: number[]}} Encoded  answer: whether a token is the assistant's own; message: the place of its message */
/** @typedef {{kind: "none" | "unknown" | "role" | "empty" | "unanswered", index: number, expected: string[]}} Problem  expected: roles that may stand there */
/** @typedef {Pick<import("./bpe.js").Tokenizer, "encode" | "specials">} Tokenizer */

export const ROLES = ["system", "user", "assistant"];
export const END = "<|end|>";
export const MASKS = ["answers", "no_end", "everything"];
export const NOTHING_ASKED = -1; // the target of a place that is not to be learnt

const BLANK = /^[\p{White_Space}\x1c-\x1f]*$/u; // what Python's strip takes away

/**
 * What is wrong with a conversation to learn from: the first fault, as check_conversation of the library finds it.
 * @param {Message[]} messages @returns {Problem | null}
 */
export function problemOf(messages) {
  if (!messages.length) return { kind: "none", index: 0, expected: [] };
  for (const [index, { role, content }] of messages.entries()) {
    const expected = mayFollow(messages[index - 1]?.role);
    if (!ROLES.includes(role)) return { kind: "unknown", index, expected };
    if (!expected.includes(role)) return { kind: "role", index, expected };
    if (BLANK.test(content)) return { kind: "empty", index, expected };
  }
  const index = messages.length - 1;
  return messages[index].role === "assistant" ? null : { kind: "unanswered", index, expected: ["assistant"] };
}

/** The roles that may come next: the assistant after the user, else the user, who may stand behind a system message. @param {string | undefined} before */
export const mayFollow = (before) => (before === undefined ? ["system", "user"] : before === "user" ? ["assistant"] : ["user"]);

/**
 * Each message is `<|role|>`, its text, and `<|end|>`; in the text no special token is looked for. The order is not checked.
 * @param {Tokenizer} tokenizer  with the template's special tokens @param {Message[]} messages @returns {Encoded}
 */
export function encodeChat(tokenizer, messages) {
  const own = messages.map(({ role, content }) => [tokenizer.specials[`<|${role}|>`], ...tokenizer.encode(content), tokenizer.specials[END]]);
  return {
    ids: own.flat(),
    answer: own.flatMap((row, k) => row.map((_, i) => i > 0 && messages[k].role === "assistant")),
    message: own.flatMap((row, k) => row.map(() => k)),
  };
}

/**
 * Which tokens carry loss: the answers with the `<|end|>` that closes each; the same without it, which is a fault that
 * nothing reports; or everything that something stands before.
 * @param {Encoded} encoded @param {string} mask  one of MASKS @param {number} end  the id of `<|end|>`
 */
export function learntOf({ ids, answer }, mask, end) {
  if (mask === "everything") return ids.map((_, t) => t > 0);
  return answer.map((own, t) => own && (mask === "answers" || ids[t] !== end));
}

/** What each place is to predict: the next token where that is learnt, −1 elsewhere. @param {number[]} ids @param {boolean[]} learnt */
export const targetsOf = (ids, learnt) => ids.map((_, t) => (learnt[t + 1] ? ids[t + 1] : NOTHING_ASKED));
