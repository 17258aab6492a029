/**
 * Brands: what a member's type says about its role. They exist for the compiler alone; at run time an
 * `Each<number>` is a number.
 */
declare const EACH: unique symbol;
declare const BATCH: unique symbol;
declare const OUTPUT: unique symbol;
declare const NESTED: unique symbol;

type IsAny<T> = 0 extends 1 & T ? true : false;

/** The brand holds the bare type, so that it can be read back without the brand. */
type Mark<S extends symbol, T> = { readonly [K in S]?: { readonly value: T } };

/** A value that is never made: it carries the brand where the type itself can't, as with `void` and `unknown`. */
type Ghost<M> = M & { readonly never: never };

type Brand<T, M> =
  IsAny<T> extends true
    ? T
    : unknown extends T
      ? {} | null | undefined | Ghost<M>
      : [T] extends [null | undefined | undefined]
        ? T | Ghost<M>
        : T extends null | undefined
          ? T
          : T & M;

/** What a `@mapOver` method returns for one element: a `T`. Dependants see `T[]`. */
export type Each<T> = Brand<T, Mark<typeof EACH, T>>;

/** What a batched `@mapOver` method returns: as many `T` as it was given elements. Dependants see `T[]`. */
export type Batch<T> = T[] & Mark<typeof BATCH, T>;

/** What an `@output` method returns: a `T`, which `run` gives to its caller. */
export type Output<T> = Brand<T, Mark<typeof OUTPUT, T>>;

/** What a field holds that stands for a nested pipeline: a `T`. */
export type Nested<T> = Brand<T, Mark<typeof NESTED, T>>;

type Has<T, S extends symbol> = true extends (
  T extends null | undefined | undefined
    ? never
    : S extends keyof T
      ? true
      : never
)
  ? true
  : false;

/** The role that a type's brand tells: `"each"`, `"batch"`, `"output"`, `"nested"`, `"any"` or `"plain"`. */
export type BrandOf<T> =
  IsAny<T> extends true
    ? "any"
    : Has<T, typeof EACH> extends true
      ? "each"
      : Has<T, typeof BATCH> extends true
        ? "batch"
        : Has<T, typeof OUTPUT> extends true
          ? "output"
          : Has<T, typeof NESTED> extends true
            ? "nested"
            : "plain";

type Bare<T, S extends symbol> = T extends null | undefined | undefined
  ? never
  : T extends { readonly [K in S]?: { readonly value: infer V } }
    ? V
    : never;

/** What a dependant gets from a method that returns `R`, or from a field of type `R`. */
export type Unbranded<R> = {
  any: R;
  each: Bare<R, typeof EACH>[];
  batch: Bare<R, typeof BATCH>[];
  output: Bare<R, typeof OUTPUT>;
  nested: Bare<R, typeof NESTED>;
  plain: R;
}[BrandOf<R>];

export type Method = (...args: any[]) => any;

/** What a dependant gets from a member of type `M`: a method's awaited result, a field's value. */
export type ValueOf<M> = [NonNullable<M>] extends [Method]
  ? Unbranded<Awaited<ReturnType<NonNullable<M>>>>
  : Exclude<Unbranded<M>, undefined>;
