import { ValueError } from "../errors.js";
import { onDemand } from "../util/on-demand.js";
import type { DecodeOptions, EncodeOptions } from "./codec-options.js";
import { type Dehydrated, dehydrate, type TypeTable } from "./dehydrate.js";
import { readPlain } from "./plain-reader.js";
import { plainBytes } from "./plain-writer.js";
import { inThisRealm } from "./realm.js";
import { rehydrate } from "./rehydrate.js";
import { countObjects } from "./scan.js";
import { faultOf, isInstance, isStackOverflow, valueError } from "./unserialisable.js";
import { alignOffset, v8Format } from "./v8-serializer.js";

const zlib = onDemand<typeof import("node:zlib")>("node:zlib");

/**
 * The header: four letters, the version of this format, flags, two zero bytes, the checksum, the length of the body.
 */
const MAGIC = 0x65_64_6f_6e; // "node"
const VERSION = 2;
const HEADER = 16;
const NO_HEADER = new Uint8Array(HEADER);
const HAS_TABLE = 1;
const CHECKED = 2;

/**
 * Serializes a value: class instances, Date, RegExp, Error, Map, Set, bigint, typed arrays, undefined, NaN, -0, sparse
 * arrays, shared and cyclic references. It is based on V8's own serializer, which is part of Node (docs/values.md).
 *
 * @throws {ValueError} `UNSERIALISABLE` with the path to a part that can't be serialized.
 */
