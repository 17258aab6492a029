import { sha256 } from "../util/sha256.js";
import { ByteWriter, HASH_LENGTH, TAG } from "./byte-writer.js";
import { CanonicalWriter, type ElementForms, NO_MODELS, TOO_FAR } from "./canonical-writer.js";
import type { Content } from "./content.js";
import { dehydrate } from "./dehydrate.js";
import { faultOf, UnserialisableError, valueError } from "./unserialisable.js";

/**
 * Hashes a value's content: SHA-256, 64 hexadecimal digits. Equal content has the same digest in every process and on
 * every run, and different content has a different one. The order of properties, Map entries and Set items counts, and
 * so does whether two references lead to one object or to two equal ones. For a model with a `key`, only its fields
 * count. `#private` members and error stacks do not affect the digest.
 *
 * @param value any value that can be serialized.
 * @returns the digest.
 * @throws {ValueError} `UNSERIALISABLE` with the path to a part without content: a function, a promise.
 *
 * @example
 * ```ts
 * digest({ title: "Shalom", ids: new Set([1, 2]) });   // 64 hexadecimal digits
 * ```
 */
export function digest(value: unknown): string {
  return contentOf(value).digest;
}

/**
 * Hashes a value's content, and of a model with a `key` all of its fields: what is made of the value may depend on any of them.
 *
 * @throws {ValueError} `UNSERIALISABLE`
 */
export function wholeDigest(value: unknown): string {
  return written(value, new CanonicalWriter(0, undefined, false)).digest;
}

/**
 * @param levelsAround number of outer levels that do not count, because they are not the user's.
 * @throws {ValueError} `UNSERIALISABLE`
 */
export function contentOf(value: unknown, levelsAround = 0): Content {
  return primitiveContent(value) ?? written(value, new CanonicalWriter(levelsAround));
}

/** The same for a primitive value, in half the time. */
function primitiveContent(value: unknown): Content | undefined {
  if (typeof value === "object" && value !== null) return undefined;
  const writer = new ByteWriter();
  const digest = writer.primitive(value) ? digestOf(writer.bytes, 0, writer.length) : undefined;
  writer.release();
  return digest === undefined ? undefined : { digest, models: NO_MODELS };
}

/**
 * Returns the content of a list, and on request those of its elements, in one walk.
 *
 * @throws {ValueError} `UNSERIALISABLE`
 */
export function contentsOf(list: readonly unknown[]): { readonly list: Content; elements(): readonly Content[] } {
  const elements = new ElementDigests(list);
  const content = written(list, new CanonicalWriter(1, elements));
  return { list: content, elements: () => elements.contents(content) };
}

function written(value: unknown, writer: CanonicalWriter): Content {
  try {
    writer.write(value);
    return formOf(writer);
  } catch (thrown) {
    if (thrown === TOO_FAR) return writtenFar(value);
    throw valueError(faultOf(thrown));
  } finally {
    writer.release();
  }
}

function writtenFar(value: unknown): Content {
  const writer = new CanonicalWriter(0);
  try {
    writer.writeFar(value);
    return formOf(writer);
  } catch (thrown) {
    // The codec finds the same fault, and knows its path.
    if (thrown instanceof UnserialisableError) dehydrate(value);
    throw valueError(faultOf(thrown));
  }
}

function formOf(writer: CanonicalWriter): Content {
  return { digest: digestOf(writer.bytes, 0, writer.length), models: writer.takeModels() };
}

/** The form of a large object is the hash of its content. */
function digestOf(bytes: Buffer, from: number, to: number): string {
  if (bytes[from] === TAG.hash && to - from === HASH_LENGTH) return bytes.toString("hex", from + 1, to);
  return sha256(bytes.subarray(from, to));
}

/** Maximum number of objects that are walked again for elements that refer to objects of other ones. */
const MAX_WALKED = 1_000_000;

/** The forms of a list's elements: each as if it was written alone, provided that it refers to no other one. */
class ElementDigests implements ElementForms {
  private readonly ends: number[] = [];
  private readonly models: (readonly string[])[] = [];
  private readonly areOwn: boolean[] = [];
  private bytes: Buffer | undefined;
  private start = 0;

  constructor(private readonly list: readonly unknown[]) {}

  begin(start: number): void {
    this.start = start;
  }

  add(end: number, models: readonly string[], isOwn: boolean): void {
    this.ends.push(end);
    this.models.push(models);
    this.areOwn.push(isOwn);
  }

  end(bytes: Buffer): void {
    this.bytes = Buffer.from(bytes.subarray(0, this.ends.at(-1) ?? 0));
  }

  /** @param list the content of the list itself. */
  contents(list: Content): Content[] {
    const { bytes, ends, areOwn, start } = this;
    // A list with holes is written by its indices.
    if (bytes === undefined) return Array.from(this.list, (element) => contentOf(element));
    let walked = 0;
    return ends.map((end, i) => {
      if (areOwn[i]) {
        return { digest: digestOf(bytes, i === 0 ? start : ends[i - 1]!, end), models: this.models[i]! };
      }
      // This content is only valid within this list, so there are fewer cache hits.
      if (walked > MAX_WALKED) return { digest: sha256(`${i} of ${list.digest}`), models: list.models };
      const writer = new CanonicalWriter(0);
      const content = written(this.list[i], writer);
      walked += writer.count;
      return content;
    });
  }
}
