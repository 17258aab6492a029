import { countOf } from "../../cache/codes.js";
import { keyOf, listRef, type Ref } from "../../cache/keys.js";
import { joinKeys } from "../../cache/session.js";
import { NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { remembered } from "../../graph/remembered.js";
import { decode, encode } from "../../values/codec.js";
import { Chain } from "../chain.js";
import { CollectedError } from "../collected.js";
import { within } from "../current-run.js";
import { Elements } from "../elements.js";
import { MapElsewhere } from "../elsewhere.js";
import { now } from "../events.js";
import type { List } from "../lists.js";
import { counts, MapRun, type Selection } from "../map-run.js";
import type { Maps } from "../maps-here.js";
import { FusedMaps } from "../threads/fused-maps.js";
import type { CachedExecution } from "./cached-execution.js";
import { changedElement } from "./contents.js";
import { tellFound, tellMissed } from "./happenings.js";

/** How many elements are looked up at once. */
const AT_ONCE = 4096;

/** The key of an element's entry: the same for one of a list and one of a stream. */
export function elementKey(code: string, shared: readonly string[], elements: readonly Ref[]): string {
  return keyOf("element", code, ...shared, "over", ...elements.map(countOf));
}

/** A map of which it is known what has to be computed. */
interface Known {
  /** The key of the list as a whole. */
  readonly listKey: string;
  /** By index. */
  readonly keys: readonly string[];
  /** What is known of the elements of its lists. */
  readonly elements: Elements;
  readonly results: unknown[];
  readonly refs: (Ref | undefined)[];
  /** The indices of what has to be computed, each content once; and of what equals it. */
  readonly missing: readonly number[];
  readonly equals: ReadonlyMap<number, readonly number[]>;
}

/** The mapped steps of an execution that remembers. Only the elements that are not known are computed, here or in threads. */
export class CachedMaps implements Maps {
  readonly underWay = 0;
  private readonly runs = new Set<{ close(error: unknown): void }>();

  constructor(private readonly cached: CachedExecution) {}

  begin(step: Step): void {
    const { execution } = this.cached;
    execution.later(
      this.compute(step, false),
      () => {
        execution.end(step, execution.values[step.slot]);
        for (const index of step.map!.followers)
          if (execution.turns.lacksOneLess(index)) execution.turns.makeReady(index);
      },
      (error) => execution.fail(error),
    );
  }

  beginHeld(): boolean {
    return false;
  }

  close(error: unknown): void {
    for (const run of this.runs) run.close(error);
  }

  /**
   * Gives a mapped step its values, or what stands for them.
   *
   * @param anew the entry of the whole list, or of some elements, is not what it was said to be.
   */
  async compute(step: Step, anew: boolean): Promise<void> {
    const { cached } = this;
    const { execution, contents } = cached;
    const { lists } = step.map!;
    const missing = execution.collectedIn(lists);
    if (missing !== undefined) {
      execution.values[step.slot] = missing;
      return;
    }
    const known = execution.collectedBefore(step) === undefined ? await this.known(step, anew) : undefined;
    if (known === "list") return;
    await contents.load(step.arguments);
    if (known === undefined) {
      await contents.load(lists);
      const values = await this.run(
        step,
        execution.listsOf(
          step,
          lists.map((list) => execution.read(list)),
        ),
      );
      execution.values[step.slot] = values;
      cached.account.of(step).computed += values.length;
      return;
    }
    if (known.missing.length > 0) await this.runMissing(step, known);
    else this.tellAllKnown(step, known);
    this.finish(step, known);
  }

  /** @returns undefined if it is not remembered; `"list"` if the list as a whole is. */
  private async known(step: Step, anew: boolean): Promise<Known | "list" | undefined> {
    const { cached } = this;
    const { execution, contents } = cached;
    if (!cached.isKept(step)) return undefined;
    const { lists, product } = step.map!;
    const { code } = cached.codes.steps[step.index]!;
    let counted: readonly string[];
    let listKey: string;
    const refs: (readonly Ref[])[] = [];
    try {
      const shared = await contents.refsOf(step.arguments);
      const wholes = await contents.refsOf(lists);
      cached.account.took(step, wholes, shared);
      counted = shared.map(countOf);
      listKey = keyOf("map", code, product ? "product" : "zip", ...counted, "over", ...wholes.map(countOf));
      // Whoever observes hears of each element.
      const mayBeWhole = !anew && execution.run.tell === undefined && !this.hasCollected(step);
      if (mayBeWhole && (await this.findList(step, listKey))) return "list";
      for (const list of lists) {
        const elements = await contents.elementsOf(list);
        // What is no list is told of when it is run.
        if (elements === undefined) return undefined;
        refs.push(elements);
      }
    } catch (error) {
      cached.cantKeep(step, error);
      return undefined;
    }
    // What does not fit is told of as ever.
    execution.listsOf(step, refs);
    const elements = new Elements(refs, product, undefined);
    const keys = Array.from({ length: elements.length }, (_, i) => elementKey(code, counted, elements.at(i) as Ref[]));
    return { listKey, keys, elements, ...(await this.find(step, keys, anew)) };
  }

  /** Whether a list that a step maps over has collected errors in it. */
  private hasCollected(step: Step): boolean {
    const { execution } = this.cached;
    if (!execution.plan.collects) return false;
    return step.map!.lists.some((list) => Array.from(execution.listAt(list) ?? []).some(CollectedError.is));
  }

  /** Which elements bring a collected error: they are not looked up, since the error goes on in their place. */
  private carriedIn(step: Step): (element: number) => boolean {
    if (!this.hasCollected(step)) return () => false;
    const { execution } = this.cached;
    const { lists, product } = step.map!;
    const values = lists.map((list) => execution.listAt(list)!);
    const elements = new Elements(values, product, undefined);
    return (element) => elements.at(element).some(CollectedError.is);
  }

  /** The list as a whole: one look for all its elements. */
  private async findList(step: Step, key: string): Promise<boolean> {
    const { execution, contents } = this.cached;
    const [found] = await this.cached.look([key], this.cached.isWanted(step.slot));
    if (found === undefined) return false;
    execution.values[step.slot] = found.value;
    contents.set(step, found.head);
    this.cached.setKey(step, key);
    this.cached.account.of(step).cached++;
    return true;
  }

  /** Looks elements up by their keys, and counts them. */
  async find(
    step: Step,
    keys: readonly string[],
    anew: boolean,
  ): Promise<Omit<Known, "keys" | "listKey" | "elements">> {
    const { execution } = this.cached;
    const isWanted = anew || this.cached.isWanted(step.slot);
    const results: unknown[] = new Array(keys.length);
    const refs: (Ref | undefined)[] = new Array(keys.length);
    const missing: number[] = [];
    const equals = new Map<number, number[]>();
    const firsts = new Map<string, number>();
    const isCarried = this.carriedIn(step);
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      const part = keys.slice(from, from + AT_ONCE);
      const found = await this.cached.look(part, isWanted);
      for (let i = 0; i < part.length; i++) {
        const index = from + i;
        const key = part[i]!;
        if (isCarried(index)) {
          missing.push(index);
          continue;
        }
        const entry = found[i];
        if (entry !== undefined) {
          results[index] = entry.value;
          refs[index] = entry.head;
          tellFound(execution, step, index, key, entry.head.bytes);
          continue;
        }
        const first = firsts.get(key);
        if (first !== undefined) {
          remembered(equals, first, () => [] as number[]).push(index);
          continue;
        }
        firsts.set(key, index);
        missing.push(index);
        tellMissed(execution, step, index, key);
      }
    }
    const account = this.cached.account.of(step);
    account.computed += missing.length;
    account.cached += keys.length - missing.length;
    return { results, refs, missing, equals };
  }

  private async runMissing(step: Step, known: Known): Promise<void> {
    const { cached } = this;
    const { contents, execution } = cached;
    const { lists, product } = step.map!;
    const { missing, equals, keys, results, refs } = known;
    const again: number[] = [];
    const brought: List[] = [];
    for (const list of lists) {
      if (!product) brought.push(await contents.elementValues(list, missing));
      else {
        await contents.load([list]);
        brought.push(execution.listAt(list)!);
      }
    }
    const taken = new Elements(brought, product, { first: 0, count: missing.length, indices: missing });
    // Elsewhere it is copies that are changed.
    const isHere = !execution.mapsGoAway && !execution.isShared(step) && !execution.isElsewhere(step);
    const selection: Selection & { lists: readonly List[] } = {
      first: 0,
      count: missing.length,
      indices: missing,
      of: keys.length,
      equal: [...equals.values()].reduce((sum, { length }) => sum + length, 0),
      lists: brought,
      computed: (position, value) => {
        const index = missing[position]!;
        const changed = isHere ? changedElement(taken.at(position), known.elements.at(index) as Ref[]) : -1;
        if (changed >= 0) cached.tellChange(step, lists[changed]!.slot);
        const ref = changed < 0 ? cached.keep(step, keys[index], value, index) : undefined;
        results[index] = value;
        refs[index] = ref;
        const same = equals.get(index);
        if (same === undefined) return;
        const copies = this.copiesFor(step, value, index, same, ref !== undefined);
        if (copies === undefined) again.push(...same);
        for (const [i, other] of same.entries()) {
          results[other] = copies?.[i];
          refs[other] = ref;
        }
      },
    };
    await this.run(step, brought, selection);
    if (again.length > 0) await this.runMissing(step, { ...known, missing: again, equals: new Map() });
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
    canTravel: boolean,
  ): unknown[] | undefined {
    if (CollectedError.is(value)) return same.map((element) => this.ofElement(step, value, computed, element));
    if ((typeof value !== "object" || value === null) && typeof value !== "function") return same.map(() => value);
    if (!canTravel) return undefined;
    const bytes = encode(value, { unchecked: true });
    return same.map(() => decode(bytes));
  }

  /** The error of an element that equals one that has failed names itself. One that was carried keeps its place. */
  private ofElement(step: Step, value: unknown, failed: number, element: number): unknown {
    const { execution } = this.cached;
    const place = execution.placeOf(step, failed);
    if (!CollectedError.is(value) || !value.error.where.startsWith(place)) return value;
    const { code, problem, advice, cause, node, attempts } = value.error;
    const where = execution.placeOf(step, element) + value.error.where.slice(place.length);
    return new CollectedError(new NodeError({ code, where, problem, advice, cause, node, element, attempts }));
  }

  /** Maps over lists, here or in threads. It ends early if the execution does. */
  private run(
    step: Step,
    lists: readonly List[],
    selection?: Selection & { lists: readonly List[] },
  ): Promise<unknown[]> {
    const { execution } = this.cached;
    const { current, program, scope } = execution;
    return new Promise((resolve, reject) => {
      const ends = (results: unknown[] | undefined) => {
        stop();
        this.runs.delete(closing);
        resolve(results ?? []);
      };
      let run: { close(error: unknown): void } | undefined;
      const closing = {
        close: (error: unknown) => {
          stop();
          this.runs.delete(closing);
          run?.close(error);
          reject(error);
        },
      };
      const stop = scope.onStop(() => closing.close(scope.reason));
      this.runs.add(closing);
      try {
        within(current, program.anyAsync, () => {
          if (execution.isElsewhere(step)) {
            new MapElsewhere(execution, step, lists, selection).run().then(ends, (error) => closing.close(error));
          } else if (execution.mapsGoAway || execution.isShared(step)) {
            const away = new FusedMaps(execution, [step], (_, results) => ends(results), selection);
            run = away;
            away.start();
          } else {
            const chain = new Chain(execution);
            const here = new MapRun(execution, step, lists, [], ends, selection);
            run = here;
            chain.add(here);
            chain.pump();
          }
        });
      } catch (error) {
        closing.close(error);
      }
    });
  }

  private tellAllKnown(step: Step, { keys }: Known): void {
    const { execution } = this.cached;
    const at = now();
    execution.tellMap(step, { phase: "start", elements: keys.length });
    const known = counts(0, 0, { of: keys.length, equal: 0 });
    execution.tellMap(step, { phase: "end", ...known, durationMs: now() - at });
  }

  /** The list as a whole is remembered, too: by the keys of its elements. */
  private finish(step: Step, { listKey, keys, results, refs }: Known): void {
    const { cached } = this;
    const { execution, contents, session } = cached;
    execution.values[step.slot] = results;
    if (refs.includes(undefined)) return;
    const elements = refs as Ref[];
    const ref = listRef(elements);
    contents.set(step, ref, elements);
    cached.setKey(step, listKey);
    session.add({ key: listKey, owner: cached.ownerOf(step), kind: "list", value: joinKeys(keys), ...ref });
  }
}
