import { types } from "node:util";
import { findModel, type Model, requireModel, unknownClass } from "./models.js";
import { builtIn, domOf, nearestError } from "./object-kinds.js";
import { attributesOf, type OwnProperties, ownProperties } from "./own-properties.js";
import { faultOf, mixed, within } from "./unserialisable.js";

/** What an error is made of. */
export interface ErrorParts {
  /** The nearest class of the language. */
  readonly base: string;
  /** What a DOMException keeps inside. */
  readonly dom: { readonly name: string; readonly message: string } | undefined;
  /** Its class, if that is known and none of the language. */
  readonly model: Model | undefined;
  /** The names of its own properties, in their order; and what it shows that only its class has, if that is not known. */
  readonly names: readonly string[];
  /** Whether its `stack` is the text that V8 makes of where it was made: that travels, and does not count. */
  readonly hasTrace: boolean;
  /** Their attributes, as in `LETTERS`. */
  readonly attributes: ReadonlyMap<string, number>;
  readonly integrity: OwnProperties["integrity"];
}

/**
 * What an error is made of, for bytes and digests alike. One whose class is not known is one of the nearest class of the
 * language.
 *
 * @param isLenient whether it led to a failure: then what can't travel is left out.
 * @throws {CannotTravel}
 */
export function errorParts(value: Error, prototype: object | null, isLenient: boolean): ErrorParts {
  const isBuiltIn = prototype === null || builtIn(prototype) !== undefined;
  const model = isBuiltIn || prototype === null ? undefined : findModel(prototype);
  if (model?.usesJsonHooks) return { ...HOOKED, model };
  const dom = domOf(value);
  if (model !== undefined && !isLenient) {
    if (dom === undefined && !types.isNativeError(value)) throw mixed("Object", model.name);
    requireModel(prototype!);
  }
  const nearest = nearestError(prototype);
  if (nearest === undefined && prototype !== null && model === undefined && !isLenient) throw unknownClass(prototype);
  const base = dom === undefined ? (nearest ?? "Error") : "DOMException";
  const own = ownProperties(value, "error", isLenient);
  const lost = isBuiltIn || model !== undefined ? [] : shownByClass(value, base, dom, isLenient);
  const names = Object.getOwnPropertyNames(value);
  const stack = stackOf(value);
  return {
    ...{ base, dom, model },
    // V8 makes the text when it is read, of the error's name, too: there may be none.
    names: [...(stack === "unreadable" ? names.filter((name) => name !== "stack") : names), ...lost],
    hasTrace: stack === "text",
    attributes: new Map([
      ...names.map((name) => [name, attributesOf(value, name, own.integrity)] as const),
      ...lost.map((name) => [name, HIDDEN] as const),
    ]),
    integrity: own.integrity,
  };
}

/** Nothing but what its toJSON() gives. */
const HOOKED = { base: "Error", dom: undefined, names: [], hasTrace: false, attributes: new Map(), integrity: 0 };

const HIDDEN = 1;

function stackOf(value: Error): "text" | "other" | "unreadable" {
  try {
    return typeof value.stack === "string" ? "text" : "other";
  } catch {
    return "unreadable";
  }
}

/** A name or a message that its class gives it. */
function shownByClass(value: Error, base: string, dom: ErrorParts["dom"], isLenient: boolean): string[] {
  const bare = dom ?? { name: base, message: "" };
  return (["name", "message"] as const).filter((key) => {
    if (Object.hasOwn(value, key)) return false;
    try {
      const shown: unknown = read(value, key);
      return typeof shown === "string" && shown !== bare[key];
    } catch (thrown) {
      if (isLenient) return false;
      throw thrown;
    }
  });
}

/** Accessors run here: what they throw has the property's place. */
export function read(value: object, name: string | number): unknown {
  try {
    return (value as Record<string | number, unknown>)[name];
  } catch (thrown) {
    throw within(faultOf(thrown, "its getter"), name);
  }
}
