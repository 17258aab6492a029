import type { AnyNode } from "acorn";
import { isGlobal } from "./scopes.js";
import { memberName, TO_TEXT } from "./syntax.js";

const NONE: readonly AnyNode[] = [];

/** Functions of the language that only read what they are called with. */
const READ_WHOLE = new Set([
  "Object.keys",
  "Object.values",
  "Object.entries",
  "JSON.stringify",
  "Array.from",
  "Number",
  "String",
]);

/** The parts of an expression, or a statement, that it only reads: no name comes to stand for their value. */
export function readParts(node: AnyNode): readonly AnyNode[] {
  switch (node.type) {
    case "ForInStatement":
    case "ForOfStatement":
      return [node.right as AnyNode];
    case "SpreadElement":
    case "UnaryExpression":
      return [node.argument as AnyNode];
    case "BinaryExpression":
      return [node.left as AnyNode, node.right as AnyNode];
    case "TemplateLiteral":
      return node.expressions as AnyNode[];
    case "IfStatement":
    case "ConditionalExpression":
      return [node.test as AnyNode];
    case "MemberExpression":
      return [node.object as AnyNode];
    case "CallExpression": {
      const { callee } = node;
      const name =
        callee.type === "MemberExpression" && callee.object.type === "Identifier"
          ? `${callee.object.name}.${memberName(callee as AnyNode & { type: "MemberExpression" })}`
          : callee.type === "Identifier"
            ? callee.name
            : "";
      return READ_WHOLE.has(name) ? (node.arguments as AnyNode[]) : NONE;
    }
    default:
      return NONE;
  }
}

/** Methods of lists and promises that call their arguments. */
const CALL_BACK = new Set([
  ...["map", "filter", "forEach", "flatMap", "reduce", "reduceRight", "some", "every", "find", "findIndex"],
  ...["findLast", "findLastIndex", "sort", "toSorted", "then", "catch", "finally"],
]);

/** The names whose value is called: by an expression, or by a method of the language; and the one that a function has. */
export function calledParts(node: AnyNode): readonly AnyNode[] {
  if (node.type === "FunctionDeclaration") return node.id ? [node.id as AnyNode] : NONE;
  if (node.type === "TaggedTemplateExpression") return [node.tag as AnyNode];
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return NONE;
  return CALL_BACK.has(memberName(node.callee) ?? "") ? (node.arguments as AnyNode[]) : NONE;
}

/**
 * The parts of an expression that it makes a text of: `${f}`, `f + ""`, `String(f)`, `toString.call(f)`, `"".concat(f)`,
 * `[f].join()`. Of a list or a choice, these are its parts.
 *
 * @param pathOf the members that an expression reads of a name from outside, one after another.
 */
export function textParts(node: AnyNode, pathOf: PathOf): readonly AnyNode[] {
  const parts = partsMadeText(node, pathOf);
  return parts.length === 0 ? NONE : parts.flatMap(leaves);
}

type PathOf = (node: AnyNode) => readonly string[] | undefined;

function partsMadeText(node: AnyNode, pathOf: PathOf): readonly AnyNode[] {
  switch (node.type) {
    case "TemplateLiteral":
      return node.expressions as AnyNode[];
    case "BinaryExpression":
      return node.operator === "+" ? [node.left as AnyNode, node.right as AnyNode] : NONE;
    case "AssignmentExpression":
      return node.operator === "+=" ? [node.right as AnyNode] : NONE;
    case "CallExpression":
      return argumentsMadeText(node, pathOf);
    default:
      return NONE;
  }
}

function argumentsMadeText(node: AnyNode & { type: "CallExpression" }, pathOf: PathOf): readonly AnyNode[] {
  const callee = node.callee as AnyNode;
  const args = node.arguments as AnyNode[];
  if (isGlobal(callee, "String")) return args.slice(0, 1);
  if (callee.type !== "MemberExpression") return NONE;
  const name = memberName(callee);
  const parts: AnyNode[] = [];
  if (/(?:^|\.)toString\.(?:call|apply)$/.test(pathOf(callee)?.join(".") ?? "")) parts.push(...args.slice(0, 1));
  if (name === "concat") parts.push(...args);
  if (callee.object.type === "ArrayExpression" && TO_TEXT.has(name!)) parts.push(callee.object);
  return parts;
}

function leaves(node: AnyNode): AnyNode[] {
  switch (node.type) {
    case "ArrayExpression":
      return (node.elements.filter((each) => each !== null) as AnyNode[]).flatMap(leaves);
    case "SpreadElement":
      return leaves(node.argument);
    case "ConditionalExpression":
      return [...leaves(node.consequent), ...leaves(node.alternate)];
    case "LogicalExpression":
      return [...leaves(node.left), ...leaves(node.right)];
    default:
      return [node];
  }
}
