import { codeDigestsOf, codesForBundle, codesForThreads, exportForSteps } from "../../cache/code-digests.js";
import type { CacheSession } from "../../cache/session.js";
import { type ClassLocation, classLocationOf, isBundled } from "../../dsl/class-location.js";
import { classNameOf } from "../../dsl/members.js";
import { HypernodesError, type NodeError, ValueError } from "../../errors.js";
import { formatDependency, mappedDependencies } from "../../graph/graph.js";
import {
  type Argument,
  argumentKey,
  isTimed,
  type PlanMapOptions,
  type SlotUses,
  type Step,
} from "../../graph/plan.js";
import { encode } from "../../values/codec.js";
import { contentOf } from "../../values/digest.js";
import { convertInputs } from "../elements/convert-inputs.js";
import { type ElementRange, elementIndex } from "../elements/elements.js";
import type { List } from "../elements/lists.js";
import type { RunningExecution } from "../executor.js";
import type { Program } from "../program/program.js";
import { toProgramSpec } from "../program/program-spec.js";
import { sharedSlots } from "../program/shared-slots.js";
import { hasCache, storesInPlan } from "../run-cache/plan-stores.js";
import { localised } from "../settings.js";
import type { ChunkMessage, StageMessage } from "./chunk-message.js";
import { problemOf, unserialisableError } from "./encode-result.js";
import type { CachedStageSpec, StageSpec } from "./protocol.js";

/** Some steps of an execution that are computed in chunks, in threads or on other hosts, and the data that all chunks share. */
export class Stage {
  /** True if any call in it has a limit of time. */
  readonly isTimed: boolean;
  /** Chunks are cut at multiples of this: the largest batch. */
  readonly multiple: number;
  /** For each list, the uses of its elements in nested pipelines. */
  private readonly elementUses: readonly (readonly SlotUses[])[];
  /** For each pipeline nested in its steps its cache session, if it has one. */
  private readonly nestedSessions: readonly (CacheSession | undefined)[];
  /** Their sessions by number, for the requests of threads. Undefined if they have none. */
  readonly sessions: readonly CacheSession[] | undefined;
  /** The paths whose ends were emitted by tasks that crashed. */
  readonly reportedEnds = new Set<string>();

  /**
   * @param steps in the plan's order.
   * @param slicedLists the lists whose elements come with each chunk.
   * @param elementConcurrency the number of elements of one chunk that are in flight at once.
   * @param over how a whole pipeline is mapped over there, where that differs.
   */
  constructor(
    readonly execution: RunningExecution,
    readonly steps: readonly Step[],
    readonly wanted: readonly Step[],
    private readonly slicedLists: readonly Argument[],
    private readonly elementConcurrency: number,
    private readonly over?: Partial<PlanMapOptions>,
  ) {
    this.isTimed = isTimed(steps);
    this.multiple = Math.max(...steps.map((step) => step.map?.batch || 1));
    const { program, settings, run } = execution;
    const [, ...stores] = storesInPlan({ ...program.plan, steps }, settings.choices);
    this.nestedSessions = stores.map((store) => store && run.cache.session(store));
    this.elementUses = slicedLists.map((list) => elementUses(list, steps, program));
    const sessions = new Set(this.nestedSessions.filter((session) => session !== undefined));
    this.sessions = sessions.size === 0 ? undefined : [...sessions];
  }

  /** The location of the pipeline's class. */
  origin() {
    const { pipeline } = this.execution.program;
    const origin = classLocationOf(pipeline);
    if (origin?.file !== undefined) return origin;
    throw new HypernodesError({
      code: "NOT_IMPORTABLE",
      where: classNameOf(pipeline),
      problem:
        origin === undefined
          ? "the class has no decorator, so its module is not known, and no thread can import it"
          : "its code is not in a file (it was typed in, evaluated or piped), so no thread can import it",
      advice:
        origin === undefined
          ? "Put a class decorator on it: @execution({})."
          : 'Put the class into a module; or run it with maps and nodes "async" or "sequential".',
    });
  }

