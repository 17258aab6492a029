import type { PipelineClass } from "../../dsl/members.js";
import { HypernodesError } from "../../errors.js";
import type { Graph } from "../../graph/graph.js";

const ROLES = {
  input: "an input",
  node: "a node",
  output: "an output",
  mapOver: "a mapped node",
  resource: "a resource",
  nested: "a nested pipeline",
};

/**
 * Creates the `this` of nodes: an object of the pipeline's class whose methods can be called and whose undecorated
 * fields can be read, but whose members with a role can't: a node depends only on what it names.
 */
export function createThisGuard(pipeline: object, graph: Graph): object {
  const guard = new (pipeline.constructor as PipelineClass)() as unknown as Record<string, unknown>;
  for (const name of Object.keys(guard)) {
    const value = (pipeline as Record<string, unknown>)[name];
    Object.defineProperty(guard, name, { get: () => value, set: () => rejectAccess(graph, name, "write", "a field") });
  }
  for (const { name, role } of graph.nodes) {
    Object.defineProperty(guard, name, {
      get: () => rejectAccess(graph, name, "read", ROLES[role]),
      set: () => rejectAccess(graph, name, "write", ROLES[role]),
    });
  }
  return Object.preventExtensions(guard);
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
          advice: "What a node writes is lost between threads and runs: return it, or keep it in a @resource.",
        },
  );
}
