import { hash } from "node:crypto";
import type { AnyNode, Function as FunctionNode, Identifier, Node, VariableDeclarator } from "acorn";
import { argumentsMadeText, callsArguments, isReadWhole } from "./expression-parts.js";
import { FormTexts } from "./form-texts.js";
import { ANY_MEMBER, FormWrites } from "./form-writes.js";
import type { Form, FunctionForm, Reference, Way } from "./forms.js";
import { assignedBy, isGlobal, isWrittenOnce, type Scope, type Variable, variableOf } from "./scopes.js";
import {
  attributesOf,
  chainRoot,
  childIn,
  childrenOf,
  isClass,
  isFunction,
  isImportMeta,
  isScriptName,
  literalText,
  memberName,
  memberPath,
  type OutsideWay,
  OWN_PATH,
  optionalMembers,
  propertyName,
  waysInto,
} from "./syntax.js";

type WriteSpecial<T extends AnyNode["type"]> = (writer: FormWriter, node: AnyNode & { type: T }) => boolean;

/** The script that a function, or class, is part of. */
interface Script {
  readonly source: string;
  /** Functions that are called where they are written. */
  readonly areCalled: ReadonlySet<Node>;
  /** The owner of the `this` that a node means; `asRoot`: in a function, its own. */
  holderOf(node: Node, asRoot?: boolean): Node | undefined;
  formOf(node: FunctionNode): Form;
  /** The names by which the module exports a variable of its top. */
  exportedNames(name: string): string | undefined;
  /** True if a directive before a node, and outside of it, makes it strict: modules and classes are so by themselves. */
  isStrictAround(node: Node): boolean;
}

