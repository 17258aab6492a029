import { ERROR, INTEGRITY, NO_PROTOTYPE, SPARSE, type Table } from "./dismantle.js";
import { ERROR_KEYS, entriesOf, itemsOf, kindOf, namesBeyondIndices, setData } from "./kinds.js";
import { type Model, modelNamed } from "./models.js";

const ERRORS = new Map<string, new (errors: Iterable<never> | undefined) => Error>([
  ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map(
    (type) => [type.name, type as unknown as new () => Error] as const,
  ),
  ["AggregateError", AggregateError as unknown as new () => Error],
]);

/** Makes of what the base format read what was written: goes through it in the same order, and looks into the table. */
export function reassemble(value: unknown, table: Table): unknown {
  return new Walk(table).all(value);
}

class Walk {
  private readonly seen = new Map<object, unknown>();
  private next = 0;
  /** How many objects with properties in the table are still to come. */
  private properties: number;
  /** Whether objects were put in the place of others, which may be referred to anywhere. */
  private replaces = false;
  /** What may not be changed any more, once all is in its place. */
  private readonly kept: { readonly object: object; readonly integrity: number }[] = [];

  constructor(private readonly table: Table) {
    this.properties = table.properties.size + table.hidden.size;
  }

  all(value: unknown): unknown {
    const made = this.visit(value);
    for (const { object, integrity } of this.kept) {
      // A view can't be frozen, and looks so if it has no properties and takes none.
      if (ArrayBuffer.isView(object)) Object.preventExtensions(object);
      if (!ArrayBuffer.isView(object) || integrity === 2) KEEP[integrity - 1]?.(object);
    }
    return made;
  }

  private visit(value: unknown): unknown {
    return typeof value === "object" && value !== null && !this.isDone ? this.object(value) : value;
  }

  /** Whether nothing is left to be changed: what comes after the last entry stays as it is. */
  private get isDone(): boolean {
    return this.next >= this.table.objects.length && this.properties === 0 && !this.replaces;
  }

  private object(written: object): unknown {
    const before = this.seen.get(written);
    if (before !== undefined) return before;
    const index = this.seen.size;
    this.seen.set(written, written);
    let value = written;
    let model: Model | undefined;
    let integrity = 0;
    // The table's pairs are in the order of the walk.
    for (let code = this.codeOf(index); code !== undefined; code = this.codeOf(index)) {
      if (code >= 0) model = modelNamed(this.className(code));
      else if (code === NO_PROTOTYPE) Object.setPrototypeOf(value, null);
      else if (code === ERROR) value = this.errorOf(written as WrittenError, index);
      else if (code === SPARSE) value = this.sparse(written, index);
      else integrity = INTEGRITY - code;
    }
    if (integrity > 0) this.kept.push({ object: value, integrity });
    if (model?.hooked) return this.hooked(written as { data: unknown }, model.type as unknown as Hooked);
    if (model !== undefined) Object.setPrototypeOf(value, model.type.prototype);
    if (this.properties > 0) this.beside(value, index);
    this.inside(value, written);
    return value;
  }

  private codeOf(index: number): number | undefined {
    const { objects } = this.table;
    if (objects[this.next] !== index) return undefined;
    this.next += 2;
    return objects[this.next - 1];
  }

  /** Puts something in the place of what was written. */
  private replace<T extends object>(written: object, value: T): T {
    this.replaces = true;
    this.seen.set(written, value);
    return value;
  }

  /** An array that was written as a record. It must not take the memory of all its holes. */
  private sparse(written: object, index: number): unknown[] {
    const length = (this.codeOf(index) ?? 0) >>> 0;
    const array: unknown[] = [];
    if (length > 0) {
      // An element far out makes a dictionary of the array's elements.
      array[length - 1] = undefined;
      delete array[length - 1];
      array.length = length;
    }
    return this.replace(written, array);
  }

