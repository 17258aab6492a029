import { types } from "node:util";
import { ValueError } from "../errors.js";
import { foreignType, printPath } from "./object-kinds.js";

/** A fault found on the way down; each level adds its key on the way up. */
export class UnserialisableError {
  readonly path: (string | number)[] = [];
  constructor(
    readonly problem: string,
    readonly advice: string,
    /** The exception of the user's code, if it ran and threw. */
    readonly cause?: unknown,
  ) {}
}

export function valueError({ path, problem, advice, cause }: UnserialisableError): ValueError {
  path.reverse();
  return new ValueError({ code: "UNSERIALISABLE", where: `value${printPath(path)}`, problem, advice, path, cause });
}

/** Maximum depth of a value: as deep as every walk and V8's serializer can go on Node's default stack. */
export const MAX_DEPTH = 1_000;

const FLAT = "Give a flat structure, such as an array of nodes that refer to each other by index.";

export function tooDeep(): UnserialisableError {
  return new UnserialisableError(`it is nested too deeply, more than ${MAX_DEPTH.toLocaleString("en")} levels`, FLAT);
}

/**
 * Converts an exception inside a walk into a fault with a path.
 *
 * @param doing the user's code that threw: `its getter`. Default: no user code.
 */
export function faultOf(thrown: unknown, doing?: string): UnserialisableError {
  if (isInstance(thrown, UnserialisableError)) return thrown;
  if (doing === undefined && isStackOverflow(thrown)) {
    return new UnserialisableError("it is nested too deeply for the stack of this thread", FLAT, thrown);
  }
  return new UnserialisableError(
    `${doing ?? "reading it"} threw ${describeThrown(thrown)}`,
    "Give plain data, without getters or toJSON() that throw.",
    thrown,
  );
}

/** Tells if a thrown value is of a class. A Proxy may throw when it is asked: that is of none. */
export function isInstance<T>(thrown: unknown, type: abstract new (...args: never[]) => T): thrown is T {
  return !types.isProxy(thrown) && thrown instanceof type;
}

/** Returns the fault, seen from one level up. */
export function within(fault: UnserialisableError, key: string | number): UnserialisableError {
  fault.path.push(key);
  return fault;
}

/** Tells if V8 ran out of stack, as opposed to a RangeError thrown by code. */
export function isStackOverflow(thrown: unknown): boolean {
  return isInstance(thrown, RangeError) && thrown.message === "Maximum call stack size exceeded";
}

/** Describes a thrown value: reading an error may run code that throws, too. */
export function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${String(thrown.name)}: ${String(thrown.message)}` : String(thrown);
  } catch {
    return `a value of type ${typeof thrown}`;
  }
}

/** Describes an object with the internal slots of one class and the prototype of another: a copy would be neither. */
export function mixed(inside: string, type: string): UnserialisableError {
  return new UnserialisableError(
    `it has the prototype of ${type}, and inside it is ${article(inside)} ${inside}`,
    "Create it with the constructor of its class, or copy its content into an object of one class.",
  );
}

/** Describes an object of a built-in class of another realm. */
export function ofOtherRealm(type: string): UnserialisableError {
  const copy = type === "Array" ? "Array.from(value), or structuredClone(value)" : "structuredClone(value)";
  return new UnserialisableError(
    `it is ${article(type)} ${type} of another realm, such as a context of node:vm`,
    `Copy it into this one: ${copy}.`,
  );
}

/** Describes memory that was transferred. */
export function detached(): UnserialisableError {
  return new UnserialisableError(
    "its memory was transferred, and can't be read any more",
    "Give a copy that was made before: slice().",
  );
}

function article(noun: string): string {
  return /^[AEIOU]/.test(noun) ? "an" : "a";
}

/** Describes an object that exists in one process only. */
export function describeUnserialisable(value: Function | symbol | object): UnserialisableError {
  if (typeof value === "symbol") return new UnserialisableError(`it is a symbol, ${String(value)}`, "Use a string.");
  if (typeof value === "function") {
    const name: unknown = Object.getOwnPropertyDescriptor(value, "name")?.value;
    return new UnserialisableError(
      `it is a function${typeof name === "string" && name !== "" ? `, ${name}` : ""}`,
      "Functions can't be serialized: select the behavior by a string, or build the object in a @resource.",
    );
  }
  const type = foreignType(value);
  return new UnserialisableError(
    `it is ${article(type)} ${type}`,
    type === "SharedArrayBuffer"
      ? "Give a typed array over it: its bytes are serialized."
      : type === "resizable ArrayBuffer"
        ? "Give a typed array over it, or a copy: slice()."
        : "It exists in one process only: give data to create it from, or build it in a @resource.",
  );
}
