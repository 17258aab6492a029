import { type Each, input, mapOver, type Nested, nested, Pipeline } from "../../../src/index.js";

/** How a method answers for an element. */
export const WAYS = ["value", "list", "promise", "late promise", "thenable", "error", "rejection"] as const;
export type Way = (typeof WAYS)[number];

/** An element, with the way in which each map of the chain answers for it. */
export interface Link {
  readonly id: number;
  readonly ways: readonly Way[];
}

/** The calls of this thread: `1.0` is the first map's for the element 1. */
export const calls: string[] = [];

function answer(link: Link, map: number): unknown {
  calls.push(`${link.id}.${map}`);
  const next: Link = { ...link };
  switch (link.ways[map]!) {
    case "list":
      return Object.assign([], next);
    case "promise":
      return Promise.resolve(next);
    case "late promise":
      return new Promise((resolve) => setImmediate(resolve, next));
    case "thenable":
      // biome-ignore lint/suspicious/noThenProperty: a query builder is one.
      return { then: (resolve: (value: Link) => void) => queueMicrotask(() => resolve(next)) };
    case "error":
      throw new Error(`no ${link.id}.${map}`);
    case "rejection":
      return Promise.reject(new Error(`no ${link.id}.${map}`));
    default:
      return next;
  }
}

export class Chained extends Pipeline {
  @input() links!: Link[];
  @mapOver("links") first(link: Link): Each<Link> {
    return answer(link, 0) as never;
  }
  @mapOver("first") second(link: Link): Each<Link> {
    return answer(link, 1) as never;
  }
  @mapOver("second") third(link: Link): Each<Link> {
    return answer(link, 2) as never;
  }
  /** A second map over the same elements. */
  @mapOver(["first", "second"]) both(link: Link, other: Link): Each<string> {
    return `${link.id} ${other.id}`;
  }
}

export class ChainedInside extends Pipeline {
  @input() links!: Link[];
  @nested(Chained, { links: "links" }, "third") inner!: Nested<Link[]>;
}
