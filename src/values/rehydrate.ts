import { types } from "node:util";
import { ValueError } from "../errors.js";
import { ERROR, INTEGRITY, NO_PROTOTYPE, SPARSE, type TypeTable } from "./dehydrate.js";
import { type Model, modelNamed } from "./models.js";
import {
  definePlainProperty,
  entriesOf,
  extraArrayKeys,
  itemsOf,
  type Kind,
  kindOf,
  pathSegment,
  printPath,
} from "./object-kinds.js";
import { LETTERS, ownNames } from "./own-properties.js";
import { describeThrown } from "./unserialisable.js";
import { viewLength } from "./views.js";

const ERRORS = new Map<string, () => Error>([
  ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map(
    (type) => [type.name, () => new type()] as const,
  ),
  ["AggregateError", () => new AggregateError([])],
]);

/** Restores a value from the base format and the table, by a walk in the same order as that of `dehydrate`. */
export function rehydrate(value: unknown, table: TypeTable): unknown {
  return new Rehydrator(table).all(value);
}

class Rehydrator {
  private readonly seen = new Map<object, unknown>();
  private next = 0;
  /** Number of properties, and of attributes, in the table that are still to be read. */
  private properties: number;
  /** True if objects were replaced, which may be referred to anywhere. */
  private replaces = false;
  /** Objects to be made non-extensible, sealed or frozen at the end. */
  private readonly restricted: { readonly object: object; readonly integrity: number }[] = [];

  constructor(private readonly table: TypeTable) {
    this.properties = table.properties.size + table.hidden.size + table.orders.size;
  }

  all(value: unknown): unknown {
    const created = this.restore(value);
    for (const { object, integrity } of this.restricted) {
      if (types.isTypedArray(object) && viewLength(object) > 0) restrictView(object, integrity);
      else KEEP[integrity - 1]?.(object);
    }
    return created;
  }

  private restore(value: unknown): unknown {
    return typeof value === "object" && value !== null && !this.isDone ? this.object(value) : value;
  }

  /** True if nothing is left to be changed: everything after the last entry stays as it is. */
  private get isDone(): boolean {
    return this.next >= this.table.objects.length && this.properties === 0 && !this.replaces;
  }

  private object(written: object): unknown {
    const before = this.seen.get(written);
    if (before !== undefined) return before;
    const index = this.seen.size;
    this.seen.set(written, written);
    let value = written;
    let model: Model | undefined;
    let integrity = 0;
    let isError = false;
    // The table's pairs are in the order of the walk.
    for (let code = this.codeOf(index); code !== undefined; code = this.codeOf(index)) {
      if (code >= 0) model = modelNamed(this.className(code));
      else if (code === NO_PROTOTYPE) Object.setPrototypeOf(value, null);
      else if (code === ERROR) {
        value = this.replace(written, emptyError(written as WrittenError));
        isError = true;
      } else if (code === SPARSE) value = this.sparse(written, index);
      else integrity = INTEGRITY - code;
    }
    if (integrity > 0) this.restricted.push({ object: value, integrity });
    if (model?.usesJsonHooks) return this.hooked(written as { data: unknown }, model);
    if (model !== undefined) Object.setPrototypeOf(value, model.type.prototype);
    if (isError) {
      this.errorProperties(value, written as WrittenError, index);
      return value;
    }
    if (this.properties > 0) this.extras(value, index);
    this.inside(value, written);
    const order = this.table.orders.get(index);
    if (order !== undefined) {
      this.properties--;
      inOrder(value, kindOf(value, null), order);
    }
    return value;
  }

  private codeOf(index: number): number | undefined {
    const { objects } = this.table;
    if (objects[this.next] !== index) return undefined;
    this.next += 2;
    return objects[this.next - 1];
  }

  /** Replaces a written object. */
  private replace<T extends object>(written: object, value: T): T {
    this.replaces = true;
    this.seen.set(written, value);
    return value;
  }

