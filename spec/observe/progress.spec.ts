import { execFile, execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import pico from "picocolors";
import stringWidth from "string-width";
import { input, node, Pipeline, progress, type RunEvent } from "../../src/index.js";
import { renderFrame, Speeds } from "../../src/observe/progress/render.js";
import { RunStats, type StepStats } from "../../src/observe/run-stats.js";
import { built } from "../support/built.js";
import { Where } from "../support/threads.js";

class Busy extends Pipeline {
  @input() ms!: number;
  @node("ms") first(ms: number): number {
    return computeFor(ms);
  }
  @node("first") second(ms: number): number {
    return computeFor(ms);
  }
}

function computeFor(ms: number): number {
  for (const end = performance.now() + ms; performance.now() < end; );
  return ms;
}

const command = [built("spec/observe/pipelines/progress-client.ts")];

/** A real terminal: what a program draws in it, as a person would see it. */
class Terminal {
  private static count = 0;
  private readonly name = `hypernodes-${process.pid}-${Terminal.count++}`;

  constructor(shell: string, environment: Record<string, string> = {}, columns = 100) {
    const set = Object.entries({ CI: "", ...environment }).map(([name, value]) => `${name}='${value}'`);
    this.tmux(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      "-x",
      String(columns),
      "-y",
      "20",
      `env ${set.join(" ")} ${shell}; sleep 60`,
    );
  }

  private tmux(...args: string[]): string {
    return execFileSync("tmux", ["-L", this.name, ...args], { encoding: "utf8" });
  }

  /** @param codes whether colours are told, too. */
  screen(codes = false): string {
    return this.tmux("capture-pane", "-p", "-t", "0", "-S", "-", ...(codes ? ["-e"] : [])).trimEnd();
  }

  /** The lines as they were written: what the terminal wrapped is joined. */
  written(): string[] {
    return this.tmux("capture-pane", "-p", "-J", "-t", "0", "-S", "-").trimEnd().split("\n");
  }

  async until(found: (screen: string) => boolean): Promise<string> {
    for (;;) {
      const screen = this.screen();
      if (found(screen)) return screen;
      await sleep(20);
    }
  }

  close(): void {
    this.tmux("kill-server");
  }
}

/** As tmux tells it. */
const GREEN = "\u001b[32m";
const client = `${process.execPath} ${command.join(" ")}`;

describe("progress in a terminal @slow", () => {
  let terminal: Terminal | undefined;
  before(function () {
    try {
      execFileSync("tmux", ["-V"]);
    } catch {
      console.log("      skipped: tmux is not installed");
      this.skip();
    }
  });
  afterEach(() => {
    terminal?.close();
    terminal = undefined;
  });

  it("is a bar for each map, nested ones indented, with rate, time left and failures; a spinner for a long node", async () => {
    terminal = new Terminal(client);
    const midway = await terminal.until(
      (screen) => /said .* ETA/.test(screen) && /sums +█/.test(screen) && /codes +█/.test(screen),
    );
    expect(midway).to.match(/^. Shown 0:0\d$/m);
    expect(midway).to.match(/^ {2}said +█*░* +\d+\/100 {2}\d+% .*\/s {2}ETA 0:\d\d$/m);
    expect(midway).to.match(/^ {2}sums +█+░* +\d+\/100 {2}\d+%/m);
    expect(midway).to.match(/^ {4}codes +█+░* +\d+\/\d+ {2}\d+%/m);
    const thinking = await terminal.until((screen) => screen.includes("thinking"));
    expect(thinking).to.match(/^ {2}[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] thinking 0:0\d$/m);
    const end = await terminal.until((screen) => screen.includes("the end"));
    expect(end).to.match(/^✔ Shown 0:0\d$/m);
    expect(end).to.match(/^ {2}said +█{20} 100\/100 {2}100% /m);
    expect(end).to.match(/^ {2}checked +█{20} 100\/100 .*10 failed$/m);
    expect(end).not.to.contain("thinking");
  });

  it("leaves lines that nodes print whole: they are above it, each once", async () => {
    terminal = new Terminal(client);
    const end = await terminal.until((screen) => screen.includes("the end"));
    const lines = end.split("\n");
    for (const ten of ["", 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      expect(lines.filter((line) => line === `a line about text ${ten}5`)).to.have.length(1);
      // Half a line is not drawn over; what others print meanwhile may go on in it, as without bars.
      expect(lines.filter((line) => line.includes(`half a line about text ${ten}7, `))).to.have.length(1);
    }
    expect(lines.filter((line) => line.includes("Shown 0:0"))).to.have.length(1);
    expect(lines.filter((line) => line.includes("█"))).to.have.length(4);
    expect(lines.findLastIndex((line) => line.includes("line about"))).to.be.lessThan(
      lines.findIndex((line) => line.includes("Shown 0:0")),
    );
  });

  for (const columns of [20, 40, 60, 80, 200]) {
    it(`wraps no line in ${columns} columns, and shows the counts`, async () => {
      terminal = new Terminal(client, {}, columns);
      await terminal.until((screen) => screen.includes("the end"));
      const drawn = terminal.written().filter((line) => /[█░✔⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]|\d\/100/.test(line));
      for (const line of drawn) expect(stringWidth(line.trimEnd()), line).to.be.lessThan(columns);
      // Each frame is drawn over the one before: of three maps over 100 texts, three lines are there at the end.
      expect(drawn.filter((line) => line.includes("100/100"))).to.have.length(3);
      expect(drawn.filter((line) => line.includes("✔ Shown"))).to.have.length(1);
    });
  }

  it("is without colours under NO_COLOR", async () => {
    terminal = new Terminal(client, { NO_COLOR: "1" });
    await terminal.until((screen) => screen.includes("the end"));
    expect(terminal.screen(true)).not.to.contain(GREEN);
    terminal.close();
    terminal = new Terminal(client);
    await terminal.until((screen) => screen.includes("the end"));
    expect(terminal.screen(true)).to.contain(GREEN);
  });

  it("is plain lines in CI", async () => {
    terminal = new Terminal(client, { CI: "true" });
    const end = await terminal.until((screen) => screen.includes("the end"));
    expect(end).not.to.contain("█");
    expect(end).to.match(/^Shown: done in /m);
  });
});

describe("a frame of progress", () => {
  const run = { run: "r", path: "P", name: "P" };
  const canvas = { columns: 100, rows: 24, colors: pico.createColors(false), widthOf: (text: string) => text.length };
  const tallyOf = (...events: object[]): RunStats => {
    const tally = new RunStats();
    for (const event of [{ ...run, type: "run", phase: "start", at: 1_000, inputs: [] }, ...events]) {
      tally.add(event as RunEvent);
    }
    return tally;
  };

  it("names threads that are busy, and containers", () => {
    const element = { run: "r", path: "P.xs[0]", name: "xs", type: "element", phase: "start", element: 0, at: 1_500 };
    const tally = tallyOf(
      { ...run, type: "container", name: "modal", phase: "start", id: "sb-1", at: 1_400, durationMs: 100 },
      { ...element, thread: 1, container: "sb-1" },
      { ...element, thread: 2, container: "sb-1" },
    );
    expect(renderFrame(tally, new Speeds(), 2_000, canvas)[0]).to.contain("P 0:01 · 2 threads · container sb-1");
    expect(renderFrame(tally, new Speeds(), 60_000, canvas)[0]).to.contain("P 0:59 · container sb-1");
    tally.add({ ...run, type: "container", name: "modal", phase: "start", id: "sb-2", at: 1_400, durationMs: 100 });
    expect(renderFrame(tally, new Speeds(), 60_000, canvas)[0]).to.contain("P 0:59 · 2 containers");
  });

  it("counts what was cached and tried again, and shows what is in progress if there is no room for all", () => {
    const maps = Array.from({ length: 30 }, (_, i) => ({ run: "r", path: `P.m${i}`, name: `m${i}`, at: 1_000 }));
    const started = maps.map((map) => ({ ...map, type: "map", phase: "start", elements: 2 }));
    const cached = { run: "r", path: "P.m7[0]", name: "m7", type: "element", element: 0, at: 1_100 };
    const tally = tallyOf(
      ...started,
      { ...cached, phase: "cached" },
      { ...cached, path: "P.m7[1]", element: 1, phase: "start" },
      { ...cached, path: "P.m7[1]", element: 1, phase: "retried", attempt: 1, delayMs: 5, error: new Error() },
    );
    const lines = renderFrame(tally, new Speeds(), 2_000, canvas);
    expect(lines).to.have.length(22);
    expect(lines.at(-1)).to.match(/… and \d+ more/);
    expect(lines.find((line) => line.includes("m7 "))).to.match(/1\/2 {2}50% {2}.*1 cached {2}1 retried/);
    for (const line of lines) expect(line.length).to.be.at.most(100);
  });

  it("has a spinner for a call that takes long, not for many that are short", () => {
    const node = { run: "r", path: "P.xs[0].n", name: "n", type: "node" };
    const start = (at: number) => ({ ...node, phase: "start", at });
    const end = (at: number) => ({ ...node, phase: "end", at, durationMs: 100 });
    const shown = (tally: RunStats, at: number) =>
      renderFrame(tally, new Speeds(), at, canvas).some((line) => line.includes(" n "));
    const short = tallyOf(start(1_100), end(1_200), start(1_200), end(1_300), start(1_300), end(1_400), start(1_400));
    expect(shown(short, 1_500)).to.equal(false);
    expect(shown(short, 1_700)).to.equal(true);
  });

  it("has a spinner for a call that has just started, if it is the one that draws the frame", () => {
    const tally = tallyOf({ run: "r", path: "P.n", name: "n", type: "node", phase: "start", at: 1_100 });
    const shown = (started?: StepStats) => renderFrame(tally, new Speeds(), 1_101, canvas, started).slice(1);
    expect(shown()).to.deep.equal([]);
    expect(shown(tally.steps.get("P.n"))[0]).to.match(/^ {2}[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] n 0:00$/);
  });

  it("is in no terminal wider than that, whatever names and numbers are: the counts stay, failures go last", () => {
    const word = fc.constantFrom(
      "corpus",
      "קוֹרְפּוּס",
      "文書",
      "👩‍👩‍👧‍👦",
      "e\u0301te\u0301",
      "🇮🇱",
      "\u001b[31m",
      "ｗｉｄｅ",
      "ـ",
    );
    const name = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(""));
    const step = fc.record({
      name,
      depth: fc.nat(6),
      elements: fc.oneof(fc.nat(9), fc.nat(2_000_000)),
      failed: fc.nat(3),
      cached: fc.nat(3),
      state: fc.constantFrom("map", "node", "resource"),
    });
    const columns = fc.oneof(fc.constantFrom(20, 40, 60, 80, 200), fc.integer({ min: 20, max: 250 }));
    fc.assert(
      fc.property(name, fc.array(step, { maxLength: 5 }), columns, fc.boolean(), (pipeline, steps, columns, isOver) => {
        const tally = tallyOf({
          ...run,
          type: "threads",
          phase: "start",
          at: 1_000,
          threads: 4,
          module: `${pipeline}.ts`,
        });
        tally.name = pipeline;
        const events = steps.flatMap(({ name, depth, elements, failed, cached, state }, i): object[] => {
          const path = `P${".n".repeat(depth)}.s${i}`;
          const about = { run: "r", path, name, at: 1_100 };
          if (state !== "map") return [{ ...about, type: state, phase: "start" }];
          const element = { run: "r", name, type: "element", at: 1_200, element: 0 };
          return [
            { ...about, type: "map", phase: "start", elements },
            ...Array.from({ length: cached }, () => ({ ...element, path: `${path}[0]`, phase: "cached" })),
            ...Array.from({ length: failed }, () => ({
              ...{ ...element, path: `${path}[1]`, phase: "failed", durationMs: 1, error: new Error() },
            })),
          ];
        });
        for (const event of events) tally.add(event as unknown as RunEvent);
        if (isOver) tally.add({ ...run, type: "run", phase: "end", at: 9_000, durationMs: 8_000, outputs: [] });
        const lines = renderFrame(tally, new Speeds(), 9_000, { ...canvas, columns, widthOf: stringWidth });
        for (const line of lines) expect(stringWidth(line), line).to.be.lessThan(columns);
        expect(lines[0]).to.match(/ 0:08\b/);
        for (const { elements, failed, cached, state } of steps) {
          if (state !== "map") continue;
          const done = failed + cached;
          const counts = elements === 0 && done > 0 ? undefined : `${done}/${elements.toLocaleString("en-US")}`;
          const line = lines.find((line) => counts !== undefined && line.includes(counts));
          if (counts !== undefined) expect(line, counts).not.to.equal(undefined);
          if (counts !== undefined && failed > 0 && columns > 60) {
            expect(lines.some((line) => line.includes(counts) && line.includes(`${failed} failed`))).to.equal(true);
          }
        }
      }),
    );
  });

  it("says what a run waits for while its threads start", () => {
    const start = { ...run, type: "threads", phase: "start", at: 1_000 };
    const tally = tallyOf({ ...start, threads: 2, module: "corpus.ts" });
    const head = (columns = 100) => renderFrame(tally, new Speeds(), 2_000, { ...canvas, columns })[0];
    expect(head()).to.match(/^. P 0:01 · starting 2 threads · loading corpus\.ts$/);
    expect(head(20)).to.match(/^. P 0:01$/);
    tally.name = "HebrewRetrieval";
    expect(head(40)).to.match(/^. HebrewRetr… 0:01 · starting 2 threads$/);
    tally.name = "P";
    tally.add({ ...start, type: "threads", phase: "start", threads: 0, module: "corpus.ts" });
    expect(head()).to.match(/^. P 0:01 · loading corpus\.ts$/);
    tally.add({ ...run, type: "threads", phase: "ready", at: 1_900, durationMs: 900 });
    expect(head()).to.match(/^. P 0:01$/);
  });
});

describe("progress without a terminal", () => {
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [...command, ...args]);

  it("is a line every now and then on stderr, and one at the end", async () => {
    const { stdout, stderr } = await run();
    expect(stderr).to.match(/^Shown: \d.*; sums \d+\/100, .*; said \d+\/100, [\d.,]+\/s, ETA 0:\d\d/m);
    expect(stderr.trimEnd().split("\n").at(-1)).to.match(
      /^Shown: done in [\d.]+ s; sums 100\/100, .*checked 100\/100.*, 10 failed/,
    );
    expect(stderr).not.to.contain("\u001b");
    expect(stdout).not.to.contain("Shown:");
  });

  it("says at once what the first run in threads waits for, unless nothing is to be said before the end", async () => {
    const written = async (everyMs: number, maxOldGenerationSizeMb: number) => {
      let text = "";
      const onEvent = progress({ everyMs, stream: { write: (part: string) => (text += part) } });
      const execution = { maps: "parallel", resourceLimits: { maxOldGenerationSizeMb } } as const;
      await new Where().run({ xs: [1] }, { onEvent, execution });
      return text.trimEnd().split("\n");
    };
    const [first, ...others] = await written(60_000, 321);
    expect(first).to.match(/^Where: .*; starting 1 thread; loading threads\.ts; where 0\/1; greeted 0\/1$/);
    expect(others).to.have.length(1);
    expect(others[0]).to.match(/^Where: done in/);
    expect(await written(60_000, 321)).to.have.length(1);
    expect(await written(Number.POSITIVE_INFINITY, 322)).to.have.length(1);
  });

  it("names a synchronous node that computes: between two nodes no line is written", async () => {
    let text = "";
    const onEvent = progress({ everyMs: 20, stream: { write: (part: string) => (text += part) } });
    await new Busy().run({ ms: 30 }, { onEvent });
    const [, second, last] = /^(?:.*\n)??(Busy: .*; second running)\n(Busy: done .*)\n$/.exec(text) ?? [];
    expect(second, text).not.to.equal(undefined);
    expect(last).to.match(/^Busy: done in /);
  });

  it("draws the row of a synchronous node before it computes", async () => {
    const screens: string[] = [];
    const screen = { isTTY: true, columns: 80, rows: 24, write: (part: string) => screens.push(part) };
    const environment = { CI: process.env.CI, TERM: process.env.TERM };
    Object.assign(process.env, { CI: "", TERM: "xterm" });
    try {
      await new Busy().run({ ms: 1 }, { onEvent: progress({ stream: screen }) });
    } finally {
      for (const [name, value] of Object.entries(environment)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
    for (const name of ["first", "second"])
      expect(
        screens.some((text) => text.includes(` ${name} `)),
        name,
      ).to.equal(true);
  });

  it("is nothing if it is to be quiet", async () => {
    const { stderr } = await run("quiet");
    expect(stderr).not.to.contain("Shown");
  });

  it("says what a wrong option is", () => {
    expect(() => progress({ everyMs: 0 })).to.throw("option everyMs is 0");
  });
});
