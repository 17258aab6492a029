import { HypernodesError, InputError, NodeError } from "../errors.js";
import { written } from "../graph/graph.js";
import type { Step } from "../graph/plan.js";
import { now } from "./events.js";
import type { Execution } from "./execution.js";
import { print } from "./failure.js";
import { isThenable } from "./resources.js";

/** What can be read by index. */
export type List = ArrayLike<unknown>;

/**
 * The values that a mapped step goes over, checked.
 *
 * @throws {InputError} `NOT_A_LIST`, `UNEQUAL_LENGTHS`.
 */
export function listsOf(step: Step, values: readonly unknown[], where: string): List[] {
  const names = step.node.dependencies.filter((d) => d.as === "element").map(written);
  const lists = values.map((value, i) => {
    if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) return value as List;
    if (typeof value === "object" && value !== null && Symbol.iterator in value)
      return [...(value as Iterable<unknown>)];
    throw new InputError({
      code: "NOT_A_LIST",
      where,
      problem: `it maps over "${names[i]}", which is no list but ${print(value)}`,
      advice: "Give an array, a typed array or another iterable; a string is none.",
      violations: [{ path: names[i]!, constraint: "list", problem: "it is no list" }],
    });
  });
  if (step.map!.product || lists.every(({ length }) => length === lists[0]!.length)) return lists;
  throw new InputError({
    code: "UNEQUAL_LENGTHS",
    where,
    problem: `it maps over lists of unequal lengths: ${lists.map(({ length }, i) => `"${names[i]}" has ${length}`).join(", ")}`,
    advice: 'Give lists of one length, or use { mode: "product" } for all pairs.',
    violations: lists.map(({ length }, i) => ({
      path: names[i]!,
      constraint: "length",
      problem: `it has ${length} elements`,
    })),
  });
}

/**
 * Maps that flow into each other, and how many of their calls are under way. An element goes through the whole chain
 * before the first map takes another.
 */
export class Chain {
  private active = 0;
  private pumping = false;
  private readonly limit: number;
  private readonly maps: MapRun[] = [];
  /** Which map has which unit to do next: the last put on comes first, so elements go deep before they go wide. */
  private readonly todo: (MapRun | number)[] = [];

  constructor(private readonly execution: Execution) {
    const { maps, maxWorkers } = execution.settings;
    this.limit = maps === "sequential" ? 1 : maxWorkers;
  }

  add(map: MapRun): void {
    map.chain = this;
    this.maps.push(map);
    map.attach();
  }

  push(map: MapRun, unit: number): void {
    this.todo.push(map, unit);
  }

  /** Starts units for as long as there are free places. */
  pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    try {
      for (const map of this.maps) map.endIfEmpty();
      while (this.active < this.limit && !this.execution.stopped) {
        if (this.todo.length > 0) {
          const unit = this.todo.pop() as number;
          (this.todo.pop() as MapRun).begin(unit);
        } else if (!this.beginNext()) break;
      }
    } finally {
      this.pumping = false;
    }
  }

  private beginNext(): boolean {
    for (const map of this.maps) if (map.beginNext()) return true;
    return false;
  }

  /** Counts a call as under way until its promise settles. */
  async(promise: PromiseLike<unknown>, ended: (value: unknown) => void, failed: (error: unknown) => void): void {
    this.active++;
    this.execution.later(
      promise,
      (value) => {
        this.active--;
        ended(value);
        this.pump();
      },
      (error) => {
        this.active--;
        failed(error);
      },
    );
  }
}

/** A mapped step under way: its units (an element, or a batch of them), their results in order. */
export class MapRun {
  readonly results: unknown[];
  chain!: Chain;
  private readonly lists: readonly List[];
  private readonly length: number;
  private readonly units: number;
  private readonly size: number;
  private readonly followers: MapRun[] = [];
  /** For each unit, how many elements it still lacks; undefined if the lists are whole. */
  private readonly lacks: Uint32Array | undefined;
  private readonly arrived: Uint8Array | undefined;
  private readonly startedAt: number;
  /** Whether a call needs nothing around it. */
  private readonly direct: boolean;
  private next = 0;
  private left: number;
  private failures = 0;
  private shared: unknown[] | undefined;
  private building: Promise<void> | undefined;

