export type { CacheStats, EvictionResult, NodeStats, PruneOptions } from "./cache/store.js";
export { type Cache, keyv, memory, sqlite } from "./cache/stores.js";
export type { Batch, Each, Nested, Output, ValueOf } from "./dsl/brands.js";
export { cached } from "./dsl/cached.js";
export { execution } from "./dsl/execution.js";
export { type InputOptions, input } from "./dsl/input.js";
export { mapOver } from "./dsl/map-over.js";
export type { Bound, InputsOf, NodesOf, OutputsOf } from "./dsl/members.js";
export type { ModelOptions } from "./dsl/metadata.js";
export { model } from "./dsl/model.js";
export { nested } from "./dsl/nested.js";
export { node } from "./dsl/node.js";
export type { MapOptions, NodeOptions, OnError, Retries } from "./dsl/node-options.js";
export { output } from "./dsl/output.js";
export type {
  CacheStore,
  ExecutionMode,
  ExecutionOptions,
  PipelineOptions,
  Placement,
  ThreadLimits,
} from "./dsl/pipeline-options.js";
export { resource } from "./dsl/resource.js";
export { runOn } from "./dsl/run-on.js";
export { type CurrentRun, currentRun } from "./engine/lifecycle/current-run.js";
export { EVENTS_VERSION, type EventOf, type Listener, type RunEvent } from "./engine/lifecycle/events.js";
export type { Carrier, Chunk, ChunkSpan, TraceContext } from "./engine/lifecycle/trace-context.js";
export type { NodeExplanation } from "./engine/run-cache/explanation.js";
export type { ErrorCode } from "./error-codes.js";
export {
  AbortError,
  type Defect,
  DefinitionError,
  type ErrorParts,
  HypernodesError,
  InputError,
  NodeError,
  TimeoutError,
  ValueError,
  type Violation,
} from "./errors.js";
export type { Dependency, Edge, EmittedTypes, Graph, GraphNode, MapSpec, NestedGraph } from "./graph/graph.js";
export { eventLog, readEvents } from "./observe/event-log.js";
export { type EventStream, eventStream } from "./observe/event-stream.js";
export { type ProgressOptions, progress } from "./observe/progress/progress.js";
export { type Report, report, reportOf } from "./observe/report/report.js";
export type { ReportRow } from "./observe/report/table.js";
export type { Callbacks, ObserverHooks, OnEvent, RunObserver, SharedState } from "./observe/run-observer.js";
export { type TracerSource, type TracingOptions, tracing } from "./observe/tracing/tracing.js";
export { Pipeline } from "./pipeline.js";
export {
  type BullmqOptions,
  type BullmqQueue,
  bullmq,
  type KeyvValues,
  type RedisConnection,
} from "./placement/bullmq/options.js";
export { local } from "./placement/local.js";
export { type LocalProcessOptions, localProcess } from "./placement/local-process/options.js";
export {
  type CudaOptions,
  type FromOptions,
  type Image,
  type ImageBuild,
  type ImageLayer,
  image,
} from "./placement/modal/image.js";
export { type ModalOptions, modal } from "./placement/modal/options.js";
export type { MapRunOptions, ResultOf, RunOptions } from "./run-options.js";
export { decode, encode } from "./values/checked-codec.js";
export type { DecodeOptions, EncodeOptions } from "./values/codec-options.js";

export { digest } from "./values/digest.js";
export type { PageOptions } from "./view/page/page.js";
export type { RenderableGraph } from "./view/renderable-graph.js";
export type { DrawOptions, StepRun } from "./view/scene.js";
