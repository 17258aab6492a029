import { EVENTS_VERSION, type RunEvent } from "../engine/lifecycle/events.js";
import { HypernodesError } from "../errors.js";
import { ByteLines, NotTextError, textOf } from "../util/byte-lines.js";
import { describeError, isError, messageOf, readProperty } from "../util/describe.js";
import { fileProblem } from "../util/file-problem.js";
import { FlushTimer } from "../util/flush-timer.js";
import { JsonTextError, parseJson, withNumbers } from "../util/json-text.js";
import { onDemand } from "../util/on-demand.js";
import { checkNoMore, checkOptions, that } from "../util/options.js";
import { defectOf } from "./event-kinds.js";
import { observerFactories, type RunObserver } from "./run-observer.js";

const fs = onDemand<typeof import("node:fs")>("node:fs");

/** Number of buffered characters that triggers a write. */
const GATHERED = 64 * 1024;
/** Maximum time in milliseconds that lines are buffered. */
const WRITE_MS = 500;
/** Number of bytes per read. */
const PIECE = 256 * 1024;
const WRITTEN = "Write one with --events FILE, or with the observer eventLog(file).";

/** The first line of a log. */
interface Head {
  readonly hypernodes: "events";
  readonly version: number;
}

/**
 * Creates an observer that writes the events of runs to a file, each as a line of JSON; an error by its name, message,
 * code and location. Existing content of the file is overwritten. `hypernodes report FILE` and the page of the graph
 * read it. If the disk is full, one warning is printed and the run continues.
 *
 * @param file path of the file.
 * @returns an observer for `onEvent`.
 * @throws {HypernodesError} `INVALID_EVENTS` if the file can't be written.
 *
 * @example
 * ```ts
 * await pipeline.run(inputs, { onEvent: eventLog("run.jsonl") });
 * ```
 */
export function eventLog(file: string): RunObserver;
export function eventLog(file: string, ...more: unknown[]): RunObserver {
  checkNoMore("eventLog(file)", more);
  checkOptions("eventLog(file)", { file }, { file: { ...that("the path of a file", isText), isRequired: true } });
  return new EventLog(file);
}

observerFactories(eventLog);

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Tells if a log has lost events because they could not be written. */
export function hasLostEvents(log: RunObserver): boolean {
  return log instanceof EventLog && log.hasFailed;
}

class EventLog implements RunObserver {
  private descriptor: number | undefined;
  private buffered = `${JSON.stringify({ hypernodes: "events", version: EVENTS_VERSION } satisfies Head)}\n`;
  private readonly flushing = new FlushTimer(WRITE_MS, () => this.write());
  hasFailed = false;
  /** Number of runs that it is observing. */
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
    this.flushing.add(this.buffered.length >= GATHERED);
  }

  onAfterRun(): void {
    this.write();
    if (--this.runs > 0) return;
    fs().closeSync(this.descriptor!);
    this.descriptor = undefined;
  }

  private write(): void {
    this.flushing.reset();
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

/** Converts an event to its form in a log. */
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
 * Reads a file written by `eventLog`. An incomplete last line, of a process that was killed, is ignored. Events of
 * kinds that this version does not have are included: observers ignore them.
 *
 * @param file path of the file.
 * @returns the events, in the order of the file.
 * @throws {HypernodesError} `INVALID_EVENTS` if it is not an event log, or one of a newer version; the message contains
 * the line.
 *
 * @example
 * ```ts
 * const failed = readEvents("run.jsonl").filter((event) => "error" in event);
 * ```
 */
export function readEvents(file: string): RunEvent[];
export function readEvents(file: string, ...more: unknown[]): RunEvent[] {
  checkNoMore("readEvents(file)", more);
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
      // The line is incomplete because the process was killed: no part of a line is valid JSON.
      if (!isEnded && (error instanceof JsonTextError || error instanceof NotTextError)) break;
      throw invalid(
        file,
        `line ${number}${problemOf(error)}`,
        "Is it complete? Write it again with --events, or eventLog(file).",
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
  if (error instanceof JsonTextError) return ` is not valid JSON: column ${error.column}: ${error.problem}`;
  return `: ${error instanceof NotTextError ? error.problem : (error as Error).message}`;
}

/** Yields the lines of a file in chunks: a log may be larger than the longest string. */
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
  if (head?.hypernodes !== "events") throw invalid(name, "it is not an event log", WRITTEN);
  if (head.version !== EVENTS_VERSION) {
    throw invalid(
      name,
      `its events are of version ${JSON.stringify(head.version)}, but this version of hypernodes reads version ${EVENTS_VERSION}`,
      "Read it with the version of hypernodes that wrote it.",
    );
  }
}

function invalid(where: string, problem: string, advice: string, cause?: unknown): HypernodesError {
  return new HypernodesError({ code: "INVALID_EVENTS", where, problem, advice, cause });
}
