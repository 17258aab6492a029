import type { Choices } from "../dsl/choices.js";
import { PIPELINE, type PipelineClass } from "../dsl/members.js";
import { choicesOf } from "../dsl/metadata.js";
import { originOf } from "../dsl/origin.js";
import type { CallContext } from "../engine/call-context.js";
import type { Listener } from "../engine/events.js";
import { print } from "../engine/failure.js";
import { listsOf } from "../engine/lists.js";
import { type Program, programFor, programOver } from "../engine/program.js";
import { sourceOf } from "../engine/remade.js";
import type { Resources } from "../engine/resources.js";
import type { RunRequest } from "../engine/run-program.js";
import { forElsewhere, settingsOf, sharing } from "../engine/settings.js";
import { heldAtImport } from "../engine/threads/inside.js";
import { badOption, HypernodesError, InputError, type Violation } from "../errors.js";
import { type Graph, inputNames } from "../graph/graph.js";
import { suggestion } from "../graph/nearest.js";
import { type Plan, type PlannedInput, planFor } from "../graph/plan.js";
import { type OverOptions, planOver } from "../graph/plan-over.js";
import { checkElements, inputChecksOf, inputError, nameViolations, requirements } from "../values/inputs.js";
import type { RunTold } from "./bullmq/journal.js";
import { type BullmqQueue, checkedBullmq } from "./bullmq/options.js";
import { pathOf } from "./bundle/bundle.js";
import { type Beginning, elsewhere, HERE, placeFor } from "./places.js";

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
  const plan = planFor(use.graph, use.outputs, Object.keys(use.given));
  const values = await prepare(use, plan, plan.inputs);
  const place = placeFor(use.choices, use.graph.pipeline) ?? HERE;
  return (await place).run(request(use, programFor(use.pipeline, plan), values, {}));
}

/** Runs a pipeline for each element of some inputs. All elements are checked before any node runs. */
export async function map(use: Use, options: Partial<OverOptions>): Promise<unknown[]> {
  const { plan, whole } = over(use, options);
  const values = await prepare(use, plan, whole);
  const step = plan.steps[0]!;
  const slots = step.map!.lists.map(({ slot }) => slot);
  const lists = listsOf(
    step,
    slots.map((slot) => values[slot]),
    use.graph.pipeline,
  );
  const violations: Violation[] = [];
  for (const [i, name] of options.over!.entries()) {
    const checked = await checkElements(use.pipeline.constructor, name, lists[i]!);
    violations.push(...checked.violations);
    values[slots[i]!] = checked.elements;
  }
  if (violations.length > 0) throw inputError(use.graph.pipeline, violations);
  const place = placeFor(use.choices, use.graph.pipeline) ?? HERE;
  const outputs = await (await place).run(
    request(use, programOver(use.pipeline, plan, undefined), values, { over: options }),
  );
  return outputs[use.graph.pipeline] as unknown[];
}

/** Runs a pipeline for elements as they come. An element is checked when it comes. */
export async function* stream(use: Use, options: Partial<OverOptions>): AsyncGenerator<unknown, void, undefined> {
  const { plan, whole, elements } = over(use, options);
  const values = await prepare(use, plan, whole);
  const checks = inputChecksOf(use.pipeline.constructor, elements);
  const place = placeFor(use.choices, use.graph.pipeline) ?? HERE;
  yield* (await place).stream(request(use, programOver(use.pipeline, plan, checks), values));
}

