import type { PipelineClass } from "../dsl/members.js";
import type { Role } from "../dsl/metadata.js";
import type { MapOptions } from "../dsl/options.js";
import type { PipelineOptions } from "../dsl/pipeline-options.js";

/** A pipeline as a directed acyclic graph: plain, immutable data. */
export interface Graph {
  /** The class's name. */
  readonly pipeline: string;
  /** Inputs, nodes, resources and nested pipelines, in the order of their declaration. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly Edge[];
  /** The names of what `run` returns. */
  readonly outputs: readonly string[];
}

/** A member of a pipeline: an input, a node, a resource, or a nested pipeline. */
export interface GraphNode {
  readonly name: string;
  readonly role: Role;
  /** What the parameters get, in their order; for a nested pipeline, what its inputs get. */
  readonly dependencies: readonly Dependency[];
  /** How the node goes over lists, if it does. */
  readonly mapped?: MapSpec;
  /** The pipeline that this node is, if it is one. */
  readonly nested?: NestedGraph;
  readonly options: MapOptions;
  /** An input that may be left out though it has no default. */
  readonly optional?: true;
  /** The types that the loader emitted, for those who draw or check: `type` of a field, `returns` of a method. */
  readonly design?: EmittedTypes;
}

/** What a member takes from another one. */
export interface Dependency {
  /** The member that gives the value. */
  readonly on: string;
  /** The way into the record it gives: `["train"]` for `"split.train"`. */
  readonly path: readonly string[];
  /** Whether the whole value is taken, or one element of it at a time. */
  readonly as: "value" | "element";
  /** Of elements: which of the lists of the map they are from, by its index. */
  readonly list?: number;
  /** For a nested pipeline: which of its inputs gets this. */
  readonly input?: string;
}

/** How a node goes over lists. */
export interface MapSpec {
  readonly mode: "zip" | "product";
  /** How many elements a call gets at once, if it takes several. */
  readonly batch?: number;
}

/** A pipeline that is a node of another one. */
export interface NestedGraph {
  readonly graph: Graph;
  readonly pipeline: PipelineClass;
  /** What is bound on the child already. */
  readonly bound: Readonly<Record<string, unknown>>;
  /** What `with` chose on the child, over its class. */
  readonly choices: PipelineOptions;
  /** The one node that is taken; all outputs if undefined. */
  readonly pick?: string;
}

/** The types that a loader emitted, as constructors. */
export interface EmittedTypes {
  readonly type?: Function;
  readonly parameters?: readonly (Function | undefined)[];
  readonly returns?: Function;
}

/** From a member to one that depends on it. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly path: readonly string[];
  readonly as: "value" | "element";
}

/** `name`, or `name.some.path`. */
export function formatDependency(dependency: Dependency): string {
  return [dependency.on, ...dependency.path].join(".");
}

/**
 * The lists that a mapped node goes over, in their order. Several inputs of a nested pipeline may get elements of one list,
 * and one value may be several of the lists: a list that is paired with itself.
 */
export function mappedDependencies({ dependencies }: GraphNode): Dependency[] {
  const elements = dependencies.filter((d) => d.as === "element");
  return elements.filter((d, i) => elements.findIndex((other) => other.list === d.list) === i);
}

/** The names of a graph's inputs, in the order of their declaration. */
export function inputNames(graph: Graph): string[] {
  return graph.nodes.filter((node) => node.role === "input").map((node) => node.name);
}

/** Whether a node has a value that a run can return: it is no input, and no resource. */
export function isComputed({ role }: GraphNode): boolean {
  return role !== "input" && role !== "resource";
}
