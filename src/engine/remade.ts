import type { Choices } from "../dsl/choices.js";
import type { PipelineClass } from "../dsl/members.js";
import type { OnError } from "../dsl/options.js";
import { type Plan, planFor } from "../graph/plan.js";
import { type OverOptions, planOver, type SeenInputs } from "../graph/plan-over.js";
import { planPart } from "../graph/plan-part.js";
import { reflect } from "../graph/reflect.js";
import { remembered } from "../graph/remembered.js";
import { encode } from "../values/codec.js";
import { type Program, programFor, programOver } from "./program.js";

/** What a program is made of anew elsewhere, where the classes are, too. */
export interface ProgramSource {
  readonly outputs: readonly string[];
  readonly given: readonly string[];
  /** A map over the whole pipeline, and what the checks of its calls see, if there are any. */
  readonly over: (OverOptions & { readonly seen: SeenInputs | undefined }) | undefined;
  /** The part of it that is run there; undefined: all of it. */
  readonly part: ProgramPart | undefined;
  /** The pipeline object's fields without a role, by name: what its methods may read of `this`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

interface ProgramPart {
  /** Indices of its steps in the plan. */
  readonly steps: readonly number[];
  /** Indices of those whose values are wanted. */
  readonly wanted: readonly number[];
}

/** @param onError what a map over a whole pipeline does there, if not what it does here. */
export function sourceOf({ plan, object }: Program, part?: ProgramPart, onError?: OnError): ProgramSource {
  const outer = parts.get(plan);
  const { outputs, given } = pipelinePlan(plan);
  return {
    outputs: outer?.outputs ?? outputs.map(({ name }) => name),
    given: outer?.given ?? given.map(({ name }) => name),
    over: plan.over && {
      ...plan.over,
      onError: onError ?? plan.over.onError,
      seen: plan.seen,
    },
    part: part && within(outer?.part, part),
    fields: fieldsOf(object, plan),
  };
}

/** The plans that are parts of others, and what those compute as a whole. */
const parts = new WeakMap<Plan, Pick<ProgramSource, "outputs" | "given"> & { readonly part: ProgramPart }>();

/** A part of a part, as a part of the whole. */
function within(outer: ProgramPart | undefined, { steps, wanted }: ProgramPart): ProgramPart {
  if (outer === undefined) return { steps, wanted };
  const whole = (indices: readonly number[]) => indices.map((index) => outer.steps[index]!);
  return { steps: whole(steps), wanted: whole(wanted) };
}

/** Makes a program of what was told of it. */
export function remake(type: PipelineClass, choices: Choices, { outputs, given, over, part, fields }: ProgramSource) {
  const object = Object.assign(new type() as object, fields);
  const partOf = (whole: Plan): Plan => {
    if (part === undefined) return whole;
    const { plan } = planPart(whole, part.steps, part.wanted);
    parts.set(plan, { part, outputs, given });
    return plan;
  };
  const plan = planFor(reflect(type), outputs, given);
  if (over === undefined) return programFor(object, partOf(plan));
  return programOver(object, partOf(planOver(plan, type, choices, over, over.seen)));
}

const fieldsKnown = new WeakMap<object, Record<string, unknown>>();

/**
 * The fields of a pipeline object that have no role and can travel; the others are made anew elsewhere. Looked at once, as
 * `this` in nodes is.
 */
function fieldsOf(object: object, plan: Plan): Record<string, unknown> {
  return remembered(fieldsKnown, object, () => readFields(object, pipelinePlan(plan)));
}

/** The plan of the pipeline itself, where it is mapped over as a whole. */
function pipelinePlan(plan: Plan): Plan {
  return plan.over === undefined ? plan : plan.steps[0]!.child!.plan;
}

function readFields(object: object, plan: Plan): Record<string, unknown> {
  const roles = new Set(plan.graph.nodes.map(({ name }) => name));
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    if (!roles.has(name) && travels(value)) fields[name] = value;
  }
  return fields;
}

function travels(value: unknown): boolean {
  try {
    encode(value, { unchecked: true });
    return true;
  } catch {
    return false;
  }
}
