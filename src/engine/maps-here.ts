import type { Step } from "../graph/plan.js";
import { Chain } from "./chain.js";
import type { Execution } from "./execution.js";
import { MapRun } from "./map-run.js";

/** The mapped steps of one execution. */
export interface Maps {
  /** How many have begun and not ended. */
  readonly underWay: number;
  /** A mapped step lacks nothing. */
  begin(step: Step): void;
  /** Begins what was held back, if it is time. @returns whether anything was begun. */
  beginHeld(): boolean;
  /** The first elements of a step that have begun and not ended, as far as it is known here. */
  elementsUnderWay?(step: Step): readonly number[];
  /** The execution has failed: they end before their last element. */
  close(error: unknown): void;
}

/** Maps whose elements are called in this thread. */
export class MapsHere implements Maps {
  underWay = 0;
  private readonly runs: (MapRun | undefined)[] = [];

  constructor(private readonly execution: Execution) {}

  /** Begins a map, and with it the maps that take its elements as they come and lack nothing else. */
  begin(first: Step): void {
    const { execution } = this;
    const chain = new Chain(execution);
    const pending = [first];
    for (let step = pending.shift(); step !== undefined; step = pending.shift()) {
      if (!this.add(step, chain)) return;
      for (const index of step.map!.followers) {
        if (!execution.turns.lacksOneLess(index)) continue;
        const follower = execution.plan.steps[index]!;
        execution.turns.markBegun(follower);
        pending.push(follower);
      }
    }
    chain.pump();
  }

  beginHeld(): boolean {
    return false;
  }

  elementsUnderWay({ index }: Step): readonly number[] {
    return this.runs[index]?.elementsUnderWay() ?? [];
  }

  close(error: unknown): void {
    for (const run of this.runs) run?.close(error);
  }

  /** @returns false if it can't be mapped: the execution has failed. */
  private add(step: Step, chain: Chain): boolean {
    const { execution } = this;
    const values = step.map!.lists.map((list) => execution.read(list));
    const missing = execution.collectedIn(step.map!.lists);
    if (missing !== undefined) {
      execution.end(step, missing);
      return true;
    }
    let run: MapRun;
    try {
      const flowing = step.map!.flowsFrom.map((index) => (index < 0 ? undefined : this.runs[index]));
      run = new MapRun(execution, step, values, flowing, (results) => {
        this.underWay--;
        execution.end(step, results);
      });
    } catch (error) {
      execution.fail(error);
      return false;
    }
    this.runs[step.index] = run;
    execution.values[step.slot] = run.results;
    this.underWay++;
    chain.add(run);
    return true;
  }
}
