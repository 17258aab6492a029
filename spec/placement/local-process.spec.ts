import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { parsePlacement } from "../../src/cli/parse-args.js";
import {
  type HypernodesError,
  type LocalProcessOptions,
  localProcess,
  NodeError,
  type Pipeline,
  type RunEvent,
} from "../../src/index.js";
import { LOADER } from "../support/execute.js";
import { inject } from "../support/faults.js";
import { until } from "../support/modal.js";
import { printed } from "../support/printed.js";
import { rejection } from "../support/rejection.js";
import { warningsOf } from "../support/warnings.js";
import {
  Blocked,
  Buffers,
  Crashing,
  CrashingInside,
  CrashingQuickly,
  Deaf,
  Measured,
  Meters,
  Sized,
  Starting,
  Where,
} from "./pipelines/processes.js";
import { Leaving } from "./pipelines/suite.js";

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The error of a run in a local process, and the id of the process. */
async function failure(
  pipeline: Pipeline,
  inputs: object,
  options: LocalProcessOptions = {},
): Promise<{ error: HypernodesError; pid: number }> {
  let pid = 0;
  const onEvent = (event: RunEvent) => {
    if (event.type === "container") pid = Number(event.id);
  };
  let error: HypernodesError | undefined;
  // What a dying Node says of itself is not for the report of the specs.
  await printed(async () => {
    error = await rejection(pipeline.run(inputs as never, { runOn: localProcess(options), onEvent } as never));
  });
  return { error: error!, pid };
}

describe("a crash in a local process @slow", () => {
  for (const [how, code, says] of [
    ["exit", "PROCESS_ENDED", "exit code 7"],
    ["throw", "PROCESS_ENDED", "nobody caught this"],
    ["heap", "OUT_OF_MEMORY", "Node's heap was full"],
  ] as const) {
    it(`by "${how}" is ${code}, and names the node; this process continues`, async () => {
      const { error, pid } = await failure(new Leaving(), { how }, { memoryMiB: 64 });
      expect([error.code, error.where]).to.deep.equal([code, "Leaving.left"]);
      expect(error.message).to.contain(says);
      inject("a node crashes its local process, or takes its memory or time");
      await until(() => !isRunning(pid));
    });
  }

  it("names the element, also of a nested pipeline", async () => {
    const xs = [1, 2, 13, 4];
    const { error } = await failure(new Crashing(), { xs });
    expect([error.code, error.where]).to.deep.equal(["PROCESS_ENDED", "Crashing.survived[2]"]);
    expect(error.message).to.contain("SIGABRT").and.to.contain("a later one may be the cause");
    const { error: inside } = await failure(new CrashingInside(), { xs });
    expect(inside.where).to.equal("CrashingInside.inner.survived[2]");
  });

  it("names the node, and says that it may be a later element, where elements are quick", async () => {
    const xs = Array.from({ length: 1_000 }, (_, i) => (i === 700 ? 13 : 1));
    const { error } = await failure(new CrashingQuickly(), { xs });
    expect(error.where).to.match(/^CrashingQuickly\.survived\[\d+\]$/);
    expect(error.message).to.contain("a later one may be the cause");
  });

  it("costs one element, and no other, where processes share a map", async () => {
    const xs = [1, 2, 13, 4];
    const options = { runOn: localProcess({ maxProcesses: 2 }) };
    let survived: unknown[] = [];
    await printed(async () => {
      const collecting = new Crashing();
      const error = await rejection<NodeError>(collecting.run({ xs }, options));
      expect(error).to.be.instanceOf(NodeError);
      expect([error.node, error.element]).to.deep.equal(["survived", 2]);
      survived = (await collecting.run({ xs: [1, 2, 4] }, options)).survived;
    });
    expect(survived).to.deep.equal([1, 2, 4]);
  });
});

