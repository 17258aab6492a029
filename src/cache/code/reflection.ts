import { types } from "node:util";
import { getOwnPropertyDescriptor, getPrototypeOf, isExtensible, ownKeys, textOf } from "../../util/primordials.js";

// What objects and functions are, read without running any code of theirs.

export interface Found {
  readonly isThere: boolean;
  /** It is declared, and has no value yet. */
  readonly isUnset?: boolean;
  readonly value?: unknown;
  /** The object that has an accessor of the program's for it: then the value is the function that gives it. */
  readonly accessorOf?: object;
}

export const NOT_THERE: Found = { isThere: false };

/** A property that has a value, without running any code. */
export function read(object: object, key: PropertyKey): Found {
  const descriptor = descriptorOf(object, key);
  if (descriptor === "unset") return { isThere: true, isUnset: true };
  if (descriptor === undefined || !("value" in descriptor)) return NOT_THERE;
  return { isThere: true, value: descriptor.value as unknown };
}

/** In a module that is still being evaluated a variable may have no value yet: then asking for it throws. */
export function descriptorOf(object: object, key: PropertyKey): PropertyDescriptor | "unset" | undefined {
  try {
    return getOwnPropertyDescriptor(object, key);
  } catch (error) {
    if (error instanceof ReferenceError) return "unset";
    throw error;
  }
}

export function findDescriptor(object: object, key: PropertyKey): PropertyDescriptor | "unset" | undefined {
  for (let at: object | null = object; at !== null; at = getPrototypeOf(at)) {
    if (types.isProxy(at)) return undefined;
    const found = descriptorOf(at, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** True if a Proxy would be asked for what is not on an object itself. */
export function hasProxyBase(object: object): boolean {
  for (let at = getPrototypeOf(object); at !== null; at = getPrototypeOf(at)) if (types.isProxy(at)) return true;
  return false;
}

export function onGlobal(global: object, name: string): Found {
  const descriptor = findDescriptor(global, name);
  if (descriptor === undefined || descriptor === "unset") return NOT_THERE;
  if ("value" in descriptor) return { isThere: true, value: descriptor.value as unknown };
  const returned = valueFromNodeGetter(descriptor);
  return returned.isThere ? returned : { isThere: true, value: descriptor.get, accessorOf: global };
}

/** Node's text of an accessor that loads a global when it is first asked for: `TextEncoder`, `Headers`, `AbortSignal`. */
const LOADS = /\b(?:lazyLoadedValue|lazyDOMExceptionClass)\b/;

/**
 * Node gives many of its globals by accessors of its own, which may run: by `process` and by `globalThis.process`. One that loads a
 * global leaves its value in its own place: code is the same before and after.
 */
const NODE_GETTERS = new Set(
  ownKeys(globalThis).flatMap((key) => {
    const get = getOwnPropertyDescriptor(globalThis, key)?.get;
    const isNodes = get !== undefined && (key === "process" || key === "Buffer" || LOADS.test(textOf(get)));
    return isNodes ? [get] : [];
  }),
);

export function valueFromNodeGetter({ get }: PropertyDescriptor): Found {
  return get !== undefined && NODE_GETTERS.has(get) ? { isThere: true, value: get.call(globalThis) } : NOT_THERE;
}

/** The classes of an object, from its own to the last one. */
export function* classesOf(object: object): Generator<Function> {
  for (let at = getPrototypeOf(object); at !== null && !types.isProxy(at); at = getPrototypeOf(at)) {
    const type = getOwnPropertyDescriptor(at, "constructor")?.value as unknown;
    if (typeof type !== "function" || types.isProxy(type)) continue;
    if (getOwnPropertyDescriptor(type, "prototype")?.value === at) yield type;
  }
}

/**
 * The object that `super` starts from in a method: the prototype, or the class itself, of the class whose text has the method's.
 * The place of the method says nothing: it may have been moved, or a decorator's function may be there instead.
 */
export function homeOf(fn: Function, holder: object): object | undefined {
  const text = textOf(fn);
  const found: object[] = [];
  const offer = (type: unknown, home: object): void => {
    if (typeof type === "function" && !types.isProxy(type) && isClassText(type) && textOf(type).includes(text)) {
      found.push(home);
    }
  };
  for (let at: object | null = holder; at !== null && !types.isProxy(at); at = getPrototypeOf(at)) {
    const type = getOwnPropertyDescriptor(at, "constructor")?.value as { prototype?: unknown } | undefined;
    if (typeof type === "function" && (type as Function).prototype === at) offer(type, at);
    offer(at, at);
  }
  if (found.length < 2) return found[0];
  const own = found.filter((at) => hasMember(at, fn));
  return own.length === 1 ? own[0] : undefined;
}

/** True if a function is one of the properties of an object, or an accessor's. */
export function hasMember(object: object, fn: Function): boolean {
  return ownKeys(object).some((key) => isMember(fn, getOwnPropertyDescriptor(object, key)));
}

function isMember(fn: Function, { value, get, set }: PropertyDescriptor = {}): boolean {
  return value === fn || get === fn || set === fn;
}

export function isNative(fn: Function): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(textOf(fn));
}

/** True for a function that is written in a script. */
export function hasText(fn: Function): boolean {
  return !types.isProxy(fn) && !isNative(fn);
}

export function isNamespace(object: object): boolean {
  return types.isModuleNamespaceObject(object);
}

export function isClassText(fn: Function): boolean {
  return /^class\b/.test(textOf(fn));
}

/** True for a prototype as every new function has one. */
export function isFresh(prototype: object, fn: Function): boolean {
  const keys = ownKeys(prototype);
  const base = getPrototypeOf(prototype);
  if (!isExtensible(prototype)) return false;
  // Those of generators have no constructor, and another base.
  if (keys.length === 0)
    return base !== Object.prototype && base === (getPrototypeOf(fn) as { prototype?: unknown } | null)?.prototype;
  const { value, writable, enumerable, configurable } = getOwnPropertyDescriptor(prototype, "constructor") ?? {};
  const isBorn = writable === true && enumerable === false && configurable === true;
  return keys.length === 1 && value === fn && isBorn && base === Object.prototype;
}

/** True if a function has the prototype, or none, that it is born with. */
export function hasFreshPrototype(fn: Function): boolean {
  const { value, writable } = getOwnPropertyDescriptor(fn, "prototype") ?? { value: undefined, writable: true };
  return value === undefined || (writable === true && isObject(value) && isFresh(value, fn));
}

/** A property's attributes, as far as they are not those of an assigned one. */
export function flagsOf({ get, set, enumerable, writable, configurable }: PropertyDescriptor): string {
  const flags = [enumerable === true ? "" : "hidden", get || set ? "accessor" : "", writable === false ? "fixed" : ""];
  return `${flags.join(" ")} ${configurable === true ? "" : "lasting"}`;
}

export function nameOf(fn: Function): string {
  const found = getOwnPropertyDescriptor(fn, "name")?.value as unknown;
  return typeof found === "string" ? found : "";
}

/** The name of a class in messages. */
export function className(type: Function): string {
  return nameOf(type) === "" ? "a class without a name" : `class ${nameOf(type)}`;
}

export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
