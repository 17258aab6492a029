import { ValueError } from "../errors.js";
import { CannotTravel } from "./cannot-travel.js";
import { BY_HASH, ByteWriter, CanonicalWriter, hashOf, hexOf, NO_MODELS } from "./canonical-writer.js";
import type { Content } from "./content.js";
import { dismantle } from "./dismantle.js";

/** How much may be walked for elements that are to have a content of their own, in objects. */
const MAX_WALKED = 1_000_000;

/**
 * Objects that refer to each other, by their content, in linear time. Each object is written once, without what it refers
 * to. Tarjan's algorithm finds the parts in which every object leads to every other one (R. Tarjan, "Depth-first search
 * and linear graph algorithms", 1972); the objects of such a part are numbered from where the walk enters it, and take
 * its hash and their number for their content.
 */
export class ObjectGraph {
  private readonly objects: ShallowWriter;
  private readonly whole: Contents;

  /** @throws {CannotTravel} */
  constructor(root: object) {
    this.objects = new ShallowWriter(root);
    this.whole = new Contents(this.objects, 0);
  }

  /** @param value the root, or an object that it leads to. */
  contentOf(value: object): Content {
    return this.whole.contentOf(this.objects.idOf(value));
  }

  /**
   * The contents of the elements of the root, a list. Where that would take too long, an element that leads to objects
   * which refer to each other has a content that is its own only within this list: then less is found in a cache.
   *
   * @param anew gives the content of what is no object of the graph.
   */
  contentsOf(list: readonly unknown[], anew: (value: unknown) => Content): Content[] {
    const ids = Array.from(list, (element) => this.objects.knownId(element));
    const cyclic = ids.filter((id) => id !== undefined && this.whole.leadsToCycle(id)).length;
    const isAffordable = cyclic * this.objects.count <= MAX_WALKED;
    return ids.map((id, i) => {
      if (id === undefined) return anew(list[i]);
      const isOwn = !this.whole.leadsToCycle(id) || !isAffordable;
      return (isOwn ? this.whole : new Contents(this.objects, id)).contentOf(id);
    });
  }
}

/**
 * Writes each object of a graph once, without the objects that it refers to: these have numbers. What belongs to object
 * `id` is from `ends[id - 1]` to `ends[id]`, in the bytes as in the references.
 */
class ShallowWriter extends CanonicalWriter {
  readonly ends: number[] = [];
  /** The objects that are referred to, in order; and where in the bytes each belongs. */
  readonly references: number[] = [];
  readonly places: number[] = [];
  readonly referenceEnds: number[] = [];
  /** By object, the models in it, where there are any. */
  readonly ownModels = new Map<number, readonly string[]>();
  private readonly ids = new Map<object, number>();
  /** The same for what is in the cause of a failure only: it may lose something there. */
  private readonly tolerated = new Map<object, number>();
  private readonly pending: { readonly value: object; readonly isLenient: boolean }[] = [];

  constructor(root: object) {
    super();
    this.idOf(root);
    for (let id = 0; id < this.pending.length; id++) {
      const { value, isLenient } = this.pending[id]!;
      this.isLenient = isLenient;
      this.content(value);
      this.ends.push(this.length);
      this.referenceEnds.push(this.references.length);
      if (this.models === undefined) continue;
      this.ownModels.set(id, this.modelsSince());
      this.models = undefined;
    }
  }

  get count(): number {
    return this.ends.length;
  }

  knownId(value: unknown): number | undefined {
    return this.ids.get(value as object);
  }

  idOf(value: object, isLenient = false): number {
    let id = this.ids.get(value) ?? (isLenient ? this.tolerated.get(value) : undefined);
    if (id === undefined) {
      id = this.pending.push({ value, isLenient }) - 1;
      (isLenient ? this.tolerated : this.ids).set(value, id);
    }
    return id;
  }

  protected object(value: object): void {
    if (this.isLenient) assertTravels(value);
    this.references.push(this.idOf(value, this.isLenient));
    this.places.push(this.length);
  }

  protected mark(): number {
    return this.references.length;
  }

  protected restore(mark: number): void {
    this.references.length = mark;
    this.places.length = mark;
  }
}

/** What an error in the cause of a failure has is left out as a whole, if something far inside of it can't travel. */
function assertTravels(value: object): void {
  try {
    dismantle(value, { isLenient: true });
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new CannotTravel(error.problem, error.advice ?? "");
  }
}

/** Objects each of which leads to every other one; or a single object. */
interface Part {
  /** Undefined for a single object that is written out where it is referred to. */
  readonly hash: string | undefined;
  readonly isCyclic: boolean;
  readonly leadsToCycle: boolean;
  readonly models: readonly string[];
}

