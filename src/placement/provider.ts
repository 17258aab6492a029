import type { ClassLocation } from "../dsl/class-location.js";
import type { CacheStore, Placement } from "../dsl/pipeline-options.js";
import type { EncodedChunks } from "../values/codec.js";
import type { KeepHead, RunHead } from "./protocol/frames.js";
import type { TaskHandle, TaskListener } from "./protocol/task-session.js";

/** A pipeline's code, as the hosts of one placement have it. */
export interface HostCode {
  /** Identifies the code: equal code has an equal digest. */
  readonly digest: string;
  /** The location under which a host finds a class. */
  locate(origin: ClassLocation): ClassLocation;
  /** Replaces a host's file names in the stacks of an error and its causes by those of this machine, and returns the error. */
  remapStacks(error: unknown): unknown;
}

/** A host that runs tasks, and the connection to it. */
export interface HostConnection {
  /** The id in events: that of a container or a process. */
  readonly id: string;
  /** True while more tasks may be sent. */
  readonly isAlive: boolean;
  /**
   * Sends a task.
   *
   * @param work the encoded task.
   * @param signal stops the task: the host is asked to cancel it, and after the grace period the result is rejected.
   * @param graceMs milliseconds.
   * @param head fields of the frame that announces the task.
   */
  run(
    work: EncodedChunks,
    listener: TaskListener,
    signal: AbortSignal,
    graceMs: number,
    head?: Partial<RunHead>,
  ): TaskHandle;
  /** Confirms that a streamed result was consumed, so that the host may send another one. */
  ackResult(task: number): void;
  /** Sends the bytes that all chunks of a stage share. */
  storeShared(head: KeepHead, bytes: Uint8Array, listener: TaskListener): Promise<void>;
  /** Makes shared bytes visible that another host has stored. */
  refreshShared(): Promise<void>;
  /**
   * Ends the host.
   *
   * @param graceMs milliseconds in which the host may dispose of resources. Default 0.
   */
  close(graceMs?: number): Promise<void>;
}

/** The hosts that a placement asks for: their limits, their code, and the way to open one. */
export interface HostSpec {
  /** The name in events: `modal`. */
  readonly name: string;
  /** One host in messages, and several: `container`, `containers`. */
  readonly noun: string;
  readonly plural: string;
  /** Begins each line that nodes print on a host; undefined: the output is printed as it is. */
  readonly outputPrefix: string | undefined;
  /** Equal for placements whose hosts can do each other's work. */
  readonly key: string;
  /** The maximum number of hosts that share the elements of maps. */
  readonly maxHosts: number;
  /** True if a host is kept for later runs of this process. */
  readonly keepWarm: boolean;
  /** Milliseconds after which an unused host that was kept is closed. */
  readonly idleTimeoutMs: number;
  /** Milliseconds after which a host that is used again gets no more tasks. */
  readonly maxAgeMs: number;
  /** True if events of calls are needed even without a listener: they show which call a crash has ended. */
  readonly tracksCalls: boolean;
  /** True if hosts have storage in common, so that large values that chunks share are sent once. */
  readonly hasSharedStorage: boolean;
  /** True if entries of a store are still there for the next host. */
  keepsCache(store: CacheStore): boolean;
  /** The code that a class needs. */
  codeFor(origin: ClassLocation): Promise<HostCode>;
  /**
   * Opens a host.
   *
   * @param where the path of the work in messages.
   * @param signal gives up on a host that is being opened.
   * @param isReused true if the host may get more tasks after its first.
   * @throws {HypernodesError}
   */
  connect(code: HostCode, where: string, signal: AbortSignal, isReused: boolean): Promise<HostConnection>;
}

/** One kind of placement: a row of the table in `providers.ts`. */
export interface PlacementProvider {
  /** The `kind` of its placements. */
  readonly kind: string;
  /** Its placement in messages: `modal({ ... })`. */
  readonly example: string;
  /** The hosts of a placement, with defaults in place of missing options. */
  hosts(placement: Placement): HostSpec;
}
