import { types } from "node:util";

/**
 * What a program can see of a value, as text: an oracle of its own for what a digest and a copy must keep. It goes by
 * `Reflect` alone, and leaves out what is said not to count: identity, an error's stack, and where a view lies in its
 * memory.
 */
export function describeValue(value: unknown, around: readonly object[] = []): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  if (around.includes(value)) return `^${around.length - around.indexOf(value)}`;
  const inner = (v: unknown) => describeValue(v, [...around, value]);
  const parts = [kindAndInside(value, inner)];
  if (!Object.isExtensible(value)) {
    parts.push(Object.isFrozen(value) ? "frozen" : Object.isSealed(value) ? "sealed" : "not extensible");
  }
  const own = Reflect.ownKeys(value).filter((key) => !isSaid(value, key));
  // A property's order counts among those that a program goes through.
  const shown = own.filter((key) => Object.getOwnPropertyDescriptor(value, key)!.enumerable);
  const hidden = own.filter((key) => !shown.includes(key)).sort();
  for (const key of shown) parts.push(`${JSON.stringify(key)}: ${inner(Reflect.get(value, key))}`);
  for (const key of hidden) parts.push(`hidden ${JSON.stringify(key)}: ${inner(Reflect.get(value, key))}`);
  return `{${parts.join(", ")}}`;
}

/** What the text of the kind says already. */
function isSaid(value: object, key: string | symbol): boolean {
  if (typeof key === "symbol") return true;
  if (ArrayBuffer.isView(value) || value instanceof String) return key === "length" || /^\d+$/.test(key);
  if (Array.isArray(value)) return key === "length";
  if (value instanceof RegExp) return key === "lastIndex";
  return value instanceof Error && key === "stack";
}

function kindAndInside(value: object, inner: (value: unknown) => string): string {
  const name = (Object.getPrototypeOf(value) as object | null)?.constructor.name ?? "no prototype";
  if (types.isMap(value)) {
    const entries: string[] = [];
    Map.prototype.forEach.call(value, (v, k) => entries.push(`${inner(k)} => ${inner(v)}`));
    return `${name} ${entries.join("; ")}`;
  }
  if (types.isSet(value)) return `${name} ${[...value].map(inner).join("; ")}`;
  if (types.isDate(value)) return `${name} ${value.getTime()}`;
  if (types.isRegExp(value)) return `${name} ${value.source} ${value.flags} ${value.lastIndex}`;
  if (ArrayBuffer.isView(value)) return `${name} ${bytes(value.buffer, value.byteOffset, value.byteLength)}`;
  if (types.isArrayBuffer(value)) return `${name} ${bytes(value, 0, value.byteLength)}`;
  if (types.isBoxedPrimitive(value)) return `${name} ${inner(value.valueOf())}`;
  if (value instanceof Error) return `${name} ${inner(value.name)} ${inner(value.message)}`;
  if (Array.isArray(value)) return `${name} of ${value.length}`;
  return name;
}

function bytes(buffer: ArrayBufferLike, offset: number, length: number): string {
  return Buffer.from(buffer as ArrayBuffer, offset, length).toString("hex");
}
