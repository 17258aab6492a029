import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { workerData } from "node:worker_threads";
import { ownModule } from "../../util/own-files.js";
import type { ThreadData } from "../threads/protocol.js";
import type { handleRequest } from "./thread-entry.js";

type Thread = { readonly handleRequest: typeof handleRequest };

const url = ownModule("engine/worker/thread-entry");
// Piscina requires this file before it imports it, and a loader that makes modules CommonJS for that (tsx) would do so
// with all that a plain import here brings: then everything, decorators' records too, would be there twice.
const load = new Function("url", "return import(url)") as (url: string) => Promise<Thread>;
const { isCommonJs } = (workerData as ThreadData).hypernodes;
const thread = isCommonJs ? (createRequire(url)(fileURLToPath(url)) as Thread) : load(url.href);

/** The function that Piscina calls in each thread of a pool. */
export default async (request: Parameters<typeof handleRequest>[0]): Promise<unknown> =>
  (await thread).handleRequest(request);
