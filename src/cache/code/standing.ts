import { getOrCreate } from "../../util/get-or-create.js";

/** The digests of a function or an object when a run that has ended began, and when it ended: a change by its nodes is no edit. */
interface State {
  readonly before: string;
  readonly after: string;
  /** True if it led to something that can't be known when the run began. */
  readonly wasFlawed: boolean;
}

const states = new WeakMap<object, State>();
/** For an object that nodes have left state in: by the functions that were entered, the code that led to it. */
const leftBy = new WeakMap<object, WeakMap<object, Left>>();

interface Left {
  readonly code: string;
  /** The digest of the content that counted beside it; undefined: none did. */
  readonly content: string | undefined;
}

/** For a function, by the identities when a run ended, those when it began. */
const sharings = new WeakMap<object, Map<string, string>>();

/** The begin of a run whose nodes have run. */
export interface Baseline {
  /** The digest that a function or an object counted as; undefined if it was not there. */
  digestOf(owner: object): string | undefined;
  /** True if it led to something that can't be known. */
  wasFlawed(owner: object): boolean;
  /** The name of something in a piece of this pass that has changed, since then, in a way that no code of the nodes could have. */
  changedByOthers(id: number): string | undefined;
}

/** Logs, counters and memories that nodes fill as they run count as they were before. What others change counts. */
export class StableDigests {
  /** The objects and functions that pieces are. */
  readonly owners = new Map<number, object>();
  /** Pieces that count as they were when a run began, and are something else now: the digests of what they are. */
  readonly restored = new Map<number, string>();
  /** Of those, the ones that all lead to each other. */
  private readonly parts = new Map<number, readonly number[]>();
  /** The names of what others than the nodes have changed in pieces, since a run began. */
  readonly changed = new Map<number, string>();
  /** Undefined: a run begins. */
  baseline: Baseline | undefined;

  /**
   * Sets what pieces count as in those that reach them.
   *
   * @param part pieces that all lead to each other: none of them has only the changes of nodes unless all have.
   * @returns those that count as they were, and led to nothing unknown then, whatever nodes have left in them.
   */
  set(part: readonly number[], digests: string[]): readonly number[] {
    const { baseline } = this;
    const sound: number[] = [];
    let isOfOthers = false;
    for (const id of baseline === undefined ? [] : part) {
      const owner = this.owners.get(id);
      // What is equal need not be compared.
      const isEqual = owner === undefined || baseline!.digestOf(owner) === digests[id];
      const changed = isEqual ? undefined : baseline!.changedByOthers(id);
      if (changed === undefined) continue;
      isOfOthers = true;
      this.changed.set(id, changed);
    }
    for (const id of part) {
      const owner = this.owners.get(id);
      if (owner === undefined) continue;
      const digest = digests[id]!;
      const state = baseline === undefined ? stateOf(owner, digest) : since(baseline, owner, digest);
      if (isOfOthers) states.delete(owner);
      else if (baseline !== undefined) states.set(owner, state!);
      if (state === undefined || state.before === digest) continue;
      this.restored.set(id, digest);
      this.parts.set(id, part);
      digests[id] = state.before;
      if (!state.wasFlawed) sound.push(id);
    }
    return sound;
  }

  /** Some code reads a piece that counts as it was, and has not changed it: from the next run on, it counts as it is now. */
  forget(id: number): void {
    for (const each of this.parts.get(id)!) {
      const owner = this.owners.get(each);
      if (owner !== undefined) states.delete(owner);
    }
  }
}

/** The identities of what a function reaches, as they count. */
export function restoredSharing(fn: object | undefined, sharing: string): string {
  return (fn && sharings.get(fn)?.get(sharing)) ?? sharing;
}

/** The nodes of a run have changed what a function reaches. */
export function setSharing(fn: object, before: string, after: string): void {
  const known = getOrCreate(sharings, fn, () => new Map<string, string>());
  known.delete(after);
  if (before !== after) known.set(after, before);
  // A function of many objects has those of each.
  if (known.size > MOST) known.delete(known.keys().next().value!);
}

const MOST = 32;

/** The state that the nodes of the last run have left counts as the one that they have found; any other is an edit, and the new state. */
function stateOf(owner: object, digest: string): State | undefined {
  const state = states.get(owner);
  if (state === undefined || state.after === digest) return state;
  states.delete(owner);
  return undefined;
}

function since(baseline: Baseline, owner: object, digest: string): State {
  return { before: baseline.digestOf(owner) ?? digest, after: digest, wasFlawed: baseline.wasFlawed(owner) };
}

/** The nodes of a run have left state in an object. @param left the code that led to it, from a function that was entered. */
export function noteState(owner: object, fn: object, left: Left): void {
  getOrCreate(leftBy, owner, () => new WeakMap<object, Left>()).set(fn, left);
}

/**
 * The content that counts beside some code because nodes have left it in an object before that code changed: a memo's values are those of
 * another state of the program. From then on it counts as it was when a run began with the new code.
 *
 * @param content the digest of what is in the object now.
 */
export function oldContent(owner: object, fn: object, code: string, content: string): string | undefined {
  const left = leftBy.get(owner)?.get(fn);
  return left === undefined || left.code === code ? left?.content : content;
}
