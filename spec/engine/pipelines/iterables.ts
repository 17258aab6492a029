import { recordMember } from "../../../src/dsl/metadata.js";
import {
  type Batch,
  type Each,
  input,
  mapOver,
  model,
  type Nested,
  nested,
  node,
  Pipeline,
} from "../../../src/index.js";

/** Kinds of what can be gone through. */
export const ITERABLES = [
  "generator",
  "set",
  "map",
  "entries",
  "iterator",
  "object",
  "fresh",
  "same",
  "wrapper",
] as const;
export type IterableKind = (typeof ITERABLES)[number];

/** An iterator that is written by hand. */
class Counter implements IterableIterator<unknown> {
  private at = 0;
  constructor(private readonly elements: readonly unknown[]) {}
  next(): IteratorResult<unknown> {
    return this.at < this.elements.length
      ? { done: false, value: this.elements[this.at++] }
      : { done: true, value: undefined };
  }
  [Symbol.iterator]() {
    return this;
  }
}

/** A class of one's own that can be gone through, again and again. */
@model()
class Fresh implements Iterable<unknown> {
  constructor(readonly elements: readonly unknown[]) {}
  *[Symbol.iterator](): Generator<unknown> {
    yield* this.elements;
  }
}

/** An iterable of some elements: some can be gone through once only. */
export function made(kind: IterableKind, elements: readonly unknown[]): Iterable<any> {
  const generator = function* () {
    yield* elements;
  };
  const [once, counter] = [generator(), new Counter(elements)];
  const kinds: Record<IterableKind, () => Iterable<unknown>> = {
    generator: () => once,
    set: () => new Set(elements),
    map: () => new Map(elements.map((x) => [x, x])).keys(),
    entries: () => [...elements].values(),
    iterator: () => counter,
    object: () => ({ [Symbol.iterator]: generator }),
    fresh: () => new Fresh(elements),
    same: () => ({ [Symbol.iterator]: () => once }),
    wrapper: () => ({ [Symbol.iterator]: () => ({ next: () => counter.next() }) }),
  };
  return kinds[kind]();
}

function sum(xs: Iterable<number>): number {
  let total = 0;
  for (const x of xs) total += x;
  return total;
}

class Scaled extends Pipeline {
  @input() list!: Iterable<number>;
  @input() by!: number;
  @mapOver("list", "by") scaled(x: number, by: number): Each<number> {
    return x * by;
  }
}

interface Split {
  readonly train: Iterable<number>;
}

/** All kinds of readers of a list, and of one in a record. */
export class Readers extends Pipeline {
  @input() list!: Iterable<number>;
  @input() split!: Split;
  @mapOver("list") doubled(x: number): Each<number> {
    return x * 2;
  }
  @mapOver("list") async squared(x: number): Promise<Each<number>> {
    return x * x;
  }
  @mapOver(["list", "list"], { mode: "product" }) paired(a: number, b: number): Each<number> {
    return a * 100 + b;
  }
  @mapOver(["list", "list"]) selfZipped(a: number, b: number): Each<number> {
    return a * 100 + b;
  }
  @mapOver("list", { batch: 2 }) batched(xs: number[]): Batch<number> {
    return xs.map((x) => -x);
  }
  @node("list") total(list: Iterable<number>): number {
    return sum(list);
  }
  @node("list") again(list: Iterable<number>): number {
    return [...list].length;
  }
  @mapOver("split.train") fromPath(x: number): Each<number> {
    return x + 1;
  }
  @mapOver("split.train") fromPathAgain(x: number): Each<number> {
    return x - 1;
  }
  @node("split.train") pathTotal(train: Iterable<number>): number {
    return sum(train);
  }
  @node("split") recordTotal(split: Split): number {
    return sum(split.train);
  }
  @node() scales(): number[] {
    return [1, 2];
  }
  @mapOver("scales", Scaled, { list: "list", by: "scales" }, "scaled") nested!: Nested<number[][]>;
}

