// Times core/ising.js in Node: `node benchmarks/ising.js <size> <sweeps>` prints one line of JSON.

import { CRITICAL_TEMPERATURE, Ising } from "../book_lib/explorables/core/ising.js";

const [size, sweeps] = process.argv.slice(2).map(Number);
const model = new Ising({ size, temperature: CRITICAL_TEMPERATURE, seed: 1 });
model.sweep(30); // V8 compiles what it has seen often
let best = Infinity;
for (let round = 0; round < 7; round++) {
  const start = process.cpuUsage();
  model.sweep(sweeps);
  const { user, system } = process.cpuUsage(start); // microseconds
  best = Math.min(best, user + system);
}
console.log(JSON.stringify({ updates_per_ns: (size * size * sweeps) / (best * 1e3) }));
