import { ValueError } from "../errors.js";
import { foreignType, printPath } from "./kinds.js";

/** Found on the way down; each level adds its key on the way up. */
export class CannotTravel {
  readonly path: (string | number)[] = [];
  constructor(
    readonly problem: string,
    readonly advice: string,
    /** What the user's code threw, if it ran and threw. */
    readonly cause?: unknown,
  ) {}
}

export function valueError({ path, problem, advice, cause }: CannotTravel): ValueError {
  path.reverse();
  return new ValueError({ code: "UNSERIALISABLE", where: `value${printPath(path)}`, problem, advice, path, cause });
}

/** How many levels deep a value may be: as many as every walk and V8's serialiser can go on Node's default stack. */
export const MAX_DEPTH = 1_000;

export function tooDeep(cause?: unknown): CannotTravel {
  return new CannotTravel(
    `it is nested too deeply, more than ${MAX_DEPTH.toLocaleString("en")} levels`,
    "Give a flat structure, such as an array of nodes that refer to each other by index.",
    cause,
  );
}

/**
 * Turns what was thrown inside a walk into a fault that has a place.
 *
 * @param doing what ran when it was thrown: `reading it`.
 */
export function faultOf(thrown: unknown, doing = "reading it"): CannotTravel {
  if (thrown instanceof CannotTravel) return thrown;
  if (isStackOverflow(thrown)) return tooDeep(thrown);
  return new CannotTravel(
    `${doing} threw ${describeThrown(thrown)}`,
    "Give plain data, without getters or toJSON() that throw.",
    thrown,
  );
}

/** The fault, seen from one level up. */
export function within(fault: CannotTravel, key: string | number): CannotTravel {
  fault.path.push(key);
  return fault;
}

/** Whether V8 ran out of stack. A RangeError that code throws itself is none of its. */
export function isStackOverflow(thrown: unknown): boolean {
  return thrown instanceof RangeError && thrown.message === "Maximum call stack size exceeded";
}

/** Reading an error may run code that throws, too. */
function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${String(thrown.name)}: ${String(thrown.message)}` : String(thrown);
  } catch {
    return `a value of type ${typeof thrown}`;
  }
}

/** What lives in one process only. */
export function foreign(value: Function | symbol | object): CannotTravel {
  if (typeof value === "symbol") return new CannotTravel(`it is a symbol, ${String(value)}`, "Use a string.");
  if (typeof value === "function") {
    const name: unknown = Object.getOwnPropertyDescriptor(value, "name")?.value;
    return new CannotTravel(
      `it is a function${typeof name === "string" && name !== "" ? `, ${name}` : ""}`,
      "Functions don't travel: name what is to be done by a string, or build the object in a @resource.",
    );
  }
  const type = foreignType(value);
  return new CannotTravel(
    `it is ${/^[AEIOU]/.test(type) ? "an" : "a"} ${type}`,
    type === "SharedArrayBuffer"
      ? "Give a typed array over it: its bytes travel."
      : type === "resizable ArrayBuffer"
        ? "Give a typed array over it, or a copy: slice()."
        : "It lives in one process only: give what can be made from it, or build it in a @resource.",
  );
}
