import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { bullmq } from "../../../src/index.js";
import { startRedis } from "../../support/redis.js";
import { rejection } from "../../support/rejection.js";
import { begunIn, startWorker, until } from "../../support/workers.js";
import { Slowly } from "./pipelines/queued.js";

/** Milliseconds from the end of Redis to the signal to the worker; negative: the worker's comes first. */
const DELAYS = [-700, -20, -1, 0, 1, 5, 20, 100, 700];
const QUEUE = "closing";

describe("a worker and its Redis that are ended together @slow", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "closing-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (const isBusy of [false, true]) {
      const doing = isBusy ? "computes" : "waits for work";
      it(`both end, whichever comes first: ${signal} to Redis while the worker ${doing} (table)`, async function () {
        const codes = await Promise.all(
          DELAYS.map(async (delay) => {
            const redis = await startRedis();
            if (redis === undefined) return undefined;
            const worker = await startWorker(redis.url, QUEUE, { more: ["--concurrency", "1", "--stall", "2s"] });
            let running: Promise<unknown> | undefined;
            if (isBusy) {
              const file = path.join(folder, `${signal}${delay}`);
              const maps = bullmq({ connection: redis.url, queue: QUEUE, journal: false, patienceMs: 1_000 });
              running = rejection(new Slowly().run({ xs: [1, 2], ms: 1_500, file }, { execution: { maps } }));
              await until(() => begunIn(file).length > 0);
            }
            const later = async (ms: number, end: () => Promise<void>) => {
              await sleep(Math.max(0, ms));
              await end();
            };
            await Promise.all([later(-delay, () => redis.stop(signal)), later(delay, () => worker.end())]);
            await running;
            return worker.child.exitCode === 0 ? 0 : worker.said();
          }),
        );
        if (codes.includes(undefined)) this.skip();
        // Of one that has failed, what it said.
        expect(codes).to.deep.equal(DELAYS.map(() => 0));
      });
    }
  }
});
