import { types } from "node:util";
import { hasField } from "../util/has-field.js";
import { decoratedModel } from "./models.js";
import { isOrdinary } from "./object-kinds.js";
import { integrityOf, ownProperties, plainItems, plainNames } from "./own-properties.js";
import { bytesOf } from "./views.js";

/** The parts of an object, by reference. */
interface ObjectParts {
  /** Its prototype and integrity; elements; then keys and values in turn. */
  readonly values: readonly unknown[];
  /** Index of the first key. */
  readonly keysFrom: number;
  /** Of its properties: those that assignment does not give. */
  readonly attributes: string;
}

/** An object as recorded. */
interface RecordedObject extends ObjectParts {
  /** The object that contains it, and the key; undefined for the value itself. */
  readonly within: object | undefined;
  readonly key: string | number | undefined;
}

/**
 * The parts of a value at some time, to find out later if and where it was changed. Only the bytes of buffers are
 * copied, so it costs a fraction of a digest. `#private` members do not count; for a model with a `key`, only its
 * fields do.
 */
export class Snapshot {
  private readonly noted = new Map<object, RecordedObject>();

  constructor(private readonly value: object) {
    this.note(value, undefined, undefined);
    // Objects added during the iteration are visited, too.
    for (const [object, parts] of this.noted) {
      for (let i = FIXED_PARTS; i < parts.values.length; i++) {
        const part = parts.values[i];
        if (typeof part === "object" && part !== null) this.note(part, object, keyAt(object, parts, i));
      }
    }
  }

  private note(object: object, within: object | undefined, key: string | number | undefined): void {
    if (!this.noted.has(object)) this.noted.set(object, { within, key, ...partsOf(object) });
  }

  /** @returns the path to the first part that has changed; undefined if none has. */
  change(): (string | number)[] | undefined {
    for (const [object, before] of this.noted) {
      const now = partsOf(object);
      const at = firstDifference(before.values, now.values);
      if (at < 0 && before.attributes === now.attributes) continue;
      const key = keyAt(object, at < before.values.length ? before : now, at);
      return [...this.wayTo(object), ...(key === undefined ? [] : [key])];
    }
    return undefined;
  }

  private wayTo(object: object): (string | number)[] {
    const way: (string | number)[] = [];
    for (let at: object = object; at !== this.value; ) {
      const { within, key } = this.noted.get(at)!;
      if (key !== undefined) way.unshift(key);
      at = within!;
    }
    return way;
  }
}

/** Number of parts before all others: the prototype, and the integrity. */
const FIXED_PARTS = 2;
const NO_PARTS: ObjectParts = { values: [], keysFrom: 0, attributes: "" };

function firstDifference(before: readonly unknown[], now: readonly unknown[]): number {
  for (let i = 0; i < Math.max(before.length, now.length); i++) {
    if (i >= before.length || i >= now.length || !Object.is(before[i], now[i])) return i;
  }
  return -1;
}

function partsOf(object: object): ObjectParts {
  // Any operation on a proxy would run its code.
  if (types.isProxy(object)) return NO_PARTS;
  const prototype: object | null = Object.getPrototypeOf(object);
  // Most objects are plain.
  const names = prototype === Object.prototype ? plainNames(object) : undefined;
  if (names !== undefined && isOrdinary(object, names)) return plainParts(object, names);
  const integrity = integrityOf(object);
  const values: unknown[] = [prototype, integrity];
  const isPlain = Array.isArray(object) && plainItems(object) !== undefined;
  const elements = isPlain ? object : elementsOf(object);
  for (let i = 0; i < elements.length; i++) values.push(elements[i]);
  const keysFrom = values.length;
  if (isPlain) return { values, keysFrom, attributes: "" };
  let attributes = "";
  const note = (property: PropertyDescriptor | undefined, place: number) => {
    const letters = property === undefined ? "" : lettersOf(property, integrity);
    if (letters !== "") attributes += `${place}${letters}`;
  };
  const keys = keyOfModel(object, prototype) ?? keysOf(object);
  for (let i = 0; i < keys.length; i++) {
    const property = Object.getOwnPropertyDescriptor(object, keys[i]!);
    values.push(keys[i], valueIn(property));
    note(property, i);
  }
  if (Array.isArray(object)) {
    for (const key of Reflect.ownKeys(object)) {
      const property = Object.getOwnPropertyDescriptor(object, key);
      // No length is enumerable, or can be deleted.
      note(key === "length" ? { ...property, enumerable: true, configurable: true } : property, -1);
    }
  }
  return { values, keysFrom, attributes };
}