/** Writes the normal form of one function, or class. */
export class FormWriter {
  usesThis = false;
  private text = "";
  private readonly references: { -readonly [K in keyof Reference]: Reference[K] }[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly members = new Map<string, Way>();
  private handsOn = false;
  private readonly sharesThis: number[] = [];
  private readonly supers = new Map<string, Way>();
  private readonly imports: string[] = [];
  private readonly scripts: string[] = [];
  private readonly problems: string[] = [];
  private readsOwnPath = false;
  private readonly locals = new Map<Variable, number>();
  private readonly texts = new FormTexts({
    wayOf: (node) => this.wayOf(node),
    isLocal: (variable) => this.isLocal(variable),
    noteText: ({ root, path }) => {
      this.references[this.number(root, path, false)]!.isText = true;
    },
    addText: ({ start, end }) => {
      this.text += JSON.stringify(this.script.source.slice(start, end));
    },
  });
  /** Its variables by which functions and classes are named that are assigned to them. */
  private readonly named = new Set<Variable>();
  private readonly writes = new FormWrites({
    wayOf: (node) => this.wayOf(node),
    isLocal: (variable) => this.isLocal(variable),
  });
  private isAsking: boolean | undefined;
  /** Objects whose members of computed names are assigned. */
  private readonly filled: AnyNode[] = [];
  /** Expressions of which other names can't come to stand for the value. */
  private readonly onlyRead = new Set<AnyNode>();
  /** That of the call which is being written. */
  private callee: AnyNode | undefined;
  /** Expressions whose value is called, and not asked for its name. */
  private readonly onlyCalled = new Set<AnyNode>();

  constructor(
    private readonly script: Script,
    private readonly root: Node,
  ) {}

  form(): Form {
    const { references, root } = this;
    for (const object of this.filled) this.fill(object);
    for (const reference of references)
      if (reference.firstArguments?.every((text) => text === null)) reference.firstArguments = undefined;
    return {
      start: root.start,
      end: root.end,
      hash: hash("sha256", this.text + this.localNames() + this.mode(), "hex"),
      references,
      sharesThis: unlessEmpty(this.sharesThis),
      imports: unlessEmpty(this.imports),
      scripts: unlessEmpty(this.scripts),
      problems: unlessEmpty(this.problems),
      readsOwnPath: ifSo(this.readsOwnPath),
      writes: unlessEmpty([...this.writes.found]),
      members: this.handsOn ? undefined : unlessEmpty([...this.members.values()]),
      handsThisOn: ifSo(this.handsOn),
      supers: unlessEmpty([...this.supers.values()]),
    };
  }

  /** The names of its own functions and classes, where it may ask them: they are part of a stack, and of an object's class. */
  private localNames(): string {
    if (this.locals.size === 0 || !this.asksNames()) return "";
    const named = [...this.locals].filter(
      ([variable]) => this.named.has(variable) || variable.declarations.some(({ node }) => isNamed(node as AnyNode)),
    );
    return named.map(([{ name }, number]) => ` ${number} ${name}`).join();
  }

  /** True if its code may ask functions and classes for their names. */
  private asksNames(): boolean {
    const { start, end } = this.root;
    this.isAsking ??= /\b(?:name|stack)\b/.test(this.script.source.slice(start, end));
    return this.isAsking;
  }

  /** The mode of a script decides what the `this` of its functions is, and what assigning a constant does. */
  private mode(): string {
    return this.script.isStrictAround(this.root) ? " strict" : "";
  }

  /** `return a.b`, `() => a`, `return m[k]` */
  gives(node: FunctionNode): FunctionForm["gives"] {
    let returned: AnyNode | null | undefined = node.body as AnyNode;
    if (returned.type === "BlockStatement") {
      const [only, ...others] = returned.body;
      returned = only?.type === "ReturnStatement" && others.length === 0 ? only.argument : undefined;
    }
    if (!returned || node.params.length > 0) return undefined;
    const found = this.wayOf(returned);
    if (found !== undefined) return { reference: this.number(found.root, found.path, false) };
    if (returned.type !== "MemberExpression" || !returned.computed) return undefined;
    const [object, key] = [this.wayOf(returned.object), this.wayOf(returned.property)];
    if (object === undefined || key === undefined) return undefined;
    const reference = this.number(object.root, object.path, false, false, keyVariable(key)?.name);
    return { reference, key: this.number(key.root, key.path, false) };
  }

  write(node: AnyNode): void {
    const writeSpecial = FormWriter.special[node.type] as ((writer: FormWriter, node: AnyNode) => boolean) | undefined;
    if (writeSpecial === undefined || !writeSpecial(this, node)) this.fields(node);
  }

  /**
   * By type, functions that write a node, or only note something of it; they return whether it is written. In V8's interpreter, where a
   * first analysis runs, a `switch` would compare type after type.
   */
  private static readonly special: { readonly [T in AnyNode["type"]]?: WriteSpecial<T> } = {
    Identifier: (writer, node) => writer.identifier(node),
    PrivateIdentifier: (writer, { name }) => writer.add(`#${name}`),
    Literal: (writer, node) => {
      writer.mayNameScript(node.value);
      return writer.add(
        "regex" in node && node.regex ? `/${node.regex.pattern}/${node.regex.flags}` : literal(node.value),
      );
    },
    TemplateElement: (writer, { value }) => {
      writer.mayNameScript(value.cooked);
      return writer.add(JSON.stringify(value.raw));
    },
    ThisExpression: (writer, node) => {
      writer.handsThisOn(node);
      return writer.add("this");
    },
    Super: (writer, node) => {
      if (writer.isOwnThis(node)) writer.usesThis = true;
      return false;
    },
    MetaProperty: (writer, node) => {
      if (node.meta.name === "import") writer.problems.push("import.meta as a whole");
      else if (writer.isOwnThis(node)) writer.usesThis = true;
      return false;
    },
    ImportExpression: (writer, { source }) => {
      writer.imported(source as AnyNode);
      return false;
    },
    ForInStatement: (writer, node) => writer.loop(node),
    ForOfStatement: (writer, node) => writer.loop(node),
    SpreadElement: (writer, { argument }) => writer.reads(argument),
    IfStatement: (writer, { test }) => writer.reads(test),
    ConditionalExpression: (writer, { test }) => writer.reads(test),
    TemplateLiteral: (writer, node) => {
      for (const part of node.expressions) writer.reads(part);
      writer.fields(node);
      for (const part of node.expressions) writer.texts.made(part as AnyNode);
      return true;
    },
    TaggedTemplateExpression: (writer, node) => writer.tagged(node),
    CallExpression: (writer, node) => writer.called(node),
    NewExpression: (writer, node) => {
      const [callee, args] = [node.callee as AnyNode, node.arguments as AnyNode[]];
      if (isGlobal(callee, "Function")) writer.problems.push("new Function(...)");
      else if (isGlobal(callee, "URL")) writer.locates(args);
      writer.fields(node);
      if (callee.type === "Identifier") for (const part of argumentsMadeText(callee, args)) writer.texts.made(part);
      return true;
    },
    MemberExpression: (writer, node) => {
      writer.reads(node.object);
      // `super[name]` may be any member.
      if (node.object.type === "Super" && memberName(node) === undefined) writer.handsThisOn(node.object);
      return writer.member(node, false);
    },
    WithStatement: (writer) => {
      writer.problems.push("with");
      return false;
    },
    AssignmentExpression: (writer, node) => writer.assignment(node),
    AssignmentPattern: (writer, node) => writer.names(node),
    UpdateExpression: (writer, { argument }) => {
      writer.assigns(argument as AnyNode);
      return false;
    },
    UnaryExpression: (writer, { operator, argument }) => {
      writer.reads(argument);
      if (operator === "delete") writer.assigns(argument as AnyNode);
      return operator === "typeof" && writer.typeOf(argument as AnyNode);
    },
    BinaryExpression: (writer, node) => {
      const { operator, left, right } = node;
      writer.reads(left);
      writer.reads(right);
      if (operator === "in" && writer.asksFor(left as AnyNode, right as AnyNode)) return true;
      writer.fields(node);
      if (MAKE_TEXTS.has(operator)) for (const part of [left, right]) writer.texts.made(part as AnyNode);
      return true;
    },
    ExpressionStatement: (writer, node) => {
      if (node.directive !== undefined) writer.add(JSON.stringify(node.directive));
      return false;
    },
    Property: (writer, { shorthand, key }) => {
      // `{ __proto__ }` is a member of that name, and `{ __proto__: __proto__ }` the prototype.
      if (shorthand && propertyName(key as AnyNode) === "__proto__") writer.add("shorthand");
      return false;
    },
    VariableDeclarator: (writer, { id, init }) => !!init && writer.takesMembers(id as AnyNode, init as AnyNode),
    FunctionDeclaration: (writer, node) => {
      if (node.id) writer.onlyCalled.add(node.id);
      return writer.declaration(node);
    },
    ClassDeclaration: (writer, node) => writer.declaration(node),
  };

  private add(text: string): true {
    this.text += text;
    return true;
  }

  /** Notes an expression of which other names can't come to stand for the value. @returns false: it is not written yet. */
  private reads(part: Node): false {
    this.onlyRead.add(part as AnyNode);
    return false;
  }

  /** The name that a declaration has outside is nothing that its code reads. */
  private declaration(node: AnyNode): true {
    return this.fields(node, node === this.root ? "id" : undefined);
  }

  private loop({ left, right }: AnyNode & { type: "ForInStatement" | "ForOfStatement" }): false {
    if (left.type !== "VariableDeclaration") this.assigns(left as AnyNode);
    return this.reads(right);
  }

  private assignment(node: AnyNode & { type: "AssignmentExpression" }): true {
    const { operator, right } = node;
    const left = node.left as AnyNode;
    this.assigns(left);
    // `return (client ??= new Client())`
    if (/^(?:\?\?|\|\||&&)=$/.test(operator)) this.onlyRead.delete(left);
    this.names(node);
    if (operator === "=" && this.sets(left)) {
      this.text += "(= ";
      this.write(right as AnyNode);
      return this.add(")");
    }
    this.fields(node);
    if (operator === "+=") this.texts.made(right as AnyNode);
    return true;
  }

  /** `a = () => 1` names the function, and `(a) = () => 1` does not. */
  private names(node: AnyNode & { type: "AssignmentExpression" | "AssignmentPattern" }): false {
    const [left, right] = [node.left as AnyNode, node.right as AnyNode];
    const variable = left.type === "Identifier" && (isFunction(right) || isClass(right)) ? variableOf(left) : undefined;
    if (variable) this.named.add(variable);
    if (variable && left.start !== node.start) this.text += "parenthesized ";
    return false;
  }

  /** `a.b = ...`, `a.b++`, `delete a.b`, `[a.b] = ...`: whether that can be done decides what happens. */
  private assigns(target: AnyNode): void {
    switch (target.type) {
      case "ArrayPattern":
        for (const part of target.elements) if (part) this.assigns(part as AnyNode);
        return;
      case "ObjectPattern":
        for (const part of target.properties)
          this.assigns((part.type === "Property" ? part.value : part.argument) as AnyNode);
        return;
      case "RestElement":
        this.assigns(target.argument as AnyNode);
        return;
      case "AssignmentPattern":
        this.assigns(target.left as AnyNode);
        return;
      case "Identifier":
        this.onlyRead.add(target);
        break;
      case "MemberExpression": {
        const found = this.wayOf(target);
        this.assignsOwn(target);
        if (found !== undefined) this.references[this.number(found.root, found.path, false)]!.isAssigned = true;
        else if (memberName(target) === undefined && this.wayOf(target.object as AnyNode) !== undefined) {
          this.filled.push(target.object as AnyNode);
          return;
        }
        this.onlyRead.add(target);
        break;
      }
    }
    this.writes.assigned(target);
  }

  /** `this.a.b = ...` */
  private assignsOwn(target: AnyNode & { type: "MemberExpression" }): void {
    const own = this.thisWay(target);
    if (own === undefined) return;
    const to = own.isSuper ? this.supers : this.members;
    to.set(JSON.stringify([own.way, "assigned"]), { path: own.way, isAssigned: true });
  }

  /** `a.b[name] = ...` */
  private fill(object: AnyNode): void {
    const { root, path } = this.wayOf(object)!;
    const number = this.numbers.get(this.keyOf(root, path, false));
    if (number === undefined) this.writes.found.add(ANY_MEMBER);
    else this.references[number]!.isFilled = true;
  }

  /** `typeof process` reads nothing of it. @returns whether it is written. */
  private typeOf(argument: AnyNode): boolean {
    if (argument.type !== "Identifier" || this.wayOf(argument) === undefined) return false;
    this.text += `(typeof @${this.number(argument, [], false, true)})`;
    return true;
  }

  private fields(node: AnyNode, without?: string): true {
    this.text += `(${node.type}`;
    for (const key of attributesOf(node)) {
      const value = (node as unknown as Readonly<Record<string, unknown>>)[key];
      if (value) this.text += ` ${key}:${typeof value === "object" ? (value as Identifier).name : value}`;
    }
    for (const key of childrenOf(node)) {
      const child = childIn(node, key);
      if (child === null || child === undefined || key === without) continue;
      this.text += ` ${key}:`;
      if (Array.isArray(child)) this.list(child as readonly (AnyNode | null)[]);
      else this.write(child as AnyNode);
    }
    return this.add(")");
  }

  private list(nodes: readonly (AnyNode | null)[]): void {
    this.text += "[";
    for (const node of nodes) {
      // What is not there in `[, 1]` is not null.
      if (node !== null) this.write(node);
      this.text += ",";
    }
    this.text += "]";
  }

  private identifier(node: AnyNode & { type: "Identifier" }): true {
    const variable = variableOf(node);
    const assigned = assignedBy(node);
    if (assigned !== undefined && this.isLocal(assigned)) this.text += `${this.local(assigned)}=`;
    if (variable && this.isLocal(variable)) return this.add(this.local(variable));
    if (variable === null) this.writes.read([node.name]);
    return this.add(variable === undefined ? `"${node.name}"` : `@${this.passed(node, node, [])}`);
  }

  /** The number of a value that may go anywhere, unless it is only read. */
  private passed(node: AnyNode, root: AnyNode & { type: "Identifier" }, path: readonly string[]): number {
    const number = this.number(root, path, false);
    if (!this.onlyRead.has(node)) this.references[number]!.isHandedOn = true;
    if (!this.onlyCalled.has(node)) this.references[number]!.hasName = true;
    return number;
  }

  private local(variable: Variable): string {
    let number = this.locals.get(variable);
    if (number === undefined) {
      number = this.locals.size;
      this.locals.set(variable, number);
    }
    // A variable of that name has a value from the beginning.
    return variable.name === "arguments" ? `$${number}"arguments"` : `$${number}`;
  }

  private isLocal({ scope }: Variable): boolean {
    const { block } = scope;
    return block.start >= this.root.start && block.end <= this.root.end;
  }

  /** The number of what a name stands for, with the members that are read of it. */
  private number(
    root: AnyNode & { type: "Identifier" },
    path: readonly string[],
    isCalled: boolean,
    isTypeOf = false,
    keyedBy?: string,
  ): number {
    const variable = variableOf(root);
    const key = this.keyOf(root, path, isCalled, isTypeOf, keyedBy);
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.references.length;
      this.numbers.set(key, number);
      this.references.push({
        name: root.name,
        path,
        isCalled: ifSo(isCalled),
        isTypeOf: ifSo(isTypeOf),
        keyedBy,
        isConstant: ifSo(!!variable && isWrittenOnce(variable)),
        scope: variable && !isWrittenOnce(variable) ? this.sharedScope(variable.scope) : undefined,
        imported: importedName(variable),
        exported: variable ? this.exportedNames(variable) : undefined,
        around: this.enclosing(variable),
      });
    }
    return number;
  }

