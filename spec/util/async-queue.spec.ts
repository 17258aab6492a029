import { expect } from "chai";
import fc from "fast-check";
import { AsyncQueue } from "../../src/util/async-queue.js";
import { rejection } from "../support/rejection.js";

type Outcome = { value: number } | { error: unknown } | "done" | "waiting";

/** Begins to take a value. @returns an object whose outcome changes when that has settled. */
function take(queue: AsyncQueue<number>): { outcome: Outcome } {
  const taken: { outcome: Outcome } = { outcome: "waiting" };
  queue.next().then(
    ({ done, value }) => {
      taken.outcome = done ? "done" : { value: value! };
    },
    (error: unknown) => {
      taken.outcome = { error };
    },
  );
  return taken;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

const PRODUCER_OR_CONSUMER = fc.constantFrom("push", "push", "push", "next", "next", "shift", "tick");

describe("a queue between producers and consumers", () => {
  it("gives the values in order, then the error once, then the end, however both sides interleave", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(PRODUCER_OR_CONSUMER, { maxLength: 40 }),
        fc.constantFrom("open", "close", "fail"),
        fc.array(PRODUCER_OR_CONSUMER, { maxLength: 20 }),
        async (before, end, after) => {
          const queue = new AsyncQueue<number>();
          const pushed: number[] = [];
          const taken: { outcome: Outcome }[] = [];
          const error = new Error("the producer failed");
          let next = 0;
          const play = async (operations: readonly string[], isOpen: boolean) => {
            for (const operation of operations) {
              if (operation === "tick") await settled();
              else if (operation === "next") taken.push(take(queue));
              else if (operation === "shift") {
                const value = queue.shift();
                if (value !== undefined) taken.push({ outcome: { value } });
              } else {
                queue.push(next);
                if (isOpen) pushed.push(next);
                next++;
              }
            }
          };
          await play(before, true);
          if (end === "close") queue.close();
          if (end === "fail") queue.fail(error);
          await play(after, end === "open");
          await settled();
          const expected = taken.map((_, i): Outcome => {
            if (i < pushed.length) return { value: pushed[i]! };
            if (end === "open") return "waiting";
            return end === "fail" && i === pushed.length ? { error } : "done";
          });
          expect(taken.map(({ outcome }) => outcome)).to.deep.equal(expected);
          expect(queue.size).to.equal(Math.max(0, pushed.length - taken.length));
        },
      ),
    );
  });

  it("asks the producer for a value only when a consumer waits, so that nothing is buffered", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean()), fc.array(fc.boolean()), async (consumers, delays) => {
        let asked = 0;
        const queue = new AsyncQueue<number>(() => {
          const value = asked++;
          const push = () => {
            queue.push(value);
            expect(queue.size).to.equal(0);
          };
          if (delays[value] === true) setImmediate(push);
          else push();
        });
        const taken: { outcome: Outcome }[] = [];
        for (const isNext of consumers) {
          if (isNext) taken.push(take(queue));
          else await settled();
        }
        await settled();
        expect(asked).to.equal(taken.length);
        const values = taken.map(({ outcome }) => (outcome as { value: number }).value);
        expect(values.sort((one, other) => one - other)).to.deep.equal(values.map((_, i) => i));
        queue.close();
        expect(await queue.next()).to.deep.equal({ done: true, value: undefined });
        expect(asked).to.equal(taken.length);
      }),
    );
  });

  it("discards what a consumer leaves, and what comes later", async () => {
    for (const isFailed of [false, true]) {
      const queue = new AsyncQueue<number>();
      for (const value of [1, 2, 3]) queue.push(value);
      if (isFailed) queue.fail(new Error("the producer failed"));
      for await (const value of queue) {
        expect(value).to.equal(1);
        break;
      }
      queue.push(4);
      expect(queue.size).to.equal(0);
      expect(await queue.next()).to.deep.equal({ done: true, value: undefined });
    }
  });

  it("ends the waits of an abandoned consumer", async () => {
    const queue = new AsyncQueue<number>();
    const waits = [take(queue), take(queue)];
    await queue.return();
    await settled();
    expect(waits.map(({ outcome }) => outcome)).to.deep.equal(["done", "done"]);
  });

  it("keeps an error for its consumer: nothing is reported as unhandled", async () => {
    const queue = new AsyncQueue<number>();
    const error = new Error("the producer failed");
    queue.fail(error);
    queue.fail(new Error("a later one"));
    queue.close();
    await settled();
    expect(await rejection(queue.next())).to.equal(error);
    expect(await queue.next()).to.deep.equal({ done: true, value: undefined });
  });
});
