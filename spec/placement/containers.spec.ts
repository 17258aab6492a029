import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import fc from "fast-check";
import { type HypernodesError, type ModalOptions, modal, NodeError, type RunEvent, sqlite } from "../../src/index.js";
import { FAMILY, FAMILY_SIZE, inputsFor } from "../support/family.js";
import { inject } from "../support/faults.js";
import { loopback, onLoopback } from "../support/modal.js";
import { printed } from "../support/printed.js";
import { rejection } from "../support/rejection.js";
import { expectSame } from "../support/seen.js";
import { warningsOf } from "../support/warnings.js";
import { Built, Exiting, OverRemembered, Placed, RememberedHere, Sharing, WithSpreading } from "./pipelines/sharing.js";
import { Chain, Collecting, Failing, Models, Outer, Person, Single, Spread, Words } from "./pipelines/suite.js";

describe("containers that share the elements of maps @slow", () => {
  const held = loopback();
  const folder = mkdtempSync(path.join(os.tmpdir(), "hypernodes-sharing-"));
  const on = (containers: number, more: ModalOptions = {}) => ({ runOn: modal({ containers, ...more }) });
  const warm = on(2, { keepWarm: true });

  /** Those that are not kept for later. */
  let warmed = new Set<string>();
  const mine = () => (held.server?.living ?? []).filter(({ id }) => !warmed.has(id));
  beforeEach(() => {
    warmed = new Set((held.server?.living ?? []).map(({ id }) => id));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it("give what is given here: results, errors, events", async () => {
    await expectSame(new Chain(), { x: 3 }, warm);
    await expectSame(new Words(), { words: ["a", "b"] }, warm);
    await expectSame(new Outer(), { words: ["one", "three"], first: "ab" }, warm);
    await expectSame(new Failing(), { xs: [1, 42, 3] }, warm, { anyEnd: true });
    const collected = await expectSame(new Collecting(), { xs: [0, 1, 2] }, warm);
    expect((collected.outcome as { checked: unknown[] }).checked[1]).to.be.instanceOf(NodeError);
    await expectSame(new Spread(), { xs: Array.from({ length: 500 }, (_, i) => i) }, warm);
    await expectSame(new Words().bind({ suffix: "?" }), { words: ["a"] }, warm);
    await expectSame(new Models(), { people: [new Person("Ada", 36), new Person("Alan", 41)] }, warm);
  });

  it("do so whatever the pipeline (property)", async () => {
    const lists = fc.array(fc.nat(50), { maxLength: 12 });
    const drawn = fc.record({ index: fc.nat(FAMILY_SIZE - 1), xs: lists, xs2: lists, y: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ index, xs, xs2, y }) => {
        const pipeline = new FAMILY[index]!();
        await expectSame(pipeline, inputsFor(pipeline, { xs, xs2, y }), warm, { anyEnd: true });
      }),
      { numRuns: 40 },
    );
  });

  it("map and stream whole pipelines", async () => {
    const words = [["a"], ["b", "c"], ["d"]];
    const expected = [{ all: "A!" }, { all: "B! C!" }, { all: "D!" }];
    expect(await new Words().map({ words }, { over: "words", ...warm })).to.deep.equal(expected);
    const streamed: unknown[] = [];
    for await (const one of new Words().stream({ words }, { over: "words", ...warm })) streamed.push(one);
    expect(streamed).to.have.deep.members(expected);
  });

  it("are as many as there is work for; what is not mapped is in one of them; who is free gets the next elements", async () => {
    const times = [1500, ...Array.from({ length: 30 }, () => 50)];
    const { each, here, processes } = await new Placed().run(
      { times },
      { ...on(3), outputs: ["each", "here", "processes"] },
    );
    const counts = new Map<number, number>();
    for (const pid of each) counts.set(pid, (counts.get(pid) ?? 0) + 1);
    expect(counts.size).to.be.within(2, 3);
    expect(counts.has(process.pid)).to.equal(false);
    expect([...counts.keys()]).to.include(here);
    expect(processes).to.deep.equal([counts.size, times.length]);
    // The one that has the long element has hardly any other.
    expect(counts.get(each[0]!)).to.be.below(10);
    expect(await new Placed().run({ times: [10] }, { ...on(8), outputs: ["processes"] })).to.deep.equal({
      processes: [1, 1],
    });
  });

  onLoopback("get what elements share once, over the volume", async () => {
    const { server } = held;
    const table = Float64Array.from({ length: 1_000_000 }, (_, i) => i / 2);
    const xs = Array.from({ length: 60 }, (_, i) => i);
    server.forget();
    const { sum } = await new Sharing().run({ xs, table }, on(3));
    expect(sum).to.equal(xs.reduce((all, x) => all + x / 2, 0));
    const bundles = 3 * 2_000_000;
    expect(server.bytesDown).to.be.within(8_000_000, 8_000_000 + bundles);
    expect(server.called("TaskReloadVolumes").length).to.be.within(1, 2);
  });

  onLoopback("get it from here where the volume can't be had", async () => {
    const { server } = held;
    const table = Float64Array.from({ length: 100_000 }, (_, i) => i / 2);
    server.faults.hasNoVolumes = true;
    inject("a volume refuses writes");
    const output = await printed(async () => {
      const { sum } = await new Sharing().run({ xs: [1, 2, 3, 4, 5, 6], table }, on(2));
      expect(sum).to.equal(10.5);
    });
    expect(output).to.contain("the shared values of a map were not written to the volume");
  });

  onLoopback("cost only its chunks when one is lost", async () => {
    const log = path.join(folder, "lost.log");
    writeFileSync(log, "");
    const times = Array.from({ length: 80 }, (_, i) => 40 + (i % 7));
    const lines = () => readFileSync(log, "utf8").split("\n").filter(Boolean);
    const events: RunEvent[] = [];
    const running = new Placed().run({ times, log }, { ...on(3), onEvent: (event) => events.push(event) });
    while (new Set(lines().map((line) => line.split(" ")[0])).size < 2) await sleep(5);
    while (lines().length < 30) await sleep(5);
    mine()[0]!.finish({ status: 3, exitcode: 137 });
    inject("a container that shares a map is taken away");
    const { processes } = await running;
    expect(processes[1]).to.equal(80);
    // Chunks take about a second: 25 elements.
    expect(lines().length).to.be.within(80, 80 + 30);
    const ended = events.filter(
      ({ type, phase, path }) => type === "element" && phase === "end" && path.startsWith("Placed.each"),
    );
    expect(new Set(ended.map(({ path }) => path)).size).to.equal(80);
    expect(ended.length).to.equal(80);
    const told = (phase: string) =>
      events.filter((event) => event.type === "container" && event.phase === phase).length;
    expect(told("end")).to.equal(told("start"));
    expect(mine()).to.deep.equal([]);
  });

  onLoopback("are opened anew, and are given up on in the end", async () => {
    const log = path.join(folder, "given-up.log");
    writeFileSync(log, "");
    const running = rejection<HypernodesError>(new Placed().run({ times: [600_000], log }, on(2)));
    const warned: Error[] = [];
    const hear = (warning: Error) => warned.push(warning);
    process.on("warning", hear);
    let isOver = false;
    void running.finally(() => {
      isOver = true;
    });
    // Each is lost once its element has begun: one that is lost before that does not count.
    let lost = 0;
    while (!isOver) {
      const begun = readFileSync(log, "utf8").split("\n").length - 1;
      if (begun > lost) for (const box of mine()) box.finish({ status: 3, exitcode: 137 });
      lost = begun;
      await sleep(5);
    }
    expect(lost).to.equal(4);
    inject("a container that shares a map is taken away", lost);
    const error = await running;
    process.off("warning", hear);
    expect(warned).to.deep.equal([]);
    expect(error.code).to.equal("NODE_FAILED");
    expect(error.message).to.contain("Placed.each[0]").and.to.contain("the container was ended");
  });

  it("find the element that ends its process: it alone fails", async () => {
    const xs = Array.from({ length: 24 }, (_, i) => i);
    const { survived } = await new Exiting().run({ xs }, on(2));
    inject("an element ends its process in a container");
    const errors = survived.filter((value: unknown) => value instanceof NodeError) as unknown as NodeError[];
    expect(errors).to.have.lengthOf(1);
    expect(errors[0]!.message).to.contain("Exiting.survived[13]").and.to.contain("exit code 7");
    expect(survived.filter((value: unknown) => !(value instanceof NodeError))).to.deep.equal(
      xs.filter((x) => x !== 13),
    );
  });

  onLoopback("are fewer where no more can be had", async () => {
    const { server } = held;
    const times = Array.from({ length: 30 }, () => 100);
    const warned = await warningsOf(async () => {
      server.faults.create = { code: status.RESOURCE_EXHAUSTED, text: "no more GPUs", after: 1 };
      inject("Modal has no more containers", 2);
      const { processes } = await new Placed().run({ times }, on(3));
      expect(processes).to.deep.equal([1, 30]);
    });
    expect(warned.join("\n")).to.contain("no more GPUs");
    const error = await rejection<HypernodesError>(new Placed().run({ times }, on(3)));
    expect(error.code).to.equal("NO_CAPACITY");
  });

  it("end when the run is stopped", async () => {
    const stopping = new AbortController();
    const running = rejection<HypernodesError>(
      new Placed().run({ times: [30_000, 30_000, 30_000] }, { ...on(2), signal: stopping.signal }),
    );
    await sleep(2_500);
    stopping.abort(new Error("enough"));
    expect((await running).code).to.equal("ABORTED");
    expect(mine()).to.deep.equal([]);
  });

  it("build resources once each; and keep them for the runs of a pipeline that is open", async () => {
    const xs = Array.from({ length: 12 }, (_, i) => i);
    await using built = new Built().with({ ...on(2) }).open();
    const first = await built.run({ xs });
    const tokens = new Set([...first.token, first.ofNode]);
    expect(tokens.size).to.be.within(1, 2);
    const second = await built.run({ xs });
    for (const token of second.token) tokens.add(token);
    expect(tokens.size).to.be.within(1, 2);
  });

  it("are there for the next run of a pipeline that is open, though one was stopped while they started", async () => {
    await using placed = new Placed().with({ ...on(2) }).open();
    const stopping = new AbortController();
    const first = rejection<HypernodesError>(placed.run({ times: [60_000] }, { signal: stopping.signal }));
    await sleep(100);
    stopping.abort(new Error("not this one"));
    expect((await first).code).to.equal("ABORTED");
    const { processes } = await placed.run({ times: [10, 20, 30] });
    expect(processes[1]).to.equal(3);
  });

  it("get no task for a value that is in the client's cache", async () => {
    const options = { ...on(2), cache: sqlite(path.join(folder, "here.sqlite")) };
    expect((await new RememberedHere().run({ xs: [1, 2, 3] }, options)).total).to.equal(14);
    held.server?.forget();
    const events: RunEvent[] = [];
    const again = await new RememberedHere().run(
      { xs: [1, 2, 3] },
      { ...options, onEvent: (event) => events.push(event) },
    );
    expect(again.total).to.equal(14);
    expect(events.filter(({ type }) => type === "container")).to.deep.equal([]);
    const more = await new RememberedHere().run({ xs: [1, 2, 3, 4] }, options);
    expect(more.squared).to.deep.equal([1, 4, 9, 16]);
  });

  it("cache on their volume the values of a nested pipeline with a cache of its own", async () => {
    const log = path.join(folder, "inner.log");
    writeFileSync(log, "");
    const lines = () => readFileSync(log, "utf8").split("\n").filter(Boolean).sort();
    const options = on(2, { volume: "sharing-inner" });
    const { cubes } = await new OverRemembered().run({ xs: [1, 2, 3], log }, options);
    expect(cubes).to.deep.equal([1, 8, 27]);
    const again = await new OverRemembered().run({ xs: [1, 2, 3, 4], log }, options);
    expect(again.cubes).to.deep.equal([1, 8, 27, 64]);
    expect(lines()).to.deep.equal(["1", "2", "3", "4"]);
  });

  it("are those of a nested pipeline, too", async () => {
    const { one, many, here } = await new WithSpreading().run({ n: 4, ns: [2, 3] });
    expect(here).to.equal(process.pid);
    expect(one).to.have.lengthOf(4);
    expect(many.map((each) => each.length)).to.deep.equal([2, 3]);
    expect([...one, ...many.flat()]).not.to.include(process.pid);
    expect(new Set(one).size).to.be.within(1, 2);
  });

  it("emit their start and end once; what is printed in them appears in the client", async () => {
    const events: RunEvent[] = [];
    const output = await printed(async () => {
      await new Single().run({ x: 4 }, { ...on(2), onEvent: (event) => events.push(event) });
    });
    expect(output).to.contain("modal | doubling 4");
    const containers = events.filter(({ type }) => type === "container");
    expect(containers.map(({ phase }) => phase).filter((phase) => phase !== "log")).to.deep.equal(["start", "end"]);
  });

  it("are as many as the provider allows", () => {
    for (const containers of [0, 1.5, -1, 1001, "3" as unknown as number]) {
      expect(() => modal({ containers })).to.throw("option containers");
    }
  });
});
