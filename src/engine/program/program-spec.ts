import type { PipelineClass } from "../../dsl/members.js";
import type { PipelineOptions } from "../../dsl/pipeline-options.js";
import { planFor } from "../../graph/compile-plan.js";
import type { InputDefaults, Plan, PlanMapOptions } from "../../graph/plan.js";
import { planPipelineMap } from "../../graph/plan-map.js";

import { graphOf } from "../../graph/reflect.js";
import { extractSubPlan } from "../../graph/sub-plan.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { encode } from "../../values/codec.js";
import { type Program, programFor, programForMap } from "./program.js";
import { rejectReplaced } from "./replaced-methods.js";

/** A program as data, from which a host with the same classes makes it again. */
export interface ProgramSpec {
  readonly outputs: readonly string[];
  readonly given: readonly string[];
  /** A map over the whole pipeline, and what the checks of its calls see, if there are any. */
  readonly over: (PlanMapOptions & { readonly seen: InputDefaults | undefined }) | undefined;
  /** The part of it that is run there; undefined: all of it. */
  readonly part: SubProgramSpec | undefined;
  /** The pipeline object's fields without a role, by name: what its methods may read of `this`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

interface SubProgramSpec {
  /** Indices of its steps in the plan. */
  readonly steps: readonly number[];
  /** Indices of those whose values are wanted. */
  readonly wanted: readonly number[];
}

/**
 * @param over how a whole pipeline is mapped over there, where that differs.
 * @throws {HypernodesError} `REPLACED_METHOD`.
 */
export function toProgramSpec(program: Program, part?: SubProgramSpec, over?: Partial<PlanMapOptions>): ProgramSpec {
  const { plan, object } = program;
  rejectReplaced(program, part?.steps ?? plan.steps.keys());
  const outer = subProgramSpecs.get(plan);
  const { outputs, given } = pipelinePlan(plan);
  return {
    outputs: outer?.outputs ?? outputs.map(({ name }) => name),
    given: outer?.given ?? given.map(({ name }) => name),
    over: plan.over && {
      ...plan.over,
      ...over,
      seen: plan.seen,
    },
    part: part && composeSteps(outer?.part, part),
    fields: fieldsOf(object, pipelinePlan(plan)),
  };
}

/** The plans that are parts of others, and what those compute as a whole. */
const subProgramSpecs = new WeakMap<Plan, Pick<ProgramSpec, "outputs" | "given"> & { readonly part: SubProgramSpec }>();

/** A part of a part, as a part of the whole. */
function composeSteps(outer: SubProgramSpec | undefined, { steps, wanted }: SubProgramSpec): SubProgramSpec {
  if (outer === undefined) return { steps, wanted };
  const whole = (indices: readonly number[]) => indices.map((index) => outer.steps[index]!);
  return { steps: whole(steps), wanted: whole(wanted) };
}

/** Makes a program of its spec. */
export function fromProgramSpec(
  type: PipelineClass,
  choices: PipelineOptions,
  { outputs, given, over, part, fields }: ProgramSpec,
) {
  const object = Object.assign(new type() as object, fields);
  const partOf = (whole: Plan): Plan => {
    if (part === undefined) return whole;
    const { plan } = extractSubPlan(whole, part.steps, part.wanted);
    subProgramSpecs.set(plan, { part, outputs, given });
    return plan;
  };
  const plan = planFor(graphOf(type), outputs, given);
  if (over === undefined) return programFor(object, partOf(plan));
  return programForMap(object, partOf(planPipelineMap(plan, type, choices, over, over.seen)));
}

/** The plan of the pipeline itself, where it is mapped over as a whole. */
function pipelinePlan(plan: Plan): Plan {
  return plan.over === undefined ? plan : plan.steps[0]!.child!.plan;
}

/**
 * The fields of a pipeline object that have no role and can be serialized, as they are now; the constructor makes the others again on the
 * host.
 */
function fieldsOf(object: object, plan: Plan): Record<string, unknown> {
  const roles = new Set(plan.graph.nodes.map(({ name }) => name));
  const fields: Record<string, unknown> = {};
  for (const name of Object.getOwnPropertyNames(object)) {
    const value = (object as typeof fields)[name];
    if (!roles.has(name) && isSerialisable(value)) fields[name] = value;
  }
  return fields;
}

const serialisable = new WeakMap<object, boolean>();

/** Tried once for each object: it takes as long as sending it. */
function isSerialisable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return canBeEncoded(value);
  return getOrCreate(serialisable, value, () => canBeEncoded(value));
}

function canBeEncoded(value: unknown): boolean {
  try {
    encode(value, { unchecked: true });
    return true;
  } catch {
    return false;
  }
}
