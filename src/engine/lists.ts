import { InputError } from "../errors.js";
import { written } from "../graph/graph.js";
import type { Step } from "../graph/plan.js";
import { print } from "./failure.js";

/** What can be read by index. */
export type List = ArrayLike<unknown>;

/**
 * The values that a mapped step goes over, checked.
 *
 * @throws {InputError} `NOT_A_LIST`, `UNEQUAL_LENGTHS`.
 */
export function listsOf(step: Step, values: readonly unknown[], where: string): List[] {
  const { lists: mapped, product } = step.map!;
  const names = step.node.dependencies.filter((d) => d.as === "element").map(written);
  const lists = mapped.map((_, i) => listOf(values[i], names[i]!, where));
  if (product || lists.every(({ length }) => length === lists[0]!.length)) return lists;
  throw unequalLengths(
    names,
    lists.map(({ length }) => String(length)),
    where,
    "maps",
  );
}

/** A value as a list, if it is one, or can be gone through. */
export function asList(value: unknown): List | undefined {
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) return value as List;
  if (typeof value === "object" && value !== null && Symbol.iterator in value) return [...(value as Iterable<unknown>)];
  return undefined;
}

function listOf(value: unknown, name: string, where: string): List {
  const list = asList(value);
  if (list !== undefined) return list;
  throw notAList(name, value, where, "maps", "Give an array, a typed array or another iterable; a string is none.");
}

export function notAList(name: string, value: unknown, where: string, does: string, advice: string): InputError {
  return new InputError({
    code: "NOT_A_LIST",
    where,
    problem: `it ${does} over "${name}", which is no list but ${print(value)}`,
    advice,
    violations: [{ path: name, constraint: "list", problem: "it is no list" }],
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
