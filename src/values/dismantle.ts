import { CannotTravel, foreign, tooDeep, valueError } from "./cannot-travel.js";
import { builtIn, ERROR_KEYS, kindOf, namesBeyondIndices, pathKey, setData } from "./kinds.js";
import { knownModel, type Model, travellingModel } from "./models.js";

/** What the base format can't say of some objects: which they are, by the order in which a walk comes to them. */
export interface Table {
  readonly classes: string[];
  /** Pairs: the object's index, and what it is: -1 has no prototype, -2 is an error; from 0 the index of its class. */
  readonly objects: number[];
  /** The own properties of errors, and of Maps, Sets, Dates and the like, by the object's index. */
  readonly properties: Map<number, Record<string, unknown>>;
}

export const NO_PROTOTYPE = -1;
export const ERROR = -2;

/** A value in two parts: what the base format can write, and a table of what it can't. */
export interface Dismantled {
  readonly value: unknown;
  readonly table: Table | undefined;
}

/**
 * Goes through a value, and finds what the base format can't say. Only if something in it has to be replaced (an error,
 * an instance with `toJSON`) is it copied.
 *
 * @param sharesMemory whether SharedArrayBuffers can go along.
 * @throws {ValueError} for what can't travel, with the path to it.
 */
export function dismantle(value: unknown, sharesMemory: boolean): Dismantled {
  try {
    try {
      return new Walk(false, sharesMemory).all(value);
    } catch (thrown) {
      if (thrown !== COPY) throw thrown;
      return new Walk(true, sharesMemory).all(value);
    }
  } catch (thrown) {
    throw thrown instanceof CannotTravel ? valueError(thrown) : tooDeep(thrown);
  }
}

const COPY = Symbol("it has to be copied");

class Walk {
  private readonly seen = new Map<object, unknown>();
  private readonly classes = new Map<string, number>();
  private readonly objects: number[] = [];
  private readonly properties = new Map<number, Record<string, unknown>>();
  private readonly underWay = new Set<object>();

  constructor(
    private readonly copying: boolean,
    private readonly sharesMemory: boolean,
  ) {}

  all(value: unknown): Dismantled {
    const written = this.visit(value);
    if (this.objects.length === 0 && this.properties.size === 0) return { value: written, table: undefined };
    return {
      value: written,
      table: { classes: [...this.classes.keys()], objects: this.objects, properties: this.properties },
    };
  }

  private visit(value: unknown): unknown {
    switch (typeof value) {
      case "object":
        return value === null ? null : this.object(value);
      case "function":
      case "symbol":
        throw foreign(value);
      default:
        return value;
    }
  }

  private object(value: object): unknown {
    const before = this.seen.get(value);
    if (before !== undefined) {
      if (before === value || !this.underWay.has(value)) return before;
      throw new CannotTravel("what its toJSON() gives refers back to it", "Let toJSON() give a value without cycles.");
    }
    const index = this.seen.size;
    this.seen.set(value, value);
    const prototype = Object.getPrototypeOf(value) as object | null;
    // Most objects are plain.
    if (prototype === Object.prototype) return this.record(value);
    if (prototype === Array.prototype) return this.array(value as unknown[]);
    const kind = kindOf(value, prototype);
    if (kind === "foreign") {
      if (this.sharesMemory && value instanceof SharedArrayBuffer) return value;
      throw foreign(value);
    }
    if (kind === "error") return this.error(value as Error, prototype!, index);
    if (prototype === null) this.objects.push(index, NO_PROTOTYPE);
    else if (builtIn(prototype) === undefined) {
      const model = travellingModel(prototype);
      if (model.hooked) return this.hooked(value, model, index);
      this.objects.push(index, this.classIndex(model.name));
      if (kind === "view") this.viewExtras(value as Uint8Array, model.name, index);
    }
    if (kind !== "record" && kind !== "array" && kind !== "view") this.extras(value, ownNames(value), index);
    switch (kind) {
      case "record":
        return this.record(value);
      case "array":
        return this.array(value as unknown[]);
      case "map":
        return this.map(value as Map<unknown, unknown>);
      case "set":
        return this.set(value as Set<unknown>);
      default:
        return value;
    }
  }

  private copy<T extends object>(value: T, make: () => T): T {
    if (!this.copying) return value;
    const copy = make();
    this.seen.set(value, copy);
    return copy;
  }

  private record(value: object): object {
    const to = this.copy(value, () => ({}));
    return this.fields(value, to, Object.keys(value));
  }

  private fields(from: object, to: object, keys: readonly string[]): object {
    for (const key of keys) {
      const value = (from as Record<string, unknown>)[key];
      if (isPrimitive(value) && !this.copying) continue;
      const written = this.at(key, value);
      if (this.copying) setData(to, key, written);
    }
    return to;
  }

  private at(key: string | number, value: unknown): unknown {
    try {
      return this.visit(value);
    } catch (thrown) {
      if (thrown instanceof CannotTravel) thrown.path.push(key);
      throw thrown;
    }
  }

