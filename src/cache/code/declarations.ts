import type { AnyNode, Node } from "acorn";
import type { Variable } from "eslint-scope";
import { childrenOf, isClass, isFunction, isNode } from "./module-code.js";
import { nameOf } from "./references.js";

/** What a name in a module stands for: the code that declares it, and the statements beside it that change it. */
export interface Declaration {
  readonly label: string;
  readonly code: readonly Node[];
}

export function declarationOf(variable: Variable): Declaration {
  const nodes = variable.defs.map(({ node }) => node as unknown as AnyNode);
  const isParameter = variable.defs[0]?.type === "Parameter";
  return {
    label: isParameter ? variable.name : labelOf(variable.name, nodes[0]),
    code: isParameter ? [] : [...nodes, ...changesOf(variable)],
  };
}

function labelOf(name: string, node: AnyNode | undefined): string {
  let value: Node | null | undefined = node?.type === "VariableDeclarator" ? node.init : node;
  // What esbuild puts around functions to keep their names.
  const call = value as AnyNode | null | undefined;
  if (call?.type === "CallExpression" && nameOf(call.callee) === "__name") value = call.arguments[0];
  if (value && isFunction(value)) return `${name}()`;
  return value && isClass(value) ? `class ${name}` : name;
}

/**
 * The statements beside a declaration that add to what it declares: compilers' calls of decorators, `TABLE.set(...)`,
 * `Text.prototype.words = ...`.
 */
function changesOf(variable: Variable): Node[] {
  const block = variable.scope.block as unknown as AnyNode;
  const body = "body" in block ? block.body : undefined;
  const statements = isNode(body) && "body" in body ? body.body : body;
  if (!Array.isArray(statements)) return [];
  const identifiers = new Set<unknown>(variable.references.map(({ identifier }) => identifier));
  return (statements as AnyNode[]).filter((statement) => !isDeclaration(statement) && changes(statement, identifiers));
}

function isDeclaration({ type }: Node): boolean {
  return /Declaration$/.test(type);
}

function changes(node: AnyNode, identifiers: ReadonlySet<unknown>): boolean {
  const isIt = (expression: Node | null | undefined) => identifiers.has(rootOf(expression));
  switch (node.type) {
    case "AssignmentExpression":
      return isIt(node.left) || changes(node.right, identifiers);
    case "UpdateExpression":
      return isIt(node.argument);
    case "CallExpression": {
      const { callee, arguments: args } = node;
      if (callee.type !== "MemberExpression") return args.some(isIt);
      const root = rootOf(callee);
      const isGeneral = root?.type === "Identifier" && /^(?:Object|Reflect)$/.test(nameOf(root));
      return isIt(callee) || (isGeneral && isIt(args[0]));
    }
  }
  if (isFunction(node) || isClass(node)) return false;
  for (const child of childrenOf(node)) if (changes(child, identifiers)) return true;
  return false;
}

/** `Text` of `Text.prototype.words` */
function rootOf(expression: Node | null | undefined): Node | undefined {
  let node = expression as AnyNode | null | undefined;
  while (node?.type === "MemberExpression") node = node.object;
  return node ?? undefined;
}
