import { type AnyNode, type Class, type Function as FunctionNode, type Node, type Program, parse } from "acorn";
import { analyze, type Variable } from "eslint-scope";
import { remembered } from "../../graph/remembered.js";
import { type Script, sourceOf } from "./scripts.js";

/** One module's code, parsed, with what each name in it stands for. */
export interface ModuleCode {
  readonly script: Script;
  readonly program: Program;
  /** For each identifier that is a reference or a declaration, what it stands for. Globals are not in it. */
  readonly variables: ReadonlyMap<Node, Variable>;
  /** For each function, class or declarator, and what that begins as, the variable that it declares. */
  readonly declaring: ReadonlyMap<Node, Variable>;
}

const modules = new Map<Script, ModuleCode | undefined>();

/** A script's code; undefined if its syntax is newer than the parser. */
export function moduleCode(script: Script): ModuleCode | undefined {
  if (!modules.has(script)) modules.set(script, read(script));
  return modules.get(script);
}

function read(script: Script): ModuleCode | undefined {
  let program: Program;
  try {
    program = parse(sourceOf(script), {
      ecmaVersion: "latest",
      sourceType: script.isModule ? "module" : "script",
      allowReturnOutsideFunction: true,
      allowHashBang: true,
      ranges: true,
    });
  } catch {
    return undefined;
  }
  const { scopes } = analyze(program as never, {
    ecmaVersion: 2022,
    sourceType: script.isModule ? "module" : "commonjs",
    ignoreEval: true,
  });
  const variables = new Map<Node, Variable>();
  const declaring = new Map<Node, Variable>();
  for (const { references, variables: declared } of scopes) {
    for (const variable of declared) {
      // A class's name is declared around it and, once more, inside it: the outer one counts, which comes first.
      for (const identifier of variable.identifiers) setOnce(variables, identifier as unknown as Node, variable);
      for (const { node } of variable.defs) {
        setOnce(declaring, node as unknown as Node, variable);
        const { init } = node as unknown as { init?: Node | null };
        if (init) setOnce(declaring, init, variable);
      }
    }
    for (const { identifier, resolved } of references)
      if (resolved) setOnce(variables, identifier as unknown as Node, resolved);
  }
  return { script, program, variables, declaring };
}

function setOnce<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (!map.has(key)) map.set(key, value);
}

/** The children of a node, in the order of their properties. */
export function* childrenOf(node: Node): Generator<AnyNode> {
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield child;
  }
}

export function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

const functions = new WeakMap<ModuleCode, Map<number, FunctionNode | Class>>();

/** The function, or the class without a constructor, that V8 says begins at an offset: a function's is that of its parameters. */
export function functionAt(module: ModuleCode, offset: number): FunctionNode | Class | undefined {
  return remembered(functions, module, () => functionsOf(module)).get(offset);
}

/** The innermost class around an offset. */
export function classAt({ program }: ModuleCode, offset: number): Class | undefined {
  let found: Class | undefined;
  const visit = (node: AnyNode): void => {
    if (offset < node.start || offset >= node.end) return;
    if (isClass(node)) found = node;
    for (const child of childrenOf(node)) visit(child);
  };
  visit(program);
  return found;
}

function functionsOf(module: ModuleCode): Map<number, FunctionNode | Class> {
  const source = sourceOf(module.script);
  const found = new Map<number, FunctionNode | Class>();
  const visit = (node: AnyNode): void => {
    if (node.type === "ArrowFunctionExpression" || isClass(node)) found.set(node.start, node);
    else if (isFunction(node)) found.set(source.indexOf("(", node.id?.end ?? node.start), node);
    for (const child of childrenOf(node)) visit(child);
  };
  visit(module.program);
  return found;
}

export function isClass(node: Node): node is Class {
  return node.type === "ClassDeclaration" || node.type === "ClassExpression";
}

export function isFunction(node: Node): node is FunctionNode {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
  );
}
