import { randomUUID } from "node:crypto";
import type { ContainerProcess, Sandbox } from "modal";
import { HypernodesError } from "../../errors.js";
import type { Bundle } from "../bundle/bundle.js";
import { MOUNT, SCRATCH } from "../bundle/paths.js";
import { BOOTSTRAP } from "../container/bootstrap.js";
import { type Modal, rejectedAt, within } from "./client.js";
import { type ContainerEnd, containerEnded, translated } from "./failures.js";
import { endAtSignals } from "./leaving.js";
import { lookUp } from "./lookups.js";
import { nodeFault } from "./node-faults.js";
import { type CheckedModal, lifetimeMs } from "./options.js";

/** The volume that keeps bundles, where the user names none. */
const BUNDLES = "hypernodes-bundles";
/** Milliseconds that Modal has to find a machine. */
const START_MS = 20 * 60_000;
/** Milliseconds for the end of a container. */
const END_MS = 10_000;
/** Milliseconds in which Modal may tell of a container's end, after what ran in it has ended. */
const TOLD_MS = 3_000;

/** The ids of sandboxes of the first version: those with a GPU. */
const FIRST_VERSION = /^sb-[A-Za-z0-9]{22}$/;

type Process = ContainerProcess<Uint8Array>;

/** A container on Modal. Whoever makes one ends it. */
export class Container {
  readonly ended: Promise<ContainerEnd>;
  private hasEnded = false;
  private ending: Promise<void> | undefined;
  private readonly leave: () => void;

  private constructor(
    private readonly modal: Modal,
    private readonly sandbox: Sandbox,
  ) {
    this.ended = sandbox.wait().then(
      (exitCode) => {
        this.hasEnded = true;
        return this.endOf(exitCode);
      },
      () => new Promise<never>(() => {}),
    );
    this.leave = endAtSignals(() => this.end());
  }

  get id(): string {
    return this.sandbox.sandboxId;
  }

  /**
   * Makes a container. If it is aborted, or takes too long, one that comes to life all the same is ended.
   *
   * @throws {HypernodesError}
   */
  static async start(modal: Modal, options: CheckedModal, bundle: Bundle, signal: AbortSignal): Promise<Container> {
    const aborted = rejectedAt(signal);
    const cacheVolume = options.volume ?? BUNDLES;
    const volumes = await Promise.race([lookUp(modal, options, cacheVolume), aborted]);
    const app = await Promise.race([modal.app(options.app), aborted]);
    const [volume, image] = await Promise.race([
      Promise.all([modal.cacheVolume(cacheVolume), modal.image(options.image, bundle.layer, app)]),
      aborted,
    ]);
    const run = randomUUID();
    const tags = { framework: "hypernodes", run };
    const wholeSeconds = (ms: number) => Math.ceil(ms / 1000) * 1000;
    const creating = modal.sdk.sandboxes.create(app, image, {
      ...(options.gpu !== undefined && { gpu: options.gpu }),
      ...(options.cpu !== undefined && { cpu: options.cpu }),
      ...(options.memoryMiB !== undefined && { memoryMiB: options.memoryMiB }),
      ...(options.regions.length > 0 && { regions: [...options.regions] }),
      timeoutMs: wholeSeconds(lifetimeMs(options)),
      idleTimeoutMs: wholeSeconds(options.idleTimeoutMs),
      volumes: { ...volumes, [MOUNT]: volume },
      name: `hypernodes-${run.slice(0, 18)}`,
      tags,
    });
    try {
      const sandbox = await within(Promise.race([creating, aborted]), START_MS, "it did not start a container");
      return new Container(modal, sandbox);
    } catch (error) {
      await endWhatCame(modal, creating, app.appId, tags);
      throw error === signal.reason ? error : translated(error, "container");
    }
  }

  /** Starts the runner. */
  async exec(options: CheckedModal, bundle: Bundle, where: string): Promise<Process> {
    const secrets = await Promise.all(options.secrets.map((name) => this.modal.secret(name)));
    const keepsCaches = options.volume !== undefined ? "caches" : "";
    const mounts = Object.keys(options.volumes);
    const told = [bundle.digest, MOUNT, SCRATCH, String(options.idleTimeoutMs), keepsCaches, ...mounts];
    try {
      const command = ["node", "--input-type=module", "-e", BOOTSTRAP, ...told];
      const executing = this.sandbox.exec(command, { mode: "binary", env: { ...options.env }, secrets });
      return (await within(executing, END_MS * 6, "it did not start a process in the container")) as Process;
    } catch (error) {
      const end = await this.endSoon();
      if (end !== undefined) throw containerEnded(end, where, options.timeoutMs);
      throw nodeFault(String((error as Error).message), options.image.base, error) ?? translated(error, "container");
    }
  }

  /** Sees what other containers have left on the volume. */
  async reloadVolume(): Promise<void> {
    await within(this.sandbox.reloadVolumes(), END_MS, "a volume was not read again");
  }

  /** How it ended, if it has, or does within the time that Modal may take to tell of it. */
  async endSoon(): Promise<ContainerEnd | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), TOLD_MS);
    });
    const end = await Promise.race([this.ended, late]);
    clearTimeout(timer);
    return end;
  }

  /** What is known of how it ended. The reason is told only to who asks the service itself. */
  private async endOf(exitCode: number): Promise<ContainerEnd> {
    if (this.ending !== undefined) return { exitCode, status: undefined, said: undefined };
    try {
      const { cpClient } = this.modal.sdk as unknown as { cpClient: Record<string, Wait | undefined> };
      const wait = FIRST_VERSION.test(this.id) ? cpClient.sandboxWait : cpClient.sandboxWaitV2;
      const found = await wait?.call(cpClient, { sandboxId: this.id, timeout: 0 });
      return { exitCode, status: found?.result?.status, said: found?.result?.exception || undefined };
    } catch {
      return { exitCode, status: undefined, said: undefined };
    }
  }

  /** Ends it, whatever it does. Once; the second try goes another way. */
  end(): Promise<void> {
    this.ending ??= this.terminate().finally(this.leave);
    return this.ending;
  }

  private async terminate(): Promise<void> {
    for (let tries = 0; tries < 2 && !this.hasEnded; tries++) {
      try {
        const sandbox = tries === 0 ? this.sandbox : await this.modal.sdk.sandboxes.fromId(this.id);
        await within(sandbox.terminate(), END_MS, "a container was not ended");
        break;
      } catch (error) {
        if (tries === 1) warnOfLeft(this.id, error);
      }
    }
    this.sandbox.detach();
  }
}

type Wait = (request: object) => Promise<{ result?: { status?: number; exception?: string } } | undefined>;

/** A container that nobody has got a hold of: the late one, or one whose making never answered. */
async function endWhatCame(modal: Modal, creating: Promise<Sandbox>, appId: string, tags: Record<string, string>) {
  const late = creating.then(
    (sandbox) => sandbox.terminate(),
    () => {},
  );
  late.catch(() => {});
  try {
    await within(endTagged(modal, appId, tags), END_MS, "containers were not listed");
  } catch {
    // Nobody knows of it: it ends by itself when it is idle.
  }
}

async function endTagged(modal: Modal, appId: string, tags: Record<string, string>): Promise<void> {
  for await (const sandbox of modal.sdk.sandboxes.list({ appId, tags })) await sandbox.terminate();
}

function warnOfLeft(id: string, error: unknown): void {
  const why = error instanceof HypernodesError ? error.problem : String(error);
  process.emitWarning(
    `the container ${id} could not be ended (${why}): it ends by itself when it is idle; see https://modal.com/apps`,
    "HypernodesWarning",
  );
}
