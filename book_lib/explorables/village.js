// A village that votes: opinions are spins, friendships are bonds, individuality is temperature.

import { clock } from "./kit/clock.js";
import { button, choice, presets, seedBox, slider } from "./kit/controls.js";
import { h, s } from "./kit/dom.js";
import { fixed } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { plot } from "./kit/plot.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { HOUSES, Votes, friendLines, places } from "./parts/village.js";

const FIRST_SIGHT = 20; // days lived before the first picture, as in village.py
const LONG_WAIT = 1000;
const WORTH_KEEPING = 30; // days that an average needs before it stays on the plot
const TURNING = ["temperature", "coupling", "field", "friends", "rewiring"];
const GABLE = "M-.5 .5V-.1L0 -.6L.5 -.1V.5Z";
const SQUARE = "M-.34 -.34H.34V.34H-.34Z";

const t = strings({
  en: {
    name: "A village that votes",
    individuality: "Individuality",
    pull: "Friends’ pull",
    campaign: "Campaign",
    friends: "Friendships",
    grid: "Streets",
    ring: "Circle",
    rewiring: "Shortcuts",
    house: "Look into house",
    wait: "Wait 1000 days",
    quiet: "Quiet",
    individualists: "Individualists",
    smallWorld: "Small world",
    contrarians: "Contrarians",
    loners: "Loners",
    campaignPreset: "Campaign",
    ledT: "T = {v}, easily led",
    ownT: "T = {v}, minds of their own",
    deafT: "T = {v}, hardly listening",
    opposeJ: "J = {v}, friends are opposed",
    ignoreJ: "J = 0, friends are ignored",
    followJ: "J = {v}, friends are followed",
    forNo: "h = {v}, a campaign for no",
    noCampaign: "h = 0, no campaign",
    forYes: "h = {v}, a campaign for yes",
    share: "{v} per cent of friendships moved to somebody at random",
    houseWords: "house {v}",
    plotTitle: "Mean opinion against campaign",
    plotX: "campaign h",
    plotY: "mean opinion m",
    alone: "no friends: tanh(h/T)",
    averaged: "average",
    earlier: "earlier averages",
    today: "today",
    yes: "yes",
    no: "no",
    quarrel: "friends who pull apart",
    readYes: "Yes today",
    readMean: "Mean opinion",
    readAverage: "Average",
    readAlone: "tanh(h/T)",
    readAgree: "Friends who agree",
    readCheck: "Checkerboard",
    picture: "A hundred houses, day {day}: {yes} say yes. {sentence}",
    dayZero: "Day 0: everybody has tossed a coin.",
    consensus: "Day {day}: the village is of one mind, {most} of 100.",
    camps: "Day {day}: camps. Neighbours agree, the village does not.",
    checker: "Day {day}: almost every house differs from its friends, street by street.",
    frustrated: "Day {day}: frustration. Everybody wants to differ from all friends, which this web does not allow.",
    lonely: "Day {day}: friends are ignored. Each house hears only the campaign and its own dice, so m ≈ tanh(h/T) = {alone}.",
    deaf: "Day {day}: friends are ignored, and the dice drown the campaign: m ≈ tanh(h/T) = {alone}. "
      + "High T makes the campaign weaker, not stronger.",
    lively: "Day {day}: opinions come and go.",
    says: "House {i} says {opinion}. {yes} of its {friends} friends say yes, so its pull towards yes is "
      + "J × ({yes} − {no}) + h = {pull}; asked again, it says yes with probability {p} %.",
  },
  zh: {
    name: "投票的村庄",
    individuality: "个性",
    pull: "朋友的影响",
    campaign: "宣传",
    friends: "朋友关系",
    grid: "街区",
    ring: "环",
    rewiring: "捷径",
    house: "查看房屋",
    wait: "等待 1000 天",
    quiet: "平静",
    individualists: "个人主义者",
    smallWorld: "小世界",
    contrarians: "唱反调者",
    loners: "独来独往",
    campaignPreset: "宣传",
    ledT: "T = {v}，容易受影响",
    ownT: "T = {v}，有自己的主见",
    deafT: "T = {v}，几乎不听别人",
    opposeJ: "J = {v}，与朋友作对",
    ignoreJ: "J = 0，不理会朋友",
    followJ: "J = {v}，跟随朋友",
    forNo: "h = {v}，宣传反对",
    noCampaign: "h = 0，没有宣传",
    forYes: "h = {v}，宣传赞成",
    share: "{v}% 的朋友关系被重连",
    houseWords: "第 {v} 户",
    plotTitle: "平均意见随宣传的变化",
    plotX: "宣传 h",
    plotY: "平均意见 m",
    alone: "没有朋友：tanh(h/T)",
    averaged: "平均",
    earlier: "较早的平均",
    today: "今天",
    yes: "赞成",
    no: "反对",
    quarrel: "互相拉扯的朋友",
    readYes: "今天赞成",
    readMean: "平均意见",
    readAverage: "平均",
    readAlone: "tanh(h/T)",
    readAgree: "意见一致的朋友",
    readCheck: "棋盘序",
    picture: "一百户人家，第 {day} 天：{yes} 户赞成。{sentence}",
    dayZero: "第 0 天：每户都抛了一枚硬币。",
    consensus: "第 {day} 天：全村一心，100 户中有 {most} 户意见相同。",
    camps: "第 {day} 天：分成阵营。邻居一致，全村不一致。",
    checker: "第 {day} 天：几乎每户都与朋友不同，沿街交替。",
    frustrated: "第 {day} 天：阻挫。人人都想与所有朋友不同，而这张关系网不允许。",
    lonely: "第 {day} 天：不理会朋友。每户只听宣传和自己的骰子，因此 m ≈ tanh(h/T) = {alone}。",
    deaf: "第 {day} 天：不理会朋友，骰子淹没了宣传：m ≈ tanh(h/T) = {alone}。T 越高，人们越不为所动。",
    lively: "第 {day} 天：意见来来去去。",
    says: "第 {i} 户{opinion}。它的 {friends} 位朋友中有 {yes} 位赞成，因此倾向赞成的力为 "
      + "J × ({yes} − {no}) + h = {pull}；再问一次，它以 {p}% 的概率赞成。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./parts/village.js").Settings} Settings */

const STREETS = { friends: "grid", rewiring: 0 };
const PRESETS = {
  quiet: { ...STREETS, coupling: 1, temperature: 1, field: 0 },
  contrarians: { ...STREETS, coupling: -1, temperature: 0.8, field: 0 },
  loners: { ...STREETS, coupling: 0, temperature: 0.5, field: 0.5 },
  individualists: { ...STREETS, coupling: 0, temperature: 5, field: 0.5 },
  campaignPreset: { ...STREETS, coupling: 1, temperature: 3, field: 0.5 },
  smallWorld: { friends: "ring", rewiring: 0.1, coupling: 1, temperature: 1.8, field: 0 },
};

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "village", label: t("name") });
  const reasons = h("p", { class: "xp-vi-reasons" });
  const settings = () =>
    /** @type {Settings} */ (Object.fromEntries([...TURNING, "seed"].map((name) => [name, model.get(name)])));
  controls(f, reasons);
  const votes = new Votes(settings());
  votes.live(FIRST_SIGHT);
  const view = picture(f, votes, reasons);
  const time = clock(f, {
    step: (n) => votes.live(n),
    onFrame: view.draw,
    perFrame: () => (reducedMotion() ? 1 : 1 / 6), // ten days a second: slow enough to follow a house
    onReset() {
      votes.restart(settings());
      view.forget();
    },
  });
  button(f, { label: t("wait"), where: "toolbar", onClick: () => time.stepOnce(LONG_WAIT) });
  TURNING.forEach((name) => f.watch(name, (value) => {
    view.keep(name);
    votes.turn({ [name]: value });
    view.draw();
  }));
  f.watch("seed", () => time.reset());
  f.watch("house", view.draw);
  view.draw();
  f.publish();
  return f.destroy;
}

