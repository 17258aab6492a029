import type { AnyNode, VariableDeclarator } from "acorn";
import { isWrittenOnce, type Variable, variableOf } from "./scopes.js";
import { memberName, type OutsideWay } from "./syntax.js";

/** Methods of the language, and of Node, that change what they are called on. */
const CHANGE =
  /^(?:set|add|append|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin|write|exec$|test$|next$)/;
/** The same where they are only read: not `settings`, or `address`. */
const CHANGE_READ =
  /^(?:set(?:[A-Z]\w*)?|add|append|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin|write(?:[A-Z]\w*)?|exec|test|next)$/;
/** Methods that return something new. */
const MAKE = new Set([
  ...["map", "filter", "slice", "concat", "flat", "flatMap", "split", "keys", "values", "entries", "from", "of"],
  ...["fromEntries", "toSorted", "toReversed", "toSpliced", "with", "match", "matchAll"],
]);
/** Functions of the language that change their first argument. */
const CHANGE_FIRST = new Set([
  ...["assign", "defineProperty", "defineProperties", "setPrototypeOf"].map((name) => `Object.${name}`),
  ...["set", "defineProperty", "deleteProperty", "setPrototypeOf"].map((name) => `Reflect.${name}`),
  ...["add", "and", "compareExchange", "exchange", "or", "store", "sub", "xor"].map((name) => `Atomics.${name}`),
  "Error.captureStackTrace",
]);
/** The objects that have them. */
const HAVE_CHANGES: ReadonlySet<string> = new Set([...CHANGE_FIRST].map((name) => name.slice(0, name.indexOf("."))));
/** Accessors and methods that change which members an object has. */
const CHANGE_OBJECT = /^__(?:proto|defineGetter|defineSetter)__$/;
/** Methods of texts that note in a regular expression where they are. */
const SEARCH = new Set(["match", "matchAll", "replace", "replaceAll", "search", "split"]);
/** Methods by which a function is called. */
export const CALL: ReadonlySet<string> = new Set(["call", "apply", "bind"]);

/** Any member, in the place of a name. */
export const ANY_MEMBER = "[]";
/** The content of a list, a Map and the like. */
export const CONTENT = "()";
/** The prefix of the names of variables that functions of packages see. */
export const CLOSED = "variable ";
/** The prefix of the names of private members that compilers keep in WeakMaps. */
export const WEAK = "weak ";
/** Before something that may be written, if code has a function of the language by another name. */
export const POSSIBLY = "?";

interface Names {
  wayOf(node: AnyNode): OutsideWay | undefined;
  isLocal(variable: Variable): boolean;
}

/** The things that may be written by who has a member, or an object of the language, under another name. */
export function writtenByAlias(names: readonly string[]): string[] {
  const last = names.at(-1)!;
  const isChange = names.length === 1 ? HAVE_CHANGES.has(last) : CHANGE_FIRST.has(names.slice(-2).join("."));
  const found = isChange || CHANGE_OBJECT.test(last) ? [ANY_MEMBER] : [];
  return names.length > 1 && CHANGE_READ.test(last) ? [...found, CONTENT] : found;
}

/** Collects what some code may write: variables from outside, as `=name`, and members of objects that it has no name for, as `.name`. */
export class FormWrites {
  readonly found = new Set<string>();

  constructor(private readonly names: Names) {}

  /**
   * Takes a member, or a name from outside, that is read and not called: a method that changes something may be called by another
   * name, `const { assign } = Object`, `push.call(list)`.
   */
  read(names: readonly string[]): void {
    for (const name of writtenByAlias(names)) this.possibly(name);
  }

  private possibly(name: string): void {
    this.found.add(`${POSSIBLY}${name}`);
  }

  /** Takes what is assigned, or deleted, unless it is a member of something that has a name outside. */
  assigned(target: AnyNode): void {
    if (target.type === "Identifier") {
      const variable = variableOf(target);
      if (variable === null || (variable !== undefined && !this.names.isLocal(variable)))
        this.found.add(`=${target.name}`);
    } else if (target.type === "MemberExpression" && this.names.wayOf(target) === undefined) {
      const key = memberName(target);
      if (this.isNew(target.object as AnyNode)) return;
      this.found.add(key === undefined ? ANY_MEMBER : `.${key}`);
      if (key !== undefined && CHANGE_OBJECT.test(key)) this.possibly(ANY_MEMBER);
    }
  }

  /** @param way that of the callee, if it has a name outside. */
  called(callee: AnyNode, [first]: readonly AnyNode[], way: OutsideWay | undefined): void {
    if (callee.type !== "MemberExpression") return;
    const name = memberName(callee);
    if (name !== undefined) this.calledBy(name, callee.object as AnyNode, first, way);
    if (way === undefined) {
      if ((name === undefined || CHANGE.test(name)) && !this.isNew(callee.object as AnyNode)) this.found.add(CONTENT);
      return;
    }
    if (/\.prototype\.\w+\.(?:call|apply)$/.test(`${way.root.name}.${way.path.join(".")}`)) this.found.add(CONTENT);
    if (this.isNewArgument(first)) return;
    if (CHANGE_FIRST.has(`${way.root.name}.${way.path.join(".")}`)) this.found.add(ANY_MEMBER);
    else if (CHANGE_FIRST.has(way.path.slice(-2).join("."))) this.possibly(ANY_MEMBER);
  }

  private calledBy(name: string, object: AnyNode, first: AnyNode | undefined, way: OutsideWay | undefined): void {
    if (CHANGE_OBJECT.test(name)) this.possibly(ANY_MEMBER);
    else if (SEARCH.has(name) && !this.isNewArgument(first)) this.possibly(".lastIndex");
    else if (CALL.has(name)) {
      if (way !== undefined) this.read([way.root.name, ...way.path.slice(0, -1)]);
      else if (object.type === "MemberExpression") {
        const method = memberName(object);
        if (method === undefined) this.possibly(CONTENT);
        else this.read(["", method]);
      }
    }
  }

  private isNewArgument(argument: AnyNode | undefined): boolean {
    return argument === undefined || argument.type === "Literal" || this.isNew(argument);
  }

  /** True for an object that nothing else leads to: it was made here. */
  private isNew(node: AnyNode): boolean {
    switch (node.type) {
      case "ArrayExpression":
      case "ObjectExpression":
      case "NewExpression":
        return true;
      case "CallExpression":
        return node.callee.type === "MemberExpression" && MAKE.has(memberName(node.callee)!);
      case "Identifier": {
        const variable = variableOf(node);
        if (!variable || !this.names.isLocal(variable) || !isWrittenOnce(variable)) return false;
        const declared = variable.declarations[0]!.node as VariableDeclarator;
        if (declared.type !== "VariableDeclarator" || declared.id.type !== "Identifier") return false;
        return !!declared.init && this.isNew(declared.init as AnyNode);
      }
      default:
        return false;
    }
  }
}
