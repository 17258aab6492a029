import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { type BullmqOptions, bullmq } from "../../src/index.js";
import { built } from "./built.js";
import { type RedisServer, startRedis } from "./redis.js";

/** A worker in a process of its own, as `hypernodes worker` starts it. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  /** What it has written to standard error. */
  said(): string;
  /** Ends it as Ctrl-C does, or as said. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** How a worker is started. */
interface WorkerStart {
  readonly more?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The command's own file: another version of it. */
  readonly main?: string;
}

/** Starts a worker, and waits until it takes work. */
export async function startWorker(
  url: string,
  queue: string,
  { more = [], env = {}, main = built("src/cli/main.ts") }: WorkerStart = {},
): Promise<WorkerProcess> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const args = [main, "worker"];
  const child = spawn(process.execPath, [...args, "--queue", queue, "--connection", url, ...more], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...inherited, ...env },
  });
  let said = "";
  child.stderr.setEncoding("utf8");
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (text: string) => {
      said += text;
      if (said.includes("takes work")) resolve();
    });
    child.once("exit", () => reject(new Error(`the worker has ended: ${said}`)));
  });
  const end = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  return { child, said: () => said, end };
}

/** A Redis of a spec's own, workers, and a queue: what specs of distributed maps need. */
export class Yard {
  private count = 0;
  private readonly workers = new Set<WorkerProcess>();

  private constructor(
    readonly server: RedisServer,
    readonly redis: Redis,
  ) {}

  /** Undefined where there is no redis-server. */
  static async open(...flags: string[]): Promise<Yard | undefined> {
    const server = await startRedis(...flags);
    return server && new Yard(server, new Redis(server.url, { maxRetriesPerRequest: null }));
  }

  get url(): string {
    return this.server.url;
  }

  /** The name of a queue that nobody else uses. */
  queue(): string {
    return `queue-${++this.count}`;
  }

  /** Maps on a queue's workers. */
  maps(queue: string, options: BullmqOptions = {}) {
    return { execution: { maps: bullmq({ connection: this.url, queue, journal: false, ...options }) } };
  }

  async worker(queue: string, ...more: string[]): Promise<WorkerProcess> {
    const started = await startWorker(this.url, queue, { more: ["--stall", "2s", ...more] });
    this.workers.add(started);
    return started;
  }

  /** Ends the workers that are left. */
  async endWorkers(): Promise<void> {
    await Promise.all([...this.workers].map((worker) => worker.end()));
    this.workers.clear();
  }

  async close(): Promise<void> {
    await this.endWorkers();
    this.redis.disconnect();
    await this.server.stop();
  }
}

/** A yard while a suite runs, and a folder; where there is no redis-server, the suite is skipped. */
export function heldYard(): { readonly yard: Yard; readonly folder: string } {
  const held = {} as { yard: Yard; folder: string };
  before(async function () {
    const opened = await Yard.open();
    if (opened === undefined) {
      console.log("    skipped: there is no redis-server (apt-get install redis-server)");
      this.skip();
    }
    held.yard = opened;
    held.folder = mkdtempSync(path.join(os.tmpdir(), "yard-"));
  });
  after(async () => {
    await held.yard?.close();
    if (held.folder !== undefined) rmSync(held.folder, { recursive: true, force: true });
  });
  return held;
}

/** Waits for what is to come. */
export async function until(isThere: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isThere())) await sleep(20);
}

/** The numbers that nodes have left in a file, a line each. */
export function begunIn(file: string): number[] {
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map(Number) : [];
}

/** A Redis that REDIS_URL names while a suite runs, and a worker for a queue. */
export function yardInEnvironment(queue: string): { readonly isThere: boolean } {
  const held = { isThere: false };
  let yard: Yard | undefined;
  before(async () => {
    yard = await Yard.open();
    if (yard === undefined) return;
    held.isThere = true;
    process.env.REDIS_URL = yard.url;
    await yard.worker(queue);
  });
  after(async () => {
    delete process.env.REDIS_URL;
    await yard?.close();
  });
  return held;
}
