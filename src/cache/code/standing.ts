/** The digests of a function or an object at the begin of a run and at the end of the last one: a change by a run is no edit. */
interface State {
  readonly before: string;
  after: string;
}

const states = new WeakMap<object, State>();

/** The time of a pass: at the begin of a run while no other runs, or later. */
export type When = "before" | "after";

/** Logs, counters and memories that nodes fill as they run count as they were before. What others change between runs counts. */
export class StableDigests {
  /** The objects and functions that pieces are. */
  readonly owners = new Map<number, object>();
  /** Pieces that count as they were when a run began, and are something else now. */
  readonly restored = new Set<number>();

  constructor(private readonly when: When) {}

  /** The contribution of a piece to those that reach it. */
  digestFor(id: number, digest: string): string {
    const owner = this.owners.get(id);
    if (owner === undefined) return digest;
    const state = states.get(owner);
    if (state !== undefined) {
      if (this.when === "after") state.after = digest;
      if (digest === state.after) {
        if (digest !== state.before) this.restored.add(id);
        return state.before;
      }
    }
    states.set(owner, { before: digest, after: digest });
    return digest;
  }
}
