import type { AnyNode, Node } from "acorn";
import type { Variable } from "eslint-scope";
import { childrenOf, isFunction, type ModuleCode } from "./module-code.js";
import { nameOf, requireCall } from "./references.js";

/** What a module exports under a name. */
export type Exported =
  | { readonly variable: Variable }
  | { readonly code: Node }
  /** It comes from another module: all of that for `*`. */
  | { readonly specifier: string; readonly name: string };

/** Undefined if it is not found: what is exported is then made up while the module runs. */
export function exportOf(module: ModuleCode, name: string): Exported | undefined {
  return module.script.isModule ? exported(module, name) : assigned(module, name);
}

/** The modules whose exports this one exports as its own: `export * from "./text.js"`. */
export function reexportedBy({ program, script }: ModuleCode): string[] {
  if (script.isModule) {
    return program.body.flatMap((statement) =>
      statement.type === "ExportAllDeclaration" && !statement.exported ? [String(statement.source.value)] : [],
    );
  }
  return program.body.flatMap((statement) => {
    if (statement.type !== "ExpressionStatement" || statement.expression.type !== "CallExpression") return [];
    const { callee, arguments: args } = statement.expression;
    const called = callee.type === "MemberExpression" ? callee.property : callee;
    if (!/^_{1,2}export_?star$/i.test(nameOf(called)) || args[0]?.type !== "CallExpression") return [];
    return requireCall.literal(args[0].arguments[0]!) ?? [];
  });
}

function exported({ program, variables }: ModuleCode, name: string): Exported | undefined {
  const standsFor = (node: Node): Exported => {
    const variable = variables.get(node);
    return variable === undefined ? { code: node } : { variable };
  };
  for (const statement of program.body) {
    if (statement.type === "ExportDefaultDeclaration" && name === "default") {
      const { declaration } = statement;
      return standsFor("id" in declaration && declaration.id ? declaration.id : declaration);
    }
    if (statement.type === "ExportAllDeclaration" && statement.exported && nameOf(statement.exported) === name) {
      return { specifier: String(statement.source.value), name: "*" };
    }
    if (statement.type !== "ExportNamedDeclaration") continue;
    for (const specifier of statement.specifiers) {
      if (nameOf(specifier.exported) !== name) continue;
      if (statement.source) return { specifier: String(statement.source.value), name: nameOf(specifier.local) };
      return standsFor(specifier.local);
    }
    const declared = statement.declaration && declaredIn(statement.declaration).find((id) => nameOf(id) === name);
    if (declared) return standsFor(declared);
  }
  return undefined;
}

/** The identifiers that a declaration declares. */
function declaredIn(declaration: AnyNode): Node[] {
  if (declaration.type !== "VariableDeclaration")
    return "id" in declaration && declaration.id ? [declaration.id as Node] : [];
  const found: Node[] = [];
  const visit = (pattern: AnyNode): void => {
    if (pattern.type === "Identifier") found.push(pattern);
    else if (pattern.type === "AssignmentPattern") visit(pattern.left);
    else if (pattern.type === "Property") visit(pattern.value);
    else for (const child of childrenOf(pattern)) visit(child);
  };
  for (const { id } of declaration.declarations) visit(id);
  return found;
}

/** In CommonJS: `exports.name = ...`, a getter for it, or `_export(exports, { name: () => ... })`. */
function assigned({ program, variables }: ModuleCode, name: string): Exported | undefined {
  let found: Exported | undefined;
  const visit = (node: AnyNode): void => {
    if (node.type === "AssignmentExpression" && isExports(node.left, name)) {
      const variable = variables.get(node.right);
      const isReserved = node.right.type === "UnaryExpression" && node.right.operator === "void";
      if (!isReserved && node.right.type !== "AssignmentExpression")
        found = variable ? { variable } : { code: node.right };
    } else if (node.type === "CallExpression" && node.arguments[0] && isExports(node.arguments[0])) {
      const [, second, third] = node.arguments;
      const properties = second?.type === "ObjectExpression" ? second.properties : [];
      const property = properties.find((p) => p.type === "Property" && nameOf(p.key) === name);
      if (property?.type === "Property") found = { code: property.value };
      else if (second && third && requireCall.literal(second) === name) found = { code: third };
    }
    if (isFunction(node)) return;
    for (const child of childrenOf(node)) visit(child);
  };
  visit(program);
  return found;
}

/** `exports`, `module.exports`; with a name `exports.name`. */
function isExports(node: AnyNode, name?: string): boolean {
  if (name !== undefined) {
    return (
      node.type === "MemberExpression" && !node.computed && nameOf(node.property) === name && isExports(node.object)
    );
  }
  if (node.type === "Identifier") return node.name === "exports";
  return node.type === "MemberExpression" && nameOf(node.object) === "module" && nameOf(node.property) === "exports";
}
