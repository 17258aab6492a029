import type { Method } from "../../dsl/brands.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { GraphNode } from "../../graph/graph.js";
import type { Plan, PlannedChild, SlotUses } from "../../graph/plan.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { isAsync } from "../../util/is-async.js";
import { registerExportsOf } from "../../values/exported-classes.js";
import { inputChecksOf } from "../../values/input-checks.js";
import { inputRecord } from "../../values/inputs.js";
import { convertInputs } from "../elements/convert-inputs.js";
import { isGuarded } from "../failures/retry-policy.js";
import { ChildInputs } from "./child-inputs.js";
import { methodCheck } from "./method-check.js";
import { rejectOwnMethod } from "./replaced-methods.js";
import { createThisGuard, hasFieldsOf, mayReadThis } from "./this-guard.js";

/** A plan bound to a pipeline object: what its steps call. One serves many runs at once. */
export interface Program {
  readonly plan: Plan;
  readonly pipeline: PipelineClass;
  /** The pipeline object itself. */
  readonly object: object;
  /** The `this` of its methods. */
  readonly self: object;
  /** For each step its method; undefined for a nested pipeline. */
  readonly methods: readonly (Method | undefined)[];
  /** True if any method is declared async. */
  readonly hasAsyncMethod: boolean;
  /** For each step, whether its calls need nothing around them. */
  readonly isBareCall: readonly boolean[];
  /** The number of steps at the beginning that can be run one after another with nothing around them. */
  readonly fastPathLength: number;
  /** For each resource, the method that builds it. */
  readonly builders: readonly Method[];
  /** For each step its nested program, if it has one. */
  readonly children: readonly (NestedProgram | undefined)[];
  /** Tells if an object has the methods that the program calls. */
  hasMethodsOf(object: object): boolean;
}

/** A nested pipeline, ready to be run for a call. */
export interface NestedProgram extends PlannedChild {
  readonly program: Program;
  /** Values by slot before the call's own are put in: what is bound, and defaults. */
  readonly values: readonly unknown[];
  readonly checks: ChildInputs | undefined;
  /** By slot, how inputs are taken that get elements; undefined: only as a whole. */
  readonly elementUses: ReadonlyMap<number, SlotUses> | undefined;
  /** True if it is plain synchronous methods, one after another, and nothing else. */
  readonly isSynchronous: boolean;
}

/** The part of a program that is the same for all objects of the class. */
interface ClassProgram extends Omit<Program, "object" | "self" | "children"> {
  /** True if a method could use `this`: then it is the object's own. */
  readonly readsThis: boolean;
  /** For each step undefined; undefined as a whole if a step has a nested program, which is the object's own. */
  readonly noChildren: readonly undefined[] | undefined;
}

/** The `this` of methods that have no word for it. */
const UNREAD_THIS: object = Object.freeze(Object.create(null));

const programs = new WeakMap<object, Program[]>();
const guards = new WeakMap<object, object>();
const classPrograms = new WeakMap<Plan, ClassProgram>();

/** @throws {HypernodesError} `REPLACED_METHOD`. */
export function programFor(pipeline: object, plan: Plan): Program {
  const known = getOrCreate(programs, pipeline, (): Program[] => []);
  const guarded = guards.get(pipeline);
  if (guarded !== undefined && !hasFieldsOf(guarded, pipeline)) {
    guards.delete(pipeline);
    known.length = 0;
  }
  const at = known.findIndex((program) => program.plan === plan);
  if (at >= 0 && hasMethods(pipeline, known[at]!)) return known[at]!;
  const ofClass = classProgramFor(pipeline, plan);
  const guard = () => createThisGuard(pipeline, plan.graph);
  const program = bindToObject(
    ofClass,
    pipeline,
    ofClass.readsThis ? getOrCreate(guards, pipeline, guard) : UNREAD_THIS,
  );
  known[at >= 0 ? at : known.length] = program;
  return program;
}

/**
 * Binds a class's program to an object. Nested programs are the object's own: their code digests may be preset. Written out, because a
 * spread takes ten times as long, and `new P().run()` binds for each run.
 */
function bindToObject(ofClass: ClassProgram, object: object, self: object): Program {
  return {
    plan: ofClass.plan,
    pipeline: ofClass.pipeline,
    object,
    self,
    methods: ofClass.methods,
    hasAsyncMethod: ofClass.hasAsyncMethod,
    isBareCall: ofClass.isBareCall,
    fastPathLength: ofClass.fastPathLength,
    builders: ofClass.builders,
    hasMethodsOf: ofClass.hasMethodsOf,
    children: ofClass.noChildren ?? ofClass.plan.steps.map(({ node, child }) => child && bindNested(node, child)),
  };
}

/** Returns the class's program of a plan; a new one if a test has replaced one of the methods. */
function classProgramFor(pipeline: object, plan: Plan): ClassProgram {
  const known = classPrograms.get(plan);
  if (known !== undefined && hasMethods(pipeline, known)) return known;
  const prototype = Object.getPrototypeOf(pipeline) as Record<string, Method>;
  const program = bindToClass(pipeline.constructor as PipelineClass, prototype, plan);
  hasMethods(pipeline, program);
  classPrograms.set(plan, program);
  return program;
}

type Bound = Pick<Program, "plan" | "methods" | "builders" | "hasMethodsOf"> & Partial<Pick<Program, "children">>;

