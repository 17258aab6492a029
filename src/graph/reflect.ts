import type { Class } from "../dsl/class.js";
import { recordInherited } from "../dsl/defined-methods.js";
import { type AnyPipeline, classNameOf, isPipelineClass, PIPELINE, type PipelineClass } from "../dsl/members.js";
import { emittedType, type Member, membersOf, mergeOptions, optionsOf } from "../dsl/metadata.js";
import type { PipelineOptions } from "../dsl/pipeline-options.js";
import { type Defect, DefinitionError } from "../errors.js";
import { getOrCreate } from "../util/get-or-create.js";
import { isRecord, withoutUndefined } from "../util/options.js";
import { showValue } from "../util/show-value.js";
import { optionalProperties } from "./class-validator-metadata.js";
import {
  type Dependency,
  type Edge,
  type EmittedTypes,
  type Graph,
  type GraphNode,
  isComputed,
  type NestedGraph,
} from "./graph.js";
import { findDefects } from "./validate-graph.js";

const graphs = new WeakMap<PipelineClass, Graph>();
const inProgress: PipelineClass[] = [];

/**
 * Returns the validated graph of a pipeline class, from the decorators of its own and its inherited members. It is
 * built once per class, along with the graphs of the pipelines nested in it.
 *
 * @throws {DefinitionError} with all the defects of the class.
 */
export function graphOf(pipeline: PipelineClass): Graph {
  return getOrCreate(graphs, pipeline, () => buildGraph(pipeline));
}

function buildGraph(pipeline: PipelineClass): Graph {
  recordInherited(pipeline);
  const defects: Defect[] = [];
  const nodes = new Map<string, GraphNode>();
  inProgress.push(pipeline);
  try {
    const optional = optionalProperties(pipeline);
    for (const [name, declarations] of membersOf(pipeline)) {
      nodes.set(name, toNode(pipeline, declarations, optional.has(name), defects));
    }
  } finally {
    inProgress.pop();
  }
  defects.push(...findDefects(pipeline, nodes));
  if (defects.length > 0) throw new DefinitionError(classNameOf(pipeline), defects as [Defect, ...Defect[]]);
  return createGraph(pipeline, nodes);
}

function createGraph(pipeline: PipelineClass, members: ReadonlyMap<string, GraphNode>): Graph {
  const nodes = [...members.values()];
  const marked = nodes.filter((node) => node.role === "output");
  const returned = marked.length > 0 ? marked : nodes.filter(isComputed);
  const edges: Edge[] = nodes.flatMap((node) =>
    node.dependencies.map(({ on, path, as }) => Object.freeze({ from: on, to: node.name, path, as })),
  );
  return Object.freeze({
    pipeline: classNameOf(pipeline),
    nodes: Object.freeze(nodes),
    edges: Object.freeze(edges),
    outputs: Object.freeze(returned.map((node) => node.name)),
  });
}

function toNode(
  pipeline: PipelineClass,
  declarations: readonly Member[],
  optional: boolean,
  defects: Defect[],
): GraphNode {
  const member = declarations.at(-1)!;
  const where = `${classNameOf(pipeline)}.${member.name}`;
  if (declarations.length > 1) {
    defects.push({
      code: "DUPLICATE_ROLE",
      where,
      problem: `it has ${declarations.length} roles: ${declarations.map((m) => `@${m.role}`).join(" and ")}`,
      advice: "Keep one of them: a member is an input, a node or a resource, never two of them.",
    });
  }
  for (const fault of member.faults ?? []) defects.push({ ...fault, where });
  const over = member.over ?? [];
  const nested = member.child === undefined ? undefined : resolveNested(member.child, where, defects);
  const dependencies = member.child
    ? toDependencies(member.child.wiring, over, where, defects)
    : [
        ...over.map((name, list) => dependency(name, "element", { list })),
        ...member.dependencies.map((n) => dependency(n, "value")),
      ];
  const { mode = "zip", batch } = member.options;
  return Object.freeze({
    name: member.name,
    role: member.role,
    dependencies: Object.freeze(dependencies),
    ...(member.over && { mapped: Object.freeze({ mode, ...(batch !== undefined && { batch }) }) }),
    ...(nested && { nested }),
    options: Object.freeze({ ...withoutUndefined(member.options) }),
    ...((member.optional === true || optional) && { optional: true as const }),
    emittedTypes: emittedTypes(member),
  });
}

