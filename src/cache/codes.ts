import { fileURLToPath } from "node:url";
import type { PipelineClass } from "../dsl/members.js";
import { originOf } from "../dsl/origin.js";
import { ValueError } from "../errors.js";
import { isComputed } from "../graph/graph.js";
import { type Plan, type PlannedChild, planFor, type Step } from "../graph/plan.js";
import { reflect } from "../graph/reflect.js";
import { remembered } from "../graph/remembered.js";
import type { Content } from "../values/content.js";
import { contentOf } from "../values/digest.js";
import type { InputRecord } from "../values/input-checks.js";
import { printPath } from "../values/kinds.js";
import { knownModels, modelNamed } from "../values/models.js";
import { codeOfClass, codeOfFunction, codeOfMethod, type Part } from "./code/code.js";
import { inspecting } from "./code/scripts.js";
import { withinPackage } from "./code/units.js";
import { keyOf, type Ref } from "./keys.js";
import type { OwnedBy } from "./store.js";

/** A plan that is bound to a pipeline object. */
export interface Bound {
  readonly plan: Plan;
  readonly pipeline: PipelineClass;
  readonly object: object;
  readonly children: readonly (BoundChild | undefined)[];
}

type KnownInputs = InputRecord & { readonly defaultNames: readonly string[] };

interface BoundChild extends PlannedChild {
  readonly program: Bound;
  readonly values: readonly unknown[];
  /** The checks of its inputs, with what is known of those before any call. */
  readonly checks: { readonly known: KnownInputs } | undefined;
}

/** What stands for the code of a plan's steps in keys. */
export interface Codes {
  readonly steps: readonly StepCode[];
  /** By index, those of the methods that build resources. */
  readonly resources: readonly string[];
}

interface StepCode {
  readonly code: string;
  /** False: it says `cache: false`, or something inside of it does, or can't be told apart from others. */
  readonly isKept: boolean;
  /** Why it can't be told apart. */
  readonly problem?: string;
  readonly child: Codes | undefined;
  /** The pieces behind it, where they were told. */
  readonly parts?: readonly Part[];
}

/** For names of models, the code of their classes. */
export type ModelCodes = ReadonlyMap<string, { readonly digest: string; readonly parts: readonly Part[] }>;

const known = new WeakMap<Bound, Codes>();

/** The codes of a plan's steps. Read once; a pipeline object's fields are taken as they are then. */
export function codesOf(program: Bound): Codes {
  return remembered(known, program, () =>
    inspecting(() => ({
      steps: program.plan.steps.map((step) => stepCode(program, step)),
      resources: program.plan.resources.map(({ name }) => resourceCode(program, name)),
    })),
  );
}

/** Another thread has read them already. */
export function setCodes(program: Bound, codes: Codes): void {
  known.set(program, codes);
  for (const [i, { child }] of codes.steps.entries()) if (child) setCodes(program.children[i]!.program, child);
}

/** The same with the pieces behind them, for who can't read the code: it is told of there. */
export function codesToTell(program: Bound): Codes {
  return inspecting(() => withParts(program));
}

/** Those of a part of the plan. */
export function codesOfSteps(program: Bound, part: readonly Step[]): Codes {
  const { steps, resources } = codesToTell(program);
  return { steps: part.map(({ index }) => steps[index]!), resources };
}

function withParts(program: Bound): Codes {
  const codes = codesOf(program);
  const steps = program.plan.steps.map((step, i) => {
    const child = program.children[i];
    const parts = codes.steps[i]!.problem === undefined ? partsOf(program, step) : [];
    return { ...codes.steps[i]!, parts, child: child && withParts(child.program) };
  });
  return { ...codes, steps };
}

/** The codes of all models that are known here. */
export function modelCodesToTell(): ModelCodes {
  return inspecting(
    () =>
      new Map(
        knownModels()
          .filter(({ name }) => !name.startsWith("hypernodes/"))
          .map(({ name, type }) => {
            const { digest, parts } = codeOfClass(type);
            return [name, { digest, parts }];
          }),
      ),
  );
}

let told: ModelCodes | undefined;

/** The code of models has been read elsewhere, and can't be read here. */
export function setModelCodes(codes: ModelCodes): void {
  told = codes;
}

function stepCode(program: Bound, step: Step): StepCode {
  const { cache, version } = step.node.options;
  const { pipeline } = program;
  const child = program.children[step.index];
  const codes = child && codesOf(child.program);
  const isKept = cache !== false && (codes === undefined || codes.steps.every((inner) => inner.isKept));
  if (version !== undefined) {
    // Another file's class of this name is another one, though it has the same version.
    const file = originOf(pipeline)?.file ?? "";
    const place = withinPackage(file.startsWith("file:") ? fileURLToPath(file) : file);
    const code = keyOf("version", JSON.stringify([place, pipeline.name, step.name, typeof version, String(version)]));
    return { code, isKept, child: codes };
  }
  try {
    // A resource that can't be told apart from others makes what uses it so.
    for (const i of step.resources) methodCode(program, program.plan.resources[i]!.name);
    const code = child === undefined ? methodCode(program, step.name) : childCode(step, child, codes!);
    return { code, isKept, child: codes };
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return { code: "", isKept: false, problem: error.message, child: codes };
  }
}

/** What uses a resource that can't be told apart from others is not kept. */
function resourceCode(program: Bound, name: string): string {
  try {
    return methodCode(program, name);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return "";
  }
}

/** @throws {ValueError} if a field that it reads has no content. */
function methodCode(program: Bound, name: string): string {
  const code = codeOfMethod(program.pipeline, name);
  const object = program.object as Record<string, unknown>;
  return keyOf("method", code.digest, ...fieldsOf(program, name).map((field) => named(`this.${field}`, object[field])));
}

