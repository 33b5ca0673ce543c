// The next token under temperature, top-k and top-p, and a magnet under the same temperature: one slider, two systems.

import { sampleCategorical } from "./core/cumulative.js";
import { CounterRNG } from "./core/rng.js";
import { nextDistribution, topK, topP } from "./core/sampler.js";
import { entropy, softmax } from "./core/softmax.js";
import { lattice } from "./kit/canvas.js";
import { clock } from "./kit/clock.js";
import { button, choice, seedBox, slider } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { bet, declined, isMade } from "./parts/bet.js";
import { Magnet, spinEntropy } from "./parts/words.js";

const HOTTEST = 3; // as in next_token.py
const COLDEST = 0.02; // the magnet's T where the slider's is 0
const LARGEST = 8;
const SIZE = 40;
const MOST = 5000; // draws
const HOT = 7; // energy at the hot end of the scale of tokens
const ANSWER = 20; // sweeps with which the magnet answers a turn of the slider
const TABLES = ["heroes", "cat", "animal", "sum", "own"]; // in order: the page's state comes sorted by name
const STOPS = [0, 0.7, 1, 1.5];
const TESTED = 1.5; // the temperature of the bet
const COOLER = 0.7; // that of an answer which takes heat for cold
const SEEN = 12;

const t = strings({
  en: {
    name: "The next token",
    table: "Text", temperature: "Temperature", topK: "top-k", topP: "top-p",
    kSpoken: "top-k: tokens kept, at most {k}", pSpoken: "top-p: the fewest tokens with {p} of the mass",
    zero: "0, greedy", stops: "Ready-made temperatures",
    tZero: "T = 0, the limit", tCold: "T = {T}, cold", tOne: "T = 1, as the model has it; the magnet melts", tWarm: "T = {T}, warm", tHot: "T = {T}, hot",
    ask: "At T = 1 the token “{token}” has {p} %. What has it at T = 1.5?", askHow: "Same energies, a warmer bath. The slider goes there once you have bet.",
    skip: "Just show me", percent: "{p} %",
    tokens: "The next token", energyToken: "E: a surprising token costs energy, −ln p at T = 1", magnet: "A magnet", energyMagnet: "E: neighbours that disagree cost energy",
    token: "token", energy: "E", probability: "p", drawn: "drawn", cut: "cut", count: "times drawn", last: "Drawn last", nothing: "nothing yet",
    picture: "{size} × {size} spins, {up} % point up, at {words}.",
    entropy: "Entropy of the token", spinEntropy: "Entropy of a spin, exact", kept: "Tokens left", drawnRead: "Drawn", m: "|m|", bits: "{v} bits",
    sayZero: "T = 0 is a limit: “{token}” takes everything and every draw is the same. The magnet is frozen. It is greedy, not true.",
    sayCold: "Cold: gaps in energy count {factor} times as much as at T = 1. “{token}” has {p} %, and the magnet stays in order.",
    sayOne: "T = 1: the probabilities as the model has them; “{token}” has {p} %. The magnet is just melting.",
    sayHot: "Hot: gaps in energy count {factor} of what they do at T = 1. “{token}” has {p} %, “{rare}” {q} %; the magnet has lost its order.",
    sayHotOne: "Hot: gaps in energy count {factor} of what they do at T = 1. “{token}” has {p} %; the magnet has lost its order.",
    sayCut: " Top-k and top-p leave {kept} of {all} tokens: what is cut has E = ∞, and its {lost} % go to the others.",
    sayDrawn: " Of {n} draws {count} were “{token}”, {share} %.",
    right: " You bet right: {p} % at T = 1.5.", wrong: " You bet {bet} %; at T = 1.5 it has {p} %.",
  },
  zh: {
    name: "下一个词元",
    table: "文本", temperature: "温度", topK: "top-k", topP: "top-p",
    kSpoken: "top-k：最多 {k} 个词元", pSpoken: "top-p：占概率 {p} 的最少词元",
    zero: "0，贪心", stops: "预设温度",
    tZero: "T = 0，极限", tCold: "T = {T}，冷", tOne: "T = 1，模型原样；磁体熔化", tWarm: "T = {T}，暖", tHot: "T = {T}，热",
    ask: "T = 1 时词元“{token}”占 {p}%。T = 1.5 时它占多少？", askHow: "能量不变，热浴更暖。下注后滑块会移到那里。",
    skip: "直接看", percent: "{p}%",
    tokens: "下一个词元", energyToken: "E：令人意外的词元要付出能量，T = 1 时的 −ln p", magnet: "磁体", energyMagnet: "E：意见不同的邻居要付出能量",
    token: "词元", energy: "E", probability: "p", drawn: "抽到", cut: "剪除", count: "抽到次数", last: "最近抽到", nothing: "尚无",
    picture: "{size} × {size} 个自旋，{up}% 向上，{words}。",
    entropy: "词元的熵", spinEntropy: "每个自旋的熵（精确）", kept: "剩余词元", drawnRead: "已抽取", m: "|m|", bits: "{v} 比特",
    sayZero: "T = 0 是极限：“{token}”独占一切，每次抽取都相同。磁体冻结。这是贪心，并不等于真实。",
    sayCold: "冷：能量差的作用是 T = 1 时的 {factor} 倍。“{token}”占 {p}%，磁体保持有序。",
    sayOne: "T = 1：模型原来的概率，“{token}”占 {p}%。磁体正在熔化。",
    sayHotOne: "热：能量差的作用只有 T = 1 时的 {factor} 倍。“{token}”占 {p}%；磁体失去秩序。",
    sayHot: "热：能量差的作用只有 T = 1 时的 {factor} 倍。“{token}”占 {p}%，“{rare}”占 {q}%；磁体失去秩序。",
    sayCut: "top-k 与 top-p 在 {all} 个词元中留下 {kept} 个：被剪除者 E = ∞，其 {lost}% 归于其余。",
    sayDrawn: "抽取 {n} 次，“{token}”出现 {count} 次，占 {share}%。",
    right: "你猜对了：T = 1.5 时占 {p}%。", wrong: "你猜的是 {bet}%；T = 1.5 时它占 {p}%。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {{p: Float64Array, kept: boolean[], lost: number}} Next  lost: the mass that was cut, of the law at T */
/** @typedef {{prompt: string, tokens: string[], probabilities: number[]}} Table */
/** @typedef {{T: number, table: Table, energies: number[], next: Next, draws: Int32Array, counts: number[], bet: string}} State */

/** Energies −ln p at T = 1. @param {Table} table */
export function energiesOf({ probabilities }) {
  const total = probabilities.reduce((sum, p) => sum + p, 0);
  return probabilities.map((p) => -Math.log(p / total));
}

/** What the settings and so many draws amount to: other settings, the same luck. @param {(trait: string) => any} get @param {number} n @returns {State} */
export function stateOf(get, n) {
  const [T, table] = [get("temperature"), tableOf(get)];
  const energies = energiesOf(table);
  const next = nextOf(energies.map((e) => -e), T, get("top_k"), get("top_p"));
  const draws = sampleCategorical(next.p, n, new CounterRNG(get("seed")));
  const counts = energies.map(() => 0);
  for (const i of draws) counts[i] += 1;
  return { T, table, energies, next, draws, counts, bet: get("prediction") };
}

/**
 * The law of the next token, and what it was cut from.
 * @param {number[]} z @param {number} T @param {number} k @param {number} share  of top-p
 * @returns {Next}
 */
export function nextOf(z, T, k, share) {
  const p = nextDistribution(z, { temperature: T, topK: k, topP: share });
  const first = topK(z, k);
  // subtle: at T = 0 there is nothing to divide by, and the nucleus is what has any mass
  const nucleus = share === 1 ? first : T === 0 ? p.map((v) => (v > 0 ? 0 : -Infinity)) : topP(first.map((v) => v / T), share);
  const kept = Array.from(nucleus, (v) => v !== -Infinity);
  return { p, kept, lost: softmax(z, T).reduce((sum, v, i) => sum + (kept[i] ? 0 : v), 0) };
}

/** @param {(trait: string) => any} get @returns {Table} */
const tableOf = (get) => get("tables")[get("table")] ?? get("tables").heroes;

/** Whether T is 1, as a slider has it. @param {number} T */
const isOne = (T) => Math.abs(T - 1) < 1e-9;

/** @param {number} T */
const spoken = (T) => t(T === 0 ? "tZero" : isOne(T) ? "tOne" : T < 1 ? "tCold" : T < 2 ? "tWarm" : "tHot", { T: fixed(T, 2) });

/** @param {number} p */
const percent = (p) => fixed(100 * p, p > 0.0995 && p < 0.9945 ? 1 : 2);

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "next_token", label: t("name") });
  const get = (/** @type {string} */ trait) => model.get(trait);
  const magnet = new Magnet(settings(f));
  let n = 0;
  let card = question(f);
  let [asked, staked, made] = [get("table"), get("table"), get("prediction")]; // the text of the question, and of the bet
  const show = picture(f, magnet);
  const draw = () => {
    const [state, table] = [stateOf(get, n), get("table")];
    if (!isMade(f) && table !== asked) { // another text, another question
      card.close();
      [card, asked] = [question(f), table];
    }
    if (isOne(state.T) || isMade(f)) card.show();
    if (state.bet !== made) [made, staked] = [state.bet, table];
    show(made !== "" && table !== staked ? { ...state, bet: "skipped" } : state);
  };
  const restart = () => {
    n = 0;
    magnet.restart(settings(f));
  };
  const time = clock(f, {
    step(k) {
      n = Math.min(MOST, n + k);
      magnet.sweep(k);
    },
    onFrame: draw,
    onReset: restart,
    done: () => n >= MOST,
    perFrame: () => (reducedMotion() ? 12 : 1),
  });
  controls(f);
  f.watch("temperature", () => {
    magnet.ising.temperature = settings(f).temperature;
    magnet.sweep(ANSWER);
    draw();
  });
  for (const trait of ["table", "tables", "top_k", "top_p", "prediction"]) f.watch(trait, draw);
  f.watch("seed", () => time.reset());
  draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f */
const settings = (f) => ({ size: SIZE, temperature: Math.max(COLDEST, f.model.get("temperature")), seed: f.model.get("seed") });

/** What the answers to the bet stand for: the share of the likeliest token. @param {Table} table */
function answersOf(table) {
  const z = energiesOf(table).map((e) => -e);
  const best = z.indexOf(Math.max(...z));
  const at = (/** @type {number} */ T) => nextOf(z, T, z.length, 1).p[best];
  return { token: table.tokens[best], now: at(1), more: at(COOLER), less: at(TESTED), even: 1 / z.length };
}

/** @param {Frame} f */
function question(f) {
  const found = answersOf(tableOf((trait) => f.model.get(trait)));
  const label = (/** @type {number} */ p) => t("percent", { p: fixed(100 * p, 0) });
  /** @type {[string, string][]} */
  const answers = [["more", label(found.more)], ["less", label(found.less)], ["even", label(found.even)]];
  const card = bet(f, { ask: t("ask", { token: found.token, p: percent(found.now) }), how: t("askHow"), also: () => ({ temperature: TESTED, top_k: LARGEST, top_p: 1 }),
    answers: [...answers, ["skipped", t("skip")]] });
  return new Set(answers.map(([, text]) => text)).size === answers.length ? card : { show() {}, close() {} }; // equals leave nothing to bet on
}

/** @param {Frame} f */
function controls(f) {
  const tables = /** @type {Record<string, Table>} */ (f.model.get("tables"));
  const top = h("div", { class: "xp-nt-top" });
  f.root.insertBefore(top, f.stage);
  choice(f, { trait: "table", label: t("table"), menu: true, into: top,
    options: TABLES.filter((value) => tables[value]).map((value) => ({ value, label: `${tables[value].prompt} …` })) });
  slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: 0, max: HOTTEST, step: 0.05, exact: false, temperature: { neutral: 1 }, words: spoken, into: top,
    onInput: (_, { user }) => user && f.assign(declined(f)) });
  stops(f, top);
  slider(f, { trait: "top_k", label: t("topK"), symbol: "k", min: 1, max: LARGEST, step: 1, words: (k) => t("kSpoken", { k }) });
  slider(f, { trait: "top_p", label: t("topP"), symbol: "p", min: 0.05, max: 1, step: 0.01, words: (p) => t("pSpoken", { p: fixed(p, 2) }) });
  seedBox(f);
}

