import { builtinModules, createRequire } from "node:module";
import { types } from "node:util";
import { METADATA_FUNCTIONS } from "../../dsl/metadata.js";
import { getOwnPropertyDescriptor, getPrototypeOf, isExtensible, ownKeys, textOf } from "../../util/primordials.js";
import { freshRealm, iteratorsOf, REALMS, type Realm } from "./realms.js";
import { flagsOf, isNative, isObject, nameOf } from "./reflection.js";

/** Built-ins of the language and of Node, and the program's changes of them. */
export interface BuiltIns {
  /** The names of their objects and functions. */
  readonly names: ReadonlyMap<object, string>;
  /** Properties that a fresh realm does not have like this, with their values: `Array.prototype.sum`. */
  readonly patches: readonly (readonly [place: string, value: unknown])[];
}

/** Stacks are no values: loaders change how they are written. */
const LEFT_OUT = new Map<object, ReadonlySet<PropertyKey>>(
  REALMS.flatMap(({ globals }) => [
    [globals.Error, new Set(["prepareStackTrace", "stackTraceLimit"])],
    [globals, new Set(["console"])],
  ]),
);

/** An object of the language as it was when it was walked. */
interface Seen {
  readonly object: object;
  readonly base: object | null;
  /** The number of its properties; undefined for an object to which others may be added. */
  readonly count: number | undefined;
  readonly isClosed: boolean;
  /** The keys of its properties that have a value, and the values. */
  readonly keys: PropertyKey[];
  readonly values: unknown[];
  readonly accessors: { readonly key: PropertyKey; readonly property: PropertyDescriptor }[];
}

let known: { readonly builtIns: BuiltIns; readonly seen: readonly Seen[] } | undefined;

/** The language as it is now: walked again if a program has changed it since. */
export function builtIns(): BuiltIns {
  if (known === undefined || known.seen.some(isChanged)) known = walked();
  return known.builtIns;
}

function seenAs(object: object, count: number | undefined): Seen {
  const isClosed = !isExtensible(object);
  return { object, base: getPrototypeOf(object), count, isClosed, keys: [], values: [], accessors: [] };
}

function note({ keys, values, accessors }: Seen, key: PropertyKey, property: PropertyDescriptor): void {
  if ("value" in property) {
    keys.push(key);
    values.push(property.value);
  } else accessors.push({ key, property });
}

/** Values are read, not their descriptors, in a fifth of the time: the check goes before each cached run. */
function isChanged({ object, base, count, isClosed, keys, values, accessors }: Seen): boolean {
  if (getPrototypeOf(object) !== base || isExtensible(object) === isClosed) return true;
  if (count !== undefined && ownKeys(object).length !== count) return true;
  try {
    for (let i = 0; i < keys.length; i++)
      if (!Object.is((object as Record<PropertyKey, unknown>)[keys[i]!], values[i])) return true;
  } catch {
    // A program has put a getter there that throws.
    return true;
  }
  for (const { key, property: was } of accessors) {
    const is = getOwnPropertyDescriptor(object, key);
    if (is === undefined || is.get !== was.get || is.set !== was.set) return true;
  }
  return false;
}

/** Walks the language of a realm that programs run in beside that of a fresh one. */
class LanguageWalk {
  readonly seen: Seen[] = [];
  readonly names = new Map<object, string>();
  readonly patches: (readonly [place: string, value: unknown])[] = [];
  /** For each object of the realm, that of the fresh one. */
  private readonly met = new Map<object, object>();
  /** Those of the fresh one. An object of yet another realm is like one that has been met. */
  private readonly taken = new Set<object>();
  private readonly queue: { readonly own: object; readonly other: object; readonly name: string }[] = [];

  /** @param prefix what names of this realm begin with. */
  constructor(
    private readonly realm: Realm,
    fresh: Realm,
    private readonly prefix: string,
  ) {
    this.meet(realm.globals, fresh.globals, `${prefix}globalThis`);
    const iterators = iteratorsOf(fresh);
    for (const [i, own] of iteratorsOf(realm).entries()) this.meet(own, iterators[i], `${prefix}iterator ${i}`);
    for (const [i, own] of realm.functions.entries())
      this.meet(getPrototypeOf(own), getPrototypeOf(fresh.functions[i]!), `${prefix}kind of functions ${i}`);
    for (const { own, other, name } of this.queue) this.compare(own, other, name);
  }

