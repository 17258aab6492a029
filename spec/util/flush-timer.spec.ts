import { mock } from "node:test";
import { expect } from "chai";
import fc from "fast-check";
import { FlushTimer } from "../../src/util/flush-timer.js";

const DELAY_MS = 100;

/** An entry comes, time passes with timers, or code blocks the event loop: time passes without them. */
const STEP = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), isFull: fc.constantFrom(false, false, false, true) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 150 }) }),
  fc.record({ kind: fc.constant("block" as const), ms: fc.integer({ min: 1, max: 150 }) }),
  fc.record({ kind: fc.constant("reset" as const) }),
);

interface Entry {
  readonly id: number;
  readonly addedAt: number;
}

/** Plays some steps. @returns what was flushed together, and when; and what was not flushed. */
function play(steps: readonly (typeof STEP extends fc.Arbitrary<infer S> ? S : never)[], isEager: boolean) {
  let now = 1_000;
  let gathered: Entry[] = [];
  const flushes: { readonly entries: readonly Entry[]; readonly at: number }[] = [];
  const discarded: Entry[] = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  const clock = mock.method(performance, "now", () => now);
  try {
    const timer = new FlushTimer(
      DELAY_MS,
      () => {
        flushes.push({ entries: gathered, at: now });
        gathered = [];
      },
      isEager,
    );
    let id = 0;
    for (const step of steps) {
      if (step.kind === "add") {
        gathered.push({ id: id++, addedAt: now });
        timer.add(step.isFull);
        if (step.isFull) expect(gathered).to.deep.equal([]);
      } else if (step.kind === "reset") {
        discarded.push(...gathered);
        gathered = [];
        timer.reset();
      } else if (step.kind === "block") now += step.ms;
      else {
        for (let i = 0; i < step.ms; i++) {
          now++;
          mock.timers.tick(1);
        }
      }
    }
    return { flushes, gathered, discarded, count: id };
  } finally {
    clock.mock.restore();
    mock.timers.reset();
  }
}

describe("gathered entries", () => {
  it("are each flushed once, in order, and none that was discarded", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 60 }), fc.boolean(), (steps, isEager) => {
        const { flushes, gathered, discarded, count } = play([...steps, { kind: "wait", ms: DELAY_MS }], isEager);
        expect(gathered).to.deep.equal([]);
        for (const { entries } of flushes) expect(entries).to.not.deep.equal([]);
        const flushed = flushes.flatMap(({ entries }) => entries.map(({ id }) => id));
        expect(flushed).to.deep.equal([...flushed].sort((one, other) => one - other));
        expect([...flushed, ...discarded.map(({ id }) => id)].sort((one, other) => one - other)).to.deep.equal(
          Array.from({ length: count }, (_, i) => i),
        );
      }),
    );
  });

  it("wait no longer than the delay, as long as timers run", () => {
    const steps = fc.array(
      STEP.filter(({ kind }) => kind !== "block"),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, fc.boolean(), (each, isEager) => {
        for (const { entries, at } of play(each, isEager).flushes) {
          for (const { addedAt } of entries) expect(at - addedAt).to.be.at.most(DELAY_MS);
        }
      }),
    );
  });

  it("that are due are flushed with the next one, while code lets no timer run", () => {
    const steps = fc.array(
      STEP.filter(({ kind }) => kind === "block" || kind === "add"),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, fc.boolean(), (each, isEager) => {
        const { flushes, gathered } = play(each, isEager);
        // Nothing but the entry that flushes them comes so late.
        const kept = [...flushes.map(({ entries }) => entries.slice(0, -1)), gathered];
        for (const entries of kept) {
          for (const { addedAt } of entries) expect(addedAt - entries[0]!.addedAt).to.be.below(DELAY_MS);
        }
      }),
    );
  });

  it("go together: there is at most one flush for each delay, unless they are full", () => {
    const steps = fc.array(
      STEP.filter((step) => step.kind !== "add" || !step.isFull),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, fc.boolean(), (each, isEager) => {
        const times = play(each, isEager).flushes.map(({ at }) => at);
        for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).to.be.at.least(DELAY_MS);
      }),
    );
  });

  it("go at once after a pause if that is wanted, and else wait for others", () => {
    const twice = [
      { kind: "add", isFull: false },
      { kind: "wait", ms: DELAY_MS },
      { kind: "add", isFull: false },
    ] as const;
    const waits = (isEager: boolean) =>
      play([...twice], isEager).flushes.map(({ entries, at }) => at - entries[0]!.addedAt);
    expect(waits(true)).to.deep.equal([0, 0]);
    expect(waits(false)).to.deep.equal([DELAY_MS]);
  });
});
