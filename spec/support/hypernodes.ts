import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import * as library from "../../src/index.js";
import { built } from "./built.js";
import { commandLine, commandLineReading } from "./command-line.js";
import { type Executed, execute } from "./execute.js";
import { transpiled } from "./swc-hooks.mjs";

/** A folder in which the command line runs pipelines. All specs of the command line run it here, in one way. */
export interface CliFolder {
  readonly folder: string;
  /** Writes a file. A pipeline's source imports from "hypernodes", and becomes JavaScript with its types emitted. */
  write(name: string, content: string | Uint8Array): void;
  /** The command line in this process: it imports a pipeline's source once, whatever is written into it later. */
  hypernodes(...args: string[]): Promise<Executed>;
  /** The same, with a file of the folder as standard input. */
  reading(file: string, ...args: string[]): Promise<Executed>;
  /** A command of the shell, in which `$HYPERNODES` is the command line: for what only a process of its own has. */
  shell(command: string): Promise<Executed>;
  remove(): void;
}

/** Names the copy of the library that pipelines import: that of the process that runs them. */
const LIBRARY = "HYPERNODES_SPEC_LIBRARY";
const SHIM = "hypernodes.mjs";

export function cliFolder(): CliFolder {
  mkdirSync("coverage", { recursive: true });
  const folder = mkdtempSync(path.resolve("coverage", "cli-"));
  const main = built("src/cli/main.ts");
  writeFileSync(
    path.join(folder, SHIM),
    `export const { ${Object.keys(library).join(", ")} } = await import(process.env.${LIBRARY});\n`,
  );
  process.env[LIBRARY] = pathToFileURL(path.resolve("src/index.ts")).href;
  // It is not to go on in a process with a loader: what it imports is JavaScript.
  const env = {
    HYPERNODES_CLI_STARTED: "1",
    HYPERNODES: `"${process.execPath}" "${main}"`,
    [LIBRARY]: pathToFileURL(built("src/index.ts")).href,
  };
  return {
    folder,
    write(name, content) {
      const file = path.join(folder, name);
      const isSource = name.endsWith(".mjs") && typeof content === "string";
      const source = isSource
        ? transpiled(content, file).replaceAll('from "hypernodes"', `from ${JSON.stringify(`./${SHIM}`)}`)
        : content;
      writeFileSync(file, source);
    },
    hypernodes: (...args) => commandLine(folder, ...args),
    reading: (file, ...args) => commandLineReading(file, folder, ...args),
    shell: (command) => execute("sh", ["-c", command.replaceAll("$HYPERNODES", env.HYPERNODES)], { cwd: folder, env }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
