import { writeSync } from "node:fs";
import type { RunEvent } from "../index.js";
import { EXIT } from "./failure.js";

const MAX_NAMED = 5;
/** The places of what has begun and not ended. */
const places = new Set<string>();

/** Hears which nodes, elements and resources of a run are under way. */
export function hearUnderWay({ type, phase, path }: RunEvent): void {
  if (type !== "node" && type !== "element" && type !== "resource") return;
  if (phase === "start") places.add(path);
  else if (phase === "end" || phase === "failed") places.delete(path);
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

function stallMessage(): string {
  const all = [...places];
  const inner = all.filter(
    (place) => !all.some((other) => other.startsWith(`${place}.`) || other.startsWith(`${place}[`)),
  );
  if (inner.length === 0) return "the command never ends: nothing is left to wait for. A promise in it never settles.";
  const named = inner.slice(0, MAX_NAMED).join(", ");
  const more = inner.length > MAX_NAMED ? ` and ${inner.length - MAX_NAMED} more` : "";
  return `${named}${more}: never ${inner.length === 1 ? "ends" : "end"}, and nothing is left to wait for. Its promise never settles: does every way through it call resolve or reject?`;
}