/** @param {Frame} f @param {HTMLElement} reasons  stands beside the slider that chooses the house */
function controls(f, reasons) {
  const all = Object.entries(PRESETS).map(([label, set]) => ({ label: t(label), set }));
  const doors = h("div", { class: "xp-vi-presets" });
  f.root.insertBefore(doors, f.stage);
  presets(f, all, { into: doors });
  slider(f, { trait: "temperature", label: t("individuality"), symbol: "T", min: 0.2, max: 8, step: 0.1,
    temperature: { neutral: 2.27 }, words: (v) => t(v < 1.2 ? "ledT" : v < 4 ? "ownT" : "deafT", { v: fixed(v, 1) }) });
  slider(f, { trait: "coupling", label: t("pull"), symbol: "J", min: -1.5, max: 1.5, step: 0.1,
    words: (v) => t(v < 0 ? "opposeJ" : v > 0 ? "followJ" : "ignoreJ", { v: fixed(v, 1) }) });
  slider(f, { trait: "field", label: t("campaign"), symbol: "h", min: -2, max: 2, step: 0.1,
    words: (v) => t(v < 0 ? "forNo" : v > 0 ? "forYes" : "noCampaign", { v: fixed(v, 1) }) });
  choice(f, { trait: "friends", label: t("friends"),
    options: [{ value: "grid", label: t("grid") }, { value: "ring", label: t("ring") }] });
  slider(f, { trait: "rewiring", label: t("rewiring"), symbol: "p", min: 0, max: 1, step: 0.01,
    words: (v) => t("share", { v: Math.round(100 * v) }) });
  slider(f, { trait: "house", label: t("house"), min: 1, max: HOUSES, step: 1, words: (v) => t("houseWords", { v }) });
  f.controls.append(reasons);
  seedBox(f);
}

