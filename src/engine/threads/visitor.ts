import { threadId } from "node:worker_threads";
import { setCodes } from "../../cache/codes.js";
import { CacheSession } from "../../cache/session.js";
import type { CacheStore, Choices } from "../../dsl/choices.js";
import { AbortError, ValueError } from "../../errors.js";
import { remembered } from "../../graph/remembered.js";
import { describeChain } from "../../util/describe.js";
import { decode } from "../../values/codec.js";
import { storesOf } from "../cached/stores.js";
import { inCarried } from "../call-context.js";
import { indexIn } from "../elements.js";
import { now, type RunEvent } from "../events.js";
import type { List } from "../lists.js";
import { remake } from "../remade.js";
import { Resources } from "../resources.js";
import { RunState } from "../run-state.js";
import { Scope } from "../scope.js";
import { settingsOf } from "../settings.js";
import { nextOfBudget } from "./chunks.js";
import { computePart, countErrors, type MadeFragment } from "./compute-part.js";
import { importedClass } from "./importing.js";
import { EventsAway } from "./live-events.js";
import {
  type FragmentSpec,
  type KnownFailure,
  NOTHING,
  Progress,
  type VisitMessage,
  type VisitRange,
  type VisitResult,
} from "./protocol.js";
import { encodeResult } from "./result-bytes.js";
import { StoresAway } from "./store-away.js";
import { unreadElement } from "./unread.js";
import { Window, type WindowRange } from "./window.js";

/** Typed arrays among shared values that are at least this large are not copied: all threads read the same memory. */
const VIEWS_FROM = 64 * 1024;

/** A fragment as this thread has made it. */
interface Fragment extends MadeFragment {
  readonly spec: FragmentSpec;
}

/** A visit under way. */
interface Visit {
  readonly fragment: Fragment;
  readonly message: VisitMessage;
  readonly progress: Progress;
  readonly scope: Scope;
  readonly run: RunState;
  readonly known: readonly KnownFailure[];
}

const fragments = new Map<number, Promise<Fragment>>();
const scopes = new Map<number, Scope>();
let resources = new Resources(true);

/** Does a visit. @returns its result, encoded. */
export async function answerVisit(message: VisitMessage): Promise<Uint8Array> {
  const progress = new Progress(message.progress);
  progress.start();
  if (progress.isStopped) return encodeResult(NOTHING);
  let fragment: Fragment;
  try {
    fragment = await fragmentOf(message);
  } catch (error) {
    return encodeResult({ ...NOTHING, failure: { error } });
  }
  const { program, spec } = fragment;
  const events = message.events && new EventsAway(message.events);
  const listener = events && ((event: RunEvent) => events.add(event));
  const visit: Visit = {
    ...{ fragment, message, progress },
    scope: scopeOf(message.visit, progress),
    run: new RunState(resources, listener, spec.run),
    known: message.known === undefined ? [] : (decode(message.known) as KnownFailure[]),
  };
  const away = message.stores && new StoresAway(message.stores);
  if (away !== undefined) visit.run.remembersIn(sessionsOf(fragment, away));
  try {
    const { range } = message;
    const indexOf = (element: number) => (range === undefined ? undefined : indexIn(range, element));
    const place = { plan: program.plan, path: spec.path, indexOf };
    const result = await inCarried(message.carrier, () => doVisit(visit));
    if (away !== undefined) await visit.run.flush();
    return encodeResult({ ...result, events: events?.rest() ?? [] }, place);
  } finally {
    away?.close();
    scopes.delete(message.visit);
  }
}

/** The shared values of a fragment are dropped. */
export function ended(fragment: number): void {
  fragments.delete(fragment);
}

export function stopped(visit: number): void {
  scopes.get(visit)?.check();
}

/** Disposes of what the thread keeps: it has nothing to do, and is about to end. */
export async function rest(): Promise<void> {
  const kept = resources;
  resources = new Resources(true);
  await kept.dispose().catch((error: unknown) => process.emitWarning(describeChain(error), "HypernodesWarning"));
}

function scopeOf(visit: number, progress: Progress): Scope {
  const limits: number[] = [];
  const tell = () => {
    progress.deadline = limits.length === 0 ? 0 : Math.min(...limits);
  };
  const scope = new Scope(undefined, {
    stopReason: () => (progress.isStopped ? STOPPED : undefined),
    limit(at) {
      limits.push(at);
      tell();
      return () => {
        limits.splice(limits.indexOf(at), 1);
        tell();
      };
    },
  });
  scopes.set(visit, scope);
  return scope;
}

