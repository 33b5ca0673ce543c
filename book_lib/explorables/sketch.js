// Draw it, then reveal: the reader sketches a curve and commits; then simulation, theory and a sentence on the gap.

import { button } from "./kit/controls.js";
import { deviation } from "./kit/curve.js";
import { h, setDisabled } from "./kit/dom.js";
import { decimals, fill, fixed, significant } from "./kit/format.js";
import { frame } from "./kit/frame.js";
import { recall, remember } from "./kit/memory.js";
import { plot } from "./kit/plot.js";
import { arrive, sketchLayer } from "./kit/sketch.js";
import { t } from "./kit/strings.js";

/** @typedef {import("./kit/frame.js").Model} Model */
/** @typedef {import("./kit/frame.js").Frame} Frame */
/** @typedef {import("./kit/plot.js").Kind} Kind */
/** @typedef {{name: string, kind: Kind, x: number[], y: number[], error?: number[]}} Series */

/** @param {Series} series @returns {[number, number][]} */
const pairs = ({ x, y }) => x.map((v, i) => [v, y[i]]);

/** @param {{model: Model, el: HTMLElement}} host */
function render({ model, el }) {
  const f = frame({ model, el, name: "sketch", label: model.get("question") });
  const key = `sketch.${model.get("name")}`;
  const [x, y] = [model.get("x"), model.get("y")];
  f.stage.append(h("p", { class: "xp-question" }, model.get("question")));
  const p = plot(f, { x, y, title: `${y.label}, ${x.label}`, desc: t("sketchHelp"), height: 300 });
  const layer = sketchLayer(p, {
    start: model.get("sketch"),
    onChange: () => {
      f.assign({ sketch: layer.values.map((v) => (Number.isFinite(v) ? v : null)) });
      keep();
    },
  });
  const help = h("p", { class: "xp-help" }, t("sketchHelp"));
  const verdict = h("p", { class: "xp-verdict", role: "status" });
  const error = h("p", { class: "xp-error", role: "alert" });
  f.stage.append(help, verdict, error);
  const keep = () => remember(key, layer.points ? { sketch: model.get("sketch"), revealed: model.get("revealed") } : null);

  const commit = () => {
    error.textContent = layer.complete ? "" : t("sketchMissing", { count: layer.missing || 1, all: layer.handles });
    if (layer.complete) f.assign({ revealed: true });
  };
  const again = () => {
    f.assign({ revealed: false, sketch: [] });
    layer.clear();
  };
  const revealButton = button(f, { label: t("sketchReveal"), primary: true, where: "toolbar", onClick: commit });
  button(f, { label: t("sketchAgain"), where: "toolbar", onClick: again });
  numbersButton(f, layer);

  const follow = async () => {
    const on = model.get("revealed");
    setDisabled(revealButton, on);
    help.hidden = on;
    error.textContent = "";
    verdict.textContent = "";
    keep();
    if (!on) return hide(f, p, layer);
    layer.lock();
    const gap = await reveal(f, p, layer);
    if (model.get("revealed") && !f.signal.aborted) verdict.textContent = gap;
  };
  f.watch("revealed", follow);
  f.watch("sketch", (values) => same(values, layer.values) || layer.set(values));
  restore(f, key, layer);
  if (model.get("revealed")) follow();
  return f.destroy;
}

/** @param {(number | null)[]} values @param {number[]} drawn */
function same(values, drawn) {
  return values.length === drawn.length && values.every((v, i) => (v === null ? Number.isNaN(drawn[i]) : v === drawn[i]));
}

/**
 * A sketch of an earlier visit, unless Python gave one.
 * @param {Frame} f
 * @param {string} key
 * @param {import("./kit/sketch.js").SketchLayer} layer
 */
function restore(f, key, layer) {
  const kept = recall(key);
  if (layer.points || !Array.isArray(kept?.sketch) || kept.sketch.length !== layer.values.length) return;
  layer.set(kept.sketch);
  if (!layer.points) return;
  f.model.set({ sketch: kept.sketch, revealed: kept.revealed === true && layer.complete });
  f.model.save_changes();
  f.announce(t("sketchKept"));
}

/**
 * @param {Frame} f
 * @param {import("./kit/sketch.js").SketchLayer} layer
 */
function numbersButton(f, layer) {
  /** @type {HTMLElement | null} */
  let table = null;
  const node = button(f, {
    label: t("sketchTable"), where: "toolbar",
    onClick: () => {
      if (!table) f.root.append((table = layer.numbers()));
      else table.hidden = !table.hidden;
      node.setAttribute("aria-expanded", String(!table.hidden));
    },
  });
  node.classList.add("xp-quiet");
  node.setAttribute("aria-expanded", "false");
}

/** @param {Frame} f @param {import("./kit/plot.js").Plot} p @param {import("./kit/sketch.js").SketchLayer} layer */
function hide(f, p, layer) {
  for (const series of f.model.get("series")) {
    p.clear(series.name);
    p.clear(`${series.name} ±`);
  }
  for (const name of ["mean_gap", "max_gap", "gap_at"]) f.setReadout(name, "");
  layer.unlock();
}

/**
 * First the simulations, point by point, then the theories, then the sentence.
 * @param {Frame} f
 * @param {import("./kit/plot.js").Plot} p
 * @param {import("./kit/sketch.js").SketchLayer} layer
 * @returns {Promise<string>}
 */
async function reveal(f, p, layer) {
  /** @type {Series[]} */
  const all = f.model.get("series");
  const measured = all.filter((s) => s.kind === "simulation");
  const gap = measure(f, layer, all);
  for (const series of measured) {
    await arrive(p, series.name, pairs(series), { kind: series.kind, label: series.name });
    if (!f.model.get("revealed")) return "";
    const { error } = series;
    if (error) p.errorbars(`${series.name} ±`, pairs(series).map(([x, y], i) => [x, y, error[i]]), { kind: series.kind });
  }
  for (const series of all) {
    if (series.kind !== "simulation") p.line(series.name, pairs(series), { kind: series.kind, label: series.name });
  }
  p.describe(gap);
  return gap;
}

/**
 * The gap in numbers (readouts) and in words.
 * @param {Frame} f
 * @param {import("./kit/sketch.js").SketchLayer} layer
 * @param {Series[]} all
 */
function measure(f, layer, all) {
  const { model } = f;
  const y = model.get("y");
  const against = all.find((s) => s.name === model.get("against")) ?? all[0];
  const { mean, max, at } = deviation(layer.points ?? [], pairs(against));
  f.setReadout("mean_gap", mean);
  f.setReadout("max_gap", max);
  f.setReadout("gap_at", at);
  const digits = decimals(Number(((y.max - y.min) / 100).toPrecision(1)));
  const words = { mean: fixed(mean, digits), max: fixed(max, digits), x: significant(at, 3), name: against.name };
  const template = model.get("gap");
  if (template) return fill(template, words);
  return t(mean < 0.03 * (y.max - y.min) ? "sketchClose" : "sketchGap", { ...words, x: `${model.get("x").label} ${words.x}` });
}

export default { render };
