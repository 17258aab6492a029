import { choicesOf } from "../../dsl/metadata.js";
import { type Origin, originOf } from "../../dsl/origin.js";
import { storesOf } from "../../engine/cached/stores.js";
import type { Errand } from "../../engine/elsewhere.js";
import type { CacheSpec, PlacedWork } from "../../engine/placed.js";
import { problemOf } from "../../engine/threads/result-bytes.js";
import { HypernodesError, ValueError } from "../../errors.js";
import { describeError } from "../../util/describe.js";
import { type EncodedParts, encodeInParts } from "../../values/codec.js";
import { printPath } from "../../values/kinds.js";
import { type Bundle, bundledOrigin, bundleOf } from "../bundle/bundle.js";
import type { Going, Hearing } from "../container/conversation.js";
import type { Held } from "./connections.js";
import { isWorthRetrying } from "./failures.js";
import type { CheckedModal } from "./options.js";
import { ToldContainers } from "./told-containers.js";

/** Gives a connection to a container that can run a bundle. */
export type Connect = (bundle: Bundle, signal: AbortSignal) => Promise<Held>;

/** What is known of containers that share the work of one run. */
export interface Shared {
  /** The code that they have. @param origin where the class comes from that is needed. */
  readonly bundled: (origin: Origin) => Promise<Bundle>;
  readonly told: ToldContainers;
}

/** An errand's way to a container and back. */
export class Trip {
  private held: Held | undefined;
  private going: Going | undefined;

  constructor(
    private readonly errand: Errand,
    private readonly options: CheckedModal,
    private readonly connect: Connect,
    private readonly shared?: Shared,
  ) {}

  /** @returns the record of the outputs. */
  async go(hearing: Pick<Hearing, "next" | "streamed"> = {}): Promise<Record<string, unknown>> {
    const { errand, options } = this;
    const origin = originOf(errand.type);
    if (origin === undefined) throw noDecorator(errand.type.name);
    const bundle = await (this.shared?.bundled(origin) ?? bundleOf(origin, options.image.packages, options.files));
    const work = encoded(
      { ...errand.work, origin: bundledOrigin(origin, bundle.root), cache: cacheSpec(errand) },
      errand,
    );
    for (let tries = 1; ; tries++) {
      try {
        return (await this.once(bundle, work, hearing)) as Record<string, unknown>;
      } catch (error) {
        // What was computed is remembered, so little is lost; but elements of a stream that have come do not come again.
        const isAlike = this.shared !== undefined || this.isRemembered || !(this.going?.begun ?? false);
        const mayGoAgain = !errand.work.isStream && isAlike;
        if (tries > 1 || !mayGoAgain || !isWorthRetrying(error)) throw error;
      }
    }
  }

  private async once(
    bundle: Bundle,
    work: EncodedParts,
    hearing: Pick<Hearing, "next" | "streamed">,
  ): Promise<unknown> {
    const { run, scope, where, graceMs } = this.errand;
    const told = this.shared?.told ?? new ToldContainers(run, where);
    const held = await this.connect(bundle, scope.signal);
    const { connection } = held;
    told.begun(connection);
    this.held = held;
    const { id } = connection.container;
    const heard: Hearing = {
      ...hearing,
      event: run.tell === undefined ? undefined : (event) => run.relay({ ...event, container: id }),
      printed: (printed) => told.printed(connection, printed),
    };
    try {
      this.going = connection.run(work, heard, scope.signal, graceMs);
      return await this.going.result;
    } finally {
      await held.release();
      if (this.shared === undefined || !connection.isAlive) told.ended(connection);
    }
  }

  /** The consumer of a stream has taken a result. */
  taken(): void {
    if (this.going !== undefined) this.held?.connection.taken(this.going.number);
  }

  /** Whether what it has computed is there for the next try. */
  private get isRemembered(): boolean {
    const { plan, cache } = this.errand;
    return storesOf(plan, { ...(cache && { cache }) }).some(
      (store) =>
        store !== undefined &&
        (store.kind === "keyv" || (store.kind === "sqlite" && this.options.volume !== undefined)),
    );
  }
}

/** How a store is told of, that is not what the class itself says. */
function cacheSpec({ type, cache, where }: Errand): CacheSpec | undefined {
  const store = cache as { kind: string; path: string; max: number } | undefined;
  if (store === choicesOf(type).cache) return undefined;
  if (store === undefined) return false;
  if (store.kind === "sqlite") return { kind: "sqlite", path: store.path };
  if (store.kind === "memory") return { kind: "memory", max: store.max };
  throw new HypernodesError({
    code: "CACHE_CANT_TRAVEL",
    where,
    problem: `a ${store.kind}(...) that is given to a run, or to a parent, can't go to a container`,
    advice: "Put it on the class, @cached(keyv(...)): the container makes it anew, with its own environment.",
  });
}

function encoded(work: PlacedWork, { plan, where }: Errand): EncodedParts {
  try {
    return encodeInParts(work, { levelsAround: 3 });
  } catch (error) {
    const path = error instanceof ValueError && error.path[0] === "values" ? error.path : [];
    const index = path.length > 0 ? Number(path[1]) : work.values.findIndex(([, value]) => problemOf(value));
    if (index < 0) throw error;
    const slot = work.values[index]![0];
    const input = [...plan.inputs, ...plan.given].find((taken) => taken.slot === slot);
    const inside = printPath(path.slice(3));
    const problem = error instanceof ValueError ? error.problem : `reading it failed with ${describeError(error)}`;
    throw new HypernodesError({
      code: "UNSERIALISABLE",
      where: input === undefined ? where : `${where}.${input.name}`,
      problem: `what it takes can't travel to a container: ${inside === "" ? "" : `at ${inside}, `}${problem}`,
      advice: error instanceof ValueError ? error.advice : undefined,
      cause: error,
    });
  }
}

function noDecorator(name: string): HypernodesError {
  return new HypernodesError({
    code: "NOT_BUNDLEABLE",
    where: name,
    problem: "no decorator stands in the class, so its module is not known, and no container can import it",
    advice: "Put a class decorator on it: @execution({}).",
  });
}
