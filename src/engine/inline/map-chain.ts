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
  /** A unit that was waited for has its value, or has failed. */
  settle(unit: number, value: unknown): void;
  reject(unit: number, error: unknown): void;
  /** Ends the unit of a place with its value and starts the next one there. @returns undefined if there is more to do: nothing is done. */
  replaceUnit(place: Place, value: unknown): Promise<unknown> | undefined;
}

/** A unit in flight. It is used again for the next one: a map of many elements makes no closures for each of them. */
export interface Place {
  map: ChainedMap | undefined;
  unit: number;
  readonly wait: (promise: Promise<unknown>) => void;
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
  private readonly freePlaces: Place[] = [];
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
    // The last map first: each has started the element then, before the one ahead of it passes that on.
    maps[left.lane]!.failOrAwait(left.element, left);
    if ("error" in left) return;
    for (let lane = left.lane - 1; lane >= 0; lane--) maps[lane]!.advancePast(left.element);
  }

  private startNext(): boolean {
    for (const map of this.maps) if (map.startNext()) return true;
    return false;
  }

  /** Counts a unit as in flight until its promise settles. */
  awaitUnit(map: ChainedMap, unit: number, promise: Promise<unknown>): void {
    this.inFlight++;
    const place = this.freePlaces.pop() ?? this.newPlace();
    place.map = map;
    place.unit = unit;
    place.wait(promise);
  }

  private newPlace(): Place {
    const place: Place = {
      map: undefined,
      unit: 0,
      wait: this.execution.waiter(
        (value) => {
          this.leave(place).settle(place.unit, value);
          this.drain();
        },
        (error) => this.leave(place).reject(place.unit, error),
        (value) => {
          // Other maps, or units that came meanwhile, have their turn.
          if (this.maps.length > 1 || this.pending.length > 0) return undefined;
          return place.map!.replaceUnit(place, value);
        },
      ),
    };
    return place;
  }

  /** Returns the map whose unit has settled. */
  private leave(place: Place): ChainedMap {
    this.inFlight--;
    this.freePlaces.push(place);
    return place.map!;
  }

  /** Counts work before a unit as in flight until its promise settles. */
  async(promise: Promise<unknown>, ended: () => void): void {
    this.inFlight++;
    this.execution.whenSettled(
      promise,
      () => {
        this.inFlight--;
        ended();
        this.drain();
      },
      (error) => {
        this.inFlight--;
        this.execution.fail(error);
      },
    );
  }
}
