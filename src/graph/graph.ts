import type { PipelineClass } from "../dsl/members.js";
import type { Role } from "../dsl/metadata.js";
import type { MapOptions } from "../dsl/node-options.js";
import type { PipelineOptions } from "../dsl/pipeline-options.js";

/**
 * A pipeline as a directed acyclic graph: plain, immutable data.
 *
 * @example
 * ```ts
 * const { pipeline: name, nodes, outputs }: Graph = pipeline.graph();
 * console.log(name, nodes.length, outputs);
 * ```
 */
export interface Graph {
  /** Name of the pipeline class. */
  readonly pipeline: string;
  /** Inputs, nodes, resources and nested pipelines, in the order of their declaration. */
  readonly nodes: readonly GraphNode[];
  /** Edges from members to the members that depend on them. */
  readonly edges: readonly Edge[];
  /** Names of the nodes that `run` returns. */
  readonly outputs: readonly string[];
}

/**
 * A member of a pipeline: an input, a node, a resource, or a nested pipeline.
 *
 * @example
 * ```ts
 * for (const { name, role, dependencies } of pipeline.graph().nodes) console.log(role, name, dependencies.length);
 * ```
 */
export interface GraphNode {
  /** Name of the member. */
  readonly name: string;
  /** Role of the member, given by its decorator. */
  readonly role: Role;
  /** Values that the parameters receive, in order; for a nested pipeline, values of its inputs. */
  readonly dependencies: readonly Dependency[];
  /** The lists that the node is mapped over, if it is mapped. */
  readonly mapped?: MapSpec;
  /** The nested pipeline, if the node is one. */
  readonly nested?: NestedGraph;
  /** Options of the decorator. */
  readonly options: MapOptions;
  /** Marks an input that may be left out although it has no default. */
  readonly optional?: true;
  /** The types that the loader emitted, for drawings and checks: `type` of a field, `returns` of a method. */
  readonly emittedTypes?: EmittedTypes;
}

/**
 * A value that a member receives from another member.
 *
 * @example
 * ```ts
 * for (const { on, as } of pipeline.graph().nodes[0]!.dependencies) console.log(on, as);
 * ```
 */
export interface Dependency {
  /** Name of the member that provides the value. */
  readonly on: string;
  /** Path into the record it provides: `["train"]` for `"split.train"`. */
  readonly path: readonly string[];
  /** `"value"` for the whole value, `"element"` for one element at a time. */
  readonly as: "value" | "element";
  /** Index of the list of the map that an element is from. */
  readonly list?: number;
  /** For a nested pipeline: the input that receives the value. */
  readonly input?: string;
}

/**
 * The mapping of a node over lists.
 *
 * @example
 * ```ts
 * const { mapped } = pipeline.graph().nodes[0]!;
 * if (mapped !== undefined) console.log(mapped.mode, mapped.batch);
 * ```
 */
export interface MapSpec {
  /** `"zip"` pairs elements of several lists by index; `"product"` combines all of them. */
  readonly mode: "zip" | "product";
  /** Maximum number of elements that a call receives, if it takes several. */
  readonly batch?: number;
}

/**
 * A pipeline that is a node of another pipeline.
 *
 * @example
 * ```ts
 * for (const { name, nested } of pipeline.graph().nodes) if (nested) console.log(name, nested.pipeline, nested.pick);
 * ```
 */
export interface NestedGraph {
  /** Graph of the nested pipeline. */
  readonly graph: Graph;
  /** Class of the nested pipeline. */
  readonly pipeline: PipelineClass;
  /** Inputs that are bound on the child. */
  readonly bound: Readonly<Record<string, unknown>>;
  /** Options set by `with` on the child; they override those of its class. */
  readonly options: PipelineOptions;
  /** The one node whose value is used; all outputs if undefined. */
  readonly pick?: string;
}

/**
 * The types that a loader emitted, as constructors.
 *
 * @example
 * ```ts
 * const [first] = pipeline.graph().nodes;
 * console.log(first!.emittedTypes?.type?.name); // Array, with swc and tsc
 * ```
 */
export interface EmittedTypes {
  /** Type of a field. */
  readonly type?: Function;
  /** Types of a method's parameters. */
  readonly parameters?: readonly (Function | undefined)[];
  /** Return type of a method. */
  readonly returns?: Function;
}

/**
 * An edge from a member to one that depends on it.
 *
 * @example
 * ```ts
 * for (const { from, to, as } of pipeline.graph().edges) console.log(from, as === "element" ? "=>" : "->", to);
 * ```
 */
export interface Edge {
  /** Name of the member that provides the value. */
  readonly from: string;
  /** Name of the member that receives the value. */
  readonly to: string;
  /** Path into the record that the member provides. */
  readonly path: readonly string[];
  /** `"value"` for the whole value, `"element"` for one element at a time. */
  readonly as: "value" | "element";
}

/** Formats a dependency as `name` or `name.some.path`. */
export function formatDependency(dependency: Dependency): string {
  return [dependency.on, ...dependency.path].join(".");
}

/**
 * Returns the lists of a mapped node, in order. Several inputs of a nested pipeline may receive elements of one list,
 * and one value may be several of the lists: a list that is paired with itself.
 */
export function mappedDependencies({ dependencies }: GraphNode): Dependency[] {
  const elements = dependencies.filter((d) => d.as === "element");
  return elements.filter((d, i) => elements.findIndex((other) => other.list === d.list) === i);
}

/** Returns the names of a graph's inputs, in the order of their declaration. */
export function inputNames(graph: Graph): string[] {
  return graph.nodes.filter((node) => node.role === "input").map((node) => node.name);
}

/** Tells if a node has a value that a run can return: it is neither an input nor a resource. */
export function isComputed({ role }: GraphNode): boolean {
  return role !== "input" && role !== "resource";
}
