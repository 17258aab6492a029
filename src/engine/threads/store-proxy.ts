import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { CacheSession } from "../../cache/session.js";
import type { CacheStats, Entry, EntryMeta, EvictionResult, Store, StoredEntry } from "../../cache/store.js";
import { HypernodesError } from "../../errors.js";

/** What a thread asks of a store, which only the process itself opens. */
interface Question {
  readonly id: number;
  /** Which of the run's stores. */
  readonly store: number;
  readonly ask:
    | { readonly heads: readonly string[] }
    | { readonly entries: readonly string[] }
    | { readonly write: readonly Entry[] };
}

interface Answer {
  readonly id: number;
  readonly answer: unknown;
}

/** In a thread: the run's stores, each asked through the port that came with the visit. */
export class StoreProxies {
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private asked = 0;
  private isClosed = false;

  constructor(private readonly port: MessagePort) {
    port.on("message", ({ id, answer }: Answer) => {
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
      if (this.waiting.size === 0) port.unref();
    });
    // Nobody wants what is still asked: the visit is over for the process.
    port.on("close", () => {
      this.isClosed = true;
      for (const answer of this.waiting.values()) answer(NOTHING);
      this.waiting.clear();
    });
    // What is asked keeps the thread alive, and nothing else here.
    port.unref();
  }

  store(number: number): Store {
    return new StoreProxy((ask) => this.ask(number, ask));
  }

  close(): void {
    this.port.close();
  }

  private ask(store: number, ask: Question["ask"]): Promise<unknown> {
    if (this.isClosed) return Promise.resolve(NOTHING);
    const id = ++this.asked;
    this.port.postMessage({ id, store, ask } satisfies Question);
    this.port.ref();
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
    });
  }
}

/** Of all that is asked for, nothing is there. */
const NOTHING: readonly undefined[] = [];

class StoreProxy implements Store {
  readonly name = "of the process";

  constructor(private readonly ask: (ask: Question["ask"]) => Promise<unknown>) {}

  heads(keys: readonly string[]) {
    return this.ask({ heads: keys }) as Promise<(EntryMeta | undefined)[]>;
  }

  entries(keys: readonly string[]) {
    return this.ask({ entries: keys }) as Promise<(StoredEntry | undefined)[]>;
  }

  write(entries: readonly Entry[]) {
    return this.ask({ write: entries }) as Promise<void>;
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
  return new HypernodesError({ code: "IN_THREAD", where: "cache", problem: "a thread does not keep house in a store" });
}

/**
 * In the process: answers what a thread asks of the run's stores.
 *
 * @returns the port for the thread, and what to call when its visit has ended.
 */
export function serveStores(sessions: readonly CacheSession[]): { readonly port: MessagePort; close(): void } {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", async ({ id, store, ask }: Question) => {
    port1.postMessage({ id, answer: await answer(sessions[store]!, ask) } satisfies Answer);
  });
  port1.unref();
  return { port: port2, close: () => port1.close() };
}

async function answer(session: CacheSession, ask: Question["ask"]): Promise<unknown> {
  if ("heads" in ask) return session.heads(ask.heads);
  if ("entries" in ask) return session.entries(ask.entries);
  for (const entry of ask.write) session.enqueue(entry);
  return undefined;
}
