/** The categories of the reference, and the public names of each, in the order of the sidebar. A spec checks that each export has one. */
export const CATEGORIES: Readonly<Record<string, readonly string[]>> = {
  "Pipelines and decorators": [
    ...["Pipeline", "input", "node", "mapOver", "output", "nested", "resource", "cached", "execution", "runOn", "model"],
    ...["InputOptions", "NodeOptions", "MapOptions", "ModelOptions", "Retries", "OnError", "ExecutionOptions"],
    ...["ExecutionMode", "PipelineOptions", "ThreadLimits"],
  ],
  "Types of members": ["Each", "Output", "Batch", "Nested", "ValueOf", "InputsOf", "NodesOf", "OutputsOf", "ResultOf", "Bound"],
  Running: ["RunOptions", "MapRunOptions", "currentRun", "CurrentRun"],
  Errors: [
    ...["HypernodesError", "DefinitionError", "InputError", "NodeError", "ValueError", "TimeoutError", "AbortError"],
    ...["ErrorCode", "ErrorParts", "Defect", "Violation"],
  ],
  Caching: [
    ...["memory", "sqlite", "keyv", "Cache", "CacheStore", "CacheStats", "NodeStats", "PruneOptions", "EvictionResult"],
    "NodeExplanation",
  ],
  Placements: [
    ...["local", "localProcess", "modal", "image", "bullmq", "Placement", "LocalProcessOptions", "ModalOptions", "Image"],
    ...["ImageBuild", "ImageLayer", "FromOptions", "CudaOptions", "BullmqOptions", "BullmqQueue", "RedisConnection", "KeyvValues"],
  ],
  Observability: [
    ...["progress", "report", "reportOf", "eventLog", "readEvents", "eventStream", "tracing", "EVENTS_VERSION", "RunEvent"],
    ...["EventOf", "Listener", "OnEvent", "RunObserver", "ObserverHooks", "Callbacks", "SharedState", "EventStream", "Report"],
    ...["ReportRow", "ProgressOptions", "TracingOptions", "TracerSource", "TraceContext", "Carrier", "Chunk", "ChunkSpan"],
  ],
  Graphs: [
    ...["Graph", "GraphNode", "NestedGraph", "Edge", "Dependency", "MapSpec", "EmittedTypes", "RenderableGraph", "DrawOptions"],
    ...["PageOptions", "StepRun"],
  ],
  Serialization: ["encode", "decode", "digest", "EncodeOptions", "DecodeOptions"],
};
