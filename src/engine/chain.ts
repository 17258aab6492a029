import type { Execution } from "./execution.js";
import type { MapRun } from "./map-run.js";
import { elementsAtOnce } from "./settings.js";
import { type Lane, runStraightMaps } from "./straight-maps.js";

/**
 * Maps that flow into each other, and how many of their calls are under way. An element goes through the whole chain
 * before the first map takes another.
 */
export class Chain {
  private active = 0;
  private pumping = false;
  private begun = false;
  private readonly limit: number;
  private readonly maps: MapRun[] = [];
  /** Which map has which unit to do next: the last put on comes first, so elements go deep before they go wide. */
  private readonly todo: (MapRun | number)[] = [];

  constructor(private readonly execution: Execution) {
    this.limit = elementsAtOnce(execution.settings);
  }

  add(map: MapRun): void {
    this.maps.push(map);
    map.join(this);
  }

  push(map: MapRun, unit: number): void {
    this.todo.push(map, unit);
  }

  /** Starts units for as long as there are free places. */
  pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    try {
      for (const map of this.maps) map.endIfEmpty();
      if (!this.begun) this.beginStraight();
      while (this.active < this.limit && !this.execution.stopped) {
        if (this.todo.length > 0) {
          const unit = this.todo.pop() as number;
          (this.todo.pop() as MapRun).begin(unit);
        } else if (!this.beginNext()) break;
      }
    } finally {
      this.pumping = false;
    }
  }

  /** As long as calls end at once, they need no counting: elements go through all maps in a loop. */
  private beginStraight(): void {
    this.begun = true;
    const { execution } = this;
    const lanes: Lane[] = [];
    for (const map of this.maps) {
      const lane = map.lane();
      if (lane === undefined) {
        if (this.maps.length === 1) map.beginStraightChildren();
        return;
      }
      lanes.push(lane);
    }
    const [first] = lanes;
    if (first === undefined) return;
    const left = runStraightMaps(lanes, first.results.length, () => execution.stopped, execution.window);
    const done = typeof left === "number" ? left : left.element;
    for (const { map } of lanes) map.wentStraight(done);
    if (typeof left === "number") return;
    for (const { map } of lanes.slice(0, left.lane)) map.wentFurther(left.element);
    lanes[left.lane]!.map.leftOff(left.element, left);
  }

  private beginNext(): boolean {
    for (const map of this.maps) if (map.beginNext()) return true;
    return false;
  }

  /** Counts a call as under way until its promise settles. */
  async(promise: Promise<unknown>, ended: (value: unknown) => void, failed: (error: unknown) => void): void {
    this.active++;
    this.execution.later(
      promise,
      (value) => {
        this.active--;
        ended(value);
        this.pump();
      },
      (error) => {
        this.active--;
        failed(error);
      },
    );
  }
}
