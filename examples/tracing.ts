/**
 * Sends the spans of a run to an OpenTelemetry collector, as Jaeger, Grafana Tempo and others have one:
 *
 *   docker run --rm -p 16686:16686 -p 4318:4318 jaegertracing/jaeger
 *   node --import @swc-node/register/esm-register examples/tracing.ts
 *
 * and look at http://localhost:16686. OTEL_EXPORTER_OTLP_ENDPOINT says where the collector is, if not there.
 */
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { tracing } from "../src/index.js";
import { HebrewMinimal } from "./hebrew-minimal/pipeline.js";

const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

const { summary } = await new HebrewMinimal().run({ passageCount: 10, queryCount: 3, topK: 5 }, { onEvent: tracing() });
console.log(`${summary.total} predictions, and their spans`);
await provider.shutdown();
