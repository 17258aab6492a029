import type { PipelineClass } from "../dsl/members.js";
import type { PipelineOptions } from "../dsl/pipeline-options.js";
import { type GraphNode, inputNames } from "./graph.js";
import type { Argument, InputDefaults, Plan, PlanMapOptions } from "./plan.js";

/**
 * Makes a plan with one step: another plan as a nested pipeline, mapped over some of its inputs. `map` then runs like
 * any mapped node.
 *
 * @param inputDefaults the inputs, if each call checks them: it then also receives those that are only read by validation rules
 * of others.
 */
export function planPipelineMap(
  plan: Plan,
  pipeline: PipelineClass,
  choices: PipelineOptions,
  options: PlanMapOptions,
  inputDefaults?: InputDefaults,
): Plan {
  const { over, mode, onError } = options;
  const name = plan.graph.pipeline;
  const needed = [...plan.inputs, ...plan.given];
  const existing = new Set(needed.map((input) => input.name));
  const unneeded = inputNames(plan.graph).filter((input) => inputDefaults !== undefined && !existing.has(input));
  const read = [...needed, ...unneeded.map((name) => ({ name, slot: -1 }))];
  const shared = read.filter((input) => !over.includes(input.name));
  const names = [...over, ...shared.map((input) => input.name)];
  const isOptional = (name: string) => !plan.inputs.some((input) => input.name === name && !input.optional);
  const argument = (input: string): Argument => ({ slot: names.indexOf(input), path: undefined });
  const nested = { graph: plan.graph, pipeline, bound: {}, options: choices };
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
      uses: needed.find((other) => other.name === input && !over.includes(input))?.uses,
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
          streamsFrom: over.map(() => -1),
          streamsTo: [],
          product: mode === "product",
          batch: 0,
        },
        child: {
          nested,
          plan,
          placement: undefined,
          elementSlots: over.map((input) => needed.filter((t) => t.name === input).map((t) => t.slot)),
          argumentSlots: shared.map((input) => input.slot),
          pick: -1,
        },
      },
    ],
    resources: [],
    outputs: [{ name, slot }],
    canStream: false,
    collectsErrors: onError === "collect",
    hasPlacements: plan.hasPlacements,
    hasQueues: plan.hasQueues,
    over: options,
    ...(inputDefaults && { seen: inputDefaults }),
  };
}
