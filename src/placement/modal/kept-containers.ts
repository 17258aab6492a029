import type { Errand } from "../../engine/elsewhere.js";
import type { Resources } from "../../engine/resources.js";
import type { RunState } from "../../engine/run-state.js";
import { remembered } from "../../graph/remembered.js";
import type { Bundle } from "../bundle/bundle.js";
import { connectionFor, isAllThatLives, keyOf } from "./connections.js";
import { type CheckedModal, oldestMs } from "./options.js";
import { Pool } from "./pool.js";
import { type Shared, Trip } from "./trip.js";

/** Containers that somebody keeps for several errands: some for each placement and bundle, until they end. */
export class KeptContainers {
  private readonly pools = new Map<string, Pool>();

  /** Whether nothing is under way in any of them. */
  get isIdle(): boolean {
    return [...this.pools.values()].every((pool) => pool.isIdle);
  }

  /** @param shared for containers that others share with it. */
  trip(checked: CheckedModal, errand: Errand, shared?: Shared): Trip {
    const { where, run } = errand;
    return new Trip(errand, checked, (bundle, signal) => this.pool(checked, bundle, where, run).share(signal), shared);
  }

  /** The containers that have a bundle. They belong to whoever keeps them, not to the call that is the first to need them. */
  pool(checked: CheckedModal, bundle: Bundle, where: string, run: RunState): Pool {
    return remembered(this.pools, keyOf(checked, bundle), () => {
      const open = (number: number, signal: AbortSignal) => connectionFor(checked, bundle, where, signal, true, number);
      return new Pool(open, checked.containers, oldestMs(checked), (message) => run.warnOnce(message));
    });
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
