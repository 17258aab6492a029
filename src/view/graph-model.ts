/** A graph as plain data, which can be printed, sent, and drawn anywhere. */
export interface GraphModel {
  readonly pipeline: string;
  readonly outputs: readonly string[];
  readonly members: readonly Member[];
}

/** An input, a node, a resource, or a nested pipeline. */
export interface Member {
  readonly name: string;
  readonly kind: "input" | "node" | "resource" | "nested";
  /** Its mapping over lists: `for each`, `for each pair`, `in batches of 64`. */
  readonly mapped?: string;
  /** The emitted type of its value. */
  readonly type?: string;
  readonly inputs: readonly IncomingEdge[];
  readonly nested?: { readonly model: GraphModel; readonly outputs: readonly string[] };
  /** Descriptions of its options: `retries: 3`. */
  readonly options: readonly string[];
  /** Its code as the engine runs it, if requested. */
  readonly source?: string;
}

/** A value that a member receives from another member. */
interface IncomingEdge {
  readonly on: string;
  readonly path: readonly string[];
  readonly elements: boolean;
  /** The input of the nested pipeline that receives it. */
  readonly input?: string;
  readonly type?: string;
}
