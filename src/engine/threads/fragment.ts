import { codesOf, codesOfSteps, modelCodesToTell } from "../../cache/codes.js";
import type { CacheSession } from "../../cache/session.js";
import type { ThreadLimits } from "../../dsl/choices.js";
import type { OnError } from "../../dsl/options.js";
import { type Origin, originOf } from "../../dsl/origin.js";
import { HypernodesError, type NodeError, ValueError } from "../../errors.js";
import { mappedLists, written } from "../../graph/graph.js";
import { type Argument, isTimed, type Plan, type Step } from "../../graph/plan.js";
import { encode } from "../../values/codec.js";
import { contentOf } from "../../values/digest.js";
import { remembers, storesOf } from "../cached/stores.js";
import { indexIn, type Part } from "../elements.js";
import type { Execution } from "../execution.js";
import { AS_LIST, land } from "../landing.js";
import type { List } from "../lists.js";
import { sourceOf } from "../remade.js";
import type { Chunk, RemoteFragment } from "../remote/chunk.js";
import { forElsewhere } from "../settings.js";
import { ChunkSizes, THREAD_PACE } from "./chunks.js";
import type { Destination } from "./destination.js";
import type { CachedSpec, Company, FragmentSpec, KnownFailure } from "./protocol.js";
import { cantTravel, problemOf, travellingError } from "./result-bytes.js";
import { spread } from "./spread.js";
import { startOf, type ThreadStart } from "./thread-start.js";
import { poolFor, THREADS } from "./threads.js";
import { type Range, Visit } from "./visit.js";

let fragments = 0;
let visits = 0;

/** What all visits of a fragment share, as threads of this process see it. */
export class SharedBytes {
  readonly id = ++fragments;
  readonly memory: SharedArrayBuffer[] = [];
  spec: SharedArrayBuffer | undefined;

  /** Nothing will be sent any more: threads may drop it. */
  async end(resourceLimits: ThreadLimits | undefined): Promise<void> {
    if (this.spec !== undefined) (await poolFor(resourceLimits)).tell({ ended: this.id });
  }
}

/** Some steps of an execution that go to threads, and what all their visits share. */
export class Fragment implements Destination {
  /** Whether any call in it has a limit of time. */
  readonly isTimed: boolean;
  /** Chunks are cut at multiples of this: the largest batch. */
  readonly multiple: number;
  /** For each pipeline nested in its steps what it remembers in, if anything. */
  private readonly inner: readonly (CacheSession | undefined)[];
  /** What they remember in, by number: threads ask for it. Undefined if they remember nothing. */
  readonly sessions: readonly CacheSession[] | undefined;
  /** The places whose ends were told by visits that were lost. */
  readonly endedBefore = new Set<string>();
  /** What is told until the first thread has imported the pipeline's module; undefined: nobody hears, or one has it. */
  starting: ThreadStart | undefined;
  /** How many visits there are at once. */
  readonly visitors: number;
  readonly sizes: ChunkSizes;

  /**
   * @param steps in the plan's order.
   * @param cuts the lists whose elements come with each visit.
   * @param overlapping how many elements of one visit are under way at once.
   * @param onError what a map over a whole pipeline does there, if not what it does here.
   */
  constructor(
    readonly execution: Execution,
    readonly steps: readonly Step[],
    readonly wanted: readonly Step[],
    private readonly cuts: readonly Argument[],
    private readonly overlapping: number,
    private readonly onError?: OnError,
    /** Where others have the same, what they share. */
    private readonly shared = new SharedBytes(),
  ) {
    this.isTimed = isTimed(steps);
    this.multiple = Math.max(...steps.map((step) => step.map?.batch || 1));
    const { program, settings, run } = execution;
    const { visitors } = spread(settings);
    this.visitors = visitors;
    this.sizes = new ChunkSizes(() => Math.min(visitors, THREADS), this.multiple, THREAD_PACE);
    const [, ...stores] = storesOf({ ...program.plan, steps }, settings.choices);
    this.inner = stores.map((store) => store && run.sessionFor(store));
    const sessions = new Set(this.inner.filter((session) => session !== undefined));
    this.sessions = sessions.size === 0 ? undefined : [...sessions];
  }

