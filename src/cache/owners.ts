import type { PipelineClass } from "../dsl/members.js";
import { planFor } from "../graph/compile-plan.js";
import { isComputed } from "../graph/graph.js";
import { graphOf } from "../graph/reflect.js";
import { loadCodeReading } from "./code-reading.js";
import { type BoundPlan, OWN_ENVIRONMENT, ProgramDigests } from "./program-digests.js";
import type { OwnerFilter } from "./store.js";

/** The names of a pipeline and of those nested in it, and the codes of all their nodes as they are now. */
export async function ownersOf(pipeline: PipelineClass): Promise<OwnerFilter> {
  const owners = { pipelines: new Set<string>(), codes: new Set<string>() };
  const reader = new (await loadCodeReading()).CodeReader();
  const addOwners = (type: PipelineClass): void => {
    owners.pipelines.add(type.name);
    const graph = graphOf(type);
    const object = new type() as object;
    const bound: BoundPlan = {
      plan: planFor(
        graph,
        graph.nodes.filter(isComputed).map(({ name }) => name),
      ),
      pipeline: type,
      object,
      ...{ methods: [], builders: [], children: [] },
    };
    for (const step of bound.plan.steps) {
      if (step.child) addOwners(step.child.nested.pipeline);
      else owners.codes.add(new ProgramDigests(bound, reader, unbound, () => OWN_ENVIRONMENT).stepCode(step).code);
    }
  };
  addOwners(pipeline);
  return owners;
}

/** Nested pipelines have owners of their own, so no plan here is bound to them. */
function unbound(): never {
  throw new Error("a plan without nested pipelines needs no codes of them");
}