/** The same, where nodes make the list and the record: they stand in the place of the inputs. */
export class Readings extends Readers {
  @input() kind!: IterableKind;
  @input() xs!: readonly unknown[];
}
const methods = {
  list: (kind: IterableKind, xs: readonly unknown[]) => made(kind, xs),
  split: (kind: IterableKind, xs: readonly unknown[]) => ({ train: made(kind, xs) }),
};
for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Readings.prototype, name, { value });
  recordMember(Readings.prototype, name, { role: "node", dependencies: ["kind", "xs"], options: {} });
}

/** A list that is shared into nested pipelines, and one that is bound on them. */
export class WithChild extends Pipeline {
  @input() kind!: IterableKind;
  @node() scales(): number[] {
    return [1, 2];
  }
  @node("kind") list(kind: IterableKind): Iterable<number> {
    return made(kind, [1, 2]);
  }
  @mapOver("scales", Scaled, { list: "list", by: "scales" }, "scaled") bySharing!: Nested<number[][]>;
}

let tries = 0;
export class Flaky extends Pipeline {
  @input() xs!: number[];
  @node("xs", { retries: { times: 2, delayMs: 0 } }) *often(xs: number[]): Generator<number> {
    yield xs[0]!;
    if (tries++ % 2 === 0) throw new Error("try again");
    yield xs[1]!;
  }
  // biome-ignore lint/correctness/useYield: it throws before.
  @node("xs", { onError: "collect" }) *never(_: number[]): Generator<number> {
    throw new Error("never");
  }
  @mapOver("xs") *each(x: number): Each<Generator<number>> {
    yield x;
  }
}

export class Broken extends Pipeline {
  @input() xs!: number[];
  @node("xs") *list(xs: number[]): Generator<number> {
    yield* xs;
    throw new RangeError("no more");
  }
  @mapOver("list") doubled(x: number): Each<number> {
    return x * 2;
  }
  @mapOver("list") squared(x: number): Each<number> {
    return x * x;
  }
}

export type Change = "push" | "shift" | "clear" | "fill";

export class Changing extends Pipeline {
  @input() xs!: number[];
  @input() change!: Change;
  @mapOver("xs", "xs", "change") seen(x: number, xs: number[], change: Change): Each<number> {
    if (change === "push") xs.push(0);
    else if (change === "shift") xs.shift();
    else if (change === "clear") xs.length = 0;
    else xs.fill(9);
    return x;
  }
}

export class Holes extends Pipeline {
  @input() xs!: (number | undefined)[];
  @mapOver("xs") kinds(x: number | undefined): Each<string> {
    return typeof x;
  }
}

class Joined extends Pipeline {
  @input() a!: string;
  @input() b!: string;
  @node("a", "b") joined(a: string, b: string): string {
    return `${a}-${b}`;
  }
}

/** A list paired with itself, in all ways. */
export class Paired extends Pipeline {
  @input() words!: string[];
  @input() deep!: { readonly words: string[] };
  @mapOver("words") copied(word: string): Each<string> {
    return word;
  }
  @mapOver(["words", "words"]) zipped(a: string, b: string): Each<string> {
    return `${a}-${b}`;
  }
  @mapOver(["words", "words"], { mode: "product" }) multiplied(a: string, b: string): Each<string> {
    return `${a}-${b}`;
  }
  @mapOver(["deep.words", "deep.words"]) zippedPath(a: string, b: string): Each<string> {
    return `${a}-${b}`;
  }
  @mapOver(["deep.words", "deep.words"], { mode: "product" }) multipliedPath(a: string, b: string): Each<string> {
    return `${a}-${b}`;
  }
  @mapOver(["copied", "copied"]) zippedMap(a: string, b: string): Each<string> {
    return `${a}-${b}`;
  }
  @mapOver(["copied", "copied"], { mode: "product" }) multipliedMap(a: string, b: string): Each<string> {
    return `${a}-${b}`;
  }
  @node("words") numbers(words: string[]): number[] {
    return words.map((_, i) => i);
  }
  @mapOver(["words", "words", "numbers"]) thrice(a: string, b: string, c: number): Each<string> {
    return `${a}-${b}-${c}`;
  }
  @mapOver(["words", "words"], Joined, { a: "words", b: "words" }, "joined") zippedChild!: Nested<string[]>;
  @mapOver(["words", "words"], Joined, { a: "words", b: "words" }, "joined", { mode: "product" })
  multipliedChild!: Nested<string[]>;
}

