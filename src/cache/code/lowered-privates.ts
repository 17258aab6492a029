import { types } from "node:util";
import { textOf } from "../../util/primordials.js";
import { hiddenIn, hiddenOf } from "../../util/v8-inspector.js";
import { WEAK } from "./form-writes.js";
import { classesOf } from "./reflection.js";
import { resolveVariable } from "./variables.js";
import type { Walk } from "./walk.js";

/** A WeakMap or a WeakSet with something in it. */
interface Collection {
  readonly id: number;
  readonly object: object;
  readonly name: string;
  readonly entries: readonly { readonly key: object; readonly value: unknown }[];
  /** The classes of its keys whose code names it. */
  readonly classes: Set<Function>;
}

interface Entry {
  readonly collection: Collection;
  readonly value: unknown;
  /** The pieces that lead to it. */
  readonly from: Set<number>;
}

/**
 * Private members as compilers write them for an older language, and esbuild in decorated classes: `#limit` is a WeakMap with an entry for
 * each object of the class, which the class names. Such an entry is a part of the object that it is about.
 *
 * A WeakMap about other objects is unknown: a node may be called with one of those.
 */
export class LoweredPrivates {
  private readonly added: Collection[] = [];
  private readonly byKey = new Map<object, Entry[]>();
  private readonly wholes = new Map<object, number[]>();

  constructor(
    private readonly walk: Walk,
    private readonly pieceOf: (object: object) => number | undefined,
  ) {}

  /** A collection was reached, at a piece. */
  add(id: number, object: object, name: string): void {
    const hidden = (hiddenIn(hiddenOf(object), "[[Entries]]") ?? []) as readonly { key?: object; value: unknown }[];
    if (hidden.length === 0) return;
    // Those of a WeakSet have a value only.
    const entries = Array.from(hidden, ({ key, value }) => ({ key: key ?? (value as object), value }));
    const collection: Collection = { id, object, name, entries, classes: new Set() };
    this.added.push(collection);
    for (const type of new Set(entries.flatMap(({ key }) => [...keepersOf(key)]))) {
      if (types.isProxy(type) || !textOf(type).includes(name)) continue;
      this.walk.inspect(type, (facts) => {
        if (facts.kind === "code" && resolveVariable(name, facts).value === object) collection.classes.add(type);
      });
    }
  }

  /** A piece is all of an object, as its methods see it. */
  whole(id: number, object: object): void {
    const known = this.wholes.get(object);
    if (known === undefined) this.wholes.set(object, [id]);
    else known.push(id);
  }

  /** Joins what is kept about objects with their pieces. @returns true if there was any. */
  resolve(): boolean {
    for (const collection of this.added.splice(0)) this.take(collection);
    let isAny = false;
    for (const [key, entries] of this.byKey) {
      const known = this.pieceOf(key);
      for (const id of [...(known === undefined ? [] : [known]), ...(this.wholes.get(key) ?? [])])
        for (const entry of entries) isAny = this.join(id, entry) || isAny;
    }
    return isAny;
  }

  private take(collection: Collection): void {
    const { id, entries, classes } = collection;
    const isPrivate = entries.every(({ key }) => [...keepersOf(key)].some((type) => classes.has(type)));
    if (!isPrivate) {
      this.walk.unknown(id, "a WeakMap or WeakSet with something in it");
      return;
    }
    for (const { key, value } of entries) {
      const entry: Entry = { collection, value, from: new Set() };
      const known = this.byKey.get(key);
      if (known === undefined) this.byKey.set(key, [entry]);
      else known.push(entry);
    }
  }

  private join(id: number, { collection, value, from }: Entry): boolean {
    if (from.has(id)) return false;
    from.add(id);
    const { next } = this.walk.pieces[id]!;
    const isMember = types.isWeakMap(collection.object);
    const member = isMember ? this.walk.value(value, collection.name) : this.walk.leaf("is in it");
    next.push(this.walk.leaf(`key ${WEAK}${next.length} ${collection.name}`), member);
    return true;
  }
}

/** The classes that may keep something about an object. */
function* keepersOf(key: object): Iterable<Function> {
  if (typeof key === "function") yield key;
  yield* classesOf(key);
}
