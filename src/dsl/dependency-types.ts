import type { Method, ValueOf } from "./brands.js";
import type { Mistake, StandardContext } from "./decorator-target.js";
import type { AnyPipeline, OwnMember, PipelineClass, ReservedName } from "./members.js";
import type { NodeOptions } from "./options.js";

/*
 * How the compiler checks the wiring. TypeScript types a decorator call from the member it stands on (the
 * call's contextual type), so a factory can infer the class `T` and the method's parameters, and compare each name it
 * was given with both. A wrong argument's expected type is a sentence that says what is wrong with it: the
 * error stands under that argument, and the editor completes its names.
 *
 * These types are evaluated for every name of every node: the common case comes first in each.
 */

// What a name, or a path into a record, leads to.

declare const NO_VALUE: unique symbol;

/** Where a path leads that leads nowhere: no value is of this type. */
export type NoValue = typeof NO_VALUE;

type AtPath<V, P> = P extends keyof V
  ? V[P]
  : P extends `${infer H}.${infer R}`
    ? H extends keyof V
      ? AtPath<V[H], R>
      : NoValue
    : NoValue;

/** What a dependant on `D` gets; `Nothing` if there is no such name. */
export type DependencyValue<T, D> = D extends ReservedName
  ? NoValue
  : D extends keyof T
    ? ValueOf<T[D]>
    : D extends `${infer H}.${infer R}`
      ? H extends OwnMember<T>
        ? AtPath<ValueOf<T[H]>, R>
        : NoValue
      : NoValue;

// What is wrong with an argument. The names that go on from what was written so far are offered for completion; an editor
// offers no mistakes. Nothing here looks at all names before a name is known: TypeScript evaluates it for each node.

/**
 * @param Key the member that takes it: it is no dependency of its own.
 * @param Takes the role of a name there; of a list, lists alone are offered.
 */
export type UnknownNameError<T, Key, D extends string, Takes extends string> = [T] extends [Method | undefined]
  ? Mistake<StandardContext>
  : string extends D
    ? `no input or node is named '${D}'`
    :
        | Extract<Takes extends "list" ? ListNames<T, Key> : Exclude<OwnMember<T>, Key>, `${D}${string}`>
        | (D extends "" ? never : Mistake<`no input or node is named '${D}'`>);

/** The names of the members that are lists. Strings are none: nobody means to map over characters. */
type ListNames<T, Key> = { [N in Exclude<OwnMember<T>, Key>]-?: IfList<N, DependencyValue<T, N>> }[Exclude<
  OwnMember<T>,
  Key
>];

type IfList<N, V> = [V] extends [Iterable<unknown>]
  ? 0 extends 1 & V
    ? N
    : [Extract<V, string>] extends [never]
      ? N
      : never
  : never;

/**
 * What a name leads to, as a list of one; `Nothing` if there is no such name. Types that are not told whose dependency it is are
 * evaluated once for all members that name it.
 */
export type Found<T, D> = [DependencyValue<T, D>] extends [NoValue]
  ? [DependencyValue<T, D>] extends [never]
    ? [never]
    : NoValue
  : [DependencyValue<T, D>];

/** What is wrong with a name that leads to nothing, or to what does not fit. */
export type Unfit<T, Key, D extends string, Takes extends string> =
  Found<T, D> extends NoValue
    ? UnknownNameError<T, Key, D, Takes>
    : Mistake<`'${D}' gives another type than this ${Takes} takes`>;

/** The type of one element of a rest parameter. */
export type RestOf<P extends readonly unknown[]> = P extends readonly [unknown, ...infer More]
  ? RestOf<More>
  : P[number];

type ArgumentType<T, Key, D, P extends readonly unknown[], I, Known> = D extends string
  ? I extends keyof P
    ? Found<T, D> extends [P[I]]
      ? D
      : Unfit<T, Key, D, "parameter">
    : number extends P["length"]
      ? Found<T, D> extends [RestOf<P>]
        ? D
        : Unfit<T, Key, D, "parameter">
      : DependencyValue<T, D> extends NoValue
        ? UnknownNameError<T, Key, D, "parameter">
        : Mistake<`the method takes no parameter for '${D}'`>
  : D extends readonly unknown[]
    ? Mistake<"name one dependency a parameter">
    : D extends object
      ? Known
      : string;

export type ArgumentTypes<T, Key, P extends readonly unknown[], D extends readonly unknown[], Known> = {
  [I in keyof D]: ArgumentType<T, Key, D[I], P, I, Known>;
};

/**
 * The arguments of a decorator that is written without parentheses. TypeScript 5 and 6 crash where the types of a rest
 * parameter are more than a decorator gets: a list of sentences takes as many as there are.
 */
type PlainNames<D extends readonly unknown[], Decorator extends string> = D extends
  | readonly [object, string | symbol, TypedPropertyDescriptor<any>]
  | readonly [AnyPipeline | PipelineClass, string | symbol, ...unknown[]]
  ? readonly `write ${Decorator}(...), with parentheses`[]
  : D extends readonly [abstract new (...parameters: never[]) => object]
    ? readonly `${Decorator}(...) goes on a member, not on a class`[]
    : never;

type OrPlainNames<D extends readonly unknown[], Expected, Decorator extends string> = [
  PlainNames<D, Decorator>,
] extends [never]
  ? Expected
  : PlainNames<D, Decorator>;

/**
 * The arguments as given if they are right names; else what they should be. Options are compared as what they should be: so
 * TypeScript completes them, and names the nearest of one that it does not know.
 */
export type Validated<D extends readonly unknown[], Expected, Decorator extends string> = D extends Expected
  ? D extends readonly string[]
    ? D
    : Expected
  : D[0] extends string
    ? Expected
    : OrPlainNames<D, Expected, Decorator>;

/** The names given, without a last options object. */
export type NamesOnly<D extends readonly unknown[]> = D extends readonly string[]
  ? D
  : D extends readonly [...infer H, infer L]
    ? L extends string
      ? D
      : H
    : D;

/** The names (and a last options object) given to `@node`, `@output` and `@resource`, against the method they stand on. */
export type Dependencies<
  T,
  Key,
  P extends readonly unknown[],
  D extends readonly unknown[],
  Decorator extends string,
> = Validated<D, ArgumentTypes<T, Key, P, D, NodeOptions>, Decorator>;
