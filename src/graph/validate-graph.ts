import { classNameOf, type PipelineClass } from "../dsl/members.js";
import { optionsOf } from "../dsl/metadata.js";
import { MAP_RULES, NODE_RULES } from "../dsl/node-options.js";
import { DECORATOR_RULES } from "../dsl/pipeline-option-rules.js";
import type { Defect } from "../errors.js";
import { optionFaults } from "../util/options.js";
import { didYouMean, formatList } from "../util/suggest.js";
import { findCycles } from "./cycles.js";
import { formatDependency, type Graph, type GraphNode, inputNames, isComputed } from "./graph.js";
import { nameDefect } from "./names.js";
import { ancestors } from "./order.js";

type Nodes = ReadonlyMap<string, GraphNode>;

/** Finds all defects of a pipeline's nodes that the compiler could not check, or was not asked to. */
export function findDefects(pipeline: PipelineClass, nodes: Nodes): Defect[] {
  const className = classNameOf(pipeline);
  const where = (name: string) => `${className}.${name}`;
  const defects: Defect[] = [];
  const misnamed = new Set<string>();
  for (const name of nodes.keys()) {
    const found = nameDefect(pipeline, name);
    if (found === undefined) continue;
    misnamed.add(name);
    defects.push({ ...found, where: where(name), advice: "Give this one another name." });
  }
  if (pipeline.length > 0) {
    defects.push({
      code: "CONSTRUCTOR_ARGUMENTS",
      where: className,
      problem: `its constructor takes ${pipeline.length} ${pipeline.length === 1 ? "argument" : "arguments"}`,
      advice:
        "Each thread, worker and container constructs the pipeline without arguments: use an @input or a subclass instead.",
    });
  }
  if (![...nodes.values()].some((node) => node.role !== "input")) {
    defects.push({
      code: "EMPTY",
      where: className,
      problem: nodes.size === 0 ? "it has no decorated members" : "it has inputs, but no nodes",
      advice: "Put @node, @mapOver or @output on the methods that compute.",
    });
  }
  for (const found of pipelineOptionDefects(pipeline)) defects.push({ ...found, where: className });
  for (const node of nodes.values()) {
    const at = where(node.name);
    // The other checks would be about the member that has the name already.
    if (misnamed.has(node.name)) continue;
    for (const found of [
      ...nameDefects(pipeline, node, nodes),
      ...optionDefects(node),
      ...methodDefects(pipeline, node),
      ...emittedTypeDefects(node, nodes),
      ...nestedDefects(node),
    ]) {
      defects.push({ ...found, where: at });
    }
  }
  for (const cycle of findCycles(nodes.keys(), (name) => knownDependencies(nodes, name))) {
    defects.push({
      code: "CYCLE",
      where: where(cycle[0]!),
      problem: `the nodes wait for each other: ${cycle.join(" -> ")}`,
      advice: "Remove one of these dependencies.",
    });
  }
  return defects;
}

type MemberDefect = Omit<Defect, "where">;

function knownDependencies(nodes: Nodes, name: string): string[] {
  return nodes
    .get(name)!
    .dependencies.filter(({ on }) => nodes.has(on))
    .map(({ on }) => on);
}

function* nameDefects(pipeline: PipelineClass, node: GraphNode, nodes: Nodes): Generator<MemberDefect> {
  for (const dependency of node.dependencies) {
    const { on } = dependency;
    if (dependency.as === "element" && nodes.get(on)?.role === "resource") {
      yield {
        code: "NOT_A_LIST",
        problem: `it maps over "${formatDependency(dependency)}", and "${on}" is a resource, which is built where a node takes it`,
        advice: "Map over an input or the result of a node. Each element may take the resource as a further argument.",
      };
    }
    if (nodes.has(on)) continue;
    if (typeof pipeline.prototype[on] === "function" && !(on in Object.prototype) && on !== "constructor") {
      yield {
        code: "NO_ROLE",
        problem: `it depends on "${on}", a method without a decorator`,
        advice: `Put @node, @mapOver, @output or @resource on "${on}".`,
      };
    } else {
      yield {
        code: "UNKNOWN_NAME",
        problem: `it depends on "${formatDependency(dependency)}", but no input or node is named "${on}"`,
        advice: didYouMean(
          on,
          [...nodes.keys()].filter((name) => name !== node.name),
        ),
      };
    }
  }
}

function* optionDefects({ role, options }: GraphNode): Generator<MemberDefect> {
  // The options of a resource are never read: it has none.
  const rules = role === "mapOver" ? MAP_RULES : role === "resource" ? {} : NODE_RULES;
  for (const fault of optionFaults(options, rules)) {
    // The decorator that the option belongs to is more helpful.
    if (fault.code !== "UNKNOWN_OPTION") yield fault;
    else yield { ...fault, problem: fault.problem.replace("there is no option", `@${role} has no option`) };
  }
}

/** Returns the defects in the options of the class decorators, including those of base classes. */
function pipelineOptionDefects(pipeline: PipelineClass): MemberDefect[] {
  return optionFaults(optionsOf(pipeline), DECORATOR_RULES);
}

