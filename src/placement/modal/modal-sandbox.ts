import type { ContainerProcess, Sandbox } from "modal";
import { rejectOnAbort } from "../../util/deadline.js";
import { sleep } from "../../util/long-timeout.js";
import type { Bundle } from "../bundle/bundle.js";
import { MOUNT, SCRATCH } from "../bundle/paths.js";
import { onExitSignal } from "../host/exit-hooks.js";
import { BOOTSTRAP } from "../runtime/bootstrap.js";
import { createSandbox, MAX_IDLE_MS, sandboxParameters } from "./create-sandbox.js";
import { lookUp } from "./lookups.js";
import { type ModalApi, withModalDeadline } from "./modal-client.js";
import { type ContainerEnd, connectionLost, containerEnded, fromModalError, IDLE, isAnswer } from "./modal-errors.js";
import { nodeFault } from "./node-faults.js";
import type { ResolvedModalOptions } from "./options.js";
import { terminate } from "./terminate.js";

/** The volume that keeps bundles, where the user names none. */
const BUNDLES = "hypernodes-bundles";
/** Milliseconds for the beginning of a process, and for what the router does at once. */
const EXEC_MS = 60_000;
const RELOAD_MS = 10_000;
/** Milliseconds in which Modal may report a container's end, after the process in it has ended. */
const FAREWELL_MS = 3_000;

/** The ids of sandboxes of the first version: those with a GPU. */
const FIRST_VERSION = /^sb-[A-Za-z0-9]{22}$/;

type Process = ContainerProcess<Uint8Array>;

/** A container on Modal. The caller that creates one ends it. */
export class ModalSandbox {
  readonly ended: Promise<ContainerEnd>;
  private hasEnded = false;
  private ending: Promise<void> | undefined;
  private readonly unregisterExitHook: () => void;

  private constructor(
    private readonly modal: ModalApi,
    private readonly sandbox: Sandbox,
    private readonly idleTimeoutMs: number,
  ) {
    this.ended = sandbox.wait().then(
      async (exitCode) => {
        this.hasEnded = true;
        // Only a request to the service itself returns the reason.
        return (this.ending === undefined ? await this.ask(0) : undefined) ?? { exitCode, ...UNKNOWN_END };
      },
      () => new Promise<never>(() => {}),
    );
    this.unregisterExitHook = onExitSignal(() => this.end());
  }

  get id(): string {
    return this.sandbox.sandboxId;
  }

  /**
   * Makes a container. If it is aborted, or takes too long, one that comes to life all the same is ended.
   *
   * @param isReused whether it may get more work when it has done some.
   * @throws {HypernodesError}
   */
  static async start(
    modal: ModalApi,
    options: ResolvedModalOptions,
    bundle: Bundle,
    signal: AbortSignal,
    isReused: boolean,
  ): Promise<ModalSandbox> {
    const aborted = rejectOnAbort(signal);
    const cacheVolume = options.volume ?? BUNDLES;
    const volumes = await Promise.race([lookUp(modal, options, cacheVolume), aborted]);
    const app = await Promise.race([modal.app(options.app), aborted]);
    const [volume, image] = await Promise.race([
      Promise.all([modal.cacheVolume(cacheVolume), modal.image(options.image, bundle.layer, app)]),
      aborted,
    ]);
    const machine = sandboxParameters(options, { ...volumes, [MOUNT]: volume }, isReused);
    return new ModalSandbox(modal, await createSandbox(modal, app, image, machine, signal), options.idleTimeoutMs);
  }

  /** Starts the runner. */
  async exec(options: ResolvedModalOptions, bundle: Bundle, where: string): Promise<Process> {
    const secrets = await Promise.all(options.secrets.map((name) => this.modal.secret(name)));
    const keepsCaches = options.volume !== undefined ? "caches" : "";
    const mounts = Object.keys(options.volumes);
    const args = [bundle.digest, MOUNT, SCRATCH, String(options.idleTimeoutMs), keepsCaches, ...mounts];
    try {
      const command = ["node", "--input-type=module", "-e", BOOTSTRAP, ...args];
      const executing = this.sandbox.exec(command, { mode: "binary", env: { ...options.env }, secrets });
      return (await withModalDeadline(executing, EXEC_MS, "it did not start a process in the container")) as Process;
    } catch (error) {
      const end = await this.terminateOrphan();
      // One that was idle has ended because of this.
      if (end !== undefined && end.status !== IDLE) throw containerEnded(end, where, options.timeoutMs);
      const withoutNode = nodeFault(String((error as Error).message), options.image.base, error);
      if (withoutNode !== undefined) throw withoutNode;
      // Whatever the router answers, it says nothing of names, tokens or machines.
      throw isAnswer(error) ? connectionLost(where, error) : fromModalError(error, "container");
    }
  }

  /** Sees what other containers have left on the volume. */
  async reloadVolume(): Promise<void> {
    await withModalDeadline(this.sandbox.reloadVolumes(), RELOAD_MS, "it did not reload a volume");
  }

  /**
   * The end of the container, if it comes within the time that Modal takes to report it. Modal is asked again, because the fault
   * that broke a stream may have broken the wait for the end as well.
   */
  async terminateOrphan(): Promise<ContainerEnd | undefined> {
    const done = new AbortController();
    const late = sleep(FAREWELL_MS, done.signal).then(() => undefined);
    const reported = this.ask(FAREWELL_MS / 1000).then((end) => end ?? late);
    const end = await Promise.race([this.ended, reported, late]);
    done.abort();
    return end;
  }

  /** The end of the container, if it comes within some seconds and Modal reports it. */
  private async ask(seconds: number): Promise<ContainerEnd | undefined> {
    try {
      const { cpClient } = this.modal.sdk as unknown as { cpClient: Record<string, Wait | undefined> };
      const wait = FIRST_VERSION.test(this.id) ? cpClient.sandboxWait : cpClient.sandboxWaitV2;
      const found = await wait?.call(cpClient, { sandboxId: this.id, timeout: seconds });
      const { status, exitcode: exitCode, exception } = found?.result ?? {};
      return status ? { exitCode, status, message: exception || undefined } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Ends it, whatever it does. Once. */
  end(): Promise<void> {
    this.ending ??= this.terminate().finally(this.unregisterExitHook);
    return this.ending;
  }

  private async terminate(): Promise<void> {
    const { modal, sandbox, idleTimeoutMs } = this;
    if (!this.hasEnded) await terminate(modal, sandbox, idleTimeoutMs + MAX_IDLE_MS, () => this.hasEnded);
    sandbox.detach();
  }
}

/** The end of a container that Modal itself does not report. */
const UNKNOWN_END = { status: undefined, message: undefined };

interface Result {
  readonly status?: number;
  readonly exitcode?: number;
  readonly exception?: string;
}

type Wait = (request: object) => Promise<{ readonly result?: Result } | undefined>;