  private meet(own: unknown, other: unknown, name: string): void {
    if (!isObject(own) || !isObject(other)) {
      if (!Object.is(own, other)) this.patches.push([name, own]);
      return;
    }
    const met = this.met.get(own);
    // A program may have put it in the place of another one: `Array.prototype.map = Array.prototype.filter`.
    if (met === undefined ? this.taken.has(other) || !isAlike(own, other) : met !== other)
      this.patches.push([name, own]);
    else if (met === undefined) {
      this.names.set(own, name);
      this.met.set(own, other);
      this.taken.add(other);
      this.queue.push({ own, other, name });
    }
  }

  private compare(own: object, other: object, name: string): void {
    const isRoot = own === this.realm.globals;
    const mine = ownKeys(own);
    const theirs = ownKeys(other);
    const seen = seenAs(own, isRoot ? undefined : mine.length);
    this.seen.push(seen);
    const prefix = isRoot ? this.prefix : `${name}.`;
    // One by one, in a function of its own: V8 would take as long to optimize this one as the rest takes.
    for (let i = 0; i < theirs.length; i++) this.compareProperty(seen, other, theirs[i]!, prefix);
    if (isRoot) return;
    this.added(seen, name, mine, theirs);
    this.meet(getPrototypeOf(own), getPrototypeOf(other), `prototype of ${name}`);
    if (isExtensible(own) !== isExtensible(other)) this.patches.push([name, "it is closed"]);
  }

  private compareProperty(seen: Seen, other: object, key: string | symbol, prefix: string): void {
    const property = getOwnPropertyDescriptor(seen.object, key);
    const at = prefix + String(key);
    if (property === undefined) {
      // --expose-gc gives it to new realms only, when a program sets it.
      if (key !== "gc" || seen.object !== this.realm.globals) this.patches.push([at, "it is not there"]);
      return;
    }
    note(seen, key, property);
    if (LEFT_OUT.get(seen.object)?.has(key) === true) return;
    const theirs = getOwnPropertyDescriptor(other, key)!;
    this.meet(property.value, theirs.value, at);
    if (property.get !== theirs.get) this.meet(property.get, theirs.get, `get ${at}`);
    if (property.set !== theirs.set) this.meet(property.set, theirs.set, `set ${at}`);
    if (!hasSameFlags(property, theirs)) this.patches.push([at, flagsOf(property)]);
  }

  /** Properties that an object of a fresh realm does not have. */
  private added(
    seen: Seen,
    name: string,
    mine: readonly (string | symbol)[],
    theirs: readonly (string | symbol)[],
  ): void {
    if (mine.length === theirs.length && mine.every((key, i) => key === theirs[i])) return;
    const inFresh = new Set<PropertyKey>(theirs);
    for (const key of mine) {
      if (inFresh.has(key)) continue;
      const property = getOwnPropertyDescriptor(seen.object, key)!;
      note(seen, key, property);
      if (LEFT_OUT.get(seen.object)?.has(key)) continue;
      const { value, get, set } = property;
      const at = `${name}.${String(key)}`;
      // hypernodes itself has loaded it: what it keeps in its closures is what decorators say.
      if (seen.object === Reflect && isObject(value) && METADATA_FUNCTIONS.get(key) === value)
        this.names.set(value, at);
      else for (const part of [value, get, set] as unknown[]) if (part !== undefined) this.patches.push([at, part]);
    }
  }
}

function hasSameFlags(one: PropertyDescriptor, other: PropertyDescriptor): boolean {
  const { writable, enumerable, configurable } = one;
  return writable === other.writable && enumerable === other.enumerable && configurable === other.configurable;
}

function walked(): NonNullable<typeof known> {
  const fresh = freshRealm();
  const walks = REALMS.map((realm, i) => new LanguageWalk(realm, fresh, i === 0 ? "" : "first realm's "));
  const seen = walks.flatMap((walk) => walk.seen);
  const patches = walks.flatMap((walk) => walk.patches);
  const names = new Map(walks.flatMap((walk) => [...walk.names]));
  nameNode(names);
  // Other properties of these come and go.
  for (const object of [console, process]) {
    const here = seenAs(object, undefined);
    for (const key of ownKeys(object)) {
      const property = getOwnPropertyDescriptor(object, key)!;
      if (typeof property.value === "function") note(here, key, property);
    }
    seen.push(here);
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
