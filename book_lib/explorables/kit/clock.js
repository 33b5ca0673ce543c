// Time for simulations: Play/Pause, Step and Reset; paused until asked, paused when nobody can see it.

import { button } from "./controls.js";
import { reducedMotion } from "./theme.js";
import { t } from "./strings.js";

/** @typedef {import("./frame.js").Frame} Frame */

/**
 * @typedef {object} Clock
 * @property {() => void} play
 * @property {() => void} pause
 * @property {boolean} running
 * @property {(n?: number) => void} stepOnce  one press of Step
 * @property {() => void} reset
 * @property {() => void} relabel  after a change of `stepSize`
 */

const CALM = 4; // frames a second for readers who asked for less motion
const LIVELY = 60; // a 120 Hz screen must not run the physics twice as fast

/**
 * @param {Frame} f
 * @param {object} options
 * @param {(n: number) => void} options.step  advance the model by n steps, without drawing
 * @param {() => void} options.onFrame  draw, and set the readouts
 * @param {number | (() => number)} [options.perFrame]  steps a frame; below 1 waits that many frames
 * @param {() => void} [options.onReset]  back to the start with the present settings; gives the Reset button
 * @param {() => boolean} [options.done]  true ends the run
 * @param {number} [options.maxFps]  e.g. 3 where a picture may flash
 * @param {number | (() => number)} [options.stepSize]  steps of one press of Step; the button shows it where it is not 1
 * @param {boolean} [options.stepButton]
 * @returns {Clock}
 */
export function clock(f, { step, onFrame, perFrame = 1, onReset, done = () => false, maxFps = LIVELY, stepSize = 1, stepButton = true }) {
  let playing = false;
  let visible = true;
  let request = 0;
  let last = -Infinity;
  let owed = 0; // fractions of a step

  const oneStep = () => (typeof stepSize === "function" ? stepSize() : stepSize);
  const advance = (/** @type {number} */ n) => {
    step(n);
    onFrame();
    if (playing && done()) pause();
  };
  const tick = (/** @type {number} */ now) => {
    request = requestAnimationFrame(tick);
    const interval = 1000 / (reducedMotion() ? Math.min(CALM, maxFps) : maxFps);
    if (now - last < interval - 2) return; // subtle: 2 ms of slack, or a 60 Hz screen drops to 30
    last = Math.max(last + interval, now - interval); // keeps the rate on screens of 75 or 144 Hz
    owed += typeof perFrame === "function" ? perFrame() : perFrame;
    const whole = Math.floor(owed);
    if (whole < 1) return;
    owed -= whole;
    advance(whole);
  };
  const update = () => {
    cancelAnimationFrame(request);
    request = 0;
    f.running = playing && visible && !document.hidden && !f.signal.aborted;
    if (f.running) request = requestAnimationFrame(tick);
    playButton.textContent = t(playing ? "pause" : "play");
    f.root.classList.toggle("xp-running", playing);
  };
  const play = () => {
    if (playing || done()) return;
    playing = true;
    owed = 0;
    update();
  };
  const pause = () => {
    if (!playing) return;
    playing = false;
    update();
    f.publish();
  };
  const stepOnce = (n = oneStep()) => {
    pause();
    if (done()) return;
    advance(n);
    f.publish();
  };
  const reset = () => {
    pause();
    onReset?.();
    onFrame();
    f.publish();
  };

  f.stage.after(f.toolbar, f.readouts); // Play sits right under the picture: on a phone the controls would push it off the screen
  const playButton = button(f, { label: t("play"), primary: true, where: "toolbar", onClick: () => (playing ? pause() : play()) });
  playButton.classList.add("xp-play");
  const stepper = stepButton ? button(f, { label: t("step"), where: "toolbar", onClick: () => stepOnce() }) : null;
  const relabel = () => {
    if (stepper) stepper.textContent = t("step") + (oneStep() === 1 ? "" : ` ×${oneStep()}`);
  };
  if (onReset) button(f, { label: t("reset"), where: "toolbar", onClick: reset });

  const watcher = new IntersectionObserver((entries) => {
    visible = entries[entries.length - 1].isIntersecting; // several wait after a long task; the last one holds
    update();
  });
  watcher.observe(f.root);
  document.addEventListener("visibilitychange", update, { signal: f.signal });
  f.root.addEventListener("xp:step", (event) => {
    const n = /** @type {CustomEvent} */ (event).detail?.n ?? 1;
    pause();
    advance(n);
    f.publish();
  }, { signal: f.signal });
  f.root.addEventListener("xp:reset", reset, { signal: f.signal });
  f.onCleanup(() => {
    playing = false;
    cancelAnimationFrame(request);
    watcher.disconnect();
  });
  relabel();
  update();
  return { play, pause, stepOnce, reset, relabel, get running() { return playing; } };
}
