import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import ts from "typescript";
import { currentRun, execution, input, node, Pipeline } from "../../src/index.js";
import { sleep, startInterval, startTimeout } from "../../src/util/long-timeout.js";
import { inject } from "../support/faults.js";
import { rejection } from "../support/rejection.js";

const DAY_MS = 24 * 3_600_000;
/** Waits that Node's own timers take for one millisecond. */
const LONG = [2 ** 31 - 1, 2 ** 31, 30 * DAY_MS, 2 ** 40, Number.MAX_VALUE, Number.POSITIVE_INFINITY];

describe("a wait of any length", () => {
  it("does not end early, and can be stopped", async () => {
    inject("waits that Node's timers would cut to a millisecond");
    for (const ms of LONG) {
      let fired = 0;
      const timers = [startTimeout(() => fired++, ms), startInterval(() => fired++, ms).unref()];
      const stop = new AbortController();
      let slept = false;
      const sleeping = sleep(ms, stop.signal).then(() => {
        slept = true;
      });
      await wait(10);
      expect([fired, slept], String(ms)).to.deep.equal([0, false]);
      stop.abort();
      await sleeping;
      for (const timer of timers) timer.clear();
    }
  });

  it("ends, once or again and again", async () => {
    let once = 0;
    let often = 0;
    startTimeout(() => once++, 1);
    const timer = startInterval(() => often++, 1);
    while (often < 3) await sleep(1);
    timer.clear();
    const before = often;
    await sleep(10);
    expect([once, often]).to.deep.equal([1, before]);
  });

  it("lasts as long as a node's timeoutMs says, here and in threads", async () => {
    inject("waits that Node's timers would cut to a millisecond");
    for (const timeoutMs of LONG) {
      class Slow extends Pipeline {
        @input() ms!: number;
        @node("ms", { timeoutMs }) async slept(ms: number): Promise<number> {
          await wait(ms);
          return ms;
        }
      }
      expect(await new Slow().run({ ms: 10 }), String(timeoutMs)).to.deep.equal({ slept: 10 });
    }
    const { Patient } = await import("./patient.js");
    expect(await new Patient().run({ ms: 10 }, { execution: { nodes: "parallel" } })).to.deep.equal({
      month: 10,
      ever: 10,
    });
  });

  it("lasts as long as the delays of retries say", async () => {
    inject("waits that Node's timers would cut to a millisecond");
    for (const delayMs of LONG) {
      let calls = 0;
      class Failing extends Pipeline {
        @node({ retries: { times: 3, delayMs, maxDelayMs: delayMs } }) failing(): number {
          calls++;
          throw new Error("again");
        }
      }
      const stop = new AbortController();
      const running = rejection(new Failing().run({}, { signal: stop.signal }));
      await wait(10);
      expect(calls, String(delayMs)).to.equal(1);
      stop.abort();
      await running;
    }
  });

  it("lasts as long as graceMs says", async () => {
    inject("waits that Node's timers would cut to a millisecond");
    for (const graceMs of LONG) {
      let isDone = false;
      @execution({ graceMs })
      class Deaf extends Pipeline {
        @node() async deaf(): Promise<number> {
          while (!currentRun().signal.aborted) await wait(1);
          await wait(20);
          isDone = true;
          return 1;
        }
      }
      await rejection(new Deaf().run({}, { signal: AbortSignal.timeout(5) }));
      expect(isDone, String(graceMs)).to.equal(true);
    }
  });
});

describe("the source", () => {
  it("gives Node's timers only numbers of its own: what a user says goes through long-timeout.ts", () => {
    const found: string[] = [];
    for (const file of readdirSync("src", { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts") || file === path.join("util", "long-timeout.ts") || file.startsWith("view")) continue;
      const source = ts.createSourceFile(file, readFileSync(path.join("src", file), "utf8"), ts.ScriptTarget.Latest);
      const visit = (at: ts.Node): void => {
        if (ts.isCallExpression(at) && /^(setTimeout|setInterval|timeout)$/.test(nameOf(at.expression))) {
          const delay = at.arguments[nameOf(at.expression) === "timeout" ? 0 : 1];
          const text = delay?.getText(source) ?? "";
          if (!/^([A-Z][A-Z_]*|\d+)$/.test(text)) found.push(`${file}: ${at.getText(source).slice(0, 80)}`);
        }
        if (ts.isImportDeclaration(at) && /timers/.test(at.moduleSpecifier.getText(source)))
          found.push(`${file}: timers`);
        at.forEachChild(visit);
      };
      visit(source);
    }
    expect(found).to.deep.equal([]);
  });
});

function nameOf(called: ts.Expression): string {
  if (ts.isIdentifier(called)) return called.text;
  return ts.isPropertyAccessExpression(called) && called.expression.getText !== undefined ? called.name.text : "";
}
