import { types } from "node:util";
import { sha256Binary } from "../util/sha256.js";
import { ByteWriter, TAG } from "./byte-writer.js";
import { lostClass, thrownClass } from "./content.js";
import { assertOneClass, assertReadable, assertSerializable, jsonOf, refersBack } from "./dehydrate.js";
import { errorContent, read, thrownText } from "./error-parts.js";
import {
  assertHasKey,
  assertNoHidden,
  findModel,
  isFailure,
  type Model,
  requireModel,
  unknownClass,
} from "./models.js";
import { builtIn, entriesOf, isOrdinary, itemsOf, type Kind, kindOf, pathSegment, sizeOf } from "./object-kinds.js";
import { isPlainView, type OwnProperties, ownProperties, plainItems, plainNames } from "./own-properties.js";
import { describeUnserialisable, faultOf, MAX_DEPTH, tooDeep, UnserialisableError, within } from "./unserialisable.js";
import { bytesOf, viewType } from "./views.js";

/**
 * Minimum number of bytes of an object's form that is replaced by its hash, so that the surrounding form stays small.
 */
const BY_HASH = 512;

export const NO_MODELS: readonly string[] = [];

/**
 * Writes values in one canonical form, in the order of a walk. A repeated object is written as the distance to its
 * first occurrence, so objects that refer to each other take linear time, and the identity of references counts. It
 * shares with the codec's walk what a value consists of and what can't be serialized (`own-properties.ts`,
 * `errorParts`).
 */
export class CanonicalWriter extends ByteWriter {
  /** Names of the models in the value, since they were last taken. */
  private models: Set<string> | undefined;
  /** Position of each object in the walk, from 0. */
  private readonly visited = new Map<object, number>();
  /** The same for objects that are only in the cause of a failure, where they may lose parts. */
  private tolerated: Map<object, number> | undefined;
  /** Objects whose `toJSON()` returned the value that is being written. */
  private inProgress: Set<object> | undefined;
  /** True inside the cause of a failure, from which the codec drops values that can't be serialized. */
  private isLenient = false;
  /** The objects that contain the current value. */
  private readonly path: object[] = [];
  /** The lowest position of an object that was referred to again since it was last read. */
  private lowest = Number.POSITIVE_INFINITY;
  private readonly maxDepth: number;
  /** True after an object that refers to itself, directly or not. */
  private isCyclic = false;
  /** Objects to be written after all that are less deep; undefined if none may be that deep. */
  private pending: { readonly value: object; readonly isLenient: boolean }[] | undefined;

  /**
   * @param levelsAround number of outer levels that do not count, because they are not the user's.
   * @param list receives the forms of the elements of the value itself, a list.
   * @param usesKeys whether of a model with a `key` only its fields are written.
   */
  constructor(
    levelsAround: number,
    private readonly list?: ElementForms,
    private readonly usesKeys = true,
  ) {
    super();
    this.maxDepth = MAX_DEPTH + levelsAround;
  }

  /** Number of objects in the walk so far. */
  get count(): number {
    return this.visited.size + (this.tolerated?.size ?? 0);
  }

  takeModels(): readonly string[] {
    const { models } = this;
    if (models === undefined) return NO_MODELS;
    this.models = undefined;
    return [...models].sort();
  }

  write(value: unknown): void {
    if (this.primitive(value)) return;
    if (typeof value !== "object") throw describeUnserialisable(value as Function | symbol);
    this.object(value!);
  }

  /** Writes an object, or a reference to the same object. */
  private object(value: object): void {
    const before = this.visited.get(value) ?? this.tolerated?.get(value);
    if (before !== undefined) {
      if (this.inProgress?.has(value)) throw refersBack();
      // A part dropped from the cause of a failure is not dropped from a value with the same object.
      if (!this.isLenient && this.tolerated?.delete(value)) {
        this.visited.set(value, before);
        assertSerializable(value);
      }
      if (before < this.lowest) this.lowest = before;
      this.back(this.count - before);
      this.isCyclic ||= this.path.includes(value);
      return;
    }
    const position = this.count;
    if (this.isLenient) {
      this.tolerated ??= new Map();
      this.tolerated.set(value, position);
    } else this.visited.set(value, position);
    const { length: start } = this;
    if (this.path.length >= this.maxDepth) {
      this.tooDeep(value);
      return;
    }
    this.path.push(value);
    this.content(value);
    this.path.pop();
    if (this.length - start >= BY_HASH) {
      const hash = sha256Binary(this.bytes.subarray(start, this.length));
      this.length = start;
      this.hash(hash);
    }
  }