  private keyOf(
    root: AnyNode & { type: "Identifier" },
    path: readonly string[],
    isCalled: boolean,
    isTypeOf = false,
    keyedBy?: string,
  ): string {
    const block = variableOf(root)?.scope.block;
    return JSON.stringify([root.name, path, isCalled, isTypeOf, keyedBy, block?.start, block?.end]);
  }

  private exportedNames(variable: Variable): string | undefined {
    const isLive = variable.scope.block.type === "Program" && !isWrittenOnce(variable);
    return isLive ? this.script.exportedNames(variable.name) : undefined;
  }

  private sharedScope({ block, around, variables }: Scope): Reference["scope"] {
    // There is one of a function that is called where it is written, at the script's top.
    const isOnce = around?.block.type === "Program" && this.script.areCalled.has(block);
    if (block.type === "Program" || isOnce) return undefined;
    return { at: block.start, made: [...variables.values()].filter(isNewEachTime).map(({ name }) => name) };
  }

  private enclosing(variable: Variable | null | undefined): Form | undefined {
    return variable?.scope.isOwnName ? this.script.formOf(variable.scope.block as FunctionNode) : undefined;
  }

  /** `a.b["c"]` of a name that is declared outside. */
  private wayOf(node: AnyNode): OutsideWay | undefined {
    const root = chainRoot(node);
    if (root.type !== "Identifier") return undefined;
    const variable = variableOf(root);
    if (variable === undefined || (variable !== null && this.isLocal(variable))) return undefined;
    const path = memberPath(node);
    return path === undefined || path.some((name) => name.startsWith("#")) ? undefined : { root, path };
  }

