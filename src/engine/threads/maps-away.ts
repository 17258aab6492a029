import { type Argument, argumentKey, type Step } from "../../graph/plan.js";
import type { Execution } from "../execution.js";
import { MAX_NAMED } from "../map-run.js";
import type { Maps } from "../maps-here.js";
import { FusedMaps } from "./fused-maps.js";

/**
 * Maps whose elements go to threads. Those over the same list, and those that take each other's elements as they come, go
 * together: one visit takes an element through all of them. A map that would go without another, because that one still
 * lacks something, is held back while threads are busy with other maps.
 */
export class MapsAway implements Maps {
  /** What was sent and has not ended. */
  private sent = 0;
  /** What lacks nothing and has not been sent. */
  private heads: Step[] = [];
  private readonly runs = new Set<FusedMaps>();

  constructor(private readonly execution: Execution) {}

  get underWay(): number {
    return this.sent + this.heads.length;
  }

  begin(step: Step): void {
    const { execution } = this;
    const missing = execution.collectedIn(step.map!.lists);
    if (missing === undefined) {
      this.heads.push(step);
      execution.turns.count();
      return;
    }
    execution.end(step, missing);
    this.endFlows(step);
  }

  beginHeld(): boolean {
    let began = false;
    for (const head of [...this.heads]) {
      if (this.execution.stopped) return false;
      if (!this.heads.includes(head)) continue;
      const steps = this.together(head);
      if (this.sent > 0 && this.wouldLeaveOneBehind(steps)) continue;
      this.heads = this.heads.filter((other) => !steps.includes(other));
      this.send(steps);
      began = true;
    }
    return began;
  }

  elementsUnderWay(step: Step): readonly number[] {
    return [...this.runs].flatMap((run) => run.elementsUnderWay(step)).slice(0, MAX_NAMED);
  }

  close(error: unknown): void {
    for (const run of this.runs) run.close(error);
  }

  /** The steps that go with a head, in the plan's order. */
  private together(head: Step): Step[] {
    const { execution } = this;
    const together = [head];
    const lists = new Set(head.map!.lists.map(argumentKey));
    let batch = batchOf(head);
    if (head.map!.product) return together;
    for (const step of execution.plan.steps) {
      if (step.map === undefined || step === head || step.map.product) continue;
      const from = new Set(step.map.flowsFrom);
      const sources = together.filter(({ index }) => from.has(index)).length;
      const isSibling = this.heads.includes(step) && step.map.lists.every((list) => lists.has(argumentKey(list)));
      if (!isSibling && (sources === 0 || !this.lacksOnly(step, sources))) continue;
      // Chunks are multiples of all batches: sizes of which none divides the other would make them too large.
      if (batch % batchOf(step) !== 0 && batchOf(step) % batch !== 0) continue;
      batch = Math.max(batch, batchOf(step));
      together.push(step);
      for (const list of wholeLists(step)) lists.add(argumentKey(list));
    }
    return together.sort((a, b) => a.index - b.index);
  }

  /** Whether a step has not begun, and lacks nothing but what so many others give it. */
  private lacksOnly(step: Step, sources: number): boolean {
    const { execution } = this;
    if (execution.turns.hasBegun(step) || execution.turns.lacks(step) !== sources) return false;
    return execution.collectedIn(wholeLists(step)) === undefined;
  }

  private wouldLeaveOneBehind(steps: readonly Step[]): boolean {
    const { plan } = this.execution;
    return steps.some(({ map }) => map!.followers.some((index) => !steps.includes(plan.steps[index]!)));
  }

  private send(steps: readonly Step[]): void {
    const { execution } = this;
    try {
      const run = new FusedMaps(execution, steps, (step, results) => this.ended(step, results));
      this.runs.add(run);
      for (const step of steps) execution.turns.markBegun(step);
      this.sent += steps.length;
      run.start();
    } catch (error) {
      execution.fail(error);
    }
  }

  private ended(step: Step, results: unknown[] | undefined): void {
    this.sent--;
    this.execution.end(step, results);
    this.endFlows(step);
  }

  /** A map has ended: those that wait for its elements, and did not go along, may begin. */
  private endFlows(step: Step): void {
    const { turns } = this.execution;
    for (const index of step.map!.followers) if (turns.lacksOneLess(index)) turns.makeReady(index);
  }
}

/** The lists of a step that are no other map's elements. */
function wholeLists({ map }: Step): Argument[] {
  return map!.lists.filter((_, i) => map!.flowsFrom[i]! < 0);
}

function batchOf(step: Step): number {
  return step.map!.batch || 1;
}