  constructor(
    private readonly execution: Execution,
    private readonly step: Step,
    values: readonly unknown[],
    private readonly flowing: readonly (MapRun | undefined)[],
    private readonly ended: (results: unknown[]) => void,
  ) {
    const map = step.map!;
    this.lists = listsOf(step, values, execution.placeOf(step));
    this.direct =
      execution.program.direct[step.index]! &&
      execution.run.tell === undefined &&
      !execution.plan.collects &&
      map.batch === 0 &&
      !map.product;
    this.length = map.product
      ? this.lists.reduce((product, { length }) => product * length, 1)
      : (this.lists[0]?.length ?? 0);
    this.size = map.batch || 1;
    this.units = Math.ceil(this.length / this.size);
    this.left = this.units;
    this.results = new Array(this.length);
    const sources = flowing.filter((source) => source !== undefined);
    if (sources.length > 0) {
      this.lacks = new Uint32Array(this.units);
      for (let unit = 0; unit < this.units; unit++) this.lacks[unit] = this.end(unit) - unit * this.size;
      if (sources.length > 1) for (let unit = 0; unit < this.units; unit++) this.lacks[unit]! *= sources.length;
    }
    if (map.followers.length > 0) this.arrived = new Uint8Array(this.length);
    this.startedAt = execution.run.tell === undefined ? 0 : now();
    execution.tellMap(step, { phase: "start", elements: this.length });
  }

  /** Takes the elements that the maps it flows from have already, and asks them for the others. */
  attach(): void {
    for (const source of this.flowing) {
      if (source === undefined) continue;
      source.followers.push(this);
      for (let i = source.length - 1; i >= 0; i--) if (source.arrived![i] === 1) this.arrive(i);
    }
  }

  endIfEmpty(): void {
    if (this.length === 0 && this.left === 0) this.finish();
  }

  /** Begins the next unit of whole lists. @returns false if there is none. */
  beginNext(): boolean {
    if (this.lacks !== undefined || this.next >= this.units) return false;
    this.begin(this.next++);
    return true;
  }

  private arrive(element: number): void {
    const unit = Math.floor(element / this.size);
    if (--this.lacks![unit]! === 0) this.chain.push(this, unit);
  }

