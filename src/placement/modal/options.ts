import path from "node:path";
import type { Placement } from "../../dsl/pipeline-options.js";
import { badOption, HypernodesError } from "../../errors.js";
import {
  callIt,
  checkNoMore,
  checkOptions,
  isFlag,
  isListOf,
  isRecord,
  isTexts,
  numberFrom,
  type RulesOf,
  that,
  wholeFrom,
} from "../../util/options.js";
import { showValue } from "../../util/show-value.js";
import { MOUNT, PACKAGES } from "../bundle/paths.js";
import { type Image, image, isFilePath, isVariableValue, NAME, VARIABLE } from "./image.js";

/**
 * Options of `modal()`.
 *
 * @example
 * ```ts
 * const options: ModalOptions = { gpu: "A10", timeoutMs: 600_000, keepWarm: true };
 * await pipeline.run(inputs, { runOn: modal(options) });
 * ```
 */
export interface ModalOptions {
  /**
   * Name of the GPU, and after a colon the number: `"A10"` (`"A10G"` is its older spelling), `"H100:2"`, `"A100-80GB:4"`.
   * The value is passed to Modal unchanged.
   *
   * @default none
   */
  readonly gpu?: string;
  /**
   * Number of physical cores; fractions are allowed.
   *
   * @default Modal's, 0.125
   */
  readonly cpu?: number;
  /**
   * Memory in mebibytes.
   *
   * @default Modal's, 128
   */
  readonly memoryMiB?: number;
  /**
   * Time limit of a run in the container, in milliseconds: at most 24 hours less a minute.
   *
   * @default 3_600_000
   */
  readonly timeoutMs?: number;
  /**
   * Time without contact with this process, or without work, after which the container shuts down, in milliseconds. Modal
   * ends it at most ten seconds later.
   *
   * @default 60_000
   */
  readonly idleTimeoutMs?: number;
  /**
   * Image of the container.
   *
   * @default `image()`: Node 22
   */
  readonly image?: Image;
  /**
   * Name of a volume on which SQLite caches outlive the container. It is created if it does not exist.
   *
   * @default none
   */
  readonly volume?: string;
  /**
   * Your own volumes, by the absolute path of the folder where nodes find them: `{ "/models": "weights" }`. A container sees
   * them as they were when it started. Files that nodes write to them are committed when a run ends; if containers share a
   * map, when a container ends.
   *
   * @default none
   */
  readonly volumes?: Readonly<Record<string, string>>;
  /**
   * Files that modules read, as patterns relative to the folder of the nearest package.json: `["data/**"]`. They are uploaded
   * with the code, at most 32 MiB in all, and are found through `import.meta.url`.
   *
   * @default none
   */
  readonly files?: readonly string[];
  /**
   * Names of Modal secrets, which nodes read in `process.env`.
   *
   * @default none
   */
  readonly secrets?: readonly string[];
  /**
   * Environment variables of nodes.
   *
   * @default none
   */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Name of the Modal app of the containers.
   *
   * @default "hypernodes"
   */
  readonly app?: string;
  /**
   * Region of the containers, or several: `"us-east"`.
   *
   * @default any
   */
  readonly region?: string | readonly string[];
  /**
   * Maximum number of containers. With more than one, they share the elements of maps, and this process coordinates them.
   *
   * @default 1, which runs the whole pipeline
   */
  readonly containers?: number;
  /**
   * Keeps the container and its resources for later runs of this process, for up to `idleTimeoutMs`.
   *
   * @default false
   */
  readonly keepWarm?: boolean;
}

/** The same, with defaults. */
export interface ResolvedModalOptions {
  readonly gpu: string | undefined;
  readonly cpu: number | undefined;
  readonly memoryMiB: number | undefined;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly image: Image;
  readonly volume: string | undefined;
  readonly volumes: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly secrets: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly app: string;
  readonly regions: readonly string[];
  readonly containers: number;
  readonly keepWarm: boolean;
}

