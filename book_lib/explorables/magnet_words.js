// One temperature, two systems: a small magnet and the next word of a sentence, side by side.

import { bars } from "./kit/bars.js";
import { lattice } from "./kit/canvas.js";
import { clock } from "./kit/clock.js";
import { seedBox, slider } from "./kit/controls.js";
import { h } from "./kit/dom.js";
import { fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { readout } from "./kit/readout.js";
import { strings } from "./kit/strings.js";
import { reducedMotion } from "./kit/theme.js";
import { Magnet, Words, spinEntropy } from "./parts/words.js";

const HOT = 8; // energy at the hot end of the scale of words, as in magnet_words.py
const CELLS = 12; // sampled words in view
const PER_WORD = 12; // steps from one word to the next
const ANSWER = 20; // sweeps of the magnet at once when the temperature turns
const SETTLE = 60; // pictures after the reader's last turn of the temperature …
const SETTLE_SWEEPS = 8; // … with so many sweeps each

const t = strings({
  en: {
    name: "One temperature for a magnet and a next word",
    temperature: "Temperature",
    frozen: "T = {T}, cold",
    middle: "T = {T}, where the magnet melts",
    warm: "T = {T}, warm",
    hot: "T = {T}, hot",
    magnet: "A magnet",
    word: "A next word",
    energyMagnet: "E: neighbours that disagree cost energy",
    energyWord: "E: a surprising word costs energy, −ln p at T = 1",
    bars: "Probability of the next word",
    colWord: "word",
    colP: "probability",
    drawn: "Twelve words, drawn by these odds",
    colEnergy: "energy",
    m: "|m|",
    eSpin: "Energy per spin",
    sSpin: "Entropy per spin (exact)",
    sWord: "Entropy of the word",
    eWord: "Mean energy of the word",
    bit: "{v} bit",
    bits: "{v} of {most} bits",
    picture: "{size} by {size} spins, {up} per cent up.",
    sayCold: "Cold: one order everywhere. The spins point one way, and “{word}” comes {p} times out of 100.",
    sayDivided: "Cooled in haste, the magnet is split into domains and may stay so; words have no neighbours to wait for: "
      + "“{word}”, {p} out of 100.",
    sayCool: "Order with exceptions: a few islands in the magnet, now and then another word than “{word}”.",
    sayCritical: "Here the magnet melts: patches of every size. The words are as they were learned, "
      + "“{word}” {p} times out of 100.",
    sayWarm: "Order is gone in the magnet, only small patches are left. "
      + "“{word}” leads with {p} in 100; {few} words have a real chance.",
    sayHot: "Hot: every spin tosses its own coin, and {few} words are in play. "
      + "Even “{rare}” comes {q} times out of 100.",
  },
  zh: {
    name: "同一个温度下的磁体与下一个词",
    temperature: "温度",
    frozen: "T = {T}，冷",
    middle: "T = {T}，磁体在此熔化",
    warm: "T = {T}，暖",
    hot: "T = {T}，热",
    magnet: "磁体",
    word: "下一个词",
    energyMagnet: "E：意见不同的邻居要付出能量",
    energyWord: "E：令人意外的词要付出能量，T = 1 时的 −ln p",
    bars: "下一个词的概率",
    colWord: "词",
    colP: "概率",
    drawn: "按这些概率抽出的十二个词",
    colEnergy: "能量",
    m: "|m|",
    eSpin: "每个自旋的能量",
    sSpin: "每个自旋的熵（精确）",
    sWord: "词的熵",
    eWord: "词的平均能量",
    bit: "{v} 比特",
    bits: "{v} / {most} 比特",
    picture: "{size} × {size} 个自旋，{up}% 向上。",
    sayCold: "冷：处处有序。自旋指向同一方向，“{word}”在 100 次中出现 {p} 次。",
    sayDivided: "冷却过急，磁体裂成磁畴，也许一直如此；词没有要等的邻居：“{word}”，100 次中 {p} 次。",
    sayCool: "有例外的秩序：磁体中有几座小岛，偶尔出现“{word}”以外的词。",
    sayCritical: "磁体在此熔化：各种大小的斑块。词保持学到的样子，“{word}”在 100 次中出现 {p} 次。",
    sayWarm: "磁体失去秩序，只剩小斑块。“{word}”以 100 次中 {p} 次领先；{few} 个词有真正的机会。",
    sayHot: "热：每个自旋各抛各的硬币，{few} 个词都在局中。连“{rare}”也在 100 次中出现 {q} 次。",
  },
});

/** @typedef {import("./kit/frame.js").Frame} Frame */

/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "magnet_words", label: t("name") });
  f.root.insertBefore(f.controls, f.stage); // what drives both pictures stands above both
  const read = (/** @type {string[]} */ ...names) =>
    /** @type {any} */ (Object.fromEntries(names.map((name) => [name, model.get(name)])));
  let settle = { begin() {}, stop() {} };
  slider(f, { trait: "temperature", label: t("temperature"), symbol: "T", min: 0.2, max: 5, scale: "log",
    temperature: { neutral: 1 }, words: spoken, onInput: (_, { user }) => user && settle.begin() });
  const magnet = new Magnet(read("size", "temperature", "seed"));
  let words = new Words(read("words", "logits", "seed"));
  let steps = 0; // of the clock: turning the temperature moves the magnet on, but tosses no new words
  const draw = picture(f, magnet, () => words, () => Math.floor(steps / PER_WORD));
  const restart = () => {
    settle.stop();
    steps = 0;
    magnet.restart(read("size", "temperature", "seed"));
    words = new Words(read("words", "logits", "seed"));
  };
  const time = clock(f, {
    step(n) {
      settle.stop();
      steps += n;
      magnet.sweep(n);
    },
    onFrame: draw,
    onReset: restart,
    perFrame: () => (reducedMotion() ? 6 : 0.5),
  });
  settle = settling(f, () => {
    if (f.running) return false;
    magnet.sweep(SETTLE_SWEEPS);
    draw();
    return true;
  });
  f.watch("temperature", (T) => {
    magnet.ising.temperature = T;
    magnet.sweep(ANSWER);
    draw();
  });
  for (const name of ["size", "seed", "words", "logits", "prompt"]) {
    f.watch(name, () => model.get("words").length === model.get("logits").length && time.reset());
  }
  f.controls.append(/** @type {Element} */ (f.toolbar.querySelector(".xp-play"))); // beside the one slider
  const foot = h("div", { class: "xp-mw-foot" });
  f.root.append(foot);
  seedBox(f, { into: foot });
  draw();
  f.publish();
  return f.destroy;
}

