import type { Placement } from "../../dsl/pipeline-options.js";
import { checkNoMore, checkOptions, isRecord, numberFrom, type RulesOf, that, wholeFrom } from "../../util/options.js";
import { showValue } from "../../util/show-value.js";

/**
 * Options of `localProcess()`.
 *
 * @example
 * ```ts
 * const options: LocalProcessOptions = { memoryMiB: 512, timeoutMs: 60_000 };
 * await pipeline.run(inputs, { runOn: localProcess(options) });
 * ```
 */
export interface LocalProcessOptions {
  /**
   * Mebibytes of memory for the values of one process: its heap, and all other memory beyond the 128 that Node itself takes. A
   * process that takes more is killed. From 16.
   *
   * @default Node's limit of the heap
   */
  readonly memoryMiB?: number;
  /**
   * Milliseconds that a run may take in the process, its start included; or a node or a chunk of elements, of several processes.
   *
   * @default no limit
   */
  readonly timeoutMs?: number;
  /**
   * Milliseconds for which an unused process, with its resources, is kept for later runs of this process.
   *
   * @default 0: the process ends with the run
   */
  readonly idleTimeoutMs?: number;
  /** Environment variables that are added to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The maximum number of processes. With more than one, they share the nodes and the elements of maps, and this process
   * coordinates them: a crash costs one node, or one element.
   *
   * @default 1
   */
  readonly maxProcesses?: number;
}

/** A placement in child processes. */
export type LocalProcessPlacement = Placement & {
  readonly kind: "local-process";
  readonly options: LocalProcessOptions;
};

const RULES: RulesOf<LocalProcessOptions> = {
  memoryMiB: wholeFrom(16, "whole mebibytes from 16"),
  timeoutMs: numberFrom(1, "milliseconds from 1"),
  idleTimeoutMs: numberFrom(0, "milliseconds from 0"),
  env: {
    ...that(
      "texts by names",
      (value) => isRecord(value) && Object.values(value).every((text) => typeof text === "string"),
    ),
    problem: (value) =>
      `the option env is ${isRecord(value) ? "a record with other values than texts" : showValue(typeof value)}`,
  },
  maxProcesses: wholeFrom(1, "a whole number from 1 to 256", 256),
};

/**
 * Runs a pipeline in a child process of this machine, with limits of memory and time. A node that crashes the process, or leaks
 * memory, does not harm this one.
 *
 * @param options the limits of a process, and the number of processes.
 * @returns the placement, for `@runOn`.
 * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`.
 *
 * @example
 * ```ts
 * @runOn(localProcess({ memoryMiB: 512, timeoutMs: 60_000 })) class Parsing extends Pipeline { ... }
 * ```
 */
export function localProcess(options?: LocalProcessOptions): LocalProcessPlacement;
export function localProcess(options: LocalProcessOptions = {}, ...more: unknown[]): LocalProcessPlacement {
  checkNoMore("localProcess({ ... })", more);
  checkOptions("localProcess(...)", options, RULES);
  const { maxProcesses = 1 } = options;
  return { kind: "local-process", options, ...(maxProcesses > 1 && { containers: maxProcesses }) };
}
