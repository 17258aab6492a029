import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { AllInOne, ChainOfThree, Matrix, Spinning, Sums, Trivial } from "./in-threads.js";
import { type Contender, type Measured, measure, printTable } from "./measure.js";
import { roundsPerMicrosecond } from "./spin.js";

const ELEMENTS = 10_000;
const CHUNK = 256;
const THREADS = 2;
const PARALLEL = { execution: { maps: "parallel" } } as const;
const SEQUENTIAL = { execution: { maps: "sequential" } } as const;

const pool = () =>
  new Piscina({
    filename: fileURLToPath(new URL("./threads-by-hand.mjs", import.meta.url)),
    minThreads: THREADS,
    maxThreads: THREADS,
  });

function inChunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

/** Maps on threads, against Piscina by hand, on two threads. */
export async function threads(): Promise<void> {
  const piscina = pool();
  await trivial(piscina);
  await computing(piscina);
  await fused();
  await skewed();
  await shared(piscina);
  await piscina.destroy();
}

async function trivial(piscina: Piscina): Promise<void> {
  const xs = Array.from({ length: ELEMENTS }, (_, i) => i);
  const pipeline = new Trivial();
  const byHand = () => Promise.all(inChunks(xs, CHUNK).map((chunk) => piscina.run(chunk, { name: "next" })));
  const chunked: Contender = {
    name: "Piscina, chunks of 256 by hand",
    operations: ELEMENTS,
    run: async () => (await byHand()).flat(),
  };
  const contenders: Contender[] = [
    chunked,
    { name: "hypernodes, parallel", operations: ELEMENTS, run: () => pipeline.run({ xs }, PARALLEL) },
    {
      name: "hypernodes, threaded",
      operations: ELEMENTS,
      run: () => pipeline.run({ xs }, { execution: { maps: "threaded" } }),
    },
  ];
  const title = `Map over ${ELEMENTS} trivial elements, in threads`;
  printTable(title, "element", await measure(contenders, 45), chunked.name);
  // Apart, since the contender after it would pay for what 10,000 tasks leave.
  const single: Contender = {
    name: "Piscina, one task an element",
    operations: ELEMENTS,
    run: () => Promise.all(xs.map((x) => piscina.run(x, { name: "nextOne" }))),
  };
  printTable(`${title}: a task for each`, "element", await measure([chunked, single]), chunked.name);
}

async function computing(piscina: Piscina): Promise<void> {
  const pipeline = new Spinning();
  const perMicrosecond = roundsPerMicrosecond();
  for (const [elements, microseconds, rounds] of [
    [1_000, 3_000, 5],
    [20_000, 30, 9],
  ] as const) {
    const xs = new Array<number>(elements).fill(Math.round(perMicrosecond * microseconds));
    const size = Math.max(1, Math.round(10_000 / microseconds));
    const byHand = (chunk: number) => () =>
      Promise.all(inChunks(xs, chunk).map((part) => piscina.run(part, { name: "spun" })));
    const contenders: Contender[] = [
      { name: SEQUENTIALLY, operations: elements, run: () => pipeline.run({ xs }, SEQUENTIAL) },
      { name: HALVES, operations: elements, run: byHand(elements / THREADS) },
      { name: `Piscina, chunks of ${size} by hand`, operations: elements, run: byHand(size) },
      { name: "hypernodes, parallel", operations: elements, run: () => pipeline.run({ xs }, PARALLEL) },
    ];
    const results = await measure(contenders, rounds);
    printTable(`Map over ${elements} elements of ${microseconds / 1000} ms`, "element", results, SEQUENTIALLY);
    const speedUps = results.slice(1).map(({ name }) => `${name} ${speedUp(results, SEQUENTIALLY, name)}`);
    console.log(`\nSpeed-up: ${speedUps.join("; ")}.`);
  }
}

const SEQUENTIALLY = "hypernodes, sequential";
const HALVES = "two threads, one half each: what the machine can do";

function speedUp(results: readonly Measured[], from: string, to: string): string {
  const of = (name: string) => results.find((result) => result.name === name)!.microseconds;
  return (of(from) / of(to)).toFixed(2);
}

