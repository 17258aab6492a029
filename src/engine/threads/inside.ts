import { isInNode } from "../current-run.js";

/** What is known of this thread, if it is one of ours. */
interface Thread {
  /** Whether it is a thread of the pool: then everything in it runs in it. */
  isOne: boolean;
  /** Told of a pipeline that is run while its module is being imported here. */
  onRunAtImport: ((pipeline: string) => void) | undefined;
}

/** A promise that never settles, if a pipeline is run while its module is imported in a thread: whoever imports is told. */
export function heldAtImport(pipeline: string): Promise<never> | undefined {
  if (thread.onRunAtImport === undefined || isInNode()) return undefined;
  thread.onRunAtImport(pipeline);
  return new Promise(() => {});
}

export const thread: Thread = { isOne: false, onRunAtImport: undefined };
