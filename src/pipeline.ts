import type { ValueOf } from "./dsl/brands.js";
import type { Choices } from "./dsl/choices.js";
import {
  type AnyPipeline,
  type Bound,
  type BoundNames,
  type InputsOf,
  type NodesOf,
  type OutputsOf,
  PIPELINE,
  type Unbound,
} from "./dsl/members.js";
import type { NodeError } from "./errors.js";

export interface RunOptions<T, K extends NodesOf<T> = never, G extends NodesOf<T> = never> extends Choices {
  readonly outputs?: readonly K[];
  readonly given?: { readonly [P in G]: ValueOf<T[P & keyof T]> };
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}
type InputsFor<T, Narrowed> = [Narrowed] extends [never] ? InputsOf<T> : Partial<InputsOf<T>>;
export type ResultOf<T, K> = [K] extends [never] ? OutputsOf<T> : { [P in K & keyof T]: ValueOf<T[P]> };
type RunArguments<T, K extends NodesOf<T>, G extends NodesOf<T>> =
  {} extends InputsFor<T, K | G>
    ? [inputs?: InputsFor<T, K | G>, options?: RunOptions<T, K, G>]
    : [inputs: InputsFor<T, K | G>, options?: RunOptions<T, K, G>];

type InputName<T> = keyof InputsOf<T> & string;
type NamesIn<O> = O extends string ? O : O extends readonly (infer N)[] ? N : never;
type ValidName<T, N> =
  N extends InputName<T> ? N : Extract<InputName<T>, `${N & string}${string}`> | `no input is named '${N & string}'`;
type ValidOver<T, O> = O extends string ? ValidName<T, O> : { [I in keyof O]: ValidName<T, O[I]> };
export interface MapOptions<T, O, K extends NodesOf<T> = never> extends Choices {
  readonly over: O extends ValidOver<T, O> ? O : ValidOver<T, O>;
  readonly mode?: "zip" | "product";
  readonly outputs?: readonly K[];
  readonly onError?: "throw" | "collect";
}
type MapInputs<T, O, K> = {
  [N in keyof InputsFor<T, K>]: N extends NamesIn<O>
    ? Iterable<Exclude<InputsFor<T, K>[N], undefined>>
    : InputsFor<T, K>[N];
};

export abstract class Pipeline implements AnyPipeline {
  readonly [PIPELINE]: unknown = undefined;
  run<const K extends NodesOf<this> = never, const G extends NodesOf<this> = never>(
    ..._given: RunArguments<this, K, G>
  ): Promise<ResultOf<this, K>> {
    return null!;
  }
  map<
    const O extends InputName<this> | (string & {}) | readonly (InputName<this> | (string & {}))[],
    const K extends NodesOf<this> = never,
  >(_inputs: MapInputs<this, O, K>, _options: MapOptions<this, O, K>): Promise<ResultOf<this, K>[]> {
    return null!;
  }
  bind<const B extends Partial<InputsOf<this>>>(_inputs: B): Bound<Unbound<this>, BoundNames<this> | keyof B> {
    return null!;
  }
  unbind<const N extends BoundNames<this> = BoundNames<this>>(
    ..._names: N[]
  ): Bound<Unbound<this>, Exclude<BoundNames<this>, N>> {
    return null!;
  }
}
