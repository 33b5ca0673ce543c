// Being built.
import { frame } from "./kit/frame.js";
/** @param {{model: import("./kit/frame.js").Model, el: HTMLElement}} place */
function render({ model, el }) {
  const f = frame({ model, el, name: "kl_both_ways", label: "kl_both_ways" });
  f.publish();
  return f.destroy;
}
export default { render };
