import type { Choices } from "../../dsl/choices.js";
import type { PipelineClass } from "../../dsl/members.js";
import { AbortError, NodeError } from "../../errors.js";
import { type Plan, planFor } from "../../graph/plan.js";
import { planOver } from "../../graph/plan-over.js";
import { planPart } from "../../graph/plan-part.js";
import { reflect } from "../../graph/reflect.js";
import { remembered } from "../../graph/remembered.js";
import { decode } from "../../values/codec.js";
import { inputChecksOf } from "../../values/inputs.js";
import { now, type RunEvent } from "../events.js";
import { Execution } from "../execution.js";
import { type Program, programFor, programOver } from "../program.js";
import { Resources } from "../resources.js";
import { RunState } from "../run-state.js";
import { Scope } from "../scope.js";
import { type Settings, settingsOf } from "../settings.js";
import { isThenable } from "../thenable.js";
import { importedClass } from "./importing.js";
import { type FragmentSpec, type KnownFailure, Progress, type VisitMessage, type VisitResult } from "./protocol.js";
import { encodeResult } from "./result-bytes.js";
import { Window } from "./window.js";

/** Typed arrays among shared values that are at least this large are not copied: all threads read the same memory. */
const VIEWS_FROM = 64 * 1024;

/** A fragment as this thread has made it. */
interface Fragment {
  readonly spec: FragmentSpec;
  readonly program: Program;
  readonly settings: Settings;
  /** By slot, what all its visits share. */
  readonly values: readonly unknown[];
}

const NOTHING = { values: [], failed: [], events: [], tookMs: 0 } as const;

const fragments = new Map<number, Promise<Fragment>>();
const scopes = new Map<number, Scope>();
let resources = new Resources(true);

/** Does a visit. @returns its result, encoded. */
export async function visit(message: VisitMessage): Promise<Uint8Array> {
  let fragment: Fragment;
  try {
    fragment = await fragmentOf(message);
  } catch (error) {
    return encodeResult({ ...NOTHING, failure: { error }, holds: resources.holds });
  }
  const progress = new Progress(message.progress);
  const scope = scopeOf(message.visit, progress);
  try {
    const done = doVisit(fragment, message, progress, scope);
    const { program, spec } = fragment;
    return encodeResult(isThenable(done) ? await done : done, {
      plan: program.plan,
      path: spec.path,
      first: message.range?.first,
    });
  } finally {
    scopes.delete(message.visit);
  }
}

/** The shared values of a fragment are dropped. */
export function ended(fragment: number): void {
  fragments.delete(fragment);
}

export function stopped(visit: number): void {
  scopes.get(visit)?.check();
}

/** Disposes of what the thread keeps: it has nothing to do, and is about to end. */
export async function rest(): Promise<void> {
  const kept = resources;
  resources = new Resources(true);
  await kept.dispose().catch((error: unknown) => process.emitWarning(String(error), "HypernodesWarning"));
}

function scopeOf(visit: number, progress: Progress): Scope {
  const limits: number[] = [];
  const tell = () => {
    progress.deadline = limits.length === 0 ? 0 : Math.min(...limits);
  };
  const scope = new Scope(undefined, {
    stopReason: () => (progress.isStopped ? STOPPED : undefined),
    limit(at) {
      limits.push(at);
      tell();
      return () => {
        limits.splice(limits.indexOf(at), 1);
        tell();
      };
    },
  });
  scopes.set(visit, scope);
  return scope;
}

const STOPPED = new AbortError({
  code: "ABORTED",
  where: "a thread",
  problem: "what was under way in it is not wanted",
});

function fragmentOf(message: VisitMessage): Promise<Fragment> {
  return remembered(fragments, message.fragment, () => makeFragment(message));
}

async function makeFragment({ origin, spec: bytes, memory }: VisitMessage): Promise<Fragment> {
  const type = await importedClass(origin);
  const spec = decode(new Uint8Array(bytes), { viewsFrom: VIEWS_FROM, memory }) as FragmentSpec;
  const object = Object.assign(new type() as object, spec.fields);
  const choices: Choices = spec.execution === undefined ? {} : { execution: spec.execution };
  const program = programOf(type, object, choices, spec);
  const values: unknown[] = new Array(program.plan.slots).fill(undefined);
  for (const [slot, value] of spec.values) values[slot] = value;
  return {
    spec,
    program,
    settings: {
      ...settingsOf(choices, type.name),
      maps: spec.overlapping === 1 ? "sequential" : "async",
      maxWorkers: spec.overlapping,
      graceMs: spec.graceMs,
    },
    values,
  };
}

function programOf(type: PipelineClass, object: object, choices: Choices, spec: FragmentSpec): Program {
  const { outputs, given, over } = spec.source;
  const part = (plan: Plan) => planPart(plan, spec.steps, spec.wanted).plan;
  const plan = planFor(reflect(type), outputs, given);
  if (over === undefined) return programFor(object, part(plan));
  const elements = plan.inputs.filter(({ name }) => over.over.includes(name));
  const checks = over.checked ? inputChecksOf(type, elements) : undefined;
  return programOver(object, part(planOver(plan, type, choices, over)), checks);
}

function doVisit(
  { spec, program, settings, values: shared }: Fragment,
  message: VisitMessage,
  progress: Progress,
  scope: Scope,
): VisitResult | Promise<VisitResult> {
  const at = now();
  const values = shared.slice();
  const lists =
    message.elements === undefined ? [] : (decode(message.elements, { memory: message.elementMemory }) as unknown[]);
  // The slots of what is cut are the last ones.
  for (const [i, list] of lists.entries()) values[values.length - lists.length + i] = list;
  const known = message.known === undefined ? [] : (decode(message.known) as KnownFailure[]);
  const events: RunEvent[] = [];
  const run = new RunState(resources, spec.heard ? (event) => events.push(event) : undefined, spec.run);
  const window = new Window(message.range, progress, scope, known);
  const execution = new Execution(program, values, run, scope, settings, { path: spec.path }, window);
  const result = (failure: { readonly error: unknown } | undefined): VisitResult => ({
    values: program.plan.outputs.map(({ slot }) =>
      message.range === undefined ? [values[slot]] : (values[slot] as unknown[]),
    ),
    failed: program.plan.steps.map(({ slot, map }) => (map === undefined ? 0 : errorsIn(values[slot] as unknown[]))),
    failure,
    events,
    tookMs: now() - at,
    holds: resources.holds,
  });
  try {
    if (message.range === undefined) progress.begin(0, 0, 1);
    const running = execution.start();
    if (running === undefined) return result(undefined);
    return scope.unlessStopped(running).then(
      () => result(undefined),
      (error: unknown) => result({ error }),
    );
  } catch (error) {
    return result({ error });
  }
}

function errorsIn(values: readonly unknown[] | undefined): number {
  let errors = 0;
  for (const value of values ?? []) if (value instanceof NodeError) errors++;
  return errors;
}
