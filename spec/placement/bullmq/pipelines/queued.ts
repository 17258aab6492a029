import { appendFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Batch,
  bullmq,
  cached,
  currentRun,
  type Each,
  execution,
  input,
  mapOver,
  type Nested,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
  sqlite,
} from "../../../../src/index.js";

/** Chains, siblings and something shared. */
@execution({})
export class Queued extends Pipeline {
  @input() xs!: number[];
  @input() factor?: number = 3;

  @mapOver("xs", "factor") scaled(x: number, factor: number): Each<number> {
    return x * factor;
  }
  @mapOver("scaled") labelled(x: number): Each<string> {
    return `#${x}`;
  }
  @output("labelled") last(labels: string[]): Output<string | undefined> {
    return labels.at(-1);
  }
  @output("scaled") sum(xs: number[]): Output<number> {
    return xs.reduce((sum, x) => sum + x, 0);
  }
  @node("xs") unused(xs: number[]): number {
    return xs.length;
  }
}

/** Takes its time, and leaves a line in a file for each element that it begins. */
@execution({})
export class Slowly extends Pipeline {
  @input() xs!: number[];
  @input() ms!: number;
  @input() file!: string;

  @mapOver("xs", "ms", "file") async squared(x: number, ms: number, file: string): Promise<Each<number>> {
    appendFileSync(file, `${x}\n`);
    await sleep(ms);
    return x * x;
  }
  @output("squared") squares(squares: number[]): Output<number[]> {
    return squares;
  }
}

/** Some elements end what they are in. */
@execution({})
export class Poisoned extends Pipeline {
  @input() xs!: number[];
  @input() how!: "process" | "thread" | "throw";

  @mapOver("xs", "how", { onError: "collect", retries: 1 }) swallowed(x: number, how: string): Each<number> {
    if (x % 10 !== 7) return x;
    if (how === "process") process.kill(process.pid, "SIGKILL");
    if (how === "thread") process.exit(3);
    throw new RangeError(`${x} is poison`);
  }
  @output("swallowed") all(all: (number | Error)[]): Output<(number | Error)[]> {
    return all;
  }
}

/** Something large that all elements take. */
@execution({})
export class Sharing extends Pipeline {
  @input() xs!: number[];
  @input() table!: Float64Array;

  @mapOver("xs", "table") looked(x: number, table: Float64Array): Each<number> {
    return table[x]!;
  }
  @output("looked") all(all: number[]): Output<number[]> {
    return all;
  }
}

/** Large elements, and large results. */
@execution({})
export class Heavy extends Pipeline {
  @input() texts!: string[];

  @mapOver("texts") doubled(text: string): Each<string> {
    return text + text;
  }
  @output("doubled") lengths(texts: string[]): Output<number[]> {
    return texts.map(({ length }) => length);
  }
}

class TurnCounter {
  private count = 0;

  next(): number {
    return ++this.count;
  }
}

@execution({})
class Child extends Pipeline {
  @input() n!: number;

  @node("n") up(n: number): number {
    return n + 1;
  }
  @output("up") twice(up: number): Output<number> {
    return up * 2;
  }
}

/** A resource, batches, a nested pipeline, and what a node sees of its run. */
@execution({})
export class Varied extends Pipeline {
  @input() xs!: number[];

  @resource() counter(): TurnCounter {
    return new TurnCounter();
  }
  @mapOver("xs", "counter") counted(x: number, counter: TurnCounter): Each<boolean> {
    return x >= 0 && counter.next() > 0;
  }
  @mapOver("xs", { batch: 4 }) batched(xs: number[]): Batch<number> {
    return xs.map((x) => x + xs.length);
  }
  @mapOver("xs", Child, { n: "xs" }, "twice") inner!: Nested<number[]>;
  @mapOver("xs") seen(_: number): Each<boolean> {
    return currentRun().signal.aborted;
  }
  @output("counted", "batched", "inner", "seen") all(
    counted: boolean[],
    batched: number[],
    inner: number[],
    seen: boolean[],
  ): Output<unknown[]> {
    return [counted, batched, inner, seen];
  }
}

@execution({})
export class Holding extends Pipeline {
  @nested(Queued, { xs: "xs" }, "sum") sum!: Nested<number>;
  @input() xs!: number[];
  @output("sum") out(sum: number): Output<number> {
    return sum;
  }
}

/** On a queue by its own choice, of which its parent knows nothing. */
@execution({ maps: bullmq({ queue: "of-its-own", journal: false }) })
class OfItsOwn extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") next(x: number): Each<number> {
    return x + 1;
  }
  @output("next") sum(xs: number[]): Output<number> {
    return xs.reduce((sum, x) => sum + x, 0);
  }
}

export class Unknowing extends Pipeline {
  @input() xs!: number[];
  @nested(OfItsOwn, { xs: "xs" }, "sum") sum!: Nested<number>;
  @output("sum") out(sum: number): Output<number> {
    return sum;
  }
}

/** Where `InnerOfQueued` remembers, on whatever machine it is. */
export const INNER_STORE = path.join(os.tmpdir(), "hypernodes-inner-of-queued.sqlite");

/** Remembers by itself, whoever maps over it. */
@cached(sqlite(INNER_STORE))
class InnerOfQueued extends Pipeline {
  @input() x!: number;
  @input() log!: string;
  @node("x", "log") cubed(x: number, log: string): number {
    appendFileSync(log, `${x}\n`);
    return x ** 3;
  }
}

@execution({})
export class OverInner extends Pipeline {
  @input() xs!: number[];
  @input() log!: string;
  @mapOver("xs", InnerOfQueued, { x: "xs", log: "log" }, "cubed") cubes!: Nested<number[]>;
}

/** Elements that are too large for their jobs, and something that all of them take; leaves a line for each. */
@execution({})
export class Weighty extends Pipeline {
  @input() texts!: string[];
  @input() table!: Float64Array;
  @input() ms!: number;
  @input() file!: string;

  @mapOver("texts", "table", "ms", "file")
  async weighed(text: string, table: Float64Array, ms: number, file: string): Promise<Each<number>> {
    appendFileSync(file, `${text.length}\n`);
    await sleep(ms);
    return text.length + table.length;
  }
  @output("weighed") all(all: number[]): Output<number[]> {
    return all;
  }
}

/** Prints, and returns the names of the variables that it sees. */
@execution({})
export class Printing extends Pipeline {
  @input() xs!: number[];

  @mapOver("xs") printed(x: number): Each<readonly string[]> {
    console.log(`computing ${x}`);
    console.error(`warned of ${x}: שלום`);
    return Object.keys(process.env);
  }
  @output("printed") names(names: (readonly string[])[]): Output<(readonly string[])[]> {
    return names;
  }
}
