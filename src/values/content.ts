/** A value by its content. */
export interface Content {
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /** The names of the models it has instances of, sorted: what their methods do belongs to it, too. */
  readonly models: readonly string[];
}
