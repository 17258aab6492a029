import { elementKey, mapKey } from "../../cache/cache-keys.js";
import { type ContentRef, listContent } from "../../cache/content-ref.js";
import { keyComponents } from "../../cache/model-codes.js";
import { joinKeys } from "../../cache/session.js";
import { NodeError } from "../../errors.js";
import type { Argument, Step } from "../../graph/plan.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { decode, encode } from "../../values/codec.js";
import { type ElementSelection, mapEndCounts } from "../elements/element-selection.js";
import { MapElements } from "../elements/elements.js";
import type { List } from "../elements/lists.js";
import type { ElementsExecutor, MapExecutor, RunningElements } from "../executor.js";
import { CollectedError } from "../failures/collected.js";
import { withRun } from "../lifecycle/current-run.js";
import { now } from "../lifecycle/events.js";
import { emitHit, emitMiss } from "./cache-events.js";
import type { CachingExecutor } from "./caching-executor.js";
import { changedElement } from "./slot-digests.js";

/** The number of elements that are looked up at once. */
const LOOKUP_BATCH = 4096;

/** A map of which it is known what has to be computed. */
interface MapLookup {
  /** The key of the list as a whole; undefined if one that it is made from has no content. */
  readonly listKey: string | undefined;
  /** The number of values that were others than known before. */
  readonly replaced: number;
  /** By index. */
  readonly keys: readonly string[];
  /** The contents of the elements of its lists. */
  readonly elements: MapElements;
  readonly results: unknown[];
  readonly refs: (ContentRef | undefined)[];
  /** The indices of what has to be computed, each content once; and of what equals it. */
  readonly missing: readonly number[];
  readonly equals: ReadonlyMap<number, readonly number[]>;
  /** The number of those that are missing, and are not computed: an error stands in their place. */
  readonly carried: number;
}

/** Runs the mapped steps of an execution with a cache. Only elements without an entry are computed, inline or in threads. */
export class CachingMapExecutor implements MapExecutor {
  readonly active = 0;
  private readonly runs = new Set<RunningElements>();

  constructor(
    private readonly cached: CachingExecutor,
    private readonly elements: ElementsExecutor,
  ) {}

  start(step: Step): void {
    const { execution } = this.cached;
    execution.whenSettled(
      this.compute(step, false),
      () => execution.complete(step, execution.values[step.slot]),
      (error) => execution.fail(error),
    );
  }

  flushHeld(): boolean {
    return false;
  }

  close(error: unknown): void {
    for (const run of this.runs) run.close(error);
  }

  /**
   * Gives a mapped step its values, or lazy ones.
   *
   * @param isForced true if the entry of the whole list, or of some elements, can't be used.
   */
  async compute(step: Step, isForced: boolean): Promise<void> {
    const { cached } = this;
    const { execution, digests: contents } = cached;
    const { lists } = step.map!;
    const missing = execution.collectedIn(lists);
    if (missing !== undefined) {
      execution.values[step.slot] = missing;
      return;
    }
    const known = execution.collectedBefore(step) === undefined ? await this.known(step, isForced) : undefined;
    if (known === "list") return;
    await contents.load(step.arguments);
    if (known !== undefined && known.missing.length > 0) {
      for (const list of lists) await this.loadMissing(list, known, step.map!.product);
      if (!(await this.isCurrent(step, known))) {
        const account = cached.log.of(step);
        account.computed -= known.missing.length - known.carried;
        account.cached -= known.keys.length - known.missing.length;
        await this.compute(step, isForced);
        return;
      }
    }
    if (known === undefined) {
      await contents.load(lists);
      const taken = execution.listsOf(
        step,
        lists.map((list) => execution.read(list)),
      );
      const isCarried = this.carriedIn(step, new MapElements(taken, step.map!.product, undefined));
      const values = await this.run(step, taken);
      execution.values[step.slot] = values;
      cached.log.of(step).computed += values.reduce<number>((count, _, i) => (isCarried(i) ? count : count + 1), 0);
      return;
    }
    if (known.missing.length > 0) await this.runMissing(step, known);
    else this.emitAllCached(step, known);
    this.finish(step, known);
  }

