import { formatFile } from "../dsl/format-file.js";
import type { PipelineOptions, Placement } from "../dsl/pipeline-options.js";
import type { Step } from "../graph/plan.js";
import { childOptions, hasQueue } from "../graph/reflect.js";
import { getOrCreate } from "../util/get-or-create.js";
import { cwd, FIRST_ENV } from "../util/primordials.js";
import type { CodeReader } from "./code/code.js";
import { changedSource, isChangedSince, NO_SOURCES, STARTED } from "./code/source-files.js";
import { codeReading } from "./code-reading.js";
import { changeAt, hostFilesOf, modelChangeAt, notePipeline, stepChangeAt } from "./host-files.js";
import { type ModelCode, type ModelDigests, modelDigestsOf, setModelReader, shareModelReader } from "./model-codes.js";
import {
  type BoundPlan,
  type CodeDigests,
  type Environment,
  OWN_ENVIRONMENT,
  ProgramDigests,
  partsBehind,
  type StepDigest,
  sourcesOf,
} from "./program-digests.js";

/** The code of a program: read in a run, or (undefined) by the process that started the run. */
interface Read {
  readonly codes: CodeDigests;
  readonly run: object | undefined;
}

const known = new WeakMap<BoundPlan, Read>();
/** The reader of each run. */
const readers = new WeakMap<object, CodeReader>();

/**
 * The codes of a plan's steps, as they are when a run begins: all that code reaches counts by the values that it has then.
 *
 * @param run the run that needs them: they are read once in it, unless another process has read them.
 */
export function codeDigestsOf(program: BoundPlan, run: object): CodeDigests {
  const digests = known.get(program);
  if (digests !== undefined && (digests.run === undefined || digests.run === run)) return digests.codes;
  const reader = readerFor(run);
  const environmentOf = (of: BoundPlan) => environments.get(run)?.get(of) ?? OWN_ENVIRONMENT;
  const reading = new ProgramDigests(program, reader, (nested) => codeDigestsOf(nested, run), environmentOf);
  const codes = reader.pass(() => {
    reading.foresee();
    return reading.read();
  });
  setModelReader(codes, reader);
  notePipeline(program.pipeline, codes, reader, run);
  known.set(program, { codes, run });
  return codes;
}

/** For each run, the environments of its programs where they are not that of this process. */
const environments = new WeakMap<object, WeakMap<BoundPlan, Environment>>();

/**
 * Notes in which environment a run's program runs, and what is nested in it. A variable that a placement sets counts for all that
 * runs there: modules may read it when they are imported, which nobody sees from here. The others are not known on other machines.
 */
export function noteEnvironments(program: BoundPlan, run: object, choices: PipelineOptions): void {
  const { runOn } = choices;
  const { hasPlacements, hasQueues } = program.plan;
  if (runOn?.kind === undefined && !hasPlacements && !hasQueues && !hasQueue(choices)) return;
  const noted = getOrCreate(environments, run, () => new WeakMap<BoundPlan, Environment>());
  noteEnvironment(
    program,
    placeOf(runOn) ?? { variables: {}, isOnOtherMachine: false, isRemote: false },
    choices,
    noted,
  );
}

/** The place that a program runs in. */
interface Place {
  /** The variables that its placement sets. */
  readonly variables: Variables;
  /** True on another machine. */
  readonly isOnOtherMachine: boolean;
  /** True in another process: placements of nested pipelines do not count there. */
  readonly isRemote: boolean;
}

function noteEnvironment(
  program: BoundPlan,
  place: Place,
  choices: PipelineOptions,
  noted: WeakMap<BoundPlan, Environment>,
): void {
  const { variables, isOnOtherMachine, isRemote } = place;
  const other = otherVariables(place);
  const isQueued = !isRemote && hasQueue(choices);
  noted.set(program, {
    variables: other.length === 0 ? "" : JSON.stringify(other.sort()),
    isUnknown: ({ name, isVariable }, step) => {
      const isOnOther = isOnOtherMachine || (isQueued && step.map !== undefined);
      if (isVariable) return isOnOther && variables[name] === undefined;
      return (
        isOnOther || (isRemote && (OF_EACH_PROCESS.has(name) || (name === "cwd" && cwd.call(process) !== START_FOLDER)))
      );
    },
  });
  for (const { index, map } of program.plan.steps) {
    const child = program.children[index];
    if (child === undefined) continue;
    const own = isRemote ? undefined : placeOf(child.placement);
    const inside = { ...place, ...own, variables: { ...variables, ...own?.variables } };
    const isSent = isQueued && map !== undefined;
    const at = isSent ? { ...inside, isOnOtherMachine: true, isRemote: true } : inside;
    noteEnvironment(child.program, at, childOptions(choices, child.nested), noted);
  }
}

/**
 * The variables that a place has and this process has not, or had not when the program began: its modules were imported then, and
 * those of another process of this machine are imported with what has become of them.
 */
function otherVariables({ variables, isOnOtherMachine, isRemote }: Place): (readonly [string, string | null])[] {
  const { env } = process;
  const isInherited = isRemote && !isOnOtherMachine;
  const all = isInherited ? { ...env, ...variables } : variables;
  const other = Object.entries(all).filter(
    ([name, value]) => env[name] !== value || (isInherited && FIRST_ENV[name] !== value),
  ) as [string, string][];
  const gone = isInherited ? Object.keys(FIRST_ENV).filter((name) => all[name] === undefined) : [];
  return [...other, ...gone.map((name) => [name, null] as const)];
}

