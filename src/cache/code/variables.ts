import { types } from "node:util";
import { getOrCreate } from "../../util/get-or-create.js";
import { getOwnPropertyDescriptor, isExtensible, ownKeys, textOf } from "../../util/primordials.js";
import { type Script, sourceOf } from "../../util/v8-inspector.js";
import type { Form } from "./forms.js";
import type { Code } from "./functions.js";
import { type Found, findDescriptor, isObject, onGlobal, read, valueFromNodeGetter } from "./reflection.js";

// The variables that a function sees, without running any code of a program.

/** The meaning of a name in a function. */
export function resolveVariable(name: string, { scopes }: Code): Found {
  for (const { variables, isGlobal } of scopes) {
    const found = isGlobal ? onGlobal(variables, name) : read(variables, name);
    if (found.isThere) return found;
  }
  return onGlobal(globalThis, name);
}

/** The value at the end of a path, without running any code of a program. */
export function valueAt(start: unknown, way: readonly string[]): unknown {
  let value = start;
  for (const key of way) {
    if (!isObject(value) || types.isProxy(value)) return undefined;
    const descriptor = findDescriptor(value, key);
    if (descriptor === undefined || descriptor === "unset") return undefined;
    value = valueFromNodeGetter(descriptor).value ?? descriptor.value;
  }
  return value;
}

/** The names in a scope. V8 has many of them in the order of their hashes, which is another one in each process. */
export function namesIn(variables: object): string[] {
  return ownKeys(variables)
    .filter((name) => typeof name === "string")
    .sort();
}

/** The variables of a function's that are not those of its module, and that its text has the names of. */
export function innerVariables(fn: Function, facts: Code): (readonly [name: string, value: unknown])[] {
  const inner = facts.scopes.slice(0, topOf(facts));
  if (inner.length === 0) return [];
  const words = new Set(textOf(fn).match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu));
  // V8 shows no variable for the name of a function expression, by which its inner functions call it: that sees what is around it.
  const first = inner.findIndex(({ description }) => {
    const name = /^Closure \((.+)\)$/.exec(description)?.[1];
    return name !== undefined && words.has(name) && !inner.some(({ variables }) => read(variables, name).isThere);
  });
  return inner.flatMap(({ variables }, i) =>
    namesIn(variables).flatMap((name) => {
      if (!words.has(name) && (first < 0 || i < first)) return [];
      return [[name, read(variables, name).value] as const];
    }),
  );
}

/** The variables at the top of a package's script: of a script that a bundler has put into a function, those of that function. */
export function stateScope({ scopes }: Code): object | undefined {
  const own = scopes.filter(({ isGlobal }) => !isGlobal);
  const found = own.findLast(({ variables }) => ownKeys(variables).some((name) => !AROUND.has(String(name))));
  return found?.variables;
}

/** The index of the script's scope among a function's scopes: those before it belong to functions and blocks. */
export function topOf({ script, scopes }: Pick<Code, "script" | "scopes">): number {
  const at = scopes.findIndex(({ isGlobal }) => isGlobal);
  const last = (at < 0 ? scopes.length : at) - 1;
  if (last < 0) return 0;
  const { isModule, variables } = scopes[last]!;
  // V8 leaves out the scope of a module of which no function uses anything.
  return (script.isModule ? isModule : isTop(script, variables)) ? last : last + 1;
}

/** True if the variables that some code names never change, and have their values already. For imports that is not decided here. */
export function isLasting(form: Form, facts: Code): boolean {
  if (facts.scopes.length === 0) return false;
  return form.references.every(({ name, isConstant, imported }) => {
    if (isConstant !== true || imported !== undefined) return false;
    // A `var` is undefined until then.
    const { isThere, isUnset, value } = resolveVariable(name, facts);
    return isThere && isUnset !== true && value !== undefined;
  });
}

/** True if a member can be assigned, and deleted. */
export function assignability(holder: object, key: string): string {
  const { writable, configurable } = getOwnPropertyDescriptor(holder, key) ?? {};
  return JSON.stringify([writable, configurable, isExtensible(holder)]);
}

/** Returns the function that runs when a member is assigned; `isFixed`: it can't be. */
export function setterOf(
  holder: object,
  key: string,
): { readonly set?: Function | undefined; readonly isFixed: boolean } {
  const found = findDescriptor(holder, key);
  if (found === undefined || found === "unset") return { isFixed: false };
  return { set: found.set, isFixed: found.writable === false || (found.get !== undefined && found.set === undefined) };
}

/** True if two copies are of one scope, as far as that can be determined: V8 makes a copy of it for each function. */
export function isSameScope(one: object, other: object, made: readonly string[]): boolean | undefined {
  const isEqual = (name: PropertyKey) => Object.is(read(one, name).value, read(other, name).value);
  if (one === other) return true;
  if (!ownKeys(one).every(isEqual)) return false;
  return made.some((name) => isObject(read(one, name).value)) ? true : undefined;
}

/** The parameters of the function around CommonJS modules, and around Node's own. */
export const AROUND: ReadonlySet<string> = new Set([
  "exports",
  "require",
  "module",
  "__filename",
  "__dirname",
  "process",
  "internalBinding",
  "primordials",
]);
const DECLARED = String.raw`(?:async\s+)?(?:var|let|const|function\*?|class)\s+(?:\{([^}]*)\}|([\p{ID_Continue}$]+))`;

const tops = new Map<Script, ReadonlySet<string>>();

/** True if a scope is that of a script, by the names at its top: those at the beginning of a line, if it has lines. */
function isTop(script: Script, variables: object): boolean {
  const names = getOrCreate(tops, script, () => {
    const source = sourceOf(script);
    const hasLines = source.length < 200 * source.split("\n").length;
    const declared = source.matchAll(new RegExp(`${hasLines ? "^" : "(?:^|[;}])\\s*"}${DECLARED}`, "gmu"));
    const found = Array.from(declared, ([, several, one]) => one ?? several!.match(/[\p{ID_Continue}$]+/gu) ?? []);
    return new Set([...AROUND, ...found.flat()]);
  });
  return ownKeys(variables).some((name) => names.has(String(name)));
}
