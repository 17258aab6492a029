import { codesToTell, loadCodeReading, modelCodesToTell } from "../../cache/codes.js";
import { remembers } from "../../engine/cached/stores.js";
import type { Errand } from "../../engine/elsewhere.js";
import { sourceOf } from "../../engine/remade.js";
import { type RunRequest, Session } from "../../engine/run-program.js";
import { forElsewhere } from "../../engine/settings.js";
import { type Elements, elementsOf } from "../../engine/stream-program.js";
import { connectionFor } from "./connections.js";
import { keptFor } from "./kept-containers.js";
import { checkedOptions, type ModalPlacement } from "./options.js";
import { Trip } from "./trip.js";

/** Runs a program in a container: as `runProgram` does here. */
export async function runOnModal(request: RunRequest, placement: ModalPlacement): Promise<Record<string, unknown>> {
  const session = new Session(request);
  let outputs: Record<string, unknown>;
  try {
    if (session.scope.stopped) throw session.scope.reason;
    outputs = await (await tripFor(request, session, placement, false)).go();
  } catch (error) {
    throw await session.end({ error: session.scope.stopped ? session.scope.reason : error });
  }
  await session.end(undefined, Object.keys(outputs));
  return outputs;
}

/** Runs a program of one mapped step in a container, for elements as they come: as `streamProgram` does here. */
export async function* streamOnModal(
  request: RunRequest,
  placement: ModalPlacement,
): AsyncGenerator<unknown, void, undefined> {
  const session = new Session(request);
  const { program, values, name } = request;
  const results = new Results();
  let failure: { error: unknown } | undefined;
  let finished = false;
  let elements: Elements | undefined;
  let going: Promise<unknown> | undefined;
  try {
    const source = elementsOf(program.plan.steps[0]!, values, name);
    elements = source;
    const trip = await tripFor(request, session, placement, true);
    const next = async () => {
      const { done, value } = await source.next();
      return done ? undefined : (value as unknown[]);
    };
    going = trip.go({ next, streamed: (value) => results.add(value) });
    going.then(
      () => results.end(undefined),
      (error: unknown) => results.end({ error }),
    );
    for (;;) {
      const result = await results.next();
      if (result === undefined) break;
      yield result.value;
      trip.taken();
    }
    finished = true;
  } catch (error) {
    failure = { error: session.scope.stopped ? session.scope.reason : error };
  } finally {
    const stopped = finished ? undefined : (failure ?? { error: new Error("the consumer of the stream stopped") });
    if (stopped !== undefined) {
      (async () => elements?.return?.())().catch(() => {});
      session.scope.stop(stopped.error);
      await going?.catch(() => {});
    }
    const error = await session.end(
      stopped,
      program.plan.outputs.map((output) => output.name),
    );
    // biome-ignore lint/correctness/noUnsafeFinally: a failure is thrown on; an early end of the consumer is none.
    if (failure !== undefined) throw error;
  }
}

/** Results that came and were not taken yet. */
class Results {
  private readonly waiting: { readonly value: unknown }[] = [];
  private over: { readonly failure: { readonly error: unknown } | undefined } | undefined;
  private wake: (() => void) | undefined;

  add(value: unknown): void {
    this.waiting.push({ value });
    this.wake?.();
  }

  end(failure: { readonly error: unknown } | undefined): void {
    this.over = { failure };
    this.wake?.();
  }

  async next(): Promise<{ readonly value: unknown } | undefined> {
    for (;;) {
      const first = this.waiting.shift();
      if (first !== undefined) return first;
      if (this.over?.failure !== undefined) throw this.over.failure.error;
      if (this.over !== undefined) return undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

async function tripFor(
  request: RunRequest,
  { run, scope }: Session,
  placement: ModalPlacement,
  isStream: boolean,
): Promise<Trip> {
  const { program, values, settings, explain, inputs, name, listener, resources: opened } = request;
  const { choices, graceMs } = settings;
  const lists = new Set(isStream ? program.plan.steps[0]!.map!.lists.map(({ slot }) => slot) : []);
  const isRemembered = remembers(program.plan, choices);
  if (isRemembered) await loadCodeReading();
  const options = checkedOptions(placement.options);
  const errand: Errand = {
    type: program.pipeline,
    work: {
      source: sourceOf(program),
      values: values.flatMap((value, slot) => (value === undefined || lists.has(slot) ? [] : [[slot, value] as const])),
      path: undefined,
      run: run.id,
      heard: listener !== undefined,
      carrier: run.context?.carrier(run.id, name),
      explain,
      execution: forElsewhere(choices.execution),
      codes: isRemembered ? codesToTell(program) : undefined,
      models: isRemembered ? modelCodesToTell() : undefined,
      part: undefined,
      inputs,
      keepsResources: options.keepWarm || opened !== undefined,
      isStream,
    },
    ...{ cache: choices.cache || undefined, plan: program.plan, where: name, run, scope, graceMs },
  };
  if (opened === undefined) {
    return new Trip(errand, options, (bundle, signal) => connectionFor(options, bundle, name, signal));
  }
  return keptFor(opened).trip(options, errand);
}
