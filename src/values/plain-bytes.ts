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

/**
 * Small plain values, and lists of numbers, in V8's format, without V8: creating its serializer takes longer than writing
 * them, and V8 reads a list of numbers more slowly. Whatever else a value has is left to V8.
 */

/** The format that is written; each later version of V8 reads it. */
const FORMAT_VERSION = 15;

/** Maximum number of bytes. In larger values, V8 is as fast. */
const LIMIT = 16_384;
/** Maximum number of elements of a list that is not of numbers: a longer one is probably beyond the limit. */
const MAX_ITEMS = 64;
const MAX_DEPTH = 50;
/** Maximum number of bytes of a tag and a length. */
const TAG_AND_LENGTH = 6;

/** Thrown for what V8 has to write or read. */
const NOT_PLAIN = Symbol("not plain");

/**
 * Writes a plain value: a primitive value, or objects and lists of them.
 *
 * @param room number of zero bytes before it.
 * @returns undefined if V8 has to write it.
 */
export function plainBytes(value: unknown, room: number): Uint8Array | undefined {
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
  } catch {
    // If a getter threw, the walk that reports the path calls it once more.
    return undefined;
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
function isPlainName(name: string): boolean {
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

/**
 * Reads what `plainBytes` has written.
 *
 * @returns undefined for all other bytes: V8 reads them.
 */
export function readPlain(bytes: Uint8Array, start: number, end: number): { readonly value: unknown } | undefined {
  const at = start + 2;
  if (bytes[start] !== VERSION || bytes[start + 1] !== FORMAT_VERSION) return undefined;
  const tag = bytes[at]!;
  try {
    const numbers = tag === DENSE_ARRAY ? readNumbers(bytes, at + 1, end) : undefined;
    if (numbers !== undefined) return { value: numbers };
    if (end - at > LIMIT || BEGINS_PLAIN[tag] !== 1) return undefined;
    const reader = new SmallReader(bytes, at, end);
    const value = reader.value();
    return reader.at === end ? { value } : undefined;
  } catch {
    return undefined;
  }
}

/** The tags with which a plain value begins. */
const BEGINS_PLAIN = new Uint8Array(256);
for (const tag of [OBJECT, DENSE_ARRAY, LATIN1, UTF16, PADDING, DOUBLE, INTEGER, TRUE, FALSE, NULL, UNDEFINED]) {
  BEGINS_PLAIN[tag] = 1;
}

function readNumbers(bytes: Uint8Array, start: number, end: number): number[] | undefined {
  const reader = new SmallReader(bytes, start, end);
  const length = reader.varint();
  const numbers = numbersOf(bytes);
  const list: number[] = [];
  let { at } = reader;
  for (let i = 0; i < length; i++) {
    const tag = bytes[at];
    if (tag === DOUBLE) {
      list.push(numbers.getFloat64(at + 1, true));
      at += 9;
    } else if (tag === INTEGER) {
      reader.at = at + 1;
      list.push(reader.integer());
      ({ at } = reader);
    } else return undefined;
  }
  reader.at = at;
  reader.endItems(length);
  return reader.at === end ? list : undefined;
}

function numbersOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

const { latin1Slice, ucs2Slice } = Buffer.prototype;

class SmallReader {
  private depth = 0;
  private numbers: DataView | undefined;

  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
    private readonly end: number,
  ) {}

  value(): unknown {
    const { bytes } = this;
    switch (bytes[this.at++]) {
      case LATIN1:
        return this.latin1();
      case PADDING:
        if (bytes[this.at++] !== UTF16) throw NOT_PLAIN;
        return this.utf16();
      case UTF16:
        return this.utf16();
      case DOUBLE: {
        this.numbers ??= numbersOf(bytes);
        this.at += 8;
        return this.numbers.getFloat64(this.at - 8, true);
      }
      case INTEGER:
        return this.integer();
      case OBJECT:
        return this.record();
      case DENSE_ARRAY:
        return this.items();
      case TRUE:
        return true;
      case FALSE:
        return false;
      case NULL:
        return null;
      case UNDEFINED:
        return undefined;
      default:
        throw NOT_PLAIN;
    }
  }

  private record(): object {
    this.enter();
    const record: Record<string, unknown> = {};
    let count = 0;
    for (; this.bytes[this.at] !== END_OBJECT; count++) {
      const name = this.value();
      if (typeof name !== "string" || !isPlainName(name)) throw NOT_PLAIN;
      record[name] = this.value();
    }
    this.at++;
    if (this.varint() !== count) throw NOT_PLAIN;
    this.depth--;
    return record;
  }

  private items(): unknown[] {
    this.enter();
    const items: unknown[] = [];
    const length = this.varint();
    for (let i = 0; i < length; i++) items.push(this.value());
    this.endItems(length);
    this.depth--;
    return items;
  }

  endItems(length: number): void {
    if (this.bytes[this.at++] !== END_DENSE_ARRAY || this.varint() !== 0 || this.varint() !== length) throw NOT_PLAIN;
  }

  private enter(): void {
    if (this.depth++ === MAX_DEPTH) throw NOT_PLAIN;
  }

  private latin1(): string {
    const size = this.varint();
    const from = this.at;
    this.at += size;
    if (this.at > this.end) throw NOT_PLAIN;
    return size <= SHORT_TEXT ? shortText(this.bytes, from, this.at) : latin1Slice.call(this.bytes, from, this.at);
  }

  private utf16(): string {
    const size = this.varint();
    const from = this.at;
    this.at += size;
    if (this.at > this.end || size % 2 === 1) throw NOT_PLAIN;
    return ucs2Slice.call(this.bytes, from, this.at);
  }

  integer(): number {
    const value = this.varint();
    return (value >>> 1) ^ -(value & 1);
  }

  varint(): number {
    const { bytes } = this;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[this.at++];
      if (byte === undefined) break;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw NOT_PLAIN;
  }
}

function shortText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
