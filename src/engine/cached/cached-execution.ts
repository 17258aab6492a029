import { type Codes, codesOf, countOf, refOf } from "../../cache/codes.js";
import { keyOf, type Ref } from "../../cache/keys.js";
import type { CacheSession } from "../../cache/session.js";
import type { Head, Owner } from "../../cache/store.js";
import { ValueError } from "../../errors.js";
import type { Plan, Step } from "../../graph/plan.js";
import { remembered } from "../../graph/remembered.js";
import { describeChain, messageOf } from "../../util/describe.js";
import { CollectedError } from "../collected.js";
import { within } from "../current-run.js";
import type { Execution } from "../execution.js";
import { isPromise } from "../thenable.js";
import type { Account } from "./accounts.js";
import { CachedMaps, elementKey } from "./cached-maps.js";
import { type Changer, Contents, changedElement, NoContent } from "./contents.js";
import { tellFound, tellMissed, tellStored } from "./happenings.js";
import { Stored } from "./stored.js";
import { NotKnown } from "./unknown.js";

/** An entry that was found. */
interface Looked {
  readonly head: Head;
  readonly value: unknown;
}

/**
 * The remembering of one execution: before a step is computed it is looked up, by its code and the contents of what it
 * takes. What is found stays in the store until somebody needs the value itself.
 */
export class CachedExecution {
  readonly contents: Contents;
  readonly maps: CachedMaps;
  readonly account: Account;
  readonly codes: Codes;
  /** By slot, the keys of the entries that values are in. */
  private readonly keys: (string | undefined)[] = [];
  private readonly owners: Owner[] = [];
  /** By slot, the keys of the entries that this run has made. */
  private readonly made = new Map<number, string[]>();
  /** The nested pipelines in which an error was collected: a step's index, and an element. */
  private readonly failed = new Set<string>();
  /** The resources, by their index, that change what they are built from. */
  private readonly changing = new Set<number>();

  constructor(
    readonly execution: Execution,
    readonly session: CacheSession,
  ) {
    this.codes = codesOf(execution.program, execution.run);
    this.contents = new Contents(execution, session, this.codes, (slot) => this.revive(slot));
    this.maps = new CachedMaps(this);
    this.account = execution.run.accounts.begin(execution);
  }

  begin(step: Step): void {
    const { execution } = this;
    execution.later(
      this.lookUp(step),
      (found) => {
        if (found !== undefined) execution.end(step, (found as Looked).value);
        else this.begun(step);
      },
      (error) => execution.fail(error),
    );
  }

  private begun(step: Step): void {
    try {
      this.execution.settleStep(step, this.compute(step));
    } catch (error) {
      this.execution.fail(error);
    }
  }

  /** @returns the value, or what stands for it; undefined if it has to be computed: then what it takes is there. */
  private async lookUp(step: Step): Promise<Looked | undefined> {
    const key = await this.keyFor(step);
    if (key !== undefined) {
      const found = await this.find(step, key);
      if (found !== undefined) return found;
    }
    await this.contents.load(step.arguments);
    return undefined;
  }

  /** What is stored under a step's key: it is known then. */
  async find(step: Step, key: string): Promise<Looked | undefined> {
    const { execution } = this;
    const [found] = await this.look([key], this.isWanted(step.slot));
    if (found === undefined) {
      tellMissed(execution, step, undefined, key);
      return undefined;
    }
    tellFound(execution, step, undefined, key, found.head.bytes);
    this.account.of(step).cached++;
    this.contents.set(step, found.head);
    return found;
  }

  /** The entries of some keys: each with its value if that is wanted, else with what stands for it. */
  async look(keys: readonly string[], isWanted: boolean): Promise<(Looked | undefined)[]> {
    if (isWanted) return (await this.session.read(keys)).map((head) => head && { head, value: head.decoded });
    const heads = await this.session.heads(keys);
    return heads.map((head, i) => head && { head, value: new Stored(keys[i]!, head) });
  }

  /**
   * The key of a step's entry; undefined if it has none.
   *
   * @throws {NotKnown} if only a run can know what it takes.
   */
  async keyFor(step: Step): Promise<string | undefined> {
    if (!this.isKept(step)) return undefined;
    const { execution } = this;
    if (execution.collectedBefore(step) !== undefined) return undefined;
    try {
      const refs = await this.contents.refsOf(step.arguments);
      this.account.took(step, [], refs);
      this.keys[step.slot] = keyOf("node", this.codes.steps[step.index]!.code, ...refs.map(countOf));
      return this.keys[step.slot];
    } catch (error) {
      if (error instanceof NotKnown) {
        this.account.took(step, [], error.refs);
        throw error;
      }
      this.cantKeep(step, error);
      return undefined;
    }
  }

