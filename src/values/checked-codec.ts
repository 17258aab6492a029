import { checkOptions, isFlag, type RulesOf, that, wholeFrom } from "../util/options.js";
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
 * The bytes of a value, which any process decodes. The caller's value is not changed.
 *
 * @throws {ValueError} `UNSERIALISABLE`, with the path to what can't travel.
 * @throws {HypernodesError} `UNKNOWN_OPTION`, `BAD_OPTION`.
 */
export function encode(value: unknown, options?: EncodeOptions): Uint8Array {
  checkOptions("encode(value, options)", options, ENCODE_RULES);
  return encodeValue(value, options);
}

/**
 * The value that some bytes are. It decodes data only and never runs code of the bytes' own.
 *
 * @throws {ValueError} `BAD_BYTES` if they are damaged, truncated, foreign, or of a newer version; or if a class that
 * they name is not known here. `UNREADABLE` with the path, if a class's `fromJSON` throws.
 * @throws {HypernodesError} `UNKNOWN_OPTION`, `BAD_OPTION`.
 */
export function decode(bytes: Uint8Array, options?: DecodeOptions): unknown {
  checkOptions("decode(bytes, options)", options, DECODE_RULES);
  return decodeBytes(bytes, options);
}
