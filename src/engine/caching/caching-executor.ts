import { elementKey, nodeKey } from "../../cache/cache-keys.js";
import { changedLazily, codeDigestsOf, problemAt } from "../../cache/code-digests.js";
import { type ContentRef, contentRef } from "../../cache/content-ref.js";
import { keyComponents } from "../../cache/model-codes.js";
import type { CodeDigests, StepDigest } from "../../cache/program-digests.js";
import { changedWhileRunning, sourcesOf } from "../../cache/program-digests.js";
import { modelNames, ProgramEntries } from "../../cache/program-entries.js";
import { type CacheSession, type Found, guardOwner, reviewOwner } from "../../cache/session.js";
import type { EntryMeta, MaybePromise, Owner } from "../../cache/store.js";
import { ValueError } from "../../errors.js";
import { nameAt, type Plan, resourcesBehind, type Step } from "../../graph/plan.js";
import { describeChain, messageOf } from "../../util/describe.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { isPromise } from "../../util/thenable.js";
import type { RunningExecution, StepExecutor } from "../executor.js";
import { CollectedError, hasCollected } from "../failures/collected.js";
import { withRun } from "../lifecycle/current-run.js";
import type { PipelineCacheLog } from "../run-cache/cache-explainer.js";
import { pathWithoutIndices } from "../run-cache/cache-explainer.js";
import { emitHit, emitMiss, emitStored } from "./cache-events.js";
import { LazyValue } from "./lazy-value.js";
import { type Changer, changedElement, SlotDigests, Undigestible } from "./slot-digests.js";
import { NotKnown } from "./unknown-value.js";

/** An entry that was found. */
interface Lookup {
  readonly head: EntryMeta;
  readonly value: unknown;
}

function lookupOf(key: string, head: Found | EntryMeta): Lookup {
  return { head, value: "decoded" in head ? head.decoded : new LazyValue(key, head) };
}

/** For each program, the owners of the entries of its steps, by index. */
const OWNERS = new WeakMap<CodeDigests, Owner[]>();

/**
 * The cache of one execution: before a step is computed it is looked up, by its code and the contents of its inputs. A
 * value that is found stays in the store until something needs it.
 */
export class CachingExecutor {
  readonly digests: SlotDigests;
  readonly log: PipelineCacheLog;
  readonly codes: CodeDigests;
  readonly entries: ProgramEntries;
  /** By slot, the keys of the entries that values are in. */
  private readonly keys: (string | undefined)[] = [];
  /** By slot, the keys of the entries that this run has made. */
  private readonly makers = new Map<number, string[]>();
  /** By key, the elements of a stream in flight. */
  private readonly streaming = new Map<string, Promise<void>>();
  /** The nested pipelines in which an error was collected: a step's index, and an element. */
  private readonly failed = new Set<string>();
  /** The resources, by their index, that change what they are built from. */
  private readonly changers = new Set<number>();

  constructor(
    readonly execution: RunningExecution,
    readonly session: CacheSession,
    private readonly execute: StepExecutor,
    private readonly recomputeMap: (step: Step) => Promise<void>,
  ) {
    this.codes = codeDigestsOf(execution.program, execution.run);
    this.entries = new ProgramEntries(session, this.codes);
    this.digests = new SlotDigests(execution, session, this.codes, (slot) => this.recompute(slot));
    this.log = execution.run.cache.explainer.begin(execution, this);
  }

  start(step: Step): void {
    const { execution } = this;
    execution.whenSettled(
      this.lookup(step),
      (entry) => {
        if (entry !== undefined) execution.complete(step, (entry as Lookup).value);
        else this.onMiss(step);
      },
      (error) => execution.fail(error),
    );
  }

  private onMiss(step: Step): void {
    try {
      this.execution.completeWhenSettled(step, this.compute(step));
    } catch (error) {
      this.execution.fail(error);
    }
  }

