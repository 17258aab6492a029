import type { Listener, RunEvent } from "../engine/lifecycle/events.js";
import type { TraceContext } from "../engine/lifecycle/trace-context.js";
import { HypernodesError } from "../errors.js";
import { describeError } from "../util/describe.js";
import { checkOptions, type OptionRule } from "../util/options.js";
import { showValue } from "../util/show-value.js";
import { didYouMean } from "../util/suggest.js";
import { promiseOf } from "../util/thenable.js";
import { eventKinds } from "./event-kinds.js";

/**
 * State shared by the observers of one run, in registration order: later observers see the values set by earlier ones.
 *
 * @example
 * ```ts
 * const started: RunObserver = { onRunStart: (_event, state: SharedState) => void state.set("at", Date.now()) };
 * ```
 */
export type SharedState = Map<string, unknown>;

/**
 * Observer methods, one for each kind of event: `onRunStart`, `onNodeEnd`, `onElementFailed`, `onCacheHit`.
 *
 * @example
 * ```ts
 * const failures: Callbacks = {
 *   onNodeFailed: ({ path, error }) => console.error(path, error),
 *   onElementFailed: ({ path, error }) => console.error(path, error),
 * };
 * await pipeline.run(inputs, { onEvent: failures });
 * ```
 */
export type Callbacks = {
  readonly [E in RunEvent as `on${Capitalize<E["type"]>}${Capitalize<E["phase"]>}`]?: (
    event: E,
    shared: SharedState,
  ) => unknown;
};

/**
 * Members of an observer other than methods for single kinds of events.
 *
 * @example
 * ```ts
 * const timing: ObserverHooks = {
 *   onBeforeRun: () => console.time("run"),
 *   onAfterRun: () => console.timeEnd("run"),
 * };
 * await pipeline.run(inputs, { onEvent: timing });
 * ```
 */
export interface ObserverHooks {
  /**
   * Called before the run starts; a returned promise is awaited.
   *
   * @returns nothing, or a promise that is awaited.
   */
  onBeforeRun?(): unknown;
  /**
   * Called for every event, after the method of its kind.
   *
   * @param event the event.
   * @param shared state shared by the observers of the run.
   * @returns anything; the result is ignored.
   */
  onEvent?(event: RunEvent, shared: SharedState): unknown;
  /**
   * Called after the run, even if it was rejected before starting; a returned promise is awaited.
   *
   * @returns nothing, or a promise that is awaited.
   */
  onAfterRun?(): unknown;
  /**
   * Kinds of placements that it can observe, such as `["local"]`.
   *
   * @default all
   */
  readonly placements?: readonly string[];
  /** Call hook for tracers. */
  readonly traceContext?: TraceContext;
}

/**
 * Observer of the events of runs: a class or an object with methods for some kinds of events. An exception in an
 * observer affects neither the run nor other observers; it is reported once as a warning.
 *
 * @example
 * ```ts
 * class SlowNodes implements RunObserver {
 *   onNodeEnd({ path, durationMs }: EventOf<"node", "end">) {
 *     if (durationMs > 1_000) console.warn(`${path} took ${durationMs} ms`);
 *   }
 * }
 * await pipeline.run(inputs, { onEvent: new SlowNodes() });
 * ```
 */
export type RunObserver = Callbacks & ObserverHooks;

/**
 * Receivers of a run's events: a function, an observer, or a list of them, called in order.
 *
 * @example
 * ```ts
 * const onEvent: OnEvent = [progress(), eventLog("run.jsonl")];
 * await pipeline.run(inputs, { onEvent });
 * ```
 */
export type OnEvent = Listener | RunObserver | readonly (Listener | RunObserver)[];

const makers = new Map<unknown, string>();

/** Registers a function that creates observers and is not one itself: `onEvent: progress` is a mistake. */
export function observerFactories(maker: Function): void {
  makers.set(maker, `${maker.name}()`);
}

/** The names of all methods for kinds of events. */
let names: readonly string[] | undefined;

function handlerNames(): readonly string[] {
  names ??= [...eventKinds().map(([type, phase]) => handlerName(type, phase)), "onBeforeRun", "onEvent", "onAfterRun"];
  return names;
}

/** Returns the value that is not an observer, if there is one: `onEvent` itself, or an element of its list. */
function notAnObserver(onEvent: unknown): { readonly value: unknown } | undefined {
  const all: unknown[] = Array.isArray(onEvent) ? onEvent : [onEvent];
  const invalid = all.findIndex((observer) => !isObserver(observer) || handlerDefect(observer) !== undefined);
  return invalid < 0 ? undefined : { value: all[invalid] };
}

function isObserver(observer: unknown): observer is Listener | RunObserver {
  if (typeof observer === "function") return !makers.has(observer) && !isClass(observer);
  return typeof observer === "object" && observer !== null && !Array.isArray(observer);
}

function isClass(value: Function): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

/** Members of an observer that are no methods for events. */
const OTHER_HOOKS: readonly string[] = ["traceContext", "placements"];

/** Other names that begin with "on": words, and methods of event emitters. */
const OTHER_NAMES = /^on(ce|ly.*)?$/;

/**
 * Returns a member of an observer that is named like a method for events but would never be called; or that it has no
 * such member.
 */
