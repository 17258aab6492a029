import { PIPELINE, type PipelineClass } from "../dsl/members.js";
import { AS_LIST, convertInputs } from "../engine/elements/convert-inputs.js";
import { type List, resolveLists, unreadable } from "../engine/elements/lists.js";
import { pathOf } from "../engine/failures/node-errors.js";
import { blockRunDuringImport } from "../engine/lifecycle/worker-context.js";
import { type Program, programFor, programForMap } from "../engine/program/program.js";
import { type RunRequest, runProgram } from "../engine/run.js";
import type { NodeExplanation } from "../engine/run-cache/explanation.js";
import { asCoordinator, hostPoolOf, resolveExecution } from "../engine/settings.js";
import { streamRun } from "../engine/stream.js";
import { badOption, HypernodesError, InputError, NodeError, type Violation } from "../errors.js";
import { planFor } from "../graph/compile-plan.js";
import { type Graph, inputNames } from "../graph/graph.js";
import type { InputDefaults, Plan, PlanMapOptions, SlotUses } from "../graph/plan.js";
import { planPipelineMap } from "../graph/plan-map.js";
import { isError } from "../util/describe.js";
import { didYouMean } from "../util/suggest.js";
import { ignoreRejection, isPromise } from "../util/thenable.js";
import { checkElements, elementPath } from "../values/element-checks.js";
import { type CheckedInputs, type InputChecks, type InputRecord, inputChecksOf } from "../values/input-checks.js";
import {
  assertRecord,
  checkInputNames,
  describeInputs,
  inputError,
  inputRecord,
  ownValue,
  readInputs,
} from "../values/inputs.js";
import { warnOfSecondCopies } from "../values/second-copies.js";
import type { Runner } from "./providers.js";
import type { ResumeInfo, RunSpec } from "./run-spec.js";

/** Runs a pipeline once, at its placement. */
export async function runPipeline(spec: RunSpec): Promise<Record<string, unknown>> {
  const request = await runRequest(spec);
  return (await runnerOf(spec)).run(request);
}

/** Runs a pipeline for each element of some inputs. All elements are checked before any node runs. */
export async function mapPipeline(spec: RunSpec, options: Partial<PlanMapOptions>): Promise<unknown[]> {
  const request = await mapRequest(spec, options);
  const outputs = await (await runnerOf(spec)).run(request);
  return outputs[spec.graph.pipeline] as unknown[];
}

/**
 * Explains what `run` or `map` would compute, without running any node.
 *
 * @param options the options of `map`; undefined: those of `run`.
 */
export async function explainPipeline(
  spec: RunSpec,
  options: Partial<PlanMapOptions> | undefined,
): Promise<NodeExplanation[]> {
  const request = await (options === undefined ? runRequest(spec) : mapRequest(spec, options));
  const { explainProgram } = await import("../engine/dry-run.js");
  const { runOn } = spec.choices;
  const containers = hostPoolOf(runOn);
  if (containers !== undefined)
    return explainProgram({ ...request, settings: asCoordinator(request.settings, containers) }, false);
  return explainProgram(request, runOn !== undefined && runOn.kind !== "local");
}

/** Other placements are loaded when a run needs them. */
async function runnerOf({ choices, graph }: RunSpec): Promise<Runner> {
  if (choices.runOn === undefined || choices.runOn.kind === "local") return LOCAL_RUNNER;
  return (await import("./providers.js")).runnerFor(choices.runOn, graph.pipeline);
}

/** The runner of this process. */
const LOCAL_RUNNER: Runner = { run: runProgram, stream: streamRun };

async function runRequest(spec: RunSpec): Promise<RunRequest> {
  const plan = planFor(spec.graph, spec.outputs, Object.keys(spec.given));
  const inputs = await resolveInputs(spec, plan, []);
  return buildRunRequest(spec, programFor(spec.pipeline, plan), slotsOf(spec, plan, inputs.checked), {});
}

