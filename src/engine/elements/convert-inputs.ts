import type { SlotUses } from "../../graph/plan.js";
import { isBareIterable, isIterable, readIterable } from "../../util/iterators.js";
import { hasPrivateMembers } from "../../values/private-members.js";
import { isList, type ListsRead, withoutIterators } from "./lists.js";

/*
 * Where a value becomes a list. An iterator can be gone through once, but has any number of readers, which run in any order,
 * here or in threads. So each value is looked at once, where it is received: an input when a run begins, a result when its call
 * ends, an element when it enters a nested pipeline.
 */

/**
 * A value as all that take it get it: an iterator, or what is nothing but an iterable, is read, and is an array from here on;
 * so are those that are elements of a list that is mapped over, and those that paths lead to. Instances of classes, Sets and
 * Maps are read where nothing but maps takes them. What a node gives counts as taken whole, since a cache has it for other runs.
 *
 * @param uses how it is taken; undefined: as a whole.
 * @param read what the run has read before.
 * @throws what reading it throws.
 */
export function convertInputs(value: unknown, uses: SlotUses | undefined, read?: ListsRead): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (uses === undefined) return isBareIterable(value) ? readIterable(value) : value;
  return convertUsed(value, uses, read);
}

function convertUsed(value: object, uses: SlotUses, read: ListsRead | undefined): unknown {
  let converted: unknown = value;
  if (isReadAsList(value, uses)) converted = toList(value, read);
  if (uses.isMappedOver && Array.isArray(converted)) converted = withoutIterators(converted);
  for (const path of uses.paths) converted = convertAt(converted, path, read);
  return converted;
}

function isReadAsList(value: object, { isMappedOver, isTakenWhole, paths }: SlotUses): value is Iterable<unknown> {
  if (isBareIterable(value)) return true;
  if (!isMappedOver || isList(value) || !isIterable(value)) return false;
  // Nothing else shows it. A path does: to the size of a Set.
  if (!isTakenWhole && paths.length === 0) return true;
  if (value instanceof Set || value instanceof Map) return false;
  // What gives the same iterator again can be gone through once only.
  const [first, second] = [value[Symbol.iterator](), value[Symbol.iterator]()];
  return first === second;
}

function toList(value: Iterable<unknown>, read: ListsRead | undefined): unknown {
  let list: unknown = read?.get(value);
  if (list === undefined) {
    list = readIterable(value);
    read?.set(value, list as unknown[]);
  }
  return list;
}

/** The uses of a value that is a list for maps, and a whole for others. */
export const AS_LIST: SlotUses = { isMappedOver: true, isTakenWhole: true, paths: [] };

/** A record whose value at a path is converted: the record itself, or a copy of the objects along the path. */
function convertAt(value: unknown, [key, ...rest]: readonly string[], read: ListsRead | undefined): unknown {
  if (key === undefined) return convertInputs(value, AS_LIST, read);
  if (typeof value !== "object" || value === null) return value;
  const own = Object.getOwnPropertyDescriptor(value, key);
  if (own === undefined || !("value" in own)) return value;
  const converted = convertAt(own.value, rest, read);
  return converted === own.value ? value : withProperty(value, key, { ...own, value: converted });
}

/** A copy with another value of one property. What a caller or a node has made is never changed. */
function withProperty(value: object, key: string, property: PropertyDescriptor): object {
  const prototype: object | null = Object.getPrototypeOf(value);
  // A copy would lack them. Paths into it find what was read here.
  if (prototype !== null && hasPrivateMembers(prototype.constructor)) return value;
  const properties = { ...Object.getOwnPropertyDescriptors(value), [key]: property };
  if (!Array.isArray(value)) return Object.create(prototype, properties);
  return Object.defineProperties([], properties as PropertyDescriptorMap);
}
