import path from "node:path";
import ts from "typescript";

/** One text that the program may print: part of an error, a warning, or of the command's help. */
export interface MessageText {
  /** Path of the file, from the project's folder. */
  readonly file: string;
  readonly line: number;
  /** The part of a message that the text is: `problem`, `advice`, `warning`, `error`, `output` or `help`. */
  readonly kind: string;
  /** The text; expressions in it are shown as `‹expression›`. */
  readonly text: string;
}

/** Properties whose texts are printed as parts of an error. */
const PROPERTIES = new Set(["problem", "advice", "takes"]);
/** Methods whose first argument is printed, by the text of the call. */
const PRINTS: Readonly<Record<string, string>> = {
  "process.emitWarning": "warning",
  "console.error": "output",
  "console.warn": "warning",
  "process.stderr.write": "output",
};
/** Methods of commander whose texts are printed by `--help`: the argument's index. */
const HELP: Readonly<Record<string, number>> = { description: 0, option: 1, argument: 1, summary: 0, addHelpText: 1 };

let program: ts.Program | undefined;

/** The compiler's program of the package's source. Made once in a process. */
export function sourceProgram(): ts.Program {
  if (program !== undefined) return program;
  const { config } = ts.readConfigFile("tsconfig.build.json", ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  program = ts.createProgram(fileNames, options);
  return program;
}

/** The source files of a program that belong to the package. */
export function ownFiles(program: ts.Program): ts.SourceFile[] {
  return program.getSourceFiles().filter(({ fileName }) => path.relative("src", fileName).startsWith("..") === false);
}

/**
 * Finds all texts that the program may print as part of an error, a warning or its help, in the order of the files.
 *
 * Texts are followed from the places where they are printed to where they are written: through variables, the results of functions,
 * tables, and arguments of functions that pass a parameter on to such a place.
 */
export function findMessages(program: ts.Program): MessageText[] {
  const checker = program.getTypeChecker();
  const found = new Map<string, MessageText>();
  const followed = new Set<ts.Node>();
  /** Parameters that are printed, with the kind of text that each is. */
  const printed = new Map<ts.Declaration, string>();
  let hasGrown = true;

  const add = (node: ts.Node, kind: string, text: string) => {
    if (!/[a-z]{2}/i.test(text.replaceAll(/‹[^›]*›/g, ""))) return;
    const source = node.getSourceFile();
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const file = path.relative(process.cwd(), source.fileName);
    found.set(`${file}:${node.getStart()}`, { file, line, kind, text });
  };

  /** Writes a template with its expressions; their own texts are followed too. */
  const written = (node: ts.TemplateExpression, kind: string): string =>
    node.head.text +
    node.templateSpans
      .map(({ expression, literal }) => {
        follow(expression, kind);
        return `‹${expression.getText().replaceAll(/\s+/g, " ")}›${literal.text}`;
      })
      .join("");

  const follow = (node: ts.Node | undefined, kind: string): void => {
    if (node === undefined || followed.has(node)) return;
    followed.add(node);
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node, kind, node.text);
    else if (ts.isTemplateExpression(node)) add(node, kind, written(node, kind));
    else if (ts.isConditionalExpression(node)) for (const each of [node.whenTrue, node.whenFalse]) follow(each, kind);
    else if (ts.isBinaryExpression(node)) {
      // A comparison's texts are not printed.
      if (/^(?:\+|\?\?|\|\|)$/.test(node.operatorToken.getText())) follow(node.left, kind);
      if (/^(?:\+|\?\?|\|\||&&)$/.test(node.operatorToken.getText())) follow(node.right, kind);
    } else if (ts.isArrayLiteralExpression(node)) for (const each of node.elements) follow(each, kind);
    else if (ts.isObjectLiteralExpression(node)) {
      for (const each of node.properties) if (ts.isPropertyAssignment(each)) follow(each.initializer, kind);
    } else if (ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isFunctionDeclaration(node))
      returns(node, kind);
    else if (ts.isMethodDeclaration(node) || ts.isGetAccessorDeclaration(node)) returns(node, kind);
    else if (ts.isCallExpression(node)) {
      const declaration = checker.getResolvedSignature(node)?.declaration;
      if (declaration !== undefined && isOwn(declaration)) follow(declaration, kind);
      else if (ts.isPropertyAccessExpression(node.expression)) {
        // `[...].join(" ")`, `text.replace(...)`, `list.map((each) => text)`
        follow(node.expression.expression, kind);
        for (const each of node.arguments) if (ts.isArrowFunction(each)) follow(each, kind);
      }
    } else if (ts.isPropertyAccessExpression(node) || ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      const target = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const declaration = target?.valueDeclaration;
      if (declaration === undefined || !isOwn(declaration)) return;
      if (ts.isParameter(declaration)) mark(declaration, kind);
      else if (ts.isBindingElement(declaration) || ts.isPropertySignature(declaration)) mark(declaration, kind);
      else if (ts.isVariableDeclaration(declaration) || ts.isPropertyAssignment(declaration))
        follow(declaration.initializer, kind);
      else if (ts.isGetAccessorDeclaration(declaration)) follow(declaration, kind);
    } else if (ts.isElementAccessExpression(node)) follow(node.expression, kind);
    else if (
      ts.isParenthesizedExpression(node) ||
      ts.isAsExpression(node) ||
      ts.isSatisfiesExpression(node) ||
      ts.isNonNullExpression(node) ||
      ts.isSpreadElement(node) ||
      ts.isAwaitExpression(node)
    )
      follow(node.expression, kind);
  };

  const mark = (declaration: ts.Declaration, kind: string) => {
    if (printed.has(declaration)) return;
    printed.set(declaration, kind);
    hasGrown = true;
  };

  /** Follows what a function returns, where that is a text. */
  const returns = (fn: ts.FunctionLikeDeclaration, kind: string): void => {
    if (fn.body === undefined) return;
    if (!ts.isBlock(fn.body)) {
      follow(fn.body, kind);
      return;
    }
    const walk = (node: ts.Node): void => {
      if (ts.isReturnStatement(node)) follow(node.expression, kind);
      else if (!ts.isFunctionLike(node)) ts.forEachChild(node, walk);
    };
    walk(fn.body);
  };

  const isOwn = (node: ts.Node) => !path.relative("src", node.getSourceFile().fileName).startsWith("..");

  const isErrorClass = (node: ts.NewExpression) => {
    const type = checker.getTypeAtLocation(node);
    return type.getProperty("stack") !== undefined && type.getProperty("message") !== undefined;
  };

  const nameOf = (node: ts.PropertyName) => (ts.isIdentifier(node) || ts.isStringLiteral(node) ? node.text : "");

  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node)) {
      const name = nameOf(node.name);
      if (PROPERTIES.has(name)) follow(node.initializer, name);
      // A field of a type that is printed elsewhere: a table's row.
      const object = node.parent;
      if (ts.isObjectLiteralExpression(object) && printed.size > 0) {
        const property = checker.getContextualType(object)?.getProperty(name)?.valueDeclaration;
        const kind = property && printed.get(property);
        if (kind !== undefined) follow(node.initializer, kind);
      }
    } else if (ts.isShorthandPropertyAssignment(node) && PROPERTIES.has(node.name.text)) {
      const declaration = checker.getShorthandAssignmentValueSymbol(node)?.valueDeclaration;
      if (declaration !== undefined && isOwn(declaration)) {
        if (ts.isParameter(declaration) || ts.isBindingElement(declaration)) mark(declaration, node.name.text);
        else if (ts.isVariableDeclaration(declaration)) follow(declaration.initializer, node.name.text);
      }
    } else if (ts.isNewExpression(node) && isErrorClass(node)) {
      for (const each of node.arguments ?? []) if (!ts.isObjectLiteralExpression(each)) follow(each, "error");
    } else if (ts.isCallExpression(node)) {
      const callee = node.expression.getText();
      const kind = PRINTS[callee];
      if (kind !== undefined) follow(node.arguments[0], kind);
      const method = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : "";
      if (HELP[method] !== undefined && node.getSourceFile().fileName.includes("/cli/"))
        follow(node.arguments[HELP[method]], "help");
    }
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const declaration = checker.getResolvedSignature(node)?.declaration;
      if (declaration !== undefined && !ts.isJSDocSignature(declaration)) {
        declaration.parameters.forEach((parameter, i) => {
          const kind = printed.get(parameter);
          if (kind === undefined) return;
          for (const each of parameter.dotDotDotToken ? (node.arguments ?? []).slice(i) : [node.arguments?.[i]])
            follow(each, kind);
        });
      }
    }
    ts.forEachChild(node, visit);
  };

  while (hasGrown) {
    hasGrown = false;
    for (const source of ownFiles(program)) visit(source);
  }
  return [...found.values()].sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}
