import { classNameOf } from "./models.js";

/** A value by its content. */
export interface Content {
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /**
   * The names of the models it has instances of, sorted: what their methods do belongs to it, too. Also those of errors' classes
   * that are no models, marked by `lostClass`: bytes have such an error as one of the nearest class of the language.
   */
  readonly models: readonly string[];
}

const LOST = "!";

/** The name, among a content's models, of a class that instances lose. */
export function lostClass(prototype: object): string {
  return `${LOST}${classNameOf(prototype).replaceAll(",", "")}`;
}

/** The class that an instance in a value does not keep, if there is one. */
export function lostIn({ models }: Content): string | undefined {
  return models.find((name) => name.startsWith(LOST))?.slice(LOST.length);
}
