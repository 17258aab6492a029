import type { CodeDigests } from "../../cache/program-digests.js";
import type { ClassLocation } from "../../dsl/class-location.js";
import type { ElementRange } from "../elements/elements.js";
import type { List } from "../elements/lists.js";
import type { KnownFailure } from "../elements/map-slice.js";
import type { Carrier } from "../lifecycle/trace-context.js";
import type { StageSpec } from "./protocol.js";

/** Some steps of a pipeline, and what all chunks of their elements share: sent once. */
export interface StageMessage {
  readonly origin: ClassLocation;
  readonly spec: StageSpec;
  /** The code digests, if a nested pipeline has a store of its own: the code need not be read on the host. */
  readonly codes: CodeDigests | undefined;
}

/** Elements that go to a worker together. */
export interface ChunkMessage extends ElementRange {
  /** The elements of each list. */
  readonly elements: readonly List[];
  readonly known: readonly KnownFailure[];
  /** True if the run has a listener. */
  readonly wantsEvents: boolean;
  /** The context they are computed in, if somebody traces. */
  readonly carrier: Carrier | undefined;
}