  /** @returns whether it is written. */
  private member(node: AnyNode & { type: "MemberExpression" }, isCalled: boolean): boolean {
    if (isImportMeta(node.object as AnyNode)) {
      const name = memberName(node);
      if (name === undefined) return false;
      this.text += `(import.meta ${JSON.stringify(name)})`;
      this.ofImportMeta(name);
      return true;
    }
    const own = this.thisWay(node);
    if (own !== undefined) {
      const { way, isSuper } = own;
      const key = JSON.stringify([way, isCalled]);
      (isSuper ? this.supers : this.members).set(key, { path: way, isCalled: ifSo(isCalled) });
      this.text += `(${isSuper ? "super" : "this"} ${JSON.stringify(way)}${optionalMembers(node)})`;
      return true;
    }
    const found = this.wayOf(node);
    if (!isCalled && node !== this.callee)
      this.writes.read(found === undefined ? ["", memberName(node) ?? ""] : [found.root.name, ...found.path]);
    if (found === undefined) return this.keyed(node);
    const number = isCalled ? this.number(found.root, found.path, true) : this.passed(node, found.root, found.path);
    this.text += `@${number}${JSON.stringify(found.path)}${optionalMembers(node)}`;
    return true;
  }

  /** `import.meta.url`: V8 does not show what else loaders put there. */
  private ofImportMeta(name: string): void {
    if (OWN_PATH.has(name)) this.readsOwnPath = true;
    else if (name !== "main") this.problems.push(`import.meta.${name}`);
  }