  private beside(value: object, index: number): void {
    const hidden = this.table.hidden.get(index);
    if (hidden !== undefined) {
      this.properties--;
      for (const key of Object.keys(hidden)) define(value, key, this.visit(hidden[key]), false);
    }
    const properties = this.table.properties.get(index);
    if (properties === undefined) return;
    this.properties--;
    for (const key of Object.keys(properties)) {
      const made = this.visit(properties[key]);
      // A DOMException was made with its message.
      if (value instanceof DOMException && key === "message") continue;
      define(value, key, made, !(value instanceof Error && ERROR_KEYS.includes(key)));
    }
  }

  private inside(value: object, written: object): void {
    switch (kindOf(written, null)) {
      case "record":
        if (value instanceof Error) return;
        this.fields(written, value, Object.keys(written));
        break;
      case "array":
        this.array(value as unknown[]);
        break;
      case "map":
        this.map(value as Map<unknown, unknown>);
        break;
      case "set":
        this.set(value as Set<unknown>);
        break;
    }
  }

  private className(index: number): string {
    const name = this.table.classes[index];
    if (name === undefined) throw new Error(`there is no class ${index} in its table`);
    return name;
  }

  private fields(from: object, to: object, keys: readonly string[]): void {
    for (const key of keys) {
      const read = (from as Record<string, unknown>)[key];
      if (typeof read !== "object" && from === to) continue;
      const made = this.visit(read);
      if (made !== read || from !== to) setData(to, key, made);
    }
  }

  private array(value: unknown[]): void {
    const keys = Object.keys(value);
    const names = namesBeyondIndices(keys, value.length);
    for (let i = 0; i < keys.length - names.length; i++) {
      const index = keys.length - names.length === value.length ? i : Number(keys[i]);
      const made = this.visit(value[index]);
      if (made !== value[index]) value[index] = made;
    }
    this.fields(value, value, names);
  }

  private map(value: Map<unknown, unknown>): void {
    const entries: (readonly [unknown, unknown])[] = [];
    for (const [key, item] of entriesOf(value)) entries.push([this.visit(key), this.visit(item)]);
    clearMap.call(value);
    for (const [key, item] of entries) setEntry.call(value, key, item);
  }

  private set(value: Set<unknown>): void {
    const items: unknown[] = [];
    for (const item of itemsOf(value)) items.push(this.visit(item));
    clearSet.call(value);
    for (const item of items) addItem.call(value, item);
  }

  /** An error without its properties. */
  private errorOf(written: WrittenError, index: number): Error {
    return this.replace(written, emptyError(written, this.table.properties.get(index) ?? {}));
  }

  private hooked(written: { data: unknown }, type: Hooked): unknown {
    this.replaces = true;
    const made = type.fromJSON(this.visit(written.data));
    this.seen.set(written, made);
    return made;
  }
}

/** The language's own methods: a subclass may have others. */
const { clear: clearMap, set: setEntry } = Map.prototype;
const { clear: clearSet, add: addItem } = Set.prototype;

const KEEP = [Object.preventExtensions, Object.seal, Object.freeze];

interface Hooked {
  fromJSON(data: unknown): unknown;
}

interface WrittenError {
  readonly name: string;
  /** The name that it shows, if that is not its class's. */
  readonly shown: string | undefined;
}

/** An error without properties: what it had, it is given; what it had not, it has not. */
function emptyError({ name, shown }: WrittenError, properties: Readonly<Record<string, unknown>>): Error {
  if (name === "DOMException") return new DOMException(String(properties.message), shown);
  const known = ERRORS.get(name);
  const error = known === undefined ? new Error() : new known(known.name === "AggregateError" ? [] : undefined);
  if (known === undefined) Object.setPrototypeOf(error, modelNamed(name).type.prototype);
  for (const key of ERROR_KEYS) delete (error as unknown as Record<string, unknown>)[key];
  if (shown !== undefined) define(error, "name", shown, false);
  return error;
}

function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  // A RegExp's lastIndex is there, and can't be made anew.
  if (object instanceof RegExp && key === "lastIndex") object.lastIndex = Number(value);
  else Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}
