import type { Choices } from "../dsl/choices.js";
import { PIPELINE, type PipelineClass } from "../dsl/members.js";
import type { NodeExplanation } from "../engine/cached/explanation.js";
import type { CallContext } from "../engine/call-context.js";
import type { Listener } from "../engine/events.js";
import { print } from "../engine/failure.js";
import { AS_LIST, land } from "../engine/landing.js";
import { type List, listsOf, unreadable } from "../engine/lists.js";
import { type Program, programFor, programOver } from "../engine/program.js";
import type { Resources } from "../engine/resources.js";
import { type RunRequest, runProgram } from "../engine/run-program.js";
import { directing, settingsOf, sharing } from "../engine/settings.js";
import { streamProgram } from "../engine/stream-program.js";
import { heldAtImport } from "../engine/threads/inside.js";
import { badOption, HypernodesError, InputError } from "../errors.js";
import { type Graph, inputNames } from "../graph/graph.js";
import { suggestion } from "../graph/nearest.js";
import { type Plan, planFor, type Uses } from "../graph/plan.js";
import { type OverOptions, planOver, type SeenInputs } from "../graph/plan-over.js";
import { checkElements } from "../values/element-checks.js";
import { type CheckedInputs, type InputChecks, type InputRecord, inputChecksOf } from "../values/input-checks.js";
import { inputError, inputRecord, nameViolations, requirements } from "../values/inputs.js";
import { warnOfSecondCopies } from "../values/second-copies.js";
import type { Resumable } from "./beginning.js";
import type { Place } from "./places.js";

/** One use of a pipeline: what is to run, with what, under which choices. */
export interface Use {
  readonly pipeline: object;
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly string[] | undefined;
  readonly given: Readonly<Record<string, unknown>>;
  readonly choices: Choices;
  readonly resources: Resources | undefined;
  readonly signal: AbortSignal | undefined;
  readonly listener: Listener | undefined;
  readonly context: CallContext | undefined;
  readonly explain: boolean;
  /** The id of the run that this one goes on with; undefined: it is a new one. */
  readonly resumes: string | undefined;
  /** Whether a stream's results come in the order of the elements. */
  readonly isOrdered: boolean;
}

/** Runs a pipeline once, where it is placed. */
export async function run(use: Use): Promise<Record<string, unknown>> {
  const asked = await runRequest(use);
  return (await placeOf(use)).run(asked);
}

/** Runs a pipeline for each element of some inputs. All elements are checked before any node runs. */
export async function map(use: Use, options: Partial<OverOptions>): Promise<unknown[]> {
  const asked = await mapRequest(use, options);
  const outputs = await (await placeOf(use)).run(asked);
  return outputs[use.graph.pipeline] as unknown[];
}

/**
 * What `run`, or `map`, would do.
 *
 * @param options those of `map`; undefined: it is for `run`.
 */
export async function explain(use: Use, options: Partial<OverOptions> | undefined): Promise<NodeExplanation[]> {
  const asked = await (options === undefined ? runRequest(use) : mapRequest(use, options));
  const { explainProgram } = await import("../engine/cached/dry-run.js");
  const { runOn } = use.choices;
  const containers = sharing(runOn);
  if (containers !== undefined)
    return explainProgram({ ...asked, settings: directing(asked.settings, containers) }, false);
  return explainProgram(asked, runOn !== undefined && runOn.kind !== "local");
}

/** Other places than this process are loaded when a run is placed there. */
async function placeOf({ choices, graph }: Use): Promise<Place> {
  if (choices.runOn === undefined || choices.runOn.kind === "local") return HERE;
  return (await import("./places.js")).placeFor(choices.runOn, graph.pipeline);
}

/** In this process. */
const HERE: Place = { run: runProgram, stream: streamProgram };

async function runRequest(use: Use): Promise<RunRequest> {
  const plan = planFor(use.graph, use.outputs, Object.keys(use.given));
  const inputs = await check(use, plan, []);
  return request(use, programFor(use.pipeline, plan), slotsOf(use, plan, inputs.checked), {});
}

async function mapRequest(use: Use, options: Partial<OverOptions>): Promise<RunRequest> {
  const over = overOf(use, options);
  const inner = planFor(use.graph, use.outputs, Object.keys(use.given));
  const inputs = await check(use, inner, over.over);
  const whole = programOfMap(use, inner, over, inputs, false);
  const [step] = whole.program.plan.steps;
  const slots = step!.map!.lists.map(({ slot }) => slot);
  const lists = listsOf(
    step!,
    slots.map((slot) => whole.values[slot]),
    use.graph.pipeline,
    new WeakMap(),
  );
  const landed = lists.map((list, i) => landInput(use, over.over[i]!, list, AS_LIST) as List);
  const elements = await prepareElements(use, over, inputs, landed);
  // Where an input's value depends on other inputs' elements, each call makes it.
  const { program, values } = elements === undefined ? programOfMap(use, inner, over, inputs, true) : whole;
  for (const [i, slot] of slots.entries()) values[slot] = (elements ?? landed)[i];
  return request(use, program, values, { over: options });
}

