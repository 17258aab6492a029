/**
 * Brands mark a member's role in its type. They exist for the compiler alone: at run time an `Each<number>` is a
 * number.
 */
declare const BRAND: unique symbol;

type IsAny<T> = 0 extends 1 & T ? true : false;

/** The brand holds the bare type, so that the type can be read back without the brand. */
type BrandTag<Role, T> = { readonly [BRAND]?: { readonly role: Role; readonly value: T } };

/** A value that never exists. It carries the brand where the type itself can't, as with `void` and `unknown`. */
type PhantomBrand<M> = M & { readonly never: never };

type Brand<T, M> =
  IsAny<T> extends true
    ? T
    : unknown extends T
      ? {} | null | undefined | PhantomBrand<M>
      : [T] extends [null | undefined | void]
        ? T | PhantomBrand<M>
        : T extends null | undefined
          ? T
          : T & M;

/**
 * Return type of a `@mapOver` method: a `T` for each element. Dependents receive `T[]`.
 *
 * @example
 * ```ts
 * class Lengths extends Pipeline {
 *   @input() texts!: string[];
 *   @mapOver("texts") lengths(text: string): Each<number> { return text.length; }
 *   @node("lengths") longest(lengths: number[]): number { return Math.max(...lengths); }
 * }
 * ```
 */
export type Each<T> = Brand<T, BrandTag<"each", T>>;

/**
 * Return type of a batched `@mapOver` method: an array with one `T` for each element of the batch. Dependents receive
 * `T[]`.
 *
 * @example
 * ```ts
 * class Embedding extends Pipeline {
 *   @input() texts!: string[];
 *   @mapOver("texts", { batch: 64 }) vectors(texts: string[]): Batch<number[]> { return texts.map((text) => [text.length]); }
 * }
 * ```
 */
export type Batch<T> = T[] & BrandTag<"batch", T>;

/**
 * Return type of an `@output` method: a `T`, which `run` returns to its caller.
 *
 * @example
 * ```ts
 * class Sum extends Pipeline {
 *   @input() xs!: number[];
 *   @output("xs") sum(xs: number[]): Output<number> { return xs.reduce((a, b) => a + b, 0); }
 * }
 * ```
 */
export type Output<T> = Brand<T, BrandTag<"output", T>>;

/**
 * Type of a field that stands for a nested pipeline: a `T`.
 *
 * @example
 * ```ts
 * class Corpus extends Pipeline {
 *   @input() texts!: string[];
 *   @mapOver("texts", Words, { text: "texts" }, "count") counts!: Nested<number[]>;
 * }
 * ```
 */
export type Nested<T> = Brand<T, BrandTag<"nested", T>>;

/** The brand of a type, or never. A union has it if any of its members has: `null` can't carry one. */
type BrandTagOf<T> = T extends null | undefined | void
  ? never
  : typeof BRAND extends keyof T
    ? NonNullable<T[typeof BRAND]>
    : never;

/** The role that a type's brand stands for: `"each"`, `"batch"`, `"output"`, `"nested"`, `"any"` or `"plain"`. */
export type BrandOf<T> =
  IsAny<T> extends true
    ? "any"
    : [BrandTagOf<T>] extends [never]
      ? "plain"
      : (BrandTagOf<T> & { role: string })["role"];

/** The type that a dependent receives from a method that returns `R`, or from a field of type `R`. */
export type Unbranded<R> =
  IsAny<R> extends true
    ? R
    : [BrandTagOf<R>] extends [never]
      ? R
      : BrandTagOf<R> extends { role: infer Role; value: infer V }
        ? Role extends "each" | "batch"
          ? V[]
          : V
        : never;

export type Method = (...args: any[]) => any;

/** An iterator can be read only once, so dependents receive it as an array. */
type ArrivedValue<V> = [Extract<V, Iterator<unknown, unknown, never>>] extends [never]
  ? V
  : V extends IterableIterator<infer E>
    ? E[]
    : V;

/**
 * The type that a dependent receives from a member of type `M`: a method's awaited result, or a field's value.
 *
 * @example
 * ```ts
 * type Hits = ValueOf<Search["hits"]>; // string[]
 * ```
 */
export type ValueOf<M> = [NonNullable<M>] extends [Method]
  ? ArrivedValue<Unbranded<Awaited<ReturnType<NonNullable<M>>>>>
  : Exclude<Unbranded<M>, undefined>;
