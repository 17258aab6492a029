import type { PipelineClass } from "../dsl/members.js";
import type { Dependency, Graph, GraphNode } from "../graph/graph.js";
import type { GraphModel, Member } from "./graph-model.js";

/**
 * Converts a graph to plain data.
 *
 * @param type the class, if the code of its methods is needed.
 */
export function toGraphModel(graph: Graph, type?: PipelineClass): GraphModel {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const members = graph.nodes.map((node): Member => {
    const { name, mapped, nested, emittedTypes, options, dependencies } = node;
    const source = type && sourceOf(type, name);
    const valueType = typeName(emittedTypes?.returns ?? emittedTypes?.type);
    return {
      name,
      kind: kindOf(node),
      ...(mapped && { mapped: mappedAs(node) }),
      ...(valueType !== undefined && { type: valueType }),
      inputs: dependencies.map((dependency, i) => {
        const parameterType = typeOf(dependency, node, byName.get(dependency.on)!, i);
        return {
          ...{ on: dependency.on, path: dependency.path, elements: dependency.as === "element" },
          ...(dependency.input !== undefined && { input: dependency.input }),
          ...(parameterType !== undefined && { type: parameterType }),
        };
      }),
      ...(nested && {
        nested: {
          model: toGraphModel(nested.graph, type && nested.pipeline),
          outputs: nested.pick === undefined ? nested.graph.outputs : [nested.pick],
        },
      }),
      options: Object.entries(options).map(([option, value]) => `${option}: ${JSON.stringify(value)}`),
      ...(source !== undefined && { source }),
    };
  });
  return { pipeline: graph.pipeline, outputs: graph.outputs, members };
}

function kindOf({ role }: GraphNode): Member["kind"] {
  return role === "input" || role === "resource" || role === "nested" ? role : "node";
}

function mappedAs({ mapped, nested }: GraphNode): string {
  const each = mapped!.mode === "product" ? "for each pair" : "for each";
  return mapped!.batch !== undefined && nested === undefined ? `in batches of ${mapped!.batch}` : each;
}

/** Returns the type that the consumer declares; if that is not specific, the type of the producer. */
function typeOf(
  { path, as, input }: Dependency,
  node: GraphNode,
  source: GraphNode,
  index: number,
): string | undefined {
  const parameter = node.nested
    ? node.nested.graph.nodes.find(({ name }) => name === input)?.emittedTypes?.type
    : node.emittedTypes?.parameters?.[index];
  const parameterType = typeName(parameter);
  if (parameterType !== undefined && parameterType !== ARRAY) return parameterType;
  const sourceType = typeName(source.emittedTypes?.returns ?? source.emittedTypes?.type);
  if (path.length > 0 || as === "element" || sourceType === undefined) return parameterType;
  return source.mapped ? `${sourceType}[]` : sourceType;
}

const ARRAY = "array";

/** Formats a type as in TypeScript; undefined for unspecific types. */
function typeName(type: Function | undefined): string | undefined {
  if (type === undefined || type === Object || type === Promise || type === Function) return undefined;
  if (type === Array) return ARRAY;
  return type === String || type === Number || type === Boolean || type === BigInt
    ? type.name.toLowerCase()
    : type.name;
}

/** Returns a method's code, without the indentation of its class. */
function sourceOf(type: PipelineClass, name: string): string | undefined {
  let prototype: object | null = type.prototype;
  while (prototype !== null && !Object.hasOwn(prototype, name)) prototype = Object.getPrototypeOf(prototype);
  const method: unknown = prototype && Object.getOwnPropertyDescriptor(prototype, name)?.value;
  if (typeof method !== "function") return undefined;
  const text = Function.prototype.toString.call(method);
  const indent = /\n([ \t]*)\}$/.exec(text)?.[1] ?? "";
  return text.replaceAll(`\n${indent}`, "\n");
}
