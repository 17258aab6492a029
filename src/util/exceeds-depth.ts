/**
 * Tells if a value is nested more than some levels deep, or refers to itself. The walk is a loop, so any depth is
 * possible.
 *
 * @param levels maximum number of nested arrays, objects, Maps and Sets.
 */
export function exceedsDepth(value: unknown, levels: number): boolean {
  /** For each object, the deepest level at which it was found: a shared object may also occur at a higher one. */
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
