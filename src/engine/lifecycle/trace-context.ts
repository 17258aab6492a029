/** A context as headers that travel: W3C Trace Context. */
export type Carrier = Readonly<Record<string, string>>;

/** Some elements of a map that go to a thread together; or a node that goes to one. */
export interface Chunk {
  /** The place of the step: `Corpus.words`. */
  readonly path: string;
  readonly name: string;
  /** The index of its first element, and how many there are; neither for a node. */
  readonly element?: number;
  readonly elements?: number;
}

/** A chunk that is under way. */
export interface ChunkSpan {
  /** The context that it is in, for the thread. */
  readonly carrier: Carrier;
  /** It has ended. @param done how: how many elements are done, and where; or what ended it. */
  end(done: ChunkDone | { readonly error: unknown }): void;
}

/** What of a chunk is done, and in which thread, container or worker. */
interface ChunkDone {
  readonly elements: number;
  readonly thread?: number | undefined;
  readonly container?: string | undefined;
}

/** What stands around a run's calls, so that what they do is known to be part of them: a tracer. */
export interface TraceContext {
  /** Calls within the context of what has begun in a run: a step or an element, by its place. */
  withSpan<R>(run: string, path: string, call: () => R): R;
  /** That context for other containers. */
  inject(run: string, path: string): Carrier;
  /** A chunk goes to a thread. */
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
