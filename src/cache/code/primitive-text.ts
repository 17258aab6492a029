import path from "node:path";
import { rootOf } from "./packages.js";

const HERE = rootOf(path.resolve("package.json"));

export function primitiveText(value: unknown): string {
  if (typeof value === "string") return `string ${JSON.stringify(relative(value))}`;
  if (typeof value === "symbol") return `${kindOf(value)} ${JSON.stringify(value.description)}`;
  return `${typeof value} ${Object.is(value, -0) ? "-0" : String(value)}`;
}

const OF_LANGUAGE = new Set(
  Reflect.ownKeys(Symbol).map((key) => (Symbol as unknown as Record<PropertyKey, unknown>)[key]),
);

/** `Symbol.for("k")` is another one than `Symbol("k")`. */
function kindOf(symbol: symbol): string {
  if (OF_LANGUAGE.has(symbol)) return "symbol of the language";
  return Symbol.keyFor(symbol) === undefined ? "symbol" : "registered symbol";
}

/** Paths in the project count from its root: the same wherever it lies. */
function relative(text: string): string {
  for (const root of [HERE, `file://${HERE}`]) {
    if (root.length > 1 && (text === root || text.startsWith(`${root}${path.sep}`)))
      return `.${text.slice(root.length)}`;
  }
  return text;
}
