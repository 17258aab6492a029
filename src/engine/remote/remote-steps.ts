import { exportCodeDigests, exportForSteps } from "../../cache/code-digests.js";
import { argumentKey, type Step } from "../../graph/plan.js";
import { extractSubPlan } from "../../graph/sub-plan.js";
import { asError } from "../../util/as-error.js";
import { internalError } from "../chunks/checked-result.js";
import { type ElementSelection, mapEndCounts } from "../elements/element-selection.js";
import type { List } from "../elements/lists.js";
import type { RunningExecution, StepCall } from "../executor.js";
import { CollectedError } from "../failures/collected.js";
import { pathOf } from "../failures/node-errors.js";
import type { CancelScope } from "../lifecycle/cancel-scope.js";
import { now } from "../lifecycle/events.js";
import type { NestedProgram } from "../program/program.js";
import { toProgramSpec } from "../program/program-spec.js";
import { sharedSlots } from "../program/shared-slots.js";
import { hasCache } from "../run-cache/plan-stores.js";
import { localised, optionsFor, type ResolvedExecution } from "../settings.js";
import type { HostRegistry } from "./host-registry.js";

/** Runs a nested pipeline in its own place, for one call. */
export async function runNestedRemotely(
  hosts: HostRegistry,
  { execution, step, element }: StepCall,
  child: NestedProgram,
  values: readonly unknown[],
  scope: CancelScope,
): Promise<unknown> {
  const { program, plan, pick, placement } = child;
  const path = pathOf(execution.path, step.name, element);
  const settings = execution.settingsFor(step, child);
  const isCached = hasCache(plan, settings.choices);
  const outputs = await hosts.runTask(placement!, {
    type: program.pipeline,
    work: {
      ...baseTask(execution, settings, path),
      source: toProgramSpec(program),
      codes: isCached ? exportCodeDigests(program, execution.run) : undefined,
      values: values.flatMap((value, slot) => (value === undefined ? [] : [[slot, value] as const])),
      part: undefined,
    },
    ...{ cache: settings.cache, plan, where: path, run: execution.run, scope, graceMs: settings.graceMs },
    computedAt: (host) => execution.computedAt(host, [step]),
  });
  return pick < 0 ? outputs : outputs[plan.outputs.find(({ slot }) => slot === pick)!.name];
}

/**
 * Computes a node in a container that others share: attempts, limits of time and events are there what they are here.
 *
 * @throws {NodeError}
 */
export async function runNodeRemotely(hosts: HostRegistry, execution: RunningExecution, step: Step): Promise<unknown> {
  const { program, path, settings, values, run, scope } = execution;
  const { plan } = extractSubPlan(program.plan, [step.index], [step.index]);
  const outputs = await hosts.runTask(settings.hosts!, {
    type: program.pipeline,
    work: {
      ...baseTask(execution, settings, path),
      source: toProgramSpec(program, { steps: [step.index], wanted: [step.index] }),
      values: sharedSlots(program.plan, [step]).map((slot) => [slot, values[slot]] as const),
      codes: undefined,
      part: undefined,
    },
    // It is cached in this process.
    cache: undefined,
    ...{ plan, where: execution.pathOf(step), run, scope, graceMs: settings.graceMs },
    computedAt: (host) => execution.computedAt(host, [step]),
  });
  return outputs[step.name];
}

/** A map over a nested pipeline that runs in its own place: all its elements go there together. */
export class RemoteMap {
  private readonly startedAt = now();

  /** @param selection which elements are to be computed, if not all. */
  constructor(
    private readonly hosts: HostRegistry,
    private readonly execution: RunningExecution,
    private readonly step: Step,
    private readonly lists: readonly List[],
    private readonly selection?: ElementSelection,
  ) {}

  /** @returns a value for each element, in order. */
  async run(): Promise<unknown[]> {
    const { hosts, execution, step, lists, selection } = this;
    const { program, path, settings, values } = execution;
    const child = program.children[step.index]!;
    const length = this.length();
    execution.emitMapEvent(step, { phase: "start", elements: selection?.of ?? length });
    const { plan, slicedLists: cuts } = extractSubPlan(program.plan, [step.index], [step.index]);
    const argumentValues = new Map(step.arguments.map(({ slot }) => [slot, values[slot]]));
    const names = step.map!.lists;
    if (step.map!.product) for (const [i, { slot }] of names.entries()) argumentValues.set(slot, lists[i]);
    for (const [i, cut] of cuts.entries()) {
      argumentValues.set(
        program.plan.slots + i,
        lists[names.findIndex((list) => argumentKey(list) === argumentKey(cut))],
      );
    }
    const inner = optionsFor(settings.choices, step);
    const isCached = hasCache(child.plan, inner);
    try {
      const outputs = await hosts.runTask(child.placement!, {
        type: program.pipeline,
        work: {
          ...baseTask(execution, settings, path),
          source: toProgramSpec(program, { steps: [step.index], wanted: [step.index] }),
          codes: isCached ? exportForSteps(program, [step], execution.run) : undefined,
          values: [...argumentValues],
          part: { first: 0, count: length, indices: selection?.indices },
        },
        cache: inner.cache || undefined,
        ...{ plan, where: execution.pathOf(step), run: execution.run, scope: execution.scope },
        graceMs: settings.graceMs,
        computedAt: (host) => execution.computedAt(host, [step]),
      });
      const results = outputs[step.name] as unknown[];
      if (!Array.isArray(results) || results.length !== length) {
        throw internalError(
          execution.pathOf(step),
          `the remote host returned ${results?.length} values for ${length} elements`,
        );
      }
      return this.onEnded(results);
    } catch (error) {
      execution.emitMapEvent(step, { phase: "failed", error: asError(error), durationMs: now() - this.startedAt });
      throw error;
    }
  }

  private length(): number {
    const { step, lists, selection } = this;
    if (selection !== undefined) return selection.count;
    if (!step.map!.product) return lists[0]!.length;
    return lists.reduce((product, { length }) => product * length, 1);
  }

  private onEnded(results: unknown[]): unknown[] {
    const { execution, step, selection } = this;
    for (const [i, value] of results.entries()) selection?.computed(i, value);
    const failed = results.filter(CollectedError.is).length;
    const about = mapEndCounts(results.length, failed, selection);
    execution.emitMapEvent(step, { phase: "end", ...about, durationMs: now() - this.startedAt });
    return results;
  }
}

function baseTask({ run }: RunningExecution, { choices }: ResolvedExecution, path: string) {
  return {
    path,
    origins: run.purity.originsAt(path),
    run: run.id,
    wantsEvents: run.emit !== undefined,
    carrier: run.context?.inject(run.id, path),
    explain: false,
    execution: localised(choices.execution),
    inputs: [],
    reusesResources: true,
    isStream: false,
  };
}
