import type { Step } from "../../graph/plan.js";
import type { Part } from "../elements.js";
import type { Execution } from "../execution.js";
import type { List } from "../lists.js";
import { sharing } from "../settings.js";
import type { ChunkSizes } from "./chunks.js";
import type { Fragment } from "./fragment.js";
import type { Company, Held, VisitResult } from "./protocol.js";
import type { Outcome, Range } from "./visit.js";

/** Where the elements of some steps are computed: in threads of this process, or by workers elsewhere. */
export interface Destination {
  readonly execution: Execution;
  readonly steps: readonly Step[];
  /** How many visits there may be at once. It may change while they last. */
  readonly visitors: number;
  readonly sizes: Pick<ChunkSizes, "next" | "took" | "limit">;
  /** @throws {NodeError} `UNSERIALISABLE`. */
  visit(range: Range, elements: readonly List[], company: Company): Promise<VisitUnderWay>;
  /**
   * Gets ready, where that takes its time.
   *
   * @param elements what a part brings of each list; undefined where what is known was left out before.
   * @returns what an earlier run has done, if one left something: parts that do not overlap, in order.
   */
  open?(length: number, elements: ((part: Part) => readonly List[]) | undefined): Promise<readonly Recovered[]>;
  /** It will not be visited again. */
  end(): void | Promise<void>;
}

/** Some elements that were computed before. */
export interface Recovered {
  readonly part: Part;
  readonly result: VisitResult;
}

/** Some elements on their way. */
export interface VisitUnderWay {
  readonly outcome: Promise<Outcome>;
  /** What has begun and not ended, as far as it is known here: indices within the visit, and in which of the steps. */
  held?(): readonly Held[];
  /** They are not wanted any more. */
  stop(): void;
}

/** Where a fragment's elements are computed: where the settings say, or, where nothing leads there, in threads. */
export function destinationOf(fragment: Fragment): Destination {
  const { elsewhere } = fragment.execution.run;
  const { queue, containers: all } = fragment.execution.settings;
  if (elsewhere === undefined) return fragment;
  const containers = all ?? sharing(fragment.steps[0]!.child?.placement);
  if (containers !== undefined) return elsewhere.containers(containers, fragment);
  return queue === undefined ? fragment : elsewhere.workers(queue, fragment);
}
