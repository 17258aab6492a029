import type { NodeError } from "../../errors.js";
import type { Part } from "../elements.js";
import type { Scope } from "../scope.js";
import type { KnownFailure, Progress } from "./protocol.js";

export interface WindowRange extends Part {
  /** How many elements of the visit come before it. */
  readonly offset: number;
}

/** The part of a map that a visit sees: its elements, and who watches them from outside. */
export class Window {
  /** The index of its first element in the whole map. */
  readonly first: number;
  readonly count: number;
  readonly indices: readonly number[] | undefined;
  private readonly offset: number;
  private readonly known: Map<string, NodeError>;

  constructor(
    range: WindowRange | undefined,
    private readonly progress: Progress,
    private readonly scope: Scope,
    known: readonly KnownFailure[],
  ) {
    this.first = range?.first ?? 0;
    this.count = range?.count ?? 1;
    this.indices = range?.indices;
    this.offset = range?.offset ?? 0;
    this.known = new Map(known.map(({ step, element, error }) => [`${step} ${element}`, error]));
  }

  /** An element whose thread died under it too often is not tried again: its error. */
  failureOf(step: number, element: number): NodeError | undefined {
    return this.known.size === 0 ? undefined : this.known.get(`${step} ${element}`);
  }

  /** @param from indices within the window; `to` is the first one after them. */
  begin(step: number, from: number, to: number): void {
    this.scope.check();
    this.progress.begin(step, from + this.offset, to + this.offset);
  }

  /** An element that is under way comes to another step. */
  goOn(step: number, element: number): void {
    this.progress.goOn(step, element + this.offset);
  }

  end(from: number, to: number): void {
    this.progress.end(from + this.offset, to + this.offset);
  }
}
