import type { AnyNode, ObjectPattern } from "acorn";
import { type Variable, variableOf } from "./scopes.js";
import { isClass, isFunction, memberName, type OutsideWay, propertyName } from "./syntax.js";

interface Code {
  wayOf(node: AnyNode): OutsideWay | undefined;
  isLocal(variable: Variable): boolean;
  /** A function from outside is made a text, if it is at the end of this way. */
  noteText(way: OutsideWay): void;
  /** So is a function of its own. */
  addText(node: AnyNode): void;
}

/** Finds the functions that some code makes texts of: of those counts what is written. */
export class FormTexts {
  /** The local variables that have been looked at. */
  private readonly variables = new Set<Variable>();

  constructor(private readonly code: Code) {}

  /** Takes an expression that is made a text: of a list or a choice, its parts. */
  made(node: AnyNode): void {
    switch (node.type) {
      case "ArrayExpression":
        for (const element of node.elements) if (element) this.made(element as AnyNode);
        return;
      case "SpreadElement":
        this.made(node.argument as AnyNode);
        return;
      case "ConditionalExpression":
        this.made(node.consequent as AnyNode);
        this.made(node.alternate as AnyNode);
        return;
      case "LogicalExpression":
        this.made(node.left as AnyNode);
        this.made(node.right as AnyNode);
        return;
      case "SequenceExpression":
        this.made(node.expressions.at(-1) as AnyNode);
        return;
      case "Identifier": {
        const variable = variableOf(node);
        if (variable && this.code.isLocal(variable)) this.madeOf(variable);
        else this.madeOfOuter(node);
        return;
      }
      case "MemberExpression": {
        const own = calleeOf(node);
        if (own !== undefined) this.code.addText(own);
        else this.madeOfOuter(node);
        return;
      }
      default:
        if (isFunction(node) || isClass(node)) this.code.addText(node as AnyNode);
        else this.madeOfOuter(node);
    }
  }

  private madeOfOuter(node: AnyNode): void {
    const { wayOf } = this.code;
    // Of `list[0]`, the texts of all that the list has.
    const found = wayOf(node) ?? (node.type === "MemberExpression" ? wayOf(node.object as AnyNode) : undefined);
    if (found !== undefined) this.code.noteText(found);
  }

  /** Of a local variable: what it is declared with. */
  private madeOf(variable: Variable): void {
    if (this.variables.has(variable)) return;
    this.variables.add(variable);
    for (const { node } of variable.declarations as readonly { readonly node: AnyNode }[]) {
      if (isFunction(node) || isClass(node)) this.made(node as AnyNode);
      if (node.type !== "VariableDeclarator" || !node.init) continue;
      if (node.id.type === "Identifier") this.made(node.init as AnyNode);
      else if (node.id.type === "ObjectPattern") this.madeIn(variable, node.id, node.init as AnyNode);
    }
  }

  /** `const { a } = b` */
  private madeIn(variable: Variable, { properties }: ObjectPattern, init: AnyNode): void {
    const found = this.code.wayOf(init);
    if (found === undefined) return;
    for (const property of properties) {
      if (property.type !== "Property" || property.computed || property.value.type !== "Identifier") continue;
      if (variableOf(property.value) === variable)
        this.code.noteText({ root: found.root, path: [...found.path, propertyName(property.key as AnyNode)] });
    }
  }
}

/** The function that `arguments.callee` is. */
function calleeOf(node: AnyNode & { type: "MemberExpression" }): AnyNode | undefined {
  const { object } = node;
  if (object.type !== "Identifier" || object.name !== "arguments" || memberName(node) !== "callee") return undefined;
  const block = variableOf(object)?.scope.block as AnyNode | undefined;
  return block && isFunction(block) ? block : undefined;
}