  /** Restores an array that was written as a record, without allocating memory for its holes. */
  private sparse(written: object, index: number): unknown[] {
    const length = (this.codeOf(index) ?? 0) >>> 0;
    const array: unknown[] = [];
    if (length > 0) {
      // A distant element makes V8 store the elements in a dictionary.
      array[length - 1] = undefined;
      delete array[length - 1];
      array.length = length;
    }
    return this.replace(written, array);
  }

  private extras(value: object, index: number): void {
    const hidden = this.table.hidden.get(index);
    if (hidden !== undefined) {
      this.properties--;
      for (const key of Object.keys(hidden)) define(value, key, this.restore(hidden[key]), 1);
    }
    const properties = this.table.properties.get(index);
    if (properties === undefined) return;
    this.properties--;
    for (const key of Object.keys(properties)) define(value, key, this.restore(properties[key]), 0);
  }

  private errorProperties(value: object, { shape }: WrittenError, index: number): void {
    const properties = this.table.properties.get(index);
    if (properties === undefined) return;
    this.properties--;
    for (const [i, key] of Object.keys(properties).entries()) {
      define(value, key, this.restore(properties[key]), LETTERS.indexOf(shape[i]!));
    }
  }

  private inside(value: object, written: object): void {
    switch (kindOf(written, null)) {
      case "record":
        this.fields(written, value, Object.keys(written));
        break;
      case "array":
        this.array(value as unknown[]);
        break;
      case "map":
        this.map(value as Map<unknown, unknown>);
        break;
      case "set":
        this.set(value as Set<unknown>);
        break;
    }
  }

  private className(index: number): string {
    const name = this.table.classes[index];
    if (name === undefined) throw new Error(`there is no class ${index} in its table`);
    return name;
  }

  private fields(from: object, to: object, keys: readonly string[]): void {
    for (const key of keys) {
      const read = (from as Record<string, unknown>)[key];
      if (typeof read !== "object" && from === to) continue;
      const created = this.restore(read);
      if (created !== read || from !== to) definePlainProperty(to, key, created);
    }
  }

  private array(value: unknown[]): void {
    const keys = Object.keys(value);
    const names = extraArrayKeys(keys, value.length);
    for (let i = 0; i < keys.length - names.length; i++) {
      const index = keys.length - names.length === value.length ? i : Number(keys[i]);
      const created = this.restore(value[index]);
      if (created !== value[index]) value[index] = created;
    }
    this.fields(value, value, names);
  }

  private map(value: Map<unknown, unknown>): void {
    const entries: (readonly [unknown, unknown])[] = [];
    for (const [key, item] of entriesOf(value)) entries.push([this.restore(key), this.restore(item)]);
    clearMap.call(value);
    for (const [key, item] of entries) setEntry.call(value, key, item);
  }

  private set(value: Set<unknown>): void {
    const items: unknown[] = [];
    for (const item of itemsOf(value)) items.push(this.restore(item));
    clearSet.call(value);
    for (const item of items) addItem.call(value, item);
  }

  private hooked(written: { data: unknown }, { type, name }: Model): unknown {
    this.replaces = true;
    const data = this.restore(written.data);
    let created: unknown;
    try {
      created = (type as unknown as Hooked).fromJSON(data);
    } catch (cause) {
      const path = this.pathTo(written);
      throw new ValueError({
        code: "UNREADABLE",
        where: `value${printPath(path)}`,
        problem: `it is an instance of ${name}, and its fromJSON() threw ${describeThrown(cause)}`,
        advice: "Make fromJSON() accept every result of toJSON().",
        path,
        cause,
      });
    }
    this.seen.set(written, created);
    return created;
  }

