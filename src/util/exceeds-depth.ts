/**
 * Whether a value is nested more than some levels deep, or refers to itself. The walk is a loop: it takes any depth.
 *
 * @param levels how many levels of arrays, objects, Maps and Sets are allowed.
 */
export function exceedsDepth(value: unknown, levels: number): boolean {
  /** By object, the deepest level at which it was met: that of a shared one may be lower elsewhere. */
  const met = new Map<object, number>();
  const pending: { readonly value: unknown; readonly level: number }[] = [{ value, level: 0 }];
  while (pending.length > 0) {
    const { value, level } = pending.pop()!;
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) continue;
    if (level >= levels) return true;
    if ((met.get(value) ?? -1) >= level) continue;
    met.set(value, level);
    for (const inner of partsOf(value)) pending.push({ value: inner, level: level + 1 });
  }
  return false;
}

function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value;
  if (value instanceof Map) return value.values();
  const descriptors = Object.values(Object.getOwnPropertyDescriptors(value));
  return descriptors.map((descriptor) => descriptor.value);
}
