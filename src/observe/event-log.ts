import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { EVENTS_VERSION, type RunEvent } from "../engine/events.js";
import { HypernodesError } from "../errors.js";
import type { Reader } from "./reader.js";

/** Characters that are gathered before they are written. */
const GATHERED = 64 * 1024;
/** Milliseconds for which they are kept at most, as long as timers run. */
const WRITE_MS = 500;

/** The first line of a log. */
interface Head {
  readonly hypernodes: "events";
  readonly version: number;
}

/**
 * Writes the events of a run into a file, each as a line of JSON; an error as its name, message, code and place. The file
 * is written anew. `hypernodes report FILE` and the graph's page read it.
 *
 * @param file its path.
 * @throws what opening the file throws.
 */
export function eventLog(file: string): Reader {
  const descriptor = openSync(file, "w");
  let gathered = `${JSON.stringify({ hypernodes: "events", version: EVENTS_VERSION } satisfies Head)}\n`;
  let timer: NodeJS.Timeout | undefined;
  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = gathered;
    gathered = "";
    writeSync(descriptor, text);
  };
  return {
    onEvent(event) {
      gathered += `${JSON.stringify(logged(event))}\n`;
      if (gathered.length >= GATHERED) write();
      else timer ??= setTimeout(write, WRITE_MS).unref();
    },
    onSettled() {
      write();
      closeSync(descriptor);
    },
  };
}

/** An event as it is in a log. */
function logged(event: RunEvent): object {
  return "error" in event ? { ...event, error: loggedError(event.error) } : event;
}

function loggedError(error: unknown): object {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  return error instanceof HypernodesError ? { name, message, code: error.code, where: error.where } : { name, message };
}

/**
 * Reads a file that `eventLog` has written. A last line that was cut off, by a process that was killed, is left out.
 *
 * @throws {HypernodesError} `INVALID_EVENTS` if it is no such file, or of a newer version.
 */
export function readEvents(file: string): RunEvent[] {
  const [first = "", ...lines] = contentOf(file).split("\n");
  checkHead(first, file);
  const events: RunEvent[] = [];
  for (const [i, line] of lines.entries()) {
    if (line === "") continue;
    try {
      events.push(JSON.parse(line) as RunEvent);
    } catch {
      if (i === lines.length - 1) break;
      throw invalid(file, `line ${i + 2} is no JSON`, "Is it whole? Write it anew with --events, or eventLog(file).");
    }
  }
  return events;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw invalid(file, `it can't be read: ${(error as Error).message}`, "Is the path right?");
  }
}

function checkHead(line: string, name: string): void {
  let head: Partial<Head> | undefined;
  try {
    head = JSON.parse(line) as Partial<Head>;
  } catch {}
  if (head?.hypernodes !== "events") {
    throw invalid(name, "it is no log of events", "Write one with --events FILE, or with the reader eventLog(file).");
  }
  if (head.version !== EVENTS_VERSION) {
    throw invalid(
      name,
      `its events are of version ${head.version}, this is hypernodes for version ${EVENTS_VERSION}`,
      "Read it with the version of hypernodes that wrote it.",
    );
  }
}

function invalid(where: string, problem: string, advice: string): HypernodesError {
  return new HypernodesError({ code: "INVALID_EVENTS", where, problem, advice });
}
