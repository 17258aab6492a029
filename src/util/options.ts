import { types } from "node:util";
import { badOption, type Defect, HypernodesError } from "../errors.js";
import { describeError } from "./describe.js";
import { getOrCreate } from "./get-or-create.js";
import { hasField } from "./has-field.js";
import { showValue } from "./show-value.js";
import { didYouMean } from "./suggest.js";

/** The allowed values of an option. */
export interface OptionRule {
  /** The allowed values as a phrase, or a phrase and a complete sentence: `a whole number from 1`. */
  readonly takes: string | ((value: unknown) => string);
  is(value: unknown): boolean;
  /** The rules of a nested options object. */
  readonly inner?: OptionRules;
  /** The noun for nested options in messages, if they are not named like `retries.times`. */
  readonly innerNoun?: string;
  /** True if the option has no default. */
  readonly isRequired?: boolean;
  /** Describes an invalid value that no message may show as a whole, because it may contain secrets. */
  readonly problem?: (value: unknown) => string;
}

/** The rules of the options of a call or a decorator, by name. */
export type OptionRules = Readonly<Record<string, OptionRule>>;

/** The rules of an options type: one for each of its options. */
export type RulesOf<T> = { readonly [K in keyof T & string]-?: OptionRule };

/** Words for options in messages. */
export interface OptionWords {
  /** The noun, such as `execution option`. */
  readonly noun?: string;
  /** Advises where an unknown option belongs. */
  readonly hint?: (name: string) => string | undefined;
  /** Internal options. No other option has a symbol as its name. */
  readonly symbols?: readonly symbol[];
}

export type OptionFault = Omit<Defect, "where">;

/** Returns all faults of some options. An undefined option has its default; null is a value like any other. */
export function optionFaults(options: unknown, rules: OptionRules, words: OptionWords = {}, path = ""): OptionFault[] {
  const { noun = "option", hint, symbols = [] } = words;
  if (options === undefined) return [];
  if (!isRecord(options)) {
    const names = Object.keys(rules).join(", ");
    return [
      {
        code: "BAD_OPTION",
        problem: `the options are ${showValue(options)}`,
        advice: `Pass them as { ${names} }.`,
      },
    ];
  }
  const faults: OptionFault[] = [];
  let names: string[];
  let others: symbol[];
  try {
    names = namesOf(options);
    others = symbolsOf(options).filter((symbol) => !symbols.includes(symbol));
  } catch (thrown) {
    return [unreadable("options", thrown)];
  }
  for (const name of names) {
    if (Object.hasOwn(rules, name)) continue;
    faults.push({
      code: "UNKNOWN_OPTION",
      problem: `there is no ${noun} "${path}${name}"`,
      advice: hint?.(name) ?? didYouMean(name, Object.keys(rules)),
    });
  }
  for (const symbol of others) {
    faults.push({
      code: "UNKNOWN_OPTION",
      problem: `there is no ${noun} ${path}${String(symbol)}`,
      advice: `A name is a text, not a symbol. ${didYouMean(symbol.description ?? "", Object.keys(rules))}`,
    });
  }
  // A plain object has the options that it names and no others: most runs have one of thirteen.
  const read = isPlain(options) && !hasRequired(rules) ? names : Object.keys(rules);
  for (const name of read) {
    if (!Object.hasOwn(rules, name)) continue;
    let value: unknown;
    try {
      value = options[name];
    } catch (thrown) {
      faults.push(unreadable(`${noun} ${path}${name}`, thrown));
      continue;
    }
    const rule = rules[name]!;
    if (value === undefined && rule.isRequired !== true) continue;
    try {
      faults.push(...faultsOf(name, value, rule, noun, path));
    } catch {
      // A value that can't be read (a revoked Proxy) is not valid for any option.
      faults.push(badOption(`${noun} ${path}${name}`, value, "a value that can be read"));
    }
  }
  return faults;
}

const withRequired = new WeakMap<OptionRules, boolean>();

function hasRequired(rules: OptionRules): boolean {
  return getOrCreate(withRequired, rules, () => Object.values(rules).some(({ isRequired }) => isRequired === true));
}

