import { builtinModules, createRequire } from "node:module";
import { types } from "node:util";
import vm from "node:vm";
import { METADATA_FUNCTIONS } from "../../dsl/metadata.js";

/** What the language and Node bring, and what a program has put in its place. */
export interface BuiltIns {
  /** The names of their objects and functions. */
  readonly names: ReadonlyMap<object, string>;
  /** What another realm does not have like this: `Array.prototype.sum`, with what is there. */
  readonly patches: readonly (readonly [place: string, value: unknown])[];
}

/** Stacks are no values: loaders change how they are written. */
const LEFT_OUT = new Set(["Error.prepareStackTrace", "Error.stackTraceLimit", "globalThis.console"]);

const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
const textOf = Function.prototype.call.bind(Function.prototype.toString) as (fn: Function) => string;

/** Walks this realm's language beside that of a fresh one. */
export function builtIns(): BuiltIns {
  const names = new Map<object, string>();
  const patches: (readonly [string, unknown])[] = [];
  const fresh = vm.runInNewContext("globalThis") as object;
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
  for (const [own, other, name] of queue) {
    const isRoot = own === globalThis;
    for (const key of ownKeys(other)) {
      const at = isRoot ? String(key) : `${name}.${String(key)}`;
      if (isRoot && LEFT_OUT.has(`globalThis.${String(key)}`)) continue;
      const [here, there] = [getOwnPropertyDescriptor(own, key), getOwnPropertyDescriptor(other, key)!];
      if (here === undefined) {
        patches.push([at, "it is not there"]);
        continue;
      }
      if (isRoot && here.value === globalThis) continue;
      meet(here.value, there.value, at);
      meet(here.get, there.get, `get ${at}`);
      meet(here.set, there.set, `set ${at}`);
    }
    if (isRoot) continue;
    for (const key of ownKeys(own)) {
      const at = `${name}.${String(key)}`;
      if (LEFT_OUT.has(at) || getOwnPropertyDescriptor(other, key) !== undefined) continue;
      const { value, get, set } = getOwnPropertyDescriptor(own, key)!;
      // hypernodes itself has loaded it: what it keeps in its closures is what decorators say.
      if (own === Reflect && isObject(value) && METADATA_FUNCTIONS.get(key) === value) {
        names.set(value, at);
        continue;
      }
      for (const part of [value, get, set]) if (part !== undefined) patches.push([at, part]);
    }
    const [base, otherBase] = [getPrototypeOf(own), getPrototypeOf(other)];
    if (base !== null && otherBase !== null) meet(base, otherBase, `prototype of ${name}`);
  }
  nameNode(names);
  return { names, patches };
}

function nameNode(names: Map<object, string>): void {
  names.set(process, "process");
  names.set(process.env, "process.env");
  names.set(console, "console");
  const load = createRequire(import.meta.url);
  const loaded = new Set((process as unknown as { moduleLoadList?: string[] }).moduleLoadList ?? []);
  for (const id of builtinModules) {
    // What nobody has loaded nobody has in a variable.
    if (id.startsWith("_") || !loaded.has(`NativeModule ${id}`)) continue;
    const exports = load(`node:${id}`) as unknown;
    if (isObject(exports) && !names.has(exports)) names.set(exports, `node:${id}`);
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function isAlike(own: object, other: object): boolean {
  if (typeof own !== typeof other || types.isProxy(own)) return false;
  if (typeof own !== "function" || typeof other !== "function") return true;
  return textOf(own) === textOf(other);
}
