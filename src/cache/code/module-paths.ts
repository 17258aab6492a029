import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { remembered } from "../../graph/remembered.js";
import { type Script, scriptAt, scriptsUnder } from "./scripts.js";

/** What an import names. */
export type Target =
  | { readonly kind: "script"; readonly script: Script }
  /** Something that counts with its version: `leven 4.1.0`. */
  | { readonly kind: "package"; readonly name: string }
  /** A package of the same workspace: its own code counts, all of it. */
  | { readonly kind: "workspace"; readonly name: string; readonly scripts: readonly Script[] }
  /** What is no code, but data: a JSON file. */
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "unknown" };

/** What `import ... from "specifier"` in a script has loaded. */
export function resolve(specifier: string, from: Script): Target {
  const known = remembered(targets, from, () => new Map<string, Target>());
  return remembered(known, specifier, () => resolveAnew(specifier, from));
}

const targets = new WeakMap<Script, Map<string, Target>>();

function resolveAnew(specifier: string, from: Script): Target {
  if (isBuiltin(specifier)) return { kind: "package", name: specifier };
  if (!from.url.startsWith("file:")) return { kind: "unknown" };
  if (/^(?:\.|\/|file:)/.test(specifier)) return loadedFrom(new URL(specifier, from.url).href);
  if (!specifier.startsWith("#")) {
    const found = packageOf(specifier, from);
    if (found !== undefined) return found;
  }
  try {
    const file = createRequire(from.url).resolve(specifier);
    return loadedFrom(pathToFileURL(file).href);
  } catch {
    return aliased(specifier);
  }
}

/** Our own modules are a package, whether they are installed as one or not. */
const OURS = new URL("../../", import.meta.url).href;

/** Read when it is first asked for: in a container there is no such file, and nobody asks. */
function ourVersion(): string {
  const { version } = createRequire(import.meta.url)("../../../package.json") as { version: string };
  return version;
}

const EXTENSIONS = [".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx"];

/** TypeScript's imports name the file that will be emitted, or none of its extensions. */
function candidates(url: string): string[] {
  const bare = url.replace(/\.[mc]?jsx?$/, "");
  return [url, ...EXTENSIONS.flatMap((extension) => [bare + extension, `${url}/index${extension}`, url + extension])];
}

function loadedFrom(url: string): Target {
  for (const candidate of candidates(url)) {
    const script = scriptAt(candidate);
    if (script?.url.startsWith(OURS)) return { kind: "package", name: `hypernodes ${ourVersion()}` };
    if (script !== undefined) return { kind: "script", script };
  }
  const file = fileURLToPath(url);
  return existsSync(file) ? { kind: "file", path: file } : { kind: "unknown" };
}

function packageOf(specifier: string, from: Script): Target | undefined {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  for (let folder = path.dirname(fileURLToPath(from.url)); ; folder = path.dirname(folder)) {
    const inside = path.join(folder, "node_modules", name);
    const manifest = path.join(inside, "package.json");
    if (existsSync(manifest)) {
      const { version = "" } = JSON.parse(readFileSync(manifest, "utf8")) as { version?: string };
      const real = realpathSync(inside);
      if (real.split(path.sep).includes("node_modules")) return { kind: "package", name: `${name} ${version}` };
      const scripts = scriptsUnder(`${pathToFileURL(real).href}/`).filter(({ url }) => !url.includes("/node_modules/"));
      return { kind: "workspace", name: `${name} ${version}`, scripts };
    }
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** A loader's own name for a file of the project, `@/text`: the one loaded script that ends so. */
function aliased(specifier: string): Target {
  const ending = specifier.replace(/^[^/]*\//, "/");
  if (!ending.startsWith("/")) return { kind: "unknown" };
  const ends = candidates(ending);
  const scripts = scriptsUnder("file:").filter(
    ({ url }) => !url.includes("/node_modules/") && ends.some((end) => url.endsWith(end)),
  );
  return scripts.length === 1 ? { kind: "script", script: scripts[0]! } : { kind: "unknown" };
}
