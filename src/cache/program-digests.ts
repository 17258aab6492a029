import { classLocationOf } from "../dsl/class-location.js";
import type { PipelineClass } from "../dsl/members.js";
import { ValueError } from "../errors.js";
import { type Plan, type PlannedChild, resourcesBehind, type Step } from "../graph/plan.js";
import { once } from "../util/on-demand.js";
import type { InputRecord } from "../values/input-checks.js";
import { batchCode, environmentCode, methodCode, nestedCode, versionCode } from "./cache-keys.js";
import type { Code, CodeReader, Method, Part } from "./code/code.js";
import { joinSources, NO_SOURCES, type Sources } from "./code/source-files.js";
import { codeReading } from "./code-reading.js";
import { contentRef, namedFor } from "./content-ref.js";
import { componentWith, type ModelSource, unknownCode } from "./model-codes.js";

/** A plan that is bound to a pipeline object. */
export interface BoundPlan {
  readonly plan: Plan;
  readonly pipeline: PipelineClass;
  readonly object: object;
  /** For each step and resource the method that a run calls, which the class may not have any more. */
  readonly methods: readonly (Function | undefined)[];
  readonly builders: readonly Function[];
  readonly children: readonly (BoundNested | undefined)[];
}

type KnownInputs = InputRecord & { readonly defaultNames: readonly string[] };

interface BoundNested extends PlannedChild {
  readonly program: BoundPlan;
  readonly values: readonly unknown[];
  /** The checks of its inputs, with what is known of those before any call. */
  readonly checks: { readonly known: KnownInputs } | undefined;
}

/** The key components of the code of a plan's steps. */
export interface CodeDigests extends ModelSource {
  readonly steps: readonly StepDigest[];
  /** By index, those of the methods that build resources. */
  readonly resources: readonly string[];
  /** The start of the process that has read them, if that is another one, in milliseconds since the Unix epoch. */
  readonly since?: number | undefined;
  /** The files that hosts load with the modules of the pipelines, if another process has read the code. */
  readonly files?: readonly string[] | undefined;
}

export interface StepDigest {
  readonly code: string;
  /** False for a step with `cache: false`, around such a step, or whose code can't be distinguished from other code. */
  readonly isCacheable: boolean;
  /** The reason why its code can't be distinguished. */
  readonly problem?: string;
  readonly child: CodeDigests | undefined;
  /** The pieces of code behind it, if they are known. */
  readonly parts?: readonly Part[];
  /** The files that it was loaded from, and those that it loads when it runs, if another process has read it. */
  readonly sources?: Sources;
}

/** The pieces behind codes that were read here. */
const behind = new WeakMap<StepDigest, () => readonly Part[]>();

/** The pieces of code behind a step: its own and those of what is nested in it. They say what has changed since the last run. */
export function partsBehind(digest: StepDigest): readonly Part[] {
  return digest.parts ?? behind.get(digest)?.() ?? [];
}

const behindSources = new WeakMap<StepDigest, () => Sources>();

/** The files that the code of a step was loaded from, and those that it loads when it runs. */
export function sourcesOf(digest: StepDigest): Sources {
  return digest.sources ?? behindSources.get(digest)?.() ?? NO_SOURCES;
}

const behindChanges = new WeakMap<StepDigest, () => string | undefined>();

/** The name of something that the code of a step reaches, and that others than the nodes have changed during a run that has ended. */
export function changedWhileRunning(digest: StepDigest): string | undefined {
  return behindChanges.get(digest)?.();
}

