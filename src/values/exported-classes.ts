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
  /** Its own name, if it is exported by that, too; else the name of the export. */
  readonly name: string;
  /** The module, relative to where the program runs. */
  readonly module: string;
}

/** A pipeline for each module that defines some: the classes that it and the modules it imports export are known. */
const roots = new Map<unknown, WeakRef<Class>>();
const byType = new Map<Class, ExportedClass>();
const byName = new Map<string, ExportedClass[]>();

/** How many roots, and modules of a bundle, had been looked at when it was looked last. */
let looked = 0;
/** Whether an export had no value yet: its module was not at its end. */
let isUnfinished = false;
/** Objects whose class was not found, with what had been looked at by then. */
const missed = new WeakMap<object, number>();

/**
 * Makes the classes known by their exports that a pipeline's module exports, and the modules that it imports. They are looked for
 * when a value of an unknown class has to travel.
 */
export function knowExportsOf(pipeline: Class): void {
  const key = classLocationOf(pipeline)?.file ?? pipeline.name;
  if (roots.get(key)?.deref() === undefined) roots.set(key, new WeakRef(pipeline));
}

/** The exported class that instances with a prototype are of. */
export function exportedClassOf(prototype: object): ExportedClass | undefined {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  const known = byType.get(type as Class);
  if (known !== undefined) return known.type.prototype === prototype ? known : undefined;
  if (missed.get(prototype) === toLookAt() || !isClass(type) || type.prototype !== prototype) return undefined;
  look(isUnfinished);
  const found = byType.get(type);
  if (found === undefined) missed.set(prototype, toLookAt());
  return found;
}

/** The exported classes with a name. */
export function exportedClassesNamed(name: string): readonly ExportedClass[] {
  if (!byName.has(name)) look(isUnfinished);
  return byName.get(name) ?? [];
}

export function exportedClasses(): Iterable<ExportedClass> {
  look(isUnfinished);
  return byType.values();
}

/**
 * The module whose code defines a class, and whether the pipelines' modules import a class or function of it. Undefined for one of a
 * package, where no pipeline has been used, and where V8 does not tell.
 */
export function definingModule(type: Function): { readonly module: string; readonly isImported: boolean } | undefined {
  if (roots.size === 0) return undefined;
  return getOrCreate(modules, type, () => {
    try {
      const [place] = inspecting(() => placesOf([type]));
      if (place?.kind !== "code" || !isProjects(place.script)) return { found: undefined };
      const { id, url, isModule } = place.script;
      // A test runner's way to load modules is none that can be followed.
      if (!isModule && commonJs(url) === undefined) return { found: undefined };
      return { found: { module: shown(url), isImported: walk.hasSeen(id, url) } };
    } catch {
      return { found: undefined };
    }
  }).found;
}

const modules = new WeakMap<Function, { readonly found: ReturnType<typeof definingModule> }>();

type BundledExports = ReadonlyMap<string, Readonly<Record<string, () => unknown>> | (() => unknown)>;

function bundled(): BundledExports | undefined {
  return (globalThis as { [BUNDLED_EXPORTS]?: BundledExports })[BUNDLED_EXPORTS];
}

/** A number that grows with what there is to look at. */
function toLookAt(): number {
  return roots.size + (bundled()?.size ?? 0);
}

/** @param again also if there is nothing new to look at. */
function look(again: boolean): void {
  const there = toLookAt();
  if (there === looked && !again) return;
  looked = there;
  isUnfinished = false;
  const inBundle = bundled();
  if (inBundle === undefined) walk.from([...roots.values()].flatMap((root) => root.deref() ?? []));
  for (const [name, exported] of inBundle ?? []) {
    const values = typeof exported === "function" ? requiredValues(exported()) : valuesNow(exported);
    record(name.replace(/^bundle:/, ""), values);
  }
}

function valuesNow(exported: Readonly<Record<string, () => unknown>>): (readonly [string, unknown])[] {
  return Object.entries(exported).flatMap(([name, value]) => {
    try {
      return [[name, value()] as const];
    } catch {
      isUnfinished = true;
      return [];
    }
  });
}

