import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread, threadId } from "node:worker_threads";
import {
  type Batch,
  currentRun,
  type Each,
  execution,
  input,
  mapOver,
  model,
  type Nested,
  NodeError,
  nested,
  node,
  Pipeline,
  resource,
} from "../../src/index.js";

/** A counter in memory that all threads see. */
export type Cells = Int32Array;

/** Where each call was: 0 is the main thread. */
export class Where extends Pipeline {
  @input() xs!: number[];
  protected greeting = "hello";
  private helper = (x: number) => `${this.greeting} ${x}`;
  @mapOver("xs") where(_x: number): Each<number> {
    return isMainThread ? 0 : threadId;
  }
  @node("xs") nodeWhere(_xs: number[]): number {
    return isMainThread ? 0 : threadId;
  }
  @mapOver("xs") greeted(x: number): Each<string> {
    return this.helper(x);
  }
}

@model()
export class Vectors {
  constructor(readonly data: Float32Array) {}
}

@model()
export class Unreadable {
  #hidden = 1;
  shown(): number {
    return this.#hidden;
  }
}

export class Travels extends Pipeline {
  @input() vectors!: Vectors;
  @input() xs!: number[];
  @mapOver("xs", "vectors") sum(x: number, vectors: Vectors): Each<Vectors> {
    return new Vectors(Float32Array.of(x + vectors.data[0]!));
  }
  @mapOver("sum") isVectors(vectors: Vectors): Each<boolean> {
    return vectors instanceof Vectors;
  }
}

export class Untravelled extends Pipeline {
  @input() xs!: unknown[];
  @input() shared?: unknown = null;
  @mapOver("xs", "shared") returned(x: unknown, _shared: unknown): Each<unknown> {
    return x === 3 ? { deep: [{ fn: () => x }] } : x;
  }
  @mapOver("xs", { onError: "collect" }) collected(x: unknown): Each<unknown | NodeError> {
    return x === 3 ? { deep: new Unreadable() } : x;
  }
  @node("xs") single(_xs: unknown[]): unknown {
    return { socket: Promise.resolve() };
  }
}

class Inner extends Pipeline {
  @input() x!: number;
  @mapOver("list") thread(_y: number): Each<number> {
    return isMainThread ? 0 : threadId;
  }
  @node("x") list(x: number): number[] {
    return [x, x + 1];
  }
}
export class Nest extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", Inner, { x: "xs" }, "thread") inner!: Nested<number[][]>;
  @mapOver("xs") outer(_x: number): Each<number> {
    return isMainThread ? 0 : threadId;
  }
}

export class NestOnce extends Pipeline {
  @input() x!: number;
  @nested(Inner, { x: "x" }, "thread") inner!: Nested<number[]>;
}

/** Counts what is under way at once, in a thread and in all. */
export class Overlap extends Pipeline {
  @input() xs!: number[];
  @input() cells!: Cells;
  @mapOver("xs", "cells") async most(_x: number, cells: Cells): Promise<Each<number>> {
    const now = Atomics.add(cells, 0, 1) + 1;
    for (let before = cells[1]!; now > before; before = cells[1]!) Atomics.compareExchange(cells, 1, before, now);
    here++;
    const most = here;
    await sleep(5);
    here--;
    Atomics.sub(cells, 0, 1);
    return most;
  }
}
let here = 0;

/** Counts in cells how often it was decoded. */
@model()
export class Noticed {
  constructor(readonly cells: Cells) {}
  toJSON(): Cells {
    return this.cells;
  }
  static fromJSON(cells: Cells): Noticed {
    Atomics.add(cells, 0, 1);
    return new Noticed(cells);
  }
}

const kept: WeakRef<object>[] = [];
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

export class Sharing extends Pipeline {
  @input() xs!: number[];
  @input() noticed!: Noticed;
  /** How many shared values of earlier maps are still in the thread's memory. */
  @mapOver("xs", "noticed") async left(_x: number, noticed: Noticed): Promise<Each<number>> {
    if (!kept.some((ref) => ref.deref() === noticed)) kept.push(new WeakRef(noticed));
    await sleep(1);
    collectGarbage();
    return kept.filter((ref) => ref.deref() !== undefined && ref.deref() !== noticed).length;
  }
}

