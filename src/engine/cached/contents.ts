import { type Codes, countOf, refFrom, refOf } from "../../cache/codes.js";
import { Facts } from "../../cache/facts.js";
import { keyOf, listRef, type Ref } from "../../cache/keys.js";
import type { CacheSession } from "../../cache/session.js";
import { ValueError } from "../../errors.js";
import { type Argument, argumentKey, type Step } from "../../graph/plan.js";
import type { Content } from "../../values/content.js";
import { contentsOf } from "../../values/digest.js";
import type { Execution } from "../execution.js";
import { Stored } from "./stored.js";

/** What is known of the values in an execution's slots by their content, and the reading of those that are in the store. */
export class Contents {
  private readonly facts: Facts;
  /** By slot. */
  private readonly wholes: (Ref | undefined)[] = [];
  private readonly elements: (readonly Ref[] | undefined)[] = [];
  /** By slot, the contents of a list's elements, which are there when they are asked for. */
  private readonly later: (() => readonly Content[])[] = [];
  private readonly parts = new Map<string, Ref>();

  /** @param revive computes a slot's value that was said to be in the store, and is not. */
  constructor(
    private readonly execution: Execution,
    private readonly session: CacheSession,
    private readonly codes: Codes,
    private readonly revive: (slot: number) => Promise<void>,
  ) {
    this.facts = new Facts(session);
  }

  /** What is known of the value that a step has made, or that stands for it. */
  set(step: Step, { digest, models }: Ref, elements?: readonly Ref[]): void {
    const whole: Ref = { digest, models };
    this.wholes[step.slot] = whole;
    this.elements[step.slot] = elements;
    if (elements !== undefined && this.isMappedOver(step.slot)) this.facts.keepElements(whole, elements);
  }

  /** @throws {ValueError} if a value has no content. */
  async refsOf(args: readonly Argument[]): Promise<Ref[]> {
    const refs: Ref[] = [];
    for (const argument of args) refs.push(await this.refOf(argument));
    return refs;
  }

  private async refOf(argument: Argument): Promise<Ref> {
    return argument.path === undefined ? this.wholeOf(argument.slot) : this.partOf(argument, argument.path);
  }

  private async wholeOf(slot: number): Promise<Ref> {
    const known = this.wholes[slot] ?? (await this.resourceRef(slot));
    if (known !== undefined) return known;
    const value = this.execution.values[slot];
    if (this.isMapped(slot)) {
      await this.elementsOf({ slot, path: undefined });
      // An error may stand in the list's place.
      return this.wholes[slot] ?? refOf(value);
    }
    let ref: Ref;
    if (Array.isArray(value) && this.isMappedOver(slot)) {
      const { list, elements } = contentsOf(value);
      ref = refFrom(list);
      this.later[slot] = elements;
    } else ref = refOf(value);
    this.wholes[slot] = ref;
    return ref;
  }

  /** A resource is what its code and what it is built from make it. */
  private async resourceRef(slot: number): Promise<Ref | undefined> {
    const { resources } = this.execution.plan;
    const index = resources.findIndex((resource) => resource.slot === slot);
    if (index < 0) return undefined;
    const code = this.codes.resources[index]!;
    const counts = (await this.refsOf(resources[index]!.arguments)).map(countOf);
    this.wholes[slot] = { digest: keyOf("resource", code, ...counts), models: "" };
    return this.wholes[slot];
  }

  private async partOf({ slot, path }: Argument, way: readonly string[]): Promise<Ref> {
    const name = argumentKey({ slot, path });
    const known = this.parts.get(name);
    if (known !== undefined) return known;
    const whole = this.isComputed(slot) ? await this.wholeOf(slot) : undefined;
    let part = whole && (await this.facts.part(whole, way));
    if (part === undefined) {
      await this.load([{ slot, path }]);
      part = refOf(this.execution.read({ slot, path }));
      if (whole !== undefined) this.facts.keepPart(whole, way, part);
    }
    this.parts.set(name, part);
    return part;
  }

  /**
   * The contents of a list's elements; undefined if it is no list.
   *
   * @throws {ValueError} if an element has no content.
   */
  async elementsOf(argument: Argument): Promise<readonly Ref[] | undefined> {
    const { slot, path } = argument;
    if (path === undefined && this.elements[slot] !== undefined) return this.elements[slot];
    const isKnown = path === undefined && this.isComputed(slot) && this.wholes[slot] !== undefined;
    const known = isKnown ? await this.facts.elements(this.wholes[slot]!) : undefined;
    if (known !== undefined) {
      this.elements[slot] = known;
      return known;
    }
    await this.load([argument]);
    const list = this.execution.listAt(argument);
    if (list === undefined) return undefined;
    if (!Array.isArray(list)) return Array.from(list, refOf);
    const later = path === undefined ? this.later[slot] : undefined;
    const refs = (later ?? contentsOf(list).elements)().map(refFrom);
    if (path !== undefined) return refs;
    this.elements[slot] = refs;
    if (this.isMapped(slot)) this.wholes[slot] ??= listRef(refs);
    if (this.isComputed(slot)) this.facts.keepElements(await this.wholeOf(slot), refs);
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

  /** Reads what some arguments still have in the store. */
  async load(args: readonly Argument[]): Promise<void> {
    for (const { slot } of args) {
      const value = this.execution.values[slot];
      if (value instanceof Stored) await this.loadWhole(slot, value);
      else if (Array.isArray(value) && this.isMapped(slot)) await this.loadElements(slot, value);
    }
    // What a resource is built from is needed when it is built.
    const { resources } = this.execution.plan;
    for (const { slot } of args) {
      const resource = resources.find((r) => r.slot === slot);
      if (resource !== undefined) await this.load(resource.arguments);
    }
  }

  private async loadWhole(slot: number, { key }: Stored): Promise<void> {
    const [found] = await this.session.read([key]);
    if (found === undefined) await this.revive(slot);
    else this.execution.values[slot] = found.decoded;
  }

  /** @param wanted which of a mapped node's values are needed; undefined: all. */
  private async loadElements(slot: number, list: unknown[], wanted?: readonly number[]): Promise<void> {
    const indices = (wanted ?? [...list.keys()]).filter((i) => list[i] instanceof Stored);
    if (indices.length === 0) return;
    const found = await this.session.read(indices.map((i) => (list[i] as Stored).key));
    if (found.includes(undefined)) {
      await this.revive(slot);
      return;
    }
    for (const [n, i] of indices.entries()) list[i] = found[n]!.decoded;
  }

  /** What some elements of a list are, read where they are in the store. */
  async elementValues(argument: Argument, indices: readonly number[]): Promise<unknown[]> {
    const { slot } = argument;
    const value = this.execution.values[slot];
    if (argument.path === undefined && Array.isArray(value) && this.isMapped(slot))
      await this.loadElements(slot, value, indices);
    else await this.load([argument]);
    const list = this.execution.listAt(argument)!;
    return indices.map((i) => list[i]);
  }
}

/** Whether an error says that a value has no content. */
export function hasNoContent(error: unknown): error is ValueError {
  return error instanceof ValueError && error.code === "UNSERIALISABLE";
}
