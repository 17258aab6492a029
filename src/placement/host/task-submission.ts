import { codesForBundle } from "../../cache/code-digests.js";
import { type ClassLocation, classLocationOf, isBundled } from "../../dsl/class-location.js";
import { optionsOf } from "../../dsl/metadata.js";
import { problemOf } from "../../engine/chunks/encode-result.js";
import type { CacheSpec, RemoteTask, RemoteTaskSpec } from "../../engine/remote/remote-task.js";
import { storesInPlan } from "../../engine/run-cache/plan-stores.js";
import { HypernodesError, ValueError } from "../../errors.js";
import { describeError } from "../../util/describe.js";
import { type EncodedChunks, encodeChunks } from "../../values/codec.js";
import { printPath } from "../../values/object-kinds.js";
import type { TaskHandle, TaskListener } from "../protocol/task-session.js";
import type { HostCode, HostSpec } from "../provider.js";
import { codeHolder } from "./code-holder.js";
import type { ConnectionLease } from "./connection-cache.js";
import { isRetryable } from "./host-errors.js";
import { HostTelemetry } from "./host-telemetry.js";
import { InFlightCalls } from "./in-flight-calls.js";

/** Gives a connection to a host that has some code. */
export type ConnectFn = (code: HostCode, signal: AbortSignal) => Promise<ConnectionLease>;

/** The code and the telemetry of hosts that share the work of one run. */
export interface SharedHosts {
  /** The code of the hosts. @param origin the location of the class that a task needs. */
  readonly codeFor: (origin: ClassLocation) => Promise<HostCode>;
  readonly telemetry: HostTelemetry;
}

/** The two callbacks of a stream. */
type StreamListener = Pick<TaskListener, "next" | "streamed">;

/** Runs one task on a host. */
export class TaskSubmission {
  private lease: ConnectionLease | undefined;
  private handle: TaskHandle | undefined;

  constructor(
    private readonly task: RemoteTask,
    private readonly spec: HostSpec,
    private readonly connect: ConnectFn,
    private readonly shared?: SharedHosts,
  ) {}

  /** @returns the record of the outputs. */
  async run(stream: StreamListener = {}): Promise<Record<string, unknown>> {
    const { task, spec } = this;
    const origin = classLocationOf(task.type);
    if (origin === undefined) throw noDecorator(task.type.name, spec);
    const code = await (this.shared?.codeFor(origin) ?? spec.codeFor(origin));
    const located = code.locate(origin);
    const { codes } = task.work;
    const work = encodeTask(
      {
        ...task.work,
        origin: located,
        codes: codes && isBundled(located) ? codesForBundle(codeHolder(code, origin, ""), codes) : codes,
        cache: cacheSpec(task, spec),
        wantsEvents: task.work.wantsEvents || spec.tracksCalls,
      },
      task,
      spec,
    );
    for (let tries = 1; ; tries++) {
      try {
        return (await this.attempt(code, origin, work, stream)) as Record<string, unknown>;
      } catch (error) {
        // Cached results are not lost; but stream elements that were consumed cannot be read again.
        const isRepeatable = this.shared !== undefined || this.isCached || !(this.handle?.started ?? false);
        const mayRetry = !task.work.isStream && isRepeatable;
        if (tries > 1 || !mayRetry || !isRetryable(error)) throw error;
      }
    }
  }

  private async attempt(
    code: HostCode,
    origin: ClassLocation,
    work: EncodedChunks,
    stream: StreamListener,
  ): Promise<unknown> {
    const { run, scope, where, graceMs } = this.task;
    const telemetry = this.shared?.telemetry ?? new HostTelemetry(run, where, this.spec);
    const lease = await this.connect(code, scope.signal);
    const { connection } = lease;
    telemetry.started(connection);
    this.lease = lease;
    const { id } = connection;
    const calls = this.spec.tracksCalls ? new InFlightCalls() : undefined;
    const wantsEvents = run.emit !== undefined;
    const listener: TaskListener = {
      ...stream,
      event:
        wantsEvents || calls !== undefined
          ? (event) => {
              calls?.add(event);
              if (wantsEvents) run.forward({ ...event, container: id });
            }
          : undefined,
      printed: (printed) => telemetry.log(connection, printed),
    };
    try {
      this.handle = connection.run(work, listener, scope.signal, graceMs);
      const result = await this.handle.result;
      this.task.computedAt?.(codeHolder(code, origin, id));
      return result;
    } catch (error) {
      throw calls === undefined || connection.isAlive ? error : calls.name(error);
    } finally {
      await lease.release();
      if (this.shared === undefined || !connection.isAlive) telemetry.stopped(connection);
    }
  }

  /** The consumer of a stream has taken a result. */
  ackResult(): void {
    if (this.handle !== undefined) this.lease?.connection.ackResult(this.handle.number);
  }

  /** True if the next attempt finds what this one has computed. */
  private get isCached(): boolean {
    const { plan, cache } = this.task;
    return storesInPlan(plan, { ...(cache && { cache }) }).some(
      (store) => store !== undefined && this.spec.keepsCache(store),
    );
  }
}

/** Describes a store that was given to a run or to a parent; undefined: the class itself names the store. */
function cacheSpec({ type, cache, where }: RemoteTask, { noun }: HostSpec): CacheSpec | undefined {
  const store = cache as { kind: string; path: string; max: number } | undefined;
  if (store === optionsOf(type).cache) return undefined;
  if (store === undefined) return false;
  if (store.kind === "sqlite") return { kind: "sqlite", path: store.path };
  if (store.kind === "memory") return { kind: "memory", max: store.max };
  throw new HypernodesError({
    code: "CACHE_CANT_TRAVEL",
    where,
    problem: `a ${store.kind}(...) that is passed to a run, or set on a parent, can't be used in a ${noun}`,
    advice: `Put it on the class, @cached(keyv(...)): the ${noun} opens it again, with its own environment.`,
  });
}

function encodeTask(work: RemoteTaskSpec, { plan, where }: RemoteTask, { noun }: HostSpec): EncodedChunks {
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
      problem: `its inputs can't be sent to a ${noun}: ${inside === "" ? "" : `at ${inside}, `}${problem}`,
      advice: error instanceof ValueError ? error.advice : undefined,
      cause: error,
    });
  }
}

function noDecorator(name: string, { noun }: HostSpec): HypernodesError {
  return new HypernodesError({
    code: "NOT_BUNDLEABLE",
    where: name,
    problem: `the class has no decorator, so its module is not known, and no ${noun} can import it`,
    advice: "Put a class decorator on it: @execution({}).",
  });
}