/** Buttons to the temperatures of the text. @param {Frame} f @param {HTMLElement} into */
function stops(f, into) {
  const row = h("div", { class: "xp-field xp-presets", role: "group", "aria-label": t("stops") });
  const all = STOPS.map((T) => button(f, { label: T ? `T = ${T}` : t("zero"), into: row, onClick: () => f.assign({ temperature: T, ...declined(f) }) }));
  const mark = () => all.forEach((node, i) => node.setAttribute("aria-pressed", String(STOPS[i] === f.model.get("temperature"))));
  f.watch("temperature", mark);
  mark();
  into.append(row);
}

/** Everything one sees; returns the function that draws it. @param {Frame} f @param {Magnet} magnet */
function picture(f, magnet) {
  f.stage.classList.add("xp-next-token");
  const caption = h("p", { class: "xp-caption" });
  const left = panel(t("tokens"), t("energyToken"));
  const right = panel(t("magnet"), t("energyMagnet"));
  right.classList.add("xp-nt-magnet");
  f.stage.append(caption, left, right);
  const prompt = h("p", { class: "xp-mw-line" });
  left.append(prompt);
  const rows = tokenRows(f, left);
  const last = h("p", { class: "xp-nt-last" });
  left.append(last);
  const spins = lattice(f, { into: right, describe: () =>
    t("picture", { size: SIZE, up: Math.round(50 * (1 + magnet.ising.magnetization())), words: spoken(f.model.get("temperature")) }) });
  const numbers = readouts(f, magnet);
  return (/** @type {State} */ state) => {
    const text = sentence(state);
    if (caption.textContent !== text) caption.textContent = text;
    f.announce(text);
    const { table, draws, energies } = state;
    const latest = draws[draws.length - 1];
    prompt.replaceChildren(`${table.prompt} `, latest === undefined ? "…" : token(table.tokens[latest], energies[latest] / HOT));
    rows(state);
    const seen = [...draws.slice(-SEEN)].flatMap((i) => [" ", token(table.tokens[i], energies[i] / HOT)]);
    last.replaceChildren(`${t("last")}:`, ...(seen.length ? seen : [` ${t("nothing")}`]));
    spins(magnet.ising.spins, SIZE, SIZE);
    numbers(state);
  };
}

