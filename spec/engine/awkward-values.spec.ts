import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import { wrongResult } from "../../src/engine/chunks/checked-result.js";
import {
  type Each,
  type HypernodesError,
  input,
  mapOver,
  memory,
  NodeError,
  node,
  Pipeline,
  type RunOptions,
  resource,
} from "../../src/index.js";
import {
  Awkward,
  Debts,
  Money,
  OrdinaryErrors,
  THROWN,
  type Thrown,
  UNTRAVELLED,
  type Untravelled,
} from "../support/awkward.js";
import { built } from "../support/built.js";
import { type Executed, execute } from "../support/execute.js";
import { inject } from "../support/faults.js";
import { rejection } from "../support/rejection.js";
import { warningsOf } from "../support/warnings.js";

const AWAY = { execution: { maps: "parallel", nodes: "parallel" } } as const;
const xs = [0, 1, 2, 3];

describe("a result that can't be sent between threads", () => {
  for (const what of Object.keys(UNTRAVELLED) as Untravelled[]) {
    it(`fails its element, by name: ${what}`, async () => {
      const run = (output: keyof Awkward) =>
        new Awkward().run({ xs, what }, { ...AWAY, outputs: [output as "single"] }) as Promise<object>;
      for (const [output, element] of [["returned", 1], ["single"]] as const) {
        const error = await rejection<NodeError>(run(output));
        expect(error).to.be.instanceOf(NodeError);
        expect(error).to.include({ code: "UNSERIALISABLE", node: output, element });
        expect(error.where).to.equal(`Awkward.${output}${element === undefined ? "" : "[1]"}`);
      }
      const { collected } = (await run("collected")) as { collected: unknown[] };
      expect(collected.filter((_, i) => i !== 1)).to.deep.equal([0, 2, 3]);
      expect(collected[1]).to.be.instanceOf(NodeError);
      expect(collected[1]).to.include({ code: "UNSERIALISABLE", element: 1, where: "Awkward.collected[1]" });
    });
  }

  it("names the path to what user code threw, or what it threw", async () => {
    const what = "a getter that throws";
    const error = await rejection(new Awkward().run({ xs, what }, { ...AWAY, outputs: ["returned"] }));
    expect(error.message).to.contain("not loaded").and.not.to.contain("deep");
  });

  it("names its element where only the thread can read it", async () => {
    const error = await rejection<NodeError>(new Awkward().run({ xs, what: "" }, { ...AWAY, outputs: ["known"] }));
    expect(error).to.include({ code: "UNSERIALISABLE", where: "Awkward.known[1]", element: 1 });
    expect(error.message).to.contain("ThreadsOnly");
    const outputs = await new Awkward().run({ xs, what: "" }, { ...AWAY, outputs: ["knownCollected"] });
    const collected = outputs.knownCollected as unknown[];
    expect(collected.filter((_, i) => i !== 1)).to.deep.equal([0, 2, 3]);
    expect(collected[1]).to.include({ code: "UNSERIALISABLE", where: "Awkward.knownCollected[1]" });
  });

  it("is an input that names its element, whatever reading it throws", async () => {
    for (const make of Object.values(UNTRAVELLED)) {
      const failures = [0, make(), 2] as never;
      const running = new OrdinaryErrors().run({ failures, first: 1 as never }, { ...AWAY, outputs: ["line"] });
      expect(await rejection(running)).to.include({ code: "UNSERIALISABLE", where: "OrdinaryErrors.line[1]" });
    }
  });
});

