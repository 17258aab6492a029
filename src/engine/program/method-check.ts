/** Names that one generated function reads: V8 compiles a longer one late, or never. */
const NAMES_PER_FUNCTION = 200;

type Check = (object: object, methods: readonly unknown[]) => boolean;

/**
 * Makes a function that tells if an object still has some methods. It runs before each run, so it is generated: V8 reads a property by a
 * constant name ten times as fast as by a name in a list (docs/decisions/engine.md). Where code must not be made of text, it is a loop.
 *
 * @param names of the methods, as the object has them.
 * @param methods that it should have, in the same order.
 */
export function methodCheck(names: readonly string[], methods: readonly unknown[]): (object: object) => boolean {
  const checks: Check[] = [];
  for (let i = 0; i < names.length; i += NAMES_PER_FUNCTION) {
    const some = names.slice(i, i + NAMES_PER_FUNCTION);
    checks.push(generated(some, i) ?? looping(some, i));
  }
  const [only] = checks;
  if (checks.length === 1) return (object) => only!(object, methods);
  return (object) => checks.every((check) => check(object, methods));
}

function generated(names: readonly string[], first: number): Check | undefined {
  const terms = names.map((name, i) => `object[${JSON.stringify(name)}] === methods[${first + i}]`);
  try {
    return new Function("object", "methods", `return ${terms.join(" && ")};`) as Check;
  } catch {
    return undefined;
  }
}

function looping(names: readonly string[], first: number): Check {
  return (object, methods) =>
    names.every((name, i) => (object as Record<string, unknown>)[name] === methods[first + i]);
}
