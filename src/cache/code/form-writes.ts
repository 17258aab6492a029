import type { AnyNode, VariableDeclarator } from "acorn";
import { isWrittenOnce, type Variable, variableOf } from "./scopes.js";
import { memberName } from "./syntax.js";

/** Methods of the language, and of Node, that change what they are called on. */
const CHANGE =
  /^(?:set|add|append|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin|write|exec$|test$|next$)/;
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
]);

/** Any member, in the place of a name. */
export const ANY_MEMBER = "[]";
/** The content of a list, a Map and the like. */
export const CONTENT = "()";

interface NamedWay {
  readonly root: { readonly name: string };
  readonly path: readonly string[];
}

interface Names {
  wayOf(node: AnyNode): NamedWay | undefined;
  isLocal(variable: Variable): boolean;
}

/** Collects what some code may write: variables from outside, as `=name`, and members of objects that it has no name for, as `.name`. */
export class FormWrites {
  readonly found = new Set<string>();

  constructor(private readonly names: Names) {}

  /** Takes what is assigned, or deleted, unless it is a member of something that has a name outside. */
  assigned(target: AnyNode): void {
    if (target.type === "Identifier") {
      const variable = variableOf(target);
      if (variable === null || (variable !== undefined && !this.names.isLocal(variable)))
        this.found.add(`=${target.name}`);
    } else if (target.type === "MemberExpression" && this.names.wayOf(target) === undefined) {
      const key = memberName(target);
      if (!this.isNew(target.object as AnyNode)) this.found.add(key === undefined ? ANY_MEMBER : `.${key}`);
    }
  }

  /** @param way that of the callee, if it has a name outside. */
  called(callee: AnyNode, [first]: readonly AnyNode[], way: NamedWay | undefined): void {
    if (callee.type !== "MemberExpression") return;
    if (way !== undefined) {
      const name = `${way.root.name}.${way.path.join(".")}`;
      if (CHANGE_FIRST.has(name) && first !== undefined && !this.isNew(first)) this.found.add(ANY_MEMBER);
      if (/\.prototype\.\w+\.(?:call|apply)$/.test(name)) this.found.add(CONTENT);
      return;
    }
    const name = memberName(callee);
    if ((name === undefined || CHANGE.test(name)) && !this.isNew(callee.object as AnyNode)) this.found.add(CONTENT);
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
