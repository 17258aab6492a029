import { randomUUID } from "node:crypto";
import type { App, Image, Sandbox, SandboxCreateParams } from "modal";
import type { HypernodesError } from "../../errors.js";
import { rejectOnAbort } from "../../util/deadline.js";
import { sleep } from "../../util/long-timeout.js";
import { type ModalApi, withModalDeadline } from "./modal-client.js";
import { fromModalError } from "./modal-errors.js";
import { type ResolvedModalOptions, sandboxTimeoutMs } from "./options.js";
import { terminate } from "./terminate.js";

/**
 * Milliseconds after which Modal ends a container in which no process runs: the runner ends before, when the client is silent.
 */
export const MAX_IDLE_MS = 10_000;
/** Milliseconds that Modal has to find a machine. The SDK gives up a minute before, and says that there was none. */
const START_MS = 22 * 60_000;
/** Milliseconds for a list of containers, and for the end of each. */
const LIST_MS = 10_000;
/** Milliseconds for which it is tried again if Modal takes no more for now, or the network is interrupted. */
const RETRY_MS = 120_000;
/** Milliseconds before it is tried again; each wait is about twice the one before, up to the last. */
const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 8_000;

/**
 * The parameters that a sandbox is created with.
 *
 * @param volumes the volumes by the folders that they are mounted at.
 * @param isReused true if it may get more work when it has done some.
 */
export function sandboxParameters(
  options: ResolvedModalOptions,
  volumes: SandboxCreateParams["volumes"],
  isReused: boolean,
): SandboxCreateParams {
  const wholeSeconds = (ms: number) => Math.ceil(ms / 1000) * 1000;
  return {
    ...(options.gpu !== undefined && { gpu: options.gpu }),
    ...(options.cpu !== undefined && { cpu: options.cpu }),
    ...(options.memoryMiB !== undefined && { memoryMiB: options.memoryMiB }),
    ...(options.regions.length > 0 && { regions: [...options.regions] }),
    timeoutMs: wholeSeconds(sandboxTimeoutMs(options, isReused)),
    idleTimeoutMs: wholeSeconds(Math.min(options.idleTimeoutMs, MAX_IDLE_MS)),
    ...(volumes !== undefined && { volumes }),
  };
}

/**
 * Creates a sandbox when it is its turn; tries again if Modal takes no more for now, or can't be reached, for two minutes. If
 * it is aborted, or takes too long, a sandbox that is created nevertheless is ended.
 *
 * @throws {HypernodesError} `RATE_LIMITED`, `UNREACHABLE`, `NO_CAPACITY`, `UNKNOWN_GPU`, `REFUSED`, `MODAL_SILENT`.
 */
export async function createSandbox(
  modal: ModalApi,
  app: App,
  image: Image,
  parameters: SandboxCreateParams,
  signal: AbortSignal,
): Promise<Sandbox> {
  const run = randomUUID();
  const tags = { framework: "hypernodes", run };
  const idleMs = parameters.idleTimeoutMs!;
  const endMine = () => withModalDeadline(endTagged(modal, app.appId, tags), LIST_MS, "it did not list the containers");
  const until = performance.now() + RETRY_MS;
  let waitMs = FIRST_WAIT_MS;
  let isUnanswered = false;
  for (let attempt = 1; ; attempt++) {
    try {
      // An answer that was lost may have been that of a container.
      if (isUnanswered) await endMine();
      await modal.starts.next(signal);
      signal.throwIfAborted();
      // A name is that of one container.
      const name = `hypernodes-${run.slice(0, 18)}-${attempt}`;
      const creating = modal.sdk.sandboxes.create(app, image, { ...parameters, name, tags });
      return await endedIfLate(modal, creating, signal, idleMs);
    } catch (error) {
      const failure = error === signal.reason ? undefined : fromModalError(error, "container");
      isUnanswered ||= failure === undefined || UNANSWERED.has(failure.code);
      waitMs = Math.min(waitMs * (1 + Math.random()), LAST_WAIT_MS);
      if (failure === undefined || !isPassing(failure) || performance.now() + waitMs > until) {
        if (isUnanswered) await endMine().catch(() => {});
        throw failure ?? error;
      }
      await sleep(waitMs, signal);
    }
  }
}

/** The codes of failures after which nobody knows whether there is a container. */
const UNANSWERED = new Set(["UNREACHABLE", "MODAL_SILENT", "MODAL_FAILED"]);

function isPassing({ code }: HypernodesError): boolean {
  return code === "RATE_LIMITED" || code === "UNREACHABLE";
}

/** A sandbox in time; or it is ended when it comes. */
async function endedIfLate(
  modal: ModalApi,
  creating: Promise<Sandbox>,
  signal: AbortSignal,
  idleMs: number,
): Promise<Sandbox> {
  try {
    return await withModalDeadline(
      Promise.race([creating, rejectOnAbort(signal)]),
      START_MS,
      "it did not start a container",
    );
  } catch (error) {
    creating.then((sandbox) => terminate(modal, sandbox, idleMs)).catch(() => {});
    throw error;
  }
}

/** Ends containers that nobody has got a hold of. */
async function endTagged(modal: ModalApi, appId: string, tags: Record<string, string>): Promise<void> {
  for await (const sandbox of modal.sdk.sandboxes.list({ appId, tags })) await sandbox.terminate();
}