  /**
   * Sends elements, or nothing but what is shared, to a thread.
   *
   * @throws {NodeError} `UNSERIALISABLE`.
   */
  async visit(range: Range | undefined, elements: readonly ArrayLike<unknown>[], company: Company): Promise<Visit> {
    const pool = await poolFor(this.execution.settings.resourceLimits);
    this.shared.spec ??= this.encodeShared();
    const elementMemory: SharedArrayBuffer[] = [];
    const bytes =
      range === undefined || elements.length === 0
        ? undefined
        : this.namingElements(elements, range, 0, () =>
            encode(this.landed(elements), { unchecked: true, memory: elementMemory, levelsAround: 2 }),
          );
    const known =
      range === undefined || range.known.length === 0 ? undefined : encode(plainly(range.known), { unchecked: true });
    const origin = this.origin();
    this.starting ??= startOf(pool, this.execution, origin);
    return new Visit(pool, this, {
      fragment: this.shared.id,
      visit: ++visits,
      origin,
      spec: this.shared.spec,
      memory: this.shared.memory,
      range,
      elements: bytes,
      elementMemory,
      known,
      company,
    });
  }

  /** Elements in which a nested pipeline finds lists: iterators don't travel. */
  private landed(elements: readonly ArrayLike<unknown>[]): readonly ArrayLike<unknown>[] {
    const { children } = this.execution.program;
    if (this.steps.every(({ index }) => children[index]?.elementUses === undefined)) return elements;
    return elements.map((list) => Array.from(list, (element) => land(element, AS_LIST)));
  }

  /** It will not be visited again: threads may drop what it shared. */
  end(): Promise<void> {
    return this.shared.end(this.execution.settings.resourceLimits);
  }

  /** Where the pipeline's class comes from. */
  origin() {
    const { pipeline } = this.execution.program;
    const origin = originOf(pipeline);
    if (origin?.file !== undefined) return origin;
    throw new HypernodesError({
      code: "NOT_IMPORTABLE",
      where: pipeline.name,
      problem:
        origin === undefined
          ? "no decorator stands in the class, so its module is not known, and no thread can import it"
          : "its code is in no file (but typed in, evaluated or piped), so no thread can import it",
      advice:
        origin === undefined
          ? "Put a class decorator on it: @execution({})."
          : 'Put the class into a module; or run it with maps and nodes "async" or "sequential".',
    });
  }

  private encodeShared(): SharedArrayBuffer {
    const { run } = this.execution;
    const spec = this.spec(run.tell === undefined ? "" : run.id, this.cachedSpec());
    const options = { shared: true, unchecked: true, memory: this.shared.memory, levelsAround: 3 };
    return this.namingShared(spec, 0, () => encode(spec, options)).buffer as SharedArrayBuffer;
  }

  /**
   * What all chunks share, for other processes. What is nested in it, and has a store of its own, remembers there.
   *
   * @param origin where the class comes from there.
   * @returns the bytes, and a digest of what they say: other bytes may say the same.
   * @throws {NodeError} `UNSERIALISABLE`.
   */
  encodeRemote(origin: Origin): { readonly bytes: Uint8Array; readonly content: string } {
    const { program, run, settings } = this.execution;
    const spec = this.spec(run.id, undefined);
    const isRemembered = remembers({ ...program.plan, steps: this.steps }, { ...settings.choices, cache: false });
    const fragment: RemoteFragment = {
      ...{ origin, spec },
      codes: isRemembered ? codesOfSteps(program, this.steps) : undefined,
      models: isRemembered ? modelCodesToTell() : undefined,
    };
    return this.namingShared(spec, 1, () => ({
      bytes: encode(fragment, { levelsAround: 4 }),
      content: contentOf(fragment, 4).digest,
    }));
  }

  private spec(run: string, cached: CachedSpec | undefined): FragmentSpec {
    const { program, settings, path, values } = this.execution;
    return {
      source: sourceOf(
        program,
        { steps: this.steps.map(({ index }) => index), wanted: this.wanted.map(({ index }) => index) },
        this.onError,
      ),
      path,
      multiple: this.multiple,
      run,
      execution: forElsewhere(settings.choices.execution),
      cached,
      overlapping: this.overlapping,
      graceMs: settings.graceMs,
      values: sharedSlots(program.plan, this.steps).map((slot) => [slot, values[slot]]),
    };
  }