class Branch extends Pipeline {
  @input() x!: number;
  @input() factor!: number;
  @input() cells!: Cells;
  @node("x", "factor", "cells") async value(x: number, factor: number, cells: Cells): Promise<number> {
    const now = Atomics.add(cells, 0, 1) + 1;
    if (now > cells[1]!) Atomics.store(cells, 1, now);
    await sleep(50);
    Atomics.sub(cells, 0, 1);
    return x * factor;
  }
}
/** A node that streams another pipeline. */
export class Streams extends Pipeline {
  @input() cells!: Cells;
  @node("cells") async streamed(cells: Cells): Promise<number> {
    let count = 0;
    const inputs = { x: [1, 2, 3, 4], factor: 2, cells };
    for await (const _ of new Branch().stream(inputs, { over: "x", execution: { maps: "parallel" } })) count++;
    return count;
  }
}

/** Two independent nested branches. */
export class TwoBranches extends Pipeline {
  @input() x!: number;
  @input() two?: number = 2;
  @input() three?: number = 3;
  @input() cells!: Cells;
  @nested(Branch, { x: "x", factor: "two", cells: "cells" }, "value") a!: Nested<number>;
  @nested(Branch, { x: "x", factor: "three", cells: "cells" }, "value") b!: Nested<number>;
  @node("a", "b") result(a: number, b: number): number {
    return a + b;
  }
}

/** Three maps over each other; notes how many elements the first has begun when the first element ends. */
export class Deep extends Pipeline {
  @input() xs!: number[];
  @input() cells!: Cells;
  @mapOver("xs", "cells") a(x: number, cells: Cells): Each<number> {
    Atomics.add(cells, 0, 1);
    return x + 1;
  }
  @mapOver("a") b(a: number): Each<number> {
    return a * 2;
  }
  @mapOver("b", "cells") c(b: number, cells: Cells): Each<number> {
    Atomics.compareExchange(cells, 1, 0, cells[0]!);
    return b + 1;
  }
}

export class Batched extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", { batch: 3 }) threes(xs: number[]): Batch<string> {
    return xs.map((x) => `${x} of ${xs.join()}`) as unknown as Batch<string>;
  }
  @mapOver("threes", { batch: 6 }) sixes(threes: string[]): Batch<number> {
    return threes.map(() => threes.length) as unknown as Batch<number>;
  }
  @mapOver(["xs", "sixes"]) both(x: number, six: number): Each<number> {
    return x * six;
  }
}

class Paths extends Pipeline {
  @input() n!: number;
  @node("n") split(n: number): { train: number[]; test: { ids: number[] } } {
    return { train: [n, n + 1], test: { ids: [n + 2, n + 3] } };
  }
}
export class ByPath extends Pipeline {
  @input() n!: number;
  @nested(Paths, { n: "n" }) paths!: Nested<{ split: { train: number[]; test: { ids: number[] } } }>;
  @mapOver(["paths.split.train", "paths.split.test.ids"], "paths.split.train") pairs(
    a: number,
    b: number,
    train: number[],
  ): Each<number[]> {
    return [a, b, train.length];
  }
  @mapOver(["paths.split.train", "paths.split.train"], { mode: "product" }) product(
    a: number,
    b: number,
  ): Each<number> {
    return a * 10 + b;
  }
}

/** Notes in cells how often it was built (0) and disposed of (1). */
class Costly implements Disposable {
  constructor(private readonly cells: Cells) {
    Atomics.add(cells, 0, 1);
  }
  answer(x: number): number {
    return x + 0.5;
  }
  [Symbol.dispose](): void {
    Atomics.add(this.cells, 1, 1);
    Atomics.notify(this.cells, 1);
  }
}
export class Resourceful extends Pipeline {
  @input() xs!: number[];
  @input() cells!: Cells;
  @resource("cells") costly(cells: Cells): Costly {
    return new Costly(cells);
  }
  @mapOver("xs", "costly") answers(x: number, costly: Costly): Each<number> {
    return costly.answer(x);
  }
}

/** What ends threads. `cells` counts calls by element. */
@execution({ maps: "parallel", nodes: "parallel", graceMs: 50 })
export class Deadly extends Pipeline {
  @input() xs!: string[];
  @input() cells!: Cells;
  @mapOver("xs", "cells") kept(x: string, cells: Cells): Each<string> {
    return deadly(x, cells);
  }
  @mapOver("xs", "cells", { onError: "collect" }) collected(x: string, cells: Cells): Each<string | NodeError> {
    return deadly(x, cells);
  }
  @mapOver("xs", "cells", { onError: "collect", retries: { times: 1, delayMs: 1 } }) retried(
    x: string,
    cells: Cells,
  ): Each<string | NodeError> {
    return deadly(x, cells);
  }
  @mapOver("xs", "cells", { onError: "collect", timeoutMs: 100 }) timed(
    x: string,
    cells: Cells,
  ): Each<string | NodeError> {
    return deadly(x, cells);
  }
  @mapOver("timed") after(x: string | NodeError): Each<string> {
    return `${String(x)}!`;
  }
  @node("xs", "cells", { timeoutMs: 100 }) alone(xs: string[], cells: Cells): string {
    return deadly(xs[0]!, cells);
  }
  @node("xs", "cells", { retries: { times: 2, delayMs: 1 } }) aloneRetried(xs: string[], cells: Cells): string {
    return deadly(xs[0]!, cells);
  }
}

