import { knownModel } from "./models.js";

/** An object as it was: what its properties, elements or entries were, by reference. */
interface Noted {
  readonly parts: readonly unknown[];
  /** The object that it was found in, and under which key; undefined: it is the value itself. */
  readonly within: object | undefined;
  readonly key: string | number | undefined;
}

/**
 * What a value was made of, to see later whether anything in it was changed, and where. Nothing is copied but the bytes of
 * buffers, so it costs a fraction of a digest. `#private` members do not count; of a model with a `key`, the fields that it
 * names.
 */
export class Snapshot {
  private readonly noted = new Map<object, Noted>();

  constructor(private readonly value: object) {
    this.note(value, undefined, undefined);
    // Objects that are noted while it goes on are come to as well.
    for (const [object, { parts }] of this.noted) {
      for (const [i, part] of parts.entries()) {
        if (typeof part === "object" && part !== null) this.note(part, object, keyAt(object, parts, i));
      }
    }
  }

  private note(object: object, within: object | undefined, key: string | number | undefined): void {
    if (!this.noted.has(object)) this.noted.set(object, { parts: partsOf(object), within, key });
  }

  /** @returns the way to the first thing that is not what it was; undefined: all is. */
  change(): (string | number)[] | undefined {
    for (const [object, { parts }] of this.noted) {
      const now = partsOf(object);
      const at = firstDifference(parts, now);
      if (at < 0) continue;
      const key = keyAt(object, at < parts.length ? parts : now, at);
      return [...this.wayTo(object), ...(key === undefined ? [] : [key])];
    }
    return undefined;
  }

  private wayTo(object: object): (string | number)[] {
    const way: (string | number)[] = [];
    for (let at: object = object; at !== this.value; ) {
      const { within, key } = this.noted.get(at)!;
      if (key !== undefined) way.unshift(key);
      at = within!;
    }
    return way;
  }
}

function firstDifference(before: readonly unknown[], now: readonly unknown[]): number {
  for (let i = 0; i < Math.max(before.length, now.length); i++) {
    if (i >= before.length || i >= now.length || !Object.is(before[i], now[i])) return i;
  }
  return -1;
}

/** What an object is made of: elements; bytes; keys and values in turn. */
function partsOf(object: object): readonly unknown[] {
  try {
    if (Array.isArray(object)) return object.slice();
    if (ArrayBuffer.isView(object)) return [bytesOf(object.buffer, object.byteOffset, object.byteLength)];
    if (object instanceof ArrayBuffer) return [bytesOf(object, 0, object.byteLength)];
    if (object instanceof Map) return [...object].flat(1);
    if (object instanceof Set) return [...object];
    if (object instanceof Date) return [object.getTime()];
    const parts: unknown[] = [];
    for (const key of fieldsOf(object)) parts.push(key, (object as Record<string, unknown>)[key]);
    return parts;
  } catch {
    // A getter threw: whoever reads it for its value tells of that.
    return [];
  }
}

/** Bytes as a text, which is compared at once. */
function bytesOf(buffer: ArrayBufferLike, offset: number, length: number): string {
  return Buffer.from(buffer, offset, length).toString("latin1");
}

function fieldsOf(object: object): readonly string[] {
  const prototype: object | null = Object.getPrototypeOf(object);
  if (prototype === Object.prototype || prototype === null) return Object.keys(object);
  if (object instanceof Error) return ["message", ...Object.keys(object)];
  return keyOfModel(prototype) ?? Object.keys(object);
}

/** The fields of a model that count, if it names them. */
function keyOfModel(prototype: object): readonly string[] | undefined {
  try {
    return knownModel(prototype)?.key;
  } catch {
    // Two classes have its name.
    return undefined;
  }
}

/** What a part is called; undefined: it has no name of its own. */
function keyAt(object: object, parts: readonly unknown[], i: number): string | number | undefined {
  if (Array.isArray(object)) return i;
  if (ArrayBuffer.isView(object) || object instanceof Set || object instanceof Date) return undefined;
  const key = parts[i - (i % 2)];
  return typeof key === "string" || typeof key === "number" ? key : undefined;
}
