import { hash as hashAtOnce } from "node:crypto";
import { types } from "node:util";
import { CannotTravel, faultOf, foreign, within } from "./cannot-travel.js";
import { errorParts, jsonOf, read } from "./dismantle.js";
import { builtIn, entriesOf, itemsOf, type Kind, kindOf, pathKey } from "./kinds.js";
import { knownModel, type Model, travellingModel, unknownClass } from "./models.js";
import {
  isPlainArray,
  isPlainView,
  type OwnProperties,
  ownProperties,
  plainNames,
  viewType,
} from "./own-properties.js";

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

  constructor() {
    this.bytes = scratch ?? Buffer.allocUnsafe(2 ** 16);
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
    this.length = this.bytes.writeUInt32LE(value, this.length);
  }

  number(value: number): void {
    this.reserve(9);
    this.bytes[this.length++] = TAG.number;
    this.bytes.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value, this.length);
    this.length += 8;
  }

  /** In Latin-1 where that has all of its characters, else in UTF-16: UTF-8 has no place for half a surrogate pair. */
  string(value: string): void {
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
  }
}

/**
 * Writes values in one canonical form. It shares with the codec's walk what a value consists of and what can't travel
 * (`own-properties.ts`, `errorParts`); who extends it says what becomes of the objects inside.
 */
export abstract class CanonicalWriter extends ByteWriter {
  protected models: Set<string> | undefined;
  /** Inside an error of an unknown class, from which the codec leaves out what can't travel. */
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
      if (names !== undefined) {
        this.fields(value, names);
        return;
      }
    } else if (prototype === Array.prototype) {
      if (isPlainArray(value as unknown[])) {
        this.array(value as unknown[], NO_PROPERTIES);
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
    else if (kind === "error") this.error(value as Error, prototype!);
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
        this.uint32((value as Map<unknown, unknown>).size);
        for (const [key, item] of entriesOf(value as Map<unknown, unknown>)) {
          this.at(pathKey(key), key);
          this.at(pathKey(key), item);
        }
        break;
      case "set": {
        this.tag(TAG.set);
        this.uint32((value as Set<unknown>).size);
        let index = 0;
        for (const item of itemsOf(value as Set<unknown>)) this.at(index++, item);
        break;
      }
      case "date":
        this.tag(TAG.date);
        this.number(Date.prototype.getTime.call(value));
        break;
      case "regexp":
        this.tag(TAG.regexp);
        this.string((value as RegExp).source);
        this.string((value as RegExp).flags);
        this.number((value as RegExp).lastIndex);
        break;
      case "view":
        this.view(value as ArrayBufferView);
        break;
      case "buffer":
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
  private attributes(value: object, { hidden, integrity }: OwnProperties): void {
    if (integrity > 0) {
      this.tag(TAG.integrity);
      this.tag(integrity);
    }
    if (hidden.length > 0) {
      this.tag(TAG.hidden);
      this.fields(value, hidden);
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

  private error(value: Error, prototype: object): void {
    const { name, shown, model, keys } = errorParts(value, prototype);
    if (model !== undefined) this.attributes(value, ownProperties(value, "error"));
    this.tag(TAG.error);
    this.string(name);
    this.write(shown);
    const counted = keys.filter((key) => key !== "stack");
    if (model !== undefined) this.fields(value, counted);
    else this.lenientFields(value, counted);
  }

  /** What of an error can travel: the codec leaves out the rest. */
  private lenientFields(value: Error, names: readonly string[]): void {
    this.tag(TAG.record);
    const start = this.length;
    let count = 0;
    this.uint32(count);
    const wasLenient = this.isLenient;
    this.isLenient = true;
    for (const name of names) {
      const { length } = this;
      const mark = this.mark();
      const models = this.models && new Set(this.models);
      try {
        this.string(name);
        this.property(value, name);
        count++;
      } catch (thrown) {
        if (!(thrown instanceof CannotTravel)) throw thrown;
        this.length = length;
        this.models = models;
        this.restore(mark);
      }
    }
    this.isLenient = wasLenient;
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

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

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
