import ts from "typescript";

type Callable = ts.FunctionLikeDeclaration;

/**
 * Finds out if a call of a function can throw an error of the package: it, or a function of the source that it calls, has a `throw`
 * outside of a `try` that catches it. Functions that it only creates are not calls.
 */
export function throwFinder(checker: ts.TypeChecker): (callable: Callable) => boolean {
  const known = new Map<Callable, boolean>();

  const calleeOf = (call: ts.CallExpression | ts.NewExpression): Callable | undefined => {
    const declaration = checker.getResolvedSignature(call)?.declaration;
    if (declaration === undefined || !ts.isFunctionLike(declaration)) return undefined;
    if ((declaration as Callable).body !== undefined) return declaration as Callable;
    const symbol = declaration.name && checker.getSymbolAtLocation(declaration.name);
    return symbol?.declarations?.find(
      (each): each is Callable => ts.isFunctionLike(each) && "body" in each && !!each.body,
    );
  };

  const canThrow = (callable: Callable): boolean => {
    const found = known.get(callable);
    if (found !== undefined) return found;
    // A function that calls itself throws if something else in it does.
    known.set(callable, false);
    const result = callable.body !== undefined && has(callable.body);
    known.set(callable, result);
    return result;
  };

  const has = (node: ts.Node): boolean => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
    if (ts.isThrowStatement(node)) return true;
    if (ts.isTryStatement(node) && node.catchClause !== undefined) {
      return has(node.catchClause.block) || (node.finallyBlock !== undefined && has(node.finallyBlock));
    }
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const callee = calleeOf(node);
      if (callee !== undefined && canThrow(callee)) return true;
    }
    return ts.forEachChild(node, (child) => has(child) || undefined) ?? false;
  };

  return canThrow;
}
