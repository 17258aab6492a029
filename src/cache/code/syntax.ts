import type { AnyNode, Class, Function as FunctionNode, Identifier, Node } from "acorn";

/** By type, the properties that nodes are in, in the order of the text; labels are none of them. Source: ESTree. */
const CHILDREN: Readonly<Record<string, readonly string[]>> = {
  ...{
    Program: ["body"],
    BlockStatement: ["body"],
    StaticBlock: ["body"],
    ClassBody: ["body"],
    LabeledStatement: ["body"],
  },
  ...{
    EmptyStatement: [],
    DebuggerStatement: [],
    BreakStatement: [],
    ContinueStatement: [],
    ThisExpression: [],
    Super: [],
  },
  ...{
    Identifier: [],
    PrivateIdentifier: [],
    Literal: [],
    TemplateElement: [],
    MetaProperty: [],
    ExportAllDeclaration: [],
  },
  ...{ ExpressionStatement: ["expression"], ChainExpression: ["expression"] },
  ...{ ReturnStatement: ["argument"], ThrowStatement: ["argument"], UnaryExpression: ["argument"] },
  ...{ UpdateExpression: ["argument"], YieldExpression: ["argument"], AwaitExpression: ["argument"] },
  ...{ SpreadElement: ["argument"], RestElement: ["argument"] },
  ...{ WithStatement: ["object", "body"], IfStatement: ["test", "consequent", "alternate"] },
  ...{ ConditionalExpression: ["test", "consequent", "alternate"], SwitchCase: ["test", "consequent"] },
  ...{ SwitchStatement: ["discriminant", "cases"], TryStatement: ["block", "handler", "finalizer"] },
  ...{ CatchClause: ["param", "body"], WhileStatement: ["test", "body"], DoWhileStatement: ["body", "test"] },
  ...{ ForStatement: ["init", "test", "update", "body"], ForInStatement: ["left", "right", "body"] },
  ...{ ForOfStatement: ["left", "right", "body"], FunctionDeclaration: ["id", "params", "body"] },
  ...{ FunctionExpression: ["id", "params", "body"], ArrowFunctionExpression: ["params", "body"] },
  ...{ VariableDeclaration: ["declarations"], VariableDeclarator: ["id", "init"] },
  ...{ ArrayExpression: ["elements"], ArrayPattern: ["elements"], ObjectExpression: ["properties"] },
  ...{ ObjectPattern: ["properties"], Property: ["key", "value"], MethodDefinition: ["key", "value"] },
  ...{
    PropertyDefinition: ["key", "value"],
    AssignmentPattern: ["left", "right"],
    BinaryExpression: ["left", "right"],
  },
  ...{ LogicalExpression: ["left", "right"], AssignmentExpression: ["left", "right"] },
  ...{ MemberExpression: ["object", "property"], CallExpression: ["callee", "arguments"] },
  ...{ NewExpression: ["callee", "arguments"], SequenceExpression: ["expressions"] },
  ...{ TemplateLiteral: ["quasis", "expressions"], TaggedTemplateExpression: ["tag", "quasi"] },
  ...{ ClassDeclaration: ["id", "superClass", "body"], ClassExpression: ["id", "superClass", "body"] },
  ...{ ImportDeclaration: ["specifiers"], ImportSpecifier: ["local"], ImportDefaultSpecifier: ["local"] },
  ...{ ImportNamespaceSpecifier: ["local"], ExportNamedDeclaration: ["declaration", "specifiers"] },
  ...{ ExportSpecifier: ["local"], ExportDefaultDeclaration: ["declaration"], ImportExpression: ["source", "options"] },
};

/** By type, what else belongs to its meaning: flags, labels, and words that have neither spaces nor quotes in them. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  FunctionDeclaration: ["async", "generator"],
  FunctionExpression: ["async", "generator"],
  ArrowFunctionExpression: ["async"],
  ...{ UnaryExpression: ["operator"], UpdateExpression: ["operator", "prefix"], BinaryExpression: ["operator"] },
  ...{ LogicalExpression: ["operator"], AssignmentExpression: ["operator"], YieldExpression: ["delegate"] },
  ...{ VariableDeclaration: ["kind"], Property: ["kind", "method", "computed"], ForOfStatement: ["await"] },
  ...{ MethodDefinition: ["kind", "computed", "static"], PropertyDefinition: ["computed", "static"] },
  ...{ MemberExpression: ["computed", "optional"], CallExpression: ["optional"], MetaProperty: ["meta", "property"] },
  ...{ LabeledStatement: ["label"], BreakStatement: ["label"], ContinueStatement: ["label"] },
};
const NO_ATTRIBUTES: readonly string[] = [];

type Child = AnyNode | readonly (AnyNode | null)[] | null | undefined;

/** The names of a node's properties that nodes, or lists of nodes, are in. */
export function childrenOf(node: AnyNode): readonly string[] {
  const keys = CHILDREN[node.type];
  if (keys === undefined) throw new SyntaxError(`${node.type} is not known`);
  return keys;
}

