import { ReadableStream, type ReadableStreamDefaultController } from "node:stream/web";
import type { RunEvent } from "../engine/events.js";
import type { Reader } from "./reader.js";

/** The events of one run as an async iterable. Those that are not read yet are kept; whoever stops reading gets no more. */
export type EventStream = Reader & AsyncIterable<RunEvent>;

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
    onSettled() {
      controller?.close();
      controller = undefined;
    },
    [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
  };
}