/** @param {number} T */
const spoken = (T) => t(T < 0.7 ? "frozen" : T < 1.3 ? "middle" : T < 2.5 ? "warm" : "hot", { T: fixed(T, 2) });

/**
 * After the reader has turned the temperature, let the magnet answer for a second; then it is still again.
 * @param {Frame} f @param {() => boolean} once  one picture; false when the clock runs and does it all anyway
 */
function settling(f, once) {
  let left = 0;
  let request = 0;
  const next = () => {
    request = 0;
    if (left-- > 0 && once()) request = requestAnimationFrame(next);
    else f.publish();
  };
  const begin = () => {
    if (reducedMotion()) {
      for (let k = 0; k < SETTLE / 4; k++) once();
      return;
    }
    left = SETTLE;
    request ||= requestAnimationFrame(next);
  };
  const stop = () => {
    left = 0;
    cancelAnimationFrame(request);
    request = 0;
  };
  f.onCleanup(stop);
  return { begin, stop };
}

/**
 * Everything one sees; returns the function that draws it.
 * @param {Frame} f @param {Magnet} magnet @param {() => Words} words
 * @param {() => number} first  place in the stream of the oldest word in view
 */
function picture(f, magnet, words, first) {
  f.stage.classList.add("xp-magnet-words");
  const left = panel(t("magnet"), t("energyMagnet"));
  left.classList.add("xp-mw-magnet");
  const right = panel(t("word"), t("energyWord"));
  const caption = h("p", { class: "xp-caption" });
  f.stage.append(left, right);
  const spins = lattice(f, { into: left, describe: () => {
    const up = Math.round(50 * (1 + magnet.ising.magnetization()));
    return `${t("picture", { size: magnet.ising.size, up })} ${caption.textContent}`;
  } });
  const line = h("p", { class: "xp-mw-line" });
  right.append(line);
  const drawBars = bars(f, { into: right, title: t("bars"), format: percent, columns: [t("colWord"), t("colP")] });
  const drawCells = cells(f, f.stage);
  f.stage.append(caption);
  const show = readouts(f, magnet, words);
  return () => {
    const T = f.model.get("temperature");
    const w = words();
    const p = w.probabilities(T);
    const place = first();
    const heat = Array.from(w.energies, (energy) => energy / HOT);
    caption.textContent = sentence(T, magnet, w, p);
    spins(magnet.ising.spins, magnet.ising.size, magnet.ising.size);
    drawBars(w.words.map((label, i) => ({ label, value: p[i], heat: heat[i] })));
    const latest = w.sample(place + CELLS - 1, T);
    line.replaceChildren(`${f.model.get("prompt")} `, token(w.words[latest], heat[latest]), ".");
    drawCells(w, place, T, heat);
    show(T, p);
  };
}

