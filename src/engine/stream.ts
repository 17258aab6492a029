import { formatDependency, mappedDependencies } from "../graph/graph.js";
import type { Step } from "../graph/plan.js";
import { AsyncQueue } from "../util/async-queue.js";
import { isPromise } from "../util/thenable.js";
import type { ChunkedStream } from "./chunks/chunked-stream.js";
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
  let stream: ElementStream;
  try {
    await openStores(request, session.run);
    stream = new ElementStream(request, session, source);
  } catch (error) {
    throw await session.finish({ error });
  }
  const { results } = stream;
  let failure: { error: unknown } | undefined;
  let finished = false;
  try {
    while (stream.hasMore || results.size > 0) {
      if (session.scope.stopped) throw session.scope.reason;
      if (stream.wantsElement) {
        const pulled = stream.pull();
        const next = isPromise(pulled) ? await stream.waitForElement(pulled) : pulled;
        if (next !== undefined) stream.take(next);
        if (results.ended.size === 0) continue;
      }
      let ended = stream.takeEnded() ?? (await stream.waitForResult()).value;
      for (; ended !== undefined; ended = results.ended.shift()) {
        if ("error" in ended) throw ended.error;
        yield CollectedError.is(ended.value) ? ended.value.error : ended.value;
      }
    }
    finished = true;
  } catch (error) {
    failure = { error };
  } finally {
    stream.close(finished);
    const abandoned = !finished && failure === undefined;
    const stopped = abandoned ? { error: new Error("the consumer of the stream stopped") } : failure;
    const error = await session.finish(
      stopped,
      request.program.plan.outputs.map((o) => o.name),
    );
    // biome-ignore lint/correctness/noUnsafeFinally: a failure is thrown on; an early end of the consumer is none.
    if (failure !== undefined) throw error;
  }
}

/** The elements of a stream: each is pulled from the source, and computed. */
class ElementStream {
  readonly results: ResultBuffer;
  /** False if the source has ended. */
  hasMore = true;
  private readonly outer: Execution;
  private readonly step: Step;
  private readonly elements: ElementSource;
  private readonly chunks: ChunkedStream | undefined;
  private readonly shared: readonly unknown[];
  private readonly limit: number;
  private pulling: Promise<PulledElement> | undefined;
  private pulled = 0;

  constructor(
    private readonly request: RunRequest,
    private readonly session: RunSession,
    source: ElementSource | undefined,
  ) {
    const { program, values, settings, name, hosts } = request;
    this.step = program.plan.steps[0]!;
    this.outer = new Execution(program, values, session.run, session.scope, settings, hosts).standBy();
    this.shared = this.step.arguments.map((argument) => this.outer.input(argument));
    this.elements = source ?? openElementSource(this.step, values, name);
    this.results = new ResultBuffer(request.isReportedInOrder === true);
    this.chunks = this.outer.streamInChunks(this.step);
    this.limit = this.chunks === undefined ? elementConcurrency(settings) : maxElementsInFlight(settings);
  }

  get wantsElement(): boolean {
    return this.hasMore && this.results.size < this.limit;
  }

  /** Asks the source for its next element, unless it was asked already. */
  pull(): PulledElement | Promise<PulledElement> {
    const pulled = this.pulling ?? this.elements.next();
    if (isPromise(pulled)) {
      this.chunks?.flush();
      this.pulling = pulled;
    }
    return pulled;
  }

  /**
   * Waits for an element, or for a result: that does not wait for the next element, which may take long, or depend on
   * that result.
   *
   * @returns undefined if a result came first.
   */
  waitForElement(pulled: Promise<PulledElement>): Promise<PulledElement | undefined> {
    const { results, session } = this;
    return session.waitFor(this.outer, results.size === 0 ? pulled : Promise.race([pulled, results.hasEnded()]));
  }

  /** Begins to compute an element. */
  take(next: PulledElement): void {
    this.pulling = undefined;
    if (next.done) {
      this.hasMore = false;
      return;
    }
    const { step, outer, chunks, shared } = this;
    const index = this.pulled++;
    const values = convertElement(step, next.value, index, this.request.name);
    const compute = () =>
      chunks === undefined
        ? start(outer, step, [...values, ...shared], index)
        : rethrowCollected(step, chunks.add(values, index, outer.cached !== undefined));
    this.results.add(
      outer.cached === undefined ? compute() : outer.cached.element(step, values, index, compute),
      this.session,
    );
  }

  takeEnded(): ResultEnd | undefined {
    this.chunks?.flush();
    return this.results.ended.shift();
  }

  waitForResult(): Promise<IteratorResult<ResultEnd, undefined>> {
    return this.session.waitFor(this.outer, this.results.ended.next());
  }

  /** @param isFinished true if all elements were computed and consumed. */
  close(isFinished: boolean): void {
    this.chunks?.close();
    // The source is returned: no more is wanted. One that waits for its next element does not see it yet.
    if (!isFinished) (async () => this.elements.return?.())().catch(() => {});
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
  private wake: (() => void) | undefined;
  /** In order: how many were added, how many have ended with all before them, and those that wait for others, by index. */
  private added = 0;
  private inTurn = 0;
  private readonly completedEarly = new Map<number, ResultEnd>();

  constructor(private readonly isOrdered: boolean) {}

  get size(): number {
    return this.inFlight + this.ended.size + this.completedEarly.size;
  }

  /** Resolves when there is a result to consume. */
  hasEnded(): Promise<undefined> {
    if (this.ended.size > 0) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.wake = () => resolve(undefined);
    });
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
      this.wake?.();
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
      this.wake?.();
    }
  }
}
