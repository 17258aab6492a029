import { AsyncLocalStorage } from "node:async_hooks";

// The functions that read values are taken when the package is imported, before a program can replace them. The modules
// that read code are loaded later, when a run needs them.

export const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf, isExtensible } = Reflect;

const { call } = Function.prototype;

export const textOf = call.bind(Function.prototype.toString) as (fn: Function) => string;
export const timeOf = call.bind(Date.prototype.getTime) as (date: Date) => number;
export const forEachOf = {
  Map: call.bind(Map.prototype.forEach) as (
    map: Map<unknown, unknown>,
    to: (value: unknown, key: unknown) => void,
  ) => void,
  Set: call.bind(Set.prototype.forEach) as (set: Set<unknown>, to: (value: unknown) => void) => void,
};
export const sizeOf = {
  Map: call.bind(getOwnPropertyDescriptor(Map.prototype, "size")!.get!) as (map: Map<unknown, unknown>) => number,
  Set: call.bind(getOwnPropertyDescriptor(Set.prototype, "size")!.get!) as (set: Set<unknown>) => number,
};
export const { get: getFrom } = WeakMap.prototype;
export const { getStore } = AsyncLocalStorage.prototype;
export const { cwd } = process;
/** The variables of the environment at the start. */
export const FIRST_ENV: Readonly<Record<string, string | undefined>> = { ...process.env };
