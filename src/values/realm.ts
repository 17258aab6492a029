import { types } from "node:util";
import { onDemand } from "../util/on-demand.js";

const v8 = onDemand<typeof import("node:v8")>("node:v8");

/**
 * If a program runs in its own realm, as under jest and in vitest's vm pools, V8 deserializes values into the first
 * realm of the process, and they would not be `instanceof Map`. This maps each prototype of the first realm to the one
 * of this realm; empty if there is only one realm.
 */
let prototypeMap: ReadonlyMap<object, object> | undefined;

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

/** Converts a value that V8 has deserialized to this realm: its objects get the prototypes of this realm. */
export function inThisRealm<V>(root: V): V {
  prototypeMap ??= pairs();
  if (prototypeMap.size === 0) return root;
  const seen = new Set<object>();
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    const prototype = prototypeMap.get(Object.getPrototypeOf(value) as object);
    if (prototype !== undefined) Object.setPrototypeOf(value, prototype);
    if (ArrayBuffer.isView(value)) continue;
    if (types.isMap(value)) for (const entry of Map.prototype.entries.call(value)) pending.push(...entry);
    else if (types.isSet(value)) for (const element of Set.prototype.values.call(value)) pending.push(element);
    for (const key of Reflect.ownKeys(value)) pending.push((value as Record<PropertyKey, unknown>)[key]);
  }
  return root;
}
