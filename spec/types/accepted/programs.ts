import {
  type Batch,
  type Each,
  input,
  mapOver,
  type Nested,
  type NodeError,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
} from "../../../src/index.js";

class Passage {
  id = "";
  text = "";
}
class Encoded {
  vector = new Float32Array(2);
}
interface Encoder {
  dim: number;
}

class One extends Pipeline {
  @input() passage!: Passage;
  @input() scale?: number = 1;
  @node("passage") encoded(passage: Passage): Encoded {
    return new Encoded();
  }
  @node("encoded", "scale") size(encoded: Encoded, scale: number): number {
    return encoded.vector.length * scale;
  }
}

export class Retrieval extends Pipeline {
  @input() passages!: Passage[];
  @input() ks!: number[];
  @input() topK?: number = 5;
  @input() scores!: Float32Array;
  @input() tags!: ReadonlySet<string>;

  @resource() encoder(): Encoder {
    return { dim: 2 };
  }
  @resource("encoder", "topK") async client(encoder: Encoder, topK: number): Promise<{ close(): void }> {
    return { close() {} };
  }

  @node("topK", "passages", "passages") rest(topK: number, ...lists: Passage[][]): number {
    return lists.length;
  }
  @mapOver("ks", "topK", "topK") sums(...numbers: number[]): Each<number> {
    return numbers.length;
  }
  @mapOver("passages", "encoder") encoded(passage: Passage, encoder: Encoder): Each<Encoded> {
    return new Encoded();
  }
  @mapOver(["passages", "ks"]) async lengths(passage: Passage, k: number): Promise<Each<number | null>> {
    return passage.text.length || null;
  }
  @mapOver(["passages", "ks"], "topK", { mode: "product", retries: 2 })
  pairs(passage: Passage, k: number, topK: number): Each<boolean> {
    return k > topK;
  }
  @mapOver("scores") doubled(score: number): Each<number> {
    return score * 2;
  }
  @mapOver("tags") upper(tag: string): Each<string> {
    return tag.toUpperCase();
  }
  @mapOver("passages", "topK", { batch: 64 }) embedded(passages: Passage[], topK: number): Batch<Encoded> {
    return passages.map(() => new Encoded());
  }
  @mapOver(["passages", "ks"], { batch: 8, timeoutMs: 1000 })
  async zipped(passages: readonly Passage[], ks: number[]): Promise<Batch<string>> {
    return ks.map(String);
  }
  @mapOver("passages") log(passage: Passage): Each<void> {}
  @mapOver("passages") anything(passage: Passage): Each<any> {
    return passage;
  }
  @mapOver("passages") unknown(passage: Passage): Each<unknown> {
    return 1;
  }
  @node("unknown", "anything", "log") loose(unknown: unknown[], anything: any[], log: void[]): any {
    return 1;
  }
  @mapOver("passages", { onError: "collect" }) risky(passage: Passage): Each<number | NodeError> {
    return 1;
  }
  @mapOver("risky") afterRisky(value: number): Each<number> {
    return value;
  }

  @node("encoded", "topK") async index(encoded: Encoded[], topK: number): Promise<Map<string, Encoded>> {
    return new Map();
  }
  @node("passages") first(passages: readonly Passage[]): Passage {
    return passages[0]!;
  }
  // A parameter may take more than its dependency gives, and may be optional.
  @node("topK") wider(topK: number | string, more?: boolean): string {
    return String(topK);
  }
  @node("passages", "ks") split(passages: Passage[], ks: number[]): { train: number[]; test: { name: string } } {
    return { train: ks, test: { name: "" } };
  }
  @node("split.train", "split.test.name", { cache: false, version: 2, retries: { times: 2, delayMs: 1 } })
  named(train: number[], name: string): number {
    return train.length;
  }
  @mapOver("split.train") trained(value: number): Each<number> {
    return value;
  }

  @nested(One, { passage: "first" }, "encoded") one!: Nested<Encoded>;
  @nested(One, { passage: "first", scale: "topK" }) all!: Nested<{ encoded: Encoded; size: number }>;
  @nested(One, { passage: "first" }, { retries: 1 }) withOptions!: Nested<{ encoded: Encoded; size: number }>;
  @nested(new One().bind({ scale: 2 }), { passage: "first" }, "size") bound!: Nested<number>;
  @mapOver("passages", One, { passage: "passages", scale: "topK" }, "size") sizes!: Nested<number[]>;
  @mapOver(["passages", "ks"], One, { passage: "passages", scale: "ks" }, "size", { onError: "collect" })
  zippedSizes!: Nested<number[]>;
  @node("all.size", "sizes") total(size: number, sizes: number[]): number {
    return sizes.reduce((sum, s) => sum + s, size);
  }