  /** Whether a step is remembered at all. What a nested pipeline remembers elsewhere, or not at all, is not remembered around it. */
  isKept(step: Step): boolean {
    const { execution } = this;
    const { isKept, problem } = this.codes.steps[step.index]!;
    if (problem !== undefined) this.isNotKept(step, problem);
    const child = execution.program.children[step.index];
    return isKept && (child === undefined || execution.settingsFor(step, child).cache === execution.settings.cache);
  }

  /** Whether the value itself is needed, whatever happens. */
  isWanted(slot: number): boolean {
    return this.execution.plan.outputs.some((output) => output.slot === slot);
  }

  private compute(step: Step): unknown {
    this.account.of(step).computed++;
    const value = this.execution.evaluate(step);
    const keep = (settled: unknown): unknown => {
      if (!this.sawChange(step)) this.keep(step, this.keys[step.slot], settled, undefined);
      return settled;
    };
    return isPromise(value) ? value.then(keep) : keep(value);
  }

  /** Whether something has changed what a step took: then its value is not that of its key, and the next run is to do the same. */
  private sawChange(step: Step): boolean {
    const { contents } = this;
    const changed = step.arguments.find(({ slot }) => contents.hasChanged(slot));
    if (changed !== undefined) this.tellChange(step, changed.slot);
    return changed !== undefined;
  }

  /** What is in a slot is no longer what was known of it: nothing is remembered that is made of it. */
  tellChange(step: Step, slot: number): void {
    const { contents, execution } = this;
    const { steps, inputs, given } = execution.plan;
    const maker = [...steps, ...inputs, ...given].find((slotted) => slotted.slot === slot)!;
    const isNew = !contents.isChanged(slot);
    const changer = contents.changedBy(step, slot);
    const what = `${execution.path}.${maker.name}`;
    const alike = isNew ? this.changedWith(slot, changer) : [];
    const too = alike.length === 0 ? "" : `, and with it what is the same object in ${alike.join(" and ")}`;
    this.isNotKept(
      step,
      changer === step
        ? `it changes what ${what} gave it${too}: nothing that is made of that is remembered. Change a copy instead`
        : `${execution.path}.${changer.name} has changed what ${what} gave it`,
    );
  }

  /**
   * The places of the other values that a change has reached. From the cache they would come as copies, which the next change
   * does not reach: what this run remembered of them is forgotten.
   */
  private changedWith(slot: number, changer: Changer): string[] {
    const { contents, execution } = this;
    const { steps, inputs, given } = execution.plan;
    const reached = [...steps, ...inputs, ...given].filter(
      (other) => other.slot !== slot && !contents.isChanged(other.slot) && contents.hasChanged(other.slot),
    );
    for (const { slot } of reached) contents.changedBy(changer, slot);
    if (reached.length > 0) for (const { slot: each } of [{ slot }, ...reached]) this.forget(each);
    return reached.map(({ name }) => `${execution.path}.${name}`);
  }

  private forget(slot: number): void {
    const step = this.execution.plan.steps.find((each) => each.slot === slot);
    for (const key of this.made.get(slot) ?? []) this.session.forget(key, this.ownerOf(step!));
  }

  /** A resource was built: if that has changed what it was built from, nothing that uses it is remembered. */
  resourceBuilt(index: number): void {
    const { contents, execution } = this;
    const { name, arguments: from } = execution.plan.resources[index]!;
    for (const { slot } of from) {
      if (contents.isChanged(slot) || !contents.hasChanged(slot)) continue;
      this.changing.add(index);
      this.changedWith(slot, contents.changedBy({ name }, slot));
    }
  }

  /** True, with a warning, if a step uses a resource that changes its own inputs. */
  private usesChanging(step: Step): boolean {
    const index = step.resources.find((each) => this.changing.has(each));
    if (index === undefined) return false;
    const { name } = this.execution.plan.resources[index]!;
    this.isNotKept(step, `its resource ${name} changes what it is built from. Change a copy instead`);
    return true;
  }

  /** One element of a stream: what is known of it, or what computing it gives. */
  async element(step: Step, values: readonly unknown[], index: number, compute: () => unknown): Promise<unknown> {
    const { execution, session } = this;
    let key: string | undefined;
    let refs: readonly Ref[] = [];
    try {
      const shared = this.isKept(step) ? await this.contents.refsOf(step.arguments) : undefined;
      if (shared !== undefined) refs = values.map(refOf);
      key = shared && elementKey(this.codes.steps[step.index]!.code, shared.map(countOf), refs);
    } catch (error) {
      this.cantKeep(step, error);
    }
    if (key !== undefined) {
      const [found] = await session.read([key]);
      if (found !== undefined) {
        tellFound(execution, step, index, key, found.bytes);
        this.account.of(step).cached++;
        return found.decoded;
      }
      tellMissed(execution, step, index, key);
    }
    this.account.of(step).computed++;
    const value = await compute();
    const changed = key === undefined ? -1 : changedElement(values, refs);
    if (changed < 0) this.keep(step, key, value, index);
    else this.tellChange(step, step.map!.lists[changed]!.slot);
    return value;
  }