/** The members of `process` that another process on this machine has of its own. */
const OF_EACH_PROCESS: ReadonlySet<string> = new Set([
  ...["argv", "argv0", "execArgv", "pid", "ppid", "title", "debugPort", "connected", "channel", "mainModule"],
]);

/** The folder that other processes on this machine are started in, unless the program has gone to another one since. */
const START_FOLDER = cwd.call(process);

function placeOf(placement: Placement | undefined): Place | undefined {
  if (placement === undefined || placement.kind === "local") return undefined;
  const isOnOtherMachine = placement.kind !== "local-process";
  return { variables: variablesOf(placement) ?? {}, isOnOtherMachine, isRemote: true };
}

type Variables = Readonly<Record<string, string>>;

function variablesOf(placement: Placement | undefined): Variables | undefined {
  return (placement as { readonly options?: { readonly env?: Variables } } | undefined)?.options?.env;
}

function readerFor(run: object): CodeReader {
  return getOrCreate(readers, run, () => new (codeReading().CodeReader)());
}

/** Nodes have run: what they have changed of what they can reach, a log or a memory of theirs, is no change of their code. */
export function nodesHaveRun(run: object): void {
  readers.get(run)?.nodesHaveRun();
}

/**
 * Sets the code digests of a program, and of those nested in it, that another thread or process has read. Code that was loaded here
 * from files which have changed since that process started is not what they are of.
 */
export function presetCodeDigests(program: BoundPlan, codes: CodeDigests): void {
  preset(program, codes.since === undefined ? codes : checkedFor(HERE, codes));
}

function preset(program: BoundPlan, codes: CodeDigests): void {
  known.set(program, { codes, run: undefined });
  const { models, since, files } = codes;
  for (const [i, { child }] of codes.steps.entries()) {
    if (child === undefined) continue;
    const inner = { ...child, models, since, files };
    if (models === undefined) shareModelReader(inner, codes);
    preset(program.children[i]!.program, inner);
  }
}

/** This thread, or process. */
const HERE = "";

/** The codes of steps, also of those nested in them, and of models, without those that a host may have loaded otherwise. */
function checkedFor(host: string, codes: CodeDigests): CodeDigests {
  const checked = mapSteps(codes, (step) => {
    const problem = step.problem === undefined ? stepChangeAt(host, step, codes) : undefined;
    return problem === undefined ? step : { ...step, code: "", isCacheable: false, problem };
  });
  return {
    ...checked,
    models: mapModels(codes, (model) => {
      const problem = changeAt(host, model.loaded ?? [], codes.since);
      return problem === undefined ? model : { ...model, problem };
    }),
  };
}

function mapModels({ models }: CodeDigests, change: (model: ModelCode) => ModelCode): ModelDigests | undefined {
  return models && new Map(Array.from(models, ([name, model]) => [name, change(model)]));
}

function mapSteps(codes: CodeDigests, change: (step: StepDigest) => StepDigest): CodeDigests {
  const steps = codes.steps.map((step) => ({ ...change(step), child: step.child && mapSteps(step.child, change) }));
  return { ...codes, steps };
}

/** @returns the reason why what a host has computed of a step is not cached. */
export function problemAt(host: string, codes: CodeDigests, { index }: Step): string | undefined {
  return stepChangeAt(host, codes.steps[index]!, codes) ?? modelChangeAt(host, codes);
}

/** Of the files that a step's code loads when it runs, one that may have been loaded in another version. */
export function changedLazily(step: StepDigest, since = STARTED): string | undefined {
  const changed = sourcesOf(step).lazy.find((file) => isChangedSince(file, since));
  return changed && changedSource(formatFile(changed));
}

/** The code digests with the pieces behind them, and those of models, for a process that can't read the code but explains it. */
export function exportCodeDigests(program: BoundPlan, run: object): CodeDigests {
  const codes = codeDigestsOf(program, run);
  const exported = sent(codes, codes, (step) => ({ parts: step.problem === undefined ? partsBehind(step) : [] }));
  return { ...exported, models: modelDigestsOf(codes) };
}

/** The code digests of a pipeline nested in a program, for threads. */
export function codesForThreads(child: CodeDigests, program: CodeDigests): CodeDigests {
  return { ...sent(child, program, () => ({})), models: program.models };
}

/** Codes as another process, or a thread, needs them. @param program the codes of all. */
function sent(codes: CodeDigests, program: CodeDigests, more: (step: StepDigest) => Partial<StepDigest>): CodeDigests {
  const all = (step: StepDigest) => ({ ...step, ...more(step), sources: sourcesOf(step) });
  return { ...mapSteps(codes, all), since: program.since ?? STARTED, files: hostFilesOf(program) };
}

/** The codes for a host that has the code in a bundle, which was made by now: it need not look at files. */
export function codesForBundle(bundle: string, codes: CodeDigests): CodeDigests {
  const checked = checkedFor(bundle, codes);
  const steps = mapSteps(checked, (step) => ({ ...step, sources: NO_SOURCES }));
  return { ...steps, models: mapModels(checked, (model) => ({ ...model, loaded: [] })), since: undefined, files: [] };
}

/** Those of a part of the plan. */
export function exportForSteps(program: BoundPlan, part: readonly Step[], run: object): CodeDigests {
  const { steps, ...common } = exportCodeDigests(program, run);
  return { steps: part.map(({ index }) => steps[index]!), ...common };
}