/** @param {string} title @param {string} energy */
function panel(title, energy) {
  const law = h("span", { class: "xp-mw-law" }, "p ∝ e", h("sup", {}, "−E/T"));
  return h("div", { class: "xp-mw-panel" }, h("p", { class: "xp-mw-title" }, h("strong", {}, title), law), h("p", { class: "xp-mw-energy" }, energy));
}

/** @param {string} word @param {number} heat */
function token(word, heat) {
  const node = h("span", { class: "xp-mw-token" }, word);
  node.style.setProperty("--heat", String(Math.min(1, heat)));
  return node;
}

/** A row for each token: energy, bar, probability, share of the draws. @param {Frame} f @param {HTMLElement} into */
function tokenRows(f, into) {
  const names = ["token", "energy", "probability", "drawn"].map((key) => t(key));
  const body = h("tbody");
  const head = [h("th", { scope: "col" }, names[0]), h("th", { scope: "col" }, names[1]), h("td", { class: "xp-nt-bar" }),
    h("th", { scope: "col" }, names[2]), h("th", { scope: "col" }, names[3])];
  into.append(h("table", { class: "xp-nt-table", "aria-label": t("tokens") }, h("thead", {}, h("tr", {}, ...head)), body));
  /** @type {State | null} */
  let current = null;
  f.addTable(() => ({ caption: t("tokens"), columns: [...names.slice(0, 3), t("count")], rows: current?.table.tokens.map((name, i) =>
    [name, current?.next.kept[i] ? current.energies[i] : "∞", current?.next.p[i] ?? 0, current?.counts[i] ?? 0]) ?? [] }));
  return (/** @type {State} */ state) => {
    current = state;
    const { table, energies, next, counts, draws } = state;
    while (body.children.length > table.tokens.length) body.lastElementChild?.remove();
    while (body.children.length < table.tokens.length) body.append(tokenRow());
    table.tokens.forEach((name, i) => {
      const [th, e, bar, p, share] = /** @type {HTMLElement[]} */ ([...body.children[i].children]);
      body.children[i].classList.toggle("xp-cut", !next.kept[i]);
      th.textContent = name;
      e.textContent = next.kept[i] ? fixed(energies[i], 2) : "∞";
      const [fill, mark] = /** @type {HTMLElement[]} */ ([.../** @type {Element} */ (bar.firstElementChild).children]);
      fill.style.inlineSize = `${100 * next.p[i]}%`;
      fill.style.setProperty("--heat", String(Math.min(1, energies[i] / HOT)));
      mark.hidden = !draws.length;
      mark.style.insetInlineStart = `${(100 * counts[i]) / Math.max(1, draws.length)}%`;
      p.textContent = next.kept[i] ? fixed(next.p[i], 4) : t("cut");
      share.textContent = draws.length ? fixed(counts[i] / draws.length, 3) : "–";
    });
    f.tableChanged();
  };
}

