import { once } from "../../util/on-demand.js";
import { ANY_MEMBER, CLOSED } from "./form-writes.js";
import { STATE } from "./package-state.js";
import type { Walk } from "./walk.js";
import type { Step, Use, Writes, Writing } from "./writes.js";

/** The findings of a pass. */
export interface Reading
  extends Writing,
    Pick<Walk, "pieces" | "uses" | "memberNames" | "holders" | "passive" | "reachedFrom"> {
  /** The objects and functions that pieces are. */
  readonly owners: ReadonlyMap<number, object>;
}

/** The pieces that come next in one, by what they are there. */
interface Parts {
  readonly used: { readonly use: Use; readonly id: number }[];
  readonly members: Map<string, number>;
  readonly others: number[];
}

const KEY = "key ";

/** The things that code may have written. */
interface Written {
  readonly writes: Writes;
  /** The objects that other names than a path may stand for in it. */
  readonly handedOn: ReadonlySet<object>;
  /** The objects that are in those which methods of packages, or of Node, are called on: what functions see is not. */
  readonly inWholes: ReadonlySet<object>;
}

/** The differences between what a run's code read when the run began and when it ended. */
export class Changes {
  private readonly known = new Map<string, boolean>();
  /** By pair of pieces, the names of the variables, or members, that only others may have changed. */
  private readonly names = new Map<string, string>();

  private constructor(
    private readonly before: Reading,
    private readonly after: Reading,
    private readonly baseline: ReadonlyMap<object, number>,
    private readonly writtenBy: () => readonly Written[],
  ) {}

  /** The changes of which all code that was read may have made some. */
  static between(before: Reading, after: Reading): Changes {
    const baseline = new Map(Array.from(before.owners, ([id, owner]) => [owner, id]));
    return new Changes(
      before,
      after,
      baseline,
      once(() => [writtenIn(before), writtenIn(after)]),
    );
  }

  /** The changes of which only the code that a piece leads to may have made some. */
  by(id: number): Changes {
    const { before, after } = this;
    const old = this.pieceBefore(after.owners.get(id)!);
    const written = once(() => {
      const now = writtenIn(after, after.reachedFrom(id));
      return old === undefined ? [now] : [now, writtenIn(before, before.reachedFrom(old))];
    });
    return new Changes(before, after, this.baseline, written);
  }

  /** The piece that a function or an object was. */
  pieceBefore(owner: object): number | undefined {
    return this.baseline.get(owner);
  }

  /** The name of something in a function or an object that has changed in a way that no code of the nodes could have; undefined: nothing. */
  changedByOthers(id: number): string | undefined {
    const before = this.pieceBefore(this.after.owners.get(id)!);
    if (before === undefined || this.isOfNodes(before, id)) return undefined;
    return this.names.get(`${before} ${id}`) ?? this.after.pieces[id]!.name;
  }

  /** True if all that is different in a piece may have been written by code of the nodes. */
  private isOfNodes(before: number, after: number): boolean {
    const pair = `${before} ${after}`;
    let answer = this.known.get(pair);
    if (answer === undefined) {
      // In a cycle it is decided by the others.
      this.known.set(pair, true);
      answer = this.compare(before, after);
      this.known.set(pair, answer);
    }
    return answer;
  }

  private compare(before: number, after: number): boolean {
    // Only the package changes it.
    if (this.after.pieces[after]!.text.startsWith(STATE)) return this.writes(({ ofPackages }) => ofPackages);
    const holder = this.before.holders.get(before);
    const object = holder ?? this.before.owners.get(before);
    if (holder === undefined && typeof object === "object" && this.mayFill(object)) return true;
    const [old, now] = [partsOf(this.before, before), partsOf(this.after, after)];
    if (old.others.length !== now.others.length || old.used.length !== now.used.length) return false;
    if (!old.others.every((id, i) => this.isSame(id, now.others[i]!))) return false;
    for (const [i, { use, id }] of old.used.entries()) {
      const changed = this.changedOnTheWay(use, now.used[i]!.use);
      if (changed === undefined ? this.isSame(id, now.used[i]!.id) : this.mayChange(changed)) continue;
      if (changed !== undefined) this.names.set(`${before} ${after}`, this.nameOf(changed.holder, changed.key));
      return false;
    }
    let hasOtherMembers = false;
    for (const key of new Set([...old.members.keys(), ...now.members.keys()])) {
      const [one, other] = [old.members.get(key), now.members.get(key)];
      hasOtherMembers ||= one === undefined || other === undefined;
      if (one !== undefined && other !== undefined && this.isSame(one, other)) continue;
      if (object !== undefined && this.mayWrite(object, key)) continue;
      // Only the package assigns it.
      if (key.startsWith(CLOSED) && this.writes(({ ofPackages, ofNode }) => ofPackages || ofNode)) continue;
      this.names.set(`${before} ${after}`, this.nameOf(object, key));
      return false;
    }
    // The names of members are part of the text.
    return hasOtherMembers || this.before.pieces[before]!.text === this.after.pieces[after]!.text;
  }

