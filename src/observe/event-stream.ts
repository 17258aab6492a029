import type { ReadableStreamDefaultController } from "node:stream/web";
import type { RunEvent } from "../engine/lifecycle/events.js";
import { checkOptions, oneOf, that } from "../util/options.js";
import { observerFactories, type RunObserver } from "./run-observer.js";

/** All types of events: each once. */
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
const TYPES_RULE = that(
  `a list of types of events: ${oneOf(...TYPES).takes as string}`,
  (value) => Array.isArray(value) && value.every((type) => TYPES.includes(type as string)),
);

/** The events of one run as an async iterable. Those that are not read yet are kept; whoever stops reading gets no more. */
export type EventStream = RunObserver & AsyncIterable<RunEvent>;

/**
 * The events of one run, to be read as they come; it ends with the run, also if that never began.
 *
 * @param types only events of these types, if given: `["run", "node"]`.
 *
 * @example
 * ```ts
 * const events = eventStream();
 * const running = pipeline.run(inputs, { onEvent: events });
 * for await (const event of events) console.log(event.type, event.phase, event.path);
 * const outputs = await running;
 * ```
 */
export function eventStream(types?: readonly RunEvent["type"][]): EventStream {
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
