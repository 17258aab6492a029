import { modal } from "../../../src/index.js";
import { Slow } from "./suite.js";

/**
 * A process that is in the middle of a run: it says so on stdout. With an argument, its container is kept: because it says
 * so ("warm"), or because its pipeline is opened and never disposed of ("open").
 */
const [, , kept] = process.argv;
const slow = kept === "open" ? new Slow().open() : new Slow();
const { waited } = await slow.run(
  { ms: kept === undefined ? 60_000 : 1, times: [1, 2] },
  {
    runOn: modal(kept === undefined ? { idleTimeoutMs: 1_500 } : { idleTimeoutMs: 30_000, keepWarm: kept === "warm" }),
    onEvent: ({ type, phase }) => {
      if (type === "element" && phase === "start") process.stdout.write("under way\n");
    },
  },
);
process.stdout.write(`done ${waited.length}\n`);
