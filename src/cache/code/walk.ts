import type { BuiltIns } from "./built-ins.js";
import type { FunctionFacts } from "./inspector.js";
import type { Pieces } from "./pieces.js";
import type { Effect, Use } from "./writes.js";

/** A walk through values, as those see it who read one kind of value each: they ask it for the pieces of what that leads to. */
export interface Walk
  extends Pick<
    Pieces,
    "pieces" | "importsLazily" | "identities" | "piece" | "leaf" | "unknown" | "reachedFrom" | "leadingTo"
  > {
  readonly language: BuiltIns;
  /** The uses that pieces make of those that come next in them, by their places there. */
  readonly uses: Map<number, Use[]>;
  /** The names of the members that come next in an object's piece, by their places there. */
  readonly memberNames: Map<number, string[]>;
  /** The objects whose members pieces read that are no objects themselves. */
  readonly holders: Map<number, object>;
  /** Pieces that hand on nothing of what comes next in them. */
  readonly passive: Set<number>;
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
  /** Code was reached that may read the types that a compiler emits, at a piece. */
  readsTypes(id: number): void;
  /** A piece may write something. */
  note(id: number, effect: Effect): void;
  /** True for a piece whose digest is known: nothing can be added to it. */
  isCounted(id: number): boolean;
  /** Asks V8 about a function: together with what else is asked, when nothing else is to be done. */
  inspect(fn: Function, then: (facts: FunctionFacts) => void): void;
  /** Adds to a piece the functions that a program has put on an object of Node's. */
  functionsPutOn(id: number, object: object): void;
  /** Adds work to be done after what is there already. */
  later(work: () => void): void;
  /** A piece is an object. */
  owned(id: number, owner: object): void;
}
