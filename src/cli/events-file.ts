import { eventLog, HypernodesError, type RunObserver } from "../index.js";
import { hasLostEvents } from "../observe/event-log.js";
import { outputLost } from "./exit-codes.js";

/** The file of `--events`. */
export class EventsFile {
  readonly observers: readonly RunObserver[];

  /** @param file undefined if none is requested. */
  constructor(private readonly file: string | undefined) {
    this.observers = file === undefined ? [] : [namingOption("--events", () => eventLog(file))];
  }

  /** @throws {HypernodesError} `OUTPUT_LOST` if some events could not be written. */
  check(): void {
    if (!this.observers.some(hasLostEvents)) return;
    throw outputLost(`--events ${this.file}`, "events were lost, because the file can't be written");
  }
}

/** Runs a function that uses a file of events; its error names the option or command. */
export function namingOption<R>(option: string, work: () => R): R {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof HypernodesError)) throw error;
    const { code, where, problem, advice, cause } = error;
    throw new HypernodesError({ code, where: `${option} ${where}`, problem, advice, cause });
  }
}
