import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { types } from "node:util";
import type { Class } from "../dsl/class.js";
import { BUNDLED_EXPORTS, classLocationOf, isBundled, locationPath } from "../dsl/class-location.js";
import { membersOf } from "../dsl/metadata.js";
import { getOrCreate } from "../util/get-or-create.js";
import { OWN_URL } from "../util/own-files.js";
import { type FunctionPlace, inspecting, placesOf, type Script, sourceOf } from "../util/v8-inspector.js";
import { type ClassExport, classExports } from "./class-exports.js";
import { isStackOverflow } from "./unserialisable.js";

/** A class that a module of a pipeline exports. */
export interface ExportedClass {
  readonly type: Class;
  /** Its own name, if it is exported under that name, too; otherwise the name of the export. */
  readonly name: string;
  /** The path of the module, relative to the working directory. */
  readonly module: string;
}

/** A pipeline for each module that defines some: the classes exported by it and by the modules it imports are known. */
const roots = new Map<unknown, WeakRef<Class>>();
const byType = new Map<Class, ExportedClass>();
const byName = new Map<string, ExportedClass[]>();

/** Number of roots, and modules of a bundle, at the time of the last search. */
let searchedCount = 0;
/** True if an export had no value yet, because its module was still being evaluated. */
let isUnfinished = false;
/** Objects whose class was not found, with the state of the search at that time. */
const missed = new WeakMap<object, number>();

/**
 * Registers the classes exported by a pipeline's module, and by the modules that it imports. They are searched when a
 * value of an unknown class has to be serialized.
 */
export function registerExportsOf(pipeline: Class): void {
  const key = classLocationOf(pipeline)?.file ?? pipeline.name;
  if (roots.get(key)?.deref() === undefined) roots.set(key, new WeakRef(pipeline));
}

/** Returns the exported class of instances with a prototype. */
export function exportedClassOf(prototype: object): ExportedClass | undefined {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  const exported = byType.get(type as Class);
  if (exported !== undefined) return exported.type.prototype === prototype ? exported : undefined;
  if (missed.get(prototype) === searchableCount() || !isClass(type) || type.prototype !== prototype) return undefined;
  search(isUnfinished);
  const result = byType.get(type);
  if (result === undefined) missed.set(prototype, searchableCount());
  return result;
}

/** Returns the exported classes with a name. */
export function exportedClassesNamed(name: string): readonly ExportedClass[] {
  if (!byName.has(name)) search(isUnfinished);
  return byName.get(name) ?? [];
}

export function exportedClasses(): Iterable<ExportedClass> {
  search(isUnfinished);
  return byType.values();
}

/**
 * Returns the module whose code defines a class, and if the pipelines' modules import it. Undefined for a class of a
 * package, if no pipeline has been used, or if V8 does not know.
 */
export function definingModule(type: Function): { readonly module: string; readonly isImported: boolean } | undefined {
  if (roots.size === 0) return undefined;
  return getOrCreate(modules, type, () => {
    try {
      const [place] = inspecting(() => placesOf([type]));
      if (place?.kind !== "code" || !isProjects(place.script)) return { result: undefined };
      const { id, url, isModule } = place.script;
      // The module system of a test runner can't be traversed.
      if (!isModule && commonJs(url) === undefined) return { result: undefined };
      return { result: { module: relativeModule(url), isImported: walk.hasSeen(id, url) } };
    } catch {
      return { result: undefined };
    }
  }).result;
}

const modules = new WeakMap<Function, { readonly result: ReturnType<typeof definingModule> }>();

type BundledExports = ReadonlyMap<string, Readonly<Record<string, () => unknown>> | (() => unknown)>;

function bundled(): BundledExports | undefined {
  return (globalThis as { [BUNDLED_EXPORTS]?: BundledExports })[BUNDLED_EXPORTS];
}

/** A number that grows with the modules to search. */
function searchableCount(): number {
  return roots.size + (bundled()?.size ?? 0);
}