  /** Objects that refer to each other may be as far apart as memory allows; a tree may not. */
  private tooDeep(value: object): void {
    if (this.pending === undefined) throw this.isCyclic ? TOO_FAR : tooDeep();
    this.tag(TAG.later);
    this.pending.push({ value, isLenient: this.isLenient });
  }

  /** Writes a value for which `write` threw TOO_FAR: deeply nested objects follow it. */
  writeFar(value: unknown): void {
    this.pending = [];
    this.write(value);
    for (const deferred of this.pending) {
      this.isLenient = deferred.isLenient;
      this.content(deferred.value);
    }
  }

  /** Writes the parts of an object. */
  private content(value: object): void {
    // Any operation on a proxy would run its code.
    if (types.isProxy(value)) throw describeUnserialisable(value);
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
    if (kind === "foreign") throw describeUnserialisable(value);
    assertOneClass(value, kind, prototype);
    if (prototype === null) this.tag(TAG.noPrototype);
    const isBuiltIn = prototype === null || builtIn(prototype) !== undefined;
    const model = isBuiltIn ? undefined : this.modelFor(prototype, kind);
    const key = this.usesKeys ? model?.key : undefined;
    if (model === undefined && !isBuiltIn) {
      this.models ??= new Set();
      this.models.add(this.isLenient ? thrownClass(prototype) : lostClass(prototype));
    }
    if (model !== undefined) {
      if (!model.usesJsonHooks) assertHasKey(value, model);
      this.tag(model.usesJsonHooks ? TAG.hooked : key === undefined ? TAG.instance : TAG.keyed);
      this.string(model.name);
      this.models ??= new Set();
      this.models.add(model.name);
    }
    if (model?.usesJsonHooks) this.hooked(value);
    else if (key !== undefined) this.fields(value, [...key].sort());
    else if (kind === "error") this.error(value as Error, prototype);
    else this.whole(value, kind);
  }

  private hooked(value: object): void {
    this.inProgress ??= new Set();
    this.inProgress.add(value);
    this.at("toJSON()", jsonOf(value));
    this.inProgress.delete(value);
  }

