import { startTimeout } from "../../util/long-timeout.js";
import type { KeepHead } from "../protocol/frames.js";
import type { TaskListener } from "../protocol/task-session.js";
import type { HostConnection } from "../provider.js";
import { TaskChildProcess } from "./child-process.js";
import type { HostErrors } from "./host-errors.js";

/** Milliseconds that a process has to end by itself. */
const EXIT_MS = 1_000;

/** Options of a host that is a child process. */
export interface ChildProcessHostOptions {
  /** Node's flags, the file of `runtime/task-process.ts`, and its arguments. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds for one task; undefined: no limit. */
  readonly timeoutMs: number | undefined;
  /** The path of the work in messages. */
  readonly where: string;
  readonly errors: HostErrors;
}

/** A child process of this machine as a host. It does not keep this process alive while it has nothing to do. */
export class ChildProcessHost implements HostConnection {
  private readonly process: TaskChildProcess;
  private listener: TaskListener | undefined;
  private tasks = 0;

  constructor(private readonly options: ChildProcessHostOptions) {
    const { args, env, where, errors } = options;
    const onOutput: TaskListener["printed"] = (printed) => this.listener?.printed(printed);
    // Signals of the terminal are for this process, which ends its hosts.
    this.process = new TaskChildProcess({ args, env, onOutput, isDetached: process.platform !== "win32" });
    this.process.child.unref();
    void this.process.ended.then((ended) => this.process.terminate(errors.processEnded(ended, where)));
  }

  get id(): string {
    return String(this.process.child.pid);
  }

  get isAlive(): boolean {
    return this.process.isAlive;
  }

  run: HostConnection["run"] = (work, listener, signal, graceMs, head = {}) => {
    this.listener = listener;
    const { timeoutMs, where, errors } = this.options;
    const expire = () => this.process.terminate(errors.timedOut(where, timeoutMs!));
    const limit = timeoutMs === undefined ? undefined : startTimeout(expire, timeoutMs);
    // Its pipes may close before its end is known: without the process itself, nothing would be left to wait for.
    if (this.tasks++ === 0) this.process.child.ref();
    const handle = this.process.session.run(head, work, listener, signal, graceMs);
    const result = handle.result.finally(async () => {
      if (--this.tasks === 0) this.process.child.unref();
      limit?.clear();
      // The output of nodes is in other pipes, which are read in the same turn or the next.
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    });
    // A process that does not stop in time is not used again.
    result.catch((error) => signal.aborted && error === signal.reason && this.process.terminate(error));
    return Object.defineProperty(handle, "result", { value: result });
  };

  ackResult(task: number): void {
    this.process.session.ackResult(task);
  }

  async storeShared(keep: KeepHead, bytes: Uint8Array, listener: TaskListener): Promise<void> {
    const work = { length: bytes.length, parts: [bytes] };
    await this.run(work, listener, new AbortController().signal, 0, { keep }).result;
  }

  /** Processes have no storage in common. */
  async refreshShared(): Promise<void> {}

  close(graceMs = 0): Promise<void> {
    return this.process.close(Math.max(graceMs, EXIT_MS));
  }
}
