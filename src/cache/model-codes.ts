import { ValueError } from "../errors.js";
import { getOrCreate } from "../util/get-or-create.js";
import { once } from "../util/on-demand.js";
import { thrownClassesNamed } from "../values/content.js";
import { knownModels, modelNamed } from "../values/models.js";
import { modelsCode } from "./cache-keys.js";
import type { CodeReader, Part } from "./code/code.js";
import { codeReading } from "./code-reading.js";
import type { ContentRef } from "./content-ref.js";

/*
 * The code of the models in values. It has one owner: the process that started the run has read it and sent it with the codes of
 * the steps, or this process reads it, with the reader of the run.
 */

/** For names of models, the code of their classes. */
export type ModelDigests = ReadonlyMap<string, ModelCode>;

/** The code of a model. */
export interface ModelCode {
  readonly digest: string;
  /** The reason why it cannot be known. */
  readonly problem: string | undefined;
  readonly parts: readonly Part[];
  /** The files that it was loaded with: its own, and all that they import. */
  readonly loaded?: readonly string[];
}

/** Code digests of a program, which values are counted with. */
export interface ModelSource {
  /** The code of models as the process that started the run has read it; undefined: this process reads it. */
  readonly models?: ModelDigests | undefined;
}

/** For code digests without the code of models: what reads that. */
const readers = new WeakMap<ModelSource, { reader?: CodeReader }>();

/** The code of models is read by the reader of the steps' code. */
export function setModelReader(codes: ModelSource, reader: CodeReader): void {
  readers.set(codes, { reader });
}

/** The code of models is read once for both. */
export function shareModelReader(codes: ModelSource, other: ModelSource): void {
  readers.set(
    codes,
    getOrCreate(readers, other, () => ({})),
  );
}

function readerOf(codes: ModelSource): CodeReader {
  const owner = getOrCreate(readers, codes, (): { reader?: CodeReader } => ({}));
  owner.reader ??= new (codeReading().CodeReader)();
  return owner.reader;
}

/** The code of all models that are known, for another process. */
export function modelDigestsOf(codes: ModelSource): ModelDigests {
  if (codes.models !== undefined) return codes.models;
  const reader = readerOf(codes);
  const models = knownModels().filter(({ name }) => !isOurs(name));
  return new Map(models.map(({ name, type }) => [name, modelCode(reader, type)]));
}

/** The models that keys have needed the code of, by their names. */
const needed = new WeakMap<CodeReader | ModelDigests, Map<string, ModelCode>>();

/** The files that the code of models was loaded with, as far as keys have needed it: a list for those of one file. */
export function modelSourcesOf(codes: ModelSource): Iterable<readonly string[]> {
  const models = needed.get(codes.models ?? readerOf(codes));
  return new Set(Array.from(models?.values() ?? [], ({ loaded }) => loaded ?? []));
}

function modelCode(reader: CodeReader, type: Parameters<CodeReader["ofClass"]>[0]): ModelCode {
  const { digest, problem, parts, sources } = reader.ofClass(type);
  const loaded = once(() => reader.filesLoadedWith(sources().loaded));
  return {
    ...{ digest, problem, parts: parts() },
    get loaded() {
      return loaded();
    },
  };
}

/** A value with code in it has no content if the code cannot be known. */
export function unknownCode(name: string, problem: string): ValueError {
  return new ValueError({
    ...{ code: "UNSERIALISABLE", where: name, path: [] },
    problem: `its code can't be analyzed: ${problem}`,
  });
}

/** The key components of some contents. */
export function keyComponents(codes: ModelSource, refs: readonly ContentRef[]): string[] {
  return refs.map((ref) => keyComponent(codes, ref));
}

/**
 * The key component of a content: itself, and the code of the models in it.
 *
 * @param codes the code digests of the program that the key is for.
 * @throws {ValueError} if the code cannot be known.
 */
export function keyComponent(codes: ModelSource, ref: ContentRef): string {
  return ref.models === "" ? ref.digest : componentWith(codes.models ?? readerOf(codes), ref);
}

/** By what the code comes from: it may be another one in the next run. */
const known = new WeakMap<CodeReader | ModelDigests, Map<string, string>>();

/** @throws {ValueError} if the code cannot be known. */
export function componentWith(source: CodeReader | ModelDigests, { digest, models }: ContentRef): string {
  return models === "" ? digest : `${digest} ${codeFrom(source, models)}`;
}

/**
 * The code of the models with some names.
 *
 * @param models the names, with commas between.
 * @throws {ValueError} if it cannot be known.
 */
export function codeOfModels(codes: ModelSource, models: string): string {
  return codeFrom(codes.models ?? readerOf(codes), models);
}

function codeFrom(source: CodeReader | ModelDigests, models: string): string {
  const codes = getOrCreate(known, source, () => new Map<string, string>());
  return getOrCreate(codes, models, () => modelsCode(models.split(",").map((name) => namedCode(source, name))));
}

function namedCode(source: CodeReader | ModelDigests, name: string): string {
  const thrown = thrownClassesNamed(name);
  if (thrown !== undefined) return `${name} ${"get" in source ? "" : codeOfThrown(source, thrown)}`;
  const code = codeOfModel(source, name);
  if (code !== undefined) getOrCreate(needed, source, () => new Map<string, ModelCode>()).set(name, code);
  if (code?.problem !== undefined) throw unknownCode(name, code.problem);
  return code === undefined ? name : `${name} ${code.digest}`;
}

/** The code of classes whose instances were thrown; Node's own have none that can be read. */
function codeOfThrown(reader: CodeReader, types: readonly Function[]): string {
  return types
    .map((type) => reader.ofFunction(type).digest)
    .sort()
    .join(" ");
}

/** The pieces of code of the models in some values. */
export function partsOfModels(codes: ModelSource, models: readonly string[]): Part[] {
  const names = new Set(models.flatMap((list) => list.split(",")).filter(Boolean));
  if (names.size === 0) return [];
  const source = codes.models ?? readerOf(codes);
  return [...names].flatMap((name) => codeOfModel(source, name)?.parts ?? []);
}

function codeOfModel(source: CodeReader | ModelDigests, name: string): ModelCode | undefined {
  if ("get" in source) return source.get(name) ?? (isOurs(name) ? undefined : UNKNOWN_MODEL);
  const type = modelIfKnown(name);
  return type && modelCode(source, type);
}

/** The process that read the code did not know the class. */
const UNKNOWN_MODEL: ModelCode = {
  digest: "",
  problem: "its class was not known in the process that started the run",
  parts: [],
};

function isOurs(name: string): boolean {
  return name.startsWith("hypernodes/");
}

/** Undefined for a class that is not loaded here, or not alone in having its name. */
function modelIfKnown(name: string) {
  try {
    return modelNamed(name).type;
  } catch {
    return undefined;
  }
}
