import { getOrCreate } from "../../util/get-or-create.js";

/** A piece of what some code can reach: a function, a class, an object, a value. */
export interface Piece {
  /** Its name in explanations: `normalise()`, `class Encoder`. */
  readonly name: string;
  /** The file it is in, from the package that this is in. */
  readonly file: string;
  /** The import that it has in that file, `["SIZE","./config.js"]`, and the file's address. */
  imported?: readonly [what: string, by: string] | undefined;
  /** Its own content, without the pieces that it reaches. */
  text: string;
  /** The numbers of those. */
  readonly next: number[];
  /** The reason why its effects cannot be known. */
  problem: string | undefined;
  /** The file that its code was loaded from. */
  source?: string | undefined;
  /** The files that its code loads when it runs. */
  lazySources?: readonly string[] | undefined;
}

/** The pieces that a walk has come to, by their numbers. */
export class Pieces {
  readonly pieces: Piece[] = [];
  /** True if any code of them loads files when it runs. */
  importsLazily = false;
  /** Those of objects and symbols: each is one, and not another one that is equal to it. */
  readonly identities = new Set<number>();
  private readonly leaves = new Map<string, number>();

  piece(name: string, file = ""): number {
    this.pieces.push({ name, file, text: "", next: [], problem: undefined });
    return this.pieces.length - 1;
  }

  leaf(text: string, name = ""): number {
    return getOrCreate(this.leaves, `${text}\n${name}`, () => {
      const id = this.piece(name);
      this.pieces[id]!.text = text;
      return id;
    });
  }

  unknown(id: number, problem: string): void {
    this.pieces[id]!.problem ??= problem;
  }

  /** For each piece, those that lead to it. @param isEnd true for a piece that does not count as leading on. */
  leadingTo(isEnd: (piece: Piece) => boolean = () => false): number[][] {
    const before = this.pieces.map((): number[] => []);
    for (const [from, piece] of this.pieces.entries())
      if (!isEnd(piece)) for (const to of piece.next) before[to]!.push(from);
    return before;
  }

  /** The pieces on a shortest way from one to another that it leads to, with both. */
  wayTo(to: number, from: number): Piece[] {
    const before = new Map<number, number | undefined>([[from, undefined]]);
    for (const [at] of before) {
      if (at === to) break;
      for (const next of this.pieces[at]!.next) if (!before.has(next)) before.set(next, at);
    }
    const way: Piece[] = [];
    for (let at: number | undefined = to; at !== undefined; at = before.get(at)) way.unshift(this.pieces[at]!);
    return way;
  }

  /** @param isEnd true for a piece behind which nothing is looked at, and that is none of those found. */
  reachedFrom(id: number, isEnd: (id: number) => boolean = () => false): Set<number> {
    const found = new Set<number>([id]);
    for (const at of found) for (const next of this.pieces[at]!.next) if (!isEnd(next)) found.add(next);
    return found;
  }
}
