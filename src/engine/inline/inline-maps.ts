import type { Step } from "../../graph/plan.js";
import type { MapExecutor, RunningExecution } from "../executor.js";
import { MapChain } from "./map-chain.js";
import { MapTask } from "./map-task.js";

/** Maps whose elements are called in this thread. */
export class InlineMapExecutor implements MapExecutor {
  active = 0;
  private readonly runs: (MapTask | undefined)[] = [];

  constructor(private readonly execution: RunningExecution) {}

  /** Begins a map, and with it the maps that take its elements as they come and lack nothing else. */
  start(first: Step): void {
    const { execution } = this;
    const chain = new MapChain(execution);
    const pending = [first];
    for (let step = pending.shift(); step !== undefined; step = pending.shift()) {
      if (!this.add(step, chain)) return;
      pending.push(...execution.takeFollowers(step));
    }
    chain.drain();
  }

  flushHeld(): boolean {
    return false;
  }

  elementsInFlight({ index }: Step): readonly number[] {
    return this.runs[index]?.elementsInFlight() ?? [];
  }

  close(error: unknown): void {
    for (const run of this.runs) run?.close(error);
  }

  /** @returns false if it can't be mapped: the execution has failed. */
  private add(step: Step, chain: MapChain): boolean {
    const { execution } = this;
    const values = step.map!.lists.map((list) => execution.read(list));
    const missing = execution.collectedIn(step.map!.lists);
    if (missing !== undefined) {
      execution.complete(step, missing);
      return true;
    }
    let run: MapTask;
    try {
      const flowing = step.map!.streamsFrom.map((index) => (index < 0 ? undefined : this.runs[index]));
      run = new MapTask(execution, step, values, flowing, (results) => {
        this.active--;
        execution.complete(step, results);
      });
    } catch (error) {
      execution.fail(error);
      return false;
    }
    this.runs[step.index] = run;
    execution.values[step.slot] = run.results;
    this.active++;
    chain.add(run);
    return true;
  }
}
