import { types } from "node:util";
import { describeError, isError, messageOf } from "../util/describe.js";
import { showValue } from "../util/show-value.js";
import { printPath } from "../values/object-kinds.js";

/** A value that JSON can't represent. */
export class NotJsonError extends Error {
  /**
   * @param path the path to it: `hits[3].score`.
   * @param problem such as `it is NaN`.
   */
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super(`${path}: ${problem}`);
  }
}

/** Built-in objects that `JSON.stringify` writes as `{}`. */
const OPAQUE: readonly [is: (value: unknown) => boolean, name: string][] = [
  [types.isRegExp, "a RegExp"],
  [types.isAnyArrayBuffer, "an ArrayBuffer"],
  [types.isDataView, "a DataView"],
  [types.isPromise, "a Promise"],
  [types.isWeakMap, "a WeakMap"],
  [types.isWeakSet, "a WeakSet"],
  [(value) => value instanceof WeakRef, "a WeakRef"],
  [isIterator, "an iterator"],
  [types.isSymbolObject, "a symbol"],
];

/**
 * Formats a value as JSON, like `JSON.stringify`, including `toJSON()`. A bigint is a string of digits, a Map a list of
 * pairs, a Set and a typed array a list, an error `{"error": message}`, and -0 is `-0`. Undefined properties are
 * omitted.
 *
 * @param name begins the path in errors: `[3]`. Default: none.
 * @throws {NotJsonError} for a value that JSON can't represent, for which `JSON.stringify` writes null, `{}` or
 * nothing.
 */
export function toJson(value: unknown, name?: string | number): string {
  const writer = new JsonWriter(name === undefined ? [] : [name]);
  try {
    return value === undefined ? "null" : writer.write(value, "");
  } catch (error) {
    if (error instanceof NotJsonError) throw error;
    const isTooDeep = error instanceof RangeError && error.message.includes("call stack");
    throw writer.notJson(isTooDeep ? "it is nested too deeply" : `reading it threw ${describeError(error)}`);
  }
}

class JsonWriter {
  /** The objects that contain the current value. */
  private readonly ancestors = new Set<object>();

  constructor(private readonly path: (string | number)[]) {}

  write(given: unknown, key: string): string {
    const value = unboxed(withToJson(given, key));
    if (typeof value === "string" || typeof value === "boolean" || value === null) return JSON.stringify(value);
    if (typeof value === "bigint") return `"${value}"`;
    if (typeof value === "number") return this.number(value);
    if (typeof value !== "object") throw this.notJson(`it is ${showValue(value)}`);
    if (this.ancestors.has(value)) throw this.notJson("it refers to itself");
    this.ancestors.add(value);
    const text = this.object(value);
    this.ancestors.delete(value);
    return text;
  }

  /** Creates the error with the path to the current value. */
  notJson(problem: string): NotJsonError {
    return new NotJsonError(printPath(this.path).replace(/^\./, ""), problem);
  }

  private number(value: number): string {
    if (!Number.isFinite(value)) throw this.notJson(`it is ${value}`);
    return Object.is(value, -0) ? "-0" : String(value);
  }

  private object(value: object): string {
    if (types.isDate(value)) {
      throw this.notJson(Number.isNaN(value.getTime()) ? "it is an invalid Date" : "it is a Date without toJSON()");
    }
    if (Array.isArray(value)) return this.list(value);
    if (types.isMap(value) || types.isSet(value)) return this.list([...value]);
    if (ArrayBuffer.isView(value) && !types.isDataView(value)) return this.list([...(value as Uint8Array)]);
    if (isError(value)) return `{"error":${JSON.stringify(messageOf(value))}}`;
    const opaque = OPAQUE.find(([is]) => is(value));
    if (opaque !== undefined) throw this.notJson(`it is ${opaque[1]}`);
    return this.record(value as Readonly<Record<string, unknown>>);
  }

  private list(list: readonly unknown[]): string {
    const parts: string[] = [];
    // Not forEach, which skips holes.
    for (let i = 0; i < list.length; i++) parts.push(this.inner(list[i], i));
    return `[${parts.join(",")}]`;
  }

  private record(record: Readonly<Record<string, unknown>>): string {
    const [symbol] = Object.getOwnPropertySymbols(record).filter(
      (key) => Object.hasOwn(record, key) && isShown(record, key),
    );
    if (symbol !== undefined) throw this.notJson(`it has a property whose name is a symbol, ${String(symbol)}`);
    const keys = Object.keys(record);
    if (keys.length === 0 && Symbol.toStringTag in record) {
      throw this.notJson(`it is ${tagOf.call(record)}, which has no properties`);
    }
    const parts: string[] = [];
    for (const key of keys) {
      this.path.push(key);
      const value = record[key];
      if (value !== undefined) parts.push(`${JSON.stringify(key)}:${this.write(value, key)}`);
      this.path.pop();
    }
    return `{${parts.join(",")}}`;
  }

  private inner(value: unknown, key: number): string {
    this.path.push(key);
    const text = this.write(value, String(key));
    this.path.pop();
    return text;
  }
}

function isIterator(value: unknown): boolean {
  const object = value as object;
  const isIterable = Symbol.iterator in object || Symbol.asyncIterator in object;
  return isIterable && typeof (object as { readonly next?: unknown }).next === "function";
}

function isShown(object: object, key: symbol): boolean {
  return Object.getOwnPropertyDescriptor(object, key)?.enumerable === true;
}

const tagOf = Object.prototype.toString;

/**
 * Calls `toJSON` like `JSON.stringify`, except for an invalid Date, which returns null, and a Buffer, which is a typed
 * array.
 */
function withToJson(value: unknown, key: string): unknown {
  if ((typeof value !== "object" && typeof value !== "bigint") || value === null) return value;
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON !== "function" || toJSON === Buffer.prototype.toJSON) return value;
  if (types.isDate(value) && Number.isNaN(value.getTime())) return value;
  return toJSON.call(value, key) as unknown;
}

function unboxed(value: unknown): unknown {
  return types.isBoxedPrimitive(value) && !types.isSymbolObject(value) ? (value as object).valueOf() : value;
}
