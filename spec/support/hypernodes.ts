import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { built } from "./built.js";
import { type Executed, execute } from "./execute.js";
import { transpiled } from "./swc-hooks.mjs";

/** A folder in which the command line runs pipelines. All specs of the command line run it here, in one way. */
export interface CliFolder {
  readonly folder: string;
  /** Writes a file. A pipeline's source imports from "hypernodes", and becomes JavaScript with its types emitted. */
  write(name: string, content: string | Uint8Array): void;
  hypernodes(...args: string[]): Promise<Executed>;
  /** A command of the shell, in which `$HYPERNODES` is the command line. */
  shell(command: string): Promise<Executed>;
  remove(): void;
}

export function cliFolder(): CliFolder {
  mkdirSync("coverage", { recursive: true });
  const folder = mkdtempSync(path.resolve("coverage", "cli-"));
  const main = built("src/cli/main.ts");
  // It is not to go on in a process with a loader: what it imports is JavaScript.
  const env = { HYPERNODES_CLI_STARTED: "1", HYPERNODES: `"${process.execPath}" "${main}"` };
  return {
    folder,
    write(name, content) {
      const file = path.join(folder, name);
      const isSource = name.endsWith(".mjs") && typeof content === "string";
      const source = isSource
        ? transpiled(content, file).replaceAll('from "hypernodes"', `from ${JSON.stringify(built("src/index.ts"))}`)
        : content;
      writeFileSync(file, source);
    },
    hypernodes: (...args) => execute(process.execPath, [main, ...args], { cwd: folder, env }),
    shell: (command) => execute("sh", ["-c", command.replaceAll("$HYPERNODES", env.HYPERNODES)], { cwd: folder, env }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
