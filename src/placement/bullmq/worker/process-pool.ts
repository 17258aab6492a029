import path from "node:path";
import { makeFolders } from "../../../util/make-folders.js";
import type { Printed } from "../../protocol/frames.js";
import type { ChunkJob } from "../job-protocol.js";
import { PipelineProcess } from "./pipeline-process.js";

/** Milliseconds after which a process ends that has nothing to do. */
const IDLE_MS = 60_000;
/** Milliseconds that it has to dispose of its resources. */
const DISPOSE_MS = 5_000;

/**
 * The processes of a worker: one for each pipeline's code, and one more for each chunk that has to be alone. A run that
 * forwards its nodes' output has its own.
 */
export class ProcessPool {
  private readonly processes = new Map<string, PipelineProcess>();
  private readonly idle = new Map<PipelineProcess, NodeJS.Timeout>();
  private readonly all = new Set<PipelineProcess>();
  private started = 0;

  /**
   * @param scratch a folder of the worker's own.
   * @param onOutput receives the output of runs that asked for it.
   */
  constructor(
    private readonly scratch: string,
    private readonly onOutput: (job: ChunkJob, output: Printed) => void,
  ) {}

  /** Does some work in the process for a bundle's code, which is in a folder. */
  async use<R>(folder: string, job: ChunkJob, work: (process: PipelineProcess) => Promise<R>): Promise<R> {
    const key = job.logs ? `${folder} ${job.run}` : folder;
    const found = job.alone ? this.start(folder, job) : this.processFor(key, folder, job);
    clearTimeout(this.idle.get(found));
    try {
      return await work(found);
    } finally {
      if (job.alone) void found.close(DISPOSE_MS);
      else if (found.activeCount === 0 && found.isAlive) this.scheduleIdleExit(key, found);
    }
  }

  private processFor(key: string, folder: string, job: ChunkJob): PipelineProcess {
    const known = this.processes.get(key);
    if (known?.isAlive) return known;
    const started = this.start(folder, job);
    this.processes.set(key, started);
    return started;
  }

  private start(folder: string, job: ChunkJob): PipelineProcess {
    const scratch = path.join(this.scratch, `process-${++this.started}`);
    makeFolders(scratch);
    const process = new PipelineProcess(folder, scratch, job.logs ? (output) => this.onOutput(job, output) : undefined);
    this.all.add(process);
    void process.ended.then(() => this.all.delete(process));
    return process;
  }

  private scheduleIdleExit(key: string, process: PipelineProcess): void {
    const end = () => {
      if (this.processes.get(key) === process) this.processes.delete(key);
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
