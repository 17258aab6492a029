import jsTokens from "js-tokens";
import { getOrCreate } from "../util/get-or-create.js";

const withMembers = new WeakMap<Function, boolean>();
const withFields = new WeakMap<Function, boolean>();

/**
 * Tells if a class, or a base class, has `#private` members: they can't be read from outside, so a deserialized
 * instance would lack them. Compilers for older targets convert them to WeakMaps and helper calls, which count, too.
 */
export function hasPrivateMembers(type: Function): boolean {
  return getOrCreate(withMembers, type, () => namesOf(type).length > 0);
}

/** Tells if a class, or a base class, has `#private` fields: instances that look equal may differ in them. */
export function hasPrivateFields(type: Function): boolean {
  return getOrCreate(withFields, type, () => namesOf(type).some(({ isMethod }) => !isMethod));
}

function namesOf(type: Function): PrivateName[] {
  const names: PrivateName[] = [];
  for (let c: unknown = type; typeof c === "function" && c !== Function.prototype; c = Object.getPrototypeOf(c)) {
    names.push(...privateNames(String(c)));
  }
  return names;
}

const DOWNLEVELLED = /^_{1,2}class_?private_?(?:field|method)/i;

interface PrivateName {
  /** True if it is only called, or is the name of a method or an accessor, which every instance has. */
  readonly isMethod: boolean;
}

function privateNames(source: string): PrivateName[] {
  if (!source.includes("#") && !/private/i.test(source)) return [];
  const tokens = [...jsTokens(source)].filter(({ type }) => !INSIGNIFICANT.has(type));
  return tokens.flatMap(({ type, value }, i) => {
    if (type === "IdentifierName" && DOWNLEVELLED.test(value)) return [{ isMethod: false }];
    if (type !== "PrivateIdentifier") return [];
    const before = tokens[i - 1]?.value;
    const isUse = before === "." || before === "?.";
    return [{ isMethod: isUse || tokens[i + 1]?.value === "(" }];
  });
}

const INSIGNIFICANT = new Set(["WhiteSpace", "MultiLineComment", "SingleLineComment", "LineTerminatorSequence"]);
