import type { Step } from "../../graph/plan.js";

const STARTED = 1;
const ENDED = 2;

/**
 * The steps that may start. As long as every step ends before the next one starts, that is the next one in the plan's order; from
 * the first one that does not, the dependencies that each step waits for are counted.
 */
export class ReadyQueue {
  /** The number of dependencies that each step still waits for; undefined while all steps before the cursor have ended. */
  private missing: number[] | undefined;
  /** For each step 0, `STARTED` or `ENDED`. */
  private states: Uint8Array | undefined;
  /** Marks the steps for whose elements the maps over them no longer wait. */
  private released: Uint8Array | undefined;
  /** The steps whose last dependency settled after the cursor had passed them. */
  private readonly ready: number[] = [];
  private cursor = 0;

  constructor(private readonly steps: readonly Step[]) {}

  /** True if all steps before the next one have ended. */
  get isInOrder(): boolean {
    return this.missing === undefined;
  }

  /** The index of the next step in the plan's order. */
  get at(): number {
    return this.cursor;
  }

  /** The steps before this one were started in another way. */
  skipTo(index: number): void {
    this.cursor = index;
  }

  /** The next step, in the plan's order, that waits for nothing and has not started. It counts as started from now on. */
  next(): Step | undefined {
    while (this.cursor < this.steps.length) {
      const step = this.steps[this.cursor++]!;
      if (this.missing === undefined || (this.missing[step.index] === 0 && this.states![step.index] === 0)) {
        return this.markStarted(step);
      }
    }
    return undefined;
  }

  /** A step that the cursor passed before its dependencies had settled. It counts as started from now on. */
  nextReady(): Step | undefined {
    const index = this.ready.shift();
    return index === undefined ? undefined : this.markStarted(this.steps[index]!);
  }

  /** Counts dependencies from now on: not everything before the cursor has ended. */
  startCounting(): void {
    if (this.missing !== undefined) return;
    const { steps } = this;
    this.missing = steps.map((step) => step.waitsFor);
    this.states = new Uint8Array(steps.length);
    for (let i = 0; i < this.cursor; i++) {
      this.states[i] = i < this.cursor - 1 ? ENDED : STARTED;
      if (i < this.cursor - 1) for (const next of steps[i]!.next) this.missing[next]!--;
    }
  }

  /** A step has ended: the steps that depend on it may start. */
  end(step: Step): void {
    if (this.missing === undefined) return;
    this.states![step.index] = ENDED;
    for (const next of step.next) if (this.decrement(next)) this.enqueue(next);
    if (step.map === undefined || !this.release(step)) return;
    for (const next of step.map.streamsTo) if (this.decrement(next)) this.enqueue(next);
  }

  /** The maps over a map's elements that wait for nothing else. They count as started from now on. */
  takeFollowers(step: Step): readonly Step[] {
    const { streamsTo } = step.map!;
    if (streamsTo.length === 0 || this.missing === undefined || !this.release(step)) return [];
    const followers = streamsTo.filter((index) => this.decrement(index)).map((index) => this.steps[index]!);
    for (const follower of followers) this.markStarted(follower);
    return followers;
  }

  /** @returns false if the maps over a map's elements were released before. */
  private release({ index }: Step): boolean {
    this.released ??= new Uint8Array(this.steps.length);
    if (this.released[index] === 1) return false;
    this.released[index] = 1;
    return true;
  }

  /** The number of dependencies that a step waits for; undefined if it has started. */
  missingFor({ index }: Step): number | undefined {
    if ((this.states?.[index] ?? 0) !== 0) return undefined;
    return this.missing?.[index] ?? 0;
  }

  isRunning({ index }: Step): boolean {
    return this.states?.[index] === STARTED;
  }

  markStarted(step: Step): Step {
    if (this.states !== undefined) this.states[step.index] = STARTED;
    return step;
  }

  /** @returns whether a step that has not started now waits for nothing more. */
  private decrement(index: number): boolean {
    return --this.missing![index]! === 0 && this.states![index] === 0;
  }

  /** A step waits for nothing: it starts when its turn comes. */
  private enqueue(index: number): void {
    if (index < this.cursor) this.ready.push(index);
  }
}
