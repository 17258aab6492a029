import { onDemand } from "../util/on-demand.js";

const crypto = onDemand<typeof import("node:crypto")>("node:crypto");

/**
 * One byte before each value, and after it how much of it follows: so no value's form begins like that of another one.
 * `1`, `"1"`, `true`, `[1]` and a like object never share a digest.
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
/** From this length on a text in Latin-1 is hashed where it is. */
const LONG = 4096;
/** Up to this length a text is written character by character. */
const SHORT = 24;
/** Most values are small: their bytes are written where those of the one before were. */
let scratch: Buffer | undefined;
const LARGEST_SCRATCH = 2 ** 20;

/** Bytes that grow. */
export class ByteWriter {
  bytes: Buffer;
  length = 0;
  /** The same bytes: a DataView writes numbers ten times as fast as a Buffer. */
  private numbers: DataView;

  constructor() {
    this.bytes = scratch ?? Buffer.allocUnsafeSlow(2 ** 16);
    this.numbers = numbersOf(this.bytes);
    scratch = undefined;
  }

  /** Its bytes will not be read any more. */
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

  /** In Latin-1 where that has all of its characters, else in UTF-16: UTF-8 has no place for half a surrogate pair. */
  string(value: string): void {
    if (value.length <= SHORT && this.short(value)) return;
    const isLatin = !BEYOND_LATIN.test(value);
    if (isLatin && value.length >= LONG) {
      this.tag(TAG.longLatin1);
      this.append32(crypto().hash("sha256", value, "binary"));
      return;
    }
    const size = isLatin ? value.length : value.length * 2;
    this.reserve(size + 5);
    this.bytes[this.length++] = isLatin ? TAG.latin1 : TAG.utf16;
    this.length = this.bytes.writeUInt32LE(size, this.length);
    this.length += this.bytes.write(value, this.length, size, isLatin ? "latin1" : "utf16le");
  }

  /** For a few characters a call costs more than they do. @returns whether Latin-1 has them all. */
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

  /** An object that was written before, as the `distance`th last of those before it. */
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

export function hexOf(bytes: Uint8Array): string {
  return crypto().hash("sha256", bytes, "hex");
}

/** SHA-256, a character a byte: Node gives a string twice as fast as a Buffer. */
export function hashOf(bytes: Uint8Array): string {
  return crypto().hash("sha256", bytes, "binary");
}
