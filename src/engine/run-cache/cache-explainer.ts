import { computationKey } from "../../cache/cache-keys.js";
import type { ContentRef } from "../../cache/content-ref.js";
import { partsOfModels } from "../../cache/model-codes.js";
import { type CodeDigests, partsBehind } from "../../cache/program-digests.js";
import { type ComputationRecord, describeChanges, PROCESS, steady } from "../../cache/provenance.js";
import type { CacheSession } from "../../cache/session.js";
import type { Owner } from "../../cache/store.js";
import { type Dependency, formatDependency, mappedDependencies } from "../../graph/graph.js";
import type { Plan, Step } from "../../graph/plan.js";
import type { Program } from "../program/program.js";
import type { NodeExplanation } from "./explanation.js";

/** An explanation as one line: `Retrieval.hits: 3 of 1058 computed: queries changed`. */
export function explanationLine({ path, computed, cached, unknown, because }: NodeExplanation): string {
  const known = computed + cached;
  const counts: string[] = [];
  if (unknown === "any") counts.push("elements not known yet");
  else {
    const all = known + unknown;
    if (computed > 0) counts.push(all === 1 ? "computed" : `${computed} of ${all} computed`);
    if (unknown > 0) counts.push(all === 1 ? "not known yet" : `${unknown} of ${all} not known yet`);
  }
  return `${path}: ${counts.join(", ") || "not computed"}: ${because}`;
}

const NO_ENTRY = "the cache has no entry of these inputs: they are new together, it failed, or the entry is gone";
const NOT_STORED = "errors may be collected in it, in a thread or on another host, so its value is not stored";

/** Why it can't be looked up what a step would do. */
export const EXPLAINED_REMOTELY = "it runs on another host, which has its own cache";

/** An execution whose steps are explained. */
interface ExplainedExecution {
  readonly plan: Plan;
  readonly program: Program;
  pathOf(step: Step): string;
}

/** The cache of such an execution. */
interface ExplainedCache {
  readonly session: CacheSession;
  readonly codes: CodeDigests;
  isCacheable(step: Step): boolean;
  knowsFailures(step: Step): boolean;
  ownerOf(step: Step): Owner;
}

/** The cache log of one step in a run. */
interface StepCacheLog {
  computed: number;
  cached: number;
  /** Of how many calls it can't be said before a run. */
  unknown: number | "any";
  /** Why it can't. */
  readonly doubts: Set<string>;
  /** The contents of its inputs, by name. */
  inputs: readonly (readonly [name: string, ref: ContentRef])[];
  /** The reason why it can't be cached. */
  problem: string | undefined;
  /** The models of an entry that was there, and not of their code. */
  otherModels: string | undefined;
  /** The values that were others in the process before, by their places, where that was looked for. */
  changed: readonly string[];
  /** The record of the last computation, corrected, which is saved where nothing was computed. */
  steady: ComputationRecord | undefined;
}

/** The cache log of a pipeline's steps, in all its executions of a run. */
export class PipelineCacheLog {
  executions = 1;
  private readonly steps: StepCacheLog[] = [];

  /** @param execution the first of them. */
  constructor(
    readonly execution: ExplainedExecution,
    readonly cached: ExplainedCache | undefined,
  ) {}

  of(step: Step): StepCacheLog {
    this.steps[step.index] ??= {
      ...{
        computed: 0,
        cached: 0,
        unknown: 0,
        doubts: new Set(),
        inputs: [],
        problem: undefined,
        otherModels: undefined,
        changed: [],
        steady: undefined,
      },
    };
    return this.steps[step.index]!;
  }

  get hasComputed(): boolean {
    return this.steps.some((step) => step.computed > 0);
  }

  get all(): readonly StepCacheLog[] {
    return this.steps.filter((step) => step !== undefined);
  }

  /**
   * Records the contents of a step's inputs, undefined for one that is not known.
   *
   * @param lists those of its lists; undefined: they are not read as a whole.
   * @param shared those of the inputs of every call.
   */
  recordInputs(
    step: Step,
    lists: readonly (ContentRef | undefined)[] | undefined,
    shared: readonly (ContentRef | undefined)[],
  ): void {
    // Of later executions only what is not known counts.
    if (this.executions > 1 && !lists?.includes(undefined) && !shared.includes(undefined)) return;
    const { resources } = this.execution.plan;
    const values = step.node.dependencies.filter(({ as }) => as === "value");
    const named = (dependencies: readonly Dependency[], refs: readonly (ContentRef | undefined)[]) =>
      dependencies.map((dependency, i) => [formatDependency(dependency), refs[i]] as const);
    // The inputs of a resource are part of its code.
    const inputs = [...named(lists ? mappedDependencies(step.node) : [], lists ?? []), ...named(values, shared)];
    const account = this.of(step);
    for (const [name, ref] of inputs) if (ref === undefined) account.doubts.add(`${name} is not known yet`);
    if (this.executions > 1) return;
    account.inputs = inputs.filter(
      (input): input is [string, ContentRef] =>
        input[1] !== undefined && !resources.some((resource) => resource.name === input[0]),
    );
  }
}

type StepCounts = ReadonlyMap<StepCacheLog, { readonly computed: number; readonly cached: number }>;

