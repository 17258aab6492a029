/** Whether a value has to be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> & { then: Promise<unknown>["then"] } {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
