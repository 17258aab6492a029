import { spawn } from "node:child_process";
import {
  currentRun,
  type Each,
  execution,
  input,
  localProcess,
  mapOver,
  modal,
  type Nested,
  nested,
  node,
  Pipeline,
  resource,
  runOn,
} from "../../../src/index.js";
import { Length } from "./suite.js";

class UseCounter implements Disposable {
  private count = 0;
  constructor(readonly text: string) {}
  next(): string {
    return `${this.text} ${++this.count}`;
  }
  [Symbol.dispose](): void {
    console.log("disposed of the counter");
  }
}

/** Tells where it runs, and how often its resource was used. */
export class Where extends Pipeline {
  @input() xs!: number[];
  @resource() counter(): UseCounter {
    return new UseCounter(String(process.pid));
  }
  @mapOver("xs", "counter") counted(_x: number, counter: UseCounter): Each<string> {
    return counter.next();
  }
  @node() pid(): number {
    return process.pid;
  }
  @node() variable(): string {
    return process.env.CONTRACT ?? "";
  }
}

export class Sized extends Pipeline {
  @input() files!: Uint8Array[];
  @mapOver("files") sizes(file: Uint8Array): Each<number> {
    return file.length;
  }
}

/** Known by its export alone: no member has it as its type. */
export class Meters {
  constructor(readonly count: number) {}
}
type Extent = Pick<Meters, "count">;

/** Takes values of a class that its module exports. */
export class Measured extends Pipeline {
  @input() from!: Extent;
  @input() lengths!: Extent[];
  @mapOver("lengths", "from") ends(length: Extent, from: Extent): Each<number> {
    return length.count + from.count;
  }
}

/** Computes in one call until it is killed. */
export class Blocked extends Pipeline {
  @node() pid(): number {
    console.log(`pid ${process.pid}`);
    return process.pid;
  }
  @node("pid") blocked(_pid: number): number {
    for (;;);
  }
}

/** Takes memory that is not in the heap. */
export class Buffers extends Pipeline {
  @node() async held(): Promise<number> {
    const buffers: Buffer[] = [];
    for (;;) {
      buffers.push(Buffer.alloc(16 * 1024 * 1024, 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Crashes in one of the elements of a map, or in a pipeline nested in it. */
@execution({ maps: "sequential" })
export class Crashing extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") async survived(x: number): Promise<Each<number>> {
    await new Promise((resolve) => setTimeout(resolve, 30));
    if (x === 13) process.abort();
    return x;
  }
}

export class CrashingQuickly extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") survived(x: number): Each<number> {
    if (x === 13) process.abort();
    return x;
  }
}

export class CrashingInside extends Pipeline {
  @input() xs!: number[];
  @nested(Crashing, { xs: "xs" }, "survived") inner!: Nested<number[]>;
}

/** Starts a process of its own, prints its id, and then crashes, ends or never ends. */
export class Starting extends Pipeline {
  @input() how!: "crash" | "end" | "never end";
  @node("how") started(how: string): number {
    const { pid } = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
    console.log(`started ${pid}`);
    if (how === "crash") process.abort();
    while (how === "never end");
    return pid!;
  }
}

/** Waits for a signal that is not heard in time. */
export class Deaf extends Pipeline {
  @input() ms!: number;
  @node("ms") waited(ms: number): boolean {
    const end = performance.now() + ms;
    while (performance.now() < end);
    return currentRun().signal.aborted;
  }
}

@runOn(localProcess({ idleTimeoutMs: 20_000 }))
class InProcess extends Length {
  @node() pid(): number {
    return process.pid;
  }
}

@runOn(modal({ app: "contract", keepWarm: true, idleTimeoutMs: 20_000 }))
class InContainer extends Length {
  @node() pid(): number {
    return process.pid;
  }
}

/** In this process, with nested pipelines at places of their own: one call, and one for each element. */
export class OverProcess extends Pipeline {
  @input() words!: string[];
  @input() word!: string;
  @nested(InProcess, { word: "word" }) one!: Nested<{ length: number; pid: number }>;
  @mapOver("words", InProcess, { word: "words" }) many!: Nested<{ length: number; pid: number }[]>;
}

export class OverContainer extends Pipeline {
  @input() words!: string[];
  @input() word!: string;
  @nested(InContainer, { word: "word" }) one!: Nested<{ length: number; pid: number }>;
  @mapOver("words", InContainer, { word: "words" }) many!: Nested<{ length: number; pid: number }[]>;
}