/** Returns the names of an object's enumerable properties, inherited ones as well. */
function namesOf(options: object): string[] {
  const names: string[] = [];
  for (const name in options) names.push(name);
  return names;
}

/** Returns the symbols of an object's own enumerable properties. */
function symbolsOf(options: object): symbol[] {
  const symbols = Object.getOwnPropertySymbols(options);
  return symbols.length === 0
    ? symbols
    : symbols.filter((symbol) => Object.prototype.propertyIsEnumerable.call(options, symbol));
}

/**
 * Reads options, each value once: those that are inherited, or accessors of a class, count as well. Anything but an
 * object of options is returned as it is, and so is a plain object without accessors.
 *
 * @param faults receives a fault for each value that can't be read.
 * @param path the option that has these options, for messages: `execution.`.
 * @param others names of values that may be accessors of the object's class.
 */
export function readOptions<T>(options: T, faults: OptionFault[], path = "", others: Iterable<string> = []): T {
  if (!isRecord(options)) return options;
  const values: Record<string | symbol, unknown> = {};
  try {
    if (isPlain(options)) return options;
    const names = new Set<string | symbol>(namesOf(options));
    for (const name of [...accessorsOf(options), ...others]) if (hasField(options, name)) names.add(name);
    for (const symbol of symbolsOf(options)) names.add(symbol);
    for (const name of names) {
      try {
        const value: unknown = (options as Record<string | symbol, unknown>)[name];
        Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true });
      } catch (thrown) {
        faults.push(unreadable(`option ${path}${String(name)}`, thrown));
      }
    }
  } catch (thrown) {
    faults.push(unreadable("options", thrown));
  }
  return values as T;
}

/**
 * Like `readOptions`, for the options of a call.
 *
 * @param where the call: `modal(...)`.
 * @throws {HypernodesError} `BAD_OPTION`, if a value can't be read.
 */
export function readAllOptions<T>(where: string, options: T, path = "", others: Iterable<string> = []): T {
  const faults: OptionFault[] = [];
  const read = readOptions(options, faults, path, others);
  if (faults.length > 0) throw optionError(where, faults);
  return read;
}

/** Tells if spreading an object gives the same values as reading its properties. */
function isPlain(options: object): boolean {
  if (types.isProxy(options)) return false;
  const prototype: unknown = Object.getPrototypeOf(options);
  if (prototype !== Object.prototype && prototype !== null) return false;
  // For the one or two options of most runs, this takes a third of the time of all descriptors at once.
  for (const name of Object.getOwnPropertyNames(options)) {
    const { get, enumerable } = Object.getOwnPropertyDescriptor(options, name)!;
    if (get !== undefined || enumerable !== true) return false;
  }
  return true;
}

/** Returns the names of the accessors of an object's classes, and of its own properties that are not enumerable. */
function accessorsOf(options: object): string[] {
  const names = Object.getOwnPropertyNames(options);
  for (let type = Object.getPrototypeOf(options); isClassPrototype(type); type = Object.getPrototypeOf(type)) {
    const properties = Object.entries(Object.getOwnPropertyDescriptors(type as object));
    for (const [name, { get }] of properties) if (get !== undefined) names.push(name);
  }
  return names;
}

function isClassPrototype(prototype: unknown): boolean {
  return prototype !== null && prototype !== Object.prototype;
}

function unreadable(option: string, thrown: unknown): OptionFault {
  const problem = `reading the ${option} failed with ${describeError(thrown)}`;
  return { code: "BAD_OPTION", problem, advice: "Pass its value." };
}

function faultsOf(name: string, value: unknown, rule: OptionRule, noun: string, path: string): OptionFault[] {
  const { takes, is, inner, innerNoun, problem } = rule;
  if (inner !== undefined && isRecord(value)) {
    const at = innerNoun === undefined ? `${path}${name}.` : "";
    return optionFaults(value, inner, { noun: innerNoun ?? noun }, at);
  }
  if (is(value)) return [];
  const phrase = typeof takes === "string" ? takes : takes(value);
  const fault = badOption(`${noun} ${path}${name}`, value, phrase);
  return [problem === undefined ? fault : { ...fault, problem: problem(value) }];
}

