import type { AnyNode, CallExpression, Expression, Node } from "acorn";
import type { Variable } from "eslint-scope";
import type { ModuleCode } from "./module-code.js";

/** What a piece of code refers to, outside of itself. */
export type Reach =
  | { readonly kind: "variable"; readonly module: ModuleCode; readonly variable: Variable }
  /** What another module exports under a name; all of it for `*`. */
  | { readonly kind: "import"; readonly module: ModuleCode; readonly specifier: string; readonly name: string }
  /** What can't be followed. */
  | { readonly kind: "dynamic"; readonly module: ModuleCode; readonly why: string };

type Import = { readonly kind: "import"; readonly specifier: string; readonly name: string };

/** What a name imports, if it is one that does: by `import`, or from what `require` gives. */
export function importOf(module: ModuleCode, variable: Variable): Import | undefined {
  const definition = variable.defs[0];
  if (definition?.type === "ImportBinding") {
    const specifier = String((definition.parent as unknown as { source: { value: unknown } }).source.value);
    const node = definition.node as unknown as AnyNode;
    if (node.type === "ImportSpecifier") return { kind: "import", specifier, name: nameOf(node.imported) };
    return { kind: "import", specifier, name: node.type === "ImportDefaultSpecifier" ? "default" : "*" };
  }
  if (definition?.type !== "Variable") return undefined;
  const { id, init } = definition.node as unknown as { id: AnyNode; init?: Expression | null };
  const specifier = init ? requireCall.specifier(module, init) : undefined;
  if (specifier === undefined) return undefined;
  if (id.type === "Identifier") return { kind: "import", specifier, name: "*" };
  if (id.type !== "ObjectPattern") return undefined;
  for (const property of id.properties) {
    if (property.type !== "Property" || property.computed) continue;
    const { key, value } = property;
    if (module.variables.get(value) === variable && key.type === "Identifier")
      return { kind: "import", specifier, name: key.name };
  }
  return { kind: "import", specifier, name: "*" };
}

/** `require("./text").normalise` */
export function memberOfRequired(module: ModuleCode, node: AnyNode & { type: "MemberExpression" }): Import | undefined {
  const specifier = requireCall.specifier(module, node.object as Expression);
  if (specifier === undefined || node.computed || node.property.type !== "Identifier") return undefined;
  return { kind: "import", specifier, name: node.property.name };
}

/** Whether an expression is the global variable of a name. */
export function isGlobal(module: ModuleCode, node: Node, name: string): boolean {
  return node.type === "Identifier" && (node as { name?: string }).name === name && !module.variables.has(node);
}

export const requireCall = {
  /** The specifier of `require("...")`, also inside a call that compilers put around it. */
  specifier(module: ModuleCode, node: Expression): string | undefined {
    if (node.type !== "CallExpression" || module.script.isModule) return undefined;
    const { callee, arguments: args } = node as CallExpression;
    const first = args[0];
    if (first === undefined) return undefined;
    if (isGlobal(module, callee, "require")) return requireCall.literal(first);
    return first.type === "CallExpression" ? requireCall.specifier(module, first) : undefined;
  },

  literal(node: Node): string | undefined {
    const value: unknown = node.type === "Literal" ? (node as { value?: unknown }).value : undefined;
    return typeof value === "string" ? value : undefined;
  },
};

export function nameOf(node: Node): string {
  const { name, value } = node as { name?: string; value?: unknown };
  return name ?? String(value);
}
