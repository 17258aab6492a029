import { readdirSync } from "node:fs";
import path from "node:path";

/** What is installed for these very specs, and what else has code of many kinds. */
const PACKAGES = ["acorn/dist", "chai", "mocha/lib", "eslint-scope/dist", "commander/lib", "fast-check/lib"];

/** The JavaScript files of some packages. */
export function installedScripts(): string[] {
  return PACKAGES.flatMap((name) => [...scriptsIn(path.join("node_modules", name))]);
}

function* scriptsIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "node_modules") yield* scriptsIn(file);
    else if (/\.[cm]?js$/.test(entry.name)) yield file;
  }
}
