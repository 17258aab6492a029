import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { onceARunSync, runFolder } from "./run-folder.js";
import { bundledSources } from "./sources.mjs";
import { transpiled } from "./swc-hooks.mjs";

let folder: string | undefined;

/**
 * A source file as JavaScript, for a process that a spec starts: without a loader, and bundled as the package is, it is there in a third
 * of the time. All of them are made when the first one is asked for in a run, from what is there then.
 *
 * @param file such as `src/cli/main.ts`.
 */
export function built(file: string): string {
  folder ??= builtFolder();
  return path.join(folder, file.replace(/\.ts$/, ".js"));
}

function builtFolder(): string {
  const all = path.join(runFolder(), "built");
  onceARunSync("building", () => buildAll(all));
  return all;
}

function buildAll(all: string): void {
  const made = `${all}.${process.pid}`;
  const programs = ["spec/support", "spec/observe/pipelines", "examples"].flatMap((root) =>
    readdirSync(root, { recursive: true }).map((name) => path.join(root, String(name))),
  );
  cpSync(bundledSources(), made, { recursive: true });
  // With the data that they read.
  cpSync("examples", path.join(made, "examples"), { recursive: true });
  for (const program of programs.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))) {
    const target = path.join(made, program.replace(/\.ts$/, ".js"));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, transpiled(readFileSync(program, "utf8"), path.resolve(program)));
  }
  renameSync(made, all);
}
