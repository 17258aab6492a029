import { types } from "node:util";
import { resourceDigest, resourcePartDigest } from "../../cache/cache-keys.js";
import { ContentFacts } from "../../cache/content-facts.js";
import { type ContentRef, contentRef, listContent, namedFor, refFrom } from "../../cache/content-ref.js";
import { keyComponents } from "../../cache/model-codes.js";
import type { CodeDigests } from "../../cache/program-digests.js";
import type { CacheSession, Found } from "../../cache/session.js";
import type { EntryMeta } from "../../cache/store.js";
import { ValueError } from "../../errors.js";
import { type Argument, argumentKey, nameAt, type Step } from "../../graph/plan.js";
import { getOrCreate } from "../../util/get-or-create.js";
import type { Content } from "../../values/content.js";
import { contentsOf } from "../../values/digest.js";
import { isList, toArrayLike } from "../elements/lists.js";
import type { ExecutionContext } from "../execution-context.js";
import { CollectedError, hasCollected } from "../failures/collected.js";
import { LazyValue } from "./lazy-value.js";
import { NotKnown, Unknown } from "./unknown-value.js";

/** A value has no content: because of what it is, or of what its own code throws when it is read. */
export class Undigestible {
  /** @param isKnown true if this value was reported before. */
  constructor(
    readonly cause: unknown,
    readonly isKnown: boolean,
  ) {}
}

/** A step or a resource that changes a value others take. */
export interface Changer {
  readonly name: string;
}

/** The contents of the values in an execution's slots, and the loading of those that are in the store. */
export class SlotDigests {
  private readonly facts: ContentFacts;
  /** By slot. */
  private readonly bySlot: (ContentRef | undefined)[] = [];
  private readonly lazyElements: (readonly ContentRef[] | undefined)[] = [];
  /** By slot, the contents of a list's elements, which are there when they are asked for. */
  private readonly later: (() => readonly Content[])[] = [];
  /** By slot and path. */
  private readonly byPath = new Map<number, Map<string, ContentRef>>();
  /** The slots whose values have no content, which was reported. */
  private readonly without = new Set<number>();
  /** By slot, the steps or resources that changed a value after others knew it. */
  private readonly changes = new Map<number, Changer>();
  /** Counts the values that were read, or computed after all, and are others than those whose contents were known. */
  replaced = 0;
  /** The slots whose values were read from several entries: an object that was in two of them is now two, which counts in their contents. */
  private readonly composed = new Set<number>();

  /** @param revive computes a slot's value that was said to be in the store, and is not. */
  constructor(
    private readonly execution: ExecutionContext,
    private readonly session: CacheSession,
    private readonly codes: CodeDigests,
    private readonly revive: (slot: number) => Promise<void>,
  ) {
    this.facts = new ContentFacts(session);
  }

  /** Sets the content of a step's value, which may be a lazy one. */
  set(step: Step, { digest, models }: ContentRef, elements?: readonly ContentRef[]): void {
    const whole: ContentRef = { digest, models };
    this.bySlot[step.slot] = whole;
    this.lazyElements[step.slot] = elements;
    if (elements !== undefined && this.isMappedOver(step.slot)) this.facts.saveElements(whole, elements);
  }

  /**
   * @throws {Undigestible} if a value has none.
   * @throws {NotKnown} with what is known of the others, if only a run can know one.
   */
  async digestsOf(args: readonly Argument[]): Promise<readonly ContentRef[]> {
    const refs: (ContentRef | undefined)[] = [];
    for (const argument of args) {
      try {
        refs.push(await this.digestOf(argument));
      } catch (error) {
        if (!(error instanceof NotKnown)) throw error;
        refs.push(undefined);
      }
    }
    if (refs.includes(undefined)) throw new NotKnown(refs);
    return refs as ContentRef[];
  }

  /**
   * The contents of lists as wholes; undefined if one has none. Its elements may have some: those of an instance that can be gone through.
   *
   * @throws {NotKnown} with what is known of the others, if only a run can know one.
   */
  async wholesOf(lists: readonly Argument[]): Promise<readonly ContentRef[] | undefined> {
    try {
      return await this.digestsOf(lists);
    } catch (error) {
      if (error instanceof Undigestible && !lists.some(({ slot }) => this.changes.has(slot))) return undefined;
      throw error;
    }
  }

