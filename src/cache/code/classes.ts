import { types } from "node:util";
import { getOrCreate } from "../../util/get-or-create.js";
import { once } from "../../util/on-demand.js";
import { getOwnPropertyDescriptor, getPrototypeOf, isExtensible, ownKeys, textOf } from "../../util/primordials.js";
import { hiddenOf } from "../../util/v8-inspector.js";
import { declarationsOf, decorationsOf, isDesign, metadataOf, metadataStores } from "./decorations.js";
import type { ClassForm } from "./forms.js";
import { type Code, formOf, isPackaged } from "./functions.js";
import type { References } from "./references.js";
import {
  classesOf,
  className,
  flagsOf,
  hasFreshPrototype,
  isClassText,
  isFresh,
  isNative,
  isObject,
  nameOf,
  read,
} from "./reflection.js";
import type { Walk } from "./walk.js";

/** A member of a class, or an accessor's function. */
interface Part {
  readonly key: PropertyKey;
  readonly value: unknown;
}

/** Classes: their text, their members, what decorators and statements beside them have added; and what hangs on functions. */
export class Classes {
  private readonly metadataStores = once(metadataStores);
  private readonly typeReaders: number[] = [];
  /** The records of emitted types that nothing follows yet, with the pieces of what they were emitted for. */
  private emitted: { readonly id: number; readonly types: unknown }[] = [];

  constructor(
    private readonly walk: Walk,
    private readonly references: References,
  ) {}

  add(id: number, type: Function, form: ClassForm, facts: Code): void {
    this.references.code(id, form, facts);
    const piece = this.walk.pieces[id]!;
    piece.text = `class ${form.hash} ${nameOf(type)}`;
    piece.text += ` ${this.names(id, type)}`;
    if (form.privates.length > 0) this.privateProperties(id, type);
    const base = getPrototypeOf(type);
    if (base !== null && base !== Function.prototype) piece.next.push(this.walk.value(base));
    const source = textOf(type);
    const prototype = getOwnPropertyDescriptor(type, "prototype")?.value as object | undefined;
    if (prototype !== undefined) {
      piece.text += ` ${this.names(id, prototype)}${isExtensible(prototype) ? "" : " closed"}`;
      this.members(id, prototype, source);
      this.replacedBase(id, type, prototype);
    }
    this.decorations(id, type);
    this.declarations(id, type);
  }

  /** The wiring of a pipeline class, with the pipelines nested in it: code may run it. */
  private declarations(id: number, type: Function): void {
    const { next } = this.walk.pieces[id]!;
    for (const { member, key, value } of declarationsOf(type, this.metadataStores())) {
      next.push(this.walk.leaf("declared"), this.walk.value(member));
      if (isDesign(key)) next.push(this.walk.leaf(typeNames(value)), ...this.types(value));
      else next.push(this.walk.value(value, `the wiring of ${nameOf(type)}`));
    }
  }

  /** A class without its methods: its constructor, fields, statics, and what decorators add to it. */
  making(type: Function): number {
    const id = this.walk.piece(className(type));
    this.walk.inspect(type, (facts) => {
      const form = facts.kind === "code" && !isPackaged(facts) ? formOf(type, facts) : undefined;
      if (form?.kind !== "class") {
        this.walk.pieces[id]!.next.push(this.walk.value(type));
        return;
      }
      this.references.code(id, form.making, facts as Code);
      this.walk.pieces[id]!.text += ` ${nameOf(type)}`;
      this.ownProperties(id, type);
      this.decorations(id, type);
      this.metadata(id, type);
    });
    return id;
  }

  /** The records of a class that decorators store outside of it. */
  private decorations(id: number, type: Function): void {
    const { next } = this.walk.pieces[id]!;
    for (const [place, value] of decorationsOf(type))
      next.push(this.walk.leaf(`decorated ${place}`), this.walk.value(value, place));
  }

