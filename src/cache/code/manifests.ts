import path from "node:path";
import { manifestOf, packageRootOf } from "../../util/package-json.js";

// What the package.json of a folder says of files in it that a loader looks at.

/** The file that a folder is loaded by, as its package.json names it. Node looks at no other value than a text. */
export function mainOf(folder: string): string | undefined {
  const { main } = manifestOf(path.resolve(folder));
  return typeof main === "string" && main !== "" ? main : undefined;
}

/** Scripts that are modules, or none, by the nearest package.json. Node takes a file without an extension for one of them. */
const OF_EITHER_TYPE = /\.[jt]sx?$/;

/** The `type` that a script has from the nearest package.json, and that file; an empty text: it has none from there. */
export function typeOf(file: string): { readonly type: string; readonly decidedBy?: string } {
  if (!OF_EITHER_TYPE.test(file) && path.extname(file) !== "") return { type: "" };
  const root = packageRootOf(file);
  const { type } = manifestOf(root);
  // Node looks at none above node_modules.
  const isOutside = path.relative(root, file).split(path.sep).includes("node_modules");
  if (typeof type !== "string" || isOutside) return { type: "" };
  return { type: `type ${type}`, decidedBy: path.join(root, "package.json") };
}
