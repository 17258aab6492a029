import { formatFile } from "../../dsl/format-file.js";
import { HypernodesError } from "../../errors.js";

/** A module of the user's that runs a pipeline by itself where a thread imports it. */
export interface RunAtImport {
  readonly file: string;
  /** The pipeline that it runs. */
  readonly ran: string;
}

/** The first one in this thread: nothing can be computed in it any more. */
let found: RunAtImport | undefined;
const listeners = new Set<(found: RunAtImport) => void>();
let onFound: ((found: RunAtImport, isWorking: boolean) => void) | undefined;

/** @param listener called for the first such module in this thread; its second argument is true if any work was in flight. */
export function onRunAtImport(listener: typeof onFound): void {
  onFound = listener;
}

/** Records in a thread that a module runs a pipeline by itself. */
export function recordRunAtImport(run: RunAtImport): void {
  if (found !== undefined) return;
  found = run;
  onFound?.(run, listeners.size > 0);
  for (const listener of [...listeners]) listener(run);
}

/**
 * Works in a thread until a module of it runs a pipeline by itself, if one ever does.
 *
 * @param refuse what the work is then answered with.
 */
export function unlessRunAtImport<R>(work: () => Promise<R>, refuse: (found: RunAtImport) => R): Promise<R> {
  if (found !== undefined) return Promise.resolve(refuse(found));
  return new Promise((resolve, reject) => {
    const listener = (run: RunAtImport) => resolve(refuse(run));
    listeners.add(listener);
    work()
      .finally(() => listeners.delete(listener))
      .then(resolve, reject);
  });
}

/** The advice for a program that a thread would do again. */
export const KEEP_APART =
  'Put the class into a module of its own; or let the program continue only in the main thread: import { isMainThread } from "node:worker_threads" and if (isMainThread) await main().';

/** The error of a pipeline whose class is in a module that runs pipelines by itself. */
export function runAtImportError(pipeline: string, { file, ran }: RunAtImport): HypernodesError {
  return new HypernodesError({
    code: "RUN_AT_IMPORT",
    where: pipeline,
    problem: `${formatFile(file)}, which a thread imports because it defines the class, runs ${ran === pipeline ? "it" : `the pipeline ${ran}`} when it is imported`,
    advice: KEEP_APART,
  });
}