async function mapRequest(spec: RunSpec, options: Partial<PlanMapOptions>): Promise<RunRequest> {
  const over = planMap(spec, options);
  const inner = planFor(spec.graph, spec.outputs, Object.keys(spec.given));
  const inputs = await resolveInputs(spec, inner, over.over, true);
  const whole = programOfMap(spec, inner, over, inputs, false);
  const slots = whole.program.plan.steps[0]!.map!.lists.map(({ slot }) => slot);
  const lists = readLists(spec, over, inputs, whole, slots);
  const elements = await prepareElements(spec, over, inputs, lists);
  // Where an input's value depends on other inputs' elements, each call makes it.
  const { program, values } = elements === undefined ? programOfMap(spec, inner, over, inputs, true) : whole;
  for (const [i, slot] of slots.entries()) values[slot] = (elements ?? lists)[i];
  return buildRunRequest(spec, program, values, { over: options });
}

/** Reads the lists of a map. Of inputs that are invalid already, the lists may be missing: then those are the error. */
function readLists(
  spec: RunSpec,
  { over }: PlanMapOptions,
  { invalid }: Inputs,
  { program, values }: { readonly program: Program; readonly values: unknown[] },
  slots: readonly number[],
): readonly List[] {
  try {
    const [step] = program.plan.steps;
    const given = slots.map((slot) => values[slot]);
    const lists = resolveLists(step!, given, spec.graph.pipeline, new WeakMap());
    return lists.map((list, i) => convertInput(spec, over[i]!, list, AS_LIST) as List);
  } catch (error) {
    throw invalid === undefined ? error : invalid([]);
  }
}

/** @returns the elements as they are after their checks; undefined if only each call can make them. */
async function prepareElements(
  spec: RunSpec,
  { over, mode }: PlanMapOptions,
  { checks, record, outcome, invalid }: Inputs,
  lists: readonly ArrayLike<unknown>[],
): Promise<readonly ArrayLike<unknown>[] | undefined> {
  if (checks === undefined) return lists;
  const elements = await checkElements(checks, record!, outcome!, { names: over, lists }, mode === "product");
  if (invalid !== undefined) throw invalid(elements.violations);
  if (elements.violations.length === 0) {
    return elements.lists?.map((list, i) => convertInput(spec, over[i]!, list, AS_LIST) as List);
  }
  throw inputError(spec.graph.pipeline, elements.violations, { cause: elements.cause });
}

/** Runs a pipeline for elements as they come. An element is checked when it comes. */
export async function* streamPipeline(
  spec: RunSpec,
  options: Partial<PlanMapOptions>,
): AsyncGenerator<unknown, void, undefined> {
  const over = planMap(spec, options);
  const inner = planFor(spec.graph, spec.outputs, Object.keys(spec.given));
  const inputs = await resolveInputs(spec, inner, over.over);
  const isChecked = inputs.checks?.concern(over.over) === true;
  const { program, values } = programOfMap(spec, inner, over, inputs, isChecked);
  try {
    yield* (await runnerOf(spec)).stream(await buildRunRequest(spec, program, values));
  } catch (error) {
    throw invalidElement(spec, over, error) ?? error;
  }
}

/** The error of an element whose inputs are invalid, as `map` has it; undefined for any other failure. */
function invalidElement({ graph }: RunSpec, { over, mode }: PlanMapOptions, error: unknown): InputError | undefined {
  const isFailed =
    isError(error) && error instanceof NodeError && error.where === pathOf("", graph.pipeline, error.element);
  if (!isFailed || !isError(error.cause) || !(error.cause instanceof InputError)) return undefined;
  // In a product, an element is a combination: how long its lists are is not known yet.
  if (mode === "product" && over.length > 1) {
    return inputError(error.where, error.cause.violations, { cause: error.cause.cause });
  }
  const elements = over.map((name) => `${name}[${error.element}]`).join(", ");
  const indices = new Map(over.map((name) => [name, error.element!]));
  const violations = error.cause.violations.map((violation) => {
    const path = elementPath(violation.path, indices);
    if (path !== undefined) return { ...violation, path };
    return { ...violation, problem: `${violation.problem}, with ${elements}` };
  });
  return inputError(graph.pipeline, violations, { cause: error.cause.cause });
}

/** Resolves the options of `map` and `stream`, and checks the names of the inputs. */
function planMap(spec: RunSpec, options: Partial<PlanMapOptions>): PlanMapOptions {
  const inputs = inputNames(spec.graph);
  const { over: names = [], mode = "zip", onError = "throw" } = options;
  const bad = (value: unknown, takes: string) =>
    new HypernodesError({ where: spec.graph.pipeline, ...badOption("option over", value, takes) });
  if (names.length === 0) throw bad(options.over, "the name of an input, or several");
  for (const [i, name] of names.entries()) {
    if (!inputs.includes(name)) throw bad(name, `the names of inputs. ${didYouMean(name, inputs)}`);
    // One input can't be two elements of its list at once.
    if (names.indexOf(name) !== i) throw bad(names, `each input once: "${name}" is named twice`);
  }
  return { over: names, mode, onError };
}

