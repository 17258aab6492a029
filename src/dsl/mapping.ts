import type { NodeError } from "../errors.js";
import type { BrandOf, Method } from "./brands.js";
import type { ChildOf, InputNames, InputOf, NestedField, Pick, PickedOf, UnknownInput, Wire } from "./fields.js";
import type { AnyPipeline, DeclaredInputs, Own, PipelineClass } from "./members.js";
import type { Enough } from "./methods.js";
import type { MapOptions } from "./options.js";
import type { Arguments, Named, Nothing, RestOf, Right, Unknown, Value } from "./wiring.js";

/*
 * What the compiler checks of `@mapOver`: on a method, whose first parameters get the elements; on a field, where a child's
 * inputs do.
 */

/** Strings are no lists: nobody means to map over characters. */
type NoList<D extends string> = `'${D}' is not a list: @mapOver goes over arrays and other iterables, not strings`;

/**
 * `D`, if it is a list whose elements fit; else a sentence. Types are compared as properties: a bare type parameter
 * would put the answer off, and with it every generic pipeline.
 */
type Over<T, D extends string, V, Param, Batched> = [V] extends [Nothing]
  ? Unknown<T, D>
  : [Extract<V, string>] extends [never]
    ? [V] extends [Iterable<infer I>]
      ? { of: Batched extends true ? ElementOf<I>[] : ElementOf<I> } extends { of: Param }
        ? D
        : `the elements of '${D}' are of another type than this parameter takes`
      : NoList<D>
    : NoList<D>;

/** A failed element is not handed to a method. */
type ElementOf<I> = Exclude<I, NodeError>;

type OverOne<T, D, P extends readonly unknown[], I, B> = D extends string
  ? I extends keyof P
    ? Over<T, D, Value<T, D>, P[I], B>
    : number extends P["length"]
      ? Over<T, D, Value<T, D>, RestOf<P>, B>
      : `the method takes no parameter for an element of '${D}'`
  : never;

type OverAll<T, O, P extends readonly unknown[], B> = O extends string
  ? OverOne<T, O, P, "0", B>
  : O extends readonly string[]
    ? { [I in keyof O]: OverOne<T, O[I], P, I, B> }
    : Own<T>;

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

type MethodArguments<T, P extends readonly unknown[], A extends readonly unknown[]> = A extends readonly [
  infer O,
  ...infer D,
]
  ? readonly [OverAll<T, O, P, Batched<A>>, ...Arguments<T, Rest<P, Lists<O>>, D, MapOptions>]
  : readonly [list: Own<T>];

type WireOver<T, W, I, O extends readonly unknown[]> = W extends O[number] & string
  ? Over<T, W, Value<T, W>, I, false>
  : Wire<T, W, I>;

/** The wiring of a child's inputs: those wired to a list of `O` get its elements, and at least one is. */
type MapWiring<T, C, W, O extends readonly unknown[]> = {
  readonly [K in keyof W]: K extends keyof DeclaredInputs<ChildOf<C>>
    ? WireOver<T, W[K], InputOf<C, K>, O>
    : UnknownInput<K>;
} & InputNames<C> &
  ([Exclude<O[number], W[keyof W]>] extends [never]
    ? unknown
    : `no input of the nested pipeline is wired to '${Exclude<O[number], W[keyof W]> & string}'`);

type FieldArguments<T, A extends readonly unknown[]> = A extends readonly [infer O, infer C, infer W, ...infer R]
  ? readonly [
      OverNames<T, O>,
      C,
      MapWiring<T, C, W, Lists<O>>,
      ...{ [I in keyof R]: I extends "0" ? (R[I] extends object ? MapOptions : Pick<C, R[I]>) : MapOptions },
    ]
  : readonly [list: Own<T>, child: PipelineClass, wiring: object];

type OverNames<T, O> = O extends string
  ? Over<T, O, Value<T, O>, unknown, false>
  : O extends readonly string[]
    ? { [I in keyof O]: OverNames<T, O[I]> }
    : Own<T>;

type IsChild<A extends readonly unknown[]> = A extends readonly [unknown, infer C, ...unknown[]]
  ? C extends PipelineClass | AnyPipeline
    ? true
    : false
  : false;

/** The arguments of `@mapOver`, against the method or the field it stands on. */
export type MapArguments<T, P extends readonly unknown[], A extends readonly unknown[]> = Right<
  A,
  IsChild<A> extends true ? FieldArguments<T, A> : MethodArguments<T, P, A>,
  MapOptions,
  "@mapOver"
>;

/** What the arguments of `@mapOver` may be at all. */
export type Mappable = string | readonly [string, ...string[]] | { readonly [input: string]: string } | object;

type WrongBrand<Brand, A extends readonly unknown[]> = Brand extends "any"
  ? never
  : Batched<A> extends true
    ? Brand extends "batch"
      ? never
      : "with { batch } the method returns Batch<T>: as many values as it got elements"
    : Brand extends "each"
      ? never
      : Brand extends "batch"
        ? "the method returns Batch<T>: give @mapOver a last { batch: size }"
        : "a @mapOver method returns Each<T>";

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
