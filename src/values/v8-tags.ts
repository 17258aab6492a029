/** Tags of V8's wire format that are read and written without V8. Source: `src/objects/value-serializer.cc` of V8. */

/** The version of the format follows. */
export const VERSION = 0xff;
export const UNDEFINED = "_".charCodeAt(0);
export const NULL = "0".charCodeAt(0);
export const TRUE = "T".charCodeAt(0);
export const FALSE = "F".charCodeAt(0);
/** A varint follows. */
export const INTEGER = "I".charCodeAt(0);
/** 8 bytes follow. */
export const DOUBLE = "N".charCodeAt(0);
/** Texts: their length in bytes follows, and their bytes. */
export const LATIN1 = '"'.charCodeAt(0);
export const UTF16 = "c".charCodeAt(0);
/** A byte before a UTF-16 text, whose bytes begin at an even offset. */
export const PADDING = 0;
/** Names and values follow, and the end with the number of them. */
export const OBJECT = "o".charCodeAt(0);
export const END_OBJECT = "{".charCodeAt(0);
/** Its length and elements follow, and the end with the numbers of other properties and of elements. */
export const DENSE_ARRAY = "A".charCodeAt(0);
export const END_DENSE_ARRAY = "$".charCodeAt(0);
