/**
 * A trace context as serialized headers: W3C Trace Context.
 *
 * @example
 * ```ts
 * const carrier: Carrier = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
 * ```
 */
export type Carrier = Readonly<Record<string, string>>;

/**
 * A task for a thread or a host: a chunk of a mapped node's elements, or a node.
 *
 * @example
 * ```ts
 * const label = ({ path, elements }: Chunk) => (elements === undefined ? path : `${path}, ${elements} elements`);
 * ```
 */
export interface Chunk {
  /** The place of the step: `Corpus.words`. */
  readonly path: string;
  /** The name of the step. */
  readonly name: string;
  /** The index of its first element; undefined for a node. */
  readonly element?: number;
  /** The number of its elements; undefined for a node. */
  readonly elements?: number;
}

/**
 * The span of a chunk in flight.
 *
 * @example
 * ```ts
 * const span: ChunkSpan = { carrier: {}, end: (done) => console.log("error" in done ? "failed" : "done") };
 * ```
 */
export interface ChunkSpan {
  /** The context of the span, for the thread. */
  readonly carrier: Carrier;
  /** Ends the span. @param done the number of elements that are done, and their host; or the error. */
  end(done: ChunkDone | { readonly error: unknown }): void;
}

/** The number of elements of a chunk that are done, and their thread, container or worker. */
interface ChunkDone {
  readonly elements: number;
  readonly thread?: number | undefined;
  readonly container?: string | undefined;
}

/**
 * The hook of a tracer around a run's calls, so that spans created in them are its children.
 *
 * @example
 * ```ts
 * const traceContext: TraceContext = {
 *   withSpan: (_run, _path, call) => call(),
 *   inject: () => ({}),
 *   startChunk: () => ({ carrier: {}, end() {} }),
 * };
 * await pipeline.run(inputs, { onEvent: { traceContext } });
 * ```
 */
export interface TraceContext {
  /**
   * Calls a function within the span of a step or an element.
   *
   * @param run the run's id.
   * @param path of the step or the element: `Corpus.words[3]`.
   * @param call the function.
   * @returns the result of the function.
   */
  withSpan<R>(run: string, path: string, call: () => R): R;
  /**
   * Serializes the context of that span, for another host.
   *
   * @param run the run's id.
   * @param path of the step or the element.
   * @returns the context as headers.
   */
  inject(run: string, path: string): Carrier;
  /**
   * Starts the span of a chunk that is sent to a thread or a host.
   *
   * @param run the run's id.
   * @param chunk the step, and its elements.
   * @returns the span, which has to be ended.
   */
  startChunk(run: string, chunk: Chunk): ChunkSpan;
}

/**
 * In a thread or a container: calls in the context that has been carried there, if OpenTelemetry is there and has been
 * set up.
 */
export async function withExtractedContext<R>(carrier: Carrier | undefined, call: () => Promise<R>): Promise<R> {
  if (carrier === undefined) return call();
  const api = await import("@opentelemetry/api").catch(() => undefined);
  if (api === undefined) return call();
  return api.context.with(api.propagation.extract(api.ROOT_CONTEXT, carrier), call);
}
