const AsyncFunction = (async () => {}).constructor;

export function isAsync(method: Function): boolean {
  return method instanceof AsyncFunction;
}
