import { IsArray, IsNotEmpty, IsString } from "class-validator";

export class Passage {
  @IsString() @IsNotEmpty() id!: string;
  @IsString() @IsNotEmpty() text!: string;
}

export class Query {
  @IsString() @IsNotEmpty() id!: string;
  @IsString() @IsNotEmpty() text!: string;
  /** The ids of the passages that answer it. */
  @IsArray() @IsString({ each: true }) relevant!: string[];
}

/** A passage found for a query: its position in the corpus, and how well it fits. */
export interface Hit {
  readonly passage: number;
  readonly score: number;
}

export interface Prediction {
  readonly query: string;
  /** Best first. */
  readonly hits: readonly { readonly id: string; readonly score: number }[];
}

/** Hits sorted, best first; of equals the earlier passage. */
export function ranked(hits: Iterable<Hit>, limit = Number.POSITIVE_INFINITY): Hit[] {
  const sorted = [...hits].sort((a, b) => b.score - a.score || a.passage - b.passage);
  return sorted.slice(0, limit);
}
