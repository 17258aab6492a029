import type { ChunkExecutor } from "../../engine/chunks/chunk-executor.js";
import type { Stage } from "../../engine/chunks/stage.js";
import type { RunContext } from "../../engine/lifecycle/run-context.js";
import { ValueError } from "../../errors.js";
import { fileProblem } from "../../util/file-problem.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { onExitSignal } from "../host/exit-hooks.js";
import { PrefixedOutput } from "../host/prefixed-output.js";
import type { WorkerOutput } from "./job-protocol.js";
import { type BullmqQueue, type ResolvedBullmqOptions, resolveBullmqOptions } from "./options.js";
import { QueueClient } from "./queue-client.js";
import { QueueChunkExecutor } from "./queue-executor.js";
import { RunJournal, type RunSummary } from "./run-journal.js";

/** The queues that one run uses: its connections, opened when they are first needed; and its journal. */
export class RunQueues {
  private readonly clients = new Map<BullmqQueue, Promise<QueueClient>>();
  private journal: RunJournal | undefined;
  /** The output of nodes, by worker. */
  private readonly lines = new Map<string, PrefixedOutput>();
  private removeSignalListener: (() => void) | undefined;

  /** @param summary returns the summary of the run for its journal; undefined: it can't be resumed. */
  constructor(private readonly summary: (() => RunSummary) | undefined) {}

  workers(queue: BullmqQueue, stage: Stage): ChunkExecutor {
    const { run, path } = stage.execution;
    const options = resolveBullmqOptions(queue.options);
    const opened = () => this.client(queue, options, run, path);
    return new QueueChunkExecutor(stage, opened, options.installed, () => this.journal);
  }

  private client(
    queue: BullmqQueue,
    options: ResolvedBullmqOptions,
    run: RunContext,
    where: string,
  ): Promise<QueueClient> {
    return getOrCreate(this.clients, queue, async () => {
      const warn = (message: string) => run.warnOnce(message);
      const onOutput = (output: WorkerOutput) => this.showOutput(output, run, where);
      const link = await QueueClient.open(options, { run: run.id, where, warn, onOutput });
      this.removeSignalListener ??= onExitSignal((isOurs) => (isOurs ? this.close(false) : Promise.resolve()));
      this.journal ??= this.openJournal(options, run);
      return link;
    });
  }

  /** Prints the output of nodes at a worker, marked, as that of containers is. */
  private showOutput({ worker, stream, text }: WorkerOutput, run: RunContext, path: string): void {
    getOrCreate(this.lines, worker, () => new PrefixedOutput(worker)).add({ stream, text });
    run.emit?.({ type: "container", phase: "log", path, name: "bullmq", id: worker, stream, text });
  }

  /** A run that can't be kept goes on all the same. */
  private openJournal({ journal, queue }: ResolvedBullmqOptions, run: RunContext): RunJournal | undefined {
    if (journal === false || this.summary === undefined) return undefined;
    const warn = (problem: string) =>
      run.warnOnce(
        `if this run is killed, not all of it can be resumed: ${journal}: ${problem}. bullmq({ journal: false }) turns the journal off`,
        "the journal",
      );
    try {
      return RunJournal.open(journal, run.id, queue, this.summary, warn);
    } catch (error) {
      warn(error instanceof ValueError ? `the inputs can't be stored: ${error.problem}` : fileProblem(error));
      return undefined;
    }
  }

  /** @param isDone whether the run has its results. */
  async close(isDone: boolean): Promise<void> {
    const links = [...this.clients.values()];
    this.clients.clear();
    await Promise.all(links.map(async (link) => (await link.catch(() => undefined))?.close()));
    for (const lines of this.lines.values()) lines.end();
    this.removeSignalListener?.();
    this.journal?.close(isDone);
    this.journal = undefined;
  }
}
