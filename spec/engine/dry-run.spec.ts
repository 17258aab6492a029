import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import {
  type Batch,
  type Choices,
  cached,
  type Each,
  InputError,
  input,
  mapOver,
  memory,
  modal,
  type Nested,
  type NodeExplanation,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
  sqlite,
} from "../../src/index.js";
import { newFolder, newSqlite } from "../support/caches.js";
import { rejection } from "../support/rejection.js";

/** What was called since it was asked last. */
let calls: string[] = [];
const called = (): string => calls.splice(0).join(" ");
beforeEach(() => {
  calls = [];
});

/** `scaled 1/2/0 xs changed`: computed, cached, unknown. */
const brief = (explanations: readonly NodeExplanation[]): string[] =>
  explanations.map(
    ({ path: at, computed, cached: known, unknown, because }) =>
      `${at.slice(at.indexOf(".") + 1)} ${computed}/${known}/${unknown} ${because}`,
  );

class Scaled extends Pipeline {
  @input() xs!: number[];
  @input() k!: number;
  @resource() unit(): number {
    calls.push("unit");
    return 1;
  }
  @mapOver("xs", "k", "unit") scaled(x: number, k: number, unit: number): Each<number> {
    calls.push("scaled");
    return x * k * unit;
  }
  @mapOver("scaled") next(x: number): Each<number> {
    calls.push("next");
    return x + 1;
  }
  @node("next") sum(next: number[]): number {
    calls.push("sum");
    return next.reduce((a, b) => a + b, 0);
  }
  @node("k", { cache: false }) drawn(k: number): number {
    calls.push("drawn");
    return k;
  }
  @output("sum", "drawn") end(sum: number, _drawn: number): Output<number> {
    calls.push("end");
    return sum;
  }
}

describe("explain()", () => {
  it("says what a run would compute, what is known, what only a run can know, and why; and runs nothing", async () => {
    const scaled = new Scaled().with({ cache: newSqlite() });
    expect(brief(await scaled.explain({ xs: [1, 2], k: 2 }))).to.deep.equal([
      "drawn 1/0/0 it says cache: false",
      "scaled 2/0/0 nothing was remembered of it",
      "next 0/0/2 nothing was remembered of it, scaled is not known yet",
      "sum 0/0/1 nothing was remembered of it, next is not known yet",
      "end 0/0/1 nothing was remembered of it, sum is not known yet, drawn is not known yet",
    ]);
    expect(called()).to.equal("");
    await scaled.run({ xs: [1, 2], k: 2 });
    called();
    expect(brief(await scaled.explain({ xs: [1, 2], k: 2 }))).to.deep.equal([
      "drawn 1/0/0 it says cache: false",
      "scaled 0/2/0 same code, same inputs",
      "next 0/2/0 same code, same inputs",
      "sum 0/1/0 same code, same inputs",
      "end 0/0/1 drawn is not known yet",
    ]);
    expect(brief(await scaled.explain({ xs: [2, 3, 2, 3], k: 2 }, { outputs: ["sum"] }))).to.deep.equal([
      "scaled 1/3/0 xs changed",
      "next 0/2/2 scaled is not known yet",
      "sum 0/0/1 next is not known yet",
    ]);
    expect(called()).to.equal("");
  });
});