const STOPPED = new AbortError({
  code: "ABORTED",
  where: "a thread",
  problem: "what was under way in it is not wanted",
});

function fragmentOf(message: VisitMessage): Promise<Fragment> {
  return remembered(fragments, message.fragment, () => makeFragment(message));
}

async function makeFragment({ origin, spec: bytes, memory }: VisitMessage): Promise<Fragment> {
  const type = await importedClass(origin);
  const spec = decode(new Uint8Array(bytes), { viewsFrom: VIEWS_FROM, memory }) as FragmentSpec;
  // What is nested asks for its stores at home; what is here is looked up there before it comes.
  const choices: Choices = {
    ...(spec.execution && { execution: spec.execution }),
    ...(spec.cached && { cache: AT_HOME }),
  };
  const program = remake(type, choices, spec.source);
  for (const [i, codes] of (spec.cached?.codes ?? []).entries())
    if (codes) setCodes(program.children[i]!.program, codes);
  const values: unknown[] = new Array(program.plan.slots).fill(undefined);
  for (const [slot, value] of spec.values) values[slot] = value;
  return {
    spec,
    program,
    settings: {
      ...settingsOf(choices, type.name),
      cache: undefined,
      maps: spec.overlapping === 1 ? "sequential" : "async",
      maxWorkers: spec.overlapping,
      graceMs: spec.graceMs,
    },
    values,
  };
}

const AT_HOME: CacheStore = { kind: "at home" };

/** For each store that something nested in the fragment names, one that asks at home. */
function sessionsOf({ program, settings, spec }: Fragment, away: StoresAway): Map<CacheStore, CacheSession> {
  const sessions = new Map<CacheStore, CacheSession>();
  const byNumber = new Map<number, CacheSession>();
  const [, ...inner] = storesOf(program.plan, settings.choices);
  for (const [i, store] of inner.entries()) {
    const number = spec.cached!.stores[i]!;
    if (store === undefined || number < 0) continue;
    const session = remembered(byNumber, number, () => new CacheSession(away.store(number)));
    sessions.set(store, session);
  }
  return sessions;
}

/** Computes a node, or as many elements as there is time for. */
async function doVisit(visit: Visit): Promise<Omit<VisitResult, "events">> {
  const { fragment, message } = visit;
  const { range } = message;
  const { program, spec } = fragment;
  const at = now();
  let lists: List[] = [];
  try {
    if (message.elements !== undefined) lists = decode(message.elements, { memory: message.elementMemory }) as List[];
  } catch (error) {
    const { length } = program.plan.outputs;
    const nothing = { done: 0, values: new Array<unknown[]>(length).fill([]), failed: [], tookMs: 0 };
    return {
      ...nothing,
      failure: {
        error: unreadElement(program.plan.steps[0]!, spec.path, range && indexIn(range, elementIn(error)), error),
      },
      thread: threadId,
      holds: resources.holds,
    };
  }
  const values: unknown[][] = program.plan.outputs.map(() => []);
  const failed = program.plan.steps.map(() => 0);
  const count = range?.count ?? 1;
  let done = 0;
  let failure: { readonly error: unknown } | undefined;
  while (done < count) {
    const size = range?.budgetMs === undefined ? count : nextOfBudget(done, now() - at, range.budgetMs, spec);
    if (size === 0) break;
    const next = Math.min(count, done + size);
    const part = next - done === count ? lists : lists.map((list) => (list as unknown[]).slice(done, next));
    try {
      const window = new Window(range && partOf(range, done, next), visit.progress, visit.scope, visit.known);
      if (range === undefined) window.begin(0, 0, 1);
      const slots = await computePart(fragment, part, window, visit.run, visit.scope);
      for (const [i, { slot }] of program.plan.outputs.entries()) values[i] = joined(values[i]!, slots[slot], range);
      if (program.plan.collects) countErrors(program.plan, slots, failed);
    } catch (error) {
      failure = { error };
      break;
    }
    done = next;
  }
  return { done, values, failed, failure, thread: threadId, tookMs: now() - at, holds: resources.holds };
}

/** Of lists of elements that were read together, the element that was at fault. */
function elementIn(error: unknown): number {
  const [, element] = error instanceof ValueError ? error.path : [];
  return typeof element === "number" ? element : 0;
}

function partOf({ first, indices }: VisitRange, from: number, to: number): WindowRange {
  return { first: first + from, count: to - from, offset: from, indices: indices?.slice(from, to) };
}

function joined(before: unknown[], found: unknown, range: VisitRange | undefined): unknown[] {
  if (range === undefined) return [found];
  return before.length === 0 ? (found as unknown[]) : before.concat(found);
}
