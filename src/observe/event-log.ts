import { EVENTS_VERSION, type RunEvent } from "../engine/lifecycle/events.js";
import { HypernodesError } from "../errors.js";
import { ByteLines, NotTextError, textOf } from "../util/byte-lines.js";
import { describeError, isError, messageOf, readProperty } from "../util/describe.js";
import { fileProblem } from "../util/file-problem.js";
import { JsonTextError, parseJson, withNumbers } from "../util/json-text.js";
import { onDemand } from "../util/on-demand.js";
import { checkOptions, that } from "../util/options.js";
import { defectOf } from "./event-kinds.js";
import { observerFactories, type RunObserver } from "./run-observer.js";

const fs = onDemand<typeof import("node:fs")>("node:fs");

/** Characters that are gathered before they are written. */
const GATHERED = 64 * 1024;
/** Milliseconds for which they are kept at most, as long as timers run. */
const WRITE_MS = 500;
/** Bytes that are read at once. */
const PIECE = 256 * 1024;
const WRITTEN = "Write one with --events FILE, or with the reader eventLog(file).";

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
export function eventLog(file: string): RunObserver {
  checkOptions("eventLog(file)", { file }, { file: { ...that("the path of a file", isText), isRequired: true } });
  return new EventLog(file);
}

observerFactories(eventLog);

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Whether a log has lost events, because they could not be written. */
export function hasLostEvents(log: RunObserver): boolean {
  return log instanceof EventLog && log.hasFailed;
}

class EventLog implements RunObserver {
  private descriptor: number | undefined;
  private buffered = `${JSON.stringify({ hypernodes: "events", version: EVENTS_VERSION } satisfies Head)}\n`;
  private timer: NodeJS.Timeout | undefined;
  hasFailed = false;
  /** How many runs it is reading. */
  private runs = 0;

  constructor(private readonly file: string) {
    this.descriptor = opened(file, "w", "written");
  }

  onBeforeRun(): void {
    this.runs++;
    this.descriptor ??= fs().openSync(this.file, "a");
  }

  onEvent(event: RunEvent): void {
    if (this.hasFailed) return;
    this.buffered += `${JSON.stringify(toLogLine(event))}\n`;
    if (this.buffered.length >= GATHERED) this.write();
    else this.timer ??= setTimeout(() => this.write(), WRITE_MS).unref();
  }

  onAfterRun(): void {
    this.write();
    if (--this.runs > 0) return;
    fs().closeSync(this.descriptor!);
    this.descriptor = undefined;
  }

  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    try {
      fs().writeFileSync(this.descriptor!, this.buffered);
    } catch (error) {
      this.hasFailed = true;
      process.emitWarning(
        `${this.file}: events can't be written any more: ${describeError(error)}`,
        "HypernodesWarning",
      );
    }
    this.buffered = "";
  }
}

/** An event as it is in a log. */
function toLogLine(event: RunEvent): object {
  return "error" in event ? { ...event, error: toLoggedError(event.error) } : event;
}

function toLoggedError(error: unknown): object {
  if (!isError(error)) return { name: "Error", message: describeError(error) };
  const name = String(readProperty(error, "name"));
  const message = messageOf(error);
  return error instanceof HypernodesError ? { name, message, code: error.code, where: error.where } : { name, message };
}

/**
 * Reads a file that `eventLog` has written. A last line that was cut off, by a process that was killed, is left out. Events of
 * kinds that this version does not know are kept: readers pass over them.
 *
 * @throws {HypernodesError} `INVALID_EVENTS` if it is no such file, or of a newer version; it names the line that is wrong.
 */
export function readEvents(file: string): RunEvent[] {
  const events: RunEvent[] = [];
  let number = 0;
  for (const { bytes, isEnded } of linesOf(file)) {
    number++;
    try {
      const line = textOf(bytes);
      if (number === 1) checkHead(line, file);
      else if (line.trim() !== "") events.push(eventIn(line));
    } catch (error) {
      if (error instanceof HypernodesError) throw error;
      if (number === 1) checkHead("", file);
      // A killed process has not ended it: no part of a line is whole JSON.
      if (!isEnded && (error instanceof JsonTextError || error instanceof NotTextError)) break;
      throw invalid(
        file,
        `line ${number}${problemOf(error)}`,
        "Is it whole? Write it anew with --events, or eventLog(file).",
      );
    }
  }
  if (number === 0) checkHead("", file);
  return events;
}

function eventIn(line: string): RunEvent {
  const event = withNumbers(parseJson(line)).value;
  const defect = defectOf(event);
  if (defect !== undefined) throw new Error(defect);
  return event as RunEvent;
}

function problemOf(error: unknown): string {
  if (error instanceof JsonTextError) return ` is no JSON: column ${error.column}: ${error.problem}`;
  return `: ${error instanceof NotTextError ? error.problem : (error as Error).message}`;
}

/** The lines of a file, read piece by piece: a log may be larger than a text can be. */
function* linesOf(file: string): Generator<{ readonly bytes: Buffer; readonly isEnded: boolean }> {
  const lines = new ByteLines();
  const descriptor = opened(file, "r", "read");
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE);
      const size = fs().readSync(descriptor, piece);
      if (size === 0) break;
      for (const bytes of lines.add(piece.subarray(0, size))) yield { bytes, isEnded: true };
    }
    const rest = lines.rest();
    if (rest !== undefined) yield { bytes: rest, isEnded: false };
  } catch (error) {
    if (error instanceof HypernodesError) throw error;
    if (error instanceof NotTextError) throw invalid(file, `line ${error.line}: ${error.problem}`, WRITTEN, error);
    throw invalid(file, `it can't be read: ${fileProblem(error)}`, "Is the path right?", error);
  } finally {
    fs().closeSync(descriptor);
  }
}

function opened(file: string, flags: "r" | "w" | "a", verb: "read" | "written"): number {
  try {
    return fs().openSync(file, flags);
  } catch (error) {
    throw invalid(file, `it can't be ${verb}: ${fileProblem(error)}`, "Is the path right?", error);
  }
}

function checkHead(line: string, name: string): void {
  let head: Partial<Head> | null | undefined;
  try {
    head = JSON.parse(line) as Partial<Head> | null;
  } catch {}
  if (head?.hypernodes !== "events") throw invalid(name, "it is no log of events", WRITTEN);
  if (head.version !== EVENTS_VERSION) {
    throw invalid(
      name,
      `its events are of version ${JSON.stringify(head.version)}, this is hypernodes for version ${EVENTS_VERSION}`,
      "Read it with the version of hypernodes that wrote it.",
    );
  }
}

function invalid(where: string, problem: string, advice: string, cause?: unknown): HypernodesError {
  return new HypernodesError({ code: "INVALID_EVENTS", where, problem, advice, cause });
}