  /** `process.env[NAME]` @returns whether it is written. */
  private keyed(node: AnyNode & { type: "MemberExpression" }): boolean {
    const { object, property, computed } = node;
    const found = computed ? this.wayOf(object as AnyNode) : undefined;
    const variable = found && keyVariable(this.wayOf(property as AnyNode));
    if (variable === undefined) return false;
    this.text += `@${this.number(found!.root, found!.path, false, false, variable.name)}${optionalMembers(node)}[`;
    this.write(property as AnyNode);
    this.text += "]";
    return true;
  }

  /** `this.a.b` of the function's own `this`. */
  private thisWay(node: AnyNode): { way: readonly string[]; isSuper: boolean } | undefined {
    const root = chainRoot(node);
    if ((root.type !== "ThisExpression" && root.type !== "Super") || root === node || !this.isOwnThis(root))
      return undefined;
    const way = memberPath(node);
    if (way === undefined) return undefined;
    this.usesThis = true;
    return { way, isSuper: root.type === "Super" };
  }

  /** True while `this` is that of the function, and not of a nested function that is no arrow. */
  private isOwnThis(node: Node): boolean {
    return this.script.holderOf(node) === this.script.holderOf(this.root, true);
  }

  private handsThisOn(node: Node): void {
    if (!this.isOwnThis(node)) return;
    this.usesThis = true;
    this.handsOn = true;
  }

