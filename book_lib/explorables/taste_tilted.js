// Your taste, tilted: rank ten pairs of stored answers, watch the reward that follows, and lower β until it is hacked.

import { along, choosePairs, divergence, dot, effectiveSize, fitTaste, judged, ladder, reweighted, standardized } from "./core/tilt.js";
import { button, seedBox, slider } from "./kit/controls.js";
import { h, s, setDisabled } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { bet, declined, isMade } from "./parts/bet.js";

const PAIRS = 10; // as in taste_tilted.py
const [LOWEST, HIGHEST] = [0.02, 10];
const TESTED = 0.1; // the β of the bet
const SAME = 1e-9;
const BINS = 24;
const LADDER = 60;
const FEW = 0.1; // of all: so small an effective size is a handful
const KNOWN = ["praise", "short"]; // judges that have a name in both languages

const t = strings({
  en: {
    name: "Your taste, tilted",
    ask: "Which answer is better?", asked: "The user: “{prompt}”", pair: "Pair {k} of {all}", done: "All {all} pairs are ranked.",
    undo: "Undo", others: "Let somebody else rank", praise: "Likes praise", short: "Likes short ones", coin: "Tosses a coin",
    beta: "Temperature of the tilt", betaSpoken: "β = {beta}: {size} of {n} answers count",
    betAsk: "You will lower β to 0.1, so that a reward counts ten times as much as at β = 1. How many of the {n} answers will still count?", betHow: "Effective sample size: as how many answers of equal weight they count. Bet, then move the slider.",
    most: "More than half", some: "A tenth to a half", few: "Fewer than a tenth", skip: "Just show me",
    rewards: "Rewards, before and after", axisR: "reward r", axisShare: "share of the mass", before: "the SFT model", after: "tilted by e^(r/β)",
    path: "What it buys, and what it costs", axisKl: "KL(π‖π_ref), nats", axisMean: "mean, in standard deviations", fitted: "fitted reward", oracle: "the judge nobody asked", now: "at this β",
    weights: "What the reward has learnt", feature: "feature", weight: "weight", sentences: "sentences", words: "words",
    answers: "Answers", highest: "Highest reward", lowest: "Lowest reward", likely: "Most probable before", likelyNow: "Most probable now", answer: "answer", was: "before", is: "now", logp: "ln π_ref",
    missed: "What the reward has not seen. All that it sees of a text is these {n} numbers.",
    winner: "“{answer}” has most of the mass, {p} %. Its reward {r} is the sum of {parts}.", part: "{name} {v}",
    beyond: "More than in any answer that was ranked: {list}. The reward goes on in a straight line where nobody looked.", within: "Nothing that it is paid for goes beyond what was ranked.",
    twins: "To the reward, {n} other texts are the same as this one; “{example}” is one of them.", twin: "To the reward, “{example}” is the same as this one.", alone: "No other of these texts has the same features.",
    judge: "The judge nobody asked gives it {v}; the SFT model's answers have {mean} on average.", nothing: "Rank a pair, and it says here what the reward pays for and what it cannot see.",
    say0: "Nothing is ranked yet. Every reward is 0, and at any β all {n} answers count the same.",
    sayYou: "You have ranked {k} of {all} pairs; the reward agrees with {agree}.", sayCoin: "A coin has ranked {k} pairs; the reward agrees with {agree}.", sayJudge: "“{who}” has ranked {k} pairs; the reward agrees with {agree}.",
    sayAt: "At β = {beta} the mean reward is {mean}, KL {kl} nats; {size} of {n} answers count.",
    sayOne: "One answer takes {p} % of the mass.", sayLimit: "The estimate of KL is near its end: {n} samples cannot show more than ln {n} = {limit}.",
    sayHacked: "Hacked: the reward has risen, but the judge nobody asked has gone from {from} to {to}.", sayShared: "The judge nobody asked goes along, from {from} to {to}.", saySame: "The judge nobody asked sees no difference.",
    right: "You bet right: at β = 0.1, {size} of {n} answers count.", wrong: "You bet on another number: at β = 0.1, {size} of {n} answers count.", lower: "Your bet is made. Lower β to 0.1.",
    spoken: "{k} of {all} pairs ranked. {size} of {n} answers count, KL {kl}.",
    pictureRewards: "{n} answers by reward, from {low} to {high}. Tilted at β = {beta}, most of the mass is between {from} and {to}.", picturePath: "At KL {kl} the fitted reward is {mean} standard deviations above the start.", pictureBoth: "At KL {kl} the fitted reward is {mean} standard deviations above the start, the judge {oracle}.", pictureHidden: "The point at this β; the way there comes with your bet.",
    readRanked: "Ranked", readKl: "KL", readSize: "Effective sample size", readMean: "Mean reward", readOracle: "Judge", readTop: "Largest share", percent: "{v} %",
  },
  zh: {
    name: "你的偏好，倾斜后的模型",
    ask: "哪个回答更好？", asked: "用户：“{prompt}”", pair: "第 {k} 对，共 {all} 对", done: "{all} 对都已排完。",
    undo: "撤销", others: "让别人来排", praise: "喜欢夸奖", short: "喜欢简短", coin: "抛硬币",
    beta: "倾斜的温度", betaSpoken: "β = {beta}：{n} 个回答中有 {size} 个有效",
    betAsk: "你将把 β 降到 0.1，使奖励的作用变为 β = 1 时的十倍。{n} 个回答中还有多少个有效？", betHow: "有效样本量：相当于多少个权重相等的回答。先下注，再移动滑块。",
    most: "超过一半", some: "十分之一到一半", few: "不到十分之一", skip: "直接展示",
    rewards: "之前与之后的奖励", axisR: "奖励 r", axisShare: "所占份额", before: "SFT 模型", after: "按 e^(r/β) 倾斜",
    path: "得到什么，付出什么", axisKl: "KL(π‖π_ref)（奈特）", axisMean: "平均值（标准差）", fitted: "拟合的奖励", oracle: "没人问过的评委", now: "当前 β",
    weights: "奖励学到了什么", feature: "特征", weight: "权重", sentences: "句数", words: "词数",
    answers: "回答", highest: "奖励最高", lowest: "奖励最低", likely: "之前最可能", likelyNow: "现在最可能", answer: "回答", was: "之前", is: "现在", logp: "ln π_ref",
    missed: "奖励没有看到什么。它对一个文本只看这 {n} 个数。",
    winner: "“{answer}”的份额最大，为 {p}%。它的奖励 {r} 由 {parts} 相加而成。", part: "{name} {v}",
    beyond: "超出所有排过的回答：{list}。在没人看过的地方，奖励沿直线外推。", within: "它得到奖励的地方都没有超出排过的回答。",
    twins: "对奖励来说，另有 {n} 个文本与它完全相同，“{example}”是其中之一。", twin: "对奖励来说，“{example}”与它完全相同。", alone: "没有别的文本具有相同的特征。",
    judge: "没人问过的评委给它 {v} 分；SFT 模型的回答平均为 {mean} 分。", nothing: "排一对之后，这里会说明奖励为什么付分、看不到什么。",
    say0: "还没有排序。所有奖励都是 0，无论 β 多大，{n} 个回答的权重都相同。",
    sayYou: "你排了 {all} 对中的 {k} 对；奖励与其中 {agree} 对一致。", sayCoin: "硬币排了 {k} 对；奖励与其中 {agree} 对一致。", sayJudge: "“{who}”排了 {k} 对；奖励与其中 {agree} 对一致。",
    sayAt: "β = {beta} 时平均奖励为 {mean}，KL 为 {kl} 奈特；{n} 个回答中有 {size} 个有效。",
    sayOne: "一个回答占去 {p}% 的份额。", sayLimit: "KL 的估计已到尽头：{n} 个样本最多只能显示 ln {n} = {limit}。",
    sayHacked: "奖励被钻了空子：奖励上升了，没人问过的评委却从 {from} 变为 {to}。", sayShared: "没人问过的评委也跟着从 {from} 变为 {to}。", saySame: "没人问过的评委看不出差别。",
    right: "你猜对了：β = 0.1 时，{n} 个回答中有 {size} 个有效。", wrong: "你猜的是另一个数：β = 0.1 时，{n} 个回答中有 {size} 个有效。", lower: "你已下注。请把 β 降到 0.1。",
    spoken: "已排 {k} 对，共 {all} 对。{n} 个回答中有 {size} 个有效，KL 为 {kl}。",
    pictureRewards: "{n} 个回答的奖励，从 {low} 到 {high}。β = {beta} 倾斜后，大部分份额在 {from} 到 {to} 之间。", picturePath: "KL 为 {kl} 时，拟合的奖励比起点高 {mean} 个标准差。", pictureBoth: "KL 为 {kl} 时，拟合的奖励比起点高 {mean} 个标准差，评委为 {oracle}。", pictureHidden: "当前 β 处的点；下注之后显示整条路径。",
    readRanked: "已排", readKl: "KL", readSize: "有效样本量", readMean: "平均奖励", readOracle: "评委", readTop: "最大份额", percent: "{v}%",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {{prompt: string, answer: string[], logp: number[], names: string[], features: number[][], oracle: number[] | null}} Samples */
/** @typedef {{text: string, at: number, count: number, mass: number}} Text  a text that was drawn `count` times, first at `at` */
/** @typedef {ReturnType<typeof stateOf>} State */

/** What the settings amount to. @param {(name: string) => any} get */
export function stateOf(get) {
  /** @type {Samples} */
  const samples = get("samples");
  const { features, answer, logp, oracle } = samples;
  const [seed, beta] = [get("seed"), get("beta")];
  const pairs = choosePairs(features, seed, PAIRS);
  /** @type {number[]} */
  const choices = get("choices").slice(0, pairs.length);
  const { rows } = standardized(features);
  const differences = choices.map((c, i) => rows[pairs[i][c]].map((v, k) => v - rows[pairs[i][1 - c]][k]));
  const coefficients = fitTaste(differences, get("ridge"), samples.names.length);
  const rewards = rows.map((row) => dot(row, coefficients));
  const law = reweighted(rewards, beta);
  const texts = textsOf(answer, law);
  return {
    samples, seed, beta, pairs, choices, rows, coefficients, rewards, law, texts, ranker: get("ranker"), bet: get("prediction"),
    agree: differences.filter((row) => dot(row, coefficients) > 0).length,
    kl: divergence(law), size: effectiveSize(law), tested: effectiveSize(reweighted(rewards, TESTED)),
    mean: dot(law, rewards), judge: oracle && dot(law, oracle), before: oracle && average(oracle),
    winner: best(texts, (text) => text.mass, logp),
    highest: best(texts, ({ at }) => rewards[at], logp), lowest: best(texts, ({ at }) => -rewards[at], logp),
    likely: best(texts, ({ at }) => logp[at], logp), likelyNow: best(texts, ({ at }) => logp[at] + rewards[at] / beta, logp),
  };
}

/** @param {number[]} values */
const average = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** The different texts, how often each was drawn, and the mass that it has. @param {string[]} answers @param {Float64Array} law @returns {Text[]} */
function textsOf(answers, law) {
  /** @type {Map<string, Text>} */
  const found = new Map();
  answers.forEach((text, at) => {
    const one = found.get(text) ?? { text, at, count: 0, mass: 0 };
    one.count += 1;
    one.mass += law[at];
    found.set(text, one);
  });
  return [...found.values()];
}

/** The text with the largest value; of equals the more probable, then the first. @param {Text[]} texts @param {(text: Text) => number} value @param {number[]} logp */
function best(texts, value, logp) {
  const largest = Math.max(...texts.map(value));
  const least = largest - SAME * Math.abs(largest);
  return texts.filter((one) => value(one) >= least).reduce((a, b) => (logp[b.at] > logp[a.at] ? b : a));
}

/** Features of the winner that raise its reward and lie beyond all answers that were ranked: their places. @param {State} state */
export function beyondOf({ samples, pairs, choices, coefficients, winner }) {
  const ranked = choices.flatMap((_, i) => pairs[i]).map((i) => samples.features[i]);
  if (!ranked.length) return [];
  return samples.names.map((_, k) => k).filter((k) => {
    const column = ranked.map((row) => row[k]);
    const own = samples.features[winner.at][k];
    return (own - Math.min(Math.max(own, Math.min(...column)), Math.max(...column))) * coefficients[k] > SAME;
  });
}

/** Other texts with the winner's features. @param {State} state */
export function twinsOf({ samples, texts, winner }) {
  const own = samples.features[winner.at].join();
  return texts.filter(({ at, text }) => text !== winner.text && samples.features[at].join() === own);
}

/** @param {number} p */
const percent = (p) => fixed(100 * p, p < 0.0995 ? 1 : 0);

/** @param {number} size */
const counted = (size) => fixed(size, size < 9.95 ? 1 : 0);

/** @param {string} name */
const featureName = (name) => (name === "sentences" || name === "words" ? t(name) : name);

/** @param {string} judge */
const judgeName = (judge) => (judge === "coin" || KNOWN.includes(judge) ? t(judge) : judge);

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "taste_tilted", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  const shipped = { beta: get("beta"), prediction: get("prediction") };
  const first = { seed: get("seed"), choices: get("choices"), ranker: get("ranker") };
  const showAsk = asking(f);
  controls(f);
  const card = question(f);
  const show = picture(f);
  const draw = () => {
    const state = stateOf(get);
    showAsk(state);
    if (state.choices.length || isMade(f)) card.show();
    else card.close();
    show(state, isMade(f));
  };
  const reset = () => f.assign({ ...shipped, ...(get("seed") === first.seed ? first : { choices: [], ranker: "" }) }); // other pairs, no choices
  button(f, { label: t("reset"), where: "toolbar", onClick: reset });
  f.root.addEventListener("xp:reset", reset, { signal: f.signal });
  f.root.addEventListener("xp:step", (event) => {
    const n = /** @type {CustomEvent} */ (event).detail?.n ?? 1;
    const judge = get("ranker") || "coin";
    f.assign({ choices: ranked(f, judge).slice(0, Math.min(PAIRS, get("choices").length + n)), ranker: judge });
  }, { signal: f.signal });
  for (const trait of ["samples", "judges", "choices", "ranker", "beta", "ridge", "prediction", "seed"]) f.watch(trait, draw);
  draw();
  f.publish();
  return f.destroy;
}

/** What a judge, or the coin, makes of all pairs. @param {Frame} f @param {string} judge */
function ranked(f, judge) {
  const { features } = /** @type {Samples} */ (f.model.get("samples"));
  const seed = f.model.get("seed");
  return judged(features, choosePairs(features, seed, PAIRS), f.model.get("judges")[judge] ?? null, seed);
}

/** @param {Frame} f */
function question(f) {
  const n = f.model.get("samples").answer.length;
  return bet(f, { ask: t("betAsk", { n }), how: t("betHow"), answers: [["most", t("most")], ["some", t("some")], ["few", t("few")], ["skipped", t("skip")]] });
}

/** @param {Frame} f */
function controls(f) {
  const get = (/** @type {string} */ name) => f.model.get(name);
  const top = h("div", { class: "xp-tt-knob" }); // above the pictures that it changes
  f.root.insertBefore(top, f.stage);
  const knob = slider(f, { into: top, trait: "beta", label: t("beta"), symbol: "β", min: LOWEST, max: HIGHEST, scale: "log", temperature: { neutral: 1 },
    words: (beta) => {
      const { size, samples } = stateOf((name) => (name === "beta" ? beta : get(name)));
      return t("betaSpoken", { beta: significant(beta, 3), size: counted(size), n: samples.answer.length });
    },
    onInput: (_, { user }) => user && get("choices").length && f.assign(declined(f)) });
  for (const trait of ["choices", "seed"]) f.watch(trait, () => knob.set(knob.value)); // its words name the effective size
  seedBox(f, { onInput: (_, { user }) => user && f.assign({ choices: [], ranker: "" }) });
  // subtle: after the seed, which decides about the pairs that the choices are about
  f.share("choices", (all) => all.length <= PAIRS && all.every((/** @type {number} */ c) => c === 0 || c === 1));
  f.share("ranker", (v) => v === "" || v === "coin" || Object.hasOwn(get("judges"), v));
}

/** The pair that is to be ranked, and somebody else to do it. @param {Frame} f */
function asking(f) {
  const choose = (/** @type {number} */ c) => {
    const choices = f.model.get("choices");
    if (choices.length < PAIRS) f.assign({ choices: [...choices, c], ranker: "" });
  };
  const [asked, count] = [h("p", { class: "xp-help" }), h("span", { class: "xp-tt-count" })];
  const row = h("div", { class: "xp-tt-pair", role: "group", "aria-label": t("ask") });
  const two = [0, 1].map((c) => button(f, { label: "…", into: row, onClick: () => choose(c) }));
  const after = h("div", { class: "xp-tt-after" });
  const undo = button(f, { label: t("undo"), into: after, onClick: () => f.assign({ choices: f.model.get("choices").slice(0, -1), ranker: "" }) });
  const others = h("div", { class: "xp-presets", role: "group", "aria-label": t("others") }, h("span", { class: "xp-help" }, t("others")));
  const judges = [...Object.keys(f.model.get("judges")), "coin"];
  const buttons = judges.map((judge) => button(f, { label: judgeName(judge), into: others,
    onClick: () => f.assign({ choices: ranked(f, judge), ranker: judge }) }));
  after.append(others);
  f.root.insertBefore(h("div", { class: "xp-tt-ask" }, h("p", { class: "xp-question" }, t("ask"), count), asked, row, after), f.stage);
  return (/** @type {State} */ { samples, pairs, choices, ranker }) => {
    const k = choices.length;
    const over = k >= pairs.length;
    asked.textContent = t("asked", { prompt: samples.prompt });
    count.textContent = over ? t("done", { all: PAIRS }) : t("pair", { k: k + 1, all: PAIRS });
    const pair = pairs[Math.min(k, pairs.length - 1)];
    setDisabled(undo, k === 0);
    two.forEach((node, c) => {
      node.textContent = samples.answer[pair[c]];
      if (over && document.activeElement === node) undo.focus(); // both are switched off: neither can take it
      setDisabled(node, over);
    });
    buttons.forEach((node, i) => node.setAttribute("aria-pressed", String(k > 0 && ranker === judges[i])));
  };
}

/** The plots, the sentence, what was learnt and what was missed; returns the function that draws them. @param {Frame} f */
function picture(f) {
  f.stage.classList.add("xp-tt");
  const caption = h("p", { class: "xp-caption" });
  const [left, right, below] = [h("div"), h("div"), h("div", { class: "xp-tt-below" })];
  f.stage.append(caption, left, right, below);
  /** @type {State | null} */
  let current = null;
  let open = false;
  f.addTable(() => (current ? tables(current, open) : []));
  const parts = [rewardPlot(f, left), pathPlot(f, right), answerTable(below), weightBars(below), missedList(below)];
  const numbers = readouts(f);
  return (/** @type {State} */ state, /** @type {boolean} */ made) => {
    [current, open] = [state, made];
    for (const part of parts) part(state, made);
    const text = sentence(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(spoken(state));
    numbers(state);
    f.tableChanged();
  };
}

/** Shares of the mass by reward, before and after: steps and columns. @param {State} state */
export function binned({ rewards, law }) {
  const most = Math.max(1, Math.ceil(Math.max(...rewards.map(Math.abs))));
  const cell = (2 * most) / BINS;
  const [before, after] = [new Float64Array(BINS), new Float64Array(BINS)];
  rewards.forEach((r, i) => {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor((r + most) / cell)));
    before[bin] += 1 / rewards.length;
    after[bin] += law[i];
  });
  return { most, cell, before, after };
}

/** @param {Frame} f @param {HTMLElement} into */
function rewardPlot(f, into) {
  const p = plot(f, { x: { label: t("axisR"), min: -1, max: 1 }, y: { label: t("axisShare"), min: 0, max: 1 }, height: 250, title: t("rewards"), into, table: false, legend: true });
  p.area("after", [], { kind: "hot", label: t("after") });
  p.line("before", [], { kind: "theory", label: t("before") });
  const swatch = () => /** @type {SVGElement | null} */ (p.node.querySelector(".xp-legend .xp-area"));
  /** @type {State | null} */
  let current = null;
  const columns = () => {
    if (!current) return;
    const { most, cell, after } = binned(current);
    const heat = String(current.beta / (1 + current.beta));
    const layer = p.layer("columns", { keep: true });
    layer.style.setProperty("--heat", heat);
    swatch()?.style.setProperty("--heat", heat);
    layer.replaceChildren(...Array.from(after, (v, i) => s("rect", { class: "xp-tt-column", x: p.scale.x(-most + i * cell), y: p.scale.y(v),
      width: Math.max(0, p.scale.x(cell) - p.scale.x(0) - 1), height: p.scale.y(0) - p.scale.y(v) })));
  };
  p.onLayout(columns);
  return (/** @type {State} */ state) => {
    current = state;
    const { most, cell, before, after } = binned(state);
    const top = Math.max(...before, ...after);
    const high = [0.2, 0.4, 0.6, 0.8].find((v) => top <= v) ?? 1;
    const steps = Array.from(before, (v, i) => [[-most + i * cell, v], [-most + (i + 1) * cell, v]]).flat();
    p.area("after", [[0, 0], [0, 0]], { kind: "hot" }); // for the legend: the columns are drawn apart
    p.line("before", [[-most, 0], ...steps, [most, 0]], { kind: "theory" });
    p.axes({ x: { min: -most, max: most }, y: { max: high } });
    const peak = after.indexOf(Math.max(...after));
    p.describe(t("pictureRewards", { n: state.rewards.length, low: fixed(Math.min(...state.rewards), 2), high: fixed(Math.max(...state.rewards), 2), beta: significant(state.beta, 3),
      from: fixed(-most + peak * cell, 2), to: fixed(-most + (peak + 1) * cell, 2) }));
  };
}

/** Reward and judge in standard deviations of the samples: what turns a mean into a height. @param {State} state */
function scales({ rewards, samples }) {
  return [rewards, samples.oracle].map((values) => {
    if (!values) return () => NaN;
    const middle = average(values);
    const spread = Math.sqrt(average(values.map((v) => (v - middle) ** 2)));
    return (/** @type {number} */ v) => (spread > SAME ? (v - middle) / spread : 0);
  });
}

/** Mean reward and judge against the divergence, along β. @param {Frame} f @param {HTMLElement} into */
function pathPlot(f, into) {
  const p = plot(f, { x: { label: t("axisKl"), min: 0, max: 1 }, y: { label: t("axisMean"), min: -1, max: 1 }, height: 250, title: t("path"), into, table: false, legend: true });
  return (/** @type {State} */ state, /** @type {boolean} */ made) => {
    const { samples, rewards, kl, mean, judge } = state;
    const [own, other] = scales(state);
    const way = along(rewards, samples.oracle ? [rewards, samples.oracle] : [rewards], ladder(HIGHEST, LOWEST, LADDER));
    const heights = way.map(({ means }) => [own(means[0]), samples.oracle ? other(means[1]) : 0]);
    const y = { min: Math.min(-1, Math.floor(Math.min(...heights.flat()))), max: Math.max(1, Math.ceil(Math.max(...heights.flat()))) };
    p.line("fitted", made ? way.map((one, i) => [one.kl, heights[i][0]]) : [], { kind: "theory", label: t("fitted") });
    p.line("oracle", made && samples.oracle ? way.map((one, i) => [one.kl, heights[i][1]]) : [], { kind: "mean_field", label: t("oracle") });
    p.marker("now", [kl, own(mean)], { kind: "theory", label: t("now") });
    if (made && judge !== null) p.marker("judge", [kl, other(judge)], { kind: "mean_field" });
    else p.clear("judge");
    p.axes({ x: { max: Math.ceil(Math.log(rewards.length)) }, y });
    p.describe(!made ? t("pictureHidden") : t(judge === null ? "picturePath" : "pictureBoth", { kl: fixed(kl, 2), mean: fixed(own(mean), 2), oracle: judge === null ? "" : fixed(other(judge), 2) }));
  };
}

/** Best, worst and most probable answers. @param {HTMLElement} into */
function answerTable(into) {
  const body = h("tbody");
  const head = ["answers", "axisR", "logp", "was", "is"].map((key) => h("th", { scope: "col" }, t(key)));
  into.append(h("table", { class: "xp-tt-answers", "aria-label": t("answers") }, h("thead", {}, h("tr", {}, ...head)), body));
  return (/** @type {State} */ state) => {
    const rows = /** @type {const} */ (["highest", "lowest", "likely", "likelyNow"]).map((key) => {
      const { text, at, count, mass } = state[key];
      const cells = [fixed(state.rewards[at], 2), fixed(state.samples.logp[at], 1), t("percent", { v: percent(count / state.law.length) }), t("percent", { v: percent(mass) })];
      return h("tr", {}, h("th", { scope: "row" }, h("span", { class: "xp-tt-role" }, t(key)), " ", text), ...cells.map((cell) => h("td", {}, cell)));
    });
    body.replaceChildren(...rows);
  };
}

/** The fitted weights as bars to both sides. @param {HTMLElement} into */
function weightBars(into) {
  const list = h("ul", { class: "xp-tt-weights", "aria-label": t("weights") });
  into.append(h("div", {}, h("p", { class: "xp-help" }, t("weights")), list));
  return (/** @type {State} */ { samples, coefficients }) => {
    const most = Math.max(0.5, ...coefficients.map(Math.abs));
    list.replaceChildren(...samples.names.map((name, k) => {
      const v = coefficients[k];
      const fill = h("span", { class: v < 0 ? "xp-tt-fill xp-tt-against" : "xp-tt-fill" });
      fill.style.inlineSize = `${(50 * Math.abs(v)) / most}%`;
      fill.style.insetInlineStart = v < 0 ? `${50 - (50 * Math.abs(v)) / most}%` : "50%";
      return h("li", {}, h("span", {}, featureName(name)), h("span", { class: "xp-tt-track", "aria-hidden": "true" }, fill), h("span", { class: "xp-bar-value" }, fixed(v, 2)));
    }));
  };
}

/** What the reward pays for, and what it cannot see. @param {HTMLElement} into */
function missedList(into) {
  const list = h("ul", { class: "xp-tt-missed" });
  const title = h("p", { class: "xp-help" });
  into.append(h("div", {}, title, list));
  return (/** @type {State} */ state) => {
    title.textContent = t("missed", { n: state.samples.names.length });
    const lines = missed(state);
    list.replaceChildren(...lines.map((line) => h("li", {}, line)));
  };
}

/** @param {State} state */
export function missed(state) {
  const { samples, rows, coefficients, rewards, choices, winner, before } = state;
  if (!choices.length) return [t("nothing")];
  const shares = rows[winner.at].map((v, k) => [k, v * coefficients[k]]).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]) || a[0] - b[0]);
  const rest = shares.slice(3).reduce((sum, [, v]) => sum + v, 0);
  const named = shares.slice(0, 3).map(([k, v]) => t("part", { name: featureName(samples.names[k]), v: fixed(v, 2) }));
  const parts = shares.length > 3 ? [...named, t("part", { name: "…", v: fixed(rest, 2) })] : named;
  const far = beyondOf(state).map((k) => t("part", { name: featureName(samples.names[k]), v: significant(samples.features[winner.at][k], 3) }));
  const twins = twinsOf(state);
  const lines = [
    t("winner", { p: percent(winner.mass), answer: winner.text, r: fixed(rewards[winner.at], 2), parts: parts.join(", ") }),
    far.length ? t("beyond", { list: far.join(", ") }) : t("within"),
    twins.length ? t(twins.length > 1 ? "twins" : "twin", { n: twins.length, example: twins[0].text }) : t("alone"),
  ];
  if (samples.oracle && before !== null) lines.push(t("judge", { v: significant(samples.oracle[winner.at], 3), mean: fixed(before, 2) }));
  return lines;
}