  begin(unit: number): void {
    if (this.shared === undefined && !this.prepare(unit)) return;
    let value: unknown;
    try {
      value = this.call(unit);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (isThenable(value)) {
      this.chain.async(
        value,
        (settled) => this.store(unit, settled),
        (error) => this.fail(this.direct ? this.failed(unit, error) : error),
      );
    } else this.store(unit, value);
  }

  /** Reads what all elements share, once. @returns false if a resource is still being built: the unit comes again. */
  private prepare(unit: number): boolean {
    try {
      this.building ??= this.execution.acquire(this.step);
    } catch (error) {
      this.fail(error);
      return false;
    }
    if (this.building !== undefined) {
      this.chain.async(
        this.building,
        () => {
          this.shared ??= this.execution.inputsOf(this.step);
          this.chain.push(this, unit);
        },
        (error) => this.fail(error),
      );
      return false;
    }
    this.shared = this.execution.inputsOf(this.step);
    return true;
  }

  private fail(error: unknown): void {
    if (!this.execution.stopped) {
      this.execution.tellMap(this.step, { phase: "failed", error, durationMs: now() - this.startedAt });
    }
    this.execution.fail(error);
  }

  private call(unit: number): unknown {
    if (this.direct) return this.callDirectly(unit);
    const { execution, step } = this;
    if (this.step.map!.batch > 0) return this.callBatch(unit);
    if (execution.plan.collects) {
      const carried = this.carried(unit);
      if (carried !== undefined) return carried;
    }
    return execution.collecting(step, () => execution.perform(step, this.inputsAt(unit), unit));
  }

  private callDirectly(unit: number): unknown {
    const { self, methods } = this.execution.program;
    const method = methods[this.step.index]!;
    const shared = this.shared!;
    try {
      if (this.lists.length > 1 || shared.length > 2) return method.apply(self, this.inputsAt(unit));
      if (shared.length === 0) return method.call(self, this.lists[0]![unit]);
      if (shared.length === 1) return method.call(self, this.lists[0]![unit], shared[0]);
      return method.call(self, this.lists[0]![unit], shared[0], shared[1]);
    } catch (error) {
      throw this.failed(unit, error);
    }
  }

  private failed(unit: number, error: unknown): NodeError {
    return this.execution.failed(this.step, error, this.inputsAt(unit), unit, 1);
  }

  private inputsAt(index: number): unknown[] {
    return [...this.elementsAt(index), ...this.shared!];
  }

  /** An element that has failed before does not come to a method: its error goes on in its place. */
  private carried(index: number): NodeError | undefined {
    return this.inputsAt(index).find((value) => value instanceof NodeError) as
      | NodeError
      | undefined;
  }

  private elementsAt(index: number): unknown[] {
    const { lists } = this;
    if (!this.step.map!.product) return lists.map((list) => list[index]);
    const elements: unknown[] = new Array(lists.length);
    let rest = index;
    for (let i = lists.length - 1; i >= 0; i--) {
      const list = lists[i]!;
      elements[i] = list[rest % list.length];
      rest = Math.floor(rest / list.length);
    }
    return elements;
  }

  // Batches.

  private callBatch(unit: number): unknown {
    const indices: number[] = [];
    const values: unknown[] = new Array(this.end(unit) - unit * this.size);
    for (let i = unit * this.size; i < this.end(unit); i++) {
      const carried = this.execution.plan.collects ? this.carried(i) : undefined;
      if (carried === undefined) indices.push(i);
      else values[i - unit * this.size] = carried;
    }
    const place = (found: readonly unknown[]): unknown[] => {
      for (const [at, index] of indices.entries()) values[index - unit * this.size] = found[at];
      return values;
    };
    if (indices.length === 0) return values;
    try {
      const found = this.performBatch(indices);
      if (!isThenable(found)) return place(found as unknown[]);
      return found.then(
        (settled) => place(settled as unknown[]),
        (error) => this.oneByOne(indices, error).then(place),
      );
    } catch (error) {
      return this.oneByOne(indices, error).then(place);
    }
  }

  private performBatch(indices: readonly number[]): unknown {
    const columns = this.lists.map(() => [] as unknown[]);
    for (const index of indices) this.elementsAt(index).forEach((element, i) => columns[i]!.push(element));
    const first = indices[0]!;
    const complete = (values: unknown): unknown[] => {
      const got =
        Array.isArray(values) || ArrayBuffer.isView(values) ? Array.from(values as unknown as List) : undefined;
      if (got?.length === indices.length) return got;
      throw new NodeError({
        code: "BATCH_LENGTH",
        where: this.execution.placeOf(this.step, first),
        problem: `the batch method was given ${indices.length} elements and returned ${got === undefined ? print(values) : `${got.length} values`}`,
        advice: "Return an array with one value for each element, in their order.",
        node: this.step.name,
        element: first,
        attempts: 1,
      });
    };
    const values = this.execution.perform(this.step, [...columns, ...this.shared!], first, indices.length);
    return isThenable(values) ? values.then(complete) : complete(values);
  }

  /** A batch has failed: its elements are tried one by one, so that the error names the one at fault. */
  private async oneByOne(indices: readonly number[], error: unknown): Promise<unknown[]> {
    const { execution, step } = this;
    const values: unknown[] = [];
    if (execution.stopped || (error instanceof HypernodesError && error.code === "BATCH_LENGTH")) throw error;
    for (const index of indices) {
      const alone = (): unknown => (indices.length === 1 ? Promise.reject(error) : this.performBatch([index]));
      const first = (found: unknown) => (found instanceof NodeError ? found : (found as unknown[])[0]);
      values.push(first(await execution.collecting(step, alone)));
      if (execution.stopped) break;
    }
    return values;
  }

  private end(unit: number): number {
    return Math.min((unit + 1) * this.size, this.length);
  }

  private store(unit: number, value: unknown): void {
    if (this.step.map!.batch > 0) {
      for (let i = unit * this.size; i < this.end(unit); i++) this.keep(i, (value as unknown[])[i - unit * this.size]);
    } else this.keep(unit, value);
    if (--this.left === 0) this.finish();
  }

  private keep(index: number, value: unknown): void {
    this.results[index] = value;
    if (value instanceof NodeError) this.failures++;
    if (this.arrived === undefined) return;
    this.arrived[index] = 1;
    for (let i = this.followers.length - 1; i >= 0; i--) {
      const follower = this.followers[i]!;
      follower.arrive(index);
      // A follower that joined late has a chain of its own, which nobody else pumps.
      if (follower.chain !== this.chain) follower.chain.pump();
    }
  }

  private finish(): void {
    this.left = -1;
    this.execution.tellMap(this.step, {
      phase: "end",
      elements: this.length,
      failed: this.failures,
      durationMs: now() - this.startedAt,
    });
    this.ended(this.results);
  }
}
