// What a transformer costs: parameters, memory and arithmetic, from its sizes.

import { PRESETS, activationsPerToken, flops, headWidth, memory, parameters } from "./core/transformer_costs.js";
import { choice, presets, slider, toggle } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { bet } from "./parts/bet.js";
import { sized } from "./parts/sized.js";
import { stacked } from "./parts/stacked.js";
import { grouped, transformerWords } from "./parts/transformer_words.js";

const VOCABULARIES = [27, 256, 512, 1000, 2000, 5000, 10_000, 20_000, 32_000, 50_257, 100_000, 200_000, 500_000];
const CONTEXTS = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
const PARTS = /** @type {const} */ (["tokens", "positions", "attention", "feedForward", "norms", "unembedding"]);
const NUMBERS = ["layers", "width", "heads", "vocabulary", "context"];

const t = strings({
  en: {
    ...transformerWords.en,
    name: "What a transformer costs",
    ask: "Twice as many heads, and the width stays. What becomes of the number of parameters?", askHow: "Say so first; the answer comes at once, for the model below.",
    betSame: "it stays", betDouble: "it doubles", betAttention: "attention's part doubles", skip: "Just show me",
    layers: "Layers", width: "Width", heads: "Heads in each layer", vocabulary: "Vocabulary", context: "Context, tokens", tied: "Unembedding tied to the embedding",
    precision: "Numbers", float32: "32 bits", bfloat16: "16 bits, mixed", cache: "Cache", int8: "8 bits", cache32: "32 bits", cache16: "16 bits", batch: "Texts at once", tokensSeen: "Tokens seen in training", stored: "Keep attention's weights for the way back",
    parameters: "Parameters: ", training: "Memory to train: ", generating: "Memory to write: ", title: "Parts",
    tokens: "token embedding", positions: "position embedding", attention: "attention", feedForward: "feed-forward", norms: "normalisation", unembedding: "unembedding",
    weights: "weights", gradients: "gradients", adam: "Adam", adamCopy: "Adam and 32-bit weights", activations: "activations", keys: "keys and values",
    say: "{total} parameters, of which blocks hold {share} %, each {block}.", sayHeads: "{heads} heads of {size} numbers each share the width {width}.",
    misfit: "{heads} heads do not divide a width of {width}: there is no such model, though its parameters can be counted.",
    sayMemory: "Training takes {bytes} for each parameter before any activation, writing {few}.", sayFlops: "Training on {tokens} tokens takes 6ND = {training} operations; a token written takes 2N = {token}, and looking back over a full context {share} % on top.",
    foretold: "With {heads} heads instead of {now} it has {total} parameters.", foretoldRight: "You foretold: {what}. Right: heads share the width out.", foretoldWrong: "You foretold: {what}. It was otherwise: heads share the width out, and add nothing.",
    readParameters: "Parameters", readTraining: "Train", readWriting: "Write", readCache: "Cache", readFlops: "6ND", readToken: "2N", readHead: "Head",
    colPart: "part", colCount: "parameters", colBytes: "bytes", memory: "Memory",
  },
  zh: {
    ...transformerWords.zh,
    name: "一个 Transformer 的代价",
    ask: "头数加倍，宽度不变。参数个数会怎样？", askHow: "请先说出来；答案随即给出，针对下面的模型。",
    betSame: "不变", betDouble: "加倍", betAttention: "注意力部分加倍", skip: "直接展示",
    layers: "层数", width: "宽度", heads: "每层的头数", vocabulary: "词表", context: "上下文词元数", tied: "输出嵌入与输入嵌入共用",
    precision: "数的位数", float32: "32 位", bfloat16: "16 位混合", cache: "缓存", int8: "8 位", cache32: "32 位", cache16: "16 位", batch: "同时处理的文本", tokensSeen: "训练所见的词元", stored: "为反向传播保留注意力权重",
    parameters: "参数：", training: "训练所需内存：", generating: "写作所需内存：", title: "各部分",
    tokens: "词元嵌入", positions: "位置嵌入", attention: "注意力", feedForward: "前馈", norms: "归一化", unembedding: "输出嵌入",
    weights: "权重", gradients: "梯度", adam: "Adam", adamCopy: "Adam 与 32 位权重", activations: "激活", keys: "键与值",
    say: "{total} 个参数，其中各块占 {share} %，每块 {block} 个。", sayHeads: "{heads} 个头，每个 {size} 个数，平分宽度 {width}。",
    misfit: "{heads} 个头不能整除宽度 {width}：没有这样的模型，不过参数仍可数。",
    sayMemory: "不算激活，训练每个参数需要 {bytes}，写作需要 {few}。", sayFlops: "在 {tokens} 个词元上训练需要 6ND = {training} 次运算；写一个词元需要 2N = {token} 次，回看整个上下文再加 {share} %。",
    foretold: "用 {heads} 个头代替 {now} 个，参数为 {total} 个。", foretoldRight: "你的预测：{what}。正确：各头平分宽度。", foretoldWrong: "你的预测：{what}。结果并非如此：各头平分宽度，并不增加什么。",
    readParameters: "参数", readTraining: "训练", readWriting: "写作", readCache: "缓存", readFlops: "6ND", readToken: "2N", readHead: "每头",
    colPart: "部分", colCount: "参数", colBytes: "字节", memory: "内存",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {ReturnType<typeof calculate>} State */

/** @param {(name: string) => any} get */
export function calculate(get) {
  const config = { layers: get("layers"), width: get("width"), heads: get("heads"), vocabulary: get("vocabulary"), context: get("context"), tied: get("tied") };
  const use = { precision: get("precision"), cache: get("cache"), batch: get("batch"), stored: get("stored") };
  const bytes = memory(config, use);
  return { config, use, tokens: get("tokens"), counts: parameters(config), bytes, work: flops(config, get("tokens")), kept: activationsPerToken(config, use),
    training: bytes.weights + bytes.gradients + bytes.adam + bytes.activations, writing: bytes.weights + bytes.cache };
}

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "parameter_calculator", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  controls(f);
  const card = bet(f, { ask: t("ask"), how: t("askHow"), answers: [["same", t("betSame")], ["double", t("betDouble")], ["attention", t("betAttention")], ["skipped", t("skip")]] });
  const draw = picture(f, () => calculate(get));
  const update = () => {
    const state = calculate(get);
    card.show();
    draw(state, sentence(state, get("prediction")));
  };
  for (const trait of [...NUMBERS, "tied", "precision", "cache", "batch", "tokens", "stored", "prediction"]) f.watch(trait, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
function controls(f) {
  const doors = h("div", { class: "xp-doors" });
  f.root.insertBefore(doors, f.stage);
  presets(f, Object.entries(PRESETS).map(([key, set]) => ({ label: t(key), set: { ...set, tied: true } })), { into: doors, label: t("preset") });
  slider(f, { trait: "layers", label: t("layers"), symbol: "L", min: 1, max: 128, step: 1 });
  slider(f, { trait: "width", label: t("width"), symbol: "d", min: 16, max: 16_384, step: 16 });
  slider(f, { trait: "heads", label: t("heads"), symbol: "h", min: 1, max: 128, step: 1 });
  slider(f, { trait: "vocabulary", label: t("vocabulary"), symbol: "V", min: 27, max: 500_000, stops: VOCABULARIES });
  slider(f, { trait: "context", label: t("context"), symbol: "T", min: 8, max: 131_072, stops: CONTEXTS });
  toggle(f, { trait: "tied", label: t("tied") });
  const options = (/** @type {[string, string][]} */ all) => all.map(([value, key]) => ({ value, label: t(key) }));
  choice(f, { trait: "precision", label: t("precision"), options: options([["float32", "float32"], ["bfloat16", "bfloat16"]]) });
  choice(f, { trait: "cache", label: t("cache"), options: options([["float32", "cache32"], ["bfloat16", "cache16"], ["int8", "int8"]]) });
  slider(f, { trait: "batch", label: t("batch"), symbol: "B", min: 1, max: 1024, stops: BATCHES });
  toggle(f, { trait: "stored", label: t("stored") });
  slider(f, { trait: "tokens", label: t("tokensSeen"), symbol: "D", min: 1e6, max: 1e14, scale: "log", format: (v) => significant(v, 3) });
}

/** @param {Frame} f @param {() => State} now */
function picture(f, now) {
  f.stage.classList.add("xp-pc");
  const caption = h("p", { class: "xp-caption" });
  const boxes = h("div", { class: "xp-pc-bars" });
  f.stage.append(boxes, caption);
  const [count, training, writing] = ["parameters", "training", "generating"].map((key) => stacked(boxes, t(key)));
  const show = readouts(f);
  f.addTable(() => tables(now()));
  return (/** @type {State} */ state, /** @type {string} */ text) => {
    const { counts, bytes, use } = state;
    count(PARTS.map((key) => ({ label: t(key), value: counts[key], text: grouped(counts[key]) })), grouped(counts.total));
    const piece = (/** @type {keyof typeof bytes} */ key, name = String(key)) => ({ label: t(name), value: bytes[key], text: sized(bytes[key]) });
    const adam = use.precision === "float32" ? "adam" : "adamCopy";
    training([piece("weights"), piece("gradients"), piece("adam", adam), piece("activations")], sized(state.training));
    writing([piece("weights"), piece("cache", "keys")], sized(state.writing));
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    show(state);
    f.tableChanged();
  };
}

/** @param {State} state */
function tables({ counts, bytes }) {
  return [
    { caption: t("title"), columns: [t("colPart"), t("colCount")], rows: PARTS.map((key) => [t(key), counts[key]]) },
    { caption: t("memory"), columns: [t("colPart"), t("colBytes")], rows: Object.entries(bytes).map(([key, n]) => [t(key === "cache" ? "keys" : key), n]) },
  ];
}

/** @param {State} state @param {string} prediction */
export function sentence(state, prediction) {
  const { config, counts, bytes, work, tokens } = state;
  const { heads, width, layers } = config;
  const blocks = counts.attention + counts.feedForward + counts.norms - 2 * width;
  const total = grouped(counts.total);
  const size = headWidth(config);
  const per = (/** @type {number} */ n) => `${significant(n / counts.total, 3)} B`;
  const parts = [
    t("say", { total, share: fixed((100 * blocks) / counts.total, 1), block: grouped(blocks / layers) }),
    Number.isInteger(size) ? t("sayHeads", { heads, size, width: grouped(width) }) : t("misfit", { heads, width: grouped(width) }),
    t("sayMemory", { bytes: per(bytes.weights + bytes.gradients + bytes.adam), few: per(bytes.weights) }),
    t("sayFlops", { tokens: significant(tokens, 3), training: significant(work.training, 3), token: significant(work.token, 3), share: significant(100 * work.share, 2) }),
  ];
  if (prediction) parts.push(t("foretold", { heads: 2 * heads, now: heads, total: grouped(parameters({ ...config, heads: 2 * heads }).total) }));
  const key = { same: "betSame", double: "betDouble", attention: "betAttention" }[prediction];
  if (key) parts.push(t(prediction === "same" ? "foretoldRight" : "foretoldWrong", { what: t(key) }));
  return parts.join(" ");
}

/** @param {Frame} f */
function readouts(f) {
  const make = (/** @type {string} */ name, /** @type {string} */ label, /** @type {(v: number) => string} */ format, width = 8) => readout(f, { name, label: t(label), format, width });
  const all = {
    parameters: make("parameters", "readParameters", grouped, 15),
    training: make("training", "readTraining", sized),
    writing: make("writing", "readWriting", sized),
    cache: make("cache", "readCache", sized),
    flops: make("flops", "readFlops", (v) => significant(v, 3), 9),
    token: make("token", "readToken", (v) => significant(v, 3), 9),
    head: make("head", "readHead", (v) => significant(v, 4), 5),
  };
  return (/** @type {State} */ { config, counts, bytes, work, training, writing }) => {
    const values = { parameters: counts.total, training, writing, cache: bytes.cache, flops: work.training, token: work.token, head: headWidth(config) };
    for (const [name, show] of Object.entries(all)) show(values[/** @type {keyof typeof values} */ (name)]);
    for (const key of PARTS) f.setReadout(key, counts[key]);
    for (const [key, n] of Object.entries(bytes)) f.setReadout(`bytes_${key}`, n);
  };
}

export default { render };
