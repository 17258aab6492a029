import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import type { RunEvent } from "../../../engine/lifecycle/events.js";
import { startTimeout } from "../../../util/long-timeout.js";
import { FrameReader, type Printed, type StageHead } from "../../protocol/frames.js";
import { TaskSession } from "../../protocol/task-session.js";

/** The process that ran a pipeline's code has ended under it. */
export class ProcessEnded extends Error {}

/** The variables that are the worker's alone: code that it runs could write to the queue with them. */
const WORKERS_OWN = ["REDIS_URL", "HYPERNODES_QUEUE_KEY"];

/** A process that computes chunks with the code of one bundle, in threads of its own. */
export class PipelineProcess {
  private readonly child: ChildProcess;
  private readonly input: Writable;
  private readonly conversation: TaskSession;
  private isOver = false;
  /** How many chunks are in it. */
  activeCount = 0;
  readonly ended: Promise<void>;

  /**
   * @param folder where the bundle's files are.
   * @param scratch a folder of its own.
   * @param onOutput hears of the output of nodes; undefined: it only goes to the worker's own.
   */
  constructor(folder: string, scratch: string, onOutput: ((output: Printed) => void) | undefined) {
    const output = onOutput === undefined ? "inherit" : "pipe";
    const flags = ["--enable-source-maps", "--disable-warning=ExperimentalWarning"];
    this.child = spawn(process.execPath, [...flags, path.join(folder, "child.js"), "", scratch, "worker"], {
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !WORKERS_OWN.includes(name))),
      stdio: ["ignore", output, output, "pipe", "pipe"],
    });
    const [, , , down, up] = this.child.stdio as unknown as [null, null, null, Writable, Readable];
    for (const stream of ["stdout", "stderr"] as const) {
      this.child[stream]?.setEncoding("utf8").on("data", (text: string) => {
        process[stream].write(text);
        onOutput?.({ stream, text });
      });
    }
    this.input = down;
    this.conversation = new TaskSession({
      send: (frames) => this.send(frames),
      // The client knows how the files are called there.
      mapped: (error) => error,
      broken: (error) => this.terminate(error),
    });
    const reader = new FrameReader(true);
    up.on("data", (piece: Buffer) => {
      try {
        for (const frame of reader.push(piece)) this.conversation.onFrame(frame);
      } catch (error) {
        this.terminate(error);
      }
    });
    down.on("error", () => {});
    this.ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.terminate(new ProcessEnded(how));
        resolve();
      };
      this.child.on("error", (error) => end(error.message));
      this.child.on("close", (code, signal) => end(signal === null ? `exit code ${code}` : String(signal)));
    });
  }

  get isAlive(): boolean {
    return !this.isOver;
  }

  /**
   * Computes a chunk.
   *
   * @param live hears of events before the result does, if the chunk takes long.
   * @returns the result, encoded.
   * @throws {ProcessEnded} if the process ends under it.
   */
  async compute(
    fragment: StageHead,
    chunk: Uint8Array,
    signal: AbortSignal,
    graceMs: number,
    live: (event: RunEvent) => void,
  ): Promise<Uint8Array> {
    this.activeCount++;
    try {
      const work = { length: chunk.length, parts: [chunk] };
      const hearing = { event: live, printed() {}, handsOn: true };
      return (await this.conversation.run({ fragment }, work, hearing, signal, graceMs).result) as Uint8Array;
    } finally {
      this.activeCount--;
    }
  }

  private async send(frames: Iterable<Uint8Array>): Promise<void> {
    let goesOn = true;
    for (const bytes of frames) goesOn = this.input.write(bytes);
    if (!goesOn) await Promise.race([once(this.input, "drain"), this.ended]);
  }

  private terminate(error: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.conversation.fail(error);
    this.child.kill("SIGKILL");
  }

  /** Lets it dispose of what it keeps, and end; after the grace, ends it. */
  async close(graceMs: number): Promise<void> {
    this.input.end();
    const late = startTimeout(() => this.child.kill("SIGKILL"), graceMs);
    await this.ended;
    late.clear();
  }
}