describe("the result of a chunk", () => {
  const result = (done: number, ...values: unknown[][]) => ({ done, values, failure: undefined });

  it("has as many values as elements that are done, or is an internal error that says so", () => {
    expect(wrongResult(result(2, [1, 2], [3, 4]), 2, 2, "A.b")).to.equal(undefined);
    expect(wrongResult(result(1, [1]), 2, 1, "A.b")).to.equal(undefined);
    for (const [wrong, count, outputs] of [
      [result(2, [1]), 2, 1],
      [result(2, [1, 2], [3]), 2, 2],
      [result(2, [1, 2]), 2, 2],
      [result(2), 2, 1],
      [result(3, [1, 2, 3]), 2, 1],
      [result(0, []), 2, 1],
    ] as const) {
      const error = wrongResult(wrong, count, outputs, "A.b");
      expect(error).to.include({ code: "INTERNAL", where: "A.b" });
      expect(error!.message).to.contain(`a chunk of ${count} elements`);
    }
  });
});

describe("any value that a node throws", () => {
  for (const [way, options] of [
    ["here", {}],
    ["in a thread", AWAY],
  ] as const) {
    for (const what of Object.keys(THROWN) as Thrown[]) {
      it(`is reported as the error of the node, ${way}: ${what}`, async () => {
        const [, word] = THROWN[what];
        for (const output of ["throws", "throwsOnce"] as const) {
          const error = await rejection<NodeError>(new Awkward().run({ xs, what }, { ...options, outputs: [output] }));
          expect(error).to.be.instanceOf(NodeError).and.to.include({ code: "NODE_FAILED", node: output });
          expect(error.message).to.contain("failed with").and.to.contain(word);
          expect(inspect(error)).to.contain(word);
        }
        const events: string[] = [];
        const outputs = await new Awkward().run(
          { xs, what },
          {
            ...options,
            outputs: ["throwsCollected"],
            onEvent: (event) => {
              if ("error" in event) events.push((event.error as Error).message);
            },
          },
        );
        const [, failed, ...others] = outputs.throwsCollected;
        expect((failed as NodeError).message).to.contain(word);
        expect(others).to.deep.equal([2, 3]);
        expect(events.join()).to.contain(word);
      });
    }
  }
});

describe("an error that a node throws in a thread", () => {
  it("is the cause of the failure, without the parts that can't be serialized", async () => {
    const what = "an error with a socket, a function and a symbol";
    const { throwsCollected } = await new Awkward().run({ xs, what }, { ...AWAY, outputs: ["throwsCollected"] });
    const { cause } = throwsCollected[1] as NodeError;
    expect(cause).to.be.instanceOf(RangeError).and.to.include({ message: "lost", status: 500 });
    expect(Reflect.ownKeys(cause as object)).to.have.members(["stack", "message", "status"]);
  });
});

describe("a NodeError that is an ordinary value", () => {
  class Bad extends Pipeline {
    @input() x!: number;
    @node("x") y(_: number): number {
      throw new RangeError("404");
    }
  }
  const WAYS: Readonly<Record<string, () => RunOptions<OrdinaryErrors>>> = {
    here: () => ({}),
    "where somebody listens": () => ({ onEvent: () => {} }),
    "where it is cached": () => ({ cache: memory() }),
    "in threads": () => AWAY,
    "in threads, where it is cached": () => ({ ...AWAY, cache: memory() }),
  };

  for (const [way, options] of Object.entries(WAYS)) {
    it(`is none of a step that failed, also beside steps that collect: ${way}`, async () => {
      const collected = await new Bad().map({ x: [1, 2, 3] }, { over: "x", onError: "collect" });
      const failures = collected as unknown as NodeError[];
      expect(failures[0]).to.be.instanceOf(NodeError);
      const chosen = options();
      for (let times = 0; times < 2; times++) {
        const outputs = await new OrdinaryErrors().run({ failures, first: failures[0]! }, chosen);
        const { same, returned, bad, firstBad, ...others } = outputs;
        expect(others).to.deep.equal({
          line: ["Bad", "Bad", "Bad"],
          sameNode: ["Bad", "Bad", "Bad"],
          batched: ["Bad", "Bad", "Bad"],
          nestedCodes: ["NODE_FAILED", "NODE_FAILED", "NODE_FAILED"],
          nestedCode: "NODE_FAILED",
          code: "NODE_FAILED",
          returnedCode: "NODE_FAILED",
          afterBad: ["string", bad[1], "string"],
          badCode: "NODE_FAILED",
        });
        for (const error of [...same, returned, bad[1], firstBad]) expect(error).to.be.instanceOf(NodeError);
        expect(firstBad.where).to.equal("OrdinaryErrors.bad[1]");
        expect([bad[0], bad[2]]).to.deep.equal(["Bad", "Bad"]);
      }
    });
  }

  it("does not count as a failure in events", async () => {
    const failures = (await new Bad().map({ x: [1, 2] }, { over: "x", onError: "collect" })) as unknown as NodeError[];
    for (const options of [{}, AWAY]) {
      const counts: unknown[] = [];
      await new OrdinaryErrors().run(
        { failures, first: failures[0]! },
        {
          ...options,
          outputs: ["same", "bad"],
          onEvent: (event) => {
            if (event.type === "map" && event.phase === "end") counts.push(`${event.name} ${event.failed}`);
          },
        },
      );
      expect(counts).to.have.members(["same 0", "bad 1"]);
    }
  });
});

