import { eventLog, type Reader } from "../index.js";
import { hasLostEvents } from "../observe/event-log.js";
import { outputLost } from "./failure.js";

/** The file of `--events`. */
export class EventsFile {
  readonly readers: readonly Reader[];

  /** @param file undefined: none is wanted. */
  constructor(private readonly file: string | undefined) {
    this.readers = file === undefined ? [] : [eventLog(file)];
  }

  /** @throws {HypernodesError} `OUTPUT_LOST` if some events could not be written. */
  check(): void {
    if (!this.readers.some(hasLostEvents)) return;
    throw outputLost(`--events ${this.file}`, "events are lost, the file can't be written");
  }
}
