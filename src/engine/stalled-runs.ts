import { thread } from "./threads/inside.js";

/** A run that has not ended. */
export interface UnendedRun {
  readonly name: string;
  /** The places of its steps that have begun and not ended. */
  stepsUnderWay(): readonly string[];
}

const unended = new Set<UnendedRun>();
let isWatching = false;

/** Warns at the end of the process if a run never ended: what it waits for will not come. @returns what takes it back. */
export function watchForStall(run: UnendedRun): () => void {
  if (!isWatching && !thread.isOne) {
    isWatching = true;
    process.on("beforeExit", warn);
  }
  unended.add(run);
  return () => unended.delete(run);
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