/** @returns the elements as they are after their checks; undefined if only each call can make them. */
async function prepareElements(
  use: Use,
  { over, mode }: OverOptions,
  { checks, record, outcome }: Inputs,
  lists: readonly ArrayLike<unknown>[],
): Promise<readonly ArrayLike<unknown>[] | undefined> {
  if (checks === undefined) return lists;
  const elements = await checkElements(checks, record!, outcome!, { names: over, lists }, mode === "product");
  if (elements.violations.length === 0) return elements.lists;
  throw inputError(use.graph.pipeline, elements.violations, { cause: elements.cause });
}

/** Runs a pipeline for elements as they come. An element is checked when it comes. */
export async function* stream(use: Use, options: Partial<OverOptions>): AsyncGenerator<unknown, void, undefined> {
  const over = overOf(use, options);
  const inner = planFor(use.graph, use.outputs, Object.keys(use.given));
  const inputs = await check(use, inner, over.over);
  const isChecked = inputs.checks?.concern(over.over) === true;
  const { program, values } = programOfMap(use, inner, over, inputs, isChecked);
  yield* (await placeOf(use)).stream(await request(use, program, values));
}

/** How a pipeline is mapped over: its inputs' names are checked, which only the class knows. */
function overOf(use: Use, options: Partial<OverOptions>): OverOptions {
  const inputs = inputNames(use.graph);
  const { over: names = [], mode = "zip", onError = "throw" } = options;
  const bad = (value: unknown, takes: string) =>
    new HypernodesError({ where: use.graph.pipeline, ...badOption("option over", value, takes) });
  if (names.length === 0) throw bad(options.over, "the name of an input, or several");
  for (const [i, name] of names.entries()) {
    if (!inputs.includes(name)) throw bad(name, `the names of inputs. ${suggestion(name, inputs)}`);
    // One input can't be two elements of its list at once.
    if (names.indexOf(name) !== i) throw bad(names, `each input once: "${name}" is named twice`);
  }
  return { over: names, mode, onError };
}

/**
 * The program of a map over the whole pipeline, with the values that its calls share.
 *
 * @param isChecked whether each call checks its inputs: then it gets them as they were given.
 */
function programOfMap(use: Use, inner: Plan, over: OverOptions, inputs: Inputs, isChecked: boolean) {
  const { record, outcome, given, checked } = inputs;
  let seen: SeenInputs | undefined;
  if (record !== undefined && (isChecked || outcome!.readsHidden)) {
    const isDefault = (name: string) => record.given.get(name) === undefined && !over.over.includes(name);
    seen = { defaults: [...record.defaults.keys()].filter(isDefault) };
  }
  const plan = planOver(inner, use.pipeline.constructor as PipelineClass, use.choices, over, seen);
  const value = (name: string) => (seen !== undefined || over.over.includes(name) ? given(name) : checked(name));
  return { program: programOver(use.pipeline, plan), values: slotsOf(use, plan, value, new Set(over.over)) };
}

type Values = Readonly<Record<string, unknown>>;

/** The inputs of a use, but for elements of lists: as they were given, and checked. */
interface Inputs {
  /** The value of an input as it was given, or its default. */
  given(name: string): unknown;
  /** Its value after the checks. */
  checked(name: string): unknown;
  /** The three are undefined if no decorator asks for checks. */
  readonly checks: InputChecks | undefined;
  readonly record: InputRecord | undefined;
  readonly outcome: CheckedInputs | undefined;
}

/**
 * Checks the inputs' names, and the values of those that are taken whole.
 *
 * @param elements the names of those that are given lists of values.
 * @throws {InputError}
 */
