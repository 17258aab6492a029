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

/** Functions of the language that make a text of their first argument, called or constructed. */
const OF_TEXTS = [
  ...["String", "Symbol", "RegExp", "Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError"],
  ...["URIError", "encodeURI", "encodeURIComponent", "escape"],
];

/** Methods of functions that call one with another `this`, or make one that does. */
const CALL_ON = new Set(["call", "apply", "bind"]);

/** Methods of objects and lists that make no text of their `this`. Those of texts do, and by any other name it may be one of them. */
const NO_TEXT = new Set([
  ...["hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "valueOf", "push", "pop", "shift", "unshift"],
  ...["splice", "map", "filter", "forEach", "flatMap", "some", "every", "find", "findIndex", "reduce", "reduceRight"],
]);

/**
 * Finds the parts of a call that it makes texts of: `String(f)`, `toString.call(f)`, `Reflect.apply(toString, f, [])`, `"".concat(f)`,
 * `[f].join()`, `new Error(f)`.
 */
export function argumentsMadeText(callee: AnyNode, args: readonly AnyNode[]): readonly AnyNode[] {
  if (OF_TEXTS.some((name) => isGlobal(callee, name))) return args.slice(0, 1);
  if (callee.type !== "MemberExpression") return NONE;
  const name = memberName(callee);
  const object = callee.object as AnyNode;
  if (name === "apply" && isGlobal(object, "Reflect")) return mayMakeText(args[0]) ? args.slice(1, 2) : NONE;
  if (CALL_ON.has(name!)) return mayMakeText(object) ? args.slice(0, 1) : NONE;
  if (name === "concat") return args;
  return TO_TEXT.has(name!) ? [object] : NONE;
}

/** True for a function that may make a text of its `this`, by its name. */
function mayMakeText(fn: AnyNode | undefined): boolean {
  return fn?.type !== "MemberExpression" || !NO_TEXT.has(memberName(fn)!);
}
