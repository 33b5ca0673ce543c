// Full screen: the browser's own where it exists, otherwise (iPhone, some frames) a fixed box that Escape leaves.

import { quietButton } from "./dom.js";
import { t } from "./strings.js";

/** @typedef {import("./frame.js").Frame} Frame */

/** @param {Frame} f */
export function fullScreenButton(f) {
  const { node: button, say } = quietButton("enter", t("fullScreen"));
  const { root, signal } = f;
  let filled = false; // the fixed box stands in

  const isFull = () => filled || document.fullscreenElement === root;
  // Behind the box that stands in for a full screen nothing can be reached.
  const hideRest = () => {
    for (let at = /** @type {Element} */ (root); at.parentElement; at = at.parentElement) {
      for (const other of at.parentElement.children) {
        if (other !== at && !["SCRIPT", "STYLE"].includes(other.tagName)) other.toggleAttribute("inert", filled);
      }
    }
  };
  const show = () => {
    root.classList.toggle("xp-full", isFull());
    say(t(isFull() ? "fullScreenLeave" : "fullScreen"), isFull() ? "leave" : "enter");
  };
  const enter = async () => {
    try {
      await root.requestFullscreen();
    } catch {
      filled = true; // refused or missing
      hideRest();
    }
    show();
  };
  const leave = () => {
    if (filled) {
      filled = false;
      hideRest();
    }
    if (document.fullscreenElement === root) document.exitFullscreen();
    show();
  };

  button.addEventListener("click", () => (isFull() ? leave() : enter()), { signal });
  document.addEventListener("fullscreenchange", show, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !filled) return;
    leave();
    button.focus();
  }, { signal });
  f.onCleanup(leave);
  show();
  f.toolbar.append(button);
}
