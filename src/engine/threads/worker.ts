/** What Piscina loads in each thread of a pool. */
import { BroadcastChannel, workerData } from "node:worker_threads";
import { Piscina } from "piscina";
import { thread } from "./inside.js";
import type { Broadcast, Request, ThreadData } from "./protocol.js";
import { ended, rest, stopped, visit } from "./visitor.js";

thread.isOne = true;

const channel = new BroadcastChannel((workerData as ThreadData).hypernodes.channel);
channel.onmessage = (message: unknown) => {
  const broadcast = (message as { data: Broadcast }).data;
  if ("ended" in broadcast) ended(broadcast.ended);
  else stopped(broadcast.stopped);
};

export default async function answer(request: Request | { readonly request: "rest" }): Promise<unknown> {
  if (typeof request === "string" || "request" in request) return rest();
  const result = await visit(request);
  return Piscina.move(result.buffer as ArrayBuffer);
}
