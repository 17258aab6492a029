import { formatDependency, mappedDependencies } from "../graph/graph.js";
import type { Step } from "../graph/plan.js";
import { AsyncQueue } from "../util/async-queue.js";
import { isPromise } from "../util/thenable.js";
import { convertInputs } from "./elements/convert-inputs.js";
import { type ElementSource, openElementSource, type PulledElement } from "./elements/element-source.js";
import { unreadable } from "./elements/lists.js";
import { Execution } from "./execute-plan.js";
import { CollectedError } from "./failures/collected.js";
import { collectError, invokeStep } from "./inline/step-call.js";
import { openStores, type RunRequest, RunSession } from "./run.js";
import { elementConcurrency, maxElementsInFlight } from "./settings.js";

/**
 * Runs a program of one mapped step for elements as they come, and yields the results as they end. At most `maxWorkers`
 * elements are in flight or waiting to be taken. A consumer that stops early stops the run.
 */
export async function* streamRun(
  request: RunRequest,
  source?: ElementSource,
): AsyncGenerator<unknown, void, undefined> {
  const session = new RunSession(request);
  const { program, values, settings } = request;
  const step = program.plan.steps[0]!;
  try {
    await openStores(request, session.run);
  } catch (error) {
    throw await session.finish({ error });
  }
  const outer = new Execution(program, values, session.run, session.scope, settings, request.hosts).standBy();
  const shared = step.arguments.map((argument) => outer.input(argument));
  const elements = source ?? openElementSource(step, values, request.name);
  const window = new ResultBuffer(request.isReportedInOrder === true);
  const chunks = outer.streamInChunks(step);
  const limit = chunks === undefined ? elementConcurrency(settings) : maxElementsInFlight(settings);
  let failure: { error: unknown } | undefined;
  let finished = false;
  try {
    let more = true;
    for (let index = 0; more || window.size > 0; ) {
      if (session.scope.stopped) throw session.scope.reason;
      if (more && window.size < limit) {
        const pulled = elements.next();
        if (isPromise(pulled)) chunks?.flush();
        const next: PulledElement = isPromise(pulled) ? await session.waitFor(outer, pulled) : pulled;
        if (next.done) more = false;
        else {
          const element = index++;
          const values = convertElement(step, next.value, element, request.name);
          const compute = () =>
            chunks === undefined
              ? start(outer, step, [...values, ...shared], element)
              : rethrowCollected(step, chunks.add(values, element));
          window.add(
            outer.cached === undefined ? compute() : outer.cached.element(step, values, element, compute),
            session,
          );
        }
        if (window.ended.size === 0) continue;
      }
      chunks?.flush();
      let ended = window.ended.shift() ?? (await session.waitFor(outer, window.ended.next())).value;
      for (; ended !== undefined; ended = window.ended.shift()) {
        if ("error" in ended) throw ended.error;
        yield CollectedError.is(ended.value) ? ended.value.error : ended.value;
      }
    }
    finished = true;
  } catch (error) {
    failure = { error };
  } finally {
    chunks?.close();
    const abandoned = !finished && failure === undefined;
    const stopped = abandoned ? { error: new Error("the consumer of the stream stopped") } : failure;
    // The source is returned: no more is wanted. One that waits for its next element does not see it yet.
    if (!finished) (async () => elements.return?.())().catch(() => {});
    const error = await session.finish(
      stopped,
      request.program.plan.outputs.map((o) => o.name),
    );
    // biome-ignore lint/correctness/noUnsafeFinally: a failure is thrown on; an early end of the consumer is none.
    if (failure !== undefined) throw error;
  }
}

/** @throws {InputError} `UNREADABLE_LIST` */
function convertElement(step: Step, values: readonly unknown[], index: number, where: string): unknown[] {
  return values.map((value, i) => {
    try {
      return convertInputs(value, undefined);
    } catch (error) {
      const name = `${formatDependency(mappedDependencies(step.node)[i]!)}[${index}]`;
      throw unreadable(name, `"${name}" is an iterable`, where, error);
    }
  });
}

function start(outer: Execution, step: Step, inputs: unknown[], element: number): unknown {
  return collectError(outer, step, () => invokeStep(outer, step, inputs, element));
}

/** Rethrows the collected error that a thread has returned in place of a value. */
async function rethrowCollected(step: Step, result: Promise<unknown>): Promise<unknown> {
  const value = await result;
  if (CollectedError.is(value) && step.node.options.onError !== "collect") throw value.error;
  return value;
}

type ResultEnd = { readonly value: unknown } | { readonly error: unknown };

/** The elements in flight, and the results that were not consumed yet. */
class ResultBuffer {
  readonly ended = new AsyncQueue<ResultEnd>();
  private inFlight = 0;
  /** In order: how many were added, how many have ended with all before them, and those that wait for others, by index. */
  private added = 0;
  private inTurn = 0;
  private readonly completedEarly = new Map<number, ResultEnd>();

  constructor(private readonly isOrdered: boolean) {}

  get size(): number {
    return this.inFlight + this.ended.size + this.completedEarly.size;
  }

  add(value: unknown, session: RunSession): void {
    const index = this.added++;
    if (!isPromise(value)) {
      this.end({ value }, index);
      return;
    }
    this.inFlight++;
    session.run.beginWork();
    const settle = (ended: ResultEnd) => {
      this.inFlight--;
      session.run.endWork();
      this.end(ended, index);
    };
    value.then(
      (settled) => settle({ value: settled }),
      (error) => settle({ error }),
    );
  }

  private end(ended: ResultEnd, index: number): void {
    // A failure waits for nothing.
    if (!this.isOrdered || "error" in ended) {
      this.ended.push(ended);
      return;
    }
    this.completedEarly.set(index, ended);
    for (
      let next = this.completedEarly.get(this.inTurn);
      next !== undefined;
      next = this.completedEarly.get(this.inTurn)
    ) {
      this.completedEarly.delete(this.inTurn++);
      this.ended.push(next);
    }
  }
}
