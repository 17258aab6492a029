import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import { execute } from "./execute.js";

let made: Promise<string> | undefined;

/** An empty project that has installed the packed tarball, and what compiles TypeScript: what a user gets. Made once. */
export function packedProject(): Promise<string> {
  made ??= make();
  return made;
}

async function make(): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hypernodes-package-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const built = await execute("npm", ["run", "build"]);
  expect(built.code, built.stdout + built.stderr).to.equal(0);
  const packed = await execute("npm", ["pack", "--silent", "--pack-destination", folder]);
  expect(packed.code, packed.stderr).to.equal(0);
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const tarball = `./${packed.stdout.trim().split("\n").at(-1)!}`;
  const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<
    string,
    Record<string, string>
  >;
  const loaders = ["@swc-node/register", "@swc/core", "tsx", "typescript"].map((n) => `${n}@${devDependencies![n]}`);
  const install = ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball, ...loaders];
  const installed = await execute("npm", install, { cwd: folder });
  expect(installed.code, installed.stderr).to.equal(0);
  return folder;
}