function* methodDefects(
  pipeline: PipelineClass,
  { name, role, nested, mapped, dependencies }: GraphNode,
): Generator<MemberDefect> {
  const isMethod = typeof pipeline.prototype[name] === "function";
  if (role === "input" || role === "nested" || nested !== undefined) {
    if (isMethod)
      yield { code: "NOT_A_FIELD", problem: `@${role} is applied to a method`, advice: "Put it on a field." };
    if (mapped?.batch !== undefined) {
      yield {
        code: "BAD_OPTION",
        problem: "a nested pipeline takes one element at a time, not a batch",
        advice: "Leave the option batch out.",
      };
    }
    if (mapped !== undefined && !dependencies.some(({ as }) => as === "element")) {
      yield {
        code: "UNWIRED_ELEMENT",
        problem: "none of the nested pipeline's inputs is wired to the list",
        advice: "Wire one of them to it: that input receives the element.",
      };
    }
  } else if (!isMethod) {
    yield role === "mapOver"
      ? {
          code: "NOT_A_METHOD",
          problem: "@mapOver is applied to a field, but names no pipeline",
          advice: "Give it a pipeline class after the list, or put it on a method.",
        }
      : {
          code: "NOT_A_METHOD",
          problem: `@${role} is not applied to a method`,
          advice: "Put it on one, and leave abstract methods undecorated.",
        };
  } else {
    // tsc sees more; without it, a parameter that nothing is wired to would be undefined.
    const required = (pipeline.prototype as Record<string, Function>)[name]!.length;
    const given = dependencies.length;
    if (required > given) {
      yield {
        code: "TOO_FEW_NAMES",
        problem: `it has ${required} ${required === 1 ? "parameter" : "parameters"}, but @${role} names ${given === 0 ? "nothing" : given}`,
        advice: "Name a member for each parameter, in their order.",
      };
    }
  }
}

const BUILT_IN: ReadonlySet<Function> = new Set<Function>([
  ...[String, Number, Boolean, BigInt, Symbol, Array, Map, Set, WeakMap, WeakSet, Date, RegExp, Function],
  ...[Uint8Array, Int8Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array, Int32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array, ArrayBuffer],
]);
const NO_LISTS: ReadonlySet<Function> = new Set<Function>([
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Date,
  RegExp,
  Function,
]);

/**
 * Compares the emitted types, if the loader emits any. Types that metadata can't express (interfaces, unions, promises)
 * are `Object`, and two classes of the project may be structurally compatible, which only tsc can judge. The certain
 * mismatch is a built-in type where another is given.
 */
function* emittedTypeDefects(node: GraphNode, nodes: Nodes): Generator<MemberDefect> {
  for (const [index, dependency] of node.dependencies.entries()) {
    const from = nodes.get(dependency.on);
    if (from === undefined || dependency.path.length > 0) continue;
    const source = from.mapped !== undefined ? Array : (from.emittedTypes?.type ?? from.emittedTypes?.returns);
    if (typeof source !== "function") continue;
    if (dependency.as === "element") {
      if (NO_LISTS.has(source)) {
        yield {
          code: "NO_LIST",
          problem: `it maps over "${dependency.on}", which is ${source.name}, not a list`,
          advice: "@mapOver iterates over arrays and other iterables, but not over strings.",
        };
      }
      continue;
    }
    const parameter = node.emittedTypes?.parameters?.[index];
    if (typeof parameter !== "function" || parameter === source) continue;
    if ([parameter, source].some((type) => type === Object || type === Promise)) continue;
    if ((BUILT_IN.has(parameter) || BUILT_IN.has(source)) && !isSubclass(source, parameter)) {
      yield {
        code: "WRONG_TYPE",
        problem: `its parameter ${index + 1} is ${parameter.name}, but "${dependency.on}" is ${source.name}`,
        advice: "Change one of the two.",
      };
    }
  }
}

function isSubclass(type: Function, of: Function): boolean {
  return type.prototype instanceof of;
}

function* nestedDefects({ nested, dependencies }: GraphNode): Generator<MemberDefect> {
  if (nested === undefined) return;
  const { graph, pick } = nested;
  const inputs = inputNames(graph);
  for (const { input } of dependencies) {
    if (!inputs.includes(input!)) {
      yield {
        code: "UNKNOWN_INPUT",
        problem: `${graph.pipeline} has no input named "${input}"`,
        advice: didYouMean(input!, inputs),
      };
    }
  }
  const picked = graph.nodes.find((n) => n.name === pick);
  if (pick !== undefined && (picked === undefined || !isComputed(picked))) {
    const names = graph.nodes.filter(isComputed).map((n) => n.name);
    yield {
      code: "UNKNOWN_NAME",
      problem: `${graph.pipeline} has no node named "${pick}"`,
      advice: didYouMean(pick, names),
    };
    return;
  }
  const wired = new Set(dependencies.map((d) => d.input));
  const missing = requiredInputs(graph, pick === undefined ? graph.outputs : [pick], new nested.pipeline()).filter(
    (name) => !wired.has(name) && nested.bound[name] === undefined,
  );
  if (missing.length > 0) {
    yield {
      code: "MISSING_INPUT",
      problem: `${graph.pipeline} needs ${formatList(missing)}, which the wiring leaves out`,
      advice: "Wire it to a member of this class, bind it on the child, or give it a default.",
    };
  }
}

/** Returns the inputs that some nodes need and that have no value: no default on the object, not marked optional. */
export function requiredInputs(graph: Graph, outputs: readonly string[], object: object): string[] {
  const needed = ancestors(graph, outputs, new Set());
  return graph.nodes
    .filter((n) => n.role === "input" && needed.has(n.name) && n.optional !== true)
    .map((n) => n.name)
    .filter((name) => (object as Record<string, unknown>)[name] === undefined);
}