describe("the limits of a local process", () => {
  it("are those of all its memory, not of the heap alone @slow", async () => {
    const { error, pid } = await failure(new Buffers(), {}, { memoryMiB: 200 });
    expect([error.code, error.where]).to.deep.equal(["OUT_OF_MEMORY", "Buffers.held"]);
    expect(error.message)
      .to.match(/it took \d+ MiB, of 328/)
      .and.to.contain("localProcess({ memoryMiB })");
    await until(() => !isRunning(pid));
  });

  it("end a node that computes for ever @slow", async () => {
    // On a busy machine, a process may need more than the first limits for its start.
    for (const timeoutMs of [2_000, 8_000, 30_000]) {
      const { error, pid } = await failure(new Blocked(), {}, { timeoutMs });
      expect(error.code).to.equal("PROCESS_TIMEOUT");
      await until(() => !isRunning(pid));
      if (timeoutMs < 30_000 && error.where === "Blocked") continue;
      expect(error.where).to.equal("Blocked.blocked");
      return;
    }
  });

  it("are checked, and all that is wrong is said", () => {
    for (const [options, says] of [
      [{ memoryMiB: 8 }, "the option memoryMiB is 8. It takes whole mebibytes from 16"],
      [{ timeoutMs: 0 }, "the option timeoutMs is 0"],
      [{ idleTimeoutMs: -1 }, "the option idleTimeoutMs is -1"],
      [{ maxProcesses: 1.5 }, "the option maxProcesses is 1.5"],
      [{ env: { A: 1 } }, "the option env is a record with other values than texts"],
      [{ memory: 512 }, 'there is no option "memory"'],
      [{ memoryMiB: 1, timeoutMs: 0 }, "2 options are invalid"],
    ] as const) {
      expect(() => localProcess(options as never), JSON.stringify(options)).to.throw(says);
    }
  });

  it("can be given on the command line", () => {
    expect(parsePlacement("local-process:memoryMiB=512,maxProcesses=2")).to.deep.equal(
      localProcess({ memoryMiB: 512, maxProcesses: 2 }),
    );
    expect(parsePlacement("local-process")).to.deep.equal(localProcess());
    expect(() => parsePlacement("local-process:memoryMiB=x")).to.throw("memoryMiB");
    expect(() => parsePlacement("moon")).to.throw("The placements are local, local-process and modal.");
  });
});