  /** @returns the value, or what stands for it; undefined if it has to be computed: then what it takes is there. */
  private async lookup(step: Step): Promise<Lookup | undefined> {
    for (;;) {
      const { replaced } = this.digests;
      const pending = this.keyFor(step);
      const key = typeof pending === "object" ? await pending : pending;
      this.keys[step.slot] = key;
      if (key !== undefined) {
        const entry = await this.find(step, key);
        if (entry !== undefined) return entry;
      }
      if (this.digests.mayNeed(step.arguments)) await this.digests.load(step.arguments);
      // The key may be that of another value.
      if (this.digests.replaced === replaced) return undefined;
    }
  }

  /** Looks up a step's entry, and notes its content. */
  async find(step: Step, key: string): Promise<Lookup | undefined> {
    const { execution } = this;
    const [found] = await this.heads([key], this.isOutput(step.slot));
    const head = this.current(step, found);
    if (head === undefined) {
      emitMiss(execution, step, undefined, key);
      return undefined;
    }
    emitHit(execution, step, undefined, key, head.bytes);
    this.log.of(step).cached++;
    this.digests.set(step, head);
    this.digests.noteRead(step.slot, head);
    return lookupOf(key, head);
  }

  /** The entries of some keys: each with its value if that is wanted, else with what stands for it. */
  async resolve(step: Step, keys: readonly string[], isWanted: boolean): Promise<(Lookup | undefined)[]> {
    return (await this.heads(keys, isWanted)).map((found, i) => {
      const head = this.current(step, found);
      return head && lookupOf(keys[i]!, head);
    });
  }

  private heads(keys: readonly string[], isWanted: boolean): Promise<(Found | EntryMeta | undefined)[]> {
    return isWanted ? this.session.read(keys) : this.session.heads(keys);
  }

  /** An entry that was found, unless its models are others by now. */
  private current<E extends EntryMeta>(step: Step, found: E | undefined): E | undefined {
    if (found === undefined) return undefined;
    const entry = this.entries.current(step, found);
    if (entry === undefined) this.log.of(step).otherModels = modelNames(found);
    return entry;
  }

  /**
   * The key of a step's entry; undefined if it has none.
   *
   * @throws {NotKnown} if only a run can know what it takes.
   */
  keyFor(step: Step): MaybePromise<string | undefined> {
    if (!this.isCacheable(step) || this.execution.collectedBefore(step) !== undefined) return undefined;
    const refs = this.digests.knownDigests(step.arguments);
    return refs === undefined ? this.keyLater(step) : this.keyOf(step, refs);
  }

  private async keyLater(step: Step): Promise<string | undefined> {
    let refs: readonly ContentRef[];
    try {
      refs = await this.digests.digestsOf(step.arguments);
    } catch (error) {
      if (error instanceof NotKnown) {
        this.log.recordInputs(step, [], error.refs);
        throw error;
      }
      this.onUncacheable(step, error);
      return undefined;
    }
    return this.keyOf(step, refs);
  }

  private keyOf(step: Step, refs: readonly ContentRef[]): string | undefined {
    try {
      this.log.recordInputs(step, [], refs);
      this.keys[step.slot] = nodeKey(this.codes.steps[step.index]!.code, keyComponents(this.codes, refs));
      return this.keys[step.slot];
    } catch (error) {
      this.onUncacheable(step, error);
      return undefined;
    }
  }

  /** Tells if a step is cached. Around a nested pipeline with a store of its own, or with none, nothing is cached. */
  isCacheable(step: Step): boolean {
    const { execution } = this;
    const { isCacheable, problem } = this.codes.steps[step.index]!;
    if (problem !== undefined) this.warnUncacheable(step, problem);
    const child = execution.program.children[step.index];
    return (
      isCacheable && (child === undefined || execution.settingsFor(step, child).cache === execution.settings.cache)
    );
  }

  /** Tells if a slot is an output: its value is needed in any case. */
  isOutput(slot: number): boolean {
    return this.execution.plan.outputs.some((output) => output.slot === slot);
  }

  private compute(step: Step): unknown {
    this.log.of(step).computed++;
    const value = this.execute(step);
    const keep = (settled: unknown): unknown => {
      if (!this.onChange(step)) this.store(step, this.keys[step.slot], settled, undefined);
      return settled;
    };
    return isPromise(value) ? value.then(keep) : keep(value);
  }

