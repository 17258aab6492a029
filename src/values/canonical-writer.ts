import { hash as hashAtOnce } from "node:crypto";
import { types } from "node:util";
import { CannotTravel, faultOf, foreign, within } from "./cannot-travel.js";
import { assertOneClass, assertReadable, jsonOf } from "./dismantle.js";
import { errorParts, read } from "./error-parts.js";
import { builtIn, entriesOf, isOrdinary, itemsOf, type Kind, kindOf, pathKey, sizeOf } from "./kinds.js";
import { isFailure, knownModel, type Model, travellingModel, unknownClass } from "./models.js";
import { isPlainView, type OwnProperties, ownProperties, plainItems, plainNames } from "./own-properties.js";
import { bytesOf, viewType } from "./views.js";

/**
 * One byte before each value, and after it how much of it follows: so no value's form begins like that of another one.
 * `1`, `"1"`, `true`, `[1]` and a like object never share a digest.
 */
const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  bigint: 5,
  utf16: 6,
  latin1: 7,
  longLatin1: 8,
  array: 9,
  sparse: 10,
  record: 11,
  map: 12,
  set: 13,
  date: 14,
  regexp: 15,
  error: 16,
  view: 17,
  buffer: 18,
  boxed: 19,
  instance: 20,
  keyed: 21,
  hooked: 22,
  noPrototype: 23,
  integrity: 24,
  hidden: 25,
  hash: 26,
  cyclic: 27,
  back: 28,
} as const;

const BEYOND_LATIN = /[\u0100-\uffff]/;
/** From this length on a text in Latin-1 is hashed where it is. */
const LONG = 4096;
/** Up to this length a text is written character by character. */
const SHORT = 24;
/** From how many bytes on a part is taken by its hash: so it is hashed once, however often it is referred to. */
export const BY_HASH = 512;

export const NO_MODELS: readonly string[] = [];

/** Most values are small: their bytes are written where those of the one before were. */
let scratch: Buffer | undefined;
const LARGEST_SCRATCH = 2 ** 20;

/** Bytes that grow. */
export class ByteWriter {
  bytes: Buffer;
  length = 0;
  /** The same bytes: a DataView writes numbers ten times as fast as a Buffer. */
  private numbers: DataView;

  constructor() {
    this.bytes = scratch ?? Buffer.allocUnsafeSlow(2 ** 16);
    this.numbers = numbersOf(this.bytes);
    scratch = undefined;
  }

  /** Its bytes will not be read any more. */
  release(): void {
    if (this.bytes.length <= LARGEST_SCRATCH) scratch = this.bytes;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.byteLength);
    this.bytes.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  private append32(hash: string): void {
    this.reserve(32);
    this.length += this.bytes.write(hash, this.length, 32, "latin1");
  }

  /** Appends a part of some bytes. */
  copy(from: Buffer, start: number, end: number): void {
    this.reserve(end - start);
    // For a few bytes a call costs more than they do.
    if (end - start < 32) for (let i = start; i < end; i++) this.bytes[this.length++] = from[i]!;
    else this.length += from.copy(this.bytes, this.length, start, end);
  }

  tag(tag: number): void {
    this.reserve(1);
    this.bytes[this.length++] = tag;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.numbers.setUint32(this.length, value, true);
    this.length += 4;
  }

  number(value: number): void {
    this.reserve(9);
    this.bytes[this.length++] = TAG.number;
    this.numbers.setFloat64(this.length, Number.isNaN(value) ? Number.NaN : value, true);
    this.length += 8;
  }

  /** In Latin-1 where that has all of its characters, else in UTF-16: UTF-8 has no place for half a surrogate pair. */
  string(value: string): void {
    if (value.length <= SHORT && this.short(value)) return;
    const isLatin = !BEYOND_LATIN.test(value);
    if (isLatin && value.length >= LONG) {
      this.tag(TAG.longLatin1);
      this.append32(hashAtOnce("sha256", value, "binary"));
      return;
    }
    const size = isLatin ? value.length : value.length * 2;
    this.reserve(size + 5);
    this.bytes[this.length++] = isLatin ? TAG.latin1 : TAG.utf16;
    this.length = this.bytes.writeUInt32LE(size, this.length);
    this.length += this.bytes.write(value, this.length, size, isLatin ? "latin1" : "utf16le");
  }

  /** For a few characters a call costs more than they do. @returns whether Latin-1 has them all. */
  private short(value: string): boolean {
    const { length: size } = value;
    this.reserve(size + 5);
    const { bytes } = this;
    const start = this.length + 5;
    for (let i = 0; i < size; i++) {
      const code = value.charCodeAt(i);
      if (code > 255) return false;
      bytes[start + i] = code;
    }
    bytes[this.length] = TAG.latin1;
    this.numbers.setUint32(this.length + 1, size, true);
    this.length = start + size;
    return true;
  }

