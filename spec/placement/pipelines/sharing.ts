import { appendFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  cached,
  type Each,
  execution,
  input,
  mapOver,
  modal,
  type Nested,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
  runOn,
  sqlite,
} from "../../../src/index.js";

/** Elements that take their time, and say where they were computed. Whoever computes one writes a line into `log`. */
@execution({ maps: "sequential" })
export class Placed extends Pipeline {
  @input() times!: number[];
  @input() log?: string = "";
  @mapOver("times", "log") async each(ms: number, log: string): Promise<Each<number>> {
    if (log !== "") appendFileSync(log, `${process.pid} ${ms}\n`);
    await sleep(ms);
    return process.pid;
  }
  @node("times") count(times: number[]): number {
    return times.length;
  }
  @node() here(): number {
    return process.pid;
  }
  @output("each", "count") processes(each: number[], count: number): Output<[number, number]> {
    return [new Set(each).size, count];
  }
}

/** All elements look into one table. */
export class Sharing extends Pipeline {
  @input() xs!: number[];
  @input() table!: Float64Array;
  @mapOver("xs", "table") async found(x: number, table: Float64Array): Promise<Each<number>> {
    await sleep(20);
    return table[x]!;
  }
  @output("found") sum(found: number[]): Output<number> {
    return found.reduce((sum, x) => sum + x, 0);
  }
}

/** What is built once for a container. */
@execution({ maps: "sequential" })
export class Built extends Pipeline {
  @input() xs!: number[];
  @resource() built(): { readonly token: string } {
    return { token: `${process.pid} ${Math.random()}` };
  }
  @mapOver("xs", "built") async token(_: number, built: { readonly token: string }): Promise<Each<string>> {
    await sleep(50);
    return built.token;
  }
  @node("built") ofNode(built: { readonly token: string }): string {
    return built.token;
  }
}

/** An element that ends the process that it is in. */
@execution({ maps: "sequential" })
export class Exiting extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", { onError: "collect" }) survived(x: number): Each<number> {
    if (x === 13) process.exit(7);
    return x;
  }
}

/** Remembered where the run is directed from. */
@cached(sqlite("sharing.sqlite"))
@execution({ maps: "sequential" })
export class RememberedHere extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") squared(x: number): Each<number> {
    return x * x;
  }
  @node("squared") total(squared: number[]): number {
    return squared.reduce((sum, x) => sum + x, 0);
  }
}

/** Remembers by itself, whoever maps over it: here in the folder of the specs' run, of which a container knows nothing. */
@cached(sqlite(path.join(process.env.HYPERNODES_SPEC_RUN ?? "", "inner-of-sharing.sqlite")))
class InnerRemembered extends Pipeline {
  @input() x!: number;
  @input() log!: string;
  @node("x", "log") cubed(x: number, log: string): number {
    appendFileSync(log, `${x}\n`);
    return x ** 3;
  }
}

@execution({ maps: "sequential" })
export class OverRemembered extends Pipeline {
  @input() xs!: number[];
  @input() log!: string;
  @mapOver("xs", InnerRemembered, { x: "xs", log: "log" }, "cubed") cubes!: Nested<number[]>;
}

@runOn(modal({ containers: 2 }))
@execution({ maps: "sequential" })
class Spreading extends Pipeline {
  @input() n!: number;
  @node("n") ns(n: number): number[] {
    return Array.from({ length: n }, (_, i) => i);
  }
  @mapOver("ns") async each(n: number): Promise<Each<number>> {
    await sleep(100);
    return process.pid + 0 * n;
  }
}

/** Here; what is nested in it is in containers that share its elements. */
export class WithSpreading extends Pipeline {
  @input() n!: number;
  @input() ns!: number[];
  @nested(Spreading, { n: "n" }, "each") one!: Nested<number[]>;
  @mapOver("ns", Spreading, { n: "ns" }, "each") many!: Nested<number[][]>;
  @node() here(): number {
    return process.pid;
  }
}
