// An explorable that has one of everything in the kit: for tests/site/test_kit.py.

import { bars } from "../../book_lib/explorables/kit/bars.js";
import { lattice } from "../../book_lib/explorables/kit/canvas.js";
import { clock } from "../../book_lib/explorables/kit/clock.js";
import { button, choice, presets, seedBox, slider, toggle } from "../../book_lib/explorables/kit/controls.js";
import { frame } from "../../book_lib/explorables/kit/frame.js";
import { plot } from "../../book_lib/explorables/kit/plot.js";
import { readout } from "../../book_lib/explorables/kit/readout.js";

const SIZE = 16;

function render({ model, el }) {
  const f = frame({ model, el, name: "demo", label: "One of everything" });
  const cells = new Int8Array(SIZE * SIZE).fill(1);
  const draw = lattice(f, { describe: () => `${steps} steps at T = ${model.get("temperature")}` });
  const curve = plot(f, {
    x: { label: "temperature T", min: 0, max: 5 }, y: { label: "|m|", min: 0, max: 1 }, title: "Magnetisation",
  });
  const histogram = bars(f, { title: "Next word" });
  let steps = 0;
  slider(f, {
    trait: "temperature", label: "Temperature", symbol: "T", min: 0.1, max: 5, step: 0.01, temperature: { neutral: 2.269 },
    words: (v) => `T = ${v.toFixed(2)}, ${v > 3 ? "hot" : "cold"}`,
  });
  slider(f, { trait: "rate", label: "Rate", min: 0.001, max: 10, scale: "log" });
  slider(f, { trait: "size", label: "Size", min: 8, max: 64, stops: [8, 16, 64] });
  choice(f, {
    trait: "rule", label: "Rule", options: [{ value: "metropolis", label: "Metropolis" }, { value: "heat_bath", label: "heat bath" }],
  });
  choice(f, { trait: "shade", label: "Shade", options: [1, 2, 3, 4, 5, 6].map((value) => ({ value, label: `shade ${value}` })) });
  toggle(f, { trait: "theory", label: "Theory" });
  seedBox(f);
  presets(f, [{ label: "Cold", set: { temperature: 1 } }, { label: "Hot", set: { temperature: 4, rule: "heat_bath" } }]);
  button(f, { label: "Flip", onClick: () => show(cells.forEach((v, i) => void (cells[i] = -v))) });
  const count = readout(f, { name: "steps", label: "Steps", format: String });
  const mean = readout(f, { name: "mean", label: "Mean" });

  const show = () => {
    const t = model.get("temperature");
    draw(cells, SIZE, SIZE);
    curve.marker("now", [t, Math.exp(-t)]);
    curve.line("theory", model.get("theory") ? [0, 1, 2, 3, 4, 5].map((x) => [x, Math.exp(-x)]) : [], { kind: "theory", label: "theory" });
    const knobs = { rate: model.get("rate") / 10, size: model.get("size") / 64, shade: model.get("shade") / 6 };
    histogram([
      ...["sofa", "moon"].map((label, i) => ({ label, value: 1 / (1 + Math.exp((2 * i - 1) / t)), heat: i })),
      ...Object.entries({ ...knobs, rule: Number(model.get("rule") === "heat_bath") }).map(([label, value]) => ({ label, value })),
    ]);
    count(steps);
    mean(cells.reduce((sum, v) => sum + v, 0) / cells.length);
  };
  const step = (n) => {
    for (let k = 0; k < n; k++) cells[(steps++ * 7 + model.get("seed")) % cells.length] *= -1;
  };
  clock(f, {
    step, onFrame: show,
    onReset: () => {
      steps = 0;
      cells.fill(1);
    },
  });
  for (const trait of ["temperature", "theory", "rate", "size", "rule", "shade"]) f.watch(trait, show);
  show();
  return f.destroy;
}

export default { render };