  /** The same without waiting; undefined if any of them is not known yet. */
  knownDigests(args: readonly Argument[]): readonly ContentRef[] | undefined {
    const refs: ContentRef[] = [];
    for (const { slot, path } of args) {
      const ref = path === undefined && !this.changes.has(slot) ? this.bySlot[slot] : undefined;
      if (ref === undefined || Unknown.is(this.execution.values[slot])) return undefined;
      refs.push(ref);
    }
    return refs;
  }

  private digestOf(argument: Argument): Promise<ContentRef> {
    const { slot, path } = argument;
    return this.knowing(argument, () =>
      path === undefined ? this.digestOfSlot(slot) : this.digestOfPath({ slot, path }, path),
    );
  }

  /** Tells if the value in a slot differs from its content: a step that takes it has changed it. */
  hasChanged(slot: number): boolean {
    const known = this.bySlot[slot];
    if (known === undefined || this.isResource(slot)) return false;
    const value = this.execution.values[slot];
    if (typeof value !== "object" || value === null || LazyValue.is(value) || CollectedError.is(value)) return false;
    // What failed is no part of what nodes see of the list.
    if (hasCollected(value)) return false;
    try {
      return this.currentDigest(slot, value).digest !== known.digest;
    } catch {
      return true;
    }
  }

  private currentDigest(slot: number, value: object): ContentRef {
    if (!Array.isArray(value) || !this.isMapped(slot)) return contentRef(value);
    return listContent(value.map((element) => (LazyValue.is(element) ? element.ref : contentRef(element))));
  }

  /** Notes that the value in a slot was changed. @returns the step that was reported first. */
  changedBy(changer: Changer, slot: number): Changer {
    return getOrCreate(this.changes, slot, () => changer);
  }

  /** True if a change of the value in a slot was noticed. */
  isChanged(slot: number): boolean {
    return this.changes.has(slot);
  }

  /** True if a change of any value was noticed. */
  get hasChanges(): boolean {
    return this.changes.size > 0;
  }

  /** The name of the step or resource that has changed the value in a slot, as far as is known. */
  changerOf(slot: number): string {
    return this.changes.get(slot)!.name;
  }

  /** Notes that the value in a slot can't be cached, which was reported. */
  isUndigestible(slot: number): void {
    this.without.add(slot);
  }

  /** @throws {Undigestible} if a slot's value has no content, or code of its own throws when it is read. */
  private async knowing<R>(argument: Argument, work: () => Promise<R>): Promise<R> {
    const { slot } = argument;
    const changer = this.changes.get(slot);
    if (changer !== undefined) throw new Undigestible(new Error(`${changer.name} has changed it`), true);
    this.assertKnown(slot);
    try {
      return await work();
    } catch (error) {
      if (error instanceof Undigestible || error instanceof NotKnown) throw error;
      const isKnown = this.without.has(slot);
      this.without.add(slot);
      throw new Undigestible(error instanceof ValueError ? namedFor(error, this.nameOf(argument)) : error, isKnown);
    }
  }

  private nameOf({ slot, path = [] }: Argument): string {
    return [nameAt(this.execution.plan, slot), ...path].join(".");
  }

  /** @throws {NotKnown} */
  private assertKnown(slot: number): void {
    if (Unknown.is(this.execution.values[slot])) throw new NotKnown([]);
  }

  private async digestOfSlot(slot: number): Promise<ContentRef> {
    const known = this.bySlot[slot] ?? (await this.digestOfResource(slot));
    if (known !== undefined) return known;
    const value = this.execution.input({ slot, path: undefined });
    if (this.isMapped(slot)) {
      await this.elementsOf({ slot, path: undefined });
      // An error may stand in the list's place.
      return this.bySlot[slot] ?? contentRef(value);
    }
    let ref: ContentRef;
    if (Array.isArray(value) && isList(value) && this.isMappedOver(slot)) {
      const { list, elements } = contentsOf(value);
      ref = refFrom(list);
      this.later[slot] = elements;
    } else ref = contentRef(value);
    this.bySlot[slot] = ref;
    return ref;
  }

  /** A resource is what its code and what it is built from make it. */
  private async digestOfResource(slot: number): Promise<ContentRef | undefined> {
    const { resources } = this.execution.plan;
    const index = resources.findIndex((resource) => resource.slot === slot);
    if (index < 0) return undefined;
    const known = this.bySlot[slot];
    if (known !== undefined) return known;
    const code = this.codes.resources[index]!;
    const counts = keyComponents(this.codes, await this.digestsOf(resources[index]!.arguments));
    this.bySlot[slot] = { digest: resourceDigest(code, counts), models: "" };
    return this.bySlot[slot];
  }