/**
 * The program of a map over the whole pipeline, with the values that its calls share.
 *
 * @param isChecked true if each call checks its inputs: then it gets them as they were given.
 */
function programOfMap(spec: RunSpec, inner: Plan, over: PlanMapOptions, inputs: Inputs, isChecked: boolean) {
  const { record, outcome, raw, checked } = inputs;
  let inputDefaults: InputDefaults | undefined;
  if (record !== undefined && (isChecked || outcome!.readsHidden)) {
    const isDefault = (name: string) => record.given.get(name) === undefined && !over.over.includes(name);
    inputDefaults = { defaults: [...record.defaults.keys()].filter(isDefault) };
  }
  const plan = planPipelineMap(inner, spec.pipeline.constructor as PipelineClass, spec.choices, over, inputDefaults);
  const value = (name: string) => (inputDefaults !== undefined || over.over.includes(name) ? raw(name) : checked(name));
  return { program: programForMap(spec.pipeline, plan), values: slotsOf(spec, plan, value, new Set(over.over)) };
}

type Values = Readonly<Record<string, unknown>>;

/** The inputs of a run, without elements of lists: the raw and the checked values. */
interface Inputs {
  /** The value of an input as it was given, or its default. */
  raw(name: string): unknown;
  /** The value of an input after the checks. */
  checked(name: string): unknown;
  /** The three are undefined if no decorator asks for checks. */
  readonly checks: InputChecks | undefined;
  readonly record: InputRecord | undefined;
  readonly outcome: CheckedInputs | undefined;
  /** The error of the inputs, if they are invalid, together with the violations of elements. */
  readonly invalid: ((elements: readonly Violation[]) => InputError) | undefined;
}

/**
 * Checks the inputs' names, and the values of those that are taken whole.
 *
 * @param elements the names of those that are given lists of values.
 * @param isElementsNext whether the elements are checked next: the result has the error of the inputs, to be thrown
 * together with theirs.
 * @throws {InputError}
 */
async function resolveInputs(
  spec: RunSpec,
  plan: Plan,
  elements: readonly string[],
  isElementsNext = false,
): Promise<Inputs> {
  const { pipeline, graph } = spec;
  const blocked = blockRunDuringImport(graph.pipeline);
  if (blocked !== undefined) await blocked;
  assertRecord(graph.pipeline, spec.inputs, () => describeInputs(plan, pipeline));
  const { bound } = (pipeline as { [PIPELINE]: { bound: Readonly<Record<string, unknown>> } })[PIPELINE];
  warnOfSecondCopies(pipeline.constructor as PipelineClass);
  const checks = inputChecksOf(pipeline.constructor, plan);
  const planned = checks === undefined ? plan.inputs.map(({ name }) => name) : inputNames(graph);
  const others = checks === undefined ? elements : [...checks.exposed.keys()];
  const used = others.length === 0 ? planned : new Set([...planned, ...others]);
  const inputs = readInputs(graph.pipeline, spec.inputs, used);
  if (checks === undefined) {
    const raw = (name: string) => inputValue(pipeline, inputs, bound, name);
    const wrong = checkInputNames(graph, plan, pipeline, inputs, (name) => raw(name) !== undefined);
    if (wrong.length > 0) throw inputError(graph.pipeline, wrong, { required: describeInputs(plan, pipeline) });
    return { raw, checked: raw, checks, record: undefined, outcome: undefined, invalid: undefined };
  }
  const record = withoutUnread(spec, plan, inputRecord(graph, pipeline, inputs, bound, checks), elements);
  const raw = (name: string) => {
    const value = record.given.get(name);
    return value === undefined ? record.defaults.get(name) : value;
  };
  const names = inputNames(graph).filter((name) => !elements.includes(name));
  const checking = checks.check(record, { names, hidden: elements });
  const outcome = checking instanceof Promise ? await checking : checking;
  const isThere = (name: string) => raw(name) !== undefined || outcome.values.get(name) !== undefined;
  const wrong = checkInputNames(graph, plan, pipeline, inputs, isThere, checks);
  // A rule that reads an element is asked again for each.
  if (!outcome.readsHidden) wrong.push(...outcome.violations);
  const errorWith = (more: readonly Violation[]) =>
    inputError(graph.pipeline, [...wrong, ...more], { required: describeInputs(plan, pipeline), cause: outcome.cause });
  const invalid = wrong.length > 0 ? errorWith : undefined;
  if (invalid !== undefined && !isElementsNext) throw invalid([]);
  return { raw, checked: (name) => outcome.values.get(name), checks, record, outcome, invalid };
}

