import type { NodeError } from "../errors.js";
import type { BrandOf, Method, Unbranded, ValueOf } from "./brands.js";
import type { AnyPipeline, DeclaredInputs, NodesOf, OutputsOf, Own, PipelineClass } from "./members.js";
import type { MapOptions, NodeOptions } from "./options.js";

/*
 * How the compiler checks the wiring. TypeScript types a decorator call from the member it stands on (the
 * call's contextual type), so a factory can infer the class `T` and the method `M`, and compare each name it
 * was given with both. A wrong argument's expected type is a sentence that says what is wrong with it: the
 * error stands under that argument, and the editor completes its names.
 */

// What a name, or a path into a record, leads to.

type AtPath<V, P> = P extends keyof V
  ? V[P]
  : P extends `${infer H}.${infer R}`
    ? H extends keyof V
      ? AtPath<V[H], R>
      : never
    : never;

type HasPath<V, P> = P extends keyof V
  ? true
  : P extends `${infer H}.${infer R}`
    ? H extends keyof V
      ? HasPath<V[H], R>
      : false
    : false;

type Value<T, D> = D extends keyof T
  ? ValueOf<T[D]>
  : D extends `${infer H}.${infer R}`
    ? H extends keyof T
      ? AtPath<ValueOf<T[H]>, R>
      : never
    : never;

type IsKnown<T, D> =
  D extends Own<T>
    ? true
    : D extends `${infer H}.${infer R}`
      ? H extends Own<T>
        ? HasPath<ValueOf<T[H]>, R>
        : false
      : false;

/** Strings are no lists: nobody means to map over characters. A failed element is not handed to a method. */
type ElementOf<V> = V extends string ? never : V extends Iterable<infer I> ? Exclude<I, NodeError> : never;

// What is wrong with an argument. The names that go on from what was written so far are offered for completion.

type Unknown<T, D extends string> = [Extract<Own<T>, `${D}${string}`>] extends [infer Begun]
  ? Begun | `no input or node is named '${D}'`
  : never;

type Dependency<T, D extends string, Param> =
  IsKnown<T, D> extends true
    ? Value<T, D> extends Param
      ? D
      : `'${D}' gives another type than this parameter takes`
    : Unknown<T, D>;

type NoList<D extends string> = `'${D}' is not a list: @mapOver goes over arrays and other iterables, not strings`;

type Over<T, D extends string, Param, Batched> =
  IsKnown<T, D> extends true
    ? [ElementOf<Value<T, D>>] extends [never]
      ? Value<T, D> extends readonly []
        ? D
        : NoList<D>
      : (Batched extends true ? ElementOf<Value<T, D>>[] : ElementOf<Value<T, D>>) extends Param
        ? D
        : `the elements of '${D}' are of another type than this parameter takes`
    : Unknown<T, D>;

type Options<O, Known> = [Exclude<keyof O, keyof Known>] extends [never]
  ? O extends Known
    ? O
    : Known
  : `no option is named '${Exclude<keyof O, keyof Known> & string}'`;

type Argument<T, D, P extends readonly unknown[], I, Known> = D extends string
  ? I extends keyof P
    ? Dependency<T, D, P[I]>
    : IsKnown<T, D> extends true
      ? `the method takes no parameter for '${D}'`
      : Unknown<T, D>
  : D extends readonly unknown[]
    ? "name one dependency a parameter"
    : D extends object
      ? Known
      : Own<T>;

/** Whether the last argument is an options object with a name that is no option. TypeScript itself then names the nearest. */
type HasUnknownOption<D extends readonly unknown[], Known> = D extends readonly [...unknown[], infer L]
  ? L extends string | readonly unknown[] | Method | AnyPipeline
    ? false
    : [Exclude<keyof L, keyof Known>] extends [never]
      ? false
      : true
  : false;

/** The arguments as given if they are right; else what they should be. */
type Right<D extends readonly unknown[], Expected, Known> = D extends Expected
  ? HasUnknownOption<D, Known> extends true
    ? Expected
    : D
  : Expected;

type Named<D extends readonly unknown[]> = D extends readonly [...infer H, infer L] ? (L extends string ? D : H) : D;

type Arguments<T, P extends readonly unknown[], D extends readonly unknown[], Known = NodeOptions> = {
  [I in keyof D]: Argument<T, D[I], P, I, Known>;
};

/** The names (and a last options object) given to `@node`, `@output` and `@resource`, against the method they stand on. */
export type Dependencies<T, M extends Method, D extends readonly unknown[]> = Right<
  D,
  Arguments<T, Parameters<M>, D>,
  NodeOptions
>;