/**
 * Checks the options of a call.
 *
 * @param where the call: `modal(...)`.
 * @throws {HypernodesError} `UNKNOWN_OPTION`, `BAD_OPTION`, with all faults.
 */
export function checkOptions(where: string, options: unknown, rules: OptionRules, words?: OptionWords): void {
  const faults = optionFaults(options, rules, words);
  if (faults.length > 0) throw optionError(where, faults);
}

/**
 * Checks that a call has no more arguments than it takes. Undefined is none.
 *
 * @param call the call: `sqlite(path)`.
 * @param advice where the options belong that are expected here.
 * @throws {HypernodesError} `BAD_OPTION`
 */
export function checkNoMore(call: string, more: readonly unknown[], advice = "Remove it."): void {
  const surplus = more.find((argument) => argument !== undefined);
  if (surplus === undefined) return;
  const problem = `it received an extra argument: ${showValue(surplus)}`;
  throw optionError(call, [{ code: "BAD_OPTION", problem, advice }]);
}

/** Creates the error of some invalid options, all at once. */
export function optionError(where: string, faults: readonly OptionFault[]): HypernodesError {
  const [first] = faults;
  if (faults.length === 1) return new HypernodesError({ where, ...first! });
  const lines = faults.map(({ problem, advice = "" }) => `\n  - ${problem}. ${advice}`);
  return new HypernodesError({
    where,
    code: first!.code,
    problem: `${faults.length} options are invalid:${lines.join("")}`,
  });
}

/** Returns an object without its undefined properties, which have their defaults. */
export function withoutUndefined<T extends object>(options: T): T {
  if (!Object.values(options).includes(undefined)) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** True if an object of any class has these methods. */
export function hasMethods(value: unknown, ...names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/**
 * True for an object of names and values: not a list, and not a Map, a Date or the like, whose content is not in
 * properties.
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    if (Array.isArray(value)) return false;
    return Object.keys(value).length > 0 || Object.prototype.toString.call(value) === "[object Object]";
  } catch {
    // A proxy whose traps throw: reading it reports the error.
    return true;
  }
}

// Rules shared by many options.

export const isFlag: OptionRule = { takes: "true or false", is: (value) => typeof value === "boolean" };

/** Allows some texts. */
export function oneOf(...texts: readonly string[]): OptionRule {
  const quoted = texts.map((text) => `"${text}"`);
  return {
    takes: `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`,
    is: (value) => texts.includes(value as string),
  };
}

/** Allows whole numbers. */
export function wholeFrom(
  min: number,
  takes = `a whole number from ${min}`,
  max = Number.MAX_SAFE_INTEGER,
): OptionRule {
  return { takes, is: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max };
}

/** Allows numbers, including fractions; NaN is not allowed. */
export function numberFrom(min: number, takes: string, max = Number.POSITIVE_INFINITY): OptionRule {
  return { takes, is: (value) => typeof value === "number" && value >= min && value <= max };
}

/** Allows numbers above a bound. */
export function numberAbove(bound: number, takes: string): OptionRule {
  return { takes, is: (value) => typeof value === "number" && value > bound };
}

/** Allows values that fulfill a condition. */
export function that(takes: OptionRule["takes"], is: (value: unknown) => boolean): OptionRule {
  return { takes, is };
}

/** Tells if a value is a list of texts that are not empty. */
export function isTexts(value: unknown): value is readonly string[] {
  return isListOf(value, (text) => typeof text === "string" && text !== "");
}

/** Tells if a value is a list whose elements all fulfill a condition. A hole is an undefined element. */
export function isListOf(value: unknown, is: (element: unknown) => boolean): boolean {
  if (!Array.isArray(value)) return false;
  for (let i = 0; i < value.length; i++) if (!is(value[i])) return false;
  return true;
}

/** Advises to call a function or a class that was passed instead of its result. */
export function callIt(value: unknown, call: string): string {
  return typeof value === "function" ? `. It was not called: ${call}.` : "";
}
