import { bullmq } from "../../../../src/index.js";
import { Slowly } from "./queued.js";

// A client in a process of its own: the URL, the queue, the file of what has begun, how many, the folder of journals.
const [connection, queue, file, count, journal] = process.argv.slice(2) as [string, string, string, string, string];
const xs = Array.from({ length: Number(count) }, (_, i) => i);
const maps = bullmq({ connection, queue, journal, expireMs: Number(process.env.EXPIRE_MS ?? 60_000) });
const onEvent = ({ type, phase, run }: { type: string; phase: string; run: string }) => {
  if (type === "run" && phase === "start") console.log(run);
};
const { squares } = await new Slowly().run({ xs, ms: 20, file }, { execution: { maps }, onEvent });
console.log(squares.length);
