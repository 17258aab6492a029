import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { type Job, Queue, QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import { startRedis } from "../spec/support/redis.js";
import { startWorker } from "../spec/support/workers.js";
import { bullmq, type ExecutionOptions } from "../src/index.js";
import { Spinning, Trivial } from "./in-threads.js";
import { type Contender, measure, median, printTable } from "./measure.js";
import { roundsPerMicrosecond } from "./spin.js";
import { Waiting } from "./waiting.js";

const WORKERS = 2;
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Maps on workers in processes of their own, over a real Redis, against threads here and a job an element by hand. */
export async function queue(): Promise<void> {
  const server = await startRedis();
  if (server === undefined) {
    console.log("\nSkipped: there is no redis-server.");
    return;
  }
  console.log(`\n${await versions(server.url)}`);
  const name = "bench";
  const one = () => startWorker(server.url, name, { more: ["--concurrency", "1"] });
  const workers = await Promise.all(Array.from({ length: WORKERS }, one));
  const maps = bullmq({ connection: server.url, queue: name, journal: false });
  try {
    await computing(maps);
    await trivial(maps, server.url);
    await memory(maps, server.url);
    await Promise.all(workers.slice(1).map((worker) => worker.end()));
    const more = await capacity(maps, () => startWorker(server.url, name, { more: ["--concurrency", "1"] }));
    await Promise.all([workers[0]!, ...more].map((worker) => worker.end()));
  } finally {
    await server.stop();
  }
}

async function versions(url: string): Promise<string> {
  const redis = new Redis(url);
  const version = /redis_version:(\S+)/.exec(await redis.info("server"))![1];
  redis.disconnect();
  const { version: bullmqVersion } = createRequire(import.meta.url)("bullmq/package.json") as { version: string };
  return `redis-server ${version} without persistence on the same machine, bullmq ${bullmqVersion}.`;
}

type Maps = NonNullable<ExecutionOptions["maps"]>;

async function computing(maps: Maps): Promise<void> {
  const elements = 20_000;
  const xs = new Array<number>(elements).fill(Math.round(roundsPerMicrosecond() * 1_000));
  const pipeline = new Spinning();
  const contenders: Contender[] = [
    { name: PARALLEL, operations: elements, run: () => pipeline.run({ xs }, { execution: { maps: "parallel" } }) },
    { name: ON_WORKERS, operations: elements, run: () => pipeline.run({ xs }, { execution: { maps } }) },
  ];
  const results = await measure(contenders, 3, 1);
  printTable(`Map over ${elements} elements of 1 ms`, "element", results, PARALLEL);
}

const PARALLEL = "hypernodes, parallel: 2 threads";
const ON_WORKERS = `hypernodes, bullmq: ${WORKERS} worker processes`;
const BY_HAND = "BullMQ by hand: a job an element";

async function trivial(maps: Maps, url: string): Promise<void> {
  const pipeline = new Trivial();
  const [few, many] = [upTo(10_000), upTo(1_000_000)];
  const byHand = await naive(url);
  const contenders: Contender[] = [
    { name: BY_HAND, operations: few.length, run: () => byHand.run(few) },
    {
      name: `${ON_WORKERS}, ${few.length} elements`,
      operations: few.length,
      run: () => pipeline.run({ xs: few }, { execution: { maps } }),
    },
    {
      name: `${ON_WORKERS}, ${many.length} elements`,
      operations: many.length,
      run: () => pipeline.run({ xs: many }, { execution: { maps } }),
    },
  ];
  const results = await measure(contenders, 5, 1);
  printTable("Map over trivial elements", "element", results, BY_HAND);
  const [jobs, ofFew, ofMany] = results.map(({ microseconds }) => microseconds) as [number, number, number];
  const times = (microseconds: number) => (jobs / microseconds).toFixed(microseconds * 20 > jobs ? 1 : 0);
  console.log(
    `\nA job an element takes ${times(ofFew)} times as long for ten thousand, and ${times(ofMany)} times for a million.`,
  );
  await byHand.end();
}

/** How much Redis holds at most while a million elements go through it. */
async function memory(maps: Maps, url: string): Promise<void> {
  const redis = new Redis(url);
  const used = async () => Number(/used_memory:(\d+)/.exec(await redis.info("memory"))![1]);
  const before = await used();
  let most = 0;
  let looking = true;
  const looks = (async () => {
    while (looking) most = Math.max(most, (await used()) - before);
  })();
  const xs = upTo(1_000_000).map((i) => `${i}`.padEnd(100, "x"));
  await new Waiting().run({ xs, ms: 0 }, { execution: { maps } });
  looking = false;
  await looks;
  redis.disconnect();
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `\n1,000,000 elements of 100 bytes in both directions: Redis held ${megabytes(most)} at most, of ${megabytes(200e6)}.`,
  );
}

