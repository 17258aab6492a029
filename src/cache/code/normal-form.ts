import type { AnyNode, CallExpression, Node } from "acorn";
import type { Variable } from "eslint-scope";
import type { ModuleCode } from "./module-code.js";
import { importOf, isGlobal, memberOfRequired, type Reach, requireCall } from "./references.js";

/** Code without comments, formatting and local names, and what it refers to. */
export interface NormalForm {
  readonly text: string;
  readonly reaches: readonly Reach[];
  /** The names that it reads of `this` and `super`; undefined: it hands `this` on, so any of them. */
  readonly members: ReadonlySet<string> | undefined;
}

/**
 * @param roots the pieces of code that belong together.
 * @param own what they declare: a reference to it is no reference to something else.
 */
export function normalForm(module: ModuleCode, roots: readonly Node[], own?: Variable): NormalForm {
  const writer = new Writer(module, own);
  for (const root of roots) writer.root(root);
  return { text: writer.text, reaches: writer.reaches, members: writer.members };
}

/** What acorn says of a node besides its content. */
const POSITION = new Set(["type", "start", "end", "range", "raw", "optional"]);

class Writer {
  text = "";
  readonly reaches: Reach[] = [];
  members: Set<string> | undefined = new Set();
  private readonly locals = new Map<Variable, number>();
  private within!: Node;

  constructor(
    private readonly module: ModuleCode,
    private readonly own: Variable | undefined,
  ) {}

  root(node: Node): void {
    this.within = node;
    this.write(node as AnyNode);
  }

  private write(node: AnyNode): void {
    switch (node.type) {
      case "Identifier":
      case "PrivateIdentifier":
        this.identifier(node);
        return;
      case "Literal":
        this.text += "regex" in node && node.regex ? `/${node.regex.pattern}/${node.regex.flags}` : literal(node.value);
        return;
      case "TemplateElement":
        this.text += JSON.stringify(node.value.raw);
        return;
      case "ThisExpression":
      case "Super":
        this.members = undefined;
        break;
      case "ImportExpression":
        this.imported(node.source);
        break;
      case "CallExpression":
        // What other constructors set is looked for in all of them.
        if (node.callee.type === "Super") {
          this.fields(node, new Set(["callee"]));
          return;
        }
        if (this.call(node)) return;
        break;
      case "NewExpression":
        if (isGlobal(this.module, node.callee, "Function")) this.dynamic("new Function(...)");
        break;
      case "MemberExpression":
        if (this.member(node)) return;
        break;
      case "AssignmentExpression":
        if (node.operator === "=" && this.sets(node.left)) {
          this.text += "(= ";
          this.write(node.right);
          this.text += ")";
          return;
        }
        break;
      case "VariableDeclarator":
        if (node.init?.type === "ThisExpression" && this.takesMembers(node.id)) {
          this.fields(node, new Set(["init"]));
          return;
        }
        break;
    }
    this.fields(node);
  }

  private fields(node: AnyNode, without?: ReadonlySet<string>): void {
    this.text += `(${node.type}`;
    for (const [key, value] of Object.entries(node)) {
      if (POSITION.has(key) && !(key === "optional" && value === true)) continue;
      if (without?.has(key) || value === null || value === undefined || value === false) continue;
      // `{ a }` is `{ a: a }`, whatever `a` is called here.
      if (key === "shorthand") continue;
      this.text += ` ${key}:`;
      this.value(value);
    }
    this.text += ")";
  }

  private value(value: unknown): void {
    if (Array.isArray(value)) {
      this.text += "[";
      for (const item of value) {
        this.value(item);
        this.text += ",";
      }
      this.text += "]";
    } else if (typeof value === "object" && value !== null) this.write(value as AnyNode);
    else this.text += String(value);
  }

