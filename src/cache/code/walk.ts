import type { BuiltIns } from "./built-ins.js";
import type { FunctionFacts } from "./inspector.js";
import type { Pieces } from "./pieces.js";

/** A walk through values, as those see it who read one kind of value each: they ask it for the pieces of what that leads to. */
export interface Walk extends Pick<Pieces, "pieces" | "identities" | "piece" | "leaf" | "unknown" | "reachedFrom"> {
  readonly language: BuiltIns;
  /** The piece that a value is. */
  value(value: unknown, name?: string): number;
  /**
   * A function that is called as a method of an object: what it reads of `this` counts, and no more of the object.
   *
   * @param skips whether it can't read that: the members that have a role in a pipeline.
   */
  method(fn: Function, holder: object, name: string, skips?: (name: string) => boolean): number;
  /** A property's key, in the place before its value. */
  key(key: PropertyKey): number;
  /** A value that only code sees which reads nothing of the world by it: a package's, or the language's. */
  inward(value: unknown, name?: string): number;
  isBuiltIn(fn: Function): boolean;
  /** Asks V8 about a function: together with what else is asked, when nothing else is to be done. */
  inspect(fn: Function, then: (facts: FunctionFacts) => void): void;
}
