import { spawn } from "node:child_process";
import { built } from "./built.js";

export interface Executed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. What mocha put into the environment of its own processes is left out. */
export function execute(
  command: string,
  args: readonly string[],
  { cwd = process.cwd(), env = {} as NodeJS.ProcessEnv } = {},
): Promise<Executed> {
  const { NODE_OPTIONS: _, npm_config_json: __, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...inherited, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** The flags that let Node import TypeScript. */
export const LOADER = ["--import", new URL("./swc.mjs", import.meta.url).href] as const;

/** Runs a file of the project: as JavaScript, which needs no loader. */
export function executeFile(file: string, ...args: string[]): Promise<Executed> {
  return execute(process.execPath, ["--enable-source-maps", built(file), ...args]);
}
