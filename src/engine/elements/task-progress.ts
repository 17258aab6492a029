/** An element in flight: its index within the chunk, and the number of its step in the stage. */
export interface InFlightElement {
  readonly index: number;
  readonly step: number;
}

const STOP = 2;

const STARTED = 3;

const HEADER = 16;

const COUNT = 15;

/**
 * The progress of a task in memory that its thread and the main thread share, so that both see it even in an endless loop:
 * the request to stop, the first deadline of its calls, and the elements in flight with their steps.
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

  /** @param from the elements' indices within the chunk; `to` is the first one after them. */
  startElement(step: number, from: number, to: number): void {
    for (let i = from; i < to; i++) this.inFlight[i] = ((step + 1) << 4) | ((this.inFlight[i]! & COUNT) + 1);
  }

  moveTo(step: number, element: number): void {
    this.inFlight[element] = ((step + 1) << 4) | 1;
  }

  end(from: number, to: number): void {
    for (let i = from; i < to; i++) this.inFlight[i] = (this.inFlight[i]! & COUNT) === 1 ? 0 : this.inFlight[i]! - 1;
  }

  /** The elements in flight: their indices within the chunk, and the step of each. */
  elementsInFlight(): InFlightElement[] {
    const inFlight: InFlightElement[] = [];
    for (const [index, cell] of this.inFlight.entries())
      if (cell !== 0) inFlight.push({ index, step: (cell >> 4) - 1 });
    return inFlight;
  }
}