  /** @returns undefined if the step is not cached; `"list"` if the list as a whole was found. */
  private async known(step: Step, isForced: boolean): Promise<MapLookup | "list" | undefined> {
    const { cached } = this;
    const { execution, digests: contents } = cached;
    if (!cached.isCacheable(step)) return undefined;
    const { lists, product } = step.map!;
    const { codes } = cached;
    const { code } = codes.steps[step.index]!;
    let counted: readonly string[];
    let listKey: string | undefined;
    const refs: (readonly ContentRef[])[] = [];
    const { replaced } = contents;
    try {
      const shared = await contents.digestsOf(step.arguments);
      const wholes = await contents.wholesOf(lists);
      cached.log.recordInputs(step, wholes, shared);
      counted = keyComponents(codes, shared);
      listKey = wholes && mapKey(code, product, counted, keyComponents(codes, wholes));
      // A listener receives an event of each element.
      const mayBeWhole = !isForced && execution.run.emit === undefined && !this.hasCollected(step);
      if (mayBeWhole && listKey !== undefined && (await this.findList(step, listKey))) return "list";
      for (const list of lists) {
        const elements = await contents.elementsOf(list);
        // A value that is not a list is reported when the step runs.
        if (elements === undefined) return undefined;
        refs.push(elements);
      }
    } catch (error) {
      cached.onUncacheable(step, error);
      return undefined;
    }
    // Lists of different lengths are reported as without a cache.
    execution.listsOf(step, refs);
    const elements = new MapElements(refs, product, undefined);
    const keys = Array.from({ length: elements.length }, (_, i) =>
      elementKey(code, counted, keyComponents(codes, elements.inputs(i) as ContentRef[])),
    );
    return {
      listKey,
      replaced,
      keys,
      elements,
      ...(await this.find(step, keys, isForced, this.carriedIn(step, elements))),
    };
  }

  /** Tells if a list that a step maps over has collected errors in it. */
  private hasCollected(step: Step): boolean {
    const { execution } = this.cached;
    if (!execution.plan.collectsErrors) return false;
    return step.map!.lists.some((list) => Array.from(execution.listAt(list) ?? []).some(CollectedError.is));
  }

  /** Returns a test for elements with a collected error: they are not looked up, since the error is passed on in their place. */
  private carriedIn(step: Step, refs: MapElements): (element: number) => boolean {
    if (!this.hasCollected(step)) return () => false;
    const { execution } = this.cached;
    const { lists, product } = step.map!;
    // A list that was found in the store and is not read yet has no errors.
    const values = lists.map((list, i) => execution.listAt(list) ?? refs.lists[i]!);
    const elements = new MapElements(values, product, undefined);
    return (element) => elements.inputs(element).some(CollectedError.is);
  }

  /** The list as a whole: one look for all its elements. */
  private async findList(step: Step, key: string): Promise<boolean> {
    const { execution, digests: contents } = this.cached;
    const [entry] = await this.cached.resolve(step, [key], this.cached.isOutput(step.slot));
    if (entry === undefined) return false;
    execution.values[step.slot] = entry.value;
    contents.set(step, entry.head);
    contents.noteRead(step.slot, entry.head);
    this.cached.setKey(step, key);
    this.cached.log.of(step).cached++;
    return true;
  }

