/** What a function or an object was when a run began, and when the last one ended: what runs make of it is no edit. */
interface State {
  readonly begun: string;
  ended: string;
}

const states = new WeakMap<object, State>();

/** Whether a pass is at the beginning of a run, while nothing else runs; or while something runs, or at its end. */
export type When = "before" | "after";

/** Logs, counters and memories that nodes fill as they run count as they were before. What others change between runs counts. */
export class Standing {
  /** The objects and functions that pieces are. */
  readonly owners = new Map<number, object>();
  /** Pieces that count as they were when a run began, and are something else now. */
  readonly stood = new Set<number>();

  constructor(private readonly when: When) {}

  /** What counts of a piece in those that lead to it. */
  digestFor(id: number, digest: string): string {
    const owner = this.owners.get(id);
    if (owner === undefined) return digest;
    const state = states.get(owner);
    if (state !== undefined) {
      if (this.when === "after") state.ended = digest;
      if (digest === state.ended) {
        if (digest !== state.begun) this.stood.add(id);
        return state.begun;
      }
    }
    states.set(owner, { begun: digest, ended: digest });
    return digest;
  }
}
