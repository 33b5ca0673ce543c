// Two plots over temperature, |m| and energy: theory, what was measured, and the point where the lattice is now.

import { plot } from "../kit/plot.js";
import { theory } from "./magnet.js";

/** @typedef {import("../kit/frame.js").Frame} Frame */
/** @typedef {import("./magnet.js").Magnet} Magnet */

export const T_MAX = 5;
const HEIGHT = 196;
const ENOUGH = 240; // points of a theoretical curve

/**
 * Temperatures of the curves: evenly spread, and both sides of the critical one, where the slope is infinite.
 * @param {number} coupling
 */
function temperatures(coupling) {
  const critical = (2 * Math.abs(coupling)) / Math.log(1 + Math.SQRT2);
  const even = Array.from({ length: ENOUGH }, (_, i) => ((i + 1) * T_MAX) / ENOUGH);
  const close = [1e-7, 1e-5, 1e-4, 1e-3, 4e-3, 1e-2].flatMap((d) => [critical * (1 - d), critical * (1 + d)]);
  return [...even, ...close].filter((T) => T > 0 && T <= T_MAX).sort((a, b) => a - b);
}

/**
 * @param {Frame} f
 * @param {{into: HTMLElement, t: (key: string) => string}} options
 */
export function curves(f, { into, t }) {
  const x = { label: t("axisT"), min: 0, max: T_MAX, ticks: [0, 1, 2, 3, 4, 5] };
  const shared = { x, height: HEIGHT, into, table: false };
  const order = plot(f, { y: { label: t("axisM"), min: 0, max: 1, ticks: [0, 0.5, 1] }, title: t("orderTitle"), ...shared });
  const energy = plot(f, { y: { label: t("axisE"), min: -2, max: 0, ticks: [-2, -1, 0] }, title: t("energyTitle"), ...shared });
  let law = "";
  let drawn = 0; // points on the plots
  /** @type {({T: number} & ReturnType<typeof theory>)[]} */
  let rows = [];
  /** @type {import("./magnet.js").Measured[]} */
  let points = [];
  f.addTable(() => [
    {
      caption: t("measured"),
      columns: ["T", order.y.label, "±", t("axisE"), "±", t("sweeps")],
      rows: points.map((p) => [p.temperature, p.order, p.orderError, p.energy, p.energyError, p.sweeps]),
    },
    {
      caption: t("theory"),
      columns: ["T", ...[order.y.label, t("axisE")].flatMap((name) => [`${name}, ${t("exact")}`, `${name}, ${t("meanField")}`])],
      rows: rows.map(({ T, exact, meanField }) =>
        [T, ...[0, 1].flatMap((k) => [exact?.[k] ?? null, meanField?.[k] ?? null])]),
    },
  ]);

  /** @param {number} field @param {number} coupling */
  const scale = (field, coupling) => {
    const low = -2 * Math.abs(coupling) - Math.abs(field);
    const bottom = Math.min(-1, Math.floor(low));
    energy.axes({ y: { min: bottom, ticks: [bottom, bottom / 2, 0] } });
    order.axes({ y: { label: t(coupling < 0 ? "axisStaggered" : "axisM") } });
  };

  return {
    order, energy,
    /**
     * Draw the curves of theory for these couplings.
     * @param {number} field @param {number} coupling @param {boolean} visible
     */
    theory(field, coupling, visible) {
      const key = `${field} ${coupling} ${visible}`;
      if (key === law) return;
      law = key;
      scale(field, coupling);
      const all = visible ? temperatures(coupling) : [];
      rows = all.map((T) => ({ T, ...theory(T, field, coupling) }));
      for (const [p, k] of /** @type {const} */ ([[order, 0], [energy, 1]])) {
        for (const [name, kind] of /** @type {const} */ ([["exact", "theory"], ["meanField", "mean_field"]])) {
          p.clear(t(name));
          const curve = rows.filter((row) => row[name]).map((row) => [row.T, /** @type {number[]} */ (row[name])[k]]);
          if (curve.length) p.line(t(name), curve, { kind, ...(p === order ? { label: t(name) } : {}) });
        }
      }
    },
    /** The present state, and the averages so far. @param {Magnet} magnet @param {boolean} visible */
    now(magnet, visible) {
      const T = magnet.settings.temperature;
      const running = magnet.measured();
      points = visible ? magnet.points : [];
      if (visible && running) points = [...points.filter((p) => p.temperature !== T), running];
      if (points.length || drawn) {
        order.errorbars("error", points.map((p) => [p.temperature, p.order, p.orderError || 0]));
        order.points("measured", points.map((p) => [p.temperature, p.order]), points.length ? { label: t("measured") } : {});
        energy.errorbars("error", points.map((p) => [p.temperature, p.energy, p.energyError || 0]));
        energy.points("measured", points.map((p) => [p.temperature, p.energy]));
        drawn = points.length;
      }
      if (visible) order.marker("now", [T, magnet.state.order]);
      energy.marker("now", [T, magnet.state.energy]);
    },
  };
}
