import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { expect } from "chai";
import type { EventOf, NodeError, RunEvent } from "../../src/index.js";
import { inject } from "../support/faults.js";
import { rejection } from "../support/rejection.js";
import {
  Batched,
  ByPath,
  type Cells,
  Deadly,
  Deep,
  Neighbour,
  Nest,
  NestOnce,
  Noticed,
  Overlap,
  Resourceful,
  Sharing,
  Stoppable,
  Streams,
  THROWN_NAMES,
  Throwing,
  Travels,
  TwoBranches,
  Uncaught,
  Unreadable,
  Untravelled,
  Vectors,
  Where,
} from "../support/threads.js";

const cells = (): Cells => new Int32Array(new SharedArrayBuffer(64));
const range = (length: number) => Array.from({ length }, (_, i) => i);
const PARALLEL = { execution: { maps: "parallel" } } as const;
const THREADED = { execution: { maps: "threaded" } } as const;

async function until(isSo: () => boolean, ms = 50_000): Promise<void> {
  const end = Date.now() + ms;
  while (!isSo()) {
    if (Date.now() > end) throw new Error("it did not come to be");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("threads", () => {
  it("take the elements of maps, or nodes, as each mode says", async () => {
    const where = new Where();
    for (const maps of ["threaded", "parallel"] as const) {
      const home = await where.run({ xs: range(50) }, { execution: { maps } });
      expect(home.nodeWhere).to.equal(0);
      expect(home.where).to.have.length(50).and.not.to.include(0);
      const away = await where.run({ xs: range(50) }, { execution: { nodes: maps } });
      expect(away.nodeWhere).to.be.greaterThan(0);
      expect(new Set(away.where)).to.deep.equal(new Set([0]));
    }
  });

  it("are as many as cores, and no more than maxWorkers", async () => {
    const spread = async (maxWorkers: number) => {
      const seen = new Overlap().run(
        { xs: range(40), cells: cells() },
        { execution: { maps: "parallel", maxWorkers } },
      );
      return Math.max(...(await seen).most);
    };
    expect(await spread(16)).to.equal(1);
    const counts = cells();
    await new Overlap().run({ xs: range(40), cells: counts }, { execution: { maps: "parallel", maxWorkers: 1 } });
    expect(counts[1]).to.equal(1);
  });

  it("overlap several elements in each when threaded, at most maxWorkers in all", async () => {
    const counts = cells();
    const { most } = await new Overlap().run(
      { xs: range(200), cells: counts },
      { execution: { maps: "threaded", maxWorkers: 8 } },
    );
    expect(Math.max(...most)).to.be.greaterThan(1);
    expect(counts[1]).to.be.within(2, 8);
  });

  it("have the pipeline object's own fields, and build those that can't be serialized again", async () => {
    const where = new Where();
    Object.assign(where, { greeting: "shalom" });
    const { greeted } = await where.run({ xs: [1, 2] }, { ...PARALLEL, outputs: ["greeted"] });
    expect(greeted).to.deep.equal(["shalom 1", "shalom 2"]);
  });

  it("get and give instances, with large typed arrays read in place", async () => {
    const vectors = new Vectors(new Float32Array(100_000).fill(2));
    const { sum, isVectors } = await new Travels().run({ vectors, xs: [1, 2, 3] }, PARALLEL);
    expect(sum.map((v) => v.data[0])).to.deep.equal([3, 4, 5]);
    expect(sum[0]).to.be.instanceOf(Vectors);
    expect(isVectors).to.deep.equal([true, true, true]);
  });

  it("decode what all elements share once each, however many chunks use it, and drop it when the map ends", async () => {
    for (let i = 0; i < 3; i++) {
      const noticed = new Noticed(cells());
      const { left } = await new Sharing().run({ xs: range(40), noticed }, PARALLEL);
      expect(noticed.cells[0]).to.be.within(1, 2);
      expect(left.at(-1)).to.equal(0);
    }
  });

  it("compute independent nested branches together", async () => {
    const counts = cells();
    const execution = { nodes: "threaded" } as const;
    expect(await new TwoBranches().run({ x: 5, cells: counts }, { execution })).to.deep.equal({
      a: 10,
      b: 15,
      result: 25,
    });
    expect(counts[1]).to.equal(2);
  });

  it("run maps of maps and nested pipelines within the thread: no pool inside a pool", async () => {
    const { inner, outer } = await new Nest().run(
      { xs: range(20) },
      { execution: { maps: "parallel", nodes: "parallel" } },
    );
    for (const threads of inner) expect(new Set(threads).size).to.equal(1);
    expect(inner.flat()).not.to.include(0);
    expect(new Set([...inner.flat(), ...outer]).size).to.be.at.most(2);
  });

  it("take one element at a time of a parallel stream that a node begins there", async () => {
    const counts = cells();
    const { streamed } = await new Streams().run({ cells: counts }, { execution: { nodes: "parallel" } });
    expect([streamed, counts[1]]).to.deep.equal([4, 1]);
  });

  it("take the maps of a nested pipeline that is a node, too", async () => {
    const { inner } = await new NestOnce().run({ x: 1 }, PARALLEL);
    expect(inner).to.have.length(2).and.not.to.include(0);
  });

  it("give the error of the first element that fails, whichever fails first", async () => {
    const xs = range(3_000).map((x) => (x === 400 || x > 1_000 ? -x : x));
    for (let i = 0; i < 5; i++) {
      const error = await rejection(new Neighbour().run({ xs }, { ...PARALLEL, outputs: ["said"] }));
      expect(error).to.include({ where: "Neighbour.said[400]" });
    }
  });

  it("take a chain of maps in one task: an element reaches the third map before the first has done a tenth", async () => {
    const counts = cells();
    const { c } = await new Deep().run({ xs: range(10_000), cells: counts }, PARALLEL);
    expect(c).to.deep.equal(range(10_000).map((x) => (x + 1) * 2 + 1));
    expect(counts[0]).to.equal(10_000);
    expect(counts[1]).to.be.within(1, 1_000);
  });

  it("cut lists into whole batches", async () => {
    const expected = await new Batched().run({ xs: range(32) });
    for (const choices of [PARALLEL, THREADED])
      expect(await new Batched().run({ xs: range(32) }, choices)).to.deep.equal(expected);
  });

  it("go over paths into records, one list in two places, and products", async () => {
    const expected = await new ByPath().run({ n: 5 });
    expect(expected.pairs).to.deep.equal([
      [5, 7, 2],
      [6, 8, 2],
    ]);
    expect(await new ByPath().run({ n: 5 }, PARALLEL)).to.deep.equal(expected);
  });

  it("serve map and stream of a whole pipeline", async () => {
    const xs = range(30).map((x) => [x]);
    const results = await new Where().map({ xs }, { over: "xs", ...PARALLEL });
    expect(results.map(({ where }) => where.length)).to.deep.equal(xs.map(() => 1));
    expect(results.map(({ nodeWhere }) => nodeWhere)).not.to.include(0);
    const streamed: number[] = [];
    for await (const { nodeWhere } of new Where().stream({ xs }, { over: "xs", ...PARALLEL })) streamed.push(nodeWhere);
    expect(streamed).to.have.length(30).and.not.to.include(0);
    const counts = cells();
    for await (const _ of new Deep().stream(
      { xs, cells: xs.map(() => counts) },
      { over: ["xs", "cells"], ...PARALLEL },
    ));
    expect(counts[0]).to.equal(30);
  });

  it("ask a stream's source for no more than maxWorkers elements that were not taken", async () => {
    let pulled = 0;
    let most = 0;
    let taken = 0;
    async function* source() {
      for (let x = 0; x < 500; x++) {
        pulled++;
        most = Math.max(most, pulled - taken);
        yield [x];
      }
    }
    const over = { over: "xs", execution: { maps: "parallel", maxWorkers: 8 } } as const;
    for await (const { nodeWhere } of new Where().stream({ xs: source() }, over)) {
      expect(nodeWhere).to.be.greaterThan(0);
      taken++;
    }
    expect(taken).to.equal(500);
    expect(most).to.be.within(2, 9);
  });

  it("emit the events of a run in this thread, in the order of each element", async () => {
    const events: RunEvent[] = [];
    await new Deep().run({ xs: [1, 2], cells: cells() }, { ...PARALLEL, onEvent: (event) => events.push(event) });
    const ofFirst = events.filter(({ path }) => path.endsWith("[0]")).map(({ path, phase }) => `${path} ${phase}`);
    expect(ofFirst).to.deep.equal(["a", "b", "c"].flatMap((n) => [`Deep.${n}[0] start`, `Deep.${n}[0] end`]));
    expect(new Set(events.map((event) => event.run)).size).to.equal(1);
    expect(
      events
        .filter(({ type }) => type === "map")
        .map(({ path, phase }) => `${path} ${phase}`)
        .sort(),
    ).to.deep.equal(["a", "b", "c"].flatMap((n) => [`Deep.${n} end`, `Deep.${n} start`]));
  });

  for (const [what, xs, execution] of [
    ["maps", range(40), { maps: "parallel" }],
    ["one element", [1], { maps: "threaded" }],
    ["nodes", [1], { nodes: "parallel" }],
  ] as const) {
    it(`emit that they start and import the module, once and before any other event from them: ${what}`, async () => {
      // Limits of its own make it a pool of its own.
      const resourceLimits = { maxOldGenerationSizeMb: 300 + xs.length + Object.keys(execution)[0]!.length };
      const run = async () => {
        const events: RunEvent[] = [];
        const options = {
          execution: { ...execution, resourceLimits },
          onEvent: (event: RunEvent) => events.push(event),
        };
        await new Where().run({ xs: [...xs] }, options);
        return events;
      };
      const events = await run();
      const told = events.filter(({ type }) => type === "threads");
      expect(told.map(({ phase, path, name }) => [phase, path, name])).to.deep.equal([
        ["start", "Where", "Where"],
        ["ready", "Where", "Where"],
      ]);
      const [start, ready] = told as [EventOf<"threads", "start">, EventOf<"threads", "ready">];
      expect(start.module).to.equal("threads.ts");
      expect(start.threads).to.be.within(1, xs.length === 1 && what !== "nodes" ? 1 : availableParallelism());
      expect(ready.durationMs).to.be.at.least(0);
      const first = events.findIndex(({ thread }) => thread !== undefined);
      expect(events.indexOf(start)).to.be.lessThan(events.indexOf(ready));
      expect(events.indexOf(ready)).to.be.lessThan(first);
      expect((await run()).filter(({ type }) => type === "threads")).to.deep.equal([]);
    });
  }
});

describe("a value that can't be sent to or from a thread", () => {
  const message = async (running: Promise<unknown>) => (await rejection(running)).message;

  it("is an error with the node, the element, and the path inside the value", async () => {
    const pipeline = new Untravelled().with(PARALLEL);
    const xs = range(6);
    expect(await message(pipeline.run({ xs }, { outputs: ["returned"] }))).to.equal(
      "Untravelled.returned[3]: its value can't be sent between threads: at .deep[0].fn, it is a function, fn. Functions can't be serialized: select the behavior by a string, or build the object in a @resource.",
    );
    const { collected } = await pipeline.run({ xs }, { outputs: ["collected"] });
    expect((collected[3] as NodeError).message).to.contain(
      "Untravelled.collected[3]: its value can't be sent between threads: at .deep, it is an instance of Unreadable, whose #private members can't be read",
    );
    expect(collected.filter((_, i) => i !== 3)).to.deep.equal([0, 1, 2, 4, 5]);
    expect(await message(pipeline.run({ xs: [0, new Unreadable()] }, { outputs: ["returned"] }))).to.contain(
      'Untravelled.returned[1]: the value that it takes from "xs" can\'t be sent between threads: it is an instance of Unreadable',
    );
    expect(await message(pipeline.run({ xs, shared: { a: [Symbol("s")] } }, { outputs: ["returned"] }))).to.contain(
      'Untravelled.returned: the value that it takes from "shared" can\'t be sent between threads: at .a[0], it is a symbol',
    );
    const memory = new SharedArrayBuffer(8);
    expect(await message(pipeline.run({ xs: [0, { memory }] }, { outputs: ["returned"] }))).to.contain(
      'Untravelled.returned[1]: the value that it takes from "xs" can\'t be sent between threads: at .memory, it is a SharedArrayBuffer',
    );
    expect(await message(pipeline.run({ xs, shared: [memory] }, { outputs: ["returned"] }))).to.contain(
      'Untravelled.returned: the value that it takes from "shared" can\'t be sent between threads: at [0], it is a SharedArrayBuffer',
    );
    expect(await message(pipeline.run({ xs }, { outputs: ["single"], execution: { nodes: "parallel" } }))).to.contain(
      "Untravelled.single: its value can't be sent between threads: at .socket, it is a Promise",
    );
  });

  for (const [maps, nodes] of [
    ["async", "parallel"],
    ["parallel", "async"],
    ["threaded", "threaded"],
    ["sequential", "threaded"],
  ] as const) {
    it(`is no failure of its own if user code threw it: ${maps} maps, ${nodes} nodes`, async () => {
      const names = THROWN_NAMES;
      const { attempts, texts, counts } = await new Throwing().run({ names }, { execution: { maps, nodes } });
      expect(texts).to.deep.equal(attempts.map((each) => (each as NodeError).message));
      for (const [i, text] of texts.entries()) {
        expect(text).to.match(new RegExp(`^Throwing\\.attempts\\[${i}\\]: failed with a thrown .+\n  given names = `));
      }
      expect(counts).to.deep.equal(names.map(() => names.length));
    });
  }
});

describe("resources in threads", () => {
  it("are built once in each that needs them, and kept for later runs", async () => {
    const counts = cells();
    const pipeline = new Resourceful().with(PARALLEL);
    for (let i = 0; i < 3; i++) {
      const { answers } = await pipeline.run({ xs: range(40), cells: counts });
      expect(answers).to.deep.equal(range(40).map((x) => x + 0.5));
    }
    expect(counts[0]).to.be.within(1, 2);
    expect(counts[1]).to.equal(0);
  });
});

describe("when threads end", () => {
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent) => events.push(event);
  beforeEach(() => {
    events.length = 0;
  });
  const words = (word: string, at = 7) => range(20).map((i) => (i === at ? word : `w${i}`));
  const expected = (word: string) => words(word).filter((_, i) => i !== 7);

  for (const [word, text] of [
    ["exit", "its thread was ended with exit code 3, as by process.exit()"],
    ["memory", "its thread ran out of memory"],
  ] as const) {
    it(`by ${word}: the element that did it fails by name, the others complete, the pool continues`, async () => {
      inject("a method ends its thread, or takes all its memory", 2);
      const pipeline = new Deadly().with({ execution: { resourceLimits: { maxOldGenerationSizeMb: 40 } } });
      const { collected } = await pipeline.run(
        { xs: words(word), cells: cells() },
        { outputs: ["collected"], onEvent },
      );
      const error = collected[7] as NodeError;
      expect(error).to.include({ where: "Deadly.collected[7]", element: 7, node: "collected", attempts: 1 });
      expect(error.message).to.contain(text);
      expect(collected.filter((_, i) => i !== 7)).to.deep.equal(expected(word));
      expect(events.filter((e) => e.type === "map" && e.phase === "end")).to.have.length(1);
      expect(events.filter((e) => e.type === "element" && e.phase === "failed").map((e) => e.path)).to.deep.equal([
        "Deadly.collected[7]",
      ]);
      expect(events.filter((e) => e.type === "element" && e.phase === "end")).to.have.length(19);
      const thrown = (await rejection(
        pipeline.run({ xs: words(word), cells: cells() }, { outputs: ["kept"] }),
      )) as NodeError;
      expect(thrown.message)
        .to.contain("Deadly.kept[7]: failed with")
        .and.to.contain(text)
        .and.to.contain(`given xs = '${word}'`);
      expect((await pipeline.run({ xs: ["a"], cells: cells() }, { outputs: ["kept"] })).kept).to.deep.equal(["a"]);
    });
  }

  it("by an uncaught exception in a timer: the same", async () => {
    inject("an uncaught error of a timer ends a thread");
    const { thrown } = await new Uncaught().run({ xs: words("throw") }, { ...PARALLEL, onEvent });
    expect(thrown.filter((_, i) => i !== 7)).to.deep.equal(expected("throw"));
    expect(thrown[7]).to.include({ element: 7, attempts: 2 });
    expect((thrown[7] as NodeError).message).to.contain(
      "its thread ended with an uncaught error: RangeError: nobody catches me",
    );
    expect(events.filter((e) => e.phase === "retried").map((e) => e.path)).to.deep.equal(["Uncaught.thrown[7]"]);
  });

  it("where several elements overlap, each is tried alone: only the one that did it fails", async () => {
    inject("an uncaught error of a timer ends a thread");
    const { thrown } = await new Uncaught().run({ xs: words("throw") }, THREADED);
    expect(thrown.filter((_, i) => i !== 7)).to.deep.equal(expected("throw"));
    expect(thrown[7]).to.include({ element: 7 });
  });

  it("are retried as retries say", async () => {
    inject("a method ends its thread, or takes all its memory", 4);
    const counts = cells();
    const pipeline = new Deadly();
    const once = await pipeline.run({ xs: words("exit once"), cells: counts }, { outputs: ["retried"] });
    expect(once.retried[7]).to.equal("exit once");
    const always = await pipeline.run({ xs: words("exit"), cells: cells() }, { outputs: ["retried"] });
    expect(always.retried[7]).to.include({ attempts: 2 });
    const node = await pipeline.run({ xs: ["exit once"], cells: cells() }, { outputs: ["aloneRetried"] });
    expect(node.aloneRetried).to.equal("exit once");
    const failed = await rejection(
      pipeline.run({ xs: ["exit"], cells: cells() }, { outputs: ["aloneRetried"], onEvent }),
    );
    expect(failed).to.include({ where: "Deadly.aloneRetried", attempts: 3 });
    expect(events.filter((e) => e.phase === "retried")).to.have.length(2);
  });

  it("by timeoutMs, for an endless loop: its element fails, later maps get its error, the others complete", async () => {
    inject("a method loops forever");
    const { timed, after } = await new Deadly().run(
      { xs: words("loop"), cells: cells() },
      { outputs: ["timed", "after"] },
    );
    expect((timed[7] as NodeError).message).to.contain(
      "Deadly.timed[7]: failed with TimeoutError: Deadly.timed[7]: it took longer than its timeoutMs of 100 ms",
    );
    expect(timed.filter((_, i) => i !== 7)).to.deep.equal(expected("loop"));
    expect(after[7]).to.include({ where: "Deadly.timed[7]" });
    expect(after[8]).to.equal("w8!");
    const node = await rejection(new Deadly().run({ xs: ["loop"], cells: cells() }, { outputs: ["alone"] }));
    expect(node.message).to.contain(
      "Deadly.alone: failed with TimeoutError: Deadly.alone: it took longer than its timeoutMs of 100 ms",
    );
  });

  it("by timeoutMs where elements overlap: only the one that loops fails", async () => {
    inject("a method loops forever");
    const { timed } = await new Deadly().run(
      { xs: words("loop"), cells: cells() },
      { outputs: ["timed"], execution: { maps: "threaded" } },
    );
    expect((timed[7] as NodeError).message).to.contain("Deadly.timed[7]: failed with TimeoutError");
    expect(timed.filter((_, i) => i !== 7)).to.deep.equal(expected("loop"));
  });

  it("not, if the loop looks at its signal", async () => {
    const { timed } = await new Deadly().run({ xs: words("patient"), cells: cells() }, { outputs: ["timed"] });
    expect((timed[7] as NodeError).message).to.contain("TimeoutError");
    const threads = await new Where().run({ xs: range(20) }, PARALLEL);
    expect(threads.where).to.have.length(20);
  });
});

describe("a run that is stopped", () => {
  const controllers: AbortController[] = [];
  const newController = () => {
    const controller = new AbortController();
    controllers.push(controller);
    return controller;
  };
  // A spec that fails leaves no endless loop behind: it would take a core from all that come after it.
  afterEach(() => {
    for (const controller of controllers.splice(0)) controller.abort();
  });

  // A thread that listens to its run needs no force, however late its machine lets it hear: it has a minute.
  for (const [output, graceMs] of [
    ["waits", 60_000],
    ["looks", 60_000],
    ["loops", 100],
  ] as const) {
    it(`ends what its threads do, by flag or by force: ${output}; later runs start`, async () => {
      inject("a run is stopped while its threads compute");
      const counts = cells();
      const controller = newController();
      const running = new Stoppable().run(
        { xs: range(10), cells: counts },
        { outputs: [output], signal: controller.signal, execution: { graceMs } },
      );
      await until(() => counts[0]! > 0);
      controller.abort(new Error("enough"));
      expect(await rejection(running)).to.include({ code: "ABORTED" });
      if (output !== "loops") await until(() => counts[1]! > 0);
      const begun = counts[0];
      expect((await new Neighbour().run({ xs: [1, 2] }, PARALLEL)).slow).to.deep.equal([2, 4]);
      expect(counts[0]).to.equal(begun);
    });
  }

  it("lets those begin that were waiting for its threads", async () => {
    const counts = cells();
    const controller = newController();
    const stopped = new Stoppable().run(
      { xs: range(10), cells: counts },
      { outputs: ["loops"], signal: controller.signal },
    );
    await until(() => counts[0]! >= 2);
    const waiting = new Neighbour().run({ xs: [1, 2, 3] }, PARALLEL);
    await new Promise((resolve) => setTimeout(resolve, 50));
    controller.abort();
    expect(await rejection(stopped)).to.include({ code: "ABORTED" });
    expect((await waiting).slow).to.deep.equal([2, 4, 6]);
  });

  it("leaves no thread behind", async function () {
    if (!existsSync("/proc/self/task")) this.skip();
    const tasks = () => readdirSync("/proc/self/task").length;
    await new Neighbour().run({ xs: range(20) }, PARALLEL);
    const before = tasks();
    for (let i = 0; i < 3; i++) {
      const counts = cells();
      const controller = newController();
      const running = new Stoppable().run(
        { xs: range(10), cells: counts },
        { outputs: ["loops"], signal: controller.signal },
      );
      await until(() => counts[0]! > 0);
      controller.abort();
      await rejection(running);
    }
    await new Neighbour().run({ xs: range(20) }, PARALLEL);
    await until(() => tasks() <= before);
  });

  it("does not disturb another: its elements on the same threads are done again", async () => {
    inject("a run is stopped while its threads compute");
    const counts = cells();
    const controller = newController();
    const stopped = new Stoppable().run(
      { xs: range(10), cells: counts },
      { outputs: ["loops"], execution: { maps: "threaded" }, signal: controller.signal },
    );
    const neighbour = new Neighbour().run({ xs: range(100) }, THREADED);
    await until(() => counts[0]! > 0);
    controller.abort();
    expect(await rejection(stopped)).to.include({ code: "ABORTED" });
    expect((await neighbour).slow).to.deep.equal(range(100).map((x) => x * 2));
  });
});