/** The plan of a map over the whole pipeline; which of its inputs are taken whole; which of the inner ones get elements. */
function over(use: Use, options: Partial<OverOptions>) {
  const inputs = inputNames(use.graph);
  const names = options.over;
  const bad = (option: string, value: unknown, takes: string) =>
    new HypernodesError({ where: use.graph.pipeline, ...badOption(`option ${option}`, value, takes) });
  if (!Array.isArray(names) || names.length === 0) throw bad("over", names, "the name of an input, or several");
  for (const name of names) {
    if (inputs.includes(name)) continue;
    throw bad("over", name, `the names of inputs. ${suggestion(String(name), inputs)}`);
  }
  const { mode = "zip", onError = "throw" } = options;
  if (mode !== "zip" && mode !== "product") throw bad("mode", mode, '"zip" or "product"');
  if (onError !== "throw" && onError !== "collect") throw bad("onError", onError, '"throw" or "collect"');
  const inner = planFor(use.graph, use.outputs, Object.keys(use.given));
  const pipeline = use.pipeline.constructor as PipelineClass;
  const plan = planOver(inner, pipeline, use.choices, { over: names, mode, onError });
  const given = new Set(Object.keys(use.given));
  return {
    plan,
    whole: plan.inputs.filter(({ name }) => !names.includes(name) && !given.has(name)),
    elements: inner.inputs.filter(({ name }) => names.includes(name)),
  };
}

/** The values by slot, transformed and validated where the fields say so. */
async function prepare(use: Use, plan: Plan, toCheck: readonly PlannedInput[]): Promise<unknown[]> {
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
  const values: unknown[] = new Array(plan.slots).fill(undefined);
  for (const { name, slot } of plan.inputs) values[slot] = inputValue(use, name);
  for (const { name, slot } of plan.given) values[slot] = use.given[name];
  const wrong = nameViolations(graph, plan, pipeline, inputs, values);
  const checking = inputChecksOf(pipeline.constructor, toCheck)?.violations(values);
  if (checking !== undefined) wrong.push(...(await checking));
  if (wrong.length > 0) throw inputError(graph.pipeline, wrong, requirements(plan, pipeline));
  return values;
}

/** A given value is over one from the caller, that over a bound one, that over the default. Undefined is none. */
function inputValue({ pipeline, inputs, given }: Use, name: string): unknown {
  const { bound } = (pipeline as { [PIPELINE]: { bound: Readonly<Record<string, unknown>> } })[PIPELINE];
  for (const value of [given[name], inputs[name], bound[name]]) if (value !== undefined) return value;
  return (pipeline as Record<string, unknown>)[name];
}

/** What was asked for, for who goes on where the run was when it ended. */
function toldIn(use: Use, program: Program, over: Partial<OverOptions> | undefined): RunTold {
  const { pipeline, inputs, outputs, given, choices } = use;
  const { bound } = (pipeline as { [PIPELINE]: { bound: Readonly<Record<string, unknown>> } })[PIPELINE];
  const { file, name } = originOf(program.pipeline)!;
  return {
    file: pathOf(file!),
    name,
    fields: sourceOf(program).fields,
    inputs: { ...bound, ...inputs },
    ...{ outputs, given, over },
    execution: forElsewhere(choices.execution),
    chosen: chosenQueue(program.pipeline, choices),
  };
}

function chosenQueue(type: PipelineClass, { execution }: Choices): RunTold["chosen"] {
  const maps = execution?.maps;
  if (typeof maps !== "object" || maps === choicesOf(type).execution?.maps) return undefined;
  const { connection: _, values: __, ...chosen } = checkedBullmq((maps as BullmqQueue).options);
  return chosen;
}

function beginning(use: Use, program: Program, resumable: Resumable | undefined): Beginning {
  const { pipeline, resources } = use;
  // Who goes on with it has to import the class.
  const isImportable = originOf(program.pipeline)?.file !== undefined;
  const told = resumable && isImportable ? () => toldIn(use, program, resumable.over) : undefined;
  return { type: pipeline.constructor as PipelineClass, resources, told };
}

/** How a run was asked for that may be resumed: as a map over the whole pipeline, or not. */
interface Resumable {
  readonly over?: Partial<OverOptions>;
}

/** @param resumable undefined: it can't be resumed. */
function request(use: Use, program: Program, values: unknown[], resumable?: Resumable): RunRequest {
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
    elsewhere: leaves ? elsewhere(beginning(use, program, resumable)) : undefined,
    id: use.resumes,
    isOrdered: use.isOrdered,
  };
}
