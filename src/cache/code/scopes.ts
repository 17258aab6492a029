import type { AnyNode, Class, Function as FunctionNode, Identifier, Node, Pattern, Program } from "acorn";
import { eachChild, isFunction } from "./syntax.js";

/** A place in which variables are declared. */
export interface Scope {
  /** The function, block, class or program whose variables these are. */
  readonly block: Node;
  /** Of a function expression, the scope that has its own name and nothing else. */
  readonly isOwnName: boolean;
  /** True where `var` declares its variables. */
  readonly takesVars: boolean;
  readonly around: Scope | undefined;
  readonly variables: Map<string, Variable>;
}

export interface Variable {
  readonly name: string;
  readonly scope: Scope;
  /** Each declaration: the function, the class, the declarator, the import; undefined for a parameter and the like. */
  readonly declarations: { readonly at: number; readonly node: Node; readonly kind: Kind }[];
  /** The number of writes, and the number of those in its declaration. */
  writes: number;
  initialisations: number;
}

type Kind = "variable" | "function" | "class" | "import" | "parameter" | "other";

/** An identifier of which it is noted what it stands for: a Map of all of them would take longer than the walk. */
interface Noted extends Identifier {
  /** Null: the script declares it nowhere. Undefined: it is no reference, as the name of a member. */
  variable?: Variable | null;
  /** The variable that it assigns, if it declares another one: `catch (a) { var a = 1; }`. */
  assigned?: Variable;
}

/** The variable that a declaration assigns, if that is another one than it declares. */
export function assignedBy(identifier: Identifier): Variable | undefined {
  return (identifier as Noted).assigned;
}

/** @returns the variable of an identifier; null for a global one, undefined if it is no reference and no declaration. */
export function variableOf(identifier: Identifier): Variable | null | undefined {
  return (identifier as Noted).variable;
}

/** True for a name that the script declares nowhere. */
export function isGlobal(node: AnyNode, name: string): boolean {
  return node.type === "Identifier" && node.name === name && variableOf(node) === null;
}

interface Reference {
  readonly identifier: Noted;
  readonly scope: Scope;
  readonly writes: boolean;
  readonly initialises: boolean;
}

/**
 * Resolves each name in a script's text, in one walk: `variableOf` returns the result.
 *
 * @returns the scope of what is at the script's top.
 */
export function resolveNames(program: Program): Scope {
  return new ScopeWalk(program).all();
}

class ScopeWalk {
  private readonly references: Reference[] = [];
  /** Functions that are declared in blocks of scripts, which assign a variable of their name around them, too. */
  private readonly inBlocks: [Noted, Scope][] = [];
  private scope: Scope;

  constructor(private readonly program: Program) {
    this.scope = scopeOf(program, undefined, true);
    // CommonJS is the body of a function.
    if (program.sourceType === "script") this.variableOf("arguments", this.scope);
  }

  all(): Scope {
    for (const statement of this.program.body) this.walk(statement as AnyNode);
    for (const reference of this.references) {
      const variable = this.resolved(reference);
      reference.identifier.variable ??= variable ?? null;
      if (variable === undefined) continue;
      if (reference.writes && reference.identifier.variable !== variable) reference.identifier.assigned = variable;
      if (reference.writes) variable.writes++;
      if (reference.initialises) variable.initialisations++;
    }
    for (const [name, { around }] of this.inBlocks) {
      const outer = around && this.resolved({ identifier: name, scope: around, writes: true, initialises: false });
      if (outer !== undefined) name.assigned = outer;
    }
    return this.scope;
  }