  private identifier(node: AnyNode & { name: string }): void {
    const variable = this.module.variables.get(node);
    if (variable === undefined) {
      this.text += node.type === "PrivateIdentifier" ? `#${node.name}` : node.name;
      return;
    }
    if (variable === this.own) {
      this.text += "@";
      return;
    }
    const imported = importOf(this.module, variable);
    if (imported !== undefined) {
      this.reaches.push({ ...imported, module: this.module });
      this.text += imported.name;
    } else if (this.isLocal(variable)) {
      let number = this.locals.get(variable);
      if (number === undefined) {
        number = this.locals.size;
        this.locals.set(variable, number);
      }
      this.text += `$${number}`;
    } else {
      if (variable.defs.length > 0) this.reaches.push({ kind: "variable", module: this.module, variable });
      this.text += variable.name;
    }
  }

  private isLocal({ scope, defs }: Variable): boolean {
    // `const { a, b } = ...` declares b beside a: it is no part of what a is.
    if (defs.some(({ node }) => (node as unknown) === this.within)) return true;
    const block = scope.block as unknown as Node;
    return block.start >= this.within.start && block.end <= this.within.end;
  }

  /** @returns whether it is written. */
  private member(node: AnyNode & { type: "MemberExpression" }): boolean {
    const { object, property, computed } = node;
    if (computed && property.type !== "Literal") return false;
    const name = computed ? String((property as { value?: unknown }).value) : (property as { name: string }).name;
    if (object.type === "ThisExpression" || object.type === "Super") {
      const read = property.type === "PrivateIdentifier" ? `#${name}` : name;
      this.members?.add(object.type === "Super" ? `super.${read}` : read);
      this.text += `(${object.type}.${read})`;
      return true;
    }
    const variable = this.module.variables.get(object);
    const imported = variable && importOf(this.module, variable);
    if (imported?.name !== "*") {
      const required = memberOfRequired(this.module, node);
      if (required === undefined) return false;
      this.reaches.push({ ...required, module: this.module });
      this.text += `(* ${required.name})`;
      return true;
    }
    this.reaches.push({ ...imported, name, module: this.module });
    this.text += `(* ${name})`;
    return true;
  }

  /** `this.a = ...` reads nothing. @returns whether the left side is written. */
  private sets(left: AnyNode): boolean {
    if (left.type !== "MemberExpression" || left.object.type !== "ThisExpression" || left.computed) return false;
    this.text += `(this.${(left.property as { name: string }).name})`;
    return true;
  }

  /** `const { a, b } = this` */
  private takesMembers(pattern: AnyNode): boolean {
    if (pattern.type !== "ObjectPattern") return false;
    const names = pattern.properties.map((p) =>
      p.type === "Property" && !p.computed && p.key.type === "Identifier" ? p.key.name : undefined,
    );
    if (names.includes(undefined)) return false;
    for (const name of names) this.members?.add(name!);
    return true;
  }

  /** @returns whether it is written. */
  private call(node: CallExpression): boolean {
    const { callee, arguments: args } = node;
    if (isGlobal(this.module, callee, "eval")) this.dynamic("eval(...)");
    else if (isGlobal(this.module, callee, "Function")) this.dynamic("Function(...)");
    // Also one that createRequire has made.
    else if (callee.type === "Identifier" && callee.name === "require") this.imported(args[0]);
    // What esbuild puts around functions to keep their names.
    else if (callee.type === "Identifier" && callee.name === "__name" && args.length === 2) {
      this.write(args[0] as AnyNode);
      return true;
    }
    return false;
  }

  private imported(source: Node | undefined): void {
    const specifier = source && requireCall.literal(source);
    if (specifier === undefined) this.dynamic("an import of a computed name");
    else this.reaches.push({ kind: "import", module: this.module, specifier, name: "*" });
  }

  private dynamic(why: string): void {
    this.reaches.push({ kind: "dynamic", module: this.module, why });
  }
}

function literal(value: unknown): string {
  return typeof value === "bigint" ? `${value}n` : JSON.stringify(value);
}