/** A value from the caller is over a bound one, that over the default. Undefined is none. */
function inputValue(pipeline: object, inputs: Values, bound: Values, name: string): unknown {
  const value = ownValue(inputs, name);
  if (value !== undefined) return value;
  return bound[name] !== undefined ? bound[name] : (pipeline as Values)[name];
}

/** A plan's values by slot: inputs, and what is given in the place of nodes. */
function slotsOf(
  spec: RunSpec,
  plan: Plan,
  input: (name: string) => unknown,
  unread: ReadonlySet<string> = new Set(),
): unknown[] {
  const { given } = spec;
  const values: unknown[] = new Array(plan.slots).fill(undefined);
  // Also of nodes that nothing needs: a rejection that nobody handles ends the process.
  for (const [name, value] of Object.entries(given)) if (isPromise(value)) throw promiseError(spec.graph, name, value);
  for (const { name, slot, uses } of plan.inputs) {
    // What a decorator has made of an input may be an iterator, too.
    const value = Object.hasOwn(given, name) ? given[name] : input(name);
    values[slot] = unread.has(name) ? value : convertInput(spec, name, value, uses);
  }
  for (const { name, slot, uses } of plan.given) values[slot] = convertInput(spec, name, given[name], uses);
  return values;
}

/**
 * A record of inputs in which iterators have been read.
 *
 * @param unread the names of the inputs that iterators stay in: elements may come over time.
 */
function withoutUnread(spec: RunSpec, plan: Plan, record: InputRecord, unread: readonly string[]): InputRecord {
  const uses = new Map(plan.inputs.map((input) => [input.name, input.uses]));
  const land = (values: ReadonlyMap<string, unknown>) =>
    new Map(
      [...values].map(([name, value]) => [
        name,
        unread.includes(name) ? value : convertInput(spec, name, value, uses.get(name)),
      ]),
    );
  return { given: land(record.given), defaults: land(record.defaults) };
}

/** @throws {InputError} `UNREADABLE_LIST` */
function convertInput({ graph }: RunSpec, name: string, value: unknown, uses: SlotUses | undefined): unknown {
  if (isPromise(value)) throw promiseError(graph, name, value);
  try {
    return convertInputs(value, uses);
  } catch (error) {
    throw unreadable(name, `"${name}" is an iterable`, graph.pipeline, error);
  }
}

/** Creates the error of a promise as an input or a given value: nodes take values. Its rejection ends nothing. */
function promiseError({ pipeline }: Graph, name: string, promise: Promise<unknown>): InputError {
  ignoreRejection(promise);
  return new InputError({
    code: "INVALID_INPUTS",
    where: pipeline,
    problem: `${name}: it is a promise`,
    advice: "Await it, and give its value.",
    violations: [{ path: name, constraint: "promise", problem: "it is a promise" }],
  });
}

/** @param resumable undefined: it can't be resumed. */
async function buildRunRequest(
  spec: RunSpec,
  program: Program,
  values: unknown[],
  resumable?: ResumeInfo,
): Promise<RunRequest> {
  const { plan } = program;
  const settings = resolveExecution(spec.choices, spec.graph.pipeline);
  const leaves =
    plan.hasPlacements ||
    plan.hasQueues ||
    settings.queue !== undefined ||
    hostPoolOf(spec.choices.runOn) !== undefined;
  return {
    program,
    values,
    settings,
    name: spec.graph.pipeline,
    resources: spec.resources,
    signal: spec.signal,
    listener: spec.listener,
    context: spec.context,
    explain: spec.explain,
    inputs: Object.keys(spec.inputs),
    hosts: leaves ? (await import("./run-start.js")).hostsFor(spec, program, resumable) : undefined,
    id: spec.resumes,
    isReportedInOrder: spec.isOrdered,
  };
}