  /** Returns the path to a containing object. It is searched on request, since that is rare. */
  private pathTo(target: object): (string | number)[] {
    const indices = new Map([...this.seen.keys()].map((object, index) => [object, index]));
    const from = new Map<object, readonly [parent: object, key: string | number]>();
    const [root] = indices.keys();
    const pending = [root!];
    for (const parent of pending) {
      for (const [key, child] of this.partsOf(parent, indices.get(parent)!)) {
        const isNew = typeof child === "object" && child !== null && child !== root && !from.has(child);
        if (!isNew || !indices.has(child)) continue;
        from.set(child, [parent, key]);
        pending.push(child);
      }
    }
    const path: (string | number)[] = [];
    for (let step = from.get(target); step !== undefined; step = from.get(step[0])) path.push(step[1]);
    return path.reverse();
  }

  private *partsOf(written: object, index: number): Generator<readonly [string | number, unknown]> {
    for (const table of [this.table.hidden, this.table.properties]) yield* Object.entries(table.get(index) ?? {});
    if (types.isMap(written)) {
      for (const [key, item] of entriesOf(written))
        yield* [[pathSegment(key), key] as const, [pathSegment(key), item] as const];
    } else if (types.isSet(written)) yield* [...itemsOf(written)].entries();
    else if (Array.isArray(written)) yield* written.entries();
    else if (!ArrayBuffer.isView(written)) yield* Object.entries(written);
  }
}

/** The built-in methods: a subclass may have others. */
const { clear: clearMap, set: setEntry } = Map.prototype;
const { clear: clearSet, add: addItem } = Set.prototype;

const KEEP = [Object.preventExtensions, Object.seal, Object.freeze];

/** A typed array with elements can't be frozen, and from Node 24 on not sealed. Its other properties can. */
function restrictView(view: object, integrity: number): void {
  Object.preventExtensions(view);
  if (integrity !== 2) return;
  for (const name of ownNames(view, "view")) Object.defineProperty(view, name, { configurable: false });
}

interface Hooked {
  fromJSON(data: unknown): unknown;
}

interface WrittenError {
  /** A built-in class. */
  readonly base: string;
  /** For a DOMException. */
  readonly name?: string;
  readonly message?: string;
  /** Attributes of each of its properties, as in `LETTERS`. */
  readonly shape: string;
}

/** Creates an error without properties: the written ones are added, and it has no others. */
function emptyError({ base, name, message }: WrittenError): Error {
  if (base === "DOMException") return new DOMException(message, name);
  const make = ERRORS.get(base);
  if (make === undefined) throw new Error(`there is no class of errors ${base}`);
  // It has no stack of its own: with one, Node would print the line of this package that creates it above the message.
  const { stackTraceLimit } = Error;
  // Where Error is frozen, it keeps its limit.
  Reflect.set(Error, "stackTraceLimit", 0);
  const error = make();
  Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  for (const key of Object.getOwnPropertyNames(error)) delete (error as unknown as Record<string, unknown>)[key];
  return error;
}

/** Puts an object's properties into their order, including hidden ones, and sets their attributes. */
function inOrder(object: object, kind: Kind, order: string): void {
  const properties = ownNames(object, kind).map(
    (name) => [name, Object.getOwnPropertyDescriptor(object, name)!] as const,
  );
  const [shown, hidden] = [true, false].map((is) =>
    properties.filter(([, { enumerable }]) => enumerable === is).values(),
  );
  for (const letter of order) {
    const attributes = LETTERS.indexOf(letter);
    const { value: property } = (attributes % 2 === 1 ? hidden! : shown!).next();
    if (property === undefined) return;
    const [name, { value }] = property;
    delete (object as Record<string, unknown>)[name];
    define(object, name, value, attributes);
  }
}

/** @param attributes as in `LETTERS`. */
function define(object: object, key: string, value: unknown, attributes: number): void {
  // A RegExp's lastIndex exists, and can't be redefined.
  if (object instanceof RegExp && key === "lastIndex") object.lastIndex = value as number;
  else {
    const [enumerable, writable, configurable] = [1, 2, 4].map((lacks) => (attributes & lacks) === 0);
    Object.defineProperty(object, key, {
      value,
      enumerable: enumerable!,
      writable: writable!,
      configurable: configurable!,
    });
  }
}
