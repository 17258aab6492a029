import type { RunningExecution } from "../executor.js";
import { elementConcurrency } from "../settings.js";
import { type FusedMap, runFusedMaps } from "./map-fast-path.js";

/** A map as the chain that it is in sees it. */
export interface ChainedMap {
  /** Takes the elements that its sources have already, and asks them for the others. */
  join(chain: MapChain): void;
  endIfEmpty(): void;
  start(unit: number): void;
  /** Starts the next unit of whole lists. @returns false if there is none. */
  startNext(): boolean;
  /** The map for a loop of plain calls; undefined if it needs more than that. */
  fastPathLane(): FusedMap | undefined;
  startFastPathChildren(): void;
  advanceTo(done: number): void;
  advancePast(element: number): void;
  failOrAwait(element: number, exit: { readonly promise: Promise<unknown> } | { readonly error: unknown }): void;
}

/**
 * Maps that flow into each other, and the number of their calls in flight. An element goes through the whole chain
 * before the first map takes another.
 */
export class MapChain {
  private inFlight = 0;
  private isDraining = false;
  private started = false;
  private readonly limit: number;
  private readonly maps: ChainedMap[] = [];
  /** The units to do next, each after its map: the last put on comes first, so elements go deep before they go wide. */
  private readonly pending: (ChainedMap | number)[] = [];

  constructor(private readonly execution: RunningExecution) {
    this.limit = elementConcurrency(execution.settings);
  }

  add(map: ChainedMap): void {
    this.maps.push(map);
    map.join(this);
  }

  enqueue(map: ChainedMap, unit: number): void {
    this.pending.push(map, unit);
  }

  /** Starts units for as long as there are free places. */
  drain(): void {
    if (this.isDraining) return;
    this.isDraining = true;
    try {
      for (const map of this.maps) map.endIfEmpty();
      if (!this.started) this.runFastPath();
      while (this.inFlight < this.limit && !this.execution.stopped) {
        if (this.pending.length > 0) {
          const unit = this.pending.pop() as number;
          (this.pending.pop() as ChainedMap).start(unit);
        } else if (!this.startNext()) break;
      }
    } finally {
      this.isDraining = false;
    }
  }

  /** As long as calls end at once, they need no counting: elements go through all maps in a loop. */
  private runFastPath(): void {
    this.started = true;
    const { execution } = this;
    // A map that ends may add others.
    const maps = [...this.maps];
    const lanes: FusedMap[] = [];
    for (const map of maps) {
      const lane = map.fastPathLane();
      if (lane === undefined) {
        if (maps.length === 1) map.startFastPathChildren();
        return;
      }
      lanes.push(lane);
    }
    const [first] = lanes;
    if (first === undefined) return;
    const left = runFusedMaps(lanes, first.results.length, () => execution.stopped, execution.slice);
    const done = typeof left === "number" ? left : left.element;
    for (const map of maps) map.advanceTo(done);
    if (typeof left === "number") return;
    for (const map of maps.slice(0, left.lane)) map.advancePast(left.element);
    maps[left.lane]!.failOrAwait(left.element, left);
  }

  private startNext(): boolean {
    for (const map of this.maps) if (map.startNext()) return true;
    return false;
  }

  /** Counts a call as in flight until its promise settles. */
  async(promise: Promise<unknown>, ended: (value: unknown) => void, failed: (error: unknown) => void): void {
    this.inFlight++;
    this.execution.whenSettled(
      promise,
      (value) => {
        this.inFlight--;
        ended(value);
        this.drain();
      },
      (error) => {
        this.inFlight--;
        failed(error);
      },
    );
  }
}