/** Records what of a module's exports is a class, and none of a pipeline. */
function record(module: string, exported: Iterable<readonly [name: string, value: unknown]>): void {
  const names = new Map<Class, string[]>();
  for (const [name, value] of exported) {
    if (value === undefined) isUnfinished = true;
    if (isClass(value)) getOrCreate(names, value, () => []).push(name);
  }
  for (const [type, under] of names) {
    if (byType.has(type) || classLocationOf(type) !== undefined || membersOf(type).size > 0) continue;
    const own: unknown = Object.getOwnPropertyDescriptor(type, "name")?.value;
    const ownName = typeof own === "string" ? own : "";
    const other = under.find((name) => name !== "default");
    const name = under.includes(ownName) || other === undefined ? ownName : other;
    if (name === "") continue;
    const found = { type, name, module };
    byType.set(type, found);
    getOrCreate(byName, name, () => []).push(found);
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

function shown(file: string): string {
  return path.relative(process.cwd(), locationPath(file)).split(path.sep).join("/");
}

const { cache } = createRequire(import.meta.url);

/** A CommonJS module that is loaded. */
function commonJs(file: string): NodeJS.Module | undefined {
  return cache[locationPath(file)];
}

type Code = Extract<FunctionPlace, { kind: "code" }>;

/**
 * Goes through the modules of pipelines. Those of ES are found by V8's scopes: a module's has its exports and what it imports, also
 * while it waits for something at its top, when an `import()` of it would wait for ever. Nothing is imported, and no code runs.
 */
class ModuleWalk {
  /** By the script's id, what may be a class of those that were come to. */
  private readonly scripts = new Map<string, readonly ClassExport[]>();
  /** Those whose variables were looked at. */
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
      // It is asked for inside of a walk through a value: the next one may have more of the stack left.
      if (isStackOverflow(error)) {
        looked = 0;
        throw error;
      }
      // Where V8 does not answer, classes are known by their decorators alone.
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
    // The variable of a default export without a name is in no scope that V8 shows.
    const isUnnamed = fn.name === "default" && exported.some(({ local }) => local === undefined);
    if (isUnnamed) record(shown(script.url), [["default", fn]]);
    const scope = scopes.find(({ isModule }) => isModule);
    if (scope === undefined || this.entered.has(script.id)) return;
    this.entered.add(script.id);
    const variables = scope.variables as Readonly<Record<string, unknown>>;
    record(
      shown(script.url),
      exported.flatMap(({ name, local }) => (local === undefined ? [] : [[name, variables[local]] as const])),
    );
    for (const value of Object.values(variables)) this.lead(value, seen);
  }

  /** Goes on to the module of a value's code. @param depth how deep inside a variable it is. */
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

  /** A CommonJS module, those that it requires before it. */
  private require(module: NodeJS.Module, seen: WeakSet<Function>): void {
    if (this.required.has(module) || !isProjectsFile(module.filename)) return;
    this.required.add(module);
    for (const child of module.children) this.require(child, seen);
    const values = requiredValues(module.exports);
    // Of an ES module that was required, its own exports are found by its scope.
    if (!types.isModuleNamespaceObject(module.exports)) record(shown(module.filename), values);
    for (const [, value] of values) this.lead(value, seen);
  }
}

/** What a CommonJS module exports: a class that is all of it is its default export. */
function requiredValues(exports: unknown): (readonly [string, unknown])[] {
  const isObject = (typeof exports === "object" && exports !== null) || typeof exports === "function";
  const whole = isClass(exports) ? [["default", exports] as const] : [];
  return isObject ? [...whole, ...exportedValues(exports)] : whole;
}

/** How many functions V8 is asked about at once. */
const MAX_ASKED = 1_000;
/** Lists and records in a module's variable may hold what it imports of others; deeper ones are not looked into. */
const MAX_DEPTH = 2;
const MAX_VALUES = 100;

function plainValues(value: object): readonly unknown[] {
  if (types.isModuleNamespaceObject(value)) return exportedValues(value).map(([, inner]) => inner);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(value)) return [];
  const keys = Object.keys(value).slice(0, MAX_VALUES);
  return keys.map((key): unknown => Object.getOwnPropertyDescriptor(value, key)?.value);
}

/** What a module exports. Compilers write getters, and nobody else's are called. */
function exportedValues(exports: object): (readonly [string, unknown])[] {
  const isOfCompiler = types.isModuleNamespaceObject(exports) || Object.hasOwn(exports, "__esModule");
  return Object.keys(exports).flatMap((name) => {
    try {
      const property = Object.getOwnPropertyDescriptor(exports, name)!;
      if ("value" in property) return [[name, property.value as unknown] as const];
      return isOfCompiler ? [[name, property.get?.call(exports) as unknown] as const] : [];
    } catch {
      // Its module has not come to it yet.
      isUnfinished = true;
      return [];
    }
  });
}

const walk = new ModuleWalk();
