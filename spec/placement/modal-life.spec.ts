import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { getEventListeners, once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { type ErrorCode, HypernodesError, type ModalOptions, modal, type Pipeline } from "../../src/index.js";
import type { ConnectionLease } from "../../src/placement/host/connection-cache.js";
import { HostPool } from "../../src/placement/host/host-pool.js";
import { StartPacer } from "../../src/placement/modal/start-pacer.js";
import { LOADER } from "../support/execute.js";
import { inject } from "../support/faults.js";
import { expectNothingLeft, loopback, onLoopback, until, withEnv } from "../support/modal.js";
import { ModalServer } from "../support/modal-server/server.js";
import { printed } from "../support/printed.js";
import { rejection } from "../support/rejection.js";
import { withClockSet } from "../support/set-clock.js";
import { warningsOf } from "../support/warnings.js";
import { Placed } from "./pipelines/sharing.js";
import { Chain, Single, Slow, SlowlyRemembered, Words } from "./pipelines/suite.js";

const KILLED = { status: 3, exitcode: 137 };

/** The error that a run of a pipeline in a container ends with. */
async function failure(pipeline: Pipeline, inputs: object, options: ModalOptions): Promise<HypernodesError> {
  const error = await rejection(pipeline.run(inputs as never, { runOn: modal(options) } as never));
  expect(error, error.stack).to.be.instanceOf(HypernodesError);
  return error as HypernodesError;
}

/** A volume on which there is no code yet. */
const newVolume = () => `new-${randomUUID()}`;

describe("the end of a container that nobody ends @slow", () => {
  const held = loopback();

  afterEach(async () => {
    if (held.server !== undefined) await expectNothingLeft(held.server);
  });

  function client(kind: string) {
    const file = fileURLToPath(new URL("./pipelines/slow-client.ts", import.meta.url));
    return spawn(process.execPath, [...LOADER, file, kind], { env: process.env, stdio: ["ignore", "pipe", "ignore"] });
  }

  for (const after of [0, 100_000]) {
    onLoopback(`comes by itself, if the client is killed when ${after} bytes of the bundle have come`, async () => {
      const { server } = held;
      server.forget();
      server.faults.stdin = { after };
      const child = client("new");
      await until(() => server.called("TaskExecStdinWrite").length > 0);
      child.kill("SIGKILL");
      inject("a client is killed, or stopped, while it has a container");
      await once(child, "exit");
      expect(server.living).to.have.length(1);
    });
  }

  onLoopback("comes by itself, if the client does not go on; and the client says so when it does", async () => {
    const child = client("slow");
    await once(child.stdout, "data");
    child.kill("SIGSTOP");
    inject("a client is killed, or stopped, while it has a container");
    try {
      await expectNothingLeft(held.server);
    } finally {
      child.kill("SIGCONT");
    }
    const [code] = await once(child, "exit");
    expect(code).to.equal(1);
  });

  onLoopback("is Modal's doing soon after the runner's end, whatever the silence may be", async () => {
    for (const [idleTimeoutMs, modals] of [
      [60_000, 10],
      [3_600_000, 10],
      [3_000, 3],
    ] as const) {
      held.server.forget();
      await new Chain().run({ x: 1 }, { runOn: modal({ idleTimeoutMs }) });
      expect(held.server.called("SandboxCreateV2")[0].definition.idleTimeoutSecs).to.equal(modals);
      expect(held.server.called("TaskExecStart")[0].commandArgs).to.include(String(idleTimeoutMs));
    }
  });
});

describe("the upload of a bundle to a container @slow", () => {
  const held = loopback();

  afterEach(async () => {
    if (held.server !== undefined) await expectNothingLeft(held.server);
  });

  for (const [what, stdin, code] of [
    ["stdin that fails", { after: 0, code: status.FAILED_PRECONDITION }, "CONNECTION_LOST"],
    ["stdin that fails in the middle", { after: 100_000, code: status.NOT_FOUND }, "CONNECTION_LOST"],
    ["stdin that takes no such message", { after: 0, code: status.RESOURCE_EXHAUSTED }, "CONNECTION_LOST"],
    ["stdin that hangs", { after: 0 }, "CONNECTION_LOST"],
    ["memory that runs out", { after: 0, code: status.NOT_FOUND, end: { status: 8, exitcode: 137 } }, "OUT_OF_MEMORY"],
    [
      "a container that is late",
      { after: 0, code: status.NOT_FOUND, end: { status: 4, exitcode: 124 } },
      "CONTAINER_TIMEOUT",
    ],
    ["a container that is taken away", { after: 0, end: KILLED }, "CONTAINER_LOST"],
  ] as const) {
    onLoopback(`ends at ${what} with ${code}, the place, and what to do`, async () => {
      held.server.faults.stdin = stdin;
      inject("a stream to or from a container breaks for good");
      const error = await failure(new Chain(), { x: 1 }, { volume: newVolume(), idleTimeoutMs: 2_000 });
      expect(error.code, error.stack).to.equal(code);
      expect(error.message).to.match(/^Chain: /);
      expect(error.advice).to.be.a("string");
    });
  }

  onLoopback("ends at an abort, whatever stdin does", async () => {
    held.server.forget();
    held.server.faults.stdin = { after: 0 };
    const stopping = new AbortController();
    void until(() => held.server.called("TaskExecStdinWrite").length > 0).then(() => stopping.abort());
    const options = { runOn: modal({ volume: newVolume() }), signal: stopping.signal };
    expect(await rejection(new Chain().run({ x: 1 }, options))).to.have.property("code", "ABORTED");
  });

  onLoopback("is in messages that any server of gRPC takes: 7 MiB to one that takes 4", async () => {
    const maxMessageBytes = 4 * 1024 * 1024;
    const server = await ModalServer.start({ maxMessageBytes });
    const folder = mkdtempSync(path.join(os.tmpdir(), "large-"));
    try {
      const index = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
      const file = path.join(folder, "large.mjs");
      writeFileSync(path.join(folder, "package.json"), "{}");
      // Letters that can't be packed: six bits in each.
      const text = randomBytes(7 * 1024 * 1024).toString("base64");
      writeFileSync(
        file,
        `import { Pipeline, input, node } from ${JSON.stringify(index)};
const text = ${JSON.stringify(text)};
export class Large extends Pipeline { size(value) { return text.length + value.length; } }
input()(Large.prototype, "value");
node("value")(Large.prototype, "size", Object.getOwnPropertyDescriptor(Large.prototype, "size"));`,
      );
      const { Large } = (await import(file)) as { Large: new () => Pipeline };
      const value = new Uint8Array(9 * 1024 * 1024);
      const running = () => new Large().run({ value } as never, { runOn: modal() } as never);
      expect(await withEnv(server.env, running)).to.deep.equal({ size: text.length + value.length });
      expect(server.bytesDown).to.be.greaterThan(16 * 1024 * 1024);
      const sizes = server.called("TaskExecStdinWrite").map(({ data }) => data.length);
      expect(Math.max(...sizes)).to.be.lessThan(maxMessageBytes);
      await expectNothingLeft(server);
    } finally {
      rmSync(folder, { recursive: true });
      await server.stop();
    }
  });
});

describe("the creation of containers", () => {
  describe("on Modal @slow", () => {
    const held = loopback();

    afterEach(async () => {
      if (held.server !== undefined) await expectNothingLeft(held.server);
    });

    for (const createsPerSecond of [5, 2]) {
      onLoopback(`waits for its turn: 8 runs at once, ${createsPerSecond} a second`, async () => {
        held.server.faults.createsPerSecond = createsPerSecond;
        inject("Modal starts no more containers for now");
        const running = Array.from({ length: 8 }, (_, x) => new Chain().run({ x }, { runOn: modal() }));
        const outcomes = await Promise.allSettled(running);
        expect(outcomes.map(({ status }) => status)).to.deep.equal(Array(8).fill("fulfilled"));
      });
    }

    onLoopback("waits for its turn: all containers that share a map come", async () => {
      held.server.faults.createsPerSecond = 1;
      inject("Modal starts no more containers for now");
      const { size } = held.server.boxes;
      const warned = await warningsOf(async () => {
        const times = Array.from({ length: 40 }, () => 600);
        await new Placed().run({ times }, { runOn: modal({ containers: 4 }) });
      });
      expect(held.server.boxes.size - size).to.equal(4);
      expect(warned).to.deep.equal([]);
    });
  });

  it("is no more than five in a second", async () => {
    const turns = new StartPacer();
    const { signal } = new AbortController();
    const at = await Promise.all(
      Array.from({ length: 12 }, async () => {
        await turns.next(signal);
        return performance.now();
      }),
    );
    for (let i = 5; i < at.length; i++) expect(at[i]! - at[i - 5]!).to.be.at.least(1_000);
  });

  describe("in a pool", () => {
    const opened = (): ConnectionLease => ({ connection: { isAlive: true } as never, release: async () => {} });
    const limits = (maxHosts: number, maxAgeMs = Number.POSITIVE_INFINITY) => ({
      ...{ maxHosts, maxAgeMs },
      plural: "containers",
    });
    const failed = (code: ErrorCode) => new HypernodesError({ code, where: "Modal", problem: `this is ${code}` });

    /** How many containers there are in the end, of three, if the second one fails for some reason, and what is told. */
    async function poolThatLacks(...codes: ErrorCode[]): Promise<{ count: number; told: string[] }> {
      let count = 0;
      const told: string[] = [];
      const open = async () => {
        if (count > 0 && codes.length > 0) throw failed(codes.shift()!);
        count++;
        return opened();
      };
      const pool = new HostPool(open, limits(3), (message) => told.push(message));
      const take = () => pool.acquire(new AbortController().signal);
      for (let times = 0; times < 6; times++) {
        const all = [take(), take(), take()];
        // Each that has one gives it back: all of them are served, by fewer if need be.
        await Promise.all(all.map(async (one) => (await one).release()));
      }
      await pool.end();
      return { count, told };
    }

    it("is less for the rest of the run only where there are no more", async () => {
      expect((await poolThatLacks("NO_CAPACITY")).told.join()).to.contain("this is NO_CAPACITY");
      for (const code of ["RATE_LIMITED", "UNREACHABLE", "MODAL_FAILED"] as const) {
        expect(await poolThatLacks(code), code).to.deep.equal({ count: 3, told: [] });
      }
    });

    it("is opened again when its only container was lost while it started, a few times", async () => {
      const codes: ErrorCode[] = ["CONTAINER_LOST", "CONNECTION_LOST"];
      const open = async () => {
        if (codes.length > 0) throw failed(codes.shift()!);
        return opened();
      };
      const take = () => new HostPool(open, limits(2), () => {}).acquire(new AbortController().signal);
      expect(await take()).to.have.property("connection");
      codes.push(...Array(10).fill("CONTAINER_LOST"));
      expect(await rejection(take())).to.have.property("code", "CONTAINER_LOST");
      codes.splice(0, codes.length, "IMAGE_FAILED");
      expect(await rejection(take())).to.have.property("code", "IMAGE_FAILED");
    });

    it("is another one when the first is old, which ends when nobody uses it", async () => {
      const released: number[] = [];
      let opens = 0;
      const open = async (): Promise<ConnectionLease> => {
        const which = ++opens;
        return { connection: { isAlive: true, which } as never, release: async () => void released.push(which) };
      };
      const pool = new HostPool(open, limits(1, 50), () => {});
      const share = () => pool.acquireShared(new AbortController().signal);
      const first = await share();
      await until(() => opens === 1);
      await new Promise((resolve) => setTimeout(resolve, 60));
      const second = await share();
      expect([opens, released.length, pool.isIdle]).to.deep.equal([2, 0, false]);
      await first.release();
      expect(released).to.deep.equal([1]);
      await second.release();
      await pool.end();
      expect(released).to.deep.equal([1, 2]);
    });

    it("leaves nothing on the signal of a run, whose chunks may be many", async () => {
      const { signal } = new AbortController();
      const pool = new HostPool(
        async () => opened(),
        limits(1),
        () => {},
      );
      for (let chunk = 0; chunk < 3; chunk++) await (await pool.acquire(signal)).release();
      await pool.acquire(signal);
      const waiting = pool.acquire(signal);
      expect(getEventListeners(signal, "abort")).to.have.lengthOf(1);
      await pool.end();
      await rejection(waiting);
      expect(getEventListeners(signal, "abort")).to.deep.equal([]);
    });

    it("is given up when nothing but failures comes", async () => {
      const { told } = await poolThatLacks(...Array(100).fill("RATE_LIMITED"));
      expect(told.join()).to.contain("this is RATE_LIMITED");
    });
  });
});

describe("a container that is kept for other runs @slow", () => {
  const held = loopback();

  onLoopback("does no run that it would not outlive", async () => {
    held.server.forget();
    const runOn = modal({ keepWarm: true, timeoutMs: 20_000, idleTimeoutMs: 3_600_000, app: "kept" });
    const run = () => new Chain().run({ x: 1 }, { runOn });
    await run();
    await run();
    const made = () => held.server.called("SandboxCreateV2");
    expect(made().map(({ definition }) => definition.timeoutSecs)).to.deep.equal([100]);
    const real = performance.now;
    performance.now = () => real.call(performance) + 51_000;
    try {
      await run();
      expect(made()).to.have.length(2);
      await until(() => held.server.living.length === 1);
    } finally {
      performance.now = real;
    }
    held.server.endAll(KILLED);
  });

  onLoopback("lives as long as it should though the clock is set", async () => {
    for (const setMs of [3_600_000, -3_600_000]) {
      held.server.forget();
      inject("a machine's clock is wrong, or is set during a run");
      const runOn = modal({ idleTimeoutMs: 2_000 });
      const running = Promise.resolve(new Slow().run({ ms: 3_000, times: [1] }, { runOn }));
      await withClockSet(setMs, () => running);
      expect(held.server.called("SandboxCreateV2")).to.have.length(1);
    }
    await expectNothingLeft(held.server);
  });
});

describe("the reason of a container's end @slow", () => {
  const held = loopback();

  afterEach(async () => {
    if (held.server !== undefined) await expectNothingLeft(held.server);
  });

  /** What breaks first: it does not know why. */
  const breaks = {
    "stdout ends": () => {},
    "stdout fails": (server: ModalServer) => {
      server.faults.isRouterDown = true;
    },
    "stdin fails": (server: ModalServer) => {
      server.faults.stdin = { after: 0, code: status.NOT_FOUND };
    },
  };
  for (const [how, breakIt] of Object.entries(breaks)) {
    for (const [end, code, containers] of [
      [{ status: 8, exitcode: 137 }, "OUT_OF_MEMORY", 1],
      [{ status: 4, exitcode: 124 }, "CONTAINER_TIMEOUT", 1],
      [KILLED, "CONTAINER_LOST", 2],
    ] as const) {
      onLoopback(`is asked for when ${how}: ${code}, after ${containers} of them`, async () => {
        const { server } = held;
        server.forget();
        server.faults.losesWaits = true;
        const inputs = { xs: [1, 2, 3, 4] };
        const onEvent = ({ type, phase }: { type: string; phase: string }) => {
          if (type !== "element" || phase !== "start" || server.living.length === 0) return;
          inject(
            code === "CONTAINER_LOST" ? "a container is taken away" : "a container runs out of memory, or of time",
          );
          breakIt(server);
          server.endAll(end);
          void until(() => server.called("SandboxCreateV2").length > 1).then(() => {
            server.faults.isRouterDown = false;
            delete server.faults.stdin;
          });
        };
        const runOn = modal({ volume: newVolume(), idleTimeoutMs: 3_000 });
        const error = await rejection<HypernodesError>(new SlowlyRemembered().run(inputs, { runOn, onEvent }));
        expect(error.code, error.stack).to.equal(code);
        expect(server.called("SandboxCreateV2")).to.have.length(containers);
      });
    }
  }
});

describe("a stream of elements to a container @slow", () => {
  const held = loopback();

  onLoopback("ends as a run does when an element can't be sent", async () => {
    const reading = async () => {
      for await (const _ of new Chain().stream({ x: Array(1_000).keys() }, { over: "x", runOn: modal() })) {
        held.server.faults.stdin = { after: 0, code: status.FAILED_PRECONDITION };
        inject("a stream to or from a container breaks for good");
      }
    };
    expect(await rejection(reading())).to.have.property("code", "CONNECTION_LOST");
    await expectNothingLeft(held.server);
  });
});

describe("GPUs that nothing uses @slow", () => {
  const held = loopback();

  for (const [what, gpus, pipeline, told] of [
    ["one", "0, 3\n", new Chain(), "nothing used the GPU of its container"],
    ["two", "0, 0\n0, 1\n", new Single(), "nothing used 2 of the 2 GPUs of its container"],
    ["one of two", "97, 20000\n0, 0\n", new Words(), "nothing used 1 of the 2 GPUs of its container"],
    ["none, by its memory", "0, 400\n", new Chain(), undefined],
    ["none, by its time", "3, 0\n", new Chain(), undefined],
    ["none that is known", "[N/A], [N/A]\n", new Chain(), undefined],
    ["none, without nvidia-smi", undefined, new Chain(), undefined],
  ] as const) {
    onLoopback(`are told of once: ${what}`, async () => {
      if (gpus !== undefined) held.server.faults.gpus = gpus;
      const inputs = pipeline instanceof Words ? { words: ["a"] } : { x: 1 };
      const warned = await warningsOf(async () => {
        for (let times = 0; times < 2; times++)
          await printed(() => (pipeline as Pipeline).run(inputs as never, { runOn: modal({ gpu: "T4:2" }) } as never));
      });
      expect(warned).to.have.length(told === undefined ? 0 : 1);
      if (told !== undefined) {
        expect(warned[0]).to.contain(told).and.to.contain('modal({ gpu: "T4:2" })').and.to.contain("leave it out");
      }
    });
  }
});
