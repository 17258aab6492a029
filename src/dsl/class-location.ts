import { fileURLToPath } from "node:url";
import { OWN_FOLDER, OWN_URL } from "../util/own-files.js";
import type { Class } from "./class.js";
import { recordMethods } from "./defined-methods.js";

/** The module and name of a class, so that another thread can import it. */
export interface ClassLocation {
  /** The URL or path of the module whose code defines it; undefined for code that is in no file. */
  readonly file: string | undefined;
  readonly name: string;
  /** Its position among the classes of this name that the module has defined, from 0. */
  readonly ordinal: number;
}

/**
 * The global under which a bundle of several modules records the module whose code is running. A module in a bundle has
 * no path on a disk, so its location begins with a scheme of its own.
 */
export const BUNDLE_MODULE_KEY = "hypernodes:module";

/**
 * The global under which the modules of a bundle register the classes that they may export, by the module's name. Each
 * export is a function that returns its value, since a class further down is not defined yet; a CommonJS module
 * registers one function that returns all of its exports.
 */
export const BUNDLED_EXPORTS = "hypernodes:exports";

/** Tells if a class location is a module in a bundle. */
export function isBundled({ file }: Pick<ClassLocation, "file">): boolean {
  return file?.startsWith("bundle:") === true;
}

/** Returns the path of the module that a location's file names by its URL or by its path. */
export function locationPath(file: string): string {
  return file.startsWith("file:") ? fileURLToPath(file.replace(/[?#].*$/, "")) : file;
}

interface BundledModule {
  [BUNDLE_MODULE_KEY]?: string | undefined;
}

const locations = new WeakMap<Class, ClassLocation>();
const classes = new Map<string, WeakRef<Class>[]>();

/** Records that the module which is calling a decorator defines a class, and its methods. Repeated calls for a class have no effect. */
export function recordClassLocation(type: Class): void {
  if (locations.has(type)) return;
  recordMethods(type);
  const file = (globalThis as BundledModule)[BUNDLE_MODULE_KEY] ?? callingFile();
  const sameName = classes.get(keyOf(file, type.name)) ?? [];
  classes.set(keyOf(file, type.name), sameName);
  locations.set(type, { file, name: type.name, ordinal: sameName.length });
  sameName.push(new WeakRef(type));
}

/** Returns the location of a class; undefined if neither the class nor its members are decorated. */
export function classLocationOf(type: Class): ClassLocation | undefined {
  return locations.get(type);
}

/** Returns the class at a location if its module has been imported and defines it. */
export function resolveClass({ file, name, ordinal }: ClassLocation): Class | undefined {
  return classes.get(keyOf(file, name))?.[ordinal]?.deref();
}

/** Returns the classes that the modules of this process have defined. */
export function locatedClasses(): Class[] {
  return [...classes.values()].flat().flatMap((reference) => reference.deref() ?? []);
}

function keyOf(file: string | undefined, name: string): string {
  return `${file} ${name}`;
}

/** Compiler helpers: packages, and the modules that bundlers generate (their names begin with a zero byte). */
const HELPERS =
  /^\0|\/@id\/__x00__|^@oxc-project[\\/+]|[\\/]node_modules[\\/](?:tslib|@swc[\\/]helpers|@oxc-project[\\/]runtime|@babel[\\/]runtime|reflect-metadata|core-js)[\\/]/;
const FRAMES = 20;

/**
 * Returns the file of the nearest caller that is neither a decorator nor a compiler helper. It is the file as loaded,
 * not as source maps name it.
 */
export function callingFile(): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: unknown } = {};
  // Programs that freeze the language keep its limit and its texts.
  Reflect.set(Error, "stackTraceLimit", FRAMES);
  Reflect.set(Error, "prepareStackTrace", (_: unknown, sites: readonly NodeJS.CallSite[]) =>
    sites.map(
      (site) => site.getFileName() ?? (site as { getScriptNameOrSourceURL?(): string }).getScriptNameOrSourceURL?.(),
    ),
  );
  try {
    Error.captureStackTrace(holder, callingFile);
    const files = Array.isArray(holder.stack)
      ? (holder.stack as (string | undefined)[])
      : filesIn(String(holder.stack));
    const file = files.find((name) => name !== undefined && !isOwnFile(name));
    return file !== undefined && isFile(file) ? file : undefined;
  } finally {
    Reflect.set(Error, "prepareStackTrace", prepareStackTrace);
    Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  }
}

/** The files of a stack's text. */
function filesIn(stack: string): string[] {
  return Array.from(stack.matchAll(/^ +at (?:.*\()?(.*?):\d+:\d+\)?$/gm), ([, file]) => file!);
}

function isOwnFile(file: string): boolean {
  return file.startsWith(OWN_URL) || file.startsWith(OWN_FOLDER) || HELPERS.test(file);
}

function isFile(file: string): boolean {
  if (/\[(?:eval|worker eval|stdin)\d*\]$/.test(file)) return false;
  return file.startsWith("file:") || /^(?:\/|[a-zA-Z]:[\\/])/.test(file);
}
