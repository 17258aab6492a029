/** A graph as data alone, which can be printed, sent, and drawn anywhere. */
export interface GraphModel {
  readonly pipeline: string;
  readonly outputs: readonly string[];
  readonly members: readonly Member[];
}

/** An input, a node, a resource, or a nested pipeline. */
export interface Member {
  readonly name: string;
  readonly kind: "input" | "node" | "resource" | "nested";
  /** How it goes over lists: `for each`, `for each pair`, `in batches of 64`. */
  readonly mapped?: string;
  /** The type that the loader emitted for what it gives. */
  readonly type?: string;
  readonly takes: readonly IncomingEdge[];
  readonly nested?: { readonly sketch: GraphModel; readonly outputs: readonly string[] };
  /** Its options in words: `retries: 3`. */
  readonly options: readonly string[];
  /** Its code as the engine runs it, if that was asked for. */
  readonly source?: string;
}

/** What a member takes from another one. */
interface IncomingEdge {
  readonly on: string;
  readonly path: readonly string[];
  readonly elements: boolean;
  /** The input of the nested pipeline that gets it. */
  readonly input?: string;
  readonly type?: string;
}
