import { badOption } from "../errors.js";
import { checkNoMore, optionError } from "../util/options.js";
import { assertCalled, type BareClass, type ClassDecoratorOf, classTarget } from "./decorator-target.js";
import { recordOptions } from "./metadata.js";
import { STORE } from "./pipeline-option-rules.js";
import type { CacheStore } from "./pipeline-options.js";

/**
 * Caches the pipeline's values between runs in the given store. A nested pipeline inherits the store of its parent
 * unless it has its own.
 *
 * @param store the cache: `sqlite(path)`, `memory()` or `keyv(store)`.
 * @returns a class decorator.
 * @throws {DefinitionError} if it is written without parentheses, or is not on a class.
 * @throws {HypernodesError} `BAD_OPTION`, if there is no store.
 * @default nothing is cached.
 *
 * @example
 * ```ts
 * @cached(sqlite(".cache/retrieval.sqlite"))
 * class Retrieval extends Pipeline { ... }
 * ```
 */
export function cached<A extends unknown[] = never>(
  store: CacheStore | BareClass<A>,
): ClassDecoratorOf<A, "write @cached(memory()), with parentheses">;
export function cached(...given: unknown[]): unknown {
  assertCalled("@cached", given, "@cached(memory())");
  checkNoMore("@cached(store)", given.slice(1));
  const [store] = given as [CacheStore | undefined];
  if (store === undefined) throw optionError("@cached(store)", [badOption("argument", store, STORE)]);
  return (...place: unknown[]): void => recordOptions(classTarget("@cached", place), { cache: store });
}
