import { getOrCreate } from "../../util/get-or-create.js";
import { sha256 } from "../../util/sha256.js";
import type { Pieces } from "./pieces.js";

/**
 * The identities of objects that a piece reaches by several paths: `a === b` is not the same as that they are equal.
 * Empty where no object is reached twice.
 */
export function sharingOf(
  id: number,
  { pieces, identities }: Pieces,
  digests: readonly string[],
  stood: ReadonlySet<number>,
): string {
  // Each method of a program walks all that it reaches.
  const ways = new Uint32Array(pieces.length);
  const isSeen = new Uint8Array(pieces.length);
  const seen = [id];
  isSeen[id] = 1;
  let isShared = false;
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
  if (!isShared) return "";
  const numbers = new Map<number, number>();
  const places: string[] = [];
  for (const from of seen) {
    if (stood.has(from)) continue;
    for (const [place, next] of pieces[from]!.next.entries())
      if (ways[next]! > 1) places.push(`${digests[from]} ${place} ${getOrCreate(numbers, next, () => numbers.size)}`);
  }
  return sha256(places.join("\n"));
}
