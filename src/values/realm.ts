import { types } from "node:util";
import { onDemand } from "../util/on-demand.js";

const v8 = onDemand<typeof import("node:v8")>("node:v8");

/**
 * Where the code of a program runs in a realm of its own, as under jest and in vitest's vm pools, V8 reads values into the
 * process's first one: they would be no `instanceof Map`. For each of that realm's prototypes, the one here; empty where
 * there is one realm only.
 */
let here: ReadonlyMap<object, object> | undefined;

function pairs(): Map<object, object> {
  const found = new Map<object, object>();
  const samples = [{}, [], new Map(), new Set(), new Date(0), /x/, Object(0), Object(""), Object(true), Object(0n)];
  const errors = [Error, RangeError, TypeError, ReferenceError, SyntaxError, EvalError, URIError];
  const all = [...samples, new ArrayBuffer(0), ...errors.map((type) => new type(""))] as object[];
  for (const sample of all) {
    const own = Object.getPrototypeOf(sample) as object;
    const read = Object.getPrototypeOf(v8().deserialize(v8().serialize(sample))) as object;
    if (own !== read) found.set(read, own);
  }
  return found;
}

/** A value that V8 has read, as one of the realm that this code runs in: its objects get that realm's prototypes. */
export function inThisRealm<V>(root: V): V {
  here ??= pairs();
  if (here.size === 0) return root;
  const seen = new Set<object>();
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    const prototype = here.get(Object.getPrototypeOf(value) as object);
    if (prototype !== undefined) Object.setPrototypeOf(value, prototype);
    if (ArrayBuffer.isView(value)) continue;
    if (types.isMap(value)) for (const entry of Map.prototype.entries.call(value)) pending.push(...entry);
    else if (types.isSet(value)) for (const element of Set.prototype.values.call(value)) pending.push(element);
    for (const key of Reflect.ownKeys(value)) pending.push((value as Record<PropertyKey, unknown>)[key]);
  }
  return root;
}