async function check(use: Use, plan: Plan, elements: readonly string[]): Promise<Inputs> {
  const { pipeline, graph, inputs } = use;
  const held = heldAtImport(graph.pipeline);
  if (held !== undefined) await held;
  if (typeof inputs !== "object" || Array.isArray(inputs)) {
    throw new InputError({
      code: "INVALID_INPUTS",
      where: graph.pipeline,
      problem: `the inputs are no record of values by name, but ${print(inputs)}`,
      advice: `Give them as { name: value }: ${requirements(plan, pipeline)}.`,
      violations: [{ path: "", constraint: "record", problem: "the inputs are no record" }],
    });
  }
  const { bound } = (pipeline as { [PIPELINE]: { bound: Readonly<Record<string, unknown>> } })[PIPELINE];
  warnOfSecondCopies(pipeline.constructor as PipelineClass);
  const checks = inputChecksOf(pipeline.constructor, plan);
  if (checks === undefined) {
    const given = (name: string) => inputValue(pipeline, inputs, bound, name);
    const wrong = nameViolations(graph, plan, pipeline, inputs, (name) => given(name) !== undefined);
    if (wrong.length > 0) throw inputError(graph.pipeline, wrong, { required: requirements(plan, pipeline) });
    return { given, checked: given, checks, record: undefined, outcome: undefined };
  }
  const record = withoutUnread(use, plan, inputRecord(graph, pipeline, inputs, bound, checks), elements);
  const given = (name: string) => {
    const value = record.given.get(name);
    return value === undefined ? record.defaults.get(name) : value;
  };
  const names = inputNames(graph).filter((name) => !elements.includes(name));
  const checking = checks.check(record, { names, hidden: elements });
  const outcome = checking instanceof Promise ? await checking : checking;
  const isThere = (name: string) => given(name) !== undefined || outcome.values.get(name) !== undefined;
  const wrong = nameViolations(graph, plan, pipeline, inputs, isThere, checks);
  // A rule that reads an element is asked again for each.
  if (!outcome.readsHidden) wrong.push(...outcome.violations);
  if (wrong.length > 0) {
    throw inputError(graph.pipeline, wrong, { required: requirements(plan, pipeline), cause: outcome.cause });
  }
  return { given, checked: (name) => outcome.values.get(name), checks, record, outcome };
}

/** A value from the caller is over a bound one, that over the default. Undefined is none. */
function inputValue(pipeline: object, inputs: Values, bound: Values, name: string): unknown {
  if (inputs[name] !== undefined) return inputs[name];
  return bound[name] !== undefined ? bound[name] : (pipeline as Values)[name];
}

/** A plan's values by slot: inputs, and what is given in the place of nodes. */
function slotsOf(
  use: Use,
  plan: Plan,
  input: (name: string) => unknown,
  unread: ReadonlySet<string> = new Set(),
): unknown[] {
  const { given } = use;
  const values: unknown[] = new Array(plan.slots).fill(undefined);
  for (const { name, slot, uses } of plan.inputs) {
    // What a decorator has made of an input may be an iterator, too.
    const value = Object.hasOwn(given, name) ? given[name] : input(name);
    values[slot] = unread.has(name) ? value : landInput(use, name, value, uses);
  }
  for (const { name, slot, uses } of plan.given) values[slot] = landInput(use, name, given[name], uses);
  return values;
}

/**
 * A record of inputs in which iterators have been read.
 *
 * @param unread the names of the inputs that iterators stay in: elements may come over time.
 */
function withoutUnread(use: Use, plan: Plan, record: InputRecord, unread: readonly string[]): InputRecord {
  const uses = new Map(plan.inputs.map((input) => [input.name, input.uses]));
  const land = (values: ReadonlyMap<string, unknown>) =>
    new Map(
      [...values].map(([name, value]) => [
        name,
        unread.includes(name) ? value : landInput(use, name, value, uses.get(name)),
      ]),
    );
  return { given: land(record.given), defaults: land(record.defaults) };
}

/** @throws {InputError} `UNREADABLE_LIST` */
function landInput({ graph }: Use, name: string, value: unknown, uses: Uses | undefined): unknown {
  try {
    return land(value, uses);
  } catch (error) {
    throw unreadable(name, `"${name}" is an iterable`, graph.pipeline, error);
  }
}

/** @param resumable undefined: it can't be resumed. */
async function request(use: Use, program: Program, values: unknown[], resumable?: Resumable): Promise<RunRequest> {
  const { plan } = program;
  const settings = settingsOf(use.choices, use.graph.pipeline);
  const leaves = plan.places || plan.queues || settings.queue !== undefined || sharing(use.choices.runOn) !== undefined;
  return {
    program,
    values,
    settings,
    name: use.graph.pipeline,
    resources: use.resources,
    signal: use.signal,
    listener: use.listener,
    context: use.context,
    explain: use.explain,
    inputs: Object.keys(use.inputs),
    elsewhere: leaves ? (await import("./beginning.js")).elsewhereFor(use, program, resumable) : undefined,
    id: use.resumes,
    isOrdered: use.isOrdered,
  };
}