/** The object's own fields that a method reads, without those that have a role. */
function fieldsOf({ pipeline, object, plan }: Bound, name: string): string[] {
  const roles = new Set(plan.graph.nodes.map((node) => node.name));
  const fields = codeOfMethod(pipeline, name).fields ?? Object.keys(object).sort();
  return fields.filter((field) => !roles.has(field) && Object.hasOwn(object, field));
}

/** A name, with what counts of its value: of a function its code. */
function named(name: string, value: unknown): string {
  const quoted = JSON.stringify(name);
  if (typeof value === "function") return `${quoted} ${codeOfFunction(value).digest}`;
  try {
    return `${quoted} ${countOf(refOf(value))}`;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const { code, path, problem, advice } = error;
    throw new ValueError({ code, path, where: `${name}${printPath(path)}`, problem, advice });
  }
}

/**
 * What a nested pipeline computes: its steps and how they hang together, what is bound on it, and which outputs are taken.
 *
 * @throws {ValueError} if what is bound on it has no content.
 */
function childCode({ node }: Step, { plan, pick, program, values, checks }: BoundChild, codes: Codes): string {
  const wires = node.dependencies.map(({ input, as }) => `${as} ${input}`);
  const bound = plan.inputs.map(({ name, slot }) => named(name, values[slot]));
  const steps = plan.steps.map((step, i) => `${wiring(step.node)} ${codes.steps[i]!.code}`);
  const resources = plan.resources.map(({ name }, i) => `${name} ${codes.resources[i]}`);
  const checked = checks === undefined ? [] : [codeOfClass(program.pipeline).digest, ...seenBy(checks.known)];
  const outputs = plan.outputs.map(({ name }) => name);
  return keyOf("nested", JSON.stringify([pick, outputs, wires, bound, steps, resources, checked]));
}

/** What rules for an input may read of the others, whether the plan needs those or not. */
function seenBy({ given, defaults, defaultNames }: KnownInputs): string[] {
  const all = (values: ReadonlyMap<string, unknown>) => [...values].map(([name, value]) => named(name, value));
  // A default is not transformed: it is another input than the same value given.
  return [JSON.stringify([all(given), all(defaults), defaultNames])];
}

function wiring({ name, role, dependencies, mapped }: Step["node"]): string {
  return JSON.stringify([
    name,
    role,
    dependencies.map(({ on, path, as, input, list }) => [on, path, as, input, list]),
    mapped,
  ]);
}

/** @throws {ValueError} if the value has no content. */
export function refOf(value: unknown): Ref {
  return refFrom(contentOf(value));
}

export function refFrom({ digest, models }: Content): Ref {
  return { digest, models: models.length === 0 ? "" : models.join() };
}

const counts = new Map<string, string>();

/** What counts of a content in keys: itself, and the code of the models in it. */
export function countOf({ digest, models }: Ref): string {
  return models === "" ? digest : `${digest} ${remembered(counts, models, () => modelCodes(models))}`;
}

function modelCodes(models: string): string {
  const codes = models.split(",").map((name) => {
    const code = codeOfModel(name);
    return code === undefined ? name : `${name} ${code.digest}`;
  });
  return keyOf("models", ...codes);
}

/** The pieces behind a step's code, its own and those of what is nested in it: for those who explain. */
export function partsOf(program: Bound, step: Step): readonly Part[] {
  const { parts } = codesOf(program).steps[step.index]!;
  if (parts !== undefined) return parts;
  const child = program.children[step.index];
  if (child !== undefined) return child.plan.steps.flatMap((inner) => partsOf(child.program, inner));
  const resources = step.resources.map((i) => program.plan.resources[i]!.name);
  return [step.name, ...resources].flatMap((name) => [
    ...codeOfMethod(program.pipeline, name).parts,
    ...fieldParts(program, name),
  ]);
}

function fieldParts(program: Bound, name: string): Part[] {
  return fieldsOf(program, name).map((field) => {
    const value: unknown = (program.object as Record<string, unknown>)[field];
    return { name: `this.${field}`, file: "", hash: named("", value) };
  });
}

/** Those of the models that some values have in them. */
export function partsOfModels(models: readonly string[]): Part[] {
  const names = new Set(models.flatMap((list) => list.split(",")).filter(Boolean));
  return [...names].flatMap((name) => {
    return codeOfModel(name)?.parts ?? [];
  });
}

function codeOfModel(name: string): { readonly digest: string; readonly parts: readonly Part[] } | undefined {
  if (told !== undefined) return told.get(name);
  const type = modelIfKnown(name);
  return type && codeOfClass(type);
}

/** Undefined for a class that is not loaded here, or not alone in having its name. */
function modelIfKnown(name: string) {
  try {
    return modelNamed(name).type;
  } catch {
    return undefined;
  }
}

/** The names of a pipeline and of those nested in it, and the codes of all their nodes as they are now. */
export function ownersOf(pipeline: PipelineClass): OwnedBy {
  const owners = { pipelines: new Set<string>(), codes: new Set<string>() };
  const visit = (type: PipelineClass): void => {
    owners.pipelines.add(type.name);
    const graph = reflect(type);
    const object = new type() as object;
    const bound: Bound = {
      plan: planFor(
        graph,
        graph.nodes.filter(isComputed).map(({ name }) => name),
      ),
      pipeline: type,
      object,
      children: [],
    };
    for (const step of bound.plan.steps) {
      if (step.child) visit(step.child.nested.pipeline);
      else owners.codes.add(stepCode(bound, step).code);
    }
  };
  visit(pipeline);
  return owners;
}
