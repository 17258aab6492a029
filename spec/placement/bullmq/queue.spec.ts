import { rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue } from "bullmq";
import { expect } from "chai";
import fc from "fast-check";
import Keyv from "keyv";
import { type HypernodesError, NodeError, type RunEvent } from "../../../src/index.js";
import { FAMILY, FAMILY_SIZE, inputsFor } from "../../support/family.js";
import { inject } from "../../support/faults.js";
import { FolderStore } from "../../support/folder-store.mjs";
import { rejection } from "../../support/rejection.js";
import { expectSame } from "../../support/seen.js";
import { begunIn, heldYard, until, type Yard } from "../../support/workers.js";
import {
  Heavy,
  Holding,
  INNER_STORE,
  OverInner,
  Poisoned,
  Queued,
  Sharing,
  Slowly,
  Unknowing,
  Varied,
} from "./pipelines/queued.js";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("maps on a queue's workers @slow", () => {
  const held = heldYard();
  let yard: Yard;
  let folder: string;
  /** A queue with two workers that most specs share. */
  let queue: string;
  before(async () => {
    ({ yard, folder } = held);
    queue = yard.queue();
    await Promise.all([yard.worker(queue, "--concurrency", "1"), yard.worker(queue, "--concurrency", "1")]);
  });

  const isEmpty = async (name: string) => {
    const waiting = new Queue(name, { connection: { url: yard.url } as object, prefix: "hypernodes" });
    const counts = await waiting.getJobCounts();
    await waiting.close();
    return Object.values(counts).every((n) => n === 0);
  };

  it("give every element exactly one result, in input order", async () => {
    for (const n of [0, 1, 2, 777, 20_000]) {
      const { last, sum } = await new Queued().run({ xs: upTo(n) }, yard.maps(queue));
      expect([last, sum]).to.deep.equal([n === 0 ? undefined : `#${3 * (n - 1)}`, n === 0 ? 0 : (3 * n * (n - 1)) / 2]);
    }
    const file = path.join(folder, "order");
    const xs = upTo(40);
    const { squares } = await new Slowly().run({ xs, ms: 5, file }, yard.maps(queue));
    expect(squares).to.deep.equal(xs.map((x) => x * x));
    expect(begunIn(file).sort((a, b) => a - b)).to.deep.equal(xs);
    expect(await isEmpty(queue)).to.equal(true);
  });

  it("give the results, errors and events that they give here, whatever the pipeline (property)", async () => {
    const lists = fc.array(fc.nat(50), { maxLength: 12 });
    const drawn = fc.record({ index: fc.nat(FAMILY_SIZE - 1), xs: lists, xs2: lists, y: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ index, xs, xs2, y }) => {
        const pipeline = new FAMILY[index]!();
        const here = { execution: { maps: "parallel" } };
        await expectSame(pipeline, inputsFor(pipeline, { xs, xs2, y }), yard.maps(queue), { here, anyEnd: true });
      }),
      { numRuns: 25 },
    );
  });

  it("have resources, batches and nested pipelines; streams and whole pipelines are mapped, too", async () => {
    const xs = upTo(10);
    const { all } = await new Varied().run({ xs }, yard.maps(queue));
    const { all: here } = await new Varied().run({ xs });
    expect(all).to.deep.equal(here);
    expect(await new Holding().run({ xs }, yard.maps(queue))).to.deep.equal({ out: 135 });
    const each = await new Queued().map({ xs: [[1], [2, 3]] }, { over: ["xs"], ...yard.maps(queue) });
    expect(each).to.deep.equal([
      { last: "#3", sum: 3 },
      { last: "#9", sum: 15 },
    ]);
    const streamed: unknown[] = [];
    const { execution } = yard.maps(queue);
    const more = { over: ["xs"] as const, execution: { ...execution, maxWorkers: 4 } };
    for await (const { sum } of new Queued().stream({ xs: [[1], [2], [3], [4], [5]] }, more as never))
      streamed.push(sum);
    expect(streamed.sort()).to.deep.equal([12, 15, 3, 6, 9]);
  });

  it("cache the values of a nested pipeline with a cache of its own", async () => {
    const log = path.join(folder, "inner");
    const forget = () => {
      for (const end of ["", "-wal", "-shm"]) rmSync(INNER_STORE + end, { force: true });
    };
    forget();
    const run = (xs: number[]) => new OverInner().run({ xs, log }, yard.maps(queue));
    expect((await run([1, 2, 3])).cubes).to.deep.equal([1, 8, 27]);
    expect((await run([1, 2, 3, 4])).cubes).to.deep.equal([1, 8, 27, 64]);
    expect(begunIn(log).sort()).to.deep.equal([1, 2, 3, 4]);
    forget();
  });

  it("emit the start and the end of their workers", async () => {
    const events: RunEvent[] = [];
    await new Queued().run({ xs: upTo(100) }, { ...yard.maps(queue), onEvent: (event) => events.push(event) });
    const elements = events.filter(({ type, phase }) => type === "element" && phase === "end");
    expect(elements).to.have.length(200);
    for (const { container, thread } of elements) {
      expect(container).to.match(/^worker-/);
      expect(thread).to.be.a("number");
    }
  });

  it("are a nested pipeline's own choice, too", async () => {
    process.env.REDIS_URL = yard.url;
    const worker = await yard.worker("of-its-own");
    const containers = new Set<string | undefined>();
    const onEvent = ({ type, container }: RunEvent) => type === "element" && containers.add(container);
    expect(await new Unknowing().run({ xs: upTo(10) }, { onEvent })).to.deep.equal({ out: 55 });
    expect([...containers].map((id) => id?.slice(0, 7))).to.deep.equal(["worker-"]);
    delete process.env.REDIS_URL;
    await worker.end();
  });

  it("emit the events of elements that take long while they compute, and each end once", async () => {
    const file = path.join(folder, "long");
    const seen: string[] = [];
    let running = 0;
    let under = 0;
    const onEvent = ({ type, phase, path }: RunEvent) => {
      if (type !== "element") return;
      seen.push(`${path} ${phase}`);
      running += phase === "start" ? 1 : -1;
      under = Math.max(under, running);
    };
    await new Slowly().run({ xs: [1, 2], ms: 1_500, file }, { ...yard.maps(queue), onEvent });
    // With the results alone, each would start and end at once.
    expect(under).to.equal(2);
    expect(seen.sort()).to.deep.equal(
      [0, 1].flatMap((i) => ["end", "start"].map((phase) => `Slowly.squared[${i}] ${phase}`)),
    );
  });

  it("send what all elements share once to each worker, and large elements beside their jobs", async () => {
    const table = Float64Array.from({ length: 400_000 }, (_, i) => i / 2);
    const before = await sent();
    const xs = upTo(5_000);
    expect((await new Sharing().run({ xs, table }, yard.maps(queue))).all).to.deep.equal(xs.map((x) => x / 2));
    // Twice at most, for two workers, and a bit.
    expect((await sent()) - before).to.be.below(2.2 * table.byteLength);
    const texts = upTo(300).map((n) => String(n).repeat(10_000));
    const { lengths } = await new Heavy().run({ texts }, yard.maps(queue));
    expect(lengths).to.deep.equal(texts.map(({ length }) => 2 * length));
  });

  it("find large values in a Keyv, if there is one", async () => {
    const own = yard.queue();
    process.env.VALUES_FOLDER = path.join(folder, "values");
    const file = "spec/placement/bullmq/pipelines/values.mjs";
    const worker = await yard.worker(own, "--concurrency", "1", "--values", file);
    const values = new Keyv(new FolderStore(process.env.VALUES_FOLDER));
    const table = Float64Array.from({ length: 1_000_000 }, (_, i) => i / 2);
    const before = await sent();
    const kept = yard.maps(own, { values });
    const xs = upTo(500);
    expect((await new Sharing().run({ xs, table }, kept)).all).to.deep.equal(xs.map((x) => x / 2));
    expect((await sent()) - before).to.be.below(table.byteLength / 2);
    const texts = upTo(60).map((n) => String(n).repeat(10_000));
    expect((await new Heavy().run({ texts }, kept)).lengths).to.deep.equal(texts.map(({ length }) => 2 * length));
    const left: string[] = [];
    for await (const [key] of values.iterator!(undefined)) left.push(key);
    expect(left).to.deep.equal([]);
    await worker.end();
    const without = await yard.worker(own, "--concurrency", "1");
    const error = await rejection<HypernodesError>(new Sharing().run({ xs, table }, kept));
    expect(error.code).to.equal("NO_VALUES");
    expect(error.message).to.contain("hypernodes worker --values FILE");
    await without.end();
  });

  /** Bytes that Redis has sent. */
  const sent = async () => Number(/total_net_output_bytes:(\d+)/.exec(await yard.redis.info("stats"))![1]);

  it("continue when a worker is killed in the middle: others compute its elements", async () => {
    const own = yard.queue();
    const [doomed] = await Promise.all([
      yard.worker(own, "--concurrency", "1"),
      yard.worker(own, "--concurrency", "1"),
    ]);
    const file = path.join(folder, "killed");
    const xs = upTo(60);
    const running = new Slowly().run({ xs, ms: 50, file }, yard.maps(own));
    await until(() => begunIn(file).length > 10);
    await doomed!.end("SIGKILL");
    inject("a worker is killed in a chunk");
    expect((await running).squares).to.deep.equal(xs.map((x) => x * x));
    expect(new Set(begunIn(file)).size).to.equal(60);
    expect(await isEmpty(own)).to.equal(true);
  });

  it("count an element once, though a worker that was silent returns the same result as another one", async () => {
    const own = yard.queue();
    const [sleeper] = await Promise.all([
      yard.worker(own, "--concurrency", "1"),
      yard.worker(own, "--concurrency", "1"),
    ]);
    const file = path.join(folder, "silent");
    const xs = upTo(30);
    const running = new Slowly().run({ xs, ms: 100, file }, yard.maps(own));
    await until(() => begunIn(file).length > 4);
    sleeper!.child.kill("SIGSTOP");
    inject("a worker is frozen, and wakes later");
    const waking = sleep(6_000).then(() => sleeper!.child.kill("SIGCONT"));
    expect((await running).squares).to.deep.equal(xs.map((x) => x * x));
    await waking;
    expect(await new Queued().run({ xs: [1, 2] }, yard.maps(own))).to.deep.equal({ last: "#6", sum: 9 });
    expect(await isEmpty(own)).to.equal(true);
  });

  it("name elements that end their thread or their process, and continue with the others", async () => {
    for (const how of ["throw", "thread", "process"] as const) {
      if (how !== "throw") inject("an element ends its process at a worker", 2);
      const { all } = await new Poisoned().run({ xs: upTo(20), how }, yard.maps(queue));
      const errors = all.filter((each) => each instanceof NodeError);
      expect(errors.map(({ where, attempts }) => [where, attempts])).to.deep.equal([
        ["Poisoned.swallowed[7]", 2],
        ["Poisoned.swallowed[17]", 2],
      ]);
      expect(all.filter((each) => typeof each === "number")).to.have.length(18);
      if (how === "process") expect(errors[0]!.message).to.match(/its process in the worker worker-\S+ ended: SIGKILL/);
    }
    expect(await new Queued().run({ xs: [1] }, yard.maps(queue))).to.deep.equal({ last: "#3", sum: 3 });
    expect(await isEmpty(queue)).to.equal(true);
  });

  it("charge no element that was only in the same process as one that ended it", async () => {
    const own = yard.queue();
    const worker = await yard.worker(own, "--concurrency", "4");
    const { all } = await new Poisoned().run({ xs: [1, 2, 7, 4], how: "process" }, yard.maps(own));
    inject("an element ends its process at a worker");
    expect(all.map((each) => (each instanceof NodeError ? `${each.where} ${each.attempts}` : each))).to.deep.equal([
      1,
      2,
      "Poisoned.swallowed[2] 2",
      4,
    ]);
    await worker.end();
  });

  it("stop at a signal: the queue is empty, and nothing runs", async () => {
    const file = path.join(folder, "stopped");
    const stop = new AbortController();
    const running = new Slowly().run({ xs: upTo(1_000), ms: 200, file }, { ...yard.maps(queue), signal: stop.signal });
    await until(() => begunIn(file).length > 2);
    stop.abort();
    expect((await rejection<HypernodesError>(running)).code).to.equal("ABORTED");
    await until(() => isEmpty(queue));
    const after = begunIn(file).length;
    await sleep(1_000);
    expect(begunIn(file).length).to.be.below(after + 5);
    expect(
      (await yard.redis.keys(`hypernodes:${queue}:r*`)).filter((key) => /:(run|results):/.test(key)),
    ).to.deep.equal([]);
  });

  it("share workers fairly between two runs", async () => {
    const [first, second] = [path.join(folder, "first"), path.join(folder, "second")];
    const one = new Slowly().run({ xs: upTo(400), ms: 10, file: first }, yard.maps(queue));
    await until(() => begunIn(first).length > 20);
    const other = new Slowly().run({ xs: upTo(300), ms: 10, file: second }, yard.maps(queue));
    await until(() => begunIn(second).length > 50);
    const before = begunIn(first).length;
    await until(() => begunIn(second).length > 150);
    // While the second did a hundred, the first did about as many.
    expect(begunIn(first).length - before).to.be.within(40, 250);
    expect((await one).squares).to.have.length(400);
    expect((await other).squares).to.have.length(300);
  });

  it("keep what waits in Redis small, however much there is to send", async () => {
    const text = "x".repeat(20_000);
    const texts = upTo(5_000).map((n) => `${n}${text}`);
    let most = 0;
    const used = async () => Number(/used_memory:(\d+)/.exec(await yard.redis.info("memory"))![1]);
    const before = await used();
    const looking = setInterval(
      () =>
        void used().then((now) => {
          most = Math.max(most, now - before);
        }),
      20,
    );
    await new Heavy().run({ texts }, yard.maps(queue));
    clearInterval(looking);
    // 100 MB went through it, and 200 MB came back.
    expect(most).to.be.below(40e6);
  });
});
