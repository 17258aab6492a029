import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runFolder } from "./run-folder.js";
import { transpiled } from "./swc-hooks.mjs";

/** The modules that programs of specs import beside the package's own. */
const ALSO_IMPORTED = ["dsl/metadata", "cache/code/saved-forms"];

let folder: string | undefined;

/**
 * A source file as JavaScript, for a process that a spec starts: without a loader, and bundled as the package is, it is there in a third
 * of the time. All of them are made when the first one is asked for in a run, from what is there then.
 *
 * @param file such as `src/cli/main.ts`.
 */
export function built(file: string): string {
  folder ??= buildAll();
  return path.join(folder, file.replace(/\.ts$/, ".js"));
}

function buildAll(): string {
  const made = mkdtempSync(path.join(runFolder(), "building-"));
  const sources = ["src", "spec/support", "spec/observe/pipelines", "examples"].flatMap((root) =>
    readdirSync(root, { recursive: true }).map((name) => path.join(root, String(name))),
  );
  // With what they read: data, and the package's version.
  for (const also of ["examples", "package.json"]) cpSync(also, path.join(made, also), { recursive: true });
  for (const source of sources.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))) {
    const target = path.join(made, source.replace(/\.ts$/, ".js"));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, transpiled(readFileSync(source, "utf8"), path.resolve(source)));
  }
  const src = path.join(made, "src");
  execFileSync(process.execPath, [path.resolve("spec/support/build.mjs"), src, src, ...ALSO_IMPORTED], {
    stdio: "inherit",
  });
  const all = path.join(runFolder(), "built");
  try {
    renameSync(made, all);
  } catch {
    // Another process was faster.
    rmSync(made, { recursive: true });
  }
  return all;
}
