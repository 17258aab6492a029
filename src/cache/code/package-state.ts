import { createRequire } from "node:module";
import { types } from "node:util";
import { getOrCreate } from "../../util/get-or-create.js";
import { once } from "../../util/on-demand.js";
import { forEachOf, getPrototypeOf, isExtensible, ownKeys, textOf, timeOf } from "../../util/primordials.js";
import { sha256 } from "../../util/sha256.js";
import { type Hidden, hiddenIn, hiddenOf, type Script } from "../../util/v8-inspector.js";
import { readsTypes } from "./decorations.js";
import { type Code, isPackaged } from "./functions.js";
import type { FunctionFacts } from "./inspector.js";
import { moduleText } from "./module-text.js";
import { CONTENT, intlOptions, storedIn, WORLD } from "./opaque.js";
import { fileOf, OUR_NAME, packageOf } from "./packages.js";
import { primitiveText } from "./primitive-text.js";
import { isOfProcess, isSinceStart } from "./process-values.js";
import {
  classesOf,
  descriptorOf,
  hasText,
  isClassText,
  isFresh,
  isNamespace,
  isNative,
  isObject,
  nameOf,
  read,
} from "./reflection.js";
import { AROUND, innerVariables, namesIn, stateScope } from "./variables.js";
import type { Walk } from "./walk.js";

/** The begin of the texts of pieces that are state of a package. */
export const STATE = "state ";

/** Packages whose records about a class count where that class does: see decorations.ts. */
const RECORDS: ReadonlySet<string> = new Set(["reflect-metadata", "class-validator", "class-transformer", OUR_NAME]);

/** A text that code of a program may have, too, by chance. */
const SHORT = 60;

/** Closures of functions are followed so far: some packages have a graph of a hundred thousand. */
const DEEPEST = 2;

/** The texts of functions that are known to be of packages. */
const ofPackages = new Set<string>();

/**
 * The variables at the top of packages' modules, beside their code: settings, and what a program has registered. Only functions of the
 * package see them, and which of these are called is not known: so all counts that a module has, and the modules that it imports.
 *
 * Functions and classes of packages count by their files; with those that a program has given them, all counts that these lead to. The content
 * of a WeakMap, a generator or a native object is left out: it is what packages memoize, and seldom a setting.
 */
export class PackageState {
  private readonly byScript = new Map<Script, number>();
  /** The pieces of objects: for those in closures of a package's functions others, and for those in closures of functions in these. */
  private readonly byLevel = Array.from({ length: DEEPEST + 1 }, () => new Map<object, number>());
  private readonly exporters = once(exporters);

  constructor(private readonly walk: Walk) {}

  /** The objects in the variables of modules, with their pieces. */
  *objects(): Generator<readonly [object: object, id: number]> {
    for (const pieces of this.byLevel) yield* pieces;
  }

  /** The state of a module, by one of its functions. */
  of(facts: Code): number {
    const { script } = facts;
    return getOrCreate(this.byScript, script, () => {
      const name = packageOf(script.url)!.name;
      const id = this.walk.piece(`variables of package ${name}`);
      this.walk.pieces[id]!.text = STATE;
      if (RECORDS.has(name)) return id;
      this.walk.owned(id, script);
      this.walk.later(() => this.module(id, facts, `package ${name}: `));
      return id;
    });
  }