/** A placement on Modal. */
export type ModalPlacement = Placement & { readonly kind: "modal"; readonly options: ModalOptions };

const HOUR_MS = 3_600_000;
/** Milliseconds that a container lives longer than a run may take, for its start and its end. */
const MARGIN_MS = 60_000;
const MAX_TIMEOUT_MS = 24 * HOUR_MS - MARGIN_MS;
const MAX_CONTAINERS = 1_000;
/** Bytes that one variable may have: a process takes no more. */
const MAX_VALUE_LENGTH = 120_000;
/** A name; `!` and `+` are part of some; how many. */
const GPU = /^[A-Za-z][A-Za-z0-9-]*[!+]?(:[1-9]\d?)?$/;

/**
 * Runs the pipeline in one Modal container, or spreads the elements of its maps over several.
 *
 * @param options the container, its image, and the number of containers.
 * @returns the placement, for `@runOn`.
 * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`: at once, before anything is created.
 *
 * @example
 * ```ts
 * @runOn(modal({ gpu: "A10G", volume: "retrieval-cache" })) class Retrieval extends Pipeline { ... }
 * ```
 */
export function modal(options?: ModalOptions): ModalPlacement;
export function modal(options: ModalOptions = {}, ...more: unknown[]): ModalPlacement {
  checkNoMore("modal({ ... })", more);
  const { containers } = resolveModalOptions(options);
  return { kind: "modal", options, ...(containers > 1 && { containers }) };
}

export function resolveModalOptions(options: ModalOptions): ResolvedModalOptions {
  checkOptions("modal(...)", options, RULES);
  if (options.volume !== undefined && Object.values(options.volumes ?? {}).includes(options.volume))
    throw new HypernodesError({ where: "modal(...)", ...badOption("option volumes", options.volumes, OTHER_VOLUMES) });
  const {
    gpu,
    cpu,
    memoryMiB,
    timeoutMs = HOUR_MS,
    idleTimeoutMs = 60_000,
    volume,
    volumes = {},
    region = [],
  } = options;
  const { files = [], secrets = [], env = {}, app = "hypernodes", containers = 1, keepWarm = false } = options;
  const regions = typeof region === "string" ? [region] : region;
  const on = options.image ?? image();
  const machine = { gpu, cpu, memoryMiB, timeoutMs, idleTimeoutMs, image: on, app, regions, containers, keepWarm };
  return { ...machine, volume, volumes, files, secrets, env };
}

const RULES: RulesOf<ModalOptions> = {
  gpu: that(
    'the name of a GPU, and how many: "A10", "H100:2", "A100-80GB:4"',
    (value) => typeof value === "string" && GPU.test(value),
  ),
  cpu: that("cores, above 0, at most 512", (value) => typeof value === "number" && value > 0 && value <= 512),
  memoryMiB: wholeFrom(1, "whole mebibytes from 1"),
  timeoutMs: numberFrom(1, `milliseconds from 1 to ${MAX_TIMEOUT_MS}: 24 hours less a minute`, MAX_TIMEOUT_MS),
  idleTimeoutMs: numberFrom(1000, `milliseconds from 1000 to ${MAX_TIMEOUT_MS}`, MAX_TIMEOUT_MS),
  image: that(
    (value) => `an image that image() creates${callIt(value, "image()")}`,
    (value) => isRecord(value) && value.kind === "image",
  ),
  volume: that("the name of a volume: letters, digits, - . _", isName),
  volumes: {
    ...that(
      `names of volumes by the folders where nodes find them: { "/models": "weights" }. ${MOUNT}, ${PACKAGES} and the system's folders are taken, each folder has one volume, and each volume one folder`,
      (value) => isRecord(value) && wrongVolume(value) === undefined,
    ),
    problem: (value) =>
      `the option volumes is ${showValue(isRecord(value) ? { [wrongVolume(value)!]: value[wrongVolume(value)!] } : value)}`,
  },
  files: that(
    'a list of patterns of files, relative to the folder of package.json, and in it: ["data/**"]',
    (value) => isTexts(value) && value.every(isInside),
  ),
  secrets: that("a list of names of secrets", (value) => isListOf(value, isName)),
  env: {
    ...that(
      `texts by names of letters, digits and _, each of at most ${MAX_VALUE_LENGTH} bytes; pass larger values as inputs`,
      (value) => isRecord(value) && wrongVariable(value) === undefined,
    ),
    problem: (value) => `the option env is ${showValue(isRecord(value) ? wrongVariable(value) : typeof value)}`,
  },
  app: that("the name of an app: letters, digits, - . _", isName),
  region: that("the name of a region, or several", (value) => isName(value) || isListOf(value, isName)),
  containers: wholeFrom(1, `a whole number from 1 to ${MAX_CONTAINERS}`, MAX_CONTAINERS),
  keepWarm: isFlag,
};

