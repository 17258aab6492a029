import { isMainThread } from "node:worker_threads";
import { Prints } from "./awkward.js";

/** Arguments: the output; how many lines, and of how many characters; whether it exits at once. */
if (isMainThread) {
  const [output, count, size, exits] = process.argv.slice(2) as [string, string, string, string];
  const inputs = { xs: Array.from({ length: Number(count) }, (_, i) => i), size: Number(size) };
  const execution = { maps: "parallel", nodes: "parallel" } as const;
  await new Prints().run(inputs, { execution, outputs: [output as "y"] });
  if (exits === "exits") process.exit(0);
}
