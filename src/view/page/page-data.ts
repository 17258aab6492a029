import type { GraphModel } from "../graph-model.js";
import type { StepRun } from "../scene.js";

/** Data of the graph's page. */
export interface PageData {
  readonly model: GraphModel;
  readonly direction: "down" | "right";
  /** Undefined for the system's theme. */
  readonly theme: "light" | "dark" | undefined;
  /** Ids of the nested pipelines that are initially open. */
  readonly open: readonly string[];
  /** Steps of the last run, for times and the replay. */
  readonly steps: readonly StepRun[];
}