  /** Looks elements up by their keys, and counts them. */
  async find(
    step: Step,
    keys: readonly string[],
    isForced: boolean,
    isCarried: (element: number) => boolean = () => false,
  ): Promise<Omit<MapLookup, "keys" | "listKey" | "replaced" | "elements">> {
    const { execution } = this.cached;
    const isWanted = isForced || this.cached.isOutput(step.slot);
    const results: unknown[] = new Array(keys.length);
    const refs: (ContentRef | undefined)[] = new Array(keys.length);
    const missing: number[] = [];
    const equals = new Map<number, number[]>();
    const firsts = new Map<string, number>();
    let carried = 0;
    for (let from = 0; from < keys.length; from += LOOKUP_BATCH) {
      const part = keys.slice(from, from + LOOKUP_BATCH);
      const entries = await this.cached.resolve(step, part, isWanted);
      for (let i = 0; i < part.length; i++) {
        const index = from + i;
        const key = part[i]!;
        if (isCarried(index)) {
          carried++;
          missing.push(index);
          continue;
        }
        const entry = entries[i];
        if (entry !== undefined) {
          results[index] = entry.value;
          refs[index] = entry.head;
          this.cached.digests.noteRead(step.slot, entry.head);
          emitHit(execution, step, index, key, entry.head.bytes);
          continue;
        }
        const first = firsts.get(key);
        if (first !== undefined) {
          getOrCreate(equals, first, () => [] as number[]).push(index);
          continue;
        }
        firsts.set(key, index);
        missing.push(index);
        emitMiss(execution, step, index, key);
      }
    }
    const account = this.cached.log.of(step);
    account.computed += missing.length - carried;
    account.cached += keys.length - missing.length;
    return { results, refs, missing, equals, carried };
  }

  /** The values of a list that the missing elements take. */
  private async loadMissing(list: Argument, { missing }: MapLookup, product: boolean): Promise<List> {
    const { digests: contents, execution } = this.cached;
    if (!product) return contents.elementValues(list, missing);
    await contents.load([list]);
    return execution.listAt(list)!;
  }

  /** False if what a map takes is not what its keys are made of: a value was read, or computed after all, and is another one. */
  private async isCurrent(step: Step, { listKey, replaced }: MapLookup): Promise<boolean> {
    const { digests: contents, codes } = this.cached;
    if (contents.replaced === replaced) return true;
    try {
      const { lists, product } = step.map!;
      const shared = keyComponents(codes, await contents.digestsOf(step.arguments));
      const wholes = keyComponents(codes, await contents.digestsOf(lists));
      return mapKey(codes.steps[step.index]!.code, product, shared, wholes) === listKey;
    } catch {
      return false;
    }
  }

  private async runMissing(step: Step, known: MapLookup): Promise<void> {
    const { cached } = this;
    const { execution } = cached;
    const { lists, product } = step.map!;
    const { missing, equals, keys, results, refs } = known;
    const again = new Set<number>();
    const missingLists: List[] = [];
    for (const list of lists) missingLists.push(await this.loadMissing(list, known, product));
    const taken = new MapElements(missingLists, product, { first: 0, count: missing.length, indices: missing });
    // In a worker, copies are changed.
    const isHere = execution.isInProcess(step);
    const stored: number[] = [];
    const selection: ElementSelection & { lists: readonly List[] } = {
      first: 0,
      count: missing.length,
      indices: missing,
      of: keys.length,
      equal: [...equals.values()].reduce((sum, { length }) => sum + length, 0),
      lists: missingLists,
      computed: (position, value) => {
        const index = missing[position]!;
        const changed = isHere
          ? changedElement(taken.inputs(position), known.elements.inputs(index) as ContentRef[])
          : -1;
        if (changed >= 0) cached.emitChange(step, lists[changed]!.slot);
        const ref = changed < 0 ? cached.store(step, keys[index], value, index) : undefined;
        if (ref !== undefined) stored.push(index);
        results[index] = value;
        refs[index] = ref;
        const same = equals.get(index);
        if (same === undefined) return;
        // What has changed its element changes each that equals it.
        const copies = changed < 0 ? this.copiesFor(step, value, index, same, ref !== undefined) : undefined;
        if (copies === undefined) for (const other of same) again.add(other);
        for (const [i, other] of same.entries()) {
          results[other] = copies?.[i];
          refs[other] = ref;
        }
      },
    };
    try {
      await this.run(step, missingLists, selection);
    } finally {
      // Which elements came after the change is not known.
      if (isHere && missing.length > 0 && cached.onChange(step)) {
        for (const index of stored) {
          cached.session.forget(keys[index]!, cached.ownerOf(step));
          for (const each of [index, ...(equals.get(index) ?? [])]) refs[each] = undefined;
        }
        for (const same of equals.values()) for (const other of same) again.add(other);
      }
    }
    if (again.size === 0) return;
    const account = cached.log.of(step);
    account.computed += again.size;
    account.cached -= again.size;
    await this.runMissing(step, { ...known, missing: [...again].sort((a, b) => a - b), equals: new Map() });
  }

