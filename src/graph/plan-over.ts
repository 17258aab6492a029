import type { Choices } from "../dsl/choices.js";
import type { PipelineClass } from "../dsl/members.js";
import type { OnError } from "../dsl/options.js";
import type { GraphNode } from "./graph.js";
import type { Argument, Plan } from "./plan.js";

/** How a whole pipeline is run for each element of some of its inputs. */
export interface OverOptions {
  readonly over: readonly string[];
  readonly mode: "zip" | "product";
  readonly onError: OnError;
}

/**
 * A plan with one step: another plan as a nested pipeline, mapped over some of its inputs. So `map` is run by what runs
 * every map.
 */
export function planOver(plan: Plan, pipeline: PipelineClass, choices: Choices, options: OverOptions): Plan {
  const { over, mode, onError } = options;
  const name = plan.graph.pipeline;
  const taken = [...plan.inputs, ...plan.given];
  const shared = taken.filter((input) => !over.includes(input.name));
  const names = [...over, ...shared.map((input) => input.name)];
  const isOptional = (name: string) => !plan.inputs.some((input) => input.name === name && !input.optional);
  const argument = (input: string): Argument => ({ slot: names.indexOf(input), path: undefined });
  const nested = { graph: plan.graph, pipeline, bound: {}, choices };
  const node: GraphNode = {
    name,
    role: "mapOver",
    dependencies: [
      ...over.map((on, list) => ({ on, path: [], as: "element" as const, list, input: on })),
      ...shared.map(({ name: on }) => ({ on, path: [], as: "value" as const, input: on })),
    ],
    mapped: { mode },
    nested,
    options: { onError },
  };
  const slot = names.length;
  return {
    graph: { pipeline: "", nodes: [node], edges: [], outputs: [name] },
    slots: slot + 1,
    inputs: names.map((input, i) => ({
      ...{ name: input, slot: i, optional: isOptional(input) },
      uses: shared.find((other) => other.name === input)?.uses,
    })),
    given: [],
    steps: [
      {
        index: 0,
        name,
        slot,
        node,
        arguments: shared.map((input) => argument(input.name)),
        resources: [],
        waitsFor: 0,
        next: [],
        map: {
          lists: over.map(argument),
          flowsFrom: over.map(() => -1),
          followers: [],
          product: mode === "product",
          batch: 0,
        },
        child: {
          nested,
          plan,
          placement: undefined,
          elementSlots: over.map((input) => taken.filter((t) => t.name === input).map((t) => t.slot)),
          argumentSlots: shared.map((input) => input.slot),
          pick: -1,
        },
      },
    ],
    resources: [],
    outputs: [{ name, slot }],
    flows: false,
    collects: onError === "collect",
    places: plan.places,
    queues: plan.queues,
    over: options,
  };
}
