import { types } from "node:util";
import { type Defect, DefinitionError } from "../errors.js";
import { callingFile } from "./class-location.js";
import { formatFile } from "./format-file.js";

/*
 * The arguments that a compiler passes to a decorator identify its target: `(prototype, name, descriptor or nothing)`
 * for members, `(prototype, name, index)` for parameters, `(class)` for classes; static members have the class instead
 * of the prototype. Standard decorators receive `(value, context)`.
 */

type AnyClass = abstract new (...args: never[]) => object;

/** The type of a decorator's parameter that the compiler passes only without `experimentalDecorators`. */
export type StandardContext = 'set "experimentalDecorators": true in tsconfig.json';

/** A class, as the compiler passes it to a decorator without parentheses. */
export type BareClass<A extends unknown[]> = abstract new (...parameters: A) => object;

/** The result of a mistaken call. TypeScript shows the sentence. */
export interface Mistake<Sentence extends string> {
  readonly mistake: Sentence;
}

/** The decorator that a call returns; a mistake if the call received a class because the parentheses are missing. */
export type ClassDecoratorOf<A extends unknown[], Sentence extends string> = [A] extends [never]
  ? (target: AnyClass, context?: StandardContext) => void
  : Mistake<Sentence>;

/**
 * Rejects a decorator that is written without parentheses: it receives the compiler's arguments instead of its own.
 *
 * @param decorator its name with the sign: `@node`.
 * @param given the arguments of the decorator's factory.
 * @param call the correct call: `@node("texts")`.
 * @throws {DefinitionError} `NOT_CALLED`, or `STANDARD_DECORATORS`.
 */
export function assertCalled(decorator: string, given: readonly unknown[], call: string): void {
  if (isContext(given[1])) throw standardDecorators(decorator);
  if (!isTarget(given)) return;
  const where = nameOf(given);
  throw definitionError(where, {
    code: "NOT_CALLED",
    problem: `${decorator} is written without parentheses`,
    advice: `Write ${call}, with parentheses.`,
  });
}

/**
 * Returns the class and the name of the member that a decorator is applied to.
 *
 * @param decorator its name with the sign, for an error.
 * @param place the arguments of the decorator.
 * @throws {DefinitionError} `NOT_A_MEMBER`, `RESERVED_NAME`, or `STANDARD_DECORATORS`.
 */
export function memberTarget(decorator: string, place: readonly unknown[]): { name: string; declaredBy: AnyClass } {
  const [target, key, third] = place;
  if (isContext(key)) throw standardDecorators(decorator);
  const targetKind = targetName(place);
  // Compilers pass a numeric name as a string or as a number.
  const name = typeof key === "number" ? String(key) : key;
  if (targetKind !== "a member" || typeof name !== "string") {
    throw definitionError(nameOf(place), {
      code: "NOT_A_MEMBER",
      problem: `${decorator} is applied to ${targetKind}`,
      advice: "Put it on an instance member that has a name.",
    });
  }
  // A member named "constructor" has replaced its class.
  if ((target as object).constructor.prototype !== target) {
    throw new DefinitionError("a pipeline", [
      { code: "RESERVED_NAME", where: "constructor", problem: 'every object has a member "constructor" of its own' },
    ]);
  }
  if (isAccessor(third)) {
    throw definitionError(nameOf(place), {
      code: "NOT_A_MEMBER",
      problem: `${decorator} is applied to an accessor`,
      advice: "Put it on a field or a method: the engine sets fields and calls methods.",
    });
  }
  return { name, declaredBy: (target as object).constructor as AnyClass };
}

/**
 * Returns the class that a decorator is applied to.
 *
 * @param decorator its name with the sign, for an error.
 * @param place the arguments of the decorator.
 * @throws {DefinitionError} `NOT_A_CLASS`, or `STANDARD_DECORATORS`.
 */
export function classTarget(decorator: string, place: readonly unknown[]): AnyClass {
  const [target, second] = place;
  if (isContext(second)) throw standardDecorators(decorator);
  const targetKind = targetName(place);
  if (targetKind === "a class") return target as AnyClass;
  throw definitionError(nameOf(place), {
    code: "NOT_A_CLASS",
    problem: `${decorator} is applied to ${targetKind}`,
    advice: `Put it on the class: ${decorator}(...) class ${classNameOf(target)} { ... }`,
  });
}

function targetName([target, key, third]: readonly unknown[]): string {
  if (typeof third === "number") return "a parameter";
  if (key === undefined) return "a class";
  if (typeof target === "function") return "a static member";
  return typeof key === "symbol" ? "a symbol-named member" : "a member";
}

/** True for the arguments of a decorator, false for those of its factory. */
function isTarget(given: readonly unknown[]): boolean {
  const [target, key, third] = given;
  if (given.length === 1) return isClass(target);
  if (given.length > 3) return false;
  if (key === undefined) return isClass(target) && typeof third === "number";
  if (typeof key !== "string" && typeof key !== "symbol" && typeof key !== "number") return false;
  if (third !== undefined && typeof third !== "number" && !isDescriptor(third)) return false;
  // The names in a wiring are not static members.
  return isClass(target) ? third !== undefined || Object.hasOwn(target, key) : isPrototype(target);
}

function isPrototype(target: unknown): target is object {
  if (typeof target !== "object" || target === null || !Object.hasOwn(target, "constructor")) return false;
  return isClass(target.constructor) && target.constructor.prototype === target;
}

/** Unlike a function, a class has a prototype that can't be replaced. */
function isClass(value: unknown): value is AnyClass {
  return typeof value === "function" && Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
}

function isDescriptor(value: unknown): value is PropertyDescriptor {
  return typeof value === "object" && value !== null && ("value" in value || isAccessor(value));
}

function isAccessor(value: unknown): boolean {
  return typeof value === "object" && value !== null && ("get" in value || "set" in value);
}

/** True for the context object of a standard decorator. */
function isContext(value: unknown): boolean {
  if (types.isProxy(value)) return false;
  const { kind, addInitializer } = (value ?? {}) as { readonly kind?: unknown; readonly addInitializer?: unknown };
  return typeof kind === "string" && typeof addInitializer === "function";
}

function nameOf([target, key]: readonly unknown[]): string {
  return key === undefined ? classNameOf(target) : `${classNameOf(target)}.${String(key)}`;
}

function classNameOf(target: unknown): string {
  const type = typeof target === "function" ? target : (target as object | undefined)?.constructor;
  return type?.name || "a class without a name";
}

function definitionError(where: string, defect: Omit<Defect, "where">): DefinitionError {
  return new DefinitionError(where, [{ ...defect, where }]);
}

function standardDecorators(decorator: string): DefinitionError {
  const file = callingFile();
  const fileText = file === undefined ? "the file" : formatFile(file);
  return definitionError(file === undefined ? decorator : fileText, {
    code: "STANDARD_DECORATORS",
    problem: `${decorator} is compiled as a standard (TC39) decorator, which can't check the wiring`,
    advice: `Set "experimentalDecorators": true in the tsconfig.json that your compiler or loader reads, and see that its "include" covers ${fileText}.`,
  });
}
