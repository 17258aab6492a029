import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { built } from "../support/built.js";
import { inject } from "../support/faults.js";
import { type CliFolder, cliFolder } from "../support/hypernodes.js";

/** Nodes that print the id of their process when they begin. */
const PIPELINES = `import { setTimeout as sleep } from "node:timers/promises";
import { currentRun, node, Pipeline } from "hypernodes";

export class Waits extends Pipeline {
  @node() async waits(): Promise<number> {
    console.log("begun", process.pid);
    await sleep(60_000, undefined, { signal: currentRun().signal });
    return 1;
  }
}
export class Deaf extends Pipeline {
  @node() async deaf(): Promise<number> {
    console.log("begun", process.pid);
    await sleep(60_000);
    return 1;
  }
}
export class Spins extends Pipeline {
  @node() spins(): number {
    console.log("begun", process.pid);
    for (;;);
  }
}
`;

const MAIN = built("src/cli/main.ts");

interface Command {
  readonly parent: ChildProcess;
  /** The process that runs the pipeline. */
  readonly child: number;
  readonly code: Promise<number | null>;
  readonly stderr: () => string;
}

/** As it is for TypeScript, which needs a loader, and here, faster, for a project with a copy of the package. */
describe("a command that continues in another process @slow", () => {
  let cli: CliFolder;
  const pids: number[] = [];
  before(() => {
    cli = cliFolder();
    cli.write("slow.mjs", PIPELINES);
    // Without it, the folder is one of this project, and has its copy of the package.
    cli.write("package.json", "{}");
    const copy = path.join("node_modules", "hypernodes");
    mkdirSync(path.join(cli.folder, copy, "dist", "cli"), { recursive: true });
    cli.write(path.join(copy, "package.json"), '{ "name": "hypernodes", "type": "module" }');
    cli.write(path.join(copy, "dist", "cli", "main.js"), `import ${JSON.stringify(pathToFileURL(MAIN).href)};`);
  });
  after(() => {
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
    cli.remove();
  });

  const start = async (name: string): Promise<Command> => {
    const args = [MAIN, "run", `slow.mjs#${name}`, "-q"];
    const { HYPERNODES_CLI_STARTED: _, ...env } = process.env;
    const library = pathToFileURL(built("src/index.ts")).href;
    const parent = spawn(process.execPath, args, {
      ...{ cwd: cli.folder, detached: true, env: { ...env, HYPERNODES_SPEC_LIBRARY: library } },
    });
    let [stdout, stderr] = ["", ""];
    parent.stdout.on("data", (text) => (stdout += text));
    parent.stderr.on("data", (text) => (stderr += text));
    const code = once(parent, "exit").then(([code]) => code as number | null);
    while (!stdout.includes("\n")) {
      if (parent.exitCode !== null) throw new Error(stderr);
      await sleep(20);
    }
    const child = Number(/begun (\d+)/.exec(stdout)?.[1]);
    expect(child).not.to.equal(parent.pid);
    pids.push(child, parent.pid!);
    return { parent, child, code, stderr: () => stderr };
  };
  const ended = async (pid: number, withinMs: number) => {
    for (const from = performance.now(); isAlive(pid); await sleep(20)) {
      if (performance.now() - from > withinMs) throw new Error(`${pid} goes on`);
    }
  };

  it("ends by SIGINT to the command alone, and says so", async () => {
    const { parent, child, code, stderr } = await start("Waits");
    process.kill(parent.pid!, "SIGINT");
    inject("SIGINT to the command");
    expect(await code).to.equal(130);
    expect(stderr()).to.contain("Waits: the run was aborted");
    expect(isAlive(child)).to.equal(false);
  });

  it("ends by Ctrl-C, which a terminal sends to both, and says so", async () => {
    const { parent, code, stderr } = await start("Waits");
    process.kill(-parent.pid!, "SIGINT");
    inject("SIGINT to the command");
    expect(await code).to.equal(130);
    expect(stderr()).to.contain("Waits: the run was aborted");
  });

  it("ends by a second Ctrl-C where a node never ends, and blocks the process so that the first is not handled", async () => {
    for (const target of [-1, 1]) {
      const { parent, child, code } = await start("Spins");
      process.kill(target * parent.pid!, "SIGINT");
      await sleep(600);
      expect(isAlive(child)).to.equal(true);
      process.kill(target * parent.pid!, "SIGINT");
      inject("a second Ctrl-C while a node never ends");
      expect(await code).to.equal(130);
      await ended(child, 1_000);
    }
  });

  it("ends by SIGTERM to the command alone, also where a node never ends", async () => {
    const { parent, child, code } = await start("Spins");
    process.kill(parent.pid!, "SIGTERM");
    inject("SIGTERM to the command");
    expect(await code).to.equal(143);
    await ended(child, 1_000);
  });

  it("ends when the command is killed", async () => {
    for (const name of ["Waits", "Deaf"]) {
      const { parent, child } = await start(name);
      process.kill(parent.pid!, "SIGKILL");
      inject("the command is killed");
      await ended(child, 10_000);
    }
  });

  it("has its exit code, and that of the signal that ended it", async () => {
    const { child, code } = await start("Waits");
    process.kill(child, "SIGKILL");
    expect(await code).to.equal(137);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
