import { writeSync } from "node:fs";
import type { RunEvent } from "../index.js";
import { describeChain } from "../util/describe.js";
import { formatErrorChain } from "../util/error-chain.js";
import { userFrames } from "../util/user-frames.js";
import { EXIT, safeText } from "./exit-codes.js";

const MAX_NAMED = 5;
/** Paths of everything that has started and not ended. */
const places = new Set<string>();

/** Tracks the nodes, elements and resources of a run that are in flight. */
export function trackInFlight({ type, phase, path }: RunEvent): void {
  if (type !== "node" && type !== "element" && type !== "resource") return;
  if (phase === "start") places.add(path);
  else if (phase === "end" || phase === "failed") places.delete(path);
}

/** Tracks work that is not part of a run, under a name. */
export async function withNamedCalls<R>(place: string, work: () => Promise<R>): Promise<R> {
  places.add(place);
  try {
    return await work();
  } finally {
    places.delete(place);
  }
}

/**
 * Ends the process with a message at an uncaught exception, as in a timer: Node would print the location of its own
 * code.
 */
export function watchForUncaught(): void {
  process.on("uncaughtException", (error, origin) => {
    // Code of a pipeline may handle it.
    if (process.listenerCount("uncaughtException") > 1) return;
    const [place] = innermost();
    const kind = origin === "unhandledRejection" ? "a rejected promise was not handled" : "an error was not caught";
    const where = place === undefined ? "" : ` while ${place} was running`;
    const isVerbose = process.argv.includes("--verbose");
    const text = isVerbose ? formatErrorChain(error) : [describeChain(error), ...userFrames(error)].join("\n");
    writeSync(2, safeText(`${kind}${where}: ${text}\n`));
    process.exit(EXIT.failed);
  });
}

/**
 * Ends the process with a message if nothing keeps it alive before a command has ended: Node would end it silently.
 *
 * @returns a function to call when the command has ended.
 */
export function watchForStall(): () => void {
  const stalled = () => {
    process.stderr.write(`${stallMessage()}\n`);
    process.exit(EXIT.stalled);
  };
  // If code of a pipeline exits the process, the outputs are lost: that is not a success.
  const cutShort = (code: number) => {
    const [place] = places;
    if (code !== 0 || place === undefined) return;
    process.exitCode = EXIT.failed;
    writeSync(
      2,
      `process.exit(0) was called before the command had ended, while ${place} was running: its outputs are lost.\n`,
    );
  };
  process.once("beforeExit", stalled);
  process.once("exit", cutShort);
  return () => {
    process.off("beforeExit", stalled);
    process.off("exit", cutShort);
  };
}

/** Returns the innermost paths that are in flight, elements in their order: threads report them in any order. */
function innermost(): string[] {
  const all = [...places];
  return all
    .filter((place) => !all.some((other) => other.startsWith(`${place}.`) || other.startsWith(`${place}[`)))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function stallMessage(): string {
  const inner = innermost();
  if (inner.length === 0) return "the command never ends: nothing is left to wait for. A promise in it never settles.";
  const named = inner.slice(0, MAX_NAMED).join(", ");
  const more = inner.length > MAX_NAMED ? ` and ${inner.length - MAX_NAMED} more` : "";
  const [end, promise] =
    inner.length === 1 ? ["ends", "Its promise never settles"] : ["end", "Their promises never settle"];
  return `${named}${more}: never ${end}, and nothing is left to wait for. ${promise}: does every path through ${inner.length === 1 ? "it" : "them"} call resolve or reject?`;
}