/** @param {string} title @param {string} energy */
function panel(title, energy) {
  const law = h("span", { class: "xp-mw-law" }, "p ∝ e", h("sup", {}, "−E/T"));
  return h("div", { class: "xp-mw-panel" }, h("p", { class: "xp-mw-title" }, h("strong", {}, title), law),
    h("p", { class: "xp-mw-energy" }, energy));
}

/** @param {number} v */
const percent = (v) => {
  if (v < 0.0001) return "< 0.01 %";
  return `${fixed(100 * v, v >= 0.0995 ? 0 : v >= 0.00095 ? 1 : 2)} %`;
};

/** A word in the colour of its energy. @param {string} word @param {number} heat */
function token(word, heat) {
  const node = h("span", { class: "xp-mw-token" }, word);
  node.style.setProperty("--heat", String(Math.min(1, Math.max(0, heat))));
  return node;
}

/**
 * The twelve words drawn last. A word keeps its cell until it is the oldest: nothing moves when one arrives.
 * @param {Frame} f @param {HTMLElement} into
 */
function cells(f, into) {
  const list = h("ol", { class: "xp-mw-cells", "aria-label": t("drawn") });
  const items = Array.from({ length: CELLS }, () => {
    const word = token("", 0);
    const energy = h("span", { class: "xp-mw-e" });
    const item = h("li", {}, word, energy);
    list.append(item);
    return { item, word, energy };
  });
  into.append(h("div", { class: "xp-mw-drawn" }, h("p", { class: "xp-mw-energy" }, t("drawn")), list));
  /** @type {(string | number)[][]} */
  let rows = [];
  f.addTable(() => ({ caption: t("drawn"), columns: [t("colWord"), t("colEnergy")], rows }));
  /** @param {Words} w @param {number} place @param {number} T @param {number[]} heat */
  const draw = (w, place, T, heat) => {
    rows = [];
    for (let k = place; k < place + CELLS; k++) {
      const { item, word, energy } = items[k % CELLS];
      const i = w.sample(k, T);
      word.textContent = w.words[i];
      word.style.setProperty("--heat", String(Math.min(1, heat[i])));
      energy.textContent = fixed(w.energies[i], 1);
      item.classList.toggle("xp-newest", k === place + CELLS - 1);
      rows.push([w.words[i], w.energies[i]]);
    }
    f.setReadout("drawn", rows.map(([word]) => word).join(" "));
  };
  return draw;
}

/**
 * Both sides in one sentence.
 * @param {number} T @param {Magnet} magnet @param {Words} w @param {Float64Array} p
 */
export function sentence(T, magnet, w, p) {
  const best = p.indexOf(Math.max(...p));
  const rare = p.indexOf(Math.min(...p));
  const m = Math.abs(magnet.ising.magnetization());
  const values = {
    word: w.words[best], p: Math.round(100 * p[best]),
    rare: w.words[rare], q: Math.round(100 * p[rare]),
    few: p.filter((v) => v >= 0.02).length,
  };
  if (T < 0.8 && m < 0.75) return t("sayDivided", values);
  if (T < 0.5) return t("sayCold", values);
  if (T < 0.9) return t("sayCool", values);
  if (T < 1.15) return t("sayCritical", values);
  return t(T < 2.2 ? "sayWarm" : "sayHot", values);
}

/** @param {Frame} f @param {Magnet} magnet @param {() => Words} words */
function readouts(f, magnet, words) {
  const m = readout(f, { name: "abs_magnetization", label: t("m"), format: (v) => fixed(v, 2), width: 4 });
  const e = readout(f, { name: "energy_per_spin", label: t("eSpin"), format: (v) => fixed(v, 2), width: 5 });
  const s = readout(f, { name: "spin_entropy", label: t("sSpin"), format: (v) => t("bit", { v: fixed(v, 2) }), width: 7 });
  const most = () => significant(Math.log2(words().words.length), 2);
  const sWord = readout(f, { name: "word_entropy", label: t("sWord"), width: 14,
    format: (v) => t("bits", { v: fixed(v, 2), most: most() }) });
  return (/** @type {number} */ T, /** @type {Float64Array} */ p) => {
    m(Math.abs(magnet.ising.magnetization()));
    e(magnet.ising.energyPerSpin());
    s(spinEntropy(T));
    sWord(words().entropy(T));
    f.setReadout("word_energy", words().energy(T));
    f.setReadout("sweeps", magnet.sweeps);
    p.forEach((value, i) => f.setReadout(`p_${words().words[i]}`, value));
  };
}

export default { render };
