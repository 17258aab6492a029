import { types } from "node:util";
import { getOrCreate } from "../../util/get-or-create.js";
import { getPrototypeOf } from "../../util/primordials.js";
import { ANY_MEMBER, CONTENT, POSSIBLY, WEAK, writtenByAlias } from "./form-writes.js";
import type { Form } from "./forms.js";
import type { Code } from "./functions.js";
import { classesOf, isNative } from "./reflection.js";

/** Methods of the language that change nothing. */
const READ = new Set([
  ...["has", "get", "includes", "indexOf", "lastIndexOf", "join", "slice", "map", "filter", "forEach", "reduce", "at"],
  ...["reduceRight", "some", "every", "find", "findIndex", "findLast", "findLastIndex", "keys", "values", "entries"],
  ...["concat", "flat", "flatMap", "subarray", "toString", "toLocaleString", "valueOf", "hasOwnProperty", "toJSON"],
  ...["toSorted", "toReversed", "toSpliced", "with", "getTime", "toISOString", "getFullYear", "getMonth", "getDate"],
  ...["then", "catch", "finally", "format", "formatToParts", "resolvedOptions", "compare", "select", "of"],
  ...["getInt8", "getUint8", "getInt16", "getUint16", "getInt32", "getUint32", "getFloat32", "getFloat64"],
  ...["getBigInt64", "getBigUint64"],
  ...["call", "apply", "bind", "isPrototypeOf", "propertyIsEnumerable", "constructor", "size", "length"],
]);

/** One of the values on a path: the variable, or a member of an object. */
export interface Step {
  /** Undefined: a variable. */
  readonly holder: object | undefined;
  readonly key: string;
  readonly value: unknown;
}

/** In the place of a value: there is none. */
export const ABSENT = Symbol("absent");
export const UNSET = Symbol("unset");

/** The way on which a value was found, and what the code does with it. */
export interface Use {
  readonly steps: Step[];
  readonly isAssigned?: boolean | undefined;
  readonly isFilled?: boolean | undefined;
  readonly isText?: boolean | undefined;
  readonly isHandedOn: boolean;
  /** Of an imported variable: its name in the module that it is imported from, and that module. */
  readonly imported?: string | undefined;
  /** The names by which a module exports a variable that it assigns. */
  readonly exported?: string | undefined;
  /** False for a function that is called, and not asked for its name. */
  readonly hasName?: boolean | undefined;
  /** The things that may be written on the way. */
  effects?: Effect[];
}

/** Adds what a piece may write to what some code may write. */
export type Effect = (writes: Writes) => void;

/** Code that was read, by the pieces that it is. */
export interface Writing {
  /** All that code of the nodes may write. */
  readonly writes: Writes;
  /** All that the code of some pieces may write. */
  writesAmong(isReached: (id: number) => boolean): Writes;
}

/** The things that code may write: all code that was reached, or that of one method. */
export class Writes {
  private readonly names = new Set<string>();
  /**
   * The things that may be written by functions of the language under other names. This is no reason to take a change for one that nodes
   * have made, but one to count which of several equal objects it is.
   */
  private readonly possible = new Set<string>();
  private readonly exact = new Map<object, Set<string>>();
  /** Objects that code reaches by another name than a path: `this` of a method. */
  readonly handedOn = new Set<object>();
  /** The pieces of objects that methods of packages, or of Node, are called on: they may write all that these lead to. */
  readonly wholes = new Set<number>();
  /** Code of packages, which is not looked at, was reached; and code of Node's. */
  ofPackages = false;
  ofNode = false;
  /** True if any code assigns a variable that is declared outside of it. */
  hasVariables = false;

  add({ writes }: Form, { script }: Code): void {
    for (const name of writes ?? []) {
      if (name.startsWith(POSSIBLY)) {
        this.possible.add(name.slice(POSSIBLY.length));
        continue;
      }
      this.names.add(name);
      if (!name.startsWith("=")) continue;
      this.hasVariables = true;
      this.names.add(`${script.id} ${name}`);
    }
  }

  /** Code has a function of the language by another name than its own. */
  alias(name: string): void {
    for (const written of writtenByAlias(name.split("."))) this.possible.add(written);
  }

  /** A member of an object is written. */
  member(holder: unknown, key: string): void {
    if ((typeof holder === "object" && holder !== null) || typeof holder === "function")
      getOrCreate(this.exact, holder, () => new Set<string>()).add(key);
    if (key === "__proto__") this.possible.add(ANY_MEMBER);
  }

  /** A method of the language is called on an object. */
  method(holder: object, name: string): void {
    if (!READ.has(name)) this.member(holder, ANY_MEMBER);
  }

  get hasAny(): boolean {
    return this.ofPackages || this.names.size > 0 || this.possible.size > 0 || this.exact.size > 0;
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  writesTo(holder: object, key: string): boolean {
    const known = this.exact.get(holder);
    return known !== undefined && (known.has(key) || known.has(ANY_MEMBER));
  }

  /** True if code may write a member of an object that it may have by any name. */
  mayWriteAny(key: string): boolean {
    if (key.startsWith(WEAK) && this.names.has(CONTENT)) return true;
    return this.ofPackages || this.names.has(`.${key}`) || this.names.has(ANY_MEMBER);
  }

  /** True if code may write a member of an object by a name that does not show, or what is in it. */
  mayWritePossibly(object: object, key: string): boolean {
    if (this.mayFillAny(object) || this.possible.has(ANY_MEMBER) || this.possible.has(`.${key}`)) return true;
    return this.possible.has(CONTENT) && hasContent(object);
  }

  /** True if code may write what is in an object besides its members of a name, if it may have it by any name. */
  mayFillAny(object: object): boolean {
    if (this.ofPackages || this.names.has(ANY_MEMBER)) return true;
    const isBytes = ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object);
    return (this.names.has(CONTENT) && hasContent(object)) || (isBytes && this.ofNode);
  }
}

/** True for lists, Maps and the like: all that methods of the language change. */
function hasContent(object: object): boolean {
  if (getPrototypeOf(object) === Object.prototype) return false;
  return [...classesOf(object)].some((type) => type !== Object && isNative(type));
}