/** A word says what happens: `exit`, `throw`, `memory`, `loop`, `stubborn`, `loop once`, ... anything else is given back. */
function deadly(word: string, cells: Cells): string {
  const [what, times] = word.split(" ");
  const calls = Atomics.add(cells, 0, 1);
  if (times === "once" && Atomics.add(cells, 1, 1) > 0) return word;
  if (what === "exit") process.exit(3);
  if (what === "memory") {
    const kept: number[][] = [];
    for (;;) kept.push(new Array(100_000).fill(calls + kept.length));
  }
  if (what === "loop") for (;;) if (calls < 0) return word;
  if (what === "patient") return spinUntil(() => currentRun().signal.aborted, 10_000);
  return word;
}

function spinUntil(isOver: () => boolean, ms: number): string {
  const end = performance.now() + ms;
  while (performance.now() < end) if (isOver()) throw new Error("it saw the signal");
  return "not stopped";
}

/** An uncaught exception needs the event loop: the call must be waiting when the timer fires. */
export class Uncaught extends Pipeline {
  @input() xs!: string[];
  @mapOver("xs", { onError: "collect", retries: { times: 1, delayMs: 1 } }) async thrown(
    x: string,
  ): Promise<Each<string | NodeError>> {
    if (x === "throw") {
      setTimeout(() => {
        throw new RangeError("nobody catches me");
      });
      await sleep(10_000, undefined, { ref: false });
    }
    await sleep(1);
    return x;
  }
}

/** Says that it runs (cell 0), then waits for its signal, or for ever. */
@execution({ maps: "parallel", nodes: "parallel", graceMs: 50 })
export class Stoppable extends Pipeline {
  @input() xs!: number[];
  @input() cells!: Cells;
  @mapOver("xs", "cells") async waits(x: number, cells: Cells): Promise<Each<number>> {
    Atomics.add(cells, 0, 1);
    await sleep(60_000, undefined, { signal: currentRun().signal }).catch(() => Atomics.add(cells, 1, 1));
    return x;
  }
  @mapOver("xs", "cells") loops(x: number, cells: Cells): Each<number> {
    Atomics.add(cells, 0, 1);
    for (;;) if (cells[0]! < 0) return x;
  }
  @mapOver("xs", "cells") looks(x: number, cells: Cells): Each<number> {
    Atomics.add(cells, 0, 1);
    const { signal } = currentRun();
    while (!signal.aborted);
    Atomics.add(cells, 1, 1);
    return x;
  }
}

/** A neighbour: it computes quickly, and often. */
export class Neighbour extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") said(x: number): Each<number> {
    if (x < 0) throw new RangeError(`${x}`);
    return x;
  }
  @mapOver("xs") async slow(x: number): Promise<Each<number>> {
    await sleep(20);
    return x * 2;
  }
}

const THROWN: Record<string, () => unknown> = {
  symbol: () => Symbol("s"),
  function: () => function f() {},
  proxy: () => new Proxy({}, {}),
  promise: () => Promise.resolve(1),
  unknown: () => new (class Response {})(),
  functions: () => ({ f() {} }),
};
export const THROWN_NAMES = Object.keys(THROWN);

/** Elements that throw values which can't be serialized, and a node that takes the failures. */
export class Throwing extends Pipeline {
  @input() names!: string[];
  @mapOver("names", { onError: "collect" }) attempts(name: string): Each<string | NodeError> {
    throw THROWN[name]!();
  }
  @node("attempts") texts(attempts: (string | NodeError)[]): string[] {
    return attempts.map((each) => (each instanceof NodeError ? each.message : each));
  }
  @mapOver("names", "attempts") counts(_: string, attempts: (string | NodeError)[]): Each<number> {
    return attempts.filter((each) => each instanceof NodeError && each.cause !== undefined).length;
  }
}