/** The name of a variable that can't be set as it is. */
function wrongVariable(env: object): string | undefined {
  const isRight = ([name, value]: [string, unknown]) =>
    VARIABLE.test(name) && isVariableValue(value) && Buffer.byteLength(value) <= MAX_VALUE_LENGTH;
  return Object.entries(env).find((variable) => !isRight(variable))?.[0];
}

/** True for a pattern of files in the folder that it is relative to. */
function isInside(pattern: string): boolean {
  const name = pattern.replace(/^!/, "");
  return name !== "" && !path.isAbsolute(name) && !name.split(/[\\/]/).includes("..");
}

/** Folders of programs, of what they are made of, and of the kernel: nothing can be in them, or in their place. */
const PROGRAMS = [
  ...["/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/run", "/sbin", "/sys"],
  ...["/usr/bin", "/usr/include", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/sbin"],
  ...["/usr/local/bin", "/usr/local/include", "/usr/local/lib", "/usr/local/sbin"],
  ...["/var/lib/apt", "/var/lib/dpkg", "/root/.ssh"],
];
/** Folders that an image has its own files in: nothing can be in their place. */
const SYSTEM = ["/home", "/root", "/tmp", "/usr/local/share", "/usr/share", "/var/cache", "/var/log", "/var/tmp"];
const OTHER_VOLUMES = "volumes other than the one of the option volume";

/** The folder of a volume that can't be there. */
function wrongVolume(volumes: Readonly<Record<string, unknown>>): string | undefined {
  const isIn = (folder: string, outer: string) => folder === outer || folder.startsWith(`${outer}/`);
  const isRight = ([folder, name]: [string, unknown], i: number, all: readonly [string, unknown][]) =>
    isFilePath(folder) &&
    isName(name) &&
    ![MOUNT, PACKAGES, ...PROGRAMS].some((taken) => isIn(folder, taken) || isIn(taken, folder)) &&
    !SYSTEM.some((taken) => isIn(taken, folder)) &&
    all.slice(0, i).every(([other, named]) => !isIn(folder, other) && !isIn(other, folder) && name !== named);
  return Object.entries(volumes).find((entry, i, all) => !isRight(entry, i, all))?.[0];
}

/**
 * Milliseconds that a container lives at most.
 *
 * @param isReused true if it may get more work after its first.
 */
export function sandboxTimeoutMs({ timeoutMs }: ResolvedModalOptions, isReused: boolean): number {
  return Math.min(isReused ? 2 * timeoutMs : timeoutMs, MAX_TIMEOUT_MS) + MARGIN_MS;
}

/** Milliseconds after which a container that is used again gets no more work: what it has then is to end before it does. */
export function maxAgeMs(options: ResolvedModalOptions): number {
  return sandboxTimeoutMs(options, true) / 2;
}

function isName(name: unknown): boolean {
  return typeof name === "string" && NAME.test(name);
}