  /** The records of reflect-metadata about an object or a class. */
  metadata(id: number, object: object): void {
    const { next } = this.walk.pieces[id]!;
    for (const { member, key, value } of metadataOf(object, this.metadataStores())) {
      next.push(this.walk.leaf("metadata"), this.walk.value(member));
      if (isDesign(key)) {
        // A type is not used by being named: which one it is counts, and not what it does unless code reads such records.
        next.push(this.walk.leaf(`${key} ${typeNames(value)}`));
        this.emitted.push({ id, types: value });
      } else next.push(this.walk.value(key), this.walk.value(value, String(key)));
    }
  }

  /** Code was reached that may read the types that a compiler emits, at a piece: it may make objects of them. */
  readsTypes(id: number): void {
    this.typeReaders.push(id);
  }

  /** Adds emitted types to the classes that they were emitted for, if code may read them. @returns true if there was any. */
  resolveTypes(): boolean {
    const { emitted } = this;
    const reader = this.typeReaders.at(-1);
    if (reader === undefined || emitted.length === 0) return false;
    this.emitted = [];
    for (const { id, types } of emitted) {
      const { next } = this.walk.pieces[this.walk.isCounted(id) ? reader : id]!;
      next.push(...this.types(types));
    }
    return true;
  }

  /** Emitted types, which may be in a list. */
  private types(types: unknown): number[] {
    return [types].flat().flatMap((type) => (typeof type === "function" ? [this.walk.inward(type)] : []));
  }

  /** The names of members, which may be computed, and where one is not what it is born as: hidden, and to be written and deleted. */
  private names(id: number, object: object): string {
    const names = ownKeys(object).map((key) => {
      if (typeof key === "symbol") this.walk.pieces[id]!.next.push(this.walk.value(key));
      const { enumerable, writable, configurable, get, set } = getOwnPropertyDescriptor(object, key)!;
      const isLasting = configurable === false && key !== "prototype";
      const flags = [
        ...[enumerable && "shown", writable === false && "fixed", isLasting && "lasting"],
        ...[get && "get", set && "set"],
      ];
      return [String(key), ...flags.filter(Boolean)].join(" ");
    });
    return JSON.stringify(names);
  }

  /** A prototype that is not what the class's text makes of it. */
  private replacedBase(id: number, type: Function, prototype: object): void {
    const { next } = this.walk.pieces[id]!;
    const maker = getOwnPropertyDescriptor(prototype, "constructor")?.value as unknown;
    if (maker !== type) next.push(this.walk.leaf("key constructor"), this.walk.value(maker));
    const base = getPrototypeOf(type);
    const expected =
      base === Function.prototype ? Object.prototype : base && getOwnPropertyDescriptor(base, "prototype")?.value;
    const found = getPrototypeOf(prototype);
    if (found !== expected) next.push(this.walk.leaf("key __proto__"), this.walk.value(found));
  }

  /** True if a class of an object has private members. */
  hasPrivates(object: object): boolean {
    for (const type of classesOf(object)) {
      if (getOrCreate(withPrivates, type, () => textOf(type).includes("#"))) return true;
    }
    return false;
  }

  /** `#field`s of an object, or a class. */
  privateProperties(id: number, object: object): void {
    for (const [name, value] of hiddenOf(object)) {
      if (!name.startsWith("#")) continue;
      this.walk.pieces[id]!.next.push(this.walk.leaf(`key ${name}`), this.walk.value(value, name));
    }
  }

  /** Members that a program has put on the prototype of a package's class, and on those of the classes that it extends. */
  changedMembers(id: number, type: Function): void {
    // What is on the prototype of a function is looked at with its properties.
    if (!isClassText(type)) return;
    const prototype = getOwnPropertyDescriptor(type, "prototype")?.value as object | undefined;
    if (prototype !== undefined) this.members(id, prototype, textOf(type));
    const base = getPrototypeOf(type);
    if (base !== null && base !== Function.prototype) this.walk.pieces[id]!.next.push(this.walk.value(base));
  }

