import { inspect } from "node:util";
import { NumberText, withNumbers } from "../util/json-text.js";

/** A value that does not fit the declared type of an input. */
export class Misfit {
  /**
   * @param problem the accepted types, and the value seen: `it takes a number, as 3 or 2.5, not "two"`.
   * @param path the path into the value: `[3].id`.
   * @param element the index of the element of `--over` that it is about.
   */
  constructor(
    readonly problem: string,
    readonly path = "",
    readonly element?: number,
  ) {}
}

/** A type that a value on the command line can have. */
interface InputType {
  /** A description such as `a number, as 3 or 2.5`. */
  readonly takes: string;
  readonly holdsAnyInteger?: boolean;
  /** @returns the value converted to the type; undefined if that is not possible. */
  read(value: unknown): unknown;
}

const INPUT_TYPES = new Map<Function, InputType>([
  [Number, { takes: "a number, such as 3 or -2.5e3", read: (value) => only(value, typeof value === "number") }],
  [Boolean, { takes: "true or false", read: (value) => only(value, typeof value === "boolean") }],
  [String, { takes: "a string", read: (value) => only(value, typeof value === "string") }],
  [BigInt, { takes: "an integer, such as 3 or -20", holdsAnyInteger: true, read: bigintFrom }],
  [Date, { takes: "a date, such as 2024-12-31 or 2024-12-31T23:59:59Z", read: dateFrom }],
  [Array, { takes: 'a JSON list, such as ["a","b"]', read: (value) => only(value, Array.isArray(value)) }],
  [
    Set,
    { takes: 'a JSON list, such as ["a","b"]', read: (value) => (Array.isArray(value) ? new Set(value) : undefined) },
  ],
  [Map, { takes: 'a JSON list of pairs, such as [["a",1]], or an object', read: mapFrom }],
]);
/** Maximum number of characters of a value in an error. */
const MAX_SHOWN = 60;
/** Advice for an integer that a number can't represent. */
export const EXACT = "declare the input as bigint, or give the digits as a string";
const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array) as Function;

/**
 * Converts a JSON value to the declared type of an input, as far as the loader has emitted it.
 *
 * @param type the emitted type; undefined and Object accept any value.
 * @param isExact true if it has no `NumberText`.
 * @throws {Misfit} for a value of another type, and for a number that can't be represented exactly.
 */
export function asDeclared(value: unknown, type: Function | undefined, isExact = false): unknown {
  const kind = type && kindOf(type);
  const numbers = isExact || kind?.holdsAnyInteger ? { value } : withNumbers(value);
  if (numbers.inexact !== undefined) throw new Misfit(problemOf(numbers.inexact.number, type), numbers.inexact.path);
  const read = kind === undefined ? numbers.value : kind.read(numbers.value);
  if (read === undefined) throw new Misfit(`it takes ${kind!.takes}, not ${formatValue(numbers.value)}`);
  return read;
}

/** Tells if values of a type can be integers of any size. */
export function holdsAnyInteger(type: Function | undefined): boolean {
  return type !== undefined && kindOf(type)?.holdsAnyInteger === true;
}

/** Tells if a type only accepts JSON lists. */
export function isListType(type: Function | undefined): boolean {
  return type === Array || type === Set || type?.prototype instanceof TYPED_ARRAY;
}

function kindOf(type: Function): InputType | undefined {
  const name = INPUT_TYPES.get(type);
  if (name !== undefined || type === Object) return name;
  if (type.prototype instanceof TYPED_ARRAY) return typedArray(type as unknown as TypedArray);
  const isBuiltIn = (globalThis as Record<string, unknown>)[type.name] === type;
  if (isBuiltIn) return { takes: `a ${type.name}, which needs a @Transform() on the input`, read: () => undefined };
  return { takes: `a JSON object, for ${type.name}`, read: (value) => only(value, isRecord(value)) };
}

function problemOf(number: NumberText, type: Function | undefined): string {
  if (number.isTooLarge) return number.problem;
  return `${number.problem}: ${type === Number ? "declare the input as bigint" : EXACT}`;
}

function only(value: unknown, isRight: boolean): unknown {
  return isRight ? value : undefined;
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

function bigintFrom(value: unknown): bigint | undefined {
  if (value instanceof NumberText) return value.integer;
  // An inexact number is still a text.
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : undefined;
  // The formats of this command's output, and of Node.
  return typeof value === "string" && /^-?\d+n?$/.test(value) ? BigInt(value.replace("n", "")) : undefined;
}

/** A day, which is in UTC, or a time with its zone. */
const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

function dateFrom(value: unknown): Date | undefined {
  const [digits, day, zone] = (typeof value === "string" && ISO.exec(value)) || [];
  if (day === undefined) return undefined;
  if (digits !== day && zone === undefined) {
    throw new Misfit(
      `${formatValue(value)} has no time zone, so it differs from machine to machine: add Z for UTC, or +02:00`,
    );
  }
  const date = new Date(value as string);
  // JavaScript converts the 30th of February to the 1st of March.
  const midnight = new Date(`${day}T00:00:00Z`);
  const isDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  return isDay && !Number.isNaN(date.getTime()) ? date : undefined;
}

function mapFrom(value: unknown): Map<unknown, unknown> | undefined {
  if (Array.isArray(value)) {
    const isPair = (entry: unknown) => Array.isArray(entry) && entry.length === 2;
    return value.every(isPair) ? new Map(value as [unknown, unknown][]) : undefined;
  }
  return isRecord(value) ? new Map(Object.entries(value as object)) : undefined;
}

interface TypedArray {
  readonly name: string;
  from(list: readonly unknown[]): ArrayLike<unknown>;
}

/** Fractions are rounded, and so are numbers too large to count in ones; any other integer would change. */
function isRounded(number: number, held: unknown): boolean {
  return !Number.isSafeInteger(number) && Number.isFinite(held);
}

function typedArray(type: TypedArray): InputType {
  const isFloat = /^Float/.test(type.name);
  const isBig = /^Big/.test(type.name);
  const takes = `a JSON list of numbers that a ${type.name} holds`;
  return {
    takes,
    holdsAnyInteger: isBig,
    read(value) {
      if (!Array.isArray(value)) return undefined;
      const list = isBig ? value.map(bigintFrom) : value;
      if (list.some((each) => typeof each !== (isBig ? "bigint" : "number"))) return undefined;
      const result = type.from(list);
      const isHeld = (each: unknown, i: number) =>
        result[i] === each || (isFloat && isRounded(each as number, result[i]));
      const misfit = list.findIndex((each, i) => !isHeld(each, i));
      if (misfit >= 0) throw new Misfit(`it takes ${takes}, not ${formatValue(list[misfit])}`, `[${misfit}]`);
      return result;
    },
  };
}

/** Formats a value for an error; of a long one, the beginning. */
export function formatValue(value: unknown): string {
  const text =
    typeof value === "string"
      ? JSON.stringify(value.slice(0, MAX_SHOWN + 1))
      : inspect(value, {
          depth: 1,
          maxArrayLength: 5,
          maxStringLength: MAX_SHOWN,
          breakLength: Number.POSITIVE_INFINITY,
        });
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