  /**
   * A thread or another process has computed steps. If it may have loaded their code in another version, their values are not those
   * of their keys, nor are those of the pipelines that they are in.
   */
  computedAt(host: string, steps: readonly Step[]): void {
    const { execution, codes } = this;
    for (const step of steps) {
      const problem = problemAt(host, codes, step);
      if (problem !== undefined) execution.run.cache.changedSources.set(codes.steps[step.index]!, problem);
    }
  }

  /** True, with a warning, if other code may have computed a step, or one inside of it. */
  private isOfOtherCode(step: Step): boolean {
    const { changedSources } = this.execution.run.cache;
    if (changedSources.size === 0) return false;
    const problemIn = (digest: StepDigest): string | undefined => {
      const found = changedSources.get(digest);
      if (found !== undefined || digest.child === undefined) return found;
      for (const inner of digest.child.steps) {
        const problem = problemIn(inner);
        if (problem !== undefined) return problem;
      }
      return undefined;
    };
    const problem = problemIn(this.codes.steps[step.index]!);
    if (problem !== undefined) this.warnUncacheable(step, problem);
    return problem !== undefined;
  }

  /** Tells if an input of all calls of a step was changed: then its value is not that of its key, and the next run has to do the same. */
  onChange(step: Step): boolean {
    const { digests: contents } = this;
    const changed = step.arguments.find(({ slot }) => contents.hasChanged(slot));
    if (changed !== undefined) this.emitChange(step, changed.slot);
    const isByResource = this.onChangeByResource(step);
    return changed !== undefined || isByResource;
  }

  /** The same for the inputs of resources, which may still have them. */
  private onChangeByResource(step: Step): boolean {
    const { execution } = this;
    if (step.resources.length === 0 || !execution.isInProcess(step)) return false;
    for (const index of resourcesBehind(execution.plan, step.resources)) this.resourceUsed(index);
    return this.usesChanged(step);
  }

  /** Notes that the value in a slot was changed: nothing that is made of it is cached. */
  emitChange(step: Step, slot: number): void {
    const { digests: contents, execution } = this;
    const isNew = !contents.isChanged(slot);
    const changer = contents.changedBy(step, slot);
    const what = `${execution.path}.${nameAt(execution.plan, slot)}`;
    const alike = isNew ? this.changedWith(slot, changer) : [];
    const too = alike.length === 0 ? "" : `, and with it the same object in ${alike.join(" and ")}`;
    this.warnUncacheable(
      step,
      changer === step
        ? `it changes the value of ${what}${too}: results computed from that value are not cached. Change a copy instead`
        : `${execution.path}.${changer.name} has changed the value of ${what}`,
    );
  }

  /**
   * The places of the other values that a change has reached. From the cache they would come as copies, which the next change
   * does not reach: this run's entries of them are not used.
   */
  private changedWith(slot: number, changer: Changer): string[] {
    const { digests: contents, execution } = this;
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
    for (const key of this.makers.get(slot) ?? []) this.session.forget(key, this.ownerOf(step!));
  }

  /** Notes that a resource was built, or used: if that has changed its inputs, nothing that uses it is cached. */
  resourceUsed(index: number): void {
    const { digests: contents, execution } = this;
    const { name, arguments: from } = execution.plan.resources[index]!;
    for (const { slot } of from) {
      if (contents.isChanged(slot) || !contents.hasChanged(slot)) continue;
      this.changers.add(index);
      this.changedWith(slot, contents.changedBy({ name }, slot));
    }
  }

