import type { NodeError } from "../errors.js";
import type { BrandOf, Method } from "./brands.js";
import type { Mistake } from "./decorator-target.js";
import type {
  ArgumentTypes,
  DependencyTuple,
  DependencyValue,
  NamesOnly,
  NoValue,
  RestOf,
  Unfit,
  UnknownNameError,
  Validated,
} from "./dependency-types.js";
import type { AnyPipeline, DeclaredInputs, PipelineClass } from "./members.js";
import type { CheckArity } from "./method-types.js";
import type {
  ChildInput,
  ChildOf,
  InputNames,
  NestedField,
  NodePick,
  PickedValue,
  Unkeyed,
} from "./nested-field-types.js";
import type { MapOptions } from "./options.js";

/*
 * Compile-time checks of `@mapOver`: on a method, the first parameters receive the elements; on a field, inputs of the
 * child do.
 */

/**
 * The type that a method receives of a list named `D`: an element, or a batch. Types are compared as properties: a bare
 * type parameter would defer the check, and with it every generic pipeline.
 */
type ElementArgument<T, D, Batched> = [DependencyValue<T, D>] extends [NoValue]
  ? NoValue
  : [Extract<DependencyValue<T, D>, string>] extends [never]
    ? [DependencyValue<T, D>] extends [Iterable<infer I>]
      ? { of: Batched extends true ? ElementOf<I>[] : ElementOf<I> }
      : NoList
    : NoList;

type NoList = "no list";

/** Failed elements are never passed to a method. */
type ElementOf<I> = Exclude<I, NodeError>;

/** `D`, if it is a list whose elements fit; otherwise a sentence. */
type CheckList<T, Key, D extends string, Param, Batched> =
  ElementArgument<T, D, Batched> extends { of: Param } ? D : NotOver<T, Key, D, ElementArgument<T, D, Batched>>;

type NotOver<T, Key, D extends string, Took> = Took extends NoValue
  ? UnknownNameError<T, Key, D, "list">
  : Took extends NoList
    ? Mistake<`'${D}' is not a list: @mapOver iterates over arrays and other iterables, not strings`>
    : Mistake<`the elements of '${D}' are of another type than this parameter takes`>;

type CheckFirstList<T, Key, D, P extends readonly unknown[], I, B> = D extends string
  ? I extends keyof P
    ? CheckList<T, Key, D, P[I], B>
    : number extends P["length"]
      ? CheckList<T, Key, D, RestOf<P>, B>
      : Mistake<`the method takes no parameter for an element of '${D}'`>
  : never;

type CheckLists<T, Key, O, P extends readonly unknown[], B> = O extends string
  ? CheckFirstList<T, Key, O, P, "0", B>
  : O extends readonly string[]
    ? { [I in keyof O]: CheckFirstList<T, Key, O[I], P, I, B> }
    : string;

type ListTuple<O> = O extends string ? readonly [O] : O extends readonly string[] ? O : readonly [];

type Batched<D extends readonly unknown[]> = D extends readonly [...unknown[], { readonly batch: number }]
  ? true
  : false;

/** The parameters after those that receive elements. */
type RestParams<P extends readonly unknown[], L extends readonly unknown[]> = L extends readonly [unknown, ...infer LR]
  ? P extends readonly [unknown?, ...infer PR]
    ? RestParams<PR, LR>
    : []
  : P;

type MethodArguments<T, Key, P extends readonly unknown[], A extends readonly unknown[]> = A extends readonly [
  infer O,
  ...infer D,
]
  ? readonly [
      CheckLists<T, Key, O, P, Batched<A>>,
      ...ArgumentTypes<T, Key, RestParams<P, ListTuple<O>>, D, MapOptions>,
    ]
  : readonly [list: string];

/**
 * @param Unwired the lists that no input is wired to: the error is reported on an input that is wired to something
 * else.
 */
type CheckMapWire<T, Key, W, I, O extends readonly unknown[], Unwired> = W extends string
  ? W extends O[number]
    ? CheckList<T, Key, W, I, false>
    : DependencyTuple<T, W> extends [I]
      ? [Unwired] extends [never]
        ? W
        : Mistake<`no input of the nested pipeline is wired to '${Unwired & string}'`>
      : Unfit<T, Key, W, "input">
  : string;