/** An empty row. */
function tokenRow() {
  const bar = h("span", { class: "xp-bar-track", "aria-hidden": "true" }, h("span", { class: "xp-bar-fill xp-heat" }), h("span", { class: "xp-nt-mark" }));
  return h("tr", {}, h("th", { scope: "row" }), h("td"), h("td", { class: "xp-nt-bar" }, bar), h("td"), h("td"));
}

/** What there is to see, in a few sentences. @param {State} state */
export function sentence({ T, table, energies, next, draws, counts, bet: made }) {
  const best = energies.indexOf(Math.min(...energies));
  const rare = energies.lastIndexOf(Math.max(...energies.filter((_, i) => next.kept[i])));
  const values = {
    token: table.tokens[best], rare: table.tokens[rare], p: percent(next.p[best]), q: percent(next.p[rare]), factor: fixed(1 / T, 2),
    kept: next.kept.filter(Boolean).length, all: energies.length, lost: percent(next.lost), n: draws.length, count: counts[best],
    share: percent(counts[best] / Math.max(1, draws.length)),
  };
  const begin = t(T === 0 ? "sayZero" : isOne(T) ? "sayOne" : T < 1 ? "sayCold" : rare === best ? "sayHotOne" : "sayHot", values);
  const cut = next.kept.every(Boolean) ? "" : t("sayCut", values);
  return begin + cut + (draws.length ? t("sayDrawn", values) : "") + (cut ? "" : verdict(table, T, made));
}

