import { types } from "node:util";
import { InputError } from "../../errors.js";
import { formatDependency, mappedDependencies } from "../../graph/graph.js";
import type { Step } from "../../graph/plan.js";
import { describeChain, describeValue } from "../../util/describe.js";
import { isBareIterable, isIterable, readIterable } from "../../util/iterators.js";

/** A value that can be read by index. */
export type List = ArrayLike<unknown>;

/** The lists that a run has read from iterables that are no arrays: each is read once, however many maps go over it. */
export type ListsRead = WeakMap<object, List>;

/**
 * The values that a mapped step goes over, checked.
 *
 * @param read what the run has read before.
 * @throws {InputError} `NOT_A_LIST`, `UNREADABLE_LIST`, `UNEQUAL_LENGTHS`.
 */
export function resolveLists(step: Step, values: readonly unknown[], where: string, read: ListsRead): List[] {
  const { lists: mapped, product } = step.map!;
  const names = mappedDependencies(step.node).map(formatDependency);
  const lists = mapped.map((_, i) => listOf(values[i], names[i]!, where, read));
  if (product || lists.every(({ length }) => length === lists[0]!.length)) return lists;
  throw unequalLengths(
    names,
    lists.map(({ length }) => String(length)),
    where,
    "maps",
  );
}

/** A value as a list, if it is one, or can be gone through. @throws what reading it throws. */
export function toArrayLike(value: unknown, read: ListsRead): List | undefined {
  if (isList(value)) return value;
  if (!isIterable(value)) return undefined;
  let list = read.get(value);
  if (list === undefined) {
    list = withoutIterators(readIterable(value));
    read.set(value, list);
  }
  return list;
}

/**
 * Tells if a value can be read by index as it is. An object that only looks like an array may not be meant as a list, and one of a class
 * that iterates in a way of its own gives other elements than it has.
 */
export function isList(value: unknown): value is List {
  if (types.isTypedArray(value)) {
    if (value.length !== BYTES_LENGTH.call(value)) return false;
  } else if (!Array.isArray(value)) return false;
  const iterate: unknown = (value as Iterable<unknown>)[Symbol.iterator];
  if (iterate === OF_ARRAYS || iterate === OF_BYTES || typeof iterate !== "function") return true;
  // Arrays of other realms have the iterator of theirs.
  return /\[native code\]/.test(Function.prototype.toString.call(iterate));
}

const OF_ARRAYS = Array.prototype[Symbol.iterator];
const BYTES = Object.getPrototypeOf(Uint8Array.prototype) as object;
const BYTES_LENGTH = Object.getOwnPropertyDescriptor(BYTES, "length")!.get as (this: unknown) => number;
const OF_BYTES = Uint8Array.prototype[Symbol.iterator];

/** The error of an element of a list that is an iterable, and throws while it is read. */
class UnreadableElement extends Error {
  constructor(
    readonly index: number,
    cause: unknown,
  ) {
    super(`its element ${index} is an iterable that can't be read`, { cause });
  }
}

/** A list whose elements are no iterators: the list itself, or a copy. @throws what reading them throws. */
export function withoutIterators(list: List): List {
  if (!Array.isArray(list)) return list;
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const element: unknown = list[i];
    if (typeof element !== "object" || element === null || !isBareIterable(element)) continue;
    copy ??= Array.from(list);
    try {
      copy[i] = readIterable(element);
    } catch (error) {
      throw new UnreadableElement(i, error);
    }
  }
  return copy ?? list;
}

/** A list as it is now: a node that changes an array while a map goes over it changes nothing for that map. */
export function snapshot(list: List): List {
  if (!Array.isArray(list)) return list;
  return list.constructor === Array ? list.slice() : Array.from(list);
}

function listOf(value: unknown, name: string, where: string, read: ListsRead): List {
  let list: List | undefined;
  try {
    list = toArrayLike(value, read);
  } catch (error) {
    throw unreadable(name, `it maps over "${name}"`, where, error);
  }
  if (list !== undefined) return list;
  throw notAList(name, value, where, "maps", "Give an array, a typed array or another iterable, but not a string.");
}

/** The error of a list that throws while it is read. */
export function unreadable(name: string, about: string, where: string, cause: unknown): InputError {
  if (cause instanceof UnreadableElement) {
    const { index } = cause;
    return unreadable(`${name}[${index}]`, `${about}, whose element ${index} is an iterable`, where, cause.cause);
  }
  return new InputError({
    code: "UNREADABLE_LIST",
    where,
    problem: `${about}, and reading that failed with ${describeChain(cause)}`,
    advice: "An iterator is read once, to its end, before anything takes its elements.",
    violations: [{ path: name, constraint: "list", problem: `reading it failed with ${describeChain(cause)}` }],
    cause,
  });
}

export function notAList(name: string, value: unknown, where: string, does: string, advice: string): InputError {
  return new InputError({
    code: "NOT_A_LIST",
    where,
    problem: `it ${does} over "${name}", which is not a list but ${describeValue(value)}`,
    advice,
    violations: [{ path: name, constraint: "list", problem: "it is not a list" }],
  });
}

export function unequalLengths(
  names: readonly string[],
  lengths: readonly string[],
  where: string,
  does: string,
): InputError {
  return new InputError({
    code: "UNEQUAL_LENGTHS",
    where,
    problem: `it ${does} over lists of unequal lengths: ${lengths.map((length, i) => `"${names[i]}" has ${length}`).join(", ")}`,
    advice: 'Give lists of one length, or use { mode: "product" } for all pairs.',
    violations: lengths.map((length, i) => ({
      path: names[i]!,
      constraint: "length",
      problem: `it has ${length} elements`,
    })),
  });
}