/** What one writes at first: a job for each element, two workers in processes of their own. */
async function naive(url: string) {
  const connection = { url, maxRetriesPerRequest: null } as object;
  const script = `
    import { Worker } from "bullmq";
    new Worker("naive", async ({ data }) => data + 1, { connection: ${JSON.stringify(connection)}, concurrency: 50 });
    setInterval(() => {}, 1000);`;
  const start = () => spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  const workers = Array.from({ length: WORKERS }, start);
  const jobs = new Queue<number, number>("naive", { connection });
  const events = new QueueEvents("naive", { connection });
  await events.waitUntilReady();
  return {
    async run(xs: readonly number[]) {
      const results = new Map<string, number>();
      let done!: () => void;
      const all = new Promise<void>((resolve) => {
        done = resolve;
      });
      const completed = ({ jobId, returnvalue }: { jobId: string; returnvalue: unknown }) => {
        results.set(jobId, Number(returnvalue));
        if (results.size === xs.length) done();
      };
      events.on("completed", completed);
      const added: Job<number, number>[] = [];
      for (let from = 0; from < xs.length; from += 1_000) {
        const some = xs
          .slice(from, from + 1_000)
          .map((data) => ({ name: "one", data, opts: { removeOnComplete: true } }));
        added.push(...(await jobs.addBulk(some)));
      }
      await all;
      events.off("completed", completed);
      return added.map(({ id }) => results.get(id!));
    },
    async end() {
      for (const worker of workers) worker.kill();
      await Promise.all([jobs.close(), events.close()]);
    },
  };
}

/** Elements a second at 1, 2 and 4 workers, for elements that wait as long as these would compute: the machine has two cores. */
async function capacity(maps: Maps, start: () => ReturnType<typeof startWorker>) {
  const more: Awaited<ReturnType<typeof startWorker>>[] = [];
  console.log("\n### Elements a second, by workers (one chunk at once each)\n");
  console.log("| workers | trivial, 8 bytes | 1 ms | 10 ms | trivial, 1 kB | trivial, 10 kB |");
  console.log("|---:|---:|---:|---:|---:|---:|");
  for (const workers of [1, 2, 4]) {
    while (more.length + 1 < workers) more.push(await start());
    const rates: string[] = [];
    for (const [count, ms, bytes] of [
      [500_000, 0, 0],
      [2_000 * workers, 1, 0],
      [300 * workers, 10, 0],
      [40_000, 0, 1_000],
      [8_000, 0, 10_000],
    ] as const) {
      const xs = bytes === 0 ? upTo(count) : upTo(count).map((i) => `${i}`.padEnd(bytes, "x"));
      const times: number[] = [];
      for (let round = -1; round < 3; round++) {
        const at = performance.now();
        await new Waiting().run({ xs, ms }, { execution: { maps } });
        if (round >= 0) times.push(performance.now() - at);
      }
      rates.push(Math.round((count * 1000) / median(times)).toLocaleString("en"));
    }
    console.log(`| ${workers} | ${rates.join(" | ")} |`);
  }
  return more;
}
