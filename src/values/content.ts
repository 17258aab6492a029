import { classNameOf } from "./models.js";

/** The content of a value. */
export interface Content {
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /**
   * Names of the models of its instances, sorted: the behavior of their methods is part of the content. It includes
   * classes of errors that are not models, marked by `lostClass`: bytes represent such an error as its nearest built-in
   * class.
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
