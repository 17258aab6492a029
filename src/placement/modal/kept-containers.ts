import type { Errand } from "../../engine/elsewhere.js";
import type { Resources } from "../../engine/resources.js";
import { remembered } from "../../graph/remembered.js";
import type { Bundle } from "../bundle/bundle.js";
import { connectionFor, type Held, isAllThatLives, keyOf } from "./connections.js";
import type { CheckedModal } from "./options.js";
import { Pool } from "./pool.js";
import { type Shared, Trip } from "./trip.js";

/** Containers that somebody keeps for several errands: some for each placement and bundle, until they end. */
export class KeptContainers {
  private readonly pools = new Map<string, Pool>();
  private users = 0;

  /** Whether no errand is under way in any of them. */
  get isIdle(): boolean {
    return this.users === 0;
  }

  /** @param shared for containers that others share with it. */
  trip(checked: CheckedModal, errand: Errand, shared?: Shared): Trip {
    return new Trip(errand, checked, (bundle) => this.lent(this.pool(checked, bundle, errand).share()), shared);
  }

  /** The containers that have a bundle. They belong to the run, not to the call that is the first to need them. */
  pool(checked: CheckedModal, bundle: Bundle, { where, run, scope }: Pick<Errand, "where" | "run" | "scope">): Pool {
    return remembered(this.pools, keyOf(checked, bundle), () => {
      const open = (number: number, signal: AbortSignal) =>
        connectionFor(checked, bundle, where, AbortSignal.any([signal, scope.signal]), true, number);
      return new Pool(open, checked.containers, checked.timeoutMs, (message) => run.warnOnce(message));
    });
  }

  private async lent(sharing: Promise<Held>): Promise<Held> {
    this.users++;
    try {
      const { connection, release } = await sharing;
      return {
        connection,
        release: async () => {
          this.users--;
          await release();
        },
      };
    } catch (error) {
      this.users--;
      throw error;
    }
  }

  async end(): Promise<void> {
    const all = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(all.map((pool) => pool.end()));
  }
}

/** Milliseconds between looks whether the process has anything else to do. */
const WATCH_MS = 100;

const kept = new WeakMap<Resources, KeptContainers>();

/** The runs of a pipeline that was opened share their containers, as they share their resources. */
export function keptFor(resources: Resources): KeptContainers {
  return remembered(kept, resources, () => {
    const containers = new KeptContainers();
    // Whoever forgets to dispose of the pipeline is not to wait, and pay, for ever.
    const watching = setInterval(() => {
      if (containers.isIdle && isAllThatLives()) void containers.end();
    }, WATCH_MS).unref();
    resources.atEnd(() => {
      clearInterval(watching);
      return containers.end();
    });
    return containers;
  });
}