function handlerDefect(observer: unknown): string | undefined {
  if (typeof observer !== "object" || observer === null) return undefined;
  const names = [...memberNames(observer)];
  for (const name of names) {
    if (!/^on/i.test(name) || OTHER_NAMES.test(name)) continue;
    const handler = memberOf(observer, name);
    if (!handlerNames().includes(name)) {
      if (typeof handler !== "function" && !/^on[A-Z]/.test(name)) continue;
      return `the observer ${nameOf(observer)} has ${name}, which is not called for any event. ${didYouMean(name, handlerNames())}`;
    }
    if (handler !== undefined && typeof handler !== "function") {
      return `${name} of the observer ${nameOf(observer)} is ${showValue(handler)}, not a function`;
    }
  }
  if (names.some((name) => OTHER_HOOKS.includes(name) || handlerNames().includes(name))) return undefined;
  return `the observer ${nameOf(observer)} has no method that is called for an event, such as onNodeEnd or onEvent`;
}

/** Reads a member of an observer; undefined if reading it throws. */
function memberOf(observer: object, name: string): unknown {
  try {
    return (observer as Readonly<Record<string, unknown>>)[name];
  } catch {
    return undefined;
  }
}

function memberNames(object: object): ReadonlySet<string> {
  const found = new Set<string>();
  for (
    let at: object | null = object;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object
  ) {
    for (const name of Object.getOwnPropertyNames(at)) found.add(name);
  }
  return found;
}

function takesObservers(value: unknown): string {
  const invalid = notAnObserver(value)?.value;
  const call =
    makers.get(invalid) ?? (typeof invalid === "function" && isClass(invalid) ? `new ${invalid.name}()` : undefined);
  const takes = "a function, an object with methods such as onNodeEnd, or a list of them";
  return call === undefined ? takes : `${takes}. It was not called: onEvent: ${call}.`;
}

/** Rule of the option `onEvent`. */
export const ON_EVENT_RULE: OptionRule = {
  takes: takesObservers,
  is: (value) => notAnObserver(value) === undefined,
  problem: (value) => handlerDefect(notAnObserver(value)?.value) ?? `the option onEvent is ${showValue(value)}`,
};

/** The observers of one run. */
export class ObserverGroup {
  private readonly all: readonly (Listener | RunObserver)[];
  private readonly shared: SharedState = new Map();
  private readonly warned = new Set<Listener | RunObserver>();

  /**
   * @param pipeline name of the pipeline whose runs they observe.
   * @throws {HypernodesError} `INCOMPATIBLE_READER` if an observer does not support this kind of placement.
   */
  constructor(
    onEvent: OnEvent,
    placement: string,
    readonly pipeline: string,
  ) {
    const where = pipeline;
    this.all = Array.isArray(onEvent) ? onEvent : [onEvent as Listener | RunObserver];
    checkOptions(where, { onEvent }, { onEvent: ON_EVENT_RULE });
    for (const observer of this.all) {
      const { placements } = observer as RunObserver;
      if (placements === undefined || placements.includes(placement)) continue;
      throw new HypernodesError({
        code: "INCOMPATIBLE_READER",
        where,
        problem: `the observer ${nameOf(observer)} is not compatible with the placement "${placement}": it observes ${placements.join(", ")}`,
        advice: "Remove it from this run, or run the pipeline where it can observe it: { runOn: local() }.",
      });
    }
  }

  /** The call hook, if any observer has one. */
  get traceContext(): TraceContext | undefined {
    return this.all.map((observer) => (observer as RunObserver).traceContext).find((context) => context !== undefined);
  }

  readonly emit: Listener = (event) => {
    const name = handlerOf(event);
    for (const observer of this.all) {
      if (typeof observer === "function") this.guard(observer, () => observer(event));
      else {
        const handler = observer[name] as ((event: RunEvent, shared: SharedState) => unknown) | undefined;
        if (handler !== undefined) this.guard(observer, () => handler.call(observer, event, this.shared));
        if (observer.onEvent !== undefined) this.guard(observer, () => observer.onEvent!(event, this.shared));
      }
    }
  };

  /** Calls `onBeforeRun` of all observers, and waits for them. */
  prepare(): Promise<void> {
    return this.each((observer) => observer.onBeforeRun?.());
  }

  /** Calls `onAfterRun` of all observers, and waits for them. */
  settled(): Promise<void> {
    return this.each((observer) => observer.onAfterRun?.());
  }

  private async each(call: (observer: RunObserver) => unknown): Promise<void> {
    for (const observer of this.all) {
      if (typeof observer !== "function") await this.guard(observer, () => call(observer));
    }
  }

  private guard(observer: Listener | RunObserver, call: () => unknown): unknown {
    try {
      return promiseOf(call())?.then(undefined, (error: unknown) => this.threw(observer, error));
    } catch (error) {
      this.threw(observer, error);
      return undefined;
    }
  }

  private threw(observer: Listener | RunObserver, error: unknown): void {
    if (this.warned.has(observer)) return;
    this.warned.add(observer);
    process.emitWarning(`an event listener threw: ${nameOf(observer)}: ${describeError(error)}`, "HypernodesWarning");
  }
}

function nameOf(observer: object): string {
  const name = typeof observer === "function" ? observer.name : (observer.constructor as Function | undefined)?.name;
  return name || "without a name";
}

const handlers = new Map<string, keyof Callbacks>();

function handlerOf({ type, phase }: RunEvent): keyof Callbacks {
  const key = `${type} ${phase}`;
  let name = handlers.get(key);
  if (name === undefined) {
    name = handlerName(type, phase) as keyof Callbacks;
    handlers.set(key, name);
  }
  return name;
}

function handlerName(type: string, phase: string): string {
  return `on${capital(type)}${capital(phase)}`;
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}
