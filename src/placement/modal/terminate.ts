import type { Sandbox } from "modal";
import { startTimeout } from "../../util/long-timeout.js";
import { type ModalApi, withModalDeadline } from "./modal-client.js";
import { fromModalError } from "./modal-errors.js";

/** Milliseconds for the end of a container. */
const END_MS = 10_000;
/** Milliseconds before the first try in the background; each wait is twice the one before, up to the last. */
const FIRST_WAIT_MS = 1_000;
const LAST_WAIT_MS = 10_000;

/**
 * Ends a sandbox. If that fails twice, it is tried again in the background, which does not hold up the end of the process:
 * the network may come back before the container has ended by itself.
 *
 * @param idleMs milliseconds after which it has ended by itself, since nobody speaks to it.
 * @param hasEnded whether it is known to have ended.
 */
export async function terminate(
  modal: ModalApi,
  sandbox: Sandbox,
  idleMs: number,
  hasEnded = () => false,
): Promise<void> {
  const until = performance.now() + idleMs;
  const { sandboxId } = sandbox;
  // The second try, and all that follow, go another way.
  const again = async () => (await modal.sdk.sandboxes.fromId(sandboxId)).terminate();
  let error = (await failureOf(() => sandbox.terminate())) && (await failureOf(again));
  const retry = async () => {
    for (let waitMs = FIRST_WAIT_MS; error !== undefined; waitMs = Math.min(waitMs * 2, LAST_WAIT_MS)) {
      if (performance.now() > until) return warnOfLeft(sandboxId, error);
      await new Promise<void>((resolve) => startTimeout(resolve, waitMs).unref());
      if (hasEnded()) return;
      error = await failureOf(again);
    }
  };
  void retry();
}

/** The error of ending a container; undefined if it has ended, or is not known. */
async function failureOf(end: () => Promise<unknown>): Promise<unknown> {
  try {
    await withModalDeadline(end(), END_MS, "it did not end a container");
    return undefined;
  } catch (error) {
    return fromModalError(error, "container").code === "NOT_FOUND" ? undefined : error;
  }
}

function warnOfLeft(id: string, error: unknown): void {
  process.emitWarning(
    `the container ${id} could not be ended (${fromModalError(error, "container").problem}): it ends by itself when it is idle; see https://modal.com/apps`,
    "HypernodesWarning",
  );
}