describe("a value that can't be cached", () => {
  const awkward: { make: () => unknown } = { make: () => undefined };
  class Lazy extends Pipeline {
    @input() ids!: number[];
    @node("ids") row(_ids: number[]): unknown {
      return awkward.make();
    }
    @node("row") text(row: unknown): string {
      return `row ${typeof row}`;
    }
    @mapOver("ids") rows(id: number): Each<unknown> {
      return id === 2 ? awkward.make() : id;
    }
    @node("rows") count(rows: unknown[]): number {
      return rows.length;
    }
  }

  for (const [what, make] of Object.entries(UNTRAVELLED)) {
    it(`causes one warning, with its node, and the run continues: ${what}`, async () => {
      awkward.make = make;
      const store = memory();
      for (let times = 0; times < 2; times++) {
        const warnings = await warningsOf(async () => {
          const outputs = await new Lazy().run({ ids: [1, 2, 3] }, { outputs: ["text", "count"], cache: store });
          expect(outputs).to.deep.equal({ text: `row ${typeof make()}`, count: 3 });
        });
        const told = warnings.map((warning) => /HypernodesWarning: (\S+) is not cached: /.exec(warning)?.[1]);
        expect(told).to.have.members(["Lazy.row", "Lazy.rows"]);
      }
    });
  }
});

describe("a path that can't be read", () => {
  const unreadable: Record<string, () => object> = {
    "a getter": () => ({
      get code(): never {
        throw new TypeError("not loaded");
      },
    }),
    "a trap of a Proxy": () =>
      new Proxy(
        {},
        {
          get(_, key) {
            if (key === "code") throw new TypeError("not loaded");
            return undefined;
          },
        },
      ),
    "a getter farther in": () => ({
      get code() {
        return Object.defineProperty({}, "lines", {
          get() {
            throw new TypeError("not loaded");
          },
        });
      },
    }),
  };
  let make: () => object = () => ({});
  class Reads extends Pipeline {
    @node() record(): { code: { lines: number[] } } {
      return make() as never;
    }
    @node("record.code.lines") count(lines: number[]): number {
      return lines.length;
    }
    @mapOver("record.code.lines") doubled(line: number): Each<number> {
      return 2 * line;
    }
    @resource() built(): { code: { lines: number[] } } {
      return make() as never;
    }
    @node("built.code.lines") ofBuilt(lines: number[]): number {
      return lines.length;
    }
  }

  for (const [what, made] of Object.entries(unreadable)) {
    for (const [output, whole] of [
      ["count", "record"],
      ["doubled", "record"],
      ["ofBuilt", "built"],
    ] as const) {
      for (const [where, options] of Object.entries<RunOptions<Reads>>({
        "": {},
        "with a cache": { cache: memory() },
      })) {
        it(`is an error that names it: ${what}, for ${output} ${where}`, async () => {
          make = made;
          const error = await rejection<HypernodesError>(new Reads().run({}, { ...options, outputs: [output] }));
          expect([error.code, error.where]).to.deep.equal(["UNREADABLE_PATH", `Reads.${whole}.code.lines`]);
          expect(error.message).to.contain("reading it failed with TypeError: not loaded");
          expect(error.cause).to.be.instanceOf(TypeError);
        });
      }
    }
  }
});

