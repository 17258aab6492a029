import { execFile, execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { progress } from "../../src/index.js";

const client = fileURLToPath(new URL("./pipelines/progress-client.ts", import.meta.url));
const command = ["--import", "@swc-node/register/esm-register", client];

/** A real terminal: what a program draws in it, as a person would see it. */
class Terminal {
  private static count = 0;
  private readonly name = `hypernodes-${process.pid}-${Terminal.count++}`;

  constructor(shell: string, environment: Record<string, string> = {}) {
    const set = Object.entries({ CI: "", ...environment }).map(([name, value]) => `${name}='${value}'`);
    this.tmux(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      "-x",
      "100",
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
const node = `${process.execPath} ${command.join(" ")}`;

describe("progress in a terminal", () => {
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
    terminal = new Terminal(node);
    const midway = await terminal.until((screen) => /said .* ETA/.test(screen) && /codes/.test(screen));
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

  it("is not torn by what nodes print: it stands above, each line whole and once", async () => {
    terminal = new Terminal(node);
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

  it("is without colours under NO_COLOR", async () => {
    terminal = new Terminal(node, { NO_COLOR: "1" });
    await terminal.until((screen) => screen.includes("the end"));
    expect(terminal.screen(true)).not.to.contain(GREEN);
    terminal.close();
    terminal = new Terminal(node);
    await terminal.until((screen) => screen.includes("the end"));
    expect(terminal.screen(true)).to.contain(GREEN);
  });

  it("is plain lines in CI", async () => {
    terminal = new Terminal(node, { CI: "true" });
    const end = await terminal.until((screen) => screen.includes("the end"));
    expect(end).not.to.contain("█");
    expect(end).to.match(/^Shown: done in /m);
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

  it("is nothing if it is to be quiet", async () => {
    const { stderr } = await run("quiet");
    expect(stderr).not.to.contain("Shown");
  });

  it("says what a wrong option is", () => {
    expect(() => progress({ everyMs: 0 })).to.throw("option everyMs is 0");
  });
});
