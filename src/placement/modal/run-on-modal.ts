import { exportCodeDigests, exportModelDigests, loadCodeReading } from "../../cache/code-digests.js";
import { toProgramSpec } from "../../engine/program/program-spec.js";
import type { RemoteTask } from "../../engine/remote/remote-task.js";
import { type RunRequest, RunSession } from "../../engine/run.js";
import { hasCache } from "../../engine/run-cache/plan-stores.js";
import { localised } from "../../engine/settings.js";
import { type ElementSource, openElementSource } from "../../engine/stream.js";
import { acquireConnection } from "./connection-cache.js";
import { type ModalPlacement, resolveModalOptions } from "./options.js";
import { poolsForSession } from "./session-pools.js";
import { TaskSubmission } from "./task-submission.js";

/** Runs a program in a container: as `runProgram` does here. */
export async function runOnModal(request: RunRequest, placement: ModalPlacement): Promise<Record<string, unknown>> {
  const session = new RunSession(request);
  let outputs: Record<string, unknown>;
  try {
    if (session.scope.stopped) throw session.scope.reason;
    outputs = await (await submissionFor(request, session, placement, false)).run();
  } catch (error) {
    throw await session.finish({ error: session.scope.stopped ? session.scope.reason : error });
  }
  await session.finish(undefined, Object.keys(outputs));
  return outputs;
}

/** Runs a program of one mapped step in a container, for elements as they come: as `streamProgram` does here. */
export async function* streamOnModal(
  request: RunRequest,
  placement: ModalPlacement,
): AsyncGenerator<unknown, void, undefined> {
  const session = new RunSession(request);
  const { program, values, name } = request;
  const results = new ResultQueue();
  let failure: { error: unknown } | undefined;
  let finished = false;
  let elements: ElementSource | undefined;
  let going: Promise<unknown> | undefined;
  try {
    const source = openElementSource(program.plan.steps[0]!, values, name);
    elements = source;
    const trip = await submissionFor(request, session, placement, true);
    const next = async () => {
      const { done, value } = await source.next();
      return done ? undefined : (value as unknown[]);
    };
    going = trip.run({ next, streamed: (value) => results.add(value) });
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
    const error = await session.finish(
      stopped,
      program.plan.outputs.map((output) => output.name),
    );
    // biome-ignore lint/correctness/noUnsafeFinally: a failure is thrown on; an early end of the consumer is none.
    if (failure !== undefined) throw error;
  }
}

/** Results that came and were not taken yet. */
class ResultQueue {
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

async function submissionFor(
  request: RunRequest,
  { run, scope }: RunSession,
  placement: ModalPlacement,
  isStream: boolean,
): Promise<TaskSubmission> {
  const { program, values, settings, explain, inputs, name, listener, resources: opened } = request;
  const { choices, graceMs } = settings;
  const lists = new Set(isStream ? program.plan.steps[0]!.map!.lists.map(({ slot }) => slot) : []);
  const isRemembered = hasCache(program.plan, choices);
  if (isRemembered) await loadCodeReading();
  const options = resolveModalOptions(placement.options);
  const errand: RemoteTask = {
    type: program.pipeline,
    work: {
      source: toProgramSpec(program),
      values: values.flatMap((value, slot) => (value === undefined || lists.has(slot) ? [] : [[slot, value] as const])),
      path: undefined,
      run: run.id,
      wantsEvents: listener !== undefined,
      carrier: run.context?.inject(run.id, name),
      explain,
      execution: localised(choices.execution),
      codes: isRemembered ? exportCodeDigests(program) : undefined,
      models: isRemembered ? exportModelDigests() : undefined,
      part: undefined,
      inputs,
      reusesResources: options.keepWarm || opened !== undefined,
      isStream,
    },
    ...{ cache: choices.cache || undefined, plan: program.plan, where: name, run, scope, graceMs },
  };
  if (opened === undefined) {
    return new TaskSubmission(errand, options, (bundle, signal) => acquireConnection(options, bundle, name, signal));
  }
  return poolsForSession(opened).submit(options, errand);
}
