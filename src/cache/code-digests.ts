import { classLocationOf } from "../dsl/class-location.js";
import type { PipelineClass } from "../dsl/members.js";
import { ValueError } from "../errors.js";
import { isComputed } from "../graph/graph.js";
import { type Plan, type PlannedChild, planFor, type Step } from "../graph/plan.js";
import { graphOf } from "../graph/reflect.js";
import { getOrCreate } from "../util/get-or-create.js";
import { OnDemand } from "../util/on-demand.js";
import { type Content, lostIn } from "../values/content.js";
import { contentOf } from "../values/digest.js";
import type { InputRecord } from "../values/input-checks.js";
import { knownModels, modelNamed } from "../values/models.js";
import { printPath } from "../values/object-kinds.js";
import { type ContentRef, cacheKey } from "./cache-keys.js";
import type { Code, CodeReader, Part } from "./code/code.js";
import type { OwnerFilter } from "./store.js";

/** A plan that is bound to a pipeline object. */
export interface BoundPlan {
  readonly plan: Plan;
  readonly pipeline: PipelineClass;
  readonly object: object;
  readonly children: readonly (BoundNested | undefined)[];
}

type KnownInputs = InputRecord & { readonly defaultNames: readonly string[] };

interface BoundNested extends PlannedChild {
  readonly program: BoundPlan;
  readonly values: readonly unknown[];
  /** The checks of its inputs, with what is known of those before any call. */
  readonly checks: { readonly known: KnownInputs } | undefined;
}

interface ModelSource {
  /** The code of models as the process that started the run has read it; undefined: this process reads it. */
  readonly models?: ModelDigests | undefined;
}

/** The key components of the code of a plan's steps. */
export interface CodeDigests extends ModelSource {
  readonly steps: readonly StepDigest[];
  /** By index, those of the methods that build resources. */
  readonly resources: readonly string[];
}

interface StepDigest {
  readonly code: string;
  /** False for a step with `cache: false`, around such a step, or whose code can't be distinguished from other code. */
  readonly isCacheable: boolean;
  /** The reason why its code can't be distinguished. */
  readonly problem?: string;
  readonly child: CodeDigests | undefined;
  /** The pieces of code behind it, if they are known. */
  readonly parts?: readonly Part[];
}

/** For names of models, the code of their classes. */
type ModelDigests = ReadonlyMap<string, ModelCode>;

interface ModelCode {
  readonly digest: string;
  /** The reason why it cannot be known. */
  readonly problem: string | undefined;
  readonly parts: readonly Part[];
}

/** The code that was read of a program: in which run and by which reader, or preset by another process. */
interface Read {
  readonly codes: CodeDigests;
  readonly run: object | undefined;
  readonly reader: CodeReader | undefined;
}

const known = new WeakMap<BoundPlan, Read>();
/** The pieces behind codes that were read here. */
const behind = new WeakMap<StepDigest, () => readonly Part[]>();
/**
 * The modules that read code: a parser and V8's inspector, which take as long as the rest of the engine, and which runs without a cache do without.
 * They are loaded before anything is asked of code.
 */
const readingModules = new OnDemand(async () => {
  // One after the other: built, they are one file, and realms that load modules by themselves (jest's) may not expect it twice at once.
  const code = await import("./code/code.js");
  const packages = await import("./code/packages.js");
  return { ...code, ...packages };
});

export const loadCodeReading = () => readingModules.load();

function codeReading() {
  if (readingModules.loaded !== undefined) return readingModules.loaded;
  throw new Error("the code reader is used before it is loaded");
}

const readers = new WeakMap<object, CodeReader>();
let latest: CodeReader | undefined;

/**
 * The codes of a plan's steps, as they are when a run begins: all that code reaches counts by the values that it has then.
 *
 * @param run the run that needs them: they are read once in it. Undefined: as they were read last.
 */
export function codeDigestsOf(program: BoundPlan, run?: object): CodeDigests {
  const digests = known.get(program);
  if (digests !== undefined && (run === undefined || digests.reader === undefined || digests.run === run))
    return digests.codes;
  const reader = run === undefined ? new (codeReading().CodeReader)() : readerFor(run);
  latest = reader;
  const reading = new ProgramDigests(program, reader, run);
  const codes = reader.pass(() => {
    reading.foresee();
    return reading.read();
  });
  known.set(program, { codes, run, reader });
  return codes;
}

