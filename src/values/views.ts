import { types } from "node:util";

/** Built-in accessors of views: own properties may have the same names. */
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

/** Returns the name of the built-in typed array class of an object's elements, `Float32Array`; undefined for others. */
export function typedArrayType(value: object): string | undefined {
  return typedName.call(value);
}

/** Returns the same for a view: `DataView`, if it is not a typed array. */
export function viewType(view: object): string {
  return typedName.call(view) ?? "DataView";
}

/** Length in elements; 0 for a DataView. */
export function viewLength(view: object): number {
  return typedName.call(view) === undefined ? 0 : typedLength.call(view);
}

export function bufferOf(view: object): ArrayBufferLike {
  return placesOf(view).buffer.call(view);
}

/** Returns the bytes of a view, without copying them. */
export function bytesOf(view: object): Uint8Array {
  const { buffer, offset, size } = placesOf(view);
  return new Uint8Array(buffer.call(view) as ArrayBuffer, offset.call(view), size.call(view));
}

function placesOf(view: object) {
  return typedName.call(view) === undefined ? ofDataView : ofTyped;
}

/** Tells if a buffer, or that of a view, was transferred: then it can't be read. */
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