  private async digestOfPath({ slot, path }: Argument, way: readonly string[]): Promise<ContentRef> {
    const name = argumentKey({ slot, path });
    const known = this.byPath.get(slot)?.get(name);
    if (known !== undefined) return known;
    const built = await this.digestOfResource(slot);
    // It is there when a node that takes it runs, and not before: what it is made of counts in its place.
    if (built !== undefined) return { digest: resourcePartDigest(built.digest, way), models: "" };
    let whole = this.isComputed(slot) ? await this.digestOfSlot(slot) : undefined;
    let part = whole && (await this.facts.part(whole, way));
    if (part === undefined) {
      await this.load([{ slot, path }]);
      this.assertKnown(slot);
      if (whole !== undefined) whole = await this.digestOfSlot(slot);
      part = contentRef(this.execution.input({ slot, path }));
      if (whole !== undefined && isOfData(this.execution.values[slot], way)) this.facts.savePart(whole, way, part);
    }
    getOrCreate(this.byPath, slot, () => new Map<string, ContentRef>()).set(name, part);
    return part;
  }

  /**
   * The contents of a list's elements; undefined if it is not a list.
   *
   * @throws {Undigestible} if an element has none.
   */
  elementsOf(argument: Argument): Promise<readonly ContentRef[] | undefined> {
    return this.knowing(argument, () => this.refsInside(argument));
  }

  private async refsInside(argument: Argument): Promise<readonly ContentRef[] | undefined> {
    const { slot, path } = argument;
    if (path === undefined && this.lazyElements[slot] !== undefined) return this.lazyElements[slot];
    const isKnown = path === undefined && this.isComputed(slot) && this.bySlot[slot] !== undefined;
    const known = isKnown ? await this.facts.elements(this.bySlot[slot]!) : undefined;
    if (known !== undefined) {
      this.lazyElements[slot] = known;
      return known;
    }
    await this.load([argument]);
    this.assertKnown(slot);
    const value = this.execution.input(argument);
    const list = toArrayLike(value, this.execution.run.lists);
    if (list === undefined) return undefined;
    if (!Array.isArray(list)) return Array.from({ length: list.length }, (_, i) => contentRef(list[i]));
    const later = path === undefined ? this.later[slot] : undefined;
    const refs = (later ?? contentsOf(list).elements)().map(refFrom);
    if (path !== undefined) return refs;
    this.lazyElements[slot] = refs;
    if (this.isMapped(slot)) this.bySlot[slot] ??= listContent(refs);
    // The code of a class may decide what an instance of it gives as its elements.
    if (this.isComputed(slot) && list === value && isPlain(list)) {
      this.facts.saveElements(await this.digestOfSlot(slot), refs);
    }
    return refs;
  }

  private isComputed(slot: number): boolean {
    return this.execution.plan.steps.some((step) => step.slot === slot);
  }

  private isMapped(slot: number): boolean {
    return this.execution.plan.steps.some((step) => step.slot === slot && step.map !== undefined);
  }

  private isMappedOver(slot: number): boolean {
    return this.execution.plan.steps.some(({ map }) => map?.lists.some((list) => list.slot === slot && !list.path));
  }

  /** Tells if `load` may have to read something. */
  mayNeed(args: readonly Argument[]): boolean {
    return args.some(({ slot }) => {
      const value = this.execution.values[slot];
      if (LazyValue.is(value) || this.composed.has(slot) || this.isResource(slot)) return true;
      // A revoked Proxy throws when it is asked whether it is a list.
      return !types.isProxy(value) && Array.isArray(value);
    });
  }

  private isResource(slot: number): boolean {
    return this.execution.plan.resources.some((resource) => resource.slot === slot);
  }

  /** Reads what some arguments still have in the store. */
  async load(args: readonly Argument[]): Promise<void> {
    for (const { slot } of args) {
      const value = this.execution.values[slot];
      if (LazyValue.is(value)) await this.loadWhole(slot, value);
      else if (this.isMapped(slot) && Array.isArray(value)) await this.loadElements(slot, value);
      this.lookAtComposed(slot);
    }
    // What a resource is built from is needed when it is built.
    const { resources } = this.execution.plan;
    for (const { slot } of args) {
      const resource = resources.find((r) => r.slot === slot);
      if (resource !== undefined) await this.load(resource.arguments);
    }
  }