  /** True, with a warning, if a step uses a resource that changes its own inputs, or whose inputs were changed: it may still have them. */
  private usesChanged(step: Step): boolean {
    if (step.resources.length === 0 || !this.digests.hasChanges) return false;
    const { execution } = this;
    const { resources } = execution.plan;
    for (const index of resourcesBehind(execution.plan, step.resources)) {
      const { name, arguments: from } = resources[index]!;
      const changed = from.find(({ slot }) => this.digests.isChanged(slot));
      if (changed === undefined) continue;
      const { slot } = changed;
      this.warnUncacheable(
        step,
        this.changers.has(index)
          ? `its resource ${name} changes its own inputs. Change a copy instead`
          : `its resource ${name} was built from ${nameAt(execution.plan, slot)}, which ${this.digests.changerOf(slot)} has changed`,
      );
      return true;
    }
    return false;
  }

  /** One element of a stream: what is known of it, or what computing it gives. */
  async element(step: Step, values: readonly unknown[], index: number, compute: () => unknown): Promise<unknown> {
    const { streaming } = this;
    let key: string | undefined;
    let refs: readonly ContentRef[] = [];
    try {
      const shared = this.isCacheable(step) ? await this.digests.digestsOf(step.arguments) : undefined;
      if (shared !== undefined) refs = values.map(contentRef);
      if (shared !== undefined) {
        const { code } = this.codes.steps[step.index]!;
        if (index === 0) this.log.recordInputs(step, undefined, shared);
        key = elementKey(code, keyComponents(this.codes, shared), keyComponents(this.codes, refs));
      }
    } catch (error) {
      this.onUncacheable(step, error);
    }
    const make = () => this.findOrCompute(step, key, refs, values, index, compute);
    if (key === undefined) return make();
    const equal = streaming.get(key);
    // It may store its value.
    if (equal !== undefined) await equal;
    const making = make();
    const ended = making.then(
      () => {},
      () => {},
    );
    streaming.set(key, ended);
    try {
      return await making;
    } finally {
      if (streaming.get(key) === ended) streaming.delete(key);
    }
  }

  private async findOrCompute(
    step: Step,
    key: string | undefined,
    refs: readonly ContentRef[],
    values: readonly unknown[],
    index: number,
    compute: () => unknown,
  ): Promise<unknown> {
    const { execution, session } = this;
    if (key !== undefined) {
      const [found] = await session.read([key]);
      const entry = this.current(step, found);
      if (entry !== undefined) {
        emitHit(execution, step, index, key, entry.bytes);
        this.log.of(step).cached++;
        return entry.decoded;
      }
      emitMiss(execution, step, index, key);
    }
    this.log.of(step).computed++;
    const value = await compute();
    const changed = key === undefined ? -1 : changedElement(values, refs);
    if (changed < 0) this.store(step, key, value, index);
    else this.emitChange(step, step.map!.lists[changed]!.slot);
    return value;
  }

  /** Stores a value. @returns its content; undefined if it is not cached. */
  store(step: Step, key: string | undefined, value: unknown, element: number | undefined): ContentRef | undefined {
    const isNested = step.child !== undefined;
    if (key === undefined || CollectedError.is(value) || this.execution.scope.hasSignalled) return undefined;
    // What failed in it may not fail the next time.
    if (isNested && this.mayHaveFailed(step, element)) return undefined;
    if (this.usesChanged(step)) return undefined;
    if (this.isOfOtherCode(step)) return undefined;
    const { execution } = this;
    try {
      const ref = contentRef(value);
      const owner = this.ownerOf(step);
      const bytes = this.entries.add(step, { key, owner, kind: "value", value, isPlaced: isNested, ...ref });
      getOrCreate(this.makers, step.slot, () => [] as string[]).push(key);
      if (element === undefined) this.digests.set(step, ref);
      if (bytes !== undefined) emitStored(execution, step, element, key, bytes);
      return ref;
    } catch (error) {
      this.digests.isUndigestible(step.slot);
      this.onUncacheable(step, error);
      return undefined;
    }
  }

  /** True if an error was collected in this execution, or in one nested in it: its results may be made of that. */
  get hasCollected(): boolean {
    const { plan, values } = this.execution;
    if (!collectsWithin(plan)) return false;
    const isCollected = (value: unknown) => CollectedError.is(value) || hasCollected(value);
    return this.failed.size > 0 || plan.steps.some(({ slot }) => isCollected(values[slot]));
  }