  /** An error of an unregistered class is written as its nearest built-in class. */
  private modelFor(prototype: object, kind: Kind): Model | undefined {
    if (this.isLenient && kind !== "error") return requireModel(prototype);
    const model = findModel(prototype);
    if (model !== undefined) assertNoHidden(model);
    else if (kind !== "error") throw unknownClass(prototype);
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
          this.at(pathSegment(key), key);
          this.at(pathSegment(key), item);
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
        // A copy has the same internal slots, whatever properties the object has.
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

  /** Writes the differences of an object from a plain one of its kind. */
  private attributes(
    value: object,
    { hidden, order, integrity }: Pick<OwnProperties, "hidden" | "order" | "integrity">,
  ): void {
    if (integrity > 0) {
      this.tag(TAG.integrity);
      this.tag(integrity);
    }
    if (order !== "" || hidden.length > 0) {
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

  private property(value: object, name: string | number): void {
    const inner = read(value, name);
    if (typeof inner === "string") this.string(inner);
    else if (typeof inner === "number") this.number(inner);
    else this.at(name, inner);
  }

  /** Uses few calls per level, since they limit the depth of a value. */
  private at(key: string | number, value: unknown): void {
    try {
      if (typeof value === "object" && value !== null) this.object(value);
      else this.write(value);
    } catch (thrown) {
      throw thrown === TOO_FAR ? thrown : within(faultOf(thrown), key);
    }
  }

  private array(value: readonly unknown[], { names }: Pick<OwnProperties, "names">): void {
    this.tag(TAG.array);
    this.uint32(value.length);
    this.elements(value);
    this.fields(value, names);
  }

  private elements(value: readonly unknown[]): void {
    if (this.list !== undefined && this.path.length === 1 && this.pending === undefined) this.listed(value, this.list);
    else for (let i = 0; i < value.length; i++) this.property(value, i);
  }

  /** Writes the elements of the value itself, and reports the form of each. */
  private listed(value: readonly unknown[], list: ElementForms): void {
    list.begin(this.length);
    const models = new Set<string>();
    for (let i = 0; i < value.length; i++) {
      const first = this.count;
      this.lowest = Number.POSITIVE_INFINITY;
      this.property(value, i);
      const own = this.takeModels();
      for (const name of own) models.add(name);
      list.add(this.length, own, this.lowest >= first);
    }
    this.models = models.size > 0 ? models : undefined;
    list.end(this.bytes);
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
    const { base, dom, model, names, hasTrace, attributes, integrity } = errorContent(value, prototype, isLenient);
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
      const { length: depth } = this.path;
      const deferred = this.pending?.length;
      const tolerated = this.tolerated?.size ?? 0;
      const { lowest } = this;
      const models = this.models && new Set(this.models);
      const isThrown = name === "cause" && isFailure(model);
      this.isLenient = isLenient || isThrown;
      const each = attributes.get(name)!;
      this.tag(each % 2 === 1 ? TAG.hidden : TAG.record);
      if (each > 1) {
        this.tag(TAG.integrity);
        this.tag(each);
      }
      this.string(name);
      const { length: at } = this;
      try {
        this.property(value, name);
        count++;
      } catch (thrown) {
        if (!(thrown instanceof UnserialisableError) || !this.isLenient) throw thrown;
        this.length = length;
        this.models = models;
        this.lowest = lowest;
        this.path.length = depth;
        if (deferred !== undefined) this.pending!.length = deferred;
        for (const inner of [...(this.tolerated?.keys() ?? [])].slice(tolerated)) {
          this.tolerated!.delete(inner);
          this.inProgress?.delete(inner);
        }
        if (!isThrown) continue;
        this.length = at;
        this.at(name, thrownText(value));
        this.notesClass(Object.getOwnPropertyDescriptor(value, name)?.value);
        count++;
      }
    }
    this.isLenient = isLenient;
    this.bytes.writeUInt32LE(count, start);
  }

  /** Nodes may call methods of what was thrown, although only its text is content. */
  private notesClass(thrown: unknown): void {
    if (typeof thrown !== "object" || thrown === null || types.isProxy(thrown)) return;
    const prototype = Object.getPrototypeOf(thrown) as object | null;
    if (prototype === null || builtIn(prototype) !== undefined) return;
    this.models ??= new Set();
    this.models.add(thrownClass(prototype));
  }

  private view(value: ArrayBufferView): void {
    this.tag(TAG.view);
    this.string(Buffer.isBuffer(value) ? "Buffer" : viewType(value));
    this.raw(bytesOf(value));
  }

  private raw(bytes: Uint8Array): void {
    this.number(bytes.byteLength);
    if (bytes.byteLength >= BY_HASH) this.hash(sha256Binary(bytes));
    else this.append(bytes);
  }
}

/** Thrown by `write` if objects that refer to each other are further apart than it supports. */
export const TOO_FAR = Symbol("too far");

/** Receives the elements of a list while it is written. */
export interface ElementForms {
  /** @param start offset of the first form. */
  begin(start: number): void;
  /**
   * @param end end of the element's form.
   * @param models names of the models in it.
   * @param isOwn true if it refers to nothing outside of it: its form is the same as alone.
   */
  add(end: number, models: readonly string[], isOwn: boolean): void;
  /** Called at the end of the list; its bytes are reused afterwards. */
  end(bytes: Buffer): void;
}

const NO_PROPERTIES = { names: [] };

function unboxed(value: object): unknown {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  return BigInt.prototype.valueOf.call(value);
}