function plainParts(object: object, names: readonly string[]): ObjectParts {
  const values: unknown[] = [Object.prototype, 0];
  for (let i = 0; i < names.length; i++) {
    values.push(names[i], valueIn(Object.getOwnPropertyDescriptor(object, names[i]!)));
  }
  return { values, keysFrom: FIXED_PARTS, attributes: "" };
}

/** Stands for what an array has at an index without an element, and for the bytes of a buffer that was transferred. */
const HOLE = Symbol("hole");
const DETACHED = Symbol("detached");

/** Returns the content of an object beyond its properties: elements, entries, bytes, a time. */
function elementsOf(object: object): readonly unknown[] {
  if (Array.isArray(object))
    return isSparse(object) ? [] : Array.from({ length: object.length }, (_, i) => elementAt(object, i));
  if (ArrayBuffer.isView(object)) return [textOf(() => bytesOf(object))];
  if (types.isAnyArrayBuffer(object)) return [textOf(() => new Uint8Array(object))];
  if (types.isMap(object)) return [...mapEntries.call(object)].flat(1);
  if (types.isSet(object)) return [...setValues.call(object)];
  if (types.isRegExp(object)) return [String(new RegExp(object))];
  return types.isDate(object) ? [timeOf.call(object)] : [];
}

/** Tells if an array has few elements for its length: they are compared by their keys then, as other properties. */
function isSparse(array: readonly unknown[]): boolean {
  return array.length > 1_000_000 && Object.keys(array).length < array.length / 2;
}

function elementAt(array: readonly unknown[], i: number): unknown {
  const property = Object.getOwnPropertyDescriptor(array, i);
  return property === undefined ? HOLE : valueIn(property);
}

const { entries: mapEntries } = Map.prototype;
const { values: setValues } = Set.prototype;
const { getTime: timeOf } = Date.prototype;

/** Returns bytes as a text, which is compared in one operation. */
function textOf(bytes: () => Uint8Array): string | symbol {
  try {
    const { buffer, byteOffset, byteLength } = bytes();
    return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
  } catch {
    return DETACHED;
  }
}

/** Returns the keys of the own properties, without those of elements and without an error's stack. */
function keysOf(object: object): readonly (string | symbol)[] {
  if (ArrayBuffer.isView(object)) {
    const { names, hidden } = ownProperties(object, "view", true);
    return [...names, ...hidden, ...Object.getOwnPropertySymbols(object)];
  }
  const keys = Reflect.ownKeys(object);
  if (Array.isArray(object) && !isSparse(object)) return keys.filter((key) => !isOfElements(key, object.length));
  return types.isNativeError(object) ? keys.filter((key) => key !== "stack") : keys;
}

function isOfElements(key: string | symbol, length: number): boolean {
  return typeof key === "string" && (key === "length" || Number(key) < length);
}

/** Returns a property's value. An accessor's function is not called, because its results may differ. */
function valueIn(property: PropertyDescriptor | undefined): unknown {
  if (property === undefined) return undefined;
  return "value" in property ? (property.value as unknown) : property.get;
}

/** Returns the attributes that a property has beyond those that assignment gives, as in a digest. */
function lettersOf({ enumerable, writable, configurable }: PropertyDescriptor, integrity: number): string {
  const hidden = enumerable ? "" : "h";
  const fixed = writable === false && integrity < FROZEN ? "r" : "";
  return hidden + fixed + (configurable === false && integrity < SEALED ? "s" : "");
}

const SEALED = 2;
const FROZEN = 3;

/** Returns the fields of a model that count, if it names them and the object has them. */
function keyOfModel(object: object, prototype: object | null): readonly string[] | undefined {
  const key = prototype === null ? undefined : decoratedModel(prototype)?.key;
  return key?.every((name) => hasField(object, name)) ? key : undefined;
}

/** Returns the key of a part; undefined if it has none. */
function keyAt(object: object, { keysFrom, values }: ObjectParts, i: number): string | number | undefined {
  if (i < FIXED_PARTS) return undefined;
  if (i < keysFrom && Array.isArray(object)) return i - FIXED_PARTS;
  if (i < keysFrom && !types.isMap(object)) return undefined;
  const from = i < keysFrom ? FIXED_PARTS : keysFrom;
  const key = values[i - ((i - from) % 2)];
  if (Array.isArray(object) && Number(key) < object.length) return Number(key);
  return typeof key === "string" || typeof key === "number" ? key : undefined;
}
