// Being built.
import { frame } from "./kit/frame.js";
/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "darts", label: "darts" });
  f.publish();
  return f.destroy;
}
export default { render };
