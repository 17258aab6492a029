import { fileURLToPath } from "node:url";
import { OWN_FOLDER, OWN_URL } from "../util/own-files.js";
import type { Class } from "./class.js";

/** Where a class comes from, so that another thread can import it. */
export interface ClassLocation {
  /** The URL or path of the module whose code defines it; undefined for code that is in no file. */
  readonly file: string | undefined;
  readonly name: string;
  /** The how many-eth class of this name it is that the module has defined, from 0. */
  readonly ordinal: number;
}

/**
 * Where many modules were made one file: under this global the file says which module's code is running. A place in a
 * bundle is no place on a disk, so it begins with a scheme of its own.
 */
export const BUNDLE_MODULE_KEY = "hypernodes:module";

/**
 * In such a file, modules put the classes that they may export under this global, by the module's name: for each export a function
 * that gives its value, since a class further down is not there yet; a CommonJS module, one that gives all of its exports.
 */
export const BUNDLED_EXPORTS = "hypernodes:exports";

/** Whether an origin is a module in a bundle. */
export function isBundled({ file }: Pick<ClassLocation, "file">): boolean {
  return file?.startsWith("bundle:") === true;
}

/** The path of the module that an origin's file names by its URL, or by its path. */
export function locationPath(file: string): string {
  return file.startsWith("file:") ? fileURLToPath(file.replace(/[?#].*$/, "")) : file;
}

interface BundledModule {
  [BUNDLE_MODULE_KEY]?: string | undefined;
}

const locations = new WeakMap<Class, ClassLocation>();
const classes = new Map<string, WeakRef<Class>[]>();

/** Records that the module which is now calling a decorator defines a class. Once for each class. */
export function recordClassLocation(type: Class): void {
  if (locations.has(type)) return;
  const file = (globalThis as BundledModule)[BUNDLE_MODULE_KEY] ?? callingFile();
  const known = classes.get(keyOf(file, type.name)) ?? [];
  classes.set(keyOf(file, type.name), known);
  locations.set(type, { file, name: type.name, ordinal: known.length });
  known.push(new WeakRef(type));
}

/** Where a class comes from; undefined if no decorator stands on it or in it. */
export function classLocationOf(type: Class): ClassLocation | undefined {
  return locations.get(type);
}

/** The class that comes from there, if its module has been imported and defines it. */
export function resolveClass({ file, name, ordinal }: ClassLocation): Class | undefined {
  return classes.get(keyOf(file, name))?.[ordinal]?.deref();
}

function keyOf(file: string | undefined, name: string): string {
  return `${file} ${name}`;
}

/** Helpers of compilers: packages, and the modules that bundlers make up (their names begin with a zero byte). */
const HELPERS =
  /^\0|\/@id\/__x00__|^@oxc-project[\\/+]|[\\/]node_modules[\\/](?:tslib|@swc[\\/]helpers|@oxc-project[\\/]runtime|@babel[\\/]runtime|reflect-metadata|core-js)[\\/]/;
const FRAMES = 20;

/** The file of the nearest caller that is no decorator and no helper of a compiler: as it was loaded, not as source maps say. */
export function callingFile(): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: unknown } = {};
  Error.stackTraceLimit = FRAMES;
  Error.prepareStackTrace = (_, sites) =>
    sites.map(
      (site) => site.getFileName() ?? (site as { getScriptNameOrSourceURL?(): string }).getScriptNameOrSourceURL?.(),
    );
  try {
    Error.captureStackTrace(holder, callingFile);
    const files = holder.stack as (string | undefined)[];
    const file = files.find((name) => name !== undefined && !isOurs(name));
    return file !== undefined && isFile(file) ? file : undefined;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function isOurs(file: string): boolean {
  return file.startsWith(OWN_URL) || file.startsWith(OWN_FOLDER) || HELPERS.test(file);
}

function isFile(file: string): boolean {
  if (/\[(?:eval|worker eval|stdin)\d*\]$/.test(file)) return false;
  return file.startsWith("file:") || /^(?:\/|[a-zA-Z]:[\\/])/.test(file);
}
