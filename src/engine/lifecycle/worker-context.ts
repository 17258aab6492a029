import { AsyncLocalStorage } from "node:async_hooks";

/** The facts of this thread, if it is one of the pool. */
interface WorkerContext {
  /** True in a thread of the pool: then everything in it runs in it. */
  isPoolWorker: boolean;
}

export const workerContext: WorkerContext = { isPoolWorker: false };

/** Called for a pipeline that a module runs by itself where it is imported for its class. */
type OnRun = (pipeline: string) => void;

/** The scope of all that a module does by itself: while it is imported, and in all that it has started then. */
const imported = new AsyncLocalStorage<OnRun>();

/**
 * Imports a module for the classes in it. The pipelines that it runs by itself are held, for as long as the process or
 * the thread lives.
 */
export function importForClasses<R>(load: () => R, onRun: OnRun): R {
  return imported.run(onRun, load);
}

/** A promise that never settles, if it is a module imported for its classes that runs this pipeline, and no node. */
export function blockRunDuringImport(pipeline: string): Promise<never> | undefined {
  const onRun = imported.getStore();
  if (onRun === undefined) return undefined;
  onRun(pipeline);
  return new Promise(() => {});
}