  private module(id: number, facts: Code, prefix: string): void {
    const file = fileOf(facts.script.url);
    const text = file && moduleText(file);
    if (!text) return;
    if (readsTypes(text.source)) this.walk.readsTypes(id);
    const { next } = this.walk.pieces[id]!;
    const texts: string[] = [];
    /** Functions, by the modules that they are imported from. */
    const imported = new Map<string, Function[]>();
    const variables = stateScope(facts);
    for (const name of variables === undefined ? [] : namesIn(variables)) {
      const { value, isUnset } = read(variables!, name);
      if (AROUND.has(name) || isUnset === true || isOfProcess(name, value, text.source)) continue;
      if (!isObject(value)) texts.push(`${name} ${textOfPrimitive(value)}`);
      else if (typeof value === "function" && text.imports.has(name))
        getOrCreate(imported, text.imports.get(name)!, (): Function[] => []).push(value);
      else {
        texts.push(name);
        if (typeof value === "function" && text.isOwn(name, value))
          next.push(...this.beside(value, 0, prefix + name, text.source));
        else next.push(this.value(value, prefix + name));
      }
    }
    for (const key of text.globals) {
      // Some packages keep their one state in `process`, by a symbol.
      const value = read(globalThis, key).value ?? (typeof key === "symbol" ? read(process, key).value : undefined);
      if (isObject(value)) next.push(this.value(value, prefix + String(key)));
      else texts.push(`${String(key)} ${textOfPrimitive(value)}`);
    }
    if (file! in cacheOf())
      for (const each of [file!, ...text.required()])
        next.push(this.value(cacheOf()[each]?.exports, `${prefix}exports`));
    this.walk.pieces[id]!.text += JSON.stringify(texts);
    for (const functions of imported.values()) next.push(this.modulesOf(functions));
  }

  /** The state of the modules that some functions are of: as a piece, since it is found out when V8 has answered. */
  private modulesOf(functions: readonly Function[]): number {
    const id = this.walk.piece("");
    this.walk.pieces[id]!.text = STATE;
    this.follow(id, functions, []);
    return id;
  }

  /** They are mostly those of one module: V8 is asked for those that are not written in the ones found. */
  private follow(id: number, functions: readonly Function[], found: readonly string[]): void {
    const at = functions.findIndex((fn) => hasText(fn) && !found.some((source) => source.includes(textOf(fn))));
    if (at < 0) return;
    this.walk.inspect(functions[at]!, (facts) => {
      if (isOfPackage(facts)) this.walk.pieces[id]!.next.push(this.of(facts));
      const source = sourceOf(facts);
      this.follow(id, functions.slice(at + 1), source === undefined ? found : [...found, source]);
    });
  }

  private value(value: unknown, name: string, level = 0): number {
    if (!isObject(value)) return this.walk.leaf(`${STATE}${textOfPrimitive(value)}`, name);
    return getOrCreate(this.byLevel[level]!, value, () => {
      const builtIn = this.walk.language.names.get(value) ?? WORLD.get(value);
      if (builtIn !== undefined) return this.walk.leaf(`${STATE}built-in ${builtIn}`);
      const id = this.walk.piece(name);
      this.walk.pieces[id]!.text = STATE;
      this.walk.later(() => {
        if (types.isProxy(value)) this.inside(id, value, level, "[[Target]]", "[[Handler]]");
        else if (typeof value === "function") this.function(id, value, level);
        else this.object(id, value, level);
      });
      return id;
    });
  }

  private function(id: number, fn: Function, level: number): void {
    const piece = this.walk.pieces[id]!;
    const ofPackage = (source?: string): void => {
      piece.text += `function ${sha256(textOf(fn))}`;
      piece.next.push(...this.beside(fn, Math.min(level + 1, DEEPEST), piece.name, source));
    };
    if (level === DEEPEST && textOf(fn).length > SHORT && ofPackages.has(textOf(fn))) {
      ofPackage();
      return;
    }
    this.walk.inspect(fn, (facts) => {
      if (facts.kind === "bound") {
        for (const each of [facts.target, facts.self, ...facts.given])
          piece.next.push(this.value(each, piece.name, level));
      } else if (isOfPackage(facts)) {
        ofPackages.add(textOf(fn));
        ofPackage(level === 0 ? sourceOf(facts) : undefined);
        if (level === DEEPEST) return;
        if (level === 0) piece.next.push(this.of(facts));
        for (const [name, value] of innerVariables(fn, facts)) {
          piece.text += ` ${name}`;
          piece.next.push(this.value(value, piece.name, level + 1));
        }
      } else if (isPackaged(facts)) piece.text += `function ${nameOf(fn)}`;
      else piece.next.push(this.walk.value(fn));
    });
  }

