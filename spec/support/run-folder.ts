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
  const [begun, ended] = [path.join(runFolder(), `${name}.begun`), path.join(runFolder(), `${name}.ended`)];
  const end = (outcome: string) => {
    writeFileSync(`${ended}.part`, outcome);
    renameSync(`${ended}.part`, ended);
  };
  if (isFirst(begun))
    await work().then(
      () => end(""),
      (error: Error) => end(error.stack ?? error.message),
    );
  while (!existsSync(ended)) await sleep(50);
  const failure = readFileSync(ended, "utf8");
  if (failure !== "") throw new Error(`${name}: ${failure}`);
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
