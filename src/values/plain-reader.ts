import { FORMAT_VERSION, isPlainName, LIMIT, MAX_DEPTH, NOT_PLAIN } from "./plain-writer.js";
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

/** Maximum length of a text that is put together from its characters. V8 would make a tree of longer ones. */
const SHORT_TEXT = 12;

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
    // There are fewer if a name occurs twice, which V8 refuses, or if the program has put a setter on Object's prototype.
    if (this.varint() !== count || Object.keys(record).length !== count) throw NOT_PLAIN;
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
