import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** Loads packages that only a bench compares with: installed when it runs, since one of them compiles for two minutes. */
export function loadPeers(name: string, ...packages: readonly string[]): NodeJS.Require {
  const folder = path.resolve("node_modules", ".cache", `bench-${name}`);
  if (!existsSync(path.join(folder, "node_modules"))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ private: true }));
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--no-save", ...packages], { cwd: folder });
  }
  return createRequire(path.join(folder, "package.json"));
}