describe("a path into what failed", () => {
  class Into extends Pipeline {
    @input() xs!: number[];
    @mapOver("xs", { onError: "collect" }) y(x: number): Each<{ code: string }> {
      if (x === 2) throw new Error("two");
      return { code: `fine ${x}` };
    }
    @node("y.1" as never, { onError: "collect" }) whole(y: { code: string }): unknown {
      return y;
    }
    @node("y.1.code" as never) inner(code: string): string {
      return `got ${code}`;
    }
    @node("y.0.code" as never) other(code: string): string {
      return `got ${code}`;
    }
  }

  it("is that failure, however far it leads in", async () => {
    const outputs = ["whole", "inner", "other"] as const;
    for (const options of [{}, { cache: memory() }]) {
      const { whole, inner, other } = (await new Into().run(
        { xs: [1, 2] },
        { ...options, outputs },
      )) as never as Record<string, unknown>;
      for (const failed of [whole, inner]) {
        expect(failed).to.be.instanceOf(NodeError);
        expect((failed as NodeError).where).to.equal("Into.y[1]");
      }
      expect(other).to.equal("got fine 1");
    }
  });
});

describe("a model that can't be made again", () => {
  for (const [what, output] of [
    ["as a result", "given"],
    ["as an element", "taken"],
  ] as const) {
    it(`names the element, and what its code threw, ${what}`, async () => {
      const debts = [1, -2, 3].map((cents) => new Money(cents));
      const error = await rejection(new Debts().run({ xs: [1, -2, 3], debts }, { ...AWAY, outputs: [output] }));
      expect(error).to.be.instanceOf(NodeError);
      expect((error as NodeError).where).to.equal(`Debts.${output}[1]`);
      expect(error.message).to.contain("no debts");
    });

    it(`has the path inside the value, ${what}`, async () => {
      const debts = [1, -2, 3].map((cents) => ({ a: [new Money(cents)] }));
      const outputs = [`${output}Deep`] as "givenDeep"[];
      const error = await rejection(new Debts().run({ xs: [1, -2, 3], debts: debts as never }, { ...AWAY, outputs }));
      expect((error as NodeError).where).to.equal(`Debts.${output}Deep[1]`);
      expect(error.message).to.contain(
        "at .a[0], it is an instance of Money, and its fromJSON() threw RangeError: no debts",
      );
      expect(error.message).not.to.match(/values?[[.]/);
    });
  }
});

describe("a value that all elements share, and that a thread can't make again", () => {
  for (const [output, cache] of [
    ["shared", false],
    ["sum", false],
    ["shared", memory()],
    ["sum", memory()],
  ] as const) {
    it(`is named, with the path in it: ${output}${cache === false ? "" : ", cached"}`, async () => {
      const run = new Debts().run(
        { xs: [1, 2], debts: [1, -2].map((cents) => new Money(cents)) },
        {
          ...{ ...AWAY, cache, outputs: [output] as "shared"[] },
        },
      );
      const error = await rejection<NodeError>(run);
      expect(error.where).to.equal(`Debts.${output}`);
      expect(error.message).to.contain(
        `the value that it takes from "debts" can't be sent between threads: at [1], it is an instance of Money, and its fromJSON() threw RangeError: no debts`,
      );
    });
  }
});

describe("elements that a thread can't make again", () => {
  it("fail alone where errors are collected, each by name, and so does what is made of them", async () => {
    const xs = Array.from({ length: 50 }, (_, i) => i);
    const bad = (i: number) => i % 7 === 3 || i === 49;
    const debts = xs.map((i) => new Money(bad(i) ? -1 : i));
    const outputs = ["collected", "both", "after"] as const;
    const run = await new Debts().run({ xs, debts }, { ...AWAY, outputs: [...outputs] });
    for (const output of outputs) {
      for (const [i, value] of (run[output] as readonly unknown[]).entries()) {
        if (!bad(i)) expect(value).to.equal({ collected: i, both: 2 * i, after: i + 1 }[output]);
        else {
          expect(value).to.be.instanceOf(NodeError);
          expect((value as NodeError).message)
            .to.contain(`[${i}]`)
            .and.to.contain("no debts");
        }
      }
    }
    const both = run.both[3] as unknown as NodeError;
    expect(both.where).to.equal("Debts.both[3]");
  });
});

describe("what nodes print in threads", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.resolve("coverage", "printed-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const linesOf = (text: string, count: number, size: number) =>
    text.split("\n").filter((line) => /^(line|err) \d+ x*$/.test(line) && line.endsWith("x".repeat(size))).length ===
    count;

  /** Each two of size, end and output go together once. */
  const cases = [
    [200, 10, "ends", "y"],
    [200, 10, "exits", "once"],
    [200, 2_000, "exits", "y"],
    [200, 2_000, "ends", "once"],
    [20, 100_000, "ends", "once"],
    [20, 100_000, "exits", "y"],
  ] as const;
  for (const [count, size, exits, output] of cases) {
    it(`is all there when the process ${exits}: ${count} lines of ${size} of ${output}, in a file and in a pipe`, async () => {
      const args = [built("spec/support/prints-client.ts"), output, String(count), String(size), exits];
      const [piped, filed] = await Promise.all([execute(process.execPath, args), inFiles(args)]);
      for (const { code, stdout, stderr } of [piped, filed]) {
        expect(code).to.equal(0);
        expect(linesOf(stdout, count, size)).to.equal(true);
        if (output === "y") expect(linesOf(stderr, count, size)).to.equal(true);
      }
    });
  }

  /** What a process has written into files. */
  async function inFiles(args: readonly string[]): Promise<Executed> {
    const [out, err] = [path.join(folder, "out"), path.join(folder, "err")];
    const [stdout, stderr] = [openSync(out, "w"), openSync(err, "w")];
    const child = spawn(process.execPath, args, { stdio: ["ignore", stdout, stderr] });
    const [code] = (await once(child, "close")) as [number | null];
    for (const file of [stdout, stderr]) closeSync(file);
    return { code, stdout: readFileSync(out, "utf8"), stderr: readFileSync(err, "utf8") };
  }
});

describe("a node that never ends", () => {
  for (const mode of ["async", "parallel", "threaded"]) {
    it(`is named when the process ends because nothing is left to wait for: maps ${mode}`, async () => {
      inject("a method waits forever, and nothing else is pending");
      const client = built("spec/support/stalls-client.ts");
      const { code, stderr } = await execute(process.execPath, [client, JSON.stringify({ maps: mode })]);
      expect(code).to.equal(13);
      expect(stderr).to.contain("Stalls.ys[1] never ends");
    });
  }

  const commands = [
    ["awkward", "Stalls", "async"],
    ["awkward", "Stalls", "parallel"],
    ["busy-stall-client", "StallsWhileBusy", "parallel"],
  ] as const;
  for (const [module, name, mode] of commands) {
    it(`ends a command with a message that names it, and with an exit code of its own: ${name}, maps ${mode}`, async () => {
      inject("a method waits forever, and nothing else is pending");
      const file = `${built(`spec/support/${module}.ts`)}#${name}`;
      const args = [built("src/cli/main.ts"), "run", file, "--input", "xs=[1,2,3]", "--maps", mode];
      const env = { HYPERNODES_CLI_STARTED: "1" };
      const { code, stdout, stderr } = await execute(process.execPath, args, { env });
      expect(stderr).to.contain(`${name}.ys[1].hangs: never ends, and nothing is left to wait for.`);
      expect(code).to.equal(13);
      expect(stdout).to.equal("");
    });
  }
});