  private array(value: unknown[]): unknown[] {
    const keys = Object.keys(value);
    const names = namesBeyondIndices(keys, value.length);
    const to = this.copy(value, () => new Array(value.length));
    const count = keys.length - names.length;
    let index = 0;
    try {
      for (let i = 0; i < count; i++) {
        index = count === value.length ? i : Number(keys[i]);
        if (isPrimitive(value[index]) && !this.copying) continue;
        const written = this.visit(value[index]);
        if (this.copying) to[index] = written;
      }
    } catch (thrown) {
      if (thrown instanceof CannotTravel) thrown.path.push(index);
      throw thrown;
    }
    this.fields(value, to, names);
    return to;
  }

  private map(value: Map<unknown, unknown>): Map<unknown, unknown> {
    const to = this.copy(value, () => new Map());
    for (const [key, item] of value) {
      const writtenKey = this.at(pathKey(key), key);
      const written = this.at(pathKey(key), item);
      if (this.copying) to.set(writtenKey, written);
    }
    return to;
  }

  private set(value: Set<unknown>): Set<unknown> {
    const to = this.copy(value, () => new Set());
    let index = 0;
    for (const item of value) {
      const written = this.at(index++, item);
      if (this.copying) to.add(written);
    }
    return to;
  }

  /** The own properties of what has more to it than properties: the base format drops them. */
  private extras(value: object, keys: readonly string[], index: number): void {
    if (keys.length === 0) return;
    const properties: Record<string, unknown> = {};
    this.properties.set(index, properties);
    for (const key of keys) setData(properties, key, this.at(key, (value as Record<string, unknown>)[key]));
  }

  private viewExtras(value: Uint8Array, name: string, index: number): void {
    if (value.length > MOST_INDICES) {
      throw new CannotTravel(
        `it is a ${name} of ${value.length} elements: too many to look for other properties among them`,
        "Keep a plain typed array in a field of the class, instead of extending one.",
      );
    }
    this.extras(value, namesBeyondIndices(Object.keys(value), value.length), index);
  }

  /** An error is written by its properties: the base format knows neither its class nor what was added to it. */
  private error(value: Error, prototype: object, index: number): unknown {
    if (!this.copying) throw COPY;
    const model = builtIn(prototype) === undefined ? knownModel(prototype) : undefined;
    const name = model?.name ?? builtInAncestor(prototype);
    const shown = Object.hasOwn(value, "name") || model !== undefined || value.name === name ? undefined : value.name;
    const written = { name, shown };
    this.seen.set(value, written);
    this.objects.push(index, ERROR);
    const keys = ERROR_KEYS.filter((key) => Object.hasOwn(value, key));
    const properties: Record<string, unknown> = {};
    this.properties.set(index, properties);
    // Their order must be that in which the properties of an object are gone through.
    for (const key of [...keys, ...Object.keys(value)]) setData(properties, key, undefined);
    // A DOMException keeps it in an accessor.
    if (value instanceof DOMException) properties.message = value.message;
    for (const key of Object.keys(properties)) {
      const before = this.seen.size;
      const length = this.objects.length;
      try {
        setData(properties, key, this.at(key, (value as unknown as Record<string, unknown>)[key]));
      } catch (thrown) {
        // An error of a class that nobody made known still comes home, without what can't come with it.
        if (!(thrown instanceof CannotTravel) || model !== undefined) throw thrown;
        delete properties[key];
        this.forget(before, length);
      }
    }
    return written;
  }

  private forget(seen: number, objects: number): void {
    for (const value of [...this.seen.keys()].slice(seen)) this.seen.delete(value);
    for (const index of this.properties.keys()) if (index >= seen) this.properties.delete(index);
    this.objects.length = objects;
  }

  private hooked(value: object, model: Model, index: number): unknown {
    if (!this.copying) throw COPY;
    const written: { data?: unknown } = {};
    this.seen.set(value, written);
    this.objects.push(index, this.classIndex(model.name));
    this.underWay.add(value);
    written.data = this.at("toJSON()", (value as { toJSON(): unknown }).toJSON());
    this.underWay.delete(value);
    return written;
  }

  private classIndex(name: string): number {
    let index = this.classes.get(name);
    if (index === undefined) {
      index = this.classes.size;
      this.classes.set(name, index);
    }
    return index;
  }
}

function isPrimitive(value: unknown): boolean {
  const type = typeof value;
  return type === "string" || type === "number" || value === null || type === "boolean" || type === "undefined";
}

/** The characters of a boxed string are properties, too. */
function ownNames(value: object): readonly string[] {
  const keys = Object.keys(value);
  return value instanceof String ? namesBeyondIndices(keys, value.length) : keys;
}

/** Above this many elements a typed array is not searched for other properties: they are the last of its keys. */
const MOST_INDICES = 1_000_000;

function builtInAncestor(prototype: object): string {
  for (let p: object | null = prototype; p !== null; p = Object.getPrototypeOf(p) as object | null) {
    const name = builtIn(p);
    if (name !== undefined && name !== "Object") return name;
  }
  return "Error";
}
