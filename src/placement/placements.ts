import type { Placement } from "../dsl/choices.js";

/** Here: in this process. The default. */
export function local(): Placement {
  return { kind: "local" };
}

export interface ModalOptions {
  /** Such as `"A10G"`, `"H100:2"`, `"A100-80GB:4"`: the name, and after a colon how many. */
  readonly gpu?: string;
  /** Physical cores. */
  readonly cpu?: number;
  readonly memoryMiB?: number;
  /** Milliseconds that a run may take, at most 24 hours. */
  readonly timeoutMs?: number;
  /** The container's image. */
  readonly image?: unknown;
  /** The name of a volume that outlives the container. */
  readonly volume?: string;
  /** The names of secrets. */
  readonly secrets?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The name of the app that containers belong to. */
  readonly app?: string;
  readonly region?: string;
}

/** One container on Modal for the whole graph. It can be said already; running there is not built yet. */
export function modal(options: ModalOptions = {}): Placement & { readonly options: ModalOptions } {
  return { kind: "modal", options };
}
