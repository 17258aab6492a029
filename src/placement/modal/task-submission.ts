import { type ClassLocation, classLocationOf } from "../../dsl/class-location.js";
import { optionsOf } from "../../dsl/metadata.js";
import { problemOf } from "../../engine/chunks/encode-result.js";
import type { CacheSpec, RemoteTask, RemoteTaskSpec } from "../../engine/remote/remote-task.js";
import { storesInPlan } from "../../engine/run-cache/plan-stores.js";
import { HypernodesError, ValueError } from "../../errors.js";
import { describeError } from "../../util/describe.js";
import { type EncodedChunks, encodeChunks } from "../../values/codec.js";
import { printPath } from "../../values/object-kinds.js";
import { type Bundle, bundledLocation, bundleOf } from "../bundle/bundle.js";
import type { TaskHandle, TaskListener } from "../protocol/task-session.js";
import type { ConnectionLease } from "./connection-cache.js";
import { HostTelemetry } from "./host-telemetry.js";
import { isRetryable } from "./modal-errors.js";
import type { ResolvedModalOptions } from "./options.js";

/** Gives a connection to a container that can run a bundle. */
export type ConnectFn = (bundle: Bundle, signal: AbortSignal) => Promise<ConnectionLease>;

/** What is known of containers that share the work of one run. */
export interface SharedHosts {
  /** The code that they have. @param origin where the class comes from that is needed. */
  readonly bundled: (origin: ClassLocation) => Promise<Bundle>;
  readonly told: HostTelemetry;
}

/** An errand's way to a container and back. */
export class TaskSubmission {
  private lease: ConnectionLease | undefined;
  private task: TaskHandle | undefined;

  constructor(
    private readonly errand: RemoteTask,
    private readonly options: ResolvedModalOptions,
    private readonly connect: ConnectFn,
    private readonly shared?: SharedHosts,
  ) {}

  /** @returns the record of the outputs. */
  async run(hearing: Pick<TaskListener, "next" | "streamed"> = {}): Promise<Record<string, unknown>> {
    const { errand, options } = this;
    const origin = classLocationOf(errand.type);
    if (origin === undefined) throw noDecorator(errand.type.name);
    const bundle = await (this.shared?.bundled(origin) ?? bundleOf(origin, options.image.packages, options.files));
    const work = encoded(
      { ...errand.work, origin: bundledLocation(origin, bundle.root), cache: cacheSpec(errand) },
      errand,
    );
    for (let tries = 1; ; tries++) {
      try {
        return (await this.attempt(bundle, work, hearing)) as Record<string, unknown>;
      } catch (error) {
        // What was computed is remembered, so little is lost; but elements of a stream that have come do not come again.
        const isAlike = this.shared !== undefined || this.isRemembered || !(this.task?.begun ?? false);
        const mayGoAgain = !errand.work.isStream && isAlike;
        if (tries > 1 || !mayGoAgain || !isRetryable(error)) throw error;
      }
    }
  }

  private async attempt(
    bundle: Bundle,
    work: EncodedChunks,
    hearing: Pick<TaskListener, "next" | "streamed">,
  ): Promise<unknown> {
    const { run, scope, where, graceMs } = this.errand;
    const told = this.shared?.told ?? new HostTelemetry(run, where);
    const held = await this.connect(bundle, scope.signal);
    const { connection } = held;
    told.started(connection);
    this.lease = held;
    const { id } = connection.container;
    const heard: TaskListener = {
      ...hearing,
      event: run.emit === undefined ? undefined : (event) => run.forward({ ...event, container: id }),
      printed: (printed) => told.log(connection, printed),
    };
    try {
      this.task = connection.run(work, heard, scope.signal, graceMs);
      return await this.task.result;
    } finally {
      await held.release();
      if (this.shared === undefined || !connection.isAlive) told.stopped(connection);
    }
  }

  /** The consumer of a stream has taken a result. */
  taken(): void {
    if (this.task !== undefined) this.lease?.connection.ackResult(this.task.number);
  }

  /** Whether what it has computed is there for the next try. */
  private get isRemembered(): boolean {
    const { plan, cache } = this.errand;
    return storesInPlan(plan, { ...(cache && { cache }) }).some(
      (store) =>
        store !== undefined &&
        (store.kind === "keyv" || (store.kind === "sqlite" && this.options.volume !== undefined)),
    );
  }
}

/** How a store is told of, that is not what the class itself says. */
function cacheSpec({ type, cache, where }: RemoteTask): CacheSpec | undefined {
  const store = cache as { kind: string; path: string; max: number } | undefined;
  if (store === optionsOf(type).cache) return undefined;
  if (store === undefined) return false;
  if (store.kind === "sqlite") return { kind: "sqlite", path: store.path };
  if (store.kind === "memory") return { kind: "memory", max: store.max };
  throw new HypernodesError({
    code: "CACHE_CANT_TRAVEL",
    where,
    problem: `a ${store.kind}(...) that is given to a run, or to a parent, can't go to a container`,
    advice: "Put it on the class, @cached(keyv(...)): the container makes it anew, with its own environment.",
  });
}

function encoded(work: RemoteTaskSpec, { plan, where }: RemoteTask): EncodedChunks {
  try {
    return encodeChunks(work, { levelsAround: 3 });
  } catch (error) {
    const path = error instanceof ValueError && error.path[0] === "values" ? error.path : [];
    const index = path.length > 0 ? Number(path[1]) : work.values.findIndex(([, value]) => problemOf(value));
    if (index < 0) throw error;
    const slot = work.values[index]![0];
    const input = [...plan.inputs, ...plan.given].find((taken) => taken.slot === slot);
    const inside = printPath(path.slice(3));
    const problem = error instanceof ValueError ? error.problem : `reading it failed with ${describeError(error)}`;
    throw new HypernodesError({
      code: "UNSERIALISABLE",
      where: input === undefined ? where : `${where}.${input.name}`,
      problem: `what it takes can't travel to a container: ${inside === "" ? "" : `at ${inside}, `}${problem}`,
      advice: error instanceof ValueError ? error.advice : undefined,
      cause: error,
    });
  }
}

function noDecorator(name: string): HypernodesError {
  return new HypernodesError({
    code: "NOT_BUNDLEABLE",
    where: name,
    problem: "no decorator stands in the class, so its module is not known, and no container can import it",
    advice: "Put a class decorator on it: @execution({}).",
  });
}
