import { hash as hashAtOnce } from "node:crypto";
import { CannotTravel, foreign, tooDeep, valueError } from "./cannot-travel.js";
import { builtIn, ERROR_KEYS, type Kind, kindOf, namesBeyondIndices, pathKey } from "./kinds.js";
import { knownModel, type Model, unknownClass } from "./models.js";

/**
 * A hash of a value's content: SHA-256, 64 hexadecimal digits. The same in every process and on every run, for equal
 * content; another one for other content. The order of an object's properties does not count, that of a Map or Set does;
 * neither do `#private` members, an error's stack, and whether two equal objects are one. Of a model with a `key`, the
 * fields it names count.
 *
 * @throws {ValueError} `UNSERIALISABLE` with the path to what has no content: a function, a promise.
 */
export function digest(value: unknown): string {
  return contentOf(value).digest;
}

/** What a value is by its content. */
export interface Content {
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /** The names of the models it has instances of, sorted: what their methods do belongs to it, too. */
  readonly models: readonly string[];
}

/** @throws {ValueError} `UNSERIALISABLE` */
export function contentOf(value: unknown): Content {
  return reporting(() => new Digester().content(value));
}

/**
 * The content of a list, and those of its elements for whoever asks for them: in one walk.
 *
 * @throws {ValueError} `UNSERIALISABLE`
 */
export function contentsOf(list: readonly unknown[]): { readonly list: Content; elements(): Content[] } {
  return reporting(() => {
    const elements = new Elements(list);
    return { list: new Digester(elements).content(list), elements: () => elements.contents() };
  });
}

function reporting<R>(walk: () => R): R {
  try {
    return walk();
  } catch (thrown) {
    throw thrown instanceof CannotTravel ? valueError(thrown) : tooDeep(thrown);
  }
}

const NO_MODELS: readonly string[] = [];

/** One byte before each value: `1`, `"1"`, `true`, `[1]` and a like object never share a digest. */
const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  bigint: 5,
  string: 6,
  array: 7,
  hole: 8,
  record: 9,
  map: 10,
  set: 11,
  date: 12,
  regexp: 13,
  error: 14,
  view: 15,
  buffer: 16,
  boxed: 17,
  instance: 18,
  hooked: 19,
  cycle: 20,
  hash: 21,
  end: 22,
  noPrototype: 23,
  latin: 24,
  long: 25,
} as const;

/** Most values are small: their bytes are written where those of the one before were. */
let scratch: Buffer | undefined;
const LARGEST_SCRATCH = 2 ** 20;

function takeScratch(): Buffer {
  const taken = scratch ?? Buffer.allocUnsafe(2 ** 16);
  scratch = undefined;
  return taken;
}

function giveScratch(bytes: Buffer): void {
  if (bytes.length <= LARGEST_SCRATCH) scratch = bytes;
}

/** What the elements of a list have written, each as it would have written it alone. */
class Elements {
  private readonly ends: number[] = [];
  private readonly models: (readonly string[])[] = [];
  /** Those that refer back to the list look different alone. */
  private readonly anew = new Map<number, unknown>();
  private bytes: Buffer | undefined;
  private start = 0;
  private isDense = true;

  constructor(private readonly list: readonly unknown[]) {}

  begin(start: number, isDense: boolean): void {
    this.start = start;
    this.isDense = isDense;
  }

  add(end: number, models: readonly string[], value: unknown, refersBack: boolean): void {
    if (refersBack) this.anew.set(this.ends.length, value);
    this.ends.push(end);
    this.models.push(models);
  }

  /** The list has been written: what follows takes its place. */
  end(bytes: Buffer): void {
    this.bytes = Buffer.from(bytes.subarray(0, this.ends.at(-1) ?? 0));
  }

  contents(): Content[] {
    if (!this.isDense) return Array.from(this.list, contentOf);
    return this.ends.map((end, i) => {
      if (this.anew.has(i)) return contentOf(this.anew.get(i));
      const start = i === 0 ? this.start : this.ends[i - 1]!;
      return { digest: hexOf(this.bytes!.subarray(start, end)), models: this.models[i]! };
    });
  }
}

const BEYOND_LATIN = /[\u0100-\uffff]/;
/** From this length on a text in Latin-1 is hashed where it is. */
const LONG = 4096;

/** From how many bytes on a part is taken by its hash: so what is referred to twice is hashed once. */
const BY_HASH = 1024;

