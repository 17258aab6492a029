import { getOrCreate } from "../../util/get-or-create.js";
import { sha256 } from "../../util/sha256.js";
import type { Pieces } from "./pieces.js";

/** The objects that pieces reach by several paths: `a === b` is not the same as that they are equal. */
export class Sharing {
  /** By piece, whether a walk has come to it, and how often: all 0 between walks. Each method of a program walks all that it reaches. */
  private isSeen = new Uint8Array(0);
  private ways = new Uint32Array(0);

  constructor(private readonly graph: Pieces) {}

  /** The identities of objects that a piece reaches by several paths. Empty where no object is reached twice. */
  of(id: number, digests: readonly string[], stood: ReadonlySet<number>): string {
    const { pieces } = this.graph;
    if (this.isSeen.length < pieces.length) {
      this.isSeen = new Uint8Array(2 * pieces.length);
      this.ways = new Uint32Array(2 * pieces.length);
    }
    const seen = [id];
    const found = this.walk(seen, stood) ? this.places(seen, digests, stood) : "";
    for (const at of seen) this.isSeen[at] = this.ways[at] = 0;
    return found;
  }

  /** Adds what the first piece reaches. @returns whether an object is reached twice. */
  private walk(seen: number[], stood: ReadonlySet<number>): boolean {
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

  private places(seen: readonly number[], digests: readonly string[], stood: ReadonlySet<number>): string {
    const { pieces } = this.graph;
    const numbers = new Map<number, number>();
    const places: string[] = [];
    for (const from of seen) {
      if (stood.has(from)) continue;
      for (const [place, next] of pieces[from]!.next.entries()) {
        if (this.ways[next]! > 1)
          places.push(`${digests[from]} ${place} ${getOrCreate(numbers, next, () => numbers.size)}`);
      }
    }
    return sha256(places.join("\n"));
  }
}
