import { types } from "node:util";
import { describeChain, readProperty } from "../util/describe.js";
import { assertHasKey, findModel, type Model, requireModel, unknownClass } from "./models.js";
import { builtIn, domOf, nearestError } from "./object-kinds.js";
import { attributesOf, type OwnProperties, ownProperties } from "./own-properties.js";
import { faultOf, mixed, within } from "./unserialisable.js";

/** The parts of an error. */
export interface ErrorContent {
  /** The nearest built-in class. */
  readonly base: string;
  /** The internal state of a DOMException. */
  readonly dom: { readonly name: string; readonly message: string } | undefined;
  /** Its class, if that is registered and not built-in. */
  readonly model: Model | undefined;
  /** The names of its own properties, in order; and of those that only its class has, if that is not registered. */
  readonly names: readonly string[];
  /**
   * True if its `stack` is V8's text of the place where it was created: it is serialized, and does not count for the
   * digest.
   */
  readonly hasTrace: boolean;
  /** Attributes of the properties, as in `LETTERS`. */
  readonly attributes: ReadonlyMap<string, number>;
  readonly integrity: OwnProperties["integrity"];
}

/**
 * Returns the parts of an error, for bytes and digests alike. An error of an unregistered class is represented as its
 * nearest built-in class.
 *
 * @param isLenient drops parts that can't be serialized, because the error led to a failure.
 * @throws {UnserialisableError}
 */
export function errorContent(value: Error, prototype: object | null, isLenient: boolean): ErrorContent {
  const isBuiltIn = prototype === null || builtIn(prototype) !== undefined;
  const model = isBuiltIn || prototype === null ? undefined : findModel(prototype);
  if (model?.usesJsonHooks) return { ...HOOKED, model };
  const dom = domOf(value);
  if (model !== undefined && !isLenient) {
    if (dom === undefined && !types.isNativeError(value)) throw mixed("Object", model.name);
    assertHasKey(value, requireModel(prototype!));
  }
  const nearest = nearestError(prototype);
  if (nearest === undefined && prototype !== null && model === undefined && !isLenient) throw unknownClass(prototype);
  const base = dom === undefined ? (nearest ?? "Error") : "DOMException";
  const own = ownProperties(value, "error", isLenient);
  const lost = isBuiltIn || model !== undefined ? [] : classDefined(value, base, dom, isLenient);
  const names = Object.getOwnPropertyNames(value);
  const stack = stackOf(value);
  return {
    ...{ base, dom, model },
    // V8 creates the text when it is read, and uses the error's name: it may fail.
    names: [...(stack === "unreadable" ? names.filter((name) => name !== "stack") : names), ...lost],
    hasTrace: stack === "text",
    attributes: new Map([
      ...names.map((name) => [name, attributesOf(value, name, own.integrity)] as const),
      ...lost.map((name) => [name, HIDDEN] as const),
    ]),
    integrity: own.integrity,
  };
}

/** Only the result of its toJSON(). */
const HOOKED = { base: "Error", dom: undefined, names: [], hasTrace: false, attributes: new Map(), integrity: 0 };

const HIDDEN = 1;

function stackOf(value: Error): "text" | "other" | "unreadable" {
  try {
    return typeof value.stack === "string" ? "text" : "other";
  } catch {
    return "unreadable";
  }
}

/** Returns a name or a message that is defined by its class. */
function classDefined(value: Error, base: string, dom: ErrorContent["dom"], isLenient: boolean): string[] {
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

/** Returns the error that represents the cause of a failure where that can't be serialized: its text. */
export function thrownText(failure: Error): Error {
  return new Error(describeChain(readProperty(failure, "cause")));
}

/** Reads a property. An accessor runs; its exception is reported with the property's path. */
export function read(value: object, name: string | number): unknown {
  try {
    return (value as Record<string | number, unknown>)[name];
  } catch (thrown) {
    throw within(faultOf(thrown, "its getter"), name);
  }
}
