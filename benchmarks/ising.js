// Times the lattices of core/ in Node: `node benchmarks/ising.js <size> <sweeps> [plain | packed] [rule]` prints a line
// of JSON. The rule is "metropolis" or "heat_bath".

import { CRITICAL_TEMPERATURE, Ising } from "../book_lib/explorables/core/ising.js";
import { PackedIsing } from "../book_lib/explorables/core/ising_packed.js";

const [size, sweeps] = process.argv.slice(2, 4).map(Number);
const [kind = "plain", algorithm = "metropolis"] = process.argv.slice(4);
const Model = kind === "packed" ? PackedIsing : Ising;
const model = new Model({ size, temperature: CRITICAL_TEMPERATURE, algorithm, seed: 1 });
model.sweep(30); // V8 compiles what it has seen often
let best = Infinity;
for (let round = 0; round < 7; round++) {
  const start = process.cpuUsage();
  model.sweep(sweeps);
  const { user, system } = process.cpuUsage(start); // microseconds
  best = Math.min(best, user + system);
}
console.log(JSON.stringify({ updates_per_ns: (size * size * sweeps) / (best * 1e3) }));
