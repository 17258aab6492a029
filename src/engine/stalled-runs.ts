import { thread } from "./threads/inside.js";

/** A run that has not ended. */
export interface UnendedRun {
  readonly name: string;
  /** The places of its steps, or of their elements, that have begun and not ended. */
  stepsUnderWay(): readonly string[];
}

/** Those of this process: when it ends, it warns of each. What it waits for will not come. */
const unended = new Set<UnendedRun>();
let isWatching = false;

/** A run has begun. */
export function watchForStall(run: UnendedRun): void {
  if (!isWatching) watch();
  unended.add(run);
}

/** A run has ended. */
export function forgetRun(run: UnendedRun): void {
  unended.delete(run);
}

function watch(): void {
  isWatching = true;
  if (!thread.isOne) process.on("beforeExit", warn);
}

function warn(): void {
  for (const run of unended) {
    const steps = run.stepsUnderWay();
    const what = steps.length === 0 ? "" : ` ${steps.join(", ")} never ${steps.length === 1 ? "ends" : "end"}.`;
    process.emitWarning(
      `the process ends before the run of ${run.name}: nothing is left to wait for.${what} A promise in it never settles.`,
      "HypernodesWarning",
    );
  }
  unended.clear();
}