  /** `this.a = ...` reads nothing. @returns whether the left side is written. */
  private sets(left: AnyNode): boolean {
    if (left.type !== "MemberExpression" || left.object.type !== "ThisExpression" || left.computed) return false;
    this.usesThis ||= this.isOwnThis(left.object);
    this.text += `(this.${JSON.stringify(memberName(left))})`;
    return true;
  }

  /** `const { a, b } = this`, `const { env: { SCALE } } = process` @returns whether it is written. */
  private takesMembers(pattern: AnyNode, init: AnyNode): boolean {
    const ways = waysInto(pattern);
    // `const {} = a` is an error of a that is null.
    if (ways === undefined || ways.length === 0) return false;
    for (const way of ways) this.writes.read(["", ...way]);
    if (init.type === "ThisExpression") {
      if (!this.isOwnThis(init)) return false;
      this.usesThis = true;
      for (const way of ways) this.members.set(JSON.stringify([way, false]), { path: way });
      this.text += "(takes this ";
    } else if (isImportMeta(init)) {
      this.text += "(takes import.meta ";
      for (const [name] of ways) this.ofImportMeta(name!);
    } else {
      const found = this.wayOf(init);
      if (found === undefined) return false;
      this.text += `(takes ${optionalMembers(init)}`;
      for (const way of ways) {
        this.writes.read([found.root.name, ...found.path, ...way]);
        this.text += `@${this.passed(init, found.root, [...found.path, ...way])}`;
      }
    }
    this.write(pattern);
    this.text += ")";
    return true;
  }

