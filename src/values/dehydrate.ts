import { types } from "node:util";
import { errorContent, read, thrownText } from "./error-parts.js";
import { assertHasKey, isFailure, type Model, requireModel } from "./models.js";
import {
  builtIn,
  definePlainProperty,
  entriesOf,
  insideOf,
  isInside,
  isOrdinary,
  itemsOf,
  type Kind,
  kindOf,
  pathSegment,
} from "./object-kinds.js";
import { isPlainView, LETTERS, type OwnProperties, ownProperties, plainItems, plainNames } from "./own-properties.js";
import {
  describeUnserialisable,
  detached,
  faultOf,
  MAX_DEPTH,
  mixed,
  tooDeep,
  UnserialisableError,
  valueError,
  within,
} from "./unserialisable.js";
import { isDetached } from "./views.js";

/**
 * The properties of some objects that the base format can't represent. Objects are identified by the order of the walk.
 */
export interface TypeTable {
  readonly classes: string[];
  /** Pairs of an object's index and its description: one of the codes below; from 0, the index of its class. */
  readonly objects: number[];
  /** Own properties that the base format drops (of errors, Maps, Sets, Dates and the like), by the object's index. */
  readonly properties: Map<number, Record<string, unknown>>;
  /** Own properties that are not enumerable, and a RegExp's lastIndex, by the object's index. */
  readonly hidden: Map<number, Record<string, unknown>>;
  /**
   * Attributes of an object's properties, as in `LETTERS`, in property order, by its index: only of objects with an
   * attribute that differs from an assigned property.
   */
  readonly orders: Map<number, string>;
  /** Number of objects in the walk. */
  readonly count: number;
}

export const NO_PROTOTYPE = -1;
export const ERROR = -2;
/** An array with holes, written as a record of its elements. The next pair has its length. */
export const SPARSE = -3;
/** The object is not extensible (-4), sealed (-5) or frozen (-6). */
export const INTEGRITY = -3;

/** A value in two parts: one that the base format can write, and a table for the rest. */
export interface Dehydrated {
  readonly value: unknown;
  readonly table: TypeTable | undefined;
}

/** Options of a walk. */
interface WalkOptions {
  /**
   * Number of outer levels that do not count, because they are not the user's.
   *
   * @default 0
   */
  readonly levelsAround?: number;
  /** True if errors drop values that can't be serialized: the value has led to a failure. */
  readonly isLenient?: boolean;
}

/**
 * Walks a value, and collects everything that the base format can't represent. The value is only copied if something in
 * it has to be replaced (an error, an instance with `toJSON`, an array with holes).
 *
 * @param copies always copies: then no user code runs when the copy is written.
 * @throws {ValueError} for a part that can't be serialized, with the path to it.
 */
export function dehydrate(value: unknown, options: WalkOptions = {}, copies = false): Dehydrated {
  if (isPrimitive(value)) return { value, table: undefined };
  try {
    return new Dehydrator(options, copies).all(value);
  } catch (thrown) {
    if (thrown === NEEDS_COPY) return dehydrate(value, options, true);
    throw valueError(faultOf(thrown));
  }
}

const NEEDS_COPY = Symbol("it has to be copied");

class Dehydrator {
  /** The written form of each object in the walk. */
  private readonly written = new Map<object, unknown>();
  private readonly classes = new Map<string, number>();
  private readonly objects: number[] = [];
  private readonly properties = new Map<number, Record<string, unknown>>();
  private readonly hidden = new Map<number, Record<string, unknown>>();
  private readonly orders = new Map<number, string>();
  /** Objects whose toJSON() has run, and whose data is not yet written. */
  private readonly inProgress = new Set<object>();
  /** Objects inside errors that may drop values that can't be serialized. */
  private readonly tolerated = new Set<object>();
  private isLenient: boolean;
  private depth = 0;
  private readonly maxDepth: number;

