import { modal } from "../../../src/index.js";
import { Slow } from "./suite.js";

/** A process that is in the middle of a run: it says so on stdout. With an argument, its container is kept warm. */
const keepWarm = process.argv[2] === "warm";
const { waited } = await new Slow().run(
  { ms: keepWarm ? 1 : 60_000, times: [1, 2] },
  {
    runOn: modal({ idleTimeoutMs: 1_500, ...(keepWarm && { keepWarm, idleTimeoutMs: 30_000 }) }),
    onEvent: ({ type, phase }) => {
      if (type === "element" && phase === "start") process.stdout.write("under way\n");
    },
  },
);
process.stdout.write(`done ${waited.length}\n`);