function toDependencies(
  wiring: Readonly<Record<string, string>>,
  over: readonly string[],
  where: string,
  defects: Defect[],
): Dependency[] {
  if (wiring !== undefined && !isRecord(wiring)) {
    defects.push({
      code: "BAD_ARGUMENT",
      where,
      problem: `its wiring is ${showValue(wiring)}`,
      advice: 'It maps the inputs of the nested pipeline to members: { input: "member" }.',
    });
    return [];
  }
  const wires = Object.entries(wiring ?? {}).filter(([input, to]) => {
    if (typeof to === "string") return true;
    defects.push({
      code: "BAD_ARGUMENT",
      where,
      problem: `its wiring has ${showValue(to)} for "${input}", instead of a member's name`,
      advice: 'Write { input: "member" }; bind a value on the child: new Child().bind({ ... }).',
    });
    return false;
  });
  // The inputs of elements come first, in the order of the lists: a product varies the first list slowest.
  const mapped = over.flatMap((name, list) => {
    const inputs = wires.filter(([, to]) => to === name).map(([input]) => input);
    const times = over.filter((other) => other === name).length;
    if (times === 1) return inputs.map((input) => dependency(name, "element", { list, input }));
    // In a list that is paired with itself, the first input receives the element of its first mention.
    if (inputs.length !== times && over.indexOf(name) === list)
      defects.push(hasUnevenProduct(name, times, inputs, where));
    const input = inputs[over.slice(0, list).filter((other) => other === name).length];
    return input === undefined ? [] : [dependency(name, "element", { list, input })];
  });
  const shared = wires.filter(([, to]) => !over.includes(to)).map(([input, to]) => dependency(to, "value", { input }));
  return [...mapped, ...shared];
}

function hasUnevenProduct(name: string, times: number, inputs: readonly string[], where: string): Defect {
  return {
    code: "UNWIRED_ELEMENT",
    where,
    problem: `it maps over "${name}" ${times} times, but ${inputs.length} of the nested pipeline's inputs ${inputs.length === 1 ? "is" : "are"} wired to it`,
    advice: "Wire as many inputs to it: the first one receives the element of its first mention.",
  };
}

function dependency(reference: unknown, as: Dependency["as"], more?: Pick<Dependency, "list" | "input">): Dependency {
  const [on, ...path] = String(reference).split(".");
  return Object.freeze({ on: on!, path: Object.freeze(path), as, ...more });
}

function resolveNested(child: NonNullable<Member["child"]>, where: string, defects: Defect[]): NestedGraph | undefined {
  const given = child.pipeline;
  if (given === undefined || given === null) {
    defects.push({
      code: "NO_PIPELINE",
      where,
      problem: `its pipeline is ${given}`,
      advice: "Check for circular imports: one of the modules may not be evaluated yet when the other uses its class.",
    });
    return undefined;
  }
  const pipeline = (typeof given === "function" ? given : (given as object).constructor) as PipelineClass;
  if (!isPipelineClass(pipeline)) {
    defects.push({
      code: "NO_PIPELINE",
      where,
      problem: `${(given as { name?: string }).name || String(given)} is not a pipeline class`,
      advice: "Name a class that extends Pipeline, or an object of one.",
    });
    return undefined;
  }
  if (inProgress.includes(pipeline)) {
    const path = [...inProgress.slice(inProgress.indexOf(pipeline)), pipeline].map((p) => p.name).join(" -> ");
    defects.push({ code: "CYCLE", where, problem: `the pipeline nests itself: ${path}`, advice: NO_RECURSION });
    return undefined;
  }
  try {
    const graph = graphOf(pipeline);
    const object = typeof given === "function" ? undefined : (given as AnyPipeline)[PIPELINE];
    return Object.freeze({
      graph,
      pipeline,
      bound: object?.bound ?? {},
      options: object?.choices ?? {},
      ...(child.pick !== undefined && { pick: child.pick }),
    });
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    defects.push(...error.defects);
    return undefined;
  }
}

const NO_RECURSION = "A pipeline has a fixed number of nodes: remove the class, or loop inside a node.";

/**
 * Returns the options of a child: those of its own object override those of its class, which override those of its
 * parent.
 */
export function childOptions(parent: PipelineOptions, nested: NestedGraph): PipelineOptions {
  return mergeOptions(mergeOptions(parent, optionsOf(nested.pipeline)), nested.options);
}

/** Tells if options send the elements of maps to the workers of a queue. */
export function hasQueue({ execution }: PipelineOptions): boolean {
  return typeof execution?.maps === "object";
}

function emittedTypes({ role, declaredBy, name }: Member): EmittedTypes {
  if (role === "input" || role === "nested") return { type: emittedType("type", declaredBy, name) as Function };
  return {
    parameters: parameterTypes(declaredBy, name),
    returns: emittedType("returntype", declaredBy, name) as Function,
  };
}

/**
 * The types as the loader emitted them. swc emits Array for a rest parameter that takes elements: that says nothing
 * about the element type.
 */
function parameterTypes(declaredBy: Class, name: string): readonly (Function | undefined)[] {
  const types = (emittedType("paramtypes", declaredBy, name) as readonly Function[] | undefined) ?? [];
  const required = (declaredBy.prototype as Record<string, Function>)[name]?.length ?? 0;
  return types.map((type, index) => (type === Array && index >= required ? undefined : type));
}