  constructor(
    private readonly options: WalkOptions,
    private readonly copies: boolean,
  ) {
    this.isLenient = options.isLenient ?? false;
    this.maxDepth = MAX_DEPTH + (options.levelsAround ?? 0);
  }

  all(value: unknown): Dehydrated {
    const written = this.value(value);
    const { objects, properties, hidden, orders } = this;
    const isPlain = objects.length === 0 && properties.size === 0 && hidden.size === 0 && orders.size === 0;
    return {
      value: written,
      table: isPlain
        ? undefined
        : { classes: [...this.classes.keys()], objects, properties, hidden, orders, count: this.written.size },
    };
  }

  private value(value: unknown): unknown {
    switch (typeof value) {
      case "object":
        return value === null ? null : this.object(value);
      case "function":
      case "symbol":
        throw describeUnserialisable(value);
      default:
        return value;
    }
  }

  private object(value: object): unknown {
    const before = this.written.get(value);
    if (before !== undefined) {
      if (this.inProgress.has(value)) throw refersBack();
      if (this.tolerated.size > 0 && !this.isLenient) this.assertWhole(value);
      return before;
    }
    // Any operation on a proxy would run its code.
    if (types.isProxy(value)) throw describeUnserialisable(value);
    if (this.depth >= this.maxDepth) throw tooDeep();
    if (this.isLenient) this.tolerated.add(value);
    this.depth++;
    const written = this.content(value, Object.getPrototypeOf(value) as object | null);
    this.depth--;
    return written;
  }

  /** A part dropped from the cause of a failure is not dropped from a value with the same object. */
  private assertWhole(value: object): void {
    if (this.tolerated.delete(value)) assertSerializable(value, this.options);
  }

  private content(value: object, prototype: object | null): unknown {
    // Most objects are plain.
    if (prototype === Object.prototype) {
      const names = plainNames(value);
      if (names !== undefined && isOrdinary(value, names)) return this.record(value, names);
    } else if (prototype === Array.prototype) {
      const items = Array.isArray(value) ? plainItems(value) : undefined;
      if (items !== undefined) return this.items(value as unknown[], items);
    } else if (prototype !== null && isPlainView(value, prototype)) {
      this.written.set(value, value);
      return value;
    }
    return this.special(value, prototype);
  }

  private special(value: object, prototype: object | null): unknown {
    const index = this.written.size;
    const kind = kindOf(value, prototype);
    // V8's deserializer in Node can't take a SharedArrayBuffer, only views of it.
    if (kind === "foreign") throw describeUnserialisable(value);
    assertOneClass(value, kind, prototype);
    if (kind === "error") return this.error(value as Error, prototype, index);
    if (prototype === null) this.objects.push(index, NO_PROTOTYPE);
    else if (builtIn(prototype) === undefined) {
      const model = requireModel(prototype);
      if (model.usesJsonHooks) return this.hasToJson(value, model, index);
      assertHasKey(value, model);
      this.objects.push(index, this.classIndex(model.name));
    }
    const names = kind === "record" ? plainNames(value) : undefined;
    if (names !== undefined) return this.record(value, names);
    const own = ownProperties(value, kind);
    if (own.integrity > 0) this.objects.push(index, INTEGRITY - own.integrity);
    switch (kind) {
      case "record":
        return this.record(value, own.names, own);
      case "array":
        return own.indices === undefined
          ? this.array(value as unknown[], own)
          : this.sparse(value as unknown[], own.indices, own, index);
      case "map":
        return this.map(value as Map<unknown, unknown>, own);
      case "set":
        return this.set(value as Set<unknown>, own);
      default:
        assertReadable(value, kind);
        this.written.set(value, value);
        this.extras(value, own, index);
        return value;
    }
  }

  private record(value: object, names: readonly string[], own?: OwnProperties): object {
    const index = this.written.size;
    const to = this.copies ? {} : value;
    this.written.set(value, to);
    if (own !== undefined) this.hide(value, own, index);
    for (const name of names) {
      const inner = read(value, name);
      const written = isPrimitive(inner) ? inner : this.at(name, inner);
      if (this.copies) definePlainProperty(to, name, written);
    }
    return to;
  }

