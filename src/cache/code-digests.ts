import type { Placement } from "../dsl/pipeline-options.js";
import type { Step } from "../graph/plan.js";
import { getOrCreate } from "../util/get-or-create.js";
import type { CodeReader } from "./code/code.js";
import { codeReading } from "./code-reading.js";
import { modelDigestsOf, setModelReader, shareModelReader } from "./model-codes.js";
import { type BoundPlan, type CodeDigests, ProgramDigests, partsBehind } from "./program-digests.js";

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
  const environmentOf = (of: BoundPlan) => environments.get(run)?.get(of) ?? "";
  const reading = new ProgramDigests(program, reader, (nested) => codeDigestsOf(nested, run), environmentOf);
  const codes = reader.pass(() => {
    reading.foresee();
    return reading.read();
  });
  setModelReader(codes, reader);
  known.set(program, { codes, run });
  return codes;
}

/** For each run, the variables of the environment that programs have beside those of this process, if they have any. */
const environments = new WeakMap<object, WeakMap<BoundPlan, string>>();

/**
 * Notes in which environment a run's program runs, and what is nested in it. A variable that a placement sets counts for all that
 * runs there: modules may read it when they are imported, which nobody sees from here.
 */
export function noteEnvironments(program: BoundPlan, run: object, placement: Placement | undefined): void {
  const own = variablesOf(placement);
  if (own === undefined && !program.plan.hasPlacements) return;
  noteEnvironment(
    program,
    own ?? {},
    placement !== undefined && placement.kind !== "local",
    getOrCreate(environments, run, () => new WeakMap()),
  );
}

function noteEnvironment(
  program: BoundPlan,
  variables: Variables,
  isRemote: boolean,
  noted: WeakMap<BoundPlan, string>,
): void {
  const other = Object.entries(variables).filter(([name, value]) => process.env[name] !== value);
  if (other.length > 0) noted.set(program, JSON.stringify(other.sort()));
  for (const child of program.children) {
    if (child === undefined) continue;
    // On a host of the whole run, placements of nested pipelines do not count.
    const inside = isRemote ? variables : { ...variables, ...variablesOf(child.placement) };
    noteEnvironment(child.program, inside, isRemote, noted);
  }
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

/** Sets the code digests of a program, and of those nested in it, that another thread or process has read. */
export function presetCodeDigests(program: BoundPlan, codes: CodeDigests): void {
  known.set(program, { codes, run: undefined });
  const { models } = codes;
  for (const [i, { child }] of codes.steps.entries()) {
    if (child === undefined) continue;
    if (models === undefined) shareModelReader(child, codes);
    presetCodeDigests(program.children[i]!.program, models === undefined ? child : { ...child, models });
  }
}

/** The code digests with the pieces behind them, and those of models, for a process that can't read the code but explains it. */
export function exportCodeDigests(program: BoundPlan, run: object): CodeDigests {
  const codes = codeDigestsOf(program, run);
  return { ...withParts(codes), models: modelDigestsOf(codes) };
}

function withParts(codes: CodeDigests): CodeDigests {
  const steps = codes.steps.map((step) => ({
    ...step,
    parts: step.problem === undefined ? partsBehind(step) : [],
    child: step.child && withParts(step.child),
  }));
  return { ...codes, steps };
}

/** Those of a part of the plan. */
export function exportForSteps(program: BoundPlan, part: readonly Step[], run: object): CodeDigests {
  const { steps, ...common } = exportCodeDigests(program, run);
  return { steps: part.map(({ index }) => steps[index]!), ...common };
}
