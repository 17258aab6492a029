import { types } from "node:util";

/** What the language itself says of views: properties of their own may have the same names. */
const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getterOf = <R>(prototype: object, name: string | symbol) =>
  Object.getOwnPropertyDescriptor(prototype, name)!.get as (this: object) => R;
const typedName = getterOf<string | undefined>(TYPED_ARRAY, Symbol.toStringTag);
const typedLength = getterOf<number>(TYPED_ARRAY, "length");
const ofTyped = placesIn(TYPED_ARRAY);
const ofDataView = placesIn(DataView.prototype);

function placesIn(prototype: object) {
  return {
    buffer: getterOf<ArrayBufferLike>(prototype, "buffer"),
    offset: getterOf<number>(prototype, "byteOffset"),
    size: getterOf<number>(prototype, "byteLength"),
  };
}

/** The name of the language's typed array class that an object's elements are of, `Float32Array`; undefined for others. */
export function typedArrayType(value: object): string | undefined {
  return typedName.call(value);
}

/** The same for a view: `DataView`, if it is no typed array. */
export function viewType(view: object): string {
  return typedName.call(view) ?? "DataView";
}

/** In elements; 0 for a DataView. */
export function viewLength(view: object): number {
  return typedName.call(view) === undefined ? 0 : typedLength.call(view);
}

export function bufferOf(view: object): ArrayBufferLike {
  return placesOf(view).buffer.call(view);
}

/** The bytes that a view shows, where they are. */
export function bytesOf(view: object): Uint8Array {
  const { buffer, offset, size } = placesOf(view);
  return new Uint8Array(buffer.call(view) as ArrayBuffer, offset.call(view), size.call(view));
}

function placesOf(view: object) {
  return typedName.call(view) === undefined ? ofDataView : ofTyped;
}

/** Whether a buffer, or that of a view, was given away: then nobody can read it. */
export function isDetached(value: object): boolean {
  const buffer = types.isAnyArrayBuffer(value) ? value : bufferOf(value);
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer as ArrayBuffer);
    return false;
  } catch {
    return true;
  }
}