/** Writes a value in one canonical form, hashing large parts on the way, and hashes what is left. */
class Digester {
  private bytes = takeScratch();
  private length = 0;
  /** The objects that the walk is inside of, with their depth. */
  private readonly inside = new Map<object, number>();
  /** The hashes of large parts, and the models in them. */
  private readonly hashed = new Map<object, { readonly hash: Buffer; readonly models: readonly string[] }>();
  /** The least depth that something written since refers back to. */
  private reaches = Number.POSITIVE_INFINITY;
  private models: Set<string> | undefined;

  constructor(private readonly elements?: Elements) {}

  content(value: unknown): Content {
    this.write(value);
    const digest = hexOf(this.bytes.subarray(0, this.length));
    giveScratch(this.bytes);
    return { digest, models: this.modelsSince() };
  }

  private modelsSince(): readonly string[] {
    return this.models === undefined ? NO_MODELS : [...this.models].sort();
  }

  private write(value: unknown): void {
    if (typeof value === "string") this.string(value);
    else if (typeof value === "number") this.number(value);
    else if (typeof value === "boolean") this.tag(value ? TAG.true : TAG.false);
    else if (value === undefined) this.tag(TAG.undefined);
    else if (value === null) this.tag(TAG.null);
    else if (typeof value === "object") this.object(value);
    else if (typeof value === "bigint") {
      this.tag(TAG.bigint);
      this.string(value.toString());
    } else throw foreign(value as Function | symbol);
  }

  private object(value: object): void {
    const known = this.hashed.get(value);
    const depth = this.inside.get(value);
    if (known !== undefined) {
      this.hash(known.hash);
      this.add(known.models);
    } else if (depth === undefined) this.objectAnew(value);
    else {
      this.reaches = Math.min(this.reaches, depth);
      this.tag(TAG.cycle);
      this.uint32(this.inside.size - depth);
    }
  }

  private add(models: readonly string[]): void {
    if (models.length === 0) return;
    this.models ??= new Set();
    for (const name of models) this.models.add(name);
  }

  private objectAnew(value: object): void {
    const start = this.length;
    const before = this.reaches;
    const outer = this.models;
    this.models = undefined;
    const own = this.inside.size;
    this.reaches = Number.POSITIVE_INFINITY;
    this.inside.set(value, own);
    this.inward(value);
    this.inside.delete(value);
    const models = this.modelsSince();
    if (this.length - start >= BY_HASH) {
      const hash = hashOf(this.bytes.subarray(start, this.length));
      this.length = start;
      this.hash(hash);
      // What refers back to something around it looks different elsewhere.
      if (this.reaches >= own) this.hashed.set(value, { hash, models });
    }
    this.models = outer;
    this.add(models);
    this.reaches = Math.min(before, this.reaches < own ? this.reaches : Number.POSITIVE_INFINITY);
  }

