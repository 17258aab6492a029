import { MessageChannel, type MessagePort, receiveMessageOnPort, threadId } from "node:worker_threads";
import { FlushTimer } from "../../util/flush-timer.js";
import { EVENT_DELAY_MS, type RunEvent } from "../lifecycle/events.js";

const PLACE = { thread: threadId };
/** In a thread: those of the tasks in it. */
const channels = new Set<WorkerEventChannel>();

/** In a thread: sends the events that wait for more. */
export function flushEvents(): void {
  for (const channel of channels) channel.send();
}

/**
 * In a thread: the events of a task. They are sent while it lasts; from the first one with an error on, with its result,
 * whose encoding can serialize any error.
 */
export class WorkerEventChannel {
  private waiting: RunEvent[] = [];
  private live = true;
  private readonly flushing = new FlushTimer(EVENT_DELAY_MS, () => this.send(), true);

  constructor(private readonly port: MessagePort) {
    port.unref();
    channels.add(this);
  }

  add(event: RunEvent): void {
    // Nothing else has it: there may be two for each of a million elements.
    this.waiting.push(Object.assign(event, PLACE));
    if ("error" in event) this.live = false;
    if (this.live) this.flushing.add();
  }

  send(): void {
    if (!this.live || this.waiting.length === 0) return;
    this.port.postMessage(this.waiting);
    this.waiting = [];
  }

  /** Those that have not gone. No more goes by itself. */
  drain(): readonly RunEvent[] {
    this.live = false;
    channels.delete(this);
    this.flushing.reset();
    this.port.close();
    return this.waiting;
  }
}

/**
 * In the main thread: receives a task's events.
 *
 * @returns the port for the thread; a function to call before its result is used, so that earlier events come first; and one
 * for its end.
 */
export function openEventChannel(emit: (event: RunEvent) => void) {
  const { port1, port2 } = new MessageChannel();
  const emitAll = (events: readonly RunEvent[]) => events.forEach(emit);
  port1.on("message", emitAll);
  port1.unref();
  return {
    port: port2,
    drain() {
      for (let next = receiveMessageOnPort(port1); next !== undefined; next = receiveMessageOnPort(port1)) {
        emitAll(next.message as readonly RunEvent[]);
      }
    },
    close: () => port1.close(),
  };
}
