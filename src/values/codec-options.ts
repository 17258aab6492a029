/**
 * Options of `encode`.
 *
 * @example
 * ```ts
 * const options: EncodeOptions = { salt: "tenant-1" };
 * const bytes = encode(value, options);
 * ```
 */
export interface EncodeOptions {
  /**
   * Writes into memory that threads share, instead of a copy for each.
   *
   * @default false
   */
  readonly shared?: boolean;
  /**
   * Omits the checksum, for bytes that never leave the process.
   *
   * @default false
   */
  readonly unchecked?: boolean;
  /** Text that the checksum includes: `decode` needs the same. */
  readonly salt?: string;
  /**
   * Receives the SharedArrayBuffers that typed arrays in the value are views of: they are not copied, and must be passed
   * to `decode`. Without it, such views are copied. A SharedArrayBuffer itself can't be serialized.
   */
  readonly memory?: SharedArrayBuffer[];
  /**
   * Number of outer levels that do not count toward the limit of 1,000 levels, because they are not the user's.
   *
   * @default 0
   */
  readonly levelsAround?: number;
}

/**
 * Options of `decode`.
 *
 * @example
 * ```ts
 * const options: DecodeOptions = { viewsFrom: 64 * 1024 };
 * const value = decode(bytes, options);
 * ```
 */
export interface DecodeOptions {
  /**
   * Minimum size in bytes of typed arrays that stay views into the decoded bytes; smaller ones are copied.
   *
   * @default all are copied
   */
  readonly viewsFrom?: number;
  /** The text that the checksum includes: the one given to `encode`. */
  readonly salt?: string;
  /** The SharedArrayBuffers that `encode` put into its `memory`. */
  readonly memory?: readonly SharedArrayBuffer[];
}

/** The `viewsFrom` of messages between threads and processes: each is decoded once, so views of its bytes may stay. */
export const VIEWS_FROM = 64 * 1024;
