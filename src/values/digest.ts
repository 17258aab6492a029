import { hexOf } from "./byte-writer.js";
import { CanonicalWriter, type ElementForms, TOO_FAR } from "./canonical-writer.js";
import type { Content } from "./content.js";
import { dehydrate } from "./dehydrate.js";
import { faultOf, UnserialisableError, valueError } from "./unserialisable.js";

/**
 * A hash of a value's content: SHA-256, 64 hexadecimal digits. The same in every process and on every run for equal
 * content, and another one for other content. The order of an object's properties counts, as that of a Map or Set does,
 * and so does it whether two references inside the value lead to one object or to two equal ones. `#private` members and
 * an error's stack do not count. Of a model with a `key`, the fields that it names count.
 *
 * @throws {ValueError} `UNSERIALISABLE` with the path to what has no content: a function, a promise.
 */
export function digest(value: unknown): string {
  return contentOf(value).digest;
}

/**
 * @param levelsAround how many levels around what the user gave do not count.
 * @throws {ValueError} `UNSERIALISABLE`
 */
export function contentOf(value: unknown, levelsAround = 0): Content {
  return written(value, new CanonicalWriter(levelsAround));
}

/**
 * The content of a list, and those of its elements for whoever asks for them: in one walk.
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
    // The codec comes to the same fault, and knows the way to it.
    if (thrown instanceof UnserialisableError) dehydrate(value);
    throw valueError(faultOf(thrown));
  }
}

function formOf(writer: CanonicalWriter): Content {
  return { digest: hexOf(writer.bytes.subarray(0, writer.length)), models: writer.takeModels() };
}

/** How many objects may be walked again for elements that refer to objects of other ones. */
const MAX_WALKED = 1_000_000;

/** What the elements of a list have written, each as it would have written it alone where it refers to no other one. */
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
    // One with holes is written by its indices.
    if (bytes === undefined) return Array.from(this.list, (element) => contentOf(element));
    let walked = 0;
    return ends.map((end, i) => {
      if (areOwn[i]) {
        return { digest: hexOf(bytes.subarray(i === 0 ? start : ends[i - 1]!, end)), models: this.models[i]! };
      }
      // Less is found in a cache: the element has this content in this list only.
      if (walked > MAX_WALKED) return { digest: hexOf(Buffer.from(`${i} of ${list.digest}`)), models: list.models };
      const writer = new CanonicalWriter(0);
      const content = written(this.list[i], writer);
      walked += writer.count;
      return content;
    });
  }
}
