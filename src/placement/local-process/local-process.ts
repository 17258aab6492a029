import { fileURLToPath } from "node:url";
import { HypernodesError } from "../../errors.js";
import { startTimeout } from "../../util/long-timeout.js";
import { ownModule } from "../../util/own-files.js";
import { TaskChildProcess } from "../host/child-process.js";
import { HostErrors } from "../host/host-errors.js";
import type { TaskListener } from "../protocol/task-session.js";
import type { HostConnection, PlacementProvider } from "../provider.js";
import { type LocalProcessOptions, type LocalProcessPlacement, localProcess } from "./options.js";

/** Mebibytes that Node takes without any values. */
const NODE_MIB = 128;
/** Milliseconds that a process has to end by itself. */
const EXIT_MS = 1_000;
/** Flags that are for the program that this process runs, each with a value behind it or none. */
const PROGRAM_FLAGS = /^--(?:inspect|test|watch|input-type|env-file)\b|^(?:-e|-p|-pe|--eval|--print|--check|-c)$/;
const HAS_VALUE = /^(?:-e|-p|-pe|--eval|--print)$/;

const ERRORS = new HostErrors({
  ...{ endedCode: "PROCESS_ENDED", timeoutCode: "PROCESS_TIMEOUT", host: "process", process: "its process" },
  memoryAdvice: "Give it more, localProcess({ memoryMiB }); or make its parts smaller.",
  timeoutAdvice: "Give it more, localProcess({ timeoutMs }); with a cache a second run continues where this one ended.",
  connectionAdvice: "Run it again.",
});

/** A child process, as a host. */
class LocalProcessConnection implements HostConnection {
  private readonly process: TaskChildProcess;
  private listener: TaskListener | undefined;

  constructor(
    module: string,
    private readonly options: LocalProcessOptions,
    private readonly where: string,
  ) {
    const { memoryMiB, env } = options;
    const flags = process.execArgv.filter(
      (flag, i, all) => !PROGRAM_FLAGS.test(flag) && !HAS_VALUE.test(all[i - 1] ?? ""),
    );
    if (memoryMiB !== undefined) flags.push(`--max-old-space-size=${memoryMiB}`);
    const file = fileURLToPath(ownModule("placement/runtime/task-process"));
    const maxBytes = memoryMiB === undefined ? "" : String((memoryMiB + NODE_MIB) * 2 ** 20);
    this.process = new TaskChildProcess({
      args: [...flags, "--enable-source-maps", file, "", "", "process", module, maxBytes],
      env: { ...process.env, ...env },
      onOutput: (printed) => this.listener?.printed(printed),
      isDetached: process.platform !== "win32",
    });
    // Its pipes keep this process alive while it is needed.
    this.process.child.unref();
    void this.process.ended.then((ended) => this.process.terminate(ERRORS.processEnded(ended, where)));
  }

  get id(): string {
    return String(this.process.child.pid);
  }

  get isAlive(): boolean {
    return this.process.isAlive;
  }

  run: HostConnection["run"] = (work, listener, signal, graceMs, head = {}) => {
    this.listener = listener;
    const { timeoutMs } = this.options;
    const expire = () => this.process.terminate(ERRORS.timedOut(this.where, timeoutMs!));
    const limit = timeoutMs === undefined ? undefined : startTimeout(expire, timeoutMs);
    const handle = this.process.session.run(head, work, listener, signal, graceMs);
    const result = handle.result.finally(async () => {
      limit?.clear();
      // What nodes have printed is in other pipes, which are read in the same turn or the next.
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    });
    // A process that does not stop in time is not used again.
    result.catch((error) => signal.aborted && error === signal.reason && this.process.terminate(error));
    return Object.defineProperty(handle, "result", { value: result });
  };

  ackResult(task: number): void {
    this.process.session.ackResult(task);
  }

  async storeShared(keep: { digest: string; isLeft: boolean }, bytes: Uint8Array, listener: TaskListener) {
    const work = { length: bytes.length, parts: [bytes] };
    await this.run(work, listener, new AbortController().signal, 0, { keep }).result;
  }

  async refreshShared(): Promise<void> {}

  close(graceMs = 0): Promise<void> {
    return this.process.close(Math.max(graceMs, EXIT_MS));
  }
}

/** Child processes of this machine. */
export const localProcessProvider: PlacementProvider = {
  kind: "local-process",
  example: "localProcess({ ... })",
  create: localProcess,
  hosts(placement) {
    const { options } = placement as LocalProcessPlacement;
    const { idleTimeoutMs = 0, maxProcesses = 1 } = options;
    return {
      ...{ name: "local-process", noun: "process", plural: "processes", outputPrefix: undefined },
      ...{ key: JSON.stringify(options), maxHosts: maxProcesses, keepWarm: idleTimeoutMs > 0, idleTimeoutMs },
      ...{ maxAgeMs: Number.POSITIVE_INFINITY, tracksCalls: true, hasSharedStorage: false },
      keepsCache: ({ kind }) => kind !== "memory",
      async codeFor({ file, name }) {
        if (file === undefined) throw notInFile(name);
        return { digest: file, locate: (origin) => origin, remapStacks: (error) => error };
      },
      connect: async (code, where) => new LocalProcessConnection(code.digest, options, where),
    };
  },
};

function notInFile(where: string): HypernodesError {
  const problem = "its code is in no file (but typed in, evaluated or piped), so no process can import it";
  return new HypernodesError({ code: "NOT_IMPORTABLE", where, problem, advice: "Put the class into a module." });
}
