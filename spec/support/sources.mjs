// `node spec/support/sources.mjs` prints the folder of the package's sources as JavaScript, and makes it where something is new. They
// are bundled as the package is: each module is there by its name, and has few files behind it. A process or a thread that imports the
// package has it in a third of the time, and what is tested is what users get.
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
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { transpiled } from "./swc-hooks.mjs";

const BUILD = fileURLToPath(new URL("build.mjs", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What has been bundled is kept from run to run, as what is transpiled. */
const KEPT = path.join(ROOT, "node_modules", ".cache", "specs-bundled");
/** The number of bundles that are kept. */
const MOST = 4;

/** Returns a folder with `src/`, as JavaScript, beside package.json and the build. */
export function bundledSources() {
  const digest = createHash("sha256");
  for (const name of ["package.json", "package-lock.json"]) digest.update(readFileSync(path.join(ROOT, name)));
  digest.update(readFileSync(BUILD)).update(readFileSync(fileURLToPath(import.meta.url)));
  const modules = readdirSync(path.join(ROOT, "src"), { recursive: true })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .sort()
    .map((name) => {
      const file = path.join(ROOT, "src", name);
      const code = transpiled(readFileSync(file, "utf8"), file);
      digest.update(JSON.stringify([name, code]));
      return { name: name.slice(0, -".ts".length), code };
    });
  const kept = path.join(KEPT, digest.digest("hex").slice(0, 16));
  if (existsSync(kept)) utimesSync(kept, new Date(), new Date());
  else bundle(modules, kept);
  return kept;
}

/** Another run may do the same at the same time. */
function bundle(modules, kept) {
  mkdirSync(KEPT, { recursive: true });
  const part = mkdtempSync(`${kept}.`);
  const src = path.join(part, "src");
  for (const { name, code } of modules) {
    const file = path.join(src, `${name}.js`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
  const names = modules.map(({ name }) => name.split(path.sep).join("/"));
  execFileSync(process.execPath, [BUILD, src, src, ...names], { stdio: ["ignore", "ignore", "inherit"] });
  cpSync(path.join(ROOT, "package.json"), path.join(part, "package.json"));
  // The graph's page is of the package's build, as it is for the sources.
  symlinkSync(path.join(ROOT, "dist"), path.join(part, "dist"), "junction");
  try {
    renameSync(part, kept);
  } catch {
    rmSync(part, { recursive: true });
  }
  const ages = readdirSync(KEPT).map((name) => ({ name, age: statSync(path.join(KEPT, name)).mtimeMs }));
  for (const { name } of ages.sort((a, b) => b.age - a.age).slice(MOST))
    rmSync(path.join(KEPT, name), { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(bundledSources());
