import type { Step } from "../../graph/plan.js";

const STARTED = 1;
const ENDED = 2;

/**
 * Which step may begin. As long as every step ends before the next one begins, that is the next one in the plan's order;
 * from the first that does not, it is counted who waits for whom.
 */
export class ReadyQueue {
  /** How many steps each step still waits for; undefined while all before the cursor have ended. */
  private waiting: number[] | undefined;
  /** For each step 0, `BEGUN` or `ENDED`. */
  private begun: Uint8Array | undefined;
  /** What has come to lack nothing after the cursor had passed it. */
  private readonly ready: number[] = [];
  private cursor = 0;

  constructor(private readonly steps: readonly Step[]) {}

  /** Whether all steps before the next one have ended. */
  get isInOrder(): boolean {
    return this.waiting === undefined;
  }

  /** The index of the next step in the plan's order. */
  get at(): number {
    return this.cursor;
  }

  /** The steps before this one have begun, without having been asked for. */
  skipTo(index: number): void {
    this.cursor = index;
  }

  /** The next step, in the plan's order, that lacks nothing and has not begun: it now has. */
  next(): Step | undefined {
    while (this.cursor < this.steps.length) {
      const step = this.steps[this.cursor++]!;
      if (this.waiting === undefined || (this.waiting[step.index] === 0 && this.begun![step.index] === 0)) {
        return this.startCounting(step);
      }
    }
    return undefined;
  }

  /** A step that was passed over, and has come to lack nothing: it now has begun. */
  nextReady(): Step | undefined {
    const index = this.ready.shift();
    return index === undefined ? undefined : this.startCounting(this.steps[index]!);
  }

  private startCounting(step: Step): Step {
    this.markStarted(step);
    return step;
  }

  /** From now on steps are counted: not everything before the cursor has ended. */
  pendingCount(): void {
    if (this.waiting !== undefined) return;
    const { steps } = this;
    this.waiting = steps.map((step) => step.waitsFor);
    this.begun = new Uint8Array(steps.length);
    for (let i = 0; i < this.cursor; i++) {
      this.begun[i] = i < this.cursor - 1 ? ENDED : STARTED;
      if (i < this.cursor - 1) for (const next of steps[i]!.next) this.waiting[next]!--;
    }
  }

  /** A step has ended: those that wait for it may begin. */
  end(step: Step): void {
    if (this.waiting === undefined) return;
    this.begun![step.index] = ENDED;
    for (const next of step.next) if (this.decrement(next)) this.enqueue(next);
  }

  /** How many steps one that has not begun still waits for. */
  lacks(step: Step): number {
    return this.waiting?.[step.index] ?? 0;
  }

  hasStarted(step: Step): boolean {
    return (this.begun?.[step.index] ?? 0) !== 0;
  }

  isRunning(step: Step): boolean {
    return this.begun?.[step.index] === STARTED;
  }

  markStarted(step: Step): void {
    if (this.begun !== undefined) this.begun[step.index] = STARTED;
  }

  /** @returns whether a step now waits for nothing more, and has not begun. */
  decrement(index: number): boolean {
    if (this.waiting === undefined) return false;
    return --this.waiting[index]! === 0 && this.begun![index] === 0;
  }

  /** A step waits for nothing: it begins when it is its turn. */
  enqueue(index: number): void {
    if (index < this.cursor) this.ready.push(index);
  }
}
