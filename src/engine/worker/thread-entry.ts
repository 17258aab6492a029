import { BroadcastChannel, threadId, workerData } from "node:worker_threads";
import { Piscina } from "piscina";
import { encodeEach } from "../chunks/encode-each.js";
import { encodeResult } from "../chunks/encode-result.js";
import { EMPTY_RESULT } from "../chunks/protocol.js";
import { workerContext } from "../lifecycle/worker-context.js";
import { flushEvents } from "../threads/event-channel.js";
import type { Answer, ControlMessage, Request, ThreadData, ThreadNews } from "../threads/protocol.js";
import { onRunAtImport, runAtImportError, unlessRunAtImport } from "../threads/run-at-import.js";
import { StallWatch } from "../threads/stall.js";
import { printAtOnce } from "../threads/thread-output.js";
import { disposeResources, onChunkCancelled, onStageClosed, runChunkRequest } from "./thread-task.js";

workerContext.isPoolWorker = true;

const channel = new BroadcastChannel((workerData as ThreadData).hypernodes.channel);
channel.onmessage = (message: unknown) => {
  const broadcast = (message as { data: ControlMessage | ThreadNews }).data;
  if ("stageClosed" in broadcast) onStageClosed(broadcast.stageClosed);
  else if ("chunkCancelled" in broadcast) onChunkCancelled(broadcast.chunkCancelled);
};

const printed = printAtOnce();
const watch = new StallWatch(channel, (stalled) => {
  // What waits forever is named by the last ones.
  flushEvents();
  channel.postMessage(stalled);
});

onRunAtImport((found, isWorking) => {
  channel.postMessage({ ranAtImport: threadId, found, isWorking } satisfies ThreadNews);
});

/** The end of the last serial task. */
let serialQueue: Promise<unknown> = Promise.resolve();

/** Handles a request to the thread: Piscina returns an `Answer`, and its bytes without a copy. */
export async function handleRequest(request: Request): Promise<unknown> {
  const bytes = await watch.during(() => answered(request));
  const sent: Answer = { bytes, printed: printed() };
  // Piscina's types know one transferred object, its code takes a list.
  return Piscina.move({ [Piscina.transferableSymbol]: [bytes.buffer], [Piscina.valueSymbol]: sent } as never);
}

async function answered(request: Request): Promise<Uint8Array> {
  if ("control" in request) {
    await handleControl(request.control);
    return new Uint8Array();
  }
  if ("apart" in request) return encodeEach(request.apart);
  const runChunk = () =>
    unlessRunAtImport(
      () => runChunkRequest(request),
      (found) => encodeResult({ ...EMPTY_RESULT, failure: { error: runAtImportError(request.origin.name, found) } }),
    );
  const result = request.isolation === "serial" ? serialQueue.then(runChunk) : runChunk();
  if (request.isolation === "serial") serialQueue = result.catch(() => {});
  return result;
}

function handleControl(how: "dispose" | "wait" | "nothing"): unknown {
  if (how === "dispose") return disposeResources();
  return how === "wait" ? new Promise(() => {}) : undefined;
}