  private at(key: string | number, value: unknown): unknown {
    try {
      return typeof value === "object" && value !== null ? this.object(value) : this.value(value);
    } catch (thrown) {
      throw thrown === NEEDS_COPY ? thrown : within(faultOf(thrown), key);
    }
  }

  /** Writes an array that has only elements. */
  private items(value: unknown[], items: readonly unknown[]): unknown[] {
    const to: unknown[] = this.copies ? [] : value;
    this.written.set(value, to);
    for (let i = 0; i < items.length; i++) {
      const inner = items[i];
      const written = isPrimitive(inner) ? inner : this.at(i, inner);
      if (this.copies) to.push(written);
    }
    return to;
  }

  private array(value: unknown[], own: OwnProperties): unknown[] {
    const index = this.written.size;
    const to: unknown[] = this.copies ? [] : value;
    this.written.set(value, to);
    this.hide(value, own, index);
    for (let i = 0; i < value.length; i++) {
      const written = this.at(i, read(value, i));
      if (this.copies) to.push(written);
    }
    this.named(value, own.names, to);
    return to;
  }

  private named(value: object, names: readonly string[], to: object): void {
    for (const name of names) {
      const written = this.at(name, read(value, name));
      if (this.copies) definePlainProperty(to, name, written);
    }
  }

  private sparse(value: unknown[], indices: readonly string[], own: OwnProperties, index: number): object {
    if (!this.copies) throw NEEDS_COPY;
    const to: Record<string, unknown> = {};
    this.written.set(value, to);
    this.objects.push(index, SPARSE, index, value.length | 0);
    this.hide(value, own, index);
    for (const i of indices) to[i] = this.at(Number(i), read(value, i));
    this.named(value, own.names, to);
    return to;
  }

  private map(value: Map<unknown, unknown>, own: OwnProperties): Map<unknown, unknown> {
    const index = this.written.size;
    const to = this.copies ? new Map<unknown, unknown>() : value;
    this.written.set(value, to);
    this.extras(value, own, index);
    for (const [key, item] of entriesOf(value)) {
      const writtenKey = isPrimitive(key) ? key : this.at(pathSegment(key), key);
      const written = isPrimitive(item) ? item : this.at(pathSegment(key), item);
      if (this.copies) to.set(writtenKey, written);
    }
    return to;
  }

  private set(value: Set<unknown>, own: OwnProperties): Set<unknown> {
    const index = this.written.size;
    const to = this.copies ? new Set<unknown>() : value;
    this.written.set(value, to);
    this.extras(value, own, index);
    let i = 0;
    for (const item of itemsOf(value)) {
      const written = isPrimitive(item) ? item : this.at(i, item);
      if (this.copies) to.add(written);
      i++;
    }
    return to;
  }

  /** Records the own properties of objects that are more than properties: the base format drops them. */
  private extras(value: object, own: OwnProperties, index: number): void {
    const hasLastIndex = types.isRegExp(value) && !Object.is(value.lastIndex, 0);
    this.hide(value, own, index, hasLastIndex ? [...own.hidden, "lastIndex"] : own.hidden);
    if (own.names.length > 0) this.addProperties(this.properties, value, own.names, index);
  }

  private hide(value: object, { hidden, order }: OwnProperties, index: number, names = hidden): void {
    if (order !== "") this.orders.set(index, order);
    if (names.length > 0) this.addProperties(this.hidden, value, names, index);
  }

  private addProperties(
    table: Map<number, Record<string, unknown>>,
    value: object,
    names: readonly string[],
    index: number,
  ): void {
    const properties: Record<string, unknown> = {};
    table.set(index, properties);
    for (const name of names) definePlainProperty(properties, name, this.at(name, read(value, name)));
  }

