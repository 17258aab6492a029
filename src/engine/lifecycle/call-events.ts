import { asError } from "../../util/as-error.js";
import type { EventInput, EventInputOf } from "./events.js";

type Writable<E> = E extends unknown ? { -readonly [K in keyof E]: E[K] } : never;

/** A call that events are of. */
export interface CallPath {
  readonly path: string;
  readonly name: string;
  /** The index of the element, or of the first one of a batch; undefined: it is a node's call. */
  readonly element: number | undefined;
  /** The number of elements of a batch. */
  readonly size?: number | undefined;
}

/*
 * The events of one call. Each is made in one piece: there may be two for each of a million elements.
 */

export function started({ path, name, element, size }: CallPath, queuedMs?: number): EventInput {
  if (element !== undefined) return sized({ type: "element", phase: "start", path, name, element }, size);
  if (queuedMs === undefined) return { type: "node", phase: "start", path, name };
  return { type: "node", phase: "start", path, name, queuedMs };
}

export function ended({ path, name, element, size }: CallPath, durationMs: number): EventInput {
  if (element === undefined) return { type: "node", phase: "end", path, name, durationMs };
  return sized({ type: "element", phase: "end", path, name, element, durationMs }, size);
}

export function failedWith({ path, name, element, size }: CallPath, thrown: unknown, durationMs: number): EventInput {
  const error = asError(thrown);
  if (element === undefined) return { type: "node", phase: "failed", path, name, error, durationMs };
  return sized({ type: "element", phase: "failed", path, name, element, error, durationMs }, size);
}

export function retried(
  { path, name, element, size }: CallPath,
  error: unknown,
  attempt: number,
  delayMs: number,
): EventInput {
  if (element === undefined) return { type: "node", phase: "retried", path, name, error, attempt, delayMs };
  return sized({ type: "element", phase: "retried", path, name, element, error, attempt, delayMs }, size);
}

function sized(
  event: Writable<EventInputOf<"element", "start" | "end" | "failed" | "retried">>,
  size: number | undefined,
): EventInput {
  if (size !== undefined) event.size = size;
  return event;
}
