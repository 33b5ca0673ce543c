// Real training runs over a grid of learning rates and warm-ups: bet which ends lowest, then walk over the grid.

import { alarmLevels, findSpikes, known, outcome, runAt, stopsOf } from "./core/training_runs.js";
import { choice, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed, significant, superscript } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { bet, isMade } from "./parts/bet.js";

const CROSS = 5; // px, half a cross

const t = strings({
  en: {
    name: "Learning rates: stored training runs",
    ask: "These {n} runs trained one model on one text. At which learning rate does a run end lowest?", askHow: "Bet first: the answer comes at once. Then move the sliders; every run was computed before the page was made.",
    skip: "Just show me",
    rate: "Learning rate", warmup: "Warm-up, steps", rateSpoken: "learning rate {rate}: {what}", warmupSpoken: "a warm-up of {warmup} steps: {what}",
    watch: "Detector watches", loss: "the loss", norm: "the gradient norm", threshold: "Threshold, in robust standard deviations",
    losses: "Loss", norms: "Gradient norm", ends: "Loss at the end", step: "step", axisLoss: "loss, nats a token", axisNorm: "gradient norm", axisRate: "learning rate", axisEnd: "loss at the end, nats a token",
    thisRun: "this run", others: "other learning rates", spike: "spike", alarm: "above this, a spike", clip: "shortened above", yourBet: "your bet", withWarmup: "warm-up {warmup}",
    say: "Learning rate {rate}, warm-up {warmup} steps: the loss goes from {start} to {end} nats a token, a perplexity of {perplexity}.",
    sayDiverged: "Learning rate {rate}, warm-up {warmup} steps: diverged. The loss rose to {high}, above the {start} with which it began, and ended at {end} nats a token.",
    sayCounts: "Whoever knows how often each token occurs, and nothing else, does no worse: {level}.", level: "token counts alone",
    sayBroken: "Learning rate {rate}, warm-up {warmup} steps: diverged. After step {step} the loss or the gradient was no number that a computer holds, and the run broke off.",
    saySpikes: "The detector calls {n} of {all} places a spike, the first at step {step}.", sayOne: "The detector calls one of {all} places a spike, at step {step}.",
    sayCalm: "From step {from} on the detector finds no spike.", sayShort: "The detector needs {window} values before it says anything.",
    right: "You bet on {bet}. Right: with a warm-up of {warmup} it ends lowest of all, at {end}.", wrong: "You bet on {bet}, which ends at {own} at best; {best} with a warm-up of {warmup} ends lowest, at {end}.",
    wrongBad: "You bet on {bet}, at which every run diverged; {best} with a warm-up of {warmup} ends lowest, at {end}.", shown: "Lowest of all is {best} with a warm-up of {warmup}, at {end}.", none: "Every run diverged.",
    crosses: "Crosses: {n} of {all} runs diverged.",
    readEnd: "End", readPerplexity: "Perplexity", readPeak: "Largest norm", readSpikes: "Spikes", readState: "Run", learns: "learns", counts: "no better than counts", diverged: "diverged",
    picture: "Loss, step by step, at learning rate {rate} with a warm-up of {warmup} steps.", pictureNorm: "Norm of the gradient on a logarithmic scale, step by step.", pictureEnds: "Loss at the end of the runs against the learning rate.",
    pictureHidden: "Loss at the end of this run; the others come with your bet.",
  },
  zh: {
    name: "学习率：预先存储的训练",
    ask: "这 {n} 次训练用同一个模型、同一份文本。哪个学习率最后的损失最低？", askHow: "先下注，答案随即揭晓；再移动滑块。所有训练都在网页生成之前算好。",
    skip: "直接展示",
    rate: "学习率", warmup: "预热步数", rateSpoken: "学习率 {rate}：{what}", warmupSpoken: "预热 {warmup} 步：{what}",
    watch: "检测器查看", loss: "损失", norm: "梯度范数", threshold: "阈值（稳健标准差的倍数）",
    losses: "损失", norms: "梯度范数", ends: "最终损失", step: "步", axisLoss: "损失（奈特/词元）", axisNorm: "梯度范数", axisRate: "学习率", axisEnd: "最终损失（奈特/词元）",
    thisRun: "当前训练", others: "其他学习率", spike: "尖峰", alarm: "高于此线为尖峰", clip: "超过即缩短", yourBet: "你的选择", withWarmup: "预热 {warmup}",
    say: "学习率 {rate}，预热 {warmup} 步：损失从 {start} 变为每词元 {end} 奈特，困惑度 {perplexity}。",
    sayDiverged: "学习率 {rate}，预热 {warmup} 步：发散。损失升到 {high}，高于开始时的 {start}，最后为每词元 {end} 奈特。",
    sayCounts: "只知道每个词元出现频率的模型不会更差：{level}。", level: "只数词元",
    sayBroken: "学习率 {rate}，预热 {warmup} 步：发散。第 {step} 步之后损失或梯度不再是计算机能表示的数，训练中断。",
    saySpikes: "检测器在 {all} 处中报告 {n} 个尖峰，第一个在第 {step} 步。", sayOne: "检测器在 {all} 处中报告一个尖峰，在第 {step} 步。",
    sayCalm: "从第 {from} 步起，检测器没有发现尖峰。", sayShort: "检测器需要先看到 {window} 个值才能判断。",
    right: "你选了 {bet}。正确：预热 {warmup} 步时它最低，为 {end}。", wrong: "你选了 {bet}，最好也只到 {own}；最低的是 {best}，预热 {warmup} 步，为 {end}。",
    wrongBad: "你选了 {bet}，它的训练全部发散；最低的是 {best}，预热 {warmup} 步，为 {end}。", shown: "最低的是 {best}，预热 {warmup} 步，为 {end}。", none: "所有训练都发散了。",
    crosses: "叉号：{all} 次训练中有 {n} 次发散。",
    readEnd: "最终", readPerplexity: "困惑度", readPeak: "最大范数", readSpikes: "尖峰", readState: "训练", learns: "在学习", counts: "不比计数好", diverged: "发散",
    picture: "学习率 {rate}、预热 {warmup} 步时逐步的损失。", pictureNorm: "对数坐标下逐步的梯度范数。", pictureEnds: "各次训练的最终损失与学习率的关系。",
    pictureHidden: "这次训练的最终损失；其余在你下注后出现。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Plot} Plot */
/** @typedef {import("./core/training_runs.js").Runs} Runs */
/** @typedef {ReturnType<typeof stateOf>} State */

/** What the settings amount to. @param {(name: string) => any} get */
export function stateOf(get) {
  /** @type {Runs} */
  const runs = get("runs");
  const { ends, fates, diverged, best } = outcome(runs);
  const run = runAt(runs, get("learning_rate"), get("warmup"));
  const [loss, norm] = [known(runs.loss[run]), known(runs.norm[run])];
  const watched = get("watch") === "norm" ? norm : loss;
  const [spikes, alarm] = [findSpikes, alarmLevels].map((find) => find(watched, get("window"), get("threshold")));
  return { runs, run, rate: runs.learning_rate[run], warmup: runs.warmup[run], loss, norm, spikes: /** @type {number[]} */ (spikes), alarm, ends, fates, diverged, best,
    watch: get("watch"), window: get("window"), bet: get("prediction") };
}

/** @param {number} rate */
const rated = (rate) => significant(rate, 3);

/** e^loss, as long as that says anything. @param {number} loss */
const perplexity = (loss) => significant(Math.exp(Math.min(loss, 700)), 3);

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "learning_rate_runs", label: t("name") });
  const get = (/** @type {string} */ name) => model.get(name);
  /** @type {Runs} */
  const runs = get("runs");
  const answers = /** @type {[string, string][]} */ (stopsOf(runs.learning_rate).map((rate) => [String(rate), rated(rate)]));
  const card = bet(f, { ask: t("ask", { n: runs.loss.length }), how: t("askHow"), answers: [...answers, ["skipped", t("skip")]] });
  controls(f, runs);
  const draw = picture(f, runs);
  const update = () => {
    card.show();
    draw(stateOf(get), isMade(f));
  };
  for (const trait of ["runs", "learning_rate", "warmup", "watch", "threshold", "window", "prediction"]) f.watch(trait, update);
  update();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {Runs} runs */
function controls(f, runs) {
  const { fates } = outcome(runs);
  const [rates, warmups] = [stopsOf(runs.learning_rate), stopsOf(runs.warmup)];
  const what = (/** @type {number} */ rate, /** @type {number} */ warmup) => t(fates[runAt(runs, rate, warmup)]);
  const get = (/** @type {string} */ name) => f.model.get(name);
  slider(f, { trait: "learning_rate", label: t("rate"), symbol: "η", min: rates[0], max: rates[rates.length - 1], stops: rates,
    words: (rate) => t("rateSpoken", { rate: rated(rate), what: what(rate, get("warmup")) }) });
  if (warmups.length > 1) slider(f, { trait: "warmup", label: t("warmup"), min: warmups[0], max: warmups[warmups.length - 1], stops: warmups,
    words: (warmup) => t("warmupSpoken", { warmup, what: what(get("learning_rate"), warmup) }) });
  choice(f, { trait: "watch", label: t("watch"), options: [{ value: "loss", label: t("loss") }, { value: "norm", label: t("norm") }] });
  slider(f, { trait: "threshold", label: t("threshold"), min: 2, max: 20, step: 0.5, exact: false });
}

/** The three plots, the sentence and the numbers; returns the function that draws them. @param {Frame} f @param {Runs} runs */
function picture(f, runs) {
  f.stage.classList.add("xp-runs");
  const left = h("div", { class: "xp-runs-curves" });
  const right = h("div", { class: "xp-runs-ends" });
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(left, right, caption);
  const curves = [lossPlot(f, left, runs), normPlot(f, left, runs), endPlot(f, right, runs)];
  /** @type {State | null} */
  let current = null;
  let open = false;
  let answered = "";
  f.addTable(() => (current ? tables(current, open) : []));
  const numbers = readouts(f);
  return (/** @type {State} */ state, /** @type {boolean} */ made) => {
    [current, open] = [state, made];
    for (const draw of curves) draw(state, made);
    const text = sentence(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(spoken(state, state.bet !== answered));
    answered = state.bet;
    numbers(state);
    f.tableChanged();
  };
}

/** Limits of a loss: all that runs show that did not diverge, spikes up to twice the beginning; what diverges leaves the picture. @param {Runs} runs */
export function lossLimits(runs) {
  const { diverged } = outcome(runs);
  const begin = Math.max(...runs.loss.map((row) => Number(row[0])));
  const high = Math.max(begin, ...runs.loss.flatMap((row, i) => (diverged[i] ? [] : known(row))));
  const low = Math.min(...runs.loss.flatMap(known));
  const top = Math.min(1.1 * high, 2 * begin);
  return { min: Math.floor(10 * (low - 0.05 * (top - low))) / 10, max: Math.ceil(10 * top) / 10 };
}

/** @param {number[]} steps @param {ArrayLike<number>} values */
const points = (steps, values) => Array.from(values, (v, i) => [steps[i], v]);

/** @param {number[]} steps */
const stepAxis = (steps) => ({ label: t("step"), min: 0, max: steps[steps.length - 1] });

/** @param {Frame} f @param {HTMLElement} into @param {Runs} runs */
function lossPlot(f, into, runs) {
  const { steps } = runs;
  const p = plot(f, { x: stepAxis(steps), y: { label: t("axisLoss"), ...lossLimits(runs) }, height: 210, title: t("losses"), into, table: false, legend: true });
  if (runs.level !== null) p.line("level", [[0, runs.level], [steps[steps.length - 1], runs.level]], { kind: "theory", dash: true, label: t("level") });
  return (/** @type {State} */ state, /** @type {boolean} */ made) => {
    const { run, rate, warmup, loss, spikes, alarm, watch } = state;
    // One path for all the others: NaN lifts the pen.
    const others = runs.loss.flatMap((row, i) => (made && i !== run && runs.warmup[i] === warmup ? [...points(steps, known(row)), [0, NaN]] : []));
    p.line("others", others, { kind: "muted", faint: true, label: t("others") });
    p.line("loss", points(steps, loss), { kind: "simulation", label: t("thisRun") });
    p.line("alarm", watch === "loss" ? points(steps, alarm) : [], { kind: "mean_field", label: t("alarm") });
    p.points("spikes", watch === "loss" ? spikes.map((i) => [steps[i], loss[i]]) : [], { kind: "mean_field", r: 5, label: t("spike") });
    p.describe(t("picture", { rate: rated(rate), warmup }));
  };
}

/** @param {Frame} f @param {HTMLElement} into @param {Runs} runs */
function normPlot(f, into, runs) {
  const { steps, clip } = runs;
  const all = runs.norm.flatMap(known).filter((v) => v > 0);
  const log = (/** @type {number} */ v) => Math.log10(Math.max(v, Number.MIN_VALUE));
  const [low, high] = [Math.floor(log(Math.min(...all))), Math.ceil(log(Math.max(...all)))];
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((k) => (k - low) % Math.ceil((high - low) / 4) === 0);
  const format = (/** @type {number} */ k) => (k >= -2 && k <= 3 ? String(Number((10 ** k).toPrecision(1))) : `10${superscript(k)}`);
  const p = plot(f, { x: stepAxis(steps), y: { label: t("axisNorm"), min: low, max: Math.max(high, low + 1), ticks, format }, height: 150, title: t("norms"), desc: t("pictureNorm"), into, table: false, legend: true });
  if (clip) p.line("clip", [[0, log(clip)], [steps[steps.length - 1], log(clip)]], { kind: "muted", label: `${t("clip")} ${significant(clip, 3)}` });
  return (/** @type {State} */ { norm, spikes, alarm, watch }) => {
    p.line("norm", points(steps, norm.map(log)), { kind: "simulation" });
    p.line("alarm", watch === "norm" ? points(steps, Array.from(alarm, log)) : [], { kind: "mean_field", label: t("alarm") });
    p.points("spikes", watch === "norm" ? spikes.map((i) => [steps[i], log(norm[i])]) : [], { kind: "mean_field", r: 5, label: t("spike") });
  };
}

/** How the runs end against the learning rate; a cross for one that diverged, at the upper edge if it ends above or nowhere. @param {Frame} f @param {HTMLElement} into @param {Runs} runs */
function endPlot(f, into, runs) {
  const rates = stopsOf(runs.learning_rate);
  const { ends } = outcome(runs);
  const [low, high] = [Math.log10(rates[0]), Math.log10(rates[rates.length - 1])];
  const room = 0.06 * (high - low);
  const whole = Array.from({ length: 40 }, (_, i) => i - 30).filter((k) => k >= low - room && k <= high + room);
  const y = { label: t("axisEnd"), ...lossLimits(runs) };
  const p = plot(f, { x: { label: t("axisRate"), min: low - room, max: high + room, ticks: whole.length > 1 ? whole : [low, high], format: (v) => significant(10 ** v, 2) },
    y, height: 360, title: t("ends"), into, table: false, legend: true });
  /** @type {number[]} */
  let bad = [];
  const crosses = () => p.layer("crosses", { clip: false, keep: true }).replaceChildren(...bad.map((i) => {
    const [cx, cy] = [p.scale.x(Math.log10(runs.learning_rate[i])), ends[i] < y.max ? p.scale.y(ends[i]) : p.scale.y(y.max) + 2 * CROSS];
    const d = `M${cx - CROSS} ${cy - CROSS}l${2 * CROSS} ${2 * CROSS}m${-2 * CROSS} 0l${2 * CROSS} ${-2 * CROSS}`;
    return s("path", { class: "xp-runs-cross", d });
  }));
  p.onLayout(crosses);
  const { level } = runs;
  if (level !== null) p.line("level", [low - room, high + room].map((x) => [x, level]), { kind: "theory", dash: true, label: t("level") });
  return (/** @type {State} */ state, /** @type {boolean} */ made) => {
    const { run, warmup, diverged, bet: guess } = state;
    const at = (/** @type {number} */ i) => [Math.log10(runs.learning_rate[i]), ends[i]];
    const shown = runs.loss.map((_, i) => i).filter((i) => made || i === run);
    bad = shown.filter((i) => diverged[i]);
    for (const w of stopsOf(runs.warmup)) {
      const mine = shown.filter((i) => runs.warmup[i] === w && !diverged[i]).sort((a, b) => at(a)[0] - at(b)[0]);
      const own = w === warmup;
      p.line(`line ${w}`, mine.map(at), { kind: own ? "simulation" : "muted" });
      p.points(`warm-up ${w}`, mine.map(at), { kind: own ? "simulation" : "muted", label: t("withWarmup", { warmup: w }) });
    }
    p.marker("now", ends[run] < y.max ? at(run) : [at(run)[0], y.max], { kind: "simulation", r: 7 });
    if (Number(guess) > 0) p.vline("bet", Math.log10(Number(guess)), { kind: "reader", label: t("yourBet") });
    else p.clear("bet");
    crosses();
    p.describe(t(made ? "pictureEnds" : "pictureHidden"));
  };
}

/** What there is to see, in a few sentences. @param {State} state */
export function sentence(state) {
  const { first, counts, found } = told(state);
  return [first, counts, found, state.bet && verdict(state)].filter(Boolean).join(" ");
}

/** The same for the ear, which need not hear the verdict at each move. @param {State} state @param {boolean} news  the bet was made just now */
export function spoken(state, news) {
  const { first, found } = told(state);
  return news && state.bet ? verdict(state) : `${first} ${found}`;
}

/** @param {State} state */
function told(state) {
  const { runs, run, rate, warmup, loss, ends, fates, spikes, window } = state;
  const broken = loss.length < runs.steps.length;
  const end = ends[run];
  const values = { rate: rated(rate), warmup, start: fixed(loss[0], 2), end: fixed(end, 2), perplexity: perplexity(end), high: significant(Math.max(...loss), 3), step: runs.steps[loss.length - 1] };
  const first = t(broken ? "sayBroken" : fates[run] === "diverged" ? "sayDiverged" : "say", values);
  const counts = runs.level !== null && end >= runs.level ? t("sayCounts", { level: fixed(runs.level, 2) }) : "";
  const key = loss.length <= window ? "sayShort" : !spikes.length ? "sayCalm" : spikes.length === 1 ? "sayOne" : "saySpikes";
  const found = t(key, { n: spikes.length, all: loss.length - window, step: runs.steps[spikes[0]], from: runs.steps[window], window });
  return { first, counts, found };
}

/** The answer to the bet. @param {State} state */
function verdict({ runs, ends, diverged, best, bet: guess }) {
  const count = diverged.filter(Boolean).length;
  const crosses = count ? ` ${t("crosses", { n: count, all: ends.length })}` : "";
  if (best < 0) return t("none") + crosses;
  const values = { bet: rated(Number(guess)), best: rated(runs.learning_rate[best]), warmup: runs.warmup[best], end: fixed(ends[best], 2) };
  if (guess === "skipped") return t("shown", values) + crosses;
  if (Number(guess) === runs.learning_rate[best]) return t("right", values) + crosses;
  const own = ends.filter((_, i) => runs.learning_rate[i] === Number(guess) && !diverged[i]);
  if (!own.length) return t("wrongBad", values) + crosses;
  return t("wrong", { ...values, own: fixed(Math.min(...own), 2) }) + crosses;
}

/** @param {State} state @param {boolean} open  whether the other runs may be told */
function tables({ runs, loss, norm, spikes, watch, ends, fates }, open) {
  const mark = (/** @type {number} */ i) => (spikes.includes(i) ? t("spike") : "");
  const rows = loss.map((v, i) => [runs.steps[i], v, norm[i], mark(i)]);
  const shown = { caption: t("thisRun"), columns: [t("step"), t("axisLoss"), t("axisNorm"), `${t("spike")}: ${t(watch)}`], rows };
  const end = ends.map((v, i) => [runs.learning_rate[i], runs.warmup[i], Number.isNaN(v) ? null : v, t(fates[i])]);
  return [shown, { caption: t("ends"), columns: [t("rate"), t("warmup"), t("axisEnd"), t("readState")], rows: open ? end : [] }];
}

/** @param {Frame} f */
function readouts(f) {
  const end = readout(f, { name: "end", label: t("readEnd"), format: (v) => fixed(v, 3), width: 6 });
  const hard = readout(f, { name: "perplexity", label: t("readPerplexity"), format: (v) => significant(v, 3), width: 9 });
  const peak = readout(f, { name: "peak", label: t("readPeak"), format: (v) => significant(v, 3), width: 9 });
  const count = readout(f, { name: "spikes", label: t("readSpikes"), format: (v) => String(v), width: 3 });
  const learns = readout(f, { name: "state", label: t("readState"), width: 19 });
  return (/** @type {State} */ { runs, run, loss, norm, spikes, ends, fates, diverged, best }) => {
    end(Number.isNaN(ends[run]) ? "–" : ends[run]);
    hard(Number.isNaN(ends[run]) ? "–" : Math.exp(Math.min(ends[run], 700)));
    peak(Math.max(...norm));
    count(spikes.length);
    learns(t(fates[run]));
    f.setReadout("first", loss[0]);
    f.setReadout("steps", loss.length);
    f.setReadout("spike_steps", spikes.map((i) => runs.steps[i]).join(" "));
    f.setReadout("diverged", diverged.filter(Boolean).length);
    f.setReadout("best", best < 0 ? "" : `${runs.learning_rate[best]} ${runs.warmup[best]}`);
  };
}

export default { render };