/** What those may be at all. */
export type Dependable<T> = Own<T> | (string & {}) | NodeOptions | object;

// What is wrong with the method itself.

type Enough<P extends readonly unknown[], N extends readonly unknown[]> = P extends readonly []
  ? unknown
  : N extends readonly [unknown, ...infer NR]
    ? P extends readonly [unknown?, ...infer PR]
      ? Enough<PR, NR>
      : unknown
    : P extends readonly [unknown, ...unknown[]]
      ? false
      : unknown;

type TooFew<
  P extends readonly unknown[],
  N extends readonly unknown[],
> = `the method takes ${P["length"] & number} parameter${P["length"] extends 1 ? "" : "s"}, but ${N["length"] extends 0 ? "no" : N["length"] & number} ${N["length"] extends 1 ? "name is" : "names are"} given`;

/** A method descriptor that has as many parameters as names, and the right brand; else a sentence. */
type Checked<P extends readonly unknown[], N extends readonly unknown[], Wrong> = [Wrong] extends [never]
  ? Enough<P, N> extends false
    ? TooFew<P, N>
    : unknown
  : Wrong;

type BrandOfResult<M extends Method> = BrandOf<Awaited<ReturnType<M>>>;

type NotPlain<M extends Method, Decorator extends string> = {
  any: never;
  plain: never;
  each: `the method returns Each<T>: use @mapOver, not ${Decorator}`;
  batch: `the method returns Batch<T>: use @mapOver with { batch }, not ${Decorator}`;
  output: `the method returns Output<T>: use @output, not ${Decorator}`;
  nested: `Nested<T> is for a field with @nested or @mapOver, not for a method with ${Decorator}`;
}[BrandOfResult<M>];

export type NodeMethod<
  M extends Method,
  D extends readonly unknown[],
  Decorator extends string,
> = TypedPropertyDescriptor<M> & Checked<Parameters<M>, Named<D>, NotPlain<M, Decorator>>;

export type OutputMethod<M extends Method, D extends readonly unknown[]> = TypedPropertyDescriptor<M> &
  Checked<
    Parameters<M>,
    Named<D>,
    BrandOfResult<M> extends "output" | "any" ? never : "an @output method returns Output<T>"
  >;

// @mapOver on a method.

type Lists<O> = O extends string ? readonly [O] : O extends readonly string[] ? O : readonly [];

type Batched<D extends readonly unknown[]> = D extends readonly [...unknown[], { readonly batch: number }]
  ? true
  : false;

type Rest<P extends readonly unknown[], L extends readonly unknown[]> = L extends readonly [unknown, ...infer LR]
  ? P extends readonly [unknown?, ...infer PR]
    ? Rest<PR, LR>
    : []
  : P;

type OverOne<T, D, P extends readonly unknown[], I, B> = D extends string
  ? I extends keyof P
    ? Over<T, D, P[I], B>
    : `the method takes no parameter for an element of '${D}'`
  : never;

type OverAll<T, O, P extends readonly unknown[], B> = O extends string
  ? P extends readonly []
    ? `the method takes no parameter for an element of '${O}'`
    : Over<T, O, P[0], B>
  : O extends readonly string[]
    ? { [I in keyof O]: OverOne<T, O[I], P, I, B> }
    : Own<T>;

type MethodArguments<T, M extends Method, A extends readonly unknown[]> = A extends readonly [infer O, ...infer D]
  ? readonly [OverAll<T, O, Parameters<M>, Batched<A>>, ...Arguments<T, Rest<Parameters<M>, Lists<O>>, D, MapOptions>]
  : readonly [list: Own<T>];

// @mapOver and @nested on a field.

type ChildOf<C> = C extends PipelineClass<infer P> ? P : C extends AnyPipeline ? C : never;

type Wire<T, W, I> = W extends string
  ? IsKnown<T, W> extends true
    ? Value<T, W> extends I
      ? W
      : `'${W}' gives another type than this input takes`
    : Unknown<T, W>
  : Own<T>;

type WireOver<T, W, I, O extends readonly unknown[]> = W extends O[number] & string
  ? Over<T, W, I, false>
  : Wire<T, W, I>;

/** The wiring of a child's inputs to members of `T`; those wired to a list of `O` get its elements. */
export type Wiring<T, C, W, O extends readonly unknown[] = []> = {
  readonly [K in keyof W]: K extends keyof DeclaredInputs<ChildOf<C>>
    ? WireOver<T, W[K], Exclude<DeclaredInputs<ChildOf<C>>[K], undefined>, O>
    : `the nested pipeline has no input named '${K & string}'`;
} & { readonly [K in keyof DeclaredInputs<ChildOf<C>>]?: unknown };