  /** `"SCALE" in process.env` @returns whether it is written. */
  private asksFor(key: AnyNode, object: AnyNode): boolean {
    const name = literalText(key);
    const found = name === undefined ? undefined : this.wayOf(object);
    if (found === undefined) return false;
    const number = this.number(found.root, [...found.path, name!], false);
    this.text += `(in @${number} ${JSON.stringify(name)}${optionalMembers(object)})`;
    return true;
  }

  private called(node: AnyNode & { type: "CallExpression" }): true {
    const callee = node.callee as AnyNode;
    const args = node.arguments as AnyNode[];
    const way = this.wayOf(callee);
    if (way !== undefined && variableOf(way.root) === null && isReadWhole(way))
      for (const part of args) this.reads(part);
    // An object of the program's own may have a method of that name.
    const isOwn = way !== undefined && variableOf(way.root) !== null;
    if (!isOwn && callsArguments(callee)) for (const part of args) this.onlyCalled.add(part);
    this.writes.called(callee, args, way);
    this.callee = callee;
    if (!this.call(node, callee, args, way)) this.fields(node);
    for (const part of argumentsMadeText(callee, args)) this.texts.made(part);
    return true;
  }

  /** `o.f`...``: a call, with `o` as its `this`. */
  private tagged(node: AnyNode & { type: "TaggedTemplateExpression" }): boolean {
    const [callee, quasi] = [node.tag as AnyNode, node.quasi as AnyNode & { type: "TemplateLiteral" }];
    const way = this.wayOf(callee);
    this.onlyCalled.add(callee);
    this.writes.called(callee, [quasi], way);
    if (way === undefined && this.thisWay(callee) === undefined) return false;
    this.text += "(tag ";
    this.callable(callee, way, null);
    // Its parts are no text yet.
    this.fields(quasi);
    return this.add(")");
  }

  /** Writes a callee, with the object that it is called on. */
  private callable(callee: AnyNode, way: OutsideWay | undefined, firstArgument: string | null): void {
    if (way === undefined) {
      this.member(callee as AnyNode & { type: "MemberExpression" }, true);
      return;
    }
    const number = this.number(way.root, way.path, true);
    const reference = this.references[number]!;
    reference.firstArguments = [...(reference.firstArguments ?? []), firstArgument];
    this.text += `@${number}${JSON.stringify(way.path)}${optionalMembers(callee)}`;
  }

  /** @returns whether it is written. */
  private call(
    { optional }: AnyNode & { type: "CallExpression" },
    callee: AnyNode,
    args: readonly AnyNode[],
    way: OutsideWay | undefined,
  ): boolean {
    if (isGlobal(callee, "eval")) this.problems.push("eval(...)");
    else if (isGlobal(callee, "Function")) this.problems.push("Function(...)");
    // What esbuild puts around functions to keep their names.
    else if (
      callee.type === "Identifier" &&
      callee.name === "__name" &&
      args.length === 2 &&
      literalText(args[1]!) !== undefined
    ) {
      this.write(args[0]!);
      if (this.asksNames()) this.text += JSON.stringify(literalText(args[1]!));
      return true;
    }
    if (this.sharesIts(callee, args, optional)) return true;
    if (way === undefined && this.thisWay(callee) === undefined) return false;
    this.text += "(call ";
    this.callable(callee, way, (args[0] && literalText(args[0])) ?? null);
    if (optional) this.text += "?(";
    this.list(args);
    return this.add(")");
  }

