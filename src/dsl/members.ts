import type { BrandOf, Method, ValueOf } from "./brands.js";
import type { PipelineState } from "./pipeline-options.js";

/** The key under which a pipeline object keeps its own options and bound inputs. */
export const PIPELINE: unique symbol = Symbol.for("hypernodes.pipeline");

declare const BOUND: unique symbol;

/** Any pipeline object, as far as this folder knows it. */
export interface AnyPipeline {
  readonly [PIPELINE]: PipelineState;
}

/** A pipeline class whose constructor takes no arguments. */
export type PipelineClass<P extends AnyPipeline = AnyPipeline> = new () => P;

/** Tells if a value is a pipeline class. */
export function isPipelineClass(value: unknown): value is PipelineClass {
  return typeof value === "function" && typeof value.prototype === "object" && PIPELINE in value.prototype;
}

/** Returns the name of a class for messages and paths. A class expression may have none. */
export function classNameOf(type: { readonly name: string }): string {
  return type.name || "(anonymous class)";
}

/** The names of the members of the class `Pipeline`. That class checks that the list is complete. */
export type PipelineName =
  | "run"
  | "map"
  | "stream"
  | "explain"
  | "bind"
  | "unbind"
  | "with"
  | "open"
  | "graph"
  | "boundInputs"
  | "missingInputs";

/**
 * The names that a member can't have: those of every pipeline and every object, and the one that makes an object a
 * promise.
 */
export type ReservedName = PipelineName | keyof Object | "then";

/**
 * The mistake in a decorated member that is private or protected: the keys of a type are its public members, so no other
 * member could name it and no caller could give it a value.
 */
export type NotPublic<K> = `inputs and nodes are public: make '${K & string}' public`;

/** The names of a pipeline's own public members. */
export type OwnMember<T> = Exclude<keyof T, ReservedName | symbol | number>;

type NodeName<T, K extends keyof T> = [NonNullable<T[K]>] extends [Method]
  ? K
  : BrandOf<T[K]> extends "nested"
    ? K
    : never;

/**
 * The names of the nodes of `T`: its methods and its nested pipelines.
 *
 * @example
 * ```ts
 * const outputs: NodesOf<Search>[] = ["index"];
 * await new Search().run({ query: "port" }, { outputs });
 * ```
 */
export type NodesOf<T> = { [K in OwnMember<T>]-?: NodeName<T, K> }[OwnMember<T>];

type InputField<T, K extends keyof T> = K extends OwnMember<T> ? ([NodeName<T, K>] extends [never] ? K : never) : never;

/** The inputs of `T` as declared, bound or not. */
export type DeclaredInputs<T> = { [K in keyof T as InputField<T, K>]: T[K] };

/**
 * The inputs that a caller of `T` provides. Those with `?` and those that are bound may be left out.
 *
 * @example
 * ```ts
 * const inputs: InputsOf<Search> = { query: "port" };
 * await new Search().run(inputs);
 * ```
 */
export type InputsOf<T> = [BoundNames<T>] extends [never]
  ? // DeclaredInputs<T>, written out: editors would show its name.
    { [K in keyof T as InputField<T, K>]: T[K] }
  : Omit<DeclaredInputs<T>, BoundNames<T> & string> &
      Partial<Pick<DeclaredInputs<T>, BoundNames<T> & keyof DeclaredInputs<T>>>;

type OutputMarked<T> = {
  [K in OwnMember<T>]-?: T[K] extends Method
    ? BrandOf<Awaited<ReturnType<T[K]>>> extends "output"
      ? K
      : never
    : never;
}[OwnMember<T>];

/** The names of the values that `run` returns: the outputs of `T`, or all its nodes if it has no `@output`. */
type OutputNames<T> = [OutputMarked<T>] extends [never] ? NodesOf<T> : OutputMarked<T>;

/**
 * The record that `run` returns.
 *
 * @example
 * ```ts
 * const show = ({ hits }: OutputsOf<Search>) => console.log(hits.length);
 * show(await new Search().run({ query: "port" }));
 * ```
 */
export type OutputsOf<T> = { [K in OutputNames<T>]: ValueOf<T[K & keyof T]> };

/**
 * `T` with some of its inputs bound: callers may leave these out.
 *
 * @example
 * ```ts
 * const ask: Bound<Search, "topK"> = new Search().bind({ topK: 3 });
 * await ask.run({ query: "port" });
 * ```
 */
export type Bound<T, Names> = T & { readonly [BOUND]?: { readonly pipeline: T; readonly names: Names } };

type BindingsOf<T> = typeof BOUND extends keyof T
  ? NonNullable<T[typeof BOUND]> extends { pipeline: infer P; names: infer N }
    ? { pipeline: P; names: N }
    : never
  : { pipeline: T; names: never };

/** The names of the inputs of `T` that are bound. */
export type BoundNames<T> = BindingsOf<T>["names"];

/** The pipeline type without its bindings. */
export type Unbound<T> = BindingsOf<T>["pipeline"];
