import { onDemand } from "../../util/on-demand.js";

const zlib = onDemand<typeof import("node:zlib")>("node:zlib");

/** Characters that a command may have with what it writes: a shell takes no argument of more than 128 KiB. */
export const MAX_COMMAND_LENGTH = 120_000;

/** A shell command that writes a file. @param path one that needs no quotes. */
export function writeFileCommand(path: string, content: string | Uint8Array): string {
  return `echo ${zlib().gzipSync(content).toString("base64")} | base64 -d | gunzip > ${path}`;
}