/** @param again searches even if there is nothing new. */
function search(again: boolean): void {
  const count = searchableCount();
  if (count === searchedCount && !again) return;
  searchedCount = count;
  isUnfinished = false;
  const inBundle = bundled();
  if (inBundle === undefined) walk.from([...roots.values()].flatMap((root) => root.deref() ?? []));
  for (const [name, exported] of inBundle ?? []) {
    const values = typeof exported === "function" ? requiredValues(exported()) : evaluatedValues(exported);
    recordExports(name.replace(/^bundle:/, ""), values);
  }
}

function evaluatedValues(exported: Readonly<Record<string, () => unknown>>): (readonly [string, unknown])[] {
  return Object.entries(exported).flatMap(([name, value]) => {
    try {
      return [[name, value()] as const];
    } catch {
      isUnfinished = true;
      return [];
    }
  });
}

/** Records the exports of a module that are classes, except for pipelines. */
function recordExports(module: string, exported: Iterable<readonly [name: string, value: unknown]>): void {
  const names = new Map<Class, string[]>();
  for (const [name, value] of exported) {
    if (value === undefined) isUnfinished = true;
    if (isClass(value)) getOrCreate(names, value, () => []).push(name);
  }
  for (const [type, exportNames] of names) {
    if (byType.has(type) || classLocationOf(type) !== undefined || membersOf(type).size > 0) continue;
    const own: unknown = Object.getOwnPropertyDescriptor(type, "name")?.value;
    const ownName = typeof own === "string" ? own : "";
    const other = exportNames.find((name) => name !== "default");
    const name = exportNames.includes(ownName) || other === undefined ? ownName : other;
    if (name === "") continue;
    const result = { type, name, module };
    byType.set(type, result);
    getOrCreate(byName, name, () => []).push(result);
  }
}

const textOf = Function.prototype.toString;

function isClass(value: unknown): value is Class {
  return typeof value === "function" && !types.isProxy(value) && textOf.call(value).startsWith("class");
}

function isProjects({ url }: Script): boolean {
  return isProjectsFile(url);
}

function isProjectsFile(url: string): boolean {
  const isFile = url.startsWith("file:") || path.isAbsolute(url);
  return isFile && !/[\\/]node_modules[\\/]/.test(url) && !urlOf(url).startsWith(OWN_URL);
}

function urlOf(file: string): string {
  return file.startsWith("file:") ? file : pathToFileURL(file).href;
}

function relativeModule(file: string): string {
  return path.relative(process.cwd(), locationPath(file)).split(path.sep).join("/");
}

const { cache } = createRequire(import.meta.url);

/** Returns a CommonJS module that is loaded. */
function commonJs(file: string): NodeJS.Module | undefined {
  return cache[locationPath(file)];
}

type Code = Extract<FunctionPlace, { kind: "code" }>;

/**
 * Walks the modules of pipelines. ES modules are found by V8's scopes: the scope of a module has its exports and
 * imports, even while it waits at its top level, when an `import()` of it would wait forever. Nothing is imported, and
 * no code runs.
 */
class ModuleWalk {
  /** Possible classes of the visited modules, by the script's id. */
  private readonly scripts = new Map<string, readonly ClassExport[]>();
  /** Scripts whose variables have been read. */
  private readonly entered = new Set<string>();
  private readonly required = new Set<NodeJS.Module>();
  private queue: Function[] = [];

  hasSeen(id: string, url: string): boolean {
    const module = commonJs(url);
    return this.scripts.has(id) || (module !== undefined && this.required.has(module));
  }

  from(pipelines: readonly Class[]): void {
    this.scripts.clear();
    this.entered.clear();
    this.required.clear();
    const seen = new WeakSet<Function>();
    for (const pipeline of pipelines) {
      const origin = classLocationOf(pipeline);
      const module = origin?.file === undefined || isBundled(origin) ? undefined : commonJs(origin.file);
      if (module === undefined) this.queue.push(pipeline);
      else this.require(module, seen);
    }
    if (this.queue.length === 0) return;
    try {
      inspecting(() => {
        while (this.queue.length > 0) this.next(seen);
      });
    } catch (error) {
      this.queue = [];
      // The search runs inside a walk of a value: the next one may have more stack available.
      if (isStackOverflow(error)) {
        searchedCount = 0;
        throw error;
      }
      // If V8 does not answer, classes are only known by their decorators.
    }
  }

