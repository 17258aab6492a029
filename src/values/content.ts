import { getOrCreate } from "../util/get-or-create.js";
import { classNameOf } from "./models.js";

/** The content of a value. */
export interface Content {
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /**
   * Names of the models of its instances, sorted: the behavior of their methods is part of the content. It includes
   * classes of errors that are not models, marked by `lostClass` or, in what user code threw, by `thrownClass`: bytes
   * represent such an error as its nearest built-in class.
   */
  readonly models: readonly string[];
}

const LOST = "!";

/** Returns the name of a class that instances lose, for the models of a content. */
export function lostClass(prototype: object): string {
  return `${LOST}${classNameOf(prototype).replaceAll(",", "")}`;
}

/** Returns the class that an instance in a value loses, if there is one. */
export function lostIn({ models }: Content): string | undefined {
  return models.find((name) => name.startsWith(LOST))?.slice(LOST.length);
}

const THROWN = "?";

/** By marked name, the classes of errors that were thrown in this process, and are not models. */
const thrown = new Map<string, Set<WeakRef<Function>>>();
const known = new WeakSet<Function>();

/** Returns the name of a class whose instance user code threw, for the models of a content: such an error has content without its class. */
export function thrownClass(prototype: object): string {
  const name = `${THROWN}${classNameOf(prototype).replaceAll(",", "")}`;
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof type === "function" && !known.has(type)) {
    known.add(type);
    getOrCreate(thrown, name, () => new Set<WeakRef<Function>>()).add(new WeakRef(type));
  }
  return name;
}

/** Tells if a name is one of `thrownClass`: an instance of it comes back as one of the language's classes. */
export function isThrownClass(name: string): boolean {
  return name.startsWith(THROWN);
}

/** Returns the classes that `thrownClass` has given a name; undefined for a name of another kind. */
export function thrownClassesNamed(name: string): readonly Function[] | undefined {
  if (!isThrownClass(name)) return undefined;
  return [...(thrown.get(name) ?? [])].flatMap((type) => type.deref() ?? []);
}
