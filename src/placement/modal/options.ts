import type { Placement } from "../../dsl/choices.js";
import { badOption, HypernodesError } from "../../errors.js";
import { suggestion } from "../../graph/nearest.js";
import { type Image, image, VARIABLE } from "./image.js";

/** What a container on Modal is to be. */
export interface ModalOptions {
  /** Such as `"A10"`, `"H100:2"`, `"A100-80GB:4"`: the name, and after a colon how many. Handed on as it is. Default: none. */
  readonly gpu?: string;
  /** Physical cores, also parts of one. Default: what Modal gives. */
  readonly cpu?: number;
  /** Mebibytes of memory. Default: what Modal gives. */
  readonly memoryMiB?: number;
  /** Milliseconds that a run may take in the container, at most 24 hours less a minute. Default: an hour. */
  readonly timeoutMs?: number;
  /**
   * Milliseconds after which a container ends by itself when it hears nothing of this process, or has nothing to do.
   * Default: a minute.
   */
  readonly idleTimeoutMs?: number;
  /** The container's image. Default: `image()`, Node 22. */
  readonly image?: Image;
  /** The name of a volume on which SQLite caches outlive the container. Made if it is not there. */
  readonly volume?: string;
  /** The names of Modal secrets: nodes see them in `process.env`. */
  readonly secrets?: readonly string[];
  /** Environment variables that nodes see. */
  readonly env?: Readonly<Record<string, string>>;
  /** The name of the app that containers belong to. Default: `"hypernodes"`. */
  readonly app?: string;
  /** Where containers run: `"us-east"`, or several. Default: anywhere. */
  readonly region?: string | readonly string[];
  /**
   * How many containers there may be: the elements of maps are shared among them, and this process directs them. Default: 1,
   * and the whole pipeline is in it.
   */
  readonly containers?: number;
  /** Whether the container, with its resources, is kept for this process's next runs, for `idleTimeoutMs`. */
  readonly keepWarm?: boolean;
}

/** The same, with defaults. */
export interface CheckedModal {
  readonly gpu: string | undefined;
  readonly cpu: number | undefined;
  readonly memoryMiB: number | undefined;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly image: Image;
  readonly volume: string | undefined;
  readonly secrets: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly app: string;
  readonly regions: readonly string[];
  readonly containers: number;
  readonly keepWarm: boolean;
}

/** A placement on Modal. */
export type ModalPlacement = Placement & { readonly kind: "modal"; readonly options: ModalOptions };

const OPTIONS =
  "gpu cpu memoryMiB timeoutMs idleTimeoutMs image volume secrets env app region containers keepWarm".split(" ");
const HOUR_MS = 3_600_000;
/** What a container lives longer than a run may take: for its beginning and its end. */
const MARGIN_MS = 60_000;
const LONGEST_MS = 24 * HOUR_MS - MARGIN_MS;
const MOST_CONTAINERS = 1_000;
/** Bytes that one variable may have: a process takes no more. */
const LONGEST_VALUE = 120_000;
/** A name; `!` and `+` are part of some; how many. */
const GPU = /^[A-Za-z][A-Za-z0-9-]*[!+]?(:[1-9]\d?)?$/;
const NAME = /^[A-Za-z0-9][\w.-]{0,62}$/;

/**
 * One container on Modal for the whole graph; or several, that share the elements of its maps.
 *
 * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`: at once, before anything is made.
 *
 * @example
 * ```ts
 * @runOn(modal({ gpu: "A10", volume: "retrieval-cache" })) class Retrieval extends Pipeline { ... }
 * ```
 */
export function modal(options: ModalOptions = {}): ModalPlacement {
  const { containers } = checkedOptions(options);
  return { kind: "modal", options, ...(containers > 1 && { containers }) };
}

export function checkedOptions(options: ModalOptions): CheckedModal {
  for (const option of Object.keys(options)) if (!OPTIONS.includes(option)) throw unknown(option);
  const { gpu, cpu, memoryMiB, timeoutMs = HOUR_MS, idleTimeoutMs = 60_000, volume, region = [] } = options;
  const { secrets = [], env = {}, app = "hypernodes", containers = 1, keepWarm = false } = options;
  const on = options.image ?? image();
  check(
    "gpu",
    gpu,
    gpu === undefined || GPU.test(gpu),
    'the name of a GPU, and how many: "A10", "H100:2", "A100-80GB:4"',
  );
  check("cpu", cpu, cpu === undefined || (cpu > 0 && cpu <= 512), "cores, above 0");
  check("memoryMiB", memoryMiB, memoryMiB === undefined || isCount(memoryMiB), "whole mebibytes from 1");
  check(
    "timeoutMs",
    timeoutMs,
    timeoutMs >= 1 && timeoutMs <= LONGEST_MS,
    "milliseconds from 1 to 86340000: 24 hours less a minute",
  );
  check(
    "idleTimeoutMs",
    idleTimeoutMs,
    idleTimeoutMs >= 1000 && idleTimeoutMs <= LONGEST_MS,
    "milliseconds from 1000 to 86340000",
  );
  check("image", on, on.kind === "image", "what image() makes");
  check("volume", volume, volume === undefined || isName(volume), "the name of a volume: letters, digits, - . _");
  check("app", app, isName(app), "the name of an app: letters, digits, - . _");
  check("secrets", secrets, Array.isArray(secrets) && secrets.every(isName), "a list of names of secrets");
  const variables = Object.entries(env);
  const isEnv = variables.every(([name, value]) => VARIABLE.test(name) && typeof value === "string");
  check("env", Object.keys(env), isEnv, "texts by names of letters, digits and _");
  const long = variables.find(([, value]) => Buffer.byteLength(value) > LONGEST_VALUE);
  check(
    "env",
    long?.[0],
    long === undefined,
    `texts of at most ${LONGEST_VALUE} bytes; give what is larger as an input`,
  );
  const regions = typeof region === "string" ? [region] : region;
  check("region", region, Array.isArray(regions) && regions.every(isName), "the name of a region, or several");
  const isNumber = isCount(containers) && containers <= MOST_CONTAINERS;
  check("containers", containers, isNumber, `a whole number from 1 to ${MOST_CONTAINERS}`);
  check("keepWarm", keepWarm, typeof keepWarm === "boolean", "true or false");
  const machine = { gpu, cpu, memoryMiB, timeoutMs, idleTimeoutMs, image: on, volume, secrets, env, app, regions };
  return { ...machine, containers, keepWarm };
}

/** Milliseconds that a container lives at most: one that is shared is there for others when it has done a chunk. */
export function lifetimeMs({ containers, timeoutMs }: CheckedModal): number {
  return Math.min(containers > 1 ? 2 * timeoutMs : timeoutMs, LONGEST_MS) + MARGIN_MS;
}

/** Milliseconds after which a container gets no more work: what it has then is to end before it does. */
export function oldestMs(options: CheckedModal): number {
  return options.containers > 1 ? lifetimeMs(options) / 2 : Number.POSITIVE_INFINITY;
}

function isName(name: unknown): boolean {
  return typeof name === "string" && NAME.test(name);
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}

function check(option: string, value: unknown, isRight: boolean, takes: string): void {
  if (!isRight) throw new HypernodesError({ where: "modal(...)", ...badOption(`option ${option}`, value, takes) });
}

function unknown(option: string): HypernodesError {
  return new HypernodesError({
    code: "UNKNOWN_OPTION",
    where: "modal(...)",
    problem: `there is no option "${option}"`,
    advice: suggestion(option, OPTIONS),
  });
}
