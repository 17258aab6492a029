import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { startTimeout } from "../../util/long-timeout.js";
import { type Ended, FrameReader, type Printed } from "../protocol/frames.js";
import { TaskSession } from "../protocol/task-session.js";

/** The bytes of stderr that the error of an ended process may show. */
const MAX_TAIL_BYTES = 64 * 1024;

/** Options of a process that runs tasks. */
export interface ChildProcessOptions {
  /** Node's flags, the file of `runtime/task-process.ts`, and its arguments. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Receives what the process prints; undefined: the process prints where this one does. */
  readonly onOutput: ((printed: Printed) => void) | undefined;
  /**
   * True if signals of the terminal go to this process alone. The process leads a group then: the processes that nodes start in it
   * end when it ends.
   */
  readonly isDetached?: boolean;
  /** Replaces the process's file names in errors by those of this machine. Default: errors stay as they are. */
  readonly remapStacks?: (error: unknown) => unknown;
}

/** A child process that runs tasks (`runtime/task-process.ts`), with the frames of both directions on pipes of their own. */
export class TaskChildProcess {
  readonly child: ChildProcess;
  readonly session: TaskSession;
  /** Resolves when the process has ended and all that it wrote has been read. */
  readonly ended: Promise<Ended>;
  private readonly input: Writable;
  private readonly isDetached: boolean;
  private tail = "";
  private isTerminated = false;
  /** Resolves when the pipe has room again: one for all that wait. */
  private drained: Promise<unknown> | undefined;

  constructor({ args, env, onOutput, isDetached = false, remapStacks = (error) => error }: ChildProcessOptions) {
    const output = onOutput === undefined ? "inherit" : "pipe";
    const stdio: StdioOptions = ["ignore", output, output, "pipe", "pipe"];
    this.isDetached = isDetached;
    this.child = spawn(process.execPath, [...args], { env, stdio, detached: isDetached });
    // A process that it has started may hold its pipes open: they would never close.
    if (isDetached) this.child.on("exit", () => this.kill());
    const [, , , down, up] = this.child.stdio as unknown as [null, null, null, Writable, Readable];
    for (const stream of ["stdout", "stderr"] as const) {
      this.child[stream]?.setEncoding("utf8").on("data", (text: string) => {
        if (stream === "stderr") this.tail = (this.tail + text).slice(-MAX_TAIL_BYTES);
        onOutput!({ stream, text });
      });
    }
    this.input = down;
    this.session = new TaskSession({
      send: (frames) => this.send(frames),
      mapped: remapStacks,
      broken: (error) => this.terminate(error),
    });
    const reader = new FrameReader(true);
    up.on("data", (piece: Buffer) => {
      try {
        for (const frame of reader.push(piece)) this.session.onFrame(frame);
      } catch (error) {
        this.terminate(error);
      }
    });
    down.on("error", () => {});
    this.ended = new Promise((resolve) => {
      this.child.on("error", ({ message }) => resolve({ code: null, signal: null, stderr: message }));
      this.child.on("close", (code, signal) => resolve({ code, signal, stderr: this.tail }));
    });
  }

  /** True until the process was terminated, or failed to start. */
  get isAlive(): boolean {
    return !this.isTerminated;
  }

  /** Kills the process. Its tasks are rejected with the error. */
  terminate(error: unknown): void {
    if (this.isTerminated) return;
    this.isTerminated = true;
    this.session.fail(error);
    this.kill();
  }

  private kill(): void {
    const { pid } = this.child;
    try {
      if (this.isDetached && pid !== undefined) process.kill(-pid, "SIGKILL");
      else this.child.kill("SIGKILL");
    } catch {
      // Nothing is left of the group.
    }
  }

  /**
   * Lets the process dispose of its resources and end, and waits for that.
   *
   * @param graceMs milliseconds after which it is killed.
   */
  async close(graceMs: number): Promise<void> {
    this.input.end();
    const timer = startTimeout(() => this.kill(), graceMs);
    await this.ended;
    timer.clear();
  }

  private async send(frames: Iterable<Uint8Array>): Promise<void> {
    let hasRoom = true;
    for (const bytes of frames) hasRoom = this.input.write(bytes);
    if (hasRoom) return;
    this.drained ??= once(this.input, "drain").finally(() => {
      this.drained = undefined;
    });
    await Promise.race([this.drained, this.ended]);
  }
}