  /**
   * The shared data for threads of this process.
   *
   * @param memory receives the SharedArrayBuffers that are in it.
   * @throws {NodeError} `UNSERIALISABLE`.
   */
  encodeForThreads(memory: SharedArrayBuffer[]): SharedArrayBuffer {
    const { run } = this.execution;
    const spec = this.spec(run.emit === undefined ? "" : run.id, this.cachedSpec());
    const options = { shared: true, unchecked: true, memory, levelsAround: 3 };
    return this.namingShared(spec, 0, () => encode(spec, options)).buffer as SharedArrayBuffer;
  }

  /**
   * Encodes the data that all chunks share, for other hosts. Nested pipelines with a store of their own are cached there.
   *
   * @param origin the location of the class on the host.
   * @param holder the name of the bundle, if the code is sent in one.
   * @returns the bytes, and a digest of their content: other bytes may have the same.
   * @throws {NodeError} `UNSERIALISABLE`.
   */
  encodeForHost(origin: ClassLocation, holder: string): { readonly bytes: Uint8Array; readonly content: string } {
    const { program, run, settings } = this.execution;
    const spec = this.spec(run.id, undefined);
    const isCached = hasCache({ ...program.plan, steps: this.steps }, { ...settings.choices, cache: false });
    const codes = isCached ? exportForSteps(program, this.steps, run) : undefined;
    const message: StageMessage = {
      ...{ origin, spec },
      codes: codes && isBundled(origin) ? codesForBundle(holder, codes) : codes,
    };
    return this.namingShared(spec, 1, () => ({
      bytes: encode(message, { levelsAround: 4 }),
      content: contentOf(message, 4).digest,
    }));
  }

  private spec(run: string, cached: CachedStageSpec | undefined): StageSpec {
    const { program, settings, path, values } = this.execution;
    return {
      source: toProgramSpec(
        program,
        { steps: this.steps.map(({ index }) => index), wanted: this.wanted.map(({ index }) => index) },
        this.over,
      ),
      path,
      origins: this.execution.run.purity.originsAt(path),
      multiple: this.multiple,
      run,
      execution: localised(settings.choices.execution),
      cached,
      elementConcurrency: this.elementConcurrency,
      graceMs: settings.graceMs,
      values: sharedSlots(program.plan, this.steps).map((slot) => [slot, values[slot]]),
    };
  }

  /**
   * Runs a function that reads shared values.
   *
   * @param depth how deep inside what is read the spec is.
   * @throws {NodeError} `UNSERIALISABLE`, with the name of what is at fault.
   */
  private namingShared<R>(spec: StageSpec, depth: number, work: () => R): R {
    try {
      return work();
    } catch (error) {
      const path = error instanceof ValueError && error.path[depth] === "values" ? error.path : undefined;
      const named = path && spec.values[path[depth + 1] as number];
      if (named !== undefined) throw this.unserialisableError(error, named[0], undefined, depth + 3);
      for (const [slot, value] of spec.values) {
        const problem = problemOf([slot, value], 1);
        if (problem !== undefined) throw this.unserialisableError(problem.error, slot, undefined, 2);
      }
      throw error;
    }
  }

  private cachedSpec(): CachedStageSpec | undefined {
    const { sessions, nestedSessions: inner, steps } = this;
    if (sessions === undefined) return undefined;
    const { program, run, settings } = this.execution;
    const codes = codeDigestsOf(program, run);
    return {
      isInherited: Boolean(settings.choices.cache),
      codes: steps.map(({ index }) => {
        const { child } = codes.steps[index]!;
        return child && codesForThreads(child, codes);
      }),
      stores: inner.map((session) => (session === undefined ? -1 : sessions.indexOf(session))),
    };
  }

