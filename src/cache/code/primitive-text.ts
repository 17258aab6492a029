import path from "node:path";
import { pathToFileURL } from "node:url";
import { getOrCreate } from "../../util/get-or-create.js";
import { packageRootOf } from "../../util/package-json.js";

const HERE = packageRootOf(path.resolve("package.json"));

export function primitiveText(value: unknown): string {
  if (typeof value === "string") {
    const text = relativeToRoot(value);
    // "./data" is another text than the path of that folder.
    return `${text === value ? "string" : "path"} ${JSON.stringify(text)}`;
  }
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

/**
 * Returns a path or a file URL in the project as counted from its root, with "/": the same in each folder and on each system. Any other
 * text is returned as it is.
 *
 * @param root the project's folder.
 * @param system the system whose paths these are. Default: this one.
 */
export function relativeToRoot(text: string, root: string = HERE, system: path.PlatformPath = path): string {
  if (root.length === 1) return text;
  for (const [start, separator] of [
    [root, system.sep],
    [urlOf(root, system), "/"],
  ] as const) {
    if (text === start || text.startsWith(start + separator)) {
      return `.${text.slice(start.length).split(separator).join("/")}`;
    }
  }
  return text;
}

function urlOf(root: string, system: path.PlatformPath): string {
  return getOrCreate(urls, root, () => pathToFileURL(root, { windows: system.sep === "\\" }).href);
}

const urls = new Map<string, string>();