/** @param {Frame} f @param {Votes} votes @param {HTMLElement} reasons */
function picture(f, votes, reasons) {
  f.stage.classList.add("xp-village");
  const caption = h("p", { class: "xp-caption" });
  const right = h("div", { class: "xp-vi-plot" });
  const map = houses(f, votes);
  f.stage.append(h("div", { class: "xp-vi-map" }, map.node, key()), right, caption);
  const answer = response(f, votes, right);
  const show = readouts(f, votes);
  const draw = () => {
    const text = sentence(votes);
    map.draw(f.model.get("house") - 1, text);
    answer.draw();
    if (caption.textContent !== text) caption.textContent = text;
    const why = inside(votes, f.model.get("house") - 1);
    if (reasons.textContent !== why) reasons.textContent = why;
    show();
  };
  return { draw, keep: answer.keep, forget: answer.forget };
}

/** What is happening, in one sentence. @param {Votes} votes */
export function sentence(votes) {
  const { coupling, friends, field, temperature, rewiring } = votes.settings;
  const [m, check] = [votes.mean(), votes.checkerboard()];
  const values = { day: votes.days, most: Math.round(50 * (1 + Math.abs(m))), alone: fixed(votes.alone(), 2) };
  if (!votes.days) return t("dayZero");
  if (coupling === 0) return t(temperature >= 3 && field ? "deaf" : "lonely", values);
  if (check !== null && check > 0.7) return t("checker", values);
  if (Math.abs(m) > 0.7) return t("consensus", values);
  const odd = friends === "ring" || rewiring > 0; // some circles of friends are odd: they cannot alternate
  if (coupling < 0 && odd && votes.agreement() < 0.4) return t("frustrated", values);
  return t(coupling > 0 && votes.agreement() > 0.72 ? "camps" : "lively", values);
}