/** The contents of all that an object of a graph leads to, as a walk from it finds them. */
class Contents {
  private readonly parts: Part[] = [];
  /** By object: its part, from 1, 0 until that is known; and its number in it. */
  private readonly partOf: Int32Array;
  private readonly numbers: Int32Array;
  /** When the walk came to an object, from 1; 0: never. And the earliest one of its part that it leads to. */
  private readonly order: Int32Array;
  private readonly low: Int32Array;
  private readonly open: number[] = [];
  /** Single objects that are written out, one after another. */
  private readonly forms = new ByteWriter();
  private readonly formEnds: Int32Array;
  private readonly part = new ByteWriter();

  constructor(
    private readonly objects: ShallowWriter,
    root: number,
  ) {
    const { count } = objects;
    this.partOf = new Int32Array(count);
    this.numbers = new Int32Array(count);
    this.order = new Int32Array(count);
    this.low = new Int32Array(count);
    this.formEnds = new Int32Array(count);
    this.walk(root);
  }

  contentOf(id: number): Content {
    this.part.length = 0;
    this.refer(id, this.part);
    const digest = hexOf(this.part.bytes.subarray(0, this.part.length));
    return { digest, models: this.parts[this.partOf[id]! - 1]!.models };
  }

  leadsToCycle(id: number): boolean {
    return this.parts[this.partOf[id]! - 1]!.leadsToCycle;
  }

  /** Tarjan's algorithm without recursion: a chain of objects may be as long as memory allows. */
  private walk(root: number): void {
    const { order, low, open, partOf } = this;
    const { references, referenceEnds } = this.objects;
    let count = 0;
    const path = [root];
    const next = [root === 0 ? 0 : referenceEnds[root - 1]!];
    low[root] = order[root] = ++count;
    open.push(root);
    while (path.length > 0) {
      const top = path.length - 1;
      const id = path[top]!;
      const at = next[top]!;
      if (at < referenceEnds[id]!) {
        const child = references[at]!;
        next[top] = at + 1;
        if (order[child] === 0) {
          low[child] = order[child] = ++count;
          open.push(child);
          path.push(child);
          next.push(referenceEnds[child - 1]!);
        } else if (partOf[child] === 0 && order[child]! < low[id]!) low[id] = order[child]!;
        continue;
      }
      path.pop();
      next.pop();
      if (low[id] === order[id]) this.close(id);
      else if (low[id]! < low[path[top - 1]!]!) low[path[top - 1]!] = low[id]!;
    }
  }

  /** @param entry the object by which the walk came into the part: it has number 0. */
  private close(entry: number): void {
    const { open, partOf, numbers, part, objects } = this;
    const number = this.parts.length + 1;
    const members = open.splice(open.lastIndexOf(entry));
    for (const id of members) {
      partOf[id] = number;
      numbers[id] = -1;
    }
    numbers[entry] = 0;
    const ordered = [entry];
    let models: Set<string> | undefined;
    let isCyclic = false;
    let leadsToCycle = false;
    part.length = 0;
    for (let i = 0; i < ordered.length; i++) {
      const id = ordered[i]!;
      let from = id === 0 ? 0 : objects.ends[id - 1]!;
      const own = objects.ownModels.get(id);
      if (own !== undefined) models = new Set([...(models ?? []), ...own]);
      for (let r = id === 0 ? 0 : objects.referenceEnds[id - 1]!; r < objects.referenceEnds[id]!; r++) {
        const child = objects.references[r]!;
        part.copy(objects.bytes, from, objects.places[r]!);
        from = objects.places[r]!;
        if (partOf[child] === number) {
          isCyclic = true;
          if (numbers[child] === -1) numbers[child] = ordered.push(child) - 1;
          part.back(numbers[child]!);
          continue;
        }
        this.refer(child, part);
        const inner = this.parts[partOf[child]! - 1]!;
        if (inner.models.length > 0) models = new Set([...(models ?? []), ...inner.models]);
        leadsToCycle ||= inner.leadsToCycle;
      }
      part.copy(objects.bytes, from, objects.ends[id]!);
    }
    const isHashed = isCyclic || part.length >= BY_HASH;
    if (!isHashed) {
      numbers[entry] = this.forms.length;
      this.forms.copy(part.bytes, 0, part.length);
      this.formEnds[entry] = this.forms.length;
    }
    this.parts.push({
      hash: isHashed ? hashOf(part.bytes.subarray(0, part.length)) : undefined,
      isCyclic,
      leadsToCycle: leadsToCycle || isCyclic,
      models: models === undefined ? NO_MODELS : [...models].sort(),
    });
  }

  /** Writes what stands for an object in what refers to it. */
  private refer(id: number, writer: ByteWriter): void {
    const { hash, isCyclic } = this.parts[this.partOf[id]! - 1]!;
    if (hash === undefined) writer.copy(this.forms.bytes, this.numbers[id]!, this.formEnds[id]!);
    else if (isCyclic) writer.cyclic(hash, this.numbers[id]!);
    else writer.hash(hash);
  }
}