  /** Members that a program has put on a class of Node or of a package, of which a static method may make an object. */
  changedBeside(id: number, type: Function, { script }: Code): void {
    if (script.url.startsWith("node:")) this.changedInNode(id, type);
    else this.changedMembers(id, type);
  }

  /** Members that a program has put on one of Node's classes, on its prototype, and on the classes that it extends. */
  changedInNode(id: number, type: Function): void {
    const base = getPrototypeOf(type);
    if (base !== null && base !== Function.prototype) this.walk.pieces[id]!.next.push(this.walk.value(base));
    const parts: Part[] = [];
    const prototype = getOwnPropertyDescriptor(type, "prototype")?.value as unknown;
    for (const object of [type, prototype]) {
      if (!isObject(object)) continue;
      for (const key of ownKeys(object)) {
        if (key === "constructor" || (object === type && OF_FUNCTIONS.has(key))) continue;
        const { value, get, set } = getOwnPropertyDescriptor(object, key)!;
        for (const part of [value, get, set] as unknown[]) if (part !== undefined) parts.push({ key, value: part });
      }
    }
    this.addPut(id, parts);
  }

  /** Functions that a program has put on an object of Node's. */
  functionsPutOn(id: number, object: object): void {
    const parts = ownKeys(object).map((key) => ({
      key,
      value: getOwnPropertyDescriptor(object, key)?.value as unknown,
    }));
    this.addPut(
      id,
      parts.filter(({ value }) => typeof value === "function"),
    );
  }

  /** Adds those of the members that Node has not put there, in their order, when V8 has answered for each. */
  private addPut(id: number, parts: readonly Part[]): void {
    const isFound: boolean[] = [];
    let waiting = 1;
    const answered = (): void => {
      if (--waiting > 0) return;
      for (const [i, { key, value }] of parts.entries())
        if (isFound[i]) this.walk.pieces[id]!.next.push(this.walk.key(key), this.walk.value(value, String(key)));
    };
    for (const [i, { value }] of parts.entries()) {
      if (typeof value !== "function" || types.isProxy(value)) {
        isFound[i] = typeof value === "function" || !isObject(value);
        continue;
      }
      waiting++;
      this.walk.inspect(value, (facts) => {
        isFound[i] = facts.kind === "bound" || (facts.kind === "code" && !facts.script.url.startsWith("node:"));
        answered();
      });
    }
    answered();
  }

  /** Members whose text is not in the class's: a decorator put them there, or a statement beside the class. */
  private members(id: number, object: object, source: string): void {
    for (const key of ownKeys(object)) {
      if (key === "constructor") continue;
      const descriptor = getOwnPropertyDescriptor(object, key)!;
      const { value, get, set } = descriptor as { value?: unknown; get?: unknown; set?: unknown };
      const parts = [value, get, set].filter((part) => part !== undefined);
      const { description = "" } = typeof key === "symbol" ? key : {};
      const name = typeof key === "string" ? key : description && `[${description}]`;
      const isWritten = (part: unknown) =>
        typeof part === "function" &&
        !types.isProxy(part) &&
        nameOf(part) === (part === get ? `get ${name}` : part === set ? `set ${name}` : name) &&
        isMethodText(textOf(part)) &&
        source.includes(textOf(part));
      if (parts.length > 0 && parts.every(isWritten)) {
        for (const method of parts) this.addedTo(id, key, method as Function);
        continue;
      }
      this.walk.pieces[id]!.next.push(this.walk.key(key), ...parts.map((part) => this.walk.value(part, String(key))));
    }
  }

  /** Adds to a class the properties and records that decorators and statements have put on a method of its text. */
  private addedTo(id: number, key: PropertyKey, method: Function): void {
    if (isBare(method) && metadataOf(method, this.metadataStores()).length === 0) return;
    const own = this.walk.piece(String(key));
    this.walk.pieces[own]!.text = "method";
    this.ownProperties(own, method);
    this.metadata(own, method);
    this.walk.pieces[id]!.next.push(this.walk.key(key), own);
  }

