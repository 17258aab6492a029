import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { execute } from "./execute.js";
import { onceARun, outsideFolder } from "./run-folder.js";

/** An empty project that has installed the packed tarball, and what compiles TypeScript: what a user gets. Made once a run. */
export async function packedProject(): Promise<string> {
  const folder = outsideFolder();
  await onceARun("packed", () => make(folder));
  return folder;
}

/** The tarball that the project has installed. */
export async function packedTarball(): Promise<string> {
  const folder = await packedProject();
  return path.join(folder, tarballIn(folder));
}

async function make(folder: string): Promise<void> {
  const built = await execute("npm", ["run", "build"]);
  expect(built.code, built.stdout + built.stderr).to.equal(0);
  // Its scripts would build it again.
  const packed = await execute("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder]);
  expect(packed.code, packed.stderr).to.equal(0);
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<
    string,
    Record<string, string>
  >;
  const loaders = ["@swc-node/register", "@swc/core", "tsx", "typescript"].map((n) => `${n}@${devDependencies![n]}`);
  const install = ["install", "--no-audit", "--no-fund", "--prefer-offline", `./${tarballIn(folder)}`, ...loaders];
  const installed = await execute("npm", install, { cwd: folder });
  expect(installed.code, installed.stderr).to.equal(0);
}

function tarballIn(folder: string): string {
  return readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
}
