import { Three } from "./pipelines.js";

const ELEMENTS = 1_000_000;

/** A million elements through `stream`: does memory stay flat? */
export async function stream(): Promise<void> {
  const pipeline = new Three();
  async function* numbers() {
    for (let i = 0; i < ELEMENTS; i++) yield i;
  }
  const heaps: { seen: number; mebibytes: number }[] = [];
  let seen = 0;
  const start = performance.now();
  for await (const { c } of pipeline.stream({ x: numbers() }, { over: "x", outputs: ["c"] })) {
    if (c === undefined) throw new Error("no result");
    if (seen++ % 200_000 === 0) heaps.push({ seen, mebibytes: used() });
  }
  const elapsed = performance.now() - start;
  heaps.push({ seen, mebibytes: used() });
  console.log(`\n### ${ELEMENTS} elements through stream, a nested run of three nodes each\n`);
  console.log("| elements so far | heap in use, MiB |");
  console.log("|---:|---:|");
  for (const { seen, mebibytes } of heaps) console.log(`| ${seen} | ${mebibytes.toFixed(1)} |`);
  console.log(
    `\n${((elapsed / ELEMENTS) * 1000).toFixed(2)} us an element; peak of the process ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB.`,
  );
}

function used(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
