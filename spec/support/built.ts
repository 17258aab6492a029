import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { onceARunSync, runFolder } from "./run-folder.js";
import { transpiled } from "./swc-hooks.mjs";

/** The modules that programs of specs import beside the package's own. */
const ALSO_IMPORTED = ["dsl/metadata", "cache/code/saved-forms"];
const BUILD = path.resolve("spec/support/build.mjs");
/** What has been bundled is kept from run to run, as what is transpiled. */
const KEPT = path.resolve("node_modules/.cache/specs-bundled");
/** The number of bundles that are kept. */
const MOST = 4;

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
  const sources = ["src", "spec/support", "spec/observe/pipelines", "examples"].flatMap((root) =>
    readdirSync(root, { recursive: true }).map((name) => path.join(root, String(name))),
  );
  // With what they read: data, and the package's version.
  for (const also of ["examples", "package.json"]) cpSync(also, path.join(made, also), { recursive: true });
  const digest = createHash("sha256").update(readFileSync(BUILD)).update(readFileSync("package-lock.json"));
  for (const source of sources.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts")).sort()) {
    const target = path.join(made, source.replace(/\.ts$/, ".js"));
    mkdirSync(path.dirname(target), { recursive: true });
    const code = transpiled(readFileSync(source, "utf8"), path.resolve(source));
    writeFileSync(target, code);
    digest.update(JSON.stringify([source, code]));
  }
  const src = path.join(made, "src");
  const kept = path.join(KEPT, digest.digest("hex"));
  if (!existsSync(kept)) {
    execFileSync(process.execPath, [BUILD, src, src, ...ALSO_IMPORTED], { stdio: "inherit" });
    keep(src, kept);
  } else {
    rmSync(src, { recursive: true });
    cpSync(kept, src, { recursive: true });
    utimesSync(kept, new Date(), new Date());
  }
  renameSync(made, all);
}

/** Another run may do the same at the same time. */
function keep(folder: string, kept: string): void {
  mkdirSync(KEPT, { recursive: true });
  const part = mkdtempSync(`${kept}.`);
  cpSync(folder, part, { recursive: true });
  try {
    renameSync(part, kept);
  } catch {
    rmSync(part, { recursive: true });
  }
  const ages = readdirSync(KEPT).map((name) => ({ name, age: statSync(path.join(KEPT, name)).mtimeMs }));
  for (const { name } of ages.sort((a, b) => b.age - a.age).slice(MOST))
    rmSync(path.join(KEPT, name), { recursive: true, force: true });
}
