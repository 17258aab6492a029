import jsTokens from "js-tokens";
import { getOrCreate } from "../util/get-or-create.js";

const results = new WeakMap<Function, boolean>();

/**
 * Tells if a class, or a base class, has `#private` members: they can't be read from outside, so a deserialized
 * instance would lack them. Compilers for older targets convert them to WeakMaps and helper calls, which count, too.
 */
export function hasPrivateMembers(type: Function): boolean {
  for (let c: unknown = type; typeof c === "function" && c !== Function.prototype; c = Object.getPrototypeOf(c)) {
    if (getOrCreate(results, c, () => hasPrivateSyntax(String(c)))) return true;
  }
  return false;
}

/** The names of the helpers of tsc, swc and Babel, and those of esbuild. */
const DOWNLEVELLED = /^_{1,2}class_?private_?(?:field|method)|^__private(?:Add|Get|Set|Method|In|Wrapper)/i;

function hasPrivateSyntax(source: string): boolean {
  if (!source.includes("#") && !/private/i.test(source)) return false;
  for (const { type, value } of jsTokens(source)) {
    if (type === "PrivateIdentifier" || (type === "IdentifierName" && DOWNLEVELLED.test(value))) return true;
  }
  return false;
}
