import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import Module, { createRequire } from "node:module";
import { types } from "node:util";
import vm from "node:vm";
import { getPrototypeOf, getStore } from "../../util/primordials.js";
import { primitiveText } from "./primitive-text.js";
import { iteratorsOf, REALMS } from "./realms.js";
import { findDescriptor, isObject, read } from "./reflection.js";

// Things that reading values can't show, and the ways to know them.

const NAMES_OF_KNOWN = [
  ...["Object", "Function", "Array", "Map", "Set", "Date", "RegExp", "Promise", "WeakMap", "WeakSet"],
  ...["Boolean", "Number", "String", "Symbol", "BigInt", "Error", "AggregateError", "EvalError", "RangeError"],
  ...["ReferenceError", "SyntaxError", "TypeError", "URIError", "ArrayBuffer", "SharedArrayBuffer", "DataView"],
  "FinalizationRegistry",
] as const;

/** Constructors of objects that have no content but their properties, or whose content is read by other code. */
export const KNOWN = new Set<unknown>(
  REALMS.flatMap(({ globals }) => [...NAMES_OF_KNOWN.map((name) => globals[name]), getPrototypeOf(globals.Uint8Array)]),
);

/** Classes of Node whose objects are nothing but their content, and those of what these have inside. */
export const CONTENT: ReadonlySet<string> = new Set([
  ...["Buffer", "URL", "URLContext", "URLSearchParams"],
  ...["Headers", "HeadersList", "FormData", "Blob"],
]);

export const ITERATORS = new Set<object>(REALMS.flatMap(iteratorsOf));

type Options = (this: unknown) => unknown;

const intlTypes = new Map<unknown, Options>(
  REALMS.flatMap(
    ({ globals }) =>
      Object.values(Object.getOwnPropertyDescriptors(globals.Intl)) as {
        value?: { prototype?: Record<string, Options> };
      }[],
  )
    .filter(({ value }) => value?.prototype !== undefined)
    .map(({ value }) => [value, value!.prototype!.resolvedOptions ?? value!.prototype!.toString!]),
);

/** The resolved options of an `Intl` object. */
export function intlOptions(type: Function, object: object): string | undefined {
  const options = intlTypes.get(type);
  try {
    return options && JSON.stringify(options.call(object));
  } catch {
    // It only has that prototype.
    return undefined;
  }
}

const { getBuiltinModule } = process as { getBuiltinModule?: Function };

/** Functions that run texts as code, or load code by any name. */
export const RUN_CODE = new Map<object, string>([
  ...REALMS.flatMap(({ globals, functions }) => [
    [globals.eval, "eval"] as const,
    ...functions.map((fn) => [(getPrototypeOf(fn) as Function).constructor, "Function"] as const),
  ]),
  ...[vm, ...Object.values(vm)].filter(isObject).map((part) => [part, "node:vm"] as const),
  ...[createRequire, Module].map((part) => [part, "createRequire of node:module"] as const),
  ...(getBuiltinModule === undefined ? [] : [[getBuiltinModule, "process.getBuiltinModule"] as const]),
]);

RUN_CODE.delete(vm.constants);

/**
 * Node's own numbers for what is asynchronous, which differ from process to process; but not what a program's `AsyncLocalStorage`s keep
 * there: from Node 24 on as a frame; before, by a store's own symbol, if this is loaded where there are stores.
 */
export const ASYNC_IDS = new Set<PropertyKey>(
  Object.getOwnPropertySymbols(new AsyncResource("hypernodes")).filter(
    ({ description }) => description !== "kResourceStore" && description !== "context_frame",
  ),
);

/** The name of a stream that Node has opened for the process; they are objects of other classes where output goes to a file, or a pipe. */
export function standardStream(object: object): string | undefined {
  // Asked for, Node opens it.
  if (read(object, "_isStdio").value !== true) return undefined;
  const name = (["stdout", "stderr", "stdin"] as const).find((each) => process[each] === object);
  return name && `process.${name}`;
}

/**
 * The text of a primitive value at a path from an object of Node's. Of a stream of the process that is handed on as a whole, what code may
 * ask it for.
 *
 * @param isBuiltIn true for an accessor that may be asked.
 */
export function primitiveAt(start: unknown, way: readonly string[], isBuiltIn: (get: Function) => boolean): string {
  if (way.length === 0 && isObject(start) && standardStream(start) !== undefined)
    return OF_STREAMS.map((key) => ` ${key} ${String(read(start, key).value)}`).join("");
  let value = start;
  for (const key of way) {
    const descriptor = isObject(value) ? findDescriptor(value, key) : "unset";
    if (descriptor === "unset") return "";
    const { get } = descriptor ?? {};
    if (get !== undefined && !isBuiltIn(get)) return "";
    value = get === undefined ? (descriptor?.value as unknown) : get.call(value);
  }
  return isObject(value) ? "" : ` ${way.join(".")} ${primitiveText(value)}`;
}

const OF_STREAMS = ["isTTY", "columns", "rows"];

function isOneOf(object: object, prototype: object): boolean {
  for (let at = getPrototypeOf(object); at !== null && !types.isProxy(at); at = getPrototypeOf(at))
    if (at === prototype) return true;
  return false;
}

/** The current store of an `AsyncLocalStorage`; undefined: it is none. */
export function storedIn(object: object): { readonly value: unknown } | undefined {
  return isOneOf(object, AsyncLocalStorage.prototype)
    ? { value: getStore.call(object as AsyncLocalStorage<unknown>) }
    : undefined;
}

/** The variables of the environment that functions of `node:os` read. */
export const OF_OS: readonly string[] = ["TMPDIR", "TMP", "TEMP"];

/** The folder that the process is in, among the names of variables of the environment. */
export const FOLDER = "process.cwd()";

/** Globals from which everything can be reached. */
export const WORLD = new Map<unknown, string>([
  ...REALMS.map(({ globals }) => [globals, "globalThis"] as const),
  [process, "process"],
  [process.env, "process.env"],
]);

/** The reason why code that loads a module of Node's when it runs can't be known. */
export function moduleProblem(specifier: string): string | undefined {
  const name = specifier.replace(/^node:/, "");
  if (name === "process") return `${WORLD.get(process)!} is handed on as a whole`;
  const runs = name === "vm" ? RUN_CODE.get(vm) : name === "module" ? RUN_CODE.get(Module) : undefined;
  return runs && `${runs} runs code that can't be seen`;
}

/**
 * A member of `process` that is another one in another process, or on another machine, if reading it is reading that.
 *
 * @param value the member's value: functions are the same everywhere, except for the one that returns the folder.
 */
export function processMember(holder: unknown, key: string, value: unknown): string | undefined {
  if (holder !== process || key === "env" || (typeof value === "function" && key !== "cwd")) return undefined;
  return `process.${key}`;
}