  private resolved({ identifier, scope }: Reference): Variable | undefined {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.around) {
      const variable = at.variables.get(identifier.name);
      if (variable !== undefined && !isBeyond(identifier, variable, at)) return variable;
    }
    return undefined;
  }

  private inside(block: Node, work: () => void, takesVars = false, isOwnName = false): void {
    const around = this.scope;
    this.scope = scopeOf(block, around, takesVars, isOwnName);
    work();
    this.scope = around;
  }

  private readonly walk = (node: AnyNode): void => {
    switch (node.type) {
      case "Identifier":
        this.refer(node);
        return;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        this.function(node);
        return;
      case "ClassDeclaration":
      case "ClassExpression":
        this.class(node);
        return;
      case "VariableDeclaration":
        for (const declarator of node.declarations) {
          this.declarePattern(declarator.id, node.kind === "var", "variable", !!declarator.init, declarator);
          if (declarator.init) this.walk(declarator.init as AnyNode);
        }
        return;
      case "BlockStatement":
      case "SwitchStatement":
        this.block(node);
        return;
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement":
        this.loop(node);
        return;
      case "CatchClause":
        this.inside(node, () => {
          if (node.param) this.declarePattern(node.param, false, "parameter", false);
          this.walk(node.body as AnyNode);
        });
        return;
      case "StaticBlock":
        this.inside(node, () => eachChild(node, this.walk), true);
        return;
      case "MemberExpression":
        this.walk(node.object as AnyNode);
        if (node.computed) this.walk(node.property as AnyNode);
        return;
      case "Property":
        if (node.computed) this.walk(node.key as AnyNode);
        this.walk(node.value as AnyNode);
        return;
      case "AssignmentExpression":
        if (node.left.type === "MemberExpression") this.walk(node.left as AnyNode);
        else this.assign(node.left as Pattern, false);
        this.walk(node.right as AnyNode);
        return;
      case "UpdateExpression":
        if (node.argument.type === "Identifier") this.refer(node.argument, true);
        else this.walk(node.argument as AnyNode);
        return;
      case "ImportDeclaration":
        for (const specifier of node.specifiers) this.declare(specifier.local, node, "import", false);
        return;
      case "ExportNamedDeclaration":
        // `export { a } from` names nothing here.
        if (node.source) return;
        break;
      case "ExportSpecifier":
        if (node.local.type === "Identifier") this.refer(node.local);
        return;
      case "LabeledStatement":
        this.walk(node.body as AnyNode);
        return;
    }
    eachChild(node, this.walk);
  };

  private block(node: AnyNode): void {
    this.inside(node, () => eachChild(node, this.walk));
  }

  private loop(node: AnyNode & { type: "ForStatement" | "ForInStatement" | "ForOfStatement" }): void {
    this.inside(node, () => {
      if (node.type === "ForStatement") {
        eachChild(node, this.walk);
        return;
      }
      const { left } = node;
      if (left.type === "VariableDeclaration") {
        this.declarePattern(left.declarations[0]!.id, left.kind === "var", "variable", true);
        // A variable of `var` is one for all turns.
        if (left.kind === "var") this.assign(left.declarations[0]!.id, false);
      } else if (left.type === "MemberExpression") this.walk(left as AnyNode);
      else this.assign(left, false);
      this.walk(node.right as AnyNode);
      this.walk(node.body as AnyNode);
    });
  }

  private function(node: FunctionNode): void {
    const inner = () =>
      this.inside(
        node,
        () => {
          if (node.type !== "ArrowFunctionExpression") this.variableOf("arguments", this.scope);
          for (const parameter of node.params) this.declarePattern(parameter, false, "parameter", false);
          // What is declared at the top of the body is declared beside the parameters.
          if (node.body.type === "BlockStatement")
            for (const statement of node.body.body) this.walk(statement as AnyNode);
          else this.walk(node.body as AnyNode);
        },
        true,
      );
    if (node.type === "FunctionDeclaration" && node.id) {
      this.declare(node.id, node, "function", false);
      if (!this.scope.takesVars && this.program.sourceType === "script") this.inBlocks.push([node.id, this.scope]);
    }
    if (node.type !== "FunctionExpression" || !node.id) {
      inner();
      return;
    }
    const name = node.id;
    this.inside(
      node,
      () => {
        this.declare(name, node, "function", false);
        inner();
      },
      false,
      true,
    );
  }

  private class(node: Class): void {
    if (node.type === "ClassDeclaration" && node.id) this.declare(node.id, node, "class", false);
    this.inside(node, () => {
      if (node.id) this.declare(node.id, node, "class", false);
      if (node.superClass) this.walk(node.superClass as AnyNode);
      for (const member of node.body.body) {
        if (member.type === "StaticBlock") {
          this.walk(member as AnyNode);
          continue;
        }
        if (member.computed) this.walk(member.key as AnyNode);
        if (!member.value) continue;
        if (member.type === "PropertyDefinition")
          this.inside(member.value, () => this.walk(member.value as AnyNode), true);
        else this.walk(member.value as AnyNode);
      }
    });
  }

  /** Names of a pattern that it declares; the rest of it is read. */
  private declarePattern(
    pattern: Pattern,
    isVar: boolean,
    kind: Kind,
    initialises: boolean,
    node: Node = pattern,
  ): void {
    this.eachName(pattern, (name, hasDefault) => {
      this.declare(name, node, kind, isVar);
      if (initialises || hasDefault) this.refer(name, true, true);
    });
  }

  private assign(pattern: Pattern, initialises: boolean): void {
    this.eachName(pattern, (name) => this.refer(name, true, initialises));
  }

  private eachName(pattern: Pattern, found: (name: Identifier, hasDefault: boolean) => void, hasDefault = false): void {
    switch (pattern.type) {
      case "Identifier":
        found(pattern, hasDefault);
        return;
      case "ObjectPattern":
        for (const property of pattern.properties) {
          if (property.type === "RestElement") this.eachName(property.argument, found, hasDefault);
          else {
            if (property.computed) this.walk(property.key as AnyNode);
            this.eachName(property.value, found, hasDefault);
          }
        }
        return;
      case "ArrayPattern":
        for (const element of pattern.elements) if (element) this.eachName(element, found, hasDefault);
        return;
      case "RestElement":
        this.eachName(pattern.argument, found, hasDefault);
        return;
      case "AssignmentPattern":
        this.eachName(pattern.left, found, true);
        this.walk(pattern.right as AnyNode);
        return;
      default:
        // A member that is assigned.
        this.walk(pattern as AnyNode);
    }
  }

  private declare(identifier: Identifier, node: Node, kind: Kind, isVar: boolean): void {
    let { scope } = this;
    while (isVar && !scope.takesVars) scope = scope.around!;
    const variable = this.variableOf(identifier.name, scope);
    variable.declarations.push({ at: identifier.start, node, kind });
    // A class's name is declared around it and, once more, inside it: the outer one counts, which comes first.
    (identifier as Noted).variable ??= variable;
  }

  private variableOf(name: string, scope: Scope): Variable {
    let variable = scope.variables.get(name);
    if (variable === undefined) {
      variable = { name, scope, declarations: [], writes: 0, initialisations: 0 };
      scope.variables.set(name, variable);
    }
    return variable;
  }

  private refer(identifier: Identifier, writes = false, initialises = false): void {
    this.references.push({ identifier, scope: this.scope, writes, initialises });
  }
}

function scopeOf(block: Node, around: Scope | undefined, takesVars: boolean, isOwnName = false): Scope {
  return { block, isOwnName, takesVars, around, variables: new Map() };
}

/** The defaults of parameters can't see the variables of the function's body. */
function isBeyond(identifier: Identifier, { declarations }: Variable, { block, isOwnName }: Scope): boolean {
  if (isOwnName || !isFunction(block) || identifier.start >= block.body.start) return false;
  return declarations.length > 0 && declarations.every(({ at }) => at >= block.body.start);
}

/** @returns true for a variable that keeps its first value for ever. */
export function isWrittenOnce({ declarations, writes, initialisations }: Variable): boolean {
  if (declarations.length !== 1) return false;
  return writes <= 1 && writes === initialisations;
}
