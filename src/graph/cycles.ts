/**
 * Finds the cycles of a graph, one for each back edge of a depth-first walk: `["a", "b", "a"]`. Linear in edges, and
 * without recursion, so that the length of a chain is only limited by memory.
 */
export function findCycles(names: Iterable<string>, dependenciesOf: (name: string) => readonly string[]): string[][] {
  const cycles: string[][] = [];
  const state = new Map<string, "open" | "done">();
  for (const root of names) {
    if (state.has(root)) continue;
    const path = [root];
    const pending = [dependenciesOf(root)[Symbol.iterator]()];
    state.set(root, "open");
    while (pending.length > 0) {
      const next = pending.at(-1)!.next();
      if (next.done) {
        state.set(path.pop()!, "done");
        pending.pop();
      } else if (state.get(next.value) === "open") {
        // The walk leads from dependent to dependency; reversed, it is the direction of the values.
        cycles.push([...path.slice(path.indexOf(next.value)), next.value].reverse());
      } else if (!state.has(next.value)) {
        state.set(next.value, "open");
        path.push(next.value);
        pending.push(dependenciesOf(next.value)[Symbol.iterator]());
      }
    }
  }
  return cycles;
}