/** What there is to see, in a few sentences. @param {State} state */
export function sentence(state) {
  const { samples, choices, ranker, agree, beta, mean, kl, size, tested, winner, judge, before, law, bet: made } = state;
  const n = law.length;
  const values = { n, k: choices.length, all: PAIRS, agree, who: judgeName(ranker), beta: significant(beta, 3), mean: fixed(mean, 2), kl: fixed(kl, 2), size: counted(size),
    p: percent(winner.mass), limit: fixed(Math.log(n), 2), from: fixed(before ?? 0, 2), to: fixed(judge ?? 0, 2) };
  if (!choices.length) return t("say0", values);
  const told = [t(ranker === "" ? "sayYou" : ranker === "coin" ? "sayCoin" : "sayJudge", values), t("sayAt", values)];
  if (winner.mass > 0.5) told.push(t("sayOne", values));
  if (size < 2) told.push(t("sayLimit", values));
  if (samples.oracle && judge !== null && before !== null && kl > 0.1) {
    const gain = scales(state)[1](judge);
    told.push(t(gain < -0.1 ? "sayHacked" : gain > 0.1 ? "sayShared" : "saySame", values));
  }
  if (made && made !== "skipped") told.push(verdict(made, beta, tested, n));
  return told.join(" ");
}

/** The answer to the bet, as soon as β is there. @param {string} made @param {number} beta @param {number} tested @param {number} n */
function verdict(made, beta, tested, n) {
  if (beta > TESTED * (1 + SAME)) return t("lower");
  const truth = tested < FEW * n ? "few" : tested <= n / 2 ? "some" : "most";
  return t(made === truth ? "right" : "wrong", { size: counted(tested), n });
}

