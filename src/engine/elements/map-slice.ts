import type { NodeError } from "../../errors.js";
import type { ElementRange } from "./elements.js";
import type { TaskProgress } from "./task-progress.js";

export interface SliceRange extends ElementRange {
  /** The number of elements of the chunk that come before it. */
  readonly offset: number;
}

/** The part of a map that a chunk has: its elements, and their progress for the main thread. */
export class MapSlice {
  /** The index of its first element in the whole map. */
  readonly first: number;
  readonly count: number;
  readonly indices: readonly number[] | undefined;
  private readonly offset: number;
  private readonly known: Map<string, NodeError>;

  constructor(
    range: SliceRange | undefined,
    private readonly progress: TaskProgress,
    /** Throws once the call is no longer wanted. */
    private readonly scope: { check(): void },
    known: readonly KnownFailure[],
  ) {
    this.first = range?.first ?? 0;
    this.count = range?.count ?? 1;
    this.indices = range?.indices;
    this.offset = range?.offset ?? 0;
    this.known = new Map(known.map(({ step, element, error }) => [`${step} ${element}`, error]));
  }

  /** An element whose thread died under it too often is not tried again: its error. */
  knownFailure(step: number, element: number): NodeError | undefined {
    return this.known.size === 0 ? undefined : this.known.get(`${step} ${element}`);
  }

  /** @param from indices within the window; `to` is the first one after them. */
  start(step: number, from: number, to: number): void {
    this.scope.check();
    this.progress.startElement(step, from + this.offset, to + this.offset);
  }

  /** Notes that an element in flight has reached another step. */
  moveTo(step: number, element: number): void {
    this.progress.moveTo(step, element + this.offset);
  }

  end(from: number, to: number): void {
    this.progress.end(from + this.offset, to + this.offset);
  }
}

/** An element whose thread died under it once too often: its error stands for its value. */
export interface KnownFailure {
  /** The step's index in the stage. */
  readonly step: number;
  /** The element's index in the whole map. */
  readonly element: number;
  readonly error: NodeError;
}
