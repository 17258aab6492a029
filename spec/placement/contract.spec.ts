import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import {
  type HypernodesError,
  localProcess,
  modal,
  NodeError,
  type Pipeline,
  type Placement,
  type RunEvent,
  sqlite,
} from "../../src/index.js";
import { inject } from "../support/faults.js";
import { float16 } from "../support/float16.js";
import { loopback } from "../support/modal.js";
import { printed } from "../support/printed.js";
import { rejection } from "../support/rejection.js";
import { expectSame } from "../support/seen.js";
import { OverContainer, OverProcess, Where } from "./pipelines/processes.js";
import { Exiting } from "./pipelines/sharing.js";
import {
  Carried,
  Chain,
  Collecting,
  Failing,
  Leaving,
  Models,
  Outer,
  Person,
  Remembered,
  Single,
  Slow,
  Spread,
  Untransferable,
  Words,
} from "./pipelines/suite.js";

/** What the contract needs to know of a provider. */
interface Row {
  readonly name: string;
  /** A placement whose host is kept for the next spec. */
  readonly warm: Placement;
  /** One whose host has so many milliseconds. */
  limited(timeoutMs: number): Placement;
  /** One whose host keeps an SQLite cache for the next. */
  readonly caching: Placement;
  /** Two hosts that share the work. */
  readonly two: Placement;
  /** One with a variable. */
  readonly variable: Placement;
  readonly prefix: string;
  readonly codes: { readonly timeout: string; readonly ended: string };
  readonly nesting: new () => Pipeline;
}

const ROWS: readonly Row[] = [
  {
    name: "localProcess()",
    warm: localProcess({ idleTimeoutMs: 20_000 }),
    limited: (timeoutMs) => localProcess({ timeoutMs }),
    caching: localProcess(),
    two: localProcess({ maxProcesses: 2 }),
    variable: localProcess({ env: { CONTRACT: "kept" } }),
    prefix: "",
    codes: { timeout: "PROCESS_TIMEOUT", ended: "PROCESS_ENDED" },
    nesting: OverProcess,
  },
  {
    name: "modal() @slow",
    warm: modal({ keepWarm: true, idleTimeoutMs: 20_000, app: "contract" }),
    limited: (timeoutMs) => modal({ timeoutMs }),
    caching: modal({ volume: "contract" }),
    two: modal({ containers: 2 }),
    variable: modal({ env: { CONTRACT: "kept" } }),
    prefix: "modal | ",
    codes: { timeout: "CONTAINER_TIMEOUT", ended: "CONTAINER_PROCESS_ENDED" },
    nesting: OverContainer,
  },
];

