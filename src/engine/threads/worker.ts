import type { answer } from "./thread.js";

const url = new URL(`./thread.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url).href;
// Piscina requires this file before it imports it, and a loader that makes modules CommonJS for that (tsx) would do so
// with all that a plain import here brings: then everything, decorators' records too, would be there twice.
const load = new Function("url", "return import(url)") as (url: string) => Promise<{ answer: typeof answer }>;
const thread = load(url);

/** What Piscina calls in each thread of a pool. */
export default async (request: Parameters<typeof answer>[0]): Promise<unknown> => (await thread).answer(request);
