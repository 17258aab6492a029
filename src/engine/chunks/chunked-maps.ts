import { type Argument, argumentKey, type Step } from "../../graph/plan.js";
import { MAX_NAMED } from "../elements/element-selection.js";
import type { MapExecutor, RunningExecution } from "../executor.js";

import type { ChunkExecutorFactory } from "./chunk-executor.js";
import { FusedMapTask } from "./fused-map-task.js";

/**
 * Maps whose elements go to threads. Those over the same list, and those that take each other's elements as they come, go
 * together: one task takes an element through all of them. A map that would go without another, because that one still
 * waits for something, is held back while threads are busy with other maps.
 */
export class ChunkedMapExecutor implements MapExecutor {
  /** The number of maps that were sent and have not ended. */
  private submitted = 0;
  /** The maps that are ready and were not sent. */
  private readyMaps: Step[] = [];
  private readonly runs = new Set<FusedMapTask>();

  constructor(
    private readonly execution: RunningExecution,
    private readonly executorFor: ChunkExecutorFactory,
  ) {}

  get active(): number {
    return this.submitted + this.readyMaps.length;
  }

  start(step: Step): void {
    const { execution } = this;
    const missing = execution.collectedIn(step.map!.lists);
    if (missing !== undefined) {
      execution.complete(step, missing);
      return;
    }
    this.readyMaps.push(step);
    execution.startCounting();
  }

  flushHeld(): boolean {
    let began = false;
    for (const head of [...this.readyMaps]) {
      if (this.execution.stopped) return false;
      if (!this.readyMaps.includes(head)) continue;
      const steps = this.fuse(head);
      if (this.submitted > 0 && this.wouldSplitChain(steps)) continue;
      this.readyMaps = this.readyMaps.filter((other) => !steps.includes(other));
      this.send(steps);
      began = true;
    }
    return began;
  }

  elementsInFlight(step: Step): readonly number[] {
    return [...this.runs].flatMap((run) => run.elementsInFlight(step)).slice(0, MAX_NAMED);
  }

  close(error: unknown): void {
    for (const run of this.runs) run.close(error);
  }

  /** The steps that go with a head, in the plan's order. */
  private fuse(head: Step): Step[] {
    const { execution } = this;
    const together = [head];
    const lists = new Set(head.map!.lists.map(argumentKey));
    let batch = batchOf(head);
    if (head.map!.product) return together;
    for (const step of execution.plan.steps) {
      if (step.map === undefined || step === head || step.map.product) continue;
      const from = new Set(step.map.streamsFrom);
      const sources = together.filter(({ index }) => from.has(index)).length;
      const isSibling = this.readyMaps.includes(step) && step.map.lists.every((list) => lists.has(argumentKey(list)));
      if (!isSibling && (sources === 0 || !this.waitsOnlyFor(step, sources))) continue;
      // Chunks are multiples of all batches: sizes of which none divides the other would make them too large.
      if (batch % batchOf(step) !== 0 && batchOf(step) % batch !== 0) continue;
      batch = Math.max(batch, batchOf(step));
      together.push(step);
      for (const list of unstreamedLists(step)) lists.add(argumentKey(list));
    }
    return together.sort((a, b) => a.index - b.index);
  }

  /** Tells if a step has not started, and waits for nothing but the values of a number of others. */
  private waitsOnlyFor(step: Step, sources: number): boolean {
    const { execution } = this;
    if (execution.missingFor(step) !== sources) return false;
    return execution.collectedIn(unstreamedLists(step)) === undefined;
  }

  private wouldSplitChain(steps: readonly Step[]): boolean {
    const { plan } = this.execution;
    return steps.some(({ map }) => map!.streamsTo.some((index) => !steps.includes(plan.steps[index]!)));
  }

  private send(steps: readonly Step[]): void {
    const { execution } = this;
    try {
      const run = new FusedMapTask(execution, steps, this.executorFor, (step, results) => this.ended(step, results));
      this.runs.add(run);
      execution.markStarted(steps);
      this.submitted += steps.length;
      run.start();
    } catch (error) {
      execution.fail(error);
    }
  }

  private ended(step: Step, results: unknown[] | undefined): void {
    this.submitted--;
    this.execution.complete(step, results);
  }
}

/** The lists of a step that are no other map's elements. */
function unstreamedLists({ map }: Step): Argument[] {
  return map!.lists.filter((_, i) => map!.streamsFrom[i]! < 0);
}

function batchOf(step: Step): number {
  return step.map!.batch || 1;
}
