import { sha256Binary } from "../util/sha256.js";
import { isLatin1, SHORT_TEXT, writeShortLatin1 } from "./latin1.js";

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

/** Length of `TAG.hash` and a SHA-256. */
export const HASH_LENGTH = 33;
/** Minimum length of a Latin-1 text that is hashed instead of copied. */
const LONG = 4096;

interface Memory {
  readonly bytes: Buffer;
  /** A view of the same bytes: a DataView writes numbers ten times as fast as a Buffer. */
  readonly numbers: DataView;
}

/** Most values are small, so their bytes are written to reused memory. */
let scratch: Memory | undefined;
const LARGEST_SCRATCH = 2 ** 20;

/** A growing buffer. */
export class ByteWriter {
  bytes: Buffer;
  length = 0;
  private numbers: DataView;
  private memory: Memory;

  constructor() {
    this.memory = scratch ?? allocate(2 ** 16);
    ({ bytes: this.bytes, numbers: this.numbers } = this.memory);
    scratch = undefined;
  }

  /** Releases the memory. Its bytes must not be read any more. */
  release(): void {
    if (this.bytes.length <= LARGEST_SCRATCH) scratch = this.memory;
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

  /** @returns false if it is not a primitive value that has a form. */
  primitive(value: unknown): boolean {
    if (typeof value === "string") this.string(value);
    else if (typeof value === "number") this.number(value);
    else if (typeof value === "boolean") this.tag(value ? TAG.true : TAG.false);
    else if (value === undefined) this.tag(TAG.undefined);
    else if (value === null) this.tag(TAG.null);
    else if (typeof value === "bigint") {
      this.tag(TAG.bigint);
      this.string(value.toString());
    } else return false;
    return true;
  }

  /** Writes Latin-1 if that has all of the characters, else UTF-16: UTF-8 can't encode half a surrogate pair. */
  string(value: string): void {
    if (value.length <= SHORT_TEXT && this.short(value)) return;
    const isLatin = isLatin1(value);
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

  /** @returns whether Latin-1 has all characters. */
  private short(value: string): boolean {
    const { length: size } = value;
    this.reserve(size + 5);
    if (!writeShortLatin1(value, this.bytes, this.length + 5)) return false;
    this.bytes[this.length] = TAG.latin1;
    this.numbers.setUint32(this.length + 1, size, true);
    this.length += size + 5;
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
    const larger = allocate(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger.bytes, 0, 0, this.length);
    this.memory = larger;
    ({ bytes: this.bytes, numbers: this.numbers } = larger);
  }
}

function allocate(size: number): Memory {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, numbers: new DataView(bytes.buffer) };
}