/** @param {Table} table @param {number} T @param {string} made */
function verdict(table, T, made) {
  if (T !== TESTED || made === "" || made === "skipped") return "";
  const found = answersOf(table);
  return t(made === "less" ? "right" : "wrong", { p: percent(found.less), bet: fixed(100 * (made === "more" ? found.more : found.even), 0) });
}

/** @param {Frame} f @param {Magnet} magnet */
function readouts(f, magnet) {
  const bits = (/** @type {number} */ v) => t("bits", { v: fixed(v, 3) });
  const own = readout(f, { name: "entropy_bits", label: t("entropy"), format: bits, width: 10 });
  const spin = readout(f, { name: "spin_entropy_bits", label: t("spinEntropy"), format: bits, width: 10 });
  const m = readout(f, { name: "abs_magnetization", label: t("m"), format: (v) => fixed(v, 2), width: 4 });
  const kept = readout(f, { name: "kept", label: t("kept"), format: (v) => String(v), width: 2 });
  const drawn = readout(f, { name: "draws", label: t("drawnRead"), format: (v) => String(v), width: 4 });
  return (/** @type {State} */ { T, next, energies, draws, counts }) => {
    own(entropy(next.p, 2));
    spin(spinEntropy(Math.max(COLDEST, T)));
    m(Math.abs(magnet.ising.magnetization()));
    kept(next.kept.filter(Boolean).length);
    drawn(draws.length);
    f.setReadout("probabilities", Array.from(next.p).join(" "));
    f.setReadout("energies", energies.join(" "));
    f.setReadout("counts", counts.join(" "));
    f.setReadout("mean_energy", next.p.reduce((sum, p, i) => sum + p * energies[i], 0));
    f.setReadout("sweeps", magnet.sweeps);
  };
}

export default { render };
