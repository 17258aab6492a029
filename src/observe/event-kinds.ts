import type { EventOf, RunEvent } from "../engine/lifecycle/events.js";
import { NumberText } from "../util/json-text.js";

/** A field of an event: a description of its values, and a check. */
interface Field {
  readonly takes: string;
  readonly isValid: (value: unknown) => boolean;
  readonly isOptional?: true;
}

type Fields = Readonly<Record<string, Field>>;

const TEXT: Field = { takes: "a text", isValid: (value) => typeof value === "string" };
/** Milliseconds: a duration, or since the Unix epoch. */
const TIME: Field = { takes: "a number from 0", isValid: (value) => Number.isFinite(value) && Number(value) >= 0 };
const COUNT = wholeFrom(0);
const STREAM: Field = { takes: '"stdout" or "stderr"', isValid: (value) => value === "stdout" || value === "stderr" };
const NAMES: Field = {
  takes: "a list of names",
  isValid: (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
};
const ERROR: Field = {
  takes: "an error with a message",
  isValid: (value) => typeof (value as { message?: unknown } | null | undefined)?.message === "string",
};

function wholeFrom(min: number): Field {
  return {
    takes: `a whole number from ${min}`,
    isValid: (value) => Number.isSafeInteger(value) && Number(value) >= min,
  };
}

function optional(field: Field): Field {
  return { ...field, isOptional: true };
}

const COMMON: Fields = {
  ...{ run: TEXT, path: TEXT, name: TEXT, at: TIME },
  ...{ thread: optional(COUNT), container: optional(TEXT) },
};
const TIMED = { durationMs: TIME };
const FAILED = { ...TIMED, error: ERROR };
const RETRIED = { error: ERROR, attempt: wholeFrom(1), delayMs: TIME };
const INDEXED = { element: COUNT, size: optional(wholeFrom(1)) };
const CACHE = { key: TEXT, element: optional(COUNT) };
const CONTAINER = { id: TEXT };

/** All kinds of events of this version, with the fields that each has in addition to the common ones. */
const KINDS: { readonly [T in RunEvent["type"]]: { readonly [P in EventOf<T>["phase"]]: Fields } } = {
  run: { start: { inputs: NAMES }, end: { ...TIMED, outputs: NAMES }, failed: FAILED },
  node: { start: { queuedMs: optional(TIME) }, end: TIMED, failed: FAILED, retried: RETRIED, cached: {} },
  map: {
    start: { elements: COUNT },
    end: { ...TIMED, elements: COUNT, failed: COUNT, cached: optional(COUNT) },
    failed: FAILED,
  },
  element: {
    start: INDEXED,
    end: { ...INDEXED, ...TIMED },
    failed: { ...INDEXED, ...FAILED },
    retried: { ...INDEXED, ...RETRIED },
    cached: INDEXED,
  },
  cache: {
    hit: { ...CACHE, bytes: COUNT },
    stored: { ...CACHE, bytes: COUNT },
    miss: CACHE,
    explained: { computed: COUNT, cached: COUNT, because: TEXT },
  },
  resource: { start: {}, end: { ...TIMED, label: optional(TEXT) }, failed: FAILED, disposed: {} },
  threads: { start: { threads: COUNT, module: TEXT }, ready: TIMED },
  container: {
    start: { ...CONTAINER, ...TIMED },
    end: { ...CONTAINER, ...TIMED },
    log: { ...CONTAINER, stream: STREAM, text: TEXT },
  },
};

const FIELDS = new Map<string, ReadonlyMap<string, Fields>>(
  Object.entries(KINDS).map(([type, phases]) => [type, new Map(Object.entries(phases))]),
);

/** Tells if this version has events of that type and phase. A newer version's log may contain others. */
export function isKnown({ type, phase }: Pick<RunEvent, "type" | "phase">): boolean {
  return FIELDS.get(type)?.has(phase) === true;
}

/** Returns the types and phases of all kinds of events of this version. */
export function eventKinds(): (readonly [type: string, phase: string])[] {
  return [...FIELDS].flatMap(([type, phases]) => [...phases.keys()].map((phase) => [type, phase] as const));
}

/**
 * Returns the defect of a value that should be an event: `its durationMs is "x", not a number`. Of an
 * unknown phase, the common fields are checked; of an unknown type, nothing else.
 */
export function defectOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return `it is ${valueText(value)}, not an event`;
  const event = value as Readonly<Record<string, unknown>>;
  const defect = defectIn(event, { type: TEXT, phase: optional(TEXT) });
  const phases = FIELDS.get(String(event.type));
  if (defect !== undefined || phases === undefined) return defect;
  return defectIn(event, { phase: TEXT, ...COMMON, ...phases.get(String(event.phase)) });
}

function defectIn(event: Readonly<Record<string, unknown>>, fields: Fields): string | undefined {
  for (const [name, { takes, isValid, isOptional }] of Object.entries(fields)) {
    const value = Object.hasOwn(event, name) ? event[name] : undefined;
    if (value === undefined ? isOptional : isValid(value)) continue;
    return value === undefined ? `it has no ${name}` : `its ${name} is ${valueText(value)}, not ${takes}`;
  }
  return undefined;
}

function valueText(value: unknown): string {
  const text = value instanceof NumberText ? value.text : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
