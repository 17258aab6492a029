import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import {
  AbortError,
  HypernodesError,
  image,
  type ModalOptions,
  memory,
  modal,
  NodeError,
  type Pipeline,
} from "../../src/index.js";
import { FrameKind, FrameReader, frame, jsonFrame } from "../../src/placement/protocol/frames.js";
import { LOADER } from "../support/execute.js";
import { inject } from "../support/faults.js";
import { expectNothingLeft, loopback, onLoopback, until, withEnv } from "../support/modal.js";
import { printed } from "../support/printed.js";
import { rejection } from "../support/rejection.js";
import { Native } from "./pipelines/native.js";
import {
  Carried,
  Chain,
  Failing,
  hidden,
  Leaving,
  Scribbling,
  Slow,
  SlowlyRemembered,
  Untransferable,
  UntransferableEach,
} from "./pipelines/suite.js";

const CODES_AT_THE_BEGINNING = ["WRONG_TOKEN", "NO_CAPACITY", "RATE_LIMITED", "NOT_FOUND", "REFUSED", "MODAL_FAILED"];

describe("what goes wrong with a container @slow", () => {
  const held = loopback();

  afterEach(async () => {
    if (held.server !== undefined) await expectNothingLeft(held.server);
  });

  async function failure(pipeline: Pipeline, inputs: object, options: ModalOptions = {}): Promise<HypernodesError> {
    let error: HypernodesError | undefined;
    const running = async () => {
      error = await rejection(pipeline.run(inputs as never, { runOn: modal(options) } as never));
    };
    await printed(running);
    expect(error, error?.stack ?? "").to.be.instanceOf(HypernodesError);
    return error!;
  }

  describe("before there is one", () => {
    onLoopback("no token, or a wrong one", async () => {
      inject("Modal does not answer, or refuses", 2);
      const none = { MODAL_TOKEN_ID: undefined, MODAL_TOKEN_SECRET: undefined };
      const missing = await withEnv(none, () => failure(new Chain(), { x: 1 }));
      expect(missing.code).to.equal("NO_TOKEN");
      expect(missing.message).to.contain("set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET");
      const wrong = await withEnv({ MODAL_TOKEN_SECRET: "as-wrong" }, () => failure(new Chain(), { x: 1 }));
      expect(wrong.code).to.equal("WRONG_TOKEN");
      expect(wrong.message).to.contain("the token was refused: Token ID or secret is invalid");
    });

    onLoopback("a server that is not there", async () => {
      inject("Modal does not answer, or refuses");
      const error = await withEnv({ MODAL_SERVER_URL: "http://127.0.0.1:9" }, () => failure(new Chain(), { x: 1 }));
      expect(error.code).to.equal("UNREACHABLE");
    });

    onLoopback("a GPU that there is none of, no room, a secret that there is not", async () => {
      const gpu = await failure(new Chain(), { x: 1 }, { gpu: "A1000" });
      expect(gpu.code).to.equal("UNKNOWN_GPU");
      expect(gpu.message).to.contain("Unknown GPU type: A1000").and.to.contain("L40S");
      held.server.faults.create = { code: status.RESOURCE_EXHAUSTED, text: "no H100 is free" };
      inject("Modal has no more containers");
      const full = await failure(new Chain(), { x: 1 }, { gpu: "H100" });
      expect(full.code).to.equal("NO_CAPACITY");
      expect(full.message).to.contain("no H100 is free");
      held.server.faults.create = undefined;
      const secret = await failure(new Chain(), { x: 1 }, { secrets: ["unheard-of"] });
      expect(secret.code).to.equal("SECRET_NOT_FOUND");
      expect(secret.message).to.contain('the option secrets names a secret "unheard-of"');
    });

    const all = [
      ...[status.INVALID_ARGUMENT, status.NOT_FOUND, status.PERMISSION_DENIED, status.RESOURCE_EXHAUSTED],
      ...[status.FAILED_PRECONDITION, status.ABORTED, status.INTERNAL, status.UNAUTHENTICATED],
    ];
    const begins = { AppGetOrCreate: all, VolumeGetOrCreate: all, ImageGetOrCreate: all, SandboxCreateV2: all };
    const some = [status.NOT_FOUND, status.RESOURCE_EXHAUSTED, status.UNAUTHENTICATED];
    const goesOn = { TaskExecStart: some, TaskExecStdioRead: some, TaskExecStdinWrite: some };
    for (const [method, codes] of Object.entries({ ...begins, ...goesOn })) {
      onLoopback(`any error at ${method}: it has a code and advice, and nothing is left`, async () => {
        for (const code of codes) {
          held.server.faults.refuses = { [method]: code };
          inject("Modal does not answer, or refuses");
          const name = `refused-${method}-${code}`;
          const options = { app: name, volume: name, image: image().env({ NAME: name }), idleTimeoutMs: 5_000 };
          const error = await failure(new Chain(), { x: 1 }, options);
          const is = `${method} ${status[code]}: ${error.message}`;
          const codesThere = method in goesOn ? ["CONNECTION_LOST"] : CODES_AT_THE_BEGINNING;
          expect(codesThere, is).to.include(error.code);
          expect(error.advice, is).to.be.a("string");
          // The SDK has words of its own for a name that is not there.
          if (code !== status.NOT_FOUND) expect(error.message, is).to.contain(`${method} is refused`);
          await expectNothingLeft(held.server);
        }
      });
    }

    onLoopback("an image that is not built: with its commands and its log", async () => {
      inject("an image is not built, or has no Node for it");
      held.server.faults.build = {
        at: "no-such-package",
        log: ["Step 1: RUN apt-get", "E: Unable to locate package no-such-package"],
        exception: "RUN exited with code 100",
      };
      const error = await failure(new Chain(), { x: 1 }, { image: image().aptInstall("no-such-package") });
      expect(error.code).to.equal("IMAGE_FAILED");
      expect(error.message)
        .to.contain("E: Unable to locate package no-such-package")
        .and.to.contain("FROM node:22-slim")
        .and.to.contain("apt-get install -y --no-install-recommends no-such-package")
        .and.to.contain("RUN exited with code 100");
    });

    onLoopback("options that can't be: before anything is asked for", () => {
      held.server.forget();
      const message = (options: object) => {
        try {
          modal(options);
        } catch (error) {
          return (error as Error).message;
        }
        throw new Error("nothing was thrown");
      };
      expect(message({ gpu: "H100:abc" })).to.equal(
        'modal(...): the option gpu is "H100:abc". It takes the name of a GPU, and how many: "A10", "H100:2", "A100-80GB:4".',
      );
      expect(message({ gpu: "H100:2:x" })).to.contain("the option gpu");
      expect(message({ timeoutMs: 25 * 3_600_000 })).to.contain("24 hours less a minute");
      expect(message({ memoryMiB: 0.5 })).to.contain("whole mebibytes");
      expect(message({ cpus: 1 })).to.equal('modal(...): there is no option "cpus". Did you mean "cpu"?');
      expect(message({ env: { "A-B": "1" } })).to.contain("texts by names of letters, digits and _");
      expect(message({ env: { BIG: "x".repeat(200_000) } }))
        .to.contain('the option env is "BIG"')
        .and.to.contain("at most");
      expect(message({ volume: "" })).to.contain("the name of a volume");
      expect(message({ image: "node:22" })).to.contain("an image that image() creates");
      for (const gpu of ["A10G", "A10", "H100:2", "A100-80GB:4", "H100!", "B200+:8", "RTX-PRO-6000"]) modal({ gpu });
      expect(() => image().aptInstall("ffmpeg; rm -rf /")).to.throw("names of Debian packages");
      expect(() => image().npmInstall("$(id)")).to.throw("names of npm packages");
      expect(() => image().run("x".repeat(70_000))).to.throw("at most 65536 bytes");
      expect(held.server.calls).to.deep.equal([]);
    });

    onLoopback("values that can't travel, and stores", async () => {
      held.server.forget();
      const value = await failure(new Carried(), { value: { inside: [() => 1] } });
      expect(value.code).to.equal("UNSERIALISABLE");
      expect(value.message).to.contain("Carried.value: its inputs can't be sent to a container: at .inside[0], it is");
      const store = { get: async () => undefined, set: async () => true, delete: async () => true };
      const { keyv } = await import("../../src/index.js");
      const cache = await rejection<HypernodesError>(
        new Chain().run({ x: 1 }, { runOn: modal(), cache: keyv(store as never) }),
      );
      expect(cache.code).to.equal("CACHE_CANT_TRAVEL");
      expect(held.server.calls).to.deep.equal([]);
    });

    onLoopback("code that can't be bundled, or is in no module", async () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), "bundle-"));
      try {
        const index = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
        const file = path.join(folder, "broken.mjs");
        writeFileSync(path.join(folder, "package.json"), "{}");
        writeFileSync(
          file,
          `import { Pipeline, node } from ${JSON.stringify(index)};
export class Broken extends Pipeline { async lost() { return import("./not-there.mjs"); } }
node()(Broken.prototype, "lost", Object.getOwnPropertyDescriptor(Broken.prototype, "lost"));`,
        );
        const { Broken } = (await import(file)) as { Broken: new () => Pipeline };
        const error = await failure(new Broken(), {});
        expect(error.code).to.equal("NOT_BUNDLEABLE");
        expect(error.message)
          .to.contain("broken.mjs:2:")
          .and.to.contain('Could not resolve "./not-there.mjs"')
          .and.to.contain("image().npmInstall(name)");
      } finally {
        rmSync(folder, { recursive: true });
      }
      const inside = await failure(hidden(), { x: 1 });
      expect(inside.code).to.equal("NOT_IMPORTABLE");
      expect(inside.message).to.contain("that does not define the class").and.to.contain("move it to the top level");
    });

    onLoopback("one that never comes: it is looked for, and ended when it comes late", async () => {
      held.server.faults.startMs = 600;
      inject("a container starts late, or is never reported");
      held.server.forget();
      const { size } = held.server.boxes;
      const controller = new AbortController();
      void until(() => held.server.called("SandboxCreateV2").length > 0).then(() => controller.abort());
      const error = await rejection(
        new Chain().run({ x: 1 }, { runOn: modal({ app: "late" }), signal: controller.signal }),
      );
      expect(error).to.be.instanceOf(AbortError);
      await until(() => held.server.boxes.size > size && held.server.living.length === 0);
      expect(held.server.called("SandboxListV2").length).to.be.greaterThan(0);
      expect([...held.server.boxes.values()].at(-1)!.end).to.deep.include({ exitcode: 137 });
    });
  });

  describe("with one", () => {
    onLoopback("that was made, but never told of", async () => {
      held.server.faults.losesContainers = true;
      inject("a container starts late, or is never reported");
      const { size } = held.server.boxes;
      const controller = new AbortController();
      void until(() => held.server.boxes.size > size).then(() => controller.abort());
      const options = { runOn: modal({ app: "lost" }), signal: controller.signal };
      expect(await rejection(new Chain().run({ x: 1 }, options))).to.be.instanceOf(AbortError);
    });

    onLoopback("in which a package is missing", async () => {
      held.server.faults.installsNothing = true;
      const error = await failure(new Native(), {}, { image: image().env({ EMPTY: "1" }) });
      expect(error.code).to.equal("PACKAGE_MISSING");
      expect(error.message)
        .to.contain("the package cbor-extract is not installed")
        .and.to.contain('image: image().npmInstall("cbor-extract")');
    });
  });

  describe("while it works", () => {
    onLoopback("a node that fails: the same text as here, and its stack says where", async () => {
      const there = (await failure(new Failing(), { xs: [42] })) as NodeError;
      const here = await rejection<NodeError>(new Failing().run({ xs: [42] }));
      expect(there).to.be.instanceOf(NodeError);
      expect(there.message).to.equal(here.message);
      expect(there.cause).to.be.instanceOf(RangeError);
      const file = fileURLToPath(new URL("./pipelines/suite.ts", import.meta.url));
      const place = new RegExp(`${file}:(\\d+):`);
      const line = (error: Error) => place.exec(error.stack!)?.[1];
      expect(line(there.cause as Error))
        .to.equal(line(here.cause as Error))
        .and.not.to.equal(undefined);
    });

    onLoopback("a result that can't travel", async () => {
      const error = await failure(new Untransferable(), {});
      expect(error.code).to.equal("UNSERIALISABLE");
      expect(error.message).to.contain(
        "Untransferable.made: its value can't be sent from the container: at .inside.of, it is",
      );
      const reading = async () => {
        for await (const _ of new UntransferableEach().stream({ x: [1] }, { over: "x", runOn: modal() }));
      };
      const streamed = await rejection(reading());
      expect(streamed.message).to.contain(
        "UntransferableEach.made[1]: its value can't be sent from the container: it is",
      );
    });

    onLoopback("a process that exits, throws where nobody catches, or runs out of memory", async () => {
      inject("an element ends its process in a container", 4);
      const exit = await failure(new Leaving(), { how: "exit" });
      expect(exit.code).to.equal("CONTAINER_PROCESS_ENDED");
      expect(exit.message).to.contain("ended with exit code 7").and.to.contain("process.exit()");
      const thrown = await failure(new Leaving(), { how: "throw" });
      expect(thrown.message).to.contain("nobody caught this");
      const killed = await failure(new Leaving(), { how: "kill" });
      expect(killed.code).to.equal("OUT_OF_MEMORY");
      expect(killed.message).to.contain("modal({ memoryMiB })");
      const heap = await failure(new Leaving(), { how: "heap" }, { env: { NODE_OPTIONS: "--max-old-space-size=60" } });
      expect(heap.code).to.equal("OUT_OF_MEMORY");
      expect(heap.message).to.contain("Node's heap was full");
    });

    /** Whether so much was said to a process that has begun: an earlier container may be told something late. */
    const isTalking = (writes: number) =>
      held.server.called("TaskExecStart").length > 0 && held.server.called("TaskExecStdinWrite").length >= writes;

    onLoopback("a container that is ended: by Modal's limit, for memory, by anybody", async () => {
      const ended = async (end: { status: number; exitcode: number; exception?: string }) => {
        const timer = setInterval(() => isTalking(1) && held.server.endAll(end), 50);
        held.server.forget();
        try {
          return await failure(new Slow(), { ms: 30_000, times: [1] });
        } finally {
          clearInterval(timer);
        }
      };
      inject("a container runs out of memory, or of time", 2);
      inject("a container is taken away");
      const timeout = await ended({ status: 4, exitcode: 124 });
      expect(timeout.code).to.equal("CONTAINER_TIMEOUT");
      const memory = await ended({ status: 8, exitcode: 137, exception: "evicted for memory" });
      expect(memory.code).to.equal("OUT_OF_MEMORY");
      expect(memory.message).to.contain("evicted for memory");
      const lost = await ended({ status: 3, exitcode: 137 });
      expect(lost.code).to.equal("CONTAINER_LOST");
    });

    onLoopback("a container that is ended before anything has begun in it", async () => {
      held.server.faults.endsAtExec = { status: 3, exitcode: 137 };
      inject("a container is taken away", 2);
      held.server.forget();
      const error = await failure(new Chain(), { x: 1 });
      expect(error.code).to.equal("CONTAINER_LOST");
      expect(held.server.called("SandboxCreateV2")).to.have.length(2);
    });

    onLoopback("a run that takes longer than it may", async () => {
      inject("a container runs out of memory, or of time");
      const error = await failure(new Slow(), { ms: 30_000, times: [1] }, { timeoutMs: 800 });
      expect(error.code).to.equal("CONTAINER_TIMEOUT");
      expect(error.message).to.contain("longer than the 0.8 seconds").and.to.contain("modal({ timeoutMs })");
    });

    onLoopback("a connection that is cut goes on where it was, byte for byte", async () => {
      const value = new Uint8Array(8 * 1024 * 1024).map((_, i) => (i * 31) % 251);
      held.server.faults.cutAfter = { bytes: 1024 * 1024, times: 3 };
      const { same } = await new Carried().run({ value }, { runOn: modal() });
      expect(Buffer.compare(Buffer.from(same as Uint8Array), Buffer.from(value))).to.equal(0);
      expect(held.server.faults.cutAfter.times).to.equal(0);
      inject("the stream of results is cut", 3);
    });

    onLoopback("a connection that is lost for good", async () => {
      inject("a stream to or from a container breaks for good");
      const timer = setInterval(() => {
        if (isTalking(2)) held.server.faults.isRouterDown = true;
      }, 50);
      held.server.forget();
      try {
        const error = await failure(new Slow(), { ms: 30_000, times: [1] }, { idleTimeoutMs: 2_000 });
        expect(error.code).to.equal("CONNECTION_LOST");
      } finally {
        clearInterval(timer);
      }
    });

    onLoopback("a container that is lost is tried once more, if what it computes is remembered", async () => {
      let ended = 0;
      inject("a container is taken away", 2);
      const options = { runOn: modal({ volume: "tried" }) };
      const inputs = { xs: [7, 8] };
      const onEvent = ({ type, phase }: { type: string; phase: string }) => {
        if (type === "element" && phase === "start" && ended++ === 0) held.server.endAll({ status: 3, exitcode: 137 });
      };
      held.server.forget();
      expect(await new SlowlyRemembered().run(inputs, { ...options, onEvent })).to.deep.equal({ squares: [49, 64] });
      expect(held.server.called("SandboxCreateV2")).to.have.length(2);
      ended = 0;
      const error = await rejection<HypernodesError>(
        new Slow().run({ ms: 30_000, times: [1] }, { runOn: modal(), onEvent }),
      );
      expect(error.code).to.equal("CONTAINER_LOST");
    });

    onLoopback("bytes that are damaged, and another version of the protocol", async () => {
      inject("bytes are damaged in transit, or of another protocol version", 2);
      held.server.faults.tamper = (bytes) => {
        const damaged = Buffer.from(bytes);
        if (damaged.length > 400) damaged[300]! ^= 1;
        return damaged;
      };
      const damaged = await failure(new Carried(), { value: new Uint8Array(10_000) });
      expect(damaged.code).to.equal("BAD_FRAME");
      held.server.faults.tamper = (bytes) => {
        const other = Buffer.from(bytes);
        if (other[0] === 0x68) other[2] = 9;
        return other;
      };
      const other = await failure(new Chain(), { x: 1 });
      expect(other.code).to.equal("OTHER_PROTOCOL");
      expect(other.message).to.contain("uses version 9 of the protocol, and this process version 1");
    });

    onLoopback("nodes that write to file descriptors harm nothing", async () => {
      const text = await printed(async () => {
        expect(await new Scribbling().run({}, { runOn: modal() })).to.deep.equal({ scribbled: "done" });
      });
      expect(text).to.contain("modal | a line in two parts\n").and.to.contain("modal | nor this\n");
    });

    onLoopback("an abort: nodes hear of it, and the container is ended", async () => {
      const controller = new AbortController();
      const kinds: string[] = [];
      const running = new Slow().run(
        { ms: 30_000, times: [1] },
        {
          runOn: modal(),
          signal: controller.signal,
          onEvent: ({ type, phase }) => {
            kinds.push(`${type} ${phase}`);
            if (type === "element") controller.abort(new Error("enough"));
          },
        },
      );
      const error = await rejection(running);
      expect(error).to.be.instanceOf(AbortError);
      expect(error.message).to.equal("Slow: the run was aborted");
      expect((error.cause as Error).message).to.equal("enough");
      expect(kinds.at(-1)).to.equal("run failed");
    });

    onLoopback("a stream that nobody reads any more", async () => {
      for await (const result of new Chain().stream({ x: [1, 2, 3] }, { over: "x", runOn: modal() })) {
        expect(result).to.have.property("sum");
        break;
      }
    });

    onLoopback("a stream whose source throws", async () => {
      const source = function* () {
        yield 1;
        throw new RangeError("the source is dry");
      };
      const reading = (async () => {
        for await (const _ of new Chain().stream({ x: source() }, { over: "x", runOn: modal() }));
      })();
      expect((await rejection(reading)).message).to.contain("the source is dry");
    });

    onLoopback("a memory store is remembered in the container alone", async () => {
      expect(await new Chain().run({ x: 2 }, { runOn: modal(), cache: memory() })).to.include({ sum: 10 });
    });
  });

  describe("this process", () => {
    function client(...args: string[]): ChildProcess & { readonly text: () => string } {
      const file = fileURLToPath(new URL("./pipelines/slow-client.ts", import.meta.url));
      const child = spawn(process.execPath, [...LOADER, file, ...args], { env: process.env, stdio: "pipe" });
      let text = "";
      for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (piece) => (text += piece));
      return Object.assign(child, { text: () => text });
    }

    async function underWay(child: ReturnType<typeof client>): Promise<void> {
      while (!child.text().includes("under way")) {
        expect(child.exitCode, child.text()).to.equal(null);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }

    onLoopback("ends it at Ctrl-C, and then itself", async () => {
      const child = client();
      await underWay(child);
      child.kill("SIGINT");
      inject("a signal to a container's client");
      const [, signal] = await once(child, "exit");
      expect(signal).to.equal("SIGINT");
      expect(held.server.living).to.deep.equal([]);
    });

    onLoopback("is gone: the container hears nothing of it, and ends by itself", async () => {
      const child = client();
      await underWay(child);
      child.kill("SIGKILL");
      inject("a client is killed, or stopped, while it has a container");
      await once(child, "exit");
      expect(held.server.living).to.have.length(1);
    });

    for (const kept of ["warm", "open"]) {
      onLoopback(`is not held up by a container that is kept, and ends it: ${kept}`, async () => {
        const child = client(kept);
        const [code] = await once(child, "exit");
        expect(child.text()).to.contain("done 2");
        expect(code).to.equal(0);
        expect(held.server.living).to.deep.equal([]);
      });
    }

    onLoopback("keeps its container while it is being opened, however long that takes", async () => {
      held.server.faults.startMs = 1_000;
      const child = client("open");
      const [code] = await once(child, "exit");
      expect(child.text()).to.contain("done 2");
      expect(code).to.equal(0);
      expect(held.server.living).to.deep.equal([]);
    });
  });
});

describe("frames", () => {
  it("come out as they went in, however the bytes are cut", () => {
    const frames = [
      jsonFrame(FrameKind.run, 7, { bytes: 3 }),
      frame(FrameKind.bytes, 7, Uint8Array.of(1, 2, 3)),
      frame(FrameKind.alive, 0, new Uint8Array()),
      frame(FrameKind.bytes, 9, new Uint8Array(70_000).fill(5)),
    ];
    const all = Buffer.concat(frames);
    for (const size of [1, 3, 16, 17, 1000, all.length]) {
      const reader = new FrameReader();
      const found: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += size) {
        for (const each of reader.push(all.subarray(at, at + size))) found.push(Buffer.from(each.bytes));
      }
      expect(Buffer.concat(found).equals(all), `pieces of ${size}`).to.equal(true);
      expect(found).to.have.length(4);
    }
  });
});