  hash(hash: string): void {
    this.tag(TAG.hash);
    this.append32(hash);
  }

  /** An object of a part whose objects refer to each other: the part's hash, and the object's number in it. */
  cyclic(hash: string, number: number): void {
    this.tag(TAG.cyclic);
    this.append32(hash);
    this.uint32(number);
  }

  /** Inside such a part: an object of the same part. */
  back(number: number): void {
    this.tag(TAG.back);
    this.uint32(number);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
    this.numbers = numbersOf(larger);
  }
}

function numbersOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/**
 * Writes values in one canonical form. It shares with the codec's walk what a value consists of and what can't travel
 * (`own-properties.ts`, `errorParts`); who extends it says what becomes of the objects inside.
 */
export abstract class CanonicalWriter extends ByteWriter {
  protected models: Set<string> | undefined;
  /** Inside the cause of a failure, from which the codec leaves out what can't travel. */
  protected isLenient = false;

  /** Writes an object, or what stands for it. */
  protected abstract object(value: object): void;
  /** How far the walk is, for `restore`. */
  protected abstract mark(): number;
  /** Takes the walk back to where it was before a part of the value that is left out. */
  protected abstract restore(mark: number): void;

  protected modelsSince(): readonly string[] {
    return this.models === undefined ? NO_MODELS : [...this.models].sort();
  }

  protected addModels(models: readonly string[]): void {
    if (models.length === 0) return;
    this.models ??= new Set();
    for (const name of models) this.models.add(name);
  }

