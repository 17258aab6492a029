/** How a value is written. */
export interface EncodeOptions {
  /** Into memory that threads share, not a copy for each. */
  readonly shared?: boolean;
  /** Without a checksum: for bytes that never leave the process. */
  readonly unchecked?: boolean;
  /** What else the checksum is of: `decode` has to be given the same. */
  readonly salt?: string;
  /**
   * Gets the SharedArrayBuffers that the value has or has views of: they are not copied, and have to be handed to `decode`.
   * Without it such views are copied, and a SharedArrayBuffer itself can't travel.
   */
  readonly memory?: SharedArrayBuffer[];
  /** How many levels around what the user gave do not count: a value may be 1,000 levels deep. Default: 0. */
  readonly levelsAround?: number;
}

/** How bytes are read. */
export interface DecodeOptions {
  /**
   * Typed arrays of at least this many bytes stay where they are, as views into the bytes that are decoded; smaller ones
   * are copied. Default: all are copied.
   */
  readonly viewsFrom?: number;
  /** What the checksum is of, besides the bytes: what `encode` was given. */
  readonly salt?: string;
  /** What `encode` has put into its `memory`. */
  readonly memory?: readonly SharedArrayBuffer[];
}
