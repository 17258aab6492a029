import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import type { BullmqQueue, Graph, Placement } from "../index.js";
import { bullmq, local, modal } from "../index.js";
import { usage } from "./failure.js";

/**
 * The inputs of a pipeline as a command line says them.
 *
 * @param given each `name=value`, `name=@file.json`, `name=@file.jsonl`, `name=@-` for standard input, or `@file.json` with
 *   all of them in one object. A value is JSON; what is no JSON, and what the input takes as a string, is a text.
 */
export async function inputsFrom(given: readonly string[], graph: Graph): Promise<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {};
  for (const one of given) {
    if (one.startsWith("@")) {
      const all = await fromFile(one.slice(1), `--input ${one}`);
      if (typeof all !== "object" || all === null || Array.isArray(all)) {
        throw usage(`--input ${one}`, "it has no object with a value for each input", `Name one: --input NAME=${one}`);
      }
      Object.assign(inputs, all);
      continue;
    }
    const [name, value] = pair("--input", one);
    const node = graph.nodes.find((n) => n.name === name && n.role === "input");
    inputs[name] = value.startsWith("@")
      ? await fromFile(value.slice(1), `--input ${one}`)
      : parsed(value, node?.design?.type === String);
  }
  return inputs;
}

/** `name=value` cut in two. */
function pair(option: string, text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at <= 0) throw usage(`${option} ${text}`, "it is not NAME=VALUE", `Write for example ${option} name=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function parsed(value: string, isText = false): unknown {
  if (isText) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

async function fromFile(file: string, where: string): Promise<unknown> {
  let content: string;
  try {
    content = file === "-" ? await text(process.stdin) : readFileSync(file, "utf8");
  } catch (error) {
    throw usage(where, `${file} can't be read: ${(error as Error).message}`, "Is the path right?", error);
  }
  return /\.(jsonl|ndjson)$/.test(file) ? lines(content, where) : jsonOrLines(content, where);
}

/** What is no JSON as a whole may be lines of it: as of standard input nobody says which it is. */
function jsonOrLines(content: string, where: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    if (!content.trim().includes("\n")) throw noJson(where, error);
    return lines(content, where);
  }
}

function lines(content: string, where: string): unknown[] {
  return content.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch (error) {
      throw noJson(`${where}, line ${i + 1}`, error);
    }
  });
}

function noJson(where: string, error: unknown) {
  return usage(where, `it is no JSON: ${(error as Error).message}`, "Write JSON, or one JSON value a line.", error);
}

/** `parallel`, `bullmq`, `bullmq:queue=NAME,connection=URL`. */
export function mapsFrom(text: string): string | BullmqQueue {
  const kind = text.split(":", 1)[0];
  if (kind !== "bullmq") return text;
  if (text === kind) return bullmq();
  const options = text
    .slice(kind.length + 1)
    .split(",")
    .map((option) => pair("--maps bullmq:", option));
  return bullmq(Object.fromEntries(options.map(([name, value]) => [name, parsed(value)])));
}

/** `modal:gpu=A10G,cpu=4`, `modal`, `local`. */
export function placementFrom(text: string): Placement {
  const [kind, rest] = [text.split(":", 1)[0]!, text.slice(text.indexOf(":") + 1)];
  if (kind === "local") return local();
  if (kind !== "modal") throw usage(`--on ${text}`, `there is no place "${kind}"`, "There are local and modal.");
  if (!text.includes(":")) return modal();
  const options = rest.split(",").map((option) => pair("--on modal:", option));
  // A name keeps its form: "A10G" is no JSON, and "8" is a number.
  return modal(Object.fromEntries(options.map(([name, value]) => [name, parsed(value)])));
}

/** `maxWorkers=8`, `resourceLimits.stackSizeMb=16`: options as `@execution` has them. */
export function settingsFrom(given: readonly string[]): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const one of given) {
    const [name, value] = pair("--set", one);
    const path = name.split(".");
    const last = path.pop()!;
    let at = settings;
    for (const key of path) {
      at[key] ??= {};
      at = at[key] as Record<string, unknown>;
    }
    at[last] = parsed(value);
  }
  return settings;
}

const UNITS = { b: 1, kib: 2 ** 10, kb: 1e3, mib: 2 ** 20, mb: 1e6, gib: 2 ** 30, gb: 1e9, tib: 2 ** 40, tb: 1e12 };
const TIMES = { ms: 1, s: 1e3, min: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };

/** `500MiB`, `1.5 GB`: bytes. */
export function bytesFrom(option: string, text: string): number {
  return quantity(option, text, UNITS, "bytes, as 500MiB");
}

/** `12h`, `30d`: milliseconds. */
export function millisecondsFrom(option: string, text: string): number {
  return quantity(option, text, TIMES, "a time, as 12h or 30d");
}

function quantity(option: string, text: string, units: Readonly<Record<string, number>>, takes: string): number {
  const [, number, unit = ""] = /^([\d.]+)\s*([a-z]*)$/i.exec(text) ?? [];
  const factor = unit === "" ? 1 : units[unit.toLowerCase()];
  const value = Number(number) * (factor ?? Number.NaN);
  if (Number.isNaN(value))
    throw usage(`${option} ${text}`, `it is not ${takes}`, `Units: ${Object.keys(units).join(", ")}.`);
  return value;
}