  /** Elements in which nested pipelines find lists: iterators can't be serialized. */
  converted(lists: readonly List[]): readonly List[] {
    return lists.map((list, i) => {
      const uses = this.elementUses[i] ?? [];
      if (uses.length === 0) return list;
      const read = this.execution.run.lists;
      return Array.from(list, (element) => uses.reduce((value, each) => convertInputs(value, each, read), element));
    });
  }

  /**
   * Elements as bytes.
   *
   * @throws {NodeError} `UNSERIALISABLE`.
   */
  encodeChunk(chunk: ChunkMessage): Uint8Array {
    return this.namingElements(chunk.elements, chunk, 1, () => encode(chunk, { levelsAround: 3 }));
  }

  /**
   * Runs a function that reads elements.
   *
   * @param depth how deep inside what is read the lists of elements are.
   * @throws {NodeError} `UNSERIALISABLE`, with the element that is at fault.
   */
  namingElements<R>(lists: readonly List[], part: ElementRange, depth: number, work: () => R): R {
    try {
      return work();
    } catch (error) {
      const path = error instanceof ValueError ? error.path.slice(depth) : [];
      const [list, element] = path;
      const slot = this.slicedLists[Number(list)]?.slot;
      if (slot !== undefined && typeof element === "number") {
        throw this.unserialisableError(error, slot, elementIndex(part, element), depth + 2);
      }
      throw this.culpritIn(lists, part) ?? error;
    }
  }

  /** The element that can't be encoded by itself: what was thrown for all of them did not say where. */
  private culpritIn(lists: readonly List[], part: ElementRange): NodeError | undefined {
    for (const [i, list] of lists.entries()) {
      for (let element = 0; element < list.length; element++) {
        const problem = problemOf([list[element]], 1);
        if (problem !== undefined) {
          return this.unserialisableError(problem.error, this.slicedLists[i]!.slot, elementIndex(part, element), 1);
        }
      }
    }
    return undefined;
  }

  /** The error of a chunk. A shared value that can't be read where the chunk ran is named. */
  errorOf(error: unknown): unknown {
    if (!(error instanceof ValueError)) return error;
    const depth = error.path[0] === "spec" ? 1 : 0;
    const shared = error.path[depth] === "values" ? sharedSlots(this.execution.program.plan, this.steps) : [];
    const slot = shared[error.path[depth + 1] as number];
    return slot === undefined ? error : this.unserialisableError(error, slot, undefined, depth + 3);
  }

  private unserialisableError(error: unknown, slot: number, element: number | undefined, depth: number) {
    const reads = (step: Step) => [...(step.map?.lists ?? []), ...step.arguments];
    const { program, path } = this.execution;
    const resource = program.plan.resources.find((r) => r.arguments.some((argument) => argument.slot === slot));
    const step = this.steps.find((s) => reads(s).some((argument) => argument.slot === slot)) ?? this.steps[0]!;
    const index = reads(step).findIndex((argument) => argument.slot === slot);
    const name = index < 0 ? resource?.name : formatDependency(dependenciesOf(step)[index]!);
    return unserialisableError(
      step,
      path,
      element,
      error,
      depth,
      `the value that it takes from "${name}" can't be sent between threads`,
    );
  }
}

/** A step's dependencies in the order of its lists and arguments. */
function dependenciesOf({ node }: Step) {
  return [...mappedDependencies(node), ...node.dependencies.filter((d) => d.as === "value")];
}

/** The uses of a list's elements in the nested pipelines of some steps. Others may take the same elements as a whole. */
function elementUses(list: Argument, steps: readonly Step[], { children }: Program): SlotUses[] {
  return steps.flatMap(({ index, map }) => {
    const child = children[index];
    if (child?.elementUses === undefined) return [];
    const slots = map!.lists.flatMap((own, i) =>
      argumentKey(own) === argumentKey(list) ? child.elementSlots[i]! : [],
    );
    return slots.flatMap((slot) => child.elementUses!.get(slot) ?? []).map((uses) => ({ ...uses, isTakenWhole: true }));
  });
}
