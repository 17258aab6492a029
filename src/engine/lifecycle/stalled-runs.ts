import { workerContext } from "./worker-context.js";

/** A run that has not ended. */
export interface UnfinishedRun {
  readonly name: string;
  /** The paths of its steps, or of their elements, that are in flight. */
  stepsInFlight(): readonly string[];
}

/** Those of this process: when it ends, it warns of each. What it waits for will not come. */
const unfinished = new Set<UnfinishedRun>();
let isWatching = false;

/** Adds a run that has started. */
export function watchForStall(run: UnfinishedRun): void {
  if (!isWatching) watch();
  unfinished.add(run);
}

/** Removes a run that has ended. */
export function forgetRun(run: UnfinishedRun): void {
  unfinished.delete(run);
}

function watch(): void {
  isWatching = true;
  if (!workerContext.isPoolWorker) process.on("beforeExit", warn);
}

function warn(): void {
  for (const run of unfinished) {
    const steps = run.stepsInFlight();
    const what = steps.length === 0 ? "" : ` ${steps.join(", ")} never ${steps.length === 1 ? "ends" : "end"}.`;
    process.emitWarning(
      `the process ends before the run of ${run.name}: nothing is left to wait for.${what} A promise in it never settles.`,
      "HypernodesWarning",
    );
  }
  unfinished.clear();
}
