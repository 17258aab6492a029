/**
 * Version of the event schema, which event logs name. New kinds of events and new fields do not change it; a change of a
 * field's meaning does.
 *
 * @example
 * ```ts
 * console.log(`this version reads event logs of version ${EVENTS_VERSION}`);
 * ```
 */
export const EVENTS_VERSION = 1;

/** Milliseconds for which a thread or a remote process gathers events, so that many of them go in one message. */
export const EVENT_DELAY_MS = 20;

/**
 * An event of a run, emitted when it happens.
 *
 * @example
 * ```ts
 * const onEvent = (event: RunEvent) => {
 *   if (event.type === "element" && event.phase === "failed") console.error(event.path, event.error);
 * };
 * await pipeline.run(inputs, { onEvent });
 * ```
 */
export type RunEvent =
  | EventShape<"run", "start", { readonly inputs: readonly string[] }>
  | EventShape<"run", "end", { readonly outputs: readonly string[] } & WithDuration>
  | EventShape<"run", "failed", WithError & WithDuration>
  | EventShape<"node", "start", WithQueueTime>
  | EventShape<"node", "end", WithDuration>
  | EventShape<"node", "failed", WithError & WithDuration>
  | EventShape<"node", "retried", Retried>
  | EventShape<"node", "cached">
  | EventShape<"map", "start", { readonly elements: number }>
  | EventShape<
      "map",
      "end",
      { readonly elements: number; readonly failed: number; readonly cached?: number } & WithDuration
    >
  | EventShape<"map", "failed", WithError & WithDuration>
  | EventShape<"element", "start", WithElement>
  | EventShape<"element", "end", WithElement & WithDuration>
  | EventShape<"element", "failed", WithElement & WithError & WithDuration>
  | EventShape<"element", "retried", WithElement & Retried>
  | EventShape<"element", "cached", WithElement>
  | EventShape<"cache", "hit" | "stored", WithCacheKey & WithBytes>
  | EventShape<"cache", "miss", WithCacheKey>
  | EventShape<"cache", "explained", CacheExplanation>
  | EventShape<"resource", "start">
  | EventShape<"resource", "end", WithDuration & WithLabel>
  | EventShape<"resource", "failed", WithError & WithDuration>
  | EventShape<"resource", "disposed">
  | EventShape<"threads", "start", Starting>
  | EventShape<"threads", "ready", WithDuration>
  | EventShape<"container", "start" | "end", Container & WithDuration>
  | EventShape<"container", "log", Container & { readonly stream: "stdout" | "stderr"; readonly text: string }>;

interface BaseEvent {
  /** The run's id: the same for every event of one run, nested pipelines included. */
  readonly run: string;
  /** The path: `Corpus.essays[3].count`; for a run, the pipeline. */
  readonly path: string;
  /** The node's own name; for a run, the pipeline's. */
  readonly name: string;
  /** Milliseconds since the Unix epoch, with fractions. */
  readonly at: number;
  /** The thread that it happened in, by Node's number; undefined: the main thread of its process. */
  readonly thread?: number;
  /** The container that it happened in, by its id; undefined: this machine. */
  readonly container?: string;
}

/** A type for each phase, so that the phases can be distinguished. */
type EventShape<Type extends string, Phase extends string, More = unknown> = Phase extends string
  ? BaseEvent & { readonly type: Type; readonly phase: Phase } & More
  : never;

interface WithDuration {
  /** Milliseconds from start to now, waits for retries included. */
  readonly durationMs: number;
}

interface WithError {
  readonly error: Error;
}

interface WithQueueTime {
  /** The queue time in milliseconds: for how long it was ready before it started. */
  readonly queuedMs?: number;
}

interface WithElement {
  /** The element's index in the mapped list; for a batch, that of its first element. */
  readonly element: number;
  /** The number of elements of the call, for a batch. */
  readonly size?: number;
}

interface WithLabel {
  /** The text that the resource gives itself under `Symbol.toStringTag`: `E5Encoder on cuda`. */
  readonly label?: string;
}

interface WithCacheKey {
  /** The key of the entry. */
  readonly key: string;
  /** The element's index, if the node is mapped. */
  readonly element?: number;
}

interface WithBytes {
  /** The size of the entry's value in bytes. */
  readonly bytes: number;
}

interface CacheExplanation {
  /** The numbers of elements that were computed, and that were cached; of a node that is not mapped, of calls. */
  readonly computed: number;
  readonly cached: number;
  /** The reason: `code of normalise() in text.ts changed`. */
  readonly because: string;
}

interface Starting {
  /** The number of threads that start; 0: they are there, but none has imported the module. */
  readonly threads: number;
  /** The file name of the pipeline's module, which they import. */
  readonly module: string;
}

interface Container {
  /** The container's id at its provider. */
  readonly id: string;
}

interface Retried {
  readonly error: unknown;
  /** The attempt that failed, from 1. */
  readonly attempt: number;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
}

/**
 * The events of some type, or of some type and phase.
 *
 * @example
 * ```ts
 * const onEnd = ({ path, durationMs }: EventOf<"node", "end">) => console.log(path, durationMs);
 * ```
 */
export type EventOf<Type extends RunEvent["type"], Phase extends RunEvent["phase"] = RunEvent["phase"]> = Extract<
  RunEvent,
  { readonly type: Type; readonly phase: Phase }
>;

/**
 * Called synchronously for each event: a slow listener slows the run. An exception is reported once, as a warning.
 *
 * @example
 * ```ts
 * const log: Listener = ({ type, phase, path }) => console.log(type, phase, path);
 * await pipeline.run(inputs, { onEvent: log });
 * ```
 */
export type Listener = (event: RunEvent) => void;

/** A union without some fields, each of its members apart. */
export type Without<E, K extends PropertyKey> = E extends unknown ? Omit<E, K> : never;

/** An event before it is known in which run and when it happened. */
export type EventInput = Without<RunEvent, "run" | "at">;

/** The event inputs of some type, or of some type and phase. */
export type EventInputOf<
  Type extends EventInput["type"],
  Phase extends EventInput["phase"] = EventInput["phase"],
> = Extract<EventInput, { readonly type: Type; readonly phase: Phase }>;

/** The fields of an event input of some type, without its type, its path and its name. */
export type DetailsOf<Type extends EventInput["type"]> = Without<EventInputOf<Type>, "type" | "path" | "name">;

/** Milliseconds since the Unix epoch, that never go back. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
