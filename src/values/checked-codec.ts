import { showDocsUrls } from "../errors.js";
import { checkNoMore, checkOptions, isFlag, type RulesOf, that, wholeFrom } from "../util/options.js";
import { decode as decodeBytes, encode as encodeValue } from "./codec.js";
import type { DecodeOptions, EncodeOptions } from "./codec-options.js";

const SALT = that("a text", (value) => typeof value === "string");
const MEMORY = that("a list of SharedArrayBuffers", Array.isArray);

const ENCODE_RULES: RulesOf<EncodeOptions> = {
  shared: isFlag,
  unchecked: isFlag,
  salt: SALT,
  memory: MEMORY,
  levelsAround: wholeFrom(0),
};

const DECODE_RULES: RulesOf<DecodeOptions> = {
  viewsFrom: that("bytes from 0", (value) => typeof value === "number" && value >= 0),
  salt: SALT,
  memory: MEMORY,
};

/**
 * Serializes a value to bytes, which any process can decode. The value is not changed.
 *
 * @param value any value that can be serialized, see docs/values.md.
 * @param options see {@link EncodeOptions}.
 * @returns the bytes.
 * @throws {ValueError} `UNSERIALISABLE`, with the path to a part that can't be serialized.
 * @throws {HypernodesError} `UNKNOWN_OPTION`, `BAD_OPTION`.
 *
 * @example
 * ```ts
 * const bytes = encode(new Map([["shalom", new Date(0)]]));
 * ```
 */
export function encode(value: unknown, options?: EncodeOptions): Uint8Array;
export function encode(value: unknown, options?: EncodeOptions, ...more: unknown[]): Uint8Array {
  checkNoMore("encode(value, options)", more);
  checkOptions("encode(value, options)", options, ENCODE_RULES);
  return withDocsUrl(() => encodeValue(value, options));
}

/**
 * Deserializes bytes. It only reads data and never runs code from the bytes.
 *
 * @param bytes the bytes that `encode` returned.
 * @param options see {@link DecodeOptions}.
 * @returns the value.
 * @throws {ValueError} `BAD_BYTES` if they are damaged, truncated, foreign, or of a newer version; or if they name a
 * class that is not known in this process. `UNREADABLE` with the path, if a class's `fromJSON` throws. `UNSERIALISABLE`
 * if the value is nested too deeply for the rest of the stack.
 * @throws {HypernodesError} `UNKNOWN_OPTION`, `BAD_OPTION`.
 *
 * @example
 * ```ts
 * decode(encode(new Map([["shalom", 1]])));   // Map(1) { "shalom" => 1 }
 * ```
 */
export function decode(bytes: Uint8Array, options?: DecodeOptions): unknown;
export function decode(bytes: Uint8Array, options?: DecodeOptions, ...more: unknown[]): unknown {
  checkNoMore("decode(bytes, options)", more);
  checkOptions("decode(bytes, options)", options, DECODE_RULES);
  return withDocsUrl(() => decodeBytes(bytes, options));
}

/** Calls a function whose errors end the caller's program, and adds the address of their documentation. */
function withDocsUrl<R>(call: () => R): R {
  try {
    return call();
  } catch (error) {
    showDocsUrls(error);
    throw error;
  }
}
