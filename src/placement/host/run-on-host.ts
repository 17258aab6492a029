import { exportCodeDigests, noteEnvironments } from "../../cache/code-digests.js";
import { loadCodeReading } from "../../cache/code-reading.js";
import { type ElementSource, openElementSource } from "../../engine/elements/element-source.js";
import { toProgramSpec } from "../../engine/program/program-spec.js";
import type { RemoteTask } from "../../engine/remote/remote-task.js";
import { type RunRequest, RunSession } from "../../engine/run.js";
import { hasCache } from "../../engine/run-cache/plan-stores.js";
import { localised } from "../../engine/settings.js";
import { AsyncQueue } from "../../util/async-queue.js";
import type { HostSpec } from "../provider.js";
import { acquireConnection } from "./connection-cache.js";
import { poolsForSession } from "./session-pools.js";
import { TaskSubmission } from "./task-submission.js";

/** Runs a program on a host, as `runProgram` runs it in this process. */
export async function runOnHost(request: RunRequest, spec: HostSpec): Promise<Record<string, unknown>> {
  const session = new RunSession(request);
  let outputs: Record<string, unknown>;
  try {
    if (session.scope.stopped) throw session.scope.reason;
    outputs = await (await submissionFor(request, session, spec, false)).run();
  } catch (error) {
    throw await session.finish({ error: session.scope.stopped ? session.scope.reason : error });
  }
  await session.finish(undefined, Object.keys(outputs));
  return outputs;
}

/** Runs a program of one mapped step on a host for elements that come over time, as `streamRun` does in this process. */
export async function* streamOnHost(request: RunRequest, spec: HostSpec): AsyncGenerator<unknown, void, undefined> {
  const session = new RunSession(request);
  const { program, values, name } = request;
  const results = new AsyncQueue<unknown>();
  let failure: { error: unknown } | undefined;
  let finished = false;
  let elements: ElementSource | undefined;
  let running: Promise<unknown> | undefined;
  try {
    const source = openElementSource(program.plan.steps[0]!, values, name);
    elements = source;
    const submission = await submissionFor(request, session, spec, true);
    const next = async () => {
      const { done, value } = await source.next();
      return done ? undefined : (value as unknown[]);
    };
    running = submission.run({ next, streamed: (value) => results.push(value) });
    running.then(
      () => results.close(),
      (error: unknown) => results.fail(error),
    );
    for await (const result of results) {
      yield result;
      submission.ackResult();
    }
    finished = true;
  } catch (error) {
    failure = { error: session.scope.stopped ? session.scope.reason : error };
  } finally {
    const stopped = finished ? undefined : (failure ?? { error: new Error("the consumer of the stream stopped") });
    if (stopped !== undefined) {
      (async () => elements?.return?.())().catch(() => {});
      session.scope.stop(stopped.error);
      await running?.catch(() => {});
    }
    const error = await session.finish(
      stopped,
      program.plan.outputs.map((output) => output.name),
    );
    // biome-ignore lint/correctness/noUnsafeFinally: a failure is rethrown; a consumer that stops early is none.
    if (failure !== undefined) throw error;
  }
}

async function submissionFor(
  request: RunRequest,
  { run, scope }: RunSession,
  spec: HostSpec,
  isStream: boolean,
): Promise<TaskSubmission> {
  const { program, values, settings, explain, inputs, name, listener, resources: openScope } = request;
  const { choices, graceMs } = settings;
  const lists = new Set(isStream ? program.plan.steps[0]!.map!.lists.map(({ slot }) => slot) : []);
  const isCached = hasCache(program.plan, choices);
  if (isCached) {
    await loadCodeReading();
    noteEnvironments(program, run, choices);
  }
  const codes = isCached ? exportCodeDigests(program, run) : undefined;
  const task: RemoteTask = {
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
      codes,
      part: undefined,
      inputs,
      reusesResources: spec.keepWarm || openScope !== undefined,
      isStream,
    },
    ...{ cache: choices.cache || undefined, plan: program.plan, where: name, run, scope, graceMs },
  };
  if (openScope === undefined) {
    return new TaskSubmission(task, spec, (code, signal) => acquireConnection(spec, code, name, signal));
  }
  return poolsForSession(openScope).submit(spec, task);
}
