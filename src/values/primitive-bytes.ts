import { DOUBLE, FALSE, LATIN1, NULL, TRUE, UNDEFINED, VERSION } from "./v8-tags.js";

/**
 * Numbers, booleans, null, undefined and short texts in V8's format, without V8: creating a serializer takes ten times as
 * long, and much that is cached is no more than that.
 */

/** The format that is written; each later version of V8 reads it. */
const FORMAT_VERSION = 15;

/** Maximum length of a text: longer ones are written character by character more slowly. */
const SHORT = 64;

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

/**
 * Writes a primitive value.
 *
 * @param room number of zero bytes before it.
 * @returns undefined if it is none of these.
 */
export function primitiveBytes(value: unknown, room: number): Uint8Array | undefined {
  switch (typeof value) {
    case "number": {
      const bytes = tagged(room, DOUBLE, 8);
      double[0] = value;
      bytes.set(doubleBytes, room + 3);
      return bytes;
    }
    case "string":
      return value.length > SHORT ? undefined : textBytes(value, room);
    case "boolean":
      return tagged(room, value ? TRUE : FALSE, 0);
    case "undefined":
      return tagged(room, UNDEFINED, 0);
    default:
      return value === null ? tagged(room, NULL, 0) : undefined;
  }
}

function tagged(room: number, tag: number, length: number): Uint8Array {
  const bytes = new Uint8Array(room + 3 + length);
  bytes[room] = VERSION;
  bytes[room + 1] = FORMAT_VERSION;
  bytes[room + 2] = tag;
  return bytes;
}

function textBytes(text: string, room: number): Uint8Array | undefined {
  const bytes = tagged(room, LATIN1, 1 + text.length);
  bytes[room + 3] = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) return undefined;
    bytes[room + 4 + i] = code;
  }
  return bytes;
}

/**
 * Reads what `primitiveBytes` has written.
 *
 * @returns undefined for all other bytes.
 */
export function readPrimitive(bytes: Uint8Array, start: number, end: number): { readonly value: unknown } | undefined {
  const length = end - start - 3;
  if (length < 0 || length > SHORT + 1 || bytes[start] !== VERSION || bytes[start + 1] !== FORMAT_VERSION)
    return undefined;
  const tag = bytes[start + 2];
  if (tag === LATIN1 && length > 0 && bytes[start + 3] === length - 1) {
    return { value: String.fromCharCode(...bytes.subarray(start + 4, end)) };
  }
  if (tag === DOUBLE && length === 8) {
    doubleBytes.set(bytes.subarray(start + 3, end));
    return { value: double[0] };
  }
  return length === 0 ? CONSTANTS.get(tag!) : undefined;
}

const CONSTANTS = new Map<number, { readonly value: unknown }>([
  [UNDEFINED, { value: undefined }],
  [NULL, { value: null }],
  [TRUE, { value: true }],
  [FALSE, { value: false }],
]);
