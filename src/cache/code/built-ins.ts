import { builtinModules, createRequire } from "node:module";
import { types } from "node:util";
import vm from "node:vm";
import { METADATA_FUNCTIONS } from "../../dsl/metadata.js";
import { getOwnPropertyDescriptor, getPrototypeOf, ownKeys, textOf } from "../../util/primordials.js";
import { ITERATORS, ITERATORS_TEXT, NAMELESS_TEXT } from "./opaque.js";
import { isNative, isObject, nameOf } from "./reflection.js";

/** Built-ins of the language and of Node, and the program's changes of them. */
export interface BuiltIns {
  /** The names of their objects and functions. */
  readonly names: ReadonlyMap<object, string>;
  /** Properties that a fresh realm does not have like this, with their values: `Array.prototype.sum`. */
  readonly patches: readonly (readonly [place: string, value: unknown])[];
}

/** Stacks are no values: loaders change how they are written. */
const LEFT_OUT = new Set(["Error.prepareStackTrace", "Error.stackTraceLimit", "globalThis.console"]);

/** An object of the language as it was when it was walked. */
interface Seen {
  readonly object: object;
  readonly base: object | null;
  /** The number of its properties; undefined for an object to which others may be added. */
  readonly count: number | undefined;
  readonly values: readonly (readonly [key: PropertyKey, value: unknown])[];
  readonly accessors: readonly (readonly [key: PropertyKey, property: PropertyDescriptor])[];
}

let known: { readonly builtIns: BuiltIns; readonly seen: readonly Seen[] } | undefined;

/** The language as it is now: walked again if a program has changed it since. */
export function builtIns(): BuiltIns {
  if (known === undefined || known.seen.some(isChanged)) known = walked();
  return known.builtIns;
}

type Properties = readonly (readonly [key: string | symbol, property: PropertyDescriptor])[];

function seenAs(object: object, count: number | undefined, properties: Properties): Seen {
  const values: (readonly [PropertyKey, unknown])[] = [];
  const accessors: (readonly [PropertyKey, PropertyDescriptor])[] = [];
  for (const [key, property] of properties) {
    if ("value" in property) values.push([key, property.value]);
    else accessors.push([key, property]);
  }
  return { object, base: getPrototypeOf(object), count, values, accessors };
}

function propertiesOf(object: object, keys: readonly (string | symbol)[]): Properties {
  return keys.map((key) => [key, getOwnPropertyDescriptor(object, key)!]);
}

/** Values are read, not their descriptors, in a fifth of the time: the check goes before each cached run. */
function isChanged({ object, base, count, values, accessors }: Seen): boolean {
  if (getPrototypeOf(object) !== base || (count !== undefined && ownKeys(object).length !== count)) return true;
  try {
    for (const [key, was] of values) if (!Object.is((object as Record<PropertyKey, unknown>)[key], was)) return true;
  } catch {
    // A program has put a getter there that throws.
    return true;
  }
  for (const [key, was] of accessors) {
    const is = getOwnPropertyDescriptor(object, key);
    if (is === undefined || is.get !== was.get || is.set !== was.set) return true;
  }
  return false;
}