/** What a wiring may be at all. */
export type Wirable<T> = { readonly [input: string]: Own<T> | (string & {}) };

/** A node of the child, by name, or the options. */
export type Pick<C, K> = K extends string
  ? K extends NodesOf<ChildOf<C>>
    ? K
    : Extract<NodesOf<ChildOf<C>>, `${K}${string}`> | `the nested pipeline has no node named '${K}'`
  : K extends object
    ? Options<K, NodeOptions>
    : NodesOf<ChildOf<C>>;

/** What a child gives: the picked node's value, or all its outputs. */
export type PickedOf<C, K> = [K] extends [string] ? ValueOf<ChildOf<C>[K & keyof ChildOf<C>]> : OutputsOf<ChildOf<C>>;

/** The key of a field that may stand for a nested value `V`; else a sentence. */
export type NestedField<T, K, V, Decorator extends string> = K extends keyof T
  ? BrandOf<T[K]> extends "nested"
    ? [V] extends [Unbranded<T[K]>]
      ? K
      : "the nested pipeline gives another type than the field declares"
    : BrandOf<T[K]> extends "any"
      ? K
      : `declare the field Nested<T>: ${Decorator} puts a nested pipeline's value there`
  : K;

type FieldArguments<T, A extends readonly unknown[]> = A extends readonly [infer O, infer C, infer W, ...infer R]
  ? readonly [
      OverNames<T, O>,
      C,
      Wiring<T, C, W, Lists<O>> & AnyWired<O, W>,
      ...{ [I in keyof R]: I extends "0" ? (R[I] extends object ? MapOptions : Pick<C, R[I]>) : MapOptions },
    ]
  : readonly [list: Own<T>, child: PipelineClass, wiring: object];

type OverNames<T, O> = O extends string
  ? IsKnown<T, O> extends true
    ? [ElementOf<Value<T, O>>] extends [never]
      ? NoList<O>
      : O
    : Unknown<T, O>
  : O extends readonly string[]
    ? { [I in keyof O]: OverNames<T, O[I]> }
    : Own<T>;

type AnyWired<O, W> = [Exclude<Lists<O>[number], W[keyof W]>] extends [never]
  ? unknown
  : `no input of the nested pipeline is wired to '${Exclude<Lists<O>[number], W[keyof W]> & string}'`;

type IsChild<A extends readonly unknown[]> = A extends readonly [unknown, infer C, ...unknown[]]
  ? C extends PipelineClass | AnyPipeline
    ? true
    : false
  : false;

/** The arguments of `@mapOver`, against the method or the field it stands on. */
export type MapArguments<T, M extends Method, A extends readonly unknown[]> = Right<
  A,
  IsChild<A> extends true ? FieldArguments<T, A> : MethodArguments<T, M, A>,
  MapOptions
>;

/** What the arguments of `@mapOver` may be at all. */
export type Mappable<T> = Dependable<T> | readonly [Own<T> | (string & {}), ...(Own<T> | (string & {}))[]] | MapOptions;

type MapResult<M extends Method, A extends readonly unknown[]> = {
  any: never;
  each: Batched<A> extends true
    ? "with { batch } the method returns Batch<T>: as many values as it got elements"
    : never;
  batch: Batched<A> extends true ? never : "the method returns Batch<T>: give @mapOver a last { batch: size }";
  output: "a @mapOver method returns Each<T>";
  nested: "a @mapOver method returns Each<T>";
  plain: "a @mapOver method returns Each<T>";
}[BrandOfResult<M>];

type NamesOfMap<A extends readonly unknown[]> = A extends readonly [infer O, ...infer D]
  ? [...Lists<O>, ...Named<D>]
  : [];

export type MapMethod<M extends Method, A extends readonly unknown[]> =
  IsChild<A> extends true
    ? "@mapOver with a nested pipeline goes on a field: declare it Nested<T[]>"
    : TypedPropertyDescriptor<M> & Checked<Parameters<M>, NamesOfMap<A>, MapResult<M, A>>;

type PickIn<A extends readonly unknown[]> = A extends readonly [
  unknown,
  unknown,
  unknown,
  infer K extends string,
  ...unknown[],
]
  ? K
  : undefined;

export type MapKey<T, K, A extends readonly unknown[]> =
  IsChild<A> extends true
    ? NestedField<
        T,
        K,
        A extends readonly [unknown, infer C, ...unknown[]] ? PickedOf<C, PickIn<A>>[] : never,
        "@mapOver"
      >
    : K extends keyof T
      ? [NonNullable<T[K]>] extends [Method]
        ? K
        : "@mapOver on a field maps a nested pipeline: @mapOver(list, Child, wiring, pick)"
      : K;
