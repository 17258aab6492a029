import { spawnSync } from "node:child_process";
import os from "node:os";
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

// Each bench has a process of its own: what one leaves behind in the virtual machine must not slow the next.
const [only] = process.argv.slice(2);
if (only === undefined) {
  const [cpu] = os.cpus();
  console.log(
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${os.availableParallelism()} cores (${cpu?.model.trim()}), ${Math.round(os.totalmem() / 2 ** 30)} GiB`,
  );
  for (const name of Object.keys(benches)) {
    const { status } = spawnSync(
      process.execPath,
      ["--expose-gc", "--no-warnings", ...process.execArgv, fileURLToPath(import.meta.url), name],
      {
        stdio: "inherit",
      },
    );
    if (status !== 0) process.exitCode = 1;
  }
} else {
  const bench = benches[only];
  if (bench === undefined) throw new Error(`no bench is named ${only}: there are ${Object.keys(benches).join(", ")}`);
  await bench();
}