  /**
   * Does what reads shared values.
   *
   * @param depth how deep inside what is read the spec is.
   * @throws {NodeError} `UNSERIALISABLE`, with the name of what is at fault.
   */
  private namingShared<R>(spec: FragmentSpec, depth: number, work: () => R): R {
    try {
      return work();
    } catch (error) {
      const path = error instanceof ValueError && error.path[depth] === "values" ? error.path : undefined;
      const named = path && spec.values[path[depth + 1] as number];
      if (named !== undefined) throw this.cantTravel(error, named[0], undefined, depth + 3);
      for (const [slot, value] of spec.values) {
        const problem = problemOf([slot, value], 1);
        if (problem !== undefined) throw this.cantTravel(problem.error, slot, undefined, 2);
      }
      throw error;
    }
  }

  private cachedSpec(): CachedSpec | undefined {
    const { sessions, inner, steps } = this;
    if (sessions === undefined) return undefined;
    const codes = codesOf(this.execution.program);
    return {
      codes: steps.map(({ index }) => codes.steps[index]!.child),
      stores: inner.map((session) => (session === undefined ? -1 : sessions.indexOf(session))),
    };
  }

  /**
   * Elements as bytes.
   *
   * @throws {NodeError} `UNSERIALISABLE`.
   */
  encodeChunk(chunk: Chunk): Uint8Array {
    return this.namingElements(chunk.elements, chunk, 1, () => encode(chunk, { levelsAround: 3 }));
  }

  /**
   * Does what reads elements.
   *
   * @param depth how deep inside what is read the lists of elements are.
   * @throws {NodeError} `UNSERIALISABLE`, with the element that is at fault.
   */
  namingElements<R>(lists: readonly List[], part: Part, depth: number, work: () => R): R {
    try {
      return work();
    } catch (error) {
      const path = error instanceof ValueError ? error.path.slice(depth) : [];
      const [list, element] = path;
      const slot = this.cuts[Number(list)]?.slot;
      if (slot !== undefined && typeof element === "number") {
        throw this.cantTravel(error, slot, indexIn(part, element), depth + 2);
      }
      throw this.culpritIn(lists, part) ?? error;
    }
  }

  /** The element that can't be encoded by itself: what was thrown for all of them did not say where. */
  private culpritIn(lists: readonly List[], part: Part): NodeError | undefined {
    for (const [i, list] of lists.entries()) {
      for (let element = 0; element < list.length; element++) {
        const problem = problemOf([list[element]], 1);
        if (problem !== undefined) {
          return this.cantTravel(problem.error, this.cuts[i]!.slot, indexIn(part, element), 1);
        }
      }
    }
    return undefined;
  }

  private cantTravel(error: unknown, slot: number, element: number | undefined, depth: number) {
    const reads = (step: Step) => [...(step.map?.lists ?? []), ...step.arguments];
    const { program, path } = this.execution;
    const resource = program.plan.resources.find((r) => r.arguments.some((argument) => argument.slot === slot));
    const step = this.steps.find((s) => reads(s).some((argument) => argument.slot === slot)) ?? this.steps[0]!;
    const index = reads(step).findIndex((argument) => argument.slot === slot);
    const name = index < 0 ? resource?.name : written(dependenciesOf(step)[index]!);
    return cantTravel(step, path, element, error, depth, `what it takes from "${name}" can't travel between threads`);
  }
}

function plainly(known: readonly KnownFailure[]): KnownFailure[] {
  return known.map((each) => ({ ...each, error: travellingError(each.error) as NodeError }));
}

/** A step's dependencies in the order of its lists and arguments. */
function dependenciesOf({ node }: Step) {
  return [...mappedLists(node), ...node.dependencies.filter((d) => d.as === "value")];
}

/** The slots that all visits read: arguments, and the lists that are not cut up. Resources are built in each thread. */
export function sharedSlots(plan: Plan, steps: readonly Step[]): number[] {
  const resources = new Map(plan.resources.map((resource) => [resource.slot, resource]));
  const found = new Set<number>();
  const add = ({ slot }: Argument): void => {
    const resource = resources.get(slot);
    if (resource !== undefined) resource.arguments.forEach(add);
    else found.add(slot);
  };
  for (const step of steps) {
    step.arguments.forEach(add);
    if (step.map?.product) step.map.lists.forEach(add);
  }
  return [...found];
}
