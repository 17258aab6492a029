import type { BullmqQueue, Placement } from "../index.js";
import { bullmq, local, modal } from "../index.js";
import type { ModalPlacement } from "../placement/modal/options.js";
import { JsonTextError, parseJson } from "../util/json-text.js";
import { usageError } from "./exit-codes.js";

/** `name=value` cut in two. An error does not show the value: it may be a secret. */
export function parsePair(option: string, text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw usageError(
    at < 0 ? `${option} ${text}` : option,
    "it is not NAME=VALUE",
    `Write for example ${option} name=value`,
  );
}

/** Names that stand for something else on every object of JavaScript. */
const PROTOTYPE_NAMES = ["__proto__", "constructor", "prototype"];

/** @throws {HypernodesError} `USAGE` for a name that would reach into the prototype of the object that it is put into. */
export function refusePrototypeName(option: string, name: string): void {
  if (!PROTOTYPE_NAMES.includes(name)) return;
  throw usageError(
    `${option} ${name}`,
    "JavaScript has another meaning for this name",
    "Nothing can be given under it.",
  );
}

/**
 * The value of a text: its JSON, or the text itself where it is no JSON and does not look like it.
 *
 * @throws {JsonTextError} for a list, an object or a string that is not right.
 */
export function jsonOrText(text: string, { refuse = false } = {}): unknown {
  try {
    return parseJson(text, { refuse });
  } catch (error) {
    if (/^\s*[[{"]/.test(text) || (error as Partial<JsonTextError>).isNumber) throw error;
    return text;
  }
}

/** `parallel`, `bullmq`, `bullmq:queue=NAME,connection=URL`. */
export function parseMaps(text: string): string | BullmqQueue {
  const kind = kindIn(text);
  if (kind !== "bullmq") return text;
  return bullmq(optionsIn(text, "--maps bullmq"));
}

/**
 * `modal:gpu=A10G,cpu=4`, `modal`, `local`.
 *
 * @param declared the placement of the class: if it is on Modal, too, its options hold where the text names no others.
 */
export function parsePlacement(text: string, declared?: Placement): Placement {
  const kind = kindIn(text);
  if (kind === "local" && text === kind) return local();
  if (kind === "local") throw usageError("--on local", "local takes no options", "Write --on local.");
  if (kind !== "modal") throw usageError(`--on ${kind}`, `there is no place "${kind}"`, "There are local and modal.");
  const { options = {} } = declared?.kind === "modal" ? (declared as ModalPlacement) : {};
  return modal({ ...options, ...optionsIn(text, "--on modal") });
}

function kindIn(text: string): string {
  return text.split(":", 1)[0]!;
}

/** The options behind a kind. Their values are not shown in errors: they may be secrets. */
function optionsIn(text: string, where: string): Record<string, unknown> {
  const at = text.indexOf(":");
  if (at < 0) return {};
  const options: Record<string, unknown> = {};
  for (const option of splitOptions(text.slice(at + 1))) {
    const [name, value] = pairIn(option, where, Object.keys(options).at(-1));
    refusePrototypeName(where, name);
    options[name] = valueIn(value, `${where}:${name}`);
  }
  return options;
}

function pairIn(option: string, where: string, before: string | undefined): [name: string, value: string] {
  const [, name, value] = /^\s*([\w$.-]+)=(.*)$/s.exec(option) ?? [];
  if (name !== undefined) return [name, value!];
  const place = before === undefined ? "it begins with what" : `after ${before}= there is what`;
  throw usageError(where, `${place} is not NAME=VALUE`, "Write NAME=VALUE, and commas between several.");
}

function valueIn(text: string, where: string): unknown {
  try {
    // A name keeps its form: "A10G" is no JSON, and "8" is a number.
    return jsonOrText(text, { refuse: true });
  } catch (error) {
    const { isNumber } = error as JsonTextError;
    const problem = isNumber ? "it is a number that can't be held exactly" : "it looks like JSON and is none";
    throw usageError(where, problem, "Write JSON, or a text without quotes and brackets.");
  }
}

/** Options at the commas between them: one in a value, as in the password of a URL, is none. */
function splitOptions(text: string): string[] {
  const options: string[] = [];
  for (let rest = text; ; ) {
    // Up to the sign before its host, a URL says who may go there: in that, anything may be.
    const who = /^[^,=]*=[a-z][a-z\d+.-]*:\/\/[^/]*@/i.exec(rest)?.[0].length ?? 0;
    const next = /,(?=\s*[\w$.-]+=)/.exec(rest.slice(who));
    if (next === null) return [...options, rest];
    options.push(rest.slice(0, who + next.index));
    rest = rest.slice(who + next.index + 1);
  }
}

type Settings = Record<string, unknown>;

/**
 * `maxWorkers=8`, `resourceLimits.stackSizeMb=16`: options as `@execution` has them.
 *
 * @throws {HypernodesError} `USAGE` if one is given as a value and as a group of options.
 */
export function parseSettings(given: readonly string[]): Settings {
  const settings: Settings = {};
  const saidBy = new Map<string, string>();
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
      throw conflict(one, other, at[key], saidBy.get(other));
    }, settings);
    const value = settingIn(text, name);
    if (isGroup(group[last]) && !isGroup(value)) throw conflict(one, name, group[last], saidBy.get(name));
    group[last] = value;
    for (let depth = 1; depth <= path.length + 1; depth++) saidBy.set([...path, last].slice(0, depth).join("."), one);
  }
  return settings;
}

function isGroup(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function conflict(one: string, name: string, value: unknown, said: string | undefined) {
  const before = said === undefined ? "" : ` by --set ${said}`;
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
  let value: unknown;
  try {
    value = jsonOrText(text, { refuse: true });
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    const problem = `${error.isNumber ? "" : "it is no JSON: "}${error.message}`;
    throw usageError(`--set ${name}`, problem, "Write JSON, or a text without quotes and brackets.");
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

/** `500MiB`, `1.5 GB`, `4096`: bytes. */
export function bytesFrom(option: string, text: string): number {
  return quantity(option, text, { ...SIZES, "": 1 }, "bytes, as 500MiB");
}

/**
 * `12h`, `30d`: milliseconds.
 *
 * @throws {HypernodesError} `USAGE` also for a number without a unit: nothing says whether it is of seconds or of days.
 */
export function millisecondsFrom(option: string, text: string): number {
  return quantity(option, text, TIMES, "a time with its unit, as 30d or 30m");
}

function quantity(option: string, text: string, units: Readonly<Record<string, number>>, takes: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const name = unit.toLowerCase();
  if (number !== undefined && Object.hasOwn(units, name)) return Number(number) * units[name]!;
  const names = Object.keys(units).filter((known) => known !== "");
  throw usageError(`${option} ${text}`, `it is not ${takes}`, `Units: ${names.join(", ")}.`);
}
