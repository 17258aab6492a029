import { spawn } from "node:child_process";
import { once } from "node:events";
import { ModalClient } from "modal";
import { modal as onModal } from "../src/index.js";
import { Big, Small, Steady } from "./in-container.js";
import { Spinning, Trivial } from "./in-threads.js";
import { measure, median, printTable } from "./measure.js";
import { roundsPerMicrosecond } from "./spin.js";

const MIB = 2 ** 20;
const SIZE = 256 * MIB;

/** Containers of the loopback server, which is a process of its own. */
export async function modal(): Promise<void> {
  const server = spawn(process.execPath, [...process.execArgv, "bench/modal-server.ts"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const [env] = (await once(server.stdout, "data")) as [Buffer];
    Object.assign(process.env, JSON.parse(String(env)));
    await overhead();
    await latency();
    await bulk();
    await sharing();
  } finally {
    server.stdin.end();
    await once(server, "exit");
  }
}

/** A map over two containers that share its elements, against two threads here. */
async function sharing(): Promise<void> {
  const runOn = onModal({ containers: 2, keepWarm: true });
  const there = { runOn, execution: { maps: "sequential" } } as const;
  const here = { execution: { maps: "parallel" } } as const;
  const xs = new Array<number>(20_000).fill(Math.round(roundsPerMicrosecond() * 1_000));
  const spinning = new Spinning();
  const onThreads = "parallel: 2 threads";
  const computing = [
    { name: onThreads, operations: xs.length, run: () => spinning.run({ xs }, here) },
    { name: "2 containers", operations: xs.length, run: () => spinning.run({ xs }, there) },
  ];
  printTable(`Map over ${xs.length} elements of 1 ms`, "element", await measure(computing, 3, 1), onThreads);
  const [few, many] = [10_000, 1_000_000].map((n) => Array.from({ length: n }, (_, i) => i));
  const trivial = new Trivial();
  const nothing = [
    { name: `${onThreads}, ${many!.length}`, operations: many!.length, run: () => trivial.run({ xs: many! }, here) },
    { name: `2 containers, ${few!.length}`, operations: few!.length, run: () => trivial.run({ xs: few! }, there) },
    { name: `2 containers, ${many!.length}`, operations: many!.length, run: () => trivial.run({ xs: many! }, there) },
  ];
  printTable("Map over trivial elements", "element", await measure(nothing, 3, 1), nothing[0]!.name);
}

async function overhead(): Promise<void> {
  const small = new Small();
  const starts: number[] = [];
  const cold = onModal({ gpu: "A10" });
  const warm = onModal({ gpu: "A10", keepWarm: true });
  const onEvent = ({ type, phase, durationMs }: { type: string; phase: string; durationMs?: number }) => {
    if (type === "container" && phase === "start") starts.push(durationMs!);
  };
  const results = await measure(
    [
      { name: "local", operations: 1, run: () => small.run({ x: 1 }) },
      {
        name: "a container a run",
        operations: 1,
        run: () => small.run({ x: 1 }, { runOn: cold, onEvent: onEvent as never }),
      },
      { name: "keepWarm", operations: 1, run: () => small.run({ x: 1 }, { runOn: warm }) },
    ],
    15,
  );
  printTable("A run of one node, from call to result, with the bundle uploaded", "run", results, "local");
  const [here, there, kept] = results.map(({ microseconds }) => microseconds / 1000);
  console.log(
    `\nMore than a local run: ${(there! - here!).toFixed(0)} ms with a container per run, ` +
      `${median(starts).toFixed(0)} of them until the runner in it has connected; ${(kept! - here!).toFixed(1)} ms with keepWarm.`,
  );
}

async function latency(): Promise<void> {
  const late: number[] = [];
  await new Steady().run(
    { xs: Array.from({ length: 50 }, (_, i) => i) },
    {
      runOn: onModal({ keepWarm: true }),
      onEvent: ({ type, phase, at }) => {
        if (type === "element" && phase === "end") late.push(performance.timeOrigin + performance.now() - at);
      },
    },
  );
  late.sort((a, b) => a - b);
  console.log("\n### Delay of an element's end event, while a node computes for 20 ms per element without a pause\n");
  console.log("| first | median | p95 | last |\n|---:|---:|---:|---:|");
  console.log(`| ${[late[0]!, median(late), late[47]!, late[49]!].map((ms) => `${ms.toFixed(1)} ms`).join(" | ")} |`);
}

async function bulk(): Promise<void> {
  const bytes = new Uint8Array(SIZE).fill(7);
  const placement = { runOn: onModal({ keepWarm: true }) };
  // What Node, the SDK and the bundle take up is not what a value costs.
  const { peakMiB: empty } = await new Big().run({ bytes: new Uint8Array(1) }, placement);
  const bareMiB = await peakOf(() => bare(bytes));
  let there = 0;
  const ourMiB = await peakOf(async () => {
    there = (await new Big().run({ bytes }, placement)).peakMiB - empty;
  });
  const outputs = ["back"] as const;
  const results = await measure(
    [
      { name: "the bare SDK: cat", operations: 1, run: () => bare(bytes) },
      { name: "hypernodes", operations: 1, run: () => new Big().run({ bytes }, { ...placement, outputs }) },
    ],
    3,
  );
  printTable("256 MiB into a container and out again", "run", results, "the bare SDK: cat");
  console.log(
    `\nMemory beside the value itself (256 MiB each way, in messages of 4): ` +
      `${(ourMiB - 256).toFixed(0)} MiB in the client at most, and ${bareMiB.toFixed(0)} with the bare SDK, which keeps no value; ` +
      `${(there - 256).toFixed(0)} MiB in the container's process.`,
  );
}

/** How many MiB the process takes up more, at most, while something is done. */
async function peakOf(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss();
  let peak = before;
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  await work();
  clearInterval(sampling);
  return (peak - before) / MIB;
}

/** The same bytes through the SDK's own streams, written and read side by side in pieces of the same size. */
async function bare(bytes: Uint8Array): Promise<void> {
  const client = new ModalClient({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const app = await client.apps.fromName("bare", { createIfMissing: true });
  const sandbox = await client.sandboxes.create(app, client.images.fromRegistry("node:22-slim"));
  const cat = await sandbox.exec(["cat"], { mode: "binary" });
  const writing = (async () => {
    const writer = cat.stdin.getWriter();
    for (let at = 0; at < bytes.length; at += 4 * MIB) await writer.write(bytes.subarray(at, at + 4 * MIB) as never);
    await writer.close();
  })();
  let length = 0;
  for await (const piece of cat.stdout as unknown as AsyncIterable<Uint8Array>) length += piece.length;
  await writing;
  if (length !== bytes.length) throw new Error(`${length} bytes came back`);
  await sandbox.terminate();
  sandbox.detach();
}