  @output("index", "lengths", "one") metrics(
    index: Map<string, Encoded>,
    lengths: (number | null)[],
    one: Encoded,
  ): Output<{ n: number }> {
    return { n: lengths.length };
  }
  @output("client") async closed(client: { close(): void }): Promise<Output<boolean>> {
    return true;
  }
  protected helper(): number {
    return 1;
  }
}

/** Subclasses add, override and inherit. */
export class Larger extends Retrieval {
  override first(passages: readonly Passage[]): Passage {
    return passages.at(-1)!;
  }
  @node("metrics", "first") summary(metrics: { n: number }, first: Passage): string {
    return `${metrics.n} ${first.id}`;
  }
}

/** An abstract pipeline leaves nodes to its subclasses. */
export abstract class Base extends Pipeline {
  @input() text!: string;
  abstract words(text: string): string[];
  @output("words") count(words: string[]): Output<number> {
    return words.length;
  }
}
export class Words extends Base {
  @node("text") words(text: string): string[] {
    return text.split(" ");
  }
}

/** A generic pipeline maps over lists of its parameter. */
export abstract class Sorted<T> extends Pipeline {
  @input() xs!: T[];
  @mapOver("xs") keyed(x: T): Each<{ x: T; key: string }> {
    return { x, key: String(x) };
  }
  @mapOver("xs", { batch: 8 }) batched(xs: T[]): Batch<{ x: T }> {
    return xs.map((x) => ({ x }));
  }
  @node("keyed") sorted(keyed: { x: T; key: string }[]): T[] {
    return keyed.sort((a, b) => a.key.localeCompare(b.key)).map(({ x }) => x);
  }
  @output("sorted", "xs") first(sorted: T[], xs: T[]): Output<{ value: T | undefined; of: number }> {
    return { value: sorted[0], of: xs.length };
  }
}
export class SortedNumbers extends Sorted<number> {}
export const smallest: number | undefined = (await new SortedNumbers().run({ xs: [3, 1] })).first.value;

const given = { passages: [], ks: [1], scores: new Float32Array(1), tags: new Set<string>() };
const done = await new Retrieval().run(given);
export const n: number = done.metrics.n;
export const closed: boolean = done.closed;
const some = await new Retrieval().run({ passages: [] }, { outputs: ["encoded", "lengths", "log"] });
export const encoded: Encoded[] = some.encoded;
export const lengths: (number | null)[] = some.lengths;
const stood = await new Retrieval().run({ ks: [1] }, { given: { index: new Map(), one: new Encoded() } });
export const stoodN: number = stood.metrics.n;

const bound = new Retrieval().bind({ topK: 3, ks: [1] }).bind({ scores: new Float32Array(1), tags: new Set() });
await bound.run({ passages: [] });
await bound.run({ passages: [], ks: [2] });
await bound.bind({ passages: [] }).run();
await bound.unbind("ks").run({ passages: [], ks: [1] });
await bound.unbind().run(given);
export const everything: number = (await new Words().run({ text: "a b" })).count;

const each = await new One().map({ passage: [new Passage()], scale: 2 }, { over: "passage" });
export const sizes: number[] = each.map((r) => r.size);
await new One().map({ passage: [new Passage()], scale: [1, 2] }, { over: ["passage", "scale"], mode: "product", outputs: ["size"] });

/** A list paired with itself; an iterator, which is an array for all that take it. */
export class Paired extends Pipeline {
  @input() words!: string[];
  @input() deep!: { readonly words: string[] };
  @mapOver(["words", "words"]) zipped(a: string, b: string): Each<string> {
    return a + b;
  }
  @mapOver(["words", "words"], { mode: "product" }) multiplied(a: string, b: string): Each<string> {
    return a + b;
  }
  @mapOver(["deep.words", "deep.words"], { mode: "product" }) byPath(a: string, b: string): Each<string> {
    return a + b;
  }
  @mapOver(["zipped", "zipped"], "words") ofMaps(a: string, b: string, words: string[]): Each<number> {
    return a.length + b.length + words.length;
  }
  @node("words") *lines(words: string[]): Generator<string> {
    yield* words;
  }
  @mapOver("lines") length(line: string): Each<number> {
    return line.length;
  }
  @node("lines") all(lines: string[]): string {
    return lines.join();
  }
  @node("lines") sum(lines: Iterable<string>): number {
    return [...lines].length;
  }
}

export async function readLines(): Promise<string[]> {
  return (await new Paired().run({ words: [], deep: { words: [] } }, { outputs: ["lines"] })).lines;
}
