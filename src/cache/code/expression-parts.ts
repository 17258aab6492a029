import type { AnyNode } from "acorn";
import { isGlobal } from "./scopes.js";
import { memberName, type OutsideWay, TO_TEXT } from "./syntax.js";

const NONE: readonly AnyNode[] = [];

/** Functions of the language that only read what they are called with. */
const READ_WHOLE = new Set([
  ...["Object.keys", "Object.values", "Object.entries", "JSON.stringify", "Array.from", "Number", "String"],
]);

/** True for a global function that only reads what it is called with. */
export function isReadWhole({ root, path }: OutsideWay): boolean {
  return path.length < 2 && READ_WHOLE.has(path.length === 0 ? root.name : `${root.name}.${path[0]}`);
}

/** Methods of lists and promises that call their arguments. */
const CALL_BACK = new Set([
  ...["map", "filter", "forEach", "flatMap", "reduce", "reduceRight", "some", "every", "find", "findIndex"],
  ...["findLast", "findLastIndex", "sort", "toSorted", "then", "catch", "finally"],
]);

/** True for a method of the language that calls its arguments. */
export function callsArguments(callee: AnyNode): boolean {
  return callee.type === "MemberExpression" && CALL_BACK.has(memberName(callee) ?? "");
}

/**
 * Finds the parts of a call that it makes texts of: `String(f)`, `toString.call(f)`, `"".concat(f)`, `[f].join()`.
 *
 * @param path the members that the callee is read by of a name from outside, one after another.
 */
export function argumentsMadeText(
  callee: AnyNode,
  args: readonly AnyNode[],
  path: readonly string[] | undefined,
): readonly AnyNode[] {
  if (isGlobal(callee, "String")) return args.slice(0, 1);
  if (callee.type !== "MemberExpression") return NONE;
  const name = memberName(callee);
  if (name === "call" || name === "apply") return path?.at(-2) === "toString" ? args.slice(0, 1) : NONE;
  if (name === "concat") return args;
  return TO_TEXT.has(name!) ? [callee.object as AnyNode] : NONE;
}
