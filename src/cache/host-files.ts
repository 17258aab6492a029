import { classLocationOf } from "../dsl/class-location.js";
import { formatFile } from "../dsl/format-file.js";
import type { PipelineClass } from "../dsl/members.js";
import { getOrCreate } from "../util/get-or-create.js";
import { once } from "../util/on-demand.js";
import type { CodeReader } from "./code/code.js";
import { changedSource, isChangedSince, joinSources, STARTED } from "./code/source-files.js";
import { codeReading } from "./code-reading.js";
import { modelSourcesOf } from "./model-codes.js";
import { type CodeDigests, type StepDigest, sourcesOf } from "./program-digests.js";

/*
 * The files that threads and other processes load for some code. The values that code reads do not show which file they are from: it is
 * one of those that are loaded with the modules of the pipelines, and of the functions and classes that the code reaches.
 */

/** For codes that were read here, those files. */
const loadedWith = new WeakMap<CodeDigests, () => readonly string[]>();
/** For each run, the files of the classes of its pipelines: a host loads one of them, and what is nested in it. */
const pipelineFiles = new WeakMap<object, Set<string>>();

/** Notes the codes of a pipeline, which a run has read with its reader. */
export function notePipeline(pipeline: PipelineClass, codes: CodeDigests, reader: CodeReader, run: object): void {
  const pipelines = getOrCreate(pipelineFiles, run, () => new Set<string>());
  for (const file of filesOfClass(pipeline)) pipelines.add(file);
  const ofSteps = once(() => joinSources(codes.steps.map(sourcesOf).filter(({ hasValues }) => hasValues)).loaded);
  // The run may come to others of its pipelines.
  const loaded = new Map<number, readonly string[]>();
  loadedWith.set(codes, () =>
    getOrCreate(loaded, pipelines.size, () => reader.filesLoadedWith([...new Set([...pipelines, ...ofSteps()])])),
  );
}

/** The files of a class and of those that it extends. */
function filesOfClass(type: PipelineClass): string[] {
  const { fileOf } = codeReading();
  const files: string[] = [];
  for (let at: unknown = type; typeof at === "function"; at = Object.getPrototypeOf(at)) {
    const file = fileOf(classLocationOf(at as PipelineClass)?.file ?? "");
    if (file !== undefined) files.push(file);
  }
  return files;
}

/** The files that a host loads for some codes. */
export function hostFilesOf(codes: CodeDigests): readonly string[] {
  return codes.files ?? loadedWith.get(codes)?.() ?? [];
}

/** For each host, the files that it had loaded as they were when the code was read: it loads them once. */
const loadedAlike = new Map<string, Map<string, boolean>>();
/** For each host, of lists of files the first one that it may have loaded otherwise. */
const firstChanged = new Map<string, WeakMap<readonly string[], { readonly file: string | undefined }>>();

/**
 * The reason why code is another one on a host: one of its files, which the host may have loaded in another version than the process
 * that has read the code. The host had loaded it by now.
 *
 * @param host a thread, a process, or a bundle, which stays as it was made.
 * @param since the start of the process that has read the code, if that is another one.
 */
export function changeAt(host: string, files: readonly string[], since = STARTED): string | undefined {
  const lists = getOrCreate(firstChanged, host, () => new WeakMap());
  const { file } = getOrCreate(lists, files, () => {
    const alike = getOrCreate(loadedAlike, host, () => new Map<string, boolean>());
    return { file: files.find((each) => !getOrCreate(alike, each, () => !isChangedSince(each, since))) };
  });
  return file && changedSource(formatFile(file));
}

/** The reason why a step is another one on a host, but for the models in its values. */
export function stepChangeAt(host: string, step: StepDigest, codes: CodeDigests): string | undefined {
  const { loaded, hasValues } = sourcesOf(step);
  return (
    changeAt(host, loaded, codes.since) ?? (hasValues ? changeAt(host, hostFilesOf(codes), codes.since) : undefined)
  );
}

/** The reason why the code of models, as far as keys have needed it, is another one on a host. */
export function modelChangeAt(host: string, codes: CodeDigests): string | undefined {
  for (const files of modelSourcesOf(codes)) {
    const change = changeAt(host, files, codes.since);
    if (change !== undefined) return change;
  }
  return undefined;
}
