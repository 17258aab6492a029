import { createReadStream } from "node:fs";
import path from "node:path";
import { runCommand } from "../../src/cli/command-line.js";
import type { Executed } from "./execute.js";

/**
 * Runs the command line in this process, where a process of its own is not the point: it takes a fiftieth of the time. One at a
 * time: it has this process's folder and streams to itself.
 *
 * @param folder where it is run.
 */
export async function commandLine(folder: string, ...args: string[]): Promise<Executed> {
  const { stdout, stderr } = process;
  const before = process.cwd();
  const restore = [captured(stdout), captured(stderr)] as const;
  process.chdir(folder);
  // It is not to go on in a process with a loader: this one has it.
  process.env.HYPERNODES_CLI_STARTED = "1";
  try {
    const code = await runCommand(args);
    return { code, stdout: restore[0](), stderr: restore[1]() };
  } finally {
    for (const end of restore) end();
    delete process.env.HYPERNODES_CLI_STARTED;
    process.exitCode = undefined;
    process.chdir(before);
  }
}

/** The same, with a file as standard input. */
export async function commandLineReading(file: string, folder: string, ...args: string[]): Promise<Executed> {
  const stdin = Object.getOwnPropertyDescriptor(process, "stdin")!;
  Object.defineProperty(process, "stdin", { value: createReadStream(path.join(folder, file)), configurable: true });
  try {
    return await commandLine(folder, ...args);
  } finally {
    process.stdin.destroy();
    Object.defineProperty(process, "stdin", stdin);
  }
}
/** Holds back what is written to a stream, which is no terminal meanwhile. @returns ends that, and gives what was written. */
function captured(stream: NodeJS.WriteStream): () => string {
  const { write, isTTY } = stream;
  let text = "";
  stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    const done = rest.at(-1);
    if (typeof done === "function") process.nextTick(done as () => void);
    return true;
  }) as typeof write;
  stream.isTTY = false;
  return () => {
    stream.write = write;
    stream.isTTY = isTTY;
    return text;
  };
}
