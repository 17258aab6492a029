import { remembered } from "../../graph/remembered.js";
import { hashOf } from "./packages.js";
import type { Pieces } from "./pieces.js";

/**
 * How objects hang together that a piece leads to by several ways: `a === b` is another matter than that they are equal.
 * Empty where no object is reached twice.
 */
export function sharingOf(
  id: number,
  { pieces, identities }: Pieces,
  digests: readonly string[],
  stood: ReadonlySet<number>,
): string {
  const ways = new Map<number, number>();
  const seen = new Set([id]);
  const visit = (each: (next: number, from: number, place: number) => void): void => {
    for (const at of seen) {
      // What runs have put into something was not there when the first one began.
      if (stood.has(at)) continue;
      for (const [place, next] of pieces[at]!.next.entries()) {
        seen.add(next);
        if (identities.has(next)) each(next, at, place);
      }
    }
  };
  visit((next) => void ways.set(next, (ways.get(next) ?? 0) + 1));
  if ([...ways.values()].every((count) => count === 1)) return "";
  const places = new Map<number, string[]>();
  visit((next, from, place) => {
    if (ways.get(next)! > 1) remembered(places, next, () => []).push(`${digests[from]} ${place}`);
  });
  return hashOf(
    Array.from(places.values(), (all) => all.sort().join())
      .sort()
      .join("\n"),
  );
}
