import { elementKey } from "../cache/cache-keys.js";
import { noteEnvironments } from "../cache/code-digests.js";
import { type ContentRef, contentRef, listContent } from "../cache/content-ref.js";
import { keyComponent, keyComponents } from "../cache/model-codes.js";
import { AbortError, InputError, NodeError } from "../errors.js";
import type { Argument, Step } from "../graph/plan.js";
import type { CachingExecutor } from "./caching/caching-executor.js";
import { LazyValue } from "./caching/lazy-value.js";
import { NotKnown, UNKNOWN, Unknown } from "./caching/unknown-value.js";
import { MapElements } from "./elements/elements.js";
import type { List } from "./elements/lists.js";
import { Execution } from "./execute-plan.js";
import { checkInputs, childValues, toNodeError } from "./inline/step-call.js";
import { CancelScope } from "./lifecycle/cancel-scope.js";
import { ResourceScope } from "./lifecycle/resources.js";
import { RunContext } from "./lifecycle/run-context.js";
import type { NestedProgram } from "./program/program.js";
import { checkLists, type RunRequest } from "./run.js";
import { EXPLAINED_REMOTELY, type PipelineCacheLog, pathWithoutIndices } from "./run-cache/cache-explainer.js";
import type { NodeExplanation } from "./run-cache/explanation.js";
import { storesInPlan } from "./run-cache/plan-stores.js";

const FAILS = "a call around it fails";
const EQUAL = "an equal call is computed in the same run";

/**
 * Explains a run of a program, if no node of it failed: it looks up what a run would look up. No node runs, no resource is
 * built, nothing is written.
 *
 * @param isRemote true if it would run on another host, which has its stores, too.
 */
export async function explainProgram(request: RunRequest, isRemote: boolean): Promise<NodeExplanation[]> {
  const { program, values, settings, name, signal, hosts } = request;
  const run = new DryRunContext(new ResourceScope(), undefined);
  checkLists(request, run);
  noteEnvironments(program, run, settings.choices);
  const end = await run.cache.view(storesInPlan(program.plan, settings.choices), name);
  try {
    const dry = new DryRun(name, signal);
    const execution = new Execution(program, values, run, new CancelScope(), settings, hosts);
    await (isRemote ? dry.doubt(execution, 1, EXPLAINED_REMOTELY) : dry.walk(execution));
    return await run.cache.explainer.explain(true);
  } finally {
    end();
  }
}

/** A context without warnings: the explanation has them. */
class DryRunContext extends RunContext {
  override warnOnce(): void {}
}

/** The facts of a map before it runs. */
interface MapKeys {
  /** The contents of the elements of each list; undefined: not even their number is known. */
  readonly lists: readonly (List | undefined)[];
  /** The key of an element's entry; undefined: only a run shows it. */
  keyOf(element: number): string | undefined;
}

/** Walks through executions as a run does, in topological order. In the place of what would be computed is what stands for it. */
class DryRun {
  /** The keys of what would be computed: what has the same key may find it stored, or be computed at the same time. */
  private readonly computing = new Set<string>();

