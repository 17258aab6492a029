import type { NodeError } from "../errors.js";
import type { BrandOf, Method } from "./brands.js";
import type { ChildOf, InputNames, InputOf, NestedField, Pick, PickedOf } from "./fields.js";
import type { AnyPipeline, DeclaredInputs, PipelineClass } from "./members.js";
import type { Enough } from "./methods.js";
import type { MapOptions } from "./options.js";
import type { Mistake } from "./place.js";
import type { Arguments, Found, Named, Nothing, RestOf, Right, Unfit, Unknown, Value } from "./wiring.js";

/*
 * What the compiler checks of `@mapOver`: on a method, whose first parameters get the elements; on a field, where a child's
 * inputs do.
 */

/**
 * What a method gets of a list named `D`: an element, or some of them. Types are compared as properties: a bare type
 * parameter would put the answer off, and with it every generic pipeline.
 */
type Taken<T, D, Batched> = [Value<T, D>] extends [Nothing]
  ? Nothing
  : [Extract<Value<T, D>, string>] extends [never]
    ? [Value<T, D>] extends [Iterable<infer I>]
      ? { of: Batched extends true ? ElementOf<I>[] : ElementOf<I> }
      : NoList
    : NoList;

type NoList = "no list";

/** A failed element is not handed to a method. */
type ElementOf<I> = Exclude<I, NodeError>;

/** `D`, if it is a list whose elements fit; else a sentence. */
type Over<T, Key, D extends string, Param, Batched> =
  Taken<T, D, Batched> extends { of: Param } ? D : NotOver<T, Key, D, Taken<T, D, Batched>>;

type NotOver<T, Key, D extends string, Took> = Took extends Nothing
  ? Unknown<T, Key, D, "list">
  : Took extends NoList
    ? Mistake<`'${D}' is not a list: @mapOver goes over arrays and other iterables, not strings`>
    : Mistake<`the elements of '${D}' are of another type than this parameter takes`>;

type OverOne<T, Key, D, P extends readonly unknown[], I, B> = D extends string
  ? I extends keyof P
    ? Over<T, Key, D, P[I], B>
    : number extends P["length"]
      ? Over<T, Key, D, RestOf<P>, B>
      : Mistake<`the method takes no parameter for an element of '${D}'`>
  : never;

type OverAll<T, Key, O, P extends readonly unknown[], B> = O extends string
  ? OverOne<T, Key, O, P, "0", B>
  : O extends readonly string[]
    ? { [I in keyof O]: OverOne<T, Key, O[I], P, I, B> }
    : string;

type Lists<O> = O extends string ? readonly [O] : O extends readonly string[] ? O : readonly [];

type Batched<D extends readonly unknown[]> = D extends readonly [...unknown[], { readonly batch: number }]
  ? true
  : false;

/** The parameters after those that get elements. */
type Rest<P extends readonly unknown[], L extends readonly unknown[]> = L extends readonly [unknown, ...infer LR]
  ? P extends readonly [unknown?, ...infer PR]
    ? Rest<PR, LR>
    : []
  : P;

type MethodArguments<T, Key, P extends readonly unknown[], A extends readonly unknown[]> = A extends readonly [
  infer O,
  ...infer D,
]
  ? readonly [OverAll<T, Key, O, P, Batched<A>>, ...Arguments<T, Key, Rest<P, Lists<O>>, D, MapOptions>]
  : readonly [list: string];

/** @param Unwired the lists that no input is wired to: the sentence stands where one is wired to something else. */
type WireOver<T, Key, W, I, O extends readonly unknown[], Unwired> = W extends string
  ? W extends O[number]
    ? Over<T, Key, W, I, false>
    : Found<T, W> extends [I]
      ? [Unwired] extends [never]
        ? W
        : Mistake<`no input of the nested pipeline is wired to '${Unwired & string}'`>
      : Unfit<T, Key, W, "input">
  : string;

/** The wiring of a child's inputs: those wired to a list of `O` get its elements, and at least one is. */
type MapWiring<T, Key, C, W, O extends readonly unknown[], Picked> = {
  readonly [K in keyof W]: K extends keyof DeclaredInputs<ChildOf<C>>
    ? WireOver<T, Key, W[K], InputOf<C, K>, O, Exclude<O[number], W[keyof W]>>
    : Mistake<`the nested pipeline has no input named '${K & string}'`>;
} & InputNames<C, Picked>;

type FieldArguments<T, Key, A extends readonly unknown[]> = A extends readonly [infer O, infer C, infer W, ...infer R]
  ? readonly [
      OverNames<T, Key, O>,
      C,
      MapWiring<T, Key, C, W, Lists<O>, PickIn<A>>,
      ...{ [I in keyof R]: I extends "0" ? (R[I] extends object ? MapOptions : Pick<C, R[I]>) : MapOptions },
    ]
  : readonly [list: string, child: PipelineClass, wiring: object];

type OverNames<T, Key, O> = O extends string
  ? Over<T, Key, O, unknown, false>
  : O extends readonly string[]
    ? { [I in keyof O]: OverNames<T, Key, O[I]> }
    : string;

type IsChild<A extends readonly unknown[]> = A extends readonly [unknown, infer C, ...unknown[]]
  ? C extends PipelineClass | AnyPipeline
    ? true
    : false
  : false;

/**
 * Where it stands is known before the arguments are: on a method, TypeScript does not ask what those of a field may be. A child
 * there is an error of the method.
 */
type OnMethod<T, Key> = Key extends keyof T ? ([NonNullable<T[Key]>] extends [Method] ? true : false) : false;

/** The arguments of `@mapOver`, against the method or the field it stands on. */
export type MapArguments<T, Key, P extends readonly unknown[], A extends readonly unknown[]> = Right<
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

/** What the arguments of `@mapOver` may be at all. */
export type Mappable = string | readonly [string, ...string[]] | { readonly [input: string]: string } | object;

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
  ? [...Lists<O>, ...Named<D>]
  : [];

/** The descriptor of a method that may stand under `@mapOver`; else a sentence. */
export type MapMethod<P extends readonly unknown[], R, A extends readonly unknown[]> =
  IsChild<A> extends true
    ? "@mapOver with a nested pipeline goes on a field: declare it Nested<T[]>"
    : [WrongBrand<BrandOf<Awaited<R>>, A>] extends [never]
      ? Enough<P, R, NamesOfMap<A>>
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
        A extends readonly [unknown, infer C, ...unknown[]] ? PickedOf<C, PickIn<A>>[] : never,
        "@mapOver"
      >
    : K extends keyof T
      ? [NonNullable<T[K]>] extends [Method]
        ? K
        : "@mapOver on a field maps a nested pipeline: @mapOver(list, Child, wiring, pick)"
      : K;
