import { fileURLToPath } from "node:url";
import { HypernodesError } from "../../errors.js";
import { ownModule } from "../../util/own-files.js";
import { ChildProcessHost } from "../host/child-process-host.js";
import { HostErrors } from "../host/host-errors.js";
import type { PlacementProvider } from "../provider.js";
import type { LocalProcessOptions, LocalProcessPlacement } from "./options.js";

/** Mebibytes that Node takes without any values. */
const NODE_MIB = 128;
/** Node's flags that are for the program of this process, and not for the modules that it imports. */
const PROGRAM_FLAGS = /^--(?:inspect|test|watch|input-type)\b|^(?:-e|-p|-pe|--eval|--print|--check|-c)$/;
/** Those of them with the program's text behind them. */
const TEXT_FLAGS = /^(?:-e|-p|-pe|--eval|--print)$/;

const errors = new HostErrors({
  ...{ endedCode: "PROCESS_ENDED", timeoutCode: "PROCESS_TIMEOUT", host: "process", process: "its process" },
  memoryAdvice: "Raise localProcess({ memoryMiB }), or use smaller elements.",
  timeoutAdvice: "Raise localProcess({ timeoutMs }). With a cache, a second run continues where this one ended.",
  connectionAdvice: "Run it again.",
  signalAdvice: "If an element is named, a later one may be the cause: elements report their start every 20 ms.",
});

/** The arguments of Node for a process that imports a module with the loaders of this one. */
function argsFor(module: string, { memoryMiB }: LocalProcessOptions): string[] {
  const { execArgv } = process;
  const flags = execArgv.filter((flag, i) => !PROGRAM_FLAGS.test(flag) && !TEXT_FLAGS.test(execArgv[i - 1] ?? ""));
  if (memoryMiB !== undefined) flags.push(`--max-old-space-size=${memoryMiB}`);
  const maxBytes = memoryMiB === undefined ? "" : String((memoryMiB + NODE_MIB) * 2 ** 20);
  const file = fileURLToPath(ownModule("placement/runtime/task-process"));
  return [...flags, "--enable-source-maps", file, "", "", "process", module, maxBytes];
}

/** Child processes of this machine. */
export const localProcessProvider: PlacementProvider = {
  kind: "local-process",
  example: "localProcess({ ... })",
  hosts(placement) {
    const { options } = placement as LocalProcessPlacement;
    const { idleTimeoutMs = 0, maxProcesses = 1, timeoutMs } = options;
    const env = { ...process.env, ...options.env };
    return {
      ...{ name: "local-process", noun: "process", plural: "processes", outputPrefix: undefined },
      // A process that is kept has the environment of its start.
      ...{
        key: JSON.stringify([options, Object.entries(env).sort()]),
        maxHosts: maxProcesses,
        keepWarm: idleTimeoutMs > 0,
        idleTimeoutMs,
      },
      ...{ maxAgeMs: Number.POSITIVE_INFINITY, tracksCalls: true, hasSharedStorage: false },
      keepsCache: ({ kind }) => kind !== "memory",
      async codeFor({ file, name: where }) {
        const problem = "its code is not in a file (it was typed in, evaluated or piped), so no process can import it";
        const advice = "Put the class into a module.";
        if (file === undefined) throw new HypernodesError({ code: "NOT_IMPORTABLE", where, problem, advice });
        return { digest: file, locate: (origin) => origin, remapStacks: (error) => error };
      },
      connect: async ({ digest }, where) =>
        new ChildProcessHost({ args: argsFor(digest, options), env, timeoutMs, where, errors }),
    };
  },
};
