import path from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { formatFilesIn } from "../dsl/format-file.js";
import { HypernodesError } from "../errors.js";
import type { NodeExplanation, Pipeline } from "../index.js";
import { describeError, isError, messageOf } from "../util/describe.js";
import { isDirectory } from "../util/is-directory.js";
import { usageError } from "./exit-codes.js";
import { withNamedCalls } from "./in-flight.js";

/** A pipeline whose inputs and outputs are not known to the compiler. */
export interface AnyPipeline extends Pick<Pipeline, "graph"> {
  run(inputs: object, options: object): Promise<unknown>;
  map(inputs: object, options: object): Promise<unknown>;
  stream(inputs: object, options: object): AsyncIterable<unknown>;
  explain(inputs: object, options: object): Promise<NodeExplanation[]>;
}

/** A pipeline class that a file exports. */
export interface FoundPipeline {
  readonly name: string;
  readonly type: new () => AnyPipeline;
}

/**
 * Imports `FILE#Class`, or `FILE` if it exports one pipeline.
 *
 * @throws {HypernodesError} `USAGE` if the file or the class does not exist, or if there are several classes.
 */
export async function pipelineFrom(target: string): Promise<FoundPipeline> {
  const [first, second, ...others] = await pipelinesFrom(target);
  if (second === undefined) return first!;
  const names = [first!, second, ...others].map(({ name }) => name).join(", ");
  throw usageError(target, `it exports several pipelines: ${names}`, `Choose one: ${target}#${first!.name}`);
}

/**
 * Imports `FILE#Class`, or all pipelines that `FILE` exports.
 *
 * @throws {HypernodesError} `USAGE` if the file or the class does not exist, or if there is no class.
 */
export async function pipelinesFrom(target: string): Promise<FoundPipeline[]> {
  const [file, name] = targetOf(target);
  const found = await pipelinesIn(file);
  if (found.length === 0) {
    throw usageError(file, "it exports no class that extends Pipeline", "Write export before the class.");
  }
  const named = name === undefined ? found : found.filter((pipeline) => pipeline.name === name);
  if (named.length > 0) return named;
  const names = found.map((pipeline) => pipeline.name).join(", ");
  throw usageError(target, `it exports no pipeline "${name}"`, `It exports ${names}.`);
}

/** Splits `FILE#Class`. */
export function targetOf(target: string): [file: string, name: string | undefined] {
  const at = target.lastIndexOf("#");
  return at < 0 ? [target, undefined] : [target.slice(0, at), target.slice(at + 1)];
}

/** Returns all pipeline classes that a file exports. */
async function pipelinesIn(file: string): Promise<FoundPipeline[]> {
  const full = path.resolve(file);
  checkModule(file, full);
  let module: Record<string, unknown>;
  try {
    const imported = () => import(pathToFileURL(full).href) as Promise<Record<string, unknown>>;
    module = await withNamedCalls(`the import of ${file}`, imported);
  } catch (cause) {
    throw await notImported(file, cause);
  }
  const found = new Map<unknown, FoundPipeline>();
  for (const [exported, value] of Object.entries(module)) {
    if (!isPipelineClass(value) || found.has(value)) continue;
    found.set(value, { name: value.name || exported, type: value });
  }
  return [...found.values()];
}

/** @throws {HypernodesError} `USAGE` for a file that can't be a module. */
function checkModule(file: string, full: string): void {
  const isFolder = isDirectory(full);
  if (isFolder === undefined) throw usageError(file, "there is no such file", "Is the path right?");
  if (isFolder) throw usageError(file, "it is a directory, not a file", "Name the file that exports the pipeline.");
  if (!/\.(json|jsonl|ndjson|map)$/i.test(file)) return;
  throw usageError(
    file,
    "it is JSON, not a module",
    `Name the file that exports the pipeline; give values with --input @${file}`,
  );
}

async function notImported(file: string, cause: unknown): Promise<HypernodesError> {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  if (code === "ERR_UNKNOWN_FILE_EXTENSION" || code === "ERR_IMPORT_ATTRIBUTE_MISSING") {
    throw usageError(
      file,
      "it is neither TypeScript nor JavaScript",
      "Name the file that exports the pipeline.",
      cause,
    );
  }
  const { syntaxErrorIn } = await import("./syntax-error.js");
  const syntax = syntaxErrorIn(cause, file);
  if (syntax !== undefined) throw usageError(file, `it can't be imported: ${syntax}`);
  const message = stripVTControlCharacters(isError(cause) ? messageOf(cause) : describeError(cause));
  const problem = `it can't be imported: ${formatFilesIn(message)}`;
  return new HypernodesError({ code: "NOT_IMPORTED", where: file, problem, advice: "--verbose shows where.", cause });
}

/** The file may import another copy of the package than this command, so the methods of the class are checked. */
function isPipelineClass(value: unknown): value is new () => AnyPipeline {
  if (typeof value !== "function") return false;
  const { prototype } = value as { readonly prototype?: Record<string, unknown> };
  const isPipeline = ["run", "map", "stream", "graph"].every((name) => typeof prototype?.[name] === "function");
  return isPipeline && Object.getPrototypeOf(value) !== Function.prototype;
}
