import { deepStrictEqual } from "node:assert/strict";
import { expect } from "chai";
import fc from "fast-check";
import { type ModalOptions, memory, modal, NodeError, type Pipeline } from "../../src/index.js";
import { FAMILY, FAMILY_SIZE, inputsFor } from "../support/family.js";
import { loopback, onLoopback } from "../support/modal.js";
import { printed } from "../support/printed.js";
import { rejection } from "../support/rejection.js";
import { expectSame } from "../support/seen.js";
import { VALUES } from "../support/values.js";
import {
  Busy,
  Carried,
  Chain,
  Collecting,
  Environment,
  Failing,
  Forgiving,
  Grandparent,
  Models,
  Outer,
  Parent,
  Person,
  Remembered,
  Resourceful,
  Single,
  Spread,
  Words,
} from "./pipelines/suite.js";

const CONTROL = /^(?!TaskExec)/;

describe("a pipeline in a container @slow", () => {
  const held = loopback();
  const warm = { runOn: modal({ keepWarm: true }) };
  const cold = { runOn: modal() };

  afterEach(() => expect(held.server?.living.filter((box) => box.processes.length === 0) ?? []).to.deep.equal([]));

  const same = (pipeline: Pipeline, inputs: object, placement = warm) => expectSame(pipeline, inputs, placement);

  it("gives what it gives here: results, errors, events", async () => {
    await same(new Chain(), { x: 3 });
    await same(new Words(), { words: ["a", "b"] });
    await same(new Outer(), { words: ["one", "three"], first: "ab" });
    await same(new Failing(), { xs: [1, 42, 3] });
    const collected = await same(new Collecting(), { xs: [0, 1, 2] });
    expect((collected.outcome as { checked: unknown[] }).checked[1]).to.be.instanceOf(NodeError);
    await same(new Spread(), { xs: Array.from({ length: 500 }, (_, i) => i) });
    await same(new Words().bind({ suffix: "?" }), { words: ["a"] });
    await same(new Resourceful(), { xs: [1, 2] }, cold);
  });

  it("does so whatever the pipeline (property)", async () => {
    const lists = fc.array(fc.nat(50), { maxLength: 12 });
    const drawn = fc.record({ index: fc.nat(FAMILY_SIZE - 1), xs: lists, xs2: lists, y: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ index, xs, xs2, y }) => {
        const pipeline = new FAMILY[index]!();
        await same(pipeline, inputsFor(pipeline, { xs, xs2, y }));
      }),
      { numRuns: 60 },
    );
  });

  it("gives back values of every kind", async () => {
    await fc.assert(
      fc.asyncProperty(VALUES, async (value) => {
        fc.pre(value !== undefined);
        const { same: back } = await new Carried().run({ value }, warm);
        deepStrictEqual(back, value);
      }),
      { numRuns: 60 },
    );
  });

  onLoopback("takes and gives instances of the classes of its module, validated here", async () => {
    const { greetings, all } = await new Models().run({ people: [{ name: "Ada", age: 36 } as Person] }, warm);
    expect(greetings).to.deep.equal(["Ada (37)"]);
    expect(all[0]).to.be.instanceOf(Person);
    held.server.forget();
    const error = await rejection(new Models().run({ people: [{ name: "Ada", age: -1 } as Person] }, cold));
    expect(error.message).to.contain("people[0].age");
    expect(held.server.calls).to.deep.equal([]);
  });

  it("maps and streams", async () => {
    const words = [["a"], ["b", "c"], ["d"]];
    expect(await new Words().map({ words }, { over: "words", ...warm })).to.deep.equal(
      await new Words().map({ words }, { over: "words" }),
    );
    const source = async function* () {
      for (const list of words) yield list;
    };
    const found: unknown[] = [];
    for await (const result of new Words().stream({ words: source() }, { over: "words", ...warm })) found.push(result);
    expect(found).to.have.deep.members([{ all: "A!" }, { all: "B! C!" }, { all: "D!" }]);
  });

  it("streams a bounded number of elements", async () => {
    let given = 0;
    const xs = (function* () {
      for (;;) yield [given++];
    })();
    let taken = 0;
    for await (const result of new Spread().stream({ xs }, { over: "xs", ...warm })) {
      expect(result).to.have.property("squares");
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (++taken === 50) break;
    }
    expect(given).to.be.lessThan(120);
  });

  onLoopback("is one sandbox and one exec, with the GPU and the options as they are said", async () => {
    held.server.forget();
    const options: ModalOptions = {
      ...{ gpu: "A10G", cpu: 2, memoryMiB: 4096, timeoutMs: 100_000, idleTimeoutMs: 5_000, volume: "kept" },
      ...{ app: "suite", region: "us-east", env: { FLAVOUR: "vanilla" } },
    };
    await new Chain().run({ x: 1 }, { runOn: modal(options) });
    const [request] = held.server.called("SandboxCreate");
    expect(held.server.called("SandboxCreate")).to.have.length(1);
    expect(held.server.called("TaskExecStart")).to.have.length(1);
    expect(request.appId).to.equal("ap-suite");
    const { definition } = request;
    expect(definition.resources.gpuConfig).to.include({ gpuType: "A10G", count: 1 });
    expect(definition.resources).to.include({ milliCpu: 2000, memoryMb: 4096 });
    expect(definition).to.include({ timeoutSecs: 160, idleTimeoutSecs: 5 });
    expect(definition.volumeMounts).to.have.length(1);
    expect(definition.volumeMounts[0]).to.include({ volumeId: "vo-kept" });
    expect(definition.schedulerPlacement.regions).to.deep.equal(["us-east"]);
    expect(held.server.living.filter((box) => box.tags.framework !== "hypernodes")).to.deep.equal([]);
    const args = held.server.called("TaskExecStart")[0].commandArgs as string[];
    expect(args.join("").length).to.be.lessThan(3000);
    expect(args.join(" ")).not.to.contain("vanilla");
  });

  /** From now on, what is asked of the control plane, but for the SDK's wait for containers that are there already: every 10 s. */
  function newControlCalls(): () => string[] {
    held.server.forget();
    const before = new Set(held.server.living.map(({ id }) => id));
    const isOld = ({ sandboxId }: { sandboxId?: string }) => sandboxId !== undefined && before.has(sandboxId);
    return () =>
      held.server.calls
        .filter(({ method, request }) => CONTROL.test(method) && !(method.startsWith("SandboxWait") && isOld(request)))
        .map(({ method }) => method);
  }

  onLoopback(
    "asks the control plane for no more than it has to, the second time, and uploads only inputs",
    async () => {
      await new Chain().run({ x: 1 }, cold);
      let control = newControlCalls();
      await new Chain().run({ x: 2 }, cold);
      expect(control()).to.deep.equal(["SandboxCreateV2", "SandboxWaitV2", "SandboxTerminateV2"]);
      expect(held.server.bytesDown).to.be.lessThan(2_000);
      await new Chain().run({ x: 1 }, { runOn: modal({ gpu: "T4" }) });
      control = newControlCalls();
      await new Chain().run({ x: 2 }, { runOn: modal({ gpu: "T4" }) });
      expect(control()).to.deep.equal([
        ...["SandboxCreate", "SandboxGetTaskId", "SandboxWait", "TaskGetCommandRouterAccess", "SandboxTerminate"],
      ]);
    },
  );

  onLoopback("is kept warm for the next run, with its resources, if it is to be", async () => {
    const placement = { runOn: modal({ keepWarm: true, app: "kept-warm" }) };
    expect(await new Resourceful().run({ xs: [0, 0] }, placement)).to.deep.equal({ counted: [1, 2] });
    const control = newControlCalls();
    expect(await new Resourceful().run({ xs: [0] }, placement)).to.deep.equal({ counted: [3] });
    expect(control()).to.deep.equal([]);
    held.server.endAll({ status: 3, exitcode: 137 });
    expect(await new Resourceful().run({ xs: [0] }, placement)).to.deep.equal({ counted: [1] });
    expect(held.server.called("SandboxCreateV2")).to.have.length(1);
  });

  onLoopback("is kept for all runs of a pipeline that was opened, and ended with it", async () => {
    held.server.forget();
    {
      await using open = new Resourceful().with(cold).open();
      expect(await open.run({ xs: [0] })).to.deep.equal({ counted: [1] });
      expect(await open.run({ xs: [0, 0] })).to.deep.equal({ counted: [2, 3] });
    }
    expect(held.server.called("SandboxCreateV2")).to.have.length(1);
    expect(held.server.called("SandboxTerminateV2")).to.have.length(1);
  });

  it("prints here what its nodes print, marked, and never takes it for its own messages", async () => {
    const text = await printed(() => new Single().run({ x: 4 }, warm));
    expect(text).to.contain("modal | doubling 4\n");
    expect(text).to.contain("modal | with care\n");
    const { process: there } = await new Single().run({ x: 4 }, warm);
    expect(there).not.to.equal(process.pid);
  });

  it("emits events while it works, and those of its container", async () => {
    const at: number[] = [];
    const kinds: string[] = [];
    const began = performance.now();
    await new Busy().run(
      { xs: [1, 2, 3, 4, 5, 6] },
      {
        ...warm,
        onEvent: (event) => {
          kinds.push(`${event.type} ${event.phase}`);
          if (event.type === "element" && event.phase === "end") at.push(performance.now());
        },
      },
    );
    const ended = performance.now();
    expect(at).to.have.length(6);
    // An element takes 100 ms: the first was told of long before the last was done.
    expect((at[0]! - began) / (ended - began)).to.be.lessThan(0.6);
    expect(kinds[0]).to.equal("run start");
    expect(kinds[1]).to.equal("container start");
    expect(kinds.slice(-2)).to.deep.equal(["container end", "run end"]);
  });

  onLoopback("sees its environment and its secrets, and nothing of ours", async () => {
    held.server.secret("vault", { PASSWORD: "open sesame" });
    const placement = modal({ env: { FLAVOUR: "vanilla" }, secrets: ["vault"] });
    const { seen } = await new Environment().run({}, { runOn: placement });
    expect(seen).to.deep.equal({
      ...{ FLAVOUR: "vanilla", PASSWORD: "open sesame", HOME: undefined, MODAL_TOKEN_ID: undefined },
    });
    expect(JSON.stringify(held.server.called("TaskExecStart").map(({ commandArgs }) => commandArgs))).not.to.contain(
      "sesame",
    );
  });

  it("caches on a volume what it has computed, from one container to the next", async () => {
    const placement = { runOn: modal({ volume: "remembered" }) };
    const first = await printed(() => new Remembered().run({ xs: [1, 2, 3] }, placement));
    expect(first.match(/squaring/g)).to.have.length(3);
    const again = await printed(async () => {
      expect(await new Remembered().run({ xs: [1, 2, 3] }, placement)).to.deep.equal({ total: 14 });
    });
    expect(again).to.equal("");
    const more = await printed(() => new Remembered().run({ xs: [1, 2, 3, 4] }, placement));
    expect(more).to.equal("modal | squaring 4\nmodal | adding\n");
  });

  it("loses no entry that containers write at the same time", async () => {
    const placement = { runOn: modal({ volume: "together" }) };
    const text = await printed(async () => {
      await Promise.all([10, 20, 30].map((x) => new Remembered().run({ xs: [x, x + 1] }, placement)));
      await new Remembered().run({ xs: [10, 11, 20, 21, 30, 31] }, placement);
    });
    expect(text.match(/squaring/g)).to.have.length(6);
  });

  it("caches nothing across containers without a volume, with a warning", async () => {
    const text = await printed(() => new Remembered().run({ xs: [1] }, cold));
    expect(text).to.contain("is lost with the container: give it a volume, modal({ volume: name })");
  });
});

