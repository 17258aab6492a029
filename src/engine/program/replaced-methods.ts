import { methodsReplacedIn } from "../../dsl/defined-methods.js";
import { classNameOf, type PipelineClass } from "../../dsl/members.js";
import { HypernodesError } from "../../errors.js";
import type { Plan } from "../../graph/plan.js";
import { mayReadThis } from "./this-guard.js";

/** A program, as far as this file knows it. */
interface Bound {
  readonly plan: Plan;
  readonly object: object;
  /** For each step its nested pipeline. */
  readonly children: readonly ({ readonly program: Bound } | undefined)[];
}

type Methods = Readonly<Record<string, unknown>>;

/**
 * Rejects an object's own function in the place of its class's method: a run does not call it. It may be a field of that name: that of an
 * input which a subclass made a node of.
 *
 * @throws {HypernodesError} `REPLACED_METHOD`.
 */
export function rejectOwnMethod(pipeline: object, name: string): void {
  if (!isAddedFunction(pipeline, name)) return;
  const type = classNameOf(pipeline.constructor);
  throw new HypernodesError({
    code: "REPLACED_METHOD",
    where: `${type}.${name}`,
    problem: "this object has a function of that name of its own, and a run calls the method of the class",
    advice: `Replace it on the class: ${type}.prototype.${name}. To give its value: { given: { ${name} } }.`,
  });
}

/**
 * Rejects methods that were replaced, if steps that go to threads or other hosts call them: those import the original ones.
 *
 * @param steps the indices of the steps.
 * @throws {HypernodesError} `REPLACED_METHOD`.
 */
export function rejectReplaced({ plan, object, children }: Bound, steps: Iterable<number>): void {
  const prototype = Object.getPrototypeOf(object) as Methods;
  const replaced = methodsReplacedIn(prototype);
  const roles = new Set(plan.graph.nodes.map(({ name }) => name));
  const helper = [...replaced, ...addedFunctions(object)].find((name) => !roles.has(name));
  for (const index of steps) {
    const { name, resources } = plan.steps[index]!;
    const child = children[index]?.program;
    if (child !== undefined) rejectReplaced(child, child.plan.steps.keys());
    const used = [name, ...resources.map((resource) => plan.resources[resource]!.name)];
    const found = used.find((one) => replaced.has(one));
    if (found !== undefined) throw replacedError(object, found, ` To give its value: { given: { ${found} } }.`);
    const readsThis = used.some((one) => typeof prototype[one] === "function" && mayReadThis(prototype[one]));
    if (helper !== undefined && readsThis) throw replacedError(object, helper, "");
  }
}

function replacedError(object: object, name: string, alternative: string): HypernodesError {
  return new HypernodesError({
    code: "REPLACED_METHOD",
    where: `${classNameOf(object.constructor)}.${name}`,
    problem: "the method was replaced, and threads and other hosts import the original",
    advice: `Run it in this process: { execution: { nodes: "async", maps: "async" } }.${alternative}`,
  });
}

/** Functions of an object's own in the place of its class's methods. */
function addedFunctions(object: object): string[] {
  return Object.getOwnPropertyNames(object).filter(
    (name) => name in Object.getPrototypeOf(object) && isAddedFunction(object, name),
  );
}

/** True for a function that the constructor does not make. */
function isAddedFunction(object: object, name: string): boolean {
  if (typeof (object as Methods)[name] !== "function" || !Object.hasOwn(object, name)) return false;
  return !Object.hasOwn(new (object.constructor as PipelineClass)(), name);
}
