import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue } from "bullmq";
import { expect } from "chai";
import { Redis } from "ioredis";
import { bullmq, type HypernodesError, sqlite } from "../../../src/index.js";
import { commandLine } from "../../support/command-line.js";
import { execute, LOADER } from "../../support/execute.js";
import { inject } from "../../support/faults.js";
import { startRedis } from "../../support/redis.js";
import { rejection } from "../../support/rejection.js";
import { warningsOf } from "../../support/warnings.js";
import { begunIn, heldYard, startWorker, until, type Yard } from "../../support/workers.js";
import { Queued, Slowly } from "./pipelines/queued.js";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

/** The command, in a process of its own. */
const command = (...args: string[]) =>
  execute(process.execPath, [...LOADER, "src/cli/main.ts", ...args], {
    env: { HYPERNODES_CLI_STARTED: "1" },
  });

describe("a distributed map that loses a process @slow", () => {
  const held = heldYard();
  let yard: Yard;
  let folder: string;
  let queue: string;
  before(async () => {
    ({ yard, folder } = held);
    queue = yard.queue();
    await yard.worker(queue, "--concurrency", "1");
  });

  /** Starts a client, and kills it when it has begun so many elements. */
  async function killedClient(name: string, on: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const args = ["spec/placement/bullmq/pipelines/client.ts", yard.url, on, path.join(folder, name), "150", folder];
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const client: ChildProcess = spawn(process.execPath, [...LOADER, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...inherited, ...env },
    });
    let said = "";
    client.stdout!.on("data", (text) => {
      said += text;
    });
    await until(() => begunIn(path.join(folder, name)).length > 60);
    client.kill("SIGKILL");
    inject("a queue's client is killed");
    await new Promise((resolve) => client.once("exit", resolve));
    return said.trim();
  }

  it("continues by hypernodes resume where its client was killed: little is computed again", async () => {
    const run = await killedClient("resumed", queue);
    const listed = await commandLine(process.cwd(), "resume", "--journal", folder);
    expect(listed.stdout).to.contain(`${run}  Slowly  queue ${queue}`);
    const args = ["resume", run.slice(0, 8), "--journal", folder, "--connection", yard.url, "--json", "--quiet"];
    const { code, stdout, stderr } = await command(...args);
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.equal({ squares: upTo(150).map((x) => x * x) });
    const times = new Map<number, number>();
    for (const x of begunIn(path.join(folder, "resumed"))) times.set(x, (times.get(x) ?? 0) + 1);
    expect(times.size).to.equal(150);
    // What was on its way when the client was killed may have been done twice: a few chunks of ten.
    expect([...times.values()].filter((n) => n > 1).length).to.be.below(50);
    expect(readdirSync(folder)).not.to.include(run);
    const again = await commandLine(process.cwd(), "resume", run, "--journal", folder);
    expect(again.code).to.equal(2);
    expect(again.stderr).to.contain("the run is not in ");
  });

  it("completes where the journal can't be written, with one warning", async () => {
    const file = path.join(folder, "no-folder");
    writeFileSync(file, "");
    const maps = yard.maps(queue, { journal: path.join(file, "journal") });
    const warnings = await warningsOf(() => new Queued().run({ xs: upTo(100) }, maps));
    expect(warnings.filter((each) => each.includes("resumed"))).to.have.length(1);
    expect(warnings.join()).to.contain("ENOTDIR").and.to.contain("bullmq({ journal: false })");
  });

  it("is deleted from Redis after its time, where nobody resumes it", async () => {
    const own = yard.queue();
    const worker = await yard.worker(own, "--concurrency", "1");
    const run = await killedClient("expired", own, { EXPIRE_MS: "1500" });
    const keys = async () => (await yard.redis.keys("*")).filter((key) => key.includes(run));
    expect(await keys()).not.to.deep.equal([]);
    await until(async () => (await keys()).length === 0);
    const blobs = async () => (await yard.redis.keys(`hypernodes:${own}:blob:*`)).length;
    await until(async () => (await blobs()) === 0);
    expect(await new Queued().run({ xs: [1] }, yard.maps(own))).to.deep.equal({ last: "#3", sum: 3 });
    await worker.end();
  });

  it("with a cache computes only the missing values in a second run", async () => {
    const own = yard.queue();
    const worker = await yard.worker(own, "--concurrency", "1");
    const file = path.join(folder, "cached");
    const options = { ...yard.maps(own), cache: sqlite(path.join(folder, "cache.sqlite")) };
    const stop = new AbortController();
    const xs = upTo(100);
    const first = new Slowly().run({ xs, ms: 10, file }, { ...options, signal: stop.signal });
    await until(() => begunIn(file).length > 50);
    stop.abort();
    await rejection(first);
    const { squares } = await new Slowly().run({ xs, ms: 10, file }, options);
    expect(squares).to.deep.equal(xs.map((x) => x * x));
    expect(begunIn(file).length).to.be.below(150);
    await worker.end();
  });

  it("continues when a Redis that keeps its data is restarted", async () => {
    const kept = mkdtempSync(path.join(os.tmpdir(), "redis-"));
    const flags = ["--appendonly", "yes", "--appendfsync", "always", "--dir", kept];
    const server = (await startRedis(...flags))!;
    const maps = bullmq({ connection: server.url, queue: "kept", journal: false });
    const worker = await startWorker(server.url, "kept", { more: ["--concurrency", "1", "--stall", "2s"] });
    const file = path.join(folder, "restarted");
    const xs = upTo(150);
    const running = new Slowly().run({ xs, ms: 20, file }, { execution: { maps } });
    await until(() => begunIn(file).length > 30);
    await server.stop("SIGKILL");
    inject("Redis is restarted, with its data");
    await sleep(500);
    const again = (await startRedis(...flags, "--port", String(server.port)))!;
    expect((await running).squares).to.deep.equal(xs.map((x) => x * x));
    await worker.end();
    await again.stop();
    rmSync(kept, { recursive: true, force: true });
  });

  it("fails with advice when Redis does not come back", async () => {
    const server = (await startRedis())!;
    const maps = bullmq({ connection: server.url, queue: "away", journal: false, patienceMs: 1_500 });
    const running = rejection<HypernodesError>(new Queued().run({ xs: upTo(10) }, { execution: { maps } }));
    const redis = new Redis(server.url);
    await until(async () => (await redis.llen("hypernodes:away:wait")) > 0);
    redis.disconnect();
    await server.stop();
    inject("Redis is lost and does not return");
    const error = await running;
    expect(error.code).to.equal("REDIS_LOST");
    expect(error.message).to.contain("has not answered for 1.5 seconds");
  });

  it("fails when Redis ends before anything is sent: it does not wait for ever", async () => {
    const server = (await startRedis())!;
    const maps = bullmq({ connection: server.url, queue: "early", journal: false, patienceMs: 1_500 });
    const running = rejection<HypernodesError>(new Queued().run({ xs: [1, 2, 3] }, { execution: { maps } }));
    const redis = new Redis(server.url);
    while ((await redis.keys("hypernodes:early:run:*")).length === 0);
    // The code is on its way: Redis does not answer any more, and then it is gone.
    process.kill(server.pid, "SIGSTOP");
    redis.disconnect();
    await sleep(200);
    await server.stop("SIGKILL");
    inject("Redis is lost and does not return");
    const error = await running;
    expect(error.code).to.equal("REDIS_LOST");
  });

  it("fails when Redis keeps its connections and does not answer", async () => {
    const server = (await startRedis())!;
    const maps = bullmq({ connection: server.url, queue: "frozen", journal: false, patienceMs: 2_500 });
    const running = rejection<HypernodesError>(new Queued().run({ xs: [1, 2, 3] }, { execution: { maps } }));
    const redis = new Redis(server.url);
    while ((await redis.llen("hypernodes:frozen:wait")) === 0);
    process.kill(server.pid, "SIGSTOP");
    redis.disconnect();
    inject("Redis keeps its connections and does not answer");
    const error = await running;
    await server.stop("SIGKILL");
    expect(error.code).to.equal("REDIS_LOST");
  });

  it("fails where there is no worker, no Redis, or Redis refuses; and prints no password", async () => {
    const nobody = yard.maps(yard.queue(), { patienceMs: 1_200 });
    const alone = await rejection<HypernodesError>(new Queued().run({ xs: [1] }, nobody));
    expect(alone.code).to.equal("NO_WORKERS");
    expect(alone.message).to.contain("hypernodes worker --queue queue-");
    const connection = "redis://me:s3cret@127.0.0.1:1";
    const none = await rejection<HypernodesError>(
      new Queued().run({ xs: [1] }, { execution: { maps: bullmq({ connection }) } }),
    );
    expect(none.code).to.equal("NO_REDIS");
    expect(none.message).to.contain("redis://127.0.0.1:1").and.not.to.contain("s3cret");
    const locked = (await startRedis("--requirepass", "s3cret"))!;
    for (const given of [locked.url, locked.url.replace("//", "//:wr0ng@")]) {
      const refused = await rejection<HypernodesError>(
        new Queued().run({ xs: [1] }, { execution: { maps: bullmq({ connection: given }) } }),
      );
      expect(refused.code).to.equal("REDIS_REFUSES");
      expect(refused.message).not.to.match(/s3cret|wr0ng/);
    }
    const worker = await commandLine(process.cwd(), "worker", "--connection", locked.url.replace("//", "//:wr0ng@"));
    expect(worker.code).to.equal(1);
    expect(worker.stderr).to.contain("refuses").and.not.to.contain("wr0ng");
    await locked.stop();
    let wrong = "";
    try {
      bullmq({ connection: "http://me:s3cret@host" });
    } catch (error) {
      wrong = String(error);
    }
    expect(wrong).to.contain("redis://user").and.not.to.contain("s3cret");
    expect(() => bullmq({ queu: "x" } as object)).to.throw(/Did you mean "queue"/);
  });

  it("uses TLS, with the options of the connection", async () => {
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => path.join(folder, name)) as [string, string];
    const made =
      "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1";
    const openssl = await execute("openssl", [...made.split(" "), "-keyout", key, "-out", cert]);
    expect(openssl.code, openssl.stderr).to.equal(0);
    const port = String(20_000 + (process.pid % 10_000));
    const tls = ["--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert];
    const server = (await startRedis(...tls, "--tls-auth-clients", "no"))!;
    const env = { NODE_EXTRA_CA_CERTS: cert };
    const worker = await startWorker(`rediss://localhost:${port}`, "tls", { more: ["--concurrency", "1"], env });
    const ca = readFileSync(cert, "utf8");
    const connection = { host: "localhost", port: Number(port), tls: { ca } };
    const maps = bullmq({ connection, queue: "tls", journal: false });
    expect(await new Queued().run({ xs: [1, 2] }, { execution: { maps } })).to.deep.equal({ last: "#6", sum: 9 });
    const distrusted = bullmq({ connection: `rediss://localhost:${port}`, queue: "tls" });
    const error = await rejection<HypernodesError>(new Queued().run({ xs: [1] }, { execution: { maps: distrusted } }));
    expect(error.message).to.contain(`there is no Redis at rediss://localhost:${port}: self-signed certificate`);
    await worker.end();
    await server.stop();
  });

  it("fails when a worker and a client do not fit together, or the data that they share is damaged", async () => {
    const own = yard.queue();
    const worker = await yard.worker(own, "--concurrency", "1");
    const jobs = new Queue(own, { connection: { url: yard.url } as object, prefix: "hypernodes" });
    const { QueueEvents } = await import("bullmq");
    const events = new QueueEvents(own, { connection: { url: yard.url } as object, prefix: "hypernodes" });
    await events.waitUntilReady();
    const other = await jobs.add("chunk", { protocol: 99, version: "9.9.9", run: "r", where: "Other.map" });
    const { error } = (await other.waitUntilFinished(events)) as { error: HypernodesError };
    expect(error.code).to.equal("OTHER_PROTOCOL");
    expect(error.problem)
      .to.contain("version 2 of the queue's protocol")
      .and.to.contain("hypernodes 9.9.9) version 99");
    await events.close();
    await jobs.close();
    await worker.end();
    const failing = rejection<HypernodesError>(new Queued().run({ xs: [1] }, yard.maps(own)));
    await until(async () => (await yard.redis.llen(`hypernodes:${own}:wait`)) > 0);
    for (const key of await yard.redis.keys(`hypernodes:${own}:blob:*`)) await yard.redis.set(key, "damaged");
    inject("someone else writes jobs, code or results");
    const late = await yard.worker(own, "--concurrency", "1");
    const damaged = await failing;
    expect(damaged.code).to.equal("DAMAGED");
    expect(damaged.message).to.contain("its digest is not");
    await late.end();
  });
});
