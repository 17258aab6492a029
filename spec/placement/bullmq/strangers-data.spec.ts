import path from "node:path";
import { expect } from "chai";
import type { BullmqOptions, HypernodesError, RunEvent } from "../../../src/index.js";
import { inject } from "../../support/faults.js";
import { heldYard, until } from "../../support/workers.js";
import { Slowly } from "./pipelines/queued.js";

const ANY = ["null", "5", '"x"', "[]", "{}", "{"];
const EVENTS = [
  '{"events":5}',
  '{"events":[null]}',
  '{"attempt":"a","worker":"worker-00000000","events":[{"type":"x"}]}',
];
const RETURNS = [
  '{"kind":"crashed"}',
  '{"kind":"rejected"}',
  '{"kind":"rejected","error":{"code":7}}',
  '{"kind":"completed","worker":7}',
];
const OUTPUT = [
  '{"worker":5,"stream":"__proto__","text":"x"}',
  '{"worker":"worker-00000000","stream":"stdout","text":7}',
  '{"worker":"\\u001b[2J","stream":"stdout","text":"x"}',
];

describe("what a stranger leaves in Redis, where there is no key @slow", function () {
  this.timeout(120_000);
  const held = heldYard();

  /** A run of some chunks, and its first one in progress. */
  const begin = async (options: BullmqOptions, onEvent?: (event: RunEvent) => void) => {
    const { yard, folder } = held;
    const queue = yard.queue();
    const worker = await yard.worker(queue, "--concurrency", "1");
    const input = { xs: [1, 2, 3, 4], ms: 1_000, file: path.join(folder, queue) };
    const outcome = new Slowly().run(input, { ...yard.maps(queue, options), ...(onEvent && { onEvent }) }).then(
      ({ squares }) => squares,
      (error: HypernodesError) => error,
    );
    const of = (name: string) => `hypernodes:${queue}:${name}`;
    const first = async () => (await yard.redis.lrange(of("active"), 0, 0))[0];
    await until(async () => (await first()) !== undefined);
    const run = (await yard.redis.keys(of("run:*")))[0]!.split(":run:")[1]!;
    return { outcome, worker, of, run, id: (await first())! };
  };

  it("is ignored if it has not the form of what workers leave (table)", async () => {
    const logs: RunEvent[] = [];
    const { outcome, worker, of, run, id } = await begin({ logs: true }, (event) => {
      if (event.type === "container" && event.phase === "log") logs.push(event);
    });
    const { redis } = held.yard;
    const add = (event: string, field: string, text: string) =>
      redis.xadd(of("events"), "*", "event", event, "jobId", id, field, text);
    // What is no JSON ends BullMQ's reading of events: it is last, and results are asked for.
    for (const text of [...EVENTS, ...ANY]) await add("progress", "data", text);
    for (const text of [...RETURNS, ...ANY]) await add("completed", "returnvalue", text);
    for (const text of [...OUTPUT, ...ANY]) await redis.rpush(of(`output:${run}`), text);
    inject(
      "someone else writes jobs, code or results",
      EVENTS.length + RETURNS.length + OUTPUT.length + 3 * ANY.length,
    );
    expect(await outcome).to.deep.equal([1, 4, 9, 16]);
    expect(logs).to.deep.equal([]);
    await worker.end();
  });

  for (const name of ["events", "meta", "workers", "run", "results", "output"]) {
    it(`ends the run with a code and advice, and never leaves it waiting, if it is in place of "${name}"`, async () => {
      const { outcome, worker, of, run } = await begin({ logs: true, patienceMs: 8_000 });
      const key = of(["run", "results", "output"].includes(name) ? `${name}:${run}` : name);
      // The mark of a run is the only text.
      const stranger = held.yard.redis.multi().del(key);
      await (name === "run" ? stranger.rpush(key, "x") : stranger.set(key, "x")).exec();
      inject("someone else writes jobs, code or results");
      const error = (await outcome) as HypernodesError;
      // Workers can't hand over results, or clients can't read; or the queue itself gives no work.
      const codes = name === "results" ? ["WORKER_FAILED", "REDIS_REFUSES"] : ["REDIS_REFUSES", "NO_WORKERS"];
      expect(error.code, String(error)).to.be.oneOf(codes);
      expect(error.advice).to.be.a("string");
      await worker.end("SIGKILL");
    });
  }
});