for (const { name, warm, limited, caching, two, variable, prefix, codes, nesting } of ROWS) {
  describe(`the contract of placements: ${name}`, () => {
    if (name.startsWith("modal")) loopback();
    const folder = mkdtempSync(path.join(os.tmpdir(), "hypernodes-contract-"));
    after(() => rmSync(folder, { recursive: true, force: true }));
    const failure = (pipeline: Pipeline, inputs: object, options: object) =>
      rejection<HypernodesError>(pipeline.run(inputs as never, options as never));

    it("gives the results and events that a run in this process gives", async () => {
      await expectSame(new Chain(), { x: 3 }, { runOn: warm });
      await expectSame(new Words().bind({ suffix: "?" }), { words: ["a", "b"] }, { runOn: warm });
      await expectSame(new Outer(), { words: ["one", "three"], first: "ab" }, { runOn: warm });
      await expectSame(new Models(), { people: [new Person("Ada", 36), new Person("Alan", 41)] }, { runOn: warm });
      await expectSame(new Spread(), { xs: Array.from({ length: 100 }, (_, i) => i) }, { runOn: warm });
    });

    it("carries values of all kinds in both directions", async () => {
      const shared = { once: true };
      const value = {
        ...{ nothing: undefined, none: null, big: 2n ** 70n, nan: Number.NaN, zero: -0, text: "שלום" },
        ...{ at: new Date(0), pattern: /a+/gi, set: new Set([1, "2"]), map: new Map([[shared, [shared]]]) },
        ...{ floats: Float64Array.from([1.5, 2]), bytes: Uint8Array.from([1, 2]), error: new RangeError("far") },
        // Ids of tokens, and what a model of half precision gives. Node 20 and 22 have no Float16Array.
        ...{ ids: BigInt64Array.of(-1n, 2n ** 62n), halves: float16([1.5, -2]) ?? Uint16Array.of(0x3e00, 0xc000) },
        large: Float32Array.from({ length: 100_000 }, (_, i) => i),
      };
      const { same } = await new Carried().run({ value }, { runOn: warm });
      expect(same).to.deep.equal(value);
      const [[key, [twin]]] = [...(same as typeof value).map] as never as [[object, [object]]];
      expect(key).to.equal(twin);
      const error = await failure(new Carried(), { value: { inside: () => 1 } }, { runOn: warm });
      expect([error.code, error.where]).to.deep.equal(["UNSERIALISABLE", "Carried.value"]);
      const back = await failure(new Untransferable(), {}, { runOn: warm });
      expect(back.message).to.contain("Untransferable.made");
    });

    it("gives errors with their place, also collected ones", async () => {
      await expectSame(new Failing(), { xs: [1, 42, 3] }, { runOn: warm }, { anyEnd: true });
      const error = await failure(new Failing(), { xs: [1, 42, 3] }, { runOn: warm });
      expect(error).to.be.instanceOf(NodeError);
      expect(error.message).to.contain("Failing.checked[1]");
      expect((error.cause as Error).stack).to.contain("suite.ts");
      const { outcome } = await expectSame(new Collecting(), { xs: [0, 1, 2] }, { runOn: warm });
      expect((outcome as { checked: unknown[] }).checked[1]).to.be.instanceOf(NodeError);
    });

    it("maps and streams whole pipelines", async () => {
      const words = [["a"], ["b", "c"], ["d"]];
      const expected = [{ all: "A!" }, { all: "B! C!" }, { all: "D!" }];
      expect(await new Words().map({ words }, { over: "words", runOn: warm })).to.deep.equal(expected);
      const streamed: unknown[] = [];
      for await (const one of new Words().stream({ words }, { over: "words", runOn: warm })) streamed.push(one);
      expect(streamed).to.have.deep.members(expected);
      for await (const one of new Words().stream({ words }, { over: "words", runOn: warm })) {
        expect(expected).to.deep.include(one);
        break;
      }
    });

    it("emits the start, the output and the end of a host, and prints what nodes print", async () => {
      const events: RunEvent[] = [];
      const output = await printed(async () => {
        await new Single().run({ x: 4 }, { runOn: warm, onEvent: (event) => events.push(event) });
      });
      expect(output).to.contain(`${prefix}doubling 4\n`).and.to.contain(`${prefix}with care\n`);
      const hosts = events.filter(({ type }) => type === "container");
      expect(hosts[0]!.phase).to.equal("start");
      expect(hosts.at(-1)!.phase).to.equal("end");
      const log = hosts.map((event) => ("text" in event && event.stream === "stdout" ? event.text : "")).join("");
      expect(log).to.equal("doubling 4\n");
      const started = events.find(({ type, phase }) => type === "node" && phase === "start");
      expect(started?.container).to.equal((hosts[0] as { id: string }).id);
    });

    it("stops a run that is aborted, and the host can be used again", async () => {
      const controller = new AbortController();
      const inputs = { ms: 60_000, times: [1, 2] };
      const running = failure(new Slow(), inputs, {
        runOn: warm,
        signal: controller.signal,
        onEvent: ({ type, phase }: RunEvent) => {
          if (type === "element" && phase === "start") controller.abort(new Error("enough"));
        },
      });
      expect((await running).code).to.equal("ABORTED");
      expect(await new Chain().run({ x: 1 }, { runOn: warm })).to.deep.equal({ doubled: 2, tripled: 3, sum: 5 });
    });

    it("ends a run that takes longer than its limit", async () => {
      const error = await failure(new Slow(), { ms: 60_000, times: [1] }, { runOn: limited(1_500) });
      expect(error.code).to.equal(codes.timeout);
      expect(error.where).to.match(/^Slow/);
      expect(error.advice).to.contain("timeoutMs");
    });

    it("fails a run whose process ends, with a code and the place", async () => {
      const error = await failure(new Leaving(), { how: "exit" }, { runOn: caching });
      expect(error.code).to.equal(codes.ended);
      expect(error.where).to.match(/^Leaving/);
      expect(error.message).to.contain("exit code 7");
      inject("an element ends its process in a container");
    });

    it("shares elements among several hosts; the one that ends its process fails alone @slow", async () => {
      const xs = Array.from({ length: 16 }, (_, i) => i);
      const { survived } = await new Exiting().run({ xs }, { runOn: two });
      const errors = survived.filter((value: unknown) => value instanceof NodeError) as unknown as NodeError[];
      expect(errors.map(({ message }) => message)).to.have.lengthOf(1);
      expect(errors[0]!.message).to.contain("Exiting.survived[13]").and.to.contain("exit code 7");
      await expectSame(new Chain(), { x: 3 }, { runOn: two });
      await expectSame(new Words(), { words: ["a", "b"] }, { runOn: two });
    });

    it("finds in the next run what was cached in one @slow", async () => {
      const options = { runOn: caching, cache: sqlite(path.join(folder, "contract.sqlite")) };
      const first = await printed(async () => {
        expect((await new Remembered().run({ xs: [1, 2, 3] }, options)).total).to.equal(14);
      });
      expect(first).to.contain("squaring 3").and.to.contain("adding");
      const second = await printed(async () => {
        expect((await new Remembered().run({ xs: [1, 2, 3] }, options)).total).to.equal(14);
      });
      expect(second).not.to.match(/squaring|adding/);
      const more = await printed(async () => {
        expect((await new Remembered().run({ xs: [1, 2, 3, 4] }, options)).total).to.equal(30);
      });
      expect(more).to.contain("squaring 4").and.not.to.contain("squaring 3");
    });

    it("builds resources once, and keeps them while the pipeline is open", async () => {
      await using open = new Where().with({ runOn: caching }).open();
      const { counted, pid } = await open.run({ xs: [1, 2] });
      expect(counted).to.have.members([`${pid} 1`, `${pid} 2`]);
      expect((await open.run({ xs: [3] })).counted).to.deep.equal([`${pid} 3`]);
      expect(pid).not.to.equal(process.pid);
    });

    it("gives nodes the environment variables of its options", async () => {
      expect((await new Where().run({ xs: [] }, { runOn: variable })).variable).to.equal("kept");
    });

    it("runs nested pipelines that have it as a place of their own", async () => {
      const outputs = await new nesting().run({ words: ["a", "bcd"], word: "four" } as never);
      const { one, many } = outputs as { one: { length: number; pid: number }; many: (typeof one)[] };
      expect([one.length, ...many.map(({ length }) => length)]).to.deep.equal([4, 1, 3]);
      for (const { pid } of [one, ...many]) expect(pid).not.to.equal(process.pid);
    });
  });
}
