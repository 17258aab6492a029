import { types } from "node:util";
import v8 from "node:v8";

/**
 * What a program can see of a value, as text: an oracle of its own for what a digest and a copy must keep. It goes by
 * `Reflect` alone, and leaves out what is said not to count: an error's stack, and where a view lies in its memory.
 *
 * @param met the objects that it has come to: which references lead to one object can be seen.
 */
export function describeValue(value: unknown, met = new Map<object, number>()): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  const before = met.get(value);
  if (before !== undefined) return `#${before}`;
  met.set(value, met.size);
  const inner = (v: unknown) => describeValue(v, met);
  const parts = [kindAndInside(value, inner)];
  if (Array.isArray(value) && !Object.getOwnPropertyDescriptor(value, "length")!.writable) parts.push("of one length");
  if (!Object.isExtensible(value)) {
    parts.push(Object.isFrozen(value) ? "frozen" : Object.isSealed(value) ? "sealed" : "not extensible");
  }
  const own = Reflect.ownKeys(value).filter((key) => !isSaid(value, key));
  for (const key of own) {
    const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(value, key)!;
    const attributes = [
      enumerable ? "" : "hidden ",
      // Of a sealed or frozen object no property has these, and an accessor comes as the value that it gives.
      writable !== false || Object.isFrozen(value) ? "" : "fixed ",
      configurable || Object.isSealed(value) ? "" : "lasting ",
    ];
    parts.push(`${attributes.join("")}${JSON.stringify(key)}: ${inner(Reflect.get(value, key))}`);
  }
  return `{${parts.join(", ")}}`;
}

/** What the text of the kind says already. */
function isSaid(value: object, key: string | symbol): boolean {
  if (typeof key === "symbol") return true;
  if (ArrayBuffer.isView(value)) return /^\d+$/.test(key);
  if (types.isStringObject(value)) return key === "length" || Number(key) < String.prototype.valueOf.call(value).length;
  if (Array.isArray(value)) return key === "length";
  if (value instanceof RegExp) return key === "lastIndex";
  return (types.isNativeError(value) || value instanceof Error) && key === "stack";
}

function kindAndInside(value: object, inner: (value: unknown) => string): string {
  const name = (Object.getPrototypeOf(value) as object | null)?.constructor.name ?? "no prototype";
  if (types.isMap(value)) {
    const entries: string[] = [];
    Map.prototype.forEach.call(value, (v, k) => entries.push(`${inner(k)} => ${inner(v)}`));
    return `${name} ${entries.join("; ")}`;
  }
  if (types.isSet(value)) {
    const items: string[] = [];
    Set.prototype.forEach.call(value, (item) => items.push(inner(item)));
    return `${name} ${items.join("; ")}`;
  }
  if (types.isDate(value)) return `${name} ${Date.prototype.getTime.call(value)}`;
  if (types.isRegExp(value)) return `${name} ${new RegExp(value)} ${inner(value.lastIndex)}`;
  if (ArrayBuffer.isView(value)) return `${name} ${inspectBytes(value)}`;
  // V8's serialiser goes by what is inside.
  if (types.isArrayBuffer(value)) return `${name} ${v8.serialize(value).toString("hex")}`;
  if (types.isBoxedPrimitive(value)) return `${name} ${v8.serialize(value).toString("hex")}`;
  if (types.isNativeError(value) || value instanceof Error)
    return `${name} ${inner(value.name)} ${inner(value.message)}`;
  if (Array.isArray(value)) return `${name} of ${value.length}`;
  return name;
}

/** The type and the bytes of a view, by the getters of the language itself. */
function inspectBytes(view: object): string {
  const prototype = types.isDataView(view)
    ? DataView.prototype
    : (Object.getPrototypeOf(Uint8Array.prototype) as object);
  const told = (name: string | symbol) =>
    Object.getOwnPropertyDescriptor(prototype, name)?.get?.call(view) as ArrayBuffer & number & string;
  const bytes = Buffer.from(told("buffer"), told("byteOffset"), told("byteLength"));
  return `${types.isDataView(view) ? "DataView" : told(Symbol.toStringTag)} ${bytes.toString("hex")}`;
}