/** Why the house says what it says. @param {Votes} votes @param {number} i */
function inside(votes, i) {
  const why = votes.reasons(i);
  return t("says", { i: i + 1, opinion: t(why.says > 0 ? "yes" : "no"), yes: why.yes, friends: why.friends,
    no: why.friends - why.yes, pull: fixed(why.pull, 1), p: Math.round(100 * why.probability) });
}

/** What the shapes mean. */
function key() {
  const box = { width: 18, height: 18, viewBox: "-.8 -.8 1.6 1.6", "aria-hidden": "true" };
  const sign = (/** @type {string} */ d, /** @type {string} */ name, /** @type {string} */ text) =>
    h("span", {}, s("svg", box, s("path", { d, class: name })), text);
  return h("p", { class: "xp-legend" }, sign(GABLE, "xp-vi-house xp-yes", t("yes")),
    sign(SQUARE, "xp-vi-house xp-no", t("no")), sign("M-.8 0H.8", "xp-vi-quarrel", t("quarrel")));
}

/**
 * The map: friendships under houses. Solid gabled houses say yes, small open squares say no.
 * @param {Frame} f @param {Votes} votes
 */
function houses(f, votes) {
  const peace = s("path", { class: "xp-vi-link" });
  const quarrels = s("path", { class: "xp-vi-quarrel" });
  const chosen = s("path", { class: "xp-vi-chosen" });
  const ring = s("circle", { class: "xp-vi-ring" });
  const marks = Array.from({ length: HOUSES }, () => s("path"));
  const svg = s("svg", { class: "xp-vi-svg", role: "img", viewBox: "0 0 100 100" },
    peace, quarrels, chosen, ...marks, ring);
  let layout = "";
  /** @type {typeof votes.neighbors | null} */
  let known = null;
  /** @type {ReturnType<typeof friendLines>} */
  let lines = [];
  /** @type {[number, number][]} */
  let spots = [];
  let spoken = -Infinity;

  const arrange = () => {
    const { friends } = votes.settings;
    if (layout !== friends) {
      layout = friends;
      spots = places(friends).map(([x, y]) => [100 * x, 100 * y]);
      const size = friends === "grid" ? 6.4 : 2.7;
      marks.forEach((mark, i) => {
        const [x, y] = spots[i].map((v) => v.toFixed(2));
        mark.setAttribute("transform", `translate(${x} ${y}) scale(${size})`);
      });
    }
    if (known !== votes.neighbors) lines = friendLines(votes.neighbors, friends);
    known = votes.neighbors;
  };
  const tell = (/** @type {string} */ text) => {
    if (performance.now() - spoken < 1000 && f.running) return;
    spoken = performance.now();
    const yes = Math.round((HOUSES * (1 + votes.mean())) / 2);
    const all = t("picture", { day: votes.days, yes, sentence: text });
    svg.setAttribute("aria-label", all);
    f.announce(all);
  };
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    const x = (100 * (event.clientX - box.left)) / box.width;
    const y = (100 * (event.clientY - box.top)) / box.height;
    const far = spots.map(([a, b]) => (a - x) ** 2 + (b - y) ** 2);
    f.assign({ house: far.indexOf(Math.min(...far)) + 1 });
  }, { signal: f.signal });

  return { node: svg, draw(/** @type {number} */ house, /** @type {string} */ text) {
    arrange();
    const { opinions, settings: { coupling } } = votes;
    const apart = (/** @type {number} */ i, /** @type {number} */ j) => coupling * opinions[i] * opinions[j] < 0;
    const path = (/** @type {typeof lines} */ some) => some.map((line) => line.d).join("");
    peace.setAttribute("d", path(lines.filter(({ i, j }) => !apart(i, j))));
    quarrels.setAttribute("d", path(lines.filter(({ i, j }) => apart(i, j))));
    chosen.setAttribute("d", path(lines.filter(({ i, j }) => i === house || j === house)));
    ring.setAttribute("cx", String(spots[house][0]));
    ring.setAttribute("cy", String(spots[house][1]));
    ring.setAttribute("r", layout === "grid" ? "5.2" : "3.2");
    marks.forEach((mark, i) => paint(mark, opinions[i] > 0));
    tell(text);
  } };
}

