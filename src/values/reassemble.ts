import { ERROR, NO_PROTOTYPE, type Table } from "./dismantle.js";
import { ERROR_KEYS, kindOf, namesBeyondIndices, setData } from "./kinds.js";
import { modelNamed } from "./models.js";

const ERRORS = new Map<string, new (errors: Iterable<never> | undefined) => Error>([
  ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map(
    (type) => [type.name, type as unknown as new () => Error] as const,
  ),
  ["AggregateError", AggregateError as unknown as new () => Error],
]);

/** Makes of what the base format read what was written: goes through it in the same order, and looks into the table. */
export function reassemble(value: unknown, table: Table): unknown {
  return new Walk(table).visit(value);
}

class Walk {
  private readonly seen = new Map<object, unknown>();
  private next = 0;
  /** How many objects with properties in the table are still to come. */
  private properties: number;
  /** Whether objects were put in the place of others, which may be referred to anywhere. */
  private replaces = false;

  constructor(private readonly table: Table) {
    this.properties = table.properties.size;
  }

  visit(value: unknown): unknown {
    return typeof value === "object" && value !== null && !this.isDone ? this.object(value) : value;
  }

  /** Whether nothing is left to be changed: what comes after the last entry stays as it is. */
  private get isDone(): boolean {
    return this.next >= this.table.objects.length && this.properties === 0 && !this.replaces;
  }

  private object(value: object): unknown {
    const before = this.seen.get(value);
    if (before !== undefined) return before;
    const index = this.seen.size;
    this.seen.set(value, value);
    // The table's pairs are in the order of the walk.
    const entry = this.table.objects[this.next] === index ? this.table.objects[this.next + 1] : undefined;
    if (entry !== undefined) this.next += 2;
    if (entry === ERROR) return this.error(value as WrittenError, index);
    if (entry === NO_PROTOTYPE) Object.setPrototypeOf(value, null);
    else if (entry !== undefined) {
      const { type, hooked } = modelNamed(this.className(entry));
      if (hooked) return this.hooked(value as { data: unknown }, type as unknown as Hooked);
      Object.setPrototypeOf(value, type.prototype);
    }
    if (this.properties > 0) {
      const properties = this.table.properties.get(index);
      if (properties !== undefined) {
        this.properties--;
        this.fields(properties, value, Object.keys(properties));
      }
    }
    this.inside(value);
    return value;
  }

  private inside(value: object): void {
    switch (kindOf(value, null)) {
      case "record":
        this.fields(value, value, Object.keys(value));
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
    const entries = [...value].map(([key, item]) => [this.visit(key), this.visit(item)] as const);
    value.clear();
    for (const [key, item] of entries) value.set(key, item);
  }

  private set(value: Set<unknown>): void {
    const items = [...value].map((item) => this.visit(item));
    value.clear();
    for (const item of items) value.add(item);
  }

  private error(written: WrittenError, index: number): Error {
    this.replaces = true;
    const properties = this.table.properties.get(index) ?? {};
    const error = emptyError(written, properties);
    this.seen.set(written, error);
    for (const key of Object.keys(properties)) {
      if (error instanceof DOMException && key === "message") continue;
      define(error, key, this.visit(properties[key]), !ERROR_KEYS.includes(key));
    }
    return error;
  }

  private hooked(written: { data: unknown }, type: Hooked): unknown {
    this.replaces = true;
    const made = type.fromJSON(this.visit(written.data));
    this.seen.set(written, made);
    return made;
  }
}

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

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}
