import { createRequire } from "node:module";
import type { Tracer } from "@opentelemetry/api";
import type { RunEvent } from "../../engine/lifecycle/events.js";
import type { Carrier, Chunk, ChunkSpan, TraceContext } from "../../engine/lifecycle/trace-context.js";
import { HypernodesError } from "../../errors.js";
import { checkNoMore, checkOptions, hasMethods, type RulesOf, that } from "../../util/options.js";
import { observerFactories, type RunObserver } from "../run-observer.js";
import { type Api, RunTrace } from "./run-trace.js";

/**
 * An OpenTelemetry `TracerProvider`.
 *
 * @example
 * ```ts
 * const provider: TracerSource = new BasicTracerProvider();
 * await pipeline.run(inputs, { onEvent: tracing({ provider }) });
 * ```
 */
export interface TracerSource {
  /**
   * Returns the tracer with a name.
   *
   * @param name `"hypernodes"`.
   * @returns an OpenTelemetry `Tracer`.
   */
  getTracer(name: string): unknown;
}

/**
 * Options of `tracing`.
 *
 * @example
 * ```ts
 * const options: TracingOptions = { spansPerStep: 100 };
 * await pipeline.run(inputs, { onEvent: tracing(options) });
 * ```
 */
export interface TracingOptions {
  /**
   * Provider of the tracer.
   *
   * @default the globally registered provider
   */
  readonly provider?: TracerSource;
  /**
   * Maximum number of spans per step; further calls are only counted, on the run's span.
   *
   * @default 1_000
   */
  readonly spansPerStep?: number;
}

/**
 * Creates an observer that makes OpenTelemetry spans of runs: a span for the run, in it spans for its nodes and maps,
 * and in these spans for chunks of elements and for nested pipelines. Spans that nodes create are children of the
 * node's span; in threads and containers, of the chunk's span, if a context manager and a propagator are registered
 * there.
 *
 * Attributes: `hypernodes.run`, `hypernodes.path`, `hypernodes.elements`, `hypernodes.cached`, `hypernodes.failed`,
 * `hypernodes.thread`, `hypernodes.container`, `hypernodes.attempt`.
 *
 * @param options see {@link TracingOptions}.
 * @returns an observer for `onEvent`.
 * @throws {HypernodesError} `MISSING_PACKAGE` if `@opentelemetry/api` is not installed.
 *
 * @example
 * ```ts
 * await pipeline.run(inputs, { onEvent: tracing() });
 * ```
 */
export function tracing(options?: TracingOptions): RunObserver;
export function tracing(options: TracingOptions = {}, ...more: unknown[]): RunObserver {
  checkNoMore("tracing({ ... })", more);
  checkOptions("tracing()", options, TRACING_RULES);
  const { provider, spansPerStep = 1_000 } = options;
  const api = loadApi();
  return new Traces(api, (provider ?? api.trace).getTracer("hypernodes") as Tracer, spansPerStep);
}

observerFactories(tracing);

const TRACING_RULES: RulesOf<TracingOptions> = {
  provider: that("a TracerProvider", (value) => hasMethods(value, "getTracer")),
  spansPerStep: that(
    "a number of spans from 1",
    (value) => value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 1),
  ),
};

function loadApi(): Api {
  try {
    return createRequire(import.meta.url)("@opentelemetry/api") as Api;
  } catch (cause) {
    throw new HypernodesError({
      code: "MISSING_PACKAGE",
      where: "tracing()",
      problem: "the package @opentelemetry/api is not installed",
      advice: "Install it, and an SDK: npm install @opentelemetry/api @opentelemetry/sdk-node",
      cause,
    });
  }
}

/** The spans of all runs of one observer. */
class Traces implements RunObserver, TraceContext {
  readonly traceContext: TraceContext = this;
  private readonly runs = new Map<string, RunTrace>();

  constructor(
    private readonly api: Api,
    private readonly tracer: Tracer,
    private readonly most: number,
  ) {}

  onEvent(event: RunEvent): void {
    if (event.type === "run" && event.phase === "start") {
      this.runs.set(event.run, new RunTrace(this.api, this.tracer, this.most, event));
      return;
    }
    const trace = this.runs.get(event.run);
    trace?.add(event);
    if (event.type === "run" && (event.phase === "end" || event.phase === "failed")) this.runs.delete(event.run);
  }

  withSpan<R>(run: string, path: string, call: () => R): R {
    const trace = this.runs.get(run);
    return trace === undefined ? call() : this.api.context.with(trace.contextAt(path), call);
  }

  inject(run: string, path: string): Carrier {
    return this.runs.get(run)?.carrierAt(path) ?? {};
  }

  startChunk(run: string, chunk: Chunk): ChunkSpan {
    return this.runs.get(run)?.chunk(chunk) ?? { carrier: {}, end() {} };
  }
}