/** @param {SVGPathElement} mark @param {boolean} yes */
function paint(mark, yes) {
  const name = yes ? "xp-vi-house xp-yes" : "xp-vi-house xp-no";
  if (mark.getAttribute("class") === name) return;
  mark.setAttribute("class", name);
  mark.setAttribute("d", yes ? GABLE : SQUARE);
}

/**
 * How the village answers a campaign: averages, and the law for houses without friends.
 * @param {Frame} f @param {Votes} votes @param {HTMLElement} into
 */
function response(f, votes, into) {
  const p = plot(f, { into, height: 280, legend: true, title: t("plotTitle"), x: { label: t("plotX"), min: -2, max: 2 },
    y: { label: t("plotY"), min: -1.05, max: 1.05, ticks: [-1, -0.5, 0, 0.5, 1] } });
  /** @type {[number, number, number][]} */
  let kept = [];
  p.vline("zero", 0);
  p.hline("none", 0);
  p.onDrag((x) => f.assign({ field: Math.min(2, Math.max(-2, Math.round(10 * x) / 10)) }));
  return {
    draw() {
      const { field, temperature } = votes.settings;
      const { mean, error, n } = votes.average;
      const fields = Array.from({ length: 81 }, (_, i) => i / 20 - 2);
      p.line("alone", fields.map((x) => [x, Math.tanh(x / temperature)]), { kind: "theory", label: t("alone") });
      p.points("earlier", kept, { label: t("earlier"), r: 2.5 });
      p.points("today", [[field, votes.mean()]], { kind: "muted", label: t("today"), r: 2.5 });
      p.errorbars("error", n >= WORTH_KEEPING ? [[field, mean, Number.isFinite(error) ? error : 0]] : []);
      p.marker("average", [field, n ? mean : votes.mean()], { label: t("averaged") });
      p.describe(sentence(votes));
    },
    /** Before a change: another campaign leaves a point behind, anything else begins a new curve. @param {string} name */
    keep(name) {
      const { mean, error, n } = votes.average;
      const { field } = votes.settings;
      if (name !== "field") kept = [];
      else if (n >= WORTH_KEEPING) kept = [...kept.filter(([x]) => x !== field), [field, mean, error]];
    },
    forget() {
      kept = [];
    },
  };
}

/** @param {Frame} f @param {Votes} votes */
function readouts(f, votes) {
  const percent = (/** @type {number} */ v) => (Number.isFinite(v) ? `${Math.round(100 * v)} %` : "–");
  const two = (/** @type {number} */ v) => fixed(v, 2);
  const yes = readout(f, { name: "share_yes", label: t("readYes"), format: percent, width: 5 });
  const m = readout(f, { name: "mean_opinion", label: t("readMean"), format: two, width: 5 });
  const average = readout(f, { name: "average", label: t("readAverage"), width: 13, format: (v) =>
    fixed(v, 3) + (Number.isFinite(votes.average.error) ? ` ± ${fixed(votes.average.error, 3)}` : "") });
  const alone = readout(f, { name: "alone", label: t("readAlone"), format: (v) => fixed(v, 3), width: 6 });
  const agree = readout(f, { name: "agreement", label: t("readAgree"), format: percent, width: 5 });
  const check = readout(f, { name: "checkerboard", label: t("readCheck"), format: two, width: 4 });
  return () => {
    yes((1 + votes.mean()) / 2);
    m(votes.mean());
    average(votes.average.mean);
    f.setReadout("average_error", votes.average.error);
    f.setReadout("day", votes.days);
    alone(votes.alone());
    agree(votes.agreement());
    check(votes.checkerboard() ?? NaN);
  };
}

export default { render };
