import { createRequire } from "node:module";
import type { Tracer } from "@opentelemetry/api";
import type { RunEvent } from "../../engine/lifecycle/events.js";
import type { Carrier, Chunk, ChunkSpan, TraceContext } from "../../engine/lifecycle/trace-context.js";
import { HypernodesError } from "../../errors.js";
import { checkOptions, hasMethods, type RulesOf, that } from "../../util/options.js";
import { observerFactories, type RunObserver } from "../run-observer.js";
import { type Api, RunTrace } from "./run-trace.js";

/** An OpenTelemetry `TracerProvider`. */
export interface TracerSource {
  /** The tracer of that name. */
  getTracer(name: string): unknown;
}

/** How spans are made. */
export interface TracingOptions {
  /** Makes the tracer. Default: the one that is registered globally, as OpenTelemetry's SDKs do. */
  readonly provider?: TracerSource;
  /** How many spans a step has at most: of more calls only their number is told, on the run's span. Default: 1,000. */
  readonly spansPerStep?: number;
}

/**
 * Makes OpenTelemetry spans of runs: run, in it its nodes and maps, in these the chunks of elements, and in them what is
 * nested. What nodes call is in their span; in threads and containers, in the chunk's, if a context manager and a
 * propagator are registered there.
 *
 * Attributes: `hypernodes.run`, `hypernodes.path`, `hypernodes.elements`, `hypernodes.cached`, `hypernodes.failed`,
 * `hypernodes.thread`, `hypernodes.container`, `hypernodes.attempt`.
 *
 * @throws {HypernodesError} `MISSING_PACKAGE` if `@opentelemetry/api` is not installed.
 *
 * @example
 * ```ts
 * await pipeline.run(inputs, { onEvent: tracing() });
 * ```
 */
export function tracing(options: TracingOptions = {}): RunObserver {
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

/** The spans of all runs that one reader reads. */
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
