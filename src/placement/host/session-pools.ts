import type { ResourceScope } from "../../engine/lifecycle/resources.js";
import type { RunContext } from "../../engine/lifecycle/run-context.js";
import type { RemoteTask } from "../../engine/remote/remote-task.js";
import { getOrCreate } from "../../util/get-or-create.js";
import type { HostCode, HostSpec } from "../provider.js";
import { acquireConnection, isOnlyKeepAlive, poolKey } from "./connection-cache.js";
import { HostPool } from "./host-pool.js";
import { type SharedHosts, TaskSubmission } from "./task-submission.js";

/** The host pools of a run, or of an open pipeline: one for each placement and code. */
export class SessionPools {
  private readonly pools = new Map<string, HostPool>();

  /** True if no host is in use. */
  get isIdle(): boolean {
    return [...this.pools.values()].every((pool) => pool.isIdle);
  }

  /** @param shared undefined: no other tasks share the host's code and events. */
  submit(spec: HostSpec, task: RemoteTask, shared?: SharedHosts): TaskSubmission {
    const { where, run } = task;
    return new TaskSubmission(
      task,
      spec,
      (code, signal) => this.pool(spec, code, where, run).acquireShared(signal),
      shared,
    );
  }

  /** The pool of hosts that have some code. It belongs to the session, not to the task that is the first to need it. */
  pool(spec: HostSpec, code: HostCode, where: string, run: RunContext): HostPool {
    return getOrCreate(this.pools, poolKey(spec, code), () => {
      const open = (number: number, signal: AbortSignal) => acquireConnection(spec, code, where, signal, true, number);
      return new HostPool(open, spec, (message) => run.warnOnce(message));
    });
  }

  async end(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(pools.map((pool) => pool.end()));
  }
}

/** Milliseconds between checks of whether the process has anything else to do. */
const CHECK_MS = 100;

const poolsByScope = new WeakMap<ResourceScope, SessionPools>();

/** The pools of an open pipeline: its runs share their hosts, as they share their resources. */
export function poolsForSession(resources: ResourceScope): SessionPools {
  return getOrCreate(poolsByScope, resources, () => {
    const pools = new SessionPools();
    // If the user forgets to dispose of the pipeline, the process must not wait, and the user pay, for ever.
    const timer = setInterval(() => {
      if (pools.isIdle && isOnlyKeepAlive()) void pools.end();
    }, CHECK_MS).unref();
    resources.onDispose(() => {
      clearInterval(timer);
      return pools.end();
    });
    return pools;
  });
}
