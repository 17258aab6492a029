import type { ReadableStreamDefaultController } from "node:stream/web";
import type { RunEvent } from "../engine/lifecycle/events.js";
import { checkNoMore, checkOptions, isListOf, oneOf, that } from "../util/options.js";
import { observerFactories, type RunObserver } from "./run-observer.js";

/** All types of events, each once. */
const TYPES = Object.keys({
  run: 0,
  node: 0,
  map: 0,
  element: 0,
  cache: 0,
  resource: 0,
  threads: 0,
  container: 0,
} satisfies Record<RunEvent["type"], 0>);
const TYPES_RULE = that(`a list of types of events: ${oneOf(...TYPES).takes as string}`, (value) =>
  isListOf(value, (type) => TYPES.includes(type as string)),
);

/**
 * The events of one run as an async iterable. Unread events are buffered until the reader breaks out of the loop.
 *
 * @example
 * ```ts
 * const events: EventStream = eventStream(["node"]);
 * const running = pipeline.run(inputs, { onEvent: events });
 * for await (const { path, phase } of events) console.log(path, phase);
 * await running;
 * ```
 */
export type EventStream = RunObserver & AsyncIterable<RunEvent>;

/**
 * Creates an observer that is an async iterable of the events of one run. It ends with the run, even if the run was
 * rejected before it started.
 *
 * @param types yields only events of these types: `["run", "node"]`.
 * @returns an observer for `onEvent` that is an async iterable.
 * @throws {HypernodesError} `BAD_OPTION` if a type does not exist.
 *
 * @example
 * ```ts
 * const events = eventStream();
 * const running = pipeline.run(inputs, { onEvent: events });
 * for await (const event of events) console.log(event.type, event.phase, event.path);
 * const outputs = await running;
 * ```
 */
export function eventStream(types?: readonly RunEvent["type"][]): EventStream;
export function eventStream(types?: readonly RunEvent["type"][], ...more: unknown[]): EventStream {
  checkNoMore("eventStream(types)", more);
  checkOptions("eventStream(types)", { types }, { types: TYPES_RULE });
  let controller: ReadableStreamDefaultController<RunEvent> | undefined;
  const stream = new ReadableStream<RunEvent>({
    start(opened) {
      controller = opened;
    },
    cancel() {
      controller = undefined;
    },
  });
  return {
    onEvent(event) {
      if (types === undefined || types.includes(event.type)) controller?.enqueue(event);
    },
    onAfterRun() {
      controller?.close();
      controller = undefined;
    },
    [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
  };
}

observerFactories(eventStream);
