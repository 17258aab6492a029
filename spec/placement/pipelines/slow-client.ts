import { modal } from "../../../src/index.js";
import { Slow } from "./suite.js";

/**
 * A process that is in the middle of a run: it says so on stdout. With an argument, its container is kept: because it says
 * so ("warm"), or because its pipeline is opened and never disposed of ("open"); or its code is nowhere yet ("new").
 */
const [, , kind] = process.argv;
const isKept = kind === "warm" || kind === "open";
const slow = kind === "open" ? new Slow().open() : new Slow();
const short = { idleTimeoutMs: 1_500, ...(kind === "new" && { volume: `new-${process.pid}` }) };
const { waited } = await slow.run(
  { ms: isKept ? 1 : 60_000, times: [1, 2] },
  {
    runOn: modal(isKept ? { idleTimeoutMs: 30_000, keepWarm: kind === "warm" } : short),
    onEvent: ({ type, phase }) => {
      if (type === "element" && phase === "start") process.stdout.write("under way\n");
    },
  },
);
process.stdout.write(`done ${waited.length}\n`);
