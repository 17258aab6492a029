import type { GraphModel } from "../graph-model.js";
import type { StepRun } from "../scene.js";

/** What the graph's page is made of. */
export interface PageData {
  readonly sketch: GraphModel;
  readonly direction: "down" | "right";
  /** Undefined: as the reader's system has it. */
  readonly theme: "light" | "dark" | undefined;
  /** The ids of the nested pipelines that are open at first. */
  readonly open: readonly string[];
  /** The last run's steps, for times and the replay. */
  readonly steps: readonly StepRun[];
}
