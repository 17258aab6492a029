import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { findUp } from "../../util/find-up.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { type Manifest, manifestOf } from "../../util/package-json.js";
import { SCRATCH } from "./paths.js";
import { MAX_COMMAND_LENGTH, writeFileCommand } from "./shell-files.js";

/** An installed package. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

/** Packages that an image installs, at the versions that are installed here. */
export interface InstallLayer {
  readonly names: readonly string[];
  /** The commands of a Dockerfile. */
  readonly commands: readonly string[];
}

/** A package of more than this many bytes is not bundled, but installed in the image. */
const MAX_BUNDLED_BYTES = 8 * 1024 * 1024;
/** Files that are no code: they do not count. */
const NO_CODE = /\.(?:map|md|d\.[cm]?ts|flow)$/;
const NATIVE = /\.(?:node|wasm|so|dylib|dll)$/;
/** Packages that load or build the native part of another one. */
const NATIVE_TOOLS = ["bindings", "node-gyp-build", "node-pre-gyp", "@mapbox/node-pre-gyp", "prebuild-install"];

/** The package that a file belongs to; undefined if it is the project's own. */
export function packageOf(file: string): Package | undefined {
  const parts = file.split(path.sep);
  const at = parts.lastIndexOf("node_modules");
  if (at < 0) return undefined;
  const folder = parts.slice(0, at + (parts[at + 1]!.startsWith("@") ? 3 : 2)).join(path.sep);
  const { name = path.basename(folder), version = "" } = manifestOf(folder);
  return { name, version, folder };
}

const decided = new Map<string, boolean>();

/** True if a package is left out of the bundle because it is native or large. */
export function isExternal({ folder }: Package): boolean {
  return getOrCreate(decided, folder, () => {
    const manifest = manifestOf(folder);
    if (manifest.gypfile || existsSync(path.join(folder, "binding.gyp"))) return true;
    if (NATIVE_TOOLS.some((tool) => manifest.dependencies?.[tool] !== undefined)) return true;
    // Its native part is a package of its own for each platform.
    if (Object.keys(manifest.optionalDependencies ?? {}).some((name) => isForOnePlatform(name, folder))) return true;
    const { bytes, isNative } = contentOf(folder, MAX_BUNDLED_BYTES);
    return isNative || bytes > MAX_BUNDLED_BYTES;
  });
}

function isForOnePlatform(name: string, from: string): boolean {
  const found = findUp(from, path.join("node_modules", name));
  const { os, cpu } = found === undefined ? {} : manifestOf(found);
  return os !== undefined || cpu !== undefined;
}

function contentOf(folder: string, most: number): { bytes: number; isNative: boolean } {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name === "node_modules") continue;
      const inside = contentOf(file, most - bytes);
      if (inside.isNative) return inside;
      bytes += inside.bytes;
    } else if (NATIVE.test(entry.name)) return { bytes, isNative: true };
    else if (!NO_CODE.test(entry.name)) bytes += statSync(file).size;
    if (bytes > most) break;
  }
  return { bytes, isNative: false };
}

interface Locked extends Manifest {
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

interface Lock {
  readonly lockfileVersion: number;
  readonly packages?: Readonly<Record<string, Locked>>;
}

/** @returns what installs some packages, at exactly the versions that the project's lock file has; undefined for none. */
export function installLayer(packages: readonly Package[], root: string): InstallLayer | undefined {
  if (packages.length === 0) return undefined;
  const wanted = [...packages].sort((a, b) => (a.name < b.name ? -1 : 1));
  const manifest = {
    private: true,
    dependencies: Object.fromEntries(wanted.map(({ name, version }) => [name, version])),
  };
  const found = lockFor(wanted, root, manifest);
  const files = [writeFileCommand("package.json", JSON.stringify(manifest))];
  const writeLock = found && writeFileCommand("package-lock.json", JSON.stringify(found));
  const lock = writeLock !== undefined && writeLock.length < MAX_COMMAND_LENGTH ? found : undefined;
  if (lock !== undefined) files.push(writeLock!);
  const command = lock ? "ci" : "install";
  return {
    names: wanted.map(({ name }) => name),
    commands: [
      `RUN mkdir -p ${SCRATCH} && cd ${SCRATCH} && ${files.join(" && ")} && npm ${command} --omit=dev --no-audit --no-fund`,
    ],
  };
}

/** The part of the project's lock file that some packages need, as a lock file of its own. */
function lockFor(wanted: readonly Package[], root: string, manifest: object): object | undefined {
  const lock = readLock(root);
  const locked = lock?.packages;
  if (locked === undefined) return undefined;
  const needed = new Map<string, Locked>();
  const add = (name: string, from: string): boolean => {
    const place = placeOf(name, from, locked);
    if (place === undefined) return false;
    if (needed.has(place)) return true;
    const { dev, devOptional, ...entry } = locked[place]!;
    needed.set(place, entry);
    for (const dependency of Object.keys(entry.dependencies ?? {})) add(dependency, place);
    for (const dependency of Object.keys(entry.optionalDependencies ?? {})) add(dependency, place);
    return true;
  };
  for (const { name, version } of wanted) {
    if (!add(name, "") || locked[`node_modules/${name}`]?.version !== version) return undefined;
  }
  const { lockfileVersion } = lock!;
  const entries = [...needed].sort(([a], [b]) => (a < b ? -1 : 1));
  return { lockfileVersion, requires: true, packages: { "": manifest, ...Object.fromEntries(entries) } };
}

/** The folder in which Node finds a package that another one imports. */
function placeOf(name: string, from: string, locked: Readonly<Record<string, Locked>>): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const place = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (locked[place] !== undefined) return place;
    if (folder === "") return undefined;
  }
}

function readLock(root: string): Lock | undefined {
  const file = findUp(root, "package-lock.json");
  return file === undefined ? undefined : (JSON.parse(readFileSync(file, "utf8")) as Lock);
}
