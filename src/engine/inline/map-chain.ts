import type { Execution } from "../execute-plan.js";
import { elementConcurrency } from "../settings.js";
import { type FusedMap, runFusedMaps } from "./map-fast-path.js";
import type { MapTask } from "./map-task.js";

/**
 * Maps that flow into each other, and how many of their calls are under way. An element goes through the whole chain
 * before the first map takes another.
 */
export class MapChain {
  private inFlight = 0;
  private isDraining = false;
  private started = false;
  private readonly limit: number;
  private readonly maps: MapTask[] = [];
  /** Which map has which unit to do next: the last put on comes first, so elements go deep before they go wide. */
  private readonly pending: (MapTask | number)[] = [];

  constructor(private readonly execution: Execution) {
    this.limit = elementConcurrency(execution.settings);
  }

  add(map: MapTask): void {
    this.maps.push(map);
    map.join(this);
  }

  enqueue(map: MapTask, unit: number): void {
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
          (this.pending.pop() as MapTask).start(unit);
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
    const lanes: FusedMap[] = [];
    for (const map of this.maps) {
      const lane = map.fastPathLane();
      if (lane === undefined) {
        if (this.maps.length === 1) map.startFastPathChildren();
        return;
      }
      lanes.push(lane);
    }
    const [first] = lanes;
    if (first === undefined) return;
    const left = runFusedMaps(lanes, first.results.length, () => execution.stopped, execution.window);
    const done = typeof left === "number" ? left : left.element;
    for (const { map } of lanes) map.advanceTo(done);
    if (typeof left === "number") return;
    for (const { map } of lanes.slice(0, left.lane)) map.advancePast(left.element);
    lanes[left.lane]!.map.failOrAwait(left.element, left);
  }

  private startNext(): boolean {
    for (const map of this.maps) if (map.startNext()) return true;
    return false;
  }

  /** Counts a call as under way until its promise settles. */
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
