import type { PipelineClass } from "../../dsl/members.js";
import { HypernodesError } from "../../errors.js";
import type { Graph } from "../../graph/graph.js";
import { getOrCreate } from "../../util/get-or-create.js";

const ROLES = {
  input: "an input",
  node: "a node",
  output: "an output",
  mapOver: "a mapped node",
  resource: "a resource",
  nested: "a nested pipeline",
};

/**
 * Returns the `this` of a pipeline's methods: an object of its class whose methods can be called and whose undecorated
 * fields can be read, but whose members with a role can't: a node depends only on the members that it names.
 */
export function createThisGuard(pipeline: object, graph: Graph): object {
  const guard = new (pipeline.constructor as PipelineClass)() as object;
  const guarded = getOrCreate(guardPrototypes, graph, () => createGuardPrototype(pipeline, graph));
  // A field may have been added since the constructor ran, and may get another value later.
  for (const name of new Set([...Reflect.ownKeys(guard), ...Reflect.ownKeys(pipeline)])) {
    if (Object.getOwnPropertyDescriptor(guard, name)?.configurable === false) continue;
    Object.defineProperty(
      guard,
      name,
      Object.getOwnPropertyDescriptor(guarded, name) ?? {
        enumerable: Object.prototype.propertyIsEnumerable.call(pipeline, name),
        get: () => (pipeline as Record<PropertyKey, unknown>)[name],
        set: () => rejectAccess(graph, String(name), "write", "a field"),
      },
    );
  }
  Object.setPrototypeOf(guard, guarded);
  return Object.preventExtensions(guard);
}

/** Tells if the guard has all fields that the pipeline's object has now. */
export function hasFieldsOf(guard: object, pipeline: object): boolean {
  return Reflect.ownKeys(pipeline).every((name) => Object.hasOwn(guard, name));
}

/** Tells if a method has a word that could be `this`: then it must be the guard of the very object. */
export function mayReadThis(method: Function): boolean {
  return /\b(?:this|super|eval|native code)\b/.test(Function.prototype.toString.call(method));
}

/** The prototypes of guards, whose members with a role can't be read or written. */
const guardPrototypes = new WeakMap<Graph, object>();

function createGuardPrototype(pipeline: object, graph: Graph): object {
  const guarded = Object.create(Object.getPrototypeOf(pipeline) as object) as object;
  for (const { name, role } of graph.nodes) {
    Object.defineProperty(guarded, name, {
      get: () => rejectAccess(graph, name, "read", ROLES[role]),
      set: () => rejectAccess(graph, name, "write", ROLES[role]),
    });
  }
  return guarded;
}

function rejectAccess(graph: Graph, name: string, access: "read" | "write", what: string): never {
  throw new HypernodesError(
    access === "read"
      ? {
          code: "UNDECLARED_DEPENDENCY",
          where: `${graph.pipeline}.${name}`,
          problem: `a node reads this.${name}, which is ${what} that it does not name`,
          advice: `Name "${name}" in the node's decorator, and take it as a parameter.`,
        }
      : {
          code: "STATE_IN_NODE",
          where: `${graph.pipeline}.${name}`,
          problem: `a node writes this.${name}, ${what}`,
          advice:
            "Values written by a node are lost between threads and runs: return them, or keep them in a @resource.",
        },
  );
}
