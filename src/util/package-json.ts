import { readFileSync } from "node:fs";
import path from "node:path";
import { findUp } from "./find-up.js";
import { getOrCreate } from "./get-or-create.js";

/** The content of a package.json. */
export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly type?: unknown;
  readonly main?: unknown;
  readonly gypfile?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, unknown>>;
  readonly exports?: unknown;
  readonly module?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

const roots = new Map<string, string>();
const manifests = new Map<string, Manifest>();

/** Returns the folder of the package.json that is nearest to a file; without one, the file's own folder. */
export function packageRootOf(file: string): string {
  const folder = path.dirname(file);
  return getOrCreate(roots, folder, () => {
    const manifest = findUp(folder, "package.json");
    return manifest === undefined ? folder : path.dirname(manifest);
  });
}

/** Reads the package.json of a folder. It is empty if there is none, or if it can't be read. */
export function manifestOf(folder: string): Manifest {
  return getOrCreate(manifests, folder, () => {
    try {
      return JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest;
    } catch {
      return {};
    }
  });
}