  /** `f.call(this, ...)` */
  private sharesIts(callee: AnyNode, args: readonly AnyNode[], isOptional: boolean): boolean {
    if (callee.type !== "MemberExpression" || callee.computed || args[0]?.type !== "ThisExpression") return false;
    const method = (callee.property as { name?: string }).name;
    const found = method === "call" || method === "apply" ? this.wayOf(callee.object as AnyNode) : undefined;
    if (found === undefined || !this.isOwnThis(args[0])) return false;
    this.usesThis = true;
    const number = this.number(found.root, found.path, false);
    this.sharesThis.push(number);
    this.text += `(${method} @${number}${optionalMembers(callee)}${isOptional ? "?(" : ""} this `;
    this.list(args.slice(1));
    this.text += ")";
    return true;
  }

  /** A computed name of a field was made with the class: what it was made of may be something else now. */
  namesField(key: AnyNode): void {
    if (literalText(key) !== undefined || key.type === "Literal") return;
    const { root, path } = this.wayOf(key) ?? {};
    const variable = root && variableOf(root);
    if (variable === null && root!.name === "Symbol") return;
    if (!variable || path!.length > 0 || !isWrittenOnce(variable)) this.problems.push("a field of a computed name");
    else this.references[this.number(root!, [], false)]!.namesField = true;
  }

  /** `new URL("./worker.js", import.meta.url)` */
  private locates([specifier, base]: readonly AnyNode[]): void {
    const file = specifier && literalText(specifier);
    const isOwn = base?.type === "MemberExpression" && isImportMeta(base.object as AnyNode);
    if (file !== undefined && isOwn && /^\.{1,2}\/.*\.[mc]?[jt]s$/.test(file)) this.imports.push(file);
  }

  private mayNameScript(text: unknown): void {
    if (isScriptName(text)) this.scripts.push(text);
  }

  private imported(source: AnyNode | undefined): void {
    const specifier = source && literalText(source);
    if (specifier === undefined) this.problems.push("an import of a computed name");
    else this.imports.push(specifier);
  }
}

function unlessEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function ifSo(is: boolean): true | undefined {
  return is ? true : undefined;
}

/** The constant that the name of a member is in. */
function keyVariable(key: OutsideWay | undefined): Variable | undefined {
  const variable = key?.path.length === 0 ? variableOf(key.root) : undefined;
  const isConstant = !!variable && variable.declarations[0]?.kind !== "import" && isWrittenOnce(variable);
  return isConstant ? variable : undefined;
}

/** Operators that make texts of functions. */
const MAKE_TEXTS: ReadonlySet<string> = new Set(["+", "==", "!=", "<", ">", "<=", ">="]);

const NEW_OBJECTS = new Set([
  ...["FunctionExpression", "ArrowFunctionExpression", "ClassExpression"],
  ...["ObjectExpression", "ArrayExpression", "NewExpression"],
]);

/** The name of an imported variable in the module that it is imported from, and that module. */
function importedName(variable: Variable | null | undefined): string | undefined {
  const declared = variable?.declarations[0]?.node as AnyNode | undefined;
  if (declared?.type !== "ImportDeclaration") return undefined;
  const specifier = declared.specifiers.find(({ local }) => local.name === variable!.name)!;
  const names = { ImportDefaultSpecifier: "default", ImportNamespaceSpecifier: "*" };
  const name =
    specifier.type === "ImportSpecifier" ? propertyName(specifier.imported as AnyNode) : names[specifier.type];
  return JSON.stringify([name, declared.source.value]);
}

/** True if a variable has another object in each scope of its kind. */
function isNewEachTime(variable: Variable): boolean {
  if (!isWrittenOnce(variable)) return false;
  const [{ node, kind }] = variable.declarations as [Variable["declarations"][number]];
  if (kind === "function" || kind === "class") return true;
  return node.type === "VariableDeclarator" && NEW_OBJECTS.has((node as VariableDeclarator).init?.type ?? "");
}

function isNamed(declared: AnyNode): boolean {
  const node = declared.type === "VariableDeclarator" ? declared.init : declared;
  if (node?.type === "CallExpression" && node.callee.type === "Identifier") return node.callee.name === "__name";
  return !!node && (isFunction(node) || isClass(node));
}

function literal(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  // 1e400 has no JSON.
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}
