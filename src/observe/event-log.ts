import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { EVENTS_VERSION, type RunEvent } from "../engine/events.js";
import { HypernodesError } from "../errors.js";
import { describeError, isError, messageOf, readProperty } from "../util/describe.js";
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
 * Writes the events of runs into a file, each as a line of JSON; an error as its name, message, code and place. What the file
 * had before is gone. `hypernodes report FILE` and the graph's page read it. If the disk is full, one warning says so, and the
 * run goes on.
 *
 * @param file its path.
 * @throws {HypernodesError} `INVALID_EVENTS` if it can't be written.
 */
export function eventLog(file: string): Reader {
  return new EventLog(file);
}

class EventLog implements Reader {
  private descriptor: number | undefined;
  private gathered = `${JSON.stringify({ hypernodes: "events", version: EVENTS_VERSION } satisfies Head)}\n`;
  private timer: NodeJS.Timeout | undefined;
  private isBroken = false;
  /** How many runs it is reading. */
  private runs = 0;

  constructor(private readonly file: string) {
    try {
      this.descriptor = openSync(file, "w");
    } catch (error) {
      throw invalid(file, `it can't be written: ${(error as Error).message}`, "Is the path right?");
    }
  }

  onPrepare(): void {
    this.runs++;
    this.descriptor ??= openSync(this.file, "a");
  }

  onEvent(event: RunEvent): void {
    if (this.isBroken) return;
    this.gathered += `${JSON.stringify(logged(event))}\n`;
    if (this.gathered.length >= GATHERED) this.write();
    else this.timer ??= setTimeout(() => this.write(), WRITE_MS).unref();
  }

  onSettled(): void {
    this.write();
    if (--this.runs > 0) return;
    closeSync(this.descriptor!);
    this.descriptor = undefined;
  }

  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    try {
      writeFileSync(this.descriptor!, this.gathered);
    } catch (error) {
      this.isBroken = true;
      process.emitWarning(
        `${this.file}: events can't be written any more: ${describeError(error)}`,
        "HypernodesWarning",
      );
    }
    this.gathered = "";
  }
}

/** An event as it is in a log. */
function logged(event: RunEvent): object {
  return "error" in event ? { ...event, error: loggedError(event.error) } : event;
}

function loggedError(error: unknown): object {
  if (!isError(error)) return { name: "Error", message: describeError(error) };
  const name = String(readProperty(error, "name"));
  const message = messageOf(error);
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
