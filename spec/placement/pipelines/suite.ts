import { Type } from "class-transformer";
import { IsInt, IsString, Min, ValidateNested } from "class-validator";
import {
  cached,
  currentRun,
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

/** One node that prints, and says where it runs. */
export class Single extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    console.log(`doubling ${x}`);
    console.error("with care");
    return 2 * x;
  }
  @node() process(): number {
    return process.pid;
  }
}

export class Chain extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    return 2 * x;
  }
  @node("x") tripled(x: number): number {
    return 3 * x;
  }
  @node("doubled", "tripled") sum(doubled: number, tripled: number): number {
    return doubled + tripled;
  }
}

export class Words extends Pipeline {
  @input() words!: string[];
  @input() suffix?: string = "!";
  @mapOver("words", "suffix") loud(word: string, suffix: string): Each<string> {
    return word.toUpperCase() + suffix;
  }
  @output("loud") all(loud: string[]): Output<string> {
    return loud.join(" ");
  }
}

export class Length extends Pipeline {
  @input() word!: string;
  @input() factor?: number = 1;
  @node("word", "factor") length(word: string, factor: number): number {
    return word.length * factor;
  }
}

export class Outer extends Pipeline {
  @input() words!: string[];
  @input() first!: string;
  @nested(Length, { word: "first" }, "length") ofFirst!: Nested<number>;
  @mapOver("words", Length, { word: "words", factor: "ofFirst" }, "length") lengths!: Nested<number[]>;
}

export class Person {
  @IsInt() @Min(0) age!: number;
  name!: string;
  constructor(name = "", age = 0) {
    this.name = name;
    this.age = age;
  }
  greet(): string {
    return `${this.name} (${this.age})`;
  }
}

export class Models extends Pipeline {
  @input() @ValidateNested({ each: true }) @Type(() => Person) people!: Person[];
  @mapOver("people") older(person: Person): Each<Person> {
    return new Person(person.name, person.age + 1);
  }
  @output("older") greetings(older: Person[]): Output<string[]> {
    return older.map((person) => person.greet());
  }
  @output("older") all(older: Person[]): Output<Person[]> {
    return older;
  }
}

/** Everything that the codec carries, there and back. */
export class Carried extends Pipeline {
  @input() value!: unknown;
  @node("value") same(value: unknown): unknown {
    return value;
  }
}

export class Failing extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") checked(x: number): Each<number> {
    if (x === 42) throw new RangeError("42 is not to be had");
    return x + 1;
  }
}

export class Collecting extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", { onError: "collect" }) checked(x: number): Each<number> {
    if (x % 2 === 1) throw new RangeError(`${x} is odd`);
    return x;
  }
}

@execution({ maps: "parallel", maxWorkers: 8 })
export class Spread extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") squares(x: number): Each<number> {
    return x * x;
  }
}

/** Takes its time; can be stopped. */
export class Slow extends Pipeline {
  @input() ms!: number;
  @input() times!: number[];
  @mapOver("times", "ms") async waited(i: number, ms: number): Promise<Each<number>> {
    const { signal } = currentRun();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
    return i;
  }
}

/** Computes without a pause, element by element. */
@execution({ maps: "sequential" })
export class Busy extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") spun(x: number): Each<number> {
    const end = performance.now() + 100;
    while (performance.now() < end);
    return x;
  }
}

export class Leaving extends Pipeline {
  @input() how!: "exit" | "kill" | "heap" | "throw";
  @node("how") async left(how: string): Promise<number> {
    if (how === "exit") process.exit(7);
    if (how === "kill") process.kill(process.pid, "SIGKILL");
    if (how === "throw") setTimeout(() => Promise.reject(new Error("nobody caught this")), 1);
    const held: unknown[] = [];
    while (how === "heap") held.push(new Array(100_000).fill(held.length));
    return new Promise<number>((resolve) => setTimeout(resolve, 60_000, 0));
  }
}

export class Untransferable extends Pipeline {
  @node() made(): unknown {
    return { inside: { of: () => 1 } };
  }
}

export class UntransferableEach extends Pipeline {
  @input() x!: number;
  @node("x") xs(x: number): number[] {
    return [x, x + 1];
  }
  @mapOver("xs") made(x: number): Each<unknown> {
    return x === 2 ? () => x : x;
  }
}

/** Writes where frames are written. */
export class Scribbling extends Pipeline {
  @node() async scribbled(): Promise<string> {
    const { writeSync } = await import("node:fs");
    process.stdout.write("a line in ");
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.stdout.write("two parts\n");
    writeSync(1, "hn\u0001\u0010 not a frame\n");
    process.stdout.write("nor this\n");
    return "done";
  }
}

