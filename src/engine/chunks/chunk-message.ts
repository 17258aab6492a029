import type { CodeDigests, ModelDigests } from "../../cache/code-digests.js";
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
  /** What code counts as, if something nested in it remembers in a store of its own: it need not be read there. */
  readonly codes: CodeDigests | undefined;
  readonly models: ModelDigests | undefined;
}

/** Elements that go to a worker together. */
export interface ChunkMessage extends ElementRange {
  /** What they bring of each list. */
  readonly elements: readonly List[];
  readonly known: readonly KnownFailure[];
  /** Whether somebody hears of events. */
  readonly wantsEvents: boolean;
  /** The context they are computed in, if somebody traces. */
  readonly carrier: Carrier | undefined;
}
