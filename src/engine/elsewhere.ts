import { codesOfSteps, codesToTell, modelCodesToTell } from "../cache/codes.js";
import type { CacheStore, MapQueue, Placement } from "../dsl/choices.js";
import type { PipelineClass } from "../dsl/members.js";
import { argumentKey, type Plan, type Step } from "../graph/plan.js";
import { planPart } from "../graph/plan-part.js";
import { asError } from "../util/as-error.js";
import { remembers } from "./cached/stores.js";
import type { Call } from "./call.js";
import { CollectedError } from "./collected.js";
import { now } from "./events.js";
import type { Execution } from "./execution.js";
import { placeOf } from "./failure.js";
import type { List } from "./lists.js";
import { counts, type Selection } from "./map-run.js";
import type { PlacedWork } from "./placed.js";
import type { ChildProgram } from "./program.js";
import { sourceOf } from "./remade.js";
import type { RunState } from "./run-state.js";
import type { Scope } from "./scope.js";
import { choicesFor, forElsewhere, type Settings } from "./settings.js";
import { internalError } from "./threads/checked-result.js";
import type { Destination } from "./threads/destination.js";
import { type Fragment, sharedSlots } from "./threads/fragment.js";

/** Work for another place, before it is said how its code and its stores are called there. */
export interface Errand {
  /** The class whose module has all that is needed. */
  readonly type: PipelineClass;
  readonly work: Omit<PlacedWork, "origin" | "cache">;
  /** What would remember it here. */
  readonly cache: CacheStore | undefined;
  /** The names of what is in the values' slots, for who says that one can't travel. */
  readonly plan: Plan;
  /** The pipeline's place, or that of the step. */
  readonly where: string;
  readonly run: RunState;
  readonly scope: Scope;
  readonly graceMs: number;
}

/** Does work in other places, for one run. */
export interface Elsewhere {
  /** @returns the record of the outputs. */
  run(placement: Placement, errand: Errand): Promise<Record<string, unknown>>;
  /** Workers that take chunks of a fragment. */
  workers(queue: MapQueue, fragment: Fragment): Destination;
  /** Containers that share the chunks of a fragment. */
  containers(placement: Placement, fragment: Fragment): Destination;
  /** Lets go of the places: the run has ended. @param isDone whether it has its results. */
  end(isDone: boolean): Promise<unknown> | undefined;
}

/** Runs a nested pipeline in its own place, for one call. */
export async function runChildElsewhere(
  { execution, step, element }: Call,
  child: ChildProgram,
  values: readonly unknown[],
  scope: Scope,
): Promise<unknown> {
  const { program, plan, pick, placement } = child;
  const path = placeOf(execution.path, step.name, element);
  const settings = execution.settingsFor(step, child);
  const isRemembered = remembers(plan, settings.choices);
  const outputs = await execution.run.elsewhere!.run(placement!, {
    type: program.pipeline,
    work: {
      ...common(execution, settings, path),
      source: sourceOf(program),
      codes: isRemembered ? codesToTell(program) : undefined,
      models: isRemembered ? modelCodesToTell() : undefined,
      values: values.flatMap((value, slot) => (value === undefined ? [] : [[slot, value] as const])),
      part: undefined,
    },
    ...{ cache: settings.cache, plan, where: path, run: execution.run, scope, graceMs: settings.graceMs },
  });
  return pick < 0 ? outputs : outputs[plan.outputs.find(({ slot }) => slot === pick)!.name];
}

/**
 * Computes a node in a container that others share: attempts, limits of time and events are there what they are here.
 *
 * @throws {NodeError}
 */
export async function runNodeElsewhere(execution: Execution, step: Step): Promise<unknown> {
  const { program, path, settings, values, run, scope } = execution;
  const { plan } = planPart(program.plan, [step.index], [step.index]);
  const outputs = await run.elsewhere!.run(settings.containers!, {
    type: program.pipeline,
    work: {
      ...common(execution, settings, path),
      source: sourceOf(program, { steps: [step.index], wanted: [step.index] }),
      values: sharedSlots(program.plan, [step]).map((slot) => [slot, values[slot]] as const),
      codes: undefined,
      models: undefined,
      part: undefined,
    },
    // It is remembered here.
    cache: undefined,
    ...{ plan, where: execution.placeOf(step), run, scope, graceMs: settings.graceMs },
  });
  return outputs[step.name];
}

/** A map over a nested pipeline that runs in its own place: all its elements go there together. */
export class MapElsewhere {
  private readonly startedAt = now();

  /** @param selection which elements are to be computed, if not all. */
  constructor(
    private readonly execution: Execution,
    private readonly step: Step,
    private readonly lists: readonly List[],
    private readonly selection?: Selection,
  ) {}

  /** @returns a value for each element, in order. */
  async run(): Promise<unknown[]> {
    const { execution, step, lists, selection } = this;
    const { program, path, settings, values } = execution;
    const child = program.children[step.index]!;
    const length = this.length();
    execution.tellMap(step, { phase: "start", elements: selection?.of ?? length });
    const { plan, cuts } = planPart(program.plan, [step.index], [step.index]);
    const given = new Map(step.arguments.map(({ slot }) => [slot, values[slot]]));
    const names = step.map!.lists;
    if (step.map!.product) for (const [i, { slot }] of names.entries()) given.set(slot, lists[i]);
    for (const [i, cut] of cuts.entries()) {
      given.set(program.plan.slots + i, lists[names.findIndex((list) => argumentKey(list) === argumentKey(cut))]);
    }
    const inner = choicesFor(settings.choices, step);
    const isRemembered = remembers(child.plan, inner);
    try {
      const outputs = await execution.run.elsewhere!.run(child.placement!, {
        type: program.pipeline,
        work: {
          ...common(execution, settings, path),
          source: sourceOf(program, { steps: [step.index], wanted: [step.index] }),
          codes: isRemembered ? codesOfSteps(program, [step]) : undefined,
          models: isRemembered ? modelCodesToTell() : undefined,
          values: [...given],
          part: { first: 0, count: length, indices: selection?.indices },
        },
        cache: inner.cache || undefined,
        ...{ plan, where: execution.placeOf(step), run: execution.run, scope: execution.scope },
        graceMs: settings.graceMs,
      });
      const results = outputs[step.name] as unknown[];
      if (!Array.isArray(results) || results.length !== length) {
        throw internalError(
          execution.placeOf(step),
          `of ${length} elements another place gave ${results?.length} values`,
        );
      }
      return this.ended(results);
    } catch (error) {
      execution.tellMap(step, { phase: "failed", error: asError(error), durationMs: now() - this.startedAt });
      throw error;
    }
  }

  private length(): number {
    const { step, lists, selection } = this;
    if (selection !== undefined) return selection.count;
    if (!step.map!.product) return lists[0]!.length;
    return lists.reduce((product, { length }) => product * length, 1);
  }

  private ended(results: unknown[]): unknown[] {
    const { execution, step, selection } = this;
    for (const [i, value] of results.entries()) selection?.computed(i, value);
    const failed = results.filter(CollectedError.is).length;
    const about = counts(results.length, failed, selection);
    execution.tellMap(step, { phase: "end", ...about, durationMs: now() - this.startedAt });
    return results;
  }
}

function common({ run }: Execution, { choices }: Settings, path: string) {
  return {
    path,
    run: run.id,
    heard: run.tell !== undefined,
    carrier: run.context?.carrier(run.id, path),
    explain: false,
    execution: forElsewhere(choices.execution),
    inputs: [],
    keepsResources: true,
    isStream: false,
  };
}
