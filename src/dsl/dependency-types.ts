import type { Method, ValueOf } from "./brands.js";
import type { Mistake, StandardContext } from "./decorator-target.js";
import type { AnyPipeline, OwnMember, PipelineClass, ReservedName } from "./members.js";
import type { NodeOptions } from "./node-options.js";

/*
 * Compile-time checks of the wiring. TypeScript types a decorator call from the member it is applied to (the call's
 * contextual type), so a factory can infer the class `T` and the method's parameters, and compare each name with both.
 * The expected type of a wrong argument is a sentence that describes the mistake: the error is reported on that
 * argument, and the editor completes its names.
 *
 * These types are evaluated for every name of every node: the common case comes first in each.
 */

// The value of a name, or of a path into a record.

declare const NO_VALUE: unique symbol;

/** The type of a path that leads nowhere: no value is of this type. */
export type NoValue = typeof NO_VALUE;

type AtPath<V, P> = P extends keyof V
  ? V[P]
  : P extends `${infer H}.${infer R}`
    ? H extends keyof V
      ? AtPath<V[H], R>
      : NoValue
    : NoValue;

/** The type that a dependent on `D` receives; `NoValue` if there is no such name. */
export type DependencyValue<T, D> = D extends ReservedName
  ? NoValue
  : D extends keyof T
    ? ValueOf<T[D]>
    : D extends `${infer H}.${infer R}`
      ? H extends OwnMember<T>
        ? AtPath<ValueOf<T[H]>, R>
        : NoValue
      : NoValue;

// The mistake in an argument. Names that continue the text written so far are offered for completion; an editor offers
// no mistakes. Nothing here enumerates all names before a name is known, because TypeScript evaluates it for each node.

/**
 * @param Key the member that has the dependency: it can't depend on itself.
 * @param Takes the role of a name here; for a list, only lists are offered.
 */
export type UnknownNameError<T, Key, D extends string, Takes extends string> = [T] extends [Method | undefined]
  ? Mistake<StandardContext>
  : string extends D
    ? `no input or node is named '${D}'`
    :
        | Extract<Takes extends "list" ? ListNames<T, Key> : Exclude<OwnMember<T>, Key>, `${D}${string}`>
        | (D extends "" ? never : Mistake<`no input or node is named '${D}'`>);

/** The names of the members that are lists. Strings are excluded: mapping over characters is a mistake. */
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
 * The type of a dependency, as a tuple of one; `NoValue` if there is no such name. Types without a parameter for the
 * dependent are evaluated once for all members that name it.
 */
export type DependencyTuple<T, D> = [DependencyValue<T, D>] extends [NoValue]
  ? [DependencyValue<T, D>] extends [never]
    ? [never]
    : NoValue
  : [DependencyValue<T, D>];

/** The mistake in a name that leads to nothing, or to a value that does not fit. */
export type Unfit<T, Key, D extends string, Takes extends string> =
  DependencyTuple<T, D> extends NoValue
    ? UnknownNameError<T, Key, D, Takes>
    : Mistake<`'${D}' gives another type than this ${Takes} takes`>;

/** The type of one element of a rest parameter. */
export type RestOf<P extends readonly unknown[]> = P extends readonly [unknown, ...infer More]
  ? RestOf<More>
  : P[number];

type ArgumentType<T, Key, D, P extends readonly unknown[], I, Known> = D extends string
  ? I extends keyof P
    ? DependencyTuple<T, D> extends [P[I]]
      ? D
      : Unfit<T, Key, D, "parameter">
    : number extends P["length"]
      ? DependencyTuple<T, D> extends [RestOf<P>]
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
 * The arguments of a decorator that is written without parentheses. TypeScript 5 and 6 crash if the types of a rest
 * parameter are more than the arguments of a decorator: a tuple of sentences has as many as there are.
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
 * The arguments as given if they are right; otherwise the expected ones. Options are compared with their expected type,
 * so that TypeScript completes them and suggests the nearest option for an unknown one.
 */
export type Validated<D extends readonly unknown[], Expected, Decorator extends string> = D extends Expected
  ? D extends readonly string[]
    ? D
    : Expected
  : D[0] extends string
    ? Expected
    : OrPlainNames<D, Expected, Decorator>;

/** The names, without a last options object. */
export type NamesOnly<D extends readonly unknown[]> = D extends readonly string[]
  ? D
  : D extends readonly [...infer H, infer L]
    ? L extends string
      ? D
      : H
    : D;

/** The arguments of `@node`, `@output` and `@resource`, checked against the method they are applied to. */
export type Dependencies<
  T,
  Key,
  P extends readonly unknown[],
  D extends readonly unknown[],
  Decorator extends string,
> = Validated<D, ArgumentTypes<T, Key, P, D, NodeOptions>, Decorator>;
