import { badOption, type Defect, HypernodesError } from "../errors.js";
import { showValue } from "./show-value.js";
import { didYouMean } from "./suggest.js";

/** What one option may be. */
export interface OptionRule {
  /** A phrase, or a phrase and a sentence that closes itself: `a whole number from 1`. */
  readonly takes: string | ((value: unknown) => string);
  is(value: unknown): boolean;
  /** An options object inside this one: what each of its options may be. */
  readonly inner?: OptionRules;
  /** How messages speak of those, if not as of `retries.times`. */
  readonly innerNoun?: string;
  /** Whether it has no default. */
  readonly isRequired?: boolean;
  /** Says what is wrong with a value that no message may show as a whole: secrets may be in it. */
  readonly problem?: (value: unknown) => string;
}

/** For each option of a call or a decorator, by its name, what it may be. */
export type OptionRules = Readonly<Record<string, OptionRule>>;

/** The rules of an options type: it has no option without one. */
export type RulesOf<T> = { readonly [K in keyof T & string]-?: OptionRule };

/** How messages speak of options. */
export interface OptionWords {
  /** Such as `execution option`. */
  readonly noun?: string;
  /** What else is said of a name that is no option: where it belongs. */
  readonly hint?: (name: string) => string | undefined;
}

export type OptionFault = Omit<Defect, "where">;

/** All that is wrong with some options. An option that is undefined has its default; null is a value like any other. */
export function optionFaults(options: unknown, rules: OptionRules, words: OptionWords = {}, path = ""): OptionFault[] {
  const { noun = "option", hint } = words;
  if (options === undefined) return [];
  if (!isRecord(options)) {
    const names = Object.keys(rules).join(", ");
    return [
      {
        code: "BAD_OPTION",
        problem: `the options are ${showValue(options)}`,
        advice: `They are given as { ${names} }.`,
      },
    ];
  }
  const faults: OptionFault[] = [];
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(rules, name)) continue;
    faults.push({
      code: "UNKNOWN_OPTION",
      problem: `there is no ${noun} "${path}${name}"`,
      advice: hint?.(name) ?? didYouMean(name, Object.keys(rules)),
    });
  }
  for (const name of Object.keys(rules)) {
    try {
      faults.push(...faultsOf(name, options[name], rules[name]!, noun, path));
    } catch {
      // What can't be asked (a revoked Proxy) is nothing that any option takes.
      faults.push(badOption(`${noun} ${path}${name}`, options[name], "a value that can be read"));
    }
  }
  return faults;
}

function faultsOf(name: string, value: unknown, rule: OptionRule, noun: string, path: string): OptionFault[] {
  const { takes, is, inner, innerNoun, isRequired = false, problem } = rule;
  if (value === undefined && !isRequired) return [];
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
 * @param where what is called: `modal(...)`.
 * @throws {HypernodesError} `UNKNOWN_OPTION`, `BAD_OPTION`, with all that is wrong.
 */
export function checkOptions(where: string, options: unknown, rules: OptionRules, words?: OptionWords): void {
  const faults = optionFaults(options, rules, words);
  if (faults.length > 0) throw optionError(where, faults);
}

/** The error of some wrong options, all at once. */
export function optionError(where: string, faults: readonly OptionFault[]): HypernodesError {
  const [first] = faults;
  if (faults.length === 1) return new HypernodesError({ where, ...first! });
  const lines = faults.map(({ problem, advice = "" }) => `\n  - ${problem}. ${advice}`);
  return new HypernodesError({
    where,
    code: first!.code,
    problem: `${faults.length} options are wrong:${lines.join("")}`,
  });
}

/** An object without the properties that are undefined: they have their defaults. */
export function withoutUndefined<T extends object>(options: T): T {
  if (!Object.values(options).includes(undefined)) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** True if an object of any class has these methods. */
export function hasMethods(value: unknown, ...names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/** True for an object of names and values: no list, and no Map, Date or the like, whose content is in no property. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  try {
    return Object.keys(value).length > 0 || Object.prototype.toString.call(value) === "[object Object]";
  } catch {
    // A proxy that does not answer: who reads it says so.
    return true;
  }
}

// Rules that many options share.

export const isFlag: OptionRule = { takes: "true or false", is: (value) => typeof value === "boolean" };

/** One of some texts. */
export function oneOf(...texts: readonly string[]): OptionRule {
  const quoted = texts.map((text) => `"${text}"`);
  return {
    takes: `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`,
    is: (value) => texts.includes(value as string),
  };
}

/** A whole number. */
export function wholeFrom(
  min: number,
  takes = `a whole number from ${min}`,
  max = Number.MAX_SAFE_INTEGER,
): OptionRule {
  return { takes, is: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max };
}

/** A number, also parts of one; NaN is none. */
export function numberFrom(min: number, takes: string, max = Number.POSITIVE_INFINITY): OptionRule {
  return { takes, is: (value) => typeof value === "number" && value >= min && value <= max };
}

/** A number above a bound. */
export function numberAbove(bound: number, takes: string): OptionRule {
  return { takes, is: (value) => typeof value === "number" && value > bound };
}

/** What fulfils a condition. */
export function that(takes: OptionRule["takes"], is: (value: unknown) => boolean): OptionRule {
  return { takes, is };
}

/** Whether a value is a list of texts that are not empty. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string" && text !== "");
}

/** Whether a function or a class was handed over where what it makes is asked for. */
export function callIt(value: unknown, call: string): string {
  return typeof value === "function" ? `. It was not called: ${call}.` : "";
}