/** The names of its other properties that belong to its meaning. */
export function attributesOf(node: AnyNode): readonly string[] {
  return ATTRIBUTES[node.type] ?? NO_ATTRIBUTES;
}

export function childIn(node: AnyNode, key: string): Child {
  return (node as unknown as Readonly<Record<string, Child>>)[key];
}

/** Does something with each child of a node, in the order of the text. */
export function eachChild(node: AnyNode, onChild: (child: AnyNode) => void): void {
  for (const key of childrenOf(node)) {
    const child = childIn(node, key);
    if (child === null || child === undefined) continue;
    if (Array.isArray(child)) for (const item of child as readonly (AnyNode | null)[]) item && onChild(item);
    else onChild(child as AnyNode);
  }
}

export function isClass(node: Node): node is Class {
  return node.type === "ClassDeclaration" || node.type === "ClassExpression";
}

export function isFunction(node: Node): node is FunctionNode {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
  );
}

/** The members that a pattern takes; undefined: they can't be determined. */
export function waysInto(pattern: AnyNode): string[][] | undefined {
  if (pattern.type !== "ObjectPattern") return undefined;
  const ways: string[][] = [];
  for (const part of pattern.properties) {
    if (part.type !== "Property" || part.computed || part.key.type !== "Identifier") return undefined;
    const inner = waysInto(part.value as AnyNode);
    for (const way of inner?.length ? inner : [[]]) ways.push([part.key.name, ...way]);
  }
  return ways;
}

/** Methods that make a text of a list, or of a function. */
export const TO_TEXT: ReadonlySet<string> = new Set(["join", "toString", "toLocaleString"]);

/** The members of `import.meta` that depend on where the file is. */
export const OWN_PATH: ReadonlySet<string> = new Set(["url", "dirname", "filename", "resolve"]);

export function isImportMeta(node: AnyNode): boolean {
  return node.type === "MetaProperty" && node.meta.name === "import";
}

/** The name of a member that is read, if it is always the same; a private one with its #. */
export function memberName(node: AnyNode & { type: "MemberExpression" }): string | undefined {
  const { property, computed } = node;
  if (computed) return literalText(property as AnyNode);
  return property.type === "PrivateIdentifier" ? `#${property.name}` : (property as { name: string }).name;
}

/** The expression that members are read of one after another: `a` of `a.b["c"]`. */
export function chainRoot(node: AnyNode): AnyNode {
  let root: AnyNode = node;
  for (;;) {
    if (root.type === "MemberExpression") root = root.object as AnyNode;
    else if (root.type === "ChainExpression") root = root.expression as AnyNode;
    else return root;
  }
}

const NO_PATH: readonly string[] = [];

/** The names of the members that are read one after another, `b` and `c` of `a.b["c"]`; undefined: one has no constant name. */
export function memberPath(node: AnyNode): readonly string[] | undefined {
  if (node.type === "Identifier") return NO_PATH;
  const path: string[] = [];
  for (let at: AnyNode = node; ; ) {
    if (at.type === "MemberExpression") {
      const name = memberName(at);
      if (name === undefined) return undefined;
      path.push(name);
      at = at.object as AnyNode;
    } else if (at.type === "ChainExpression") at = at.expression as AnyNode;
    else return path.reverse();
  }
}

/** The members of a chain that may be missing, `b` of `a?.b.c`, and where it ends: "" if none may. */
export function optionalMembers(node: AnyNode): string {
  let marks = "";
  for (let at = node; ; ) {
    if (at.type === "ChainExpression") {
      marks = `)${marks}`;
      at = at.expression as AnyNode;
    } else if (at.type === "MemberExpression") {
      marks = (at.optional ? "?" : ".") + marks;
      at = at.object as AnyNode;
    } else return /[?)]/.test(marks) ? marks : "";
  }
}

/** A name that is declared outside of some code, and the members that are read of it. */
export interface OutsideWay {
  readonly root: Identifier;
  readonly path: readonly string[];
}

/** The name of a property that is not computed, or of what is imported or exported. */
export function propertyName(key: AnyNode): string {
  return key.type === "Identifier" ? key.name : String((key as { readonly value?: unknown }).value);
}

/** Texts that may be the names of scripts. */
const SCRIPT_NAME = /^[^\s*?<>|"]+\.[cm]?[jt]sx?$/;

export function isScriptName(value: unknown): value is string {
  return typeof value === "string" && value.length < 1000 && SCRIPT_NAME.test(value);
}

/** The text that an expression is, if it is literal. */
export function literalText(node: AnyNode): string | undefined {
  if (node.type === "TemplateLiteral" && node.expressions.length === 0)
    return node.quasis[0]!.value.cooked ?? undefined;
  const value: unknown = node.type === "Literal" ? node.value : undefined;
  return typeof value === "string" ? value : undefined;
}