export function encode(value: unknown, options: EncodeOptions = {}): Uint8Array {
  const serialized = serialize(value, options);
  const { parts, length } = chunksOf(serialized);
  let [bytes] = parts;
  if (options.shared || parts.length > 1) {
    bytes = new Uint8Array(options.shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
    let offset = 0;
    for (const part of parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
  }
  writeHeader([bytes!], serialized, options);
  return bytes!;
}

/** The bytes of a value, in consecutive chunks. */
export interface EncodedChunks {
  /** Total number of bytes. */
  readonly length: number;
  readonly parts: readonly Uint8Array[];
}

/**
 * Returns the bytes of `encode` in chunks, to be sent: the memory of large typed arrays is not copied, so it must not
 * be changed before.
 *
 * @throws {ValueError} as `encode` does.
 */
export function encodeChunks(value: unknown, options: EncodeOptions = {}): EncodedChunks {
  const serialized = serialize(value, options);
  const chunks = chunksOf(serialized);
  writeHeader(chunks.parts, serialized, options);
  return chunks;
}

function chunksOf({ start, views }: Serialized): EncodedChunks {
  const parts = [start];
  let { length } = start;
  for (const view of views) {
    const offset = alignOffset(length);
    // The checksum of empty bytes resets the running checksum to zero.
    if (offset > length) parts.push(new Uint8Array(offset - length));
    if (view.length > 0) parts.push(view);
    length = offset + view.length;
  }
  return { length, parts };
}

/** A value in the base format, and the typed arrays that follow it. */
interface Serialized {
  /** Room for the header, and the body. */
  readonly start: Uint8Array;
  readonly views: readonly Uint8Array[];
  readonly hasTable: boolean;
}

function serialize(value: unknown, options: EncodeOptions): Serialized {
  const start = plainBytes(value, HEADER);
  if (start !== undefined) return { start, views: [], hasTable: false };
  const walk = { levelsAround: options.levelsAround ?? 0 };
  try {
    return write(dehydrate(value, walk), options);
  } catch (error) {
    if (isInstance(error, ValueError)) throw error;
  }
  // The base format reads accessors a second time: these threw, or returned a different value.
  try {
    return write(dehydrate(value, walk, true), options);
  } catch (error) {
    if (isInstance(error, TypeError)) throw unserialisable(error);
    throw isStackOverflow(error) ? valueError(faultOf(error)) : error;
  }
}

function write(dismantled: Dehydrated, { memory }: EncodeOptions): Serialized {
  const writer = new (v8Format().Writer)(memory);
  writer.writeRawBytes(NO_HEADER);
  writer.writeHeader();
  writer.writeValue(rootOf(dismantled));
  const { buffer, byteOffset, byteLength } = writer.releaseBuffer();
  const start = new Uint8Array(buffer, byteOffset, byteLength);
  return { start, views: writer.views, hasTable: dismantled.table !== undefined };
}

/** An object that looks plain and is not, which only the base format detects. */
function unserialisable(cause: TypeError): ValueError {
  return new ValueError({
    code: "UNSERIALISABLE",
    where: "value",
    problem: `a part of it can't be serialized: ${cause.message}`,
    advice: "Give plain data, or build it in a @resource.",
    path: [],
    cause,
  });
}

function rootOf({ value, table }: Dehydrated): unknown {
  if (table === undefined) return value;
  const { classes, objects, properties, hidden, orders, count } = table;
  return [value, classes, Int32Array.from(objects), properties, hidden, orders, count];
}

/** @param parts all bytes; the first one has room for the header. */
function writeHeader(
  parts: readonly Uint8Array[],
  { start, hasTable }: Serialized,
  { unchecked = false, salt }: EncodeOptions,
): void {
  const header = parts[0]!;
  writeUint32(header, 0, MAGIC);
  header[4] = VERSION;
  header[5] = (hasTable ? HAS_TABLE : 0) | (unchecked ? 0 : CHECKED);
  writeUint32(header, 12, start.length - HEADER);
  if (!unchecked) writeUint32(header, 8, checksumOf(parts, salt));
}

/** Computes the checksum of everything but itself. */
function checksumOf([first, ...others]: readonly Uint8Array[], salt = ""): number {
  const { crc32 } = zlib();
  // The salt and the first bytes as one text: a call takes as long as a kilobyte.
  const start = `node${String.fromCharCode(first![4]!, first![5]!, first![6]!, first![7]!)}`;
  let sum = crc32(first!.subarray(12), crc32(salt + start));
  for (const part of others) sum = crc32(part, sum);
  return sum;
}

/**
 * Deserializes bytes. It only reads data and never runs code from the bytes.
 *
 * @throws {ValueError} `BAD_BYTES` if they are damaged, truncated, foreign, or of a newer version; or if they name a
 * class that is not known in this process. `UNREADABLE` with the path, if a class's `fromJSON` throws. `UNSERIALISABLE`
 * if the value is nested too deeply for the rest of the stack.
 */
export function decode(given: Uint8Array, options: DecodeOptions = {}): unknown {
  const header = headerOf(given, options.salt);
  if (!header.hasTable) {
    const plain = readPlain(given, HEADER, HEADER + header.bodyLength);
    if (plain !== undefined) return plain.value;
  }
  // A Buffer's slices are views; these must be copies.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  try {
    const objects = countObjects(bytes.subarray(HEADER, HEADER + header.bodyLength));
    const reader = new (v8Format().Reader)(bytes, HEADER, HEADER + header.bodyLength, options);
    reader.readHeader();
    const root = inThisRealm(reader.readValue());
    return header.hasTable ? rehydrated(root, objects) : root;
  } catch (error) {
    if (isInstance(error, ValueError)) throw error;
    if (isStackOverflow(error)) throw valueError(faultOf(error));
    throw badBytes(`they can't be decoded: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function headerOf(bytes: Uint8Array, salt: string | undefined): { bodyLength: number; hasTable: boolean } {
  if (bytes.length < HEADER) throw badBytes(`there are only ${bytes.length} of them`);
  if (uint32(bytes, 0) !== MAGIC) throw badBytes("they are not of this format");
  const version = bytes[4]!;
  if (version !== VERSION)
    throw badBytes(
      `they have version ${version} of the format, and this version of hypernodes reads version ${VERSION}`,
    );
  const flags = bytes[5]!;
  const bodyLength = uint32(bytes, 12);
  if (HEADER + bodyLength > bytes.length) throw badBytes("they are truncated");
  const isChecked = (flags & CHECKED) !== 0 || salt !== undefined;
  if (isChecked && uint32(bytes, 8) !== checksumOf([bytes], salt)) {
    throw badBytes("their checksum is wrong: they are damaged or truncated");
  }
  return { bodyLength, hasTable: (flags & HAS_TABLE) !== 0 };
}

/** Reads four bytes. Creating a DataView for them takes longer. */
function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function rehydrated(root: unknown, found: number): unknown {
  if (!Array.isArray(root) || root.length !== 7) throw new Error("their table is missing");
  const [value, classes, objects, properties, hidden, orders, count] = root as unknown[];
  const isTable =
    Array.isArray(classes) &&
    classes.every((name) => typeof name === "string") &&
    objects instanceof Int32Array &&
    properties instanceof Map &&
    hidden instanceof Map &&
    orders instanceof Map;
  if (!isTable) throw new Error("their table is not valid");
  // The table identifies objects by their order, so that a wrong count would confuse them.
  if (found !== (count as number) + TABLE_OBJECTS + properties.size + hidden.size) {
    throw new Error(
      "their number of objects is not that of their table: an accessor returned a different value each time",
    );
  }
  const table = { classes, objects: objects as unknown as number[], properties, hidden, orders, count };
  return rehydrate(value, table as TypeTable);
}

/** The root, and in it the names of classes, the objects' codes, and three Maps. */
const TABLE_OBJECTS = 6;

function badBytes(problem: string, cause?: unknown): ValueError {
  return new ValueError({
    code: "BAD_BYTES",
    where: "value",
    problem: `the bytes are not a serialized value: ${problem}`,
    path: [],
    cause,
  });
}
