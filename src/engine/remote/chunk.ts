import type { Codes, ModelCodes } from "../../cache/codes.js";
import type { Origin } from "../../dsl/origin.js";
import type { Carrier } from "../call-context.js";
import type { Part } from "../elements.js";
import type { List } from "../lists.js";
import type { FragmentSpec, KnownFailure } from "../threads/protocol.js";

/** Some steps of a pipeline, and what all chunks of their elements share: sent once. */
export interface RemoteFragment {
  readonly origin: Origin;
  readonly spec: FragmentSpec;
  /** What code counts as, if something nested in it remembers in a store of its own: it need not be read there. */
  readonly codes: Codes | undefined;
  readonly models: ModelCodes | undefined;
}

/** Elements that go to a worker together. */
export interface Chunk extends Part {
  /** What they bring of each list. */
  readonly elements: readonly List[];
  readonly known: readonly KnownFailure[];
  /** Whether somebody hears of events. */
  readonly heard: boolean;
  /** The context they are computed in, if somebody traces. */
  readonly carrier: Carrier | undefined;
}
