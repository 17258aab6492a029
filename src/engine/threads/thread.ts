import { BroadcastChannel, threadId, workerData } from "node:worker_threads";
import { Piscina } from "piscina";
import { encodeApart } from "./apart.js";
import { thread } from "./inside.js";
import { type Answer, type Broadcast, NOTHING, type Request, type ThreadData, type ThreadNews } from "./protocol.js";
import { encodeResult } from "./result-bytes.js";
import { onRunAtImport, runAtImportError, unlessRunAtImport } from "./run-at-import.js";
import { StallWatch } from "./stall.js";
import { printAtOnce } from "./thread-output.js";
import { answerVisit, ended, rest, stopped } from "./visitor.js";

thread.isOne = true;

const channel = new BroadcastChannel((workerData as ThreadData).hypernodes.channel);
channel.onmessage = (message: unknown) => {
  const broadcast = (message as { data: Broadcast | ThreadNews }).data;
  if ("ended" in broadcast) ended(broadcast.ended);
  else if ("stopped" in broadcast) stopped(broadcast.stopped);
};

const printed = printAtOnce();
const watch = new StallWatch(channel, (stalled) => channel.postMessage(stalled));

onRunAtImport((found, isWorking) => {
  channel.postMessage({ ranAtImport: threadId, found, isWorking } satisfies ThreadNews);
});

/** The end of the last visit of those that go one after another. */
let turn: Promise<unknown> = Promise.resolve();

/** Does what a thread is asked: Piscina sends an `Answer` home, and its bytes without a copy. */
export async function answer(request: Request): Promise<unknown> {
  const bytes = await watch.during(() => answered(request));
  const sent: Answer = { bytes, printed: printed() };
  // Piscina's types know one transferred object, its code takes a list.
  return Piscina.move({ [Piscina.transferableSymbol]: [bytes.buffer], [Piscina.valueSymbol]: sent } as never);
}

async function answered(request: Request): Promise<Uint8Array> {
  if ("rest" in request) {
    await resting(request.rest);
    return new Uint8Array();
  }
  if ("apart" in request) return encodeApart(request.apart);
  const visit = () =>
    unlessRunAtImport(
      () => answerVisit(request),
      (found) => encodeResult({ ...NOTHING, failure: { error: runAtImportError(request.origin.name, found) } }),
    );
  const visited = request.company === "serial" ? turn.then(visit) : visit();
  if (request.company === "serial") turn = visited.catch(() => {});
  return visited;
}

function resting(how: "dispose" | "wait" | "nothing"): unknown {
  if (how === "dispose") return rest();
  return how === "wait" ? new Promise(() => {}) : undefined;
}
