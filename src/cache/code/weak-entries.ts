import { types } from "node:util";
import { getOrCreate } from "../../util/get-or-create.js";
import { ownKeys, textOf } from "../../util/primordials.js";
import { hiddenIn, hiddenOf, type Script } from "../../util/v8-inspector.js";
import { WEAK } from "./form-writes.js";
import type { Code } from "./functions.js";
import { classesOf, read } from "./reflection.js";
import { namesIn, resolveVariable, topOf } from "./variables.js";
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
 * each object of the class, which the class names. Such an entry is a part of the object that it is about. So is what a package has about
 * an object in a WeakMap that only its own functions see.
 *
 * Any other WeakMap about objects that were not reached is unknown: a node may be called with one of those.
 */
export class WeakEntries {
  private readonly added: Collection[] = [];
  /** Those that may have something about an argument. */
  private open: Collection[] = [];
  /** The collections at the top of packages' scripts, by their names. */
  private readonly byScript = new Map<Script, readonly (readonly [name: string, collection: object])[]>();
  private readonly byKey = new Map<object, Entry[]>();
  private readonly wholes = new Map<object, number[]>();
  /** The number of pieces when all was joined: without another one no object has been reached since. */
  private joined = 0;

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
      if (types.isProxy(type)) continue;
      if (hasMember(type, object)) collection.classes.add(type);
      if (!textOf(type).includes(name)) continue;
      this.walk.inspect(type, (facts) => {
        if (facts.kind === "code" && resolveVariable(name, facts).value === object) collection.classes.add(type);
      });
    }
  }

  /** Private members of a package's class, or of what it extends there: they are variables at the top of its module. */
  ofClass(id: number, type: Function, facts: Code): void {
    const top = facts.scopes[topOf(facts)];
    if (top === undefined || top.isGlobal) return;
    const text = textOf(type);
    for (const [name, collection] of getOrCreate(this.byScript, facts.script, () => collectionsIn(top.variables)))
      if (text.includes(name))
        this.walk.pieces[id]!.next.push(this.walk.leaf(`key ${name}`), this.walk.value(collection, name));
  }

  /** A piece is all of an object, as its methods see it. */
  whole(id: number, object: object): void {
    getOrCreate(this.wholes, object, (): number[] => []).push(id);
  }

  /** Joins what is in collections with the pieces of the objects that it is about. @returns true if there was any. */
  resolve(): boolean {
    if (this.added.length === 0 && this.walk.pieces.length === this.joined) return false;
    for (const collection of this.added.splice(0)) this.take(collection);
    this.joined = this.walk.pieces.length;
    // V8 has no order for the keys that is the same in another process.
    const found = Array.from(this.byKey, ([key, entries]) => {
      const known = this.pieceOf(key);
      return { ids: [...(known === undefined ? [] : [known]), ...(this.wholes.get(key) ?? [])], entries };
    }).filter(({ ids }) => ids.length > 0);
    found.sort((one, other) => one.ids[0]! - other.ids[0]!);
    let isAny = false;
    for (const { ids, entries } of found)
      for (const id of ids) for (const entry of entries) isAny = this.join(id, entry) || isAny;
    return isAny;
  }

  /** All is known that leads to the collections. */
  close(): void {
    if (this.open.length === 0) return;
    // Functions of packages do not hand on what they see.
    const before = this.walk.leadingTo(({ text }) => text.startsWith("package "));
    for (const { id } of this.open.splice(0))
      if (this.isSeen(id, before)) this.walk.unknown(id, "a WeakMap or WeakSet with something in it");
  }

  private take(collection: Collection): void {
    const { entries, classes } = collection;
    if (entries.some(({ key }) => ![...keepersOf(key)].some((type) => classes.has(type)))) this.open.push(collection);
    for (const { key, value } of entries) {
      getOrCreate(this.byKey, key, (): Entry[] => []).push({ collection, value, from: new Set() });
    }
  }

  private join(id: number, { collection, value, from }: Entry): boolean {
    if (from.has(id)) return false;
    from.add(id);
    const isCounted = this.walk.isCounted(id);
    const { next } = this.walk.pieces[isCounted ? collection.id : id]!;
    const isMember = types.isWeakMap(collection.object);
    const member = isMember ? this.walk.value(value, collection.name) : this.walk.leaf("is in it");
    next.push(this.walk.leaf(`key ${WEAK}${next.length} ${collection.name}`), member);
    if (isCounted) next.push(id);
    return true;
  }

  /** True if code of the project leads to a piece. */
  private isSeen(id: number, before: readonly (readonly number[])[]): boolean {
    const found = new Set([id]);
    for (const at of found) {
      if (this.walk.pieces[at]!.text.startsWith("code ")) return true;
      for (const from of before[at]!) found.add(from);
    }
    return false;
  }
}

/** True if a class has something as a static member. */
function hasMember(type: Function, value: object): boolean {
  return ownKeys(type).some((key) => read(type, key).value === value);
}

function collectionsIn(variables: object): (readonly [name: string, collection: object])[] {
  return namesIn(variables).flatMap((name) => {
    const { value } = read(variables, name);
    return types.isWeakMap(value) || types.isWeakSet(value) ? [[name, value] as const] : [];
  });
}

/** The classes that may keep something about an object. */
function* keepersOf(key: object): Iterable<Function> {
  if (typeof key === "function") yield key;
  yield* classesOf(key);
}
