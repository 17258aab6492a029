import { Spinning } from "./in-threads.js";
import { roundsPerMicrosecond } from "./spin.js";
const us = Number(process.argv[2]), n = Number(process.argv[3]);
const xs = new Array(n).fill(Math.round(roundsPerMicrosecond()*us));
const p = new Spinning();
for (let i=0;i<8;i++) { const t=performance.now(); if (process.env.TRACE) console.log("start", t); await p.run({xs}, { execution: { maps: "parallel" } }); const d = performance.now()-t; const s0=performance.now(); await p.run({xs}, { execution: { maps: "sequential" } }); const s = performance.now()-s0; console.log(d.toFixed(1), s.toFixed(1), (s/d).toFixed(3), "busy", ((globalThis as any).busy/2/d).toFixed(3), "visits", (globalThis as any).visits); (globalThis as any).busy=0; (globalThis as any).visits=0; }
