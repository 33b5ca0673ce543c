// Being built.
import { frame } from "./kit/frame.js";
/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "softmax_temperature", label: "softmax_temperature" });
  f.publish();
  return f.destroy;
}
export default { render };
