import { types } from "node:util";
import { isLatin1, SHORT_TEXT, writeShortLatin1 } from "./latin1.js";
import { isOrdinary } from "./object-kinds.js";
import { plainItems, plainNames } from "./own-properties.js";
import {
  DENSE_ARRAY,
  DOUBLE,
  END_DENSE_ARRAY,
  END_OBJECT,
  FALSE,
  INTEGER,
  LATIN1,
  NULL,
  OBJECT,
  PADDING,
  TRUE,
  UNDEFINED,
  UTF16,
  VERSION,
} from "./v8-tags.js";

/*
 * Small plain values, and lists of numbers, in V8's format, without V8: creating its serializer takes longer than writing
 * them, and V8 reads a list of numbers more slowly. Whatever else a value has is left to V8. `plain-reader.ts` reads them.
 */

/** The format that is written; each later version of V8 reads it. */
export const FORMAT_VERSION = 15;

/** Maximum number of bytes. In larger values, V8 is as fast. */
export const LIMIT = 16_384;
/** Maximum number of elements of a list that is not of numbers: a longer one is probably beyond the limit. */
const MAX_ITEMS = 64;
export const MAX_DEPTH = 50;
/** Maximum number of bytes of a tag and a length. */
const TAG_AND_LENGTH = 6;

/** Thrown for what V8 has to write or read. */
export const NOT_PLAIN = Symbol("not plain");

/**
 * Writes a plain value: a primitive value, or objects and lists of them.
 *
 * @param room number of zero bytes before it.
 * @returns undefined if V8 has to write it.
 */
export function plainBytes(value: unknown, room: number): Uint8Array | undefined {
  try {
    return written(value, room);
  } catch {
    // If a getter threw, the walk that reports the path calls it once more.
    return undefined;
  }
}

function written(value: unknown, room: number): Uint8Array | undefined {
  if (typeof value === "object" && value !== null) {
    // Any operation on a proxy would run its code.
    if (types.isProxy(value)) return undefined;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Array.prototype && Array.isArray(value)) {
      const numbers = typeof value[0] === "number" ? numbersBytes(value, room) : undefined;
      if (numbers !== undefined || value.length > MAX_ITEMS) return numbers;
    } else if (prototype !== Object.prototype) return undefined;
  }
  const writer = idle ?? new SmallWriter();
  idle = undefined;
  try {
    return writer.write(value, room);
  } finally {
    writer.forget();
    idle = writer;
  }
}

/** Getters in a value may write another one. */
let idle: SmallWriter | undefined;

class SmallWriter {
  private readonly bytes = Buffer.alloc(LIMIT);
  private readonly numbers = new DataView(this.bytes.buffer, this.bytes.byteOffset);
  private length = 0;
  private depth = 0;
  private first: object | undefined;
  /** The objects that were written, if there are several. */
  private known: Set<object> | undefined;

  write(value: unknown, room: number): Uint8Array {
    this.depth = 0;
    this.length = writeVersion(this.bytes, room);
    this.value(value);
    const { bytes, length } = this;
    const written = new Uint8Array(length);
    // A call takes as long as some dozens of bytes.
    if (length > 64) written.set(bytes.subarray(room, length), room);
    else for (let i = room; i < length; i++) written[i] = bytes[i]!;
    return written;
  }

  /** Holds nothing of the value any more. */
  forget(): void {
    this.first = undefined;
    this.known = undefined;
  }