/** The wiring of a child's inputs: inputs wired to a list of `O` receive its elements, and at least one is. */
type MapWiring<T, Key, C, W, O extends readonly unknown[], Picked> = {
  readonly [K in keyof W]: K extends keyof DeclaredInputs<ChildOf<C>>
    ? CheckMapWire<T, Key, W[K], ChildInput<C, K>, O, Exclude<O[number], W[keyof W]>>
    : Mistake<`the nested pipeline has no input named '${K & string}'`>;
} & InputNames<C, Picked>;

type FieldArguments<T, Key, A extends readonly unknown[]> = A extends readonly [infer O, infer C, infer W, ...infer R]
  ? readonly [
      MappedNames<T, Key, O>,
      C,
      MapWiring<T, Key, C, W, ListTuple<O>, PickIn<A>>,
      ...{ [I in keyof R]: I extends "0" ? (R[I] extends object ? MapOptions : NodePick<C, R[I]>) : MapOptions },
    ]
  : readonly [list: string, child: PipelineClass, wiring: object];

type MappedNames<T, Key, O> = O extends string
  ? CheckList<T, Key, O, unknown, false>
  : O extends readonly string[]
    ? { [I in keyof O]: MappedNames<T, Key, O[I]> }
    : string;

type IsChild<A extends readonly unknown[]> = A extends readonly [unknown, infer C, ...unknown[]]
  ? C extends PipelineClass | AnyPipeline
    ? true
    : false
  : false;

/**
 * The target is known before the arguments are: on a method, TypeScript does not evaluate the arguments of a field. A
 * child there is an error of the method.
 */
type OnMethod<T, Key> = Key extends keyof T ? ([NonNullable<T[Key]>] extends [Method] ? true : false) : false;

/** The arguments of `@mapOver`, checked against the method or the field it is applied to. */
export type MapArguments<T, Key, P extends readonly unknown[], A extends readonly unknown[]> = Validated<
  A,
  OnMethod<T, Key> extends true
    ? IsChild<A> extends true
      ? A
      : MethodArguments<T, Key, P, A>
    : IsChild<A> extends true
      ? FieldArguments<T, Key, A>
      : MethodArguments<T, Key, P, A>,
  "@mapOver"
>;

/** All types that an argument of `@mapOver` can have. */
export type MapArgument = string | readonly [string, ...string[]] | { readonly [input: string]: string } | object;

type WrongBrand<Brand, A extends readonly unknown[]> = Brand extends "any"
  ? never
  : Batched<A> extends true
    ? Brand extends "batch"
      ? never
      : "with { batch } the method returns Batch<T>, an async one Promise<Batch<T>>: as many values as it got elements"
    : Brand extends "each"
      ? never
      : Brand extends "batch"
        ? "the method returns Batch<T>: give @mapOver a last { batch: size }"
        : "a @mapOver method returns Each<T>, an async one Promise<Each<T>>";

type NamesOfMap<A extends readonly unknown[]> = A extends readonly [infer O, ...infer D]
  ? [...ListTuple<O>, ...NamesOnly<D>]
  : [];

/** The descriptor of a method that `@mapOver` accepts; otherwise a sentence. */
export type MapMethod<P extends readonly unknown[], R, A extends readonly unknown[]> =
  IsChild<A> extends true
    ? "@mapOver with a nested pipeline goes on a field: declare it Nested<T[]>"
    : [WrongBrand<BrandOf<Awaited<R>>, A>] extends [never]
      ? CheckArity<P, R, NamesOfMap<A>>
      : WrongBrand<BrandOf<Awaited<R>>, A>;

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
        A extends readonly [unknown, infer C, ...unknown[]] ? PickedValue<C, PickIn<A>>[] : never,
        "@mapOver"
      >
    : K extends keyof T
      ? [NonNullable<T[K]>] extends [Method]
        ? K
        : "@mapOver on a field maps a nested pipeline: @mapOver(list, Child, wiring, pick)"
      : Unkeyed<T, K>;
