import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cache, codeDigests } from "./cache.js";
import { chain } from "./chain.js";
import { codec } from "./codec.js";
import { diagnostics } from "./diagnostics.js";
import { events } from "./events.js";
import { graph } from "./graph.js";
import { heq } from "./heq.js";
import { langgraph } from "./langgraph.js";
import { map } from "./map.js";
import { matrix } from "./matrix.js";
import { modal } from "./modal.js";
import { queue } from "./queue.js";
import { APPENDIX, describeMachine, recordBench } from "./record.js";
import { start } from "./start.js";
import { stream } from "./stream.js";
import { threads } from "./threads.js";
import { types } from "./types.js";

const benches: Record<string, () => Promise<void>> = {
  chain,
  map,
  langgraph,
  stream,
  graph,
  events,
  threads,
  heq,
  // ONNX Runtime would be in the heap of all the others.
  neural: async () => (await import("./neural.js")).neural(),
  codec,
  cache,
  code: codeDigests,
  modal,
  matrix,
  queue,
  types,
  diagnostics,
  start,
};

const args = process.argv.slice(2);
const isRecorded = args[0] === "--record";
const named = isRecorded ? args.slice(1) : args;
const unknown = named.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0)
  throw new Error(`no bench is named ${unknown.join(", ")}: there are ${Object.keys(benches).join(", ")}`);

if (named.length === 1 && !isRecorded) await benches[named[0]!]!();
else {
  const machine = describeMachine();
  console.log(machine);
  for (const name of named.length > 0 ? named : Object.keys(benches)) {
    // Each bench has a process of its own: what one leaves behind in the virtual machine must not slow the next.
    const flags = ["--expose-gc", "--no-warnings", ...process.execArgv];
    const { status, stdout } = spawnSync(process.execPath, [...flags, fileURLToPath(import.meta.url), name], {
      stdio: ["inherit", isRecorded ? "pipe" : "inherit", "inherit"],
      encoding: "utf8",
    });
    if (status !== 0) process.exitCode = 1;
    if (!isRecorded) continue;
    process.stdout.write(stdout);
    try {
      if (status === 0) writeFileSync(APPENDIX, recordBench(readFileSync(APPENDIX, "utf8"), name, stdout, machine));
    } catch (error) {
      console.error(String(error));
      process.exitCode = 1;
    }
  }
}