  /** `config.factor`, `factor` */
  private nameOf(holder: object | undefined, key: string): string {
    const id = holder && this.baseline.get(holder);
    const name = id === undefined ? "" : this.before.pieces[id]!.name;
    return name === "" ? key.replace(/^.*=/, "") : `${name}.${key}`;
  }

  private isSame(before: number, after: number): boolean {
    const [one, other] = [this.before.owners.get(before), this.after.owners.get(after)];
    return one === undefined && other === undefined ? this.isOfNodes(before, after) : one === other;
  }

  /** The first value on the way that is another one decides: those behind it come with it. */
  private changedOnTheWay(before: Use, after: Use): Step | undefined {
    return before.steps.find(({ value }, i) => after.steps[i] !== undefined && !Object.is(value, after.steps[i].value));
  }

  private mayChange({ holder, key }: Step): boolean {
    return holder === undefined ? this.writes((each) => each.has(key)) : this.mayWrite(holder, key);
  }

  private mayWrite(holder: object, key: string): boolean {
    if (this.isInWhole(holder) || this.writes((each) => each.writesTo(holder, key))) return true;
    return this.isHandedOn(holder) && this.writes((each) => each.mayWriteAny(key));
  }

  private mayFill(object: object): boolean {
    if (this.isInWhole(object) || this.writes((each) => each.writesTo(object, ANY_MEMBER))) return true;
    return this.isHandedOn(object) && this.writes((each) => each.mayFillAny(object));
  }

  private isInWhole(object: object): boolean {
    return this.writtenBy().some(({ inWholes }) => inWholes.has(object));
  }

  private isHandedOn(object: object): boolean {
    return this.writtenBy().some(({ handedOn }) => handedOn.has(object));
  }

  private writes(may: (writes: Writes) => boolean): boolean {
    return this.writtenBy().some(({ writes }) => may(writes));
  }
}

/** @param reached the pieces of that code; undefined: all code of the nodes. */
function writtenIn(reading: Reading, reached?: ReadonlySet<number>): Written {
  const writes = reached === undefined ? reading.writes : reading.writesAmong((id) => reached.has(id));
  return { writes, handedOn: handedOn(reading, writes, reached), inWholes: inWholes(reading, writes) };
}

function handedOn(
  { pieces, uses, passive, owners }: Reading,
  writes: Writes,
  reached: Iterable<number> = pieces.keys(),
): Set<object> {
  const found = new Set(writes.handedOn);
  for (const from of reached) {
    if (passive.has(from)) continue;
    const used = uses.get(from);
    for (const [i, id] of pieces[from]!.next.entries()) {
      const owner = used?.[i]?.isHandedOn === false ? undefined : owners.get(id);
      if (owner !== undefined) found.add(owner);
    }
  }
  return found;
}

function inWholes({ pieces, owners }: Reading, writes: Writes): Set<object> {
  const found = new Set<object>();
  const seen = new Set(writes.wholes);
  for (const id of seen) {
    const owner = owners.get(id);
    if (typeof owner === "function") continue;
    if (owner !== undefined) found.add(owner);
    for (const next of pieces[id]!.next) seen.add(next);
  }
  return found;
}

function partsOf({ pieces, uses, memberNames }: Reading, id: number): Parts {
  const parts: Parts = { used: [], members: new Map(), others: [] };
  const [used, names] = [uses.get(id), memberNames.get(id)];
  let key: string | undefined;
  for (const [i, next] of pieces[id]!.next.entries()) {
    const use = used?.[i];
    const { text } = pieces[next]!;
    const name = names?.[i] ?? key;
    key = undefined;
    if (use !== undefined) parts.used.push({ use, id: next });
    else if (name !== undefined) parts.members.set(name, next);
    else if (text.startsWith(KEY)) key = text.slice(KEY.length);
    else parts.others.push(next);
  }
  return parts;
}
