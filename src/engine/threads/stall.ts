import { MessagePort, threadId } from "node:worker_threads";
import type { Stalled } from "./protocol.js";

/** A way by which requests come into a thread: it keeps the thread alive. */
interface Door {
  ref(): void;
  unref(): void;
}

/**
 * In a thread: while a request is in flight, only what it waits for keeps the thread alive, and not the doors by which others
 * come. If nothing does, what it waits for never comes: the main thread is notified, which may have nothing else to wait for.
 */
export class StallWatch {
  private readonly doors: readonly Door[];
  private active = 0;
  private requests = 0;

  /** Before any code of the user's opens a port of its own. */
  constructor(channel: Door, report: (stalled: Stalled) => void) {
    // Not documented, though much is built on it: without it a thread that waits for nothing is not noticed.
    const handles = (process as unknown as { _getActiveHandles?(): unknown[] })._getActiveHandles?.() ?? [];
    this.doors = [channel, ...handles.filter((handle): handle is MessagePort => handle instanceof MessagePort)];
    process.on("beforeExit", () => {
      if (this.active === 0) return;
      this.open();
      report({ stalled: threadId, requests: this.requests });
    });
  }

  async during<R>(work: () => Promise<R>): Promise<R> {
    this.requests++;
    this.active++;
    for (const door of this.doors) door.unref();
    try {
      return await work();
    } finally {
      this.active--;
      if (this.active === 0) this.open();
    }
  }

  private open(): void {
    for (const door of this.doors) door.ref();
  }
}
