/** An element that is under way: its index within the visit, and in which of the fragment's steps. */
export interface InFlightElement {
  readonly index: number;
  readonly step: number;
}

const STOP = 2;

const STARTED = 3;

const HEADER = 16;

const COUNT = 15;

/**
 * What a thread and its process both see of a visit while it lasts, though the thread be in an endless loop: whether it
 * is to stop, when the first of its calls should have ended, and which elements are under way in which step.
 */
export class TaskProgress {
  private readonly times: Float64Array;
  private readonly flags: Int32Array;
  private readonly inFlight: Uint16Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.times = new Float64Array(buffer, 0, 1);
    this.flags = new Int32Array(buffer, 0, STARTED + 1);
    this.inFlight = new Uint16Array(buffer, HEADER);
  }

  static for(elements: number): TaskProgress {
    return new TaskProgress(new SharedArrayBuffer(HEADER + 2 * Math.max(1, elements)));
  }

  stop(): void {
    Atomics.store(this.flags, STOP, 1);
  }

  get isStopped(): boolean {
    return Atomics.load(this.flags, STOP) === 1;
  }

  /** It is its turn in the thread. */
  start(): void {
    Atomics.store(this.flags, STARTED, 1);
  }

  get hasStarted(): boolean {
    return Atomics.load(this.flags, STARTED) === 1;
  }

  /** Milliseconds since the Unix epoch; 0: no call has a limit. */
  get deadline(): number {
    return this.times[0]!;
  }

  set deadline(at: number) {
    this.times[0] = at;
  }

  /** @param from the elements' indices within the visit; `to` is the first one after them. */
  startElement(step: number, from: number, to: number): void {
    for (let i = from; i < to; i++) this.inFlight[i] = ((step + 1) << 4) | ((this.inFlight[i]! & COUNT) + 1);
  }

  moveTo(step: number, element: number): void {
    this.inFlight[element] = ((step + 1) << 4) | 1;
  }

  end(from: number, to: number): void {
    for (let i = from; i < to; i++) this.inFlight[i] = (this.inFlight[i]! & COUNT) === 1 ? 0 : this.inFlight[i]! - 1;
  }

  /** What is under way: indices within the visit, and in which step. */
  elementsInFlight(): InFlightElement[] {
    const found: InFlightElement[] = [];
    for (const [index, cell] of this.inFlight.entries()) if (cell !== 0) found.push({ index, step: (cell >> 4) - 1 });
    return found;
  }
}
