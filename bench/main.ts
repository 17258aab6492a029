import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { APPENDIX, describeMachine, recordBench } from "./record.js";

/** Each is loaded when it is run: what it compares with would be in the heap of all the others. */
const benches: Record<string, () => Promise<void>> = {
  chain: async () => (await import("./chain.js")).chain(),
  map: async () => (await import("./map.js")).map(),
  langgraph: async () => (await import("./langgraph.js")).langgraph(),
  stream: async () => (await import("./stream.js")).stream(),
  graph: async () => (await import("./graph.js")).graph(),
  events: async () => (await import("./events.js")).events(),
  threads: async () => (await import("./threads.js")).threads(),
  heq: async () => (await import("./heq.js")).heq(),
  neural: async () => (await import("./neural.js")).neural(),
  codec: async () => (await import("./codec.js")).codec(),
  cache: async () => (await import("./cache.js")).cache(),
  nested: async () => (await import("./cache.js")).nestedCache(),
  code: async () => (await import("./cache.js")).codeDigests(),
  modal: async () => (await import("./modal.js")).modal(),
  matrix: async () => (await import("./matrix.js")).matrix(),
  queue: async () => (await import("./queue.js")).queue(),
  types: async () => (await import("./types.js")).types(),
  diagnostics: async () => (await import("./diagnostics.js")).diagnostics(),
  start: async () => (await import("./start.js")).start(),
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