  private async loadWhole(slot: number, { key, ref }: LazyValue): Promise<void> {
    const [entry] = await this.session.read([key]);
    if (entry === undefined) {
      await this.computeAfterAll(slot);
      return;
    }
    // Another process may have written another value over it since its content was read.
    if (entry.digest !== ref.digest) this.replace(slot, undefined);
    this.execution.values[slot] = entry.decoded;
    if (entry.isComposed) this.composed.add(slot);
  }

  /** Notes that the value in a slot was read, and may have come from several entries. */
  noteRead(slot: number, found: EntryMeta | Found): void {
    if ("isComposed" in found && found.isComposed) this.composed.add(slot);
  }

  /** A value that was read from several entries gets the content that it has now, before it is compared with that. */
  private lookAtComposed(slot: number): void {
    if (!this.composed.delete(slot) || this.changes.has(slot)) return;
    if (this.hasChanged(slot)) this.replace(slot, undefined);
  }

  /** A node that does not depend on its arguments alone may give another value than the one that was known. */
  private async computeAfterAll(slot: number): Promise<void> {
    const before = this.bySlot[slot];
    await this.revive(slot);
    const now = this.bySlot[slot];
    // Without a new content, the value has none, or is not cached.
    if (now === before) this.replace(slot, undefined);
    else if (now?.digest !== before?.digest) this.replace(slot, now, this.lazyElements[slot]);
  }

  private replace(slot: number, ref: ContentRef | undefined, elements?: readonly ContentRef[]): void {
    this.replaced++;
    this.bySlot[slot] = ref;
    this.lazyElements[slot] = elements;
    this.byPath.delete(slot);
    // They may be built from it.
    for (const resource of this.execution.plan.resources) this.bySlot[resource.slot] = undefined;
  }

  /** @param wanted which of a mapped node's values are needed; undefined: all. */
  private async loadElements(slot: number, list: unknown[], wanted?: readonly number[]): Promise<void> {
    const indices = (wanted ?? [...list.keys()]).filter((i) => LazyValue.is(list[i]));
    if (indices.length === 0) return;
    // While they are read, another step may load the same elements.
    const lazy = indices.map((i) => list[i] as LazyValue);
    const entries = await this.session.read(lazy.map(({ key }) => key));
    if (entries.includes(undefined)) {
      await this.computeAfterAll(slot);
      return;
    }
    const isOther = lazy.some(({ ref }, n) => ref.digest !== entries[n]!.digest);
    for (const [n, i] of indices.entries()) list[i] = entries[n]!.decoded;
    if (isOther) this.replace(slot, undefined);
    if (entries.some((entry) => entry!.isComposed)) this.composed.add(slot);
    this.execution.listChanged(list);
  }

  /** The values of some elements of a list, loaded from the store where they are lazy. */
  async elementValues(argument: Argument, indices: readonly number[]): Promise<unknown[]> {
    const { slot } = argument;
    const value = this.execution.values[slot];
    if (argument.path === undefined && Array.isArray(value) && this.isMapped(slot))
      await this.loadElements(slot, value, indices);
    else await this.load([argument]);
    this.lookAtComposed(slot);
    const list = this.execution.listAt(argument)!;
    return indices.map((i) => list[i]);
  }
}

/**
 * Tells if a path leads through plain records and lists: what an instance of a class gives as a member is decided by the code of the
 * class, which is no part of its content.
 */
function isOfData(whole: unknown, path: readonly string[]): boolean {
  let value = whole;
  for (const key of path) {
    if (value === undefined || value === null || CollectedError.is(value)) return true;
    if (typeof value === "object" && !isPlain(value)) return false;
    if (!Object.hasOwn(value, key)) return false;
    value = (value as Record<string, unknown>)[key];
  }
  return true;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === (Array.isArray(value) ? Array.prototype : Object.prototype);
}

/** The index of the first value that differs from its content; -1: none. */
export function changedElement(values: readonly unknown[], refs: readonly ContentRef[]): number {
  return values.findIndex((value, i) => {
    if (typeof value !== "object" || value === null || CollectedError.is(value)) return false;
    try {
      return contentRef(value).digest !== refs[i]!.digest;
    } catch {
      // Its content could be read before, and can't be read any more.
      return true;
    }
  });
}