  private value(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.text(value);
        break;
      case "number":
        this.reserve(TAG_AND_LENGTH + 3);
        this.length = writeNumber(value, this.bytes, this.numbers, this.length);
        break;
      case "boolean":
        this.tag(value ? TRUE : FALSE);
        break;
      case "undefined":
        this.tag(UNDEFINED);
        break;
      case "object":
        if (value === null) this.tag(NULL);
        else this.object(value);
        break;
      default:
        throw NOT_PLAIN;
    }
  }

  private object(value: object): void {
    if (types.isProxy(value) || this.depth === MAX_DEPTH || this.isKnown(value)) throw NOT_PLAIN;
    this.depth++;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) this.record(value);
    else if (prototype === Array.prototype && Array.isArray(value)) this.items(value);
    else throw NOT_PLAIN;
    this.depth--;
  }

  private isKnown(value: object): boolean {
    if (this.first === undefined) {
      this.first = value;
      return false;
    }
    this.known ??= new Set([this.first]);
    const { size } = this.known;
    return this.known.add(value).size === size;
  }

  private record(value: object): void {
    const names = plainNames(value);
    if (names === undefined || !isOrdinary(value, names)) throw NOT_PLAIN;
    this.tag(OBJECT);
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      if (!isPlainName(name)) throw NOT_PLAIN;
      this.text(name);
      this.value((value as Record<string, unknown>)[name]);
    }
    this.tag(END_OBJECT, names.length);
  }

  private items(value: unknown[]): void {
    const items = plainItems(value);
    if (items === undefined) throw NOT_PLAIN;
    this.tag(DENSE_ARRAY, items.length);
    for (let i = 0; i < items.length; i++) this.value(items[i]);
    this.tag(END_DENSE_ARRAY, 0);
    this.length = writeVarint(items.length, this.bytes, this.length);
  }

  private tag(tag: number, length?: number): void {
    this.reserve(2 * TAG_AND_LENGTH);
    this.bytes[this.length++] = tag;
    if (length !== undefined) this.length = writeVarint(length, this.bytes, this.length);
  }

  private text(text: string): void {
    this.reserve(2 * text.length + TAG_AND_LENGTH + 1);
    const { bytes } = this;
    if (text.length <= SHORT_TEXT && writeShortLatin1(text, bytes, this.length + 2)) {
      bytes[this.length] = LATIN1;
      bytes[this.length + 1] = text.length;
      this.length += text.length + 2;
    } else if (isLatin1(text)) {
      this.tag(LATIN1, text.length);
      this.length += bytes.write(text, this.length, "latin1");
    } else {
      const start = this.length;
      this.tag(UTF16, text.length * 2);
      if (this.length % 2 === 1) {
        this.length = start;
        this.tag(PADDING);
        this.tag(UTF16, text.length * 2);
      }
      this.length += bytes.write(text, this.length, "utf16le");
    }
  }

  private reserve(more: number): void {
    if (this.length + more > LIMIT) throw NOT_PLAIN;
  }
}

/** V8 writes the names of elements as numbers; a property of this name must not set the prototype. */
export function isPlainName(name: string): boolean {
  const code = name.charCodeAt(0);
  return !(code >= 48 && code <= 57) && name !== "__proto__";
}

function numbersBytes(list: readonly unknown[], room: number): Uint8Array | undefined {
  const items = plainItems(list);
  if (items === undefined) return undefined;
  const { length } = items;
  // The version, three tags, and the length twice with a zero between. A number takes up to 9 bytes.
  const bytes = new Uint8Array(room + 2 + 3 + 2 * varintSize(length) + 9 * length);
  const numbers = new DataView(bytes.buffer);
  let at = writeVersion(bytes, room);
  bytes[at++] = DENSE_ARRAY;
  at = writeVarint(length, bytes, at);
  for (let i = 0; i < length; i++) {
    const item = items[i];
    if (typeof item !== "number") return undefined;
    at = writeNumber(item, bytes, numbers, at);
  }
  bytes[at] = END_DENSE_ARRAY;
  at = writeVarint(length, bytes, at + 2);
  return at === bytes.length ? bytes : bytes.slice(0, at);
}

function writeVersion(bytes: Uint8Array, at: number): number {
  bytes[at] = VERSION;
  bytes[at + 1] = FORMAT_VERSION;
  return at + 2;
}

function writeNumber(value: number, bytes: Uint8Array, numbers: DataView, at: number): number {
  if (isInteger(value)) {
    bytes[at] = INTEGER;
    return writeVarint(zigzag(value), bytes, at + 1);
  }
  bytes[at] = DOUBLE;
  numbers.setFloat64(at + 1, value, true);
  return at + 9;
}

/** Tells if V8 writes a number as an integer: 32 bits, and not -0. */
function isInteger(value: number): boolean {
  return (value | 0) === value && (value !== 0 || 1 / value > 0);
}

function zigzag(integer: number): number {
  return ((integer << 1) ^ (integer >> 31)) >>> 0;
}

function writeVarint(value: number, bytes: Uint8Array, at: number): number {
  let next = at;
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes[next++] = (rest & 127) | 128;
  bytes[next] = rest;
  return next + 1;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest >>>= 7) size++;
  return size;
}
