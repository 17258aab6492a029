import { CannotTravel, faultOf, MAX_DEPTH, tooDeep, valueError } from "./cannot-travel.js";
import { BY_HASH, CanonicalWriter, CYCLE, hashOf, hexOf } from "./canonical-writer.js";
import type { Content } from "./content.js";
import { dismantle } from "./dismantle.js";
import { ObjectGraph } from "./object-graph.js";

/**
 * A hash of a value's content: SHA-256, 64 hexadecimal digits. The same in every process and on every run for equal
 * content, and another one for other content. The order of an object's properties counts, as that of a Map or Set does.
 * `#private` members and an error's stack do not count. Nor does it whether two equal objects are one, except among
 * objects that refer to each other. Of a model with a `key`, the fields that it names count.
 *
 * @throws {ValueError} `UNSERIALISABLE` with the path to what has no content: a function, a promise.
 */
export function digest(value: unknown): string {
  return contentOf(value).digest;
}

/**
 * @param levelsAround how many levels around what the user gave do not count.
 * @throws {ValueError} `UNSERIALISABLE`
 */
export function contentOf(value: unknown, levelsAround = 0): Content {
  const tree = walked(() => new TreeWriter(undefined, levelsAround).digest(value));
  return tree ?? graphOf(value as object).contentOf(value as object);
}

/**
 * The content of a list, and those of its elements for whoever asks for them: in one walk.
 *
 * @throws {ValueError} `UNSERIALISABLE`
 */
export function contentsOf(list: readonly unknown[]): { readonly list: Content; elements(): readonly Content[] } {
  const elements = new Elements(list);
  const content = walked(() => new TreeWriter(elements, 1).digest(list));
  if (content !== undefined) return { list: content, elements: () => elements.contents() };
  const graph = graphOf(list);
  return { list: graph.contentOf(list), elements: () => graph.contentsOf(list, contentOf) };
}

/** @returns undefined if the value's objects refer to each other. */
function walked(walk: () => Content): Content | undefined {
  try {
    return walk();
  } catch (thrown) {
    if (thrown === CYCLE) return undefined;
    throw valueError(faultOf(thrown));
  }
}

function graphOf(value: object): ObjectGraph {
  try {
    return new ObjectGraph(value);
  } catch (thrown) {
    // The codec comes to the same fault, and knows the way to it.
    if (thrown instanceof CannotTravel) dismantle(value);
    throw valueError(faultOf(thrown));
  }
}

/** What the elements of a list have written, each as it would have written it alone. */
class Elements {
  private readonly ends: number[] = [];
  private readonly models: (readonly string[])[] = [];
  private bytes: Buffer | undefined;
  private start = 0;

  constructor(private readonly list: readonly unknown[]) {}

  begin(start: number): void {
    this.start = start;
  }

  add(end: number, models: readonly string[]): void {
    this.ends.push(end);
    this.models.push(models);
  }

  /** The list has been written: what follows takes its place. */
  end(bytes: Buffer): void {
    this.bytes = Buffer.from(bytes.subarray(0, this.ends.at(-1) ?? 0));
  }

  contents(): Content[] {
    // One with holes is written by its indices.
    if (this.bytes === undefined) return Array.from(this.list, contentOf);
    return this.ends.map((end, i) => {
      const start = i === 0 ? this.start : this.ends[i - 1]!;
      return { digest: hexOf(this.bytes!.subarray(start, end)), models: this.models[i]! };
    });
  }
}

/** An object that the walk has come to: inside of it; through with it once; or what it has written. */
type Visited = "inside" | "once" | { readonly bytes: Buffer; readonly models: readonly string[] };

/** Writes a value whose objects do not refer to each other, hashing large parts on the way, and hashes what is left. */
class TreeWriter extends CanonicalWriter {
  private readonly visited = new Map<object, Visited>();
  /** The same for what is in the cause of a failure: it may lose something there. */
  private readonly tolerated = new Map<object, Visited>();
  /** The objects that the walk is inside of. */
  private readonly inside: object[] = [];

  private readonly maxDepth: number;

  constructor(
    private readonly list: Elements | undefined,
    levelsAround: number,
  ) {
    super();
    this.maxDepth = MAX_DEPTH + levelsAround;
  }

  digest(value: unknown): Content {
    try {
      this.write(value);
      return { digest: hexOf(this.bytes.subarray(0, this.length)), models: this.modelsSince() };
    } finally {
      this.release();
    }
  }

  protected mark(): number {
    return this.inside.length;
  }

  protected restore(mark: number): void {
    for (const value of this.inside.splice(mark)) this.tolerated.delete(value);
  }

  protected object(value: object): void {
    const { isLenient } = this;
    const visited = this.visited.get(value) ?? (isLenient ? this.tolerated.get(value) : undefined);
    const visits = isLenient ? this.tolerated : this.visited;
    if (visited === "inside") throw CYCLE;
    if (typeof visited === "object") {
      this.append(visited.bytes);
      this.addModels(visited.models);
      return;
    }
    if (this.inside.length >= this.maxDepth) throw tooDeep();
    const { length: start, models: outer } = this;
    this.models = undefined;
    visits.set(value, "inside");
    this.inside.push(value);
    this.content(value);
    this.inside.pop();
    const models = this.modelsSince();
    const isLarge = this.length - start >= BY_HASH;
    if (isLarge) {
      const hash = hashOf(this.bytes.subarray(start, this.length));
      this.length = start;
      this.hash(hash);
    }
    // What is referred to again and again is copied from the third time on.
    const isKept = isLarge || visited === "once";
    visits.set(value, isKept ? { bytes: Buffer.from(this.bytes.subarray(start, this.length)), models } : "once");
    this.models = outer;
    this.addModels(models);
  }

  protected override elements(value: readonly unknown[]): void {
    const { list } = this;
    if (list === undefined || this.inside.length > 1) {
      super.elements(value);
      return;
    }
    list.begin(this.length);
    for (let i = 0; i < value.length; i++) {
      const outer = this.models;
      this.models = undefined;
      this.property(value, i);
      const models = this.modelsSince();
      list.add(this.length, models);
      this.models = outer;
      this.addModels(models);
    }
    list.end(this.bytes);
  }
}