/** The first answer. */
function firstOf<T>(all: readonly T[], ask: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const found = ask(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A thing that code reads of `process`: `argv`, or a variable of the environment. */
interface ProcessMember {
  readonly name: string;
  readonly isVariable: boolean;
}

/** The environment in which a program runs. */
export interface Environment {
  /** The variables that it has beside those of this process, as a text; "" for none. */
  readonly variables: string;
  /** Tells if the value of a variable, or of another member of `process`, is not known here, where a step runs. */
  isUnknown(member: ProcessMember, step: Step): boolean;
}

/** That of this process. */
export const OWN_ENVIRONMENT: Environment = { variables: "", isUnknown: () => false };

const MEMBER = /^process\.(env\.)?([^.]+)$/;

/** Reads the codes of one program. */
export class ProgramDigests {
  private readonly roles: ReadonlySet<string>;
  private readonly methods: ReadonlyMap<string, Function | undefined>;

  constructor(
    private readonly program: BoundPlan,
    private readonly reader: CodeReader,
    private readonly nestedCodes: (program: BoundPlan) => CodeDigests,
    private readonly environmentOf: (program: BoundPlan) => Environment,
  ) {
    const { plan, methods, builders } = program;
    this.roles = new Set(plan.graph.nodes.map((node) => node.name));
    this.methods = new Map([
      ...plan.steps.map(({ name }, i) => [name, methods[i]] as const),
      ...plan.resources.map(({ name }, i) => [name, builders[i]] as const),
    ]);
  }

  /** All methods of the program, and of what is nested in it. */
  foresee(): void {
    const { steps, resources } = this.program.plan;
    for (const { node, name, index } of steps) {
      const child = this.program.children[index];
      if (child !== undefined)
        new ProgramDigests(child.program, this.reader, this.nestedCodes, this.environmentOf).foresee();
      else if (node.options.version === undefined) this.foreseeMethod(name);
    }
    for (const { name } of resources) this.foreseeMethod(name);
  }

  private foreseeMethod(name: string): void {
    this.reader.foresee(this.program.object, name, this.skips, this.methods.get(name));
  }

  /** The members that a method cannot read of its object: those with a role. */
  private readonly skips = (member: string): boolean => this.roles.has(member);

  read(): CodeDigests {
    const { steps, resources } = this.program.plan;
    return {
      steps: steps.map((step) => this.stepCode(step)),
      resources: resources.map(({ name }) => this.inEnvironment(this.codeOfMethod(name).digest)),
    };
  }

  stepCode(step: Step): StepDigest {
    const { cache } = step.node.options;
    const child = this.program.children[step.index];
    const codes = child && this.nestedCodes(child.program);
    const isCacheable = cache !== false && (codes === undefined || codes.steps.every((inner) => inner.isCacheable));
    try {
      const code = this.ownCode(step, child, codes);
      const problem = this.unknownMember(step, code);
      if (problem !== undefined) {
        return { code: "", isCacheable: false, problem, child: codes };
      }
      if (code.problem === undefined) {
        const digest: StepDigest = { code: this.inEnvironment(code.digest), isCacheable, child: codes };
        behind.set(digest, code.parts);
        behindSources.set(digest, once(code.sources));
        behindChanges.set(digest, code.changedWhileRunning);
        return digest;
      }
      return { code: "", isCacheable: false, problem: notKnown(code.problem), child: codes };
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      return { code: "", isCacheable: false, problem: error.message, child: codes };
    }
  }

  /** The variables that its host sets count for all code there. */
  private inEnvironment(code: string): string {
    const { variables } = this.environmentOf(this.program);
    return variables === "" ? code : environmentCode(variables, code);
  }

  /** The reason: a step reads something of its process whose value, where it runs, is not known here. */
  private unknownMember(step: Step, code: Code): string | undefined {
    const environment = this.environmentOf(this.program);
    // The steps of a nested pipeline say it themselves.
    if (environment === OWN_ENVIRONMENT || step.child !== undefined) return undefined;
    for (const { name } of code.parts()) {
      const [, env, member] = MEMBER.exec(name) ?? [];
      if (member === undefined || !environment.isUnknown({ name: member, isVariable: env !== undefined }, step))
        continue;
      return env === undefined
        ? `it reads ${name} in another process, where it may be another one. ${TAKE_IT}`
        : `it reads ${name} on another machine, whose value is not known here. ${SET_IT}`;
    }
    return undefined;
  }

  /** @throws {ValueError} if something that is bound has no content. */
  private ownCode(step: Step, child: BoundNested | undefined, codes: CodeDigests | undefined): Code {
    const { version } = step.node.options;
    // A step with a resource that can't be distinguished from others can't be distinguished either. A method is read with its own.
    const isRead = version === undefined && child === undefined;
    const used = isRead ? [] : this.buildersOf(step).map(({ name }) => this.codeOfMethod(name));
    const own = version === undefined ? this.computing(step, child, codes) : this.versioned(step, child, version);
    const all = [own, ...used];
    const batch = step.map?.batch ?? 0;
    return {
      // It is called with one element, or with so many: that is no part of the code that a version stands for.
      digest: batch === 0 ? own.digest : batchCode(batch, own.digest),
      problem: all.find(({ problem }) => problem !== undefined)?.problem,
      parts: () => all.flatMap((code) => code.parts()),
      sources: () => joinSources(all.map((code) => code.sources())),
      changedWhileRunning: () => firstOf(all, (code) => code.changedWhileRunning()),
    };
  }

  private computing(step: Step, child: BoundNested | undefined, codes: CodeDigests | undefined): Code {
    return child === undefined
      ? this.codeOfMethod(step.name, this.buildersOf(step))
      : this.codeOfNested(step, child, codes!);
  }

  /** A version stands for the code; which class of this name it is, and what its factory gave it, does not change with that. */
  private versioned(step: Step, child: BoundNested | undefined, version: unknown): Code {
    const closureValues = this.closureValuesOf(step.name);
    const inner = child === undefined ? [] : this.givenToNested(step, child);
    const own = [...this.place(), step.name, typeof version, String(version), closureValues.digest];
    return {
      ...closureValues,
      digest: versionCode([...own, ...inner.map(({ digest }) => digest)]),
      problem: [closureValues, ...inner].find(({ problem }) => problem !== undefined)?.problem,
      sources: () => joinSources([closureValues, ...inner].map((code) => code.sources())),
      changedWhileRunning: () => firstOf([closureValues, ...inner], (code) => code.changedWhileRunning()),
    };
  }

  /** The class: its module and its name. */
  private place(): readonly string[] {
    const { pipeline } = this.program;
    const file = classLocationOf(pipeline)?.file ?? "";
    const { fileOf, placeOfFile } = codeReading();
    return [placeOfFile(fileOf(file) ?? file), pipeline.name];
  }

  /**
   * The parts that a version of a nested pipeline does not stand for: its wiring, the values that are bound, and those that factories gave
   * its class. Also the versions of its own steps, which say of them that they are others.
   *
   * @throws {ValueError} if a bound value has no content.
   */
  private givenToNested(step: Step, child: BoundNested): Code[] {
    const inside = new ProgramDigests(child.program, this.reader, this.nestedCodes, this.environmentOf);
    const { pick, outputs, wires, bound, rules } = this.structureOf(step, child);
    const structure = nestedCode([
      pick,
      outputs,
      wires,
      bound,
      inside.place(),
      rules,
      this.environmentOf(child.program).variables,
    ]);
    const sources = () => sourcesOfValues([...bound, ...rules]);
    const wired: Code = { ...{ digest: structure, problem: undefined, sources }, ...NOTHING_MORE };
    return [wired, ...inside.given()];
  }

  private given(): Code[] {
    const { plan, children } = this.program;
    const steps = plan.steps.flatMap((step) => {
      const { node, name, index } = step;
      const { version } = node.options;
      const closureValues = this.closureValuesOf(name);
      const digest = versionCode([wiring(node), typeof version, String(version), closureValues.digest]);
      const child = children[index];
      return [{ ...closureValues, digest }, ...(child === undefined ? [] : this.givenToNested(step, child))];
    });
    const resources = plan.resources.map(({ name }) => this.closureValuesOf(name));
    return [...steps, ...resources];
  }

  private closureValuesOf(name: string): Code {
    return this.reader.closureValuesOf(this.program.object, name, this.skips, this.methods.get(name));
  }

  /** The methods that build the resources of a step. */
  private buildersOf({ resources }: Step): Method[] {
    const { plan } = this.program;
    const names = Array.from(resourcesBehind(plan, resources), (index) => plan.resources[index]!.name);
    return names.map((name) => ({ name, method: this.methods.get(name) }));
  }

  private codeOfMethod(name: string, others?: readonly Method[]): Code {
    const code = this.reader.ofMethod(this.program.object, name, this.skips, this.methods.get(name), others);
    return { ...code, digest: methodCode(code.digest) };
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
      return `${quoted} ${componentWith(this.reader, contentRef(value))}`;
    } catch (error) {
      throw error instanceof ValueError ? namedFor(error, name) : error;
    }
  }

  /**
   * The key component of a nested pipeline: its steps and their dependencies, its bound values, and the outputs that are used.
   *
   * @throws {ValueError} if a bound value has no content.
   */
  private codeOfNested(step: Step, child: BoundNested, codes: CodeDigests): Code {
    const { plan, program, checks } = child;
    const { pick, outputs, wires, bound, rules } = this.structureOf(step, child);
    const steps = plan.steps.map((step, i) => `${wiring(step.node)} ${codes.steps[i]!.code}`);
    const resources = plan.resources.map(({ name }, i) => `${name} ${codes.resources[i]}`);
    const type = checks && this.reader.ofClass(program.pipeline);
    const inside = [
      ...codes.steps.map((inner) => () => sourcesOf(inner)),
      ...(type === undefined ? [] : [type.sources]),
      () => sourcesOfValues([...bound, ...rules]),
    ];
    const checked = type === undefined ? [] : [type.digest, ...rules];
    return {
      digest: nestedCode([pick, outputs, wires, bound, steps, resources, checked]),
      problem: codes.steps.find(({ problem }) => problem !== undefined)?.problem ?? type?.problem,
      parts: () => codes.steps.flatMap(partsBehind),
      sources: () => joinSources(inside.map((sources) => sources())),
      changedWhileRunning: () => firstOf(codes.steps, changedWhileRunning) ?? type?.changedWhileRunning(),
    };
  }

  /** @throws {ValueError} if a bound value has no content. */
  private structureOf({ node }: Step, { plan, pick, values, checks }: BoundNested) {
    return {
      pick,
      outputs: plan.outputs.map(({ name }) => name),
      wires: node.dependencies.map(({ input, as }) => `${as} ${input}`),
      bound: plan.inputs.map(({ name, slot }) => this.named(name, values[slot])),
      rules: checks === undefined ? [] : this.ruleInputs(checks.known),
    };
  }

  /** The other inputs that an input's rules may read, also those that the plan does not need. */
  private ruleInputs({ given, defaults, defaultNames }: KnownInputs): string[] {
    const all = (values: ReadonlyMap<string, unknown>) => [...values].map(([name, value]) => this.named(name, value));
    // A default is not transformed: it is another input than the same value given.
    return [JSON.stringify([all(given), all(defaults), defaultNames])];
  }
}

const NOTHING_MORE = { parts: () => [], changedWhileRunning: () => undefined };

/** The files of values, if there are any: which files those are from does not show in them. */
function sourcesOfValues(values: readonly string[]): Sources {
  return { ...NO_SOURCES, hasValues: values.length > 0 };
}

const SET_IT = "Set it by env: modal({ env }), take it as an input, or give the node a version";
const TAKE_IT = "Take it as an input, or give the node a version";
const CHANGE_IT = "Write it in another way, take it as an input, or give the node a version";
const NOT_KNOWN = "its code can't be analyzed: ";

/** Returns a problem of code in words; that of a nested pipeline's step has them already. */
function notKnown(problem: string): string {
  return problem.startsWith(NOT_KNOWN) ? problem : `${NOT_KNOWN}${problem}. ${CHANGE_IT}`;
}

function wiring({ name, role, dependencies, mapped }: Step["node"]): string {
  return JSON.stringify([
    name,
    role,
    dependencies.map(({ on, path, as, input, list }) => [on, path, as, input, list]),
    mapped,
  ]);
}
