/** The digests of a function or an object when a run that has ended began, and when it ended: a change by its nodes is no edit. */
interface State {
  readonly before: string;
  readonly after: string;
}

const states = new WeakMap<object, State>();

/** The contributions of functions and objects to the codes of one run, as it began. */
export type Contributions = Map<object, string>;

/** Logs, counters and memories that nodes fill as they run count as they were before. What others change between runs counts. */
export class StableDigests {
  /** The objects and functions that pieces are. */
  readonly owners = new Map<number, object>();
  /** Pieces that count as they were when a run began, and are something else now. */
  readonly restored = new Set<number>();
  /** The contributions of this pass, if it is that at the begin of a run. */
  readonly contributions: Contributions = new Map();

  /** @param baseline the contributions at the start of the run whose nodes have run. Undefined: a run starts. */
  constructor(private readonly baseline?: Contributions) {}

  /** The contribution of a piece to those that reach it. */
  digestFor(id: number, digest: string): string {
    const owner = this.owners.get(id);
    if (owner === undefined) return digest;
    const counted = this.baseline === undefined ? restoredDigest(owner, digest) : (this.baseline.get(owner) ?? digest);
    if (this.baseline === undefined) this.contributions.set(owner, counted);
    else states.set(owner, { before: counted, after: digest });
    if (counted !== digest) this.restored.add(id);
    return counted;
  }
}

/** The state that the nodes of the last run have left counts as the one that they have found; any other is an edit, and the new state. */
function restoredDigest(owner: object, digest: string): string {
  const state = states.get(owner);
  if (state?.after === digest) return state.before;
  states.delete(owner);
  return digest;
}
