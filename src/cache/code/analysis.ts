import type { AnyNode, Class, Function as FunctionNode, Node, Program } from "acorn";
import { callsArguments } from "./expression-parts.js";
import { FormWriter } from "./form-writer.js";
import {
  type ClassForm,
  type Constant,
  type Form,
  type FunctionForm,
  linesOf,
  type Reference,
  type ScriptForms,
  textHash,
} from "./forms.js";
import { parseScript } from "./parser.js";
import { isWrittenOnce, resolveNames, type Scope, type Variable } from "./scopes.js";
import { eachChild, isClass, isFunction, propertyName } from "./syntax.js";

/** @throws {SyntaxError} */
export function formsOf(source: string, isModule: boolean): ScriptForms {
  return new ScriptReader(source, parseScript(source, isModule)).read();
}

/**
 * The functions that `formsOf` has left out.
 *
 * @throws {SyntaxError}
 */
export function callbacksOf(source: string, isModule: boolean): FunctionForm[] {
  return new ScriptReader(source, parseScript(source, isModule)).readCallbacks();
}

class ScriptReader {
  /** The owner of the `this` that is meant: a function, a field or a static block; undefined: the script. */
  private readonly holders = new Map<Node, Node | undefined>();
  private holder: Node | undefined;
  /** Functions that are called where they are written. */
  readonly areCalled = new Set<Node>();
  /** Functions that are passed to methods which only call them. */
  private readonly callbacks = new Set<Node>();
  /** The number of functions around the node that is visited, and the functions and classes that have some around them. */
  private depth = 0;
  private readonly inner = new Set<Node>();
  /** The functions and classes, outer ones first. */
  private readonly found: (FunctionNode | Class)[] = [];
  /** The script, if it begins with "use strict", the functions that do, and the classes. */
  private readonly strict: Node[] = [];
  private exported: ReadonlyMap<string, readonly string[]> | undefined;
  private readonly forms = new Map<Node, FunctionForm | ClassForm>();

  constructor(
    readonly source: string,
    private readonly program: Program,
  ) {}

  read(): ScriptForms {
    const top = this.find();
    const functions: FunctionForm[] = [];
    const classes: ClassForm[] = [];
    for (const node of this.found) {
      if (this.callbacks.has(node)) continue;
      const form = this.formOf(node);
      if (form.kind === "function") functions.push(form);
      else classes.push(form);
    }
    shareReferences([...functions, ...classes]);
    const constants = [...top.variables.values()].flatMap((variable) => this.constant(variable, functions, classes));
    const callbacks = this.callbacks.size === 0 ? [] : undefined;
    return { functions, classes, callbacks, constants, lines: linesOf(this.source) };
  }

  readCallbacks(): FunctionForm[] {
    this.find();
    return Array.from(this.callbacks, (node) => this.formOf(node as FunctionNode) as FunctionForm);
  }

  /** @returns the scope of what is at the script's top. */
  private find(): Scope {
    const top = resolveNames(this.program);
    if (isStrict(this.program.body)) this.strict.push(this.program);
    this.findHolders(this.program);
    return top;
  }

  private readonly findHolders = (node: AnyNode): void => {
    switch (node.type) {
      case "Identifier":
      case "Literal":
        return;
      case "ThisExpression":
      case "Super":
      case "MetaProperty":
        this.holders.set(node, this.holder);
        return;
      case "ArrowFunctionExpression":
        this.holders.set(node, this.holder);
        this.inFunction(node, this.holder);
        return;
      case "FunctionDeclaration":
      case "FunctionExpression":
        this.inFunction(node, node);
        return;
      case "StaticBlock":
        this.within(node, () => eachChild(node as AnyNode, this.findHolders));
        return;
      case "PropertyDefinition": {
        const { key, value } = node;
        this.findHolders(key as AnyNode);
        if (!value) return;
        this.holders.set(value, node);
        this.within(node, () => this.findHolders(value as AnyNode));
        return;
      }
      case "CallExpression":
        if (isFunction(node.callee)) this.areCalled.add(node.callee);
        if (callsArguments(node.callee as AnyNode))
          for (const part of node.arguments) if (isFunction(part)) this.callbacks.add(part);
        break;
      default:
        if (!isClass(node)) break;
        this.add(node);
        this.strict.push(node);
    }
    eachChild(node, this.findHolders);
  };

  private inFunction(node: FunctionNode, holder: Node | undefined): void {
    this.add(node);
    this.depth++;
    if (node.body.type === "BlockStatement" && isStrict(node.body.body)) this.strict.push(node);
    this.within(holder, () => eachChild(node as AnyNode, this.findHolders));
    this.depth--;
  }

  private add(node: FunctionNode | Class): void {
    this.found.push(node);
    if (this.depth > 0) this.inner.add(node);
  }

  private within(holder: Node | undefined, work: () => void): void {
    const around = this.holder;
    this.holder = holder;
    work();
    this.holder = around;
  }

  /** The function, or class, that a name at the script's top stands for, for ever. */
  private constant(variable: Variable, functions: FunctionForm[], classes: ClassForm[]): Constant[] {
    if (!isWrittenOnce(variable)) return [];
    const declared = variable.declarations[0]!.node as AnyNode;
    const node = declared.type === "VariableDeclarator" ? declared.init : declared;
    const form = node ? this.forms.get(node) : undefined;
    if (form === undefined) return [];
    const number = form.kind === "function" ? functions.indexOf(form) : functions.length + classes.indexOf(form);
    return [{ name: variable.name, number, text: textHash(this.source.slice(form.start, form.end)) }];
  }

