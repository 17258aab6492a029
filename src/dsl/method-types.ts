import type { BrandOf, Method } from "./brands.js";
import type { StandardContext } from "./decorator-target.js";
import type { NamesOnly } from "./dependency-types.js";
import type { NotPublic } from "./members.js";

/* Requirements for a decorated method: as many parameters as names, and the brand of its role. */

/** Evaluated only if the numbers differ: true if there are fewer names than the method needs. */
type IsMissingNames<P extends readonly unknown[], N extends readonly unknown[]> = N extends readonly [
  unknown,
  ...infer NR,
]
  ? P extends readonly [unknown?, ...infer PR]
    ? IsMissingNames<PR, NR>
    : false
  : P extends readonly [unknown, ...unknown[]]
    ? true
    : false;

type ArityError<
  P extends readonly unknown[],
  N extends readonly unknown[],
> = `the method takes ${P["length"] & number} parameter${P["length"] extends 1 ? "" : "s"}, but ${N["length"] extends 0 ? "no" : N["length"] & number} ${N["length"] extends 1 ? "name is" : "names are"} given`;

/** A method with its parameters and its result. */
type Descriptor<P extends readonly unknown[], R> = TypedPropertyDescriptor<
  (...parameters: P extends any[] ? P : never) => R
>;

/** The descriptor of a method that has as many parameters as names; otherwise a sentence. */
export type CheckArity<P extends readonly unknown[], R, N extends readonly unknown[]> = N["length"] extends P["length"]
  ? Descriptor<P, R>
  : IsMissingNames<P, N> extends true
    ? ArityError<P, N>
    : Descriptor<P, R>;

type MisplacedBrandError<Brand, Decorator extends string> = Brand extends "each"
  ? `the method returns Each<T>: use @mapOver, not ${Decorator}`
  : Brand extends "batch"
    ? `the method returns Batch<T>: use @mapOver with { batch }, not ${Decorator}`
    : Brand extends "output"
      ? `the method returns Output<T>: use @output, not ${Decorator}`
      : `Nested<T> is for a field with @nested or @mapOver, not for a method with ${Decorator}`;

/*
 * Without `experimentalDecorators` the compiler passes a method and a context, and no third argument: the error should
 * be about the context.
 */

/** The key of a method that is public; otherwise a sentence. */
export type MethodKey<T, K> = [T] extends [Method] ? StandardContext : K extends keyof T ? K : NotPublic<K>;

/** The arguments after the key. */
export type MethodAt<T, Descriptor> = [T] extends [Method] ? [] : [method: Descriptor];

/** The descriptor of a method that `@node` or `@resource` accepts; otherwise a sentence. */
export type PlainMethod<P extends readonly unknown[], R, D extends readonly unknown[], Decorator extends string> =
  BrandOf<Awaited<R>> extends "plain" | "any"
    ? CheckArity<P, R, NamesOnly<D>>
    : MisplacedBrandError<BrandOf<Awaited<R>>, Decorator>;

/** The descriptor of a method that `@output` accepts; otherwise a sentence. */
export type OutputMethod<P extends readonly unknown[], R, D extends readonly unknown[]> =
  BrandOf<Awaited<R>> extends "output" | "any"
    ? CheckArity<P, R, NamesOnly<D>>
    : "an @output method returns Output<T>, an async one Promise<Output<T>>";
