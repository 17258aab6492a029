import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { Redis } from "ioredis";
import { bullmq, type HypernodesError } from "../../../src/index.js";
import { isTransient, replyError } from "../../../src/placement/bullmq/redis-connection.js";
import { LOADER } from "../../support/execute.js";
import { inject } from "../../support/faults.js";
import { type RedisServer, startRedis } from "../../support/redis.js";
import { rejection } from "../../support/rejection.js";
import { begunIn, heldYard, startWorker, until, type WorkerProcess } from "../../support/workers.js";
import { Weighty } from "./pipelines/queued.js";

const HINT = "hypernodes resume";
const reply = (message: string) => Object.assign(new Error(message), { name: "ReplyError" });

describe("a reply of Redis", () => {
  it("is an error with a code and advice, or one after which it is tried again (table)", () => {
    const codes: readonly [string, string, RegExp][] = [
      ["OOM command not allowed when used memory > 'maxmemory'.", "REDIS_FULL", /maxmemory.*values/],
      ["MISCONF Redis is configured to save RDB snapshots, but it's currently unable to", "REDIS_FULL", /disk/],
      ["READONLY You can't write against a read only replica.", "REDIS_REFUSES", /primary/],
      ["NOPERM User x has no permissions to run the 'set' command", "REDIS_REFUSES", /ACL SETUSER/],
      ["NOAUTH Authentication required.", "REDIS_REFUSES", /password/],
      ["WRONGPASS invalid username-password pair or user is disabled.", "REDIS_REFUSES", /password/],
      ["ERR DB index is out of range", "REDIS_REFUSES", /database/],
      ["WRONGTYPE Operation against a key holding the wrong kind of value", "REDIS_REFUSES", /version/],
      ["ERR unknown command 'LPOP'", "REDIS_REFUSES", /version/],
      ["something else", "REDIS_REFUSES", /version/],
    ];
    for (const [message, code, advice] of codes) {
      const error = replyError("redis://me:s3cret@host:1", "Corpus.words", reply(message))!;
      expect([error.code, error.where]).to.deep.equal([code, "Corpus.words"]);
      expect(error.message).to.contain(message).and.to.match(advice).and.not.to.contain("s3cret");
      expect(isTransient(reply(message)), message).to.equal(false);
    }
    for (const word of ["LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"])
      expect(isTransient(reply(`${word} Redis is …`)), word).to.equal(true);
    expect(replyError("redis://host", "x", new Error("OOM in user code"))).to.equal(undefined);
  });
});

