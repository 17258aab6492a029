import { BroadcastChannel, workerData } from "node:worker_threads";
import { Piscina } from "piscina";
import { encodeApart } from "./apart.js";
import { thread } from "./inside.js";
import type { Broadcast, Request, ThreadData } from "./protocol.js";
import { flushOutput } from "./thread-output.js";
import { answerVisit, ended, rest, stopped } from "./visitor.js";

thread.isOne = true;

const channel = new BroadcastChannel((workerData as ThreadData).hypernodes.channel);
channel.onmessage = (message: unknown) => {
  const broadcast = (message as { data: Broadcast }).data;
  if ("ended" in broadcast) ended(broadcast.ended);
  else stopped(broadcast.stopped);
};

function resting(how: "dispose" | "wait" | "nothing"): unknown {
  if (how === "dispose") return rest();
  return how === "wait" ? new Promise(() => {}) : undefined;
}

/** The end of the last visit of those that go one after another. */
let turn: Promise<unknown> = Promise.resolve();

/** Does what a thread is asked. */
export async function answer(request: Request): Promise<unknown> {
  if ("rest" in request) {
    const rested = await resting(request.rest);
    await flushOutput();
    return rested;
  }
  if ("apart" in request) return encodeApart(request.apart);
  const answered = request.company === "serial" ? turn.then(() => answerVisit(request)) : answerVisit(request);
  if (request.company === "serial") turn = answered.catch(() => {});
  const result = await answered;
  await flushOutput();
  return Piscina.move(result.buffer as ArrayBuffer);
}