const running = new Set<object>();

function readerFor(run: object): CodeReader {
  return getOrCreate(readers, run, () => {
    const reader = new (codeReading().CodeReader)(running.size === 0 ? "before" : "after");
    running.add(run);
    return reader;
  });
}

/** Nodes have run: what they have changed of what they can reach, a log or a memory of theirs, is no change of their code. */
export function runEnded(run: object, hasComputed: boolean): void {
  running.delete(run);
  if (hasComputed) readers.get(run)?.nodesHaveRun();
}

/** Sets the code digests of a program, and of those nested in it, that another thread or process has read. */
export function presetCodeDigests(program: BoundPlan, codes: CodeDigests): void {
  known.set(program, { codes, run: undefined, reader: undefined });
  const { models } = codes;
  for (const [i, { child }] of codes.steps.entries())
    if (child) presetCodeDigests(program.children[i]!.program, models === undefined ? child : { ...child, models });
}

/** The code digests with the pieces behind them, and those of models, for a process that can't read the code but explains it. */
export function exportCodeDigests(program: BoundPlan): CodeDigests {
  return { ...withParts(program), models: codeDigestsOf(program).models ?? modelDigests() };
}

function withParts(program: BoundPlan): CodeDigests {
  const codes = codeDigestsOf(program);
  const steps = program.plan.steps.map((step, i) => {
    const child = program.children[i];
    const parts = codes.steps[i]!.problem === undefined ? codePartsOf(program, step) : [];
    return { ...codes.steps[i]!, parts, child: child && withParts(child.program) };
  });
  return { ...codes, steps };
}

/** Those of a part of the plan. */
export function exportForSteps(program: BoundPlan, part: readonly Step[]): CodeDigests {
  const { steps, ...common } = exportCodeDigests(program);
  return { steps: part.map(({ index }) => steps[index]!), ...common };
}

/** The last reader, for requests outside of a run. */
function reading(): CodeReader {
  latest ??= new (codeReading().CodeReader)();
  return latest;
}

/** The codes of all models that are known here. */
function modelDigests(): ModelDigests {
  const models = knownModels().filter(({ name }) => !isOurs(name));
  return new Map(models.map(({ name, type }) => [name, modelCode(type)]));
}

function modelCode(type: Parameters<CodeReader["ofClass"]>[0]): ModelCode {
  const { digest, problem, parts } = reading().ofClass(type);
  return { digest, problem, parts: parts() };
}

/** Reads the codes of one program. */
class ProgramDigests {
  private readonly roles: ReadonlySet<string>;

  constructor(
    private readonly program: BoundPlan,
    private readonly reader: CodeReader,
    private readonly run: object | undefined,
  ) {
    this.roles = new Set(program.plan.graph.nodes.map((node) => node.name));
  }

  /** All methods of the program, and of what is nested in it. */
  foresee(): void {
    const { steps, resources } = this.program.plan;
    for (const { node, name, index } of steps) {
      const child = this.program.children[index];
      if (child !== undefined) new ProgramDigests(child.program, this.reader, this.run).foresee();
      else if (node.options.version === undefined) this.reader.foresee(this.program.object, name, this.skips);
    }
    for (const { name } of resources) this.reader.foresee(this.program.object, name, this.skips);
  }

  /** The members that a method cannot read of its object: those with a role. */
  private readonly skips = (member: string): boolean => this.roles.has(member);

  read(): CodeDigests {
    const { steps, resources } = this.program.plan;
    return {
      steps: steps.map((step) => this.stepCode(step)),
      resources: resources.map(({ name }) => this.methodCode(name).digest),
    };
  }

  stepCode(step: Step): StepDigest {
    const { cache } = step.node.options;
    const child = this.program.children[step.index];
    const codes = child && codeDigestsOf(child.program, this.run);
    const isCacheable = cache !== false && (codes === undefined || codes.steps.every((inner) => inner.isCacheable));
    try {
      const code = this.ownCode(step, child, codes);
      if (code.problem === undefined) {
        const digest: StepDigest = { code: code.digest, isCacheable, child: codes };
        behind.set(digest, code.parts);
        return digest;
      }
      return { code: "", isCacheable: false, problem: notKnown(code.problem), child: codes };
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      return { code: "", isCacheable: false, problem: error.message, child: codes };
    }
  }