  /** The names by which the module exports a variable. */
  exportedNames(name: string): string | undefined {
    this.exported ??= exportsOf(this.program);
    return this.exported.get(name)?.join();
  }

  /** The owner of the `this` that a node means; `asRoot`: in a function, its own. */
  holderOf(node: Node, asRoot = false): Node | undefined {
    if (asRoot && isFunction(node) && node.type !== "ArrowFunctionExpression") return node;
    return this.holders.get(node);
  }

  isStrictAround({ start, end }: Node): boolean {
    return (
      this.program.sourceType === "module" || this.strict.some((around) => around.start < start && end <= around.end)
    );
  }

  formOf(node: FunctionNode | Class): FunctionForm | ClassForm {
    let form = this.forms.get(node);
    if (form === undefined) {
      const isInner = this.inner.has(node) || undefined;
      form = { ...(isClass(node) ? this.classForm(node) : this.functionForm(node)), isInner };
      this.forms.set(node, form);
    }
    return form;
  }

  private functionForm(node: FunctionNode): FunctionForm {
    const writer = new FormWriter(this, node);
    const isArrow = node.type === "ArrowFunctionExpression";
    writer.write(node as AnyNode);
    const form = writer.form();
    const at = isArrow ? node.start : this.source.indexOf("(", node.id?.end ?? node.start);
    const isSloppy = !isArrow && !this.isStrictAround(node) && !this.strict.includes(node);
    return {
      kind: "function",
      at,
      capturesThis: isArrow && writer.usesThis ? true : undefined,
      readsGlobalThis: isSloppy && form.members !== undefined ? true : undefined,
      gives: writer.gives(node),
      ...form,
    };
  }

  private classForm(node: Class): ClassForm {
    const writer = new FormWriter(this, node);
    writer.write(node as AnyNode);
    const privates: { readonly name: string; readonly isField: true | undefined; readonly forms: Form[] }[] = [];
    const making = new FormWriter(this, node);
    let hasConstructor = false;
    for (const member of node.body.body) {
      const isConstructor = member.type === "MethodDefinition" && member.kind === "constructor";
      hasConstructor ||= isConstructor;
      if (member.type === "PropertyDefinition" && member.computed && !member.static)
        for (const each of [writer, making]) each.namesField(member.key as AnyNode);
      if (isConstructor || member.type !== "MethodDefinition") making.write(member as AnyNode);
      if (member.type === "StaticBlock" || member.key.type !== "PrivateIdentifier") continue;
      const name = `#${member.key.name}`;
      let own = privates.find((known) => known.name === name);
      if (own === undefined) {
        own = { name, isField: member.type === "PropertyDefinition" || undefined, forms: [] };
        privates.push(own);
      }
      if (!member.value) continue;
      const inner = new FormWriter(this, member.value);
      inner.write(member.value as AnyNode);
      own.forms.push(inner.form());
    }
    return { kind: "class", name: node.id?.name, ...writer.form(), privates, making: making.form(), hasConstructor };
  }
}

/** Makes one object of references that are alike: those are resolved once for all functions at the script's top. */
function shareReferences(forms: readonly Form[]): void {
  const shared = new Map<string, Reference[]>();
  for (const form of forms) {
    const references = form.references as Reference[];
    for (const [i, reference] of references.entries()) {
      const { name, path } = reference;
      const key = path.length === 0 ? name : `${name}.${path.join(".")}`;
      const others = shared.get(key);
      const first = others?.find((other) => areAlike(other, reference));
      if (first !== undefined) references[i] = first;
      else if (others === undefined) shared.set(key, [reference]);
      else others.push(reference);
    }
  }
}

/** Compares plain data: an undefined property is a missing one. */
function areAlike(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  for (const key in a) if (!areAlike(a[key as keyof object], b[key as keyof object])) return false;
  for (const key in b) if (!(key in a) && b[key as keyof object] !== undefined) return false;
  return true;
}

/** By the names of its variables, the names by which a module exports them. */
function exportsOf({ body }: Program): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (name: string, exported: string) => found.set(name, [...(found.get(name) ?? []), exported]);
  for (const node of body) {
    if (node.type !== "ExportNamedDeclaration" || node.source) continue;
    for (const { local, exported } of node.specifiers)
      add(propertyName(local as AnyNode), propertyName(exported as AnyNode));
    if (node.declaration?.type !== "VariableDeclaration") continue;
    for (const { id } of node.declaration.declarations) for (const name of namesIn(id as AnyNode)) add(name, name);
  }
  return found;
}

/** The names that a pattern may declare. */
function namesIn(pattern: AnyNode): string[] {
  const names: string[] = [];
  const walk = (node: AnyNode): void => {
    if (node.type === "Identifier") names.push(node.name);
    else eachChild(node, walk);
  };
  walk(pattern);
  return names;
}

function isStrict(body: readonly Node[]): boolean {
  return (body as readonly AnyNode[]).some(
    (each) => each.type === "ExpressionStatement" && each.directive === "use strict",
  );
}
