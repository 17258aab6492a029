import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Names the folder to the processes that mocha starts. */
const VARIABLE = "HYPERNODES_SPEC_RUN";

/** What one run of mocha makes once for all of its processes is in here: inside the project, where its packages are found. */
export function runFolder(): string {
  const known = process.env[VARIABLE];
  if (known !== undefined) return known;
  mkdirSync("coverage", { recursive: true });
  const made = path.resolve(mkdtempSync(path.join("coverage", "run-")));
  process.env[VARIABLE] = made;
  process.once("exit", () => {
    for (const folder of [made, outsideOf(made)]) rmSync(folder, { recursive: true, force: true });
  });
  return made;
}

/** The same outside the project, where its packages are not found. */
export function outsideFolder(): string {
  const folder = outsideOf(runFolder());
  mkdirSync(folder, { recursive: true });
  return folder;
}

function outsideOf(folder: string): string {
  return path.join(os.tmpdir(), `hypernodes-${path.basename(folder)}`);
}

/** Does something in the first process that asks for it; the others wait until it is done, or fail as it did. */
export async function onceARun(name: string, work: () => Promise<void>): Promise<void> {
  const once = new Once(name);
  if (once.isFirst)
    await work().then(
      () => once.end(""),
      (error: Error) => once.end(error.stack ?? error.message),
    );
  while (!once.hasEnded) await sleep(50);
  once.expectSuccess();
}

/** The same for work that is not waited for: the others do nothing meanwhile. */
export function onceARunSync(name: string, work: () => void): void {
  const once = new Once(name);
  if (once.isFirst) {
    try {
      work();
      once.end("");
    } catch (error) {
      once.end((error as Error).stack ?? (error as Error).message);
    }
  }
  while (!once.hasEnded) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  once.expectSuccess();
}

/** Work that one process of a run does for all. */
class Once {
  readonly isFirst: boolean;
  private readonly ended: string;

  constructor(private readonly name: string) {
    this.ended = path.join(runFolder(), `${name}.ended`);
    this.isFirst = isNew(path.join(runFolder(), `${name}.begun`));
  }

  get hasEnded(): boolean {
    return existsSync(this.ended);
  }

  end(failure: string): void {
    writeFileSync(`${this.ended}.part`, failure);
    renameSync(`${this.ended}.part`, this.ended);
  }

  /** @throws {Error} if it has failed. */
  expectSuccess(): void {
    const failure = readFileSync(this.ended, "utf8");
    if (failure !== "") throw new Error(`${this.name}: ${failure}`);
  }
}

function isNew(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