  /** @throws {ValueError} if something that is bound has no content. */
  private ownCode(step: Step, child: BoundNested | undefined, codes: CodeDigests | undefined): Code {
    const { version } = step.node.options;
    // A step with a resource that can't be distinguished from others can't be distinguished either.
    const used = step.resources.map((i) => this.methodCode(this.program.plan.resources[i]!.name));
    const own = version === undefined ? this.computing(step, child, codes) : this.versioned(step.name, version);
    const all = [own, ...used];
    const batch = step.map?.batch ?? 0;
    return {
      // It is called with one element, or with so many: that is no part of the code that a version stands for.
      digest: batch === 0 ? own.digest : cacheKey("batched", String(batch), own.digest),
      problem: all.find(({ problem }) => problem !== undefined)?.problem,
      parts: () => all.flatMap((code) => code.parts()),
    };
  }

  private computing(step: Step, child: BoundNested | undefined, codes: CodeDigests | undefined): Code {
    return child === undefined ? this.methodCode(step.name) : this.childCode(step, child, codes!);
  }

  /** A version stands for the code; which class of this name it is, and what its factory gave it, does not change with that. */
  private versioned(name: string, version: unknown): Code {
    const { pipeline } = this.program;
    const file = classLocationOf(pipeline)?.file ?? "";
    const { fileOf, placeOfFile } = codeReading();
    const place = placeOfFile(fileOf(file) ?? file);
    const closureValues = this.reader.closureValuesOf(this.program.object, name, this.skips);
    const code = JSON.stringify([place, pipeline.name, name, typeof version, String(version), closureValues.digest]);
    return { ...closureValues, digest: cacheKey("version", code) };
  }

  private methodCode(name: string): Code {
    const code = this.reader.ofMethod(this.program.object, name, this.skips);
    return { ...code, digest: cacheKey("method", code.digest) };
  }

  /**
   * A name, with what counts of its value: of a function its code.
   *
   * @throws {ValueError} if that can't be known.
   */
  private named(name: string, value: unknown): string {
    const quoted = JSON.stringify(name);
    if (typeof value === "function") {
      const { digest, problem } = this.reader.ofFunction(value);
      if (problem !== undefined) throw unknownCode(name, problem);
      return `${quoted} ${digest}`;
    }
    try {
      return `${quoted} ${keyComponent({}, contentRef(value))}`;
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const { code, path, problem, advice } = error;
      throw new ValueError({ code, path, where: `${name}${printPath(path)}`, problem, advice });
    }
  }

  /**
   * The key component of a nested pipeline: its steps and their dependencies, its bound values, and the outputs that are used.
   *
   * @throws {ValueError} if a bound value has no content.
   */
  private childCode({ node }: Step, { plan, pick, program, values, checks }: BoundNested, codes: CodeDigests): Code {
    const wires = node.dependencies.map(({ input, as }) => `${as} ${input}`);
    const bound = plan.inputs.map(({ name, slot }) => this.named(name, values[slot]));
    const steps = plan.steps.map((step, i) => `${wiring(step.node)} ${codes.steps[i]!.code}`);
    const resources = plan.resources.map(({ name }, i) => `${name} ${codes.resources[i]}`);
    const type = checks && this.reader.ofClass(program.pipeline);
    const checked = type === undefined ? [] : [type.digest, ...this.ruleInputs(checks!.known)];
    const outputs = plan.outputs.map(({ name }) => name);
    return {
      digest: cacheKey("nested", JSON.stringify([pick, outputs, wires, bound, steps, resources, checked])),
      problem: codes.steps.find(({ problem }) => problem !== undefined)?.problem ?? type?.problem,
      parts: () => plan.steps.flatMap((inner) => codePartsOf(program, inner)),
    };
  }

