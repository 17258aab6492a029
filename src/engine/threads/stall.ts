import { MessagePort, threadId } from "node:worker_threads";
import type { Stalled } from "./protocol.js";

/** A way by which requests come into a thread: it keeps the thread alive. */
interface Door {
  ref(): void;
  unref(): void;
}

/**
 * In a thread: while a request is under way, what it waits for keeps the thread alive, and not the doors by which others
 * come. If nothing does, what it waits for never comes: the process is told, which may have nothing else to wait for.
 */
export class StallWatch {
  private readonly doors: readonly Door[];
  private underWay = 0;
  private requests = 0;

  /** Before any code of the user's opens a port of its own. */
  constructor(channel: Door, tell: (stalled: Stalled) => void) {
    // Not documented, though much is built on it: without it a thread that waits for nothing is not noticed.
    const handles = (process as unknown as { _getActiveHandles?(): unknown[] })._getActiveHandles?.() ?? [];
    this.doors = [channel, ...handles.filter((handle): handle is MessagePort => handle instanceof MessagePort)];
    process.on("beforeExit", () => {
      if (this.underWay === 0) return;
      this.open();
      tell({ stalled: threadId, requests: this.requests });
    });
  }

  async during<R>(work: () => Promise<R>): Promise<R> {
    this.requests++;
    this.underWay++;
    for (const door of this.doors) door.unref();
    try {
      return await work();
    } finally {
      this.underWay--;
      if (this.underWay === 0) this.open();
    }
  }

  private open(): void {
    for (const door of this.doors) door.ref();
  }
}