/** Walks this realm's language beside that of a fresh one. */
function walked(): NonNullable<typeof known> {
  const seen: Seen[] = [];
  const names = new Map<object, string>();
  const patches: (readonly [string, unknown])[] = [];
  const realm = vm.createContext();
  const inRealm = (text: string): unknown => vm.runInContext(text, realm);
  const fresh = inRealm("globalThis") as object;
  const queue: (readonly [own: object, fresh: object, name: string])[] = [];
  const meet = (own: unknown, other: unknown, name: string): void => {
    if (LEFT_OUT.has(name)) return;
    if (!isObject(own) || !isObject(other)) {
      if (!Object.is(own, other)) patches.push([name, own]);
      return;
    }
    if (names.has(own)) return;
    if (!isAlike(own, other)) {
      patches.push([name, own]);
      return;
    }
    names.set(own, name);
    queue.push([own, other, name]);
  };
  names.set(globalThis, "globalThis");
  queue.push([globalThis, fresh, "globalThis"]);
  // Nothing has a name for these.
  const iterators = inRealm(ITERATORS_TEXT) as object[];
  for (const [i, own] of [...ITERATORS].entries()) meet(own, getPrototypeOf(iterators[i]!), `iterator ${i}`);
  const nameless = inRealm(NAMELESS_TEXT) as object[];
  for (const [i, own] of (vm.runInThisContext(NAMELESS_TEXT) as object[]).entries())
    meet(own, nameless[i], `kind of functions ${i}`);
  for (const [own, other, name] of queue) {
    const isRoot = own === globalThis;
    const others = ownKeys(other);
    // Others may be added to the global object.
    const keys = isRoot ? others.filter((key) => getOwnPropertyDescriptor(own, key) !== undefined) : ownKeys(own);
    const properties = propertiesOf(own, keys);
    seen.push(seenAs(own, isRoot ? undefined : keys.length, properties));
    const here = new Map(properties);
    for (const key of others) {
      const at = isRoot ? String(key) : `${name}.${String(key)}`;
      if (isRoot && LEFT_OUT.has(`globalThis.${String(key)}`)) continue;
      const [mine, theirs] = [here.get(key), getOwnPropertyDescriptor(other, key)!];
      here.delete(key);
      if (mine === undefined) {
        // --expose-gc gives it to new realms only, when a program sets it.
        if (at !== "gc") patches.push([at, "it is not there"]);
        continue;
      }
      if (isRoot && mine.value === globalThis) continue;
      meet(mine.value, theirs.value, at);
      meet(mine.get, theirs.get, `get ${at}`);
      meet(mine.set, theirs.set, `set ${at}`);
    }
    if (isRoot) continue;
    for (const [key, { value, get, set }] of here) {
      const at = `${name}.${String(key)}`;
      if (LEFT_OUT.has(at)) continue;
      // hypernodes itself has loaded it: what it keeps in its closures is what decorators say.
      if (own === Reflect && isObject(value) && METADATA_FUNCTIONS.get(key) === value) {
        names.set(value, at);
        continue;
      }
      for (const part of [value, get, set] as unknown[]) if (part !== undefined) patches.push([at, part]);
    }
    const [base, otherBase] = [getPrototypeOf(own), getPrototypeOf(other)];
    if (base !== null && otherBase !== null) meet(base, otherBase, `prototype of ${name}`);
  }
  nameNode(names);
  // Other properties of these come and go.
  for (const object of [console, process]) {
    const functions = propertiesOf(object, ownKeys(object)).filter(([, { value }]) => typeof value === "function");
    seen.push(seenAs(object, undefined, functions));
  }
  ofNode = undefined;
  return { builtIns: { names, patches }, seen };
}

function nameNode(names: Map<object, string>): void {
  names.set(process, "process");
  names.set(process.env, "process.env");
  names.set(console, "console");
  for (const key of ownKeys(console)) {
    const value = getOwnPropertyDescriptor(console, key)?.value as unknown;
    if (typeof key === "string" && isOwnOf(value, key) && isNative(value)) names.set(value, `console.${key}`);
  }
  const load = createRequire(import.meta.url);
  for (const id of loadedModules()) {
    const exports = load(`node:${id}`) as unknown;
    if (isObject(exports) && !names.has(exports)) names.set(exports, `node:${id}`);
  }
}

/** Node's modules: what nobody has loaded nobody has in a variable. */
function loadedModules(): string[] {
  const loaded = new Set((process as unknown as { moduleLoadList?: string[] }).moduleLoadList ?? []);
  return builtinModules.filter((id) => !id.startsWith("_") && loaded.has(`NativeModule ${id}`));
}

let ofNode: Set<unknown> | undefined;

/** True if a function is one of Node's modules, of `process`, or one of its globals: not one that something has made. */
export function isOfNode(fn: Function): boolean {
  if (ofNode === undefined) {
    ofNode = new Set();
    const clone = getOwnPropertyDescriptor(globalThis, "structuredClone")?.value as unknown;
    if (isOwnOf(clone, "structuredClone") && isNative(clone)) ofNode.add(clone);
    const load = createRequire(import.meta.url);
    for (const id of loadedModules()) collect(load(`node:${id}`), ofNode, 2);
    collect(process, ofNode, 1, (key) => OF_PROCESS.has(key));
  }
  return ofNode.has(fn);
}

/** The properties of `process` at the start: one that a program puts there later is not Node's. */
const OF_PROCESS: ReadonlySet<PropertyKey> = new Set(ownKeys(process));

function collect(object: unknown, found: Set<unknown>, depth: number, isMeant = (_: PropertyKey) => true): void {
  if (!isObject(object) || types.isProxy(object)) return;
  for (const key of ownKeys(object).filter(isMeant)) {
    const { value, get } = getOwnPropertyDescriptor(object, key)!;
    for (const part of [value, get] as unknown[]) {
      if (isOwnOf(part, key)) found.add(part);
      if (depth > 0) collect(part, found, depth - 1);
    }
  }
}

/** Functions that hold something which can't be seen have no name, or another one: `collator.compare`, `resolve`. */
function isOwnOf(value: unknown, key: PropertyKey): value is Function {
  if (typeof value !== "function" || types.isProxy(value)) return false;
  const own = typeof key === "symbol" ? `[${key.description}]` : String(key);
  const name = nameOf(value);
  return name === own || name === `get ${own}`;
}

function isAlike(own: object, other: object): boolean {
  if (typeof own !== typeof other || types.isProxy(own)) return false;
  if (typeof own !== "function" || typeof other !== "function") return true;
  return textOf(own) === textOf(other);
}