  /** An error was collected in the nested pipeline that a step is, or one element of it. */
  collectedIn(step: Step, element: number | undefined): void {
    this.failed.add(`${step.index} ${element}`);
  }

  /** Tells if it is known of a step whether errors were collected in it: threads and containers do not report it. */
  knowsFailures(step: Step): boolean {
    return step.child === undefined || !collectsWithin(step.child.plan) || this.execution.isInProcess(step);
  }

  private mayHaveFailed(step: Step, element: number | undefined): boolean {
    return !this.knowsFailures(step) || this.failed.has(`${step.index} ${element}`);
  }

  ownerOf(step: Step): Owner {
    const owners = getOrCreate(OWNERS, this.codes, () => []);
    const known = owners[step.index];
    if (known !== undefined) return known;
    const { steps, since } = this.codes;
    const digest = steps[step.index]!;
    const owner: Owner = { pipeline: this.execution.program.pipeline.name, node: step.name, code: digest.code };
    owners[step.index] = owner;
    reviewOwner(owner, () => {
      const changed = changedWhileRunning(digest);
      if (changed === undefined) return undefined;
      return `${changed || "what it reads"} was changed while it ran, by other code as far as is known. Take it as an input`;
    });
    if (sourcesOf(digest).lazy.length > 0) guardOwner(owner, () => changedLazily(digest, since));
    return owner;
  }

  /** Handles a value that can't be cached, or whose inputs can't be known: for its kind, or for an error of its own code. */
  onUncacheable(step: Step, error: unknown): void {
    // What fails because of a stop says nothing about the step.
    if (this.execution.scope.stopped) return;
    const { cause, isKnown } = error instanceof Undigestible ? error : new Undigestible(error, false);
    const problem = cause instanceof ValueError ? messageOf(cause) : describeChain(cause);
    // Of one value it is reported once.
    if (isKnown) this.log.of(step).problem = problem;
    else this.warnUncacheable(step, problem);
  }

  private warnUncacheable(step: Step, problem: string): void {
    this.log.of(step).problem = problem;
    const about = `${pathWithoutIndices(this.execution, step)} is not cached`;
    this.execution.run.warnOnce(`${about}: ${problem}`, about);
  }

  /** An entry was said to be there, and is not, or not whole: its value is computed after all. */
  recompute = async (slot: number): Promise<void> => {
    const { execution } = this;
    const step = execution.plan.steps.find((s) => s.slot === slot)!;
    if (step.map !== undefined) {
      await this.recomputeMap(step);
      return;
    }
    const { replaced } = this.digests;
    await this.digests.load(step.arguments);
    if (this.digests.replaced !== replaced) this.keys[slot] = await this.keyFor(step);
    const { currentRun: current, program } = execution;
    execution.values[slot] = await withRun(current, program.hasAsyncMethod, () => this.compute(step));
  };

  /** The outputs' values are read, where they are still in the store. */
  async loadOutputs(): Promise<void> {
    const { execution } = this;
    execution.run.beginWork();
    try {
      await this.digests.load(execution.plan.outputs.map(({ slot }) => ({ slot, path: undefined })));
    } finally {
      execution.run.endWork();
    }
  }

  /** Links the outputs' entries: a caller that takes all of them, or the picked one, need not store them again. */
  linkOutputs(result: unknown, pick: number): void {
    const { outputs } = this.execution.plan;
    const keys = outputs.map(({ name, slot }) => [name, this.keys[slot]] as const);
    if (keys.some(([, key]) => key === undefined)) return;
    this.session.place(result, pick < 0 ? (Object.fromEntries(keys) as Record<string, string>) : this.keys[pick]!);
  }

  setKey(step: Step, key: string): void {
    this.keys[step.slot] = key;
    this.makers.get(step.slot)?.push(key);
  }
}

/** Tells if errors may be collected in a plan, or in one nested in it. */
function collectsWithin({ collectsErrors: collects, steps }: Plan): boolean {
  return collects || steps.some(({ child }) => child !== undefined && collectsWithin(child.plan));
}