  /**
   * The values of elements that equal one that was computed. Each is a value of its own: a node may write into one of them.
   *
   * @returns undefined if the value can't be copied: then each is computed.
   */
  private copiesFor(
    step: Step,
    value: unknown,
    computed: number,
    same: readonly number[],
    isSerialisable: boolean,
  ): unknown[] | undefined {
    if (CollectedError.is(value)) return same.map((element) => this.relabelError(step, value, computed, element));
    if ((typeof value !== "object" || value === null) && typeof value !== "function") return same.map(() => value);
    if (!isSerialisable) return undefined;
    const bytes = encode(value, { unchecked: true });
    return same.map(() => decode(bytes));
  }

  /** The error of an element that equals one that has failed names itself. One that was carried keeps its place. */
  private relabelError(step: Step, value: unknown, failed: number, element: number): unknown {
    const { execution } = this.cached;
    const place = execution.pathOf(step, failed);
    if (!CollectedError.is(value) || !value.error.where.startsWith(place)) return value;
    const { code, problem, advice, cause, node, attempts } = value.error;
    const where = execution.pathOf(step, element) + value.error.where.slice(place.length);
    return new CollectedError(new NodeError({ code, where, problem, advice, cause, node, element, attempts }));
  }

  /** Maps over lists, here or in threads. It ends early if the execution does. */
  private run(
    step: Step,
    lists: readonly List[],
    selection?: ElementSelection & { lists: readonly List[] },
  ): Promise<unknown[]> {
    const { execution } = this.cached;
    const { currentRun: current, program, scope } = execution;
    if (scope.stopped) return Promise.reject(scope.reason);
    return new Promise((resolve, reject) => {
      const ends = (results: unknown[] | undefined) => {
        stop();
        this.runs.delete(closing);
        resolve(results ?? []);
      };
      let run: RunningElements | undefined;
      let failure: { readonly error: unknown } | undefined;
      const closing = {
        close: (error: unknown) => {
          failure = { error };
          stop();
          this.runs.delete(closing);
          run?.close(error);
          reject(error);
        },
      };
      const stop = scope.onStop(() => closing.close(scope.reason));
      this.runs.add(closing);
      try {
        withRun(current, program.hasAsyncMethod, () => {
          run = this.elements.runElements(step, lists, selection, ends, (error) => closing.close(error));
          // The first call may have failed already.
          if (failure !== undefined) run?.close(failure.error);
        });
      } catch (error) {
        closing.close(error);
      }
    });
  }

  private emitAllCached(step: Step, { keys }: MapLookup): void {
    const { execution } = this.cached;
    const at = now();
    execution.emitMapEvent(step, { phase: "start", elements: keys.length });
    const known = mapEndCounts(0, 0, { of: keys.length, equal: 0 });
    execution.emitMapEvent(step, { phase: "end", ...known, durationMs: now() - at });
  }

  /** Stores the list as a whole, too: the keys of its elements. */
  private finish(step: Step, { listKey, keys, results, refs }: MapLookup): void {
    const { cached } = this;
    const { execution, digests: contents } = cached;
    execution.values[step.slot] = results;
    if (refs.includes(undefined)) return;
    const elements = refs as ContentRef[];
    const ref = listContent(elements);
    contents.set(step, ref, elements);
    if (listKey === undefined) return;
    cached.setKey(step, listKey);
    cached.entries.add(step, {
      key: listKey,
      owner: cached.ownerOf(step),
      kind: "list",
      value: joinKeys(keys),
      ...ref,
    });
  }
}