  /** Writes an error by its properties: the base format knows neither its class nor added properties. */
  private error(value: Error, prototype: object | null, index: number): unknown {
    const { isLenient } = this;
    const { base, dom, model, names, attributes, integrity } = errorContent(value, prototype, isLenient);
    if (model?.usesJsonHooks) return this.hasToJson(value, model, index);
    if (!this.copies) throw NEEDS_COPY;
    const written = { base, ...dom, shape: "" };
    this.written.set(value, written);
    this.objects.push(index, ERROR);
    if (prototype === null) this.objects.push(index, NO_PROTOTYPE);
    if (model !== undefined) this.objects.push(index, this.classIndex(model.name));
    if (integrity > 0) this.objects.push(index, INTEGRITY - integrity);
    const properties: Record<string, unknown> = {};
    this.properties.set(index, properties);
    for (const name of names) {
      const [before, length, depth] = [this.written.size, this.objects.length, this.depth];
      // A thrown value is returned with the failure it caused, without parts that can't be serialized.
      const isThrown = name === "cause" && isFailure(model);
      this.isLenient = isLenient || isThrown;
      let shown: unknown;
      try {
        shown = this.at(name, read(value, name));
      } catch (thrown) {
        if (!(thrown instanceof UnserialisableError) || !this.isLenient) throw thrown;
        this.rollback(before, length);
        this.depth = depth;
        if (!isThrown) continue;
        shown = this.at(name, thrownText(value));
      }
      definePlainProperty(properties, name, shown);
      written.shape += LETTERS[attributes.get(name)!];
    }
    this.isLenient = isLenient;
    return written;
  }

  private rollback(before: number, objects: number): void {
    for (const value of [...this.written.keys()].slice(before)) {
      this.written.delete(value);
      this.inProgress.delete(value);
      this.tolerated.delete(value);
    }
    for (const table of [this.properties, this.hidden, this.orders]) {
      for (const index of table.keys()) if (index >= before) table.delete(index);
    }
    this.objects.length = objects;
  }

  private hasToJson(value: object, model: Model, index: number): unknown {
    if (!this.copies) throw NEEDS_COPY;
    const written: { data?: unknown } = {};
    this.written.set(value, written);
    this.objects.push(index, this.classIndex(model.name));
    this.inProgress.add(value);
    written.data = this.at("toJSON()", jsonOf(value));
    this.inProgress.delete(value);
    return written;
  }

  private classIndex(name: string): number {
    let index = this.classes.get(name);
    if (index === undefined) {
      index = this.classes.size;
      this.classes.set(name, index);
    }
    return index;
  }
}

/** @throws {UnserialisableError} if an object's internal slots are not those of its class. */
export function assertOneClass(value: object, kind: Kind, prototype: object | null): void {
  const type = prototype === null ? undefined : builtIn(prototype);
  if (type === undefined) return;
  const inside = insideOf(value, kind);
  if (!isInside(type, inside)) throw mixed(inside, type);
}

/** @throws {UnserialisableError} if its memory was transferred. */
export function assertReadable(value: object, kind: Kind): void {
  if ((kind === "view" || kind === "buffer") && isDetached(value)) throw detached();
}

/** @throws {UnserialisableError} for a part that can't be serialized, in a value that may not lose any. */
export function assertSerializable(value: object, options: WalkOptions = {}): void {
  new Dehydrator({ ...options, isLenient: false }, true).all(value);
}

/** Describes an object that its own toJSON() refers to. */
export function refersBack(): UnserialisableError {
  return new UnserialisableError(
    "the result of its toJSON() refers back to it",
    "Return a value without cycles from toJSON().",
  );
}

/** Returns the result of a model's toJSON(). */
export function jsonOf(value: object): unknown {
  try {
    return (value as { toJSON(): unknown }).toJSON();
  } catch (thrown) {
    throw faultOf(thrown, "its toJSON()");
  }
}

function isPrimitive(value: unknown): boolean {
  const type = typeof value;
  return type === "string" || type === "number" || value === null || type === "boolean" || type === "undefined";
}
