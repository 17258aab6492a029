import { writeSync } from "node:fs";
import type { RunEvent } from "../index.js";
import { describeChain } from "../util/describe.js";
import { formatErrorChain } from "../util/error-chain.js";
import { userFrames } from "../util/user-frames.js";
import { EXIT, safeText } from "./exit-codes.js";

const MAX_NAMED = 5;
/** The places of what has begun and not ended. */
const places = new Set<string>();

/** Hears which nodes, elements and resources of a run are under way. */
export function trackInFlight({ type, phase, path }: RunEvent): void {
  if (type !== "node" && type !== "element" && type !== "resource") return;
  if (phase === "start") places.add(path);
  else if (phase === "end" || phase === "failed") places.delete(path);
}

/** Names something that is not part of a run while it is under way. */
export async function withNamedCalls<R>(place: string, work: () => Promise<R>): Promise<R> {
  places.add(place);
  try {
    return await work();
  } finally {
    places.delete(place);
  }
}

/** Ends the process with a message at an error that nothing waits for, as of a timer: Node would show where its own code lies. */
export function watchForUncaught(): void {
  process.on("uncaughtException", (error, origin) => {
    // Code of a pipeline may see to it.
    if (process.listenerCount("uncaughtException") > 1) return;
    const [place] = innermost();
    const kind =
      origin === "unhandledRejection" ? "a promise that nothing waits for rejected" : "nothing catches an error";
    const where = place === undefined ? "" : ` while ${place} was under way`;
    const isVerbose = process.argv.includes("--verbose");
    const text = isVerbose ? formatErrorChain(error) : [describeChain(error), ...userFrames(error)].join("\n");
    writeSync(2, safeText(`${kind}${where}: ${text}\n`));
    process.exit(EXIT.failed);
  });
}

/**
 * Ends the process with a message, if it has nothing left to wait for though a command has not ended: Node would end it
 * without a word.
 *
 * @returns what to call when the command has ended.
 */
export function watchForStall(): () => void {
  const stalled = () => {
    process.stderr.write(`${stallMessage()}\n`);
    process.exit(EXIT.stalled);
  };
  // Code of a pipeline that ends the process takes the outputs with it: that is no success.
  const cutShort = (code: number) => {
    const [place] = places;
    if (code !== 0 || place === undefined) return;
    process.exitCode = EXIT.failed;
    writeSync(
      2,
      `process.exit(0) was called before the command had ended, while ${place} was under way: its outputs are lost.\n`,
    );
  };
  process.once("beforeExit", stalled);
  process.once("exit", cutShort);
  return () => {
    process.off("beforeExit", stalled);
    process.off("exit", cutShort);
  };
}

/** What is under way, and has nothing in it that is. */
function innermost(): string[] {
  const all = [...places];
  return all.filter((place) => !all.some((other) => other.startsWith(`${place}.`) || other.startsWith(`${place}[`)));
}

function stallMessage(): string {
  const inner = innermost();
  if (inner.length === 0) return "the command never ends: nothing is left to wait for. A promise in it never settles.";
  const named = inner.slice(0, MAX_NAMED).join(", ");
  const more = inner.length > MAX_NAMED ? ` and ${inner.length - MAX_NAMED} more` : "";
  return `${named}${more}: never ${inner.length === 1 ? "ends" : "end"}, and nothing is left to wait for. Its promise never settles: does every way through it call resolve or reject?`;
}