/** Logs what a run looks up and computes, and explains it. */
export class CacheExplainer {
  private readonly logs = new Map<Program, PipelineCacheLog>();

  begin(execution: ExplainedExecution, cached?: ExplainedCache): PipelineCacheLog {
    const { program } = execution;
    const known = this.logs.get(program);
    if (known !== undefined) {
      known.executions++;
      return known;
    }
    const account = new PipelineCacheLog(execution, cached);
    this.logs.set(program, account);
    return account;
  }

  /** The calls of all steps that were counted until now. */
  counts(): StepCounts {
    const all = [...this.logs.values()].flatMap((account) => account.all);
    return new Map(all.map((step) => [step, { computed: step.computed, cached: step.cached }]));
  }

  /** Of the calls that were counted since, it can't be said if they are computed. */
  doubtSince(before: StepCounts, why: string): void {
    for (const step of this.counts().keys()) {
      const { computed, cached } = before.get(step) ?? { computed: 0, cached: 0 };
      const calls = step.computed + step.cached - computed - cached;
      if (calls === 0) continue;
      if (step.unknown !== "any") step.unknown += calls;
      Object.assign(step, { computed, cached });
      step.doubts.add(why);
    }
  }

  /** True if any node has run. */
  get hasComputed(): boolean {
    return [...this.logs.values()].some((account) => account.hasComputed);
  }

  /**
   * Why each node was computed, or was not.
   *
   * @param isWhole whether those are explained, too, that were not called for.
   */
  async explain(isWhole: boolean): Promise<NodeExplanation[]> {
    const explanations: NodeExplanation[] = [];
    for (const account of this.logs.values()) {
      for (const step of account.execution.plan.steps) {
        const { computed, cached, unknown } = account.of(step);
        if (!isWhole && computed + cached === 0) continue;
        const because = await this.reason(account, step);
        const path = pathWithoutIndices(account.execution, step);
        explanations.push({ path, name: step.name, computed, cached, unknown, because });
      }
    }
    return explanations;
  }

  private async reason(account: PipelineCacheLog, step: Step): Promise<string> {
    const { cached } = account;
    const { computed, cached: hits, unknown, problem, otherModels, doubts } = account.of(step);
    if (doubts.has(EXPLAINED_REMOTELY)) return EXPLAINED_REMOTELY;
    const doubt = [...doubts].map((each) => `, ${each}`).join("");
    if (problem !== undefined) return `it can't be cached: ${problem}${doubt}`;
    if (cached === undefined) return `nothing is cached here${doubt}`;
    if (!cached.isCacheable(step)) {
      const isDisabled = step.node.options.cache === false;
      return (isDisabled ? "it says cache: false" : "something nested in it is not cached here") + doubt;
    }
    if (computed === 0 && hits === 0 && unknown === 0) return "its list is empty";
    const [before] = await cached.session.read([computationKey(pathWithoutIndices(account.execution, step))]);
    const past = before?.decoded as ComputationRecord | undefined;
    if (computed === 0 && unknown === 0) {
      account.of(step).steady = past && steady(past);
      return "same code, same inputs";
    }
    const changes = past && describeChanges(past, recordOf(account, step));
    const reasons = changes === undefined ? ["no earlier value of it is cached"] : [...changes.clauses];
    account.of(step).changed = changes?.values ?? [];
    if (reasons.length === 0 && otherModels !== undefined)
      reasons.push(`its value was stored with other code of ${otherModels.replaceAll(",", ", ")}`);
    if (reasons.length === 0 && computed > 0) reasons.push(cached.knowsFailures(step) ? NO_ENTRY : NOT_STORED);
    return [...reasons, ...doubts].join(", ");
  }

  /** Keeps what was computed from what, for the next run's explanation. */
  keep(): void {
    for (const account of this.logs.values()) {
      const { cached } = account;
      const { plan } = account.execution;
      for (const step of plan.steps) {
        const { computed, problem, steady } = account.of(step);
        if (cached === undefined || problem !== undefined || !cached.isCacheable(step)) continue;
        const value = computed === 0 ? steady : recordOf(account, step);
        if (value === undefined) continue;
        const key = computationKey(pathWithoutIndices(account.execution, step));
        cached.session.add({ key, owner: cached.ownerOf(step), kind: "fact", digest: "", models: "", value });
      }
    }
  }
}

function recordOf(account: PipelineCacheLog, step: Step): ComputationRecord {
  const { codes } = account.cached!;
  const { inputs, changed } = account.of(step);
  return {
    process: PROCESS,
    ...(changed.length > 0 && { changed }),
    code: codes.steps[step.index]!.code,
    version: step.node.options.version,
    parts: [
      ...partsBehind(codes.steps[step.index]!),
      ...partsOfModels(
        codes,
        inputs.map(([, { models }]) => models),
      ),
    ],
    inputs: account.executions > 1 ? [] : inputs.map(([name, { digest }]) => [name, digest]),
  };
}

/** The path of a step, whichever elements it is inside of: `Corpus.essays.count`. */
export function pathWithoutIndices(execution: { pathOf(step: Step): string }, step: Step): string {
  return execution.pathOf(step).replaceAll(/\[\d+\]/g, "");
}
