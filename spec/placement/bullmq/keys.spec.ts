import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Queue } from "bullmq";
import { expect } from "chai";
import { Redis } from "ioredis";
import type { BullmqOptions, HypernodesError, RunEvent } from "../../../src/index.js";
import { built } from "../../support/built.js";
import { inject } from "../../support/faults.js";
import { startRedis } from "../../support/redis.js";
import { rejection } from "../../support/rejection.js";
import { heldYard, startWorker, until, type WorkerProcess, type Yard } from "../../support/workers.js";
import { Printing, Queued, Slowly } from "./pipelines/queued.js";

const KEY = "a key of the specs";
const RESULT = { last: "#6", sum: 9 };
/** Not `--stall 2s`: on a busy machine, a worker would count as lost, and its job would be done again. */
const ONE = ["--concurrency", "1"];

describe("workers and clients with a key @slow", () => {
  const held = heldYard();
  let yard: Yard;
  /** A queue whose worker has the key. */
  let queue: string;
  let worker: WorkerProcess;
  before(async () => {
    ({ yard } = held);
    queue = yard.queue();
    const env = { HYPERNODES_QUEUE_KEY: KEY, REDIS_URL: yard.url, SEEN_BY_NODES: "1" };
    worker = await startWorker(yard.url, queue, { more: ONE, env });
  });
  after(() => worker?.end());

  const run = (name: string, options: BullmqOptions) => new Queued().run({ xs: [1, 2] }, yard.maps(name, options));
  const refused = (name: string, options: BullmqOptions = {}) => rejection<HypernodesError>(run(name, options));

  it("work for each other, and for nobody else", async () => {
    expect(await run(queue, { key: KEY })).to.deep.equal(RESULT);
    for (const key of [undefined, `${KEY}, but another one`]) {
      const error = await refused(queue, { key });
      expect(error.code).to.equal("NOT_SIGNED");
      expect(error.message).to.contain("the same HYPERNODES_QUEUE_KEY").and.not.to.contain(KEY);
    }
    expect(worker.said()).to.contain("the job is not signed with this process's key").and.not.to.contain(KEY);
    const keyless = yard.queue();
    const open = await yard.worker(keyless, "--concurrency", "1");
    expect(open.said()).to.contain("HYPERNODES_QUEUE_KEY is not set");
    expect((await refused(keyless, { key: KEY })).code).to.equal("NOT_SIGNED");
    expect(await run(keyless, {})).to.deep.equal(RESULT);
    await open.end();
  });

  it("take no job, no code and no result that somebody else has written", async () => {
    const file = path.join(held.folder, "forged");
    const own = yard.queue();
    const options = yard.maps(own, { key: KEY });
    const going = new Slowly().run({ xs: [1], ms: 1, file }, options);
    await until(async () => (await yard.redis.llen(`hypernodes:${own}:wait`)) > 0);
    // One job is real. Others are made of it: for another bundle, for another element, under another id.
    const jobs = new Queue(own, { connection: { url: yard.url } as object, prefix: "hypernodes" });
    const [real] = await jobs.getJobs(["wait"]);
    const forged = [
      { ...real!.data, bundle: real!.data.stage },
      { ...real!.data, chunk: { inline: Buffer.from("evil").toString("base64") } },
      { ...real!.data, mac: undefined },
      real!.data,
    ];
    inject("someone else writes jobs, code or results", forged.length + 1);
    for (const [i, data] of forged.entries()) await jobs.add("chunk", data, { jobId: `forged-${i}` });
    const late = await startWorker(yard.url, own, { more: ONE, env: { HYPERNODES_QUEUE_KEY: KEY } });
    expect(await going).to.deep.equal({ squares: [1] });
    for (const i of forged.keys()) {
      await until(async () => (await jobs.getJobState(`forged-${i}`)) === "completed");
      expect((await jobs.getJob(`forged-${i}`))!.returnvalue.error.code).to.equal("NOT_SIGNED");
    }
    expect(readFileSync(file, "utf8")).to.equal("1\n");
    await jobs.close();
    await late.end();
    // A result that lies there before its worker brings it.
    const running = rejection<HypernodesError>(new Slowly().run({ xs: [2], ms: 1, file }, options));
    const runKey = async () => (await yard.redis.keys(`hypernodes:${own}:run:*`))[0];
    await until(async () => (await yard.redis.llen(`hypernodes:${own}:wait`)) > 0);
    const [id] = await yard.redis.lrange(`hypernodes:${own}:wait`, 0, 0);
    await yard.redis.hset((await runKey())!.replace(":run:", ":results:"), id!, Buffer.alloc(100));
    expect((await running).code).to.equal("NOT_SIGNED");
  });

  it("keep what is the worker's own from the code that it runs", async () => {
    const { names } = await new Printing().run({ xs: [1] }, yard.maps(queue, { key: KEY }));
    expect(names[0]).to.include("SEEN_BY_NODES").and.not.to.include.members(["REDIS_URL"]);
    expect(names[0]).not.to.include("HYPERNODES_QUEUE_KEY");
  });

  it("show where the client runs what nodes print, marked, if it asks for that", async () => {
    const events: RunEvent[] = [];
    const printed = { stdout: "", stderr: "" };
    const writes = { stdout: process.stdout.write, stderr: process.stderr.write };
    const show = async (logs: boolean) => {
      printed.stdout = "";
      printed.stderr = "";
      for (const stream of ["stdout", "stderr"] as const)
        process[stream].write = ((text: string) => {
          printed[stream] += text;
          return true;
        }) as never;
      try {
        const onEvent = (event: RunEvent) => events.push(event);
        await new Printing().run({ xs: [1, 2, 3] }, { ...yard.maps(queue, { key: KEY, logs }), onEvent });
      } finally {
        Object.assign(process.stdout, { write: writes.stdout });
        Object.assign(process.stderr, { write: writes.stderr });
      }
    };
    await show(true);
    expect(printed.stdout.match(/^worker-\w+ \| computing \d$/gm)).to.have.length(3);
    expect(printed.stderr.match(/^worker-\w+ \| warned of \d: שלום$/gm)).to.have.length(3);
    const logs = events.filter(({ type, phase }) => type === "container" && phase === "log");
    expect(logs.length).to.be.above(0);
    expect(await yard.redis.keys(`hypernodes:${queue}:output:*`)).to.deep.equal([]);
    await show(false);
    expect(printed.stdout).not.to.contain("computing");
  });

  it("need no more of Redis than the ACL of the documents", async () => {
    const server = (await startRedis())!;
    const admin = new Redis(server.url);
    const rule = /ACL SETUSER \S+ on >\S+ (.+)/.exec(readFileSync("docs/scaling.md", "utf8"))![1]!;
    await admin.call("ACL", "SETUSER", "embedding", "on", ">s3cret", ...rule.split(" "));
    await admin.call("ACL", "SETUSER", "default", "off");
    const url = server.url.replace("//", "//embedding:s3cret@");
    const env = { HYPERNODES_QUEUE_KEY: KEY };
    const restricted = await startWorker(url, "acl", { more: ONE, env });
    expect(await run("acl", { connection: url, key: KEY, logs: true })).to.deep.equal(RESULT);
    const other = await refused("acl", { connection: url, key: KEY, prefix: "other" });
    expect(other.code).to.equal("REDIS_REFUSES");
    expect(other.message).to.contain("ACL SETUSER");
    await restricted.end();
    admin.disconnect();
    await server.stop();
  });

  it("refuse each other across versions of the protocol, with advice, and continue with their own", async () => {
    const source = path.resolve(built("src/cli/main.ts"), "..", "..", "..");
    const newer = `${source}-newer`;
    cpSync(source, newer, { recursive: true });
    const defines = /QUEUE_PROTOCOL = (\d+)/;
    const [file, ...others] = readdirSync(path.join(newer, "src"), { recursive: true })
      .map((name) => path.join(newer, "src", String(name)))
      .filter((name) => name.endsWith(".js") && defines.test(readFileSync(name, "utf8")));
    expect(others).to.deep.equal([]);
    writeFileSync(
      file!,
      readFileSync(file!, "utf8").replace(defines, (_, version) => `QUEUE_PROTOCOL = ${Number(version) + 1}`),
    );
    inject("a worker has another protocol version");
    const own = yard.queue();
    const main = path.join(newer, "src/cli/main.js");
    const env = { HYPERNODES_QUEUE_KEY: KEY };
    const other = await startWorker(yard.url, own, { more: ONE, env, main });
    const error = await refused(own, { key: KEY });
    expect(error.code).to.equal("OTHER_PROTOCOL");
    expect(error.message).to.contain("Install the same version of hypernodes for both");
    await other.end();
    const same = await startWorker(yard.url, own, { more: ONE, env });
    expect(await run(own, { key: KEY })).to.deep.equal(RESULT);
    await same.end();
    rmSync(newer, { recursive: true });
    expect(existsSync(newer)).to.equal(false);
  });
});
