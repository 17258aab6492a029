import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Executed } from "./execute.js";

let count = 0;

/** Runs a file of the project in this process: its own code anew, what it imports once. It waits for what the file awaits. */
export async function importFile(file: string, ...args: string[]): Promise<Executed> {
  const { argv } = process;
  process.argv = [process.execPath, path.resolve(file), ...args];
  try {
    return await inThisProcess(async () => {
      await import(`${pathToFileURL(file).href}?run=${++count}`);
    });
  } finally {
    process.argv = argv;
  }
}

/**
 * Does in this process what a process of its own would do, and tells it as one. One at a time: it has this process's streams
 * and exit code to itself.
 *
 * @param work gives the exit code; without one, it is what was set meanwhile.
 */
export async function inThisProcess(work: () => Promise<number | void>): Promise<Executed> {
  const restore = [captured(process.stdout), captured(process.stderr)] as const;
  try {
    const code = (await work()) ?? Number(process.exitCode ?? 0);
    return { code, stdout: restore[0](), stderr: restore[1]() };
  } finally {
    for (const end of restore) end();
    process.exitCode = undefined;
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
