import { HypernodesError } from "../errors.js";
import { onDemand } from "./on-demand.js";

// Only used in other runtimes.
const inspector = onDemand<typeof import("node:inspector")>("node:inspector");
const v8 = onDemand<typeof import("node:v8")>("node:v8");

const { bun, deno } = process.versions as { readonly bun?: string; readonly deno?: string };

/** Name and version of the runtime, if it is not Node. */
const OTHER = bun !== undefined ? `Bun ${bun}` : deno !== undefined ? `Deno ${deno}` : undefined;

const NEEDS = {
  threads: {
    lacks: () => (hasSerializer() ? undefined : "V8's serializer, which threads need"),
    advice: 'Run it with maps and nodes "async" or "sequential", or under Node.',
  },
  "a cache": {
    lacks: () => {
      if (!hasSerializer()) return "V8's serializer, which the cache needs";
      return hasInspector() ? undefined : "V8's inspector, which reads the code of nodes";
    },
    advice: "Run it without: { cache: false }, or under Node.",
  },
};

/**
 * Checks before anything runs that a runtime other than Node has the necessary functions.
 *
 * @throws {HypernodesError} `NOT_SUPPORTED`
 */
export function checkRuntime(needed: keyof typeof NEEDS, pipeline: string): void {
  if (OTHER === undefined) return;
  const { lacks: findMissing, advice } = NEEDS[needed];
  const missing = findMissing();
  if (missing === undefined) return;
  throw new HypernodesError({
    code: "NOT_SUPPORTED",
    where: pipeline,
    problem: `it needs ${needed}, and ${OTHER} does not have ${missing}`,
    advice,
  });
}

function hasSerializer(): boolean {
  try {
    return new (v8().Serializer)().releaseBuffer() !== undefined;
  } catch {
    return false;
  }
}

/** True if there is an inspector that answers synchronously: Deno's does not. */
function hasInspector(): boolean {
  let answered = false;
  const session = new (inspector().Session)();
  try {
    session.connect();
    session.post("Runtime.evaluate", { expression: "1" }, () => {
      answered = true;
    });
    return answered;
  } catch {
    return false;
  } finally {
    session.disconnect();
  }
}
