import { localProcess } from "../../../src/index.js";
import { Blocked, Where } from "./processes.js";

// A client that is killed, or ends, while it has a process: one that computes ("blocked"), or one that waits ("warm").
const [, , kind] = process.argv;
if (kind === "blocked") await new Blocked().run({}, { runOn: localProcess() });
else {
  const { pid } = await new Where().run({ xs: [] }, { runOn: localProcess({ idleTimeoutMs: 3_600_000 }) });
  console.log(`pid ${pid}`);
}