  /** The properties that a function is born with, where a program has changed them. */
  private born(id: number, fn: Function): void {
    const piece = this.walk.pieces[id]!;
    for (const [key, { get, ...property }] of changedFlags(fn)) {
      piece.text += ` ${key} ${flagsOf({ get, ...property } as PropertyDescriptor)}`;
      if (get !== undefined) piece.next.push(this.walk.value(get, `${nameOf(fn)}.${key}`));
    }
    if (hasFreshPrototype(fn)) return;
    const { value, writable } = getOwnPropertyDescriptor(fn, "prototype")!;
    if (writable === false) piece.text += " fixed prototype";
    if (!isObject(value) || !isFresh(value, fn))
      piece.next.push(this.walk.leaf("key prototype"), this.walk.value(value, "prototype"));
  }

  /** The own properties of a function: `f.cache = ...`, static members. */
  ownProperties(id: number, fn: Function): void {
    const piece = this.walk.pieces[id]!;
    piece.text += ` ${String(getOwnPropertyDescriptor(fn, "length")?.value)}${isExtensible(fn) ? "" : " closed"}`;
    const base = getPrototypeOf(fn);
    const isClass = isClassText(fn);
    if (base === null) piece.text += " without a prototype";
    else if (!isClass && !isOfLanguage(base)) piece.next.push(this.walk.value(base));
    if (!isClass) this.born(id, fn);
    for (const key of ownKeys(fn)) {
      if (OF_FUNCTIONS.has(key) || key === "arguments" || key === "caller") continue;
      const found = read(fn, key);
      const descriptor = getOwnPropertyDescriptor(fn, key) ?? {};
      const { get, set } = descriptor;
      piece.text += ` ${flagsOf(descriptor)}`;
      piece.next.push(this.walk.key(key));
      if (get !== undefined || set !== undefined) piece.next.push(this.walk.value(get), this.walk.value(set));
      else piece.next.push(this.walk.value(found.isThere ? found.value : undefined, `${nameOf(fn)}.${String(key)}`));
    }
  }
}

/** The attributes of the name of every new function, and of the number of its parameters. */
const BORN_FLAGS = flagsOf({ writable: false, enumerable: false, configurable: true });

/** The properties that every new function has, where it has them with other attributes. */
function changedFlags(fn: Function): (readonly [key: string, property: PropertyDescriptor])[] {
  return ["length", "name"].flatMap((key) => {
    const property = getOwnPropertyDescriptor(fn, key);
    return property === undefined || flagsOf(property) === BORN_FLAGS ? [] : [[key, property] as const];
  });
}

/** True for what may be written as a member: no function or class that has been assigned to one. */
function isMethodText(text: string): boolean {
  return !/^(?:(?:async\s+)?function\b|class\b|(?:async\s*)?(?:\(|[\w$]+\s*=>))/.test(text);
}

/** The own properties of every function. */
const OF_FUNCTIONS = new Set<PropertyKey>(["length", "name", "prototype"]);

/** True for a function to which nothing was added. */
function isBare(fn: Function): boolean {
  const base = getPrototypeOf(fn);
  return (
    isExtensible(fn) &&
    base !== null &&
    isOfLanguage(base) &&
    ownKeys(fn).every((key) => OF_FUNCTIONS.has(key)) &&
    hasFreshPrototype(fn) &&
    changedFlags(fn).length === 0
  );
}

/** The prototypes of functions, of asynchronous ones, of generators. */
function isOfLanguage(prototype: object): boolean {
  if (prototype === Function.prototype) return true;
  const maker = getOwnPropertyDescriptor(prototype, "constructor")?.value as unknown;
  return typeof maker === "function" && isNative(maker);
}

const withPrivates = new Map<Function, boolean>();

/** The names of emitted types, which may be in a list. */
function typeNames(types: unknown): string {
  if (Array.isArray(types)) return types.map(typeNames).join();
  return typeof types === "function" ? nameOf(types) : String(types);
}
