import type { ResourceScope } from "../../engine/lifecycle/resources.js";
import type { RunContext } from "../../engine/lifecycle/run-context.js";
import type { RemoteTask } from "../../engine/remote/remote-task.js";

import { getOrCreate } from "../../util/get-or-create.js";
import type { Bundle } from "../bundle/bundle.js";
import { acquireConnection, isOnlyKeepAlive, poolKey } from "./connection-cache.js";
import { HostPool } from "./host-pool.js";
import { maxAgeMs, type ResolvedModalOptions } from "./options.js";
import { type SharedHosts, TaskSubmission } from "./task-submission.js";

/** Containers that somebody keeps for several errands: some for each placement and bundle, until they end. */
export class SessionPools {
  private readonly pools = new Map<string, HostPool>();

  /** Whether nothing is under way in any of them. */
  get isIdle(): boolean {
    return [...this.pools.values()].every((pool) => pool.isIdle);
  }

  /** @param shared for containers that others share with it. */
  submit(checked: ResolvedModalOptions, errand: RemoteTask, shared?: SharedHosts): TaskSubmission {
    const { where, run } = errand;
    return new TaskSubmission(
      errand,
      checked,
      (bundle, signal) => this.pool(checked, bundle, where, run).acquireShared(signal),
      shared,
    );
  }

  /** The containers that have a bundle. They belong to whoever keeps them, not to the call that is the first to need them. */
  pool(checked: ResolvedModalOptions, bundle: Bundle, where: string, run: RunContext): HostPool {
    return getOrCreate(this.pools, poolKey(checked, bundle), () => {
      const open = (number: number, signal: AbortSignal) =>
        acquireConnection(checked, bundle, where, signal, true, number);
      return new HostPool(open, checked.containers, maxAgeMs(checked), (message) => run.warnOnce(message));
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

const kept = new WeakMap<ResourceScope, SessionPools>();

/** The runs of a pipeline that was opened share their containers, as they share their resources. */
export function poolsForSession(resources: ResourceScope): SessionPools {
  return getOrCreate(kept, resources, () => {
    const containers = new SessionPools();
    // Whoever forgets to dispose of the pipeline is not to wait, and pay, for ever.
    const watching = setInterval(() => {
      if (containers.isIdle && isOnlyKeepAlive()) void containers.end();
    }, WATCH_MS).unref();
    resources.onDispose(() => {
      clearInterval(watching);
      return containers.end();
    });
    return containers;
  });
}
