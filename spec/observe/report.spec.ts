import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import stringWidth from "string-width";
import {
  type Batch,
  eventLog,
  input,
  mapOver,
  memory,
  modal,
  type NodeError,
  Pipeline,
  progress,
  type ReportRow,
  type RunEvent,
  type RunOptions,
  readEvents,
  report,
  reportOf,
} from "../../src/index.js";
import { RunStats } from "../../src/observe/run-stats.js";
import { loopback } from "../support/modal.js";
import { rejection } from "../support/rejection.js";
import { attempts, Seen, Slowly, Words } from "./pipelines/seen.js";

const texts = ["one bad word", "two words", "three"];

describe("the report of a run", () => {
  loopback();
  beforeEach(() => attempts.clear());

  it("counts each element of a batch that failed once, as the map's own end does", async () => {
    class Batches extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { batch: 2, onError: "collect" }) ys(xs: number[]): Batch<number | NodeError> {
        if (xs.includes(3) || xs.includes(7)) throw new Error("unlucky");
        return xs as Batch<number>;
      }
    }
    for (const execution of [{ maps: "sequential" }, { maps: "async", maxWorkers: 4 }] as const) {
      const seen = report();
      const stats = new RunStats();
      let end: RunEvent | undefined;
      const onEvent = (event: RunEvent) => {
        stats.add(event);
        if (event.type === "map" && event.phase === "end") end = event;
      };
      await new Batches().run({ xs: [1, 2, 3, 4, 5, 6, 7] }, { execution, onEvent: [seen, onEvent] });
      const [row] = seen.rows.filter(({ path: place }) => place.endsWith(".ys"));
      const [step] = [...stats.steps.values()].filter(({ elements }) => elements === 7);
      expect([row!.failed, step!.failed, step!.done, (end as { failed?: number }).failed]).to.deep.equal([2, 2, 7, 2]);
    }
  });

  it("has a row for each step, in the order of the tree", async () => {
    const seen = report();
    await new Seen().run({ texts }, { cache: false, onEvent: seen });
    const rows = seen.rows.map(({ path: place, kind, depth, calls, failed, retried }) => ({
      ...{ place, kind, depth, calls, failed, retried },
    }));
    expect(rows).to.deep.equal([
      { place: "Seen.counts", kind: "map", depth: 0, calls: 3, failed: 0, retried: 0 },
      { place: "Seen.counts[].words", kind: "node", depth: 1, calls: 3, failed: 0, retried: 0 },
      { place: "Seen.counts[].lengths", kind: "map", depth: 1, calls: 6, failed: 1, retried: 0 },
      { place: "Seen.counts[].counted", kind: "node", depth: 1, calls: 3, failed: 0, retried: 0 },
      { place: "Seen.scale", kind: "resource", depth: 0, calls: 1, failed: 0, retried: 0 },
      { place: "Seen.total", kind: "node", depth: 0, calls: 1, failed: 0, retried: 1 },
      { place: "Seen.said", kind: "node", depth: 0, calls: 1, failed: 0, retried: 0 },
    ]);
  });

  it("has a row for a whole pipeline that is mapped, or streamed, and what is in it below", async () => {
    const placesOf = (rows: readonly ReportRow[]) => rows.map(({ path: place, depth, calls }) => [place, depth, calls]);
    const expected = [
      ["Words", 0, 2],
      ["Words[].words", 1, 2],
      ["Words[].lengths", 1, 3],
      ["Words[].counted", 1, 2],
    ];
    const seen = report();
    await new Words().map({ text: ["a b", "c"] }, { over: "text", onEvent: seen });
    expect(placesOf(seen.rows)).to.deep.equal(expected);
    expect(seen.table()).to.match(/^ {2}words +2 /m);
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) } as unknown as NodeJS.WritableStream;
    const streamed = new Words().stream(
      { text: ["a b", "c"] },
      { over: "text", onEvent: [seen, progress({ stream })] },
    );
    for await (const result of streamed) expect(result.counted).to.be.greaterThan(0);
    expect(placesOf(seen.rows)).to.deep.equal(expected);
    expect(lines.join("")).to.match(/^Words: done in .*; Words 2, .*; Words\[\]\.lengths 3\/3, /);
  });

  it("is the same for threads and for a container @slow", async () => {
    const placesOf = async (options: Pick<RunOptions<Words>, "execution" | "runOn">) => {
      const seen = report();
      await new Words().run({ text: "one bad word" }, { onEvent: seen, ...options });
      return seen.rows
        .filter(({ kind }) => kind !== "container")
        .map(({ path: place, calls, failed }) => ({ place, calls, failed }));
    };
    const here = await placesOf({});
    expect(here).to.have.length(3);
    expect(await placesOf({ execution: { nodes: "threaded", maps: "parallel" } })).to.deep.equal(here);
    expect(await placesOf({ runOn: modal() })).to.deep.equal(here);
  });

  it("separates waiting from computing, and counts cached values and their bytes", async () => {
    const pipeline = new Seen().with({ cache: memory() });
    const first = report();
    await pipeline.run({ texts }, { onEvent: first });
    const total = first.rows.find(({ name }) => name === "total")!;
    expect(total.waitMs).to.be.at.least(30);
    expect(total.computeMs).to.be.lessThan(total.waitMs);
    expect(first.rows.find(({ name }) => name === "said")!.bytesStored).to.be.greaterThan(0);
    expect(first.table()).to.match(/^node +calls +failed +total +p50 +p95 +max +wait +bytes$/m);
    const second = report();
    await pipeline.run({ texts: [...texts, "four"] }, { onEvent: second });
    expect(second.table()).to.match(/^node +calls +cached +failed +total .* bytes$/m);
    expect(second.toHtml()).to.contain('<th scope="col">cached</th>');
    const counts = second.rows.find(({ name }) => name === "counts")!;
    // The new one, and that in which an error was collected: it may not fail again.
    expect(counts).to.include({ calls: 2, cached: 2 });
    expect(counts.bytesRead).to.be.greaterThan(0);
  });

  it("has quantiles of the time of a call", async () => {
    const seen = report();
    await new Slowly().run({ times: [...new Array(19).fill(1), 60] }, { onEvent: seen });
    const { p50Ms, p95Ms, maxMs, computeMs, calls } = seen.rows.find(({ name }) => name === "waited")!;
    expect(calls).to.equal(20);
    expect(p50Ms).to.be.lessThan(maxMs);
    expect(p95Ms).to.be.lessThan(maxMs);
    expect(maxMs).to.be.at.least(59);
    expect(computeMs).to.be.at.least(maxMs);
  });

  it("is a table and a waterfall as text", async () => {
    const seen = report();
    await new Seen().run({ texts }, { cache: false, onEvent: seen });
    const [head, , names, line, first, nested] = seen.table().split("\n");
    expect(head).to.match(/^Seen: done in /);
    expect(names).to.match(/^node +calls +failed +total +p50 +p95 +max +wait$/);
    expect(line).to.match(/^─+$/);
    expect(first).to.match(/^counts +3 /);
    expect(nested).to.match(/^ {2}words +3 /);
    const falls = seen.waterfall(80).split("\n");
    expect(falls[0]).to.match(/^ +0 +\d/);
    expect(falls.slice(1)).to.have.length(7);
    for (const fall of falls.slice(1)) {
      expect(fall).to.match(/│[ ·█▒]+│ +\d/);
      expect(fall.length).to.be.at.most(80);
    }
    expect(falls.find((fall) => fall.includes("lengths"))).to.contain("▒");
    // A later bar hides an earlier one.
    for (const { segments } of seen.rows) {
      expect(segments.map(({ failed }) => failed)).to.deep.equal(segments.map(({ failed }) => failed).toSorted());
    }
    expect(seen.rows.some(({ segments }) => segments.at(-1)?.failed && !segments[0]!.failed)).to.equal(true);
  });

  for (const columns of [20, 30, 40, 60, 80, 120]) {
    it(`has no row wider than ${columns} columns: the least important columns go first, then names are cut off`, async () => {
      const seen = report();
      await new Seen().with({ cache: memory() }).run({ texts }, { onEvent: seen });
      const [summary, , ...rows] = seen.table(columns).split("\n");
      expect(summary).to.equal(seen.table(Number.POSITIVE_INFINITY).split("\n")[0]);
      expect(rows[0]).to.match(/^node +calls\b/);
      expect(rows).to.have.length(seen.rows.length + 2);
      for (const row of rows) expect(stringWidth(row), row).to.be.at.most(columns);
      if (columns >= 30)
        for (const fall of seen.waterfall(columns).split("\n")) expect(stringWidth(fall), fall).to.be.at.most(columns);
    });
  }

  it("is as wide as the terminal that standard output is, and without one as wide as it has to be", () => {
    const events = [
      { run: "r", path: "P", name: "P", type: "run", phase: "start", at: 1, inputs: [] },
      { run: "r", path: "P.n", name: "n".repeat(50), type: "node", phase: "start", at: 2 },
      { run: "r", path: "P.n", name: "n".repeat(50), type: "node", phase: "end", at: 3, durationMs: 1 },
    ] as unknown as RunEvent[];
    const { isTTY, columns } = process.stdout;
    const widest = (text: string) => Math.max(...text.split("\n").map((line) => line.length));
    try {
      Object.assign(process.stdout, { isTTY: true, columns: 40 });
      expect(widest(String(reportOf(events)))).to.equal(40);
      Object.assign(process.stdout, { isTTY: true, columns: 0 });
      expect(widest(reportOf(events).table())).to.be.greaterThan(80);
      Object.assign(process.stdout, { isTTY: false, columns: undefined });
      expect(widest(reportOf(events).table())).to.be.greaterThan(80);
      expect(widest(reportOf(events).waterfall())).to.be.at.most(100);
    } finally {
      Object.assign(process.stdout, { isTTY, columns });
    }
  });

  it("is a page that needs nothing else, with names as they are", async () => {
    const seen = report();
    await rejection(new Seen().run({ texts: [5 as never, "<b>"] }, { onEvent: seen }));
    const page = seen.toHtml();
    expect(page).not.to.match(/https?:|<script|<link/);
    expect(page).not.to.contain('<th scope="col">cached</th>');
    expect(page).to.contain("failed after").and.not.to.contain("<b>");
    expect(seen.table()).to.match(/^Seen: failed after .*Seen.counts\[0\]/);
  });

  it("can be made from a log of events, the same as while it ran", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "events-"));
    try {
      const file = path.join(folder, "run.jsonl");
      const seen = report();
      await new Seen().run({ texts }, { cache: false, onEvent: [seen, eventLog(file)] });
      expect(String(reportOf(readEvents(file)))).to.equal(String(seen));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("keeps its size however many calls there are", () => {
    const events = function* () {
      const about = { run: "r", path: "P", name: "P" };
      yield { ...about, type: "run", phase: "start", at: 1_000, inputs: [] } as const;
      const map = { run: "r", path: "P.xs", name: "xs" };
      yield { ...map, type: "map", phase: "start", at: 1_000, elements: 200_000 } as const;
      for (let element = 0; element < 200_000; element++) {
        const at = 1_000 + element * 3;
        const here = { run: "r", path: `P.xs[${element}]`, name: "xs", type: "element", element } as const;
        yield { ...here, phase: "start", at } as const;
        yield { ...here, phase: "end", at: at + 1, durationMs: 1 } as const;
      }
      yield { ...about, type: "run", phase: "end", at: 601_000, outputs: [], durationMs: 600_000 } as const;
    };
    const made = reportOf(events());
    expect(made.rows[0]).to.include({ calls: 200_000, computeMs: 200_000 });
    expect(made.rows[0]!.p50Ms).to.be.closeTo(1, 0.01);
    expect(made.toHtml().length).to.be.lessThan(100_000);
  });
});
