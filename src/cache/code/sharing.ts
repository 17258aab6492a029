import { getOrCreate } from "../../util/get-or-create.js";
import { sha256 } from "../../util/sha256.js";
import { isNamespace } from "./reflection.js";
import type { Walk } from "./walk.js";
import type { Step, Use, Writes, Writing } from "./writes.js";

/** A walk that has come to its end. */
interface Graph extends Writing, Pick<Walk, "pieces" | "identities" | "uses" | "language"> {
  /** The piece that an object is. */
  pieceOf(object: object): number | undefined;
}

/** Something that is one, and not another one that is equal to it: an object by its piece, an object, a variable by its name. */
type Identity = number | object | string;

/** A variable, or an object with a member, that code reads by a path and code may write. */
interface Place {
  readonly identity: Identity;
  /** The reference at which it was met. */
  readonly at: string;
}

/**
 * The objects that pieces reach by several paths, and the variables and objects that code may write: `a === b` is not the same as that
 * they are equal.
 */
export class Sharing {
  /** By piece, whether a walk has come to it, and how often: all 0 between walks. Each method of a program walks all that it reaches. */
  private isSeen = new Uint8Array(0);
  private ways = new Uint32Array(0);

  constructor(private readonly graph: Graph) {}

  /** The identities of what a piece reaches by several paths, and of what its code may write. Empty where there is nothing like that. */
  of(id: number, digests: readonly string[], stood: ReadonlyMap<number, unknown>): string {
    const { pieces } = this.graph;
    if (this.isSeen.length < pieces.length) {
      this.isSeen = new Uint8Array(2 * pieces.length);
      this.ways = new Uint32Array(2 * pieces.length);
    }
    const seen = [id];
    const isShared = this.walk(seen, stood);
    const written = this.graph.writes.hasAny ? this.writtenPlaces(seen, digests, stood) : [];
    const found = isShared || written.length > 0 ? this.identities(seen, digests, stood, written) : "";
    for (const at of seen) this.isSeen[at] = this.ways[at] = 0;
    return found;
  }

  /** Adds what the first piece reaches. @returns whether an object is reached twice. */
  private walk(seen: number[], stood: ReadonlyMap<number, unknown>): boolean {
    const { isSeen, ways } = this;
    const { pieces, identities } = this.graph;
    let isShared = false;
    isSeen[seen[0]!] = 1;
    for (const at of seen) {
      // What runs have put into something was not there when the first one began.
      if (stood.has(at)) continue;
      for (const next of pieces[at]!.next) {
        if (isSeen[next] === 0) {
          isSeen[next] = 1;
          seen.push(next);
        }
        if (identities.has(next) && ++ways[next]! > 1) isShared = true;
      }
    }
    return isShared;
  }

  private identities(
    seen: readonly number[],
    digests: readonly string[],
    stood: ReadonlyMap<number, unknown>,
    written: readonly Place[],
  ): string {
    const { pieces } = this.graph;
    const numbers = new Map<Identity, number>();
    const number = (identity: Identity) => getOrCreate(numbers, identity, () => numbers.size);
    const places = written.map(({ at, identity }) => `${at} ${number(identity)}`);
    for (const from of seen) {
      if (stood.has(from)) continue;
      for (const [place, next] of pieces[from]!.next.entries())
        if (this.ways[next]! > 1 || numbers.has(next)) places.push(`${digests[from]} ${place} ${number(next)}`);
    }
    return sha256(places.join("\n"));
  }

  /** By a value alone it does not show which of several equal ones code writes, and which it reads. */
  private writtenPlaces(
    seen: readonly number[],
    digests: readonly string[],
    stood: ReadonlyMap<number, unknown>,
  ): Place[] {
    const found: Place[] = [];
    const own = this.graph.writesAmong((id) => this.isSeen[id] === 1);
    for (const from of seen) {
      if (stood.has(from)) continue;
      for (const [i, use] of (this.graph.uses.get(from) ?? []).entries()) {
        // `uses` has gaps.
        for (const [j, step] of (use?.steps ?? []).entries()) {
          const identity = this.identityOf(step, use, own);
          if (identity !== undefined)
            found.push({ identity, at: `${digests[from]} ${i} ${j} ${use.imported ?? use.exported ?? ""}` });
        }
      }
    }
    return found;
  }

  /** Undefined for what no code writes. What another node writes counts where its code shows which object, or variable, that is. */
  private identityOf({ holder, key }: Step, { imported }: Use, own: Writes): Identity | undefined {
    const { writes: all, language } = this.graph;
    if (holder === undefined) {
      if (imported === undefined) return all.has(key) ? key : undefined;
      // V8 does not show which variable of another script it is: its name there counts.
      return own.hasVariables ? imported : undefined;
    }
    if (isNamespace(holder) || language.names.has(holder)) return undefined;
    const isWritten = all.writesTo(holder, key) || own.mayWriteAny(key) || own.mayWritePossibly(holder, key);
    return isWritten ? (this.graph.pieceOf(holder) ?? holder) : undefined;
  }
}