/**
 * Tells if a program calls the methods that the class has now: a test may replace them between two runs.
 *
 * @throws {HypernodesError} `REPLACED_METHOD`.
 */
function hasMethods(pipeline: object, { plan, methods, builders, hasMethodsOf, children = [] }: Bound): boolean {
  if (!hasMethodsOf(pipeline)) {
    for (const [i, { name }] of plan.steps.entries()) {
      if (methods[i] !== undefined && !isMethodOf(pipeline, name, methods[i])) return false;
    }
    for (const [i, { name }] of plan.resources.entries()) {
      if (!isMethodOf(pipeline, name, builders[i]!)) return false;
    }
  }
  for (const child of children) {
    if (child !== undefined && !hasMethods(child.program.object, child.program)) return false;
  }
  return true;
}

function isMethodOf(pipeline: object, name: string, method: Method): boolean {
  if ((pipeline as Record<string, unknown>)[name] === method) return true;
  if ((Object.getPrototypeOf(pipeline) as Record<string, unknown>)[name] !== method) return false;
  rejectOwnMethod(pipeline, name);
  return true;
}

function bindToClass(pipeline: PipelineClass, prototype: Readonly<Record<string, Method>>, plan: Plan): ClassProgram {
  registerExportsOf(pipeline);
  const methods = plan.steps.map(({ name, child }) => (child === undefined ? prototype[name]! : undefined));
  const builders = plan.resources.map(({ name }) => prototype[name]!);
  const members = [...plan.steps.filter(({ child }) => child === undefined), ...plan.resources].map(({ name }) => name);
  const direct = plan.steps.map(({ node }) => !isGuarded(node.options));
  const firstGuarded = plan.steps.findIndex(
    (step, i) =>
      methods[i] === undefined ||
      !direct[i] ||
      step.map !== undefined ||
      step.resources.length > 0 ||
      step.arguments.some(({ path }) => path),
  );
  return {
    plan,
    pipeline,
    readsThis: [...methods, ...builders].some((method) => method !== undefined && mayReadThis(method)),
    noChildren: plan.steps.some(({ child }) => child) ? undefined : plan.steps.map(() => undefined),
    methods,
    hasAsyncMethod: [...methods, ...builders].some((method) => method !== undefined && isAsync(method)),
    isBareCall: direct,
    fastPathLength: plan.canStream ? 0 : firstGuarded < 0 ? plan.steps.length : firstGuarded,
    builders,
    hasMethodsOf: methodCheck(
      members,
      members.map((name) => prototype[name]),
    ),
  };
}

/** Binds a nested plan to a new object of its class, with what was bound on it. */
function bindNested(node: GraphNode, child: PlannedChild): NestedProgram {
  const { nested, plan } = child;
  const object = new nested.pipeline() as unknown as Record<string, unknown>;
  const values: unknown[] = new Array(plan.slots).fill(undefined);
  for (const { name, slot, uses } of plan.inputs) {
    values[slot] = convertInputs(nested.bound[name] !== undefined ? nested.bound[name] : object[name], uses);
  }
  const checks = inputChecksOf(nested.pipeline, plan);
  return nestedProgram(
    child,
    programFor(object, plan),
    values,
    checks && new ChildInputs(checks, node, plan, inputRecord(plan.graph, object, {}, nested.bound, checks)),
  );
}

function nestedProgram(
  child: PlannedChild,
  program: Program,
  values: readonly unknown[],
  checks: ChildInputs | undefined,
): NestedProgram {
  const plain =
    program.fastPathLength === child.plan.steps.length && checks === undefined && !child.plan.collectsErrors;
  const { nested, plan, placement, elementSlots, argumentSlots, pick } = child;
  // Written out: V8 may give each copy by a spread another shape, and what reads them would be compiled again and again.
  return {
    nested,
    plan,
    placement,
    elementSlots,
    argumentSlots,
    pick,
    program,
    values,
    checks,
    isSynchronous: plain && !program.hasAsyncMethod,
    elementUses: elementUsesOf(child),
  };
}

function elementUsesOf({ plan, elementSlots }: PlannedChild): ReadonlyMap<number, SlotUses> | undefined {
  const slots = new Set(elementSlots.flat());
  const used = [...plan.inputs, ...plan.given].filter(({ slot, uses }) => slots.has(slot) && uses !== undefined);
  return used.length === 0 ? undefined : new Map(used.map(({ slot, uses }) => [slot, uses!]));
}

const NONE = { given: new Map(), defaults: new Map() };

/** The program of a plan that maps over a pipeline, whose inputs come with each call, and are checked there if the plan says so. */
export function programForMap(pipeline: object, plan: Plan): Program {
  const { node, child } = plan.steps[0]!;
  const inner = child!.plan;
  const checks = plan.seen && inputChecksOf(pipeline.constructor, inner);
  const inputs = checks && new ChildInputs(checks, node, inner, NONE, new Set(plan.seen!.defaults));
  return {
    plan,
    pipeline: pipeline.constructor as PipelineClass,
    object: pipeline,
    self: pipeline,
    methods: [undefined],
    hasAsyncMethod: false,
    isBareCall: [!isGuarded(node.options)],
    fastPathLength: 0,
    builders: [],
    hasMethodsOf: () => true,
    children: [nestedProgram(child!, programFor(pipeline, inner), new Array(inner.slots), inputs)],
  };
}