async function fused(): Promise<void> {
  const xs = Array.from({ length: ELEMENTS }, (_, i) => i);
  const [three, one] = [new ChainOfThree(), new AllInOne()];
  const contenders: Contender[] = [
    { name: "one mapped node", operations: ELEMENTS, runs: 10, run: () => one.run({ xs }, { outputs: ["c"] }) },
    {
      name: "chain of three mapped nodes",
      operations: ELEMENTS,
      runs: 10,
      run: () => three.run({ xs }, { outputs: ["c"] }),
    },
  ];
  printTable(
    `Chain of mapped nodes over ${ELEMENTS} elements, parallel`,
    "element",
    await measure(contenders, 25),
    "one mapped node",
  );
}

/** One of fifty takes a hundred times as long as the others. */
async function skewed(): Promise<void> {
  const base = Math.round(roundsPerMicrosecond() * 200);
  const xs = Array.from({ length: 1_000 }, (_, i) => (i % 50 === 49 ? base * 100 : base));
  const pipeline = new Spinning();
  const contenders: Contender[] = [
    { name: "sequential", operations: THREADS, run: () => pipeline.run({ xs }, SEQUENTIAL) },
    { name: "parallel", operations: 1, run: () => pipeline.run({ xs }, PARALLEL) },
  ];
  const [sequential, parallel] = await measure(contenders, 7);
  const results = [{ ...sequential!, name: "ideal: the sum of all, divided by 2" }, parallel!];
  printTable(
    "Map over 1,000 elements, of which every 50th takes 100 times as long",
    "map",
    results,
    "ideal: the sum of all, divided by 2",
  );
}

const MEBIBYTE = 2 ** 20;

/** A shared argument of 100 MB: time against a SharedArrayBuffer by hand, memory in a process of its own. */
async function shared(piscina: Piscina): Promise<void> {
  const width = 25_000;
  const rows = Array.from({ length: 1_000 }, (_, i) => i);
  const matrix = new Matrix(new Float32Array(1_000 * width).fill(0.5), width);
  const sums = new Sums();
  const byHand = () => {
    const buffer = new SharedArrayBuffer(matrix.rows.byteLength);
    new Float32Array(buffer).set(matrix.rows);
    return Promise.all(
      inChunks(rows, 25).map((chunk) => piscina.run({ shared: buffer, width, rows: chunk }, { name: "sums" })),
    );
  };
  const contenders: Contender[] = [
    { name: "SharedArrayBuffer by hand, chunks of 25", operations: 1, run: byHand },
    { name: "hypernodes, parallel", operations: 1, run: () => sums.run({ rows, matrix }) },
  ];
  printTable(
    "1,000 elements with a shared argument of 100 MB",
    "map",
    await measure(contenders, 7),
    "SharedArrayBuffer by hand, chunks of 25",
  );
  const child = spawnSync(
    process.execPath,
    ["--expose-gc", "--no-warnings", ...process.execArgv, fileURLToPath(import.meta.url), "memory"],
    { encoding: "utf8" },
  );
  process.stdout.write(child.stdout + child.stderr);
}

async function memory(): Promise<void> {
  const width = 25_000;
  const rows = Array.from({ length: 1_000 }, (_, i) => i);
  const sums = new Sums();
  // The threads are there before it is measured what the argument adds.
  await sums.run({ rows: [0, 1, 2, 3], matrix: new Matrix(new Float32Array(width * 4), width) });
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const matrix = new Matrix(new Float32Array(1_000 * width).fill(0.5), width);
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 2);
  await sums.run({ rows, matrix });
  clearInterval(watch);
  most = Math.max(most, process.memoryUsage().rss);
  const size = matrix.rows.byteLength / MEBIBYTE;
  const added = (most - before) / MEBIBYTE;
  console.log(
    `\nMemory added at most, the argument itself included: ${added.toFixed(0)} MiB for ${size.toFixed(0)} MiB: ${(added / size).toFixed(2)} times its size (limit: threads + 2 = ${THREADS + 2})`,
  );
}

if (process.argv[2] === "memory" && process.argv[1] === fileURLToPath(import.meta.url)) await memory();