/** Short, for people who listen. @param {State} state */
const spoken = ({ choices, size, kl, law }) => t("spoken", { k: choices.length, all: PAIRS, size: counted(size), n: law.length, kl: fixed(kl, 2) });

/** @param {State} state @param {boolean} made */
function tables(state, made) {
  const { samples, rewards, coefficients, texts } = state;
  const weights = { caption: t("weights"), columns: [t("feature"), t("weight")], rows: samples.names.map((name, k) => [featureName(name), coefficients[k]]) };
  const oracle = (/** @type {Text} */ text) => (made && samples.oracle ? [samples.oracle[text.at]] : []);
  const rows = [...texts].sort((a, b) => b.mass - a.mass).map((one) => [one.text, rewards[one.at], samples.logp[one.at], one.count / rewards.length, one.mass, ...oracle(one)]);
  const columns = [t("answer"), t("axisR"), t("logp"), t("was"), t("is"), ...(made && samples.oracle ? [t("oracle")] : [])];
  return [{ caption: t("answers"), columns, rows }, weights];
}

/** @param {Frame} f */
function readouts(f) {
  const done = readout(f, { name: "ranked", label: t("readRanked"), format: (v) => `${v} / ${PAIRS}`, width: 7 });
  const far = readout(f, { name: "kl", label: t("readKl"), format: (v) => fixed(v, 3), width: 5 });
  const size = readout(f, { name: "effective_size", label: t("readSize"), format: counted, width: 4 });
  const mean = readout(f, { name: "mean_reward", label: t("readMean"), format: (v) => fixed(v, 3), width: 6 });
  const top = readout(f, { name: "largest", label: t("readTop"), format: (v) => t("percent", { v: percent(v) }), width: 6 });
  const judge = f.model.get("samples").oracle ? readout(f, { name: "oracle", label: t("readOracle"), format: (v) => fixed(v, 2), width: 5 }) : null;
  return (/** @type {State} */ state) => {
    done(state.choices.length);
    far(state.kl);
    size(state.size);
    mean(state.mean);
    top(state.winner.mass);
    judge?.(state.judge ?? 0);
    f.setReadout("agree", state.agree);
    f.setReadout("coefficients", Array.from(state.coefficients).join(" "));
    f.setReadout("pairs", state.pairs.map((pair) => pair.join("-")).join(" "));
    f.setReadout("winner", state.winner.at);
    f.setReadout("likely_now", state.likelyNow.at);
    f.setReadout("beyond", beyondOf(state).map((k) => state.samples.names[k]).join(" "));
    f.setReadout("twins", twinsOf(state).length);
  };
}

export default { render };
