import type { BullmqQueue, Placement } from "../index.js";
import { bullmq, local, localProcess, modal } from "../index.js";
import { JsonTextError, parseJson } from "../util/json-text.js";
import { usageError } from "./exit-codes.js";

/** Splits `name=value`. An error does not show the value, which may be a secret. */
export function parsePair(option: string, text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw usageError(
    at < 0 ? `${option} ${text}` : option,
    "it is not NAME=VALUE",
    `Write for example ${option} name=value`,
  );
}

/** Names with a special meaning on every object of JavaScript. */
const PROTOTYPE_NAMES = ["__proto__", "constructor", "prototype"];

/** @throws {HypernodesError} `USAGE` for a name that would modify the prototype of the object it is set on. */
export function refusePrototypeName(option: string, name: string): void {
  if (!PROTOTYPE_NAMES.includes(name)) return;
  throw usageError(
    `${option} ${name}`,
    "JavaScript has another meaning for this name",
    "No input or option can have this name.",
  );
}

/**
 * Parses a text: its JSON, or the text itself if it does not look like JSON.
 *
 * @throws {JsonTextError} for an invalid list, object or string.
 */
export function jsonOrText(text: string, { refuse = false } = {}): unknown {
  try {
    return parseJson(text, { refuse });
  } catch (error) {
    if (/^\s*[[{"]/.test(text) || (error as Partial<JsonTextError>).isNumber) throw error;
    return text;
  }
}

/** Parses `parallel`, `bullmq`, `bullmq:queue=NAME,connection=URL`. */
export function parseMaps(text: string): string | BullmqQueue {
  const kind = kindIn(text);
  if (kind !== "bullmq") return text;
  return bullmq(optionsIn(text, "--maps bullmq"));
}

/** The placements that take options, by their names on the command line. */
const PLACEMENTS: Readonly<Record<string, (options: object) => Placement>> = { "local-process": localProcess, modal };

/**
 * Parses `modal:gpu=A10G,cpu=4`, `local-process:memoryMiB=512`, `modal`, `local`.
 *
 * @param declared the placement of the class: if it is of the same kind, its options hold where the text names no others.
 */
export function parsePlacement(text: string, declared?: Placement): Placement {
  const kind = kindIn(text);
  if (kind === "local" && text === kind) return local();
  if (kind === "local") throw usageError("--on local", "local takes no options", "Write --on local.");
  if (Object.hasOwn(PLACEMENTS, kind)) {
    const { options = {} } = declared?.kind === kind ? (declared as Placement & { readonly options?: object }) : {};
    return PLACEMENTS[kind]!({ ...options, ...optionsIn(text, `--on ${kind}`) });
  }
  throw usageError(
    `--on ${kind}`,
    `there is no placement "${kind}"`,
    "The placements are local, local-process and modal.",
  );
}

function kindIn(text: string): string {
  return text.split(":", 1)[0]!;
}

/** Parses the options after a kind. Errors do not show their values, which may be secrets. */
function optionsIn(text: string, where: string): Record<string, unknown> {
  const at = text.indexOf(":");
  if (at < 0) return {};
  const options: Record<string, unknown> = {};
  for (const option of splitAtCommas(text.slice(at + 1))) {
    const [name, value] = pairIn(option, where, Object.keys(options).at(-1));
    refusePrototypeName(where, name);
    if (Object.hasOwn(options, name)) throw usageError(where, `${name} is set twice`, "Set it once.");
    options[name] = valueIn(value, `${where}:${name}`);
  }
  return options;
}

function pairIn(option: string, where: string, before: string | undefined): [name: string, value: string] {
  const [, name, value] = /^\s*([\w$.-]+)=(.*)$/s.exec(option) ?? [];
  if (name !== undefined) return [name, value!];
  const place = before === undefined ? "its beginning" : `the part after ${before}=`;
  throw usageError(where, `${place} is not NAME=VALUE`, "Write NAME=VALUE, and commas between several.");
}

function valueIn(text: string, where: string): unknown {
  if (where.endsWith("Ms") && text.trim() === UNLIMITED) return Number.POSITIVE_INFINITY;
  try {
    // A name is kept as it is: "A10G" is not JSON, and "8" is a number.
    return jsonOrText(text, { refuse: true });
  } catch (error) {
    const { isNumber } = error as JsonTextError;
    const problem = isNumber
      ? "it is a number that can't be represented exactly"
      : "it looks like JSON but is not valid";
    throw usageError(where, problem, "Write JSON, or a text without quotes and brackets.");
  }
}

/** Splits options at commas, except for those in a value, as in the password of a URL. */
function splitAtCommas(text: string): string[] {
  const options: string[] = [];
  for (let rest = text; ; ) {
    // The user information of a URL, up to the sign before its host, may contain anything.
    const prefixLength = /^[^,=]*=[a-z][a-z\d+.-]*:\/\/[^/]*@/i.exec(rest)?.[0].length ?? 0;
    const next = /,(?=\s*[\w$.-]+=)/.exec(rest.slice(prefixLength));
    if (next === null) return [...options, rest];
    options.push(rest.slice(0, prefixLength + next.index));
    rest = rest.slice(prefixLength + next.index + 1);
  }
}

/**
 * Returns the advice for an invalid JSON text. One without any double quote may have lost them to the shell.
 *
 * @param platform the shells of Windows take single quotes as part of the text, or remove the double quotes in them.
 */
export function jsonAdvice(
  option: string,
  name: string,
  text: string,
  otherwise: string,
  platform: NodeJS.Platform = process.platform,
): string {
  const words = text.replaceAll(/\b(?:true|false|null)\b|\d[eE]/g, "");
  if (!/^\s*[[{]/.test(text) || /["']/.test(text.replace(/'$/, "")) || !/\p{L}/u.test(words)) return otherwise;
  const example = text.trimStart().startsWith("[") ? '["a","b"]' : '{"a":"b"}';
  if (platform === "win32") {
    const escaped = example.replaceAll('"', '\\"');
    const given = `${option} "${name.replace(/^'/, "")}=${escaped}"`;
    return `Shells remove double quotes: write \\" for each, in double quotes, such as ${given}`;
  }
  return `Shells remove double quotes: put single quotes around the whole, such as ${option} '${name}=${example}'`;
}

/** A time without a limit, which JSON can't express. */
const UNLIMITED = "Infinity";

type Settings = Record<string, unknown>;

/**
 * Parses `maxWorkers=8`, `resourceLimits.stackSizeMb=16`: options of `@execution`.
 *
 * @throws {HypernodesError} `USAGE` if one is given as a value and as a group of options.
 */
export function parseSettings(given: readonly string[]): Settings {
  const settings: Settings = {};
  const setBy = new Map<string, string>();
  for (const one of given) {
    const [name, text] = parsePair("--set", one);
    const path = name.split(".");
    for (const key of path) {
      if (key === "")
        throw usageError(`--set ${name}`, "a part of its name is empty", "Write --set NAME=VALUE or GROUP.NAME=VALUE.");
      refusePrototypeName("--set", key);
    }
    const last = path.pop()!;
    const group = path.reduce<Settings>((at, key, depth) => {
      at[key] ??= Object.hasOwn(at, key) ? at[key] : {};
      if (isGroup(at[key])) return at[key];
      const other = path.slice(0, depth + 1).join(".");
      throw conflict(one, other, at[key], setBy.get(other));
    }, settings);
    const value = settingIn(text, name);
    if (isGroup(group[last]) && !isGroup(value)) throw conflict(one, name, group[last], setBy.get(name));
    const before = setBy.get(name);
    if (before !== undefined)
      throw usageError(`--set ${one}`, `${name} is set already by --set ${before}`, "Set it once.");
    group[last] = value;
    for (let depth = 1; depth <= path.length + 1; depth++) setBy.set([...path, last].slice(0, depth).join("."), one);
  }
  return settings;
}

function isGroup(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function conflict(one: string, name: string, value: unknown, setBefore: string | undefined) {
  const before = setBefore === undefined ? "" : ` by --set ${setBefore}`;
  return isGroup(value)
    ? usageError(
        `--set ${one}`,
        `${name} is a group of options already${before}`,
        "Give its options, or one value, not both.",
      )
    : usageError(
        `--set ${one}`,
        `${name} is ${JSON.stringify(value)} already${before}, which has no options`,
        "Give one of them.",
      );
}

function settingIn(text: string, name: string): unknown {
  if (text.trim() === UNLIMITED) return Number.POSITIVE_INFINITY;
  let value: unknown;
  try {
    value = jsonOrText(text, { refuse: true });
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    const problem = `${error.isNumber ? "" : "it is not valid JSON: "}${error.message}`;
    const advice = jsonAdvice("--set", name, text, "Write JSON, or a text without quotes and brackets.");
    throw usageError(`--set ${name}`, problem, advice);
  }
  refusePrototypeNamesIn(value, `--set ${name}`);
  return value;
}

function refusePrototypeNamesIn(value: unknown, where: string): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    refusePrototypeName(where, key);
    refusePrototypeNamesIn(inner, where);
  }
}

const SIZES = { b: 1, kib: 2 ** 10, kb: 1e3, mib: 2 ** 20, mb: 1e6, gib: 2 ** 30, gb: 1e9, tib: 2 ** 40, tb: 1e12 };
const TIMES = { ms: 1, s: 1e3, m: 6e4, min: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };

/** Parses `500MiB`, `1.5 GB`, `4096` as bytes. */
export function bytesFrom(option: string, text: string): number {
  return quantity(option, text, { ...SIZES, "": 1 }, "bytes, such as 500MiB");
}

/**
 * Parses `12h`, `30d` as milliseconds.
 *
 * @throws {HypernodesError} `USAGE` also for a number without a unit, which could be seconds or days.
 */
export function millisecondsFrom(option: string, text: string): number {
  return quantity(option, text, TIMES, "a time with its unit, such as 30d or 30m");
}

function quantity(option: string, text: string, units: Readonly<Record<string, number>>, takes: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const name = unit.toLowerCase();
  if (number !== undefined && Object.hasOwn(units, name)) return Number(number) * units[name]!;
  const names = Object.keys(units).filter((unit) => unit !== "");
  throw usageError(`${option} ${text}`, `it is not ${takes}`, `Units: ${names.join(", ")}.`);
}
