import { parse } from "acorn";
import { remembered } from "../graph/remembered.js";

const known = new WeakMap<Function, boolean>();

/**
 * Whether a class, or one it extends, has `#private` members: they can't be read from outside, so an instance that is
 * made anew would lack them. Compilers for older targets turn them into WeakMaps and helper calls, which count too.
 */
export function hasPrivateMembers(type: Function): boolean {
  for (let c: unknown = type; typeof c === "function" && c !== Function.prototype; c = Object.getPrototypeOf(c)) {
    if (remembered(known, c, () => mentionsPrivate(String(c)))) return true;
  }
  return false;
}

const LOWERED = /^_{1,2}class_?private_?(?:field|method)/i;

function mentionsPrivate(source: string): boolean {
  if (!source.includes("#") && !/private/i.test(source)) return false;
  let found = false;
  try {
    parse(`(${source})`, {
      ecmaVersion: "latest",
      onToken: ({ type, start, end }) => {
        // An offset into the text in its parentheses.
        const text = () => source.slice(start - 1, end - 1);
        if (type.label === "privateId" || (type.label === "name" && LOWERED.test(text()))) found = true;
      },
    });
  } catch {
    // A built-in class, or syntax newer than the parser: what it had read until there counts.
  }
  return found;
}