export function unevenlyWired(): Pipeline {
  class Uneven extends Pipeline {
    @input() words!: string[];
    @mapOver(["words", "words"], Joined, { a: "words", b: "other" }, "joined") pairs!: Nested<string[]>;
    @node() other(): string {
      return "";
    }
  }
  return new Uneven();
}

/** Takes what a path into a record leads to, as a whole, as a list, and in a nested pipeline. */
class AtPaths extends Pipeline {
  @input() record!: { list: Iterable<number> };
  @node("record.list") whole(list: Iterable<number>): Iterable<number> {
    return list;
  }
  @mapOver("record.list") each(x: number): Each<number> {
    return x * 10;
  }
}
class Deeper extends Pipeline {
  @input() record!: { list: Iterable<number> };
  @nested(AtPaths, { record: "record" }) child!: Nested<object>;
}
export class RecordsMapped extends Pipeline {
  @input() records!: { list: Iterable<number> }[];
  @mapOver("records", AtPaths, { record: "records" }) child!: Nested<object[]>;
  @mapOver("records", Deeper, { record: "records" }) deeper!: Nested<object[]>;
}

/** Maps of every form over lists whose elements are iterators. */
export class Inner extends Pipeline {
  @input() lists!: Iterable<number>[];
  @input() by!: number[];

  @node("lists") same(lists: Iterable<number>[]): Iterable<number>[] {
    return lists;
  }
  @mapOver("lists") each(list: Iterable<number>): Each<number[]> {
    return [...list];
  }
  @mapOver(["lists", "by"]) zipped(list: Iterable<number>, by: number): Each<number[]> {
    return [...list, by];
  }
  @mapOver(["lists", "lists"], { mode: "product" }) pairs(a: Iterable<number>, b: Iterable<number>): Each<number[]> {
    return [...a, ...b];
  }
  @mapOver("same") later(list: Iterable<number>): Each<number[]> {
    return [...list];
  }
  @mapOver("lists", { batch: 2 }) batched(lists: Iterable<number>[]): Batch<number[]> {
    return lists.map((list) => [...list]);
  }
}

export class Spread extends Pipeline {
  @input() lists!: number[][];
  @mapOver("lists") sizes(list: number[]): Each<number> {
    return list.length;
  }
}

/** A Set that is mapped over, and read by paths. */
export class Sized extends Pipeline {
  @input() items!: Set<number>;
  @mapOver("items") each(x: number): Each<number> {
    return x + 1;
  }
  @node("items.size") size(size: number): number {
    return size;
  }
  @mapOver("items", "items.size") shares(x: number, size: number): Each<number> {
    return x / size;
  }
  @mapOver("items", "items.size", { batch: 2 }) batched(xs: number[], size: number): Batch<number> {
    return xs.map((x) => x / size);
  }
}

/** The same where the Set is made by a node, is given to a nested pipeline, and is an element. */
export class SizedInside extends Pipeline {
  @input() all!: number[][];
  @node("all") first(all: number[][]): Set<number> {
    return new Set(all[0]);
  }
  @mapOver("all") sets(all: number[]): Each<Set<number>> {
    return new Set(all);
  }
  @mapOver("first") each(x: number): Each<number> {
    return x + 1;
  }
  @node("first.size") size(size: number): number {
    return size;
  }
  @nested(Sized, { items: "first" }) child!: Nested<{
    each: number[];
    size: number;
    shares: number[];
    batched: number[];
  }>;
  @mapOver("sets", Sized, { items: "sets" }, "shares") shares!: Nested<number[][]>;
  @mapOver("sets", Sized, { items: "sets" }, "size") sizes!: Nested<number[]>;
}