  constructor(
    private readonly name: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async walk(execution: Execution): Promise<void> {
    const { cached } = execution;
    if (cached !== undefined) cached.recompute = (slot) => this.lost(execution, cached, slot);
    const account = logOf(execution);
    const { steps } = execution.plan;
    for (const [i, step] of steps.entries()) {
      if (this.signal?.aborted) {
        const { reason: cause } = this.signal;
        throw new AbortError({ code: "ABORTED", where: this.name, problem: "the run was aborted", cause });
      }
      try {
        if (step.map === undefined) await this.node(execution, step, account);
        else await this.map(execution, step, account);
      } catch (error) {
        // A pipeline around it may collect the error. What does not depend on it may be computed by then.
        if (isOfData(error)) await this.doubtSteps(execution, steps.slice(i + 1), 1, FAILS);
        throw error;
      }
    }
  }

  private async node(execution: Execution, step: Step, account: PipelineCacheLog): Promise<void> {
    const { cached, values } = execution;
    const found = account.of(step);
    try {
      const key = await cached?.keyFor(step);
      const entry = key === undefined ? undefined : await cached!.find(step, key);
      values[step.slot] = entry === undefined ? UNKNOWN : entry.value;
      if (entry !== undefined) return;
      if (key !== undefined && this.computing.has(key)) {
        found.doubts.add(EQUAL);
        throw new NotKnown([]);
      }
      if (key !== undefined) this.computing.add(key);
      found.computed++;
    } catch (error) {
      if (!(error instanceof NotKnown)) throw error;
      values[step.slot] = UNKNOWN;
      count(found, 1);
      await this.doubtChild(execution, step, 1);
      return;
    }
    const child = execution.program.children[step.index];
    if (child === undefined) return;
    await cached?.digests.load(step.arguments);
    await this.child(execution, step, child, sharedOf(execution, step), undefined);
  }

  private async map(execution: Execution, step: Step, account: PipelineCacheLog): Promise<void> {
    const { values } = execution;
    const { product } = step.map!;
    const found = account.of(step);
    const looked = await this.keysOf(execution, step);
    const length = lengthOf(looked?.lists ?? (await this.listsOf(execution, step)), product);
    if (length === undefined) {
      values[step.slot] = UNKNOWN;
      count(found, "any");
      await this.doubtChild(execution, step, "any");
      return;
    }
    const results: unknown[] = new Array(length).fill(UNKNOWN);
    let missing = Array.from(results.keys());
    let unknown = 0;
    if (looked === undefined) found.computed += length;
    else ({ missing, unknown } = await this.lookup(step, execution, looked, results));
    values[step.slot] = results.includes(UNKNOWN) ? new Unknown(results) : results;
    const child = execution.program.children[step.index];
    if (child === undefined) return;
    await this.children(execution, step, child, missing);
    await this.doubtChild(execution, step, unknown);
  }

  /**
   * Looks up the elements of a map, and puts what is found among its results.
   *
   * @returns which would be computed, and of how many it can't be said.
   */
  private async lookup(step: Step, { cachedMaps, cached }: Execution, { keyOf }: MapKeys, results: unknown[]) {
    const { digests: contents, log: account } = cached!;
    const found = account.of(step);
    const keys = Array.from(results, (_, i) => keyOf(i));
    const indices = [...keys.keys()].filter((i) => keys[i] !== undefined);
    const entries = await cachedMaps!.find(
      step,
      indices.map((i) => keys[i]!),
      false,
    );
    const refs = entries.refs as (ContentRef | undefined)[];
    for (const [n, i] of indices.entries()) if (refs[n] !== undefined) results[i] = entries.results[n];
    if (!results.includes(UNKNOWN)) contents.set(step, listContent(refs as ContentRef[]), refs as ContentRef[]);
    const lacking = entries.missing.map((n) => indices[n]!);
    const missing = lacking.filter((i) => !this.computing.has(keys[i]!));
    for (const i of missing) this.computing.add(keys[i]!);
    const equal = lacking.length - missing.length;
    if (equal > 0) found.doubts.add(EQUAL);
    found.computed -= equal;
    const unknown = keys.length - indices.length + equal;
    count(found, unknown);
    return { missing, unknown };
  }

  /** @returns undefined if the step is not cached, or maps over a value that is not a list. */
  private async keysOf(execution: Execution, step: Step): Promise<MapKeys | undefined> {
    const { cached } = execution;
    if (!cached?.isCacheable(step)) return undefined;
    const { digests: contents, codes, log: account } = cached;
    const { product } = step.map!;
    const lists: (readonly (ContentRef | undefined)[] | undefined)[] = [];
    let shared: readonly (string | undefined)[];
    try {
      const refs = await known(contents.digestsOf(step.arguments));
      account.recordInputs(step, await known(contents.wholesOf(step.map!.lists)), refs);
      shared = refs.map((ref) => ref && keyComponent(codes, ref));
      for (const list of step.map!.lists) {
        const elements = await this.refsIn(execution, cached, list);
        if (elements === "no list") return undefined;
        lists.push(elements);
      }
    } catch (error) {
      cached.onUncacheable(step, error);
      return undefined;
    }
    // Lists of different lengths are reported as in a run.
    if (!lists.includes(undefined)) execution.listsOf(step, lists);
    const length = lengthOf(lists, product) ?? 0;
    const elements = new MapElements(
      lists.map((list) => list ?? new Array<undefined>(length)),
      product,
      undefined,
    );
    const keyOf = (element: number) => {
      const refs = elements.inputs(element) as (ContentRef | undefined)[];
      if (shared.includes(undefined) || refs.includes(undefined)) return undefined;
      return elementKey(
        codes.steps[step.index]!.code,
        shared as readonly string[],
        keyComponents(codes, refs as ContentRef[]),
      );
    };
    return { lists, keyOf };
  }

  /** The contents of the elements of a list; undefined if the list is not known yet. */
  private async refsIn(
    execution: Execution,
    { digests: contents }: CachingExecutor,
    list: Argument,
  ): Promise<readonly (ContentRef | undefined)[] | "no list" | undefined> {
    const value = execution.values[list.slot];
    if (Unknown.is(value)) return list.path === undefined ? value.elements?.map(refOfElement) : undefined;
    try {
      return (await contents.elementsOf(list)) ?? "no list";
    } catch (error) {
      if (error instanceof NotKnown) return undefined;
      throw error;
    }
  }

  /** The known lists of a step that is not cached. */
  private async listsOf(execution: Execution, step: Step): Promise<readonly (List | undefined)[]> {
    const { lists } = step.map!;
    await execution.cached?.digests.load(lists);
    const values = lists.map((list) => {
      const value = execution.values[list.slot];
      if (!Unknown.is(value)) return execution.read(list);
      return list.path === undefined ? value.elements : undefined;
    });
    // Values that are not lists, or of different lengths, are reported as in a run.
    const isKnown = lists.every((_, i) => values[i] !== undefined || !Unknown.is(execution.values[lists[i]!.slot]));
    return isKnown ? execution.listsOf(step, values) : (values as (List | undefined)[]);
  }

  /** The calls of a nested pipeline for some elements. */
  private async children(
    execution: Execution,
    step: Step,
    child: NestedProgram,
    indices: readonly number[],
  ): Promise<void> {
    const { lists, product } = step.map!;
    await execution.cached?.digests.load(step.arguments);
    const shared = sharedOf(execution, step);
    const brought: List[] = [];
    for (const list of lists) brought.push(await this.valuesIn(execution, list, product ? undefined : indices));
    const elements = new MapElements(brought, product, { first: 0, count: indices.length, indices });
    for (const [position, index] of indices.entries())
      await this.child(execution, step, child, [...elements.inputs(position), ...shared], index);
  }

  /** The values of elements of a list. @param indices of these; undefined: of all. */
  private async valuesIn(execution: Execution, list: Argument, indices: readonly number[] | undefined): Promise<List> {
    const { cached, values } = execution;
    const { slot, path } = list;
    if (path !== undefined || LazyValue.is(values[slot])) await cached?.digests.load([list]);
    const value = values[slot];
    const whole = Unknown.is(value) ? path === undefined && value.elements : execution.listAt(list);
    if (!whole) return new Array<unknown>(indices === undefined ? 0 : Math.max(-1, ...indices) + 1).fill(UNKNOWN);
    const picked = indices === undefined ? Array.from(whole) : indices.map((i) => whole[i]);
    const stored = picked.filter((element) => LazyValue.is(element));
    if (stored.length === 0) return picked;
    const found = await cached!.session.read(stored.map(({ key }) => key));
    if (found.includes(undefined)) {
      await this.lost(execution, cached!, slot);
      return this.valuesIn(execution, list, indices);
    }
    let next = 0;
    return picked.map((element) => (LazyValue.is(element) ? found[next++]!.decoded : element));
  }

  /**
   * A call of a nested pipeline. What can be known to fail in it is collected, if a run collects it.
   *
   * @param inputs the call's elements, then what it shares with others.
   */
  private async child(
    execution: Execution,
    step: Step,
    child: NestedProgram,
    inputs: readonly unknown[],
    element: number | undefined,
  ): Promise<void> {
    const { explainer } = execution.run.cache;
    const isCollected = step.node.options.onError === "collect";
    const before = isCollected ? explainer.counts() : undefined;
    try {
      await this.callChild(execution, step, child, inputs, element);
    } catch (error) {
      if (before === undefined || !isOfData(error)) throw error;
      // The failure may come first.
      explainer.doubtSince(before, FAILS);
    }
  }

  private async callChild(
    execution: Execution,
    step: Step,
    child: NestedProgram,
    inputs: readonly unknown[],
    element: number | undefined,
  ): Promise<void> {
    const values = childValues(child, inputs, execution);
    const inner = execution.nest(child, values, execution.scope, step, element);
    if (execution.routeOf(step).kind === "task") return this.doubt(inner, 1, EXPLAINED_REMOTELY);
    if (child.checks === undefined || !inputs.some((value) => Unknown.is(value))) {
      try {
        await checkInputs(child, inputs, values, execution, inner.path);
      } catch (error) {
        throw toNodeError({ execution, step, inputs, element }, error);
      }
      // Rules may make any input of any others.
    } else for (const { slot } of child.plan.inputs) values[slot] = UNKNOWN;
    return this.walk(inner);
  }

  /** A nested pipeline whose calls may be known, or not. */
  private async doubtChild(execution: Execution, step: Step, calls: number | "any"): Promise<void> {
    const child = execution.program.children[step.index];
    if (child === undefined || calls === 0) return;
    const inner = execution.nest(child, child.values.slice(), execution.scope, step, undefined);
    await this.doubt(inner, calls, `${pathWithoutIndices(execution, step)} is not known yet`);
  }

  /** Of an execution it can't be said what it would do. */
  async doubt(execution: Execution, calls: number | "any", why: string): Promise<void> {
    await this.doubtSteps(execution, execution.plan.steps, calls, why);
  }

  private async doubtSteps(
    execution: Execution,
    steps: readonly Step[],
    calls: number | "any",
    why: string,
  ): Promise<void> {
    const account = logOf(execution);
    for (const step of steps) {
      const found = account.of(step);
      count(found, step.map === undefined ? calls : "any");
      found.doubts.add(why);
      const child = execution.program.children[step.index];
      if (child === undefined) continue;
      const inner = execution.nest(child, child.values.slice(), execution.scope, step, undefined);
      await this.doubt(inner, step.map === undefined ? calls : "any", why);
    }
  }

  /** Handles a stored value that can't be read: it would be computed. */
  private async lost(execution: Execution, cached: CachingExecutor, slot: number): Promise<void> {
    const { values, plan, program } = execution;
    const step = plan.steps.find((s) => s.slot === slot)!;
    const child = program.children[step.index];
    const found = cached.log.of(step);
    if (step.map === undefined) {
      found.cached--;
      found.computed++;
      values[slot] = UNKNOWN;
      await cached.digests.load(step.arguments);
      if (child !== undefined) await this.child(execution, step, child, sharedOf(execution, step), undefined);
      return;
    }
    const value = values[slot];
    const list = [...((Unknown.is(value) ? value.elements : value) as readonly unknown[])];
    const indices = [...list.keys()].filter((i) => LazyValue.is(list[i]));
    const read = await cached.session.read(indices.map((i) => (list[i] as LazyValue).key));
    const gone = indices.filter((_, n) => read[n] === undefined);
    for (const i of gone) list[i] = UNKNOWN;
    found.cached -= gone.length;
    found.computed += gone.length;
    values[slot] = new Unknown(list);
    if (child !== undefined) await this.children(execution, step, child, gone);
  }
}

/** True for errors of inputs and lists: a run fails in the same way. */
function isOfData(error: unknown): boolean {
  return error instanceof InputError || error instanceof NodeError;
}

function logOf(execution: Execution): PipelineCacheLog {
  return execution.cached?.log ?? execution.run.cache.explainer.begin(execution);
}

function count(found: { unknown: number | "any" }, calls: number | "any"): void {
  found.unknown = found.unknown === "any" || calls === "any" ? "any" : found.unknown + calls;
}

/** The inputs of every call of a step, after its elements. Resources are not built. */
function sharedOf(execution: Execution, { arguments: args }: Step): unknown[] {
  const { resources } = execution.plan;
  const isOpen = (slot: number) =>
    Unknown.is(execution.values[slot]) || resources.some((resource) => resource.slot === slot);
  return args.map((argument) => (isOpen(argument.slot) ? UNKNOWN : execution.input(argument)));
}

/** The number of elements, if it is known. */
function lengthOf(lists: readonly (ArrayLike<unknown> | undefined)[], product: boolean): number | undefined {
  if (!product) return lists.find((list) => list !== undefined)?.length;
  if (lists.some((list) => list?.length === 0)) return 0;
  return lists.reduce<number | undefined>((all, list) => (all === undefined ? all : list && all * list.length), 1);
}

function refOfElement(element: unknown): ContentRef | undefined {
  if (Unknown.is(element)) return undefined;
  return LazyValue.is(element) ? element.ref : contentRef(element);
}

/** The contents of some values, as far as they are known. */
function known<Refs extends readonly ContentRef[] | undefined>(
  refs: Promise<Refs>,
): Promise<Refs | readonly (ContentRef | undefined)[]> {
  return refs.catch((error: unknown) => {
    if (error instanceof NotKnown) return error.refs;
    throw error;
  });
}
