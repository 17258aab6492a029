import type { Method, ValueOf } from "./brands.js";
import type { AnyPipeline, Own, PipelineClass, Reserved } from "./members.js";
import type { NodeOptions } from "./options.js";
import type { StandardContext } from "./place.js";

/*
 * How the compiler checks the wiring. TypeScript types a decorator call from the member it stands on (the
 * call's contextual type), so a factory can infer the class `T` and the method's parameters, and compare each name it
 * was given with both. A wrong argument's expected type is a sentence that says what is wrong with it: the
 * error stands under that argument, and the editor completes its names.
 *
 * These types are evaluated for every name of every node: the common case comes first in each.
 */

// What a name, or a path into a record, leads to.

declare const NOTHING: unique symbol;

/** Where a path leads that leads nowhere: no value is of this type. */
export type Nothing = typeof NOTHING;

type AtPath<V, P> = P extends keyof V
  ? V[P]
  : P extends `${infer H}.${infer R}`
    ? H extends keyof V
      ? AtPath<V[H], R>
      : Nothing
    : Nothing;

/** What a dependant on `D` gets; `Nothing` if there is no such name. */
export type Value<T, D> = D extends Reserved
  ? Nothing
  : D extends keyof T
    ? ValueOf<T[D]>
    : D extends `${infer H}.${infer R}`
      ? H extends Own<T>
        ? AtPath<ValueOf<T[H]>, R>
        : Nothing
      : Nothing;

// What is wrong with an argument. The names that go on from what was written so far are offered for completion.

export type Unknown<T, D extends string> = [T] extends [Method | undefined]
  ? StandardContext
  : [Extract<Own<T>, `${D}${string}`>] extends [infer Begun]
    ? Begun | `no input or node is named '${D}'`
    : never;

/** `D`, if its value fits; else a sentence. */
export type Fitting<T, D extends string, V, Param, Takes extends string> = [V] extends [Nothing]
  ? [V] extends [never]
    ? D
    : Unknown<T, D>
  : [V] extends [Param]
    ? D
    : `'${D}' gives another type than this ${Takes} takes`;

/** The type of one element of a rest parameter. */
export type RestOf<P extends readonly unknown[]> = P extends readonly [unknown, ...infer More]
  ? RestOf<More>
  : P[number];

type Argument<T, D, P extends readonly unknown[], I, Known> = D extends string
  ? I extends keyof P
    ? Fitting<T, D, Value<T, D>, P[I], "parameter">
    : number extends P["length"]
      ? Fitting<T, D, Value<T, D>, RestOf<P>, "parameter">
      : Value<T, D> extends Nothing
        ? Unknown<T, D>
        : `the method takes no parameter for '${D}'`
  : D extends readonly unknown[]
    ? "name one dependency a parameter"
    : D extends object
      ? Known
      : Own<T>;

export type Arguments<T, P extends readonly unknown[], D extends readonly unknown[], Known> = {
  [I in keyof D]: Argument<T, D[I], P, I, Known>;
};

/** Whether the last argument is an options object with a name that is no option. TypeScript itself then names the nearest. */
type HasUnknownOption<D extends readonly unknown[], Known> = D extends readonly string[]
  ? false
  : D extends readonly [...unknown[], infer L]
    ? L extends string | readonly unknown[] | Method | AnyPipeline
      ? false
      : [Exclude<keyof L, keyof Known>] extends [never]
        ? false
        : true
    : false;

/**
 * The arguments of a decorator that is written without parentheses. TypeScript 5 and 6 crash where the types of a rest
 * parameter are more than a decorator gets: a list of sentences takes as many as there are.
 */
type Bare<D extends readonly unknown[], Decorator extends string> = D extends
  | readonly [object, string | symbol, TypedPropertyDescriptor<any>]
  | readonly [AnyPipeline | PipelineClass, string | symbol, ...unknown[]]
  ? readonly `write ${Decorator}(...), with parentheses`[]
  : D extends readonly [abstract new (...parameters: never[]) => object]
    ? readonly `${Decorator}(...) goes on a member, not on a class`[]
    : never;

/** The arguments as given if they are right; else what they should be. */
export type Right<D extends readonly unknown[], Expected, Known, Decorator extends string> = D extends Expected
  ? HasUnknownOption<D, Known> extends true
    ? Expected
    : D
  : [Bare<D, Decorator>] extends [never]
    ? Expected
    : Bare<D, Decorator>;

/** The names given, without a last options object. */
export type Named<D extends readonly unknown[]> = D extends readonly string[]
  ? D
  : D extends readonly [...infer H, infer L]
    ? L extends string
      ? D
      : H
    : D;

/** The names (and a last options object) given to `@node`, `@output` and `@resource`, against the method they stand on. */
export type Dependencies<
  T,
  P extends readonly unknown[],
  D extends readonly unknown[],
  Decorator extends string,
> = Right<D, Arguments<T, P, D, NodeOptions>, NodeOptions, Decorator>;
