import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findUp } from "../util/find-up.js";
import { OWN_FOLDER, OWN_URL, ownModule } from "../util/own-files.js";
import { usageError } from "./exit-codes.js";
import { runInChild } from "./parent-process.js";
import { targetOf } from "./pipeline-file.js";

/** Loaders that compile TypeScript: the first that is installed is used. swc emits the types that decorators need. */
const LOADERS = [
  // Its own esm-register.mjs looks for the package in the working directory, which may be another project.
  { package: "@swc-node/register", file: "esm/esm.mjs", importOf: registering },
  { package: "tsx", file: "dist/loader.mjs", importOf: (url: string) => url },
];

/** Returns a module that registers the hooks of another one. */
function registering(url: string): string {
  const code = `import { register } from "node:module"; register(${JSON.stringify(url)});`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Set for a command that was started with a loader. */
export const STARTED = "HYPERNODES_CLI_STARTED";

/**
 * Continues in a child process if this one can't run the file: with a loader, for TypeScript; with the copy of the
 * package that the file imports, so that both are the same.
 *
 * @returns the exit code of that process; undefined if this one can continue.
 */
export async function respawnIfNeeded(target: string, args: readonly string[]): Promise<number | undefined> {
  if (process.env[STARTED] !== undefined) {
    // Processes that the pipeline starts should not inherit it.
    delete process.env[STARTED];
    return undefined;
  }
  const [file] = targetOf(target);
  const folder = path.dirname(path.resolve(file));
  const ownCommand = fileURLToPath(ownModule("cli/main"));
  const theirs = commandOf(folder) ?? ownCommand;
  const flags = /\.[cm]?tsx?$/.test(file) && !hasLoader() ? loaderFor(file, folder) : [];
  if (flags.length === 0 && theirs === ownCommand) return undefined;
  const config = configFor(folder);
  const loading = { SWC_NODE_PROJECT: config, SWC_NODE_SOURCE_MAP_MODE: "inline", TSX_TSCONFIG_PATH: config };
  return runInChild([...process.execArgv, ...flags, theirs, ...args], { ...loading, ...process.env, [STARTED]: "1" });
}

/** Returns the nearest tsconfig.json of a folder; if there is none, one that enables decorators. */
function configFor(folder: string): string {
  return findUp(folder, "tsconfig.json") ?? fileURLToPath(new URL("../tsconfig.pipeline.json", OWN_URL));
}

/** Returns the command of the package that is installed for a folder. */
function commandOf(folder: string): string | undefined {
  try {
    const found = createRequire(path.join(folder, "_")).resolve("hypernodes/package.json");
    const command = path.join(path.dirname(found), "dist", "cli", "main.js");
    return existsSync(command) ? command : undefined;
  } catch {
    return undefined;
  }
}

function hasLoader(): boolean {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  return /swc|tsx|ts-node/.test(flags);
}

function loaderFor(file: string, folder: string): string[] {
  const folders = [folder, process.cwd(), OWN_FOLDER].flatMap(
    (from) => createRequire(path.join(from, "_")).resolve.paths("_")!,
  );
  for (const loader of LOADERS) {
    for (const modules of folders) {
      const found = path.join(modules, loader.package, loader.file);
      if (existsSync(found)) return ["--enable-source-maps", "--import", loader.importOf(pathToFileURL(found).href)];
    }
  }
  throw usageError(
    file,
    "it is TypeScript, and no loader that compiles it is installed",
    "npm install --save-dev @swc-node/register @swc/core typescript@6   (or tsx, which emits no decorator types)",
  );
}
