import type { ChunkMessage } from "../chunks/chunk-message.js";
import { EMPTY_RESULT } from "../chunks/protocol.js";
import { MapSlice } from "../elements/map-slice.js";
import { TaskProgress } from "../elements/task-progress.js";
import { CancelScope } from "../lifecycle/cancel-scope.js";
import { now } from "../lifecycle/events.js";
import type { RunContext } from "../lifecycle/run-context.js";
import { withExtractedContext } from "../lifecycle/trace-context.js";

import { countErrors, runSlice } from "./run-slice.js";
import type { StageInstance, ThreadedChunkResult } from "./threaded-chunk.js";

/** Computes a chunk in this thread: its elements one after another, or overlapping, as the settings say. */
export async function runChunkInline(
  instance: StageInstance,
  chunk: ChunkMessage,
  run: RunContext,
  signal: AbortSignal,
): Promise<ThreadedChunkResult> {
  const { plan } = instance.program;
  const { first, count, indices, elements, known, carrier } = chunk;
  const scope = new CancelScope();
  const stop = () => scope.stop(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  const at = now();
  const failed = plan.steps.map(() => 0);
  try {
    const window = new MapSlice({ first, count, indices, offset: 0 }, TaskProgress.for(count), scope, known);
    const slots = await withExtractedContext(carrier, async () => runSlice(instance, elements, window, run, scope));
    if (plan.collectsErrors) countErrors(plan, slots, failed);
    const values = plan.outputs.map(({ slot }) => slots[slot] as unknown[]);
    return { ...EMPTY_RESULT, done: count, values, failed, tookMs: now() - at };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    scope.stop(error);
    return { ...EMPTY_RESULT, failed, failure: { error }, tookMs: now() - at };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
