import type { Piece } from "./pieces.js";

/** A reason why code can't be known, and the number of the piece that it is about. */
export interface Flaw {
  readonly problem: string;
  readonly at: number;
}

/**
 * A problem in words, with its place: what has it, by its name in the function of the program that uses it.
 *
 * @param way the pieces that lead to the one that has the problem, and that itself.
 */
export function describeFlaw(problem: string, way: readonly Piece[]): string {
  const code = way.findLast(isOwnCode);
  const behind = code === undefined ? way : way.slice(way.indexOf(code) + 1);
  const named = behind.filter(({ name }) => name !== "");
  const names = [named[0], named.findLast(isOfPackage)].filter((piece, i, all) => piece && all.indexOf(piece) === i);
  const isInside = names.length > 0 && behind.at(-1)?.name === "";
  const what =
    names.length === 0 ? "" : ` (${isInside ? "inside " : ""}${names.map((piece) => piece!.name).join(", ")})`;
  const place = code === undefined ? "" : `, in ${code.name} of ${code.file}`;
  return `${problem}${what}${place}`;
}

/** True for a function or a class of the program. */
function isOwnCode({ source, name, file }: Piece): boolean {
  return source !== undefined && file !== "" && !name.startsWith(OF_PACKAGE);
}

function isOfPackage({ name }: Piece): boolean {
  return name.startsWith(OF_PACKAGE);
}

const OF_PACKAGE = "package ";
