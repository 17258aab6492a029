import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { CacheSession } from "../../cache/session.js";
import type { CacheStats, Entry, EntryMeta, EvictionResult, Store, StoredEntry } from "../../cache/store.js";
import { HypernodesError } from "../../errors.js";

/** A thread's call of a store, which only the main thread opens. */
interface StoreCall {
  readonly id: number;
  /** The number of the run's store. */
  readonly store: number;
  readonly call:
    | { readonly heads: readonly string[] }
    | { readonly entries: readonly string[] }
    | { readonly write: readonly Entry[] };
}

interface Answer {
  readonly id: number;
  readonly answer: unknown;
}

/** In a thread: the run's stores, each called through the port that came with the task. */
export class StoreProxies {
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private count = 0;
  private isClosed = false;

  constructor(private readonly port: MessagePort) {
    port.on("message", ({ id, answer }: Answer) => {
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
      if (this.waiting.size === 0) port.unref();
    });
    // Pending answers are not wanted any more: the task is over for the main thread.
    port.on("close", () => {
      this.isClosed = true;
      for (const answer of this.waiting.values()) answer(NOTHING);
      this.waiting.clear();
    });
    // A pending call keeps the thread alive, and nothing else here.
    port.unref();
  }

  store(number: number): Store {
    return new StoreProxy((ask) => this.send(number, ask));
  }

  close(): void {
    this.port.close();
  }

  private send(store: number, send: StoreCall["call"]): Promise<unknown> {
    if (this.isClosed) return Promise.resolve(NOTHING);
    const id = ++this.count;
    this.port.postMessage({ id, store, call: send } satisfies StoreCall);
    this.port.ref();
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
    });
  }
}

/** The answer of an empty store. */
const NOTHING: readonly undefined[] = [];

class StoreProxy implements Store {
  readonly name = "of the process";

  constructor(private readonly send: (send: StoreCall["call"]) => Promise<unknown>) {}

  heads(keys: readonly string[]) {
    return this.send({ heads: keys }) as Promise<(EntryMeta | undefined)[]>;
  }

  entries(keys: readonly string[]) {
    return this.send({ entries: keys }) as Promise<(StoredEntry | undefined)[]>;
  }

  write(entries: readonly Entry[]) {
    return this.send({ write: entries }) as Promise<void>;
  }

  stats(): CacheStats {
    throw notInWorker();
  }

  prune(): EvictionResult {
    throw notInWorker();
  }

  clear(): EvictionResult {
    throw notInWorker();
  }
}

function notInWorker(): HypernodesError {
  return new HypernodesError({ code: "IN_THREAD", where: "cache", problem: "a thread does not maintain a store" });
}

/**
 * In the main thread: answers a thread's calls of the run's stores.
 *
 * @returns the port for the thread, and a function to call when its task has ended.
 */
export function serveStores(sessions: readonly CacheSession[]): { readonly port: MessagePort; close(): void } {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", async ({ id, store, call }: StoreCall) => {
    port1.postMessage({ id, answer: await answer(sessions[store]!, call) } satisfies Answer);
  });
  port1.unref();
  return { port: port2, close: () => port1.close() };
}

async function answer(session: CacheSession, ask: StoreCall["call"]): Promise<unknown> {
  if ("heads" in ask) return session.heads(ask.heads);
  if ("entries" in ask) return session.entries(ask.entries);
  for (const entry of ask.write) session.enqueue(entry);
  return undefined;
}
