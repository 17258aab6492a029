import { getOrCreate } from "../util/get-or-create.js";
import type { Class } from "./class.js";

type Properties = Readonly<Record<string, PropertyDescriptor>>;

const defined = new WeakMap<object, Properties>();

/**
 * Records the methods of a class as its module defines them: when the code that is running has ended, since decorators may
 * still replace them. A thread that imports the module has these, whatever a test puts in their place later.
 */
export function recordMethods({ prototype }: Class): void {
  queueMicrotask(() => defined.set(prototype, Object.getOwnPropertyDescriptors(prototype)));
}

/** Records those of a pipeline's class, and of those that it extends, as they are now, where none of their decorators has done so. */
export function recordInherited({ prototype }: Class): void {
  for (const owner of ownersIn(prototype)) getOrCreate(defined, owner, () => Object.getOwnPropertyDescriptors(owner));
}

/** Returns the names of the methods and accessors that a pipeline's class has otherwise than its module defines them, also inherited ones. */
export function methodsReplacedIn(prototype: object): ReadonlySet<string> {
  const replaced = new Set<string>();
  for (const owner of ownersIn(prototype)) {
    const before = defined.get(owner)!;
    const now = Object.getOwnPropertyDescriptors(owner) as Properties;
    for (const name of new Set([...Object.keys(before), ...Object.keys(now)]))
      if (isReplaced(before[name], now[name])) replaced.add(name);
  }
  return replaced;
}

/** The prototypes of a class and of those that it extends, without `Pipeline`. */
function ownersIn(prototype: object): object[] {
  const base = Object.getPrototypeOf(prototype) as object;
  return Object.getPrototypeOf(base) === null ? [] : [prototype, ...ownersIn(base)];
}

function isReplaced(before: PropertyDescriptor = {}, now: PropertyDescriptor = {}): boolean {
  if (before.get !== now.get || before.set !== now.set) return true;
  return before.value !== now.value && [before.value, now.value].some((value) => typeof value === "function");
}
