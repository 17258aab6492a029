import { mkdirSync } from "node:fs";
import path from "node:path";
import { PipelineProcess } from "./pipeline-process.js";

/** Milliseconds after which a process ends that has nothing to do. */
const IDLE_MS = 60_000;
/** Milliseconds that it has to dispose of its resources. */
const DISPOSE_MS = 5_000;

/** The processes of a worker: one for each pipeline's code, and one more for each chunk that has to be alone. */
export class Crew {
  private readonly processes = new Map<string, PipelineProcess>();
  private readonly idle = new Map<PipelineProcess, NodeJS.Timeout>();
  private readonly all = new Set<PipelineProcess>();
  private started = 0;

  constructor(private readonly scratch: string) {}

  /** Does some work in the process for a bundle's code. */
  async with<R>(folder: string, alone: boolean, work: (process: PipelineProcess) => Promise<R>): Promise<R> {
    const found = alone ? this.start(folder) : this.processFor(folder);
    clearTimeout(this.idle.get(found));
    try {
      return await work(found);
    } finally {
      if (alone) void found.close(DISPOSE_MS);
      else if (found.busy === 0 && found.isAlive) this.rest(folder, found);
    }
  }

  private processFor(folder: string): PipelineProcess {
    const known = this.processes.get(folder);
    if (known?.isAlive) return known;
    const started = this.start(folder);
    this.processes.set(folder, started);
    return started;
  }

  private start(folder: string): PipelineProcess {
    const scratch = path.join(this.scratch, `process-${++this.started}`);
    mkdirSync(scratch, { recursive: true });
    const process = new PipelineProcess(folder, scratch);
    this.all.add(process);
    void process.ended.then(() => this.all.delete(process));
    return process;
  }

  private rest(folder: string, process: PipelineProcess): void {
    const end = () => {
      if (this.processes.get(folder) === process) this.processes.delete(folder);
      this.idle.delete(process);
      void process.close(DISPOSE_MS);
    };
    this.idle.set(process, setTimeout(end, IDLE_MS).unref());
  }

  async close(): Promise<void> {
    for (const timer of this.idle.values()) clearTimeout(timer);
    await Promise.all([...this.all].map((process) => process.close(DISPOSE_MS)));
  }
}