describe("the end of a local process @slow", () => {
  const client = fileURLToPath(new URL("./pipelines/process-client.ts", import.meta.url));
  const start = (kind: string) =>
    spawn(process.execPath, [...LOADER, client, kind], { stdio: ["ignore", "pipe", "inherit"] });

  async function pidFrom(child: ReturnType<typeof start>): Promise<number> {
    let text = "";
    for await (const piece of child.stdout) {
      text += piece;
      const pid = /pid (\d+)\n/.exec(text)?.[1];
      if (pid !== undefined) return Number(pid);
    }
    throw new Error(`the client ended: ${text}`);
  }

  it("comes when its client is killed, though a node blocks it", async () => {
    const child = start("blocked");
    const pid = await pidFrom(child);
    expect(isRunning(pid)).to.equal(true);
    child.kill("SIGKILL");
    inject("a client is killed while it has a local process");
    await until(() => !isRunning(pid));
  });

  it("comes when its client has nothing else to do, though it would be kept longer", async () => {
    const child = start("warm");
    const exited = once(child, "exit");
    const pid = await pidFrom(child);
    expect((await exited)[0]).to.equal(0);
    await until(() => !isRunning(pid));
  });

  for (const kind of ["crashed", "crashed-later"]) {
    it(`is an error in a client that waits for nothing else: ${kind}`, async () => {
      const child = start(kind);
      const exited = once(child, "exit");
      let text = "";
      for await (const piece of child.stdout) text += piece;
      expect([text, (await exited)[0]]).to.deep.equal(["code PROCESS_ENDED\n", 0]);
    });
  }

  for (const how of ["crash", "never end", "end"] as const) {
    it(`is that of the processes that its nodes have started, too, where they ${how}`, async function () {
      if (process.platform === "win32") this.skip();
      const controller = new AbortController();
      const output = await printed(async (shown) => {
        const run = new Starting().run({ how }, { runOn: localProcess(), signal: controller.signal });
        if (how === "end") return await run;
        const failed = rejection(run);
        if (how === "never end") {
          await until(() => shown().includes("started"));
          controller.abort(new Error("enough"));
        }
        return await failed;
      });
      const started = Number(/started (\d+)/.exec(output)![1]);
      await until(() => !isRunning(started));
    });
  }

  it("comes when a stopped node does not stop in time; the next run has another process", async () => {
    const runOn = localProcess({ idleTimeoutMs: 20_000 });
    const controller = new AbortController();
    let pid = 0;
    const running = rejection<HypernodesError>(
      new Deaf().run(
        { ms: 60_000 },
        {
          runOn,
          signal: controller.signal,
          onEvent: (event) => {
            if (event.type === "container") pid = Number(event.id);
            if (event.type === "node" && event.phase === "start") controller.abort(new Error("enough"));
          },
        },
      ),
    );
    expect((await running).code).to.equal("ABORTED");
    await until(() => !isRunning(pid));
    const { waited } = await new Deaf().run({ ms: 1 }, { runOn });
    expect(waited).to.equal(false);
  });

  it("comes after its idle time; until then, runs share it and its resources", async () => {
    const runOn = localProcess({ idleTimeoutMs: 3_000 });
    const output = await printed(async () => {
      const first = await new Where().run({ xs: [1] }, { runOn });
      const second = await new Where().run({ xs: [1] }, { runOn });
      expect(second.pid).to.equal(first.pid);
      expect(second.counted).to.deep.equal([`${first.pid} 2`]);
      await until(() => !isRunning(first.pid));
      expect((await new Where().run({ xs: [] }, { runOn: localProcess() })).pid).not.to.equal(first.pid);
    });
    expect(output).to.contain("disposed of the counter");
  });
});

describe("a local process that many runs share @slow", () => {
  it("gets large values of all of them at once, without a warning", async () => {
    const runOn = localProcess({ maxProcesses: 2, idleTimeoutMs: 20_000 });
    const files = Array.from({ length: 3 }, () => new Uint8Array(400_000));
    const measure = async () => (await new Sized().run({ files }, { runOn })).sizes;
    await measure();
    const warnings = await warningsOf(async () => {
      const sizes = await Promise.all(Array.from({ length: 20 }, measure));
      expect(sizes.flat()).to.deep.equal(Array(60).fill(400_000));
    });
    expect(warnings).to.deep.equal([]);
  });
});

describe("the first values of a new local process @slow", () => {
  const lengths = [1, 2].map((count) => new Meters(count));
  const inputs = { from: new Meters(10), lengths };
  const ways: Readonly<Record<string, (options: { runOn: ReturnType<typeof localProcess> }) => Promise<unknown>>> = {
    run: async (options) => (await new Measured().run(inputs, options)).ends,
    map: async (options) => {
      const each = { ...inputs, lengths: lengths.map((length) => [length]) };
      return (await new Measured().map(each, { over: "lengths", ...options })).flatMap(({ ends }) => ends);
    },
    stream: async (options) => {
      const each = { ...inputs, lengths: lengths.map((length) => [length]) };
      const ends: number[] = [];
      for await (const result of new Measured().stream(each, { over: "lengths", ...options }))
        ends.push(...result.ends);
      return ends.sort((a, b) => a - b);
    },
  };
  for (const maxProcesses of [1, 2]) {
    for (const [way, measure] of Object.entries(ways)) {
      it(`may be of a class that a module exports: ${way}, ${maxProcesses} at most`, async () => {
        expect(await measure({ runOn: localProcess({ maxProcesses }) })).to.deep.equal([11, 12]);
      });
    }
  }
});
