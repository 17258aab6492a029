import { localProcess } from "../../../src/index.js";
import { Blocked, Crashing, Where } from "./processes.js";

// A client that is killed, or ends, while it has a process: one that computes ("blocked"), one that waits ("warm"), or one that has
// ended itself, in its first task ("crashed") or in a later one ("crashed-later").
const [, , kind] = process.argv;
if (kind === "blocked") await new Blocked().run({}, { runOn: localProcess() });
else if (kind?.startsWith("crashed")) {
  const crash = () => new Crashing().run({ xs: [13] }, { runOn: localProcess() });
  if (kind === "crashed-later") await new Crashing().run({ xs: [1] }, { runOn: localProcess() });
  await crash().catch((error: { code: string }) => console.log(`code ${error.code}`));
} else {
  const { pid } = await new Where().run({ xs: [] }, { runOn: localProcess({ idleTimeoutMs: 3_600_000 }) });
  console.log(`pid ${pid}`);
}