class Turnstile implements Disposable {
  private count = 0;
  [Symbol.dispose](): void {}
  next(): number {
    return ++this.count;
  }
}

export class Resourceful extends Pipeline {
  @input() xs!: number[];
  @resource() counter(): Turnstile {
    console.log("building");
    return new Turnstile();
  }
  @mapOver("xs", "counter") counted(_x: number, counter: Turnstile): Each<number> {
    return counter.next();
  }
}

@cached(sqlite(".cache/suite.sqlite"))
export class Remembered extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") squares(x: number): Each<number> {
    console.log(`squaring ${x}`);
    return x * x;
  }
  @output("squares") total(squares: number[]): Output<number> {
    console.log("adding");
    return squares.reduce((sum, x) => sum + x, 0);
  }
}

/** Takes half a second an element, whatever happens meanwhile. */
@cached(sqlite(".cache/slowly.sqlite"))
export class SlowlyRemembered extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") async squares(x: number): Promise<Each<number>> {
    await new Promise((resolve) => setTimeout(resolve, 500));
    return x * x;
  }
}

export class Environment extends Pipeline {
  @node() seen(): Record<string, string | undefined> {
    const { FLAVOUR, PASSWORD, HOME, MODAL_TOKEN_ID } = process.env;
    return { FLAVOUR, PASSWORD, HOME, MODAL_TOKEN_ID };
  }
}

/** What variables it has. */
export class Variables extends Pipeline {
  @input() names!: string[];
  @node("names") seen(names: string[]): (string | null)[] {
    return names.map((name) => process.env[name] ?? null);
  }
}

/** Reads files of the folders that variables name, and leaves one in each. */
@cached(sqlite(".cache/shelves.sqlite"))
export class Shelves extends Pipeline {
  @input() folders!: string[];
  @input() leaves?: string = "";
  @mapOver("folders", "leaves") async files(folder: string, leaves: string): Promise<Each<string[]>> {
    const { readdirSync, readFileSync, writeFileSync } = await import("node:fs");
    const place = process.env[folder]!;
    const found = readdirSync(place).map((name) => `${name}: ${readFileSync(`${place}/${name}`, "utf8")}`);
    if (leaves !== "") writeFileSync(`${place}/left`, leaves);
    return found.sort();
  }
  @output("files") counted(files: string[][]): Output<number> {
    console.log("counting");
    return files.flat().length;
  }
  @output("files") all(files: string[][]): Output<string[][]> {
    return files;
  }
}

/** Says where it ran, and what it made of a word. */
@runOn(modal({ gpu: "T4", app: "placed" }))
export class Placed extends Pipeline {
  @input() @IsString() word!: string;
  @input() factor?: number = 1;
  @node("word", "factor") length(word: string, factor: number): number {
    if (word === "bad") throw new RangeError("a bad word");
    return word.length * factor;
  }
  /** With a version, it is cached although it reads what another process has of its own. */
  @node("length", { version: "1" }) pid(_length: number): number {
    return process.pid;
  }
}

/** Here, with a nested pipeline that is elsewhere: once, and for each of many. */
export class Parent extends Pipeline {
  @input() words!: string[];
  @node("words") first(words: string[]): string {
    return words[0] ?? "";
  }
  @mapOver("words") trimmed(word: string): Each<string> {
    return word.trim();
  }
  @nested(Placed, { word: "first" }, "length") one!: Nested<number>;
  @mapOver("trimmed", Placed, { word: "trimmed", factor: "one" }) placed!: Nested<{ length: number; pid: number }[]>;
  @mapOver("placed") lengths(placed: { length: number; pid: number }): Each<number> {
    return placed.length;
  }
  @node() here(): number {
    return process.pid;
  }
}

/** The nested one is inside of one that is mapped over here. */
@execution({ maps: "parallel" })
export class Grandparent extends Pipeline {
  @input() texts!: string[][];
  @mapOver("texts", Parent, { words: "texts" }, "lengths") lengths!: Nested<number[][]>;
}

export class Forgiving extends Pipeline {
  @input() words!: string[];
  @mapOver("words", Placed, { word: "words" }, "length", { onError: "collect" }) lengths!: Nested<number[]>;
}

/** A class that is only there where this was called. */
export function hidden(): Pipeline {
  class Hidden extends Pipeline {
    @input() x!: number;
    @node("x") y(x: number): number {
      return x;
    }
  }
  return new Hidden();
}