  /** The other inputs that an input's rules may read, also those that the plan does not need. */
  private ruleInputs({ given, defaults, defaultNames }: KnownInputs): string[] {
    const all = (values: ReadonlyMap<string, unknown>) => [...values].map(([name, value]) => this.named(name, value));
    // A default is not transformed: it is another input than the same value given.
    return [JSON.stringify([all(given), all(defaults), defaultNames])];
  }
}

const NOT_KNOWN = "its code can't be analyzed: ";

/** Returns a problem of code in words; that of a nested pipeline's step has them already. */
function notKnown(problem: string): string {
  return problem.startsWith(NOT_KNOWN) ? problem : NOT_KNOWN + problem;
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
export function contentRef(value: unknown): ContentRef {
  return refFrom(contentOf(value));
}

/** @throws {ValueError} `UNSERIALISABLE` for what would come back from a store as something else. */
export function refFrom(content: Content): ContentRef {
  const { digest, models } = content;
  const lost = models.length === 0 ? undefined : lostIn(content);
  if (lost !== undefined) throw lostError(lost);
  return { digest, models: models.length === 0 ? "" : models.join() };
}

function lostError(name: string): ValueError {
  return new ValueError({
    ...{ code: "UNSERIALISABLE", where: "value", path: [] },
    problem: `it contains an error of class ${name}, which would lose its class`,
    advice: "Decorate the class with @model().",
  });
}

/** A value with code in it has no content if the code cannot be known. */
function unknownCode(name: string, problem: string): ValueError {
  return new ValueError({
    ...{ code: "UNSERIALISABLE", where: name, path: [] },
    problem: `its code can't be analyzed: ${problem}`,
  });
}

/** By who has read them: code may be another one in the next run. */
const counts = new WeakMap<CodeReader | ModelDigests, Map<string, string>>();

/**
 * The key component of a content: itself, and the code of the models in it.
 *
 * @param codes the code digests of the program that the key is for.
 * @throws {ValueError} if the code cannot be known.
 */
export function keyComponent(codes: ModelSource, { digest, models }: ContentRef): string {
  if (models === "") return digest;
  const known = getOrCreate(counts, codes.models ?? reading(), () => new Map<string, string>());
  return `${digest} ${getOrCreate(known, models, () => modelCodes(codes, models))}`;
}

function modelCodes({ models: imported }: ModelSource, models: string): string {
  const codes = models.split(",").map((name) => {
    const code = codeOfModel(imported, name);
    if (code?.problem !== undefined) throw unknownCode(name, code.problem);
    return code === undefined ? name : `${name} ${code.digest}`;
  });
  return cacheKey("models", ...codes);
}

/** The pieces behind a step's code, its own and those of what is nested in it: for those who explain. */
export function codePartsOf(program: BoundPlan, step: Step): readonly Part[] {
  const code = codeDigestsOf(program).steps[step.index]!;
  return code.parts ?? behind.get(code)?.() ?? [];
}

/** Those of the models that some values have in them. */
export function partsOfModels({ models: imported }: ModelSource, models: readonly string[]): Part[] {
  const names = new Set(models.flatMap((list) => list.split(",")).filter(Boolean));
  return [...names].flatMap((name) => codeOfModel(imported, name)?.parts ?? []);
}

function codeOfModel(imported: ModelDigests | undefined, name: string): ModelCode | undefined {
  if (imported !== undefined) return imported.get(name) ?? (isOurs(name) ? undefined : UNKNOWN_MODEL);
  const type = modelIfKnown(name);
  return type && modelCode(type);
}

/** The process that read the code did not know the class. */
const UNKNOWN_MODEL: ModelCode = {
  digest: "",
  problem: "its class was not known in the process that started the run",
  parts: [],
};

function isOurs(name: string): boolean {
  return name.startsWith("hypernodes/");
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
export function ownersOf(pipeline: PipelineClass): OwnerFilter {
  const owners = { pipelines: new Set<string>(), codes: new Set<string>() };
  const reader = new (codeReading().CodeReader)();
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
      children: [],
    };
    for (const step of bound.plan.steps) {
      if (step.child) addOwners(step.child.nested.pipeline);
      else owners.codes.add(new ProgramDigests(bound, reader, undefined).stepCode(step).code);
    }
  };
  addOwners(pipeline);
  return owners;
}