  /** Of a package's function or class what is not in its text. */
  private beside(fn: Function, level: number, name: string, source?: string): number[] {
    if (types.isProxy(fn)) return [];
    const text = textOf(fn);
    const prototype = read(fn, "prototype").value;
    const hasMembers = isObject(prototype) && !isFresh(prototype, fn) && (source !== undefined || isClassText(fn));
    const found = [fn, ...(hasMembers ? [prototype] : [])].flatMap((holder) =>
      ownKeys(holder).flatMap((key) => {
        if (BORN_WITH.has(key)) return [];
        const parts = partsIn(holder, key).filter((part) => part !== undefined && !isWrittenIn(part, source ?? text));
        return parts.length === 0 ? [] : [String(key), ...parts];
      }),
    );
    const isReplaced = !isObject(prototype) && prototype !== undefined;
    if (isReplaced) found.push("prototype", prototype);
    for (const base of basesOf(fn)) found.push("extends", base);
    if (/\bstatic\s*#/.test(text)) found.push(...privatesOf(fn).flat());
    return found.map((part) => this.value(part, name, level));
  }

  /** The content of an object that V8 alone shows. */
  private inside(id: number, object: object, level: number, ...names: readonly string[]): void {
    const hidden = hiddenOf(object);
    const piece = this.walk.pieces[id]!;
    for (const name of names) piece.next.push(this.value(hiddenIn(hidden, name), piece.name, level));
  }

  private object(id: number, object: object, level: number): void {
    const piece = this.walk.pieces[id]!;
    const texts: string[] = [];
    const note = (...values: unknown[]): void => {
      for (const value of values) {
        if (isObject(value)) piece.next.push(this.value(value, piece.name, level));
        texts.push(isObject(value) ? "" : textOfPrimitive(value));
      }
    };
    if (isNamespace(object)) {
      piece.next.push(this.modulesOf(functionsIn(object)));
      note(...valuesOf(object).filter((value) => typeof value === "object"));
      return;
    }
    if (types.isPromise(object)) this.inside(id, object, level, "[[PromiseState]]", "[[PromiseResult]]");
    const stored = storedIn(object);
    if (stored !== undefined) note(stored.value);
    const base = getPrototypeOf(object);
    if (base !== null && !read(base, "constructor").isThere) note(base);
    const [type] = classesOf(object);
    const setter = type === undefined || types.isProxy(type) ? "" : textOf(type);
    const members = (isOfNode: boolean): void => {
      // A module's own functions are no state of it.
      const file = this.exporters().get(object);
      if (file !== undefined) piece.next.push(this.modulesOf(functionsIn(object)));
      const source = file && moduleText(file)?.source;
      for (const key of types.isTypedArray(object) ? [] : ownKeys(object)) {
        if (key === "stack" || (isOfNode && !isListener(key))) continue;
        const parts = partsIn(object, key);
        if (isOfProcess(key, parts[0], setter)) continue;
        // Accessors hand on members of other modules.
        if (!source || parts.length !== 1 || !isWrittenIn(parts[0], source)) note(String(key), ...parts);
      }
      piece.text += `${isExtensible(object) ? "" : "closed "}${sha256(JSON.stringify(texts))}`;
    };
    texts.push(this.contentOf(object, note));
    if (type === undefined || isNative(type) || types.isProxy(type)) {
      members(false);
      return;
    }
    texts.push(nameOf(type));
    if (textOf(type).includes("#")) note(...privatesOf(object).flat());
    this.walk.inspect(type, (facts) => {
      note(type);
      members(facts.kind === "code" && facts.script.url.startsWith("node:") && !CONTENT.has(nameOf(type)));
    });
  }

  /** The content of an object besides its properties. */
  private contentOf(object: object, note: (...values: unknown[]) => void): string {
    if (Array.isArray(object)) return `array ${object.length}`;
    if (ArrayBuffer.isView(object)) return bytesOf(object.buffer, object.byteOffset, object.byteLength);
    if (types.isAnyArrayBuffer(object)) return bytesOf(object);
    if (types.isDate(object)) return `date ${timeOf(object)}`;
    if (types.isRegExp(object)) return `regexp ${object.source} ${object.flags}`;
    if (types.isBoxedPrimitive(object)) return primitiveText((object as { valueOf(): unknown }).valueOf());
    if (types.isMap(object)) forEachOf.Map(object, (value, key) => note(key, value));
    if (types.isSet(object)) forEachOf.Set(object, (value) => note(value));
    for (const type of classesOf(object)) {
      const options = intlOptions(type, object);
      if (options !== undefined) return options;
    }
    return "";
  }
}

/** The own properties of every function and prototype. */
const BORN_WITH = new Set<PropertyKey>(["length", "prototype", "arguments", "caller", "constructor"]);

function bytesOf(buffer: ArrayBufferLike, offset?: number, length?: number): string {
  try {
    return sha256(new Uint8Array(buffer, offset, length));
  } catch {
    return "a buffer that was sent to another thread";
  }
}

/** Of Node's objects only listeners count: their other members are numbers and times of a process. */
function isListener(key: PropertyKey): boolean {
  return typeof key === "symbol" ? key.description === "kEvents" : LISTENERS.has(String(key));
}

const LISTENERS: ReadonlySet<string> = new Set(["_events", "next", "callback", "listener"]);

/** Times at which this process ran are no settings. */
function textOfPrimitive(value: unknown): string {
  return isSinceStart(value) ? "since the start" : primitiveText(value);
}

function isWrittenIn(part: unknown, text: string): boolean {
  return typeof part === "function" && hasText(part) && text.includes(textOf(part));
}

function isOfPackage(facts: FunctionFacts): facts is Code {
  return facts.kind === "code" && isPackaged(facts) && !facts.script.url.startsWith("node:");
}

function sourceOf(facts: FunctionFacts): string | undefined {
  return isOfPackage(facts) ? moduleText(fileOf(facts.script.url) ?? "")?.source : undefined;
}

/** A property's value, or the functions of an accessor. */
function partsIn(holder: object, key: PropertyKey): readonly unknown[] {
  const descriptor = descriptorOf(holder, key);
  if (descriptor === undefined || descriptor === "unset") return [];
  const { value, get, set } = descriptor as { value?: unknown; get?: unknown; set?: unknown };
  return get === undefined && set === undefined ? [value] : [get, set];
}

/** The functions that a class inherits from: it may have been given others than those in its text. */
function basesOf(fn: Function): Function[] {
  const prototype = read(fn, "prototype").value;
  const inherited = isObject(prototype) && getPrototypeOf(prototype);
  const bases = [getPrototypeOf(fn), inherited && read(inherited, "constructor").value];
  return bases.filter((base): base is Function => typeof base === "function" && hasText(base));
}

function privatesOf(object: object): Hidden {
  return hiddenOf(object).filter(([name]) => name.startsWith("#"));
}

function functionsIn(object: object): Function[] {
  return valuesOf(object).filter((value) => typeof value === "function");
}

function valuesOf(object: object): unknown[] {
  return ownKeys(object).map((key) => read(object, key).value);
}

const cacheOf = once(() => createRequire(import.meta.url).cache as Record<string, { exports?: unknown } | undefined>);

/** The files of CommonJS modules, by the objects that they export. */
function exporters(): ReadonlyMap<object, string> {
  return new Map(
    Object.entries(cacheOf()).flatMap(([file, module]) =>
      isObject(module?.exports) ? [[module.exports, file] as const] : [],
    ),
  );
}