  write(value: unknown): void {
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

  /** Writes an object by what it consists of. */
  protected content(value: object): void {
    // Asking a proxy for anything would run its code.
    if (types.isProxy(value)) throw foreign(value);
    const prototype = Object.getPrototypeOf(value) as object | null;
    // Most objects are plain.
    if (prototype === Object.prototype) {
      const names = plainNames(value);
      if (names !== undefined && isOrdinary(value, names)) {
        this.fields(value, names);
        return;
      }
    } else if (prototype === Array.prototype) {
      const items = Array.isArray(value) ? plainItems(value) : undefined;
      if (items !== undefined) {
        this.array(items, NO_PROPERTIES);
        return;
      }
    } else if (prototype !== null && isPlainView(value, prototype)) {
      this.view(value as ArrayBufferView);
      this.fields(value, NO_PROPERTIES.names);
      return;
    }
    this.special(value, prototype);
  }

  private special(value: object, prototype: object | null): void {
    const kind = kindOf(value, prototype);
    if (kind === "foreign") throw foreign(value);
    assertOneClass(value, kind, prototype);
    if (prototype === null) this.tag(TAG.noPrototype);
    const isOurs = prototype === null || builtIn(prototype) !== undefined;
    const model = isOurs ? undefined : this.modelFor(prototype, kind);
    if (model !== undefined) {
      this.tag(model.hooked ? TAG.hooked : model.key === undefined ? TAG.instance : TAG.keyed);
      this.string(model.name);
      this.addModels([model.name]);
    }
    if (model?.hooked) this.at("toJSON()", jsonOf(value));
    else if (model?.key !== undefined) this.fields(value, [...model.key].sort());
    else if (kind === "error") this.error(value as Error, prototype);
    else this.whole(value, kind);
  }

  /** An error of a class that is not known counts by the nearest class of the language. */
  private modelFor(prototype: object, kind: Kind): Model | undefined {
    if (this.isLenient && kind !== "error") return travellingModel(prototype);
    const model = knownModel(prototype);
    if (model === undefined && kind !== "error") throw unknownClass(prototype);
    return model;
  }

  private whole(value: object, kind: Kind): void {
    const names = kind === "record" ? plainNames(value) : undefined;
    if (names !== undefined) {
      this.fields(value, names);
      return;
    }
    const own = ownProperties(value, kind);
    this.attributes(value, own);
    switch (kind) {
      case "array":
        if (own.indices === undefined) this.array(value as unknown[], own);
        else this.sparse(value as unknown[], own.indices, own);
        return;
      case "map":
        this.tag(TAG.map);
        this.uint32(sizeOf(value as Map<unknown, unknown>));
        for (const [key, item] of entriesOf(value as Map<unknown, unknown>)) {
          this.at(pathKey(key), key);
          this.at(pathKey(key), item);
        }
        break;
      case "set": {
        this.tag(TAG.set);
        this.uint32(sizeOf(value as Set<unknown>));
        let index = 0;
        for (const item of itemsOf(value as Set<unknown>)) this.at(index++, item);
        break;
      }
      case "date":
        this.tag(TAG.date);
        this.number(Date.prototype.getTime.call(value));
        break;
      case "regexp": {
        // One made of it has what is inside of it, whatever properties of its own it has.
        const { source, flags } = new RegExp(value as RegExp);
        this.tag(TAG.regexp);
        this.string(source);
        this.string(flags);
        this.property(value, "lastIndex");
        break;
      }
      case "view":
        assertReadable(value, kind);
        this.view(value as ArrayBufferView);
        break;
      case "buffer":
        assertReadable(value, kind);
        this.tag(TAG.buffer);
        this.raw(new Uint8Array(value as ArrayBuffer));
        break;
      case "boxed":
        this.tag(TAG.boxed);
        this.write(unboxed(value));
        break;
    }
    this.fields(value, own.names);
  }

  /** Where an object differs from a plain one of its kind. */
  private attributes(
    value: object,
    { hidden, order, integrity }: Pick<OwnProperties, "hidden" | "order" | "integrity">,
  ): void {
    if (integrity > 0) {
      this.tag(TAG.integrity);
      this.tag(integrity);
    }
    if (hidden.length > 0) {
      this.tag(TAG.hidden);
      this.fields(value, hidden);
      this.string(order);
    }
  }

  private fields(value: object, names: readonly string[]): void {
    this.tag(TAG.record);
    this.uint32(names.length);
    for (const name of names) {
      this.string(name);
      this.property(value, name);
    }
  }

  protected property(value: object, name: string | number): void {
    const inner = read(value, name);
    if (typeof inner === "string") this.string(inner);
    else if (typeof inner === "number") this.number(inner);
    else this.at(name, inner);
  }

  /** Few calls a level: they decide how deep a value may be. */
  private at(key: string | number, value: unknown): void {
    try {
      if (typeof value === "object" && value !== null) this.object(value);
      else this.write(value);
    } catch (thrown) {
      throw thrown === CYCLE ? thrown : within(faultOf(thrown), key);
    }
  }

  private array(value: readonly unknown[], { names }: Pick<OwnProperties, "names">): void {
    this.tag(TAG.array);
    this.uint32(value.length);
    this.elements(value);
    this.fields(value, names);
  }

  protected elements(value: readonly unknown[]): void {
    for (let i = 0; i < value.length; i++) this.property(value, i);
  }

  private sparse(value: readonly unknown[], indices: readonly string[], { names }: OwnProperties): void {
    this.tag(TAG.sparse);
    this.uint32(value.length);
    this.uint32(indices.length);
    for (const index of indices) {
      this.uint32(Number(index));
      this.property(value, Number(index));
    }
    this.fields(value, names);
  }

  private error(value: Error, prototype: object | null): void {
    const { isLenient } = this;
    const { base, dom, model, names, hasTrace, hidden, integrity } = errorParts(value, prototype, isLenient);
    this.attributes(value, { hidden: [], order: "", integrity });
    this.tag(TAG.error);
    this.string(base);
    if (dom !== undefined) for (const text of [dom.name, dom.message]) this.string(text);
    const start = this.length;
    let count = 0;
    this.uint32(count);
    for (const name of names) {
      if (name === "stack" && hasTrace) continue;
      const { length } = this;
      const mark = this.mark();
      const models = this.models && new Set(this.models);
      this.isLenient = isLenient || (name === "cause" && isFailure(model));
      try {
        this.tag(hidden.has(name) ? TAG.hidden : TAG.record);
        this.string(name);
        this.property(value, name);
        count++;
      } catch (thrown) {
        if (!(thrown instanceof CannotTravel) || !isLenient) throw thrown;
        this.length = length;
        this.models = models;
        this.restore(mark);
      }
    }
    this.isLenient = isLenient;
    this.bytes.writeUInt32LE(count, start);
  }

  private view(value: ArrayBufferView): void {
    this.tag(TAG.view);
    this.string(Buffer.isBuffer(value) ? "Buffer" : viewType(value));
    this.raw(bytesOf(value));
  }

  private raw(bytes: Uint8Array): void {
    this.number(bytes.byteLength);
    if (bytes.byteLength >= BY_HASH) this.hash(hashOf(bytes));
    else this.append(bytes);
  }
}

const NO_PROPERTIES = { names: [] };

/** Thrown by a walk of a value whose objects refer to each other. */
export const CYCLE = Symbol("a cycle");

function unboxed(value: object): unknown {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  return BigInt.prototype.valueOf.call(value);
}

export function hexOf(bytes: Uint8Array): string {
  return hashAtOnce("sha256", bytes, "hex");
}

/** SHA-256, a character a byte: Node gives a string twice as fast as a Buffer. */
export function hashOf(bytes: Uint8Array): string {
  return hashAtOnce("sha256", bytes, "binary");
}
