import { sha256Binary } from "../util/sha256.js";

/**
 * One byte precedes each value, and its length follows, so no form is a prefix of another one: `1`, `"1"`, `true`,
 * `[1]` and a similar object never share a digest.
 */
export const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  bigint: 5,
  utf16: 6,
  latin1: 7,
  longLatin1: 8,
  array: 9,
  sparse: 10,
  record: 11,
  map: 12,
  set: 13,
  date: 14,
  regexp: 15,
  error: 16,
  view: 17,
  buffer: 18,
  boxed: 19,
  instance: 20,
  keyed: 21,
  hooked: 22,
  noPrototype: 23,
  integrity: 24,
  hidden: 25,
  hash: 26,
  back: 27,
  later: 28,
} as const;

const BEYOND_LATIN = /[\u0100-\uffff]/;
/** Minimum length of a Latin-1 text that is hashed instead of copied. */
const LONG = 4096;
/** Maximum length of a text that is written character by character. */
const SHORT = 24;
/** Most values are small, so their bytes are written to a reused buffer. */
let scratch: Buffer | undefined;
const LARGEST_SCRATCH = 2 ** 20;

/** A growing buffer. */
export class ByteWriter {
  bytes: Buffer;
  length = 0;
  /** A view of the same bytes: a DataView writes numbers ten times as fast as a Buffer. */
  private numbers: DataView;

  constructor() {
    this.bytes = scratch ?? Buffer.allocUnsafeSlow(2 ** 16);
    this.numbers = numbersOf(this.bytes);
    scratch = undefined;
  }

  /** Releases the buffer. Its bytes must not be read any more. */
  release(): void {
    if (this.bytes.length <= LARGEST_SCRATCH) scratch = this.bytes;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.byteLength);
    this.bytes.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  private append32(hash: string): void {
    this.reserve(32);
    this.length += this.bytes.write(hash, this.length, 32, "latin1");
  }

  tag(tag: number): void {
    this.reserve(1);
    this.bytes[this.length++] = tag;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.numbers.setUint32(this.length, value, true);
    this.length += 4;
  }

  number(value: number): void {
    this.reserve(9);
    this.bytes[this.length++] = TAG.number;
    this.numbers.setFloat64(this.length, Number.isNaN(value) ? Number.NaN : value, true);
    this.length += 8;
  }

  /** Writes Latin-1 if that has all of the characters, else UTF-16: UTF-8 can't encode half a surrogate pair. */
  string(value: string): void {
    if (value.length <= SHORT && this.short(value)) return;
    const isLatin = !BEYOND_LATIN.test(value);
    if (isLatin && value.length >= LONG) {
      this.tag(TAG.longLatin1);
      this.append32(sha256Binary(value));
      return;
    }
    const size = isLatin ? value.length : value.length * 2;
    this.reserve(size + 5);
    this.bytes[this.length++] = isLatin ? TAG.latin1 : TAG.utf16;
    this.length = this.bytes.writeUInt32LE(size, this.length);
    this.length += this.bytes.write(value, this.length, size, isLatin ? "latin1" : "utf16le");
  }

  /**
   * Writes a few characters, which is faster than a call of Buffer.
   *
   * @returns whether Latin-1 has them all.
   */
  private short(value: string): boolean {
    const { length: size } = value;
    this.reserve(size + 5);
    const { bytes } = this;
    const start = this.length + 5;
    for (let i = 0; i < size; i++) {
      const code = value.charCodeAt(i);
      if (code > 255) return false;
      bytes[start + i] = code;
    }
    bytes[this.length] = TAG.latin1;
    this.numbers.setUint32(this.length + 1, size, true);
    this.length = start + size;
    return true;
  }

  hash(hash: string): void {
    this.tag(TAG.hash);
    this.append32(hash);
  }

  /** Writes a back reference to the object that was written `distance` objects ago. */
  back(distance: number): void {
    this.tag(TAG.back);
    this.uint32(distance);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
    this.numbers = numbersOf(larger);
  }
}

function numbersOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
