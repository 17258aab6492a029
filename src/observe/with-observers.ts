import { blockRunDuringImport } from "../engine/lifecycle/worker-context.js";
import type { ObserverGroup } from "./run-observer.js";

/** Runs with observers, if there are any: they are ready before the run and have seen all of it after. */
export async function withObservers<R>(observers: ObserverGroup | undefined, running: () => Promise<R>): Promise<R> {
  if (observers === undefined) return running();
  await blockRunDuringImport(observers.pipeline);
  await observers.prepare();
  try {
    return await running();
  } finally {
    await observers.settled();
  }
}

/** The same for a stream. */
export async function* streamWithObservers(
  observers: ObserverGroup,
  results: AsyncGenerator<unknown, void, undefined>,
) {
  await blockRunDuringImport(observers.pipeline);
  await observers.prepare();
  try {
    yield* results;
  } finally {
    await observers.settled();
  }
}
