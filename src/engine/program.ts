import type { Method } from "../dsl/brands.js";
import type { PipelineClass } from "../dsl/members.js";
import type { Graph } from "../graph/graph.js";
import type { Plan, PlannedChild } from "../graph/plan.js";
import { type InputChecks, inputChecksOf } from "../values/inputs.js";
import { isGuarded } from "./attempt.js";
import { isAsync } from "./current-run.js";
import { guardOf } from "./guard.js";

/** A plan bound to a pipeline object: what its steps call. One serves many runs at once. */
export interface Program {
  readonly plan: Plan;
  readonly pipeline: PipelineClass;
  /** What `this` is in its methods. */
  readonly self: object;
  /** For each step its method; undefined for a nested pipeline. */
  readonly methods: readonly (Method | undefined)[];
  /** For each step, whether its method is declared async. */
  readonly async: readonly boolean[];
  /** For each step, whether it is a plain method that needs nothing around its call. */
  readonly direct: readonly boolean[];
  /** For each resource, the method that builds it. */
  readonly builders: readonly Method[];
  /** For each step its nested program, if it has one. */
  readonly children: readonly (ChildProgram | undefined)[];
}

/** A nested pipeline, ready to be run for a call. */
export interface ChildProgram extends PlannedChild {
  readonly program: Program;
  /** Values by slot before the call's own are put in: what is bound, and defaults. */
  readonly values: readonly unknown[];
  readonly checks: InputChecks | undefined;
}

const programs = new WeakMap<object, Map<Plan, Program>>();
const guards = new WeakMap<object, object>();

export function programFor(pipeline: object, plan: Plan): Program {
  let known = programs.get(pipeline);
  if (known === undefined) programs.set(pipeline, (known = new Map()));
  let program = known.get(plan);
  if (program === undefined) known.set(plan, (program = bind(pipeline, plan)));
  return program;
}

function bind(pipeline: object, plan: Plan): Program {
  const prototype = Object.getPrototypeOf(pipeline) as Record<string, Method>;
  const methods = plan.steps.map(({ name, child }) => (child === undefined ? prototype[name]! : undefined));
  const async = methods.map((method) => method !== undefined && isAsync(method));
  return {
    plan,
    pipeline: pipeline.constructor as PipelineClass,
    self: guardFor(pipeline, plan.graph),
    methods,
    async,
    direct: plan.steps.map(
      (step, i) =>
        methods[i] !== undefined &&
        !async[i] &&
        !isGuarded(step.node.options) &&
        (step.map !== undefined || (step.resources.length === 0 && step.arguments.every(({ path }) => !path))),
    ),
    builders: plan.resources.map(({ name }) => prototype[name]!),
    children: plan.steps.map(({ child }) => child && bindChild(child)),
  };
}

/** Binds a nested plan to a new object of its class, with what was bound on it. */
function bindChild(child: PlannedChild): ChildProgram {
  const { nested, plan } = child;
  const object = new nested.pipeline() as unknown as Record<string, unknown>;
  const values: unknown[] = new Array(plan.slots).fill(undefined);
  for (const { name, slot } of plan.inputs) {
    values[slot] = nested.bound[name] !== undefined ? nested.bound[name] : object[name];
  }
  return { ...child, program: programFor(object, plan), values, checks: inputChecksOf(nested.pipeline, plan.inputs) };
}

/** The program of a plan that maps over a pipeline, whose inputs come with each call. */
export function programOver(pipeline: object, plan: Plan, checks: InputChecks | undefined): Program {
  const child = plan.steps[0]!.child!;
  return {
    plan,
    pipeline: pipeline.constructor as PipelineClass,
    self: pipeline,
    methods: [undefined],
    async: [false],
    direct: [false],
    builders: [],
    children: [{ ...child, program: programFor(pipeline, child.plan), values: new Array(child.plan.slots), checks }],
  };
}

function guardFor(pipeline: object, graph: Graph): object {
  let guard = guards.get(pipeline);
  if (guard === undefined) guards.set(pipeline, (guard = guardOf(pipeline, graph)));
  return guard;
}
