import { DOUBLE, INTEGER, LATIN1, PADDING, UTF16, VERSION } from "./v8-tags.js";

/**
 * The payloads of tags in V8's wire format. Source: `src/objects/value-serializer.cc` of V8, format version 15. Tags
 * that the codec never writes are missing: bytes with them are rejected. Those of a double (8 bytes) and of an integer (a
 * varint) are read without the table.
 */
const NONE = 0;
const NOTHING = 1;
const EIGHT_BYTES = 2;
const VARINT = 3;
/** A length, and as many bytes. */
const BYTES = 4;
/** A bitfield whose upper bits are the length in bytes. */
const BIGINT = 5;
/** A length for which memory is allocated before the elements are read. */
const LENGTH = 6;
/** From here on another varint follows. */
const ONE_MORE = 7;
const TWO_VARINTS = 7;
const VIEW = 8;
const REGEXP = 9;

const PAYLOADS = new Uint8Array(256);
for (const [tags, payload] of [
  ["\0-_0TFoyx;'s", NOTHING],
  ["Dn", EIGHT_BYTES],
  ["U^{:,u", VARINT],
  ["@$", TWO_VARINTS],
  ['S"cB', BYTES],
  ["Zz", BIGINT],
  ["aA", LENGTH],
  ["\\", VIEW],
  ["R", REGEXP],
] as const) {
  for (const tag of tags) PAYLOADS[tag.charCodeAt(0)] = payload;
}
/** As in v8-serializer.ts: the view's memory is shared, and its index follows. */
const SHARED = 0x100;

/** The tags that begin an object. */
const IS_OBJECT = new Uint8Array(256);
for (const tag of "oaADyxnzsR;'Bu\\") IS_OBJECT[tag.charCodeAt(0)] = 1;

/**
 * Counts the objects in some bytes of V8's format, and checks that they have as many elements as they announce. V8
 * allocates the memory first, so a few bytes could announce any number of lists with millions of elements.
 *
 * @throws an Error with a sentence.
 */
export function countObjects(bytes: Uint8Array): number {
  const end = bytes.length;
  // The header: a tag and the format's version.
  let at = bytes[0] === VERSION ? 2 : 0;
  let announced = 0;
  let objects = 0;
  while (at < end) {
    const tag = bytes[at]!;
    // Most values are numbers and texts of up to 16 kB: they are read without a table.
    if (tag === DOUBLE) {
      // In a list of doubles, three at a time take half as long.
      while (bytes[at + 9] === DOUBLE && bytes[at + 18] === DOUBLE && bytes[at + 27] === DOUBLE) at += 27;
      at += 9;
      continue;
    }
    if (tag === INTEGER) {
      at += 2;
      while (bytes[at - 1]! > 127) at++;
      continue;
    }
    if (tag === UTF16 || tag === LATIN1) {
      const length = bytes[at + 1]!;
      if (length < 128) {
        at += length + 2;
        continue;
      }
      const high = bytes[at + 2]!;
      if (high < 128) {
        at += (length & 127) + high * 128 + 3;
        continue;
      }
    }
    // It is before half of the UTF-16 texts.
    if (tag === PADDING) {
      at++;
      continue;
    }
    at++;
    const payload = PAYLOADS[tag]!;
    objects += IS_OBJECT[tag]!;
    if (payload === NOTHING) continue;
    if (payload === EIGHT_BYTES) {
      at += 8;
      continue;
    }
    if (payload === VARINT) {
      while (bytes[at++]! > 127);
      continue;
    }
    if (payload === REGEXP) {
      // The pattern is a string with its own tag; its flags follow.
      while (bytes[at] === 0) at++;
      at++;
    }
    let value = bytes[at++]!;
    for (let factor = 128, more = value; more > 127 && at < end; factor *= 128) {
      more = bytes[at++]!;
      value += (more - 1) * factor;
    }
    if (payload === BYTES || payload === REGEXP) at += value;
    else if (payload === BIGINT) at += Math.floor(value / 2);
    else if (payload === VIEW && (value & SHARED) !== 0) at = afterVarint(bytes, at) + 8;
    else if (payload === LENGTH) {
      announced += value;
      if (announced > end) throw new Error("they announce more elements than they hold");
    } else if (payload === NONE) throw new Error(`there is no tag ${tag} in their format`);
    if (payload >= ONE_MORE) at = afterVarint(bytes, at);
  }
  return objects;
}

function afterVarint(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at++]! > 127);
  return at;
}