  /** Remembers a value. @returns what is known of it; undefined if it is not remembered. */
  keep(step: Step, key: string | undefined, value: unknown, element: number | undefined): Ref | undefined {
    const isNested = step.child !== undefined;
    if (key === undefined || CollectedError.is(value)) return undefined;
    // What failed in it may not fail the next time.
    if (isNested && this.mayHaveFailed(step, element)) return undefined;
    if (this.changing.size > 0 && this.usesChanging(step)) return undefined;
    const { execution, session } = this;
    try {
      const ref = refOf(value);
      const bytes = session.add({ key, owner: this.ownerOf(step), kind: "value", value, isPlaced: isNested, ...ref });
      remembered(this.made, step.slot, () => [] as string[]).push(key);
      if (element === undefined) this.contents.set(step, ref);
      if (bytes !== undefined) tellStored(execution, step, element, key, bytes);
      return ref;
    } catch (error) {
      this.contents.hasNone(step.slot);
      this.cantKeep(step, error);
      return undefined;
    }
  }

  /** Whether an error was collected in this execution, or in one nested in it: what it gave may be made of that. */
  get hasCollected(): boolean {
    const { plan, values } = this.execution;
    if (!collectsWithin(plan)) return false;
    const isCollected = (value: unknown) =>
      CollectedError.is(value) || (Array.isArray(value) && value.some(CollectedError.is));
    return this.failed.size > 0 || plan.steps.some(({ slot }) => isCollected(values[slot]));
  }

  /** An error was collected in the nested pipeline that a step is, or one element of it. */
  collectedIn(step: Step, element: number | undefined): void {
    this.failed.add(`${step.index} ${element}`);
  }

  /** Where a nested pipeline runs in threads or containers it is not known here whether an error was collected in it. */
  private mayHaveFailed(step: Step, element: number | undefined): boolean {
    const { execution } = this;
    if (!collectsWithin(step.child!.plan)) return false;
    const isAway = (step.map !== undefined && execution.mapsGoAway) || execution.isShared(step);
    return isAway || execution.isElsewhere(step) || this.failed.has(`${step.index} ${element}`);
  }

  ownerOf(step: Step): Owner {
    this.owners[step.index] ??= {
      pipeline: this.execution.program.pipeline.name,
      node: step.name,
      code: this.codes.steps[step.index]!.code,
    };
    return this.owners[step.index]!;
  }

  /** A value can't be remembered, or what it is made of can't be told: because of what it is, or of what its own code throws. */
  cantKeep(step: Step, error: unknown): void {
    const { cause, isKnown } = error instanceof NoContent ? error : new NoContent(error, false);
    const problem = cause instanceof ValueError ? messageOf(cause) : describeChain(cause);
    // Of one value it is told once, whoever takes it.
    if (isKnown) this.account.of(step).problem = problem;
    else this.isNotKept(step, problem);
  }

  private isNotKept(step: Step, problem: string): void {
    this.account.of(step).problem = problem;
    const about = `${placeWithoutIndices(this.execution, step)} is not remembered`;
    this.execution.run.warnOnce(`${about}: ${problem}`, about);
  }

  /** An entry was said to be there, and is not, or not whole: its value is computed after all. */
  revive = async (slot: number): Promise<void> => {
    const { execution } = this;
    const step = execution.plan.steps.find((s) => s.slot === slot)!;
    if (step.map !== undefined) {
      await this.maps.compute(step, true);
      return;
    }
    await this.contents.load(step.arguments);
    const { current, program } = execution;
    execution.values[slot] = await within(current, program.anyAsync, () => this.compute(step));
  };

  /** The outputs' values are read, where they are still in the store. */
  async loadOutputs(): Promise<void> {
    const { execution } = this;
    execution.run.waits();
    try {
      await this.contents.load(execution.plan.outputs.map(({ slot }) => ({ slot, path: undefined })));
    } finally {
      execution.run.waited();
    }
  }

  /** Says where the outputs are stored: whoever takes them all, or the one picked, need not store them again. */
  place(result: unknown, pick: number): void {
    const { outputs } = this.execution.plan;
    const keys = outputs.map(({ name, slot }) => [name, this.keys[slot]] as const);
    if (keys.some(([, key]) => key === undefined)) return;
    this.session.place(result, pick < 0 ? (Object.fromEntries(keys) as Record<string, string>) : this.keys[pick]!);
  }

  setKey(step: Step, key: string): void {
    this.keys[step.slot] = key;
    this.made.get(step.slot)?.push(key);
  }
}

/** A step's place, whichever elements it is inside of: `Corpus.essays.count`. */
export function placeWithoutIndices(execution: Execution, step: Step): string {
  return execution.placeOf(step).replaceAll(/\[\d+\]/g, "");
}

/** Whether errors may be collected in a plan, or in one nested in it. */
function collectsWithin({ collects, steps }: Plan): boolean {
  return collects || steps.some(({ child }) => child !== undefined && collectsWithin(child.plan));
}
