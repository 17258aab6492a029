import { inCarried } from "../call-context.js";
import { now } from "../events.js";
import type { RunState } from "../run-state.js";
import { Scope } from "../scope.js";
import { computePart, countErrors } from "../threads/compute-part.js";
import { NOTHING, Progress } from "../threads/protocol.js";
import { Window } from "../threads/window.js";
import type { Chunk } from "./chunk.js";
import type { ChunkResult, Made } from "./chunk-in-threads.js";

/** Computes a chunk in this thread: its elements one after another, or overlapping, as the settings say. */
export async function chunkHere(made: Made, chunk: Chunk, run: RunState, signal: AbortSignal): Promise<ChunkResult> {
  const { plan } = made.program;
  const { first, count, indices, elements, known, carrier } = chunk;
  const scope = new Scope();
  const stop = () => scope.stop(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  const at = now();
  const failed = plan.steps.map(() => 0);
  try {
    const window = new Window({ first, count, indices, offset: 0 }, Progress.for(count), scope, known);
    const slots = await inCarried(carrier, async () => computePart(made, elements, window, run, scope));
    if (plan.collects) countErrors(plan, slots, failed);
    const values = plan.outputs.map(({ slot }) => slots[slot] as unknown[]);
    return { ...NOTHING, done: count, values, failed, tookMs: now() - at };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    scope.stop(error);
    return { ...NOTHING, failed, failure: { error }, tookMs: now() - at };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