describe("a nested pipeline that has a place of its own @slow", () => {
  const held = loopback();
  const words = ["one", "three", "seven "];

  onLoopback("runs there, and its parent here: one container for all that is mapped", async () => {
    held.server.forget();
    const { placed, lengths, one, here } = await new Parent().run({ words });
    expect({ lengths, one }).to.deep.equal({ lengths: [9, 15, 15], one: 3 });
    expect(here).to.equal(process.pid);
    expect(new Set(placed.map(({ pid }) => pid)).size).to.equal(1);
    expect(placed[0]!.pid).not.to.equal(process.pid);
    expect(held.server.called("SandboxCreate")).to.have.length(1);
    expect(held.server.called("SandboxTerminate")).to.have.length(1);
    expect(held.server.living).to.deep.equal([]);
  });

  it("emits the events of a run in this process", async () => {
    const events = async (pipeline: Parent) => {
      const told: string[] = [];
      await pipeline.run(
        { words },
        { onEvent: ({ type, phase, path }) => type !== "container" && told.push(`${type} ${phase} ${path}`) },
      );
      return told.sort();
    };
    const there = await events(new Parent());
    expect(there).to.include("element end Parent.placed[2]");
    expect(there).to.include("node end Parent.placed[2].length");
    expect(there.filter((line) => line.startsWith("map"))).to.deep.equal([
      ...["map end Parent.lengths", "map end Parent.placed", "map end Parent.trimmed"],
      ...["map start Parent.lengths", "map start Parent.placed", "map start Parent.trimmed"],
    ]);
  });

  onLoopback("shares one container with its siblings, however deep it is inside of maps", async () => {
    held.server.forget();
    const texts = [["a", "bb"], ["ccc"], ["dd", "e", "fff"]];
    const { lengths } = await new Grandparent().run({ texts });
    expect(lengths).to.deep.equal([[1, 2], [9], [4, 2, 6]]);
    expect(held.server.called("SandboxCreate")).to.have.length(1);
    expect(held.server.living).to.deep.equal([]);
  });

  onLoopback("fails as it does here, and collects as it does here", async () => {
    const error = await rejection<NodeError>(new Parent().run({ words: ["ok", "bad"] }));
    expect(error).to.be.instanceOf(NodeError);
    expect(error.message).to.contain("Parent.placed[1].length: failed with RangeError: a bad word");
    expect(error.cause).to.be.instanceOf(RangeError);
    const { lengths } = await new Forgiving().run({ words: ["ok", "bad", "good"] });
    expect(lengths.map((length) => (typeof length === "number" ? length : "error"))).to.deep.equal([2, "error", 4]);
    const { lengths: invalid } = await new Forgiving().run({ words: [1 as never] });
    expect((invalid[0] as unknown as NodeError).message).to.contain(
      "Forgiving.lengths[0]: word: word must be a string",
    );
    expect(held.server.living).to.deep.equal([]);
  });

  onLoopback("is asked only for what its parent does not remember", async () => {
    const store = memory();
    await new Parent().run({ words }, { cache: store });
    held.server.forget();
    const { lengths } = await new Parent().run({ words: [...words, "eleven"] }, { cache: store });
    expect(lengths).to.deep.equal([9, 15, 15, 18]);
    const elements: string[] = [];
    await new Parent().run(
      { words: [...words, "eleven", "twelve!"] },
      { cache: store, onEvent: ({ type, phase, path }) => type === "element" && elements.push(`${phase} ${path}`) },
    );
    expect(elements.filter((line) => line.includes("placed") && !line.startsWith("cached"))).to.deep.equal([
      "start Parent.placed[4]",
      "end Parent.placed[4]",
    ]);
    expect(held.server.living).to.deep.equal([]);
  });

  onLoopback("runs in its parent's container, if that has one", async () => {
    held.server.forget();
    const { lengths, here, placed } = await new Parent().run({ words }, { runOn: modal({ app: "parent" }) });
    expect(lengths).to.deep.equal([9, 15, 15]);
    expect(placed[0]!.pid).to.equal(here);
    expect(held.server.calls.filter(({ method }) => method.startsWith("SandboxCreate"))).to.have.length(1);
  });
});
