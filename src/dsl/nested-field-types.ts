import type { BrandOf, Method, Unbranded, ValueOf } from "./brands.js";
import type { Mistake, StandardContext } from "./decorator-target.js";
import type { DependencyTuple, Unfit } from "./dependency-types.js";
import type { AnyPipeline, DeclaredInputs, InputsOf, NodesOf, NotPublic, OutputsOf, PipelineClass } from "./members.js";
import type { NodeOptions } from "./node-options.js";

/*
 * Compile-time checks of a field that stands for a nested pipeline: the wiring of the child's inputs, the node that is
 * picked, and the field's own type.
 */

export type ChildOf<C> = C extends PipelineClass<infer P> ? P : C extends AnyPipeline ? C : never;

/** The wire from an input to a member of `T`: the member's value must fit the input. */
type WireType<T, Key, W, I> = W extends string
  ? DependencyTuple<T, W> extends [I]
    ? W
    : Unfit<T, Key, W, "input">
  : string;

/** The type of a child's input. */
export type ChildInput<C, K> = K extends keyof DeclaredInputs<ChildOf<C>>
  ? Exclude<DeclaredInputs<ChildOf<C>>[K], undefined>
  : never;

/**
 * The child's inputs by name, so that an editor completes them. Inputs that a run of the child requires must be wired
 * if all its outputs are wanted; no type knows which inputs a single node needs.
 */
export type InputNames<C, K> = [NodesOf<ChildOf<C>>] extends [never]
  ? unknown
  : [keyof OutputsOf<ChildOf<C>>] extends [K]
    ? Unset<InputsOf<ChildOf<C>>>
    : [K] extends [string]
      ? Partial<Unset<InputsOf<ChildOf<C>>>>
      : Unset<InputsOf<ChildOf<C>>>;

type Unset<Inputs> = { readonly [K in keyof Inputs]: unknown };

/** The wiring of a child's inputs to members of `T`. */
export type Wiring<T, Key, C, W, Picked> = W extends PropertyKey
  ? 'write @nested(Child, { input: "member" }), with parentheses'
  : {
      readonly [K in keyof W]: K extends keyof DeclaredInputs<ChildOf<C>>
        ? WireType<T, Key, W[K], ChildInput<C, K>>
        : Mistake<`the nested pipeline has no input named '${K & string}'`>;
    } & InputNames<C, Picked>;

/** All types that a wiring can have. */
export type WiringInput = { readonly [input: string]: string };

/** A node of the child by name, or the options. */
export type NodePick<C, K> = K extends string
  ? K extends NodesOf<ChildOf<C>>
    ? K
    :
        | Extract<NodesOf<ChildOf<C>>, `${K}${string}`>
        | (K extends "" ? never : Mistake<`the nested pipeline has no node named '${K}'`>)
  : K extends object
    ? NodeOptions
    : NodesOf<ChildOf<C>>;

/** The value of a child: that of the picked node, or the record of all its outputs. */
export type PickedValue<C, K> = [K] extends [string]
  ? ValueOf<ChildOf<C>[K & keyof ChildOf<C>]>
  : OutputsOf<ChildOf<C>>;

/**
 * The sentence for a key that is none of the class's public ones. Without `experimentalDecorators` the compiler passes a method, or
 * `undefined` for a field, in the class's place.
 */
export type Unkeyed<T, K> = [T] extends [Method | undefined] ? StandardContext : NotPublic<K>;

/** The key of a field that can hold a nested value `V`; otherwise a sentence. */
export type NestedField<T, K, V, Decorator extends string> = K extends keyof T
  ? BrandOf<T[K]> extends "nested"
    ? [V] extends [Unbranded<T[K]>]
      ? K
      : "the nested pipeline gives another type than the field declares"
    : BrandOf<T[K]> extends "any"
      ? K
      : `declare the field Nested<T>: ${Decorator} puts a nested pipeline's value there`
  : Unkeyed<T, K>;

/** The key of a field that can be an input; otherwise a sentence. */
export type InputFieldKey<T, K> = [T] extends [undefined]
  ? StandardContext
  : T extends abstract new (
        ...parameters: never[]
      ) => object
    ? "an input is a field of the instance: leave static out"
    : K extends keyof T
      ? [NonNullable<T[K]>] extends [Method]
        ? "an input is a field that holds data: a function is a method, with @node"
        : BrandOf<T[K]> extends "plain" | "any"
          ? K
          : BrandOf<T[K]> extends "nested"
            ? "the field is declared Nested<T>: use @nested or @mapOver, not @input"
            : "an input is declared with its bare type: Each, Batch and Output are for methods"
      : NotPublic<K>;
