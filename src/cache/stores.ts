import type { CacheStore } from "../dsl/choices.js";

/** Values in an SQLite file. It can be said already; caching is not built yet. */
export function sqlite(path: string): CacheStore & { readonly path: string } {
  return { kind: "sqlite", path };
}

/** Values in this process's memory. It can be said already; caching is not built yet. */
export function memory(options: { readonly max?: number } = {}): CacheStore & { readonly max?: number } {
  return { kind: "memory", ...options };
}

/** Values in any Keyv store. It can be said already; caching is not built yet. */
export function keyv(store: object): CacheStore & { readonly store: object } {
  return { kind: "keyv", store };
}
