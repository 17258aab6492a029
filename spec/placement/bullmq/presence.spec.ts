import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "chai";
import { inject } from "../../support/faults.js";
import { withClockSet } from "../../support/set-clock.js";
import { heldYard, startWorker } from "../../support/workers.js";
import { Queued, Slowly } from "./pipelines/queued.js";

const HOUR_MS = 3_600_000;
const WRONG_CLOCK = pathToFileURL(fileURLToPath(new URL("../../support/wrong-clock.mjs", import.meta.url))).href;

describe("the workers of a queue that are there @slow", () => {
  const held = heldYard();
  const xs = Array.from({ length: 12 }, (_, i) => i);
  const squares = xs.map((x) => x * x);

  for (const wrongMs of [-HOUR_MS, -6_000, HOUR_MS]) {
    it(`count by the clock of Redis, though theirs is wrong by ${wrongMs} ms`, async () => {
      const { yard, folder } = held;
      const queue = yard.queue();
      const right = await yard.worker(queue, "--concurrency", "1");
      const env = { WRONG_CLOCK_MS: String(wrongMs), NODE_OPTIONS: `--import=${WRONG_CLOCK}` };
      const wrong = await startWorker(yard.url, queue, { more: ["--concurrency", "1"], env });
      inject("a machine's clock is wrong, or is set during a run");
      expect(await yard.redis.zcard(`hypernodes:${queue}:workers`)).to.equal(2);
      await right.end();
      const file = path.join(folder, `wrong${wrongMs}`);
      // It would be given up in two seconds.
      const maps = yard.maps(queue, { patienceMs: 2_000 });
      expect(await new Slowly().run({ xs, ms: 300, file }, maps)).to.deep.equal({ squares });
      await wrong.end();
    });
  }

  for (const setMs of [HOUR_MS, -HOUR_MS]) {
    it(`are there though the client's clock is set by ${setMs} ms in mid-run`, async () => {
      const { yard, folder } = held;
      const queue = yard.queue();
      const worker = await yard.worker(queue, "--concurrency", "1");
      const file = path.join(folder, `set${setMs}`);
      inject("a machine's clock is wrong, or is set during a run");
      const running = Promise.resolve(new Slowly().run({ xs, ms: 300, file }, yard.maps(queue, { patienceMs: 2_000 })));
      expect(await withClockSet(setMs, () => running)).to.deep.equal({ squares });
      await worker.end();
    });
  }

  it("are those that write what workers write: a run does not wait for others", async () => {
    const { yard } = held;
    const queue = yard.queue();
    const worker = await yard.worker(queue, "--concurrency", "1");
    for (const entry of ["", "evil", "evil NaN", "evil -5", "worker-00000000 0", "worker-00000000 Infinity", "a b c"]) {
      inject("someone else writes jobs, code or results");
      await yard.redis.zadd(`hypernodes:${queue}:workers`, String(Date.now() + HOUR_MS), entry);
    }
    const many = `worker-00000000 ${"9".repeat(400)}`;
    await yard.redis.zadd(`hypernodes:${queue}:workers`, String(Date.now() + HOUR_MS), many);
    const all = Array.from({ length: 500 }, (_, i) => i);
    const { sum } = await new Queued().run({ xs: all }, yard.maps(queue));
    expect(sum).to.equal(3 * all.reduce((a, b) => a + b));
    await worker.end();
  });
});