  private inward(value: object): void {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === null) this.tag(TAG.noPrototype);
    const kind = kindOf(value, prototype);
    if (kind === "foreign") throw foreign(value);
    const model = prototype === null || builtIn(prototype) !== undefined ? undefined : modelFor(prototype, kind);
    if (model !== undefined) {
      this.tag(model.hooked ? TAG.hooked : TAG.instance);
      this.string(model.name);
      this.add([model.name]);
    }
    if (model?.hooked) this.at("toJSON()", (value as { toJSON(): unknown }).toJSON());
    else if (model?.key !== undefined) this.fields(value, [...model.key].sort());
    else if (kind === "array") this.array(value as unknown[]);
    else if (kind === "error") this.error(value as Error);
    else if (kind === "view") this.view(value as ArrayBufferView);
    else {
      this.inner(value, kind);
      this.fields(value, Object.keys(value).sort());
    }
  }

  /** What there is in an object besides its properties. */
  private inner(value: object, kind: Kind): void {
    switch (kind) {
      case "map":
        this.tag(TAG.map);
        for (const [key, item] of value as Map<unknown, unknown>) {
          this.at(pathKey(key), key);
          this.at(pathKey(key), item);
        }
        break;
      case "set": {
        this.tag(TAG.set);
        let index = 0;
        for (const item of value as Set<unknown>) this.at(index++, item);
        break;
      }
      case "date":
        this.tag(TAG.date);
        this.number((value as Date).getTime());
        break;
      case "regexp":
        this.tag(TAG.regexp);
        this.string((value as RegExp).source);
        this.string((value as RegExp).flags);
        break;
      case "buffer":
        this.tag(TAG.buffer);
        this.raw(new Uint8Array(value as ArrayBuffer));
        break;
      case "boxed":
        this.tag(TAG.boxed);
        this.write((value as { valueOf(): unknown }).valueOf());
        break;
    }
  }

  private fields(value: object, names: readonly string[]): void {
    this.tag(TAG.record);
    for (const name of names) {
      this.string(name);
      this.at(name, (value as Record<string, unknown>)[name]);
    }
    this.tag(TAG.end);
  }

  private at(key: string | number, value: unknown): void {
    try {
      this.write(value);
    } catch (thrown) {
      if (thrown instanceof CannotTravel) thrown.path.push(key);
      throw thrown;
    }
  }

  private array(value: readonly unknown[]): void {
    this.tag(TAG.array);
    this.number(value.length);
    const keys = Object.keys(value);
    const names = namesBeyondIndices(keys, value.length);
    const isDense = keys.length - names.length === value.length;
    const elements = this.inside.size === 1 ? this.elements : undefined;
    elements?.begin(this.length, isDense);
    let next = 0;
    for (let i = 0; i < keys.length - names.length; i++) {
      const index = isDense ? i : Number(keys[i]);
      if (index > next) {
        this.tag(TAG.hole);
        this.number(index - next);
      }
      next = index + 1;
      const element = value[index];
      if (elements !== undefined) this.element(elements, index, element);
      else if (typeof element === "number") this.number(element);
      else this.at(index, element);
    }
    elements?.end(this.bytes);
    this.fields(value, [...names].sort());
  }

  /** Writes an element of the list whose elements' contents are wanted. */
  private element(elements: Elements, index: number, value: unknown): void {
    const outer = this.models;
    this.models = undefined;
    if (typeof value === "number") this.number(value);
    else this.at(index, value);
    const models = this.modelsSince();
    this.models = outer;
    this.add(models);
    elements.add(this.length, models, value, this.reaches < 1);
  }

  private error(value: Error): void {
    this.tag(TAG.error);
    this.string(String(value.name));
    const keys = ERROR_KEYS.filter((key) => key !== "stack" && Object.hasOwn(value, key));
    this.fields(value, [...new Set([...keys, ...Object.keys(value)])].filter((key) => key !== "stack").sort());
  }

  private view(value: ArrayBufferView): void {
    this.tag(TAG.view);
    this.string(Buffer.isBuffer(value) ? "Buffer" : Object.prototype.toString.call(value));
    this.raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  private raw(bytes: Uint8Array): void {
    this.number(bytes.byteLength);
    if (bytes.byteLength >= BY_HASH) this.hash(hashOf(bytes));
    else this.append(bytes);
  }

  private append(bytes: Uint8Array): void {
    this.reserve(bytes.byteLength);
    this.bytes.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  private tag(tag: number): void {
    this.reserve(1);
    this.bytes[this.length++] = tag;
  }

  private number(value: number): void {
    this.reserve(9);
    this.bytes[this.length++] = TAG.number;
    this.bytes.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value, this.length);
    this.length += 8;
  }

  private uint32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeUInt32LE(value, this.length);
  }

  /** In Latin-1 where that has all of its characters, else in UTF-16: UTF-8 has no place for half a surrogate pair. */
  private string(value: string): void {
    const isLatin = !BEYOND_LATIN.test(value);
    if (isLatin && value.length >= LONG) {
      this.tag(TAG.long);
      this.append(hashAtOnce("sha256", value, "buffer"));
      return;
    }
    const size = isLatin ? value.length : value.length * 2;
    this.reserve(size + 5);
    this.bytes[this.length++] = isLatin ? TAG.latin : TAG.string;
    this.length = this.bytes.writeUInt32LE(size, this.length);
    this.length += this.bytes.write(value, this.length, size, isLatin ? "latin1" : "utf16le");
  }

  private hash(hash: Buffer): void {
    this.tag(TAG.hash);
    this.append(hash);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

function hexOf(bytes: Uint8Array): string {
  return hashAtOnce("sha256", bytes, "hex");
}

function hashOf(bytes: Uint8Array): Buffer {
  return hashAtOnce("sha256", bytes, "buffer");
}

/** An error of a class that is not known counts by its name. */
function modelFor(prototype: object, kind: Kind): Model | undefined {
  const model = knownModel(prototype);
  if (model === undefined && kind !== "error") throw unknownClass(prototype);
  return model;
}