  private next(seen: WeakSet<Function>): void {
    const functions = this.queue.splice(0, MAX_ASKED);
    for (const [i, place] of placesOf(functions).entries()) {
      if (place.kind === "code" && isProjects(place.script)) this.function(functions[i]!, place, seen);
    }
  }

  private function(fn: Function, place: Code, seen: WeakSet<Function>): void {
    const { script, scopes } = place;
    if (!script.isModule) {
      const module = commonJs(script.url);
      if (module !== undefined) this.require(module, seen);
      return;
    }
    const exported = getOrCreate(this.scripts, script.id, () => classExports(sourceOf(script)));
    // No scope of V8 has the variable of a default export without a name.
    const isUnnamed = fn.name === "default" && exported.some(({ local }) => local === undefined);
    if (isUnnamed) recordExports(relativeModule(script.url), [["default", fn]]);
    const scope = scopes.find(({ isModule }) => isModule);
    if (scope === undefined || this.entered.has(script.id)) return;
    this.entered.add(script.id);
    const variables = scope.variables as Readonly<Record<string, unknown>>;
    recordExports(
      relativeModule(script.url),
      exported.flatMap(({ name, local }) => (local === undefined ? [] : [[name, variables[local]] as const])),
    );
    for (const value of Object.values(variables)) this.lead(value, seen);
  }

  /**
   * Continues with the module of a value's code.
   *
   * @param depth its nesting in a variable.
   */
  private lead(value: unknown, seen: WeakSet<Function>, depth = 0): void {
    if (types.isProxy(value)) return;
    if (typeof value === "function") {
      if (!seen.has(value)) this.queue.push(value);
      seen.add(value);
    } else if (typeof value === "object" && value !== null && depth < MAX_DEPTH) {
      const type: unknown = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(value) ?? {}, "constructor")?.value;
      if (typeof type === "function") this.lead(type, seen, depth);
      for (const inner of plainValues(value)) this.lead(inner, seen, depth + 1);
    }
  }

  /** Records a CommonJS module, after the modules that it requires. */
  private require(module: NodeJS.Module, seen: WeakSet<Function>): void {
    if (this.required.has(module) || !isProjectsFile(module.filename)) return;
    this.required.add(module);
    for (const child of module.children) this.require(child, seen);
    const values = requiredValues(module.exports);
    // The exports of a required ES module are found by its scope.
    if (!types.isModuleNamespaceObject(module.exports)) recordExports(relativeModule(module.filename), values);
    for (const [, value] of values) this.lead(value, seen);
  }
}

/** Returns the exports of a CommonJS module: a class as `module.exports` is its default export. */
function requiredValues(exports: unknown): (readonly [string, unknown])[] {
  const isObject = (typeof exports === "object" && exports !== null) || typeof exports === "function";
  const whole = isClass(exports) ? [["default", exports] as const] : [];
  return isObject ? [...whole, ...exportedValues(exports)] : whole;
}

/** Maximum number of functions per query to V8. */
const MAX_ASKED = 1_000;
/** Lists and records in a module's variable may contain imports; deeper ones are not searched. */
const MAX_DEPTH = 2;
const MAX_VALUES = 100;

function plainValues(value: object): readonly unknown[] {
  if (types.isModuleNamespaceObject(value)) return exportedValues(value).map(([, inner]) => inner);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(value)) return [];
  const keys = Object.keys(value).slice(0, MAX_VALUES);
  return keys.map((key): unknown => Object.getOwnPropertyDescriptor(value, key)?.value);
}

/** Returns the exports of a module. Only getters written by compilers are called. */
function exportedValues(exports: object): (readonly [string, unknown])[] {
  const isOfCompiler = types.isModuleNamespaceObject(exports) || Object.hasOwn(exports, "__esModule");
  return Object.keys(exports).flatMap((name) => {
    try {
      const property = Object.getOwnPropertyDescriptor(exports, name)!;
      if ("value" in property) return [[name, property.value as unknown] as const];
      return isOfCompiler ? [[name, property.get?.call(exports) as unknown] as const] : [];
    } catch {
      // Its module has not been evaluated that far.
      isUnfinished = true;
      return [];
    }
  });
}

const walk = new ModuleWalk();
