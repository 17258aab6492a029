import type { RunState } from "../../engine/run-state.js";
import type { Destination } from "../../engine/threads/destination.js";
import type { Fragment } from "../../engine/threads/fragment.js";
import { ValueError } from "../../errors.js";
import { remembered } from "../../graph/remembered.js";
import { fileProblem } from "../../util/file-problem.js";
import { endAtSignals } from "../host/leaving.js";
import { MarkedLines } from "../host/marked-lines.js";
import type { WorkerOutput } from "./jobs.js";
import { Journal, type RunTold } from "./journal.js";
import { Link } from "./link.js";
import { type BullmqQueue, type CheckedBullmq, checkedBullmq } from "./options.js";
import { Workers } from "./workers.js";

/** The queues that one run uses: its connections, opened when they are first needed; and its journal. */
export class Queues {
  private readonly links = new Map<BullmqQueue, Promise<Link>>();
  private journal: Journal | undefined;
  /** The output of nodes, by worker. */
  private readonly lines = new Map<string, MarkedLines>();
  private removeSignalListener: (() => void) | undefined;

  /** @param told what a journal keeps of the run; undefined: it can't be resumed. */
  constructor(private readonly told: (() => RunTold) | undefined) {}

  workers(queue: BullmqQueue, fragment: Fragment): Destination {
    const { run, path } = fragment.execution;
    const options = checkedBullmq(queue.options);
    const opened = () => this.link(queue, options, run, path);
    return new Workers(fragment, opened, options.installed, () => this.journal);
  }

  private link(queue: BullmqQueue, options: CheckedBullmq, run: RunState, where: string): Promise<Link> {
    return remembered(this.links, queue, async () => {
      const warn = (message: string) => run.warnOnce(message);
      const onOutput = (output: WorkerOutput) => this.showOutput(output, run, where);
      const link = await Link.open(options, { run: run.id, where, warn, onOutput });
      this.removeSignalListener ??= endAtSignals((isOurs) => (isOurs ? this.end(false) : Promise.resolve()));
      this.journal ??= this.openJournal(options, run);
      return link;
    });
  }

  /** Prints the output of nodes at a worker, marked, as that of containers is. */
  private showOutput({ worker, stream, text }: WorkerOutput, run: RunState, path: string): void {
    remembered(this.lines, worker, () => new MarkedLines(worker)).add({ stream, text });
    run.tell?.({ type: "container", phase: "log", path, name: "bullmq", id: worker, stream, text });
  }

  /** A run that can't be kept goes on all the same. */
  private openJournal({ journal, queue }: CheckedBullmq, run: RunState): Journal | undefined {
    if (journal === false || this.told === undefined) return undefined;
    const warn = (problem: string) =>
      run.warnOnce(
        `if this run is killed, not all of it can be resumed: ${journal}: ${problem}. bullmq({ journal: false }) keeps nothing`,
        "the journal",
      );
    try {
      return Journal.open(journal, run.id, queue, this.told, warn);
    } catch (error) {
      warn(error instanceof ValueError ? `the inputs can't be kept: ${error.problem}` : fileProblem(error));
      return undefined;
    }
  }

  /** @param isDone whether the run has its results. */
  async end(isDone: boolean): Promise<void> {
    const links = [...this.links.values()];
    this.links.clear();
    await Promise.all(links.map(async (link) => (await link.catch(() => undefined))?.close()));
    for (const lines of this.lines.values()) lines.end();
    this.removeSignalListener?.();
    this.journal?.close(isDone);
    this.journal = undefined;
  }
}