describe("a Redis that fails under a run @slow", () => {
  const held = heldYard();
  let server: RedisServer;
  let redis: Redis;
  let worker: WorkerProcess;
  let file: string;
  let count = 0;
  const texts = Array.from({ length: 40 }, (_, i) => "x".repeat(40_000 + i));
  const expected = texts.map(({ length }) => length + 5_000);

  beforeEach(async () => {
    server = (await startRedis())!;
    redis = new Redis(server.url, { maxRetriesPerRequest: null });
    redis.on("error", () => {});
    worker = await startFaults();
    file = path.join(held.folder, `faults-${++count}`);
  });
  afterEach(async () => {
    await worker?.end();
    redis?.disconnect();
    await server?.stop();
  });

  const startFaults = () => startWorker(server.url, "faults", { more: ["--concurrency", "1", "--stall", "2s"] });

  const run = (options = {}) => {
    const maps = bullmq({ connection: server.url, queue: "faults", journal: false, ...options });
    return new Weighty().run({ texts, table: new Float64Array(5_000), ms: 100, file }, { execution: { maps } });
  };
  const begun = (n: number) => until(() => begunIn(file).length >= n);
  const drop = async (pattern: RegExp) => {
    const keys = (await redis.keys("*")).filter((key) => pattern.test(key));
    if (keys.length > 0) await redis.del(...keys);
  };

  const losses: Readonly<Record<string, () => Promise<unknown>>> = {
    everything: () => redis.flushall(),
    "that the run is wanted": () => drop(/:run:/),
    "code and values": () => drop(/:blob:/),
    "code and values before a worker has them": async () => {
      await worker.end();
      await drop(/:blob:/);
      worker = await startFaults();
    },
    "its jobs": () => drop(/^hypernodes:faults:(?!blob|run|results)/),
    "its results": () => drop(/:results:/),
    "the process": async () => {
      await server.stop("SIGKILL");
      server = (await startRedis("--port", String(server.port)))!;
    },
  };
  for (const [what, lose] of Object.entries(losses)) {
    it(`costs no result when it loses ${what}`, async () => {
      const running = run();
      await begun(5);
      await lose();
      await begun(12);
      await lose();
      inject("Redis loses its data", 2);
      expect((await running).all).to.deep.equal(expected);
    });
  }

  it("ends the run that it loses again and again, with what to do", async () => {
    const running = rejection<HypernodesError>(run({ patienceMs: 60_000 }));
    await begun(2);
    const losing = setInterval(() => {
      void redis.flushall();
      inject("Redis loses its data");
    }, 20);
    try {
      const error = await running;
      expect(error.code).to.equal("REDIS_DATA_LOST");
      expect(error.message).to.contain(HINT).and.to.contain("noeviction");
    } finally {
      clearInterval(losing);
    }
  });

  it("ends the run when it is full, or takes no writes, with what to do", async () => {
    const faults = [
      [["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"], "REDIS_FULL", "maxmemory"],
      [["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], "REDIS_REFUSES", "primary"],
    ] as const;
    for (const [[begin, ...rest], [end, ...after], code, advice] of faults) {
      const before = begunIn(file).length;
      const running = rejection<HypernodesError>(run());
      await begun(before + 3);
      await redis.call(begin, ...rest);
      inject("Redis is full, or refuses writes");
      const error = await running;
      expect(error.code).to.equal(code);
      expect(error.message).to.contain(advice).and.to.contain(HINT);
      await redis.call(end, ...after);
    }
    // The worker has said so, and works again.
    expect((await run()).all).to.deep.equal(expected);
  });

  it("ends a worker that it refuses work for longer than its patience, and no other (table)", async () => {
    const faults = [
      [["SET", "hypernodes:refused:meta", "x"], ["DEL", "hypernodes:refused:meta"], "WRONGTYPE"],
      [["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"], "maxmemory"],
      [["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], "primary"],
    ] as const;
    const patient = await startWorker(server.url, "refused", { more: ["--patience", "1h"] });
    for (const [[begin, ...rest], [end, ...after], reason] of faults) {
      const impatient = await startWorker(server.url, "refused", { more: ["--patience", "1s"] });
      const ended = new Promise((resolve) => impatient.child.once("exit", resolve));
      await redis.call(begin, ...rest);
      inject("Redis is full, or refuses writes");
      expect(await ended).to.equal(1);
      expect(impatient.said()).to.contain(reason);
      await redis.call(end, ...after);
    }
    expect(patient.child.exitCode).to.equal(null);
    await patient.end();
  });

  it("ends a worker after its patience", async () => {
    const impatient = await startWorker(server.url, "other", { more: ["--patience", "1s"] });
    const ended = new Promise((resolve) => impatient.child.once("exit", resolve));
    await server.stop();
    inject("Redis is lost and does not return");
    expect(await ended).to.equal(1);
    expect(impatient.said()).to.contain("did not answer for 1 seconds").and.to.contain("--patience");
    server = (await startRedis("--port", String(server.port)))!;
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    for (const how of ["a program", "the command"] as const) {
      it(`is left clean by ${how} that ${signal} ends`, async () => {
        const client = start(how);
        await begun(3);
        const ended = new Promise((resolve) => client.once("exit", (code, by) => resolve(by ?? code)));
        client.kill(signal);
        inject("a signal to a queue's client");
        expect(await ended).to.be.oneOf([signal, 130, 143, 129]);
        const left = await redis.keys("hypernodes:faults:*");
        expect(left.filter((key) => /:(?:run|results|printed):/.test(key))).to.deep.equal([]);
        expect(await redis.llen("hypernodes:faults:wait")).to.equal(0);
        // What had begun is stopped, too.
        await sleep(1_500);
        const then = begunIn(file).length;
        await sleep(500);
        expect(begunIn(file).length).to.equal(then);
      });
    }
  }

  /** A client in a process of its own. */
  function start(how: "a program" | "the command"): ChildProcess {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const env = { ...inherited, HYPERNODES_CLI_STARTED: "1" };
    const journal = path.join(held.folder, `journal-${count}`);
    const program = ["spec/placement/bullmq/pipelines/client.ts", server.url, "faults", file, "1000", journal];
    const inputs = [
      "--input",
      `xs=${JSON.stringify([...Array(1_000).keys()])}`,
      "--input",
      "ms=20",
      "--input",
      `file=${file}`,
    ];
    const maps = `bullmq:connection=${server.url},queue=faults,journal=${journal}`;
    const command = [
      "src/cli/main.ts",
      "run",
      "spec/placement/bullmq/pipelines/queued.ts#Slowly",
      ...inputs,
      "--maps",
      maps,
    ];
    const args = how === "a program" ? program : command;
    return spawn(process.execPath, [...LOADER, ...args], { stdio: ["ignore", "ignore", "ignore"], env });
  }
});
