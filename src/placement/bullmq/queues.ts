import { originOf } from "../../dsl/origin.js";
import type { RunState } from "../../engine/run-state.js";
import type { Destination } from "../../engine/threads/destination.js";
import type { Fragment } from "../../engine/threads/fragment.js";
import { ValueError } from "../../errors.js";
import { remembered } from "../../graph/remembered.js";
import { pathOf } from "../bundle/bundle.js";
import { Journal, type RunTold } from "./journal.js";
import { Link } from "./link.js";
import { type BullmqQueue, type CheckedBullmq, checkedBullmq } from "./options.js";
import { Workers } from "./workers.js";

/** The queues that one run uses: its connections, opened when they are first needed; and its journal. */
export class Queues {
  private readonly links = new Map<BullmqQueue, Promise<Link>>();
  private journal: Journal | undefined;

  /** @param told what a journal keeps of the run; undefined: it can't be resumed. */
  constructor(private readonly told: (() => RunTold) | undefined) {}

  workers(queue: BullmqQueue, fragment: Fragment): Destination {
    const { run, path } = fragment.execution;
    const options = checkedBullmq(queue.options);
    const opened = () => this.link(queue, options, fragment, run, path);
    return new Workers(fragment, opened, options.installed, () => this.journal);
  }

  private link(queue: BullmqQueue, options: CheckedBullmq, fragment: Fragment, run: RunState, where: string) {
    return remembered(this.links, queue, async () => {
      const link = await Link.open(options, { run: run.id, where, warn: (message) => run.warnOnce(message) });
      this.journal ??= this.openJournal(options, fragment, run);
      return link;
    });
  }

  /** A run that can't be kept goes on all the same. */
  private openJournal(
    { journal, queue, prefix, mode }: CheckedBullmq,
    fragment: Fragment,
    run: RunState,
  ): Journal | undefined {
    const { told } = this;
    const origin = originOf(fragment.execution.program.pipeline);
    if (journal === false || told === undefined || origin?.file === undefined) return undefined;
    try {
      const { name } = origin;
      const file = pathOf(origin.file);
      const record = () => ({ file, name, startedAt: Date.now(), queue, prefix, mode, told: told() });
      return Journal.open(journal, run.id, record);
    } catch (error) {
      const why = error instanceof ValueError ? `its inputs can't be kept: ${error.problem}` : String(error);
      run.warnOnce(`if this run is killed, it can't be resumed: ${why}. bullmq({ journal: false }) keeps nothing`);
      return undefined;
    }
  }

  /** @param isDone whether the run has its results. */
  async end(isDone: boolean): Promise<void> {
    const links = [...this.links.values()];
    this.links.clear();
    await Promise.all(links.map(async (link) => (await link.catch(() => undefined))?.close()));
    this.journal?.close(isDone);
  }
}
